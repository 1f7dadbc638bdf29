//! Visits: who leads, who joins, and that nobody is left behind.

use domain::fault::Severity;
use domain::work_order::WorkOrder;
use domain::{State, StateKey};

use super::{Verdict, holds};
use crate::history::Committed;
use crate::invocation::Cause;
use crate::world::World;

/// I11: what joins a visit is open, is not led by what is told with others itself, and is named by who leads; by itself
/// nothing joins that is worse or a danger.
pub fn a_visit_is_led_by_one_that_is_called_for(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.work_orders() {
        let before = before.filter(|it| it.id == after.id);
        let joins = after.visit.is_some() && before.is_none_or(|it| it.visit != after.visit);
        let Some(leads) = after.visit.as_ref().filter(|_| joins) else { continue };
        let leading: Option<&WorkOrder> = commit.work_orders().map(|(_, it)| it).find(|it| it.id == *leads);
        let named = leading.is_some_and(|it| {
            it.is_open() && it.visit.is_none() && it.visited_with.contains(&after.id) && it.team == after.team
        });
        holds(named && after.is_open() && after.visited_with.is_empty(), || {
            format!("{} joins the visit of {leads}, which is {leading:?}", after.id)
        })?;
        let by_itself = before.is_some_and(|it| it.latest_call.is_none()) && !matches!(commit.cause, Cause::Request(_));
        let milder = leading.is_some_and(|it| after.severity <= it.severity) && after.severity < Severity::Critical;
        holds(!by_itself || milder, || format!("{} joins by itself and is {:?}", after.id, after.severity))?;
    }
    Ok(())
}

/// I11: everybody has been called for once everything has come to rest: nobody waits for a visit that is over.
pub fn nobody_is_left_in_a_visit(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for state in history.states.values() {
        let State::WorkOrder(it) = state else { continue };
        let Some(leads) = it.visit.as_ref().filter(|_| it.is_open()) else { continue };
        let leading = match history.states.get(&StateKey::WorkOrder(leads.locker.clone())) {
            Some(State::WorkOrder(leading)) => leading.id == *leads && leading.is_open() && !leading.is_shelved(),
            _ => false,
        };
        holds(leading, || format!("{} is left in the visit of {leads}, which is over", it.id))?;
    }
    Ok(())
}

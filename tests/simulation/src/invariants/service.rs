//! What people decide about lockers, and what they plan.

use domain::State;
use domain::decision::Event;
use domain::fault::Closure;
use domain::service::ServicePlan;

use super::{Verdict, holds};
use crate::history::{Change, Committed};
use crate::site::OPERATOR;
use crate::world::World;

fn plans(commit: &Committed) -> impl Iterator<Item = (&ServicePlan, &ServicePlan)> {
    commit.changes.iter().filter_map(|change| match change {
        Change { before: Some(State::ServicePlan(before)), after: State::ServicePlan(after) } => Some((before, after)),
        _ => None,
    })
}

/// I9: only legal transitions: a window that had begun and is over leaves its locker as it was before, unless somebody
/// has decided otherwise; and whatever nobody decided by hand follows from a window.
pub fn a_window_that_is_over_gives_its_locker_back(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    let by_hand = commit.events.iter().any(|(_, entry)| {
        entry.actor.as_deref() == Some(OPERATOR) && matches!(entry.event, Event::LifecycleChanged { .. })
    });
    for (before, after) in plans(commit) {
        let Some(locker) = history.locker(&before.locker) else { continue };
        let over = before.windows.iter().filter(|it| after.windows.iter().all(|left| left.number != it.number));
        for window in over.filter(|_| !by_hand) {
            // The next one may have begun at the same moment.
            let begun = after.windows.iter().any(|next| next.was().is_some() && next.was() == window.was());
            let given_back = window.was().is_none_or(|was| locker.service.lifecycle == was || begun);
            holds(given_back, || format!("{} is {} after window {:?}", locker.id, locker.service.lifecycle, window))?;
        }
    }
    for (before, after) in commit.lockers() {
        let changed = before.is_some_and(|it| it.service.lifecycle != after.service.lifecycle);
        let planned = plans(commit).any(|(before, after)| before.windows != after.windows);
        holds(!changed || by_hand || planned, || format!("{} is {} by nobody", after.id, after.service.lifecycle))?;
    }
    Ok(())
}

/// I9: once everything has come to rest, no window waits for what should have happened.
pub fn no_window_is_left_behind(world: &World, (): &()) -> Verdict {
    for state in world.history.borrow().states.values() {
        if let State::ServicePlan(plan) = state {
            let late = plan.windows.iter().find(|window| window.next_at() <= world.now());
            holds(late.is_none(), || format!("{} waits for {late:?}", plan.locker))?;
        }
    }
    Ok(())
}

/// I11: once everything has come to rest, nobody's call waits for a locker to serve that does.
pub fn no_call_waits_for_a_locker_that_serves(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for state in history.states.values() {
        let State::WorkOrder(it) = state else { continue };
        let serves = history.locker(&it.id.locker).is_some_and(|it| it.service.lifecycle.closes() == Closure::Nothing);
        holds(!(it.is_open() && it.out_of_service && serves), || format!("{} waits for its locker to serve", it.id))?;
    }
    Ok(())
}

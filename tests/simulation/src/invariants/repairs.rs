//! Repairs: each is counted once, and what is expected of the next follows from them.

use std::collections::BTreeMap;

use domain::State;
use domain::decision::Event;
use domain::expected_back::{RepairTimes, SAMPLES_MIN, UPDATES_MAX};
use domain::fault::FaultCode;
use domain::impact::ImpactTask;
use domain::notice::Message;

use super::{Verdict, holds};
use crate::history::Committed;
use crate::site;
use crate::world::World;

/// I6: stale or duplicate messages change nothing: what is counted in one commit are the repairs that say in the same
/// commit that they have been.
pub fn each_repair_is_counted_once(_: &World, commit: &Committed) -> Verdict {
    let counted = commit.changes.iter().filter(|change| {
        let waiting = |state: &State| matches!(state, State::FaultRecord(it) if it.count_at.is_some());
        change.before.as_ref().is_some_and(waiting) && !waiting(&change.after)
    });
    let counted = counted.count() as u32;
    for (before, after) in commit.repair_times() {
        let more = after.samples() - before.map_or(0, RepairTimes::samples);
        holds(more == counted, || format!("{} of {counted} repairs of {} were counted", more, after.code))?;
    }
    Ok(())
}

/// I26: the final state equals the reference model's: what is known of repairs is the fold over all of them.
pub fn what_is_known_of_repairs_is_the_fold_over_them(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    let mut proven: BTreeMap<FaultCode, u32> = site::past().iter().map(|it| (it.code, it.samples())).collect();
    for state in history.states.values() {
        let State::FaultRecord(record) = state else { continue };
        holds(record.count_at.is_none(), || format!("{record:?} was never counted"))?;
    }
    // What was cancelled was not repaired.
    let cancels = |event: &Event| matches!(event, Event::WorkOrderCancelled { .. });
    let proofs = history.commits.iter().filter(|commit| !commit.events.iter().any(|(_, entry)| cancels(&entry.event)));
    for change in proofs.flat_map(|commit| &commit.changes) {
        if let (None, State::FaultRecord(record)) = (&change.before, &change.after) {
            *proven.entry(record.code).or_default() += 1;
        }
    }
    let known: BTreeMap<FaultCode, u32> = history
        .states
        .values()
        .filter_map(|state| match state {
            State::RepairTimes(it) => Some((it.code, it.samples())),
            _ => None,
        })
        .collect();
    holds(known == proven, || format!("{proven:?} repairs were proven; {known:?} are known"))
}

/// I15: no notice about what is not so: nothing is expected in the past or from too few repairs, and what customers were
/// told and has not come true is told anew, or they have heard it often enough.
pub fn nothing_is_expected_in_the_past(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.work_orders() {
        if before.is_some_and(|it| it.expected_back == after.expected_back) {
            continue;
        }
        let Some(expected) = &after.expected_back else { continue };
        let later = expected.expected_at.is_none_or(|at| at > commit.now);
        let known = expected.expected_at.is_none() || expected.samples >= SAMPLES_MIN;
        holds(later && known, || format!("{} is expected back by {expected:?} at {}", after.id, commit.now))?;
        let renewed = commit.events.iter().any(|(_, entry)| matches!(entry.event, Event::ExpectedLater { .. }));
        let told = before.and_then(|it| it.told_customers).filter(|it| renewed && it.by <= commit.now);
        if let Some(told) = told.filter(|it| it.updates < UPDATES_MAX) {
            let anew = |task: &ImpactTask| matches!(task, ImpactTask::TellDelay { .. });
            holds(after.impact.iter().any(anew), || {
                format!("{}: {told:?} was wrong, and nobody hears of it", after.id)
            })?;
        }
    }
    Ok(())
}

/// I15: who is told that it takes longer waits at a shut door, and was told of a time before.
pub fn who_hears_of_a_delay_waits(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, entry) in commit.entered() {
        let Message::RepairTakesLonger { order: id, .. } = &entry.notice.message else { continue };
        let order = history.order(id);
        let waits = order.is_some_and(|it| it.pickup_stopped_at.is_some());
        holds(waits, || format!("{id} does not wait, and is told that it takes longer"))?;
        let same = |other: &Message| matches!(other, Message::RepairTakesLonger { order, .. } if order == id);
        let so_far = history.notices.values().filter(|it| same(&it.notice.message)).count();
        let repairs = order.map_or(0, |it| it.incidents.len()).max(1);
        holds(so_far <= repairs * usize::from(UPDATES_MAX), || format!("{id} is told for the {so_far}th time"))?;
    }
    Ok(())
}

/// I10: nothing that was expected is left to have passed unnoticed once everything has come to rest.
pub fn no_estimate_is_left_behind(world: &World, (): &()) -> Verdict {
    for change in world.history.borrow().states.values() {
        if let State::WorkOrder(it) = change {
            let late = it.estimate_due_at().filter(|at| *at <= world.now());
            holds(late.is_none(), || format!("{}: {late:?} has passed unnoticed", it.id))?;
        }
    }
    Ok(())
}

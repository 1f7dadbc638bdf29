//! What is tried from afar: what may be asked of a device, how often, and for how long a team's call waits for it.

use std::collections::BTreeMap;

use domain::fault::{FaultCode, Severity};
use domain::impact::ImpactTask;
use domain::remote_recovery::{CALL_HELD_MAX, Progress};
use domain::work_order::{WorkOrder, WorkOrderStatus};
use domain::{SignedDuration, State, Timestamp};

use super::{Verdict, holds};
use crate::history::Committed;
use crate::world::World;

/// How often the published list has each tried.
fn tries(code: FaultCode) -> u8 {
    match code {
        FaultCode::ControllerFault => 2,
        FaultCode::ReaderFault | FaultCode::DisplayFault => 1,
        _ => 0,
    }
}

fn is_awaited(progress: Progress) -> bool {
    matches!(progress, Progress::Asked { .. } | Progress::Worked { .. })
}

/// I5: a device is asked for what the list names, as often as it says and one attempt after the other, while nobody is at
/// the locker; what it says counts only while it is waited for.
pub fn only_what_is_listed_is_tried_from_afar(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.work_orders() {
        let before = before.filter(|it| it.id == after.id);
        let at_the_locker = matches!(after.status, WorkOrderStatus::InProgress | WorkOrderStatus::Repaired);
        for (code, it) in &after.attempts {
            let was = before.and_then(|it| it.attempts.get(code));
            let counted = it.count - was.map_or(0, |was| was.count.min(it.count));
            holds(it.count <= tries(*code) && counted <= 1, || {
                format!("{}: {code} was tried {} times, {was:?} before", after.id, it.count)
            })?;
            holds(!is_awaited(it.progress) || !at_the_locker && after.is_open(), || {
                format!("{} is {}, and {code} is {:?}", after.id, after.status, it.progress)
            })?;
            let awaited = was.is_none_or(|was| is_awaited(was.progress));
            holds(awaited || was == Some(it), || format!("{}: {code} was {was:?} and is {it:?}", after.id))?;
        }
        let all_worked = after
            .units
            .values()
            .flat_map(|repair| &repair.codes)
            .all(|code| after.attempts.get(code).is_some_and(|it| matches!(it.progress, Progress::Worked { .. })));
        holds(!after.proof_from_afar || all_worked, || {
            format!("{} is to be proven from afar: {:?} of {:?}", after.id, after.attempts, after.units)
        })?;
    }
    Ok(())
}

/// Whether its team has not been called for what is wrong, and nothing but what is tried from afar keeps it from that.
fn is_held(it: &WorkOrder) -> bool {
    it.status == WorkOrderStatus::Open
        && !it.units.is_empty()
        && it.latest_call.is_none()
        && it.incident.is_none()
        && it.visit.is_none()
        && !it.impact.contains(&ImpactTask::TellTeam)
        && !it.is_shelved()
        && !it.out_of_service
}

/// I11: a call waits for what is tried from afar no longer than it may, and none for a critical fault.
pub fn no_call_waits_longer_than_it_may(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let history = world.history.borrow();
    let mut missed = world.calls_missed.borrow_mut();
    let mut waiting = BTreeMap::new();
    for state in history.states.values() {
        let State::WorkOrder(it) = state else { continue };
        if !is_held(it) {
            continue;
        }
        holds(it.severity < Severity::Critical, || format!("{} is critical, and nobody is called", it.id))?;
        if it.opened_at + CALL_HELD_MAX + seen <= *now {
            let count = missed.get(&it.id).copied().unwrap_or_default() + 1;
            holds(count <= 2, || format!("nobody is called for {}, open since {}", it.id, it.opened_at))?;
            waiting.insert(it.id.clone(), count);
        }
    }
    *missed = waiting;
    Ok(())
}

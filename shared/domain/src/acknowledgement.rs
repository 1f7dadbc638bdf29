//! What people say of one fault, whatever the state of its work order: that it was seen, and that it is put aside for a
//! time.
//!
//! Raised, acknowledged and cleared are facts of their own, each with its time and person. A fault that was acknowledged
//! is not waited for to be seen any more; one that is shelved calls and escalates to nobody until its time is over. What
//! it closes stays closed either way.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::escalation::{Clock, Wait};
use crate::fault::{FaultCode, Severity, Unit};
use crate::id::PersonId;
use crate::impact::ImpactTask;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::work_order::{WorkOrder, WorkOrderStatus};
use crate::{SignedDuration, Timestamp};

/// For how long a fault is put aside at the most, in hours. Whoever needs longer has to look at it again: a week is what a
/// part takes to be delivered, and what is forgotten for longer is forgotten for good.
pub const SHELVED_HOURS_MAX: u16 = 7 * 24;

/// That somebody has seen a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledged {
    pub by: PersonId,
    pub at: Timestamp,
}

/// That somebody has put a fault aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelved {
    pub by: PersonId,
    pub at: Timestamp,
    /// When it comes back by itself.
    pub until: Timestamp,
    pub reason: String,
}

/// What somebody says of a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultStep {
    Acknowledge,
    /// Puts it aside.
    Shelve {
        hours: u16,
        reason: String,
    },
    Unshelve,
}

impl WorkOrder {
    /// Whether everything it repairs is put aside: nobody is called, and nobody is waited for.
    pub fn is_shelved(&self) -> bool {
        !self.units.is_empty()
            && self.units.values().all(|it| it.codes.iter().all(|code| it.shelved.contains_key(code)))
    }

    /// Whether everything it repairs was seen, or put aside.
    fn is_seen(&self) -> bool {
        !self.units.is_empty()
            && self.units.values().all(|it| {
                it.codes.iter().all(|code| it.acknowledged.contains_key(code) || it.shelved.contains_key(code))
            })
    }

    /// What it waits for while nobody has taken it on: that somebody sees it, or goes there.
    pub(crate) fn waits_open_for(&self) -> Wait {
        if self.is_seen() { Wait::ForStart } else { Wait::ForReaction }
    }

    /// When the first of what is put aside comes back.
    pub fn shelved_until(&self) -> Option<Timestamp> {
        self.units.values().flat_map(|it| it.shelved.values()).map(|it| it.until).min()
    }

    /// Something has been raised, seen, put aside or come back: where it waits for something else than before, or waits
    /// again, it does so from now on.
    pub(crate) fn wait_anew(&mut self, was_shelved: bool, now: Timestamp) {
        let wakes = was_shelved && !self.is_shelved();
        if self.status == WorkOrderStatus::Open {
            let wait = self.waits_open_for();
            let before = self.clock.map_or(Wait::ForReaction, |clock| clock.wait);
            if wakes || wait != before {
                self.clock = Some(Clock::new(wait, now));
            }
        } else if wakes {
            self.clock = self.clock.map(|clock| Clock::new(clock.wait, now));
        }
    }

    /// Something that was put aside is back: its team is called for it, where nobody has taken the work order on.
    fn come_back(&mut self, was_shelved: bool, now: Timestamp) {
        self.wait_anew(was_shelved, now);
        let nobody = self.status == WorkOrderStatus::Open && !self.is_told_with_others() && !self.is_held();
        if nobody && !self.impact.contains(&ImpactTask::TellTeam) {
            self.follow_up(ImpactTask::TellTeam, now);
        }
    }
}

/// Records what somebody says of one fault of an open work order.
///
/// # Errors
/// - [`Refusal::UnknownFault`]: the work order repairs no such fault.
/// - [`Refusal::WrongState`]: it was said before, or the work order is over.
/// - [`Refusal::TooSevere`]: what is a danger cannot be put aside.
/// - [`Refusal::TooLong`]: beyond [`SHELVED_HOURS_MAX`].
pub fn take_fault_step(
    mut work_order: WorkOrder,
    unit: Unit,
    code: FaultCode,
    step: FaultStep,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<WorkOrder>, Refusal> {
    if !work_order.is_open() {
        return Err(Refusal::wrong_state(work_order.status));
    }
    let was_shelved = work_order.is_shelved();
    let repair = work_order.units.get_mut(&unit).filter(|it| it.codes.contains(&code)).ok_or(Refusal::UnknownFault)?;
    let shelved = repair.shelved.contains_key(&code);
    let event = match step {
        FaultStep::Acknowledge if repair.acknowledged.contains_key(&code) => {
            return Err(Refusal::wrong_state("acknowledged"));
        }
        FaultStep::Acknowledge => {
            repair.acknowledged.insert(code, Acknowledged { by: by.clone(), at: now });
            work_order.wait_anew(was_shelved, now);
            Event::FaultAcknowledged { unit, code, by }
        }
        FaultStep::Shelve { .. } if shelved => return Err(Refusal::wrong_state("shelved")),
        FaultStep::Shelve { .. } if code.severity() == Severity::Critical => return Err(Refusal::TooSevere),
        FaultStep::Shelve { hours, .. } if !(1..=SHELVED_HOURS_MAX).contains(&hours) => return Err(Refusal::TooLong),
        FaultStep::Shelve { hours, reason } => {
            let until = now + SignedDuration::from_hours(hours.into());
            repair.shelved.insert(code, Shelved { by: by.clone(), at: now, until, reason: reason.clone() });
            work_order.wait_anew(was_shelved, now);
            if work_order.is_shelved() {
                work_order.end_visit(now);
            }
            Event::FaultShelved { unit, code, by, until, reason }
        }
        FaultStep::Unshelve if !shelved => return Err(Refusal::wrong_state("not_shelved")),
        FaultStep::Unshelve => {
            repair.shelved.remove(&code);
            work_order.come_back(was_shelved, now);
            Event::FaultsUnshelved { faults: vec![(unit, code)], by: Some(by) }
        }
    };
    let mut decision = Decision::new(work_order.clone());
    decision.change(work_order);
    decision.record(event);
    Ok(decision)
}

/// The time of what was put aside is over.
///
/// # Errors
/// [`Refusal::WrongState`]: not yet, or somebody was quicker.
pub fn end_shelving(mut work_order: WorkOrder, now: Timestamp) -> Result<Decision<()>, Refusal> {
    let was_shelved = work_order.is_shelved();
    let mut faults = Vec::new();
    for (unit, repair) in &mut work_order.units {
        repair.shelved.retain(|code, it| {
            let stays = it.until > now;
            if !stays {
                faults.push((*unit, *code));
            }
            stays
        });
    }
    if faults.is_empty() || !work_order.is_open() {
        return Err(Refusal::wrong_state(work_order.status));
    }
    if bug("what_comes_back_calls_nobody") {
        work_order.wait_anew(was_shelved, now);
    } else {
        work_order.come_back(was_shelved, now);
    }
    let mut decision = Decision::new(());
    decision.change(work_order);
    decision.record(Event::FaultsUnshelved { faults, by: None });
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compartment::Compartment;
    use crate::fault::FaultCode::{DoorForced, DoorNotClosing, LockJammed};
    use crate::id::NoticeId;
    use crate::locker::{FaultScene, report_faults};
    use crate::state::State;
    use crate::testing::*;

    /// Compartment 7 is jammed, and its team was called.
    fn jammed(status: WorkOrderStatus) -> WorkOrder {
        let called: NoticeId = id("call-1");
        WorkOrder { latest_call: Some(called), ..work_order(status, &[(unit(7), LockJammed)]) }
    }

    fn step(work_order: &WorkOrder, code: FaultCode, step: FaultStep, second: i64) -> Result<WorkOrder, Refusal> {
        take_fault_step(work_order.clone(), unit(7), code, step, id("tom"), at(second)).map(|it| it.answer)
    }

    fn shelve(hours: u16) -> FaultStep {
        FaultStep::Shelve { hours, reason: "the part is ordered".to_owned() }
    }

    fn after(work_order: &WorkOrder, second: i64, code: FaultCode) -> WorkOrder {
        let scene = FaultScene {
            locker: Some(locker()),
            compartments: vec![compartment(7).faulted(LockJammed)],
            work_order: Some(work_order.clone()),
        };
        // On probation, so that one report is enough.
        let trusted = FaultScene {
            compartments: vec![Compartment { reopened_at: Some(at(0)), ..compartment(7).faulted(LockJammed) }],
            ..scene
        };
        let decision = report_faults(trusted, &report(second, &[(unit(7), code)]), at(second)).unwrap();
        let changed = decision.changes.into_iter().find_map(|it| match it {
            State::WorkOrder(it) => Some(it),
            _ => None,
        });
        changed.unwrap()
    }

    #[test]
    fn who_has_seen_a_fault_is_kept_with_it_and_from_then_on_somebody_has_to_go() {
        let seen = step(&jammed(WorkOrderStatus::Open), LockJammed, FaultStep::Acknowledge, 60).unwrap();
        assert_eq!(seen.units[&unit(7)].acknowledged[&LockJammed], Acknowledged { by: id("tom"), at: at(60) });
        assert_eq!((seen.status, seen.clock()), (WorkOrderStatus::Open, Some(Clock::new(Wait::ForStart, at(60)))));
        assert_eq!(step(&seen, LockJammed, FaultStep::Acknowledge, 70), Err(Refusal::wrong_state("acknowledged")));
        let on_hold = WorkOrder { clock: Some(Clock::new(Wait::OnHold, at(5))), ..jammed(WorkOrderStatus::OnHold) };
        let seen = step(&on_hold, LockJammed, FaultStep::Acknowledge, 60).unwrap();
        assert_eq!((seen.status, seen.clock()), (WorkOrderStatus::OnHold, Some(Clock::new(Wait::OnHold, at(5)))));
    }

    #[test]
    fn a_fault_that_nobody_has_seen_is_waited_for_again() {
        let seen = step(&jammed(WorkOrderStatus::Open), LockJammed, FaultStep::Acknowledge, 60).unwrap();
        let more = after(&seen, 90, DoorNotClosing);
        assert_eq!(more.clock(), Some(Clock::new(Wait::ForReaction, at(90))));
    }

    #[test]
    fn what_is_put_aside_waits_for_nobody_until_its_time_is_over_and_then_calls_again() {
        let aside = step(&jammed(WorkOrderStatus::Open), LockJammed, shelve(2), 60).unwrap();
        let until = at(60) + hours(2);
        assert_eq!((aside.clock(), aside.due_at(), aside.is_shelved()), (None, Some(until), true));
        assert_eq!(aside.units[&unit(7)].shelved[&LockJammed].reason, "the part is ordered");
        assert_eq!(end_shelving(aside.clone(), until - hours(1)), Err(Refusal::wrong_state("open")));
        let decision = end_shelving(aside, until).unwrap();
        let [State::WorkOrder(back)] = &decision.changes[..] else { panic!("{decision:?}") };
        assert_eq!(back.clock(), Some(Clock::new(Wait::ForReaction, until)));
        assert_eq!(back.impact, [ImpactTask::TellTeam]);
        assert_eq!(decision.event, Event::FaultsUnshelved { faults: vec![(unit(7), LockJammed)], by: None });
    }

    #[test]
    fn who_has_taken_it_on_is_not_called_when_it_comes_back_and_waits_anew() {
        let held = WorkOrder { clock: Some(Clock::new(Wait::OnHold, at(5))), ..jammed(WorkOrderStatus::OnHold) };
        let aside = step(&held, LockJammed, shelve(2), 60).unwrap();
        assert_eq!(aside.clock(), None);
        let back = step(&aside, LockJammed, FaultStep::Unshelve, 90).unwrap();
        assert_eq!((back.clock(), back.impact), (Some(Clock::new(Wait::OnHold, at(90))), vec![]));
    }

    #[test]
    fn another_fault_calls_although_the_first_is_put_aside() {
        let aside = step(&jammed(WorkOrderStatus::Open), LockJammed, shelve(2), 60).unwrap();
        let more = after(&aside, 90, DoorNotClosing);
        assert_eq!((more.is_shelved(), more.clock()), (false, Some(Clock::new(Wait::ForReaction, at(90)))));
        assert!(more.impact.contains(&ImpactTask::TellTeam));
    }

    #[test]
    fn a_danger_is_not_put_aside_nor_anything_for_ever_nor_what_is_not_there() {
        let open = jammed(WorkOrderStatus::Open);
        let forced = work_order(WorkOrderStatus::Open, &[(unit(7), DoorForced)]);
        assert_eq!(step(&forced, DoorForced, shelve(1), 60), Err(Refusal::TooSevere));
        assert_eq!(step(&open, LockJammed, shelve(SHELVED_HOURS_MAX + 1), 60), Err(Refusal::TooLong));
        assert_eq!(step(&open, LockJammed, shelve(0), 60), Err(Refusal::TooLong));
        assert_eq!(step(&open, DoorForced, shelve(1), 60), Err(Refusal::UnknownFault));
        assert_eq!(step(&open, LockJammed, FaultStep::Unshelve, 60), Err(Refusal::wrong_state("not_shelved")));
        let aside = step(&open, LockJammed, shelve(1), 60).unwrap();
        assert_eq!(step(&aside, LockJammed, shelve(1), 60), Err(Refusal::wrong_state("shelved")));
        let over = jammed(WorkOrderStatus::Verified);
        assert_eq!(step(&over, LockJammed, FaultStep::Acknowledge, 60), Err(Refusal::wrong_state("verified")));
    }

    #[test]
    fn a_fault_that_is_cleared_takes_with_it_who_had_seen_it_and_that_it_was_put_aside() {
        let mut seen = step(&jammed(WorkOrderStatus::Open), LockJammed, FaultStep::Acknowledge, 60).unwrap();
        seen = step(&seen, LockJammed, shelve(2), 70).unwrap();
        seen.strike_fault(unit(7), LockJammed, at(80));
        assert_eq!((seen.units.len(), seen.shelved_until()), (0, None));
    }
}

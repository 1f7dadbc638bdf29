//! What is tried from afar before anybody is sent: the device switches what is broken off and on again.
//!
//! The commit that opens a fault asks the device, by the list's word ([`RemoteRecovery`]) and as often as it says. An
//! answer that it works is a claim like a technician's: where the fault closes something, the device has to prove it by
//! test openings, and until then everything stays closed. No answer is a failed try.
//!
//! ```text
//!  asked ──► worked ──► proven: the work order is verified
//!    │          └──► not proven ─┐
//!    └──► failed, no answer ─────┴──► asked again, as often as the list says ──► given up: the team is called
//! ```
//!
//! No door is ever opened from afar: nobody knows who stands before it or what falls out of it, and one that springs open
//! stays open until somebody shuts it. So no code names a command to open, and what is tried is of the whole locker.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::fault::{FaultCode, RemoteCommand, RemoteRecovery, Severity};
use crate::id::WorkOrderId;
use crate::impact::ImpactTask;
use crate::locker::{FaultScene, clear_by_its_word};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::work_order::{WorkOrder, WorkOrderStatus};
use crate::{SignedDuration, Timestamp};

/// How long a device may take to answer. Controllers of cabinets are small computers that start within a minute or two;
/// the rest is for the connection. No public figure was found: an assumption.
pub const ANSWERED_WITHIN: SignedDuration = SignedDuration::from_mins(3);

/// How long it may take to show that it works, once it has said so.
pub const PROVEN_WITHIN: SignedDuration = SignedDuration::from_mins(3);

/// For how long the call of a team is held at the most while something is tried from afar. A critical fault is called for
/// at once, and tried all the same.
pub const CALL_HELD_MAX: SignedDuration = SignedDuration::from_mins(10);

/// How far a remote recovery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Progress {
    /// The device has been asked, and may answer until then.
    Asked { until: Timestamp },
    /// The device has said at that time that it works, and has to show it until then.
    Worked { at: Timestamp, until: Timestamp },
    /// It was tried as often as the list says.
    GivenUp { at: Timestamp },
    /// Somebody is at the locker: what is switched from afar could hurt.
    Stopped { at: Timestamp },
    /// The fault is over.
    Over { at: Timestamp },
}

/// What has been tried from afar about one fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    pub command: RemoteCommand,
    /// How often the device was asked, and so the number of the latest attempt.
    pub count: u8,
    pub progress: Progress,
}

/// What a device is to do about a fault, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub code: FaultCode,
    pub command: RemoteCommand,
    pub attempt: u8,
}

impl WorkOrder {
    /// Asks the device to try what the list says about a fault that has just been raised. Not while somebody may be at
    /// the locker.
    pub fn try_from_afar(&mut self, code: FaultCode, now: Timestamp) {
        let Some(RemoteRecovery { command, .. }) = code.listed().recovery.filter(|_| self.is_tried_from_afar()) else {
            return;
        };
        let progress = Progress::Asked { until: now + ANSWERED_WITHIN };
        // One that comes back under the same work order was not mended by what was tried.
        self.attempts.entry(code).or_insert(Attempts { command, count: 1, progress });
    }

    /// Whether nobody is at the locker, as far as is known.
    fn is_tried_from_afar(&self) -> bool {
        match self.status {
            WorkOrderStatus::Open | WorkOrderStatus::Acknowledged | WorkOrderStatus::OnHold => true,
            WorkOrderStatus::InProgress
            | WorkOrderStatus::Repaired
            | WorkOrderStatus::Verified
            | WorkOrderStatus::Cancelled => false,
        }
    }

    /// Whether its team is not called yet, since the one thing that is wrong may be mended from afar within minutes.
    pub fn is_held(&self) -> bool {
        let mut codes = self.units.values().flat_map(|repair| &repair.codes);
        let (Some(code), None) = (codes.next(), codes.next()) else { return false };
        let progress = self.attempts.get(code).map(|it| it.progress);
        self.status == WorkOrderStatus::Open
            && self.severity < Severity::Critical
            && self.latest_call.is_none()
            && self.incident.is_none()
            && self.visit.is_none()
            && matches!(progress, Some(Progress::Asked { .. } | Progress::Worked { .. }))
    }

    /// What its device is to do now.
    pub fn asked_from_afar(&self) -> impl Iterator<Item = Asked> {
        self.attempts.iter().filter_map(|(code, it)| match it.progress {
            Progress::Asked { .. } => Some(Asked { code: *code, command: it.command, attempt: it.count }),
            Progress::Worked { .. } | Progress::GivenUp { .. } | Progress::Stopped { .. } | Progress::Over { .. } => {
                None
            }
        })
    }

    /// When the first of what is awaited from the device is overdue.
    pub fn attempts_due_at(&self) -> Option<Timestamp> {
        let until = self.attempts.values().filter_map(|it| match it.progress {
            Progress::Asked { until } | Progress::Worked { until, .. } => Some(until),
            Progress::GivenUp { .. } | Progress::Stopped { .. } | Progress::Over { .. } => None,
        });
        until.min()
    }

    /// Nothing is tried from afar any more: somebody is at the locker, or it is proven.
    pub(crate) fn end_attempts(&mut self, progress: Progress) {
        for it in self.attempts.values_mut() {
            if let Progress::Asked { .. } | Progress::Worked { .. } = it.progress {
                it.progress = progress;
            }
        }
        self.proof_from_afar = false;
    }

    /// A try has failed, or nobody has heard of it: the next one, if there is one left.
    pub(crate) fn try_again(&mut self, code: FaultCode, now: Timestamp) {
        let tries_max = code.listed().recovery.map_or(0, |it| it.tries_max);
        if let Some(it) = self.attempts.get_mut(&code) {
            if it.count < tries_max {
                it.count += 1;
                it.progress = Progress::Asked { until: now + ANSWERED_WITHIN };
            } else {
                it.progress = Progress::GivenUp { at: now };
            }
        }
    }

    /// The device has said that it works, and its word does not clear the fault.
    pub(crate) fn claim_from_afar(&mut self, code: FaultCode, at: Timestamp, now: Timestamp) {
        if let Some(it) = self.attempts.get_mut(&code) {
            it.progress = Progress::Worked { at, until: now + PROVEN_WITHIN };
        }
    }

    /// The device has seen a fault again after it had said that it works: it does not.
    pub(crate) fn see_again(&mut self, code: FaultCode, seen_at: Timestamp, now: Timestamp) -> bool {
        let progress = self.attempts.get(&code).map(|it| it.progress);
        let contradicts = matches!(progress, Some(Progress::Worked { at, .. }) if seen_at > at);
        if contradicts {
            self.try_again(code, now);
        }
        contradicts
    }

    /// What follows from a change of its faults or of what was tried: once everything that is wrong is said to work, the
    /// device has to prove it; once not everything may be mended from afar any more, the team is called that was not.
    pub(crate) fn settle_attempts(&mut self, was_held: bool, now: Timestamp) {
        let Self { units, attempts, .. } = self;
        let open = |code: &FaultCode| units.values().any(|repair| repair.codes.contains(code));
        for (_, it) in attempts.iter_mut().filter(|(code, _)| !open(code)) {
            if let Progress::Asked { .. } | Progress::Worked { .. } = it.progress {
                it.progress = Progress::Over { at: now };
            }
        }
        let worked =
            |code: &FaultCode| matches!(attempts.get(code).map(|it| it.progress), Some(Progress::Worked { .. }));
        let all_worked = !units.is_empty() && units.values().flat_map(|repair| &repair.codes).all(worked);
        if !all_worked || !self.is_tried_from_afar() {
            self.proof_from_afar = false;
        } else if !self.proof_from_afar {
            self.proof_from_afar = true;
            self.repairs_reported += 1;
            for repair in self.units.values_mut() {
                repair.openings_passed = 0;
            }
            for it in self.attempts.values_mut() {
                if let Progress::Worked { until, .. } = &mut it.progress {
                    *until = now + PROVEN_WITHIN;
                }
            }
        }
        let called_for = self.is_open() && !self.units.is_empty();
        if was_held && called_for && !self.is_held() && !self.impact.contains(&ImpactTask::TellTeam) {
            self.follow_up(ImpactTask::TellTeam, now);
        }
    }

    /// A test opening for what was mended from afar has failed: every fault is tried again, or given up.
    pub(crate) fn reject_proof_from_afar(&mut self, now: Timestamp) {
        let was_held = self.is_held();
        let worked = |it: &Attempts| matches!(it.progress, Progress::Worked { .. });
        let codes: Vec<FaultCode> = self.attempts.iter().filter(|(_, it)| worked(it)).map(|(code, _)| *code).collect();
        for code in codes {
            self.try_again(code, now);
        }
        self.settle_attempts(was_held, now);
    }
}

/// What a device says came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteAnswer {
    pub work_order: WorkOrderId,
    pub code: FaultCode,
    pub attempt: u8,
    pub worked: bool,
}

/// A device answers what it was asked. A fault that its word clears ([`crate::fault::Clearing::Condition`]) is over;
/// any other is open until test openings have shown it.
///
/// # Errors
/// - [`Refusal::UnknownLocker`]
/// - [`Refusal::UnknownWorkOrder`]: the answer names another work order.
/// - [`Refusal::WrongState`]: this attempt is not waited for any more, or never was.
pub fn record_remote_answer(
    scene: FaultScene,
    answer: &RemoteAnswer,
    at: Timestamp,
    now: Timestamp,
) -> Result<Decision<()>, Refusal> {
    let RemoteAnswer { code, attempt, worked, .. } = *answer;
    let work_order = scene.work_order.as_ref().filter(|it| it.id == answer.work_order);
    let work_order = work_order.ok_or(Refusal::UnknownWorkOrder)?;
    let awaited = work_order.asked_from_afar().any(|it| it.code == code && it.attempt == attempt);
    let known = bug("any_remote_answer_counts") && work_order.attempts.contains_key(&code);
    if !awaited && !known {
        return Err(Refusal::wrong_state(work_order.status));
    }
    if worked {
        return clear_by_its_word(scene, answer, at, now);
    }
    let mut work_order = work_order.clone();
    let was_held = work_order.is_held();
    work_order.try_again(code, now);
    work_order.settle_attempts(was_held, now);
    let mut decision = Decision::new(());
    decision.change(work_order);
    decision.record(Event::RemoteRecoveryAnswered { code, attempt, worked, cleared: Vec::new() });
    Ok(decision)
}

/// What was awaited from a device has not come in time: an answer, or the proof of one.
///
/// # Errors
/// [`Refusal::WrongState`]: nothing is overdue.
pub fn time_out_attempts(mut work_order: WorkOrder, now: Timestamp) -> Result<Decision<()>, Refusal> {
    let overdue = |until: Timestamp| until <= now;
    let codes: Vec<FaultCode> = work_order
        .attempts
        .iter()
        .filter(|(_, it)| match it.progress {
            Progress::Asked { until } | Progress::Worked { until, .. } => overdue(until),
            Progress::GivenUp { .. } | Progress::Stopped { .. } | Progress::Over { .. } => false,
        })
        .map(|(code, _)| *code)
        .collect();
    if codes.is_empty() {
        return Err(Refusal::wrong_state(work_order.status));
    }
    let was_held = work_order.is_held();
    for code in &codes {
        work_order.try_again(*code, now);
    }
    work_order.settle_attempts(was_held && !bug("held_call_is_forgotten"), now);
    let mut decision = Decision::new(());
    decision.change(work_order);
    decision.record(Event::RemoteRecoveryTimedOut { codes });
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultCode::{ControllerFault, DisplayFault, LockJammed, ReaderFault};
    use crate::fault::Unit;
    use crate::locker::{Locker, report_faults};
    use crate::service::{Lifecycle, LockerService};
    use crate::state::State;
    use crate::testing::*;
    use crate::work_order::{RepairScene, Step, TestOpening, record_test_opening, take_step};

    /// A locker in which these were raised at the moment tests begin.
    fn raised(codes: &[FaultCode]) -> FaultScene {
        raised_in(locker(), codes)
    }

    fn raised_in(own: Locker, codes: &[FaultCode]) -> FaultScene {
        let faults: Vec<(Unit, FaultCode)> = codes.iter().map(|code| (Unit::Locker, *code)).collect();
        let scene = FaultScene { locker: Some(own), compartments: vec![], work_order: None };
        let decision = report_faults(scene.clone(), &report(0, &faults), at(0)).unwrap();
        after(scene, decision)
    }

    fn after<A>(scene: FaultScene, decision: Decision<A>) -> FaultScene {
        let mut scene = scene;
        for state in decision.changes {
            match state {
                State::Locker(it) => scene.locker = Some(it),
                State::WorkOrder(it) => scene.work_order = Some(it),
                _ => {}
            }
        }
        scene
    }

    fn work_order_of(scene: &FaultScene) -> WorkOrder {
        scene.work_order.clone().unwrap()
    }

    fn said(code: FaultCode, attempt: u8, worked: bool) -> RemoteAnswer {
        RemoteAnswer { work_order: work_order_id(1), code, attempt, worked }
    }

    fn answered(scene: FaultScene, answer: &RemoteAnswer, second: i64) -> FaultScene {
        let decision = record_remote_answer(scene.clone(), answer, at(second), at(second)).unwrap();
        after(scene, decision)
    }

    fn timed_out(scene: FaultScene, second: i64) -> FaultScene {
        let decision = time_out_attempts(work_order_of(&scene), at(second)).unwrap();
        after(scene, decision)
    }

    fn progress(scene: &FaultScene, code: FaultCode) -> (u8, Progress) {
        let it = work_order_of(scene).attempts[&code];
        (it.count, it.progress)
    }

    fn calls(scene: &FaultScene) -> bool {
        work_order_of(scene).impact.contains(&ImpactTask::TellTeam)
    }

    fn opened(scene: FaultScene, passed: bool) -> FaultScene {
        let attempt = work_order_of(&scene).repairs_reported;
        let opening = TestOpening { work_order: work_order_id(1), attempt, unit: Unit::Locker, passed };
        let (work_order, own) = (work_order_of(&scene), scene.locker.clone().unwrap());
        let repair = RepairScene { work_order, locker: own, compartments: vec![] };
        let decision = record_test_opening(repair, &opening, id("n"), at(100)).unwrap();
        assert_eq!(decision.notices, [], "nobody was sent, and nobody is told that it did not help");
        after(scene, decision)
    }

    const ASKED: Progress = Progress::Asked { until: Timestamp::constant(1_790_000_180, 0) };

    #[test]
    fn what_is_tried_from_afar_is_of_the_whole_locker_and_holds_a_call_for_minutes() {
        for (code, recovery) in FaultCode::ALL.iter().filter_map(|code| Some((code, code.listed().recovery?))) {
            assert!(code.listed().whole_locker, "{code}: no door is opened from afar");
            let tries = ANSWERED_WITHIN * i32::from(recovery.tries_max) + PROVEN_WITHIN;
            assert!(tries <= CALL_HELD_MAX, "{code}");
        }
    }

    #[test]
    fn a_minor_fault_is_tried_before_the_team_is_called_and_a_critical_one_while_it_is() {
        let reader = raised(&[ReaderFault]);
        assert_eq!((progress(&reader, ReaderFault), calls(&reader)), ((1, ASKED), false));
        assert_eq!(work_order_of(&reader).attempts_due_at(), Some(at(180)));
        let controller = raised(&[ControllerFault]);
        assert_eq!((progress(&controller, ControllerFault), calls(&controller)), ((1, ASKED), true));
        let other = raised(&[ReaderFault, LockJammed]);
        assert!(calls(&other), "somebody has to go there anyway");
    }

    #[test]
    fn nothing_is_switched_where_somebody_may_be_at_the_locker() {
        let own = Locker { service: LockerService::new(Lifecycle::Maintenance), ..locker() };
        let in_maintenance = raised_in(own, &[ReaderFault]);
        assert_eq!(work_order_of(&in_maintenance).attempts, [].into());
        let started = take_step(work_order_of(&raised(&[ReaderFault])), Step::Start, id("tom"), at(50)).unwrap();
        let scene = after(raised(&[ReaderFault]), started);
        assert_eq!(progress(&scene, ReaderFault), (1, Progress::Stopped { at: at(50) }));
        assert_eq!(
            record_remote_answer(scene, &said(ReaderFault, 1, true), at(60), at(60)),
            Err(Refusal::wrong_state("in_progress"))
        );
    }

    #[test]
    fn without_an_answer_it_is_tried_as_often_as_the_list_says_and_then_the_team_is_called() {
        let scene = raised(&[ReaderFault]);
        assert_eq!(time_out_attempts(work_order_of(&scene), at(179)), Err(Refusal::wrong_state("open")));
        let scene = timed_out(scene, 180);
        assert_eq!(progress(&scene, ReaderFault), (1, Progress::GivenUp { at: at(180) }));
        assert!(calls(&scene) && work_order_of(&scene).attempts_due_at().is_none());
        let again = timed_out(raised(&[ControllerFault]), 180);
        assert_eq!(progress(&again, ControllerFault), (2, Progress::Asked { until: at(360) }));
        assert_eq!(progress(&timed_out(again, 360), ControllerFault), (2, Progress::GivenUp { at: at(360) }));
    }

    #[test]
    fn a_device_that_says_that_it_works_reopens_nothing_before_it_has_shown_it() {
        let scene = answered(raised(&[ReaderFault]), &said(ReaderFault, 1, true), 60);
        let work_order = work_order_of(&scene);
        assert_eq!(progress(&scene, ReaderFault), (1, Progress::Worked { at: at(60), until: at(240) }));
        assert_eq!((work_order.proof_from_afar, work_order.repairs_reported, calls(&scene)), (true, 1, false));
        assert!(scene.locker.as_ref().unwrap().faults.contains_key(&ReaderFault));
        let scene = opened(opened(scene, true), true);
        assert!(scene.locker.as_ref().unwrap().faults.contains_key(&ReaderFault), "two of three");
        let scene = opened(scene, true);
        assert_eq!(scene.locker.as_ref().unwrap().faults, [].into());
        assert_eq!(work_order_of(&scene).status, WorkOrderStatus::Verified);
        assert_eq!(progress(&scene, ReaderFault), (1, Progress::Over { at: at(100) }));
    }

    #[test]
    fn a_proof_that_fails_or_does_not_come_calls_the_team() {
        let worked = || answered(raised(&[ReaderFault]), &said(ReaderFault, 1, true), 60);
        for scene in [opened(worked(), false), timed_out(worked(), 240)] {
            assert!(matches!(progress(&scene, ReaderFault), (1, Progress::GivenUp { .. })) && calls(&scene));
            assert_eq!(
                (work_order_of(&scene).status, work_order_of(&scene).proof_from_afar),
                (WorkOrderStatus::Open, false)
            );
        }
    }

    #[test]
    fn a_fault_that_is_seen_after_it_was_said_to_be_over_was_not_mended() {
        let scene = answered(raised(&[ReaderFault]), &said(ReaderFault, 1, true), 60);
        let seen = |second| {
            let decision = report_faults(scene.clone(), &report(second, &[(Unit::Locker, ReaderFault)]), at(70));
            after(scene.clone(), decision.unwrap())
        };
        assert!(work_order_of(&seen(59)).proof_from_afar, "a report that was overtaken");
        let again = seen(61);
        assert_eq!((progress(&again, ReaderFault), calls(&again)), ((1, Progress::GivenUp { at: at(70) }), true));
    }

    #[test]
    fn a_fault_that_the_word_of_the_device_clears_is_over_by_it() {
        let scene = answered(raised(&[DisplayFault]), &said(DisplayFault, 1, true), 60);
        assert_eq!((scene.locker.as_ref().unwrap().faults.len(), calls(&scene)), (0, false));
        assert_eq!(work_order_of(&scene).status, WorkOrderStatus::Verified);
        assert_eq!(progress(&scene, DisplayFault), (1, Progress::Over { at: at(60) }));
    }

    #[test]
    fn an_answer_that_nobody_waits_for_changes_nothing() {
        let refused = Err(Refusal::wrong_state("open"));
        let of = |scene, answer: &RemoteAnswer| record_remote_answer(scene, answer, at(60), at(60));
        assert_eq!(of(raised(&[ReaderFault]), &said(ReaderFault, 2, true)), refused);
        assert_eq!(of(raised(&[ReaderFault]), &said(ControllerFault, 1, true)), refused);
        let late = timed_out(raised(&[ControllerFault]), 180);
        assert_eq!(of(late, &said(ControllerFault, 1, true)), refused, "the first attempt is over");
        let other = RemoteAnswer { work_order: work_order_id(2), ..said(ReaderFault, 1, true) };
        assert_eq!(of(raised(&[ReaderFault]), &other), Err(Refusal::UnknownWorkOrder));
    }

    #[test]
    fn a_further_fault_ends_the_proof_and_what_comes_back_is_not_tried_again() {
        let scene = answered(raised(&[ReaderFault]), &said(ReaderFault, 1, true), 60);
        let decision = report_faults(scene.clone(), &report(70, &[(Unit::Locker, FaultCode::Tamper)]), at(70)).unwrap();
        let scene = after(scene, decision);
        assert!(!work_order_of(&scene).proof_from_afar && calls(&scene));
        let scene = timed_out(scene, 240);
        assert_eq!(progress(&scene, ReaderFault), (1, Progress::GivenUp { at: at(240) }));
        let mut work_order = work_order_of(&scene);
        work_order.try_from_afar(ReaderFault, at(300));
        assert_eq!(work_order, work_order_of(&scene));
    }
}

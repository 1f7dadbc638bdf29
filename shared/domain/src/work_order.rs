//! A work order: one call of a technician team for one incident of one locker, until its repair is proven.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::acknowledgement::{Acknowledged, Shelved};
use crate::compartment::Compartment;
use crate::decision::{Decision, Event};
use crate::escalation::{Clock, Wait};
use crate::expected_back::{ExpectedBack, Told};
use crate::fault::{Closure, FaultClass, FaultCode, FaultRecord, OpenFaults, Severity, Unit, shut_since};
use crate::id::{LockerId, NoticeId, PersonId, RegionId, TeamId, WorkOrderId};
use crate::impact::{self, ImpactTask, ShutTime};
use crate::incident::Membership;
use crate::locker::Locker;
use crate::notice::{Message, Notice, Recipient};
use crate::priority::{BlastRadius, is_unweighed, priority};
use crate::reference::Reference;
use crate::refusal::Refusal;
use crate::remote_recovery::{Attempts, Progress};
use crate::seeded::bug;
use crate::service::Lifecycle;
use crate::{SignedDuration, State, StateKey, Timestamp};

/// How many test openings in a row prove the repair of a unit: a lock that jams on one opening in three is
/// found with a probability of 96 % by eight, but a technician waits for each; three is what operators ask
/// for, and what slips through is caught by the customers' openings afterwards.
pub const TEST_OPENINGS_REQUIRED: u8 = 3;

/// How many faults one work order repairs before any further compartment that breaks is taken for a fault of the whole
/// locker. All are cleared in one commit, which has room for 100 actions: each takes up to two, its compartment and
/// its record.
pub const FAULTS_MAX: usize = 40;

/// Beside those: the locker, a record of every code it can have itself, the work order, the door that was tried last and
/// the history.
const _: () = assert!(2 * FAULTS_MAX + FaultCode::ALL.len() + 4 <= 100, "a repair fits one commit");

/// After how many failed proofs of its repair somebody else has to look, and again after as many more: a technician who
/// has tried three times will not find it by trying a fourth time.
pub const PROOFS_FAILED_MAX: u32 = 3;

/// For how long after a proven repair a first sign of a fault is enough, and the same fault of the same unit is taken for
/// one that was not found: a lock that was changed jams again within days or not for years. No public figures were found.
pub const PROBATION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many documents one note refers to.
pub const REFERENCES_MAX: usize = 10;

/// How many notes a work order keeps; a technician who needs more has a document to attach.
pub const NOTES_MAX: usize = 50;

/// How long the notes of a work order are together, in bytes: an item has 400 KB, and the history of a step keeps the
/// work order with its notes.
pub const NOTES_LENGTH_MAX: usize = 128 * 1024;

/// How long after being written a follow-up is looked for again, should the stream that carries it have lost it.
pub const IMPACT_RETRY_AFTER: SignedDuration = impact::RETRY_AFTER;

/// Where the repair stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkOrderStatus {
    Open,
    Acknowledged,
    InProgress,
    OnHold,
    /// The technician says so; the device has not shown it yet.
    Repaired,
    /// Proven.
    Verified,
    /// By a person: nothing had to be repaired.
    Cancelled,
}

impl fmt::Display for WorkOrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WorkOrderStatus::Open => "open",
            WorkOrderStatus::Acknowledged => "acknowledged",
            WorkOrderStatus::InProgress => "in_progress",
            WorkOrderStatus::OnHold => "on_hold",
            WorkOrderStatus::Repaired => "repaired",
            WorkOrderStatus::Verified => "verified",
            WorkOrderStatus::Cancelled => "cancelled",
        })
    }
}

/// What has to be repaired in one unit, and how far the proof has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitRepair {
    pub codes: BTreeSet<FaultCode>,
    /// Test openings passed in a row since the technician reported the repair.
    pub openings_passed: u8,
    /// Which of them were seen, and by whom.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub acknowledged: BTreeMap<FaultCode, Acknowledged>,
    /// Which of them are put aside for now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub shelved: BTreeMap<FaultCode, Shelved>,
}

impl UnitRepair {
    fn is_proven(&self) -> bool {
        self.openings_passed >= TEST_OPENINGS_REQUIRED - u8::from(bug("two_openings_prove_a_repair"))
    }
}

/// A technician's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub by: PersonId,
    pub at: Timestamp,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Where photos and other documents are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
}

impl Note {
    fn length(&self) -> usize {
        let references = self.references.iter().map(|it| it.as_str().len()).sum::<usize>();
        self.text.len() + self.parts.iter().map(String::len).sum::<usize>() + references
    }
}

/// One call of a team for one incident of one locker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkOrder {
    pub id: WorkOrderId,
    pub status: WorkOrderStatus,
    pub opened_at: Timestamp,
    /// The worst of its faults so far.
    pub severity: Severity,
    /// What is broken, by unit.
    pub units: BTreeMap<Unit, UnitRepair>,
    /// Who repairs it, from the moment a team has been found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<(RegionId, TeamId)>,
    /// How many orders were waiting when the team was last told.
    #[serde(default)]
    pub people_waiting: u32,
    /// Whom it concerns: counted when the team is told, and again when what follows for people has been dealt with.
    #[serde(default, skip_serializing_if = "BlastRadius::is_empty")]
    pub blast_radius: BlastRadius,
    /// Which goes first, the larger before the smaller: as it was when the severity or the blast radius last changed.
    #[serde(default, skip_serializing_if = "is_unweighed")]
    pub priority: u32,
    /// Which skills its team lacks, where no team of the region has them: others may have to help.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skills_missing: BTreeSet<FaultClass>,
    /// How often a repair was reported, by a technician or as mended from afar: each is to be proven by test openings of
    /// its own.
    #[serde(default)]
    pub repairs_reported: u32,
    /// Who reported the latest of them, where it was a technician.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repaired_by: Option<PersonId>,
    /// How often the device has shown that a reported repair was none.
    #[serde(default, skip_serializing_if = "never")]
    pub proofs_failed: u32,
    /// When its repair was proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<Timestamp>,
    /// The one before, whose proven repair did not last: the same fault of the same unit is back within [`PROBATION`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<WorkOrderId>,
    /// The incident it is a part of, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Membership>,
    /// Its locker does not serve: nobody is called, and nobody waited for, before it does again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub out_of_service: bool,
    /// The one that leads the visit it is a part of, if any: its team was called for that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visit: Option<WorkOrderId>,
    /// Which others are repaired on the way to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub visited_with: BTreeSet<WorkOrderId>,
    /// What has been tried from afar, by fault.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attempts: BTreeMap<FaultCode, Attempts>,
    /// Whether the device is to prove what was mended from afar, as the latest of the reported repairs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub proof_from_afar: bool,
    /// The technician who has taken it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigned_to: Option<PersonId>,
    /// What it waits for, unless that has not changed since it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// What is still to be done for people because of this incident, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub impact: Vec<ImpactTask>,
    /// When to look whether that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_due_at: Option<Timestamp>,
    /// When it is expected to be done, since its team was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_back: Option<Box<ExpectedBack>>,
    /// What customers were told about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_customers: Option<Told>,
    /// The latest call of the team: an earlier one, which names less, is not sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_call: Option<NoticeId>,
}

fn never(times: &u32) -> bool {
    *times == 0
}

impl WorkOrder {
    fn new(id: WorkOrderId, now: Timestamp) -> Self {
        Self {
            id,
            status: WorkOrderStatus::Open,
            opened_at: now,
            severity: Severity::Indeterminate,
            units: BTreeMap::new(),
            team: None,
            people_waiting: 0,
            blast_radius: BlastRadius::default(),
            priority: 0,
            skills_missing: BTreeSet::new(),
            repairs_reported: 0,
            repaired_by: None,
            proofs_failed: 0,
            verified_at: None,
            follows: None,
            incident: None,
            out_of_service: false,
            visit: None,
            visited_with: BTreeSet::new(),
            attempts: BTreeMap::new(),
            proof_from_afar: false,
            assigned_to: None,
            clock: None,
            notes: Vec::new(),
            impact: Vec::new(),
            impact_due_at: None,
            expected_back: None,
            told_customers: None,
            latest_call: None,
        }
    }

    /// The work order a new fault of this locker belongs to: the one that is open, or the next one and the
    /// finished one that it replaces.
    pub fn open_or_next(locker: &LockerId, latest: Option<Self>, now: Timestamp) -> (Self, Option<Self>) {
        match latest {
            None => (Self::new(WorkOrderId { locker: locker.clone(), number: 1 }, now), None),
            Some(latest) if latest.is_open() || bug("fault_joins_a_finished_work_order") => (latest, None),
            Some(mut latest) => {
                let id = WorkOrderId { locker: locker.clone(), number: latest.id.number + 1 };
                let mut next = Self::new(id, now);
                // What the finished one still owes people goes on under the new one.
                next.impact = std::mem::take(&mut latest.impact);
                if bug("impact_is_forgotten") {
                    next.impact.clear();
                }
                latest.impact_due_at = None;
                (next, Some(latest))
            }
        }
    }

    /// Whether the repair is still to be proven.
    pub fn is_open(&self) -> bool {
        !matches!(self.status, WorkOrderStatus::Verified | WorkOrderStatus::Cancelled)
    }

    /// Whether its doors are to be tried, for a repair that was reported or for what was mended from afar.
    pub fn is_being_proven(&self) -> bool {
        self.status == WorkOrderStatus::Repaired || self.proof_from_afar
    }

    /// Whether it can take on this fault of a compartment as well, or has it already.
    pub fn has_room_for(&self, unit: Unit, code: FaultCode) -> bool {
        self.units.get(&unit).is_some_and(|repair| repair.codes.contains(&code))
            || self.units.values().map(|repair| repair.codes.len()).sum::<usize>() < FAULTS_MAX
    }

    /// Takes on a fault. What was claimed to be repaired is not, then.
    pub fn add_fault(&mut self, unit: Unit, code: FaultCode) {
        let repair = self.units.entry(unit).or_default();
        repair.codes.insert(code);
        repair.openings_passed = 0;
        self.severity = self.severity.max(code.severity());
        if self.status == WorkOrderStatus::Repaired {
            self.status = WorkOrderStatus::InProgress;
            self.clock = None;
        }
    }

    /// Strikes off a fault that has cleared by itself. Where none is left, there is nothing to repair any more.
    pub fn strike_fault(&mut self, unit: Unit, code: FaultCode, now: Timestamp) {
        if let Some(repair) = self.units.get_mut(&unit) {
            repair.codes.remove(&code);
            repair.acknowledged.remove(&code);
            repair.shelved.remove(&code);
            if repair.codes.is_empty() {
                self.units.remove(&unit);
            }
        }
        if self.units.is_empty() {
            self.end(WorkOrderStatus::Verified, now);
            self.tell_end(false, now);
        }
    }

    /// Refers to the one before, where this fault is one that it has repaired: proven, and not for long.
    pub fn follow(&mut self, before: &Self, unit: Unit, code: FaultCode, now: Timestamp) {
        let repaired = before.repairs_reported > 0
            && before.units.get(&unit).is_some_and(|repair| repair.codes.contains(&code))
            && before.verified_at.is_some_and(|at| now.duration_since(at) <= PROBATION);
        if repaired {
            self.follows = Some(before.id.clone());
        }
    }

    /// What it waits for, if anything: nothing while all that is wrong is put aside, or its locker does not serve. One that nobody has touched waits for a reaction since it was opened, unless
    /// another one is waited for in its place.
    pub fn clock(&self) -> Option<Clock> {
        if self.out_of_service || self.is_shelved() && !bug("what_is_shelved_escalates") {
            return None;
        }
        match self.status {
            WorkOrderStatus::Open if self.is_told_with_others() => None,
            WorkOrderStatus::Open => Some(self.clock.unwrap_or(Clock::new(Wait::ForReaction, self.opened_at))),
            WorkOrderStatus::Acknowledged
            | WorkOrderStatus::InProgress
            | WorkOrderStatus::OnHold
            | WorkOrderStatus::Repaired => self.clock,
            WorkOrderStatus::Verified | WorkOrderStatus::Cancelled => None,
        }
    }

    /// Whether its team is called although people have taken the locker out of service: what is a danger is one to whoever
    /// works there, too. That a locker goes dark while people work on it, or once it is gone, is no news.
    pub fn is_called_in(&self, lifecycle: Lifecycle) -> bool {
        let danger = |code: &FaultCode| code.severity() == Severity::Critical && code.listed().latches;
        lifecycle.closes() == Closure::Nothing
            || self.status != WorkOrderStatus::Open
            || self.latest_call.is_some()
            || self.units.values().flat_map(|repair| &repair.codes).any(danger)
    }

    /// Its locker serves again: where nobody has taken it on, its team is called, and waited for from now on.
    pub fn serve_again(&mut self, now: Timestamp) {
        self.out_of_service = false;
        if self.status == WorkOrderStatus::Open {
            self.clock = Some(Clock::new(self.waits_open_for(), now));
            if !bug("service_calls_nobody") && !self.impact.contains(&ImpactTask::TellTeam) {
                self.follow_up(ImpactTask::TellTeam, now);
            }
        } else {
            self.clock = self.clock.map(|clock| Clock::new(clock.wait, now));
        }
    }

    /// It has become worse, and its team is called anew: whatever it waits for, it waits for from now on.
    pub fn restart_clock(&mut self, now: Timestamp) {
        self.clock = self.clock().map(|clock| Clock::new(clock.wait, now));
    }

    /// When somebody has to look at it again: for people who are still to be dealt with, because nobody reacts,
    /// because what is tried from afar takes too long, or because what was put aside comes back.
    pub fn due_at(&self) -> Option<Timestamp> {
        let escalates_at = self.clock().and_then(|clock| clock.next(self.severity)).map(|(at, _)| at);
        let due =
            [self.impact_due_at, escalates_at, self.attempts_due_at(), self.shelved_until(), self.estimate_due_at()];
        due.into_iter().flatten().min()
    }

    /// When what was expected, or what customers were told, has not come true.
    pub fn estimate_due_at(&self) -> Option<Timestamp> {
        let expected_at = self.expected_back.as_ref().and_then(|it| it.due_at());
        [expected_at, self.told_customers.map(|it| it.by)].into_iter().flatten().min().filter(|_| self.is_open())
    }

    /// When it is expected to be done, as people are told: never a time that has passed.
    pub fn expected_at(&self, now: Timestamp) -> Option<Timestamp> {
        let expected_at = self.expected_back.as_ref().and_then(|it| it.expected_at);
        expected_at.filter(|at| *at > now && self.is_open())
    }

    /// By when customers are told that it is done, as long as that may come true.
    pub fn expected_by(&self, now: Timestamp) -> Option<Timestamp> {
        self.told_customers.map(|it| it.by).filter(|by| *by > now && self.is_open())
    }

    /// Takes an estimate on. What customers were told stays until it has not come true.
    pub fn expect_back(&mut self, expected_back: Option<ExpectedBack>) {
        let by = expected_back.as_ref().and_then(|it| it.latest_at);
        self.told_customers = self.told_customers.or(by.map(|by| Told { by, updates: 0 }));
        self.expected_back = expected_back.map(Box::new);
    }

    /// Weighs it anew: by what is broken now, and by whom it concerns.
    pub fn weigh(&mut self, radius: BlastRadius, now: Timestamp) {
        self.blast_radius = radius;
        self.priority = priority(self.severity, &radius, now);
    }

    /// Its priority at this moment: a deadline may have come nearer since it was weighed.
    pub fn priority_at(&self, now: Timestamp) -> u32 {
        priority(self.severity, &self.blast_radius, now)
    }

    /// Adds something that has to be done for people, unless it is on the list from its start already.
    pub fn follow_up(&mut self, task: ImpactTask, now: Timestamp) {
        impact::add(&mut self.impact, &mut self.impact_due_at, task, now);
    }

    /// Puts what is left of the first task in its place, or strikes it off.
    pub fn advance_impact(&mut self, rest: Option<ImpactTask>, now: Timestamp) {
        impact::advance(&mut self.impact, &mut self.impact_due_at, rest, now);
    }

    /// The compartments it repairs, by name.
    pub fn compartments(&self) -> Vec<StateKey> {
        let numbers = self.units.keys().filter_map(|unit| match unit {
            Unit::Locker => None,
            Unit::Compartment(number) => Some(*number),
        });
        numbers.map(|number| StateKey::Compartment(self.id.locker.clone(), number)).collect()
    }

    /// Which skills the repair needs.
    pub fn classes(&self) -> BTreeSet<FaultClass> {
        self.units.values().flat_map(|repair| &repair.codes).map(|code| code.class()).collect()
    }

    fn note(&mut self, note: Note) {
        self.notes.push(note);
        let length = |notes: &[Note]| notes.iter().map(Note::length).sum::<usize>();
        while self.notes.len() > NOTES_MAX || (self.notes.len() > 1 && length(&self.notes) > NOTES_LENGTH_MAX) {
            self.notes.remove(0);
        }
    }
}

/// What a technician says about a work order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// "We have seen it", and who goes: who says so, unless another is named.
    Acknowledge { technician: Option<PersonId> },
    /// "We are at the locker."
    Start,
    /// "We cannot go on", and why.
    Hold { reason: String, references: Vec<Reference> },
    /// "It works again", what was done and which parts it took.
    ReportRepaired { note: String, parts: Vec<String>, references: Vec<Reference> },
}

/// Moves a work order on by a technician's word. The word never reopens anything: after `ReportRepaired` the
/// device has to show it, see [`record_test_opening`].
///
/// # Errors
/// [`Refusal::WrongState`] where the step does not follow: starting what is finished, say.
pub fn take_step(
    mut work_order: WorkOrder,
    step: Step,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<WorkOrder>, Refusal> {
    use WorkOrderStatus::*;
    let allowed = match (&step, work_order.status) {
        (Step::Acknowledge { .. }, Open) => true,
        (Step::Start, Open | Acknowledged | OnHold) => true,
        (Step::Hold { .. }, Acknowledged | InProgress) => true,
        (Step::ReportRepaired { .. }, InProgress) => true,
        (Step::Acknowledge { .. }, Acknowledged | InProgress | OnHold | Repaired | Verified | Cancelled)
        | (Step::Start, InProgress | Repaired | Verified | Cancelled)
        | (Step::Hold { .. }, Open | OnHold | Repaired | Verified | Cancelled)
        | (Step::ReportRepaired { .. }, Open | Acknowledged | OnHold | Repaired | Verified | Cancelled) => false,
    };
    if !allowed {
        return Err(Refusal::wrong_state(work_order.status));
    }
    let was_held = work_order.is_held();
    let event = match step {
        Step::Acknowledge { technician } => {
            work_order.status = Acknowledged;
            work_order.assigned_to = Some(technician.unwrap_or_else(|| by.clone()));
            work_order.clock = Some(Clock::new(Wait::ForStart, now));
            Event::WorkOrderAcknowledged { by }
        }
        Step::Start => {
            work_order.status = InProgress;
            work_order.end_attempts(Progress::Stopped { at: now });
            work_order.assigned_to.get_or_insert_with(|| by.clone());
            work_order.clock = None;
            Event::WorkOrderStarted { by }
        }
        Step::Hold { reason, references } => {
            work_order.status = OnHold;
            work_order.clock = Some(Clock::new(Wait::OnHold, now));
            work_order.note(Note { by: by.clone(), at: now, text: reason.clone(), parts: Vec::new(), references });
            Event::WorkOrderHeld { by, reason }
        }
        Step::ReportRepaired { note, parts, references } => {
            work_order.status = Repaired;
            work_order.clock = Some(Clock::new(Wait::ForProof, now));
            work_order.repairs_reported += 1;
            work_order.repaired_by = Some(by.clone());
            for repair in work_order.units.values_mut() {
                repair.openings_passed = 0;
            }
            work_order.note(Note { by: by.clone(), at: now, text: note.clone(), parts, references });
            Event::RepairReported { by, note }
        }
    };
    // Somebody goes there before it was called for: it needs a team all the same.
    work_order.settle_attempts(was_held, now);
    let mut decision = Decision::new(work_order.clone());
    decision.change(work_order);
    decision.record(event);
    Ok(decision)
}

/// What is known when a test opening is judged: the work order, its locker and every compartment it repairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairScene {
    pub work_order: WorkOrder,
    pub locker: Locker,
    pub compartments: Vec<Compartment>,
}

/// A door was opened to see whether it works, as the device reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOpening {
    pub work_order: WorkOrderId,
    /// For which of the reported repairs it was made: [`WorkOrder::repairs_reported`] when it was asked for.
    pub attempt: u32,
    pub unit: Unit,
    pub passed: bool,
}

/// Judges a test opening, and reopens everything once every unit has passed [`TEST_OPENINGS_REQUIRED`] in a row.
///
/// Only a repair that a technician has reported can be proven, or what was mended from afar, which is tried again where it
/// was not. A failed opening sends the work order back to
/// the team, which is told; everything stays closed. After [`PROOFS_FAILED_MAX`] of them it waits for somebody else to
/// look, see [`crate::escalation`]. Reopening, the end of the work order and the all-clear
/// for those who waited are one decision.
///
/// # Errors
/// - [`Refusal::UnknownWorkOrder`]: the opening names an older or another work order.
/// - [`Refusal::WrongState`]: nobody has reported a repair yet, it is proven already, or the opening was made for
///   an earlier repair, whose proof has failed.
/// - [`Refusal::UnknownCompartment`]: the unit is not one this work order repairs.
pub fn record_test_opening(
    scene: RepairScene,
    opening: &TestOpening,
    notice: NoticeId,
    now: Timestamp,
) -> Result<Decision<WorkOrderStatus>, Refusal> {
    let RepairScene { mut work_order, locker, compartments } = scene;
    if work_order.id != opening.work_order {
        return Err(Refusal::UnknownWorkOrder);
    }
    let of_this_repair = work_order.repairs_reported == opening.attempt || bug("openings_of_an_earlier_repair_count");
    if !work_order.is_being_proven() || !of_this_repair {
        return Err(Refusal::wrong_state(work_order.status));
    }
    let repair = work_order.units.get_mut(&opening.unit).ok_or(Refusal::UnknownCompartment)?;
    if !opening.passed && work_order.proof_from_afar {
        work_order.reject_proof_from_afar(now);
        let mut decision = Decision::new(work_order.status);
        decision.change(work_order);
        decision.record(Event::RemoteRecoveryRejected { unit: opening.unit });
        return Ok(decision);
    }
    if !opening.passed {
        for repair in work_order.units.values_mut() {
            repair.openings_passed = 0;
        }
        work_order.status = WorkOrderStatus::InProgress;
        work_order.proofs_failed = work_order.proofs_failed.saturating_add(1);
        let again_and_again = work_order.proofs_failed.is_multiple_of(PROOFS_FAILED_MAX);
        work_order.clock = again_and_again.then(|| Clock::new(Wait::ForAnotherLook, now));
        let mut decision = Decision::new(work_order.status);
        if let Some((region, team)) = &work_order.team {
            decision.tell(Notice {
                id: notice,
                recipient: Recipient::Team { region: region.clone(), team: team.clone() },
                message: Message::RepairRejected {
                    work_order: work_order.id.clone(),
                    locker_name: locker.name,
                    unit: opening.unit,
                },
                created_at: now,
                supersedes: None,
            });
        }
        decision.change(work_order);
        decision.record(Event::TestOpeningFailed { unit: opening.unit });
        return Ok(decision);
    }
    repair.openings_passed = repair.openings_passed.saturating_add(1);
    let passed = repair.openings_passed;
    if !work_order.units.values().all(UnitRepair::is_proven) {
        let mut decision = Decision::new(work_order.status);
        decision.change(work_order);
        decision.record(Event::TestOpeningPassed { unit: opening.unit, passed });
        return Ok(decision);
    }
    Ok(verify(RepairScene { work_order, locker, compartments }, now))
}

/// A person ends a work order for which nothing has to be repaired: a false alarm, or what another one is there for. Its
/// faults are cleared by that word, so none of them may close anything; a device that still sees one reports it again.
///
/// # Errors
/// - [`Refusal::NotProven`]: something is closed, and opens only by a proven repair.
/// - [`Refusal::WrongState`]: it is over, or its repair is being proven.
pub fn cancel(
    scene: RepairScene,
    reason: String,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<WorkOrder>, Refusal> {
    let RepairScene { mut work_order, mut locker, mut compartments } = scene;
    if !work_order.is_open() || work_order.is_being_proven() {
        return Err(Refusal::wrong_state(work_order.status));
    }
    let mut codes = work_order.units.values().flat_map(|repair| &repair.codes);
    if codes.any(|code| code.closes() > Closure::Nothing) && !bug("anything_can_be_cancelled") {
        return Err(Refusal::NotProven);
    }
    let mut records = Vec::new();
    let mut touched: Vec<State> = Vec::new();
    let mut clear = |unit: Unit, faults: &mut OpenFaults| {
        for (code, fault) in std::mem::take(faults) {
            let acknowledged = work_order.units.get(&unit).and_then(|it| it.acknowledged.get(&code)).cloned();
            let cleared = FaultRecord::cleared(work_order.id.locker.clone(), unit, code, fault, now);
            // Nothing was repaired that would tell how long repairs take.
            records.push(FaultRecord { acknowledged, cleared_by: Some(by.clone()), count_at: None, ..cleared });
        }
    };
    for unit in work_order.units.keys() {
        match unit {
            Unit::Locker => {
                clear(Unit::Locker, &mut locker.faults);
                touched.push(locker.clone().into());
            }
            Unit::Compartment(number) => {
                if let Some(compartment) = compartments.iter_mut().find(|it| it.number == *number) {
                    clear(*unit, &mut compartment.faults);
                    touched.push(compartment.clone().into());
                }
            }
        }
    }
    work_order.call_nobody(now);
    work_order.clock = None;
    work_order.units.values_mut().for_each(|it| it.shelved.clear());
    work_order.end_attempts(Progress::Over { at: now });
    work_order.note(Note { by: by.clone(), at: now, text: reason.clone(), parts: Vec::new(), references: Vec::new() });
    work_order.end(WorkOrderStatus::Cancelled, now);
    work_order.tell_end(true, now);
    let mut decision = Decision::new(work_order.clone());
    let cleared = records.iter().map(|it| (it.unit, it.code)).collect();
    decision.record(Event::WorkOrderCancelled { by, reason, cleared });
    decision.change(work_order);
    decision.changes.extend(touched);
    decision.changes.extend(records.into_iter().map(State::from));
    Ok(decision)
}

/// The locker is back on the network by itself: that is the proof for `network_lost`, and for nothing else.
/// Nothing where no such fault is open. Where it was the only fault of the work order, the work order ends.
pub fn prove_network(scene: RepairScene, now: Timestamp) -> Option<Decision<WorkOrderStatus>> {
    let nothing_else = scene.locker.faults.keys().eq([&FaultCode::NetworkLost]);
    if (nothing_else && scene.work_order.units.keys().eq([&Unit::Locker])) || bug("returning_clears_every_fault") {
        return Some(verify(scene, now));
    }
    let RepairScene { mut work_order, mut locker, compartments } = scene;
    let fault = locker.faults.remove(&FaultCode::NetworkLost)?;
    let repair = work_order.units.get(&Unit::Locker)?;
    let acknowledged = repair.acknowledged.get(&FaultCode::NetworkLost).cloned();
    let cleared = FaultRecord::cleared(locker.id.clone(), Unit::Locker, FaultCode::NetworkLost, fault, now);
    let record = FaultRecord { acknowledged, ..cleared };
    let was_shelved = work_order.is_shelved();
    work_order.strike_fault(Unit::Locker, FaultCode::NetworkLost, now);
    work_order.wait_anew(was_shelved, now);
    let all_proven = work_order.units.values().all(UnitRepair::is_proven);
    work_order.settle_attempts(false, now);
    let mut decision = if work_order.status == WorkOrderStatus::Repaired && all_proven {
        // The doors were proven while the locker was away; its return was the last proof that was missing.
        locker.reopened_at = Some(now);
        let mut verified = verify(RepairScene { work_order, locker, compartments }, now);
        if let Event::RepairVerified { cleared } = &mut verified.event {
            cleared.push((Unit::Locker, FaultCode::NetworkLost));
        }
        verified
    } else {
        let mut decision = Decision::new(work_order.status);
        decision.change(work_order);
        decision.change(locker);
        decision.record(Event::Connected);
        decision
    };
    decision.change(record);
    Some(decision)
}

/// Reopens every unit of a work order whose repair is proven.
fn verify(scene: RepairScene, now: Timestamp) -> Decision<WorkOrderStatus> {
    let RepairScene { mut work_order, mut locker, mut compartments } = scene;
    let by_technician = work_order.status == WorkOrderStatus::Repaired;
    let cleared_by = work_order.repaired_by.clone().filter(|_| by_technician);
    work_order.end(WorkOrderStatus::Verified, now);
    if !by_technician {
        work_order.tell_end(false, now);
    }
    work_order.verified_at = Some(now);
    work_order.clock = None;
    work_order.impact.retain(|task| !matches!(task, ImpactTask::TellDelay { .. }));
    work_order.units.values_mut().for_each(|it| it.shelved.clear());
    work_order.end_attempts(Progress::Over { at: now });
    let mut records = Vec::new();
    let mut clear = |unit: Unit, faults: &mut OpenFaults| {
        for (code, fault) in std::mem::take(faults) {
            let acknowledged = work_order.units.get(&unit).and_then(|it| it.acknowledged.get(&code)).cloned();
            let cleared = FaultRecord::cleared(work_order.id.locker.clone(), unit, code, fault, now);
            records.push(FaultRecord { acknowledged, cleared_by: cleared_by.clone(), ..cleared });
        }
    };
    let mut reopened: Vec<State> = Vec::new();
    // The locker last: what is known of one compartment's door says more than what is known of all of them.
    let locker_shut = shut_since(&locker.faults);
    let mut all_clear = Vec::new();
    let mut works_again = |unit: Unit, shut: Option<Timestamp>| {
        let since = [shut, locker_shut].into_iter().flatten().min();
        all_clear.push(ImpactTask::all_clear(unit, since.map(|since| ShutTime { since, until: now })));
    };
    for unit in work_order.units.keys() {
        match unit {
            Unit::Locker => {
                clear(Unit::Locker, &mut locker.faults);
                locker.checks.clear();
                locker.suspicions.clear();
                locker.reopened_at = Some(now);
            }
            Unit::Compartment(number) => {
                if let Some(compartment) = compartments.iter_mut().find(|it| it.number == *number) {
                    works_again(*unit, shut_since(&compartment.faults));
                    clear(*unit, &mut compartment.faults);
                    compartment.checks.clear();
                    compartment.suspicions.clear();
                    compartment.reopened_at = Some(now);
                    reopened.push(compartment.clone().into());
                }
            }
        }
    }
    if locker.reopened_at == Some(now) {
        reopened.push(locker.into());
    }
    let mut decision = Decision::new(WorkOrderStatus::Verified);
    if work_order.units.contains_key(&Unit::Locker) {
        works_again(Unit::Locker, None);
    }
    for task in all_clear {
        work_order.follow_up(task, now);
    }
    decision.record(Event::RepairVerified { cleared: records.iter().map(|it| (it.unit, it.code)).collect() });
    decision.change(work_order);
    decision.changes.extend(reopened);
    decision.changes.extend(records.into_iter().map(State::from));
    decision
}

#[cfg(test)]
mod tests;

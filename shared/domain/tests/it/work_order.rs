//! The work orders of one locker: technicians' words and test openings in any order, right and wrong, late and stale,
//! while further faults are reported and the network comes and goes.
//!
//! The model is one list of the words that lead somewhere, and a count of openings for each broken unit.

use std::collections::{BTreeMap, BTreeSet};

use domain::escalation::{Clock, Wait};
use domain::fault::{Closure, FaultCode, FaultReport, ReportedFault, Severity, Unit};
use domain::id::{LockerId, WorkOrderId};
use domain::impact::{ImpactTask, ShutTime};
use domain::notice::{Message, Notice, Recipient};
use domain::priority::BlastRadius;
use domain::size::Size;
use domain::suspicion::Signal;
use domain::work_order::WorkOrderStatus::{self, *};
use domain::work_order::{Note, Step, TestOpening, UnitRepair, WorkOrder};
use domain::{Refusal, SignedDuration, State, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::support::*;

const COMPARTMENTS: u16 = 3;

/// Codes that close everything, deposits and nothing, and the one that a return proves.
const CODES: [FaultCode; 5] = [
    FaultCode::PowerLoss,
    FaultCode::LockJammed,
    FaultCode::CompartmentDirtyOrDamaged,
    FaultCode::NetworkWeak,
    FaultCode::NetworkLost,
];

/// Every word that leads somewhere. All others are refused.
const WAYS: [(WorkOrderStatus, Word, WorkOrderStatus); 7] = [
    (Open, Word::Acknowledge, Acknowledged),
    (Open, Word::Start, InProgress),
    (Acknowledged, Word::Start, InProgress),
    (Acknowledged, Word::Hold, OnHold),
    (InProgress, Word::Hold, OnHold),
    (InProgress, Word::ReportRepaired, Repaired),
    (OnHold, Word::Start, InProgress),
];

/// Which goes first where nobody waits.
fn priority_of(worst: Severity) -> u32 {
    match worst {
        Severity::Warning => 50,
        Severity::Indeterminate | Severity::Minor => 200,
        Severity::Major => 500,
        Severity::Critical => 1_000,
    }
}

fn locker_id() -> LockerId {
    id("mz-01")
}

fn any_unit() -> impl Strategy<Value = Unit> + Clone {
    prop_oneof![1 => Just(Unit::Locker), 2 => (1..=COMPARTMENTS).prop_map(unit)]
}

#[derive(Debug, Clone)]
struct Transition {
    wait_s: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    Say(Word),
    Open(TestOpening),
    Report(Vec<(Unit, FaultCode)>),
    /// The locker is back on the network.
    Return,
    /// The first thing that is owed to people is done or, where it concerns the whole locker, begun.
    WorkOff {
        whole: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Acknowledge,
    Start,
    Hold,
    ReportRepaired,
}

impl Word {
    fn step(self) -> Step {
        match self {
            Word::Acknowledge => Step::Acknowledge { technician: None },
            Word::Start => Step::Start,
            Word::Hold => Step::Hold { reason: "no part".to_owned(), references: vec![] },
            Word::ReportRepaired => {
                Step::ReportRepaired { note: "done".to_owned(), parts: vec!["lock".to_owned()], references: vec![] }
            }
        }
    }

    /// What it leaves in the work order.
    fn note(self, at: Timestamp) -> Option<Note> {
        let (text, parts) = match self {
            Word::Acknowledge | Word::Start => return None,
            Word::Hold => ("no part", vec![]),
            Word::ReportRepaired => ("done", vec!["lock".to_owned()]),
        };
        Some(Note { by: id("tom"), at, text: text.to_owned(), parts, references: vec![] })
    }
}

/// A unit that is being repaired.
#[derive(Debug, Clone, Default)]
struct Broken {
    /// What is wrong with it, since when.
    faults: BTreeMap<FaultCode, Timestamp>,
    passed: u8,
}

impl Broken {
    fn codes(&self) -> BTreeSet<FaultCode> {
        self.faults.keys().copied().collect()
    }

    /// Since when it cannot be opened.
    fn shut_since(&self) -> Option<Timestamp> {
        let shut = self.faults.iter().filter(|(code, _)| closure_of(**code) == Closure::DepositsAndPickups);
        shut.map(|(_, since)| *since).min()
    }
}

/// The latest work order.
#[derive(Debug, Clone)]
struct Call {
    number: u32,
    status: WorkOrderStatus,
    opened_at: Timestamp,
    worst: Severity,
    broken: BTreeMap<Unit, Broken>,
    team_found: bool,
    claims: u32,
    failures: u32,
    taken_on: bool,
    /// What it waits for, unless that is the first reaction since it was opened.
    waits: Option<(Wait, Timestamp)>,
    verified_at: Option<Timestamp>,
    /// The number of the one before, where its repair did not last.
    follows: Option<u32>,
    notes: Vec<Note>,
}

#[derive(Debug, Clone, Default)]
struct Model {
    second: i64,
    latest: Option<Call>,
    replaced: Vec<WorkOrder>,
    owed: Vec<ImpactTask>,
    /// When what is owed is looked at again.
    due_at: Option<Timestamp>,
    reopened: BTreeMap<Unit, Timestamp>,
    cleared: BTreeSet<(Timestamp, Unit, FaultCode)>,
    /// What comes of the latest transition, for whoever caused it.
    answer: Option<Result<Vec<Notice>, Refusal>>,
}

impl Call {
    fn is_open(&self) -> bool {
        self.status != Verified
    }

    fn is_proven(&self) -> bool {
        self.status == Repaired && self.broken.values().all(|it| it.passed >= 3)
    }

    fn id(&self) -> WorkOrderId {
        WorkOrderId { locker: locker_id(), number: self.number }
    }

    fn kept(&self, impact: Vec<ImpactTask>, impact_due_at: Option<Timestamp>) -> WorkOrder {
        let repair =
            |it: &Broken| UnitRepair { codes: it.codes(), openings_passed: it.passed, ..UnitRepair::default() };
        WorkOrder {
            id: self.id(),
            status: self.status,
            opened_at: self.opened_at,
            severity: self.worst,
            units: self.broken.iter().map(|(unit, it)| (*unit, repair(it))).collect(),
            team: self.team_found.then(|| (id("mainz"), id("mainz-1"))),
            people_waiting: 0,
            blast_radius: BlastRadius::default(),
            priority: priority_of(self.worst),
            skills_missing: BTreeSet::new(),
            repairs_reported: self.claims,
            repaired_by: (self.claims > 0).then(|| id("tom")),
            proofs_failed: self.failures,
            verified_at: self.verified_at,
            follows: self.follows.map(|number| WorkOrderId { locker: locker_id(), number }),
            incident: None,
            out_of_service: false,
            visit: None,
            visited_with: BTreeSet::new(),
            attempts: BTreeMap::new(),
            proof_from_afar: false,
            assigned_to: self.taken_on.then(|| id("tom")),
            clock: self.waits.map(|(wait, since)| Clock::new(wait, since)),
            notes: self.notes.clone(),
            impact,
            impact_due_at,
            expected_back: None,
            told_customers: None,
            latest_call: None,
        }
    }
}

impl Model {
    fn now(&self) -> Timestamp {
        at(self.second)
    }

    fn owe(&mut self, task: ImpactTask) {
        if !self.owed.contains(&task) {
            self.owed.push(task);
        }
        self.due_at = Some(self.now() + SignedDuration::from_mins(5));
    }

    fn say(&mut self, word: Word) -> Result<Vec<Notice>, Refusal> {
        let now = self.now();
        let call = self.latest.as_mut().ok_or(Refusal::UnknownWorkOrder)?;
        let way = WAYS.into_iter().find(|(from, said, _)| (*from, *said) == (call.status, word));
        let Some((.., to)) = way else { return Err(Refusal::wrong_state(call.status)) };
        call.status = to;
        call.notes.extend(word.note(now));
        call.taken_on = true;
        call.waits = match to {
            Acknowledged => Some((Wait::ForStart, now)),
            OnHold => Some((Wait::OnHold, now)),
            Repaired => Some((Wait::ForProof, now)),
            Open | InProgress | Verified | Cancelled => None,
        };
        if to == Repaired {
            call.claims += 1;
            call.broken.values_mut().for_each(|it| it.passed = 0);
        }
        Ok(vec![])
    }

    fn open(&mut self, opening: &TestOpening) -> Result<Vec<Notice>, Refusal> {
        let created_at = self.now();
        let call = self.latest.as_mut().ok_or(Refusal::UnknownWorkOrder)?;
        if call.id() != opening.work_order {
            return Err(Refusal::UnknownWorkOrder);
        }
        if (call.status, call.claims) != (Repaired, opening.attempt) {
            return Err(Refusal::wrong_state(call.status));
        }
        let broken = call.broken.get_mut(&opening.unit).ok_or(Refusal::UnknownCompartment)?;
        if opening.passed {
            broken.passed += 1;
            if call.is_proven() {
                self.verify();
            }
            return Ok(vec![]);
        }
        call.status = InProgress;
        call.failures += 1;
        call.waits = (call.failures % 3 == 0).then_some((Wait::ForAnotherLook, created_at));
        call.broken.values_mut().for_each(|it| it.passed = 0);
        let recipient = Recipient::Team { region: id("mainz"), team: id("mainz-1") };
        let (work_order, locker_name) = (call.id(), "mz-01".to_owned());
        let message = Message::RepairRejected { work_order, locker_name, unit: opening.unit };
        Ok(call
            .team_found
            .then(|| Notice { id: id("notice"), recipient, message, created_at, supersedes: None })
            .into_iter()
            .collect())
    }

    fn verify(&mut self) {
        let now = self.now();
        let call = self.latest.as_mut().unwrap();
        call.status = Verified;
        call.verified_at = Some(now);
        call.waits = None;
        let mut broken: Vec<(Unit, Broken)> = call.broken.clone().into_iter().collect();
        // Each door for as long as it or the locker could not be opened; then the locker with all others.
        broken.sort_by_key(|(unit, _)| *unit == Unit::Locker);
        let locker_shut = call.broken.get(&Unit::Locker).and_then(Broken::shut_since);
        for (unit, broken) in broken {
            let since = [broken.shut_since(), locker_shut].into_iter().flatten().min();
            let was_shut = since.map(|since| ShutTime { since, until: now });
            self.cleared.extend(broken.codes().into_iter().map(|code| (now, unit, code)));
            self.reopened.insert(unit, now);
            self.owe(ImpactTask::AllClear { unit, was_shut, done_to: None });
        }
    }

    fn report(&mut self, faults: &[(Unit, FaultCode)]) {
        let now = self.now();
        let mut closed = BTreeSet::new();
        let mut raised = false;
        let soon = |verified_at: Timestamp| now <= verified_at + SignedDuration::from_hours(7 * 24);
        let worst_before = self.latest.as_ref().filter(|it| it.is_open()).map(|it| it.worst);
        for (unit, code) in faults {
            let call = self.latest.as_ref().filter(|it| it.is_open());
            if call.and_then(|it| it.broken.get(unit)).is_some_and(|it| it.faults.contains_key(code)) {
                continue;
            }
            if call.is_none() {
                self.call_again();
            }
            let before = self.replaced.last().filter(|it| it.repairs_reported > 0 && it.verified_at.is_some_and(soon));
            let repaired = before.and_then(|it| it.units.get(unit)).is_some_and(|it| it.codes.contains(code));
            let follows = before.filter(|_| repaired).map(|it| it.id.number);
            let call = self.latest.as_mut().unwrap();
            call.follows = call.follows.or(follows.filter(|_| call.opened_at == now));
            let broken = call.broken.entry(*unit).or_default();
            broken.faults.insert(*code, now);
            broken.passed = 0;
            call.worst = call.worst.max(severity_of(*code));
            if call.status == Repaired {
                call.status = InProgress;
                call.waits = None;
            }
            raised = true;
            if closure_of(*code) != Closure::Nothing {
                closed.insert(*unit);
            }
        }
        if raised {
            self.owe(ImpactTask::TellTeam);
            // Worse than before: what it waits for, it waits for anew.
            let call = self.latest.as_mut().unwrap();
            if worst_before.is_some_and(|before| call.worst > before) {
                call.waits = match (call.status, call.waits) {
                    (Open, _) => Some((Wait::ForReaction, now)),
                    (_, waits) => waits.map(|(wait, _)| (wait, now)),
                };
            }
        }
        for unit in closed {
            self.owe(ImpactTask::Displace { unit, done_to: None });
        }
    }

    /// The next work order, in place of a finished one.
    fn call_again(&mut self) {
        let finished = self.latest.take();
        self.latest = Some(Call {
            number: finished.as_ref().map_or(1, |it| it.number + 1),
            status: Open,
            opened_at: self.now(),
            worst: Severity::Indeterminate,
            broken: BTreeMap::new(),
            team_found: false,
            claims: 0,
            failures: 0,
            taken_on: false,
            waits: None,
            verified_at: None,
            follows: None,
            notes: vec![],
        });
        self.replaced.extend(finished.map(|it| it.kept(vec![], None)));
    }

    fn come_back(&mut self) {
        let now = self.now();
        let Some(call) = self.latest.as_mut().filter(|it| it.is_open()) else { return };
        let Some(locker) = call.broken.get_mut(&Unit::Locker) else { return };
        if !locker.faults.contains_key(&FaultCode::NetworkLost) {
            return;
        }
        let faults: usize = call.broken.values().map(|it| it.faults.len()).sum();
        if faults == 1 {
            self.verify();
            return;
        }
        let locker = call.broken.get_mut(&Unit::Locker).unwrap();
        locker.faults.remove(&FaultCode::NetworkLost);
        if locker.faults.is_empty() {
            call.broken.remove(&Unit::Locker);
        }
        self.cleared.insert((now, Unit::Locker, FaultCode::NetworkLost));
        if call.is_proven() {
            self.reopened.insert(Unit::Locker, now);
            self.verify();
        }
    }

    /// What is left of the first thing that is owed, where there is anything.
    fn begun(first: &ImpactTask, whole: bool) -> Option<ImpactTask> {
        let done_to = Some(number(2));
        match first {
            ImpactTask::Displace { unit: Unit::Locker, done_to: None } if !whole => {
                Some(ImpactTask::Displace { unit: Unit::Locker, done_to })
            }
            ImpactTask::AllClear { unit: Unit::Locker, was_shut, done_to: None } if !whole => {
                Some(ImpactTask::AllClear { unit: Unit::Locker, was_shut: *was_shut, done_to })
            }
            ImpactTask::TellTeam
            | ImpactTask::Displace { .. }
            | ImpactTask::TellDelay { .. }
            | ImpactTask::AllClear { .. }
            | ImpactTask::TellEnd { .. }
            | ImpactTask::EndVisit { .. } => None,
        }
    }

    fn work_off(&mut self, whole: bool) {
        if self.owed.is_empty() {
            return;
        }
        let first = self.owed.remove(0);
        if first == ImpactTask::TellTeam {
            self.latest.as_mut().unwrap().team_found = true;
        }
        if let Some(rest) = Self::begun(&first, whole) {
            self.owed.insert(0, rest);
        }
        self.due_at = if self.owed.is_empty() { None } else { Some(self.now() + SignedDuration::from_mins(5)) };
    }

    /// What is wrong with a unit now.
    fn codes(&self, unit: Unit) -> BTreeSet<FaultCode> {
        let open = self.latest.as_ref().filter(|it| it.is_open());
        open.and_then(|it| it.broken.get(&unit)).map(Broken::codes).unwrap_or_default()
    }
}

/// A technician's word: mostly one that leads on.
fn any_word(status: Option<WorkOrderStatus>) -> impl Strategy<Value = Word> {
    let words = [Word::Acknowledge, Word::Start, Word::Hold, Word::ReportRepaired];
    let ways = WAYS.into_iter().filter(|(from, word, _)| Some(*from) == status && *word != Word::Hold);
    let words = ways.flat_map(|(_, word, _)| [word; 6]).chain(words);
    select(words.collect::<Vec<_>>())
}

fn any_fault() -> impl Strategy<Value = (Unit, FaultCode)> + Clone {
    let where_it_can_be =
        |(unit, code): (Unit, FaultCode)| if code.listed().whole_locker { (Unit::Locker, code) } else { (unit, code) };
    (any_unit(), select(CODES.to_vec())).prop_map(where_it_can_be)
}

/// A test opening: mostly one that was asked for, sometimes for another work order, repair or unit.
fn any_opening(model: &Model) -> impl Strategy<Value = What> + use<> {
    let (number, claims) = model.latest.as_ref().map_or((1, 0), |it| (it.number, it.claims));
    let latest = WorkOrderId { locker: locker_id(), number };
    let elsewhere = WorkOrderId { locker: id("mz-02"), number };
    let work_order = prop_oneof![
        30 => Just(latest.clone()),
        1 => Just(WorkOrderId { number: number + 1, ..latest.clone() }),
        1 => Just(WorkOrderId { number: number.saturating_sub(1), ..latest }),
        1 => Just(elsewhere),
    ];
    let attempt = prop_oneof![30 => Just(claims), 1 => Just(claims.saturating_sub(1)), 1 => Just(claims + 1)];
    // A locker that is away hardly shows that it works.
    let is_away = model.codes(Unit::Locker).contains(&FaultCode::NetworkLost);
    let broken: Vec<Unit> = model.latest.iter().flat_map(|it| it.broken.keys().copied()).collect();
    let present: Vec<Unit> = broken.into_iter().filter(|it| *it != Unit::Locker || !is_away).collect();
    let broken = if present.is_empty() { any_unit().boxed() } else { select(present).boxed() };
    let unit = prop_oneof![15 => broken, 1 => any_unit()];
    let opening = (work_order, attempt, unit, prop::bool::weighted(0.95));
    opening
        .prop_map(|(work_order, attempt, unit, passed)| What::Open(TestOpening { work_order, attempt, unit, passed }))
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Transition> {
        let status = model.latest.as_ref().map(|it| it.status);
        let openings = if status == Some(Repaired) { 60 } else { 3 };
        let reports = if matches!(status, None | Some(Verified)) { 20 } else { 2 };
        let what = prop_oneof![
            10 => any_word(status).prop_map(What::Say),
            openings => any_opening(model),
            reports => vec(any_fault(), 1..4).prop_map(What::Report),
            1 => Just(What::Report(vec![(Unit::Locker, FaultCode::NetworkLost)])),
            3 => Just(What::Return),
            3 => any::<bool>().prop_map(|whole| What::WorkOff { whole }),
        ];
        (1..4_000_i64, what).prop_map(|(wait_s, what)| Transition { wait_s, what }).boxed()
    }

    fn apply(mut model: Self, transition: &Transition) -> Self {
        model.second += transition.wait_s;
        let nobody_told = Ok(vec![]);
        let answer = match &transition.what {
            What::Say(word) => model.say(*word),
            What::Open(opening) => model.open(opening),
            What::Report(faults) => {
                model.report(faults);
                nobody_told
            }
            What::Return => {
                model.come_back();
                nobody_told
            }
            What::WorkOff { whole } => {
                model.work_off(*whole);
                nobody_told
            }
        };
        model.answer = Some(answer);
        model
    }
}

struct WorkOrders;

impl StateMachineTest for WorkOrders {
    type SystemUnderTest = Store;
    type Reference = Model;

    fn init_test(_: &Model) -> Store {
        let mut store = Store::default();
        let (locker, compartments) = new_locker("mz-01", &[Size::M; COMPARTMENTS as usize]);
        store.put(locker);
        compartments.into_iter().for_each(|it| store.put(it));
        store
    }

    fn apply(mut store: Store, model: &Model, transition: Transition) -> Store {
        let (locker, now) = (locker_id(), model.now());
        let answer = match transition.what {
            What::Say(word) => store.take_step(&locker, word.step(), now).map(|()| vec![]),
            What::Open(opening) => store.open_door(&locker, &opening, now),
            What::Report(faults) => {
                let faults = faults.into_iter().map(|(unit, code)| ReportedFault { unit, code, vendor_text: None });
                let report = FaultReport {
                    locker,
                    event: id("event"),
                    received_at: now,
                    signal: Signal::Device,
                    gone: vec![],
                    faults: faults.collect(),
                };
                Ok(store.report_faults(&report, now).1)
            }
            What::Return => {
                store.come_back(&locker, now);
                Ok(vec![])
            }
            What::WorkOff { whole } => {
                work_off(&mut store, whole, now);
                Ok(vec![])
            }
        };
        assert_eq!(Some(answer), model.answer);
        store
    }

    fn check_invariants(store: &Store, model: &Model) {
        let latest = model.latest.as_ref().map(|it| it.kept(model.owed.clone(), model.due_at));
        assert_eq!(store.work_order(&locker_id()), latest);
        let (mut replaced, mut cleared) = (vec![], BTreeSet::new());
        for state in store.states() {
            match state {
                State::ArchivedWorkOrder(it) => replaced.push(it.clone()),
                State::FaultRecord(it) => drop(cleared.insert((it.cleared_at, it.unit, it.code))),
                State::Locker(it) => {
                    assert_eq!(it.faults.keys().copied().collect::<BTreeSet<_>>(), model.codes(Unit::Locker));
                    assert_eq!(it.reopened_at, model.reopened.get(&Unit::Locker).copied());
                }
                State::Compartment(it) => {
                    let unit = Unit::Compartment(it.number);
                    assert_eq!(it.faults.keys().copied().collect::<BTreeSet<_>>(), model.codes(unit));
                    assert_eq!(it.reopened_at, model.reopened.get(&unit).copied());
                }
                State::WorkOrder(_) => {}
                other => panic!("nobody asked for {other:?}"),
            }
        }
        assert_eq!(cleared, model.cleared);
        replaced.sort_by_key(|it| it.id.number);
        assert_eq!(replaced, model.replaced);
    }
}

/// Does what the follow-up of a work order does to the work order itself.
fn work_off(store: &mut Store, whole: bool, now: Timestamp) {
    let Some(mut work_order) = store.work_order(&locker_id()) else { return };
    let Some(first) = work_order.impact.first().cloned() else { return };
    if first == ImpactTask::TellTeam {
        work_order.team = Some((id("mainz"), id("mainz-1")));
    }
    work_order.advance_impact(Model::begun(&first, whole), now);
    store.put(work_order);
}

prop_state_machine! {
    #[test]
    fn a_work_order_moves_as_its_technicians_say_and_reopens_what_the_doors_themselves_prove(
        sequential 1..80 => WorkOrders
    );
}

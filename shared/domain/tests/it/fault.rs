//! Faults of one locker, from their reports to their proven repairs: new and repeated, late and reordered, of units
//! that exist and of some that do not, and more of them than one repair takes on.
//!
//! The model is a set of open faults and a pile of past ones. It knows no work order but by what was open when.

use std::collections::{BTreeMap, BTreeSet};

use domain::compartment::{Compartment, Health};
use domain::fault::{
    Closure, FaultCode, FaultRecord, FaultReport, OpenFault, OpenFaults, ReportedFault, Severity, Unit,
};
use domain::id::{LockerId, WorkOrderId};
use domain::locker::{FaultOutcome, Locker};
use domain::size::Size;
use domain::suspicion::Signal;
use domain::{SignedDuration, State, StateKey, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::support::*;

const COMPARTMENTS: u16 = 8;

/// How many faults one repair takes on: one commit has room for no more.
const REPAIRED_AT_ONCE: usize = 40;

fn locker_id() -> LockerId {
    id("mz-01")
}

fn units() -> impl Iterator<Item = Unit> {
    [Unit::Locker].into_iter().chain((1..=COMPARTMENTS).map(unit))
}

#[derive(Debug, Clone)]
struct Transition {
    wait_s: i64,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    /// A report arrives, and is judged that many seconds later.
    Report { faults: Vec<ReportedFault>, late_by_s: i64 },
    /// A technician says that the work is done.
    Claim,
    /// The work is done, and every unit shows it.
    Repair,
    /// The locker is back on the network.
    Return,
}

#[derive(Debug, Clone)]
struct Fault {
    raised_at: Timestamp,
    last_at: Timestamp,
    occurrences: u32,
    words: Option<String>,
    work_order: u32,
}

/// What one call of a team was for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    faults: BTreeSet<(Unit, FaultCode)>,
    worst: Severity,
    open: bool,
}

#[derive(Debug, Clone, Default)]
struct Model {
    second: i64,
    transitions: i64,
    open: BTreeMap<(Unit, FaultCode), Fault>,
    past: Vec<(Unit, FaultCode, Fault, Timestamp)>,
    reopened: BTreeMap<Unit, Timestamp>,
    calls: BTreeMap<u32, Call>,
    /// What the latest report is answered.
    answer: Option<FaultOutcome>,
}

impl Model {
    /// So many seconds ago. No two messages arrive at the same moment.
    fn ago(&self, seconds: i64) -> Timestamp {
        at(self.second - seconds) + SignedDuration::from_millis(self.transitions)
    }

    fn now(&self) -> Timestamp {
        self.ago(0)
    }

    fn report(&mut self, faults: &[ReportedFault], received_at: Timestamp) -> FaultOutcome {
        let mut answer = FaultOutcome::default();
        for ReportedFault { unit, code, vendor_text } in faults {
            if !units().any(|it| it == *unit) {
                answer.unknown.push(*unit);
                continue;
            }
            if self.reopened.get(unit).is_some_and(|reopened| received_at <= *reopened) {
                answer.outdated.push((*unit, *code));
                continue;
            }
            let full = self.open.len() >= REPAIRED_AT_ONCE && !self.open.contains_key(&(*unit, *code));
            let fault = (if full { Unit::Locker } else { *unit }, *code);
            if let Some(open) = self.open.get_mut(&fault) {
                open.occurrences += 1;
                open.last_at = open.last_at.max(received_at);
                answer.repeated.push(fault);
            } else {
                let words = vendor_text.clone();
                let work_order = self.call_for(fault);
                let first = Fault { raised_at: received_at, last_at: received_at, occurrences: 1, words, work_order };
                self.open.insert(fault, first);
                answer.raised.push(fault);
            }
        }
        answer
    }

    /// The number of the work order a new fault belongs to: the one that is open, or the next.
    fn call_for(&mut self, fault: (Unit, FaultCode)) -> u32 {
        let latest = self.calls.last_key_value().map(|(number, call)| (*number, call.open));
        let number = match latest {
            Some((number, true)) => number,
            Some((number, false)) => number + 1,
            None => 1,
        };
        let nothing = Call { faults: BTreeSet::new(), worst: Severity::Indeterminate, open: true };
        let call = self.calls.entry(number).or_insert(nothing);
        call.faults.insert(fault);
        call.worst = call.worst.max(severity_of(fault.1));
        number
    }

    fn end(&mut self, fault: (Unit, FaultCode)) {
        let ended = self.open.remove(&fault).unwrap();
        self.past.push((fault.0, fault.1, ended, self.now()));
    }

    fn repair(&mut self) {
        let now = self.now();
        for fault in self.open.keys().copied().collect::<Vec<_>>() {
            self.end(fault);
            self.reopened.insert(fault.0, now);
        }
        for call in self.calls.values_mut() {
            call.open = false;
        }
    }

    fn come_back(&mut self) {
        let outage = (Unit::Locker, FaultCode::NetworkLost);
        if !self.open.contains_key(&outage) {
            return;
        }
        if self.open.len() == 1 {
            self.repair();
            return;
        }
        self.end(outage);
        let mut latest = self.calls.last_entry().unwrap();
        latest.get_mut().faults.remove(&outage);
    }

    fn closure(&self, unit: Unit) -> Closure {
        let codes = self.open.keys().filter(|fault| fault.0 == unit);
        codes.map(|fault| closure_of(fault.1)).max().unwrap_or(Closure::Nothing)
    }

    fn faults(&self, unit: Unit) -> OpenFaults {
        let of_unit = self.open.iter().filter(|(fault, _)| fault.0 == unit);
        of_unit.map(|(fault, open)| (fault.1, open.kept())).collect()
    }

    /// Every state there should be, but for work orders.
    fn states(&self) -> BTreeMap<StateKey, State> {
        let (locker, compartments) = new_locker("mz-01", &[Size::M; COMPARTMENTS as usize]);
        let reopened_at = |unit| self.reopened.get(&unit).copied();
        let compartments = compartments.into_iter().map(|it| {
            let unit = Unit::Compartment(it.number);
            State::from(Compartment { faults: self.faults(unit), reopened_at: reopened_at(unit), ..it })
        });
        let records = self.past.iter().map(|(unit, code, fault, cleared_at)| {
            let (locker, fault) = (locker_id(), fault.kept());
            State::from(FaultRecord::cleared(locker, *unit, *code, fault, *cleared_at))
        });
        let locker =
            Locker { faults: self.faults(Unit::Locker), reopened_at: reopened_at(Unit::Locker), ..locker.clone() };
        let states = compartments.chain(records).chain([locker.into()]);
        states.map(|state| (state.key(), state)).collect()
    }
}

impl Fault {
    fn kept(&self) -> OpenFault {
        OpenFault {
            raised_at: self.raised_at,
            last_at: self.last_at,
            occurrences: self.occurrences,
            vendor_text: self.words.clone(),
            work_order: WorkOrderId { locker: locker_id(), number: self.work_order },
            gone_at: None,
        }
    }
}

/// A fault of a unit that exists or, now and then, of one that does not.
fn any_fault() -> impl Strategy<Value = ReportedFault> {
    let unit = prop_oneof![2 => Just(Unit::Locker), 16 => (1..=COMPARTMENTS).prop_map(unit), 1 => Just(unit(99))];
    let vendor_text = prop_oneof![3 => Just(None), 1 => "E-[0-9]".prop_map(Some)];
    // Those that are certain at once: what has to be stable first has tests of its own.
    let code = prop::sample::select(FaultCode::ALL.into_iter().filter(|it| !it.comes_and_goes()).collect::<Vec<_>>());
    (unit, code, vendor_text).prop_map(|(unit, code, vendor_text)| {
        let unit = if code.listed().whole_locker { Unit::Locker } else { unit };
        ReportedFault { unit, code, vendor_text }
    })
}

fn any_report(faults: usize) -> impl Strategy<Value = What> {
    let late_by_s = prop_oneof![3 => Just(0), 1 => 1..10_000_i64];
    (vec(any_fault(), 1..=faults), late_by_s).prop_map(|(mut faults, late_by_s)| {
        // That a locker is gone is found by the network itself, at that moment.
        if late_by_s > 0 {
            faults.retain(|it| (it.unit, it.code) != (Unit::Locker, FaultCode::NetworkLost));
        }
        What::Report { faults, late_by_s }
    })
}

fn any_outage() -> impl Strategy<Value = What> {
    let lost = ReportedFault { unit: Unit::Locker, code: FaultCode::NetworkLost, vendor_text: None };
    Just(What::Report { faults: vec![lost], late_by_s: 0 })
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::default()).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Transition> {
        let what = prop_oneof![
            6 => any_report(3),
            2 => any_report(40),
            1 => Just(What::Claim),
            2 => Just(What::Repair),
            1 => any_outage(),
            2 => Just(What::Return),
        ];
        let wait_s = prop_oneof![Just(0), 1..5_000_i64];
        (wait_s, what).prop_map(|(wait_s, what)| Transition { wait_s, what }).boxed()
    }

    fn apply(mut model: Self, transition: &Transition) -> Self {
        model.second += transition.wait_s;
        model.transitions += 1;
        model.answer = None;
        match &transition.what {
            What::Report { faults, late_by_s } => {
                let received_at = model.ago(*late_by_s);
                model.answer = Some(model.report(faults, received_at));
            }
            What::Claim => {}
            What::Repair => model.repair(),
            What::Return => model.come_back(),
        }
        model
    }
}

struct Faults;

impl StateMachineTest for Faults {
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
        match transition.what {
            What::Report { faults, late_by_s } => {
                let report = FaultReport {
                    locker,
                    event: id("event"),
                    received_at: model.ago(late_by_s),
                    signal: Signal::Device,
                    gone: vec![],
                    faults,
                };
                let (answer, told) = store.report_faults(&report, now);
                assert_eq!((Some(answer), told), (model.answer.clone(), vec![]));
            }
            What::Claim => store.claim_repair(&locker, now),
            What::Repair => store.repair(&locker, now),
            What::Return => store.come_back(&locker, now),
        }
        store
    }

    fn check_invariants(store: &Store, model: &Model) {
        let mut calls = BTreeMap::new();
        let mut others = BTreeMap::new();
        for state in store.states() {
            match state {
                State::WorkOrder(it) | State::ArchivedWorkOrder(it) => {
                    let faults =
                        it.units.iter().flat_map(|(unit, repair)| repair.codes.iter().map(|code| (*unit, *code)));
                    let call = Call { faults: faults.collect(), worst: it.severity, open: it.is_open() };
                    assert_eq!(calls.insert(it.id.number, call), None);
                }
                // The model does not know what ended by itself; nobody but this technician can have repaired it.
                State::FaultRecord(it) => {
                    assert!(it.cleared_by.as_ref().is_none_or(|by| *by == id("tom")));
                    let record = FaultRecord { cleared_by: None, ..it.clone() };
                    others.insert(state.key(), State::FaultRecord(record));
                }
                other => drop(others.insert(other.key(), other.clone())),
            }
        }
        assert_eq!(calls, model.calls);
        assert_eq!(others, model.states());
        check_doors(store, model);
    }
}

/// What is closed is what the open faults close, and nothing else.
fn check_doors(store: &Store, model: &Model) {
    let locker = store.locker(&locker_id());
    let whole = model.closure(Unit::Locker);
    assert_eq!(locker.bookable(), whole == Closure::Nothing);
    for compartment in store.compartments(&locker.id) {
        let own = model.closure(Unit::Compartment(compartment.number));
        let health = if own == Closure::Nothing { Health::Ok } else { Health::Faulted };
        assert_eq!(compartment.health(), health);
        assert_eq!(compartment.bookable(), own == Closure::Nothing);
        assert_eq!(compartment.open_for_pickups(&locker), own.max(whole) != Closure::DepositsAndPickups);
    }
}

prop_state_machine! {
    #[test]
    fn a_fault_is_open_once_until_the_proof_of_its_one_work_order_and_closes_what_its_code_says(
        sequential 1..40 => Faults
    );
}

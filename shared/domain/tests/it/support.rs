//! What the models share: a store that commits as the table does, small states to start from, and what the published
//! list says of a fault code.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use domain::compartment::Compartment;
use domain::decision::Decision;
use domain::fault::{Closure, FaultCode, FaultReport, OpenFaults, Severity, Unit};
use domain::id::{CompartmentNumber, LockerId, WorkOrderId};
use domain::locker::{Build, FaultOutcome, FaultScene, Locker, report_faults};
use domain::notice::Notice;
use domain::place::Position;
use domain::service::LockerService;
use domain::size::Size;
use domain::suspicion::{ChecksOfUnit, Suspicions};
use domain::work_order::{RepairScene, Step, TestOpening, WorkOrder, WorkOrderStatus};
use domain::work_order::{prove_network, record_test_opening, take_step};
use domain::{Refusal, State, StateKey, Timestamp};

/// Seconds after the moment a history begins.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub fn id<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

pub fn number(number: u16) -> CompartmentNumber {
    number.try_into().unwrap()
}

pub fn unit(of: u16) -> Unit {
    Unit::Compartment(number(of))
}

/// A new locker with one compartment of each of these sizes, numbered from 1.
pub fn new_locker(name: &str, sizes: &[Size]) -> (Locker, Vec<Compartment>) {
    let locker = Locker {
        id: id(name),
        name: name.to_owned(),
        position: Position { latitude_e6: 50_001_300, longitude_e6: 8_258_800 },
        region: id("mainz"),
        sizes: sizes.iter().map(|size| (*size, 1)).collect(),
        measures: Default::default(),
        service: LockerService::default(),
        build: Build::default(),
        site: None,
        faults: OpenFaults::new(),
        suspicions: Suspicions::new(),
        checks: ChecksOfUnit::new(),
        reopened_at: None,
    };
    let compartments = (1..).zip(sizes).map(|(of, size)| Compartment::new(locker.id.clone(), number(of), *size));
    let compartments = compartments.collect();
    (locker, compartments)
}

/// What a code closes, by the published list.
pub fn closure_of(code: FaultCode) -> Closure {
    use FaultCode::*;
    match code {
        DisplayFault | NetworkWeak | ClockSkew => Closure::Nothing,
        DoorNotClosing | DoorSensorImplausible | OccupancyMismatch => Closure::Deposits,
        CompartmentDirtyOrDamaged | NetworkLost | VendorOther => Closure::Deposits,
        PowerLoss | ControllerFault | ReaderFault | OverTemperature => Closure::DepositsAndPickups,
        LockJammed | DoorForced | Tamper => Closure::DepositsAndPickups,
    }
}

/// How bad a code is, by the published list.
pub fn severity_of(code: FaultCode) -> Severity {
    use FaultCode::*;
    match code {
        VendorOther => Severity::Indeterminate,
        NetworkWeak | ClockSkew => Severity::Warning,
        ReaderFault | DisplayFault | DoorSensorImplausible => Severity::Minor,
        OccupancyMismatch | CompartmentDirtyOrDamaged => Severity::Minor,
        LockJammed | DoorNotClosing | NetworkLost => Severity::Major,
        PowerLoss | ControllerFault | DoorForced | Tamper | OverTemperature => Severity::Critical,
    }
}

/// Everything that is kept, as the table keeps it.
#[derive(Debug, Clone, Default)]
pub struct Store(BTreeMap<StateKey, State>);

impl Store {
    pub fn put(&mut self, state: impl Into<State>) {
        let state = state.into();
        self.0.insert(state.key(), state);
    }

    pub fn get<T: TryFrom<State>>(&self, key: StateKey) -> Option<T> {
        T::try_from(self.0.get(&key)?.clone()).ok()
    }

    pub fn states(&self) -> impl Iterator<Item = &State> {
        self.0.values()
    }

    pub fn locker(&self, id: &LockerId) -> Locker {
        self.get(StateKey::Locker(id.clone())).unwrap()
    }

    pub fn compartment(&self, locker: &LockerId, of: u16) -> Option<Compartment> {
        self.get(StateKey::Compartment(locker.clone(), number(of)))
    }

    pub fn compartments(&self, of: &LockerId) -> Vec<Compartment> {
        self.states()
            .filter_map(|state| match state {
                State::Compartment(it) if it.locker == *of => Some(it.clone()),
                _ => None,
            })
            .collect()
    }

    pub fn work_order(&self, locker: &LockerId) -> Option<WorkOrder> {
        self.get(StateKey::WorkOrder(locker.clone()))
    }

    /// Commits a decision, and says what was answered and who was told. It has to be one that the table would take:
    /// each state once, nothing that is final written a second time, no more actions than fit.
    pub fn commit<A>(&mut self, decision: Decision<A>) -> (A, Vec<Notice>) {
        let mut changed: Vec<StateKey> = Vec::new();
        for name in &decision.unchanged {
            assert!(self.0.contains_key(name), "{name:?} has to stay as it was and does not exist");
        }
        for state in decision.changes {
            let name = state.key();
            assert!(!changed.contains(&name), "{name:?} is changed twice at once");
            if matches!(state, State::FaultRecord(_) | State::ArchivedWorkOrder(_) | State::Delivery(_)) {
                assert!(!self.0.contains_key(&name), "{name:?} is written a second time");
            }
            self.0.insert(name.clone(), state);
            changed.push(name);
        }
        let checked = decision.unchanged.iter().filter(|name| !changed.contains(name)).count();
        let history = 1;
        assert!(changed.len() + checked + decision.notices.len() + history <= 100, "{} changes", changed.len());
        (decision.answer, decision.notices)
    }

    /// Faults of a locker, as a device or the network reports them. Says what became of each, and who was told.
    pub fn report_faults(&mut self, report: &FaultReport, now: Timestamp) -> (FaultOutcome, Vec<Notice>) {
        let is_named = |it: &Compartment| report.faults.iter().any(|fault| fault.unit == Unit::Compartment(it.number));
        let scene = FaultScene {
            locker: self.get(StateKey::Locker(report.locker.clone())),
            compartments: self.compartments(&report.locker).into_iter().filter(is_named).collect(),
            work_order: self.work_order(&report.locker),
        };
        self.commit(report_faults(scene, report, now).unwrap())
    }

    fn repair_scene(&self, locker: &LockerId) -> Option<RepairScene> {
        let work_order = self.work_order(locker)?;
        let named = work_order.compartments().into_iter();
        let compartments = named.map(|name| self.get(name).unwrap()).collect();
        Some(RepairScene { work_order, locker: self.locker(locker), compartments })
    }

    /// A technician's word about the locker's latest work order.
    pub fn take_step(&mut self, locker: &LockerId, step: Step, now: Timestamp) -> Result<(), Refusal> {
        let work_order = self.work_order(locker).ok_or(Refusal::UnknownWorkOrder)?;
        self.commit(take_step(work_order, step, id("tom"), now)?);
        Ok(())
    }

    /// A test opening, as a device reports it. Says who was told.
    pub fn open_door(
        &mut self,
        locker: &LockerId,
        opening: &TestOpening,
        now: Timestamp,
    ) -> Result<Vec<Notice>, Refusal> {
        let scene = self.repair_scene(locker).ok_or(Refusal::UnknownWorkOrder)?;
        Ok(self.commit(record_test_opening(scene, opening, id("notice"), now)?).1)
    }

    /// The locker is back on the network.
    pub fn come_back(&mut self, locker: &LockerId, now: Timestamp) {
        let decision = self.repair_scene(locker).and_then(|scene| prove_network(scene, now));
        if let Some(decision) = decision {
            self.commit(decision);
        }
    }

    /// A technician says that the latest work order is done, where it is not said already.
    pub fn claim_repair(&mut self, locker: &LockerId, now: Timestamp) {
        let status = |store: &Self| store.work_order(locker).map(|it| it.status);
        if matches!(status(self), Some(WorkOrderStatus::Open)) {
            self.take_step(locker, Step::Start, now).unwrap();
        }
        if matches!(status(self), Some(WorkOrderStatus::InProgress)) {
            let step = Step::ReportRepaired { note: "done".to_owned(), parts: vec![], references: vec![] };
            self.take_step(locker, step, now).unwrap();
        }
    }

    /// Has the latest work order of a locker repaired, and every door of it opened three times, where it is open.
    pub fn repair(&mut self, locker: &LockerId, now: Timestamp) {
        self.claim_repair(locker, now);
        let Some(claimed) = self.work_order(locker).filter(WorkOrder::is_open) else { return };
        for unit in claimed.units.keys() {
            for _ in 0..3 {
                let work_order: WorkOrderId = claimed.id.clone();
                let opening = TestOpening { work_order, attempt: claimed.repairs_reported, unit: *unit, passed: true };
                self.open_door(locker, &opening, now).unwrap();
            }
        }
    }
}

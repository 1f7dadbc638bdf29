//! Small states to start tests from.

use crate::calendar::Calendar;
use crate::case::{Case, CaseSeverity, CaseStatus, Category, Cause, Evidence, Owner};
use crate::compartment::{Compartment, Occupancy};
use crate::delivery::{Delivery, Standing};
use crate::fault::{FaultCode, FaultReport, OpenFault, OpenFaults, ReportedFault, Unit};
use crate::feedback::{Ratings, Submission};
use crate::id::{CompartmentNumber, EventId, LockerId, PersonId, WorkOrderId};
use crate::locker::{Build, Locker};
use crate::notice::{Message, Notice};
use crate::order::{Incident, Order, OrderStatus, Room};
use crate::place::{Place, Position};
use crate::service::LockerService;
use crate::size::Size;
use crate::suspicion::{Checks, ChecksOfUnit, Signal, Suspicions};
use crate::triage::Ground;
use crate::work_order::{WorkOrder, WorkOrderStatus};
use crate::{SignedDuration, StateKey, Timestamp};

/// Seconds after the moment tests begin.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// What is going on, where a test is about one event.
pub fn event() -> EventId {
    id("event-1")
}

pub fn locker_id() -> LockerId {
    id("mz-01")
}

pub fn locker() -> Locker {
    Locker {
        id: locker_id(),
        name: "Hauptbahnhof".to_owned(),
        position: Position { latitude_e6: 50_001_300, longitude_e6: 8_258_800 },
        region: id("mainz"),
        sizes: vec![(Size::S, 10), (Size::M, 10), (Size::L, 4)],
        measures: Default::default(),
        service: LockerService::default(),
        build: Build::default(),
        site: None,
        faults: OpenFaults::new(),
        suspicions: Suspicions::new(),
        checks: ChecksOfUnit::new(),
        reopened_at: None,
    }
}

pub fn number(number: u16) -> CompartmentNumber {
    number.try_into().unwrap()
}

pub fn unit(of: u16) -> Unit {
    Unit::Compartment(number(of))
}

pub fn compartment(of: u16) -> Compartment {
    Compartment::new(locker_id(), number(of), Size::M)
}

pub fn locker_key() -> StateKey {
    StateKey::Locker(locker_id())
}

pub fn compartment_key(of: u16) -> StateKey {
    StateKey::Compartment(locker_id(), number(of))
}

pub fn place(of: u16) -> Place {
    Place::Compartment { locker: locker_id(), compartment: number(of) }
}

/// The first compartment of another locker, which is named as its id is.
pub fn room(locker_name: &str) -> Room {
    let other = Locker { id: id(locker_name), name: locker_name.to_owned(), ..locker() };
    Room { compartment: Compartment::new(other.id.clone(), number(1), Size::M), locker: other }
}

pub fn customer() -> PersonId {
    id("anna")
}

pub fn driver() -> PersonId {
    id("dirk")
}

/// An order that is on its way to a compartment of [`locker`].
pub fn order(name: &str, compartment: u16) -> Order {
    Order {
        id: id(name),
        customer: customer(),
        size: Size::M,
        parcel: None,
        reachable: false,
        bundle: None,
        status: OrderStatus::Placed,
        place: place(compartment),
        place_epoch: 1,
        placed_at: at(0),
        promised_at: None,
        held_until: Some(at(0) + hours(72)),
        hold_extended: SignedDuration::ZERO,
        expired_at: None,
        look_again_at: None,
        driver: None,
        deposited_at: None,
        pickup_deadline: None,
        pickup_stopped_at: None,
        pickup_settled: Vec::new(),
        pickup_owed: SignedDuration::ZERO,
        pickup_extended: SignedDuration::ZERO,
        recovery: None,
        collected_at: None,
        incidents: Vec::new(),
        displaced_from: None,
        undo: None,
        latest_notice: None,
    }
}

/// What a customer, the only one of these tests, is told because of [`event`].
pub fn told(message: Message, now: Timestamp) -> Notice {
    Notice::to_person(&customer(), message, &event(), now)
}

pub fn work_order_id(number: u32) -> WorkOrderId {
    WorkOrderId { locker: locker_id(), number }
}

/// An open fault of work order 1.
pub fn open_fault(raised_at: Timestamp) -> OpenFault {
    OpenFault {
        raised_at,
        last_at: raised_at,
        occurrences: 1,
        vendor_text: None,
        work_order: work_order_id(1),
        gone_at: None,
    }
}

/// Work order 1, as its first faults have left it.
pub fn work_order(status: WorkOrderStatus, faults: &[(Unit, FaultCode)]) -> WorkOrder {
    let (mut work_order, _) = WorkOrder::open_or_next(&locker_id(), None, at(0));
    for (unit, code) in faults {
        work_order.add_fault(*unit, *code);
    }
    if !faults.is_empty() {
        work_order.weigh(work_order.blast_radius, at(0));
    }
    let repairs_reported = u32::from(matches!(status, WorkOrderStatus::Repaired | WorkOrderStatus::Verified));
    WorkOrder { status, team: Some((id("mainz"), id("mainz-mechanics"))), repairs_reported, ..work_order }
}

/// What a device reports, as it arrives at that second.
pub fn report(second: i64, faults: &[(Unit, FaultCode)]) -> FaultReport {
    let faults = faults.iter().map(|(unit, code)| ReportedFault { unit: *unit, code: *code, vendor_text: None });
    FaultReport {
        locker: locker_id(),
        event: event(),
        received_at: at(second),
        signal: Signal::Device,
        faults: faults.collect(),
        gone: vec![],
    }
}

/// What checks of a condition have said, one after the other: that it was seen, or gone at that second.
pub fn checks(code: FaultCode, said: &[Option<i64>]) -> ChecksOfUnit {
    let mut checks = Checks::default();
    for said in said {
        match said {
            None => checks.see(),
            Some(second) => checks.see_no_more(at(*second)),
        }
    }
    [(code, checks)].into()
}

pub fn incident(unit: Unit, code: FaultCode, from: i64, until: Option<i64>) -> Incident {
    let (from, until) = (at(from), until.map(at));
    Incident { locker: locker_id(), unit, code, work_order: work_order_id(1), from, until }
}

/// What [`driver`] delivered with order `o1`.
pub fn delivery() -> Delivery {
    Delivery {
        order: id("o1"),
        driver: driver(),
        delivered_at: at(60),
        promised_at: None,
        standing: Standing::Counted,
        charged_case: None,
    }
}

pub fn ratings(delivery: u8, condition: u8, punctuality: u8, driver: u8) -> Ratings {
    let [delivery, condition, punctuality, driver] =
        [delivery, condition, punctuality, driver].map(|stars| stars.try_into().unwrap());
    Ratings { delivery, condition, punctuality, driver }
}

/// When support works.
pub fn support() -> Calendar {
    "rheinland_pfalz Mon-Fri 08:00-18:00".parse().unwrap()
}

/// A bad rating with its reasons.
pub fn bad_for(reasons: &[Category]) -> Submission {
    Submission {
        ratings: ratings(2, 5, 5, 5),
        reasons: reasons.iter().copied().collect(),
        text: String::new(),
        answer_wanted: false,
    }
}

/// A complaint about order `o1`, which [`driver`] delivered.
pub fn case(status: CaseStatus, evidence: Vec<Evidence>) -> Case {
    Case {
        id: id("C-1"),
        order: id("o1"),
        customer: customer(),
        driver: Some(driver()),
        category: Category::Delay,
        further: vec![],
        unsure: false,
        grounds: vec![
            Ground::Named { category: Category::Delay },
            Ground::Said { category: Category::Delay, words: "late".to_owned(), from: 7, until: 11 },
        ],
        sorted_by: None,
        severity: CaseSeverity::Minor,
        text: "It was late.".to_owned(),
        status,
        owner: Owner::Support,
        region: None,
        team: None,
        received_at: at(100),
        answer_due_at: support().due(at(100), hours(10)),
        update_due_at: Some(support().due(at(100), hours(50))),
        solution_due_at: Some(support().due(at(100), hours(100))),
        heard_at: None,
        missed: vec![],
        added: vec![],
        questions: vec![],
        proposed_cause: Cause::Unknown,
        evidence,
        hearing: None,
        decision: None,
        contest: None,
        closed_at: None,
        reopenings: vec![],
        joined_into: None,
        joined: Default::default(),
    }
}

impl Compartment {
    pub fn faulted(self, code: FaultCode) -> Self {
        self.faulted_since(0, code)
    }

    pub fn faulted_since(mut self, second: i64, code: FaultCode) -> Self {
        self.faults.insert(code, open_fault(at(second)));
        self
    }

    pub fn reserved_for(self, order: &str) -> Self {
        Self { occupancy: Occupancy::Reserved { order: id(order) }, ..self }
    }

    /// The same once something went in or out.
    pub fn changed(self, second: i64) -> Self {
        Self { contents_changed_at: Some(at(second)), ..self }
    }

    pub fn occupied_by(self, order: &str) -> Self {
        Self { occupancy: Occupancy::Occupied { order: id(order) }, ..self }
    }
}

impl Locker {
    pub fn faulted(self, code: FaultCode) -> Self {
        self.faulted_since(0, code)
    }

    pub fn faulted_since(mut self, second: i64, code: FaultCode) -> Self {
        self.faults.insert(code, open_fault(at(second)));
        self
    }
}

impl Order {
    pub fn deposited(self, second: i64) -> Self {
        Self {
            status: OrderStatus::Deposited,
            deposited_at: Some(at(second)),
            pickup_deadline: Some(at(second) + hours(72)),
            ..self
        }
    }

    /// The same once its customer is to be told this.
    pub fn told(self, notice: &Notice) -> Self {
        Self { latest_notice: Some(notice.id.clone()), ..self }
    }
}

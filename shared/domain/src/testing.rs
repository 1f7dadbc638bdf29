//! Small states to start tests from.

use crate::Timestamp;
use crate::compartment::Compartment;
use crate::fault::{FaultCode, OpenFault, OpenFaults};
use crate::id::{LockerId, PersonId, WorkOrderId};
use crate::locker::Locker;
use crate::order::{Order, OrderStatus};
use crate::place::{Place, Position};
use crate::size::Size;

/// Seconds after the moment tests begin.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
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
        faults: OpenFaults::new(),
        reopened_at: None,
    }
}

pub fn compartment(number: u16) -> Compartment {
    Compartment::new(locker_id(), number.try_into().unwrap(), Size::M)
}

pub fn customer() -> PersonId {
    id("anna")
}

/// An order that is on its way to a compartment of [`locker`].
pub fn order(name: &str, number: u16) -> Order {
    Order {
        id: id(name),
        customer: customer(),
        size: Size::M,
        status: OrderStatus::Placed,
        place: Place::Compartment { locker: locker_id(), compartment: number.try_into().unwrap() },
        place_epoch: 1,
        placed_at: at(0),
        promised_at: None,
        driver: None,
        deposited_at: None,
        pickup_deadline: None,
        pickup_stopped_at: None,
        collected_at: None,
        incidents: Vec::new(),
    }
}

fn open_fault() -> OpenFault {
    OpenFault {
        raised_at: at(0),
        last_at: at(0),
        occurrences: 1,
        vendor_text: None,
        work_order: WorkOrderId { locker: locker_id(), number: 1 },
    }
}

impl Compartment {
    pub fn faulted(mut self, code: FaultCode) -> Self {
        self.faults.insert(code, open_fault());
        self
    }
}

impl Locker {
    pub fn faulted(mut self, code: FaultCode) -> Self {
        self.faults.insert(code, open_fault());
        self
    }
}

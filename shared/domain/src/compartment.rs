//! One compartment: what is in it, whether it works, what people decided about it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::fault::{Closure, FaultCode, OpenFaults, closed_by};
use crate::id::{CompartmentNumber, LockerId, OrderId};
use crate::locker::Locker;
use crate::size::Size;
use crate::suspicion::{self, ChecksOfUnit, Suspicions};

/// What is inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Occupancy {
    Free,
    /// Held for one order that is on its way.
    Reserved {
        order: OrderId,
    },
    /// Holds one order's parcel.
    Occupied {
        order: OrderId,
    },
    /// The device and the records disagree. What the records say is not forgotten: the order that was to be inside, or
    /// on its way.
    Unknown {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recorded: Option<OrderId>,
    },
}

/// Whether it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Ok,
    /// Nobody is certain: it takes no new orders, and gives and takes the parcels it is meant for.
    Suspected,
    Faulted,
}

/// What people decided about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    InService,
    /// Pickups yes, new bookings no.
    Draining,
    /// Nothing in, nothing out.
    Blocked,
    /// Gone for good.
    Decommissioned,
}

/// A compartment of a locker. Its three axes are kept; what follows from them is computed, never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compartment {
    pub locker: LockerId,
    pub number: CompartmentNumber,
    pub size: Size,
    /// How high above the ground its handle is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handle_height_mm: Option<u16>,
    pub occupancy: Occupancy,
    pub service: Service,
    /// Since when people have it so, where they ever decided about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_since: Option<Timestamp>,
    /// The open faults. Empty means its health is ok.
    #[serde(default)]
    pub faults: OpenFaults,
    /// What may be broken.
    #[serde(default, skip_serializing_if = "Suspicions::is_empty")]
    pub suspicions: Suspicions,
    /// What the latest checks of conditions that come and go have said.
    #[serde(default, skip_serializing_if = "ChecksOfUnit::is_empty")]
    pub checks: ChecksOfUnit,
    /// When a proven repair last reopened it: reports that arrived before then are history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Timestamp>,
    /// When a parcel last went in or out, or somebody looked: what a device believed before then is history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents_changed_at: Option<Timestamp>,
    /// The order that lost this place, and whose customer was asked for another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_by: Option<Lost>,
}

/// An order that lost its place, at which of its moves: as long as that is the latest, its customer has not answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    pub order: OrderId,
    pub place_epoch: u32,
}

/// At which heights above the ground a handle is reachable from a wheelchair, in millimetres: 15 to 48 inches, the
/// range for an unobstructed reach to the front of the 2010 ADA Standards for Accessible Design, 308.2.1.
pub const REACHABLE_MM: RangeInclusive<u16> = 380..=1_220;

impl Compartment {
    /// A new compartment, empty and in service.
    pub fn new(locker: LockerId, number: CompartmentNumber, size: Size) -> Self {
        Self {
            locker,
            number,
            size,
            handle_height_mm: None,
            occupancy: Occupancy::Free,
            service: Service::InService,
            service_since: None,
            faults: OpenFaults::new(),
            suspicions: Suspicions::new(),
            checks: ChecksOfUnit::new(),
            reopened_at: None,
            contents_changed_at: None,
            lost_by: None,
        }
    }

    /// Whether its door is reachable from a wheelchair. Where nobody has measured, nothing is promised.
    pub fn reachable(&self) -> bool {
        self.handle_height_mm.is_some_and(|height_mm| REACHABLE_MM.contains(&height_mm))
    }

    /// Whether it works, from its open faults: one that closes nothing leaves it ok.
    pub fn health(&self) -> Health {
        match self.closed_by() {
            Some(_) => Health::Faulted,
            None if suspicion::closes_anything(&self.suspicions) => Health::Suspected,
            None => Health::Ok,
        }
    }

    /// The fault that closes it, and what it closes.
    pub fn closed_by(&self) -> Option<(FaultCode, Closure)> {
        closed_by(&self.faults)
    }

    /// The order that holds it, on its way or inside.
    pub fn order(&self) -> Option<&OrderId> {
        match &self.occupancy {
            Occupancy::Reserved { order } | Occupancy::Occupied { order } => Some(order),
            Occupancy::Unknown { recorded } => recorded.as_ref(),
            Occupancy::Free => None,
        }
    }

    /// The same with something else inside, from now on.
    pub fn with(self, occupancy: Occupancy, now: Timestamp) -> Self {
        let held = |it: &Occupancy| matches!(it, Occupancy::Occupied { .. } | Occupancy::Unknown { .. });
        // A reservation that comes or goes moves no parcel.
        let moved = held(&self.occupancy) || held(&occupancy);
        let contents_changed_at = if moved { Some(now) } else { self.contents_changed_at };
        Self { occupancy, contents_changed_at, ..self }
    }

    /// Whether a parcel is inside, as far as is known.
    pub fn holds_a_parcel(&self) -> bool {
        match self.occupancy {
            Occupancy::Occupied { .. } | Occupancy::Unknown { recorded: Some(_) } => true,
            Occupancy::Free | Occupancy::Reserved { .. } | Occupancy::Unknown { recorded: None } => false,
        }
    }

    /// Whether its own state lets a new order have it. The locker must allow it too: [`Locker::bookable`].
    pub fn bookable(&self) -> bool {
        let booked = match self.service {
            Service::InService => true,
            Service::Draining | Service::Blocked | Service::Decommissioned => false,
        };
        booked && self.occupancy == Occupancy::Free && self.open_for_deposits() && self.health() == Health::Ok
    }

    /// What its faults and what people decided close together.
    pub fn closure(&self) -> Closure {
        self.closed_by().map_or(Closure::Nothing, |(_, closure)| closure).max(self.service.closes())
    }

    /// Whether its own state lets a parcel in that has its place here.
    pub fn open_for_deposits(&self) -> bool {
        self.closure() == Closure::Nothing
    }

    /// Whether a customer can collect from it now.
    pub fn open_for_pickups(&self, locker: &Locker) -> bool {
        self.closure().max(locker.closure()) < Closure::DepositsAndPickups
    }

    /// Since when people, not faults, keep its door from being opened.
    pub fn shut_by_people_since(&self) -> Option<Timestamp> {
        self.service_since.filter(|_| self.service.closes() == Closure::DepositsAndPickups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_jammed_compartment_permits_neither_deposit_nor_pickup() {
        let jammed = compartment(7).faulted(FaultCode::LockJammed);
        assert!(!jammed.open_for_deposits() && !jammed.open_for_pickups(&locker()));
    }

    #[test]
    fn a_draining_compartment_permits_pickup_and_what_was_booked_before() {
        let draining = Compartment { service: Service::Draining, ..compartment(7) };
        assert!(!draining.bookable() && draining.open_for_deposits() && draining.open_for_pickups(&locker()));
    }

    #[test]
    fn a_blocked_or_decommissioned_compartment_permits_nothing() {
        for service in [Service::Blocked, Service::Decommissioned] {
            let closed = Compartment { service, ..compartment(7) };
            assert!(!closed.bookable() && !closed.open_for_deposits() && !closed.open_for_pickups(&locker()));
        }
    }

    #[test]
    fn a_door_is_reachable_within_the_range_and_nowhere_it_was_not_measured() {
        let at = |height_mm| Compartment { handle_height_mm: height_mm, ..compartment(7) }.reachable();
        assert_eq!([None, Some(379), Some(380), Some(1_220), Some(1_221)].map(at), [false, false, true, true, false]);
    }

    #[test]
    fn a_locker_without_network_still_gives_out_its_parcels() {
        let dark = locker().faulted(FaultCode::NetworkLost);
        assert!(!dark.bookable() && compartment(7).open_for_pickups(&dark));
    }

    #[test]
    fn a_fault_that_closes_nothing_leaves_a_compartment_bookable() {
        assert!(compartment(7).faulted(FaultCode::DisplayFault).bookable());
    }
}

//! Parcels behind doors that cannot be opened: what is fetched first.

use serde::Serialize;

use crate::compartment::Compartment;
use crate::fault::{FaultCode, Unit};
use crate::id::{CompartmentNumber, OrderId, WorkOrderId};
use crate::locker::Locker;
use crate::order::{Order, OrderStatus, incident_at, shut_since};
use crate::{SignedDuration, Timestamp};

/// The fault that keeps a door shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrappedBy {
    pub unit: Unit,
    pub code: FaultCode,
    pub work_order: WorkOrderId,
}

/// One parcel that its customer cannot collect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrappedParcel {
    pub order_id: OrderId,
    pub status: OrderStatus,
    pub compartment: CompartmentNumber,
    /// Since when its door cannot be opened, or since when it is behind it; nothing where people have shut it.
    pub trapped_since: Option<Timestamp>,
    /// Nothing where people have shut the door.
    pub fault: Option<TrappedBy>,
    pub pickup_deadline: Option<Timestamp>,
    /// Since when the deadline stands still; nothing in the moments before it is stopped.
    pub pickup_stopped_at: Option<Timestamp>,
    /// What is left of the time to collect, in seconds: counted up to when it was stopped.
    pub rest_s: Option<i64>,
}

/// Whether a parcel is in this compartment of the locker and cannot be collected.
pub fn is_trapped(locker: &Locker, compartment: &Compartment) -> bool {
    compartment.holds_a_parcel() && !compartment.open_for_pickups(locker)
}

/// The trapped parcels among these compartments of a locker, those whose time is over first. `orders` are the orders
/// that the compartments name; with `work_order`, only parcels trapped by what that repairs.
pub fn list_trapped(
    locker: &Locker,
    compartments: &[Compartment],
    orders: &[Order],
    work_order: Option<&WorkOrderId>,
    now: Timestamp,
) -> Vec<TrappedParcel> {
    let mut trapped: Vec<TrappedParcel> = compartments
        .iter()
        .filter(|compartment| is_trapped(locker, compartment))
        .filter_map(|compartment| {
            let inside = |order: &&Order| matches!(order.status, OrderStatus::Deposited | OrderStatus::Recovery);
            let order = orders.iter().filter(inside).find(|order| Some(&order.id) == compartment.order())?;
            let fault = incident_at(locker, compartment);
            let fault = fault.map(|it| TrappedBy { unit: it.unit, code: it.code, work_order: it.work_order });
            let until = order.pickup_stopped_at.unwrap_or(now);
            Some(TrappedParcel {
                order_id: order.id.clone(),
                status: order.status,
                compartment: compartment.number,
                trapped_since: shut_since(locker, compartment).max(order.deposited_at),
                fault,
                pickup_deadline: order.pickup_deadline,
                pickup_stopped_at: order.pickup_stopped_at,
                rest_s: order.pickup_deadline.map(|it| it.duration_since(until).max(SignedDuration::ZERO).as_secs()),
            })
        })
        .filter(|parcel| {
            work_order.is_none_or(|wanted| parcel.fault.as_ref().is_some_and(|fault| fault.work_order == *wanted))
        })
        .collect();
    trapped.sort_by_key(|parcel| (parcel.rest_s, parcel.compartment));
    trapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compartment::Service;
    use crate::fault::FaultCode::{DoorNotClosing, LockJammed, PowerLoss};
    use crate::testing::*;

    fn jammed(since: i64, of: u16, code: FaultCode) -> TrappedParcel {
        let unit = unit(of);
        TrappedParcel {
            order_id: id(&format!("o{of}")),
            status: OrderStatus::Deposited,
            compartment: number(of),
            trapped_since: Some(at(since)),
            fault: Some(TrappedBy { unit, code, work_order: work_order_id(1) }),
            pickup_deadline: Some(at(0) + hours(72)),
            pickup_stopped_at: None,
            rest_s: Some(72 * 3_600 - 600),
        }
    }

    fn inside(of: u16) -> Compartment {
        compartment(of).occupied_by(&format!("o{of}"))
    }

    fn deposited(of: u16) -> Order {
        order(&format!("o{of}"), of).deposited(0)
    }

    #[test]
    fn only_what_is_inside_and_cannot_be_collected_is_trapped() {
        let jam = |compartment: Compartment| compartment.faulted_since(60, LockJammed);
        let compartments = [
            jam(inside(1)),
            jam(compartment(2)),
            jam(compartment(3).reserved_for("o3")),
            inside(4),
            inside(5).faulted(DoorNotClosing),
        ];
        let orders = [deposited(1), order("o3", 3), deposited(4), deposited(5)];
        let listed = list_trapped(&locker(), &compartments, &orders, None, at(600));
        assert_eq!(listed, [jammed(60, 1, LockJammed)]);
    }

    #[test]
    fn whose_time_is_over_first_comes_first_and_a_stopped_deadline_counts_to_when_it_stopped() {
        let early = Order { pickup_stopped_at: Some(at(0) + hours(60)), ..deposited(2) };
        let extended = Order { pickup_deadline: Some(at(0) + hours(100)), ..deposited(1) };
        let compartments = [1, 2, 3].map(inside);
        let now = at(0) + hours(71);
        let dark = locker().faulted(PowerLoss);
        let listed = list_trapped(&dark, &compartments, &[extended, early, deposited(3)], None, now);
        let rests: Vec<_> = listed.iter().map(|it| (it.compartment.get(), it.rest_s.unwrap() / 3_600)).collect();
        assert_eq!(rests, [(3, 1), (2, 12), (1, 29)]);
    }

    #[test]
    fn a_work_order_lists_what_it_repairs_and_a_parcel_counts_as_trapped_from_its_deposit_on() {
        let mut other = open_fault(at(60));
        other.work_order = work_order_id(2);
        let mut second = inside(2);
        second.faults.insert(LockJammed, other);
        let late = Order { deposited_at: Some(at(90)), ..deposited(2) };
        let listed = |work_order| {
            let compartments = [inside(1).faulted_since(60, LockJammed), second.clone()];
            let orders = [deposited(1), late.clone()];
            list_trapped(&locker(), &compartments, &orders, Some(&work_order_id(work_order)), at(600))
        };
        assert_eq!(listed(1), [jammed(60, 1, LockJammed)]);
        let fault = Some(TrappedBy { unit: unit(2), code: LockJammed, work_order: work_order_id(2) });
        assert_eq!(listed(2), [TrappedParcel { fault, ..jammed(90, 2, LockJammed) }]);
        assert_eq!(listed(3), []);
    }

    #[test]
    fn a_door_that_people_have_shut_traps_its_parcel_without_a_fault() {
        let blocked = Compartment { service: Service::Blocked, ..inside(1) };
        let [parcel] = &list_trapped(&locker(), &[blocked], &[deposited(1)], None, at(600))[..] else { panic!("one") };
        assert_eq!((&parcel.fault, parcel.trapped_since), (&None, Some(at(0))));
    }

    #[test]
    fn time_that_is_over_is_no_less_than_none() {
        let compartments = [inside(1).faulted(LockJammed)];
        let listed = list_trapped(&locker(), &compartments, &[deposited(1)], None, at(0) + hours(80));
        assert_eq!(listed[0].rest_s, Some(0));
    }
}

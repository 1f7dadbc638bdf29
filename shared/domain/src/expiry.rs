//! What is over by its time: the place that is held for a parcel that does not come, and the wait of one that nobody
//! collects.
//!
//! ```text
//!  placed, rerouted ──held until──► expired, on no door ──put in all the same──► deposited
//!  deposited ──pickup deadline──► expired, inside ──fetched──► recovery ──taken──► in custody ──► returned
//!                                   │        ▲────given up────────┘
//!                                   ├──more time by support──► deposited
//!                                   └──the customer was quicker──► collected
//! ```
//!
//! A time that is over ends nothing behind a door that is shut, nor while what a closure means for people is still being
//! dealt with: that is looked at again a little later. Where it cannot be known whether a parcel was collected, since its
//! locker is dark or its contents are in dispute, it is given a day more, and no longer.

use serde::Serialize;

use crate::compartment::{Compartment, Occupancy};
use crate::decision::{Decision, Event};
use crate::fault::FaultCode;
use crate::id::{CompartmentNumber, EventId, OrderId, PersonId};
use crate::impact::ImpactTask;
use crate::locker::Locker;
use crate::notice::Message;
use crate::order::{EXTENSION_MAX, Order, OrderStatus, release};
use crate::place::Place;
use crate::recovery::{CompartmentId, Recovery};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::service::ServicePlan;
use crate::work_order::WorkOrder;
use crate::{SignedDuration, StateKey, Timestamp};

/// For how long after its promised delivery, or after it was placed where nothing was promised, a place is held for a
/// parcel: what misses the tour of a Friday comes with that of the Monday.
pub const HELD_FOR: SignedDuration = SignedDuration::from_hours(72);

/// For how long a place can be asked to be held at the most: published hold times end at 7 days.
pub const HELD_FOR_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far ahead a delivery can be promised: a place that is held for longer is one that others go without.
pub const PROMISED_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long a place is held at the least for a driver who has been let in: to open the door, and for the device to tell
/// what was put in, by a network that comes and goes.
pub const DEPOSITED_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// For how long after its deadline nobody is told that a parcel was not collected, where that is not certain: most
/// lockers are back by then, and tell.
pub const IN_DOUBT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// When it is looked at again whether a time that is over can be ended: after what a closure means for people has been
/// dealt with, which takes minutes, and not by each sweep for as long as a locker is dark.
pub const LOOK_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(10);

/// What of an order is over by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The place that is held for its parcel.
    Reservation,
    /// The time its parcel waits.
    Pickup,
}

impl Order {
    /// Whether its parcel has come at any time.
    pub fn has_come(&self) -> bool {
        self.deposited_at.is_some()
    }

    /// Whether its time to be collected is over, and nobody has begun to fetch it.
    pub fn is_expired_inside(&self) -> bool {
        self.status == OrderStatus::Expired && self.has_come()
    }

    /// Whether it is being fetched to go back to who sent it.
    pub fn is_being_returned(&self) -> bool {
        self.status == OrderStatus::Recovery && self.expired_at.is_some()
    }

    /// What of it is over by its time as long as nothing happens, and when.
    pub fn ends(&self) -> Option<(Ends, Timestamp)> {
        match self.status {
            OrderStatus::Placed | OrderStatus::Rerouted => {
                self.held_until.filter(|_| self.compartment().is_some()).map(|at| (Ends::Reservation, at))
            }
            OrderStatus::Deposited => {
                self.pickup_deadline.filter(|_| self.pickup_stopped_at.is_none()).map(|at| (Ends::Pickup, at))
            }
            OrderStatus::Collected
            | OrderStatus::Rerouting
            | OrderStatus::Recovery
            | OrderStatus::Expired
            | OrderStatus::Returned
            | OrderStatus::Cancelled => None,
        }
    }

    /// When it has to be looked at because of that.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.ends().map(|(_, at)| self.look_again_at.map_or(at, |again| again.max(at)))
    }

    /// Holds its place for that long from now at the least. Returns whether that is longer than before.
    pub(crate) fn hold_at_least(&mut self, time: SignedDuration, now: Timestamp) -> bool {
        match self.held_until.filter(|until| *until < now + time) {
            Some(_) => {
                self.held_until = Some(now + time);
                true
            }
            None => false,
        }
    }
}

/// What is known when the time of an order is over: its place, and the lists of what is still to be done for people
/// there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingScene {
    pub order: Order,
    pub locker: Locker,
    pub compartment: Compartment,
    pub work_order: Option<WorkOrder>,
    pub plan: Option<ServicePlan>,
}

impl WaitingScene {
    /// Whether orders of this locker are still to be moved, or deadlines to be stopped or moved on.
    fn is_being_dealt_with(&self) -> bool {
        let of_work_order = self.work_order.iter().flat_map(|it| &it.impact);
        let of_plan = self.plan.iter().flat_map(|it| &it.impact);
        of_work_order.chain(of_plan).any(|task| match task {
            ImpactTask::Displace { .. } | ImpactTask::AllClear { .. } => true,
            ImpactTask::TellTeam
            | ImpactTask::TellDelay { .. }
            | ImpactTask::TellEnd { .. }
            | ImpactTask::EndVisit { .. } => false,
        })
    }

    /// Whether its parcel could have come or been collected until now.
    fn is_open(&self, ends: Ends) -> bool {
        let open = match ends {
            Ends::Reservation => self.compartment.open_for_deposits() && self.locker.closed_to_deposits().is_none(),
            Ends::Pickup => self.compartment.open_for_pickups(&self.locker),
        };
        (open && !self.is_being_dealt_with()) || bug("time_ends_behind_a_shut_door")
    }

    /// Whether it may have been collected without anybody having told.
    fn is_in_doubt(&self) -> bool {
        let recorded = self.compartment.occupancy == Occupancy::Occupied { order: self.order.id.clone() };
        !recorded || self.locker.faults.contains_key(&FaultCode::NetworkLost)
    }
}

/// Ends what is over by its time. The place of a parcel that has not come is free again, in one commit with the order that
/// has lost it; a parcel that nobody has collected stays where it is until somebody fetches it. The customer is told, and
/// the order says so to whoever asks. Where it cannot be known yet, it is looked at again after [`LOOK_AGAIN_AFTER`];
/// nothing where its time is not over.
pub fn expire(scene: WaitingScene, event: &EventId, now: Timestamp) -> Option<Decision<()>> {
    let (ends, at) = scene.order.ends()?;
    if scene.order.due_at().is_none_or(|due_at| now < due_at) || !scene.order.is_at(&scene.compartment) {
        return None;
    }
    let mut decision = Decision::new(());
    let in_doubt = ends == Ends::Pickup && now < at + IN_DOUBT_FOR && scene.is_in_doubt();
    if in_doubt || !scene.is_open(ends) {
        let until = now + LOOK_AGAIN_AFTER;
        decision.change(Order { look_again_at: Some(until), ..scene.order });
        decision.record(Event::ExpiryPostponed { until });
        return Some(decision);
    }
    let WaitingScene { mut order, locker, compartment, .. } = scene;
    let (id, locker_name, number) = (order.id.clone(), locker.name, compartment.number);
    decision.require_unchanged(StateKey::Locker(locker.id));
    order.status = OrderStatus::Expired;
    order.expired_at = Some(now);
    order.look_again_at = None;
    order.undo = None;
    let message = match ends {
        Ends::Reservation => {
            decision.record(Event::ReservationExpired { compartment: number });
            let freed = release(compartment, &order.id, now).filter(|_| !bug("expired_reservation_keeps_its_place"));
            decision.changes.extend(freed.map(Into::into));
            Message::ReservationExpired { order: id, locker_name }
        }
        Ends::Pickup => {
            decision.record(Event::PickupExpired { compartment: number });
            decision.require_unchanged(StateKey::Compartment(compartment.locker, number));
            Message::PickupExpired { order: id, locker_name, compartment: number }
        }
    };
    let notice = order.tell(message, event, now);
    if !bug("expiry_is_not_told") {
        decision.tell(notice);
    }
    decision.change(order);
    Some(decision)
}

/// Support has a place held for longer, by whole hours and with a reason: from when it would have been given up, or from
/// now where that has passed. Nobody is told: nothing changes for the customer.
///
/// # Errors
/// [`Refusal::WrongState`] unless a place is held for a time; [`Refusal::TooLong`] where all extensions together would be
/// more than [`EXTENSION_MAX`].
pub fn extend_reservation(
    mut order: Order,
    hours: u16,
    by: PersonId,
    reason: String,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    let Some((Ends::Reservation, held_until)) = order.ends() else {
        return Err(Refusal::wrong_state(order.status));
    };
    let longer = SignedDuration::from_hours(hours.into());
    if order.hold_extended + longer > EXTENSION_MAX {
        return Err(Refusal::TooLong);
    }
    order.held_until = Some(held_until.max(now) + longer);
    order.hold_extended += longer;
    let mut decision = Decision::new(order.clone());
    decision.record(Event::ReservationExtended { by, hours, reason });
    decision.change(order);
    Ok(decision)
}

/// Begins to fetch a parcel that nobody has collected, to bring it back to who sent it. It is taken out and handed over
/// as any that is fetched ([`crate::recovery`]); no place is reserved for it.
///
/// # Errors
/// [`Refusal::WrongState`] unless it has expired and is inside; [`Refusal::OtherPlace`] where that is not its compartment.
pub fn start_return(
    mut order: Order,
    compartment: &Compartment,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if !order.is_expired_inside() {
        return Err(Refusal::wrong_state(order.status));
    }
    if !order.is_at(compartment) || compartment.order() != Some(&order.id) {
        return Err(Refusal::OtherPlace);
    }
    order.status = OrderStatus::Recovery;
    order.recovery = Some(Recovery::new(by.clone(), CompartmentId::of(compartment), None, now).into());
    let mut decision = Decision::new(order.clone());
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    decision.record(Event::ReturnStarted { by });
    decision.change(order);
    Ok(decision)
}

/// Gives the return up before the parcel was taken out: it stays where it is, for somebody else to fetch.
///
/// # Errors
/// [`Refusal::WrongState`] unless it is being returned and still inside.
pub fn abandon_return(
    mut order: Order,
    by: PersonId,
    reason: String,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if !order.is_being_returned() {
        return Err(Refusal::wrong_state(order.status));
    }
    order.running(false)?.end(now);
    order.status = OrderStatus::Expired;
    let mut decision = Decision::new(order.clone());
    decision.record(Event::ReturnAbandoned { by, reason });
    decision.change(order);
    Ok(decision)
}

/// Who has the parcel has brought it back to who sent it: the chain of custody ends, and the customer is told.
///
/// # Errors
/// [`Refusal::WrongState`] unless it is being returned and out of its compartment; [`Refusal::NotTheHolder`] where
/// somebody else has it.
pub fn return_parcel(
    mut order: Order,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if !order.is_being_returned() {
        return Err(Refusal::wrong_state(order.status));
    }
    let recovery = order.running(true)?;
    if recovery.holder() != Some(&by) && !bug("anyone_returns_a_parcel") {
        return Err(Refusal::NotTheHolder);
    }
    recovery.end(now);
    order.status = OrderStatus::Returned;
    order.relocate(Place::Sender);
    let notice = order.tell(Message::ParcelReturned { order: order.id.clone() }, event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.record(Event::ParcelReturned { by });
    decision.change(order);
    Ok(decision)
}

/// One parcel that nobody has collected in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExpiredParcel {
    pub order_id: OrderId,
    /// `expired`, or `recovery` once somebody is about to fetch it.
    pub status: OrderStatus,
    pub compartment: CompartmentNumber,
    pub expired_at: Option<Timestamp>,
    /// Who is about to fetch it.
    pub fetched_by: Option<PersonId>,
}

/// The expired parcels among these compartments, those that are over longest first. `orders` are the orders that the
/// compartments name.
pub fn list_expired(compartments: &[Compartment], orders: &[Order]) -> Vec<ExpiredParcel> {
    let mut expired: Vec<ExpiredParcel> = compartments
        .iter()
        .filter_map(|compartment| {
            let order = orders.iter().find(|order| Some(&order.id) == compartment.order())?;
            (order.is_expired_inside() || order.is_being_returned()).then(|| ExpiredParcel {
                order_id: order.id.clone(),
                status: order.status,
                compartment: compartment.number,
                expired_at: order.expired_at,
                fetched_by: order.recovery.as_ref().filter(|it| it.ended_at.is_none()).map(|it| it.started_by.clone()),
            })
        })
        .collect();
    expired.sort_by_key(|parcel| (parcel.expired_at, parcel.compartment));
    expired
}

#[cfg(test)]
mod tests;

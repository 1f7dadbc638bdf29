//! Fetching a trapped parcel: out of the compartment that cannot be opened, from hand to hand, into another one.
//!
//! ```text
//!  trapped ──start──► place reserved ──take──► in custody ──receive──► in custody ──deposit──► in the new place
//!     ▲                   │   ▲                  │    ▲
//!     └──abandon, or the door works─┘   └──redirect──────┘
//! ```
//!
//! The parcel is in one place at every commit: in its compartment until somebody takes it, with the last person of
//! the chain of custody until a device reports it inside the next. The new place is reserved before the parcel moves,
//! and its deadline stands still all the while.

use serde::{Deserialize, Serialize};

use crate::compartment::{Compartment, Occupancy};
use crate::decision::{Decision, Event};
use crate::id::{CompartmentNumber, EventId, LockerId, PersonId};
use crate::impact::ShutTime;
use crate::locker::Locker;
use crate::notice::Message;
use crate::order::{Order, OrderStatus, Room, incident_at, keep_owed, release};
use crate::place::Place;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::{StateKey, Timestamp};

/// How many handovers one chain of custody keeps: a parcel that went through more hands is nobody's any more, and has
/// to be put somewhere first.
pub const HANDOVERS_MAX: usize = 20;

/// One compartment, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CompartmentId {
    pub locker: LockerId,
    pub compartment: CompartmentNumber,
}

impl CompartmentId {
    /// The name of this compartment.
    pub fn of(compartment: &Compartment) -> Self {
        Self { locker: compartment.locker.clone(), compartment: compartment.number }
    }

    /// The name of its state.
    pub fn key(&self) -> StateKey {
        StateKey::Compartment(self.locker.clone(), self.compartment)
    }

    fn is(&self, compartment: &Compartment) -> bool {
        *self == Self::of(compartment)
    }
}

/// A parcel went from one person to another, or out of its compartment to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Nobody for the first: it came out of the compartment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PersonId>,
    pub to: PersonId,
    pub at: Timestamp,
}

/// How a trapped parcel is, or was, fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    pub started_by: PersonId,
    pub started_at: Timestamp,
    /// Where it was trapped.
    pub from: CompartmentId,
    /// The compartment that is reserved for it, as long as it is to go there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<CompartmentId>,
    /// Through whose hands it went, in order, at most [`HANDOVERS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custody: Vec<Handover>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Recovery {
    /// A run that begins.
    pub fn new(by: PersonId, from: CompartmentId, target: Option<CompartmentId>, now: Timestamp) -> Self {
        Self { started_by: by, started_at: now, from, target, custody: Vec::new(), ended_at: None }
    }

    /// Who has it, once it has been taken out.
    pub fn holder(&self) -> Option<&PersonId> {
        self.custody.last().map(|it| &it.to)
    }

    /// Ends the run: nothing is reserved for it any more.
    pub(crate) fn end(&mut self, now: Timestamp) {
        self.target = None;
        self.ended_at = Some(now);
    }
}

impl Order {
    /// The compartment that is reserved for its parcel while that is fetched.
    pub fn recovery_target(&self) -> Option<&CompartmentId> {
        self.recovery.as_ref()?.target.as_ref()
    }

    /// Where a deposit of its parcel would have to go: where it is bound for, or is to be brought by who has it.
    pub fn deposit_compartment(&self) -> Option<(&LockerId, CompartmentNumber)> {
        match self.place {
            Place::Custody => self.recovery_target().map(|it| (&it.locker, it.compartment)),
            Place::Compartment { .. } | Place::Shop { .. } | Place::Home | Place::Asked | Place::Missing => {
                self.compartment()
            }
        }
    }

    /// The run that goes on for it. `taken` says whether the parcel has to be in somebody's hands, or still inside.
    fn running(&mut self, taken: bool) -> Result<&mut Recovery, Refusal> {
        let right = match &self.place {
            Place::Custody => taken,
            Place::Compartment { .. } => !taken,
            Place::Shop { .. } | Place::Home | Place::Asked | Place::Missing => false,
        };
        match &mut self.recovery {
            Some(recovery) if right && self.status == OrderStatus::Recovery => Ok(recovery.as_mut()),
            _ => Err(Refusal::wrong_state(if self.place == Place::Custody {
                "custody".to_owned()
            } else {
                self.status.to_string()
            })),
        }
    }

    /// Moves its parcel: whatever opened its door before opens none now.
    pub(crate) fn relocate(&mut self, place: Place) {
        self.place = place;
        self.place_epoch += u32::from(!bug("code_stays_the_same"));
    }
}

/// Begins to fetch a trapped parcel: the new place is reserved, the deadline stands still, the customer is told.
///
/// # Errors
/// [`Refusal::WrongState`] unless the parcel waits in its compartment; [`Refusal::OtherPlace`] where that is another
/// one; [`Refusal::NotTrapped`] where its door can be opened.
pub fn start_recovery(
    mut order: Order,
    locker: &Locker,
    compartment: &Compartment,
    room: Room,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if order.status != OrderStatus::Deposited {
        return Err(Refusal::wrong_state(order.status));
    }
    if !order.is_at(compartment) || compartment.order() != Some(&order.id) {
        return Err(Refusal::OtherPlace);
    }
    if compartment.open_for_pickups(locker) {
        return Err(Refusal::NotTrapped);
    }
    if order.pickup_stopped_at.is_none() {
        order.stand_still(locker, compartment, now);
        if let Some(incident) = incident_at(locker, compartment) {
            order.meet(incident);
        }
    }
    order.status = OrderStatus::Recovery;
    let target = CompartmentId::of(&room.compartment);
    order.recovery = Some(Recovery::new(by.clone(), CompartmentId::of(compartment), Some(target), now).into());
    let message = Message::RecoveryStarted {
        order: order.id.clone(),
        from_locker_name: locker.name.clone(),
        locker_name: room.locker.name.clone(),
        cause: incident_at(locker, compartment).map(|it| it.code),
    };
    let notice = order.tell(message, event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.require_unchanged(StateKey::Locker(locker.id.clone()));
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    decision.record(Event::RecoveryStarted { by, to: room.place() });
    if !bug("recovery_reserves_nothing") {
        room.hold_for(&order.id, &mut decision);
    }
    decision.change(order);
    Ok(decision)
}

/// A person takes the parcel out of the compartment that could not be opened, and answers for it from now on.
///
/// # Errors
/// [`Refusal::WrongState`] unless it is being fetched and still inside; [`Refusal::OtherPlace`].
pub fn take_parcel(
    mut order: Order,
    compartment: Compartment,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if !order.is_at(&compartment) {
        return Err(Refusal::OtherPlace);
    }
    order.running(false)?.custody.push(Handover { from: None, to: by.clone(), at: now });
    order.relocate(Place::Custody);
    let mut decision = Decision::new(order.clone());
    decision.record(Event::ParcelTaken { by });
    if let Some(freed) = release(compartment, &order.id, now).filter(|_| !bug("taken_parcel_stays_inside")) {
        decision.change(freed);
    }
    decision.change(order);
    Ok(decision)
}

/// A person takes the parcel over from who has it: both are recorded, and only who really has it can give it.
///
/// # Errors
/// [`Refusal::WrongState`] unless somebody has it, or where the chain is as long as it may be;
/// [`Refusal::NotTheHolder`] where that is not who is named, or is the same person.
pub fn receive_parcel(
    mut order: Order,
    from: PersonId,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    let recovery = order.running(true)?;
    if (recovery.holder() != Some(&from) && !bug("anyone_hands_over")) || by == from {
        return Err(Refusal::NotTheHolder);
    }
    if recovery.custody.len() >= HANDOVERS_MAX {
        return Err(Refusal::TooLong);
    }
    recovery.custody.push(Handover { from: Some(from.clone()), to: by.clone(), at: now });
    let mut decision = Decision::new(order.clone());
    decision.record(Event::ParcelHandedOver { from, to: by });
    decision.change(order);
    Ok(decision)
}

/// Brings a parcel that is being fetched to another place than was planned: that is reserved and the other released in
/// one commit, and the customer told. `from` is the locker where it was trapped, `held` what was reserved so far.
///
/// # Errors
/// [`Refusal::WrongState`] unless it is being fetched.
pub fn redirect_recovery(
    mut order: Order,
    from: &Locker,
    held: Option<Compartment>,
    room: Room,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    let taken = order.place == Place::Custody;
    order.running(taken)?.target = Some(CompartmentId::of(&room.compartment));
    let message = Message::RecoveryStarted {
        order: order.id.clone(),
        from_locker_name: from.name.clone(),
        locker_name: room.locker.name.clone(),
        // It was told when it began, and may be out by now.
        cause: None,
    };
    let notice = order.tell(message, event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.record(Event::RecoveryRedirected { by, to: room.place() });
    if let Some(freed) = held.and_then(|it| release(it, &order.id, now)) {
        decision.change(freed);
    }
    room.hold_for(&order.id, &mut decision);
    decision.change(order);
    Ok(decision)
}

/// Gives a run up before the parcel was taken out: it could not be reached, or its door works again. It waits where it
/// is, what was reserved is free, and the customer is told: until when to come, where the door can be opened, and else
/// that it has to wait. `by` is nobody where the network sees by itself that the door works.
///
/// # Errors
/// [`Refusal::WrongState`] unless it is being fetched and still inside: who has it must put it somewhere.
pub fn abandon_recovery(
    mut order: Order,
    locker: &Locker,
    compartment: &Compartment,
    held: Option<Compartment>,
    by: Option<(PersonId, String)>,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    order.running(false)?.end(now);
    if !order.is_at(compartment) {
        return Err(Refusal::OtherPlace);
    }
    order.status = OrderStatus::Deposited;
    let resumed = order.pickup_deadline.filter(|_| compartment.open_for_pickups(locker)).map(|_| order.run_on(now));
    let (id, locker_name, number) = (order.id.clone(), locker.name.clone(), compartment.number);
    let message = match resumed.flatten() {
        Some(deadline) => Message::AllClear { order: id, locker_name, compartment: number, deadline },
        None => {
            let cause = incident_at(locker, compartment).map(|it| it.code);
            Message::PickupDelayed { order: id, locker_name, compartment: number, cause, expected_by: None }
        }
    };
    let notice = order.tell(message, event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.require_unchanged(StateKey::Locker(locker.id.clone()));
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    let (by, reason) = by.unzip();
    decision.record(Event::RecoveryAbandoned { by, reason, resumed: order.pickup_stopped_at.is_none() });
    let kept = bug("abandoned_run_keeps_its_place");
    if let Some(freed) = held.and_then(|it| release(it, &order.id, now)).filter(|_| !kept) {
        decision.change(freed);
    }
    decision.change(order);
    Ok(decision)
}

/// What the all-clear means for a parcel that is being fetched and still inside: where its door can be opened, the run
/// is over. Its deadline is owed what [`crate::order::resume_pickup`] says; that is kept where the door stays shut for
/// another reason. Nothing where it is not so.
pub fn end_recovery_at_a_door_that_works(
    mut order: Order,
    locker: &Locker,
    compartment: &Compartment,
    held: Option<Compartment>,
    was_shut: Option<ShutTime>,
    event: &EventId,
    now: Timestamp,
) -> Option<Decision<()>> {
    if order.status != OrderStatus::Recovery || !order.is_at(compartment) {
        return None;
    }
    let owes = was_shut.is_some_and(|it| order.settle(it));
    if !compartment.open_for_pickups(locker) {
        return owes.then(|| keep_owed(order, locker, compartment));
    }
    let ended = abandon_recovery(order, locker, compartment, held, None, event, now).ok()?;
    Some(ended.answer_with(()))
}

/// Whether this door may be opened to put a parcel in that is being fetched, by this person, as far as the order goes.
///
/// # Errors
/// [`Refusal::WrongState`], [`Refusal::OtherPlace`], [`Refusal::NotTheHolder`].
pub(crate) fn admits(order: &mut Order, compartment: &Compartment, by: Option<&PersonId>) -> Result<(), Refusal> {
    let recovery = order.running(true)?;
    if !recovery.target.as_ref().is_some_and(|target| target.is(compartment)) {
        return Err(Refusal::OtherPlace);
    }
    if by.is_some_and(|by| recovery.holder() != Some(by)) {
        return Err(Refusal::NotTheHolder);
    }
    Ok(())
}

/// A parcel that was fetched is in its new place, as the device there reports: the chain of custody ends, the deadline
/// runs on with at least [`crate::order::REST_MIN`] left, and the customer is told where to come and gets a new code.
pub(crate) fn place_parcel(
    mut order: Order,
    locker: Locker,
    compartment: Compartment,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<()>, Refusal> {
    let recovery = order.running(true)?;
    let by = recovery.holder().cloned().ok_or(Refusal::NotTheHolder)?;
    recovery.end(now);
    order.relocate(Place::Compartment { locker: locker.id.clone(), compartment: compartment.number });
    order.status = OrderStatus::Deposited;
    let deadline = order.run_on(now).unwrap_or(now + crate::order::HOLD_FOR);
    order.settle_all(now);
    order.pickup_deadline = Some(deadline);
    let mut decision = Decision::new(());
    let message = Message::BroughtElsewhere {
        order: order.id.clone(),
        locker_name: locker.name,
        compartment: compartment.number,
        deadline,
    };
    decision.tell(order.tell(message, event, now));
    decision.require_unchanged(StateKey::Locker(locker.id));
    decision.record(Event::ParcelPlaced { compartment: compartment.number, by });
    decision.change(compartment.with(Occupancy::Occupied { order: order.id.clone() }, now));
    decision.change(order);
    Ok(decision)
}

#[cfg(test)]
mod tests;

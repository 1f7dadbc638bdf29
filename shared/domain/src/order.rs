//! One order: one parcel on its way to one customer, and the place that is held for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::compartment::{Compartment, Occupancy};
use crate::decision::{Decision, Event};
use crate::delivery::{Delivery, Standing};
use crate::fault::{Closure, FaultCode, Unit, closed_by, shut_since as shut_by};
use crate::id::{BundleId, CompartmentNumber, EventId, LockerId, NoticeId, OrderId, PersonId, WorkOrderId};
use crate::impact::ShutTime;
use crate::locker::Locker;
use crate::notice::{Message, Notice};
use crate::person::Preferences;
use crate::place::Place;
use crate::plan::Why;
use crate::recovery::{self, CompartmentId, Recovery};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::shop::Shop;
use crate::size::{Needs, Parcel, RoomNeeded, Size};
use crate::{SignedDuration, State, StateKey, Timestamp};

/// How long a parcel waits for its customer: published hold times run from 48 hours to 7 days.
pub const HOLD_FOR: SignedDuration = SignedDuration::from_hours(72);

/// What is left of the hold time, at the least, once a stopped deadline runs on: a night and a day to come by.
pub const REST_MIN: SignedDuration = SignedDuration::from_hours(24);

/// By how much support can put a deadline off, all extensions together. Published hold times end at 7 days: what is
/// between [`HOLD_FOR`] and that. The time for which a door was shut is not part of it.
pub const EXTENSION_MAX: SignedDuration = SignedDuration::from_hours(7 * 24 - 72);

/// For how long a customer's choice can be undone: long enough to read the confirmation, and over before the next
/// delivery tour is planned.
pub const UNDO_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// How many incidents one order remembers. An order that met more has long been in a person's hands.
pub const INCIDENTS_MAX: usize = 10;

/// How many settled times an order keeps. Of more, the earliest is forgotten: if a repair that is proven last reaches
/// back to it, the customer is owed it twice.
const SETTLED_MAX: usize = 10;

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// On its way to the place the order system asked for, or that was agreed beforehand.
    Placed,
    /// The parcel is in its compartment.
    Deposited,
    Collected,
    /// The place was lost and the customer has been asked.
    Rerouting,
    /// On its way to a new place.
    Rerouted,
    /// The parcel is trapped and being fetched, or being looked for.
    Recovery,
    Cancelled,
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OrderStatus::Placed => "placed",
            OrderStatus::Deposited => "deposited",
            OrderStatus::Collected => "collected",
            OrderStatus::Rerouting => "rerouting",
            OrderStatus::Rerouted => "rerouted",
            OrderStatus::Recovery => "recovery",
            OrderStatus::Cancelled => "cancelled",
        })
    }
}

/// A locker's fault that an order met: what explains, later, why its delivery went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub locker: LockerId,
    pub unit: Unit,
    pub code: FaultCode,
    pub work_order: WorkOrderId,
    pub from: Timestamp,
    /// When it stopped concerning this order: the repair was proven, or the order got another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Where an order was to go before its customer chose otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    pub place: Place,
    pub status: OrderStatus,
    /// The move it was: a link for that one can undo the choice it made.
    pub place_epoch: u32,
    pub until: Timestamp,
}

/// One parcel on its way to one customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub id: OrderId,
    pub customer: PersonId,
    /// The smallest size it fits into where it was placed first.
    pub size: Size,
    /// What it is, where the sender has measured it: decides the size in every other locker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<Parcel>,
    /// Its customer needs a door that is reachable from a wheelchair.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reachable: bool,
    /// The parcels it stays together with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<BundleId>,
    pub status: OrderStatus,
    pub place: Place,
    /// Counts the moves: a link to choose a place is for one of them.
    pub place_epoch: u32,
    pub placed_at: Timestamp,
    /// By when the sender promised it, if at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Timestamp>,
    /// Who was let in to deposit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<PersonId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposited_at: Option<Timestamp>,
    /// Until when the parcel waits. Means nothing while `pickup_stopped_at` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_deadline: Option<Timestamp>,
    /// Since when the deadline stands still, because the door cannot be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_stopped_at: Option<Timestamp>,
    /// The times for which it is settled for how long the door was shut, apart from each other, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pickup_settled: Vec<ShutTime>,
    /// By how much the deadline is moved on beside the time since it stopped: for when nobody had stopped it in time.
    #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
    pub pickup_owed: SignedDuration,
    /// By how much support has put the deadline off so far, at most [`EXTENSION_MAX`].
    #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
    pub pickup_extended: SignedDuration,
    /// How its parcel is fetched, or was the last time that it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Box<Recovery>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_at: Option<Timestamp>,
    /// The locker's faults it met, oldest first, at most [`INCIDENTS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<Incident>,
    /// The locker whose place it last lost, where people and not a fault had closed that: other places are looked for
    /// around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displaced_from: Option<LockerId>,
    /// What its customer's latest choice has replaced, where that can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// The latest of what its customer is told about where it is: an earlier notice is not sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_notice: Option<NoticeId>,
}

impl Order {
    /// Whether it is still on its way to a place.
    pub fn is_underway(&self) -> bool {
        match self.status {
            OrderStatus::Placed | OrderStatus::Rerouting | OrderStatus::Rerouted => true,
            OrderStatus::Deposited | OrderStatus::Collected | OrderStatus::Recovery | OrderStatus::Cancelled => false,
        }
    }

    /// What it asks of a compartment.
    pub fn needs(&self) -> Needs {
        let room = self.parcel.map_or(RoomNeeded::Size(self.size), RoomNeeded::Parcel);
        Needs { room, reachable: self.reachable }
    }

    /// The compartment that is held for it or holds its parcel.
    pub fn compartment(&self) -> Option<(&LockerId, CompartmentNumber)> {
        match &self.place {
            Place::Compartment { locker, compartment } => Some((locker, *compartment)),
            Place::Shop { .. } | Place::Home | Place::Asked | Place::Custody | Place::Missing => None,
        }
    }

    pub(crate) fn is_at(&self, compartment: &Compartment) -> bool {
        self.compartment() == Some((&compartment.locker, compartment.number))
    }

    pub(crate) fn meet(&mut self, incident: Incident) {
        self.incidents.push(incident);
        if self.incidents.len() > INCIDENTS_MAX {
            self.incidents.remove(0);
        }
    }

    pub(crate) fn leave_incidents(&mut self, now: Timestamp) {
        for incident in &mut self.incidents {
            incident.until.get_or_insert(now);
        }
    }

    /// For how long its door was shut in that time although its deadline ran, and up to when; nothing where that is
    /// settled, or the deadline has stood still ever since.
    fn missed(&self, was_shut: ShutTime) -> Option<(SignedDuration, ShutTime)> {
        let since = self.deposited_at.map_or(was_shut.since, |it| it.max(was_shut.since));
        let until = self.pickup_stopped_at.map_or(was_shut.until, |it| it.min(was_shut.until));
        let settled = self.pickup_settled.iter().fold(SignedDuration::ZERO, |sum, it| {
            sum + it.until.min(until).duration_since(it.since.max(since)).max(SignedDuration::ZERO)
        });
        let missed = until.duration_since(since) - settled;
        missed.is_positive().then_some((missed, ShutTime { since, until }))
    }

    /// Takes it down that for this time it is settled for how long the door was shut.
    fn settled(&mut self, time: ShutTime) {
        let mut whole = time;
        self.pickup_settled.retain(|it| {
            let apart = it.until < time.since || time.until < it.since;
            if !apart {
                whole = ShutTime { since: whole.since.min(it.since), until: whole.until.max(it.until) };
            }
            apart
        });
        let at = self.pickup_settled.partition_point(|it| it.since < whole.since);
        self.pickup_settled.insert(at, whole);
        if self.pickup_settled.len() > SETTLED_MAX {
            self.pickup_settled.remove(0);
        }
    }

    /// It is behind another door now: for how long that was shut before is nothing to it.
    pub(crate) fn settle_all(&mut self, now: Timestamp) {
        self.settled(ShutTime { since: self.deposited_at.unwrap_or(now), until: now });
    }

    /// Its deadline stands still behind a door that is shut, since the first of what shuts it: what has been settled
    /// since then is not counted again.
    pub(crate) fn stand_still(&mut self, locker: &Locker, compartment: &Compartment, now: Timestamp) {
        let since = shut_since(locker, compartment).unwrap_or(now);
        let since = self.deposited_at.map_or(since, |it| it.max(since));
        let settled = self.pickup_settled.last().map(|it| it.until).filter(|until| *until > since);
        if let Some(until) = settled {
            self.settle(ShutTime { since, until });
        }
        self.pickup_stopped_at = Some(settled.unwrap_or(since));
    }

    /// Lets a stopped deadline run on from where it stopped, with what it is owed and at least [`REST_MIN`] left.
    /// Returns until when; nothing where there is none.
    pub(crate) fn run_on(&mut self, now: Timestamp) -> Option<Timestamp> {
        let stopped_for = match self.pickup_stopped_at.take() {
            Some(stopped_at) => {
                self.settled(ShutTime { since: stopped_at, until: now });
                now.duration_since(stopped_at)
            }
            // What else its door was shut for by now is still to be settled.
            None => SignedDuration::ZERO,
        };
        let stood_still = stopped_for + std::mem::take(&mut self.pickup_owed);
        let stood_still = if bug("deadline_resumes_short") { SignedDuration::ZERO } else { stood_still };
        let deadline = (self.pickup_deadline? + stood_still).max(now + REST_MIN);
        self.pickup_deadline = Some(deadline);
        self.leave_incidents(now);
        Some(deadline)
    }

    /// Adds to what it is owed for how long its door was shut in that time although its deadline ran. Returns whether
    /// anything was.
    pub(crate) fn settle(&mut self, was_shut: ShutTime) -> bool {
        let Some((missed, time)) = self.missed(was_shut) else { return false };
        self.pickup_owed += missed;
        self.settled(time);
        true
    }

    /// What its customer is told about where it is, from now on.
    pub(crate) fn tell(&mut self, message: Message, event: &EventId, now: Timestamp) -> Notice {
        Notice::to_person(&self.customer, message, event, now).supersede(&mut self.latest_notice)
    }

    fn move_to(&mut self, place: Place, status: OrderStatus) {
        self.place = place;
        self.place_epoch += 1;
        self.status = status;
        self.driver = None;
        self.undo = None;
    }

    /// The choice that can be undone now, as long as nothing has happened since.
    pub fn undoable(&self, now: Timestamp) -> Option<&Undo> {
        let undo = self.undo.as_ref()?;
        let latest = self.place_epoch == undo.place_epoch + 1 && self.is_underway();
        (latest && (now < undo.until || bug("undo_never_ends"))).then_some(undo)
    }
}

/// A compartment of an open locker that an order of some size can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    pub locker: Locker,
    pub compartment: Compartment,
}

impl Room {
    pub(crate) fn place(&self) -> Place {
        Place::Compartment { locker: self.locker.id.clone(), compartment: self.compartment.number }
    }

    /// Holds the room for an order, as long as its locker stays open.
    pub(crate) fn hold_for<A>(self, order: &OrderId, decision: &mut Decision<A>) {
        if !bug("room_does_not_hold_the_locker") {
            decision.require_unchanged(StateKey::Locker(self.locker.id));
        }
        decision.change(Compartment { occupancy: Occupancy::Reserved { order: order.clone() }, ..self.compartment });
    }
}

/// Chooses a compartment for an order: the smallest size that fits and is free, else the next larger. Which of
/// several equal ones depends on `spread`, so that orders placed at the same moment do not all want the same.
///
/// # Errors
/// - [`Refusal::LockerUnavailable`]: a fault or a decision of people has closed the locker.
/// - [`Refusal::TooBig`]: it has no compartment large enough, free or not.
/// - [`Refusal::NoRoom`]: all that are large enough, and reachable where that is needed, are taken or closed.
pub fn find_room(locker: &Locker, candidates: &[Compartment], needs: &Needs, spread: u64) -> Result<Room, Refusal> {
    if let Some(by) = locker.unavailable() {
        return Err(Refusal::LockerUnavailable { by });
    }
    if !locker.ever_fits(needs) {
        return Err(Refusal::TooBig);
    }
    let reached = |it: &Compartment| !needs.reachable || it.reachable() || bug("reachability_is_ignored");
    let fits = |it: &Compartment| needs.fit_into(it.size, &locker.measures) && reached(it);
    let fitting = || candidates.iter().filter(|it| it.locker == locker.id && it.bookable() && fits(it));
    let smallest = fitting().map(|it| it.size).min().ok_or(Refusal::NoRoom)?;
    let equal: Vec<&Compartment> = fitting().filter(|it| it.size == smallest).collect();
    let chosen = equal[(spread % equal.len() as u64) as usize];
    Ok(Room { locker: locker.clone(), compartment: chosen.clone() })
}

/// What an order system asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    pub order: OrderId,
    pub customer: PersonId,
    pub needs: Needs,
    pub bundle: Option<BundleId>,
    pub promised_at: Option<Timestamp>,
}

/// Places an order in a room that was found for it. `instead_of` names the locker that was asked for and could
/// not take it: the customer, who agreed to that beforehand, learns where the parcel goes.
pub fn place_order(
    request: PlaceOrder,
    room: Room,
    instead_of: Option<&Locker>,
    event: &EventId,
    now: Timestamp,
) -> Decision<Order> {
    let mut order = Order {
        id: request.order,
        customer: request.customer,
        size: match request.needs.room {
            RoomNeeded::Size(size) => size,
            RoomNeeded::Parcel(_) => {
                request.needs.smallest_size(&room.locker.measures).unwrap_or(room.compartment.size)
            }
        },
        parcel: match request.needs.room {
            RoomNeeded::Size(_) => None,
            RoomNeeded::Parcel(parcel) => Some(parcel),
        },
        reachable: request.needs.reachable,
        bundle: request.bundle,
        status: OrderStatus::Placed,
        place: room.place(),
        place_epoch: 1,
        placed_at: now,
        promised_at: request.promised_at,
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
    };
    let notice = instead_of.map(|wanted| {
        let message = Message::PlacedElsewhere {
            order: order.id.clone(),
            wanted_locker_name: wanted.name.clone(),
            locker_name: room.locker.name.clone(),
            place_epoch: order.place_epoch,
        };
        order.tell(message, event, now)
    });
    let mut decision = Decision::new(order.clone());
    decision.notices.extend(notice);
    decision.record(Event::OrderPlaced { place: order.place.clone() });
    room.hold_for(&order.id, &mut decision);
    decision.change(order);
    decision
}

/// What is kept free for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    Compartment(Compartment),
    Shop(Shop),
}

impl Held {
    /// The same without this order, if it is for that one.
    fn release(self, order: &OrderId, now: Timestamp) -> Option<State> {
        match self {
            Held::Compartment(it) => release(it, order, now).map(State::from),
            Held::Shop(it) => it.release(order).map(State::from),
        }
    }
}

/// Cancels an order that has not been deposited, and frees what was held for it.
///
/// # Errors
/// [`Refusal::WrongState`] from the deposit on, and where it is cancelled already.
pub fn cancel(mut order: Order, held: Option<Held>, now: Timestamp) -> Result<Decision<Order>, Refusal> {
    if !order.is_underway() {
        return Err(Refusal::wrong_state(order.status));
    }
    order.status = OrderStatus::Cancelled;
    order.undo = None;
    let mut decision = Decision::new(order.clone());
    if let Some(freed) =
        held.and_then(|it| it.release(&order.id, now)).filter(|_| !bug("cancelling_keeps_the_compartment"))
    {
        decision.changes.push(freed);
    }
    decision.change(order);
    decision.record(Event::OrderCancelled);
    Ok(decision)
}

/// Frees a compartment that this order, and no other, holds. One whose contents are not known stays so.
pub(crate) fn release(compartment: Compartment, order: &OrderId, now: Timestamp) -> Option<Compartment> {
    let left = match &compartment.occupancy {
        Occupancy::Reserved { .. } | Occupancy::Occupied { .. } => Occupancy::Free,
        // What is in it is not known any better by this: a person has to look.
        Occupancy::Free | Occupancy::Unknown { .. } => Occupancy::Unknown { recorded: None },
    };
    (compartment.order() == Some(order)).then(|| compartment.with(left, now))
}

/// What is known at a compartment's door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorScene {
    pub order: Option<Order>,
    pub locker: Option<Locker>,
    pub compartment: Option<Compartment>,
    /// What is reserved for the parcel elsewhere, while it is being fetched from here.
    pub target: Option<Compartment>,
}

/// The order, its locker and its compartment, where a parcel may go in now.
fn open_door(scene: DoorScene) -> Result<(Order, Locker, Compartment), Refusal> {
    let order = scene.order.ok_or(Refusal::UnknownOrder)?;
    let locker = scene.locker.ok_or(Refusal::UnknownLocker)?;
    match order.status {
        OrderStatus::Placed | OrderStatus::Rerouted => {}
        OrderStatus::Deposited
        | OrderStatus::Collected
        | OrderStatus::Rerouting
        | OrderStatus::Recovery
        | OrderStatus::Cancelled => {
            return Err(Refusal::wrong_state(order.status));
        }
    }
    let compartment = scene.compartment.ok_or(Refusal::UnknownCompartment)?;
    if !order.is_at(&compartment) && !bug("deposit_goes_anywhere") {
        return Err(Refusal::OtherPlace);
    }
    check_door(&order, &locker, &compartment)?;
    Ok((order, locker, compartment))
}

/// Whether a parcel of this order may go into this compartment now, as far as the door goes.
fn check_door(order: &Order, locker: &Locker, compartment: &Compartment) -> Result<(), Refusal> {
    if let Some(by) = locker.closed_to_deposits().filter(|_| !bug("deposit_ignores_the_locker")) {
        return Err(Refusal::LockerUnavailable { by });
    }
    if let Some((code, _)) = compartment.closed_by().filter(|_| !bug("deposit_ignores_faults")) {
        return Err(Refusal::CompartmentClosed { code });
    }
    if !compartment.open_for_deposits() && !bug("deposit_ignores_faults") {
        return Err(Refusal::CompartmentOutOfService);
    }
    let held = compartment.occupancy == Occupancy::Reserved { order: order.id.clone() };
    if !held && !bug("deposit_goes_anywhere") {
        return Err(Refusal::HeldByAnother);
    }
    Ok(())
}

/// The order, its locker and its compartment, where a parcel that is being fetched may go in now; nothing where it is
/// another order's deposit. With `by`, only for who has it.
fn open_target(scene: &DoorScene, by: Option<&PersonId>) -> Result<Option<(Order, Locker, Compartment)>, Refusal> {
    let Some(order) = scene.order.as_ref().filter(|it| it.status == OrderStatus::Recovery) else { return Ok(None) };
    let mut order = order.clone();
    let locker = scene.locker.clone().ok_or(Refusal::UnknownLocker)?;
    let compartment = scene.compartment.clone().ok_or(Refusal::UnknownCompartment)?;
    recovery::admits(&mut order, &compartment, by)?;
    check_door(&order, &locker, &compartment)?;
    Ok(Some((order, locker, compartment)))
}

/// Says whether a driver may open the door for this order now, and remembers who asked. A parcel that is being fetched
/// is let in for who has it, and nobody else.
///
/// # Errors
/// The reason why not: [`Refusal::LockerUnavailable`], [`Refusal::CompartmentClosed`],
/// [`Refusal::CompartmentOutOfService`], [`Refusal::HeldByAnother`], [`Refusal::OtherPlace`],
/// [`Refusal::WrongState`], or that one of the three is unknown.
pub fn authorise_deposit(scene: DoorScene, driver: PersonId) -> Result<Decision<CompartmentNumber>, Refusal> {
    if let Some((_, _, compartment)) = open_target(&scene, Some(&driver))? {
        return Ok(Decision::new(compartment.number));
    }
    let (mut order, locker, compartment) = open_door(scene)?;
    let number = compartment.number;
    let mut decision = Decision::new(number);
    if order.driver.as_ref() != Some(&driver) {
        order.driver = Some(driver.clone());
        decision.require_unchanged(StateKey::Locker(locker.id));
        decision.require_unchanged(StateKey::Compartment(compartment.locker, number));
        decision.change(order);
        decision.record(Event::DepositAuthorised { driver, compartment: number });
    }
    Ok(decision)
}

/// Records that the parcel is in its compartment: the customer is told, and the hold time begins.
///
/// # Errors
/// Those of [`authorise_deposit`]: nothing is recorded as deposited behind a closed door.
pub fn record_deposit(scene: DoorScene, event: &EventId, now: Timestamp) -> Result<Decision<()>, Refusal> {
    if let Some((order, locker, compartment)) = open_target(&scene, None)? {
        return recovery::place_parcel(order, locker, compartment, event, now);
    }
    let (mut order, locker, compartment) = open_door(scene)?;
    let deadline = now + HOLD_FOR;
    order.status = OrderStatus::Deposited;
    order.deposited_at = Some(now);
    order.pickup_deadline = Some(deadline);
    let mut decision = Decision::new(());
    decision.record(Event::ParcelDeposited { compartment: compartment.number });
    let message = Message::ReadyForPickup {
        order: order.id.clone(),
        locker_name: locker.name,
        compartment: compartment.number,
        deadline,
    };
    decision.tell(order.tell(message, event, now));
    if !bug("deposit_does_not_hold_the_locker") {
        decision.require_unchanged(StateKey::Locker(locker.id));
    }
    decision.change(compartment.with(Occupancy::Occupied { order: order.id.clone() }, now));
    if let Some(driver) = &order.driver {
        decision.change(Delivery {
            order: order.id.clone(),
            driver: driver.clone(),
            delivered_at: now,
            promised_at: order.promised_at,
            standing: Standing::Counted,
            charged_case: None,
        });
    }
    decision.change(order);
    Ok(decision)
}

/// Records that the customer has the parcel, and asks how it went. A parcel that was collected through a door
/// believed to be shut is collected all the same.
///
/// # Errors
/// [`Refusal::UnknownOrder`], [`Refusal::UnknownCompartment`], [`Refusal::OtherPlace`]; [`Refusal::WrongState`]
/// unless it was deposited.
pub fn record_collection(scene: DoorScene, event: &EventId, now: Timestamp) -> Result<Decision<()>, Refusal> {
    let mut order = scene.order.ok_or(Refusal::UnknownOrder)?;
    let compartment = scene.compartment.ok_or(Refusal::UnknownCompartment)?;
    // It was quicker than who was to fetch it, or is why nobody found it.
    let was_missed = order.place == Place::Missing
        && order.recovery.as_ref().is_some_and(|it| it.from == CompartmentId::of(&compartment));
    let inside = match order.status {
        OrderStatus::Deposited => true,
        OrderStatus::Recovery => order.place != Place::Custody,
        OrderStatus::Placed
        | OrderStatus::Collected
        | OrderStatus::Rerouting
        | OrderStatus::Rerouted
        | OrderStatus::Cancelled => false,
    };
    if !inside {
        return Err(Refusal::wrong_state(order.status));
    }
    if !order.is_at(&compartment) && !was_missed {
        return Err(Refusal::OtherPlace);
    }
    if was_missed {
        order.relocate(Place::Compartment { locker: compartment.locker.clone(), compartment: compartment.number });
    }
    if order.status == OrderStatus::Recovery
        && let Some(recovery) = &mut order.recovery
    {
        recovery.end(now);
    }
    order.status = OrderStatus::Collected;
    order.collected_at = Some(now);
    order.pickup_stopped_at = None;
    order.leave_incidents(now);
    let mut decision = Decision::new(());
    decision.record(Event::ParcelCollected { compartment: compartment.number });
    let message = Message::FeedbackRequested { order: order.id.clone() };
    decision.tell(order.tell(message, event, now));
    if let Some(freed) = release(compartment, &order.id, now).filter(|_| !bug("collection_keeps_the_compartment")) {
        decision.change(freed);
    }
    if let Some(freed) = scene.target.and_then(|it| release(it, &order.id, now)) {
        decision.change(freed);
    }
    decision.change(order);
    Ok(decision)
}

/// Why an order's place cannot be used now, if so: the fault of the whole locker or of its compartment that closes
/// more; where both close as much, the compartment's.
pub fn incident_at(locker: &Locker, compartment: &Compartment) -> Option<Incident> {
    let units = [(Unit::Locker, &locker.faults), (Unit::Compartment(compartment.number), &compartment.faults)];
    let (_, unit, code, fault) = units
        .into_iter()
        .filter_map(|(unit, faults)| closed_by(faults).map(|(code, closure)| (closure, unit, code, &faults[&code])))
        .max_by_key(|(closure, ..)| *closure)?;
    Some(Incident {
        locker: locker.id.clone(),
        unit,
        code,
        work_order: fault.work_order.clone(),
        from: fault.raised_at,
        until: None,
    })
}

/// Since when faults or people keep the door from being opened: since the first of them, not the worst.
pub(crate) fn shut_since(locker: &Locker, compartment: &Compartment) -> Option<Timestamp> {
    let by_faults = [&locker.faults, &compartment.faults].map(shut_by);
    let by_people = [locker.shut_by_people_since(), compartment.shut_by_people_since()];
    by_faults.into_iter().chain(by_people).flatten().min()
}

/// What is known when an order that lost its place is dealt with. `rooms` is what was found for it in other lockers, best
/// first, and how far away; `shop` the one its customer named. `why` is told in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplacedScene {
    pub order: Order,
    pub locker: Locker,
    pub compartment: Compartment,
    pub preferences: Option<Preferences>,
    pub rooms: Vec<(u32, Room)>,
    pub shop: Option<Shop>,
    pub why: Option<Why>,
    /// By when its place most likely works again, where that is known.
    pub expected_by: Option<Timestamp>,
}

/// Deals with one order whose compartment has been closed. On its way: it gets another place by the customer's
/// stored preferences (what was found in other lockers, the shop, or home), or the customer is asked. Inside:
/// its deadline stops. The customer learns it in the same commit. Nothing where the place works again, or the
/// order is no longer there, or it has been dealt with: each learns it once.
pub fn deal_with_displaced(scene: DisplacedScene, event: &EventId, now: Timestamp) -> Option<Decision<()>> {
    let DisplacedScene { mut order, locker, compartment, preferences, rooms, shop, why, expected_by } = scene;
    if !order.is_at(&compartment) {
        return None;
    }
    if locker.closure().max(compartment.closure()) == Closure::Nothing {
        return None;
    }
    let incident = incident_at(&locker, &compartment);
    let cause = incident.as_ref().map(|it| it.code);
    let mut decision = Decision::new(());
    // A repair that is proven meanwhile comes first: it has given the all-clear by then and does not come back.
    decision.require_unchanged(StateKey::Locker(locker.id.clone()));
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    if order.status == OrderStatus::Deposited {
        if order.pickup_stopped_at.is_some() || compartment.open_for_pickups(&locker) || bug("deadline_runs_on") {
            return None;
        }
        return Some(stop_pickup(order, &locker, &compartment, expected_by, event, now));
    }
    if !order.is_underway() || bug("displaced_order_stays") {
        return None;
    }
    // They may have changed since a place was looked for.
    let agrees = |(distance_m, room): &(u32, Room)| {
        preferences.as_ref().is_some_and(|it| it.agrees_to(&room.locker.id, *distance_m))
    };
    let room = rooms.into_iter().find(agrees).map(|(_, room)| room);
    let named = |it: &Shop| preferences.as_ref().is_some_and(|wishes| wishes.shop.as_ref() == Some(&it.id));
    let shop = shop.filter(|it| room.is_none() && named(it) && it.has_room(now));
    let from = order.place.clone();
    let (to, status) = match (&room, &shop) {
        (Some(room), _) => (room.place(), OrderStatus::Rerouted),
        (None, Some(shop)) => (Place::Shop { shop: shop.id.clone() }, OrderStatus::Rerouted),
        (None, None) if preferences.is_some_and(|it| it.home) => (Place::Home, OrderStatus::Rerouted),
        (None, None) => (Place::Asked, OrderStatus::Rerouting),
    };
    order.displaced_from = incident.is_none().then(|| locker.id.clone());
    if let Some(incident) = incident {
        order.meet(incident);
    }
    order.leave_incidents(now);
    order.move_to(to.clone(), status);
    let (id, from_locker_name, place_epoch) = (order.id.clone(), locker.name, order.place_epoch);
    let message = match (&room, &shop, &to) {
        (Some(room), ..) => {
            let locker_name = room.locker.name.clone();
            Message::Rerouted { order: id, from_locker_name, locker_name, place_epoch, cause }
        }
        (None, Some(shop), _) => {
            let shop_name = shop.name.clone();
            Message::ReroutedToShop { order: id, from_locker_name, shop_name, place_epoch, cause }
        }
        (None, None, Place::Home) => Message::ReroutedHome { order: id, from_locker_name, place_epoch, cause },
        (None, None, _) => Message::ChoosePlace { order: id, from_locker_name, place_epoch, cause },
    };
    let notice = order.tell(message, event, now);
    if !bug("displaced_order_is_not_told") {
        decision.tell(notice);
    }
    decision.record(Event::OrderRerouted { from, to, why });
    if let Some(freed) = release(compartment, &order.id, now) {
        decision.change(freed);
    }
    if let Some(room) = room {
        room.hold_for(&order.id, &mut decision);
    }
    if let Some(expecting) = shop.and_then(|it| it.expect(&order.id, now)) {
        decision.change(expecting);
    }
    decision.change(order);
    Some(decision)
}

/// What the history calls it when a deadline stands still: by the fault that is named, else by people.
fn stopped_by(incident: Option<&Incident>, order: &OrderId) -> Event {
    incident.map_or(Event::PickupStopped { order: order.clone() }, |it| Event::PickupDelayed { code: it.code })
}

/// Stops the deadline of a parcel behind a door that is shut, and tells its customer.
fn stop_pickup(
    mut order: Order,
    locker: &Locker,
    compartment: &Compartment,
    expected_by: Option<Timestamp>,
    event: &EventId,
    now: Timestamp,
) -> Decision<()> {
    let mut decision = Decision::new(());
    let incident = incident_at(locker, compartment);
    decision.require_unchanged(StateKey::Locker(locker.id.clone()));
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    order.stand_still(locker, compartment, now);
    decision.record(stopped_by(incident.as_ref(), &order.id));
    let cause = incident.as_ref().map(|it| it.code);
    if let Some(incident) = incident {
        order.meet(incident);
    }
    let message = Message::PickupDelayed {
        order: order.id.clone(),
        locker_name: locker.name.clone(),
        compartment: compartment.number,
        cause,
        expected_by,
    };
    decision.tell(order.tell(message, event, now));
    decision.change(order);
    decision
}

/// Tells a customer who waits at a shut door that it takes longer than was said. Nothing for an order that does not
/// wait there any more.
pub fn tell_delay(
    mut order: Order,
    locker: &Locker,
    compartment: &Compartment,
    expected_by: Option<Timestamp>,
    event: &EventId,
    now: Timestamp,
) -> Option<Decision<()>> {
    let waits = order.is_at(compartment) && order.status == OrderStatus::Deposited && order.pickup_stopped_at.is_some();
    if !waits || compartment.open_for_pickups(locker) {
        return None;
    }
    let mut decision = Decision::new(());
    decision.require_unchanged(StateKey::Locker(locker.id.clone()));
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    decision.record(Event::DelayTold { order: order.id.clone() });
    let message = Message::RepairTakesLonger {
        order: order.id.clone(),
        locker_name: locker.name.clone(),
        compartment: compartment.number,
        expected_by,
    };
    decision.tell(order.tell(message, event, now));
    decision.change(order);
    Some(decision)
}

/// Keeps what is owed to a parcel whose deadline stands still behind a door that is shut still: nobody is told again.
pub(crate) fn keep_owed(order: Order, locker: &Locker, compartment: &Compartment) -> Decision<()> {
    let mut decision = Decision::new(());
    decision.record(stopped_by(incident_at(locker, compartment).as_ref(), &order.id));
    decision.change(order);
    decision
}

/// The unit that `was_shut` until its repair was proven works again: the deadline runs on from where it stopped, with
/// at least [`REST_MIN`] left, and the customer is told. A deadline that nobody had stopped in the time is moved on by
/// it all the same; where another fault, or people, have shut the door meanwhile, that is owed until it opens. Nothing for an order
/// that has not waited.
pub fn resume_pickup(
    mut order: Order,
    locker: &Locker,
    compartment: &Compartment,
    was_shut: Option<ShutTime>,
    event: &EventId,
    now: Timestamp,
) -> Option<Decision<()>> {
    if !order.is_at(compartment) || order.status != OrderStatus::Deposited {
        return None;
    }
    let owes = was_shut.is_some_and(|it| order.settle(it));
    if !compartment.open_for_pickups(locker) {
        return match (owes, order.pickup_stopped_at) {
            (false, _) => None,
            (true, None) => Some(stop_pickup(order, locker, compartment, None, event, now)),
            (true, Some(_)) => Some(keep_owed(order, locker, compartment)),
        };
    }
    if order.pickup_stopped_at.is_none() && !owes {
        return None;
    }
    let deadline = order.run_on(now)?;
    let mut decision = Decision::new(());
    let message = Message::AllClear {
        order: order.id.clone(),
        locker_name: locker.name.clone(),
        compartment: compartment.number,
        deadline,
    };
    decision.tell(order.tell(message, event, now));
    decision.require_unchanged(StateKey::Compartment(compartment.locker.clone(), compartment.number));
    decision.require_unchanged(StateKey::Locker(locker.id.clone()));
    decision.record(Event::PickupResumed { order: order.id.clone() });
    decision.change(order);
    Some(decision)
}

/// Where a customer wants the parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    Room(Box<Room>),
    Shop(Shop),
    Home,
}

impl Choice {
    fn place(&self) -> Place {
        match self {
            Choice::Room(room) => room.place(),
            Choice::Shop(shop) => Place::Shop { shop: shop.id.clone() },
            Choice::Home => Place::Home,
        }
    }

    fn confirmed(&self, order: &OrderId) -> Message {
        let (locker_name, shop_name) = match self {
            Choice::Room(room) => (Some(room.locker.name.clone()), None),
            Choice::Shop(shop) => (None, Some(shop.name.clone())),
            Choice::Home => (None, None),
        };
        Message::PlaceConfirmed { order: order.clone(), locker_name, shop_name }
    }

    fn hold_for<A>(self, order: &OrderId, decision: &mut Decision<A>, now: Timestamp) {
        match self {
            Choice::Room(room) => room.hold_for(order, decision),
            Choice::Shop(shop) => decision.changes.extend(shop.expect(order, now).map(State::from)),
            Choice::Home => {}
        }
    }
}

/// Moves an order to the place its customer chose: the new place and the release of the old one are one
/// commit. The first valid choice for an epoch wins; a link for an earlier epoch is used up, but for undoing.
///
/// # Errors
/// [`Refusal::LinkUsed`] where the order has moved since; [`Refusal::WrongState`] from the deposit on;
/// [`Refusal::NoRoom`] where the shop takes no more.
pub fn choose_place(
    mut order: Order,
    held: Option<Held>,
    place_epoch: u32,
    choice: Choice,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if order.place_epoch != place_epoch && !bug("choice_ignores_the_epoch") {
        return Err(Refusal::LinkUsed);
    }
    if !order.is_underway() {
        return Err(Refusal::wrong_state(order.status));
    }
    let place = choice.place();
    // Who chooses the shop again that it goes to already has its room there.
    let stays = order.place == place;
    if !stays && matches!(&choice, Choice::Shop(shop) if !shop.has_room(now)) {
        return Err(Refusal::NoRoom);
    }
    let undo = Undo {
        place: order.place.clone(),
        status: order.status,
        place_epoch: order.place_epoch,
        until: now + UNDO_WITHIN,
    };
    order.move_to(place.clone(), OrderStatus::Rerouted);
    order.undo = Some(undo);
    let notice = order.tell(choice.confirmed(&order.id), event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.record(Event::PlaceChosen { to: place });
    let held = held.filter(|_| !stays && !bug("choice_keeps_the_old_place"));
    decision.changes.extend(held.and_then(|it| it.release(&order.id, now)));
    choice.hold_for(&order.id, &mut decision, now);
    decision.change(order);
    Ok(decision)
}

/// What there is to go back to where a choice is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// The place of before, or another compartment of the same locker.
    To(Choice),
    /// There was none: the customer is asked again. Names the locker whose place was lost.
    Asked { from_locker_name: String },
}

/// Undoes what a customer chose at `place_epoch`: back to where the order was to go before. Its place there was given up
/// with the choice, so that it is looked for again.
///
/// # Errors
/// [`Refusal::TooLate`] where the time is over, the order has moved since or is no longer on its way;
/// [`Refusal::LinkUsed`] where it was another choice; [`Refusal::NoRoom`] where the shop takes no more.
pub fn undo_choice(
    mut order: Order,
    held: Option<Held>,
    place_epoch: u32,
    back: Back,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    let undo = order.undoable(now).cloned().ok_or(Refusal::TooLate)?;
    if undo.place_epoch != place_epoch {
        return Err(Refusal::LinkUsed);
    }
    let place = match &back {
        Back::To(choice) => choice.place(),
        Back::Asked { .. } => Place::Asked,
    };
    let stays = order.place == place;
    if !stays && matches!(&back, Back::To(Choice::Shop(shop)) if !shop.has_room(now)) {
        return Err(Refusal::NoRoom);
    }
    order.move_to(place.clone(), undo.status);
    let message = match &back {
        Back::To(choice) => choice.confirmed(&order.id),
        Back::Asked { from_locker_name } => Message::ChoosePlace {
            order: order.id.clone(),
            from_locker_name: from_locker_name.clone(),
            place_epoch: order.place_epoch,
            cause: None,
        },
    };
    let notice = order.tell(message, event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.record(Event::ChoiceUndone { to: place });
    let held = held.filter(|_| !stays && !bug("undo_keeps_the_place"));
    decision.changes.extend(held.and_then(|it| it.release(&order.id, now)));
    if let Back::To(choice) = back {
        choice.hold_for(&order.id, &mut decision, now);
    }
    decision.change(order);
    Ok(decision)
}

/// Support puts a customer's deadline off, by whole hours and with a reason. Where it stands still, it stands still; where
/// it has passed, it runs anew from now. The customer is told until when to come, or that there is more time once the
/// door works.
///
/// # Errors
/// [`Refusal::WrongState`] unless the parcel is waiting in its compartment; [`Refusal::TooLong`] where all extensions
/// together would be more than [`EXTENSION_MAX`].
pub fn extend_pickup(
    mut order: Order,
    locker: &Locker,
    hours: u16,
    by: PersonId,
    reason: String,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    let (OrderStatus::Deposited, Some(deadline), Some((_, compartment))) =
        (order.status, order.pickup_deadline, order.compartment())
    else {
        return Err(Refusal::wrong_state(order.status));
    };
    let longer = SignedDuration::from_hours(hours.into());
    if order.pickup_extended + longer > EXTENSION_MAX && !bug("extensions_are_not_bounded") {
        return Err(Refusal::TooLong);
    }
    let stands_still = order.pickup_stopped_at.is_some();
    let from = if stands_still { deadline } else { deadline.max(now) };
    order.pickup_deadline = Some(from + longer);
    order.pickup_extended += longer;
    let message = Message::PickupExtended {
        order: order.id.clone(),
        locker_name: locker.name.clone(),
        compartment,
        hours,
        deadline: order.pickup_deadline.filter(|_| !stands_still),
    };
    let notice = order.tell(message, event, now);
    let mut decision = Decision::new(order.clone());
    if !bug("extension_is_not_told") {
        decision.tell(notice);
    }
    decision.record(Event::PickupExtended { by, hours, reason });
    decision.change(order);
    Ok(decision)
}

#[cfg(test)]
mod tests;

//! What is inside a compartment, where the device and the records disagree: found out, never overwritten, and settled by
//! a person who looks.

use std::collections::BTreeMap;

use crate::compartment::{Compartment, Health, Occupancy};
use crate::decision::{Decision, Event};
use crate::delivery::{Delivery, Standing};
use crate::fault::{FaultCode, FaultReport, ReportedFault, Unit};
use crate::id::{CompartmentNumber, EventId, LockerId, PersonId};
use crate::locker::{FaultScene, Locker, report_faults};
use crate::notice::Message;
use crate::order::{HOLD_FOR, Order, OrderStatus, incident_at, release};
use crate::place::Place;
use crate::recovery::{CompartmentId, Recovery};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::work_order::{FAULTS_MAX, WorkOrder};
use crate::{SignedDuration, StateKey, Timestamp};

/// How long after it was said a device's belief is judged: what it told of before has been recorded by then, and a door
/// that was just used is no disagreement.
pub const SETTLES_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// What a device believes is inside: whether something is, by compartment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccupancyReport {
    pub locker: LockerId,
    pub event: EventId,
    /// The server's time of arrival.
    pub received_at: Timestamp,
    pub inside: BTreeMap<CompartmentNumber, bool>,
}

impl OccupancyReport {
    /// Whether it says otherwise than the records about this compartment. What has changed since it was said is history.
    /// One that nobody has looked into yet is in dispute already, as long as somebody is called for it.
    pub fn disagrees_about(&self, compartment: &Compartment) -> bool {
        let Some(inside) = self.inside.get(&compartment.number) else { return false };
        let changed_at = compartment.contents_changed_at.max(compartment.reopened_at);
        if changed_at.is_some_and(|at| self.received_at <= at) {
            return false;
        }
        match compartment.occupancy {
            Occupancy::Free | Occupancy::Reserved { .. } => *inside,
            Occupancy::Occupied { .. } => !inside,
            Occupancy::Unknown { .. } => !compartment.faults.contains_key(&FaultCode::OccupancyMismatch),
        }
    }
}

/// What is known when a device's belief is judged: its locker, the latest work order, and the compartments it may
/// disagree about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OccupancyScene {
    pub locker: Option<Locker>,
    pub work_order: Option<WorkOrder>,
    pub compartments: Vec<Compartment>,
}

/// Takes what a device and the records disagree about out of use: what is inside is unknown from now on, what the
/// records say is kept, and somebody is called to look. Where a device disagrees about more than one work order
/// repairs, it is not to be believed: the locker has the fault, and no record changes. Agreement changes nothing.
///
/// # Errors
/// [`Refusal::UnknownLocker`]
pub fn report_occupancy(
    scene: OccupancyScene,
    report: &OccupancyReport,
    now: Timestamp,
) -> Result<Decision<Vec<CompartmentNumber>>, Refusal> {
    let OccupancyScene { locker, work_order, mut compartments } = scene;
    compartments.retain(|it| report.disagrees_about(it));
    let numbers: Vec<CompartmentNumber> = compartments.iter().map(|it| it.number).collect();
    let own = locker.as_ref().ok_or(Refusal::UnknownLocker)?;
    let unbelievable = numbers.len() > FAULTS_MAX;
    if numbers.is_empty() || (unbelievable && own.faults.contains_key(&FaultCode::OccupancyMismatch)) {
        return Ok(Decision::new(Vec::new()));
    }
    let units = if unbelievable {
        compartments.clear();
        vec![Unit::Locker]
    } else {
        numbers.iter().map(|number| Unit::Compartment(*number)).collect()
    };
    let mismatch = |unit| ReportedFault { unit, code: FaultCode::OccupancyMismatch, vendor_text: None };
    let faults = FaultReport {
        locker: report.locker.clone(),
        event: report.event.clone(),
        received_at: report.received_at,
        signal: crate::suspicion::Signal::Device,
        gone: Vec::new(),
        faults: units.into_iter().map(mismatch).collect(),
    };
    let in_dispute: Vec<Compartment> = compartments
        .into_iter()
        .map(|it| {
            let recorded = it.order().cloned().filter(|_| !bug("reconciling_forgets_what_was_inside"));
            it.with(Occupancy::Unknown { recorded }, now)
        })
        .collect();
    let scene = FaultScene { locker, compartments: in_dispute.clone(), work_order };
    let mut decision = report_faults(scene, &faults, now)?;
    for compartment in in_dispute {
        // Those whose fault has become one of the whole locker.
        let key = StateKey::Compartment(compartment.locker.clone(), compartment.number);
        if decision.changes.iter().all(|it| it.key() != key) {
            decision.change(compartment);
        }
    }
    let disputed = if unbelievable { Vec::new() } else { numbers };
    let outcome = decision.answer.clone();
    decision.record(Event::OccupancyDisagreed { compartments: disputed.clone(), outcome });
    Ok(decision.answer_with(disputed))
}

/// What is known when a person has looked into a compartment. `held` is what is reserved elsewhere for the order
/// concerned: the one that was found, or the recorded one that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookScene {
    pub locker: Locker,
    pub compartment: Compartment,
    /// The order whose parcel is inside; nothing where it is empty.
    pub found: Option<Order>,
    /// The order that is recorded there, where it is another one or nothing was found.
    pub recorded: Option<Order>,
    pub held: Option<Compartment>,
}

/// Settles what is inside a compartment by the word of a person who has looked. Records and order follow in one commit,
/// and whoever it concerns is told. It reopens nothing: that takes a proven repair.
///
/// # Errors
/// - [`Refusal::WrongState`]: nothing is in doubt, neither its contents nor its door; or the order that was found is
///   collected or cancelled.
/// - [`Refusal::HeldByAnother`]: another order is recorded inside: it has to be said first that it is not.
/// - [`Refusal::OtherPlace`]: the order that was found is recorded inside another compartment, which has to be looked
///   into first.
pub fn settle_contents(
    scene: LookScene,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Compartment>, Refusal> {
    let LookScene { locker, compartment, found, recorded, held } = scene;
    let unknown = matches!(compartment.occupancy, Occupancy::Unknown { .. });
    if !unknown && compartment.health() == Health::Ok && locker.closed_by().is_none() {
        return Err(Refusal::wrong_state("ok"));
    }
    match (found, recorded) {
        (Some(found), None) => put_in(found, locker, compartment, held, by, event, now),
        (Some(_), Some(_)) => Err(Refusal::HeldByAnother),
        (None, Some(recorded)) => miss(recorded, locker, compartment, held, by, event, now),
        (None, None) => {
            let settled = compartment.with(Occupancy::Free, now);
            Ok(settle(settled, by))
        }
    }
}

/// Writes down what is inside where that changes no order.
fn settle(compartment: Compartment, by: PersonId) -> Decision<Compartment> {
    let mut decision = Decision::new(compartment.clone());
    let (door, found) = (CompartmentId::of(&compartment), compartment.order().cloned());
    decision.record(Event::ContentsSettled { by, door, found });
    decision.change(compartment);
    decision
}

/// The recorded parcel is not inside. One that was on its way still is; one that was deposited is missing.
fn miss(
    mut order: Order,
    locker: Locker,
    compartment: Compartment,
    held: Option<Compartment>,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Compartment>, Refusal> {
    if order.is_underway() && order.is_at(&compartment) {
        return Ok(settle(compartment.with(Occupancy::Reserved { order: order.id.clone() }, now), by));
    }
    let was_inside = matches!(order.status, OrderStatus::Deposited | OrderStatus::Recovery);
    if !was_inside || !order.is_at(&compartment) {
        // Where a parcel is to be brought: it is not there yet.
        let reserved = order.recovery_target() == Some(&CompartmentId::of(&compartment));
        let left = if reserved { Occupancy::Reserved { order: order.id.clone() } } else { Occupancy::Free };
        return Ok(settle(compartment.with(left, now), by));
    }
    let from = order.place.clone();
    order.pickup_stopped_at.get_or_insert(now);
    order.relocate(Place::Missing);
    match &mut order.recovery {
        Some(recovery) if order.status == OrderStatus::Recovery => recovery.target = None,
        recovery => *recovery = Some(Recovery::new(by.clone(), CompartmentId::of(&compartment), None, now).into()),
    }
    order.status = OrderStatus::Recovery;
    let message = Message::ParcelMissing { order: order.id.clone(), locker_name: locker.name };
    let notice = order.tell(message, event, now);
    let empty = compartment.with(Occupancy::Free, now);
    let mut decision = Decision::new(empty.clone());
    decision.tell(notice);
    decision.record(Event::ParcelMissed { by, from });
    decision.change(empty);
    if let Some(freed) = held.and_then(|it| release(it, &order.id, now)) {
        decision.change(freed);
    }
    decision.change(order);
    Ok(decision)
}

/// The parcel of an order is inside, wherever it was thought to be.
fn put_in(
    mut order: Order,
    locker: Locker,
    compartment: Compartment,
    held: Option<Compartment>,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Compartment>, Refusal> {
    let here = order.is_at(&compartment);
    match (order.status, here) {
        (OrderStatus::Deposited | OrderStatus::Recovery, true) => {
            let inside = compartment.with(Occupancy::Occupied { order: order.id.clone() }, now);
            return Ok(settle(inside, by));
        }
        (OrderStatus::Deposited, false) => return Err(Refusal::OtherPlace),
        (OrderStatus::Recovery, false) if order.compartment().is_some() => return Err(Refusal::OtherPlace),
        (OrderStatus::Collected | OrderStatus::Cancelled, _) => return Err(Refusal::wrong_state(order.status)),
        (OrderStatus::Recovery | OrderStatus::Placed | OrderStatus::Rerouting | OrderStatus::Rerouted, _) => {}
    }
    let first = order.deposited_at.is_none();
    if !here {
        order.relocate(Place::Compartment { locker: locker.id.clone(), compartment: compartment.number });
    }
    if order.status == OrderStatus::Recovery
        && let Some(recovery) = &mut order.recovery
    {
        recovery.end(now);
    }
    order.status = OrderStatus::Deposited;
    if first {
        order.deposited_at = Some(now);
        order.pickup_deadline = Some(now + HOLD_FOR);
        order.leave_incidents(now);
    }
    let opens = compartment.open_for_pickups(&locker);
    if opens && !here {
        order.settle_all(now);
    }
    let deadline = match (opens, first) {
        (true, false) => order.run_on(now),
        (true, true) => order.pickup_deadline,
        (false, _) => {
            if order.pickup_stopped_at.is_none() {
                order.stand_still(&locker, &compartment, now);
            }
            if let Some(incident) = incident_at(&locker, &compartment) {
                order.meet(incident);
            }
            None
        }
    };
    let (id, locker_name, number) = (order.id.clone(), locker.name.clone(), compartment.number);
    let cause = incident_at(&locker, &compartment).map(|it| it.code);
    let message = match deadline {
        Some(deadline) if first => Message::ReadyForPickup { order: id, locker_name, compartment: number, deadline },
        Some(deadline) => Message::BroughtElsewhere { order: id, locker_name, compartment: number, deadline },
        None => Message::PickupDelayed { order: id, locker_name, compartment: number, cause, expected_by: None },
    };
    let notice = order.tell(message, event, now);
    let inside = compartment.with(Occupancy::Occupied { order: order.id.clone() }, now);
    let mut decision = Decision::new(inside.clone());
    decision.tell(notice);
    decision.require_unchanged(StateKey::Locker(locker.id));
    let stopped = order.pickup_stopped_at.is_some();
    decision.record(Event::ParcelFound { by, place: order.place.clone(), stopped, moved: !here });
    decision.change(inside);
    if let Some(freed) = held.and_then(|it| release(it, &order.id, now)) {
        decision.change(freed);
    }
    // Only where the driver was let in: who put it anywhere else is not known.
    if let (true, true, Some(driver)) = (first, here, &order.driver) {
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

#[cfg(test)]
mod tests;

//! Orders: where they are placed, what becomes of them when a place is lost, and whom that is told.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::compartment::{Compartment, Occupancy};
use domain::decision::Event;
use domain::fault::{Closure, Unit};
use domain::id::{CompartmentNumber, LockerId, OrderId};
use domain::impact::ImpactTask;
use domain::locker::Locker;
use domain::notice::{LinkPurpose, Message, Recipient};
use domain::order::{EXTENSION_MAX, HOLD_FOR, Order, OrderStatus, UNDO_WITHIN};
use domain::place::Place;
use domain::service::Lifecycle;
use domain::shop::EXPECTED_FOR;
use domain::{SignedDuration, State, StateKey, Timestamp};

use super::places::{closes, compartment_closes, is_offered, locker_closes};
use super::{Verdict, broken, holds};
use crate::history::{Committed, History};
use crate::invocation::Cause;
use crate::site::SHOP_CAPACITY;
use crate::triggers::Answer;
use crate::world::World;

/// By how much an index may be behind the table in this world, with room for the answer's way.
const INDEX_LAG_MAX: Duration = Duration::from_secs(8);

/// Which order a message to a customer is about.
pub fn order_of(message: &Message) -> Option<&domain::id::OrderId> {
    match message {
        Message::ReadyForPickup { order, .. }
        | Message::PickupDelayed { order, .. }
        | Message::RepairTakesLonger { order, .. }
        | Message::AllClear { order, .. }
        | Message::PickupExtended { order, .. }
        | Message::RecoveryStarted { order, .. }
        | Message::BroughtElsewhere { order, .. }
        | Message::ParcelMissing { order, .. }
        | Message::ReservationExpired { order, .. }
        | Message::PickupExpired { order, .. }
        | Message::ParcelReturned { order }
        | Message::PlacedElsewhere { order, .. }
        | Message::Rerouted { order, .. }
        | Message::ReroutedHome { order, .. }
        | Message::ReroutedToShop { order, .. }
        | Message::ChoosePlace { order, .. }
        | Message::PlaceKept { order, .. }
        | Message::PlaceChanged { order, .. }
        | Message::PlaceConfirmed { order, .. }
        | Message::FeedbackRequested { order }
        | Message::CaseReceived { order, .. }
        | Message::CaseAnswered { order, .. }
        | Message::CaseQuestion { order, .. }
        | Message::CaseUpdated { order, .. }
        | Message::CaseUnanswered { order, .. }
        | Message::CaseReopened { order, .. }
        | Message::CaseJoined { order, .. } => Some(order),
        Message::WorkOrderCalled { .. }
        | Message::WorkOrderEnded { .. }
        | Message::WorkOrderEscalated { .. }
        | Message::IncidentReported { .. }
        | Message::DriverAsked { .. }
        | Message::DriverCharged { .. }
        | Message::ContestReceived { .. }
        | Message::ContestAnswered { .. }
        | Message::CaseOverdue { .. }
        | Message::RepairRejected { .. } => None,
    }
}

/// I12: an order for an unavailable locker is refused with alternatives or placed elsewhere by consent, never silently
/// accepted.
pub fn an_order_is_placed_only_where_it_can_be(world: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let Event::OrderPlaced { place } = &entry.event else { continue };
        let Some((None, order)) = commit.orders().next() else { return broken("an order was placed that is not new") };
        let Place::Compartment { locker: at, compartment: number } = place else {
            return broken(format!("{} was placed at {place:?}", order.id));
        };
        let history = world.history.borrow();
        let before = commit.compartments().find(|(_, after)| after.locker == *at && after.number == *number);
        let (Some((Some(before), _)), Some(locker)) = (before, history.locker(at)) else {
            return broken(format!("{} was placed in {at}.{number} without taking it", order.id));
        };
        let open = locker_closes(locker).max(compartment_closes(before)) == Closure::Nothing;
        holds(is_offered(locker, before), || {
            format!("{} was placed in {at}.{number}, which are {:?} and {}", order.id, locker.service, before.service)
        })?;
        holds(open && before.occupancy == Occupancy::Free, || {
            let (own, its) = (locker.faults.keys(), before.faults.keys());
            format!("{} was placed in {at}.{number}, {:?}, with faults {own:?} {its:?}", order.id, before.occupancy)
        })?;
        let Cause::Request(asked) = &commit.cause else { return broken("an order was placed that nobody asked for") };
        let wanted = asked.body["locker_id"].as_str().unwrap_or_default();
        if wanted == at.as_str() {
            continue;
        }
        let within = asked.body["elsewhere_within_m"].as_u64();
        let far =
            wanted.parse().ok().and_then(|wanted| Some(history.locker(&wanted)?.position.distance_m(locker.position)));
        holds(within.zip(far).is_some_and(|(within, far)| u64::from(far) <= within), || {
            format!("{} was placed at {at}, {far:?} m from {wanted}, with consent to {within:?}", order.id)
        })?;
        let told = commit.entered().any(|(_, entry)| matches!(entry.notice.message, Message::PlacedElsewhere { .. }));
        holds(told, || format!("{} was placed elsewhere, and nobody was told", order.id))?;
    }
    Ok(())
}

/// I12: an order is placed, and later moved, only where its parcel fits and its customer can reach the door.
pub fn a_place_is_what_its_parcel_and_its_customer_need(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    // Where somebody came upon a parcel was not the network's choice.
    let found = commit.events.iter().any(|(_, entry)| matches!(entry.event, Event::ParcelFound { .. }));
    for (before, order) in commit.orders() {
        if found || before.is_some_and(|before| before.place == order.place) {
            continue;
        }
        let Some(door) = order.compartment().and_then(|(locker, number)| history.compartment(locker, number)) else {
            continue;
        };
        let (name, size) = (format!("{}.{}", door.locker, door.number), door.size);
        holds(size >= order.size, || format!("{} of {:?} is to go into {name}, {size:?}", order.id, order.size))?;
        if let Some(parcel) = order.parcel {
            let mut sides = [parcel.dimensions.length_mm, parcel.dimensions.width_mm, parcel.dimensions.height_mm];
            sides.sort_unstable();
            let inner = size.dimensions();
            let mut room = [inner.length_mm, inner.width_mm, inner.height_mm];
            room.sort_unstable();
            let fits = sides.iter().zip(room).all(|(side, room)| *side <= room);
            holds(fits, || format!("{} of {sides:?} is to go into {name}, {room:?}", order.id))?;
        }
        let reached = door.handle_height_mm.is_some_and(|height| (380..=1_220).contains(&height));
        holds(reached || !order.reachable, || format!("{} cannot be collected from {name} by who is to", order.id))?;
    }
    Ok(())
}

/// I12: an order for an unavailable locker is refused with alternatives: each of them open at some moment while they
/// were looked for.
pub fn a_refused_order_is_told_where_else(world: &World, answer: &Answer) -> Verdict {
    if answer.asked.route != "POST /orders" || answer.status != 409 {
        return Ok(());
    }
    let Some(offered) = answer.body["error"]["alternatives"].as_array() else {
        return broken(format!("a refusal without alternatives: {}", answer.body));
    };
    let history = world.history.borrow();
    let since = answer.since.saturating_sub(INDEX_LAG_MAX);
    let ever = |locker: &LockerId, wanted: &dyn Fn(&Locker) -> bool| {
        let mut states: Vec<Locker> = history.locker(locker).cloned().into_iter().collect();
        for commit in history.commits.iter().rev().take_while(|commit| commit.at >= since) {
            states.extend(
                commit.lockers().filter(|(_, after)| after.id == *locker).filter_map(|(before, _)| before.cloned()),
            );
        }
        states.iter().any(wanted)
    };
    let open =
        |locker: &Locker| closes(&locker.faults) == Closure::Nothing && locker.service.lifecycle == Lifecycle::Active;
    for alternative in offered {
        let Ok(locker) = alternative["locker_id"].as_str().unwrap_or_default().parse() else {
            return broken("an alternative without a locker");
        };
        holds(ever(&locker, &open), || format!("{locker} is offered and was closed all the time"))?;
    }
    if answer.reason() == "locker_unavailable"
        && let Ok(wanted) = answer.asked.body["locker_id"].as_str().unwrap_or_default().parse()
    {
        let closed = |locker: &Locker| !open(locker);
        holds(ever(&wanted, &closed), || format!("{wanted} is said to be closed and was open all the time"))?;
    }
    Ok(())
}

/// I8: accepted means recorded: an order, and a choice, that is acknowledged is what is kept.
pub fn an_acknowledged_order_exists(world: &World, answer: &Answer) -> Verdict {
    let acknowledges = ["POST /orders", "POST /choices/{token}", "POST /my/orders/{order_id}/place"];
    if !acknowledges.contains(&answer.asked.route.as_str()) || !answer.is_ok() {
        return Ok(());
    }
    let Ok(said) = serde_json::from_value::<Order>(answer.body["order"].clone()) else {
        return broken(format!("an order was acknowledged that cannot be read: {}", answer.body));
    };
    let history = world.history.borrow();
    let kept = history.order(&said.id);
    // It may have gone on meanwhile, and never back.
    holds(kept.is_some_and(|kept| kept.place_epoch >= said.place_epoch && kept.customer == said.customer), || {
        format!("order {} was acknowledged as {said:?}, and is {kept:?}", said.id)
    })
}

/// I13: each affected order gets its new state and its notice in one commit.
pub fn a_new_state_and_its_notice_are_one_commit(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.orders() {
        let Some(before) = before else { continue };
        // While it is in somebody's hands there is nothing its customer could do.
        let happened = |wanted: fn(&Event) -> bool| commit.events.iter().any(|(_, entry)| wanted(&entry.event));
        // Nor if it is another compartment of the locker they know.
        let beside = happened(|event| matches!(event, Event::CompartmentChanged { .. }));
        if beside {
            let at = |order: &Order| order.compartment().map(|(locker, _)| locker.clone());
            let same = at(before) == at(after) && before.is_underway() && before.status == after.status;
            holds(same, || format!("{} went from {:?} to {:?} without a word", after.id, before.place, after.place))?;
        }
        let moved = before.place != after.place && after.place != Place::Custody && !beside;
        let placed = happened(|event| matches!(event, Event::ParcelPlaced { .. }));
        let given_up = happened(|event| matches!(event, Event::RecoveryAbandoned { .. }));
        let found = happened(|event| matches!(event, Event::ParcelFound { .. }));
        let missing = happened(|event| matches!(event, Event::ParcelMissed { .. }));
        let waits = after.pickup_stopped_at.is_some();
        let first = before.deposited_at.is_none();
        let fetched = after.recovery_target().is_some() && before.recovery_target() != after.recovery_target();
        let stopped = before.pickup_stopped_at.is_none() && after.pickup_stopped_at.is_some();
        let resumed = before.pickup_stopped_at.is_some()
            && after.pickup_stopped_at.is_none()
            && after.status == OrderStatus::Deposited;
        let deposited = before.status != after.status && after.status == OrderStatus::Deposited;
        let collected = before.status != after.status && after.status == OrderStatus::Collected;
        let extended = before.pickup_extended != after.pickup_extended;
        // Somebody who gives the way back up tells nobody: that it goes back was told.
        let over = before.status != after.status
            && after.status == OrderStatus::Expired
            && before.status != OrderStatus::Recovery;
        let came = after.deposited_at.is_some();
        let says = |message: &Message| match message {
            Message::Rerouted { .. }
            | Message::ReroutedHome { .. }
            | Message::ReroutedToShop { .. }
            | Message::ChoosePlace { .. }
            | Message::PlaceKept { .. }
            | Message::PlaceChanged { .. }
            | Message::PlaceConfirmed { .. } => moved && !found && !missing,
            Message::ParcelMissing { .. } => missing,
            Message::ReservationExpired { .. } => over && !came,
            Message::PickupExpired { .. } => over && came,
            Message::ParcelReturned { .. } => moved && after.place == Place::Sender,
            Message::PickupDelayed { .. } if found => waits,
            Message::PickupDelayed { .. } => (stopped && !fetched && !missing) || (given_up && !resumed),
            Message::AllClear { .. } => resumed && !placed && !found,
            Message::RecoveryStarted { .. } => fetched,
            Message::BroughtElsewhere { .. } => placed || (found && !waits && !first),
            Message::PickupExtended { .. } => extended,
            Message::ReadyForPickup { .. } if found => !waits && first,
            Message::ReadyForPickup { .. } => deposited && !placed && !given_up,
            Message::FeedbackRequested { .. } => collected,
            _ => false,
        };
        if moved || stopped || resumed || deposited || collected || extended || fetched || given_up || over {
            let about = |message: &Message| order_of(message) == Some(&after.id) && says(message);
            let told = commit.entered().filter(|(_, entry)| about(&entry.notice.message)).count();
            holds(told == 1, || {
                format!(
                    "{} went from {:?} to {:?}, and its customer gets {told} notices",
                    after.id, before.place, after.place
                )
            })?;
        }
    }
    Ok(())
}

/// I13: each affected order is dealt with by a job that always finishes: nobody is on the way to a closed place, no
/// deadline runs behind a shut door, none stands still before one that opens, and no list is left.
pub fn everybody_has_been_dealt_with(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for order in history.orders() {
        let Some((locker, number)) = order.compartment() else { continue };
        let (Some(own), Some(compartment)) = (history.locker(locker), history.compartment(locker, number)) else {
            return broken(format!("{} is at {locker}.{number}, which nobody knows", order.id));
        };
        let closure = locker_closes(own).max(compartment_closes(compartment));
        match order.status {
            OrderStatus::Placed | OrderStatus::Rerouted | OrderStatus::Rerouting => {
                holds(closure == Closure::Nothing, || {
                    format!("{} is on its way to {locker}.{number}, which is closed", order.id)
                })?;
            }
            OrderStatus::Deposited => {
                let (shut, stopped) = (closure == Closure::DepositsAndPickups, order.pickup_stopped_at.is_some());
                holds(shut == stopped, || {
                    format!("{}: its door is shut: {shut}; its deadline is stopped: {stopped}", order.id)
                })?;
            }
            // To go back, it is taken out of a door that works.
            OrderStatus::Recovery if order.expired_at.is_some() => {}
            OrderStatus::Recovery => {
                let shut = closure == Closure::DepositsAndPickups;
                holds(shut, || format!("{} is fetched from {locker}.{number}, which can be opened", order.id))?;
            }
            OrderStatus::Collected | OrderStatus::Expired | OrderStatus::Returned | OrderStatus::Cancelled => {}
        }
    }
    for state in history.states.values() {
        if let domain::State::ServicePlan(it) = state {
            holds(it.impact.is_empty(), || format!("{} still has to do {:?}", it.locker, it.impact))?;
        }
        if let domain::State::WorkOrder(it) | domain::State::ArchivedWorkOrder(it) = state {
            holds(it.impact.is_empty(), || format!("{} still has to do {:?}", it.id, it.impact))?;
        }
    }
    let by_the_clock = ["PRESENCE", "USAGE"];
    let left = history.due.iter().find(|(_, key)| !by_the_clock.contains(&key.sk.as_str()));
    holds(left.is_none(), || format!("still due: {left:?}"))
}

/// I17: choosing an alternative: the first valid choice wins; the new place and the release of the old one in one
/// commit.
pub fn a_choice_moves_an_order_whole(_: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        // Undoing is by the link that made the choice, of the move before.
        let (to, moves) = match &entry.event {
            Event::PlaceChosen { to } => (to, 0),
            Event::ChoiceUndone { to } => (to, 1),
            _ => continue,
        };
        let Some((Some(before), after)) = commit.orders().next() else { return broken("a choice for no order") };
        let Cause::Request(asked) = &commit.cause else { return broken("a choice that nobody made") };
        holds(after.place == *to, || format!("{} is at {:?}, not at {to:?}", after.id, after.place))?;
        match &asked.link {
            Some((LinkPurpose::ChoosePlace { order, place_epoch }, until)) => {
                let valid = *order == before.id && place_epoch + moves == before.place_epoch && commit.now < *until;
                holds(valid, || {
                    format!(
                        "{} at epoch {} was moved by a link for {order} at {place_epoch}",
                        before.id, before.place_epoch
                    )
                })?;
            }
            Some((LinkPurpose::GiveFeedback { .. }, _)) => return broken("a link for feedback moved an order"),
            None => {
                let own = asked.person.as_deref() == Some(before.customer.as_str());
                holds(own, || format!("{:?} moved an order of {}", asked.person, before.customer))?;
            }
        }
        let at = |place: &Place| match place {
            Place::Compartment { locker, compartment } => Some((locker.clone(), *compartment)),
            Place::Shop { .. } | Place::Home | Place::Asked | Place::Custody | Place::Missing | Place::Sender => None,
        };
        let is = |place: Option<(LockerId, CompartmentNumber)>, wanted: Occupancy| {
            place.is_none_or(|(locker, number)| {
                commit
                    .compartments()
                    .any(|(_, it)| it.locker == locker && it.number == number && it.occupancy == wanted)
            })
        };
        let (old, new) = (at(&before.place), at(&after.place));
        // What is in dispute stays so: it names the order no more.
        let disputed = commit.compartments().any(|(before, _)| {
            before.is_some_and(|it| it.occupancy == Occupancy::Unknown { recorded: Some(after.id.clone()) })
        });
        let left = if disputed { Occupancy::Unknown { recorded: None } } else { Occupancy::Free };
        let released = old == new || is(old, left);
        holds(released && is(new, Occupancy::Reserved { order: after.id.clone() }), || {
            format!("{} went from {:?} to {:?}, and not whole", after.id, before.place, after.place)
        })?;
    }
    Ok(())
}

/// I17: a choice is undone in its time, by nobody but who made it last, and leads back to where the order was to go.
pub fn an_undone_choice_leads_back(world: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let Event::ChoiceUndone { to } = &entry.event else { continue };
        let Some((Some(before), after)) = commit.orders().next() else { return broken("undone for no order") };
        let history = world.history.borrow();
        let moved = |it: &&Committed| {
            let of = |(earlier, later): (Option<&Order>, &Order)| {
                later.id == before.id && earlier.is_some_and(|it| it.place_epoch != later.place_epoch)
            };
            it.orders().any(of)
        };
        let Some(chosen) = history.commits.iter().rev().skip(1).find(moved) else {
            return broken("nothing was chosen");
        };
        let is_choice = chosen.events.iter().any(|(_, it)| matches!(it.event, Event::PlaceChosen { .. }));
        let ago = commit.now.duration_since(chosen.now);
        holds(is_choice && ago < UNDO_WITHIN, || format!("{} was undone {ago:#} after {:?}", after.id, chosen.events))?;
        let from = chosen.orders().find(|(_, it)| it.id == before.id).and_then(|(it, _)| it);
        let locker = |place: &Place| match place {
            Place::Compartment { locker, .. } => Some(locker.clone()),
            Place::Shop { .. } | Place::Home | Place::Asked | Place::Custody | Place::Missing | Place::Sender => None,
        };
        let same = from.is_some_and(|it| it.place == *to || (locker(to).is_some() && locker(&it.place) == locker(to)));
        holds(same, || format!("{} was undone to {to:?}, from {from:?}", after.id))?;
    }
    Ok(())
}

/// I13: who loses a compartment of a locker that is open, and has another one that will do, stays there.
pub fn nobody_goes_elsewhere_from_a_locker_with_room(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, entry) in &commit.events {
        let Event::OrderRerouted { from: Place::Compartment { locker, .. }, .. } = &entry.event else { continue };
        let Some((Some(order), _)) = commit.orders().next().filter(|(_, it)| it.bundle.is_none()) else { continue };
        // What has changed since the handler began, or is not in the index yet, could not be seen.
        let seen = |name: StateKey| {
            world.known_since(&name).is_some_and(|since| since + SignedDuration::from_secs(8) <= commit.now)
        };
        let Some(own) = history.locker(locker).filter(|it| it.bookable() && seen(StateKey::Locker(it.id.clone())))
        else {
            continue;
        };
        let wishes = match history.states.get(&StateKey::Preferences(order.customer.clone())) {
            Some(State::Preferences(wishes)) => wishes.reachable,
            _ => false,
        };
        let will_do = |it: &&Compartment| {
            it.bookable()
                && (it.reachable() || !(order.reachable || wishes))
                && order.needs().fit_into(it.size, &own.measures)
                && seen(StateKey::Compartment(locker.clone(), it.number))
        };
        let left = history.compartments_of(locker).find(will_do).map(|it| it.number);
        holds(left.is_none(), || format!("{} was sent away from {locker}, where {left:?} is free", order.id))?;
    }
    Ok(())
}

/// I13: whoever is asked for another place, and has not answered, keeps the one that works again before: by the time that
/// its reopening has been dealt with.
pub fn nobody_is_asked_for_what_works_again(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for change in &commit.changes {
        let lists = |state: &State| match state {
            State::WorkOrder(it) => Some(it.impact.clone()),
            State::ServicePlan(it) => Some(it.impact.clone()),
            _ => None,
        };
        let Some(before) = change.before.as_ref().and_then(lists) else { continue };
        let Some(ImpactTask::AllClear { unit, .. }) = before.first() else { continue };
        let same = |it: &ImpactTask| matches!(it, ImpactTask::AllClear { unit: of, .. } if of == unit);
        if lists(&change.after).is_some_and(|after| after.first().is_some_and(same)) {
            continue;
        }
        let (StateKey::WorkOrder(at) | StateKey::ServicePlan(at)) = change.after.key() else { continue };
        // What has changed since the handler began is another one's to deal with.
        let settled = |name: StateKey| world.known_since(&name).is_some_and(|since| since <= commit.now);
        let Some(locker) = history.locker(&at).filter(|it| it.bookable() && settled(StateKey::Locker(it.id.clone())))
        else {
            continue;
        };
        for door in history.compartments_of(&at).filter(|it| it.bookable()) {
            if *unit != Unit::Locker && *unit != Unit::Compartment(door.number) {
                continue;
            }
            let Some(lost) = door.lost_by.as_ref().filter(|_| settled(StateKey::Compartment(at.clone(), door.number)))
            else {
                continue;
            };
            let asked = |it: &&Order| it.status == OrderStatus::Rerouting && it.place_epoch == lost.place_epoch;
            let order = history.order(&lost.order).filter(asked).filter(|it| settled(StateKey::Order(it.id.clone())));
            holds(order.is_none(), || {
                format!("{} is still asked, and {}.{} works and is free", lost.order, locker.id, door.number)
            })?;
        }
    }
    Ok(())
}

/// I2: a shop takes no more parcels than it said.
pub fn a_shop_takes_what_it_has_room_for(world: &World, commit: &Committed) -> Verdict {
    if commit.orders().all(|(_, after)| !matches!(after.place, Place::Shop { .. })) {
        return Ok(());
    }
    let history = world.history.borrow();
    let underway = |order: &Order| matches!(order.place, Place::Shop { .. }) && order.is_underway();
    let there = history.orders().filter(|it| underway(it)).map(|it| &it.id);
    // Those that were sent there more than a week ago have been fetched.
    let recent = |id: &OrderId| {
        let sent = |it: &&Committed| it.orders().any(|(_, after)| after.id == *id && underway(after));
        let first = history.commits.iter().rev().find(sent);
        first.is_none_or(|it| commit.now.duration_since(it.now) < EXPECTED_FOR)
    };
    let count = there.filter(|id| recent(id)).count();
    holds(count <= usize::from(SHOP_CAPACITY), || format!("{count} parcels go to a shop that takes {SHOP_CAPACITY}"))
}

/// I17: a used or expired link changes nothing.
pub fn a_used_or_expired_link_changes_nothing(world: &World, answer: &Answer) -> Verdict {
    if answer.asked.route != "POST /choices/{token}" {
        return Ok(());
    }
    let valid = match &answer.asked.link {
        Some((LinkPurpose::ChoosePlace { .. }, until)) => world.at(answer.since) < *until,
        _ => false,
    };
    holds(valid || !answer.is_ok(), || format!("a link that is none was answered {}", answer.body))
}

/// When a door could not be opened, from the commits.
pub(super) fn shut_times(
    history: &History,
    locker: &LockerId,
    number: CompartmentNumber,
    now: Timestamp,
) -> Vec<(Timestamp, Timestamp)> {
    let (mut own, mut its) = (Closure::Nothing, Closure::Nothing);
    let mut since: Option<Timestamp> = None;
    let mut times = Vec::new();
    for commit in &history.commits {
        for (_, after) in commit.lockers().filter(|(_, after): &(_, &Locker)| after.id == *locker) {
            own = locker_closes(after);
        }
        for (_, after) in commit
            .compartments()
            .filter(|(_, after): &(_, &Compartment)| after.locker == *locker && after.number == number)
        {
            its = compartment_closes(after);
        }
        let shut = own.max(its) == Closure::DepositsAndPickups;
        match (shut, since) {
            (true, None) => since = Some(commit.now),
            (false, Some(from)) => {
                times.push((from, commit.now));
                since = None;
            }
            _ => {}
        }
    }
    times.extend(since.map(|from| (from, now)));
    times
}

/// When a parcel was last brought into another compartment, and until when its customer had from then on.
pub(super) fn placed_last(history: &History, order: &domain::id::OrderId) -> Option<(Timestamp, Timestamp)> {
    history.commits.iter().rev().find_map(|commit| {
        let (_, after) = commit.orders().find(|(_, after)| after.id == *order)?;
        let placed = commit
            .events
            .iter()
            .any(|(_, entry)| matches!(entry.event, Event::ParcelPlaced { .. } | Event::ParcelFound { .. }));
        after.pickup_deadline.filter(|_| placed).map(|deadline| (commit.now, deadline))
    })
}

/// I18: a customer's pickup deadline never runs while the compartment cannot be opened: what a deadline that runs
/// leaves is the hold time and all the time for which the door was shut.
pub fn no_deadline_ran_behind_a_shut_door(world: &World, (): &()) -> Verdict {
    // The clocks of the handlers that close, reopen and reckon are those of when they began.
    let slack = SignedDuration::from_secs(15);
    let history = world.history.borrow();
    let mut doors: BTreeMap<(LockerId, CompartmentNumber), Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    let waiting = |order: &&Order| order.status == OrderStatus::Deposited && order.pickup_stopped_at.is_none();
    for order in history.orders().filter(waiting) {
        let (Some((locker, number)), Some(deposited_at), Some(deadline)) =
            (order.compartment(), order.deposited_at, order.pickup_deadline)
        else {
            return broken(format!("{} waits without a place or a deadline", order.id));
        };
        let (since, owed_before) = placed_last(&history, &order.id).unwrap_or((deposited_at, deposited_at + HOLD_FOR));
        let times =
            doors.entry((locker.clone(), number)).or_insert_with(|| shut_times(&history, locker, number, world.now()));
        let shut = times
            .iter()
            .map(|(from, until)| until.duration_since((*from).max(since)).max(SignedDuration::ZERO))
            .fold(SignedDuration::ZERO, |sum, it| sum + it);
        holds(deadline + slack >= owed_before + shut, || {
            format!(
                "{} was deposited at {deposited_at}, its door was shut for {shut:#}, and it waits until {deadline}: {times:?}",
                order.id
            )
        })?;
    }
    Ok(())
}

/// What is put off is bounded, and lengthens the time of who waits by just that.
pub fn a_deadline_is_put_off_within_bounds(_: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let Event::PickupExtended { hours, .. } = &entry.event else { continue };
        let Some((Some(before), after)) = commit.orders().next() else { return broken("an extension of no order") };
        let longer = SignedDuration::from_hours((*hours).into());
        holds(after.pickup_extended <= EXTENSION_MAX, || {
            format!("{} has been put off by {:#} in all", after.id, after.pickup_extended)
        })?;
        let from = before.pickup_deadline.max(Some(commit.now).filter(|_| before.pickup_stopped_at.is_none()));
        holds(after.pickup_deadline == from.map(|it| it + longer), || {
            format!("{} was put off by {hours} h from {from:?} to {:?}", after.id, after.pickup_deadline)
        })?;
    }
    Ok(())
}

/// Whether a recipient is this person.
pub fn is_person(recipient: &Recipient, person: &domain::id::PersonId) -> bool {
    matches!(recipient, Recipient::Person { person: it } if it == person)
}

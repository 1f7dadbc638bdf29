//! Places: who holds which compartment, what is in it, and who may put something in.

use domain::compartment::{Compartment, Occupancy, Service};
use domain::decision::Event;
use domain::fault::{Closure, OpenFaults};
use domain::id::OrderId;
use domain::locker::Locker;
use domain::order::{Order, OrderStatus};
use domain::place::Place;
use domain::service::Lifecycle;
use domain::{State, StateKey};

use super::{Verdict, broken, holds};
use crate::history::Committed;
use crate::triggers::Answer;
use crate::world::World;

/// What open faults close together, as the published list of codes says.
pub fn closes(faults: &OpenFaults) -> Closure {
    faults.keys().map(|code| code.closes()).max().unwrap_or(Closure::Nothing)
}

/// What faults and people close together at a locker, as the lists of codes, of lifecycles and of services say.
pub fn locker_closes(locker: &Locker) -> Closure {
    let by_people = match locker.service.lifecycle {
        Lifecycle::Active | Lifecycle::Draining => Closure::Nothing,
        Lifecycle::Commissioning | Lifecycle::Maintenance | Lifecycle::Decommissioned => Closure::DepositsAndPickups,
    };
    closes(&locker.faults).max(by_people)
}

/// The same of a compartment.
pub fn compartment_closes(compartment: &Compartment) -> Closure {
    let by_people = match compartment.service {
        Service::InService | Service::Draining => Closure::Nothing,
        Service::Blocked | Service::Decommissioned => Closure::DepositsAndPickups,
    };
    closes(&compartment.faults).max(by_people)
}

/// Whether people let new orders come.
pub fn is_offered(locker: &Locker, compartment: &Compartment) -> bool {
    locker.service.lifecycle == Lifecycle::Active && compartment.service == Service::InService
}

/// Why this order's parcel may not go into this compartment now, if so.
fn forbids(order: &Order, locker: &Locker, compartment: &Compartment) -> Option<String> {
    if locker_closes(locker) > Closure::Nothing {
        let (id, faults, service) = (&locker.id, locker.faults.keys(), locker.service);
        return Some(format!("locker {id} is closed by {faults:?} or is {service:?}"));
    }
    if compartment_closes(compartment) > Closure::Nothing {
        let (number, faults, service) = (compartment.number, compartment.faults.keys(), compartment.service);
        return Some(format!("compartment {number} is closed by {faults:?} or is {service:?}"));
    }
    // Its place was given up, and nobody else has it.
    let after_all = order.status == OrderStatus::Expired && compartment.occupancy == Occupancy::Free;
    if !after_all && compartment.occupancy != (Occupancy::Reserved { order: order.id.clone() }) {
        return Some(format!("compartment {} is {:?}", compartment.number, compartment.occupancy));
    }
    let here = Place::Compartment { locker: locker.id.clone(), compartment: compartment.number };
    let brought = Place::Compartment { locker: locker.id.clone(), compartment: compartment.number };
    let brought = order.place == Place::Custody
        && order
            .recovery_target()
            .is_some_and(|it| brought == Place::Compartment { locker: it.locker.clone(), compartment: it.compartment });
    (order.place != here && !brought).then(|| format!("the order's place is {:?}", order.place))
}

/// I1: no deposit is authorised or recorded if at that commit the compartment or its locker is closed, or the
/// compartment is held by another order.
pub fn no_deposit_behind_a_closed_door(world: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let number = match &entry.event {
            Event::DepositAuthorised { compartment, .. }
            | Event::ParcelDeposited { compartment }
            | Event::ParcelPlaced { compartment, .. } => *compartment,
            _ => continue,
        };
        let Some((Some(order), _)) = commit.orders().next() else { return broken("a deposit without an order") };
        let target = order.recovery_target().map(|it| (&it.locker, it.compartment));
        let Some((at, _)) = order.compartment().or(target) else {
            return broken("a deposit of an order without a compartment");
        };
        let history = world.history.borrow();
        let before = commit.compartments().find(|(_, after)| after.locker == *at && after.number == number);
        let compartment = before.and_then(|(before, _)| before).or_else(|| history.compartment(at, number));
        let (Some(locker), Some(compartment)) = (history.locker(at), compartment) else {
            return broken("a deposit in a compartment that nobody knows");
        };
        if let Some(why) = forbids(order, locker, compartment) {
            return broken(format!("{:?} of {} although {why}", entry.event, order.id));
        }
    }
    Ok(())
}

/// I1: no deposit is authorised if the compartment or its locker is closed, or the compartment is held by another
/// order. An authorisation that needs no commit holds at some moment while it was asked for.
pub fn no_deposit_is_allowed_behind_a_closed_door(world: &World, answer: &Answer) -> Verdict {
    if answer.asked.route != "POST /deposits" || !answer.is_ok() {
        return Ok(());
    }
    let history = world.history.borrow();
    let read = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
    let (Ok(order), Ok(locker)) = (read("order_id").parse(), read("locker_id").parse()) else {
        return broken("an authorisation that does not say for what");
    };
    let number = answer.body["compartment"].as_u64().and_then(|number| u16::try_from(number).ok());
    let Some(number) = number.and_then(|number| number.try_into().ok()) else {
        return broken("an authorisation without a compartment");
    };
    let mut order = history.order(&order).cloned();
    let mut own = history.locker(&locker).cloned();
    let mut compartment = history.compartment(&locker, number).cloned();
    let mut why = "one of them is unknown".to_owned();
    let mut allowed = |order: &Option<Order>, own: &Option<Locker>, compartment: &Option<Compartment>| {
        let (Some(order), Some(own), Some(compartment)) = (order, own, compartment) else { return false };
        match forbids(order, own, compartment) {
            None => true,
            Some(because) => {
                why = because;
                false
            }
        }
    };
    if allowed(&order, &own, &compartment) {
        return Ok(());
    }
    // Back through what has changed since it was asked for.
    for commit in history.commits.iter().rev().take_while(|commit| commit.at >= answer.since) {
        for (before, after) in commit.orders() {
            if order.as_ref().is_some_and(|it| it.id == after.id) {
                order = before.cloned();
            }
        }
        for (before, after) in commit.lockers() {
            if after.id == locker {
                own = before.cloned();
            }
        }
        for (before, after) in commit.compartments() {
            if after.locker == locker && after.number == number {
                compartment = before.cloned();
            }
        }
        if allowed(&order, &own, &compartment) {
            return Ok(());
        }
    }
    broken(format!("a deposit into {locker}.{number} was allowed and at no moment meanwhile could be: {why}"))
}

/// I2: at most one live reservation per compartment, at most one place per order.
pub fn one_reservation_per_compartment_and_one_place_per_order(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, order) in commit.orders() {
        if let Some((locker, number)) = order.compartment()
            && let Some(pointing) = history.pointing.get(&(locker.clone(), number))
        {
            holds(pointing.len() <= 1, || format!("{locker}.{number} is the place of {pointing:?}"))?;
        }
    }
    for (_, compartment) in commit.compartments() {
        let Some(order) = compartment.order() else { continue };
        let holding: Vec<&Compartment> = history
            .states
            .values()
            .filter_map(|state| match state {
                State::Compartment(it) if it.order() == Some(order) => Some(it),
                _ => None,
            })
            .collect();
        // One that is being fetched has the place that it is in, and the one that it goes to.
        let known = history.order(order);
        let goes_to = known.and_then(|it| it.recovery_target()).map(|it| (&it.locker, it.compartment));
        let is_in = known.and_then(|it| it.compartment());
        let right = holding.iter().all(|it| [goes_to, is_in].contains(&Some((&it.locker, it.number))));
        let most = 1 + usize::from(goes_to.is_some() && is_in.is_some());
        let count = holding.len();
        holds(right && (1..=most).contains(&count), || format!("{order} has {count} compartments"))?;
    }
    Ok(())
}

fn is_alive(order: &Order) -> bool {
    match order.status {
        OrderStatus::Placed | OrderStatus::Rerouting | OrderStatus::Rerouted | OrderStatus::Deposited => true,
        OrderStatus::Recovery => true,
        // What has not come has no place any more.
        OrderStatus::Expired => order.deposited_at.is_some(),
        OrderStatus::Collected | OrderStatus::Returned | OrderStatus::Cancelled => false,
    }
}

/// I3: the pointers order to compartment and compartment to order agree.
pub fn pointers_agree(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    let agrees = |order: &OrderId, compartment: &Compartment| {
        history.order(order).is_some_and(|order| {
            let door = Some((&compartment.locker, compartment.number));
            let goes_to = order.recovery_target().map(|it| (&it.locker, it.compartment));
            is_alive(order) && (order.compartment() == door || goes_to == door)
        })
    };
    for (before, after) in commit.compartments() {
        if let Some(order) = after.order() {
            holds(agrees(order, after), || {
                format!("{}.{} holds {order}, which is not there", after.locker, after.number)
            })?;
        }
        if let Some(order) = before.and_then(Compartment::order).filter(|order| after.order() != Some(order)) {
            let left = !agrees(order, after);
            holds(left, || format!("{}.{} let go of {order}, which is there still", after.locker, after.number))?;
        }
    }
    for (_, order) in commit.orders() {
        if let Some((locker, number)) = order.compartment().filter(|_| is_alive(order)) {
            let held = history.compartment(locker, number).is_some_and(|it| it.order() == Some(&order.id));
            holds(held, || format!("{} is to be in {locker}.{number}, which does not hold it", order.id))?;
        }
    }
    Ok(())
}

/// I4: each parcel is in exactly one place; closing a compartment never forgets what is inside.
pub fn each_parcel_is_in_exactly_one_place(world: &World, commit: &Committed) -> Verdict {
    let happened = |wanted: fn(&Event) -> bool| commit.events.iter().any(|(_, entry)| wanted(&entry.event));
    for (before, after) in commit.compartments() {
        let Some(before) = before else {
            holds(after.occupancy == Occupancy::Free, || "a new compartment is not empty".to_owned())?;
            continue;
        };
        let name = format!("{}.{}", after.locker, after.number);
        let disputed = happened(|event| matches!(event, Event::OccupancyDisagreed { .. }));
        let looked = happened(|event| {
            matches!(event, Event::ContentsSettled { .. } | Event::ParcelFound { .. } | Event::ParcelMissed { .. })
        });
        if (before.faults != after.faults || before.service != after.service) && !disputed {
            let kept = before.occupancy == after.occupancy;
            holds(kept, || format!("{name}: {:?} became {:?} by its closing", before.occupancy, after.occupancy))?;
        }
        // Only what somebody, or the device, says of it afterwards changes what is known of what is gone; and whoever
        // takes out what was found in it then.
        let taken = happened(|event| matches!(event, Event::ParcelTaken { .. }));
        let gone = after.service == Service::Decommissioned && !disputed && !looked && !taken;
        let kept = before.service == after.service && before.occupancy == after.occupancy;
        holds(!gone || kept || after.occupancy == Occupancy::Free, || {
            format!("{name} is gone with {:?}", after.occupancy)
        })?;
        let legal = match (&before.occupancy, &after.occupancy) {
            (a, b) if a == b => true,
            // What the records said is not forgotten.
            (_, Occupancy::Unknown { recorded }) if disputed => recorded.as_ref() == before.order(),
            (Occupancy::Unknown { recorded: Some(_) }, Occupancy::Unknown { recorded: None }) => true,
            (Occupancy::Unknown { .. }, Occupancy::Free | Occupancy::Reserved { .. } | Occupancy::Occupied { .. }) => {
                looked
            }
            (Occupancy::Free | Occupancy::Reserved { .. }, Occupancy::Occupied { .. }) if looked => {
                happened(|event| matches!(event, Event::ParcelFound { .. }))
            }
            (Occupancy::Occupied { .. }, Occupancy::Free) if looked => {
                happened(|event| matches!(event, Event::ParcelMissed { .. }))
            }
            (Occupancy::Free, Occupancy::Reserved { .. }) => true,
            (Occupancy::Free, Occupancy::Occupied { order }) => {
                let given_up = |it: &Order| it.id == *order && it.status == OrderStatus::Expired;
                happened(|event| matches!(event, Event::ParcelDeposited { .. }))
                    && commit.orders().any(|(before, _)| before.is_some_and(given_up))
            }
            (Occupancy::Reserved { order: a }, Occupancy::Occupied { order: b }) => {
                let into = |event: &Event| matches!(event, Event::ParcelDeposited { .. } | Event::ParcelPlaced { .. });
                a == b && happened(into)
            }
            (Occupancy::Occupied { .. }, Occupancy::Free) => {
                happened(|event| matches!(event, Event::ParcelCollected { .. } | Event::ParcelTaken { .. }))
            }
            (Occupancy::Reserved { .. }, Occupancy::Free) => true,
            _ => false,
        };
        holds(legal, || format!("{name}: {:?} became {:?}", before.occupancy, after.occupancy))?;
    }
    let history = world.history.borrow();
    for (before, locker) in commit.lockers() {
        let goes = before.is_none_or(|it| it.service.lifecycle != Lifecycle::Decommissioned);
        let gone = goes && locker.service.lifecycle == Lifecycle::Decommissioned;
        let mut inside = history.compartments_of(&locker.id).filter_map(Compartment::order);
        let left = inside.next().filter(|_| gone);
        holds(left.is_none(), || format!("{} is gone with {left:?}", locker.id))?;
    }
    for (_, order) in commit.orders() {
        let Some((locker, number)) = order.compartment().filter(|_| is_alive(order)) else { continue };
        let Some(State::Compartment(compartment)) = history.states.get(&StateKey::Compartment(locker.clone(), number))
        else {
            continue;
        };
        // What is in dispute may be either, and names the order it is about.
        let disputed = compartment.occupancy == Occupancy::Unknown { recorded: Some(order.id.clone()) };
        let inside = compartment.occupancy == Occupancy::Occupied { order: order.id.clone() };
        let deposited = matches!(order.status, OrderStatus::Deposited | OrderStatus::Recovery | OrderStatus::Expired);
        holds(disputed || inside == deposited, || {
            format!("{} is {} and its compartment {:?}", order.id, order.status, compartment.occupancy)
        })?;
    }
    Ok(())
}

//! Recoveries: through whose hands a trapped parcel goes, and where it is meanwhile.

use domain::SignedDuration;
use domain::compartment::Occupancy;
use domain::decision::Event;
use domain::order::{Order, OrderStatus, REST_MIN};
use domain::place::Place;
use domain::recovery::{Handover, Recovery};

use super::{Verdict, broken, holds};
use crate::history::Committed;
use crate::invocation::Cause;
use crate::world::World;

/// I4: each parcel is in exactly one place: its compartment, or in the hands of the last of its chain of custody, in
/// which nobody is skipped, and everybody who is in it has taken the parcel themselves.
pub fn nobody_is_skipped_in_a_chain_of_custody(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.orders() {
        let chain = |order: &Order| order.recovery.as_ref().map(|it| it.custody.clone()).unwrap_or_default();
        let run = |order: Option<&Order>| order.and_then(|it| it.recovery.as_ref()).map(|it| it.started_at);
        let same_run = run(before) == run(Some(after));
        let kept = if same_run { before.map(chain).unwrap_or_default() } else { Vec::new() };
        let chain = chain(after);
        let more = chain.strip_prefix(kept.as_slice());
        let Some(more) = more else { return broken(format!("the chain of {} was {kept:?}, is {chain:?}", after.id)) };
        match more {
            [] => {}
            [handover] => taken_over(commit, before, after, kept.last(), handover)?,
            more => return broken(format!("{} went through {more:?} at once", after.id)),
        }
        let in_hands = after.place == Place::Custody;
        let running = after.recovery.as_ref().is_some_and(|it| it.ended_at.is_none());
        holds(in_hands == (running && !chain.is_empty()), || {
            format!("{} is at {:?} with {:?}", after.id, after.place, after.recovery)
        })?;
    }
    Ok(())
}

fn taken_over(
    commit: &Committed,
    before: Option<&Order>,
    after: &Order,
    last: Option<&Handover>,
    handover: &Handover,
) -> Verdict {
    let from = last.map(|it| &it.to);
    holds(handover.from.as_ref() == from, || format!("{} was with {from:?}, and came by {handover:?}", after.id))?;
    let Cause::Request(asked) = &commit.cause else { return broken(format!("nobody asked for {handover:?}")) };
    holds(asked.person.as_deref() == Some(handover.to.as_str()), || {
        format!("{:?} says that {} has {}", asked.person, handover.to, after.id)
    })?;
    let inside = before.is_some_and(|it| it.compartment().is_some());
    holds(inside == last.is_none(), || format!("{} was at {:?}", after.id, before.map(|it| &it.place)))
}

/// I3: while a parcel is fetched, a compartment is held for it before it moves; and its deadline stands still.
pub fn a_place_is_held_for_what_is_fetched(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, order) in commit.orders() {
        // What goes back needs no place, and its deadline is over.
        let fetched = order.status == OrderStatus::Recovery && order.expired_at.is_none();
        let goes_back = order.status == OrderStatus::Recovery && !fetched;
        if goes_back && order.place != Place::Missing {
            holds(order.recovery_target().is_none(), || format!("{} goes back to {:?}", order.id, order.recovery))?;
            continue;
        }
        if !fetched {
            let over = order.recovery.as_ref().is_none_or(|it| it.ended_at.is_some() && it.target.is_none());
            holds(over, || format!("{} is {} and still fetched: {:?}", order.id, order.status, order.recovery))?;
            continue;
        }
        holds(order.pickup_stopped_at.is_some(), || format!("the deadline of {} runs while it is fetched", order.id))?;
        if order.place == Place::Missing {
            continue;
        }
        let Some(Recovery { target: Some(target), .. }) = order.recovery.as_deref() else {
            return broken(format!("{} is fetched to nowhere", order.id));
        };
        let held = history.compartment(&target.locker, target.compartment).map(|it| &it.occupancy);
        // Or it is not known what is in it: then somebody has to look, and it takes nothing.
        let for_it = held.is_some_and(|held| match held {
            Occupancy::Reserved { order: it } | Occupancy::Unknown { recorded: Some(it) } => *it == order.id,
            Occupancy::Free | Occupancy::Occupied { .. } | Occupancy::Unknown { recorded: None } => false,
        });
        holds(for_it, || format!("{} is brought to {target:?}, which is {held:?}", order.id))?;
    }
    Ok(())
}

/// I18: the deadline of a parcel that was fetched runs on in its new place by what was left, and a day at least.
pub fn what_was_fetched_has_its_time(_: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let Event::ParcelPlaced { .. } = &entry.event else { continue };
        let Some((Some(before), after)) = commit.orders().next() else { return broken("no order was placed") };
        let (Some(stopped), Some(was), Some(is)) =
            (before.pickup_stopped_at, before.pickup_deadline, after.pickup_deadline)
        else {
            return broken(format!("{} was fetched without a deadline that stood still", after.id));
        };
        let stood_still = commit.now.duration_since(stopped).max(SignedDuration::ZERO);
        holds(is >= was + stood_still && is >= commit.now + REST_MIN, || {
            format!("{} stood still at {stopped} before {was}, and waits until {is}", after.id)
        })?;
    }
    Ok(())
}

/// I4: what the device and the records disagree about is never overwritten by what the device says, and settled only by a
/// person who has looked.
pub fn what_is_in_dispute_is_settled_by_a_person(world: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.compartments() {
        let Some(before) = before else { continue };
        let name = || format!("{}.{}", after.locker, after.number);
        if let (Occupancy::Unknown { .. }, false) =
            (&before.occupancy, matches!(after.occupancy, Occupancy::Unknown { .. }))
        {
            let Cause::Request(asked) = &commit.cause else {
                return broken(format!("{} was {:?}, and nobody has looked", name(), before.occupancy));
            };
            let looked = asked.route.ends_with("/contents") && asked.person.is_some();
            holds(looked, || format!("{} was settled by {}", name(), asked.route))?;
        }
        if let (Occupancy::Unknown { recorded }, true) = (&after.occupancy, before.occupancy != after.occupancy) {
            let history = world.history.borrow();
            let kept = before.order().filter(|it| {
                history.order(it).is_some_and(|it| {
                    let door = Some((&after.locker, after.number));
                    it.compartment() == door || it.recovery_target().map(|it| (&it.locker, it.compartment)) == door
                })
            });
            let alive = kept.filter(|it| {
                history.order(it).is_some_and(|it| {
                    !matches!(it.status, OrderStatus::Collected | OrderStatus::Returned | OrderStatus::Cancelled)
                })
            });
            holds(recorded.as_ref() == alive, || format!("{} held {alive:?}, and is {:?}", name(), after.occupancy))?;
        }
    }
    for (_, entry) in &commit.events {
        let Event::OccupancyDisagreed { compartments, .. } = &entry.event else { continue };
        for number in compartments {
            let called = commit
                .compartments()
                .any(|(_, it)| it.number == *number && matches!(it.occupancy, Occupancy::Unknown { .. }));
            holds(called, || format!("compartment {number} is in dispute and not out of use"))?;
        }
    }
    Ok(())
}

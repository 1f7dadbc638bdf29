//! Times that are over: never before their time, never behind a door that is shut, and found by the sweeps.

use std::collections::BTreeMap;

use aws::keys;
use domain::compartment::Occupancy;
use domain::decision::Event;
use domain::expiry::DEPOSITED_WITHIN;
use domain::fault::Closure;
use domain::order::{HOLD_FOR, Order};
use domain::{SignedDuration, State, Timestamp};

use super::orders::{placed_last, shut_times};
use super::places::{compartment_closes, locker_closes};
use super::{Verdict, broken, holds};
use crate::history::Committed;
use crate::world::World;

/// The clocks of the handlers that close, reopen and reckon are those of when they began.
const SLACK: SignedDuration = SignedDuration::from_secs(15);

/// I18: a time is over no sooner than was said, and never behind a door that is shut: what a customer had is the hold
/// time, and all the time for which the door was shut. A place that is over is free with it.
pub fn nothing_is_over_before_its_time(world: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let (came, number) = match &entry.event {
            Event::ReservationExpired { compartment } => (false, *compartment),
            Event::PickupExpired { compartment } => (true, *compartment),
            _ => continue,
        };
        let Some((Some(before), after)) = commit.orders().next() else { return broken("a time of no order is over") };
        let id = &after.id;
        let history = world.history.borrow();
        let Some((locker, _)) = before.compartment().filter(|(_, at)| *at == number) else {
            return broken(format!("{id} is over at {number}, and was at {:?}", before.place));
        };
        let its_own = commit.compartments().find(|(_, it)| it.locker == *locker && it.number == number);
        let door = its_own.and_then(|(before, _)| before).or_else(|| history.compartment(locker, number));
        let (Some(own), Some(door)) = (history.locker(locker), door) else {
            return broken(format!("{id} is over in {locker}.{number}, which nobody knows"));
        };
        let closure = locker_closes(own).max(compartment_closes(door));
        if !came {
            let until = before.held_until;
            holds(before.is_underway() && until.is_some_and(|it| it <= commit.now), || {
                format!("the place of {id}, {}, was held until {until:?}", before.status)
            })?;
            holds(closure == Closure::Nothing, || format!("the place of {id} was given up behind {closure:?}"))?;
            let freed = its_own.is_some_and(|(_, it)| it.occupancy == Occupancy::Free);
            holds(freed, || format!("the place of {id} was given up, and {locker}.{number} is not free"))?;
            let let_in = |it: &&Committed| {
                let asked =
                    |(_, entry): &(_, aws::items::HistoryEntry)| matches!(entry.event, Event::DepositAuthorised { .. });
                it.events.iter().any(asked) && it.orders().any(|(_, it)| it.id == *id && it.place == before.place)
            };
            let since = commit.now - DEPOSITED_WITHIN + SLACK;
            let stands_there = history.commits.iter().rev().filter(|it| it.now > since).any(|it| let_in(&it));
            holds(!stands_there, || format!("the place of {id} was given up before whoever was let in"))?;
            continue;
        }
        let over = before.pickup_deadline.filter(|it| *it <= commit.now && before.pickup_stopped_at.is_none());
        let Some(deadline) = over else { return broken(format!("{id} waits still: {before:?}")) };
        holds(closure < Closure::DepositsAndPickups, || format!("{id} was over behind {closure:?}"))?;
        let Some(deposited_at) = before.deposited_at else { return broken(format!("{id} is over and never came")) };
        let (since, owed) = placed_last(&history, id).unwrap_or((deposited_at, deposited_at + HOLD_FOR));
        let shut = shut_times(&history, locker, number, commit.now)
            .iter()
            .map(|(from, until)| until.duration_since((*from).max(since)).max(SignedDuration::ZERO))
            .fold(SignedDuration::ZERO, |sum, it| sum + it);
        holds(deadline + SLACK >= owed + shut, || {
            format!("{id} waited from {since} until {deadline}, and its door was shut for {shut:#} of that")
        })?;
    }
    Ok(())
}

/// I19: what is over is found within two sweeps.
pub fn what_is_over_is_found(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let history = world.history.borrow();
    let mut over = world.over.borrow_mut();
    let mut waiting = BTreeMap::new();
    for state in history.states.values() {
        let State::Order(order) = state else { continue };
        let (Some(due_at), Some(known)) = (order.due_at(), world.known_since(&state.key())) else { continue };
        if due_at.max(known) + seen > *now {
            continue;
        }
        let key = keys::of_state(&state.key());
        let count = over.get(&key).copied().unwrap_or_default() + 1;
        holds(count <= 2, || format!("{count} sweeps did not find that the time of {} is over", order.id))?;
        waiting.insert(key, count);
    }
    *over = waiting;
    Ok(())
}

/// I4: a parcel goes back by who has it, and by nobody else.
pub fn what_goes_back_is_brought_by_who_has_it(_: &World, commit: &Committed) -> Verdict {
    for (_, entry) in &commit.events {
        let Event::ParcelReturned { by } = &entry.event else { continue };
        let Some((Some(before), after)) = commit.orders().next() else { return broken("nothing was returned") };
        let holder = before.recovery.as_ref().and_then(|it| it.custody.last()).map(|it| &it.to);
        holds(holder == Some(by), || format!("{} was with {holder:?}, and is returned by {by}", after.id))?;
        let expired = |order: &Order| order.expired_at.is_some();
        holds(expired(before), || format!("{} went back before its time was over", after.id))?;
    }
    Ok(())
}

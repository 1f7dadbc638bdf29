//! Doors: one that is told to open and stays shut is found, though nobody reports it.

use std::collections::BTreeMap;

use aws::keys;
use domain::door::OPENS_WITHIN;
use domain::fault::{FaultCode, Unit};
use domain::{SignedDuration, State, Timestamp};

use super::{Verdict, holds};
use crate::history::Committed;
use crate::world::World;

/// I6: stale messages change nothing: what is known to have opened after its command is not taken to be jammed because of
/// it; and what is, takes no new orders from the same commit on, unless its repair has been proven since.
pub fn a_door_that_opened_is_not_suspected(world: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.doors() {
        let awaited = before.and_then(|it| it.awaited.as_ref()).map(|it| it.since);
        let Some(since) = awaited.filter(|_| commit.function == "sweeps" && after.awaited.is_none()) else { continue };
        let late = since + OPENS_WITHIN <= commit.now;
        let opened = after.opened_at.is_some_and(|opened_at| opened_at >= since);
        holds(late && !opened, || format!("{}.{} is suspected, and opened", after.locker, after.number))?;
        let history = world.history.borrow();
        let compartment = history.compartment(&after.locker, after.number);
        let closed = compartment.is_some_and(|it| {
            it.faults.contains_key(&FaultCode::LockJammed)
                || it.suspicions.contains_key(&FaultCode::LockJammed)
                || it.reopened_at.is_some_and(|at| at >= since)
        });
        let instead = history.locker(&after.locker).is_some_and(|it| it.faults.contains_key(&FaultCode::LockJammed));
        holds(closed || instead, || {
            format!("{} {} stayed shut, and is open to all", after.locker, Unit::Compartment(after.number))
        })?;
    }
    Ok(())
}

/// I19: what is silent is found within its deadline plus two sweeps: so is a door that says nothing of having opened.
pub fn a_door_that_stays_shut_is_found(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let history = world.history.borrow();
    let mut shut = world.shut.borrow_mut();
    let mut waiting = BTreeMap::new();
    for state in history.states.values() {
        let State::Door(door) = state else { continue };
        let Some(awaited) = &door.awaited else { continue };
        let Some(known) = world.known_since(&state.key()) else { continue };
        if (awaited.since + OPENS_WITHIN).max(known) + seen > *now {
            continue;
        }
        let key = keys::of_state(&state.key());
        let count = shut.get(&key).copied().unwrap_or_default() + 1;
        holds(count <= 2, || {
            format!("{} {}: {count} sweeps did not find that it stays shut", door.locker, door.number)
        })?;
        waiting.insert(key, count);
    }
    *shut = waiting;
    Ok(())
}

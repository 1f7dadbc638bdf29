//! Heartbeats: what they change, and that their absence is found.

use std::collections::BTreeMap;

use domain::fault::FaultCode;
use domain::heartbeat::{Heartbeat, MISSED_AFTER, SILENT_AFTER};
use domain::presence::Link;
use domain::{SignedDuration, State, StateKey, Timestamp};

use super::{Verdict, holds};
use crate::history::{Committed, History};
use crate::world::World;

/// I6: stale or duplicate messages change nothing: of two heartbeats the one that came later is kept.
pub fn a_late_heartbeat_changes_nothing(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.heartbeats() {
        let Some(before) = before else { continue };
        let heard = commit.function == "heartbeat_intake";
        let later = before.received_at < after.received_at && before.event != after.event;
        let same = before.received_at == after.received_at && before.event == after.event;
        holds(if heard { later } else { same }, || {
            format!("{}: the heartbeat {} was replaced by {}", after.locker, before.received_at, after.received_at)
        })?;
    }
    Ok(())
}

fn is_found(heartbeat: &Heartbeat) -> bool {
    heartbeat.reported_conditions().any(|(code, _)| code == FaultCode::ControllerFault)
}

/// Since when a connected locker has said nothing, as far as is known, and has not been repaired; nothing where it is
/// not connected.
fn silent_since(history: &History, heartbeat: &Heartbeat) -> Option<Timestamp> {
    let reopened_at = history.locker(&heartbeat.locker).and_then(|it| it.reopened_at);
    let since = match history.presence(&heartbeat.locker) {
        None => Some(heartbeat.received_at),
        Some(presence) => match presence.link {
            Link::Up => Some(heartbeat.received_at.max(presence.at)),
            Link::Grace { .. } | Link::Down => None,
        },
    };
    since.map(|since| reopened_at.map_or(since, |reopened_at| reopened_at.max(since)))
}

/// I19: a silent locker is one that is connected: what is off the network is silent because of that. It is closed in the
/// commit that finds it, and not before three of its heartbeats were missed.
pub fn only_a_connected_locker_is_silent(world: &World, commit: &Committed) -> Verdict {
    for (_, after) in commit.heartbeats() {
        if commit.function != "sweeps" || after.silent_at.is_some() {
            continue;
        }
        let history = world.history.borrow();
        let since = silent_since(&history, after);
        holds(since.is_some_and(|since| since + MISSED_AFTER <= commit.now), || {
            format!("{} was found silent at {}, and was so since {since:?}", after.locker, commit.now)
        })?;
        let closed =
            history.locker(&after.locker).is_some_and(|it| it.faults.contains_key(&FaultCode::ControllerFault));
        holds(closed, || format!("{} was found silent, and is open", after.locker))?;
    }
    Ok(())
}

/// I19: a silent locker is found within its deadline plus two sweeps.
pub fn a_connected_locker_that_says_nothing_is_found(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let history = world.history.borrow();
    let mut unheard = world.unheard.borrow_mut();
    let mut waiting = BTreeMap::new();
    for state in history.states.values() {
        let State::Heartbeat(heartbeat) = state else { continue };
        let Some(since) = silent_since(&history, heartbeat) else { continue };
        let presence = world.known_since(&StateKey::Presence(heartbeat.locker.clone()));
        let Some(known) = world.known_since(&state.key()).max(presence) else { continue };
        let deadline = since + SILENT_AFTER;
        let Some(silent_at) = heartbeat.silent_at else { continue };
        // Looked at while it was taken to be away, it has as long as any other once its return is heard of, late.
        let looked_at = silent_at.min(known + SILENT_AFTER);
        if deadline.max(known).max(looked_at) + seen <= *now {
            let key = (heartbeat.locker.clone(), deadline);
            let count = unheard.get(&key).copied().unwrap_or_default() + 1;
            holds(count <= 2, || {
                format!("{} has said nothing since {since}, and {count} sweeps did not find it", heartbeat.locker)
            })?;
            waiting.insert(key, count);
        }
    }
    *unheard = waiting;
    Ok(())
}

/// I19: once everything has come to rest, no locker that is connected and says nothing is left unfound, and what is known
/// of each is what it said last.
pub fn every_silence_was_found(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for (locker, device) in world.devices.borrow().iter() {
        let known = history.heartbeat(locker);
        let said = device.heartbeat_at.map(|at| world.at(at));
        let fresh = match (known, said) {
            (Some(known), Some(said)) => known.received_at + domain::heartbeat::KEPT_FOR >= said,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => history.locker(locker).is_none(),
        };
        holds(fresh, || format!("{locker} said how it is at {said:?}; known is {:?}", known.map(|it| it.received_at)))?;
        let Some(known) = known else { continue };
        let found = is_found(known) && known.silent_at.is_none();
        holds(found || !device.is_online(), || format!("{locker} says nothing, and nobody knows: {known:?}"))?;
    }
    Ok(())
}

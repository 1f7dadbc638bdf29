//! Connections: what is known of them, against what the broker has seen.

use std::collections::BTreeMap;

use domain::fault::FaultCode;
use domain::presence::Link;
use domain::{SignedDuration, State, Timestamp};

use super::{Verdict, holds};
use crate::device::Session;
use crate::history::Committed;
use crate::triggers::GRACE;
use crate::world::World;

/// I19: an old session's disconnect never marks a locker offline; reconnecting clears no fault but network_lost. That
/// it clears no other is I5's.
pub fn an_old_session_ends_nothing(world: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.presences() {
        let devices = world.devices.borrow();
        let sessions = devices.get(&after.locker).map(|it| it.sessions.clone()).unwrap_or_default();
        let of = |name: &str| sessions.iter().find(|it| it.name == name);
        let Some(session) = of(&after.session) else {
            return Err(format!("{} had no session {}", after.locker, after.session));
        };
        if let Some(before) = before.and_then(|it| of(&it.session)) {
            let place = |it: &Session| sessions.iter().position(|of| of.name == it.name);
            holds(place(before) <= place(session), || {
                format!(
                    "{}: session {} was replaced by {}, which began before it",
                    after.locker, before.name, session.name
                )
            })?;
        }
        match after.link {
            Link::Up => {}
            Link::Grace { until } => {
                let ended = session.until.map(|it| world.at(it));
                holds(ended.is_some_and(|ended| until >= ended + GRACE), || {
                    format!("{}: the grace of {} is over at {until}; it ended at {ended:?}", after.locker, session.name)
                })?;
                let replaced = before.is_some_and(|it| it.link == Link::Up && it.session != after.session);
                holds(!replaced, || format!("{}: the end of {} ended a newer one", after.locker, session.name))?;
            }
            Link::Down => {
                let over = session.until.is_some_and(|it| world.at(it) + GRACE <= commit.now);
                let was_down = before.is_some_and(|it| it.link == Link::Down);
                holds(over || was_down, || {
                    format!("{} is down at {}, and its grace is not over", after.locker, commit.now)
                })?;
                let history = world.history.borrow();
                let closed =
                    history.locker(&after.locker).is_some_and(|it| it.faults.contains_key(&FaultCode::NetworkLost));
                holds(closed || was_down, || format!("{} is down, and open", after.locker))?;
            }
        }
    }
    Ok(())
}

/// I19: a silent locker is found within its deadline plus two sweeps.
pub fn a_silent_locker_is_found(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let history = world.history.borrow();
    let mut missed = world.missed.borrow_mut();
    let mut waiting = BTreeMap::new();
    for state in history.states.values() {
        if let State::Presence(presence) = state
            && let Link::Grace { until } = presence.link
            && let Some(known) = world.known_since(&state.key())
            && until.max(known) + seen <= *now
        {
            let count = missed.get(&(presence.locker.clone(), until)).copied().unwrap_or_default() + 1;
            waiting.insert((presence.locker.clone(), until), count);
            holds(count <= 2, || {
                format!("{} was silent since {until}, and {count} sweeps did not find it", presence.locker)
            })?;
        }
    }
    *missed = waiting;
    Ok(())
}

/// I19: what is known of connections is so: once everything has arrived, a locker that is connected is up and has not
/// lost its network, and one that is not is down.
pub fn what_is_known_of_connections_is_so(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for (locker, device) in world.devices.borrow().iter() {
        let Some(presence) = history.presence(locker) else { continue };
        let lost = history.locker(locker).is_some_and(|it| it.faults.contains_key(&FaultCode::NetworkLost));
        let (online, up) = (device.is_online(), presence.link == Link::Up);
        holds(online == up && online != lost, || {
            format!("{locker} is connected: {online}; known as {:?}; network lost: {lost}", presence.link)
        })?;
    }
    Ok(())
}

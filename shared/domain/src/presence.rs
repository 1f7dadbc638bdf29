//! Whether a locker is on the network, and when its absence becomes an outage.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::fault::{FaultCode, FaultReport, ReportedFault, Unit};
use crate::id::{EventId, LockerId};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::suspicion::Signal;
use crate::{SignedDuration, Timestamp};

/// The connection of one locker. An item of its own, so that a flapping connection never disturbs bookings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    pub locker: LockerId,
    /// The broker's name for the latest connection that was heard of.
    pub session: String,
    /// The broker's time of the latest event that counted.
    pub at: Timestamp,
    /// The broker's count of that connection.
    #[serde(default)]
    pub session_version: u64,
    pub link: Link,
}

/// Whether the latest session is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Link {
    Up,
    /// Gone, and to be judged once the grace is over.
    Grace {
        until: Timestamp,
    },
    /// Gone for longer than the grace: reported as `network_lost`.
    Down,
}

impl Presence {
    /// When the grace is over.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self.link {
            Link::Grace { until } => Some(until),
            Link::Up | Link::Down => None,
        }
    }
}

/// A session began or ended, as the broker tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceEvent {
    pub locker: LockerId,
    pub session: String,
    pub at: Timestamp,
    /// The broker's count of the connection. It begins anew once a device was away for about an hour
    /// (<https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html>), so that it tells the later of
    /// two connections within one millisecond, and no others.
    pub session_version: u64,
    pub connected: bool,
}

/// What a presence event changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PresenceOutcome {
    /// The locker is on the network. `returned` where it had been found offline.
    Connected { returned: bool },
    /// The grace has begun.
    GraceStarted,
    /// It is about a session that has been replaced, or came after a later event of the same session.
    Outdated,
}

/// Judges a presence event. The broker tells them out of order and more than once; the rules are:
/// a session that has begun replaces every session that began before; the end of a session counts only while
/// that session is the latest; and a session that has ended does not begin again.
pub fn record_presence(
    known: Option<Presence>,
    event: &PresenceEvent,
    grace: SignedDuration,
) -> Decision<PresenceOutcome> {
    let same_session = known.as_ref().is_some_and(|it| it.session == event.session);
    let up = known.as_ref().is_none_or(|it| it.link == Link::Up);
    let when = (event.at, event.session_version);
    let newer = known.as_ref().is_none_or(|it| when >= (it.at, it.session_version));
    let counts = match (event.connected, same_session) {
        (true, false) => newer,
        (false, true) => up,
        // A disconnect that overtook its own connect: the session has come and gone. One of the same moment and count
        // is that of the session before, which the known one has replaced.
        (false, false) => {
            let came_later = |it: &Presence| it.link != Link::Up && when > (it.at, it.session_version);
            known.as_ref().is_none_or(came_later) || bug("old_session_ends_a_new_one")
        }
        (true, true) => false,
    };
    if !counts {
        return Decision::new(PresenceOutcome::Outdated);
    }
    let returned = known.is_some_and(|it| it.link == Link::Down);
    let (link, outcome, history) = if event.connected {
        (Link::Up, PresenceOutcome::Connected { returned }, Event::Connected)
    } else if returned {
        (Link::Down, PresenceOutcome::Outdated, Event::Disconnected)
    } else {
        (Link::Grace { until: event.at + grace }, PresenceOutcome::GraceStarted, Event::Disconnected)
    };
    let mut decision = Decision::new(outcome);
    let PresenceEvent { locker, session, at, session_version, .. } = event.clone();
    decision.change(Presence { locker, session, at, session_version, link });
    decision.record(history);
    decision
}

/// The grace of a locker is over: it is offline, and that is a fault of the whole locker.
///
/// # Errors
/// [`Refusal::WrongState`] where the locker has come back, or the grace is not over.
pub fn find_offline(presence: Presence, now: Timestamp) -> Result<(Presence, FaultReport), Refusal> {
    match presence.link {
        Link::Grace { until } if until <= now => {}
        Link::Grace { .. } => return Err(Refusal::wrong_state("grace")),
        Link::Up => return Err(Refusal::wrong_state("up")),
        Link::Down => return Err(Refusal::wrong_state("down")),
    }
    let report = FaultReport {
        locker: presence.locker.clone(),
        event: EventId::of_step("offline", &presence.session),
        received_at: now,
        signal: Signal::Device,
        gone: Vec::new(),
        faults: vec![ReportedFault { unit: Unit::Locker, code: FaultCode::NetworkLost, vendor_text: None }],
    };
    Ok((Presence { link: Link::Down, ..presence }, report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    const GRACE: SignedDuration = SignedDuration::from_secs(120);

    fn event(session: &str, second: i64, connected: bool) -> PresenceEvent {
        PresenceEvent {
            locker: locker_id(),
            session: session.to_owned(),
            at: at(second),
            session_version: 0,
            connected,
        }
    }

    fn known(session: &str, second: i64, link: Link) -> Option<Presence> {
        Some(Presence { locker: locker_id(), session: session.to_owned(), at: at(second), session_version: 0, link })
    }

    #[test]
    fn given_a_session_when_it_ends_then_the_grace_starts() {
        let decision = record_presence(known("a", 0, Link::Up), &event("a", 10, false), GRACE);
        assert_eq!(decision.answer, PresenceOutcome::GraceStarted);
        assert_eq!(decision.changes, vec![known("a", 10, Link::Grace { until: at(130) }).unwrap().into()]);
    }

    #[test]
    fn given_a_newer_session_when_the_old_one_ends_late_then_nothing_changes() {
        for second in [5, 20] {
            let decision = record_presence(known("b", 10, Link::Up), &event("a", second, false), GRACE);
            assert_eq!((decision.answer, decision.changes), (PresenceOutcome::Outdated, vec![]), "{second}");
        }
    }

    #[test]
    fn given_a_drop_when_the_locker_returns_within_the_grace_then_no_timer_is_left() {
        let decision = record_presence(known("a", 10, Link::Grace { until: at(130) }), &event("b", 20, true), GRACE);
        assert_eq!(decision.answer, PresenceOutcome::Connected { returned: false });
        assert_eq!(decision.changes, vec![known("b", 20, Link::Up).unwrap().into()]);
    }

    #[test]
    fn given_an_ended_session_when_its_beginning_arrives_again_or_late_then_nothing_changes() {
        for link in [Link::Up, Link::Grace { until: at(130) }, Link::Down] {
            let decision = record_presence(known("a", 10, link), &event("a", 0, true), GRACE);
            assert_eq!((decision.answer, decision.changes), (PresenceOutcome::Outdated, vec![]));
        }
    }

    #[test]
    fn given_a_disconnect_that_overtook_its_connect_then_the_session_is_gone_and_stays_gone() {
        let first = record_presence(known("a", 0, Link::Grace { until: at(120) }), &event("b", 30, false), GRACE);
        let after = known("b", 30, Link::Grace { until: at(150) });
        assert_eq!(first.changes, vec![after.clone().unwrap().into()]);
        let second = record_presence(after, &event("b", 25, true), GRACE);
        assert_eq!(second.changes, vec![]);
    }

    #[test]
    fn given_a_session_that_has_ended_when_the_one_it_replaced_ends_at_the_same_moment_then_it_stays_the_latest() {
        let ended = known("b", 30, Link::Grace { until: at(150) });
        let decision = record_presence(ended.clone(), &event("a", 30, false), GRACE);
        assert_eq!((decision.answer, decision.changes), (PresenceOutcome::Outdated, vec![]));
        assert_eq!(record_presence(ended, &event("b", 30, true), GRACE).changes, vec![], "it does not begin again");
    }

    #[test]
    fn of_two_connections_within_a_millisecond_the_one_with_the_higher_count_is_the_later() {
        let counted =
            |session, session_version, connected| PresenceEvent { session_version, ..event(session, 30, connected) };
        let second = known("b", 30, Link::Up).map(|it| Presence { session_version: 2, ..it });
        assert_eq!(record_presence(second.clone(), &counted("a", 1, true), GRACE).changes, vec![]);
        assert_ne!(record_presence(second, &counted("c", 3, true), GRACE).changes, vec![]);
        let ended = known("b", 30, Link::Grace { until: at(150) }).map(|it| Presence { session_version: 2, ..it });
        assert_eq!(record_presence(ended.clone(), &counted("a", 1, false), GRACE).changes, vec![]);
        assert_ne!(record_presence(ended.clone(), &counted("c", 3, false), GRACE).changes, vec![], "came and gone");
        let anew = PresenceEvent { session_version: 0, ..event("d", 4_000, true) };
        assert_ne!(record_presence(ended, &anew, GRACE).changes, vec![], "the count has begun anew");
    }

    #[test]
    fn given_the_grace_is_over_then_the_whole_locker_has_lost_its_network() {
        let presence = known("a", 10, Link::Grace { until: at(130) }).unwrap();
        assert_eq!(find_offline(presence.clone(), at(129)), Err(Refusal::wrong_state("grace")));
        let (next, report) = find_offline(presence, at(130)).unwrap();
        assert_eq!(next.link, Link::Down);
        assert_eq!(report.faults[0].code, FaultCode::NetworkLost);
        assert_eq!(find_offline(next, at(131)), Err(Refusal::wrong_state("down")));
    }

    #[test]
    fn a_locker_is_looked_at_again_when_its_grace_is_over_and_otherwise_not() {
        let due_at = |link| known("a", 10, link).unwrap().due_at();
        let due = [Link::Up, Link::Grace { until: at(130) }, Link::Down].map(due_at);
        assert_eq!(due, [None, Some(at(130)), None]);
    }

    #[test]
    fn given_an_outage_when_the_locker_connects_then_it_has_returned() {
        let decision = record_presence(known("a", 10, Link::Down), &event("b", 900, true), GRACE);
        assert_eq!(decision.answer, PresenceOutcome::Connected { returned: true });
    }
}

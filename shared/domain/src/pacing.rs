//! When a customer is written to: at night only what cannot wait, a burst as one message, and never more than anybody
//! reads. Teams are called at once, whatever the hour.

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::id::PersonId;
use crate::notice::Message;
use crate::seeded::bug;
use crate::{SignedDuration, Timestamp};

/// What comes this soon after a message is one message with whatever else does. Where a locker closes, all orders in it
/// are dealt with in some seconds, those of a whole region in about a minute; who brings several parcels needs some
/// twenty seconds for each.
pub const TOGETHER_FOR: SignedDuration = SignedDuration::from_secs(60);

/// How many messages somebody gets in an hour. An assumption: an order with everything going wrong makes five in a day,
/// so ten in an hour are many orders at once, of which a digest says more than another ten messages.
pub const MESSAGES_AN_HOUR: usize = 10;

/// How many notices one message tells at the most: more are the next message.
pub const NOTICES_PER_MESSAGE_MAX: usize = 12;

/// What would leave a customer less time than this for the way to the locker does not wait. A night at home ends with
/// work: four hours are until the midday break.
pub const DEADLINE_NEAR: SignedDuration = SignedDuration::from_hours(4);

/// Over how long the messages of a morning are spread, so that those of a whole country are not due in one second.
const MORNING: SignedDuration = SignedDuration::from_mins(15);

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A time zone by its name in the database of the IANA. Whether there is one of that name is checked where it comes in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(String);

/// There is no time zone of this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the name of a time zone, such as Europe/Berlin")]
pub struct UnknownZone;

/// Where the lockers are.
const HOME: &str = "Europe/Berlin";

impl Default for Zone {
    fn default() -> Self {
        Self(HOME.to_owned())
    }
}

impl std::str::FromStr for Zone {
    type Err = UnknownZone;
    fn from_str(name: &str) -> Result<Self, UnknownZone> {
        TimeZone::get(name).map(|_| Self(name.to_owned())).map_err(|_| UnknownZone)
    }
}

impl Zone {
    /// Whether it is where the lockers are.
    pub fn is_home(&self) -> bool {
        self.0 == HOME
    }

    /// Its rules. Those of home where the name is known no more: a message at a strange hour is better than none.
    fn rules(&self) -> TimeZone {
        TimeZone::get(&self.0).or_else(|_| TimeZone::get(HOME)).unwrap_or(TimeZone::UTC)
    }
}

/// The hours at which somebody is not written to without need, by the clocks of the person's time zone. They may go over
/// midnight; where they end as they begin, there are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    pub from: Time,
    pub until: Time,
}

impl Default for QuietHours {
    fn default() -> Self {
        Self { from: time(21, 0, 0, 0), until: time(8, 0, 0, 0) }
    }
}

impl QuietHours {
    /// Whether they are those of somebody who has said nothing.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Until when it is quiet, where it is at `now`. Clocks that are put back show an hour twice: an end that falls into
    /// it is the one that is to come. An end that clocks leave out comes as much later as they are put forward.
    pub fn end(&self, zone: &Zone, now: Timestamp) -> Option<Timestamp> {
        let Self { from, until } = *self;
        let zone = zone.rules();
        let local = now.to_zoned(zone.clone());
        let clock = local.time();
        let over_midnight = until < from;
        let is_quiet = if over_midnight { clock >= from || clock < until } else { (from..until).contains(&clock) };
        if !is_quiet {
            return None;
        }
        let day = if over_midnight && clock >= from { local.date().tomorrow().ok()? } else { local.date() };
        let end = zone.to_ambiguous_timestamp(day.to_datetime(until));
        [end.compatible(), end.later()].into_iter().flatten().find(|end| *end > now)
    }
}

/// What a person has said about when to be written to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours {
    pub zone: Zone,
    pub quiet: QuietHours,
}

/// How long a message can wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Haste {
    /// It is for those who repair: at once, at any hour, by itself.
    Call,
    /// A customer has to know at once, at any hour.
    AtOnce,
    /// It can wait, unless that leaves too little of the time until then.
    Until(Timestamp),
    /// It can wait for the morning.
    ByDay,
}

impl Message {
    /// How long it can wait: the one table of that.
    pub fn haste(&self) -> Haste {
        match self {
            // Somebody may be on the way to a door that stays shut, or to an empty compartment.
            Message::PickupDelayed { .. } | Message::ParcelMissing { .. } => Haste::AtOnce,
            // The answer to what its reader did a moment ago.
            Message::PlaceConfirmed { .. }
            | Message::CaseReceived { .. }
            | Message::CaseReopened { .. }
            | Message::ContestReceived { .. } => Haste::AtOnce,
            // The parcel lies there in the morning as well, if there is time left to come for it.
            Message::ReadyForPickup { deadline, .. }
            | Message::AllClear { deadline, .. }
            | Message::BroughtElsewhere { deadline, .. } => Haste::Until(*deadline),
            // Whoever was told of the shut door was asked to stay at home until it works again.
            Message::RepairTakesLonger { .. } | Message::RecoveryStarted { .. } => Haste::ByDay,
            // More time takes nothing from anybody.
            Message::PickupExtended { .. } => Haste::ByDay,
            // The parcel is still on its way, and nobody comes for it before it is said to be there.
            Message::PlacedElsewhere { .. }
            | Message::Rerouted { .. }
            | Message::ReroutedHome { .. }
            | Message::ReroutedToShop { .. }
            | Message::ChoosePlace { .. } => Haste::ByDay,
            Message::PlaceKept { .. } | Message::PlaceChanged { .. } => Haste::ByDay,
            // It was in nobody's way for days, and whoever can still do something about it is asked by day.
            Message::ReservationExpired { .. } | Message::PickupExpired { .. } | Message::ParcelReturned { .. } => {
                Haste::ByDay
            }
            // Nothing has to be done about it soon.
            Message::FeedbackRequested { .. }
            | Message::CaseAnswered { .. }
            | Message::CaseUpdated { .. }
            | Message::CaseUnanswered { .. }
            | Message::CaseJoined { .. }
            | Message::ContestAnswered { .. } => Haste::ByDay,
            // There are days to answer.
            Message::CaseQuestion { .. } | Message::DriverAsked { .. } | Message::DriverCharged { .. } => Haste::ByDay,
            // What is broken is repaired by night as well; who is on duty has a team's address, not their own.
            Message::WorkOrderCalled { .. }
            | Message::WorkOrderEnded { .. }
            | Message::WorkOrderEscalated { .. }
            | Message::IncidentReported { .. }
            | Message::CaseOverdue { .. }
            | Message::RepairRejected { .. } => Haste::Call,
        }
    }
}

/// Why a notice waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It is night where its reader is.
    QuietHours,
    /// There was a message a moment ago: with what else comes it is the next one.
    Burst,
    /// There were as many messages in the last hour as anybody reads.
    TooMany,
}

/// That a notice waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    pub until: Timestamp,
    pub why: Reason,
}

/// When one customer was written to lately. Messages are counted as they are on their way: of one whose outcome nobody
/// knows it is better to assume that it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correspondence {
    pub customer: PersonId,
    /// The latest messages, latest last, as many as make an hour's.
    pub lately: Vec<Timestamp>,
    /// The latest that could not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<Timestamp>,
}

impl Correspondence {
    /// Of somebody who was never written to.
    pub fn new(customer: PersonId) -> Self {
        Self { customer, lately: Vec::new(), at_once: None }
    }

    /// A message is on its way, which may have something to say that could not wait.
    pub fn write(mut self, could_wait: bool, now: Timestamp) -> Self {
        self.lately.push(now);
        // Whoever was slow may have been given an earlier time.
        self.lately.sort_unstable();
        let old = self.lately.len().saturating_sub(MESSAGES_AN_HOUR);
        self.lately.drain(..old);
        if !could_wait {
            self.at_once = self.at_once.max(Some(now));
        }
        self
    }
}

/// How much the operator of a network lets customers be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pacing {
    /// What comes this soon after a message waits, to be one message. Zero: every notice is a message of its own.
    pub together_for: SignedDuration,
    /// How many messages somebody gets in an hour, at most [`MESSAGES_AN_HOUR`]. Zero: any number.
    pub messages_an_hour: usize,
}

impl Default for Pacing {
    fn default() -> Self {
        Self { together_for: TOGETHER_FOR, messages_an_hour: MESSAGES_AN_HOUR }
    }
}

impl Pacing {
    /// Every notice by itself, as it comes.
    pub const NONE: Pacing = Pacing { together_for: SignedDuration::ZERO, messages_an_hour: 0 };

    /// Until when what can wait waits.
    fn wait_until(&self, lately: &Correspondence, hours: &Hours, now: Timestamp) -> Option<Held> {
        let quiet = hours.quiet.end(&hours.zone, now).map(|end| end + morning_of(&lately.customer));
        if let Some(until) = quiet.filter(|_| !bug("quiet_hours_are_ignored")) {
            return Some(Held { until, why: Reason::QuietHours });
        }
        let last = |nth: usize| lately.lately.iter().rev().nth(nth);
        let full = self.messages_an_hour.checked_sub(1).and_then(last).map(|first| *first + HOUR);
        if let Some(until) = full.filter(|until| *until > now) {
            return Some(Held { until, why: Reason::TooMany });
        }
        let burst = last(0).map(|last| *last + self.together_for).filter(|until| *until > now);
        burst.filter(|_| !bug("burst_is_many_messages")).map(|until| Held { until, why: Reason::Burst })
    }

    /// Whether a notice to a customer has to wait, and until when. What cannot wait waits at most for the rest of its own
    /// burst: there has just been a message that could not wait either.
    pub fn hold(&self, haste: Haste, lately: &Correspondence, hours: &Hours, now: Timestamp) -> Option<Held> {
        let held = self.wait_until(lately, hours, now);
        if !self.cannot_wait(haste, held) {
            return held;
        }
        let until = lately.at_once? + self.together_for;
        (until > now && !bug("burst_is_many_messages")).then_some(Held { until, why: Reason::Burst })
    }

    fn cannot_wait(&self, haste: Haste, held: Option<Held>) -> bool {
        match haste {
            Haste::Call | Haste::AtOnce => !bug("what_is_urgent_waits_for_the_morning"),
            Haste::Until(deadline) => held.is_some_and(|held| deadline < held.until + DEADLINE_NEAR),
            Haste::ByDay => false,
        }
    }

    /// Whether a notice could not have waited, so that the message it is in is counted as one of those.
    pub fn is_urgent(&self, haste: Haste, lately: &Correspondence, hours: &Hours, now: Timestamp) -> bool {
        self.cannot_wait(haste, self.wait_until(lately, hours, now))
    }

    /// Whether a notice may be told with a message that goes now anyway: all that waits by day, and by night what could
    /// not wait for the morning.
    pub fn goes_along(&self, haste: Haste, lately: &Correspondence, hours: &Hours, now: Timestamp) -> bool {
        let held = self.wait_until(lately, hours, now);
        let by_night = held.is_some_and(|held| held.why == Reason::QuietHours);
        self.together_for > SignedDuration::ZERO && haste != Haste::Call && (!by_night || self.cannot_wait(haste, held))
    }
}

/// How long after the end of the quiet hours somebody is written to: the same each day, spread by names (FNV-1a).
fn morning_of(person: &PersonId) -> SignedDuration {
    let bytes = person.as_str().bytes();
    let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    SignedDuration::from_secs(i64::from(hash) % MORNING.as_secs())
}

#[cfg(test)]
mod tests;

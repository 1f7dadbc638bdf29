//! What a locker says of itself every minute, and what it means when it says nothing.
//!
//! ```text
//!  heartbeats   |     |     |     |     |     |           silence
//!  kept         K           K           K                          judged
//!               |<-------- KEPT_FOR, then the next one is --------->|
//!                                       |<----- SILENT_AFTER ------>|
//!                                             |<-- MISSED_AFTER at the least, after the last one that came
//! ```
//!
//! A network of 15,000 lockers sends 250 heartbeats a second. Most say what the one before has said: they cost one read
//! of one item and no write. What is kept is written once in [`KEPT_FOR`], so by every third heartbeat, and whenever
//! something has changed: 84 plain conditional writes a second, none of them with an entry in the history.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::fault::{Clearing, FaultCode, FaultReport, ReportedFault, Unit};
use crate::id::{EventId, LockerId};
use crate::locker::{FaultScene, report_faults};
use crate::presence::{Link, Presence};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::suspicion::Signal;
use crate::{SignedDuration, Timestamp};

/// How often a locker is to send one. A device is told so by the published document, not by a message.
pub const HEARTBEAT_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// How old the heartbeat that is kept becomes before the next one that says the same is kept: two of three need no
/// write then, with half an interval for those that come early.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_secs(150);

/// How long after the last heartbeat a locker is silent at the earliest: three were missed, and half an interval is for
/// the way.
pub const MISSED_AFTER: SignedDuration = SignedDuration::from_secs(3 * 60 + 30);

/// How long after the heartbeat that is kept a locker is silent: later ones that were not kept are younger by
/// [`KEPT_FOR`] at the most.
pub const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(KEPT_FOR.as_secs() + MISSED_AFTER.as_secs());

/// Heartbeats that come closer together than that count as one: a device that sends after an outage what it should
/// have left out must not turn one bad minute into many, and one that sends a thousand a second causes no writes.
pub const COUNTED_APART: SignedDuration = SignedDuration::from_secs(30);

/// How many heartbeats in a row have to be good again before a condition has ended.
const GOOD_AGAIN: u8 = 3;

/// Where the electricity comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerSource {
    Mains,
    Battery,
}

/// What a device knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostics {
    pub power: PowerSource,
    /// How full the battery is, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_percent: Option<u8>,
    /// At the controller, in degrees Celsius, where it can be measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<i16>,
    /// Of the mobile network, in dBm; nothing for a locker on a cable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal_dbm: Option<i16>,
    pub firmware: String,
    /// Since the device was started.
    pub uptime_s: u64,
}

/// One heartbeat as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentHeartbeat {
    pub locker: LockerId,
    /// The message's own id: the same id is the same heartbeat.
    pub event: EventId,
    /// The broker's time of arrival, which alone says which of two is the later.
    pub received_at: Timestamp,
    /// Another one after each start of the device.
    pub boot: EventId,
    /// The device's clock. Nothing where it does not read as a time.
    pub device_clock: Option<Timestamp>,
    pub diagnostics: Diagnostics,
}

/// Something that heartbeats show and that is a fault once it lasts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// How many heartbeats in a row have shown it, as long as it is not reported.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub shown: u8,
    /// Since when it is reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// How many heartbeats in a row were good again, while it is reported.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub good: u8,
    /// When it ended, until it is reported again. The fault itself stays open until it is cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
fn is_zero(count: &u8) -> bool {
    *count == 0
}

/// The latest heartbeat of one locker that is kept. An item of its own, so that heartbeats never disturb deposits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    pub locker: LockerId,
    /// The message it came with.
    pub event: EventId,
    pub received_at: Timestamp,
    pub boot: EventId,
    /// How far the device's clock was ahead of the network's, in seconds. Nothing where it did not read as a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_s: Option<i64>,
    pub diagnostics: Diagnostics,
    /// What the heartbeats so far show, by what is reported of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<FaultCode, Condition>,
    /// When to look whether the locker has fallen silent. Nothing once it has been found to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_at: Option<Timestamp>,
}

impl Heartbeat {
    /// When to look whether the locker has fallen silent.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.silent_at
    }

    /// The conditions that are over, and since when. Their faults may still be open: a fault that may clear by itself
    /// is to be cleared on this word.
    pub fn ended_conditions(&self) -> impl Iterator<Item = (FaultCode, Timestamp)> {
        self.conditions.iter().filter_map(|(code, condition)| Some((*code, condition.ended_at?)))
    }

    /// The conditions that have been reported and are not over.
    pub fn reported_conditions(&self) -> impl Iterator<Item = (FaultCode, Timestamp)> {
        self.conditions.iter().filter_map(|(code, condition)| Some((*code, condition.reported_at?)))
    }
}

/// What one heartbeat says of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Beyond the value from which on it is bad.
    Bad,
    /// Neither bad nor good enough to say that it is over, or not measured.
    Between,
    Good,
}

/// A condition that diagnostics show.
struct Watched {
    code: FaultCode,
    /// How many heartbeats in a row have to be bad before it is reported.
    bad_in_a_row: u8,
    reading: fn(&Heartbeat) -> Reading,
}

/// What is watched. The values are assumptions, since makers publish few: each is named with its reason.
const WATCHED: [Watched; 4] = [
    // Controllers of outdoor cabinets are commonly rated to 60 degrees around them; ten degrees less are the distance
    // that keeps a cabinet in the afternoon sun from being reported and ended every few minutes.
    Watched {
        code: FaultCode::OverTemperature,
        bad_in_a_row: 3,
        reading: |it| above(it.diagnostics.temperature_c.map(i64::from), 60, 50),
    },
    // Below -115 dBm (RSRP) LTE modems commonly lose the cell; from -105 dBm on connections hold. Five in a row, since
    // lorries park in front of lockers.
    Watched {
        code: FaultCode::NetworkWeak,
        bad_in_a_row: 5,
        reading: |it| above(it.diagnostics.signal_dbm.map(|dbm| -i64::from(dbm)), 115, 105),
    },
    // Access codes that a locker checks while it is offline are good for minutes: two of them off, and codes are
    // refused. Synchronised clocks are within seconds. What does not read as a time is no clock.
    Watched {
        code: FaultCode::ClockSkew,
        bad_in_a_row: 3,
        reading: |it| above(Some(it.clock_ahead_s.map_or(i64::MAX, i64::saturating_abs)), 120, 30),
    },
    // Batteries of cabinets last for hours; three minutes without mains are no flicker of the grid.
    Watched {
        code: FaultCode::PowerLoss,
        bad_in_a_row: 3,
        reading: |it| match it.diagnostics.power {
            PowerSource::Battery => Reading::Bad,
            PowerSource::Mains => Reading::Good,
        },
    },
];

fn above(value: Option<i64>, bad_from: i64, good_to: i64) -> Reading {
    match value {
        Some(value) if value >= bad_from => Reading::Bad,
        Some(value) if value <= good_to => Reading::Good,
        Some(_) | None => Reading::Between,
    }
}

impl Condition {
    /// Counts one more heartbeat. Tells whether it is to be reported now.
    fn count(&mut self, reading: Reading, bad_in_a_row: u8, at: Timestamp) -> bool {
        if self.reported_at.is_some() {
            self.good = if reading == Reading::Good { self.good + 1 } else { 0 };
            if self.good >= GOOD_AGAIN {
                *self = Self { ended_at: Some(at), ..Self::default() };
            }
            return false;
        }
        self.shown = if reading == Reading::Bad { self.shown + 1 } else { 0 };
        let reported = self.shown >= bad_in_a_row;
        if reported {
            *self = Self { reported_at: Some(at), ..Self::default() };
        }
        reported
    }
}

/// What comes of one heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// It came after a later one, or is a copy of the one that is kept.
    Outdated,
    /// What is kept says as much.
    NothingNew,
    /// To be kept, and of no consequence.
    Keep(Heartbeat),
    /// To be kept with what it means for the locker: see [`record_heartbeat`].
    Concerns(Box<Concern>),
}

/// A heartbeat that cannot be judged without its locker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    heartbeat: Heartbeat,
    /// Conditions that have lasted long enough to be faults.
    reported: Vec<FaultCode>,
    /// Conditions that have been over for long enough.
    ended: Vec<FaultCode>,
}

/// Judges one heartbeat by the one that is kept. The broker's time says which is the later; one that is late, reordered
/// or a copy changes nothing, and neither does one that has nothing new to say.
pub fn judge_heartbeat(known: Option<&Heartbeat>, sent: &SentHeartbeat) -> Judgement {
    let since = known.map(|it| sent.received_at.duration_since(it.received_at));
    let copy = known.is_some_and(|it| it.event == sent.event);
    if (copy || since.is_some_and(|since| since.is_negative())) && !bug("old_heartbeat_counts") {
        return Judgement::Outdated;
    }
    if since.is_some_and(|since| !since.is_negative() && since < COUNTED_APART) {
        return Judgement::NothingNew;
    }
    let clock_ahead = sent.device_clock.map(|clock| clock.duration_since(sent.received_at).as_secs());
    let mut heartbeat = Heartbeat {
        locker: sent.locker.clone(),
        event: sent.event.clone(),
        received_at: sent.received_at,
        boot: sent.boot.clone(),
        clock_ahead_s: clock_ahead,
        diagnostics: sent.diagnostics.clone(),
        conditions: known.map(|it| it.conditions.clone()).unwrap_or_default(),
        silent_at: Some(sent.received_at + SILENT_AFTER),
    };
    let mut reported = Vec::new();
    for Watched { code, bad_in_a_row, reading } in WATCHED {
        let reading = reading(&heartbeat);
        let mut condition = heartbeat.conditions.remove(&code).unwrap_or_default();
        if condition.count(reading, bad_in_a_row, sent.received_at) {
            reported.push(code);
        }
        if condition != Condition::default() {
            heartbeat.conditions.insert(code, condition);
        }
    }
    // Silence is found by a sweep; that it is over is heard here.
    if let Some(silence) = heartbeat.conditions.get_mut(&FaultCode::ControllerFault) {
        silence.count(Reading::Good, u8::MAX, sent.received_at);
    }
    let same = known.is_some_and(|it| {
        it.conditions == heartbeat.conditions
            && it.boot == heartbeat.boot
            && it.diagnostics.power == heartbeat.diagnostics.power
            && it.diagnostics.firmware == heartbeat.diagnostics.firmware
    });
    if same && since.is_some_and(|since| since < KEPT_FOR) {
        return Judgement::NothingNew;
    }
    let ended: Vec<FaultCode> = heartbeat
        .ended_conditions()
        .filter(|(code, ended_at)| *ended_at == sent.received_at && code.listed().clears == Clearing::Condition)
        .map(|(code, _)| code)
        .collect();
    if known.is_none() || !reported.is_empty() || !ended.is_empty() || heartbeat.reported_conditions().next().is_some()
    {
        return Judgement::Concerns(Box::new(Concern { heartbeat, reported, ended }));
    }
    Judgement::Keep(heartbeat)
}

/// What a heartbeat changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatOutcome {
    Outdated,
    NothingNew,
    Kept,
    /// So many conditions have become faults.
    Reported(usize),
}

impl Judgement {
    /// The decision, where the locker need not be looked at.
    ///
    /// # Errors
    /// The concern, where it has to be.
    pub fn decide(self) -> Result<Decision<HeartbeatOutcome>, Box<Concern>> {
        match self {
            Judgement::Outdated => Ok(Decision::new(HeartbeatOutcome::Outdated)),
            Judgement::NothingNew => Ok(Decision::new(HeartbeatOutcome::NothingNew)),
            Judgement::Keep(heartbeat) => {
                let mut decision = Decision::new(HeartbeatOutcome::Kept);
                decision.change(heartbeat);
                Ok(decision)
            }
            Judgement::Concerns(concern) => Err(concern),
        }
    }
}

/// Keeps a heartbeat and reports what has become a fault, as a fault of the whole locker: once, whatever the heartbeats
/// after it say. A condition whose fault has been repaired since begins anew: if it is still there, it is reported
/// again once it has lasted as long as the first time.
///
/// # Errors
/// [`Refusal::UnknownLocker`]: nothing is created for a locker nobody registered.
pub fn record_heartbeat(
    concern: Concern,
    scene: FaultScene,
    now: Timestamp,
) -> Result<Decision<HeartbeatOutcome>, Refusal> {
    let Concern { mut heartbeat, reported, ended } = concern;
    let locker = scene.locker.as_ref().ok_or(Refusal::UnknownLocker)?;
    if bug("heartbeat_reopens_the_locker") && heartbeat.ended_conditions().next().is_some() {
        let mut locker = locker.clone();
        locker.faults.retain(|code, _| heartbeat.ended_conditions().all(|(ended, _)| ended != *code));
        let mut decision = Decision::new(HeartbeatOutcome::Kept);
        decision.change(locker);
        decision.change(heartbeat);
        return Ok(decision);
    }
    heartbeat.conditions.retain(|code, condition| {
        condition.reported_at.is_none() || reported.contains(code) || locker.faults.contains_key(code)
    });
    let gone: Vec<(Unit, FaultCode)> =
        ended.into_iter().filter(|code| locker.faults.contains_key(code)).map(|code| (Unit::Locker, code)).collect();
    let mut decision = if reported.is_empty() && gone.is_empty() {
        Decision::new(HeartbeatOutcome::Kept)
    } else {
        let report = FaultReport {
            locker: heartbeat.locker.clone(),
            event: heartbeat.event.clone(),
            received_at: heartbeat.received_at,
            signal: Signal::Device,
            gone,
            faults: reported.iter().map(|code| of_the_locker(*code)).collect(),
        };
        report_faults(scene, &report, now)?.answer_with(HeartbeatOutcome::Reported(reported.len()))
    };
    decision.change(heartbeat);
    Ok(decision)
}

fn of_the_locker(code: FaultCode) -> ReportedFault {
    ReportedFault { unit: Unit::Locker, code, vendor_text: None }
}

/// What comes of a locker whose heartbeat is overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Silence {
    /// It is connected and says nothing: its controller hangs. This is reported for it.
    Found(Heartbeat, FaultReport),
    /// It is not connected, or has not been for long enough: to be looked at again then.
    Later(Heartbeat),
}

/// Judges a locker whose heartbeat is overdue. One that is off the network is silent because of that, and presence
/// finds it: no second fault arises. One that has come back, or has been repaired at `reopened_at`, has as long to send
/// its next heartbeat as any other. Where nothing is known of its connection, it is taken to have one: a heartbeat has come through it.
///
/// # Errors
/// [`Refusal::WrongState`] where it has been heard of, or has been found silent already.
pub fn find_silent(
    mut heartbeat: Heartbeat,
    presence: Option<&Presence>,
    reopened_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Silence, Refusal> {
    let Some(silent_at) = heartbeat.silent_at else { return Err(Refusal::wrong_state("silent")) };
    if silent_at > now {
        return Err(Refusal::wrong_state("heard"));
    }
    let (up, since) = presence.map_or((true, heartbeat.received_at), |it| (it.link == Link::Up, it.at));
    if !up && !bug("silence_of_the_disconnected_is_a_fault") {
        heartbeat.silent_at = Some(now + SILENT_AFTER);
        return Ok(Silence::Later(heartbeat));
    }
    let since = reopened_at.map_or(since, |reopened_at| reopened_at.max(since));
    if up && since + SILENT_AFTER > now {
        heartbeat.silent_at = Some(since + SILENT_AFTER);
        return Ok(Silence::Later(heartbeat));
    }
    let report = FaultReport {
        locker: heartbeat.locker.clone(),
        event: EventId::of_step("silent", &heartbeat.received_at),
        received_at: now,
        signal: Signal::Device,
        gone: Vec::new(),
        faults: vec![of_the_locker(FaultCode::ControllerFault)],
    };
    heartbeat.silent_at = None;
    let found = Condition { reported_at: Some(now), ..Condition::default() };
    heartbeat.conditions.insert(FaultCode::ControllerFault, found);
    Ok(Silence::Found(heartbeat, report))
}

#[cfg(test)]
mod tests;

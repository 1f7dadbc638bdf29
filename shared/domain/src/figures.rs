//! How well lockers work: what of each day is kept, and the figures that follow from the days of a window.
//!
//! | figure | formula | term |
//! |---|---|---|
//! | uptime | up time / (up time + down time) | mean availability, IEC 60050-192 |
//! | MTTR | sum of (proven - raised) / repairs proven | mean time to restoration, IEC 60050-192, 192-07-23 |
//! | MTBF | up time / failures | mean operating time between failures, IEC 60050-192, 192-05-13 |
//! | first-time-open rate | commands after which the door opened / all commands that were answered | |
//!
//! A compartment is down while a fault closes it or its whole locker, be it to deposits alone: what cannot do all it is
//! there for is down (EN 13306: down state). Unknown counts as down: a locker that is off the network, or says nothing,
//! has a fault of its own from the moment its grace is over, and one that was never heard of is down all day. What people
//! close is not counted: it is planned.
//!
//! Days are closed [`CLOSED_AFTER`] their end. A fault that is told of later than that counts from the day on that is
//! still open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::SignedDuration;
use crate::Timestamp;
use crate::compartment::{Compartment, Service};
use crate::day::{DAY, Day};
use crate::fault::{Closure, FaultCode, FaultRecord, OpenFault, Unit};
use crate::id::{CompartmentNumber, LockerId, RegionId};
use crate::locker::Locker;
use crate::seeded::bug;

/// How long after its end a day is closed: messages of devices are in their queues for seconds, and five attempts at one
/// take five minutes.
pub const CLOSED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What happened to one unit in a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitDay {
    /// Faults that were raised in it and closed anything.
    #[serde(default, skip_serializing_if = "is_none")]
    pub failures: u64,
    /// Such faults whose repair was proven in it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub repairs: u64,
    /// How long those had taken, from raised to proven, in seconds.
    #[serde(default, skip_serializing_if = "is_none")]
    pub repair_s: u64,
    /// For how long of the day it was down, in seconds; a compartment with its whole locker as well.
    #[serde(default, skip_serializing_if = "is_none")]
    pub down_s: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

impl UnitDay {
    fn and(self, other: Self) -> Self {
        Self {
            failures: self.failures + other.failures,
            repairs: self.repairs + other.repairs,
            repair_s: self.repair_s + other.repair_s,
            down_s: self.down_s + other.down_s,
        }
    }
}

/// How often the door of a compartment was to open, and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorDay {
    #[serde(rename = "door")]
    pub number: CompartmentNumber,
    #[serde(default, rename = "first", skip_serializing_if = "is_none")]
    pub at_first_try: u64,
    #[serde(default, rename = "not", skip_serializing_if = "is_none")]
    pub not_at_first_try: u64,
}

/// One day of one locker: written once, when the day is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockerDay {
    pub region: RegionId,
    pub locker: LockerId,
    pub day: Day,
    /// What its controller ran at the end of the day, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// How many compartments it had.
    pub compartments: u64,
    /// Those units that had a fault which closed anything. Any other compartment was down when its locker was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<Unit, UnitDay>,
    /// The doors that were to open. Their day ends with the hour in which it is closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<DoorDay>,
}

/// What is known of a locker when one of its days is closed.
pub struct DayScene<'a> {
    pub locker: &'a Locker,
    pub compartments: &'a [Compartment],
    /// Its faults whose repair has been proven.
    pub records: &'a [FaultRecord],
    pub firmware: Option<String>,
    /// Whether anything was ever heard of it, a connection or a heartbeat. Otherwise it is unknown, and so down.
    pub heard_of: bool,
    pub doors: Vec<DoorDay>,
}

/// A fault that closed something, from raised to proven, if it was.
struct Down {
    unit: Unit,
    code: FaultCode,
    from: Timestamp,
    until: Option<Timestamp>,
}

/// What a day of a locker comes to.
pub fn close_day(scene: DayScene<'_>, day: Day) -> LockerDay {
    let DayScene { locker, compartments, records, firmware, heard_of, doors } = scene;
    // One that was taken out for good is none of its compartments any more, whatever was wrong with it.
    let (out, compartments): (Vec<_>, Vec<_>) =
        compartments.iter().partition(|it| it.service == Service::Decommissioned);
    let is_out = |unit: Unit| out.iter().any(|it| unit == Unit::Compartment(it.number));
    let all: Vec<Down> = faults(locker, &compartments, records).into_iter().filter(|it| !is_out(it.unit)).collect();
    let mut units: BTreeMap<Unit, UnitDay> = BTreeMap::new();
    for it in &all {
        let overlaps = it.from < day.end() && it.until.is_none_or(|until| until >= day.begin());
        if !overlaps {
            continue;
        }
        let of_unit = units.entry(it.unit).or_default();
        of_unit.failures += u64::from(Day::of(it.from) == day);
        if let Some(until) = it.until.filter(|until| Day::of(*until) == day) {
            of_unit.repairs += 1;
            of_unit.repair_s += until.duration_since(it.from).as_secs().max(0).unsigned_abs();
        }
    }
    for (unit, of_unit) in &mut units {
        let with_its_locker = !bug("a_dark_lockers_doors_are_up");
        let concerns = |it: &&Down| it.unit == *unit || (with_its_locker && it.unit == Unit::Locker);
        of_unit.down_s = down_s(all.iter().filter(concerns), day);
    }
    if !heard_of {
        units.entry(Unit::Locker).or_default().down_s = DAY.as_secs().unsigned_abs();
        units.values_mut().for_each(|of_unit| of_unit.down_s = DAY.as_secs().unsigned_abs());
    }
    let compartments = compartments.len() as u64;
    let (region, locker) = (locker.region.clone(), locker.id.clone());
    LockerDay { region, locker, day, firmware, compartments, units, doors }
}

fn faults(locker: &Locker, compartments: &[&Compartment], records: &[FaultRecord]) -> Vec<Down> {
    let closes = |code: FaultCode| code.closes() > Closure::Nothing;
    let open = |unit: Unit, (code, fault): (&FaultCode, &OpenFault)| Down {
        unit,
        code: *code,
        from: fault.raised_at,
        until: None,
    };
    let of_locker = locker.faults.iter().filter(|(code, _)| closes(**code)).map(|it| open(Unit::Locker, it));
    let of_doors = compartments.iter().flat_map(|door| {
        let closing = door.faults.iter().filter(|(code, _)| closes(**code));
        closing.map(|it| open(Unit::Compartment(door.number), it))
    });
    let repaired = records.iter().filter(|it| closes(it.code)).map(|it| Down {
        unit: it.unit,
        code: it.code,
        from: it.fault.raised_at,
        until: Some(it.cleared_at),
    });
    let known: Vec<Down> = repaired.collect();
    // One that is repaired while this is read may be found open and proven.
    let still_open = of_locker.chain(of_doors).filter(|it| {
        let proven = |other: &Down| (other.unit, other.from, other.code) == (it.unit, it.from, it.code);
        !known.iter().any(proven)
    });
    let still_open: Vec<Down> = still_open.collect();
    still_open.into_iter().chain(known).collect()
}

/// For how long of the day any of these lasted: where several did, once.
fn down_s<'a>(faults: impl Iterator<Item = &'a Down>, day: Day) -> u64 {
    let within = faults.map(|it| (it.from.max(day.begin()), it.until.unwrap_or(day.end()).min(day.end())));
    let mut spans: Vec<(Timestamp, Timestamp)> = within.filter(|(from, until)| from < until).collect();
    spans.sort_unstable();
    let (mut down, mut counted_to) = (SignedDuration::ZERO, day.begin());
    for (from, until) in spans {
        let from = from.max(counted_to);
        if from < until {
            down += until.duration_since(from);
            counted_to = until;
        }
    }
    down.as_secs().max(0).unsigned_abs()
}

/// What figures are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    Region,
    Firmware,
    Locker,
    /// Of one locker.
    Compartment,
}

/// What the days of a window come to. Additive: days may come in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many days of compartments it is about.
    pub compartment_days: u64,
    pub failures: u64,
    pub repairs: u64,
    pub repair_s: u64,
    /// Of all compartments together.
    pub down_s: u64,
    pub at_first_try: u64,
    pub not_at_first_try: u64,
}

impl Figures {
    /// For how long its compartments were up, in seconds, all together.
    pub fn up_s(&self) -> u64 {
        (self.compartment_days * DAY.as_secs().unsigned_abs()).saturating_sub(self.down_s)
    }

    /// The share of the time in which they were up. Nothing where there is no day.
    pub fn uptime(&self) -> Option<f64> {
        share(self.up_s(), self.down_s)
    }

    /// The mean time from raised to proven, in seconds. Nothing without a repair.
    pub fn mttr_s(&self) -> Option<u64> {
        self.repair_s.checked_div(self.repairs)
    }

    /// The mean time that one compartment is up between two failures, in seconds. Nothing without a failure.
    pub fn mtbf_s(&self) -> Option<u64> {
        self.up_s().checked_div(self.failures)
    }

    /// The share of commands after which the door opened without another one. Nothing without a command.
    pub fn first_time_open_rate(&self) -> Option<f64> {
        share(self.at_first_try, self.not_at_first_try)
    }

    fn add(&mut self, compartments: u64, of_units: UnitDay) {
        self.compartment_days += compartments;
        self.failures += of_units.failures;
        self.repairs += of_units.repairs;
        self.repair_s += of_units.repair_s;
        self.down_s += of_units.down_s;
    }

    fn add_door(&mut self, door: &DoorDay) {
        self.at_first_try += door.at_first_try;
        self.not_at_first_try += door.not_at_first_try;
    }
}

fn share(of: u64, rest: u64) -> Option<f64> {
    // Seconds of a window are far below 2^52.
    (of + rest > 0).then(|| of as f64 / (of + rest) as f64)
}

/// The figures of these days, told apart as asked: by the names of regions, lockers or firmware (none where unknown), or
/// the numbers of compartments.
pub fn fold<'a>(days: impl IntoIterator<Item = &'a LockerDay>, by: By) -> BTreeMap<String, Figures> {
    let mut figures: BTreeMap<String, Figures> = BTreeMap::new();
    for day in days {
        let whole = day.units.get(&Unit::Locker).copied().unwrap_or_default();
        let of_doors = || day.units.iter().filter(|(unit, _)| **unit != Unit::Locker);
        let name = match by {
            By::Region => day.region.to_string(),
            By::Locker => day.locker.to_string(),
            By::Firmware => day.firmware.clone().unwrap_or_default(),
            By::Compartment => {
                // Those of which there is anything to tell.
                let numbers = of_doors().filter_map(|(unit, _)| match unit {
                    Unit::Locker => None,
                    Unit::Compartment(number) => Some(*number),
                });
                for number in numbers.chain(day.doors.iter().map(|it| it.number)) {
                    figures.entry(number.to_string()).or_default();
                }
                continue;
            }
        };
        let own = of_doors().fold(UnitDay::default(), |sum, (_, of_unit)| sum.and(*of_unit));
        let others = day.compartments.saturating_sub(of_doors().count() as u64);
        let all = UnitDay { down_s: own.down_s + others * whole.down_s, ..own.and(whole) };
        let sum = figures.entry(name).or_default();
        sum.add(day.compartments, all);
        day.doors.iter().for_each(|door| sum.add_door(door));
    }
    figures
}

/// The figures of each of these compartments of one locker. What closes the locker fails each of them, and is down time
/// of each once.
pub fn fold_compartment<'a>(days: impl IntoIterator<Item = &'a LockerDay>, number: CompartmentNumber) -> Figures {
    let mut figures = Figures::default();
    for day in days {
        let whole = day.units.get(&Unit::Locker).copied().unwrap_or_default();
        let own = day.units.get(&Unit::Compartment(number));
        let down_s = own.map_or(whole.down_s, |own| own.down_s);
        figures.add(1, UnitDay { down_s, ..own.copied().unwrap_or_default().and(whole) });
        day.doors.iter().filter(|it| it.number == number).for_each(|door| figures.add_door(door));
    }
    figures
}

#[cfg(test)]
mod tests;

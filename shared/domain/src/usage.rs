//! How a locker is used: what is read off the counts of its doors once an hour, beside everything that happens there.
//!
//! Deposits count at their door alone ([`crate::door`]). A look each hour takes the differences to the look before: for the
//! day that is kept for figures ([`crate::figures`]), for doors that are worn ([`crate::preventive`]), and for the fault
//! that nobody reports: that nobody comes at a time when people usually do.
//!
//! **Nobody comes.** The count of an hour is held against the same hour of the weeks before. Counts of people spread wider
//! than chance alone (Poisson), by the weather, say: negative binomial, variance = mean + [`DISPERSION`] x mean^2. The two
//! busiest of those weeks are left out, so that a fair next door makes no expectation. How unlikely the silence is adds up
//! over the hours it lasts, until it is less likely than one in [`FALSE_ALARM_ODDS`]; hours of the night add nothing. Of
//! the hours of a healthy locker, then, at most that share ends in a false suspicion; a suspicion of a whole locker keeps
//! nobody from booking. Hours are those of UTC and weeks know no holidays: a day on which the whole town stays at home is
//! taken for a silence.

use serde::{Deserialize, Serialize};

use crate::day::Day;
use crate::door::Door;
use crate::fault::{Closure, FaultCode, FaultReport, ReportedFault, Unit};
use crate::figures::DoorDay;
use crate::id::{CompartmentNumber, EventId, LockerId};
use crate::locker::Locker;
use crate::seeded::bug;
use crate::suspicion::{Signal, closes_anything};
use crate::work_order::PROBATION;
use crate::{SignedDuration, Timestamp};

/// How often a locker is looked at.
pub const LOOKED_AT_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How many hours a week has.
const HOURS: usize = 7 * 24;

/// How many weeks are looked back on: two months, so that summer does not expect winter.
const WEEKS_MAX: usize = 8;

/// From how many weeks on there is an expectation.
const WEEKS_MIN: usize = 6;

/// How many of the busiest weeks are left out.
const WEEKS_LEFT_OUT: usize = 2;

/// By how much counts spread wider than by chance: a tenth of the square of the mean, so a third of the mean beside its
/// root. An assumption; retail counts of the same hour are within that.
const DISPERSION: f64 = 0.1;

/// One in how many hours of a healthy locker ends in a false suspicion at the most: once in eleven years of a locker, and
/// four times a day in a network of 15,000 whose every hour were busy.
pub const FALSE_ALARM_ODDS: f64 = 100_000.0;

/// What the doors of a locker had counted when it was last looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub door: CompartmentNumber,
    pub parcels: u32,
    pub first: u32,
    pub not: u32,
}

impl Counted {
    fn of(door: &Door) -> Self {
        let it = &door.openings;
        let parcels = it.deposits.saturating_add(it.collections);
        Self { door: door.number, parcels, first: it.at_first_try, not: it.not_at_first_try }
    }
}

/// How one locker is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub locker: LockerId,
    /// When it was last looked at.
    pub looked_at: Timestamp,
    /// When it is looked at next. Nothing for a locker that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
    /// The first day that is not closed.
    pub open_day: Day,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Counted>,
    /// What its doors did since the latest day was closed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<DoorDay>,
    /// How many parcels went in or out in each hour of the week, of the latest weeks, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub week: Vec<Vec<u32>>,
    /// How unlikely the silence is that lasts, in thousandths of a nat.
    #[serde(default, skip_serializing_if = "is_none")]
    pub silence: u32,
    /// Whether it has been reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reported: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands references over")]
fn is_none(count: &u32) -> bool {
    *count == 0
}

impl Usage {
    /// Of a locker that has just been registered. Lockers are looked at at different minutes of the hour.
    pub fn new(locker: LockerId, now: Timestamp) -> Self {
        let minute =
            locker.as_str().bytes().fold(0, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 60;
        let hour = now.as_second().div_euclid(3_600) + 1;
        let first = Timestamp::from_second(hour * 3_600 + i64::from(minute) * 60).unwrap_or(now);
        Self {
            locker,
            looked_at: now,
            look_at: Some(first),
            // The day it is registered on is not a whole one.
            open_day: Day::of(now).next(),
            counted: Vec::new(),
            doors: Vec::new(),
            week: Vec::new(),
            silence: 0,
            reported: false,
        }
    }

    /// Takes over what its doors have counted since the last look. Returns how many parcels went in or out.
    pub fn look(&mut self, doors: &[Door], now: Timestamp) -> u32 {
        let counted: Vec<Counted> = doors.iter().map(Counted::of).collect();
        let mut parcels: u32 = 0;
        for it in &counted {
            let before = self.counted.iter().find(|before| before.door == it.door);
            let since = |count: u32, of: fn(&Counted) -> u32| count.saturating_sub(before.map_or(0, of));
            parcels = parcels.saturating_add(since(it.parcels, |it| it.parcels));
            let (first, not) = (since(it.first, |it| it.first), since(it.not, |it| it.not));
            if first + not == 0 {
                continue;
            }
            let at = self.doors.iter().position(|day| day.number == it.door).unwrap_or_else(|| {
                self.doors.push(DoorDay { number: it.door, at_first_try: 0, not_at_first_try: 0 });
                self.doors.len() - 1
            });
            self.doors[at].at_first_try += u64::from(first);
            self.doors[at].not_at_first_try += u64::from(not);
        }
        if !bug("openings_are_counted_each_hour_anew") {
            self.counted = counted;
        }
        self.looked_at = now;
        let mut next = self.look_at.unwrap_or(now);
        while next <= now {
            next += LOOKED_AT_EVERY;
        }
        self.look_at = Some(next);
        parcels
    }

    /// Whether an hour that ends now is to be judged: a whole one, of a locker that was open to everybody.
    fn is_judged(&self, locker: &Locker, looked_before: Timestamp, now: Timestamp) -> bool {
        let whole = now.duration_since(looked_before) <= LOOKED_AT_EVERY * 3 / 2
            && now.duration_since(looked_before) >= LOOKED_AT_EVERY / 2;
        let open = locker.closure() == Closure::Nothing && locker.bookable();
        let on_probation = locker.reopened_at.is_some_and(|at| now.duration_since(at) < PROBATION);
        // Where something is suspected, this would confirm it by itself: it may have the same cause.
        whole && open && !on_probation && !closes_anything(&locker.suspicions)
    }

    /// Judges the hour that ends now, in which so many parcels went in or out. Returns what is to be reported: that
    /// nobody comes, once for each silence.
    pub fn judge(
        &mut self,
        locker: &Locker,
        parcels: u32,
        looked_before: Timestamp,
        now: Timestamp,
    ) -> Option<FaultReport> {
        if parcels > 0 {
            (self.silence, self.reported) = (0, false);
        }
        if !self.is_judged(locker, looked_before, now) {
            self.silence = 0;
            return None;
        }
        self.week.resize(HOURS, Vec::new());
        let hour = now.as_second().div_euclid(3_600).rem_euclid(HOURS as i64) as usize;
        if parcels == 0 {
            let unlikely = (surprise(&self.week[hour]) * 1_000.0) as u32;
            self.silence = self.silence.saturating_add(unlikely);
        }
        // A silence that is being looked into is not what is usual.
        if !self.reported {
            let weeks = &mut self.week[hour];
            weeks.push(parcels);
            if weeks.len() > WEEKS_MAX {
                weeks.remove(0);
            }
        }
        let too_unlikely = f64::from(self.silence) >= 1_000.0 * FALSE_ALARM_ODDS.ln();
        if self.reported || !too_unlikely {
            return None;
        }
        self.reported = true;
        Some(FaultReport {
            locker: locker.id.clone(),
            event: EventId::of_step("nobody-comes", &now.as_second()),
            received_at: now,
            signal: if bug("silence_is_certain") { Signal::Device } else { Signal::Silence },
            gone: Vec::new(),
            faults: vec![ReportedFault { unit: Unit::Locker, code: FaultCode::ReaderFault, vendor_text: None }],
        })
    }
}

/// How unlikely it is that nobody came in an hour with those counts in the weeks before, in nats: the negative logarithm
/// of the probability of none. Nothing where there are too few weeks to expect anything.
fn surprise(weeks: &[u32]) -> f64 {
    if weeks.len() < WEEKS_MIN {
        return 0.0;
    }
    let mut weeks = weeks.to_vec();
    weeks.sort_unstable();
    weeks.truncate(weeks.len() - WEEKS_LEFT_OUT);
    let mean = weeks.iter().map(|count| f64::from(*count)).sum::<f64>() / weeks.len() as f64;
    (1.0 + DISPERSION * mean).ln() / DISPERSION
}

#[cfg(test)]
mod tests;

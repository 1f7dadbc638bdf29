//! When people work: public holidays by German state, working hours, and times counted in them.
//!
//! Holidays are those of the states' own laws (Feiertagsgesetze) as in force in 2026, for the years from 2024 on:
//! earlier ones are not looked up. All times are those of clocks in Germany, summer time included.

use std::str::FromStr;

use jiff::civil::{Date, Weekday};
use jiff::tz::{self, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as Unknown;

static GERMANY: TimeZone = tz::get!("Europe/Berlin");

/// The first and the last moment that is counted from or to: 1970 and 2999. Beyond, there is nothing to be promised.
const FIRST: Timestamp = Timestamp::constant(0, 0);
const LAST: Timestamp = Timestamp::constant(32_503_680_000, 0);

/// For how many days ahead is counted: no promise is longer than ten years.
const DAYS_MAX: usize = 3_660;

const MINUTES_OF_DAY: u16 = 24 * 60;

/// A German state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FederalState {
    BadenWuerttemberg,
    Bayern,
    Berlin,
    Brandenburg,
    Bremen,
    Hamburg,
    Hessen,
    MecklenburgVorpommern,
    Niedersachsen,
    NordrheinWestfalen,
    RheinlandPfalz,
    Saarland,
    Sachsen,
    SachsenAnhalt,
    SchleswigHolstein,
    Thueringen,
}

/// What is a holiday in part of a state only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Municipality {
    /// A mostly Catholic one: in Bayern it keeps the Assumption; in Sachsen and Thueringen, where a regulation names it,
    /// Corpus Christi. In other states this makes no difference.
    Catholic,
    /// The city of Augsburg, which keeps the Peace Festival, and the Assumption as well. Only in Bayern.
    Augsburg,
}

/// A public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holiday {
    NewYear,
    Epiphany,
    WomensDay,
    GoodFriday,
    EasterSunday,
    EasterMonday,
    LabourDay,
    /// Berlin, once, in 2025: eighty years after the end of the war.
    Liberation,
    Ascension,
    WhitSunday,
    WhitMonday,
    CorpusChristi,
    /// Berlin, once, in 2028: 75 years after the uprising of 17 June 1953.
    Uprising,
    PeaceFestival,
    Assumption,
    ChildrensDay,
    GermanUnity,
    Reformation,
    AllSaints,
    Repentance,
    Christmas,
    SecondChristmas,
}

/// Where people work and so which holidays they keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    pub state: FederalState,
    pub municipality: Option<Municipality>,
}

/// From when until when people work on one day, in minutes after midnight. One stretch: breaks are theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    pub from_minute: u16,
    pub until_minute: u16,
}

/// When a team works: on which days of the week, and on which holidays it does not.
///
/// As a setting it is written `rheinland_pfalz Mon-Fri 08:00-18:00, Sat 09:00-13:00`; where a part of the state has
/// holidays of its own, `bayern/augsburg` or `sachsen/catholic`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    region: Region,
    /// Monday first. Nothing on days that are off.
    week: [Option<Hours>; 7],
}

/// Why a calendar cannot be counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCalendar {
    #[error("the first word has to be a German state, such as rheinland_pfalz or bayern/augsburg")]
    Region,
    #[error("hours are written as Mon-Fri 08:00-18:00, days parted by commas, each day once")]
    Week,
    #[error("hours end before they begin, or after 24:00")]
    Hours,
    #[error("less than eight hours in a week: what is promised in working hours would never come")]
    TooFew,
}

impl FromStr for Calendar {
    type Err = InvalidCalendar;
    fn from_str(text: &str) -> Result<Self, InvalidCalendar> {
        let (region, days) = text.trim().split_once(' ').ok_or(InvalidCalendar::Week)?;
        let mut week = [None; 7];
        for stretch in days.split(',') {
            let (days, hours) = stretch.trim().split_once(' ').ok_or(InvalidCalendar::Week)?;
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let (from, until) = hours.trim().split_once('-').ok_or(InvalidCalendar::Week)?;
            let hours = Hours { from_minute: minute(from)?, until_minute: minute(until)? };
            let days = week.get_mut(day(first)?..=day(last)?).ok_or(InvalidCalendar::Week)?;
            for day in days {
                if day.replace(hours).is_some() {
                    return Err(InvalidCalendar::Week);
                }
            }
        }
        Self::new(region.parse()?, week)
    }
}

impl FromStr for Region {
    type Err = InvalidCalendar;
    fn from_str(text: &str) -> Result<Self, InvalidCalendar> {
        fn read<'a, T: Deserialize<'a>>(name: &'a str) -> Result<T, InvalidCalendar> {
            let name = IntoDeserializer::<Unknown>::into_deserializer(name);
            T::deserialize(name).map_err(|_| InvalidCalendar::Region)
        }
        let (state, municipality) = text.split_once('/').map_or((text, None), |(state, part)| (state, Some(part)));
        Ok(Self { state: read(state)?, municipality: municipality.map(read).transpose()? })
    }
}

/// The place of a day in the week, Monday first.
fn day(name: &str) -> Result<usize, InvalidCalendar> {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    names.iter().position(|it| *it == name).ok_or(InvalidCalendar::Week)
}

/// `08:30` in minutes after midnight.
fn minute(clock: &str) -> Result<u16, InvalidCalendar> {
    let (hour, minute) = clock.split_once(':').ok_or(InvalidCalendar::Week)?;
    let number = |digits: &str| match digits.len() {
        2 => digits.parse::<u16>().map_err(|_| InvalidCalendar::Week),
        _ => Err(InvalidCalendar::Week),
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    if hour > 24 || minute > 59 { Err(InvalidCalendar::Hours) } else { Ok(hour * 60 + minute) }
}

/// The date of Easter Sunday: Meeus, Jones and Butcher, "Astronomical Algorithms", chapter 8.
fn easter(year: i16) -> Date {
    let year = i32::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    jiff::civil::date(year as i16, month as i8, day as i8)
}

impl Region {
    /// Which holiday a day is here, if any.
    pub fn holiday(self, day: Date) -> Option<Holiday> {
        let fixed = match (day.month(), day.day()) {
            (1, 1) => Some(Holiday::NewYear),
            (1, 6) => Some(Holiday::Epiphany),
            (3, 8) => Some(Holiday::WomensDay),
            (5, 1) => Some(Holiday::LabourDay),
            (5, 8) if day.year() == 2025 => Some(Holiday::Liberation),
            (6, 17) if day.year() == 2028 => Some(Holiday::Uprising),
            (8, 8) => Some(Holiday::PeaceFestival),
            (8, 15) => Some(Holiday::Assumption),
            (9, 20) => Some(Holiday::ChildrensDay),
            (10, 3) => Some(Holiday::GermanUnity),
            (10, 31) => Some(Holiday::Reformation),
            (11, 1) => Some(Holiday::AllSaints),
            // The Wednesday before 23 November.
            (11, 16..=22) if day.weekday() == Weekday::Wednesday => Some(Holiday::Repentance),
            (12, 25) => Some(Holiday::Christmas),
            (12, 26) => Some(Holiday::SecondChristmas),
            _ => None,
        };
        let after_easter = day.since(easter(day.year())).map_or(i32::MIN, |span| span.get_days());
        let movable = match after_easter {
            -2 => Some(Holiday::GoodFriday),
            0 => Some(Holiday::EasterSunday),
            1 => Some(Holiday::EasterMonday),
            39 => Some(Holiday::Ascension),
            49 => Some(Holiday::WhitSunday),
            50 => Some(Holiday::WhitMonday),
            60 => Some(Holiday::CorpusChristi),
            _ => None,
        };
        [fixed, movable].into_iter().flatten().find(|holiday| self.keeps(*holiday))
    }

    /// Whether a holiday is one here.
    fn keeps(self, holiday: Holiday) -> bool {
        use FederalState::*;
        let Self { state, municipality } = self;
        match holiday {
            Holiday::NewYear
            | Holiday::GoodFriday
            | Holiday::EasterMonday
            | Holiday::LabourDay
            | Holiday::Ascension
            | Holiday::WhitMonday
            | Holiday::GermanUnity
            | Holiday::Christmas
            | Holiday::SecondChristmas => true,
            Holiday::Epiphany => matches!(state, BadenWuerttemberg | Bayern | SachsenAnhalt),
            Holiday::WomensDay => matches!(state, Berlin | MecklenburgVorpommern),
            Holiday::EasterSunday | Holiday::WhitSunday => state == Brandenburg,
            Holiday::Liberation | Holiday::Uprising => state == Berlin,
            Holiday::CorpusChristi => match state {
                BadenWuerttemberg | Bayern | Hessen | NordrheinWestfalen | RheinlandPfalz | Saarland => true,
                Sachsen | Thueringen => municipality == Some(Municipality::Catholic),
                _ => false,
            },
            Holiday::PeaceFestival => state == Bayern && municipality == Some(Municipality::Augsburg),
            Holiday::Assumption => state == Saarland || (state == Bayern && municipality.is_some()),
            Holiday::ChildrensDay => state == Thueringen,
            Holiday::Reformation => matches!(
                state,
                Brandenburg
                    | Bremen
                    | Hamburg
                    | MecklenburgVorpommern
                    | Niedersachsen
                    | Sachsen
                    | SachsenAnhalt
                    | SchleswigHolstein
                    | Thueringen
            ),
            Holiday::AllSaints => {
                matches!(state, BadenWuerttemberg | Bayern | NordrheinWestfalen | RheinlandPfalz | Saarland)
            }
            Holiday::Repentance => state == Sachsen,
        }
    }
}

impl Calendar {
    fn new(region: Region, week: [Option<Hours>; 7]) -> Result<Self, InvalidCalendar> {
        let mut minutes = 0;
        for Hours { from_minute, until_minute } in week.into_iter().flatten() {
            if from_minute >= until_minute || until_minute > MINUTES_OF_DAY {
                return Err(InvalidCalendar::Hours);
            }
            minutes += until_minute - from_minute;
        }
        if minutes < 8 * 60 { Err(InvalidCalendar::TooFew) } else { Ok(Self { region, week }) }
    }

    /// The working hours of a day. Nothing on a day off.
    fn hours(&self, day: Date) -> Option<Hours> {
        let hours = self.week[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())]?;
        self.region.holiday(day).is_none().then_some(hours)
    }

    /// The stretches in which people work from a moment on, day by day, cut off before it.
    fn stretches(&self, from: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let first = from.to_zoned(GERMANY.clone()).date();
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(DAYS_MAX);
        days.filter_map(move |day| {
            let hours = self.hours(day)?;
            let (begin, end) = (moment(day, hours.from_minute)?, moment(day, hours.until_minute)?);
            // Where hours begin or end within the hour that summer time skips, nothing may be left of them.
            (end > from && end > begin).then_some((begin.max(from), end))
        })
    }

    /// How long people work between two moments. Nothing where the later one comes first.
    pub fn working_between(&self, from: Timestamp, until: Timestamp) -> SignedDuration {
        let (from, until) = (bounded(from), bounded(until));
        self.stretches(from)
            .take_while(|(begin, _)| *begin < until)
            .map(|(begin, end)| end.min(until).duration_since(begin))
            .fold(SignedDuration::ZERO, |sum, worked| sum.saturating_add(worked))
    }

    /// The earliest moment by which people have worked for so long since `from`. Nothing to work is due at once, even
    /// by night. Ten years ahead at most.
    pub fn due(&self, from: Timestamp, working: SignedDuration) -> Timestamp {
        let from = bounded(from);
        if working <= SignedDuration::ZERO {
            return from;
        }
        let (mut left, mut last) = (working, from);
        for (begin, end) in self.stretches(from) {
            let stretch = end.duration_since(begin);
            if left <= stretch {
                return begin.saturating_add(left).unwrap_or(end);
            }
            left -= stretch;
            last = end;
        }
        last
    }

    /// A due time after a pause, in which nobody can work on it: later by as much as people would have worked in the
    /// pause. What was due before the pause stays due.
    pub fn after_pause(&self, due: Timestamp, paused: Timestamp, resumed: Timestamp) -> Timestamp {
        if due < paused { due } else { self.due(due, self.working_between(paused, resumed)) }
    }
}

fn bounded(at: Timestamp) -> Timestamp {
    at.clamp(FIRST, LAST)
}

/// The moment of a day when clocks show so many minutes after midnight: of two, the first; of none, as much after the
/// gap as it would have been.
fn moment(day: Date, minute: u16) -> Option<Timestamp> {
    let (day, minute) = if minute == MINUTES_OF_DAY { (day.tomorrow().ok()?, 0) } else { (day, minute) };
    let clock = day.at(0, 0, 0, 0).checked_add(i64::from(minute).minutes()).ok()?;
    GERMANY.to_timestamp(clock).ok()
}

#[cfg(test)]
mod tests;

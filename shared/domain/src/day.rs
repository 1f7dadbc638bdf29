//! A day, as figures are kept: from midnight to midnight in UTC, so that every day has the same length.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{SignedDuration, Timestamp};

/// How long a day is.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// One day. Written `2026-11-21`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(i64);

impl Day {
    /// The day of that moment.
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(DAY.as_secs()))
    }

    /// Its first moment.
    pub fn begin(self) -> Timestamp {
        Timestamp::from_second(self.0 * DAY.as_secs()).unwrap_or(Timestamp::MAX)
    }

    /// The first moment of the next.
    pub fn end(self) -> Timestamp {
        self.next().begin()
    }

    /// The one after.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The one before.
    pub fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// How many days there are from this one to that one, both included; none where that one is earlier.
    pub fn days_to(self, last: Self) -> u64 {
        u64::try_from(last.0 - self.0 + 1).unwrap_or(0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.begin().to_string()[..10])
    }
}

/// A day is written as year, month and day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a day is written like 2026-11-21")]
pub struct InvalidDay;

impl FromStr for Day {
    type Err = InvalidDay;
    fn from_str(text: &str) -> Result<Self, InvalidDay> {
        let begin: Timestamp = format!("{text}T00:00:00Z").parse().map_err(|_| InvalidDay)?;
        let day = Self::of(begin);
        // One day, one name.
        if day.to_string() == text && !text.starts_with('-') { Ok(day) } else { Err(InvalidDay) }
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidDay;
    fn try_from(text: String) -> Result<Self, InvalidDay> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> String {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_reads_back_as_written_and_nothing_else_does() {
        let day: Day = "2026-11-21".parse().unwrap();
        assert_eq!((day.to_string(), day.next().to_string()), ("2026-11-21".to_owned(), "2026-11-22".to_owned()));
        assert_eq!(Day::of("2026-11-21T23:59:59Z".parse().unwrap()), day);
        assert_eq!((day.days_to(day), day.days_to(day.next()), day.next().next().days_to(day)), (1, 2, 0));
        for text in ["", "2026-11-31", "2026-1-1", "20261121", "2026-11-21T00:00:00Z", "21.11.2026"] {
            assert_eq!(text.parse::<Day>(), Err(InvalidDay), "{text}");
        }
    }
}

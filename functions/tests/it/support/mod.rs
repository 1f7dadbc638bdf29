//! A small network in memory, driven through the handlers as their triggers drive them.

pub mod aws_fake;
pub mod devices;
pub mod network;
pub mod requests;
pub mod stores;

use domain::calendar::Calendar;
use domain::{SignedDuration, Timestamp};

/// The moment tests begin: 2026-09-21T14:13:20Z, that of the samples.
pub const BEGIN_SECOND: i64 = 1_790_000_000;

/// How long a locker may be away, as the template has it.
pub const GRACE: SignedDuration = SignedDuration::from_secs(120);

/// When support works, as the template has it.
pub fn support() -> Calendar {
    "rheinland_pfalz Mon-Fri 08:00-18:00".parse().unwrap()
}

/// Seconds after the moment tests begin.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN_SECOND + second).unwrap()
}

/// Any identifier.
pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

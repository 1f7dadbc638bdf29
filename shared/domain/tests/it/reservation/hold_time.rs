//! How long a parcel waits for its customer, whatever its door does.

use super::HOUR_S;

/// 72 hours in which the door can be opened.
#[derive(Debug, Clone)]
pub struct HoldTime {
    pub deposited: i64,
    /// When it is over: not before the first, which counts what was known when it ran on, nor after the second, which
    /// counts all the time to the all-clear.
    pub deadline: (i64, i64),
    /// Since when the door is shut.
    pub shut_since: Option<i64>,
    /// For how long it was shut before.
    pub shut_s: i64,
    /// Since when the customer has been waiting for the all-clear.
    waits_since: Option<i64>,
    /// Since when it stands still for all that is known to the customer.
    pub stopped: Option<i64>,
    /// Up to when the all-clears so far say for how long the door was shut.
    pub settled: i64,
}

impl HoldTime {
    /// That of a parcel which is deposited then.
    pub fn from(deposited: i64) -> Self {
        let over = deposited + 72 * HOUR_S;
        Self {
            deposited,
            deadline: (over, over),
            shut_since: None,
            shut_s: 0,
            waits_since: None,
            stopped: None,
            settled: deposited,
        }
    }

    /// Its door is looked at.
    pub fn door_is(&mut self, shut: bool, now: i64) {
        if shut {
            self.shut_since.get_or_insert(now);
            self.waits_since.get_or_insert(now);
        } else if let Some(since) = self.shut_since.take() {
            self.shut_s += now - since;
        }
    }

    /// Runs on, with a day left at the least; `missed_s` were not known to be lost.
    pub fn run_on(&mut self, missed_s: i64, now: i64) {
        let known_s = self.stopped.take().map_or(0, |since| now - since);
        let lost_s = self.waits_since.take().map_or(0, |since| now - since).max(known_s + missed_s);
        let (earliest, latest) = self.deadline;
        self.deadline =
            ((earliest + known_s).max(now + 24 * HOUR_S), (latest + lost_s).max(now + 24 * HOUR_S + missed_s));
        self.settled = now;
    }
}

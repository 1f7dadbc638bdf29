//! When what is broken is expected to work again: by how long repairs of the same fault have taken in this network.
//!
//! ```text
//!  fault ──raised──────────────── now ──────── expected_at ───────── latest_at
//!                                  │  half of those that took as      four in five
//!                                  │  long as this one already,       of them
//!                                  │  are proven by then
//! ```
//!
//! Nothing is assumed where there is no history: with fewer than [`SAMPLES_MIN`] repairs to compare with, it is unknown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::fault::{Closure, FaultCode, FaultRecord, OpenFault};
use crate::impact::ImpactTask;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::work_order::WorkOrder;
use crate::{SignedDuration, Timestamp};

/// With how many repairs a running one is compared at the least: the longest of fourteen is above the time within which
/// four in five are done with a probability of 1 - 0.8^14, 96 %. With fewer, "at the latest" would be a guess.
pub const SAMPLES_MIN: u32 = 14;

/// From how many repairs on all counts of a code are halved, so that half of what is known is of the latest 256 and what
/// was learnt with other teams or other spare parts fades. Rare codes keep all they have.
const HALVED_FROM: u32 = 512;

/// How often the customers of one work order are told that it takes longer than they were told. After that, they hear
/// of it when the door works: three times wrong, a fourth time is no news.
pub const UPDATES_MAX: u8 = 2;

/// How many spans of time are told apart: four to each doubling, from a minute to 91 days, and one for all above. A
/// quantile is right to a fifth of itself, which is finer than any repair can be planned.
const SPANS: usize = 4 * 17 + 2;

/// Up to how many seconds a span goes; nothing for the last.
const fn end_s(span: usize) -> Option<i64> {
    // The fourth roots of 1, 2, 4 and 8, in thousandths.
    const QUARTERS: [i64; 4] = [1_000, 1_189, 1_414, 1_682];
    if span + 1 >= SPANS { None } else { Some((60 * QUARTERS[span % 4] / 1_000) << (span / 4)) }
}

fn start_s(span: usize) -> i64 {
    span.checked_sub(1).and_then(end_s).unwrap_or(0)
}

fn span_of(seconds: i64) -> usize {
    (0..SPANS).find(|span| end_s(*span).is_none_or(|end| seconds <= end)).unwrap_or(SPANS - 1)
}

/// How long faults of one code have taken from the first report to the proven repair, in the whole network. One item for
/// each code, of at most [`SPANS`] counts, whatever the network has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairTimes {
    pub code: FaultCode,
    /// How many repairs took as long as each span says, shortest first.
    pub counts: Vec<u32>,
    /// When the latest of them was proven.
    pub latest_at: Timestamp,
}

impl RepairTimes {
    fn add(&mut self, took: SignedDuration, at: Timestamp) {
        let span = span_of(took.as_secs());
        if self.counts.len() <= span {
            self.counts.resize(span + 1, 0);
        }
        self.counts[span] += 1;
        self.latest_at = self.latest_at.max(at);
        if self.samples() >= HALVED_FROM {
            self.counts.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// How many repairs it rests on.
    pub fn samples(&self) -> u32 {
        self.counts.iter().sum()
    }

    /// The repairs that took longer than `elapsed_s`, by span, in thousandths of one: within a span they are taken to be
    /// spread evenly.
    fn longer_than(&self, elapsed_s: i64) -> Vec<u64> {
        let thousandths = |(span, count): (usize, &u32)| {
            let (start, whole) = (start_s(span), u64::from(*count) * 1_000);
            match end_s(span) {
                Some(end) if end <= elapsed_s => 0,
                Some(end) if start < elapsed_s => whole * (end - elapsed_s) as u64 / (end - start) as u64,
                Some(_) | None => whole,
            }
        };
        self.counts.iter().enumerate().map(thousandths).collect()
    }

    /// How many repairs that took longer there are to compare with one that has run for that long.
    pub fn samples_longer_than(&self, elapsed: SignedDuration) -> u32 {
        (self.longer_than(elapsed.as_secs()).iter().sum::<u64>() / 1_000) as u32
    }

    /// After what time, from its report, a fault that has been open for `elapsed` is repaired in `percent` of the cases:
    /// of those that took longer than that alone. Always later than `elapsed`. Nothing where there are fewer than
    /// [`SAMPLES_MIN`] of them, or that many took longer than what is told apart.
    pub fn quantile(&self, percent: u64, elapsed: SignedDuration) -> Option<SignedDuration> {
        let elapsed_s = if bug("estimate_ignores_the_time_it_took") { 0 } else { elapsed.as_secs().max(0) };
        let longer = self.longer_than(elapsed_s);
        let all: u64 = longer.iter().sum();
        if all < u64::from(SAMPLES_MIN) * 1_000 && !bug("estimate_rests_on_too_little") {
            return None;
        }
        let mut wanted = all * percent / 100;
        for (span, count) in longer.into_iter().enumerate() {
            if wanted <= count && count > 0 {
                let (from, end) = (start_s(span).max(elapsed_s), end_s(span)?);
                let within = ((end - from) as u64 * wanted / count) as i64;
                return Some(SignedDuration::from_secs((from + within).max(elapsed_s + 1)));
            }
            wanted -= wanted.min(count);
        }
        None
    }
}

/// Counts repairs that have been proven, all of one code, each once: a record that has been counted says so.
pub fn count_repairs(times: Option<RepairTimes>, records: Vec<FaultRecord>) -> Decision<u32> {
    let mut decision = Decision::new(0);
    let waiting: Vec<FaultRecord> = records.into_iter().filter(|it| it.count_at.is_some()).collect();
    let Some(first) = waiting.first() else { return decision };
    let mut times = times.unwrap_or(RepairTimes { code: first.code, counts: Vec::new(), latest_at: first.cleared_at });
    let code = times.code;
    for mut record in waiting.into_iter().filter(|it| it.code == code) {
        times.add(record.cleared_at.duration_since(record.fault.raised_at), record.cleared_at);
        record.count_at = None;
        decision.answer += 1;
        if !bug("counted_repair_is_counted_again") || decision.answer > 1 {
            decision.change(record);
        }
    }
    decision.change(times);
    decision
}

/// When what a work order repairs is expected to work again, as far as the history of its faults tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpectedBack {
    /// Half of the repairs like this one are proven by then. Nothing: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// Four in five are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_at: Option<Timestamp>,
    /// On how many repairs that took as long it rests: of the fault for which there are fewest.
    pub samples: u32,
    /// When it was estimated.
    pub as_of: Timestamp,
}

impl ExpectedBack {
    /// When to estimate it anew: nobody is shown a time that has passed.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.expected_at
    }
}

/// What customers were told about when their door works again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// By then: [`ExpectedBack::latest_at`] of the moment when it was first told, or told anew.
    pub by: Timestamp,
    /// How often it was told anew, at most [`UPDATES_MAX`] times.
    #[serde(default)]
    pub updates: u8,
}

/// Estimates when the last of these faults is repaired: they are proven together. Those that close nothing keep nobody
/// waiting. Nothing where none is left.
pub fn estimate<'a>(
    faults: impl IntoIterator<Item = (FaultCode, &'a OpenFault)>,
    times: &BTreeMap<FaultCode, RepairTimes>,
    now: Timestamp,
) -> Option<ExpectedBack> {
    let closing = faults.into_iter().filter(|(code, _)| code.closes() > Closure::Nothing);
    let each = closing.map(|(code, fault)| {
        let elapsed = now.duration_since(fault.raised_at);
        let of_code = times.get(&code);
        let back = |percent| Some(fault.raised_at + of_code?.quantile(percent, elapsed)?);
        let samples = of_code.map_or(0, |it| it.samples_longer_than(elapsed));
        ExpectedBack { expected_at: back(50), latest_at: back(80), samples, as_of: now }
    });
    each.reduce(|one, other| ExpectedBack {
        expected_at: one.expected_at.zip(other.expected_at).map(|(one, other)| one.max(other)),
        latest_at: one.latest_at.zip(other.latest_at).map(|(one, other)| one.max(other)),
        samples: one.samples.min(other.samples),
        as_of: now,
    })
}

/// Estimates anew what has not come true. Customers who were told of a time that has passed are told the new one, or
/// that nobody knows, [`UPDATES_MAX`] times at the most.
///
/// # Errors
/// [`Refusal::WrongState`]: the repair is proven, or what was expected may still come true.
pub fn renew_estimate<'a>(
    mut work_order: WorkOrder,
    faults: impl IntoIterator<Item = (FaultCode, &'a OpenFault)>,
    times: &BTreeMap<FaultCode, RepairTimes>,
    now: Timestamp,
) -> Result<Decision<()>, Refusal> {
    if work_order.estimate_due_at().is_none_or(|at| at > now) {
        return Err(Refusal::wrong_state(work_order.status));
    }
    let expected_back = estimate(faults, times, now);
    if let Some(told) = work_order.told_customers.filter(|it| it.by <= now) {
        let latest_at = expected_back.as_ref().and_then(|it| it.latest_at);
        let again = told.updates < UPDATES_MAX;
        let update = told.updates + 1;
        work_order.told_customers = latest_at.filter(|_| again).map(|by| Told { by, updates: update });
        if again && !bug("missed_estimate_is_kept_quiet") {
            let units: Vec<_> = work_order.units.keys().copied().collect();
            for unit in units {
                work_order.follow_up(ImpactTask::tell_delay(unit, latest_at, update), now);
            }
        }
    }
    work_order.expected_back = expected_back.map(Box::new);
    let mut decision = Decision::new(());
    decision
        .record(Event::ExpectedLater { expected_at: work_order.expected_back.as_ref().and_then(|it| it.expected_at) });
    decision.change(work_order);
    Ok(decision)
}

#[cfg(test)]
mod tests;

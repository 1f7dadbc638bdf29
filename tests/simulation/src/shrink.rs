//! Makes the history of a violation as short as it gets: journeys are left out, faults do not strike, for as long as the
//! same promise is broken still.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::run::{JOURNEYS, Options, Outcome, play};
use crate::trouble::Plan;

/// For how long it is tried.
const TRIED_FOR: Duration = Duration::from_secs(90);

/// The shortest history found that breaks a promise.
#[derive(Debug, Clone)]
pub struct Shrunk {
    pub seed: u64,
    /// The journeys that are left.
    pub kept: BTreeSet<usize>,
    /// The faults that are left.
    pub faults: BTreeSet<u64>,
    /// How many runs it took.
    pub runs: usize,
    pub outcome: Outcome,
}

impl Shrunk {
    /// The one command that plays it again.
    pub fn command(&self) -> String {
        let journeys: Vec<String> = self.kept.iter().map(ToString::to_string).collect();
        let faults: Vec<String> = self.faults.iter().map(|fault| format!("{fault:016x}")).collect();
        let faults = if faults.is_empty() { "none".to_owned() } else { faults.join(",") };
        format!("cargo simulate --seed {} --journeys {} --faults {faults} --explain", self.seed, journeys.join(","))
    }
}

/// Shortens the history of a run that broke a promise. `told` hears of each step forward.
pub fn shrink(broken: &Outcome, told: impl Fn(usize, usize)) -> Shrunk {
    let invariant = broken.violation.as_ref().map(|violation| violation.invariant);
    let begun = Instant::now();
    let mut best = Shrunk {
        seed: broken.seed,
        kept: (0..JOURNEYS).collect(),
        faults: broken.struck.iter().map(|fault| fault.id).collect(),
        runs: 0,
        outcome: broken.clone(),
    };
    let mut runs = 0;
    let mut attempt = |kept: &BTreeSet<usize>, faults: &BTreeSet<u64>| {
        runs += 1;
        let plan = Plan::Chance { only: Some(faults.clone()) };
        let outcome = play(broken.seed, &Options { plan, kept: Some(kept.clone()), explain: false });
        let same = outcome.violation.as_ref().map(|violation| violation.invariant) == invariant;
        same.then_some(outcome)
    };
    loop {
        let before = (best.kept.len(), best.faults.len());
        let faults = best.faults.clone();
        best.kept = smaller(&best.kept, begun, |kept| attempt(kept, &faults).map(|it| best.outcome = it).is_some());
        told(best.kept.len(), best.faults.len());
        let kept = best.kept.clone();
        // Those that no longer strike need not be named.
        let struck: BTreeSet<u64> = best.outcome.struck.iter().map(|fault| fault.id).collect();
        best.faults = smaller(&struck, begun, |faults| attempt(&kept, faults).map(|it| best.outcome = it).is_some());
        told(best.kept.len(), best.faults.len());
        if (best.kept.len(), best.faults.len()) == before || begun.elapsed() > TRIED_FOR {
            break;
        }
    }
    best.runs = runs;
    best
}

/// The smallest part of a set that `works` still, found by leaving out ever smaller pieces.
fn smaller<T: Ord + Clone>(
    of: &BTreeSet<T>,
    begun: Instant,
    mut works: impl FnMut(&BTreeSet<T>) -> bool,
) -> BTreeSet<T> {
    let mut left: Vec<T> = of.iter().cloned().collect();
    if works(&BTreeSet::new()) {
        return BTreeSet::new();
    }
    let mut piece = left.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < left.len() && begun.elapsed() < TRIED_FOR {
            let end = (at + piece).min(left.len());
            let without: BTreeSet<T> = left[..at].iter().chain(&left[end..]).cloned().collect();
            if without.len() < left.len() && works(&without) {
                left.drain(at..end);
            } else {
                at = end;
            }
        }
        if piece == 1 || begun.elapsed() > TRIED_FOR {
            return left.into_iter().collect();
        }
        piece = piece.div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_is_all_that_is_left() {
        let all: BTreeSet<u32> = (0..100).collect();
        let needed = BTreeSet::from([3, 57, 58]);
        assert_eq!(smaller(&all, Instant::now(), |set| needed.is_subset(set)), needed);
        assert_eq!(smaller(&all, Instant::now(), |_| true), BTreeSet::new());
    }
}

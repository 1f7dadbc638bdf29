//! Every crash: for each call to AWS that a handler makes in a set of quiet runs, one run in which the function ends
//! right before the call's effect, and one in which it ends right after it. Nothing else goes wrong.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::invocation::Fault;
use crate::run::{JOURNEYS, Options, Outcome, play};
use crate::trouble::Plan;

/// How many journeys of its script a quiet run plays: enough for people to meet, few enough to be played for each call.
const JOURNEYS_PLAYED: usize = 10;

/// How many quiet runs are looked at for what they add, where nothing else is said.
pub const SEEDS_TRIED: u64 = 100;

/// A quiet run, and the calls it makes.
#[derive(Debug, Clone)]
pub struct Quiet {
    pub seed: u64,
    pub calls: u64,
}

/// A crash to be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPoint {
    pub seed: u64,
    pub call: u64,
    pub fault: Fault,
}

/// The quiet runs, what they call, and the crashes that follow from them.
#[derive(Debug, Clone)]
pub struct Enumeration {
    pub runs: Vec<Quiet>,
    /// How many calls each function makes in them, by what is asked.
    pub made: BTreeMap<(&'static str, &'static str), u64>,
    /// The routes, queues, streams and the schedule that are called in them.
    pub triggers: BTreeSet<String>,
    pub points: Vec<CrashPoint>,
}

fn options(plan: Plan, explain: bool) -> Options {
    Options { plan, kept: Some((0..JOURNEYS_PLAYED.min(JOURNEYS)).collect()), explain }
}

/// Chooses quiet runs of the first seeds, `runs_max` at the most: again and again the one that calls most of what none
/// before it has called, until there is nothing new.
///
/// # Errors
/// The outcome of a quiet run that breaks a promise by itself.
pub fn enumerate(seeds_tried: u64, runs_max: usize) -> Result<Enumeration, Box<Outcome>> {
    let mut quiet = Vec::new();
    for seed in 1..=seeds_tried {
        let outcome = play(seed, &options(Plan::Nothing, false));
        if outcome.violation.is_some() {
            return Err(Box::new(outcome));
        }
        quiet.push(outcome);
    }
    let mut all = Enumeration { runs: vec![], made: BTreeMap::new(), triggers: BTreeSet::new(), points: vec![] };
    let mut sites = BTreeSet::new();
    while all.runs.len() < runs_max {
        let new = |outcome: &Outcome| outcome.sites.difference(&sites).count();
        let Some((at, _)) = quiet.iter().enumerate().max_by_key(|(at, outcome)| (new(outcome), Reverse(*at))) else {
            break;
        };
        let outcome = quiet.remove(at);
        if new(&outcome) == 0 {
            break;
        }
        sites.extend(outcome.sites.iter().cloned());
        all.triggers.extend(outcome.sites.iter().map(|(trigger, ..)| trigger.clone()));
        for (made, count) in &outcome.made {
            *all.made.entry(*made).or_default() += count;
        }
        all.runs.push(Quiet { seed: outcome.seed, calls: outcome.calls });
        for call in 0..outcome.calls {
            let seed = outcome.seed;
            all.points.extend([Fault::CrashBefore, Fault::CrashAfter].map(|fault| CrashPoint { seed, call, fault }));
        }
    }
    Ok(all)
}

/// Plays one crash.
pub fn crash(point: CrashPoint, explain: bool) -> Outcome {
    play(point.seed, &options(Plan::At { call: point.call, fault: point.fault }, explain))
}

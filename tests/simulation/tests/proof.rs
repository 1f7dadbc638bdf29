//! The short version of the proof: some runs under trouble, some crashes. `cargo simulate` plays the long one.

use std::collections::BTreeSet;
use std::thread;

use simulation::crashes::{self, CrashPoint};
use simulation::invariants::{AT_ACKNOWLEDGEMENT, AT_ANSWER, AT_COMMIT, AT_END, AT_SENDING, AT_SWEEP, PROMISES};
use simulation::run::{Options, Outcome, play};

/// How many runs under trouble are played: half a minute of an unoptimised build on two cores.
const RUNS: u64 = 18;

/// Every how manieth crash is played.
const CRASHES_APART: usize = 36;

/// Does this for each of these, on as many threads as there are processors.
fn at_once<T: Send + Sync + Copy>(all: &[T], each: impl Fn(T) -> Outcome + Sync) -> Vec<Outcome> {
    let threads = thread::available_parallelism().map_or(1, Into::into);
    thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|part| {
                let each = &each;
                scope.spawn(move || all.iter().skip(part).step_by(threads).map(|it| each(*it)).collect::<Vec<_>>())
            })
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

fn said(outcome: &Outcome) -> String {
    let violation = outcome.violation.as_ref().unwrap();
    format!("{}\n  {}\n  see it: cargo simulate --seed {} --explain", violation.invariant, violation.what, outcome.seed)
}

#[test]
fn every_promise_is_kept_under_duplicates_reordering_crashes_and_throttling() {
    simulation::logs::watch();
    let seeds: Vec<u64> = (1..=RUNS).collect();
    let outcomes = at_once(&seeds, |seed| play(seed, &Options::full()));
    for outcome in &outcomes {
        assert!(outcome.violation.is_none(), "{}", said(outcome));
    }
    let events: u64 = outcomes.iter().map(|outcome| outcome.counts.events()).sum();
    let struck: usize = outcomes.iter().map(|outcome| outcome.struck.len()).sum();
    assert!(events > 500 * RUNS, "only {events} events: nothing much was proven");
    assert!(struck > 20 * RUNS as usize, "only {struck} faults: nothing much went wrong");
}

#[test]
fn no_crash_before_or_after_a_call_to_aws_breaks_a_promise() {
    let all = crashes::enumerate(6, 1).unwrap_or_else(|outcome| panic!("{}", said(&outcome)));
    let points: Vec<CrashPoint> = all.points.iter().step_by(CRASHES_APART).copied().collect();
    assert!(points.len() > 50, "only {} crashes", points.len());
    for outcome in at_once(&points, |point| crashes::crash(point, false)) {
        assert!(outcome.violation.is_none(), "{}", said(&outcome));
        assert_eq!(outcome.struck.len(), 1, "the crash did not happen");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let [first, again, other] = [1, 1, 2].map(|seed| play(seed, &Options::full()));
    assert_eq!((first.trace, first.calls, first.counts.events()), (again.trace, again.calls, again.counts.events()));
    assert_ne!(first.trace, other.trace);
}

#[test]
fn every_promise_is_held_to_by_a_check_of_its_number_or_says_what_is_missing() {
    let names = AT_COMMIT
        .iter()
        .map(|it| it.name)
        .chain(AT_SENDING.iter().map(|it| it.name))
        .chain(AT_ACKNOWLEDGEMENT.iter().map(|it| it.name))
        .chain(AT_SWEEP.iter().map(|it| it.name))
        .chain(AT_ANSWER.iter().map(|it| it.name))
        .chain(AT_END.iter().map(|it| it.name));
    let checked: BTreeSet<String> = names.filter_map(|name| name.split(' ').next()).map(str::to_owned).collect();
    for (number, sentence, missing) in PROMISES {
        assert!(checked.contains(&format!("I{number}")) || missing.is_some(), "nothing holds to I{number}: {sentence}");
    }
}

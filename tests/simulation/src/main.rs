//! `cargo simulate`: the proof, its parts, and what a violation looks like.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
#[cfg(feature = "seeded-bugs")]
use simulation::bugs::{BUGS, SEEDS_MAX};
use simulation::chance::Trace;
use simulation::crashes;
use simulation::invariants::PROMISES;
use simulation::run::{Options, Outcome, play};
use simulation::shrink::shrink;
use simulation::trouble::Plan;
use simulation::world::Counts;

// A run is mostly items being copied: a third of its time is spent in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Proves the network: the real handlers, under duplicates, reordering, crashes and throttling.
///
/// Each run is made from one seed: lockers, orders, couriers, customers, technicians and devices, as many functions at
/// once as their journeys call, and of a thousand calls to AWS twenty that go wrong. Every promise of the network is
/// held to at each commit, each message sent, each answer, and once everything has come to rest. A promise that is
/// broken is printed with the shortest history found that breaks it and the command that plays it again.
///
/// The last line is for scripts. The exit code is 0 only where every promise was kept.
#[derive(Debug, Parser)]
#[command(name = "cargo simulate", bin_name = "cargo simulate")]
struct Arguments {
    /// Play runs until this many events were handed to handlers [1000000 where nothing else is asked for]
    #[arg(long, conflicts_with_all = ["seed", "crashes", "seeded_bugs", "promises"])]
    events: Option<u64>,

    /// The first seed of those runs
    #[arg(long, default_value_t = 1)]
    from: u64,

    /// Play the one run of this seed
    #[arg(long)]
    seed: Option<u64>,

    /// With --seed: tell what happens, step by step
    #[arg(long, requires = "seed")]
    explain: bool,

    /// With --seed: play these journeys of its script alone
    #[arg(long, value_delimiter = ',', requires = "seed")]
    journeys: Option<Vec<usize>>,

    /// With --seed: let these faults strike alone, or none
    #[arg(long, value_delimiter = ',', requires = "seed")]
    faults: Option<Vec<String>>,

    /// Crash every handler before and after each of its calls to AWS, one crash a run
    #[arg(long, conflicts_with_all = ["seed", "seeded_bugs", "promises"])]
    crashes: bool,

    /// With --crashes: how many quiet runs to enumerate the calls of, at the most
    #[arg(long, default_value_t = 12, requires = "crashes")]
    runs: usize,

    /// Seed bugs into the real code, one at a time, and see that each is found
    #[arg(long, conflicts_with_all = ["seed", "promises"])]
    seeded_bugs: bool,

    /// With --seeded-bugs: this one alone
    #[arg(long, requires = "seeded_bugs")]
    bug: Option<String>,

    /// List what is promised, and what cannot be held to yet
    #[arg(long)]
    promises: bool,

    /// How many runs to play at once [as many as there are processors]
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    simulation::logs::watch();
    simulation::run::watch_panics();
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let threads = arguments.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    if arguments.promises {
        list_promises();
        Ok(true)
    } else if arguments.seeded_bugs {
        find_seeded_bugs(arguments, threads)
    } else if arguments.crashes {
        crash_everything(arguments.runs, threads)
    } else if let Some(seed) = arguments.seed {
        play_one(seed, arguments)
    } else {
        play_many(arguments.events.unwrap_or(1_000_000), arguments.from, threads)
    }
}

fn list_promises() {
    let mut kept = 0;
    for (number, sentence, missing) in PROMISES {
        kept += u32::from(missing.is_none());
        let missing = missing.map(|missing| format!("\n       not held to yet: {missing}")).unwrap_or_default();
        println!("I{number:<3} {sentence}{missing}");
    }
    println!("promises={} held_to={kept}", PROMISES.len());
}

fn bar(length: u64, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style =
        format!("{{elapsed_precise}} {{wide_bar}} {{human_pos}} of {{human_len}} {unit}, {{eta}} to go {{msg}}");
    bar.set_style(ProgressStyle::with_template(&style).expect("a template that is written right"));
    bar
}

/// Says where a long run is when its lines are kept (a log, say), where a bar is not drawn.
struct Lines {
    last: Mutex<Instant>,
    hidden: bool,
}

impl Lines {
    const EVERY: Duration = Duration::from_secs(10);

    fn new(bar: &ProgressBar) -> Self {
        Self { last: Mutex::new(Instant::now()), hidden: bar.is_hidden() }
    }

    fn say(&self, line: impl FnOnce() -> String) {
        let Ok(mut last) = self.last.lock() else { return };
        if self.hidden && last.elapsed() > Self::EVERY {
            *last = Instant::now();
            eprintln!("{}", line());
        }
    }
}

/// Has `work` done for numbers from `from` on by several threads, and hands the results to `take` in their order, until
/// that says that it is enough.
fn in_order<T: Send>(
    from: u64,
    threads: usize,
    work: impl Fn(u64) -> Option<T> + Sync,
    mut take: impl FnMut(u64, T) -> bool + Send,
) {
    let next = AtomicU64::new(from);
    let enough = AtomicU64::new(u64::MAX);
    let waiting: Mutex<(u64, BTreeMap<u64, Option<T>>)> = Mutex::new((from, BTreeMap::new()));
    let take = Mutex::new(&mut take);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= enough.load(Ordering::Relaxed) {
                        return;
                    }
                    let done = work(number);
                    let (Ok(mut waiting), Ok(mut take)) = (waiting.lock(), take.lock()) else { return };
                    waiting.1.insert(number, done);
                    loop {
                        let expected = waiting.0;
                        if expected >= enough.load(Ordering::Relaxed) {
                            return;
                        }
                        let Some(done) = waiting.1.remove(&expected) else { break };
                        waiting.0 += 1;
                        let go_on = done.is_some_and(|done| take(expected, done));
                        if !go_on {
                            enough.store(expected, Ordering::Relaxed);
                            return;
                        }
                    }
                }
            });
        }
    });
}

// ---------- many runs

fn play_many(events: u64, from: u64, threads: usize) -> Result<bool> {
    let begun = Instant::now();
    let bar = bar(events, "events");
    let lines = Lines::new(&bar);
    let (mut counts, mut trace, mut seeds, mut broken) = (Counts::default(), Trace::default(), 0, Vec::new());
    let mut calls = 0;
    in_order(
        from,
        threads,
        |seed| Some(play(seed, &Options::full())),
        |_, outcome: Outcome| {
            counts.add(&outcome.counts);
            trace.number(outcome.trace);
            calls += outcome.calls;
            seeds += 1;
            bar.set_position(counts.events().min(events));
            lines.say(|| format!("{} of {events} events, {seeds} runs, {:?}", counts.events(), begun.elapsed()));
            if outcome.violation.is_some() {
                broken.push(outcome);
            }
            broken.is_empty() && counts.events() < events
        },
    );
    bar.finish_and_clear();
    for outcome in &broken {
        tell_of(outcome);
    }
    summarise(&counts, calls, begun.elapsed());
    println!("events={} seeds={seeds} violations={} trace={trace:?}", counts.events(), broken.len());
    Ok(broken.is_empty())
}

fn share(of: &BTreeMap<u32, u64>, from: u32) -> f64 {
    let all: u64 = of.values().sum();
    let above: u64 = of.range(from..).map(|(_, count)| count).sum();
    above as f64 * 100.0 / all.max(1) as f64
}

fn summarise(counts: &Counts, calls: u64, took: Duration) {
    let under_way: BTreeMap<u32, u64> = counts.under_way.iter().map(|(by, count)| (*by as u32, *count)).collect();
    println!(
        "{} requests, {} messages, {} stream records, {} sweeps handed to the functions; {calls} calls to AWS",
        counts.requests, counts.messages, counts.changes, counts.sweeps
    );
    println!(
        "{} commits, {} lost against another, {} published, {} in quarantine, {} redelivered",
        counts.commits, counts.conflicts, counts.published, counts.quarantined, counts.redelivered
    );
    println!(
        "{:.0} % of the calls with six or more functions under way, at the most {}; {:.1} % of the messages behind 16 or \
         more that were sent later",
        share(&under_way, 6),
        under_way.keys().max().copied().unwrap_or_default(),
        share(&counts.overtaken, 16),
    );
    println!("{:.1} s, {:.0} events a second", took.as_secs_f64(), counts.events() as f64 / took.as_secs_f64());
}

/// Prints the promise that was broken, the shortest history found, and the command that plays it again.
fn tell_of(outcome: &Outcome) {
    let Some(violation) = &outcome.violation else { return };
    println!("\nseed {} breaks {}\n  {}\n", outcome.seed, violation.invariant, violation.what);
    eprintln!("looking for the shortest history that breaks it ...");
    let shrunk = shrink(outcome, |journeys, faults| eprintln!("  {journeys} journeys, {faults} faults"));
    let plan = Plan::Chance { only: Some(shrunk.faults.clone()) };
    let again = play(shrunk.seed, &Options { plan, kept: Some(shrunk.kept.clone()), explain: true });
    let count = again.story.len();
    println!(
        "the shortest history found ({} journeys, {} faults, {count} lines):\n",
        shrunk.kept.len(),
        shrunk.faults.len()
    );
    let from = opening(&again.story);
    for line in &again.story[from..] {
        println!("{line}");
    }
    println!("\nto see it again:\n  {}\n", shrunk.command());
}

/// Where the story proper begins: what is registered before is the same each time.
fn opening(story: &[String]) -> usize {
    story.iter().position(|line| line.contains("--- journey")).unwrap_or_default()
}

// ---------- one run

fn play_one(seed: u64, arguments: &Arguments) -> Result<bool> {
    let only = arguments.faults.as_ref().map(|faults| {
        let named = faults.iter().filter(|fault| *fault != "none");
        named.map(|fault| u64::from_str_radix(fault, 16).with_context(|| format!("'{fault}' is not a fault"))).collect()
    });
    let plan = Plan::Chance { only: only.transpose()? };
    let kept: Option<BTreeSet<usize>> = arguments.journeys.as_ref().map(|kept| kept.iter().copied().collect());
    let outcome = play(seed, &Options { plan, kept, explain: arguments.explain });
    let from = opening(&outcome.story);
    for line in &outcome.story[from..] {
        println!("{line}");
    }
    if let Some(violation) = &outcome.violation {
        println!("\nseed {seed} breaks {}\n  {}\n", violation.invariant, violation.what);
    }
    let violations = u32::from(outcome.violation.is_some());
    println!("events={} seeds=1 violations={violations} trace={:016x}", outcome.counts.events(), outcome.trace);
    Ok(violations == 0)
}

// ---------- crashes

fn crash_everything(runs: usize, threads: usize) -> Result<bool> {
    let begun = Instant::now();
    eprintln!("looking for quiet runs that call everything ...");
    let all = match crashes::enumerate(crashes::SEEDS_TRIED, runs) {
        Ok(all) => all,
        Err(outcome) => {
            let violation = outcome.violation.map(|it| format!("{}: {}", it.invariant, it.what)).unwrap_or_default();
            bail!("seed {} breaks a promise although nothing goes wrong: {violation}", outcome.seed);
        }
    };
    let routes: BTreeSet<&str> = functions::routes().into_iter().map(|(_, route)| route).collect();
    let missing: Vec<&&str> = routes.iter().filter(|route| !all.triggers.contains(**route)).collect();
    println!("{} quiet runs, {} triggers:", all.runs.len(), all.triggers.len());
    let mut by_function: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((function, call), count) in &all.made {
        by_function.entry(function).or_default().push(format!("{call} {count}"));
    }
    for (function, made) in &by_function {
        println!("  {function:22} {}", made.join(", "));
    }
    let bar = bar(all.points.len() as u64, "crashes");
    let lines = Lines::new(&bar);
    let mut broken = Vec::new();
    in_order(
        0,
        threads,
        |number| Some(all.points.get(number as usize).map(|point| (*point, crashes::crash(*point, false)))),
        |number, played| {
            let Some((point, outcome)) = played else { return false };
            bar.set_position(number);
            lines.say(|| format!("{number} of {} crashes, {:?}", all.points.len(), begun.elapsed()));
            if let Some(violation) = &outcome.violation {
                bar.suspend(|| println!("{point:?} breaks {}\n  {}", violation.invariant, violation.what));
                broken.push(point);
            }
            broken.len() < 10
        },
    );
    bar.finish_and_clear();
    if let Some(point) = broken.first() {
        println!("\nwhat happens with {point:?}:\n");
        for line in crashes::crash(*point, true).story {
            println!("{line}");
        }
    }
    if !missing.is_empty() {
        println!("never called: {missing:?}");
    }
    println!("{:.1} s", begun.elapsed().as_secs_f64());
    println!("crash_points={} violations={}", all.points.len(), broken.len());
    Ok(broken.is_empty() && missing.is_empty())
}

// ---------- seeded bugs

#[cfg(not(feature = "seeded-bugs"))]
fn find_seeded_bugs(arguments: &Arguments, threads: usize) -> Result<bool> {
    eprintln!("building the functions with bugs in them ...");
    let mut cargo = std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--release", "--package", "simulation", "--features", "seeded-bugs", "--"]);
    cargo.args(["--seeded-bugs", "--threads", &threads.to_string()]);
    if let Some(bug) = &arguments.bug {
        cargo.args(["--bug", bug]);
    }
    Ok(cargo.status().context("cargo cannot be run")?.success())
}

#[cfg(feature = "seeded-bugs")]
fn find_seeded_bugs(arguments: &Arguments, threads: usize) -> Result<bool> {
    let bugs: Vec<&simulation::bugs::Bug> =
        BUGS.iter().filter(|bug| arguments.bug.as_ref().is_none_or(|name| name == bug.name)).collect();
    if bugs.is_empty() {
        let names: Vec<&str> = BUGS.iter().map(|bug| bug.name).collect();
        bail!("there is no such bug; there are {}", names.join(", "));
    }
    if let [bug] = bugs[..] {
        return Ok(show_bug(bug));
    }
    let bar = bar(bugs.len() as u64, "bugs");
    let mut found = 0;
    let mut survivors = Vec::new();
    let search = |number: u64| {
        let bug = bugs.get(number as usize)?;
        domain::seeded::switch_on(Some(bug.name));
        Some((*bug, find_violation()))
    };
    in_order(0, threads, search, |number, (bug, outcome)| {
        bar.set_position(number + 1);
        let line = match &outcome {
            Some(outcome) => {
                found += 1;
                let violation = outcome.violation.as_ref().map(|it| it.invariant).unwrap_or_default();
                format!("found     {:38} seed {:3}  {violation}", bug.name, outcome.seed)
            }
            None => {
                survivors.push(bug.name);
                format!("SURVIVED  {:38} {} seeds  {}", bug.name, SEEDS_MAX, bug.what)
            }
        };
        bar.suspend(|| println!("{line}"));
        true
    });
    bar.finish_and_clear();
    if !survivors.is_empty() {
        println!("not found: {}", survivors.join(", "));
    }
    println!("found {found} of {}", bugs.len());
    Ok(survivors.is_empty())
}

/// The first run of as many as a bug has to be found in that breaks a promise.
#[cfg(feature = "seeded-bugs")]
fn find_violation() -> Option<Outcome> {
    (1..=SEEDS_MAX).map(|seed| play(seed, &Options::full())).find(|it| it.violation.is_some())
}

/// Prints what one bug leads to.
#[cfg(feature = "seeded-bugs")]
fn show_bug(bug: &simulation::bugs::Bug) -> bool {
    domain::seeded::switch_on(Some(bug.name));
    println!("seeded: {}", bug.what);
    let found = find_violation();
    if let Some(outcome) = &found {
        tell_of(outcome);
    }
    println!("found {} of 1", u32::from(found.is_some()));
    found.is_some()
}

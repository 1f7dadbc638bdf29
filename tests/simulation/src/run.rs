//! One run: a script made from a seed, played to its end, and past it until everything has come to rest.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe, UnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use domain::escalation::CLOCK_MAX;
use domain::expiry::{HELD_FOR, IN_DOUBT_FOR};
use domain::order::HOLD_FOR;

use crate::chance::{Chance, seed_of};
use crate::invariants;
use crate::journey::{self, KINDS, Kind};
use crate::site::{self, AGENTS, DRIVERS};
use crate::triggers::call;
use crate::trouble::{Plan, Site, Struck};
use crate::world::{Counts, Violation, World};

/// How many journeys the script of a run has.
pub const JOURNEYS: usize = 180 + COMPLAINTS;

/// How many of them begin at the end, and complain.
const COMPLAINTS: usize = 16;

/// How long a run may take, in its own time, before it is said never to come to rest: longer than anything waits.
const RUN_MAX: Duration = Duration::from_secs(120 * 24 * 3_600);

/// How long it may take for everything to come to rest once nothing goes wrong any more: a fault that is put back then
/// may open a work order that nobody reacts to, until every level has been told; and a parcel that is put in then waits
/// for nobody until its time is over.
const REST_MAX: Duration = Duration::from_secs(
    (CLOCK_MAX.as_secs() + HELD_FOR.as_secs() + HOLD_FOR.as_secs() + IN_DOUBT_FOR.as_secs()).unsigned_abs() + 3 * 3_600,
);

/// When the first journey may begin: the network is open by then.
const OPEN_AT: Duration = Duration::from_secs(120);

/// A journey and when it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    pub number: usize,
    pub at: Duration,
    pub kind: Kind,
    pub seed: u64,
}

/// The script of a seed: journeys that begin in waves, so that many are under way at once.
pub fn script(seed: u64) -> Vec<Start> {
    let mut chance = Chance::new(seed_of(seed, "script"));
    let mut at = OPEN_AT;
    let mut starts = Vec::new();
    while starts.len() < JOURNEYS - COMPLAINTS {
        let wave = 45 + chance.below(70);
        for _ in 0..wave {
            let kind = a_kind(&mut chance);
            let begins = at + chance.time(Duration::ZERO, Duration::from_millis(1_500));
            starts.push(Start { number: starts.len(), at: begins, kind, seed: chance.seed() });
        }
        at += match chance.below(10) {
            0..6 => chance.time(Duration::from_secs(20), Duration::from_secs(600)),
            6..9 => chance.time(Duration::from_secs(600), Duration::from_secs(7_200)),
            _ => chance.time(Duration::from_secs(8 * 3_600), Duration::from_secs(60 * 3_600)),
        };
    }
    starts.truncate(JOURNEYS - COMPLAINTS - 1);
    // One more once most of it has been repaired: only lockers with nothing else wrong are an incident.
    let begins = at + Duration::from_secs(60 * 3_600);
    starts.push(Start { number: starts.len(), at: begins, kind: Kind::Blackout, seed: chance.seed() });
    // And complaints, for which parcels have to come first.
    for _ in 0..COMPLAINTS {
        let begins = at + chance.time(Duration::from_secs(6 * 3_600), Duration::from_secs(50 * 3_600));
        starts.push(Start { number: starts.len(), at: begins, kind: Kind::Complaint, seed: chance.seed() });
    }
    starts
}

fn a_kind(chance: &mut Chance) -> Kind {
    let mut share = chance.below(KINDS.iter().map(|(_, of)| of).sum());
    let kind = KINDS.iter().find(|(_, of)| {
        let taken = share < *of;
        share = share.saturating_sub(*of);
        taken
    });
    kind.map_or(Kind::Parcel, |(kind, _)| *kind)
}

/// How a run is played.
#[derive(Debug, Clone)]
pub struct Options {
    pub plan: Plan,
    /// Which journeys of the script are played; all where nothing is said.
    pub kept: Option<BTreeSet<usize>>,
    pub explain: bool,
}

impl Options {
    /// Everything, with trouble by chance.
    pub fn full() -> Self {
        Self { plan: Plan::Chance { only: None }, kept: None, explain: false }
    }
}

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub seed: u64,
    pub counts: Counts,
    pub trace: u64,
    pub violation: Option<Violation>,
    pub struck: Vec<Struck>,
    pub calls: u64,
    pub made: std::collections::BTreeMap<(&'static str, &'static str), u64>,
    pub sites: BTreeSet<Site>,
    pub story: Vec<String>,
    /// How much time passed, as the network saw it.
    pub passed: Duration,
}

/// Plays the script of a seed.
pub fn play(seed: u64, options: &Options) -> Outcome {
    let world = World::new(seed, options.plan.clone(), options.explain);
    let starts = script(seed);
    play_in(&world, || {
        for start in starts {
            if options.kept.as_ref().is_some_and(|kept| !kept.contains(&start.number)) {
                continue;
            }
            let later = world.clone();
            world.executor.spawn(async move {
                later.executor.sleep(start.at).await;
                later.tell(|| format!("--- journey {}: {:?}", start.number, start.kind));
                journey::start(&later, start.kind, start.seed).await;
            });
        }
    })
}

/// Plays what `begin` starts, in an open network, to its end and past it.
pub fn play_in(world: &Rc<World>, begin: impl FnOnce()) -> Outcome {
    let opened = world.clone();
    world.executor.spawn(async move { site::open(&opened).await });
    let played = quietly(AssertUnwindSafe(|| {
        begin();
        come_to_rest(world);
        if world.violation.borrow().is_none() {
            look_at_drivers(world);
            world.hold(invariants::AT_END, &());
        }
    }));
    if let Err(panicked) = played {
        world.broken("nothing panics", panicked);
    }
    world.executor.clear();
    Outcome {
        seed: world.seed,
        counts: world.counts.borrow().clone(),
        trace: world.trace.borrow().digest(),
        violation: world.violation.borrow().clone(),
        struck: world.trouble.struck(),
        calls: world.trouble.calls(),
        made: world.trouble.made(),
        sites: world.trouble.sites(),
        story: world.story(),
        passed: world.executor.now(),
    }
}

/// Runs until nothing is left to do; then once more without trouble, with what had been given up put back.
fn come_to_rest(world: &Rc<World>) {
    let broken = || world.violation.borrow().is_some();
    if !world.executor.run(|| broken() || world.executor.now() > RUN_MAX) && !broken() {
        let due = world.history.borrow().due.first().cloned();
        return world.broken("everything comes to rest", format!("after {RUN_MAX:?} it has not; due is {due:?}"));
    }
    world.trouble.stop();
    world.tell(|| "--- from here on nothing goes wrong any more".to_owned());
    let until = world.executor.now() + REST_MAX;
    while !broken() && world.triggers.redrive(world) {
        let late = || world.executor.now() > until;
        if !world.executor.run(|| broken() || late()) && !broken() {
            let due = world.history.borrow().due.first().cloned();
            let what = format!("{REST_MAX:?} without trouble were not enough; due is {due:?}");
            return world.broken("everything comes to rest", what);
        }
    }
}

/// Has support look at every driver, now that nothing is behind any more.
fn look_at_drivers(world: &Rc<World>) {
    world.rests.set(true);
    for driver in DRIVERS {
        let asking = world.clone();
        world.executor.spawn(async move {
            let request = call("GET /support/drivers/{driver_id}").by(AGENTS[0]).path("driver_id", driver);
            asking.triggers.ask(&asking, request, driver).await;
        });
    }
    world.executor.run(|| false);
}

thread_local! {
    /// Whether a run is being played by this thread, and what panicked in it, and where.
    static PLAYED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has a run tell of a panic as of any other promise that is broken; elsewhere a panic is told as always.
pub fn watch_panics() {
    let elsewhere = panic::take_hook();
    panic::set_hook(Box::new(move |panicked| {
        let told = PLAYED.with_borrow_mut(|played| played.as_mut().map(|said| *said = panicked.to_string()));
        if told.is_none() {
            elsewhere(panicked);
        }
    }));
}

/// Does something that may panic: if it does, with what.
fn quietly(work: impl FnOnce() + UnwindSafe) -> Result<(), String> {
    PLAYED.set(Some("without a word".to_owned()));
    let done = catch_unwind(work);
    let said = PLAYED.take().unwrap_or_default();
    done.map_err(|_| said)
}

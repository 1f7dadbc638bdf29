//! `cargo measure`: how fast and cheap the functions are, beside the floor.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use local::progress::Progress;
use local::workspace::Workspace;
use measure::count::{find_valgrind, instructions};
use measure::document::{Table, write};
use measure::endpoint::{Call, Endpoint};
use measure::runtime_api::{Function, Start};
use measure::scenario::{STEPS, Step, TIMES, World};

/// How often a start is timed; the fastest counts, since everything else a machine does can only make it slower.
const STARTS_TIMED: usize = 5;

/// How long the endpoint waits before it answers where round trips are counted: longer than a function takes between
/// two requests that it makes at once.
const TRIP: Duration = Duration::from_millis(50);

/// How fast and cheap the functions are.
///
/// It builds them as they are deployed, runs each beneath a Lambda Runtime API and an AWS endpoint of its own, which
/// answer at once, and takes it through a day in the life of orders and lockers. Instructions are counted with
/// callgrind; beside them stands the floor: bare sockets with rustls and ring that make the same calls.
#[derive(Debug, Parser)]
#[command(name = "cargo measure", bin_name = "cargo measure")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Writes the table into docs/performance.md, too.
    #[arg(long, global = true)]
    write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
enum What {
    /// Each function: until it is ready, its first call over TLS, its size and memory.
    Start,
    /// Each event: instructions and time, once the function is warm.
    Warm,
    /// Each event: round trips one after the other, and DynamoDB's capacity units.
    Trips,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Start => "start",
            What::Warm => "warm",
            What::Trips => "trips",
        }
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run(arguments))
}

async fn run(arguments: Arguments) -> Result<()> {
    let workspace = Workspace::find()?;
    let what = arguments.what;
    if what != What::Trips {
        find_valgrind()?;
    }
    let progress = Progress::shown();
    let building = progress.step("the functions are built");
    let packages = local::functions::build(&workspace, &building).await?;
    build_floor(&workspace)?;
    building.done(&format!("{} of them", packages.len()));
    let sizes: BTreeMap<String, u64> = packages.into_iter().map(|it| (it.name, it.size_bytes)).collect();
    let temporary = tempfile::tempdir()?;
    let endpoint = Endpoint::open(temporary.path()).await?;
    let binaries = workspace.target.join("release");
    let floor = binaries.join("floor");
    let mut world = World::new(&endpoint, &workspace.root, &binaries, temporary.path()).await?;
    let folder = temporary.path().to_owned();
    let mut bench = Bench { world: &mut world, progress, floor, folder, seen: BTreeMap::new() };
    let table = match what {
        What::Start => bench.start(&sizes).await?,
        What::Warm => bench.warm().await?,
        What::Trips => bench.trips().await?,
    };
    let text = table.markdown();
    println!("{text}");
    if arguments.write {
        let document = workspace.root.join("docs/performance.md");
        write(&document, what.name(), &text)?;
        println!("written into {}", document.display());
    }
    Ok(())
}

/// Builds the floor in the profile of the functions.
fn build_floor(workspace: &Workspace) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = std::process::Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "floor"])
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .status()?;
    if built.success() { Ok(()) } else { bail!("the floor does not build") }
}

/// What measures.
struct Bench<'a, 'b> {
    world: &'a mut World<'b>,
    progress: Progress,
    floor: PathBuf,
    folder: PathBuf,
    /// How many instructions the functions, and the floor, take until they are ready.
    seen: BTreeMap<String, u64>,
}

/// What came of taking a step as often as there are times.
struct Taken {
    events: Vec<Vec<u8>>,
    /// What each event asked of AWS.
    calls: Vec<Vec<Call>>,
    /// How long each took.
    times: Vec<Duration>,
}

impl Bench<'_, '_> {
    /// Takes a step with nobody counting, and goes on from where it leads.
    async fn take(&mut self, step: &Step) -> Result<Taken> {
        let taking = self.progress.step(step.name);
        let events = self.world.events(step).await?;
        let endpoint = self.world.endpoint;
        endpoint.take_calls();
        let mut function = Function::start(step.function, &self.world.start(step.function), &self.folder).await?;
        let (mut answers, mut calls, mut times) = (Vec::new(), Vec::new(), Vec::new());
        endpoint.take_changes();
        for event in &events {
            let began = Instant::now();
            answers.push(function.invoke(event).await?);
            times.push(began.elapsed());
            calls.push(endpoint.take_calls());
            endpoint.check()?;
        }
        self.world.follow(step, &answers, endpoint.take_changes())?;
        taking.done(step.function);
        Ok(Taken { events, calls, times })
    }

    /// The instructions of a function until it is ready, for its first event, and for each of the others.
    async fn count(&mut self, name: &str, start: &Start, events: &[Vec<u8>]) -> Result<(u64, u64, u64)> {
        let endpoint = self.world.endpoint;
        let before = endpoint.remember();
        let ready = match self.seen.get(name) {
            Some(ready) => *ready,
            None => instructions(name, start, &[], &self.folder).await?,
        };
        self.seen.insert(name.to_owned(), ready);
        let first = instructions(name, start, &events[..1], &self.folder).await?;
        endpoint.restore(&before);
        let all = instructions(name, start, events, &self.folder).await?;
        endpoint.restore(&before);
        endpoint.check()?;
        Ok((ready, first.saturating_sub(ready), all.saturating_sub(first) / (events.len() as u64 - 1)))
    }

    /// The function's counts, then the floor's for the same calls; and what came of the step.
    async fn beside_the_floor(&mut self, step: &Step) -> Result<([(u64, u64, u64); 2], Taken)> {
        let before = self.world.endpoint.remember();
        let taken = self.take(step).await?;
        let after = self.world.endpoint.remember();
        self.world.endpoint.restore(&before);
        let start = self.world.start(step.function);
        let own = self.count(step.function, &start, &taken.events).await?;
        let requests: Vec<Vec<u8>> =
            taken.calls.iter().map(|calls| calls.iter().flat_map(Call::for_the_floor).collect()).collect();
        let floor = Start { program: self.floor.clone(), ..start };
        let least = self.count("floor", &floor, &requests).await?;
        self.world.endpoint.restore(&after);
        Ok(([own, least], taken))
    }

    async fn start(&mut self, sizes: &BTreeMap<String, u64>) -> Result<Table> {
        let mut table = Table::new(&[
            "function",
            "until ready, M",
            "first call, M",
            "floor: ready, M",
            "first call, M",
            "ratio",
            "ready, ms",
            "first call, ms",
            "memory, MB",
            "zip, MB",
        ]);
        let mut done = Vec::new();
        for step in &STEPS {
            if done.contains(&step.function) {
                self.take(step).await?;
                continue;
            }
            done.push(step.function);
            let before = self.world.endpoint.remember();
            let ([own, least], taken) = self.beside_the_floor(step).await?;
            let after = self.world.endpoint.remember();
            let (mut ready, mut first, mut memory) = (Duration::MAX, Duration::MAX, 0);
            for _ in 0..STARTS_TIMED {
                self.world.endpoint.restore(&before);
                let mut function =
                    Function::start(step.function, &self.world.start(step.function), &self.folder).await?;
                ready = ready.min(function.age());
                let began = Instant::now();
                function.invoke(&taken.events[0]).await?;
                first = first.min(began.elapsed());
                memory = memory.max(function.memory_peak()?);
            }
            self.world.endpoint.restore(&after);
            let size = sizes.get(step.function).with_context(|| format!("{} was not packed", step.function))?;
            table.line(vec![
                step.function.to_owned(),
                millions(own.0),
                millions(own.1),
                millions(least.0),
                millions(least.1),
                format!("{:.2}", (own.0 + own.1) as f64 / (least.0 + least.1) as f64),
                format!("{:.1}", ready.as_secs_f64() * 1e3),
                format!("{:.1}", first.as_secs_f64() * 1e3),
                format!("{:.1}", memory as f64 / 1e6),
                format!("{:.2}", *size as f64 / 1e6),
            ]);
        }
        Ok(table)
    }

    async fn warm(&mut self) -> Result<Table> {
        let mut table =
            Table::new(&["event", "function", "instructions, M", "floor, M", "ratio", "time, ms", "calls to AWS"]);
        for step in &STEPS {
            let ([own, least], taken) = self.beside_the_floor(step).await?;
            let mut times = taken.times[1..].to_vec();
            times.sort();
            table.line(vec![
                step.name.to_owned(),
                step.function.to_owned(),
                millions(own.2),
                millions(least.2),
                format!("{:.1}", own.2 as f64 / least.2 as f64),
                format!("{:.2}", times[times.len() / 2].as_secs_f64() * 1e3),
                taken.calls[TIMES - 1].len().to_string(),
            ]);
        }
        Ok(table)
    }

    async fn trips(&mut self) -> Result<Table> {
        let mut table = Table::new(&["event", "function", "round trips", "calls to AWS", "read units", "write units"]);
        for step in &STEPS {
            self.world.endpoint.pause(TRIP);
            let taken = self.take(step).await?;
            self.world.endpoint.pause(Duration::ZERO);
            let calls = &taken.calls[TIMES - 1];
            let (mut read, mut written) = (0.0, 0.0);
            for call in calls {
                read += call.units.read;
                written += call.units.write;
            }
            table.line(vec![
                step.name.to_owned(),
                step.function.to_owned(),
                calls.iter().map(|it| it.trip).max().unwrap_or_default().to_string(),
                calls.len().to_string(),
                format!("{read:.1}"),
                format!("{written:.0}"),
            ]);
        }
        Ok(table)
    }
}

fn millions(count: u64) -> String {
    format!("{:.2}", count as f64 / 1e6)
}

//! `cargo run`: starts the network, says where everything is, and stops it on Ctrl-C.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use local::issuer::Role;
use local::progress::Progress;
use local::signing::REGION;
use local::{Network, Options, demo, story};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the whole parcel-locker network on this machine.
///
/// Builds the functions, deploys template.yaml to MiniStack (a stand-in for AWS, installed under target/ at the
/// first start), registers a demonstration network in Mainz through the API, connects one simulated device per
/// locker, and says where everything is. Ctrl-C stops it and cleans up; logs stay in target/local/runs.
///
/// It needs Rust and Python 3.10 or newer, a network connection at the first start, and no AWS account.
#[derive(Debug, Parser)]
#[command(name = "cargo run --", bin_name = "cargo run --")]
struct Arguments {
    /// The port of the page and of the API address in messages; a free one unless said otherwise
    #[arg(long, default_value_t = 0, hide_default_value = true)]
    port: u16,

    /// How many lockers of the demonstration network to register and connect
    #[arg(long, default_value_t = demo::SITES.len())]
    lockers: usize,

    /// How many seconds a locker may be away before that is a fault
    #[arg(long, default_value_t = 2)]
    grace: u64,

    /// Print what the functions say, beside keeping it in a file
    #[arg(long)]
    logs: bool,

    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play the stories the network is for, print what happens, and stop; fails where anything is not as told
    Story,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\n{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let begun = Instant::now();
    let options = Options {
        progress: Progress::shown(),
        port: arguments.port,
        lockers: arguments.lockers,
        presence_grace: Duration::from_secs(arguments.grace),
        print_logs: arguments.logs,
    };
    let mut told_to_stop = std::pin::pin!(told_to_stop());
    // Dropped half-way, the start takes everything with it that it had started.
    let mut network = tokio::select! {
        network = Network::start(options) => network?,
        told = &mut told_to_stop => return told,
    };
    if let Some(Command::Story) = arguments.command {
        let played = tokio::select! {
            played = story::play(&network, true) => played.map(|summary| println!("\n{}", ending(&summary))),
            told = &mut told_to_stop => told.and(Err(anyhow::anyhow!("stopped before the end"))),
        };
        let log = network.run().functions_log();
        network.stop().await?;
        return played.with_context(|| format!("a story failed; the functions' own words are in {}", log.display()));
    }
    print!("{}", introduction(&network, begun.elapsed())?);
    let ended = tokio::select! {
        told = &mut told_to_stop => told,
        failure = network.wait_for_failure() => Err(failure),
    };
    eprintln!("\nstopping");
    network.stop().await?;
    ended
}

/// Waits for Ctrl-C, a request to end, or the end of the terminal.
async fn told_to_stop() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {}, _ = hangup.recv() => {} }
    Ok(())
}

/// The last words of the stories.
fn ending(summary: &story::Summary) -> String {
    format!(
        "Everything happened as told, and nothing else: {} messages reached people.\n\
         fault to closed compartment {} ms, fault to message {} ms (medians over {})",
        summary.messages, summary.fault_to_closed_ms, summary.fault_to_message_ms, summary.faults_measured
    )
}

/// Where everything is. The same is in a file for the shell.
fn introduction(network: &Network, elapsed: Duration) -> Result<String> {
    let people = [
        (Role::Operator, "operator"),
        (Role::Courier, demo::DRIVERS[0].id),
        (Role::Customer, demo::CUSTOMERS[0].id),
        (Role::Technician, "technician"),
        (Role::Support, "agent"),
    ];
    let order_system = network.api.order_system_credentials();
    let mut settings = String::new();
    writeln!(settings, "API={}", network.public_api_url())?;
    writeln!(settings, "AWS={}", network.aws.url())?;
    writeln!(settings, "API_HOST={}", network.api_host()?)?;
    writeln!(settings, "ORDER_SYSTEM={}:{}", order_system.access_key, order_system.secret)?;
    for (role, person) in people {
        writeln!(settings, "{}={}", role.name().to_uppercase(), network.api.token(role, person)?)?;
    }
    let file = network.run().settings();
    std::fs::write(&file, &settings).with_context(|| format!("cannot write {}", file.display()))?;

    let mut text = String::new();
    writeln!(text, "\nThe network runs, after {:.1} s. Ctrl-C stops it.\n", elapsed.as_secs_f32())?;
    writeln!(text, "page      {}  (messages and lockers)", network.page_url)?;
    writeln!(text, "broker    mqtts://127.0.0.1:{}  (each locker by its certificate)", network.broker.port)?;
    writeln!(text, "AWS       {}  (region {REGION})", network.aws.url())?;
    writeln!(text, "logs      {}", network.run().functions_log().display())?;
    writeln!(text, "\n{settings}")?;
    writeln!(text, "These are in a file too. To try them, in another shell:")?;
    writeln!(text, "  . {}", file.display())?;
    writeln!(text, "  curl -H \"Authorization: Bearer $OPERATOR\" $API/lockers/{}", demo::SITES[0].id)?;
    writeln!(
        text,
        "  curl -H \"Host: $API_HOST\" --aws-sigv4 aws:amz:{REGION}:execute-api -u $ORDER_SYSTEM \\\n    \
         \"$AWS/lockers?latitude_e6=50001300&longitude_e6=8258800&radius_m=2000&size=M\""
    )?;
    Ok(text)
}

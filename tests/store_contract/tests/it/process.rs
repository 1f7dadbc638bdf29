//! A stand-in as a process of its own, which ends with this one however this one ends.

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::tables::root;

/// Waits for its input to end, which it does when the test process is gone, and ends the whole process group.
const LIFELINE: &str = r#""$@" < /dev/null & cat > /dev/null; kill -9 0"#;

/// A stand-in, running.
#[derive(Debug)]
pub struct Server {
    pub name: &'static str,
    pub port: u16,
    log: PathBuf,
    /// Holds its input open.
    _lifeline: Child,
}

impl Server {
    /// Starts a program in a process group of its own.
    pub fn start(name: &'static str, port: u16, command: &Command) -> Self {
        let log = target().join(format!("store-contract-{name}.log"));
        let output = File::create(&log).unwrap();
        let mut lifeline = Command::new("sh");
        lifeline.args(["-c", LIFELINE, name]).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            if let Some(value) = value {
                lifeline.env(name, value);
            }
        }
        lifeline.process_group(0).stdin(Stdio::piped()).stdout(output.try_clone().unwrap()).stderr(output);
        let lifeline = lifeline.spawn().unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { name, port, log, _lifeline: lifeline }
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// The folder of what is built.
pub fn target() -> PathBuf {
    let of_cargo = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    of_cargo.parent().map_or_else(|| root().join("target"), PathBuf::from)
}

/// A port nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Runs a program to its end. `advice` says what to do where that fails.
pub fn run(command: &mut Command, advice: &str) -> Output {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().unwrap_or_else(|error| panic!("{program} cannot be run ({error}): {advice}"));
    assert!(
        output.status.success(),
        "{program} failed: {advice}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

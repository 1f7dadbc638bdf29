//! The Python environment MiniStack runs in: made when it is missing, made again when the pins change.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::process::ProcessGroup;
use crate::progress::Step;
use crate::workspace::Workspace;

/// The oldest Python MiniStack runs on.
const PYTHON_MIN: (u32, u32) = (3, 10);

/// Makes sure of the environment, and says which Python to start MiniStack with.
pub async fn prepare(workspace: &Workspace, step: &Step) -> Result<PathBuf> {
    let wanted = workspace.package().join("requirements.txt");
    let wanted_text = fs::read_to_string(&wanted).with_context(|| format!("cannot read {}", wanted.display()))?;
    let folder = workspace.target.join("ministack");
    let python = folder.join("bin/python");
    // What was installed, word for word. Written last: half an installation is none.
    let installed = folder.join("installed-requirements.txt");
    if python.exists() && fs::read_to_string(&installed).is_ok_and(|text| text == wanted_text) {
        return Ok(python);
    }
    require_python().await?;
    step.tell("making a Python environment");
    let make = ["-m", "venv", "--clear"].map(Into::into).into_iter().chain([folder.clone().into_os_string()]);
    run(Command::new("python3").args(make), step)
        .await
        .context("cannot make a Python environment; where Python comes from packages, install python3-venv as well")?;
    let install = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(install).arg(&wanted), step).await.context(
        "pip cannot install MiniStack; it needs to reach PyPI once (PIP_INDEX_URL names a mirror, HTTPS_PROXY a proxy)",
    )?;
    fs::write(&installed, wanted_text).with_context(|| format!("cannot write {}", installed.display()))?;
    Ok(python)
}

async fn require_python() -> Result<()> {
    let advice = format!("install Python {}.{} or newer as python3", PYTHON_MIN.0, PYTHON_MIN.1);
    let answer = Command::new("python3")
        .args(["-c", "import sys; print(*sys.version_info[:2])"])
        .output()
        .await
        .with_context(|| format!("python3 was not found: {advice}"))?;
    let version = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let numbers: Vec<u32> = version.split(' ').filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [major, minor] if (major, minor) >= PYTHON_MIN => Ok(()),
        _ => bail!("python3 is version {}: {advice}", version.replace(' ', ".")),
    }
}

/// Runs a program and tells the step every line; what it said is in the error.
async fn run(command: &mut Command, step: &Step) -> Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = ProcessGroup::spawn(command)?;
    let (output, messages) = (program.take_output(), program.take_messages());
    let mut output = BufReader::new(output.context("a program without output")?).lines();
    let mut messages = BufReader::new(messages.context("a program without messages")?).lines();
    let (mut output_open, mut messages_open) = (true, true);
    let mut complaints = Vec::new();
    while output_open || messages_open {
        tokio::select! {
            line = output.next_line(), if output_open => match line? {
                Some(line) => step.tell(line.split(" (").next().unwrap_or(&line)),
                None => output_open = false,
            },
            line = messages.next_line(), if messages_open => match line? {
                Some(line) => complaints.push(line),
                None => messages_open = false,
            },
        }
    }
    if !program.wait().await?.success() {
        bail!("{}", complaints.join("\n"));
    }
    Ok(())
}

/// The last lines of a log, for an error.
pub fn tail(log: &Path) -> String {
    const LINES: usize = 25;
    match fs::read_to_string(log) {
        Ok(text) => {
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(LINES)..].join("\n")
        }
        Err(error) => format!("({}: {error})", log.display()),
    }
}

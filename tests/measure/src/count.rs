//! Counting instructions, with callgrind.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::runtime_api::{Function, Start};

/// Fails where valgrind is not to be had.
///
/// # Errors
/// Says how to get it.
pub fn find_valgrind() -> Result<()> {
    match Command::new("valgrind").arg("--version").output() {
        Ok(it) if it.status.success() => Ok(()),
        _ => bail!("valgrind counts the instructions, and is not here: apt-get install valgrind"),
    }
}

/// How many instructions a process takes from its beginning until it has answered all these events and asks for the next.
///
/// # Errors
/// When it fails.
pub async fn instructions(name: &str, start: &Start, events: &[Vec<u8>], folder: &Path) -> Result<u64> {
    let counted = folder.join(format!("{name}.callgrind"));
    let under = ["valgrind", "--tool=callgrind", "--quiet"].map(str::to_owned).into_iter();
    let out = format!("--callgrind-out-file={}", counted.display());
    let start = Start { under: under.chain([out]).collect(), ..start.clone() };
    let mut function = Function::start(name, &start, folder).await?;
    for event in events {
        function.invoke(event).await?;
    }
    function.end().await?;
    let text =
        fs::read_to_string(&counted).with_context(|| format!("callgrind has not written {}", counted.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    total.context("callgrind has counted nothing")?.trim().parse().context("a count that is no number")
}

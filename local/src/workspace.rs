//! Where things are: the workspace, its target folder, and the folder of one run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;

/// How many folders of earlier runs are kept, so that their logs can be read afterwards.
const RUNS_KEPT: usize = 20;

/// The checked-out repository and the folder its builds go to.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder of `template.yaml` and the root `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's target folder. Everything the runner makes is inside it.
    pub target: PathBuf,
}

impl Workspace {
    /// The workspace this package was built from.
    pub fn find() -> Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().ok_or_else(|| anyhow!("{} is not inside a workspace", package.display()))?;
        let target = match std::env::var_os("CARGO_TARGET_DIR") {
            Some(target) => std::path::absolute(target).context("CARGO_TARGET_DIR is not a path")?,
            None => root.join("target"),
        };
        Ok(Self { root: root.to_owned(), target })
    }

    /// The folder of this package's own sources and settings.
    pub fn package(&self) -> PathBuf {
        self.root.join("local")
    }
}

/// The folder of one run: its logs stay, its temporary files go with it.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// Makes the folder of a new run, and removes those of old ones.
    pub fn create(workspace: &Workspace) -> Result<Self> {
        // Several networks may run in one process: tests do that.
        static RUN: AtomicU32 = AtomicU32::new(0);
        let runs = workspace.target.join("local/runs");
        let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%S");
        let path = runs.join(format!("{stamp}-{}-{}", std::process::id(), RUN.fetch_add(1, Ordering::Relaxed)));
        let folder = Self { path };
        fs::create_dir_all(folder.temporary())
            .with_context(|| format!("cannot make the folder {}", folder.path.display()))?;
        remove_old_runs(&runs)?;
        Ok(folder)
    }

    /// What MiniStack says about itself.
    pub fn ministack_log(&self) -> PathBuf {
        self.path.join("ministack.log")
    }

    /// What the functions say, with the name of the function.
    pub fn functions_log(&self) -> PathBuf {
        self.path.join("functions.log")
    }

    /// Addresses and tokens as shell variables, while the network runs.
    pub fn settings(&self) -> PathBuf {
        self.path.join("network.env")
    }

    /// Removed when the run ends.
    pub fn temporary(&self) -> PathBuf {
        self.path.join("temporary")
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        for left in [fs::remove_dir_all(self.temporary()), fs::remove_file(self.settings())] {
            match left {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => eprintln!("could not clean up {}: {error}", self.path.display()),
            }
        }
    }
}

/// Names start with the time, so that the oldest come first.
fn remove_old_runs(runs: &Path) -> Result<()> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(runs).with_context(|| format!("cannot read {}", runs.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.truncate(paths.len().saturating_sub(RUNS_KEPT));
    for path in paths {
        match fs::remove_dir_all(&path) {
            Ok(()) => {}
            // Another runner was faster.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot remove {}", path.display())),
        }
    }
    Ok(())
}

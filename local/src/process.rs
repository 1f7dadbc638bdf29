//! A program we start, together with every program it starts.

use std::process::ExitStatus;

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};

/// A program in a process group of its own. Dropping this ends the whole group, so that nothing is left
/// running whichever way the runner ends.
#[derive(Debug)]
pub struct ProcessGroup {
    child: Child,
    group: Pid,
    ended: bool,
}

impl ProcessGroup {
    /// Starts the program.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let child = command.process_group(0).spawn().with_context(|| format!("cannot start {program}"))?;
        let id = child.id().with_context(|| format!("{program} ended at once"))?;
        let group = Pid::from_raw(i32::try_from(id).context("a process id beyond 31 bits")?);
        Ok(Self { child, group, ended: false })
    }

    /// Waits until the program has ended by itself.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().await.context("cannot wait for a program")
    }

    /// How it ended, if it has.
    pub fn exit_status(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot look after a program")
    }

    /// Its input, once.
    pub fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Its output, once.
    pub fn take_output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Its messages, once.
    pub fn take_messages(&mut self) -> Option<ChildStderr> {
        self.child.stderr.take()
    }

    /// Ends the whole group, and waits until the program is gone.
    pub async fn end(mut self) -> Result<()> {
        self.kill()?;
        self.wait().await?;
        self.ended = true;
        Ok(())
    }

    fn kill(&self) -> Result<()> {
        match killpg(self.group, Signal::SIGKILL) {
            // Nobody left to end. EPERM is what macOS says for a group that has ended and is not waited for yet.
            Ok(()) | Err(Errno::ESRCH | Errno::EPERM) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot end process group {}", self.group)),
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if let Err(error) = self.kill() {
            eprintln!("{error:#}");
        }
    }
}

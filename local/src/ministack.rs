//! MiniStack, the stand-in for AWS: one process that runs our template and our binaries.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::process::{ChildStdin, Command};

use crate::environment::tail;
use crate::process::ProcessGroup;
use crate::signing::{Credentials, REGION};
use crate::workspace::RunFolder;

/// How long it may take to be ready. It takes a second; a machine under load takes a few.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Two of our ports may be taken between their choice and their use; not three times in a row.
const ATTEMPTS_MAX: usize = 3;

/// MiniStack, ready.
#[derive(Debug)]
pub struct MiniStack {
    process: ProcessGroup,
    /// Held open: when the runner ends, however it does, this closes and MiniStack ends too.
    _lifeline: ChildStdin,
    url: String,
    broker_port: u16,
    log: PathBuf,
}

impl MiniStack {
    /// Starts it on free ports and waits until it is ready. The functions reach SNS at `sns_url`.
    pub async fn start(python: &Path, run: &RunFolder, sns_url: &str, http: &reqwest::Client) -> Result<Self> {
        for _ in 1..ATTEMPTS_MAX {
            match Self::attempt(python, run, sns_url, http).await {
                Err(_) if tail(&run.ministack_log()).contains("ddress already in use") => {}
                started => return started,
            }
        }
        Self::attempt(python, run, sns_url, http).await
    }

    async fn attempt(python: &Path, run: &RunFolder, sns_url: &str, http: &reqwest::Client) -> Result<Self> {
        let (port, broker_port) = free_ports()?;
        let url = format!("http://127.0.0.1:{port}");
        let log = run.ministack_log();
        let output = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let temporary = run.temporary();
        let Credentials { access_key, secret } = root_credentials();
        let mut command = Command::new(python);
        command
            .args(["-c", include_str!("ministack.py")])
            .current_dir(&temporary)
            // MiniStack hands its whole environment to the functions: they get nothing that is not named here.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &temporary)
            .env("TMPDIR", &temporary)
            .env("LANG", "C.UTF-8")
            .env("PYTHONUNBUFFERED", "1")
            .env("AUTH", "true")
            .env("MINISTACK_REGION", REGION)
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("IOT_MTLS_PORT", broker_port.to_string())
            .env("SFTP_ENABLED", "0")
            .env("LAMBDA_EXECUTOR", "local")
            .env("LAMBDA_KEEPALIVE_MS", "3600000")
            .env("LAMBDA_WARM_TTL_SECONDS", "3600")
            .env("AWS_ACCESS_KEY_ID", access_key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ENDPOINT_URL", &url)
            .env("AWS_ENDPOINT_URL_SNS", sns_url)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut process = ProcessGroup::spawn(&mut command)
            .with_context(|| format!("remove {} to have it made again", environment_of(python).display()))?;
        let lifeline = process.take_input().context("MiniStack has no input")?;
        let mut ministack = Self { process, _lifeline: lifeline, url, broker_port, log };
        ministack.wait_until_ready(http).await?;
        Ok(ministack)
    }

    async fn wait_until_ready(&mut self, http: &reqwest::Client) -> Result<()> {
        let address = format!("{}/_ministack/ready", self.url);
        let begun = Instant::now();
        loop {
            if let Some(failure) = self.failure()? {
                bail!(failure);
            }
            // Refused connections are how it looks until it listens.
            if http.get(&address).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("MiniStack is not ready after {READY_WITHIN:?}.\n{}", self.last_words());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Why it has ended, if it has.
    pub fn failure(&mut self) -> Result<Option<String>> {
        let status = self.process.exit_status()?;
        Ok(status.map(|status| format!("MiniStack ended by itself ({status}).\n{}", self.last_words())))
    }

    fn last_words(&self) -> String {
        format!("The end of its log, {}:\n{}", self.log.display(), tail(&self.log))
    }

    /// Where it answers as AWS.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where devices connect with their certificates, on this machine.
    pub fn broker_port(&self) -> u16 {
        self.broker_port
    }

    /// The authority that signed the broker's certificate.
    pub async fn broker_authority(&self, http: &reqwest::Client) -> Result<String> {
        let answer = http.get(format!("{}/_ministack/iot/ca.pem", self.url)).send().await?.error_for_status()?;
        answer.text().await.context("the broker's certificate authority cannot be read")
    }

    /// Ends it with everything it started, at once: it keeps nothing, and asked politely it would first start
    /// the functions anew that were asked as well.
    pub async fn stop(self) -> Result<()> {
        self.process.end().await
    }
}

/// The account's root, whose rights MiniStack does not check.
pub fn root_credentials() -> Credentials {
    Credentials { access_key: "runner".to_owned(), secret: "runner-secret".to_owned() }
}

fn environment_of(python: &Path) -> &Path {
    python.ancestors().nth(2).unwrap_or(python)
}

/// Two ports nobody listens on.
fn free_ports() -> Result<(u16, u16)> {
    let bind = || TcpListener::bind("127.0.0.1:0").context("no port is free on 127.0.0.1");
    // Held both at once, so that they differ.
    let (first, second) = (bind()?, bind()?);
    Ok((first.local_addr()?.port(), second.local_addr()?.port()))
}

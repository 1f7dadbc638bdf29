//! A function as Lambda runs it: its process, and the Runtime API that hands it events and takes its answers.

use std::cell::RefCell;
use std::fs::File;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a function may take for anything: what runs under callgrind takes fifty times its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a function said.
#[derive(Debug)]
enum Said {
    /// It asks for the next event.
    Ready,
    Answer(Vec<u8>),
    Failure(String),
}

/// A function that runs.
pub struct Function {
    name: String,
    child: Child,
    events: UnboundedSender<Vec<u8>>,
    said: UnboundedReceiver<Said>,
    log: PathBuf,
    started: Instant,
}

/// How a process is started: the program, what goes before it, and its environment.
#[derive(Debug, Clone, Default)]
pub struct Start {
    pub program: PathBuf,
    /// A command that runs the program, such as valgrind with its arguments.
    pub under: Vec<String>,
    pub environment: Vec<(String, String)>,
}

impl Function {
    /// Starts a process beneath a Runtime API of its own, and waits until it asks for an event.
    ///
    /// # Errors
    /// When it ends, or does not ask in time.
    pub async fn start(name: &str, start: &Start, folder: &Path) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (events, waiting) = unbounded_channel();
        let (say, said) = unbounded_channel();
        tokio::task::spawn_local(serve(listener, Rc::new(tokio::sync::Mutex::new(waiting)), say));
        let log = folder.join(format!("{name}.log"));
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = match start.under.split_first() {
            None => Command::new(&start.program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(&start.program);
                command
            }
        };
        command
            .env_clear()
            .envs(start.environment.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("cannot run {}", start.program.display()))?;
        let mut function = Self { name: name.to_owned(), child, events, said, log, started };
        match function.listen().await? {
            Said::Ready => Ok(function),
            other => Err(function.failed(&format!("said {other:?} before it was asked"))),
        }
    }

    /// How long ago it was started.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Hands it an event, and waits for the answer and until it asks for the next one.
    ///
    /// # Errors
    /// When it fails, ends, or takes too long.
    pub async fn invoke(&mut self, event: &[u8]) -> Result<Vec<u8>> {
        self.events.send(event.to_vec()).map_err(|_| self.failed("takes no events"))?;
        let answer = match self.listen().await? {
            Said::Answer(answer) => answer,
            Said::Failure(what) => return Err(self.failed(&what)),
            Said::Ready => return Err(self.failed("asks for another event before it has answered")),
        };
        match self.listen().await? {
            Said::Ready => Ok(answer),
            other => Err(self.failed(&format!("said {other:?} after its answer"))),
        }
    }

    /// The most memory it has had, in bytes.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn memory_peak(&self) -> Result<u64> {
        let id = self.child.id().context("it has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1_024)
    }

    /// Ends it as Lambda would, and waits until it has gone. Returns its log.
    ///
    /// # Errors
    /// When it does not go.
    pub async fn end(mut self) -> Result<String> {
        let id = self.child.id().context("it has ended by itself")?;
        kill(Pid::from_raw(i32::try_from(id)?), Signal::SIGTERM)?;
        tokio::time::timeout(PATIENCE, self.child.wait()).await.context("it does not end")??;
        Ok(std::fs::read_to_string(&self.log)?)
    }

    async fn listen(&mut self) -> Result<Said> {
        tokio::select! {
            said = self.said.recv() => said.context("its Runtime API has ended"),
            status = self.child.wait() => {
                let status = status?;
                Err(self.failed(&format!("ended: {status}")))
            }
            () = tokio::time::sleep(PATIENCE) => Err(self.failed("says nothing for a minute")),
        }
    }

    fn failed(&self, what: &str) -> anyhow::Error {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let from = log.len().saturating_sub(2_000);
        anyhow!("{} {what}\n{}", self.name, log.get(from..).unwrap_or(&log))
    }
}

type Events = Rc<tokio::sync::Mutex<UnboundedReceiver<Vec<u8>>>>;

async fn serve(listener: TcpListener, events: Events, say: UnboundedSender<Said>) {
    let number = Rc::new(RefCell::new(0u64));
    while let Ok((stream, _)) = listener.accept().await {
        let (events, say, number) = (events.clone(), say.clone(), number.clone());
        let _ = stream.set_nodelay(true);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| answer(&events, &say, &number, request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    events: &Events,
    say: &UnboundedSender<Said>,
    number: &RefCell<u64>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let body = request.into_body().collect().await?.to_bytes().to_vec();
    if path.ends_with("/invocation/next") {
        say.send(Said::Ready)?;
        let Some(event) = events.lock().await.recv().await else { bail!("no more events") };
        *number.borrow_mut() += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", *number.borrow());
        let deadline = jiff::Timestamp::now().as_millisecond() + 60_000;
        return Ok(Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", id)
            .header("lambda-runtime-deadline-ms", deadline.to_string())
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:it")
            .header("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0")
            .body(Full::new(event.into()))?);
    }
    let said = match path.ends_with("/response") {
        true => Said::Answer(body),
        false => Said::Failure(format!("failed at {path}: {}", String::from_utf8_lossy(&body))),
    };
    say.send(said)?;
    Ok(Response::builder().status(202).body(Full::new("{}".into()))?)
}

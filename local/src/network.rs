//! The whole network on this machine: started, used, stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::aws::Aws;
use crate::client::Api;
use crate::demo::SITES;
use crate::deployment::{self, Outputs};
use crate::device::{Broker, Device};
use crate::enrolment::Enrolment;
use crate::functions::{self, Package};
use crate::gateway::Gateway;
use crate::issuer::{AUDIENCE, Issuer};
use crate::logs::Logs;
use crate::mailbox::Mailbox;
use crate::ministack::{MiniStack, root_credentials};
use crate::page::Page;
use crate::progress::Progress;
use crate::sns_proxy::SnsProxy;
use crate::workspace::{RunFolder, Workspace};
use crate::{environment, sweeps};

/// How a network is started.
#[derive(Clone)]
pub struct Options {
    /// How much is said while it starts.
    pub progress: Progress,
    /// The port of the page and of the public API address. Zero takes a free one.
    pub port: u16,
    /// How many lockers of the demonstration network are registered. With zero, nothing and nobody is.
    pub lockers: usize,
    /// How long a locker may be away before that is a fault. On AWS it is two minutes.
    pub presence_grace: Duration,
    /// Whether what the functions say is printed, beside being kept in a file.
    pub print_logs: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            progress: Progress::silent(),
            port: 0,
            lockers: SITES.len(),
            presence_grace: Duration::from_secs(2),
            print_logs: false,
        }
    }
}

/// The network, running. Dropping it ends everything at once; [`Network::stop`] does so in good order.
pub struct Network {
    /// The API as its callers see it.
    pub api: Api,
    /// What people received.
    pub mailbox: Mailbox,
    /// What stands between the functions and SNS.
    pub sns: SnsProxy,
    /// Gives tokens, also wrong ones.
    pub issuer: Issuer,
    /// Direct access, as the account's root: to look into tables and queues.
    pub aws: Aws,
    /// What the template says about the stack.
    pub outputs: Outputs,
    /// Where devices connect.
    pub broker: Broker,
    /// The packed functions.
    pub packages: Vec<Package>,
    /// The page, and under `api/` the API without signatures.
    pub page_url: String,
    devices: BTreeMap<String, Device>,
    // Dropped in this order: nobody calls what has ended.
    tasks: JoinSet<()>,
    logs: Logs,
    ministack: MiniStack,
    run: RunFolder,
}

impl Network {
    /// Builds, starts, deploys, registers and connects everything.
    ///
    /// # Errors
    /// The error says what went wrong and, where it is known, what to do. Nothing is left running.
    pub async fn start(options: Options) -> Result<Self> {
        let workspace = Workspace::find()?;
        let template = workspace.root.join("template.yaml");
        let template = tokio::fs::read_to_string(&template)
            .await
            .with_context(|| format!("cannot read {}", template.display()))?;
        let run = RunFolder::create(&workspace)?;
        let progress = &options.progress;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;

        let listener = bind(options.port).await?;
        let page_url = format!("http://{}", listener.local_addr()?);
        let issuer_url = format!("{page_url}/issuer");
        let making_issuer = tokio::task::spawn_blocking(move || Issuer::new(issuer_url));

        let (building, preparing) = (progress.step("building the functions"), progress.step("preparing MiniStack"));
        let build = async {
            let packages = functions::build(&workspace, &building).await?;
            let megabytes = packages.iter().map(|package| package.size_bytes).sum::<u64>() as f64 / 1e6;
            building.done(&format!("{} functions, {megabytes:.1} MB zipped", packages.len()));
            anyhow::Ok(packages)
        };
        let prepare = async {
            let python = environment::prepare(&workspace, &preparing).await?;
            preparing.done("ready");
            anyhow::Ok(python)
        };
        let (packages, python) = tokio::try_join!(build, prepare)?;

        let starting = progress.step("starting MiniStack");
        let issuer = making_issuer.await.context("making a key was interrupted")??;
        let mailbox = Mailbox::default();
        let (sns, gateway) = (SnsProxy::new(http.clone(), mailbox.clone()), Gateway::new(http.clone()));
        let page = Page::new(mailbox.clone());
        let mut tasks = JoinSet::new();
        let routes = page.routes().nest("/issuer", issuer.routes()).nest("/api", gateway.routes());
        serve(&mut tasks, listener, routes);
        let sns_listener = bind(0).await?;
        let sns_url = format!("http://{}", sns_listener.local_addr()?);
        serve(&mut tasks, sns_listener, sns.routes());
        let ministack = MiniStack::start(&python, &run, &sns_url, &http).await?;
        sns.forward_to(ministack.url());
        let broker = Broker { port: ministack.broker_port(), authority_pem: ministack.broker_authority(&http).await? };
        starting.done(ministack.url());

        let deploying = progress.step("deploying template.yaml");
        let aws = Aws::new(http.clone(), ministack.url().to_owned(), root_credentials());
        let parameters = [
            ("JwtIssuer", issuer.url().to_owned()),
            ("JwtAudience", AUDIENCE.to_owned()),
            ("LinkSecret", format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())),
            ("PublicUrl", format!("{page_url}/api")),
            ("PresenceGraceSeconds", options.presence_grace.as_secs().to_string()),
            // Stories are played at once, one after the other: nothing waits to be one message with what comes next.
            ("NoticesTogetherSeconds", "0".to_owned()),
            ("MessagesAnHour", "0".to_owned()),
            ("PushPlatformArn", deployment::create_push_platform(&aws).await?),
            ("Architecture", architecture().to_owned()),
        ];
        let outputs = deployment::deploy(&aws, &template, &packages, &parameters, &deploying).await?;
        let api_url = format!("{}/_aws/execute-api/{}/$default", ministack.url(), outputs.get("ApiId")?);
        gateway.forward_to(&api_url);
        let order_system = deployment::admit_order_system(&aws, &outputs).await?;
        let api = Api::new(http, api_url, issuer.clone(), order_system);
        deploying.done("the stack is complete");

        let logs = Logs::follow(aws.clone(), run.functions_log(), options.print_logs, progress.clone())?;

        let enrolment = Enrolment { api: api.clone(), mailbox: mailbox.clone(), broker: broker.clone() };
        let mut devices = BTreeMap::new();
        if options.lockers > 0 {
            let registering = progress.step("registering the demonstration network");
            let connected = match enrolment.demonstration(options.lockers, &registering).await {
                Ok(connected) => connected,
                Err(error) => return Err(anyhow!("{error:#}\n{}", logs.finish().await)),
            };
            devices.extend(connected.into_iter().map(|device| (device.locker_id().to_owned(), device)));
            registering.done(&format!("{} lockers are connected", devices.len()));
        }
        page.show(api.clone(), devices.keys().cloned().collect());
        tasks.spawn(page.refresh());
        let sweeps_function = outputs.get("SweepsFunction")?.to_owned();
        tasks.spawn(sweeps::sweep_every_second(aws.clone(), sweeps_function, progress.clone()));
        Ok(Self {
            api,
            mailbox,
            sns,
            issuer,
            aws,
            outputs,
            broker,
            packages,
            page_url,
            devices,
            tasks,
            logs,
            ministack,
            run,
        })
    }

    /// The device of one locker.
    pub fn device(&self, locker_id: &str) -> Result<&Device> {
        self.devices.get(locker_id).ok_or_else(|| anyhow!("there is no locker {locker_id} in this network"))
    }

    /// All devices, by locker.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.values()
    }

    /// Registers and connects one more locker (the body of `POST /lockers`).
    pub async fn add_locker(&mut self, registration: &Value) -> Result<&Device> {
        let device = self.enrolment().locker(registration).await?;
        Ok(self.devices.entry(device.locker_id().to_owned()).insert_entry(device).into_mut())
    }

    /// To register more teams and people.
    pub fn enrolment(&self) -> Enrolment {
        Enrolment { api: self.api.clone(), mailbox: self.mailbox.clone(), broker: self.broker.clone() }
    }

    /// Runs what is due now, rather than within a second.
    pub async fn sweep(&self) -> Result<()> {
        sweeps::sweep(&self.aws, self.outputs.get("SweepsFunction")?).await?;
        Ok(())
    }

    /// The API without signatures, under the address that links in messages have.
    pub fn public_api_url(&self) -> String {
        format!("{}/api", self.page_url)
    }

    /// The host name of the API in MiniStack, without its own address in DNS: for signed requests by other
    /// tools, which go to MiniStack with this `Host`.
    pub fn api_host(&self) -> Result<String> {
        let port = self.aws.url().rsplit(':').next().context("MiniStack has no port")?;
        Ok(format!("{}.execute-api.127.0.0.1:{port}", self.outputs.get("ApiId")?))
    }

    /// Where the logs of this run are.
    pub fn run(&self) -> &RunFolder {
        &self.run
    }

    /// Waits until the network cannot go on, and says why.
    pub async fn wait_for_failure(&mut self) -> anyhow::Error {
        loop {
            match self.ministack.failure() {
                Ok(None) => tokio::time::sleep(Duration::from_millis(500)).await,
                Ok(Some(failure)) => return anyhow!(failure),
                Err(error) => return error,
            }
        }
    }

    /// Ends everything and removes what was temporary. Logs stay.
    pub async fn stop(self) -> Result<()> {
        let Self { devices, mut tasks, logs, ministack, run, .. } = self;
        drop(devices);
        tasks.shutdown().await;
        logs.finish().await;
        ministack.stop().await?;
        drop(run);
        Ok(())
    }
}

async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("port {port} cannot be used; leave out --port for a free one"))
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, routes: Router) {
    tasks.spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            eprintln!("the runner's own server has stopped: {error}");
        }
    });
}

/// What Lambda calls this machine's kind of processor: our binaries run on it as they are.
fn architecture() -> &'static str {
    if std::env::consts::ARCH == "aarch64" { "arm64" } else { "x86_64" }
}

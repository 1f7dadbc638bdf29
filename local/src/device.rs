//! A simulated locker: connects to the broker with its own certificate, reports faults and parcels, and does
//! what its shadow asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use rumqttc::{MqttOptions, TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::session::{Link, Message};
use crate::shadow::Shadow;
use crate::voice::Voice;

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long the broker may take to acknowledge. Beyond it something is wrong, on one machine.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);
const CONNECTED_WITHIN: Duration = Duration::from_secs(20);
/// The first and the longest pause between attempts to connect; each is twice the one before.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What registering a locker gave it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Also the name of its thing, and its MQTT client id.
    pub locker_id: String,
    pub certificate_pem: String,
    pub private_key: String,
}

impl Identity {
    /// From the answer to `POST /lockers`.
    pub fn from_answer(body: &Value) -> Result<Self> {
        let text = |name: &str| {
            let text = body[name].as_str().map(str::to_owned);
            text.ok_or_else(|| anyhow!("the answer to POST /lockers has no {name}"))
        };
        Ok(Self {
            locker_id: text("thing_name")?,
            certificate_pem: text("certificate_pem")?,
            private_key: text("private_key")?,
        })
    }
}

/// Where devices connect, and who vouches for it.
#[derive(Debug, Clone)]
pub struct Broker {
    pub port: u16,
    pub authority_pem: String,
}

/// What becomes of the test openings that a repair asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOpenings {
    Pass,
    Fail,
    /// Made by nobody: the controller hangs.
    Ignore,
}

/// What comes of it when a locker is asked to switch something off and on again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restarts {
    Help,
    DoNotHelp,
    /// Not answered: the controller hangs.
    Ignore,
}

/// How a locker is, as it sees itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    pub connected: bool,
    /// How often it has connected.
    pub sessions: u32,
    /// What its shadow has closed: unit to what it is closed to.
    pub closed: BTreeMap<String, String>,
    /// Why it is not connected, where that is not its own wish.
    pub trouble: Option<String>,
}

/// A simulated locker. Dropping it cuts its connection.
#[derive(Debug)]
pub struct Device {
    voice: Arc<Voice>,
    messages: mpsc::UnboundedSender<Message>,
    online: watch::Sender<bool>,
    openings: watch::Sender<TestOpenings>,
    restarts: watch::Sender<Restarts>,
    status: watch::Receiver<Status>,
    _connection: JoinSet<()>,
}

impl Device {
    /// Starts the locker and waits until it is connected.
    ///
    /// # Errors
    /// The broker does not let it in: the error says why.
    pub async fn start(identity: &Identity, broker: &Broker) -> Result<Self> {
        let voice = Arc::new(Voice::new(&identity.locker_id));
        let (messages, received) = mpsc::unbounded_channel();
        let (online, openings) = (watch::Sender::new(true), watch::Sender::new(TestOpenings::Pass));
        let restarts = watch::Sender::new(Restarts::DoNotHelp);
        let status = watch::Sender::new(Status::default());
        let device_status = status.subscribe();
        let link = Link {
            options: mqtt_options(identity, broker)?,
            voice: voice.clone(),
            messages: received,
            unacknowledged: BTreeMap::new(),
            taken: 0,
            shadow: Shadow::default(),
            online: online.subscribe(),
            status,
            openings: openings.subscribe(),
            restarts: restarts.subscribe(),
        };
        let mut connection = JoinSet::new();
        connection.spawn(keep_connected(link));
        let device =
            Self { voice, messages, online, openings, restarts, status: device_status, _connection: connection };
        device.wait_until(|status| status.connected, CONNECTED_WITHIN).await?;
        Ok(device)
    }

    /// The locker it is.
    pub fn locker_id(&self) -> &str {
        &self.voice.locker_id
    }

    /// How it is now.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Waits until it is as it should be.
    ///
    /// # Errors
    /// It is not, in time: the error says how it is.
    pub async fn wait_until(&self, fits: impl FnMut(&Status) -> bool, within: Duration) -> Result<Status> {
        let mut status = self.status.clone();
        match tokio::time::timeout(within, status.wait_for(fits)).await {
            Ok(status) => Ok(status.context("the device has stopped")?.clone()),
            Err(_) => bail!("locker {} is not as expected after {within:?}: {:?}", self.locker_id(), self.status()),
        }
    }

    /// Reports faults, each of a unit (`locker` or a compartment's number) and a code. Returns the message as it
    /// was sent, once the broker has it.
    pub async fn report_faults(&self, faults: &[(&str, &str)]) -> Result<Value> {
        let faults: Vec<Value> = faults.iter().map(|(unit, code)| json!({"unit": unit, "code": code})).collect();
        self.send("faults", json!({"faults": faults})).await
    }

    /// Reports that a parcel was put in.
    pub async fn report_deposit(&self, order_id: &str, compartment: u16) -> Result<Value> {
        let event = json!({"type": "parcel_deposited", "order_id": order_id, "compartment": compartment});
        self.send("events", json!({"event": event})).await
    }

    /// Reports that a parcel was taken out.
    pub async fn report_collection(&self, order_id: &str, compartment: u16) -> Result<Value> {
        let event = json!({"type": "parcel_collected", "order_id": order_id, "compartment": compartment});
        self.send("events", json!({"event": event})).await
    }

    /// Reports a test opening that nobody asked for.
    pub async fn report_test_opening(
        &self,
        work_order_id: &str,
        attempt: u32,
        unit: &str,
        passed: bool,
    ) -> Result<Value> {
        let event = json!({
            "type": "test_opening",
            "work_order_id": work_order_id,
            "attempt": attempt,
            "unit": unit,
            "passed": passed,
        });
        self.send("events", json!({"event": event})).await
    }

    /// Sends a message of its own on `lockers/<id>/<channel>`: `body` in the common envelope. Returns it whole,
    /// once the broker has it.
    pub async fn send(&self, channel: &str, body: Value) -> Result<Value> {
        let message = self.voice.say(body);
        self.publish(&self.voice.topic(channel), serde_json::to_vec(&message)?).await?;
        Ok(message)
    }

    /// Sends a message again, as networks do.
    pub async fn send_again(&self, channel: &str, message: &Value) -> Result<()> {
        self.publish(&self.voice.topic(channel), serde_json::to_vec(message)?).await
    }

    /// Publishes these bytes, and returns once the broker has them. A message that it does not get in time is
    /// kept, and sent when there is a connection.
    pub async fn publish(&self, topic: &str, payload: Vec<u8>) -> Result<()> {
        let (received, acknowledged) = oneshot::channel();
        let message = Message { topic: topic.to_owned(), payload, received };
        self.messages.send(message).map_err(|_| anyhow!("locker {} has stopped", self.locker_id()))?;
        match tokio::time::timeout(ACKNOWLEDGED_WITHIN, acknowledged).await {
            Ok(acknowledged) => acknowledged.context("the device has stopped"),
            Err(_) => bail!("the broker did not take a message to {topic} within {ACKNOWLEDGED_WITHIN:?}"),
        }
    }

    /// Decides what becomes of test openings from now on.
    pub fn let_test_openings(&self, outcome: TestOpenings) {
        self.openings.send_replace(outcome);
    }

    /// Decides what comes of it, from now on, when it is asked to switch something off and on again.
    pub fn let_restarts(&self, outcome: Restarts) {
        self.restarts.send_replace(outcome);
    }

    /// Loses the connection without a word, and stays away.
    pub async fn drop_connection(&self) -> Result<()> {
        self.online.send_replace(false);
        self.wait_until(|status| !status.connected, CONNECTED_WITHIN).await?;
        Ok(())
    }

    /// Comes back, and waits until it is connected.
    pub async fn reconnect(&self) -> Result<()> {
        self.online.send_replace(true);
        self.wait_until(|status| status.connected, CONNECTED_WITHIN).await?;
        Ok(())
    }

    /// Loses power for a moment: a new boot, counting its messages from the start.
    pub async fn restart(&self) -> Result<()> {
        self.drop_connection().await?;
        self.voice.boot();
        self.reconnect().await
    }
}

/// Connects again whenever the connection is lost, with longer and longer pauses.
async fn keep_connected(mut link: Link) {
    let mut pause = PAUSE_FIRST;
    let mut online = link.online.clone();
    // Ends with the device, which holds the other end.
    while online.wait_for(|online| *online).await.is_ok() {
        let sessions = link.status.borrow().sessions;
        let ended = link.run_session().await;
        if link.status.borrow().sessions > sessions {
            pause = PAUSE_FIRST;
        }
        let trouble = ended.as_ref().err().map(|error| format!("{error:#}"));
        link.status.send_modify(|status| {
            status.connected = false;
            status.trouble = trouble;
        });
        if ended.is_err() {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

fn mqtt_options(identity: &Identity, broker: &Broker) -> Result<MqttOptions> {
    let mut options = MqttOptions::new(&identity.locker_id, "127.0.0.1", broker.port);
    options.set_keep_alive(KEEP_ALIVE);
    // What was not acknowledged is kept and repeated by the device itself; its orders are in the shadow.
    options.set_clean_session(true);
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls(identity, broker)?))));
    Ok(options)
}

fn tls(identity: &Identity, broker: &Broker) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(broker.authority_pem.as_bytes()) {
        roots.add(certificate.context("the broker's authority is no certificate")?)?;
    }
    let chain = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    let chain = chain.context("the locker's certificate cannot be read")?;
    let key = PrivateKeyDer::from_pem_slice(identity.private_key.as_bytes());
    let key = key.context("the locker's private key cannot be read")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .context("the locker's certificate and key do not belong together")
}

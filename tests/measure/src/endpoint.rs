//! AWS, as far as the functions call it: DynamoDB, SNS and IoT Core behind one TLS port that answers at once, and writes
//! down what it was asked.

use std::cell::{Cell, RefCell};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use aws::store::memory::Memory;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::wire::{self, Change, Units};

/// One request that a function made.
#[derive(Debug, Clone)]
pub struct Call {
    /// What was asked for, such as `PutItem` or `Publish`.
    pub operation: String,
    /// Where it stands in the chain of requests that waited for one another, from 1.
    pub trip: u32,
    pub units: Units,
    /// What another client needs to ask the same.
    pub method: String,
    pub path: String,
    pub target: String,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Call {
    /// The request as the floor is handed it: a line each for what the request line and the headers say, the length of
    /// the body, and the body.
    pub fn for_the_floor(&self) -> Vec<u8> {
        let Self { method, path, target, content_type, body, .. } = self;
        let mut text = format!("{method} {path}\n{target}\n{content_type}\n{}\n", body.len()).into_bytes();
        text.extend_from_slice(body);
        text
    }
}

/// The endpoint, as long as it is not dropped.
pub struct Endpoint {
    state: Rc<State>,
    port: u16,
    authority: PathBuf,
}

struct State {
    store: RefCell<Memory>,
    calls: RefCell<Vec<Call>>,
    changes: RefCell<Vec<Change>>,
    /// The longest chain of requests that were answered one after the other so far.
    trips_done: Cell<u32>,
    pause: Cell<Duration>,
    failure: RefCell<Option<String>>,
}

impl Endpoint {
    /// Opens the port, with a certificate made for it; the authority that vouches for it is written into this folder.
    ///
    /// # Errors
    /// When there is no port, or the folder cannot be written.
    pub async fn open(folder: &Path) -> Result<Self> {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()])?;
        let authority = folder.join("authority.pem");
        fs::write(&authority, made.cert.pem()).with_context(|| format!("cannot write {}", authority.display()))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Rc::new(State {
            store: RefCell::default(),
            calls: RefCell::default(),
            changes: RefCell::default(),
            trips_done: Cell::new(0),
            pause: Cell::new(Duration::ZERO),
            failure: RefCell::default(),
        });
        let serving = state.clone();
        tokio::task::spawn_local(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, state) = (acceptor.clone(), serving.clone());
                let _ = stream.set_nodelay(true);
                tokio::task::spawn_local(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(|request| answer(&state, request));
                    // A client that goes away in the middle has what it wanted, or was ended.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { state, port, authority })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// The certificate that clients have to trust.
    pub fn authority(&self) -> &Path {
        &self.authority
    }

    /// Waits so long before each answer, so that requests made at once are seen to be.
    pub fn pause(&self, pause: Duration) {
        self.state.pause.set(pause);
    }

    /// What was asked since it was last taken, in order.
    pub fn take_calls(&self) -> Vec<Call> {
        self.state.trips_done.set(0);
        self.state.calls.take()
    }

    /// What was written since it was last taken, in order.
    pub fn take_changes(&self) -> Vec<Change> {
        self.state.changes.take()
    }

    /// Fails where something was asked for that is not understood here.
    ///
    /// # Errors
    /// What was asked.
    pub fn check(&self) -> Result<()> {
        self.state
            .failure
            .take()
            .map_or(Ok(()), |what| Err(anyhow!("the endpoint was asked for what it has not: {what}")))
    }

    /// Everything that is kept, to come back to.
    pub fn remember(&self) -> Memory {
        copy(&self.state.store.borrow())
    }

    /// Comes back to what was kept.
    pub fn restore(&self, remembered: &Memory) {
        self.state.store.replace(copy(remembered));
    }
}

fn copy(store: &Memory) -> Memory {
    let copy = Memory::default();
    store.snapshot().into_iter().for_each(|(key, item)| copy.put(key, item));
    copy
}

async fn answer(state: &State, request: Request<Incoming>) -> Result<Response<Full<Bytes>>> {
    // Whoever asks before an answer is out does not wait for it.
    let trip = state.trips_done.get() + 1;
    let header =
        |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
    let (target, content_type) = (header("x-amz-target"), header("content-type"));
    let (method, path) = (request.method().to_string(), request.uri().to_string());
    let body = request.into_body().collect().await?.to_bytes().to_vec();
    let answered = match target.rsplit_once('.') {
        Some((_, operation)) => {
            let asked = serde_json::from_slice(&body).context("a request that is no JSON")?;
            let answer = wire::answer(&state.store.borrow(), operation, &asked);
            answer.map(|it| (operation.to_owned(), it.status, it.body.to_string(), it.units, it.changes))
        }
        None if content_type.starts_with("application/x-www-form-urlencoded") => sns(&String::from_utf8_lossy(&body))
            .map(|(operation, text)| (operation, 200, text, Units::default(), vec![])),
        None => {
            let (operation, status, body) = iot(&method, &path);
            Ok((operation, status, body.to_string(), Units::default(), vec![]))
        }
    };
    let (operation, status, text, units, changes) = match answered {
        Ok(answered) => answered,
        Err(error) => {
            state.failure.replace(Some(format!("{method} {path} {target}: {error:#}")));
            return Ok(Response::builder().status(500).body(Full::default())?);
        }
    };
    state.changes.borrow_mut().extend(changes);
    state.calls.borrow_mut().push(Call { operation, trip, units, method, path, target, content_type, body });
    if !state.pause.get().is_zero() {
        tokio::time::sleep(state.pause.get()).await;
    }
    state.trips_done.set(state.trips_done.get().max(trip));
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "2VVA0K5Q3F0GKBE1OUQ9G5JJ2NVV4KQNSO5AEMVJF66Q9ASUAAJG");
    Ok(response.body(Full::new(text.into()))?)
}

/// SNS's answers, which say no more than that it was done.
fn sns(form: &str) -> Result<(String, String)> {
    let action = form.split('&').find_map(|it| it.strip_prefix("Action=")).context("a form without an action")?;
    let result = match action {
        "Publish" => "<MessageId>94f20ce6-13c5-43a0-9a9e-ca52d816e90b</MessageId>",
        "CreateTopic" => "<TopicArn>arn:aws:sns:eu-central-1:123456789012:topic</TopicArn>",
        "Subscribe" => "<SubscriptionArn>arn:aws:sns:eu-central-1:123456789012:topic:1</SubscriptionArn>",
        "CreatePlatformEndpoint" => "<EndpointArn>arn:aws:sns:eu-central-1:123456789012:endpoint/1</EndpointArn>",
        other => return Err(anyhow!("SNS is not asked to {other}")),
    };
    let text = format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>{result}</{action}Result>\
         <ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata></{action}Response>"
    );
    Ok((action.to_owned(), text))
}

/// IoT Core's answers: every device has been told something before, and everything that is asked for is done.
fn iot(method: &str, path: &str) -> (String, u16, Value) {
    let path = path.split('?').next().unwrap_or_default();
    match (method, path) {
        ("GET", _) if path.ends_with("/shadow") => {
            ("GetThingShadow".to_owned(), 200, json!({ "version": 7, "state": { "desired": {} } }))
        }
        ("POST", _) if path.ends_with("/shadow") => ("UpdateThingShadow".to_owned(), 200, json!({})),
        ("POST", "/keys-and-certificate") => {
            let made = json!({
                "certificateArn": "arn:aws:iot:eu-central-1:123456789012:cert/ab", "certificateId": "ab",
                "certificatePem": "-----BEGIN CERTIFICATE-----", "keyPair": { "PrivateKey": "key", "PublicKey": "key" },
            });
            ("CreateKeysAndCertificate".to_owned(), 200, made)
        }
        _ => (format!("{method} {}", path.split('/').nth(1).unwrap_or_default()), 200, json!({})),
    }
}

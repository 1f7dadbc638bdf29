//! What is measured: a day in the life of orders and lockers, told in the samples under events/, every step of it many
//! times over so that each event is a new one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::runtime_api::{Function, Start};
use crate::wire::{Change, TABLES};

/// How many times each step is taken: once as the first event after a start, and so often again.
pub const TIMES: usize = 21;

/// What the functions' links are signed with here.
const LINK_SECRET: &str = "measured-measured-measured-measured-measured";

/// One thing that happens, to the function that has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What happens, as tables name it.
    pub name: &'static str,
    pub function: &'static str,
    make: Make,
}

/// How the events of a step come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    PlaceOrder,
    AuthoriseDeposit,
    Deposit,
    TellReady,
    ReadOwnOrder,
    Collect,
    GiveFeedback,
    ReadCase,
    ReportAsDriver,
    ReportFault,
    TellDevice,
    Displace,
    Acknowledge,
    ViewOrder,
    ListTrapped,
    Heartbeat,
    Connect,
    ReadLocker,
    SweepNothing,
}

/// Every step, in the order in which they happen.
pub const STEPS: [Step; 19] = [
    Step { name: "an order is placed", function: "order_placement", make: Make::PlaceOrder },
    Step { name: "a deposit is authorised", function: "deposit_authorisation", make: Make::AuthoriseDeposit },
    Step { name: "a parcel is deposited", function: "parcel_events", make: Make::Deposit },
    Step { name: "a customer is told", function: "notification_fan_out", make: Make::TellReady },
    Step { name: "a customer looks at an order", function: "order_choices", make: Make::ReadOwnOrder },
    Step { name: "a parcel is collected", function: "parcel_events", make: Make::Collect },
    Step { name: "feedback becomes a complaint", function: "feedback_submission", make: Make::GiveFeedback },
    Step { name: "a case is looked at", function: "complaints", make: Make::ReadCase },
    Step { name: "a driver reports a door", function: "fault_reports", make: Make::ReportAsDriver },
    Step { name: "a fault is reported", function: "fault_intake", make: Make::ReportFault },
    Step { name: "a device is told", function: "locker_commands", make: Make::TellDevice },
    Step { name: "an order loses its place", function: "rerouting", make: Make::Displace },
    Step { name: "a work order is acknowledged", function: "work_orders", make: Make::Acknowledge },
    Step { name: "support looks at an order", function: "support_view", make: Make::ViewOrder },
    Step { name: "trapped parcels are listed", function: "trapped_parcels", make: Make::ListTrapped },
    Step { name: "a heartbeat arrives", function: "heartbeat_intake", make: Make::Heartbeat },
    Step { name: "a locker connects", function: "presence", make: Make::Connect },
    Step { name: "a locker is looked at", function: "registry", make: Make::ReadLocker },
    Step { name: "a sweep finds what is due", function: "sweeps", make: Make::SweepNothing },
];

/// The network that everything happens in.
pub struct World<'a> {
    pub endpoint: &'a Endpoint,
    events: PathBuf,
    binaries: PathBuf,
    folder: PathBuf,
    running: BTreeMap<&'static str, Function>,
    orders: Vec<(String, u64)>,
    displaced: Vec<(String, u64)>,
    cases: Vec<String>,
    told: Vec<Change>,
    opened: Vec<Change>,
}

impl<'a> World<'a> {
    /// A network with as many lockers and customers as there are times, and a team.
    ///
    /// # Errors
    /// When a function does not do what is asked.
    pub async fn new(endpoint: &'a Endpoint, root: &Path, binaries: &Path, folder: &Path) -> Result<Self> {
        let mut world = Self {
            endpoint,
            events: root.join("events"),
            binaries: binaries.to_owned(),
            folder: folder.to_owned(),
            running: BTreeMap::new(),
            orders: Vec::new(),
            displaced: Vec::new(),
            cases: Vec::new(),
            told: Vec::new(),
            opened: Vec::new(),
        };
        let team = world.sample("registry/register-team")?;
        world.ask("registry", &team).await?;
        for at in 0..TIMES {
            let mut locker = world.sample("registry/register-locker")?;
            edit_body(&mut locker, |body| {
                body["locker_id"] = locker_id(at).into();
                // Some 2 km apart: each has others near.
                body["position"]["latitude_e6"] = (50_001_300 + 20_000 * at).into();
                body["compartments"] = (1..=8).map(|number| json!({ "number": number, "size": "M" })).collect();
            })?;
            world.ask("registry", &locker).await?;
            let mut person = world.sample("registry/register-person")?;
            edit_body(&mut person, |body| {
                body["person_id"] = person_id(at).into();
                body["preferences"] = json!({ "other_locker_within_m": 3_000 });
            })?;
            world.ask("registry", &person).await?;
        }
        Ok(world)
    }

    /// How a function is started here.
    pub fn start(&self, function: &str) -> Start {
        Start { program: self.binaries.join(function), under: Vec::new(), environment: self.environment() }
    }

    fn environment(&self) -> Vec<(String, String)> {
        let tables = TABLES.map(|(_, name)| (format!("{}_TABLE", name.to_uppercase()), name.to_owned()));
        let others = [
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            ("AWS_LAMBDA_FUNCTION_NAME", "measured"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/measured"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "measured"),
            ("LINK_SECRET", LINK_SECRET),
            ("PUBLIC_URL", "https://lockers.example"),
            ("DEVICE_POLICY_NAME", "device"),
            ("NAME_PREFIX", "measured"),
            ("PRESENCE_GRACE_SECONDS", "120"),
            ("NOTICES_TOGETHER_SECONDS", "60"),
            ("MESSAGES_AN_HOUR", "10"),
            ("SERVICED_AFTER_OPENINGS", "20000"),
            ("SUPPORT_HOURS", "rheinland_pfalz Mon-Fri 08:00-18:00"),
        ];
        let own = [
            ("AWS_ENDPOINT_URL".to_owned(), self.endpoint.url()),
            ("AWS_CA_BUNDLE".to_owned(), self.endpoint.authority().display().to_string()),
        ];
        let others = others.map(|(name, value)| (name.to_owned(), value.to_owned()));
        tables.into_iter().chain(others).chain(own).collect()
    }

    /// The events of a step, for what has happened so far.
    ///
    /// # Errors
    /// When a sample is not to be read, or what comes before has not happened.
    pub async fn events(&mut self, step: &Step) -> Result<Vec<Vec<u8>>> {
        if step.make == Make::ReportFault {
            self.place_others().await?;
        }
        (0..TIMES).map(|at| Ok(serde_json::to_vec(&self.event(step.make, at)?)?)).collect()
    }

    fn event(&self, make: Make, at: usize) -> Result<Value> {
        let (locker, person) = (locker_id(at), person_id(at));
        let driver = format!("driver-{at}");
        let order = || self.orders.get(at).cloned().context("no order was placed");
        let displaced = || self.displaced.get(at).cloned().context("no order lost its place");
        Ok(match make {
            Make::PlaceOrder => self.order(at, "a")?,
            Make::AuthoriseDeposit => {
                let mut request = by(self.sample("deposit-authorisation/authorise-deposit")?, &driver);
                edit_body(&mut request, |body| {
                    *body = json!({ "order_id": order().unwrap_or_default().0, "locker_id": locker })
                })?;
                request
            }
            Make::Deposit | Make::Collect => {
                let (order, door) = order()?;
                let sample = if make == Make::Deposit { "parcel-deposited" } else { "parcel-collected" };
                self.message(&format!("parcel-events/{sample}"), at, |message| {
                    message["event"]["order_id"] = order.into();
                    message["event"]["compartment"] = door.into();
                })?
            }
            Make::TellReady => stream_of(self.told.get(at).context("nobody is to be told")?)?,
            Make::ReadOwnOrder => {
                path(by(self.sample("order-choices/read-my-order")?, &person), "order_id", &order()?.0)
            }
            Make::GiveFeedback => {
                path(by(self.sample("feedback-submission/give-my-feedback")?, &person), "order_id", &order()?.0)
            }
            Make::ReadCase => {
                let case = self.cases.get(at).context("nobody has complained")?;
                path(self.sample("complaints/read-case")?, "case_id", case)
            }
            Make::ReportAsDriver => {
                let mut request = by(self.sample("fault-reports/driver")?, &driver);
                edit_body(&mut request, |body| {
                    body["locker_id"] = locker.into();
                    body["unit"] = "8".into();
                })?;
                request
            }
            Make::ReportFault => {
                let door = displaced()?.1.to_string();
                self.message("fault-intake/lock-jammed", at, |message| message["faults"][0]["unit"] = door.into())?
            }
            Make::TellDevice | Make::Displace => stream_of(self.opened.get(at).context("no work order was opened")?)?,
            Make::Acknowledge => path(self.sample("work-orders/acknowledge")?, "work_order_id", &format!("{locker}.1")),
            Make::ViewOrder => path(self.sample("support-view/view-order")?, "order_id", &displaced()?.0),
            Make::ListTrapped => path(self.sample("trapped-parcels/trapped-in-locker")?, "locker_id", &locker),
            Make::Heartbeat => self.message("heartbeat-intake/all-well", at, |_| ())?,
            Make::Connect => self.message("presence/connected", at, |message| {
                message["clientId"] = locker.into();
                message["timestamp"] = jiff::Timestamp::now().as_millisecond().into();
            })?,
            Make::ReadLocker => path(self.sample("registry/read-locker")?, "locker_id", &locker),
            Make::SweepNothing => self.sample("sweeps/every-minute")?,
        })
    }

    /// Takes what a step's events have led to: what was answered, and what each of them has written.
    ///
    /// # Errors
    /// When a request was refused, or an answer lacks what the next steps need.
    pub fn follow(&mut self, step: &Step, answers: &[Vec<u8>], changes: Vec<Change>) -> Result<()> {
        for answer in answers {
            let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
            accepted(step.name, &answer)?;
            let body: Value = answer["body"].as_str().map_or(Ok(Value::Null), serde_json::from_str)?;
            match step.make {
                Make::PlaceOrder => self.orders.push(order_in(&body)?),
                Make::GiveFeedback => {
                    self.cases.push(body["case"].as_str().with_context(|| format!("no case in {body}"))?.to_owned());
                }
                _ => {}
            }
        }
        match step.make {
            Make::Deposit => self.told = changes.into_iter().filter(|it| it.key.sk.starts_with("NOTICE#")).collect(),
            Make::ReportFault => self.opened = changes.into_iter().filter(|it| it.key.sk == "WORK_ORDER").collect(),
            _ => {}
        }
        Ok(())
    }

    /// The orders whose compartments are going to jam.
    async fn place_others(&mut self) -> Result<()> {
        for at in 0..TIMES {
            let order = self.order(at, "b")?;
            let answer = self.ask("order_placement", &order).await?;
            self.displaced.push(order_in(&answer)?);
        }
        self.endpoint.take_changes();
        Ok(())
    }

    fn order(&self, at: usize, which: &str) -> Result<Value> {
        let mut request = self.sample("order-placement/place-order")?;
        request["headers"]["idempotency-key"] = format!("{which}-{at}").into();
        let promised_at = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
        edit_body(&mut request, |body| {
            body["customer_id"] = person_id(at).into();
            body["locker_id"] = locker_id(at).into();
            body["promised_at"] = promised_at.to_string().into();
        })?;
        Ok(request)
    }

    /// A queue's batch of the one message of a sample, as of this locker and of now.
    fn message(&self, sample: &str, at: usize, change: impl FnOnce(&mut Value)) -> Result<Value> {
        let mut batch = self.sample(sample)?;
        let record = &mut batch["Records"][0];
        let mut body: Value = serde_json::from_str(record["body"].as_str().context("a record without a body")?)?;
        let payload = BASE64_STANDARD.decode(body["payload"].as_str().context("a body without a payload")?)?;
        let mut message: Value = serde_json::from_slice(&payload)?;
        let locker = locker_id(at);
        let now = jiff::Timestamp::now();
        if message["locker_id"].is_string() {
            message["locker_id"] = locker.clone().into();
            message["sent_at"] = now.to_string().into();
        }
        change(&mut message);
        body["payload"] = BASE64_STANDARD.encode(message.to_string()).into();
        body["thing"] = locker.clone().into();
        if body["client_id"].is_string() {
            body["client_id"] = locker.into();
        }
        body["received_ms"] = now.as_millisecond().into();
        record["body"] = body.to_string().into();
        Ok(batch)
    }

    fn sample(&self, name: &str) -> Result<Value> {
        let path = self.events.join(name).with_extension("json");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Asks a function that nobody measures.
    async fn ask(&mut self, function: &'static str, request: &Value) -> Result<Value> {
        if !self.running.contains_key(function) {
            let started = Function::start(function, &self.start(function), &self.folder).await?;
            self.running.insert(function, started);
        }
        let running = self.running.get_mut(function).context("it was started")?;
        let answer: Value = serde_json::from_slice(&running.invoke(&serde_json::to_vec(request)?).await?)?;
        self.endpoint.check()?;
        accepted(function, &answer)?;
        Ok(serde_json::from_str(answer["body"].as_str().unwrap_or("null"))?)
    }
}

fn accepted(what: &str, answer: &Value) -> Result<()> {
    let failed = answer["batchItemFailures"].as_array().is_some_and(|it| !it.is_empty());
    match answer["statusCode"].as_u64() {
        Some(status) if !(200..300).contains(&status) => bail!("{what}: {answer}"),
        _ if failed => bail!("{what}: {answer}"),
        _ => Ok(()),
    }
}

fn order_in(body: &Value) -> Result<(String, u64)> {
    let id = body["order"]["id"].as_str().with_context(|| format!("no order in {body}"))?;
    Ok((id.to_owned(), body["compartment"].as_u64().with_context(|| format!("no compartment in {body}"))?))
}

fn locker_id(at: usize) -> String {
    format!("mz-{:03}", at + 1)
}

fn person_id(at: usize) -> String {
    format!("customer-{:03}", at + 1)
}

/// The request as this person's.
fn by(mut request: Value, person: &str) -> Value {
    request["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = person.into();
    request["requestContext"]["requestId"] = format!("request-of-{person}").into();
    request
}

fn path(mut request: Value, name: &str, value: &str) -> Value {
    request["pathParameters"][name] = value.into();
    request["requestContext"]["requestId"] = format!("request-of-{value}").into();
    request
}

fn edit_body(request: &mut Value, change: impl FnOnce(&mut Value)) -> Result<()> {
    let mut body = serde_json::from_str(request["body"].as_str().context("a request without a body")?)?;
    change(&mut body);
    request["body"] = body.to_string().into();
    Ok(())
}

/// The batch of one record in which a stream tells a change.
fn stream_of(change: &Change) -> Result<Value> {
    let table = TABLES.into_iter().find(|(table, _)| *table == change.key.table).context("no such table")?.1;
    let keys = json!({ "pk": { "S": change.key.pk }, "sk": { "S": change.key.sk } });
    let arn = format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/2026-09-01T00:00:00.000");
    Ok(json!({ "Records": [{
        "eventID": "b1892549d7b048de3496f4e6821775e4",
        "eventName": if change.is_new { "INSERT" } else { "MODIFY" },
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_790_000_000, "Keys": keys, "NewImage": change.item,
            "SequenceNumber": "4421584500000000017450439091", "SizeBytes": 900, "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": arn,
    }] }))
}

//! What calls the functions, as template.yaml has it: queues, table streams, the schedule and the gateway. Each may
//! bring things late, in another order, and twice.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use aws::batch::{QueueBatch, StreamBatch};
use aws::http::{Request, Response};
use aws::keys::{Key, Table};
use aws::store::Item;
use aws::store::dynamodb::Tables;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::SignedDuration;
use domain::pacing::Pacing;
use functions::notification_fan_out::Sender;
use functions::{
    complaints, deposit_authorisation, fault_intake, fault_reports, feedback_submission, heartbeat_intake,
    locker_commands, notification_fan_out, order_choices, order_placement, parcel_events, presence, registry,
    rerouting, support_view, sweeps, trapped_parcels, work_orders,
};
use serde_json::{Value, json};

use crate::invariants;
use crate::invocation::{Asked, Cause, Invocation, Ports};
use crate::registrars;
use crate::site;
use crate::trouble::DUPLICATES_IN_A_THOUSAND;
use crate::world::{PUBLIC_URL, World};

/// How long a locker may be away before that is an outage.
pub const GRACE: SignedDuration = SignedDuration::from_secs(120);

/// When support works.
pub const SUPPORT_HOURS: &str = "rheinland_pfalz Mon-Fri 08:00-18:00";

/// For how long a function runs at the most.
pub fn timeout_of(function: &str) -> Duration {
    Duration::from_secs(match function {
        "rerouting" => 60,
        "sweeps" => 50,
        "notification_fan_out" => 30,
        "registry" | "locker_commands" => 20,
        _ => 10,
    })
}

/// How many messages a queue hands over at once, at the most.
pub const QUEUE_BATCH_MAX: usize = 10;

/// After what time a queue hands a message over again that was not dealt with.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(60);

/// How often a queue hands a message over before it is a dead letter.
pub const RECEIVES_MAX: u32 = 5;

/// How often a stream hands records over before it gives them up: once, and ten times again.
pub const STREAM_ATTEMPTS_MAX: u32 = 11;

/// How often the schedule calls.
pub const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// For how long after the beginning the hourly look at lockers alone is a reason for a sweep: where each call of a run is
/// crashed in turn, one look is enough.
const LOOKED_AT_FOR: Duration = Duration::from_secs(6 * 3_600);

/// How many partitions of a stream are read at once.
const SHARDS: u64 = 2;

/// A message in a queue.
#[derive(Debug, Clone)]
pub struct Message {
    /// The queue's name for it: the same each time it is delivered.
    pub id: String,
    pub function: &'static str,
    pub body: String,
    sent: Duration,
    number: u64,
    received: u32,
}

impl Message {
    /// When the broker took it, in milliseconds since 1970.
    pub fn received_ms(&self) -> Option<i64> {
        serde_json::from_str::<Value>(&self.body).ok()?["received_ms"].as_i64()
    }

    /// Who published what, as the rule has written it down.
    pub fn payload(&self) -> Option<(String, Vec<u8>)> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        let payload = BASE64_STANDARD.decode(body["payload"].as_str()?).ok()?;
        Some((body["thing"].as_str()?.to_owned(), payload))
    }
}

#[derive(Default)]
struct Queue {
    visible: RefCell<Vec<Message>>,
    receiving: Cell<bool>,
    sent: Cell<u64>,
    /// How many have been handed over, by their numbers: what came before those that were sent before.
    seen: RefCell<VecDeque<u64>>,
}

/// A function that is fed by a table's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reader {
    pub function: &'static str,
    pub table: Table,
    /// How many records it is handed at once, at the most.
    pub batch_max: usize,
}

/// Who reads which stream.
pub const READERS: [Reader; 5] = [
    Reader { function: "rerouting", table: Table::Network, batch_max: 5 },
    Reader { function: "locker_commands", table: Table::Network, batch_max: 10 },
    Reader { function: "notification_fan_out", table: Table::Network, batch_max: 10 },
    Reader { function: "notification_fan_out", table: Table::Orders, batch_max: 10 },
    Reader { function: "notification_fan_out", table: Table::Cases, batch_max: 10 },
];

impl Reader {
    /// The filter of its event source: whether it is handed that an item of this key was written.
    pub fn wants(&self, key: &Key, item: &Item, inserted: bool) -> bool {
        key.table == self.table
            && match self.function {
                "rerouting" => {
                    ["WORK_ORDER", "SERVICE"].contains(&key.sk.as_str()) && item.contains_key("impact_due_at")
                }
                "locker_commands" => ["WORK_ORDER", "SERVICE"].contains(&key.sk.as_str()),
                _ => inserted && key.is_notice(),
            }
    }
}

#[derive(Default)]
struct Shard {
    records: VecDeque<(Key, u64)>,
    busy: bool,
}

/// What calls the functions.
#[derive(Default)]
pub struct Triggers {
    queues: BTreeMap<&'static str, Queue>,
    shards: RefCell<BTreeMap<(Reader, u64), Shard>>,
    sweep_at: Cell<Option<Duration>>,
    /// What queues have given up, by when.
    pub dead_letters: RefCell<Vec<Message>>,
    /// What streams have given up.
    failed: RefCell<Vec<(Reader, Vec<Key>)>>,
}

/// The functions that are fed by queues.
pub const QUEUED: [&str; 4] = ["fault_intake", "heartbeat_intake", "parcel_events", "presence"];

impl Triggers {
    /// With a queue for each function that has one.
    pub fn new() -> Self {
        Self { queues: QUEUED.iter().map(|name| (*name, Queue::default())).collect(), ..Self::default() }
    }
}

fn tables() -> Tables {
    let name = |table: &str| format!("sim-{table}");
    Tables { network: name("network"), orders: name("orders"), cases: name("cases"), people: name("people") }
}

fn sender(by: &Rc<Invocation>) -> Sender<Ports> {
    let (publisher, signer) = (Ports(by.clone()), by.world.signer.clone());
    Sender { publisher, signer, public_url: PUBLIC_URL.to_owned(), pacing: Pacing::default() }
}

// ---------- queues

impl Triggers {
    /// Puts a message into a function's queue. It may come late, and may come twice.
    pub fn send(&self, world: &Rc<World>, function: &'static str, name: &str, body: String) {
        let queue = &self.queues[function];
        let number = queue.sent.get();
        queue.sent.set(number + 1);
        let mut chance = world.chance(format!("message {function} {name}"));
        let copies = 1 + u32::from(world.trouble.by_chance() && chance.in_a_thousand(DUPLICATES_IN_A_THOUSAND));
        for copy in 0..copies {
            let millis = match chance.below(1_000) {
                _ if !world.trouble.by_chance() => 5,
                0..700 => chance.below(400),
                700..900 => chance.below(5_000),
                900..980 => chance.below(120_000),
                _ => chance.below(1_800_000),
            };
            // What the queue itself delivers twice has one id there; what a device publishes twice has two.
            let own = copy > 0 && chance.in_a_thousand(500);
            let id = format!("{name}{}", if own { "-again" } else { "" });
            let sent = world.executor.now();
            let message = Message { id, function, body: body.clone(), sent, number, received: 0 };
            self.arrive(world, message, Duration::from_millis(millis));
        }
    }

    fn arrive(&self, world: &Rc<World>, message: Message, after: Duration) {
        let later = world.clone();
        world.executor.spawn(async move {
            later.executor.sleep(after).await;
            let queue = &later.triggers.queues[message.function];
            let function = message.function;
            queue.visible.borrow_mut().push(message);
            later.triggers.receive(&later, function);
        });
    }

    fn receive(&self, world: &Rc<World>, function: &'static str) {
        let queue = &self.queues[function];
        if queue.receiving.replace(true) {
            return;
        }
        let later = world.clone();
        world.executor.spawn(async move {
            let number = later.number();
            let mut chance = later.chance(format!("receive {function} {number}"));
            let wait = chance.time(Duration::from_millis(1), Duration::from_millis(20));
            later.executor.sleep(wait).await;
            let queue = &later.triggers.queues[function];
            queue.receiving.set(false);
            let batch: Vec<Message> = {
                let mut visible = queue.visible.borrow_mut();
                chance.shuffle(&mut visible);
                let rest = visible.len().saturating_sub(QUEUE_BATCH_MAX);
                visible.split_off(rest)
            };
            if !queue.visible.borrow().is_empty() {
                later.triggers.receive(&later, function);
            }
            if !batch.is_empty() {
                later.triggers.hand_over(&later, function, batch).await;
            }
        });
    }

    async fn hand_over(&self, world: &Rc<World>, function: &'static str, batch: Vec<Message>) {
        self.count_overtaken(world, function, &batch);
        let records: Vec<Value> = batch
            .iter()
            .map(|message| {
                let sent_ms = world.at(message.sent).as_millisecond().to_string();
                json!({ "messageId": message.id, "body": message.body, "attributes": { "SentTimestamp": sent_ms } })
            })
            .collect();
        let name: String = batch.iter().map(|it| format!("{} {};", it.id, it.received)).collect();
        let by = Invocation::new(world, function, name, Cause::Messages);
        world.tell(|| {
            let ids: Vec<&str> = batch.iter().map(|it| it.id.as_str()).collect();
            format!("  {function} [{:04x}] is handed {}", by.id & 0xffff, ids.join(" "))
        });
        let queued: QueueBatch =
            serde_json::from_value(json!({ "Records": records })).expect("a batch as queues have it");
        let (ports, now) = (Ports(by.clone()), by.now);
        let handler = async {
            match function {
                "fault_intake" => fault_intake::handle(&ports, queued, now).await,
                "heartbeat_intake" => heartbeat_intake::handle(&ports, queued, now).await,
                "parcel_events" => parcel_events::handle(&ports, queued, now).await,
                "presence" => presence::handle(&ports, queued, GRACE, now).await,
                other => panic!("{other} is not fed by a queue"),
            }
        };
        let answer = by.run(timeout_of(function), handler).await;
        for message in batch {
            let failed = match &answer {
                Ok(answer) => answer.batch_item_failures.iter().any(|it| it.item_identifier == message.id),
                Err(_) => true,
            };
            if failed {
                self.return_to_queue(world, message);
            } else {
                world.hold(invariants::AT_ACKNOWLEDGEMENT, &message);
            }
        }
    }

    fn return_to_queue(&self, world: &Rc<World>, mut message: Message) {
        world.counts.borrow_mut().redelivered += 1;
        message.received += 1;
        if message.received >= RECEIVES_MAX {
            world.tell(|| format!("  {} goes to the dead letters of {}", message.id, message.function));
            self.dead_letters.borrow_mut().push(message);
        } else {
            self.arrive(world, message, VISIBILITY_TIMEOUT);
        }
    }

    /// Puts dead letters back, as an operator does once their cause is mended. Returns whether there were any.
    pub fn redrive(&self, world: &Rc<World>) -> bool {
        let dead = self.dead_letters.take();
        let failed = self.failed.take();
        let any = !dead.is_empty() || !failed.is_empty();
        for message in dead {
            self.arrive(world, Message { received: 0, ..message }, Duration::ZERO);
        }
        for (reader, keys) in failed {
            for key in keys {
                self.record(world, reader, key);
            }
        }
        any
    }

    /// How far out of order messages come: how many that were sent later have been handed over before.
    fn count_overtaken(&self, world: &Rc<World>, function: &'static str, batch: &[Message]) {
        let mut counts = world.counts.borrow_mut();
        counts.messages += batch.len() as u64;
        let mut seen = self.queues[function].seen.borrow_mut();
        for message in batch {
            let later = seen.iter().filter(|number| **number > message.number).count() as u32;
            *counts.overtaken.entry(later).or_default() += 1;
            seen.push_back(message.number);
            if seen.len() > 64 {
                seen.pop_front();
            }
        }
    }
}

// ---------- streams

impl Triggers {
    /// An item was written: whoever reads that table's stream and wants it gets it.
    pub fn changed(&self, world: &Rc<World>, key: &Key, item: &Item, inserted: bool) {
        for reader in READERS {
            if reader.wants(key, item, inserted) {
                self.record(world, reader, key.clone());
            }
        }
    }

    fn record(&self, world: &Rc<World>, reader: Reader, key: Key) {
        let shard = crate::chance::seed_of(0, &key.pk) % SHARDS;
        let mut shards = self.shards.borrow_mut();
        let it = shards.entry((reader, shard)).or_default();
        it.records.push_back((key, world.number()));
        if !it.busy {
            it.busy = true;
            let later = world.clone();
            world.executor.spawn(async move { later.triggers.pump(&later, reader, shard).await });
        }
    }

    /// Hands a shard's records over in their order, batch by batch; one that fails comes again, in halves.
    async fn pump(&self, world: &Rc<World>, reader: Reader, shard: u64) {
        let (mut attempts, mut size) = (0, reader.batch_max);
        loop {
            let batch: Vec<(Key, u64)> = {
                let mut shards = self.shards.borrow_mut();
                let it = shards.entry((reader, shard)).or_default();
                if it.records.is_empty() {
                    it.busy = false;
                    return;
                }
                it.records.iter().take(1).cloned().collect()
            };
            let mut chance = world.chance(format!("stream {reader:?} {} {attempts}", batch[0].1));
            let millis = match chance.below(1_000) {
                _ if !world.trouble.by_chance() => 10,
                0..880 => 20 + chance.below(500),
                880..980 => chance.below(20_000),
                _ => chance.below(1_200_000),
            };
            world.executor.sleep(Duration::from_millis(millis)).await;
            let batch: Vec<(Key, u64)> = {
                let shards = self.shards.borrow();
                shards[&(reader, shard)].records.iter().take(size).cloned().collect()
            };
            let keys: Vec<Key> = batch.iter().map(|(key, _)| key.clone()).collect();
            let done = self.feed(world, reader, &keys, &format!("{} {attempts}", batch[0].1)).await;
            let given_up = !done && attempts + 1 >= STREAM_ATTEMPTS_MAX;
            if given_up {
                self.failed.borrow_mut().push((reader, keys.clone()));
            }
            if done || given_up {
                self.shards.borrow_mut().entry((reader, shard)).or_default().records.drain(..batch.len());
                (attempts, size) = (0, reader.batch_max);
            } else {
                world.counts.borrow_mut().redelivered += keys.len() as u64;
                attempts += 1;
                size = (batch.len() / 2).max(1);
            }
            if done && world.trouble.by_chance() && chance.in_a_thousand(DUPLICATES_IN_A_THOUSAND) {
                let (later, after) = (world.clone(), chance.time(Duration::ZERO, Duration::from_secs(30)));
                let name = format!("{} again", batch[0].1);
                world.executor.spawn(async move {
                    later.executor.sleep(after).await;
                    later.triggers.feed(&later, reader, &keys, &name).await;
                });
            }
        }
    }

    /// Hands one batch over. Returns whether it was dealt with.
    async fn feed(&self, world: &Rc<World>, reader: Reader, keys: &[Key], name: &str) -> bool {
        let Reader { function, table, .. } = reader;
        world.counts.borrow_mut().changes += keys.len() as u64;
        let table = match table {
            Table::Network => "sim-network",
            Table::Orders => "sim-orders",
            Table::Cases => "sim-cases",
            Table::People => "sim-people",
        };
        let arn = format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/1");
        let records: Vec<Value> = keys
            .iter()
            .map(|key| {
                let keys = json!({ "pk": { "S": key.pk }, "sk": { "S": key.sk } });
                json!({ "eventName": "MODIFY", "eventSourceARN": arn, "dynamodb": { "Keys": keys } })
            })
            .collect();
        let batch: StreamBatch =
            serde_json::from_value(json!({ "Records": records })).expect("a batch as streams have it");
        let by = Invocation::new(world, function, format!("{table} {name}"), Cause::Changes);
        world.tell(|| {
            let names: Vec<String> = keys.iter().map(|key| format!("{}/{}", key.pk, key.sk)).collect();
            format!("  {function} [{:04x}] is fed {}", by.id & 0xffff, names.join(" "))
        });
        let (ports, tables, now) = (Ports(by.clone()), tables(), by.now);
        let handler = async {
            match function {
                "rerouting" => rerouting::handle(&ports, &tables, batch, now).await,
                "locker_commands" => locker_commands::handle(&ports, &ports, &tables, batch).await,
                _ => notification_fan_out::handle(&ports, &sender(&by), &tables, batch, now).await,
            }
        };
        matches!(by.run(timeout_of(function), handler).await, Ok(Ok(())))
    }
}

// ---------- schedule

impl Triggers {
    /// A sweep runs every minute. Those that would find nothing due are left out: they would change nothing.
    pub fn wait_for_due(&self, world: &Rc<World>) {
        let now = world.executor.now();
        // Lockers are looked at each hour for ever: for some days sweeps come because of that alone.
        let looked_at_for = if world.trouble.by_chance() { LOOKED_AT_FOR } else { LOOKED_AT_FOR / 5 };
        let of_the_clock = |key: &Key| key.sk == "USAGE" && now > looked_at_for;
        let due = world.history.borrow().due.iter().find(|(_, key)| !of_the_clock(key)).map(|(at, _)| *at);
        let Some(due_at) = due else { return };
        let waits = due_at.duration_since(world.now()).max(SignedDuration::ZERO).unsigned_abs();
        let minute = |at: Duration| SWEEP_EVERY * (at.as_secs() / SWEEP_EVERY.as_secs()) as u32;
        let next = minute(now + waits).max(minute(now)) + SWEEP_EVERY;
        if self.sweep_at.get().is_some_and(|at| at <= next && at > now) {
            return;
        }
        self.sweep_at.set(Some(next));
        let later = world.clone();
        world.executor.spawn(async move {
            later.executor.sleep(next - now).await;
            if later.triggers.sweep_at.get() != Some(next) {
                return;
            }
            later.triggers.sweep_at.set(None);
            let copies = match later.chance(format!("sweep {next:?}")).below(20) {
                0 if later.trouble.by_chance() => 2,
                _ => 1,
            };
            for copy in 0..copies {
                let world = later.clone();
                later.executor.spawn(async move { world.triggers.sweep(&world, copy).await });
            }
        });
    }

    async fn sweep(&self, world: &Rc<World>, copy: u32) {
        world.counts.borrow_mut().sweeps += 1;
        let name = format!("{:?} {copy}", world.executor.now());
        let by = Invocation::new(world, "sweeps", name, Cause::Due);
        world.tell(|| format!("  sweeps [{:04x}] runs", by.id & 0xffff));
        let (ports, now) = (Ports(by.clone()), by.now);
        let swept = by
            .run(timeout_of("sweeps"), async {
                let settings =
                    sweeps::Settings { serviced_after_openings: site::SERVICED_AFTER_OPENINGS, support: world.support };
                sweeps::handle(&ports, &sender(&by), &settings, now).await
            })
            .await;
        if let Ok(Ok(_)) = swept {
            world.hold(invariants::AT_SWEEP, &by.now);
        }
        self.wait_for_due(world);
    }
}

// ---------- gateway

/// A request that is being written.
#[derive(Debug, Clone)]
pub struct Call(Value);

/// A request to a route.
pub fn call(route: &str) -> Call {
    Call(json!({
        "routeKey": route,
        "headers": {},
        "pathParameters": {},
        "queryStringParameters": {},
        "requestContext": {},
        "isBase64Encoded": false,
    }))
}

impl Call {
    fn with(mut self, pointer: &str, name: &str, value: impl Into<Value>) -> Self {
        self.0.pointer_mut(pointer).expect("it was written above")[name] = value.into();
        self
    }

    /// By a person with a token.
    pub fn by(self, person: &str) -> Self {
        self.with("/requestContext", "authorizer", json!({ "jwt": { "claims": { "sub": person } } }))
    }

    /// By the order system, which signs.
    pub fn by_order_system(self) -> Self {
        let arn = "arn:aws:iam::123456789012:user/order-system";
        self.with("/requestContext", "authorizer", json!({ "iam": { "userArn": arn } }))
    }

    /// With a part of the path.
    pub fn path(self, name: &str, value: &str) -> Self {
        self.with("/pathParameters", name, value)
    }

    /// With a value in the query string.
    pub fn query(self, name: &str, value: &str) -> Self {
        self.with("/queryStringParameters", name, value)
    }

    /// With a header.
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with("/headers", name, value)
    }

    /// With a JSON body.
    pub fn json(self, body: Value) -> Self {
        self.header("content-type", "application/json").with("", "body", body.to_string())
    }

    /// The route.
    pub fn route(&self) -> &str {
        self.0["routeKey"].as_str().unwrap_or_default()
    }
}

/// An answer, with the question it answers.
#[derive(Debug, Clone)]
pub struct Answer {
    pub asked: Rc<Asked>,
    /// When the function was called.
    pub since: Duration,
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// Whether it was done.
    pub fn is_ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The reason of a refusal.
    pub fn reason(&self) -> &str {
        self.body["error"]["reason"].as_str().unwrap_or_default()
    }
}

impl Triggers {
    /// Has the function of its route answer a request. No answer where the function ended before it had one.
    pub async fn ask(&self, world: &Rc<World>, request: Call, name: &str) -> Option<Answer> {
        world.counts.borrow_mut().requests += 1;
        let Call(mut event) = request;
        let route = event["routeKey"].as_str().unwrap_or_default().to_owned();
        let token = event["pathParameters"]["token"].as_str();
        let asked = Rc::new(Asked {
            person: event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"].as_str().map(str::to_owned),
            link: token.and_then(|token| world.purpose_of(token)),
            body: event["body"].as_str().and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default(),
            route,
        });
        let function = functions::routes().into_iter().find(|(_, route)| *route == asked.route).expect("a route").0;
        let by = Invocation::new(world, function, format!("{} {name}", asked.route), Cause::Request(asked.clone()));
        event["requestContext"]["requestId"] = format!("req-{:016x}", by.id).into();
        world.tell(|| {
            let (id, who) = (by.id & 0xffff, asked.person.as_deref().unwrap_or("-"));
            format!("  {function} [{id:04x}] {} by {who} {} {}", asked.route, event["pathParameters"], asked.body)
        });
        let request: Request = serde_json::from_value(event).expect("a request as the gateway has it");
        let (ports, now, since) = (Ports(by.clone()), by.now, world.executor.now());
        let handler = async {
            match function {
                "registry" => registry::handle(&ports, &registrars::of(&by), &request, now).await,
                "order_placement" => order_placement::handle(&ports, &request, now).await,
                "fault_reports" => fault_reports::handle(&ports, &request, now).await,
                "deposit_authorisation" => deposit_authorisation::handle(&ports, &request, now).await,
                "order_choices" => order_choices::handle(&ports, &world.signer, &request, now).await,
                "work_orders" => work_orders::handle(&ports, &request, now).await,
                "feedback_submission" => {
                    feedback_submission::handle(&ports, &world.signer, &world.support, &request, now).await
                }
                "complaints" => complaints::handle(&ports, &world.support, &request, now).await,
                "support_view" => support_view::handle(&ports, &request, now).await,
                "trapped_parcels" => trapped_parcels::handle(&ports, &request, now).await,
                other => panic!("{other} has no routes"),
            }
        };
        let Response { status_code, body, .. } = by.run(timeout_of(function), handler).await.ok()?;
        world.trace.borrow_mut().number(status_code.into());
        world.trace.borrow_mut().add(&body);
        world.tell(|| format!("  {function} [{:04x}] answers {status_code} {body}", by.id & 0xffff));
        let body = serde_json::from_str(&body).expect("answers are JSON");
        let answer = Answer { asked, since, status: status_code, body };
        world.hold(invariants::AT_ANSWER, &answer);
        Some(answer)
    }
}

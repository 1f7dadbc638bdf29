//! The network: who is registered, what its handlers did.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use aws::batch::{BatchAnswer, QueueMessage, StreamBatch};
use aws::items;
use aws::keys::{self, Key, LockerPart, Table};
use aws::ledger;
use aws::link::LinkSigner;
use aws::quarantine::Quarantined;
use aws::store::dynamodb::Tables;
use aws::store::memory::Memory;
use aws::store::{Item, Store};
use domain::case::Case;
use domain::compartment::Compartment;
use domain::decision::Event;
use domain::delivery::Delivery;
use domain::door::Door;
use domain::heartbeat::Heartbeat;
use domain::locker::Locker;
use domain::order::Order;
use domain::pacing::Pacing;
use domain::presence::Presence;
use domain::preventive::SERVICED_AFTER_OPENINGS;
use domain::work_order::WorkOrder;
use domain::{State, StateKey, Timestamp};
use functions::notification_fan_out::{self, Sender};
use functions::registry::Registrars;
use functions::sweeps::{Settings, SweepFailure, Swept};
use functions::{
    complaints, deposit_authorisation, fault_intake, fault_reports, feedback_submission, heartbeat_intake,
    locker_commands, order_choices, order_placement, parcel_events, presence, registry, rerouting, support_view,
    sweeps, trapped_parcels, work_orders,
};
use serde_json::{Value, json};

use super::aws_fake::{FakeAws, Mailbox, Shadows};
use super::devices::batch;
use super::requests::{Answer, Call, call};
use super::{GRACE, at, id, support};

/// A network in memory.
pub struct Network {
    pub store: Memory,
    pub tables: Tables,
    pub shadows: Shadows,
    pub sender: Sender<Mailbox>,
    pub aws: FakeAws,
    registrars: Registrars,
    pub settings: Settings,
    now: Cell<Timestamp>,
    /// What the streams have brought to the handlers.
    streamed: RefCell<BTreeMap<Key, Item>>,
}

/// How many changes a stream hands over at once.
const STREAM_BATCH_MAX: usize = 100;

/// The secret that links are signed with.
pub const LINK_SECRET: &str = "a secret of thirty-two characters";

impl Network {
    /// A network without anyone.
    pub fn empty() -> Self {
        let aws = FakeAws::default();
        let name = |table: &str| format!("test-{table}");
        Self {
            store: Memory::default(),
            tables: Tables {
                network: name("network"),
                orders: name("orders"),
                cases: name("cases"),
                people: name("people"),
            },
            shadows: Shadows::default(),
            sender: Sender {
                publisher: Mailbox::default(),
                signer: LinkSigner::new(LINK_SECRET).unwrap(),
                public_url: "https://example.org".to_owned(),
                // Most tests are about what is said, not about when: those that are set it.
                pacing: Pacing::NONE,
            },
            registrars: aws.registrars(),
            settings: Settings { serviced_after_openings: SERVICED_AFTER_OPENINGS, support: support() },
            aws,
            now: Cell::new(at(0)),
            streamed: RefCell::default(),
        }
    }

    /// Mainz: three lockers, `mz-04` 400 m and `mz-05` 1,100 m from `mz-03`; a team; and four customers. Anna is
    /// to be asked, Ben goes to another locker within 3 km, Cleo wants it brought home, Dora goes to another
    /// locker, but not to `mz-04`.
    pub async fn mainz() -> Self {
        let network = Self::empty();
        network.register_locker("mz-03", 0, &[(1, "S"), (2, "S"), (3, "M"), (7, "M"), (9, "L"), (12, "XL")]).await;
        network.register_locker("mz-04", 400, &[(1, "M"), (2, "M")]).await;
        network.register_locker("mz-05", 1_100, &[(1, "S"), (2, "M"), (3, "L")]).await;
        let team = json!({
            "team_id": "mechanics-1", "region": "mainz", "name": "Mechanik Mainz", "skills": ["mechanics", "network"],
            "language": "german", "email": "mechanics@example.org",
        });
        network.call(call("POST /teams").by("op-1").json(team)).await.ok();
        network.register_person("anna", Value::Null).await;
        network.register_person("ben", json!({ "other_locker_within_m": 3_000 })).await;
        network.register_person("cleo", json!({ "home": true })).await;
        network.register_person("dora", json!({ "other_locker_within_m": 3_000, "never": ["mz-04"] })).await;
        network.drain().await;
        network
    }

    pub async fn register_locker(&self, locker: &str, metres_north: i32, compartments: &[(u16, &str)]) {
        let compartments: Vec<Value> =
            compartments.iter().map(|(number, size)| json!({ "number": number, "size": size })).collect();
        let body = json!({
            "locker_id": locker, "name": format!("Standort {locker}"), "region": "mainz", "compartments": compartments,
            // 0.111 m for each millionth of a degree.
            "position": { "latitude_e6": 50_001_300 + metres_north * 9, "longitude_e6": 8_258_800 },
        });
        self.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    }

    pub async fn register_person(&self, person: &str, preferences: Value) {
        let body = json!({
            "person_id": person, "language": "english", "email": format!("{person}@example.org"),
            "push_token": format!("token-of-{person}"), "preferences": preferences,
            // They never sleep: tests are played at any hour.
            "quiet_hours": { "from": "00:00", "until": "00:00" },
        });
        self.call(call("POST /people").by("op-1").json(body)).await.ok();
    }

    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// Lets time pass, to so many seconds after tests begin.
    pub fn wait_until(&self, second: i64) {
        self.now.set(at(second));
    }

    /// Answers a request, as the gateway would have the function of its route do.
    pub async fn call(&self, call: Call) -> Answer {
        self.call_over(&self.store, &call).await
    }

    /// The same, over another store.
    pub async fn call_over<S: Store>(&self, store: &S, call: &Call) -> Answer {
        let (request, now, signer) = (call.request(), self.now(), &self.sender.signer);
        let function = functions::routes().into_iter().find(|(_, route)| *route == request.route_key);
        let response = match function.expect("a route").0 {
            "registry" => registry::handle(store, &self.registrars, &request, now).await,
            "order_placement" => order_placement::handle(store, &request, now).await,
            "fault_reports" => fault_reports::handle(store, &request, now).await,
            "deposit_authorisation" => deposit_authorisation::handle(store, &request, now).await,
            "order_choices" => order_choices::handle(store, signer, &request, now).await,
            "work_orders" => work_orders::handle(store, &request, now).await,
            "feedback_submission" => feedback_submission::handle(store, signer, &support(), &request, now).await,
            "complaints" => complaints::handle(store, &support(), &request, now).await,
            "support_view" => support_view::handle(store, &request, now).await,
            "trapped_parcels" => trapped_parcels::handle(store, &request, now).await,
            other => panic!("{other} has no routes"),
        };
        response.into()
    }

    /// Hands messages to a function that is fed by a queue, as one batch.
    pub async fn deliver(&self, function: &str, messages: impl IntoIterator<Item = QueueMessage>) -> BatchAnswer {
        self.deliver_over(&self.store, function, messages).await
    }

    /// The same, over another store.
    pub async fn deliver_over<S: Store>(
        &self,
        store: &S,
        function: &str,
        messages: impl IntoIterator<Item = QueueMessage>,
    ) -> BatchAnswer {
        let (batch, now) = (batch(messages), self.now());
        match function {
            "fault_intake" => fault_intake::handle(store, batch, now).await,
            "heartbeat_intake" => heartbeat_intake::handle(store, batch, now).await,
            "parcel_events" => parcel_events::handle(store, batch, now).await,
            "presence" => presence::handle(store, batch, GRACE, now).await,
            other => panic!("{other} is not fed by a queue"),
        }
    }

    /// Hands a message over that is understood, and lets the streams run.
    #[track_caller]
    pub fn happens(&self, function: &'static str, message: QueueMessage) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            let known = self.quarantined().len();
            let answer = self.deliver(function, [message]).await;
            assert_eq!(answer, BatchAnswer::default(), "{place}");
            assert_eq!(self.quarantined().len(), known, "{place}: {:?}", self.quarantined().last());
            self.drain().await;
        }
    }

    /// Has a technician take a step.
    pub async fn step(&self, work_order: &str, step: &str, body: Value) -> Answer {
        let call = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", work_order);
        let answer = self.call(call.path("step", step).json(body)).await;
        self.drain().await;
        answer
    }

    /// Runs what is due.
    pub async fn sweep(&self) -> Result<Swept, SweepFailure> {
        self.sweep_over(&self.store).await
    }

    /// The same, over another store.
    pub async fn sweep_over<S: Store>(&self, store: &S) -> Result<Swept, SweepFailure> {
        sweeps::handle(store, &self.sender, &self.settings, self.now()).await
    }

    /// Brings every item that has changed to the functions fed by streams, until nothing changes any more.
    pub async fn drain(&self) {
        self.drain_over(&self.store).await;
    }

    /// The same, over another store.
    pub async fn drain_over<S: Store>(&self, store: &S) {
        for _ in 0..50 {
            let changed = self.changed();
            if changed.is_empty() {
                return;
            }
            self.stream_over(store, &changed).await;
        }
        panic!("the streams do not run dry");
    }

    /// Items that the streams have not brought to anyone yet. Of notices they bring the new ones only, as the template
    /// has it: one that was put back comes again when it is due.
    fn changed(&self) -> Vec<Key> {
        let now = self.store.snapshot();
        let before = self.streamed.replace(now.clone());
        let brought = |key: &Key, item: &Item| before.get(key).is_some_and(|it| key.is_notice() || it == item);
        now.into_iter().filter(|(key, item)| !brought(key, item)).map(|(key, _)| key).collect()
    }

    /// Hands changes to every function fed by a stream.
    pub async fn stream(&self, changed: &[Key]) {
        self.stream_over(&self.store, changed).await;
    }

    /// The same, over another store.
    pub async fn stream_over<S: Store>(&self, store: &S, changed: &[Key]) {
        for changed in changed.chunks(STREAM_BATCH_MAX) {
            let batch = self.stream_batch(changed);
            rerouting::handle(store, &self.tables, batch.clone(), self.now()).await.unwrap();
            locker_commands::handle(store, &self.shadows, &self.tables, batch.clone()).await.unwrap();
            notification_fan_out::handle(store, &self.sender, &self.tables, batch, self.now()).await.unwrap();
        }
    }

    /// Changes as a table's stream tells them.
    pub fn stream_batch(&self, changed: &[Key]) -> StreamBatch {
        let table = |table: Table| match table {
            Table::Network => &self.tables.network,
            Table::Orders => &self.tables.orders,
            Table::Cases => &self.tables.cases,
            Table::People => &self.tables.people,
        };
        let records: Vec<Value> = changed
            .iter()
            .map(|key| {
                json!({
                    "eventName": "MODIFY",
                    "eventSourceARN":
                        format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{}/stream/1", table(key.table)),
                    "dynamodb": { "Keys": { "pk": { "S": key.pk }, "sk": { "S": key.sk } } },
                })
            })
            .collect();
        serde_json::from_value(json!({ "Records": records })).unwrap()
    }

    /// Places an order, and returns its id and its compartment in `mz-03`.
    pub async fn place_order(&self, customer: &str, size: &str) -> (String, u16) {
        let body = json!({ "customer_id": customer, "locker_id": "mz-03", "size": size });
        let key = format!("{customer}-{size}-{}", self.kept().len());
        let placed =
            self.call(call("POST /orders").by_order_system().header("idempotency-key", &key).json(body)).await.ok();
        self.drain().await;
        let compartment = placed["compartment"].as_u64().unwrap().try_into().unwrap();
        (placed["order"]["id"].as_str().unwrap().to_owned(), compartment)
    }

    /// Places an order and has it deposited by `driver-17`.
    pub async fn deposit_order(&self, customer: &str, size: &str) -> (String, u16) {
        let (order, compartment) = self.place_order(customer, size).await;
        let body = json!({ "order_id": order, "locker_id": "mz-03" });
        self.call(call("POST /deposits").by("driver-17").json(body)).await.ok();
        self.happens("parcel_events", super::devices::deposited("mz-03", &format!("d-{order}"), &order, compartment))
            .await;
        (order, compartment)
    }

    /// Has an order deposited and collected.
    pub async fn collect_order(&self, customer: &str, size: &str) -> String {
        let (order, compartment) = self.deposit_order(customer, size).await;
        self.happens("parcel_events", super::devices::collected("mz-03", &format!("c-{order}"), &order, compartment))
            .await;
        order
    }

    pub fn state<T: TryFrom<State>>(&self, name: StateKey) -> Option<T> {
        let item = self.store.snapshot().remove(&keys::of_state(&name))?;
        T::try_from(items::read_state(&name, item).unwrap().state).ok()
    }

    pub fn order(&self, order: &str) -> Order {
        self.state(StateKey::Order(id(order))).expect("an order")
    }

    pub fn locker(&self, locker: &str) -> Locker {
        self.state(StateKey::Locker(id(locker))).expect("a locker")
    }

    pub fn compartment(&self, locker: &str, number: u16) -> Compartment {
        self.state(StateKey::Compartment(id(locker), number.try_into().unwrap())).expect("a compartment")
    }

    pub fn work_order(&self, locker: &str) -> Option<WorkOrder> {
        self.state(StateKey::WorkOrder(id(locker)))
    }

    /// The latest work orders of all lockers.
    pub fn work_orders(&self) -> Vec<WorkOrder> {
        let names = |key: &Key| match keys::locker_part(key) {
            Some(LockerPart::WorkOrder(locker)) => Some(StateKey::WorkOrder(locker)),
            _ => None,
        };
        let kept = self.store.snapshot().into_iter().filter_map(|(key, item)| Some((names(&key)?, item)));
        kept.map(|(name, item)| WorkOrder::try_from(items::read_state(&name, item).unwrap().state).ok().unwrap())
            .collect()
    }

    pub fn presence(&self, locker: &str) -> Option<Presence> {
        self.state(StateKey::Presence(id(locker)))
    }

    pub fn heartbeat(&self, locker: &str) -> Option<Heartbeat> {
        self.state(StateKey::Heartbeat(id(locker)))
    }

    pub fn door(&self, locker: &str, number: u16) -> Option<Door> {
        self.state(StateKey::Door(id(locker), number.try_into().unwrap()))
    }

    pub fn case(&self, case: &str) -> Case {
        self.state(StateKey::Case(id(case))).expect("a case")
    }

    pub fn delivery(&self, order: &str) -> Delivery {
        self.state(StateKey::Delivery(id(order))).expect("a delivery")
    }

    /// The ledger: every notice, by the time it was entered.
    pub fn notices(&self) -> Vec<ledger::Entry> {
        let mut notices: Vec<ledger::Entry> = self
            .store
            .snapshot()
            .into_iter()
            .filter(|(key, _)| key.is_notice())
            .map(|(key, item)| ledger::read(&key, item).unwrap().state)
            .collect();
        notices.sort_by_key(|entry| entry.notice.created_at);
        notices
    }

    /// The kinds of the notices in the ledger, sorted.
    pub fn told(&self) -> Vec<&'static str> {
        let mut kinds: Vec<&str> = self.notices().iter().map(|entry| entry.notice.message.kind()).collect();
        kinds.sort_unstable();
        kinds
    }

    /// The status of the one notice of a kind.
    #[track_caller]
    pub fn status_of(&self, kind: &str) -> ledger::Status {
        let found: Vec<ledger::Entry> =
            self.notices().into_iter().filter(|entry| entry.notice.message.kind() == kind).collect();
        let [entry] = &found[..] else { panic!("{kind}: {found:?}") };
        entry.status.clone()
    }

    /// What the history of a locker tells of one event.
    pub fn happened_at(&self, locker: &str, event: &str) -> Option<Event> {
        let key = keys::of_state(&StateKey::Locker(id(locker))).event(&id(event));
        let item = self.store.snapshot().remove(&key)?;
        Some(items::read::<items::HistoryEntry>(&key, item).unwrap().state.event)
    }

    /// What is in quarantine.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        let kept = self.store.snapshot().into_iter().filter(|(key, _)| key.pk.starts_with("QUARANTINE#"));
        kept.map(|(key, item)| items::read(&key, item).unwrap().state).collect()
    }

    /// Everything that is kept except what is in quarantine, and what is written each hour or day whatever happens.
    pub fn kept(&self) -> BTreeMap<Key, Item> {
        let by_the_clock = |key: &Key| key.sk == "USAGE" || key.pk.starts_with("DAYS#");
        let kept = self.store.snapshot().into_iter().filter(|(key, _)| !by_the_clock(key));
        kept.filter(|(key, _)| !key.pk.starts_with("QUARANTINE#")).collect()
    }
}

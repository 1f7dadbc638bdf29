//! What is stored, item by item as in tests/stored: a change of any of them is a change of what older versions
//! wrote and newer ones must read.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use aws::apply::{Cause, apply};
use aws::items::{self, HistoryEntry, Kept, Versioned};
use aws::keys::{self, Index, Key, Table};
use aws::ledger::{self, Found, Status};
use aws::quarantine::{self, Quarantined};
use aws::store::memory::Memory;
use aws::store::{Item, Query, Range, Store};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::decision::Event;
use domain::notice::Notice;
use domain::{Decision, State, StateKey};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::{at, id, kept};

/// A stored item in plain JSON.
fn golden(name: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/stored/{name}.json"));
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).unwrap(),
        AttributeValue::Bool(truth) => json!(truth),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::L(values) => values.iter().map(plain).collect(),
        AttributeValue::M(fields) => fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        other => panic!("nothing is stored as {other:?}"),
    }
}

fn plain_item(item: &Item) -> Value {
    item.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::Bool(truth) => AttributeValue::Bool(*truth),
        Value::Null => AttributeValue::Null(true),
        Value::Array(values) => AttributeValue::L(values.iter().map(attribute).collect()),
        Value::Object(fields) => {
            AttributeValue::M(fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
    }
}

fn stored_item(golden: &Value) -> Item {
    golden.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// The state a golden item is of, read as JSON.
fn state<T: DeserializeOwned>(name: &str, wrap: impl Fn(T) -> State) -> State {
    let value: T = serde_json::from_value(golden(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    wrap(value)
}

/// Every state there is an item of.
fn states() -> BTreeMap<&'static str, State> {
    BTreeMap::from([
        ("case", state("case", State::Case)),
        ("case-sorted", state("case-sorted", State::Case)),
        ("case-reopened", state("case-reopened", State::Case)),
        ("case-joined", state("case-joined", State::Case)),
        ("case-contested", state("case-contested", State::Case)),
        ("compartment-faulted", state("compartment-faulted", State::Compartment)),
        ("compartment-free", state("compartment-free", State::Compartment)),
        ("compartment-reserved", state("compartment-reserved", State::Compartment)),
        ("compartment-unknown", state("compartment-unknown", State::Compartment)),
        ("delivery", state("delivery", State::Delivery)),
        ("door", state("door", State::Door)),
        ("fault-record", state("fault-record", State::FaultRecord)),
        ("fault-record-uncounted", state("fault-record-uncounted", State::FaultRecord)),
        ("fault-record-acknowledged", state("fault-record-acknowledged", State::FaultRecord)),
        ("feedback", state("feedback", State::Feedback)),
        ("heartbeat", state("heartbeat", State::Heartbeat)),
        ("heartbeat-silent", state("heartbeat-silent", State::Heartbeat)),
        ("incident", state("incident", State::Incident)),
        ("incident-archived", state("incident-archived", State::ArchivedIncident)),
        ("locker", state("locker", State::Locker)),
        ("locker-built", state("locker-built", State::Locker)),
        ("order", state("order", State::Order)),
        ("order-in-custody", state("order-in-custody", State::Order)),
        ("order-placed", state("order-placed", State::Order)),
        ("person", state("person", State::Person)),
        ("preferences", state("preferences", State::Preferences)),
        ("presence-grace", state("presence-grace", State::Presence)),
        ("presence-up", state("presence-up", State::Presence)),
        ("order-placed-by-measures", state("order-placed-by-measures", State::Order)),
        ("preferences-reachable", state("preferences-reachable", State::Preferences)),
        ("correspondence", state("correspondence", State::Correspondence)),
        ("person-abroad", state("person-abroad", State::Person)),
        ("preferences-shop", state("preferences-shop", State::Preferences)),
        ("shop", state("shop", State::Shop)),
        ("bundle", state("bundle", State::Bundle)),
        ("order-chosen", state("order-chosen", State::Order)),
        ("service-plan", state("service-plan", State::ServicePlan)),
        ("compartment-blocked", state("compartment-blocked", State::Compartment)),
        ("locker-in-maintenance", state("locker-in-maintenance", State::Locker)),
        ("usage", state("usage", State::Usage)),
        ("preventive-work", state("preventive-work", State::PreventiveWork)),
        ("locker-day", state("locker-day", State::LockerDay)),
        ("repair-times", state("repair-times", State::RepairTimes)),
        ("site-visit", state("site-visit", State::SiteVisit)),
        ("team", state("team", State::Team)),
        ("team-operations", state("team-operations", State::Team)),
        ("team-support", state("team-support", State::Team)),
        ("work-order-archived", state("work-order-archived", State::ArchivedWorkOrder)),
        ("work-order-expected", state("work-order-expected", State::WorkOrder)),
        ("work-order-on-hold", state("work-order-on-hold", State::WorkOrder)),
        ("work-order-proven", state("work-order-proven", State::WorkOrder)),
        ("work-order-open", state("work-order-open", State::WorkOrder)),
        ("work-order-visited", state("work-order-visited", State::WorkOrder)),
        ("work-order-verified", state("work-order-verified", State::WorkOrder)),
    ])
}

/// The entries of the ledger there are items of.
const NOTICES: [&str; 3] = ["notice-pending", "notice-sent", "notice-superseded"];

/// Does not compile until a new kind of state is thought of here.
fn has_a_golden_item(state: &State) -> bool {
    match state {
        State::Locker(_)
        | State::Compartment(_)
        | State::Presence(_)
        | State::ServicePlan(_)
        | State::Heartbeat(_)
        | State::Door(_)
        | State::FaultRecord(_)
        | State::Usage(_)
        | State::PreventiveWork(_)
        | State::LockerDay(_)
        | State::RepairTimes(_)
        | State::WorkOrder(_)
        | State::ArchivedWorkOrder(_)
        | State::Incident(_)
        | State::ArchivedIncident(_)
        | State::SiteVisit(_)
        | State::Team(_)
        | State::Order(_)
        | State::Bundle(_)
        | State::Shop(_)
        | State::Preferences(_)
        | State::Correspondence(_)
        | State::Delivery(_)
        | State::Feedback(_)
        | State::Case(_)
        | State::Person(_) => true,
    }
}

#[test]
fn every_state_is_stored_as_it_always_was() {
    for (name, state) in states() {
        let golden = golden(name);
        let version = golden["version"].as_u64().unwrap();
        assert_eq!(plain_item(&items::of_state(&state, version)), golden, "{name}");
        assert!(has_a_golden_item(&state));
    }
}

#[test]
fn every_stored_state_reads_back_as_what_it_was() {
    for (name, state) in states() {
        let golden = golden(name);
        let read = items::read_state(&state.key(), stored_item(&golden)).unwrap();
        assert_eq!(read, Versioned { version: golden["version"].as_u64().unwrap(), state }, "{name}");
    }
}

#[test]
fn whoever_looks_at_everything_reads_each_item_as_what_it_is() {
    let read = |name: &str, table: Table| {
        let golden = golden(name);
        let item = stored_item(&golden);
        let kept = items::read_kept(&items::key_of(table, &item).unwrap(), item).unwrap();
        assert_eq!(kept.version, golden["version"].as_u64().unwrap(), "{name}");
        kept.state
    };
    for (name, state) in states() {
        assert_eq!(read(name, keys::of_state(&state.key()).table), Kept::State(Box::new(state)), "{name}");
    }
    for name in NOTICES {
        let Kept::Notice(entry) = read(name, Table::Orders) else { panic!("{name}") };
        assert_eq!(serde_json::to_value(entry.notice).unwrap(), golden(name)["notice"], "{name}");
    }
    let Kept::History(entry) = read("history-entry", Table::Orders) else { panic!("no history entry") };
    assert_eq!(entry.event_id, id("m-0044"));
    let Kept::Quarantined(message) = read("quarantined", Table::Network) else { panic!("nothing in quarantine") };
    assert_eq!(json!(message.body), golden("quarantined")["body"]);
}

#[test]
fn an_item_of_no_known_kind_is_not_read() {
    for kind in [json!("wish"), json!(7), Value::Null] {
        let mut item = golden("order");
        item["kind"] = kind.clone();
        let key = keys::of_state(&StateKey::Order(id("o-1001")));
        let unreadable = items::read_kept(&key, stored_item(&item)).unwrap_err();
        assert!(unreadable.to_string().contains("unknown kind"), "{kind}: {unreadable}");
    }
}

#[test]
fn every_stored_state_carries_the_key_it_is_found_under() {
    for (name, state) in states() {
        let key = keys::of_state(&state.key());
        let carried = items::key_of(key.table, &stored_item(&golden(name)));
        assert_eq!(carried, Some(key), "{name}");
    }
}

#[test]
fn what_a_later_version_wrote_is_not_read() {
    for (name, state) in states() {
        for (attribute, value) in [("schema", json!(2)), ("schema", json!("1")), ("version", Value::Null)] {
            let mut later = golden(name);
            later[attribute] = value;
            let unreadable = items::read_state(&state.key(), stored_item(&later)).unwrap_err();
            let problem = unreadable.to_string();
            assert!(problem.contains(attribute), "{name}: {problem}");
        }
        let mut without = golden(name);
        without.as_object_mut().unwrap().remove("schema");
        items::read_state(&state.key(), stored_item(&without)).unwrap_err();
    }
}

#[tokio::test]
async fn an_item_of_a_later_version_stops_the_event_and_stays_as_it_is() {
    let store = Memory::default();
    let mut later = golden("order");
    later["schema"] = json!(2);
    let name = StateKey::Order(id("o-1001"));
    let key = keys::of_state(&name);
    let write = aws::store::Write::Create { key: key.clone(), item: stored_item(&later) };
    store.commit(vec![write]).await.unwrap();
    let cause = Cause::new(name.clone(), id("e-1"), at(0));
    let outcome = apply(&store, &cause, async |view| {
        view.read(std::slice::from_ref(&name)).await?;
        Ok(Decision::new(()))
    })
    .await;
    assert!(outcome.unwrap_err().to_string().contains("schema 2"));
    assert_eq!(store.snapshot().len(), 1);
}

#[tokio::test]
async fn a_history_entry_is_stored_as_it_always_was() {
    let store = Memory::default();
    let cause = Cause { fingerprint: Some("9f86d081".to_owned()), ..cause().by("mz-03") };
    apply(&store, &cause, async |_| {
        let mut decision = Decision::new(());
        decision.record(Event::ParcelDeposited { compartment: 7.try_into().unwrap() });
        Ok(decision)
    })
    .await
    .unwrap();
    let key = keys::of_state(&cause.subject).event(&cause.event);
    let item = kept(&store, &key).await.unwrap();
    assert_eq!(plain_item(&item), golden("history-entry"));
    let read: Versioned<HistoryEntry> = items::read(&key, stored_item(&golden("history-entry"))).unwrap();
    assert_eq!((read.version, read.state.event_id, read.state.actor), (1, id("m-0044"), Some("mz-03".to_owned())));
}

fn cause() -> Cause {
    Cause::new(StateKey::Order(id("o-1001")), id("m-0044"), at(0))
}

#[tokio::test]
async fn a_notice_is_stored_as_it_always_was() {
    let pending = golden("notice-pending");
    let notice: Notice = serde_json::from_value(pending["notice"].clone()).unwrap();
    let order = keys::of_state(&StateKey::Order(id("o-1001")));
    let entered = ledger::enter(&order, &notice);
    let aws::store::Write::Create { key, item } = entered else { panic!("{entered:?}") };
    assert_eq!((plain_item(&item), key), (pending, order.notice(&notice.id)));
}

#[tokio::test]
async fn a_notice_that_was_sent_is_stored_as_it_always_was_and_is_not_due() {
    let status = Status::Sent { at: at(0), message_id: "95df01b4".to_owned() };
    settled_as("notice-sent", StateKey::Locker(id("mz-03")), status).await;
}

#[tokio::test]
async fn a_notice_that_was_superseded_is_stored_as_it_always_was_and_is_not_due() {
    settled_as("notice-superseded", StateKey::Order(id("o-1001")), Status::Superseded { at: at(0) }).await;
}

/// The notice of a golden item is stored like that once it has been claimed and settled.
async fn settled_as(name: &str, subject: StateKey, status: Status) {
    let settled = golden(name);
    let notice: Notice = serde_json::from_value(settled["notice"].clone()).unwrap();
    let store = Memory::default();
    let entered = ledger::enter(&keys::of_state(&subject), &notice);
    let key = entered.key().clone();
    store.commit(vec![entered]).await.unwrap();
    let found = ledger::read(&key, kept(&store, &key).await.unwrap()).unwrap();
    let (writes, claimed) = ledger::claim(&[Found { key: key.clone(), entry: found }], at(0));
    store.commit(writes).await.unwrap();
    let settled_as = claimed.into_iter().map(|it| (it, status.clone())).collect();
    ledger::settle(&store, settled_as, at(0)).await.unwrap();
    assert_eq!(plain_item(&kept(&store, &key).await.unwrap()), settled);
    assert_eq!(ledger::read(&key, stored_item(&settled)).unwrap().state.notice, notice);
}

#[tokio::test]
async fn a_message_in_quarantine_is_stored_as_it_always_was() {
    let golden = golden("quarantined");
    let message: Quarantined = serde_json::from_value(golden.clone()).unwrap();
    let store = Memory::default();
    quarantine::keep(&store, message.clone()).await.unwrap();
    quarantine::keep(&store, message.clone()).await.unwrap();
    let kept: Vec<(Key, Item)> = store.snapshot().into_iter().collect();
    let [(key, item)] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!((plain_item(item), key.table), (golden, Table::Network));
    assert_eq!(items::read::<Quarantined>(key, item.clone()).unwrap().state, message);
}

#[test]
fn every_item_that_is_kept_for_a_while_says_until_when() {
    let ninety_days = aws::items::HISTORY_KEPT_FOR.as_secs();
    for name in ["history-entry", "quarantined"] {
        assert_eq!(golden(name)["expires_at"], json!(at(0).as_second() + ninety_days), "{name}");
    }
    for name in states().into_keys().chain(NOTICES) {
        assert_eq!(golden(name).get("expires_at"), None, "{name}");
    }
}

/// What an index of the network table answers about a partition.
async fn indexed(store: &Memory, index: Index, partition: &str) -> Vec<String> {
    let query = Query::index(Table::Network, index, partition.to_owned(), Range::All, 10);
    let found = store.query(&query).await.unwrap().items;
    found.iter().map(|item| item["sk"].as_s().unwrap().clone()).collect()
}

/// Writes a state over another of the same name, and says what the index answers before and after.
async fn before_and_after(before: &str, after: &str, index: Index, partition: &str) -> [usize; 2] {
    let store = Memory::default();
    let (mut before, mut after) = (golden(before), golden(after));
    for item in [&mut before, &mut after] {
        item["pk"] = json!("LOCKER#mz-03");
        item["sk"] = json!("STATE");
    }
    (before["version"], after["version"]) = (json!(1), json!(2));
    let key = Key { table: Table::Network, pk: "LOCKER#mz-03".to_owned(), sk: "STATE".to_owned() };
    let create = aws::store::Write::Create { key: key.clone(), item: stored_item(&before) };
    store.commit(vec![create]).await.unwrap();
    let first = indexed(&store, index, partition).await.len();
    let replace = aws::store::Write::Replace { key, item: stored_item(&after), version: 1 };
    store.commit(vec![replace]).await.unwrap();
    [first, indexed(&store, index, partition).await.len()]
}

#[tokio::test]
async fn an_item_is_in_an_index_only_while_it_belongs_there() {
    let (due, locker) = (golden("presence-grace")["due_bucket"].as_str().unwrap().to_owned(), "LOCKER#mz-03");
    let team = "TEAM#mainz#mechanics-1";
    for (here, gone, index, partition) in [
        ("compartment-free", "compartment-reserved", Index::Bookable, locker),
        ("compartment-free", "compartment-faulted", Index::Bookable, locker),
        ("work-order-open", "work-order-verified", Index::TeamLoad, team),
        ("work-order-open", "work-order-verified", Index::Due, &due),
        ("presence-grace", "presence-up", Index::Due, &due),
        ("heartbeat", "heartbeat-silent", Index::Due, "HEARTBEAT#0"),
    ] {
        assert_eq!(before_and_after(here, gone, index, partition).await, [1, 0], "{here} to {gone}");
        assert_eq!(before_and_after(gone, here, index, partition).await, [0, 1], "{gone} to {here}");
    }
}

#[tokio::test]
async fn what_is_put_in_replaces_what_was_there_and_its_place_in_the_indexes() {
    let store = Memory::default();
    let mut free = golden("compartment-free");
    let put = |item: &Value| {
        let item = stored_item(item);
        store.put(items::key_of(Table::Network, &item).unwrap(), item);
    };
    put(&free);
    assert_eq!(indexed(&store, Index::Bookable, "LOCKER#mz-03").await.len(), 1);
    let mut reserved = golden("compartment-reserved");
    (reserved["pk"], reserved["sk"]) = (free["pk"].clone(), free["sk"].clone());
    put(&reserved);
    assert_eq!(indexed(&store, Index::Bookable, "LOCKER#mz-03").await, Vec::<String>::new());
    free["version"] = json!(9);
    put(&free);
    assert_eq!(indexed(&store, Index::Bookable, "LOCKER#mz-03").await.len(), 1);
    assert_eq!(store.snapshot().into_values().map(|it| plain_item(&it)).collect::<Vec<_>>(), [free]);
}

//! How states, history and notices are written as items, and read back.
//!
//! An item is the state as `serde` writes it, with the key, a `kind`, the `schema` it was written in, a
//! `version` that counts its writes, and the attributes of the indexes it belongs to. What is written is pinned by
//! golden tests: a change of a stored form needs a new schema number and a reader of the old one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::decision::Event;
use domain::id::EventId;
use domain::incident::Incident;
use domain::work_order::WorkOrder;
use domain::{SignedDuration, State, StateKey, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::keys::{self, Key};
use crate::ledger::Entry;
use crate::quarantine::Quarantined;
use crate::store::{Item, VERSION};

/// The form that states are written in.
pub const SCHEMA: u64 = 1;

/// For how long the history of an event is kept, and so for how long the same event is known again: longer than
/// queues and dead-letter queues keep a message (14 days).
pub const HISTORY_KEPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 90);

/// An item that does not read as what its key says it is.
#[derive(Debug, thiserror::Error)]
#[error("the item {key:?} cannot be read: {problem}")]
pub struct Unreadable {
    key: Key,
    problem: String,
}

/// A state with the version it was read at.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    pub version: u64,
    pub state: T,
}

/// One entry of a history: what happened, when, and what the answer was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub event_id: EventId,
    pub at: Timestamp,
    /// Who asked, where it was a person or a system with a name of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    pub event: Event,
    /// The answer as JSON: given again when the same event arrives again.
    pub answer: String,
    /// What tells this request from another one that comes with the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

fn kind(state: &State) -> &'static str {
    match state {
        State::Locker(_) => "locker",
        State::Compartment(_) => "compartment",
        State::Presence(_) => "presence",
        State::ServicePlan(_) => "service_plan",
        State::Heartbeat(_) => "heartbeat",
        State::Door(_) => "door",
        State::FaultRecord(_) => "fault_record",
        State::Usage(_) => "usage",
        State::PreventiveWork(_) => "preventive_work",
        State::LockerDay(_) => "locker_day",
        State::RepairTimes(_) => "repair_times",
        State::WorkOrder(_) | State::ArchivedWorkOrder(_) => "work_order",
        State::Incident(_) | State::ArchivedIncident(_) => "incident",
        State::SiteVisit(_) => "site_visit",
        State::Team(_) => "team",
        State::Order(_) => "order",
        State::Bundle(_) => "bundle",
        State::Shop(_) => "shop",
        State::Preferences(_) => "preferences",
        State::Correspondence(_) => "correspondence",
        State::Delivery(_) => "delivery",
        State::Feedback(_) => "feedback",
        State::Case(_) => "case",
        State::Person(_) => "person",
    }
}

fn envelope(key: &Key, kind: &str, version: u64, indexed: HashMap<&'static str, String>) -> Item {
    let mut item: Item = indexed.into_iter().map(|(name, value)| (name.to_owned(), AttributeValue::S(value))).collect();
    item.insert("pk".to_owned(), AttributeValue::S(key.pk.clone()));
    item.insert("sk".to_owned(), AttributeValue::S(key.sk.clone()));
    item.insert("kind".to_owned(), AttributeValue::S(kind.to_owned()));
    item.insert("schema".to_owned(), AttributeValue::N(SCHEMA.to_string()));
    item.insert(VERSION.to_owned(), AttributeValue::N(version.to_string()));
    item
}

fn body(value: &impl Serialize) -> Item {
    serde_dynamo::to_item(value).expect("states, history and notices are maps with text keys")
}

/// The item that keeps a state at this version.
pub fn of_state(state: &State, version: u64) -> Item {
    let key = keys::of_state(&state.key());
    let mut item = match state {
        State::Locker(it) => body(it),
        State::Compartment(it) => body(it),
        State::Presence(it) => body(it),
        State::ServicePlan(it) => body(it),
        State::Heartbeat(it) => body(it),
        State::Door(it) => body(it),
        State::FaultRecord(it) => body(it),
        State::Usage(it) => body(it),
        State::PreventiveWork(it) => body(it),
        State::LockerDay(it) => body(it),
        State::RepairTimes(it) => body(it),
        State::WorkOrder(it) | State::ArchivedWorkOrder(it) => body(it),
        State::Incident(it) | State::ArchivedIncident(it) => body(it),
        State::SiteVisit(it) => body(it),
        State::Team(it) => body(it),
        State::Order(it) => body(it),
        State::Bundle(it) => body(it),
        State::Shop(it) => body(it),
        State::Preferences(it) => body(it),
        State::Correspondence(it) => body(it),
        State::Delivery(it) => body(it),
        State::Feedback(it) => body(it),
        State::Case(it) => body(it),
        State::Person(it) => body(it),
    };
    wrap(&mut item, envelope(&key, kind(state), version, keys::index_attributes(&key, Some(state), state.due_at())));
    item
}

/// Adds what every item has. Where something kept has a field of the same name, that would be lost.
fn wrap(item: &mut Item, envelope: Item) {
    debug_assert!(envelope.keys().all(|name| !item.contains_key(name)), "{envelope:?} hides a field of {item:?}");
    item.extend(envelope);
}

/// An item that is not a state: a history entry, a notice, a quarantined message.
pub fn of_record(key: &Key, kind: &str, version: u64, due_at: Option<Timestamp>, value: &impl Serialize) -> Item {
    let mut item = body(value);
    wrap(&mut item, envelope(key, kind, version, keys::index_attributes(key, None, due_at)));
    item
}

/// The item, in an index as well.
pub fn indexed(mut item: Item, attributes: [(&'static str, String); 2]) -> Item {
    item.extend(attributes.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))));
    item
}

/// Lets an item disappear by itself, some time after `at`.
pub fn expire(mut item: Item, at: Timestamp) -> Item {
    item.insert("expires_at".to_owned(), AttributeValue::N(at.as_second().to_string()));
    item
}

/// How large an item is, in bytes as DynamoDB counts them: the names of its attributes and what they hold.
pub fn size_of(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + size_of_value(value)).sum()
}

fn size_of_value(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => number.len() / 2 + 2,
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + size_of_value(value)).sum::<usize>(),
        AttributeValue::M(values) => {
            3 + values.iter().map(|(name, value)| 1 + name.len() + size_of_value(value)).sum::<usize>()
        }
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        _ => 1,
    }
}

/// The key an item carries.
pub fn key_of(table: keys::Table, item: &Item) -> Option<Key> {
    let text = |name: &str| item.get(name)?.as_s().ok().cloned();
    Some(Key { table, pk: text("pk")?, sk: text("sk")? })
}

/// Reads an item as what it is known to be.
///
/// # Errors
/// [`Unreadable`]: it was written by a later version of the system, or by hand.
pub fn read<T: DeserializeOwned>(key: &Key, item: Item) -> Result<Versioned<T>, Unreadable> {
    let unreadable = |problem: String| Unreadable { key: key.clone(), problem };
    let number = |name: &str| -> Result<u64, Unreadable> {
        item.get(name)
            .and_then(|value| value.as_n().ok()?.parse().ok())
            .ok_or_else(|| unreadable(format!("it has no {name}")))
    };
    let version = number(VERSION)?;
    let schema = number("schema")?;
    if schema != SCHEMA {
        return Err(unreadable(format!("it is written in schema {schema}, this reads schema {SCHEMA}")));
    }
    let state = serde_dynamo::from_item(item).map_err(|error| unreadable(error.to_string()))?;
    Ok(Versioned { version, state })
}

/// Reads the state of that name.
///
/// # Errors
/// [`Unreadable`], as [`read`].
pub fn read_state(name: &StateKey, item: Item) -> Result<Versioned<State>, Unreadable> {
    let key = keys::of_state(name);
    fn typed<T: DeserializeOwned>(
        key: &Key,
        item: Item,
        wrap: impl Fn(T) -> State,
    ) -> Result<Versioned<State>, Unreadable> {
        read(key, item).map(|it| Versioned { version: it.version, state: wrap(it.state) })
    }
    match name {
        StateKey::Locker(_) => typed(&key, item, State::Locker),
        StateKey::Compartment(..) => typed(&key, item, State::Compartment),
        StateKey::Presence(_) => typed(&key, item, State::Presence),
        StateKey::ServicePlan(_) => typed(&key, item, State::ServicePlan),
        StateKey::Heartbeat(_) => typed(&key, item, State::Heartbeat),
        StateKey::Door(..) => typed(&key, item, State::Door),
        StateKey::FaultRecord { .. } => typed(&key, item, State::FaultRecord),
        StateKey::Usage(_) => typed(&key, item, State::Usage),
        StateKey::PreventiveWork(_) => typed(&key, item, State::PreventiveWork),
        StateKey::LockerDay(..) => typed(&key, item, State::LockerDay),
        StateKey::RepairTimes(_) => typed(&key, item, State::RepairTimes),
        StateKey::WorkOrder(_) => typed(&key, item, State::WorkOrder),
        StateKey::ArchivedWorkOrder(_) => typed(&key, item, State::ArchivedWorkOrder),
        StateKey::Incident(..) => typed(&key, item, State::Incident),
        StateKey::ArchivedIncident(_) => typed(&key, item, State::ArchivedIncident),
        StateKey::SiteVisit(..) => typed(&key, item, State::SiteVisit),
        StateKey::Team(..) => typed(&key, item, State::Team),
        StateKey::Order(_) => typed(&key, item, State::Order),
        StateKey::Bundle(_) => typed(&key, item, State::Bundle),
        StateKey::Shop(_) => typed(&key, item, State::Shop),
        StateKey::Preferences(_) => typed(&key, item, State::Preferences),
        StateKey::Correspondence(_) => typed(&key, item, State::Correspondence),
        StateKey::Delivery(_) => typed(&key, item, State::Delivery),
        StateKey::Feedback(_) => typed(&key, item, State::Feedback),
        StateKey::Case(_) => typed(&key, item, State::Case),
        StateKey::Person(_) => typed(&key, item, State::Person),
    }
}

/// Anything that is kept, whatever it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    State(Box<State>),
    History(HistoryEntry),
    Notice(Entry),
    Quarantined(Quarantined),
}

/// Reads an item as what it says it is: for those who look at everything, not for handlers, which know what they
/// ask for.
///
/// # Errors
/// [`Unreadable`], as [`read`]; also where it is of no known kind.
pub fn read_kept(key: &Key, item: Item) -> Result<Versioned<Kept>, Unreadable> {
    fn typed<T: DeserializeOwned>(
        key: &Key,
        item: Item,
        wrap: impl Fn(T) -> Kept,
    ) -> Result<Versioned<Kept>, Unreadable> {
        read(key, item).map(|it| Versioned { version: it.version, state: wrap(it.state) })
    }
    let state = |state: State| Kept::State(Box::new(state));
    let kind = item.get("kind").and_then(|kind| kind.as_s().ok()).cloned().unwrap_or_default();
    match kind.as_str() {
        "locker" => typed(key, item, |it| state(State::Locker(it))),
        "compartment" => typed(key, item, |it| state(State::Compartment(it))),
        "presence" => typed(key, item, |it| state(State::Presence(it))),
        "service_plan" => typed(key, item, |it| state(State::ServicePlan(it))),
        "heartbeat" => typed(key, item, |it| state(State::Heartbeat(it))),
        "door" => typed(key, item, |it| state(State::Door(it))),
        "fault_record" => typed(key, item, |it| state(State::FaultRecord(it))),
        "usage" => typed(key, item, |it| state(State::Usage(it))),
        "preventive_work" => typed(key, item, |it| state(State::PreventiveWork(it))),
        "locker_day" => typed(key, item, |it| state(State::LockerDay(it))),
        "repair_times" => typed(key, item, |it| state(State::RepairTimes(it))),
        "work_order" => typed(key, item, |it: WorkOrder| {
            let latest = keys::of_state(&StateKey::WorkOrder(it.id.locker.clone())) == *key;
            state(if latest { State::WorkOrder(it) } else { State::ArchivedWorkOrder(it) })
        }),
        "incident" => typed(key, item, |it: Incident| {
            let latest = keys::of_state(&StateKey::Incident(it.id.region.clone(), it.id.code)) == *key;
            state(if latest { State::Incident(it) } else { State::ArchivedIncident(it) })
        }),
        "site_visit" => typed(key, item, |it| state(State::SiteVisit(it))),
        "team" => typed(key, item, |it| state(State::Team(it))),
        "order" => typed(key, item, |it| state(State::Order(it))),
        "bundle" => typed(key, item, |it| state(State::Bundle(it))),
        "shop" => typed(key, item, |it| state(State::Shop(it))),
        "preferences" => typed(key, item, |it| state(State::Preferences(it))),
        "correspondence" => typed(key, item, |it| state(State::Correspondence(it))),
        "delivery" => typed(key, item, |it| state(State::Delivery(it))),
        "feedback" => typed(key, item, |it| state(State::Feedback(it))),
        "case" => typed(key, item, |it| state(State::Case(it))),
        "person" => typed(key, item, |it| state(State::Person(it))),
        "event" => typed(key, item, Kept::History),
        "notice" => typed(key, item, Kept::Notice),
        "quarantined" => typed(key, item, Kept::Quarantined),
        other => Err(Unreadable { key: key.clone(), problem: format!("it is of the unknown kind '{other}'") }),
    }
}

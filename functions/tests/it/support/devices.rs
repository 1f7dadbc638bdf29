//! What lockers and the broker put into queues.

use std::sync::atomic::{AtomicU64, Ordering};

use aws::batch::{QueueBatch, QueueMessage};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::BEGIN_SECOND;

static MESSAGES: AtomicU64 = AtomicU64::new(1);

/// A message in a queue, with an id of its own.
pub fn queued(body: String) -> QueueMessage {
    let number = MESSAGES.fetch_add(1, Ordering::Relaxed);
    let message = json!({
        "messageId": format!("queue-{number}"),
        "body": body,
        "attributes": { "SentTimestamp": (BEGIN_SECOND * 1_000).to_string() },
    });
    serde_json::from_value(message).unwrap()
}

/// A batch of messages.
pub fn batch(messages: impl IntoIterator<Item = QueueMessage>) -> QueueBatch {
    QueueBatch { records: messages.into_iter().collect() }
}

/// What an IoT rule writes: the bytes as a device sent them, and who it was.
pub fn from_rule(thing: &str, client: &str, payload: &[u8]) -> QueueMessage {
    from_rule_at(thing, client, payload, 0)
}

/// The same, with the broker's time of arrival.
pub fn from_rule_at(thing: &str, client: &str, payload: &[u8], second: i64) -> QueueMessage {
    let payload = BASE64_STANDARD.encode(payload);
    let received_ms = (BEGIN_SECOND + second) * 1_000;
    queued(json!({ "payload": payload, "thing": thing, "client_id": client, "received_ms": received_ms }).to_string())
}

/// A device's message as it is published, with what makes it the one it is.
pub fn published(locker: &str, message_id: &str, rest: Value) -> Value {
    let mut message = json!({
        "version": 1,
        "locker_id": locker,
        "message_id": message_id,
        "boot_id": "b-7f3a",
        "sequence": 41,
        "sent_at": "2026-09-21T14:13:20Z",
    });
    message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    message
}

/// A message of a device through its own connection, arriving at a second.
pub fn message_at(locker: &str, message_id: &str, rest: Value, second: i64) -> QueueMessage {
    let message = published(locker, message_id, rest).to_string();
    from_rule_at(locker, locker, message.as_bytes(), second)
}

/// A report of faults.
pub fn faults(locker: &str, message_id: &str, faults: &[(&str, &str)]) -> QueueMessage {
    faults_at(locker, message_id, faults, 0)
}

/// The same, arriving at a second.
pub fn faults_at(locker: &str, message_id: &str, faults: &[(&str, &str)], second: i64) -> QueueMessage {
    let faults: Vec<Value> = faults.iter().map(|(unit, code)| json!({ "unit": unit, "code": code })).collect();
    message_at(locker, message_id, json!({ "faults": faults }), second)
}

/// A heartbeat of a locker that is well but for what `changed` says, arriving at a second.
pub fn heartbeat(locker: &str, second: i64, changed: Value) -> QueueMessage {
    let mut diagnostics = json!({
        "power": "mains", "battery_percent": 100, "temperature_c": 21, "signal_dbm": -87, "firmware": "2.14.1",
        "uptime_s": 86_400,
    });
    diagnostics.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
    let sent_at = super::at(second).to_string();
    let rest = json!({ "sequence": second + 10_000, "sent_at": sent_at, "diagnostics": diagnostics });
    message_at(locker, &format!("h{second}"), rest, second)
}

/// Something happened at a door.
pub fn door(locker: &str, message_id: &str, event: Value) -> QueueMessage {
    message_at(locker, message_id, json!({ "event": event }), 0)
}

/// A lock has taken a command to open (`open_acknowledged`), or a door was seen open (`door_opened`), as it arrives at a
/// second.
pub fn lock(locker: &str, second: i64, event: &str, compartment: u16) -> QueueMessage {
    let rest = json!({ "event": { "type": event, "compartment": compartment } });
    message_at(locker, &format!("{event}-{second}"), rest, second)
}

/// A parcel was put in.
pub fn deposited(locker: &str, message_id: &str, order: &str, compartment: u16) -> QueueMessage {
    door(locker, message_id, json!({ "type": "parcel_deposited", "order_id": order, "compartment": compartment }))
}

/// A parcel was taken out.
pub fn collected(locker: &str, message_id: &str, order: &str, compartment: u16) -> QueueMessage {
    door(locker, message_id, json!({ "type": "parcel_collected", "order_id": order, "compartment": compartment }))
}

/// A door was tried after a repair.
pub fn test_opening(locker: &str, message_id: &str, work_order: &str, unit: &str, passed: bool) -> QueueMessage {
    test_opening_of_attempt(1, locker, message_id, work_order, unit, passed)
}

/// A door was tried for the how manieth repair that was reported.
pub fn test_opening_of_attempt(
    attempt: u32,
    locker: &str,
    message_id: &str,
    work_order: &str,
    unit: &str,
    passed: bool,
) -> QueueMessage {
    let event = json!({
        "type": "test_opening",
        "work_order_id": work_order,
        "attempt": attempt,
        "unit": unit,
        "passed": passed,
    });
    door(locker, message_id, event)
}

/// The broker's word about a connection, as at a second after tests begin.
pub fn presence(client: &str, session: &str, second: i64, event: &str) -> QueueMessage {
    presence_raw(
        client,
        json!({
            "clientId": client,
            "timestamp": (BEGIN_SECOND + second) * 1_000,
            "eventType": event,
            "sessionIdentifier": session,
            "principalIdentifier": "6bc35a73",
            "versionNumber": 0,
        }),
    )
}

/// The same, word for word.
pub fn presence_raw(client: &str, lifecycle: Value) -> QueueMessage {
    let payload = BASE64_STANDARD.encode(lifecycle.to_string());
    let received_ms = BEGIN_SECOND * 1_000;
    let body = json!({ "payload": payload, "thing": client, "event": "connected", "received_ms": received_ms });
    queued(body.to_string())
}

/// A device says what it keeps closed, in its shadow.
pub fn shadow_reported(locker: &str, document: &[u8]) -> QueueMessage {
    let payload = BASE64_STANDARD.encode(document);
    let received_ms = BEGIN_SECOND * 1_000;
    let body = json!({ "payload": payload, "thing": locker, "kind": "$aws", "received_ms": received_ms });
    queued(body.to_string())
}

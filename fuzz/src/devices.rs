//! What devices and the broker put into queues, and what is held for every message.

use aws::batch::{BatchAnswer, QueueBatch, QueueMessage};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use functions::{fault_intake, heartbeat_intake, parcel_events, presence};
use serde_json::{Map, Value, json};

use crate::network::Network;
use crate::{BEGIN_SECOND, GRACE, SECRET, run, strict_json};

/// A function that is fed by a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    FaultIntake,
    ParcelEvents,
    Presence,
    HeartbeatIntake,
}

impl Function {
    /// The function that an input's byte chooses.
    pub fn chosen_by(byte: u8) -> Function {
        [Function::FaultIntake, Function::ParcelEvents, Function::Presence, Function::HeartbeatIntake][usize::from(byte) % 4]
    }

    /// The name it quarantines messages under.
    fn name(self) -> &'static str {
        match self {
            Function::FaultIntake => "fault_intake",
            Function::ParcelEvents => "parcel_events",
            Function::Presence => "presence",
            Function::HeartbeatIntake => "heartbeat_intake",
        }
    }
}

/// A device's message as it is published: what every message begins with, and the rest.
pub fn said(locker: &str, message_id: &str, rest: Value) -> Value {
    let mut message = json!({
        "version": 1,
        "locker_id": locker,
        "message_id": message_id,
        "boot_id": "b-7f3a",
        "sequence": 41,
        "sent_at": "2026-09-21T14:13:20Z",
    });
    if let (Value::Object(message), Value::Object(rest)) = (&mut message, rest) {
        message.extend(rest);
    }
    message
}

/// The body that an IoT rule puts into a queue for a message of this device. `kind` is what the rule for shadows
/// adds.
pub fn from_rule(thing: &str, kind: Option<&str>, payload: &[u8], second: i64) -> String {
    let mut body = json!({
        "payload": BASE64_STANDARD.encode(payload),
        "thing": thing,
        "received_ms": (BEGIN_SECOND + second) * 1_000,
    });
    match kind {
        Some(kind) => body["kind"] = Value::from(kind),
        None => body["client_id"] = Value::from(thing),
    }
    body.to_string()
}

/// A message in a queue.
pub fn queued(message_id: &str, body: String) -> QueueMessage {
    let message = json!({
        "messageId": message_id,
        "body": body,
        "attributes": { "SentTimestamp": (BEGIN_SECOND * 1_000).to_string() },
    });
    serde_json::from_value(message).expect("a queue message")
}

/// Hands messages over as one batch.
pub fn deliver(network: &Network, function: Function, records: Vec<QueueMessage>) -> BatchAnswer {
    deliver_batch(network, function, QueueBatch { records })
}

/// Hands a batch over.
pub fn deliver_batch(network: &Network, function: Function, batch: QueueBatch) -> BatchAnswer {
    let (store, now) = (&network.store, network.now());
    match function {
        Function::FaultIntake => run(fault_intake::handle(store, batch, now)),
        Function::ParcelEvents => run(parcel_events::handle(store, batch, now)),
        Function::Presence => run(presence::handle(store, batch, GRACE, now)),
        Function::HeartbeatIntake => run(heartbeat_intake::handle(store, batch, now)),
    }
}

/// Hands a message over, and once more as queues do. Tells whether it was understood. Held for every message:
///
/// - it is acknowledged: a healthy store leaves nothing in the queue;
/// - it is in quarantine at most once, as it came, with a reason;
/// - where it is in quarantine, nothing else has changed, unless what it says is known in part;
/// - delivered again it changes nothing.
pub fn receive(network: &Network, function: Function, body: &str) -> bool {
    let deliver_it = || {
        let answer = deliver(network, function, vec![queued("queue-1", body.to_owned())]);
        assert!(answer.batch_item_failures.is_empty(), "{function:?} leaves a message in its queue: {body}");
        (network.store.changes(), network.store.quarantined())
    };
    let (changes, quarantined) = deliver_it();
    assert!(quarantined.len() <= 1, "in quarantine more than once: {quarantined:?}");
    if let Some(kept) = quarantined.first() {
        assert_eq!((kept.function.as_str(), kept.body.as_str()), (function.name(), body));
        assert!(!kept.reason.is_empty(), "in quarantine without a reason: {body}");
        // A report that names a compartment nobody knows is done as far as it can be, and kept for a person.
        let known_in_part = kept.reason.starts_with("the locker has no compartment");
        assert!(changes == 0 || known_in_part, "refused with {:?}, and changed {changes} items", kept.reason);
    }
    assert_eq!(deliver_it(), (changes, quarantined.clone()), "the message has another effect when it comes again");
    quarantined.is_empty()
}

/// Receives what a device of `mz-03` sends, word for word, as the rule brings it. Held besides: what is understood
/// is a message that a reader who sees everything would take, and the reason for quarantine, which is logged, does
/// not repeat a value of the message.
///
/// Gives the message's fields where it was understood.
pub fn receive_payload(
    network: &Network,
    function: Function,
    kind: Option<&str>,
    payload: &[u8],
) -> Option<Map<String, Value>> {
    let body = from_rule("mz-03", kind, payload, 30);
    if receive(network, function, &body) {
        match strict_json::read(payload) {
            Ok(fields) => return Some(fields),
            Err(flaws) => panic!("{function:?} understands what has {flaws:?}: {}", payload.escape_ascii()),
        }
    }
    if !strict_json::names_hold(payload, SECRET) {
        for kept in network.store.quarantined() {
            assert!(!kept.reason.contains(SECRET), "the reason repeats the input: {}", kept.reason);
        }
    }
    None
}

/// Whether a message that was understood is one of `mz-03`, in the format of today.
pub fn is_from_its_device(fields: &Map<String, Value>) -> bool {
    fields.get("version") == Some(&Value::from(1)) && fields.get("locker_id") == Some(&Value::from("mz-03"))
}

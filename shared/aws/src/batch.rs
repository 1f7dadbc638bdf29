//! What queues and table streams hand to a function, and what they take back.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::Timestamp;
use domain::seeded::bug;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::keys::Key;
use crate::metric::{self, Metric};
use crate::store::Unavailable;
use crate::store::dynamodb::Tables;

/// A batch of messages from a queue.
#[derive(Debug, Clone, Deserialize)]
pub struct QueueBatch {
    #[serde(rename = "Records")]
    pub records: Vec<QueueMessage>,
}

/// One message of a queue.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueMessage {
    pub message_id: String,
    pub body: String,
    #[serde(default)]
    attributes: QueueAttributes,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct QueueAttributes {
    /// Milliseconds, written as a text.
    sent_timestamp: Option<String>,
}

/// Which messages of a batch have to come again. The others are done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// One message that has to come again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    pub item_identifier: String,
}

/// What an IoT rule puts into a queue: the bytes as they came, and who sent them, as the broker knows it.
#[derive(Debug, Clone, Deserialize)]
struct RuleMessage {
    payload: String,
    thing: String,
    #[serde(default)]
    client_id: Option<String>,
    received_ms: i64,
    #[serde(default)]
    kind: Option<String>,
}

/// A message of a device, with what the broker knows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceMessage {
    /// The device that the topic names. Its certificate lets it use no other's.
    pub thing: String,
    /// The connection it came through, where the broker says so.
    pub client_id: Option<String>,
    /// What the topic says it is, where one rule takes several topics.
    pub kind: Option<String>,
    /// The broker's time of arrival.
    pub received_at: Timestamp,
    pub payload: Vec<u8>,
}

/// A message that is not what our own rules write. Somebody else writes to the queue, or a rule was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not written by an IoT rule of this system: {0}")]
pub struct ForeignMessage(String);

impl QueueMessage {
    /// When it came into the queue: the same each time it is delivered.
    pub fn sent_at(&self) -> Option<Timestamp> {
        let sent_ms = self.attributes.sent_timestamp.as_ref()?.parse().ok()?;
        Timestamp::from_millisecond(sent_ms).ok()
    }

    /// What the IoT rule put into the queue.
    ///
    /// # Errors
    /// [`ForeignMessage`]
    pub fn device_message(&self) -> Result<DeviceMessage, ForeignMessage> {
        let message: RuleMessage =
            serde_json::from_str(&self.body).map_err(|error| ForeignMessage(error.to_string()))?;
        let payload = BASE64_STANDARD.decode(message.payload).map_err(|error| ForeignMessage(error.to_string()))?;
        let received_at =
            Timestamp::from_millisecond(message.received_ms).map_err(|error| ForeignMessage(error.to_string()))?;
        let client_id = message.client_id.filter(|id| id != "n/a");
        Ok(DeviceMessage { thing: message.thing, client_id, kind: message.kind, received_at, payload })
    }
}

/// Hands each message of a batch to `handle`, and names those that have to come again. One that fails does not
/// keep the others.
pub async fn each_message(
    batch: QueueBatch,
    handle: impl AsyncFn(&QueueMessage) -> Result<(), Unavailable>,
) -> BatchAnswer {
    let outcomes = join_all(batch.records.iter().map(|message| handle(message))).await;
    let failed = batch.records.iter().zip(outcomes).filter_map(|(message, outcome)| {
        let unavailable = outcome.err().filter(|_| !bug("failed_message_is_acknowledged"))?;
        tracing::error!(
            message_id = message.message_id,
            error = %unavailable,
            "message {} stays in the queue: {unavailable}",
            message.message_id
        );
        Some(BatchItemFailure { item_identifier: message.message_id.clone() })
    });
    BatchAnswer { batch_item_failures: failed.collect() }
}

/// A batch of changes from a table's stream.
#[derive(Debug, Clone, Deserialize)]
pub struct StreamBatch {
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One change of an item. Only its name is taken: whoever acts on it reads what is there now, so that an old
/// record that comes again cannot undo what is newer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StreamRecord {
    #[serde(rename = "eventSourceARN")]
    stream_arn: String,
    dynamodb: StreamChange,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct StreamChange {
    #[serde(rename = "Keys")]
    keys: StreamKeys,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct StreamKeys {
    pk: StreamText,
    sk: StreamText,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct StreamText {
    #[serde(rename = "S")]
    text: Option<String>,
}

/// Some changes of a stream batch could not be dealt with: the whole batch has to come again. Those that were
/// dealt with are so again without effect.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} changes could not be dealt with; the last: {last}")]
pub struct StreamFailure {
    failed: usize,
    all: usize,
    last: Unavailable,
}

impl StreamRecord {
    /// The item that changed; nothing where it is of no table of ours, or the record does not name it.
    pub fn key(&self, tables: &Tables) -> Option<Key> {
        let table = tables.of_stream(&self.stream_arn)?;
        let StreamKeys { pk, sk } = &self.dynamodb.keys;
        Some(Key { table, pk: pk.text.clone()?, sk: sk.text.clone()? })
    }
}

/// Hands each changed item of a batch to `handle`, in order and each item once, then says whether the batch has
/// to come again. A record that names no item of ours is skipped.
///
/// # Errors
/// [`StreamFailure`]
pub async fn each_change(
    batch: StreamBatch,
    tables: &Tables,
    handle: impl AsyncFn(Key) -> Result<(), Unavailable>,
) -> Result<(), StreamFailure> {
    let mut keys: Vec<Key> = Vec::new();
    for record in &batch.records {
        match record.key(tables) {
            Some(key) if keys.contains(&key) => {}
            Some(key) => keys.push(key),
            None => metric::count(Metric::EventsIgnored, 1),
        }
    }
    let all = keys.len();
    let mut failures = Vec::new();
    for key in keys {
        if let Err(unavailable) = Box::pin(handle(key)).await {
            tracing::error!(error = %unavailable, "a change could not be dealt with: {unavailable}");
            failures.push(unavailable);
        }
    }
    let failed = failures.len();
    match failures.pop() {
        None => Ok(()),
        Some(_) if bug("stream_failure_is_success") => Ok(()),
        Some(last) => Err(StreamFailure { failed, all, last }),
    }
}

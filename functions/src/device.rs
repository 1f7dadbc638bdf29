//! What devices say, as it arrives: read with suspicion, and kept where it cannot be read.

use std::collections::BTreeMap;

use aws::apply::{ApplyError, Cause};
use aws::batch::{self, BatchAnswer, DeviceMessage, QueueBatch};
use aws::http::read_json;
use aws::metric::{self, Metric};
use aws::quarantine::{self, Quarantined};
use aws::store::{Store, Unavailable};
use domain::id::{EventId, LockerId};
use domain::seeded::bug;
use domain::{StateKey, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The longest message of a device, in bytes: fifty faults with a vendor's text each stay well below.
const MESSAGE_LENGTH_MAX: usize = 8 * 1024;

/// The version of the message format that is understood.
const FORMAT_VERSION: u32 = 1;

/// A message that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received<B> {
    pub locker: LockerId,
    /// The message's own id: the same id is the same message.
    pub event: EventId,
    /// The broker's time.
    pub at: Timestamp,
    /// Another one after each start of the device.
    pub boot: EventId,
    /// Counts the messages since that start.
    pub sequence: u64,
    /// The device's clock, which is never believed; as it wrote it.
    pub device_clock: String,
    pub body: B,
    said: Vec<u8>,
}

impl<B> Received<B> {
    /// That this message says something about `subject`. Another message under the same id is found out.
    pub fn cause(&self, subject: StateKey, now: Timestamp) -> Cause {
        Cause::new(subject, self.event.clone(), now).by(&self.locker).with_fingerprint_of(&self.said)
    }
}

/// Why a message is not dealt with.
#[derive(Debug, thiserror::Error)]
pub enum DeviceFailure {
    /// Final: it goes into quarantine.
    #[error("{0}")]
    Quarantine(String),
    /// It stays in its queue.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<ApplyError> for DeviceFailure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Refused(refusal) => DeviceFailure::Quarantine(refusal.to_string()),
            ApplyError::Reused => DeviceFailure::Quarantine("the message id was used for another message".to_owned()),
            ApplyError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl DeviceFailure {
    fn quarantine(reason: impl ToString) -> Self {
        DeviceFailure::Quarantine(reason.to_string())
    }
}

/// What every message of a device begins with.
#[derive(Debug, Deserialize)]
struct Envelope {
    version: u32,
    locker_id: LockerId,
    message_id: EventId,
    /// Changes with each start of the device.
    boot_id: EventId,
    /// Counts the messages since that start.
    sequence: u64,
    /// The device's clock, which is never believed.
    sent_at: String,
}

/// What differs each time the same message is sent.
const OF_ONE_SENDING: [&str; 3] = ["boot_id", "sequence", "sent_at"];

/// What a device's message is recorded as: devices choose their ids, and must not choose one that a step of ours will
/// have.
pub fn event_of(message_id: &EventId) -> EventId {
    EventId::of_step("said", message_id)
}

/// Reads a message of a device. The topic, the connection and the body have to name the same device.
///
/// # Errors
/// [`DeviceFailure::Quarantine`] with the reason.
pub fn read<B: DeserializeOwned>(message: &DeviceMessage) -> Result<Received<B>, DeviceFailure> {
    if message.payload.len() > MESSAGE_LENGTH_MAX {
        return Err(DeviceFailure::quarantine(format!("longer than {MESSAGE_LENGTH_MAX} bytes")));
    }
    let locker: LockerId = message.thing.parse().map_err(DeviceFailure::quarantine)?;
    let envelope: Envelope = read_json(&message.payload).map_err(DeviceFailure::quarantine)?;
    if envelope.version != FORMAT_VERSION {
        return Err(DeviceFailure::quarantine(format!("format version {}", envelope.version)));
    }
    if envelope.locker_id != locker || message.client_id.as_ref().is_some_and(|id| *id != message.thing) {
        metric::count(Metric::SecurityRejections, 1);
        return Err(DeviceFailure::quarantine("topic, connection and body name different devices"));
    }
    let body: B = read_json(&message.payload).map_err(DeviceFailure::quarantine)?;
    let mut said: BTreeMap<String, Value> = read_json(&message.payload).map_err(DeviceFailure::quarantine)?;
    said.retain(|name, _| !OF_ONE_SENDING.contains(&name.as_str()));
    let said = serde_json::to_vec(&said).map_err(DeviceFailure::quarantine)?;
    let event = event_of(&envelope.message_id);
    let Envelope { boot_id: boot, sequence, sent_at: device_clock, .. } = envelope;
    Ok(Received { locker, event, at: message.received_at, boot, sequence, device_clock, body, said })
}

/// Hands each message of a batch to `handle`. What it refuses goes into quarantine; what could not be stored
/// stays in the queue. One message does not keep the others.
pub async fn each_message<S: Store>(
    store: &S,
    function: &str,
    batch: QueueBatch,
    now: Timestamp,
    handle: impl AsyncFn(DeviceMessage) -> Result<(), DeviceFailure>,
) -> BatchAnswer {
    batch::each_message(batch, async |message| {
        let outcome = match message.device_message() {
            Ok(device_message) => handle(device_message).await,
            Err(foreign) => Err(DeviceFailure::quarantine(foreign)),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(DeviceFailure::Unavailable(unavailable)) => Err(unavailable),
            Err(DeviceFailure::Quarantine(_)) if bug("quarantine_is_forgotten") => Ok(()),
            Err(DeviceFailure::Quarantine(reason)) => {
                let kept = Quarantined {
                    function: function.to_owned(),
                    message_id: message.message_id.clone(),
                    reason,
                    // Named after when it came, so that a message delivered again is kept once.
                    quarantined_at: message.sent_at().unwrap_or(now),
                    body: message.body.clone(),
                };
                quarantine::keep(store, kept).await
            }
        }
    })
    .await
}

//! What a locker puts around everything it says: the common envelope.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// What a locker says about itself in every message.
#[derive(Debug)]
pub(crate) struct Voice {
    pub locker_id: String,
    boot: Mutex<Boot>,
}

#[derive(Debug)]
struct Boot {
    id: String,
    sequence: u64,
}

impl Voice {
    /// A locker that has just started.
    pub fn new(locker_id: &str) -> Self {
        let boot = Boot { id: Uuid::new_v4().to_string(), sequence: 0 };
        Self { locker_id: locker_id.to_owned(), boot: Mutex::new(boot) }
    }

    /// Starts again.
    pub fn boot(&self) {
        let mut boot = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        *boot = Boot { id: Uuid::new_v4().to_string(), sequence: 0 };
    }

    /// Where it publishes on one channel.
    pub fn topic(&self, channel: &str) -> String {
        format!("lockers/{}/{channel}", self.locker_id)
    }

    /// The next message: the envelope, and `body` in it.
    pub fn say(&self, body: Value) -> Value {
        let mut boot = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        boot.sequence += 1;
        let mut message = json!({
            "version": 1,
            "locker_id": self.locker_id,
            "message_id": Uuid::new_v4().to_string(),
            "boot_id": boot.id,
            "sequence": boot.sequence,
            "sent_at": Timestamp::now().to_string(),
        });
        if let (Some(message), Value::Object(body)) = (message.as_object_mut(), body) {
            message.extend(body);
        }
        message
    }
}

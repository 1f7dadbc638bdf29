//! What a locker puts around everything it says: the common envelope.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

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
    started_at: Instant,
}

impl Boot {
    fn now() -> Self {
        Self { id: Uuid::new_v4().to_string(), sequence: 0, started_at: Instant::now() }
    }
}

impl Voice {
    /// A locker that has just started.
    pub fn new(locker_id: &str) -> Self {
        Self { locker_id: locker_id.to_owned(), boot: Mutex::new(Boot::now()) }
    }

    /// Starts again.
    pub fn boot(&self) {
        let mut boot = self.boot.lock().unwrap_or_else(PoisonError::into_inner);
        *boot = Boot::now();
    }

    /// Where it publishes on one channel.
    pub fn topic(&self, channel: &str) -> String {
        format!("lockers/{}/{channel}", self.locker_id)
    }

    /// How it is: well, on mains, and since its last start.
    pub fn heartbeat(&self) -> Value {
        let started_at = self.boot.lock().unwrap_or_else(PoisonError::into_inner).started_at;
        let diagnostics = json!({
            "power": "mains",
            "battery_percent": 100,
            "temperature_c": 21,
            "signal_dbm": -87,
            "firmware": concat!("simulated-", env!("CARGO_PKG_VERSION")),
            "uptime_s": started_at.elapsed().as_secs(),
        });
        self.say(json!({ "diagnostics": diagnostics }))
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

//! Messages that cannot be understood, kept with the reason until a person has looked at them.
//!
//! Nothing that arrives is dropped: what is accepted is in a table, and what is not is here.

use domain::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::items;
use crate::keys;
use crate::metric::{self, Metric};
use crate::store::{CommitError, Store, Unavailable, Write};

/// For how long a message waits for somebody to look at it.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A message that was not understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The function it was meant for: where it is to be sent again.
    pub function: String,
    /// The queue's name for it.
    pub message_id: String,
    /// Why it was not understood.
    pub reason: String,
    pub quarantined_at: Timestamp,
    /// The message as the queue had it.
    pub body: String,
}

/// Keeps a message. The same message arriving again is kept once.
///
/// # Errors
/// [`Unavailable`]: the message must stay in its queue.
pub async fn keep<S: Store>(store: &S, message: Quarantined) -> Result<(), Unavailable> {
    let key = keys::quarantine(message.quarantined_at, &message.message_id);
    let item = items::of_record(&key, "quarantined", 1, None, &message);
    let item = items::expire(item, message.quarantined_at + KEPT_FOR);
    match store.commit(vec![Write::Create { key, item }]).await {
        Ok(()) => {
            metric::count(Metric::QuarantinedMessages, 1);
            tracing::warn!(
                message_id = message.message_id,
                reason = message.reason,
                "message {} is in quarantine: {}",
                message.message_id,
                message.reason
            );
            Ok(())
        }
        Err(CommitError::Changed(_)) => Ok(()),
        Err(error) => Err(Unavailable(error.to_string())),
    }
}

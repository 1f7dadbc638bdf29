//! The ledger of notices: for whom, why, when, with what result. Outbox and record in one.
//!
//! A notice is entered by the commit that causes it, as pending. Whoever sends it claims it first, so that two
//! who try do not both send; what became of the sending is written last. A claim that is never followed by a
//! result is taken up again when it is due: that one sending may then happen twice, and is counted as such.

use domain::notice::Notice;
use domain::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::items::{self, Unreadable, Versioned};
use crate::keys::Key;
use crate::store::{CommitError, Item, Store, Unavailable, Write};

/// How long a notice may be on its way before it is looked at again. Streams deliver within a second; five
/// minutes leave room for their retries.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How often a notice is tried. After that it is a recorded final failure.
pub const ATTEMPTS_MAX: u32 = 10;

/// Where a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    Pending,
    /// Somebody is sending it. If no result follows, nobody knows whether it was sent.
    Sending {
        since: Timestamp,
    },
    Sent {
        at: Timestamp,
        message_id: String,
    },
    /// Final: something newer has been said about the same thing before this was sent.
    Superseded {
        at: Timestamp,
    },
    /// Final: it cannot be sent, and why.
    Failed {
        at: Timestamp,
        why: String,
    },
}

/// A notice and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub notice: Notice,
    pub status: Status,
    pub attempts: u32,
    /// How many of the attempts ended without anybody knowing whether it was sent.
    #[serde(default)]
    pub unknown_outcomes: u32,
}

impl Entry {
    /// When it is to be looked at again, as it was written at `now`.
    pub fn due_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.status {
            Status::Pending | Status::Sending { .. } => Some(now + RETRY_AFTER),
            Status::Sent { .. } | Status::Superseded { .. } | Status::Failed { .. } => None,
        }
    }

    /// Whether somebody may be sending it at `now`.
    pub fn is_on_its_way(&self, now: Timestamp) -> bool {
        matches!(self.status, Status::Sending { since } if now < since + RETRY_AFTER)
    }
}

fn item(key: &Key, version: u64, entry: &Entry, now: Timestamp) -> Item {
    items::of_record(key, "notice", version, entry.due_at(now), entry)
}

/// The action that enters a notice, as a part of the commit that causes it.
pub fn enter(subject: &Key, notice: &Notice) -> Write {
    let key = subject.notice(&notice.id);
    let entry = Entry { notice: notice.clone(), status: Status::Pending, attempts: 0, unknown_outcomes: 0 };
    Write::Create { item: item(&key, 1, &entry, notice.created_at), key }
}

/// Reads an entry.
///
/// # Errors
/// [`Unreadable`]
pub fn read(key: &Key, item: Item) -> Result<Versioned<Entry>, Unreadable> {
    items::read(key, item)
}

/// Takes a notice on for sending. Nothing where another has it and may still be at it, or where it is finished.
///
/// # Errors
/// [`Unavailable`]
pub async fn claim<S: Store>(
    store: &S,
    key: &Key,
    found: Versioned<Entry>,
    now: Timestamp,
) -> Result<Option<Versioned<Entry>>, Unavailable> {
    let Versioned { version, state: mut entry } = found;
    match entry.status {
        Status::Pending => {}
        Status::Sending { .. } if entry.is_on_its_way(now) => return Ok(None),
        Status::Sending { .. } => entry.unknown_outcomes += 1,
        Status::Sent { .. } | Status::Superseded { .. } | Status::Failed { .. } => return Ok(None),
    }
    entry.attempts += 1;
    entry.status = Status::Sending { since: now };
    let claimed = Versioned { version: version + 1, state: entry };
    let write = Write::Replace { key: key.clone(), item: item(key, claimed.version, &claimed.state, now), version };
    match store.commit(vec![write]).await {
        Ok(()) => Ok(Some(claimed)),
        Err(CommitError::Changed(_) | CommitError::Contended) => Ok(None),
        Err(CommitError::Unavailable(unavailable)) => Err(unavailable),
    }
}

/// Writes what became of a claimed notice.
///
/// # Errors
/// [`Unavailable`]: the notice is then due again, and its sending counted as unknown.
pub async fn settle<S: Store>(
    store: &S,
    key: &Key,
    claimed: Versioned<Entry>,
    status: Status,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let Versioned { version, state } = claimed;
    let entry = Entry { status, ..state };
    let write = Write::Replace { key: key.clone(), item: item(key, version + 1, &entry, now), version };
    match store.commit(vec![write]).await {
        // Somebody took the notice on again because this one was slow: theirs is the record.
        Ok(()) | Err(CommitError::Changed(_) | CommitError::Contended) => Ok(()),
        Err(CommitError::Unavailable(unavailable)) => Err(unavailable),
    }
}

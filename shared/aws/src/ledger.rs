//! The ledger of notices: for whom, why, when, with what result. Outbox and record in one.
//!
//! A notice is entered by the commit that causes it, as pending. Whoever sends it claims it first, so that two
//! who try do not both send; what became of the sending is written last. A claim that is never followed by a
//! result is taken up again when it is due: that one sending may then happen twice, and is counted as such.
//!
//! Several notices to one customer may be one message: they are claimed together, and have its id when it was sent.

use domain::notice::{Notice, Recipient};
use domain::pacing::{Haste, Held};
use domain::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::items::{self, Unreadable, Versioned};
use crate::keys::{self, Key};
use crate::store::{CommitError, Item, Store, Unavailable, Write};

/// How long a notice may be on its way before it is looked at again. Streams deliver within a second; five
/// minutes leave room for their retries.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// How often a notice is tried. After that it is a recorded final failure.
pub const ATTEMPTS_MAX: u32 = 10;

/// How often a result is written while others are writing the same items.
const ATTEMPTS_TO_WRITE: u32 = 5;

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
    /// That it was put off, until when and why: the last time, where it was so several times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

impl Entry {
    /// When it is to be looked at again, as it was written at `now`.
    pub fn due_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.status {
            Status::Pending => Some(self.held_until(now).unwrap_or(now + RETRY_AFTER)),
            Status::Sending { .. } => Some(now + RETRY_AFTER),
            Status::Sent { .. } | Status::Superseded { .. } | Status::Failed { .. } => None,
        }
    }

    /// Until when it waits, where it does at `now`.
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        let held = self.held.filter(|held| self.status == Status::Pending && held.until > now)?;
        Some(held.until)
    }

    /// Whether nothing more will become of it.
    pub fn is_final(&self) -> bool {
        !matches!(self.status, Status::Pending | Status::Sending { .. })
    }

    /// Whether it may be taken on at `now`: it is not finished, and nobody may be sending it.
    pub fn is_free(&self, now: Timestamp) -> bool {
        !self.is_final() && !self.is_on_its_way(now)
    }

    /// The same, no longer being sent by whoever has not said in time what became of it.
    fn taken_from_who_was_late(mut self) -> Self {
        if matches!(self.status, Status::Sending { .. }) {
            self.unknown_outcomes += 1;
            self.status = Status::Pending;
        }
        self
    }

    /// Whether somebody may be sending it at `now`.
    pub fn is_on_its_way(&self, now: Timestamp) -> bool {
        matches!(self.status, Status::Sending { since } if now < since + RETRY_AFTER)
    }
}

fn item(key: &Key, version: u64, entry: &Entry, now: Timestamp) -> Item {
    let item = items::of_record(key, "notice", version, entry.due_at(now), entry);
    match &entry.notice.recipient {
        // What waits for a customer is found by whoever writes to that customer next.
        Recipient::Person { person } if !entry.is_final() && entry.notice.message.haste() != Haste::Call => {
            items::indexed(item, keys::waiting_attributes(person, entry.notice.created_at))
        }
        Recipient::Person { .. } | Recipient::Team { .. } => item,
    }
}

/// The action that enters a notice, as a part of the commit that causes it.
pub fn enter(subject: &Key, notice: &Notice) -> Write {
    let key = subject.notice(&notice.id);
    let entry = Entry { notice: notice.clone(), status: Status::Pending, attempts: 0, unknown_outcomes: 0, held: None };
    Write::Create { item: item(&key, 1, &entry, notice.created_at), key }
}

/// Reads an entry.
///
/// # Errors
/// [`Unreadable`]
pub fn read(key: &Key, item: Item) -> Result<Versioned<Entry>, Unreadable> {
    items::read(key, item)
}

/// A notice, as it was found or claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub key: Key,
    pub entry: Versioned<Entry>,
}

impl Found {
    /// The notice.
    pub fn notice(&self) -> &Notice {
        &self.entry.state.notice
    }

    fn next(&self, entry: Entry, now: Timestamp) -> (Write, Found) {
        let version = self.entry.version;
        let item = item(&self.key, version + 1, &entry, now);
        let write = Write::Replace { key: self.key.clone(), item, version };
        (write, Found { key: self.key.clone(), entry: Versioned { version: version + 1, state: entry } })
    }
}

/// What it takes to take notices on for sending, all of them or none, and how they are then. Each has to be free
/// ([`Entry::is_free`]).
pub fn claim(found: &[Found], now: Timestamp) -> (Vec<Write>, Vec<Found>) {
    let claim = |it: &Found| {
        let mut entry = it.entry.state.clone().taken_from_who_was_late();
        entry.attempts += 1;
        entry.status = Status::Sending { since: now };
        it.next(entry, now)
    };
    found.iter().map(claim).unzip()
}

/// Writes down that a notice waits, or what became of it without its being sent; nothing where it has changed since it
/// was found: then somebody else has dealt with it.
///
/// # Errors
/// [`Unavailable`]
pub async fn decide<S: Store>(
    store: &S,
    found: &Found,
    status: Status,
    held: Option<Held>,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let before = found.entry.state.clone().taken_from_who_was_late();
    let (write, _) = found.next(Entry { status, held: held.or(before.held), ..before }, now);
    commit_what_has_not_changed(store, vec![write]).await
}

/// Writes what became of claimed notices, of each by itself.
///
/// # Errors
/// [`Unavailable`]: they are then due again, and their sending counted as unknown.
pub async fn settle<S: Store>(store: &S, claimed: Vec<(Found, Status)>, now: Timestamp) -> Result<(), Unavailable> {
    let write = |(it, status): (Found, Status)| it.next(Entry { status, ..it.entry.state.clone() }, now).0;
    commit_what_has_not_changed(store, claimed.into_iter().map(write).collect()).await
}

/// Commits those of the writes that are still about what was read: of the others somebody who took the notice on again,
/// because this one was slow, has the record.
async fn commit_what_has_not_changed<S: Store>(store: &S, mut writes: Vec<Write>) -> Result<(), Unavailable> {
    let mut attempt = 0;
    while !writes.is_empty() {
        match store.commit(writes.clone()).await {
            Ok(()) => return Ok(()),
            Err(CommitError::Unavailable(unavailable)) => return Err(unavailable),
            Err(CommitError::Changed(at)) => {
                let mut nth = 0;
                writes.retain(|_| {
                    nth += 1;
                    !at.contains(&(nth - 1))
                });
            }
            Err(CommitError::Contended) => {
                attempt += 1;
                if attempt == ATTEMPTS_TO_WRITE {
                    return Err(Unavailable("others were writing the same notices every time".to_owned()));
                }
                store.back_off(attempt).await;
            }
        }
    }
    Ok(())
}

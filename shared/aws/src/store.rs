//! The port to what is kept. Two adapters: [`dynamodb`] and, with the same meaning, [`memory`].
//!
//! The port is small on purpose: read some items in one consistent view, commit some items together on
//! conditions, query a partition or an index. Everything the system promises rests on the conditions: an item is
//! only ever written over the version that was read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::{Index, Key, Table};

pub mod dynamodb;
pub mod memory;

/// An item as it is stored.
pub type Item = HashMap<String, AttributeValue>;

/// Where a page of a query ended.
pub type Cursor = Item;

/// The attribute that counts how often an item was written.
pub const VERSION: &str = "version";

/// How many actions one transaction has at the most (DynamoDB's own limit).
pub const TRANSACTION_ACTIONS_MAX: usize = 100;

/// One action of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Stores an item where there is none.
    Create { key: Key, item: Item },
    /// Stores an item over the version that was read.
    Replace { key: Key, item: Item, version: u64 },
    /// Stores nothing: the item has to be at the version that was read, still.
    Check { key: Key, version: u64 },
}

impl Write {
    /// Which item this is about.
    pub fn key(&self) -> &Key {
        match self {
            Write::Create { key, .. } | Write::Replace { key, .. } | Write::Check { key, .. } => key,
        }
    }
}

/// Which sort keys a query takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    All,
    Prefix(String),
    From(String),
    UpTo(String),
    Between(String, String),
}

/// A question about one partition of a table or of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub table: Table,
    pub index: Option<Index>,
    pub partition: String,
    pub range: Range,
    /// How many items one page has at the most.
    pub limit: usize,
    pub backwards: bool,
    pub after: Option<Cursor>,
}

impl Query {
    /// A question about a partition of a table, answered with what has been committed before.
    pub fn partition(table: Table, partition: String, range: Range, limit: usize) -> Self {
        Self { table, index: None, partition, range, limit, backwards: false, after: None }
    }

    /// A question about a partition of an index, which may lag behind what has been committed.
    pub fn index(table: Table, index: Index, partition: String, range: Range, limit: usize) -> Self {
        Self { table, index: Some(index), partition, range, limit, backwards: false, after: None }
    }

    /// The same question, answered from the end.
    pub fn latest_first(self) -> Self {
        Self { backwards: true, ..self }
    }
}

/// The answer to a query. Where there is more, `next` says from where.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    pub items: Vec<Item>,
    pub next: Option<Cursor>,
}

/// The store did not answer, or not in time: nothing is known about what it did. Trying again is right.
#[derive(Debug, thiserror::Error)]
#[error("the store is unavailable: {0}")]
pub struct Unavailable(pub String);

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// These actions, by position, found another version than was read. Nothing was written.
    #[error("{} of the items had changed", .0.len())]
    Changed(Vec<usize>),
    /// Another commit was under way over the same items. Nothing was written.
    #[error("another commit was under way")]
    Contended,
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What is kept.
#[allow(async_fn_in_trait, reason = "handlers run on one thread, so no future has to be Send")]
pub trait Store {
    /// Reads items in one consistent view, in the order of the keys. At most [`TRANSACTION_ACTIONS_MAX`].
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable>;

    /// Commits all of the writes or none. No two of them may be about the same item.
    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError>;

    /// Reads one page of a partition or an index.
    async fn query(&self, query: &Query) -> Result<Page, Unavailable>;

    /// Waits before the next attempt, longer and more by chance each time, so that those who collided once do
    /// not collide again.
    async fn back_off(&self, attempt: u32);
}

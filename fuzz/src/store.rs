//! The store in memory, watched: what was written, and whether DynamoDB would have taken it.

use std::cell::{Cell, RefCell};

use aws::keys::Key;
use aws::quarantine::Quarantined;
use aws::store::memory::Memory;
use aws::store::{CommitError, Item, Page, Query, Store, Unavailable, Write};
use aws_sdk_dynamodb::types::AttributeValue;

/// The largest item, in bytes (DynamoDB's own limit).
const ITEM_LENGTH_MAX: usize = 400 * 1024;

/// What the partitions of messages that were not understood begin with.
const QUARANTINE: &str = "QUARANTINE#";

/// A healthy store. Quarantine is kept apart: most inputs end there, and the network is as new after them.
#[derive(Debug, Default)]
pub struct Watched {
    kept: Memory,
    quarantine: Memory,
    changed: RefCell<Vec<Key>>,
    written: Cell<bool>,
}

impl Watched {
    /// What was written since this was last asked, quarantine left out, in order.
    pub fn take_changed(&self) -> Vec<Key> {
        self.changed.take()
    }

    /// How much was written since [`Watched::take_changed`].
    pub fn changes(&self) -> usize {
        self.changed.borrow().len()
    }

    /// Takes what is kept now as what it was made with.
    pub fn is_made(&self) {
        self.changed.take();
        self.written.set(false);
    }

    /// Whether it keeps just what it was made with. Quarantine does not count.
    pub fn is_as_made(&self) -> bool {
        !self.written.get()
    }

    /// What is in quarantine.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        let kept = self.quarantine.snapshot().into_iter();
        kept.map(|(key, item)| aws::items::read(&key, item).expect("what was just written").state).collect()
    }

    /// Everything else that is kept.
    pub fn items(&self) -> Vec<(Key, Item)> {
        self.kept.snapshot().into_iter().collect()
    }

    /// Releases what is in quarantine.
    pub fn empty_quarantine(&mut self) {
        self.quarantine = Memory::default();
    }
}

fn length_of(value: &AttributeValue) -> usize {
    // One byte for each element and three for each list or map, as DynamoDB counts them.
    match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| 1 + length_of(value)).sum::<usize>(),
        AttributeValue::M(fields) => {
            3 + fields.iter().map(|(name, value)| 1 + name.len() + length_of(value)).sum::<usize>()
        }
        _ => 1,
    }
}

impl Store for Watched {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.kept.read(keys).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let mut keys = Vec::new();
        for write in &writes {
            if let Write::Create { key, item } | Write::Replace { key, item, .. } = write {
                let length: usize = item.iter().map(|(name, value)| name.len() + length_of(value)).sum();
                assert!(length <= ITEM_LENGTH_MAX, "the item {key:?} has {length} bytes");
                keys.push(key.clone());
            }
        }
        if keys.iter().all(|key| key.pk.starts_with(QUARANTINE)) {
            return self.quarantine.commit(writes).await;
        }
        self.kept.commit(writes).await?;
        self.changed.borrow_mut().extend(keys);
        self.written.set(true);
        Ok(())
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        self.kept.query(query).await
    }

    async fn back_off(&self, attempt: u32) {
        self.kept.back_off(attempt).await;
    }
}

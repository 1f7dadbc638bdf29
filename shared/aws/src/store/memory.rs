//! The store in memory, with the meaning of the one on DynamoDB: for tests, and for proving that the rules
//! hold whatever happens between two calls.

use std::cell::RefCell;
use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::{CommitError, Item, Page, Query, Range, Store, TRANSACTION_ACTIONS_MAX, Unavailable, VERSION, Write};
use crate::keys::Key;

/// The store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    items: RefCell<BTreeMap<Key, Item>>,
}

impl Memory {
    /// Everything that is kept, by key.
    pub fn snapshot(&self) -> BTreeMap<Key, Item> {
        self.items.borrow().clone()
    }
}

fn text<'a>(item: &'a Item, attribute: &str) -> Option<&'a str> {
    item.get(attribute)?.as_s().ok().map(String::as_str)
}

fn version(item: &Item) -> Option<u64> {
    item.get(VERSION)?.as_n().ok()?.parse().ok()
}

impl Range {
    fn contains(&self, sort_key: &str) -> bool {
        match self {
            Range::All => true,
            Range::Prefix(prefix) => sort_key.starts_with(prefix.as_str()),
            Range::From(from) => sort_key >= from.as_str(),
            Range::UpTo(to) => sort_key <= to.as_str(),
            Range::Between(from, to) => (from.as_str()..=to.as_str()).contains(&sort_key),
        }
    }
}

impl Store for Memory {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        if keys.len() > TRANSACTION_ACTIONS_MAX {
            return Err(Unavailable(format!("a read of {} items", keys.len())));
        }
        let items = self.items.borrow();
        Ok(keys.iter().map(|key| items.get(key).cloned()).collect())
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        if writes.len() > TRANSACTION_ACTIONS_MAX {
            return Err(Unavailable(format!("a transaction of {} actions", writes.len())).into());
        }
        let mut items = self.items.borrow_mut();
        for (at, write) in writes.iter().enumerate() {
            if writes[..at].iter().any(|other| other.key() == write.key()) {
                return Err(Unavailable(format!("a transaction with two actions on {:?}", write.key())).into());
            }
        }
        let changed: Vec<usize> = writes
            .iter()
            .enumerate()
            .filter(|(_, write)| {
                let stored = items.get(write.key());
                match write {
                    Write::Create { .. } => stored.is_some(),
                    Write::Replace { version: read, .. } | Write::Check { version: read, .. } => {
                        stored.and_then(version) != Some(*read)
                    }
                }
            })
            .map(|(at, _)| at)
            .collect();
        if !changed.is_empty() {
            return Err(CommitError::Changed(changed));
        }
        for write in writes {
            match write {
                Write::Create { key, item } | Write::Replace { key, item, .. } => drop(items.insert(key, item)),
                Write::Check { .. } => {}
            }
        }
        Ok(())
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        let (partition, sort) = query.index.map_or(("pk", "sk"), |index| index.attributes());
        let items = self.items.borrow();
        let mut found: Vec<(String, &Key, &Item)> = items
            .iter()
            .filter(|(key, _)| key.table == query.table)
            .filter(|(_, item)| text(item, partition) == Some(query.partition.as_str()))
            .filter_map(|(key, item)| Some((text(item, sort)?.to_owned(), key, item)))
            .filter(|(sort_key, _, _)| query.range.contains(sort_key))
            .collect();
        found.sort_by(|(a, first, _), (b, second, _)| (a, first).cmp(&(b, second)));
        if query.backwards {
            found.reverse();
        }
        let after = query.after.as_ref().and_then(|cursor| {
            found.iter().position(|(_, key, _)| {
                text(cursor, "pk") == Some(key.pk.as_str()) && text(cursor, "sk") == Some(key.sk.as_str())
            })
        });
        let rest = &found[after.map_or(0, |at| at + 1)..];
        let page: Vec<Item> = rest.iter().take(query.limit).map(|(_, _, item)| (*item).clone()).collect();
        let next = (rest.len() > query.limit).then(|| rest[query.limit - 1].1).map(|key| {
            Item::from([
                ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
                ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
            ])
        });
        Ok(Page { items: page, next })
    }

    async fn back_off(&self, _attempt: u32) {
        tokio::task::yield_now().await;
    }
}

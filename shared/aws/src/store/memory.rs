//! The store in memory, with the meaning of the one on DynamoDB: for tests, and for proving that the rules
//! hold whatever happens between two calls.

use std::cell::RefCell;
use std::collections::BTreeMap;

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

/// Where an item is in the order of a query: by the query's sort key, then by its own.
type Position<'a> = (&'a str, &'a str, &'a str);

fn position<'a>(item: &'a Item, sort: &str) -> Option<Position<'a>> {
    Some((text(item, sort)?, text(item, "pk")?, text(item, "sk")?))
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
        if let Some(key) = keys.iter().enumerate().find_map(|(at, key)| keys[..at].contains(key).then_some(key)) {
            return Err(Unavailable(format!("a read that asks for {key:?} twice")));
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
        let mut found: Vec<(Position<'_>, &Item)> = items
            .iter()
            .filter(|(key, _)| key.table == query.table)
            .filter(|(_, item)| text(item, partition) == Some(query.partition.as_str()))
            .filter_map(|(_, item)| Some((position(item, sort)?, item)))
            .filter(|((sort_key, _, _), _)| query.range.contains(sort_key))
            .collect();
        found.sort_by(|(a, _), (b, _)| if query.backwards { b.cmp(a) } else { a.cmp(b) });
        if let Some(cursor) = &query.after {
            // By where it was, not by what is there: the item may have moved since.
            let after = position(cursor, sort).ok_or_else(|| Unavailable("the cursor of another query".to_owned()))?;
            found.retain(|(at, _)| if query.backwards { *at < after } else { *at > after });
        }
        let next = (found.len() > query.limit).then(|| {
            let (_, last) = found[query.limit - 1];
            ["pk", "sk", partition, sort].map(|name| (name.to_owned(), last[name].clone())).into()
        });
        Ok(Page { items: found.into_iter().take(query.limit).map(|(_, item)| item.clone()).collect(), next })
    }

    async fn back_off(&self, _attempt: u32) {
        tokio::task::yield_now().await;
    }
}

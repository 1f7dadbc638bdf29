//! The store in memory, with the meaning of the one on DynamoDB: for tests, and for proving that the rules
//! hold whatever happens between two calls.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::{CommitError, Item, Page, Query, Range, Store, TRANSACTION_ACTIONS_MAX, Unavailable, VERSION, Write};
use crate::keys::{Index, Key, Table};

/// The store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    kept: RefCell<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    items: BTreeMap<Key, Item>,
    indexes: BTreeSet<Entry>,
}

/// That an item belongs to an index, in the order in which queries answer: the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    table: Table,
    index: Index,
    partition: String,
    sort: String,
    pk: String,
    sk: String,
}

impl Kept {
    fn put(&mut self, key: Key, item: Item) {
        if let Some(before) = self.items.get(&key) {
            for entry in entries(&key, before) {
                self.indexes.remove(&entry);
            }
        }
        self.indexes.extend(entries(&key, &item));
        self.items.insert(key, item);
    }
}

fn entries(key: &Key, item: &Item) -> Vec<Entry> {
    let in_index = |index: Index| {
        let (partition, sort) = index.attributes();
        Some(Entry {
            table: key.table,
            index,
            partition: text(item, partition)?.to_owned(),
            sort: text(item, sort)?.to_owned(),
            pk: key.pk.clone(),
            sk: key.sk.clone(),
        })
    };
    Index::ALL.into_iter().filter_map(in_index).collect()
}

impl Memory {
    /// Everything that is kept, by key.
    pub fn snapshot(&self) -> BTreeMap<Key, Item> {
        self.kept.borrow().items.clone()
    }

    /// Puts an item in, whatever was there: for replicas, which follow another store.
    pub fn put(&self, key: Key, item: Item) {
        self.kept.borrow_mut().put(key, item);
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
    /// The least sort key that can be in it.
    fn least(&self) -> &str {
        match self {
            Range::All | Range::UpTo(_) => "",
            Range::Prefix(from) | Range::From(from) | Range::Between(from, _) => from,
        }
    }

    /// Whether a sort key that is not below the least one is in it. Those that are come before those that are not.
    fn reaches(&self, sort_key: &str) -> bool {
        match self {
            Range::All | Range::From(_) => true,
            Range::Prefix(prefix) => sort_key.starts_with(prefix.as_str()),
            Range::UpTo(to) | Range::Between(_, to) => sort_key <= to.as_str(),
        }
    }
}

impl Kept {
    /// The items a query is about, in the order of their sort keys.
    fn find(&self, query: &Query) -> Vec<(Position<'_>, &Item)> {
        let Query { table, partition, range, .. } = query;
        match query.index {
            None => {
                let from = Key { table: *table, pk: partition.clone(), sk: range.least().to_owned() };
                self.items
                    .range((Bound::Included(from), Bound::Unbounded))
                    .take_while(|(key, _)| key.table == *table && key.pk == *partition && range.reaches(&key.sk))
                    .map(|(key, item)| ((key.sk.as_str(), key.pk.as_str(), key.sk.as_str()), item))
                    .collect()
            }
            Some(index) => {
                let (pk, sk) = (String::new(), String::new());
                let (partition, sort) = (partition.clone(), range.least().to_owned());
                let from = Entry { table: *table, index, partition, sort, pk, sk };
                let belongs = |it: &Entry| {
                    it.table == *table
                        && it.index == index
                        && it.partition == query.partition
                        && range.reaches(&it.sort)
                };
                self.indexes
                    .range((Bound::Included(from), Bound::Unbounded))
                    .take_while(|entry| belongs(entry))
                    .filter_map(|it| {
                        let key = Key { table: it.table, pk: it.pk.clone(), sk: it.sk.clone() };
                        Some(((it.sort.as_str(), it.pk.as_str(), it.sk.as_str()), self.items.get(&key)?))
                    })
                    .collect()
            }
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
        let kept = self.kept.borrow();
        Ok(keys.iter().map(|key| kept.items.get(key).cloned()).collect())
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        if writes.len() > TRANSACTION_ACTIONS_MAX {
            return Err(Unavailable(format!("a transaction of {} actions", writes.len())).into());
        }
        let mut kept = self.kept.borrow_mut();
        for (at, write) in writes.iter().enumerate() {
            if writes[..at].iter().any(|other| other.key() == write.key()) {
                return Err(Unavailable(format!("a transaction with two actions on {:?}", write.key())).into());
            }
        }
        let changed: Vec<usize> = writes
            .iter()
            .enumerate()
            .filter(|(_, write)| {
                let stored = kept.items.get(write.key());
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
                Write::Create { key, item } | Write::Replace { key, item, .. } => kept.put(key, item),
                Write::Check { .. } => {}
            }
        }
        Ok(())
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        let (partition, sort) = query.index.map_or(("pk", "sk"), |index| index.attributes());
        let kept = self.kept.borrow();
        let mut found = kept.find(query);
        if query.backwards {
            found.reverse();
        }
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

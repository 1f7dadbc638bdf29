//! What the contract writes and asks for. Each test has partitions of its own, so that all can run at once.

use std::sync::atomic::{AtomicU64, Ordering};

use aws::keys::{Index, Key, Table};
use aws::store::{CommitError, Item, Query, Range, Store, Write};
use aws_sdk_dynamodb::types::AttributeValue;

/// A partition nobody else uses.
pub fn partition() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("P#{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An item's name in the network table.
pub fn key(partition: &str, sort: &str) -> Key {
    key_in(Table::Network, partition, sort)
}

pub fn key_in(table: Table, partition: &str, sort: &str) -> Key {
    Key { table, pk: partition.to_owned(), sk: sort.to_owned() }
}

/// An item at a version, with a text that tells it from others.
pub fn item(key: &Key, version: u64, text: &str) -> Item {
    Item::from([
        ("pk".to_owned(), AttributeValue::S(key.pk.clone())),
        ("sk".to_owned(), AttributeValue::S(key.sk.clone())),
        ("version".to_owned(), AttributeValue::N(version.to_string())),
        ("text".to_owned(), AttributeValue::S(text.to_owned())),
    ])
}

/// The same in an index.
pub fn indexed(item: Item, index: Index, partition: &str, sort: Option<&str>) -> Item {
    let (partition_attribute, sort_attribute) = index.attributes();
    let mut item = item;
    item.insert(partition_attribute.to_owned(), AttributeValue::S(partition.to_owned()));
    if let Some(sort) = sort {
        item.insert(sort_attribute.to_owned(), AttributeValue::S(sort.to_owned()));
    }
    item
}

pub fn create(key: &Key, text: &str) -> Write {
    Write::Create { key: key.clone(), item: item(key, 1, text) }
}

/// Writes over the version that was read.
pub fn replace(key: &Key, version: u64, text: &str) -> Write {
    Write::Replace { key: key.clone(), item: item(key, version + 1, text), version }
}

pub fn check(key: &Key, version: u64) -> Write {
    Write::Check { key: key.clone(), version }
}

/// Which positions failed.
#[track_caller]
pub fn changed(outcome: Result<(), CommitError>) -> Vec<usize> {
    match outcome {
        Err(CommitError::Changed(positions)) => positions,
        other => panic!("{other:?}"),
    }
}

/// One item as it is kept.
pub async fn kept(store: &impl Store, key: &Key) -> Option<Item> {
    store.read(std::slice::from_ref(key)).await.unwrap().remove(0)
}

/// A question about a partition of the network table.
pub fn ask(partition: &str, range: Range, limit: usize) -> Query {
    Query::partition(Table::Network, partition.to_owned(), range, limit)
}

/// The sort keys of items.
pub fn sorts(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| item["sk"].as_s().unwrap().clone()).collect()
}

/// Everything a query answers, page by page.
pub async fn pages(store: &impl Store, mut query: Query) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    loop {
        let page = store.query(&query).await.unwrap();
        assert!(page.items.len() <= query.limit);
        if !page.items.is_empty() {
            pages.push(sorts(&page.items));
        }
        let Some(cursor) = page.next else { return pages };
        query = aws::keys::next_page(query, cursor);
        assert!(pages.len() < 1_000, "the pages do not end");
    }
}

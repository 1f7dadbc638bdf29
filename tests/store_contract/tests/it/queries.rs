//! Queries about a partition of a table.

use aws::keys::{Key, Table};
use aws::store::{Query, Range, Store};

use crate::items::*;

/// A partition with items of these sort keys.
async fn filled(store: &impl Store, sorts: &[&str]) -> String {
    let partition = partition();
    let keys: Vec<Key> = sorts.iter().map(|sort| key(&partition, sort)).collect();
    store.commit(keys.iter().map(|key| create(key, &key.sk)).collect()).await.unwrap();
    partition
}

async fn found(store: &impl Store, query: Query) -> Vec<String> {
    sorts(&store.query(&query).await.unwrap().items)
}

pub async fn a_partition_is_answered_in_the_order_of_its_sort_keys(store: &impl Store) {
    let partition = filled(store, &["B", "A#2", "A#10", "STATE", "C"]).await;
    assert_eq!(found(store, ask(&partition, Range::All, 100)).await, ["A#10", "A#2", "B", "C", "STATE"]);
    let whole = store.query(&ask(&partition, Range::Prefix("B".to_owned()), 100)).await.unwrap();
    assert_eq!(whole.items, [item(&key(&partition, "B"), 1, "B")], "items come whole");
    assert_eq!(found(store, ask(&self::partition(), Range::All, 100)).await, Vec::<String>::new());
}

pub async fn a_range_takes_what_is_in_it_and_its_ends(store: &impl Store) {
    let partition = filled(store, &["A", "B#1", "B#2", "B#3", "C", "b"]).await;
    let text = str::to_owned;
    for (range, expected) in [
        (Range::Prefix(text("B#")), &["B#1", "B#2", "B#3"][..]),
        (Range::Prefix(text("B#4")), &[]),
        (Range::From(text("B#2")), &["B#2", "B#3", "C", "b"]),
        (Range::From(text("B#25")), &["B#3", "C", "b"]),
        (Range::UpTo(text("B#2")), &["A", "B#1", "B#2"]),
        (Range::UpTo(text("0")), &[]),
        (Range::Between(text("B#1"), text("B#2")), &["B#1", "B#2"]),
        (Range::Between(text("B#2"), text("B#2")), &["B#2"]),
        (Range::Between(text("B#"), text("B#~")), &["B#1", "B#2", "B#3"]),
    ] {
        let query = ask(&partition, range.clone(), 100);
        assert_eq!(found(store, query.clone()).await, expected, "{range:?}");
        let mut backwards: Vec<String> = expected.iter().map(|sort| text(sort)).collect();
        backwards.reverse();
        assert_eq!(found(store, query.latest_first()).await, backwards, "{range:?} backwards");
    }
}

pub async fn a_query_backwards_answers_from_the_end(store: &impl Store) {
    let partition = filled(store, &["A", "B", "C", "D"]).await;
    assert_eq!(found(store, ask(&partition, Range::All, 2).latest_first()).await, ["D", "C"]);
}

pub async fn a_page_ends_at_the_limit_and_the_next_goes_on_there(store: &impl Store) {
    let partition = filled(store, &["A", "B", "C", "D", "E"]).await;
    assert_eq!(pages(store, ask(&partition, Range::All, 2)).await, [vec!["A", "B"], vec!["C", "D"], vec!["E"]]);
    assert_eq!(pages(store, ask(&partition, Range::All, 5)).await, [["A", "B", "C", "D", "E"]]);
    assert_eq!(pages(store, ask(&partition, Range::From("C".to_owned()), 1)).await, [["C"], ["D"], ["E"]]);
    assert_eq!(pages(store, ask(&partition, Range::UpTo("B".to_owned()), 2)).await, [["A", "B"]]);
    let page = store.query(&ask(&partition, Range::All, 2)).await.unwrap();
    assert!(page.next.is_some(), "there is more");
    let page = store.query(&ask(&partition, Range::All, 6)).await.unwrap();
    assert_eq!((page.items.len(), page.next), (5, None));
}

pub async fn pages_backwards_hold_everything_once(store: &impl Store) {
    let partition = filled(store, &["A", "B", "C", "D", "E"]).await;
    let query = ask(&partition, Range::From("B".to_owned()), 3).latest_first();
    assert_eq!(pages(store, query).await, [vec!["E", "D", "C"], vec!["B"]]);
}

pub async fn a_page_goes_on_where_it_ended_though_that_item_has_moved(store: &impl Store) {
    let partition = partition();
    let index = aws::keys::Index::Bookable;
    let keys: Vec<Key> = ["1", "2", "3", "4"].map(|sort| key(&partition, sort)).into();
    let writes = keys.iter().map(|key| aws::store::Write::Create {
        key: key.clone(),
        item: indexed(item(key, 1, "here"), index, &partition, Some(&key.sk)),
    });
    store.commit(writes.collect()).await.unwrap();
    let query = Query::index(Table::Network, index, partition.clone(), Range::All, 2);
    let mut page = store.query(&query).await.unwrap();
    for _ in 0..100 {
        // An index may lag.
        if sorts(&page.items) == ["1", "2"] && pages(store, query.clone()).await.concat().len() == 4 {
            break;
        }
        store.back_off(3).await;
        page = store.query(&query).await.unwrap();
    }
    store.commit(vec![replace(&keys[1], 1, "no longer in the index")]).await.unwrap();
    let rest = aws::keys::next_page(query, page.next.expect("there is more"));
    assert_eq!(pages(store, rest).await.concat(), ["3", "4"]);
}

pub async fn another_partition_or_table_is_not_touched(store: &impl Store) {
    let first = filled(store, &["A"]).await;
    let second = format!("{first}#more");
    store.commit(vec![create(&key(&second, "B"), "b")]).await.unwrap();
    store.commit(vec![create(&key_in(Table::Orders, &first, "C"), "c")]).await.unwrap();
    assert_eq!(found(store, ask(&first, Range::All, 100)).await, ["A"]);
    let orders = Query::partition(Table::Orders, first, Range::All, 100);
    assert_eq!(found(store, orders).await, ["C"]);
}

pub async fn what_was_committed_is_found_at_once(store: &impl Store) {
    let partition = partition();
    for number in 0..20 {
        store.commit(vec![create(&key(&partition, &format!("{number:02}")), "here")]).await.unwrap();
        assert_eq!(found(store, ask(&partition, Range::All, 100)).await.len(), number + 1);
    }
}

pub async fn sort_keys_are_ordered_by_their_bytes(store: &impl Store) {
    let partition = filled(store, &["z", "é", "e\u{301}", "Z", "~", "\u{ffff}", "🏤", "ß", "0"]).await;
    let expected = ["0", "Z", "e\u{301}", "z", "~", "ß", "é", "\u{ffff}", "🏤"];
    assert_eq!(found(store, ask(&partition, Range::All, 100)).await, expected);
    let prefix = ask(&partition, Range::Prefix("e".to_owned()), 100);
    assert_eq!(found(store, prefix).await, ["e\u{301}"], "a prefix is one of bytes, not of letters");
}

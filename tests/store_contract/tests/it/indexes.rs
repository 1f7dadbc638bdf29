//! Queries about an index, which may lag: asked again until they answer what was committed.

use aws::keys::{Index, Key, Table};
use aws::store::{Query, Range, Store, Write};

use crate::items::*;
use crate::tables;

fn of_index(index: Index, partition: &str, limit: usize) -> Query {
    Query::index(Table::Network, index, partition.to_owned(), Range::All, limit)
}

/// Asks until the answer is this, for as long as an index may lag.
async fn becomes(store: &impl Store, query: &Query, expected: &[&str]) {
    const ATTEMPTS_MAX: usize = 100;
    let mut found = Vec::new();
    for _ in 0..ATTEMPTS_MAX {
        found = pages(store, query.clone()).await.concat();
        if found == expected {
            return;
        }
        store.back_off(3).await;
    }
    panic!("{query:?} answers {found:?}, not {expected:?}");
}

fn create_in(index: Index, key: &Key, partition: &str, sort: &str) -> Write {
    Write::Create { key: key.clone(), item: indexed(item(key, 1, "here"), index, partition, Some(sort)) }
}

pub async fn an_item_is_in_an_index_only_while_it_has_its_attributes(store: &impl Store) {
    let partition = partition();
    let (due, other) = (key(&partition, "A"), key(&partition, "B"));
    let query = of_index(Index::Due, &partition, 10);
    becomes(store, &query, &[]).await;
    store.commit(vec![create_in(Index::Due, &due, &partition, "1"), create(&other, "never due")]).await.unwrap();
    becomes(store, &query, &["A"]).await;
    store.commit(vec![replace(&due, 1, "done")]).await.unwrap();
    becomes(store, &query, &[]).await;
    let again = indexed(item(&due, 3, "due again"), Index::Due, &partition, Some("2"));
    store.commit(vec![Write::Replace { key: due.clone(), item: again.clone(), version: 2 }]).await.unwrap();
    becomes(store, &query, &["A"]).await;
    assert_eq!(store.query(&query).await.unwrap().items, [again], "items come whole");
    let half = key(&partition, "C");
    let without_time = indexed(item(&half, 1, "here"), Index::Due, &partition, None);
    store.commit(vec![Write::Create { key: half, item: without_time }]).await.unwrap();
    becomes(store, &query, &["A"]).await;
}

pub async fn an_index_answers_in_the_order_of_its_own_sort_key(store: &impl Store) {
    let partition = partition();
    let ranked = [("A", "3#001"), ("B", "1#009"), ("C", "2#100"), ("D", "2#020")];
    let writes = ranked.map(|(sort, rank)| create_in(Index::Bookable, &key(&partition, sort), &partition, rank));
    store.commit(writes.into()).await.unwrap();
    let query = |range: Range| Query::index(Table::Network, Index::Bookable, partition.clone(), range, 10);
    becomes(store, &query(Range::All), &["B", "D", "C", "A"]).await;
    becomes(store, &query(Range::All).latest_first(), &["A", "C", "D", "B"]).await;
    becomes(store, &query(Range::From("2#".to_owned())), &["D", "C", "A"]).await;
    becomes(store, &query(Range::UpTo("2#020".to_owned())), &["B", "D"]).await;
    becomes(store, &query(Range::Prefix("2#".to_owned())), &["D", "C"]).await;
    becomes(store, &query(Range::Between("1#".to_owned(), "2#050".to_owned())), &["B", "D"]).await;
}

pub async fn an_index_is_paged_to_its_end(store: &impl Store) {
    let partition = partition();
    let names: Vec<String> = (0..23).map(|number| format!("{number:02}")).collect();
    for chunk in names.chunks(10) {
        let writes = chunk.iter().map(|name| create_in(Index::Due, &key(&partition, name), &partition, name));
        store.commit(writes.collect()).await.unwrap();
    }
    let mut expected: Vec<&str> = names.iter().map(String::as_str).collect();
    for limit in [1, 7, 23, 100] {
        becomes(store, &of_index(Index::Due, &partition, limit), &expected).await;
    }
    expected.reverse();
    becomes(store, &of_index(Index::Due, &partition, 7).latest_first(), &expected).await;
}

pub async fn items_with_one_index_key_are_all_found(store: &impl Store) {
    let partition = partition();
    let names = ["A", "B", "C", "D", "E"];
    let writes = names.map(|sort| create_in(Index::Due, &key(&partition, sort), &partition, "same"));
    store.commit(writes.into()).await.unwrap();
    // Which of them comes first is nobody's promise; that each comes once is.
    for _ in 0..100 {
        let mut found = pages(store, of_index(Index::Due, &partition, 2)).await.concat();
        found.sort_unstable();
        if found == names {
            return;
        }
        store.back_off(3).await;
    }
    panic!("not all of {names:?} are found once");
}

pub async fn every_index_of_the_code_is_in_the_template(store: &impl Store) {
    let partition = partition();
    let tables = tables::definitions();
    let kept = [
        (Table::Network, Index::Due),
        (Table::Orders, Index::Due),
        (Table::Cases, Index::Due),
        (Table::Network, Index::Near),
        (Table::Network, Index::Bookable),
        (Table::Network, Index::TeamLoad),
        (Table::Cases, Index::ByDriver),
        (Table::Orders, Index::Waiting),
        (Table::Cases, Index::Waiting),
        (Table::Cases, Index::Queue),
    ];
    assert!(Index::ALL.iter().all(|index| kept.iter().any(|(_, it)| it == index)));
    for (table, index) in kept {
        let name = key_in(table, &partition, &format!("of {}", index.name()));
        let (_, sort) = index.attributes();
        let sort = if sort == "pk" { None } else { Some("1") };
        let item = indexed(item(&name, 1, "here"), index, &partition, sort);
        store.commit(vec![Write::Create { key: name.clone(), item }]).await.unwrap();
        let query = Query::index(table, index, partition.clone(), Range::All, 10);
        becomes(store, &query, &[&name.sk]).await;
        let defined = tables.iter().filter(|defined| defined.table == table).any(|defined| defined.has(index));
        assert!(defined, "{index:?} of {table:?}");
    }
}

//! Commits: all or nothing, on conditions.

use aws::keys::Table;
use aws::store::{CommitError, Store, TRANSACTION_ACTIONS_MAX};

use crate::items::*;

pub async fn an_item_is_created_where_there_is_none(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    assert_eq!(kept(store, &key).await, Some(item(&key, 1, "first")));
}

pub async fn an_item_is_not_created_over_another(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    assert_eq!(changed(store.commit(vec![create(&key, "second")]).await), [0]);
    assert_eq!(kept(store, &key).await, Some(item(&key, 1, "first")));
}

pub async fn an_item_is_replaced_at_the_version_that_was_read(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    store.commit(vec![replace(&key, 1, "second")]).await.unwrap();
    store.commit(vec![replace(&key, 2, "third")]).await.unwrap();
    assert_eq!(kept(store, &key).await, Some(item(&key, 3, "third")));
}

pub async fn an_item_is_not_replaced_at_another_version(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    for version in [0, 2, 10] {
        assert_eq!(changed(store.commit(vec![replace(&key, version, "second")]).await), [0]);
    }
    assert_eq!(kept(store, &key).await, Some(item(&key, 1, "first")));
}

pub async fn an_item_that_is_not_there_is_not_replaced(store: &impl Store) {
    let key = key(&partition(), "A");
    assert_eq!(changed(store.commit(vec![replace(&key, 0, "second")]).await), [0]);
    assert_eq!(kept(store, &key).await, None);
}

pub async fn a_replaced_item_keeps_nothing_of_the_earlier_one(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    let mut bare = item(&key, 2, "");
    bare.remove("text");
    let write = aws::store::Write::Replace { key: key.clone(), item: bare.clone(), version: 1 };
    store.commit(vec![write]).await.unwrap();
    assert_eq!(kept(store, &key).await, Some(bare));
}

pub async fn a_check_passes_at_its_version_and_writes_nothing(store: &impl Store) {
    let partition = partition();
    let (checked, written) = (key(&partition, "A"), key(&partition, "B"));
    store.commit(vec![create(&checked, "first")]).await.unwrap();
    store.commit(vec![create(&written, "second"), check(&checked, 1)]).await.unwrap();
    assert_eq!(kept(store, &checked).await, Some(item(&checked, 1, "first")));
    assert_eq!(kept(store, &written).await, Some(item(&written, 1, "second")));
}

pub async fn a_check_fails_at_another_version_and_where_there_is_nothing(store: &impl Store) {
    let partition = partition();
    let (checked, missing, written) = (key(&partition, "A"), key(&partition, "M"), key(&partition, "B"));
    store.commit(vec![create(&checked, "first")]).await.unwrap();
    for check in [check(&checked, 2), check(&checked, 0), check(&missing, 0), check(&missing, 1)] {
        assert_eq!(changed(store.commit(vec![create(&written, "second"), check]).await), [1]);
    }
    assert_eq!(kept(store, &written).await, None);
    assert_eq!(kept(store, &missing).await, None);
}

pub async fn a_check_alone_is_a_commit(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    store.commit(vec![check(&key, 1)]).await.unwrap();
    assert_eq!(changed(store.commit(vec![check(&key, 2)]).await), [0]);
}

pub async fn all_tables_are_committed_together(store: &impl Store) {
    let partition = partition();
    let keys = [Table::Network, Table::Orders, Table::Cases, Table::People].map(|table| key_in(table, &partition, "A"));
    store.commit(keys.iter().map(|key| create(key, &format!("{:?}", key.table))).collect()).await.unwrap();
    let read = store.read(&keys).await.unwrap();
    let expected: Vec<_> = keys.iter().map(|key| Some(item(key, 1, &format!("{:?}", key.table)))).collect();
    assert_eq!(read, expected);
}

pub async fn all_that_failed_are_named_by_position_in_order(store: &impl Store) {
    let partition = partition();
    let keys: Vec<_> = ["A", "B", "C", "D", "E", "F"].map(|sort| key(&partition, sort)).into();
    store.commit(vec![create(&keys[1], "b"), create(&keys[3], "d"), create(&keys[4], "e")]).await.unwrap();
    let writes = vec![
        create(&keys[0], "new"),
        create(&keys[1], "is there already"),
        replace(&keys[2], 1, "is not there"),
        check(&keys[3], 1),
        check(&keys[4], 7),
        replace(&keys[5], 1, "is not there"),
    ];
    assert_eq!(changed(store.commit(writes).await), [1, 2, 4, 5]);
}

pub async fn where_one_fails_nothing_is_written(store: &impl Store) {
    let partition = partition();
    let (old, new, missing) = (key(&partition, "A"), key(&partition, "B"), key(&partition, "C"));
    store.commit(vec![create(&old, "first")]).await.unwrap();
    let writes = vec![replace(&old, 1, "second"), create(&new, "new"), check(&missing, 1)];
    assert_eq!(changed(store.commit(writes).await), [2]);
    let read = store.read(&[old.clone(), new, missing]).await.unwrap();
    assert_eq!(read, [Some(item(&old, 1, "first")), None, None]);
}

pub async fn two_actions_on_one_item_are_refused(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    for second in [replace(&key, 1, "third"), check(&key, 1), create(&key, "third")] {
        store.commit(vec![replace(&key, 1, "second"), second]).await.unwrap_err();
    }
    assert_eq!(kept(store, &key).await, Some(item(&key, 1, "first")));
}

pub async fn two_actions_on_one_item_are_a_mistake_and_no_conflict(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "first")]).await.unwrap();
    for second in [replace(&key, 1, "third"), check(&key, 1)] {
        let outcome = store.commit(vec![replace(&key, 1, "second"), second]).await;
        assert!(matches!(outcome, Err(CommitError::Unavailable(_))), "{outcome:?}");
    }
}

pub async fn a_hundred_actions_are_committed_and_a_hundred_and_one_refused(store: &impl Store) {
    let partition = partition();
    let keys: Vec<_> = (0..=TRANSACTION_ACTIONS_MAX).map(|number| key(&partition, &format!("{number:03}"))).collect();
    let outcome = store.commit(keys.iter().map(|key| create(key, "one too many")).collect()).await;
    assert!(matches!(outcome, Err(CommitError::Unavailable(_))), "{outcome:?}");
    assert_eq!(kept(store, &keys[0]).await, None);
    store.commit(keys[1..].iter().map(|key| create(key, "enough")).collect()).await.unwrap();
    let read = store.read(&keys[1..]).await.unwrap();
    assert!(read.iter().all(Option::is_some));
}

pub async fn of_two_who_commit_at_once_one_is_told_so(store: &impl Store) {
    let partition = partition();
    let (contested, other) = (key(&partition, "A"), key(&partition, "B"));
    store.commit(vec![create(&contested, "0")]).await.unwrap();
    let add = async |name: &str| loop {
        let found = kept(store, &contested).await.unwrap();
        let version: u64 = found["version"].as_n().unwrap().parse().unwrap();
        let text = format!("{}{name}", found["text"].as_s().unwrap());
        let guard = key(&partition, &format!("G#{name}"));
        match store.commit(vec![replace(&contested, version, &text), create(&guard, name)]).await {
            Ok(()) => break,
            Err(CommitError::Changed(_) | CommitError::Contended) => store.back_off(1).await,
            Err(other) => panic!("{other:?}"),
        }
    };
    tokio::join!(add("a"), add("b"), add("c"), add("d"));
    let text = kept(store, &contested).await.unwrap()["text"].as_s().unwrap().clone();
    let mut letters: Vec<char> = text.chars().collect();
    letters.sort_unstable();
    assert_eq!(letters, ['0', 'a', 'b', 'c', 'd'], "nobody's addition is lost");
    assert_eq!(kept(store, &contested).await.unwrap()["version"].as_n().unwrap(), "5");
    assert_eq!(kept(store, &other).await, None);
}

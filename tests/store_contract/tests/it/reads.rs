//! Reads: some items in one consistent view.

use std::collections::HashMap;

use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Write};
use aws_sdk_dynamodb::types::AttributeValue;

use crate::items::*;

pub async fn items_come_in_the_order_of_the_keys_and_missing_ones_are_named(store: &impl Store) {
    let partition = partition();
    let keys = ["C", "missing", "A", "B", "none"].map(|sort| key(&partition, sort));
    let there = [&keys[0], &keys[2], &keys[3]];
    store.commit(there.map(|key| create(key, &key.sk)).into()).await.unwrap();
    let read = store.read(&keys).await.unwrap();
    let texts: Vec<Option<&str>> =
        read.iter().map(|item| item.as_ref().map(|item| item["text"].as_s().unwrap().as_str())).collect();
    assert_eq!(texts, [Some("C"), None, Some("A"), Some("B"), None]);
}

pub async fn a_single_item_is_read_as_it_was_written(store: &impl Store) {
    let key = key(&partition(), "A");
    assert_eq!(kept(store, &key).await, None);
    store.commit(vec![create(&key, "text")]).await.unwrap();
    assert_eq!(kept(store, &key).await, Some(item(&key, 1, "text")));
}

pub async fn a_hundred_items_are_read_and_a_hundred_and_one_refused(store: &impl Store) {
    let partition = partition();
    let keys: Vec<_> = (0..=TRANSACTION_ACTIONS_MAX).map(|number| key(&partition, &number.to_string())).collect();
    assert_eq!(store.read(&keys[1..]).await.unwrap(), vec![None; TRANSACTION_ACTIONS_MAX]);
    store.read(&keys).await.unwrap_err();
}

pub async fn one_item_cannot_be_asked_for_twice(store: &impl Store) {
    let key = key(&partition(), "A");
    store.read(&[key.clone(), key]).await.unwrap_err();
}

pub async fn what_was_committed_is_read_at_once(store: &impl Store) {
    let partition = partition();
    let keys = ["A", "B"].map(|sort| key(&partition, sort));
    store.commit(keys.iter().map(|key| create(key, "0")).collect()).await.unwrap();
    for version in 1..=20 {
        let text = version.to_string();
        store.commit(keys.iter().map(|key| replace(key, version, &text)).collect()).await.unwrap();
        let expected: Vec<_> = keys.iter().map(|key| Some(item(key, version + 1, &text))).collect();
        assert_eq!(store.read(&keys).await.unwrap(), expected);
        assert_eq!(kept(store, &keys[0]).await, expected[0]);
    }
}

pub async fn every_kind_of_value_comes_back_as_it_was(store: &impl Store) {
    let key = key(&partition(), "Gleis 1 – Zürich 🏤 \u{1f469}\u{200d}\u{1f467} \"#\\/ \u{e9} e\u{301}");
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let inner = HashMap::from([
        ("größe".to_owned(), text("ß ſ İ \u{feff} \u{202e} \u{0} \t\r\n")),
        ("nothing".to_owned(), AttributeValue::Null(true)),
        ("no".to_owned(), AttributeValue::Bool(false)),
        ("none".to_owned(), AttributeValue::M(HashMap::new())),
    ]);
    let list = vec![
        AttributeValue::L(vec![]),
        AttributeValue::N("-1".to_owned()),
        AttributeValue::N("18446744073709551615".to_owned()),
        AttributeValue::M(inner),
        text("a\u{301}"),
        text("\u{e1}"),
    ];
    let mut written = item(&key, 1, "日本語 العربية");
    written.insert("list".to_owned(), AttributeValue::L(list));
    written.insert("yes".to_owned(), AttributeValue::Bool(true));
    store.commit(vec![Write::Create { key: key.clone(), item: written.clone() }]).await.unwrap();
    assert_eq!(kept(store, &key).await, Some(written));
}

pub async fn an_empty_text_is_kept(store: &impl Store) {
    let key = key(&partition(), "A");
    store.commit(vec![create(&key, "")]).await.unwrap();
    assert_eq!(kept(store, &key).await, Some(item(&key, 1, "")));
}

//! From an event to its commit.

use std::cell::Cell;

use aws::apply::{Applied, ApplyError, Cause, Stop, View, apply, apply_unguarded, look, put_hidden};
use aws::items;
use aws::keys::{self, Table};
use aws::store::memory::Memory;
use aws::store::{Query, Range, Store, TRANSACTION_ACTIONS_MAX, Write};
use domain::decision::Event;
use domain::notice::{Message, Notice};
use domain::order::Order;
use domain::{Decision, Refusal, State, StateKey};

use crate::support::{Contested, at, epoch, id, kept, move_order, moved, name, order};

fn of(order_id: &str, place_epoch: u32) -> Write {
    let key = keys::of_state(&name(order_id));
    let item = items::of_state(&order(order_id, place_epoch).into(), u64::from(place_epoch));
    match place_epoch {
        1 => Write::Create { key, item },
        _ => Write::Replace { key, item, version: u64::from(place_epoch) - 1 },
    }
}

#[tokio::test]
async fn an_event_that_arrives_again_is_answered_as_then() {
    let store = Memory::default();
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Now(1));
    assert_eq!(move_order(&store, "o-1", "e-2").await.unwrap(), Applied::Now(2));
    let before = store.snapshot();
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Before(1));
    assert_eq!(store.snapshot(), before);
    assert_eq!(move_order(&store, "o-2", "e-1").await.unwrap(), Applied::Now(1), "the same id elsewhere is another");
}

#[tokio::test]
async fn another_request_under_the_same_id_is_found_out() {
    let store = Memory::default();
    let ask = async |asked: Option<&[u8]>| {
        let cause = Cause::new(name("o-1"), id("e-1"), at(0));
        let cause = asked.into_iter().fold(cause, Cause::with_fingerprint_of);
        apply(&store, &cause, async |view| moved(view, "o-1").await).await
    };
    assert_eq!(ask(Some(b"this")).await.unwrap(), Applied::Now(1));
    assert_eq!(ask(Some(b"this")).await.unwrap(), Applied::Before(1));
    for asked in [Some(&b"that"[..]), None] {
        assert!(matches!(ask(asked).await, Err(ApplyError::Reused)));
    }
    assert_eq!(epoch(&store, "o-1").await, Some(1));
}

#[tokio::test]
async fn where_something_changes_meanwhile_the_rule_decides_afresh() {
    let store = Contested::default();
    store.store.commit(vec![of("o-1", 1)]).await.unwrap();
    store.competitors.replace(vec![vec![of("o-1", 3)], vec![of("o-1", 2)]]);
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Now(4), "on top of what the others did");
    assert_eq!((store.commits.get(), epoch(&store, "o-1").await), (3, Some(4)));
}

#[tokio::test]
async fn where_somebody_else_creates_it_meanwhile_it_is_not_written_over() {
    let store = Contested::default();
    store.competitors.replace(vec![vec![of("o-1", 1)]]);
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Now(2));
}

#[tokio::test]
async fn where_the_same_event_is_applied_meanwhile_it_is_answered_as_there() {
    let store = Contested::default();
    let elsewhere = Memory::default();
    move_order(&elsewhere, "o-1", "e-1").await.unwrap();
    let done = elsewhere.snapshot().into_iter().map(|(key, item)| Write::Create { key, item }).collect();
    store.competitors.replace(vec![done]);
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Before(1));
    assert_eq!(store.store.snapshot(), elsewhere.snapshot());
}

#[tokio::test]
async fn a_commit_that_meets_another_is_tried_again_and_not_for_ever() {
    let store = Contested::default();
    store.contended.set(7);
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Now(1));
    store.contended.set(100);
    let given_up = move_order(&store, "o-1", "e-2").await.unwrap_err();
    assert!(matches!(given_up, ApplyError::Unavailable(_)), "{given_up:?}");
    assert_eq!((store.commits.get(), epoch(&store, "o-1").await), (8 + 8, Some(1)));
}

/// Begins order o-1 while o-2 has to stay as it was read.
async fn begin_beside<S: Store>(store: &S, event: &str) -> Result<Applied<Option<u32>>, ApplyError> {
    let cause = Cause::new(name("o-1"), id(event), at(0));
    apply(store, &cause, async |view| {
        let mut states = view.read(&[name("o-1"), name("o-2")]).await?;
        let beside = states.take::<Order>(&name("o-2")).map(|order| order.place_epoch);
        let mut decision = Decision::new(beside);
        decision.change(order("o-1", 1));
        decision.require_unchanged(name("o-2"));
        Ok(decision)
    })
    .await
}

#[tokio::test]
async fn what_has_to_stay_unchanged_is_checked_in_the_commit() {
    let store = Contested::default();
    store.store.commit(vec![of("o-2", 1)]).await.unwrap();
    store.competitors.replace(vec![vec![of("o-2", 2)]]);
    assert_eq!(begin_beside(&store, "e-1").await.unwrap(), Applied::Now(Some(2)), "decided on what is so now");
    assert_eq!((store.commits.get(), epoch(&store, "o-2").await), (2, Some(2)));
}

#[tokio::test]
async fn what_is_not_there_cannot_stay_unchanged() {
    let store = Memory::default();
    assert!(matches!(begin_beside(&store, "e-1").await, Err(ApplyError::Unavailable(_))));
    assert!(store.snapshot().is_empty());
}

#[tokio::test]
async fn what_changes_need_not_be_checked_as_well() {
    let store = Memory::default();
    store.commit(vec![of("o-1", 1)]).await.unwrap();
    let cause = Cause::new(name("o-1"), id("e-1"), at(0));
    apply(&store, &cause, async |view| {
        let mut decision = moved(view, "o-1").await?;
        decision.require_unchanged(name("o-1"));
        Ok(decision)
    })
    .await
    .unwrap();
    assert_eq!(epoch(&store, "o-1").await, Some(2));
}

#[tokio::test]
async fn a_refusal_commits_nothing_and_uses_up_nothing() {
    let store = Contested::default();
    let cause = Cause::new(name("o-1"), id("e-1"), at(0));
    let refused = apply(&store, &cause, async |view: &View<'_, Contested>| {
        view.read(&[name("o-1")]).await?;
        Err::<Decision<u32>, Stop>(Refusal::UnknownOrder.into())
    });
    assert!(matches!(refused.await, Err(ApplyError::Refused(Refusal::UnknownOrder))));
    assert_eq!(store.commits.get(), 0);
    assert_eq!(move_order(&store, "o-1", "e-1").await.unwrap(), Applied::Now(1));
}

#[tokio::test]
async fn a_decision_that_changes_nothing_is_not_written_down() {
    let store = Contested::default();
    let cause = Cause::new(name("o-1"), id("e-1"), at(0));
    let answer = apply(&store, &cause, async |_| Ok(Decision::new(7))).await.unwrap();
    assert_eq!((answer, store.commits.get()), (Applied::Now(7), 0));
    apply(&store, &cause, async |_| {
        let mut decision = Decision::new(7);
        decision.record(Event::Connected);
        Ok(decision)
    })
    .await
    .unwrap();
    assert_eq!(store.commits.get(), 1, "unless the history has something to tell");
}

fn notice(event: &str) -> Notice {
    let message = Message::FeedbackRequested { order: id("o-1") };
    Notice::to_person(&id("anna"), message, &id(event), at(0))
}

#[tokio::test]
async fn state_history_and_notices_are_one_commit() {
    let store = Contested::default();
    let cause = Cause::new(name("o-1"), id("e-1"), at(0));
    let decide = async || {
        apply(&store, &cause, async |view| {
            let mut decision = moved(view, "o-1").await?;
            decision.tell(notice("e-1"));
            decision.record(Event::OrderCancelled);
            Ok(decision)
        })
        .await
    };
    store.contended.set(100);
    decide().await.unwrap_err();
    assert!(store.store.snapshot().is_empty());
    store.contended.set(0);
    decide().await.unwrap();
    let sorts: Vec<String> = store.store.snapshot().into_keys().map(|key| key.sk).collect();
    assert_eq!(sorts, ["EVENT#e-1", "NOTICE#feedback_requested-e-1", "STATE"]);
    assert_eq!(store.commits.get(), 8 + 1);
}

/// Begins so many orders in one decision.
async fn begin_many(store: &Memory, orders: usize) -> Result<Applied<()>, ApplyError> {
    let cause = Cause::new(name("o-0"), id("e-1"), at(0));
    apply(store, &cause, async |_| {
        let mut decision = Decision::new(());
        (0..orders).for_each(|number| decision.change(order(&format!("o-{number}"), 1)));
        Ok(decision)
    })
    .await
}

#[tokio::test]
async fn a_decision_of_more_than_a_hundred_actions_is_not_committed() {
    let store = Memory::default();
    // With the history entry, one too many.
    let refused = begin_many(&store, TRANSACTION_ACTIONS_MAX).await.unwrap_err();
    assert!(refused.to_string().contains("101 actions"), "{refused}");
    assert!(store.snapshot().is_empty());
    begin_many(&store, TRANSACTION_ACTIONS_MAX - 1).await.unwrap();
    assert_eq!(store.snapshot().len(), TRANSACTION_ACTIONS_MAX);
}

#[tokio::test]
async fn what_a_query_found_is_committed_against_as_what_was_read() {
    let store = Contested::default();
    store.store.commit(vec![of("o-1", 1)]).await.unwrap();
    store.competitors.replace(vec![vec![of("o-1", 2)]]);
    let cause = Cause::new(name("o-9"), id("e-1"), at(0));
    let partition = keys::of_state(&name("o-1")).pk;
    let query = Query::partition(Table::Orders, partition, Range::Prefix("STATE".to_owned()), 10);
    let answer = apply(&store, &cause, async |view| {
        let found: Vec<Order> = view.query(&query).await?;
        let next = found[0].place_epoch + 1;
        let mut decision = Decision::new(next);
        decision.change(order("o-1", next));
        Ok(decision)
    });
    assert_eq!(answer.await.unwrap(), Applied::Now(3));
}

#[tokio::test]
async fn what_was_seen_at_two_versions_is_committed_against_the_older_one() {
    let store = Memory::default();
    store.commit(vec![of("o-1", 1)]).await.unwrap();
    let cause = Cause::new(name("o-9"), id("e-1"), at(0));
    let query = Query::partition(Table::Orders, keys::of_state(&name("o-1")).pk, Range::Prefix("STATE".to_owned()), 10);
    let tries = Cell::new(0);
    let answer = apply(&store, &cause, async |view| {
        let found: Vec<Order> = view.query(&query).await?;
        tries.set(tries.get() + 1);
        if tries.get() == 1 {
            store.commit(vec![of("o-1", 2)]).await.expect("somebody else's");
        }
        view.read(&[name("o-1")]).await?;
        let next = found[0].place_epoch + 1;
        let mut decision = Decision::new(next);
        decision.change(order("o-1", next));
        Ok(decision)
    });
    assert_eq!((answer.await.unwrap(), tries.get()), (Applied::Now(3), 2));
}

#[tokio::test]
async fn looking_tells_states_and_their_versions() {
    let store = Memory::default();
    store.commit(vec![of("o-1", 1)]).await.unwrap();
    let (mut states, versions) = look(&store, &[name("o-1"), name("o-2")]).await.unwrap();
    assert_eq!(states.take::<Order>(&name("o-1")), Some(order("o-1", 1)));
    assert_eq!(states.take::<Order>(&name("o-2")), None);
    assert_eq!(versions.into_iter().collect::<Vec<_>>(), [(name("o-1"), 1)]);
}

#[tokio::test]
async fn hidden_states_are_written_in_as_many_commits_as_it_takes_and_over_what_was_left() {
    let store = Contested::default();
    let states: Vec<State> = (0..250).map(|number| order(&format!("o-{number}"), 1).into()).collect();
    put_hidden(&store, &states).await.unwrap();
    assert_eq!((store.commits.get(), store.store.snapshot().len()), (3, 250));
    put_hidden(&store, &states[..1]).await.unwrap();
    let item = kept(&store, &keys::of_state(&StateKey::Order(id("o-0")))).await.unwrap();
    assert_eq!(item["version"].as_n().unwrap(), "2");
}

#[tokio::test]
async fn what_is_not_guarded_is_one_plain_write_and_remembered_only_where_it_has_an_event() {
    let store = Contested::default();
    let cause = Cause::new(name("o-1"), id("e-1"), at(0));
    let answer = apply_unguarded(&store, &cause, async |view| moved(view, "o-1").await).await.unwrap();
    assert_eq!((answer, store.store.snapshot().len()), (1, 1), "no history entry");
    // The same event is applied again: it is the rule that has to know it.
    store.competitors.replace(vec![vec![of("o-1", 2)]]);
    let again = apply_unguarded(&store, &cause, async |view| moved(view, "o-1").await).await.unwrap();
    assert_eq!((again, store.commits.get()), (3, 3), "decided afresh on top of what another did");
    apply_unguarded(&store, &cause, async |view| {
        let mut decision = moved(view, "o-1").await?;
        decision.record(Event::OrderCancelled);
        Ok(decision)
    })
    .await
    .unwrap();
    let history = keys::of_state(&name("o-1")).event(&id("e-1"));
    assert!(kept(&store.store, &history).await.is_some());
}

//! Who sends a notice, and what becomes of it.

use aws::items::Versioned;
use aws::keys::{self, DUE_SHARDS, Key, Table};
use aws::ledger::{self, Entry, Found, RETRY_AFTER, Status};
use aws::store::memory::Memory;
use aws::store::{CommitError, Store};
use domain::notice::{Message, Notice};
use domain::pacing::{Held, Reason};
use domain::{SignedDuration, Timestamp};

use crate::support::{at, id, kept, name};

/// A ledger with one notice in it.
async fn entered() -> (Memory, Key) {
    let store = Memory::default();
    let message = Message::FeedbackRequested { order: id("o-1") };
    let notice = Notice::to_person(&id("anna"), message, &id("e-1"), at(0));
    let write = ledger::enter(&keys::of_state(&name("o-1")), &notice);
    let key = write.key().clone();
    store.commit(vec![write]).await.unwrap();
    (store, key)
}

async fn read(store: &Memory, key: &Key) -> Versioned<Entry> {
    ledger::read(key, kept(store, key).await.unwrap()).unwrap()
}

async fn find(store: &Memory, key: &Key) -> Found {
    Found { key: key.clone(), entry: read(store, key).await }
}

/// Claims what was found, unless it has changed since.
async fn claim_found(store: &Memory, found: &Found, now: Timestamp) -> Option<Found> {
    let (writes, mut claimed) = ledger::claim(std::slice::from_ref(found), now);
    match store.commit(writes).await {
        Ok(()) => claimed.pop(),
        Err(CommitError::Changed(_)) => None,
        Err(error) => panic!("{error}"),
    }
}

async fn claim(store: &Memory, key: &Key, now: Timestamp) -> Option<Found> {
    let found = find(store, key).await;
    if found.entry.state.is_free(now) { claim_found(store, &found, now).await } else { None }
}

async fn settle(store: &Memory, claimed: Found, status: Status, now: Timestamp) {
    ledger::settle(store, vec![(claimed, status)], now).await.unwrap();
}

fn sent(second: i64) -> Status {
    Status::Sent { at: at(second), message_id: "p-1".to_owned() }
}

/// Which notices are due.
async fn due(store: &Memory, now: Timestamp) -> usize {
    let mut due = 0;
    for shard in 0..DUE_SHARDS {
        due += store.query(&keys::due(Table::Orders, shard, now, 10)).await.unwrap().items.len();
    }
    due
}

#[tokio::test]
async fn of_two_who_found_the_same_notice_one_sends_it() {
    let (store, key) = entered().await;
    let (first, second) = (find(&store, &key).await, find(&store, &key).await);
    assert!(claim_found(&store, &first, at(0)).await.is_some());
    assert_eq!(claim_found(&store, &second, at(0)).await, None);
    assert_eq!(read(&store, &key).await.state.attempts, 1);
}

#[tokio::test]
async fn while_somebody_may_be_at_it_nobody_else_sends_it() {
    let (store, key) = entered().await;
    claim(&store, &key, at(0)).await.unwrap();
    let last = at(0) + RETRY_AFTER - SignedDuration::from_secs(1);
    assert_eq!(claim(&store, &key, last).await, None);
    assert_eq!(due(&store, last).await, 0);
}

#[tokio::test]
async fn a_claim_without_a_result_is_due_again_and_its_outcome_unknown() {
    let (store, key) = entered().await;
    claim(&store, &key, at(0)).await.unwrap();
    let overdue = at(0) + RETRY_AFTER;
    assert_eq!(due(&store, overdue).await, 1);
    let again = claim(&store, &key, overdue).await.unwrap().entry.state;
    assert_eq!((again.attempts, again.unknown_outcomes, again.status), (2, 1, Status::Sending { since: overdue }));
}

#[tokio::test]
async fn what_is_finished_is_never_due_and_never_sent_again() {
    let failed = Status::Failed { at: at(1), why: "gone".to_owned() };
    for status in [sent(1), failed, Status::Superseded { at: at(1) }] {
        let (store, key) = entered().await;
        let claimed = claim(&store, &key, at(0)).await.unwrap();
        settle(&store, claimed, status.clone(), at(1)).await;
        let much_later = at(0) + SignedDuration::from_hours(24 * 365);
        assert_eq!((claim(&store, &key, much_later).await, due(&store, much_later).await), (None, 0));
        assert_eq!(read(&store, &key).await.state.status, status);
    }
}

#[tokio::test]
async fn the_result_of_one_who_was_too_slow_is_not_written_over_the_record_of_the_next() {
    let (store, key) = entered().await;
    let slow = claim(&store, &key, at(0)).await.unwrap();
    let overdue = at(0) + RETRY_AFTER;
    let quick = claim(&store, &key, overdue).await.unwrap();
    settle(&store, quick, sent(301), overdue).await;
    let failed = Status::Failed { at: overdue, why: "slow".to_owned() };
    settle(&store, slow, failed, overdue).await;
    let entry = read(&store, &key).await.state;
    assert_eq!((entry.status, entry.attempts, entry.unknown_outcomes), (sent(301), 2, 1));
}

#[tokio::test]
async fn what_is_put_back_is_due_again_after_five_minutes_and_was_certainly_not_sent() {
    let (store, key) = entered().await;
    let claimed = claim(&store, &key, at(10)).await.unwrap();
    settle(&store, claimed, Status::Pending, at(10)).await;
    assert_eq!((due(&store, at(309)).await, due(&store, at(310)).await), (0, 1));
    let again = claim(&store, &key, at(310)).await.unwrap().entry.state;
    assert_eq!((again.attempts, again.unknown_outcomes, again.status), (2, 0, Status::Sending { since: at(310) }));
}

#[tokio::test]
async fn only_what_was_claimed_less_than_five_minutes_ago_is_on_its_way() {
    let (store, key) = entered().await;
    let pending = read(&store, &key).await.state;
    assert!(!pending.is_on_its_way(at(0)));
    let claimed = claim(&store, &key, at(0)).await.unwrap();
    let on_its_way = |second| claimed.entry.state.is_on_its_way(at(second));
    assert_eq!((on_its_way(0), on_its_way(299), on_its_way(300)), (true, true, false));
    for status in [sent(1), Status::Superseded { at: at(1) }, Status::Failed { at: at(1), why: "gone".to_owned() }] {
        assert!(!Entry { status: status.clone(), ..claimed.entry.state.clone() }.is_on_its_way(at(1)), "{status:?}");
    }
}

#[tokio::test]
async fn a_notice_nobody_took_up_is_due_after_five_minutes() {
    let (store, _) = entered().await;
    assert_eq!(due(&store, at(299)).await, 0);
    assert_eq!(due(&store, at(300)).await, 1);
}

#[tokio::test]
async fn what_waits_is_due_when_it_has_waited_and_then_again_after_five_minutes() {
    let (store, key) = entered().await;
    let held = Held { until: at(3_600), why: Reason::QuietHours };
    ledger::decide(&store, &find(&store, &key).await, Status::Pending, Some(held), at(1)).await.unwrap();
    let waits = read(&store, &key).await.state;
    assert_eq!((waits.held, waits.attempts, waits.held_until(at(3_599))), (Some(held), 0, Some(at(3_600))));
    assert_eq!((due(&store, at(3_599)).await, due(&store, at(3_600)).await), (0, 1));
    let claimed = claim(&store, &key, at(3_600)).await.unwrap();
    settle(&store, claimed, Status::Pending, at(3_600)).await;
    assert_eq!((due(&store, at(3_899)).await, due(&store, at(3_900)).await), (0, 1), "it has waited once");
}

#[tokio::test]
async fn putting_off_what_somebody_was_late_with_counts_that_outcome_as_unknown() {
    let (store, key) = entered().await;
    claim(&store, &key, at(0)).await.unwrap();
    let held = Held { until: at(3_600), why: Reason::Burst };
    let overdue = at(0) + RETRY_AFTER;
    ledger::decide(&store, &find(&store, &key).await, Status::Pending, Some(held), overdue).await.unwrap();
    let entry = read(&store, &key).await.state;
    assert_eq!((entry.status, entry.attempts, entry.unknown_outcomes), (Status::Pending, 1, 1));
}

#[tokio::test]
async fn what_waits_is_found_by_its_customer_until_it_is_finished() {
    let (store, key) = entered().await;
    let waiting = async || {
        let page = store.query(&keys::waiting(Table::Orders, &id("anna"), 10)).await.unwrap();
        let of_others = store.query(&keys::waiting(Table::Orders, &id("ben"), 10)).await.unwrap();
        (page.items.len(), of_others.items.len())
    };
    assert_eq!(waiting().await, (1, 0));
    let claimed = claim(&store, &key, at(0)).await.unwrap();
    assert_eq!(waiting().await, (1, 0), "its outcome may never be known");
    settle(&store, claimed, sent(1), at(1)).await;
    assert_eq!(waiting().await, (0, 0));
}

#[tokio::test]
async fn of_several_sent_as_one_each_has_its_result_unless_another_has_taken_it_on() {
    let store = Memory::default();
    let mut found = Vec::new();
    for order in ["o-1", "o-2"] {
        let message = Message::FeedbackRequested { order: id(order) };
        let notice = Notice::to_person(&id("anna"), message, &id("e-1"), at(0));
        let write = ledger::enter(&keys::of_state(&name(order)), &notice);
        let key = write.key().clone();
        store.commit(vec![write]).await.unwrap();
        found.push(find(&store, &key).await);
    }
    let (writes, claimed) = ledger::claim(&found, at(0));
    store.commit(writes).await.unwrap();
    let taken = claim(&store, &found[0].key, at(0) + RETRY_AFTER).await.unwrap();
    let outcome = claimed.into_iter().map(|it| (it, sent(301))).collect();
    ledger::settle(&store, outcome, at(301)).await.unwrap();
    assert_eq!(read(&store, &found[0].key).await, taken.entry);
    assert_eq!(read(&store, &found[1].key).await.state.status, sent(301));
}

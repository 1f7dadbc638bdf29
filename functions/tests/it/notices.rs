//! Notices reach people: each once, or with a recorded failure.

use aws::ledger::{ATTEMPTS_MAX, RETRY_AFTER, Status};

use crate::support::at;
use crate::support::aws_fake::Sending;
use crate::support::devices::*;
use crate::support::network::Network;

/// A network in which the team has something to learn.
async fn with_notice(sending: Sending) -> Network {
    let network = Network::mainz().await;
    network.sender.publisher.sending.set(sending);
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network
}

#[tokio::test]
async fn a_notice_is_sent_once_however_often_the_stream_brings_it() {
    let network = with_notice(Sending::Works).await;
    let keys: Vec<_> = network.kept().into_keys().collect();
    let before = network.kept();
    for second in [0, 1, 600, 30 * 24 * 3_600] {
        network.wait_until(second);
        network.stream(&keys).await;
        network.sweep().await.unwrap();
    }
    assert_eq!(network.kept(), before);
    assert_eq!(network.sender.publisher.sent().len(), 1);
    let entry = &network.notices()[0];
    assert_eq!(entry.status, Status::Sent { at: at(0), message_id: "published-1".to_owned() });
    assert_eq!((entry.attempts, entry.unknown_outcomes), (1, 0));
}

#[tokio::test]
async fn a_notice_that_can_never_be_sent_is_a_recorded_failure() {
    let network = with_notice(Sending::Refuses).await;
    let failed = Status::Failed { at: at(0), why: "EndpointDisabled".to_owned() };
    assert_eq!(network.notices()[0].status, failed);
    network.sender.publisher.sending.set(Sending::Works);
    network.wait_until(3_600);
    network.sweep().await.unwrap();
    assert_eq!(network.sender.publisher.sent(), []);
}

#[tokio::test]
async fn a_sending_without_an_answer_is_tried_again_when_due_and_counted_as_unknown() {
    let network = with_notice(Sending::Silent).await;
    assert_eq!(network.notices()[0].status, Status::Sending { since: at(0) });
    let retry = RETRY_AFTER.as_secs();
    network.sender.publisher.sending.set(Sending::Works);
    network.wait_until(retry - 1);
    network.sweep().await.unwrap();
    assert_eq!(network.sender.publisher.sent().len(), 0, "somebody may still be at it");
    network.wait_until(retry);
    assert_eq!(network.sweep().await.unwrap().due, 1);
    let entry = &network.notices()[0];
    assert_eq!((entry.attempts, entry.unknown_outcomes), (2, 1));
    assert!(matches!(entry.status, Status::Sent { .. }), "{entry:?}");
    assert_eq!(network.sender.publisher.sent().len(), 1);
}

#[tokio::test]
async fn a_notice_is_tried_ten_times_and_then_given_up() {
    let network = with_notice(Sending::Silent).await;
    for round in 1..=20 {
        network.wait_until(round * RETRY_AFTER.as_secs());
        network.sweep().await.unwrap();
    }
    let entry = &network.notices()[0];
    assert_eq!((entry.attempts, entry.unknown_outcomes), (ATTEMPTS_MAX, ATTEMPTS_MAX - 1));
    assert!(matches!(&entry.status, Status::Failed { why, .. } if why.contains("as often")), "{entry:?}");
    assert_eq!(network.sweep().await.unwrap().due, 0);
}

#[tokio::test]
async fn a_notice_to_nobody_is_a_recorded_failure() {
    let network = Network::mainz().await;
    network.deposit_order("stranger", "M").await;
    let entry = &network.notices()[0];
    assert!(matches!(&entry.status, Status::Failed { why, .. } if why.contains("nobody")), "{entry:?}");
}

#[tokio::test]
async fn people_are_written_to_in_their_language_without_what_concerns_others() {
    let network = Network::mainz().await;
    network.deposit_order("anna", "M").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("12", "lock_jammed")])).await;
    let sent = network.sender.publisher.sent();
    let (topics, texts): (Vec<_>, Vec<_>) = sent.into_iter().unzip();
    assert_eq!(topics, ["test-person-anna", "test-team-mainz-mechanics-1"]);
    assert!(texts[0].push.contains("Standort mz-03"), "{:?}", texts[0]);
    assert!(!texts[1].email.contains("anna"), "{:?}", texts[1]);
}

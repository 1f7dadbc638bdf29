//! Notices reach people: each once, or with a recorded failure.

use aws::keys::{self, Key};
use aws::ledger::{ATTEMPTS_MAX, RETRY_AFTER, Status};
use domain::StateKey;
use domain::work_order::WorkOrderStatus;
use serde_json::json;

use crate::support::aws_fake::Sending;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::{at, id};

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
    network.step("mz-03.1", "start", json!({})).await.ok();
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

fn work_order_of(locker: &str) -> Key {
    keys::of_state(&StateKey::WorkOrder(id(locker)))
}

fn topics(network: &Network) -> Vec<String> {
    network.sender.publisher.sent().into_iter().map(|(topic, _)| topic).collect()
}

#[tokio::test]
async fn of_two_about_one_orders_place_only_the_later_is_sent() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    network.deliver("parcel_events", [deposited("mz-03", "m-1", &order, compartment)]).await;
    network.deliver("fault_intake", [faults("mz-03", "m-2", &[(&compartment.to_string(), "lock_jammed")])]).await;
    // The deadline is stopped before the stream of the orders has brought the first notice to anyone.
    network.stream(&[work_order_of("mz-03")]).await;
    assert_eq!(network.status_of("ready_for_pickup"), Status::Pending);
    network.wait_until(1);
    network.drain().await;
    assert_eq!(network.status_of("ready_for_pickup"), Status::Superseded { at: at(1) });
    assert!(matches!(network.status_of("pickup_delayed"), Status::Sent { .. }));
    let mut sent = topics(&network);
    sent.sort_unstable();
    assert_eq!(sent, ["test-person-anna", "test-team-mainz-mechanics-1"]);
    network.step("mz-03.1", "start", json!({})).await.ok();
    let before = network.kept();
    network.wait_until(30 * 24 * 3_600);
    network.stream(&before.keys().cloned().collect::<Vec<_>>()).await;
    assert_eq!((network.sweep().await.unwrap().due, network.kept()), (0, before), "that is final");
}

#[tokio::test]
async fn the_later_of_two_waits_for_the_earlier_one_while_that_may_be_on_its_way() {
    let network = Network::mainz().await;
    network.sender.publisher.sending.set(Sending::Silent);
    let (order, compartment) = network.deposit_order("anna", "M").await;
    assert_eq!(network.status_of("ready_for_pickup"), Status::Sending { since: at(0) });
    network.sender.publisher.sending.set(Sending::Works);
    network.wait_until(10);
    network.happens("parcel_events", collected("mz-03", "m-1", &order, compartment)).await;
    assert_eq!((network.status_of("feedback_requested"), topics(&network)), (Status::Pending, vec![]));
    let retry = RETRY_AFTER.as_secs();
    network.wait_until(retry - 1);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    network.wait_until(retry);
    assert_eq!(network.sweep().await.unwrap().due, 1, "only the earlier one");
    assert_eq!(network.status_of("ready_for_pickup"), Status::Superseded { at: at(retry) });
    network.wait_until(retry + 9);
    assert_eq!(network.sweep().await.unwrap().due, 0, "the later one is due five minutes after it was put back");
    network.wait_until(retry + 10);
    assert_eq!(network.sweep().await.unwrap().due, 1);
    assert!(matches!(network.status_of("feedback_requested"), Status::Sent { .. }));
    assert_eq!(topics(&network), ["test-person-anna"]);
    let later = network.notices().pop().unwrap();
    assert_eq!((later.attempts, later.unknown_outcomes), (2, 0), "it was certainly not sent the first time");
}

#[tokio::test]
async fn of_two_calls_for_one_work_order_only_the_later_which_names_all_is_sent() {
    let network = Network::mainz().await;
    for (message, unit) in [("m-1", "7"), ("m-2", "9")] {
        network.deliver("fault_intake", [faults("mz-03", message, &[(unit, "lock_jammed")])]).await;
        network.stream(&[work_order_of("mz-03")]).await;
    }
    network.drain().await;
    assert_eq!(topics(&network), ["test-team-mainz-mechanics-1"]);
    let calls: Vec<_> =
        network.notices().into_iter().map(|entry| (entry.notice.supersedes.is_some(), entry.status)).collect();
    assert!(calls.contains(&(false, Status::Superseded { at: at(0) })), "{calls:?}");
    assert!(calls.contains(&(true, Status::Sent { at: at(0), message_id: "published-1".to_owned() })), "{calls:?}");
}

#[tokio::test]
async fn nobody_is_called_for_a_work_order_that_is_over_once_another_one_has_begun() {
    let network = Network::mainz().await;
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[("7", "lock_jammed")])]).await;
    network.stream(&[work_order_of("mz-03")]).await;
    let calls = || network.kept().into_keys().filter(Key::is_notice).collect::<Vec<_>>();
    let first_call = calls();
    assert_eq!(first_call.len(), 1);
    for (step, body) in [("start", json!({})), ("report-repaired", json!({ "note": "fertig" }))] {
        let taken = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
        network.call(taken.path("step", step).json(body)).await.ok();
    }
    for opening in 1..=3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", "7", true);
        network.deliver("parcel_events", [message]).await;
    }
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Verified);
    network.wait_until(10);
    network.deliver("fault_intake", [faults_at("mz-03", "m-2", &[("9", "lock_jammed")], 10)]).await;
    let second = network.work_order("mz-03").unwrap();
    assert_eq!((second.id.number, second.latest_call), (2, None), "nobody has been called for it yet");
    network.stream(&first_call).await;
    assert_eq!(network.status_of("work_order_called"), Status::Superseded { at: at(10) });
    assert_eq!(topics(&network), Vec::<String>::new());
    network.drain().await;
    assert_eq!((topics(&network), calls().len()), (vec!["test-team-mainz-mechanics-1".to_owned()], 2));
    let text = network.sender.publisher.sent().remove(0).1;
    assert!(text.email.contains("mz-03.2") && !text.email.contains("mz-03.1"), "{}", text.email);
}

#[tokio::test]
async fn the_latest_of_three_waits_for_the_first_although_the_one_in_between_was_never_sent() {
    let network = Network::mainz().await;
    network.sender.publisher.sending.set(Sending::Silent);
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.sender.publisher.sending.set(Sending::Works);
    network.wait_until(10);
    network.happens("fault_intake", faults_at("mz-03", "m-2", &[(&compartment.to_string(), "lock_jammed")], 10)).await;
    network.wait_until(20);
    network.happens("parcel_events", collected("mz-03", "m-1", &order, compartment)).await;
    assert!(matches!(network.status_of("ready_for_pickup"), Status::Sending { .. }));
    assert_eq!(network.status_of("feedback_requested"), Status::Pending, "the first may arrive still");
    network.wait_until(700);
    network.sweep().await.unwrap();
    network.wait_until(1_400);
    network.sweep().await.unwrap();
    assert!(matches!(network.status_of("feedback_requested"), Status::Sent { .. }));
    for earlier in ["ready_for_pickup", "pickup_delayed"] {
        assert!(matches!(network.status_of(earlier), Status::Superseded { .. }), "{earlier}");
    }
}

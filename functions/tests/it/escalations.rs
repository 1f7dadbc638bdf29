//! Nobody reacts: who is told, when, and how often. Repairs that are taken on, fail, and do not last.

use domain::escalation::{Clock, Wait};
use domain::notice::{Message, Recipient};
use domain::work_order::WorkOrderStatus;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::{at, id};

const MINUTE: i64 = 60;

/// Mainz with a lead for its team and somebody who watches over the region; a critical fault that nobody has seen.
async fn unseen() -> Network {
    let network = Network::mainz().await;
    network.register_person("lea", Value::Null).await;
    for (team, skills, duty, lead) in [
        ("mechanics-1", json!(["mechanics", "network"]), "repair", json!("lea")),
        ("watch", json!([]), "operations", Value::Null),
    ] {
        let body = json!({
            "team_id": team, "region": "mainz", "name": team, "skills": skills, "language": "german",
            "email": format!("{team}@example.org"), "duty": duty, "lead": lead,
        });
        network.call(call("POST /teams").by("op-1").json(body)).await.ok();
    }
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "door_forced")])).await;
    network
}

/// Whom levels have been told to so far, as `wait level recipient`.
fn escalated(network: &Network) -> Vec<String> {
    let told = network.notices().into_iter().filter_map(|entry| match (entry.notice.message, entry.notice.recipient) {
        (Message::WorkOrderEscalated { wait, level, .. }, Recipient::Person { person }) => {
            Some(format!("{wait:?} {level} {person}"))
        }
        (Message::WorkOrderEscalated { wait, level, .. }, Recipient::Team { team, .. }) => {
            Some(format!("{wait:?} {level} {team}"))
        }
        _ => None,
    });
    told.collect()
}

async fn sweep_at(network: &Network, minute: i64) {
    network.wait_until(minute * MINUTE);
    network.sweep().await.unwrap();
    network.drain().await;
}

#[tokio::test]
async fn where_nobody_reacts_the_lead_is_told_and_then_operations_each_once() {
    let network = unseen().await;
    sweep_at(&network, 14).await;
    assert_eq!(escalated(&network), Vec::<String>::new(), "never early");
    for minute in [15, 15, 16, 29] {
        sweep_at(&network, minute).await;
        assert_eq!(escalated(&network), ["ForReaction 1 lea"], "{minute}");
    }
    for minute in [30, 31, 24 * 60, 30 * 24 * 60] {
        sweep_at(&network, minute).await;
        assert_eq!(escalated(&network), ["ForReaction 1 lea", "ForReaction 2 watch"], "{minute}");
    }
    let topics: Vec<String> = network.sender.publisher.sent().into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(topics, ["test-team-mainz-mechanics-1", "test-person-lea", "test-team-mainz-watch"]);
}

#[tokio::test]
async fn levels_that_sweeps_have_missed_are_told_by_the_next_one_in_their_order() {
    let network = unseen().await;
    sweep_at(&network, 45).await;
    assert_eq!(escalated(&network), ["ForReaction 1 lea", "ForReaction 2 watch"]);
}

#[tokio::test]
async fn a_step_stops_the_clock_and_the_next_wait_has_one_of_its_own() {
    let network = unseen().await;
    sweep_at(&network, 15).await;
    network.step("mz-03.1", "acknowledge", json!({ "technician": "tech-7" })).await.ok();
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!(work_order.assigned_to, Some(id("tech-7")));
    assert_eq!(work_order.clock(), Some(Clock::new(Wait::ForStart, at(15 * MINUTE))));
    sweep_at(&network, 74).await;
    assert_eq!(escalated(&network), ["ForReaction 1 lea"]);
    sweep_at(&network, 75).await;
    assert_eq!(escalated(&network), ["ForReaction 1 lea", "ForStart 1 lea"]);
    network.step("mz-03.1", "start", json!({})).await.ok();
    sweep_at(&network, 30 * 24 * 60).await;
    assert_eq!(escalated(&network).len(), 2, "somebody is there");
    network.step("mz-03.1", "hold", json!({ "reason": "Teil fehlt" })).await.ok();
    sweep_at(&network, 30 * 24 * 60 + 4 * 60).await;
    assert_eq!(escalated(&network)[2..], ["OnHold 1 lea"]);
}

#[tokio::test]
async fn that_nobody_reacts_is_not_said_any_more_once_somebody_has() {
    let network = unseen().await;
    network.wait_until(15 * MINUTE);
    network.sweep().await.unwrap();
    let call = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
    network.call(call.path("step", "acknowledge").json(json!({}))).await.ok();
    network.drain().await;
    let superseded = aws::ledger::Status::Superseded { at: at(15 * MINUTE) };
    assert_eq!(network.status_of("work_order_escalated"), superseded);
}

#[tokio::test]
async fn a_worse_fault_calls_anew_and_is_waited_for_anew() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network.wait_until(50 * MINUTE);
    network.happens("fault_intake", faults_at("mz-03", "m-2", &[("9", "tamper")], 50 * MINUTE)).await;
    sweep_at(&network, 64).await;
    assert_eq!(escalated(&network), Vec::<String>::new());
    sweep_at(&network, 65).await;
    assert_eq!(escalated(&network), ["ForReaction 1 mechanics-1"], "without a lead, the team once more");
}

#[tokio::test]
async fn after_three_failed_proofs_somebody_else_has_to_look() {
    let network = unseen().await;
    for attempt in 1..=3 {
        network.step("mz-03.1", "start", json!({})).await;
        network.step("mz-03.1", "report-repaired", json!({ "note": "fertig" })).await.ok();
        let failed = test_opening_of_attempt(attempt, "mz-03", &format!("t-{attempt}"), "mz-03.1", "7", false);
        network.happens("parcel_events", failed).await;
        sweep_at(&network, attempt.into()).await;
        let told = if attempt < 3 { vec![] } else { vec!["ForAnotherLook 1 lea"] };
        assert_eq!(escalated(&network), told, "{attempt}");
    }
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!((work_order.status, work_order.proofs_failed), (WorkOrderStatus::InProgress, 3));
    sweep_at(&network, 63).await;
    assert_eq!(escalated(&network), ["ForAnotherLook 1 lea", "ForAnotherLook 2 watch"]);
}

#[tokio::test]
async fn the_same_fault_soon_after_its_proven_repair_opens_a_work_order_that_refers_to_it() {
    let network = Network::mainz().await;
    let repair = async |work_order: &str, attempt: u32| {
        network.step(work_order, "start", json!({})).await.ok();
        let note = json!({ "note": "fertig", "references": ["s3://repairs/7.jpg"] });
        network.step(work_order, "report-repaired", note).await.ok();
        for opening in 0..3 {
            let message = format!("{}-{opening}", work_order.replace('.', "-"));
            let passed = test_opening_of_attempt(attempt, "mz-03", &message, work_order, "7", true);
            network.happens("parcel_events", passed).await;
        }
    };
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network.wait_until(10);
    repair("mz-03.1", 1).await;
    assert_eq!(network.work_order("mz-03").unwrap().notes[0].references[0].as_str(), "s3://repairs/7.jpg");
    let days = |count: i64| count * 24 * 3_600;
    network.wait_until(days(6));
    network.happens("fault_intake", faults_at("mz-03", "m-2", &[("7", "lock_jammed")], days(6))).await;
    assert_eq!(network.work_order("mz-03").unwrap().follows, Some(id("mz-03.1")));
    let sent = network.sender.publisher.sent();
    assert!(sent.last().unwrap().1.email.contains("wie in mz-03.1"), "the team learns that it did not last");
    repair("mz-03.2", 1).await;
    network.wait_until(days(14));
    network.happens("fault_intake", faults_at("mz-03", "m-3", &[("7", "lock_jammed")], days(14))).await;
    assert_eq!(network.work_order("mz-03").unwrap().follows, None, "a fault of its own");
}

#[tokio::test]
async fn what_refers_to_nothing_is_refused_with_its_place() {
    let network = unseen().await;
    network.step("mz-03.1", "start", json!({})).await.ok();
    for (references, field) in [
        (json!(["http://a.example/b"]), "references[0]"),
        (json!(["s3://a/b", "https://u:p@a.example/b"]), "references[1]"),
        (json!(vec!["s3://a/b"; 11]), "references"),
    ] {
        let answer = network.step("mz-03.1", "hold", json!({ "reason": "Teil fehlt", "references": references })).await;
        assert_eq!((answer.status, answer.field()), (400, field), "{answer:?}");
    }
    let answer = network.step("mz-03.1", "acknowledge", json!({ "technician": "a b" })).await;
    assert_eq!((answer.status, answer.field()), (400, "technician"));
}

//! Somebody has seen a fault, or puts it aside: who is called and waited for, and when it comes back.

use domain::acknowledgement::SHELVED_HOURS_MAX;
use domain::decision::Event;
use domain::escalation::{Clock, Wait};
use domain::fault::{FaultCode, Unit};
use domain::work_order::WorkOrderStatus;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::{at, id};

const HOUR: i64 = 3_600;

/// Compartment 7 of `mz-03` is jammed, and its team was called.
async fn jammed() -> Network {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network
}

async fn step_of(network: &Network, by: &str, unit: &str, code: &str, step: &str, body: Value) -> Answer {
    let call = call("POST /work-orders/{work_order_id}/faults/{unit}/{code}/{step}").by(by);
    let call = call.path("work_order_id", "mz-03.1").path("unit", unit).path("code", code).path("step", step);
    let answer = network.call(call.json(body)).await;
    network.drain().await;
    answer
}

async fn step(network: &Network, step: &str, body: Value) -> Answer {
    step_of(network, "tech-4", "7", "lock_jammed", step, body).await
}

async fn shelve(network: &Network, hours: u16) -> Answer {
    step(network, "shelve", json!({ "hours": hours, "reason": "Ersatzteil bestellt" })).await
}

async fn sweep_at(network: &Network, second: i64) {
    network.wait_until(second);
    network.sweep().await.unwrap();
    network.drain().await;
}

#[tokio::test]
async fn a_fault_that_somebody_has_seen_escalates_to_nobody_for_not_being_seen() {
    let network = jammed().await;
    network.wait_until(600);
    step(&network, "acknowledge", json!({})).await.ok();
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!(
        (work_order.status, work_order.clock()),
        (WorkOrderStatus::Open, Some(Clock::new(Wait::ForStart, at(600))))
    );
    sweep_at(&network, 3 * HOUR).await;
    assert_eq!(network.told(), ["work_order_called"]);
    step(&network, "acknowledge", json!({})).await.refused(409, "wrong_state");
    // It is not forgotten: nobody has gone there.
    sweep_at(&network, 5 * HOUR).await;
    assert_eq!(network.told(), ["work_order_called", "work_order_escalated"]);
}

#[tokio::test]
async fn who_saw_a_fault_and_who_repaired_it_stays_in_its_record() {
    let network = jammed().await;
    step_of(&network, "op-1", "7", "lock_jammed", "acknowledge", json!({})).await.ok();
    network.step("mz-03.1", "start", json!({})).await.ok();
    network.step("mz-03.1", "report-repaired", json!({ "note": "neu" })).await.ok();
    network.drain().await;
    for opening in 0..3 {
        let passed = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", "7", true);
        network.happens("parcel_events", passed).await;
    }
    let seen = network.call(call("GET /support/lockers/{locker_id}").by("s").path("locker_id", "mz-03")).await.ok();
    let record = &seen["repaired_faults"][0];
    assert_eq!(record["acknowledged"]["by"], "op-1");
    assert_eq!((&record["fault"]["raised_at"], record["cleared_at"].is_string()), (&json!(at(0)), true));
    assert!(record["cleared_by"].is_string(), "{record}");
}

#[tokio::test]
async fn a_shelved_fault_calls_and_escalates_to_nobody_and_keeps_its_door_shut() {
    let network = jammed().await;
    shelve(&network, 24).await.ok();
    sweep_at(&network, 20 * HOUR).await;
    assert_eq!(network.told(), ["work_order_called"], "before it was shelved");
    assert!(network.compartment("mz-03", 7).closed_by().is_some());
    assert_eq!(network.sweep().await.unwrap().due, 0);
    sweep_at(&network, 24 * HOUR).await;
    assert_eq!(network.told(), ["work_order_called", "work_order_called"], "it is back");
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!(work_order.clock(), Some(Clock::new(Wait::ForReaction, at(24 * HOUR))));
    let back = Event::FaultsUnshelved {
        faults: vec![(Unit::Compartment(7.try_into().unwrap()), FaultCode::LockJammed)],
        by: None,
    };
    let event = format!("unshelved-1-{}", at(24 * HOUR).as_millisecond());
    assert_eq!(network.happened_at("mz-03", &event), Some(back));
    sweep_at(&network, 25 * HOUR).await;
    assert_eq!(network.told().len(), 3, "and nobody reacts");
}

#[tokio::test]
async fn a_fault_that_is_shelved_before_its_team_was_called_is_given_to_a_team_all_the_same() {
    let network = Network::mainz().await;
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[("7", "lock_jammed")])]).await;
    shelve(&network, 1).await.ok();
    assert_eq!(network.told(), [""; 0]);
    assert_eq!(network.work_order("mz-03").unwrap().team, Some((id("mainz"), id("mechanics-1"))));
    step(&network, "unshelve", json!({})).await.ok();
    assert_eq!(network.told(), ["work_order_called"]);
}

#[tokio::test]
async fn what_is_shelved_is_listed_until_it_is_back() {
    let network = jammed().await;
    let listed = async || network.call(call("GET /shelved-faults").by("op-1").query("region", "mainz")).await.ok();
    assert_eq!(listed().await, json!({ "shelved": 0, "faults": [] }));
    shelve(&network, 24).await.ok();
    let fault = json!({
        "work_order": "mz-03.1", "team": ["mainz", "mechanics-1"], "unit": "7", "code": "lock_jammed",
        "severity": "major", "by": "tech-4", "at": at(0), "until": at(24 * HOUR), "reason": "Ersatzteil bestellt",
    });
    assert_eq!(listed().await, json!({ "shelved": 1, "faults": [fault] }));
    step(&network, "unshelve", json!({})).await.ok();
    assert_eq!(listed().await["shelved"], 0);
}

#[tokio::test]
async fn the_same_request_again_is_answered_as_before_and_a_wrong_one_changes_nothing() {
    let network = jammed().await;
    let before = network.kept();
    shelve(&network, SHELVED_HOURS_MAX + 1).await.refused(400, "invalid_request");
    step(&network, "shelve", json!({ "hours": 1, "reason": " " })).await.refused(400, "invalid_request");
    step(&network, "forget", json!({})).await.refused(404, "not_found");
    step_of(&network, "tech-4", "8", "lock_jammed", "acknowledge", json!({})).await.refused(404, "unknown_fault");
    step_of(&network, "tech-4", "7", "E-17", "acknowledge", json!({})).await.refused(404, "unknown_fault");
    assert_eq!(network.kept(), before);
    network.happens("fault_intake", faults("mz-03", "m-2", &[("9", "door_forced")])).await;
    let shelve = json!({ "hours": 1, "reason": "später" });
    step_of(&network, "tech-4", "9", "door_forced", "shelve", shelve).await.refused(409, "too_severe");
}

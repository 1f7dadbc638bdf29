//! Several work orders of one site are one visit, and what needs no repair is cancelled.

use domain::work_order::WorkOrderStatus;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::id;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};

const MINUTE: i64 = 60;

/// Mainz with two more lockers, `mz-06` and `mz-07`, which stand together 5 km away from all others.
async fn station() -> Network {
    let network = Network::mainz().await;
    for (locker, metres_north) in [("mz-06", 5_000), ("mz-07", 5_020)] {
        let body = json!({
            "locker_id": locker, "name": format!("Bahnhof {locker}"), "region": "mainz", "site": "station",
            "position": { "latitude_e6": 50_001_300 + metres_north * 9, "longitude_e6": 8_258_800 },
            "compartments": [{ "number": 1, "size": "M" }, { "number": 2, "size": "M" }],
        });
        network.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    }
    network.drain().await;
    network
}

async fn breaks(network: &Network, locker: &str, unit: &str, code: &str, second: i64) {
    network.wait_until(second);
    let message = format!("m-{locker}-{second}");
    network.happens("fault_intake", faults_at(locker, &message, &[(unit, code)], second)).await;
}

async fn step(network: &Network, work_order: &str, step: &str, body: Value) -> Answer {
    let call = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", work_order);
    let answer = network.call(call.path("step", step).json(body)).await;
    network.drain().await;
    answer
}

async fn repair(network: &Network, locker: &str, unit: &str) {
    let work_order = format!("{locker}.1");
    step(network, &work_order, "start", json!({})).await.ok();
    step(network, &work_order, "report-repaired", json!({ "note": "neu" })).await.ok();
    for opening in 0..3 {
        let message = test_opening(locker, &format!("t-{locker}-{opening}"), &work_order, unit, true);
        network.happens("parcel_events", message).await;
    }
}

async fn sweep_at(network: &Network, second: i64) {
    network.wait_until(second);
    network.sweep().await.unwrap();
    network.drain().await;
}

/// The work orders that the latest call names beside its own.
fn on_the_way(network: &Network) -> Vec<Value> {
    let called = network.notices().into_iter().filter(|it| it.notice.message.kind() == "work_order_called");
    let latest = called.max_by_key(|it| it.notice.created_at).unwrap();
    let message = serde_json::to_value(&latest.notice.message).unwrap();
    message["visited_with"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_second_locker_of_a_site_is_repaired_on_the_same_way() {
    let network = station().await;
    breaks(&network, "mz-06", "1", "lock_jammed", 0).await;
    assert_eq!((network.told().len(), on_the_way(&network)), (1, vec![]));
    breaks(&network, "mz-07", "2", "lock_jammed", 10 * MINUTE).await;
    assert_eq!(network.told(), ["work_order_called", "work_order_called"], "the one team hears of both");
    assert_eq!(on_the_way(&network), ["mz-07.1"]);
    let joined = network.work_order("mz-07").unwrap();
    assert_eq!((joined.visit.clone(), joined.latest_call.clone(), joined.clock()), (Some(id("mz-06.1")), None, None));
    // Nobody reacts: one level of the one that leads, for both.
    sweep_at(&network, 75 * MINUTE).await;
    assert_eq!(network.told().len(), 3);
    repair(&network, "mz-07", "2").await;
    repair(&network, "mz-06", "1").await;
    assert_eq!(network.told().len(), 3, "nobody is left to be called for");
}

#[tokio::test]
async fn what_is_left_of_a_visit_is_called_for_alone() {
    let network = station().await;
    breaks(&network, "mz-06", "1", "lock_jammed", 0).await;
    breaks(&network, "mz-07", "2", "lock_jammed", MINUTE).await;
    repair(&network, "mz-06", "1").await;
    assert_eq!(network.told(), ["work_order_called", "work_order_called", "work_order_called"]);
    let left = network.work_order("mz-07").unwrap();
    assert_eq!((left.visit, left.status), (None, WorkOrderStatus::Open));
    assert!(left.clock.is_some() && left.latest_call.is_some());
}

#[tokio::test]
async fn what_comes_late_is_worse_or_stands_elsewhere_has_a_call_of_its_own() {
    for (locker, code, second) in
        [("mz-07", "lock_jammed", 31 * MINUTE), ("mz-07", "door_forced", MINUTE), ("mz-03", "lock_jammed", MINUTE)]
    {
        let network = station().await;
        breaks(&network, "mz-06", "1", "lock_jammed", 0).await;
        breaks(&network, locker, "2", code, second).await;
        assert_eq!(network.work_order(locker).unwrap().visit, None, "{locker} {code} {second}");
        assert_eq!((network.told().len(), on_the_way(&network)), (2, vec![]));
    }
}

#[tokio::test]
async fn a_person_merges_what_stands_together_and_takes_it_apart_again() {
    let network = station().await;
    breaks(&network, "mz-06", "1", "lock_jammed", 0).await;
    breaks(&network, "mz-07", "2", "lock_jammed", 40 * MINUTE).await;
    breaks(&network, "mz-03", "7", "lock_jammed", 41 * MINUTE).await;
    assert_eq!(network.told().len(), 3);
    step(&network, "mz-03.1", "merge", json!({ "into": "mz-06.1" })).await.refused(409, "not_one_site");
    step(&network, "mz-07.1", "merge", json!({ "into": "mz-06.2" })).await.refused(404, "unknown_work_order");
    step(&network, "mz-07.1", "merge", json!({ "into": "mz-07.1" })).await.refused(409, "not_one_site");
    let merged = step(&network, "mz-07.1", "merge", json!({ "into": "mz-06.1" })).await.ok();
    assert_eq!(merged["visit"], "mz-06.1");
    assert_eq!((network.told().len(), on_the_way(&network)), (4, vec![json!("mz-07.1")]));
    step(&network, "mz-07.1", "merge", json!({ "into": "mz-06.1" })).await.refused(409, "wrong_state");
    let apart = step(&network, "mz-07.1", "separate", json!({})).await.ok();
    assert_eq!((&apart["visit"], network.told().len()), (&Value::Null, 5));
}

#[tokio::test]
async fn what_needs_no_repair_is_cancelled_and_its_team_is_told() {
    let network = Network::mainz().await;
    breaks(&network, "mz-03", "locker", "network_weak", 0).await;
    step(&network, "mz-03.1", "cancel", json!({ "reason": " " })).await.refused(400, "invalid_request");
    let cancelled = step(&network, "mz-03.1", "cancel", json!({ "reason": "Probe" })).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert!(network.locker("mz-03").faults.is_empty());
    assert_eq!(network.told(), ["work_order_called", "work_order_ended"]);
    step(&network, "mz-03.1", "cancel", json!({ "reason": "Probe" })).await.refused(409, "wrong_state");
    sweep_at(&network, 14 * 24 * 60 * MINUTE).await;
    assert_eq!(network.told().len(), 2, "nobody is waited for");
    breaks(&network, "mz-03", "7", "lock_jammed", 14 * 24 * 60 * MINUTE + 60).await;
    assert_eq!(network.work_order("mz-03").unwrap().id, id("mz-03.2"), "a later fault has a work order of its own");
    step(&network, "mz-03.2", "cancel", json!({ "reason": "Probe" })).await.refused(409, "not_proven");
    assert!(network.compartment("mz-03", 7).closed_by().is_some());
}

#[tokio::test]
async fn a_team_is_told_when_a_fault_is_over_by_itself() {
    let network = Network::mainz().await;
    breaks(&network, "mz-03", "locker", "network_weak", 0).await;
    let gone = json!({ "gone": [{ "unit": "locker", "code": "network_weak" }] });
    network.happens("fault_intake", message_at("mz-03", "m-gone", gone, 60)).await;
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Verified);
    assert_eq!(network.told(), ["work_order_called", "work_order_ended"]);
}

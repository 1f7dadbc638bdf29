//! A repair: the technician's word, the device's proof, the all-clear.

use std::cell::Cell;

use aws::keys;
use domain::compartment::Health;
use domain::fault::{Closure, FaultCode, Unit};
use domain::impact::ImpactTask;
use domain::order::{HOLD_FOR, OrderStatus};
use domain::work_order::WorkOrderStatus;
use domain::{SignedDuration, StateKey};
use functions::rerouting;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::stores::GoingAway;
use crate::support::{at, id};

async fn step(network: &Network, work_order: &str, step: &str, body: Value) -> Answer {
    let answer = step_alone(network, work_order, step, body).await;
    network.drain().await;
    answer
}

/// A step that no stream has told anyone of yet.
async fn step_alone(network: &Network, work_order: &str, step: &str, body: Value) -> Answer {
    let call = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", work_order);
    network.call(call.path("step", step).json(body)).await
}

/// Compartment 7 is jammed, and the technician says it is not any more.
async fn reported_repaired() -> Network {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    repair(&network, "mz-03.1").await;
    network
}

async fn repair(network: &Network, work_order: &str) {
    step(network, work_order, "acknowledge", json!({})).await.ok();
    step(network, work_order, "start", json!({})).await.ok();
    step(network, work_order, "report-repaired", json!({ "note": "Riegel getauscht", "parts": ["lock-1"] })).await.ok();
}

async fn prove(network: &Network, work_order: &str, unit: &str, from: u32) {
    prove_attempt(network, 1, work_order, unit, from).await;
}

async fn prove_attempt(network: &Network, attempt: u32, work_order: &str, unit: &str, from: u32) {
    for opening in from..from + 3 {
        let message = format!("t-{unit}-{opening}");
        let opening = test_opening_of_attempt(attempt, "mz-03", &message, work_order, unit, true);
        network.happens("parcel_events", opening).await;
    }
}

#[tokio::test]
async fn three_passed_test_openings_reopen_and_nothing_less_does() {
    let network = reported_repaired().await;
    let asked = |network: &Network| {
        network.shadows.of("mz-03").test_openings[&Unit::Compartment(7.try_into().unwrap())].clone()
    };
    assert_eq!(asked(&network).expect("the device is asked to try the door").times, 3);
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted, "a technician's word opens nothing");
    for opening in [1, 2] {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", "7", true);
        // The same message twice is one opening.
        network.happens("parcel_events", message.clone()).await;
        network.happens("parcel_events", message).await;
        assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
    }
    network.happens("parcel_events", test_opening("mz-03", "t-3", "mz-03.1", "7", true)).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Verified);
    assert_eq!(asked(&network), None, "there is no door to try any more");
    let seen = network.call(call("GET /support/lockers/{locker_id}").by("s").path("locker_id", "mz-03")).await.ok();
    assert_eq!(seen["repaired_faults"][0]["code"], "lock_jammed", "the fault stays in the records");
}

#[tokio::test]
async fn a_failed_test_opening_sends_the_work_order_back_and_the_count_begins_anew() {
    let network = reported_repaired().await;
    for (message, passed) in [("t-1", true), ("t-2", true), ("t-3", false)] {
        network.happens("parcel_events", test_opening("mz-03", message, "mz-03.1", "7", passed)).await;
    }
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::InProgress);
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
    assert_eq!(network.told(), ["repair_rejected", "work_order_called"]);
    let before = network.kept();
    network.happens("parcel_events", test_opening("mz-03", "t-4", "mz-03.1", "7", true)).await;
    assert_eq!(network.kept(), before, "nobody has reported a repair since");
    step(&network, "mz-03.1", "report-repaired", json!({ "note": "noch einmal" })).await.ok();
    prove(&network, "mz-03.1", "7", 10).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted, "late openings of the rejected repair");
    prove_attempt(&network, 2, "mz-03.1", "7", 20).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
}

#[tokio::test]
async fn a_repair_of_two_units_is_proven_by_both() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed"), ("locker", "reader_fault")])).await;
    repair(&network, "mz-03.1").await;
    prove(&network, "mz-03.1", "7", 1).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
    prove(&network, "mz-03.1", "locker", 1).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
    assert_eq!(network.locker("mz-03").closed_by(), None);
}

#[tokio::test]
async fn the_all_clear_starts_the_deadline_again_with_what_was_left_of_it() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.wait_until(3_600);
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[(&unit, "lock_jammed")], 3_600)).await;
    network.wait_until(3 * 3_600);
    repair(&network, "mz-03.1").await;
    prove(&network, "mz-03.1", &unit, 1).await;
    let order = network.order(&order);
    assert_eq!((order.status, order.pickup_stopped_at), (OrderStatus::Deposited, None));
    assert_eq!(order.pickup_deadline, Some(at(2 * 3_600) + HOLD_FOR), "two hours later than at first");
    assert_eq!(order.incidents[0].until, Some(at(3 * 3_600)));
    assert_eq!(network.told(), ["all_clear", "pickup_delayed", "ready_for_pickup", "work_order_called"]);
}

async fn report_repaired_alone(network: &Network, work_order: &str) {
    step_alone(network, work_order, "start", json!({})).await.ok();
    step_alone(network, work_order, "report-repaired", json!({ "note": "fertig" })).await.ok();
}

/// Anna's parcel is behind a door that jammed after an hour and was proven to be repaired after three, before the
/// stream has brought any of that to anyone.
async fn repaired_before_anybody_was_displaced() -> (Network, String, String) {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.wait_until(3_600);
    network.deliver("fault_intake", [faults_at("mz-03", "m-1", &[(&unit, "lock_jammed")], 3_600)]).await;
    network.wait_until(3 * 3_600);
    report_repaired_alone(&network, "mz-03.1").await;
    for opening in 1..=3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", &unit, true);
        network.deliver("parcel_events", [message]).await;
    }
    assert_eq!(network.compartment("mz-03", compartment).health(), Health::Ok);
    assert_eq!(network.order(&order).pickup_stopped_at, None);
    (network, order, unit)
}

#[tokio::test]
async fn a_repair_proven_before_anybody_was_displaced_moves_the_deadline_on_and_the_customer_is_told() {
    let (network, order, _) = repaired_before_anybody_was_displaced().await;
    network.drain().await;
    let after = network.order(&order);
    assert_eq!((after.pickup_stopped_at, after.pickup_deadline), (None, Some(at(2 * 3_600) + HOLD_FOR)));
    assert_eq!(network.told(), ["all_clear", "ready_for_pickup"]);
    assert_eq!(network.work_order("mz-03").unwrap().impact, vec![]);
    let before = network.kept();
    network.stream(&before.keys().cloned().collect::<Vec<_>>()).await;
    assert_eq!(network.kept(), before, "brought again, it is moved on no further");
}

#[tokio::test]
async fn a_second_fault_before_the_all_clear_takes_nothing_from_the_deadline() {
    let (network, order, unit) = repaired_before_anybody_was_displaced().await;
    // The team is called and nobody found displaced; the store goes away before anybody gets the all-clear.
    let batch = network.stream_batch(&[keys::of_state(&StateKey::WorkOrder(id("mz-03")))]);
    let store = GoingAway { store: &network.store, commits_left: Cell::new(2) };
    rerouting::handle(&store, &network.tables, batch, network.now()).await.unwrap_err();
    assert!(matches!(network.work_order("mz-03").unwrap().impact[..], [ImpactTask::AllClear { .. }]));
    forced_open_and_repaired(&network, &order, &unit).await;
}

#[tokio::test]
async fn a_second_fault_before_anybody_heard_of_the_first_takes_nothing_from_the_deadline() {
    let (network, order, unit) = repaired_before_anybody_was_displaced().await;
    forced_open_and_repaired(&network, &order, &unit).await;
}

/// The door that was shut from the first hour to the third is forced open after four and repaired after six.
async fn forced_open_and_repaired(network: &Network, order: &str, unit: &str) {
    network.wait_until(4 * 3_600);
    network.happens("fault_intake", faults_at("mz-03", "m-2", &[(unit, "door_forced")], 4 * 3_600)).await;
    let stopped = network.order(order);
    assert_eq!((stopped.pickup_stopped_at, stopped.pickup_owed), (Some(at(4 * 3_600)), SignedDuration::from_hours(2)));
    assert_eq!(stopped.incidents.iter().map(|it| it.code).collect::<Vec<_>>(), [FaultCode::DoorForced]);
    let delayed = network.told().into_iter().filter(|kind| *kind == "pickup_delayed").count();
    assert_eq!(delayed, 1, "told once");
    network.wait_until(6 * 3_600);
    repair(network, "mz-03.2").await;
    for opening in 1..=3 {
        let message = test_opening("mz-03", &format!("u-{opening}"), "mz-03.2", unit, true);
        network.happens("parcel_events", message).await;
    }
    let resumed = network.order(order);
    assert_eq!((resumed.pickup_stopped_at, resumed.pickup_owed), (None, SignedDuration::ZERO));
    assert_eq!(resumed.pickup_deadline, Some(at(4 * 3_600) + HOLD_FOR), "shut for two hours, and for two more");
}

#[tokio::test]
async fn a_door_that_was_shut_for_itself_and_with_its_locker_moves_the_deadline_on_from_the_first_of_both() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    for (hour, message, unit, code) in [(1, "m-1", unit.as_str(), "lock_jammed"), (2, "m-2", "locker", "power_loss")] {
        network.wait_until(hour * 3_600);
        network.deliver("fault_intake", [faults_at("mz-03", message, &[(unit, code)], hour * 3_600)]).await;
    }
    network.wait_until(3 * 3_600);
    report_repaired_alone(&network, "mz-03.1").await;
    for unit in [unit.as_str(), "locker"] {
        for opening in 1..=3 {
            let message = test_opening("mz-03", &format!("t-{unit}-{opening}"), "mz-03.1", unit, true);
            network.deliver("parcel_events", [message]).await;
        }
    }
    network.drain().await;
    assert_eq!(network.order(&order).pickup_deadline, Some(at(2 * 3_600) + HOLD_FOR));
    assert_eq!(network.told(), ["all_clear", "ready_for_pickup"], "the all-clear once");
}

#[tokio::test]
async fn a_report_from_before_the_repair_changes_nothing_and_one_after_it_calls_again() {
    let network = reported_repaired().await;
    network.wait_until(1_000);
    prove(&network, "mz-03.1", "7", 1).await;
    network.wait_until(2_000);
    network.happens("fault_intake", faults_at("mz-03", "m-2", &[("7", "lock_jammed")], 999)).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
    network.happens("fault_intake", faults_at("mz-03", "m-3", &[("7", "lock_jammed")], 2_000)).await;
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!((work_order.id.number, work_order.status), (2, WorkOrderStatus::Open));
    for number in ["mz-03.1", "mz-03.2"] {
        let shown = network.call(call("GET /work-orders/{work_order_id}").by("t").path("work_order_id", number)).await;
        assert_eq!(shown.ok()["id"], number, "the earlier one can still be read");
    }
    network.deliver("parcel_events", [test_opening("mz-03", "t-9", "mz-03.1", "7", true)]).await;
    assert_eq!(network.quarantined().len(), 1, "an opening for the finished one proves nothing");
}

#[tokio::test]
async fn a_fault_during_the_proof_ends_the_proof() {
    let network = reported_repaired().await;
    network.happens("parcel_events", test_opening("mz-03", "t-1", "mz-03.1", "7", true)).await;
    network.happens("fault_intake", faults("mz-03", "m-2", &[("9", "lock_jammed")])).await;
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::InProgress);
    network.deliver("parcel_events", [test_opening("mz-03", "t-2", "mz-03.1", "7", true)]).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
}

#[tokio::test]
async fn a_test_opening_for_another_lockers_repair_is_kept_and_proves_nothing() {
    let network = reported_repaired().await;
    let before = network.kept();
    network.deliver("parcel_events", [test_opening("mz-04", "t-1", "mz-03.1", "7", true)]).await;
    network.deliver("parcel_events", [test_opening("mz-03", "t-2", "mz-03.1", "9", true)]).await;
    network.deliver("parcel_events", [test_opening("mz-03", "t-3", "mz-03.2", "7", true)]).await;
    assert_eq!((network.kept(), network.quarantined().len()), (before, 3));
}

#[tokio::test]
async fn a_step_that_does_not_follow_is_refused_and_an_unknown_one_does_not_exist() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    let repaired = || json!({ "note": "fertig" });
    step(&network, "mz-03.1", "report-repaired", repaired()).await.refused(409, "wrong_state");
    step(&network, "mz-03.1", "hold", json!({ "reason": "Teil fehlt" })).await.refused(409, "wrong_state");
    step(&network, "mz-03.1", "explode", json!({})).await.refused(404, "not_found");
    step(&network, "mz-03.2", "start", json!({})).await.refused(404, "unknown_work_order");
    step(&network, "mz-99.1", "start", json!({})).await.refused(404, "unknown_work_order");
    for (name, body, field) in [
        ("hold", json!({ "reason": "" }), "reason"),
        ("hold", json!({ "reason": "x".repeat(2_001) }), "reason"),
        ("report-repaired", json!({ "note": " " }), "note"),
        ("report-repaired", json!({ "note": "x", "parts": vec!["p"; 51] }), "parts"),
    ] {
        let answer = step(&network, "mz-03.1", name, body).await.refused(400, "invalid_request");
        assert_eq!(answer.field(), field);
    }
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Open);
}

#[tokio::test]
async fn the_same_step_arriving_again_is_answered_as_then() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    let acknowledge = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
    let acknowledge = acknowledge.path("step", "acknowledge").json(json!({}));
    let first = network.call(acknowledge.clone()).await;
    step(&network, "mz-03.1", "start", json!({})).await.ok();
    let before = network.kept();
    assert_eq!((network.call(acknowledge).await, network.kept()), (first, before));
}

#[tokio::test]
async fn a_repair_proven_just_before_the_next_fault_reopens_its_door_at_the_device_too() {
    let network = reported_repaired().await;
    for opening in 1..=3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", "7", true);
        network.deliver("parcel_events", [message]).await;
    }
    // The stream brings both changes of the work order when there is another one already.
    network.deliver("fault_intake", [faults_at("mz-03", "m-2", &[("9", "lock_jammed")], 10)]).await;
    assert_eq!(network.work_order("mz-03").unwrap().id.number, 2);
    network.drain().await;
    let told = network.shadows.of("mz-03");
    let unit = |unit: &str| unit.parse::<Unit>().unwrap();
    assert_eq!(told.closed[&unit("7")], Closure::Nothing);
    assert_eq!(told.closed[&unit("9")], Closure::DepositsAndPickups);
    assert!(told.test_openings.values().all(Option::is_none), "{told:?}");
}

#[tokio::test]
async fn a_locker_that_returns_during_a_proof_is_not_asked_to_prove_what_its_return_has_proven() {
    let network = Network::mainz().await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 10, "disconnected")).await;
    network.wait_until(200);
    network.sweep().await.unwrap();
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("7", "lock_jammed")], 200)).await;
    repair(&network, "mz-03.1").await;
    let asked = || {
        let asked = network.shadows.of("mz-03").test_openings;
        asked.into_iter().filter_map(|(unit, asked)| asked.map(|_| unit.to_string())).collect::<Vec<_>>()
    };
    assert_eq!(asked(), ["locker", "7"]);
    network.wait_until(300);
    network.happens("presence", presence("mz-03", "s-2", 300, "connected")).await;
    assert_eq!(asked(), ["7"]);
}

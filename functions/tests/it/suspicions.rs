//! What is not certain: a condition that has to be stable first, and what ends by the device's own word.

use aws::batch::BatchAnswer;
use domain::compartment::Health;
use domain::fault::FaultCode;
use domain::work_order::WorkOrderStatus;
use serde_json::json;

use crate::support::at;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};

/// What a device sees no more, arriving at a second.
fn gone_at(locker: &str, message_id: &str, gone: &[(&str, &str)], second: i64) -> aws::batch::QueueMessage {
    let gone: Vec<_> = gone.iter().map(|(unit, code)| json!({ "unit": unit, "code": code })).collect();
    message_at(locker, message_id, json!({ "gone": gone }), second)
}

#[tokio::test]
async fn a_door_that_is_held_open_calls_no_one_and_one_that_stays_open_does() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "door_not_closing")])).await;
    let suspected = network.compartment("mz-03", 7);
    assert_eq!((suspected.health(), suspected.bookable()), (Health::Suspected, false));
    assert_eq!(network.work_order("mz-03"), None);
    network.happens("fault_intake", gone_at("mz-03", "m-2", &[("7", "door_not_closing")], 30)).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
    network.wait_until(60);
    assert_eq!(network.sweep().await.unwrap().due, 0, "nothing is left to judge");

    network.happens("fault_intake", faults_at("mz-03", "m-3", &[("7", "door_not_closing")], 60)).await;
    network.wait_until(119);
    network.sweep().await.unwrap();
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Suspected);
    network.wait_until(120);
    for _ in 0..2 {
        network.sweep().await.unwrap();
        network.drain().await;
    }
    let faulted = network.compartment("mz-03", 7);
    assert_eq!((faulted.health(), faulted.faults[&FaultCode::DoorNotClosing].raised_at), (Health::Faulted, at(120)));
    assert_eq!(
        (faulted.faults[&FaultCode::DoorNotClosing].occurrences, network.told()),
        (1, vec!["work_order_called"])
    );
}

#[tokio::test]
async fn what_is_gone_late_twice_or_out_of_order_changes_nothing() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("locker", "display_fault")], 20)).await;
    let open = network.kept();
    network.happens("fault_intake", gone_at("mz-03", "m-2", &[("locker", "display_fault")], 10)).await;
    assert!(network.locker("mz-03").faults.contains_key(&FaultCode::DisplayFault), "gone before it was seen");
    assert_eq!(open.keys().count() + 1, network.kept().len(), "but for what was heard");
    for _ in 0..2 {
        network.happens("fault_intake", gone_at("mz-03", "m-3", &[("locker", "display_fault")], 30)).await;
    }
    assert!(network.locker("mz-03").faults.is_empty());
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Verified);
    network.happens("fault_intake", gone_at("mz-03", "m-4", &[("9", "lock_jammed")], 30)).await;
    assert_eq!(network.compartment("mz-03", 9).health(), Health::Ok, "what was never there");
}

#[tokio::test]
async fn a_jammed_lock_that_the_device_sees_no_more_stays_closed() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network.happens("fault_intake", gone_at("mz-03", "m-2", &[("7", "lock_jammed")], 30)).await;
    let jammed = network.compartment("mz-03", 7);
    assert_eq!((jammed.health(), jammed.faults[&FaultCode::LockJammed].gone_at), (Health::Faulted, Some(at(30))));
}

#[tokio::test]
async fn a_message_that_says_seen_and_gone_of_one_thing_is_kept() {
    let network = Network::mainz().await;
    let named = json!([{ "unit": "7", "code": "lock_jammed" }]);
    let both = message_at("mz-03", "m-1", json!({ "faults": named, "gone": named }), 0);
    assert_eq!(network.deliver("fault_intake", [both]).await, BatchAnswer::default());
    assert_eq!(network.quarantined()[0].reason, "7 lock_jammed is seen and gone at once");
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
}

async fn driver_reports(network: &Network, driver: &str, unit: &str, code: &str) -> Answer {
    let body = json!({ "locker_id": "mz-03", "unit": unit, "code": code });
    network.call(call("POST /fault-reports").by(driver).json(body)).await
}

#[tokio::test]
async fn what_a_driver_and_a_customer_say_independently_is_a_fault() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    for expected in ["suspected", "suspected"] {
        assert_eq!(driver_reports(&network, "driver-1", &unit, "lock_jammed").await.ok()["outcome"], expected);
    }
    let suspected = network.compartment("mz-03", compartment);
    assert_eq!((suspected.health(), network.work_order("mz-03")), (Health::Suspected, None));
    let report = call("POST /my/orders/{order_id}/fault-reports").path("order_id", &order);
    let report = report.json(json!({ "code": "lock_jammed" }));
    network.call(report.clone().by("ben")).await.refused(404, "not_found");
    for expected in ["raised", "known"] {
        let answer = network.call(report.clone().by("anna").named(expected)).await;
        assert_eq!(answer.ok()["outcome"], expected);
    }
    network.drain().await;
    assert_eq!(network.compartment("mz-03", compartment).health(), Health::Faulted);
    assert_eq!(network.told(), ["pickup_delayed", "ready_for_pickup", "work_order_called"]);
}

#[tokio::test]
async fn a_report_that_nobody_confirms_passes_after_a_day() {
    let network = Network::mainz().await;
    driver_reports(&network, "driver-1", "7", "compartment_dirty_or_damaged").await.ok();
    network.wait_until(24 * 3_600 - 1);
    network.sweep().await.unwrap();
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Suspected);
    network.wait_until(24 * 3_600);
    network.sweep().await.unwrap();
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
    assert_eq!(network.told(), Vec::<&str>::new());
}

#[tokio::test]
async fn what_people_cannot_see_or_where_nothing_is_is_refused() {
    let network = Network::mainz().await;
    let unseen = driver_reports(&network, "driver-1", "7", "network_lost").await;
    assert_eq!(unseen.refused(400, "invalid_request").field(), "code");
    driver_reports(&network, "driver-1", "7", "broken").await.refused(400, "invalid_request");
    driver_reports(&network, "driver-1", "8", "lock_jammed").await.refused(404, "unknown_compartment");
    let (order, _) = network.place_order("anna", "M").await;
    let early = call("POST /my/orders/{order_id}/fault-reports").path("order_id", &order).by("anna");
    network.call(early.json(json!({ "code": "lock_jammed" }))).await.refused(409, "wrong_state");
}

//! A driver asks for a door, and the parcel goes in: only where the order is, and only while it is open.

use domain::order::OrderStatus;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};

async fn ask(network: &Network, driver: &str, order: &str, locker: &str) -> Answer {
    let body = json!({ "order_id": order, "locker_id": locker });
    network.call(call("POST /deposits").by(driver).json(body)).await
}

#[tokio::test]
async fn asking_twice_gets_the_same_answer_and_is_remembered_once() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let first = ask(&network, "driver-17", &order, "mz-03").await;
    assert_eq!(first.clone().ok(), json!({ "order_id": order, "locker_id": "mz-03", "compartment": compartment }));
    let before = network.kept();
    assert_eq!(ask(&network, "driver-17", &order, "mz-03").await, first);
    assert_eq!(network.kept(), before);
    let body = json!({ "order_id": order, "locker_id": "mz-03" });
    let named = call("POST /deposits").by("driver-18").named("r-1").json(body);
    let again = (network.call(named.clone()).await, network.call(named).await);
    assert_eq!(again.0, again.1, "the same request is the same event");
}

#[tokio::test]
async fn behind_a_closed_door_nothing_is_authorised() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[(&compartment.to_string(), "door_forced")])]).await;
    let refused = ask(&network, "driver-17", &order, "mz-03").await.refused(409, "compartment_closed");
    assert_eq!(refused.body["error"]["code"], "door_forced");
    assert_eq!(refused.alternatives(), ["mz-04", "mz-05"]);
    network.deliver("fault_intake", [faults("mz-03", "m-2", &[("locker", "power_loss")])]).await;
    ask(&network, "driver-17", &order, "mz-03").await.refused(409, "locker_unavailable");
    assert_eq!(network.order(&order).driver, None);
}

#[tokio::test]
async fn behind_a_closed_door_nothing_is_recorded_as_deposited() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    ask(&network, "driver-17", &order, "mz-03").await.ok();
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[("locker", "power_loss")])]).await;
    network.deliver("parcel_events", [deposited("mz-03", "m-2", &order, compartment)]).await;
    assert_eq!(network.order(&order).status, OrderStatus::Placed);
    assert_eq!(network.quarantined()[0].reason, "the locker is closed: power_loss");
}

#[tokio::test]
async fn at_another_locker_or_after_the_deposit_nothing_is_authorised() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    ask(&network, "driver-17", &order, "mz-04").await.refused(409, "other_place");
    let refused = ask(&network, "driver-17", &order, "mz-03").await.refused(409, "wrong_state");
    assert_eq!(refused.body["error"]["state"], "deposited");
    ask(&network, "driver-17", "o-99", "mz-03").await.refused(404, "unknown_order");
}

#[tokio::test]
async fn a_deposit_in_anothers_compartment_or_by_another_locker_changes_nothing() {
    let network = Network::mainz().await;
    let (annas, annas_place) = network.place_order("anna", "M").await;
    let (bens, bens_place) = network.place_order("ben", "M").await;
    assert_ne!(annas_place, bens_place);
    let before = network.kept();
    network.deliver("parcel_events", [deposited("mz-03", "m-1", &annas, bens_place)]).await;
    network.deliver("parcel_events", [deposited("mz-04", "m-2", &bens, 1)]).await;
    network.deliver("parcel_events", [collected("mz-04", "m-3", &bens, 1)]).await;
    assert_eq!(network.kept(), before);
    let reasons: Vec<String> = network.quarantined().into_iter().map(|it| it.reason).collect();
    assert_eq!(reasons.iter().filter(|it| it.contains("another place")).count(), 2, "{reasons:?}");
}

#[tokio::test]
async fn a_deposit_told_twice_starts_the_hold_time_once() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let deadline = network.order(&order).pickup_deadline;
    network.wait_until(3_600);
    network.happens("parcel_events", deposited("mz-03", &format!("d-{order}"), &order, compartment)).await;
    assert_eq!(network.order(&order).pickup_deadline, deadline);
    assert_eq!(network.told(), ["ready_for_pickup"]);
}

#[tokio::test]
async fn a_collection_that_arrives_before_its_deposit_is_kept_for_a_person() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    network.deliver("parcel_events", [collected("mz-03", "m-1", &order, compartment)]).await;
    assert_eq!(network.order(&order).status, OrderStatus::Placed);
    assert_eq!(network.quarantined().len(), 1);
}

//! Parcels behind doors that cannot be opened: who sees them, and what becomes of their deadlines.

use aws::ledger::Status;
use domain::order::EXTENSION_MAX;
use serde_json::{Value, json};

use crate::support::at;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::stores::Asked::{Query, Read};
use crate::support::stores::Counting;

async fn trapped(network: &Network) -> Vec<Value> {
    let answer =
        network.call(call("GET /lockers/{locker_id}/trapped-parcels").by("tech-4").path("locker_id", "mz-03")).await;
    answer.ok()["trapped_parcels"].as_array().unwrap().clone()
}

async fn extend(network: &Network, order: &str, hours: u16) -> Answer {
    let body = json!({ "extend_by_hours": hours, "reason": "krank" });
    let request = call("POST /support/orders/{order_id}/deadline").by("agent-1").path("order_id", order);
    network.call(request.named(&format!("{order}-{hours}-{}", network.now())).json(body)).await
}

#[tokio::test]
async fn a_parcel_behind_a_jammed_door_is_listed_until_the_door_works() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.deposit_order("ben", "S").await;
    assert_eq!(trapped(&network).await, Vec::<Value>::new());
    network.wait_until(60);
    let unit = compartment.to_string();
    let report = faults_at("mz-03", "m-1", &[(&unit, "lock_jammed")], 60);
    network.happens("fault_intake", report).await;
    let row = json!({
        "order_id": order,
        "status": "deposited",
        "compartment": compartment,
        "trapped_since": at(60),
        "fault": { "unit": unit, "code": "lock_jammed", "work_order": "mz-03.1" },
        "pickup_deadline": at(72 * 3_600),
        "pickup_stopped_at": at(60),
        "rest_s": 72 * 3_600 - 60,
    });
    assert_eq!(trapped(&network).await, std::slice::from_ref(&row));
    let of_work_order = call("GET /work-orders/{work_order_id}/trapped-parcels").by("tech-4");
    let listed = network.call(of_work_order.clone().path("work_order_id", "mz-03.1")).await.ok();
    assert_eq!(listed["trapped_parcels"], json!([row]));
    network.call(of_work_order.path("work_order_id", "mz-03.2")).await.refused(404, "unknown_work_order");
    let seen = call("GET /support/lockers/{locker_id}").by("agent-1").path("locker_id", "mz-03");
    assert_eq!(network.call(seen).await.ok()["trapped_parcels"], json!([row]));
}

#[tokio::test]
async fn a_list_takes_two_round_trips() {
    let network = Network::mainz().await;
    network.deposit_order("anna", "M").await;
    network.deposit_order("ben", "S").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    let store = Counting::new(&network.store);
    let list = call("GET /lockers/{locker_id}/trapped-parcels").by("tech-4").path("locker_id", "mz-03");
    assert_eq!(network.call_over(&store, &list).await.ok()["trapped_parcels"].as_array().unwrap().len(), 2);
    assert_eq!(store.trips(), [vec![Read, Query], vec![Read]]);
}

#[tokio::test]
async fn nobody_is_trapped_in_a_locker_that_nobody_knows() {
    let list = call("GET /lockers/{locker_id}/trapped-parcels").by("tech-4").path("locker_id", "mz-99");
    Network::mainz().await.call(list).await.refused(404, "unknown_locker");
}

#[tokio::test]
async fn support_gives_more_time_and_the_customer_is_told_until_when() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    let answered = extend(&network, &order, 24).await.ok();
    assert_eq!(answered["order"]["pickup_deadline"], json!(at(96 * 3_600)));
    network.drain().await;
    assert_eq!(network.order(&order).pickup_deadline, Some(at(96 * 3_600)));
    assert!(matches!(network.status_of("pickup_extended"), Status::Sent { .. }));
    let seen = call("GET /support/orders/{order_id}").by("agent-1").path("order_id", &order);
    let history = network.call(seen).await.ok()["history"].clone();
    let recorded = history.as_array().unwrap().iter().find(|it| it["event"]["what"] == "pickup_extended").unwrap();
    assert_eq!((&recorded["actor"], &recorded["event"]["reason"]), (&json!("agent-1"), &json!("krank")));
}

#[tokio::test]
async fn the_same_request_extends_once() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    for _ in 0..2 {
        extend(&network, &order, 24).await.ok();
    }
    assert_eq!(network.order(&order).pickup_deadline, Some(at(96 * 3_600)));
}

#[tokio::test]
async fn more_time_has_its_bounds() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    extend(&network, &order, EXTENSION_MAX.as_hours() as u16 + 1).await.refused(409, "too_long");
    extend(&network, &order, 0).await.refused(400, "invalid_request");
    extend(&network, "o-unknown", 1).await.refused(404, "unknown_order");
    let (underway, _) = network.place_order("ben", "S").await;
    extend(&network, &underway, 1).await.refused(409, "wrong_state");
    let body = json!({ "extend_by_hours": 1, "reason": " " });
    let request = call("POST /support/orders/{order_id}/deadline").by("agent-1").path("order_id", &order);
    network.call(request.clone().json(body)).await.refused(400, "invalid_request");
    let body = json!({ "extend_by_hours": 1, "reason": "krank" });
    network.call(request.header("if-match", "\"77\"").json(body)).await.refused(412, "stale_version");
    assert_eq!(network.order(&order).pickup_deadline, Some(at(72 * 3_600)));
}

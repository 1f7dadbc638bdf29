//! Parcels behind doors that cannot be opened: who sees them, and what becomes of their deadlines.

use aws::ledger::Status;
use domain::compartment::Occupancy;
use domain::order::{EXTENSION_MAX, OrderStatus};
use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::stores::Asked::{Query, Read};
use crate::support::stores::Counting;
use crate::support::{at, id};

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
    let collected = network.collect_order("ben", "S").await;
    extend(&network, &collected, 1).await.refused(409, "wrong_state");
    let body = json!({ "extend_by_hours": 1, "reason": " " });
    let request = call("POST /support/orders/{order_id}/deadline").by("agent-1").path("order_id", &order);
    network.call(request.clone().json(body)).await.refused(400, "invalid_request");
    let body = json!({ "extend_by_hours": 1, "reason": "krank" });
    network.call(request.header("if-match", "\"77\"").json(body)).await.refused(412, "stale_version");
    assert_eq!(network.order(&order).pickup_deadline, Some(at(72 * 3_600)));
}

/// Anna's parcel behind a jammed door of `mz-03`, an hour after its deposit: the order and the compartment.
async fn jammed(network: &Network) -> (String, u16) {
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.wait_until(3_600);
    let report = faults_at("mz-03", "m-1", &[(&compartment.to_string(), "lock_jammed")], 3_600);
    network.happens("fault_intake", report).await;
    (order, compartment)
}

async fn start(network: &Network, order: &str, to: Option<&str>) -> Answer {
    let mut body = json!({ "order_id": order });
    if let Some(to) = to {
        body["locker_id"] = json!(to);
    }
    let answer = network.call(call("POST /recoveries").by("tech-4").json(body)).await;
    network.drain().await;
    answer
}

async fn step(network: &Network, order: &str, by: &str, step: &str, body: Value) -> Answer {
    let request = call("POST /recoveries/{order_id}/{step}").by(by).path("order_id", order).path("step", step);
    let answer = network.call(request.named(&format!("{order}-{step}-{by}")).json(body)).await;
    network.drain().await;
    answer
}

async fn shown(network: &Network, customer: &str, order: &str) -> Value {
    network.call(call("GET /my/orders/{order_id}").by(customer).path("order_id", order)).await.ok()
}

fn code_of(shown: &Value) -> String {
    let code = shown["access_code"].as_str().expect("a code").to_owned();
    assert!(code.len() == 6 && code.bytes().all(|it| it.is_ascii_digit()), "{code}");
    code
}

#[tokio::test]
async fn a_trapped_parcel_is_fetched_from_hand_to_hand_into_another_locker_and_collected_there() {
    let network = Network::mainz().await;
    let (order, compartment) = jammed(&network).await;
    let first_code = code_of(&shown(&network, "anna", &order).await);
    start(&network, &order, Some("mz-04")).await.ok();
    assert_eq!(network.order(&order).status, OrderStatus::Recovery);
    let target = network.order(&order).recovery_target().cloned().unwrap();
    let reserved = network.compartment("mz-04", target.compartment.get());
    assert_eq!(reserved.occupancy, Occupancy::Reserved { order: id(&order) });
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Occupied { order: id(&order) });

    step(&network, &order, "tech-4", "take", json!({})).await.ok();
    assert_eq!(network.order(&order).place, Place::Custody);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    let seen = shown(&network, "anna", &order).await;
    assert_eq!((&seen["access_code"], seen["order"].get("recovery")), (&Value::Null, None), "no code, no names");
    step(&network, &order, "driver-17", "receive", json!({ "from": "tech-4" })).await.ok();

    network.wait_until(7_200);
    let ask = |by: &str| call("POST /deposits").by(by).json(json!({ "order_id": order, "locker_id": "mz-04" }));
    network.call(ask("tech-4")).await.refused(409, "not_the_holder");
    let opened = network.call(ask("driver-17")).await.ok();
    assert_eq!(opened["compartment"], json!(target.compartment));
    let number = target.compartment.get();
    network.happens("parcel_events", deposited("mz-04", "m-2", &order, number)).await;
    let placed = network.order(&order);
    assert_eq!((placed.status, placed.place_epoch), (OrderStatus::Deposited, 3));
    assert_eq!((placed.pickup_stopped_at, placed.pickup_deadline), (None, Some(at(73 * 3_600))));
    let custody = serde_json::to_value(&placed.recovery.as_ref().unwrap().custody).unwrap();
    let chain = json!([{ "to": "tech-4", "at": at(3_600) }, { "from": "tech-4", "to": "driver-17", "at": at(3_600) }]);
    assert_eq!(custody, chain);
    let code = code_of(&shown(&network, "anna", &order).await);
    assert_ne!(code, first_code);
    let told = ["pickup_delayed", "recovery_started", "brought_elsewhere"].map(|kind| network.status_of(kind));
    assert!(told.iter().all(|it| matches!(it, Status::Sent { .. })), "{told:?}");

    network.happens("parcel_events", collected("mz-04", "m-3", &order, number)).await;
    assert_eq!(network.order(&order).status, OrderStatus::Collected);
    assert_eq!(network.compartment("mz-04", number).occupancy, Occupancy::Free);
    assert_eq!(shown(&network, "anna", &order).await["access_code"], Value::Null);
}

#[tokio::test]
async fn a_locker_goes_dark_in_which_a_parcel_has_two_doors_and_its_people_are_dealt_with() {
    let network = Network::mainz().await;
    let (order, _) = jammed(&network).await;
    start(&network, &order, Some("mz-03")).await.ok();
    network.happens("fault_intake", faults("mz-03", "dark", &[("locker", "power_loss")])).await;
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!((work_order.impact, work_order.impact_due_at), (vec![], None), "nothing is left to do");
}

#[tokio::test]
async fn the_code_is_in_the_mail_and_kept_nowhere() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    let code = code_of(&shown(&network, "anna", &order).await);
    let mail = network.sender.publisher.sent();
    assert!(mail.iter().any(|(_, it)| it.email.contains(&code)), "{mail:?}");
    assert!(mail.iter().all(|(_, it)| !it.subject.contains(&code) && !it.push.contains(&code)), "{mail:?}");
    assert!(!format!("{:?}", network.store.snapshot()).contains(&format!("\"{code}\"")));
}

#[tokio::test]
async fn without_a_wish_the_nearest_room_is_reserved_and_without_room_nothing_moves() {
    let network = Network::mainz().await;
    let (order, _) = jammed(&network).await;
    start(&network, &order, None).await.ok();
    let target = network.order(&order).recovery_target().cloned().unwrap();
    assert_eq!(target.locker, id("mz-03"), "another compartment of the same locker");
    start(&network, &order, None).await.refused(409, "wrong_state");
    step(&network, &order, "tech-4", "redirect", json!({ "locker_id": "mz-05" })).await.ok();
    assert_eq!(network.compartment("mz-03", target.compartment.get()).occupancy, Occupancy::Free);
    assert_eq!(network.order(&order).recovery_target().unwrap().locker, id("mz-05"));

    let (large, _) = network.deposit_order("ben", "XL").await;
    network.happens("fault_intake", faults_at("mz-03", "m-2", &[("12", "lock_jammed")], 3_600)).await;
    start(&network, &large, None).await.refused(409, "no_room");
    start(&network, &large, Some("mz-04")).await.refused(409, "too_big");
    start(&network, &large, Some("mz-99")).await.refused(404, "unknown_locker");
    assert_eq!(network.order(&large).status, OrderStatus::Deposited);
}

#[tokio::test]
async fn steps_that_do_not_follow_are_refused_and_change_nothing() {
    let network = Network::mainz().await;
    let (free, _) = network.deposit_order("ben", "S").await;
    start(&network, &free, None).await.refused(409, "not_trapped");
    start(&network, "o-unknown", None).await.refused(404, "unknown_order");
    let (order, _) = jammed(&network).await;
    for (name, body) in [("take", json!({})), ("receive", json!({ "from": "tech-4" })), ("redirect", json!({}))] {
        step(&network, &order, "tech-4", name, body).await.refused(409, "wrong_state");
    }
    step(&network, &order, "tech-4", "lose", json!({})).await.refused(404, "not_found");
    start(&network, &order, Some("mz-04")).await.ok();
    step(&network, &order, "tech-4", "take", json!({})).await.ok();
    let before = network.kept();
    step(&network, &order, "driver-17", "receive", json!({ "from": "anna" })).await.refused(409, "not_the_holder");
    step(&network, &order, "tech-4", "abandon", json!({ "reason": "müde" })).await.refused(409, "wrong_state");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_as_then() {
    let network = Network::mainz().await;
    let (order, _) = jammed(&network).await;
    start(&network, &order, Some("mz-04")).await.ok();
    let first = step(&network, &order, "tech-4", "take", json!({})).await;
    assert_eq!(step(&network, &order, "tech-4", "take", json!({})).await, first);
    assert_eq!(network.order(&order).recovery.unwrap().custody.len(), 1);
}

#[tokio::test]
async fn a_run_given_up_frees_what_was_reserved_and_the_parcel_waits_on() {
    let network = Network::mainz().await;
    let (order, compartment) = jammed(&network).await;
    start(&network, &order, Some("mz-04")).await.ok();
    let target = network.order(&order).recovery_target().unwrap().compartment.get();
    step(&network, &order, "tech-4", "abandon", json!({ "reason": "klemmt" })).await.ok();
    let after = network.order(&order);
    assert_eq!((after.status, after.pickup_stopped_at), (OrderStatus::Deposited, Some(at(3_600))));
    assert_eq!(after.compartment().unwrap().1.get(), compartment);
    assert_eq!(network.compartment("mz-04", target).occupancy, Occupancy::Free);
}

#[tokio::test]
async fn a_repair_that_is_proven_before_the_parcel_was_taken_ends_the_run() {
    let network = Network::mainz().await;
    let (order, compartment) = jammed(&network).await;
    start(&network, &order, Some("mz-04")).await.ok();
    let target = network.order(&order).recovery_target().unwrap().compartment.get();
    network.wait_until(7_200);
    for (name, body) in [("start", json!({})), ("report-repaired", json!({ "note": "fertig" }))] {
        let request = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
        network.call(request.path("step", name).json(body)).await.ok();
    }
    for opening in 0..3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", &compartment.to_string(), true);
        network.happens("parcel_events", message).await;
    }
    let after = network.order(&order);
    assert_eq!((after.status, after.pickup_stopped_at), (OrderStatus::Deposited, None));
    assert_eq!(after.pickup_deadline, Some(at(73 * 3_600)));
    assert_eq!(network.compartment("mz-04", target).occupancy, Occupancy::Free);
    assert!(matches!(network.status_of("all_clear"), Status::Sent { .. }));
}

#[tokio::test]
async fn a_target_that_closes_takes_nothing_until_the_run_is_redirected() {
    let network = Network::mainz().await;
    let (order, _) = jammed(&network).await;
    start(&network, &order, Some("mz-04")).await.ok();
    step(&network, &order, "tech-4", "take", json!({})).await.ok();
    network.happens("fault_intake", faults_at("mz-04", "m-2", &[("locker", "power_loss")], 3_600)).await;
    assert_eq!(network.order(&order).place, Place::Custody, "it is dealt with by who has it");
    let ask = call("POST /deposits").by("tech-4").json(json!({ "order_id": order, "locker_id": "mz-04" }));
    network.call(ask).await.refused(409, "locker_unavailable");
    step(&network, &order, "tech-4", "redirect", json!({ "locker_id": "mz-05" })).await.ok();
    let target = network.order(&order).recovery_target().cloned().unwrap();
    network.happens("parcel_events", deposited("mz-05", "m-3", &order, target.compartment.get())).await;
    assert_eq!(network.order(&order).status, OrderStatus::Deposited);
}

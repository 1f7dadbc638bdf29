//! Times that are over: places held for parcels that do not come, parcels that nobody collects, and what goes back.

use aws::ledger::Status;
use domain::compartment::Occupancy;
use domain::expiry::{DEPOSITED_WITHIN, LOOK_AGAIN_AFTER};
use domain::order::OrderStatus;
use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::stores::Asked::{Query, Read};
use crate::support::stores::Counting;
use crate::support::{at, id};

const HOUR_S: i64 = 3_600;

async fn sweep_at(network: &Network, second: i64) {
    network.wait_until(second);
    network.sweep().await.unwrap();
    network.drain().await;
}

async fn placed(network: &Network, hold_hours: u16) -> Answer {
    let body = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "M", "hold_hours": hold_hours });
    let key = format!("held-{hold_hours}");
    network.call(call("POST /orders").by_order_system().header("idempotency-key", &key).json(body)).await
}

async fn ask_for_door(network: &Network, order: &str) -> Answer {
    let body = json!({ "order_id": order, "locker_id": "mz-03" });
    network.call(call("POST /deposits").by("driver-17").json(body)).await
}

async fn extend(network: &Network, order: &str, hours: u16) -> Answer {
    let body = json!({ "extend_by_hours": hours, "reason": "Schnee" });
    let request = call("POST /support/orders/{order_id}/deadline").by("agent-1").path("order_id", order);
    network.call(request.named(&format!("{order}-{hours}-{}", network.now())).json(body)).await
}

async fn step(network: &Network, order: &str, by: &str, step: &str, body: Value) -> Answer {
    let request = call("POST /recoveries/{order_id}/{step}").by(by).path("order_id", order).path("step", step);
    let answer = network.call(request.named(&format!("{order}-{step}-{by}")).json(body)).await;
    network.drain().await;
    answer
}

async fn expired(network: &Network) -> Value {
    let list = call("GET /lockers/{locker_id}/expired-parcels").by("driver-17").path("locker_id", "mz-03");
    network.call(list).await.ok()["expired_parcels"].clone()
}

#[tokio::test]
async fn a_place_that_is_not_used_in_time_is_free_again_and_everybody_learns_it() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    assert_eq!(network.order(&order).held_until, Some(at(72 * HOUR_S)));
    sweep_at(&network, 72 * HOUR_S - 1).await;
    assert_eq!(network.order(&order).status, OrderStatus::Placed);
    sweep_at(&network, 72 * HOUR_S).await;
    let after = network.order(&order);
    assert_eq!((after.status, after.expired_at), (OrderStatus::Expired, Some(at(72 * HOUR_S))));
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    assert!(matches!(network.status_of("reservation_expired"), Status::Sent { .. }));
    let seen = network.call(call("GET /orders/{order_id}").by_order_system().path("order_id", &order)).await.ok();
    assert_eq!(seen["order"]["status"], "expired");
    let refused = ask_for_door(&network, &order).await.refused(409, "wrong_state");
    assert_eq!(refused.body["error"]["state"], "expired");
    let before = network.kept();
    sweep_at(&network, 100 * HOUR_S).await;
    assert_eq!(network.kept(), before, "it is over once");
    let cancel = call("DELETE /orders/{order_id}").by_order_system().path("order_id", &order);
    network.call(cancel).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn the_order_system_says_for_how_long_within_bounds() {
    let network = Network::mainz().await;
    let order = placed(&network, 2).await.ok()["order"]["id"].as_str().unwrap().to_owned();
    placed(&network, 0).await.refused(400, "invalid_request");
    placed(&network, 169).await.refused(400, "invalid_request");
    let far = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "M", "promised_at": at(31 * 24 * HOUR_S) });
    let far = call("POST /orders").by_order_system().header("idempotency-key", "far").json(far);
    network.call(far).await.refused(400, "invalid_request");
    sweep_at(&network, 2 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Expired);
}

#[tokio::test]
async fn support_has_a_place_held_for_longer_and_the_timer_moves_with_it() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "M").await;
    let answered = extend(&network, &order, 24).await.ok();
    assert_eq!(answered["order"]["held_until"], json!(at(96 * HOUR_S)));
    extend(&network, &order, 24).await.ok();
    assert_eq!(network.order(&order).held_until, Some(at(96 * HOUR_S)), "the same request extends once");
    extend(&network, &order, 73).await.refused(409, "too_long");
    sweep_at(&network, 95 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Placed);
    sweep_at(&network, 96 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Expired);
}

#[tokio::test]
async fn who_is_let_in_at_the_last_moment_still_puts_it_in() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let late = 72 * HOUR_S - 2;
    network.wait_until(late);
    ask_for_door(&network, &order).await.ok();
    sweep_at(&network, 72 * HOUR_S + 60).await;
    assert_eq!(network.order(&order).held_until, Some(at(late) + DEPOSITED_WITHIN));
    let message = deposited("mz-03", "m-1", &order, compartment);
    network.happens("parcel_events", message).await;
    assert_eq!(network.order(&order).status, OrderStatus::Deposited);
}

#[tokio::test]
async fn a_parcel_that_comes_after_all_is_inside_as_its_device_says() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    sweep_at(&network, 72 * HOUR_S).await;
    network.happens("parcel_events", deposited("mz-03", "m-1", &order, compartment)).await;
    let after = network.order(&order);
    assert_eq!((after.status, after.expired_at), (OrderStatus::Deposited, None));
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Occupied { order: id(&order) });
    assert!(matches!(network.status_of("ready_for_pickup"), Status::Sent { .. }));
    assert_eq!(network.quarantined(), []);
}

#[tokio::test]
async fn a_parcel_that_comes_after_all_where_another_one_is_expected_is_found_by_who_looks() {
    let network = Network::mainz().await;
    let (late, compartment) = network.place_order("anna", "XL").await;
    sweep_at(&network, 72 * HOUR_S).await;
    let (other, again) = network.place_order("cleo", "XL").await;
    assert_eq!(again, compartment, "it is the only one of its size");
    network.wait_until(73 * HOUR_S);
    network.deliver("parcel_events", [deposited("mz-03", "m-1", &late, compartment)]).await;
    network.drain().await;
    assert_eq!(network.quarantined()[0].reason, "the compartment is held by another order");
    let disputed = network.compartment("mz-03", compartment);
    assert_eq!(disputed.occupancy, Occupancy::Unknown { recorded: None });
    assert_eq!(network.order(&other).place, Place::Home, "what cannot go in there goes as its customer likes");
    assert!(network.work_order("mz-03").is_some_and(|it| it.is_open()), "somebody is called to look");

    let looked = call("POST /lockers/{locker_id}/compartments/{compartment}/contents").by("tech-4");
    let looked = looked.path("locker_id", "mz-03").path("compartment", &compartment.to_string());
    network.call(looked.json(json!({ "order_id": late }))).await.ok();
    let found = network.order(&late);
    assert_eq!((found.status, found.expired_at), (OrderStatus::Deposited, None));
}

#[tokio::test]
async fn a_parcel_nobody_collects_is_listed_taken_out_and_returned() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.deposit_order("ben", "S").await;
    extend(&network, &order, 1).await.ok();
    sweep_at(&network, 72 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Deposited, "it was given an hour more");
    sweep_at(&network, 73 * HOUR_S).await;
    let row = |status: &str, by: Value| {
        json!({
            "order_id": order, "status": status, "compartment": compartment, "expired_at": at(73 * HOUR_S),
            "fetched_by": by,
        })
    };
    assert_eq!(expired(&network).await[1], row("expired", Value::Null));
    let told = network.notices().into_iter().filter(|it| it.notice.message.kind() == "pickup_expired");
    let told: Vec<bool> = told.map(|it| matches!(it.status, Status::Sent { .. })).collect();
    assert_eq!(told, [true, true], "Ben first, and Anna an hour later");
    let held = network.compartment("mz-03", compartment).occupancy;
    assert_eq!(held, Occupancy::Occupied { order: id(&order) }, "nobody forgets what is inside");

    let start = |by: &str| call("POST /returns").by(by).json(json!({ "order_id": order }));
    network.call(start("driver-17").named("r-1")).await.ok();
    network.call(start("driver-17").named("r-1")).await.ok();
    network.call(start("driver-18").named("r-2")).await.refused(409, "wrong_state");
    assert_eq!(expired(&network).await[1], row("recovery", json!("driver-17")));
    step(&network, &order, "driver-17", "redirect", json!({ "locker_id": "mz-04" })).await.refused(409, "wrong_state");
    step(&network, &order, "driver-17", "abandon", json!({ "reason": "voll" })).await.ok();
    assert_eq!(network.order(&order).status, OrderStatus::Expired);
    network.call(start("driver-18").named("r-3")).await.ok();
    step(&network, &order, "driver-18", "take", json!({})).await.ok();
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    step(&network, &order, "driver-17", "return", json!({})).await.refused(409, "not_the_holder");
    step(&network, &order, "driver-18", "return", json!({})).await.ok();
    let after = network.order(&order);
    assert_eq!((after.status, after.place), (OrderStatus::Returned, Place::Sender));
    assert!(matches!(network.status_of("parcel_returned"), Status::Sent { .. }));
    assert_eq!(expired(&network).await.as_array().unwrap().len(), 1, "Ben's is left");
}

#[tokio::test]
async fn the_list_of_what_has_expired_takes_two_round_trips() {
    let network = Network::mainz().await;
    network.deposit_order("anna", "M").await;
    network.deposit_order("ben", "S").await;
    sweep_at(&network, 72 * HOUR_S).await;
    let store = Counting::new(&network.store);
    let list = call("GET /lockers/{locker_id}/expired-parcels").by("tech-4").path("locker_id", "mz-03");
    let listed = network.call_over(&store, &list).await.ok();
    assert_eq!(listed["expired_parcels"].as_array().unwrap().len(), 2);
    assert_eq!(store.trips(), [vec![Read, Query], vec![Read]]);
    let unknown = call("GET /lockers/{locker_id}/expired-parcels").by("tech-4").path("locker_id", "mz-99");
    network.call(unknown).await.refused(404, "unknown_locker");
}

#[tokio::test]
async fn support_gives_more_time_to_a_parcel_that_has_expired_and_it_expires_again() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    sweep_at(&network, 72 * HOUR_S).await;
    network.wait_until(80 * HOUR_S);
    let answered = extend(&network, &order, 24).await.ok();
    assert_eq!(answered["order"]["pickup_deadline"], json!(at(104 * HOUR_S)));
    assert_eq!(answered["order"]["status"], "deposited");
    sweep_at(&network, 104 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Expired);
    let told = network.told().into_iter().filter(|kind| *kind == "pickup_expired").count();
    assert_eq!(told, 2, "each time that it is over");
}

#[tokio::test]
async fn a_customer_who_comes_too_late_and_still_finds_it_has_it() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    sweep_at(&network, 72 * HOUR_S).await;
    network.happens("parcel_events", collected("mz-03", "m-9", &order, compartment)).await;
    assert_eq!(network.order(&order).status, OrderStatus::Collected);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
}

#[tokio::test]
async fn a_parcel_in_a_locker_that_is_dark_has_a_day_more() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    network.wait_until(71 * HOUR_S);
    network.deliver("fault_intake", [faults_at("mz-03", "m-1", &[("locker", "network_lost")], 71 * HOUR_S)]).await;
    let mut second = 72 * HOUR_S;
    sweep_at(&network, second).await;
    for _ in 0..3 {
        let before = network.order(&order);
        assert_eq!(
            (before.status, before.look_again_at),
            (OrderStatus::Deposited, Some(at(second) + LOOK_AGAIN_AFTER))
        );
        sweep_at(&network, second + 60).await;
        assert_eq!(network.order(&order), before, "not each minute");
        second += LOOK_AGAIN_AFTER.as_secs();
        sweep_at(&network, second).await;
    }
    sweep_at(&network, 96 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Expired, "nobody waits for ever");
}

#[tokio::test]
async fn a_deadline_that_stands_still_is_never_over() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.wait_until(71 * HOUR_S);
    let report = faults_at("mz-03", "m-1", &[(&compartment.to_string(), "lock_jammed")], 71 * HOUR_S);
    network.happens("fault_intake", report).await;
    sweep_at(&network, 200 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Deposited);
    assert_eq!(network.order(&order).pickup_stopped_at, Some(at(71 * HOUR_S)));
}

#[tokio::test]
async fn a_draining_locker_is_empty_once_the_places_held_there_have_lapsed() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let drain = json!({ "lifecycle": "draining", "reason": "Umbau" });
    let service =
        |body: Value| call("POST /lockers/{locker_id}/service").by("op-1").path("locker_id", "mz-03").json(body);
    network.call(service(drain).named("s-1")).await.ok();
    let gone = json!({ "lifecycle": "decommissioned", "reason": "Umbau" });
    network.call(service(gone.clone()).named("s-2")).await.refused(409, "not_empty");
    sweep_at(&network, 72 * HOUR_S).await;
    assert_eq!(network.order(&order).status, OrderStatus::Expired);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    network.call(service(gone).named("s-3")).await.ok();
}

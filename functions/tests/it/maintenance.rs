//! Planned maintenance: a locker drains, shuts and comes back by itself.

use aws::keys;
use domain::StateKey;
use domain::fault::{Closure, FaultCode};
use domain::order::OrderStatus;
use domain::place::Place;
use domain::service::{Lifecycle, ServicePlan};
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, Call, call};
use crate::support::{at, id};

const HOUR: i64 = 3_600;

fn plan(from_hour: i64, until_hour: i64, rest: Value) -> Call {
    let (from, until) = (at(from_hour * HOUR), at(until_hour * HOUR));
    let mut body = json!({ "from": from, "until": until, "lead_hours": 10, "reason": "new locks" });
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    call("POST /lockers/{locker_id}/maintenance").by("op-1").path("locker_id", "mz-03").json(body)
}

fn cancel(window: u32) -> Call {
    let call = call("DELETE /lockers/{locker_id}/maintenance/{window}").by("op-1").path("locker_id", "mz-03");
    call.path("window", &window.to_string())
}

async fn place(network: &Network, key: &str) -> Answer {
    let body = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "M" });
    network.call(call("POST /orders").by_order_system().header("idempotency-key", key).json(body)).await
}

/// Lets time pass to an hour and a minute, with the sweep of that minute.
async fn at_hour(network: &Network, hour: i64) {
    network.wait_until(hour * HOUR + 60);
    network.sweep().await.unwrap();
    network.drain().await;
}

fn lifecycle(network: &Network) -> Lifecycle {
    network.locker("mz-03").service.lifecycle
}

#[tokio::test]
async fn a_locker_drains_shuts_and_comes_back_by_itself_and_customers_are_dealt_with() {
    let network = Network::mainz().await;
    let (cleo, _) = network.place_order("cleo", "M").await;
    let (anna, compartment) = network.deposit_order("anna", "M").await;
    let deadline = network.order(&anna).pickup_deadline.unwrap();
    let window = network.call(plan(20, 24, json!({}))).await.ok();
    assert_eq!((&window["number"], &window["drain_from"]), (&json!(1), &json!(at(10 * HOUR))));

    at_hour(&network, 10).await;
    assert_eq!(lifecycle(&network), Lifecycle::Draining);
    let refused = place(&network, "k").await.refused(409, "locker_unavailable");
    let error = &refused.body["error"];
    assert_eq!((&error["lifecycle"], &error["until"]), (&json!("draining"), &json!(at(24 * HOUR))));
    assert_eq!(refused.alternatives(), ["mz-04", "mz-05"]);
    assert_eq!(network.order(&cleo).status, OrderStatus::Placed, "who has a place keeps it");

    at_hour(&network, 20).await;
    assert_eq!(lifecycle(&network), Lifecycle::Maintenance);
    assert_eq!(network.order(&cleo).place, Place::Home);
    assert_eq!(network.order(&anna).pickup_stopped_at, Some(at(20 * HOUR + 60)));
    assert_eq!(network.shadows.of("mz-03").closed[&"locker".parse().unwrap()], Closure::DepositsAndPickups);

    at_hour(&network, 24).await;
    assert_eq!(lifecycle(&network), Lifecycle::Active);
    let resumed = network.order(&anna);
    assert_eq!(resumed.pickup_deadline.unwrap().duration_since(deadline).as_hours(), 4);
    assert_eq!(network.told(), ["all_clear", "pickup_delayed", "ready_for_pickup", "rerouted_home"]);
    assert_eq!(place(&network, "k").await.status, 201);
    network.happens("parcel_events", collected("mz-03", "c-1", &anna, compartment)).await;
    let shown = call("GET /lockers/{locker_id}/maintenance").by("op-1").path("locker_id", "mz-03");
    assert_eq!(network.call(shown).await.ok()["windows"], json!([]));
}

#[tokio::test]
async fn sweeps_that_come_late_or_twice_change_no_more_than_those_in_time() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    at_hour(&network, 21).await;
    assert_eq!(lifecycle(&network), Lifecycle::Maintenance);
    let before = network.kept();
    for hour in [21, 21, 22] {
        at_hour(&network, hour).await;
    }
    assert_eq!(network.kept(), before);
    at_hour(&network, 90).await;
    assert_eq!(lifecycle(&network), Lifecycle::Active);

    network.call(plan(120, 124, json!({}))).await.ok();
    at_hour(&network, 130).await;
    assert_eq!(lifecycle(&network), Lifecycle::Active, "what has passed unseen is over");
    assert_eq!(network.told(), Vec::<&str>::new());
}

#[tokio::test]
async fn what_faults_closed_meanwhile_stays_closed_when_the_window_is_over() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    at_hour(&network, 20).await;
    let report = faults_at("mz-03", "m-1", &[("7", "lock_jammed"), ("locker", "reader_fault")], 21 * HOUR);
    network.happens("fault_intake", report).await;
    at_hour(&network, 24).await;
    assert_eq!(lifecycle(&network), Lifecycle::Active);
    let refused = place(&network, "k").await.refused(409, "locker_unavailable");
    assert_eq!(
        (&refused.body["error"]["code"], &refused.body["error"]["lifecycle"]),
        (&json!("reader_fault"), &Value::Null)
    );
    let closed = network.shadows.of("mz-03").closed;
    assert_eq!(closed[&"locker".parse().unwrap()], Closure::DepositsAndPickups);
}

#[tokio::test]
async fn a_locker_that_goes_dark_while_people_work_on_it_calls_nobody_before_it_serves_again() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    at_hour(&network, 20).await;
    let dark = faults_at("mz-03", "m-1", &[("locker", "network_lost")], 21 * HOUR);
    network.happens("fault_intake", dark).await;
    at_hour(&network, 23).await;
    assert_eq!(network.told(), Vec::<&str>::new(), "nobody is called, and nobody is waited for");
    assert!(network.locker("mz-03").faults.contains_key(&FaultCode::NetworkLost), "it is recorded");
    at_hour(&network, 24).await;
    assert_eq!(network.told(), ["work_order_called"]);
}

#[tokio::test]
async fn a_danger_is_called_for_whatever_people_have_decided() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    at_hour(&network, 20).await;
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("locker", "tamper")], 21 * HOUR)).await;
    assert_eq!(network.told(), ["work_order_called"]);
}

#[tokio::test]
async fn a_window_is_cancelled_before_it_begins_and_ends_at_once_where_it_has() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    network.call(cancel(1)).await.ok();
    at_hour(&network, 21).await;
    assert_eq!(lifecycle(&network), Lifecycle::Active);
    network.call(plan(40, 44, json!({}))).await.ok();
    at_hour(&network, 41).await;
    assert_eq!(lifecycle(&network), Lifecycle::Maintenance);
    let ended = cancel(2).named("r-1");
    let answer = network.call(ended.clone()).await;
    assert_eq!((answer.status, lifecycle(&network)), (200, Lifecycle::Active));
    assert_eq!(network.call(ended).await, answer, "a request that comes twice is answered as then");
    network.call(cancel(2)).await.refused(404, "unknown_window");
    network.call(cancel(7)).await.refused(404, "unknown_window");
}

#[tokio::test]
async fn what_cannot_be_planned_is_refused_and_changes_nothing() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    let before = network.kept();
    let overlapping = network.call(plan(30, 31, json!({}))).await.refused(409, "window_overlaps");
    assert_eq!(overlapping.body["error"]["window"], 1);
    network.call(plan(-2, 1, json!({}))).await.refused(410, "too_late");
    for (from, until, rest, field) in [
        (50, 50, json!({}), "until"),
        (50, 50 + 31 * 24, json!({}), "until"),
        (367 * 24, 367 * 24 + 1, json!({}), "from"),
        (50, 51, json!({ "lead_hours": 337 }), "lead_hours"),
        (50, 51, json!({ "reason": "" }), "reason"),
    ] {
        let refused = network.call(plan(from, until, rest)).await.refused(400, "invalid_request");
        assert_eq!(refused.field(), field);
    }
    network.call(plan(50, 51, json!({})).path("locker_id", "mz-99")).await.refused(404, "unknown_locker");
    network.call(plan(50, 51, json!({})).header("if-match", "9")).await.refused(412, "stale_version");
    network.call(cancel(1).header("if-match", "9")).await.refused(412, "stale_version");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn who_opens_a_locker_by_hand_ends_the_window_that_shut_it() {
    let network = Network::mainz().await;
    network.call(plan(20, 24, json!({}))).await.ok();
    network.call(plan(60, 64, json!({}))).await.ok();
    at_hour(&network, 20).await;
    let body = json!({ "lifecycle": "active", "reason": "done early" });
    let open = call("POST /lockers/{locker_id}/service").by("op-1").path("locker_id", "mz-03").json(body);
    network.call(open).await.ok();
    at_hour(&network, 23).await;
    assert_eq!(lifecycle(&network), Lifecycle::Active);
    let key = keys::of_state(&StateKey::ServicePlan(id("mz-03")));
    let plan: ServicePlan = aws::items::read(&key, network.kept().remove(&key).unwrap()).unwrap().state;
    assert_eq!(plan.windows.iter().map(|it| it.number).collect::<Vec<_>>(), [2]);
}

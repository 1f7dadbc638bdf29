//! People decide whether a locker and its compartments serve: what closes, where each parcel goes, who is told.

use domain::compartment::{Occupancy, Service};
use domain::fault::{Closure, Unit};
use domain::order::{HOLD_FOR, OrderStatus};
use domain::place::Place;
use domain::service::Lifecycle;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, Call, call};
use crate::support::stores::Asked::{Commit, Query, Read};
use crate::support::stores::Counting;
use crate::support::{at, id};

fn lifecycle(to: &str) -> Call {
    let body = json!({ "lifecycle": to, "reason": "the site is rebuilt" });
    call("POST /lockers/{locker_id}/service").by("op-1").path("locker_id", "mz-03").json(body)
}

fn service(number: u16, to: &str) -> Call {
    let body = json!({ "service": to, "reason": "the hinge is loose" });
    let call = call("POST /lockers/{locker_id}/compartments/{number}/service").by("op-1").path("locker_id", "mz-03");
    call.path("number", &number.to_string()).json(body)
}

async fn decide(network: &Network, call: Call) -> Value {
    let answer = network.call(call).await.ok();
    network.drain().await;
    answer
}

async fn place(network: &Network, key: &str) -> Answer {
    let body = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "M" });
    network.call(call("POST /orders").by_order_system().header("idempotency-key", key).json(body)).await
}

fn told(network: &Network, unit: &str) -> Closure {
    let closed = network.shadows.of("mz-03").closed;
    closed.get(&unit.parse::<Unit>().unwrap()).copied().unwrap_or(Closure::Nothing)
}

#[tokio::test]
async fn a_blocked_compartment_is_told_to_its_device_and_offered_to_nobody() {
    let network = Network::mainz().await;
    let answer = decide(&network, service(7, "blocked")).await;
    assert_eq!((&answer["service"], &answer["service_since"]), (&json!("blocked"), &json!("2026-09-21T14:13:20Z")));
    assert_eq!(told(&network, "7"), Closure::DepositsAndPickups);
    assert_eq!(network.told(), Vec::<&str>::new());
    let shown = network.call(call("GET /lockers/{locker_id}").by("op-1").path("locker_id", "mz-03")).await.ok();
    assert_eq!((&shown["free"]["M"], &shown["compartment_versions"]["7"]), (&json!(1), &json!(2)));
    decide(&network, service(7, "in_service")).await;
    assert_eq!(told(&network, "7"), Closure::Nothing);
    let shown = network.call(call("GET /lockers/{locker_id}").by("op-1").path("locker_id", "mz-03")).await.ok();
    assert_eq!(shown["free"]["M"], 2);
}

#[tokio::test]
async fn who_is_on_the_way_to_a_blocked_compartment_gets_another_place_and_may_choose_around_the_old_one() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "L").await;
    // The only other one that is large enough.
    decide(&network, service(12, "blocked")).await;
    decide(&network, service(compartment, "blocked")).await;
    let after = network.order(&order);
    assert_eq!((after.place, after.status), (Place::Asked, OrderStatus::Rerouting));
    assert_eq!(after.displaced_from, Some(id("mz-03")));
    assert_eq!(network.told(), ["choose_place"]);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    let link = domain::notice::LinkPurpose::ChoosePlace { order: id(&order), place_epoch: 2 };
    let token = network.sender.signer.sign(&link, at(0));
    let options = network.call(call("GET /choices/{token}").path("token", &token)).await.ok();
    assert_eq!(options["options"][0]["locker_id"], "mz-05");
}

#[tokio::test]
async fn a_deadline_stands_still_while_people_keep_the_door_shut() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let deadline = network.order(&order).pickup_deadline.unwrap();
    network.wait_until(3_600);
    decide(&network, service(compartment, "blocked")).await;
    let stopped = network.order(&order);
    assert_eq!((stopped.pickup_stopped_at, stopped.incidents), (Some(at(3_600)), vec![]));
    assert_eq!(network.told(), ["pickup_delayed", "ready_for_pickup"]);
    network.wait_until(3 * 3_600);
    decide(&network, service(compartment, "draining")).await;
    let resumed = network.order(&order);
    assert_eq!(resumed.pickup_stopped_at, None);
    assert_eq!(resumed.pickup_deadline.unwrap().duration_since(deadline).as_hours(), 2);
    assert_eq!(network.told(), ["all_clear", "pickup_delayed", "ready_for_pickup"]);
    network.happens("parcel_events", collected("mz-03", "c-1", &order, compartment)).await;
    assert_eq!(network.order(&order).status, OrderStatus::Collected);
}

#[tokio::test]
async fn a_proven_repair_of_a_blocked_door_lets_no_deadline_run_before_people_open_it() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.happens("fault_intake", faults("mz-03", "m-1", &[(&unit, "lock_jammed")])).await;
    network.wait_until(3_600);
    decide(&network, service(compartment, "blocked")).await;
    for (step, body) in [("start", json!({})), ("report-repaired", json!({ "note": "done" }))] {
        let call = call("POST /work-orders/{work_order_id}/{step}").by("t").path("work_order_id", "mz-03.1");
        network.call(call.path("step", step).json(body)).await.ok();
    }
    for opening in 0..3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", &unit, true);
        network.happens("parcel_events", message).await;
    }
    assert_eq!(network.compartment("mz-03", compartment).closed_by(), None);
    assert_eq!(network.order(&order).pickup_stopped_at, Some(at(0)), "it is blocked still");
    assert_eq!(told(&network, &unit), Closure::DepositsAndPickups);
    network.wait_until(2 * 3_600);
    decide(&network, service(compartment, "in_service")).await;
    let resumed = network.order(&order);
    assert_eq!(resumed.pickup_deadline, Some(at(2 * 3_600) + HOLD_FOR));
    assert_eq!(told(&network, &unit), Closure::Nothing);
}

#[tokio::test]
async fn a_locker_in_maintenance_refuses_with_its_reason_and_alternatives_and_comes_back() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("cleo", "M").await;
    let answer = decide(&network, lifecycle("maintenance")).await;
    assert_eq!(answer["service"], json!({ "lifecycle": "maintenance", "since": "2026-09-21T14:13:20Z" }));
    assert_eq!(network.order(&order).place, Place::Home);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    assert_eq!(told(&network, "locker"), Closure::DepositsAndPickups);
    let refused = place(&network, "k").await.refused(409, "locker_unavailable");
    assert_eq!(refused.body["error"]["lifecycle"], "maintenance");
    assert_eq!(refused.alternatives(), ["mz-04", "mz-05"]);
    decide(&network, lifecycle("active")).await;
    assert_eq!((told(&network, "locker"), place(&network, "k").await.status), (Closure::Nothing, 201));
}

#[tokio::test]
async fn a_draining_locker_takes_what_it_promised_and_nothing_new() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    decide(&network, lifecycle("draining")).await;
    place(&network, "k").await.refused(409, "locker_unavailable");
    assert_eq!(network.order(&order).status, OrderStatus::Placed, "who has a place keeps it");
    let body = json!({ "order_id": order, "locker_id": "mz-03" });
    network.call(call("POST /deposits").by("driver-17").json(body)).await.ok();
    network.happens("parcel_events", deposited("mz-03", "d-1", &order, compartment)).await;
    network.happens("parcel_events", collected("mz-03", "c-1", &order, compartment)).await;
    assert_eq!(network.told(), ["feedback_requested", "ready_for_pickup"]);
}

#[tokio::test]
async fn a_deposit_behind_a_door_that_people_shut_is_neither_allowed_nor_recorded() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    // Before anybody has been dealt with.
    network.call(service(compartment, "blocked")).await.ok();
    let body = json!({ "order_id": order, "locker_id": "mz-03" });
    let asked = call("POST /deposits").by("driver-17").json(body.clone());
    network.call(asked).await.refused(409, "compartment_out_of_service");
    network.deliver("parcel_events", [deposited("mz-03", "d-1", &order, compartment)]).await;
    assert_eq!(network.order(&order).status, OrderStatus::Placed);
    network.call(lifecycle("maintenance")).await.ok();
    network.call(call("POST /deposits").by("driver-17").json(body)).await.refused(409, "locker_unavailable");
}

#[tokio::test]
async fn a_locker_goes_for_good_drained_and_empty() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.call(lifecycle("decommissioned")).await.refused(409, "wrong_state");
    decide(&network, lifecycle("draining")).await;
    let refused = network.call(lifecycle("decommissioned")).await.refused(409, "not_empty");
    let inside = json!([{ "compartment": compartment, "order": order, "deposited": true }]);
    assert_eq!((&refused.body["error"]["count"], &refused.body["error"]["inside"]), (&json!(1), &inside));
    network.happens("parcel_events", collected("mz-03", "c-1", &order, compartment)).await;
    decide(&network, lifecycle("decommissioned")).await;
    assert_eq!(network.locker("mz-03").service.lifecycle, Lifecycle::Decommissioned);
    let before = network.kept();
    network.call(lifecycle("active")).await.refused(409, "wrong_state");
    place(&network, "k").await.refused(409, "locker_unavailable");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_compartment_goes_for_good_empty_and_its_size_with_it() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "XL").await;
    network.call(service(compartment, "decommissioned")).await.refused(409, "not_empty");
    network.call(call("DELETE /orders/{order_id}").by_order_system().path("order_id", &order)).await.ok();
    decide(&network, service(compartment, "decommissioned")).await;
    network.call(service(compartment, "in_service")).await.refused(409, "wrong_state");
    let body = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "XL" });
    let again = call("POST /orders").by_order_system().header("idempotency-key", "k").json(body);
    network.call(again).await.refused(409, "too_big");
}

#[tokio::test]
async fn a_locker_that_is_being_built_takes_nothing_until_it_is_active() {
    let network = Network::empty();
    let body = |lifecycle: &str| {
        json!({
            "locker_id": "mz-03", "name": "Dom", "region": "mainz", "lifecycle": lifecycle,
            "position": { "latitude_e6": 49_998_900, "longitude_e6": 8_273_900 },
            "compartments": [{ "number": 1, "size": "M" }],
        })
    };
    let post = |lifecycle: &str| call("POST /lockers").by("op-1").json(body(lifecycle));
    let refused = network.call(post("maintenance")).await.refused(400, "invalid_request");
    assert_eq!(refused.field(), "lifecycle");
    network.call(post("commissioning")).await.ok();
    let refused = place(&network, "k").await.refused(409, "locker_unavailable");
    assert_eq!(refused.body["error"]["lifecycle"], "commissioning");
    decide(&network, lifecycle("active")).await;
    assert_eq!(place(&network, "k").await.status, 201);
}

#[tokio::test]
async fn who_acts_on_what_was_true_before_is_refused_and_a_request_that_comes_twice_is_answered_as_then() {
    let network = Network::mainz().await;
    let first = service(7, "blocked").header("if-match", "\"1\"").named("r-1");
    let answer = network.call(first.clone()).await;
    assert_eq!(answer.status, 200);
    let before = network.kept();
    assert_eq!(network.call(first).await, answer);
    network.call(service(7, "draining").header("if-match", "1")).await.refused(412, "stale_version");
    network.call(lifecycle("draining").header("if-match", "9")).await.refused(412, "stale_version");
    network.call(service(7, "blocked")).await.refused(409, "wrong_state");
    assert_eq!(network.kept(), before);
    assert_eq!(network.call(service(7, "draining").header("if-match", "2")).await.status, 200);
}

#[tokio::test]
async fn what_nobody_can_decide_is_refused_and_changes_nothing() {
    let network = Network::mainz().await;
    let before = network.kept();
    let silent = json!({ "service": "blocked", "reason": "  " });
    let refused = network.call(service(7, "blocked").json(silent)).await.refused(400, "invalid_request");
    assert_eq!(refused.field(), "reason");
    network.call(service(7, "closed")).await.refused(400, "invalid_request");
    network.call(service(77, "blocked")).await.refused(404, "unknown_compartment");
    network.call(service(0, "blocked")).await.refused(404, "not_found");
    network.call(lifecycle("draining").path("locker_id", "mz-99")).await.refused(404, "unknown_locker");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_list_that_the_stream_has_lost_is_worked_off_by_a_sweep_and_a_late_stream_changes_nothing() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("cleo", "XL").await;
    network.call(service(compartment, "blocked")).await.ok();
    network.wait_until(301);
    network.sweep().await.unwrap();
    assert_eq!(network.order(&order).place, Place::Home);
    let plan = aws::keys::of_state(&domain::StateKey::ServicePlan(id("mz-03")));
    network.drain().await;
    let before = network.kept();
    network.stream(std::slice::from_ref(&plan)).await;
    network.sweep().await.unwrap();
    assert_eq!(network.kept(), before);
    assert_eq!(network.compartment("mz-03", compartment).service, Service::Blocked);
}

#[tokio::test]
async fn deciding_takes_two_round_trips_and_three_where_a_locker_goes_for_good() {
    let network = Network::mainz().await;
    for (call, trips) in [
        (service(7, "blocked"), vec![vec![Read], vec![Commit]]),
        (lifecycle("draining"), vec![vec![Read], vec![Commit]]),
        (lifecycle("decommissioned"), vec![vec![Read], vec![Query], vec![Commit]]),
    ] {
        let store = Counting::new(&network.store);
        assert_eq!(network.call_over(&store, &call).await.status, 200);
        assert_eq!(store.trips(), trips);
    }
}

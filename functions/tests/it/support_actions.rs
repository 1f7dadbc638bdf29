//! Support reroutes an order for its customer, and writes down what there is to say about it.

use aws::ledger::Status;
use domain::compartment::Occupancy;
use domain::order::OrderStatus;
use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, Call, call};

fn reroute(order: &str, to: Value) -> Call {
    let mut body = json!({ "reason": "Baustelle" });
    body.as_object_mut().unwrap().extend(to.as_object().unwrap().clone());
    call("POST /support/orders/{order_id}/reroute").by("agent-1").path("order_id", order).json(body)
}

async fn note(network: &Network, order: &str, note: &str) -> Answer {
    let request = call("POST /support/orders/{order_id}/notes").by("agent-1").path("order_id", order);
    network.call(request.named(&format!("note-{note}")).json(json!({ "note": note }))).await
}

async fn history(network: &Network, order: &str) -> Vec<Value> {
    let seen = call("GET /support/orders/{order_id}").by("agent-2").path("order_id", order);
    network.call(seen).await.ok()["history"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_agent_sends_an_order_elsewhere_by_name_and_its_customer_is_told() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let request = reroute(&order, json!({ "locker_id": "mz-05" })).named("r-1");
    let first = network.call(request.clone()).await.ok();
    assert_eq!(first["order"]["place"]["locker"], "mz-05");
    assert_eq!(network.call(request).await.ok(), first, "the same request moves it once");
    network.drain().await;
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    assert!(matches!(network.status_of("place_changed"), Status::Sent { .. }));
    let history = history(&network, &order).await;
    let entry = history.iter().find(|it| it["event"]["what"] == "rerouted_by_support").unwrap();
    assert_eq!((&entry["actor"], &entry["event"]["reason"]), (&json!("agent-1"), &json!("Baustelle")));
    let there = network.kept();
    network.call(reroute(&order, json!({ "locker_id": "mz-05" })).named("r-2")).await.ok();
    assert_eq!(network.kept(), there, "it goes there already");
}

#[tokio::test]
async fn the_best_place_is_the_nearest_with_room_that_the_customer_goes_to() {
    let network = Network::mainz().await;
    let (dora, _) = network.place_order("dora", "M").await;
    let moved = network.call(reroute(&dora, json!({ "best": true }))).await.ok();
    assert_eq!(moved["order"]["place"]["locker"], "mz-05", "she never goes to mz-04");
    let (anna, _) = network.place_order("anna", "M").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    assert_eq!(network.order(&anna).place, Place::Asked);
    let moved = network.call(reroute(&anna, json!({ "best": true })).named("r-2")).await.ok();
    assert_eq!((&moved["order"]["place"]["locker"], &moved["order"]["status"]), (&json!("mz-04"), &json!("rerouted")));
    network.call(reroute(&anna, json!({ "home": true })).named("r-3")).await.ok();
    assert_eq!(network.order(&anna).place, Place::Home);
}

#[tokio::test]
async fn support_is_refused_what_a_customer_would_be_refused() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "XL").await;
    network.call(reroute(&order, json!({ "locker_id": "mz-04" }))).await.refused(409, "too_big");
    network.call(reroute(&order, json!({ "best": true })).named("r-1")).await.refused(409, "no_room");
    network.call(reroute(&order, json!({ "shop": true })).named("r-2")).await.refused(404, "unknown_shop");
    network.call(reroute(&order, json!({})).named("r-3")).await.refused(400, "invalid_request");
    let both = json!({ "home": true, "best": true });
    network.call(reroute(&order, both).named("r-4")).await.refused(400, "invalid_request");
    let stale = reroute(&order, json!({ "home": true })).named("r-5").header("if-match", "\"77\"");
    network.call(stale).await.refused(412, "stale_version");
    network.call(reroute("o-99", json!({ "home": true })).named("r-6")).await.refused(404, "unknown_order");
    assert_eq!(network.order(&order).status, OrderStatus::Placed);
    let (inside, _) = network.deposit_order("ben", "S").await;
    network.call(reroute(&inside, json!({ "home": true })).named("r-7")).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn a_note_is_in_the_history_with_its_author_and_nowhere_else() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "M").await;
    for _ in 0..2 {
        note(&network, &order, "ruft morgen an").await.ok();
    }
    let history = history(&network, &order).await;
    let notes: Vec<&Value> = history.iter().filter(|it| it["event"]["what"] == "note_added").collect();
    assert_eq!(notes.len(), 1, "the same request notes once");
    assert_eq!((&notes[0]["event"]["note"], &notes[0]["actor"]), (&json!("ruft morgen an"), &json!("agent-1")));
    let shown = network.call(call("GET /my/orders/{order_id}").by("anna").path("order_id", &order)).await.ok();
    assert!(!shown.to_string().contains("ruft morgen"));
    note(&network, &order, " ").await.refused(400, "invalid_request");
    note(&network, &order, &"x".repeat(2_001)).await.refused(400, "invalid_request");
    note(&network, "o-99", "wer?").await.refused(404, "unknown_order");
}

//! Orders are placed, refused with alternatives, looked at, cancelled; the same key is the same order.

use domain::compartment::Occupancy;
use domain::order::OrderStatus;
use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, Call, call};
use crate::support::stores::Lagging;

fn placing(key: &str, body: Value) -> Call {
    call("POST /orders").by_order_system().header("idempotency-key", key).json(body)
}

fn order(rest: Value) -> Value {
    let mut body = json!({ "customer_id": "anna", "locker_id": "mz-03" });
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    body
}

async fn place(network: &Network, key: &str, rest: Value) -> Answer {
    network.call(placing(key, order(rest))).await
}

#[tokio::test]
async fn an_order_holds_the_smallest_free_compartment_it_fits_into() {
    let network = Network::mainz().await;
    let mut held = Vec::new();
    for key in ["1", "2", "3", "4"] {
        let placed = place(&network, key, json!({ "size": "M" })).await.ok();
        held.push(placed["compartment"].as_u64().unwrap());
        let number = u16::try_from(*held.last().unwrap()).unwrap();
        let order = placed["order"]["id"].as_str().unwrap().parse().unwrap();
        assert_eq!(network.compartment("mz-03", number).occupancy, Occupancy::Reserved { order });
    }
    held[..2].sort_unstable();
    assert_eq!(held, [3, 7, 9, 12], "both of size M, then L, then XL");
}

#[tokio::test]
async fn the_same_key_with_the_same_body_gets_the_same_answer_whatever_has_become_of_the_order() {
    let network = Network::mainz().await;
    let first = place(&network, "k", json!({ "size": "M" })).await;
    let id = first.body["order"]["id"].as_str().unwrap().to_owned();
    assert_eq!(place(&network, "k", json!({ "size": "M" })).await, first);
    network.call(call("DELETE /orders/{order_id}").by_order_system().path("order_id", &id)).await.ok();
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    network.wait_until(30 * 24 * 3_600);
    let before = network.kept();
    assert_eq!(place(&network, "k", json!({ "size": "M" })).await, first);
    assert_eq!(network.kept(), before);
    assert_eq!(network.order(&id).status, OrderStatus::Cancelled);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_refused_and_changes_nothing() {
    let network = Network::mainz().await;
    place(&network, "k", json!({ "size": "M" })).await.ok();
    let before = network.kept();
    place(&network, "k", json!({ "size": "S" })).await.refused(422, "idempotency_key_reused");
    let reordered = r#"{"locker_id":"mz-03","customer_id":"anna","size":"M"}"#;
    let call = call("POST /orders").by_order_system().header("idempotency-key", "k");
    network.call(call.text(reordered)).await.refused(422, "idempotency_key_reused");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_refused_order_may_be_asked_for_again_under_its_key() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "reader_fault")])).await;
    place(&network, "k", json!({ "size": "M" })).await.refused(409, "locker_unavailable");
    let elsewhere = json!({ "size": "M", "locker_id": "mz-04" });
    assert_eq!(place(&network, "k", elsewhere).await.status, 201, "a refusal has used up nothing");
}

#[tokio::test]
async fn a_closed_locker_refuses_with_its_reason_and_the_nearest_alternatives_first() {
    let network = Network::mainz().await;
    network.register_locker("mz-06", 2_900, &[(1, "XL")]).await;
    network.register_locker("mz-07", 3_100, &[(1, "XL")]).await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    let refused = place(&network, "k", json!({ "size": "M" })).await.refused(409, "locker_unavailable");
    assert_eq!(refused.body["error"]["code"], "power_loss");
    assert_eq!(refused.alternatives(), ["mz-04", "mz-05", "mz-06"], "mz-07 is too far");
    let nearest = &refused.body["error"]["alternatives"][0];
    assert_eq!(*nearest, json!({ "locker_id": "mz-04", "name": "Standort mz-04", "distance_m": 400, "size": "M" }));
    let large = place(&network, "l", json!({ "size": "L" })).await.refused(409, "locker_unavailable");
    assert_eq!(large.alternatives(), ["mz-05", "mz-06"], "mz-04 has nothing that large");
}

#[tokio::test]
async fn a_full_locker_and_one_with_nothing_large_enough_refuse_for_different_reasons() {
    let network = Network::mainz().await;
    place(&network, "1", json!({ "size": "XL" })).await.ok();
    let full = place(&network, "2", json!({ "size": "XL" })).await.refused(409, "no_room");
    assert_eq!(full.alternatives(), Vec::<&str>::new());
    let small = json!({ "size": "XL", "locker_id": "mz-04" });
    assert_eq!(place(&network, "3", small).await.refused(409, "too_big").alternatives(), Vec::<&str>::new());
    let unknown = json!({ "size": "M", "locker_id": "mz-99" });
    place(&network, "4", unknown).await.refused(404, "unknown_locker");
}

#[tokio::test]
async fn an_order_goes_elsewhere_only_by_consent_and_the_customer_learns_where() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    let near = json!({ "size": "M", "elsewhere_within_m": 399 });
    place(&network, "1", near).await.refused(409, "locker_unavailable");
    let placed = place(&network, "2", json!({ "size": "M", "elsewhere_within_m": 400 })).await.ok();
    assert_eq!(placed["locker_id"], "mz-04");
    network.drain().await;
    assert!(network.told().contains(&"placed_elsewhere"));
    let sent = network.sender.publisher.sent();
    assert!(sent.iter().any(|(topic, text)| topic == "test-person-anna" && text.email.contains("Standort mz-04")));
}

#[tokio::test]
async fn a_cancelled_order_frees_its_compartment_once() {
    let network = Network::mainz().await;
    let (id, number) = network.place_order("anna", "M").await;
    let cancel = || call("DELETE /orders/{order_id}").by_order_system().path("order_id", &id);
    let first = network.call(cancel()).await;
    assert_eq!(first.clone().ok()["order"]["status"], "cancelled");
    assert_eq!(network.compartment("mz-03", number).occupancy, Occupancy::Free);
    let before = network.kept();
    assert_eq!((network.call(cancel()).await, network.kept()), (first, before));
}

#[tokio::test]
async fn a_deposited_order_cannot_be_cancelled() {
    let network = Network::mainz().await;
    let (id, number) = network.deposit_order("anna", "M").await;
    let cancel = call("DELETE /orders/{order_id}").by_order_system().path("order_id", &id);
    network.call(cancel).await.refused(409, "wrong_state");
    let order = id.parse().unwrap();
    assert_eq!(network.compartment("mz-03", number).occupancy, Occupancy::Occupied { order });
}

#[tokio::test]
async fn a_search_names_the_open_lockers_with_room_nearest_first() {
    let network = Network::mainz().await;
    let search = async |size: &str, closed_too: &str| {
        let call = call("GET /lockers").by_order_system();
        let call = call.query("latitude_e6", "50001300").query("longitude_e6", "8258800");
        let found = network.call(call.query("size", size).query("include_closed", closed_too)).await.ok();
        let lockers = found["lockers"].as_array().unwrap();
        lockers.iter().map(|it| it["locker_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(search("M", "false").await, ["mz-03", "mz-04", "mz-05"]);
    assert_eq!(search("L", "false").await, ["mz-03", "mz-05"]);
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    assert_eq!(search("M", "false").await, ["mz-04", "mz-05"]);
    assert_eq!(search("M", "true").await, ["mz-03", "mz-04", "mz-05"]);
}

#[tokio::test]
async fn what_is_held_for_an_order_is_not_offered_to_it_again_though_the_index_is_behind() {
    let network = Network::mainz().await;
    // The index still shows as free what is about to be held.
    let store = Lagging::from_now_on(&network.store);
    let stay = |order: &str| {
        let call = call("POST /my/orders/{order_id}/place").by("anna").path("order_id", order);
        call.json(json!({ "locker_id": "mz-03" }))
    };
    let (only, _) = network.place_order("anna", "XL").await;
    let before = network.kept();
    network.call_over(&store, &stay(&only)).await.refused(409, "no_room");
    assert_eq!(network.kept(), before);
    let (order, first) = network.place_order("anna", "M").await;
    network.call_over(&store, &stay(&order)).await.ok();
    let Place::Compartment { compartment, .. } = network.order(&order).place else { panic!("not moved") };
    assert_eq!([first, compartment.get()].iter().sum::<u16>(), 3 + 7, "from one of size M to the other");
    assert_eq!(network.compartment("mz-03", first).occupancy, Occupancy::Free);
    let held = Occupancy::Reserved { order: order.parse().unwrap() };
    assert_eq!(network.compartment("mz-03", compartment.get()).occupancy, held);
}

//! How often the store is asked, one time after the other, on the way everything usually goes.

use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::Asked::{Commit, Query, Read};
use crate::support::stores::Counting;

#[tokio::test]
async fn a_fault_takes_two_round_trips() {
    let network = Network::mainz().await;
    let store = Counting::new(&network.store);
    let report = faults("mz-03", "m-1", &[("7", "lock_jammed"), ("9", "door_forced"), ("locker", "reader_fault")]);
    network.deliver_over(&store, "fault_intake", [report]).await;
    assert_eq!(store.trips(), [vec![Read], vec![Commit]]);
    assert_eq!(network.work_order("mz-03").unwrap().units.len(), 3);
}

#[tokio::test]
async fn a_fault_that_arrives_again_takes_one() {
    let network = Network::mainz().await;
    let report = faults("mz-03", "m-1", &[("7", "lock_jammed")]);
    network.deliver("fault_intake", [report.clone()]).await;
    let store = Counting::new(&network.store);
    network.deliver_over(&store, "fault_intake", [report]).await;
    assert_eq!(store.trips(), [vec![Read]]);
}

#[tokio::test]
async fn placing_an_order_takes_two_round_trips_the_first_of_two_questions() {
    let network = Network::mainz().await;
    let store = Counting::new(&network.store);
    let body = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "M" });
    let place = call("POST /orders").by_order_system().header("idempotency-key", "k").json(body);
    assert_eq!(network.call_over(&store, &place).await.status, 201);
    assert_eq!(store.trips(), [vec![Read, Query], vec![Commit]]);
}

#[tokio::test]
async fn a_deposit_and_a_collection_take_two_round_trips_each() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    for message in [deposited("mz-03", "m-1", &order, compartment), collected("mz-03", "m-2", &order, compartment)] {
        let store = Counting::new(&network.store);
        network.deliver_over(&store, "parcel_events", [message]).await;
        assert_eq!(store.trips(), [vec![Read], vec![Commit]]);
    }
    assert!(network.order(&order).collected_at.is_some());
}

#[tokio::test]
async fn feedback_takes_two_round_trips_and_a_complaint_two_more_for_the_facts_beside_it() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let say = |answer_wanted: bool| {
        let ratings = json!({ "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 });
        let body = json!({ "ratings": ratings, "answer_wanted": answer_wanted });
        call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", &order).json(body)
    };
    let store = Counting::new(&network.store);
    assert_eq!(network.call_over(&store, &say(false)).await.status, 201);
    assert_eq!(store.trips(), [vec![Read], vec![Commit]]);
    let store = Counting::new(&network.store);
    assert_eq!(network.call_over(&store, &say(true)).await.status, 200);
    assert_eq!(store.trips(), [vec![Read], vec![Read, Query, Query], vec![Query], vec![Commit]]);
}

#[tokio::test]
async fn a_presence_event_takes_two_round_trips_and_one_of_a_stranger_one() {
    let network = Network::mainz().await;
    for (client, trips) in [("mz-03", vec![vec![Read], vec![Commit]]), ("mz-99", vec![vec![Read]])] {
        let store = Counting::new(&network.store);
        network.deliver_over(&store, "presence", [presence(client, "s-1", 0, "connected")]).await;
        assert_eq!(store.trips(), trips, "{client}");
    }
}

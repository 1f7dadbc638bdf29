//! Customers who are asked for another place, and a repair that is quicker than their answer.

use aws::ledger::Status;
use domain::compartment::Occupancy;
use domain::notice::LinkPurpose;
use domain::order::OrderStatus;
use domain::place::Place;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::{at, id};

/// Anna's order of that size, whose locker is without power: she is being asked. Returns its compartment as well.
async fn asked(network: &Network, size: &str) -> (String, u16) {
    let (order, compartment) = network.place_order("anna", size).await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    assert_eq!(network.order(&order).place, Place::Asked);
    (order, compartment)
}

/// The repair of `mz-03` is proven, and nobody has dealt with what that means for people.
async fn prove(network: &Network) {
    network.step("mz-03.1", "start", json!({})).await.ok();
    network.step("mz-03.1", "report-repaired", json!({ "note": "Sicherung" })).await.ok();
    for opening in 0..3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", "locker", true);
        network.deliver("parcel_events", [message]).await;
    }
}

/// An order of somebody who is quick, before anybody is dealt with.
async fn book(network: &Network, key: &str, size: &str) {
    let body = json!({ "customer_id": "cleo", "locker_id": "mz-03", "size": size });
    network.call(call("POST /orders").by_order_system().header("idempotency-key", key).json(body)).await.ok();
}

async fn choose(network: &Network, order: &str, place_epoch: u32) -> Answer {
    let purpose = LinkPurpose::ChoosePlace { order: id(order), place_epoch };
    let token = network.sender.signer.sign(&purpose, at(0));
    network.call(call("POST /choices/{token}").path("token", &token).json(json!({ "home": true }))).await
}

#[tokio::test]
async fn a_repair_that_is_quicker_than_the_answer_withdraws_the_question() {
    let network = Network::mainz().await;
    let (order, compartment) = asked(&network, "M").await;
    prove(&network).await;
    network.drain().await;
    let back = network.order(&order);
    assert_eq!((back.status, back.place_epoch), (OrderStatus::Rerouted, 3));
    let own = Place::Compartment { locker: id("mz-03"), compartment: compartment.try_into().unwrap() };
    assert_eq!(back.place, own);
    let held = network.compartment("mz-03", compartment);
    assert_eq!((held.occupancy, held.lost_by), (Occupancy::Reserved { order: id(&order) }, None));
    assert!(matches!(network.status_of("place_kept"), Status::Sent { .. }));
    choose(&network, &order, 2).await.refused(410, "link_used");
    choose(&network, &order, 3).await.ok();
    assert_eq!(network.order(&order).place, Place::Home, "she may choose otherwise all the same");
}

#[tokio::test]
async fn an_answer_that_was_quicker_than_the_repair_stands() {
    let network = Network::mainz().await;
    let (order, compartment) = asked(&network, "M").await;
    choose(&network, &order, 2).await.ok();
    prove(&network).await;
    network.drain().await;
    assert_eq!(network.order(&order).place, Place::Home);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Free);
    assert!(!network.told().contains(&"place_kept"));
}

#[tokio::test]
async fn who_finds_the_old_door_taken_gets_another_one_of_that_locker_or_stays_asked() {
    let network = Network::mainz().await;
    let (anna, _) = asked(&network, "M").await;
    prove(&network).await;
    for key in ["1", "2"] {
        book(&network, key, "M").await;
    }
    network.drain().await;
    let place = Place::Compartment { locker: id("mz-03"), compartment: 9.try_into().unwrap() };
    assert_eq!(network.order(&anna).place, place, "the two of size M are taken");

    let network = Network::mainz().await;
    let (anna, compartment) = asked(&network, "XL").await;
    prove(&network).await;
    book(&network, "3", "XL").await;
    network.drain().await;
    assert_eq!(network.order(&anna).place, Place::Asked);
    assert!(network.compartment("mz-03", compartment).lost_by.is_some(), "until it works and is free again");
}

#[tokio::test]
async fn what_people_give_back_withdraws_the_question_too() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "M").await;
    let service = |lifecycle: &str| {
        let body = json!({ "lifecycle": lifecycle, "reason": "Umbau" });
        call("POST /lockers/{locker_id}/service").by("op-1").path("locker_id", "mz-03").named(lifecycle).json(body)
    };
    network.call(service("maintenance")).await.ok();
    network.drain().await;
    assert_eq!(network.order(&order).status, OrderStatus::Rerouting);
    network.call(service("active")).await.ok();
    network.drain().await;
    assert_eq!(network.order(&order).status, OrderStatus::Rerouted);
    assert!(network.told().contains(&"place_kept"));
}

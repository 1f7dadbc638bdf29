//! Something breaks: what closes, who is called, where each parcel goes, who is told.

use aws::keys;
use domain::StateKey;
use domain::compartment::Occupancy;
use domain::fault::{Closure, FaultCode, Unit};
use domain::notice::Message;
use domain::order::OrderStatus;
use domain::place::Place;
use domain::presence::Link;
use domain::work_order::WorkOrderStatus;
use functions::rerouting;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::Meanwhile;
use crate::support::{GRACE, at, id};

fn closed(locker: &crate::support::network::Network, unit: &str) -> Closure {
    locker.shadows.of("mz-03").closed[&unit.parse::<Unit>().unwrap()]
}

#[tokio::test]
async fn a_jam_of_a_free_compartment_closes_it_calls_the_team_and_tells_no_customer() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    assert_eq!(network.compartment("mz-03", 7).closed_by(), Some((FaultCode::LockJammed, Closure::DepositsAndPickups)));
    assert_eq!(closed(&network, "7"), Closure::DepositsAndPickups, "the device is told");
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!(work_order.status, WorkOrderStatus::Open);
    assert_eq!(work_order.team, Some((id("mainz"), id("mechanics-1"))));
    assert_eq!((work_order.impact, work_order.impact_due_at), (vec![], None), "nothing is left to do");
    assert_eq!(network.told(), ["work_order_called"]);
    let sent = network.sender.publisher.sent();
    assert_eq!(sent.iter().map(|(topic, _)| topic.as_str()).collect::<Vec<_>>(), ["test-team-mainz-mechanics-1"]);
    let free = network.call(call("GET /lockers/{locker_id}").by("op-1").path("locker_id", "mz-03")).await.ok();
    assert_eq!(free["free"]["M"], 1, "7 is not offered any more");
}

#[tokio::test]
async fn a_jam_of_an_occupied_compartment_stops_the_deadline_and_tells_the_customer_once() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.wait_until(3_600);
    for message in ["m-1", "m-2", "m-2"] {
        network.happens("fault_intake", faults_at("mz-03", message, &[(&unit, "lock_jammed")], 3_600)).await;
    }
    let stopped = network.order(&order);
    assert_eq!((stopped.status, stopped.pickup_stopped_at), (OrderStatus::Deposited, Some(at(3_600))));
    assert_eq!(stopped.incidents.len(), 1);
    assert_eq!(network.compartment("mz-03", compartment).occupancy, Occupancy::Occupied { order: id(&order) });
    assert_eq!(network.told(), ["pickup_delayed", "ready_for_pickup", "work_order_called"]);
    let waiting = network.notices().into_iter().find_map(|entry| match entry.notice.message {
        Message::WorkOrderCalled { people_waiting, .. } => Some(people_waiting),
        _ => None,
    });
    assert_eq!(waiting, Some(1), "the team learns that somebody waits");
    let view = call("GET /support/orders/{order_id}").by("s-1").path("order_id", &order);
    let seen = network.call(view).await.ok();
    assert_eq!((&seen["fault"]["code"], &seen["fault"]["unit"]), (&json!("lock_jammed"), &json!(unit)));
    assert_eq!(seen["fault"]["sentence"]["english"], "The lock is jammed.", "what the customer was told");
}

#[tokio::test]
async fn a_fault_that_only_stops_deposits_leaves_what_is_inside_to_be_collected() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network
        .happens("fault_intake", faults("mz-03", "m-1", &[(&compartment.to_string(), "compartment_dirty_or_damaged")]))
        .await;
    assert_eq!(network.order(&order).pickup_stopped_at, None);
    assert_eq!(network.told(), ["ready_for_pickup", "work_order_called"]);
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
}

#[tokio::test]
async fn when_a_locker_goes_dark_everyone_on_the_way_gets_what_they_want_done() {
    let network = Network::mainz().await;
    let (anna, _) = network.place_order("anna", "M").await;
    let (ben, _) = network.place_order("ben", "M").await;
    let (cleo, _) = network.place_order("cleo", "S").await;
    let (dora, _) = network.place_order("dora", "S").await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 10, "disconnected")).await;
    network.wait_until(10 + GRACE.as_secs() - 1);
    assert_eq!(network.sweep().await.unwrap().due, 0, "not before the grace is over");
    network.wait_until(10 + GRACE.as_secs());
    network.sweep().await.unwrap();
    network.drain().await;

    assert_eq!(network.locker("mz-03").closed_by(), Some((FaultCode::NetworkLost, Closure::Deposits)));
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Down);
    let place = |order: &str| network.order(order).place;
    assert_eq!(place(&anna), Place::Asked);
    assert!(matches!(place(&ben), Place::Compartment { locker, .. } if locker.as_str() == "mz-04"));
    assert_eq!(place(&cleo), Place::Home);
    assert!(matches!(place(&dora), Place::Compartment { locker, .. } if locker.as_str() == "mz-05"));
    for number in [1, 2, 3, 7] {
        assert_eq!(network.compartment("mz-03", number).occupancy, Occupancy::Free, "{number}");
    }
    assert_eq!(network.told(), ["choose_place", "rerouted", "rerouted", "rerouted_home", "work_order_called"]);
    assert_eq!(network.sender.publisher.sent().len(), 5);

    // One locker is no incident: that is seen, waited for, and said.
    for second in [500, 700, 760] {
        network.wait_until(second);
        network.sweep().await.unwrap();
        network.drain().await;
    }
    let before = network.kept();
    network.wait_until(3_600);
    network.sweep().await.unwrap();
    network.drain().await;
    assert_eq!(network.kept(), before, "found offline once");
}

#[tokio::test]
async fn a_locker_that_comes_back_within_its_grace_was_never_away() {
    let network = Network::mainz().await;
    network.wait_until(20);
    let (order, _) = network.place_order("anna", "M").await;
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 10, "disconnected")).await;
    network.wait_until(100);
    network.happens("presence", presence("mz-03", "s-2", 100, "connected")).await;
    network.wait_until(1_000);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    assert_eq!((network.order(&order).status, network.work_order("mz-03")), (OrderStatus::Placed, None));
}

#[tokio::test]
async fn a_locker_that_comes_back_later_reopens_what_only_the_network_had_closed() {
    let network = Network::mainz().await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 10, "disconnected")).await;
    network.wait_until(200);
    network.sweep().await.unwrap();
    network.drain().await;
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("7", "lock_jammed")], 200)).await;
    network.wait_until(300);
    network.happens("presence", presence("mz-03", "s-2", 300, "connected")).await;
    assert_eq!(network.locker("mz-03").closed_by(), None);
    assert_eq!(closed(&network, "locker"), Closure::Nothing);
    assert!(network.compartment("mz-03", 7).closed_by().is_some(), "a heartbeat repairs no lock");
    let work_order = network.work_order("mz-03").unwrap();
    assert!(work_order.is_open() && work_order.units.len() == 1, "{work_order:?}");
}

#[tokio::test]
async fn further_faults_extend_the_open_work_order_and_tell_the_team_once_for_each() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    network.happens("fault_intake", faults("mz-03", "m-2", &[("9", "lock_jammed"), ("12", "tamper")])).await;
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!((work_order.id.number, work_order.units.len()), (1, 3));
    let extended: Vec<bool> = network
        .notices()
        .into_iter()
        .filter_map(|entry| match entry.notice.message {
            Message::WorkOrderCalled { extended, .. } => Some(extended),
            _ => None,
        })
        .collect();
    assert_eq!(extended.len(), 2);
    assert!(extended.contains(&false) && extended.contains(&true));
}

#[tokio::test]
async fn where_nobody_repairs_customers_are_dealt_with_all_the_same() {
    let network = Network::mainz().await;
    let body = json!({
        "locker_id": "fr-01", "name": "Freiburg", "region": "freiburg",
        "position": { "latitude_e6": 47_990_000, "longitude_e6": 7_840_000 },
        "compartments": [{ "number": 1, "size": "M" }],
    });
    network.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    let order = json!({ "customer_id": "cleo", "locker_id": "fr-01", "size": "M" });
    let placed = call("POST /orders").by_order_system().header("idempotency-key", "k").json(order);
    let order = network.call(placed).await.ok()["order"]["id"].as_str().unwrap().to_owned();
    network.drain().await;
    network.happens("fault_intake", faults("fr-01", "m-1", &[("1", "lock_jammed")])).await;
    assert_eq!(network.order(&order).place, Place::Home);
    let work_order = network.work_order("fr-01").unwrap();
    assert_eq!((work_order.team, work_order.impact), (None, vec![]));
}

#[tokio::test]
async fn an_order_that_loses_its_second_place_in_the_same_locker_is_dealt_with_again() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "M").await;
    // Four of its compartments are large enough: the fourth is the last.
    for time in 1..=4 {
        let Place::Compartment { compartment, .. } = network.order(&order).place else { panic!("sent away") };
        let message = format!("m-{time}");
        network.happens("fault_intake", faults("mz-03", &message, &[(&compartment.to_string(), "lock_jammed")])).await;
    }
    let order = network.order(&order);
    assert_eq!((order.place, order.status, order.place_epoch), (Place::Asked, OrderStatus::Rerouting, 2));
    assert_eq!(order.incidents.len(), 4);
    assert_eq!(network.told().iter().filter(|kind| **kind == "choose_place").count(), 1);
}

#[tokio::test]
async fn a_whole_locker_of_many_compartments_is_worked_off_in_steps() {
    let network = Network::mainz().await;
    let compartments: Vec<(u16, &str)> = (1..=70).map(|number| (number, "S")).collect();
    network.register_locker("mz-70", 600, &compartments).await;
    let mut orders = Vec::new();
    for number in 0..65 {
        let order = json!({ "customer_id": "cleo", "locker_id": "mz-70", "size": "S" });
        let placed = call("POST /orders").by_order_system().header("idempotency-key", &format!("k-{number}"));
        let placed = network.call(placed.json(order)).await.ok();
        orders.push(placed["order"]["id"].as_str().unwrap().to_owned());
    }
    network.deliver("fault_intake", [faults("mz-70", "m-1", &[("locker", "power_loss")])]).await;
    // A stream that fails on the way is brought again: nobody is told twice for that.
    let key = keys::of_state(&StateKey::WorkOrder(id("mz-70")));
    network.stream(std::slice::from_ref(&key)).await;
    network.stream(std::slice::from_ref(&key)).await;
    network.drain().await;
    for order in &orders {
        assert_eq!(network.order(order).place, Place::Home);
    }
    assert_eq!(network.told().iter().filter(|kind| **kind == "rerouted_home").count(), 65);
    assert_eq!(network.work_order("mz-70").unwrap().people_waiting, 65);
}

#[tokio::test]
async fn a_fault_that_comes_while_a_milder_one_is_being_dealt_with_stops_the_deadline_too() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[("locker", "vendor_other")])]).await;
    let batch = network.stream_batch(&[keys::of_state(&StateKey::WorkOrder(id("mz-03")))]);
    // The team has been called, and nobody found whose parcel cannot be collected: right before that is struck off.
    let store = Meanwhile::new(&network.store, 1, async {
        let jammed = faults("mz-03", "m-2", &[("locker", "lock_jammed")]);
        network.deliver("fault_intake", [jammed]).await;
    });
    rerouting::handle(&store, &network.tables, batch, network.now()).await.unwrap();
    network.drain().await;
    assert_eq!(network.order(&order).pickup_stopped_at, Some(at(0)));
}

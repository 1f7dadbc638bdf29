//! What a device believes is inside, against the records: agreement costs a read, a dispute is settled by who looks.

use aws::batch::BatchAnswer;
use aws::ledger::Status;
use domain::compartment::Occupancy;
use domain::fault::FaultCode;
use domain::order::OrderStatus;
use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::stores::Asked::{Commit, Query, Read};
use crate::support::stores::Counting;
use crate::support::{at, id};

const ALL: [u16; 6] = [1, 2, 3, 7, 9, 12];

/// The device of `mz-03` says, at that second, that something is inside these compartments and nothing in all others.
fn believes(message_id: &str, occupied: &[u16], second: i64) -> aws::batch::QueueMessage {
    let free: Vec<u16> = ALL.into_iter().filter(|number| !occupied.contains(number)).collect();
    let event = json!({ "type": "occupancy_reported", "occupied": occupied, "free": free });
    message_at("mz-03", message_id, json!({ "event": event }), second)
}

async fn looked(network: &Network, compartment: u16, found: Option<&str>) -> Answer {
    let body = match found {
        Some(order) => json!({ "order_id": order }),
        None => json!({ "empty": true }),
    };
    let said = call("POST /lockers/{locker_id}/compartments/{compartment}/contents").by("tech-4");
    let said = said.path("locker_id", "mz-03").path("compartment", &compartment.to_string()).json(body);
    let answer = network.call(said.named(&format!("{compartment}-{found:?}"))).await;
    network.drain().await;
    answer
}

fn occupancy(network: &Network, compartment: u16) -> Occupancy {
    network.compartment("mz-03", compartment).occupancy
}

fn unknown(recorded: Option<&str>) -> Occupancy {
    Occupancy::Unknown { recorded: recorded.map(id) }
}

#[tokio::test]
async fn agreement_changes_nothing_and_costs_one_read() {
    let network = Network::mainz().await;
    let (_, compartment) = network.deposit_order("anna", "M").await;
    let before = network.kept();
    let store = Counting::new(&network.store);
    network.wait_until(200);
    let answer = network.deliver_over(&store, "parcel_events", [believes("m-1", &[compartment], 100)]).await;
    assert_eq!((answer, store.trips()), (BatchAnswer::default(), vec![vec![Query]]));
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_dispute_takes_its_compartment_out_of_use_and_calls_somebody_and_forgets_nothing() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.wait_until(200);
    let store = Counting::new(&network.store);
    let answer = network.deliver_over(&store, "parcel_events", [believes("m-1", &[12], 100)]).await;
    assert_eq!((answer, store.trips()), (BatchAnswer::default(), vec![vec![Query], vec![Read], vec![Commit]]));
    network.drain().await;
    assert_eq!(occupancy(&network, compartment), unknown(Some(&order)));
    assert_eq!(occupancy(&network, 12), unknown(None));
    for number in [compartment, 12] {
        let faults = network.compartment("mz-03", number).faults;
        assert_eq!(faults.keys().collect::<Vec<_>>(), [&FaultCode::OccupancyMismatch]);
    }
    assert_eq!(network.order(&order).status, OrderStatus::Deposited, "its customer may collect it");
    assert!(matches!(network.status_of("work_order_called"), Status::Sent { .. }));
    let known = network.kept();
    network.happens("parcel_events", believes("m-1", &[12], 100)).await;
    network.happens("parcel_events", believes("m-2", &[12], 110)).await;
    assert_eq!(network.kept(), known, "the same again, and again under another name");
}

#[tokio::test]
async fn a_belief_is_judged_once_what_was_told_before_it_has_been_recorded() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let body = json!({ "order_id": order, "locker_id": "mz-03" });
    network.call(call("POST /deposits").by("driver-17").json(body)).await.ok();
    network.wait_until(20);
    let belief = believes("m-2", &[compartment], 10);
    let answer = network.deliver("parcel_events", [belief.clone()]).await;
    assert_eq!(answer.batch_item_failures.len(), 1, "it stays in the queue");
    assert_eq!(network.quarantined(), []);
    network.happens("parcel_events", deposited("mz-03", "m-1", &order, compartment)).await;
    network.wait_until(80);
    let before = network.kept();
    network.happens("parcel_events", belief).await;
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_belief_that_comes_after_the_parcel_has_gone_is_history() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.wait_until(500);
    network.happens("parcel_events", collected("mz-03", "m-1", &order, compartment)).await;
    let before = network.kept();
    network.wait_until(600);
    network.happens("parcel_events", believes("m-2", &[compartment], 400)).await;
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_belief_that_contradicts_itself_or_names_strange_doors_is_kept_for_a_person() {
    let network = Network::mainz().await;
    network.wait_until(200);
    for (message, occupied, free) in [("m-1", [7], [7]), ("m-2", [77], [7])] {
        let event = json!({ "type": "occupancy_reported", "occupied": occupied, "free": free });
        network.deliver("parcel_events", [message_at("mz-03", message, json!({ "event": event }), 100)]).await;
    }
    let reasons: Vec<String> = network.quarantined().into_iter().map(|it| it.reason).collect();
    assert_eq!(reasons, ["a compartment is named twice", "the locker has no compartment 77"]);
    assert_eq!(network.work_order("mz-03"), None);
}

#[tokio::test]
async fn who_looks_and_finds_nothing_makes_the_parcel_missing_and_who_finds_it_brings_it_back() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.wait_until(200);
    network.happens("parcel_events", believes("m-1", &[12], 100)).await;
    looked(&network, compartment, None).await.ok();
    let missing = network.order(&order);
    assert_eq!((missing.status, &missing.place), (OrderStatus::Recovery, &Place::Missing));
    assert_eq!(missing.pickup_stopped_at, Some(at(200)));
    assert_eq!(occupancy(&network, compartment), Occupancy::Free);
    assert!(matches!(network.status_of("parcel_missing"), Status::Sent { .. }));

    network.wait_until(300);
    looked(&network, 12, Some(&order)).await.ok();
    let found = network.order(&order);
    assert_eq!((found.status, found.compartment().unwrap().1.get()), (OrderStatus::Deposited, 12));
    assert_eq!((found.pickup_stopped_at, found.pickup_deadline), (None, Some(at(72 * 3_600 + 100))));
    assert_eq!(occupancy(&network, 12), Occupancy::Occupied { order: id(&order) });
    assert!(matches!(network.status_of("brought_elsewhere"), Status::Sent { .. }));
    let seen = call("GET /support/orders/{order_id}").by("agent-1").path("order_id", &order);
    let history = network.call(seen).await.ok()["history"].clone();
    let what: Vec<&Value> = history.as_array().unwrap().iter().map(|it| &it["event"]["what"]).collect();
    assert!(what.contains(&&json!("parcel_missed")) && what.contains(&&json!("parcel_found")), "{what:?}");
    network.happens("parcel_events", collected("mz-03", "m-9", &order, 12)).await;
    assert_eq!(network.order(&order).status, OrderStatus::Collected);
}

#[tokio::test]
async fn a_customer_whose_parcel_is_missing_may_have_collected_it_all_along() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.wait_until(200);
    network.happens("parcel_events", believes("m-1", &[], 100)).await;
    looked(&network, compartment, None).await.ok();
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    let after = network.order(&order);
    assert_eq!((after.status, after.pickup_stopped_at), (OrderStatus::Collected, None));
}

#[tokio::test]
async fn a_deposit_that_was_lost_is_recorded_when_somebody_finds_the_parcel() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    network.wait_until(200);
    network.happens("parcel_events", believes("m-1", &[compartment], 100)).await;
    let beside = network.order(&order).compartment().unwrap().1.get();
    assert_ne!(beside, compartment, "its compartment closed: it gets another one like every other");
    looked(&network, compartment, Some(&order)).await.ok();
    let found = network.order(&order);
    assert_eq!((found.status, found.deposited_at), (OrderStatus::Deposited, Some(at(200))));
    assert_eq!(occupancy(&network, compartment), Occupancy::Occupied { order: id(&order) });
    assert_eq!(occupancy(&network, beside), Occupancy::Free);
}

#[tokio::test]
async fn a_run_whose_parcel_is_not_there_frees_what_was_reserved() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[(&compartment.to_string(), "lock_jammed")])).await;
    let body = json!({ "order_id": order, "locker_id": "mz-04" });
    network.call(call("POST /recoveries").by("tech-4").json(body)).await.ok();
    let target = network.order(&order).recovery_target().unwrap().compartment.get();
    looked(&network, compartment, None).await.ok();
    assert_eq!(network.order(&order).place, Place::Missing);
    assert_eq!(network.compartment("mz-04", target).occupancy, Occupancy::Free);
}

#[tokio::test]
async fn what_is_in_no_doubt_is_not_settled() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let before = network.kept();
    looked(&network, compartment, None).await.refused(409, "wrong_state");
    looked(&network, 1, Some(&order)).await.refused(409, "wrong_state");
    looked(&network, 1, Some("o-unknown")).await.refused(404, "unknown_order");
    looked(&network, 77, None).await.refused(404, "unknown_compartment");
    let both = call("POST /lockers/{locker_id}/compartments/{compartment}/contents").by("tech-4");
    let both = both.path("locker_id", "mz-03").path("compartment", "1");
    network.call(both.json(json!({ "empty": true, "order_id": order }))).await.refused(400, "invalid_request");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn looking_reopens_nothing() {
    let network = Network::mainz().await;
    network.wait_until(200);
    network.happens("parcel_events", believes("m-1", &[12], 100)).await;
    looked(&network, 12, None).await.ok();
    let settled = network.compartment("mz-03", 12);
    assert_eq!(settled.occupancy, Occupancy::Free);
    assert!(!settled.bookable() && settled.faults.contains_key(&FaultCode::OccupancyMismatch));
}

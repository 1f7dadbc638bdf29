//! What is free, for which parcel, for whom: searching, asking without booking, and what comes of it.

use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, Call, call};
use crate::support::stores::Asked::{Commit, Query, Read};
use crate::support::stores::Counting;

fn search(rest: &[(&str, &str)]) -> Call {
    let call = call("GET /lockers").by_order_system().query("latitude_e6", "50001300").query("longitude_e6", "8258800");
    rest.iter().fold(call, |call, (name, value)| call.query(name, value))
}

async fn found(network: &Network, rest: &[(&str, &str)]) -> Vec<String> {
    let answer = network.call(search(rest)).await.ok();
    let lockers = answer["lockers"].as_array().unwrap();
    lockers.iter().map(|it| it["locker_id"].as_str().unwrap().to_owned()).collect()
}

fn availability(locker: &str, rest: &[(&str, &str)]) -> Call {
    let call = call("GET /lockers/{locker_id}/availability").by_order_system().path("locker_id", locker);
    rest.iter().fold(call, |call, (name, value)| call.query(name, value))
}

fn order(key: &str, rest: Value) -> Call {
    let mut body = json!({ "customer_id": "anna", "locker_id": "mz-03" });
    body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    call("POST /orders").by_order_system().header("idempotency-key", key).json(body)
}

/// Registers `mz-08`, 200 m from `mz-03`: one low and one high door of size M, and measures of its own.
async fn with_own_measures(network: &Network, measures: Value) {
    let body = json!({
        "locker_id": "mz-08", "name": "Standort mz-08", "region": "mainz", "measures": measures,
        "position": { "latitude_e6": 50_003_100, "longitude_e6": 8_258_800 },
        "compartments": [
            { "number": 1, "size": "M", "handle_height_mm": 1_700 },
            { "number": 2, "size": "M", "handle_height_mm": 900 },
        ],
    });
    network.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    network.drain().await;
}

fn parcel(length_mm: u32, width_mm: u32, height_mm: u32) -> Value {
    json!({ "length_mm": length_mm, "width_mm": width_mm, "height_mm": height_mm })
}

#[tokio::test]
async fn a_search_names_the_nearest_that_have_room_and_the_closed_ones_only_where_they_are_asked_for() {
    let network = Network::mainz().await;
    assert_eq!(found(&network, &[]).await, ["mz-03", "mz-04", "mz-05"]);
    assert_eq!(found(&network, &[("size", "L")]).await, ["mz-03", "mz-05"]);
    assert_eq!(found(&network, &[("radius_m", "500")]).await, ["mz-03", "mz-04"]);
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    assert_eq!(found(&network, &[]).await, ["mz-04", "mz-05"]);
    let all = network.call(search(&[("include", "all")])).await.ok();
    assert_eq!(
        (&all["lockers"][0]["bookable"], &all["lockers"][0]["closed_by"]),
        (&json!(false), &json!({ "code": "power_loss" }))
    );
    assert_eq!((all["lockers"].as_array().unwrap().len(), &all["more"]), (3, &json!(false)));
    let one = network.call(search(&[("limit", "1")])).await.ok();
    assert_eq!((&one["lockers"][0]["locker_id"], &one["more"]), (&json!("mz-04"), &json!(true)));
    for wrong in [("limit", "0"), ("limit", "21"), ("include", "some"), ("length_mm", "3"), ("weight_g", "3")] {
        network.call(search(&[wrong])).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_search_by_a_parcels_measures_counts_what_would_do() {
    let network = Network::mainz().await;
    let measured = [("length_mm", "370"), ("width_mm", "600"), ("height_mm", "400")];
    assert_eq!(found(&network, &measured).await, ["mz-03", "mz-05"], "only L and XL take it, turned");
    let answer = network.call(search(&measured)).await.ok();
    assert_eq!(answer["lockers"][0]["fitting"], 2);
    assert_eq!(answer["lockers"][0]["free"], json!({ "S": 2, "M": 2, "L": 1, "XL": 1 }));
}

#[tokio::test]
async fn a_search_reads_many_lockers_at_the_same_time() {
    let network = Network::mainz().await;
    let store = Counting::new(&network.store);
    assert_eq!(network.call_over(&store, &search(&[])).await.status, 200);
    let trips = store.trips();
    assert_eq!((trips.len(), &trips[1]), (2, &vec![Query; 3]), "the map, then every locker");
}

#[tokio::test]
async fn asking_without_booking_says_what_an_order_would_be_told_and_books_nothing() {
    let network = Network::mainz().await;
    let before = network.kept();
    let yes = network.call(availability("mz-03", &[("size", "M")])).await.ok();
    assert_eq!((&yes["would_be_refused"], &yes["fitting"], &yes["size"]), (&Value::Null, &json!(4), &json!("M")));
    assert_eq!(network.kept(), before);
    let small = network.call(availability("mz-04", &[("size", "XL")])).await.ok();
    assert_eq!(small["would_be_refused"], json!({ "reason": "too_big" }));
    assert_eq!(small["alternatives"][0]["locker_id"], "mz-03");
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    let closed = network.call(availability("mz-03", &[])).await.ok();
    assert_eq!(closed["would_be_refused"], json!({ "reason": "locker_unavailable", "code": "power_loss" }));
    assert_eq!(closed["free"]["M"], 0);
    network.call(availability("mz-99", &[])).await.refused(404, "unknown_locker");
    let store = Counting::new(&network.store);
    network.call_over(&store, &availability("mz-05", &[])).await.ok();
    assert_eq!(store.trips(), [vec![Read], vec![Query]]);
}

#[tokio::test]
async fn a_measured_parcel_gets_the_smallest_door_it_fits_and_its_measures_go_with_it() {
    let network = Network::mainz().await;
    let placed = network.call(order("1", json!({ "dimensions": parcel(370, 600, 400), "weight_g": 9_000 }))).await.ok();
    assert_eq!((&placed["order"]["size"], &placed["compartment"]), (&json!("L"), &json!(9)));
    assert_eq!(placed["order"]["parcel"]["weight_g"], 9_000);
    let heavy = order("2", json!({ "dimensions": parcel(10, 10, 10), "weight_g": 25_001 }));
    network.call(heavy).await.refused(409, "too_big");
    let long = order("3", json!({ "dimensions": parcel(10, 10, 801) }));
    network.call(long).await.refused(409, "too_big");
    for wrong in [json!({ "size": "M", "weight_g": 3 }), json!({ "weight_g": 3 }), json!({})] {
        network.call(order("4", wrong)).await.refused(400, "invalid_request");
    }
}

#[tokio::test]
async fn a_lockers_own_measures_decide_which_size_a_parcel_needs_there() {
    let network = Network::mainz().await;
    let strong = json!({ "M": { "inner": parcel(600, 440, 190), "weight_g_max": 40_000 } });
    with_own_measures(&network, strong).await;
    let heavy = |key| {
        let rest = json!({ "dimensions": parcel(300, 200, 100), "weight_g": 30_000, "locker_id": "mz-08" });
        order(key, rest)
    };
    let store = Counting::new(&network.store);
    assert_eq!(network.call_over(&store, &heavy("1")).await.status, 201);
    assert_eq!(store.trips(), [vec![Read, Query], vec![Query], vec![Commit]], "one more where it has its own");
    let elsewhere = json!({ "dimensions": parcel(300, 200, 100), "weight_g": 30_000 });
    let refused = network.call(order("2", elsewhere)).await.refused(409, "too_big");
    assert_eq!(refused.alternatives(), ["mz-08"]);
    let zero = json!({ "M": { "inner": parcel(600, 0, 190), "weight_g_max": 1 } });
    let body = json!({
        "locker_id": "mz-09", "name": "x", "region": "mainz", "measures": zero,
        "position": { "latitude_e6": 50_003_100, "longitude_e6": 8_258_800 },
        "compartments": [{ "number": 1, "size": "M" }],
    });
    network.call(call("POST /lockers").by("op-1").json(body)).await.refused(400, "invalid_request");
}

async fn place_for_rosa(network: &Network, key: &str, locker: &str) -> Answer {
    network.call(order(key, json!({ "customer_id": "rosa", "locker_id": locker, "size": "M" }))).await
}

#[tokio::test]
async fn who_needs_a_reachable_door_gets_one_or_is_told_where_there_is_one() {
    let network = Network::mainz().await;
    with_own_measures(&network, json!({})).await;
    network.register_person("rosa", json!({ "other_locker_within_m": 3_000, "reachable": true })).await;
    let refused = place_for_rosa(&network, "1", "mz-03").await.refused(409, "no_room");
    assert_eq!(refused.alternatives(), ["mz-08"], "nobody has measured the doors of the others");
    let placed = place_for_rosa(&network, "2", "mz-08").await.ok();
    assert_eq!((&placed["compartment"], &placed["order"]["reachable"]), (&json!(2), &json!(true)));
    place_for_rosa(&network, "3", "mz-08").await.refused(409, "no_room");
    assert_eq!(found(&network, &[("reachable", "true")]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_reachable_door_is_a_hard_requirement_when_a_place_is_lost_and_when_another_is_chosen() {
    let network = Network::mainz().await;
    with_own_measures(&network, json!({})).await;
    network.register_person("rosa", json!({ "other_locker_within_m": 3_000, "reachable": true })).await;
    let placed = place_for_rosa(&network, "1", "mz-08").await.ok();
    let id = placed["order"]["id"].as_str().unwrap();
    network.happens("fault_intake", faults("mz-08", "m-1", &[("2", "lock_jammed")])).await;
    assert_eq!(network.order(id).place, Place::Asked, "rather asked than sent to a door out of reach");
    let choose = call("POST /my/orders/{order_id}/place").by("rosa").path("order_id", id);
    network.call(choose.json(json!({ "locker_id": "mz-04" }))).await.refused(409, "no_room");
}

#[tokio::test]
async fn support_sees_what_is_permitted_in_each_direction_and_why_not() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let report = faults("mz-03", "m-1", &[(&compartment.to_string(), "door_not_closing")]);
    network.happens("fault_intake", report).await;
    let ask = || call("GET /support/orders/{order_id}").by("s-1").path("order_id", &order);
    let because = |why| {
        let why = json!({ "because": why, "unit": compartment.to_string(), "code": "door_not_closing" });
        json!({ "allowed": false, "why_not": [why] })
    };
    let yes = json!({ "allowed": true });
    let suspected = json!({ "booking": because("suspicion"), "deposit": yes, "pickup": yes });
    assert_eq!(network.call(ask()).await.ok()["permissions"], suspected);

    network.wait_until(3_600);
    network.sweep().await.unwrap();
    let seen = network.call(ask()).await.ok();
    let expected = json!({ "booking": because("fault"), "deposit": because("fault"), "pickup": yes });
    assert_eq!(seen["permissions"], expected);
    let seen = network.call(call("GET /support/lockers/{locker_id}").by("s-1").path("locker_id", "mz-03")).await.ok();
    assert_eq!(seen["restricted"], json!({ compartment.to_string(): expected }));
}

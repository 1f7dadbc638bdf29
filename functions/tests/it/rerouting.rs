//! Many orders that lose their places at once: planned together, moved one by one, whatever happens meanwhile.

use aws::keys;
use aws::store::Store;
use domain::StateKey;
use domain::compartment::Occupancy;
use domain::order::OrderStatus;
use domain::place::Place;
use functions::{fault_intake, rerouting};
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::id;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::{GoingAway, Lagging, Meanwhile};

/// Where an order is to go: a locker's name, or the kind of place.
fn goes_to(network: &Network, order: &str) -> String {
    match network.order(order).place {
        Place::Compartment { locker, .. } => locker.to_string(),
        Place::Shop { shop } => shop.to_string(),
        other => format!("{other:?}").to_lowercase(),
    }
}

async fn placed(network: &Network, customer: &str, size: &str, bundle: Option<&str>) -> String {
    let body = json!({ "customer_id": customer, "locker_id": "mz-03", "size": size, "bundle_id": bundle });
    let key = format!("{customer}-{size}-{}", network.store.snapshot().len());
    let placed = call("POST /orders").by_order_system().header("idempotency-key", &key).json(body);
    network.call(placed).await.ok()["order"]["id"].as_str().unwrap().to_owned()
}

/// The whole of `mz-03` goes dark; nobody has dealt with the people yet.
async fn dark(network: &Network) {
    let message = faults("mz-03", "m-1", &[("locker", "power_loss")]);
    fault_intake::handle(&network.store, batch([message]), network.now()).await;
}

/// Works off what there is to be done for the people of `mz-03`.
async fn work_off<S: Store>(network: &Network, store: &S) {
    rerouting::work_off(store, &id("mz-03"), network.now()).await.unwrap();
    network.drain().await;
}

/// Every compartment is held by the order that is to go there, and by no other.
fn assert_pointers_agree(network: &Network, orders: &[String]) {
    for order in orders {
        if let Place::Compartment { locker, compartment } = network.order(order).place {
            let held = network.compartment(locker.as_str(), compartment.get()).occupancy;
            assert_eq!(held, Occupancy::Reserved { order: id(order) }, "{order}");
        }
    }
}

#[tokio::test]
async fn a_large_parcel_finds_its_door_behind_many_small_ones() {
    let network = Network::empty();
    network.register_person("ben", json!({ "other_locker_within_m": 3_000 })).await;
    let small_ones: Vec<(u16, &str)> = (1..60).map(|number| (number, "S")).collect();
    network.register_locker("mz-03", 0, &[(1, "S"), (2, "L")]).await;
    network.register_locker("mz-06", 300, &[&small_ones[..], &[(60, "L")]].concat()).await;
    network.register_locker("mz-07", 600, &small_ones).await;
    let (small, large) = (placed(&network, "ben", "S", None).await, placed(&network, "ben", "L", None).await);
    dark(&network).await;
    work_off(&network, &network.store).await;
    assert_eq!([goes_to(&network, &small), goes_to(&network, &large)], ["mz-06", "mz-06"]);
}

#[tokio::test]
async fn the_last_room_goes_to_who_has_nothing_else_whoever_comes_first() {
    let network = Network::mainz().await;
    // 500 m reach mz-04 only, with two compartments of size M.
    network.register_person("near", json!({ "other_locker_within_m": 500 })).await;
    let mut orders = Vec::new();
    for customer in ["ben", "ben", "near", "near"] {
        orders.push(placed(&network, customer, "M", None).await);
    }
    dark(&network).await;
    work_off(&network, &network.store).await;
    let places: Vec<String> = orders.iter().map(|it| goes_to(&network, it)).collect();
    assert_eq!(places, ["mz-05", "mz-05", "mz-04", "mz-04"]);
    assert_pointers_agree(&network, &orders);
}

#[tokio::test]
async fn a_bundle_goes_to_one_locker_and_the_history_says_why() {
    let network = Network::mainz().await;
    let taken = json!({ "customer_id": "anna", "locker_id": "mz-04", "size": "M" });
    network.call(call("POST /orders").by_order_system().header("idempotency-key", "k").json(taken)).await.ok();
    let alone = placed(&network, "ben", "M", None).await;
    let bundle = [placed(&network, "ben", "S", Some("b-1")).await, placed(&network, "ben", "M", Some("b-1")).await];
    dark(&network).await;
    work_off(&network, &network.store).await;
    assert_eq!(bundle.clone().map(|it| goes_to(&network, &it)), ["mz-05", "mz-05"]);
    assert_eq!(goes_to(&network, &alone), "mz-04");
    let view = call("GET /support/orders/{order_id}").by("s-9").path("order_id", &bundle[0]);
    let seen = network.call(view).await.ok();
    let why = seen["history"].as_array().unwrap().iter().find_map(|it| it["event"].get("why")).cloned();
    assert_eq!(why.unwrap()["farther_m"], json!(701), "{seen}");
}

#[tokio::test]
async fn a_bundle_wherever_in_a_large_locker_its_parcels_are_comes_into_one_step() {
    let network = Network::mainz().await;
    let many: Vec<(u16, &str)> = (1..=70).map(|number| (number, "M")).collect();
    network.register_locker("mz-90", 2_000, &many).await;
    network.register_locker("mz-91", 2_100, &[(1, "M"), (2, "M"), (3, "M")]).await;
    network.register_locker("mz-92", 2_900, &many).await;
    network.register_person("ned", json!({ "other_locker_within_m": 1_000 })).await;
    let mut orders = Vec::new();
    for number in 0..66 {
        let bundle = (number % 22 == 0).then_some("b-1");
        let body = json!({ "customer_id": "ned", "locker_id": "mz-90", "size": "M", "bundle_id": bundle });
        let order = call("POST /orders").by_order_system().header("idempotency-key", &format!("k-{number}"));
        orders.push(network.call(order.json(body)).await.ok()["order"]["id"].as_str().unwrap().to_owned());
    }
    let message = faults("mz-90", "m-1", &[("locker", "power_loss")]);
    network.happens("fault_intake", message).await;
    let bundle: Vec<String> = [0, 22, 44].map(|it| goes_to(&network, &orders[it])).into();
    assert!(bundle.iter().all(|it| *it == bundle[0] && it.starts_with("mz-9")), "{bundle:?}");
    assert!(orders.iter().all(|it| network.order(it).status == OrderStatus::Rerouted));
    assert_pointers_agree(&network, &orders);
}

#[tokio::test]
async fn who_loses_the_new_place_to_somebody_quicker_is_planned_again_and_nobody_else_is() {
    let network = Network::mainz().await;
    let orders = [placed(&network, "ben", "M", None).await, placed(&network, "ben", "M", None).await];
    dark(&network).await;
    let quicker = async {
        let body = json!({ "customer_id": "anna", "locker_id": "mz-04", "size": "M" });
        for key in ["k-1", "k-2"] {
            let order = call("POST /orders").by_order_system().header("idempotency-key", key).json(body.clone());
            network.call(order).await.ok();
        }
    };
    // The first commit tells the team.
    let store = Meanwhile::new(&network.store, 1, quicker);
    work_off(&network, &store).await;
    assert_eq!(orders.clone().map(|it| goes_to(&network, &it)), ["mz-05", "mz-05"]);
    assert_eq!(network.told().iter().filter(|it| **it == "rerouted").count(), 2);
    assert_pointers_agree(&network, &orders);
}

#[tokio::test]
async fn an_index_that_is_behind_is_found_out() {
    let network = Network::mainz().await;
    let order = placed(&network, "ben", "M", None).await;
    let store = Lagging::from_now_on(&network.store);
    let body = json!({ "customer_id": "anna", "locker_id": "mz-04", "size": "M" });
    for key in ["k-1", "k-2"] {
        let order = call("POST /orders").by_order_system().header("idempotency-key", key).json(body.clone());
        network.call(order).await.ok();
    }
    dark(&network).await;
    work_off(&network, &store).await;
    assert_eq!(goes_to(&network, &order), "mz-05");
}

#[tokio::test]
async fn a_step_that_ends_anywhere_is_gone_on_with_and_nobody_is_moved_twice() {
    let network = Network::mainz().await;
    let mut orders = Vec::new();
    for customer in ["ben", "cleo", "dora", "anna"] {
        orders.push(placed(&network, customer, "M", None).await);
    }
    dark(&network).await;
    for commits_left in 0..7 {
        let store = GoingAway { store: &network.store, commits_left: commits_left.into() };
        // It may well fail; the rest is on the list.
        let _failed = rerouting::work_off(&store, &id("mz-03"), network.now()).await.is_err();
    }
    work_off(&network, &network.store).await;
    let places: Vec<String> = orders.iter().map(|it| goes_to(&network, it)).collect();
    assert_eq!(places, ["mz-04", "home", "mz-05", "asked"]);
    assert!(orders.iter().all(|it| network.order(it).place_epoch == 2));
    assert_eq!(network.told(), ["choose_place", "rerouted", "rerouted", "rerouted_home", "work_order_called"]);
    assert!(network.work_order("mz-03").unwrap().impact.is_empty());
}

#[tokio::test]
async fn what_the_customer_chose_meanwhile_stays() {
    let network = Network::mainz().await;
    let order = placed(&network, "ben", "M", None).await;
    dark(&network).await;
    let chooses = async {
        let own = call("POST /my/orders/{order_id}/place").by("ben").path("order_id", &order);
        network.call(own.json(json!({ "home": true }))).await.ok();
    };
    let store = Meanwhile::new(&network.store, 1, chooses);
    work_off(&network, &store).await;
    assert_eq!(goes_to(&network, &order), "home");
    assert_eq!(network.told(), ["place_confirmed", "work_order_called"]);
    assert_eq!(network.compartment("mz-04", 1).occupancy, Occupancy::Free);
}

#[tokio::test]
async fn a_locker_that_opens_again_meanwhile_keeps_those_who_have_not_been_moved() {
    let network = Network::mainz().await;
    let orders = [placed(&network, "ben", "M", None).await, placed(&network, "ben", "M", None).await];
    let shut = |lifecycle: &str| {
        let body = json!({ "lifecycle": lifecycle, "reason": "Wasser" });
        call("POST /lockers/{locker_id}/service").by("op-1").path("locker_id", "mz-03").json(body)
    };
    network.call(shut("maintenance")).await.ok();
    let reopens = async {
        network.call(shut("active")).await.ok();
    };
    // One of them has been moved by then.
    let store = Meanwhile::new(&network.store, 1, reopens);
    work_off(&network, &store).await;
    let mut places = orders.clone().map(|it| goes_to(&network, &it));
    places.sort();
    assert_eq!(places, ["mz-03", "mz-04"]);
    assert_pointers_agree(&network, &orders);
}

fn kiosk(capacity: Value) -> Value {
    json!({
        "shop_id": "kiosk-12", "name": "Kiosk am Dom", "capacity": capacity,
        "position": { "latitude_e6": 50_002_000, "longitude_e6": 8_258_800 },
    })
}

#[tokio::test]
async fn a_parcel_goes_to_the_named_shop_as_long_as_that_takes_it_and_home_after() {
    let network = Network::mainz().await;
    network.call(call("POST /shops").by("op-1").json(kiosk(json!(1)))).await.ok();
    network.register_person("nina", json!({ "shop": "kiosk-12", "home": true })).await;
    let orders = [placed(&network, "nina", "M", None).await, placed(&network, "nina", "L", None).await];
    dark(&network).await;
    work_off(&network, &network.store).await;
    let mut places = orders.clone().map(|it| goes_to(&network, &it));
    places.sort();
    assert_eq!(places, ["home", "kiosk-12"]);
    assert_eq!(network.told(), ["rerouted_home", "rerouted_to_shop", "work_order_called"]);

    // Cancelled, it leaves the shop its room; registered again, the shop knows what is on its way.
    let at_shop = orders.iter().find(|it| goes_to(&network, it) == "kiosk-12").unwrap();
    network.call(call("POST /shops").by("op-1").json(kiosk(json!(2)))).await.ok();
    let shop = || network.store.snapshot()[&keys::of_state(&StateKey::Shop(id("kiosk-12")))].clone();
    assert!(format!("{:?}", shop()["expected"]).contains(at_shop.as_str()));
    network.call(call("DELETE /orders/{order_id}").by_order_system().path("order_id", at_shop)).await.ok();
    assert!(!shop().contains_key("expected"));
}

#[tokio::test]
async fn a_shop_is_registered_whole_or_not() {
    let network = Network::mainz().await;
    for (field, value) in [
        ("capacity", json!(501)),
        ("name", json!("")),
        ("position", json!({ "latitude_e6": 91_000_000, "longitude_e6": 0 })),
    ] {
        let mut body = kiosk(Value::Null);
        body[field] = value;
        let refused = network.call(call("POST /shops").by("op-1").json(body)).await.refused(400, "invalid_request");
        assert_eq!(refused.field(), field);
    }
}

#[tokio::test]
async fn an_order_that_is_placed_elsewhere_goes_to_its_bundle_or_as_its_customer_likes_best() {
    let network = Network::mainz().await;
    let elsewhere = async |customer: &str, bundle: Option<&str>, key: &str| {
        let body = json!({
            "customer_id": customer, "locker_id": "mz-03", "size": "M", "bundle_id": bundle, "elsewhere_within_m": 3_000,
        });
        let order = call("POST /orders").by_order_system().header("idempotency-key", key).json(body);
        network.call(order).await.ok()["locker_id"].as_str().unwrap().to_owned()
    };
    dark(&network).await;
    network.register_person("liking", json!({ "preferred": ["mz-05"] })).await;
    assert_eq!(elsewhere("dora", None, "k-1").await, "mz-05", "never mz-04");
    assert_eq!(elsewhere("liking", None, "k-2").await, "mz-05");
    assert_eq!(elsewhere("ben", None, "k-3").await, "mz-04");
    let other = json!({ "customer_id": "ben", "locker_id": "mz-04", "size": "M", "bundle_id": "b-1" });
    network.call(call("POST /orders").by_order_system().header("idempotency-key", "k-4").json(other)).await.ok();
    network.register_locker("mz-06", 100, &[(1, "M")]).await;
    network.register_locker("mz-07", 450, &[(1, "M")]).await;
    assert_eq!(elsewhere("ben", Some("b-1"), "k-5").await, "mz-06", "where the rest is there is no room");
    assert_eq!(elsewhere("ben", Some("b-1"), "k-6").await, "mz-07", "nor here");
}

#[tokio::test]
async fn a_bundle_is_one_customers_and_has_ten_parcels_at_the_most() {
    let network = Network::mainz().await;
    network.register_locker("mz-90", 2_000, &(1..=20).map(|number| (number, "M")).collect::<Vec<_>>()).await;
    let place = async |customer: &str, key: String| {
        let body = json!({ "customer_id": customer, "locker_id": "mz-90", "size": "M", "bundle_id": "b-1" });
        network.call(call("POST /orders").by_order_system().header("idempotency-key", &key).json(body)).await
    };
    for number in 0..10 {
        place("anna", format!("k-{number}")).await.ok();
    }
    place("anna", "k-0".to_owned()).await.ok();
    place("anna", "k-10".to_owned()).await.refused(409, "other_bundle");
    place("ben", "k-11".to_owned()).await.refused(409, "other_bundle");
}

#[tokio::test]
async fn who_loses_a_door_of_an_open_locker_gets_another_one_there_and_hears_nothing() {
    let network = Network::mainz().await;
    // Anna was never asked for consent, Ben agreed to other lockers: both stay.
    let orders = [placed(&network, "anna", "M", None).await, placed(&network, "ben", "M", None).await];
    let doors: Vec<u16> = orders.iter().map(|it| network.order(it).compartment().unwrap().1.get()).collect();
    let units: Vec<String> = doors.iter().map(u16::to_string).collect();
    let broken: Vec<(&str, &str)> = units.iter().map(|unit| (unit.as_str(), "lock_jammed")).collect();
    network.happens("fault_intake", faults("mz-03", "m-1", &broken)).await;
    for (order, door) in orders.iter().zip(&doors) {
        let after = network.order(order);
        let (locker, number) = after.compartment().unwrap();
        assert_eq!((locker.as_str(), after.status, after.place_epoch), ("mz-03", OrderStatus::Placed, 1));
        assert!(number.get() != *door && after.incidents.len() == 1, "{after:?}");
        assert_eq!(network.compartment("mz-03", *door).occupancy, Occupancy::Free);
    }
    assert_pointers_agree(&network, &orders);
    assert_eq!(network.told(), ["work_order_called"]);
    let body = json!({ "order_id": orders[0], "locker_id": "mz-03" });
    let opened = network.call(call("POST /deposits").by("driver-17").json(body)).await.ok();
    assert_eq!(opened["compartment"], json!(network.order(&orders[0]).compartment().unwrap().1));
}

#[tokio::test]
async fn where_its_locker_has_no_other_door_that_will_do_an_order_goes_elsewhere() {
    let network = Network::mainz().await;
    let [anna, dora] = [placed(&network, "anna", "L", None).await, placed(&network, "dora", "L", None).await];
    // The one of size L and the one of size XL: nothing is left that is large enough.
    let broken = [("9", "lock_jammed"), ("12", "lock_jammed")];
    network.happens("fault_intake", faults("mz-03", "m-1", &broken)).await;
    assert_eq!([goes_to(&network, &anna), goes_to(&network, &dora)], ["asked", "mz-05"]);
}

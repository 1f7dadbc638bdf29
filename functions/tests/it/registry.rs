//! Lockers, teams and people are registered: what AWS keeps for them first, the record last.

use domain::compartment::Occupancy;
use serde_json::json;

use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::{Asked, Throttled};

fn locker(id: &str) -> serde_json::Value {
    json!({
        "locker_id": id, "name": "Dom", "region": "mainz",
        "position": { "latitude_e6": 49_998_900, "longitude_e6": 8_273_900 },
        "compartments": [{ "number": 1, "size": "S" }, { "number": 2, "size": "M" }],
    })
}

#[tokio::test]
async fn a_registered_locker_has_its_thing_its_certificate_and_its_compartments() {
    let network = Network::empty();
    let identity = network.call(call("POST /lockers").by("op-1").json(locker("mz-09"))).await.ok();
    assert_eq!((&identity["thing_name"], &identity["private_key"]), (&json!("mz-09"), &json!("private")));
    let asked = network.aws.asked();
    for step in ["POST /things/mz-09", "PUT /target-policies/locker-policy", "PUT /things/mz-09/principals"] {
        assert!(asked.iter().any(|it| it == step), "{step} is not in {asked:?}");
    }
    let shown = network.call(call("GET /lockers/{locker_id}").by("op-1").path("locker_id", "mz-09")).await.ok();
    assert_eq!((&shown["free"], &shown["connected"]), (&json!({ "S": 1, "M": 1 }), &json!(false)));
    assert!(!format!("{:?}", network.kept()).contains("private"), "the private key is kept nowhere");
}

#[tokio::test]
async fn a_locker_is_registered_once_and_a_second_time_changes_nothing() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let (before, asked) = (network.kept(), network.aws.asked());
    network.call(call("POST /lockers").by("op-1").json(locker("mz-03"))).await.refused(409, "already_exists");
    assert_eq!((network.kept(), network.aws.asked()), (before, asked));
    let held = network.compartment("mz-03", compartment).occupancy;
    assert_eq!(held, Occupancy::Reserved { order: order.parse().unwrap() });
}

#[tokio::test]
async fn a_registration_that_broke_off_is_taken_up_by_the_next_try() {
    let network = Network::empty();
    let throttled = Throttled { store: &network.store, kinds: &[Asked::Commit] };
    let register = call("POST /lockers").by("op-1").json(locker("mz-09"));
    network.call_over(&throttled, &register).await.refused(503, "unavailable");
    assert!(network.kept().is_empty());
    assert_eq!(network.call(register).await.status, 201);
}

#[tokio::test]
async fn a_compartment_has_its_number_once() {
    let network = Network::empty();
    let mut body = locker("mz-09");
    body["compartments"] = json!([{ "number": 1, "size": "S" }, { "number": 1, "size": "M" }]);
    let answer = network.call(call("POST /lockers").by("op-1").json(body)).await.refused(400, "invalid_request");
    assert_eq!((answer.field(), network.kept().len(), network.aws.asked().len()), ("compartments", 0, 0));
}

#[tokio::test]
async fn a_locker_of_999_compartments_can_be_registered_and_shown() {
    let network = Network::empty();
    let compartments: Vec<_> = (1..=999).map(|number| json!({ "number": number, "size": "S" })).collect();
    let mut body = locker("mz-09");
    body["compartments"] = json!(compartments);
    assert_eq!(network.call(call("POST /lockers").by("op-1").json(body)).await.status, 201);
    let shown = network.call(call("GET /lockers/{locker_id}").by("op-1").path("locker_id", "mz-09")).await.ok();
    assert_eq!((shown["compartments"].as_array().unwrap().len(), &shown["free"]["S"]), (999, &json!(999)));
}

#[tokio::test]
async fn people_have_a_topic_with_every_way_to_reach_them() {
    let network = Network::empty();
    network.register_person("anna", json!({ "home": true, "never": ["mz-05"] })).await;
    let asked = network.aws.asked();
    for step in ["CreateTopic test-person-anna", "Subscribe anna%40example.org", "CreatePlatformEndpoint "] {
        assert!(asked.iter().any(|it| it == step), "{step} is not in {asked:?}");
    }
    assert!(asked.iter().any(|it| it.starts_with("Subscribe arn")), "{asked:?}");
    let elsewhere = network.kept().into_iter().filter(|(key, _)| key.table != aws::keys::Table::People);
    for (key, item) in elsewhere {
        assert!(!format!("{item:?}").contains("example.org"), "{key:?} has contact data");
    }
}

#[tokio::test]
async fn registering_again_is_how_a_person_is_changed() {
    let network = Network::empty();
    network.register_person("anna", json!({ "home": true })).await;
    network.register_person("anna", json!({ "home": false })).await;
    let people = network.kept().into_keys().filter(|key| key.sk == "STATE" || key.sk == "PREFERENCES");
    assert_eq!(people.count(), 2);
}

//! What anybody may know of a locker.

use functions::order_choices;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::Asked::{Query, Read};
use crate::support::stores::Counting;

async fn status(network: &Network) -> serde_json::Value {
    network.call(call("GET /public/lockers/{locker_id}").path("locker_id", "mz-03")).await.ok()
}

#[tokio::test]
async fn anybody_sees_an_open_locker_with_what_is_free_for_some_seconds() {
    let network = Network::mainz().await;
    network.deposit_order("anna", "M").await;
    let before = network.kept();
    let request = call("GET /public/lockers/{locker_id}").path("locker_id", "mz-03").request();
    let store = Counting::new(&network.store);
    let response = order_choices::handle(&store, &network.sender.signer, &request, network.now()).await;
    assert_eq!((response.status_code, network.kept()), (200, before));
    assert_eq!(response.headers["cache-control"], "public, max-age=15");
    let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
    let expected = json!({
        "locker_id": "mz-03", "name": "Standort mz-03", "status": "open", "as_of": "2026-09-21T14:13:20Z",
        "position": { "latitude_e6": 50_001_300, "longitude_e6": 8_258_800 },
        "free": { "S": 2, "M": 1, "L": 1, "XL": 1 },
    });
    assert_eq!(body, expected);
    assert_eq!(store.trips(), [vec![Read], vec![Query]]);
}

#[tokio::test]
async fn anybody_sees_since_when_and_why_a_locker_is_closed_and_nothing_of_who_waits() {
    let network = Network::mainz().await;
    network.deposit_order("anna", "M").await;
    network.wait_until(60);
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("locker", "power_loss")], 60)).await;
    network.wait_until(120);
    let body = status(&network).await;
    assert_eq!((body["status"].as_str(), body["since"].as_str()), (Some("closed"), Some("2026-09-21T14:14:20Z")));
    assert!(body["sentence"]["german"].as_str().unwrap().ends_with('.'), "{body}");
    assert_eq!(body["free"], json!({}));
    let known = ["as_of", "free", "locker_id", "name", "position", "sentence", "since", "status"];
    assert_eq!(
        body.as_object().unwrap().keys().map(String::as_str).collect::<std::collections::BTreeSet<_>>(),
        known.into()
    );
}

#[tokio::test]
async fn a_door_that_is_jammed_is_not_told_only_that_there_is_one_less() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    let body = status(&network).await;
    assert_eq!((body["status"].as_str(), body["free"]["M"].as_u64()), (Some("open"), Some(1)));
}

#[tokio::test]
async fn of_a_locker_that_does_not_exist_nobody_learns_anything() {
    let network = Network::mainz().await;
    let ask = |locker: &str| call("GET /public/lockers/{locker_id}").path("locker_id", locker);
    network.call(ask("mz-99")).await.refused(404, "unknown_locker");
    assert_eq!(network.call(ask("mz 03")).await.status, 404, "a name that nothing can have");
}

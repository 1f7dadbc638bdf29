//! Signed links: a GET shows and a POST acts, once, and only what the link is for.

use aws::link::{LinkSigner, VALID_FOR};
use domain::SignedDuration;
use domain::compartment::Occupancy;
use domain::notice::LinkPurpose;
use domain::order::OrderStatus;
use domain::place::Place;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::stores::Lagging;
use crate::support::{at, id};

/// A network in which Anna has been asked where her order is to go, and the link she was sent.
async fn with_choice() -> (Network, String, String) {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "M").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    assert_eq!(network.order(&order).status, OrderStatus::Rerouting);
    let sent = network.sender.publisher.sent();
    let (_, text) = sent.iter().find(|(topic, _)| topic == "test-person-anna").expect("a message to anna");
    let token = token_in(&text.email, "choices");
    (network, order, token)
}

fn token_in(text: &str, kind: &str) -> String {
    let address = format!("https://example.org/{kind}/");
    let rest = text.split(&address).nth(1).unwrap_or_else(|| panic!("no link in {text}"));
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn look(network: &Network, kind: &str, token: &str) -> Answer {
    network.call(call(&format!("GET /{kind}/{{token}}")).path("token", token)).await
}

async fn choose(network: &Network, token: &str, body: Value) -> Answer {
    network.call(call("POST /choices/{token}").path("token", token).json(body)).await
}

fn sign(network: &Network, purpose: LinkPurpose) -> String {
    network.sender.signer.sign(&purpose, at(0))
}

#[tokio::test]
async fn looking_at_a_link_has_no_effect_however_often() {
    let (network, _, token) = with_choice().await;
    let before = network.kept();
    for _ in 0..3 {
        let shown = look(&network, "choices", &token).await.ok();
        let offered: Vec<&str> =
            shown["options"].as_array().unwrap().iter().map(|it| it["locker_id"].as_str().unwrap()).collect();
        assert_eq!(offered, ["mz-04", "mz-05"]);
    }
    assert_eq!(network.kept(), before);
    let network = Network::mainz().await;
    let order = network.collect_order("ben", "S").await;
    let before = network.kept();
    let token = sign(&network, LinkPurpose::GiveFeedback { order: id(&order) });
    let shown = look(&network, "feedback", &token).await.ok();
    assert_eq!(shown, json!({ "order_id": order, "given": null }));
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn the_first_choice_wins_and_uses_the_link_up() {
    let (network, order, token) = with_choice().await;
    choose(&network, &token, json!({ "locker_id": "mz-05" })).await.ok();
    let place = network.order(&order).place;
    assert!(matches!(&place, Place::Compartment { locker, .. } if locker.as_str() == "mz-05"), "{place:?}");
    network.drain().await;
    let before = network.kept();
    for body in [json!({ "locker_id": "mz-04" }), json!({ "home": true }), json!({ "locker_id": "mz-05" })] {
        choose(&network, &token, body).await.refused(410, "link_used");
    }
    let seen = look(&network, "choices", &token).await.ok();
    assert_eq!((&seen["options"], &seen["home"]), (&json!([]), &json!(false)), "only to be undone");
    network.wait_until(15 * 60);
    look(&network, "choices", &token).await.refused(410, "link_used");
    assert_eq!(network.kept(), before);
    assert!(network.told().contains(&"place_confirmed"));
}

#[tokio::test]
async fn a_choice_can_be_undone_by_its_link_for_a_quarter_of_an_hour_and_once() {
    let (network, order, token) = with_choice().await;
    choose(&network, &token, json!({ "locker_id": "mz-05" })).await.ok();
    let until = look(&network, "choices", &token).await.ok()["undo_until"].clone();
    assert_eq!(until, json!(at(15 * 60)));
    network.wait_until(15 * 60 - 1);
    let undone = choose(&network, &token, json!({ "undo": true })).await.ok();
    assert_eq!((&undone["order"]["place"]["kind"], &undone["order"]["status"]), (&json!("asked"), &json!("rerouting")));
    network.drain().await;
    let held = [1, 2, 3].map(|number| network.compartment("mz-05", number).order().is_some());
    assert_eq!(held, [false; 3]);
    choose(&network, &token, json!({ "undo": true })).await.refused(410, "too_late");
    choose(&network, &token, json!({ "home": true })).await.refused(410, "link_used");
    // Asked again, by a link of its own.
    let sent = network.sender.publisher.sent();
    let (_, latest) = sent.iter().rev().find(|(topic, _)| topic == "test-person-anna").unwrap();
    let token = token_in(&latest.email, "choices");
    choose(&network, &token, json!({ "home": true })).await.ok();
    network.wait_until(30 * 60);
    choose(&network, &token, json!({ "undo": true })).await.refused(410, "too_late");
    assert_eq!(network.order(&order).place, Place::Home);
}

#[tokio::test]
async fn who_undoes_gets_the_same_compartment_again_if_it_is_free_or_another_one_there() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let own = |body: Value| call("POST /my/orders/{order_id}/place").by("anna").path("order_id", &order).json(body);
    network.call(own(json!({ "locker_id": "mz-04" }))).await.ok();
    let undone = network.call(own(json!({ "undo": true }))).await.ok();
    assert_eq!(
        undone["order"]["place"],
        json!({ "kind": "compartment", "locker": "mz-03", "compartment": compartment })
    );
    assert_eq!(undone["order"]["status"], "placed");

    network.call(own(json!({ "locker_id": "mz-04" }))).await.ok();
    for _ in 0..2 {
        network.place_order("ben", "M").await;
    }
    let undone = network.call(own(json!({ "undo": true }))).await.ok();
    assert_eq!(undone["order"]["place"], json!({ "kind": "compartment", "locker": "mz-03", "compartment": 9 }));

    network.call(own(json!({ "home": true }))).await.ok();
    for _ in 0..2 {
        network.place_order("ben", "M").await;
    }
    network.call(own(json!({ "undo": true }))).await.refused(409, "no_room");
    assert_eq!(network.order(&order).place, Place::Home, "and it stays where it was chosen to go");
}

#[tokio::test]
async fn who_undoes_takes_nobody_elses_place_though_the_index_is_behind() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "XL").await;
    let own = |body: Value| call("POST /my/orders/{order_id}/place").by("anna").path("order_id", &order).json(body);
    network.call(own(json!({ "home": true }))).await.ok();
    // The index still shows as free what somebody else is about to get.
    let store = Lagging::from_now_on(&network.store);
    let (others, taken) = network.place_order("ben", "XL").await;
    assert_eq!(taken, compartment);
    network.call_over(&store, &own(json!({ "undo": true }))).await.refused(409, "no_room");
    assert_eq!(network.compartment("mz-03", taken).occupancy, Occupancy::Reserved { order: id(&others) });
}

#[tokio::test]
async fn the_shop_that_the_customer_named_can_be_chosen_and_no_other() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("nina", "M").await;
    let own = |body: Value| call("POST /my/orders/{order_id}/place").by("nina").path("order_id", &order).json(body);
    network.call(own(json!({ "shop": true }))).await.refused(404, "unknown_shop");
    let kiosk = json!({
        "shop_id": "kiosk-12", "name": "Kiosk am Dom", "capacity": 1,
        "position": { "latitude_e6": 50_002_000, "longitude_e6": 8_258_800 },
    });
    network.call(call("POST /shops").by("op-1").json(kiosk)).await.ok();
    network.register_person("nina", json!({ "shop": "kiosk-12" })).await;
    let token = sign(&network, LinkPurpose::ChoosePlace { order: id(&order), place_epoch: 1 });
    let shown = look(&network, "choices", &token).await.ok();
    assert_eq!(shown["shop"], json!({ "shop_id": "kiosk-12", "name": "Kiosk am Dom" }));
    let chosen = choose(&network, &token, json!({ "shop": true })).await.ok();
    assert_eq!(chosen["order"]["place"], json!({ "kind": "shop", "shop": "kiosk-12" }));
    let (other, _) = network.place_order("nina", "M").await;
    let full = call("POST /my/orders/{order_id}/place").by("nina").path("order_id", &other);
    network.call(full.json(json!({ "shop": true }))).await.refused(409, "no_room");
    network.call(own(json!({ "undo": true }))).await.ok();
    let again = call("POST /my/orders/{order_id}/place").by("nina").path("order_id", &other);
    network.call(again.json(json!({ "shop": true }))).await.ok();
}

#[tokio::test]
async fn the_same_choice_arriving_again_is_answered_as_then() {
    let (network, _, token) = with_choice().await;
    let request = call("POST /choices/{token}").path("token", &token).json(json!({ "home": true }));
    let first = network.call(request.clone()).await;
    let before = network.kept();
    assert_eq!((network.call(request).await, network.kept()), (first.clone(), before));
    assert_eq!(first.ok()["order"]["place"], json!({ "kind": "home" }));
}

#[tokio::test]
async fn an_altered_link_is_none_of_ours() {
    let (network, order, token) = with_choice().await;
    let before = network.kept();
    let other = LinkSigner::new("another secret of 32 characters!!").unwrap();
    let foreign = other.sign(&LinkPurpose::ChoosePlace { order: id(&order), place_epoch: 2 }, at(0));
    let cut = &token[..token.len() - 1];
    for token in [cut, &format!("{token}x"), &token.to_uppercase(), "x", ".", "a.b", &"x".repeat(5_000), &foreign] {
        for kind in ["choices", "feedback"] {
            look(&network, kind, token).await.refused(400, "link_invalid");
        }
        choose(&network, token, json!({ "home": true })).await.refused(400, "link_invalid");
    }
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn an_expired_link_says_so() {
    let (network, _, token) = with_choice().await;
    let seconds = VALID_FOR.as_secs();
    network.wait_until(seconds - 1);
    look(&network, "choices", &token).await.ok();
    network.wait_until(seconds);
    look(&network, "choices", &token).await.refused(410, "link_expired");
    choose(&network, &token, json!({ "home": true })).await.refused(410, "link_expired");
    assert_eq!(VALID_FOR, SignedDuration::from_hours(14 * 24));
}

#[tokio::test]
async fn a_link_for_another_purpose_opens_nothing() {
    let (network, order, token) = with_choice().await;
    let before = network.kept();
    look(&network, "feedback", &token).await.refused(400, "link_invalid");
    let ratings = json!({ "ratings": { "delivery": 5, "condition": 5, "punctuality": 5, "driver": 5 } });
    let said = call("POST /feedback/{token}").path("token", &token).json(ratings);
    network.call(said).await.refused(400, "link_invalid");
    let rate = sign(&network, LinkPurpose::GiveFeedback { order: id(&order) });
    look(&network, "choices", &rate).await.refused(400, "link_invalid");
    choose(&network, &rate, json!({ "home": true })).await.refused(400, "link_invalid");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_link_for_an_order_nobody_knows_opens_nothing() {
    let network = Network::mainz().await;
    let before = network.kept();
    let token = sign(&network, LinkPurpose::ChoosePlace { order: id("o-99"), place_epoch: 1 });
    look(&network, "choices", &token).await.refused(404, "unknown_order");
    choose(&network, &token, json!({ "home": true })).await.refused(404, "unknown_order");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_choice_that_cannot_be_leaves_the_link_as_it_was() {
    let (network, order, token) = with_choice().await;
    network.happens("fault_intake", faults("mz-05", "m-2", &[("locker", "power_loss")])).await;
    choose(&network, &token, json!({ "locker_id": "mz-05" })).await.refused(409, "locker_unavailable");
    choose(&network, &token, json!({ "locker_id": "mz-99" })).await.refused(404, "unknown_locker");
    assert_eq!(network.order(&order).place, Place::Asked);
    choose(&network, &token, json!({ "locker_id": "mz-04" })).await.ok();
}

#[tokio::test]
async fn a_customer_sees_and_moves_only_their_own_order() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let before = network.kept();
    let shown =
        |who: &str, order: &str| network.call(call("GET /my/orders/{order_id}").by(who).path("order_id", order));
    let unknown = shown("ben", "o-99").await.refused(404, "unknown_order");
    assert_eq!(shown("ben", &order).await, unknown, "nothing tells that the order exists");
    let moving = |who: &str| {
        let call = call("POST /my/orders/{order_id}/place").by(who).path("order_id", &order);
        network.call(call.json(json!({ "locker_id": "mz-04" })))
    };
    moving("ben").await.refused(404, "unknown_order");
    assert_eq!(network.kept(), before);
    assert_eq!(moving("anna").await.ok()["order"]["place"]["locker"], "mz-04");
    assert!(network.compartment("mz-03", compartment).bookable(), "the old place is free again");
    assert_eq!(shown("anna", &order).await.ok()["order"]["place_epoch"], 2);
}

#[tokio::test]
async fn a_feedback_link_works_without_signing_in() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let sent = network.sender.publisher.sent();
    let token = token_in(&sent.last().unwrap().1.email, "feedback");
    let ratings = json!({ "ratings": { "delivery": 4, "condition": 5, "punctuality": 5, "driver": 5 } });
    let said = call("POST /feedback/{token}").path("token", &token).json(ratings.clone());
    assert_eq!(network.call(said).await.status, 201);
    let shown = look(&network, "feedback", &token).await.ok();
    assert_eq!((&shown["order_id"], &shown["given"]["ratings"]), (&json!(order), &ratings["ratings"]));
}

//! The page behind a link to choose a place, as a browser has it: no scripts, no effect by looking, one by the form.

use aws::http::Response;
use domain::notice::LinkPurpose;
use domain::order::OrderStatus;
use domain::place::Place;
use functions::order_choices;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Call, call};
use crate::support::{at, id};

/// What a browser says it takes.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A network in which Anna has been asked where her order is to go, and the link she was sent.
async fn asked() -> (Network, String, String) {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("anna", "M").await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "power_loss")])).await;
    let token = network.sender.signer.sign(&LinkPurpose::ChoosePlace { order: id(&order), place_epoch: 2 }, at(0));
    (network, order, token)
}

async fn ask(network: &Network, call: Call) -> Response {
    order_choices::handle(&network.store, &network.sender.signer, &call.request(), network.now()).await
}

async fn open(network: &Network, token: &str, language: &str) -> Response {
    let call = call("GET /choices/{token}").path("token", token).header("accept", ACCEPT);
    ask(network, call.header("accept-language", language)).await
}

async fn send(network: &Network, token: &str, body: &str) -> Response {
    let form = call("POST /choices/{token}").path("token", token).header("accept", ACCEPT);
    ask(network, form.body("application/x-www-form-urlencoded", body)).await
}

/// To where a form that has worked sends the browser: the token, and the rest.
fn location(response: &Response) -> (String, String) {
    assert_eq!(response.status_code, 303, "{response:?}");
    let (token, rest) = response.headers["location"].split_once('?').unwrap();
    (token.to_owned(), rest.to_owned())
}

#[tokio::test]
async fn a_browser_gets_a_page_that_may_do_nothing_but_send_its_form() {
    let (network, order, token) = asked().await;
    let before = network.kept();
    let page = open(&network, &token, "en-GB,en;q=0.9,de;q=0.8").await;
    assert_eq!((page.status_code, network.kept()), (200, before), "looking has no effect");
    for said in ["<html lang=\"en\">", &order, "Standort mz-04", "400 m", "value=\"locker-mz-05\"", "value=\"home\""] {
        assert!(page.body.contains(said), "{said}: {}", page.body);
    }
    let digest = "sha256-";
    let policy = &page.headers["content-security-policy"];
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains(digest), "{policy}");
    assert!(policy.ends_with("form-action 'self'; base-uri 'none'; frame-ancestors 'none'"), "{policy}");
    let headers = ["content-type", "content-language", "referrer-policy", "cache-control", "x-content-type-options"];
    let said = headers.map(|name| page.headers[name].as_str());
    assert_eq!(said, ["text/html; charset=utf-8", "en", "no-referrer", "no-store", "nosniff"]);
    for personal in ["anna", "example.org"] {
        assert!(!page.body.contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn the_style_is_the_one_that_the_policy_allows() {
    let (network, _, token) = asked().await;
    let page = open(&network, &token, "de").await;
    let style = page.body.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = ring::digest::digest(&ring::digest::SHA256, style.as_bytes());
    let digest = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, digest.as_ref());
    assert!(page.headers["content-security-policy"].contains(&format!("'sha256-{digest}'")));
}

#[tokio::test]
async fn the_form_chooses_once_and_the_page_then_offers_to_undo_it() {
    let (network, order, token) = asked().await;
    let sent = send(&network, &token, "place=locker-mz-05").await;
    assert_eq!(location(&sent), (token.clone(), "lang=de".to_owned()));
    assert!(matches!(network.order(&order).place, Place::Compartment { locker, .. } if locker.as_str() == "mz-05"));
    let page = open(&network, &token, "de").await;
    assert!(page.body.contains("Es geht zum Paketautomaten Standort mz-05.") && page.body.contains("value=\"undo\""));
    assert!(!page.body.contains("type=\"radio\""));
    let again = send(&network, &token, "place=home").await;
    assert_eq!(again.status_code, 410);
    assert!(again.body.contains("Dieser Link wurde schon benutzt"), "{}", again.body);

    let (next, _) = location(&send(&network, &token, "place=undo").await);
    assert_ne!(next, token);
    assert_eq!(network.order(&order).status, OrderStatus::Rerouting);
    let page = open(&network, &next, "de").await;
    assert!(page.body.contains("Es hat zurzeit keinen Ort.") && page.body.contains("value=\"locker-mz-04\""));
    assert_eq!(open(&network, &token, "de").await.status_code, 410);
    location(&send(&network, &next, "place=home").await);
    assert_eq!(network.order(&order).place, Place::Home);
}

#[tokio::test]
async fn a_form_that_says_nothing_of_the_page_changes_nothing() {
    let (network, _, token) = asked().await;
    let before = network.kept();
    let long = format!("place={}", "x".repeat(70_000));
    for body in
        ["", "place=", "place=locker-", "place=locker-a%20b", "place=x", "other=home", "place=home&place=shop", &long]
    {
        let answer = send(&network, &token, body).await;
        assert!(matches!(answer.status_code, 400 | 413), "{body}: {}", answer.status_code);
        assert!(answer.body.contains("Bitte wählen Sie einen der Orte aus."));
    }
    let full = send(&network, &token, "place=locker-mz-99").await;
    assert_eq!(full.status_code, 404);
    assert_eq!(send(&network, &token, "place=undo").await.status_code, 410, "there is nothing to undo");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn what_is_no_link_of_ours_gets_a_page_that_repeats_nothing_of_it() {
    let (network, _, token) = asked().await;
    let before = network.kept();
    for token in ["<script>alert(1)</script>", "no-such-token", &token[1..]] {
        for page in [open(&network, token, "en").await, send(&network, token, "place=home").await] {
            assert_eq!(page.status_code, 400);
            assert!(!page.body.contains("<script") && !page.body.contains(token), "{}", page.body);
            assert!(page.headers.contains_key("content-security-policy"));
        }
    }
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn who_takes_json_first_gets_it_as_before() {
    let (network, order, token) = asked().await;
    for accept in ["application/json", "*/*", "", "application/json, text/html;q=0.5"] {
        let call = call("GET /choices/{token}").path("token", &token).header("accept", accept);
        let shown = network.call(call).await.ok();
        assert_eq!(shown["order"]["id"], json!(order), "{accept}");
    }
}

#[tokio::test]
async fn a_page_is_in_the_language_of_its_address_before_that_of_the_browser_and_german_else() {
    let (network, _, token) = asked().await;
    let language = async |accepted: &str, named: Option<&str>| {
        let call = call("GET /choices/{token}").path("token", &token).header("accept", ACCEPT);
        let call = call.header("accept-language", accepted);
        let call = named.map_or(call.clone(), |it| call.query("lang", it));
        ask(&network, call).await.headers["content-language"].clone()
    };
    assert_eq!(language("", None).await, "de");
    assert_eq!(language("fr-FR, fr;q=0.9, en;q=0.8, de;q=0.7", None).await, "en");
    assert_eq!(language("de-AT,en", None).await, "de");
    assert_eq!(language("de-AT,en", Some("en")).await, "en");
    assert_eq!(language("ü, en", Some("\"><b>")).await, "en");
}

#[tokio::test]
async fn a_locker_that_is_to_be_out_of_service_is_offered_until_then() {
    let (network, _, token) = asked().await;
    let window = json!({
        "from": at(100 * 3_600), "until": at(110 * 3_600), "lead_hours": 40, "reason": "Umbau",
    });
    let plan = call("POST /lockers/{locker_id}/maintenance").by("op-1").path("locker_id", "mz-04").json(window);
    network.call(plan).await.ok();
    let shown = network.call(call("GET /choices/{token}").path("token", &token)).await.ok();
    assert_eq!(shown["options"][0]["free_until"], json!(at(60 * 3_600)));
    assert_eq!(shown["options"][1].get("free_until"), None);
    let page = open(&network, &token, "en").await.body;
    assert!(page.contains("free until ") && page.contains("free now"), "{page}");
}

#[tokio::test]
async fn a_parcel_that_has_arrived_goes_nowhere_else() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    let token = network.sender.signer.sign(&LinkPurpose::ChoosePlace { order: id(&order), place_epoch: 1 }, at(0));
    let page = open(&network, &token, "de").await;
    assert_eq!(page.status_code, 200);
    assert!(page.body.contains("Ihr Paket ist nicht mehr unterwegs.") && !page.body.contains("<form"), "{}", page.body);
    assert_eq!(send(&network, &token, "place=home").await.status_code, 409);
}

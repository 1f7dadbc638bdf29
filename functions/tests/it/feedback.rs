//! Customers say how it went: once for each delivery, in their own words, and complaints come of it.

use domain::case::{CaseSeverity, CaseStatus, Category, Cause, Owner};
use domain::delivery::Standing;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};

fn ratings(delivery: Value) -> Value {
    json!({ "delivery": delivery, "condition": 5, "punctuality": 5, "driver": 5 })
}

async fn say(network: &Network, customer: &str, order: &str, body: Value) -> Answer {
    network.call(call("POST /my/orders/{order_id}/feedback").by(customer).path("order_id", order).json(body)).await
}

#[tokio::test]
async fn a_rating_that_is_no_whole_number_from_1_to_5_is_refused_and_nothing_kept() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let before = network.kept();
    for rating in [json!(0), json!(6), json!(4.5), json!(-1), json!(256), json!("5"), json!(null), json!(true)] {
        let answer = say(&network, "anna", &order, json!({ "ratings": ratings(rating) })).await;
        assert_eq!(answer.refused(400, "invalid_request").field(), "ratings.delivery");
    }
    let incomplete = json!({ "ratings": { "delivery": 5 } });
    say(&network, "anna", &order, incomplete).await.refused(400, "invalid_request");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_text_has_4000_characters_at_the_most() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let with_text = |text: String| json!({ "ratings": ratings(json!(5)), "text": text });
    let answer = say(&network, "anna", &order, with_text("ü".repeat(4_001))).await;
    assert_eq!(answer.refused(400, "invalid_request").field(), "text");
    say(&network, "anna", &order, with_text("x".repeat(1_000_000))).await.refused(413, "payload_too_large");
    for text in ["bell\u{7}", "nul\u{0}", "escape\u{1b}[2J"] {
        let answer = say(&network, "anna", &order, with_text(text.to_owned())).await;
        assert_eq!(answer.refused(400, "invalid_request").field(), "text");
    }
    assert_eq!(say(&network, "anna", &order, with_text("ü".repeat(4_000))).await.status, 201);
}

#[tokio::test]
async fn markup_and_formulas_are_kept_word_for_word_and_reach_nobody() {
    for text in [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "=HYPERLINK(\"http://example.org\")",
        "+1+cmd|' /C calc'!A0",
        "{{ order }} {% raw %} ${jndi:ldap://x}",
        "'; DROP TABLE orders; --\r\n\tBcc: x@example.org",
        "ORDER#1 \u{202e}gnp.exe 👩‍👩‍👧 \u{feff}",
    ] {
        let network = Network::mainz().await;
        let order = network.collect_order("anna", "M").await;
        let body = json!({ "ratings": ratings(json!(1)), "text": text, "answer_wanted": true });
        let receipt = say(&network, "anna", &order, body).await.ok();
        network.drain().await;
        assert_eq!(network.case(receipt["case"].as_str().unwrap()).text, text);
        for (_, sent) in network.sender.publisher.sent() {
            assert!(!format!("{sent:?}").contains(text), "{sent:?}");
        }
    }
}

#[tokio::test]
async fn of_an_unknown_or_anothers_delivery_nothing_is_said() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let before = network.kept();
    let body = || json!({ "ratings": ratings(json!(1)), "answer_wanted": true });
    let unknown = say(&network, "anna", "o-99", body()).await.refused(404, "unknown_order");
    let anothers = say(&network, "ben", &order, body()).await;
    assert_eq!(anothers, unknown, "nothing tells that the order exists");
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn before_the_collection_there_is_nothing_to_rate() {
    let network = Network::mainz().await;
    let (order, _) = network.deposit_order("anna", "M").await;
    let answer = say(&network, "anna", &order, json!({ "ratings": ratings(json!(5)) })).await;
    assert_eq!(answer.refused(409, "wrong_state").body["error"]["state"], "deposited");
}

#[tokio::test]
async fn what_was_said_may_be_changed_for_48_hours_and_opens_one_complaint() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let first = say(&network, "anna", &order, json!({ "ratings": ratings(json!(5)) })).await;
    assert_eq!((first.status, first.body.get("case")), (201, None));
    network.wait_until(48 * 3_600);
    let complaint = json!({ "ratings": ratings(json!(1)), "reasons": ["delay"], "answer_wanted": true });
    let second = say(&network, "anna", &order, complaint.clone()).await;
    let third = say(&network, "anna", &order, complaint.clone()).await;
    assert_eq!((second.status, third.status), (200, 200));
    assert_eq!(second.body["case"], third.body["case"]);
    network.drain().await;
    assert_eq!(network.told().iter().filter(|kind| **kind == "case_received").count(), 1);
    network.wait_until(48 * 3_600 + 1);
    say(&network, "anna", &order, complaint).await.refused(410, "too_late");
}

#[tokio::test]
async fn the_same_request_arriving_again_is_answered_as_then() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let body = json!({ "ratings": ratings(json!(1)), "reasons": ["damage"] });
    let request = call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", &order).json(body);
    let first = network.call(request.clone()).await;
    let before = network.kept();
    assert_eq!((network.call(request).await, network.kept()), (first, before));
}

#[tokio::test]
async fn a_fault_that_the_order_met_is_the_drivers_alibi() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.wait_until(60);
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[(&unit, "lock_jammed")], 60)).await;
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    let body = json!({ "ratings": ratings(json!(1)), "reasons": ["delay"], "text": "Zu spät.", "answer_wanted": true });
    let receipt = say(&network, "anna", &order, body).await.ok();
    let case = network.case(receipt["case"].as_str().unwrap());
    assert_eq!((case.status, case.owner, case.proposed_cause), (CaseStatus::Received, Owner::Support, Cause::Locker));
    let Standing::Excluded { incident } = network.delivery(&order).standing else { panic!("no alibi") };
    assert_eq!(incident.unit.to_string(), unit);
    let driver = network.call(call("GET /support/drivers/{driver_id}").by("s").path("driver_id", "driver-17")).await;
    let counts = driver.ok();
    assert_eq!((&counts["deliveries_counted"], &counts["deliveries_excluded"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn support_sees_what_a_complaint_is_about_and_which_words_say_so() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let text = "Nicht beschädigt, aber zum dritten Mal zu spät. Der Fahrer hat mich bedroht!";
    let body = json!({ "ratings": ratings(json!(1)), "reasons": ["delay"], "text": text });
    let receipt = say(&network, "anna", &order, body).await.ok();
    let case = network.case(receipt["case"].as_str().unwrap());
    assert_eq!((case.category, case.severity), (Category::PrivacyOrSafety, CaseSeverity::Critical));
    let seen = network.call(call("GET /support/orders/{order_id}").by("support-2").path("order_id", &order)).await;
    let seen = &seen.ok()["case"];
    assert_eq!(seen["further"], json!(["delay"]));
    let grounds = json!([
        { "ground": "named", "category": "delay" },
        { "ground": "denied", "category": "damage", "words": "beschädigt", "from": 6, "until": 16 },
        { "ground": "grave", "words": "dritten Mal", "from": 27, "until": 38 },
        { "ground": "said", "category": "delay", "words": "zu spät", "from": 39, "until": 46 },
        { "ground": "said", "category": "privacy_or_safety", "words": "bedroht", "from": 68, "until": 75 },
    ]);
    assert_eq!(seen["grounds"], grounds);
    // Monday, 16:13 in Mainz: two working hours of a critical one end on Tuesday.
    assert_eq!(seen["answer_due_at"], "2026-09-22T06:13:20Z");
}

#[tokio::test]
async fn what_nobody_can_tell_from_the_text_is_left_to_a_person_and_bad_ratings_alone_open_nothing() {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let body = |wanted: bool| json!({ "ratings": ratings(json!(1)), "text": "Geklaut!!!", "answer_wanted": wanted });
    assert_eq!(say(&network, "anna", &order, body(false)).await.ok().get("case"), None);
    let unclear = json!({ "ratings": ratings(json!(1)), "text": "So nicht.", "answer_wanted": true });
    let receipt = say(&network, "anna", &order, unclear).await.ok();
    let case = network.case(receipt["case"].as_str().unwrap());
    assert_eq!((case.category, case.unsure), (Category::Other, true));
}

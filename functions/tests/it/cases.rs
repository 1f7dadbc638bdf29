//! Support decides complaints: with evidence, by name, never in one's own case, and on what was read.

use domain::case::{CaseStatus, Owner};
use domain::delivery::Standing;
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::id;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};

/// A network with a complaint of Anna's about a delivery of driver-17.
async fn with_case(reason: &str) -> (Network, String, String) {
    let network = Network::mainz().await;
    let order = network.collect_order("anna", "M").await;
    let body = json!({
        "ratings": { "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 }, "reasons": [reason],
    });
    let said = call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", &order).json(body);
    let receipt = network.call(said).await.ok();
    network.drain().await;
    let case = receipt["case"].as_str().unwrap().to_owned();
    (network, order, case)
}

async fn act(network: &Network, who: &str, case: &str, what: &str, body: Value) -> Answer {
    act_on(network, who, case, what, body, None).await
}

async fn act_on(network: &Network, who: &str, case: &str, what: &str, body: Value, version: Option<&str>) -> Answer {
    let request = call(&format!("POST /cases/{{case_id}}/{what}")).by(who).path("case_id", case).json(body);
    let request = version.iter().fold(request, |request, version| request.header("if-match", version));
    network.call(request).await
}

/// Has the driver asked for a statement, and give one.
async fn hear_driver(network: &Network, case: &str) {
    act(network, "support-2", case, "hearing", json!({})).await.ok();
    let statement = call("POST /driver/cases/{case_id}/statement").by("driver-17").path("case_id", case);
    network.call(statement.json(json!({ "text": "So war es nicht." }))).await.ok();
}

fn decision(cause: &str, measure: &str, reasons: &str) -> Value {
    // What these cases know first: a fault of the locker where there was one, else when it was delivered.
    let facts: &[usize] = if ["locker", "driver"].contains(&cause) { &[0] } else { &[] };
    json!({ "cause": cause, "measure": measure, "reasons": reasons, "facts_for": facts })
}

#[tokio::test]
async fn a_complaint_is_assigned_decided_and_closed_and_the_customer_answered_once() {
    let (network, order, case) = with_case("conduct").await;
    act(&network, "support-2", &case, "assignment", json!({ "to": "support-2" })).await.ok();
    assert_eq!(network.case(&case).owner, Owner::Agent { person: id("support-2") });
    let unheard = act(&network, "support-2", &case, "decision", decision("driver", "talk", "drei Beschwerden")).await;
    unheard.refused(409, "driver_not_heard");
    hear_driver(&network, &case).await;
    let decided = act(&network, "support-2", &case, "decision", decision("driver", "talk", "drei Beschwerden")).await;
    assert_eq!(decided.ok()["status"], "decided");
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)));
    act(&network, "support-2", &case, "closing", json!({})).await.ok();
    network.drain().await;
    assert_eq!(network.case(&case).status, CaseStatus::Closed);
    let told =
        ["case_answered", "case_received", "driver_asked", "driver_charged", "feedback_requested", "ready_for_pickup"];
    assert_eq!(network.told(), told);
    let shown = network.call(call("GET /cases/{case_id}").by("support-2").path("case_id", &case)).await.ok();
    assert_eq!((&shown["case"]["status"], &shown["version"]), (&json!("closed"), &json!(6)));
}

#[tokio::test]
async fn what_the_records_do_not_carry_is_not_decided() {
    let (network, order, case) = with_case("conduct").await;
    let before = network.kept();
    for (cause, measure, reasons) in [
        ("locker", "locker_repaired", "es war der Schrank"),
        ("locker", "apology", "es war der Schrank"),
        ("driver", "locker_repaired", "passt nicht zusammen"),
        ("customer", "talk", "passt nicht zusammen"),
        ("driver", "talk", ""),
        ("driver", "talk", " \n\t "),
    ] {
        let answer = act(&network, "support-2", &case, "decision", decision(cause, measure, reasons)).await;
        answer.refused(422, "missing_evidence");
    }
    for (facts_for, facts_against) in [(json!([]), json!([])), (json!([3]), json!([])), (json!([1]), json!([1]))] {
        let body = json!({
            "cause": "driver", "measure": "talk", "reasons": "er war's",
            "facts_for": facts_for, "facts_against": facts_against,
        });
        act(&network, "support-2", &case, "decision", body).await.refused(422, "missing_evidence");
    }
    assert_eq!((network.kept(), network.delivery(&order).charged_case), (before, None));
}

#[tokio::test]
async fn nobody_decides_or_is_given_their_own_case() {
    let (network, _, case) = with_case("conduct").await;
    let before = network.kept();
    for party in ["anna", "driver-17"] {
        act(&network, party, &case, "decision", decision("unknown", "apology", "weil")).await.refused(403, "own_case");
        act(&network, "support-2", &case, "assignment", json!({ "to": party })).await.refused(403, "own_case");
    }
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn on_an_earlier_version_nothing_is_done() {
    let (network, _, case) = with_case("conduct").await;
    let made = || decision("unknown", "apology", "weil");
    act_on(&network, "support-2", &case, "assignment", json!({ "to": "support-2" }), Some("1")).await.ok();
    let stale = act_on(&network, "support-3", &case, "decision", made(), Some("1")).await;
    stale.refused(412, "stale_version");
    for version in ["x", "-1", "1.0", ""] {
        let answer = act_on(&network, "support-3", &case, "decision", made(), Some(version)).await;
        assert_eq!(answer.refused(400, "invalid_request").field(), "if-match");
    }
    act_on(&network, "support-3", &case, "decision", made(), Some("\"2\"")).await.ok();
}

#[tokio::test]
async fn what_is_decided_or_closed_stays_so() {
    let (network, _, case) = with_case("conduct").await;
    act(&network, "support-2", &case, "closing", json!({})).await.refused(409, "wrong_state");
    act(&network, "support-2", &case, "decision", decision("unknown", "apology", "weil")).await.ok();
    for (what, body) in
        [("decision", decision("unknown", "refund", "doch")), ("assignment", json!({ "to": "support-3" }))]
    {
        act(&network, "support-3", &case, what, body).await.refused(409, "wrong_state");
    }
    act(&network, "support-2", &case, "closing", json!({})).await.ok();
    act(&network, "support-2", &case, "closing", json!({})).await.refused(409, "wrong_state");
    act(&network, "support-2", "C-99", "closing", json!({})).await.refused(404, "unknown_case");
}

#[tokio::test]
async fn the_same_decision_arriving_again_is_answered_as_then() {
    let (network, _, case) = with_case("conduct").await;
    let request = call("POST /cases/{case_id}/decision").by("support-2").path("case_id", &case);
    let request = request.json(decision("unknown", "refund", "weil")).header("if-match", "1");
    let first = network.call(request.clone()).await;
    assert_eq!(first.status, 200);
    let before = network.kept();
    assert_eq!((network.call(request).await, network.kept()), (first, before));
}

#[tokio::test]
async fn a_driver_with_an_alibi_is_not_charged() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.happens("fault_intake", faults("mz-03", "m-1", &[(&unit, "lock_jammed")])).await;
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    let body = json!({
        "ratings": { "delivery": 1, "condition": 5, "punctuality": 1, "driver": 5 }, "reasons": ["delay"],
    });
    let said = call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", &order).json(body);
    let case = network.call(said).await.ok()["case"].as_str().unwrap().to_owned();
    act(&network, "support-2", &case, "decision", decision("driver", "talk", "er war's"))
        .await
        .refused(422, "missing_evidence");
    let shown = network.call(call("GET /cases/{case_id}").by("support-2").path("case_id", &case)).await.ok();
    assert_eq!(shown["locker"]["locker"]["id"], "mz-03", "the locker whose fault it was is shown beside the case");
    act(&network, "support-2", &case, "decision", decision("locker", "locker_repaired", "Fach klemmte")).await.ok();
}

#[tokio::test]
async fn a_person_says_what_it_is_about_and_the_lockers_fault_speaks_for_the_driver_then() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let unit = compartment.to_string();
    network.happens("fault_intake", faults("mz-03", "m-1", &[(&unit, "lock_jammed")])).await;
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    let body = json!({
        "ratings": { "delivery": 1, "condition": 5, "punctuality": 3, "driver": 5 },
        "text": "So nicht, liebe Leute.", "answer_wanted": true,
    });
    let said = call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", &order).json(body);
    let case = network.call(said).await.ok()["case"].as_str().unwrap().to_owned();
    assert!(network.case(&case).unsure);
    assert_eq!(network.delivery(&order).standing, Standing::Counted);
    let sorting = |categories: Value| json!({ "categories": categories, "severity": "minor" });
    act(&network, "support-2", &case, "sorting", sorting(json!(["delay"]))).await.ok();
    let sorted = network.case(&case);
    assert_eq!((sorted.unsure, sorted.sorted_by), (false, Some(id("support-2"))));
    assert!(matches!(network.delivery(&order).standing, Standing::Excluded { .. }));
    act(&network, "support-2", &case, "sorting", sorting(json!(["delay", "conduct"]))).await.ok();
    assert_eq!(network.delivery(&order).standing, Standing::Counted);
    hear_driver(&network, &case).await;
    act(&network, "support-2", &case, "decision", decision("driver", "talk", "Er hat es eingeräumt.")).await.ok();
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)));
    act(&network, "support-2", &case, "sorting", sorting(json!(["delay"]))).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn a_case_is_sorted_by_nobody_concerned_and_into_something() {
    let (network, _, case) = with_case("conduct").await;
    let before = network.kept();
    for party in ["anna", "driver-17"] {
        let body = json!({ "categories": ["other"], "severity": "minor" });
        act(&network, party, &case, "sorting", body).await.refused(403, "own_case");
    }
    for body in [
        json!({ "categories": [], "severity": "minor" }),
        json!({ "categories": ["rudeness"], "severity": "minor" }),
        json!({ "categories": ["other"], "severity": "grave" }),
        json!({ "categories": ["other"] }),
    ] {
        act(&network, "support-2", &case, "sorting", body).await.refused(400, "invalid_request");
    }
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn support_sees_what_is_so_and_what_was_said() {
    let (network, order, case) = with_case("conduct").await;
    let seen = network.call(call("GET /support/orders/{order_id}").by("support-2").path("order_id", &order)).await;
    let seen = seen.ok();
    assert_eq!((&seen["order"]["status"], &seen["case"]["id"]), (&json!("collected"), &json!(case)));
    assert_eq!(seen["work_order"], Value::Null);
    let said: Vec<&str> = seen["notices"].as_array().unwrap().iter().map(kind_of).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    let happened: Vec<&Value> = seen["history"].as_array().unwrap().iter().map(|it| &it["event"]["what"]).collect();
    assert!(happened.contains(&&json!("parcel_deposited")), "{happened:?}");
    for (route, name) in [
        ("GET /support/orders/{order_id}", "order_id"),
        ("GET /support/lockers/{locker_id}", "locker_id"),
        ("GET /cases/{case_id}", "case_id"),
    ] {
        assert_eq!(network.call(call(route).by("support-2").path(name, "nobody")).await.status, 404, "{route}");
    }
}

fn kind_of(entry: &Value) -> &str {
    entry["notice"]["message"]["message"].as_str().unwrap()
}

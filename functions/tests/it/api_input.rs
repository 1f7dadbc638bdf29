//! Requests that are not of the published form: refused with the path of the field, and never repeated.

use aws::http::BODY_LENGTH_MAX;
use serde_json::{Value, json};

use crate::support::network::Network;
use crate::support::requests::{Answer, Call, call};

/// Every route with a body, each with a body it takes. What the bodies name does not exist: their form is
/// judged first.
fn routes_with_a_body() -> Vec<(Call, Value)> {
    let ratings = json!({ "ratings": { "delivery": 5, "condition": 5, "punctuality": 5, "driver": 5 } });
    let link = |network: &Network, purpose: domain::notice::LinkPurpose| {
        network.sender.signer.sign(&purpose, crate::support::at(0))
    };
    let empty = Network::empty();
    let order = crate::support::id("o-1");
    let choose = link(&empty, domain::notice::LinkPurpose::ChoosePlace { order, place_epoch: 1 });
    let order = crate::support::id("o-1");
    let rate = link(&empty, domain::notice::LinkPurpose::GiveFeedback { order });
    let step = |step: &str| {
        call("POST /work-orders/{work_order_id}/{step}")
            .by("tech-4")
            .path("work_order_id", "mz-03.1")
            .path("step", step)
    };
    let fetch =
        |step: &str| call("POST /recoveries/{order_id}/{step}").by("tech-4").path("order_id", "o-1").path("step", step);
    let drivers_case =
        |what: &str| call(&format!("POST /driver/cases/{{case_id}}/{what}")).by("driver-17").path("case_id", "C-1");
    let own_case = |what: &str| call(&format!("POST /my/cases/{{case_id}}/{what}")).by("anna").path("case_id", "C-1");
    let case = |what: &str| call(&format!("POST /cases/{{case_id}}/{what}")).by("support-2").path("case_id", "C-1");
    let position = json!({ "latitude_e6": 1, "longitude_e6": 1 });
    let locker = json!({
        "locker_id": "mz-09", "name": "Dom", "position": position, "region": "mainz",
        "compartments": [{ "number": 1, "size": "S" }],
    });
    let team = json!({
        "team_id": "t-1", "region": "mainz", "name": "Team", "skills": [], "language": "german", "email": "a@b.de",
    });
    let placement = json!({ "customer_id": "anna", "locker_id": "mz-99", "size": "M" });
    vec![
        (call("POST /lockers").by("op-1"), locker),
        (call("POST /teams").by("op-1"), team),
        (call("POST /people").by("op-1"), json!({ "person_id": "p-1", "language": "german", "email": "a@b.de" })),
        (call("POST /orders").by_order_system().header("idempotency-key", "k"), placement),
        (call("POST /deposits").by("driver-17"), json!({ "order_id": "o-1", "locker_id": "mz-03" })),
        (call("POST /choices/{token}").path("token", &choose), json!({ "home": true })),
        (call("POST /feedback/{token}").path("token", &rate), ratings.clone()),
        (call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", "o-1"), ratings),
        (step("acknowledge"), json!({})),
        (step("start"), json!({})),
        (step("hold"), json!({ "reason": "Ersatzteil" })),
        (step("report-repaired"), json!({ "note": "Riegel getauscht", "parts": ["lock-1"] })),
        (
            call("POST /support/orders/{order_id}/deadline").by("support-2").path("order_id", "o-1"),
            json!({ "extend_by_hours": 24, "reason": "krank" }),
        ),
        (call("POST /recoveries").by("tech-4"), json!({ "order_id": "o-1", "locker_id": "mz-04" })),
        (fetch("take"), json!({})),
        (fetch("receive"), json!({ "from": "tech-4" })),
        (fetch("redirect"), json!({ "locker_id": "mz-04" })),
        (fetch("abandon"), json!({ "reason": "klemmt" })),
        (
            call("POST /lockers/{locker_id}/compartments/{compartment}/contents")
                .by("tech-4")
                .path("locker_id", "mz-99")
                .path("compartment", "7"),
            json!({ "empty": true }),
        ),
        (case("assignment"), json!({ "to": "support-2" })),
        (case("decision"), json!({ "cause": "unknown", "measure": "apology", "reasons": "weil" })),
        (case("closing"), json!({})),
        (case("question"), json!({ "question": "Welches Fach?" })),
        (case("update"), json!({})),
        (case("reopening"), json!({ "reason": "am Telefon" })),
        (case("joining"), json!({ "into": "C-2" })),
        (case("hearing"), json!({})),
        (case("contest-answer"), json!({ "granted": true, "reasons": "weil" })),
        (drivers_case("statement"), json!({ "text": "So nicht." })),
        (drivers_case("contest"), json!({ "text": "So nicht." })),
        (own_case("answer"), json!({ "text": "Das große." })),
        (own_case("reopening"), json!({ "text": "Nein." })),
    ]
}

async fn answer(call: Call) -> Answer {
    Network::empty().call(call).await
}

#[tokio::test]
async fn the_form_of_every_body_in_this_file_is_right() {
    for (route, body) in routes_with_a_body() {
        let answer = answer(route.clone().json(body)).await;
        assert!(matches!(answer.status, 201 | 404), "{route:?}: {answer:?}");
    }
}

#[tokio::test]
async fn a_body_of_another_type_is_not_read() {
    for (route, body) in routes_with_a_body() {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", "text/json"] {
            let request = route.clone().body(content_type, &body.to_string());
            // The page behind the link has a form (link_pages.rs).
            if request.request().route_key == "POST /choices/{token}" && request.request().is_form() {
                continue;
            }
            answer(request).await.refused(415, "unsupported_media_type");
        }
        let named = answer(route.clone().body("Application/JSON; charset=utf-8", &body.to_string())).await;
        assert!(matches!(named.status, 201 | 404), "{route:?}: {named:?}");
        answer(route).await.refused(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn a_body_above_64_kb_is_not_read() {
    for (route, body) in routes_with_a_body() {
        let body = body.to_string();
        let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
        let largest = answer(route.clone().text(&padded(BODY_LENGTH_MAX))).await;
        assert!(matches!(largest.status, 201 | 404), "{route:?}: {largest:?}");
        for length in [BODY_LENGTH_MAX + 1, BODY_LENGTH_MAX * 2, 1_000_000] {
            answer(route.clone().text(&padded(length))).await.refused(413, "payload_too_large");
        }
    }
}

#[tokio::test]
async fn what_is_not_json_or_hides_something_is_refused_everywhere() {
    for (route, body) in routes_with_a_body() {
        let body = body.to_string();
        let beginning = body.strip_suffix('}').unwrap();
        let comma = if beginning == "{" { "" } else { "," };
        for text in [
            "".to_owned(),
            "no".to_owned(),
            beginning.to_owned(),
            "[]".to_owned(),
            "null".to_owned(),
            "\"\u{1}\"".to_owned(),
            format!("{body}{body}"),
            format!("{beginning}{comma}\"x\":1e999}}"),
            format!("{beginning}{comma}\"x\":{}{}}}", "[".repeat(16), "]".repeat(16)),
            format!("{}{}", "[".repeat(30_000), "]".repeat(30_000)),
        ] {
            answer(route.clone().text(&text)).await.refused(400, "invalid_request");
        }
    }
}

#[tokio::test]
async fn an_unknown_field_is_refused_everywhere_and_its_value_not_repeated() {
    for (route, mut body) in routes_with_a_body() {
        body["nonsense"] = json!("s3cret");
        let answer = answer(route.json(body)).await.refused(400, "invalid_request");
        assert_eq!(answer.field(), "nonsense");
        assert!(!answer.body.to_string().contains("s3cret"), "{answer:?}");
    }
}

/// A body with one field changed is refused, says where, and does not repeat what was there.
async fn is_refused_at(route: &str, pointer: &str, value: Value, field: &str) {
    let (call, mut body) =
        routes_with_a_body().into_iter().find(|(call, _)| call.request().route_key == route).expect("a route");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Array(values) => values[name.parse::<usize>().unwrap()] = value.clone(),
        other => other[name] = value.clone(),
    }
    let answer = answer(call.json(body)).await.refused(400, "invalid_request");
    assert_eq!(answer.field(), field, "{answer:?}");
    assert!(!answer.body.to_string().contains("s3cret"), "{answer:?}");
}

#[tokio::test]
async fn a_wrong_value_is_named_by_its_path_and_not_repeated() {
    for (route, pointer, value, field) in [
        ("POST /orders", "/size", json!("s3cret"), "size"),
        ("POST /orders", "/size", json!(7), "size"),
        ("POST /orders", "/customer_id", json!("s3cret s3cret"), "customer_id"),
        ("POST /orders", "/customer_id", json!(null), "customer_id"),
        ("POST /orders", "/locker_id", json!("mz-03#s3cret"), "locker_id"),
        ("POST /orders", "/promised_at", json!("s3cret"), "promised_at"),
        ("POST /orders", "/promised_at", json!("2026-13-77T99:99:99Z s3cret"), "promised_at"),
        ("POST /orders", "/elsewhere_within_m", json!(-1), "elsewhere_within_m"),
        ("POST /orders", "/elsewhere_within_m", json!(20_001), "elsewhere_within_m"),
        ("POST /orders", "/elsewhere_within_m", json!(1.5), "elsewhere_within_m"),
        ("POST /orders", "/elsewhere_within_m", json!("x expected s3cret at line 7"), "elsewhere_within_m"),
        ("POST /deposits", "/order_id", json!("s3cret\u{0}"), "order_id"),
        ("POST /lockers", "/compartments/0/number", json!(0), "compartments[0].number"),
        ("POST /lockers", "/compartments/0/number", json!(1_000), "compartments[0].number"),
        ("POST /lockers", "/compartments/0/size", json!("invalid type: s3cret"), "compartments[0].size"),
        ("POST /lockers", "/compartments", json!([]), "compartments"),
        ("POST /lockers", "/position/latitude_e6", json!(90_000_001), "position"),
        ("POST /lockers", "/position/latitude_e6", json!(1e300), "position.latitude_e6"),
        ("POST /lockers", "/name", json!("s3cret\nname"), "name"),
        ("POST /lockers", "/name", json!("   "), "name"),
        ("POST /lockers", "/name", json!("s3cret".repeat(30)), "name"),
        ("POST /teams", "/skills", json!(["s3cret"]), "skills[0]"),
        ("POST /teams", "/email", json!("s3cret"), "email"),
        ("POST /people", "/email", json!("s3cret@example.org\nBcc: x@example.org"), "email"),
        ("POST /people", "/language", json!("s3cret"), "language"),
        ("POST /people", "/push_token", json!(""), "push_token"),
        ("POST /people", "/preferences", json!({ "home": "s3cret" }), "preferences.home"),
        ("POST /choices/{token}", "/locker_id", json!("mz-04"), "locker_id"),
        ("POST /cases/{case_id}/decision", "/cause", json!("s3cret"), "cause"),
        ("POST /cases/{case_id}/decision", "/reasons", json!("s3cret".repeat(700)), "reasons"),
        ("POST /cases/{case_id}/question", "/question", json!(" \n"), "question"),
        ("POST /cases/{case_id}/question", "/question", json!("s3cret".repeat(400)), "question"),
        ("POST /cases/{case_id}/reopening", "/reason", json!(""), "reason"),
        ("POST /cases/{case_id}/contest-answer", "/reasons", json!(" "), "reasons"),
        ("POST /driver/cases/{case_id}/statement", "/text", json!(""), "text"),
        ("POST /driver/cases/{case_id}/contest", "/text", json!("s3cret".repeat(700)), "text"),
        ("POST /cases/{case_id}/joining", "/into", json!("s3cret#1"), "into"),
        ("POST /my/cases/{case_id}/answer", "/text", json!("s3cret".repeat(700)), "text"),
        ("POST /my/cases/{case_id}/reopening", "/text", json!(" "), "text"),
    ] {
        is_refused_at(route, pointer, value, field).await;
    }
}

#[tokio::test]
async fn a_parcel_without_extent_or_with_a_size_of_its_own_is_refused() {
    let place = |body: Value| async {
        let call = call("POST /orders").by_order_system().header("idempotency-key", "k");
        answer(call.json(body)).await
    };
    let dimensions = |length_mm: i64| json!({ "length_mm": length_mm, "width_mm": 10, "height_mm": 10 });
    let order = |rest: Value| {
        let mut body = json!({ "customer_id": "anna", "locker_id": "mz-03" });
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        body
    };
    for (body, field) in [
        (order(json!({ "dimensions": dimensions(-1) })), "dimensions.length_mm"),
        (order(json!({ "dimensions": dimensions(0) })), "dimensions"),
        (order(json!({ "dimensions": dimensions(5_000_000_000) })), "dimensions.length_mm"),
        (order(json!({ "dimensions": dimensions(1), "size": "M" })), "size"),
        (order(json!({})), "size"),
    ] {
        assert_eq!(place(body).await.refused(400, "invalid_request").field(), field);
    }
    place(order(json!({ "dimensions": dimensions(900) }))).await.refused(404, "unknown_locker");
}

#[tokio::test]
async fn an_order_needs_a_key_of_at_most_128_characters() {
    let body = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "M" });
    for key in [None, Some(""), Some(&*"k".repeat(129))] {
        let call = call("POST /orders").by_order_system().json(body.clone());
        let call = key.iter().fold(call, |call, key| call.header("idempotency-key", key));
        let answer = answer(call).await.refused(400, "invalid_request");
        assert_eq!(answer.field(), "Idempotency-Key");
    }
}

#[tokio::test]
async fn a_search_that_makes_no_sense_is_refused() {
    let search = |name: &'static str, value: &'static str| async move {
        let call = call("GET /lockers").by_order_system().query("latitude_e6", "1").query("longitude_e6", "1");
        answer(call.query(name, value)).await
    };
    for (name, value) in [
        ("latitude_e6", "north"),
        ("latitude_e6", "90000001"),
        ("latitude_e6", "1.5"),
        ("longitude_e6", "1e999"),
        ("longitude_e6", "99999999999999999999"),
        ("radius_m", "-1"),
        ("radius_m", "20001"),
        ("size", "s3cret"),
        ("size", "5"),
        ("include_closed", "perhaps"),
    ] {
        let answer = search(name, value).await.refused(400, "invalid_request");
        let expected = if value == "90000001" { "latitude_e6" } else { name };
        assert_eq!(answer.field(), expected);
        assert!(!answer.body.to_string().contains("s3cret"));
    }
    let missing = answer(call("GET /lockers").by_order_system().query("latitude_e6", "1")).await;
    assert_eq!(missing.refused(400, "invalid_request").field(), "longitude_e6");
}

#[tokio::test]
async fn an_identifier_that_could_never_exist_does_not_exist() {
    for (route, parameter) in [
        ("GET /orders/{order_id}", "order_id"),
        ("DELETE /orders/{order_id}", "order_id"),
        ("GET /lockers/{locker_id}", "locker_id"),
        ("GET /my/orders/{order_id}", "order_id"),
        ("GET /support/orders/{order_id}", "order_id"),
        ("GET /support/lockers/{locker_id}", "locker_id"),
        ("GET /work-orders/{work_order_id}", "work_order_id"),
        ("GET /cases/{case_id}", "case_id"),
        ("GET /my/cases/{case_id}", "case_id"),
        ("GET /driver/cases/{case_id}", "case_id"),
    ] {
        for id in ["", "a#b", "o-1/../o-2", "ORDER#o-1", "\u{0}", &"x".repeat(65), "mz-03.0", "ä"] {
            let call = call(route).by("anna").path(parameter, id);
            assert_eq!(answer(call).await.status, 404, "{route} {id}");
        }
    }
}

#[tokio::test]
async fn whoever_the_gateway_did_not_name_sees_nothing() {
    for (route, body) in routes_with_a_body() {
        let anonymous = call(&route.request().route_key).json(body);
        if !route.request().route_key.contains("{token}") {
            answer(anonymous).await.refused(404, "not_found");
        }
    }
}

//! What API Gateway hands in, and what is held for every answer.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use aws::http::{Request, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::notice::LinkPurpose;
use functions::{
    complaints, deposit_authorisation, fault_reports, feedback_submission, order_choices, order_placement, registry, support_view, trapped_parcels, work_orders,
};
use serde_json::{Value, json};

use crate::network::Network;
use crate::{SECRET, run, samples, strict_json};

/// The longest path of a field that an answer names: sixteen names of 64 characters, with what joins them.
const FIELD_LENGTH_MAX: usize = 16 * 70;

/// The sample of a request that an input's byte chooses. Every route has one.
pub fn sampled(byte: u8) -> Value {
    static SAMPLES: OnceLock<Vec<Value>> = OnceLock::new();
    let samples = SAMPLES.get_or_init(|| {
        let samples: Vec<Value> = samples::requests().into_iter().map(|(_, event)| event).collect();
        let sampled: BTreeSet<&str> = samples.iter().filter_map(|event| event["routeKey"].as_str()).collect();
        for (function, route) in functions::routes() {
            assert!(sampled.contains(route), "{function} has no sample of {route}");
        }
        samples
    });
    samples[usize::from(byte) % samples.len()].clone()
}

/// Puts into a sample what only this network has: a link it has signed, the case and the work order it has opened.
pub fn fit(event: &mut Value, network: &Network) {
    let for_choice = event["routeKey"].as_str().is_some_and(|route| route.contains("/choices/"));
    if let Some(token) = event.pointer_mut("/pathParameters/token") {
        let order = "o-1001".parse().expect("an id");
        *token = Value::from(network.token(&match for_choice {
            true => LinkPurpose::ChoosePlace { order, place_epoch: 2 },
            false => LinkPurpose::GiveFeedback { order },
        }));
    }
    for (name, opened) in [("case_id", &network.case), ("work_order_id", &network.work_order)] {
        if let (Some(id), Some(opened)) = (event.pointer_mut(&format!("/pathParameters/{name}")), opened) {
            *id = Value::from(opened.as_str());
        }
    }
    if let Some(headers) = event["headers"].as_object_mut() {
        headers.remove("if-match");
    }
}

/// Gives an event this body. The gateway writes as base64 what is no text.
pub fn set_body(event: &mut Value, body: &[u8]) {
    let (text, is_base64) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (BASE64_STANDARD.encode(body), true),
    };
    event["body"] = Value::from(text);
    event["isBase64Encoded"] = Value::from(is_base64);
}

/// Answers a request, as the function of its route does. What has no route is answered by any of them.
pub fn answer(network: &Network, request: &Request) -> Response {
    let function = functions::routes().into_iter().find(|(_, route)| *route == request.route_key);
    let (store, signer, now) = (&network.store, &network.sender.signer, network.now());
    match function.map_or("registry", |(function, _)| function) {
        "registry" => run(registry::handle(store, &network.registrars, request, now)),
        "order_placement" => run(order_placement::handle(store, request, now)),
        "fault_reports" => run(fault_reports::handle(store, request, now)),
        "deposit_authorisation" => run(deposit_authorisation::handle(store, request, now)),
        "order_choices" => run(order_choices::handle(store, signer, request, now)),
        "work_orders" => run(work_orders::handle(store, request, now)),
        "feedback_submission" => run(feedback_submission::handle(store, signer, &network.support, request, now)),
        "complaints" => run(complaints::handle(store, &network.support, request, now)),
        "support_view" => run(support_view::handle(store, request, now)),
        "trapped_parcels" => run(trapped_parcels::handle(store, request, now)),
        other => panic!("{other} has routes that nobody sends inputs to"),
    }
}

/// Whether an answer's name of a field is one: letters, digits and what joins them, and not endless.
pub fn is_field(name: &str) -> bool {
    name.len() <= FIELD_LENGTH_MAX
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '?'))
}

/// Sends a request, and once more where it was done. Held for every request:
///
/// - the answer is JSON and not 5xx, over a healthy store;
/// - a refusal has a reason and a message, names a field by its path, repeats no value of the request, and has
///   changed nothing;
/// - nor has a GET;
/// - a body that was taken is one that a reader who sees everything would take;
/// - a request that comes again changes nothing more.
pub fn ask(network: &Network, request: &Request) -> Response {
    let response = answer(network, request);
    let told = || format!("{} was answered {} {}", request.route_key, response.status_code, response.body);
    assert!((200..500).contains(&response.status_code), "{}", told());
    assert_eq!(response.headers.get("content-type").map(String::as_str), Some("application/json"), "{}", told());
    let answer_body: Value = serde_json::from_str(&response.body).unwrap_or_else(|_| panic!("{}", told()));
    let changes = network.store.changes();
    if response.status_code >= 400 {
        let error = &answer_body["error"];
        assert!(error["reason"].is_string() && error["message"].is_string(), "{}", told());
        if let Some(field) = error.get("field") {
            assert!(field.as_str().is_some_and(is_field), "{}", told());
        }
        let body = request.body_bytes().unwrap_or_default();
        assert!(!response.body.contains(SECRET) || strict_json::names_hold(&body, SECRET), "{}", told());
        assert_eq!(changes, 0, "{}, and something has changed", told());
        return response;
    }
    if request.route_key.starts_with("GET ") {
        assert_eq!(changes, 0, "{}, and something has changed", told());
    }
    if request.route_key.starts_with("POST ") {
        let body = request.body_bytes().expect("a body that was read");
        if let Err(flaws) = strict_json::read(&body) {
            panic!("{}, though its body has {flaws:?}: {}", told(), body.escape_ascii());
        }
    }
    let again = answer(network, request);
    assert!(again.status_code < 500, "{}, then {again:?}", told());
    assert_eq!(network.store.changes(), changes, "{}, and changed more when it came again", told());
    response
}

/// Reads an event as the function's runtime does.
///
/// # Errors
/// Where it is no event of the gateway's.
pub fn read(event: Value) -> Result<Request, serde_json::Error> {
    serde_json::from_value(event)
}

/// Changes an event by lines of `name=value`: a placeholder of its path, `sub` or `arn` for who asks, a query
/// parameter, and else a header. An empty value takes it away.
pub fn set_parameters(event: &mut Value, lines: &str) {
    let route = event["routeKey"].as_str().unwrap_or_default().to_owned();
    for (name, value) in lines.lines().filter_map(|line| line.split_once('=')) {
        let place = match name {
            "sub" => "/requestContext/authorizer/jwt/claims",
            "arn" => {
                event["requestContext"]["authorizer"] = json!({ "iam": { "userArn": value } });
                continue;
            }
            "requestId" => "/requestContext",
            _ if route.contains(&format!("{{{name}}}")) => "/pathParameters",
            "latitude_e6" | "longitude_e6" | "radius_m" | "size" | "include_closed" => "/queryStringParameters",
            _ => "/headers",
        };
        let Some(fields) = event.pointer_mut(place).and_then(Value::as_object_mut) else { continue };
        if value.is_empty() {
            fields.remove(name);
        } else {
            fields.insert(name.to_owned(), Value::from(value));
        }
    }
}

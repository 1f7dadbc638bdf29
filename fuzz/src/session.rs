//! What happens at one locker in a row, a line each, with streams and sweeps following: single messages cannot show
//! what a device's names for its messages do to what the network names itself.
//!
//! ```text
//! fault <message id> <unit> <code>
//! deposit <message id>
//! collect <message id>
//! open <message id> <work order> <attempt> <unit> <passed>
//! connect <session>
//! disconnect <session>
//! step <work order> <step>
//! repaired <work order> <length of a part's name>
//! order <idempotency key> <customer> <size>
//! choose <locker or home>
//! cancel
//! rate <stars>
//! wait <seconds>
//! sweep
//! ```

use aws::apply::{list, look};
use aws::http::Request;
use aws::keys;
use domain::StateKey;
use domain::compartment::{Compartment, Occupancy};
use domain::fault::{OpenFaults, Unit};
use domain::id::{CompartmentNumber, LockerId};
use domain::locker::Locker;
use domain::order::{Order, OrderStatus};
use domain::preventive::SERVICED_AFTER_OPENINGS;
use domain::work_order::WorkOrder;
use functions::sweeps::{self, Settings};
use serde_json::{Value, json};

use crate::devices::{self, Function};
use crate::network::Network;
use crate::{BEGIN_SECOND, requests, run, streams};

/// How many lines of an input are played: a whole incident has about ten.
const LINES_MAX: usize = 24;

/// How far one line lets time pass, in seconds: longer than history is kept.
const WAIT_SECONDS_MAX: i64 = 100 * 24 * 3_600;

/// The longest name of a part: with fifty of them a body has just below 64 KB.
const PART_LENGTH_MAX: usize = 1_200;

/// Plays lines one after the other. What is no line of the above is passed over. Held after each of them:
///
/// - no message stays in its queue, no answer is 5xx, no stream function and no sweep fails;
/// - the streams run dry.
///
/// Held at the end:
///
/// - every open fault is repaired by the open work order of its locker;
/// - a compartment and the order it is held for name each other.
pub fn play(network: &Network, lines: &str) {
    let mut second = 60;
    for (number, line) in lines.lines().take(LINES_MAX).enumerate() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let played = match words.as_slice() {
            ["wait", seconds] => {
                let seconds: i64 = seconds.parse().unwrap_or_default();
                second += seconds.clamp(0, WAIT_SECONDS_MAX);
                network.wait_until(second);
                true
            }
            ["sweep"] => {
                let settings =
                    Settings { serviced_after_openings: SERVICED_AFTER_OPENINGS, support: network.support };
                let swept = run(sweeps::handle(&network.store, &network.sender, &settings, network.now()));
                swept.map(drop).unwrap_or_else(|failure| panic!("line {number}: a sweep fails: {failure}"));
                true
            }
            words => say(network, number, second, words) || ask(network, number, words),
        };
        if played {
            streams::run_dry(network);
        }
    }
    inspect(network);
}

/// A line about what a device or the broker says.
fn say(network: &Network, number: usize, second: i64, words: &[&str]) -> bool {
    let at_door = |what: &str| json!({ "event": { "type": what, "order_id": "o-1001", "compartment": 7 } });
    let lifecycle = |event: &str, session: &str| {
        json!({
            "clientId": "mz-03", "timestamp": (BEGIN_SECOND + second) * 1_000, "eventType": event,
            "sessionIdentifier": session,
        })
    };
    let (function, said) = match words {
        ["fault", message, unit, code] => (
            Function::FaultIntake,
            devices::said("mz-03", message, json!({ "faults": [{ "unit": unit, "code": code }] })),
        ),
        ["deposit", message] => (Function::ParcelEvents, devices::said("mz-03", message, at_door("parcel_deposited"))),
        ["collect", message] => (Function::ParcelEvents, devices::said("mz-03", message, at_door("parcel_collected"))),
        ["open", message, work_order, attempt, unit, passed] => {
            let event = json!({
                "type": "test_opening", "work_order_id": work_order, "attempt": attempt.parse::<u32>().unwrap_or(1),
                "unit": unit, "passed": *passed != "false",
            });
            (Function::ParcelEvents, devices::said("mz-03", message, json!({ "event": event })))
        }
        ["connect", session] => (Function::Presence, lifecycle("connected", session)),
        ["disconnect", session] => (Function::Presence, lifecycle("disconnected", session)),
        _ => return false,
    };
    let body = devices::from_rule("mz-03", None, said.to_string().as_bytes(), second);
    let answer = devices::deliver(network, function, vec![devices::queued(&format!("queue-{number}"), body)]);
    assert!(answer.batch_item_failures.is_empty(), "line {number} stays in its queue: {said}");
    true
}

/// A line about what people and systems ask for.
fn ask(network: &Network, number: usize, words: &[&str]) -> bool {
    let person = |person: &str| json!({ "jwt": { "claims": { "sub": person } } });
    let system = json!({ "iam": { "userArn": "arn:aws:iam::123456789012:user/order-system" } });
    let (route, by, path, body) = match words {
        ["step", work_order, step] => {
            let body = match *step {
                "report-repaired" => json!({ "note": "fertig" }),
                "hold" => json!({ "reason": "Teil fehlt" }),
                _ => json!({}),
            };
            let path = json!({ "work_order_id": work_order, "step": step });
            ("POST /work-orders/{work_order_id}/{step}", person("tech-4"), path, body)
        }
        ["repaired", work_order, length] => {
            let length = length.parse().unwrap_or(0).min(PART_LENGTH_MAX);
            let body = json!({ "note": "fertig", "parts": vec!["p".repeat(length); 50] });
            let path = json!({ "work_order_id": work_order, "step": "report-repaired" });
            ("POST /work-orders/{work_order_id}/{step}", person("tech-4"), path, body)
        }
        ["order", _, customer, size] => {
            let body =
                json!({ "customer_id": customer, "locker_id": "mz-03", "size": size, "elsewhere_within_m": 500 });
            ("POST /orders", system, json!({}), body)
        }
        ["choose", place] => {
            let body = if *place == "home" { json!({ "home": true }) } else { json!({ "locker_id": place }) };
            ("POST /my/orders/{order_id}/place", person("anna"), json!({ "order_id": "o-1001" }), body)
        }
        ["cancel"] => ("DELETE /orders/{order_id}", system, json!({ "order_id": "o-1001" }), json!({})),
        ["rate", stars] => {
            let stars: u8 = stars.parse().unwrap_or(1);
            let ratings = json!({ "delivery": stars, "condition": stars, "punctuality": stars, "driver": stars });
            let body = json!({ "ratings": ratings, "reasons": ["delay"] });
            ("POST /my/orders/{order_id}/feedback", person("anna"), json!({ "order_id": "o-1001" }), body)
        }
        _ => return false,
    };
    let key = words.get(1).copied().unwrap_or_default();
    let event: Value = json!({
        "routeKey": route,
        "headers": { "content-type": "application/json", "idempotency-key": key },
        "pathParameters": path,
        "body": body.to_string(),
        "requestContext": { "requestId": format!("request-{number}"), "authorizer": by },
    });
    let request: Request = requests::read(event).expect("a request");
    let response = requests::answer(network, &request);
    assert!(response.status_code < 500, "line {number}: {} was answered {response:?}", request.route_key);
    true
}

fn inspect(network: &Network) {
    for locker in ["mz-03", "mz-04", "mz-05"] {
        run(inspect_locker(network, &locker.parse().expect("an id")));
    }
}

async fn inspect_locker(network: &Network, id: &LockerId) {
    let names = [StateKey::Locker(id.clone()), StateKey::WorkOrder(id.clone())];
    let (mut states, _) = look(&network.store, &names).await.expect("states that can be read");
    let Some(locker) = states.take::<Locker>(&names[0]) else { return };
    let work_order: Option<WorkOrder> = states.take(&names[1]);
    is_repaired_by(work_order.as_ref(), Unit::Locker, &locker.faults);
    let all = keys::compartments(id, None, CompartmentNumber::MAX.into());
    let compartments: Vec<Compartment> = list(&network.store, &all).await.expect("compartments that can be read");
    for compartment in compartments {
        is_repaired_by(work_order.as_ref(), Unit::Compartment(compartment.number), &compartment.faults);
        let Some(order) = compartment.order() else { continue };
        let name = StateKey::Order(order.clone());
        let (mut states, _) = look(&network.store, std::slice::from_ref(&name)).await.expect("a readable order");
        let order: Order = states.take(&name).unwrap_or_else(|| panic!("{compartment:?} is held for no order"));
        assert_eq!(order.compartment(), Some((id, compartment.number)), "{compartment:?} is held for {order:?}");
        let inside = matches!(compartment.occupancy, Occupancy::Occupied { .. });
        assert_eq!(!order.is_underway(), inside, "{compartment:?} is held for {order:?}");
    }
}

fn is_repaired_by(work_order: Option<&WorkOrder>, unit: Unit, faults: &OpenFaults) {
    for (code, fault) in faults {
        let work_order = work_order.filter(|it| it.is_open() && it.id == fault.work_order);
        let repair = work_order.and_then(|it| it.units.get(&unit));
        assert!(repair.is_some_and(|repair| repair.codes.contains(code)), "nobody repairs {code} of {unit}");
    }
}

//! What devices say that cannot be understood, or says something else than it should: kept with the reason, while
//! the rest of its batch goes on.

use aws::batch::{BatchAnswer, QueueMessage};
use domain::Timestamp;
use domain::compartment::Health;
use domain::presence::Link;
use serde_json::json;

use crate::support::BEGIN_SECOND;
use crate::support::devices::*;
use crate::support::network::Network;

/// The functions that take messages of devices, each with a message it understands.
fn entries() -> [(&'static str, QueueMessage); 3] {
    let deposit = |order: &str| json!({ "type": "parcel_deposited", "order_id": order, "compartment": 7 });
    [
        ("fault_intake", faults("mz-03", "good", &[("7", "lock_jammed")])),
        ("parcel_events", door("mz-03", "good", deposit("o-1"))),
        ("heartbeat_intake", heartbeat("mz-03", 0, json!({}))),
    ]
}

/// Hands a message over between two that are well-formed. It is quarantined for this reason, nothing is left in
/// the queue, and the others were dealt with.
async fn is_kept_for(function: &str, bad: QueueMessage, reason: &str) {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let (before, after) = match function {
        "fault_intake" => {
            (faults("mz-03", "before", &[("1", "lock_jammed")]), faults("mz-03", "after", &[("2", "lock_jammed")]))
        }
        "heartbeat_intake" => (heartbeat("mz-03", -300, json!({})), heartbeat("mz-04", 0, json!({}))),
        _ => (deposited("mz-03", "before", &order, compartment), collected("mz-03", "after", &order, compartment)),
    };
    let answer = network.deliver(function, [before, bad.clone(), after]).await;
    assert_eq!(answer, BatchAnswer::default(), "nothing comes again");
    let kept = network.quarantined();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept[0].reason.contains(reason), "{:?} is not {reason:?}", kept[0].reason);
    assert_eq!((kept[0].function.as_str(), &kept[0].body), (function, &bad.body));
    match function {
        "fault_intake" => {
            for number in [1, 2] {
                assert_eq!(network.compartment("mz-03", number).health(), Health::Faulted);
            }
        }
        "heartbeat_intake" => {
            assert!(network.heartbeat("mz-03").is_some() && network.heartbeat("mz-04").is_some());
        }
        _ => assert!(network.order(&order).collected_at.is_some()),
    }
}

#[tokio::test]
async fn what_is_not_json_is_kept_and_the_rest_goes_on() {
    for (function, _) in entries() {
        for (payload, reason) in [
            (&b"faults!"[..], "not JSON"),
            (b"", "ends too early"),
            (b"{\"version\":1,", "ends too early"),
            (b"\xff\xfe", "not JSON"),
            (b"{\"version\":1,\"locker_id\":\"mz-\xff03\"}", "not JSON"),
            (b"[]", "invalid"),
            (b"null", "invalid type"),
            (b"{}", "missing field `version`"),
        ] {
            is_kept_for(function, from_rule("mz-03", "mz-03", payload), reason).await;
        }
    }
}

#[tokio::test]
async fn what_hides_something_is_kept() {
    for (function, rest) in [
        ("fault_intake", json!({ "faults": [{ "unit": "7", "code": "lock_jammed" }] })),
        ("parcel_events", json!({ "event": { "type": "parcel_deposited", "order_id": "o-1", "compartment": 7 } })),
    ] {
        let whole = published("mz-03", "m-1", rest).to_string();
        let beginning = whole.strip_suffix('}').unwrap();
        let deep = format!("{beginning},\"x\":{}{}}}", "[".repeat(16), "]".repeat(16));
        let very_deep = format!("{beginning},\"x\":{}{}}}", "[".repeat(3_000), "]".repeat(3_000));
        let long = format!("{beginning},\"x\":\"{}\"}}", "a".repeat(8 * 1024));
        let endless = format!("{beginning},\"x\":1e999}}");
        let twice = format!("{beginning},\"message_id\":\"m-2\"}}");
        let control = format!("{beginning},\"x\":\"\\u0000\"}}");
        let bodies = format!("{beginning},\"faults\":[],\"event\":{{}}}}");
        for (payload, reason) in [
            (deep, "nested too deeply"),
            (very_deep, "nested too deeply"),
            (long, "longer than 8192 bytes"),
            (endless, "not JSON"),
            (twice, "duplicate field `message_id`"),
            (control, "control characters"),
            (bodies, "duplicate field"),
        ] {
            is_kept_for(function, from_rule("mz-03", "mz-03", payload.as_bytes()), reason).await;
        }
    }
}

#[tokio::test]
async fn a_message_as_long_and_as_deep_as_may_be_is_taken() {
    let network = Network::mainz().await;
    let report = |padding: usize| {
        let deepest: serde_json::Value =
            serde_json::from_str(&format!("{}{}", "[".repeat(15), "]".repeat(15))).unwrap();
        let fault = json!({ "unit": "7", "code": "lock_jammed" });
        published("mz-03", "m-1", json!({ "faults": [fault], "x": "a".repeat(padding), "y": deepest })).to_string()
    };
    let payload = report(8 * 1024 - report(0).len());
    assert_eq!(payload.len(), 8 * 1024);
    network.happens("fault_intake", from_rule("mz-03", "mz-03", payload.as_bytes())).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
}

#[tokio::test]
async fn an_unknown_type_or_version_is_kept() {
    for version in [json!(0), json!(2), json!("1"), json!(1.5), json!(null)] {
        let rest = json!({ "version": version, "faults": [{ "unit": "7", "code": "lock_jammed" }] });
        let reason = if version.is_u64() { "format version" } else { "version: invalid type" };
        is_kept_for("fault_intake", message_at("mz-03", "m-1", rest, 0), reason).await;
    }
    let unknown = door("mz-03", "m-1", json!({ "type": "door_painted", "order_id": "o-1", "compartment": 7 }));
    is_kept_for("parcel_events", unknown, "unknown value").await;
    let extra = json!({ "type": "parcel_deposited", "order_id": "o-1", "compartment": 7, "weight_g": 1 });
    is_kept_for("parcel_events", door("mz-03", "m-1", extra), "unknown field").await;
    let number = json!({ "type": "parcel_deposited", "order_id": "o-1", "compartment": 1_000 });
    is_kept_for("parcel_events", door("mz-03", "m-1", number), "compartment number").await;
}

#[tokio::test]
async fn a_report_of_no_faults_or_of_more_than_fifty_is_kept() {
    is_kept_for("fault_intake", faults("mz-03", "m-1", &[]), "names 0 faults").await;
    is_kept_for("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed"); 51]), "names 51 faults").await;
    for unit in ["0", "1000", "-1", "Locker", ""] {
        is_kept_for("fault_intake", faults("mz-03", "m-1", &[(unit, "lock_jammed")]), "a unit is").await;
    }
}

#[tokio::test]
async fn a_message_that_no_rule_of_ours_wrote_is_kept() {
    for (function, _) in entries() {
        for body in ["", "{}", "hello", "{\"payload\":\"!\",\"thing\":\"mz-03\",\"received_ms\":1}"] {
            is_kept_for(function, queued(body.to_owned()), "not written by an IoT rule").await;
        }
        let late = json!({ "payload": "e30=", "thing": "mz-03", "received_ms": i64::MAX }).to_string();
        is_kept_for(function, queued(late), "not written by an IoT rule").await;
    }
}

#[tokio::test]
async fn where_topic_connection_and_body_name_different_devices_nothing_happens() {
    let body = |locker: &str| published(locker, "m-1", json!({ "faults": [{ "unit": "7", "code": "lock_jammed" }] }));
    for (thing, client, locker) in
        [("mz-03", "mz-03", "mz-04"), ("mz-04", "mz-04", "mz-03"), ("mz-03", "mz-04", "mz-03")]
    {
        let message = from_rule(thing, client, body(locker).to_string().as_bytes());
        is_kept_for("fault_intake", message, "name different devices").await;
    }
    let message = from_rule("mz-03/../mz-04", "mz-03", body("mz-03").to_string().as_bytes());
    is_kept_for("fault_intake", message, "an identifier").await;
}

#[tokio::test]
async fn for_an_unknown_locker_nothing_is_created() {
    let network = Network::mainz().await;
    let before = network.kept();
    let opening = test_opening("mz-99", "m-3", "mz-99.1", "7", true);
    network.deliver("fault_intake", [faults("mz-99", "m-1", &[("7", "lock_jammed")])]).await;
    network.deliver("parcel_events", [deposited("mz-99", "m-2", "o-1", 7), opening]).await;
    network.deliver("presence", [presence("mz-99", "s-1", 0, "connected")]).await;
    network.drain().await;
    assert_eq!(network.kept(), before);
    assert_eq!(network.quarantined().len(), 3, "a connection of who is no locker of ours is not worth keeping");
}

#[tokio::test]
async fn of_an_unknown_compartment_only_the_known_ones_beside_it_are_closed() {
    let network = Network::mainz().await;
    let report = faults("mz-03", "m-1", &[("8", "lock_jammed"), ("7", "lock_jammed")]);
    assert_eq!(network.deliver("fault_intake", [report]).await, BatchAnswer::default());
    assert!(network.quarantined()[0].reason.contains("no compartment 8"));
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
    assert_eq!(network.work_order("mz-03").unwrap().units.len(), 1);
}

#[tokio::test]
async fn a_message_is_known_by_its_id_whatever_counter_clock_or_boot_it_carries() {
    let network = Network::mainz().await;
    let report = |message_id: &str, rest: serde_json::Value| {
        let mut message = json!({ "faults": [{ "unit": "7", "code": "lock_jammed" }] });
        message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        message_at("mz-03", message_id, message, 10)
    };
    for (count, (message_id, rest)) in [
        ("m-1", json!({ "sequence": 0 })),
        ("m-2", json!({ "sequence": u64::MAX })),
        ("m-3", json!({ "sequence": 1, "boot_id": "another-boot" })),
        ("m-4", json!({ "sent_at": "2036-09-21T14:13:20Z" })),
        ("m-5", json!({ "sent_at": "1970-01-01T00:00:00Z" })),
    ]
    .into_iter()
    .enumerate()
    {
        for _ in 0..2 {
            network.happens("fault_intake", report(message_id, rest.clone())).await;
        }
        let faults = network.compartment("mz-03", 7).faults;
        let fault = faults.values().next().unwrap();
        assert_eq!(fault.occurrences as usize, count + 1, "{message_id}");
        assert_eq!(fault.last_at, crate::support::at(10), "the broker's time counts");
    }
    for rest in [json!({ "sequence": -1 }), json!({ "sequence": 18_446_744_073_709_551_616.0 })] {
        is_kept_for("fault_intake", report("m-6", rest), "sequence: invalid").await;
    }
}

#[tokio::test]
async fn a_thousand_reports_of_one_locker_are_one_work_order_and_one_notice() {
    let network = Network::mainz().await;
    for hundred in 0..100 {
        let batch = (0..10).map(|n| faults("mz-03", &format!("m-{hundred}-{n}"), &[("7", "lock_jammed")]));
        assert_eq!(network.deliver("fault_intake", batch).await, BatchAnswer::default());
        if hundred % 25 == 0 {
            network.drain().await;
        }
    }
    network.drain().await;
    let work_order = network.work_order("mz-03").unwrap();
    assert_eq!((work_order.id.number, work_order.units.len()), (1, 1));
    assert_eq!(network.told(), ["work_order_called"]);
    assert_eq!(network.compartment("mz-03", 7).faults.values().next().unwrap().occurrences, 1_000);
}

#[tokio::test]
async fn a_vendors_own_code_is_kept_in_its_words_and_cut() {
    let network = Network::mainz().await;
    let fault = json!({ "unit": "9", "code": "E-1234", "text": "ü".repeat(1_000) });
    network.happens("fault_intake", message_at("mz-03", "m-1", json!({ "faults": [fault] }), 0)).await;
    let faults = network.compartment("mz-03", 9).faults;
    let (code, fault) = faults.first_key_value().unwrap();
    let text = fault.vendor_text.as_deref().unwrap();
    assert_eq!((code.as_str(), text.chars().count()), ("vendor_other", 256));
    assert!(text.starts_with("E-1234: ü"), "{text}");
}

#[tokio::test]
async fn the_same_unreadable_message_arriving_again_is_kept_once() {
    let network = Network::mainz().await;
    let message = from_rule("mz-03", "mz-03", b"no");
    network.deliver("fault_intake", [message.clone()]).await;
    network.wait_until(60);
    network.deliver("fault_intake", [message]).await;
    assert_eq!(network.quarantined().len(), 1);
}

#[tokio::test]
async fn a_shadow_that_cannot_be_read_is_kept_and_one_that_can_changes_nothing() {
    let network = Network::mainz().await;
    let before = network.kept();
    for document in [
        &b"no"[..],
        b"{}",
        b"{\"state\":{\"reported\":{\"closed\":{\"7\":\"half\"}}}}",
        b"{\"state\":{\"reported\":{\"closed\":{\"door\":\"nothing\"}}}}",
    ] {
        network.deliver("parcel_events", [shadow_reported("mz-03", document)]).await;
    }
    assert_eq!(network.quarantined().len(), 4);
    for document in [
        json!({ "state": { "desired": { "closed": { "7": "nothing" } } } }),
        json!({ "state": { "reported": null } }),
        json!({ "state": { "reported": { "closed": { "7": "deposits_and_pickups", "8": "nothing" } } } }),
    ] {
        let message = shadow_reported("mz-03", document.to_string().as_bytes());
        assert_eq!(network.deliver("parcel_events", [message]).await, BatchAnswer::default());
    }
    assert_eq!((network.quarantined().len(), network.kept()), (4, before));
}

#[tokio::test]
async fn another_message_under_an_id_that_was_used_is_kept_and_never_swallowed() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    let resent = json!({
        "faults": [{ "unit": "7", "code": "lock_jammed" }],
        "boot_id": "b-2", "sequence": 1, "sent_at": "2026-09-22T00:00:00Z",
    });
    network.happens("fault_intake", message_at("mz-03", "m-1", resent, 60)).await;
    let before = network.kept();
    let other = faults("mz-03", "m-1", &[("9", "lock_jammed")]);
    let opening = test_opening("mz-03", "m-1", "mz-03.1", "7", true);
    assert_eq!(network.deliver("fault_intake", [other]).await, BatchAnswer::default());
    assert_eq!(network.deliver("parcel_events", [opening]).await, BatchAnswer::default());
    let reasons: Vec<String> = network.quarantined().into_iter().map(|it| it.reason).collect();
    assert_eq!(reasons, ["the message id was used for another message"; 2]);
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn a_device_cannot_choose_the_id_of_a_step_of_ours() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    // What the end of the session and the placement of the order are recorded as.
    network.happens("fault_intake", faults("mz-03", "offline-s-1", &[("1", "lock_jammed")])).await;
    network.happens("parcel_events", deposited("mz-03", &format!("placed-{order}"), &order, compartment)).await;
    assert!(network.order(&order).deposited_at.is_some());
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 1, "disconnected")).await;
    network.wait_until(10_000);
    network.sweep().await.unwrap();
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Down);
    assert_eq!(network.quarantined(), []);
}

#[tokio::test]
async fn messages_of_long_ids_that_differ_at_their_end_are_two() {
    let network = Network::mainz().await;
    for end in ["1", "2"] {
        let id = format!("{}{end}", "m".repeat(63));
        network.happens("fault_intake", faults("mz-03", &id, &[("7", "lock_jammed")])).await;
    }
    assert_eq!(network.compartment("mz-03", 7).faults.values().next().unwrap().occurrences, 2);
}

#[tokio::test]
async fn at_the_end_of_the_calendar_a_message_is_taken_as_any_other() {
    let network = Network::mainz().await;
    let end = Timestamp::MAX.as_second() - BEGIN_SECOND - 1;
    let payload = published("mz-03", "m-1", json!({ "faults": [{ "unit": "7", "code": "lock_jammed" }] })).to_string();
    network.deliver("fault_intake", [from_rule_at("mz-03", "mz-03", payload.as_bytes(), end)]).await;
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Faulted);
    let well = json!({ "diagnostics": { "power": "mains", "firmware": "1", "uptime_s": u64::MAX } });
    let told = json!({ "event": { "type": "open_acknowledged", "compartment": 1 } });
    for (function, id, rest) in [("heartbeat_intake", "m-2", well), ("parcel_events", "m-3", told)] {
        let payload = published("mz-03", id, rest).to_string();
        network.happens(function, from_rule_at("mz-03", "mz-03", payload.as_bytes(), end)).await;
    }
    let heard = network.heartbeat("mz-03").unwrap().received_at;
    assert_eq!(heard, network.now(), "what follows is not shut out");
    let document = json!({ "state": { "reported": { "closed": { "7": "nothing" } } } }).to_string();
    let reported = shadow_reported("mz-03", document.as_bytes());
    assert_eq!(network.deliver("parcel_events", [reported]).await, BatchAnswer::default());
}

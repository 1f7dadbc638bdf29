//! A locker's connection begins and ends, told out of order, twice, or about who is none of ours.

use aws::batch::BatchAnswer;
use domain::decision::Event;
use domain::fault::{FaultCode, Unit};
use domain::presence::Link;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::{BEGIN_SECOND, GRACE, at};

#[tokio::test]
async fn a_disconnect_that_overtakes_its_connect_ends_the_session_all_the_same() {
    let network = Network::mainz().await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 10, "disconnected")).await;
    network.happens("presence", presence("mz-03", "s-1", 5, "connected")).await;
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Grace { until: at(10) + GRACE });
}

#[tokio::test]
async fn the_end_of_a_replaced_session_never_marks_a_locker_offline() {
    let network = Network::mainz().await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-2", 10, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 11, "disconnected")).await;
    let presence = network.presence("mz-03").unwrap();
    assert_eq!((presence.session.as_str(), presence.link), ("s-2", Link::Up));
    network.wait_until(10_000);
    assert_eq!(network.sweep().await.unwrap().due, 0);
}

#[tokio::test]
async fn a_client_that_is_replaced_by_itself_within_a_millisecond_stays_connected_whatever_comes_first() {
    let lifecycle = |session: &str, version: u64, event: &str, reason: Option<&str>| {
        let mut lifecycle = json!({
            "clientId": "mz-03", "timestamp": (BEGIN_SECOND + 10) * 1_000, "eventType": event,
            "sessionIdentifier": session, "versionNumber": version,
        });
        if let Some(reason) = reason {
            lifecycle["disconnectReason"] = json!(reason);
        }
        presence_raw("mz-03", lifecycle)
    };
    let replaced = || lifecycle("s-1", 3, "disconnected", Some("DUPLICATE_CLIENTID"));
    let replacing = || lifecycle("s-2", 4, "connected", None);
    for messages in [[replaced(), replacing()], [replacing(), replaced()]] {
        let network = Network::mainz().await;
        network.wait_until(20);
        network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
        for message in messages {
            network.happens("presence", message).await;
        }
        let presence = network.presence("mz-03").unwrap();
        assert_eq!((presence.session.as_str(), presence.link), ("s-2", Link::Up));
        network.wait_until(10_000);
        assert_eq!(network.sweep().await.unwrap().due, 0);
    }
}

#[tokio::test]
async fn an_event_told_twice_counts_once() {
    let network = Network::mainz().await;
    network.wait_until(20);
    for _ in 0..2 {
        network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    }
    for _ in 0..2 {
        network.happens("presence", presence("mz-03", "s-1", 5, "disconnected")).await;
    }
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Grace { until: at(5) + GRACE });
    let before = network.kept();
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    assert_eq!(network.kept(), before, "a session that has ended does not begin again");
}

#[tokio::test]
async fn a_counter_that_begins_anew_says_nothing_about_which_session_is_the_later() {
    let network = Network::mainz().await;
    network.wait_until(20);
    for (session, second, version) in [("s-1", 0, 7), ("s-2", 10, 0)] {
        let lifecycle = json!({
            "clientId": "mz-03", "timestamp": (BEGIN_SECOND + second) * 1_000, "eventType": "connected",
            "sessionIdentifier": session, "versionNumber": version,
        });
        network.happens("presence", presence_raw("mz-03", lifecycle)).await;
    }
    assert_eq!(network.presence("mz-03").unwrap().session, "s-2");
}

#[tokio::test]
async fn whoever_is_no_locker_of_ours_leaves_no_trace() {
    let network = Network::mainz().await;
    let before = network.kept();
    for client in ["", "mz-99", "iotconsole-1234", "a/b#c", "mz 03", &"x".repeat(200), "Zürich"] {
        for event in ["connected", "disconnected", "connect_failed"] {
            let answer = network.deliver("presence", [presence(client, "s-1", 0, event)]).await;
            assert_eq!(answer, BatchAnswer::default(), "{client} {event}");
        }
    }
    assert_eq!(network.kept(), before);
    assert_eq!(network.quarantined(), []);
}

#[tokio::test]
async fn somebody_turned_away_under_a_lockers_name_ends_nothing() {
    let network = Network::mainz().await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-9", 5, "connect_failed")).await;
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Up);
}

#[tokio::test]
async fn a_clock_ten_years_ahead_does_not_shut_out_what_follows() {
    let network = Network::mainz().await;
    network.wait_until(10);
    network.happens("presence", presence("mz-03", "s-1", 315_360_000, "connected")).await;
    assert_eq!(network.presence("mz-03").unwrap().at, at(10), "the server's time rules");
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 15, "disconnected")).await;
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Grace { until: at(15) + GRACE });
    network.happens("presence", presence("mz-03", "s-0", -BEGIN_SECOND, "connected")).await;
    assert_eq!(network.presence("mz-03").unwrap().session, "s-1", "what began in 1970 replaces nothing");
}

#[tokio::test]
async fn what_is_neither_a_connect_nor_a_disconnect_is_kept() {
    let network = Network::mainz().await;
    let whole = |event: &str, timestamp: serde_json::Value| json!({ "clientId": "mz-03", "timestamp": timestamp, "eventType": event, "sessionIdentifier": "s-1" });
    for lifecycle in [
        whole("subscribed", json!(1)),
        whole("connected", json!("now")),
        whole("connected", json!(i64::MAX)),
        json!({ "clientId": "mz-03" }),
        json!([]),
    ] {
        network.deliver("presence", [presence_raw("mz-03", lifecycle)]).await;
    }
    assert_eq!(network.quarantined().len(), 5);
    assert_eq!(network.presence("mz-03"), None);
}

/// A locker that has been away for longer than its grace.
async fn found_offline() -> Network {
    let network = Network::mainz().await;
    network.wait_until(20);
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    network.happens("presence", presence("mz-03", "s-1", 10, "disconnected")).await;
    network.wait_until(200);
    network.sweep().await.unwrap();
    network.drain().await;
    network
}

#[tokio::test]
async fn a_return_that_ends_an_outage_is_recorded_as_the_proof_it_is() {
    let network = found_offline().await;
    network.wait_until(300);
    network.happens("presence", presence("mz-03", "s-2", 300, "connected")).await;
    assert_eq!(network.happened_at("mz-03", "connected-s-1"), Some(Event::Connected), "it proved nothing");
    let proven = Event::RepairVerified { cleared: vec![(Unit::Locker, FaultCode::NetworkLost)] };
    assert_eq!(network.happened_at("mz-03", "connected-s-2"), Some(proven));
}

#[tokio::test]
async fn a_return_that_was_the_last_proof_missing_is_recorded_with_all_that_was_cleared() {
    let network = found_offline().await;
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("7", "lock_jammed")], 200)).await;
    for (step, body) in [("start", json!({})), ("report-repaired", json!({ "note": "fertig" }))] {
        let taken = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
        network.call(taken.path("step", step).json(body)).await.ok();
    }
    for opening in 1..=3 {
        let message = test_opening("mz-03", &format!("t-{opening}"), "mz-03.1", "7", true);
        network.happens("parcel_events", message).await;
    }
    assert!(network.work_order("mz-03").unwrap().is_open(), "the locker is still away");
    network.wait_until(300);
    network.happens("presence", presence("mz-03", "s-2", 300, "connected")).await;
    assert!(!network.work_order("mz-03").unwrap().is_open());
    let unit = Unit::Compartment(7.try_into().unwrap());
    let cleared = vec![(unit, FaultCode::LockJammed), (Unit::Locker, FaultCode::NetworkLost)];
    assert_eq!(network.happened_at("mz-03", "connected-s-2"), Some(Event::RepairVerified { cleared }));
}

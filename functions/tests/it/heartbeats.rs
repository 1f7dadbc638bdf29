//! Lockers say how they are, or nothing: told late, twice, in a storm, and by whoever is none of ours.

use aws::batch::BatchAnswer;
use domain::decision::Event;
use domain::fault::{FaultCode, Unit};
use domain::heartbeat::SILENT_AFTER;
use domain::presence::Link;
use functions::sweeps::SILENT_AT_ONCE_MAX;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::Asked::{Commit, Read};
use crate::support::stores::Counting;
use crate::support::{at, id};

/// Mainz, with `mz-03` connected.
async fn connected() -> Network {
    let network = Network::mainz().await;
    network.happens("presence", presence("mz-03", "s-1", -600, "connected")).await;
    network
}

async fn say(network: &Network, second: i64, changed: serde_json::Value) {
    network.wait_until(second);
    network.happens("heartbeat_intake", heartbeat("mz-03", second, changed)).await;
}

/// When the locker of a heartbeat at a second is silent.
fn silent(second: i64) -> i64 {
    second + SILENT_AFTER.as_secs()
}

fn faults_of(network: &Network) -> Vec<FaultCode> {
    network.locker("mz-03").faults.into_keys().collect()
}

#[tokio::test]
async fn a_heartbeat_that_says_nothing_new_takes_one_round_trip_and_leaves_no_trace() {
    let network = connected().await;
    say(&network, 0, json!({})).await;
    let before = network.kept();
    for (second, trips) in [(60, vec![vec![Read]]), (120, vec![vec![Read]]), (180, vec![vec![Read], vec![Commit]])] {
        network.wait_until(second);
        let store = Counting::new(&network.store);
        network.deliver_over(&store, "heartbeat_intake", [heartbeat("mz-03", second, json!({}))]).await;
        assert_eq!(store.trips(), trips, "{second}");
        assert_eq!(network.kept() == before, second < 180);
    }
    let changed: Vec<_> = network.kept().into_iter().filter(|(key, item)| before.get(key) != Some(item)).collect();
    assert_eq!(changed.len(), 1, "one item, and no history");
    assert_eq!(network.heartbeat("mz-03").unwrap().received_at, at(180));
}

#[tokio::test]
async fn of_two_in_one_batch_the_later_counts() {
    let network = connected().await;
    let (first, second) = (heartbeat("mz-03", 0, json!({})), heartbeat("mz-03", 60, json!({ "firmware": "2.15.0" })));
    for batch in [[first.clone(), second.clone()], [second.clone(), first.clone()]] {
        let network = Network::mainz().await;
        network.wait_until(60);
        assert_eq!(network.deliver("heartbeat_intake", batch).await, BatchAnswer::default());
        assert_eq!(network.heartbeat("mz-03").unwrap().diagnostics.firmware, "2.15.0");
    }
    network.wait_until(60);
    network.happens("heartbeat_intake", second).await;
    let before = network.kept();
    network.happens("heartbeat_intake", first).await;
    assert_eq!(network.kept(), before, "one that comes late changes nothing");
}

#[tokio::test]
async fn what_lasts_is_reported_once_and_what_is_sent_again_changes_nothing() {
    let network = connected().await;
    for minute in 0..3 {
        say(&network, minute * 60, json!({ "power": "battery" })).await;
    }
    assert_eq!(faults_of(&network), [FaultCode::PowerLoss]);
    assert!(network.work_order("mz-03").unwrap().is_open());
    assert_eq!(network.told(), ["work_order_called"]);
    for minute in 3..10 {
        say(&network, minute * 60, json!({ "power": "battery" })).await;
    }
    let fault = network.locker("mz-03").faults[&FaultCode::PowerLoss].clone();
    assert_eq!((fault.raised_at, fault.occurrences), (at(120), 1));
    let before = network.kept();
    for minute in 0..10 {
        network.happens("heartbeat_intake", heartbeat("mz-03", minute * 60, json!({ "power": "battery" }))).await;
    }
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn what_is_over_is_known_and_reopens_nothing() {
    let network = connected().await;
    for minute in 0..3 {
        say(&network, minute * 60, json!({ "temperature_c": 71 })).await;
    }
    for minute in 3..9 {
        say(&network, minute * 60, json!({})).await;
    }
    let ended: Vec<_> = network.heartbeat("mz-03").unwrap().ended_conditions().collect();
    assert_eq!(ended, [(FaultCode::OverTemperature, at(300))]);
    assert_eq!(faults_of(&network), [FaultCode::OverTemperature], "only a proven repair reopens");
}

#[tokio::test]
async fn a_clock_that_is_off_is_reported_and_never_believed() {
    let network = connected().await;
    for (minute, clock) in ["1970-01-01T00:00:00Z", "2036-09-21T14:13:20Z", "noon"].into_iter().enumerate() {
        let second = 60 * minute as i64;
        network.wait_until(second);
        let rest = json!({ "sent_at": clock, "diagnostics": { "power": "mains", "firmware": "1", "uptime_s": 1 } });
        network.happens("heartbeat_intake", message_at("mz-03", &format!("c-{minute}"), rest, second)).await;
        assert_eq!(network.heartbeat("mz-03").unwrap().received_at, at(second));
    }
    assert_eq!(faults_of(&network), [FaultCode::ClockSkew]);
    assert!(network.locker("mz-03").bookable(), "nothing depends on it");
}

#[tokio::test]
async fn a_connected_locker_that_falls_silent_is_found_once() {
    let network = connected().await;
    say(&network, 0, json!({})).await;
    network.wait_until(silent(0) - 1);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    network.wait_until(silent(0));
    assert_eq!(network.sweep().await.unwrap().due, 1);
    network.drain().await;
    assert_eq!(faults_of(&network), [FaultCode::ControllerFault]);
    assert_eq!(network.told(), ["work_order_called"]);
    let reported = network.happened_at("mz-03", "silent-2026-09-21T14-13-20Z");
    let Some(Event::FaultsReported { outcome, .. }) = reported else { panic!("{reported:?}") };
    assert_eq!(outcome.raised, [(Unit::Locker, FaultCode::ControllerFault)]);
    network.wait_until(silent(0) + 3_600);
    network.sweep().await.unwrap();
    assert_eq!(network.heartbeat("mz-03").unwrap().silent_at, None, "it is not looked at again");
    assert_eq!(network.locker("mz-03").faults[&FaultCode::ControllerFault].occurrences, 1);
}

#[tokio::test]
async fn a_storm_of_heartbeats_after_a_silence_is_harmless() {
    let network = connected().await;
    say(&network, 0, json!({})).await;
    network.wait_until(silent(0));
    network.sweep().await.unwrap();
    network.drain().await;
    let (told, work_order) = (network.told(), network.work_order("mz-03"));
    network.wait_until(4_000);
    let storm = (0..200).map(|number| heartbeat("mz-03", 3_990 + number % 10, json!({ "uptime_s": number })));
    for batch in storm.collect::<Vec<_>>().chunks(10) {
        assert_eq!(network.deliver("heartbeat_intake", batch.to_vec()).await, BatchAnswer::default());
    }
    network.drain().await;
    assert_eq!((network.told(), network.work_order("mz-03")), (told, work_order));
    assert_eq!(faults_of(&network), [FaultCode::ControllerFault], "no heartbeat reopens a locker");
    assert_eq!(network.heartbeat("mz-03").unwrap().due_at().map(|it| it > at(4_000)), Some(true), "watched again");
}

#[tokio::test]
async fn a_locker_that_is_off_the_network_gets_no_second_fault() {
    let network = connected().await;
    say(&network, 0, json!({})).await;
    network.wait_until(100);
    network.happens("presence", presence("mz-03", "s-1", 90, "disconnected")).await;
    for second in [silent(0), silent(0) + 700, silent(0) + 1_400] {
        network.wait_until(second);
        network.sweep().await.unwrap();
        network.drain().await;
    }
    assert_eq!(network.presence("mz-03").unwrap().link, Link::Down);
    assert_eq!(faults_of(&network), [FaultCode::NetworkLost]);
    let back = silent(0) + 1_500;
    network.wait_until(back);
    network.happens("presence", presence("mz-03", "s-2", back, "connected")).await;
    network.wait_until(silent(back) - 1);
    network.sweep().await.unwrap();
    assert_eq!(faults_of(&network), [], "it has as long as any other to say something");
    network.wait_until(silent(back));
    network.sweep().await.unwrap();
    assert_eq!(faults_of(&network), [FaultCode::ControllerFault], "and is found when it does not");
}

#[tokio::test]
async fn a_locker_that_never_sent_a_heartbeat_is_not_judged() {
    let network = connected().await;
    network.wait_until(86_400);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    assert_eq!(faults_of(&network), []);
}

#[tokio::test]
async fn a_locker_heard_of_while_it_is_looked_at_is_not_closed() {
    let network = connected().await;
    say(&network, 0, json!({})).await;
    network.wait_until(silent(0));
    // The heartbeat was under way while the index still said that the locker was silent.
    network.happens("heartbeat_intake", heartbeat("mz-03", silent(0) - 5, json!({}))).await;
    network.sweep().await.unwrap();
    assert_eq!(faults_of(&network), []);
}

#[tokio::test]
async fn many_lockers_silent_at_once_are_held_until_an_operator_had_half_an_hour() {
    let network = Network::mainz().await;
    let names: Vec<String> = (0..=SILENT_AT_ONCE_MAX).map(|number| format!("many-{number}")).collect();
    for name in &names {
        network.register_locker(name, 20_000, &[(1, "M")]).await;
        network.happens("heartbeat_intake", heartbeat(name, 0, json!({}))).await;
    }
    let closed = |network: &Network| names.iter().filter(|name| !network.locker(name).bookable()).count();
    for second in [silent(0), silent(0) + 1_799] {
        network.wait_until(second);
        assert_eq!(network.sweep().await.unwrap().due, names.len());
        assert_eq!(closed(&network), 0, "{second}");
    }
    // One of them is heard of: the others are few enough.
    let second = silent(0) + 1_799;
    network.happens("heartbeat_intake", heartbeat(&names[0], second, json!({}))).await;
    network.sweep().await.unwrap();
    assert_eq!(closed(&network), SILENT_AT_ONCE_MAX);
}

#[tokio::test]
async fn lockers_that_stay_silent_together_are_found_in_the_end_some_at_a_time() {
    let network = Network::mainz().await;
    let names: Vec<String> = (0..=SILENT_AT_ONCE_MAX).map(|number| format!("many-{number}")).collect();
    for name in &names {
        network.register_locker(name, 20_000, &[(1, "M")]).await;
        network.happens("heartbeat_intake", heartbeat(name, 0, json!({}))).await;
    }
    let closed = |network: &Network| names.iter().filter(|name| !network.locker(name).bookable()).count();
    network.wait_until(silent(0) + 1_800);
    network.sweep().await.unwrap();
    assert_eq!(closed(&network), SILENT_AT_ONCE_MAX);
    network.sweep().await.unwrap();
    assert_eq!(closed(&network), names.len());
}

#[tokio::test]
async fn a_heartbeat_of_a_stranger_or_beyond_what_can_be_is_kept_for_a_person() {
    let network = connected().await;
    let before = network.kept();
    let bad = [
        ("mz-99", json!({}), "no such locker"),
        ("mz-03", json!({ "battery_percent": 101 }), "battery_percent"),
        ("mz-03", json!({ "battery_percent": -1 }), "battery_percent"),
        ("mz-03", json!({ "temperature_c": 201 }), "temperature_c"),
        ("mz-03", json!({ "temperature_c": 1e9 }), "temperature_c"),
        ("mz-03", json!({ "signal_dbm": 1 }), "signal_dbm"),
        ("mz-03", json!({ "firmware": "" }), "firmware"),
        ("mz-03", json!({ "firmware": "x".repeat(65) }), "firmware"),
        ("mz-03", json!({ "power": "sun" }), "power"),
        ("mz-03", json!({ "wind": 7 }), "wind"),
    ];
    for (number, (locker, changed, reason)) in bad.into_iter().enumerate() {
        network.deliver("heartbeat_intake", [heartbeat(locker, number as i64, changed)]).await;
        let kept = network.quarantined();
        assert_eq!(kept.len(), number + 1);
        assert!(kept.iter().any(|it| it.reason.contains(reason)), "{reason}: {kept:?}");
    }
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn support_and_operators_see_the_latest_heartbeat() {
    let network = connected().await;
    for (route, who) in [("GET /support/lockers/{locker_id}", "s-1"), ("GET /lockers/{locker_id}", "op-1")] {
        let look = call(route).by(who).path("locker_id", "mz-04");
        assert!(network.call(look).await.ok()["heartbeat"].is_null());
        say(&network, 0, json!({})).await;
        let look = call(route).by(who).path("locker_id", "mz-03");
        let seen = network.call(look).await.ok();
        assert_eq!(seen["heartbeat"]["diagnostics"]["firmware"], "2.14.1", "{route}");
        assert_eq!(seen["heartbeat"]["event"], json!(id::<domain::id::EventId>("said-h0")));
    }
}

//! The same fault of many lockers of a region: one call, a word now and again, and a last one.

use domain::escalation::Wait;
use domain::incident::Role;
use domain::notice::Message;
use domain::work_order::WorkOrderStatus;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::{GRACE, at};

const MINUTE: i64 = 60;

/// Lockers of one provider, each on the network.
async fn region(lockers: usize) -> (Network, Vec<String>) {
    let network = Network::mainz().await;
    let names: Vec<String> = (0..lockers).map(|number| format!("out-{number:02}")).collect();
    for (number, name) in names.iter().enumerate() {
        let body = json!({
            "locker_id": name, "name": format!("Standort {name}"), "region": "mainz",
            "compartments": [{ "number": 1, "size": "M" }], "build": { "provider": "acme", "carrier": "telco" },
            "position": { "latitude_e6": 50_100_000 + 9_000 * number, "longitude_e6": 8_258_800 },
        });
        network.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    }
    network.wait_until(1);
    let up = names.iter().map(|name| presence(name, "s-1", 0, "connected"));
    network.deliver("presence", up.collect::<Vec<_>>()).await;
    (network, names)
}

/// They all lose the network at one moment, and are found offline.
async fn dark(lockers: usize) -> (Network, Vec<String>) {
    let (network, names) = region(lockers).await;
    network.wait_until(10);
    let down = names.iter().map(|name| presence(name, "s-1", 10, "disconnected"));
    network.deliver("presence", down.collect::<Vec<_>>()).await;
    sweep_at(&network, 10 + GRACE.as_secs()).await;
    (network, names)
}

async fn sweep_at(network: &Network, second: i64) {
    network.wait_until(second);
    network.sweep().await.unwrap();
    network.drain().await;
}

async fn back(network: &Network, names: &[String], second: i64) {
    network.wait_until(second);
    for name in names {
        network.happens("presence", presence(name, "s-2", second, "connected")).await;
    }
}

/// What the team was told, in its order.
fn told(network: &Network) -> Vec<String> {
    let told = network.notices().into_iter().filter_map(|entry| match entry.notice.message {
        Message::WorkOrderCalled { extended, .. } => Some(if extended { "call, extended" } else { "call" }.to_owned()),
        Message::IncidentReported { over: true, lockers_max, .. } => Some(format!("over, {lockers_max}")),
        Message::IncidentReported { lockers, .. } => Some(format!("incident, {lockers}")),
        _ => None,
    });
    told.collect()
}

/// The second at which everybody has been found offline.
const FOUND: i64 = 10 + GRACE.as_secs();

#[tokio::test]
async fn a_region_that_goes_dark_calls_its_team_once_and_tells_it_how_many_are_left_until_all_are_back() {
    let (network, names) = dark(20).await;
    assert_eq!(told(&network), ["call"], "of twenty lockers, the first");
    sweep_at(&network, FOUND + 5 * MINUTE).await;
    assert_eq!(told(&network), ["call", "incident, 20"]);
    let seen = call("GET /incidents/{incident_id}").by("tech-4").path("incident_id", "mainz.network_lost.1");
    let seen = network.call(seen).await.ok();
    assert_eq!((&seen["open"], &seen["incident"]["stage"]), (&json!(20), &json!("declared")));
    let common = json!({ "dimension": "provider", "value": "acme", "lockers": 20, "looked_at": 20 });
    assert_eq!(seen["incident"]["in_common"], common);
    let view = call("GET /support/lockers/{locker_id}").by("s-9").path("locker_id", &names[7]);
    let view = network.call(view).await.ok();
    assert_eq!((&view["incident"]["id"], &view["incident"]["lockers"]), (&json!("mainz.network_lost.1"), &json!(20)));
    sweep_at(&network, FOUND + 20 * MINUTE).await;
    assert_eq!(told(&network).len(), 2, "nothing has changed");

    back(&network, &names[..12], FOUND + 25 * MINUTE).await;
    sweep_at(&network, FOUND + 35 * MINUTE).await;
    assert_eq!(told(&network), ["call", "incident, 20", "incident, 8"]);
    back(&network, &names[12..], FOUND + 40 * MINUTE).await;
    sweep_at(&network, FOUND + 50 * MINUTE).await;
    assert_eq!(told(&network).len(), 3, "somebody may still be about to join");
    sweep_at(&network, FOUND + 52 * MINUTE).await;
    assert_eq!(told(&network), ["call", "incident, 20", "incident, 8", "over, 20"]);
    assert!(names.iter().all(|name| network.work_order(name).unwrap().status == WorkOrderStatus::Verified));
    let before = network.kept();
    sweep_at(&network, FOUND + 10 * 24 * 60 * MINUTE).await;
    assert_eq!(network.kept(), before, "over is over");
}

#[tokio::test]
async fn two_lockers_at_once_are_chance_and_the_second_is_called_for_alone() {
    let (network, names) = dark(2).await;
    sweep_at(&network, FOUND + 5 * MINUTE).await;
    assert_eq!(told(&network), ["call"]);
    for second in [FOUND + 7 * MINUTE, FOUND + 8 * MINUTE] {
        sweep_at(&network, second).await;
    }
    assert_eq!(told(&network), ["call", "call"]);
    for name in &names {
        let work_order = network.work_order(name).unwrap();
        assert_eq!(work_order.incident.as_ref().map(|it| it.role), Some(Role::Released));
        assert_eq!(work_order.clock().map(|it| it.wait), Some(Wait::ForReaction));
    }
}

#[tokio::test]
async fn of_an_incident_one_work_order_escalates_and_where_it_is_done_the_next() {
    let (network, names) = dark(4).await;
    sweep_at(&network, FOUND + 5 * MINUTE).await;
    let leads = |network: &Network| {
        let leads = names.iter().filter(|name| network.work_order(name).unwrap().leads());
        leads.cloned().collect::<Vec<_>>()
    };
    let first = leads(&network);
    assert_eq!(first.len(), 1);
    back(&network, &first, FOUND + 10 * MINUTE).await;
    sweep_at(&network, FOUND + 20 * MINUTE).await;
    let open: Vec<String> = leads(&network).into_iter().filter(|name| *name != first[0]).collect();
    assert_eq!(open.len(), 1);
    let clock = network.work_order(&open[0]).unwrap().clock().unwrap();
    assert_eq!((clock.wait, clock.since), (Wait::ForReaction, at(FOUND + 20 * MINUTE)));
    for minute in [79, 80, 81] {
        sweep_at(&network, FOUND + minute * MINUTE).await;
    }
    assert_eq!(network.told().iter().filter(|kind| **kind == "work_order_escalated").count(), 1);
}

#[tokio::test]
async fn a_locker_of_an_incident_in_which_something_else_breaks_is_called_for_alone() {
    let (network, names) = dark(4).await;
    let joined = names.iter().find(|name| network.work_order(name).unwrap().is_told_with_others()).unwrap();
    let report = faults_at(joined, "m-1", &[("1", "lock_jammed")], FOUND + 1);
    network.happens("fault_intake", report).await;
    assert_eq!(told(&network), ["call", "call"]);
    sweep_at(&network, FOUND + 5 * MINUTE).await;
    assert_eq!(told(&network), ["call", "call", "incident, 3"]);
}

#[tokio::test]
async fn a_locker_that_follows_while_an_incident_closes_is_called_for_at_once() {
    let (network, _) = dark(1).await;
    sweep_at(&network, FOUND + 5 * MINUTE).await;
    network.happens("fault_intake", faults_at("mz-04", "m-1", &[("locker", "network_lost")], FOUND + 5 * MINUTE)).await;
    assert_eq!(told(&network), ["call", "call"]);
    assert_eq!(network.work_order("mz-04").unwrap().incident, None);
}

#[tokio::test]
async fn an_incident_that_nobody_knows_is_not_shown() {
    let network = Network::mainz().await;
    for id in ["mainz.network_lost.1", "mainz", "a#b.network_lost.1"] {
        let read = call("GET /incidents/{incident_id}").by("tech-4").path("incident_id", id);
        network.call(read).await.refused(404, "not_found");
    }
}

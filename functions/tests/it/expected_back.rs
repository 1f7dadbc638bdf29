//! When a locker is expected back: from the repairs that were proven before, told, and told anew where it was wrong.

use aws::apply::put_hidden;
use domain::expected_back::{RepairTimes, SAMPLES_MIN};
use domain::fault::FaultCode;
use domain::notice::Message;
use domain::{StateKey, Timestamp};
use serde_json::{Value, json};

use crate::support::at;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;

const MINUTE: i64 = 60;

/// Locks of `mz-04` have jammed as often as that, and each repair took ten minutes longer than the one before. Returns
/// the minute after that.
async fn repaired(network: &Network, times: i64) -> i64 {
    let mut minute = 0;
    for nth in 1..=times {
        network.wait_until(minute * MINUTE);
        let jammed = faults_at("mz-04", &format!("jam-{nth}"), &[("1", "lock_jammed")], minute * MINUTE);
        network.happens("fault_intake", jammed).await;
        minute += 10 * nth;
        network.wait_until(minute * MINUTE);
        let work_order = format!("mz-04.{nth}");
        network.step(&work_order, "start", json!({})).await.ok();
        network.step(&work_order, "report-repaired", json!({ "note": "Riegel getauscht" })).await.ok();
        for opening in 1..=3 {
            let message = format!("t-{nth}-{opening}");
            network.happens("parcel_events", test_opening("mz-04", &message, &work_order, "1", true)).await;
        }
        minute += 1;
        sweep_at(network, minute).await;
    }
    minute
}

async fn sweep_at(network: &Network, minute: i64) {
    network.wait_until(minute * MINUTE);
    network.sweep().await.unwrap();
    network.drain().await;
}

fn repair_times(network: &Network) -> Option<RepairTimes> {
    network.state(StateKey::RepairTimes(FaultCode::LockJammed))
}

async fn jam(network: &Network, compartment: u16, minute: i64) {
    network.wait_until(minute * MINUTE);
    let unit = compartment.to_string();
    network.happens("fault_intake", faults_at("mz-03", "jam", &[(&unit, "lock_jammed")], minute * MINUTE)).await;
}

async fn support_sees(network: &Network, order: &str) -> Value {
    network.call(call("GET /support/orders/{order_id}").by("agent-1").path("order_id", order)).await.ok()
}

async fn customer_sees(network: &Network, order: &str) -> Value {
    network.call(call("GET /my/orders/{order_id}").by("anna").path("order_id", order)).await.ok()
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

/// What customers were told about a shut door so far: by when it works, oldest first.
fn told(network: &Network) -> Vec<Option<Timestamp>> {
    let by = network.notices().into_iter().filter_map(|entry| match entry.notice.message {
        Message::PickupDelayed { expected_by, .. } | Message::RepairTakesLonger { expected_by, .. } => {
            Some(expected_by)
        }
        _ => None,
    });
    by.collect()
}

#[tokio::test]
async fn each_proven_repair_is_counted_once_however_often_a_sweep_runs() {
    let network = Network::mainz().await;
    let minute = repaired(&network, 3).await;
    let counted = repair_times(&network).unwrap();
    assert_eq!((counted.samples(), counted.latest_at), (3, at((minute - 1) * MINUTE)));
    let before = network.kept();
    sweep_at(&network, minute + 1).await;
    assert_eq!(network.kept(), before);
}

#[tokio::test]
async fn without_a_history_nobody_knows_and_nobody_is_told_of_a_time() {
    let network = Network::mainz().await;
    let minute = repaired(&network, i64::from(SAMPLES_MIN) - 1).await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    jam(&network, compartment, minute).await;
    let seen = support_sees(&network, &order).await;
    assert_eq!(seen["expected_back_at"], Value::Null);
    let expected = json!({ "samples": SAMPLES_MIN - 1, "as_of": at(minute * MINUTE) });
    assert_eq!(seen["work_order"]["expected_back"], expected);
    assert_eq!((told(&network), network.work_order("mz-03").unwrap().told_customers), (vec![None], None));
    assert_eq!(customer_sees(&network, &order).await["expected_back_by"], Value::Null);
}

#[tokio::test]
async fn support_customers_and_order_systems_are_told_the_same_history() {
    let network = Network::mainz().await;
    let minute = repaired(&network, 20).await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    jam(&network, compartment, minute).await;
    let seen = support_sees(&network, &order).await;
    let expected_back = &seen["work_order"]["expected_back"];
    let (expected_at, latest_at) = (time(&seen["expected_back_at"]), time(&expected_back["latest_at"]));
    assert_eq!((&expected_back["expected_at"], &expected_back["samples"]), (&seen["expected_back_at"], &json!(20)));
    // Repairs took 10, 20, ... 200 minutes.
    let minutes = |it: Timestamp| it.duration_since(at(minute * MINUTE)).as_mins();
    assert!((80..=120).contains(&minutes(expected_at)) && (130..=190).contains(&minutes(latest_at)), "{expected_back}");
    assert_eq!(told(&network), [Some(latest_at)]);
    assert_eq!(customer_sees(&network, &order).await["expected_back_by"], json!(latest_at));
    // The whole locker is another matter: of its own fault nothing is known.
    let dark = faults_at("mz-05", "dark", &[("locker", "power_loss")], minute * MINUTE);
    network.happens("fault_intake", dark).await;
    let check = call("GET /lockers/{locker_id}/availability").by_order_system().path("locker_id", "mz-05");
    assert_eq!(network.call(check).await.ok()["expected_back_at"], Value::Null);
}

#[tokio::test]
async fn an_order_system_that_looks_for_lockers_is_told_when_a_closed_one_is_back() {
    let network = Network::mainz().await;
    let minute = repaired(&network, 20).await;
    network.wait_until(minute * MINUTE);
    // More doors than one work order repairs are a fault of the whole locker: here by the same code.
    let body = json!({ "locker_id": "mz-06", "name": "Dom", "region": "mainz",
        "compartments": (1..=41).map(|number| json!({ "number": number, "size": "M" })).collect::<Vec<_>>(),
        "position": { "latitude_e6": 50_001_300, "longitude_e6": 8_258_800 } });
    network.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    for from in [1, 15, 29] {
        let units: Vec<String> = (from..(from + 14).min(42)).map(|unit| unit.to_string()).collect();
        let units: Vec<(&str, &str)> = units.iter().map(|unit| (unit.as_str(), "lock_jammed")).collect();
        network.happens("fault_intake", faults_at("mz-06", &format!("jam-{from}"), &units, minute * MINUTE)).await;
    }
    let check = call("GET /lockers/{locker_id}/availability").by_order_system().path("locker_id", "mz-06");
    let seen = network.call(check).await.ok();
    assert_eq!(seen["closed_by"]["code"], "lock_jammed", "{seen}");
    let work_order = network.work_order("mz-06").unwrap();
    assert_eq!(seen["expected_back_at"], json!(work_order.expected_back.unwrap().expected_at.unwrap()));
    let search = call("GET /lockers").by_order_system().query("latitude_e6", "50001300");
    let search = search.query("longitude_e6", "8258800").query("include", "all");
    let found = network.call(search).await.ok();
    let of = |id: &str| found["lockers"].as_array().unwrap().iter().find(|it| it["locker_id"] == id).unwrap().clone();
    assert_eq!(of("mz-06")["expected_back_at"], seen["expected_back_at"]);
    assert_eq!(of("mz-03").get("expected_back_at"), None);
}

#[tokio::test]
async fn an_estimate_that_has_not_come_true_is_updated_unasked_and_customers_hear_it_twice_at_the_most() {
    let network = Network::mainz().await;
    // As many as it takes to know something of the longest: five repairs of each span, from a minute to six hours.
    let times = RepairTimes { code: FaultCode::LockJammed, counts: vec![5; 34], latest_at: at(0) };
    put_hidden(&network.store, &[times.into()]).await.unwrap();
    let minute = 0;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    jam(&network, compartment, minute).await;
    let first = network.work_order("mz-03").unwrap();
    let expected_at = first.expected_back.as_ref().unwrap().expected_at.unwrap();
    let first_told = first.told_customers.unwrap().by;
    let minutes = |it: Timestamp| it.duration_since(at(0)).as_mins();
    sweep_at(&network, minutes(expected_at) + 1).await;
    let seen = support_sees(&network, &order).await;
    assert!(time(&seen["expected_back_at"]) > expected_at, "{seen}");
    assert_eq!(told(&network), [Some(first_told)], "what customers were told may still come true");
    let (mut minute, mut said) = (minutes(expected_at) + 1, vec![Some(first_told)]);
    // Nothing is repaired any more: each sweep that finds something due is run twice.
    while let Some(due) = network.work_order("mz-03").unwrap().estimate_due_at() {
        minute = minute.max(minutes(due)) + 1;
        for _ in 0..2 {
            sweep_at(&network, minute).await;
        }
        let now = told(&network);
        assert!(now.len() <= said.len() + 1 && now.starts_with(&said), "{now:?} after {said:?}");
        let promised = now.last().copied().flatten();
        assert!(now.len() == said.len() || promised.is_none_or(|by| by > at(minute * MINUTE)), "{now:?}");
        said = now;
        let shown = support_sees(&network, &order).await["expected_back_at"].clone();
        assert!(shown.is_null() || time(&shown) > at(minute * MINUTE), "{shown} at {minute}");
    }
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(network.work_order("mz-03").unwrap().told_customers, None);
    assert_eq!(customer_sees(&network, &order).await["expected_back_by"], Value::Null);
}

#[tokio::test]
async fn a_repair_in_time_leaves_no_estimate_to_renew() {
    let network = Network::mainz().await;
    let minute = repaired(&network, 20).await;
    let (_, compartment) = network.deposit_order("anna", "M").await;
    jam(&network, compartment, minute).await;
    network.step("mz-03.1", "start", json!({})).await.ok();
    network.step("mz-03.1", "report-repaired", json!({ "note": "geölt" })).await.ok();
    for opening in 1..=3 {
        let message = format!("last-{opening}");
        let unit = compartment.to_string();
        network.happens("parcel_events", test_opening("mz-03", &message, "mz-03.1", &unit, true)).await;
    }
    sweep_at(&network, minute + 1).await;
    let before = network.kept();
    // Before the parcel's own time is over.
    sweep_at(&network, minute + 4_000).await;
    assert_eq!(network.work_order("mz-03").unwrap().estimate_due_at(), None);
    let network_kept: Vec<_> = network.kept().into_keys().collect();
    assert_eq!(network_kept, before.into_keys().collect::<Vec<_>>());
    assert_eq!(told(&network).len(), 1);
}

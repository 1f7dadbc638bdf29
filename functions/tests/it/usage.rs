//! What is read off the counts of doors: figures of days, preventive work, and that nobody comes.

use aws::apply::put_hidden;
use domain::fault::FaultCode;
use domain::suspicion::Signal;
use domain::usage::Usage;
use domain::{StateKey, Timestamp};
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::{at, id};

const HOUR: i64 = 3_600;

/// Lets so many hours pass, each with its sweeps, from one hour on.
async fn pass(network: &Network, hours: std::ops::Range<i64>) {
    for hour in hours {
        network.wait_until(hour * HOUR);
        network.sweep().await.unwrap();
        network.drain().await;
    }
}

fn usage(network: &Network, locker: &str) -> Usage {
    network.state(StateKey::Usage(id(locker))).expect("it is looked at")
}

async fn figures(network: &Network, asked: &[(&str, &str)]) -> Value {
    let mut call = call("GET /figures").by("op-1").query("region", "mainz");
    for (name, value) in asked {
        call = call.query(name, value);
    }
    network.call(call).await.ok()
}

// Tests begin at 2026-09-21T14:13:20Z; the first whole day is the 22nd, from hour 9.8 to hour 33.8.

#[tokio::test]
async fn a_day_is_kept_once_it_is_over_and_figures_are_the_fold_over_what_happened() {
    let network = Network::mainz().await;
    // The other two have never been heard of.
    network.happens("presence", presence("mz-03", "session-1", 0, "connected")).await;
    pass(&network, 1..12).await;
    // Jammed from 02:13 for four hours, and dark for two of them and one more.
    network.happens("fault_intake", faults_at("mz-03", "jam", &[("7", "lock_jammed")], 12 * HOUR)).await;
    pass(&network, 12..14).await;
    network.happens("fault_intake", faults_at("mz-03", "dark", &[("locker", "power_loss")], 14 * HOUR)).await;
    pass(&network, 14..18).await;
    network.wait_until(17 * HOUR);
    network.step("mz-03.1", "start", json!({})).await.ok();
    network.step("mz-03.1", "report-repaired", json!({ "note": "repariert" })).await.ok();
    for unit in ["7", "locker"] {
        for opening in 1..=3 {
            let message = format!("t-{unit}-{opening}");
            network.happens("parcel_events", test_opening("mz-03", &message, "mz-03.1", unit, true)).await;
        }
    }
    // Door 3 opens at the first command, then only at the second.
    for (second, event) in [
        (0, "open_acknowledged"),
        (5, "door_opened"),
        (20, "open_acknowledged"),
        (25, "open_acknowledged"),
        (28, "door_opened"),
    ] {
        network.wait_until(18 * HOUR + second);
        network.happens("parcel_events", lock("mz-03", 18 * HOUR + second, event, 3)).await;
    }
    pass(&network, 19..38).await;
    let asked = [("locker", "mz-03"), ("from", "2026-09-22"), ("until", "2026-09-22")];
    let seen = figures(&network, &asked).await;
    let all = &seen["figures"][0];
    // Six doors: one is down for five hours, five for three.
    let down_s = (5 + 5 * 3) * HOUR;
    let up_s = 6 * 24 * HOUR - down_s;
    let expected = json!({
        "name": "mz-03", "compartment_days": 6, "up_s": up_s, "down_s": down_s, "failures": 2, "repairs": 2,
        "uptime": up_s as f64 / (6 * 24 * HOUR) as f64, "mtbf_s": up_s / 2, "mttr_s": (5 + 3) * HOUR / 2,
        "openings": 2, "first_time_open_rate": 0.5,
    });
    assert_eq!(*all, expected, "{seen}");
    let door = |number: &'static str| [("locker", "mz-03"), ("compartment", number), ("from", "2026-09-22")];
    let seventh = figures(&network, &door("7")).await;
    assert_eq!((&seventh["figures"][0]["down_s"], &seventh["figures"][0]["failures"]), (&json!(5 * HOUR), &json!(2)));
    let third = figures(&network, &door("3")).await;
    assert_eq!((&third["figures"][0]["down_s"], &third["figures"][0]["openings"]), (&json!(3 * HOUR), &json!(2)));
    let region = figures(&network, &[("from", "2026-09-22"), ("by", "locker")]).await;
    let names: Vec<&Value> = region["figures"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["mz-03", "mz-04", "mz-05"]);
    assert_eq!(region["locker_days"], 3);
    let uptimes: Vec<&Value> = region["figures"].as_array().unwrap().iter().map(|it| &it["uptime"]).collect();
    assert_eq!(uptimes, [&all["uptime"], &json!(0.0), &json!(0.0)], "unknown counts as down");
}

#[tokio::test]
async fn a_day_that_is_not_over_is_not_told_of_and_a_window_has_its_limits() {
    let network = Network::mainz().await;
    pass(&network, 1..34).await;
    let ask = async |asked: &[(&str, &str)]| {
        let mut call = call("GET /figures").by("op-1").query("region", "mainz");
        for (name, value) in asked {
            call = call.query(name, value);
        }
        assert_eq!(network.call(call).await.status, 400, "{asked:?}");
    };
    assert_eq!(figures(&network, &[]).await["locker_days"], 0);
    for asked in [
        &[("until", "2026-09-22")][..],
        &[("from", "2026-09-20"), ("until", "2026-09-19")],
        &[("from", "2026-01-01"), ("until", "2026-09-19")],
        &[("from", "yesterday")],
        &[("compartment", "7")],
        &[("by", "compartment")],
        &[("by", "weather")],
    ] {
        ask(asked).await;
    }
}

#[tokio::test]
async fn worn_doors_are_one_entry_after_everything_broken_and_are_counted_anew_once_serviced() {
    let mut network = Network::mainz().await;
    network.settings.serviced_after_openings = 4;
    for nth in 0..2 {
        network.wait_until(nth * 60);
        network.collect_order("anna", "S").await;
    }
    let listed = async || {
        let list = call("GET /work-orders").by("tech-4").query("region", "mainz");
        network.call(list).await.ok()["preventive_work"].clone()
    };
    let doors: u32 =
        [1, 2].iter().filter_map(|number| network.door("mz-03", *number)).map(|it| it.openings.total()).sum();
    assert_eq!(doors, 4);
    // Two parcels in one door or in two: both orders are for the smallest, of which there are two.
    for nth in 2..6 {
        network.wait_until(nth * 60);
        network.collect_order("anna", "S").await;
    }
    assert_eq!(listed().await, json!([]));
    pass(&network, 1..3).await;
    let due = listed().await;
    assert_eq!((due.as_array().unwrap().len(), &due[0]["locker_id"]), (1, &json!("mz-03")));
    assert!(due[0]["doors"].as_object().unwrap().values().all(|it| it.as_u64().unwrap() >= 4), "{due}");
    assert!(network.locker("mz-03").bookable() && network.work_order("mz-03").is_none(), "it closes nothing");
    let done = || {
        let done = call("POST /lockers/{locker_id}/preventive-work").by("tech-4").path("locker_id", "mz-03");
        done.json(json!({ "note": "geölt" }))
    };
    network.call(done()).await.ok();
    assert_eq!(listed().await, json!([]));
    network.call(done()).await.refused(409, "wrong_state");
    pass(&network, 3..6).await;
    assert_eq!(listed().await, json!([]), "they are counted anew");
}

#[tokio::test]
async fn a_busy_locker_to_which_nobody_comes_is_suspected_and_stays_open() {
    let network = Network::mainz().await;
    let before = usage(&network, "mz-03");
    put_hidden(&network.store, &[Usage { week: vec![vec![40; 8]; 168], ..before }.into()]).await.unwrap();
    pass(&network, 1..4).await;
    let locker = network.locker("mz-03");
    let suspicion = &locker.suspicions[&FaultCode::ReaderFault];
    assert_eq!(suspicion.signals, [Signal::Silence].into());
    assert!(locker.bookable() && locker.faults.is_empty() && network.work_order("mz-03").is_none());
    assert_eq!(network.locker("mz-04").suspicions.len(), 0, "nobody knows what is usual there");
    // Nobody confirms it: it passes, and is not raised again before somebody has come.
    pass(&network, 4..30).await;
    assert!(network.locker("mz-03").suspicions.is_empty());
}

#[tokio::test]
async fn a_look_that_is_repeated_or_late_finds_that_it_was_made() {
    let network = Network::mainz().await;
    pass(&network, 1..3).await;
    let before = network.store.snapshot();
    network.sweep().await.unwrap();
    assert!(network.store.snapshot() == before);
    let looked_at: Timestamp = usage(&network, "mz-03").looked_at;
    assert!(looked_at > at(0) && usage(&network, "mz-03").look_at > Some(at(2 * HOUR)));
}

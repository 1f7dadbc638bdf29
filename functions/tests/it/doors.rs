//! Doors that open when they are told to, and those that do not and say nothing of it.

use aws::batch::BatchAnswer;
use domain::compartment::Health;
use domain::door::{OPENS_WITHIN, Openings};
use domain::fault::FaultCode;
use serde_json::json;

use crate::support::at;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;

/// When a door that was told to open at a second should have.
fn too_late(second: i64) -> i64 {
    second + OPENS_WITHIN.as_secs()
}

fn tries(network: &Network) -> (u32, u32) {
    let Openings { at_first_try, not_at_first_try, .. } = network.door("mz-03", 7).unwrap().openings;
    (at_first_try, not_at_first_try)
}

async fn tell(network: &Network, second: i64, event: &str) {
    network.wait_until(second);
    network.happens("parcel_events", lock("mz-03", second, event, 7)).await;
}

#[tokio::test]
async fn a_door_that_opens_in_time_is_counted_and_no_more() {
    let network = Network::mainz().await;
    tell(&network, 10, "open_acknowledged").await;
    tell(&network, 12, "door_opened").await;
    network.wait_until(too_late(10) + 100);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    assert_eq!((network.compartment("mz-03", 7).health(), tries(&network)), (Health::Ok, (1, 0)));
}

#[tokio::test]
async fn a_door_that_does_not_open_is_suspected_and_a_report_of_it_confirmed() {
    let network = Network::mainz().await;
    let (order, _) = network.place_order("ben", "M").await;
    tell(&network, 10, "open_acknowledged").await;
    network.wait_until(too_late(10) - 1);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    network.wait_until(too_late(10));
    assert_eq!(network.sweep().await.unwrap().due, 1);
    network.drain().await;
    let suspected = network.compartment("mz-03", 7);
    assert_eq!((suspected.health(), suspected.suspicions[&FaultCode::LockJammed].since), (Health::Suspected, at(10)));
    assert_eq!((network.work_order("mz-03"), tries(&network)), (None, (0, 1)));
    let before = network.kept();
    network.wait_until(10_000);
    assert_eq!((network.sweep().await.unwrap().due, network.kept()), (0, before));
    network.happens("fault_intake", faults_at("mz-03", "m-1", &[("7", "lock_jammed")], 10_000)).await;
    assert!(network.told().contains(&"work_order_called"));
    assert_eq!(network.order(&order).place_epoch, 1, "another compartment is not concerned");
}

#[tokio::test]
async fn messages_that_are_late_twice_or_overtake_each_other_change_nothing() {
    let network = Network::mainz().await;
    network.wait_until(100);
    // The opening overtakes its command, and each comes twice.
    for (second, event) in [(12, "door_opened"), (10, "open_acknowledged"), (12, "door_opened")] {
        network.happens("parcel_events", lock("mz-03", second, event, 7)).await;
    }
    network.happens("parcel_events", lock("mz-03", 10, "open_acknowledged", 7)).await;
    assert_eq!((network.sweep().await.unwrap().due, tries(&network)), (0, (1, 0)));
    // An opening of before does not answer a command.
    tell(&network, 200, "open_acknowledged").await;
    network.happens("parcel_events", lock("mz-03", 199, "door_opened", 7)).await;
    network.wait_until(too_late(200));
    network.sweep().await.unwrap();
    assert_eq!((network.compartment("mz-03", 7).health(), tries(&network)), (Health::Suspected, (1, 1)));
}

#[tokio::test]
async fn a_command_from_before_a_proven_repair_breaks_nothing_after_it() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "door_forced")])).await;
    tell(&network, 10, "open_acknowledged").await;
    network.wait_until(20);
    for (step, body) in [("start", json!({})), ("report-repaired", json!({ "note": "fertig" }))] {
        let taken = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
        network.call(taken.path("step", step).json(body)).await.ok();
    }
    for number in 1..=3 {
        let opening = test_opening("mz-03", &format!("t-{number}"), "mz-03.1", "7", true);
        network.happens("parcel_events", opening).await;
    }
    network.wait_until(too_late(10));
    network.sweep().await.unwrap();
    assert_eq!(network.compartment("mz-03", 7).health(), Health::Ok);
    assert_eq!(network.door("mz-03", 7).unwrap().openings.tests_passed, 3);
    assert_eq!(network.sweep().await.unwrap().due, 0, "it is judged once");
}

#[tokio::test]
async fn deposits_pickups_and_tests_count_in_the_commit_that_records_them() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let opened = |network: &Network| network.door("mz-03", compartment).unwrap().openings;
    assert_eq!(opened(&network), Openings { deposits: 1, ..Openings::default() });
    let pickup = collected("mz-03", "c-1", &order, compartment);
    network.happens("parcel_events", pickup.clone()).await;
    network.happens("parcel_events", pickup).await;
    assert_eq!(opened(&network), Openings { deposits: 1, collections: 1, ..Openings::default() });
    network.happens("fault_intake", faults("mz-03", "m-1", &[(&compartment.to_string(), "lock_jammed")])).await;
    for (step, body) in [("start", json!({})), ("report-repaired", json!({ "note": "fertig" }))] {
        let taken = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
        network.call(taken.path("step", step).json(body)).await.ok();
    }
    for (number, passed) in [(1, true), (2, false), (3, true)] {
        let unit = compartment.to_string();
        network.happens("parcel_events", test_opening("mz-03", &format!("t-{number}"), "mz-03.1", &unit, passed)).await;
    }
    let counted = Openings { deposits: 1, collections: 1, tests_passed: 1, tests_failed: 1, ..Openings::default() };
    assert_eq!(opened(&network), counted, "an opening that was refused is not counted");
}

#[tokio::test]
async fn a_door_the_locker_does_not_have_is_kept_for_a_person() {
    let network = Network::mainz().await;
    let before = network.kept();
    for event in ["open_acknowledged", "door_opened"] {
        assert_eq!(network.deliver("parcel_events", [lock("mz-03", 0, event, 77)]).await, BatchAnswer::default());
    }
    assert_eq!((network.quarantined().len(), network.kept()), (2, before));
}

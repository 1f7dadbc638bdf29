//! What is tried from afar before anybody is sent, and what comes of it.

use aws::shadow::RemoteAttempt;
use domain::fault::{FaultCode, RemoteCommand, Unit};
use domain::remote_recovery::Progress;
use domain::work_order::WorkOrderStatus;
use serde_json::json;

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::{at, id};

const MINUTE: i64 = 60;

/// Mainz with a fault of a whole locker.
async fn broken(code: &str) -> Network {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", code)])).await;
    network
}

fn asked(network: &Network, code: FaultCode) -> Option<RemoteAttempt> {
    network.shadows.of("mz-03").remote_recoveries.get(&code).cloned().flatten()
}

fn restart(attempt: u8) -> Option<RemoteAttempt> {
    Some(RemoteAttempt { work_order_id: id("mz-03.1"), command: RemoteCommand::Restart, attempt })
}

/// A device says what came of an attempt.
async fn tried(network: &Network, message: &str, code: &str, attempt: u8, worked: bool) {
    let event = json!({
        "type": "recovery_tried", "work_order_id": "mz-03.1", "code": code, "attempt": attempt, "worked": worked,
    });
    network.happens("parcel_events", door("mz-03", message, event)).await;
}

async fn test_openings(network: &Network, passed: &[bool]) {
    for (number, passed) in passed.iter().enumerate() {
        let opening = test_opening("mz-03", &format!("t-{number}"), "mz-03.1", "locker", *passed);
        network.happens("parcel_events", opening).await;
    }
}

async fn sweep_at(network: &Network, second: i64) {
    network.wait_until(second);
    network.sweep().await.unwrap();
    network.drain().await;
}

#[tokio::test]
async fn a_restart_that_helps_and_is_proven_saves_the_way_there() {
    let network = broken("reader_fault").await;
    assert_eq!(asked(&network, FaultCode::ReaderFault), restart(1));
    assert_eq!(network.told(), [""; 0], "nobody is called yet");
    assert!(network.locker("mz-03").closed_by().is_some(), "and nothing goes in or out");
    tried(&network, "r-1", "reader_fault", 1, true).await;
    assert_eq!(asked(&network, FaultCode::ReaderFault), None, "it is not to be done again");
    let doors = network.shadows.of("mz-03").test_openings[&Unit::Locker].clone();
    assert_eq!(doors.map(|it| (it.attempt, it.times)), Some((1, 3)));
    assert!(network.locker("mz-03").closed_by().is_some(), "its word opens nothing");
    test_openings(&network, &[true, true]).await;
    assert!(network.locker("mz-03").closed_by().is_some());
    test_openings(&network, &[true, true, true]).await;
    assert_eq!(network.locker("mz-03").closed_by(), None);
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Verified);
    sweep_at(&network, 30 * MINUTE).await;
    assert_eq!(network.told(), [""; 0]);
}

#[tokio::test]
async fn without_an_answer_the_team_is_called_once_its_time_is_over() {
    let network = broken("reader_fault").await;
    sweep_at(&network, 3 * MINUTE - 1).await;
    assert_eq!(network.told(), [""; 0]);
    for second in [3 * MINUTE, 3 * MINUTE, 10 * MINUTE] {
        sweep_at(&network, second).await;
        assert_eq!(network.told(), ["work_order_called"], "{second}");
    }
    assert_eq!(asked(&network, FaultCode::ReaderFault), None);
    let before = network.kept();
    tried(&network, "r-late", "reader_fault", 1, true).await;
    assert_eq!(network.kept(), before, "its team is on its way");
}

#[tokio::test]
async fn an_answer_that_comes_twice_is_one_and_a_failed_attempt_is_followed_by_the_next() {
    let network = broken("controller_fault").await;
    assert_eq!(network.told(), ["work_order_called"], "a danger waits for no attempt");
    for _ in 0..2 {
        tried(&network, "r-1", "controller_fault", 1, false).await;
        assert_eq!(asked(&network, FaultCode::ControllerFault), restart(2));
    }
    tried(&network, "r-2", "controller_fault", 2, false).await;
    assert_eq!(asked(&network, FaultCode::ControllerFault), None);
    let attempts = network.work_order("mz-03").unwrap().attempts[&FaultCode::ControllerFault];
    assert_eq!((attempts.count, attempts.progress), (2, Progress::GivenUp { at: at(0) }));
    assert_eq!(network.told(), ["work_order_called"]);
}

#[tokio::test]
async fn a_proof_that_fails_calls_the_team() {
    let network = broken("reader_fault").await;
    tried(&network, "r-1", "reader_fault", 1, true).await;
    test_openings(&network, &[true, false]).await;
    assert_eq!(network.told(), ["work_order_called"]);
    assert!(network.shadows.of("mz-03").test_openings.values().all(Option::is_none));
    assert!(network.locker("mz-03").closed_by().is_some());
}

#[tokio::test]
async fn a_display_that_works_again_is_over_by_its_word() {
    let network = broken("display_fault").await;
    tried(&network, "r-1", "display_fault", 1, true).await;
    assert!(network.locker("mz-03").faults.is_empty());
    assert_eq!(network.work_order("mz-03").unwrap().status, WorkOrderStatus::Verified);
    sweep_at(&network, 30 * MINUTE).await;
    assert_eq!(network.told(), [""; 0]);
}

#[tokio::test]
async fn who_is_at_the_locker_is_not_surprised_by_a_restart() {
    let network = broken("controller_fault").await;
    network.step("mz-03.1", "start", json!({})).await.ok();
    network.drain().await;
    assert_eq!(asked(&network, FaultCode::ControllerFault), None);
    sweep_at(&network, 10 * MINUTE).await;
    assert_eq!(asked(&network, FaultCode::ControllerFault), None);
}

#[tokio::test]
async fn a_locker_answers_for_itself_alone() {
    let network = broken("reader_fault").await;
    let event = json!({
        "type": "recovery_tried", "work_order_id": "mz-03.1", "code": "reader_fault", "attempt": 1, "worked": true,
    });
    network.deliver("parcel_events", [door("mz-04", "r-1", event)]).await;
    assert_eq!(network.quarantined().len(), 1);
    assert_eq!(asked(&network, FaultCode::ReaderFault), restart(1));
}

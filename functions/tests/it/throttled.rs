//! The store does not answer: requests are answered 503 with a time to try again, queued work stays queued,
//! streams come again, and nothing was done by halves.

use aws::batch::BatchAnswer;
use aws::keys;
use domain::StateKey;
use functions::{locker_commands, notification_fan_out, rerouting, sweeps};
use serde_json::json;

use crate::support::devices::*;
use crate::support::id;
use crate::support::network::Network;
use crate::support::requests::{Call, call};
use crate::support::stores::{Asked, Throttled};

const EVERYTHING: &[Asked] = &[Asked::Read, Asked::Commit, Asked::Query];

/// A request of every function that answers requests; those that write come first.
async fn requests(network: &Network) -> (Vec<Call>, Vec<Call>) {
    let (order, _) = network.place_order("anna", "M").await;
    let collected = network.collect_order("ben", "M").await;
    let (waiting, _) = network.deposit_order("dora", "S").await;
    let (trapped, first) = network.deposit_order("dora", "M").await;
    let (fetched, second) = network.deposit_order("dora", "L").await;
    let jammed = [first, second].map(|it| it.to_string());
    let jammed = [(jammed[0].as_str(), "lock_jammed"), (jammed[1].as_str(), "lock_jammed")];
    network.happens("fault_intake", faults("mz-03", "m-0", &jammed)).await;
    network.call(call("POST /recoveries").by("tech-4").json(json!({ "order_id": fetched }))).await.ok();
    network.drain().await;
    let complaint = json!({
        "ratings": { "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 }, "answer_wanted": true,
    });
    let said = call("POST /my/orders/{order_id}/feedback").by("ben").path("order_id", &collected).json(complaint);
    let case = network.call(said.clone().named("first")).await.ok()["case"].as_str().unwrap().to_owned();
    network.happens("fault_intake", faults("mz-03", "m-1", &[("12", "lock_jammed")])).await;
    let placed = json!({ "customer_id": "anna", "locker_id": "mz-03", "size": "S" });
    let step = call("POST /work-orders/{work_order_id}/{step}").by("tech-4").path("work_order_id", "mz-03.1");
    let writing = vec![
        call("POST /orders").by_order_system().header("idempotency-key", "new").json(placed),
        call("DELETE /orders/{order_id}").by_order_system().path("order_id", &order),
        call("POST /deposits").by("driver-17").json(json!({ "order_id": order, "locker_id": "mz-03" })),
        call("POST /my/orders/{order_id}/place").by("anna").path("order_id", &order).json(json!({ "home": true })),
        step.path("step", "acknowledge").json(json!({})),
        said,
        call("POST /support/orders/{order_id}/deadline")
            .by("s-1")
            .path("order_id", &waiting)
            .json(json!({ "extend_by_hours": 24, "reason": "krank" })),
        call("POST /recoveries").by("tech-4").json(json!({ "order_id": trapped })),
        call("POST /recoveries/{order_id}/{step}")
            .by("tech-4")
            .path("order_id", &fetched)
            .path("step", "take")
            .json(json!({})),
        call("POST /cases/{case_id}/assignment").by("s-1").path("case_id", &case).json(json!({ "to": "s-1" })),
        call("POST /cases/{case_id}/question").by("s-1").path("case_id", &case).json(json!({ "question": "Wo?" })),
        call("POST /people").by("op-1").json(json!({ "person_id": "p-1", "language": "german", "email": "a@b.de" })),
    ];
    let reading = vec![
        call("GET /orders/{order_id}").by_order_system().path("order_id", &order),
        call("GET /lockers").by_order_system().query("latitude_e6", "50001300").query("longitude_e6", "8258800"),
        call("GET /lockers/{locker_id}").by("op-1").path("locker_id", "mz-03"),
        call("GET /my/orders/{order_id}").by("anna").path("order_id", &order),
        call("GET /work-orders/{work_order_id}").by("tech-4").path("work_order_id", "mz-03.1"),
        call("GET /cases/{case_id}").by("s-1").path("case_id", &case),
        call("GET /cases").by("s-1").query("region", "mainz"),
        call("GET /my/cases/{case_id}").by("ben").path("case_id", &case),
        call("GET /support/orders/{order_id}").by("s-1").path("order_id", &order),
        call("GET /support/lockers/{locker_id}").by("s-1").path("locker_id", "mz-03"),
        call("GET /recoveries/{order_id}").by("tech-4").path("order_id", &fetched),
        call("GET /lockers/{locker_id}/trapped-parcels").by("tech-4").path("locker_id", "mz-03"),
        call("GET /work-orders/{work_order_id}/trapped-parcels").by("tech-4").path("work_order_id", "mz-03.1"),
        call("GET /support/drivers/{driver_id}").by("s-1").path("driver_id", "driver-17"),
    ];
    (writing, reading)
}

#[tokio::test]
async fn requests_are_answered_503_with_a_time_to_try_again() {
    let network = Network::mainz().await;
    let (writing, reading) = requests(&network).await;
    let before = network.kept();
    for call in writing.iter().chain(&reading) {
        let throttled = Throttled { store: &network.store, kinds: EVERYTHING };
        let answer = network.call_over(&throttled, call).await.refused(503, "unavailable");
        assert_eq!(answer.retry_after.as_deref(), Some("1"));
        assert!(!answer.body.to_string().contains("throttled"), "what went wrong within is not told: {answer:?}");
    }
    for call in &writing {
        let throttled = Throttled { store: &network.store, kinds: &[Asked::Commit] };
        network.call_over(&throttled, call).await.refused(503, "unavailable");
    }
    assert_eq!(network.kept(), before, "nothing was done by halves");
    for call in writing.into_iter().chain(reading) {
        assert_ne!(network.call(call.clone()).await.status, 503, "{call:?}");
    }
}

#[tokio::test]
async fn messages_that_could_not_be_stored_stay_in_their_queue_and_the_others_do_not() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    let before = network.kept();
    for kinds in [EVERYTHING, &[Asked::Commit]] {
        let throttled = Throttled { store: &network.store, kinds };
        for (function, message) in [
            ("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])),
            ("fault_intake", from_rule("mz-03", "mz-03", b"not json")),
            ("parcel_events", deposited("mz-03", "m-2", &order, compartment)),
            ("presence", presence("mz-03", "s-1", 0, "connected")),
            ("heartbeat_intake", heartbeat("mz-03", 0, json!({}))),
        ] {
            let answer = network.deliver_over(&throttled, function, [message.clone()]).await;
            let stayed: Vec<&str> = answer.batch_item_failures.iter().map(|it| it.item_identifier.as_str()).collect();
            assert_eq!(stayed, [message.message_id.as_str()], "{function}");
        }
    }
    assert_eq!((network.kept(), network.quarantined().len()), (before, 0));
    let refused = presence("elsewhere-99", "s-1", 0, "connect_failed");
    let throttled = Throttled { store: &network.store, kinds: EVERYTHING };
    let both = [presence("mz-03", "s-1", 0, "connected"), refused];
    let answer = network.deliver_over(&throttled, "presence", both.clone()).await;
    assert_eq!(answer.batch_item_failures.len(), 1, "one that needs no store is done");
    assert_eq!(network.deliver("presence", both).await, BatchAnswer::default());
}

#[tokio::test]
async fn stream_batches_come_again_until_they_are_dealt_with() {
    let network = Network::mainz().await;
    let (order, compartment) = network.place_order("cleo", "XL").await;
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[(&compartment.to_string(), "lock_jammed")])]).await;
    let batch = network.stream_batch(&[keys::of_state(&StateKey::WorkOrder(id("mz-03")))]);
    for kinds in [EVERYTHING, &[Asked::Commit], &[Asked::Query]] {
        let throttled = Throttled { store: &network.store, kinds };
        rerouting::handle(&throttled, &network.tables, batch.clone(), network.now()).await.unwrap_err();
    }
    let throttled = Throttled { store: &network.store, kinds: EVERYTHING };
    locker_commands::handle(&throttled, &network.shadows, &network.tables, batch.clone()).await.unwrap_err();
    network.shadows.broken.set(true);
    locker_commands::handle(&network.store, &network.shadows, &network.tables, batch).await.unwrap_err();
    network.shadows.broken.set(false);
    network.drain().await;
    assert_eq!(network.told(), ["rerouted_home", "work_order_called"], "once each, for all of that");
    assert_eq!(network.order(&order).place_epoch, 2);
}

#[tokio::test]
async fn a_notice_that_could_not_be_claimed_is_not_sent() {
    let network = Network::mainz().await;
    network.deliver("parcel_events", []).await;
    let (order, compartment) = network.place_order("anna", "M").await;
    network.deliver("parcel_events", [deposited("mz-03", "m-1", &order, compartment)]).await;
    let notices: Vec<_> = network.kept().into_keys().filter(|key| key.is_notice()).collect();
    let batch = network.stream_batch(&notices);
    for kinds in [EVERYTHING, &[Asked::Commit]] {
        let throttled = Throttled { store: &network.store, kinds };
        let failed =
            notification_fan_out::handle(&throttled, &network.sender, &network.tables, batch.clone(), network.now());
        failed.await.unwrap_err();
    }
    assert_eq!(network.sender.publisher.sent(), []);
    network.drain().await;
    assert_eq!(network.sender.publisher.sent().len(), 1);
}

#[tokio::test]
async fn what_is_due_stays_due() {
    let network = Network::mainz().await;
    network.happens("presence", presence("mz-03", "s-1", 0, "disconnected")).await;
    network.wait_until(1_000);
    let before = network.kept();
    for kinds in [EVERYTHING, &[Asked::Read], &[Asked::Commit]] {
        let throttled = Throttled { store: &network.store, kinds };
        sweeps::handle(&throttled, &network.sender, &network.settings, network.now()).await.unwrap_err();
    }
    assert_eq!(network.kept(), before);
    assert_eq!(network.sweep().await.unwrap().due, 1);
    assert!(!network.locker("mz-03").bookable());
}

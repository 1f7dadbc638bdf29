//! Every sample under events/ is understood by its function, unless it is a sample of what is not.

use std::fs;
use std::path::PathBuf;

use aws::apply::put_hidden;
use aws::batch::{BatchAnswer, QueueBatch, StreamBatch};
use aws::http::Request;
use aws::link::LinkSigner;
use domain::SignedDuration;
use domain::compartment::{Compartment, Occupancy};
use domain::delivery::{Delivery, Standing};
use domain::door::{Door, Openings};
use domain::notice::LinkPurpose;
use domain::order::{Order, OrderStatus};
use domain::place::Place;
use domain::preventive::{SERVICED_AFTER_OPENINGS, find_worn};
use domain::size::Size;
use functions::{
    fault_intake, heartbeat_intake, locker_commands, notification_fan_out, parcel_events, presence, rerouting,
};
use serde_json::{Value, json};

use crate::support::devices::{faults, test_opening};
use crate::support::network::{LINK_SECRET, Network};
use crate::support::requests::call;
use crate::support::{GRACE, at, id};

/// The samples of a function, by name.
fn samples(function: &str) -> Vec<(String, Value)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events").join(function);
    let mut samples: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        })
        .collect();
    samples.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert!(!samples.is_empty(), "{function} has no samples");
    samples
}

/// Mainz with what the samples name: order `o-1001` of Anna's, bound for compartment 7 of `mz-03`.
async fn sampled(status: OrderStatus) -> Network {
    let network = Network::mainz().await;
    let order = Order {
        id: id("o-1001"),
        customer: id("anna"),
        size: Size::M,
        parcel: None,
        reachable: false,
        bundle: None,
        status,
        place: Place::Compartment { locker: id("mz-03"), compartment: 7.try_into().unwrap() },
        place_epoch: 2,
        placed_at: at(-3_600),
        promised_at: None,
        held_until: None,
        hold_extended: SignedDuration::ZERO,
        expired_at: (status == OrderStatus::Expired).then(|| at(-60)),
        look_again_at: None,
        driver: Some(id("driver-17")),
        deposited_at: (status == OrderStatus::Deposited || status == OrderStatus::Expired).then(|| at(-600)),
        pickup_deadline: (status == OrderStatus::Deposited || status == OrderStatus::Expired).then(|| at(200_000)),
        pickup_stopped_at: None,
        pickup_settled: Vec::new(),
        pickup_owed: SignedDuration::ZERO,
        pickup_extended: SignedDuration::ZERO,
        recovery: None,
        collected_at: (status == OrderStatus::Collected).then(|| at(-60)),
        incidents: Vec::new(),
        displaced_from: None,
        undo: None,
        latest_notice: None,
    };
    let occupancy = match status {
        OrderStatus::Placed => Occupancy::Reserved { order: order.id.clone() },
        OrderStatus::Deposited | OrderStatus::Expired => Occupancy::Occupied { order: order.id.clone() },
        _ => Occupancy::Free,
    };
    let compartment = Compartment { occupancy, ..network.compartment("mz-03", 7) };
    put_hidden(&network.store, &[order.into(), compartment.into()]).await.unwrap();
    network
}

/// Makes the sampled work order `mz-03.2` be in a state.
async fn with_second_work_order(network: &Network, steps: &[&str]) {
    network.happens("fault_intake", faults("mz-03", "w-1", &[("9", "lock_jammed")])).await;
    let take = async |work_order: &str, steps: &[&str]| {
        for step in steps {
            let call = call("POST /work-orders/{work_order_id}/{step}").by("t").path("work_order_id", work_order);
            let body = if *step == "report-repaired" { json!({ "note": "fertig" }) } else { json!({}) };
            network.call(call.path("step", step).json(body)).await.ok();
        }
    };
    take("mz-03.1", &["start", "report-repaired"]).await;
    for opening in 0..3 {
        let message = test_opening("mz-03", &format!("w-t{opening}"), "mz-03.1", "9", true);
        network.happens("parcel_events", message).await;
    }
    let report =
        crate::support::devices::faults_at("mz-03", "w-2", &[("7", "lock_jammed"), ("locker", "display_fault")], 10);
    network.happens("fault_intake", report).await;
    take("mz-03.2", steps).await;
}

#[tokio::test]
async fn faults_are_recorded_and_only_the_unreadable_ones_kept() {
    for (name, sample) in samples("fault-intake") {
        let network = Network::mainz().await;
        let batch: QueueBatch = serde_json::from_value(sample).unwrap();
        let messages = batch.records.len();
        let answer = fault_intake::handle(&network.store, batch, at(1)).await;
        assert_eq!(answer, BatchAnswer::default(), "{name}");
        let unreadable = match name.as_str() {
            "not-json" | "client-of-another-locker" | "one-of-two-unreadable" => 1,
            _ => 0,
        };
        assert_eq!(network.quarantined().len(), unreadable, "{name}");
        let raised = messages > unreadable && name != "condition-gone";
        assert_eq!(network.work_order("mz-03").is_some(), raised, "{name}");
    }
}

#[tokio::test]
async fn what_happens_at_doors_is_recorded() {
    for (name, sample) in samples("parcel-events") {
        let status = if name == "parcel-collected" { OrderStatus::Deposited } else { OrderStatus::Placed };
        let network = sampled(status).await;
        if name.starts_with("test-opening") {
            with_second_work_order(&network, &["start", "report-repaired"]).await;
        }
        if name.starts_with("recovery") {
            with_second_work_order(&network, &[]).await;
        }
        let before = network.kept();
        let batch: QueueBatch = serde_json::from_value(sample).unwrap();
        let answer = parcel_events::handle(&network.store, batch, at(20)).await;
        assert_eq!(answer, BatchAnswer::default(), "{name}");
        assert_eq!(network.quarantined(), [], "{name}");
        assert_eq!(network.kept() == before, name.starts_with("shadow"), "{name}");
    }
}

#[tokio::test]
async fn heartbeats_are_kept_and_only_the_unreadable_ones_put_aside() {
    for (name, sample) in samples("heartbeat-intake") {
        let network = Network::mainz().await;
        let batch: QueueBatch = serde_json::from_value(sample).unwrap();
        assert_eq!(heartbeat_intake::handle(&network.store, batch, at(100)).await, BatchAnswer::default(), "{name}");
        assert_eq!(network.quarantined().len(), usize::from(name == "one-of-two-unreadable"), "{name}");
        let latest = if name == "two-of-one-locker" { "said-h-0051" } else { "said-h-005" };
        assert!(network.heartbeat("mz-03").unwrap().event.as_str().starts_with(latest), "{name}");
    }
}

#[tokio::test]
async fn connections_are_recorded() {
    for (name, sample) in samples("presence") {
        let network = Network::mainz().await;
        let batch: QueueBatch = serde_json::from_value(sample).unwrap();
        assert_eq!(presence::handle(&network.store, batch, GRACE, at(100)).await, BatchAnswer::default(), "{name}");
        assert_eq!(network.quarantined(), [], "{name}");
        assert_eq!(network.presence("mz-03").is_none(), name == "connect-failed", "{name}");
    }
}

#[tokio::test]
async fn changes_are_followed_up() {
    for function in ["rerouting", "locker-commands", "notification-fan-out"] {
        for (name, sample) in samples(function) {
            // The tables of the samples are those of a deployment.
            let sample = ["Network", "Orders", "Cases"].iter().fold(sample.to_string(), |text, table| {
                let deployed = format!("locker-care-{table}Table-A1B2C3D4E5F6");
                text.replace(&deployed, &format!("test-{}", table.to_lowercase()))
            });
            let batch: StreamBatch = serde_json::from_str(&sample).unwrap();
            let network = sampled(OrderStatus::Placed).await;
            with_second_work_order(&network, &["start", "report-repaired"]).await;
            for record in &batch.records {
                assert!(record.key(&network.tables).is_some(), "{name}");
            }
            let (store, tables, now) = (&network.store, &network.tables, network.now());
            match function {
                "rerouting" => rerouting::handle(store, tables, batch, now).await.unwrap(),
                "locker-commands" => {
                    locker_commands::handle(store, &network.shadows, tables, batch).await.unwrap();
                    assert!(!network.shadows.of("mz-03").closed.is_empty(), "{name}");
                }
                _ => notification_fan_out::handle(store, &network.sender, tables, batch, now).await.unwrap(),
            }
        }
    }
}

#[tokio::test]
async fn requests_are_answered() {
    for function in [
        "registry",
        "order-placement",
        "order-choices",
        "deposit-authorisation",
        "work-orders",
        "feedback-submission",
        "complaints",
        "support-view",
        "trapped-parcels",
    ] {
        for (name, sample) in samples(function) {
            let status = match function {
                "feedback-submission" | "complaints" => OrderStatus::Collected,
                "trapped-parcels" if name.contains("return") => OrderStatus::Expired,
                "trapped-parcels" => OrderStatus::Deposited,
                _ => OrderStatus::Placed,
            };
            let network = if name == "register-locker" { Network::empty() } else { sampled(status).await };
            let request: Request = serde_json::from_value(sample.clone()).unwrap();
            match name.as_str() {
                "acknowledge" | "list-work-orders" | "read-work-order" | "start" | "trapped-by-work-order" => {
                    with_second_work_order(&network, &[]).await
                }
                "cancel" => {
                    network.happens("fault_intake", faults("mz-03", "w-1", &[("locker", "network_weak")])).await;
                }
                "merge" | "separate" => {
                    network.register_locker("mz-09", 100, &[(1, "M")]).await;
                    network.happens("fault_intake", faults("mz-09", "w-1", &[("1", "lock_jammed")])).await;
                    network.happens("fault_intake", faults("mz-03", "w-2", &[("7", "lock_jammed")])).await;
                    if name == "separate" {
                        let merge = samples("work-orders").into_iter().find(|(name, _)| name == "merge").unwrap().1;
                        network.call(crate::support::requests::sampled(merge)).await.ok();
                    }
                }
                "acknowledge-fault" | "shelve-fault" | "list-shelved-faults" => {
                    with_second_work_order(&network, &[]).await
                }
                "unshelve-fault" => {
                    with_second_work_order(&network, &[]).await;
                    let shelve = samples("work-orders").into_iter().find(|(name, _)| name == "shelve-fault").unwrap().1;
                    network.call(crate::support::requests::sampled(shelve)).await.ok();
                }
                "hold" | "report-repaired" => with_second_work_order(&network, &["start"]).await,
                "read-incident" => {
                    network.happens("fault_intake", faults("mz-03", "w-1", &[("locker", "network_lost")])).await;
                }
                "record-preventive-work" => {
                    let locker = network.locker("mz-03");
                    let worn = [Door {
                        openings: Openings { deposits: SERVICED_AFTER_OPENINGS, ..Openings::default() },
                        ..Door::new(locker.id.clone(), 7.try_into().unwrap())
                    }];
                    let due = find_worn(None, &locker, &worn, SERVICED_AFTER_OPENINGS, network.now()).unwrap();
                    put_hidden(&network.store, &[due.into()]).await.unwrap();
                }
                _ => {}
            }
            if name == "cancel-maintenance" {
                let planned = samples("registry").into_iter().find(|(name, _)| name == "plan-maintenance").unwrap().1;
                network.call(crate::support::requests::sampled(planned)).await.ok();
            }
            if name.contains("recovery") || name == "settle-contents" {
                fetch_until(&network, &name).await;
            }
            if name == "return-hand-back" {
                let by = sample["requestContext"]["authorizer"]["jwt"]["claims"]["sub"].as_str().unwrap();
                network.call(call("POST /returns").by(by).json(json!({ "order_id": "o-1001" }))).await.ok();
                let take = call("POST /recoveries/{order_id}/{step}").by(by).path("order_id", "o-1001");
                network.call(take.path("step", "take").json(json!({}))).await.ok();
            }
            let sample = prepared(&network, function, &name, sample).await;
            let answer = network.call(sample).await;
            let expected = match request.route_key.as_str() {
                _ if name == "choose-place-by-form" => 303,
                "POST /recoveries" | "POST /returns" => 201,
                "POST /orders" | "POST /lockers" | "POST /teams" | "POST /people" | "POST /shops" => 201,
                "POST /lockers/{locker_id}/maintenance" | "POST /support/orders/{order_id}/notes" => 201,
                route if route.starts_with("POST") && route.contains("/feedback") => 201,
                _ => 200,
            };
            assert_eq!(answer.status, expected, "{function}/{name}: {answer:?}");
        }
    }
}

/// Fetches the sampled order until the sample of that name can follow.
async fn fetch_until(network: &Network, name: &str) {
    network.happens("fault_intake", faults("mz-03", "w-1", &[("7", "lock_jammed")])).await;
    if name == "start-recovery" || name == "settle-contents" {
        return;
    }
    network.call(call("POST /recoveries").by("tech-4").json(json!({ "order_id": "o-1001" }))).await.ok();
    if name == "recovery-receive" {
        let take = call("POST /recoveries/{order_id}/{step}").by("tech-4").path("order_id", "o-1001");
        network.call(take.path("step", "take").json(json!({}))).await.ok();
    }
}

/// The sample with what only this network has: a link it has signed, the case it has opened.
async fn prepared(network: &Network, function: &str, name: &str, sample: Value) -> crate::support::requests::Call {
    let mut sample = sample;
    let order = || id("o-1001");
    if let Some(token) = sample.pointer_mut("/pathParameters/token") {
        let purpose = match function {
            "order-choices" => LinkPurpose::ChoosePlace { order: order(), place_epoch: 2 },
            _ => LinkPurpose::GiveFeedback { order: order() },
        };
        *token = json!(LinkSigner::new(LINK_SECRET).unwrap().sign(&purpose, at(0)));
    }
    if function == "complaints" {
        let faulted = Order {
            incidents: vec![domain::order::Incident {
                locker: id("mz-03"),
                unit: id("7"),
                code: domain::fault::FaultCode::LockJammed,
                work_order: id("mz-03.1"),
                from: at(-600),
                until: None,
            }],
            ..network.order("o-1001")
        };
        put_hidden(&network.store, &[faulted.into()]).await.unwrap();
        let delivery = Delivery {
            order: order(),
            driver: id("driver-17"),
            delivered_at: at(-600),
            promised_at: None,
            standing: Standing::Counted,
            charged_case: None,
        };
        put_hidden(&network.store, &[delivery.into()]).await.unwrap();
        let of_the_driver = ["contest-decision", "answer-contest"].contains(&name);
        let complaint = json!({
            "ratings": { "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 },
            "reasons": [if of_the_driver { "conduct" } else { "delay" }],
        });
        let said = call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", "o-1001").json(complaint);
        let case = network.call(said).await.ok()["case"].as_str().unwrap().to_owned();
        let of_the_case = |what: &str| call(&format!("POST /cases/{{case_id}}/{what}")).path("case_id", &case);
        match name {
            "close-case" | "reopen-case" | "reopen-my-case" => {
                let made = json!({ "cause": "unknown", "measure": "apology", "reasons": "weil" });
                network.call(of_the_case("decision").by("s-9").json(made)).await.ok();
            }
            "give-statement" | "read-case-of-driver" => {
                network.call(of_the_case("hearing").by("s-9").json(json!({}))).await.ok();
            }
            "contest-decision" | "answer-contest" => {
                network.call(of_the_case("hearing").by("s-9").json(json!({}))).await.ok();
                let own = |what: &str| call(&format!("POST /driver/cases/{{case_id}}/{what}")).by("driver-17");
                let said = json!({ "text": "So war es nicht." });
                network.call(own("statement").path("case_id", &case).json(said.clone())).await.ok();
                let made = json!({ "cause": "driver", "measure": "talk", "reasons": "weil", "facts_for": [0] });
                network.call(of_the_case("decision").by("s-9").json(made)).await.ok();
                if name == "answer-contest" {
                    network.call(own("contest").path("case_id", &case).json(said)).await.ok();
                }
            }
            "answer-question" => {
                let question = json!({ "question": "Welches Fach?" });
                network.call(of_the_case("question").by("s-9").json(question)).await.ok();
            }
            "join-cases" => {
                let order = network.collect_order("anna", "S").await;
                let complaint = json!({
                    "ratings": { "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 }, "reasons": ["damage"],
                });
                let say = call("POST /my/orders/{order_id}/feedback").by("anna").path("order_id", &order);
                let other = network.call(say.json(complaint)).await.ok()["case"].clone();
                sample["body"] = json!({ "into": other }).to_string().into();
            }
            "list-cases" => {
                let team = json!({
                    "team_id": "support-mainz", "region": "mainz", "name": "Kundendienst", "skills": [],
                    "language": "german", "email": "support@example.org", "duty": "support",
                });
                network.call(call("POST /teams").by("op-1").json(team)).await.ok();
            }
            _ => {}
        }
        if name != "list-cases" {
            sample["pathParameters"]["case_id"] = json!(case);
        }
        sample["headers"].as_object_mut().unwrap().remove("if-match");
    }
    crate::support::requests::sampled(sample)
}

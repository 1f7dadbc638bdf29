//! The networks that inputs meet: Mainz, at moments at which different things can go wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use aws::apply::put_hidden;
use aws::keys::Key;
use aws::store::Item;
use domain::compartment::Compartment;
use domain::order::{HOLD_FOR, Order, OrderStatus};
use serde_json::{Value, json};

use crate::devices::{self, Function};
use crate::far_ends::Shadows;
use crate::network::Network;
use crate::{at, requests, run, streams};

/// When every input arrives, in seconds: after all that has led to the scene.
const ARRIVAL_SECOND: i64 = 60;

/// A moment in the life of a small network: lockers `mz-03`, `mz-04` and `mz-05`, one team, four customers, and
/// Anna's order `o-1001` for compartment 7 of `mz-03`, as the samples name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scene {
    /// The order is on its way.
    Placed,
    /// The parcel is in its compartment.
    Deposited,
    /// Anna has it.
    Collected,
    /// Anna has it, and has complained.
    Complained,
    /// Compartment 7 has jammed with the parcel inside, and nobody has been told yet.
    Jammed,
    /// The team is repairing it, as work order `mz-03.1`.
    Started,
    /// Compartment 7 and the locker itself were reported repaired, as work order `mz-03.2`.
    Repaired,
    /// Nobody is registered.
    Empty,
}

impl Scene {
    /// Every scene, in an order that inputs rely on.
    pub const ALL: [Scene; 8] = [
        Scene::Placed,
        Scene::Deposited,
        Scene::Collected,
        Scene::Complained,
        Scene::Jammed,
        Scene::Started,
        Scene::Repaired,
        Scene::Empty,
    ];

    /// The scene that an input's byte chooses.
    pub fn chosen_by(byte: u8) -> Scene {
        Scene::ALL[usize::from(byte) % Scene::ALL.len()]
    }

    /// The byte that chooses it.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// Lets an input meet the scene as it is: what an earlier input changed is not there.
    pub fn meet<T>(self, input: impl FnOnce(&Network) -> T) -> T {
        thread_local! {
            static KEPT: RefCell<BTreeMap<Scene, Rc<Kept>>> = RefCell::default();
            static AS_NEW: RefCell<BTreeMap<Scene, Network>> = RefCell::default();
        }
        let as_new = AS_NEW.with_borrow_mut(|networks| networks.remove(&self));
        let mut network = as_new.unwrap_or_else(|| {
            let known = KEPT.with_borrow(|scenes| scenes.get(&self).cloned());
            let kept = known.unwrap_or_else(|| {
                let kept = Rc::new(self.prepare());
                KEPT.with_borrow_mut(|scenes| scenes.insert(self, Rc::clone(&kept)));
                kept
            });
            let Kept { items, case, work_order } = kept.as_ref();
            let mut network = Network::holding(items);
            network.case.clone_from(case);
            network.work_order.clone_from(work_order);
            network
        });
        network.wait_until(ARRIVAL_SECOND);
        let outcome = input(&network);
        if network.store.is_as_made() {
            network.store.empty_quarantine();
            network.shadows = Shadows::default();
            AS_NEW.with_borrow_mut(|networks| networks.insert(self, network));
        }
        outcome
    }

    fn prepare(self) -> Kept {
        let mut network = Network::empty();
        match self {
            Scene::Empty => {}
            Scene::Placed => put_order(&network, OrderStatus::Placed),
            Scene::Deposited => put_order(&network, OrderStatus::Deposited),
            Scene::Collected => put_order(&network, OrderStatus::Collected),
            Scene::Complained => {
                put_order(&network, OrderStatus::Collected);
                network.case = Some(complain(&network));
            }
            Scene::Jammed | Scene::Started => {
                put_order(&network, OrderStatus::Deposited);
                report_faults(&network, "w-1", &[("7", "lock_jammed")], 10);
                if self == Scene::Started {
                    streams::run_dry(&network);
                    take_step(&network, "mz-03.1", "start");
                }
                network.work_order = Some("mz-03.1".to_owned());
            }
            Scene::Repaired => {
                put_order(&network, OrderStatus::Placed);
                repair_twice(&network);
                network.work_order = Some("mz-03.2".to_owned());
            }
        }
        Kept { items: network.store.items(), case: network.case, work_order: network.work_order }
    }
}

/// What a scene begins with.
struct Kept {
    items: Vec<(Key, Item)>,
    case: Option<String>,
    work_order: Option<String>,
}

/// A name that nothing has yet: history, which every change adds to, makes the next one differ.
fn a_new_name(network: &Network) -> String {
    format!("scene-{}", network.store.items().len())
}

/// A request that a scene is made with: it has to be done.
fn done(network: &Network, route: &str, person: &str, path: Value, body: Value) -> Value {
    let event = json!({
        "routeKey": route,
        "headers": { "content-type": "application/json" },
        "pathParameters": path,
        "body": body.to_string(),
        "requestContext": {
            "requestId": a_new_name(network),
            "authorizer": { "jwt": { "claims": { "sub": person } } },
        },
    });
    let response = requests::answer(network, &serde_json::from_value(event).expect("a request"));
    assert!(response.status_code < 300, "{route}: {response:?}");
    serde_json::from_str(&response.body).expect("answers are JSON")
}

fn register_mainz(network: &Network) {
    let lockers = [
        ("mz-03", 0, vec![(1, "S"), (2, "S"), (3, "M"), (7, "M"), (9, "L"), (12, "XL")]),
        ("mz-04", 400, vec![(1, "M"), (2, "M")]),
        ("mz-05", 1_100, vec![(1, "S"), (2, "M"), (3, "L")]),
    ];
    for (locker, metres_north, compartments) in lockers {
        let compartments: Vec<Value> =
            compartments.iter().map(|(number, size)| json!({ "number": number, "size": size })).collect();
        let body = json!({
            "locker_id": locker, "name": format!("Standort {locker}"), "region": "mainz", "compartments": compartments,
            // 0.111 m for each millionth of a degree.
            "position": { "latitude_e6": 50_001_300 + metres_north * 9, "longitude_e6": 8_258_800 },
        });
        done(network, "POST /lockers", "op-1", json!({}), body);
    }
    let team = json!({
        "team_id": "mechanics-1", "region": "mainz", "name": "Mechanik Mainz", "skills": ["mechanics", "network"],
        "language": "german", "email": "mechanics@example.org",
    });
    done(network, "POST /teams", "op-1", json!({}), team);
    let people = [
        ("anna", Value::Null),
        ("ben", json!({ "other_locker_within_m": 3_000 })),
        ("cleo", json!({ "home": true })),
        ("dora", json!({ "other_locker_within_m": 3_000, "never": ["mz-04"] })),
    ];
    for (person, preferences) in people {
        let body = json!({
            "person_id": person, "language": "english", "email": format!("{person}@example.org"),
            "push_token": format!("token-of-{person}"), "preferences": preferences,
        });
        done(network, "POST /people", "op-1", json!({}), body);
    }
}

/// Registers Mainz, and keeps order `o-1001` as it is in that state.
fn put_order(network: &Network, status: OrderStatus) {
    register_mainz(network);
    let deposited = matches!(status, OrderStatus::Deposited | OrderStatus::Collected);
    let occupancy = match status {
        OrderStatus::Deposited => json!({ "is": "occupied", "order": "o-1001" }),
        OrderStatus::Collected => json!({ "is": "free" }),
        _ => json!({ "is": "reserved", "order": "o-1001" }),
    };
    let compartment = json!({
        "locker": "mz-03", "number": 7, "size": "M", "occupancy": occupancy, "service": "in_service",
    });
    // As stored by a version that knew no more than this: what is newer has its default.
    let mut order = json!({
        "id": "o-1001",
        "customer": "anna",
        "size": "M",
        "status": status,
        "place": { "kind": "compartment", "locker": "mz-03", "compartment": 7 },
        "place_epoch": 2,
        "placed_at": at(-3_600),
        "driver": "driver-17",
        "incidents": [{
            "locker": "mz-05", "unit": "2", "code": "lock_jammed", "work_order": "mz-05.1",
            "from": at(-3_000), "until": at(-2_000),
        }],
    });
    if deposited {
        order["deposited_at"] = json!(at(-600));
        order["pickup_deadline"] = json!(at(-600) + HOLD_FOR);
    }
    if status == OrderStatus::Collected {
        order["collected_at"] = json!(at(-60));
    }
    let order: Order = serde_json::from_value(order).expect("an order");
    let compartment: Compartment = serde_json::from_value(compartment).expect("a compartment");
    run(put_hidden(&network.store, &[order.into(), compartment.into()])).expect("a healthy store");
    streams::run_dry(network);
}

fn complain(network: &Network) -> String {
    let complaint = json!({
        "ratings": { "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 }, "reasons": ["delay"],
    });
    let path = json!({ "order_id": "o-1001" });
    let receipt = done(network, "POST /my/orders/{order_id}/feedback", "anna", path, complaint);
    receipt["case"].as_str().expect("a complaint has a case").to_owned()
}

fn report_faults(network: &Network, message_id: &str, faults: &[(&str, &str)], second: i64) {
    let faults: Vec<Value> = faults.iter().map(|(unit, code)| json!({ "unit": unit, "code": code })).collect();
    let said = devices::said("mz-03", message_id, json!({ "faults": faults }));
    tell(network, Function::FaultIntake, &said, second);
}

/// A device's message that a scene is made with: it has to be understood.
fn tell(network: &Network, function: Function, said: &Value, second: i64) {
    let body = devices::from_rule("mz-03", None, said.to_string().as_bytes(), second);
    let message = devices::queued(&a_new_name(network), body);
    let answer = devices::deliver(network, function, vec![message]);
    assert!(answer.batch_item_failures.is_empty() && network.store.quarantined().is_empty(), "{said}");
}

fn take_step(network: &Network, work_order: &str, step: &str) {
    let body = if step == "report-repaired" { json!({ "note": "fertig" }) } else { json!({}) };
    let path = json!({ "work_order_id": work_order, "step": step });
    done(network, "POST /work-orders/{work_order_id}/{step}", "tech-4", path, body);
}

/// Two incidents: the first repaired and proven, the second reported repaired.
fn repair_twice(network: &Network) {
    report_faults(network, "w-1", &[("9", "lock_jammed")], 0);
    streams::run_dry(network);
    take_step(network, "mz-03.1", "start");
    take_step(network, "mz-03.1", "report-repaired");
    for opening in 0..3 {
        let event = json!({
            "type": "test_opening", "work_order_id": "mz-03.1", "attempt": 1, "unit": "9", "passed": true,
        });
        let said = devices::said("mz-03", &format!("w-t{opening}"), json!({ "event": event }));
        tell(network, Function::ParcelEvents, &said, 0);
    }
    streams::run_dry(network);
    report_faults(network, "w-2", &[("7", "lock_jammed"), ("locker", "reader_fault")], 10);
    streams::run_dry(network);
    take_step(network, "mz-03.2", "start");
    take_step(network, "mz-03.2", "report-repaired");
    streams::run_dry(network);
}

//! The network of a run: a few lockers with few compartments, so that everybody wants the same ones.

use std::rc::Rc;

use aws::apply::put_hidden;
use domain::Timestamp;
use domain::expected_back::RepairTimes;
use domain::fault::{FaultCode, Unit};
use domain::id::LockerId;
use domain::usage::Usage;
use serde_json::{Value, json};

use crate::chance::Chance;
use crate::invocation::{Cause, Invocation, Ports};
use crate::triggers::{call, timeout_of};
use crate::world::World;

/// The order system's customers. What they want done when a place is lost: to be asked, to go elsewhere, to get it
/// brought, to go elsewhere but not everywhere, elsewhere or else home, to one locker or else to the shop.
pub const CUSTOMERS: [&str; 6] = ["anna", "ben", "cleo", "dora", "emil", "fay"];
pub const DRIVERS: [&str; 3] = ["driver-1", "driver-2", "driver-3"];
pub const TECHNICIANS: [&str; 2] = ["tech-1", "tech-2"];
/// Who leads the mechanics, and watches over the region: who is told where nobody reacts.
pub const LEAD: &str = "lead-1";
pub const OPERATIONS: &str = "operations";
pub const AGENTS: [&str; 2] = ["agent-1", "agent-2"];
/// Who answers complaints, and who leads them.
pub const COMPLAINTS: &str = "complaints";
pub const COMPLAINTS_LEAD: &str = "lead-2";
pub const OPERATOR: &str = "operator-1";

/// The lockers, the compartments' sizes, and how far north of the first each stands, in metres.
const LOCKERS: [(&str, &[&str], i32); 4] = [
    ("mz-1", &["S", "S", "M", "L"], 0),
    ("mz-2", &["S", "M", "M"], 400),
    ("mz-3", &["S", "M", "L", "XL"], 1_100),
    ("wi-1", &["M", "L"], 9_000),
];

/// Which of them stand together, so that their faults are one visit.
const SITE: [&str; 2] = ["mz-1", "mz-2"];

/// The names of the lockers.
pub fn lockers() -> Vec<LockerId> {
    LOCKERS.iter().map(|(name, ..)| name.parse().expect("an identifier")).collect()
}

/// How many compartments a locker has.
pub fn compartments_of(locker: &LockerId) -> u16 {
    LOCKERS.iter().find(|(name, ..)| *name == locker.as_str()).map_or(0, |(_, sizes, _)| sizes.len() as u16)
}

/// A unit of a locker: a compartment, mostly.
pub fn any_unit(locker: &LockerId, chance: &mut Chance) -> Unit {
    match chance.below(5) {
        0 => Unit::Locker,
        _ => {
            let number = 1 + chance.below(compartments_of(locker).into()) as u16;
            Unit::Compartment(number.try_into().expect("it is one of the locker's"))
        }
    }
}

/// What a customer wants done when a place is lost.
pub fn preferences_of(customer: &str) -> Value {
    match customer {
        "ben" => json!({ "other_locker_within_m": 3_000 }),
        "cleo" => json!({ "home": true }),
        "dora" => json!({ "other_locker_within_m": 3_000, "never": ["mz-2"] }),
        "emil" => json!({ "other_locker_within_m": 3_000, "home": true, "reachable": true }),
        "fay" => json!({ "preferred": ["mz-3"], "shop": SHOP }),
        _ => Value::Null,
    }
}

/// When a customer sleeps, and where: as most do in Mainz or in New York, at some hours of the day, or never, so that what
/// they read is not always a night late.
pub fn hours_of(customer: &str) -> (Value, Value) {
    match customer {
        "anna" => (Value::Null, json!({ "from": "21:00", "until": "08:00" })),
        "cleo" => ("America/New_York".into(), json!({ "from": "21:00", "until": "08:00" })),
        "emil" => (Value::Null, json!({ "from": "17:00", "until": "18:30" })),
        _ => (Value::Null, json!({ "from": "00:00", "until": "00:00" })),
    }
}

/// The shop, and how many parcels it takes.
pub const SHOP: &str = "kiosk";
pub const SHOP_CAPACITY: u16 = 2;

/// Where everybody of this world has an address.
pub const EMAIL_HOST: &str = "@inbox.example";

/// What everybody's push token begins with.
pub const PUSH_TOKEN: &str = "token-of-";

/// The address of a person: nowhere but in the people table.
pub fn email_of(person: &str) -> String {
    format!("{person}{EMAIL_HOST}")
}

/// A compartment as it is registered: of three, one has a handle in reach, one has it high up, one was never measured.
fn door(at: usize, size: &str) -> Value {
    match at % 3 {
        0 => json!({ "number": at + 1, "size": size, "handle_height_mm": 900 }),
        1 => json!({ "number": at + 1, "size": size, "handle_height_mm": 1_600 }),
        _ => json!({ "number": at + 1, "size": size }),
    }
}

/// After how many openings doors are due here: few, so that some are before a run is over.
pub const SERVICED_AFTER_OPENINGS: u32 = 6;

/// What this network has learnt of repairs before the run begins: of every other code, forty, from a minute to two days.
pub fn past() -> Vec<RepairTimes> {
    let codes = FaultCode::ALL.into_iter().step_by(2);
    codes.map(|code| RepairTimes { code, counts: vec![1; 40], latest_at: Timestamp::UNIX_EPOCH }).collect()
}

/// Registers everything through the registry, as an operator does, and connects the devices.
pub async fn open(world: &Rc<World>) {
    let post = async |route: &str, name: String, body: Value| {
        // An operator tries again until it is there.
        for attempt in 0..20 {
            let request = call(route).by(OPERATOR).json(body.clone());
            let answer = world.triggers.ask(world, request, &format!("{name} {attempt}")).await;
            if answer.is_some_and(|answer| answer.is_ok() || answer.reason() == "already_exists") {
                return;
            }
        }
    };
    let teams = [
        ("mechanics", json!(["mechanics"]), "repair", json!(LEAD)),
        ("electronics", json!(["electronics", "network"]), "repair", Value::Null),
        (OPERATIONS, json!([]), "operations", Value::Null),
        (COMPLAINTS, json!([]), "support", json!(COMPLAINTS_LEAD)),
    ];
    for (team, skills, duty, lead) in teams {
        let body = json!({
            "team_id": team, "region": "mainz", "name": team, "skills": skills, "language": "german",
            "email": email_of(team), "duty": duty, "lead": lead,
        });
        post("POST /teams", team.to_owned(), body).await;
    }
    for person in [LEAD, COMPLAINTS_LEAD].into_iter().chain(DRIVERS) {
        let body = json!({ "person_id": person, "language": "german", "email": email_of(person) });
        post("POST /people", person.to_owned(), body).await;
    }
    for (number, customer) in CUSTOMERS.iter().enumerate() {
        let language = if number.is_multiple_of(2) { "german" } else { "english" };
        let (time_zone, quiet_hours) = hours_of(customer);
        let body = json!({
            "person_id": customer, "language": language, "email": email_of(customer),
            "push_token": format!("{PUSH_TOKEN}{customer}"), "preferences": preferences_of(customer),
            "time_zone": time_zone, "quiet_hours": quiet_hours,
        });
        post("POST /people", (*customer).to_owned(), body).await;
    }
    let body = json!({
        "shop_id": SHOP, "name": "Kiosk", "capacity": SHOP_CAPACITY,
        "position": { "latitude_e6": 50_002_000, "longitude_e6": 8_258_800 },
    });
    post("POST /shops", SHOP.to_owned(), body).await;
    for (locker, sizes, metres_north) in LOCKERS {
        let compartments: Vec<Value> = sizes.iter().enumerate().map(|(at, size)| door(at, size)).collect();
        let mut body = json!({
            "locker_id": locker, "name": format!("Standort {locker}"), "region": "mainz", "compartments": compartments,
            // 0.111 m for each millionth of a degree.
            "position": { "latitude_e6": 50_001_300 + metres_north * 9, "longitude_e6": 8_258_800 },
        });
        if SITE.contains(&locker) {
            body["site"] = "station".into();
        }
        post("POST /lockers", locker.to_owned(), body).await;
    }
    expect_people(world).await;
    for locker in lockers() {
        world.connect(&locker, true);
    }
}

/// To one locker people have come in every hour of the last two months: it is missed there when nobody does.
async fn expect_people(world: &Rc<World>) {
    for attempt in 0..20 {
        let Some(usage) = world.history.borrow().usage(&lockers()[1]).cloned() else { return };
        let busy = Usage { week: vec![vec![60; 8]; 7 * 24], ..usage };
        let by = Invocation::new(world, "registry", format!("the past {attempt}"), Cause::Due);
        let ports = Ports(by.clone());
        let written = by.run(timeout_of("registry"), put_hidden(&ports, &[busy.into()])).await;
        if matches!(written, Ok(Ok(()))) {
            return;
        }
    }
}

/// Registers a customer again, with other wishes.
pub async fn register_again(world: &Rc<World>, customer: &str, like: &str, name: &str) {
    let (time_zone, quiet_hours) = hours_of(like);
    let body = json!({
        "person_id": customer, "language": "english", "email": email_of(customer),
        "preferences": preferences_of(like), "time_zone": time_zone, "quiet_hours": quiet_hours,
    });
    let request = call("POST /people").by(OPERATOR).json(body);
    world.triggers.ask(world, request, name).await;
}

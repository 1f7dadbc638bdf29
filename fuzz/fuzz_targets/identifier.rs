//! Identifiers and the other small texts that travel in topics, keys and URLs: what is read is written as it came,
//! and what is written can be read.
#![no_main]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use aws::keys::{self, Key, LockerPart, Table};
use domain::StateKey;
use domain::fault::{FaultCode, Unit};
use domain::feedback::Rating;
use domain::id::{
    CaseId, CompartmentNumber, EventId, LockerId, NoticeId, OrderId, PersonId, RegionId, TeamId, WorkOrderId,
};
use domain::place::Position;
use domain::size::{Dimensions, Size};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What `domain::id` says an identifier is.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Reads the text as itself and as JSON, which have to agree, and writes it again. Tells whether it is one.
fn comes_back<T: FromStr + Display + Debug + PartialEq + Serialize + DeserializeOwned>(text: &str) -> bool {
    let read = text.parse::<T>().ok();
    let json = serde_json::to_string(text).expect("texts are JSON");
    assert_eq!(serde_json::from_str::<T>(&json).ok(), read, "JSON is read otherwise");
    let Some(read) = read else { return false };
    assert_eq!(read.to_string(), text, "{read:?} was read from another text");
    assert_eq!(serde_json::to_string(&read).expect("identifiers are JSON"), json);
    true
}

/// Reads a JSON text and writes it again, as often as it likes to be.
fn is_json_of<T: Debug + PartialEq + Serialize + DeserializeOwned>(text: &str) {
    if let Ok(read) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&read).expect("it came from JSON");
        assert_eq!(serde_json::from_str::<T>(&written).ok(), Some(read));
    }
}

fn name_of(part: LockerPart) -> StateKey {
    match part {
        LockerPart::Locker(locker) => StateKey::Locker(locker),
        LockerPart::Compartment(locker, number) => StateKey::Compartment(locker, number),
        LockerPart::Presence(locker) => StateKey::Presence(locker),
        LockerPart::ServicePlan(locker) => StateKey::ServicePlan(locker),
        LockerPart::Heartbeat(locker) => StateKey::Heartbeat(locker),
        LockerPart::Door(locker, number) => StateKey::Door(locker, number),
        LockerPart::WorkOrder(locker) => StateKey::WorkOrder(locker),
    }
}

fuzz_target!(|text: &str| {
    let ids = [
        comes_back::<LockerId>(text),
        comes_back::<OrderId>(text),
        comes_back::<PersonId>(text),
        comes_back::<TeamId>(text),
        comes_back::<RegionId>(text),
        comes_back::<CaseId>(text),
        comes_back::<EventId>(text),
        comes_back::<NoticeId>(text),
    ];
    assert_eq!(ids, [is_id(text); 8]);
    comes_back::<WorkOrderId>(text);
    comes_back::<Unit>(text);
    if let Some(code) = FaultCode::from_name(text) {
        assert_eq!(code.as_str(), text);
    }

    let step = EventId::of_step("step", &text);
    assert!(is_id(step.as_str()));
    assert!(is_id(NoticeId::new(&step, "feedback_requested").as_str()));

    is_json_of::<CompartmentNumber>(text);
    is_json_of::<Rating>(text);
    is_json_of::<Size>(text);
    is_json_of::<Dimensions>(text);
    is_json_of::<Position>(text);
    if let Ok(position) = serde_json::from_str::<Position>(text)
        && position.is_valid()
    {
        let cells = position.cells_within(3_000);
        assert!(cells.contains(&position.cell()));
        assert_eq!(position.distance_m(position), 0);
    }

    // A key that names a part of a locker is the key of that part.
    if let Some((pk, sk)) = text.split_once(' ') {
        let key = Key { table: Table::Network, pk: pk.to_owned(), sk: sk.to_owned() };
        if let Some(part) = keys::locker_part(&key) {
            assert_eq!(keys::of_state(&name_of(part)), key);
        }
    }
});

//! Items being read back: written by a later version, or by hand. First byte: what the item is read as; the rest: the
//! item in DynamoDB's JSON. What can be read is written as something that reads the same.
#![no_main]

use aws::items::{self, HistoryEntry};
use aws::keys::{self, Table};
use aws::ledger;
use aws::quarantine::Quarantined;
use domain::StateKey;
use domain::fault::{FaultCode, Unit};
use domain::id::{CompartmentNumber, WorkOrderId};
use fuzz::{at, typed_json};
use libfuzzer_sys::fuzz_target;

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is an id"))
}

/// One name of each kind.
fn names() -> [StateKey; 17] {
    let number = CompartmentNumber::try_from(7).expect("a number");
    let work_order = WorkOrderId { locker: id("mz-03"), number: 2 };
    [
        StateKey::Locker(id("mz-03")),
        StateKey::Compartment(id("mz-03"), number),
        StateKey::Presence(id("mz-03")),
        StateKey::FaultRecord {
            locker: id("mz-03"),
            unit: Unit::Compartment(number),
            code: FaultCode::LockJammed,
            raised_at: at(0),
        },
        StateKey::Usage(id("mz-03")),
        StateKey::PreventiveWork(id("mz-03")),
        StateKey::LockerDay(id("mainz"), id("mz-03"), domain::day::Day::of(at(0))),
        StateKey::RepairTimes(FaultCode::LockJammed),
        StateKey::WorkOrder(id("mz-03")),
        StateKey::ArchivedWorkOrder(work_order),
        StateKey::SiteVisit(id("mainz"), id("station")),
        StateKey::Team(id("mainz"), id("mechanics-1")),
        StateKey::Order(id("o-1001")),
        StateKey::Preferences(id("anna")),
        StateKey::Correspondence(id("anna")),
        StateKey::Delivery(id("o-1001")),
        StateKey::Feedback(id("o-1001")),
        StateKey::Case(id("C-1")),
        StateKey::Person(id("anna")),
    ]
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, json)) = input.split_first() else { return };
    let Some(item) = serde_json::from_slice(json).ok().and_then(|value| typed_json::read_item(&value)) else { return };
    items::key_of(Table::Network, &item);
    let names = names();
    match names.get(usize::from(*kind) % (names.len() + 1)) {
        Some(name) => {
            if let Ok(read) = items::read_state(name, item) {
                let written = items::of_state(&read.state, read.version);
                let again = items::read_state(&read.state.key(), written).expect("what was just written");
                assert_eq!(again, read);
            }
        }
        None => {
            let key = keys::of_state(&names[0]);
            drop(items::read::<HistoryEntry>(&key, item.clone()));
            drop(items::read::<Quarantined>(&key, item.clone()));
            if let Ok(read) = ledger::read(&key, item) {
                let written = items::of_record(&key, "notice", read.version, None, &read.state);
                assert_eq!(ledger::read(&key, written).expect("what was just written"), read);
            }
        }
    }
});

//! Where everything is kept: the only file that knows how keys are written.
//!
//! Four tables, because they differ in readers, retention and streams. `pk` and `sk` are their keys; transactions
//! span them.
//!
//! | what is asked | table, index | partition | sort key |
//! |---|---|---|---|
//! | a locker | network | `LOCKER#<id>` | `STATE` |
//! | a compartment; all of a locker | network | `LOCKER#<id>` | `COMPARTMENT#<nnn>` |
//! | how often a door was opened, and whether it is awaited | network | `LOCKER#<id>` | `DOOR#<nnn>` |
//! | how its doors are used, and when that is looked at | network | `LOCKER#<id>` | `USAGE` |
//! | what is due at doors that still work | network | `LOCKER#<id>` | `PREVENTIVE` |
//! | is it on the network | network | `LOCKER#<id>` | `PRESENCE` |
//! | what people decided about its service and is to be done | network | `LOCKER#<id>` | `SERVICE` |
//! | what it last said of itself | network | `LOCKER#<id>` | `HEARTBEAT` |
//! | the latest work order of a locker | network | `LOCKER#<id>` | `WORK_ORDER` |
//! | an earlier work order | network | `LOCKER#<id>` | `WORK_ORDER#<nnnnnn>` |
//! | repaired faults, by time | network | `LOCKER#<id>` | `FAULT#<raised at>#<unit>#<code>` |
//! | how long repairs of a fault code take | network | `REPAIRS#<code>` | `STATE` |
//! | the latest incident of a region and fault code | network | `INCIDENT#<region>#<code>` | `STATE` |
//! | an earlier incident | network | `INCIDENT#<region>#<code>` | `STATE#<nnnnnn>` |
//! | who leads the latest visit to a site | network | `SITE#<region>#<site>` | `VISIT` |
//! | the teams of a region | network | `REGION#<id>` | `TEAM#<id>` |
//! | the days of the lockers of a region, or of one of them | network | `DAYS#<region>#<month>` | `<locker>#<day>` |
//! | unreadable messages of a day | network | `QUARANTINE#<day>` | `<time>#<id>` |
//! | an order | orders | `ORDER#<id>` | `STATE` |
//! | which orders stay together | orders | `BUNDLE#<id>` | `STATE` |
//! | a shop, and what is on its way there | network | `SHOP#<id>` | `STATE` |
//! | what a customer wants done | orders | `CUSTOMER#<id>` | `PREFERENCES` |
//! | when a customer was written to lately | orders | `CUSTOMER#<id>` | `CORRESPONDENCE` |
//! | a delivery and its feedback | cases | `DELIVERY#<order>` | `STATE`, `FEEDBACK` |
//! | a case | cases | `CASE#<id>` | `STATE` |
//! | how a person is reached | people | `PERSON#<id>` | `STATE` |
//! | the history of any of them | same | same | `EVENT#<event id>` |
//! | who was told what about it | same | same | `NOTICE#<notice id>` |
//! | what is due | network, orders, cases: `due` | `DUE#<shard>` | due time |
//! | which repairs are to be counted | network: `due` | `COUNT#<shard>` | due time |
//! | which lockers' usage is to be looked at | network: `due` | `USAGE#<shard>` | due time |
//! | which orders' time is over | orders: `due` | `OVER#<shard>` | due time |
//! | which heartbeats are overdue | network: `due` | `HEARTBEAT#<shard>` | due time |
//! | lockers near a point | network: `near` | `<row>#<column>` of the map | `LOCKER#<id>` |
//! | free compartments that fit, smallest first | network: `bookable` | `LOCKER#<id>` | `<size>#<nnn>` |
//! | open work orders of a team | network: `team_load` | `TEAM#<region>#<id>` | `LOCKER#<id>` |
//! | lockers of a region where preventive work is due | network: `team_load` | `PREVENTIVE#<region>` | `LOCKER#<id>` |
//! | what waits to be told to a customer | orders, cases: `waiting` | `PERSON#<id>` | time |
//! | a driver's deliveries, by time | cases: `by_driver` | `DRIVER#<id>` | time |
//! | complaints about a driver's deliveries, by time | cases: `by_driver` | `COMPLAINTS#<id>` | time |
//! | a team's complaints, due first first | cases: `queue` | `QUEUE#<region>#<team>` | due time |
//!
//! The indexes are sparse: an item has their attributes only while it belongs there. What is due is spread over
//! [`DUE_SHARDS`] partitions and sorted by time, so that a sweep reads just what is due, however late it comes,
//! and keeps no position of its own that could be lost.

use std::collections::HashMap;

use domain::case::Case;
use domain::day::Day;
use domain::fault::FaultCode;
use domain::id::{CaseId, CompartmentNumber, EventId, LockerId, NoticeId, PersonId, RegionId, TeamId, WorkOrderId};
use domain::place::Cell;
use domain::size::Size;
use domain::{State, StateKey, Timestamp};

use crate::store::{Cursor, Query, Range};

/// One of the four tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    Network,
    Orders,
    Cases,
    People,
}

/// A sparse secondary index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Index {
    Due,
    Near,
    Bookable,
    TeamLoad,
    ByDriver,
    Waiting,
    Queue,
}

impl Index {
    /// Every index.
    pub const ALL: [Index; 7] =
        [Index::Due, Index::Near, Index::Bookable, Index::TeamLoad, Index::ByDriver, Index::Waiting, Index::Queue];

    /// Its name in the template.
    pub fn name(self) -> &'static str {
        match self {
            Index::Due => "due",
            Index::Near => "near",
            Index::Bookable => "bookable",
            Index::TeamLoad => "team_load",
            Index::ByDriver => "by_driver",
            Index::Waiting => "waiting",
            Index::Queue => "queue",
        }
    }

    /// The attributes that are its partition and sort key.
    pub fn attributes(self) -> (&'static str, &'static str) {
        match self {
            Index::Due => ("due_bucket", "due_at"),
            Index::Near => ("cell", "pk"),
            Index::Bookable => ("bookable_at", "bookable_rank"),
            Index::TeamLoad => ("team_load", "pk"),
            Index::ByDriver => ("driver_key", "delivered_key"),
            Index::Waiting => ("waits_for", "waits_since"),
            Index::Queue => ("queue_key", "queue_due"),
        }
    }
}

/// The full name of one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub table: Table,
    pub pk: String,
    pub sk: String,
}

impl Key {
    fn new(table: Table, pk: String, sk: impl Into<String>) -> Self {
        Self { table, pk, sk: sk.into() }
    }

    /// The history entry of an event, in the partition of what it happened to.
    pub fn event(&self, event: &EventId) -> Key {
        Key::new(self.table, self.pk.clone(), format!("EVENT#{event}"))
    }

    /// The ledger entry of a notice, in the partition of what caused it.
    pub fn notice(&self, notice: &NoticeId) -> Key {
        Key::new(self.table, self.pk.clone(), format!("NOTICE#{notice}"))
    }

    /// Before every key of the same partition.
    pub fn first_of_partition(&self) -> Key {
        Key::new(self.table, self.pk.clone(), "")
    }

    /// Whether this is a ledger entry.
    pub fn is_notice(&self) -> bool {
        self.sk.starts_with("NOTICE#")
    }
}

fn locker_pk(locker: &LockerId) -> String {
    format!("LOCKER#{locker}")
}

fn team_pk(region: &RegionId) -> String {
    format!("REGION#{region}")
}

fn incident_pk(region: &RegionId, code: FaultCode) -> String {
    format!("INCIDENT#{region}#{code}")
}

/// Instants in keys have one width, so that they sort.
fn instant(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Where a state is kept.
pub fn of_state(key: &StateKey) -> Key {
    match key {
        StateKey::Locker(id) => Key::new(Table::Network, locker_pk(id), "STATE"),
        StateKey::Compartment(locker, number) => {
            Key::new(Table::Network, locker_pk(locker), format!("COMPARTMENT#{:03}", number.get()))
        }
        StateKey::Presence(locker) => Key::new(Table::Network, locker_pk(locker), "PRESENCE"),
        StateKey::ServicePlan(locker) => Key::new(Table::Network, locker_pk(locker), "SERVICE"),
        StateKey::Heartbeat(locker) => Key::new(Table::Network, locker_pk(locker), "HEARTBEAT"),
        StateKey::Door(locker, number) => {
            Key::new(Table::Network, locker_pk(locker), format!("DOOR#{:03}", number.get()))
        }
        StateKey::Usage(locker) => Key::new(Table::Network, locker_pk(locker), "USAGE"),
        StateKey::PreventiveWork(locker) => Key::new(Table::Network, locker_pk(locker), "PREVENTIVE"),
        StateKey::LockerDay(region, locker, day) => {
            let day = day.to_string();
            Key::new(Table::Network, days_pk(region, &day[..7]), format!("{locker}#{}", &day[8..]))
        }
        StateKey::FaultRecord { locker, unit, code, raised_at } => {
            Key::new(Table::Network, locker_pk(locker), format!("FAULT#{}#{unit}#{code}", instant(*raised_at)))
        }
        StateKey::RepairTimes(code) => Key::new(Table::Network, format!("REPAIRS#{code}"), "STATE"),
        StateKey::WorkOrder(locker) => Key::new(Table::Network, locker_pk(locker), "WORK_ORDER"),
        StateKey::ArchivedWorkOrder(WorkOrderId { locker, number }) => {
            Key::new(Table::Network, locker_pk(locker), format!("WORK_ORDER#{number:06}"))
        }
        StateKey::Incident(region, code) => Key::new(Table::Network, incident_pk(region, *code), "STATE"),
        StateKey::ArchivedIncident(id) => {
            Key::new(Table::Network, incident_pk(&id.region, id.code), format!("STATE#{:06}", id.number))
        }
        StateKey::SiteVisit(region, site) => Key::new(Table::Network, format!("SITE#{region}#{site}"), "VISIT"),
        StateKey::Team(region, team) => Key::new(Table::Network, team_pk(region), format!("TEAM#{team}")),
        StateKey::Order(id) => Key::new(Table::Orders, format!("ORDER#{id}"), "STATE"),
        StateKey::Bundle(id) => Key::new(Table::Orders, format!("BUNDLE#{id}"), "STATE"),
        StateKey::Shop(id) => Key::new(Table::Network, format!("SHOP#{id}"), "STATE"),
        StateKey::Preferences(customer) => Key::new(Table::Orders, format!("CUSTOMER#{customer}"), "PREFERENCES"),
        StateKey::Correspondence(customer) => Key::new(Table::Orders, format!("CUSTOMER#{customer}"), "CORRESPONDENCE"),
        StateKey::Delivery(order) => Key::new(Table::Cases, format!("DELIVERY#{order}"), "STATE"),
        StateKey::Feedback(order) => Key::new(Table::Cases, format!("DELIVERY#{order}"), "FEEDBACK"),
        StateKey::Case(id) => Key::new(Table::Cases, format!("CASE#{id}"), "STATE"),
        StateKey::Person(id) => Key::new(Table::People, person(id), "STATE"),
    }
}

/// Where an unreadable message is kept until a person has looked at it.
pub fn quarantine(at: Timestamp, message: &str) -> Key {
    let at = instant(at);
    Key::new(Table::Network, format!("QUARANTINE#{}", &at[..10]), format!("{at}#{message}"))
}

/// Over how many partitions what is due is spread: each takes 1,000 writes a second, and on the peak day of the
/// largest network some 700 notices a second come and go in this index.
pub const DUE_SHARDS: u32 = 8;

/// The index attributes that an item has because of what it is and of when it is due.
pub fn index_attributes(key: &Key, state: Option<&State>, due_at: Option<Timestamp>) -> HashMap<&'static str, String> {
    let mut attributes = HashMap::new();
    if let Some(due_at) = due_at {
        let shard = key.pk.bytes().fold(0u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % DUE_SHARDS;
        // Heartbeats apart: when all of them are overdue, nothing else has to wait behind them. And what is only counted
        // waits behind nobody and for nobody.
        let bucket = match state {
            Some(State::Heartbeat(_)) => heartbeat_bucket(shard),
            Some(State::FaultRecord(_)) => count_bucket(shard),
            Some(State::Usage(_)) => usage_bucket(shard),
            Some(State::Order(_)) => over_bucket(shard),
            _ => due_bucket(shard),
        };
        attributes.insert("due_bucket", bucket);
        attributes.insert("due_at", instant(due_at));
    }
    match state {
        Some(State::Locker(locker)) => {
            attributes.insert("cell", cell(locker.position.cell()));
        }
        Some(State::Compartment(compartment)) if compartment.bookable() => {
            attributes.insert("bookable_at", locker_pk(&compartment.locker));
            attributes.insert("bookable_rank", rank(compartment.size, Some(compartment.number)));
        }
        Some(State::WorkOrder(work_order)) if work_order.is_open() => {
            if let Some((region, team)) = &work_order.team {
                attributes.insert("team_load", team_load(region, team));
            }
        }
        Some(State::PreventiveWork(work)) if work.is_due() => {
            attributes.insert("team_load", preventive(&work.region));
        }
        Some(State::Delivery(delivery)) => {
            attributes.insert("driver_key", driver(&delivery.driver));
            attributes.insert("delivered_key", instant(delivery.delivered_at));
        }
        Some(State::Case(case)) => case_attributes(case, &mut attributes),
        _ => {}
    }
    attributes
}

fn case_attributes(case: &Case, attributes: &mut HashMap<&'static str, String>) {
    if let Some(of) = &case.driver {
        attributes.insert("driver_key", complaints(of));
        attributes.insert("delivered_key", instant(case.received_at));
    }
    if let (Some(region), Some(due_first)) = (&case.region, case.due_first()) {
        attributes.insert("queue_key", queue(region, case.team.as_ref()));
        attributes.insert("queue_due", instant(due_first));
    }
}

fn due_bucket(shard: u32) -> String {
    format!("DUE#{shard}")
}

fn heartbeat_bucket(shard: u32) -> String {
    format!("HEARTBEAT#{shard}")
}

fn count_bucket(shard: u32) -> String {
    format!("COUNT#{shard}")
}

fn usage_bucket(shard: u32) -> String {
    format!("USAGE#{shard}")
}

fn over_bucket(shard: u32) -> String {
    format!("OVER#{shard}")
}

fn days_pk(region: &RegionId, month: &str) -> String {
    format!("DAYS#{region}#{month}")
}

fn preventive(region: &RegionId) -> String {
    format!("PREVENTIVE#{region}")
}

fn cell(cell: Cell) -> String {
    format!("{}#{}", cell.row, cell.column)
}

fn rank(size: Size, number: Option<CompartmentNumber>) -> String {
    let number = number.map(|number| format!("{:03}", number.get())).unwrap_or_default();
    format!("{}#{number}", size as u8)
}

fn team_load(region: &RegionId, team: &TeamId) -> String {
    format!("TEAM#{region}#{team}")
}

fn driver(driver: &PersonId) -> String {
    format!("DRIVER#{driver}")
}

fn person(id: &PersonId) -> String {
    format!("PERSON#{id}")
}

/// The index attributes of a notice that waits to be told to somebody.
pub fn waiting_attributes(customer: &PersonId, since: Timestamp) -> [(&'static str, String); 2] {
    [("waits_for", person(customer)), ("waits_since", instant(since))]
}

/// The tables in which notices to customers are entered.
pub const NOTICE_TABLES: [Table; 2] = [Table::Orders, Table::Cases];

/// What waits in a table to be told to somebody, oldest first.
pub fn waiting(table: Table, customer: &PersonId, limit: usize) -> Query {
    Query::index(table, Index::Waiting, person(customer), Range::All, limit)
}

fn complaints(driver: &PersonId) -> String {
    format!("COMPLAINTS#{driver}")
}

/// Of a team; without one, what came when the region had none.
fn queue(region: &RegionId, team: Option<&TeamId>) -> String {
    format!("QUEUE#{region}#{}", team.map(ToString::to_string).unwrap_or_default())
}

/// The compartments of a locker, by number, from after `after`.
pub fn compartments(locker: &LockerId, after: Option<CompartmentNumber>, limit: usize) -> Query {
    let from = match after {
        Some(number) => format!("COMPARTMENT#{:03}~", number.get()),
        None => "COMPARTMENT#".to_owned(),
    };
    Query::partition(Table::Network, locker_pk(locker), Range::Between(from, "COMPARTMENT#~".to_owned()), limit)
}

/// The repaired faults of a locker, latest first.
pub fn fault_records(locker: &LockerId, limit: usize) -> Query {
    Query::partition(Table::Network, locker_pk(locker), Range::Prefix("FAULT#".to_owned()), limit).latest_first()
}

/// The teams of a region.
pub fn teams(region: &RegionId, limit: usize) -> Query {
    Query::partition(Table::Network, team_pk(region), Range::Prefix("TEAM#".to_owned()), limit)
}

/// The history of whatever `state` names. Not sorted by time: events are named by what caused them.
pub fn history(state: &StateKey, limit: usize) -> Query {
    let key = of_state(state);
    Query::partition(key.table, key.pk, Range::Prefix("EVENT#".to_owned()), limit)
}

/// Who was told what about whatever `state` names.
pub fn notices(state: &StateKey, limit: usize) -> Query {
    let key = of_state(state);
    Query::partition(key.table, key.pk, Range::Prefix("NOTICE#".to_owned()), limit)
}

/// What is due at `now` in one shard of a table, longest waiting first.
pub fn due(table: Table, shard: u32, now: Timestamp, limit: usize) -> Query {
    Query::index(table, Index::Due, due_bucket(shard), Range::UpTo(instant(now)), limit)
}

/// The heartbeats that are overdue at `now` in one shard, longest silent first.
pub fn overdue_heartbeats(shard: u32, now: Timestamp, limit: usize) -> Query {
    Query::index(Table::Network, Index::Due, heartbeat_bucket(shard), Range::UpTo(instant(now)), limit)
}

/// The lockers whose usage is to be looked at at `now` in one shard, longest waiting first.
pub fn unlooked(shard: u32, now: Timestamp, limit: usize) -> Query {
    Query::index(Table::Network, Index::Due, usage_bucket(shard), Range::UpTo(instant(now)), limit)
}

/// The orders whose time is over at `now` in one shard, longest over first.
pub fn over(shard: u32, now: Timestamp, limit: usize) -> Query {
    Query::index(Table::Orders, Index::Due, over_bucket(shard), Range::UpTo(instant(now)), limit)
}

/// The doors of a locker.
pub fn doors(locker: &LockerId) -> Query {
    let range = Range::Prefix("DOOR#".to_owned());
    Query::partition(Table::Network, locker_pk(locker), range, CompartmentNumber::MAX as usize)
}

/// The days of the lockers of a region, or of one of them, from one day to another, both included: a query for each
/// month. Without a locker they hold whole months: whoever asks leaves out the days before and after.
pub fn days(region: &RegionId, locker: Option<&LockerId>, from: Day, until: Day, limit: usize) -> Vec<Query> {
    let (mut months, mut day) = (Vec::<(String, Day, Day)>::new(), from);
    while day <= until {
        let month = day.to_string()[..7].to_owned();
        match months.last_mut() {
            Some((latest, _, last)) if *latest == month => *last = day,
            _ => months.push((month, day, day)),
        }
        day = day.next();
    }
    let query = |(month, first, last): (String, Day, Day)| {
        let sk = |locker: &LockerId, day: Day| format!("{locker}#{}", &day.to_string()[8..]);
        let range = locker.map_or(Range::All, |locker| Range::Between(sk(locker, first), sk(locker, last)));
        Query::partition(Table::Network, days_pk(region, &month), range, limit)
    };
    months.into_iter().map(query).collect()
}

/// The lockers of a region where preventive work is due.
pub fn preventive_work(region: &RegionId, limit: usize) -> Query {
    Query::index(Table::Network, Index::TeamLoad, preventive(region), Range::All, limit)
}

/// The repairs that are to be counted at `now` in one shard, longest waiting first.
pub fn uncounted(shard: u32, now: Timestamp, limit: usize) -> Query {
    Query::index(Table::Network, Index::Due, count_bucket(shard), Range::UpTo(instant(now)), limit)
}

/// The lockers in one cell of the map.
pub fn lockers_in(place: Cell, limit: usize) -> Query {
    Query::index(Table::Network, Index::Near, cell(place), Range::All, limit)
}

/// The free compartments of a locker that a size fits into, smallest first.
pub fn bookable(locker: &LockerId, size: Size, limit: usize) -> Query {
    Query::index(Table::Network, Index::Bookable, locker_pk(locker), Range::From(rank(size, None)), limit)
}

/// The open work orders of a team.
pub fn open_work_orders(region: &RegionId, team: &TeamId, limit: usize) -> Query {
    Query::index(Table::Network, Index::TeamLoad, team_load(region, team), Range::All, limit)
}

/// A driver's deliveries, latest first.
pub fn deliveries(of: &PersonId, limit: usize) -> Query {
    Query::index(Table::Cases, Index::ByDriver, driver(of), Range::All, limit).latest_first()
}

/// The complaints about a driver's deliveries, latest first.
pub fn complaints_about(of: &PersonId, limit: usize) -> Query {
    Query::index(Table::Cases, Index::ByDriver, complaints(of), Range::All, limit).latest_first()
}

/// The complaints of a team that are not decided, what is due first first; without a team, those that have none.
pub fn open_cases(region: &RegionId, team: Option<&TeamId>, limit: usize) -> Query {
    Query::index(Table::Cases, Index::Queue, queue(region, team), Range::All, limit)
}

/// Which case a key names; nothing for any other key.
pub fn case(key: &Key) -> Option<CaseId> {
    let case: CaseId = key.pk.strip_prefix("CASE#")?.parse().ok()?;
    (of_state(&StateKey::Case(case.clone())) == *key).then_some(case)
}

/// A part of a locker, as it is named by the key of an item that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockerPart {
    Locker(LockerId),
    Compartment(LockerId, CompartmentNumber),
    Presence(LockerId),
    ServicePlan(LockerId),
    Heartbeat(LockerId),
    Door(LockerId, CompartmentNumber),
    WorkOrder(LockerId),
}

/// What part of a locker a key names; nothing for any other key.
pub fn locker_part(key: &Key) -> Option<LockerPart> {
    if key.table != Table::Network {
        return None;
    }
    let locker: LockerId = key.pk.strip_prefix("LOCKER#")?.parse().ok()?;
    match key.sk.as_str() {
        "STATE" => Some(LockerPart::Locker(locker)),
        "PRESENCE" => Some(LockerPart::Presence(locker)),
        "SERVICE" => Some(LockerPart::ServicePlan(locker)),
        "HEARTBEAT" => Some(LockerPart::Heartbeat(locker)),
        "WORK_ORDER" => Some(LockerPart::WorkOrder(locker)),
        other => {
            let (of_the_door, number) = match other.strip_prefix("DOOR#") {
                Some(number) => (true, number),
                None => (false, other.strip_prefix("COMPARTMENT#")?),
            };
            let number: u16 = number.parse().ok()?;
            let number: CompartmentNumber = number.try_into().ok()?;
            let (part, name) = if of_the_door {
                (LockerPart::Door(locker.clone(), number), StateKey::Door(locker, number))
            } else {
                (LockerPart::Compartment(locker.clone(), number), StateKey::Compartment(locker, number))
            };
            (of_state(&name) == *key).then_some(part)
        }
    }
}

/// Which region's and fault code's latest incident a key names; nothing for any other key.
pub fn incident(key: &Key) -> Option<(RegionId, FaultCode)> {
    if key.table != Table::Network || key.sk != "STATE" {
        return None;
    }
    let (region, code) = key.pk.strip_prefix("INCIDENT#")?.split_once('#')?;
    Some((region.parse().ok()?, FaultCode::from_name(code)?))
}

/// Goes on where a page ended.
pub fn next_page(query: Query, cursor: Cursor) -> Query {
    Query { after: Some(cursor), ..query }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn instants_in_keys_sort_as_time_does() {
        let mut keys =
            [at("2026-11-21T10:00:00.5Z"), at("2026-11-21T10:00:00Z"), at("2026-11-21T10:00:00.05Z")].map(instant);
        keys.sort();
        assert_eq!(keys, ["2026-11-21T10:00:00.000Z", "2026-11-21T10:00:00.050Z", "2026-11-21T10:00:00.500Z"]);
    }

    #[test]
    fn a_door_is_found_under_the_one_key_that_is_written_for_it() {
        let written = of_state(&StateKey::Compartment("mz-03".parse().unwrap(), 7.try_into().unwrap()));
        assert!(matches!(locker_part(&written), Some(LockerPart::Compartment(_, number)) if number.get() == 7));
        let door = of_state(&StateKey::Door("mz-03".parse().unwrap(), 7.try_into().unwrap()));
        assert!(matches!(locker_part(&door), Some(LockerPart::Door(_, number)) if number.get() == 7));
        for sk in [
            "DOOR#7",
            "DOOR#",
            "COMPARTMENT#7",
            "COMPARTMENT#+07",
            "COMPARTMENT#0007",
            "COMPARTMENT#1000",
            "COMPARTMENT#",
        ] {
            let key = Key::new(written.table, written.pk.clone(), sk);
            assert!(locker_part(&key).is_none(), "{sk}");
        }
    }

    #[test]
    fn an_incident_is_found_under_the_one_key_that_is_written_for_it() {
        let (region, code) = ("mainz".parse::<RegionId>().unwrap(), FaultCode::NetworkLost);
        let latest = of_state(&StateKey::Incident(region.clone(), code));
        assert_eq!(incident(&latest), Some((region.clone(), code)));
        let earlier = domain::incident::IncidentId { region, code, number: 1 };
        let earlier = of_state(&StateKey::ArchivedIncident(earlier));
        assert!(earlier.pk == latest.pk && incident(&earlier).is_none());
        assert!(incident(&of_state(&StateKey::Locker("mz-03".parse().unwrap()))).is_none());
    }

    #[test]
    fn a_case_is_found_under_the_one_key_that_is_written_for_it() {
        let written = of_state(&StateKey::Case("C-1".parse().unwrap()));
        assert_eq!(case(&written), Some("C-1".parse().unwrap()));
        assert_eq!(case(&written.event(&"e-1".parse().unwrap())), None);
        assert_eq!(case(&of_state(&StateKey::Order("C-1".parse().unwrap()))), None);
    }

    #[test]
    fn a_larger_compartment_ranks_after_every_smaller_one() {
        let number = |number: u16| Some(CompartmentNumber::try_from(number).unwrap());
        assert!(rank(Size::M, None) < rank(Size::M, number(1)));
        assert!(rank(Size::M, number(999)) < rank(Size::L, None));
    }

    #[test]
    fn the_first_key_of_a_partition_is_before_all_of_it_and_after_every_earlier_partition() {
        let order = |order: &str| of_state(&StateKey::Order(order.parse().unwrap()));
        let first = order("o-2").first_of_partition();
        let own = order("o-2");
        for key in [own.event(&"e-1".parse().unwrap()), own.notice(&"n-1".parse().unwrap()), own] {
            assert!(first < key && first.pk == key.pk, "{key:?}");
        }
        assert!(order("o-1") < first);
    }

    #[test]
    fn the_page_after_a_compartment_begins_with_the_next() {
        let locker: LockerId = "mz-01".parse().unwrap();
        let query = compartments(&locker, Some(7.try_into().unwrap()), 30);
        let Range::Between(from, to) = query.range else { panic!("{:?}", query.range) };
        let sk = |number: u16| of_state(&StateKey::Compartment(locker.clone(), number.try_into().unwrap())).sk;
        assert!(sk(7) < from && from < sk(8) && sk(999) < to);
    }
}

//! What has been committed, in its order: what the network knows at each moment, and what happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws::items::{self, HistoryEntry, Kept, Versioned};
use aws::keys::{self, Key};
use aws::ledger::{Entry, Status};
use aws::quarantine::Quarantined;
use aws::store::Write;
use domain::case::Case;
use domain::compartment::Compartment;
use domain::delivery::Delivery;
use domain::door::Door;
use domain::expected_back::RepairTimes;
use domain::feedback::Feedback;
use domain::figures::LockerDay;
use domain::heartbeat::Heartbeat;
use domain::id::{CompartmentNumber, LockerId, OrderId};
use domain::locker::Locker;
use domain::order::Order;
use domain::presence::Presence;
use domain::preventive::PreventiveWork;
use domain::usage::Usage;
use domain::work_order::WorkOrder;
use domain::{State, StateKey, Timestamp};

use crate::invocation::{Cause, Invocation};

/// A state that a commit replaced, and what by.
#[derive(Debug, Clone)]
pub struct Change {
    pub before: Option<State>,
    pub after: State,
}

/// A ledger entry that a commit wrote.
#[derive(Debug, Clone)]
pub struct NoticeChange {
    pub key: Key,
    pub before: Option<Entry>,
    pub after: Entry,
}

/// One commit, as it was made.
#[derive(Debug, Clone)]
pub struct Committed {
    /// How much time had passed since the run began.
    pub at: Duration,
    pub function: &'static str,
    /// Which invocation made it.
    pub invocation: u64,
    pub cause: Cause,
    /// The time the handler was given.
    pub now: Timestamp,
    pub changes: Vec<Change>,
    pub events: Vec<(Key, HistoryEntry)>,
    pub notices: Vec<NoticeChange>,
    pub quarantined: Vec<Quarantined>,
    /// How many actions it had, checks included.
    pub actions: usize,
    /// The sizes of its items, in bytes as DynamoDB counts them.
    pub sizes: Vec<usize>,
}

macro_rules! changed {
    ($($name:ident $type:ident;)*) => {$(
        /// What this commit changed, before and after.
        pub fn $name(&self) -> impl Iterator<Item = (Option<&$type>, &$type)> {
            self.changes.iter().filter_map(|change| match (&change.before, &change.after) {
                (None, State::$type(after)) => Some((None, after)),
                (Some(State::$type(before)), State::$type(after)) => Some((Some(before), after)),
                _ => None,
            })
        }
    )*};
}

impl Committed {
    changed! {
        lockers Locker;
        compartments Compartment;
        presences Presence;
        heartbeats Heartbeat;
        doors Door;
        repair_times RepairTimes;
        usages Usage;
        days LockerDay;
        preventive_works PreventiveWork;
        work_orders WorkOrder;
        orders Order;
        deliveries Delivery;
        feedbacks Feedback;
        cases Case;
    }

    /// Notices that this commit entered.
    pub fn entered(&self) -> impl Iterator<Item = (&Key, &Entry)> {
        self.notices.iter().filter(|it| it.before.is_none()).map(|it| (&it.key, &it.after))
    }
}

/// What the network knows now, and how it came to that.
#[derive(Debug, Default)]
pub struct History {
    pub states: BTreeMap<StateKey, State>,
    pub notices: BTreeMap<Key, Entry>,
    /// How often each event was applied.
    pub applied: BTreeMap<Key, u32>,
    pub quarantined: Vec<Quarantined>,
    /// Every commit so far but those of the ledger's own book-keeping.
    pub commits: Vec<Committed>,
    /// What is due, by when.
    pub due: BTreeSet<(Timestamp, Key)>,
    due_at: BTreeMap<Key, Timestamp>,
    /// Which orders point to a compartment while they are alive.
    pub pointing: BTreeMap<(LockerId, CompartmentNumber), BTreeSet<OrderId>>,
    /// Notices that are being sent, and which invocation does.
    pub sending: BTreeMap<Key, u64>,
    /// When the latest work order of a locker was last changed.
    pub changed_at: BTreeMap<LockerId, Timestamp>,
    /// When what is known of a state was committed, in time since the run began.
    pub known_at: BTreeMap<StateKey, Duration>,
    /// In which order notices were entered.
    pub entered: BTreeMap<Key, u64>,
}

macro_rules! known {
    ($($name:ident($($argument:ident: $of:ty),*) -> $type:ident = $key:expr;)*) => {$(
        /// What is known of it now.
        pub fn $name(&self, $($argument: $of),*) -> Option<&$type> {
            match self.states.get(&$key) {
                Some(State::$type(it)) => Some(it),
                _ => None,
            }
        }
    )*};
}

impl History {
    known! {
        locker(id: &LockerId) -> Locker = StateKey::Locker(id.clone());
        compartment(id: &LockerId, number: CompartmentNumber) -> Compartment = StateKey::Compartment(id.clone(), number);
        presence(id: &LockerId) -> Presence = StateKey::Presence(id.clone());
        usage(id: &LockerId) -> Usage = StateKey::Usage(id.clone());
        heartbeat(id: &LockerId) -> Heartbeat = StateKey::Heartbeat(id.clone());
        work_order(id: &LockerId) -> WorkOrder = StateKey::WorkOrder(id.clone());
        order(id: &OrderId) -> Order = StateKey::Order(id.clone());
        delivery(id: &OrderId) -> Delivery = StateKey::Delivery(id.clone());
    }

    /// The compartments of a locker.
    pub fn compartments_of(&self, locker: &LockerId) -> impl Iterator<Item = &Compartment> {
        self.states.values().filter_map(move |state| match state {
            State::Compartment(it) if it.locker == *locker => Some(it),
            _ => None,
        })
    }

    /// Every order.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.states.values().filter_map(|state| match state {
            State::Order(it) => Some(it),
            _ => None,
        })
    }

    /// What a commit of these writes is, before it is added. An item that nobody can read is an error.
    pub fn read(&self, by: &Invocation, writes: &[Write]) -> Result<Committed, String> {
        let mut committed = Committed {
            at: by.world.executor.now(),
            function: by.function,
            invocation: by.id,
            cause: by.cause.clone(),
            now: by.now,
            changes: Vec::new(),
            events: Vec::new(),
            notices: Vec::new(),
            quarantined: Vec::new(),
            actions: writes.len(),
            sizes: Vec::new(),
        };
        for write in writes {
            let (Write::Create { key, item } | Write::Replace { key, item, .. }) = write else { continue };
            committed.sizes.push(items::size_of(item));
            let Versioned { state, .. } =
                items::read_kept(key, item.clone()).map_err(|error| format!("what was written: {error}"))?;
            match state {
                Kept::State(after) => {
                    let after = *after;
                    let name = after.key();
                    if keys::of_state(&name) != *key {
                        return Err(format!("{name:?} was written under {key:?}"));
                    }
                    committed.changes.push(Change { before: self.states.get(&name).cloned(), after });
                }
                Kept::History(entry) => committed.events.push((key.clone(), entry)),
                Kept::Notice(after) => {
                    let before = self.notices.get(key).cloned();
                    committed.notices.push(NoticeChange { key: key.clone(), before, after });
                }
                Kept::Quarantined(it) => committed.quarantined.push(it),
            }
        }
        Ok(committed)
    }

    /// Adds a commit.
    pub fn add(&mut self, committed: Committed) {
        for Change { before, after } in &committed.changes {
            if let Some(State::Order(order)) = before {
                self.point(order, false);
            }
            if let State::Order(order) = after {
                self.point(order, true);
            }
            if let State::WorkOrder(work_order) = after {
                self.changed_at.insert(work_order.id.locker.clone(), committed.now);
            }
            let name = after.key();
            self.wait_for(keys::of_state(&name), after.due_at());
            self.known_at.insert(name.clone(), committed.at);
            self.states.insert(name, after.clone());
        }
        for NoticeChange { key, before, after } in &committed.notices {
            if before.is_none() {
                let number = self.entered.len() as u64;
                self.entered.insert(key.clone(), number);
            }
            if matches!(after.status, Status::Sending { .. }) {
                self.sending.insert(key.clone(), committed.invocation);
            } else {
                self.sending.remove(key);
            }
            self.wait_for(key.clone(), after.due_at(committed.now));
            self.notices.insert(key.clone(), after.clone());
        }
        for (key, _) in &committed.events {
            *self.applied.entry(key.clone()).or_default() += 1;
        }
        self.quarantined.extend(committed.quarantined.iter().cloned());
        if !committed.changes.is_empty() || !committed.events.is_empty() {
            self.commits.push(committed);
        }
    }

    fn point(&mut self, order: &Order, points: bool) {
        use domain::order::OrderStatus::*;
        let alive = match order.status {
            Placed | Rerouting | Rerouted | Deposited | Recovery => true,
            Expired => order.deposited_at.is_some(),
            Collected | Returned | Cancelled => false,
        };
        if let (true, Some((locker, number))) = (alive, order.compartment()) {
            let pointing = self.pointing.entry((locker.clone(), number)).or_default();
            if points {
                pointing.insert(order.id.clone());
            } else {
                pointing.remove(&order.id);
            }
        }
    }

    fn wait_for(&mut self, key: Key, due_at: Option<Timestamp>) {
        if let Some(before) = self.due_at.remove(&key) {
            self.due.remove(&(before, key.clone()));
        }
        if let Some(due_at) = due_at {
            self.due_at.insert(key.clone(), due_at);
            self.due.insert((due_at, key));
        }
    }
}

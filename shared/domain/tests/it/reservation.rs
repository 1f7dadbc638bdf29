//! Orders, the compartments that are held for them and the deadlines of their parcels, at a few lockers whose doors
//! break and are repaired. What follows from an incident is done in its turn, too early, too late or twice.
//!
//! The model is a map from doors to the orders that hold them. Rerouting is looking for the next free door in it.

use std::collections::{BTreeMap, BTreeSet};

use domain::compartment::{Compartment, Occupancy};
use domain::delivery::{Delivery, Standing};
use domain::fault::{Closure, FaultCode, FaultReport, ReportedFault, Unit};
use domain::id::{EventId, LockerId, NoticeId, OrderId, PersonId, WorkOrderId};
use domain::impact::{ImpactTask, ShutTime};
use domain::notice::{Notice, Recipient};
use domain::order::OrderStatus::{self, *};
use domain::order::{
    Choice, DisplacedScene, DoorScene, Held, Incident, Order, PlaceOrder, Room, authorise_deposit, cancel,
    choose_place, deal_with_displaced, find_room, place_order, record_collection, record_deposit, resume_pickup,
};
use domain::person::Preferences;
use domain::place::Place;
use domain::size::Size;
use domain::suspicion::Signal;
use domain::{Decision, Refusal, SignedDuration, State, StateKey, Timestamp};
use proptest_state_machine::{StateMachineTest, prop_state_machine};

use crate::support::*;
use model::{Model, Whereabouts};
use network::Network;

mod history;
mod hold_time;
mod model;
mod network;

const LOCKERS: usize = 3;
const ORDERS: usize = 12;

/// The sizes of the compartments of every locker, from number 1.
const SIZES: [Size; 4] = [Size::S, Size::S, Size::M, Size::M];

/// How far it is from one locker to another.
const DISTANCE_M: [[u32; LOCKERS]; LOCKERS] = [[0, 400, 900], [400, 0, 600], [900, 600, 0]];

/// What can break: of several, the first here is named for what is closed. The last closes nothing.
const CODES: [FaultCode; 6] = [
    FaultCode::PowerLoss,
    FaultCode::DoorForced,
    FaultCode::LockJammed,
    FaultCode::NetworkLost,
    FaultCode::CompartmentDirtyOrDamaged,
    FaultCode::NetworkWeak,
];

const HOUR_S: i64 = 3_600;

/// A locker and the number of one of its compartments.
pub type Door = (usize, u16);

fn locker_id(locker: usize) -> LockerId {
    id(&format!("mz-0{}", locker + 1))
}

fn order_id(order: usize) -> OrderId {
    id(&format!("o{order:02}"))
}

fn customer(order: usize) -> PersonId {
    id(&format!("customer-{order}"))
}

fn driver(driver: u8) -> PersonId {
    id(&format!("driver-{driver}"))
}

fn doors_of(locker: usize) -> impl Iterator<Item = Door> {
    (1..).take(SIZES.len()).map(move |number| (locker, number))
}

fn size_of(door: Door) -> Size {
    SIZES[usize::from(door.1) - 1]
}

fn unit_of(door: Door) -> Unit {
    unit(door.1)
}

fn place_of(door: Door) -> Place {
    Place::Compartment { locker: locker_id(door.0), compartment: number(door.1) }
}

#[derive(Debug, Clone)]
pub struct Transition {
    wait_s: i64,
    what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    Place {
        order: usize,
        size: Size,
        wanted: usize,
        instead: Option<usize>,
        spread: u64,
    },
    Authorise {
        order: usize,
        door: Door,
        driver: u8,
    },
    Deposit {
        order: usize,
        door: Door,
    },
    Collect {
        order: usize,
        door: Door,
    },
    Cancel {
        order: usize,
    },
    /// The customer chooses a locker, or home, by a link for the place of that epoch.
    Choose {
        order: usize,
        place_epoch: u32,
        to: Option<usize>,
        spread: u64,
    },
    Break {
        locker: usize,
        faults: Vec<(Unit, FaultCode)>,
    },
    /// A technician proves the repair of everything that is broken.
    Repair {
        locker: usize,
    },
    /// The locker is back on the network.
    Return {
        locker: usize,
    },
    /// The first thing on the locker's list is done for everyone it concerns.
    WorkOff {
        locker: usize,
    },
    /// A step of a list that is repeated, late or early.
    Displace {
        door: Door,
    },
    GiveAllClear {
        door: Door,
    },
}

/// What a customer wants done when a place is lost.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    within_m: Option<u32>,
    home: bool,
    never: BTreeSet<usize>,
}

/// Something that a customer is told, and what it says anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    customer: PersonId,
    notice: NoticeId,
    instead_of: Option<NoticeId>,
}

/// What comes of a transition for whoever caused it, and who is told what.
pub type Answer = Result<Vec<Told>, Refusal>;

fn nobody_told() -> Answer {
    Ok(vec![])
}

/// What happens in that second: never two things at once.
fn event(second: i64) -> EventId {
    id(&format!("e{second}"))
}

/// The doors that something that is owed is about.
fn doors_concerned(locker: usize, task: &ImpactTask) -> Vec<Door> {
    match task {
        ImpactTask::TellTeam
        | ImpactTask::TellDelay { .. }
        | ImpactTask::TellEnd { .. }
        | ImpactTask::EndVisit { .. } => vec![],
        ImpactTask::Displace { unit, .. } | ImpactTask::AllClear { unit, .. } => {
            doors_of(locker).filter(|door| [unit_of(*door), Unit::Locker].contains(unit)).collect()
        }
    }
}

struct Reservations;

impl StateMachineTest for Reservations {
    type SystemUnderTest = Network;
    type Reference = Model;

    fn init_test(model: &Model) -> Network {
        let mut store = Store::default();
        for locker in 0..LOCKERS {
            let (locker, compartments) = new_locker(locker_id(locker).as_str(), &SIZES);
            store.put(locker);
            compartments.into_iter().for_each(|it| store.put(it));
        }
        Network { store, second: 0, wishes: model.wishes.clone() }
    }

    fn apply(mut network: Network, model: &Model, transition: Transition) -> Network {
        network.second = model.second;
        assert_eq!(Some(network.answer_to(transition.what)), model.answer);
        network
    }

    fn check_invariants(network: &Network, model: &Model) {
        check_states(&network.store, model);
        check_pointers(&network.store);
        check_deadlines(&network.store, model);
    }
}

/// Every state is as the model says.
fn check_states(store: &Store, model: &Model) {
    let (mut orders, mut deliveries) = (vec![], vec![]);
    for state in store.states() {
        match state {
            State::Order(it) => orders.push(it.clone()),
            State::Delivery(it) => deliveries.push(it.clone()),
            State::Locker(_) | State::Compartment(_) | State::FaultRecord(_) => {}
            State::WorkOrder(_) | State::ArchivedWorkOrder(_) => {}
            other => panic!("nobody asked for {other:?}"),
        }
    }
    let expected = model.parcels.iter().zip(&orders).map(|((order, parcel), kept)| parcel.kept(*order, kept));
    let expected: Vec<Order> = expected.collect();
    assert_eq!(orders, expected);
    assert_eq!(orders.len(), model.parcels.len());
    let delivered = expected.into_iter().filter_map(|order| {
        Some(Delivery {
            driver: order.driver?,
            delivered_at: order.deposited_at?,
            order: order.id,
            promised_at: order.promised_at,
            standing: Standing::Counted,
            charged_case: None,
        })
    });
    assert_eq!(deliveries, delivered.collect::<Vec<_>>());
    for (locker, site) in model.sites.iter().enumerate() {
        let codes = |unit: Unit| site.faults.keys().filter(move |fault| fault.0 == unit).map(|fault| fault.1);
        let name = locker_id(locker);
        assert!(store.locker(&name).faults.keys().copied().eq(codes(Unit::Locker)));
        for door in doors_of(locker) {
            let compartment = store.compartment(&name, door.1).unwrap();
            assert!(compartment.faults.keys().copied().eq(codes(unit_of(door))));
            let occupancy = match model.holders.get(&door).map(|order| (order, &model.parcels[order])) {
                None => Occupancy::Free,
                Some((order, parcel)) if parcel.is_underway() => Occupancy::Reserved { order: order_id(*order) },
                Some((order, _)) => Occupancy::Occupied { order: order_id(*order) },
            };
            assert_eq!(compartment.occupancy, occupancy);
        }
        assert_eq!(store.work_order(&name).map(|it| it.impact).unwrap_or_default(), site.owed);
    }
}

/// An order that waits for its parcel or its customer and the compartment it names hold each other, and nothing else
/// holds either.
fn check_pointers(store: &Store) {
    let mut held_by = BTreeMap::new();
    for state in store.states() {
        if let State::Order(order) = state
            && !matches!(order.status, Collected | Cancelled)
            && let Some(door) = order.compartment()
        {
            assert_eq!(held_by.insert((door.0.clone(), door.1), &order.id), None, "one order for each compartment");
        }
    }
    let mut holding = BTreeMap::new();
    for state in store.states() {
        if let State::Compartment(compartment) = state
            && let Some(order) = compartment.order()
        {
            holding.insert((compartment.locker.clone(), compartment.number), order);
        }
    }
    assert_eq!(held_by, holding);
}

/// Unless it is on the list of what is owed: nobody heads for a closed door, and a parcel waits for 72 hours in which
/// its door could be opened.
fn check_deadlines(store: &Store, model: &Model) {
    for (order, parcel) in &model.parcels {
        let kept: Order = store.get(StateKey::Order(order_id(*order))).unwrap();
        let hold_time = parcel.hold_time.as_ref();
        assert_eq!(kept.pickup_deadline.is_some(), hold_time.is_some());
        if let (Some(deadline), Some(hold_time)) = (kept.pickup_deadline, hold_time) {
            let (earliest, latest) = hold_time.deadline;
            assert!((at(earliest)..=at(latest)).contains(&deadline), "{kept:?} {hold_time:?}");
        }
        let Whereabouts::Door(door) = parcel.whereabouts else { continue };
        let owed = store.work_order(&locker_id(door.0)).map(|it| it.impact).unwrap_or_default();
        if owed.iter().any(|task| doors_concerned(door.0, task).contains(&door)) {
            continue;
        }
        let closure = model.closure(door);
        match (parcel.status, hold_time) {
            (Placed | Rerouting | Rerouted, _) => assert_eq!(closure, Closure::Nothing, "nobody deals with {kept:?}"),
            (Deposited, Some(hold_time)) => {
                let shut = closure == Closure::DepositsAndPickups;
                assert_eq!(kept.pickup_stopped_at.is_some(), shut, "nobody deals with {kept:?}");
                let over = at(hold_time.deposited + 72 * HOUR_S + hold_time.shut_s);
                assert!(shut || kept.pickup_deadline >= Some(over), "{kept:?} {hold_time:?}");
            }
            (Deposited, None) => panic!("{kept:?}"),
            (Recovery | Expired | Returned, _) => panic!("nobody fetches anything, or is late: {kept:?}"),
            (Collected | Cancelled, _) => {}
        }
    }
}

prop_state_machine! {
    #[test]
    fn an_order_and_its_compartment_hold_each_other_and_no_deadline_runs_before_a_shut_door(
        sequential 1..80 => Reservations
    );
}

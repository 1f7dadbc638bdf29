//! What may happen: mostly what makes sense at that moment, now and then what does not.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest_state_machine::ReferenceStateMachine;

use super::model::Parcel;
use super::*;

fn any_door() -> impl Strategy<Value = Door> {
    (0..LOCKERS, 1..=SIZES.len() as u16)
}

fn any_wish() -> impl Strategy<Value = Wish> {
    let within_m = prop_oneof![1 => Just(None), 3 => select(vec![399, 400, 900, 1_000]).prop_map(Some)];
    let never = btree_set(0..LOCKERS, 0..=1);
    (within_m, any::<bool>(), never).prop_map(|(within_m, home, never)| Wish { within_m, home, never })
}

fn any_placing(orders: Vec<usize>) -> impl Strategy<Value = What> {
    let size = select(vec![Size::XS, Size::S, Size::S, Size::M, Size::M, Size::M, Size::L]);
    let instead = prop::option::of(0..LOCKERS);
    (select(orders), size, 0..LOCKERS, instead, any::<u64>()).prop_map(|(order, size, wanted, instead, spread)| {
        What::Place { order, size, wanted, instead: instead.filter(|it| *it != wanted), spread }
    })
}

/// What is done about an order that exists, mostly at its own door.
fn any_deed(order: usize, parcel: &Parcel) -> impl Strategy<Value = What> + use<> {
    let own = match parcel.whereabouts {
        Whereabouts::Door(door) => Just(door).boxed(),
        Whereabouts::Home | Whereabouts::Asked => any_door().boxed(),
    };
    let door = prop_oneof![20 => own, 1 => any_door()].boxed();
    let place_epoch = prop_oneof![
        8 => Just(parcel.place_epoch),
        1 => Just(parcel.place_epoch - 1),
        1 => Just(parcel.place_epoch + 1),
    ];
    let to = prop::option::weighted(0.8, 0..LOCKERS);
    prop_oneof![
        4 => (door.clone(), 0..2_u8).prop_map(move |(door, driver)| What::Authorise { order, door, driver }),
        6 => door.clone().prop_map(move |door| What::Deposit { order, door }),
        1 => door.prop_map(move |door| What::Collect { order, door }),
        1 => Just(What::Cancel { order }),
        2 => (place_epoch, to, any::<u64>())
            .prop_map(move |(place_epoch, to, spread)| What::Choose { order, place_epoch, to, spread }),
    ]
}

/// What is done about an order that nobody has placed.
fn any_misdeed() -> impl Strategy<Value = What> {
    (0..ORDERS, any_door(), 0..4).prop_map(|(order, door, which)| match which {
        0 => What::Authorise { order, door, driver: 0 },
        1 => What::Deposit { order, door },
        2 => What::Collect { order, door },
        _ => What::Cancel { order },
    })
}

/// A fault or two that befall a door, or the whole locker.
fn any_breakdown(door: Door) -> impl Strategy<Value = What> {
    use FaultCode::*;
    let of_locker = select(vec![PowerLoss, NetworkLost, NetworkWeak]).prop_map(|code| (Unit::Locker, code));
    let codes = vec![DoorForced, LockJammed, LockJammed, CompartmentDirtyOrDamaged];
    let of_compartment = select(codes).prop_map(move |code| (unit_of(door), code));
    let faults = vec(prop_oneof![1 => of_locker, 3 => of_compartment], 1..=2);
    faults.prop_map(move |faults| What::Break { locker: door.0, faults })
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Self> {
        vec(any_wish(), ORDERS).prop_map(|wishes| Self { wishes, ..Self::default() }).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Transition> {
        let mut ways: Vec<(u32, BoxedStrategy<What>)> = vec![
            (3, any_misdeed().boxed()),
            (3, any_door().prop_flat_map(any_breakdown).boxed()),
            (3, (0..LOCKERS).prop_map(|locker| What::Return { locker }).boxed()),
            (3, any_door().prop_map(|door| What::Displace { door }).boxed()),
            (3, any_door().prop_map(|door| What::GiveAllClear { door }).boxed()),
        ];
        let new: Vec<usize> = (0..ORDERS).filter(|it| !model.parcels.contains_key(it)).collect();
        if !new.is_empty() {
            ways.push((20, any_placing(new).boxed()));
        }
        for (order, parcel) in &model.parcels {
            let rate = match parcel.status {
                Placed | Rerouting | Rerouted => 20,
                Deposited => 5,
                // Nobody fetches anything in these histories, and no time is over: see the tests of `recovery` and `expiry`.
                // Nobody fetches anything in these histories, and no time is over: see the tests of those rules.
                Collected | Recovery | Expired | Returned | Cancelled => 1,
            };
            ways.push((rate, any_deed(*order, parcel).boxed()));
        }
        for door in model.holders.keys() {
            ways.push((3, any_breakdown(*door).boxed()));
        }
        for (locker, site) in model.sites.iter().enumerate() {
            if !site.owed.is_empty() {
                ways.push((20, Just(What::WorkOff { locker }).boxed()));
            }
            if !site.faults.is_empty() {
                ways.push((8, Just(What::Repair { locker }).boxed()));
            }
        }
        let wait_s = prop_oneof![3 => 1..HOUR_S, 1 => HOUR_S..40 * HOUR_S];
        (wait_s, Union::new_weighted(ways)).prop_map(|(wait_s, what)| Transition { wait_s, what }).boxed()
    }

    fn preconditions(model: &Self, transition: &Transition) -> bool {
        match &transition.what {
            // An order is placed once: its id is made from the request.
            What::Place { order, .. } => !model.parcels.contains_key(order),
            what => !model.forgets_a_closure(what),
        }
    }

    fn apply(mut model: Self, transition: &Transition) -> Self {
        model.second += transition.wait_s;
        model.answer = Some(model.answer_to(&transition.what));
        model
    }
}

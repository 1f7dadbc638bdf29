//! What a report of faults is judged by, read by the handlers that have one.

use aws::apply::States;
use domain::StateKey;
use domain::fault::Unit;
use domain::id::LockerId;
use domain::locker::FaultScene;

/// The names of what is to be read: the locker, its latest work order, and each compartment among the units once.
pub fn names(locker: &LockerId, units: impl IntoIterator<Item = Unit>) -> Vec<StateKey> {
    let mut names = vec![StateKey::Locker(locker.clone()), StateKey::WorkOrder(locker.clone())];
    for unit in units {
        if let Unit::Compartment(number) = unit {
            let name = StateKey::Compartment(locker.clone(), number);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// The scene, of what was read under those [`names`].
pub fn take(states: &mut States, names: &[StateKey]) -> FaultScene {
    let (own, compartments) = names.split_at(2);
    FaultScene {
        locker: states.take(&own[0]),
        work_order: states.take(&own[1]),
        compartments: states.take_each(compartments),
    }
}

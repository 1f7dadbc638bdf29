//! What a device may have written into its own shadow, in place of what it was asked for. First byte: the scene; the
//! rest: the desired state. Whatever is there, the device is told what is true.
#![no_main]

use aws::apply::look;
use domain::StateKey;
use domain::work_order::WorkOrder;
use functions::locker_commands;
use fuzz::far_ends::own_shadow;
use fuzz::network::Network;
use fuzz::scene::Scene;
use fuzz::{run, streams};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The largest state of a shadow, in bytes (IoT Core's own limit).
const STATE_LENGTH_MAX: usize = 8 * 1024;

fn tell(network: &Network, desired: Value) {
    let name = StateKey::WorkOrder("mz-03".parse().expect("an id"));
    let batch = streams::batch_of(network, &[aws::keys::of_state(&name)]);
    let batch = serde_json::from_value(batch).expect("a stream batch");
    let (shadow, updates) = own_shadow(desired);
    let told = run(locker_commands::handle(&network.store, &shadow, &network.tables, batch));
    told.unwrap_or_else(|failure| panic!("the device is not told: {failure}"));
    let updates = updates.lock().expect("nobody panics with it");
    let (mut states, _) = run(look(&network.store, std::slice::from_ref(&name))).expect("a readable work order");
    let Some(work_order) = states.take::<WorkOrder>(&name) else {
        assert!(updates.is_empty(), "a device without a work order is told {updates:?}");
        return;
    };
    let state = &updates.last().expect("the device is told")["state"]["desired"];
    assert!(state.to_string().len() <= STATE_LENGTH_MAX, "the device is told more than a shadow holds");
    for unit in work_order.units.keys() {
        assert!(state["closed"][unit.to_string()].is_string(), "unit {unit} is missing from {state}");
    }
    assert!(state["closed"]["locker"].is_string(), "the locker is missing from {state}");
}

fuzz_target!(|input: &[u8]| {
    let Some((scene, desired)) = input.split_first() else { return };
    let Ok(desired) = serde_json::from_slice(desired) else { return };
    Scene::chosen_by(*scene).meet(|network| tell(network, desired));
});

//! What a device publishes under `lockers/<id>/events`. First byte: the scene; the rest: the payload.
#![no_main]

use fuzz::devices::{Function, is_from_its_device, receive_payload};
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, payload)) = input.split_first() else { return };
    let payload = fuzz::with_secret(payload);
    Scene::chosen_by(*scene).meet(|network| {
        if let Some(fields) = receive_payload(network, Function::ParcelEvents, None, &payload) {
            assert!(payload.len() <= 8 * 1024 && is_from_its_device(&fields));
            assert!(fields.get("event").is_some_and(|event| event["type"].is_string()));
        }
    });
});

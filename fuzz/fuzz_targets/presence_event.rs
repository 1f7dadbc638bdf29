//! What the broker tells of connections: clients choose their names. First byte: the scene; the rest: the payload.
#![no_main]

use fuzz::devices::{Function, receive_payload};
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, payload)) = input.split_first() else { return };
    let payload = fuzz::with_secret(payload);
    Scene::chosen_by(*scene).meet(|network| {
        if let Some(fields) = receive_payload(network, Function::Presence, None, &payload) {
            assert!(fields.get("eventType").is_some_and(|event| event.is_string()));
        }
    });
});

//! What a device publishes under `lockers/<id>/heartbeat`. First byte: the scene; the rest: the payload.
#![no_main]

use fuzz::devices::{Function, is_from_its_device, receive_payload};
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, payload)) = input.split_first() else { return };
    let payload = fuzz::with_secret(payload);
    Scene::chosen_by(*scene).meet(|network| {
        if let Some(fields) = receive_payload(network, Function::HeartbeatIntake, None, &payload) {
            assert!(payload.len() <= 8 * 1024 && is_from_its_device(&fields));
            let firmware = fields["diagnostics"]["firmware"].as_str().map(|it| it.chars().count());
            assert!(firmware.is_some_and(|it| (1..=64).contains(&it)), "{fields:?} is understood");
        }
    });
});

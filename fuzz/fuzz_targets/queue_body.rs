//! The body of a queue message, which an IoT rule should have written. First byte: the scene; second: the function;
//! the rest: the body.
#![no_main]

use fuzz::devices::{Function, receive};
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [scene, function, body @ ..] = input else { return };
    // Queues carry text.
    let Ok(body) = std::str::from_utf8(body) else { return };
    Scene::chosen_by(*scene).meet(|network| {
        receive(network, Function::chosen_by(*function), body);
    });
});

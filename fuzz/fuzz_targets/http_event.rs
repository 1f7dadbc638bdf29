//! A request as API Gateway hands it in. First byte: the scene; the rest: the event.
#![no_main]

use fuzz::requests;
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, event)) = input.split_first() else { return };
    let Ok(request) = serde_json::from_slice(&fuzz::with_secret(event)) else { return };
    Scene::chosen_by(*scene).meet(|network| {
        requests::ask(network, &request);
    });
});

//! What the broker accepted as a shadow's update: the device chooses all of it. First byte: the scene; the rest:
//! the document. A device that says what it keeps closed changes nothing here.
#![no_main]

use fuzz::devices::{Function, receive_payload};
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, document)) = input.split_first() else { return };
    let document = fuzz::with_secret(document);
    Scene::chosen_by(*scene).meet(|network| {
        receive_payload(network, Function::ParcelEvents, Some("$aws"), &document);
        assert!(network.store.is_as_made(), "a shadow has changed something");
    });
});

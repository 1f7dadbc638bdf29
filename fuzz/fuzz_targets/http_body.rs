//! The body of a request to each route. First byte: the sample, and so the route and who asks; second: the scene;
//! the rest: the body.
#![no_main]

use fuzz::requests;
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [sample, scene, body @ ..] = input else { return };
    let body = fuzz::with_secret(body);
    Scene::chosen_by(*scene).meet(|network| {
        let mut event = requests::sampled(*sample);
        requests::fit(&mut event, network);
        requests::set_body(&mut event, &body);
        requests::ask(network, &requests::read(event).expect("a request"));
    });
});

//! Path, query, headers and identity of a request to each route. First byte: the sample, and so the route and its
//! body; second: the scene; the rest: lines of `name=value`, as `requests::set_parameters` takes them.
#![no_main]

use fuzz::requests;
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [sample, scene, lines @ ..] = input else { return };
    let lines = fuzz::with_secret(lines);
    let Ok(lines) = std::str::from_utf8(&lines) else { return };
    Scene::chosen_by(*scene).meet(|network| {
        let mut event = requests::sampled(*sample);
        requests::fit(&mut event, network);
        requests::set_parameters(&mut event, lines);
        requests::ask(network, &requests::read(event).expect("a request"));
    });
});

//! What happens at one locker in a row, as `fuzz::session` describes it. First byte: the scene; the rest: the lines.
#![no_main]

use fuzz::scene::Scene;
use fuzz::session;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, lines)) = input.split_first() else { return };
    let Ok(lines) = std::str::from_utf8(lines) else { return };
    Scene::chosen_by(*scene).meet(|network| session::play(network, lines));
});

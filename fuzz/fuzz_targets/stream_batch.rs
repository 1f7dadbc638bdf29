//! A batch as Lambda hands it in for a table's stream. First byte: the scene; the rest: the event. Every function
//! fed by a stream gets it.
#![no_main]

use aws::batch::StreamBatch;
use fuzz::scene::Scene;
use fuzz::streams;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((scene, event)) = input.split_first() else { return };
    let Ok(batch) = serde_json::from_slice::<StreamBatch>(event) else { return };
    Scene::chosen_by(*scene).meet(|network| {
        for record in &batch.records {
            if let Some(key) = record.key(&network.tables) {
                aws::keys::locker_part(&key);
            }
        }
        streams::receive(network, &batch);
        // What was followed up once is not followed up again.
        streams::run_dry(network);
        streams::receive(network, &batch);
        assert_eq!(network.store.changes(), 0, "the batch has an effect when it comes again");
    });
});

//! A batch as Lambda hands it in for a queue. First byte: the scene; second: two functions, which get it one after the
//! other; the rest: the event.
#![no_main]

use aws::batch::QueueBatch;
use fuzz::devices::{Function, deliver_batch};
use fuzz::scene::Scene;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [scene, functions, event @ ..] = input else { return };
    let Ok(batch) = serde_json::from_slice::<QueueBatch>(event) else { return };
    Scene::chosen_by(*scene).meet(|network| {
        let mut quarantined_max = 0;
        for function in [Function::chosen_by(*functions), Function::chosen_by(*functions / 4)] {
            let deliver = || {
                let answer = deliver_batch(network, function, batch.clone());
                assert_eq!(serde_json::to_string(&answer).ok().as_deref(), Some(r#"{"batchItemFailures":[]}"#));
                (network.store.changes(), network.store.quarantined())
            };
            let first = deliver();
            quarantined_max += batch.records.len();
            assert!(first.1.len() <= quarantined_max, "more is in quarantine than came");
            assert_eq!(deliver(), first, "the batch has another effect when it comes again");
        }
    });
});

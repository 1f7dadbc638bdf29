//! The wire samples under `events/`: what inputs begin from.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// The samples of a folder, by name.
pub fn of(folder: &str) -> Vec<(String, Value)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events").join(folder);
    let files = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut samples: Vec<(String, Value)> = files
        .map(|file| {
            let path = file.expect("a file of the folder").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a readable file");
            (name, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    samples.sort_by(|(a, _), (b, _)| a.cmp(b));
    samples
}

/// The folders whose samples are HTTP requests.
pub const REQUEST_FOLDERS: [&str; 9] = [
    "registry",
    "order-placement",
    "deposit-authorisation",
    "order-choices",
    "work-orders",
    "feedback-submission",
    "complaints",
    "support-view",
    "trapped-parcels",
];

/// The folders whose samples are stream batches.
pub const STREAM_FOLDERS: [&str; 3] = ["rerouting", "locker-commands", "notification-fan-out"];

/// Every sample of a request, in an order that does not change while no sample is added.
pub fn requests() -> Vec<(String, Value)> {
    REQUEST_FOLDERS.iter().flat_map(|folder| of(folder)).collect()
}

//! The samples under events/.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::template::root;

/// One sample.
pub struct Sample {
    /// Such as `fault-intake/lock-jammed`.
    pub name: String,
    pub event: Value,
}

/// Every sample, by folder: that of a binary is its name with dashes, that of device messages is `mqtt`.
pub fn samples() -> BTreeMap<String, Vec<Sample>> {
    let mut found = BTreeMap::new();
    for folder in fs::read_dir(root().join("events")).unwrap() {
        let folder = folder.unwrap();
        let folder_name = folder.file_name().into_string().unwrap();
        let mut samples = Vec::new();
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let name = format!("{folder_name}/{stem}");
            let text = fs::read_to_string(&path).unwrap();
            let event = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            samples.push(Sample { name, event });
        }
        found.insert(folder_name, samples);
    }
    found
}

/// The samples of a function, by its binary's name.
pub fn samples_of(binary: &str) -> Vec<Sample> {
    samples().remove(&binary.replace('_', "-")).unwrap_or_default()
}

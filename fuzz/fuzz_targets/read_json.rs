//! The reader of all JSON from outside, for types that look at all of it and for such that do not.
#![no_main]

use std::collections::BTreeMap;

use aws::http::read_json;
use domain::Timestamp;
use domain::fault::{Closure, Unit};
use domain::id::WorkOrderId;
use domain::size::Size;
use fuzz::{SECRET, requests, strict_json};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Something of everything that bodies have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is only read")]
struct Whole {
    #[serde(default)]
    text: String,
    #[serde(default)]
    count: u8,
    #[serde(default)]
    whether: bool,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    work_order: Option<WorkOrderId>,
    #[serde(default)]
    size: Option<Size>,
    #[serde(default)]
    inner: Vec<Inner>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(dead_code, reason = "it is only read")]
enum Inner {
    One { count: u16 },
    Other { unit: Unit },
}

/// What passes over the rest.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is only read")]
struct Part {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    closed: BTreeMap<Unit, Option<Closure>>,
}

fn hold<T: DeserializeOwned>(bytes: &[u8]) {
    match read_json::<T>(bytes) {
        Ok(_) => {
            let flaws = strict_json::read(bytes).err().unwrap_or_default();
            assert!(flaws.is_empty(), "what has {flaws:?} is taken: {}", bytes.escape_ascii());
        }
        Err(invalid) => {
            assert!(invalid.message.len() <= 300, "a message without end: {}", invalid.message);
            assert!(invalid.field.as_deref().is_none_or(requests::is_field), "{invalid:?} names no field");
            let repeats = invalid.to_string().contains(SECRET) && !strict_json::names_hold(bytes, SECRET);
            assert!(!repeats, "the input is repeated: {invalid}");
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let bytes = fuzz::with_secret(input);
    hold::<Whole>(&bytes);
    hold::<Part>(&bytes);
    hold::<BTreeMap<String, Value>>(&bytes);
});

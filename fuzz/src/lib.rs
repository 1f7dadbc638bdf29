//! What the fuzz targets share: the networks that inputs meet, the ways in, and what is held for every input.
//!
//! A target turns bytes into what its way in takes, hands it to the real handler over the store in memory, and
//! leaves the promises to the module of that way: [`devices`], [`requests`], [`streams`]. A promise that is broken
//! is a panic, which the fuzzer keeps with the input.

use std::future::Future;

use domain::{SignedDuration, Timestamp};

pub mod devices;
pub mod far_ends;
pub mod network;
pub mod requests;
pub mod samples;
pub mod scene;
pub mod session;
pub mod store;
pub mod streams;
pub mod strict_json;
pub mod typed_json;

/// The moment everything happens: 2026-09-21T14:13:20Z, that of the samples.
pub const BEGIN_SECOND: i64 = 1_790_000_000;

/// How long a locker may be away, as the template has it.
pub const GRACE: SignedDuration = SignedDuration::from_secs(120);

/// What stands for a secret in an input: where it comes back in a refusal, input was repeated. Nothing else looks
/// like it, so there are no false alarms.
pub const SECRET: &str = "s3cret-5f0c71";

/// Where an input wants the [`SECRET`]: one byte, so that a mutation can put it anywhere.
pub const SECRET_HERE: u8 = b'~';

/// Seconds after everything begins.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(BEGIN_SECOND + second).expect("inputs do not choose the time")
}

/// Runs a handler to its end. Nothing waits over a store in memory, so one thread does.
pub fn run<T>(handler: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime needs no more");
    }
    RUNTIME.with(|runtime| runtime.block_on(handler))
}

/// The input with the secret where it wants it.
pub fn with_secret(input: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(input.len());
    for byte in input {
        match *byte {
            SECRET_HERE => bytes.extend_from_slice(SECRET.as_bytes()),
            other => bytes.push(other),
        }
    }
    bytes
}

//! How every function starts.

use std::fmt::Debug;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing_subscriber::filter::LevelFilter;

use crate::environment::Environment;
use crate::metric;

/// Starts the log and the metrics, and reads the environment. The first call of every `main`.
pub fn begin() -> Environment {
    let environment = Environment::of_process();
    let level: LevelFilter =
        environment.get("LOG_LEVEL").and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    tracing_subscriber::fmt()
        .json()
        .with_max_level(level)
        .with_current_span(false)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .init();
    metric::start();
    environment
}

/// Runs a function until Lambda ends it. Metrics are written after each call.
///
/// # Errors
/// When Lambda's runtime cannot be reached.
pub async fn serve<E, A, F>(handle: impl AsyncFn(E) -> Result<A, F>) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Into<Diagnostic> + Debug,
{
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<E>| async move {
        let outcome = handle(event.payload).await;
        metric::flush();
        outcome
    }))
    .await
}

/// An error as Lambda reports it: the call failed, and is to be made again where the trigger does that.
pub fn report(error: impl std::error::Error) -> Diagnostic {
    Diagnostic { error_type: "unavailable".to_owned(), error_message: error.to_string() }
}

//! Runs `sweeps` every second. On AWS a schedule does, every minute: too long to watch.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tokio::time::MissedTickBehavior;

use crate::aws::Aws;
use crate::progress::Progress;

const EVERY: Duration = Duration::from_secs(1);

/// Runs the function once, and waits until it is through.
pub async fn sweep(aws: &Aws, function: &str) -> Result<Value> {
    aws.invoke(function, &json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})).await
}

/// Runs it every second, one after the other. Says once when it begins to fail, and once when it works again.
pub async fn sweep_every_second(aws: Aws, function: String, progress: Progress) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut works = true;
    loop {
        ticks.tick().await;
        match sweep(&aws, &function).await {
            Ok(_) if !works => progress.warn("the sweeps work again"),
            Err(error) if works => progress.warn(&format!("the sweeps fail: {error:#}")),
            Ok(_) | Err(_) => continue,
        }
        works = !works;
    }
}

//! How long it takes from a fault to the closed compartment, and to the message at the customer.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Summary;
use super::stage::{Placed, Stage};

/// Where it is measured.
const LOCKER: &str = "mz-08";
const CUSTOMER: &str = "clara";
/// Over how many faults.
const FAULTS: usize = 20;

/// Measures it, one fault after the other.
pub async fn play(stage: &Stage<'_>) -> Result<Summary> {
    stage.title(&format!("How long it takes ({FAULTS} faults of {LOCKER}, one after the other)"));
    let mut placed = Vec::new();
    for _ in 0..FAULTS {
        let answer = stage.order(CUSTOMER, LOCKER, "XS").await?.expect(201)?;
        placed.push(Placed::from_answer(&answer)?);
    }
    let device = stage.device(LOCKER)?;
    for order in &placed {
        device.report_deposit(&order.order_id, order.compartment).await?;
    }
    for order in &placed {
        stage.expect_quietly(CUSTOMER, &format!("Fach {}", order.compartment), "bereit").await?;
    }
    let (mut to_closed, mut to_message) = (Vec::new(), Vec::new());
    for order in &placed {
        let since = Instant::now();
        device.report_faults(&[(&order.unit(), "lock_jammed")]).await?;
        to_closed.push(until_closed(stage, order, since).await?);
        let took = stage.expect_quietly(CUSTOMER, &format!("Fach {}", order.compartment), "wartet").await?;
        to_message.push(took.saturating_duration_since(since));
        stage.expect_quietly("doors", "Gonsenheim", "").await?;
    }
    let summary = Summary {
        messages: stage.messages(),
        fault_to_closed_ms: median(to_closed).as_millis(),
        fault_to_message_ms: median(to_message).as_millis(),
        faults_measured: FAULTS,
    };
    stage.say(format!(
        "from the device's publish to the compartment closed in DynamoDB: {} ms; to the message at the customer: \
         {} ms (medians)",
        summary.fault_to_closed_ms, summary.fault_to_message_ms
    ));
    Ok(summary)
}

async fn until_closed(stage: &Stage<'_>, order: &Placed, since: Instant) -> Result<Duration> {
    let (pk, sk) = (format!("LOCKER#{LOCKER}"), format!("COMPARTMENT#{:03}", order.compartment));
    let closed_after = stage
        .until("the compartment to be closed", || async {
            let item = stage.stored(&pk, &sk).await?;
            Ok(item.pointer("/faults/M/lock_jammed").map(|_| since.elapsed()))
        })
        .await?;
    ensure!(closed_after > Duration::ZERO);
    Ok(closed_after)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

//! The stories: what the network is for, played through the real broker and the real API.
//!
//! `cargo run -- story` plays them and prints what was sent, what each person received and how long it took; the
//! tests play them too. A story fails where something expected does not happen, and where anything is sent that
//! no story expects.

mod complaint;
mod door_jams;
mod latency;
mod locker_goes_dark;
mod orders;
mod parcel_fetched;
mod repair;
mod stage;

use anyhow::Result;

use crate::network::Network;
use stage::Stage;

/// What the stories measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// How many messages people received, by e-mail and push together.
    pub messages: usize,
    /// From publishing a fault to the compartment being closed in DynamoDB, median, in milliseconds.
    pub fault_to_closed_ms: u128,
    /// From publishing a fault to the message at the customer, median, in milliseconds.
    pub fault_to_message_ms: u128,
    /// How many faults the medians are over.
    pub faults_measured: usize,
}

/// Plays all stories on a network that runs the demonstration. `print` says whether the transcript is shown.
///
/// # Errors
/// The first thing that did not happen as told, or happened although nobody told of it.
pub async fn play(network: &Network, print: bool) -> Result<Summary> {
    let stage = Stage::new(network, print);
    let jammed = door_jams::play(&stage).await?;
    locker_goes_dark::play(&stage).await?;
    orders::play(&stage).await?;
    repair::play(&stage, &jammed).await?;
    complaint::play(&stage, &jammed).await?;
    parcel_fetched::play(&stage).await?;
    let summary = latency::play(&stage).await?;
    stage.expect_nothing_else().await?;
    Ok(summary)
}

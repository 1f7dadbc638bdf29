//! Story 1: a door jams.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::stage::{Placed, Stage};

/// Where it happens.
const LOCKER: &str = "mz-01";
const DRIVER: &str = "driver-ilse";
/// How many compartments of the largest size it has beside one.
const OTHERS_OF_THE_SIZE: usize = 4;

/// What the later stories go on with.
pub struct Jammed {
    /// Anna's order, whose parcel is behind the jammed door.
    pub trapped: Placed,
    /// The free compartment that is closed too.
    pub free_unit: String,
    pub work_order_id: String,
    /// The message of the device, to be sent again after the repair.
    pub message: Value,
}

/// Plays it.
pub async fn play(stage: &Stage<'_>) -> Result<Jammed> {
    stage.title("1. A door jams");
    let trapped = stage.placed("anna", LOCKER, "M").await?;
    stage.deposited(DRIVER, &trapped, "anna").await?;
    // Clara's is the last compartment of its size: with another one, her order would stay in this locker, unasked.
    let mut others = Vec::new();
    for _ in 0..OTHERS_OF_THE_SIZE {
        others.push(Placed::from_answer(&stage.order("greta", LOCKER, "XL").await?.expect(201)?)?);
    }
    let underway = stage.placed("clara", LOCKER, "XL").await?;
    let free_unit = free_compartment(stage).await?;

    let device = stage.device(LOCKER)?;
    let since = Instant::now();
    let faults = [
        (trapped.unit(), "lock_jammed"),
        (free_unit.clone(), "lock_jammed"),
        (underway.unit(), "compartment_dirty_or_damaged"),
    ];
    let faults: Vec<(&str, &str)> = faults.iter().map(|(unit, code)| (unit.as_str(), *code)).collect();
    let message = device.report_faults(&faults).await?;
    stage.say(format!(
        "{LOCKER} reports lock_jammed for compartment {} (a parcel inside) and {free_unit} (free), \
         compartment_dirty_or_damaged for {} (an order on its way)",
        trapped.compartment, underway.compartment
    ));
    device.publish(&format!("lockers/{LOCKER}/faults"), serde_json::to_vec(&message)?).await?;
    stage.say(format!("{LOCKER} sends the same message again"));

    stage.expect_notice("anna", &trapped.unit_in("anna"), since).await?;
    let (call, _) = stage.expect_notice("doors", LOCKER, since).await?;
    ensure!(call.subject.contains('2'), "two orders wait, but the team reads: {}", call.subject);
    let (question, _) = stage.expect_notice("clara", "wählen", since).await?;

    device
        .wait_until(
            |status| faults.iter().all(|(unit, _)| status.closed.get(*unit).is_some_and(|closed| closed != "nothing")),
            std::time::Duration::from_secs(10),
        )
        .await?;
    stage.say(format!("{LOCKER} has learned by its shadow what is closed"));

    let view = stage.locker_view(LOCKER).await?;
    let closed = view["faulted_compartments"].as_array().context("no compartments")?;
    ensure!(closed.len() == 3, "three compartments are to be closed: {closed:?}");
    let reports: Vec<&Value> = view["history"]
        .as_array()
        .context("no history")?
        .iter()
        .filter(|entry| entry["event"]["what"] == "faults_reported")
        .collect();
    ensure!(reports.len() == 1, "the message is recorded once, not {} times", reports.len());
    let raised = reports[0]["event"]["outcome"]["raised"].as_array().map_or(0, Vec::len);
    ensure!(raised == 3, "all faults are recorded by one commit, which says {raised}");
    let work_order = &view["work_order"];
    ensure!(work_order["id"] == format!("{LOCKER}.1"), "there is one work order: {work_order}");
    ensure!(work_order["people_waiting"] == 2, "two orders wait: {work_order}");
    stage.say(format!("one commit closed all three; work order {} is open", work_order["id"]));

    let order = stage.order_view(&trapped.order_id).await?;
    ensure!(order["order"]["pickup_stopped_at"].is_string(), "the deadline does not wait: {}", order["order"]);
    stage.say("support sees that the pickup deadline stands still, and what anna was told");
    // With no history to compare with, nobody is told of a time.
    let samples = order["work_order"]["expected_back"]["samples"].as_u64().context("it was not estimated")?;
    ensure!(order["expected_back_at"].is_null() && samples < 14, "expected from {samples} repairs: {order}");
    stage.say(format!("expected back: unknown, {samples} such repairs have been proven here so far"));

    let body = json!({"order_id": underway.order_id, "locker_id": LOCKER});
    let refused = stage.network.api.courier(DRIVER)?.post("/deposits", &body).await?;
    let reason = refused.reason().unwrap_or_default().to_owned();
    let refused = refused.expect(409)?;
    let alternatives = nearest_first(&refused)?;
    stage.say(format!(
        "{DRIVER} asks to deposit clara's parcel there → 409 {reason}, alternatives {}",
        alternatives.join(", ")
    ));

    choose_by_link(stage, &question, &alternatives[0]).await?;
    for other in others {
        stage.network.api.order_system().delete(&format!("/orders/{}", other.order_id)).await?.expect(200)?;
    }
    Ok(Jammed { trapped, free_unit, work_order_id: format!("{LOCKER}.1"), message })
}

/// A compartment nobody has.
async fn free_compartment(stage: &Stage<'_>) -> Result<String> {
    let locker = stage.network.api.operator()?.get(&format!("/lockers/{LOCKER}")).await?.expect(200)?;
    let compartments = locker["compartments"].as_array().context("no compartments")?;
    let free = compartments.iter().find(|it| it["occupancy"]["is"] == "free" && it["size"] == "S");
    Ok(free.context("no free compartment")?["number"].to_string())
}

/// The lockers that a refusal names.
///
/// # Errors
/// There are fewer than two, or they are not sorted by distance.
pub fn nearest_first(refusal: &Value) -> Result<Vec<String>> {
    let alternatives = refusal.pointer("/error/alternatives").and_then(Value::as_array).context("no alternatives")?;
    let distances: Vec<u64> = alternatives.iter().filter_map(|it| it["distance_m"].as_u64()).collect();
    ensure!(distances.len() >= 2, "at least two alternatives are to be named: {refusal}");
    ensure!(distances.is_sorted(), "the nearest is to be named first: {distances:?}");
    Ok(alternatives.iter().filter_map(|it| it["locker_id"].as_str()).map(str::to_owned).collect())
}

/// Clara follows the link: looking changes nothing, choosing does, once.
async fn choose_by_link(stage: &Stage<'_>, question: &crate::mailbox::Delivery, locker: &str) -> Result<()> {
    let path = stage.link(question)?;
    let anyone = stage.network.api.anyone();
    let shown = anyone.get(&path).await?.expect(200)?;
    ensure!(shown["options"].as_array().is_some_and(|options| !options.is_empty()), "no options: {shown}");
    anyone.get(&path).await?.expect(200)?;
    let since = Instant::now();
    let chosen = anyone.post(&path, &json!({"locker_id": locker})).await?.expect(200)?;
    ensure!(chosen["order"]["place"]["locker"] == locker, "another place was taken: {chosen}");
    stage.say(format!("clara opens her link, and chooses {locker} → 200"));
    stage.expect_notice("clara", "Wahl", since).await?;
    let again = anyone.post(&path, &json!({"home": true})).await?;
    ensure!(again.reason() == Some("link_used"), "the link works twice: {}", again.body);
    again.expect(410)?;
    stage.say("clara uses her link again → 410 link_used");
    Ok(())
}

//! Story 4: the repair.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::door_jams::Jammed;
use super::stage::Stage;
use crate::device::{Restarts, TestOpenings};

/// Plays it, on the locker whose doors have jammed.
pub async fn play(stage: &Stage<'_>, jammed: &Jammed) -> Result<()> {
    stage.title("4. The repair");
    let locker = jammed.trapped.locker_id.as_str();
    let device = stage.device(locker)?;
    step(stage, jammed, "acknowledge", &json!({}), "acknowledged").await?;
    step(stage, jammed, "start", &json!({}), "in_progress").await?;

    device.let_test_openings(TestOpenings::Fail);
    let since = Instant::now();
    let report = json!({"note": "bolt freed", "parts": ["bolt"]});
    step(stage, jammed, "report-repaired", &report, "repaired").await?;
    stage.expect_notice("doors", "Probeöffnung", since).await?;
    until_status(stage, jammed, "in_progress").await?;
    ensure!(closed_units(stage, locker).await? == 3, "something reopened after a failed test opening");
    stage.say("a test opening fails: everything stays closed, the team is told");

    device.let_test_openings(TestOpenings::Pass);
    let since = Instant::now();
    step(stage, jammed, "report-repaired", &json!({"note": "lock replaced"}), "repaired").await?;
    until_status(stage, jammed, "verified").await?;
    stage.say(format!(
        "three test openings of each door pass, and everything reopens, {:.1} s after",
        since.elapsed().as_secs_f32()
    ));
    stage.expect_notice("anna", &jammed.trapped.unit_in("anna"), since).await?;
    ensure!(closed_units(stage, locker).await? == 0, "something is still closed");
    device
        .wait_until(|status| status.closed.values().all(|closed| closed == "nothing"), Duration::from_secs(10))
        .await?;
    stage.say(format!("{locker} has learned by its shadow that nothing is closed"));

    device.publish(&format!("lockers/{locker}/faults"), serde_json::to_vec(&jammed.message)?).await?;
    stage.say(format!("{locker} sends its first message once more, after the repair"));
    stage.expect_nothing_else().await?;
    ensure!(closed_units(stage, locker).await? == 0, "an old message closed something again");
    let view = stage.locker_view(locker).await?;
    ensure!(view["work_order"]["id"] == jammed.work_order_id.as_str(), "a new work order: {}", view["work_order"]);
    ensure!(view["repaired_faults"].as_array().is_some_and(|faults| faults.len() == 3), "not three repaired faults");
    let free = view["faulted_compartments"].as_array().is_some_and(Vec::is_empty);
    ensure!(free, "compartment {} is closed", jammed.free_unit);
    stage.say("nothing happens");

    device.let_restarts(Restarts::Help);
    device.report_faults(&[("locker", "display_fault")]).await?;
    stage.say(format!("the display of {locker} goes dark: the locker is asked to switch it off and on again"));
    stage
        .until("the display to be mended from afar", || async {
            let work_order = stage.locker_view(locker).await?["work_order"].clone();
            let another = work_order["id"] != jammed.work_order_id.as_str();
            Ok((another && work_order["status"] == "verified").then_some(()))
        })
        .await?;
    device.let_restarts(Restarts::DoNotHelp);
    stage.expect_nothing_else().await?;
    stage.say("that helps, and no team is called");
    Ok(())
}

async fn step(stage: &Stage<'_>, jammed: &Jammed, step: &str, body: &Value, status: &str) -> Result<()> {
    let path = format!("/work-orders/{}/{step}", jammed.work_order_id);
    let answer = stage.network.api.technician("technician")?.post(&path, body).await?.expect(200)?;
    ensure!(answer["status"] == status, "after {step} it is {}", answer["status"]);
    stage.say(format!("technician: {step} → 200, {status}"));
    Ok(())
}

async fn until_status(stage: &Stage<'_>, jammed: &Jammed, status: &str) -> Result<()> {
    let path = format!("/work-orders/{}", jammed.work_order_id);
    let technician = stage.network.api.technician("technician")?;
    stage
        .until(&format!("the work order to be {status}"), || async {
            let work_order = technician.get(&path).await?.expect(200)?;
            Ok((work_order["status"] == status).then_some(()))
        })
        .await
}

async fn closed_units(stage: &Stage<'_>, locker: &str) -> Result<usize> {
    let view = stage.locker_view(locker).await?;
    Ok(view["faulted_compartments"].as_array().map_or(0, Vec::len))
}

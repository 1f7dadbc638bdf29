//! Story 5: a complaint.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::demo::REGION;

use super::door_jams::Jammed;
use super::stage::Stage;

const DRIVER: &str = "driver-ilse";

/// Plays it, with the order whose parcel was behind the jammed door.
pub async fn play(stage: &Stage<'_>, jammed: &Jammed) -> Result<()> {
    stage.title("5. A complaint");
    let order = &jammed.trapped;
    let since = Instant::now();
    stage.device(&order.locker_id)?.report_collection(&order.order_id, order.compartment).await?;
    stage.say(format!("anna collects her parcel from compartment {} of {}", order.compartment, order.locker_id));
    let (request, _) = stage.expect_notice("anna", "Zustellung", since).await?;

    let path = stage.link(&request)?;
    let feedback = json!({
        "ratings": {"delivery": 4, "condition": 5, "punctuality": 2, "driver": 5},
        "reasons": ["delay"],
        "text": "Viel zu spät! Ich stand zweimal vor der geschlossenen Tür.",
        "answer_wanted": true,
    });
    let since = Instant::now();
    let receipt = stage.network.api.anyone().post(&path, &feedback).await?.expect(201)?;
    let case = receipt["case"].as_str().context("no case number")?.to_owned();
    stage.say(format!("anna opens her link, rates punctuality 2 because of \"delay\" → 201, case {case}"));
    stage.expect_notice("anna", &case, since).await?;

    let agent = stage.network.api.support("agent")?;
    let queue = agent.get(&format!("/cases?region={REGION}&team=complaints")).await?.expect(200)?;
    let first = &queue["cases"][0];
    ensure!(first["id"] == case.as_str(), "it is not first in its team's queue: {queue}");
    stage.say(format!("it is in the queue of the team for complaints, a first answer due at {}", first["due_at"]));
    let view = agent.get(&format!("/cases/{case}")).await?.expect(200)?;
    ensure!(view["case"]["proposed_cause"] == "locker", "another cause is proposed: {}", view["case"]);
    let sorted = &view["case"];
    let said = sorted["grounds"].as_array().and_then(|all| all.iter().find(|it| it["ground"] == "said"));
    let words = said.and_then(|it| it["words"].as_str()).context("no words of hers sort the complaint")?;
    ensure!(sorted["category"] == "delay", "it is sorted otherwise: {sorted}");
    stage.say(format!("it is sorted as a delay, by the reason she named and by her words \"{words}\""));
    ensure!(view["order"]["id"] == order.order_id.as_str(), "the order is not beside it: {}", view["order"]);
    ensure!(view["delivery"]["standing"]["is"] == "excluded", "the driver is charged: {}", view["delivery"]);
    let faults = view["locker"]["faults"].as_array().context("no faults of the locker")?;
    // Those of the jam; what was mended from afar meanwhile is beside them.
    let closing = faults.iter().filter(|it| it["code"] != "display_fault").count();
    ensure!(closing == 3, "the locker's faults are not beside it: {}", view["locker"]);
    stage.say("support sees the case with the delivery and the locker's faults beside it; proposed cause: locker");
    let driver = stage.support(&format!("/support/drivers/{DRIVER}")).await?;
    ensure!(driver["deliveries_excluded"] == 1 && driver["complaints_charged"] == 0, "the driver is charged: {driver}");
    stage.say(format!("{DRIVER} is not charged: the delivery is excluded, with the fault as evidence"));

    let since = Instant::now();
    let question = json!({"question": "Waren Sie beide Male am selben Fach?"});
    let asked = agent.post(&format!("/cases/{case}/question"), &question).await?.expect(200)?;
    ensure!(asked["status"] == "awaiting_customer", "it is {}", asked["status"]);
    let (email, _) = stage.expect_notice("anna", &case, since).await?;
    ensure!(email.text.contains("am selben Fach"), "the question is not in it:\n{}", email.text);
    stage.say("support asks her something → 200, and the clocks stand still");
    let answer = json!({"text": "Ja, am selben."});
    let answered =
        stage.network.api.customer("anna")?.post(&format!("/my/cases/{case}/answer"), &answer).await?.expect(200)?;
    ensure!(answered["status"] == "assigned", "it is {}", answered["status"]);
    stage.say("anna answers in the app → 200, and they run on");

    let view = agent.get(&format!("/cases/{case}")).await?.expect(200)?;
    let facts = view["weighed"][0]["facts_for"].clone();
    ensure!(view["weighed"][0]["cause"] == "locker", "something else is explained: {}", view["weighed"]);
    let version = view["version"].to_string();
    let decision = json!({
        "cause": "locker", "measure": "locker_repaired", "reasons": "lock jammed, repaired and proven",
        "facts_for": facts,
    });
    let path = format!("/cases/{case}/decision");
    let since = Instant::now();
    let decided = agent.post_with(&path, &decision, &[("if-match", &version)]).await?.expect(200)?;
    ensure!(decided["status"] == "decided", "it is {}", decided["status"]);
    stage.say("support decides by the fault among the facts: cause locker, measure locker_repaired → 200");
    let (answer, _) = stage.expect_notice("anna", &case, since).await?;
    ensure!(answer.text.contains("repariert"), "the answer does not name the measure:\n{}", answer.text);
    ensure!(answer.text.contains("war gestört"), "the answer does not say what is known:\n{}", answer.text);
    agent.post_with(&path, &decision, &[("if-match", &version)]).await?.expect(412)?;
    stage.say("the same decision at the version seen before → 412");

    let closed = agent.post(&format!("/cases/{case}/closing"), &json!({})).await?.expect(200)?;
    ensure!(closed["status"] == "closed", "it is {}", closed["status"]);
    stage.say("support closes the case → 200");
    Ok(())
}

//! Story 2: a locker goes dark.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::door_jams::nearest_first;
use super::stage::Stage;

/// Where it happens.
const LOCKER: &str = "mz-05";
/// A part of its name that subjects have.
const NAME: &str = "Goetheplatz";

/// Plays it.
pub async fn play(stage: &Stage<'_>) -> Result<()> {
    stage.title("2. A locker goes dark");
    let to_other = stage.placed("ben", LOCKER, "M").await?;
    let to_home = stage.placed("emil", LOCKER, "S").await?;
    let to_ask = stage.placed("david", LOCKER, "M").await?;
    let device = stage.device(LOCKER)?;

    device.drop_connection().await?;
    stage.say(format!("{LOCKER} loses its connection for a moment"));
    tokio::time::sleep(Duration::from_millis(800)).await;
    device.reconnect().await?;
    tokio::time::sleep(Duration::from_millis(3_200)).await;
    let view = stage.locker_view(LOCKER).await?;
    ensure!(view["work_order"].is_null() && view["connected"] == true, "a short drop changed something: {view}");
    stage.expect_nothing_else().await?;
    stage.say("it is back within the grace: nothing is closed, nobody is told anything");

    device.drop_connection().await?;
    let since = Instant::now();
    stage.say(format!("{LOCKER} loses its connection and stays away"));
    stage.until_locker(LOCKER, true).await?;
    stage.say(format!("the whole locker is closed, {:.1} s after", since.elapsed().as_secs_f32()));
    stage.expect_notice("network", NAME, since).await?;
    stage.expect_notice("ben", "New place", since).await?;
    stage.expect_notice("emil", "nach Hause", since).await?;
    let (question, _) = stage.expect_notice("david", "choose", since).await?;
    for (placed, kind) in [(&to_other, "compartment"), (&to_home, "home"), (&to_ask, "asked")] {
        let order = stage.order_view(&placed.order_id).await?;
        ensure!(order["order"]["place"]["kind"] == kind, "{kind} was expected: {}", order["order"]);
        ensure!(order["order"]["place"]["locker"] != LOCKER, "it is still at {LOCKER}: {}", order["order"]);
    }

    let refused = stage.order("ben", LOCKER, "S").await?;
    ensure!(refused.reason() == Some("locker_unavailable"), "an order was taken: {}", refused.body);
    let alternatives = nearest_first(&refused.expect(409)?)?;
    stage.say(format!("a new order for it → 409 locker_unavailable, alternatives {}", alternatives.join(", ")));

    let since = Instant::now();
    let path = stage.link(&question)?;
    stage.network.api.anyone().post(&path, &json!({"home": true})).await?.expect(200)?;
    stage.say("david opens his link, and chooses delivery to his door → 200");
    stage.expect_notice("david", "Your choice", since).await?;

    let since = Instant::now();
    device.reconnect().await?;
    stage.until_locker(LOCKER, false).await?;
    let view = stage.locker_view(LOCKER).await?;
    ensure!(view["work_order"]["status"] == "verified", "the work order goes on: {}", view["work_order"]);
    stage.say(format!("{LOCKER} is back: that is the proof, it is open again and its work order is verified"));
    stage.expect_notice("network", NAME, since).await?;
    stage.say("the team learns that nobody has to go there any more");
    stage.expect_nothing_else().await
}

//! Story 2: a locker goes dark.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::door_jams::nearest_first;
use super::stage::{Placed, Stage};

/// Where it happens.
const LOCKER: &str = "mz-05";
/// A part of its name that subjects have.
const NAME: &str = "Goetheplatz";

/// Plays it.
pub async fn play(stage: &Stage<'_>) -> Result<()> {
    stage.title("2. A locker goes dark");
    let to_other = stage.placed("ben", LOCKER, "M").await?;
    let bundle = format!("b-{}", Uuid::new_v4().simple());
    let mut together = Vec::new();
    for size in ["S", "L"] {
        let body = json!({"customer_id": "anna", "locker_id": LOCKER, "size": size, "bundle_id": bundle});
        together.push(Placed::from_answer(&stage.order_with(&body).await?.expect(201)?)?);
    }
    stage.say(format!("order system: two orders of anna for {LOCKER} that stay together → 201"));
    let to_home = stage.placed("emil", LOCKER, "S").await?;
    let to_ask = stage.placed("david", LOCKER, "M").await?;
    let to_keep = stage.placed("clara", LOCKER, "S").await?;
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
    for _ in &together {
        stage.expect_notice("anna", "Neuer Ort", since).await?;
    }
    stage.expect_notice("emil", "nach Hause", since).await?;
    let (question, _) = stage.expect_notice("david", "choose", since).await?;
    stage.expect_notice("clara", "wählen", since).await?;
    for (placed, kind) in [(&to_other, "compartment"), (&to_home, "home"), (&to_ask, "asked")] {
        let order = stage.order_view(&placed.order_id).await?;
        ensure!(order["order"]["place"]["kind"] == kind, "{kind} was expected: {}", order["order"]);
        ensure!(order["order"]["place"]["locker"] != LOCKER, "it is still at {LOCKER}: {}", order["order"]);
    }

    let mut lockers = Vec::new();
    for placed in &together {
        let order = stage.order_view(&placed.order_id).await?["order"].clone();
        lockers.push(order["place"]["locker"].clone());
    }
    ensure!(lockers[0].is_string() && lockers[0] == lockers[1], "what belongs together goes to {lockers:?}");
    stage.say(format!("anna's two parcels go to {}, both", lockers[0]));

    let refused = stage.order("ben", LOCKER, "S").await?;
    ensure!(refused.reason() == Some("locker_unavailable"), "an order was taken: {}", refused.body);
    let alternatives = nearest_first(&refused.expect(409)?)?;
    stage.say(format!("a new order for it → 409 locker_unavailable, alternatives {}", alternatives.join(", ")));

    let public = stage.network.api.anyone().get(&format!("/public/lockers/{LOCKER}")).await?.expect(200)?;
    ensure!(public["status"] == "collection_only" && public["free"] == json!({}), "anybody is shown {public}");
    stage.say(format!("anybody may see why, and since when: {}", public["sentence"]["english"]));

    choose_on_the_page(stage, &stage.link(&question)?).await?;

    let since = Instant::now();
    device.reconnect().await?;
    stage.until_locker(LOCKER, false).await?;
    let view = stage.locker_view(LOCKER).await?;
    ensure!(view["work_order"]["status"] == "verified", "the work order goes on: {}", view["work_order"]);
    stage.say(format!("{LOCKER} is back: that is the proof, it is open again and its work order is verified"));
    stage.expect_notice("network", NAME, since).await?;
    stage.say("the team learns that nobody has to go there any more");
    stage.expect_notice("clara", "kommt doch", since).await?;
    let kept = stage.order_view(&to_keep.order_id).await?;
    ensure!(kept["order"]["place"]["locker"] == LOCKER, "it was not given back: {}", kept["order"]);
    stage.say("clara has not answered yet: her parcel goes there after all, and the question is withdrawn");
    stage.expect_nothing_else().await
}

/// David opens his link in a browser, chooses, thinks better of it, and chooses after all.
async fn choose_on_the_page(stage: &Stage<'_>, path: &str) -> Result<()> {
    let browser = stage.network.api.anyone();
    let accept = [("accept", "text/html,*/*;q=0.8"), ("accept-language", "en-GB,en;q=0.9")];
    let page = browser.send(Method::GET, path, &accept, None).await?;
    let html = page.body.as_str().unwrap_or_default();
    ensure!(page.status == 200 && html.contains("Where should your parcel go?"), "no page: {} {html}", page.status);
    ensure!(page.headers.contains_key("content-security-policy"), "a page without a policy");
    stage.say("david opens his link: a page that works without scripts → 200");

    let form = [accept[0], ("content-type", "application/x-www-form-urlencoded")];
    let mut path = path.to_owned();
    for (place, said, told) in [
        ("home", "chooses delivery to his door", "Your choice"),
        ("undo", "undoes it, and is asked again", "choose"),
        ("home", "chooses it after all", "Your choice"),
    ] {
        let since = Instant::now();
        let sent = browser.send(Method::POST, &path, &form, Some(format!("place={place}").into_bytes())).await?;
        ensure!(sent.status == 303, "the form was answered {}: {}", sent.status, sent.body);
        stage.say(format!("david {said} → 303"));
        let location = sent.headers.get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
        let token = location.split('?').next().unwrap_or_default();
        path = format!("{}/{token}", path.rsplit_once('/').map_or("", |(folder, _)| folder));
        stage.expect_notice("david", told, since).await?;
    }
    Ok(())
}

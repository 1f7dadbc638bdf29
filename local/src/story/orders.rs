//! Story 3: an order.

use std::time::Instant;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use super::door_jams::nearest_first;
use super::stage::{Placed, Stage};

/// A healthy locker.
const HEALTHY: &str = "mz-02";
/// One that goes off the network.
const CLOSED: &str = "mz-10";
/// A small one: two compartments of each of the rare sizes.
const SMALL: &str = "mz-12";

/// Plays it.
pub async fn play(stage: &Stage<'_>) -> Result<()> {
    stage.title("3. An order");
    stage.placed("anna", HEALTHY, "S").await?;

    stage.device(CLOSED)?.drop_connection().await?;
    stage.until_locker(CLOSED, true).await?;
    // The second of one region within minutes: the team that was called for the first one hears of both together, later.
    stage
        .until("it to join the incident of its region", || async {
            let work_order = &stage.locker_view(CLOSED).await?["work_order"];
            Ok((work_order["incident"]["role"] == "joined").then_some(()))
        })
        .await?;
    stage.say(format!("{CLOSED} goes dark as well: it joins the incident that the team has been called for"));
    let refused = stage.order("anna", CLOSED, "M").await?;
    ensure!(refused.reason() == Some("locker_unavailable"), "an order was taken: {}", refused.body);
    ensure!(refused.body["error"]["code"] == "network_lost", "no code is named: {}", refused.body);
    let alternatives = nearest_first(&refused.expect(409)?)?;
    stage.say(format!(
        "order for {CLOSED}, which is closed → 409 network_lost, alternatives {}",
        alternatives.join(", ")
    ));

    let since = Instant::now();
    let body = json!({"customer_id": "fiona", "locker_id": CLOSED, "size": "M", "elsewhere_within_m": 4_000});
    let elsewhere = Placed::from_answer(&stage.order_with(&body).await?.expect(201)?)?;
    ensure!(elsewhere.locker_id != CLOSED, "the closed locker was taken");
    stage.say(format!("the same with the customer's consent → 201, at {}", elsewhere.locker_id));
    stage.expect_notice("fiona", "another locker", since).await?;

    full_size(stage).await?;
    same_key(stage).await?;
    last_compartment(stage).await?;
    stage.device(CLOSED)?.reconnect().await?;
    stage.until_locker(CLOSED, false).await
}

async fn size_of(stage: &Stage<'_>, placed: &Placed) -> Result<Value> {
    let locker = stage.network.api.operator()?.get(&format!("/lockers/{}", placed.locker_id)).await?.expect(200)?;
    let compartments = locker["compartments"].as_array().cloned().unwrap_or_default();
    let own = compartments.into_iter().find(|it| it["number"] == placed.compartment);
    Ok(own.map(|it| it["size"].clone()).unwrap_or_default())
}

async fn full_size(stage: &Stage<'_>) -> Result<()> {
    for _ in 0..2 {
        let placed = stage.placed("ben", SMALL, "XS").await?;
        ensure!(size_of(stage, &placed).await? == "XS", "the smallest that fits is to be taken");
    }
    let placed = stage.placed("ben", SMALL, "XS").await?;
    let size = size_of(stage, &placed).await?;
    ensure!(size == "S", "with XS full, S is next, not {size}");
    stage.say("size XS is full: the next larger one, S, was taken");
    Ok(())
}

async fn same_key(stage: &Stage<'_>) -> Result<()> {
    let key = Uuid::new_v4().to_string();
    let body = json!({"customer_id": "greta", "locker_id": HEALTHY, "size": "M"});
    let system = stage.network.api.order_system();
    let first = system.post_with("/orders", &body, &[("idempotency-key", &key)]).await?.expect(201)?;
    let second = system.post_with("/orders", &body, &[("idempotency-key", &key)]).await?.expect(201)?;
    ensure!(first == second, "the same key got two answers: {first} and {second}");
    stage.say("the same order twice with one Idempotency-Key → 201 twice, the same answer, one order");
    let other = json!({"customer_id": "greta", "locker_id": HEALTHY, "size": "L"});
    system.post_with("/orders", &other, &[("idempotency-key", &key)]).await?.expect(422)?;
    stage.say("another order with that key → 422");
    Ok(())
}

async fn last_compartment(stage: &Stage<'_>) -> Result<()> {
    stage.placed("henry", SMALL, "XL").await?;
    let (first, second) = tokio::join!(stage.order("henry", SMALL, "XL"), stage.order("greta", SMALL, "XL"));
    let (first, second) = (first?, second?);
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    ensure!(statuses == [201, 409], "one of two gets the last compartment, not {statuses:?}");
    let refused = if first.status == 409 { first } else { second };
    ensure!(refused.reason() == Some("no_room"), "refused for another reason: {}", refused.body);
    stage.say("two orders at the same moment for the last XL compartment → one 201, one 409 no_room");
    Ok(())
}

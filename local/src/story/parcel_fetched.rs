//! Story 6: a trapped parcel is fetched.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::stage::{Placed, Stage};

/// Where the door jams, and where the parcel is brought.
const LOCKER: &str = "mz-04";
const OTHER_LOCKER: &str = "mz-09";
const CUSTOMER: &str = "greta";
const DRIVER: &str = "driver-jonas";
const TECHNICIAN: &str = "technician";

/// Plays it.
pub async fn play(stage: &Stage<'_>) -> Result<()> {
    stage.title("6. A trapped parcel");
    let order = stage.placed(CUSTOMER, LOCKER, "M").await?;
    stage.deposited(DRIVER, &order, CUSTOMER).await?;
    let first_code = access_code(stage, &order).await?;

    let since = Instant::now();
    stage.device(LOCKER)?.report_faults(&[(&order.unit(), "lock_jammed")]).await?;
    stage.say(format!("{LOCKER} reports lock_jammed for compartment {}", order.compartment));
    stage.expect_notice(CUSTOMER, &order.unit_in(CUSTOMER), since).await?;
    stage.expect_notice("doors", LOCKER, since).await?;
    let technician = stage.network.api.technician(TECHNICIAN)?;
    let listed = technician.get(&format!("/lockers/{LOCKER}/trapped-parcels")).await?.expect(200)?;
    let trapped = listed["trapped_parcels"].as_array().context("no list")?;
    ensure!(trapped.len() == 1 && trapped[0]["order_id"] == order.order_id.as_str(), "it is not listed: {listed}");
    stage.say(format!("{TECHNICIAN} sees what is trapped: {}", trapped[0]["order_id"]));

    let since = Instant::now();
    let body = json!({"order_id": order.order_id, "locker_id": OTHER_LOCKER});
    let started = technician.post("/recoveries", &body).await?.expect(201)?;
    let target = started.pointer("/order/recovery/target/compartment").and_then(Value::as_u64);
    let target: u16 = target.context("no place is reserved")?.try_into()?;
    stage.say(format!("{TECHNICIAN} fetches it: compartment {target} of {OTHER_LOCKER} is reserved → 201"));
    stage.expect_notice(CUSTOMER, "Wir holen Ihr Paket", since).await?;

    let step = |step: &str| format!("/recoveries/{}/{step}", order.order_id);
    technician.post(&step("take"), &json!({})).await?.expect(200)?;
    stage.say(format!("{TECHNICIAN} takes the parcel out"));
    let driver = stage.network.api.courier(DRIVER)?;
    driver.post(&step("receive"), &json!({"from": TECHNICIAN})).await?.expect(200)?;
    stage.say(format!("{DRIVER} takes it over from {TECHNICIAN}"));
    let shown = my_order(stage, &order).await?;
    ensure!(shown["access_code"].is_null(), "a parcel on its way has no door: {shown}");

    let allowed = driver.post("/deposits", &body).await?.expect(200)?;
    ensure!(allowed["compartment"] == target, "another compartment was opened: {allowed}");
    let since = Instant::now();
    stage.device(OTHER_LOCKER)?.report_deposit(&order.order_id, target).await?;
    stage.say(format!("{DRIVER} puts it into compartment {target} of {OTHER_LOCKER}"));
    let (told, _) = stage.expect_notice(CUSTOMER, "liegt jetzt hier", since).await?;
    let code = access_code(stage, &order).await?;
    ensure!(told.text.contains(&code), "the message does not tell the new code");
    ensure!(code != first_code, "the code of before opens the new door");
    stage.say(format!("{CUSTOMER} has a new access code; the one of before opens nothing"));

    let view = stage.order_view(&order.order_id).await?;
    let custody = view.pointer("/order/recovery/custody").and_then(Value::as_array).context("no chain of custody")?;
    ensure!(custody.len() == 2, "the parcel went through two pairs of hands: {custody:?}");
    ensure!(view.pointer("/order/pickup_stopped_at").is_none(), "the deadline stands still: {}", view["order"]);
    stage.say("support sees through whose hands it went, and that the deadline runs on");

    let since = Instant::now();
    stage.device(OTHER_LOCKER)?.report_collection(&order.order_id, target).await?;
    stage.say(format!("{CUSTOMER} collects it at {OTHER_LOCKER}"));
    stage.expect_notice(CUSTOMER, "Zustellung", since).await?;
    Ok(())
}

async fn my_order(stage: &Stage<'_>, order: &Placed) -> Result<Value> {
    let path = format!("/my/orders/{}", order.order_id);
    stage.network.api.customer(CUSTOMER)?.get(&path).await?.expect(200)
}

/// The code that opens the door to the parcel.
async fn access_code(stage: &Stage<'_>, order: &Placed) -> Result<String> {
    let shown = my_order(stage, order).await?;
    Ok(shown["access_code"].as_str().context("there is no code")?.to_owned())
}

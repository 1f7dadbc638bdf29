//! One network is started, the stories are played on it, and then what only the running network can show: who is
//! let in, and that a locker cannot speak for another.
//!
//! It is one test, since starting the network takes longer than all that is asked of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local::issuer::Role;
use local::progress::Progress;
use local::{Network, Options, story};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn the_network_does_what_the_stories_tell_and_lets_in_whom_it_should() -> Result<()> {
    let network = Network::start(Options { progress: Progress::shown(), ..Options::default() }).await?;
    let outcome = all(&network).await;
    let log = network.run().functions_log();
    network.stop().await?;
    outcome.with_context(|| format!("the functions' own words are in {}", log.display()))
}

async fn all(network: &Network) -> Result<()> {
    let summary = story::play(network, true).await?;
    ensure!(summary.messages > 0, "nobody received anything");
    packages_are_small(network)?;
    tokens_are_checked(network).await?;
    signatures_are_checked(network).await?;
    another_customers_order_does_not_exist(network).await?;
    bad_requests_are_answered(network).await?;
    a_locker_cannot_speak_for_another(network).await?;
    unreadable_messages_are_kept(network).await
}

/// The largest package of a function that is accepted, in bytes. The largest are that of the sweeps, in which everything
/// can be due, and the registry's, which carries the clients of IoT and SNS beside that of DynamoDB.
const PACKAGE_SIZE_MAX: u64 = 5 * 1024 * 1024;

fn packages_are_small(network: &Network) -> Result<()> {
    for package in &network.packages {
        ensure!(package.size_bytes <= PACKAGE_SIZE_MAX, "{} has {} bytes zipped", package.name, package.size_bytes);
    }
    Ok(())
}

async fn tokens_are_checked(network: &Network) -> Result<()> {
    let api = &network.api;
    let path = "/support/orders/unknown";
    api.anyone().get(path).await?.expect(401)?;
    api.bearer("not-a-token".to_owned()).get(path).await?.expect(401)?;
    let expired = network.issuer.token(Role::Support, "agent", Duration::ZERO)?;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    api.bearer(expired).get(path).await?.expect(401)?;
    api.customer("anna")?.get(path).await?.expect(403)?;
    api.technician("technician")?.post("/cases/C-1/decision", &json!({})).await?.expect(403)?;
    api.courier("driver-ilse")?.post("/lockers", &json!({})).await?.expect(403)?;
    api.support("agent")?.get(path).await?.expect(404)?;
    Ok(())
}

async fn signatures_are_checked(network: &Network) -> Result<()> {
    let api = &network.api;
    api.anyone().get("/orders/unknown").await?.expect(403)?;
    // The gateway on AWS turns a token away here; MiniStack lets it pass, and the function does not.
    let token = api.customer("anna")?.get("/orders/unknown").await?;
    ensure!(token.status == 403 || token.reason() == Some("not_found"), "a token was let in: {}", token.body);
    let mut forged = api.order_system_credentials().clone();
    forged.secret.push('x');
    api.signing(forged).get("/orders/unknown").await?.expect(403)?;
    api.order_system().get("/orders/unknown").await?.expect(404)?;
    Ok(())
}

async fn another_customers_order_does_not_exist(network: &Network) -> Result<()> {
    let body = json!({"customer_id": "anna", "locker_id": "mz-03", "size": "S"});
    let system = network.api.order_system();
    let placed = system.post_with("/orders", &body, &[("idempotency-key", "live-own-order")]).await?.expect(201)?;
    let order = placed.pointer("/order/id").and_then(Value::as_str).context("no order")?;
    let path = format!("/my/orders/{order}");
    network.api.customer("anna")?.get(&path).await?.expect(200)?;
    let foreign = network.api.customer("ben")?.get(&path).await?;
    let unknown = network.api.customer("ben")?.get("/my/orders/unknown").await?;
    ensure!(foreign.status == 404 && foreign.body == unknown.body, "it can be told from one that does not exist");
    system.delete(&format!("/orders/{order}")).await?.expect(200)?;
    Ok(())
}

async fn bad_requests_are_answered(network: &Network) -> Result<()> {
    let operator = network.api.operator()?;
    let json = [("content-type", "application/json")];
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(70_000)).into_bytes();
    operator.send(Method::POST, "/lockers", &json, Some(large)).await?.expect(413)?;
    operator
        .send(Method::POST, "/lockers", &[("content-type", "text/plain")], Some(b"{}".to_vec()))
        .await?
        .expect(415)?;
    operator.send(Method::POST, "/lockers", &json, Some(b"{".to_vec())).await?.expect(400)?;
    let unknown = operator.post("/teams", &json!({"colour": "red"})).await?;
    ensure!(unknown.body.pointer("/error/field").is_some(), "no field is named: {}", unknown.body);
    unknown.expect(400)?;
    Ok(())
}

async fn a_locker_cannot_speak_for_another(network: &Network) -> Result<()> {
    let (liar, victim) = (network.device("mz-09")?, "mz-10");
    let sessions = liar.status().sessions;
    let message = json!({
        "version": 1, "locker_id": victim, "message_id": "forged-1", "boot_id": "b", "sequence": 1,
        "sent_at": "2026-01-01T00:00:00Z", "faults": [{"unit": "locker", "code": "tamper"}],
    });
    // The broker cuts the connection; whether the publish is acknowledged before that does not matter.
    let topic = format!("lockers/{victim}/faults");
    let published = liar.publish(&topic, serde_json::to_vec(&message)?);
    if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(2), published).await {
        println!("the broker did not take it: {error}");
    }
    liar.wait_until(|status| status.sessions > sessions, Duration::from_secs(10)).await?;
    let victim = network.api.support("agent")?.get(&format!("/support/lockers/{victim}")).await?.expect(200)?;
    ensure!(victim["locker"]["faults"] == json!({}), "a locker spoke for another: {}", victim["locker"]);
    Ok(())
}

async fn unreadable_messages_are_kept(network: &Network) -> Result<()> {
    let device = network.device("mz-11")?;
    device.publish("lockers/mz-11/faults", b"\xff not JSON".to_vec()).await?;
    let table = network.outputs.get("NetworkTable")?;
    let scan = json!({
        "TableName": table,
        "FilterExpression": "#kind = :kind",
        "ExpressionAttributeNames": {"#kind": "kind"},
        "ExpressionAttributeValues": {":kind": {"S": "quarantined"}},
    });
    for _ in 0..100 {
        let found = network.aws.json("dynamodb", "DynamoDB_20120810.Scan", &scan).await?;
        let items = found["Items"].as_array().cloned().unwrap_or_default();
        if let Some(item) = items.iter().find(|item| item["body"]["S"].to_string().contains("mz-11")) {
            ensure!(item["reason"]["S"].is_string(), "no reason is kept: {item}");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the unreadable message is not in quarantine")
}

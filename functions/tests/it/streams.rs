//! Streams, queues and the timer bring what is unknown, incomplete or long over: nothing happens.

use std::cell::Cell;
use std::collections::BTreeMap;

use aws::batch::StreamBatch;
use aws::keys::{Key, Table};
use aws::shadow::{DesireError, Desired, Looked, Shadow};
use aws::store::Unavailable;
use domain::fault::{Closure, Unit};
use domain::id::LockerId;
use functions::{locker_commands, notification_fan_out, rerouting};
use serde_json::{Value, json};

use crate::support::aws_fake::Shadows;
use crate::support::devices::*;
use crate::support::id;
use crate::support::network::Network;

fn key(table: Table, pk: &str, sk: &str) -> Key {
    Key { table, pk: pk.to_owned(), sk: sk.to_owned() }
}

async fn feed(network: &Network, batch: &StreamBatch) {
    rerouting::handle(&network.store, &network.tables, batch.clone(), network.now()).await.unwrap();
    locker_commands::handle(&network.store, &network.shadows, &network.tables, batch.clone()).await.unwrap();
    notification_fan_out::handle(&network.store, &network.sender, &network.tables, batch.clone(), network.now())
        .await
        .unwrap();
}

#[tokio::test]
async fn an_item_nobody_knows_is_skipped() {
    let network = Network::mainz().await;
    let before = network.kept();
    let keys = [
        key(Table::Network, "LOCKER#mz-99", "STATE"),
        key(Table::Network, "LOCKER#mz-99", "COMPARTMENT#007"),
        key(Table::Network, "LOCKER#mz-99", "WORK_ORDER"),
        key(Table::Network, "LOCKER#mz-99", "PRESENCE"),
        key(Table::Network, "LOCKER#mz-99", "NOTICE#gone"),
        key(Table::Network, "LOCKER#mz-03", "COMPARTMENT#000"),
        key(Table::Network, "LOCKER#mz-03", "COMPARTMENT#x"),
        key(Table::Network, "LOCKER#", "STATE"),
        key(Table::Network, "", ""),
        key(Table::Orders, "ORDER#o-99", "STATE"),
        key(Table::Orders, "LOCKER#mz-03", "WORK_ORDER"),
        key(Table::Cases, "CASE#c-99", "NOTICE#x"),
        key(Table::People, "PERSON#anna", "STATE"),
    ];
    feed(&network, &network.stream_batch(&keys)).await;
    assert_eq!(network.kept(), before);
    assert_eq!(network.sender.publisher.sent(), []);
}

#[tokio::test]
async fn a_record_without_keys_or_of_a_foreign_table_is_skipped_and_the_rest_goes_on() {
    let network = Network::mainz().await;
    network.deliver("fault_intake", [faults("mz-03", "m-1", &[("7", "lock_jammed")])]).await;
    let arn = |table: &str| format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/1");
    let keys = json!({ "pk": { "S": "LOCKER#mz-03" }, "sk": { "S": "WORK_ORDER" } });
    let record = |arn: String, change: Value| json!({ "eventSourceARN": arn, "dynamodb": change });
    let batch = json!({ "Records": [
        record(arn("test-network"), json!({})),
        record(arn("test-network"), json!({ "Keys": {} })),
        record(arn("test-network"), json!({ "Keys": { "pk": { "N": "1" }, "sk": { "S": "x" } } })),
        json!({ "eventSourceARN": arn("test-network") }),
        record(arn("another-table"), json!({ "Keys": keys })),
        record("nonsense".to_owned(), json!({ "Keys": keys })),
        record(arn("test-network"), json!({ "Keys": keys })),
    ] });
    feed(&network, &serde_json::from_value(batch).unwrap()).await;
    network.drain().await;
    assert_eq!(network.told(), ["work_order_called"]);
}

#[tokio::test]
async fn everything_brought_again_a_month_later_has_no_effect() {
    let network = Network::mainz().await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    let (moved, place) = network.place_order("cleo", "XL").await;
    let jam = faults("mz-03", "m-1", &[(&place.to_string(), "lock_jammed")]);
    network.happens("fault_intake", jam.clone()).await;
    network.step("mz-03.1", "start", json!({})).await.ok();
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    let keys: Vec<Key> = network.kept().into_keys().collect();
    let before = network.kept();
    network.wait_until(30 * 24 * 3_600);
    feed(&network, &network.stream_batch(&keys)).await;
    network.happens("fault_intake", jam).await;
    network.happens("parcel_events", deposited("mz-03", &format!("d-{order}"), &order, compartment)).await;
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    network.happens("presence", presence("mz-03", "s-1", 0, "connected")).await;
    assert_eq!(network.sweep().await.unwrap().due, 0);
    assert_eq!(network.kept(), before);
    assert_eq!(network.order(&moved).place_epoch, 2);
}

#[tokio::test]
async fn an_old_record_cannot_reopen_a_door() {
    let network = Network::mainz().await;
    let compartment = key(Table::Network, "LOCKER#mz-03", "COMPARTMENT#007");
    network.happens("fault_intake", faults("mz-03", "m-1", &[("7", "lock_jammed")])).await;
    let told = network.shadows.of("mz-03");
    network.stream(std::slice::from_ref(&compartment)).await;
    assert_eq!(network.shadows.of("mz-03"), told, "what is so now is told, whatever the record said");
}

#[tokio::test]
async fn an_empty_batch_is_no_failure() {
    let network = Network::mainz().await;
    let before = network.kept();
    feed(&network, &network.stream_batch(&[])).await;
    for function in ["fault_intake", "parcel_events", "presence"] {
        assert_eq!(network.deliver(function, []).await.batch_item_failures, []);
    }
    assert_eq!(network.kept(), before);
}

/// Shadows that somebody else writes once, right after they were looked at.
struct WrittenMeanwhile<'a> {
    shadows: &'a Shadows,
    by_another: Cell<Option<Desired>>,
}

impl Shadow for WrittenMeanwhile<'_> {
    async fn look(&self, locker: &LockerId) -> Result<Option<Looked>, Unavailable> {
        let looked = self.shadows.look(locker).await?;
        if let Some(desired) = self.by_another.take() {
            self.shadows.desire(locker, &desired, None).await.unwrap();
        }
        Ok(looked)
    }

    async fn desire(&self, locker: &LockerId, desired: &Desired, at: Option<i64>) -> Result<(), DesireError> {
        self.shadows.desire(locker, desired, at).await
    }
}

#[tokio::test]
async fn a_device_is_told_what_is_true_whoever_else_tells_it_something_older_at_the_same_moment() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("12", "lock_jammed")])).await;
    let compartment: Unit = "7".parse().unwrap();
    let older = Desired { closed: BTreeMap::from([(compartment, Closure::Nothing)]), ..Desired::default() };
    let shadow = WrittenMeanwhile { shadows: &network.shadows, by_another: Cell::new(Some(older)) };
    network.deliver("fault_intake", [faults("mz-03", "m-2", &[("7", "lock_jammed")])]).await;
    let batch = network.stream_batch(&[key(Table::Network, "LOCKER#mz-03", "WORK_ORDER")]);
    locker_commands::handle(&network.store, &shadow, &network.tables, batch).await.unwrap();
    assert_eq!(network.shadows.of("mz-03").closed[&compartment], Closure::DepositsAndPickups);
    let late = network.shadows.desire(&id("mz-03"), &Desired::default(), Some(1)).await;
    assert!(matches!(late, Err(DesireError::Changed)), "what comes late has no effect");
}

#[tokio::test]
async fn a_door_that_was_told_to_stay_closed_is_told_when_it_works_however_many_work_orders_later() {
    let network = Network::mainz().await;
    network.happens("fault_intake", faults("mz-03", "m-1", &[("12", "lock_jammed")])).await;
    // By the time the streams come to it, what closed the door is over, and two work orders have followed.
    let older = Desired { closed: BTreeMap::from([("7".parse().unwrap(), Closure::Deposits)]), ..Desired::default() };
    network.shadows.desire(&id("mz-03"), &older, None).await.unwrap();
    network.stream(&[key(Table::Network, "LOCKER#mz-03", "WORK_ORDER")]).await;
    let told = network.shadows.of("mz-03").closed;
    assert_eq!(
        (told[&"7".parse().unwrap()], told[&"12".parse().unwrap()]),
        (Closure::Nothing, Closure::DepositsAndPickups)
    );
}

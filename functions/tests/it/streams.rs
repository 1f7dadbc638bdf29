//! Streams, queues and the timer bring what is unknown, incomplete or long over: nothing happens.

use aws::batch::StreamBatch;
use aws::keys::{Key, Table};
use functions::{locker_commands, notification_fan_out, rerouting};
use serde_json::{Value, json};

use crate::support::devices::*;
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
    let (moved, place) = network.place_order("ben", "M").await;
    let jam = faults("mz-03", "m-1", &[(&place.to_string(), "lock_jammed")]);
    network.happens("fault_intake", jam.clone()).await;
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

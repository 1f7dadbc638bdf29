//! What queues and streams hand in.

use std::cell::RefCell;

use aws::batch::{BatchAnswer, QueueBatch, StreamBatch, each_change, each_message};
use aws::store::Unavailable;
use aws::store::dynamodb::Tables;
use serde_json::{Value, json};

fn tables() -> Tables {
    Tables { network: "n".to_owned(), orders: "o".to_owned(), cases: "c".to_owned(), people: "p".to_owned() }
}

fn record(table: &str, pk: &str) -> Value {
    json!({
        "eventSourceARN": format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/1"),
        "dynamodb": { "Keys": { "pk": { "S": pk }, "sk": { "S": "STATE" } } },
    })
}

fn stream(records: &[Value]) -> StreamBatch {
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

#[tokio::test]
async fn each_changed_item_is_handled_once_in_order_and_a_failure_keeps_none_of_the_others() {
    let batch = stream(&[record("n", "A"), record("o", "B"), record("n", "A"), record("x", "C"), record("c", "D")]);
    let handled = RefCell::new(Vec::new());
    let failure = each_change(batch, &tables(), async |key| {
        handled.borrow_mut().push(key.pk.clone());
        if key.pk == "B" { Err(Unavailable("no".to_owned())) } else { Ok(()) }
    })
    .await
    .unwrap_err();
    assert_eq!(handled.into_inner(), ["A", "B", "D"]);
    assert!(failure.to_string().starts_with("1 of 3 changes"), "{failure}");
}

#[tokio::test]
async fn only_messages_that_failed_come_again() {
    let message = |id: &str| json!({ "messageId": id, "body": id, "attributes": { "SentTimestamp": "1790000000400" } });
    let batch: QueueBatch =
        serde_json::from_value(json!({ "Records": [message("a"), message("b"), message("c")] })).unwrap();
    assert_eq!(batch.records[0].sent_at(), Some("2026-09-21T14:13:20.4Z".parse().unwrap()));
    let answer: BatchAnswer =
        each_message(
            batch,
            async |message| {
                if message.body == "b" { Err(Unavailable("no".to_owned())) } else { Ok(()) }
            },
        )
        .await;
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] }), "as Lambda wants it");
}

#[test]
fn a_stream_belongs_to_the_table_its_name_says() {
    let arn = |table: &str| format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{table}/stream/2026");
    assert!(tables().of_stream(&arn("n")).is_some());
    for foreign in [arn("nn"), arn(""), "n".to_owned(), String::new()] {
        assert_eq!(tables().of_stream(&foreign), None, "{foreign}");
    }
}

//! What tables' streams hand in, and what is held for all of it.

use aws::batch::StreamBatch;
use aws::keys::{Key, Table};
use functions::{locker_commands, notification_fan_out, rerouting};
use serde_json::{Value, json};

use crate::network::Network;
use crate::run;

/// After how many rounds a network that still changes is one that never stops: each closed unit takes a few.
const ROUNDS_MAX: usize = 50;

/// Hands a batch to every function that is fed by a stream. Over a healthy store none of them fails, whatever the
/// batch names: what is unknown is skipped.
pub fn receive(network: &Network, batch: &StreamBatch) {
    let (store, tables, now) = (&network.store, &network.tables, network.now());
    let outcomes = [
        ("rerouting", run(rerouting::handle(store, tables, batch.clone(), now))),
        ("locker_commands", run(locker_commands::handle(store, &network.shadows, tables, batch.clone()))),
        ("notification_fan_out", run(notification_fan_out::handle(store, &network.sender, tables, batch.clone(), now))),
    ];
    for (function, outcome) in outcomes {
        if let Err(failure) = outcome {
            panic!("{function} fails over a healthy store: {failure}");
        }
    }
}

/// Changes as the tables' streams tell them.
pub fn batch_of(network: &Network, changed: &[Key]) -> Value {
    let name = |table: Table| match table {
        Table::Network => &network.tables.network,
        Table::Orders => &network.tables.orders,
        Table::Cases => &network.tables.cases,
        Table::People => &network.tables.people,
    };
    let records: Vec<Value> = changed
        .iter()
        .map(|key| {
            json!({
                "eventName": "MODIFY",
                "eventSourceARN":
                    format!("arn:aws:dynamodb:eu-central-1:123456789012:table/{}/stream/1", name(key.table)),
                "dynamodb": { "Keys": { "pk": { "S": key.pk }, "sk": { "S": key.sk } } },
            })
        })
        .collect();
    json!({ "Records": records })
}

/// Brings what has changed to the functions fed by streams, until nothing changes any more.
pub fn run_dry(network: &Network) {
    for _ in 0..ROUNDS_MAX {
        let mut changed = network.store.take_changed();
        changed.sort();
        changed.dedup();
        if changed.is_empty() {
            return;
        }
        let batch = serde_json::from_value(batch_of(network, &changed)).expect("a stream batch");
        receive(network, &batch);
    }
    panic!("the streams do not run dry");
}

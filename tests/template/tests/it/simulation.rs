//! The simulation calls the functions as the template has them called.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws::keys::{self, Table};
use aws::store::Item;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::StateKey;
use serde_json::{Value, json};
use simulation::triggers::{
    GRACE, QUEUE_BATCH_MAX, QUEUED, READERS, RECEIVES_MAX, STREAM_ATTEMPTS_MAX, SUPPORT_HOURS, SWEEP_EVERY,
    VISIBILITY_TIMEOUT, timeout_of,
};

use crate::template::{Template, Trigger, binary, target, text, yaml};

fn triggers_of(template: &Template, kind: &str) -> Vec<Trigger> {
    template.triggers().into_iter().filter(|it| it.kind == kind).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("not a number: {value}"))
}

#[test]
fn functions_run_as_long_as_they_may() {
    let template = Template::read();
    for id in template.functions().into_keys() {
        let timeout = Duration::from_secs(number(template.of_function(id, "Timeout")));
        assert_eq!(timeout_of(&binary(id)), timeout, "{id}");
    }
    let grace = &yaml("template.yaml")["Parameters"]["PresenceGraceSeconds"]["Default"];
    assert_eq!(number(grace), GRACE.as_secs().unsigned_abs());
    assert_eq!(yaml("template.yaml")["Parameters"]["SupportHours"]["Default"], SUPPORT_HOURS);
}

#[test]
fn queues_hand_over_as_much_and_as_often() {
    let template = Template::read();
    let queued = triggers_of(&template, "SQS");
    let functions: BTreeSet<String> = queued.iter().map(|it| binary(&it.function)).collect();
    assert_eq!(functions, QUEUED.map(str::to_owned).into());
    for Trigger { function, properties, .. } in queued {
        let queue = template.get(target(&properties["Queue"]));
        assert_eq!(number(&properties["BatchSize"]), QUEUE_BATCH_MAX as u64, "{function}");
        assert_eq!(number(&queue["VisibilityTimeout"]), VISIBILITY_TIMEOUT.as_secs(), "{function}");
        assert_eq!(number(&queue["RedrivePolicy"]["maxReceiveCount"]), u64::from(RECEIVES_MAX), "{function}");
    }
}

#[test]
fn the_schedule_calls_as_often() {
    let [Trigger { function, properties, .. }] = &triggers_of(&Template::read(), "Schedule")[..] else {
        panic!("one schedule");
    };
    assert_eq!(binary(function), "sweeps");
    assert_eq!((&properties["Schedule"], SWEEP_EVERY), (&json!("rate(1 minute)"), Duration::from_secs(60)));
}

/// Whether an event matches a pattern of EventBridge, as far as the template uses them.
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(name, pattern)| matches(pattern, &event[name])),
        Value::Array(any) => any.iter().any(|one| match one.as_object().map(|it| it.iter().collect::<Vec<_>>()) {
            None => one == event,
            Some(rule) => match rule[..] {
                [(name, prefix)] if name == "prefix" => event.as_str().is_some_and(|it| it.starts_with(text(prefix))),
                [(name, exists)] if name == "exists" => exists.as_bool() == Some(!event.is_null()),
                _ => panic!("a rule of a new kind: {one}"),
            },
        }),
        other => panic!("a pattern of a new kind: {other}"),
    }
}

#[test]
fn streams_hand_over_as_much_as_often_and_the_same_records() {
    let template = Template::read();
    let mut readers: BTreeMap<(String, String), _> = READERS
        .iter()
        .map(|reader| ((reader.function.to_owned(), format!("{:?}Table", reader.table)), reader))
        .collect();
    for Trigger { function, properties, .. } in triggers_of(&template, "DynamoDB") {
        let (binary, table) = (binary(&function), target(&properties["Stream"]).to_owned());
        let reader = readers.remove(&(binary.clone(), table.clone())).unwrap_or_else(|| panic!("{binary} of {table}"));
        assert_eq!(number(&properties["BatchSize"]), reader.batch_max as u64, "{function}");
        assert_eq!(number(&properties["MaximumRetryAttempts"]) + 1, u64::from(STREAM_ATTEMPTS_MAX), "{function}");
        assert_eq!(properties["BisectBatchOnFunctionError"], true, "{function}");
        let [filter] = &properties["FilterCriteria"]["Filters"].as_array().unwrap()[..] else { panic!("one filter") };
        let pattern: Value = serde_json::from_str(text(&filter["Pattern"])).unwrap();
        let mut wanted = 0;
        let locker = || "mz-03".parse().unwrap();
        let subjects = match reader.table {
            Table::Orders => vec![StateKey::Order("o-1".parse().unwrap())],
            Table::Cases => vec![StateKey::Case("C-1".parse().unwrap())],
            Table::Network => {
                let door = StateKey::Compartment(locker(), 7.try_into().unwrap());
                vec![
                    StateKey::Locker(locker()),
                    StateKey::WorkOrder(locker()),
                    StateKey::Presence(locker()),
                    StateKey::Heartbeat(locker()),
                    StateKey::ServicePlan(locker()),
                    door,
                ]
            }
            Table::People => panic!("nobody reads that stream"),
        };
        for subject in subjects.iter().map(keys::of_state) {
            let (event, notice) = (subject.event(&"e-1".parse().unwrap()), subject.notice(&"n-1".parse().unwrap()));
            for key in [subject, event, notice] {
                for (inserted, due) in [(true, true), (true, false), (false, true), (false, false)] {
                    let mut item = Item::default();
                    let mut image = json!({});
                    if due {
                        item.insert("impact_due_at".to_owned(), AttributeValue::S("2026-11-21".to_owned()));
                        image["impact_due_at"] = json!({ "S": "2026-11-21" });
                    }
                    let keys = json!({ "pk": { "S": key.pk }, "sk": { "S": key.sk } });
                    let name = if inserted { "INSERT" } else { "MODIFY" };
                    let record = json!({ "eventName": name, "dynamodb": { "Keys": keys, "NewImage": image } });
                    let wants = reader.wants(&key, &item, inserted);
                    assert_eq!(wants, matches(&pattern, &record), "{function}: {record}");
                    wanted += u32::from(wants);
                }
            }
        }
        assert!(wanted > 0, "{function} wants nothing that was tried");
    }
    assert!(readers.is_empty(), "{readers:?} read no stream in the template");
}

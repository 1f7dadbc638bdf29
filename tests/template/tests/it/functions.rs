//! One binary, one function, samples of what starts it.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::samples::{samples, samples_of};
use crate::template::{Template, binary, root, target, text, yaml};

#[test]
fn every_binary_has_exactly_one_function_and_every_function_its_binary() {
    let mut binaries: Vec<String> = fs::read_dir(root().join("functions/src/bin"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    binaries.sort();
    let template = Template::read();
    let mut deployed: Vec<String> = template
        .functions()
        .values()
        .map(|it| text(&it["CodeUri"]).trim_start_matches("target/lambda/").trim_end_matches('/').to_owned())
        .collect();
    deployed.sort();
    assert_eq!(deployed, binaries);
}

#[test]
fn a_function_is_named_after_its_binary() {
    for (id, function) in Template::read().functions() {
        assert_eq!(function["CodeUri"], format!("target/lambda/{}/", binary(id)));
    }
}

#[test]
fn every_function_has_a_sample_and_every_folder_of_samples_a_function() {
    let folders: BTreeSet<String> =
        samples().into_iter().filter(|(_, it)| !it.is_empty()).map(|(name, _)| name).collect();
    let mut expected: BTreeSet<String> =
        Template::read().functions().keys().map(|id| binary(id).replace('_', "-")).collect();
    expected.insert("mqtt".to_owned());
    assert_eq!(folders, expected);
}

#[test]
fn a_sample_comes_from_where_its_function_is_triggered() {
    let template = Template::read();
    for trigger in template.triggers() {
        let samples = samples_of(&binary(&trigger.function));
        let (service, source) = match trigger.kind.as_str() {
            "SQS" => ("aws:sqs", target(&trigger.properties["Queue"])),
            "DynamoDB" => ("aws:dynamodb", target(&trigger.properties["Stream"])),
            "Schedule" => {
                assert!(samples.iter().all(|it| it.event["source"] == "aws.events"), "{}", trigger.function);
                continue;
            }
            other => panic!("a trigger of a new kind: {other}"),
        };
        let records = || samples.iter().flat_map(|it| it.event["Records"].as_array().unwrap());
        assert!(records().all(|it| it["eventSource"] == service), "{}", trigger.function);
        assert!(
            records().any(|it| text(&it["eventSourceARN"]).contains(&format!("-{source}-"))),
            "{} has no sample from {source}",
            trigger.function
        );
    }
}

#[test]
fn a_queued_sample_carries_what_a_rule_selects() {
    let template = Template::read();
    for trigger in template.triggers().iter().filter(|it| it.kind == "SQS") {
        let queue = target(&trigger.properties["Queue"]);
        let selected: Vec<BTreeSet<String>> = template
            .all("AWS::IoT::TopicRule")
            .into_values()
            .map(|it| &it["TopicRulePayload"])
            .filter(|it| target(&it["Actions"][0]["Sqs"]["QueueUrl"]) == queue)
            .map(|it| aliases(text(&it["Sql"])))
            .collect();
        for sample in samples_of(&binary(&trigger.function)) {
            for record in sample.event["Records"].as_array().unwrap() {
                let body: Value = serde_json::from_str(text(&record["body"])).unwrap();
                let fields = body.as_object().unwrap().keys().cloned().collect();
                assert!(selected.contains(&fields), "{}: {fields:?} is not one of {selected:?}", sample.name);
            }
        }
    }
}

/// The names a rule's SQL gives to what it selects.
fn aliases(sql: &str) -> BTreeSet<String> {
    let selected = sql.split(" FROM ").next().unwrap();
    selected.split(" AS ").skip(1).map(|it| it.split(',').next().unwrap().to_owned()).collect()
}

#[test]
fn a_stream_sample_passes_the_filter_of_its_trigger() {
    let template = Template::read();
    for (function, _) in template.functions() {
        let triggers: Vec<_> =
            template.triggers().into_iter().filter(|it| it.function == function && it.kind == "DynamoDB").collect();
        if triggers.is_empty() {
            continue;
        }
        for sample in samples_of(&binary(function)) {
            for record in sample.event["Records"].as_array().unwrap() {
                let passes = triggers.iter().any(|trigger| {
                    let table = target(&trigger.properties["Stream"]);
                    let filters = trigger.properties["FilterCriteria"]["Filters"].as_array().unwrap();
                    text(&record["eventSourceARN"]).contains(&format!("-{table}-"))
                        && filters.iter().any(|it| {
                            let pattern = serde_json::from_str(text(&it["Pattern"])).unwrap();
                            matches(&pattern, record)
                        })
                });
                assert!(passes, "{} would never arrive", sample.name);
            }
        }
    }
}

/// Whether a record passes a filter pattern, as far as the template uses patterns.
fn matches(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(name, pattern)| matches(pattern, &value[name])),
        Value::Array(choices) => choices.iter().any(|choice| match choice {
            Value::Object(test) => test.iter().all(|(test, wanted)| match test.as_str() {
                "prefix" => value.as_str().is_some_and(|it| it.starts_with(text(wanted))),
                "exists" => wanted.as_bool() == Some(!value.is_null()),
                other => panic!("a test of a new kind: {other}"),
            }),
            literal => literal == value,
        }),
        other => panic!("not a pattern: {other}"),
    }
}

#[test]
fn every_function_keeps_its_log_for_thirty_days_in_a_group_of_its_own() {
    let template = Template::read();
    let mut groups = BTreeSet::new();
    for (id, function) in template.functions() {
        let group = target(&function["LoggingConfig"]["LogGroup"]);
        assert!(groups.insert(group.to_owned()), "{id} shares {group}");
        assert_eq!(template.get(group)["RetentionInDays"], 30, "{id}");
    }
}

#[test]
fn every_function_is_watched_for_errors() {
    let template = Template::read();
    let alarms = template.all("AWS::CloudWatch::Alarm");
    for id in template.functions().keys() {
        let watched = alarms.values().any(|it| {
            it["MetricName"] == "Errors"
                && target(&it["Dimensions"][0]["Value"]) == *id
                && target(&it["AlarmActions"][0]) == "AlarmTopic"
        });
        assert!(watched, "{id}");
    }
}

#[test]
fn every_stream_that_is_behind_raises_an_alarm() {
    let template = Template::read();
    let alarms = template.all("AWS::CloudWatch::Alarm");
    for trigger in template.triggers().iter().filter(|it| it.kind == "DynamoDB") {
        let watched = alarms
            .values()
            .any(|it| it["MetricName"] == "IteratorAge" && target(&it["Dimensions"][0]["Value"]) == trigger.function);
        assert!(watched, "{}", trigger.function);
    }
}

#[test]
fn every_function_is_built_by_its_own_target_of_the_makefile() {
    let template = yaml("template.yaml");
    for id in Template::read().functions().keys() {
        let metadata = &template["Resources"][id]["Metadata"];
        assert_eq!(metadata["BuildMethod"], "makefile", "{id}");
        assert_eq!(metadata["ContextPath"], ".", "{id}");
    }
}

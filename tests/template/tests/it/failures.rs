//! Nothing that fails is lost, and nothing fails unseen.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::template::{Template, target, text, texts};

const FOURTEEN_DAYS_S: u64 = 14 * 24 * 60 * 60;

/// The queue a failed event of this trigger ends in.
fn failure_queue<'a>(template: &'a Template, trigger: &'a crate::template::Trigger) -> &'a Value {
    match trigger.kind.as_str() {
        "SQS" => &template.get(target(&trigger.properties["Queue"]))["RedrivePolicy"]["deadLetterTargetArn"],
        "DynamoDB" => &trigger.properties["DestinationConfig"]["OnFailure"]["Destination"],
        "Schedule" => {
            &template.get(&trigger.function)["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
        }
        other => panic!("a trigger of a new kind: {other}"),
    }
}

#[test]
fn what_a_function_cannot_handle_is_kept_for_fourteen_days_and_raises_an_alarm() {
    let template = Template::read();
    for trigger in template.triggers() {
        let queue = failure_queue(&template, &trigger);
        assert!(!queue.is_null(), "{} by {} has no failure destination", trigger.function, trigger.kind);
        assert_is_kept_and_watched(&template, target(queue));
    }
}

#[test]
fn what_a_rule_cannot_pass_on_is_kept_for_fourteen_days_and_raises_an_alarm() {
    let template = Template::read();
    for (id, rule) in template.all("AWS::IoT::TopicRule") {
        let queue = &rule["TopicRulePayload"]["ErrorAction"]["Sqs"]["QueueUrl"];
        assert!(!queue.is_null(), "{id} has no error action");
        assert_is_kept_and_watched(&template, target(queue));
    }
}

fn assert_is_kept_and_watched(template: &Template, queue: &str) {
    assert_eq!(template.get(queue)["MessageRetentionPeriod"], FOURTEEN_DAYS_S, "{queue}");
    let alarms = template.all("AWS::CloudWatch::Alarm");
    let watched = alarms.values().any(|it| {
        it["MetricName"] == "ApproximateNumberOfMessagesVisible"
            && target(&it["Dimensions"][0]["Value"]) == queue
            && it["Threshold"] == 0
            && it["ComparisonOperator"] == "GreaterThanThreshold"
    });
    assert!(watched, "{queue} fills unseen");
}

#[test]
fn whoever_sends_to_a_failure_destination_may() {
    let template = Template::read();
    for trigger in template.triggers().iter().filter(|it| it.kind != "SQS") {
        let queue = target(failure_queue(&template, trigger));
        let may = template.statements(&trigger.function).into_iter().any(|it| {
            texts(&it["Action"]).contains(&"sqs:SendMessage") && it["Resource"]["Fn::GetAtt"] == format!("{queue}.Arn")
        });
        assert!(may, "{} may not send to {queue}", trigger.function);
    }
}

#[test]
fn a_rule_may_send_to_each_of_its_queues() {
    let template = Template::read();
    for (id, rule) in template.all("AWS::IoT::TopicRule") {
        let payload = &rule["TopicRulePayload"];
        for action in [&payload["Actions"][0]["Sqs"], &payload["ErrorAction"]["Sqs"]] {
            let role = template.get(target(&action["RoleArn"]));
            let allowed: BTreeSet<&str> = crate::template::statements(&role["Policies"][0]["PolicyDocument"])
                .into_iter()
                .flat_map(|it| it["Resource"].as_array().unwrap())
                .map(target)
                .collect();
            let queue = target(&action["QueueUrl"]);
            assert!(allowed.contains(queue), "{id} may not send to {queue}");
        }
    }
}

#[test]
fn a_batch_that_fails_in_part_is_retried_in_part() {
    for trigger in Template::read().triggers().iter().filter(|it| it.kind != "Schedule") {
        let answers = texts(&trigger.properties["FunctionResponseTypes"]);
        assert_eq!(answers, ["ReportBatchItemFailures"], "{} by {}", trigger.function, trigger.kind);
    }
}

#[test]
fn a_queue_hides_a_message_for_six_times_the_function_s_time_out_and_tries_five_times() {
    let template = Template::read();
    for trigger in template.triggers().iter().filter(|it| it.kind == "SQS") {
        let queue = template.get(target(&trigger.properties["Queue"]));
        let timeout_s = template.of_function(&trigger.function, "Timeout").as_u64().unwrap();
        assert!(queue["VisibilityTimeout"].as_u64().unwrap() >= 6 * timeout_s, "{}", trigger.function);
        assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 5, "{}", trigger.function);
    }
}

#[test]
fn a_record_that_always_fails_holds_up_its_stream_for_a_bounded_time_and_alone() {
    for trigger in Template::read().triggers().iter().filter(|it| it.kind == "DynamoDB") {
        let properties = &trigger.properties;
        assert_eq!(properties["BisectBatchOnFunctionError"], true, "{}", trigger.function);
        assert!((1..=100).contains(&properties["MaximumRetryAttempts"].as_i64().unwrap()), "{}", trigger.function);
        assert!(
            (60..=86_400).contains(&properties["MaximumRecordAgeInSeconds"].as_i64().unwrap()),
            "{}",
            trigger.function
        );
        assert_eq!(properties["StartingPosition"], "TRIM_HORIZON", "{}", trigger.function);
    }
}

#[test]
fn a_table_outlives_its_stack_and_its_last_mistake() {
    let whole = crate::template::yaml("template.yaml");
    for (id, table) in Template::read().all("AWS::DynamoDB::Table") {
        let resource = &whole["Resources"][id];
        assert!(text(&resource["DeletionPolicy"]).starts_with("Retain"), "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
        assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true, "{id}");
        assert_eq!(table["SSESpecification"]["SSEEnabled"], true, "{id}");
        assert_eq!(table["BillingMode"], "PAY_PER_REQUEST", "{id}");
    }
}

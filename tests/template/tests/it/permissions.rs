//! A function may do what it does, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::template::{Template, binary, statements, target, text, texts};

/// The actions for which AWS knows no resource, or one for some kinds of target only.
const WITHOUT_RESOURCE: [&str; 7] = [
    "iot:AttachPolicy",
    "iot:AttachThingPrincipal",
    "iot:CreateKeysAndCertificate",
    "iot:DetachPolicy",
    "iot:DetachThingPrincipal",
    "sns:CreatePlatformEndpoint",
    "sns:SetEndpointAttributes",
];

fn resources(statement: &Value) -> Vec<&Value> {
    match &statement["Resource"] {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    }
}

/// Every statement of every role and managed policy, with the name of what it belongs to.
fn all_statements(template: &Template) -> Vec<(&str, &Value)> {
    let roles = template.all("AWS::IAM::Role").into_iter().flat_map(|(id, role)| {
        let policies = role["Policies"].as_array().unwrap();
        policies.iter().flat_map(move |it| statements(&it["PolicyDocument"]).into_iter().map(move |it| (id, it)))
    });
    let managed = template
        .all("AWS::IAM::ManagedPolicy")
        .into_iter()
        .flat_map(|(id, policy)| statements(&policy["PolicyDocument"]).into_iter().map(move |it| (id, it)));
    roles.chain(managed).collect()
}

#[test]
fn every_function_has_a_role_of_its_own_that_sam_adds_nothing_to() {
    let template = Template::read();
    let mut roles = BTreeSet::new();
    for (id, function) in template.functions() {
        assert!(roles.insert(target(&function["Role"])), "{id} shares its role");
        assert!(
            function.get("Policies").is_none()
                && template.get(target(&function["Role"])).get("ManagedPolicyArns").is_none(),
            "{id}"
        );
    }
}

#[test]
fn no_statement_allows_a_family_of_actions() {
    let template = Template::read();
    for (owner, statement) in all_statements(&template) {
        assert_eq!(statement["Effect"], "Allow", "{owner}");
        assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "{owner}");
        for action in texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{owner}: {action}");
        }
    }
}

#[test]
fn no_statement_reaches_everything_except_where_aws_knows_no_resource() {
    let template = Template::read();
    for (owner, statement) in all_statements(&template) {
        if resources(statement).iter().all(|it| **it != "*") {
            continue;
        }
        for action in texts(&statement["Action"]) {
            assert!(WITHOUT_RESOURCE.contains(&action), "{owner} may {action} everything");
        }
    }
}

#[test]
fn a_table_or_an_index_is_named_whole() {
    let template = Template::read();
    let tables = template.all("AWS::DynamoDB::Table");
    for (owner, statement) in all_statements(&template) {
        if !texts(&statement["Action"]).iter().any(|it| it.starts_with("dynamodb:")) {
            continue;
        }
        for resource in resources(statement) {
            let named = match resource.get("Fn::Sub") {
                // ListStreams is asked of all streams of a table: their names are times.
                Some(pattern) => tables.iter().any(|(id, table)| {
                    let indexes = table["GlobalSecondaryIndexes"].as_array().into_iter().flatten();
                    let mut names = indexes.map(|it| format!("${{{id}.Arn}}/index/{}", text(&it["IndexName"])));
                    names.any(|it| *pattern == it)
                        || (*pattern == format!("${{{id}.Arn}}/stream/*")
                            && texts(&statement["Action"]) == ["dynamodb:ListStreams"])
                }),
                None => tables.contains_key(target(resource)),
            };
            assert!(named, "{owner}: {resource}");
        }
    }
}

#[test]
fn a_topic_is_reached_only_by_the_prefix_of_this_stack_and_its_kind() {
    let template = Template::read();
    for (owner, statement) in all_statements(&template) {
        let actions = texts(&statement["Action"]);
        if !actions.iter().any(|it| it.starts_with("sns:") && !WITHOUT_RESOURCE.contains(it)) {
            continue;
        }
        for resource in resources(statement) {
            let topic = text(&resource["Fn::Sub"]).split_once("${AWS::AccountId}:").unwrap().1;
            assert!(["${AWS::StackName}-person-*", "${AWS::StackName}-team-*"].contains(&topic), "{owner}: {resource}");
        }
    }
}

#[test]
fn contact_data_is_in_reach_of_the_register_and_of_those_who_send_only() {
    let template = Template::read();
    let mut readers = BTreeMap::new();
    for id in template.functions().into_keys() {
        for statement in template.statements(id) {
            if resources(statement).iter().any(|it| it["Fn::GetAtt"] == "PeopleTable.Arn") {
                readers.insert(binary(id), texts(&statement["Action"]).contains(&"dynamodb:PutItem"));
            }
        }
    }
    let expected = [("notification_fan_out", false), ("registry", true), ("sweeps", false)];
    assert_eq!(readers, expected.map(|(name, writes)| (name.to_owned(), writes)).into());
}

#[test]
fn nothing_is_ever_deleted_or_updated_in_place() {
    let template = Template::read();
    for (owner, statement) in all_statements(&template) {
        for action in texts(&statement["Action"]) {
            assert!(
                !["dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"].contains(&action),
                "{owner}: {action}"
            );
        }
    }
}

#[test]
fn a_function_reads_only_the_queue_or_stream_it_is_triggered_by() {
    let template = Template::read();
    for id in template.functions().into_keys() {
        let triggers = template.triggers();
        let expected: BTreeSet<String> = triggers
            .iter()
            .filter(|it| it.function == id)
            .filter_map(|it| match it.kind.as_str() {
                "SQS" => Some(text(&it.properties["Queue"]["Fn::GetAtt"]).to_owned()),
                "DynamoDB" => Some(text(&it.properties["Stream"]["Fn::GetAtt"]).to_owned()),
                _ => None,
            })
            .collect();
        let allowed: BTreeSet<String> = template
            .statements(id)
            .into_iter()
            .filter(|it| {
                texts(&it["Action"]).iter().any(|it| ["sqs:ReceiveMessage", "dynamodb:GetRecords"].contains(it))
            })
            .flat_map(resources)
            .map(|it| text(&it["Fn::GetAtt"]).to_owned())
            .collect();
        assert_eq!(allowed, expected, "{id}");
    }
}

#[test]
fn only_this_api_may_call_a_function_behind_a_route() {
    let template = Template::read();
    let permissions = template.all("AWS::Lambda::Permission");
    let permitted: BTreeSet<&str> = permissions
        .values()
        .map(|it| {
            assert!(text(&it["SourceArn"]["Fn::Sub"]).contains("${AWS::AccountId}:${HttpApi}/"), "{it}");
            target(&it["FunctionName"])
        })
        .collect();
    let routed = template.routes();
    assert_eq!(permitted, routed.iter().map(|it| it.function.as_str()).collect());
}

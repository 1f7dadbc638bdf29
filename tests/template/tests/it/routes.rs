//! The HTTP API is what openapi.yaml says it is.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::fault::FaultCode;
use serde_json::{Value, json};

use crate::samples::samples_of;
use crate::template::{Route, Template, binary, read, snake_case, text, texts, yaml};

/// How a form sends what was filled in.
const FORM: &str = "application/x-www-form-urlencoded";

/// What openapi.yaml says of one route.
struct Operation {
    key: String,
    value: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, value) in methods.as_object().unwrap().iter().filter(|(name, _)| *name != "parameters") {
            operations.push(Operation { key: format!("{} {path}", method.to_uppercase()), value: value.clone() });
        }
    }
    operations
}

/// How the gateway checks a caller: the kind, and the scopes that will do.
fn security(operation: &Operation) -> (&'static str, Vec<String>) {
    let choices =
        operation.value["security"].as_array().unwrap_or_else(|| panic!("{} names no security", operation.key));
    match choices.as_slice() {
        [] => ("NONE", Vec::new()),
        [choice] if choice.get("sigv4").is_some() => ("AWS_IAM", Vec::new()),
        [choice] => ("JWT", texts(&choice["token"]).into_iter().map(str::to_owned).collect()),
        other => panic!("{}: {other:?}", operation.key),
    }
}

#[test]
fn every_route_of_the_template_is_published_with_its_security_and_no_other_is() {
    let document = yaml("openapi.yaml");
    let published: BTreeMap<String, (String, Vec<String>)> = operations(&document)
        .into_iter()
        .map(|it| {
            let (kind, scopes) = security(&it);
            (it.key, (kind.to_owned(), scopes))
        })
        .collect();
    let deployed: BTreeMap<String, (String, Vec<String>)> =
        Template::read().routes().into_iter().map(|it| (it.key, (it.authorization, it.scopes))).collect();
    assert_eq!(deployed, published);
}

#[test]
fn a_route_with_a_token_asks_for_a_scope() {
    for Route { key, authorization, scopes, .. } in Template::read().routes() {
        assert_eq!(authorization == "JWT", !scopes.is_empty(), "{key}");
    }
}

#[test]
fn only_routes_by_a_signed_link_and_what_is_public_are_open_to_all_and_those_are_slowed_down() {
    let template = Template::read();
    let limits = template.get("HttpStage")["RouteSettings"].as_object().unwrap();
    let open: BTreeSet<String> =
        template.routes().into_iter().filter(|it| it.authorization == "NONE").map(|it| it.key).collect();
    let may_be_open = |it: &String| it.ends_with("/{token}") || it.starts_with("GET /public/");
    assert!(open.iter().all(may_be_open), "{open:?}");
    assert_eq!(limits.keys().cloned().collect::<BTreeSet<_>>(), open);
}

#[test]
fn an_order_system_may_call_exactly_the_routes_signed_by_aws_keys() {
    let template = Template::read();
    let policy = &template.get("OrderSystemPolicy")["PolicyDocument"]["Statement"][0];
    let allowed: BTreeSet<String> = policy["Resource"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(&it["Fn::Sub"]).split("${HttpApi}/$default/").nth(1).unwrap().to_owned())
        .collect();
    let routes: BTreeSet<String> = template
        .routes()
        .into_iter()
        .filter(|it| it.authorization == "AWS_IAM")
        .map(|it| {
            let parts = it.key.replacen(' ', "", 1);
            parts.split('/').map(|part| if part.starts_with('{') { "*" } else { part }).collect::<Vec<_>>().join("/")
        })
        .collect();
    assert_eq!(allowed, routes);
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_how_it_fails() {
    let document = yaml("openapi.yaml");
    let mut names = BTreeSet::new();
    for operation in operations(&document) {
        assert!(names.insert(text(&operation.value["operationId"]).to_owned()), "{}", operation.key);
        let mut expected = vec!["400", "429", "503"];
        match security(&operation).0 {
            "JWT" => expected.extend(["401", "403"]),
            "AWS_IAM" => expected.push("403"),
            _ => {}
        }
        if operation.value.get("requestBody").is_some() {
            expected.extend(["413", "415"]);
        }
        for status in expected {
            assert!(operation.value["responses"].get(status).is_some(), "{} does not say {status}", operation.key);
        }
    }
}

/// A schema of the document that can be used by itself: what it refers to comes with it.
fn schema(document: &Value, schema: &Value) -> jsonschema::Validator {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{error}"))
}

fn body_schema(operation: &Operation) -> Option<&Value> {
    let body = operation.value.get("requestBody")?;
    Some(&body["content"]["application/json"]["schema"])
}

#[test]
fn a_request_with_an_unknown_field_is_not_of_the_published_form() {
    let document = yaml("openapi.yaml");
    for operation in operations(&document) {
        if let Some(body) = body_schema(&operation) {
            assert!(!schema(&document, body).is_valid(&json!({ "no_such_field": 1 })), "{}", operation.key);
            assert_is_closed(&document, body, &operation.key);
        }
    }
}

/// Every object of a request, however deep, refuses fields it does not name.
fn assert_is_closed(document: &Value, schema: &Value, place: &str) {
    match schema {
        Value::Object(fields) => {
            if let Some(reference) = schema.get("$ref") {
                let name = text(reference).trim_start_matches("#/components/schemas/");
                return assert_is_closed(document, &document["components"]["schemas"][name], name);
            }
            assert!(schema["type"] != "object" || schema["additionalProperties"] == false, "{place} is open");
            for (name, inner) in fields.iter().filter(|(name, _)| *name != "required") {
                assert_is_closed(document, inner, &format!("{place}.{name}"));
            }
        }
        Value::Array(items) => items.iter().for_each(|it| assert_is_closed(document, it, place)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_route_has_a_sample_and_every_sample_of_a_request_is_of_the_published_form() {
    let document = yaml("openapi.yaml");
    let operations = operations(&document);
    let routes = Template::read().routes();
    let functions: BTreeSet<&str> = routes.iter().map(|it| it.function.as_str()).collect();
    let mut seen = BTreeSet::new();
    for function in functions {
        for sample in samples_of(&binary(function)) {
            let (name, event) = (&sample.name, &sample.event);
            let key = text(&event["routeKey"]);
            let route = routes.iter().find(|it| it.key == key).unwrap_or_else(|| panic!("{name}: no route {key}"));
            assert_eq!(route.function, function, "{name}");
            assert_authorised(name, route, event);
            assert_eq!(event["rawPath"], filled(key, &event["pathParameters"]), "{name}");
            let operation = operations.iter().find(|it| it.key == key).unwrap();
            match (body_schema(operation), event.get("body")) {
                (Some(_), Some(body)) if event["headers"]["content-type"] == FORM => {
                    let published = &operation.value["requestBody"]["content"][FORM]["schema"];
                    assert_eq!(
                        event["isBase64Encoded"], true,
                        "{name}: the gateway encodes what is neither text nor JSON"
                    );
                    let body = String::from_utf8(BASE64_STANDARD.decode(text(body)).unwrap()).unwrap();
                    let fields = body.split('&').map(|it| it.split_once('=').unwrap());
                    let body: Value = fields.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
                    assert!(schema(&document, published).is_valid(&body), "{name}: {body}");
                }
                (Some(published), Some(body)) => {
                    let body: Value = serde_json::from_str(text(body)).unwrap();
                    let wrong: Vec<String> =
                        schema(&document, published).iter_errors(&body).map(|it| it.to_string()).collect();
                    assert!(wrong.is_empty(), "{name}: {wrong:?}");
                }
                (None, None) => {}
                (published, body) => panic!("{name}: published {published:?}, sent {body:?}"),
            }
            seen.insert(key.to_owned());
        }
    }
    assert_eq!(seen, routes.iter().map(|it| it.key.clone()).collect());
}

fn assert_authorised(name: &str, route: &Route, event: &Value) {
    let authorizer = &event["requestContext"]["authorizer"];
    match route.authorization.as_str() {
        "JWT" => {
            let claims = authorizer["jwt"]["claims"].as_object().unwrap();
            assert!(claims.values().all(Value::is_string), "{name}: the gateway makes every claim a text");
            let scopes: Vec<&str> = text(&claims["scope"]).split(' ').collect();
            assert!(route.scopes.iter().any(|it| scopes.contains(&it.as_str())), "{name}");
        }
        "AWS_IAM" => assert!(authorizer["iam"]["userArn"].is_string(), "{name}"),
        _ => assert!(authorizer.is_null(), "{name}"),
    }
}

/// The path of a route with its parameters filled in.
fn filled(key: &str, parameters: &Value) -> String {
    let path = key.split(' ').nth(1).unwrap();
    let fill = |part: &str| match part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
        Some(name) => text(&parameters[name]).to_owned(),
        None => part.to_owned(),
    };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

#[test]
fn every_refusal_of_the_rules_has_its_published_reason() {
    let document = yaml("openapi.yaml");
    let published: BTreeSet<&str> = texts(&document["components"]["schemas"]["Reason"]["enum"]).into_iter().collect();
    let source = read("shared/domain/src/refusal.rs");
    let mut lines = source.lines().map(str::trim);
    let mut reasons = 0;
    while let Some(line) = lines.next() {
        if line.starts_with("#[error(") {
            let variant = lines.next().unwrap().split([',', ' ', '(', '{']).next().unwrap();
            assert!(published.contains(snake_case(variant).as_str()), "{variant}");
            reasons += 1;
        }
    }
    assert!(reasons > 20, "the rules' refusals are not where this test looks");
}

#[test]
fn the_published_fault_codes_are_those_of_the_rules() {
    let document = yaml("openapi.yaml");
    let published = texts(&document["components"]["schemas"]["FaultCode"]["enum"]);
    assert_eq!(published, FaultCode::ALL.map(FaultCode::as_str));
}

#[test]
fn no_text_of_a_document_is_cut_at_a_comma() {
    fn assert_no_null(place: &str, value: &Value) {
        match value {
            // In `{description: one, two}` the second word becomes a field without a value.
            Value::Null => panic!("{place} has no value"),
            Value::Object(fields) => {
                fields.iter().for_each(|(name, it)| assert_no_null(&format!("{place}.{name}"), it))
            }
            Value::Array(items) => items.iter().for_each(|it| assert_no_null(place, it)),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    for document in ["template.yaml", "openapi.yaml", "asyncapi.yaml"] {
        assert_no_null(document, &yaml(document));
    }
}

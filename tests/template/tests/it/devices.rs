//! What devices say is what asyncapi.yaml says they do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::fault::FaultCode;
use serde_json::Value;

use crate::samples::{samples, samples_of};
use crate::template::{Template, text, yaml};

/// What a device publishes.
const FROM_DEVICES: [&str; 4] = ["faults", "event", "heartbeat", "reported"];

fn sql(rule: &Value) -> &str {
    text(&rule["TopicRulePayload"]["Sql"])
}

#[test]
fn every_rule_listens_to_a_published_channel() {
    let document = yaml("asyncapi.yaml");
    let addresses: Vec<String> = document["channels"]
        .as_object()
        .unwrap()
        .values()
        .map(|it| {
            let part = |part: &str| if part.starts_with('{') { "+".to_owned() } else { part.to_owned() };
            text(&it["address"]).split('/').map(part).collect::<Vec<_>>().join("/")
        })
        .collect();
    for (id, rule) in Template::read().all("AWS::IoT::TopicRule") {
        let filter = sql(rule).split(" FROM ").nth(1).unwrap().trim_matches('\'');
        assert!(addresses.iter().any(|it| it == filter), "{id}: {filter} is not one of {addresses:?}");
    }
}

#[test]
fn a_message_that_is_not_json_reaches_its_function_too() {
    for (id, rule) in Template::read().all("AWS::IoT::TopicRule") {
        assert!(sql(rule).starts_with("SELECT encode(*, 'base64') AS payload, topic("), "{id}");
    }
}

#[test]
fn a_locker_speaks_for_itself_and_hears_of_itself_only() {
    let template = Template::read();
    let policy = &template.get("DevicePolicy")["PolicyDocument"]["Statement"];
    for statement in policy.as_array().unwrap() {
        let resources = match &statement["Resource"] {
            Value::Array(all) => all.iter().collect(),
            one => vec![one],
        };
        for resource in resources {
            assert!(text(&resource["Fn::Sub"]).contains("/${!iot:Connection.Thing.ThingName}"), "{resource}");
        }
    }
}

fn message(document: &Value, name: &str) -> jsonschema::Validator {
    let mut schema = document["components"]["messages"][name]["payload"].clone();
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn a_device_s_sample_is_of_exactly_one_published_form() {
    let document = yaml("asyncapi.yaml");
    let forms = FROM_DEVICES.map(|name| (name, message(&document, name)));
    let samples = samples().remove("mqtt").unwrap();
    let mut seen = Vec::new();
    for sample in &samples {
        let fitting: Vec<&str> =
            forms.iter().filter(|(_, it)| it.is_valid(&sample.event)).map(|(name, _)| *name).collect();
        assert_eq!(fitting.len(), 1, "{} is of {fitting:?}", sample.name);
        seen.extend(fitting);
    }
    for name in FROM_DEVICES {
        assert!(seen.contains(&name), "no sample of {name}");
    }
}

#[test]
fn what_a_device_must_not_say_is_not_of_the_published_form() {
    let document = yaml("asyncapi.yaml");
    let faults = message(&document, "faults");
    let good = samples().remove("mqtt").unwrap().into_iter().find(|it| it.name == "mqtt/lock-jammed").unwrap().event;
    assert!(faults.is_valid(&good));
    let spoil: [fn(&mut Value); 8] = [
        |it| it["version"] = 2.into(),
        |it| it["message_id"] = "a#b".into(),
        |it| it["sequence"] = (-1).into(),
        |it| it["faults"] = Value::Array(Vec::new()),
        |it| drop(it.as_object_mut().unwrap().remove("faults")),
        |it| it["faults"][0]["unit"] = "1000".into(),
        |it| it["faults"][0]["text"] = "x".repeat(257).into(),
        |it| it["another_field"] = 1.into(),
    ];
    for (index, spoil) in spoil.iter().enumerate() {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(!faults.is_valid(&bad), "{index}: {bad}");
    }
}

#[test]
fn the_broker_s_samples_are_of_the_published_form() {
    let document = yaml("asyncapi.yaml");
    let payload = |record: &Value| -> Value {
        let body: Value = serde_json::from_str(text(&record["body"])).unwrap();
        serde_json::from_slice(&STANDARD.decode(text(&body["payload"])).unwrap()).unwrap()
    };
    let presence = message(&document, "presence");
    for sample in samples_of("presence") {
        assert!(presence.is_valid(&payload(&sample.event["Records"][0])), "{}", sample.name);
    }
    let accepted = message(&document, "accepted");
    let shadows: Vec<_> = samples_of("parcel_events").into_iter().filter(|it| it.name.contains("shadow")).collect();
    assert!(!shadows.is_empty());
    for sample in shadows {
        assert!(accepted.is_valid(&payload(&sample.event["Records"][0])), "{}", sample.name);
    }
}

#[test]
fn every_fault_code_is_told_to_the_makers_of_devices() {
    let document = yaml("asyncapi.yaml");
    let told = text(&document["components"]["schemas"]["FaultCode"]["description"]);
    for code in FaultCode::ALL {
        assert!(told.contains(code.as_str()), "{code}");
    }
}

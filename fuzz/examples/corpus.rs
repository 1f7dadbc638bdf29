//! Writes what every target begins from, under `corpus/<target>/`, from the samples under `events/`: the same files
//! each time. Inputs that the fuzzer has found stay.

use std::fs;
use std::io;
use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::notice::LinkPurpose;
use fuzz::network::signer;
use fuzz::scene::Scene;
use fuzz::{BEGIN_SECOND, at, devices, requests, samples, typed_json};
use serde_json::{Value, json};

/// Lines of `locker_session`, and the scene they are played in: an incident from its report to its proof, an order
/// from its placement to its feedback, a locker that goes and comes back, choices.
const SESSIONS: [(&str, Scene, &str); 4] = [
    (
        "incident",
        Scene::Placed,
        "fault m-1 7 lock_jammed\nstep mz-03.1 start\nstep mz-03.1 report-repaired\nopen m-2 mz-03.1 1 7 true\n\
         open m-3 mz-03.1 1 7 false\nstep mz-03.1 report-repaired\nopen m-4 mz-03.1 2 7 true\n\
         open m-5 mz-03.1 2 7 true\nopen m-6 mz-03.1 2 7 true\nsweep",
    ),
    ("order", Scene::Placed, "deposit m-1\ncollect m-2\nrate 1\norder k-1 ben M\norder k-2 cleo XL\nwait 3600\nsweep"),
    (
        "offline",
        Scene::Deposited,
        "connect s-1\ndisconnect s-1\nwait 200\nsweep\nfault m-1 locker power_loss\nconnect s-2\nsweep",
    ),
    ("choices", Scene::Placed, "fault m-1 locker tamper\nchoose mz-04\nchoose home\ncancel\nfault m-2 9 vendor_other"),
];

/// Texts that are read somewhere, besides those of the samples.
const TEXTS: [&str; 8] = [
    "locker",
    "999",
    "XS",
    "LOCKER#mz-03 STATE",
    "LOCKER#mz-03 COMPARTMENT#007",
    "LOCKER#mz-03 WORK_ORDER",
    r#"{"latitude_e6":50001300,"longitude_e6":8258800}"#,
    r#"{"length_mm":300,"width_mm":200,"height_mm":150}"#,
];

fn main() -> io::Result<()> {
    let samples = Samples::read();
    samples.messages()?;
    samples.batches()?;
    requests_of_samples()?;
    tokens()?;
    stored_items(&samples)?;
    for (name, scene, lines) in SESSIONS {
        write("locker_session", name, &[&[scene.byte()], lines.as_bytes()])?;
    }
    broken_once()
}

/// Inputs that have broken a promise once: what looks harmless, and was not.
fn broken_once() -> io::Result<()> {
    let placed = Scene::Placed.byte();
    let sample = |route: &str| {
        let position = samples::requests().iter().position(|(_, event)| event["routeKey"] == route);
        position.and_then(|position| u8::try_from(position).ok()).expect("every route has a sample")
    };

    // A device that names its messages as the network names its own steps, or so that only the end differs.
    let sessions = [
        ("name-of-the-call", Scene::Placed, "fault team-told-1-1 7 lock_jammed"),
        ("name-of-a-reroute", Scene::Placed, "deposit displaced-7-1-2-mz-03\nfault m-2 7 lock_jammed"),
        (
            "name-of-an-outage",
            Scene::Placed,
            "connect s-1\nfault offline-s-1 1 display_fault\ndisconnect s-1\nwait 200\nsweep",
        ),
        (
            "names-that-differ-at-the-end",
            Scene::Repaired,
            "open a-name-of-sixty-four-characters-whose-last-ones-alone-tell-it-01 mz-03.2 1 7 false\n\
             step mz-03.2 report-repaired\n\
             open a-name-of-sixty-four-characters-whose-last-ones-alone-tell-it-02 mz-03.2 2 7 false",
        ),
    ];
    for (name, scene, lines) in sessions {
        write("locker_session", name, &[&[scene.byte()], lines.as_bytes()])?;
    }
    // A repair that fails again and again, with all of its parts each time: an item has an end.
    let rounds: String =
        (1..10).map(|round| format!("repaired mz-03.1 1200\nopen m-{round} mz-03.1 {round} 7 false\n")).collect();
    write("locker_session", "rejected-repairs", &[&[Scene::Started.byte()], rounds.as_bytes()])?;

    // Times after which there are none.
    const LAST_MS: i64 = 253_402_207_200_000;
    let queued = |id: &str, sent_ms: i64, body: String| json!({ "messageId": id, "body": body, "attributes": { "SentTimestamp": sent_ms.to_string() } });
    let batch = json!({ "Records": [queued("q-1", LAST_MS, "no message".to_owned())] });
    write("queue_batch", "sent-at-the-end-of-time", &[&[placed, 0], batch.to_string().as_bytes()])?;
    let late_second = LAST_MS / 1_000 - BEGIN_SECOND;
    let jammed = devices::said("mz-03", "m-1", json!({ "faults": [{ "unit": "7", "code": "lock_jammed" }] }));
    let jammed = devices::from_rule("mz-03", None, jammed.to_string().as_bytes(), late_second);
    let shadow = json!({ "state": { "reported": { "closed": { "7": "nothing" } } } });
    let shadow = devices::from_rule("mz-03", Some("$aws"), shadow.to_string().as_bytes(), 0);
    let batch = json!({ "Records": [queued("q-1", 0, jammed), queued("q-2", 0, shadow)] });
    // First to the function for faults, then to the one for shadows.
    write("queue_batch", "fault-at-the-end-of-time", &[&[placed, 4], batch.to_string().as_bytes()])?;

    // What another library says of a value quotes it, and a value may look like what follows a value.
    let late = br#"{"customer_id":"anna","locker_id":"mz-03","size":"M","promised_at":"2026-09-22T14:13:20Z~"}"#;
    write("http_body", "time-with-a-tail", &[&[sample("POST /orders"), placed], late])?;
    write("read_json", "time-with-a-tail", &[br#"{"at":"2026-09-22T14:13:20Z~"}"#])?;
    let lines = b"latitude_e6=expected ~ at line 1";
    write("http_parameters", "value-like-a-message", &[&[sample("GET /lockers"), placed], lines])?;

    // Names of fields, and what is hidden behind them.
    write("http_body", "field-with-markup", &[&[sample("POST /orders"), placed], br#"{"<b>":1}"#])?;
    write("read_json", "field-with-markup", &[br#"{"<b>":1}"#])?;
    write("read_json", "control-character-in-a-name", &[br#"{"\u0000":1}"#])?;
    write(
        "read_json",
        "hidden-by-the-same-name",
        &[br#"{"x":"\u0000","x":"","y":[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]],"y":1}"#],
    )?;
    let twice = br#"{"state":{"reported":{"closed":{"7":"nothing","7":"deposits"}}}}"#;
    write("shadow_document", "same-name-twice", &[&[placed], twice])?;

    // Other ways to write a number.
    for text in ["+7", "07", "mz-03.02", "mz-03.+2", "LOCKER#mz-03 COMPARTMENT#+07"] {
        write("identifier", &text.replace(['#', ' '], "-"), &[text.as_bytes()])?;
    }
    Ok(())
}

/// Writes one input, made of these parts.
fn write(target: &str, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), parts.concat())
}

/// Writes one input for every scene.
fn write_for_scenes(target: &str, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    Scene::ALL.into_iter().try_for_each(|scene| {
        let byte = [scene.byte()];
        let parts: Vec<&[u8]> = [&byte[..]].iter().chain(parts).copied().collect();
        write(target, &format!("{name}-{scene:?}").to_lowercase(), &parts)
    })
}

/// What the samples have for functions fed by queues and streams.
struct Samples {
    queues: Vec<(&'static str, u8, String, Value)>,
    streams: Vec<(String, Value)>,
}

impl Samples {
    fn read() -> Self {
        // In the order in which an input's byte chooses the function.
        let folders = ["fault-intake", "parcel-events", "presence", "heartbeat-intake"];
        let queues = folders.into_iter().zip(0..).flat_map(|(folder, function)| {
            samples::of(folder).into_iter().map(move |(name, event)| (folder, function, name, event))
        });
        let streams = samples::STREAM_FOLDERS.into_iter().flat_map(|folder| {
            samples::of(folder).into_iter().map(move |(name, event)| (format!("{folder}-{name}"), event))
        });
        Self { queues: queues.collect(), streams: streams.collect() }
    }

    /// Payloads and bodies, message by message.
    fn messages(&self) -> io::Result<()> {
        for (folder, function, name, event) in &self.queues {
            for (position, record) in event["Records"].as_array().into_iter().flatten().enumerate() {
                let name = format!("{name}-{position}");
                let body = record["body"].as_str().expect("a message has a body");
                write_for_queue("queue_body", *function, &format!("{folder}-{name}"), body.as_bytes())?;
                let rule: Value = serde_json::from_str(body).expect("an IoT rule writes JSON");
                let payload = rule["payload"].as_str().expect("an IoT rule writes a payload");
                let payload = BASE64_STANDARD.decode(payload).expect("an IoT rule writes base64");
                let target = match (*folder, rule["kind"].is_string()) {
                    ("fault-intake", _) => "fault_message",
                    ("presence", _) => "presence_event",
                    ("heartbeat-intake", _) => "heartbeat_message",
                    (_, true) => "shadow_document",
                    (_, false) => "door_message",
                };
                write_for_scenes(target, &name, &[&payload])?;
                if let Ok(document) = serde_json::from_slice::<Value>(&payload)
                    && document["state"]["desired"].is_object()
                {
                    write_for_scenes("own_shadow", &name, &[document["state"]["desired"].to_string().as_bytes()])?;
                }
                write("read_json", &name, &[&payload])?;
            }
        }
        for (name, published) in samples::of("mqtt") {
            let target = match () {
                () if published["faults"].is_array() => "fault_message",
                () if published["event"].is_object() => "door_message",
                () if published["diagnostics"].is_object() => "heartbeat_message",
                () => "shadow_document",
            };
            write_for_scenes(target, &format!("published-{name}"), &[published.to_string().as_bytes()])?;
        }
        Ok(())
    }

    /// Whole batches.
    fn batches(&self) -> io::Result<()> {
        for (folder, function, name, event) in &self.queues {
            write_for_queue("queue_batch", *function, &format!("{folder}-{name}"), event.to_string().as_bytes())?;
        }
        for (name, event) in &self.streams {
            write_for_scenes("stream_batch", name, &[event.to_string().as_bytes()])?;
        }
        // What every scene would tell if all of it had just changed.
        for scene in Scene::ALL {
            let event = scene.meet(|network| {
                let changed: Vec<_> = network.store.items().into_iter().map(|(key, _)| key).collect();
                fuzz::streams::batch_of(network, &changed)
            });
            write(
                "stream_batch",
                &format!("all-{scene:?}").to_lowercase(),
                &[&[scene.byte()], event.to_string().as_bytes()],
            )?;
        }
        Ok(())
    }
}

fn write_for_queue(target: &str, function: u8, name: &str, rest: &[u8]) -> io::Result<()> {
    write_for_scenes(target, name, &[&[function], rest])
}

/// Requests: whole events, bodies, parameters.
fn requests_of_samples() -> io::Result<()> {
    for ((name, event), index) in samples::requests().into_iter().zip(0u8..) {
        for scene in Scene::ALL {
            let input =
                |target: &str, parts: &[&[u8]]| write(target, &format!("{name}-{scene:?}").to_lowercase(), parts);
            let mut fitted = event.clone();
            scene.meet(|network| requests::fit(&mut fitted, network));
            input("http_event", &[&[scene.byte()], fitted.to_string().as_bytes()])?;
            let body = event["body"].as_str().unwrap_or_default();
            input("http_body", &[&[index, scene.byte()], body.as_bytes()])?;
            let lines = parameters(&fitted);
            input("http_parameters", &[&[index, scene.byte()], lines.as_bytes()])?;
            if !body.is_empty() {
                write("read_json", &name, &[body.as_bytes()])?;
            }
        }
        for text in event["pathParameters"].as_object().into_iter().flatten().filter_map(|(_, value)| value.as_str()) {
            write("identifier", text.get(..40).unwrap_or(text), &[text.as_bytes()])?;
        }
    }
    for (number, text) in TEXTS.iter().enumerate() {
        write("identifier", &format!("text-{number}"), &[text.as_bytes()])?;
    }
    Ok(())
}

/// The parameters of a request, as lines.
fn parameters(event: &Value) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, value: &Value| {
        if let Some(value) = value.as_str() {
            lines.push_str(&format!("{name}={value}\n"));
        }
    };
    for place in ["pathParameters", "queryStringParameters"] {
        for (name, value) in event[place].as_object().into_iter().flatten() {
            line(name, value);
        }
    }
    for name in ["content-type", "idempotency-key", "if-match"] {
        line(name, &event["headers"][name]);
    }
    let authorizer = &event["requestContext"]["authorizer"];
    line("sub", &authorizer["jwt"]["claims"]["sub"]);
    line("arn", &authorizer["iam"]["userArn"]);
    lines
}

/// Tokens: one that nobody signed, and what the target signs itself.
fn tokens() -> io::Result<()> {
    let order = || "o-1001".parse().expect("an id");
    let purposes = [
        ("choose", LinkPurpose::ChoosePlace { order: order(), place_epoch: 2 }),
        ("rate", LinkPurpose::GiveFeedback { order: order() }),
    ];
    for (name, purpose) in purposes {
        let token = signer().sign(&purpose, at(0));
        // Signed, so cut: the target holds that nothing that comes in as a token was.
        write("signed_link", &format!("{name}-cut"), &[&[0], &token.as_bytes()[..token.len() - 1]])?;
        write("signed_link", &format!("{name}-altered"), &[&[2, 10, 1], b"A"])?;
        let claims = json!({ "purpose": purpose, "expires_at": at(3_600).as_second() });
        write("signed_link", &format!("{name}-claims"), &[&[3], claims.to_string().as_bytes()])?;
    }
    for epoch in [0, 2, 200] {
        write("signed_link", &format!("epoch-{epoch}"), &[&[1, epoch], b"o-1001"])?;
    }
    Ok(())
}

/// Items as the scenes and the samples of streams have them.
fn stored_items(samples: &Samples) -> io::Result<()> {
    let mut items: Vec<(String, Value)> = Vec::new();
    for scene in Scene::ALL {
        scene.meet(|network| {
            for (position, (_, item)) in network.store.items().iter().enumerate() {
                items.extend(typed_json::write_item(item).map(|item| (format!("{scene:?}-{position}"), item)));
            }
        });
    }
    for (name, event) in &samples.streams {
        items.push((name.clone(), event["Records"][0]["dynamodb"]["NewImage"].clone()));
    }
    for (name, item) in items {
        let kind: u8 = match item["kind"]["S"].as_str().unwrap_or_default() {
            "locker" => 0,
            "compartment" => 1,
            "presence" => 2,
            "fault_record" => 3,
            "work_order" => 4,
            "team" => 6,
            "order" => 7,
            "preferences" => 8,
            "delivery" => 9,
            "feedback" => 10,
            "case" => 11,
            "person" => 12,
            _ => 13,
        };
        write("stored_item", &name.to_lowercase(), &[&[kind], item.to_string().as_bytes()])?;
    }
    Ok(())
}

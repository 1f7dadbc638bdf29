//! What the network's work takes of its store, metered on the real handlers, and what that comes to at the size of a
//! country. The tables in docs/scale.md are made by these tests and held to by them.

use std::fmt::Write as _;
use std::path::Path;

use domain::work_order::WorkOrder;
use serde_json::json;

use crate::support::GRACE;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::{Metered, Metering};

/// How many lockers a network of a country has, and the largest one known.
const NETWORKS: [(&str, u64); 2] = [("Germany-sized", 15_000), ("the largest known", 61_000)];

/// How often a locker says how it is, in seconds.
const HEARTBEAT_EVERY: u64 = 60;

/// How many lockers a regional outage darkens: a tenth of the smaller network.
const OUTAGE: usize = 1_500;

/// What one partition takes, in write units a second (DynamoDB's quota).
const PARTITION_WRITES_MAX: u64 = 1_000;

/// Seconds in a month of 30 days.
const MONTH: u64 = 30 * 24 * 3_600;

/// List prices in US dollars for a million, of us-east-1 in 2025, before any free tier: another region is another
/// constant here.
mod price {
    pub const WRITE_UNITS: f64 = 0.625;
    pub const READ_UNITS: f64 = 0.125;
    pub const IOT_MESSAGES: f64 = 1.00;
    /// A rule that fires and its one action.
    pub const IOT_RULES: f64 = 0.15 + 0.15;
    pub const QUEUE_REQUESTS: f64 = 0.40;
    pub const INVOCATIONS: f64 = 0.20;
}

/// How many messages the queues hand over at once (template.yaml).
const QUEUE_BATCH: f64 = 10.0;

/// What a million messages of devices cost until they are in a function: the broker, its rule, the queue (written, and
/// received and deleted by batches) and the function's calls. What the functions take of time is not in it.
const MESSAGE_PRICE: f64 = price::IOT_MESSAGES
    + price::IOT_RULES
    + price::QUEUE_REQUESTS * (1.0 + 2.0 / QUEUE_BATCH)
    + price::INVOCATIONS / QUEUE_BATCH;

fn store_price(metered: &Metered) -> f64 {
    (metered.writes as f64 * price::WRITE_UNITS + metered.reads * price::READ_UNITS) / 1e6
}

/// Holds a table in docs/scale.md to what was metered.
fn hold_to_document(name: &str, table: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scale.md");
    let document = std::fs::read_to_string(&path).expect("docs/scale.md");
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let from = document.find(&begin).expect("where the table begins") + begin.len();
    let to = from + document[from..].find(&end).expect("where the table ends");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{}{table}{}", &document[..from], &document[to..])).expect("docs/scale.md");
        return;
    }
    assert_eq!(&document[from..to], table, "to write it anew: UPDATE_DOCS=1 cargo test -p functions --test it scale");
}

/// Numbers as people read them: 1,234,567.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.round());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A line of a table of what was metered.
fn line(table: &mut String, what: &str, metered: &Metered) {
    let (hottest, units) = metered.hottest();
    let Metered { commits, writes, reads, .. } = metered;
    let cents = store_price(metered) * 100.0;
    writeln!(table, "| {what} | {commits} | {writes} | {reads} | `{hottest}`: {units} | {cents:.2} |").unwrap();
}

#[tokio::test]
async fn heartbeats_take_one_write_of_one_unit_and_not_each_of_them() {
    const HOURS: u64 = 3;
    let network = Network::mainz().await;
    let store = Metering::new(&network.store);
    let each = 3_600 / HEARTBEAT_EVERY;
    for number in 0..HOURS * each {
        let second = i64::try_from(number * HEARTBEAT_EVERY).unwrap();
        network.wait_until(second);
        network.deliver_over(&store, "heartbeat_intake", [heartbeat("mz-03", second, json!({}))]).await;
    }
    let metered = store.take();
    // The first heartbeat of a locker is one write more than those that follow; each is one unit and an index entry's two.
    let (sent, kept) = (HOURS * each, metered.commits);
    assert!(kept * 2 <= sent, "{kept} of {sent} heartbeats were kept");

    let hour = |units: f64| units / HOURS as f64;
    let (commits, writes, reads) = (hour(kept as f64), hour(metered.writes as f64), hour(metered.reads));
    let mut table = String::from(
        "| network | lockers | heartbeats a second | write units a second | read units a second | store, $ a month | all, $ a month |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for (name, lockers) in NETWORKS {
        let second = |an_hour: f64| an_hour * lockers as f64 / 3_600.0;
        let heartbeats = second(each as f64);
        let stored = store_price(&metered) / HOURS as f64 / 3_600.0 * lockers as f64 * MONTH as f64;
        let all = stored + heartbeats * MONTH as f64 * MESSAGE_PRICE / 1e6;
        let (writes, reads) = (second(writes).round(), second(reads).round());
        let (lockers, stored, all) = (grouped(lockers as f64), grouped(stored), grouped(all));
        writeln!(table, "| {name} | {lockers} | {heartbeats:.0} | {writes} | {reads} | {stored} | {all} |").unwrap();
    }
    let of_a_locker = format!(
        "\nAn hour of one locker: {each} heartbeats, {commits:.0} commits, {writes:.0} write units, {reads:.0} read units.\n"
    );
    hold_to_document("heartbeats", &(table + &of_a_locker));
}

#[tokio::test]
async fn a_region_of_1500_lockers_goes_dark_and_returns_and_no_partition_is_hot() {
    let network = Network::mainz().await;
    let names: Vec<String> = (0..OUTAGE).map(|number| format!("out-{number:04}")).collect();
    for (number, name) in names.iter().enumerate() {
        let body = json!({
            "locker_id": name, "name": format!("Standort {name}"), "region": "mainz",
            "compartments": [{ "number": 1, "size": "M" }, { "number": 2, "size": "L" }],
            "build": { "provider": "acme", "carrier": "telco" },
            "position": { "latitude_e6": 50_100_000 + 900 * number, "longitude_e6": 8_258_800 },
        });
        network.call(call("POST /lockers").by("op-1").json(body)).await.ok();
    }
    network.wait_until(1);
    network.deliver("presence", names.iter().map(|name| presence(name, "s-1", 0, "connected"))).await;
    network.drain().await;
    let told_before = network.notices().len();

    let mut table = String::from(
        "| what, of 1,500 lockers | commits | write units | read units | hottest partition: write units | store, US cents |\n\
         |---|---|---|---|---|---|\n",
    );
    let store = Metering::new(&network.store);
    let mut phases = Vec::new();
    let mut phase = |table: &mut String, what: &'static str, metered: Metered| {
        line(table, what, &metered);
        phases.push((what, metered));
    };

    network.wait_until(60);
    network.deliver_over(&store, "presence", names.iter().map(|name| presence(name, "s-1", 60, "disconnected"))).await;
    phase(&mut table, "the broker tells that they are gone (one minute)", store.take());

    let grace = GRACE.as_secs();
    network.wait_until(60 + grace);
    while network.sweep_over(&store).await.unwrap().due > 0 {}
    phase(&mut table, "their grace is over: each closes", store.take());

    network.drain_over(&store).await;
    for minute in 1..30 {
        network.wait_until(60 + grace + 60 * minute);
        if network.sweep_over(&store).await.unwrap().due > 0 {
            network.drain_over(&store).await;
        }
    }
    phase(&mut table, "the half hour that follows: one incident, one call", store.take());

    network.wait_until(2_400);
    network.deliver_over(&store, "presence", names.iter().map(|name| presence(name, "s-2", 2_400, "connected"))).await;
    phase(&mut table, "all are back (one minute)", store.take());

    network.drain_over(&store).await;
    for minute in 1..60 {
        network.wait_until(2_400 + 60 * minute);
        if network.sweep_over(&store).await.unwrap().due > 0 {
            network.drain_over(&store).await;
        }
    }
    phase(&mut table, "the hour that follows: the incident ends", store.take());

    // Each phase but the long ones takes a minute: what its hottest partition takes a second is a sixtieth.
    for (what, metered) in &phases {
        let (hottest, units) = metered.hottest();
        assert!(units / 60 < PARTITION_WRITES_MAX / 2, "{what}: {hottest} takes {units} units in a minute");
    }
    let work_orders = network.work_orders();
    assert!(
        work_orders.len() == OUTAGE && !work_orders.iter().any(WorkOrder::is_open),
        "all are proven by their return"
    );
    let told = network.notices().len() - told_before;
    assert!(told <= 5, "the team is told {told} times");
    writeln!(table, "\nNotices to the team: {told}.").unwrap();
    hold_to_document("outage", &table);
}

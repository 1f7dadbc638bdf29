//! A locker says how it is, every minute.
//! Trigger: the rule `HeartbeatSent` in template.yaml. Samples: events/heartbeat-intake.

use std::collections::BTreeMap;

use aws::apply::{Cause, apply_unguarded};
use aws::batch::{BatchAnswer, DeviceMessage, QueueBatch};
use aws::metric::{self, Metric};
use aws::store::Store;
use domain::heartbeat::{Diagnostics, HeartbeatOutcome, PowerSource, SentHeartbeat, judge_heartbeat, record_heartbeat};
use domain::id::EventId;
use domain::{StateKey, Timestamp};
use serde::Deserialize;

use crate::device::{self, DeviceFailure, Received};
use crate::fault_scene;

/// The longest name of a firmware, in characters.
const FIRMWARE_CHARS_MAX: usize = 64;

#[derive(Debug, Deserialize)]
struct HeartbeatMessage {
    diagnostics: Said,
}

/// What a device says of itself. What no thermometer, modem or battery of this world says is not read as a value.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    power: PowerSource,
    #[serde(default)]
    battery_percent: Option<u8>,
    #[serde(default)]
    temperature_c: Option<i16>,
    #[serde(default)]
    signal_dbm: Option<i16>,
    firmware: String,
    uptime_s: u64,
}

impl Said {
    fn diagnostics(self) -> Result<Diagnostics, DeviceFailure> {
        let Said { power, battery_percent, temperature_c, signal_dbm, firmware, uptime_s } = self;
        let outside =
            |name: &str, range: &str| Err(DeviceFailure::Quarantine(format!("diagnostics.{name} is not {range}")));
        if battery_percent.is_some_and(|percent| percent > 100) {
            return outside("battery_percent", "0 to 100");
        }
        if temperature_c.is_some_and(|degrees| !(-100..=200).contains(&degrees)) {
            return outside("temperature_c", "-100 to 200");
        }
        if signal_dbm.is_some_and(|dbm| !(-200..=0).contains(&dbm)) {
            return outside("signal_dbm", "-200 to 0");
        }
        if firmware.is_empty() || firmware.chars().count() > FIRMWARE_CHARS_MAX {
            return outside("firmware", &format!("1 to {FIRMWARE_CHARS_MAX} characters"));
        }
        Ok(Diagnostics { power, battery_percent, temperature_c, signal_dbm, firmware, uptime_s })
    }
}

/// Takes a batch of heartbeats in. Of several of one locker only the latest is judged. Each takes one round trip to the
/// store, and one more where it is kept; another one where it is the locker's first or shows something bad.
pub async fn handle<S: Store>(store: &S, batch: QueueBatch, now: Timestamp) -> BatchAnswer {
    let latest = latest_of_each(&batch);
    device::each_message(store, "heartbeat_intake", batch, now, async |message| {
        take_in(store, &message, latest.get(&message.thing), now).await
    })
    .await
}

/// When the latest heartbeat of each device in a batch came, and which of the device's it was.
fn latest_of_each(batch: &QueueBatch) -> BTreeMap<String, (Timestamp, u64)> {
    let mut latest = BTreeMap::new();
    for message in batch.records.iter().filter_map(|record| record.device_message().ok()) {
        let Ok(received) = device::read::<HeartbeatMessage>(&message) else { continue };
        let place = (received.at, received.sequence);
        let known = latest.entry(message.thing).or_insert(place);
        *known = place.max(*known);
    }
    latest
}

async fn take_in<S: Store>(
    store: &S,
    message: &DeviceMessage,
    latest: Option<&(Timestamp, u64)>,
    now: Timestamp,
) -> Result<(), DeviceFailure> {
    let received = device::read::<HeartbeatMessage>(message)?;
    let known = received.cause(StateKey::Locker(received.locker.clone()), now);
    let Received { locker, event, at, boot, sequence, device_clock, body, .. } = received;
    let diagnostics = body.diagnostics.diagnostics()?;
    if latest.is_some_and(|latest| (at, sequence) < *latest) {
        metric::count(Metric::EventsIgnored, 1);
        return Ok(());
    }
    // What it is remembered as, where it is at all. Its own name is not enough: nothing looks for copies by it, and a
    // device that gives one name to all it says is not to be stopped by that.
    let cause = Cause { event: EventId::of_step("heartbeat", &format!("{}-{event}", at.as_millisecond())), ..known };
    // The broker's clock runs with ours; a heartbeat of the future would shut out all that follow.
    let at = at.min(now);
    let sent =
        SentHeartbeat { locker, event, received_at: at, boot, device_clock: device_clock.parse().ok(), diagnostics };
    let heartbeat = [StateKey::Heartbeat(sent.locker.clone())];
    let of_the_locker = fault_scene::names(&sent.locker, []);
    let outcome = apply_unguarded(store, &cause, async |view| {
        let known = view.read(&heartbeat).await?.take(&heartbeat[0]);
        let concern = match judge_heartbeat(known.as_ref(), &sent).decide() {
            Ok(decision) => return Ok(decision),
            Err(concern) => concern,
        };
        let scene = fault_scene::take(&mut view.read(&of_the_locker).await?, &of_the_locker);
        Ok(record_heartbeat(*concern, scene, now)?)
    })
    .await?;
    match outcome {
        HeartbeatOutcome::Outdated => metric::count(Metric::EventsIgnored, 1),
        HeartbeatOutcome::NothingNew | HeartbeatOutcome::Kept => {}
        HeartbeatOutcome::Reported(faults) => metric::count(Metric::FaultsRaised, faults as u64),
    }
    Ok(())
}

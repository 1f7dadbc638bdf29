//! A locker's connection began or ended.
//! Trigger: the rule `PresenceChanged` in template.yaml. Samples: events/presence.

use aws::apply::{Cause, apply};
use aws::batch::{BatchAnswer, DeviceMessage, QueueBatch};
use aws::http::read_json;
use aws::metric::{self, Metric};
use aws::store::Store;
use domain::id::{EventId, LockerId};
use domain::locker::Locker;
use domain::presence::{PresenceEvent, PresenceOutcome, record_presence};
use domain::work_order::{RepairScene, WorkOrder, prove_network};
use domain::{SignedDuration, StateKey, Timestamp};
use serde::Deserialize;

use crate::device::{self, DeviceFailure};

/// What the broker says of a connection. The rest of it is not needed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LifecycleEvent {
    client_id: String,
    timestamp: i64,
    session_identifier: String,
    event_type: String,
    #[serde(default)]
    version_number: u64,
}

/// Records a batch of presence events. `grace` is how long a locker may be away before that is an outage.
pub async fn handle<S: Store>(store: &S, batch: QueueBatch, grace: SignedDuration, now: Timestamp) -> BatchAnswer {
    device::each_message(store, "presence", batch, now, async |message| record(store, &message, grace, now).await).await
}

async fn record<S: Store>(
    store: &S,
    message: &DeviceMessage,
    grace: SignedDuration,
    now: Timestamp,
) -> Result<(), DeviceFailure> {
    let unreadable = |problem: String| DeviceFailure::Quarantine(problem);
    let lifecycle: LifecycleEvent = read_json(&message.payload).map_err(|error| unreadable(error.to_string()))?;
    let connected = match lifecycle.event_type.as_str() {
        "connected" => true,
        "disconnected" => false,
        // Somebody tried under this name and was turned away: nothing began, so nothing ended.
        "connect_failed" => {
            metric::count(Metric::SecurityRejections, 1);
            return Ok(());
        }
        _ => return Err(unreadable("neither a connect nor a disconnect".to_owned())),
    };
    // Whoever else connects to the broker is not a locker: nothing is created for them.
    let Ok(locker) = lifecycle.client_id.parse::<LockerId>() else {
        metric::count(Metric::EventsIgnored, 1);
        return Ok(());
    };
    let at = Timestamp::from_millisecond(lifecycle.timestamp).map_err(|error| unreadable(error.to_string()))?;
    // The broker's clock runs with ours; an event of the future would shut out all that follow.
    let (session, session_version) = (lifecycle.session_identifier, lifecycle.version_number);
    let event = PresenceEvent { locker, session, at: at.min(now), session_version, connected };
    let step = if connected { "connected" } else { "disconnected" };
    let cause = Cause::new(StateKey::Locker(event.locker.clone()), EventId::of_step(step, &event.session), now);
    let names = [
        StateKey::Locker(event.locker.clone()),
        StateKey::Presence(event.locker.clone()),
        StateKey::WorkOrder(event.locker.clone()),
    ];
    let applied = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let locker: Option<Locker> = states.take(&names[0]);
        let work_order: Option<WorkOrder> = states.take(&names[2]);
        let Some(locker) = locker else {
            return Ok(domain::Decision::new(PresenceOutcome::Outdated));
        };
        let decision = record_presence(states.take(&names[1]), &event, grace);
        let returned = decision.answer == PresenceOutcome::Connected { returned: true };
        let Some(work_order) = work_order.filter(|_| returned) else { return Ok(decision) };
        let names = work_order.compartments();
        let compartments = view.read(&names).await?.take_each(&names);
        Ok(match prove_network(RepairScene { work_order, locker, compartments }, now) {
            // What the return proves says more than the return.
            Some(proof) => {
                let proven = proof.event.clone();
                let mut decision = decision.and(proof);
                decision.record(proven);
                decision
            }
            None => decision,
        })
    })
    .await?;
    if applied.answer() == PresenceOutcome::Outdated {
        metric::count(Metric::EventsIgnored, 1);
    }
    Ok(())
}

//! Lockers that are connected and say nothing.

use aws::apply::{Cause, apply, apply_unguarded, settle};
use aws::items;
use aws::keys::{self, DUE_SHARDS, LockerPart, Table};
use aws::metric::{self, Metric};
use aws::store::{Store, Unavailable};
use domain::heartbeat::{Heartbeat, Silence, find_silent};
use domain::id::{EventId, LockerId};
use domain::locker::{FaultScene, Locker, report_faults};
use domain::presence::Presence;
use domain::seeded::bug;
use domain::{Decision, Refusal, SignedDuration, StateKey, Timestamp};
use futures_util::future::join_all;

/// How many overdue heartbeats of one shard one sweep looks at, longest silent first.
const HEARTBEATS_PER_SHARD_MAX: usize = 50;

/// How many lockers one sweep finds silent at the most. When more are silent at once, that has one cause, and it is
/// hardly the controllers: most likely the heartbeats wait in our own queue. To close a whole network because our own
/// intake stands still would be worse than any silence.
pub const SILENT_AT_ONCE_MAX: usize = 20;

/// For how long many silent lockers at once are held before they are judged all the same, as many a sweep: the alarm on
/// `SilencesHeld` has called an operator by then.
pub const SILENCES_HELD_FOR: SignedDuration = SignedDuration::from_mins(30);

/// A locker that is silent, longest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Silent {
    since: Timestamp,
    /// When it was last heard of: it falls silent once after each time.
    heard_at: Timestamp,
    locker: LockerId,
}

/// Finds the lockers that have fallen silent. Tells how many heartbeats were overdue, and what could not be done.
pub async fn find_the_silent<S: Store>(store: &S, now: Timestamp) -> (usize, Vec<Unavailable>) {
    if bug("silence_is_never_found") {
        return (0, Vec::new());
    }
    let pages = join_all((0..DUE_SHARDS).map(|shard| async move {
        store.query(&keys::overdue_heartbeats(shard, now, HEARTBEATS_PER_SHARD_MAX)).await
    }))
    .await;
    let mut failures = Vec::new();
    let mut overdue = Vec::new();
    for page in pages {
        match page {
            Ok(page) => overdue.extend(page.items.iter().filter_map(|item| {
                match keys::locker_part(&items::key_of(Table::Network, item)?)? {
                    LockerPart::Heartbeat(locker) => Some(locker),
                    LockerPart::Locker(_)
                    | LockerPart::Compartment(..)
                    | LockerPart::Presence(_)
                    | LockerPart::Door(..)
                    | LockerPart::ServicePlan(_)
                    | LockerPart::WorkOrder(_) => None,
                }
            })),
            Err(unavailable) => failures.push(unavailable),
        }
    }
    let looked = join_all(overdue.iter().map(|locker| look_at(store, locker, now))).await;
    let mut silent = Vec::new();
    for outcome in looked {
        match outcome {
            Ok(since) => silent.extend(since),
            Err(unavailable) => failures.push(unavailable),
        }
    }
    silent.sort_unstable();
    let held = silent.len() > SILENT_AT_ONCE_MAX
        && silent.first().is_some_and(|it| now.duration_since(it.since) < SILENCES_HELD_FOR);
    if held {
        metric::count(Metric::SilencesHeld, silent.len() as u64);
        tracing::error!(lockers = silent.len(), "{} lockers are silent at once, which is hardly theirs", silent.len());
        silent.clear();
    }
    for found in silent.iter().take(SILENT_AT_ONCE_MAX) {
        if let Err(unavailable) = close(store, found, now).await {
            let locker = &found.locker;
            tracing::error!(%locker, error = %unavailable, "the silence of {locker} stays due: {unavailable}");
            failures.push(unavailable);
        }
    }
    (overdue.len(), failures)
}

/// Looks at a locker whose heartbeat is overdue. Where it is not silent, it is looked at again later.
async fn look_at<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<Option<Silent>, Unavailable> {
    let names =
        [StateKey::Heartbeat(locker.clone()), StateKey::Presence(locker.clone()), StateKey::Locker(locker.clone())];
    let cause = Cause::new(StateKey::Locker(locker.clone()), EventId::of_step("looked", &now), now);
    let looked = apply_unguarded(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        // The index may lag: what was overdue may have been heard of since.
        let Some(heartbeat) = states.take::<Heartbeat>(&names[0]) else { return Ok(Decision::new(None)) };
        let silent = heartbeat.silent_at.map(|since| (since, heartbeat.received_at));
        let reopened_at = states.take::<Locker>(&names[2]).and_then(|it| it.reopened_at);
        Ok(match find_silent(heartbeat, states.take::<Presence>(&names[1]).as_ref(), reopened_at, now)? {
            Silence::Found(..) => Decision::new(silent),
            Silence::Later(heartbeat) => {
                let mut decision = Decision::new(None);
                decision.change(heartbeat);
                decision
            }
        })
    })
    .await;
    match settle(looked)? {
        Some(silent) => Ok(silent.map(|(since, heard_at)| Silent { since, heard_at, locker: locker.clone() })),
        None => Ok(None),
    }
}

/// Reports the silence of a locker as what it is taken for, a controller that hangs, in the commit that ends its timer.
async fn close<S: Store>(store: &S, silent: &Silent, now: Timestamp) -> Result<(), Unavailable> {
    let Silent { locker, heard_at, .. } = silent;
    let names = [
        StateKey::Heartbeat(locker.clone()),
        StateKey::Presence(locker.clone()),
        StateKey::Locker(locker.clone()),
        StateKey::WorkOrder(locker.clone()),
    ];
    let cause = Cause::new(names[2].clone(), EventId::of_step("silent", heard_at), now);
    let closed = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let heartbeat: Heartbeat = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        let presence: Option<Presence> = states.take(&names[1]);
        let locker: Locker = states.take(&names[2]).ok_or(Refusal::UnknownLocker)?;
        let (heartbeat, report) = match find_silent(heartbeat, presence.as_ref(), locker.reopened_at, now)? {
            Silence::Found(heartbeat, report) => (heartbeat, report),
            // It has lost its connection since it was looked at, or has been repaired.
            Silence::Later(_) => return Err(Refusal::wrong_state("changed").into()),
        };
        let scene = FaultScene { locker: Some(locker), work_order: states.take(&names[3]), compartments: Vec::new() };
        let mut decision = report_faults(scene, &report, now)?;
        if presence.is_some() {
            decision.require_unchanged(names[1].clone());
        }
        decision.change(heartbeat);
        Ok(decision)
    })
    .await;
    if settle(closed)?.is_some() {
        metric::count(Metric::LockersSilent, 1);
    }
    Ok(())
}

//! Each locker is looked at once an hour: what its doors counted, which of them are worn, whether nobody comes, and the
//! days that are over.
//!
//! A look is two or three round trips and one commit, of which a duplicate finds that it was made. For a network of 15,000
//! lockers that is four a second: some ten read units each, and as many write units for the locker's own item of usage, which
//! nobody else writes. Lockers have an index of their own for it, so that nobody waits behind them.

use aws::apply::{Cause, Stop, View, apply_unguarded, list, settle};
use aws::keys::{self, DUE_SHARDS};
use aws::store::{Store, Unavailable};
use domain::compartment::Compartment;
use domain::door::Door;
use domain::fault::FaultRecord;
use domain::figures::{CLOSED_AFTER, DayScene, LockerDay, close_day};
use domain::heartbeat::Heartbeat;
use domain::id::{CompartmentNumber, EventId, LockerId};
use domain::locker::{FaultScene, Locker, report_faults};
use domain::presence::Presence;
use domain::preventive::{PreventiveWork, find_worn};
use domain::service::Lifecycle;
use domain::usage::Usage;
use domain::{Decision, Refusal, StateKey, Timestamp};
use futures_util::future::{join, join_all};

use super::Settings;

/// How many lockers of one shard one sweep looks at, longest waiting first: at 30 ms each that is six seconds, and 1,600
/// a minute in all shards, enough for 96,000 lockers.
const LOOKS_PER_SHARD_MAX: usize = 200;

/// How many days of a locker one look closes: after a week in which nobody looked, the next look goes on.
const DAYS_PER_LOOK_MAX: usize = 7;

/// How many of the latest repairs of a locker are looked through for those of a day. Days are closed an hour after their
/// end: more repairs than that do not fit into a day and an hour.
const RECORDS_MAX: usize = 1_000;

/// Looks at every locker whose hour has come. Tells what could not be done.
pub async fn look_at_lockers<S: Store>(store: &S, settings: &Settings, now: Timestamp) -> Vec<Unavailable> {
    let shards = join_all((0..DUE_SHARDS).map(async |shard| {
        let due: Vec<Usage> = match list(store, &keys::unlooked(shard, now, LOOKS_PER_SHARD_MAX)).await {
            Ok(due) => due,
            Err(unavailable) => return vec![unavailable],
        };
        let mut failures = Vec::new();
        for usage in &due {
            let locker = &usage.locker;
            if let Err(unavailable) = look_at(store, settings, locker, now).await {
                tracing::error!(%locker, error = %unavailable, "locker {locker} is still to be looked at: {unavailable}");
                failures.push(unavailable);
            }
        }
        failures
    }))
    .await;
    shards.into_iter().flatten().collect()
}

async fn look_at<S: Store>(
    store: &S,
    settings: &Settings,
    locker: &LockerId,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let names = [
        StateKey::Locker(locker.clone()),
        StateKey::WorkOrder(locker.clone()),
        StateKey::Usage(locker.clone()),
        StateKey::PreventiveWork(locker.clone()),
    ];
    let doors = keys::doors(locker);
    let cause = Cause::new(names[0].clone(), EventId::of_step("looked-at", &now.as_millisecond()), now);
    let looked = apply_unguarded(store, &cause, async |view| {
        let (states, doors) = join(view.read(&names), view.query::<Door>(&doors)).await;
        let (mut states, doors) = (states?, doors?);
        let mut decision = Decision::new(());
        let Some(mut usage) = states.take::<Usage>(&names[2]) else { return Ok(decision) };
        // Looked at by another sweep meanwhile: the index lags.
        if usage.look_at.is_none_or(|at| at > now) {
            return Ok(decision);
        }
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        let looked_before = usage.looked_at;
        let parcels = usage.look(&doors, now);
        let days = close_days(view, &mut usage, &locker, now).await?;
        let known = states.take::<PreventiveWork>(&names[3]);
        let worn = find_worn(known.as_ref(), &locker, &doors, settings.serviced_after_openings, now);
        if locker.service.lifecycle == Lifecycle::Decommissioned {
            usage.look_at = None;
        }
        if let Some(report) = usage.judge(&locker, parcels, looked_before, now) {
            let work_order = states.take(&names[1]);
            let scene = FaultScene { locker: Some(locker), compartments: Vec::new(), work_order };
            decision = report_faults(scene, &report, now)?.answer_with(());
        }
        decision.change(usage);
        decision.changes.extend(days.into_iter().map(Into::into));
        decision.changes.extend(worn.map(Into::into));
        Ok(decision)
    })
    .await;
    settle(looked).map(drop)
}

/// The days that are over, as they were; none of a locker that does not serve yet, or no more.
async fn close_days<S: Store>(
    view: &View<'_, S>,
    usage: &mut Usage,
    locker: &Locker,
    now: Timestamp,
) -> Result<Vec<LockerDay>, Stop> {
    let over = |usage: &Usage| usage.open_day.end() + CLOSED_AFTER <= now;
    if !over(usage) {
        return Ok(Vec::new());
    }
    let all = keys::compartments(&locker.id, None, CompartmentNumber::MAX as usize);
    let names = [StateKey::Heartbeat(locker.id.clone()), StateKey::Presence(locker.id.clone())];
    let (compartments, states) = join(view.query::<Compartment>(&all), view.read(&names)).await;
    let (compartments, mut states) = (compartments?, states?);
    // After the compartments: what is proven meanwhile is found twice, and not at all otherwise.
    let records: Vec<FaultRecord> = view.query(&keys::fault_records(&locker.id, RECORDS_MAX)).await?;
    let heartbeat: Option<Heartbeat> = states.take(&names[0]);
    let heard_of = heartbeat.is_some() || states.take::<Presence>(&names[1]).is_some();
    let firmware = heartbeat.map(|it| it.diagnostics.firmware).or_else(|| locker.build.firmware.clone());
    let mut days = Vec::new();
    while over(usage) && days.len() < DAYS_PER_LOOK_MAX {
        let day = usage.open_day;
        let doors = std::mem::take(&mut usage.doors);
        let (locker, compartments, records) = (locker, &compartments[..], &records[..]);
        days.push(close_day(
            DayScene { locker, compartments, records, firmware: firmware.clone(), heard_of, doors },
            day,
        ));
        usage.open_day = day.next();
    }
    let serves = match locker.service.lifecycle {
        Lifecycle::Active | Lifecycle::Draining | Lifecycle::Maintenance => true,
        Lifecycle::Commissioning | Lifecycle::Decommissioned => false,
    };
    Ok(if serves { days } else { Vec::new() })
}

//! Everything that is due: lockers whose grace is over or that have fallen silent, doors that did not open, suspicions
//! to be judged, devices that do not answer, faults that were put aside, notices that were not sent, incidents whose
//! people were not all dealt with, work orders that nobody reacts to, complaints that are overdue or unanswered, estimates
//! that have not come true, windows of maintenance that begin or end, orders whose time is over. And what only has to be
//! counted: repairs, and each hour what the doors of a locker did.
//! Trigger: a schedule, every minute. Sample: events/sweeps.

use aws::apply::{Applied, Cause, apply, settle};
use aws::items;
use aws::keys::{self, DUE_SHARDS, Key, LockerPart, Table};
use aws::metric::{self, Metric};
use aws::publisher::Publisher;
use aws::store::{Item, Store, Unavailable};
use domain::acknowledgement::end_shelving;
use domain::calendar::Calendar;
use domain::decision::Event;
use domain::door::{Door, not_opened, suspect_silent_lock};
use domain::fault::Unit;
use domain::id::{CompartmentNumber, EventId, LockerId};
use domain::locker::{Locker, judge_suspicions, report_faults};
use domain::maintenance::{self, PlanScene};
use domain::presence::{Presence, find_offline};
use domain::remote_recovery::time_out_attempts;
use domain::seeded::bug;
use domain::work_order::WorkOrder;
use domain::{Decision, Refusal, StateKey, Timestamp};
use futures_util::future::{join, join_all, join4};
use serde::Serialize;

use crate::escalations;
use crate::expected_back;
use crate::fault_scene;
use crate::incidents;
use crate::notification_fan_out::Sender;
use crate::overdue_cases;
use crate::rerouting;
use crate::sweeps::expiries::end_what_is_over;
use crate::sweeps::repairs::count_the_repaired;
use crate::sweeps::silence::find_the_silent;
use crate::sweeps::usage::look_at_lockers;

mod expiries;
mod repairs;
mod silence;
mod usage;

pub use silence::{SILENCES_HELD_FOR, SILENT_AT_ONCE_MAX};

/// The tables in which something can be due.
const TABLES: [Table; 3] = [Table::Network, Table::Orders, Table::Cases];

/// How many due items of one shard one sweep takes, longest waiting first; the rest is due in the next one. A tenth of
/// a Germany-sized network going dark within a minute is 1,500 lockers, some 190 a shard; each takes three round
/// trips of some 10 ms, so that all of them are found well within the sweep's 50 s.
const ITEMS_PER_SHARD_MAX: usize = 200;

/// How many pages of one shard one sweep takes where there is nothing in them but notices: what waited for the morning is
/// due within a quarter of an hour. Five pages of eight shards of two tables are 16,000 in a minute, so that a network of
/// 15,000 lockers with some 15 notices a night for each is through with them in that time.
const PAGES_OF_NOTICES_MAX: usize = 5;

/// How many notices of one shard are sent at once. Each takes six round trips, some 0.1 s, so that five pages take about
/// ten of the sweep's 50 s.
const NOTICES_AT_ONCE: usize = 10;

/// What the operator of a network may want otherwise.
#[derive(Debug, Clone)]
pub struct Settings {
    /// After how many openings a door is due for preventive work.
    pub serviced_after_openings: u32,
    /// When support works.
    pub support: Calendar,
}

/// What a sweep did.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    pub due: usize,
    pub failed: usize,
}

/// Some of what was due could not be dealt with. It is due again in the next sweep.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {due} due items could not be dealt with; the last: {last}")]
pub struct SweepFailure {
    due: usize,
    failed: usize,
    last: Unavailable,
}

/// Deals with everything that is due now.
///
/// # Errors
/// [`SweepFailure`], after everything else has been dealt with.
pub async fn handle<S: Store, P: Publisher>(
    store: &S,
    sender: &Sender<P>,
    settings: &Settings,
    now: Timestamp,
) -> Result<Swept, SweepFailure> {
    let shards: Vec<(Table, u32)> =
        TABLES.iter().flat_map(|table| (0..DUE_SHARDS).map(move |shard| (*table, shard))).collect();
    let swept = join_all(shards.into_iter().map(|(table, shard)| sweep(store, sender, settings, table, shard, now)));
    let (silent, counted) = (find_the_silent(store, now), count_the_repaired(store, now));
    let swept = join(swept, end_what_is_over(store, now));
    let ((mut outcomes, over), silent, counted, looked) =
        join4(swept, silent, counted, look_at_lockers(store, settings, now)).await;
    outcomes.extend([silent, over]);
    let due = outcomes.iter().map(|(due, _)| due).sum();
    let mut failures: Vec<Unavailable> = outcomes.into_iter().flat_map(|(_, failures)| failures).collect();
    // What is only counted waits for nobody, and is not among what was due.
    failures.extend(counted.into_iter().chain(looked));
    let failed = failures.len();
    match failures.pop() {
        None => Ok(Swept { due, failed }),
        Some(last) => Err(SweepFailure { due, failed, last }),
    }
}

async fn sweep<S: Store, P: Publisher>(
    store: &S,
    sender: &Sender<P>,
    settings: &Settings,
    table: Table,
    shard: u32,
    now: Timestamp,
) -> (usize, Vec<Unavailable>) {
    let mut query = keys::due(table, shard, now, ITEMS_PER_SHARD_MAX);
    let (mut due, mut failures) = (0, Vec::new());
    for _ in 0..PAGES_OF_NOTICES_MAX {
        let page = match store.query(&query).await {
            Ok(page) => page,
            Err(unavailable) => {
                failures.push(unavailable);
                return (due, failures);
            }
        };
        due += page.items.len();
        let is_notice = |item: &Item| items::key_of(table, item).is_some_and(|key| key.is_notice());
        let (notices, others): (Vec<Item>, Vec<Item>) = page.items.into_iter().partition(is_notice);
        let deal = async |item: &Item| deal_with(store, sender, settings, table, item, now).await.err();
        let mut failed = Vec::new();
        for item in &others {
            failed.extend(deal(item).await);
        }
        for at_once in notices.chunks(NOTICES_AT_ONCE) {
            failed.extend(join_all(at_once.iter().map(&deal)).await.into_iter().flatten());
        }
        for unavailable in &failed {
            tracing::error!(error = %unavailable, "what is due stays due: {unavailable}");
        }
        failures.extend(failed);
        match page.next {
            Some(next) if others.is_empty() => query = keys::next_page(query, next),
            Some(_) | None => break,
        }
    }
    (due, failures)
}

async fn deal_with<S: Store, P: Publisher>(
    store: &S,
    sender: &Sender<P>,
    settings: &Settings,
    table: Table,
    item: &Item,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let key: Key = items::key_of(table, item).ok_or_else(|| Unavailable("a due item without a key".to_owned()))?;
    if key.is_notice() {
        return sender.send(store, &key, now).await;
    }
    if let Some((region, code)) = keys::incident(&key) {
        return incidents::look_due(store, region, code, now).await;
    }
    if let Some(case) = keys::case(&key) {
        return overdue_cases::deal_with_due(store, &case, &settings.support, now).await;
    }
    match keys::locker_part(&key) {
        Some(LockerPart::Presence(_)) if bug("grace_is_never_over") => Ok(()),
        Some(LockerPart::Presence(locker)) => end_grace(store, &locker, now).await,
        Some(LockerPart::Door(..)) if bug("unopened_door_is_forgotten") => Ok(()),
        Some(LockerPart::Door(locker, number)) => find_shut(store, &locker, number, now).await,
        Some(LockerPart::WorkOrder(locker)) => {
            // What was awaited from the device, and what was put aside, first: the team may have to be called.
            let name = [StateKey::WorkOrder(locker.clone())];
            let (mut states, _) = aws::apply::look(store, &name).await?;
            if let Some(work_order) = states.take::<WorkOrder>(&name[0]) {
                time_out_remote_recoveries(store, &work_order, now).await?;
                unshelve(store, &work_order, now).await?;
            }
            // What follows for people first: it finds the team whose lead is told. That nobody reacts is told even so.
            let worked_off = rerouting::work_off(store, &locker, now).await;
            if !bug("nobody_escalates") {
                escalations::escalate_due(store, &locker, now).await?;
            }
            expected_back::renew_due(store, &locker, now).await?;
            worked_off
        }
        Some(LockerPart::ServicePlan(locker)) => {
            run_maintenance(store, &locker, now).await?;
            rerouting::work_off(store, &locker, now).await
        }
        Some(LockerPart::Locker(_) | LockerPart::Compartment(..)) if bug("suspicions_are_never_judged") => Ok(()),
        Some(LockerPart::Locker(locker)) => judge(store, &locker, Unit::Locker, key, now).await,
        Some(LockerPart::Compartment(locker, number)) => {
            judge(store, &locker, Unit::Compartment(number), key, now).await
        }
        Some(LockerPart::Heartbeat(_)) | None => Err(Unavailable(format!("nobody knows what to do about {key:?}"))),
    }
}

/// The time of what is suspected in a unit has come.
async fn judge<S: Store>(
    store: &S,
    locker: &LockerId,
    unit: Unit,
    key: Key,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let names = fault_scene::names(locker, [unit]);
    let own = names.last().filter(|_| unit != Unit::Locker).unwrap_or(&names[0]);
    let (_, versions) = aws::apply::look(store, std::slice::from_ref(own)).await?;
    // One judgement for each state of the unit, however often the sweep is tried.
    let Some(version) = versions.get(own) else { return Err(Unavailable(format!("{key:?} is due and is not there"))) };
    let cause = Cause::new(names[0].clone(), EventId::of_step("judged", &format!("{unit}-{version}")), now);
    let outcome = apply(store, &cause, async |view| {
        let scene = fault_scene::take(&mut view.read(&names).await?, &names);
        Ok(judge_suspicions(scene, unit, now)?)
    })
    .await;
    settle(outcome).map(drop)
}

/// Windows of maintenance begin and end.
async fn run_maintenance<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<(), Unavailable> {
    let names = [StateKey::Locker(locker.clone()), StateKey::ServicePlan(locker.clone())];
    let event = EventId::of_step("maintenance", &now.as_millisecond());
    let cause = Cause::new(names[0].clone(), event, now);
    let outcome = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        Ok(maintenance::advance(PlanScene { locker, plan: states.take(&names[1]) }, now))
    })
    .await;
    settle(outcome).map(drop)
}

/// The grace of a locker is over: where it is still away, the whole locker closes.
async fn end_grace<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<(), Unavailable> {
    let names =
        [StateKey::Presence(locker.clone()), StateKey::Locker(locker.clone()), StateKey::WorkOrder(locker.clone())];
    // The index may lag: the session that is away is the one that is read now.
    let (mut states, _) = aws::apply::look(store, &names[..1]).await?;
    let Some(presence) = states.take::<Presence>(&names[0]) else { return Ok(()) };
    let event = EventId::of_step("offline", &presence.session);
    let cause = Cause::new(names[1].clone(), event, now);
    let outcome = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let presence: Presence = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        let (presence, report) = find_offline(presence, now)?;
        let scene = fault_scene::take(&mut states, &names[1..]);
        let mut decision = report_faults(scene, &report, now)?;
        decision.change(presence);
        decision.record(Event::FoundOffline);
        Ok(decision)
    })
    .await;
    // Refused where it has come back, or another sweep was quicker.
    settle(outcome).map(drop)
}

/// A device was asked to try something, and has not said or shown in time that it works.
async fn time_out_remote_recoveries<S: Store>(store: &S, known: &WorkOrder, now: Timestamp) -> Result<(), Unavailable> {
    let Some(until) = known.attempts_due_at().filter(|until| *until <= now) else { return Ok(()) };
    // What is asked next is due later: no two have one name.
    let event = EventId::of_step("not-answered", &format!("{}-{}", known.id.number, until.as_millisecond()));
    if let Some(Applied::Now(())) = change(store, known, event, time_out_attempts, now).await? {
        metric::count(Metric::RemoteRecoveriesTimedOut, 1);
    }
    Ok(())
}

/// The time of what was put aside is over.
async fn unshelve<S: Store>(store: &S, known: &WorkOrder, now: Timestamp) -> Result<(), Unavailable> {
    let Some(until) = known.shelved_until().filter(|until| *until <= now) else { return Ok(()) };
    // What is put aside next comes back later: no two have one name.
    let event = EventId::of_step("unshelved", &format!("{}-{}", known.id.number, until.as_millisecond()));
    change(store, known, event, end_shelving, now).await.map(drop)
}

/// A step of a work order's own. Nothing where it has moved on meanwhile.
async fn change<S: Store>(
    store: &S,
    known: &WorkOrder,
    event: EventId,
    rule: fn(WorkOrder, Timestamp) -> Result<Decision<()>, Refusal>,
    now: Timestamp,
) -> Result<Option<Applied<()>>, Unavailable> {
    let name = [StateKey::WorkOrder(known.id.locker.clone())];
    let cause = Cause::new(StateKey::Locker(known.id.locker.clone()), event, now);
    let outcome = apply(store, &cause, async |view| {
        let latest: Option<WorkOrder> = view.read(&name).await?.take(&name[0]);
        Ok(rule(latest.ok_or(Refusal::UnknownWorkOrder)?, now)?)
    })
    .await;
    settle(outcome)
}

/// A lock has taken a command and its door has not opened: where it still has not, its lock is suspected.
async fn find_shut<S: Store>(
    store: &S,
    locker: &LockerId,
    number: CompartmentNumber,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let names = [
        StateKey::Door(locker.clone(), number),
        StateKey::Locker(locker.clone()),
        StateKey::WorkOrder(locker.clone()),
        StateKey::Compartment(locker.clone(), number),
    ];
    let (mut states, _) = aws::apply::look(store, &names[..1]).await?;
    let Some(door) = states.take::<Door>(&names[0]).filter(|it| it.awaited.is_some()) else { return Ok(()) };
    let cause = Cause::new(names[1].clone(), not_opened(&door), now);
    let outcome = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let door: Door = states.take(&names[0]).ok_or(Refusal::UnknownCompartment)?;
        let scene = fault_scene::take(&mut states, &names[1..]);
        Ok(suspect_silent_lock(door, scene, now)?)
    })
    .await;
    // Refused where it has opened, or another sweep was quicker.
    settle(outcome).map(drop)
}

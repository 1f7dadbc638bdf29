//! Many lockers of a region with the same fault: how many are left, who leads, and when it is over.
//! Called by: `sweeps`, for incidents that are due, and `work_orders`, for those who ask.

use aws::apply::{Cause, apply, list_pages, look, settle};
use aws::keys;
use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Unavailable};
use domain::decision::Event;
use domain::fault::FaultCode;
use domain::id::{EventId, LockerId, RegionId};
use domain::incident::{Incident, IncidentId, IncidentScene, Looked, Stage};
use domain::locker::{Build, Locker};
use domain::work_order::WorkOrder;
use domain::{Decision, Refusal, StateKey, Timestamp};

/// How many open work orders of a team are looked at: more than any region has lockers.
const WORK_ORDERS_MAX: usize = 5_000;

/// How many lockers are looked at for what they have in common: as many as one read takes.
const BUILDS_MAX: usize = TRANSACTION_ACTIONS_MAX;

/// How many work orders one look calls for alone; where more are left, the next sweep goes on.
const RELEASED_MAX: usize = 30;

/// The open work orders that belong to an incident, the longest waiting first. From an index, which may lag.
///
/// # Errors
/// [`Unavailable`]
pub async fn members<S: Store>(store: &S, incident: &Incident) -> Result<Vec<WorkOrder>, Unavailable> {
    let (region, team) = &incident.team;
    let open: Vec<WorkOrder> = list_pages(store, keys::open_work_orders(region, team, WORK_ORDERS_MAX)).await?;
    let mut members: Vec<WorkOrder> = open.into_iter().filter(|it| it.is_in(&incident.id)).collect();
    members.sort_by(|a, b| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)));
    Ok(members)
}

/// One incident, whether it is the latest of its region and fault code or an earlier one.
///
/// # Errors
/// [`Unavailable`]
pub async fn read<S: Store>(store: &S, id: &IncidentId) -> Result<Option<Incident>, Unavailable> {
    let names = [StateKey::Incident(id.region.clone(), id.code), StateKey::ArchivedIncident(id.clone())];
    let (mut states, _) = look(store, &names).await?;
    let latest: Option<Incident> = states.take(&names[0]);
    Ok(latest.filter(|it| it.id == *id).or_else(|| states.take(&names[1])))
}

/// Looks at the latest incident of a region and fault code, where that is due.
///
/// # Errors
/// [`Unavailable`]: it stays due.
pub async fn look_due<S: Store>(
    store: &S,
    region: RegionId,
    code: FaultCode,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let name = StateKey::Incident(region, code);
    let (mut states, versions) = look(store, std::slice::from_ref(&name)).await?;
    let Some(incident) = states.take::<Incident>(&name).filter(|it| it.look_at.is_some_and(|at| at <= now)) else {
        return Ok(());
    };
    let mut members = members(store, &incident).await?;
    if incident.stage == Stage::Declared && !members.iter().any(WorkOrder::leads) && !members.is_empty() {
        members[0] = lead(store, &incident, &members[0], now).await?;
    }
    let builds = builds(store, &members).await?;
    let version = versions.get(&name).copied().unwrap_or_default();
    let event = EventId::of_step("looked", &format!("{}-{version}", incident.id.number));
    let cause = Cause::new(name.clone(), event.clone(), now);
    let looked = apply(store, &cause, async |view| {
        let latest: Option<Incident> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        if latest.as_ref() != Some(&incident) {
            return Err(Refusal::StaleVersion.into());
        }
        let scene = IncidentScene { incident: incident.clone(), members: members.clone(), builds: builds.clone() };
        Ok(domain::incident::look(scene, &event, now))
    })
    .await;
    match settle(looked.map(aws::apply::Applied::answer))? {
        Some(Looked::Release) => {
            for member in members.iter().take(RELEASED_MAX) {
                release(store, &incident.id, &member.id.locker, now).await?;
            }
            Ok(())
        }
        Some(Looked::GoesOn) | None => Ok(()),
    }
}

async fn builds<S: Store>(store: &S, members: &[WorkOrder]) -> Result<Vec<Build>, Unavailable> {
    let names: Vec<StateKey> =
        members.iter().take(BUILDS_MAX).map(|it| StateKey::Locker(it.id.locker.clone())).collect();
    let lockers: Vec<Locker> = look(store, &names).await?.0.take_each(&names);
    Ok(lockers.into_iter().map(|it| it.build).collect())
}

/// The one that the team was called for is done, and others are left: the next one leads.
async fn lead<S: Store>(
    store: &S,
    incident: &Incident,
    next: &WorkOrder,
    now: Timestamp,
) -> Result<WorkOrder, Unavailable> {
    let mut leading = next.clone();
    leading.lead(now);
    let event = Event::IncidentLed { incident: incident.id.clone() };
    change(store, &incident.id, &next.id.locker, "leads", event, now, |work_order| work_order.lead(now)).await?;
    Ok(leading)
}

/// Few are left: each is called for alone.
async fn release<S: Store>(
    store: &S,
    incident: &IncidentId,
    locker: &LockerId,
    now: Timestamp,
) -> Result<(), Unavailable> {
    let event = Event::IncidentLeft { incident: incident.clone() };
    change(store, incident, locker, "released", event, now, |work_order| work_order.release(now)).await
}

/// Changes a work order, where it still belongs to the incident.
async fn change<S: Store>(
    store: &S,
    incident: &IncidentId,
    locker: &LockerId,
    step: &str,
    event: Event,
    now: Timestamp,
    change: impl Fn(&mut WorkOrder),
) -> Result<(), Unavailable> {
    let name = StateKey::WorkOrder(locker.clone());
    let id = EventId::of_step(step, &format!("{}-{}", incident.number, incident));
    let cause = Cause::new(StateKey::Locker(locker.clone()), id, now);
    let changed = apply(store, &cause, async |view| {
        let mut decision = Decision::new(());
        let work_order: Option<WorkOrder> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        if let Some(mut work_order) = work_order.filter(|it| it.is_in(incident)) {
            change(&mut work_order);
            decision.change(work_order);
            decision.record(event.clone());
        }
        Ok(decision)
    })
    .await;
    settle(changed).map(drop)
}

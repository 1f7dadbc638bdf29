//! The operator plans windows of maintenance. That they begin and end is seen to by `sweeps`.
//! Trigger: HTTP, operator. Samples: events/registry/*-maintenance.json.

use aws::apply::{Cause, apply, look};
use aws::http::{Problem, Request, Response};
use aws::store::Store;
use domain::id::{EventId, LockerId};
use domain::locker::Locker;
use domain::maintenance::{
    AHEAD_MAX, LEAD, LEAD_MAX, PlanScene, PlannedWindow, WINDOW_MAX, cancel_maintenance, plan_maintenance,
};
use domain::service::ServicePlan;
use domain::{Refusal, SignedDuration, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::service::{check_reason, check_seen};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowBody {
    from: Timestamp,
    until: Timestamp,
    /// How long before the locker begins to drain.
    #[serde(default)]
    lead_hours: Option<u32>,
    reason: String,
}

fn planned(request: &Request, now: Timestamp) -> Result<PlannedWindow, Problem> {
    let WindowBody { from, until, lead_hours, reason } = request.json()?;
    check_reason(&reason)?;
    let lead = lead_hours.map_or(LEAD, |hours| SignedDuration::from_hours(hours.into()));
    if lead > LEAD_MAX {
        return Err(Problem::invalid("lead_hours", format!("is at most {}", LEAD_MAX.as_hours())));
    }
    if from.duration_since(now) > AHEAD_MAX {
        return Err(Problem::invalid("from", format!("is at most {} days ahead", AHEAD_MAX.as_hours() / 24)));
    }
    if until <= from || until.duration_since(from) > WINDOW_MAX {
        let days = WINDOW_MAX.as_hours() / 24;
        return Err(Problem::invalid("until", format!("is after from, by at most {days} days")));
    }
    Ok(PlannedWindow { from, until, lead, by: request.person()?, reason })
}

fn names(request: &Request) -> Result<[StateKey; 2], Problem> {
    let id: LockerId = request.path("locker_id")?;
    Ok([StateKey::Locker(id.clone()), StateKey::ServicePlan(id)])
}

/// Plans a window: two round trips.
///
/// # Errors
/// Those of [`plan_maintenance`]; [`Refusal::UnknownLocker`], [`Refusal::StaleVersion`].
pub async fn plan<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let names = names(request)?;
    let seen = request.if_match()?;
    let planned = planned(request, now)?;
    let event = EventId::of_step("maintenance-planned", &request.id());
    let cause = Cause::new(names[0].clone(), event, now).by(&planned.by);
    let window = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        check_seen(view, &names[0], seen)?;
        let scene = PlanScene { locker, plan: states.take(&names[1]) };
        Ok(plan_maintenance(scene, planned.clone(), now)?)
    })
    .await?;
    Ok(Response::json(201, &window.answer()))
}

/// The windows of a locker that are not over, in the order of time.
///
/// # Errors
/// [`Refusal::UnknownLocker`]
pub async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let names = names(request)?;
    let (mut states, _) = look(store, &names).await?;
    let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let windows = states.take::<ServicePlan>(&names[1]).map(|plan| plan.windows).unwrap_or_default();
    Ok(Response::json(200, &json!({ "locker_id": locker.id, "service": locker.service, "windows": windows })))
}

/// Takes a window off the plan; one that has begun ends at once.
///
/// # Errors
/// Those of [`cancel_maintenance`]; [`Refusal::UnknownLocker`], [`Refusal::StaleVersion`].
pub async fn cancel<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let operator = request.person()?;
    let seen = request.if_match()?;
    let number: u32 = request.path("window")?;
    let names = names(request)?;
    let event = EventId::of_step("maintenance-cancelled", &request.id());
    let cause = Cause::new(names[0].clone(), event, now).by(&operator);
    let cancelled = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        check_seen(view, &names[0], seen)?;
        let scene = PlanScene { locker, plan: states.take(&names[1]) };
        Ok(cancel_maintenance(scene, number, operator.clone(), now)?)
    })
    .await?;
    Ok(Response::json(200, &cancelled.answer()))
}

//! The operator decides whether a locker and its compartments serve.
//! Trigger: HTTP, operator. Samples: events/registry/change-*.json.

use aws::apply::{Cause, View, apply};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::compartment::{Compartment, Service};
use domain::id::{CompartmentNumber, EventId, LockerId};
use domain::locker::Locker;
use domain::service::{Decided, Lifecycle, LifecycleScene, ServiceScene, change_lifecycle, change_service};
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LifecycleBody {
    lifecycle: Lifecycle,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceBody {
    service: Service,
    reason: String,
}

/// A reason somebody can read later.
pub(super) fn check_reason(reason: &str) -> Result<(), Problem> {
    if (1..=REASON_CHARS_MAX).contains(&reason.trim().chars().count()) {
        Ok(())
    } else {
        Err(Problem::invalid("reason", format!("has 1 to {REASON_CHARS_MAX} characters")))
    }
}

/// Refuses where the caller acts on another version than the one that was read now.
pub(super) fn check_seen<S: Store>(view: &View<'_, S>, name: &StateKey, seen: Option<u64>) -> Result<(), Refusal> {
    match seen {
        Some(seen) if view.version_of(name) != Some(seen) => Err(Refusal::StaleVersion),
        _ => Ok(()),
    }
}

/// Moves a locker on in its life: two round trips, three where it is to go for good.
///
/// # Errors
/// Those of [`change_lifecycle`]; [`Refusal::UnknownLocker`], [`Refusal::StaleVersion`].
pub async fn change_lifecycle_of<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let operator = request.person()?;
    let seen = request.if_match()?;
    let id: LockerId = request.path("locker_id")?;
    let LifecycleBody { lifecycle, reason } = request.json()?;
    check_reason(&reason)?;
    let names = [StateKey::Locker(id.clone()), StateKey::ServicePlan(id.clone())];
    let event = EventId::of_step("lifecycle", &request.id());
    let cause = Cause::new(names[0].clone(), event, now).by(&operator);
    let changed = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        check_seen(view, &names[0], seen)?;
        // Looked at after the locker: what is drained as it was read takes nothing new any more, so that what is empty
        // now is empty when this is committed.
        let compartments: Vec<Compartment> = match lifecycle {
            Lifecycle::Decommissioned => {
                view.query(&keys::compartments(&id, None, CompartmentNumber::MAX as usize)).await?
            }
            Lifecycle::Commissioning | Lifecycle::Active | Lifecycle::Draining | Lifecycle::Maintenance => Vec::new(),
        };
        let scene = LifecycleScene { locker, plan: states.take(&names[1]), compartments };
        let decided = Decided { to: lifecycle, by: operator.clone(), reason: reason.clone() };
        Ok(change_lifecycle(scene, decided, now)?)
    })
    .await?;
    Ok(Response::json(200, &changed.answer()))
}

/// Takes a compartment out of service or back into it: two round trips.
///
/// # Errors
/// Those of [`change_service`]; [`Refusal::UnknownLocker`], [`Refusal::UnknownCompartment`],
/// [`Refusal::StaleVersion`].
pub async fn change_service_of<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let operator = request.person()?;
    let seen = request.if_match()?;
    let id: LockerId = request.path("locker_id")?;
    let number: u16 = request.path("number")?;
    let number: CompartmentNumber = number.try_into().map_err(|_| Problem::NotFound)?;
    let ServiceBody { service, reason } = request.json()?;
    check_reason(&reason)?;
    let locker = || id.clone();
    let names = [StateKey::Locker(locker()), StateKey::Compartment(locker(), number), StateKey::ServicePlan(locker())];
    let event = EventId::of_step("service", &request.id());
    let cause = Cause::new(names[0].clone(), event, now).by(&operator);
    let changed = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        let compartment: Compartment = states.take(&names[1]).ok_or(Refusal::UnknownCompartment)?;
        check_seen(view, &names[1], seen)?;
        let scene = ServiceScene { locker, compartment, plan: states.take(&names[2]) };
        let decided = Decided { to: service, by: operator.clone(), reason: reason.clone() };
        Ok(change_service(scene, decided, now)?)
    })
    .await?;
    Ok(Response::json(200, &changed.answer()))
}

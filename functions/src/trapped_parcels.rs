//! Parcels that have to be fetched, since their doors cannot be opened or nobody has collected them: which they are, how
//! they are fetched, what a person has found who looked, and more time for their customers.
//! Trigger: HTTP, technician, driver, operator, support. Samples: events/trapped-parcels.

use aws::apply::{Cause, apply, list, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Unavailable};
use domain::compartment::Compartment;
use domain::expiry::{ExpiredParcel, extend_reservation, list_expired};
use domain::id::{CompartmentNumber, EventId, LockerId, OrderId, WorkOrderId};
use domain::locker::Locker;
use domain::order::{Order, extend_pickup};
use domain::trapped::{TrappedParcel, is_trapped, list_trapped};
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};
use futures_util::future::{try_join, try_join_all};
use serde::Deserialize;
use serde_json::json;

mod contents;
mod recoveries;

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "GET /lockers/{locker_id}/trapped-parcels",
    "GET /work-orders/{work_order_id}/trapped-parcels",
    "POST /support/orders/{order_id}/deadline",
    "GET /lockers/{locker_id}/expired-parcels",
    "POST /returns",
    "POST /recoveries",
    "GET /recoveries/{order_id}",
    "POST /recoveries/{order_id}/{step}",
    "POST /lockers/{locker_id}/compartments/{compartment}/contents",
];

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionBody {
    extend_by_hours: u16,
    reason: String,
}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /lockers/{locker_id}/trapped-parcels" => of_locker(store, request, now).await,
        "GET /work-orders/{work_order_id}/trapped-parcels" => of_work_order(store, request, now).await,
        "POST /support/orders/{order_id}/deadline" => extend(store, request, now).await,
        "GET /lockers/{locker_id}/expired-parcels" => expired_in_locker(store, request, now).await,
        "POST /returns" => recoveries::start_return(store, request, now).await,
        "POST /recoveries" => recoveries::start(store, request, now).await,
        "GET /recoveries/{order_id}" => recoveries::show(store, request).await,
        "POST /recoveries/{order_id}/{step}" => recoveries::step(store, request, now).await,
        "POST /lockers/{locker_id}/compartments/{compartment}/contents" => contents::settle(store, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

/// A text that says why, not empty and not too long.
fn reason(text: String) -> Result<String, Problem> {
    if (1..=REASON_CHARS_MAX).contains(&text.trim().chars().count()) {
        Ok(text)
    } else {
        Err(Problem::invalid("reason", format!("has 1 to {REASON_CHARS_MAX} characters")))
    }
}

async fn of_locker<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: LockerId = request.path("locker_id")?;
    let name = StateKey::Locker(id.clone());
    let all = keys::compartments(&id, None, CompartmentNumber::MAX as usize);
    let ((mut states, _), compartments) = try_join(look(store, std::slice::from_ref(&name)), list(store, &all)).await?;
    let locker: Locker = states.take(&name).ok_or(Refusal::UnknownLocker)?;
    let trapped = find_trapped(store, &locker, compartments, None, now).await?;
    Ok(Response::json(200, &json!({ "locker_id": id, "as_of": now, "trapped_parcels": trapped })))
}

async fn of_work_order<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: WorkOrderId = request.path("work_order_id")?;
    let names = [
        StateKey::Locker(id.locker.clone()),
        StateKey::WorkOrder(id.locker.clone()),
        StateKey::ArchivedWorkOrder(id.clone()),
    ];
    let all = keys::compartments(&id.locker, None, CompartmentNumber::MAX as usize);
    let ((mut states, _), compartments) = try_join(look(store, &names), list(store, &all)).await?;
    let latest: Option<WorkOrder> = states.take(&names[1]);
    let known = latest.filter(|it| it.id == id).or_else(|| states.take(&names[2]));
    let (Some(_), Some(locker)) = (known, states.take::<Locker>(&names[0])) else {
        return Err(Refusal::UnknownWorkOrder.into());
    };
    let trapped = find_trapped(store, &locker, compartments, Some(&id), now).await?;
    Ok(Response::json(200, &json!({ "work_order_id": id, "as_of": now, "trapped_parcels": trapped })))
}

/// The trapped parcels among all compartments of a locker, nearest end of the time to collect first. Their orders are
/// read side by side: with the locker and its compartments before, a list costs two round trips, whatever its length.
///
/// # Errors
/// [`Unavailable`]
pub async fn find_trapped<S: Store>(
    store: &S,
    locker: &Locker,
    compartments: Vec<Compartment>,
    work_order: Option<&WorkOrderId>,
    now: Timestamp,
) -> Result<Vec<TrappedParcel>, Unavailable> {
    let orders = orders_in(store, compartments.iter().filter(|it| is_trapped(locker, it))).await?;
    Ok(list_trapped(locker, &compartments, &orders, work_order, now))
}

/// The orders that compartments name, read side by side.
async fn orders_in<'a, S: Store>(
    store: &S,
    compartments: impl Iterator<Item = &'a Compartment>,
) -> Result<Vec<Order>, Unavailable> {
    let names: Vec<StateKey> = compartments.filter_map(|it| it.order().cloned().map(StateKey::Order)).collect();
    let pages: Vec<&[StateKey]> = names.chunks(TRANSACTION_ACTIONS_MAX).collect();
    let read = try_join_all(pages.iter().map(|page| look(store, page))).await?;
    Ok(read.into_iter().zip(pages).flat_map(|((mut states, _), page)| states.take_each(page)).collect())
}

/// The parcels of a locker that nobody has collected in time: two round trips, and two read units for each parcel that
/// is inside.
async fn expired_in_locker<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: LockerId = request.path("locker_id")?;
    let name = StateKey::Locker(id.clone());
    let all = keys::compartments(&id, None, CompartmentNumber::MAX as usize);
    let ((mut states, _), compartments) =
        try_join(look(store, std::slice::from_ref(&name)), list::<S, Compartment>(store, &all)).await?;
    states.take::<Locker>(&name).ok_or(Refusal::UnknownLocker)?;
    let orders = orders_in(store, compartments.iter().filter(|it| it.holds_a_parcel())).await?;
    let expired: Vec<ExpiredParcel> = list_expired(&compartments, &orders);
    Ok(Response::json(200, &json!({ "locker_id": id, "as_of": now, "expired_parcels": expired })))
}

async fn extend<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let agent = request.person()?;
    let seen = request.if_match()?;
    let body: ExtensionBody = request.json()?;
    let reason = reason(body.reason)?;
    if body.extend_by_hours == 0 {
        return Err(Problem::invalid("extend_by_hours", "is at least 1"));
    }
    let id: OrderId = request.path("order_id")?;
    let name = StateKey::Order(id);
    let event = EventId::of_step("extended", &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&agent);
    let extended = apply(store, &cause, async |view| {
        let mut states = view.read(std::slice::from_ref(&name)).await?;
        let order: Order = states.take(&name).ok_or(Refusal::UnknownOrder)?;
        if seen.is_some_and(|seen| view.version_of(&name) != Some(seen)) {
            return Err(Refusal::StaleVersion.into());
        }
        let (hours, by) = (body.extend_by_hours, agent.clone());
        if order.is_underway() {
            return Ok(extend_reservation(order, hours, by, reason.clone(), now)?);
        }
        let (at, number) = order.compartment().ok_or_else(|| Refusal::wrong_state(order.status))?;
        let names = [StateKey::Locker(at.clone()), StateKey::Compartment(at.clone(), number)];
        let mut states = view.read(&names).await?;
        let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        let door: Compartment = states.take(&names[1]).ok_or(Refusal::UnknownCompartment)?;
        Ok(extend_pickup(order, &locker, &door, hours, (by, reason.clone()), &event, now)?)
    })
    .await?;
    Ok(Response::json(200, &json!({ "order": extended.answer() })))
}

//! Support sees in one call what is true, and what the customer was told; operators see how well lockers work.
//! Trigger: HTTP, support and operator. Samples: events/support-view.

mod figures;

use std::collections::BTreeMap;

use aws::apply::{list, look};
use aws::http::{Problem, Request, Response};
use aws::items::HistoryEntry;
use aws::keys;
use aws::ledger;
use aws::store::{Store, Unavailable};
use domain::case::Case;
use domain::compartment::Compartment;
use domain::delivery::{Delivery, Standing};
use domain::fault::FaultRecord;
use domain::feedback::Feedback;
use domain::heartbeat::Heartbeat;
use domain::id::{CompartmentNumber, LockerId, OrderId, PersonId};
use domain::incident::Incident;
use domain::locker::Locker;
use domain::order::{Order, incident_at};
use domain::permission::{Permissions, permissions};
use domain::presence::{Link, Presence};
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};
use futures_util::future::try_join;
use serde_json::{Value, json};

use crate::incidents;
use crate::trapped_parcels::find_trapped;

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "GET /support/orders/{order_id}",
    "GET /support/lockers/{locker_id}",
    "GET /support/drivers/{driver_id}",
    "GET /figures",
];

/// How many entries of a history, of the ledger or of a driver's deliveries are shown.
const ENTRIES_MAX: usize = 200;

/// Answers a request.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /support/orders/{order_id}" => show_order(store, request, now).await,
        "GET /support/lockers/{locker_id}" => show_locker(store, request, now).await,
        "GET /support/drivers/{driver_id}" => show_driver(store, request).await,
        "GET /figures" => figures::show(store, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

/// What happened and who was told, oldest first.
async fn told<S: Store>(store: &S, name: &StateKey) -> Result<(Vec<HistoryEntry>, Vec<ledger::Entry>), Unavailable> {
    let (history, notices) = (keys::history(name, ENTRIES_MAX), keys::notices(name, ENTRIES_MAX));
    let (mut history, mut notices): (Vec<HistoryEntry>, Vec<ledger::Entry>) =
        try_join(list(store, &history), list(store, &notices)).await?;
    history.sort_by_key(|entry| entry.at);
    notices.sort_by_key(|entry| entry.notice.created_at);
    Ok((history, notices))
}

async fn show_order<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: OrderId = request.path("order_id")?;
    let (order, feedback) = (StateKey::Order(id.clone()), StateKey::Feedback(id));
    let names = [order.clone(), feedback.clone()];
    let ((mut states, _), (history, notices)) = try_join(look(store, &names), told(store, &order)).await?;
    let order: Order = states.take(&order).ok_or(Refusal::UnknownOrder)?;
    let feedback: Option<Feedback> = states.take(&feedback);
    let mut names = Vec::new();
    if let Some((locker, number)) = order.compartment() {
        names.push(StateKey::Locker(locker.clone()));
        names.push(StateKey::Compartment(locker.clone(), number));
        names.push(StateKey::WorkOrder(locker.clone()));
    }
    names.extend(feedback.as_ref().and_then(|feedback| feedback.case.clone()).map(StateKey::Case));
    let (mut locker, mut compartment, mut work_order, mut case) = (None, None, None, None);
    if !names.is_empty() {
        let (mut states, _) = look(store, &names).await?;
        for name in &names {
            match name {
                StateKey::Locker(_) => locker = states.take::<Locker>(name),
                StateKey::Compartment(..) => compartment = states.take::<Compartment>(name),
                StateKey::WorkOrder(_) => work_order = states.take::<WorkOrder>(name).filter(WorkOrder::is_open),
                _ => case = states.take::<Case>(name),
            }
        }
    }
    let incident = incident_of(store, work_order.as_ref()).await?;
    let fault = locker.as_ref().zip(compartment.as_ref()).and_then(|(own, door)| closes_it(own, door));
    Ok(Response::json(
        200,
        &json!({
            "order": order,
            "locker": locker,
            "compartment": compartment,
            "permissions": locker.as_ref().zip(compartment.as_ref()).map(|(own, door)| permissions(own, door)),
            "fault": fault,
            "work_order": work_order,
            "incident": incident,
            "expected_back_at": work_order.as_ref().filter(|_| fault.is_some()).and_then(|it| it.expected_at(now)),
            "notices": notices,
            "history": history,
            "feedback": feedback,
            "case": case,
        }),
    ))
}

/// The incident that a work order is a part of.
async fn incident_of<S: Store>(store: &S, work_order: Option<&WorkOrder>) -> Result<Option<Incident>, Unavailable> {
    match work_order.and_then(|it| it.incident.as_ref()) {
        Some(membership) => incidents::read(store, &membership.id).await,
        None => Ok(None),
    }
}

/// The fault that closes a door, as its customer was told of it.
fn closes_it(locker: &Locker, compartment: &Compartment) -> Option<Value> {
    let incident = incident_at(locker, compartment)?;
    let listed = incident.code.listed();
    Some(json!({
        "unit": incident.unit,
        "code": incident.code,
        "severity": listed.severity,
        "since": incident.from,
        "work_order": incident.work_order,
        "sentence": listed.sentence,
    }))
}

async fn show_locker<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: LockerId = request.path("locker_id")?;
    let names = [
        StateKey::Locker(id.clone()),
        StateKey::Presence(id.clone()),
        StateKey::WorkOrder(id.clone()),
        StateKey::Heartbeat(id.clone()),
    ];
    let all = keys::compartments(&id, None, CompartmentNumber::MAX as usize);
    let ((mut states, _), compartments) = try_join(look(store, &names), list(store, &all)).await?;
    let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let compartments: Vec<Compartment> = compartments;
    let closed: Vec<Compartment> = compartments.iter().filter(|it| !it.faults.is_empty()).cloned().collect();
    // Doors at which something is not permitted, by number.
    let restricted: BTreeMap<String, Permissions> = compartments
        .iter()
        .map(|it| (it.number.to_string(), permissions(&locker, it)))
        .filter(|(_, it)| !it.booking.allowed)
        .collect();
    let trapped = find_trapped(store, &locker, compartments, None, now).await?;
    let repaired: Vec<FaultRecord> = list(store, &keys::fault_records(&id, ENTRIES_MAX)).await?;
    let (history, notices) = told(store, &names[0]).await?;
    let work_order: Option<WorkOrder> = states.take(&names[2]);
    let expected_back_at = work_order.as_ref().and_then(|it| it.expected_at(now));
    let incident = incident_of(store, work_order.as_ref()).await?;
    Ok(Response::json(
        200,
        &json!({
            "locker": locker,
            "connected": states.take::<Presence>(&names[1]).is_some_and(|it| it.link == Link::Up),
            "heartbeat": states.take::<Heartbeat>(&names[3]),
            "faulted_compartments": closed,
            "restricted": restricted,
            "trapped_parcels": trapped,
            "work_order": work_order,
            "incident": incident,
            "expected_back_at": expected_back_at,
            "repaired_faults": repaired,
            "history": history,
            "notices": notices,
        }),
    ))
}

async fn show_driver<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let id: PersonId = request.path("driver_id")?;
    let deliveries: Vec<Delivery> = list(store, &keys::deliveries(&id, ENTRIES_MAX)).await?;
    let counted = deliveries.iter().filter(|it| it.standing == Standing::Counted).count();
    let charged = deliveries.iter().filter(|it| it.charged_case.is_some()).count();
    Ok(Response::json(
        200,
        &json!({
            "driver_id": id,
            "deliveries_counted": counted,
            "deliveries_excluded": deliveries.len() - counted,
            "complaints_charged": charged,
            "deliveries": deliveries,
        }),
    ))
}

//! People say that something is broken: a driver at a locker, a customer whose parcel is inside.
//! Trigger: HTTP, courier app and customer. Samples: events/fault-reports.

use aws::apply::{Cause, Stop, apply};
use aws::http::{Problem, Request, Response};
use aws::metric::{self, Metric};
use aws::store::Store;
use domain::fault::{FaultCode, FaultReport, ReportedFault, Unit};
use domain::id::{EventId, LockerId, OrderId, PersonId};
use domain::locker::{FaultOutcome, report_faults};
use domain::order::{Order, OrderStatus};
use domain::suspicion::Signal;
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::fault_scene;

/// The routes of this function.
pub const ROUTES: &[&str] = &["POST /fault-reports", "POST /my/orders/{order_id}/fault-reports"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DriverBody {
    locker_id: LockerId,
    unit: Unit,
    code: FaultCode,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerBody {
    code: FaultCode,
}

/// Answers a request. Two round trips to the store, three for a customer.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "POST /fault-reports" => by_driver(store, request, now).await,
        "POST /my/orders/{order_id}/fault-reports" => by_customer(store, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

async fn by_driver<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let person = request.person()?;
    let DriverBody { locker_id, unit, code } = request.json()?;
    report(store, request, Signal::Driver { person }, locker_id, unit, code, now).await
}

/// A customer says what is wrong with the compartment that their parcel is in, and with no other.
async fn by_customer<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let person: PersonId = request.person()?;
    let order: OrderId = request.path("order_id")?;
    let CustomerBody { code } = request.json()?;
    let name = StateKey::Order(order);
    let (mut states, _) = aws::apply::look(store, std::slice::from_ref(&name)).await?;
    let order: Order = states.take(&name).filter(|it: &Order| it.customer == person).ok_or(Problem::NotFound)?;
    let (locker, number) = match (order.status, order.compartment()) {
        (OrderStatus::Deposited, Some(place)) => place,
        (status, _) => return Err(Refusal::wrong_state(status).into()),
    };
    let locker = locker.clone();
    report(store, request, Signal::Customer { person }, locker, Unit::Compartment(number), code, now).await
}

async fn report<S: Store>(
    store: &S,
    request: &Request,
    signal: Signal,
    locker: LockerId,
    unit: Unit,
    code: FaultCode,
    now: Timestamp,
) -> Result<Response, Problem> {
    if !code.listed().people_see_it {
        return Err(Problem::invalid("code", "is nothing that people see"));
    }
    let person = request.person()?;
    let event = EventId::of_step("reported", &request.id());
    let cause = Cause::new(StateKey::Locker(locker.clone()), event.clone(), now).by(&person);
    let names = fault_scene::names(&locker, [unit]);
    let faults = vec![ReportedFault { unit, code, vendor_text: None }];
    let report = FaultReport { locker, event, received_at: now, signal, faults, gone: Vec::new() };
    let applied = apply(store, &cause, async |view| {
        let scene = fault_scene::take(&mut view.read(&names).await?, &names);
        let decision = report_faults(scene, &report, now)?;
        if decision.answer.unknown.is_empty() { Ok(decision) } else { Err(Stop::from(Refusal::UnknownCompartment)) }
    })
    .await?;
    let outcome = applied.answer();
    metric::count(Metric::FaultsRaised, outcome.raised.len() as u64);
    metric::count(Metric::FaultsSuspected, outcome.suspected.len() as u64);
    Ok(Response::json(202, &json!({ "outcome": told(&outcome) })))
}

/// What came of it, in one word.
fn told(outcome: &FaultOutcome) -> &'static str {
    if !outcome.raised.is_empty() {
        "raised"
    } else if !outcome.suspected.is_empty() {
        "suspected"
    } else {
        "known"
    }
}

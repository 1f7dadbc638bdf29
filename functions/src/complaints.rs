//! Support looks at cases with the facts beside them, says what they are about, decides and closes them.
//! Trigger: HTTP, support. Samples: events/complaints.

use std::collections::BTreeSet;

use aws::apply::{Cause, Stop, View, apply, list, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::calendar::Calendar;
use domain::case::{
    Case, CaseDecision, CaseSeverity, Category, Cause as CaseCause, Evidence, Measure, Sorting, assign, close, decide,
    sort,
};
use domain::delivery::Delivery;
use domain::fault::FaultRecord;
use domain::id::{CaseId, EventId, PersonId};
use domain::locker::Locker;
use domain::order::Order;
use domain::{Decision, Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "GET /cases/{case_id}",
    "POST /cases/{case_id}/assignment",
    "POST /cases/{case_id}/sorting",
    "POST /cases/{case_id}/decision",
    "POST /cases/{case_id}/closing",
];

/// The longest reasons, in characters.
const REASONS_CHARS_MAX: usize = 4_000;

/// How many repaired faults of the locker are shown beside a case.
const FAULTS_SHOWN_MAX: usize = 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AssignmentBody {
    to: PersonId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SortingBody {
    categories: BTreeSet<Category>,
    severity: CaseSeverity,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionBody {
    cause: CaseCause,
    measure: Measure,
    reasons: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClosingBody {}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, support: &Calendar, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /cases/{case_id}" => show(store, request).await,
        "POST /cases/{case_id}/assignment" => give(store, request, now).await,
        "POST /cases/{case_id}/sorting" => sort_case(store, support, request, now).await,
        "POST /cases/{case_id}/decision" => decide_case(store, request, now).await,
        "POST /cases/{case_id}/closing" => close_case(store, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let name = StateKey::Case(request.path("case_id")?);
    let (mut states, versions) = look(store, std::slice::from_ref(&name)).await?;
    let case: Case = states.take(&name).ok_or(Refusal::UnknownCase)?;
    let (order, delivery) = (StateKey::Order(case.order.clone()), StateKey::Delivery(case.order.clone()));
    let (mut states, _) = look(store, &[order.clone(), delivery.clone()]).await?;
    let order: Option<Order> = states.take(&order);
    let locker = case
        .evidence
        .iter()
        .find_map(|fact| match fact {
            Evidence::LockerFault { incident } => Some(incident.locker.clone()),
            Evidence::Ratings { .. } | Evidence::DeliveredAt { .. } | Evidence::Collected { .. } => None,
        })
        .or_else(|| order.as_ref()?.compartment().map(|(locker, _)| locker.clone()));
    let locker = match locker {
        Some(id) => {
            let faults: Vec<FaultRecord> = list(store, &keys::fault_records(&id, FAULTS_SHOWN_MAX)).await?;
            let name = StateKey::Locker(id);
            let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
            states.take::<Locker>(&name).map(|locker| json!({ "locker": locker, "faults": faults }))
        }
        None => None,
    };
    Ok(Response::json(
        200,
        &json!({
            "case": case,
            "version": versions.get(&name),
            "order": order,
            "delivery": states.take::<Delivery>(&delivery),
            "locker": locker,
        }),
    ))
}

/// Changes a case by a rule, as a named person, and only at the version that person has seen.
async fn change<S: Store>(
    store: &S,
    request: &Request,
    step: &str,
    now: Timestamp,
    rule: impl AsyncFn(&View<'_, S>, Case, PersonId, &EventId) -> Result<Decision<Case>, Stop>,
) -> Result<Response, Problem> {
    let person = request.person()?;
    let seen = request.if_match()?;
    let id: CaseId = request.path("case_id")?;
    let name = StateKey::Case(id);
    let event = EventId::of_step(step, &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&person);
    let changed = apply(store, &cause, async |view| {
        let mut states = view.read(std::slice::from_ref(&name)).await?;
        let case: Case = states.take(&name).ok_or(Refusal::UnknownCase)?;
        if seen.is_some_and(|seen| view.version_of(&name) != Some(seen)) {
            return Err(Refusal::StaleVersion.into());
        }
        rule(view, case, person.clone(), &event).await
    })
    .await?;
    Ok(Response::json(200, &changed.answer()))
}

async fn give<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let body: AssignmentBody = request.json()?;
    change(store, request, "assigned", now, async |_, case, _, _| Ok(assign(case, body.to.clone())?)).await
}

async fn sort_case<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let SortingBody { categories, severity } = request.json()?;
    if categories.is_empty() {
        return Err(Problem::invalid("categories", "names at least one"));
    }
    change(store, request, "sorted", now, async |view, case, by, _| {
        let name = StateKey::Delivery(case.order.clone());
        let delivery: Option<Delivery> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let sorting = Sorting { categories: categories.clone(), severity, by };
        Ok(sort(case, delivery, sorting, support)?)
    })
    .await
}

async fn decide_case<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let body: DecisionBody = request.json()?;
    if body.reasons.chars().count() > REASONS_CHARS_MAX {
        return Err(Problem::invalid("reasons", format!("has at most {REASONS_CHARS_MAX} characters")));
    }
    change(store, request, "decided", now, async |view, case, by, event| {
        let name = StateKey::Delivery(case.order.clone());
        let delivery: Option<Delivery> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let made =
            CaseDecision { cause: body.cause, measure: body.measure, reasons: body.reasons.clone(), by, at: now };
        Ok(decide(case, delivery, made, event)?)
    })
    .await
}

async fn close_case<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    request.json::<ClosingBody>()?;
    change(store, request, "closed", now, async |_, case, by, _| Ok(close(case, by, now)?)).await
}

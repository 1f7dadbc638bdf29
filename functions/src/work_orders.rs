//! Technicians acknowledge, start, hold and report repaired.
//! Trigger: HTTP, technician. Samples: events/work-orders.

use aws::apply::{Cause, apply, look};
use aws::http::{Problem, Request, Response};
use aws::store::Store;
use domain::id::{EventId, WorkOrderId};
use domain::work_order::{Step, WorkOrder, take_step};
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;

/// The routes of this function.
pub const ROUTES: &[&str] = &["GET /work-orders/{work_order_id}", "POST /work-orders/{work_order_id}/{step}"];

/// The longest note, in characters.
const NOTE_CHARS_MAX: usize = 2_000;

/// How many parts one repair names.
const PARTS_MAX: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldBody {
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RepairedBody {
    note: String,
    #[serde(default)]
    parts: Vec<String>,
}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /work-orders/{work_order_id}" => show(store, request).await,
        "POST /work-orders/{work_order_id}/{step}" => step(store, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let id: WorkOrderId = request.path("work_order_id")?;
    let names = [StateKey::WorkOrder(id.locker.clone()), StateKey::ArchivedWorkOrder(id.clone())];
    let (mut states, _) = look(store, &names).await?;
    let latest: Option<WorkOrder> = states.take(&names[0]);
    let work_order = latest.filter(|it| it.id == id).or_else(|| states.take(&names[1]));
    Ok(Response::json(200, &work_order.ok_or(Refusal::UnknownWorkOrder)?))
}

fn read_step(request: &Request) -> Result<Step, Problem> {
    let short = |field: &str, text: String| {
        let length = text.trim().chars().count();
        if (1..=NOTE_CHARS_MAX).contains(&length) {
            Ok(text)
        } else {
            Err(Problem::invalid(field, format!("has 1 to {NOTE_CHARS_MAX} characters")))
        }
    };
    match request.path::<String>("step")?.as_str() {
        "acknowledge" => request.json::<NothingBody>().map(|_| Step::Acknowledge),
        "start" => request.json::<NothingBody>().map(|_| Step::Start),
        "hold" => Ok(Step::Hold { reason: short("reason", request.json::<HoldBody>()?.reason)? }),
        "report-repaired" => {
            let RepairedBody { note, parts } = request.json()?;
            if parts.len() > PARTS_MAX || parts.iter().any(|part| part.chars().count() > NOTE_CHARS_MAX) {
                return Err(Problem::invalid("parts", format!("names at most {PARTS_MAX} parts")));
            }
            Ok(Step::ReportRepaired { note: short("note", note)?, parts })
        }
        _ => Err(Problem::NotFound),
    }
}

async fn step<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let technician = request.person()?;
    let id: WorkOrderId = request.path("work_order_id")?;
    let step = read_step(request)?;
    let event = EventId::of_step("technician", &request.id());
    let cause = Cause::new(StateKey::Locker(id.locker.clone()), event, now).by(&technician);
    let name = StateKey::WorkOrder(id.locker.clone());
    let taken = apply(store, &cause, async |view| {
        let latest: Option<WorkOrder> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let work_order = latest.filter(|it| it.id == id).ok_or(Refusal::UnknownWorkOrder)?;
        Ok(take_step(work_order, step.clone(), technician.clone(), now)?)
    })
    .await?;
    Ok(Response::json(200, &taken.answer()))
}

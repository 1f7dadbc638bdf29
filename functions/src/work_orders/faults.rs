//! Technicians and operators say of one fault that they have seen it, or put it aside for a time.

use aws::apply::{Cause, apply, list, list_pages};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::acknowledgement::{FaultStep, SHELVED_HOURS_MAX, Shelved, take_fault_step};
use domain::fault::{FaultCode, Severity, Unit};
use domain::id::{EventId, PersonId, RegionId, TeamId, WorkOrderId};
use domain::team::Team;
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{LISTED_MAX, NothingBody, TEAMS_MAX, WEIGHED_MAX, short};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShelveBody {
    hours: u16,
    reason: String,
}

fn read_step(request: &Request) -> Result<FaultStep, Problem> {
    match request.path::<String>("step")?.as_str() {
        "acknowledge" => request.json::<NothingBody>().map(|_| FaultStep::Acknowledge),
        "shelve" => {
            let ShelveBody { hours, reason } = request.json()?;
            if !(1..=SHELVED_HOURS_MAX).contains(&hours) {
                return Err(Problem::invalid("hours", format!("are 1 to {SHELVED_HOURS_MAX}")));
            }
            Ok(FaultStep::Shelve { hours, reason: short("reason", reason)? })
        }
        "unshelve" => request.json::<NothingBody>().map(|_| FaultStep::Unshelve),
        _ => Err(Problem::NotFound),
    }
}

/// What somebody says of one fault.
pub(super) async fn step<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let by = request.person()?;
    let id: WorkOrderId = request.path("work_order_id")?;
    let unit: Unit = request.path("unit")?;
    let code = FaultCode::from_name(&request.path::<String>("code")?).ok_or(Refusal::UnknownFault)?;
    let step = read_step(request)?;
    let event = EventId::of_step("fault-step", &request.id());
    let cause = Cause::new(StateKey::Locker(id.locker.clone()), event, now).by(&by);
    let name = StateKey::WorkOrder(id.locker.clone());
    let taken = apply(store, &cause, async |view| {
        let latest: Option<WorkOrder> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let work_order = latest.filter(|it| it.id == id).ok_or(Refusal::UnknownWorkOrder)?;
        Ok(take_fault_step(work_order, unit, code, step.clone(), by.clone(), now)?)
    })
    .await?;
    Ok(Response::json(200, &taken.answer()))
}

/// One fault that is put aside.
#[derive(Debug, Serialize)]
struct Listed {
    work_order: WorkOrderId,
    team: Option<(RegionId, TeamId)>,
    unit: Unit,
    code: FaultCode,
    severity: Severity,
    by: PersonId,
    at: Timestamp,
    until: Timestamp,
    reason: String,
}

/// What is put aside in a region, what comes back first is first.
pub(super) async fn list_shelved<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let region: RegionId = request.query_required("region")?;
    let teams: Vec<Team> = list(store, &keys::teams(&region, TEAMS_MAX)).await?;
    let queries = teams.iter().map(|team| keys::open_work_orders(&team.region, &team.id, WEIGHED_MAX));
    let open: Vec<Vec<WorkOrder>> = try_join_all(queries.map(|query| list_pages(store, query))).await?;
    let mut shelved: Vec<Listed> = open.into_iter().flatten().flat_map(shelved_of).collect();
    shelved.sort_by(|a, b| (a.until, &a.work_order, a.unit, a.code).cmp(&(b.until, &b.work_order, b.unit, b.code)));
    let count = shelved.len();
    shelved.truncate(LISTED_MAX);
    Ok(Response::json(200, &json!({ "shelved": count, "faults": shelved })))
}

fn shelved_of(work_order: WorkOrder) -> Vec<Listed> {
    let WorkOrder { id, team, units, .. } = work_order;
    let faults = units.into_iter().flat_map(|(unit, repair)| repair.shelved.into_iter().map(move |it| (unit, it)));
    faults
        .map(|(unit, (code, Shelved { by, at, until, reason }))| Listed {
            work_order: id.clone(),
            team: team.clone(),
            unit,
            code,
            severity: code.severity(),
            by,
            at,
            until,
            reason,
        })
        .collect()
}

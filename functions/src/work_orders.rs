//! Technicians see what there is to repair, acknowledge, start, hold and report repaired, cancel what needs no
//! repair, merge what is one visit, and put single faults aside; and they see what is due for preventive work.
//! Trigger: HTTP, technician. Samples: events/work-orders.

use aws::apply::{Cause, Stop, View, apply, list, list_pages, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::door::Door;
use domain::fault::{Severity, Unit};
use domain::id::{EventId, LockerId, PersonId, RegionId, TeamId, WorkOrderId};
use domain::incident::IncidentId;
use domain::locker::Locker;
use domain::preventive::{PreventiveWork, record_service};
use domain::priority::BlastRadius;
use domain::reference::Reference;
use domain::team::Team;
use domain::visit::{MergeScene, merge, separate};
use domain::work_order::{REFERENCES_MAX, RepairScene, Step, WorkOrder, WorkOrderStatus, cancel, take_step};
use domain::{Refusal, StateKey, Timestamp};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::incidents;

mod faults;

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "GET /work-orders",
    "GET /work-orders/{work_order_id}",
    "POST /work-orders/{work_order_id}/{step}",
    "POST /work-orders/{work_order_id}/faults/{unit}/{code}/{step}",
    "GET /shelved-faults",
    "GET /incidents/{incident_id}",
    "POST /lockers/{locker_id}/preventive-work",
];

/// How many teams of a region are looked at.
const TEAMS_MAX: usize = 50;

/// How many open work orders of a team are weighed against each other. A team with more has an incident on its hands.
const WEIGHED_MAX: usize = 1_000;

/// How many of them are listed.
const LISTED_MAX: usize = 100;

/// The longest note, in characters.
const NOTE_CHARS_MAX: usize = 2_000;

/// How many parts one repair names.
const PARTS_MAX: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    note: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcknowledgeBody {
    #[serde(default)]
    technician: Option<PersonId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldBody {
    reason: String,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RepairedBody {
    note: String,
    #[serde(default)]
    parts: Vec<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MergeBody {
    into: WorkOrderId,
}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /work-orders" => list_open(store, request, now).await,
        "GET /incidents/{incident_id}" => show_incident(store, request, now).await,
        "POST /lockers/{locker_id}/preventive-work" => record_preventive_work(store, request, now).await,
        "GET /work-orders/{work_order_id}" => show(store, request).await,
        "POST /work-orders/{work_order_id}/{step}" => step(store, request, now).await,
        "POST /work-orders/{work_order_id}/faults/{unit}/{code}/{step}" => faults::step(store, request, now).await,
        "GET /shelved-faults" => faults::list_shelved(store, request).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

/// What a list tells of a work order: its notes and what is left to do for people are read one by one.
#[derive(Debug, Serialize)]
struct Listed {
    id: WorkOrderId,
    status: WorkOrderStatus,
    severity: Severity,
    priority: u32,
    blast_radius: BlastRadius,
    opened_at: Timestamp,
    units: Vec<Unit>,
    team: Option<(RegionId, TeamId)>,
    assigned_to: Option<PersonId>,
    follows: Option<WorkOrderId>,
    incident: Option<IncidentId>,
    /// The one on the way to which it is repaired.
    visit: Option<WorkOrderId>,
    /// Whether all that is wrong is put aside for now.
    shelved: bool,
}

impl Listed {
    fn new(work_order: WorkOrder, now: Timestamp) -> Self {
        Self {
            priority: work_order.priority_at(now),
            shelved: work_order.is_shelved(),
            id: work_order.id,
            status: work_order.status,
            severity: work_order.severity,
            blast_radius: work_order.blast_radius,
            opened_at: work_order.opened_at,
            units: work_order.units.into_keys().collect(),
            team: work_order.team,
            assigned_to: work_order.assigned_to,
            follows: work_order.follows,
            incident: work_order.incident.map(|it| it.id),
            visit: work_order.visit,
        }
    }
}

/// The open work orders of a team, or of every team of a region that is the caller's: the one to go to first is first.
async fn list_open<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let technician = request.person()?;
    let region: RegionId = request.query_required("region")?;
    let only: Option<TeamId> = request.query("team")?;
    let mut teams: Vec<Team> = list(store, &keys::teams(&region, TEAMS_MAX)).await?;
    teams.retain(|team| team.is_open_to(&technician) && only.as_ref().is_none_or(|only| team.id == *only));
    if only.is_some() && teams.is_empty() {
        return Err(Problem::NotFound);
    }
    let queries = teams.iter().map(|team| keys::open_work_orders(&team.region, &team.id, WEIGHED_MAX));
    // What still works comes after everything that does not, and is any team's of the region.
    let preventive = keys::preventive_work(&region, LISTED_MAX);
    let loads = try_join_all(queries.map(|query| list_pages::<S, WorkOrder>(store, query)));
    let (loads, mut preventive): (_, Vec<PreventiveWork>) = try_join(loads, list(store, &preventive)).await?;
    if teams.is_empty() {
        preventive.clear();
    }
    preventive.sort_by(|a, b| (a.due_since, &a.locker).cmp(&(b.due_since, &b.locker)));
    let mut listed: Vec<Listed> = loads.into_iter().flatten().map(|it| Listed::new(it, now)).collect();
    // What is put aside last, and the longer waiting first where nothing else tells them apart.
    listed.sort_by(|a, b| {
        let by_priority = (a.shelved, b.priority).cmp(&(b.shelved, a.priority));
        by_priority.then_with(|| (a.opened_at, &a.id).cmp(&(b.opened_at, &b.id)))
    });
    let open = listed.len();
    listed.truncate(LISTED_MAX);
    let preventive: Vec<Value> = preventive.iter().map(shown).collect();
    Ok(Response::json(200, &json!({ "open": open, "work_orders": listed, "preventive_work": preventive })))
}

fn shown(work: &PreventiveWork) -> Value {
    json!({
        "locker_id": work.locker,
        "locker_name": work.locker_name,
        "doors": work.due,
        "due_since": work.due_since,
        "last_serviced": work.last_serviced,
    })
}

/// Every door of a locker that was due has been serviced.
async fn record_preventive_work<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let technician = request.person()?;
    let locker: LockerId = request.path("locker_id")?;
    let NoteBody { note } = request.json()?;
    let note = short("note", note)?;
    let event = EventId::of_step("serviced", &request.id());
    let cause = Cause::new(StateKey::Locker(locker.clone()), event, now).by(&technician);
    let name = StateKey::PreventiveWork(locker.clone());
    let done = apply(store, &cause, async |view| {
        let work: Option<PreventiveWork> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let work = work.ok_or(Refusal::wrong_state("nothing_due"))?;
        let doors: Vec<Door> = view.query(&keys::doors(&locker)).await?;
        Ok(record_service(work, &doors, technician.clone(), note.clone(), now)?)
    })
    .await?;
    Ok(Response::json(200, &shown(&done.answer())))
}

/// An incident, and the work orders that belong to it: the one to go to first is first.
async fn show_incident<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: IncidentId = request.path("incident_id")?;
    let incident = incidents::read(store, &id).await?.ok_or(Problem::NotFound)?;
    let members = incidents::members(store, &incident).await?;
    let open = members.len();
    let listed: Vec<Listed> = members.into_iter().take(LISTED_MAX).map(|it| Listed::new(it, now)).collect();
    Ok(Response::json(200, &json!({ "incident": incident, "open": open, "work_orders": listed })))
}

async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let id: WorkOrderId = request.path("work_order_id")?;
    let names = [StateKey::WorkOrder(id.locker.clone()), StateKey::ArchivedWorkOrder(id.clone())];
    let (mut states, _) = look(store, &names).await?;
    let latest: Option<WorkOrder> = states.take(&names[0]);
    let work_order = latest.filter(|it| it.id == id).or_else(|| states.take(&names[1]));
    Ok(Response::json(200, &work_order.ok_or(Refusal::UnknownWorkOrder)?))
}

fn short(field: &str, text: String) -> Result<String, Problem> {
    let length = text.trim().chars().count();
    if (1..=NOTE_CHARS_MAX).contains(&length) {
        Ok(text)
    } else {
        Err(Problem::invalid(field, format!("has 1 to {NOTE_CHARS_MAX} characters")))
    }
}

fn read_step(request: &Request) -> Result<Step, Problem> {
    let few = |references: Vec<Reference>| {
        if references.len() <= REFERENCES_MAX {
            Ok(references)
        } else {
            Err(Problem::invalid("references", format!("names at most {REFERENCES_MAX} documents")))
        }
    };
    match request.path::<String>("step")?.as_str() {
        "acknowledge" => request.json().map(|AcknowledgeBody { technician }| Step::Acknowledge { technician }),
        "start" => request.json::<NothingBody>().map(|_| Step::Start),
        "hold" => {
            let HoldBody { reason, references } = request.json()?;
            Ok(Step::Hold { reason: short("reason", reason)?, references: few(references)? })
        }
        "report-repaired" => {
            let RepairedBody { note, parts, references } = request.json()?;
            if parts.len() > PARTS_MAX || parts.iter().any(|part| part.chars().count() > NOTE_CHARS_MAX) {
                return Err(Problem::invalid("parts", format!("names at most {PARTS_MAX} parts")));
            }
            Ok(Step::ReportRepaired { note: short("note", note)?, parts, references: few(references)? })
        }
        _ => Err(Problem::NotFound),
    }
}

async fn step<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let technician = request.person()?;
    let id: WorkOrderId = request.path("work_order_id")?;
    let event = EventId::of_step("technician", &request.id());
    let cause = Cause::new(StateKey::Locker(id.locker.clone()), event, now).by(&technician);
    match request.path::<String>("step")?.as_str() {
        "cancel" => return cancel_one(store, request, &id, &technician, &cause).await,
        "merge" => return merge_two(store, request, &id, &technician, &cause).await,
        "separate" => return separate_one(store, request, &id, &technician, &cause).await,
        _ => {}
    }
    let step = read_step(request)?;
    let taken = apply(store, &cause, async |view| {
        Ok(take_step(read_latest(view, &id).await?, step.clone(), technician.clone(), now)?)
    })
    .await?;
    Ok(Response::json(200, &taken.answer()))
}

/// The work order of that number, where it is the latest of its locker.
async fn read_latest<S: Store>(view: &View<'_, S>, id: &WorkOrderId) -> Result<WorkOrder, Stop> {
    let name = StateKey::WorkOrder(id.locker.clone());
    let latest: Option<WorkOrder> = view.read(std::slice::from_ref(&name)).await?.take(&name);
    Ok(latest.filter(|it| it.id == *id).ok_or(Refusal::UnknownWorkOrder)?)
}

async fn read_locker<S: Store>(view: &View<'_, S>, id: &WorkOrderId) -> Result<Locker, Stop> {
    let name = StateKey::Locker(id.locker.clone());
    Ok(view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownLocker)?)
}

/// Nothing has to be repaired.
async fn cancel_one<S: Store>(
    store: &S,
    request: &Request,
    id: &WorkOrderId,
    by: &PersonId,
    cause: &Cause,
) -> Result<Response, Problem> {
    let CancelBody { reason } = request.json()?;
    let reason = short("reason", reason)?;
    let cancelled = apply(store, cause, async |view| {
        let work_order = read_latest(view, id).await?;
        let locker = read_locker(view, id).await?;
        let names = work_order.compartments();
        let compartments = view.read(&names).await?.take_each(&names);
        Ok(cancel(RepairScene { work_order, locker, compartments }, reason.clone(), by.clone(), cause.now)?)
    })
    .await?;
    Ok(Response::json(200, &cancelled.answer()))
}

/// It is repaired on the way to another one.
async fn merge_two<S: Store>(
    store: &S,
    request: &Request,
    id: &WorkOrderId,
    by: &PersonId,
    cause: &Cause,
) -> Result<Response, Problem> {
    let MergeBody { into } = request.json()?;
    let merged = apply(store, cause, async |view| {
        let work_order = read_latest(view, id).await?;
        if into.locker == id.locker {
            return Err(Refusal::NotOneSite.into());
        }
        let (locker, leads) = (read_locker(view, id).await?, read_latest(view, &into).await?);
        let leads_locker = read_locker(view, &into).await?;
        Ok(merge(MergeScene { work_order, locker, leads, leads_locker }, by.clone(), cause.now)?)
    })
    .await?;
    Ok(Response::json(200, &merged.answer()))
}

/// It is not repaired on the way to another one.
async fn separate_one<S: Store>(
    store: &S,
    request: &Request,
    id: &WorkOrderId,
    by: &PersonId,
    cause: &Cause,
) -> Result<Response, Problem> {
    request.json::<NothingBody>()?;
    let separated =
        apply(store, cause, async |view| Ok(separate(read_latest(view, id).await?, by.clone(), cause.now)?)).await?;
    Ok(Response::json(200, &separated.answer()))
}

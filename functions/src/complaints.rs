//! Support sees what is due first, looks at cases with the facts beside them, says what they are about, asks, tells the
//! customer where it stands, decides, closes, reopens and joins them. Customers see their own, answer and reopen them; drivers see theirs, are heard, and contest.
//! Trigger: HTTP, support, customer and courier. Samples: events/complaints.

use std::collections::BTreeSet;

use aws::apply::{Cause, Stop, View, apply, list, list_pages, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::calendar::Calendar;
use domain::case::{
    Case, CaseDecision, CaseSeverity, CaseStatus, Category, Cause as CaseCause, ContestAnswer, Deadline, Evidence,
    Measure, Owner, Sorting, Source, answer_contest, ask_customer, ask_driver, assign, close, decide, join, reopen,
    sort, update,
};
use domain::delivery::Delivery;
use domain::fault::FaultRecord;
use domain::id::{CaseId, EventId, OrderId, PersonId, RegionId, TeamId};
use domain::locker::Locker;
use domain::order::Order;
use domain::team::{Duty, Team};
use domain::{Decision, Refusal, StateKey, Timestamp};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod of_driver;
mod own;

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "GET /cases",
    "GET /cases/{case_id}",
    "POST /cases/{case_id}/assignment",
    "POST /cases/{case_id}/sorting",
    "POST /cases/{case_id}/question",
    "POST /cases/{case_id}/update",
    "POST /cases/{case_id}/decision",
    "POST /cases/{case_id}/closing",
    "POST /cases/{case_id}/reopening",
    "POST /cases/{case_id}/joining",
    "POST /cases/{case_id}/hearing",
    "POST /cases/{case_id}/contest-answer",
    "GET /driver/cases/{case_id}",
    "POST /driver/cases/{case_id}/statement",
    "POST /driver/cases/{case_id}/contest",
    "GET /my/cases/{case_id}",
    "POST /my/cases/{case_id}/answer",
    "POST /my/cases/{case_id}/reopening",
];

/// How many teams of a region are looked at.
const TEAMS_MAX: usize = 50;

/// How many open cases of a team are looked at, and how many are listed. They are read in the order of the list.
const OPEN_MAX: usize = 1_000;
const LISTED_MAX: usize = 100;

/// The longest question to a customer, in characters: it is an e-mail.
const QUESTION_CHARS_MAX: usize = 2_000;

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
    #[serde(default)]
    facts_for: BTreeSet<usize>,
    #[serde(default)]
    facts_against: BTreeSet<usize>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionBody {
    question: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReopeningBody {
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContestAnswerBody {
    granted: bool,
    reasons: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct JoiningBody {
    into: CaseId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, support: &Calendar, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /cases" => list_open(store, request, now).await,
        "GET /cases/{case_id}" => show(store, request).await,
        "POST /cases/{case_id}/assignment" => give(store, request, now).await,
        "POST /cases/{case_id}/sorting" => sort_case(store, support, request, now).await,
        "POST /cases/{case_id}/question" => ask(store, support, request, now).await,
        "POST /cases/{case_id}/update" => tell_where_it_stands(store, support, request, now).await,
        "POST /cases/{case_id}/decision" => decide_case(store, request, now).await,
        "POST /cases/{case_id}/closing" => close_case(store, request, now).await,
        "POST /cases/{case_id}/reopening" => reopen_case(store, support, request, now).await,
        "POST /cases/{case_id}/joining" => join_cases(store, request, now).await,
        "POST /cases/{case_id}/hearing" => hear_driver(store, request, now).await,
        "POST /cases/{case_id}/contest-answer" => answer_contested(store, request, now).await,
        "GET /driver/cases/{case_id}" => of_driver::show(store, request).await,
        "POST /driver/cases/{case_id}/statement" => of_driver::give_statement(store, request, now).await,
        "POST /driver/cases/{case_id}/contest" => of_driver::contest_decision(store, request, now).await,
        "GET /my/cases/{case_id}" => own::show(store, request).await,
        "POST /my/cases/{case_id}/answer" => own::answer(store, support, request, now).await,
        "POST /my/cases/{case_id}/reopening" => own::reopen_own(store, support, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

/// What a list tells of a case: its text and its facts are read one by one.
#[derive(Debug, Serialize)]
struct Listed {
    id: CaseId,
    order: OrderId,
    category: Category,
    severity: CaseSeverity,
    unsure: bool,
    status: CaseStatus,
    owner: Owner,
    team: Option<TeamId>,
    received_at: Timestamp,
    /// By when the next thing is to be done; while the customer is waited for, until when.
    due_at: Timestamp,
    /// What of it has passed already.
    overdue: Vec<Deadline>,
}

impl Listed {
    fn new(case: Case, now: Timestamp) -> Option<Self> {
        let passed = |it: &Deadline| case.deadline(*it).is_some_and(|at| at <= now);
        let overdue = Deadline::ALL.into_iter().filter(passed).collect();
        Some(Self {
            due_at: case.due_first()?,
            overdue,
            id: case.id,
            order: case.order,
            category: case.category,
            severity: case.severity,
            unsure: case.unsure,
            status: case.status,
            owner: case.owner,
            team: case.team,
            received_at: case.received_at,
        })
    }
}

/// The cases of a team that are not decided, or of every team of a region that is the caller's: what is due first first.
async fn list_open<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let agent = request.person()?;
    let region: RegionId = request.query_required("region")?;
    let only: Option<TeamId> = request.query("team")?;
    let mut teams: Vec<Team> = list(store, &keys::teams(&region, TEAMS_MAX)).await?;
    teams.retain(|it| it.duty == Duty::Support && it.is_open_to(&agent) && only.as_ref().is_none_or(|id| it.id == *id));
    if only.is_some() && teams.is_empty() {
        return Err(Problem::NotFound);
    }
    // What came when the region had no team is everybody's.
    let unnamed = keys::open_cases(&region, None, OPEN_MAX);
    let queries = teams.iter().map(|it| keys::open_cases(&region, Some(&it.id), OPEN_MAX));
    let queries = queries.chain(only.is_none().then_some(unnamed));
    let found = try_join_all(queries.map(|query| list_pages::<S, Case>(store, query))).await?;
    let mut listed: Vec<Listed> = found.into_iter().flatten().filter_map(|it| Listed::new(it, now)).collect();
    listed.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
    let open = listed.len();
    listed.truncate(LISTED_MAX);
    Ok(Response::json(200, &json!({ "open": open, "cases": listed })))
}

/// The facts of a case by their places, each with its source and its time.
fn facts(case: &Case) -> Vec<Value> {
    #[derive(Serialize)]
    struct Fact<'a> {
        place: usize,
        source: Source,
        at: Timestamp,
        evidence: &'a Evidence,
    }
    let facts = case.evidence.iter().enumerate().map(|(place, evidence)| Fact {
        place,
        source: evidence.source(),
        at: evidence.at().unwrap_or(case.received_at),
        evidence,
    });
    facts.map(|it| json!(it)).collect()
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
            Evidence::Ratings { .. }
            | Evidence::DeliveredAt { .. }
            | Evidence::Collected { .. }
            | Evidence::FaultBeside { .. }
            | Evidence::OtherComplaint { .. }
            | Evidence::DriverStated { .. } => None,
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
            "facts": facts(&case),
            "weighed": case.weighed(),
            "reopens_until": case.reopens_until(),
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
        let delivery = read_delivery(view, &case).await?;
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
        let delivery = read_delivery(view, &case).await?;
        let DecisionBody { cause, measure, reasons, facts_for, facts_against } = &body;
        let (facts_for, facts_against) = (facts_for.clone(), facts_against.clone());
        let reasons = reasons.clone();
        let made = CaseDecision { cause: *cause, measure: *measure, reasons, facts_for, facts_against, by, at: now };
        Ok(decide(case, delivery, made, event)?)
    })
    .await
}

async fn close_case<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    request.json::<NothingBody>()?;
    change(store, request, "closed", now, async |_, case, by, _| Ok(close(case, by, now)?)).await
}

async fn read_delivery<S: Store>(view: &View<'_, S>, case: &Case) -> Result<Option<Delivery>, Stop> {
    let name = StateKey::Delivery(case.order.clone());
    Ok(view.read(std::slice::from_ref(&name)).await?.take(&name))
}

/// What a person writes: something, and not too much.
fn written(field: &str, text: String, chars_max: usize) -> Result<String, Problem> {
    let length = text.trim().chars().count();
    if (1..=chars_max).contains(&length) {
        Ok(text)
    } else {
        Err(Problem::invalid(field, format!("has 1 to {chars_max} characters")))
    }
}

async fn ask<S: Store>(store: &S, support: &Calendar, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let QuestionBody { question } = request.json()?;
    let question = written("question", question, QUESTION_CHARS_MAX)?;
    change(store, request, "asked", now, async |_, case, by, event| {
        Ok(ask_customer(case, question.clone(), by, support, event, now)?)
    })
    .await
}

async fn tell_where_it_stands<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    request.json::<NothingBody>()?;
    change(store, request, "updated", now, async |_, case, by, event| Ok(update(case, by, support, event, now)?)).await
}

async fn reopen_case<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let ReopeningBody { reason } = request.json()?;
    let reason = written("reason", reason, REASONS_CHARS_MAX)?;
    change(store, request, "reopened", now, async |view, case, by, event| {
        let delivery = read_delivery(view, &case).await?;
        Ok(reopen(case, delivery, Some(by), reason.clone(), support, event, now)?)
    })
    .await
}

async fn join_cases<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let JoiningBody { into } = request.json()?;
    let name = StateKey::Case(into);
    change(store, request, "joined", now, async |view, case, by, event| {
        if StateKey::Case(case.id.clone()) == name {
            return Err(Refusal::NotTheSameMatter.into());
        }
        let into: Option<Case> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        Ok(join(case, into.ok_or(Refusal::UnknownCase)?, by, event, now)?)
    })
    .await
}

async fn hear_driver<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    request.json::<NothingBody>()?;
    change(store, request, "driver-asked", now, async |_, case, by, event| Ok(ask_driver(case, by, event, now)?)).await
}

async fn answer_contested<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let ContestAnswerBody { granted, reasons } = request.json()?;
    let reasons = written("reasons", reasons, REASONS_CHARS_MAX)?;
    change(store, request, "contest-answered", now, async |view, case, by, event| {
        let delivery = read_delivery(view, &case).await?;
        let made = ContestAnswer { granted, reasons: reasons.clone(), by, at: now };
        Ok(answer_contest(case, delivery, made, event)?)
    })
    .await
}

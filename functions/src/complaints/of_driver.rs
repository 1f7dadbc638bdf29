//! Drivers see what is complained of about their own deliveries and what was decided why, give a statement, and contest.
//! Nothing about the customer is theirs to see, nor who has decided.

use aws::apply::{Cause, apply, look};
use aws::http::{Problem, Request, Response};
use aws::store::Store;
use domain::case::{Case, Cause as CaseCause, contest, state};
use domain::feedback::TEXT_CHARS_MAX;
use domain::id::{CaseId, EventId, PersonId};
use domain::seeded::bug;
use domain::{Decision, Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::written;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextBody {
    text: String,
}

/// What its driver is shown of a case.
fn shown(case: &Case) -> Value {
    let hearing = case.hearing.as_ref();
    let blamed = case.decision.as_ref().filter(|it| it.cause == CaseCause::Driver);
    let contest = case.contest.as_ref();
    let answer = contest.and_then(|it| it.answer.as_ref());
    json!({
        "id": case.id,
        "delivery": case.order,
        "category": case.category,
        "status": case.status,
        "state_until": hearing.map(|it| it.state_until),
        "statement": hearing.and_then(|it| it.statement.as_ref()).map(|it| &it.text),
        "decision": blamed.map(|it| json!({ "measure": it.measure, "reasons": it.reasons, "at": it.at })),
        "charged": case.charges_its_driver(),
        "contested_until": case.contested_until(),
        "contest": contest.map(|it| json!({ "text": it.text, "at": it.at, "answer_due_at": it.answer_due_at })),
        "contest_answer": answer.map(|it| json!({ "granted": it.granted, "reasons": it.reasons, "at": it.at })),
    })
}

/// Whether it is this driver's to see: once there was anything to say to it.
fn is_theirs(case: &Case, driver: &PersonId) -> bool {
    case.driver.as_ref() == Some(driver) && (case.hearing.is_some() || case.decision.is_some())
}

pub async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let driver = request.person()?;
    let name = StateKey::Case(request.path("case_id")?);
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let theirs = states.take::<Case>(&name).filter(|it| is_theirs(it, &driver));
    Ok(Response::json(200, &shown(&theirs.ok_or(Refusal::UnknownCase)?)))
}

/// Changes a case by a rule, as its driver. Another's does not exist for them.
async fn change<S: Store>(
    store: &S,
    request: &Request,
    step: &str,
    now: Timestamp,
    rule: impl Fn(Case, String, &EventId) -> Result<Decision<Case>, Refusal>,
) -> Result<Response, Problem> {
    let TextBody { text } = request.json()?;
    let text = written("text", text, TEXT_CHARS_MAX)?;
    let driver: PersonId = request.person()?;
    let id: CaseId = request.path("case_id")?;
    let name = StateKey::Case(id);
    let event = EventId::of_step(step, &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&driver);
    let changed = apply(store, &cause, async |view| {
        let case: Option<Case> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let case = case.filter(|it| is_theirs(it, &driver) || bug("anybody_speaks_for_the_driver"));
        Ok(rule(case.ok_or(Refusal::UnknownCase)?, text.clone(), &event)?)
    })
    .await?;
    Ok(Response::json(200, &shown(&changed.answer())))
}

pub async fn give_statement<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    change(store, request, "stated", now, |case, text, _| state(case, text, now)).await
}

pub async fn contest_decision<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    change(store, request, "contested", now, |case, text, event| contest(case, text, event, now)).await
}

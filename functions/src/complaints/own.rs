//! Customers see where their complaint stands, answer what they are asked, and reopen it. Nothing about the driver, nor
//! about those who work on it, is theirs to see.

use aws::apply::{Cause, Stop, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::store::Store;
use domain::calendar::Calendar;
use domain::case::{Case, answer_question, reopen};
use domain::feedback::TEXT_CHARS_MAX;
use domain::id::{CaseId, EventId, PersonId};
use domain::{Decision, Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{read_delivery, written};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TextBody {
    text: String,
}

/// What its customer is shown of a case.
fn shown(case: &Case) -> Value {
    let questions = case.questions.iter().map(|it| {
        json!({
            "question": it.text,
            "asked_at": it.asked_at,
            "answer_until": it.answer_until,
            "answer": it.answer.as_ref().map(|said| &said.text),
        })
    });
    let answer = case.decision.as_ref().map(|it| json!({ "cause": it.cause, "measure": it.measure, "at": it.at }));
    json!({
        "id": case.id,
        "order": case.order,
        "status": case.status,
        "text": case.text,
        "received_at": case.received_at,
        "answer_due_at": case.heard_at.is_none().then_some(case.answer_due_at).filter(|_| case.status.is_supports_turn()),
        "solution_due_at": case.solution_due_at.filter(|_| case.status.is_supports_turn()),
        "questions": questions.collect::<Vec<_>>(),
        "answer": answer,
        "joined_into": case.joined_into,
        "reopens_until": case.reopens_until(),
    })
}

pub async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let customer = request.person()?;
    let name = StateKey::Case(request.path("case_id")?);
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let own = states.take::<Case>(&name).filter(|it| it.customer == customer);
    Ok(Response::json(200, &shown(&own.ok_or(Refusal::UnknownCase)?)))
}

/// Changes a case by a rule, as its customer. Another's does not exist for them.
async fn change<S: Store>(
    store: &S,
    request: &Request,
    step: &str,
    now: Timestamp,
    rule: impl AsyncFn(&View<'_, S>, Case, &EventId) -> Result<Decision<Case>, Stop>,
) -> Result<Response, Problem> {
    let customer: PersonId = request.person()?;
    let id: CaseId = request.path("case_id")?;
    let name = StateKey::Case(id);
    let event = EventId::of_step(step, &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&customer);
    let changed = apply(store, &cause, async |view| {
        let case: Option<Case> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let case = case.filter(|it| it.customer == customer || domain::seeded::bug("anothers_case_is_answered"));
        rule(view, case.ok_or(Refusal::UnknownCase)?, &event).await
    })
    .await?;
    Ok(Response::json(200, &shown(&changed.answer())))
}

pub async fn answer<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let TextBody { text } = request.json()?;
    let text = written("text", text, TEXT_CHARS_MAX)?;
    change(store, request, "answered", now, async |view, case, _| {
        let delivery = read_delivery(view, &case).await?;
        Ok(answer_question(case, delivery, text.clone(), support, now)?)
    })
    .await
}

pub async fn reopen_own<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let TextBody { text } = request.json()?;
    let text = written("text", text, TEXT_CHARS_MAX)?;
    change(store, request, "reopened-by-customer", now, async |view, case, event| {
        let delivery = read_delivery(view, &case).await?;
        Ok(reopen(case, delivery, None, text.clone(), support, event, now)?)
    })
    .await
}

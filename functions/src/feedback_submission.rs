//! Customers say how the delivery went; a complaint is opened from it.
//! Triggers: HTTP, by the customer's token or by a signed link. Samples: events/feedback-submission.

use aws::apply::{Cause, apply, list, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::link::{InvalidLink, LinkSigner};
use aws::store::{Store, Unavailable};
use domain::calendar::Calendar;
use domain::case::{Case, FoundBeside};
use domain::compartment::Compartment;
use domain::fault::Unit;
use domain::feedback::{Feedback, FeedbackScene, Submission, TEXT_CHARS_MAX, give_feedback};
use domain::id::{CaseId, EventId, OrderId, PersonId};
use domain::locker::Locker;
use domain::notice::LinkPurpose;
use domain::order::Order;
use domain::{StateKey, Timestamp};
use futures_util::future::try_join3;
use serde_json::json;
use uuid::Uuid;

/// The routes of this function.
pub const ROUTES: &[&str] = &["POST /my/orders/{order_id}/feedback", "GET /feedback/{token}", "POST /feedback/{token}"];

/// How many characters of the order's digest a case number has: enough for a million cases a day.
const CASE_NUMBER_LENGTH: usize = 12;

/// How many teams of a region are considered.
const TEAMS_MAX: usize = 50;

/// How many repaired faults of the locker and how many complaints about the driver are looked through.
const FAULTS_MAX: usize = 50;
const OTHERS_MAX: usize = 30;

/// Answers a request. A GET never changes anything: mail scanners follow links.
pub async fn handle<S: Store>(
    store: &S,
    signer: &LinkSigner,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Response {
    let outcome = match request.route_key.as_str() {
        "POST /my/orders/{order_id}/feedback" => submit_own(store, support, request, now).await,
        "GET /feedback/{token}" => show(store, signer, request, now).await,
        "POST /feedback/{token}" => submit_by_link(store, signer, support, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

fn linked_order(signer: &LinkSigner, request: &Request, now: Timestamp) -> Result<OrderId, Problem> {
    let token: String = request.path("token")?;
    match signer.open(&token, now)? {
        LinkPurpose::GiveFeedback { order } => Ok(order),
        LinkPurpose::ChoosePlace { .. } => Err(InvalidLink::Altered.into()),
    }
}

async fn show<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let id = linked_order(signer, request, now)?;
    let name = StateKey::Feedback(id.clone());
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let given = states.take::<Feedback>(&name).map(|feedback| feedback.submission);
    Ok(Response::json(200, &json!({ "order_id": id, "given": given })))
}

async fn submit_by_link<S: Store>(
    store: &S,
    signer: &LinkSigner,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    submit(store, support, request, linked_order(signer, request, now)?, None, now).await
}

async fn submit_own<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    submit(store, support, request, request.path("order_id")?, Some(request.person()?), now).await
}

fn case_number(order: &OrderId) -> CaseId {
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, order.as_str().as_bytes()).simple().to_string().to_uppercase();
    format!("C-{}", &digest[..CASE_NUMBER_LENGTH]).parse().expect("letters and digits are an identifier")
}

async fn submit<S: Store>(
    store: &S,
    support: &Calendar,
    request: &Request,
    id: OrderId,
    customer: Option<PersonId>,
    now: Timestamp,
) -> Result<Response, Problem> {
    let submission: Submission = request.json()?;
    if submission.text.chars().count() > TEXT_CHARS_MAX {
        return Err(Problem::invalid("text", format!("has at most {TEXT_CHARS_MAX} characters")));
    }
    let names = [StateKey::Order(id.clone()), StateKey::Feedback(id.clone()), StateKey::Delivery(id.clone())];
    let event = EventId::of_step("feedback", &request.id());
    let cause = Cause::new(names[2].clone(), event.clone(), now);
    let given = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let order: Option<Order> = states.take(&names[0]);
        // Another's order does not exist for them.
        let order = order.filter(|order| customer.as_ref().is_none_or(|customer| order.customer == *customer));
        let feedback: Option<Feedback> = states.take(&names[1]);
        let edited = feedback.is_some();
        let case = match feedback.as_ref().and_then(|it| it.case.clone()).map(StateKey::Case) {
            Some(name) => view.read(std::slice::from_ref(&name)).await?.take::<Case>(&name),
            None => None,
        };
        let (delivery, beside) = (states.take(&names[2]), FoundBeside::default());
        let mut scene = FeedbackScene { order, feedback, delivery, case, beside, support: *support };
        if let Some(order) = scene.order.as_ref().filter(|_| scene.opens_a_case(&submission)) {
            scene.beside = find_beside(store, order).await?;
        }
        let decision = give_feedback(scene, submission.clone(), case_number(&id), &event, now)?;
        let receipt = decision.answer.clone();
        Ok(decision.answer_with((edited, receipt)))
    })
    .await?;
    let (edited, receipt) = given.answer();
    Ok(Response::json(if edited { 200 } else { 201 }, &receipt))
}

/// What is known beside an order that is complained of: facts for who looks at the case, and whose watch it is. Nothing is
/// committed against it.
async fn find_beside<S: Store>(store: &S, order: &Order) -> Result<FoundBeside, Unavailable> {
    let others = async {
        match &order.driver {
            Some(driver) => list(store, &keys::complaints_about(driver, OTHERS_MAX)).await,
            None => Ok(Vec::new()),
        }
    };
    let Some((locker, number)) = order.compartment() else {
        return Ok(FoundBeside { others: others.await?, ..FoundBeside::default() });
    };
    let names = [StateKey::Locker(locker.clone()), StateKey::Compartment(locker.clone(), number)];
    let faults = keys::fault_records(locker, FAULTS_MAX);
    let ((mut states, _), repaired, others) = try_join3(look(store, &names), list(store, &faults), others).await?;
    let Some(locker) = states.take::<Locker>(&names[0]) else {
        return Ok(FoundBeside { repaired, others, ..FoundBeside::default() });
    };
    let door: Option<Compartment> = states.take(&names[1]);
    let teams = list(store, &keys::teams(&locker.region, TEAMS_MAX)).await?;
    let mut open = vec![(Unit::Locker, locker.faults)];
    open.extend(door.map(|it| (Unit::Compartment(number), it.faults)));
    Ok(FoundBeside { region: Some(locker.region), teams, open, repaired, others })
}

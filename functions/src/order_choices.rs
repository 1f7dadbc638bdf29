//! Customers see where their parcel goes, and choose another place.
//! Triggers: HTTP, by the customer's token or by a signed link. Samples: events/order-choices.

use aws::apply::{Cause, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::link::{InvalidLink, LinkSigner};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M};
use aws::store::Store;
use domain::id::{EventId, LockerId, OrderId};
use domain::locker::Locker;
use domain::notice::LinkPurpose;
use domain::order::{Choice, Order, choose_place, find_room};
use domain::seeded::bug;
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::order_placement::{candidates_of, held_by};

/// The routes of this function.
pub const ROUTES: &[&str] =
    &["GET /my/orders/{order_id}", "POST /my/orders/{order_id}/place", "GET /choices/{token}", "POST /choices/{token}"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceBody {
    #[serde(default)]
    locker_id: Option<LockerId>,
    #[serde(default)]
    home: bool,
}

/// Answers a request. A GET never changes anything: mail scanners follow links.
pub async fn handle<S: Store>(store: &S, signer: &LinkSigner, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /my/orders/{order_id}" => show_own(store, signer, request, now).await,
        "POST /my/orders/{order_id}/place" => choose_own(store, request, now).await,
        "GET /choices/{token}" => show_options(store, signer, request, now).await,
        "POST /choices/{token}" => choose_by_link(store, signer, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

async fn find_order<S: Store>(store: &S, id: &OrderId) -> Result<Order, Problem> {
    let name = StateKey::Order(id.clone());
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    Ok(states.take::<Order>(&name).ok_or(Refusal::UnknownOrder)?)
}

/// An order of the person the token is for. Another's does not exist for them.
async fn own_order<S: Store>(store: &S, request: &Request) -> Result<Order, Problem> {
    let customer = request.person()?;
    let order = find_order(store, &request.path("order_id")?).await?;
    if order.customer == customer || bug("anothers_order_is_shown") {
        Ok(order)
    } else {
        Err(Refusal::UnknownOrder.into())
    }
}

fn linked_order(signer: &LinkSigner, request: &Request, now: Timestamp) -> Result<(OrderId, u32), Problem> {
    let token: String = request.path("token")?;
    match signer.open(&token, now)? {
        LinkPurpose::ChoosePlace { order, place_epoch } => Ok((order, place_epoch)),
        LinkPurpose::GiveFeedback { .. } => Err(InvalidLink::Altered.into()),
    }
}

async fn show_own<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let mut order = own_order(store, request).await?;
    // What was told where its door is shut: one more read for those who wait.
    let mut expected_by = None;
    if let Some((locker, _)) = order.compartment().filter(|_| order.pickup_stopped_at.is_some()) {
        let name = StateKey::WorkOrder(locker.clone());
        let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
        let by_its_repair = |it: &WorkOrder| order.incidents.iter().any(|met| met.work_order == it.id);
        let work_order = states.take::<WorkOrder>(&name).filter(by_its_repair);
        expected_by = work_order.and_then(|it| it.expected_by(now));
    }
    let code = signer.access_code(&order);
    // Through whose hands it goes is for those who answer for it.
    order.recovery = None;
    Ok(Response::json(200, &json!({ "order": order, "access_code": code, "expected_back_by": expected_by })))
}

async fn choose_own<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let order = own_order(store, request).await?;
    choose(store, request, &order.id, order.place_epoch, now).await
}

async fn show_options<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let (id, place_epoch) = linked_order(signer, request, now)?;
    let order = find_order(store, &id).await?;
    if order.place_epoch != place_epoch {
        return Err(Refusal::LinkUsed.into());
    }
    let around = match order.compartment() {
        Some((locker, _)) => Some(locker.clone()),
        None => {
            let of_fault = || order.incidents.last().map(|incident| incident.locker.clone());
            order.displaced_from.clone().or_else(of_fault)
        }
    };
    let mut options = Vec::new();
    if let Some(around) = around {
        let name = StateKey::Locker(around);
        let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
        if let Some(locker) = states.take::<Locker>(&name) {
            let view = View::to_look(store);
            let spread = rooms::spread(&order.id);
            let rooms = rooms::rooms_near(&view, &locker, ALTERNATIVES_RADIUS_M, &order.needs(), spread).await?;
            options = rooms::alternatives(&rooms);
        }
    }
    Ok(Response::json(200, &json!({ "order": order, "options": options, "home": true })))
}

async fn choose_by_link<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let (id, place_epoch) = linked_order(signer, request, now)?;
    choose(store, request, &id, place_epoch, now).await
}

async fn choose<S: Store>(
    store: &S,
    request: &Request,
    id: &OrderId,
    place_epoch: u32,
    now: Timestamp,
) -> Result<Response, Problem> {
    let body: ChoiceBody = request.json()?;
    if body.home == body.locker_id.is_some() {
        return Err(Problem::invalid("locker_id", "give either locker_id or home"));
    }
    let name = StateKey::Order(id.clone());
    let event = EventId::of_step("chosen", &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now);
    let chosen = apply(store, &cause, async |view| {
        let order: Order = view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownOrder)?;
        let held = held_by(view, &order).await?;
        let choice = match &body.locker_id {
            None => Choice::Home,
            Some(locker) => {
                let wanted = StateKey::Locker(locker.clone());
                let needs = order.needs();
                let (mut states, mut candidates) =
                    candidates_of(view, locker, std::slice::from_ref(&wanted), &needs).await?;
                let locker: Locker = states.take(&wanted).ok_or(Refusal::UnknownLocker)?;
                // The index may be behind, and show the compartment as free that is held for this very order.
                candidates.retain(|it| order.compartment() != Some((&it.locker, it.number)));
                Choice::Room(Box::new(find_room(&locker, &candidates, &needs, rooms::spread(&order.id))?))
            }
        };
        Ok(choose_place(order, held, place_epoch, choice, &event, now)?)
    })
    .await?;
    Ok(Response::json(200, &json!({ "order": chosen.answer() })))
}

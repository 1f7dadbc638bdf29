//! Customers see where their parcel goes, and choose another place; support does that for them. Anybody sees whether a
//! locker is open. Triggers: HTTP, by the customer's token, by a signed link, by support, or by anybody. Samples:
//! events/order-choices.
//!
//! A signed link answers programs with JSON and browsers with a page (`page`), by what they accept.

mod page;
mod public;
mod support;

use aws::apply::{Cause, Stop, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::link::{InvalidLink, LinkSigner};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M};
use aws::store::Store;
use domain::compartment::Compartment;
use domain::id::{CompartmentNumber, EventId, LockerId, OrderId, ShopId};
use domain::locker::Locker;
use domain::notice::LinkPurpose;
use domain::order::{Back, Choice, Order, Room, choose_place, find_room, undo_choice};
use domain::person::Preferences;
use domain::place::Place;
use domain::seeded::bug;
use domain::service::ServicePlan;
use domain::shop::Shop;
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::order_placement::{candidates_of, held_by};

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "GET /my/orders/{order_id}",
    "POST /my/orders/{order_id}/place",
    "GET /choices/{token}",
    "POST /choices/{token}",
    "POST /support/orders/{order_id}/reroute",
    "POST /support/orders/{order_id}/notes",
    "GET /public/lockers/{locker_id}",
];

/// What is asked for: one of them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceBody {
    #[serde(default)]
    locker_id: Option<LockerId>,
    /// The shop that the customer named.
    #[serde(default)]
    shop: bool,
    #[serde(default)]
    home: bool,
    /// Back to what was before the latest choice.
    #[serde(default)]
    undo: bool,
}

/// The same, understood.
#[derive(Debug, Clone)]
enum Wanted {
    Locker(LockerId),
    Shop,
    Home,
    Undo,
}

impl ChoiceBody {
    fn wanted(self) -> Result<Wanted, Problem> {
        match (self.locker_id, self.shop, self.home, self.undo) {
            (Some(locker), false, false, false) => Ok(Wanted::Locker(locker)),
            (None, true, false, false) => Ok(Wanted::Shop),
            (None, false, true, false) => Ok(Wanted::Home),
            (None, false, false, true) => Ok(Wanted::Undo),
            _ => Err(Problem::invalid("locker_id", "give one of locker_id, shop, home and undo")),
        }
    }
}

/// Answers a request. A GET never changes anything: mail scanners follow links.
pub async fn handle<S: Store>(store: &S, signer: &LinkSigner, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "GET /my/orders/{order_id}" => show_own(store, signer, request, now).await,
        "POST /my/orders/{order_id}/place" => choose_own(store, request, now).await,
        "GET /choices/{token}" if request.wants_page() => return page::show(store, signer, request, now).await,
        "POST /choices/{token}" if request.is_form() => return page::choose(store, signer, request, now).await,
        "GET /choices/{token}" => show_options(store, signer, request, now).await,
        "POST /choices/{token}" => choose_by_link(store, signer, request, now).await,
        "POST /support/orders/{order_id}/reroute" => support::reroute_order(store, request, now).await,
        "POST /support/orders/{order_id}/notes" => support::note(store, request, now).await,
        "GET /public/lockers/{locker_id}" => public::show_status(store, request, now).await,
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
    let order = own_order(store, request).await?;
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
    let order = for_its_customer(order);
    Ok(Response::json(200, &json!({ "order": order, "access_code": code, "expected_back_by": expected_by })))
}

async fn choose_own<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let order = own_order(store, request).await?;
    let wanted = request.json::<ChoiceBody>()?.wanted()?;
    let place_epoch = match (&wanted, &order.undo) {
        (Wanted::Undo, Some(undo)) => undo.place_epoch,
        _ => order.place_epoch,
    };
    let order = choose(store, request, &order.id, place_epoch, wanted, now).await?;
    Ok(Response::json(200, &json!({ "order": for_its_customer(order) })))
}

/// What the holder of a link sees.
struct Options {
    order: Order,
    alternatives: Vec<rooms::Alternative>,
    /// The shop that the customer named, where it takes one more.
    shop: Option<Shop>,
    /// Until when the choice that was made by this link can be undone. Nothing else can be chosen by it any more.
    undo_until: Option<Timestamp>,
}

async fn find_options<S: Store>(store: &S, id: &OrderId, place_epoch: u32, now: Timestamp) -> Result<Options, Problem> {
    let order = find_order(store, id).await?;
    let mut options = Options { alternatives: Vec::new(), shop: None, undo_until: None, order };
    let order = &options.order;
    if order.place_epoch != place_epoch {
        let undo = order.undoable(now).filter(|it| it.place_epoch == place_epoch).ok_or(Refusal::LinkUsed)?;
        options.undo_until = Some(undo.until);
        return Ok(options);
    }
    let around = match order.compartment() {
        Some((locker, _)) => Some(locker.clone()),
        None => lost_locker(order),
    };
    let names: Vec<StateKey> =
        std::iter::once(StateKey::Preferences(order.customer.clone())).chain(around.map(StateKey::Locker)).collect();
    let (mut states, _) = look(store, &names).await?;
    let preferences: Option<Preferences> = states.take(&names[0]);
    if let Some(locker) = names.get(1).and_then(|name| states.take::<Locker>(name)) {
        let view = View::to_look(store);
        let spread = rooms::spread(&order.id);
        let rooms = rooms::rooms_near(&view, &locker, ALTERNATIVES_RADIUS_M, &order.needs(), spread).await?;
        options.alternatives = rooms::alternatives(&rooms);
        let names: Vec<StateKey> =
            options.alternatives.iter().map(|it| StateKey::ServicePlan(it.locker_id.clone())).collect();
        let (mut plans, _) = look(store, &names).await?;
        for (alternative, name) in options.alternatives.iter_mut().zip(&names) {
            let plan: Option<ServicePlan> = plans.take(name);
            let windows = plan.into_iter().flat_map(|it| it.windows).map(|it| it.drain_from);
            alternative.free_until = windows.filter(|from| *from > now).min();
        }
    }
    let elsewhere = |shop: &ShopId| order.place != Place::Shop { shop: shop.clone() };
    if let Some(shop) = preferences.and_then(|it| it.shop).filter(elsewhere) {
        let name = StateKey::Shop(shop);
        let shop: Option<Shop> = look(store, std::slice::from_ref(&name)).await?.0.take(&name);
        options.shop = shop.filter(|it| it.has_room(now));
    }
    Ok(options)
}

/// The locker whose place an order has lost last.
fn lost_locker(order: &Order) -> Option<LockerId> {
    let of_fault = || order.incidents.last().map(|incident| incident.locker.clone());
    order.displaced_from.clone().or_else(of_fault)
}

/// Through whose hands it goes is for those who answer for it.
fn for_its_customer(order: Order) -> Order {
    Order { recovery: None, ..order }
}

async fn show_options<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let (id, place_epoch) = linked_order(signer, request, now)?;
    let Options { order, alternatives, shop, undo_until } = find_options(store, &id, place_epoch, now).await?;
    let mut answer = json!({
        "home": undo_until.is_none() && order.place != Place::Home,
        "order": for_its_customer(order),
        "options": alternatives,
    });
    if let Some(shop) = shop {
        answer["shop"] = json!({ "shop_id": shop.id, "name": shop.name });
    }
    if let Some(until) = undo_until {
        answer["undo_until"] = json!(until);
    }
    Ok(Response::json(200, &answer))
}

async fn choose_by_link<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let (id, place_epoch) = linked_order(signer, request, now)?;
    let wanted = request.json::<ChoiceBody>()?.wanted()?;
    let order = choose(store, request, &id, place_epoch, wanted, now).await?;
    Ok(Response::json(200, &json!({ "order": for_its_customer(order) })))
}

async fn choose<S: Store>(
    store: &S,
    request: &Request,
    id: &OrderId,
    place_epoch: u32,
    wanted: Wanted,
    now: Timestamp,
) -> Result<Order, Problem> {
    let name = StateKey::Order(id.clone());
    let event = EventId::of_step("chosen", &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now);
    let chosen = apply(store, &cause, async |view| {
        let order: Order = view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownOrder)?;
        let held = held_by(view, &order).await?;
        let choice = match &wanted {
            Wanted::Home => Choice::Home,
            Wanted::Shop => Choice::Shop(own_shop(view, &order).await?),
            Wanted::Locker(locker) => Choice::Room(Box::new(room_at(view, &order, locker, None).await?)),
            Wanted::Undo => {
                let back = way_back(view, &order, now).await?;
                return Ok(undo_choice(order, held, place_epoch, back, &event, now)?);
            }
        };
        Ok(choose_place(order, held, place_epoch, choice, &event, now)?)
    })
    .await?;
    Ok(chosen.answer())
}

/// Room for an order in one locker: this compartment, if it can be had.
async fn room_at<S: Store>(
    view: &View<'_, S>,
    order: &Order,
    locker: &LockerId,
    best: Option<CompartmentNumber>,
) -> Result<Room, Stop> {
    let mut names = vec![StateKey::Locker(locker.clone())];
    names.extend(best.map(|number| StateKey::Compartment(locker.clone(), number)));
    let needs = order.needs();
    let (mut states, mut candidates) = candidates_of(view, locker, &names, &needs).await?;
    let known: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let best: Option<Compartment> = names.get(1).and_then(|name| states.take(name));
    if let Some(room) = best.and_then(|it| find_room(&known, &[it], &needs, 0).ok()) {
        return Ok(room);
    }
    // The index may be behind, and show the compartment as free that is held for this very order.
    candidates.retain(|it| order.compartment() != Some((&it.locker, it.number)));
    Ok(find_room(&known, &candidates, &needs, rooms::spread(&order.id))?)
}

/// The shop that the order's customer named.
async fn own_shop<S: Store>(view: &View<'_, S>, order: &Order) -> Result<Shop, Stop> {
    let name = StateKey::Preferences(order.customer.clone());
    let preferences: Option<Preferences> = view.read(std::slice::from_ref(&name)).await?.take(&name);
    let shop = preferences.and_then(|it| it.shop).ok_or(Refusal::UnknownShop)?;
    shop_of(view, shop).await
}

async fn shop_of<S: Store>(view: &View<'_, S>, shop: ShopId) -> Result<Shop, Stop> {
    let name = StateKey::Shop(shop);
    Ok(view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownShop)?)
}

/// What there is to go back to from the latest choice.
async fn way_back<S: Store>(view: &View<'_, S>, order: &Order, now: Timestamp) -> Result<Back, Stop> {
    let before = order.undoable(now).ok_or(Refusal::TooLate)?.place.clone();
    Ok(match before {
        Place::Compartment { locker, compartment } => {
            Back::To(Choice::Room(room_at(view, order, &locker, Some(compartment)).await?.into()))
        }
        Place::Shop { shop } => Back::To(Choice::Shop(shop_of(view, shop).await?)),
        Place::Home => Back::To(Choice::Home),
        Place::Asked | Place::Custody | Place::Missing | Place::Sender => {
            let name = StateKey::Locker(lost_locker(order).ok_or(Refusal::UnknownLocker)?);
            let lost: Locker =
                view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownLocker)?;
            Back::Asked { from_locker_name: lost.name }
        }
    })
}

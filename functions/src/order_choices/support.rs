//! An agent chooses another place for a customer's order, or writes something down about it.

use aws::apply::{Cause, Stop, View, apply};
use aws::http::{Problem, Request, Response};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M};
use aws::store::Store;
use domain::id::{EventId, LockerId, OrderId};
use domain::locker::Locker;
use domain::order::{Choice, Order, Room};
use domain::person::Preferences;
use domain::size::Needs;
use domain::support::{add_note, reroute};
use domain::{Decision, Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{lost_locker, own_shop, room_at};
use crate::order_placement::held_by;

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 500;

/// The longest note, in characters.
const NOTE_CHARS_MAX: usize = 2_000;

/// What is asked for: one of the places, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RerouteBody {
    #[serde(default)]
    locker_id: Option<LockerId>,
    /// The shop that the customer named.
    #[serde(default)]
    shop: bool,
    #[serde(default)]
    home: bool,
    /// The nearest locker with room, but none that the customer never goes to.
    #[serde(default)]
    best: bool,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    note: String,
}

/// The same, understood.
#[derive(Debug, Clone)]
enum Wanted {
    Locker(LockerId),
    Shop,
    Home,
    Best,
}

fn text(field: &'static str, text: String, chars_max: usize) -> Result<String, Problem> {
    if (1..=chars_max).contains(&text.trim().chars().count()) {
        Ok(text)
    } else {
        Err(Problem::invalid(field, format!("has 1 to {chars_max} characters")))
    }
}

/// Moves an order on its way to where an agent wants it, by the agent's name.
pub async fn reroute_order<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let agent = request.person()?;
    let seen = request.if_match()?;
    let body: RerouteBody = request.json()?;
    let wanted = match (body.locker_id, body.shop, body.home, body.best) {
        (Some(locker), false, false, false) => Wanted::Locker(locker),
        (None, true, false, false) => Wanted::Shop,
        (None, false, true, false) => Wanted::Home,
        (None, false, false, true) => Wanted::Best,
        _ => return Err(Problem::invalid("locker_id", "give one of locker_id, shop, home and best")),
    };
    let reason = text("reason", body.reason, REASON_CHARS_MAX)?;
    let id: OrderId = request.path("order_id")?;
    let name = StateKey::Order(id);
    let event = EventId::of_step("rerouted-by-support", &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&agent);
    let rerouted = apply(store, &cause, async |view| {
        let order: Order = view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownOrder)?;
        if seen.is_some_and(|seen| view.version_of(&name) != Some(seen)) {
            return Err(Refusal::StaleVersion.into());
        }
        if !order.is_underway() {
            return Err(Refusal::wrong_state(order.status).into());
        }
        let goes_to = order.compartment().map(|(locker, _)| locker.clone());
        let choice = match &wanted {
            Wanted::Home => Choice::Home,
            Wanted::Shop => Choice::Shop(own_shop(view, &order).await?),
            Wanted::Locker(locker) if goes_to.as_ref() == Some(locker) => return Ok(Decision::new(order)),
            Wanted::Locker(locker) => Choice::Room(room_at(view, &order, locker, None).await?.into()),
            Wanted::Best => Choice::Room(nearest_room(view, &order).await?.into()),
        };
        let held = held_by(view, &order).await?;
        Ok(reroute(order, held, choice, agent.clone(), reason.clone(), &event, now)?)
    })
    .await?;
    Ok(Response::json(200, &json!({ "order": rerouted.answer() })))
}

/// Room in the nearest other locker around where the order goes, or was to go, that its customer would go to.
async fn nearest_room<S: Store>(view: &View<'_, S>, order: &Order) -> Result<Room, Stop> {
    let around = order.compartment().map(|(locker, _)| locker.clone()).or_else(|| lost_locker(order));
    let names = [StateKey::Locker(around.ok_or(Refusal::NoRoom)?), StateKey::Preferences(order.customer.clone())];
    let mut states = view.read(&names).await?;
    let around: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let wishes: Option<Preferences> = states.take(&names[1]);
    let reachable = order.reachable || wishes.as_ref().is_some_and(|it| it.reachable);
    let needs = Needs { reachable, ..order.needs() };
    let near = rooms::rooms_near(view, &around, ALTERNATIVES_RADIUS_M, &needs, rooms::spread(&order.id)).await?;
    let goes_to = |room: &Room| wishes.as_ref().is_none_or(|it| !it.never.contains(&room.locker.id));
    Ok(near.into_iter().map(|(_, room)| room).find(goes_to).ok_or(Refusal::NoRoom)?)
}

/// Writes a note into the history of an order, by the agent's name.
pub async fn note<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let agent = request.person()?;
    let body: NoteBody = request.json()?;
    let note = text("note", body.note, NOTE_CHARS_MAX)?;
    let name = StateKey::Order(request.path("order_id")?);
    let cause = Cause::new(name.clone(), EventId::of_step("noted", &request.id()), now).by(&agent);
    let noted = apply(store, &cause, async |view| {
        let order: Order = view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownOrder)?;
        Ok(add_note(order, agent.clone(), note.clone()))
    })
    .await?;
    Ok(Response::json(201, &json!({ "order": noted.answer() })))
}

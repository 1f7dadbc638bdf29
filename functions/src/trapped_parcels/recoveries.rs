//! A trapped parcel is fetched: started, taken out, handed over, redirected, given up. That it is in its new place is
//! told by the device there, like every deposit. One that has expired is fetched in the same steps, and returned.

use aws::apply::{Cause, Stop, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M};
use aws::store::Store;
use domain::compartment::Compartment;
use domain::expiry::{abandon_return, return_parcel, start_return as begin_return};
use domain::id::{EventId, LockerId, OrderId, PersonId};
use domain::locker::Locker;
use domain::order::{Order, Room, find_room};
use domain::recovery::{
    CompartmentId, abandon_recovery, receive_parcel, redirect_recovery, start_recovery, take_parcel,
};
use domain::{Decision, Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::reason;
use crate::order_placement::candidates_of;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartBody {
    order_id: OrderId,
    /// Where to bring it; without one, the nearest room.
    #[serde(default)]
    locker_id: Option<LockerId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReturnBody {
    order_id: OrderId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NothingBody {}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiveBody {
    from: PersonId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RedirectBody {
    #[serde(default)]
    locker_id: Option<LockerId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AbandonBody {
    reason: String,
}

/// What is done with a parcel that is being fetched.
#[derive(Debug)]
enum Step {
    Take,
    Receive {
        from: PersonId,
    },
    Redirect {
        to: Option<LockerId>,
    },
    Abandon {
        reason: String,
    },
    /// It is back with who sent it.
    Return,
}

/// The order with its run and its chain of custody.
pub async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let name = StateKey::Order(request.path("order_id")?);
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let order: Order = states.take(&name).ok_or(Refusal::UnknownOrder)?;
    Ok(Response::json(200, &json!({ "order": order })))
}

/// Begins to fetch a parcel.
pub async fn start<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let by = request.person()?;
    let body: StartBody = request.json()?;
    let name = StateKey::Order(body.order_id.clone());
    let event = EventId::of_step("recovery-started", &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&by);
    let started = apply(store, &cause, async |view| {
        let order = read_order(view, &name).await?;
        let (locker, compartment) = read_door(view, &order).await?;
        let room = choose_room(view, &order, &locker, body.locker_id.as_ref()).await?;
        Ok(start_recovery(order, &locker, &compartment, room, by.clone(), &event, now)?)
    })
    .await?;
    Ok(Response::json(201, &json!({ "order": started.answer() })))
}

/// Begins to bring a parcel back that nobody has collected.
pub async fn start_return<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let by = request.person()?;
    let body: ReturnBody = request.json()?;
    let name = StateKey::Order(body.order_id.clone());
    let cause = Cause::new(name.clone(), EventId::of_step("return-started", &request.id()), now).by(&by);
    let started = apply(store, &cause, async |view| {
        let order = read_order(view, &name).await?;
        let (_, compartment) = read_door(view, &order).await?;
        Ok(begin_return(order, &compartment, by.clone(), now)?)
    })
    .await?;
    Ok(Response::json(201, &json!({ "order": started.answer() })))
}

fn read_step(request: &Request) -> Result<Step, Problem> {
    match request.path::<String>("step")?.as_str() {
        "take" => request.json::<NothingBody>().map(|_| Step::Take),
        "receive" => request.json::<ReceiveBody>().map(|body| Step::Receive { from: body.from }),
        "redirect" => request.json::<RedirectBody>().map(|body| Step::Redirect { to: body.locker_id }),
        "return" => request.json::<NothingBody>().map(|_| Step::Return),
        "abandon" => Ok(Step::Abandon { reason: reason(request.json::<AbandonBody>()?.reason)? }),
        _ => Err(Problem::NotFound),
    }
}

/// Moves a run on, by whoever the token is for.
pub async fn step<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let by = request.person()?;
    let id: OrderId = request.path("order_id")?;
    let step = read_step(request)?;
    let name = StateKey::Order(id);
    let event = EventId::of_step("recovery", &request.id());
    let cause = Cause::new(name.clone(), event.clone(), now).by(&by);
    let taken = apply(store, &cause, async |view| {
        let order = read_order(view, &name).await?;
        let decision: Decision<Order> = match &step {
            Step::Take => {
                let (_, compartment) = read_door(view, &order).await?;
                take_parcel(order, compartment, by.clone(), now)?
            }
            Step::Receive { from } => receive_parcel(order, from.clone(), by.clone(), now)?,
            Step::Redirect { to } => {
                let held = read_target(view, &order).await?;
                let trapped_at = order.recovery.as_ref().map(|it| StateKey::Locker(it.from.locker.clone()));
                let trapped_at = trapped_at.ok_or_else(|| Refusal::wrong_state(order.status))?;
                let mut states = view.read(std::slice::from_ref(&trapped_at)).await?;
                let from: Locker = states.take(&trapped_at).ok_or(Refusal::UnknownLocker)?;
                let room = choose_room(view, &order, &from, to.as_ref()).await?;
                redirect_recovery(order, &from, held, room, by.clone(), &event, now)?
            }
            Step::Return => return_parcel(order, by.clone(), &event, now)?,
            Step::Abandon { reason } if order.is_being_returned() => {
                abandon_return(order, by.clone(), reason.clone(), now)?
            }
            Step::Abandon { reason } => {
                let (locker, compartment) = read_door(view, &order).await?;
                let held = read_target(view, &order).await?;
                let by = Some((by.clone(), reason.clone()));
                abandon_recovery(order, &locker, &compartment, held, by, &event, now)?
            }
        };
        Ok(decision)
    })
    .await?;
    Ok(Response::json(200, &json!({ "order": taken.answer() })))
}

async fn read_order<S: Store>(view: &View<'_, S>, name: &StateKey) -> Result<Order, Stop> {
    Ok(view.read(std::slice::from_ref(name)).await?.take(name).ok_or(Refusal::UnknownOrder)?)
}

/// The locker and the compartment that a parcel is in.
async fn read_door<S: Store>(view: &View<'_, S>, order: &Order) -> Result<(Locker, Compartment), Stop> {
    let Some((locker, number)) = order.compartment() else {
        return Err(Refusal::wrong_state(order.status).into());
    };
    let names = [StateKey::Locker(locker.clone()), StateKey::Compartment(locker.clone(), number)];
    let mut states = view.read(&names).await?;
    let locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    Ok((locker, states.take(&names[1]).ok_or(Refusal::UnknownCompartment)?))
}

/// The compartment that is reserved for a parcel while it is fetched.
async fn read_target<S: Store>(view: &View<'_, S>, order: &Order) -> Result<Option<Compartment>, Stop> {
    match order.recovery_target().map(CompartmentId::key) {
        Some(name) => Ok(view.read(std::slice::from_ref(&name)).await?.take(&name)),
        None => Ok(None),
    }
}

/// Where the parcel is brought: to the locker that is asked for, or to another compartment of this one, or to the
/// nearest that has room.
async fn choose_room<S: Store>(
    view: &View<'_, S>,
    order: &Order,
    around: &Locker,
    wanted: Option<&LockerId>,
) -> Result<Room, Stop> {
    let spread = rooms::spread(&order.id);
    let id = wanted.unwrap_or(&around.id);
    let name = StateKey::Locker(id.clone());
    let needs = order.needs();
    let (mut states, mut candidates) = candidates_of(view, id, std::slice::from_ref(&name), &needs).await?;
    let locker: Locker = states.take(&name).ok_or(Refusal::UnknownLocker)?;
    // The index may be behind, and show as free what holds the parcel, or is held for it.
    let own = |it: &Compartment| {
        order.compartment() == Some((&it.locker, it.number)) || order.recovery_target() == Some(&CompartmentId::of(it))
    };
    candidates.retain(|it| !own(it));
    match find_room(&locker, &candidates, &needs, spread) {
        Ok(room) => Ok(room),
        Err(refusal) if wanted.is_some() => Err(refusal.into()),
        Err(_) => {
            let near = rooms::rooms_near(view, around, ALTERNATIVES_RADIUS_M, &needs, spread).await?;
            let room = near.into_iter().map(|(_, room)| room).find(|room| !own(&room.compartment));
            Ok(room.ok_or(Refusal::NoRoom)?)
        }
    }
}

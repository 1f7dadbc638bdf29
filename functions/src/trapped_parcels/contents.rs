//! A person has looked into a compartment of which it was not known what is inside.

use aws::apply::{Cause, Stop, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::store::Store;
use domain::compartment::Compartment;
use domain::contents::{LookScene, settle_contents};
use domain::id::{CompartmentNumber, EventId, LockerId, OrderId};
use domain::locker::Locker;
use domain::order::Order;
use domain::recovery::CompartmentId;
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContentsBody {
    /// The order whose parcel is inside.
    #[serde(default)]
    order_id: Option<OrderId>,
    #[serde(default)]
    empty: bool,
}

/// Settles what is inside, by the word of the person the token is for.
pub async fn settle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let by = request.person()?;
    let body: ContentsBody = request.json()?;
    if body.empty == body.order_id.is_some() {
        return Err(Problem::invalid("order_id", "give either order_id or empty"));
    }
    let locker: LockerId = request.path("locker_id")?;
    let number: CompartmentNumber = request.path::<u16>("compartment")?.try_into().map_err(|_| Problem::NotFound)?;
    let door = StateKey::Compartment(locker.clone(), number);
    // Where nothing was found, it concerns the order that is recorded there: what happened is told in its history.
    let recorded = {
        let (mut states, _) = look(store, std::slice::from_ref(&door)).await?;
        let compartment: Compartment = states.take(&door).ok_or(Refusal::UnknownCompartment)?;
        compartment.order().cloned()
    };
    let concerned = body.order_id.clone().or_else(|| recorded.clone());
    let subject = concerned.clone().map_or_else(|| StateKey::Locker(locker.clone()), StateKey::Order);
    let event = EventId::of_step("looked", &request.id());
    let cause = Cause::new(subject, event.clone(), now).by(&by);
    let names = [StateKey::Locker(locker.clone()), door];
    let settled = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let own: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
        let compartment: Compartment = states.take(&names[1]).ok_or(Refusal::UnknownCompartment)?;
        if compartment.order() != recorded.as_ref() {
            return Err(Refusal::StaleVersion.into());
        }
        let found = read_order(view, body.order_id.as_ref()).await?;
        if body.order_id.is_some() && found.is_none() {
            return Err(Refusal::UnknownOrder.into());
        }
        let other = recorded.as_ref().filter(|recorded| body.order_id.as_ref() != Some(*recorded));
        let recorded = read_order(view, other).await?;
        let held = held_elsewhere(view, found.as_ref().or(recorded.as_ref()), &compartment).await?;
        let scene = LookScene { locker: own, compartment, found, recorded, held };
        Ok(settle_contents(scene, by.clone(), &event, now)?)
    })
    .await?;
    Ok(Response::json(200, &json!({ "compartment": settled.answer() })))
}

async fn read_order<S: Store>(view: &View<'_, S>, id: Option<&OrderId>) -> Result<Option<Order>, Stop> {
    let Some(id) = id else { return Ok(None) };
    let name = StateKey::Order(id.clone());
    Ok(view.read(std::slice::from_ref(&name)).await?.take(&name))
}

/// What is reserved for an order in another compartment than this.
async fn held_elsewhere<S: Store>(
    view: &View<'_, S>,
    order: Option<&Order>,
    here: &Compartment,
) -> Result<Option<Compartment>, Stop> {
    let Some(order) = order else { return Ok(None) };
    let own = order.compartment().filter(|_| order.is_underway());
    let own = own.map(|(locker, compartment)| CompartmentId { locker: locker.clone(), compartment });
    let Some(door) = order.recovery_target().cloned().or(own).filter(|door| *door != CompartmentId::of(here)) else {
        return Ok(None);
    };
    let name = door.key();
    Ok(view.read(std::slice::from_ref(&name)).await?.take(&name))
}

//! A driver stands at a locker: may this door be opened now, and which?
//! Trigger: HTTP, courier app. Sample: events/deposit-authorisation.

use aws::apply::{ApplyError, Cause, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::metric::{self, Metric};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M, Alternative};
use aws::store::{Store, Unavailable};
use domain::id::{EventId, LockerId, OrderId};
use domain::locker::Locker;
use domain::order::{DoorScene, Order, authorise_deposit};
use domain::{Refusal, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

/// The routes of this function.
pub const ROUTES: &[&str] = &["POST /deposits"];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DepositBody {
    order_id: OrderId,
    locker_id: LockerId,
}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "POST /deposits" => authorise(store, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

async fn authorise<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let driver = request.person()?;
    let body: DepositBody = request.json()?;
    let event = EventId::of_step("deposit-authorised", &request.id());
    let cause = Cause::new(StateKey::Order(body.order_id.clone()), event, now).by(&driver);
    let names = [StateKey::Order(body.order_id.clone()), StateKey::Locker(body.locker_id.clone())];
    let authorised = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let order: Order = states.take(&names[0]).ok_or(Refusal::UnknownOrder)?;
        let compartment = match order.deposit_compartment() {
            Some((locker, number)) if *locker == body.locker_id => {
                let name = StateKey::Compartment(locker.clone(), number);
                view.read(std::slice::from_ref(&name)).await?.take(&name)
            }
            _ => return Err(Refusal::OtherPlace.into()),
        };
        let scene = DoorScene { order: Some(order), locker: states.take(&names[1]), compartment, target: None };
        Ok(authorise_deposit(scene, driver.clone(), now)?)
    })
    .await;
    match authorised {
        Ok(authorised) => Ok(Response::json(
            200,
            &json!({
                "order_id": body.order_id,
                "locker_id": body.locker_id,
                "compartment": authorised.answer(),
            }),
        )),
        Err(ApplyError::Refused(refusal)) => {
            metric::count(Metric::DepositsRefused, 1);
            let alternatives = alternatives(store, &names).await?;
            Err(Problem::Refused { refusal, alternatives })
        }
        Err(error) => Err(error.into()),
    }
}

/// Where else the parcel could go.
async fn alternatives<S: Store>(store: &S, names: &[StateKey]) -> Result<Vec<Alternative>, Unavailable> {
    let (mut states, _) = look(store, names).await?;
    let (Some(order), Some(locker)) = (states.take::<Order>(&names[0]), states.take::<Locker>(&names[1])) else {
        return Ok(Vec::new());
    };
    let view = View::to_look(store);
    let rooms =
        rooms::rooms_near(&view, &locker, ALTERNATIVES_RADIUS_M, &order.needs(), rooms::spread(&order.id)).await?;
    Ok(rooms::alternatives(&rooms))
}

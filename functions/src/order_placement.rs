//! Order systems place orders, look at them and cancel them.
//! Trigger: HTTP, signed by an order system. Samples: events/order-placement.

use aws::apply::{Applied, ApplyError, Cause, Stop, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::metric::{self, Metric};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M, CANDIDATES_MAX};
use aws::store::{Store, Unavailable};
use domain::compartment::Compartment;
use domain::id::{EventId, LockerId, OrderId, PersonId};
use domain::locker::Locker;
use domain::order::{Order, PlaceOrder, Room, cancel, find_room, place_order};
use domain::place::{Place, Position};
use domain::seeded::bug;
use domain::size::{Dimensions, Size};
use domain::{Refusal, StateKey, Timestamp};
use futures_util::future::join;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// The routes of this function.
pub const ROUTES: &[&str] = &["POST /orders", "GET /orders/{order_id}", "DELETE /orders/{order_id}", "GET /lockers"];

/// How many lockers a search answers with.
const LOCKERS_MAX: usize = 20;

/// The longest Idempotency-Key, in characters: a UUID has 36.
const IDEMPOTENCY_KEY_LENGTH_MAX: usize = 128;

/// The largest radius that can be asked for, in metres.
const RADIUS_M_MAX: u32 = 20_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceOrderBody {
    customer_id: PersonId,
    locker_id: LockerId,
    #[serde(default)]
    size: Option<Size>,
    #[serde(default)]
    dimensions: Option<Dimensions>,
    #[serde(default)]
    promised_at: Option<Timestamp>,
    /// The customer agreed beforehand to another locker within this distance.
    #[serde(default)]
    elsewhere_within_m: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Placement {
    order: Order,
    locker_id: Option<LockerId>,
    compartment: Option<u16>,
}

impl From<Order> for Placement {
    fn from(order: Order) -> Self {
        let place = order.compartment().map(|(locker, compartment)| (locker.clone(), compartment.get()));
        let (locker_id, compartment) = place.unzip();
        Self { order, locker_id, compartment }
    }
}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, request: &Request, now: Timestamp) -> Response {
    // The gateway lets in only who has signed; whoever comes without a name came around it.
    let outcome = match (request.system(), request.route_key.as_str()) {
        (Err(problem), _) => Err(problem),
        (Ok(system), "POST /orders") => place(store, request, system, now).await,
        (Ok(_), "GET /orders/{order_id}") => show(store, request).await,
        (Ok(system), "DELETE /orders/{order_id}") => cancel_order(store, request, system, now).await,
        (Ok(_), "GET /lockers") => search(store, request).await,
        (Ok(_), _) => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

fn size_of(body: &PlaceOrderBody) -> Result<Size, Problem> {
    match (body.size, body.dimensions) {
        (Some(size), None) => Ok(size),
        (None, Some(dimensions)) => {
            if [dimensions.length_mm, dimensions.width_mm, dimensions.height_mm].contains(&0) {
                return Err(Problem::invalid("dimensions", "every side is at least 1 mm"));
            }
            Ok(Size::smallest_for(dimensions).ok_or(Refusal::TooBig)?)
        }
        _ => Err(Problem::invalid("size", "give either size or dimensions")),
    }
}

/// The same key of the same system is the same order.
fn order_id(system: &str, key: &str) -> OrderId {
    let name = format!("{system}\n{key}");
    let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes()).simple().to_string();
    id.parse().expect("a UUID is an identifier")
}

fn idempotency_key(request: &Request) -> Result<&str, Problem> {
    let key = request.headers.get("idempotency-key").map(String::as_str).unwrap_or_default();
    if (1..=IDEMPOTENCY_KEY_LENGTH_MAX).contains(&key.len()) {
        Ok(key)
    } else {
        Err(Problem::invalid("Idempotency-Key", format!("is required, 1 to {IDEMPOTENCY_KEY_LENGTH_MAX} characters")))
    }
}

async fn place<S: Store>(store: &S, request: &Request, system: &str, now: Timestamp) -> Result<Response, Problem> {
    let key = idempotency_key(request)?;
    let body: PlaceOrderBody = request.json()?;
    let size = size_of(&body)?;
    if body.elsewhere_within_m.is_some_and(|radius_m| radius_m > RADIUS_M_MAX) {
        return Err(Problem::invalid("elsewhere_within_m", format!("is at most {RADIUS_M_MAX}")));
    }
    let wanted = PlaceOrder {
        order: order_id(system, key),
        customer: body.customer_id.clone(),
        size,
        promised_at: body.promised_at,
    };
    let event: EventId = EventId::of_step("placed", &wanted.order);
    let cause = Cause::new(StateKey::Order(wanted.order.clone()), event.clone(), now)
        .by(system)
        .with_fingerprint_of(&request.body_bytes()?);
    let placed = apply(store, &cause, async |view| {
        let (locker, room) = find(view, &body.locker_id, size, &wanted.order).await?;
        let decision = match (room, body.elsewhere_within_m) {
            (Ok(room), _) => place_order(wanted.clone(), room, None, &event, now),
            (Err(refusal), None) if !bug("consent_is_assumed") => return Err(refusal.into()),
            (Err(refusal), radius_m) => {
                let radius_m = radius_m.unwrap_or(ALTERNATIVES_RADIUS_M);
                let rooms = rooms::rooms_near(view, &locker, radius_m, size, rooms::spread(&wanted.order)).await?;
                let (_, room) = rooms.into_iter().next().ok_or(refusal)?;
                place_order(wanted.clone(), room, Some(&locker), &event, now)
            }
        };
        let answer = Placement::from(decision.answer.clone());
        Ok(decision.answer_with(answer))
    })
    .await;
    match placed {
        Ok(Applied::Now(placement) | Applied::Before(placement)) => Ok(Response::json(201, &placement)),
        Err(ApplyError::Refused(refusal)) => {
            metric::count(Metric::OrdersRefused, 1);
            let alternatives = alternatives(store, &body.locker_id, size, &wanted.order).await?;
            Err(Problem::Refused { refusal, alternatives })
        }
        Err(error) => Err(error.into()),
    }
}

/// The locker that is asked for, and room in it: one round trip.
async fn find<S: Store>(
    view: &View<'_, S>,
    locker: &LockerId,
    size: Size,
    order: &OrderId,
) -> Result<(Locker, Result<Room, Refusal>), Stop> {
    let name = StateKey::Locker(locker.clone());
    let candidates = keys::bookable(locker, size, CANDIDATES_MAX);
    let (states, candidates) = join(view.read(std::slice::from_ref(&name)), view.query(&candidates)).await;
    let locker: Locker = states?.take(&name).ok_or(Refusal::UnknownLocker)?;
    let candidates: Vec<Compartment> = candidates?;
    let room = find_room(&locker, &candidates, size, rooms::spread(order));
    Ok((locker, room))
}

/// The nearest lockers that could take the order instead; none around a locker nobody knows.
async fn alternatives<S: Store>(
    store: &S,
    wanted: &LockerId,
    size: Size,
    order: &OrderId,
) -> Result<Vec<rooms::Alternative>, Unavailable> {
    let name = StateKey::Locker(wanted.clone());
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let Some(locker) = states.take::<Locker>(&name) else { return Ok(Vec::new()) };
    let view = View::to_look(store);
    let rooms = rooms::rooms_near(&view, &locker, ALTERNATIVES_RADIUS_M, size, rooms::spread(order)).await?;
    Ok(rooms::alternatives(&rooms))
}

async fn show<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let name = StateKey::Order(request.path("order_id")?);
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let order: Order = states.take(&name).ok_or(Refusal::UnknownOrder)?;
    Ok(Response::json(200, &Placement::from(order)))
}

async fn cancel_order<S: Store>(
    store: &S,
    request: &Request,
    system: &str,
    now: Timestamp,
) -> Result<Response, Problem> {
    let id: OrderId = request.path("order_id")?;
    let name = StateKey::Order(id.clone());
    let cause = Cause::new(name.clone(), EventId::of_step("cancelled", &id), now).by(system);
    let cancelled = apply(store, &cause, async |view| {
        let order: Order = view.read(std::slice::from_ref(&name)).await?.take(&name).ok_or(Refusal::UnknownOrder)?;
        let held = held_by(view, &order).await?;
        Ok(cancel(order, held, now)?)
    })
    .await?;
    Ok(Response::json(200, &Placement::from(cancelled.answer())))
}

/// The compartment an order holds.
///
/// # Errors
/// [`Stop::Unavailable`]
pub async fn held_by<S: Store>(view: &View<'_, S>, order: &Order) -> Result<Option<Compartment>, Stop> {
    match &order.place {
        Place::Compartment { locker, compartment } => {
            let name = StateKey::Compartment(locker.clone(), *compartment);
            Ok(view.read(std::slice::from_ref(&name)).await?.take(&name))
        }
        Place::Home | Place::Asked | Place::Custody | Place::Missing => Ok(None),
    }
}

async fn search<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let around = Position {
        latitude_e6: request.query_required("latitude_e6")?,
        longitude_e6: request.query_required("longitude_e6")?,
    };
    if !around.is_valid() {
        return Err(Problem::invalid("latitude_e6", "is not a point on the Earth"));
    }
    let radius_m: u32 = request.query("radius_m")?.unwrap_or(ALTERNATIVES_RADIUS_M);
    if radius_m > RADIUS_M_MAX {
        return Err(Problem::invalid("radius_m", format!("is at most {RADIUS_M_MAX}")));
    }
    let size: Option<Size> = request.query("size")?;
    let closed_too: bool = request.query("include_closed")?.unwrap_or(false);
    let view = View::to_look(store);
    let lockers = rooms::lockers_near(&view, around, radius_m).await?;
    let mut answers = Vec::new();
    for (distance_m, locker) in lockers {
        let free = free_by_size(store, &locker).await?;
        let fits = free.iter().any(|(own, count)| *own >= size.unwrap_or(Size::XS) && *count > 0);
        if closed_too || (locker.bookable() && fits) {
            answers.push(json!({
                "locker_id": locker.id,
                "name": locker.name,
                "distance_m": distance_m,
                "bookable": locker.bookable(),
                "free": free,
            }));
        }
        if answers.len() == LOCKERS_MAX {
            break;
        }
    }
    Ok(Response::json(200, &json!({ "lockers": answers })))
}

/// How many compartments of each size can be booked now.
///
/// # Errors
/// [`Unavailable`]
pub async fn free_by_size<S: Store>(
    store: &S,
    locker: &Locker,
) -> Result<std::collections::BTreeMap<Size, u32>, Unavailable> {
    let mut free: std::collections::BTreeMap<Size, u32> = locker.sizes.iter().map(|(size, _)| (*size, 0)).collect();
    if locker.bookable() {
        let query = keys::bookable(&locker.id, Size::XS, domain::id::CompartmentNumber::MAX as usize);
        let bookable: Vec<Compartment> = aws::apply::list(store, &query).await?;
        for compartment in bookable {
            *free.entry(compartment.size).or_default() += 1;
        }
    }
    Ok(free)
}

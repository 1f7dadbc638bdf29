//! Order systems place orders, look at them and cancel them.
//! Trigger: HTTP, signed by an order system. Samples: events/order-placement.

use std::collections::{BTreeMap, BTreeSet};

use aws::apply::{Applied, ApplyError, Cause, States, Stop, View, apply, look};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::metric::{self, Metric};
use aws::rooms::{self, ALTERNATIVES_RADIUS_M};
use aws::store::{Store, Unavailable};
use domain::bundle::Bundle;
use domain::compartment::Compartment;
use domain::expiry::{HELD_FOR, HELD_FOR_MAX, PROMISED_WITHIN};
use domain::id::{BundleId, CompartmentNumber, EventId, LockerId, OrderId, PersonId};
use domain::locker::Locker;
use domain::order::{Held, Order, PlaceOrder, Room, cancel, find_room, place_order};
use domain::person::Preferences;
use domain::place::{Place, Position};
use domain::plan::Seeker;
use domain::seeded::bug;
use domain::size::{Dimensions, Needs, OwnMeasures, Parcel, RoomNeeded, Size};
use domain::{Refusal, SignedDuration, State, StateKey, Timestamp};
use futures_util::future::{join, try_join, try_join_all};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::expected_back;
use crate::places::{Found, find_places};

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "POST /orders",
    "GET /orders/{order_id}",
    "DELETE /orders/{order_id}",
    "GET /lockers",
    "GET /lockers/{locker_id}/availability",
];

/// How many lockers a search answers with.
const LOCKERS_MAX: usize = 20;

/// How many times as many are asked for room: where none of so many near ones has any, farther ones are no help.
const SEARCH_BURSTS_MAX: usize = 5;

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
    weight_g: Option<u32>,
    #[serde(default)]
    promised_at: Option<Timestamp>,
    /// For how many hours after that, or after now where nothing is promised, the place is held for the parcel.
    #[serde(default)]
    hold_hours: Option<u16>,
    /// The customer's parcels that stay together.
    #[serde(default)]
    bundle_id: Option<BundleId>,
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
        (Ok(_), "GET /lockers") => search(store, request, now).await,
        (Ok(_), "GET /lockers/{locker_id}/availability") => check(store, request, now).await,
        (Ok(_), _) => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

/// What room is asked for, by size or by the parcel's own measures.
fn room_needed(
    size: Option<Size>,
    dimensions: Option<Dimensions>,
    weight_g: Option<u32>,
) -> Result<Option<RoomNeeded>, Problem> {
    match (size, dimensions) {
        (Some(_), None) if weight_g.is_some() => {
            Err(Problem::invalid("weight_g", "is given with the dimensions, not with a size"))
        }
        (Some(size), None) => Ok(Some(RoomNeeded::Size(size))),
        (None, Some(dimensions)) => {
            if [dimensions.length_mm, dimensions.width_mm, dimensions.height_mm].contains(&0) {
                return Err(Problem::invalid("dimensions", "every side is at least 1 mm"));
            }
            Ok(Some(RoomNeeded::Parcel(Parcel { dimensions, weight_g })))
        }
        (None, None) if weight_g.is_some() => Err(Problem::invalid("weight_g", "is given with the dimensions")),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Problem::invalid("size", "give either size or dimensions")),
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
    let room = room_needed(body.size, body.dimensions, body.weight_g)?
        .ok_or_else(|| Problem::invalid("size", "give either size or dimensions"))?;
    if body.elsewhere_within_m.is_some_and(|radius_m| radius_m > RADIUS_M_MAX) {
        return Err(Problem::invalid("elsewhere_within_m", format!("is at most {RADIUS_M_MAX}")));
    }
    if body.promised_at.is_some_and(|at| at > now + PROMISED_WITHIN) {
        return Err(Problem::invalid(
            "promised_at",
            format!("is at most {} days ahead", PROMISED_WITHIN.as_hours() / 24),
        ));
    }
    let hold_for = body.hold_hours.map_or(HELD_FOR, |hours| SignedDuration::from_hours(hours.into()));
    if hold_for < SignedDuration::from_hours(1) || hold_for > HELD_FOR_MAX {
        return Err(Problem::invalid("hold_hours", format!("is 1 to {}", HELD_FOR_MAX.as_hours())));
    }
    let order = order_id(system, key);
    let event: EventId = EventId::of_step("placed", &order);
    let cause = Cause::new(StateKey::Order(order.clone()), event.clone(), now)
        .by(system)
        .with_fingerprint_of(&request.body_bytes()?);
    let placed = apply(store, &cause, async |view| {
        let (locker, preferences, needs, room) = find(view, &body.locker_id, &body.customer_id, room, &order).await?;
        let bundle = match &body.bundle_id {
            Some(id) => Some(join_bundle(view, id, &body.customer_id, &order).await?),
            None => None,
        };
        let wanted = PlaceOrder {
            order: order.clone(),
            customer: body.customer_id.clone(),
            needs,
            bundle: body.bundle_id.clone(),
            promised_at: body.promised_at,
            hold_for,
        };
        let mut decision = match (room, body.elsewhere_within_m) {
            (Ok(room), _) => place_order(wanted, room, None, &event, now),
            (Err(refusal), None) if !bug("consent_is_assumed") => return Err(refusal.into()),
            (Err(refusal), radius_m) => {
                let radius_m = radius_m.unwrap_or(ALTERNATIVES_RADIUS_M);
                let wishes = Preferences { other_locker_within_m: Some(radius_m), ..preferences };
                let room = find_elsewhere(view, &locker, &wanted, wishes, bundle.as_ref(), now).await?;
                place_order(wanted, room.ok_or(refusal)?, Some(&locker), &event, now)
            }
        };
        decision.changes.extend(bundle.map(State::from));
        let answer = Placement::from(decision.answer.clone());
        Ok(decision.answer_with(answer))
    })
    .await;
    match placed {
        Ok(Applied::Now(placement) | Applied::Before(placement)) => Ok(Response::json(201, &placement)),
        Err(ApplyError::Refused(refusal)) => {
            metric::count(Metric::OrdersRefused, 1);
            let alternatives = alternatives(store, &body.locker_id, &body.customer_id, room, &order).await?;
            Err(Problem::Refused { refusal, alternatives })
        }
        Err(error) => Err(error.into()),
    }
}

/// States, and the compartments of a locker that may have room: one round trip. Two where the locker has measures of its
/// own by which the parcel needs another size than it would by the network's.
///
/// # Errors
/// [`Stop`]
pub async fn candidates_of<S: Store>(
    view: &View<'_, S>,
    locker: &LockerId,
    names: &[StateKey],
    needs: &Needs,
) -> Result<(States, Vec<Compartment>), Stop> {
    let asked = rooms::candidates(locker, needs, &OwnMeasures::new());
    let (states, candidates) = join(view.read(names), view.query(&asked)).await;
    let (states, mut candidates) = (states?, candidates?);
    let own = states.get::<Locker>(&StateKey::Locker(locker.clone()));
    if let Some(own) = own.filter(|own| !own.measures.is_empty()) {
        let exactly = rooms::candidates(locker, needs, &own.measures);
        if exactly != asked {
            candidates = view.query(&exactly).await?;
        }
    }
    Ok((states, candidates))
}

/// The locker that is asked for, what its customer needs, and room for it: one round trip, two for who needs a
/// reachable door.
async fn find<S: Store>(
    view: &View<'_, S>,
    locker: &LockerId,
    customer: &PersonId,
    room: RoomNeeded,
    order: &OrderId,
) -> Result<(Locker, Preferences, Needs, Result<Room, Refusal>), Stop> {
    let names = [StateKey::Locker(locker.clone()), StateKey::Preferences(customer.clone())];
    let needs = Needs { room, reachable: false };
    let (mut states, mut candidates) = candidates_of(view, locker, &names, &needs).await?;
    let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let preferences = states.take(&names[1]).unwrap_or_else(|| Preferences::none(customer.clone()));
    let needs = Needs { room, reachable: preferences.reachable };
    if needs.reachable {
        candidates = view.query(&rooms::candidates(&locker.id, &needs, &locker.measures)).await?;
    }
    let room = find_room(&locker, &candidates, &needs, rooms::spread(order));
    Ok((locker, preferences, needs, room))
}

/// The bundle with this order in it.
async fn join_bundle<S: Store>(
    view: &View<'_, S>,
    id: &BundleId,
    customer: &PersonId,
    order: &OrderId,
) -> Result<Bundle, Stop> {
    let name = StateKey::Bundle(id.clone());
    let known = view.read(std::slice::from_ref(&name)).await?.take(&name);
    Ok(Bundle::with(known, id, customer, order)?)
}

/// The best room in another locker near the one that was asked for: where the rest of the bundle goes, or as the customer
/// likes best, or the nearest. Nobody said that anything but a locker would do, or one farther away.
async fn find_elsewhere<S: Store>(
    view: &View<'_, S>,
    wanted: &Locker,
    order: &PlaceOrder,
    wishes: Preferences,
    bundle: Option<&Bundle>,
    now: Timestamp,
) -> Result<Option<Room>, Stop> {
    let mates = bundle.into_iter().flat_map(|it| &it.orders).filter(|it| **it != order.order);
    let mates: Vec<StateKey> = mates.cloned().map(StateKey::Order).collect();
    let mut together_at = None;
    if !mates.is_empty() {
        let mates: Vec<Order> = view.read(&mates).await?.take_each(&mates);
        let underway = mates.iter().filter(|it| it.is_underway()).filter_map(|it| it.compartment());
        together_at = underway.map(|(locker, _)| locker.clone()).find(|it| *it != wanted.id);
    }
    let within_m = wishes.other_locker_within_m;
    let seeker = Seeker {
        order: order.order.clone(),
        needs: order.needs,
        from: wanted.position,
        bundle: None,
        together_at,
        promised_at: order.promised_at,
        preferences: Some(Preferences { home: false, shop: None, ..wishes }),
    };
    match best_room(view, wanted, seeker.clone(), now).await? {
        // A preferred one wins however far away it is. This order was only to go so far.
        Some((distance_m, _)) if within_m.is_some_and(|within_m| distance_m > within_m) => {
            let near = seeker.preferences.map(|it| Preferences { preferred: BTreeSet::new(), ..it });
            let found = best_room(view, wanted, Seeker { preferences: near, ..seeker }, now).await?;
            Ok(found.map(|(_, room)| room))
        }
        found => Ok(found.map(|(_, room)| room)),
    }
}

async fn best_room<S: Store>(
    view: &View<'_, S>,
    wanted: &Locker,
    seeker: Seeker,
    now: Timestamp,
) -> Result<Option<(u32, Room)>, Stop> {
    let found = find_places(view, wanted, &[seeker], &[], &BTreeSet::new(), now).await?;
    Ok(found.into_values().find_map(|(found, _)| match found {
        Found::Room { distance_m, room } => Some((distance_m, *room)),
        Found::Shop | Found::Home | Found::Nothing => None,
    }))
}

/// The nearest lockers that could take the order instead; none around a locker nobody knows.
async fn alternatives<S: Store>(
    store: &S,
    wanted: &LockerId,
    customer: &PersonId,
    room: RoomNeeded,
    order: &OrderId,
) -> Result<Vec<rooms::Alternative>, Unavailable> {
    let names = [StateKey::Locker(wanted.clone()), StateKey::Preferences(customer.clone())];
    let (mut states, _) = look(store, &names).await?;
    let Some(locker) = states.take::<Locker>(&names[0]) else { return Ok(Vec::new()) };
    let reachable = states.take::<Preferences>(&names[1]).is_some_and(|it| it.reachable);
    let view = View::to_look(store);
    let needs = Needs { room, reachable };
    let rooms = rooms::rooms_near(&view, &locker, ALTERNATIVES_RADIUS_M, &needs, rooms::spread(order)).await?;
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

/// What is kept free for an order.
///
/// # Errors
/// [`Stop::Unavailable`]
pub async fn held_by<S: Store>(view: &View<'_, S>, order: &Order) -> Result<Option<Held>, Stop> {
    match &order.place {
        Place::Compartment { locker, compartment } => {
            let name = StateKey::Compartment(locker.clone(), *compartment);
            Ok(view.read(std::slice::from_ref(&name)).await?.take(&name).map(Held::Compartment))
        }
        Place::Shop { shop } => {
            let name = StateKey::Shop(shop.clone());
            Ok(view.read(std::slice::from_ref(&name)).await?.take(&name).map(Held::Shop))
        }
        Place::Home | Place::Asked | Place::Custody | Place::Missing | Place::Sender => Ok(None),
    }
}

async fn search<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
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
    let needs = needs_of(request)?;
    let everything = match request.query::<Include>("include")? {
        Some(Include::All) => true,
        None => request.query("include_closed")?.unwrap_or(false),
    };
    let limit: usize = request.query("limit")?.unwrap_or(LOCKERS_MAX);
    if !(1..=LOCKERS_MAX).contains(&limit) {
        return Err(Problem::invalid("limit", format!("is 1 to {LOCKERS_MAX}")));
    }
    let view = View::to_look(store);
    let mut lockers = rooms::lockers_near(&view, around, radius_m).await?.into_iter();
    let (mut answers, mut more) = (Vec::new(), false);
    // Asked in bursts, nearest first: where most have room, one burst is all.
    for _ in 0..SEARCH_BURSTS_MAX {
        if answers.len() == limit {
            break;
        }
        let burst: Vec<(u32, Locker)> = lockers.by_ref().take(limit).collect();
        let counted = try_join_all(burst.iter().map(|(_, locker)| free_in(store, locker, &needs)));
        let named = burst.iter().map(|(_, locker)| locker).filter(|_| everything);
        let (counted, expected) = try_join(counted, expected_back::of_closed(store, named, now)).await?;
        for ((distance_m, locker), free) in burst.into_iter().zip(counted) {
            if !everything && (!locker.bookable() || free.fitting == 0) {
                continue;
            }
            if answers.len() == limit {
                more = true;
                break;
            }
            answers.push(nearby(distance_m, &locker, &free, &expected));
        }
    }
    // Those that were not asked may have room.
    let more = more || lockers.next().is_some();
    Ok(Response::json(200, &json!({ "lockers": answers, "more": more })))
}

/// What is to be named beside those that can be booked now.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Include {
    All,
}

/// What a search asks for: a size or a parcel's measures, and a reachable door or any.
fn needs_of(request: &Request) -> Result<Needs, Problem> {
    let sides = [request.query("length_mm")?, request.query("width_mm")?, request.query("height_mm")?];
    let dimensions = match sides {
        [Some(length_mm), Some(width_mm), Some(height_mm)] => Some(Dimensions { length_mm, width_mm, height_mm }),
        [None, None, None] => None,
        _ => return Err(Problem::invalid("length_mm", "is given with width_mm and height_mm, or none of them")),
    };
    let room = room_needed(request.query("size")?, dimensions, request.query("weight_g")?)?;
    let reachable = request.query("reachable")?.unwrap_or(false);
    Ok(Needs { room: room.unwrap_or(RoomNeeded::Size(Size::XS)), reachable })
}

fn nearby(
    distance_m: u32,
    locker: &Locker,
    free: &Free,
    expected: &BTreeMap<LockerId, Timestamp>,
) -> serde_json::Value {
    let mut answer = json!({
        "locker_id": locker.id,
        "name": locker.name,
        "distance_m": distance_m,
        "bookable": locker.bookable(),
        "free": free.by_size,
        "fitting": free.fitting,
    });
    // Why not, and until when where that is known.
    if let Some(closed) = locker.unavailable() {
        answer["closed_by"] = serde_json::to_value(closed).expect("a reason is a map");
        answer["expected_back_at"] = serde_json::to_value(expected.get(&locker.id)).expect("a time is a text");
    }
    answer
}

/// What of a locker can be booked now.
struct Free {
    by_size: BTreeMap<Size, u32>,
    /// How many of those would do.
    fitting: u32,
}

/// What can be booked now: one query of the free compartments, nothing where the locker is closed. It costs a read unit
/// for each 8 KB of them, some thirty compartments; no counter is kept that could be wrong.
async fn free_in<S: Store>(store: &S, locker: &Locker, needs: &Needs) -> Result<Free, Unavailable> {
    let mut free = Free { by_size: locker.sizes.iter().map(|(size, _)| (*size, 0)).collect(), fitting: 0 };
    if locker.bookable() {
        let query = keys::bookable(&locker.id, Size::XS, CompartmentNumber::MAX as usize);
        let bookable: Vec<Compartment> = aws::apply::list(store, &query).await?;
        for compartment in bookable {
            *free.by_size.entry(compartment.size).or_default() += 1;
            let fits = needs.fit_into(compartment.size, &locker.measures);
            free.fitting += u32::from(fits && (compartment.reachable() || !needs.reachable));
        }
    }
    Ok(free)
}

/// How many compartments of each size can be booked now.
///
/// # Errors
/// [`Unavailable`]
pub async fn free_by_size<S: Store>(store: &S, locker: &Locker) -> Result<BTreeMap<Size, u32>, Unavailable> {
    Ok(free_in(store, locker, &Size::XS.into()).await?.by_size)
}

/// Whether a locker could take a parcel now, and how many compartments would do: the answer an order would get, without
/// one. Two round trips, like the order's own first, and its alternatives where it would be refused.
async fn check<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: LockerId = request.path("locker_id")?;
    let needs = needs_of(request)?;
    let name = StateKey::Locker(id);
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let locker: Locker = states.take(&name).ok_or(Refusal::UnknownLocker)?;
    let expected = expected_back::of_closed(store, std::iter::once(&locker), now);
    let (free, expected) = try_join(free_in(store, &locker, &needs), expected).await?;
    let refusal = match locker.unavailable() {
        Some(by) => Some(Refusal::LockerUnavailable { by }),
        None if !locker.ever_fits(&needs) => Some(Refusal::TooBig),
        None => (free.fitting == 0).then_some(Refusal::NoRoom),
    };
    let alternatives = match refusal {
        None => Vec::new(),
        Some(_) => {
            let view = View::to_look(store);
            let rooms = rooms::rooms_near(&view, &locker, ALTERNATIVES_RADIUS_M, &needs, 0).await?;
            rooms::alternatives(&rooms)
        }
    };
    let mut answer = nearby(0, &locker, &free, &expected);
    answer["would_be_refused"] = serde_json::to_value(&refusal).expect("a refusal is a map");
    answer["alternatives"] = serde_json::to_value(alternatives).expect("alternatives are maps");
    answer["size"] = serde_json::to_value(needs.smallest_size(&locker.measures)).expect("a size is a text");
    Ok(Response::json(200, &answer))
}

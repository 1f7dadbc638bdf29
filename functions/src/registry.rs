//! The operator registers lockers, teams and people.
//! Trigger: HTTP, operator. Samples: events/registry.
//!
//! What AWS keeps for a locker or a person (thing, certificate, topic, subscriptions) is made first and the
//! record last: whatever has a record is complete, and what was left behind by a crash is taken up or replaced
//! by the next try.

pub mod devices;
pub mod maintenance;
pub mod service;
pub mod topics;

use std::collections::{BTreeMap, BTreeSet};

use aws::apply::{Cause, View, apply, look, put_hidden};
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::compartment::Compartment;
use domain::decision::Event;
use domain::fault::{FaultClass, OpenFaults};
use domain::heartbeat::Heartbeat;
use domain::id::{CompartmentNumber, EventId, LockerId, PersonId, RegionId, ShopId, SiteId, TeamId};
use domain::locker::{Build, Locker};
use domain::pacing::{QuietHours, Zone};
use domain::person::{Language, Person, Preferences};
use domain::place::Position;
use domain::presence::{Link, Presence};
use domain::service::{Lifecycle, LockerService};
use domain::shop::{CAPACITY_MAX, Shop};
use domain::size::{Measures, OwnMeasures, Size};
use domain::suspicion::{ChecksOfUnit, Suspicions};
use domain::team::{Duty, Team};
use domain::usage::Usage;
use domain::{Decision, Refusal, State, StateKey, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::order_placement::free_by_size;
use devices::Devices;
use topics::Topics;

/// The routes of this function.
pub const ROUTES: &[&str] = &[
    "POST /lockers",
    "GET /lockers/{locker_id}",
    "POST /lockers/{locker_id}/service",
    "POST /lockers/{locker_id}/compartments/{number}/service",
    "POST /lockers/{locker_id}/maintenance",
    "GET /lockers/{locker_id}/maintenance",
    "DELETE /lockers/{locker_id}/maintenance/{window}",
    "POST /teams",
    "POST /people",
    "POST /shops",
];

/// The longest name of a site or a team, in characters: it has to fit a line of a message.
const NAME_CHARS_MAX: usize = 100;

/// The longest e-mail address, in characters (RFC 5321).
const EMAIL_LENGTH_MAX: usize = 254;

/// The longest push token, in characters: those of today's platforms have some 200.
const PUSH_TOKEN_LENGTH_MAX: usize = 400;

/// How many lockers a customer can rule out.
const NEVER_MAX: usize = 100;

/// How many lockers a customer can like best: each is looked at wherever it is.
const PREFERRED_MAX: usize = 20;

/// How many people a team has: more are several teams.
const MEMBERS_MAX: usize = 100;

/// What registering takes besides the store.
#[derive(Debug)]
pub struct Registrars {
    pub devices: Devices,
    pub topics: Topics,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LockerBody {
    locker_id: LockerId,
    name: String,
    position: Position,
    region: RegionId,
    compartments: Vec<CompartmentBody>,
    /// One that is still being built begins as `commissioning`.
    #[serde(default)]
    lifecycle: Lifecycle,
    /// What its compartments take, by size, where that differs from what the network promises.
    #[serde(default)]
    measures: OwnMeasures,
    #[serde(default)]
    build: Build,
    /// Where it stands together with others.
    #[serde(default)]
    site: Option<SiteId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CompartmentBody {
    number: CompartmentNumber,
    size: Size,
    #[serde(default)]
    handle_height_mm: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamBody {
    team_id: TeamId,
    region: RegionId,
    name: String,
    skills: BTreeSet<FaultClass>,
    language: Language,
    email: String,
    #[serde(default)]
    duty: Duty,
    #[serde(default)]
    lead: Option<PersonId>,
    #[serde(default)]
    members: BTreeSet<PersonId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonBody {
    person_id: PersonId,
    language: Language,
    email: String,
    #[serde(default)]
    push_token: Option<String>,
    /// Where the person lives, by the name of the IANA; at home in Germany where nothing is said.
    #[serde(default)]
    time_zone: Option<String>,
    /// By those clocks.
    #[serde(default)]
    quiet_hours: QuietHours,
    #[serde(default)]
    preferences: Option<PreferencesBody>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PreferencesBody {
    #[serde(default)]
    other_locker_within_m: Option<u32>,
    #[serde(default)]
    home: bool,
    #[serde(default)]
    reachable: bool,
    #[serde(default)]
    never: BTreeSet<LockerId>,
    #[serde(default)]
    preferred: BTreeSet<LockerId>,
    #[serde(default)]
    shop: Option<ShopId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShopBody {
    shop_id: ShopId,
    name: String,
    position: Position,
    /// How many parcels it takes at one time; any number where nothing is said.
    #[serde(default)]
    capacity: Option<u16>,
}

/// Answers a request.
pub async fn handle<S: Store>(store: &S, registrars: &Registrars, request: &Request, now: Timestamp) -> Response {
    let outcome = match request.route_key.as_str() {
        "POST /lockers" => register_locker(store, registrars, request, now).await,
        "GET /lockers/{locker_id}" => show_locker(store, request).await,
        "POST /lockers/{locker_id}/service" => service::change_lifecycle_of(store, request, now).await,
        "POST /lockers/{locker_id}/compartments/{number}/service" => {
            service::change_service_of(store, request, now).await
        }
        "POST /lockers/{locker_id}/maintenance" => maintenance::plan(store, request, now).await,
        "GET /lockers/{locker_id}/maintenance" => maintenance::show(store, request).await,
        "DELETE /lockers/{locker_id}/maintenance/{window}" => maintenance::cancel(store, request, now).await,
        "POST /teams" => register_team(store, registrars, request, now).await,
        "POST /shops" => register_shop(store, request, now).await,
        "POST /people" => register_person(store, registrars, request, now).await,
        _ => Err(Problem::NotFound),
    };
    outcome.unwrap_or_else(Response::from)
}

fn check_name(field: &str, name: &str) -> Result<(), Problem> {
    let fits = (1..=NAME_CHARS_MAX).contains(&name.trim().chars().count());
    if fits && !name.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Problem::invalid(field, format!("has 1 to {NAME_CHARS_MAX} characters on one line")))
    }
}

/// Whether it can be an address at all; whether it is one, its owner confirms.
fn check_email(email: &str) -> Result<(), Problem> {
    let plausible = email.len() <= EMAIL_LENGTH_MAX
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email
            .split_once('@')
            .is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'));
    if plausible { Ok(()) } else { Err(Problem::invalid("email", "is not an e-mail address")) }
}

fn locker_of(body: &LockerBody) -> Result<(Locker, Vec<State>), Problem> {
    check_name("name", &body.name)?;
    if !body.position.is_valid() {
        return Err(Problem::invalid("position", "is not a point on the Earth"));
    }
    if !matches!(body.lifecycle, Lifecycle::Commissioning | Lifecycle::Active) {
        return Err(Problem::invalid("lifecycle", "begins as commissioning or active"));
    }
    for (size, Measures { inner, weight_g_max }) in &body.measures {
        if [inner.length_mm, inner.width_mm, inner.height_mm, *weight_g_max].contains(&0) {
            return Err(Problem::invalid(format!("measures.{size:?}"), "every side is at least 1 mm, the weight 1 g"));
        }
    }
    let Build { provider, carrier, firmware } = &body.build;
    for (field, name) in [("build.provider", provider), ("build.carrier", carrier), ("build.firmware", firmware)] {
        name.iter().try_for_each(|name| check_name(field, name))?;
    }
    let numbers: BTreeSet<CompartmentNumber> = body.compartments.iter().map(|it| it.number).collect();
    if numbers.is_empty() || numbers.len() != body.compartments.len() {
        return Err(Problem::invalid("compartments", "has at least one compartment, and each number once"));
    }
    let mut sizes: BTreeMap<Size, u16> = BTreeMap::new();
    for compartment in &body.compartments {
        *sizes.entry(compartment.size).or_default() += 1;
    }
    let compartments = body
        .compartments
        .iter()
        .map(|it| {
            let new = Compartment::new(body.locker_id.clone(), it.number, it.size);
            Compartment { handle_height_mm: it.handle_height_mm, ..new }.into()
        })
        .collect();
    let locker = Locker {
        id: body.locker_id.clone(),
        name: body.name.trim().to_owned(),
        position: body.position,
        region: body.region.clone(),
        sizes: sizes.into_iter().collect(),
        measures: body.measures.clone(),
        service: LockerService::new(body.lifecycle),
        build: body.build.clone(),
        site: body.site.clone(),
        faults: OpenFaults::new(),
        suspicions: Suspicions::new(),
        checks: ChecksOfUnit::new(),
        reopened_at: None,
    };
    Ok((locker, compartments))
}

async fn register_locker<S: Store>(
    store: &S,
    registrars: &Registrars,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let operator = request.person()?;
    let body: LockerBody = request.json()?;
    let (locker, compartments) = locker_of(&body)?;
    let name = StateKey::Locker(locker.id.clone());
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    if states.take::<Locker>(&name).is_some() {
        return Err(Refusal::AlreadyExists.into());
    }
    let identity = registrars.devices.enrol(&locker.id).await?;
    put_hidden(store, &compartments).await?;
    let cause = Cause::new(name.clone(), EventId::of_step("registered", &identity.certificate_id), now).by(&operator);
    apply(store, &cause, async |view| {
        if view.read(std::slice::from_ref(&name)).await?.take::<Locker>(&name).is_some() {
            return Err(Refusal::AlreadyExists.into());
        }
        let mut decision = Decision::new(());
        decision.change(locker.clone());
        decision.change(Usage::new(locker.id.clone(), now));
        decision.record(Event::LockerRegistered);
        Ok(decision)
    })
    .await?;
    Ok(Response::json(201, &identity))
}

async fn show_locker<S: Store>(store: &S, request: &Request) -> Result<Response, Problem> {
    let id: LockerId = request.path("locker_id")?;
    let names = [StateKey::Locker(id.clone()), StateKey::Presence(id.clone()), StateKey::Heartbeat(id.clone())];
    let (mut states, versions) = look(store, &names).await?;
    let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let view = View::to_look(store);
    let compartments: Vec<Compartment> =
        view.query(&keys::compartments(&id, None, CompartmentNumber::MAX as usize)).await?;
    let version_of = |it: &Compartment| view.version_of(&StateKey::Compartment(id.clone(), it.number));
    let compartment_versions: BTreeMap<String, Option<u64>> =
        compartments.iter().map(|it| (it.number.to_string(), version_of(it))).collect();
    let free = free_by_size(store, &locker).await?;
    let connected = states.take::<Presence>(&names[1]).is_some_and(|it| it.link == Link::Up);
    Ok(Response::json(
        200,
        &json!({
            "locker": locker,
            "version": versions.get(&names[0]),
            "free": free,
            "compartments": compartments,
            "compartment_versions": compartment_versions,
            "connected": connected,
            "heartbeat": states.take::<Heartbeat>(&names[2]),
        }),
    ))
}

/// Writes one state that is new, or replaces it as a whole: registering again is how it is changed.
async fn put<S: Store>(
    store: &S,
    state: State,
    operator: &PersonId,
    request: &Request,
    now: Timestamp,
) -> Result<(), Problem> {
    let name = state.key();
    let cause = Cause::new(name.clone(), EventId::of_step("registered", &request.id()), now).by(operator);
    apply(store, &cause, async |view| {
        view.read(std::slice::from_ref(&name)).await?;
        let mut decision = Decision::new(());
        decision.change(state.clone());
        Ok(decision)
    })
    .await?;
    Ok(())
}

async fn register_team<S: Store>(
    store: &S,
    registrars: &Registrars,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let operator = request.person()?;
    let body: TeamBody = request.json()?;
    check_name("name", &body.name)?;
    check_email(&body.email)?;
    if body.members.len() > MEMBERS_MAX {
        return Err(Problem::invalid("members", format!("has at most {MEMBERS_MAX} people")));
    }
    let topic_arn = registrars.topics.of_team(&body.region, &body.team_id, &body.email).await?;
    let team = Team {
        id: body.team_id,
        region: body.region,
        name: body.name,
        skills: body.skills,
        language: body.language,
        topic_arn: topic_arn.clone(),
        duty: body.duty,
        lead: body.lead,
        members: body.members,
    };
    let id = team.id.clone();
    put(store, team.into(), &operator, request, now).await?;
    Ok(Response::json(201, &json!({ "team_id": id, "topic_arn": topic_arn })))
}

/// Registers a shop, or changes what is known of it: what is on its way there stays so.
async fn register_shop<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let operator = request.person()?;
    let body: ShopBody = request.json()?;
    check_name("name", &body.name)?;
    if !body.position.is_valid() {
        return Err(Problem::invalid("position", "is not a point on the Earth"));
    }
    if body.capacity.is_some_and(|it| it > CAPACITY_MAX) {
        return Err(Problem::invalid("capacity", format!("is at most {CAPACITY_MAX}, or left out for any number")));
    }
    let name = StateKey::Shop(body.shop_id.clone());
    let cause = Cause::new(name.clone(), EventId::of_step("registered", &request.id()), now).by(operator);
    apply(store, &cause, async |view| {
        let known: Option<Shop> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let mut decision = Decision::new(());
        decision.change(Shop {
            id: body.shop_id.clone(),
            name: body.name.trim().to_owned(),
            position: body.position,
            capacity: body.capacity,
            expected: known.filter(|_| body.capacity.is_some()).map(|it| it.expected).unwrap_or_default(),
        });
        Ok(decision)
    })
    .await?;
    Ok(Response::json(201, &json!({ "shop_id": body.shop_id })))
}

fn check_wishes(wishes: &PreferencesBody) -> Result<(), Problem> {
    let lists = [("never", &wishes.never, NEVER_MAX), ("preferred", &wishes.preferred, PREFERRED_MAX)];
    match lists.into_iter().find(|(_, lockers, most)| lockers.len() > *most) {
        Some((name, _, most)) => {
            Err(Problem::invalid(format!("preferences.{name}"), format!("has at most {most} lockers")))
        }
        None => Ok(()),
    }
}

async fn register_person<S: Store>(
    store: &S,
    registrars: &Registrars,
    request: &Request,
    now: Timestamp,
) -> Result<Response, Problem> {
    let operator = request.person()?;
    let body: PersonBody = request.json()?;
    check_email(&body.email)?;
    if body.push_token.as_ref().is_some_and(|token| !(1..=PUSH_TOKEN_LENGTH_MAX).contains(&token.len())) {
        return Err(Problem::invalid("push_token", format!("has 1 to {PUSH_TOKEN_LENGTH_MAX} characters")));
    }
    let time_zone = match &body.time_zone {
        Some(name) => name.parse::<Zone>().map_err(|error| Problem::invalid("time_zone", error.to_string()))?,
        None => Zone::default(),
    };
    let reached = registrars.topics.of_person(&body.person_id, &body.email, body.push_token.as_deref()).await?;
    let person = Person {
        id: body.person_id.clone(),
        language: body.language,
        email: body.email,
        topic_arn: reached.topic_arn,
        push_endpoint_arn: reached.push_endpoint_arn,
        time_zone,
        quiet_hours: body.quiet_hours,
    };
    if let Some(preferences) = body.preferences {
        check_wishes(&preferences)?;
        let preferences = Preferences {
            customer: body.person_id.clone(),
            other_locker_within_m: preferences.other_locker_within_m,
            home: preferences.home,
            reachable: preferences.reachable,
            never: preferences.never,
            preferred: preferences.preferred,
            shop: preferences.shop,
        };
        put(store, preferences.into(), &operator, request, now).await?;
    }
    put(store, person.into(), &operator, request, now).await?;
    Ok(Response::json(201, &json!({ "person_id": body.person_id })))
}

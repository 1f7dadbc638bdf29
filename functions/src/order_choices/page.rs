//! The page behind a link to choose a place. Looking has no effect; the form acts and sends the browser back to look, so
//! that a page that is loaded again does nothing again.

use aws::apply::look;
use aws::http::{Page, Problem, Request, Response};
use aws::link::{InvalidLink, LinkSigner};
use aws::store::Store;
use domain::id::LockerId;
use domain::locker::Locker;
use domain::notice::LinkPurpose;
use domain::order::Order;
use domain::person::Language;
use domain::place::Place;
use domain::shop::Shop;
use domain::{Refusal, StateKey, Timestamp};
use messages::pages::{Choices, OfferedLocker, PlaceName, STYLE, Trouble, choices_page, trouble_page};

use super::{Options, Wanted, find_options, linked_order};

/// What the page's form names a locker by: this, and its id.
const LOCKER_PREFIX: &str = "locker-";

/// The language that the address says, else the one the browser asks for first of those there are.
fn language(request: &Request) -> Language {
    let named = request.query_string_parameters.get("lang").map(String::as_str);
    let accepted = request.headers.get("accept-language").map(String::as_str).unwrap_or_default();
    let first = named.into_iter().chain(accepted.split(',')).find_map(|it| match it.trim().get(..2) {
        Some(code) if code.eq_ignore_ascii_case("de") => Some(Language::German),
        Some(code) if code.eq_ignore_ascii_case("en") => Some(Language::English),
        Some(_) | None => None,
    });
    first.unwrap_or(Language::German)
}

fn code(language: Language) -> &'static str {
    match language {
        Language::German => "de",
        Language::English => "en",
    }
}

fn answer(status: u16, html: Result<String, messages::RenderError>, language: Language) -> Response {
    match html {
        Ok(html) => Response::page(status, Page { html, style: STYLE, language: code(language) }),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written: {error}");
            Response::from(Problem::Unavailable(aws::store::Unavailable(error.to_string())))
        }
    }
}

/// What a person reads of a problem, with the status that programs get.
fn trouble(problem: Problem, language: Language) -> Response {
    let trouble = match &problem {
        Problem::Link(InvalidLink::Altered) | Problem::NotFound => Trouble::NoLink,
        Problem::Link(InvalidLink::Expired) => Trouble::Expired,
        Problem::Unavailable(_) => Trouble::TryAgain,
        Problem::InvalidRequest { .. }
        | Problem::PayloadTooLarge
        | Problem::UnsupportedMediaType
        | Problem::IdempotencyKeyReused => Trouble::NothingChosen,
        Problem::Refused { refusal, .. } => match refusal {
            Refusal::LinkUsed => Trouble::Used,
            Refusal::TooLate | Refusal::WrongState { .. } => Trouble::TooLate,
            Refusal::UnknownOrder => Trouble::NoLink,
            _ => Trouble::NoRoom,
        },
    };
    // It is logged, and says when to come again.
    let Response { status_code, headers, .. } = Response::from(problem);
    let mut page = answer(status_code, trouble_page(trouble, language), language);
    page.headers.extend(headers.into_iter().filter(|(name, _)| *name == "retry-after"));
    page
}

/// Shows what the link's holder may choose, or has chosen.
pub(super) async fn show<S: Store>(store: &S, signer: &LinkSigner, request: &Request, now: Timestamp) -> Response {
    let language = language(request);
    match choices(store, signer, request, now).await {
        Ok(choices) => answer(200, choices_page(&choices, language), language),
        Err(problem) => trouble(problem, language),
    }
}

async fn choices<S: Store>(
    store: &S,
    signer: &LinkSigner,
    request: &Request,
    now: Timestamp,
) -> Result<Choices, Problem> {
    let (id, place_epoch) = linked_order(signer, request, now)?;
    let Options { order, alternatives, shop, undo_until } = find_options(store, &id, place_epoch, now).await?;
    let offered = alternatives.into_iter().map(|it| OfferedLocker {
        id: it.locker_id,
        name: it.name,
        distance_m: it.distance_m,
        size: it.size,
        free_until: it.free_until,
    });
    Ok(Choices {
        place: name_of(store, &order).await?,
        lockers: offered.collect(),
        shop: shop.map(|it| it.name),
        home: undo_until.is_none() && order.place != Place::Home,
        undo_until,
        underway: order.is_underway(),
        order: order.id,
    })
}

/// What people call the place an order goes to.
async fn name_of<S: Store>(store: &S, order: &Order) -> Result<PlaceName, Problem> {
    let name = match &order.place {
        Place::Compartment { locker, .. } => StateKey::Locker(locker.clone()),
        Place::Shop { shop } => StateKey::Shop(shop.clone()),
        Place::Home => return Ok(PlaceName::Home),
        Place::Asked | Place::Custody | Place::Missing | Place::Sender => return Ok(PlaceName::Nowhere),
    };
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    Ok(match &name {
        StateKey::Shop(_) => states.take::<Shop>(&name).map_or(PlaceName::Nowhere, |it| PlaceName::Shop(it.name)),
        _ => states.take::<Locker>(&name).map_or(PlaceName::Nowhere, |it| PlaceName::Locker(it.name)),
    })
}

fn wanted(request: &Request) -> Result<Wanted, Problem> {
    let place = request.form_value("place")?;
    let wanted = match place.as_deref() {
        Some("home") => Some(Wanted::Home),
        Some("shop") => Some(Wanted::Shop),
        Some("undo") => Some(Wanted::Undo),
        other => {
            let locker = other.and_then(|it| it.strip_prefix(LOCKER_PREFIX));
            locker.and_then(|it| it.parse::<LockerId>().ok()).map(Wanted::Locker)
        }
    };
    wanted.ok_or_else(|| Problem::invalid("place", "is none of those on the page"))
}

/// Does what the form says, and has the browser look again: at what was chosen, or, where that was undone, at what there
/// is to choose now, by a link of its own.
pub(super) async fn choose<S: Store>(store: &S, signer: &LinkSigner, request: &Request, now: Timestamp) -> Response {
    let language = language(request);
    let chosen = async {
        let (id, place_epoch) = linked_order(signer, request, now)?;
        let wanted = wanted(request)?;
        let undoes = matches!(wanted, Wanted::Undo);
        let order = super::choose(store, request, &id, place_epoch, wanted, now).await?;
        let purpose = LinkPurpose::ChoosePlace { order: id, place_epoch: order.place_epoch };
        match undoes {
            true => Ok(signer.sign(&purpose, now)),
            false => request.path::<String>("token"),
        }
    };
    match chosen.await {
        Ok(token) => Response::see_other(format!("{token}?lang={}", code(language))),
        Err(problem) => trouble(problem, language),
    }
}

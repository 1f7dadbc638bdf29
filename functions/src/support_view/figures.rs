//! How well lockers work: figures of a window of days.
//!
//! One way for all of them: the days of the lockers ([`keys::days`]), one query for each month of the window, page by page,
//! and one fold over them. A day of a locker is some 0.3 to 2 KB: a locker's month is two to eight read units, a month of
//! a region with 100 lockers some 400. An answer rests on at most [`LOCKER_DAYS_MAX`] of them.

use aws::apply::list_pages;
use aws::http::{Problem, Request, Response};
use aws::keys;
use aws::store::Store;
use domain::Timestamp;
use domain::day::Day;
use domain::figures::{By, CLOSED_AFTER, Figures, LockerDay, fold, fold_compartment};
use domain::id::{CompartmentNumber, LockerId, RegionId};
use futures_util::future::try_join_all;
use serde_json::{Value, json};

/// How many days one answer is about.
const WINDOW_DAYS_MAX: u64 = 92;

/// How many days it is about where nobody says so.
const WINDOW_DAYS: u64 = 28;

/// How many days of lockers one answer rests on: three months of 200 lockers, a month of 600, in seconds.
const LOCKER_DAYS_MAX: usize = 20_000;

/// The days that are asked for. Those up to and with `until` are over and closed.
fn window(request: &Request, now: Timestamp) -> Result<(Day, Day), Problem> {
    // The last one whose figures every locker has: they are looked at once an hour.
    let latest = Day::of(now - CLOSED_AFTER - domain::usage::LOOKED_AT_EVERY).before();
    let until = request.query::<Day>("until")?.unwrap_or(latest);
    let default_from = (1..WINDOW_DAYS).fold(until, |day, _| day.before());
    let from = request.query::<Day>("from")?.unwrap_or(default_from);
    if until > latest {
        return Err(Problem::invalid("until", format!("is over: {latest} at the latest")));
    }
    match from.days_to(until) {
        0 => Err(Problem::invalid("from", "is not after until")),
        1..=WINDOW_DAYS_MAX => Ok((from, until)),
        _ => Err(Problem::invalid("from", format!("is at most {WINDOW_DAYS_MAX} days before the day after until"))),
    }
}

fn shown(name: &str, it: &Figures) -> Value {
    json!({
        "name": name,
        "compartment_days": it.compartment_days,
        "uptime": it.uptime(),
        "up_s": it.up_s(),
        "down_s": it.down_s,
        "failures": it.failures,
        "mtbf_s": it.mtbf_s(),
        "repairs": it.repairs,
        "mttr_s": it.mttr_s(),
        "openings": it.at_first_try + it.not_at_first_try,
        "first_time_open_rate": it.first_time_open_rate(),
    })
}

/// The figures of a region or of one of its lockers, told apart as asked.
///
/// # Errors
/// [`Problem`]
pub async fn show<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let region: RegionId = request.query_required("region")?;
    let locker: Option<LockerId> = request.query("locker")?;
    let only: Option<CompartmentNumber> = request.query::<u16>("compartment")?.map(compartment).transpose()?;
    let by = request.query::<By>("by")?.unwrap_or(match (&locker, only) {
        (_, Some(_)) => By::Compartment,
        (Some(_), None) => By::Locker,
        (None, None) => By::Region,
    });
    if (only.is_some() || by == By::Compartment) && locker.is_none() {
        return Err(Problem::invalid("locker", "is given where compartments are asked for"));
    }
    let (from, until) = window(request, now)?;
    let queries = keys::days(&region, locker.as_ref(), from, until, LOCKER_DAYS_MAX);
    let found: Vec<Vec<LockerDay>> = try_join_all(queries.into_iter().map(|query| list_pages(store, query))).await?;
    if found.iter().map(Vec::len).sum::<usize>() >= LOCKER_DAYS_MAX {
        return Err(Problem::invalid(
            "from",
            format!("asks for {LOCKER_DAYS_MAX} days of lockers or more: ask for fewer"),
        ));
    }
    let days: Vec<LockerDay> = found.into_iter().flatten().filter(|it| (from..=until).contains(&it.day)).collect();
    let figures: Vec<Value> = match by {
        By::Compartment => {
            let named = fold(&days, By::Compartment);
            let mut numbers: Vec<CompartmentNumber> =
                named.keys().filter_map(|name| name.parse::<u16>().ok()?.try_into().ok()).collect();
            if let Some(only) = only {
                numbers = vec![only];
            }
            numbers.sort_unstable();
            numbers.iter().map(|it| shown(&it.to_string(), &fold_compartment(&days, *it))).collect()
        }
        By::Region | By::Firmware | By::Locker => fold(&days, by).iter().map(|(name, it)| shown(name, it)).collect(),
    };
    Ok(Response::json(
        200,
        &json!({ "region": region, "from": from, "until": until, "locker_days": days.len(), "figures": figures }),
    ))
}

fn compartment(number: u16) -> Result<CompartmentNumber, Problem> {
    number.try_into().map_err(|error| Problem::invalid("compartment", format!("{error}")))
}

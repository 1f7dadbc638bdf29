//! What is read off the counts of doors and the history of faults: days, figures, preventive work.

use std::collections::BTreeMap;

use domain::decision::Event;
use domain::door::Door;
use domain::fault::{Closure, FaultCode, Unit};
use domain::figures::LockerDay;
use domain::id::{CompartmentNumber, LockerId};
use domain::{State, StateKey, Timestamp};

use super::{Verdict, broken, holds};
use crate::history::{Committed, History};
use crate::site::SERVICED_AFTER_OPENINGS;
use crate::triggers::Answer;
use crate::world::World;

/// Every fault of a locker so far that closed anything, from raised to proven.
fn faults_of(history: &History, locker: &LockerId) -> Vec<(Unit, Timestamp, Option<Timestamp>)> {
    let mut faults = Vec::new();
    for state in history.states.values() {
        let (unit, open) = match state {
            State::FaultRecord(it) if it.locker == *locker && it.code.closes() > Closure::Nothing => {
                faults.push((it.unit, it.fault.raised_at, Some(it.cleared_at)));
                continue;
            }
            State::Locker(it) if it.id == *locker => (Unit::Locker, &it.faults),
            State::Compartment(it) if it.locker == *locker => (Unit::Compartment(it.number), &it.faults),
            _ => continue,
        };
        let closing = open.iter().filter(|(code, _)| code.closes() > Closure::Nothing);
        faults.extend(closing.map(|(_, fault)| (unit, fault.raised_at, None)));
    }
    faults
}

/// For how long of a day a unit was down, piece by piece: between two moments at which anything changes, it was or was not.
fn down_s(faults: &[(Unit, Timestamp, Option<Timestamp>)], unit: Unit, day: &LockerDay) -> u64 {
    let (begin, end) = (day.day.begin(), day.day.end());
    let own: Vec<_> = faults.iter().filter(|(of, ..)| *of == unit || *of == Unit::Locker).collect();
    let changes = own.iter().flat_map(|(_, from, until)| [Some(*from), *until]).flatten();
    let mut moments: Vec<Timestamp> = changes.chain([begin, end]).map(|at| at.clamp(begin, end)).collect();
    moments.sort_unstable();
    let down = |at: Timestamp| own.iter().any(|(_, from, until)| *from <= at && until.is_none_or(|until| at < until));
    let pieces = moments.windows(2).filter(|piece| down(piece[0]));
    let millis: i64 = pieces.map(|piece| piece[1].as_millisecond() - piece[0].as_millisecond()).sum();
    millis as u64 / 1_000
}

/// I26: figures are a fold over the history: a day is closed once, as what had happened in it.
pub fn a_day_is_what_happened_in_it(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (before, day) in commit.days() {
        holds(before.is_none(), || format!("{} of {} is closed again", day.day, day.locker))?;
        let faults = faults_of(&history, &day.locker);
        let within = |at: Timestamp| (day.day.begin()..day.day.end()).contains(&at);
        for (unit, kept) in &day.units {
            let own = || faults.iter().filter(|(of, ..)| of == unit);
            let failures = own().filter(|(_, from, _)| within(*from)).count() as u64;
            let repaired = own().filter(|(_, _, until)| until.is_some_and(within)).count() as u64;
            let down = down_s(&faults, *unit, day);
            let so = (kept.failures, kept.repairs) == (failures, repaired) && kept.down_s.abs_diff(down) <= 1;
            holds(so, || {
                let what = format!("{failures} failures, {repaired} repairs, {down} s");
                format!("{} {} {unit}: {kept:?} is kept, and it was {what}", day.locker, day.day)
            })?;
        }
        let touched = |(unit, from, until): &&(Unit, Timestamp, Option<Timestamp>)| {
            let over = until.is_some_and(|until| until < day.day.begin());
            *from < day.day.end() && !over && !day.units.contains_key(unit)
        };
        // What was taken out for good is none of its locker's any more.
        let is_out = |unit: Unit| match unit {
            Unit::Locker => false,
            Unit::Compartment(number) => history
                .compartment(&day.locker, number)
                .is_some_and(|it| it.service == domain::compartment::Service::Decommissioned),
        };
        let forgotten = faults.iter().filter(|(unit, ..)| !is_out(*unit)).find(touched);
        holds(forgotten.is_none(), || format!("{} {}: {forgotten:?} is forgotten", day.locker, day.day))?;
    }
    Ok(())
}

fn door<'a>(history: &'a History, locker: &LockerId, number: CompartmentNumber) -> Option<&'a Door> {
    match history.states.get(&StateKey::Door(locker.clone(), number)) {
        Some(State::Door(it)) => Some(it),
        _ => None,
    }
}

/// I6: what comes twice changes nothing: no opening is in two days, nor in one twice.
pub fn no_opening_is_counted_twice(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, usage) in commit.usages() {
        let mut counted: BTreeMap<CompartmentNumber, (u64, u64)> = BTreeMap::new();
        let days = history.states.values().filter_map(|state| match state {
            State::LockerDay(it) if it.locker == usage.locker => Some(&it.doors),
            _ => None,
        });
        for of_door in days.chain([&usage.doors]).flatten() {
            let (first, not) = counted.entry(of_door.number).or_default();
            *first += of_door.at_first_try;
            *not += of_door.not_at_first_try;
        }
        for (number, counted) in counted {
            let so_far = door(&history, &usage.locker, number).map(|it| &it.openings);
            let (first, not) = so_far.map_or((0, 0), |it| (it.at_first_try.into(), it.not_at_first_try.into()));
            holds(counted.0 <= first && counted.1 <= not, || {
                format!("{} {number}: {counted:?} are counted of {first} and {not}", usage.locker)
            })?;
        }
    }
    Ok(())
}

/// I9: only legal transitions: a door is due once it was opened so often since it was serviced, and until it is serviced
/// again; that closes nothing.
pub fn a_door_is_due_for_its_wear(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (before, after) in commit.preventive_works() {
        let by_hand = commit.events.iter().any(|(_, entry)| matches!(entry.event, Event::DoorsServiced { .. }));
        for number in after.due.keys() {
            let opened = number.parse::<u16>().ok().and_then(|number| CompartmentNumber::try_from(number).ok());
            let opened = opened.and_then(|number| door(&history, &after.locker, number));
            let serviced_at = after.serviced_at.get(number).copied().unwrap_or_default();
            let since = opened.map_or(0, |it| it.openings.total()).saturating_sub(serviced_at);
            holds(since >= SERVICED_AFTER_OPENINGS, || {
                format!("{} {number} is due after {since} openings", after.locker)
            })?;
        }
        let kept = before.is_none_or(|it| it.due.keys().all(|number| after.due.contains_key(number)));
        holds(kept || (by_hand && after.due.is_empty()), || {
            format!("{}: {:?} were due, and {:?} are", after.locker, before.map(|it| &it.due), after.due)
        })?;
        let closes = commit.compartments().next().is_some() || commit.work_orders().next().is_some();
        holds(!closes, || format!("{}: preventive work closes something", after.locker))?;
    }
    Ok(())
}

/// I5: that nobody comes is a suspicion of the whole locker: it closes nothing and calls nobody.
pub fn that_nobody_comes_closes_nothing(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.usages() {
        if !after.reported || before.is_none_or(|it| it.reported) {
            continue;
        }
        let suspected = commit.lockers().any(|(before, own)| {
            let same = before.is_some_and(|before| before.faults == own.faults);
            same && own.id == after.locker && own.suspicions.contains_key(&FaultCode::ReaderFault)
        });
        holds(suspected && commit.work_orders().next().is_none(), || {
            format!("nobody comes to {}, and that is more than a suspicion", after.locker)
        })?;
    }
    Ok(())
}

/// I26: an answer about figures is the fold over the days that are kept.
pub fn figures_equal_the_fold(world: &World, answer: &Answer) -> Verdict {
    if answer.asked.route != "GET /figures" || !answer.is_ok() {
        return Ok(());
    }
    let asked = |name: &str| answer.body[name].as_str().unwrap_or_default().to_owned();
    let (from, until) = (asked("from"), asked("until"));
    let history = world.history.borrow();
    let days: Vec<&LockerDay> = history
        .states
        .values()
        .filter_map(|state| match state {
            State::LockerDay(it) if (from.as_str()..=until.as_str()).contains(&it.day.to_string().as_str()) => Some(it),
            _ => None,
        })
        .collect();
    // One may have been closed since.
    if answer.body["locker_days"].as_u64() != Some(days.len() as u64) {
        return Ok(());
    }
    let Some(figures) = answer.body["figures"].as_array() else { return broken("figures without figures") };
    let all = |name: &str| figures.iter().filter_map(|it| it[name].as_u64()).sum::<u64>();
    let (mut compartments, mut failures, mut down) = (0, 0, 0);
    for day in days {
        let of_locker = day.units.get(&Unit::Locker).map_or(0, |it| it.down_s);
        compartments += day.compartments;
        failures += day.units.values().map(|it| it.failures).sum::<u64>();
        down += day.compartments * of_locker;
        down += day.units.values().map(|it| it.down_s - of_locker).sum::<u64>();
    }
    let told = (all("compartment_days"), all("failures"), all("down_s"));
    let so = (compartments, failures, down);
    holds(told == so, || format!("figures of {from} to {until} are {told:?}, and the days are {so:?}"))
}

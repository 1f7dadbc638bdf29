//! Escalations: who is told where nobody reacts, and when. The table is written down here once more, as it is promised.

use std::collections::BTreeMap;

use domain::decision::Event;
use domain::escalation::{Clock, Wait};
use domain::fault::Severity;
use domain::id::WorkOrderId;
use domain::notice::{Message, Recipient};
use domain::work_order::{WorkOrder, WorkOrderStatus};
use domain::{SignedDuration, State, Timestamp};

use super::{Verdict, broken, holds};
use crate::history::{Committed, History};
use crate::site::{LEAD, OPERATIONS};
use crate::world::World;

/// After how many hours the first and the second level are told.
fn promised(wait: Wait, severity: Severity) -> [f64; 2] {
    let column = match severity {
        Severity::Critical => 0,
        Severity::Major => 1,
        Severity::Minor | Severity::Indeterminate => 2,
        Severity::Warning => 3,
    };
    let row = match wait {
        Wait::ForReaction => [[0.25, 0.5], [1.0, 2.0], [8.0, 24.0], [72.0, 168.0]],
        Wait::ForStart => [[1.0, 2.0], [4.0, 8.0], [24.0, 48.0], [168.0, 336.0]],
        Wait::OnHold => [[4.0, 12.0], [24.0, 48.0], [72.0, 168.0], [168.0, 336.0]],
        Wait::ForProof => [[1.0, 4.0], [2.0, 24.0], [24.0, 72.0], [24.0, 72.0]],
        Wait::ForAnotherLook => [[0.0, 1.0], [0.0, 4.0], [0.0, 24.0], [0.0, 24.0]],
    };
    row[column]
}

fn due_at(clock: &Clock, level: u8, severity: Severity) -> Option<Timestamp> {
    let hours = *promised(clock.wait, severity).get(usize::from(level).checked_sub(1)?)?;
    Some(clock.since + SignedDuration::from_mins((hours * 60.0) as i64))
}

/// What a work order waits for, by its status and by what people have said of its faults, and by nothing else.
fn waits_for(it: &WorkOrder) -> Option<Wait> {
    let faults = || it.units.values().flat_map(|repair| repair.codes.iter().map(move |code| (repair, code)));
    let any = faults().next().is_some();
    let aside = any && faults().all(|(repair, code)| repair.shelved.contains_key(code));
    if aside || it.out_of_service {
        return None;
    }
    let seen = any
        && faults().all(|(repair, code)| repair.acknowledged.contains_key(code) || repair.shelved.contains_key(code));
    match it.status {
        // Another one of its incident is waited for in its place.
        WorkOrderStatus::Open if it.is_told_with_others() => None,
        WorkOrderStatus::Open if seen => Some(Wait::ForStart),
        WorkOrderStatus::Open => Some(Wait::ForReaction),
        WorkOrderStatus::Acknowledged => Some(Wait::ForStart),
        WorkOrderStatus::OnHold => Some(Wait::OnHold),
        WorkOrderStatus::Repaired => Some(Wait::ForProof),
        WorkOrderStatus::InProgress | WorkOrderStatus::Verified | WorkOrderStatus::Cancelled => None,
    }
}

/// I10: each escalation level fires exactly once, never early: a clock runs whenever somebody is waited for, since that
/// began or became worse, and each of its levels is counted by the commit that tells of it, to whom it may concern.
pub fn each_level_fires_once_and_never_early(world: &World, commit: &Committed) -> Verdict {
    let escalated = commit.events.iter().find_map(|(_, entry)| match entry.event {
        Event::WorkOrderEscalated { wait, level, .. } => Some((wait, level)),
        _ => None,
    });
    for (before, after) in commit.work_orders() {
        let before = before.filter(|it| it.id == after.id);
        let clock = after.clock();
        let looks =
            clock.is_some_and(|it| it.wait == Wait::ForAnotherLook) && after.status == WorkOrderStatus::InProgress;
        holds(looks || clock.map(|it| it.wait) == waits_for(after), || {
            format!("{} is {}, and waits as {clock:?}", after.id, after.status)
        })?;
        if let Some((wait, level)) = escalated {
            told_as_promised(world, commit, before, after, wait, level)?;
            continue;
        }
        let (Some(clock), Some(before)) = (clock, before) else { continue };
        let began = before.status != after.status || waits_for(before) != waits_for(after);
        let worse = after.severity > before.severity && before.opened_at < commit.now;
        let expected = match before.clock().filter(|_| !began && !worse) {
            Some(running) => running,
            None => Clock::new(clock.wait, commit.now),
        };
        holds(clock == expected, || format!("{}: the clock {clock:?} is to be {expected:?}", after.id))?;
    }
    holds(escalated.is_none() || commit.work_orders().next().is_some(), || "a level of nothing was told".to_owned())
}

fn told_as_promised(
    world: &World,
    commit: &Committed,
    before: Option<&WorkOrder>,
    after: &WorkOrder,
    wait: Wait,
    level: u8,
) -> Verdict {
    let id = &after.id;
    let Some(clock) = before.and_then(WorkOrder::clock) else { return broken(format!("nobody waits for {id}")) };
    let due = due_at(&clock, level, after.severity);
    holds(clock.wait == wait && clock.levels_told + 1 == level && due.is_some_and(|at| at <= commit.now), || {
        format!("level {level} of {wait:?} of {id} was told at {}; it is due at {due:?} by {clock:?}", commit.now)
    })?;
    holds(after.clock() == Some(Clock { levels_told: level, ..clock }), || {
        format!("level {level} of {id} is not counted")
    })?;
    let mut told = commit.entered().filter(|(_, it)| matches!(it.notice.message, Message::WorkOrderEscalated { .. }));
    let recipient = told.next().map(|(_, it)| it.notice.recipient.clone());
    let expected = match (&after.team, level) {
        (Some((_, team)), 1) if team.as_str() == "mechanics" => {
            Recipient::Person { person: LEAD.parse().expect("a person") }
        }
        (Some((region, team)), 1) => Recipient::Team { region: region.clone(), team: team.clone() },
        (team, _) => {
            let region = team.as_ref().map(|(region, _)| region.clone());
            let region = region.unwrap_or_else(|| "mainz".parse().expect("a region"));
            Recipient::Team { region, team: OPERATIONS.parse().expect("a team") }
        }
    };
    holds(recipient.as_ref() == Some(&expected) && told.next().is_none(), || {
        format!("level {level} of {id} was told to {recipient:?}, not to {expected:?} alone")
    })?;
    let history = world.history.borrow();
    let earlier = history.commits.iter().filter(|it| is_level(it, id, &clock, level)).count();
    holds(earlier <= 1, || format!("level {level} of {wait:?} of {id} was told {earlier} times"))
}

fn is_level(commit: &Committed, id: &WorkOrderId, clock: &Clock, level: u8) -> bool {
    commit.entered().any(|(_, it)| match &it.notice.message {
        Message::WorkOrderEscalated { work_order, wait, since, level: told, .. } => {
            work_order == id && (*wait, *since, *told) == (clock.wait, clock.since, level)
        }
        _ => false,
    })
}

/// The level of a work order that is due, if one is.
fn due(history: &History, state: &State) -> Option<(WorkOrderId, Clock, Timestamp)> {
    let State::WorkOrder(it) = state else { return None };
    let clock = it.clock()?;
    let at = due_at(&clock, clock.levels_told + 1, it.severity)?;
    // What is known of a work order is no older than its last change.
    let changed = history.changed_at.get(&it.id.locker).copied().unwrap_or(at);
    Some((it.id.clone(), clock, at.max(changed)))
}

/// I10: each escalation level fires at most two sweeps late.
pub fn no_level_is_more_than_two_sweeps_late(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let history = world.history.borrow();
    let mut missed = world.levels_missed.borrow_mut();
    let mut waiting = BTreeMap::new();
    for (id, clock, at) in history.states.values().filter_map(|state| due(&history, state)) {
        if at + seen > *now {
            continue;
        }
        let key = (id, clock.since, clock.levels_told);
        let count = missed.get(&key).copied().unwrap_or_default() + 1;
        holds(count <= 2, || format!("{} waits as {clock:?}, and {count} sweeps have told nobody", key.0))?;
        waiting.insert(key, count);
    }
    *missed = waiting;
    Ok(())
}

//! Incidents: the same fault of many lockers calls its team once.

use domain::decision::Event;
use domain::incident::{Incident, Stage};
use domain::notice::{Message, Recipient};
use domain::{State, StateKey};

use super::{Verdict, broken, holds};
use crate::history::Committed;
use crate::world::World;

fn changed(commit: &Committed) -> impl Iterator<Item = (Option<&Incident>, &Incident)> {
    commit.changes.iter().filter_map(|change| match (&change.before, &change.after) {
        (None, State::Incident(after)) => Some((None, after)),
        (Some(State::Incident(before)), State::Incident(after)) => Some((Some(before), after)),
        _ => None,
    })
}

/// I9: only legal transitions, of incidents: gathering, declared, closing, over; a later fault opens a new one.
pub fn an_incident_goes_its_way(_: &World, commit: &Committed) -> Verdict {
    use Stage::*;
    for (before, after) in changed(commit) {
        let id = &after.id;
        let Some(before) = before else {
            let first = id.number == 1 && after.stage == Gathering;
            holds(first, || format!("{id} began as {:?}", after.stage))?;
            continue;
        };
        let legal = match (before.stage, after.stage) {
            (Over, Gathering) => id.number == before.id.number + 1,
            (Gathering, Declared | Closing) | (Declared, Declared | Closing) | (Closing, Declared | Over) => {
                *id == before.id
            }
            _ => false,
        };
        holds(legal, || format!("{} ({:?}) became {id} ({:?})", before.id, before.stage, after.stage))?;
        let looked = *id != before.id || before.look_at.is_some_and(|at| at <= commit.now);
        holds(looked, || format!("{id} was looked at at {}; it is due at {:?}", commit.now, before.look_at))?;
    }
    Ok(())
}

/// I11: the team is told once per change of an incident: when there are many, when it is another number, when it is
/// over; and of no locker by itself that it was told of with others.
pub fn an_incident_tells_its_team_of_changes_alone(_: &World, commit: &Committed) -> Verdict {
    for (_, entry) in commit.entered() {
        match &entry.notice.message {
            Message::IncidentReported { incident, over, lockers, .. } => {
                let Some((Some(before), after)) = changed(commit).next() else {
                    return broken(format!("{incident} is told of, and has not changed"));
                };
                let (region, team) = after.team.clone();
                let own = entry.notice.recipient == Recipient::Team { region, team };
                holds(own && after.id == *incident, || format!("{incident} is told to {:?}", entry.notice.recipient))?;
                let news = *over || before.latest_notice.is_none() || before.lockers != *lockers;
                holds(news, || format!("{incident} is told twice that it concerns {lockers} lockers"))?;
            }
            Message::WorkOrderCalled { work_order, .. } => {
                let joined = commit.work_orders().any(|(_, it)| it.id == *work_order && it.is_told_with_others());
                holds(!joined, || format!("{work_order} is called for, and is told of with others"))?;
            }
            _ => {}
        }
    }
    let joins = commit.events.iter().any(|(_, entry)| matches!(entry.event, Event::IncidentJoined { .. }));
    holds(!joins || commit.changes.len() == 1, || "a locker that joins wrote more than itself".to_owned())
}

/// I11: whoever is told of with others belongs to an incident that is not over: once everything is at rest, every work
/// order that is still open was called for, and every incident is over.
pub fn nobody_is_left_in_an_incident(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for state in history.states.values() {
        match state {
            State::WorkOrder(it) if it.is_open() => {
                // Who is told of with another one of its site is asked about there.
                let left = it.visit.is_none() && it.is_told_with_others();
                holds(!left, || format!("{} is open, and nobody was ever called for it: {:?}", it.id, it.incident))?;
            }
            State::Incident(it) => holds(it.stage == Stage::Over, || format!("{} is {:?} at rest", it.id, it.stage))?,
            _ => {}
        }
    }
    let known = |name: &StateKey| history.states.contains_key(name);
    for commit in &history.commits {
        for (_, after) in changed(commit) {
            let latest = StateKey::Incident(after.id.region.clone(), after.id.code);
            holds(known(&latest), || format!("{} is nowhere", after.id))?;
        }
    }
    Ok(())
}

//! Faults and work orders: what closes, who is called, and what it takes to reopen.

use std::collections::{BTreeMap, BTreeSet};

use aws::keys;
use domain::compartment::Service;
use domain::decision::Event;
use domain::fault::{Closure, FaultCode, OpenFaults, Unit};
use domain::id::{EventId, LockerId, WorkOrderId};
use domain::notice::{Message, Recipient};
use domain::order::OrderStatus;
use domain::service::Lifecycle;
use domain::suspicion::{Signal, Suspicion};
use domain::work_order::{PROBATION, TEST_OPENINGS_REQUIRED, WorkOrder, WorkOrderStatus};
use domain::{SignedDuration, StateKey, Timestamp};

use super::places::closes;
use super::{Verdict, broken, holds};
use crate::history::{Committed, History};
use crate::invocation::Cause;
use crate::site::OPERATOR;
use crate::world::World;

/// Which faults a unit had before and has after a commit.
fn changed_faults(commit: &Committed) -> Vec<(LockerId, Unit, OpenFaults, OpenFaults)> {
    let lockers = commit.lockers().map(|(before, after)| {
        let before = before.map(|it| it.faults.clone()).unwrap_or_default();
        (after.id.clone(), Unit::Locker, before, after.faults.clone())
    });
    let compartments = commit.compartments().map(|(before, after)| {
        let before = before.map(|it| it.faults.clone()).unwrap_or_default();
        (after.locker.clone(), Unit::Compartment(after.number), before, after.faults.clone())
    });
    lockers.chain(compartments).collect()
}

/// What the devices have said no more to see, as the history of a commit tells it, with the broker's time.
fn said_to_be_gone(commit: &Committed) -> Option<(Timestamp, Vec<(Unit, FaultCode)>)> {
    commit.events.iter().find_map(|(_, entry)| match &entry.event {
        Event::FaultsReported { at, outcome } => Some((*at, outcome.cleared.clone())),
        Event::RemoteRecoveryAnswered { cleared, .. } => Some((entry.at, cleared.clone())),
        _ => None,
    })
}

/// I5: a compartment reopens only by closing its last blocking work order with evidence, never by a heartbeat. The
/// evidence is what devices have said of doors they tried for that repair.
pub fn nothing_reopens_without_evidence(world: &World, commit: &Committed) -> Verdict {
    for (locker, unit, before, after) in changed_faults(commit) {
        for (code, fault) in before.iter().filter(|(code, _)| !after.contains_key(code)) {
            let came_back = commit.presences().any(|(before, after)| {
                use domain::presence::Link;
                after.locker == locker && after.link == Link::Up && before.is_some_and(|it| it.link == Link::Down)
            });
            if *code == FaultCode::NetworkLost && unit == Unit::Locker && came_back {
                continue;
            }
            // What closes nothing ends by the word of the device, if that is newer than what it has said before.
            if closes(&[(*code, fault.clone())].into()) == Closure::Nothing
                && let Some((at, cleared)) = said_to_be_gone(commit)
                && cleared.contains(&(unit, *code))
            {
                let said = world.said_gone.borrow().contains(&(locker.clone(), unit, *code));
                holds(said && at >= fault.last_at, || {
                    format!("{locker} {unit}: {code} was seen at {} and gone by the word of {at}", fault.last_at)
                })?;
                continue;
            }
            // And a person may say that nothing was wrong.
            if closes(&[(*code, fault.clone())].into()) == Closure::Nothing
                && matches!(&commit.cause, Cause::Request(asked) if asked.person.is_some())
                && commit.work_orders().any(|(_, it)| it.status == WorkOrderStatus::Cancelled)
            {
                continue;
            }
            let work_order = commit.work_orders().map(|(_, after)| after).find(|it| it.id == fault.work_order);
            let Some(work_order) = work_order.filter(|it| it.status == WorkOrderStatus::Verified) else {
                return broken(format!("{locker} {unit}: {code} is gone, and {} is not verified", fault.work_order));
            };
            let openings = world.openings.borrow();
            let key = (work_order.id.clone(), work_order.repairs_reported, unit);
            let subject = keys::of_state(&StateKey::Locker(locker.clone()));
            let recorded = |id: &&EventId| world.history.borrow().applied.contains_key(&subject.event(id));
            let passed = openings.get(&key).map_or(0, |made| made.iter().filter(recorded).count());
            holds(passed >= usize::from(TEST_OPENINGS_REQUIRED), || {
                format!("{locker} {unit}: {code} is gone after {passed} test openings for repair {}", key.1)
            })?;
        }
    }
    Ok(())
}

/// I5, the other way round: nothing is a fault, and closed for it, before it is certain. What has to be stable first was
/// seen for that long, or comes and goes, or is on probation; what people say is said by two.
pub fn nothing_is_a_fault_before_it_is_certain(_: &World, commit: &Committed) -> Verdict {
    let signals = commit.events.iter().any(|(_, entry)| {
        matches!(entry.event, Event::FaultsReported { .. } | Event::SuspicionsJudged { .. } | Event::FoundOffline)
    });
    for (locker, unit, before, after) in changed_faults(commit) {
        let known = match unit {
            Unit::Locker => commit
                .lockers()
                .find_map(|(it, _)| it.map(|it| (it.suspicions.clone(), it.checks.clone(), it.reopened_at))),
            Unit::Compartment(number) => commit
                .compartments()
                .find(|(_, it)| it.number == number && it.locker == locker)
                .and_then(|(it, _)| it.map(|it| (it.suspicions.clone(), it.checks.clone(), it.reopened_at))),
        };
        let (suspicions, checks, reopened_at) = known.unwrap_or_default();
        for (code, fault) in after.iter().filter(|(code, _)| !before.contains_key(code)) {
            let listed = code.listed();
            let by_person = match &commit.cause {
                Cause::Request(asked) => asked.person.as_deref(),
                Cause::Messages | Cause::Changes | Cause::Due => None,
            };
            if by_person.is_none() && listed.stable_for == SignedDuration::ZERO || !signals {
                continue;
            }
            let said_by = |signal: &Signal, person: &str| match signal {
                Signal::Driver { person: it } | Signal::Customer { person: it } => it.as_str() == person,
                Signal::Device | Signal::Silence => false,
            };
            let confirmed = |it: &Suspicion| match by_person {
                Some(person) => it.signals.iter().any(|signal| !said_by(signal, person)),
                None => {
                    it.signals.iter().any(|signal| *signal != Signal::Device)
                        || fault.raised_at.duration_since(it.since) >= listed.stable_for
                }
            };
            let seen = suspicions.get(code).is_some_and(confirmed);
            let on_probation = reopened_at.is_some_and(|it| fault.raised_at.duration_since(it) < PROBATION);
            // The last check is this one.
            let flapping = checks.get(code).is_some_and(|it| {
                let mut with_this = *it;
                with_this.see();
                with_this.is_flapping()
            });
            holds(seen || on_probation || flapping, || {
                format!(
                    "{locker} {unit}: {code} is a fault at {}, suspected: {:?}",
                    fault.raised_at,
                    suspicions.get(code)
                )
            })?;
        }
    }
    Ok(())
}

/// I7: each accepted fault belongs to exactly one work order; at most one open fault per (locker, unit, code).
pub fn each_fault_belongs_to_one_work_order(world: &World, commit: &Committed) -> Verdict {
    let mut lockers: BTreeSet<LockerId> = changed_faults(commit).into_iter().map(|(locker, ..)| locker).collect();
    lockers.extend(commit.work_orders().map(|(_, after)| after.id.locker.clone()));
    let history = world.history.borrow();
    for locker in lockers {
        let open = history.work_order(&locker).filter(|it| it.is_open());
        let repairs: BTreeSet<(Unit, FaultCode)> = open
            .iter()
            .flat_map(|it| it.units.iter().flat_map(|(unit, repair)| repair.codes.iter().map(|code| (*unit, *code))))
            .collect();
        let faults = open_faults(&history, &locker);
        let known: BTreeSet<(Unit, FaultCode)> = faults.keys().copied().collect();
        holds(known == repairs, || {
            format!("{locker} has open faults {known:?}, and its work order repairs {repairs:?}")
        })?;
        for ((unit, code), work_order) in &faults {
            let own = open.is_some_and(|it| it.id == *work_order);
            holds(own, || format!("{locker} {unit} {code} belongs to {work_order}, which is not the open one"))?;
        }
    }
    Ok(())
}

/// Every open fault of a locker, with its work order.
fn open_faults(history: &History, locker: &LockerId) -> BTreeMap<(Unit, FaultCode), WorkOrderId> {
    let own = history.locker(locker).into_iter().map(|it| (Unit::Locker, &it.faults));
    let compartments = history.compartments_of(locker).map(|it| (Unit::Compartment(it.number), &it.faults));
    own.chain(compartments)
        .flat_map(|(unit, faults)| faults.iter().map(move |(code, fault)| ((unit, *code), fault.work_order.clone())))
        .collect()
}

/// I9: only legal transitions; a later fault opens a new work order.
pub fn only_legal_transitions(_: &World, commit: &Committed) -> Verdict {
    use OrderStatus::*;
    let found =
        commit.events.iter().any(|(_, entry)| matches!(entry.event, domain::decision::Event::ParcelFound { .. }));
    let undone =
        commit.events.iter().any(|(_, entry)| matches!(entry.event, domain::decision::Event::ChoiceUndone { .. }));
    for (before, after) in commit.orders() {
        let legal = match (before.map(|it| it.status), after.status) {
            (None, Placed) => true,
            (Some(a), b) if a == b => true,
            (Some(Placed | Rerouted), Deposited | Rerouting | Rerouted | Cancelled) => true,
            (Some(Rerouting), Rerouted | Cancelled) => true,
            (Some(Rerouting), Deposited) => found,
            (Some(Rerouted), Placed) => undone,
            (Some(Deposited), Collected | Recovery) => true,
            (Some(Recovery), Deposited | Collected | Expired | Returned) => true,
            (Some(Placed | Rerouted | Deposited), Expired) => true,
            (Some(Expired), Deposited | Collected | Recovery) => true,
            _ => false,
        };
        holds(legal, || format!("order {}: {:?} became {}", after.id, before.map(|it| it.status), after.status))?;
        if let Some(before) = before {
            let epoch = after.place_epoch - before.place_epoch.min(after.place_epoch);
            let moved = before.place != after.place;
            // Within its locker it stays where its customer knows it to go.
            let beside = commit.events.iter().any(|(_, entry)| matches!(entry.event, Event::CompartmentChanged { .. }));
            holds(!moved || epoch == u32::from(!beside), || {
                format!("order {} moved, and its epoch went on by {epoch}", after.id)
            })?;
        }
    }
    for (before, after) in commit.work_orders() {
        legal_work_order(before, after)?;
    }
    for (before, after) in commit.cases() {
        use domain::case::CaseStatus::*;
        let happened = |is: fn(&Event) -> bool| commit.events.iter().any(|(_, entry)| is(&entry.event));
        let (joined, unanswered) = (
            happened(|it| matches!(it, Event::CaseJoined { .. })) && after.joined_into.is_some(),
            happened(|it| matches!(it, Event::CaseUnanswered)),
        );
        let legal = match (before.map(|it| it.status), after.status) {
            (None, Received) | (Some(Received | Assigned | Reopened), Assigned | Decided) | (Some(Decided), Closed) => {
                true
            }
            (Some(Received | Assigned | Reopened), AwaitingCustomer) => {
                happened(|it| matches!(it, Event::CustomerAsked { .. }))
            }
            (Some(AwaitingCustomer), Assigned) => happened(|it| matches!(it, Event::CustomerAnswered)),
            (Some(AwaitingCustomer), Decided) => true,
            (Some(AwaitingCustomer), Closed) => joined || unanswered,
            (Some(Received | Assigned | Reopened), Closed) => joined,
            (Some(Decided | Closed), Reopened) => happened(|it| matches!(it, Event::CaseReopened { .. })),
            // Told of, sorted, said once more, joined by another.
            (Some(before), after) if before == after => {
                let contested = |it: &Event| {
                    matches!(it, Event::DecisionContested | Event::ContestAnswered { .. } | Event::CaseOverdue { .. })
                };
                !matches!(after, Decided | Closed) || happened(contested)
            }
            (Some(_), _) => false,
            (None, _) => false,
        };
        holds(legal, || format!("case {}: {:?} became {}", after.id, before.map(|it| it.status), after.status))?;
    }
    for (before, after) in commit.compartments() {
        let moved = before.is_some_and(|it| it.size != after.size);
        holds(!moved, || format!("{}.{} became another", after.locker, after.number))?;
        let Some(before) = before.filter(|it| it.service != after.service) else { continue };
        let decided = commit.events.iter().any(|(_, entry)| {
            entry.actor.as_deref() == Some(OPERATOR)
                && matches!(&entry.event, Event::ServiceChanged { compartment, to, .. }
                    if *compartment == after.number && *to == after.service)
        });
        let legal = decided && before.service != Service::Decommissioned;
        holds(legal, || {
            format!("{}.{} went from {} to {}", after.locker, after.number, before.service, after.service)
        })?;
    }
    for (before, after) in commit.lockers() {
        let Some(before) = before.filter(|it| it.service.lifecycle != after.service.lifecycle) else { continue };
        let decided = commit.events.iter().any(
            |(_, entry)| matches!(&entry.event, Event::LifecycleChanged { to, .. } if *to == after.service.lifecycle),
        );
        let (from, to) = (before.service.lifecycle, after.service.lifecycle);
        let legal = decided && from != Lifecycle::Decommissioned && to != Lifecycle::Commissioning;
        holds(legal, || format!("{} went from {from} to {to}", after.id))?;
    }
    Ok(())
}

fn legal_work_order(before: Option<&WorkOrder>, after: &WorkOrder) -> Verdict {
    use WorkOrderStatus::*;
    let id = &after.id;
    let Some(before) = before else {
        return holds(id.number == 1 && after.status == Open, || format!("{id} began as {}", after.status));
    };
    if before.id != after.id {
        let next =
            matches!(before.status, Verified | Cancelled) && id.number == before.id.number + 1 && after.status == Open;
        holds(next, || format!("{} ({}) was followed by {id} ({})", before.id, before.status, after.status))?;
        // What it still owes to people goes on.
        let kept = before.impact.iter().all(|task| after.impact.contains(task));
        return holds(kept, || format!("{id} forgot what {} owed: {:?}", before.id, before.impact));
    }
    let legal = match (before.status, after.status) {
        (a, b) if a == b => true,
        (Open, Acknowledged | InProgress) => true,
        (Acknowledged, InProgress | OnHold) => true,
        (InProgress, OnHold | Repaired) => true,
        (OnHold, InProgress) => true,
        (Repaired, InProgress | Verified) => true,
        // Nothing of it was closed.
        (Open | Acknowledged | InProgress | OnHold, Cancelled) => {
            before.units.values().flat_map(|repair| &repair.codes).all(|code| code.closes() == Closure::Nothing)
        }
        // What was wrong has ended by itself: the network came back, or a condition that closes nothing is gone.
        (Open | Acknowledged | InProgress | OnHold, Verified) => {
            before
            .units
            .values()
            .flat_map(|repair| &repair.codes)
            .all(|code| *code == FaultCode::NetworkLost || code.closes() == Closure::Nothing)
            // Or the device has mended it, and proven that.
            || before.proof_from_afar
        }
        _ => false,
    };
    holds(legal, || format!("{id}: {} became {}", before.status, after.status))?;
    let reported = after.repairs_reported - before.repairs_reported.min(after.repairs_reported);
    let by_technician = before.status != Repaired && after.status == Repaired;
    let from_afar = !before.proof_from_afar && after.proof_from_afar;
    holds(reported == u32::from(by_technician || from_afar), || {
        format!("{id} went from {} to {} and counted {reported} repairs", before.status, after.status)
    })?;
    if matches!(before.status, Verified | Cancelled) {
        let same = before.units == after.units;
        holds(same, || format!("{id} is verified, and its units changed"))?;
    }
    Ok(())
}

/// I11: the team is told once per change of a work order: of new faults together at the latest when everything is at
/// rest, and never without one; of a failed test opening each time.
pub fn the_team_was_told_of_every_change(world: &World, (): &()) -> Verdict {
    #[derive(Default)]
    struct Told {
        raised: u32,
        units: BTreeSet<Unit>,
        told: u32,
        told_units: BTreeSet<Unit>,
        failed: u32,
        rejected: u32,
        with_team: bool,
        with_others: bool,
        postponed: BTreeSet<Unit>,
        on_the_way: bool,
        open: bool,
        taken_on: bool,
    }
    let history = world.history.borrow();
    let mut all: BTreeMap<WorkOrderId, Told> = BTreeMap::new();
    for commit in &history.commits {
        for (before, after) in commit.work_orders() {
            let told = all.entry(after.id.clone()).or_default();
            let before = before.filter(|before| before.id == after.id);
            let known =
                |unit: &Unit| before.and_then(|it| it.units.get(unit)).map(|it| it.codes.clone()).unwrap_or_default();
            let new: Vec<Unit> = after
                .units
                .iter()
                .filter(|(unit, repair)| !repair.codes.is_subset(&known(unit)))
                .map(|(unit, _)| *unit)
                .collect();
            // Who leaves a visit is called for itself.
            let left = before.is_some_and(|it| it.visit.is_some() && after.visit.is_none());
            told.raised += u32::from(!new.is_empty()) + u32::from(left);
            told.units.extend(new);
            told.with_team |= after.team.is_some();
            told.with_others |= after.is_told_with_others();
            if after.out_of_service || after.is_shelved() {
                told.postponed.extend(after.units.keys());
            }
            told.open = after.is_open();
            told.taken_on |= after.assigned_to.is_some();
        }
        // Who leads a visit is called anew for each that joins it, and joins it again.
        let joined = commit.events.iter().find_map(|(_, entry)| match &entry.event {
            Event::VisitJoined { leads, .. } => Some(leads.clone()),
            _ => None,
        });
        if let Some(leads) = joined {
            all.entry(leads).or_default().raised += 1;
        }
        for (_, entry) in &commit.events {
            if let Event::FaultsUnshelved { .. } = entry.event
                && let Some((_, after)) = commit.work_orders().next()
            {
                all.entry(after.id.clone()).or_default().raised += 1;
            }
            if let Event::TestOpeningFailed { .. } = entry.event
                && let Some((_, after)) = commit.work_orders().next()
                && after.team.is_some()
            {
                all.entry(after.id.clone()).or_default().failed += 1;
            }
        }
        for (_, entry) in commit.entered() {
            let Recipient::Team { .. } = entry.notice.recipient else { continue };
            match &entry.notice.message {
                Message::WorkOrderCalled { work_order, units, visited_with, .. } => {
                    for on_the_way in visited_with {
                        all.entry(on_the_way.clone()).or_default().on_the_way = true;
                    }
                    let told = all.entry(work_order.clone()).or_default();
                    told.told += 1;
                    told.told_units.extend(units);
                }
                Message::RepairRejected { work_order, .. } => all.entry(work_order.clone()).or_default().rejected += 1,
                _ => {}
            }
        }
    }
    for (id, told) in all {
        holds(told.told <= told.raised, || format!("{id} was called {} times for {} changes", told.told, told.raised))?;
        // What was over before anybody could be called, or while it was told of with others, needs nobody; nor does
        // what a technician has taken on meanwhile, or while it was put aside or its locker out of service.
        let over = !told.open
            || told.on_the_way
            || (told.with_others && told.taken_on)
            || history.work_order(&id.locker).is_some_and(|latest| latest.id != id || latest.out_of_service);
        let postponed = |unit: &&Unit| told.taken_on && told.postponed.contains(unit);
        let missing: Vec<&Unit> = told.units.difference(&told.told_units).filter(|it| !postponed(it)).collect();
        holds(over || missing.is_empty() || is_over_by_itself(&history, &id, &missing), || {
            format!("the team of {id} was never told of {missing:?}")
        })?;
        holds(told.rejected <= told.failed && (told.rejected == told.failed || !told.with_team), || {
            format!("{} failed openings of {id}, and {} times told", told.failed, told.rejected)
        })?;
    }
    Ok(())
}

/// What ended by itself before its team was called leaves nothing to repair.
fn is_over_by_itself(history: &History, id: &WorkOrderId, missing: &[&Unit]) -> bool {
    let gone =
        |unit: &Unit| history.work_order(&id.locker).is_none_or(|it| it.id != *id || !it.units.contains_key(unit));
    missing.iter().all(|unit| gone(unit))
}

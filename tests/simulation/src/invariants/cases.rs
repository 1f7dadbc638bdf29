//! Complaints and drivers: what is acknowledged exists, people decide, and a locker's fault is nobody's.

use domain::case::{Case, CaseSeverity, CaseStatus, Category, Cause as CaseCause, Evidence, Measure};
use domain::decision::Event;
use domain::delivery::{Delivery, Standing};
use domain::fault::Unit;
use domain::notice::Message;
use domain::order::Incident;
use domain::{State, StateKey};

use super::{Verdict, broken, holds};
use crate::history::{Committed, History};
use crate::invocation::Cause;
use crate::journey::DANGERS;
use crate::triggers::Answer;
use crate::world::World;

/// I20: each complaint acknowledged with a 2xx exists with owner, state and due time; each gets a receipt.
pub fn a_complaint_has_owner_clock_and_receipt(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (before, after) in commit.cases() {
        let same = history.states.values().filter(|state| matches!(state, State::Case(it) if it.order == after.order));
        let count = same.count();
        holds(count == 1, || format!("there are {count} cases about {}", after.order))?;
        holds(after.answer_due_at > after.received_at, || format!("case {} is due before it came", after.id))?;
        if before.is_none() {
            let receipts = commit.entered().filter(
                |(_, entry)| matches!(&entry.notice.message, Message::CaseReceived { case, .. } if *case == after.id),
            );
            let count = receipts.count();
            holds(count == 1, || format!("case {} was opened with {count} receipts", after.id))?;
            let said = commit.feedbacks().any(|(_, feedback)| feedback.case.as_ref() == Some(&after.id));
            holds(said, || format!("case {} belongs to no feedback", after.id))?;
        }
    }
    Ok(())
}

/// I20: what is promised is promised for hours in which people work, the graver the sooner.
pub fn promises_fall_into_working_hours(_: &World, commit: &Committed) -> Verdict {
    /// Of an hour and of a day, in seconds.
    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;
    for (_, case) in commit.cases().filter(|(before, _): &(_, &Case)| before.is_none()) {
        let dues = [Some(case.answer_due_at), case.update_due_at, case.solution_due_at];
        let [Some(answer), Some(update), Some(solution)] = dues else {
            return broken(format!("case {} has no clocks: {dues:?}", case.id));
        };
        let in_order = case.received_at < answer && answer < update && update < solution;
        holds(in_order, || format!("case {} is due at {dues:?}", case.id))?;
        for due in [answer, update, solution] {
            // 1970 began on a Thursday. From 8 to 18 in Germany is from 6 to 16 or from 7 to 17 in UTC.
            let (weekday, second) = ((due.as_second().div_euclid(DAY) + 3) % 7, due.as_second().rem_euclid(DAY));
            let worked = weekday < 5 && (6 * HOUR..=17 * HOUR).contains(&second);
            holds(worked, || format!("case {} is due at {due}, when nobody works", case.id))?;
        }
    }
    Ok(())
}

/// J2: what concerns somebody's health, safety or data is found in what the customer wrote, and is critical.
pub fn dangers_go_before_everything(_: &World, commit: &Committed) -> Verdict {
    for (_, case) in commit.cases().filter(|(before, _): &(_, &Case)| before.is_none()) {
        let critical = case.category == Category::PrivacyOrSafety && case.severity == CaseSeverity::Critical;
        let dangerous = DANGERS.contains(&case.text.as_str());
        holds(critical || !dangerous, || format!("case {} is {:?}: {}", case.id, case.category, case.text))?;
    }
    Ok(())
}

/// I20: each complaint acknowledged with a 2xx exists; the same one again is the same case.
pub fn an_acknowledged_complaint_exists(world: &World, answer: &Answer) -> Verdict {
    if !answer.is_ok() || !answer.asked.route.contains("feedback") || !answer.asked.route.starts_with("POST") {
        return Ok(());
    }
    let history = world.history.borrow();
    let order = answer.body["order"].as_str().unwrap_or_default();
    let Ok(order) = order.parse() else { return broken("a receipt that does not say for what") };
    let Some(State::Feedback(feedback)) = history.states.get(&StateKey::Feedback(order)) else {
        return broken(format!("feedback was acknowledged and is nowhere: {}", answer.body));
    };
    let named = answer.body["case"].as_str();
    let wanted = answer.asked.body["answer_wanted"].as_bool().unwrap_or_default();
    holds(named.is_some() || !wanted, || format!("an answer was wanted, and there is no case: {}", answer.body))?;
    let Some(named) = named else { return Ok(()) };
    let own = feedback.case.as_ref().map(ToString::to_string);
    holds(own.as_deref() == Some(named), || format!("{named} was acknowledged, and the feedback is about {own:?}"))?;
    let exists = history.states.values().any(|state| matches!(state, State::Case(it) if it.id.as_str() == named));
    holds(exists, || format!("{named} was acknowledged, and does not exist"))
}

/// I20: each complaint gets a final answer: once it is decided, its customer was told so, once.
pub fn every_decided_complaint_was_answered(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for state in history.states.values() {
        let State::Case(case) = state else { continue };
        let decided = matches!(case.status, CaseStatus::Decided | CaseStatus::Closed);
        let answers = history
            .notices
            .values()
            .filter(|entry| matches!(&entry.notice.message, Message::CaseAnswered { case: of, .. } if *of == case.id));
        let count = answers.count();
        holds(count == usize::from(decided), || {
            format!("case {} is {} and has {count} answers", case.id, case.status)
        })?;
        holds(decided == case.decision.is_some(), || {
            format!("case {} is {} without a decision", case.id, case.status)
        })?;
    }
    Ok(())
}

/// I21: no measure without valid evidence and a named, authorised person's decision, who is neither the complainant
/// nor the subject.
pub fn no_measure_without_evidence_and_a_person(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (before, after) in commit.cases() {
        let Some(decision) = after.decision.as_ref().filter(|_| before.is_none_or(|it| it.decision.is_none())) else {
            continue;
        };
        let Cause::Request(asked) = &commit.cause else { return broken(format!("nobody decided case {}", after.id)) };
        let by = asked.person.as_deref();
        holds(by == Some(decision.by.as_str()), || format!("{by:?} decided case {} as {}", after.id, decision.by))?;
        let party = after.customer == decision.by || after.driver.as_ref() == Some(&decision.by);
        holds(!party, || format!("{} decided case {}, and is a party", decision.by, after.id))?;
        holds(!decision.reasons.trim().is_empty(), || format!("case {} was decided without reasons", after.id))?;
        let faulted = after.evidence.iter().any(|it| matches!(it, Evidence::LockerFault { .. }));
        let carried = match decision.cause {
            CaseCause::Locker => faulted,
            CaseCause::Driver => history.delivery(&after.order).is_some_and(|it| it.standing == Standing::Counted),
            CaseCause::Sender | CaseCause::Customer | CaseCause::Unknown => true,
        };
        let fitting = match decision.measure {
            Measure::LockerRepaired => decision.cause == CaseCause::Locker,
            Measure::Talk => decision.cause == CaseCause::Driver,
            Measure::Apology | Measure::Refund => true,
        };
        holds(carried && fitting, || format!("case {} was decided {decision:?} on {:?}", after.id, after.evidence))?;
    }
    for (before, after) in commit.deliveries() {
        if after.charged_case != before.and_then(|it| it.charged_case.clone()) {
            let decided = commit.cases().any(|(_, case)| {
                Some(&case.id) == after.charged_case.as_ref()
                    && case.decision.as_ref().is_some_and(|it| it.cause == CaseCause::Driver)
            });
            holds(decided, || format!("the delivery of {} is charged, and nobody decided that", after.order))?;
        }
    }
    Ok(())
}

/// Whether a locker's fault was really open then, as the commits tell.
fn happened(history: &History, incident: &Incident) -> bool {
    let raised = |faults: &domain::fault::OpenFaults| {
        faults
            .get(&incident.code)
            .is_some_and(|it| it.raised_at == incident.from && it.work_order == incident.work_order)
    };
    history.commits.iter().any(|commit| match incident.unit {
        Unit::Locker => commit.lockers().any(|(_, it)| it.id == incident.locker && raised(&it.faults)),
        Unit::Compartment(number) => commit
            .compartments()
            .any(|(_, it)| it.locker == incident.locker && it.number == number && raised(&it.faults)),
    })
}

/// I22: excluded deliveries never count: a locker's fault never counts against a driver, and what excludes a delivery
/// is a fault that really was.
pub fn a_lockers_fault_never_counts_against_a_driver(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, case) in commit.cases() {
        for fact in &case.evidence {
            if let Evidence::LockerFault { incident } = fact {
                holds(happened(&history, incident), || format!("case {} rests on a fault that never was", case.id))?;
            }
        }
        let delivered = history.delivery(&case.order);
        if case.proposed_cause == CaseCause::Locker
            && let Some(delivery) = delivered
        {
            let excluded = matches!(delivery.standing, Standing::Excluded { .. });
            holds(excluded, || format!("the locker explains case {}, and its delivery counts", case.id))?;
        }
    }
    for (before, after) in commit.deliveries() {
        let was_excluded = before.is_some_and(|it: &Delivery| it.standing != Standing::Counted);
        let sorted = commit.events.iter().any(|(_, entry)| matches!(entry.event, Event::CaseSorted { .. }));
        match &after.standing {
            // By a person, who says that it is about something the locker does not explain.
            Standing::Counted if sorted => {}
            Standing::Counted => holds(!was_excluded, || format!("the delivery of {} counts again", after.order))?,
            Standing::Excluded { incident } => {
                let own = after.charged_case.is_none() || was_excluded;
                holds(own && happened(&history, incident), || {
                    format!("the delivery of {} was taken out for {incident:?}", after.order)
                })?;
            }
        }
        let deposited = commit.events.iter().any(|(_, entry)| {
            matches!(entry.event, Event::ParcelDeposited { .. } | Event::ParcelFound { moved: false, .. })
        });
        holds(before.is_some() || deposited, || format!("a delivery of {} without a deposit", after.order))?;
    }
    Ok(())
}

/// I22: a driver's counters equal the fold over the deliveries and complaints that count. Asked once everything has
/// come to rest: an index may be behind before.
pub fn counters_equal_the_fold(world: &World, answer: &Answer) -> Verdict {
    if answer.asked.route != "GET /support/drivers/{driver_id}" || !answer.is_ok() || !world.rests.get() {
        return Ok(());
    }
    let history = world.history.borrow();
    let driver = answer.body["driver_id"].as_str().unwrap_or_default();
    let own = || {
        history.states.values().filter_map(|state| match state {
            State::Delivery(it) if it.driver.as_str() == driver => Some(it),
            _ => None,
        })
    };
    let counted = own().filter(|it| it.standing == Standing::Counted).count();
    let charged = own().filter(|it| it.charged_case.is_some()).count();
    let said = |name: &str| answer.body[name].as_u64().unwrap_or(u64::MAX) as usize;
    let fold = (counted, own().count() - counted, charged);
    let told = (said("deliveries_counted"), said("deliveries_excluded"), said("complaints_charged"));
    holds(fold == told, || {
        format!("{driver} has {fold:?} deliveries counted, excluded and charged, and is told {told:?}")
    })
}

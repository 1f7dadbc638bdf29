//! Complaints and drivers: what is acknowledged exists, people decide, and a locker's fault is nobody's.

use std::collections::BTreeMap;

use domain::case::{
    Case, CaseSeverity, CaseStatus, Category, Cause as CaseCause, Deadline, Evidence, Measure, Missed, Owner, Source,
};
use domain::decision::Event;
use domain::delivery::{Delivery, Standing};
use domain::fault::Unit;
use domain::notice::{Message, Recipient};
use domain::order::Incident;
use domain::{SignedDuration, State, StateKey, Timestamp};

use super::{Verdict, broken, holds};
use crate::history::{Committed, History};
use crate::invocation::Cause;
use crate::journey::DANGERS;
use crate::site::{AGENTS, COMPLAINTS, COMPLAINTS_LEAD};
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

/// I20: each complaint gets a final answer: whenever it was decided, its customer was told so, once. What is closed
/// without a decision was not answered, or is dealt with by another case, and its customer was told that.
pub fn every_decided_complaint_was_answered(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    let told = |is: &dyn Fn(&Message) -> bool| history.notices.values().filter(|it| is(&it.notice.message)).count();
    for state in history.states.values() {
        let State::Case(case) = state else { continue };
        let stands = case.decision.iter().count();
        let decided = stands + case.reopenings.iter().filter(|it| it.decision.is_some()).count();
        let answers = told(&|it| matches!(it, Message::CaseAnswered { case: of, .. } if *of == case.id));
        holds(answers == decided, || format!("case {} was decided {decided} times, answered {answers}", case.id))?;
        holds(case.status.is_undecided() != (case.status == CaseStatus::Closed || stands == 1), || {
            format!("case {} is {} and has {stands} decisions", case.id, case.status)
        })?;
        if case.status == CaseStatus::Closed && stands == 0 {
            let closings = told(&|it| match it {
                Message::CaseUnanswered { case: of, .. } => *of == case.id && case.joined_into.is_none(),
                Message::CaseJoined { case: of, into, .. } => *of == case.id && case.joined_into.as_ref() == Some(into),
                _ => false,
            });
            holds(closings >= 1, || format!("case {} was closed, and nobody was told", case.id))?;
        }
    }
    Ok(())
}

/// What is promised of a case and has to come by when, by what is kept of it and by nothing else.
fn promised(case: &Case) -> Vec<(Deadline, Timestamp)> {
    let runs = match case.status {
        CaseStatus::Received | CaseStatus::Assigned | CaseStatus::Reopened => true,
        CaseStatus::AwaitingCustomer | CaseStatus::Decided | CaseStatus::Closed => false,
    };
    let first = Some(case.answer_due_at).filter(|_| case.heard_at.is_none());
    let all = [
        (Deadline::FirstAnswer, first),
        (Deadline::Update, case.update_due_at),
        (Deadline::Solution, case.solution_due_at),
    ];
    all.into_iter().filter_map(|(deadline, at)| Some((deadline, at.filter(|_| runs)?))).collect()
}

/// What is due of a case besides: that somebody answers what its driver contests.
fn contested(case: &Case) -> Option<(Deadline, Timestamp)> {
    let open = case.contest.as_ref().filter(|it| it.answer.is_none())?;
    Some((Deadline::Contest, open.at + SignedDuration::from_hours(14 * 24)))
}

/// How long after the first level the second one is told, in working hours.
fn patience(severity: CaseSeverity) -> SignedDuration {
    SignedDuration::from_hours(match severity {
        CaseSeverity::Critical => 2,
        CaseSeverity::Serious => 5,
        CaseSeverity::Minor => 10,
    })
}

/// I10: each level of something overdue is told exactly once, never early, to its team and then to who leads it.
pub fn each_overdue_level_is_told_once_and_never_early(world: &World, commit: &Committed) -> Verdict {
    let told = commit.events.iter().find_map(|(_, entry)| match entry.event {
        Event::CaseOverdue { deadline, level } => Some((deadline, level)),
        _ => None,
    });
    let Some((deadline, level)) = told else { return Ok(()) };
    let Some((Some(before), after)) = commit.cases().next() else { return broken("a level of no case was told") };
    let due = promised(before).into_iter().chain(contested(before)).find(|(it, _)| *it == deadline).map(|(_, at)| at);
    holds(due.is_some_and(|at| at <= commit.now), || {
        format!("{deadline:?} of case {} was told at {}; it is due at {due:?}", after.id, commit.now)
    })?;
    let mut notices = commit.entered().filter_map(|(_, it)| match &it.notice.message {
        Message::CaseOverdue { case, due_at, .. } if *case == after.id => Some((*due_at, &it.notice.recipient)),
        _ => None,
    });
    let Some((due_at, recipient)) = notices.next() else {
        return broken(format!("level {level} of {deadline:?} of case {} was told nobody", after.id));
    };
    let expected = match level {
        1 => Recipient::Team { region: "mainz".parse().expect("a region"), team: COMPLAINTS.parse().expect("a team") },
        _ => Recipient::Person { person: COMPLAINTS_LEAD.parse().expect("a person") },
    };
    holds(*recipient == expected && notices.next().is_none(), || {
        format!("level {level} of {deadline:?} of case {} was told {recipient:?}", after.id)
    })?;
    let history = world.history.borrow();
    let levels = |of: u8| {
        history.commits.iter().filter_map(move |commit| {
            commit.entered().find_map(|(_, it)| match it.notice.message {
                Message::CaseOverdue { ref case, deadline: other, due_at: at, level, severity, .. }
                    if *case == after.id && (other, at, level) == (deadline, due_at, of) =>
                {
                    Some((commit.now, severity))
                }
                _ => None,
            })
        })
    };
    let count = levels(level).count();
    holds(count <= 1, || format!("level {level} of {deadline:?} of case {} was told {count} times", after.id))?;
    if level > 1 {
        let Some((first_at, severity)) = levels(1).next() else {
            return broken(format!("level {level} of {deadline:?} of case {} came first", after.id));
        };
        let worked = world.support.working_between(first_at, commit.now);
        holds(worked >= patience(severity), || {
            format!("level {level} of {deadline:?} of case {} came {worked:?} of work after the first", after.id)
        })?;
    }
    Ok(())
}

/// I10: what was promised and has not come is told, and what its customer does not answer closed, at most two sweeps late.
pub fn nothing_promised_is_more_than_two_sweeps_overdue_in_silence(world: &World, now: &Timestamp) -> Verdict {
    // An index may be some seconds behind: a sweep that runs meanwhile cannot see what is due.
    let seen = SignedDuration::from_secs(8);
    let (history, ran) = (world.history.borrow(), world.executor.now());
    let mut missed = world.deadlines_missed.borrow_mut();
    let mut waiting = BTreeMap::new();
    for state in history.states.values() {
        let State::Case(case) = state else { continue };
        let known_at = history.known_at.get(&StateKey::Case(case.id.clone())).copied().unwrap_or_default();
        let known = world.now() - SignedDuration::try_from(ran.saturating_sub(known_at)).unwrap_or_default();
        let silent =
            case.questions.last().filter(|it| case.status == CaseStatus::AwaitingCustomer && it.answer.is_none());
        if let Some(until) = silent.map(|it| it.asked_at + SignedDuration::from_hours(14 * 24))
            && until.max(known) + seen <= *now
        {
            let key = (case.id.clone(), until);
            let count = missed.get(&key).copied().unwrap_or_default() + 1;
            holds(count <= 2, || format!("nobody answers for case {}, and {count} sweeps did not close it", case.id))?;
            waiting.insert(key, count);
        }
        for (deadline, due_at) in promised(case).into_iter().chain(contested(case)) {
            let counted = |it: &Missed| it.deadline == deadline && it.due_at >= due_at && it.levels_told >= 1;
            if due_at.max(known) + seen > *now || case.missed.iter().any(counted) {
                continue;
            }
            let key = (case.id.clone(), due_at);
            let count = missed.get(&key).copied().unwrap_or_default() + 1;
            holds(count <= 2, || format!("{deadline:?} of case {} is overdue, and {count} sweeps told nobody", key.0))?;
            waiting.insert(key, count);
        }
    }
    *missed = waiting;
    Ok(())
}

fn happened_now(commit: &Committed, is: fn(&Event) -> bool) -> bool {
    commit.events.iter().any(|(_, entry)| is(&entry.event))
}

/// I20: while the customer is waited for, support's clocks stand still: as much work is left after the answer as before
/// the question. Only the owner asks, and only the customer answers.
pub fn clocks_stand_still_while_the_customer_is_waited_for(world: &World, commit: &Committed) -> Verdict {
    let Some((Some(before), after)) = commit.cases().next() else { return Ok(()) };
    if happened_now(commit, |it| matches!(it, Event::CustomerAsked { .. })) {
        let by = commit.events.iter().find_map(|(_, it)| it.actor.clone());
        let owns = matches!(&after.owner, Owner::Agent { person } if by.as_deref() == Some(person.as_str()))
            && (before.owner == Owner::Support || before.owner == after.owner);
        holds(owns, || format!("{by:?} asked about case {} of {:?}", after.id, before.owner))?;
        return holds(promised(after).is_empty(), || format!("case {} waits, and is due", after.id));
    }
    if !happened_now(commit, |it| matches!(it, Event::CustomerAnswered)) {
        return Ok(());
    }
    let Cause::Request(asked) = &commit.cause else { return broken(format!("nobody answered for case {}", after.id)) };
    holds(asked.person.as_deref() == Some(after.customer.as_str()), || {
        format!("{:?} answered for the customer of case {}", asked.person, after.id)
    })?;
    let (Some(due), Some(then)) = (before.solution_due_at, after.solution_due_at) else { return Ok(()) };
    let Some(asked_at) = before.questions.last().map(|it| it.asked_at) else {
        return broken(format!("case {} was answered without a question", after.id));
    };
    if due < asked_at {
        return holds(then <= due, || format!("case {} was overdue, and has time again", after.id));
    }
    let left = world.support.working_between(asked_at, due);
    let left_now = world.support.working_between(commit.now, then);
    // A danger in the answer, or in a complaint that was joined meanwhile, brings everything forward.
    let history = world.history.borrow();
    let meanwhile = history.commits.iter().rev().take_while(|it| it.now >= asked_at);
    let hastened = after.severity != before.severity
        || meanwhile
            .flat_map(Committed::cases)
            .any(|(was, is)| is.id == after.id && was.is_some_and(|was| was.severity != is.severity));
    holds(left_now == left || (hastened && left_now <= left), || {
        format!("case {} had {left:?} of work left when its customer was asked, and {left_now:?} after", after.id)
    })
}

/// I20: who does not answer for fourteen days is told that the case is closed, and no sooner.
pub fn silence_closes_in_time_and_says_so(_: &World, commit: &Committed) -> Verdict {
    if !happened_now(commit, |it| matches!(it, Event::CaseUnanswered)) {
        return Ok(());
    }
    let Some((Some(before), after)) = commit.cases().next() else { return broken("no case was closed") };
    let asked_at = before.questions.last().filter(|it| it.answer.is_none()).map(|it| it.asked_at);
    let silent = asked_at.is_some_and(|at| at + SignedDuration::from_hours(14 * 24) <= commit.now);
    holds(silent, || format!("case {} was closed at {}, asked at {asked_at:?}", after.id, commit.now))?;
    let told = commit.entered().filter(|(_, it)| matches!(it.notice.message, Message::CaseUnanswered { .. })).count();
    holds(told == 1, || format!("case {} was closed for want of an answer with {told} notices", after.id))
}

/// I20: a case is reopened by its customer or by support, within fourteen days of the answer, and twice at the most. It is
/// its team's again, with time that runs from then.
pub fn a_case_is_reopened_in_time_and_by_whose_it_is(_: &World, commit: &Committed) -> Verdict {
    if !happened_now(commit, |it| matches!(it, Event::CaseReopened { .. })) {
        return Ok(());
    }
    let Some((Some(before), after)) = commit.cases().next() else { return broken("no case was reopened") };
    let answered_at = before.decision.as_ref().map(|it| it.at).or(before.closed_at);
    let in_time = answered_at.is_some_and(|at| commit.now <= at + SignedDuration::from_hours(14 * 24));
    holds(in_time && after.reopenings.len() <= 2 && before.joined_into.is_none(), || {
        format!("case {} of {answered_at:?} was reopened at {}", after.id, commit.now)
    })?;
    let Cause::Request(asked) = &commit.cause else { return broken(format!("nobody reopened case {}", after.id)) };
    let person = asked.person.as_deref().unwrap_or_default();
    holds(person == after.customer.as_str() || AGENTS.contains(&person), || {
        format!("{person} reopened case {} of {}", after.id, after.customer)
    })?;
    let fresh = after.owner == Owner::Support
        && after.decision.is_none()
        && promised(after).len() == 3
        && promised(after).iter().all(|(_, at)| *at > commit.now);
    holds(fresh, || format!("case {} was reopened, and is {after:?}", after.id))?;
    let told = commit.entered().filter(|(_, it)| matches!(it.notice.message, Message::CaseReopened { .. })).count();
    holds(told == 1, || format!("case {} was reopened with {told} receipts", after.id))
}

/// I20: only cases of one customer are dealt with together, and the one that stays keeps the sooner promise.
pub fn only_one_customers_cases_are_joined(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (before, after) in commit.cases() {
        let Some(into) = &after.joined_into else { continue };
        let Some(State::Case(main)) = history.states.get(&StateKey::Case(into.clone())) else {
            return broken(format!("case {} was joined into {into}, which is not there", after.id));
        };
        let one = main.customer == after.customer && main.joined.contains(&after.id) && main.id != after.id;
        holds(one, || format!("case {} of {} was joined into {into} of {}", after.id, after.customer, main.customer))?;
        let sooner = before.and_then(|it| it.solution_due_at).is_none_or(|at| main.solution_due_at <= Some(at));
        holds(sooner, || format!("case {} was due sooner than {into}, into which it was joined", after.id))?;
    }
    Ok(())
}

/// J2: a danger in what a customer adds, answers or gives as a reason to reopen goes before everything as well.
pub fn what_a_customer_adds_is_looked_through(_: &World, commit: &Committed) -> Verdict {
    for (before, after) in commit.cases() {
        let Some(before) = before else { continue };
        let added = after.added.iter().skip(before.added.len()).map(|it| &it.text);
        let answered =
            before.awaited().and(after.questions.last()).and_then(|it| it.answer.as_ref()).map(|it| &it.text);
        let reopened = after.reopenings.iter().skip(before.reopenings.len()).filter(|it| it.by.is_none());
        for text in added.chain(answered).chain(reopened.map(|it| &it.text)) {
            let critical = after.category == Category::PrivacyOrSafety && after.severity == CaseSeverity::Critical;
            // What was dangerous before may have been found lesser by a person.
            let known = before.category == Category::PrivacyOrSafety;
            holds(critical || known || !DANGERS.contains(&text.as_str()), || {
                format!("case {} is {:?} although its customer says: {text}", after.id, after.category)
            })?;
        }
    }
    Ok(())
}

/// I21: nothing is decided against a driver who was not heard or had no time for it; the driver is told why in the same
/// commit, and may contest for fourteen days; somebody else of support answers that, with reasons. All of it is the
/// driver's own.
pub fn a_driver_is_heard_told_and_answered_by_somebody_else(_: &World, commit: &Committed) -> Verdict {
    let actor = || commit.events.iter().find_map(|(_, it)| it.actor.clone()).unwrap_or_default();
    for (before, after) in commit.cases() {
        let driver = after.driver.as_ref().map(ToString::to_string).unwrap_or_default();
        for (_, entry) in commit.entered() {
            let to_driver = match &entry.notice.message {
                Message::DriverAsked { case, .. }
                | Message::DriverCharged { case, .. }
                | Message::ContestReceived { case, .. }
                | Message::ContestAnswered { case, .. } => *case == after.id,
                _ => false,
            };
            let own = matches!(&entry.notice.recipient, Recipient::Person { person } if person.as_str() == driver);
            holds(!to_driver || own, || format!("{} of case {} is not to {driver}", entry.notice.id, after.id))?;
        }
        let told = |is: fn(&Message) -> bool| commit.entered().filter(|(_, it)| is(&it.notice.message)).count();
        if let Some(made) = after
            .decision
            .as_ref()
            .filter(|it| it.cause == CaseCause::Driver && before.is_none_or(|before| before.decision.is_none()))
        {
            let heard = after.hearing.as_ref().is_some_and(|it| {
                it.statement.is_some() || it.asked_at + SignedDuration::from_hours(3 * 24) <= made.at
            });
            holds(heard, || format!("case {} was decided against {driver}, who was not heard", after.id))?;
            let count = told(|it| matches!(it, Message::DriverCharged { .. }));
            holds(count == 1, || format!("{driver} was told {count} times of the decision of case {}", after.id))?;
        }
        if happened_now(commit, |it| matches!(it, Event::DriverStated | Event::DecisionContested)) {
            holds(actor() == driver, || format!("{} spoke for {driver} in case {}", actor(), after.id))?;
        }
        if happened_now(commit, |it| matches!(it, Event::DecisionContested)) {
            let decided_at = after.decision.as_ref().map(|it| it.at);
            let in_time = decided_at.is_some_and(|at| commit.now <= at + SignedDuration::from_hours(14 * 24));
            holds(in_time, || format!("case {} of {decided_at:?} was contested at {}", after.id, commit.now))?;
        }
        if happened_now(commit, |it| matches!(it, Event::ContestAnswered { .. })) {
            let first = after.decision.as_ref().map(|it| it.by.to_string());
            let other = first.as_deref() != Some(actor().as_str()) && AGENTS.contains(&actor().as_str());
            holds(other, || format!("{} answered what is contested of {first:?} in case {}", actor(), after.id))?;
            let count = told(|it| matches!(it, Message::ContestAnswered { .. }));
            holds(count == 1, || format!("{driver} was told {count} times what came of contesting {}", after.id))?;
        }
    }
    Ok(())
}

/// I22: a delivery is charged with a case while, and only while, a decision stands that it was the driver's doing.
pub fn only_a_decision_that_stands_charges_a_delivery(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, case) in commit.cases() {
        let granted = case.contest.as_ref().and_then(|it| it.answer.as_ref()).is_some_and(|it| it.granted);
        let stands = !granted && case.decision.as_ref().is_some_and(|it| it.cause == CaseCause::Driver);
        let Some(delivery) = history.delivery(&case.order) else { continue };
        let charged = delivery.charged_case.as_ref() == Some(&case.id);
        holds(charged == stands, || {
            format!("case {} is {}, decided {:?}, and charges: {charged}", case.id, case.status, case.decision)
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
        let mut named = decision.facts_for.iter().map(|at| after.evidence.get(*at));
        let carried = match decision.cause {
            CaseCause::Locker => named.any(|it| it.is_some_and(|it| it.source() == Source::LockerRecords)),
            CaseCause::Driver => {
                history.delivery(&after.order).is_some_and(|it| it.standing == Standing::Counted)
                    && named.next().is_some_and(|it| it.is_some())
            }
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
            let decided = commit.cases().any(|(_, case)| match &after.charged_case {
                Some(charged) => {
                    *charged == case.id && case.decision.as_ref().is_some_and(|it| it.cause == CaseCause::Driver)
                }
                None => {
                    case.status == CaseStatus::Reopened
                        || happened_now(commit, |it| matches!(it, Event::ContestAnswered { granted: true, .. }))
                }
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
        // By a person, who says that it is about something the locker does not explain; or because its customer names a
        // danger, which no locker's fault explains.
        let sorted = happened_now(commit, |it| matches!(it, Event::CaseSorted { .. }))
            || commit.cases().any(|(before, after)| {
                before.is_some_and(|it| it.category != after.category) && after.category == Category::PrivacyOrSafety
            });
        match &after.standing {
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

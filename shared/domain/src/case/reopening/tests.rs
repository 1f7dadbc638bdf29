use super::*;
use crate::case::{CaseSeverity, Category, Cause, Measure};
use crate::delivery::Standing;
use crate::testing::*;

fn agent() -> PersonId {
    id("sara")
}

fn made() -> CaseDecision {
    CaseDecision {
        cause: Cause::Driver,
        measure: Measure::Talk,
        reasons: "The records say so.".to_owned(),
        facts_for: [0].into(),
        facts_against: [].into(),
        by: agent(),
        at: at(1_000),
    }
}

fn decided() -> Case {
    let owner = Owner::Agent { person: agent() };
    Case { decision: Some(made()), owner, heard_at: Some(at(900)), ..case(CaseStatus::Decided, vec![]) }
}

fn charged() -> Delivery {
    Delivery { charged_case: Some(id("C-1")), ..delivery() }
}

fn again(case: Case, delivery: Option<Delivery>, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    reopen(case, delivery, None, "That is not so.".to_owned(), &support(), &event(), now)
}

#[test]
fn a_case_that_is_reopened_goes_back_to_its_team_and_what_was_decided_charges_nobody() {
    let now = at(2_000);
    let text = "That is not so.".to_owned();
    let due = |count| support().due(now, hours(count));
    let after = Case {
        status: CaseStatus::Reopened,
        answer_due_at: due(10),
        update_due_at: Some(due(50)),
        solution_due_at: Some(due(100)),
        reopenings: vec![Reopening { at: now, by: None, text, decision: Some(made()), contest: None }],
        ..case(CaseStatus::Decided, vec![])
    };
    let receipt = Message::CaseReopened { case: id("C-1"), order: id("o1"), answer_due_at: due(10) };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![delivery().into(), after.into()],
        unchanged: vec![],
        notices: vec![told(receipt, now)],
        event: Event::CaseReopened { by: None },
    };
    assert_eq!(again(decided(), Some(charged()), now), Ok(expected));
}

#[test]
fn what_another_case_is_charged_for_stays_charged() {
    let other = Delivery { charged_case: Some(id("C-2")), ..delivery() };
    let decision = again(decided(), Some(other), at(2_000)).unwrap();
    assert_eq!(decision.changes.len(), 1);
}

#[test]
fn it_can_be_reopened_for_14_days_to_the_second_after_the_answer_whenever_it_was_closed() {
    let last = at(1_000) + REOPEN_WITHIN;
    let closed = Case { status: CaseStatus::Closed, closed_at: Some(at(500_000)), ..decided() };
    for case in [decided(), closed] {
        assert_eq!(case.reopens_until(), Some(last));
        assert!(again(case.clone(), None, last).is_ok());
        assert_eq!(again(case, None, last + SignedDuration::from_secs(1)), Err(Refusal::TooLate));
    }
}

#[test]
fn the_last_answer_is_the_last_one() {
    let mut case = decided();
    for nth in 0..REOPENINGS_MAX {
        case = again(case, None, at(2_000 + nth as i64)).unwrap().answer;
        case = Case { status: CaseStatus::Decided, decision: Some(made()), ..case };
    }
    assert_eq!(case.reopens_until(), None);
    assert_eq!(again(case, None, at(3_000)), Err(Refusal::FinalAnswer));
}

#[test]
fn nothing_is_reopened_that_is_not_over_or_is_dealt_with_by_another_case() {
    use CaseStatus::*;
    for status in [Received, Assigned, AwaitingCustomer, Reopened] {
        assert_eq!(again(case(status, vec![]), None, at(2_000)), Err(Refusal::wrong_state(status)));
    }
    let joined = Case { joined_into: Some(id("C-2")), closed_at: Some(at(1_000)), ..case(Closed, vec![]) };
    assert_eq!(again(joined, None, at(2_000)), Err(Refusal::wrong_state("joined")));
}

#[test]
fn support_reopens_by_name_and_the_driver_does_not() {
    let by = |person: PersonId| {
        reopen(decided(), None, Some(person), "On the telephone.".to_owned(), &support(), &event(), at(2_000))
    };
    assert_eq!(by(agent()).unwrap().event, Event::CaseReopened { by: Some(agent()) });
    assert_eq!(by(driver()), Err(Refusal::OwnCase));
}

#[test]
fn a_danger_that_is_named_when_it_is_reopened_goes_before_everything() {
    let met = incident(unit(7), crate::fault::FaultCode::LockJammed, 30, Some(50));
    let excluded = Delivery { standing: Standing::Excluded { incident: met.clone() }, ..charged() };
    let evidence = vec![crate::case::Evidence::LockerFault { incident: met }];
    let explained = Case { proposed_cause: Cause::Locker, evidence, ..decided() };
    let text = "Der Fahrer hat mich bedroht".to_owned();
    let decision = reopen(explained, Some(excluded), None, text, &support(), &event(), at(2_000)).unwrap();
    assert_eq!(
        (decision.answer.category, decision.answer.severity),
        (Category::PrivacyOrSafety, CaseSeverity::Critical)
    );
    assert_eq!(decision.answer.answer_due_at, support().due(at(2_000), hours(2)));
    assert_eq!(decision.changes[0], delivery().into(), "counted again, and charged with nothing");
}

use super::*;
use crate::case::CaseSeverity;
use crate::testing::*;

fn agent() -> PersonId {
    id("sara")
}

fn first() -> Case {
    case(CaseStatus::Assigned, vec![])
}

/// A second one of the same customer, which is graver and so due sooner.
fn second() -> Case {
    Case {
        id: id("C-2"),
        order: id("o2"),
        severity: CaseSeverity::Serious,
        answer_due_at: support().due(at(100), hours(5)),
        solution_due_at: Some(support().due(at(100), hours(50))),
        ..case(CaseStatus::Received, vec![])
    }
}

fn joined(duplicate: Case, into: Case) -> Result<Decision<Case>, Refusal> {
    join(duplicate, into, agent(), &event(), at(200))
}

#[test]
fn a_duplicate_is_closed_and_what_was_promised_sooner_is_promised_for_the_one_that_stays() {
    let after = Case { status: CaseStatus::Closed, closed_at: Some(at(200)), joined_into: Some(id("C-1")), ..second() };
    let stays = Case {
        joined: [id("C-2")].into(),
        severity: CaseSeverity::Serious,
        answer_due_at: second().answer_due_at,
        solution_due_at: second().solution_due_at,
        ..first()
    };
    let message = Message::CaseJoined { case: id("C-2"), order: id("o2"), into: id("C-1") };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.into(), stays.into()],
        unchanged: vec![],
        notices: vec![told(message, at(200))],
        event: Event::CaseJoined { into: id("C-1"), by: agent() },
    };
    assert_eq!(joined(second(), first()), Ok(expected));
}

#[test]
fn two_customers_cases_stay_two_and_one_is_not_joined_with_itself() {
    let anothers = Case { customer: id("ben"), ..second() };
    assert_eq!(joined(anothers, first()), Err(Refusal::NotTheSameMatter));
    assert_eq!(joined(first(), first()), Err(Refusal::NotTheSameMatter));
}

#[test]
fn nothing_is_joined_that_is_decided_or_has_others_of_its_own() {
    for status in [CaseStatus::Decided, CaseStatus::Closed] {
        let over = |case: Case| Case { status, ..case };
        assert_eq!(joined(over(second()), first()), Err(Refusal::wrong_state(status)));
        assert_eq!(joined(second(), over(first())), Err(Refusal::wrong_state(status)));
    }
    let leading = Case { joined: [id("C-3")].into(), ..second() };
    assert_eq!(joined(leading, first()), Err(Refusal::wrong_state("joined_by_others")));
    let full = Case { joined: (0..JOINED_MAX).map(|nth| id(&format!("D-{nth}"))).collect(), ..first() };
    assert_eq!(joined(second(), full), Err(Refusal::TooManyJoined));
}

#[test]
fn nobody_joins_their_own_cases() {
    for party in [customer(), driver()] {
        assert_eq!(join(second(), first(), party, &event(), at(200)), Err(Refusal::OwnCase));
    }
}

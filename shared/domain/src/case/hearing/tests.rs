use super::*;
use crate::case::{CaseDecision, CaseStatus, Category, Deadline, Measure};
use crate::testing::*;

fn agent() -> PersonId {
    id("sara")
}

fn received() -> Case {
    case(CaseStatus::Received, vec![])
}

fn asked() -> Case {
    ask_driver(received(), agent(), &event(), at(200)).unwrap().answer
}

fn decided() -> Case {
    let made = CaseDecision {
        cause: Cause::Driver,
        measure: Measure::Talk,
        reasons: "The records say so.".to_owned(),
        facts_for: [0].into(),
        facts_against: [].into(),
        by: agent(),
        at: at(1_000),
    };
    Case { status: CaseStatus::Decided, decision: Some(made), ..asked() }
}

fn contested() -> Case {
    contest(decided(), "I was not there.".to_owned(), &event(), at(2_000)).unwrap().answer
}

fn charged() -> Delivery {
    Delivery { charged_case: Some(id("C-1")), ..delivery() }
}

fn to_driver(message: Message, now: Timestamp) -> Notice {
    Notice::to_person(&driver(), message, &event(), now)
}

fn made(granted: bool, by: &str) -> ContestAnswer {
    ContestAnswer { granted, reasons: "The other van's list.".to_owned(), by: id(by), at: at(3_000) }
}

#[test]
fn a_driver_is_asked_once_and_told_what_about_and_until_when() {
    let decision = ask_driver(received(), agent(), &event(), at(200)).unwrap();
    let state_until = at(200) + STATEMENT_WITHIN;
    let hearing = Some(Box::new(Hearing { by: agent(), asked_at: at(200), state_until, statement: None }));
    let after = Case { hearing, ..received() };
    let message = Message::DriverAsked { case: id("C-1"), delivery: id("o1"), category: Category::Delay, state_until };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.clone().into()],
        unchanged: vec![],
        notices: vec![to_driver(message, at(200))],
        event: Event::DriverAsked { by: agent() },
    };
    assert_eq!(decision, expected);
    assert_eq!(ask_driver(after, agent(), &event(), at(300)), Err(Refusal::wrong_state("driver_asked")));
    for party in [customer(), driver()] {
        assert_eq!(ask_driver(received(), party, &event(), at(200)), Err(Refusal::OwnCase));
    }
    let nobodys = Case { driver: None, ..received() };
    assert_eq!(ask_driver(nobodys, agent(), &event(), at(200)), Err(Refusal::UnknownPerson));
    assert_eq!(ask_driver(decided(), agent(), &event(), at(1_200)), Err(Refusal::wrong_state("decided")));
}

#[test]
fn what_is_promised_to_the_customer_does_not_wait_for_the_driver() {
    assert_eq!(asked().deadline(Deadline::Solution), received().solution_due_at);
    assert_eq!(asked().due_at(), received().due_at());
}

#[test]
fn a_statement_is_a_fact_and_is_given_once() {
    assert!(!asked().is_heard(at(300)));
    let decision = state(asked(), "The lift was broken.".to_owned(), at(300)).unwrap();
    let after = decision.answer;
    assert_eq!(
        after.hearing.as_ref().unwrap().statement,
        Some(Said { text: "The lift was broken.".to_owned(), at: at(300) })
    );
    assert_eq!(after.evidence.last(), Some(&Evidence::DriverStated { stated_at: at(300) }));
    assert_eq!((decision.event, decision.notices), (Event::DriverStated, vec![]));
    assert!(after.is_heard(at(300)));
    assert_eq!(state(after, "And the stairs.".to_owned(), at(400)), Err(Refusal::wrong_state("stated")));
    assert_eq!(state(received(), "What?".to_owned(), at(400)), Err(Refusal::wrong_state("received")));
    assert_eq!(state(decided(), "Late.".to_owned(), at(1_400)), Err(Refusal::wrong_state("decided")));
}

#[test]
fn who_says_nothing_for_three_days_has_been_heard() {
    let until = at(200) + STATEMENT_WITHIN;
    assert!(!asked().is_heard(until - SignedDuration::from_secs(1)));
    assert!(asked().is_heard(until));
    assert!(!received().is_heard(until));
}

#[test]
fn a_decision_can_be_contested_once_for_14_days_to_the_second() {
    let until = at(1_000) + CONTEST_WITHIN;
    assert_eq!(decided().contested_until(), Some(until));
    let late = contest(decided(), "No.".to_owned(), &event(), until + SignedDuration::from_secs(1));
    assert_eq!(late, Err(Refusal::TooLate));
    let decision = contest(decided(), "No.".to_owned(), &event(), until).unwrap();
    let answer_due_at = until + CONTEST_ANSWERED_WITHIN;
    let message = Message::ContestReceived { case: id("C-1"), delivery: id("o1"), answer_due_at };
    assert_eq!(decision.notices, vec![to_driver(message, until)]);
    let after = decision.answer;
    assert!(after.charges_its_driver(), "it stands until it is answered");
    assert_eq!((after.deadline(Deadline::Contest), after.due_first()), (Some(answer_due_at), Some(answer_due_at)));
    assert_eq!(after.due_at(), Some(answer_due_at));
    assert_eq!(contest(after, "No!".to_owned(), &event(), until), Err(Refusal::wrong_state("decided")));
    for cause in [Cause::Locker, Cause::Sender, Cause::Customer, Cause::Unknown] {
        let mut others = decided();
        others.decision.as_mut().unwrap().cause = cause;
        assert!(contest(others, "No.".to_owned(), &event(), at(2_000)).is_err(), "{cause:?}");
    }
}

#[test]
fn a_granted_contest_takes_the_charge_away_and_a_refused_one_leaves_it() {
    let answer = |granted| answer_contest(contested(), Some(charged()), made(granted, "sven"), &event()).unwrap();
    let granted = answer(true);
    assert_eq!(granted.changes[0], delivery().into());
    assert!(!granted.answer.charges_its_driver());
    assert_eq!(granted.answer.deadline(Deadline::Contest), None);
    let message = Message::ContestAnswered {
        case: id("C-1"),
        delivery: id("o1"),
        granted: true,
        reasons: "The other van's list.".to_owned(),
    };
    assert_eq!(granted.notices, vec![to_driver(message, at(3_000))]);
    assert_eq!(granted.event, Event::ContestAnswered { by: id("sven"), granted: true });
    let refused = answer(false);
    assert_eq!(refused.changes.len(), 1);
    assert!(refused.answer.charges_its_driver());
    let again = answer_contest(refused.answer, Some(charged()), made(true, "sven"), &event());
    assert_eq!(again, Err(Refusal::wrong_state("decided")));
}

#[test]
fn a_contest_is_answered_by_somebody_else_with_reasons() {
    let answer = |made| answer_contest(contested(), Some(charged()), made, &event());
    assert_eq!(answer(made(false, "sara")), Err(Refusal::FirstDecider));
    for party in ["anna", "dirk"] {
        assert_eq!(answer(made(false, party)), Err(Refusal::OwnCase));
    }
    let silent = ContestAnswer { reasons: " ".to_owned(), ..made(true, "sven") };
    assert_eq!(answer(silent), Err(Refusal::MissingEvidence));
    assert_eq!(
        answer_contest(decided(), Some(charged()), made(true, "sven"), &event()),
        Err(Refusal::wrong_state("decided"))
    );
}

#[test]
fn what_another_case_is_charged_for_stays_so_when_a_contest_is_granted() {
    let other = Delivery { charged_case: Some(id("C-2")), ..delivery() };
    let decision = answer_contest(contested(), Some(other), made(true, "sven"), &event()).unwrap();
    assert_eq!(decision.changes.len(), 1);
}

use super::*;
use crate::case::{CaseSeverity, Category, Deadline};
use crate::testing::*;

fn agent() -> PersonId {
    id("sara")
}

fn received() -> Case {
    case(CaseStatus::Received, vec![])
}

fn ask(case: Case, by: PersonId, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    ask_customer(case, "Which box was it?".to_owned(), by, &support(), &event(), now)
}

/// The case once [`agent`] has asked.
fn asked(now: Timestamp) -> Case {
    ask(received(), agent(), now).unwrap().answer
}

fn answer(case: Case, text: &str, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    answer_question(case, Some(delivery()), text.to_owned(), &support(), now)
}

#[test]
fn given_a_question_then_its_customer_is_asked_in_the_same_commit_and_nothing_is_due_of_support() {
    let question = Question {
        text: "Which box was it?".to_owned(),
        by: agent(),
        asked_at: at(200),
        answer_until: at(200) + ANSWER_WITHIN,
        answer: None,
    };
    let after = Case {
        status: CaseStatus::AwaitingCustomer,
        owner: Owner::Agent { person: agent() },
        heard_at: Some(at(200)),
        update_due_at: Some(support().due(at(200), hours(50))),
        questions: vec![question],
        ..received()
    };
    let message = Message::CaseQuestion {
        case: id("C-1"),
        order: id("o1"),
        question: "Which box was it?".to_owned(),
        answer_until: at(200) + ANSWER_WITHIN,
    };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.clone().into()],
        unchanged: vec![],
        notices: vec![told(message, at(200))],
        event: Event::CustomerAsked { by: agent() },
    };
    assert_eq!(ask(received(), agent(), at(200)), Ok(expected));
    assert_eq!(after.next_overdue(), None);
    assert_eq!((after.due_at(), after.due_first()), (Some(at(200) + ANSWER_WITHIN), Some(at(200) + ANSWER_WITHIN)));
}

#[test]
fn only_the_owner_asks_and_never_whose_matter_it_is() {
    let owned = Case { owner: Owner::Agent { person: id("sven") }, status: CaseStatus::Assigned, ..received() };
    assert_eq!(ask(owned.clone(), agent(), at(200)), Err(Refusal::NotTheOwner));
    assert!(ask(owned, id("sven"), at(200)).is_ok());
    for party in [customer(), driver()] {
        assert_eq!(ask(received(), party, at(200)), Err(Refusal::OwnCase));
    }
}

#[test]
fn nothing_is_asked_while_another_question_waits_nor_once_it_is_decided_nor_without_end() {
    let waiting = ask(asked(at(200)), agent(), at(300));
    assert_eq!(waiting, Err(Refusal::wrong_state("awaiting_customer")));
    for status in [CaseStatus::Decided, CaseStatus::Closed] {
        assert_eq!(ask(case(status, vec![]), agent(), at(300)), Err(Refusal::wrong_state(status)));
    }
    let mut often = received();
    for _ in 0..QUESTIONS_MAX {
        often = answer(ask(often, agent(), at(200)).unwrap().answer, "This one.", at(300)).unwrap().answer;
    }
    assert_eq!(ask(often, agent(), at(400)), Err(Refusal::TooManyQuestions));
}

#[test]
fn the_clock_of_the_solution_stands_still_until_the_answer() {
    let (asked_at, answered_at) = (at(200), at(200) + hours(24 * 8));
    let after = answer(asked(asked_at), "The small one.", answered_at).unwrap().answer;
    assert_eq!(after.status, CaseStatus::Assigned);
    assert_eq!(after.questions[0].answer, Some(Said { text: "The small one.".to_owned(), at: answered_at }));
    let (before, later) = (received().solution_due_at.unwrap(), after.solution_due_at.unwrap());
    // Eight days with a weekend in them: six of work, of ten hours.
    assert_eq!(support().working_between(before, later), hours(60));
    assert_eq!(support().working_between(asked_at, before), support().working_between(answered_at, later));
    assert_eq!(after.update_due_at, Some(support().due(answered_at, hours(50))));
    assert_eq!(after.deadline(Deadline::FirstAnswer), None, "a person has written");
}

#[test]
fn sorting_after_a_pause_leaves_the_pause_out() {
    let answered_at = at(200) + hours(24 * 8);
    let mut graver = answer(asked(at(200)), "The small one.", answered_at).unwrap().answer;
    graver.severity = CaseSeverity::Serious;
    graver.hasten(&support());
    let unpaused = support().due(at(100), hours(50));
    assert_eq!(graver.solution_due_at, Some(support().after_pause(unpaused, at(200), answered_at)));
    assert_eq!(graver.update_due_at, Some(support().due(answered_at, hours(20))));
}

#[test]
fn what_was_overdue_before_the_question_stays_so() {
    let late = received().solution_due_at.unwrap() + hours(1);
    let after = answer(asked(late), "The small one.", late + hours(240)).unwrap().answer;
    assert_eq!(after.solution_due_at, received().solution_due_at);
}

#[test]
fn an_answer_is_looked_through_for_dangers() {
    let after = answer(asked(at(200)), "I cut my hand on the door", at(300)).unwrap().answer;
    assert_eq!((after.category, after.severity), (Category::PrivacyOrSafety, CaseSeverity::Critical));
    assert_eq!(after.questions[0].asked_at, at(200));
}

#[test]
fn nothing_is_answered_that_was_not_asked_or_was_answered() {
    let refused = |status: CaseStatus| Err(Refusal::wrong_state(status));
    assert_eq!(answer(received(), "Hello?", at(200)), refused(CaseStatus::Received));
    let answered = answer(asked(at(200)), "This one.", at(300)).unwrap().answer;
    assert_eq!(answer(answered, "No, that one.", at(400)), refused(CaseStatus::Assigned));
    assert_eq!(answer(case(CaseStatus::Closed, vec![]), "Hello?", at(200)), refused(CaseStatus::Closed));
}

#[test]
fn silence_closes_the_case_when_the_time_is_over_and_says_how_to_reopen_it() {
    let until = at(200) + ANSWER_WITHIN;
    let early = close_unanswered(asked(at(200)), &event(), until - SignedDuration::from_secs(1));
    assert_eq!(early, Err(Refusal::wrong_state("awaiting_customer")));
    let decision = close_unanswered(asked(at(200)), &event(), until).unwrap();
    let after = Case { status: CaseStatus::Closed, closed_at: Some(until), ..asked(at(200)) };
    let reopen_until = Some(until + REOPEN_WITHIN);
    let message = Message::CaseUnanswered { case: id("C-1"), order: id("o1"), reopen_until };
    let expected = Decision {
        answer: (),
        changes: vec![after.clone().into()],
        unchanged: vec![],
        notices: vec![told(message, until)],
        event: Event::CaseUnanswered,
    };
    assert_eq!(decision, expected);
    assert_eq!((after.reopens_until(), after.due_at()), (reopen_until, None));
    let answered = answer(asked(at(200)), "This one.", at(300)).unwrap().answer;
    assert!(close_unanswered(answered, &event(), until).is_err(), "who has answered is not silent");
}

use super::*;
use crate::case::{CaseSeverity, CaseStatus, Category, Reopening};
use crate::person::Language;
use crate::testing::*;

fn agent() -> PersonId {
    id("sara")
}

fn team(name: &str, duty: Duty, lead: Option<&str>) -> Team {
    Team {
        id: id(name),
        region: id("mainz"),
        name: name.to_owned(),
        skills: [].into(),
        language: Language::German,
        topic_arn: String::new(),
        duty,
        lead: lead.map(id),
        members: [].into(),
    }
}

fn all() -> Vec<Team> {
    vec![
        team("mechanics", Duty::Repair, Some("eve")),
        team("support-1", Duty::Support, Some("lea")),
        team("support-2", Duty::Support, None),
        team("watch", Duty::Operations, None),
    ]
}

fn received() -> Case {
    Case { region: Some(id("mainz")), team: Some(id("support-1")), ..case(CaseStatus::Received, vec![]) }
}

/// The first answer is due Tuesday, 22 September 2026, 15:35 in Mainz.
fn answer_due() -> Timestamp {
    received().answer_due_at
}

fn tell(case: Case, teams: Vec<Team>, now: Timestamp) -> Result<Decision<bool>, Refusal> {
    tell_overdue(OverdueScene { case, teams, support: support() }, &event(), now)
}

/// The case after the next level was told then.
fn after(case: Case, now: Timestamp) -> Case {
    let decision = tell(case, all(), now).unwrap();
    let [crate::State::Case(case)] = &decision.changes[..] else { panic!("{decision:?}") };
    case.clone()
}

fn team_of(name: &str) -> Recipient {
    Recipient::Team { region: id("mainz"), team: id(name) }
}

fn person(name: &str) -> Recipient {
    Recipient::Person { person: id(name) }
}

#[test]
fn given_no_first_answer_in_time_then_the_team_is_told_and_that_is_counted() {
    let due_at = answer_due();
    let message = Message::CaseOverdue {
        case: id("C-1"),
        category: Category::Delay,
        severity: CaseSeverity::Minor,
        deadline: Deadline::FirstAnswer,
        due_at,
        level: 1,
        taken: false,
    };
    let next_at = Some(support().due(due_at, hours(10)));
    let missed = vec![Missed { deadline: Deadline::FirstAnswer, due_at, levels_told: 1, next_at }];
    let expected = Decision {
        answer: true,
        changes: vec![Case { missed, ..received() }.into()],
        unchanged: vec![],
        notices: vec![Notice { recipient: team_of("support-1"), ..told(message, due_at) }],
        event: Event::CaseOverdue { deadline: Deadline::FirstAnswer, level: 1 },
    };
    assert_eq!(tell(received(), all(), due_at), Ok(expected));
}

#[test]
fn no_level_comes_early_none_comes_twice_and_there_is_no_third() {
    let refused = Err(Refusal::wrong_state("received"));
    let second = SignedDuration::from_secs(1);
    assert_eq!(tell(received(), all(), answer_due() - second), refused);
    let once = after(received(), answer_due());
    let next = support().due(answer_due(), hours(10));
    assert_eq!(tell(once.clone(), all(), next - second), refused);
    let lead = tell(once.clone(), all(), next).unwrap();
    assert_eq!(lead.notices[0].recipient, person("lea"));
    // From then on nothing but what is due next is waited for.
    let twice = after(once, next);
    assert_eq!(twice.next_overdue().map(|it| (it.deadline, it.level)), Some((Deadline::Update, 1)));
    assert_eq!(twice.due_at(), received().update_due_at);
}

#[test]
fn every_level_of_everything_is_an_event_of_its_own() {
    let (mut case, mut events) = (received(), std::collections::BTreeSet::new());
    while let Some(overdue) = case.next_overdue() {
        assert!(events.insert(overdue.event().to_string()), "{overdue:?}");
        case = after(case, overdue.told_at);
    }
    assert_eq!(events.len(), 3 * usize::from(OVERDUE_LEVELS), "nothing is contested");
    assert_eq!(case.due_at(), None);
}

#[test]
fn where_a_team_or_its_lead_is_missing_the_nearest_is_told_and_where_there_is_nobody_that_is_the_answer() {
    let told = |level: u8, named: Option<&str>, teams: Vec<Team>| {
        let mut case = Case { team: named.map(id), ..received() };
        if level == 2 {
            case = after(case, answer_due());
        }
        let decision = tell(case, teams, answer_due() + hours(48)).unwrap();
        assert_eq!(decision.answer, !decision.notices.is_empty());
        decision.notices.into_iter().next().map(|it| it.recipient)
    };
    assert_eq!(told(1, None, all()), Some(team_of("support-1")));
    assert_eq!(told(2, Some("support-2"), all()), Some(team_of("watch")));
    assert_eq!(told(2, Some("support-2"), vec![team("support-2", Duty::Support, None)]), Some(team_of("support-2")));
    assert_eq!(told(1, Some("gone"), vec![team("watch", Duty::Operations, None)]), Some(team_of("watch")));
    assert_eq!(told(1, None, vec![team("mechanics", Duty::Repair, Some("eve"))]), None);
}

#[test]
fn a_person_who_writes_gives_the_first_answer_and_the_next_update_is_due_from_then() {
    let now = at(7_200);
    let decision = update(received(), agent(), &support(), &event(), now).unwrap();
    let update_due_at = Some(support().due(now, hours(50)));
    let after = Case { heard_at: Some(now), update_due_at, ..received() };
    assert_eq!(decision.answer, after);
    let message =
        Message::CaseUpdated { case: id("C-1"), order: id("o1"), solution_due_at: received().solution_due_at };
    assert_eq!((decision.notices, decision.event), (vec![told(message, now)], Event::CaseUpdated { by: agent() }));
    assert_eq!((after.deadline(Deadline::FirstAnswer), after.due_first()), (None, update_due_at));
}

#[test]
fn an_update_after_the_promised_time_promises_no_other() {
    let late = received().solution_due_at.unwrap();
    let decision = update(received(), agent(), &support(), &event(), late).unwrap();
    assert!(matches!(decision.notices[0].message, Message::CaseUpdated { solution_due_at: None, .. }));
}

#[test]
fn an_update_that_was_missed_is_told_of_anew_when_the_next_one_is_missed_as_well() {
    let first = received().update_due_at.unwrap();
    let told = after(after(after(received(), answer_due()), first), first + hours(72));
    let heard = update(told, agent(), &support(), &event(), first + hours(73)).unwrap().answer;
    let next = heard.update_due_at.unwrap();
    assert!(next > first);
    let overdue = |case: &Case| case.next_overdue().filter(|it| it.deadline == Deadline::Update);
    let expected = Overdue { deadline: Deadline::Update, due_at: next, level: 1, told_at: next };
    let solved = Case { solution_due_at: None, ..heard };
    assert_eq!(overdue(&solved), Some(expected));
}

#[test]
fn what_was_brought_forward_after_it_had_passed_is_not_told_of_again() {
    let told = after(after(received(), answer_due()), answer_due() + hours(48));
    let mut graver = Case { severity: CaseSeverity::Critical, ..told };
    graver.hasten(&support());
    assert!(graver.answer_due_at < answer_due());
    assert!(graver.next_overdue().is_none_or(|it| it.deadline != Deadline::FirstAnswer));
}

#[test]
fn nothing_is_due_of_what_is_decided_nor_updated_by_whose_matter_it_is() {
    for status in [CaseStatus::Decided, CaseStatus::Closed] {
        let over = Case { status, ..received() };
        assert_eq!((over.due_at(), over.due_first()), (None, None));
        assert_eq!(tell(over.clone(), all(), answer_due()), Err(Refusal::wrong_state(status)));
        let updated = update(over, agent(), &support(), &event(), at(200));
        assert_eq!(updated, Err(Refusal::wrong_state(status)));
    }
    for party in [customer(), driver()] {
        assert_eq!(update(received(), party, &support(), &event(), at(200)), Err(Refusal::OwnCase));
    }
}

#[test]
fn the_clocks_of_a_reopened_case_run_since_then() {
    let reopening = Reopening { at: at(500_000), by: None, text: String::new(), decision: None, contest: None };
    let mut reopened = Case { reopenings: vec![reopening], status: CaseStatus::Reopened, ..received() };
    reopened.start_clocks(&support(), at(500_000));
    let before = reopened.clone();
    reopened.hasten(&support());
    assert_eq!(reopened, before, "nothing is brought forward to before it was reopened");
    assert_eq!(reopened.answer_due_at, support().due(at(500_000), hours(10)));
}

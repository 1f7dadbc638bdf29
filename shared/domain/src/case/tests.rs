use super::*;
use crate::fault::FaultCode;
use crate::testing::*;

const STATUSES: [CaseStatus; 6] = [
    CaseStatus::Received,
    CaseStatus::Assigned,
    CaseStatus::AwaitingCustomer,
    CaseStatus::Decided,
    CaseStatus::Closed,
    CaseStatus::Reopened,
];

fn beside() -> FoundBeside {
    FoundBeside::default()
}

fn agent() -> PersonId {
    id("sara")
}

fn met(of: u16) -> Incident {
    incident(unit(of), FaultCode::LockJammed, 30, Some(50))
}

/// A case whose records hold a fault of the locker, and whose driver has been heard.
fn locker_faulted() -> Case {
    heard(case(CaseStatus::Assigned, vec![Evidence::LockerFault { incident: met(7) }]))
}

/// The same after its driver had the time to say something.
fn heard(case: Case) -> Case {
    let hearing = Hearing { by: agent(), asked_at: at(110), state_until: at(150), statement: None };
    Case { hearing: Some(Box::new(hearing)), ..case }
}

/// A case whose records hold nothing of the kind.
fn locker_worked() -> Case {
    let ratings = ratings(2, 5, 5, 5);
    heard(case(CaseStatus::Assigned, vec![Evidence::Ratings { ratings }, Evidence::Collected { collected_at: at(80) }]))
}

fn excluded() -> Delivery {
    Delivery { standing: Standing::Excluded { incident: met(7) }, ..delivery() }
}

fn made(cause: Cause, measure: Measure) -> CaseDecision {
    let (reasons, facts_against) = ("The records say so.".to_owned(), BTreeSet::new());
    CaseDecision { cause, measure, reasons, facts_for: [0].into(), facts_against, by: agent(), at: at(200) }
}

fn judge(case: Case, delivery: Option<Delivery>, made: CaseDecision) -> Result<Decision<Case>, Refusal> {
    decide(case, delivery, made, &event())
}

/// Whether it is carried, and whether the delivery is charged with it.
fn charges(case: Case, delivery: Option<Delivery>, cause: Cause, measure: Measure) -> Result<bool, Refusal> {
    let decision = judge(case, delivery, made(cause, measure))?;
    Ok(decision.changes.iter().any(|it| matches!(it, crate::State::Delivery(_))))
}

/// Whether a fault of the locker can explain a complaint, by what the network promises its drivers.
fn explained(category: Category) -> bool {
    match category {
        Category::Delay | Category::WrongPlace | Category::LockerFault => true,
        Category::Conduct | Category::Damage | Category::Missing | Category::PrivacyOrSafety | Category::Other => false,
    }
}

#[test]
fn a_lockers_fault_speaks_for_the_driver_only_where_it_can_explain_the_complaint() {
    let order = Order { incidents: vec![met(7), met(8)], ..order("o1", 9) };
    for category in Category::ALL {
        let opened =
            Case::open(id("C-1"), &order, &bad_for(&[category]), Some(&delivery()), &beside(), &support(), at(100));
        let expected = if explained(category) { (Cause::Locker, Some(met(8))) } else { (Cause::Unknown, None) };
        assert_eq!((opened.proposed_cause, opened.alibi().cloned()), expected, "{category:?}");
    }
}

#[test]
fn conduct_or_damage_named_beside_a_delay_is_not_explained_by_the_locker() {
    let order = Order { incidents: vec![met(7)], ..order("o1", 9) };
    for worse in [Category::Conduct, Category::Damage, Category::Missing, Category::PrivacyOrSafety] {
        let opened =
            Case::open(id("C-1"), &order, &bad_for(&[Category::Delay, worse]), None, &beside(), &support(), at(100));
        assert_eq!((opened.category, opened.alibi()), (worse, None));
    }
}

#[test]
fn an_order_that_met_no_fault_gives_no_alibi() {
    for category in Category::ALL {
        let opened =
            Case::open(id("C-1"), &order("o1", 7), &bad_for(&[category]), None, &beside(), &support(), at(100));
        assert_eq!((opened.proposed_cause, opened.alibi()), (Cause::Unknown, None), "{category:?}");
    }
}

#[test]
fn a_case_opens_with_an_owner_and_a_time_and_the_facts_of_the_delivery() {
    let order = Order { driver: Some(driver()), collected_at: Some(at(80)), incidents: vec![met(7)], ..order("o1", 9) };
    let submission = Submission { text: "It was late.".to_owned(), ..bad_for(&[Category::Delay]) };
    let evidence = vec![
        Evidence::LockerFault { incident: met(7) },
        Evidence::DeliveredAt { delivered_at: at(60), promised_at: None },
        Evidence::Collected { collected_at: at(80) },
        Evidence::Ratings { ratings: submission.ratings },
    ];
    let expected = Case { proposed_cause: Cause::Locker, ..case(CaseStatus::Received, evidence) };
    assert_eq!(Case::open(id("C-1"), &order, &submission, Some(&delivery()), &beside(), &support(), at(100)), expected);
}

#[test]
fn a_complaint_without_a_reason_is_filed_under_other() {
    let asked = Submission { answer_wanted: true, ..bad_for(&[]) };
    let opened = Case::open(id("C-1"), &order("o1", 7), &asked, None, &beside(), &support(), at(100));
    assert_eq!((opened.category, opened.severity), (Category::Other, CaseSeverity::Minor));
}

#[test]
fn a_case_is_about_what_its_text_says_as_well_and_keeps_the_words_that_say_so() {
    let text = "Zwei Tage zu spät und der Fahrer war unfreundlich".to_owned();
    let submission = Submission { text, answer_wanted: true, ..bad_for(&[]) };
    let order = Order { incidents: vec![met(7)], ..order("o1", 9) };
    let opened = Case::open(id("C-1"), &order, &submission, None, &beside(), &support(), at(100));
    assert_eq!((opened.category, &opened.further, opened.unsure), (Category::Conduct, &vec![Category::Delay], false));
    assert_eq!((opened.severity, opened.proposed_cause), (CaseSeverity::Serious, Cause::Unknown));
    let words: Vec<&str> = opened
        .grounds
        .iter()
        .filter_map(|it| if let Ground::Said { words, .. } = it { Some(words.as_str()) } else { None })
        .collect();
    assert_eq!(words, ["Zwei Tage zu spät", "unfreundlich"]);
}

#[test]
fn a_lockers_fault_explains_nothing_that_is_only_guessed() {
    let order = Order { incidents: vec![met(7)], ..order("o1", 9) };
    let guessed = Submission { ratings: ratings(2, 5, 1, 5), answer_wanted: true, ..bad_for(&[]) };
    let opened = Case::open(id("C-1"), &order, &guessed, None, &beside(), &support(), at(100));
    assert_eq!((opened.category, opened.unsure, opened.alibi()), (Category::Delay, true, None));
}

#[test]
fn the_graver_a_complaint_the_sooner_is_what_is_promised_for_it() {
    let [minor, serious, critical] =
        [CaseSeverity::Minor, CaseSeverity::Serious, CaseSeverity::Critical].map(CaseSeverity::promise);
    for (sooner, later) in [(critical, serious), (serious, minor)] {
        assert!(sooner.first_answer < later.first_answer && sooner.update < later.update);
        assert!(sooner.solution < later.solution);
    }
    for promise in [minor, serious, critical] {
        assert!(promise.first_answer < promise.update && promise.update < promise.solution);
    }
}

#[test]
fn what_is_promised_is_counted_in_working_hours() {
    let complaint = bad_for(&[Category::Damage]);
    // Friday, 20 November 2026, 17:00 in Mainz.
    let now = "2026-11-20T16:00:00Z".parse().unwrap();
    let opened = Case::open(id("C-1"), &order("o1", 7), &complaint, None, &beside(), &support(), now);
    let due = |at: &str| at.parse::<Timestamp>().unwrap();
    assert_eq!(opened.severity, CaseSeverity::Serious);
    assert_eq!(opened.answer_due_at, due("2026-11-23T11:00:00Z"), "Monday noon");
    assert_eq!(opened.update_due_at, Some(due("2026-11-24T16:00:00Z")));
    assert_eq!(opened.solution_due_at, Some(due("2026-11-27T16:00:00Z")));
}

#[test]
fn given_an_open_case_then_a_member_of_support_can_take_it_or_take_it_over() {
    for status in [CaseStatus::Received, CaseStatus::Assigned, CaseStatus::Reopened] {
        let before = Case { owner: Owner::Agent { person: id("sven") }, ..case(status, vec![]) };
        let after = Case { status: CaseStatus::Assigned, owner: Owner::Agent { person: agent() }, ..before.clone() };
        let expected = Decision {
            answer: after.clone(),
            changes: vec![after.into()],
            unchanged: vec![],
            notices: vec![],
            event: Event::CaseAssigned { to: agent() },
        };
        assert_eq!(assign(before, agent()), Ok(expected));
    }
}

#[test]
fn a_case_is_assigned_to_neither_the_complainant_nor_the_driver() {
    for party in [customer(), driver()] {
        assert_eq!(assign(locker_worked(), party), Err(Refusal::OwnCase));
    }
}

#[test]
fn a_decided_case_is_assigned_to_no_one() {
    for status in [CaseStatus::Decided, CaseStatus::Closed] {
        assert_eq!(assign(case(status, vec![]), agent()), Err(Refusal::wrong_state(status)));
    }
}

fn sorted(case: Case, delivery: Option<Delivery>, categories: &[Category], severity: CaseSeverity) -> Decision<Case> {
    let sorting = Sorting { categories: categories.iter().copied().collect(), severity, by: agent() };
    sort(case, delivery, sorting, &support()).unwrap()
}

/// Whether it counts after that, where anything was said about it.
fn counts(decision: &Decision<Case>) -> Option<bool> {
    decision.changes.iter().find_map(|it| match it {
        crate::State::Delivery(it) => Some(it.standing == Standing::Counted),
        _ => None,
    })
}

#[test]
fn what_a_person_says_it_is_about_goes_before_what_rules_found() {
    let before = Case { category: Category::Other, unsure: true, ..locker_worked() };
    let decision =
        sorted(before.clone(), Some(delivery()), &[Category::Delay, Category::Damage], CaseSeverity::Serious);
    let after = Case {
        category: Category::Damage,
        further: vec![Category::Delay],
        unsure: false,
        sorted_by: Some(agent()),
        severity: CaseSeverity::Serious,
        answer_due_at: support().due(at(100), hours(5)),
        update_due_at: Some(support().due(at(100), hours(20))),
        solution_due_at: Some(support().due(at(100), hours(50))),
        ..before
    };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::CaseSorted { by: agent() },
    };
    assert_eq!(decision, expected);
}

#[test]
fn what_was_promised_is_never_put_off_by_sorting() {
    let critical = sorted(locker_worked(), None, &[Category::PrivacyOrSafety], CaseSeverity::Critical).answer;
    let dues = |it: &Case| (it.answer_due_at, it.update_due_at, it.solution_due_at);
    let lesser = sorted(critical.clone(), None, &[Category::Delay], CaseSeverity::Minor).answer;
    assert_eq!((lesser.severity, dues(&lesser)), (CaseSeverity::Minor, dues(&critical)));
}

#[test]
fn sorting_judges_afresh_whether_the_lockers_fault_speaks_for_the_driver() {
    let unsure = || Case { category: Category::Other, unsure: true, ..locker_faulted() };
    let found = sorted(unsure(), Some(delivery()), &[Category::Delay], CaseSeverity::Minor);
    assert_eq!((counts(&found), found.answer.alibi()), (Some(false), Some(&met(7))));
    // Said again, nothing changes; said otherwise, it counts again.
    let again = sorted(found.answer.clone(), Some(excluded()), &[Category::LockerFault], CaseSeverity::Minor);
    assert_eq!(counts(&again), None);
    let otherwise =
        sorted(found.answer, Some(excluded()), &[Category::Conduct, Category::Delay], CaseSeverity::Serious);
    assert_eq!((counts(&otherwise), otherwise.answer.proposed_cause), (Some(true), Cause::Unknown));
    // What something else has excluded stays so.
    let other = Delivery { standing: Standing::Excluded { incident: met(9) }, ..delivery() };
    let explained = Case { proposed_cause: Cause::Locker, ..locker_faulted() };
    assert_eq!(counts(&sorted(explained, Some(other), &[Category::Conduct], CaseSeverity::Serious)), None);
    let not_explained = sorted(unsure(), Some(excluded()), &[Category::Conduct], CaseSeverity::Serious);
    assert_eq!(counts(&not_explained), None);
}

#[test]
fn nobody_sorts_their_own_case_nor_one_that_is_decided_nor_into_nothing() {
    let sorting = |by: PersonId| Sorting { categories: [Category::Delay].into(), severity: CaseSeverity::Minor, by };
    for party in [customer(), driver()] {
        assert_eq!(sort(locker_worked(), None, sorting(party), &support()), Err(Refusal::OwnCase));
    }
    for status in [CaseStatus::Decided, CaseStatus::Closed] {
        let refused = sort(case(status, vec![]), None, sorting(agent()), &support());
        assert_eq!(refused, Err(Refusal::wrong_state(status)));
    }
    let nothing = Sorting { categories: [].into(), ..sorting(agent()) };
    assert_eq!(sort(locker_worked(), None, nothing, &support()), Err(Refusal::MissingEvidence));
}

#[test]
fn given_a_decision_then_the_customer_is_answered_in_the_same_commit_without_the_reasons() {
    let made = made(Cause::Locker, Measure::LockerRepaired);
    let after = Case { status: CaseStatus::Decided, decision: Some(made.clone()), ..locker_faulted() };
    let answer = Message::CaseAnswered {
        case: id("C-1"),
        order: id("o1"),
        measure: Measure::LockerRepaired,
        cause: Some(Cause::Locker),
        findings: vec![Finding::LockerFaulty { from: at(30), until: Some(at(50)) }],
        reopen_until: Some(at(200) + REOPEN_WITHIN),
    };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.into()],
        unchanged: vec![],
        notices: vec![told(answer, at(200))],
        event: Event::CaseDecided { by: agent() },
    };
    assert_eq!(judge(locker_faulted(), Some(excluded()), made), Ok(expected));
}

#[test]
fn given_the_drivers_doing_then_the_delivery_is_charged_with_the_case() {
    let made = made(Cause::Driver, Measure::Talk);
    let after = Case { status: CaseStatus::Decided, decision: Some(made.clone()), ..locker_worked() };
    let charged = Delivery { charged_case: Some(id("C-1")), ..delivery() };
    let decision = judge(locker_worked(), Some(delivery()), made).unwrap();
    assert_eq!(decision.changes, vec![charged.into(), after.into()]);
    let message = Message::DriverCharged {
        case: id("C-1"),
        delivery: id("o1"),
        category: Category::Delay,
        measure: Measure::Talk,
        reasons: "The records say so.".to_owned(),
        contest_until: at(200) + CONTEST_WITHIN,
    };
    assert_eq!(decision.notices[1], Notice::to_person(&driver(), message, &event(), at(200)));
}

#[test]
fn a_delivery_is_charged_for_nobodys_doing_but_the_drivers() {
    for cause in [Cause::Locker, Cause::Sender, Cause::Customer, Cause::Unknown] {
        let charged = charges(locker_faulted(), Some(delivery()), cause, Measure::Apology);
        assert_eq!(charged, Ok(false), "{cause:?}");
    }
}

#[test]
fn a_case_that_nobody_took_can_be_decided() {
    let received = Case { status: CaseStatus::Received, ..locker_worked() };
    assert_eq!(charges(received, None, Cause::Unknown, Measure::Refund), Ok(false));
}

#[test]
fn the_locker_is_not_blamed_without_a_fault_of_it() {
    let refused = charges(locker_worked(), Some(delivery()), Cause::Locker, Measure::Apology);
    assert_eq!(refused, Err(Refusal::MissingEvidence));
}

#[test]
fn the_driver_is_not_blamed_without_a_delivery_nor_for_one_that_a_lockers_fault_excludes() {
    for delivery in [None, Some(excluded())] {
        let refused = charges(locker_worked(), delivery, Cause::Driver, Measure::Apology);
        assert_eq!(refused, Err(Refusal::MissingEvidence));
    }
}

/// Whether a measure belongs to a cause: only what is broken is repaired, only a driver is talked to.
fn belongs(measure: Measure, cause: Cause) -> bool {
    match (measure, cause) {
        (
            Measure::Apology | Measure::Refund,
            Cause::Locker | Cause::Driver | Cause::Sender | Cause::Customer | Cause::Unknown,
        ) => true,
        (Measure::LockerRepaired, Cause::Locker) | (Measure::Talk, Cause::Driver) => true,
        (Measure::LockerRepaired, Cause::Driver | Cause::Sender | Cause::Customer | Cause::Unknown) => false,
        (Measure::Talk, Cause::Locker | Cause::Sender | Cause::Customer | Cause::Unknown) => false,
    }
}

#[test]
fn a_measure_is_taken_only_where_it_belongs_to_the_cause() {
    for cause in [Cause::Locker, Cause::Driver, Cause::Sender, Cause::Customer, Cause::Unknown] {
        for measure in [Measure::Apology, Measure::LockerRepaired, Measure::Refund, Measure::Talk] {
            let decided = charges(locker_faulted(), Some(delivery()), cause, measure);
            let expected =
                if belongs(measure, cause) { Ok(cause == Cause::Driver) } else { Err(Refusal::MissingEvidence) };
            assert_eq!(decided, expected, "{cause:?} {measure:?}");
        }
    }
}

#[test]
fn a_decision_without_reasons_is_refused() {
    for reasons in ["", " \n\t"] {
        let made = CaseDecision { reasons: reasons.to_owned(), ..made(Cause::Unknown, Measure::Apology) };
        assert_eq!(judge(locker_worked(), None, made), Err(Refusal::MissingEvidence));
    }
}

#[test]
fn nobody_decides_in_their_own_case() {
    for by in [customer(), driver()] {
        let made = CaseDecision { by, ..made(Cause::Unknown, Measure::Apology) };
        assert_eq!(judge(locker_worked(), None, made), Err(Refusal::OwnCase));
    }
}

#[test]
fn a_decision_that_arrives_again_is_refused_and_answers_no_one() {
    let decided = judge(locker_worked(), Some(delivery()), made(Cause::Driver, Measure::Talk)).unwrap().answer;
    let again = judge(decided.clone(), Some(delivery()), made(Cause::Driver, Measure::Talk));
    assert_eq!(again, Err(Refusal::wrong_state("decided")));
    let closed = Case { status: CaseStatus::Closed, ..decided };
    let late = judge(closed, Some(delivery()), made(Cause::Unknown, Measure::Refund));
    assert_eq!(late, Err(Refusal::wrong_state("closed")));
}

#[test]
fn a_case_is_closed_once_it_has_been_decided_and_only_then() {
    for status in STATUSES {
        let before = case(status, vec![]);
        let after = Case { status: CaseStatus::Closed, closed_at: Some(at(300)), ..before.clone() };
        let expected = match status {
            CaseStatus::Decided => Ok(Decision {
                answer: after.clone(),
                changes: vec![after.into()],
                unchanged: vec![],
                notices: vec![],
                event: Event::CaseClosed { by: agent() },
            }),
            CaseStatus::Received
            | CaseStatus::Assigned
            | CaseStatus::AwaitingCustomer
            | CaseStatus::Reopened
            | CaseStatus::Closed => Err(Refusal::wrong_state(status)),
        };
        assert_eq!(close(before, agent(), at(300)), expected);
    }
}

#[test]
fn neither_the_locker_nor_the_driver_is_blamed_without_a_fact_that_carries_it() {
    let without = |cause, measure| CaseDecision { facts_for: [].into(), ..made(cause, measure) };
    let refused = Err(Refusal::MissingEvidence);
    assert_eq!(judge(locker_faulted(), Some(excluded()), without(Cause::Locker, Measure::Apology)), refused);
    assert_eq!(judge(locker_worked(), Some(delivery()), without(Cause::Driver, Measure::Talk)), refused);
    // That it was collected is no fault of the locker.
    let other = CaseDecision { facts_for: [1].into(), ..made(Cause::Locker, Measure::Apology) };
    let evidence = vec![Evidence::LockerFault { incident: met(7) }, Evidence::Collected { collected_at: at(80) }];
    assert_eq!(judge(case(CaseStatus::Assigned, evidence), Some(excluded()), other), refused);
    assert!(judge(locker_worked(), None, without(Cause::Unknown, Measure::Apology)).is_ok());
}

#[test]
fn a_decision_names_facts_that_are_there_each_on_one_side() {
    let (cause, measure) = (Cause::Unknown, Measure::Refund);
    for (facts_for, facts_against) in [([9].into(), [].into()), ([].into(), [2].into()), ([0].into(), [0].into())] {
        let made = CaseDecision { facts_for, facts_against, ..made(cause, measure) };
        assert_eq!(judge(locker_worked(), Some(delivery()), made), Err(Refusal::MissingEvidence));
    }
    let both = CaseDecision { facts_against: [1].into(), ..made(Cause::Driver, Measure::Talk) };
    assert!(judge(locker_worked(), Some(delivery()), both).is_ok());
}

#[test]
fn the_answer_tells_what_is_known_of_the_parcel_and_nothing_of_the_driver() {
    let evidence = vec![
        Evidence::Ratings { ratings: ratings(1, 1, 1, 1) },
        Evidence::DeliveredAt { delivered_at: at(60), promised_at: Some(at(50)) },
        Evidence::OtherComplaint { case: id("C-9"), category: Category::Conduct, received_at: at(0), cause: None },
        Evidence::Collected { collected_at: at(80) },
    ];
    let made = CaseDecision { facts_for: [0, 1, 2, 3].into(), ..made(Cause::Driver, Measure::Talk) };
    let decision = judge(heard(case(CaseStatus::Assigned, evidence)), Some(delivery()), made).unwrap();
    let Message::CaseAnswered { findings, .. } = &decision.notices[0].message else { panic!("{decision:?}") };
    let delivered = Finding::Delivered { at: at(60), promised_at: Some(at(50)) };
    assert_eq!(*findings, [delivered, Finding::Collected { at: at(80) }]);
    let told = serde_json::to_string(&decision.notices[0].message).unwrap();
    assert!(!told.contains(driver().as_str()) && !told.contains("C-9"), "{told}");
}

fn open_case() -> Case {
    case(CaseStatus::Received, vec![])
}

#[test]
fn a_complaint_made_again_joins_the_case_there_is_once_and_while_it_is_not_decided() {
    let again = |case: Case, text: &str| case.with_more(text, Some(delivery()), &support(), at(300));
    let (more, counts_again) = again(open_case(), "And the box is wet.").unwrap();
    let added = vec![Said { text: "And the box is wet.".to_owned(), at: at(300) }];
    assert_eq!((&more, counts_again), (&Case { added, ..open_case() }, None));
    for nothing_new in ["And the box is wet.", "It was late.", " \n"] {
        assert_eq!(again(more.clone(), nothing_new), None, "{nothing_new}");
    }
    for status in [CaseStatus::Decided, CaseStatus::Closed] {
        assert_eq!(again(case(status, vec![]), "And the box is wet."), None);
    }
    let full = (0..ADDED_MAX).fold(open_case(), |case, nth| again(case, &format!("more {nth}")).unwrap().0);
    assert_eq!(again(full, "still more"), None);
}

#[test]
fn a_danger_in_what_is_added_goes_before_what_was_said_so_far_and_the_delivery_counts_again() {
    let explained = Case { proposed_cause: Cause::Locker, ..locker_faulted() };
    let (more, counts_again) =
        explained.with_more("Und der Fahrer hat mich bedroht", Some(excluded()), &support(), at(300)).unwrap();
    assert_eq!((more.category, &more.further), (Category::PrivacyOrSafety, &vec![Category::Delay]));
    assert_eq!((more.severity, more.proposed_cause), (CaseSeverity::Critical, Cause::Unknown));
    assert_eq!(more.answer_due_at, support().due(at(100), hours(2)));
    assert_eq!(counts_again, Some(delivery()));
}

#[test]
fn the_driver_is_blamed_only_once_heard_and_nobody_else_waits_for_that() {
    let decided = |hearing: Option<Hearing>, cause, measure| {
        charges(Case { hearing: hearing.map(Box::new), ..locker_faulted() }, Some(delivery()), cause, measure)
    };
    assert_eq!(decided(None, Cause::Driver, Measure::Talk), Err(Refusal::DriverNotHeard));
    let asked = Hearing { by: agent(), asked_at: at(110), state_until: at(201), statement: None };
    assert_eq!(decided(Some(asked.clone()), Cause::Driver, Measure::Talk), Err(Refusal::DriverNotHeard));
    let stated = Hearing { statement: Some(Said { text: "No.".to_owned(), at: at(120) }), ..asked };
    assert_eq!(decided(Some(stated), Cause::Driver, Measure::Talk), Ok(true));
    assert_eq!(decided(None, Cause::Locker, Measure::LockerRepaired), Ok(false));
}

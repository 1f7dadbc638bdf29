//! What people read, as they read it.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use domain::case::{CaseSeverity, Category, Cause, Deadline, Finding, Measure};
use domain::escalation::Wait;
use domain::fault::{FaultClass, FaultCode, Severity, Unit};
use domain::id::OrderId;
use domain::incident::{Dimension, InCommon};
use domain::notice::Message;
use domain::person::Language;
use messages::{PUSH_LENGTH_MAX, Rendered, SUBJECT_LENGTH_MAX, render, send_as_one, write};

const LANGUAGES: [Language; 2] = [Language::German, Language::English];
const FILES: [&str; 4] = ["de.email.txt", "de.push.txt", "en.email.txt", "en.push.txt"];
const LINK: &str = "https://lockers.example/choose?t=eyJvIjoiQS00NzExIn0.c2lnbmVk-_";

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn compartments(count: u16) -> Vec<Unit> {
    (1..=count).map(|number| Unit::Compartment(number.try_into().unwrap())).collect()
}

fn ready_for_pickup(locker_name: &str) -> Message {
    Message::ReadyForPickup {
        order: id("A-4711"),
        locker_name: locker_name.to_owned(),
        compartment: 7.try_into().unwrap(),
        deadline: "2026-11-21T13:30:00Z".parse().unwrap(),
    }
}

fn pickup_delayed(locker_name: &str) -> Message {
    Message::PickupDelayed {
        order: id("A-4711"),
        locker_name: locker_name.to_owned(),
        compartment: 7.try_into().unwrap(),
        cause: Some(FaultCode::LockJammed),
        expected_by: None,
    }
}

fn repair_takes_longer(locker_name: &str, expected_by: Option<domain::Timestamp>) -> Message {
    Message::RepairTakesLonger {
        order: id("A-4711"),
        locker_name: locker_name.to_owned(),
        compartment: 7.try_into().unwrap(),
        expected_by,
    }
}

fn pickup_extended(locker_name: &str, deadline: Option<domain::Timestamp>) -> Message {
    Message::PickupExtended {
        order: id("A-4711"),
        locker_name: locker_name.to_owned(),
        compartment: 7.try_into().unwrap(),
        hours: 48,
        deadline,
    }
}

fn place_changed(locker_name: Option<&str>, shop_name: Option<&str>) -> Message {
    let [locker_name, shop_name] = [locker_name, shop_name].map(|it| it.map(str::to_owned));
    Message::PlaceChanged { order: id("A-4711"), locker_name, shop_name, place_epoch: 2 }
}

fn pickup_expired(locker_name: &str) -> Message {
    let (order, compartment) = (id("A-4711"), 7.try_into().unwrap());
    Message::PickupExpired { order, locker_name: locker_name.to_owned(), compartment }
}

fn choose_place(from_locker_name: &str) -> Message {
    Message::ChoosePlace {
        order: id("A-4711"),
        from_locker_name: from_locker_name.to_owned(),
        place_epoch: 2,
        cause: Some(FaultCode::NetworkLost),
    }
}

fn case_answered(measure: Measure) -> Message {
    Message::CaseAnswered {
        case: id("5e1a2a2b-6b1c-4b39-9b0e-0c5f6d1c7a10"),
        order: id("A-4711"),
        measure,
        cause: None,
        findings: vec![],
        reopen_until: None,
    }
}

fn time(text: &str) -> domain::Timestamp {
    text.parse().unwrap()
}

/// The answer to a complaint whose cause was found, with every fact there can be.
fn case_explained(cause: Cause, measure: Measure) -> Message {
    Message::CaseAnswered {
        case: id(CASE),
        order: id("A-4711"),
        measure,
        cause: Some(cause),
        findings: vec![
            Finding::LockerFaulty { from: time("2026-11-20T08:00:00Z"), until: Some(time("2026-11-20T13:30:00Z")) },
            Finding::LockerFaulty { from: time("2026-11-20T09:00:00Z"), until: None },
            Finding::Delivered { at: time("2026-11-20T14:00:00Z"), promised_at: Some(time("2026-11-20T11:00:00Z")) },
            Finding::Delivered { at: time("2026-11-20T15:00:00Z"), promised_at: None },
            Finding::Collected { at: time("2026-11-20T16:00:00Z") },
        ],
        reopen_until: Some(time("2026-12-05T13:30:00Z")),
    }
}

const CASE: &str = "C-0123456789AB";
const CAUSES: [Cause; 5] = [Cause::Locker, Cause::Driver, Cause::Sender, Cause::Customer, Cause::Unknown];

fn case_question(question: &str) -> Message {
    let answer_until = time("2026-12-05T13:30:00Z");
    Message::CaseQuestion { case: id(CASE), order: id("A-4711"), question: question.to_owned(), answer_until }
}

fn case_overdue(deadline: Deadline, category: Category, severity: CaseSeverity, taken: bool) -> Message {
    let due_at = time("2026-11-23T13:30:00Z");
    Message::CaseOverdue { case: id(CASE), category, severity, deadline, due_at, level: 1, taken }
}

/// What a driver is told, with the reasons that somebody has written.
fn to_a_driver(reasons: &str) -> Vec<Message> {
    let (delivery, at) = (|| id::<OrderId>("A-4711"), time("2026-12-05T13:30:00Z"));
    let (case, category, reasons) = (|| id(CASE), Category::Conduct, || reasons.to_owned());
    let charged = |measure| Message::DriverCharged {
        case: case(),
        delivery: delivery(),
        category,
        measure,
        reasons: reasons(),
        contest_until: at,
    };
    vec![
        Message::DriverAsked { case: case(), delivery: delivery(), category, state_until: at },
        charged(Measure::Talk),
        Message::ContestReceived { case: case(), delivery: delivery(), answer_due_at: at },
        Message::ContestAnswered { case: case(), delivery: delivery(), granted: true, reasons: reasons() },
        Message::ContestAnswered { case: case(), delivery: delivery(), granted: false, reasons: reasons() },
    ]
}

/// What is said about a case besides its receipt.
fn about_a_case(text: &str) -> Vec<Message> {
    let (order, at) = (|| id::<OrderId>("A-4711"), time("2026-12-05T13:30:00Z"));
    let mut messages = vec![case_question(text)];
    messages.extend([Some(at), None].map(|at| Message::CaseUpdated {
        case: id(CASE),
        order: order(),
        solution_due_at: at,
    }));
    messages.extend([Some(at), None].map(|at| Message::CaseUnanswered {
        case: id(CASE),
        order: order(),
        reopen_until: at,
    }));
    messages.push(Message::CaseReopened { case: id(CASE), order: order(), answer_due_at: at });
    messages.push(Message::CaseJoined { case: id(CASE), order: order(), into: id("C-BA9876543210") });
    messages.extend(
        [(Deadline::FirstAnswer, CaseSeverity::Critical), (Deadline::Update, CaseSeverity::Serious)]
            .map(|(deadline, severity)| case_overdue(deadline, Category::PrivacyOrSafety, severity, true)),
    );
    messages.push(case_overdue(Deadline::Contest, Category::PrivacyOrSafety, CaseSeverity::Critical, true));
    messages.extend(to_a_driver(text));
    messages.extend(Category::ALL.map(|it| case_overdue(Deadline::Solution, it, CaseSeverity::Minor, false)));
    messages
}

fn work_order_called(locker_name: &str, units: Vec<Unit>, extended: bool) -> Message {
    Message::WorkOrderCalled {
        work_order: id("mz-03.2"),
        locker_name: locker_name.to_owned(),
        severity: Severity::Critical,
        units,
        people_waiting: 12,
        extended,
        priority: 1_240,
        skills_missing: BTreeSet::new(),
        follows: None,
        visited_with: BTreeSet::new(),
    }
}

/// One that has others of its site on its way.
fn visit_called(locker_name: &str) -> Message {
    let mut message = work_order_called(locker_name, compartments(1), true);
    let Message::WorkOrderCalled { visited_with, .. } = &mut message else { panic!("a call") };
    visited_with.extend([id("mz-04.1"), id("mz-05.7")]);
    message
}

fn work_order_ended(locker_name: &str, cancelled: bool) -> Message {
    Message::WorkOrderEnded { work_order: id("mz-03.2"), locker_name: locker_name.to_owned(), cancelled }
}

const WAITS: [Wait; 5] = [Wait::ForReaction, Wait::ForStart, Wait::OnHold, Wait::ForProof, Wait::ForAnotherLook];

fn work_order_escalated(locker_name: &str, wait: Wait) -> Message {
    Message::WorkOrderEscalated {
        work_order: id("mz-03.2"),
        locker_name: locker_name.to_owned(),
        severity: Severity::Major,
        priority: 620,
        people_waiting: 12,
        wait,
        since: "2026-11-21T13:30:00Z".parse().unwrap(),
        level: 2,
    }
}

fn incident_reported(over: bool, in_common: u32) -> Message {
    let common =
        InCommon { dimension: Dimension::Provider, value: "acme".to_owned(), lockers: in_common, looked_at: in_common };
    Message::IncidentReported {
        incident: "mainz.network_lost.1".parse().unwrap(),
        over,
        lockers: if over { 0 } else { 812 + in_common },
        lockers_max: 907,
        in_common: (in_common > 0).then_some(common),
        work_order: (!over).then(|| id("mz-03.2")),
    }
}

/// Every kind, in every variant its texts distinguish, at lockers of these names.
fn every_message(locker_name: &str, other_locker_name: &str) -> Vec<Message> {
    let (order, name) = (id::<OrderId>("A-4711"), locker_name.to_owned());
    let other_name = other_locker_name.to_owned();
    let mut messages = vec![
        ready_for_pickup(locker_name),
        pickup_delayed(locker_name),
        repair_takes_longer(locker_name, None),
        repair_takes_longer(locker_name, Some("2026-11-23T13:30:00Z".parse().unwrap())),
        Message::AllClear {
            order: id("A-4711"),
            locker_name: name.clone(),
            compartment: 7.try_into().unwrap(),
            deadline: "2026-07-05T22:05:00Z".parse().unwrap(),
        },
        Message::PlacedElsewhere {
            order: id("A-4711"),
            wanted_locker_name: name.clone(),
            locker_name: other_name.clone(),
            place_epoch: 1,
        },
        Message::Rerouted {
            order: id("A-4711"),
            from_locker_name: name.clone(),
            locker_name: other_name,
            place_epoch: 2,
            cause: Some(FaultCode::DoorNotClosing),
        },
        Message::ReroutedHome { order: id("A-4711"), from_locker_name: name.clone(), place_epoch: 2, cause: None },
        Message::ReroutedToShop {
            order: id("A-4711"),
            from_locker_name: name.clone(),
            shop_name: other_locker_name.to_owned(),
            place_epoch: 2,
            cause: None,
        },
        pickup_extended(locker_name, None),
        pickup_extended(locker_name, Some("2026-11-23T13:30:00Z".parse().unwrap())),
        Message::RecoveryStarted {
            order: id("A-4711"),
            from_locker_name: name.clone(),
            locker_name: other_locker_name.to_owned(),
            cause: Some(FaultCode::LockJammed),
        },
        Message::BroughtElsewhere {
            order: id("A-4711"),
            locker_name: other_locker_name.to_owned(),
            compartment: 7.try_into().unwrap(),
            deadline: "2026-07-05T22:05:00Z".parse().unwrap(),
        },
        Message::ParcelMissing { order: id("A-4711"), locker_name: name.clone() },
        Message::ReservationExpired { order: id("A-4711"), locker_name: name.clone() },
        pickup_expired(locker_name),
        Message::ParcelReturned { order: id("A-4711") },
        choose_place(locker_name),
        Message::PlaceKept { order: id("A-4711"), locker_name: name.clone(), place_epoch: 3 },
        place_changed(Some(&name), None),
        place_changed(None, Some(&name)),
        place_changed(None, None),
        Message::PlaceConfirmed { order: id("A-4711"), locker_name: Some(name.clone()), shop_name: None },
        Message::PlaceConfirmed { order: id("A-4711"), locker_name: None, shop_name: Some(name.clone()) },
        Message::PlaceConfirmed { order: id("A-4711"), locker_name: None, shop_name: None },
        Message::FeedbackRequested { order: id("A-4711") },
        Message::CaseReceived {
            case: id("5e1a2a2b-6b1c-4b39-9b0e-0c5f6d1c7a10"),
            order: order.clone(),
            answer_due_at: Some("2026-11-23T13:30:00Z".parse().unwrap()),
        },
        Message::CaseReceived { case: id("C-0123456789AB"), order, answer_due_at: None },
        work_order_called(locker_name, compartments(2), false),
        work_order_called(locker_name, compartments(40), true),
        work_order_called(locker_name, vec![Unit::Locker], true),
        Message::RepairRejected {
            work_order: id("mz-03.2"),
            locker_name: name.clone(),
            unit: Unit::Compartment(7.try_into().unwrap()),
        },
        Message::RepairRejected { work_order: id("mz-03.2"), locker_name: name, unit: Unit::Locker },
    ];
    messages.extend([(false, 0), (false, 3), (true, 3)].map(|(over, common)| incident_reported(over, common)));
    messages.extend([true, false].map(|cancelled| work_order_ended(locker_name, cancelled)));
    messages.extend(WAITS.map(|wait| work_order_escalated(locker_name, wait)));
    messages.extend([Measure::Apology, Measure::LockerRepaired, Measure::Refund, Measure::Talk].map(case_answered));
    messages.extend(about_a_case(locker_name));
    messages
}

fn every_ordinary_message() -> Vec<Message> {
    every_message("Mainz Hauptbahnhof", "Mombach Marktplatz")
}

fn rendered(message: &Message, language: Language, link: Option<&str>) -> Rendered {
    render(message, language, link, None).unwrap()
}

/// The files and folders in `texts/`, or in one of its folders.
fn entries(folder: &str) -> Vec<(String, bool)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("texts").join(folder);
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
    entries.map(|it| (it.file_name().into_string().unwrap(), it.file_type().unwrap().is_dir())).collect()
}

#[test]
fn every_kind_has_its_folder_with_one_file_per_language_and_channel() {
    let kinds: BTreeSet<String> = every_ordinary_message().iter().map(|it| it.kind().to_owned()).collect();
    let folders: BTreeSet<String> = entries("").into_iter().filter(|it| it.1).map(|it| it.0).collect();
    assert_eq!(folders, kinds);
    for folder in folders {
        let files: BTreeSet<String> = entries(&folder).into_iter().map(|it| it.0).collect();
        assert_eq!(files, FILES.map(str::to_owned).into(), "{folder}");
    }
}

#[test]
fn every_file_is_the_text_of_its_own_kind_language_and_channel() {
    let texts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("texts");
    for file in FILES {
        let choice = fs::read_to_string(texts.join(file)).unwrap();
        for kind in every_ordinary_message().iter().map(Message::kind) {
            let variant: String = kind.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            let line = choice.lines().find(|it| it.contains(&format!("Message::{variant} "))).unwrap();
            assert!(line.ends_with(&format!("{{% include \"{kind}/{file}\" %}}")), "{line}");
        }
    }
}

#[test]
fn every_email_has_a_subject_an_empty_line_and_a_text() {
    let texts = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("texts");
    for kind in every_ordinary_message().iter().map(Message::kind) {
        for file in FILES.into_iter().filter(|it| it.ends_with(".email.txt")) {
            let text = fs::read_to_string(texts.join(kind).join(file)).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            assert!(!lines[0].is_empty() && lines[1].is_empty() && !lines[2].is_empty(), "{kind}/{file}");
        }
    }
}

#[test]
fn every_message_reads_cleanly_in_every_language_and_channel() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            for link in [Some(LINK), None] {
                let Rendered { subject, email, push } = rendered(&message, language, link);
                for text in [&subject, &email, &push] {
                    assert!(!text.is_empty(), "{message:?}");
                    for stray in ["{{", "}}", "{%", "{#", "  ", " \n", "\n\n\n", ": \n", "\t"] {
                        assert!(!text.contains(stray), "{stray:?} in {text}");
                    }
                    assert_eq!(text.trim(), text);
                }
                assert!(!push.contains('\n'), "{push}");
                let german = ["Freundliche Grüße", "Arbeitsauftrag", "Beschwerde"].iter().any(|it| email.contains(it));
                assert_eq!(german, language == Language::German, "{email}");
            }
        }
    }
}

#[test]
fn every_email_names_the_order_the_work_order_the_incident_or_the_case() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            let email = rendered(&message, language, None).email;
            let named = ["A-4711", "mz-03.2", "mainz.network_lost.1", CASE].iter().any(|it| email.contains(it));
            assert!(named, "{email}");
        }
    }
}

#[test]
fn no_two_messages_read_the_same() {
    for language in LANGUAGES {
        let messages = every_ordinary_message();
        let texts = messages.iter().map(|it| rendered(it, language, None));
        let (emails, pushes): (BTreeSet<String>, BTreeSet<String>) = texts.map(|it| (it.email, it.push)).unzip();
        assert_eq!((emails.len(), pushes.len()), (messages.len(), messages.len()));
    }
}

#[test]
fn the_ordinary_subject_is_not_cut() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            let subject = rendered(&message, language, None).subject;
            assert!(!subject.contains('…'), "{subject}");
        }
    }
}

#[test]
fn no_name_of_a_locker_breaks_a_subject_or_a_line() {
    let names = [
        "x".repeat(300),
        "🙂".repeat(300),
        "Haupt\r\n\r\nbahnhof\u{0}\u{1b}[31m\u{85}\u{2028}\u{202e} ".repeat(10),
        "{{ order }} {% if %} <b>&amp;</b>".to_owned(),
        "\n\n".to_owned(),
    ];
    let ordinary = every_ordinary_message();
    for name in &names {
        for (message, ordinary) in every_message(name, name).iter().zip(&ordinary) {
            for language in LANGUAGES {
                let hostile = rendered(message, language, Some(LINK));
                let length = hostile.subject.encode_utf16().count();
                assert!((1..=SUBJECT_LENGTH_MAX).contains(&length), "{}", hostile.subject);
                assert!(!hostile.subject.contains(char::is_control), "{:?}", hostile.subject);
                assert!(!hostile.push.contains(char::is_control), "{:?}", hostile.push);
                let lines = rendered(ordinary, language, Some(LINK)).email.lines().count();
                assert_eq!(hostile.email.lines().count(), lines, "{}", hostile.email);
            }
        }
    }
}

#[test]
fn a_subject_that_is_too_long_ends_in_an_ellipsis() {
    let subject = rendered(&choose_place(""), Language::German, None).subject;
    assert_eq!(subject, "Bitte wählen Sie einen neuen Ort für Ihr Paket");
    let subject = rendered(&pickup_delayed(&"é".repeat(100)), Language::German, None).subject;
    assert_eq!(subject, format!("Ihr Paket wartet: Fach 7 lässt sich gerade nicht öffnen, {}…", "é".repeat(41)));
    assert_eq!(subject.chars().count(), SUBJECT_LENGTH_MAX);
}

#[test]
fn a_push_message_fits_on_the_screen() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            let push = rendered(&message, language, Some(LINK)).push;
            assert!(push.chars().count() <= PUSH_LENGTH_MAX, "{}: {push}", push.chars().count());
        }
    }
}

#[test]
fn the_link_is_in_the_email_of_those_that_have_one_and_nowhere_else() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            let Rendered { subject, email, push } = rendered(&message, language, Some(LINK));
            assert_eq!(email.lines().any(|line| line == LINK), message.link().is_some(), "{email}");
            assert!(!subject.contains("http") && !push.contains("http"));
            let email = rendered(&message, language, None).email;
            assert!(!email.contains("http") && !email.contains(":\n"), "{email}");
        }
    }
}

#[test]
fn a_team_that_lacks_a_skill_is_told_so_and_every_team_how_urgent_it_is() {
    let mut message = work_order_called("Mainz", compartments(1), false);
    let Message::WorkOrderCalled { skills_missing, .. } = &mut message else { panic!("a call") };
    skills_missing.extend([FaultClass::Mechanics, FaultClass::Network]);
    let email = rendered(&message, Language::German, None).email;
    assert!(email.contains("(Mechanik, Netzwerk)") && email.contains("Priorität: 1240\n"), "{email}");
    let email = rendered(&message, Language::English, None).email;
    assert!(email.contains("(mechanics, network)") && email.contains("Priority: 1240\n"), "{email}");
}

#[test]
fn a_team_learns_what_else_is_on_its_way() {
    let german = rendered(&visit_called("Mainz Hauptbahnhof"), Language::German, None).email;
    assert!(german.contains("Am selben Standort zu reparieren, ein Weg für alle: mz-04.1, mz-05.7.\n"), "{german}");
    let english = rendered(&visit_called("Mainz Hauptbahnhof"), Language::English, None).email;
    assert!(english.contains("To be repaired at the same site, on one way: mz-04.1, mz-05.7.\n"), "{english}");
}

#[test]
fn a_team_that_need_not_go_any_more_reads_why() {
    let cancelled = rendered(&work_order_ended("Mainz Hauptbahnhof", true), Language::German, None);
    let email = "Der Arbeitsauftrag mz-03.2 wurde zurückgezogen: Es ist nichts zu reparieren.\n\n\
        Niemand muss mehr hinfahren.\n\nPaketautomat: Mainz Hauptbahnhof\nArbeitsauftrag: mz-03.2";
    assert_eq!(
        (cancelled.subject.as_str(), cancelled.email.as_str()),
        ("Erledigt: Mainz Hauptbahnhof (mz-03.2)", email)
    );
    let over = rendered(&work_order_ended("Mainz Hauptbahnhof", false), Language::English, None);
    let push = "Over by itself: Mainz Hauptbahnhof. Nobody has to go there any more. Work order mz-03.2";
    assert_eq!(over.push, push);
    assert!(
        over.email.starts_with("The fault is over, the locker has shown it by itself. Work order mz-03.2 has ended.")
    );
}

#[test]
fn a_team_learns_that_the_last_repair_did_not_last() {
    let mut message = work_order_called("Mainz", compartments(1), false);
    let Message::WorkOrderCalled { follows, .. } = &mut message else { panic!("a call") };
    *follows = Some(id("mz-03.1"));
    assert!(rendered(&message, Language::German, None).email.contains("wie in mz-03.1:"));
    assert!(rendered(&message, Language::English, None).email.contains("as in mz-03.1:"));
}

#[test]
fn a_team_reads_ten_units_by_name_and_how_many_more_there_are() {
    let message = work_order_called("Mainz", compartments(22), false);
    let email = rendered(&message, Language::German, None).email;
    assert!(email.contains(", Fach 10 und 12 weitere\n"), "{email}");
    let email = rendered(&message, Language::English, None).email;
    assert!(email.contains(", compartment 10 and 12 more\n"), "{email}");
}

#[test]
fn a_deadline_is_told_to_the_minute_on_every_channel() {
    for (language, deadline) in [(Language::German, "Sa., 21.11., 14:30 Uhr"), (Language::English, "Sat 21 Nov, 14:30")]
    {
        let Rendered { subject, email, push } = rendered(&ready_for_pickup("Mainz"), language, None);
        for text in [subject, email, push] {
            assert!(text.contains(deadline), "{text}");
        }
    }
}

#[test]
fn who_complains_learns_by_when_a_person_answers() {
    let receipt = |answer_due_at: Option<&str>| Message::CaseReceived {
        case: id("C-0123456789AB"),
        order: id("A-4711"),
        answer_due_at: answer_due_at.map(|at| at.parse().unwrap()),
    };
    let german = Rendered {
        subject: "Wir haben Ihre Beschwerde erhalten: C-0123456789AB".to_owned(),
        email: "Guten Tag,\n\n\
            wir haben Ihre Beschwerde zur Bestellung A-4711 erhalten. Sie hat die Fallnummer C-0123456789AB.\n\n\
            Wir prüfen sie und antworten Ihnen bis Mo., 23.11., 14:30 Uhr.\n\n\
            Sie müssen nichts tun.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Wir haben Ihre Beschwerde erhalten und antworten bis Mo., 23.11., 14:30 Uhr. Ihre Fallnummer: \
            C-0123456789AB"
            .to_owned(),
    };
    let english = Rendered {
        subject: "We have received your complaint: C-0123456789AB".to_owned(),
        email: "Hello,\n\n\
            We have received your complaint about order A-4711. Its case number is C-0123456789AB.\n\n\
            We are looking into it and will answer you by Mon 23 Nov, 14:30.\n\n\
            You need to do nothing.\n\n\
            Kind regards\n\
            Your parcel locker team"
            .to_owned(),
        push: "We have received your complaint and will answer by Mon 23 Nov, 14:30. Your case number: C-0123456789AB"
            .to_owned(),
    };
    let due = receipt(Some("2026-11-23T13:30:00Z"));
    assert_eq!(rendered(&due, Language::German, None), german);
    assert_eq!(rendered(&due, Language::English, None), english);
    // Receipts of before said no time.
    let push = rendered(&receipt(None), Language::German, None).push;
    assert!(push.starts_with("Wir haben Ihre Beschwerde erhalten und antworten. "), "{push}");
}

#[test]
fn a_delayed_pickup_says_by_when_the_door_works_where_that_is_known() {
    let Message::PickupDelayed { order, locker_name, compartment, .. } = pickup_delayed("Mainz Hauptbahnhof") else {
        unreachable!()
    };
    let expected_by = Some("2026-11-23T13:30:00Z".parse().unwrap());
    let message = Message::PickupDelayed { order, locker_name, compartment, cause: None, expected_by };
    let german = rendered(&message, Language::German, None).email;
    let said = "Wir kümmern uns darum. Voraussichtlich bis Mo., 23.11., 14:30 Uhr funktioniert die Tür wieder.\n";
    assert!(german.contains(said), "{german}");
    let english = rendered(&message, Language::English, None).email;
    let said = "We are seeing to it. We expect the door to work again by Mon 23 Nov, 14:30.\n";
    assert!(english.contains(said), "{english}");
}

#[test]
fn a_repair_that_takes_longer_says_until_when_and_that_nothing_is_lost() {
    let message = repair_takes_longer("Mainz Hauptbahnhof", Some("2026-11-23T13:30:00Z".parse().unwrap()));
    let german = Rendered {
        subject: "Es dauert länger: Fach 7 lässt sich noch nicht öffnen, Mainz Hauptbahnhof".to_owned(),
        email: "Guten Tag,\n\n\
            die Reparatur am Paketautomaten Mainz Hauptbahnhof dauert länger, als wir Ihnen gesagt haben. Fach 7 mit \
            Ihrem Paket (Bestellung A-4711) lässt sich noch nicht öffnen. Wir rechnen jetzt damit, dass die Tür bis \
            Mo., 23.11., 14:30 Uhr wieder funktioniert.\n\n\
            Ihre Abholfrist steht weiter still. Wir schreiben Ihnen, sobald die Tür wieder funktioniert, und nennen die \
            neue Frist: Es bleiben Ihnen mindestens 24 Stunden.\n\n\
            Sie müssen nichts tun. Bitte sparen Sie sich den Weg, bis wir uns melden.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Fach 7, Mainz Hauptbahnhof: Die Reparatur dauert länger, voraussichtlich bis Mo., 23.11., 14:30 Uhr. \
            Ihre Frist steht still, wir melden uns."
            .to_owned(),
    };
    assert_eq!(rendered(&message, Language::German, None), german);
    let english = rendered(&message, Language::English, None);
    assert_eq!(english.subject, "It takes longer: compartment 7 cannot be opened yet, Mainz Hauptbahnhof");
    assert!(english.email.contains("We now expect the door to work again by Mon 23 Nov, 14:30."), "{}", english.email);
    assert_eq!(
        english.push,
        "Compartment 7, Mainz Hauptbahnhof: the repair takes longer, probably until Mon 23 Nov, 14:30. Your deadline \
         stands still, we will write."
    );
    let unknown = rendered(&repair_takes_longer("Mainz Hauptbahnhof", None), Language::English, None);
    assert!(unknown.email.contains("We cannot say yet when the door will work again."), "{}", unknown.email);
}

#[test]
fn a_delayed_pickup_says_what_happened_and_that_nothing_is_lost() {
    let message = pickup_delayed("Mainz Hauptbahnhof");
    let german = Rendered {
        subject: "Ihr Paket wartet: Fach 7 lässt sich gerade nicht öffnen, Mainz Hauptbahnhof".to_owned(),
        email: "Guten Tag,\n\n\
            am Paketautomaten Mainz Hauptbahnhof lässt sich Fach 7 im Moment nicht öffnen. Das Schloss \
            klemmt. Darin liegt Ihr \
            Paket (Bestellung A-4711). Wir kümmern uns darum.\n\n\
            Ihre Abholfrist steht still, bis die Tür wieder funktioniert. Dann schreiben wir Ihnen und \
            nennen die neue Frist: Es bleiben Ihnen mindestens 24 Stunden.\n\n\
            Sie müssen nichts tun. Bitte sparen Sie sich den Weg, bis wir uns melden.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Fach 7, Mainz Hauptbahnhof, lässt sich gerade nicht öffnen. Ihre \
            Abholfrist steht still, wir melden uns. Sie müssen nichts tun."
            .to_owned(),
    };
    let english = Rendered {
        subject: "Your parcel is waiting: compartment 7 cannot be opened for now, Mainz Hauptbahnhof".to_owned(),
        email: "Hello,\n\n\
            At the locker Mainz Hauptbahnhof, compartment 7 cannot be opened for the moment. The lock is \
            jammed. Your parcel (order A-4711) is in it. We are seeing to it.\n\n\
            Your pickup deadline stands still until the door works again. We will write to you then with \
            the new deadline: you will have at least 24 hours.\n\n\
            You need to do nothing. Please save yourself the trip until you hear from us.\n\n\
            Kind regards\n\
            Your parcel locker team"
            .to_owned(),
        push: "Compartment 7, Mainz Hauptbahnhof, cannot be opened for now. Your \
            deadline stands still, we will write. You need to do nothing."
            .to_owned(),
    };
    assert_eq!(rendered(&message, Language::German, None), german);
    assert_eq!(rendered(&message, Language::English, None), english);
}

#[test]
fn customers_read_the_published_sentence_of_the_fault_and_none_where_people_have_closed_it() {
    let about = |cause: Option<FaultCode>| -> [Message; 6] {
        let (order, name) = (|| id("A-4711"), || "Mainz".to_owned());
        [
            Message::PickupDelayed {
                order: order(),
                locker_name: name(),
                compartment: 7.try_into().unwrap(),
                cause,
                expected_by: None,
            },
            Message::RecoveryStarted { order: order(), from_locker_name: name(), locker_name: name(), cause },
            Message::Rerouted { order: order(), from_locker_name: name(), locker_name: name(), place_epoch: 2, cause },
            Message::ReroutedHome { order: order(), from_locker_name: name(), place_epoch: 2, cause },
            Message::ReroutedToShop {
                order: order(),
                from_locker_name: name(),
                shop_name: name(),
                place_epoch: 2,
                cause,
            },
            Message::ChoosePlace { order: order(), from_locker_name: name(), place_epoch: 2, cause },
        ]
    };
    let of = |message: &Message, language| rendered(message, language, None).email;
    for code in FaultCode::ALL {
        let sentence = code.listed().sentence;
        for (told, without) in about(Some(code)).iter().zip(&about(None)) {
            for (language, sentence) in [(Language::German, sentence.german), (Language::English, sentence.english)] {
                let (told, without) = (of(told, language), of(without, language));
                assert!(told.contains(sentence) && !told.contains("  "), "{told}");
                assert_eq!(told.replace(&format!(" {sentence}"), ""), without);
            }
        }
    }
}

#[test]
fn who_has_to_choose_gets_the_link_and_learns_that_the_parcel_is_held() {
    let message = choose_place("Mainz Hauptbahnhof");
    let german = Rendered {
        subject: "Bitte wählen Sie einen neuen Ort für Ihr Paket".to_owned(),
        email: format!(
            "Guten Tag,\n\n\
            am Paketautomaten Mainz Hauptbahnhof steht das Fach für Ihre Bestellung A-4711 nicht mehr zur \
            Verfügung. Der Paketautomat ist ohne Verbindung.\n\n\
            Bitte wählen Sie hier einen anderen Paketautomaten oder die Lieferung nach Hause:\n\
            {LINK}\n\n\
            Bis dahin halten wir Ihr Paket für Sie zurück.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
        ),
        push: "Kein Platz mehr bei Mainz Hauptbahnhof: Bitte wählen Sie einen neuen Ort für Ihr Paket. Bis dahin \
            halten wir es zurück. Mehr in unserer E-Mail."
            .to_owned(),
    };
    let english = Rendered {
        subject: "Please choose a new place for your parcel".to_owned(),
        email: format!(
            "Hello,\n\n\
            At the locker Mainz Hauptbahnhof, the compartment for your order A-4711 is no longer available. \
            The locker is offline.\n\n\
            Please choose another locker or delivery to your door here:\n\
            {LINK}\n\n\
            Until then we hold your parcel for you.\n\n\
            Kind regards\n\
            Your parcel locker team"
        ),
        push: "No place any more at Mainz Hauptbahnhof: please choose a new place for your parcel. Until then we hold it. \
            See our e-mail."
            .to_owned(),
    };
    assert_eq!(rendered(&message, Language::German, Some(LINK)), german);
    assert_eq!(rendered(&message, Language::English, Some(LINK)), english);
}

#[test]
fn an_answered_complaint_names_the_measure_and_nobody() {
    let message = case_answered(Measure::Talk);
    let german = Rendered {
        subject: "Antwort auf Ihre Beschwerde: 5e1a2a2b-6b1c-4b39-9b0e-0c5f6d1c7a10".to_owned(),
        email: "Guten Tag,\n\n\
            wir haben Ihre Beschwerde zur Bestellung A-4711 geprüft.\n\n\
            Wir haben darüber mit der Person gesprochen, die Ihr Paket gebracht hat.\n\n\
            Sie müssen nichts tun. Haben Sie noch Fragen, nennen Sie uns bitte die Fallnummer \
            5e1a2a2b-6b1c-4b39-9b0e-0c5f6d1c7a10.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Ihre Beschwerde ist geprüft. Wir haben darüber mit der Person gesprochen, die Ihr Paket \
            gebracht hat."
            .to_owned(),
    };
    let english = Rendered {
        subject: "Answer to your complaint: 5e1a2a2b-6b1c-4b39-9b0e-0c5f6d1c7a10".to_owned(),
        email: "Hello,\n\n\
            We have looked into your complaint about order A-4711.\n\n\
            We have talked with the driver about it.\n\n\
            You need to do nothing. If you have questions, please give us the case number \
            5e1a2a2b-6b1c-4b39-9b0e-0c5f6d1c7a10.\n\n\
            Kind regards\n\
            Your parcel locker team"
            .to_owned(),
        push: "Your complaint has been examined. We have talked with the driver about it.".to_owned(),
    };
    assert_eq!(rendered(&message, Language::German, None), german);
    assert_eq!(rendered(&message, Language::English, None), english);
}

#[test]
fn who_is_late_learns_what_becomes_of_the_parcel_and_what_can_be_done() {
    let expired = pickup_expired("Mainz Hauptbahnhof");
    let german = Rendered {
        subject: "Ihre Abholfrist ist abgelaufen: Mainz Hauptbahnhof, Fach 7".to_owned(),
        email: "Guten Tag,\n\n\
            Ihr Paket (Bestellung A-4711) wurde nicht in der Abholfrist aus Fach 7 des Paketautomaten \
            Mainz Hauptbahnhof abgeholt. Wir holen es dort ab und bringen es zum Absender zurück.\n\n\
            Wenn Sie es noch möchten, melden Sie sich bitte bald bei unserem Kundenservice: Solange das Paket im Fach \
            liegt, kann er Ihre Frist verlängern.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Abholfrist abgelaufen: Mainz Hauptbahnhof, Fach 7. Ihr Paket geht zurück. Möchten Sie es noch? Bitte \
            melden Sie sich bald."
            .to_owned(),
    };
    let order = || id("A-4711");
    let lapsed = Message::ReservationExpired { order: order(), locker_name: "Mainz Hauptbahnhof".to_owned() };
    let english = Rendered {
        subject: "Your parcel has not arrived: Mainz Hauptbahnhof".to_owned(),
        email: "Hello,\n\n\
            Your parcel (order A-4711) was not put into the locker Mainz Hauptbahnhof in the time planned for it. The \
            compartment that was reserved for it is free again.\n\n\
            Please ask the sender where your parcel is. Should it be put in after all, we will write to you.\n\n\
            Kind regards\n\
            Your parcel locker team"
            .to_owned(),
        push: "Your parcel did not arrive in time (Mainz Hauptbahnhof). Its compartment is free again. Please ask the \
            sender."
            .to_owned(),
    };
    assert_eq!(rendered(&expired, Language::German, None), german);
    assert_eq!(rendered(&lapsed, Language::English, None), english);
    let back = Message::ParcelReturned { order: order() };
    let texts = LANGUAGES.map(|language| rendered(&back, language, None).push);
    assert_eq!(
        texts,
        [
            "Ihr nicht abgeholtes Paket ist wieder beim Absender. Wenn Sie es noch möchten, wenden Sie sich bitte an ihn.",
            "Your parcel was not collected and is back with the sender. If you still want it, please contact them.",
        ]
    );
}

#[test]
fn who_is_rerouted_by_support_learns_by_whom_and_where_to() {
    let changed = place_changed(Some("Mainz Hauptbahnhof"), None);
    let german = rendered(&changed, Language::German, Some(LINK));
    assert_eq!(german.subject, "Ihr Paket kommt zum Paketautomaten Mainz Hauptbahnhof");
    assert_eq!(
        german.email,
        format!(
            "Guten Tag,\n\n\
            unser Kundenservice hat den Ort für Ihr Paket (Bestellung A-4711) geändert: Es kommt jetzt zum \
            Paketautomaten Mainz Hauptbahnhof.\n\n\
            Passt Ihnen das, müssen Sie nichts tun. Wenn nicht, wählen Sie hier einen anderen Ort, solange Ihr Paket \
            unterwegs ist:\n{LINK}\n\n\
            Freundliche Grüße\nIhr Team der Paketautomaten"
        )
    );
    let home = rendered(&place_changed(None, None), Language::English, None);
    assert_eq!(home.push, "Our customer service has changed the place: your parcel now comes to your door.");
}

#[test]
fn who_was_asked_learns_that_nothing_has_to_be_chosen_any_more() {
    let (order, locker_name) = (id("A-4711"), "Mainz Hauptbahnhof".to_owned());
    let kept = Message::PlaceKept { order, locker_name, place_epoch: 3 };
    let english = rendered(&kept, Language::English, Some(LINK));
    assert_eq!(
        english.email,
        format!(
            "Hello,\n\n\
            The locker Mainz Hauptbahnhof works again. Your parcel (order A-4711) goes there as first planned; you do not \
            have to choose another place.\n\n\
            If you would rather have it elsewhere, choose another place here while your parcel is on its way:\n{LINK}\n\n\
            Kind regards\nYour parcel locker team"
        )
    );
    let german = rendered(&kept, Language::German, None);
    assert_eq!(german.subject, "Ihr Paket kommt doch zum Paketautomaten: Mainz Hauptbahnhof");
    assert_eq!(
        german.push,
        "Mainz Hauptbahnhof funktioniert wieder: Ihr Paket kommt wie geplant dorthin. Sie müssen nichts wählen."
    );
}

#[test]
fn the_code_is_in_the_text_of_those_that_tell_it_and_nowhere_else() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            let Rendered { subject, email, push } = render(&message, language, None, Some("408311")).unwrap();
            assert_eq!(email.contains("408311"), message.tells_the_code(), "{email}");
            assert!(!subject.contains("408311") && !push.contains("408311"), "{subject} {push}");
        }
    }
}

fn digest(messages: &[Message], language: Language) -> Rendered {
    let texts: Vec<_> =
        messages.iter().map(|it| write(it, language, it.link().map(|_| LINK), Some("123456")).unwrap()).collect();
    send_as_one(&texts, language).unwrap()
}

#[test]
fn several_messages_to_one_customer_are_one_digest() {
    let messages = [pickup_delayed("Dom"), ready_for_pickup("Hauptbahnhof"), choose_place("Markt")];
    let german = digest(&messages, Language::German);
    assert_eq!(
        german.subject,
        "3 Neuigkeiten zu Ihren Paketen: Ihr Paket wartet: Fach 7 lässt sich gerade nicht öffnen, Dom"
    );
    let (first, second) = ("Ihr Paket wartet: Fach 7 lässt sich gerade nicht öffnen, Dom", "Ihr Paket liegt bereit");
    assert!(german.push.starts_with(&format!("3 Neuigkeiten zu Ihren Paketen: {first}; {second}")), "{}", german.push);
    let email = "Guten Tag,

es gibt 3 Neuigkeiten zu Ihren Paketen.

1. Ihr Paket wartet: Fach 7 lässt sich gerade nicht öffnen, Dom

Am Paketautomaten Dom lässt sich Fach 7 im Moment nicht öffnen. Das Schloss klemmt. Darin liegt Ihr Paket \
(Bestellung A-4711). Wir kümmern uns darum.

Ihre Abholfrist steht still, bis die Tür wieder funktioniert. Dann schreiben wir Ihnen und nennen die neue Frist: Es \
bleiben Ihnen mindestens 24 Stunden.

Sie müssen nichts tun. Bitte sparen Sie sich den Weg, bis wir uns melden.

2. Ihr Paket liegt bereit bis Sa., 21.11., 14:30 Uhr: Hauptbahnhof, Fach 7

Ihr Paket (Bestellung A-4711) liegt am Paketautomaten Hauptbahnhof in Fach 7.

Bitte holen Sie es bis Sa., 21.11., 14:30 Uhr ab. Ihr Zugangscode für diese Tür: 123456

3. ";
    assert!(german.email.starts_with(email), "{}", german.email);
    assert!(german.email.ends_with("\n\nFreundliche Grüße\nIhr Team der Paketautomaten"), "{}", german.email);
    assert!(german.email.lines().any(|line| line == LINK), "{}", german.email);
    let english = digest(&messages[1..], Language::English);
    assert!(english.subject.starts_with("2 updates about your parcels: Your parcel is ready until "));
    let email = "Hello,

there are 2 updates about your parcels.

1. Your parcel is ready until ";
    assert!(english.email.starts_with(email), "{}", english.email);
    assert!(english.email.ends_with("\n\nKind regards\nYour parcel locker team"), "{}", english.email);
}

#[test]
fn a_digest_of_one_is_that_message_as_it_is_by_itself() {
    for message in every_ordinary_message() {
        for language in LANGUAGES {
            let text = write(&message, language, Some(LINK), None).unwrap();
            let alone = rendered(&message, language, Some(LINK));
            assert_eq!(send_as_one(std::slice::from_ref(&text), language).unwrap(), alone);
            assert_eq!(send_as_one(&[text.clone(), text], language).unwrap(), alone, "nothing is said twice");
        }
    }
}

#[test]
fn a_digest_reads_cleanly_and_fits_whatever_is_in_it() {
    let customers: Vec<Message> =
        every_ordinary_message().into_iter().filter(|it| it.haste() != domain::pacing::Haste::Call).collect();
    for name in ["Mainz Hauptbahnhof", &"🙂".repeat(300), "Haupt\r\n\r\nbahnhof\u{202e} "] {
        let messages = every_message(name, name);
        for messages in [&customers[..2], &customers[..], &messages[..]] {
            for language in LANGUAGES {
                let Rendered { subject, email, push } = digest(messages, language);
                assert!(subject.encode_utf16().count() <= SUBJECT_LENGTH_MAX, "{subject}");
                assert!(push.encode_utf16().count() <= PUSH_LENGTH_MAX && !push.contains('\n'), "{push}");
                assert!(!email.contains("\n\n\n") && !email.contains(" \n"), "{email}");
                assert_eq!(email.matches("Guten Tag").count() + email.matches("Hello,").count(), 1, "{email}");
            }
        }
    }
}

#[test]
fn an_explained_answer_says_what_is_known_and_until_when_it_can_be_reopened() {
    let Rendered { email, push, .. } =
        rendered(&case_explained(Cause::Locker, Measure::Refund), Language::German, None);
    let german = "Guten Tag,\n\n\
        wir haben Ihre Beschwerde zur Bestellung A-4711 geprüft.\n\n\
        Was wir wissen:\n\
        - Der Paketautomat war gestört: Fr., 20.11., 09:00 Uhr bis Fr., 20.11., 14:30 Uhr.\n\
        - Der Paketautomat ist gestört seit Fr., 20.11., 10:00 Uhr.\n\
        - Eingelegt: Fr., 20.11., 15:00 Uhr, zugesagt bis Fr., 20.11., 12:00 Uhr.\n\
        - Eingelegt: Fr., 20.11., 16:00 Uhr.\n\
        - Abgeholt: Fr., 20.11., 17:00 Uhr.\n\n\
        Die Ursache war eine Störung des Paketautomaten.\n\
        Sie erhalten eine Erstattung.\n\n\
        Sie müssen nichts tun. Haben Sie noch Fragen, nennen Sie uns bitte die Fallnummer C-0123456789AB. Sind Sie mit \
        der Antwort nicht einverstanden, können Sie den Fall bis Sa., 5.12., 14:30 Uhr in der App wieder öffnen.\n\n\
        Freundliche Grüße\n\
        Ihr Team der Paketautomaten";
    assert_eq!((email.as_str(), push.as_str()), (german, "Ihre Beschwerde ist geprüft. Sie erhalten eine Erstattung."));
    let english = rendered(&case_explained(Cause::Driver, Measure::Talk), Language::English, None).email;
    assert_eq!(
        english,
        "Hello,\n\n\
        We have looked into your complaint about order A-4711.\n\n\
        What we know:\n\
        - The locker was faulty from Fri 20 Nov, 09:00 until Fri 20 Nov, 14:30.\n\
        - The locker has been faulty since Fri 20 Nov, 10:00.\n\
        - Put in: Fri 20 Nov, 15:00, promised by Fri 20 Nov, 12:00.\n\
        - Put in: Fri 20 Nov, 16:00.\n\
        - Collected: Fri 20 Nov, 17:00.\n\n\
        The cause lay with the delivery.\n\
        We have talked with the driver about it.\n\n\
        You need to do nothing. If you have questions, please give us the case number C-0123456789AB. If you do not \
        agree with the answer, you can reopen the case in the app by Sat 5 Dec, 14:30.\n\n\
        Kind regards\n\
        Your parcel locker team"
    );
}

#[test]
fn every_cause_reads_otherwise_and_a_repaired_locker_is_named_once() {
    for language in LANGUAGES {
        let texts = CAUSES.map(|it| rendered(&case_explained(it, Measure::Apology), language, None).email);
        let different: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(different.len(), CAUSES.len());
        let repaired = rendered(&case_explained(Cause::Locker, Measure::LockerRepaired), language, None).email;
        let sentence = if language == Language::German { "Die Ursache war" } else { "The cause was" };
        assert_eq!(repaired.matches(sentence).count(), 1, "{repaired}");
    }
}

#[test]
fn who_is_asked_reads_the_question_on_one_line_until_when_and_what_comes_of_silence() {
    let message = case_question("Welches Fach war es?\nUnd wann?");
    let german = Rendered {
        subject: "Unsere Frage zu Ihrer Beschwerde: C-0123456789AB".to_owned(),
        email: "Guten Tag,\n\n\
            wir haben eine Frage zu Ihrer Beschwerde zur Bestellung A-4711.\n\n\
            Welches Fach war es? Und wann?\n\n\
            Bitte antworten Sie in der App bis Sa., 5.12., 14:30 Uhr. Solange ruht Ihr Fall C-0123456789AB. Ohne Antwort \
            schließen wir ihn dann.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Wir haben eine Frage zu Ihrer Beschwerde C-0123456789AB. Bitte antworten Sie in der App bis Sa., 5.12., \
            14:30 Uhr."
            .to_owned(),
    };
    let english = Rendered {
        subject: "Our question about your complaint: C-0123456789AB".to_owned(),
        email: "Hello,\n\n\
            We have a question about your complaint on order A-4711.\n\n\
            Welches Fach war es? Und wann?\n\n\
            Please answer in the app by Sat 5 Dec, 14:30. Until then your case C-0123456789AB is on hold. Without an \
            answer we close it then.\n\n\
            Kind regards\n\
            Your parcel locker team"
            .to_owned(),
        push: "We have a question about your complaint C-0123456789AB. Please answer in the app by Sat 5 Dec, 14:30."
            .to_owned(),
    };
    assert_eq!(rendered(&message, Language::German, None), german);
    assert_eq!(rendered(&message, Language::English, None), english);
}

#[test]
fn what_is_closed_for_want_of_an_answer_says_how_to_reopen_it() {
    let [_, _, _, closed, last, ..] = &about_a_case("?")[..] else { panic!("a list of messages") };
    let email = |message: &Message, language| rendered(message, language, None).email;
    assert!(
        email(closed, Language::German).contains("öffnen Sie ihn bitte bis Sa., 5.12., 14:30 Uhr in der App wieder.")
    );
    assert!(email(closed, Language::English).contains("please reopen it in the app by Sat 5 Dec, 14:30."));
    assert!(email(last, Language::German).contains("Schlichtungsstelle"));
    assert!(email(last, Language::English).contains("arbitration board"));
    let mut answer = case_explained(Cause::Unknown, Measure::Apology);
    let Message::CaseAnswered { reopen_until, .. } = &mut answer else { panic!("an answer") };
    *reopen_until = None;
    assert!(email(&answer, Language::German).contains("Dies ist unsere letzte Antwort"));
    assert!(email(&answer, Language::English).contains("This is our last answer"));
}

#[test]
fn a_team_reads_what_has_not_come_and_whether_anybody_has_taken_it() {
    let german = Rendered {
        subject: "Erste Antwort überfällig: Beschwerde C-0123456789AB".to_owned(),
        email: "Stufe 1: Erste Antwort überfällig, zugesagt bis Mo., 23.11., 14:30 Uhr. Noch niemand hat den Fall \
            übernommen.\n\n\
            Beschwerde: C-0123456789AB\n\
            Worum es geht: Schaden\n\
            Schwere: ernst"
            .to_owned(),
        push:
            "Erste Antwort überfällig, zugesagt bis Mo., 23.11., 14:30 Uhr. Schaden, ernst: Beschwerde C-0123456789AB"
                .to_owned(),
    };
    let message = case_overdue(Deadline::FirstAnswer, Category::Damage, CaseSeverity::Serious, false);
    assert_eq!(rendered(&message, Language::German, None), german);
    let english = rendered(
        &case_overdue(Deadline::Solution, Category::Delay, CaseSeverity::Minor, true),
        Language::English,
        None,
    );
    assert_eq!(
        english.email,
        "Level 1: Solution overdue, promised by Mon 23 Nov, 14:30. Somebody has taken the case.\n\n\
            Complaint: C-0123456789AB\n\
            About: delay\n\
            Severity: minor"
    );
}

#[test]
fn a_driver_reads_what_was_decided_why_and_until_when_it_can_be_contested() {
    let [_, charged, _, granted, refused] = &to_a_driver("Zwei Zeugen.")[..] else { panic!("five messages") };
    let german = Rendered {
        subject: "Entscheidung zu Ihrer Zustellung: C-0123456789AB".to_owned(),
        email: "Guten Tag,\n\n\
            eine Person hat über die Beschwerde zu Ihrer Zustellung A-4711 entschieden (Verhalten, Fallnummer \
            C-0123456789AB): Die Ursache lag bei der Zustellung.\n\n\
            Was folgt: ein Gespräch mit Ihnen.\n\
            Die Begründung: Zwei Zeugen.\n\n\
            Sind Sie damit nicht einverstanden, widersprechen Sie bitte bis Sa., 5.12., 14:30 Uhr in der App. Eine andere \
            Person prüft die Entscheidung dann und antwortet Ihnen innerhalb von 14 Tagen.\n\n\
            Freundliche Grüße\n\
            Ihr Team der Paketautomaten"
            .to_owned(),
        push: "Zu Ihrer Zustellung ist entschieden: Fall C-0123456789AB. Widersprechen können Sie in der App bis Sa., \
            5.12., 14:30 Uhr."
            .to_owned(),
    };
    assert_eq!(rendered(charged, Language::German, None), german);
    let apology = case_answered_to_driver(Measure::Apology);
    assert!(!rendered(&apology, Language::German, None).email.contains("Gespräch"));
    let email = |message: &Message| rendered(message, Language::English, None).email;
    assert_eq!(
        email(granted),
        "Hello,\n\n\
            Somebody else has looked at the decision about your delivery A-4711 (case number C-0123456789AB).\n\n\
            Your contest succeeds: the decision stands no more, and the delivery is not held against you.\n\
            The reasons: Zwei Zeugen.\n\n\
            Kind regards\n\
            Your parcel locker team"
    );
    assert!(email(refused).contains("\n\nThe decision stands.\nThe reasons: Zwei Zeugen."));
}

fn case_answered_to_driver(measure: Measure) -> Message {
    let mut message = to_a_driver("Zwei Zeugen.").remove(1);
    let Message::DriverCharged { measure: told, .. } = &mut message else { panic!("a decision") };
    *told = measure;
    message
}

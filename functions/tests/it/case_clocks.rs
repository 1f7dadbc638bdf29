//! What is promised for a complaint, and what comes of it: who is told where it is not kept, what stops the clocks, what
//! reopens a case, what makes two one.

use domain::SignedDuration;
use domain::case::{CaseStatus, Deadline, Evidence, Owner};
use domain::delivery::Standing;
use domain::notice::{Message, Recipient};
use serde_json::{Value, json};

use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::{Answer, call};
use crate::support::{at, id, support};

/// Mainz with a team for complaints and who leads it.
async fn mainz() -> Network {
    let network = Network::mainz().await;
    network.register_person("lea", Value::Null).await;
    let body = json!({
        "team_id": "support-mainz", "region": "mainz", "name": "Kundendienst", "skills": [], "language": "german",
        "email": "support@example.org", "duty": "support", "lead": "lea",
    });
    network.call(call("POST /teams").by("op-1").json(body)).await.ok();
    network.drain().await;
    network
}

/// Has a parcel of a customer's delivered, and complained of.
async fn complain(network: &Network, customer: &str, reason: &str) -> (String, String) {
    let order = network.collect_order(customer, "S").await;
    (order.clone(), say(network, customer, &order, reason, "Es war so.").await)
}

async fn say(network: &Network, customer: &str, order: &str, reason: &str, text: &str) -> String {
    let body = json!({
        "ratings": { "delivery": 1, "condition": 3, "punctuality": 3, "driver": 3 }, "reasons": [reason], "text": text,
    });
    let said = call("POST /my/orders/{order_id}/feedback").by(customer).path("order_id", order).json(body);
    let receipt = network.call(said).await.ok();
    network.drain().await;
    receipt["case"].as_str().unwrap().to_owned()
}

async fn act(network: &Network, who: &str, case: &str, what: &str, body: Value) -> Answer {
    let request = call(&format!("POST /cases/{{case_id}}/{what}")).by(who).path("case_id", case).json(body);
    let answer = network.call(request).await;
    network.drain().await;
    answer
}

async fn own(network: &Network, who: &str, case: &str, what: &str, text: &str) -> Answer {
    let request = call(&format!("POST /my/cases/{{case_id}}/{what}")).by(who).path("case_id", case);
    let answer = network.call(request.json(json!({ "text": text }))).await;
    network.drain().await;
    answer
}

async fn driver_says(network: &Network, who: &str, case: &str, what: &str) -> Answer {
    let request = call(&format!("POST /driver/cases/{{case_id}}/{what}")).by(who).path("case_id", case);
    let answer = network.call(request.json(json!({ "text": "So war es nicht." }))).await;
    network.drain().await;
    answer
}

async fn hear_driver(network: &Network, case: &str) {
    act(network, "support-2", case, "hearing", json!({})).await.ok();
    driver_says(network, "driver-17", case, "statement").await.ok();
}

async fn listed(network: &Network, who: &str, team: Option<&str>) -> Vec<Value> {
    let list = call("GET /cases").by(who).query("region", "mainz");
    let list = team.iter().fold(list, |list, team| list.query("team", team));
    let found = network.call(list).await.ok();
    assert_eq!(found["open"].as_u64().unwrap() as usize, found["cases"].as_array().unwrap().len());
    found["cases"].as_array().unwrap().clone()
}

fn ids(listed: &[Value]) -> Vec<&str> {
    listed.iter().map(|it| it["id"].as_str().unwrap()).collect()
}

/// Whom levels have been told to so far, as `deadline level recipient`.
fn overdue(network: &Network) -> Vec<String> {
    let told = network.notices().into_iter().filter_map(|entry| match (entry.notice.message, entry.notice.recipient) {
        (Message::CaseOverdue { deadline, level, .. }, Recipient::Person { person }) => {
            Some(format!("{deadline:?} {level} {person}"))
        }
        (Message::CaseOverdue { deadline, level, .. }, Recipient::Team { team, .. }) => {
            Some(format!("{deadline:?} {level} {team}"))
        }
        _ => None,
    });
    told.collect()
}

/// Sweeps at a moment, in seconds after it.
async fn sweep_at(network: &Network, moment: domain::Timestamp, later: i64) {
    network.wait_until(moment.duration_since(at(0)).as_secs() + later);
    network.sweep().await.unwrap();
    network.drain().await;
}

#[tokio::test]
async fn what_is_due_first_is_first_in_the_queue_of_its_team_and_what_is_decided_is_in_none() {
    let network = mainz().await;
    let (_, minor) = complain(&network, "anna", "delay").await;
    let (_, critical) = complain(&network, "ben", "privacy_or_safety").await;
    let (_, serious) = complain(&network, "dora", "damage").await;
    let queue = listed(&network, "support-2", Some("support-mainz")).await;
    assert_eq!(ids(&queue), [&critical, &serious, &minor]);
    assert_eq!((&queue[0]["team"], &queue[0]["overdue"]), (&json!("support-mainz"), &json!([])));
    // Who has answered first has time until the next update.
    network.wait_until(60);
    act(&network, "support-2", &critical, "update", json!({})).await.ok();
    assert_eq!(ids(&listed(&network, "support-2", None).await), [&serious, &critical, &minor]);
    act(
        &network,
        "support-2",
        &serious,
        "decision",
        json!({ "cause": "unknown", "measure": "apology", "reasons": "x" }),
    )
    .await
    .ok();
    assert_eq!(ids(&listed(&network, "support-2", None).await), [&critical, &minor]);
    let nobodys = call("GET /cases").by("support-2").query("region", "mainz").query("team", "mechanics-1");
    assert_eq!(network.call(nobodys).await.status, 404, "a team that repairs has no complaints");
    let unregioned = call("GET /cases").by("support-2");
    assert_eq!(network.call(unregioned).await.refused(400, "invalid_request").field(), "region");
}

#[tokio::test]
async fn what_came_when_there_was_no_team_is_everybodys() {
    let network = Network::mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    assert_eq!(ids(&listed(&network, "support-2", None).await), [&case]);
    assert_eq!(network.case(&case).team, None);
}

#[tokio::test]
async fn where_no_first_answer_comes_the_team_is_told_and_then_its_lead_each_once() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    let due = network.case(&case).answer_due_at;
    sweep_at(&network, due, -1).await;
    assert_eq!(overdue(&network), Vec::<String>::new(), "never early");
    for later in [0, 0, 60, 3_600] {
        sweep_at(&network, due, later).await;
        assert_eq!(overdue(&network), ["FirstAnswer 1 support-mainz"], "{later}");
    }
    assert_eq!(listed(&network, "support-2", None).await[0]["overdue"], json!(["first_answer"]));
    let lead = support().due(due, SignedDuration::from_hours(10));
    for later in [0, 60, 3_600] {
        sweep_at(&network, lead, later).await;
        assert_eq!(overdue(&network), ["FirstAnswer 1 support-mainz", "FirstAnswer 2 lea"], "{later}");
    }
}

#[tokio::test]
async fn levels_that_sweeps_have_missed_are_told_by_the_next_one_and_a_decision_ends_them() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    let solution = network.case(&case).solution_due_at.unwrap();
    sweep_at(&network, solution, 0).await;
    let first = ["FirstAnswer 1 support-mainz", "Solution 1 support-mainz", "Update 1 support-mainz"];
    let sorted = |mut told: Vec<String>| {
        told.sort_unstable();
        told
    };
    assert_eq!(sorted(overdue(&network)), first);
    assert_eq!(network.case(&case).missed.len(), 3);
    act(&network, "support-2", &case, "decision", json!({ "cause": "unknown", "measure": "apology", "reasons": "x" }))
        .await
        .ok();
    sweep_at(&network, solution, 30 * 24 * 3_600).await;
    assert_eq!(sorted(overdue(&network)), first);
}

#[tokio::test]
async fn a_question_stops_the_clocks_until_its_customer_answers() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    let before = network.case(&case);
    act(&network, "support-2", &case, "question", json!({ "question": "Welches Fach?" })).await.ok();
    let asked = network.case(&case);
    assert_eq!((asked.status, &asked.owner), (CaseStatus::AwaitingCustomer, &Owner::Agent { person: id("support-2") }));
    assert_eq!(network.told().iter().filter(|it| **it == "case_question").count(), 1);
    let days = 6;
    sweep_at(&network, at(days * 24 * 3_600), 0).await;
    assert_eq!(overdue(&network), Vec::<String>::new());
    own(&network, "ben", &case, "answer", "Das da.").await.refused(404, "unknown_case");
    let answer = own(&network, "anna", &case, "answer", "Das große.").await.ok();
    assert_eq!((&answer["status"], &answer["questions"][0]["answer"]), (&json!("assigned"), &json!("Das große.")));
    let after = network.case(&case);
    let worked = support().working_between(at(0), at(days * 24 * 3_600));
    let (before, after) = (before.solution_due_at.unwrap(), after.solution_due_at.unwrap());
    assert_eq!(support().working_between(before, after), worked);
    own(&network, "anna", &case, "answer", "Nein, das kleine.").await.refused(409, "wrong_state");
}

#[tokio::test]
async fn only_the_owner_asks_and_neither_party_does() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    let question = || json!({ "question": "Welches Fach?" });
    for party in ["anna", "driver-17"] {
        act(&network, party, &case, "question", question()).await.refused(403, "own_case");
        act(&network, party, &case, "update", json!({})).await.refused(403, "own_case");
    }
    act(&network, "support-2", &case, "assignment", json!({ "to": "support-3" })).await.ok();
    act(&network, "support-2", &case, "question", question()).await.refused(409, "not_the_owner");
    act(&network, "support-3", &case, "question", question()).await.ok();
    act(&network, "support-3", &case, "question", question()).await.refused(409, "wrong_state");
}

#[tokio::test]
async fn silence_closes_a_case_once_and_its_customer_reopens_it() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    act(&network, "support-2", &case, "question", json!({ "question": "Welches Fach?" })).await.ok();
    let until = network.case(&case).questions[0].answer_until;
    sweep_at(&network, until, -1).await;
    assert_eq!(network.case(&case).status, CaseStatus::AwaitingCustomer);
    for later in [0, 60] {
        sweep_at(&network, until, later).await;
        assert_eq!(network.case(&case).status, CaseStatus::Closed);
        assert_eq!(network.told().iter().filter(|it| **it == "case_unanswered").count(), 1);
    }
    own(&network, "anna", &case, "answer", "Doch, das große.").await.refused(409, "wrong_state");
    own(&network, "anna", &case, "reopening", "Ich war im Urlaub. Das große.").await.ok();
    let reopened = network.case(&case);
    assert_eq!((reopened.status, reopened.owner), (CaseStatus::Reopened, Owner::Support));
    assert!(reopened.answer_due_at > until);
    assert_eq!(ids(&listed(&network, "support-2", Some("support-mainz")).await), [&case]);
}

#[tokio::test]
async fn an_answer_that_crosses_with_the_closing_comes_first_or_finds_it_closed() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    act(&network, "support-2", &case, "question", json!({ "question": "Welches Fach?" })).await.ok();
    let until = network.case(&case).questions[0].answer_until;
    network.wait_until(until.duration_since(at(0)).as_secs());
    own(&network, "anna", &case, "answer", "Das große.").await.ok();
    network.sweep().await.unwrap();
    assert_eq!(network.case(&case).status, CaseStatus::Assigned);
}

#[tokio::test]
async fn a_reopened_case_charges_nobody_until_it_is_decided_again() {
    let network = mainz().await;
    let (order, case) = complain(&network, "anna", "conduct").await;
    let decision =
        || json!({ "cause": "driver", "measure": "talk", "reasons": "Die Kundin sagt es.", "facts_for": [2] });
    hear_driver(&network, &case).await;
    act(&network, "support-2", &case, "decision", decision()).await.ok();
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)));
    own(&network, "ben", &case, "reopening", "Ich auch!").await.refused(404, "unknown_case");
    own(&network, "anna", &case, "reopening", "Reden reicht nicht.").await.ok();
    assert_eq!(network.delivery(&order).charged_case, None);
    assert_eq!(network.case(&case).reopenings[0].decision.as_ref().unwrap().reasons, "Die Kundin sagt es.");
    own(&network, "anna", &case, "reopening", "Hallo?").await.refused(409, "wrong_state");
    act(&network, "support-3", &case, "decision", decision()).await.ok();
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)));
    act(&network, "support-2", &case, "reopening", json!({ "reason": "am Telefon" })).await.ok();
    act(&network, "support-2", &case, "decision", decision()).await.ok();
    act(&network, "support-2", &case, "reopening", json!({ "reason": "noch einmal" }))
        .await
        .refused(409, "final_answer");
    let told = network.told();
    let count = |kind: &str| told.iter().filter(|it| **it == kind).count();
    assert_eq!((count("case_answered"), count("case_reopened")), (3, 2));
}

#[tokio::test]
async fn after_14_days_an_answer_is_the_end_of_it() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    act(&network, "support-2", &case, "decision", json!({ "cause": "unknown", "measure": "apology", "reasons": "x" }))
        .await
        .ok();
    let days = |days: i64| days * 24 * 3_600;
    network.wait_until(days(14) + 1);
    own(&network, "anna", &case, "reopening", "Moment!").await.refused(410, "too_late");
    act(&network, "support-2", &case, "reopening", json!({ "reason": "Moment!" })).await.refused(410, "too_late");
    network.wait_until(days(14));
    own(&network, "anna", &case, "reopening", "Moment!").await.ok();
}

#[tokio::test]
async fn two_complaints_of_one_customer_are_made_one_and_nobody_elses() {
    let network = mainz().await;
    let (order, first) = complain(&network, "anna", "delay").await;
    let (_, second) = complain(&network, "anna", "damage").await;
    let (_, anothers) = complain(&network, "ben", "delay").await;
    let into = |case: &str| json!({ "into": case });
    act(&network, "support-2", &second, "joining", into(&anothers)).await.refused(409, "not_the_same_matter");
    act(&network, "support-2", &second, "joining", into(&second)).await.refused(409, "not_the_same_matter");
    act(&network, "support-2", &second, "joining", into("C-99")).await.refused(404, "unknown_case");
    act(&network, "anna", &second, "joining", into(&first)).await.refused(403, "own_case");
    act(&network, "support-2", &second, "joining", into(&first)).await.ok();
    let (one, other) = (network.case(&first), network.case(&second));
    assert_eq!((other.status, other.joined_into), (CaseStatus::Closed, Some(id(&first))));
    assert_eq!(one.joined, [id(&second)].into());
    assert_eq!(ids(&listed(&network, "support-2", None).await), [&first, &anothers]);
    own(&network, "anna", &second, "reopening", "Und dieser?").await.refused(409, "wrong_state");
    hear_driver(&network, &first).await;
    let decision = json!({ "cause": "driver", "measure": "talk", "reasons": "x", "facts_for": [0] });
    act(&network, "support-2", &first, "decision", decision).await.ok();
    let charged = network.delivery(&order).charged_case;
    assert_eq!(charged, Some(id(&first)), "and the other delivery is charged with nothing");
    assert_eq!(network.delivery(other.order.as_str()).charged_case, None);
    assert_eq!(network.told().iter().filter(|it| **it == "case_answered").count(), 1);
}

#[tokio::test]
async fn a_complaint_made_again_about_the_same_parcel_joins_the_case_there_is() {
    let network = mainz().await;
    let (order, case) = complain(&network, "anna", "delay").await;
    assert_eq!(say(&network, "anna", &order, "delay", "my hand: cut my hand on the door").await, case);
    let after = network.case(&case);
    assert_eq!(after.added[0].text, "my hand: cut my hand on the door");
    assert_eq!(serde_json::to_value(after.severity).unwrap(), "critical");
    assert_eq!(say(&network, "anna", &order, "delay", "my hand: cut my hand on the door").await, case);
    assert_eq!(network.case(&case), after);
    assert_eq!(network.told().iter().filter(|it| **it == "case_received").count(), 1);
}

#[tokio::test]
async fn a_customer_sees_an_own_case_and_nothing_of_the_driver_or_of_support() {
    let network = mainz().await;
    let (_, case) = complain(&network, "anna", "conduct").await;
    act(&network, "support-2", &case, "question", json!({ "question": "Was hat er gesagt?" })).await.ok();
    own(&network, "anna", &case, "answer", "Nichts Nettes.").await.ok();
    hear_driver(&network, &case).await;
    let decision = json!({ "cause": "driver", "measure": "talk", "reasons": "s3cret", "facts_for": [2] });
    act(&network, "support-2", &case, "decision", decision).await.ok();
    let show = |who: &str| call("GET /my/cases/{case_id}").by(who).path("case_id", &case);
    let seen = network.call(show("anna")).await.ok();
    assert_eq!((&seen["status"], &seen["answer"]["measure"]), (&json!("decided"), &json!("talk")));
    let text = seen.to_string();
    for hidden in ["driver-17", "support-2", "s3cret", "evidence"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    network.call(show("ben")).await.refused(404, "unknown_case");
}

#[tokio::test]
async fn the_facts_beside_a_complaint_are_found_by_themselves() {
    let network = mainz().await;
    let (_, earlier) = complain(&network, "ben", "delay").await;
    let (order, compartment) = network.deposit_order("anna", "M").await;
    // It closes nothing, and so is no incident of this order; and yet it was there.
    network.happens("fault_intake", faults("mz-03", "m-1", &[("locker", "display_fault")])).await;
    network.happens("parcel_events", collected("mz-03", "m-2", &order, compartment)).await;
    let case = say(&network, "anna", &order, "locker_fault", "Die Anzeige war dunkel.").await;
    let kept = network.case(&case);
    assert!(
        kept.evidence.iter().any(|it| matches!(it, Evidence::FaultBeside { cleared_at: None, .. })),
        "{:?}",
        kept.evidence
    );
    let other = |it: &Evidence| matches!(it, Evidence::OtherComplaint { case, .. } if case.as_str() == earlier);
    assert!(kept.evidence.iter().any(other), "{:?}", kept.evidence);
    assert_eq!(network.delivery(&order).standing, Standing::Counted, "it is shown, and explains nothing by itself");
    let seen = network.call(call("GET /cases/{case_id}").by("support-2").path("case_id", &case)).await.ok();
    let sources: Vec<&str> =
        seen["facts"].as_array().unwrap().iter().map(|it| it["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["door_events", "door_events", "customer", "locker_records", "other_cases"]);
    assert_eq!(seen["weighed"][0], json!({ "cause": "locker", "facts_for": [3], "facts_against": [] }));
    let decision = json!({ "cause": "locker", "measure": "apology", "reasons": "Anzeige", "facts_for": [3] });
    act(&network, "support-2", &case, "decision", decision).await.ok();
}

#[tokio::test]
async fn a_deadline_that_nobody_can_be_told_of_is_counted_all_the_same() {
    let network = Network::mainz().await;
    let (_, case) = complain(&network, "anna", "delay").await;
    let due = network.case(&case).answer_due_at;
    sweep_at(&network, due, 0).await;
    sweep_at(&network, due, 60).await;
    assert_eq!(overdue(&network), Vec::<String>::new());
    let missed = &network.case(&case).missed;
    assert_eq!((missed.len(), missed[0].deadline, missed[0].levels_told), (1, Deadline::FirstAnswer, 1));
}

/// A complaint about conduct that was decided to be the driver's doing, by `support-2`.
async fn blamed(network: &Network) -> (String, String) {
    let (order, case) = complain(network, "anna", "conduct").await;
    hear_driver(network, &case).await;
    let decision = json!({ "cause": "driver", "measure": "talk", "reasons": "Zwei Zeugen.", "facts_for": [2] });
    act(network, "support-2", &case, "decision", decision).await.ok();
    (order, case)
}

#[tokio::test]
async fn nothing_is_decided_against_a_driver_who_was_not_heard_or_still_has_time() {
    let network = mainz().await;
    let (order, case) = complain(&network, "anna", "conduct").await;
    let decision = || json!({ "cause": "driver", "measure": "talk", "reasons": "x", "facts_for": [2] });
    let decide = async || act(&network, "support-2", &case, "decision", decision()).await;
    decide().await.refused(409, "driver_not_heard");
    driver_says(&network, "driver-17", &case, "statement").await.refused(404, "unknown_case");
    act(&network, "anna", &case, "hearing", json!({})).await.refused(403, "own_case");
    act(&network, "support-2", &case, "hearing", json!({})).await.ok();
    act(&network, "support-2", &case, "hearing", json!({})).await.refused(409, "wrong_state");
    decide().await.refused(409, "driver_not_heard");
    let until = network.case(&case).hearing.unwrap().state_until;
    network.wait_until(until.duration_since(at(0)).as_secs());
    decide().await.ok();
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)));
    driver_says(&network, "driver-17", &case, "statement").await.refused(409, "wrong_state");
}

#[tokio::test]
async fn a_driver_sees_why_and_nothing_of_the_customer() {
    let network = mainz().await;
    let (_, case) = blamed(&network).await;
    let show = |who: &str| call("GET /driver/cases/{case_id}").by(who).path("case_id", &case);
    let seen = network.call(show("driver-17")).await.ok();
    assert_eq!((&seen["decision"]["reasons"], &seen["charged"]), (&json!("Zwei Zeugen."), &json!(true)));
    let text = seen.to_string();
    for hidden in ["anna", "support-2", "Es war so."] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    network.call(show("driver-18")).await.refused(404, "unknown_case");
    network.call(show("anna")).await.refused(404, "unknown_case");
    assert_eq!(network.told().iter().filter(|it| it.starts_with("driver_")).count(), 2);
}

#[tokio::test]
async fn a_contested_decision_is_looked_at_by_somebody_else_and_a_granted_one_charges_nobody() {
    let network = mainz().await;
    let (order, case) = blamed(&network).await;
    let answer = |granted: bool| json!({ "granted": granted, "reasons": "Eine andere Tour." });
    act(&network, "support-3", &case, "contest-answer", answer(true)).await.refused(409, "wrong_state");
    driver_says(&network, "driver-18", &case, "contest").await.refused(404, "unknown_case");
    driver_says(&network, "driver-17", &case, "contest").await.ok();
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)), "it stands until it is answered");
    assert_eq!(ids(&listed(&network, "support-3", None).await), [&case], "somebody has to look at it");
    act(&network, "support-2", &case, "contest-answer", answer(true)).await.refused(403, "first_decider");
    act(&network, "anna", &case, "contest-answer", answer(true)).await.refused(403, "own_case");
    act(&network, "support-3", &case, "contest-answer", answer(true)).await.ok();
    assert_eq!(network.delivery(&order).charged_case, None);
    assert_eq!(listed(&network, "support-3", None).await, Vec::<Value>::new());
    driver_says(&network, "driver-17", &case, "contest").await.refused(409, "wrong_state");
    let told = network.told();
    assert!(told.contains(&"contest_received") && told.contains(&"contest_answered"), "{told:?}");
}

#[tokio::test]
async fn a_decision_is_contested_for_14_days_and_a_contest_that_nobody_answers_is_told() {
    let network = mainz().await;
    let (order, case) = blamed(&network).await;
    let day = 24 * 3_600;
    network.wait_until(14 * day + 1);
    driver_says(&network, "driver-17", &case, "contest").await.refused(410, "too_late");
    network.wait_until(14 * day);
    driver_says(&network, "driver-17", &case, "contest").await.ok();
    sweep_at(&network, at(28 * day), -1).await;
    assert_eq!(overdue(&network), Vec::<String>::new());
    sweep_at(&network, at(28 * day), 0).await;
    assert_eq!(overdue(&network), ["Contest 1 support-mainz"]);
    let refused = json!({ "granted": false, "reasons": "Es bleibt dabei." });
    act(&network, "support-3", &case, "contest-answer", refused).await.ok();
    sweep_at(&network, at(60 * day), 0).await;
    assert_eq!(overdue(&network), ["Contest 1 support-mainz"]);
    assert_eq!(network.delivery(&order).charged_case, Some(id(&case)));
}

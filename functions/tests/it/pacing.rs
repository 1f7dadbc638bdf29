//! When customers are written to: not by night without need, and a burst as one message.

use aws::ledger::{RETRY_AFTER, Status};
use domain::Timestamp;
use domain::pacing::{Pacing, Reason};
use serde_json::{Value, json};

use crate::support::at;
use crate::support::aws_fake::Sending;
use crate::support::devices::*;
use crate::support::network::Network;
use crate::support::requests::call;
use crate::support::stores::Asked::{Commit, Query, Read};
use crate::support::stores::Counting;

/// A network with Anna and Ben who sleep at night, like everybody who has said nothing. It is a quarter past four in the
/// afternoon.
async fn network() -> Network {
    let mut network = Network::mainz().await;
    network.sender.pacing = Pacing::default();
    for person in ["anna", "ben"] {
        register(&network, person, json!({})).await;
    }
    network
}

async fn register(network: &Network, person: &str, more: Value) {
    let mut body = json!({ "person_id": person, "language": "english", "email": format!("{person}@example.org") });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    network.call(call("POST /people").by("op-1").json(body)).await.ok();
}

/// Midnight of that day, in Mainz.
const NIGHT: i64 = 7 * 3_600 + 46 * 60 + 40;

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What came to a person: the subjects.
fn subjects(network: &Network, person: &str) -> Vec<String> {
    let topic = format!("test-person-{person}");
    let sent = network.sender.publisher.sent();
    sent.into_iter().filter(|(to, _)| *to == topic).map(|(_, text)| text.subject).collect()
}

fn held(network: &Network, kind: &str) -> Option<(Timestamp, Reason)> {
    let entry = network.notices().into_iter().find(|it| it.notice.message.kind() == kind).unwrap();
    entry.held.map(|it| (it.until, it.why))
}

/// Lets the sweeps run every minute from one second to another.
async fn sweep_until(network: &Network, from: i64, until: i64) {
    let mut second = from;
    while second <= until {
        network.wait_until(second);
        network.sweep().await.unwrap();
        second += 60;
    }
}

#[tokio::test]
async fn by_night_what_can_wait_waits_for_the_morning_and_is_one_message_then() {
    let network = network().await;
    assert_eq!(at(NIGHT), instant("2026-09-21T22:00:00Z"));
    network.wait_until(NIGHT);
    for _ in 0..3 {
        network.deposit_order("anna", "M").await;
    }
    assert_eq!(subjects(&network, "anna"), Vec::<String>::new());
    let (until, why) = held(&network, "ready_for_pickup").unwrap();
    assert!(instant("2026-09-22T06:00:00Z") <= until && until < instant("2026-09-22T06:15:00Z"), "{until}");
    assert_eq!(why, Reason::QuietHours);
    network.wait_until(NIGHT + 8 * 3_600 - 1);
    assert_eq!(network.sweep().await.unwrap().due, 0, "nobody looks at it before");
    sweep_until(&network, NIGHT + 8 * 3_600, NIGHT + 8 * 3_600 + 16 * 60).await;
    let [subject] = subjects(&network, "anna").try_into().unwrap();
    assert!(subject.starts_with("3 updates about your parcels: Your parcel is ready"), "{subject}");
    let text = network.sender.publisher.sent().pop().unwrap().1.email;
    assert_eq!(text.matches("Your access code for this door: ").count(), 3, "{text}");
    let ids: Vec<String> = network
        .notices()
        .into_iter()
        .map(|it| match it.status {
            Status::Sent { message_id, .. } => message_id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, ["published-1"; 3]);
}

#[tokio::test]
async fn who_may_be_on_the_way_is_told_at_midnight_and_of_nothing_else() {
    let network = network().await;
    network.wait_until(NIGHT);
    let (_, shut) = network.deposit_order("anna", "M").await;
    network.deposit_order("anna", "S").await;
    let jam = faults_at("mz-03", "m-9", &[(&shut.to_string(), "lock_jammed")], NIGHT);
    network.happens("fault_intake", jam).await;
    let [subject] = subjects(&network, "anna").try_into().unwrap();
    assert!(subject.contains("cannot be opened"), "{subject}");
    let of_teams = network.sender.publisher.sent().into_iter().filter(|(topic, _)| topic.contains("team")).count();
    assert_eq!(of_teams, 1, "a team is called at any hour");
}

#[tokio::test]
async fn what_waits_for_the_morning_is_not_sent_when_something_newer_was_said_by_night() {
    let network = network().await;
    network.wait_until(NIGHT);
    let (_, shut) = network.deposit_order("anna", "M").await;
    let jam = faults_at("mz-03", "m-9", &[(&shut.to_string(), "lock_jammed")], NIGHT);
    network.happens("fault_intake", jam).await;
    sweep_until(&network, NIGHT + 8 * 3_600, NIGHT + 8 * 3_600 + 16 * 60).await;
    assert!(matches!(network.status_of("ready_for_pickup"), Status::Superseded { .. }));
    assert_eq!(subjects(&network, "anna").len(), 1);
}

#[tokio::test]
async fn quiet_hours_are_those_the_person_wants_where_the_person_lives() {
    let network = network().await;
    register(&network, "anna", json!({ "time_zone": "America/New_York" })).await;
    let by_day = json!({ "quiet_hours": { "from": "16:00", "until": "17:30:00" } });
    register(&network, "ben", by_day).await;
    network.deposit_order("anna", "M").await;
    assert_eq!(subjects(&network, "anna").len(), 1, "it is a quarter past ten in New York");
    network.deposit_order("ben", "M").await;
    let until = network.notices().pop().unwrap().held.unwrap().until;
    assert!(instant("2026-09-21T15:30:00Z") <= until && until < instant("2026-09-21T15:45:00Z"), "{until}");
}

#[tokio::test]
async fn hours_and_time_zones_that_are_none_are_refused() {
    let network = network().await;
    for more in [
        json!({ "time_zone": "Europe/Mainz" }),
        json!({ "quiet_hours": { "from": "25:00", "until": "08:00" } }),
        json!({ "quiet_hours": { "from": "21:00" } }),
    ] {
        let mut body = json!({ "person_id": "cleo", "language": "english", "email": "cleo@example.org" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = network.call(call("POST /people").by("op-1").json(body)).await;
        assert_eq!(answer.status, 400, "{more}: {:?}", answer.body);
    }
}

#[tokio::test]
async fn a_locker_that_closes_is_one_message_to_whoever_has_several_parcels_for_it() {
    let network = network().await;
    for _ in 0..2 {
        network.place_order("ben", "M").await;
    }
    network.place_order("ben", "S").await;
    network.place_order("anna", "S").await;
    network.happens("fault_intake", faults("mz-03", "m-9", &[("locker", "power_loss")])).await;
    let (bens, annas) = (subjects(&network, "ben"), subjects(&network, "anna"));
    let [subject] = bens.try_into().unwrap();
    assert!(subject.starts_with("3 updates about your parcels: "), "{subject}");
    let [subject] = annas.try_into().unwrap();
    assert_eq!(subject, "Please choose a new place for your parcel", "one by itself is as it ever was");
}

#[tokio::test]
async fn what_comes_a_moment_after_a_message_is_the_next_one_a_minute_later() {
    let network = network().await;
    network.deposit_order("anna", "M").await;
    for second in [20, 40] {
        network.wait_until(second);
        network.deposit_order("anna", "S").await;
    }
    assert_eq!(subjects(&network, "anna").len(), 1);
    assert_eq!(network.notices().pop().unwrap().held.unwrap().until, at(60));
    network.wait_until(59);
    assert_eq!(network.sweep().await.unwrap().due, 0);
    network.wait_until(60);
    network.sweep().await.unwrap();
    let [_, second] = subjects(&network, "anna").try_into().unwrap();
    assert!(second.starts_with("2 updates about your parcels"), "{second}");
}

#[tokio::test]
async fn what_cannot_wait_goes_at_once_takes_along_what_waits_and_its_like_wait_a_minute() {
    let network = network().await;
    let mut shut = Vec::new();
    for second in [0, 10] {
        network.wait_until(second);
        shut.push(network.deposit_order("anna", "M").await.1);
    }
    network.wait_until(15);
    network.deposit_order("anna", "S").await;
    network.wait_until(20);
    let jam = |message: &str, nth: usize| faults_at("mz-03", message, &[(&shut[nth].to_string(), "lock_jammed")], 20);
    network.happens("fault_intake", jam("m-8", 0)).await;
    let [_, second] = subjects(&network, "anna").try_into().unwrap();
    assert!(second.starts_with("3 updates about your parcels: Your parcel is waiting"), "{second}");
    network.happens("fault_intake", jam("m-9", 1)).await;
    assert_eq!(subjects(&network, "anna").len(), 2);
    sweep_until(&network, 80, 80).await;
    let last = subjects(&network, "anna").pop().unwrap();
    assert!(last.starts_with("Your parcel is waiting"), "{last}");
}

#[tokio::test]
async fn the_eleventh_message_of_an_hour_waits_and_what_cannot_wait_does_not() {
    let network = network().await;
    let (order, shut) = network.deposit_order("anna", "XL").await;
    for message in 1..=10 {
        network.wait_until(message * 120);
        let compartment = network.deposit_order("anna", "L").await;
        network
            .happens("parcel_events", collected("mz-03", &format!("c-{message}"), &compartment.0, compartment.1))
            .await;
    }
    let before = subjects(&network, "anna").len();
    assert_eq!(before, 10);
    let waits = network.notices().into_iter().filter(|it| it.status == Status::Pending).count();
    assert!(waits > 0);
    network.happens("fault_intake", faults_at("mz-03", "m-9", &[(&shut.to_string(), "lock_jammed")], 1_200)).await;
    assert_eq!(subjects(&network, "anna").len(), 11, "{order}");
}

#[tokio::test]
async fn a_digest_of_which_nobody_knows_is_tried_again_as_one() {
    let network = network().await;
    network.wait_until(NIGHT);
    network.deposit_order("anna", "M").await;
    network.deposit_order("anna", "S").await;
    network.sender.publisher.sending.set(Sending::Silent);
    sweep_until(&network, NIGHT + 8 * 3_600, NIGHT + 8 * 3_600 + 15 * 60).await;
    network.sender.publisher.sending.set(Sending::Works);
    let later = NIGHT + 9 * 3_600 + RETRY_AFTER.as_secs();
    sweep_until(&network, later, later + 120).await;
    let [subject] = subjects(&network, "anna").try_into().unwrap();
    assert!(subject.starts_with("2 updates"), "{subject}");
    for entry in network.notices() {
        assert!(
            matches!(entry.status, Status::Sent { .. }) && entry.unknown_outcomes == entry.attempts - 1,
            "{entry:?}"
        );
    }
}

#[tokio::test]
async fn a_notice_by_itself_takes_one_query_more_beside_a_read() {
    let network = network().await;
    let (order, compartment) = network.place_order("anna", "M").await;
    network.deliver("parcel_events", [deposited("mz-03", "m-1", &order, compartment)]).await;
    let key = network.kept().into_keys().find(aws::keys::Key::is_notice).unwrap();
    let store = Counting::new(&network.store);
    network.sender.send(&store, &key, network.now()).await.unwrap();
    let expected = [vec![Read], vec![Read, Query, Query], vec![Commit], vec![Read], vec![Commit]];
    assert_eq!(store.trips(), expected);
    assert_eq!(subjects(&network, "anna").len(), 1);
}

#[tokio::test]
async fn what_goes_along_stays_behind_with_what_it_goes_along_with() {
    let network = network().await;
    network.sender.publisher.sending.set(Sending::Silent);
    let (order, compartment) = network.deposit_order("anna", "M").await;
    network.sender.publisher.sending.set(Sending::Works);
    network.wait_until(10);
    network.deposit_order("anna", "S").await;
    network.wait_until(70);
    network.happens("parcel_events", collected("mz-03", "c-1", &order, compartment)).await;
    // What was said of the first order before may be on its way still, so nothing newer is sent yet.
    assert_eq!(subjects(&network, "anna"), Vec::<String>::new());
    let waits = network.notices().into_iter().filter(|it| it.status == Status::Pending).map(|it| it.attempts);
    assert_eq!(waits.collect::<Vec<_>>(), [1, 1]);
    sweep_until(&network, 80, 80 + 2 * RETRY_AFTER.as_secs()).await;
    let [subject] = subjects(&network, "anna").try_into().unwrap();
    assert!(subject.starts_with("2 updates about your parcels"), "{subject}");
}

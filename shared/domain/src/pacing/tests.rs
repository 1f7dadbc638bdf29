use super::*;
use crate::testing::{customer, id, number};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(from: &str, until: &str, zone: &str) -> Hours {
    let quiet = QuietHours { from: from.parse().unwrap(), until: until.parse().unwrap() };
    Hours { zone: zone.parse().unwrap(), quiet }
}

fn end(hours: &Hours, now: &str) -> Option<String> {
    hours.quiet.end(&hours.zone, at(now)).map(|it| it.to_string())
}

fn never_written_to() -> Correspondence {
    Correspondence::new(customer())
}

fn written_to(times: &[&str]) -> Correspondence {
    times.iter().fold(never_written_to(), |it, time| it.write(true, at(time)))
}

fn hold(haste: Haste, lately: &Correspondence, now: &str) -> Option<Held> {
    Pacing::default().hold(haste, lately, &Hours::default(), at(now))
}

fn burst(until: &str) -> Option<Held> {
    Some(Held { until: at(until), why: Reason::Burst })
}

/// Noon in Mainz in summer, and the night after it.
const NOON: &str = "2026-07-01T10:00:00Z";
const NIGHT: &str = "2026-07-01T22:00:00Z";
const MORNING_BEGINS: &str = "2026-07-02T06:00:00Z";

#[test]
fn the_usual_quiet_hours_are_from_nine_to_eight_by_the_clocks_of_mainz_in_summer_and_winter() {
    let usual = Hours::default();
    for (now, ends) in [
        ("2026-07-01T18:59:59Z", None),
        ("2026-07-01T19:00:00Z", Some("2026-07-02T06:00:00Z")),
        ("2026-07-01T23:30:00Z", Some("2026-07-02T06:00:00Z")),
        ("2026-07-02T05:59:59Z", Some("2026-07-02T06:00:00Z")),
        ("2026-07-02T06:00:00Z", None),
        ("2026-12-31T19:59:59Z", None),
        ("2026-12-31T20:00:00Z", Some("2027-01-01T07:00:00Z")),
    ] {
        assert_eq!(end(&usual, now).as_deref(), ends, "{now}");
    }
}

#[test]
fn quiet_hours_are_those_of_the_persons_own_clocks() {
    let new_york = hours("21:00", "08:00", "America/New_York");
    assert_eq!(end(&new_york, "2026-07-01T10:00:00Z").as_deref(), Some("2026-07-01T12:00:00Z"));
    assert_eq!(end(&new_york, "2026-07-01T22:00:00Z"), None);
    let kathmandu = hours("21:00", "08:00", "Asia/Kathmandu");
    assert_eq!(end(&kathmandu, "2026-07-01T22:00:00Z").as_deref(), Some("2026-07-02T02:15:00Z"));
}

#[test]
fn quiet_hours_within_one_day_and_none_at_all() {
    let at_noon = hours("12:00", "14:30", "Europe/Berlin");
    assert_eq!(end(&at_noon, "2026-07-01T10:00:00Z").as_deref(), Some("2026-07-01T12:30:00Z"));
    assert_eq!((end(&at_noon, "2026-07-01T09:59:59Z"), end(&at_noon, "2026-07-01T12:30:00Z")), (None, None));
    for now in [NOON, NIGHT] {
        assert_eq!(end(&hours("07:00", "07:00", "Europe/Berlin"), now), None);
    }
}

#[test]
fn a_night_in_which_clocks_change_ends_by_the_new_clock() {
    let usual = Hours::default();
    // 2026-03-29, 02:00 becomes 03:00; 2026-10-25, 03:00 becomes 02:00.
    assert_eq!(end(&usual, "2026-03-28T20:00:00Z").as_deref(), Some("2026-03-29T06:00:00Z"));
    assert_eq!(end(&usual, "2026-10-24T19:00:00Z").as_deref(), Some("2026-10-25T07:00:00Z"));
}

#[test]
fn an_end_that_clocks_leave_out_comes_an_hour_later() {
    let short = hours("21:00", "02:30", "Europe/Berlin");
    // 02:30 does not exist: 03:30 in summer time.
    assert_eq!(end(&short, "2026-03-29T00:59:59Z").as_deref(), Some("2026-03-29T01:30:00Z"));
}

#[test]
fn an_end_that_comes_twice_is_the_next_one() {
    let short = hours("21:00", "02:30", "Europe/Berlin");
    let ends = |now| end(&short, now);
    assert_eq!(ends("2026-10-25T00:29:59Z").as_deref(), Some("2026-10-25T00:30:00Z"), "02:29 in summer time");
    assert_eq!(ends("2026-10-25T00:30:00Z"), None);
    assert_eq!(ends("2026-10-25T01:10:00Z").as_deref(), Some("2026-10-25T01:30:00Z"), "02:10 in winter time");
    assert_eq!(ends("2026-10-25T01:30:00Z"), None);
}

#[test]
fn a_beginning_that_clocks_leave_out_is_reached_all_the_same() {
    let late = hours("02:30", "06:00", "Europe/Berlin");
    assert_eq!(end(&late, "2026-03-29T00:59:59Z"), None);
    assert_eq!(end(&late, "2026-03-29T01:00:00Z").as_deref(), Some("2026-03-29T04:00:00Z"));
}

#[test]
fn only_what_the_database_of_time_zones_knows_is_one() {
    for name in ["Europe/Berlin", "America/Argentina/Buenos_Aires", "UTC"] {
        assert!(name.parse::<Zone>().is_ok(), "{name}");
    }
    for name in ["", "Berlin", "Europe/Mainz", "+02:00", "Europe/Berlin "] {
        assert_eq!(name.parse::<Zone>(), Err(UnknownZone), "{name}");
    }
}

#[test]
fn by_night_only_that_goes_which_cannot_wait() {
    let Held { until, why } = hold(Haste::ByDay, &never_written_to(), NIGHT).unwrap();
    assert!(at(MORNING_BEGINS) <= until && until < at(MORNING_BEGINS) + MORNING, "{until}");
    assert_eq!(why, Reason::QuietHours);
    assert_eq!(hold(Haste::AtOnce, &never_written_to(), NIGHT), None);
    for haste in [Haste::ByDay, Haste::AtOnce, Haste::Until(at(NOON))] {
        assert_eq!(hold(haste, &never_written_to(), NOON), None);
    }
}

#[test]
fn a_deadline_that_is_near_in_the_morning_does_not_wait_for_it() {
    let held = hold(Haste::ByDay, &never_written_to(), NIGHT).unwrap();
    let near = held.until + DEADLINE_NEAR;
    assert_eq!(hold(Haste::Until(near), &never_written_to(), NIGHT), Some(held));
    assert_eq!(hold(Haste::Until(near - SignedDuration::from_secs(1)), &never_written_to(), NIGHT), None);
}

#[test]
fn what_comes_a_moment_after_a_message_waits_for_the_rest_of_the_minute() {
    let lately = written_to(&["2026-07-01T10:00:00Z"]);
    assert_eq!(hold(Haste::ByDay, &lately, "2026-07-01T10:00:59Z"), burst("2026-07-01T10:01:00Z"));
    assert_eq!(hold(Haste::ByDay, &lately, "2026-07-01T10:01:00Z"), None);
}

#[test]
fn what_cannot_wait_waits_only_for_its_like() {
    let could_wait = written_to(&["2026-07-01T10:00:00Z"]);
    assert_eq!(hold(Haste::AtOnce, &could_wait, "2026-07-01T10:00:10Z"), None);
    let could_not = could_wait.write(false, at("2026-07-01T10:00:10Z"));
    assert_eq!(hold(Haste::AtOnce, &could_not, "2026-07-01T10:00:11Z"), burst("2026-07-01T10:01:10Z"));
    assert_eq!(hold(Haste::AtOnce, &could_not, "2026-07-01T10:01:10Z"), None);
    let by_night = never_written_to().write(false, at(NIGHT));
    assert_eq!(hold(Haste::AtOnce, &by_night, "2026-07-01T22:00:30Z"), burst("2026-07-01T22:01:00Z"));
}

#[test]
fn the_eleventh_message_of_an_hour_waits_for_its_end_unless_it_cannot() {
    let times: Vec<String> = (0..10).map(|nth| format!("2026-07-01T10:{:02}:00Z", nth * 5)).collect();
    let times: Vec<&str> = times.iter().map(String::as_str).collect();
    let now = "2026-07-01T10:50:00Z";
    let held = Held { until: at("2026-07-01T11:00:00Z"), why: Reason::TooMany };
    assert_eq!(hold(Haste::ByDay, &written_to(&times), now), Some(held));
    assert_eq!(hold(Haste::AtOnce, &written_to(&times), now), None);
    assert_eq!(hold(Haste::Until(at("2026-07-01T12:00:00Z")), &written_to(&times), now), None, "that is too soon");
    assert_eq!(hold(Haste::ByDay, &written_to(&times[1..]), now), None);
    assert_eq!(hold(Haste::ByDay, &written_to(&times), "2026-07-01T11:00:00Z"), None);
}

#[test]
fn no_more_is_kept_of_messages_than_counts() {
    let lately = (0..100).fold(never_written_to(), |it, nth| it.write(true, at(NOON) + SignedDuration::from_mins(nth)));
    assert_eq!((lately.lately.len(), lately.lately[9]), (MESSAGES_AN_HOUR, at("2026-07-01T11:39:00Z")));
}

#[test]
fn what_waits_goes_along_by_day_and_by_night_only_what_cannot_wait() {
    let (pacing, usual) = (Pacing::default(), Hours::default());
    let lately = written_to(&[NOON, "2026-07-01T21:59:59Z"]);
    let along = |haste, now| pacing.goes_along(haste, &lately, &usual, at(now));
    assert!(along(Haste::ByDay, NOON) && along(Haste::AtOnce, NIGHT));
    assert!(!along(Haste::ByDay, NIGHT) && !along(Haste::Until(at("2026-07-09T00:00:00Z")), NIGHT));
    assert!(along(Haste::Until(at(MORNING_BEGINS)), NIGHT));
    assert!(!along(Haste::Call, NOON), "calls are by themselves");
    assert!(!Pacing::NONE.goes_along(Haste::ByDay, &lately, &usual, at(NOON)));
}

#[test]
fn without_pacing_only_the_night_holds() {
    let lately = written_to(&[NOON; 30]).write(false, at(NOON));
    for haste in [Haste::ByDay, Haste::AtOnce] {
        assert_eq!(Pacing::NONE.hold(haste, &lately, &Hours::default(), at(NOON)), None);
    }
    assert!(Pacing::NONE.hold(Haste::ByDay, &lately, &Hours::default(), at(NIGHT)).is_some());
}

#[test]
fn who_may_be_on_the_way_is_told_at_any_hour_and_who_is_asked_something_by_day() {
    let (order, locker_name, compartment) = (|| id("o1"), || "Dom".to_owned(), number(7));
    let delayed = Message::PickupDelayed {
        order: order(),
        locker_name: locker_name(),
        compartment,
        cause: None,
        expected_by: None,
    };
    assert_eq!(delayed.haste(), Haste::AtOnce);
    let deadline = at(NOON);
    let ready = Message::ReadyForPickup { order: order(), locker_name: locker_name(), compartment, deadline };
    assert_eq!(ready.haste(), Haste::Until(deadline));
    assert_eq!(Message::FeedbackRequested { order: order() }.haste(), Haste::ByDay);
}

#[test]
fn people_are_written_to_at_the_same_minute_of_each_morning_and_not_all_in_one() {
    let minutes: std::collections::BTreeSet<i64> =
        (0..200).map(|nth| morning_of(&id(&format!("person-{nth}"))).as_mins()).collect();
    assert_eq!(minutes, (0..15).collect());
    assert_eq!(morning_of(&customer()), morning_of(&customer()));
}

use jiff::civil::{date, datetime};
use proptest::prelude::*;

use super::*;
use FederalState::*;

const STATES: [FederalState; 16] = [
    BadenWuerttemberg,
    Bayern,
    Berlin,
    Brandenburg,
    Bremen,
    Hamburg,
    Hessen,
    MecklenburgVorpommern,
    Niedersachsen,
    NordrheinWestfalen,
    RheinlandPfalz,
    Saarland,
    Sachsen,
    SachsenAnhalt,
    SchleswigHolstein,
    Thueringen,
];

fn region(state: FederalState, municipality: Option<Municipality>) -> Region {
    Region { state, municipality }
}

fn hours(from: u16, until: u16) -> Option<Hours> {
    Some(Hours { from_minute: from * 60, until_minute: until * 60 })
}

/// Monday to Friday from 8 to 18 in Mainz.
fn office() -> Calendar {
    let day = hours(8, 18);
    Calendar::new(region(RheinlandPfalz, None), [day, day, day, day, day, None, None]).unwrap()
}

/// Always, but for the holidays of Mainz.
fn always() -> Calendar {
    Calendar::new(region(RheinlandPfalz, None), [hours(0, 24); 7]).unwrap()
}

/// What clocks in Germany show, as `2026-11-21T08:00`.
fn clock(shown: &str) -> Timestamp {
    let shown: jiff::civil::DateTime = shown.parse().unwrap();
    GERMANY.to_timestamp(shown).unwrap()
}

fn h(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[test]
fn easter_falls_on_the_published_dates() {
    for (year, month, day) in [
        (1961, 4, 2),
        (2000, 4, 23),
        (2008, 3, 23),
        (2019, 4, 21),
        (2024, 3, 31),
        (2025, 4, 20),
        (2026, 4, 5),
        (2027, 3, 28),
        (2028, 4, 16),
        (2035, 3, 25),
        (2038, 4, 25),
    ] {
        assert_eq!(easter(year), date(year, month, day));
    }
}

/// How many holidays a state has in a year that is neither 2025 nor 2028, its own parts left out. Of the days of the
/// laws, not of working days lost.
#[test]
fn each_state_has_as_many_holidays_as_its_law_names() {
    let expected = [
        (BadenWuerttemberg, 12),
        (Bayern, 12),
        (Berlin, 10),
        (Brandenburg, 12),
        (Bremen, 10),
        (Hamburg, 10),
        (Hessen, 10),
        (MecklenburgVorpommern, 11),
        (Niedersachsen, 10),
        (NordrheinWestfalen, 11),
        (RheinlandPfalz, 11),
        (Saarland, 12),
        (Sachsen, 11),
        (SachsenAnhalt, 11),
        (SchleswigHolstein, 10),
        (Thueringen, 11),
    ];
    assert_eq!(expected.map(|(state, _)| state), STATES);
    for (state, count) in expected {
        for year in [2026, 2027, 2031] {
            let days = date(year, 1, 1).series(1.day()).take_while(|day| day.year() == year);
            let holidays = days.filter(|day| region(state, None).holiday(*day).is_some()).count();
            assert_eq!(holidays, count, "{state:?} in {year}");
        }
    }
}

#[test]
fn holidays_that_not_all_keep_are_kept_where_the_law_says() {
    let kept = |month, day| -> Vec<FederalState> {
        STATES.into_iter().filter(|state| region(*state, None).holiday(date(2026, month, day)).is_some()).collect()
    };
    assert_eq!(kept(1, 6), [BadenWuerttemberg, Bayern, SachsenAnhalt]);
    assert_eq!(kept(3, 8), [Berlin, MecklenburgVorpommern]);
    assert_eq!(kept(4, 5), [Brandenburg], "Easter Sunday");
    assert_eq!(
        kept(6, 4),
        [BadenWuerttemberg, Bayern, Hessen, NordrheinWestfalen, RheinlandPfalz, Saarland],
        "Corpus Christi"
    );
    assert_eq!(kept(8, 15), [Saarland]);
    assert_eq!(kept(9, 20), [Thueringen]);
    assert_eq!(kept(11, 1), [BadenWuerttemberg, Bayern, NordrheinWestfalen, RheinlandPfalz, Saarland]);
    assert_eq!(kept(11, 18), [Sachsen], "Repentance Day");
    assert_eq!(kept(10, 31).len(), 9);
    for (month, day) in [(1, 1), (4, 3), (4, 6), (5, 1), (5, 14), (5, 25), (10, 3), (12, 25), (12, 26)] {
        assert_eq!(kept(month, day), STATES, "{day}.{month}.");
    }
    for (month, day) in [(12, 24), (12, 31), (2, 16), (5, 8), (6, 17)] {
        assert_eq!(kept(month, day), [], "{day}.{month}.");
    }
}

#[test]
fn repentance_day_is_the_wednesday_before_23_november() {
    for (year, day) in [(2024, 20), (2025, 19), (2026, 18), (2027, 17), (2028, 22), (2033, 16)] {
        let holidays: Vec<i8> = (1..=30)
            .filter(|day| region(Sachsen, None).holiday(date(year, 11, *day)) == Some(Holiday::Repentance))
            .collect();
        assert_eq!(holidays, [day], "{year}");
    }
}

#[test]
fn parts_of_a_state_keep_what_is_theirs() {
    use Municipality::*;
    let kept = |state, municipality, month, day| region(state, municipality).holiday(date(2026, month, day)).is_some();
    assert_eq!([None, Some(Catholic), Some(Augsburg)].map(|it| kept(Bayern, it, 8, 15)), [false, true, true]);
    assert_eq!([None, Some(Catholic), Some(Augsburg)].map(|it| kept(Bayern, it, 8, 8)), [false, false, true]);
    for state in [Sachsen, Thueringen] {
        assert_eq!([None, Some(Catholic)].map(|it| kept(state, it, 6, 4)), [false, true]);
    }
    assert!(!kept(Hamburg, Some(Catholic), 6, 4));
}

#[test]
fn berlin_has_kept_and_will_keep_two_days_once() {
    let berlin = region(Berlin, None);
    assert_eq!(berlin.holiday(date(2025, 5, 8)), Some(Holiday::Liberation));
    assert_eq!(berlin.holiday(date(2028, 6, 17)), Some(Holiday::Uprising));
    assert_eq!(region(Brandenburg, None).holiday(date(2025, 5, 8)), None);
}

#[test]
fn of_two_holidays_on_one_day_one_is_kept() {
    // Ascension Day 2008 was on Labour Day.
    assert_eq!(region(Hessen, None).holiday(date(2008, 5, 1)), Some(Holiday::LabourDay));
    // Corpus Christi 2028 is two days before the day that Berlin keeps once.
    assert_eq!(region(Berlin, None).holiday(date(2028, 6, 15)), None);
}

#[test]
fn working_hours_are_counted_over_nights_weekends_and_holidays() {
    let calendar = office();
    for (from, working, due) in [
        ("2026-11-23T09:00", 2, "2026-11-23T11:00"),
        ("2026-11-23T17:00", 2, "2026-11-24T09:00"),
        ("2026-11-23T08:00", 10, "2026-11-23T18:00"),
        ("2026-11-27T17:00", 2, "2026-11-30T09:00"),
        ("2026-11-28T12:00", 1, "2026-11-30T09:00"),
        ("2026-11-23T05:00", 1, "2026-11-23T09:00"),
        ("2026-11-23T20:00", 1, "2026-11-24T09:00"),
        // Thursday before Good Friday, and on over Easter.
        ("2026-04-02T17:00", 2, "2026-04-07T09:00"),
        // Christmas on Friday and Saturday.
        ("2026-12-24T17:00", 2, "2026-12-28T09:00"),
        ("2026-12-31T17:00", 2, "2027-01-04T09:00"),
    ] {
        assert_eq!(calendar.due(clock(from), h(working)), clock(due), "{working} h from {from}");
        assert_eq!(calendar.working_between(clock(from), clock(due)), h(working), "{from}");
    }
    assert_eq!(calendar.due(clock("2026-11-28T12:00"), h(0)), clock("2026-11-28T12:00"));
    assert_eq!(calendar.working_between(clock("2026-11-24T12:00"), clock("2026-11-23T12:00")), h(0));
}

#[test]
fn summer_time_makes_a_day_an_hour_shorter_and_longer_for_those_who_work_through_it() {
    let day = |from: &str, until: &str| always().working_between(clock(from), clock(until));
    assert_eq!(day("2026-03-29T00:00", "2026-03-30T00:00"), h(23));
    assert_eq!(day("2026-10-25T00:00", "2026-10-26T00:00"), h(25));
    // An office keeps its ten hours by the clock.
    assert_eq!(office().due(clock("2026-03-27T17:00"), h(2)), clock("2026-03-30T09:00"));
    assert_eq!(office().due(clock("2026-10-23T17:00"), h(2)), clock("2026-10-26T09:00"));
}

#[test]
fn of_hours_that_begin_in_the_hour_that_is_skipped_nothing_may_be_left() {
    let night = |until_minute| Some(Hours { from_minute: 2 * 60 + 30, until_minute });
    let worked = |until_minute, sunday: &str, monday: &str| {
        let week = [hours(8, 18), None, None, None, None, None, night(until_minute)];
        Calendar::new(region(Hessen, None), week).unwrap().working_between(clock(sunday), clock(monday))
    };
    // At 2:00 clocks go to 3:00, so that 2:30 is 3:30.
    for (until_minute, usual, that_night) in [(3 * 60 + 15, 45, 0), (4 * 60, 90, 30)] {
        let minutes = SignedDuration::from_mins;
        assert_eq!(worked(until_minute, "2026-03-22T00:00", "2026-03-23T00:00"), minutes(usual));
        assert_eq!(worked(until_minute, "2026-03-29T00:00", "2026-03-30T00:00"), minutes(that_night));
    }
}

#[test]
fn weeks_that_cannot_be_counted_in_are_refused() {
    let make = |week| Calendar::new(region(Hessen, None), week);
    assert_eq!(make([None; 7]), Err(InvalidCalendar::TooFew));
    assert_eq!(make([hours(8, 15), None, None, None, None, None, None]), Err(InvalidCalendar::TooFew));
    assert!(make([hours(8, 16), None, None, None, None, None, None]).is_ok());
    for wrong in [(18, 8), (8, 8), (8, 25)] {
        assert_eq!(make([hours(wrong.0, wrong.1); 7]), Err(InvalidCalendar::Hours), "{wrong:?}");
    }
}

#[test]
fn a_calendar_is_read_from_its_setting() {
    let read = |text: &str| text.parse::<Calendar>();
    assert_eq!(read("rheinland_pfalz Mon-Fri 08:00-18:00"), Ok(office()));
    assert_eq!(read(" rheinland_pfalz Mon-Thu 08:00-18:00,Fri 08:00-18:00 "), Ok(office()));
    assert_eq!(read("rheinland_pfalz Mon-Sun 00:00-24:00"), Ok(always()));
    assert_eq!("bayern/augsburg".parse(), Ok(region(Bayern, Some(Municipality::Augsburg))));
    for (state, name) in STATES.into_iter().zip([
        "baden_wuerttemberg",
        "bayern",
        "berlin",
        "brandenburg",
        "bremen",
        "hamburg",
        "hessen",
        "mecklenburg_vorpommern",
        "niedersachsen",
        "nordrhein_westfalen",
        "rheinland_pfalz",
        "saarland",
        "sachsen",
        "sachsen_anhalt",
        "schleswig_holstein",
        "thueringen",
    ]) {
        assert_eq!(name.parse(), Ok(region(state, None)));
    }
    for (text, problem) in [
        ("", InvalidCalendar::Week),
        ("hessen", InvalidCalendar::Week),
        ("hessen Mon-Fri", InvalidCalendar::Week),
        ("hessen Fri-Mon 08:00-18:00", InvalidCalendar::Week),
        ("hessen Mon-Fri 08:00-18:00, Fri 08:00-12:00", InvalidCalendar::Week),
        ("hessen Mon-Fri 8-18", InvalidCalendar::Week),
        ("hessen Mon-Fri 08:00-18:00,", InvalidCalendar::Week),
        ("hessen Mon-Fri 08:00-25:00", InvalidCalendar::Hours),
        ("hessen Mon-Fri 08:60-18:00", InvalidCalendar::Hours),
        ("hessen Mon-Fri 18:00-08:00", InvalidCalendar::Hours),
        ("hessen Mon 08:00-15:00", InvalidCalendar::TooFew),
        ("texas Mon-Fri 08:00-18:00", InvalidCalendar::Region),
        ("bayern/muenchen Mon-Fri 08:00-18:00", InvalidCalendar::Region),
    ] {
        assert_eq!(read(text), Err(problem), "{text}");
    }
}

#[test]
fn what_can_never_be_is_due_at_the_end_of_what_is_counted() {
    let far = office().due(clock("2026-11-23T09:00"), h(1_000_000));
    assert!(far > clock("2036-01-01T00:00") && far < clock("2037-01-01T00:00"), "{far}");
    assert!(office().due(Timestamp::MAX, h(1)) <= Timestamp::MAX);
    assert!(office().working_between(Timestamp::MIN, Timestamp::MAX) > h(0));
}

#[test]
fn a_pause_moves_what_is_due_and_leaves_what_was_due() {
    let calendar = office();
    let (paused, resumed) = (clock("2026-11-27T16:00"), clock("2026-11-30T10:00"));
    let due = |shown: &str| calendar.after_pause(clock(shown), paused, resumed);
    assert_eq!(due("2026-11-27T17:00"), clock("2026-11-30T11:00"));
    assert_eq!(due("2026-11-27T15:00"), clock("2026-11-27T15:00"));
    // All of a weekend is nothing.
    let weekend = calendar.after_pause(clock("2026-12-01T09:00"), clock("2026-11-28T01:00"), clock("2026-11-29T23:00"));
    assert_eq!(weekend, clock("2026-12-01T09:00"));
}

/// Any moment of the years 2024 to 2034, to the second.
fn moments() -> impl Strategy<Value = Timestamp> {
    let from = datetime(2024, 1, 1, 0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp().as_second();
    (from..from + 10 * 366 * 86_400).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// Up to five weeks of work, to the second.
fn lengths() -> impl Strategy<Value = SignedDuration> {
    (0_i64..200 * 3_600).prop_map(SignedDuration::from_secs)
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let day = prop_oneof![
        1 => Just(None),
        3 => (0_u16..1_440, 1_u16..=1_440).prop_filter_map("hours end after they begin", |(from, until)| {
            (from < until).then_some(Some(Hours { from_minute: from, until_minute: until }))
        }),
    ];
    let municipality = prop_oneof![Just(None), Just(Some(Municipality::Catholic)), Just(Some(Municipality::Augsburg))];
    (0_usize..16, municipality, proptest::array::uniform7(day))
        .prop_filter_map("enough hours", |(state, part, week)| Calendar::new(region(STATES[state], part), week).ok())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_due_has_been_worked_for_exactly(calendar in calendars(), from in moments(), working in lengths()) {
        let due = calendar.due(from, working);
        prop_assert!(due >= from);
        prop_assert_eq!(calendar.working_between(from, due), working);
        // And not a second earlier.
        let second = SignedDuration::from_secs(1);
        if working > second {
            prop_assert!(calendar.working_between(from, due - second) < working);
        }
    }

    #[test]
    fn who_begins_later_or_works_longer_is_never_done_earlier(
        calendar in calendars(), from in moments(), wait in 0_i64..30 * 86_400, working in lengths(), more in lengths(),
    ) {
        let later = from + SignedDuration::from_secs(wait);
        prop_assert!(calendar.due(later, working) >= calendar.due(from, working));
        prop_assert!(calendar.due(from, working + more) >= calendar.due(from, working));
    }

    #[test]
    fn working_twice_is_working_for_both(
        calendar in calendars(), from in moments(), first in lengths(), second in lengths(),
    ) {
        prop_assert_eq!(calendar.due(calendar.due(from, first), second), calendar.due(from, first + second));
    }

    #[test]
    fn time_worked_adds_up(calendar in calendars(), mut at in proptest::array::uniform3(moments())) {
        at.sort();
        let [a, b, c] = at;
        let parts = calendar.working_between(a, b) + calendar.working_between(b, c);
        prop_assert_eq!(parts, calendar.working_between(a, c));
        prop_assert!(parts <= c.duration_since(a));
    }

    #[test]
    fn a_pause_moves_what_is_due_by_exactly_the_time_people_would_have_worked(
        calendar in calendars(), from in moments(), working in lengths(), wait in 0_i64..20 * 86_400,
        length in 0_i64..20 * 86_400,
    ) {
        let paused = from + SignedDuration::from_secs(wait);
        let resumed = paused + SignedDuration::from_secs(length);
        let due = calendar.due(from, working);
        let moved = calendar.after_pause(due, paused, resumed);
        if due < paused {
            prop_assert_eq!(moved, due);
        } else {
            prop_assert_eq!(calendar.working_between(due, moved), calendar.working_between(paused, resumed));
            // What is left to do when it goes on is what was left when it stopped.
            prop_assert_eq!(calendar.working_between(resumed, moved), calendar.working_between(paused, due));
        }
    }
}

use super::*;
use crate::door::Openings;
use crate::fault::OpenFaults;
use crate::testing::*;

const HOUR: i64 = 3_600;

fn door(of: u16, deposits: u32, first: u32, not: u32) -> Door {
    let openings = Openings { deposits, at_first_try: first, not_at_first_try: not, ..Openings::default() };
    Door { openings, ..Door::new(locker_id(), number(of)) }
}

fn new() -> Usage {
    Usage::new(locker_id(), at(0))
}

#[test]
fn a_locker_is_looked_at_each_hour_at_a_minute_of_its_own_and_never_twice_for_one() {
    let mut usage = new();
    let first = usage.look_at.unwrap();
    let minute = first.as_second().rem_euclid(HOUR);
    assert!(first > at(0) && first <= at(2 * HOUR) && minute % 60 == 0);
    usage.look(&[], first);
    assert_eq!(usage.look_at, Some(first + LOOKED_AT_EVERY));
    let late = first + SignedDuration::from_mins(5 * 60 + 30);
    usage.look(&[], late);
    assert_eq!(usage.look_at, Some(first + LOOKED_AT_EVERY * 6), "what was missed is one look");
    let another = Usage::new(id("mz-02"), at(0)).look_at.unwrap();
    assert_ne!(another.as_second().rem_euclid(HOUR), minute);
}

#[test]
fn a_look_takes_what_doors_did_since_the_one_before() {
    let mut usage = new();
    assert_eq!(usage.look(&[door(1, 5, 4, 1), door(2, 0, 0, 0)], at(HOUR)), 5);
    assert_eq!(usage.look(&[door(1, 5, 4, 1), door(2, 0, 0, 0)], at(2 * HOUR)), 0);
    assert_eq!(usage.look(&[door(1, 6, 5, 1), door(2, 3, 1, 2)], at(3 * HOUR)), 4);
    let day = |of, at_first_try, not_at_first_try| DoorDay { number: number(of), at_first_try, not_at_first_try };
    assert_eq!(usage.doors, [day(1, 5, 1), day(2, 1, 2)]);
}

/// A source of chance for tests: the same each time they run (Numerical Recipes' constants).
struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Of mean 1 and variance 1/shape, for a whole shape: a sum of exponentials.
    fn gamma(&mut self, shape: u32) -> f64 {
        let product: f64 = (0..shape).map(|_| self.uniform()).product();
        -product.ln() / f64::from(shape)
    }

    fn poisson(&mut self, mean: f64) -> u32 {
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0);
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }
}

/// How many parcels an hour a locker of the middle size sees in the mean: none at night, most after work, fewer on Sunday.
fn mean_of(hour: i64, busiest: f64) -> f64 {
    let (of_day, weekday) = (hour.rem_euclid(24), hour.rem_euclid(168) / 24);
    let share = match of_day {
        0..=5 => 0.0,
        6..=8 => 0.4,
        9..=15 => 0.6,
        16..=19 => 1.0,
        _ => 0.3,
    };
    busiest * share * if weekday == 3 { 0.4 } else { 1.0 }
}

/// Plays so many weeks of a locker whose counts spread as is assumed, from `quiet_from` hours on without anybody. Returns
/// the hours at which it was reported.
fn play(dice: &mut Dice, weeks: i64, busiest: f64, quiet_from: i64) -> Vec<i64> {
    let (mut usage, locker) = (new(), locker());
    let hours = 0..weeks * 168;
    let reported = hours.filter(|hour| {
        let mean = mean_of(*hour, busiest) * dice.gamma(10);
        let parcels = if *hour >= quiet_from { 0 } else { dice.poisson(mean) };
        let now = at(hour * HOUR);
        usage.judge(&locker, parcels, now - LOOKED_AT_EVERY, now).is_some()
    });
    reported.collect()
}

#[test]
fn of_the_hours_of_healthy_lockers_no_more_end_in_a_false_suspicion_than_is_said() {
    let mut dice = Dice(42);
    let (mut alarms, mut hours) = (0, 0);
    for nth in 0..150 {
        let busiest = [2.0, 8.0, 20.0, 40.0, 80.0][nth % 5];
        alarms += play(&mut dice, 60, busiest, i64::MAX).len();
        hours += 52 * 168;
    }
    let allowed = hours as f64 / FALSE_ALARM_ODDS;
    assert!(alarms as f64 <= allowed, "{alarms} false suspicions in {hours} hours; {allowed} are said");
}

#[test]
fn a_busy_locker_to_which_nobody_comes_any_more_is_suspected_within_hours_and_once() {
    let mut dice = Dice(7);
    // From nine in the morning of a day in the tenth week.
    let quiet_from = 9 * 168 + 24 + 9;
    for (busiest, hours_max) in [(40.0, 2), (20.0, 3), (8.0, 8)] {
        let reported = play(&mut dice, 12, busiest, quiet_from);
        assert_eq!(reported.len(), 1, "{busiest}: {reported:?}");
        let after = reported[0] - quiet_from + 1;
        assert!((1..=hours_max).contains(&after), "{busiest} an hour: after {after} hours");
    }
}

#[test]
fn nights_lockers_of_a_few_weeks_and_closed_ones_are_never_suspected() {
    let mut dice = Dice(7);
    assert_eq!(play(&mut dice, 5, 80.0, 4 * 168), Vec::<i64>::new(), "nobody knows yet what is usual");
    assert_eq!(play(&mut dice, 30, 0.05, 20 * 168), Vec::<i64>::new(), "it is never busy");
    let busy = Usage { week: vec![vec![60; WEEKS_MAX]; HOURS], ..new() };
    let judged = |locker: &Locker, from: i64| busy.clone().judge(locker, 0, at(from), at(HOUR)).is_some();
    assert!(judged(&locker(), 0));
    assert!(!judged(&locker(), 3_000) && !judged(&locker(), -5 * HOUR), "only a whole hour is an hour");
    let jammed = Locker { faults: OpenFaults::from([(FaultCode::PowerLoss, open_fault(at(0)))]), ..locker() };
    assert!(!judged(&jammed, 0), "nobody can come");
    let repaired = Locker { reopened_at: Some(at(-HOUR)), ..locker() };
    assert!(!judged(&repaired, 0), "on probation, one sign would be a fault");
}

#[test]
fn what_is_reported_is_a_silence_of_the_whole_locker() {
    let mut usage = Usage { week: vec![vec![60; WEEKS_MAX]; HOURS], ..new() };
    let report = usage.judge(&locker(), 0, at(0), at(HOUR)).unwrap();
    assert_eq!((&report.signal, report.received_at), (&Signal::Silence, at(HOUR)));
    assert_eq!((report.faults[0].unit, report.faults[0].code), (Unit::Locker, FaultCode::ReaderFault));
    assert_eq!(usage.judge(&locker(), 0, at(HOUR), at(2 * HOUR)), None, "once for each silence");
    assert_eq!(usage.judge(&locker(), 1, at(2 * HOUR), at(3 * HOUR)), None);
    assert!(usage.judge(&locker(), 0, at(3 * HOUR), at(4 * HOUR)).is_some(), "another one");
}

//! A thousand drivers, of whom some are bad and some have hard routes: how often the figures wrong a good one, and how
//! often they miss a bad one. This is what the thresholds of `StandingPolicy` were chosen by.
//!
//! Assumed, since nothing is published: three complaints in a thousand deliveries are a driver's doing; a bad driver causes
//! three to six times as many as others do on the same routes, one in ten drivers is bad; routes differ by a factor of
//! four; a driver makes 20 to 6,000 deliveries in 90 days, as many drivers make few as make many.

use domain::delivery::{Delivery, Standing};
use domain::standing::{DriverStanding, Level, LockerClass, Route, RouteRates, StandingPolicy, assess};
use domain::{SignedDuration, Timestamp};

const DRIVERS: usize = 1_000;

/// Complaints that are the driver's doing, of all deliveries of a usual driver on a usual route.
const USUAL_SHARE: f64 = 0.003;

/// SplitMix64: the same thousand drivers every time.
struct Chance(u64);

impl Chance {
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.share()
    }
}

/// Kinds of routes, with how many times the usual complaints there are.
fn routes() -> Vec<(Route, f64)> {
    let regions = [("plain", 0.7), ("hills", 1.0), ("old-town", 1.8)];
    let lockers = [(LockerClass::Small, 0.8), (LockerClass::Middling, 1.0), (LockerClass::Large, 1.25)];
    let route = |(region, harder): (&str, f64), (locker, more): (LockerClass, f64)| {
        (Route { region: region.parse().unwrap(), locker }, harder * more)
    };
    regions.into_iter().flat_map(|region| lockers.into_iter().map(move |locker| route(region, locker))).collect()
}

struct Driver {
    /// How many times the complaints of others on the same routes.
    times: f64,
    /// Which region most of the deliveries are in.
    home: usize,
    /// Each with its kind of route.
    deliveries: Vec<(Delivery, usize)>,
}

impl Driver {
    fn is_bad(&self) -> bool {
        self.times >= 3.0
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

fn drivers(seed: u64, routes: &[(Route, f64)]) -> Vec<Driver> {
    let mut chance = Chance(seed);
    let blank = Delivery {
        order: "o-1".parse().unwrap(),
        driver: "driver-1".parse().unwrap(),
        delivered_at: now(),
        promised_at: None,
        standing: Standing::Counted,
        charged_case: None,
    };
    let driver = |nth: usize| {
        let times = if nth.is_multiple_of(10) { chance.between(3.0, 6.0) } else { chance.between(0.7, 1.3) };
        let count = (20.0_f64 * 300.0_f64.powf(chance.share())) as usize;
        let home = (chance.share() * 3.0) as usize;
        let delivery = |_| {
            let region = if chance.share() < 0.8 { home } else { (chance.share() * 3.0) as usize };
            let route = region * 3 + (chance.share() * 3.0) as usize;
            let charged = chance.share() < USUAL_SHARE * routes[route].1 * times;
            let ago = SignedDuration::from_secs(chance.between(0.0, 90.0 * 86_400.0) as i64);
            let charged_case = charged.then(|| "C-1".parse().unwrap());
            (Delivery { delivered_at: now() - ago, charged_case, ..blank.clone() }, route)
        };
        Driver { times, home, deliveries: (0..count).map(delivery).collect() }
    };
    (0..DRIVERS).map(driver).collect()
}

/// Of some drivers, how many are recommended for a measure.
#[derive(Default, Clone, Copy)]
struct Tally {
    drivers: u32,
    recommended: u32,
}

impl Tally {
    fn add(&mut self, recommended: bool) {
        self.drivers += 1;
        self.recommended += u32::from(recommended);
    }

    fn share(self) -> f64 {
        f64::from(self.recommended) / f64::from(self.drivers.max(1))
    }
}

/// Deliveries in 90 days, up to so many.
const BANDS: [usize; 4] = [300, 1_000, 3_000, 6_000];

#[derive(Default)]
struct Outcome {
    good: [Tally; BANDS.len()],
    bad: [Tally; BANDS.len()],
    /// Good ones with a home where complaints are most common.
    good_on_hard_routes: Tally,
    /// Good ones who are said to be fantastic or great.
    well_spoken_of: Tally,
    /// Bad ones who are said to be fantastic.
    praised: Tally,
}

fn all(tallies: &[Tally]) -> Tally {
    tallies.iter().fold(Tally::default(), |sum, it| Tally {
        drivers: sum.drivers + it.drivers,
        recommended: sum.recommended + it.recommended,
    })
}

/// A driver with what the figures say.
struct Judged {
    bad: bool,
    home: usize,
    deliveries: usize,
    standing: DriverStanding,
}

/// Judges all drivers of a network. With `alike`, as if all routes were of one kind: to see what comparing by routes is
/// for.
fn judge(drivers: &[Driver], routes: &[(Route, f64)], policy: &StandingPolicy, alike: bool) -> Vec<Judged> {
    let route_of = |nth: usize| &routes[if alike { 0 } else { nth }].0;
    let mut rates = RouteRates::default();
    for (delivery, nth) in drivers.iter().flat_map(|it| &it.deliveries) {
        rates.add(delivery, route_of(*nth));
    }
    let judged = |driver: &Driver| {
        let deliveries = driver.deliveries.iter().map(|(delivery, nth)| (delivery, route_of(*nth)));
        let standing = assess(deliveries, &rates, policy, now());
        Judged { bad: driver.is_bad(), home: driver.home, deliveries: driver.deliveries.len(), standing }
    };
    drivers.iter().map(judged).collect()
}

/// Who is recommended for a measure by the policy they were judged by.
fn by_level(it: &Judged) -> bool {
    it.standing.level == Some(Level::AtRisk)
}

/// Who would be by other thresholds.
fn by(at_risk_above: f64, complaints_min: u32) -> impl Fn(&Judged) -> bool {
    move |it| {
        let DriverStanding { level, complaints, comparison, .. } = &it.standing;
        level.is_some() && *complaints >= complaints_min && comparison.is_some_and(|it| it.low > at_risk_above)
    }
}

fn outcome(judged: &[Judged], recommended: impl Fn(&Judged) -> bool) -> Outcome {
    let mut outcome = Outcome::default();
    for driver in judged {
        let (recommended, level) = (recommended(driver), driver.standing.level);
        let band = BANDS.iter().position(|most| driver.deliveries <= *most).unwrap();
        if driver.bad {
            outcome.bad[band].add(recommended);
            outcome.praised.add(level == Some(Level::Fantastic));
        } else {
            outcome.good[band].add(recommended);
            outcome.well_spoken_of.add(matches!(level, Some(Level::Fantastic | Level::Great)));
            if driver.home == 2 {
                outcome.good_on_hard_routes.add(recommended);
            }
        }
    }
    outcome
}

fn row(name: &str, outcome: &Outcome) {
    let percent = |tally: Tally| format!("{:.1} %", 100.0 * tally.share());
    let missed = |tally: Tally| format!("{:.0} %", 100.0 * (1.0 - tally.share()));
    let by_band: Vec<String> = outcome.bad.iter().map(|it| missed(*it)).collect();
    println!(
        "{name:<34}{:>10}{:>12}{:>10}   {:>6}{:>7}{:>7}{:>7}",
        percent(all(&outcome.good)),
        percent(outcome.good_on_hard_routes),
        missed(all(&outcome.bad)),
        by_band[0],
        by_band[1],
        by_band[2],
        by_band[3],
    );
}

#[test]
fn good_drivers_are_not_wronged_and_bad_ones_are_found_once_there_is_enough_to_judge_by() {
    let routes = routes();
    // Three networks, since a hundred bad drivers are few to see how many are missed.
    let networks: Vec<Vec<Driver>> = (1..=3).map(|seed| drivers(seed, &routes)).collect();
    let judged = |policy: &StandingPolicy, alike: bool| -> Vec<Judged> {
        networks.iter().flat_map(|drivers| judge(drivers, &routes, policy, alike)).collect()
    };
    let policy = StandingPolicy::default();
    println!(
        "{:<34}{:>10}{:>12}{:>10}   bad ones missed, by deliveries up to\n{:<34}{:>10}{:>12}{:>10}   {:>6}{:>7}{:>7}{:>7}",
        "",
        "good",
        "good ones",
        "bad ones",
        "",
        "wronged",
        "hard routes",
        "missed",
        BANDS[0],
        BANDS[1],
        BANDS[2],
        BANDS[3],
    );
    let own = judged(&policy, false);
    for at_risk_above in [1.0, 1.15, 1.3, 1.5, 2.0] {
        let outcome = outcome(&own, by(at_risk_above, policy.complaints_min));
        row(&format!("at risk above {at_risk_above}"), &outcome);
    }
    row("chosen, but one complaint will do", &outcome(&own, by(policy.at_risk_above, 1)));
    row("chosen, but 99.5 % sure", &outcome(&judged(&StandingPolicy { z: 2.58, ..policy }, false), by_level));
    let alike = outcome(&judged(&policy, true), by_level);
    row("chosen, but all routes alike", &alike);
    let outcome = outcome(&own, by_level);
    row("chosen", &outcome);
    println!(
        "good ones fantastic or great {:.1} %, bad ones fantastic {:.1} %",
        100.0 * outcome.well_spoken_of.share(),
        100.0 * outcome.praised.share()
    );
    let (good, bad) = (all(&outcome.good), outcome.bad);
    assert!(good.share() <= 0.01, "of good drivers, {:.3} are recommended for a measure", good.share());
    assert!(outcome.good_on_hard_routes.share() <= 0.01, "{:.3} on hard routes", outcome.good_on_hard_routes.share());
    assert!(bad[2].share() >= 0.85, "of bad drivers with 1,000 to 3,000 deliveries, {:.2} are found", bad[2].share());
    assert!(bad[3].share() >= 0.95, "of those with more, {:.2}", bad[3].share());
    assert!(outcome.praised.share() <= 0.005 && outcome.well_spoken_of.share() >= 0.95);
    // What comparing by routes is for: without it, those on hard routes are wronged more often.
    assert!(alike.good_on_hard_routes.share() >= 2.0 * outcome.good_on_hard_routes.share().max(0.005));
}

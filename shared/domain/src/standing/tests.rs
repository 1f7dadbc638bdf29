use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::fault::FaultCode;
use crate::testing::*;

const DAY: i64 = 86_400;

fn now() -> Timestamp {
    at(100 * DAY)
}

fn route(region: &str) -> Route {
    Route { region: id(region), locker: LockerClass::Middling }
}

/// A delivery of so many days ago.
fn delivered(days_ago: i64, charged: bool) -> Delivery {
    let charged_case = charged.then(|| id("C-1"));
    Delivery { delivered_at: at((100 - days_ago) * DAY), charged_case, ..delivery() }
}

fn excluded(days_ago: i64) -> Delivery {
    let standing = Standing::Excluded { incident: incident(unit(7), FaultCode::LockJammed, 30, Some(50)) };
    Delivery { standing, ..delivered(days_ago, true) }
}

/// So many deliveries of one day, the first of them with complaints.
fn some(days_ago: i64, complaints: usize, deliveries: usize) -> Vec<Delivery> {
    (0..deliveries).map(|nth| delivered(days_ago, nth < complaints)).collect()
}

/// A network of two regions where one complaint in a hundred deliveries is a driver's doing, and three in the hills.
fn rates() -> RouteRates {
    static RATES: LazyLock<RouteRates> = LazyLock::new(|| {
        let mut rates = RouteRates::default();
        for nth in 0..100_000 {
            rates.add(&delivered(1, nth % 100 < 1), &route("plain"));
            rates.add(&delivered(1, nth % 100 < 3), &route("hills"));
        }
        rates
    });
    RATES.clone()
}

fn stands(deliveries: &[Delivery], region: &str) -> DriverStanding {
    let route = route(region);
    assess(deliveries.iter().map(|it| (it, &route)), &rates(), &StandingPolicy::default(), now())
}

fn ratio(deliveries: &[Delivery], region: &str) -> f64 {
    stands(deliveries, region).comparison.unwrap().ratio
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.02 * b.abs().max(0.01)
}

#[test]
fn wilsons_interval_is_that_of_the_tables() {
    // Brown, Cai and DasGupta; R: binom::binom.confint(methods = "wilson").
    for (successes, n, low, high) in
        [(0.0, 10.0, 0.0, 0.277_5), (1.0, 20.0, 0.008_9, 0.236_1), (15.0, 148.0, 0.062_4, 0.160_5)]
    {
        let (l, u) = wilson(successes / n, n, 1.96);
        assert!((l - low).abs() < 1e-4 && (u - high).abs() < 1e-4, "{successes} of {n}: {l} {u}");
    }
}

#[test]
fn who_does_as_is_expected_is_great_and_who_does_surely_better_is_fantastic() {
    let as_expected = stands(&some(1, 20, 2_000), "plain");
    assert_eq!((as_expected.level, as_expected.deliveries, as_expected.complaints), (Some(Level::Great), 2_000, 20));
    assert!(near(as_expected.comparison.unwrap().ratio, 1.0), "{as_expected:?}");
    assert_eq!(stands(&some(1, 3, 2_000), "plain").level, Some(Level::Fantastic));
    assert_eq!(stands(&some(1, 0, 100), "plain").level, Some(Level::Great), "too few to be sure");
}

#[test]
fn who_does_surely_worse_is_fair_and_by_far_at_risk() {
    assert_eq!(stands(&some(1, 32, 2_000), "plain").level, Some(Level::Fair));
    assert_eq!(stands(&some(1, 50, 2_000), "plain").level, Some(Level::AtRisk));
}

#[test]
fn harder_routes_are_no_reproach() {
    let deliveries = some(1, 60, 2_000);
    assert_eq!(stands(&deliveries, "plain").level, Some(Level::AtRisk));
    assert_eq!(stands(&deliveries, "hills").level, Some(Level::Great));
    assert!(near(ratio(&deliveries, "hills"), 1.0));
}

#[test]
fn a_region_of_which_little_is_known_is_like_all_others() {
    assert!(near(rates().expected(&route("nowhere"), 1_000.0), 0.02));
    let mut rates = rates();
    rates.add(&delivered(1, true), &route("new"));
    assert!(rates.expected(&route("new"), 1_000.0) < 0.022);
}

#[test]
fn with_less_than_20_deliveries_nothing_is_said() {
    assert_eq!(stands(&some(1, 19, 19), "plain").level, None);
    assert_eq!(stands(&some(1, 20, 20), "plain").level, Some(Level::AtRisk));
    let nothing = DriverStanding { level: None, deliveries: 0, complaints: 0, comparison: None, excluded: vec![] };
    assert_eq!(stands(&[], "plain"), nothing);
}

#[test]
fn one_or_two_complaints_are_nobodys_downfall() {
    let two = stands(&some(1, 2, 20), "plain");
    assert!(two.comparison.unwrap().low > StandingPolicy::default().at_risk_above, "by the figures alone: {two:?}");
    assert_eq!(two.level, Some(Level::Great));
}

#[test]
fn what_is_90_days_old_is_forgotten_to_the_second() {
    let old = Delivery { delivered_at: now() - hours(90 * 24), ..delivered(0, true) };
    let kept = Delivery { delivered_at: old.delivered_at + SignedDuration::from_secs(1), ..old.clone() };
    assert_eq!(stands(&[old], "plain").deliveries, 0);
    let kept = stands(&[kept], "plain");
    assert_eq!((kept.deliveries, kept.complaints), (1, 1));
}

#[test]
fn an_old_complaint_weighs_less_than_a_new_one() {
    let with_complaint = |days_ago| [vec![delivered(days_ago, true)], some(20, 0, 500)].concat();
    let ratios: Vec<f64> = [0, 10, 45, 80].map(|days_ago| ratio(&with_complaint(days_ago), "plain")).to_vec();
    assert!(ratios.is_sorted_by(|a, b| a > b), "{ratios:?}");
    assert!(near(ratios[0] / ratios[2], 2.0), "half after 45 days: {ratios:?}");
}

#[test]
fn excluded_deliveries_are_listed_with_their_reason_and_change_nothing_else() {
    let own = some(1, 30, 2_000);
    let all = [own.clone(), vec![excluded(2), excluded(5), excluded(95)]].concat();
    let (without, with) = (stands(&own, "plain"), stands(&all, "plain"));
    let listed = |days_ago| {
        let Delivery { order, delivered_at, .. } = excluded(days_ago);
        Exclusion { order, delivered_at, alibi: incident(unit(7), FaultCode::LockJammed, 30, Some(50)) }
    };
    assert_eq!(with.excluded, [listed(5), listed(2)], "oldest first, and of the window");
    assert_eq!(with, DriverStanding { excluded: with.excluded.clone(), ..without });
    let mut rates = rates();
    let before = rates.clone();
    rates.add(&excluded(1), &route("plain"));
    assert_eq!(rates, before);
}

#[test]
fn where_nobody_ever_complained_one_complaint_is_no_division_by_nothing() {
    let deliveries = some(1, 3, 30);
    let route = route("plain");
    let rates = RouteRates::default();
    let standing =
        assess(deliveries.iter().map(|it| (it, &route)), &rates, &StandingPolicy::default(), now()).comparison.unwrap();
    assert!([standing.low, standing.ratio, standing.high].iter().all(|it| it.is_finite()), "{standing:?}");
}

#[test]
fn a_delivery_of_the_future_weighs_as_one_of_now() {
    assert_eq!(ratio(&some(-5, 1, 100), "plain"), ratio(&some(0, 1, 100), "plain"));
}

#[test]
fn a_locker_is_in_one_class() {
    let classes = [0, 40, 41, 120, 121].map(LockerClass::of);
    assert_eq!(
        classes,
        [LockerClass::Small, LockerClass::Small, LockerClass::Middling, LockerClass::Middling, LockerClass::Large]
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn another_complaint_never_makes_a_driver_better_and_another_good_delivery_never_worse(
        history in proptest::collection::vec((0_i64..90, prop::bool::weighted(0.05)), 20..200),
        days_ago in 0_i64..90,
    ) {
        let before: Vec<Delivery> = history.iter().map(|(days, charged)| delivered(*days, *charged)).collect();
        let with = |charged| [before.clone(), vec![delivered(days_ago, charged)]].concat();
        let figures = |deliveries: &[Delivery]| stands(deliveries, "plain").comparison.unwrap();
        let (own, worse, better) = (figures(&before), figures(&with(true)), figures(&with(false)));
        prop_assert!(worse.ratio >= own.ratio - 1e-9 && better.ratio <= own.ratio + 1e-9);
        prop_assert!(own.low <= own.ratio + 1e-9 && own.ratio <= own.high + 1e-9);
        prop_assert!(own.effective_deliveries <= history.len() as f64 + 1e-6);
    }
}

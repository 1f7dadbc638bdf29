//! How a driver stands: how often people decided that a complaint was this driver's doing, beside what is to be expected
//! on the same routes.
//!
//! Of the deliveries that count, within a rolling window, newer ones weigh more:
//!
//! ```text
//! w(i)   = 2 ^ (- age(i) / half-life)                         weight of a delivery
//! p      = sum w(i) charged(i) / sum w(i)                     how often it was the driver's doing
//! n      = (sum w(i))^2 / sum w(i)^2                          so many deliveries of equal weight say as much
//! [l, u] = (p + z²/2n -+ z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)
//! e      = sum w(i) r(route(i)) / sum w(i)                    what is expected on these routes
//! low = l / e     ratio = p / e     high = u / e
//! ```
//!
//! `[l, u]` is Wilson's interval (E. B. Wilson, "Probable inference", JASA 22, 1927; recommended for small shares by Brown,
//! Cai and DasGupta, "Interval estimation for a binomial proportion", Statistical Science 16, 2001), with Kish's effective
//! sample size for the weights (L. Kish, "Survey Sampling", 1965). `e` is indirect standardisation (Breslow and Day,
//! "Statistical Methods in Cancer Research II", 1987): `r(route)` is the share over all drivers on routes of that kind,
//! drawn towards the share everywhere where few deliveries were made there:
//! `r = (charged + prior p0) / (deliveries + prior)`.
//!
//! Whoever drives where complaints are common is so compared with others who drive there. A level is only a
//! recommendation: people decide. `low` and not `ratio` decides against a driver, so that doubt counts for the driver; and
//! never less than three complaints do, since Wilson's lower bound is too high where less than a few were to be expected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::delivery::{Delivery, Standing};
use crate::id::{OrderId, RegionId};
use crate::order::Incident;
use crate::{SignedDuration, Timestamp};

/// How many compartments a locker has, roughly: crowded ones make other trouble than small ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockerClass {
    /// Up to 40.
    Small,
    /// Up to 120: the mean of a large network is about 124.
    Middling,
    Large,
}

impl LockerClass {
    /// The class of a locker of so many compartments.
    pub fn of(compartments: usize) -> Self {
        match compartments {
            0..=40 => Self::Small,
            41..=120 => Self::Middling,
            _ => Self::Large,
        }
    }
}

/// What kind of route a delivery was on. Drivers are compared with others on the same kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Route {
    pub region: RegionId,
    pub locker: LockerClass,
}

/// By what a driver is judged. One place, so that other thresholds can be tried on what has been.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingPolicy {
    /// What is older does not count.
    pub window_days: u16,
    /// With less, nothing is said.
    pub deliveries_min: u32,
    /// After how many days a delivery weighs half.
    pub half_life_days: u16,
    /// How sure one has to be, in standard deviations: 1.96 is 97.5 % on either side.
    pub z: f64,
    /// Like how many deliveries the share everywhere weighs in that of one kind of route.
    pub prior_deliveries: f64,
    /// With less complaints, nobody is `fair` or `at_risk`.
    pub complaints_min: u32,
    /// `fantastic` where `high` is below this.
    pub fantastic_below: f64,
    /// `fair` where `low` is above this.
    pub fair_above: f64,
    /// `at_risk` where `low` is above this.
    pub at_risk_above: f64,
}

/// Chosen by the simulation in `tests/it/standing.rs`, which prints what other thresholds would do.
impl Default for StandingPolicy {
    fn default() -> Self {
        Self {
            window_days: 90,
            deliveries_min: 20,
            half_life_days: 45,
            z: 1.96,
            prior_deliveries: 1_000.0,
            complaints_min: 3,
            fantastic_below: 0.9,
            fair_above: 1.0,
            at_risk_above: 1.3,
        }
    }
}

/// How a driver stands by the figures. Suspension and exclusion are decided by people, and are no figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Surely fewer complaints than expected.
    Fantastic,
    /// No sign of more than expected.
    Great,
    /// Surely more than expected, and not by much.
    Fair,
    /// Surely more than expected by far: a measure is recommended.
    AtRisk,
}

/// A delivery that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    pub order: OrderId,
    pub delivered_at: Timestamp,
    /// The locker's fault that explains it.
    pub alibi: Incident,
}

/// The figures beside what is expected: 1 is as expected, 2 is twice as many complaints.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// So many complaints were expected on these routes, each delivery at its weight.
    pub expected: f64,
    /// So many deliveries of equal weight would say as much.
    pub effective_deliveries: f64,
    pub low: f64,
    pub ratio: f64,
    pub high: f64,
}

/// How a driver stands, with everything it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DriverStanding {
    /// Nothing with too few deliveries.
    pub level: Option<Level>,
    /// That count, within the window.
    pub deliveries: u32,
    /// Of those, with a complaint that a person decided to be the driver's doing.
    pub complaints: u32,
    /// Nothing without deliveries.
    pub comparison: Option<Comparison>,
    /// Of the window, in their order.
    pub excluded: Vec<Exclusion>,
}

/// How often complaints are a driver's doing, over all drivers: by kind of route, and everywhere.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RouteRates {
    everywhere: Counts,
    by_route: BTreeMap<Route, Counts>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counts {
    deliveries: u64,
    charged: u64,
}

impl Counts {
    fn add(&mut self, charged: bool) {
        self.deliveries += 1;
        self.charged += u64::from(charged);
    }
}

impl RouteRates {
    /// Takes a delivery of any driver into account. One that does not count is left out.
    pub fn add(&mut self, delivery: &Delivery, route: &Route) {
        if counts(delivery) {
            let charged = delivery.charged_case.is_some();
            self.everywhere.add(charged);
            match self.by_route.get_mut(route) {
                Some(own) => own.add(charged),
                None => self.by_route.entry(route.clone()).or_default().add(charged),
            }
        }
    }

    /// The share everywhere. Never nothing, so that it can be divided by: half a complaint more than there were.
    fn everywhere(&self) -> f64 {
        (self.everywhere.charged as f64 + 0.5) / (self.everywhere.deliveries as f64 + 1.0)
    }

    /// The share that is expected on a kind of route.
    fn expected(&self, route: &Route, prior_deliveries: f64) -> f64 {
        let own = self.by_route.get(route).copied().unwrap_or_default();
        (own.charged as f64 + prior_deliveries * self.everywhere()) / (own.deliveries as f64 + prior_deliveries)
    }
}

fn counts(delivery: &Delivery) -> bool {
    match delivery.standing {
        Standing::Counted => true,
        Standing::Excluded { .. } => false,
    }
}

/// Says how a driver stands by these deliveries, each with its route, beside what is expected there.
pub fn assess<'a>(
    deliveries: impl IntoIterator<Item = (&'a Delivery, &'a Route)>,
    rates: &RouteRates,
    policy: &StandingPolicy,
    now: Timestamp,
) -> DriverStanding {
    let window = SignedDuration::from_hours(i64::from(policy.window_days) * 24);
    let half_life = f64::from(policy.half_life_days) * 86_400.0;
    let (mut counted, mut complaints, mut excluded) = (0_u32, 0_u32, Vec::new());
    let (mut weights, mut squares, mut charged, mut expected) = (0.0, 0.0, 0.0, 0.0);
    let mut expected_on: BTreeMap<&Route, f64> = BTreeMap::new();
    for (delivery, route) in deliveries {
        let age = now.duration_since(delivery.delivered_at);
        if age >= window {
            continue;
        }
        if let Standing::Excluded { incident } = &delivery.standing {
            let (order, delivered_at, alibi) = (delivery.order.clone(), delivery.delivered_at, incident.clone());
            excluded.push(Exclusion { order, delivered_at, alibi });
            continue;
        }
        let weight = (-age.as_secs_f64().max(0.0) / half_life).exp2();
        let rate = *expected_on.entry(route).or_insert_with(|| rates.expected(route, policy.prior_deliveries));
        counted += 1;
        weights += weight;
        squares += weight * weight;
        expected += weight * rate;
        if delivery.charged_case.is_some() {
            complaints += 1;
            charged += weight;
        }
    }
    excluded.sort_by(|a, b| (a.delivered_at, &a.order).cmp(&(b.delivered_at, &b.order)));
    let comparison = (counted > 0).then(|| {
        let (share, rate) = (charged / weights, expected / weights);
        let effective_deliveries = weights * weights / squares;
        let (low, high) = wilson(share, effective_deliveries, policy.z);
        Comparison { expected, effective_deliveries, low: low / rate, ratio: share / rate, high: high / rate }
    });
    let enough = comparison.filter(|_| counted >= policy.deliveries_min);
    let level = enough.map(|it| level(it, complaints >= policy.complaints_min, policy));
    DriverStanding { level, deliveries: counted, complaints, comparison, excluded }
}

fn level(figures: Comparison, complaints_suffice: bool, policy: &StandingPolicy) -> Level {
    if complaints_suffice && figures.low > policy.at_risk_above {
        Level::AtRisk
    } else if complaints_suffice && figures.low > policy.fair_above {
        Level::Fair
    } else if figures.high < policy.fantastic_below {
        Level::Fantastic
    } else {
        Level::Great
    }
}

/// Wilson's interval of a share that was seen in `n` cases.
fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let middle = share + z2 / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}

#[cfg(test)]
mod tests;

//! Which repair goes first: how bad it is, and for how many people, how soon.

use serde::{Deserialize, Serialize};

use crate::fault::Severity;
use crate::{SignedDuration, Timestamp};

/// Whom the faults of a work order concern, when they were last counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlastRadius {
    /// Orders that still have their place behind one of its doors.
    pub orders_on_the_way: u32,
    /// Parcels behind one of its doors.
    pub parcels_inside: u32,
    /// The earliest of what was promised to those people: a delivery, or the end of the time to collect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_deadline: Option<Timestamp>,
}

impl BlastRadius {
    /// How many orders wait.
    pub fn people_waiting(&self) -> u32 {
        self.orders_on_the_way.saturating_add(self.parcels_inside)
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A parcel behind a door has nowhere else to go; an order on its way gets another place without a technician. One
/// trapped parcel is therefore worth two orders.
const PARCEL_INSIDE: u32 = 20;
const ORDER_ON_THE_WAY: u32 = 10;

/// What people add at the most: a crowd at a minor fault goes before an empty locker's major one, never before a
/// critical one, which is a danger by itself.
const PEOPLE_MAX: u32 = 400;

/// What a deadline adds, from when on.
const DEADLINES: [(SignedDuration, u32); 3] =
    [(SignedDuration::from_hours(4), 150), (SignedDuration::from_hours(24), 100), (SignedDuration::from_hours(72), 50)];

/// How much a severity counts by itself. Nobody has judged what is indeterminate: it counts as minor.
fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Warning => 50,
        Severity::Minor | Severity::Indeterminate => 200,
        Severity::Major => 500,
        Severity::Critical => 1_000,
    }
}

/// The priority of a repair: the larger goes first. It is made of three sums that can be told to whoever asks: the
/// severity, the people, and the nearest of their deadlines, past ones included.
pub fn priority(severity: Severity, radius: &BlastRadius, now: Timestamp) -> u32 {
    let parcels = radius.parcels_inside.saturating_mul(PARCEL_INSIDE);
    let people = parcels.saturating_add(radius.orders_on_the_way.saturating_mul(ORDER_ON_THE_WAY)).min(PEOPLE_MAX);
    let deadline = radius.nearest_deadline.and_then(|deadline| {
        let left = deadline.duration_since(now);
        DEADLINES.into_iter().find(|(within, _)| left <= *within).map(|(_, weight)| weight)
    });
    weight(severity) + people + deadline.unwrap_or_default()
}

/// Whether nobody has weighed it: what was kept before there were priorities.
pub(crate) fn is_unweighed(priority: &u32) -> bool {
    *priority == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn waiting(orders_on_the_way: u32, parcels_inside: u32) -> BlastRadius {
        BlastRadius { orders_on_the_way, parcels_inside, nearest_deadline: None }
    }

    #[test]
    fn the_worse_goes_first_where_nobody_waits_and_what_nobody_has_judged_is_minor() {
        use Severity::*;
        let of = |severity| priority(severity, &BlastRadius::default(), at(0));
        assert_eq!([Warning, Indeterminate, Minor, Major, Critical].map(of), [50, 200, 200, 500, 1_000]);
    }

    #[test]
    fn a_crowd_at_a_minor_fault_goes_before_an_empty_major_one_and_after_every_critical_one() {
        let crowd =
            priority(Severity::Minor, &BlastRadius { nearest_deadline: Some(at(0)), ..waiting(900, 900) }, at(0));
        assert_eq!(crowd, 200 + 400 + 150);
        let empty = |severity| priority(severity, &BlastRadius::default(), at(0));
        assert!(empty(Severity::Major) < crowd && crowd < empty(Severity::Critical));
        assert!(priority(Severity::Minor, &waiting(u32::MAX, u32::MAX), at(0)) < empty(Severity::Critical));
    }

    #[test]
    fn a_parcel_inside_counts_as_two_orders_on_the_way() {
        let of = |orders, parcels| priority(Severity::Major, &waiting(orders, parcels), at(0));
        assert_eq!([of(0, 0), of(1, 0), of(2, 0), of(0, 1)], [500, 510, 520, 520]);
        assert_eq!(waiting(2, 1).people_waiting(), 3);
    }

    #[test]
    fn the_nearer_a_deadline_the_more_it_counts_and_a_past_one_most() {
        let of = |left: SignedDuration| {
            let radius = BlastRadius { nearest_deadline: Some(at(0) + left), ..waiting(0, 1) };
            priority(Severity::Major, &radius, at(0)) - 520
        };
        assert_eq!([hours(-1), hours(4), hours(24), hours(72)].map(of), [150, 150, 100, 50]);
        assert_eq!([hours(5), hours(25), hours(73)].map(of), [100, 50, 0]);
    }
}

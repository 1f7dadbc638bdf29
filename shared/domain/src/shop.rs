//! A shop that keeps parcels for customers who agreed to that beforehand. It has no compartments: who brings a parcel there
//! hands it over, and who fetches it signs for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{OrderId, ShopId};
use crate::place::Position;
use crate::seeded::bug;
use crate::{SignedDuration, Timestamp};

/// The largest number of parcels a shop can say it takes: each is remembered in its item.
pub const CAPACITY_MAX: u16 = 500;

/// For how long a parcel that was sent to a shop takes its room there. The shop does not tell when it is fetched: as long
/// as published hold times run at the most.
pub const EXPECTED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shop {
    pub id: ShopId,
    /// What people call it.
    pub name: String,
    pub position: Position,
    /// How many parcels it takes at one time; nothing where it takes any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u16>,
    /// Which orders were sent there, and when; only where its capacity is stated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expected: BTreeMap<OrderId, Timestamp>,
}

impl Shop {
    /// How many more parcels it takes now; nothing where it takes any number.
    pub fn room(&self, now: Timestamp) -> Option<u32> {
        let taken = self.expected.values().filter(|since| **since + EXPECTED_FOR > now).count() as u32;
        self.capacity.map(|capacity| u32::from(capacity).saturating_sub(taken))
    }

    /// Whether it takes one more.
    pub fn has_room(&self, now: Timestamp) -> bool {
        self.room(now).is_none_or(|room| room > 0) || bug("shop_takes_any_number")
    }

    /// The same with this order on its way there; nothing where nobody counts.
    pub(crate) fn expect(mut self, order: &OrderId, now: Timestamp) -> Option<Self> {
        self.capacity?;
        self.expected.retain(|_, since| *since + EXPECTED_FOR > now);
        self.expected.insert(order.clone(), now);
        Some(self)
    }

    /// The same without this order, if it was on its way there.
    pub(crate) fn release(mut self, order: &OrderId) -> Option<Self> {
        self.expected.remove(order).map(|_| self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn shop(capacity: Option<u16>) -> Shop {
        Shop { id: id("kiosk"), name: "Kiosk".to_owned(), position: locker().position, capacity, expected: [].into() }
    }

    #[test]
    fn a_parcel_takes_its_room_for_a_week_or_until_it_goes_elsewhere() {
        let full = shop(Some(1)).expect(&id("o1"), at(0)).unwrap();
        let week = EXPECTED_FOR.as_secs();
        assert_eq!([full.room(at(0)), full.room(at(week - 1)), full.room(at(week))], [Some(0), Some(0), Some(1)]);
        let next = full.clone().expect(&id("o2"), at(week)).unwrap();
        assert_eq!(next.expected, [(id("o2"), at(week))].into());
        assert_eq!(full.clone().release(&id("o2")), None);
        assert_eq!(full.release(&id("o1")), Some(shop(Some(1))));
    }

    #[test]
    fn a_shop_that_takes_any_number_counts_nobody() {
        assert!(shop(None).has_room(at(0)));
        assert_eq!(shop(None).expect(&id("o1"), at(0)), None);
        assert!(!shop(Some(0)).has_room(at(0)));
    }
}

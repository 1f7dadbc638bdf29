//! Choosing places for many orders at once: all that lost theirs, over all the room there is around.
//!
//! What is best is stated in one sum, in metres of walking. Of two plans the better one
//!
//! 1. leaves fewer orders without a place ([`ASKED_M`]), those first that are promised soonest ([`Urgency`]);
//! 2. sends fewer to shops ([`SHOP_M`]) or home ([`HOME_M`]);
//! 3. has customers walk less in all, from the locker they had to the one they get. A locker they like better is worth
//!    a detour ([`DETOUR_M`]), and to follow the rest of one's bundle any ([`APART_M`]);
//! 4. takes the smaller doors, and those that are harder to reach: each size larger than needed counts 3 cm.
//!
//! Orders without a bundle get the best plan there is (see [`flow`]). With bundles, which are not divided, that would take
//! for ever: they are placed first, by the prices of the best plan for their parcels one by one, and the others then get
//! the best plan over what is left. [`Plan::excess_m`] is how much worse than the best the result is at the most, proven
//! each time.
//!
//! 100,000 orders over 15,000 lockers take about a second: `cargo run --release --package domain --example plan_many`.
//! tests/it/plan.rs holds it against an exact solver.
//!
//! The same orders and lockers give the same plan, in whatever order they are named.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{BundleId, LockerId, OrderId, ShopId};
use crate::person::Preferences;
use crate::place::Position;
use crate::size::{Needs, OwnMeasures, Size};
use crate::{SignedDuration, Timestamp};

mod bundles;
mod flow;
mod problem;
#[cfg(test)]
mod tests;

/// How much farther than another a preferred locker may be and still be taken: a quarter of an hour on foot.
pub const DETOUR_M: u32 = 1_000;

/// What it counts to go elsewhere than the rest of one's bundle that has moved already: more than any way within a radius
/// that can be asked for.
pub const APART_M: u32 = 500_000;

/// What a parcel left at a shop counts, beside the way there: more than what can be saved by pushing others around.
pub const SHOP_M: u64 = 1_000_000;

/// What a parcel brought home counts: as two at shops, since somebody has to bring it.
pub const HOME_M: u64 = 2_000_000;

/// What it counts that a customer whose order is promised [`Urgency::Later`] has to be asked; for each class more urgent a
/// thousand times as much. A hundred thousand others may walk a hundred kilometres to avoid it, which nobody does.
pub const ASKED_M: u64 = 10_000_000_000;

/// How many lockers with room are considered for one order, nearest first. With more, a plan for a whole region that is
/// full takes minutes, and nobody walks past sixty lockers.
pub const SITES_PER_ORDER_MAX: usize = 64;

/// What is promised within this time is urgent: the next delivery tour has to know.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// How urgent an order is: who is promised a parcel soon comes before who is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Promised within a day, or before now.
    Soon,
    /// Promised for later.
    Promised,
    /// Without a promise.
    Later,
}

impl Urgency {
    fn of(promised_at: Option<Timestamp>, now: Timestamp) -> Self {
        match promised_at {
            Some(at) if at <= now + SOON => Urgency::Soon,
            Some(_) => Urgency::Promised,
            None => Urgency::Later,
        }
    }

    /// What it counts that such an order gets no place without asking.
    pub fn asked_m(self) -> u64 {
        match self {
            Urgency::Soon => ASKED_M * 1_000_000,
            Urgency::Promised => ASKED_M * 1_000,
            Urgency::Later => ASKED_M,
        }
    }
}

/// An order that needs another place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seeker {
    pub order: OrderId,
    pub needs: Needs,
    /// Where the locker stands whose place it lost: its customer was ready to walk there.
    pub from: Position,
    /// The orders of one bundle get places in one locker, or none.
    pub bundle: Option<BundleId>,
    /// Where the rest of its bundle is on its way to already.
    pub together_at: Option<LockerId>,
    pub promised_at: Option<Timestamp>,
    /// Nothing where the customer has to be asked whatever there is.
    pub preferences: Option<Preferences>,
}

/// A locker that orders could go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub locker: LockerId,
    pub position: Position,
    /// Whether it takes new orders at all.
    pub bookable: bool,
    pub measures: OwnMeasures,
    /// Which sizes it has, free or not.
    pub sizes: Vec<Size>,
    pub free: Vec<FreeDoors>,
}

/// How many compartments of one size, and of a handle that is or is not in reach, can be booked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FreeDoors {
    pub size: Size,
    pub reachable: bool,
    pub count: u16,
}

/// A shop that orders could go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopRoom {
    pub shop: ShopId,
    pub position: Position,
    /// How many more parcels it takes; nothing where it takes any number.
    pub room: Option<u32>,
}

/// Where an order goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A door of this size in this locker.
    Locker {
        locker: LockerId,
        size: Size,
        reachable: bool,
    },
    Shop {
        shop: ShopId,
    },
    Home,
    /// The customer has to be asked.
    Asked,
}

/// Why an order goes where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Why {
    /// A locker.
    Room {
        distance_m: u32,
        /// How many lockers that would do are nearer, and had no room for it.
        #[serde(default, skip_serializing_if = "is_zero")]
        nearer_full: u32,
        /// How many are nearer, and their room went to other orders of the same plan.
        #[serde(default, skip_serializing_if = "is_zero")]
        nearer_given: u32,
        /// How much farther this is than the nearest that would do.
        #[serde(default, skip_serializing_if = "is_zero")]
        farther_m: u32,
        /// It is one of those the customer likes best.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        preferred: bool,
        /// The rest of its bundle is there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        together: bool,
    },
    /// No locker.
    NoRoom { lacks: Lack },
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Why there is no locker for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "lacks", rename_all = "snake_case")]
pub enum Lack {
    /// The customer has not agreed to any.
    Consent,
    /// None that the customer agreed to takes orders.
    OpenLocker,
    /// None of these is large enough, free or not.
    LargeEnough { lockers: u32 },
    /// None of these had room that fits, and is reachable where that is needed.
    Room { lockers: u32 },
    /// There was room; it went to orders that are more urgent, or have no other choice, or would have to walk farther.
    RoomForAll { lockers: u32 },
    /// None of these had room for the whole bundle.
    RoomForBundle { lockers: u32, parcels: u32 },
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Consent => write!(f, "the customer has agreed to no other locker"),
            Lack::OpenLocker => write!(f, "no open locker is near enough"),
            Lack::LargeEnough { lockers } => write!(f, "none of {lockers} lockers is large enough"),
            Lack::Room { lockers } => write!(f, "none of {lockers} lockers has room that fits"),
            Lack::RoomForAll { lockers } => write!(f, "the room of {lockers} lockers went to others"),
            Lack::RoomForBundle { lockers, parcels } => {
                write!(f, "none of {lockers} lockers has room for all {parcels} parcels of the bundle")
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::NoRoom { lacks } => write!(f, "{lacks}"),
            Why::Room { distance_m, nearer_full, nearer_given, farther_m, preferred, together } => {
                match (together, preferred, nearer_full + nearer_given) {
                    (true, ..) => write!(f, "where the rest of the bundle goes")?,
                    (false, true, _) => write!(f, "preferred by the customer")?,
                    (false, false, 0) => write!(f, "the nearest")?,
                    (false, false, _) => write!(f, "the nearest with room")?,
                }
                write!(f, ", {distance_m} m away")?;
                if *farther_m > 0 {
                    write!(f, ", {farther_m} m farther than the nearest")?;
                }
                if *nearer_full > 0 {
                    write!(f, "; {nearer_full} nearer without room that fits")?;
                }
                if *nearer_given > 0 {
                    write!(f, "; {nearer_given} nearer whose room went to others")?;
                }
                Ok(())
            }
        }
    }
}

/// Where one order goes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub order: OrderId,
    pub to: Destination,
    pub why: Why,
}

/// Where all of them go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// By order.
    pub places: Vec<Planned>,
    /// How far all who got a locker or a shop have to walk together.
    pub walking_m: u64,
    /// By how many metres, as the sum above counts them, it may be worse than the best there is at the most.
    pub excess_m: u64,
}

impl Plan {
    /// Where this order goes.
    pub fn of(&self, order: &OrderId) -> Option<&Planned> {
        let at = self.places.binary_search_by(|it| it.order.cmp(order)).ok()?;
        self.places.get(at)
    }

    /// How many orders got a place without asking.
    pub fn placed(&self) -> usize {
        self.places.iter().filter(|it| it.to != Destination::Asked).count()
    }
}

/// Chooses places for all of these orders at once. Each order, locker and shop is named once.
pub fn plan(seekers: &[Seeker], sites: &[Site], shops: &[ShopRoom], now: Timestamp) -> Plan {
    problem::Planning::of(seekers, sites, shops, now).conclude()
}

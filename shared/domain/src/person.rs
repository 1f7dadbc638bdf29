//! People: how they are reached, and what they want done when a place is lost.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{LockerId, PersonId, ShopId};
use crate::pacing::{Hours, QuietHours, Zone};

/// The languages people are written to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    German,
    English,
}

/// How one person is reached. Contact data is kept here and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: PersonId,
    pub language: Language,
    pub email: String,
    /// The person's topic: one publish reaches every subscription of it.
    pub topic_arn: String,
    /// The push endpoint, where the person has the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push_endpoint_arn: Option<String>,
    /// By which clocks the person lives.
    #[serde(default, skip_serializing_if = "Zone::is_home")]
    pub time_zone: Zone,
    /// When the person is not written to without need.
    #[serde(default, skip_serializing_if = "QuietHours::is_usual")]
    pub quiet_hours: QuietHours,
}

impl Person {
    /// When the person may be written to.
    pub fn hours(&self) -> Hours {
        Hours { zone: self.time_zone.clone(), quiet: self.quiet_hours }
    }
}

/// What a customer wants done when an order loses its place. Without it, the customer is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    pub customer: PersonId,
    /// Another locker within this distance will do, in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_locker_within_m: Option<u32>,
    /// Delivery to the door will do, if no other locker and no shop does.
    #[serde(default)]
    pub home: bool,
    /// Only a door that is reachable from a wheelchair will do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reachable: bool,
    /// Lockers this customer does not go to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub never: BTreeSet<LockerId>,
    /// Lockers this customer likes best: they will do however far away they are, and come before others that are up to
    /// [`crate::plan::DETOUR_M`] nearer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub preferred: BTreeSet<LockerId>,
    /// The shop where parcels for this customer can be left, if no locker will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shop: Option<ShopId>,
}

impl Preferences {
    /// What a customer wants who has said nothing: to be asked.
    pub fn none(customer: PersonId) -> Self {
        Self {
            customer,
            other_locker_within_m: None,
            home: false,
            reachable: false,
            never: BTreeSet::new(),
            preferred: BTreeSet::new(),
            shop: None,
        }
    }

    /// Whether this locker, so far from where the parcel was to go, will do.
    pub fn agrees_to(&self, locker: &LockerId, distance_m: u32) -> bool {
        let near = self.other_locker_within_m.is_some_and(|within_m| distance_m <= within_m);
        !self.never.contains(locker) && (near || self.preferred.contains(locker))
    }
}

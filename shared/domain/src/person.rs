//! People: how they are reached, and what they want done when a place is lost.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::{LockerId, PersonId};

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
}

/// What a customer wants done when an order loses its place. Without it, the customer is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    pub customer: PersonId,
    /// Another locker within this distance will do, in metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_locker_within_m: Option<u32>,
    /// Delivery to the door will do, if no other locker does.
    #[serde(default)]
    pub home: bool,
    /// Only a door that is reachable from a wheelchair will do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reachable: bool,
    /// Lockers this customer does not go to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub never: BTreeSet<LockerId>,
}

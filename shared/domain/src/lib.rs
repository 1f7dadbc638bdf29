//! The rules of a parcel-locker network that stays trustworthy when something breaks.
//!
//! A rule takes the states it needs, what happened and the time, and returns a [`Decision`] or a [`Refusal`].
//! Nothing is left to decide outside it, and nothing here reaches a clock, a network or a source of chance:
//! whoever calls a rule commits its decision whole or not at all.

pub mod acknowledgement;
pub mod bundle;
pub mod calendar;
pub mod case;
pub mod compartment;
pub mod contents;
pub mod day;
pub mod decision;
pub mod delivery;
pub mod door;
pub mod escalation;
pub mod expected_back;
pub mod expiry;
pub mod fault;
pub mod feedback;
pub mod figures;
pub mod heartbeat;
pub mod id;
pub mod impact;
pub mod incident;
pub mod locker;
pub mod maintenance;
pub mod notice;
pub mod order;
pub mod pacing;
pub mod permission;
pub mod person;
pub mod place;
pub mod plan;
pub mod presence;
pub mod preventive;
pub mod priority;
pub mod public_status;
pub mod recovery;
pub mod reference;
pub mod refusal;
pub mod remote_recovery;
pub mod seeded;
pub mod service;
pub mod shop;
pub mod size;
pub mod standing;
pub mod state;
pub mod support;
pub mod suspicion;
pub mod team;
#[cfg(test)]
mod testing;
pub mod trapped;
pub mod triage;
pub mod usage;
pub mod visit;
pub mod work_order;

pub use decision::Decision;
pub use jiff::{SignedDuration, Timestamp};
pub use refusal::Refusal;
pub use state::{State, StateKey};

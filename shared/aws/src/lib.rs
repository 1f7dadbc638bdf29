//! Everything that touches AWS.
//!
//! A handler reads and commits through [`apply`], which asks a rule of `domain` what follows from an event and
//! commits it whole. Beneath are the ports: [`store::Store`], [`publisher::Publisher`], [`shadow::Shadow`] and
//! [`quarantine`]; above, what Lambda hands in and takes back: [`http`], [`batch`].

pub mod apply;
pub mod batch;
pub mod clients;
pub mod environment;
pub mod http;
pub mod items;
pub mod keys;
pub mod ledger;
pub mod link;
pub mod metric;
pub mod publisher;
pub mod quarantine;
pub mod rooms;
pub mod shadow;
// A function with seeded bugs in it cannot be started: there is nothing to start it with.
#[cfg(not(feature = "seeded-bugs"))]
pub mod start;
pub mod store;

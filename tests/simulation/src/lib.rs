//! The proof: the real handlers under duplicates, reordering, crashes and throttling, from one seed.
//!
//! [`run::play`] plays the script of a seed in a [`world::World`] and says which promise was broken, if any. ARCHITECTURE.md
//! says how the parts belong together; to add a promise, see [`invariants`].

pub mod bugs;
pub mod chance;
pub mod crashes;
pub mod device;
pub mod executor;
pub mod history;
pub mod invariants;
pub mod invocation;
pub mod journey;
pub mod logs;
pub mod registrars;
pub mod run;
pub mod shrink;
pub mod site;
pub mod triggers;
pub mod trouble;
pub mod world;

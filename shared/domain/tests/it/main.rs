//! The rules against models of three life cycles, and the plan for many orders against an exact solver: whatever happens, in whatever order, a rule and a few small maps
//! agree on what comes of it.
//!
//! A model knows what the network promises and nothing of how the rules keep it. `PROPTEST_CASES` says how many
//! histories of each kind are tried.

mod fault;
mod plan;
mod reservation;
mod standing;
mod support;
mod triage;
mod work_order;

//! The store's side of things: what is written, how an event becomes a commit, who sends a notice.

mod apply;
mod batches;
mod ledger;
mod stored;
mod support;

//! How fast and cheap the functions are, measured on the release binaries as they are deployed.
//!
//! Each function runs as Lambda runs it: beneath a [`runtime_api`] that hands it events, calling an [`endpoint`] over
//! TLS that answers at once from a store in memory, so that what is counted is the function's own work. Beside it runs
//! the floor (`floor/`): bare sockets that make the same calls. Instructions are counted rather than seconds
//! wherever a goal is stated: they repeat on a busy machine.

pub mod count;
pub mod document;
pub mod endpoint;
pub mod runtime_api;
pub mod scenario;
pub mod wire;

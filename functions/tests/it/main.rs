//! The handlers over the store in memory: what they do with good input and with bad, and what follows.

mod support;
mod suspicions;

mod api_input;
mod availability;
mod cases;
mod contents;
mod deposits;
mod device_messages;
mod doors;
mod escalations;
mod feedback;
mod heartbeats;
mod incidents;
mod links;
mod maintenance;
mod notices;
mod orders;
mod presence;
mod priorities;
mod region_outages;
mod registry;
mod remote_recoveries;
mod repairs;
mod round_trips;
mod samples;
mod service;
mod shelving;
mod streams;
mod throttled;
mod trapped_parcels;
mod visits;

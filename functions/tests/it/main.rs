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
mod expected_back;
mod feedback;
mod heartbeats;
mod incidents;
mod link_pages;
mod links;
mod maintenance;
mod notices;
mod orders;
mod presence;
mod priorities;
mod region_outages;
mod registry;
mod repairs;
mod rerouting;
mod round_trips;
mod samples;
mod scale;
mod service;
mod streams;
mod throttled;
mod trapped_parcels;
mod usage;

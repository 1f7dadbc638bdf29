//! The whole network on one machine: the functions as they go to Lambda, template.yaml as it goes to
//! CloudFormation, and MiniStack in the place of AWS. `cargo run` starts it for a person; stories and tests start
//! it with [`Network::start`].
//!
//! What is simulated is what a network has around it: lockers ([`device`]), callers of the API ([`client`]), the
//! identity provider ([`issuer`]) and the far ends of SNS ([`mailbox`]).

pub mod aws;
pub mod client;
pub mod demo;
pub mod deployment;
pub mod device;
pub mod enrolment;
mod environment;
pub mod functions;
mod gateway;
pub mod issuer;
mod logs;
pub mod mailbox;
mod ministack;
pub mod network;
mod page;
mod process;
pub mod progress;
mod session;
mod shadow;
pub mod signing;
pub mod sns_proxy;
mod sns_publish;
pub mod story;
mod sweeps;
mod voice;
pub mod workspace;
mod xml;

pub use client::{Answer, Api, Caller};
pub use device::{Device, Restarts, TestOpenings};
pub use mailbox::{Delivery, Mailbox};
pub use network::{Network, Options};

use super::*;
use crate::compartment::Service;
use crate::refusal::ClosedBy;
use crate::service::{Lifecycle, LockerService};
use crate::testing::*;

mod choosing;
mod displaced;
mod door;
mod placing;
mod question;

//! What an incident means for people: the list a work order carries until everyone has been dealt with.
//!
//! Closing is one small commit. Everything that follows for people (calling the team, finding other places,
//! stopping deadlines, giving the all-clear) is on this list, written by that same commit and worked off in
//! small steps afterwards, so that a crash at any point forgets nobody.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fault::Unit;
use crate::id::{CompartmentNumber, RegionId, TeamId, WorkOrderId};
use crate::{SignedDuration, Timestamp};

/// A time for which a door could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShutTime {
    /// When the first fault that shut it was reported.
    pub since: Timestamp,
    /// When its repair was proven.
    pub until: Timestamp,
}

/// One thing that is still to be done for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum ImpactTask {
    /// Find the team where there is none yet, and tell it what is broken and how many people wait.
    TellTeam,
    /// Find another place for each order that was heading to the closed unit; stop the deadline of each parcel
    /// that cannot be collected. Compartments up to and including `done_to` have been dealt with.
    Displace {
        unit: Unit,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        done_to: Option<CompartmentNumber>,
    },
    /// The unit works again: give the all-clear to those who waited, and let their deadlines run on.
    AllClear {
        unit: Unit,
        /// For how long its door could not be opened, if so: deadlines stood still then, stopped in time or not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was_shut: Option<ShutTime>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        done_to: Option<CompartmentNumber>,
    },
    /// The unit works again later than customers were told: tell those who wait at its doors.
    TellDelay {
        unit: Unit,
        /// By when it is expected now, if anybody knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Timestamp>,
        /// How often it is told anew, this time included: each order is told once of each.
        update: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        done_to: Option<CompartmentNumber>,
    },
    /// Tell the team that was called that nobody has to go there any more.
    TellEnd { work_order: WorkOrderId, team: (RegionId, TeamId), cancelled: bool },
    /// Their visit is over: each that is still to be repaired is called for alone.
    EndVisit { work_orders: BTreeSet<WorkOrderId> },
}

impl ImpactTask {
    /// What a delay of the repair of this unit means, from the start.
    pub fn tell_delay(unit: Unit, by: Option<Timestamp>, update: u8) -> Self {
        ImpactTask::TellDelay { unit, by, update, done_to: None }
    }

    /// What a closure of this unit means, from the start.
    pub fn displace(unit: Unit) -> Self {
        ImpactTask::Displace { unit, done_to: None }
    }

    /// What a reopening of this unit means, from the start.
    pub fn all_clear(unit: Unit, was_shut: Option<ShutTime>) -> Self {
        ImpactTask::AllClear { unit, was_shut, done_to: None }
    }
}

/// How long after being written a follow-up is looked for again, should the stream that carries it have lost it.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Adds something that has to be done for people to a list, unless it is on it from its start already.
pub(crate) fn add(list: &mut Vec<ImpactTask>, due_at: &mut Option<Timestamp>, task: ImpactTask, now: Timestamp) {
    if !list.contains(&task) {
        list.push(task);
    }
    *due_at = Some(now + RETRY_AFTER);
}

/// Puts what is left of the first task of a list in its place, or strikes it off.
pub(crate) fn advance(
    list: &mut Vec<ImpactTask>,
    due_at: &mut Option<Timestamp>,
    rest: Option<ImpactTask>,
    now: Timestamp,
) {
    match rest {
        Some(rest) => list[0] = rest,
        None => drop(list.remove(0)),
    }
    *due_at = (!list.is_empty()).then(|| now + RETRY_AFTER);
}

/// How many compartments one step of a task deals with: each may take a transaction of its own, and the step
/// has to end well within the function's time-out.
pub const COMPARTMENTS_PER_STEP_MAX: usize = 30;

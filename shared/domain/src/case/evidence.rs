//! The facts that a cause rests on: gathered by itself when a case is opened, each with its source and its time.
//!
//! What speaks for or against a cause is said by rules; nothing is decided by them. That others have complained of a
//! driver speaks for nothing: it is shown, and weighed by a person.

use serde::{Deserialize, Serialize};

use super::{Case, Category, Cause};
use crate::delivery::Delivery;
use crate::fault::{FaultCode, FaultRecord, OpenFaults, Unit};
use crate::feedback::{Ratings, Submission};
use crate::id::{CaseId, RegionId, TeamId};
use crate::order::{Incident, Order};
use crate::team::{Duty, Team};
use crate::{SignedDuration, Timestamp};

/// How far back other complaints about a driver are shown: as far as standing looks.
const OTHERS_WITHIN: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many faults beside those the order met are shown, latest first, and how many other complaints.
const FAULTS_MAX: usize = 10;
const OTHERS_MAX: usize = 10;

/// A fact of the records that a cause rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Evidence {
    LockerFault {
        incident: Incident,
    },
    Ratings {
        ratings: Ratings,
    },
    DeliveredAt {
        delivered_at: Timestamp,
        promised_at: Option<Timestamp>,
    },
    Collected {
        collected_at: Timestamp,
    },
    /// A fault of the same door or of its whole locker between the promised time and the pickup, that is not known to
    /// have concerned this order.
    FaultBeside {
        unit: Unit,
        code: FaultCode,
        raised_at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cleared_at: Option<Timestamp>,
    },
    /// Another complaint about a delivery of the same driver.
    OtherComplaint {
        case: CaseId,
        category: Category,
        received_at: Timestamp,
        /// What a person has decided, where one has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
    },
    /// The driver has given a statement: it is with the case.
    DriverStated {
        stated_at: Timestamp,
    },
}

/// From where a fact is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The faults that a locker reported, or that were found on it.
    LockerRecords,
    /// What the doors of a locker reported: put in, taken out.
    DoorEvents,
    Customer,
    Driver,
    OtherCases,
}

/// What a fact says about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    For,
    Against,
    Neither,
}

/// A cause, with the facts that speak for and against it, by their places in the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weighed {
    pub cause: Cause,
    pub facts_for: Vec<usize>,
    pub facts_against: Vec<usize>,
}

/// What a customer is told of the facts. Nothing about the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The locker was faulty from then, until then; without an end it still is.
    LockerFaulty {
        from: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Delivered {
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promised_at: Option<Timestamp>,
    },
    Collected {
        at: Timestamp,
    },
}

impl Evidence {
    /// From where it is known.
    pub fn source(&self) -> Source {
        match self {
            Evidence::LockerFault { .. } | Evidence::FaultBeside { .. } => Source::LockerRecords,
            Evidence::DeliveredAt { .. } | Evidence::Collected { .. } => Source::DoorEvents,
            Evidence::Ratings { .. } => Source::Customer,
            Evidence::OtherComplaint { .. } => Source::OtherCases,
            Evidence::DriverStated { .. } => Source::Driver,
        }
    }

    /// When it was; ratings were given with the complaint.
    pub fn at(&self) -> Option<Timestamp> {
        match self {
            Evidence::LockerFault { incident } => Some(incident.from),
            Evidence::FaultBeside { raised_at, .. } => Some(*raised_at),
            Evidence::DeliveredAt { delivered_at, .. } => Some(*delivered_at),
            Evidence::Collected { collected_at } => Some(*collected_at),
            Evidence::OtherComplaint { received_at, .. } => Some(*received_at),
            Evidence::DriverStated { stated_at } => Some(*stated_at),
            Evidence::Ratings { .. } => None,
        }
    }

    /// Whether it is a fault of the locker.
    pub(super) fn is_of_the_locker(&self) -> bool {
        self.source() == Source::LockerRecords
    }

    /// What it says about whether this was the cause of something of that kind.
    pub fn speaks(&self, cause: Cause, about: Category) -> Speaks {
        let explains = about.explained_by_locker_fault();
        match (self, cause) {
            (Evidence::LockerFault { .. } | Evidence::FaultBeside { .. }, Cause::Locker) if explains => Speaks::For,
            (Evidence::LockerFault { .. } | Evidence::FaultBeside { .. }, Cause::Driver) if explains => Speaks::Against,
            (Evidence::DeliveredAt { delivered_at, promised_at: Some(promised_at) }, Cause::Driver)
                if about == Category::Delay =>
            {
                if delivered_at > promised_at {
                    Speaks::For
                } else {
                    Speaks::Against
                }
            }
            // It was put in, and somebody with the code has taken it out.
            (Evidence::Collected { .. }, Cause::Driver) if about == Category::Missing => Speaks::Against,
            (Evidence::Ratings { ratings }, Cause::Driver) if about == Category::Conduct => {
                if ratings.driver.is_bad() {
                    Speaks::For
                } else {
                    Speaks::Against
                }
            }
            (
                Evidence::LockerFault { .. }
                | Evidence::FaultBeside { .. }
                | Evidence::DeliveredAt { .. }
                | Evidence::Collected { .. }
                | Evidence::Ratings { .. }
                | Evidence::OtherComplaint { .. }
                | Evidence::DriverStated { .. },
                _,
            ) => Speaks::Neither,
        }
    }

    /// What the customer is told of it, where it is theirs to know.
    pub(super) fn finding(&self) -> Option<Finding> {
        match self {
            Evidence::LockerFault { incident } => {
                Some(Finding::LockerFaulty { from: incident.from, until: incident.until })
            }
            Evidence::FaultBeside { raised_at, cleared_at, .. } => {
                Some(Finding::LockerFaulty { from: *raised_at, until: *cleared_at })
            }
            Evidence::DeliveredAt { delivered_at, promised_at } => {
                Some(Finding::Delivered { at: *delivered_at, promised_at: *promised_at })
            }
            Evidence::Collected { collected_at } => Some(Finding::Collected { at: *collected_at }),
            Evidence::Ratings { .. } | Evidence::OtherComplaint { .. } | Evidence::DriverStated { .. } => None,
        }
    }
}

impl Case {
    /// Each cause that anything speaks for or against, in the order in which they are proposed.
    pub fn weighed(&self) -> Vec<Weighed> {
        let of = |cause: Cause| {
            let that = |speaks: Speaks| {
                let facts = self.evidence.iter().enumerate();
                facts.filter(|(_, it)| it.speaks(cause, self.category) == speaks).map(|(at, _)| at).collect()
            };
            Weighed { cause, facts_for: that(Speaks::For), facts_against: that(Speaks::Against) }
        };
        [Cause::Locker, Cause::Driver]
            .map(of)
            .into_iter()
            .filter(|it| !it.facts_for.is_empty() || !it.facts_against.is_empty())
            .collect()
    }
}

/// What was found beside an order when it was complained of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FoundBeside {
    pub region: Option<RegionId>,
    /// The teams of the region.
    pub teams: Vec<Team>,
    /// The faults that are open on its locker or its door.
    pub open: Vec<(Unit, OpenFaults)>,
    /// The latest repaired faults of its locker.
    pub repaired: Vec<FaultRecord>,
    /// The latest complaints about the same driver.
    pub others: Vec<Case>,
}

impl FoundBeside {
    /// The team of a case: where there are several for complaints, by its number, which spreads them evenly.
    pub(super) fn team_for(&self, case: &CaseId) -> Option<TeamId> {
        let mut teams: Vec<&TeamId> =
            self.teams.iter().filter(|it| it.duty == Duty::Support).map(|it| &it.id).collect();
        teams.sort();
        let number = case.as_str().bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        (!teams.is_empty()).then(|| teams[number % teams.len()].clone())
    }
}

/// The facts of a delivery, those that explain most first.
pub(super) fn gather(
    order: &Order,
    submission: &Submission,
    delivery: Option<&Delivery>,
    beside: &FoundBeside,
    now: Timestamp,
) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> =
        order.incidents.iter().map(|it| Evidence::LockerFault { incident: it.clone() }).collect();
    evidence.extend(
        delivery.map(|it| Evidence::DeliveredAt { delivered_at: it.delivered_at, promised_at: it.promised_at }),
    );
    evidence.extend(order.collected_at.map(|collected_at| Evidence::Collected { collected_at }));
    evidence.push(Evidence::Ratings { ratings: submission.ratings });
    evidence.extend(faults_beside(order, delivery, beside, now));
    let since = now - OTHERS_WITHIN;
    let others = beside.others.iter().filter(|it| it.order != order.id && it.received_at >= since);
    evidence.extend(others.take(OTHERS_MAX).map(|it| Evidence::OtherComplaint {
        case: it.id.clone(),
        category: it.category,
        received_at: it.received_at,
        cause: it.decision.as_ref().map(|it| it.cause),
    }));
    evidence
}

/// The faults of its door and of its locker from when it was to be there until it was taken out.
fn faults_beside(order: &Order, delivery: Option<&Delivery>, beside: &FoundBeside, now: Timestamp) -> Vec<Evidence> {
    let Some((_, number)) = order.compartment() else { return Vec::new() };
    let Some(delivered_at) = delivery.map(|it| it.delivered_at).or(order.deposited_at) else { return Vec::new() };
    let promised_at = delivery.and_then(|it| it.promised_at).unwrap_or(delivered_at);
    let (from, until) = (promised_at.min(delivered_at), order.collected_at.unwrap_or(now));
    let concerns = |unit: Unit| unit == Unit::Locker || unit == Unit::Compartment(number);
    let open = beside.open.iter().flat_map(|(unit, faults)| {
        faults.iter().map(|(code, fault)| (*unit, *code, fault.raised_at, None::<Timestamp>))
    });
    let repaired = beside.repaired.iter().map(|it| (it.unit, it.code, it.fault.raised_at, Some(it.cleared_at)));
    let mut found: Vec<_> = open
        .chain(repaired)
        .filter(|(unit, _, raised_at, cleared_at)| {
            concerns(*unit) && *raised_at <= until && cleared_at.is_none_or(|at| at >= from)
        })
        .filter(|(unit, code, raised_at, _)| {
            !order.incidents.iter().any(|it| (it.unit, it.code, it.from) == (*unit, *code, *raised_at))
        })
        .collect();
    found.sort_by_key(|(unit, code, raised_at, _)| (std::cmp::Reverse(*raised_at), *unit, *code));
    found.truncate(FAULTS_MAX);
    found
        .into_iter()
        .map(|(unit, code, raised_at, cleared_at)| Evidence::FaultBeside { unit, code, raised_at, cleared_at })
        .collect()
}

#[cfg(test)]
mod tests;

//! One locker, and the rule that takes what is broken out of service.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::compartment::{Compartment, Occupancy};
use crate::decision::{Decision, Event};
use crate::fault::{Closure, FaultCode, FaultReport, OpenFault, OpenFaults, ReportedFault, Unit, closed_by};
use crate::id::{LockerId, RegionId, WorkOrderId};
use crate::impact::ImpactTask;
use crate::place::Position;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::size::Size;
use crate::work_order::WorkOrder;
use crate::{State, Timestamp};

/// How a locker is built and connected, as far as its operator has said: what it shares with others that break.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Who made the cabinet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Who connects it to the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// What its controller runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
}

impl Build {
    /// Whether nothing is known of it.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// One site's cabinet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locker {
    pub id: LockerId,
    /// What people call the site, such as "Hauptbahnhof, Gleis 1".
    pub name: String,
    pub position: Position,
    pub region: RegionId,
    /// How many compartments of each size there are, smallest size first.
    pub sizes: Vec<(Size, u16)>,
    #[serde(default, skip_serializing_if = "Build::is_unknown")]
    pub build: Build,
    /// Faults of the whole locker. Those of its compartments are with them.
    #[serde(default)]
    pub faults: OpenFaults,
    /// When a proven repair last reopened it: reports that arrived before then are history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reopened_at: Option<Timestamp>,
}

impl Locker {
    /// The fault that closes the whole locker, and what it closes.
    pub fn closed_by(&self) -> Option<(FaultCode, Closure)> {
        closed_by(&self.faults)
    }

    /// Whether new orders and deposits are possible at all.
    pub fn bookable(&self) -> bool {
        self.closed_by().is_none()
    }

    /// Whether any compartment here, free or not, is of that size or larger.
    pub fn ever_fits(&self, size: Size) -> bool {
        self.sizes.iter().any(|(own, count)| *own >= size && *count > 0)
    }
}

/// What is known when a fault report is judged: the locker, the compartments the report names, and the latest
/// work order of the locker, finished or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultScene {
    pub locker: Option<Locker>,
    pub compartments: Vec<Compartment>,
    pub work_order: Option<WorkOrder>,
}

/// What became of each fault of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultOutcome {
    /// Newly open: the unit is closed as far as the code says.
    pub raised: Vec<(Unit, FaultCode)>,
    /// Open already: counted.
    pub repeated: Vec<(Unit, FaultCode)>,
    /// Sent before the repair that has been proven since: changes nothing.
    pub outdated: Vec<(Unit, FaultCode)>,
    /// Compartments this locker does not have. Kept by the caller for a person to look at.
    pub unknown: Vec<Unit>,
}

/// Takes a compartment or a whole locker out of service when it cannot be trusted, and calls for its repair.
///
/// The closing, the work order and the list of what follows for people are one decision, so that nothing is
/// ever closed without somebody being called. A fault that is open already is counted and tells no one: a
/// jammed door reports on every retry. A report that arrived before the last proven repair changes nothing.
///
/// When more faults are open than one work order repairs ([`WorkOrder::has_room_for`]), the locker
/// itself is broken: the fault is then raised for the whole locker.
///
/// # Errors
/// [`Refusal::UnknownLocker`]: nothing is created for a locker nobody registered.
pub fn report_faults(
    scene: FaultScene,
    report: &FaultReport,
    now: Timestamp,
) -> Result<Decision<FaultOutcome>, Refusal> {
    let FaultScene { locker, mut compartments, work_order } = scene;
    let mut locker = locker.ok_or(Refusal::UnknownLocker)?;
    let (mut work_order, archived) = WorkOrder::open_or_next(&locker.id, work_order, now);
    let severity_before = work_order.severity;
    let mut outcome = FaultOutcome::default();
    let mut touched = BTreeSet::new();

    for reported in &report.faults {
        let (faults, reopened_at) = match reported.unit {
            Unit::Locker => (&mut locker.faults, locker.reopened_at),
            Unit::Compartment(number) => match compartments.iter_mut().find(|it| it.number == number) {
                Some(compartment) => (&mut compartment.faults, compartment.reopened_at),
                None => {
                    outcome.unknown.push(reported.unit);
                    continue;
                }
            },
        };
        let outdated = reopened_at.is_some_and(|reopened_at| report.received_at <= reopened_at);
        if outdated && !bug("report_from_before_the_repair_counts") {
            outcome.outdated.push((reported.unit, reported.code));
            continue;
        }
        let (unit, faults) = match reported.unit {
            Unit::Compartment(_) if !work_order.has_room_for(reported.unit, reported.code) => {
                (Unit::Locker, &mut locker.faults)
            }
            unit => (unit, faults),
        };
        touched.insert(unit);
        if record(faults, reported, &work_order.id, report.received_at) {
            outcome.raised.push((unit, reported.code));
            work_order.add_fault(unit, reported.code);
            if let Some(before) = &archived {
                work_order.follow(before, unit, reported.code, now);
            }
        } else {
            outcome.repeated.push((unit, reported.code));
        }
    }

    let mut decision = Decision::new(outcome);
    let closing: BTreeSet<Unit> = decision
        .answer
        .raised
        .iter()
        .filter(|(_, code)| code.closes() > Closure::Nothing)
        .map(|(unit, _)| *unit)
        .collect();
    if !decision.answer.raised.is_empty() {
        if work_order.severity > severity_before && work_order.opened_at < now {
            work_order.restart_clock(now);
        }
        work_order.weigh(work_order.blast_radius, now);
        work_order.follow_up(ImpactTask::TellTeam, now);
        for unit in closing.into_iter().filter(|_| !bug("never_displaced")) {
            work_order.follow_up(ImpactTask::displace(unit), now);
        }
        decision.change(work_order);
        if let Some(archived) = archived {
            decision.change(State::ArchivedWorkOrder(archived));
        }
    }
    if touched.contains(&Unit::Locker) {
        decision.change(locker);
    }
    for mut compartment in compartments {
        if bug("closing_forgets_what_is_inside") {
            compartment.occupancy = Occupancy::Free;
        }
        if touched.contains(&Unit::Compartment(compartment.number)) {
            decision.change(compartment);
        }
    }
    decision.record(Event::FaultsReported { at: report.received_at, outcome: decision.answer.clone() });
    Ok(decision)
}

/// Opens the fault, or counts it where it is open. Tells whether it was opened.
fn record(faults: &mut OpenFaults, reported: &ReportedFault, work_order: &WorkOrderId, at: Timestamp) -> bool {
    if let Some(open) = faults.get_mut(&reported.code) {
        open.occurrences = open.occurrences.saturating_add(1);
        open.last_at = open.last_at.max(at);
        return false;
    }
    faults.insert(
        reported.code,
        OpenFault {
            raised_at: at,
            last_at: at,
            occurrences: 1,
            vendor_text: reported.vendor_text.clone(),
            work_order: work_order.clone(),
        },
    );
    true
}

#[cfg(test)]
mod tests;

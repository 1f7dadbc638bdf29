//! One locker, and the rule that takes what is broken out of service.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::compartment::{Compartment, Occupancy};
use crate::decision::{Decision, Event};
use crate::fault::{
    Clearing, Closure, FaultCode, FaultRecord, FaultReport, OpenFault, OpenFaults, ReportedFault, Severity, Unit,
    closed_by,
};
use crate::id::{LockerId, RegionId, SiteId, WorkOrderId};
use crate::impact::ImpactTask;
use crate::place::Position;
use crate::refusal::{ClosedBy, Refusal};
use crate::remote_recovery::RemoteAnswer;
use crate::seeded::bug;
use crate::service::LockerService;
use crate::size::{Needs, OwnMeasures, Size};
use crate::suspicion::{ChecksOfUnit, Signal, Suspicion, Suspicions, weigh};
use crate::work_order::{PROBATION, WorkOrder, WorkOrderStatus};
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
    /// What its compartments take, by size, where that differs from what the network promises.
    #[serde(default, skip_serializing_if = "OwnMeasures::is_empty")]
    pub measures: OwnMeasures,
    /// What people decided about it.
    #[serde(default, skip_serializing_if = "LockerService::is_default")]
    pub service: LockerService,
    #[serde(default, skip_serializing_if = "Build::is_unknown")]
    pub build: Build,
    /// Where it stands together with others, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SiteId>,
    /// Faults of the whole locker. Those of its compartments are with them.
    #[serde(default)]
    pub faults: OpenFaults,
    /// What may be broken of the locker as a whole. It keeps nobody from booking: one report is not to close a site.
    #[serde(default, skip_serializing_if = "Suspicions::is_empty")]
    pub suspicions: Suspicions,
    /// What the latest checks of conditions that come and go have said.
    #[serde(default, skip_serializing_if = "ChecksOfUnit::is_empty")]
    pub checks: ChecksOfUnit,
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
        self.unavailable().is_none()
    }

    /// Why no new order is possible, if so.
    pub fn unavailable(&self) -> Option<ClosedBy> {
        self.closed_unless(self.service.lifecycle.takes_bookings() || bug("booking_ignores_the_lifecycle"))
    }

    /// Why nothing may be put in, not even what has its place here, if so.
    pub fn closed_to_deposits(&self) -> Option<ClosedBy> {
        self.closed_unless(self.service.lifecycle.closes() == Closure::Nothing)
    }

    /// What people decided is named first: it says until when.
    fn closed_unless(&self, serves: bool) -> Option<ClosedBy> {
        let LockerService { lifecycle, until, .. } = self.service;
        let by_people = (!serves).then_some(ClosedBy::People { lifecycle, until });
        by_people.or_else(|| self.closed_by().map(|(code, _)| ClosedBy::Fault { code }))
    }

    /// What its faults and what people decided close together.
    pub fn closure(&self) -> Closure {
        let by_faults = self.closed_by().map_or(Closure::Nothing, |(_, closure)| closure);
        by_faults.max(self.service.lifecycle.closes())
    }

    /// Since when people, not faults, keep its doors from being opened.
    pub fn shut_by_people_since(&self) -> Option<Timestamp> {
        self.service.since.filter(|_| self.service.lifecycle.closes() == Closure::DepositsAndPickups)
    }

    /// Whether any compartment here, free or not, is large enough.
    pub fn ever_fits(&self, needs: &Needs) -> bool {
        self.sizes.iter().any(|(own, count)| *count > 0 && needs.fit_into(*own, &self.measures))
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
    /// Not certain yet: kept as a suspicion, see [`crate::suspicion`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspected: Vec<(Unit, FaultCode)>,
    /// Suspected, and over before it was certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<(Unit, FaultCode)>,
    /// Open, and over by the device's word, which is enough for a fault that closes nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<(Unit, FaultCode)>,
}

/// Takes a compartment or a whole locker out of service when it cannot be trusted, and calls for its repair.
///
/// The closing, the work order and the list of what follows for people are one decision, so that nothing is
/// ever closed without somebody being called. A fault that is open already is counted and tells no one: a
/// jammed door reports on every retry. A report that arrived before the last proven repair changes nothing. One that is
/// not certain ([`suspicion::weigh`]) is kept as a suspicion and calls nobody.
///
/// What the device sees no more ends a suspicion of its own, and a fault whose condition clears it
/// ([`Clearing::Condition`]); of any other fault it is noted and reopens nothing.
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
    let mut judging = Judging::of(scene, now)?;
    for (unit, code) in &report.gone {
        judging.see_no_more(*unit, *code, report.received_at);
    }
    for reported in &report.faults {
        judging.weigh(reported, &report.signal, report.received_at);
    }
    let mut decision = judging.conclude();
    decision.record(Event::FaultsReported { at: report.received_at, outcome: decision.answer.clone() });
    Ok(decision)
}

/// Judges the suspicions of one unit whose time has come: what the device has seen and not taken back is a fault, and
/// what nobody has confirmed passes.
///
/// # Errors
/// [`Refusal::UnknownLocker`]
pub fn judge_suspicions(scene: FaultScene, unit: Unit, now: Timestamp) -> Result<Decision<FaultOutcome>, Refusal> {
    let mut judging = Judging::of(scene, now)?;
    let Some(of_unit) = judging.unit(unit) else { return Ok(Decision::new(FaultOutcome::default())) };
    let due: Vec<(FaultCode, Suspicion)> = of_unit
        .suspicions
        .iter()
        .filter(|(_, it)| it.judged_at <= now)
        .map(|(code, suspicion)| (*code, suspicion.clone()))
        .collect();
    if due.is_empty() {
        return Ok(Decision::new(FaultOutcome::default()));
    }
    let reopened_at = of_unit.reopened_at;
    for (code, suspicion) in due {
        let outdated = reopened_at.is_some_and(|reopened_at| suspicion.judged_at <= reopened_at);
        if suspicion.is_seen_by_the_device() && !outdated {
            let reported = ReportedFault { unit, code, vendor_text: suspicion.vendor_text };
            judging.weigh(&reported, &Signal::Device, suspicion.judged_at);
        } else {
            judging.pass(unit, code);
        }
    }
    let mut decision = judging.conclude();
    decision.record(Event::SuspicionsJudged { outcome: decision.answer.clone() });
    Ok(decision)
}

/// The device's word that what was tried from afar has worked. It clears what its word clears, and is a claim otherwise;
/// a fault that the device has seen since was not mended by it.
pub(crate) fn clear_by_its_word(
    scene: FaultScene,
    answer: &RemoteAnswer,
    at: Timestamp,
    now: Timestamp,
) -> Result<Decision<()>, Refusal> {
    let RemoteAnswer { code, attempt, worked, .. } = *answer;
    let mut judging = Judging::of(scene, now)?;
    judging.see_no_more(Unit::Locker, code, at);
    if bug("restart_reopens_the_locker") {
        judging.locker.faults.remove(&code);
        judging.work_order.strike_fault(Unit::Locker, code, now);
    }
    if judging.outcome.outdated.is_empty() {
        judging.work_order.claim_from_afar(code, at, now);
    } else {
        judging.work_order.try_again(code, now);
    }
    judging.attempts_changed = true;
    let mut decision = judging.conclude();
    let cleared = std::mem::take(&mut decision.answer.cleared);
    decision.record(Event::RemoteRecoveryAnswered { code, attempt, worked, cleared });
    Ok(decision.answer_with(()))
}

/// A locker's faults while they are being judged.
struct Judging {
    now: Timestamp,
    locker: Locker,
    compartments: Vec<Compartment>,
    work_order: WorkOrder,
    /// How bad it was before.
    severity_before: Severity,
    /// The finished work order that a new one replaces.
    archived: Option<WorkOrder>,
    records: Vec<FaultRecord>,
    outcome: FaultOutcome,
    touched: BTreeSet<Unit>,
    /// Whether the call of the team was held so far.
    was_held: bool,
    /// Whether everything that was wrong so far is put aside.
    was_shelved: bool,
    /// Whether what is tried from afar has changed.
    attempts_changed: bool,
}

/// What one unit keeps of its faults.
struct OfUnit<'a> {
    faults: &'a mut OpenFaults,
    suspicions: &'a mut Suspicions,
    checks: &'a mut ChecksOfUnit,
    reopened_at: Option<Timestamp>,
}

impl Judging {
    fn of(scene: FaultScene, now: Timestamp) -> Result<Self, Refusal> {
        let FaultScene { locker, compartments, work_order } = scene;
        let locker = locker.ok_or(Refusal::UnknownLocker)?;
        let (work_order, archived) = WorkOrder::open_or_next(&locker.id, work_order, now);
        let severity_before = work_order.severity;
        Ok(Self {
            now,
            locker,
            compartments,
            severity_before,
            archived,
            records: Vec::new(),
            outcome: FaultOutcome::default(),
            touched: BTreeSet::new(),
            was_held: work_order.is_held(),
            was_shelved: work_order.is_shelved(),
            attempts_changed: false,
            work_order,
        })
    }

    fn unit(&mut self, unit: Unit) -> Option<OfUnit<'_>> {
        match unit {
            Unit::Locker => {
                let Locker { faults, suspicions, checks, reopened_at, .. } = &mut self.locker;
                Some(OfUnit { faults, suspicions, checks, reopened_at: *reopened_at })
            }
            Unit::Compartment(number) => {
                let compartment = self.compartments.iter_mut().find(|it| it.number == number)?;
                let Compartment { faults, suspicions, checks, reopened_at, .. } = compartment;
                Some(OfUnit { faults, suspicions, checks, reopened_at: *reopened_at })
            }
        }
    }

    /// One report of one fault.
    fn weigh(&mut self, reported: &ReportedFault, signal: &Signal, at: Timestamp) {
        let code = reported.code;
        let mut unit = if code.listed().whole_locker { Unit::Locker } else { reported.unit };
        let Some(of_unit) = self.unit(unit) else {
            self.outcome.unknown.push(reported.unit);
            return;
        };
        if of_unit.reopened_at.is_some_and(|reopened_at| at <= reopened_at)
            && !bug("report_from_before_the_repair_counts")
        {
            self.outcome.outdated.push((unit, code));
            return;
        }
        if of_unit.checks.get(&code).is_some_and(|checks| checks.was_gone_since(at)) && *signal == Signal::Device {
            self.outcome.outdated.push((unit, code));
            return;
        }
        let flapping = code.comes_and_goes() && {
            let checks = of_unit.checks.entry(code).or_default();
            checks.see();
            checks.is_flapping()
        };
        if !of_unit.faults.contains_key(&code) {
            let on_probation = of_unit.reopened_at.is_some_and(|it| at.duration_since(it) < PROBATION);
            let trusted = flapping || on_probation || bug("one_report_is_enough");
            if let Some(suspicion) = weigh(of_unit.suspicions.get(&code), code, signal, at, trusted) {
                let vendor_text = suspicion.vendor_text.clone().or_else(|| reported.vendor_text.clone());
                of_unit.suspicions.insert(code, Suspicion { vendor_text, ..suspicion });
                self.outcome.suspected.push((unit, code));
                self.touched.insert(unit);
                return;
            }
            if of_unit.suspicions.remove(&code).is_some() {
                self.touched.insert(unit);
            }
        }
        if unit != Unit::Locker && !self.work_order.has_room_for(unit, code) {
            unit = Unit::Locker;
        }
        self.raise(unit, reported, at);
    }

    /// Opens the fault, or counts it where it is open.
    fn raise(&mut self, unit: Unit, reported: &ReportedFault, at: Timestamp) {
        let work_order = self.work_order.id.clone();
        let Some(of_unit) = self.unit(unit) else { return };
        let raised = record(of_unit.faults, reported, &work_order, at);
        self.touched.insert(unit);
        if raised {
            self.outcome.raised.push((unit, reported.code));
            self.work_order.add_fault(unit, reported.code);
            if self.locker.service.lifecycle.closes() == Closure::Nothing {
                self.work_order.try_from_afar(reported.code, self.now);
            }
            if let Some(before) = &self.archived {
                self.work_order.follow(before, unit, reported.code, self.now);
            }
        } else {
            self.outcome.repeated.push((unit, reported.code));
            self.attempts_changed |= self.work_order.see_again(reported.code, at, self.now);
        }
    }

    /// The device sees a condition no more.
    fn see_no_more(&mut self, unit: Unit, code: FaultCode, at: Timestamp) {
        let unit = if code.listed().whole_locker { Unit::Locker } else { unit };
        let Some(of_unit) = self.unit(unit) else {
            self.outcome.unknown.push(unit);
            return;
        };
        let seen_later = |last_at: Timestamp| last_at > at;
        let later = of_unit.suspicions.get(&code).is_some_and(|it| seen_later(it.last_at))
            || of_unit.faults.get(&code).is_some_and(|it| seen_later(it.last_at));
        if later && !bug("a_late_all_clear_of_a_device_counts") {
            self.outcome.outdated.push((unit, code));
            return;
        }
        let flapping = code.comes_and_goes() && {
            let checks = of_unit.checks.entry(code).or_default();
            checks.see_no_more(at);
            checks.is_flapping()
        };
        if code.comes_and_goes() {
            self.touched.insert(unit);
        }
        // While a repair is being proven, what it has mended is cleared by the proof.
        let being_proven = self.work_order.status == WorkOrderStatus::Repaired || self.work_order.proof_from_afar;
        let Some(of_unit) = self.unit(unit) else { return };
        if of_unit.suspicions.get(&code).is_some_and(Suspicion::is_seen_by_the_device) {
            self.pass(unit, code);
        } else if let Some(fault) = of_unit.faults.get_mut(&code) {
            let clears = !being_proven
                && match code.listed().clears {
                    Clearing::Condition => !code.listed().latches && !flapping,
                    Clearing::Proof => bug("a_device_clears_what_it_has_reported"),
                    Clearing::Return => false,
                };
            if clears {
                let fault = fault.clone();
                of_unit.faults.remove(&code);
                let marks = self.work_order.units.get(&unit);
                let acknowledged = marks.and_then(|it| it.acknowledged.get(&code)).cloned();
                self.work_order.strike_fault(unit, code, self.now);
                let cleared = FaultRecord::cleared(self.locker.id.clone(), unit, code, fault, self.now);
                self.records.push(FaultRecord { acknowledged, ..cleared });
                self.outcome.cleared.push((unit, code));
            } else {
                fault.gone_at = Some(fault.gone_at.map_or(at, |gone_at| gone_at.min(at)));
            }
            self.touched.insert(unit);
        }
    }

    /// A suspicion that came to nothing.
    fn pass(&mut self, unit: Unit, code: FaultCode) {
        if let Some(of_unit) = self.unit(unit)
            && of_unit.suspicions.remove(&code).is_some()
        {
            self.outcome.passed.push((unit, code));
            self.touched.insert(unit);
        }
    }

    fn conclude(self) -> Decision<FaultOutcome> {
        let Self { now, locker, compartments, mut work_order, severity_before, archived, records, .. } = self;
        let Self { outcome, touched, was_held, was_shelved, attempts_changed, .. } = self;
        let mut decision = Decision::new(outcome);
        let FaultOutcome { raised, cleared, .. } = &decision.answer;
        let closing = raised.iter().filter(|(_, code)| code.closes() > Closure::Nothing);
        let closing: BTreeSet<Unit> = closing.map(|(unit, _)| *unit).collect();
        let (any_raised, any_cleared) = (!raised.is_empty(), !cleared.is_empty());
        if any_raised {
            if work_order.severity > severity_before && work_order.opened_at < now {
                work_order.restart_clock(now);
            }
            work_order.weigh(work_order.blast_radius, now);
            if !work_order.is_held() {
                work_order.follow_up(ImpactTask::TellTeam, now);
            }
            for unit in closing.into_iter().filter(|_| !bug("never_displaced")) {
                work_order.follow_up(ImpactTask::displace(unit), now);
            }
        }
        if any_raised || any_cleared || attempts_changed {
            work_order.settle_attempts(was_held, now);
            work_order.wait_anew(was_shelved, now);
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
        decision.changes.extend(records.into_iter().map(State::from));
        decision
    }
}

/// Opens the fault, or counts it where it is open. Tells whether it was opened.
fn record(faults: &mut OpenFaults, reported: &ReportedFault, work_order: &WorkOrderId, at: Timestamp) -> bool {
    if let Some(open) = faults.get_mut(&reported.code) {
        open.occurrences = open.occurrences.saturating_add(1);
        open.last_at = open.last_at.max(at);
        if open.gone_at.is_some_and(|gone_at| gone_at < at) {
            open.gone_at = None;
        }
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
            gone_at: None,
        },
    );
    true
}

#[cfg(test)]
mod tests;

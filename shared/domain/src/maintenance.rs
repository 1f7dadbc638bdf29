//! Planned maintenance: windows of time for which a locker is shut, drained before, and back afterwards by itself.
//!
//! The windows are on the locker's [`ServicePlan`], whose timer is the next moment at which one of them has something
//! to say. [`advance`] does whatever is due by then, so that a sweep may come late, twice or not at all for hours.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::id::PersonId;
use crate::locker::Locker;
use crate::order::HOLD_FOR;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::service::{Lifecycle, ServicePlan, set_lifecycle};
use crate::{SignedDuration, StateKey, Timestamp};

/// How long before a window its locker begins to drain, where nobody says: what is deposited up to then has been
/// collected or has expired when the window begins.
pub const LEAD: SignedDuration = HOLD_FOR;

/// The longest lead: twice what anything waits.
pub const LEAD_MAX: SignedDuration = SignedDuration::from_hours(24 * 14);

/// The longest window. What takes longer is not maintenance: the locker is decommissioned, or built anew.
pub const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How far ahead a window is planned.
pub const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24 * 366);

/// How many windows a plan has at a time: one a month for two years.
pub const WINDOWS_MAX: usize = 24;

/// What somebody plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedWindow {
    pub from: Timestamp,
    pub until: Timestamp,
    /// How long before `from` the locker begins to drain.
    pub lead: SignedDuration,
    pub by: PersonId,
    pub reason: String,
}

/// How far a window has come. What the locker was before is what it is to be again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Phase {
    Planned,
    Draining { was: Lifecycle },
    Shut { was: Lifecycle },
}

/// A time for which a locker is to be shut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Counts the windows of a locker.
    pub number: u32,
    pub drain_from: Timestamp,
    pub from: Timestamp,
    pub until: Timestamp,
    pub by: PersonId,
    pub reason: String,
    pub phase: Phase,
}

impl Window {
    /// When it next has something to say.
    pub fn next_at(&self) -> Timestamp {
        match self.phase {
            Phase::Planned => self.drain_from,
            Phase::Draining { .. } => self.from,
            Phase::Shut { .. } => self.until,
        }
    }

    /// What its locker was before it began, if it has.
    pub fn was(&self) -> Option<Lifecycle> {
        match self.phase {
            Phase::Planned => None,
            Phase::Draining { was } | Phase::Shut { was } => Some(was),
        }
    }

    fn overlaps(&self, drain_from: Timestamp, until: Timestamp) -> bool {
        self.drain_from < until && drain_from < self.until
    }
}

/// What is known when windows are planned, cancelled or due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanScene {
    pub locker: Locker,
    pub plan: Option<ServicePlan>,
}

/// Plans a window. The locker drains and shuts by itself when its time has come, by the next sweep.
///
/// # Errors
/// - [`Refusal::TooLate`]: it would begin in the past.
/// - [`Refusal::WindowOverlaps`] with another one of this locker, draining included.
/// - [`Refusal::PlanFull`]: there are [`WINDOWS_MAX`] windows.
/// - [`Refusal::WrongState`]: the locker is gone for good.
pub fn plan_maintenance(scene: PlanScene, planned: PlannedWindow, now: Timestamp) -> Result<Decision<Window>, Refusal> {
    let PlanScene { locker, plan } = scene;
    if locker.service.lifecycle == Lifecycle::Decommissioned {
        return Err(Refusal::wrong_state(locker.service.lifecycle));
    }
    let PlannedWindow { from, until, lead, by, reason } = planned;
    if from < now {
        return Err(Refusal::TooLate);
    }
    let mut plan = plan.unwrap_or_else(|| ServicePlan::new(locker.id.clone()));
    // What has passed while there was less time than the lead asks for is no drain that somebody could be in the way of.
    let drain_from = (from - lead).max(now);
    if let Some(other) = plan.windows.iter().find(|it| it.overlaps(drain_from, until)) {
        return Err(Refusal::WindowOverlaps { window: other.number });
    }
    if plan.windows.len() >= WINDOWS_MAX {
        return Err(Refusal::PlanFull);
    }
    plan.windows_planned += 1;
    let window = Window { number: plan.windows_planned, drain_from, from, until, by, reason, phase: Phase::Planned };
    plan.windows.push(window.clone());
    plan.windows.sort_by_key(|it| it.from);
    let mut decision = Decision::new(window);
    // A locker that is decommissioned meanwhile has nothing planned any more.
    decision.require_unchanged(StateKey::Locker(locker.id));
    decision.change(plan);
    decision.record(Event::MaintenancePlanned { window: decision.answer.number, from, until });
    Ok(decision)
}

/// Takes a window off the plan. One that has begun ends at once.
///
/// # Errors
/// [`Refusal::UnknownWindow`]: there is none of that number, or it is over.
pub fn cancel_maintenance(
    scene: PlanScene,
    number: u32,
    by: PersonId,
    now: Timestamp,
) -> Result<Decision<Window>, Refusal> {
    let PlanScene { mut locker, plan } = scene;
    let mut plan = plan.ok_or(Refusal::UnknownWindow)?;
    let at = plan.windows.iter().position(|it| it.number == number).ok_or(Refusal::UnknownWindow)?;
    let window = plan.windows.remove(at);
    let mut decision = Decision::new(window.clone());
    decision.record(Event::MaintenanceCancelled { window: number });
    if let Some(was) = window.was().filter(|was| *was != locker.service.lifecycle) {
        let from = locker.service.lifecycle;
        set_lifecycle(&mut locker, &mut plan, was, None, now);
        decision.change(locker);
        decision.record(Event::LifecycleChanged { from, to: was, by: Some(by), reason: window.reason });
    }
    decision.change(plan);
    Ok(decision)
}

/// Does what the windows of a locker ask for by now: drains it, shuts it, gives it back as it was. One whose whole
/// time has passed unseen is over without an effect. What faults have closed meanwhile they keep closed.
pub fn advance(scene: PlanScene, now: Timestamp) -> Decision<()> {
    let PlanScene { mut locker, plan } = scene;
    let mut decision = Decision::new(());
    let Some(mut plan) = plan.filter(|plan| plan.windows.iter().any(|it| it.next_at() <= now)) else {
        return decision;
    };
    let before = locker.service;
    let mut reason = String::new();
    while let Some(mut window) = plan.windows.first().filter(|it| it.next_at() <= now).cloned() {
        reason.clone_from(&window.reason);
        let lifecycle = locker.service.lifecycle;
        let was = window.was().unwrap_or(lifecycle);
        if window.until <= now {
            plan.windows.remove(0);
            if window.was().is_some() && was != lifecycle && !bug("maintenance_never_ends") {
                set_lifecycle(&mut locker, &mut plan, was, None, now);
            }
            continue;
        }
        let (phase, to) = if window.from <= now {
            (Phase::Shut { was }, Lifecycle::Maintenance)
        } else {
            (Phase::Draining { was }, Lifecycle::Draining)
        };
        // One that is not in use anyway, or that people have shut already, stays as it is.
        if lifecycle == Lifecycle::Active || (lifecycle == Lifecycle::Draining && to == Lifecycle::Maintenance) {
            set_lifecycle(&mut locker, &mut plan, to, Some(window.until), now);
        }
        window.phase = phase;
        plan.windows[0] = window;
    }
    if locker.service != before {
        let (from, to) = (before.lifecycle, locker.service.lifecycle);
        decision.record(Event::LifecycleChanged { from, to, by: None, reason });
        decision.change(locker);
    } else {
        decision.require_unchanged(StateKey::Locker(locker.id));
    }
    decision.change(plan);
    decision
}

#[cfg(test)]
mod tests;

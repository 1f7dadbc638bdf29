//! What people decide about a locker and its compartments: whether they serve, and what follows from that.
//!
//! Health is what devices say, service is what people decide; neither changes the other. What both close together is
//! computed where it is asked. What a decision means for customers is on the list of the locker's [`ServicePlan`],
//! written by the same commit and worked off like that of a work order.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::compartment::{Compartment, Occupancy, Service};
use crate::decision::{Decision, Event};
use crate::fault::{Closure, Unit};
use crate::id::{CompartmentNumber, LockerId, OrderId, PersonId};
use crate::impact::{self, ImpactTask, ShutTime};
use crate::locker::Locker;
use crate::maintenance::Window;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::{State, Timestamp};

/// Where a locker is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Registered and being built: nothing goes in yet.
    Commissioning,
    #[default]
    Active,
    /// It empties: what is inside can be collected and what was booked before may come, nothing new is booked.
    Draining,
    /// People work on it: nothing in, nothing out.
    Maintenance,
    /// Gone for good.
    Decommissioned,
}

impl Lifecycle {
    /// What it forbids at every door. Draining forbids no deposit: who has a place keeps it.
    pub fn closes(self) -> Closure {
        match self {
            Lifecycle::Active | Lifecycle::Draining => Closure::Nothing,
            Lifecycle::Commissioning | Lifecycle::Maintenance | Lifecycle::Decommissioned => {
                Closure::DepositsAndPickups
            }
        }
    }

    /// Whether new orders are possible.
    pub fn takes_bookings(self) -> bool {
        match self {
            Lifecycle::Active => true,
            Lifecycle::Commissioning | Lifecycle::Draining | Lifecycle::Maintenance | Lifecycle::Decommissioned => {
                false
            }
        }
    }

    /// Whether it may become the other. What is gone stays gone, and what serves is drained before it goes: from then
    /// on nothing new can come, so that what is empty stays empty.
    pub fn may_become(self, to: Lifecycle) -> bool {
        use Lifecycle::*;
        match (self, to) {
            (Commissioning, Active | Decommissioned)
            | (Active, Draining | Maintenance)
            | (Draining, Active | Maintenance | Decommissioned)
            | (Maintenance, Active | Draining | Decommissioned) => true,
            (Commissioning, Commissioning | Draining | Maintenance)
            | (Active, Commissioning | Active | Decommissioned)
            | (Draining, Commissioning | Draining)
            | (Maintenance, Commissioning | Maintenance)
            | (Decommissioned, Commissioning | Active | Draining | Maintenance | Decommissioned) => false,
        }
    }
}

impl fmt::Display for Lifecycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Lifecycle::Commissioning => "commissioning",
            Lifecycle::Active => "active",
            Lifecycle::Draining => "draining",
            Lifecycle::Maintenance => "maintenance",
            Lifecycle::Decommissioned => "decommissioned",
        })
    }
}

/// Whether a locker serves, since when, and until when where that is planned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockerService {
    pub lifecycle: Lifecycle,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// When it is to serve again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl LockerService {
    /// As it is registered.
    pub fn new(lifecycle: Lifecycle) -> Self {
        Self { lifecycle, since: None, until: None }
    }

    /// Active since ever: what is not written down.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Service {
    /// What it forbids at the door. Draining forbids no deposit: who has a place keeps it.
    pub fn closes(self) -> Closure {
        match self {
            Service::InService | Service::Draining => Closure::Nothing,
            Service::Blocked | Service::Decommissioned => Closure::DepositsAndPickups,
        }
    }

    /// Whether it may become the other: everything but itself, and nothing once it is gone.
    pub fn may_become(self, to: Service) -> bool {
        self != to && self != Service::Decommissioned
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Service::InService => "in_service",
            Service::Draining => "draining",
            Service::Blocked => "blocked",
            Service::Decommissioned => "decommissioned",
        })
    }
}

/// What was decided about the service of one locker and is still to be done: its item carries the timers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServicePlan {
    pub locker: LockerId,
    /// The compartments that are not in service. Which way is with them; whoever tells the device has to know where
    /// to look.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub out_of_service: BTreeSet<CompartmentNumber>,
    /// When it is to be shut, in the order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// How many windows were ever planned.
    #[serde(default)]
    pub windows_planned: u32,
    /// What is still to be done for people because of what was decided, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub impact: Vec<ImpactTask>,
    /// When to look whether that was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_due_at: Option<Timestamp>,
}

impl ServicePlan {
    /// The plan of a locker about which nothing was decided yet.
    pub fn new(locker: LockerId) -> Self {
        Self {
            locker,
            out_of_service: BTreeSet::new(),
            windows: Vec::new(),
            windows_planned: 0,
            impact: Vec::new(),
            impact_due_at: None,
        }
    }

    /// When somebody has to look at it again.
    pub fn due_at(&self) -> Option<Timestamp> {
        let windows = self.windows.iter().map(Window::next_at);
        windows.chain(self.impact_due_at).min()
    }

    /// Adds something that has to be done for people, unless it is on the list from its start already.
    pub fn follow_up(&mut self, task: ImpactTask, now: Timestamp) {
        impact::add(&mut self.impact, &mut self.impact_due_at, task, now);
    }

    /// Puts what is left of the first task in its place, or strikes it off.
    pub fn advance_impact(&mut self, rest: Option<ImpactTask>, now: Timestamp) {
        impact::advance(&mut self.impact, &mut self.impact_due_at, rest, now);
    }

    /// What a unit that was open to pickups, or shut since then, and now is or is not, means for people.
    fn unit_changed(&mut self, unit: Unit, before: (Closure, Option<Timestamp>), after: Closure, now: Timestamp) {
        let (before, since) = before;
        if after > before && !bug("service_displaces_nobody") {
            self.follow_up(ImpactTask::displace(unit), now);
        }
        if after < before {
            let was_shut = since.map(|since| ShutTime { since, until: now });
            if !bug("reopening_tells_nobody") {
                self.follow_up(ImpactTask::all_clear(unit, was_shut), now);
            }
        }
    }
}

/// Who decided something about the service of a locker or a compartment, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided<T> {
    pub to: T,
    pub by: PersonId,
    pub reason: String,
}

/// A compartment that keeps its locker from being decommissioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inside {
    pub compartment: CompartmentNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// Whether the parcel is there, or on its way. Nobody knows where device and records disagree: the order is the recorded one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposited: Option<bool>,
}

/// How many compartments a refusal names.
pub const INSIDE_NAMED_MAX: usize = 20;

impl Inside {
    fn of(compartment: &Compartment) -> Option<Self> {
        let (order, deposited) = match &compartment.occupancy {
            Occupancy::Free => return None,
            Occupancy::Reserved { order } => (Some(order.clone()), Some(false)),
            Occupancy::Occupied { order } => (Some(order.clone()), Some(true)),
            Occupancy::Unknown { recorded } => (recorded.clone(), None),
        };
        Some(Self { compartment: compartment.number, order, deposited })
    }
}

/// Nothing is taken away with a parcel in it or on its way to it.
fn check_empty<'a>(compartments: impl IntoIterator<Item = &'a Compartment>) -> Result<(), Refusal> {
    if bug("decommissioning_forgets_what_is_inside") {
        return Ok(());
    }
    let mut inside: Vec<Inside> = compartments.into_iter().filter_map(Inside::of).collect();
    if inside.is_empty() {
        return Ok(());
    }
    let count = inside.len() as u32;
    inside.truncate(INSIDE_NAMED_MAX);
    Err(Refusal::NotEmpty { count, inside })
}

/// What is known when people decide about a locker. Its compartments are looked at only where it is to go for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleScene {
    pub locker: Locker,
    pub plan: Option<ServicePlan>,
    pub compartments: Vec<Compartment>,
}

/// Moves a locker on in its life, by a person's decision.
///
/// Where it shuts, orders on their way get other places and the deadlines of what is inside stand still; where it
/// opens, they run on. That is on the list of its plan, in the same commit.
///
/// # Errors
/// - [`Refusal::WrongState`] where the one does not follow the other: what is decommissioned stays so, and what is
///   active is drained first.
/// - [`Refusal::NotEmpty`]: something is inside or on its way to it.
pub fn change_lifecycle(
    scene: LifecycleScene,
    decided: Decided<Lifecycle>,
    now: Timestamp,
) -> Result<Decision<Locker>, Refusal> {
    let LifecycleScene { mut locker, plan, compartments } = scene;
    let from = locker.service.lifecycle;
    if !from.may_become(decided.to) {
        return Err(Refusal::wrong_state(from));
    }
    if decided.to == Lifecycle::Decommissioned {
        check_empty(&compartments)?;
    }
    let mut plan = plan.unwrap_or_else(|| ServicePlan::new(locker.id.clone()));
    // Who decides by hand while a window is under way has ended it; what goes for good has nothing before it.
    plan.windows.retain(|it| it.was().is_none() && decided.to != Lifecycle::Decommissioned);
    set_lifecycle(&mut locker, &mut plan, decided.to, None, now);
    let mut decision = Decision::new(locker.clone());
    decision.change(locker);
    decision.change(plan);
    let Decided { to, by, reason } = decided;
    decision.record(Event::LifecycleChanged { from, to, by: Some(by), reason });
    Ok(decision)
}

/// Sets it, and puts on the list what follows.
pub(crate) fn set_lifecycle(
    locker: &mut Locker,
    plan: &mut ServicePlan,
    to: Lifecycle,
    until: Option<Timestamp>,
    now: Timestamp,
) {
    let before = (locker.service.lifecycle.closes(), locker.service.since);
    locker.service = LockerService { lifecycle: to, since: Some(now), until };
    plan.unit_changed(Unit::Locker, before, to.closes(), now);
}

/// What is known when people decide about a compartment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceScene {
    pub locker: Locker,
    pub compartment: Compartment,
    pub plan: Option<ServicePlan>,
}

/// Takes a compartment out of service or back into it, by a person's decision. What follows for people is as with
/// [`change_lifecycle`]. One that is decommissioned is not counted among those of its size any more.
///
/// # Errors
/// - [`Refusal::WrongState`] where it is so already, or decommissioned.
/// - [`Refusal::NotEmpty`]: a parcel is in it or on its way to it.
pub fn change_service(
    scene: ServiceScene,
    decided: Decided<Service>,
    now: Timestamp,
) -> Result<Decision<Compartment>, Refusal> {
    let ServiceScene { mut locker, mut compartment, plan } = scene;
    let from = compartment.service;
    if !from.may_become(decided.to) {
        return Err(Refusal::wrong_state(from));
    }
    let mut counted: Option<State> = None;
    if decided.to == Service::Decommissioned {
        check_empty([&compartment])?;
        if let Some((_, count)) = locker.sizes.iter_mut().find(|(size, _)| *size == compartment.size) {
            *count = count.saturating_sub(1);
            counted = Some(locker.into());
        }
    }
    let mut plan = plan.unwrap_or_else(|| ServicePlan::new(compartment.locker.clone()));
    let before = (from.closes(), compartment.service_since);
    compartment.service = decided.to;
    compartment.service_since = Some(now);
    match decided.to {
        Service::InService => plan.out_of_service.remove(&compartment.number),
        Service::Draining | Service::Blocked | Service::Decommissioned => {
            plan.out_of_service.insert(compartment.number)
        }
    };
    plan.unit_changed(Unit::Compartment(compartment.number), before, decided.to.closes(), now);
    let mut decision = Decision::new(compartment.clone());
    let Decided { to, by, reason } = decided;
    decision.record(Event::ServiceChanged { compartment: compartment.number, from, to, by, reason });
    decision.change(compartment);
    decision.changes.extend(counted);
    decision.change(plan);
    Ok(decision)
}

#[cfg(test)]
mod tests;

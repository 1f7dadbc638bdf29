//! Everything that is kept, and the names it is kept under.

use crate::bundle::Bundle;
use crate::case::Case;
use crate::compartment::Compartment;
use crate::day::Day;
use crate::delivery::Delivery;
use crate::door::Door;
use crate::expected_back::RepairTimes;
use crate::fault::{FaultRecord, Unit};
use crate::feedback::Feedback;
use crate::figures::LockerDay;
use crate::heartbeat::Heartbeat;
use crate::id::{
    BundleId, CaseId, CompartmentNumber, LockerId, OrderId, PersonId, RegionId, ShopId, SiteId, TeamId, WorkOrderId,
};
use crate::incident::{Incident, IncidentId};
use crate::locker::Locker;
use crate::order::Order;
use crate::pacing::Correspondence;
use crate::person::{Person, Preferences};
use crate::presence::Presence;
use crate::preventive::PreventiveWork;
use crate::service::ServicePlan;
use crate::shop::Shop;
use crate::suspicion;
use crate::team::Team;
use crate::usage::Usage;
use crate::visit::SiteVisit;
use crate::work_order::WorkOrder;
use crate::{Timestamp, fault::FaultCode};

/// The name of one state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StateKey {
    Locker(LockerId),
    Compartment(LockerId, CompartmentNumber),
    Presence(LockerId),
    /// What was decided about the service of a locker and is still to be done.
    ServicePlan(LockerId),
    Heartbeat(LockerId),
    Door(LockerId, CompartmentNumber),
    /// How the doors of a locker are used, looked at once an hour.
    Usage(LockerId),
    /// What is due at doors that still work.
    PreventiveWork(LockerId),
    /// One day of a locker, for figures.
    LockerDay(RegionId, LockerId, Day),
    FaultRecord {
        locker: LockerId,
        unit: Unit,
        code: FaultCode,
        raised_at: Timestamp,
    },
    /// How long repairs of a fault code have taken in the whole network.
    RepairTimes(FaultCode),
    /// The latest work order of a locker, whatever its number.
    WorkOrder(LockerId),
    /// A work order that a later one has replaced.
    ArchivedWorkOrder(WorkOrderId),
    /// The latest incident of a region and a fault code.
    Incident(RegionId, FaultCode),
    /// An incident that a later one has replaced.
    ArchivedIncident(IncidentId),
    /// The latest visit to a site.
    SiteVisit(RegionId, SiteId),
    Team(RegionId, TeamId),
    Order(OrderId),
    Bundle(BundleId),
    Shop(ShopId),
    Preferences(PersonId),
    /// When a customer was written to lately.
    Correspondence(PersonId),
    Delivery(OrderId),
    Feedback(OrderId),
    Case(CaseId),
    Person(PersonId),
}

/// A state by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Locker(Locker),
    Compartment(Compartment),
    Presence(Presence),
    ServicePlan(ServicePlan),
    Heartbeat(Heartbeat),
    Door(Door),
    Usage(Usage),
    PreventiveWork(PreventiveWork),
    LockerDay(LockerDay),
    FaultRecord(FaultRecord),
    RepairTimes(RepairTimes),
    WorkOrder(WorkOrder),
    ArchivedWorkOrder(WorkOrder),
    Incident(Incident),
    ArchivedIncident(Incident),
    SiteVisit(SiteVisit),
    Team(Team),
    Order(Order),
    Bundle(Bundle),
    Shop(Shop),
    Preferences(Preferences),
    Correspondence(Correspondence),
    Delivery(Delivery),
    Feedback(Feedback),
    Case(Case),
    Person(Person),
}

impl State {
    /// The name it is kept under.
    pub fn key(&self) -> StateKey {
        match self {
            State::Locker(it) => StateKey::Locker(it.id.clone()),
            State::Compartment(it) => StateKey::Compartment(it.locker.clone(), it.number),
            State::Presence(it) => StateKey::Presence(it.locker.clone()),
            State::ServicePlan(it) => StateKey::ServicePlan(it.locker.clone()),
            State::Heartbeat(it) => StateKey::Heartbeat(it.locker.clone()),
            State::Door(it) => StateKey::Door(it.locker.clone(), it.number),
            State::Usage(it) => StateKey::Usage(it.locker.clone()),
            State::PreventiveWork(it) => StateKey::PreventiveWork(it.locker.clone()),
            State::LockerDay(it) => StateKey::LockerDay(it.region.clone(), it.locker.clone(), it.day),
            State::FaultRecord(it) => StateKey::FaultRecord {
                locker: it.locker.clone(),
                unit: it.unit,
                code: it.code,
                raised_at: it.fault.raised_at,
            },
            State::RepairTimes(it) => StateKey::RepairTimes(it.code),
            State::WorkOrder(it) => StateKey::WorkOrder(it.id.locker.clone()),
            State::ArchivedWorkOrder(it) => StateKey::ArchivedWorkOrder(it.id.clone()),
            State::Incident(it) => StateKey::Incident(it.id.region.clone(), it.id.code),
            State::ArchivedIncident(it) => StateKey::ArchivedIncident(it.id.clone()),
            State::SiteVisit(it) => StateKey::SiteVisit(it.region.clone(), it.site.clone()),
            State::Team(it) => StateKey::Team(it.region.clone(), it.id.clone()),
            State::Order(it) => StateKey::Order(it.id.clone()),
            State::Bundle(it) => StateKey::Bundle(it.id.clone()),
            State::Shop(it) => StateKey::Shop(it.id.clone()),
            State::Preferences(it) => StateKey::Preferences(it.customer.clone()),
            State::Correspondence(it) => StateKey::Correspondence(it.customer.clone()),
            State::Delivery(it) => StateKey::Delivery(it.order.clone()),
            State::Feedback(it) => StateKey::Feedback(it.order.clone()),
            State::Case(it) => StateKey::Case(it.id.clone()),
            State::Person(it) => StateKey::Person(it.id.clone()),
        }
    }

    /// When somebody has to look at it again, if ever. Whatever waits carries its own timer, so that no timer
    /// outlives what it was set for.
    pub fn due_at(&self) -> Option<Timestamp> {
        match self {
            State::Presence(it) => it.due_at(),
            State::ServicePlan(it) => it.due_at(),
            State::Heartbeat(it) => it.due_at(),
            State::Door(it) => it.due_at(),
            State::WorkOrder(it) => it.due_at(),
            State::Incident(it) => it.look_at,
            State::Locker(it) => suspicion::judged_at(&it.suspicions),
            State::Compartment(it) => suspicion::judged_at(&it.suspicions),
            State::FaultRecord(it) => it.count_at,
            State::Usage(it) => it.look_at,
            State::Order(it) => it.due_at(),
            State::Case(it) => it.due_at(),
            State::RepairTimes(_)
            | State::PreventiveWork(_)
            | State::LockerDay(_)
            | State::ArchivedWorkOrder(_)
            | State::ArchivedIncident(_)
            | State::SiteVisit(_)
            | State::Team(_)
            | State::Bundle(_)
            | State::Shop(_)
            | State::Preferences(_)
            | State::Correspondence(_)
            | State::Delivery(_)
            | State::Feedback(_)
            | State::Person(_) => None,
        }
    }
}

macro_rules! states {
    ($($name:ident)*) => {$(
        impl From<$name> for State {
            fn from(it: $name) -> State {
                State::$name(it)
            }
        }

        impl TryFrom<State> for $name {
            type Error = State;
            fn try_from(state: State) -> Result<Self, State> {
                match state {
                    State::$name(it) => Ok(it),
                    other => Err(other),
                }
            }
        }
    )*};
}

states! { Locker Compartment Presence ServicePlan Heartbeat Door Usage PreventiveWork LockerDay FaultRecord RepairTimes SiteVisit Team Order Bundle Shop Preferences Correspondence Delivery Feedback Case Person }

impl From<WorkOrder> for State {
    fn from(it: WorkOrder) -> State {
        State::WorkOrder(it)
    }
}

impl TryFrom<State> for WorkOrder {
    type Error = State;
    fn try_from(state: State) -> Result<Self, State> {
        match state {
            State::WorkOrder(it) | State::ArchivedWorkOrder(it) => Ok(it),
            other => Err(other),
        }
    }
}

impl From<Incident> for State {
    fn from(it: Incident) -> State {
        State::Incident(it)
    }
}

impl TryFrom<State> for Incident {
    type Error = State;
    fn try_from(state: State) -> Result<Self, State> {
        match state {
            State::Incident(it) | State::ArchivedIncident(it) => Ok(it),
            other => Err(other),
        }
    }
}

//! The reference model: what must be so, told from nothing but what the history says has happened, in its order. It
//! knows none of the rules.

use std::collections::{BTreeMap, BTreeSet};

use domain::compartment::Occupancy;
use domain::decision::Event;
use domain::fault::{FaultCode, Unit};
use domain::id::{CaseId, CompartmentNumber, LockerId, OrderId, WorkOrderId};
use domain::place::Place;
use domain::{State, StateKey};

use super::{Verdict, holds};
use crate::world::World;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parcel {
    place: Place,
    status: &'static str,
    stopped: bool,
    /// Whether it has been put in at any time.
    came: bool,
    moves: u32,
    driver: Option<String>,
    /// What is reserved for it while it is fetched.
    goes_to: Option<Place>,
    /// Where it was last trapped or missed.
    missed_from: Option<Place>,
    /// What it was when its customer last chose.
    before_choice: &'static str,
}

#[derive(Debug, Default)]
struct Site {
    faults: BTreeSet<(Unit, FaultCode)>,
    work_order: Option<(u32, &'static str)>,
    link: Option<&'static str>,
}

#[derive(Debug, Default)]
struct Model {
    parcels: BTreeMap<OrderId, Parcel>,
    sites: BTreeMap<LockerId, Site>,
    cases: BTreeMap<CaseId, &'static str>,
    /// Of which nobody knows what is inside.
    disputed: BTreeSet<(LockerId, CompartmentNumber)>,
}

impl Model {
    fn order_event(&mut self, id: &OrderId, event: &Event) {
        let looked_into = match event {
            Event::ContentsSettled { door, .. } => Some((door.locker.clone(), door.compartment)),
            Event::ParcelMissed { from: Place::Compartment { locker, compartment }, .. }
            | Event::ParcelFound { place: Place::Compartment { locker, compartment }, .. } => {
                Some((locker.clone(), *compartment))
            }
            _ => None,
        };
        if let Some(door) = looked_into {
            self.disputed.remove(&door);
        }
        if let Event::OrderPlaced { place } = event {
            let (place, status) = (place.clone(), "placed");
            self.parcels.insert(
                id.clone(),
                Parcel {
                    place,
                    status,
                    stopped: false,
                    came: false,
                    moves: 1,
                    driver: None,
                    goes_to: None,
                    missed_from: None,
                    before_choice: status,
                },
            );
        }
        let Some(parcel) = self.parcels.get_mut(id) else { return };
        let move_to = |parcel: &mut Parcel, place: &Place| {
            parcel.status = if *place == Place::Asked { "rerouting" } else { "rerouted" };
            parcel.place = place.clone();
            parcel.moves += 1;
            parcel.driver = None;
        };
        match event {
            Event::OrderCancelled => parcel.status = "cancelled",
            Event::DepositAuthorised { driver, .. } => parcel.driver = Some(driver.to_string()),
            Event::ParcelDeposited { .. } => {
                parcel.status = "deposited";
                parcel.came = true;
            }
            Event::ReservationExpired { .. } | Event::PickupExpired { .. } | Event::ReturnAbandoned { .. } => {
                parcel.status = "expired";
            }
            Event::PickupExtended { stopped, .. } if parcel.status == "expired" => {
                parcel.status = "deposited";
                parcel.stopped = *stopped;
            }
            Event::ReturnStarted { .. } => parcel.status = "recovery",
            Event::ParcelReturned { .. } => {
                parcel.status = "returned";
                parcel.place = Place::Sender;
                parcel.moves += 1;
            }
            Event::RecoveryStarted { to, .. } => {
                parcel.status = "recovery";
                parcel.stopped = true;
                parcel.goes_to = Some(to.clone());
            }
            Event::RecoveryRedirected { to, .. } => parcel.goes_to = Some(to.clone()),
            Event::ParcelTaken { .. } => {
                parcel.place = Place::Custody;
                parcel.moves += 1;
            }
            Event::ParcelMissed { from, .. } => {
                parcel.missed_from = Some(from.clone());
                parcel.status = "recovery";
                parcel.place = Place::Missing;
                parcel.stopped = true;
                parcel.moves += 1;
                parcel.goes_to = None;
            }
            Event::ParcelFound { place, stopped, moved, .. } => {
                parcel.status = "deposited";
                parcel.came = true;
                parcel.place = place.clone();
                parcel.stopped = *stopped;
                parcel.moves += u32::from(*moved);
                parcel.goes_to = None;
            }
            Event::RecoveryAbandoned { resumed, .. } => {
                parcel.status = "deposited";
                parcel.stopped = !resumed;
                parcel.goes_to = None;
            }
            Event::ParcelPlaced { .. } => {
                parcel.status = "deposited";
                parcel.stopped = false;
                parcel.moves += 1;
                if let Some(place) = parcel.goes_to.take() {
                    parcel.place = place;
                }
            }
            Event::ParcelCollected { .. } => {
                // One that was missing had been collected where it was.
                parcel.moves += u32::from(parcel.place == Place::Missing);
                if let (Place::Missing, Some(from)) = (&parcel.place, parcel.missed_from.take()) {
                    parcel.place = from;
                }
                parcel.goes_to = None;
                parcel.status = "collected";
                parcel.stopped = false;
            }
            Event::PickupDelayed { .. } | Event::PickupStopped { .. } => parcel.stopped = true,
            Event::PickupResumed { .. } => parcel.stopped = false,
            Event::OrderRerouted { to, .. } | Event::QuestionWithdrawn { to } | Event::ReroutedBySupport { to, .. } => {
                move_to(parcel, to)
            }
            Event::CompartmentChanged { to, .. } => {
                parcel.place = to.clone();
                parcel.driver = None;
            }
            Event::PlaceChosen { to } => {
                parcel.before_choice = parcel.status;
                move_to(parcel, to);
            }
            Event::ChoiceUndone { to } => {
                move_to(parcel, to);
                parcel.status = parcel.before_choice;
            }
            _ => {}
        }
    }

    fn locker_event(&mut self, id: &LockerId, event: &Event) {
        let site = self.sites.entry(id.clone()).or_default();
        let raise = |site: &mut Site, raised: &[(Unit, FaultCode)]| {
            if raised.is_empty() {
                return;
            }
            site.faults.extend(raised);
            site.work_order = match site.work_order {
                None => Some((1, "open")),
                Some((number, "verified" | "cancelled")) => Some((number + 1, "open")),
                Some((number, "repaired")) => Some((number, "in_progress")),
                other => other,
            };
        };
        let became = |site: &mut Site, status: &'static str| {
            if let Some(work_order) = &mut site.work_order {
                work_order.1 = status;
            }
        };
        match event {
            Event::FaultsReported { outcome, .. } | Event::SuspicionsJudged { outcome } => {
                site.faults.retain(|fault| !outcome.cleared.contains(fault));
                raise(site, &outcome.raised);
                if !outcome.cleared.is_empty() && site.faults.is_empty() {
                    became(site, "verified");
                }
            }
            Event::RemoteRecoveryAnswered { cleared, .. } => {
                site.faults.retain(|fault| !cleared.contains(fault));
                if !cleared.is_empty() && site.faults.is_empty() {
                    became(site, "verified");
                }
            }
            Event::OccupancyDisagreed { outcome, .. } => raise(site, &outcome.raised),
            Event::FoundOffline => {
                site.link = Some("down");
                raise(site, &[(Unit::Locker, FaultCode::NetworkLost)]);
            }
            Event::Connected => {
                site.link = Some("up");
                site.faults.remove(&(Unit::Locker, FaultCode::NetworkLost));
            }
            Event::Disconnected if site.link != Some("down") => site.link = Some("grace"),
            Event::WorkOrderAcknowledged { .. } => became(site, "acknowledged"),
            Event::WorkOrderStarted { .. } | Event::TestOpeningFailed { .. } => became(site, "in_progress"),
            Event::WorkOrderHeld { .. } => became(site, "on_hold"),
            Event::RepairReported { .. } => became(site, "repaired"),
            Event::WorkOrderCancelled { cleared, .. } => {
                site.faults.retain(|fault| !cleared.contains(fault));
                became(site, "cancelled");
            }
            Event::RepairVerified { cleared } => {
                // A locker whose return was the last proof is up again.
                if site.link == Some("down") {
                    site.link = Some("up");
                }
                site.faults.retain(|fault| !cleared.contains(fault));
                became(site, "verified");
            }
            _ => {}
        }
    }

    fn case_event(&mut self, id: &CaseId, event: &Event) {
        let became = match event {
            // Who is given a case that waits for its customer waits as well.
            Event::CaseAssigned { .. } if self.cases.get(id) == Some(&"awaiting_customer") => return,
            Event::CaseAssigned { .. } | Event::CustomerAnswered => "assigned",
            Event::CustomerAsked { .. } => "awaiting_customer",
            Event::CaseDecided { .. } => "decided",
            Event::CaseClosed { .. } | Event::CaseUnanswered | Event::CaseJoined { .. } => "closed",
            Event::CaseReopened { .. } => "reopened",
            _ => return,
        };
        self.cases.insert(id.clone(), became);
    }

    /// Who holds which compartment.
    fn held(&self) -> BTreeMap<(LockerId, CompartmentNumber), Occupancy> {
        let mut held = BTreeMap::new();
        for (order, parcel) in &self.parcels {
            if let Some(Place::Compartment { locker, compartment }) = &parcel.goes_to {
                held.insert((locker.clone(), *compartment), Occupancy::Reserved { order: order.clone() });
            }
            let Place::Compartment { locker, compartment } = &parcel.place else { continue };
            let occupancy = match parcel.status {
                "placed" | "rerouted" => Occupancy::Reserved { order: order.clone() },
                "deposited" | "recovery" => Occupancy::Occupied { order: order.clone() },
                "expired" if parcel.came => Occupancy::Occupied { order: order.clone() },
                _ => continue,
            };
            held.insert((locker.clone(), *compartment), occupancy);
        }
        held
    }
}

/// I26: the final state equals the reference model's.
pub fn the_final_state_is_the_models(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    let mut model = Model::default();
    for commit in &history.commits {
        for (subject, entry) in &commit.events {
            let id = |prefix: &str| subject.pk.strip_prefix(prefix);
            if let Some(Ok(order)) = id("ORDER#").map(str::parse) {
                model.order_event(&order, &entry.event);
            } else if let Some(Ok(locker)) = id("LOCKER#").map(str::parse) {
                model.locker_event(&locker, &entry.event);
                match &entry.event {
                    Event::OccupancyDisagreed { compartments, .. } => {
                        model.disputed.extend(compartments.iter().map(|number| (locker.clone(), *number)));
                    }
                    Event::ContentsSettled { door, .. } => {
                        model.disputed.remove(&(door.locker.clone(), door.compartment));
                    }
                    _ => {}
                }
            } else if let Some(Ok(case)) = id("CASE#").map(str::parse) {
                model.case_event(&case, &entry.event);
            }
        }
    }
    let mut held = model.held();
    for state in history.states.values() {
        match state {
            State::Order(it) => {
                let (place, status, driver) =
                    (&it.place, it.status.to_string(), it.driver.as_ref().map(ToString::to_string));
                let same = model.parcels.get(&it.id).is_some_and(|parcel| {
                    parcel.place == *place
                        && parcel.status == status
                        && parcel.stopped == it.pickup_stopped_at.is_some()
                        && parcel.moves == it.place_epoch
                        && parcel.driver == driver
                });
                holds(same, || format!("order {it:?} by the model is {:?}", model.parcels.get(&it.id)))?;
            }
            State::Compartment(it) => {
                let door = (it.locker.clone(), it.number);
                let expected = held.remove(&door).unwrap_or(Occupancy::Free);
                let expected = match expected {
                    _ if !model.disputed.contains(&door) => expected,
                    Occupancy::Reserved { order } | Occupancy::Occupied { order } => {
                        Occupancy::Unknown { recorded: Some(order) }
                    }
                    Occupancy::Free | Occupancy::Unknown { .. } => Occupancy::Unknown { recorded: None },
                };
                let occupancy = &it.occupancy;
                holds(*occupancy == expected, || {
                    format!("{}.{} is {occupancy:?}, by the model {expected:?}", it.locker, it.number)
                })?;
            }
            State::Locker(it) => {
                let known: BTreeSet<(Unit, FaultCode)> = it
                    .faults
                    .keys()
                    .map(|code| (Unit::Locker, *code))
                    .chain(history.compartments_of(&it.id).flat_map(|compartment| {
                        compartment.faults.keys().map(|code| (Unit::Compartment(compartment.number), *code))
                    }))
                    .collect();
                let empty = Site::default();
                let site = model.sites.get(&it.id).unwrap_or(&empty);
                holds(known == site.faults, || {
                    format!("{} has faults {known:?}, by the model {:?}", it.id, site.faults)
                })?;
                let work_order = history.work_order(&it.id).map(|it| (it.id.number, it.status.to_string()));
                let expected = site.work_order.map(|(number, status)| (number, status.to_owned()));
                holds(work_order == expected, || {
                    format!("{} has work order {work_order:?}, by the model {expected:?}", it.id)
                })?;
            }
            State::Case(it) => {
                let expected = model.cases.get(&it.id).copied().unwrap_or("received");
                holds(it.status.to_string() == expected, || {
                    format!("case {} is {}, by the model {expected}", it.id, it.status)
                })?;
            }
            _ => {}
        }
    }
    holds(held.is_empty(), || format!("compartments that nobody knows hold {held:?}"))?;
    let known = |id: &WorkOrderId| history.states.contains_key(&StateKey::ArchivedWorkOrder(id.clone()));
    for (locker, site) in &model.sites {
        let latest = site.work_order.map_or(0, |(number, _)| number);
        let missing = (1..latest).map(|number| WorkOrderId { locker: locker.clone(), number }).find(|id| !known(id));
        holds(missing.is_none(), || format!("{missing:?} was replaced and is not kept"))?;
    }
    Ok(())
}

//! A locker tells what happened at its doors, what came of what it tried from afar, and what it keeps closed.
//! Triggers: the rules `ParcelEvent` and `ShadowReported` in template.yaml. Samples: events/parcel-events.

use std::cell::Cell;
use std::collections::BTreeMap;

use aws::apply::{Applied, ApplyError, Cause, apply, list, look};
use aws::batch::{BatchAnswer, DeviceMessage, QueueBatch};
use aws::http::read_json;
use aws::keys;
use aws::metric::{self, Metric};
use aws::store::{Store, Unavailable};
use domain::compartment::Compartment;
use domain::contents::{OccupancyReport, OccupancyScene, SETTLES_WITHIN, report_occupancy};
use domain::door::{Door, OpenedFor, acknowledge_opening, record_opening};
use domain::fault::{Closure, FaultCode, OpenFaults, Unit};
use domain::id::{CompartmentNumber, LockerId, NoticeId, OrderId, WorkOrderId};
use domain::locker::{FaultScene, Locker};
use domain::order::{DoorScene, Order, OrderStatus, record_collection, record_deposit};
use domain::recovery::CompartmentId;
use domain::remote_recovery::{RemoteAnswer, record_remote_answer};
use domain::work_order::{FAULTS_MAX, RepairScene, TestOpening, WorkOrder, record_test_opening};
use domain::{Decision, Refusal, SignedDuration, StateKey, Timestamp};
use serde::Deserialize;

use crate::device::{self, DeviceFailure, Received};
use crate::fault_scene;

/// The first part of the topics that IoT Core itself writes to.
const SHADOW_TOPIC: &str = "$aws";

/// For how long after a change a device may still report what was true before it: the change is on its way.
const SHADOW_SETTLES_WITHIN: SignedDuration = SignedDuration::from_secs(30);

#[derive(Debug, Deserialize)]
struct EventMessage {
    event: DoorEvent,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum DoorEvent {
    ParcelDeposited { order_id: OrderId, compartment: CompartmentNumber },
    ParcelCollected { order_id: OrderId, compartment: CompartmentNumber },
    OpenAcknowledged { compartment: CompartmentNumber },
    DoorOpened { compartment: CompartmentNumber },
    TestOpening { work_order_id: WorkOrderId, attempt: u32, unit: Unit, passed: bool },
    RecoveryTried { work_order_id: WorkOrderId, code: FaultCode, attempt: u8, worked: bool },
    OccupancyReported { occupied: Vec<CompartmentNumber>, free: Vec<CompartmentNumber> },
}

#[derive(Debug, Deserialize)]
struct ShadowDocument {
    state: ShadowState,
}

#[derive(Debug, Deserialize)]
struct ShadowState {
    #[serde(default)]
    reported: Option<ReportedState>,
}

#[derive(Debug, Deserialize)]
struct ReportedState {
    #[serde(default)]
    closed: BTreeMap<Unit, Option<Closure>>,
}

/// Records a batch of messages. Deposits and collections take two round trips to the store each.
pub async fn handle<S: Store>(store: &S, batch: QueueBatch, now: Timestamp) -> BatchAnswer {
    device::each_message(store, "parcel_events", batch, now, async |message| match message.kind.as_deref() {
        Some(SHADOW_TOPIC) => compare_shadow(store, &message).await,
        _ => record(store, &message, now).await,
    })
    .await
}

async fn record<S: Store>(store: &S, message: &DeviceMessage, now: Timestamp) -> Result<(), DeviceFailure> {
    let received = device::read::<EventMessage>(message)?;
    let Received { locker, event, .. } = &received;
    let at = &seen_at(&received, now);
    let door = |order: &OrderId, compartment: CompartmentNumber| {
        let locker = || locker.clone();
        [
            StateKey::Order(order.clone()),
            StateKey::Locker(locker()),
            StateKey::Compartment(locker(), compartment),
            StateKey::Door(locker(), compartment),
        ]
    };
    let door_of =
        |known: Option<Door>, number: CompartmentNumber| known.unwrap_or_else(|| Door::new(locker.clone(), number));
    match &received.body.event {
        DoorEvent::ParcelDeposited { order_id, compartment } => {
            let names = door(order_id, *compartment);
            let cause = received.cause(names[0].clone(), now);
            let late = Cell::new(false);
            let recorded = apply(store, &cause, async |view| {
                let mut states = view.read(&names).await?;
                let given_up = |it: Order| it.status == OrderStatus::Expired && !it.has_come();
                late.set(states.get::<Order>(&names[0]).is_some_and(given_up));
                let scene = DoorScene {
                    order: states.take(&names[0]),
                    locker: states.take(&names[1]),
                    compartment: states.take(&names[2]),
                    target: None,
                };
                let mut decision = record_deposit(scene, event, now)?;
                let door = door_of(states.take(&names[3]), *compartment);
                decision.change(door.opened_for(OpenedFor::Deposit, *at));
                Ok(decision)
            })
            .await;
            if let Err(ApplyError::Refused(refusal)) = &recorded {
                metric::count(Metric::DepositsRefused, 1);
                // Its place was given up, and somebody else is on the way to it: what is inside has to be found out.
                if *refusal == Refusal::HeldByAnother && late.get() {
                    dispute(store, &received, *compartment, now).await?;
                }
            }
            recorded?;
        }
        DoorEvent::ParcelCollected { order_id, compartment } => {
            let names = door(order_id, *compartment);
            let cause = received.cause(names[0].clone(), now);
            apply(store, &cause, async |view| {
                let mut states = view.read(&names).await?;
                let order: Option<Order> = states.take(&names[0]);
                let target = match order.as_ref().and_then(Order::recovery_target).map(CompartmentId::key) {
                    Some(name) => view.read(std::slice::from_ref(&name)).await?.take(&name),
                    None => None,
                };
                let scene =
                    DoorScene { order, locker: states.take(&names[1]), compartment: states.take(&names[2]), target };
                let mut decision = record_collection(scene, event, now)?;
                let door = door_of(states.take(&names[3]), *compartment);
                decision.change(door.opened_for(OpenedFor::Collection, *at));
                Ok(decision)
            })
            .await?;
        }
        DoorEvent::OpenAcknowledged { compartment } => {
            at_door(store, &received, *compartment, now, acknowledge_opening).await?;
        }
        DoorEvent::DoorOpened { compartment } => {
            at_door(store, &received, *compartment, now, record_opening).await?;
        }
        DoorEvent::TestOpening { work_order_id, attempt, unit, passed } => {
            let opening =
                TestOpening { work_order: work_order_id.clone(), attempt: *attempt, unit: *unit, passed: *passed };
            if opening.work_order.locker != *locker {
                metric::count(Metric::SecurityRejections, 1);
                return Err(DeviceFailure::Quarantine("a test opening for another locker".to_owned()));
            }
            let cause = received.cause(StateKey::Locker(locker.clone()), now);
            test_opening(store, locker, &opening, *at, &cause).await?;
        }
        DoorEvent::RecoveryTried { work_order_id, code, attempt, worked } => {
            let answer =
                RemoteAnswer { work_order: work_order_id.clone(), code: *code, attempt: *attempt, worked: *worked };
            if answer.work_order.locker != *locker {
                metric::count(Metric::SecurityRejections, 1);
                return Err(DeviceFailure::Quarantine("an answer for another locker".to_owned()));
            }
            let cause = received.cause(StateKey::Locker(locker.clone()), now);
            recovery_tried(store, &answer, *at, &cause).await?;
        }
        DoorEvent::OccupancyReported { occupied, free } => {
            let said = occupied.iter().map(|number| (*number, true)).chain(free.iter().map(|number| (*number, false)));
            let report = OccupancyReport {
                locker: locker.clone(),
                event: event.clone(),
                received_at: received.at,
                inside: said.collect(),
            };
            if report.inside.len() < occupied.len() + free.len() {
                return Err(DeviceFailure::Quarantine("a compartment is named twice".to_owned()));
            }
            let cause = received.cause(StateKey::Locker(locker.clone()), now);
            compare_occupancy(store, &report, &cause).await?;
        }
    }
    Ok(())
}

/// When something happened at a door. The broker's clock runs with ours; an opening of the future would answer every
/// command until then.
fn seen_at<B>(received: &Received<B>, now: Timestamp) -> Timestamp {
    received.at.min(now)
}

/// A device says that a parcel is inside where the records say that none is.
async fn dispute<S: Store>(
    store: &S,
    received: &Received<EventMessage>,
    number: CompartmentNumber,
    now: Timestamp,
) -> Result<(), ApplyError> {
    let locker = &received.locker;
    let names = fault_scene::names(locker, [Unit::Compartment(number)]);
    let report = OccupancyReport {
        locker: locker.clone(),
        event: received.event.clone(),
        received_at: received.at,
        inside: [(number, true)].into(),
    };
    let cause = received.cause(StateKey::Locker(locker.clone()), now);
    let believed = apply(store, &cause, async |view| {
        let FaultScene { locker, compartments, work_order } = fault_scene::take(&mut view.read(&names).await?, &names);
        Ok(report_occupancy(OccupancyScene { locker, work_order, compartments }, &report, now)?)
    })
    .await?;
    metric::count(Metric::FaultsRaised, believed.answer().len() as u64);
    Ok(())
}

/// Something happened at a door that concerns no parcel.
async fn at_door<S: Store>(
    store: &S,
    received: &Received<EventMessage>,
    number: CompartmentNumber,
    now: Timestamp,
    rule: fn(Door, Timestamp) -> Decision<()>,
) -> Result<(), ApplyError> {
    let locker = &received.locker;
    let names = [StateKey::Door(locker.clone(), number), StateKey::Compartment(locker.clone(), number)];
    let cause = received.cause(StateKey::Locker(locker.clone()), now);
    apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        states.take::<Compartment>(&names[1]).ok_or(Refusal::UnknownCompartment)?;
        let door = states.take(&names[0]).unwrap_or_else(|| Door::new(locker.clone(), number));
        Ok(rule(door, seen_at(received, now)))
    })
    .await?;
    Ok(())
}

async fn test_opening<S: Store>(
    store: &S,
    locker: &LockerId,
    opening: &TestOpening,
    at: Timestamp,
    cause: &Cause,
) -> Result<(), DeviceFailure> {
    let now = cause.now;
    let notice = NoticeId::new(&cause.event, "repair_rejected");
    let recorded = apply(store, cause, async |view| {
        let names = [StateKey::WorkOrder(locker.clone()), StateKey::Locker(locker.clone())];
        let mut states = view.read(&names).await?;
        let work_order: WorkOrder = states.take(&names[0]).ok_or(Refusal::UnknownWorkOrder)?;
        let own: Locker = states.take(&names[1]).ok_or(Refusal::UnknownLocker)?;
        let mut names = work_order.compartments();
        let tried = match opening.unit {
            Unit::Locker => None,
            Unit::Compartment(number) => Some((number, StateKey::Door(locker.clone(), number))),
        };
        names.extend(tried.iter().map(|(_, name)| name.clone()));
        let mut states = view.read(&names).await?;
        let door = tried.map(|(number, name)| states.take(&name).unwrap_or_else(|| Door::new(locker.clone(), number)));
        let scene = RepairScene { work_order, locker: own, compartments: states.take_each(&names) };
        let mut decision = record_test_opening(scene, opening, notice.clone(), now)?;
        if let Some(door) = door {
            decision.change(if opening.passed { door.opened_for(OpenedFor::Test, at) } else { door.failed_a_test() });
        }
        Ok(decision)
    })
    .await;
    match recorded {
        // The openings that were still to come when one failed, or when the last proof was in: they prove nothing.
        Err(ApplyError::Refused(Refusal::WrongState { .. })) => {
            metric::count(Metric::EventsIgnored, 1);
            Ok(())
        }
        recorded => Ok(recorded.map(drop)?),
    }
}

/// A device has tried what it was asked from afar.
async fn recovery_tried<S: Store>(
    store: &S,
    answer: &RemoteAnswer,
    at: Timestamp,
    cause: &Cause,
) -> Result<(), DeviceFailure> {
    let names = fault_scene::names(&answer.work_order.locker, []);
    let recorded = apply(store, cause, async |view| {
        let scene = fault_scene::take(&mut view.read(&names).await?, &names);
        Ok(record_remote_answer(scene, answer, at, cause.now)?)
    })
    .await;
    match recorded {
        Ok(Applied::Now(())) => {
            let metric = if answer.worked { Metric::RemoteRecoveriesWorked } else { Metric::RemoteRecoveriesFailed };
            metric::count(metric, 1);
            Ok(())
        }
        // It took too long: what it has not mended has been given to somebody else.
        Err(ApplyError::Refused(Refusal::WrongState { .. })) | Ok(Applied::Before(())) => {
            metric::count(Metric::EventsIgnored, 1);
            Ok(())
        }
        Err(failed) => Err(failed.into()),
    }
}

/// A device says what it believes is inside. Where it agrees with the records, that costs one read and changes nothing.
/// Where it does not, it is judged once what it told of before has been recorded: until then the message waits in its
/// queue.
async fn compare_occupancy<S: Store>(store: &S, report: &OccupancyReport, cause: &Cause) -> Result<(), DeviceFailure> {
    let now = cause.now;
    let all = keys::compartments(&report.locker, None, CompartmentNumber::MAX as usize);
    let compartments: Vec<Compartment> = list(store, &all).await?;
    let unknown: Vec<String> = report
        .inside
        .keys()
        .filter(|number| compartments.iter().all(|it| it.number != **number))
        .map(CompartmentNumber::to_string)
        .collect();
    let disputed: Vec<StateKey> = compartments
        .iter()
        .filter(|it| report.disagrees_about(it))
        .map(|it| StateKey::Compartment(it.locker.clone(), it.number))
        .collect();
    if !disputed.is_empty() {
        if now.duration_since(report.received_at) < SETTLES_WITHIN {
            return Err(Unavailable(format!("what {} believes is judged in a minute", report.locker)).into());
        }
        // More than one work order repairs are not read: that the locker is wrong takes no more.
        let first = &disputed[..disputed.len().min(FAULTS_MAX + 1)];
        let believed = apply(store, cause, async |view| {
            let mut names = vec![StateKey::Locker(report.locker.clone()), StateKey::WorkOrder(report.locker.clone())];
            names.extend_from_slice(first);
            let mut states = view.read(&names).await?;
            let scene = OccupancyScene {
                locker: states.take(&names[0]),
                work_order: states.take(&names[1]),
                compartments: states.take_each(&names[2..]),
            };
            Ok(report_occupancy(scene, report, now)?)
        })
        .await?;
        metric::count(Metric::FaultsRaised, believed.answer().len() as u64);
    }
    if !unknown.is_empty() {
        metric::count(Metric::SecurityRejections, 1);
        return Err(DeviceFailure::Quarantine(format!("the locker has no compartment {}", unknown.join(", "))));
    }
    Ok(())
}

/// When what a unit closes last changed.
fn changed_at(faults: &OpenFaults, reopened_at: Option<Timestamp>) -> Option<Timestamp> {
    faults.values().map(|fault| fault.raised_at).chain(reopened_at).max()
}

/// A device says what it keeps closed. Where that is not what it was told, it is counted and alarmed: either the
/// message crossed one of ours, or the device does not do as it is told.
async fn compare_shadow<S: Store>(store: &S, message: &DeviceMessage) -> Result<(), DeviceFailure> {
    let unreadable = |problem: String| DeviceFailure::Quarantine(problem);
    let locker: LockerId = message.thing.parse().map_err(|_| unreadable("not a locker's name".to_owned()))?;
    let document: ShadowDocument = read_json(&message.payload).map_err(|error| unreadable(error.to_string()))?;
    let Some(reported) = document.state.reported else { return Ok(()) };
    for page in reported.closed.into_iter().collect::<Vec<_>>().chunks(aws::store::TRANSACTION_ACTIONS_MAX) {
        let names: Vec<StateKey> = page
            .iter()
            .map(|(unit, _)| match unit {
                Unit::Locker => StateKey::Locker(locker.clone()),
                Unit::Compartment(number) => StateKey::Compartment(locker.clone(), *number),
            })
            .collect();
        let (mut states, _) = look(store, &names).await?;
        for ((unit, reported), name) in page.iter().zip(&names) {
            let known = match unit {
                Unit::Locker => {
                    let since = |it: &Locker| changed_at(&it.faults, it.reopened_at).max(it.service.since);
                    states.take::<Locker>(name).map(|it| (it.closure(), since(&it)))
                }
                Unit::Compartment(_) => {
                    let since = |it: &Compartment| changed_at(&it.faults, it.reopened_at).max(it.service_since);
                    states.take::<Compartment>(name).map(|it| (it.closure(), since(&it)))
                }
            };
            let (told, changed_at) = known.unwrap_or((Closure::Nothing, None));
            let settled = changed_at.is_none_or(|at| message.received_at.duration_since(at) > SHADOW_SETTLES_WITHIN);
            if told != reported.unwrap_or(Closure::Nothing) && settled {
                metric::count(Metric::ShadowDelta, 1);
                tracing::warn!(%locker, %unit, "locker {locker} keeps unit {unit} otherwise than it was told");
            }
        }
    }
    Ok(())
}

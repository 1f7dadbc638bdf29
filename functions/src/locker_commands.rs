//! What a device must keep closed, which doors it has to try, and what it is to switch off and on again, is written to its
//! shadow.
//! Trigger: the stream of the network table, work orders and service plans. Sample: events/locker-commands.
//!
//! Whatever closes or reopens a unit changes the work order or the service plan in the same commit, so these alone are
//! listened to: bookings, deposits and pickups pass without a message to anyone. What is written is what is true now,
//! whatever the record says: a record that comes late or twice cannot reopen a door.

use std::collections::BTreeMap;

use aws::apply::look;
use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::keys::{self, LockerPart};
use aws::shadow::{DesireError, Desired, RemoteAttempt, Shadow, TestOpenings};
use aws::store::dynamodb::Tables;
use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Unavailable};
use domain::StateKey;
use domain::compartment::Compartment;
use domain::fault::{Closure, FaultCode, Unit};
use domain::id::LockerId;
use domain::locker::Locker;
use domain::remote_recovery::Asked;
use domain::seeded::bug;
use domain::service::ServicePlan;
use domain::work_order::{TEST_OPENINGS_REQUIRED, WorkOrder};

/// Tells the devices concerned by a batch what is true now.
///
/// # Errors
/// [`StreamFailure`]: the batch has to come again.
pub async fn handle<S: Store>(
    store: &S,
    shadow: &impl Shadow,
    tables: &Tables,
    batch: StreamBatch,
) -> Result<(), StreamFailure> {
    each_change(batch, tables, async |key| match keys::locker_part(&key) {
        Some(LockerPart::WorkOrder(locker) | LockerPart::ServicePlan(locker)) => command(store, shadow, &locker).await,
        Some(
            LockerPart::Locker(_)
            | LockerPart::Compartment(..)
            | LockerPart::Presence(_)
            | LockerPart::Heartbeat(_)
            | LockerPart::Door(..),
        )
        | None => Ok(()),
    })
    .await
}

/// How often a device is told anew where its shadow is written by somebody else at the same moment.
const ATTEMPTS_MAX: u32 = 5;

/// Tells one device what is true, and again where somebody else wrote its shadow meanwhile.
async fn command<S: Store>(store: &S, shadow: &impl Shadow, locker: &LockerId) -> Result<(), Unavailable> {
    for attempt in 1..=ATTEMPTS_MAX {
        // Looked at before what is true is read: whoever writes in between knows no less than this.
        let looked = shadow.look(locker).await?;
        let told = looked.as_ref().map(|it| it.desired.clone()).unwrap_or_default();
        let version = looked.map(|it| it.version);
        let Some(desired) = what_is_true(store, locker, &told).await? else { return Ok(()) };
        match shadow.desire(locker, &desired, version.filter(|_| !bug("shadow_ignores_its_version"))).await {
            Ok(()) if version.is_some() => return Ok(()),
            // The first word to a device: there was no version to hold on to, so it is said once more with one.
            Ok(()) => {}
            Err(DesireError::Changed) => store.back_off(attempt).await,
            Err(DesireError::Unavailable(unavailable)) => return Err(unavailable),
        }
    }
    Err(Unavailable(format!("the shadow of {locker} changed under every one of {ATTEMPTS_MAX} attempts")))
}

/// What is true of the locker, of every unit under repair and of every unit that the device was told anything else of
/// before, as one message: told door by door, a device would answer for some what is about to change.
async fn what_is_true<S: Store>(store: &S, locker: &LockerId, told: &Desired) -> Result<Option<Desired>, Unavailable> {
    let locker_id = || locker.clone();
    let names = [StateKey::WorkOrder(locker_id()), StateKey::Locker(locker_id()), StateKey::ServicePlan(locker_id())];
    let (mut states, _) = look(store, &names).await?;
    let Some(own) = states.take::<Locker>(&names[1]) else { return Ok(None) };
    let (work_order, plan) = (states.take::<WorkOrder>(&names[0]), states.take::<ServicePlan>(&names[2]));
    let repaired = work_order.iter().flat_map(|it| it.units.keys()).copied();
    let out_of_service = plan.into_iter().flat_map(|it| it.out_of_service).map(Unit::Compartment);
    let closed_before = told.closed.iter().filter(|(_, closure)| **closure > Closure::Nothing).map(|(unit, _)| unit);
    let tried_before = told.test_openings.iter().filter(|(_, asked)| asked.is_some()).map(|(unit, _)| unit);
    let before = closed_before.chain(tried_before).copied();
    let mut units: Vec<Unit> = repaired.chain(out_of_service).chain(before).collect();
    units.sort_unstable();
    units.dedup();
    let names: Vec<StateKey> = units
        .into_iter()
        .filter_map(|unit| match unit {
            Unit::Locker => None,
            Unit::Compartment(number) => Some(StateKey::Compartment(locker.clone(), number)),
        })
        .collect();
    let mut closed = BTreeMap::from([(Unit::Locker, own.closure())]);
    for names in names.chunks(TRANSACTION_ACTIONS_MAX) {
        let (mut states, _) = look(store, names).await?;
        for compartment in states.take_each::<Compartment>(names) {
            closed.insert(Unit::Compartment(compartment.number), compartment.closure());
        }
    }
    // No other door is to be tried any more.
    let mut test_openings: BTreeMap<_, _> = closed.keys().map(|unit| (*unit, None)).collect();
    test_openings.extend(work_order.iter().flat_map(tried));
    let mut remote_recoveries: BTreeMap<_, _> = told.remote_recoveries.keys().map(|code| (*code, None)).collect();
    // People are at a locker that they have taken out of service.
    if own.service.lifecycle.closes() == Closure::Nothing {
        remote_recoveries.extend(work_order.iter().flat_map(tried_from_afar));
    }
    Ok(Some(Desired { closed, test_openings, remote_recoveries }))
}

/// What a device has to do about its faults itself.
fn tried_from_afar(work_order: &WorkOrder) -> impl Iterator<Item = (FaultCode, Option<RemoteAttempt>)> {
    work_order.asked_from_afar().map(|Asked { code, command, attempt }| {
        (code, Some(RemoteAttempt { work_order_id: work_order.id.clone(), command, attempt }))
    })
}

/// The doors a device has to try: those of a repair that has been reported, or that it has made itself, and none of any
/// other.
fn tried(work_order: &WorkOrder) -> BTreeMap<Unit, Option<TestOpenings>> {
    let wanted = work_order.is_being_proven().then(|| TestOpenings {
        work_order_id: work_order.id.clone(),
        attempt: work_order.repairs_reported,
        times: TEST_OPENINGS_REQUIRED,
    });
    work_order.units.keys().map(|unit| (*unit, wanted.clone())).collect()
}

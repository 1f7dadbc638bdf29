//! What a device must keep closed, and which doors it has to try, is written to its shadow.
//! Trigger: the stream of the network table, work orders. Sample: events/locker-commands.
//!
//! Whatever closes or reopens a unit changes the work order in the same commit, so work orders alone are listened
//! to: bookings, deposits and pickups pass without a message to anyone. What is written is what is true now,
//! whatever the record says: a record that comes late or twice cannot reopen a door.

use std::collections::BTreeMap;

use aws::apply::look;
use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::keys::{self, LockerPart};
use aws::shadow::{Desired, Shadow, TestOpenings};
use aws::store::dynamodb::Tables;
use aws::store::{Store, Unavailable};
use domain::StateKey;
use domain::compartment::Compartment;
use domain::fault::{Closure, FaultCode, Unit};
use domain::id::{LockerId, WorkOrderId};
use domain::locker::Locker;
use domain::work_order::{TEST_OPENINGS_REQUIRED, WorkOrder, WorkOrderStatus};

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
        Some(LockerPart::WorkOrder(locker)) => command(store, shadow, &locker).await,
        Some(LockerPart::Locker(_) | LockerPart::Compartment(..) | LockerPart::Presence(_)) | None => Ok(()),
    })
    .await
}

/// Tells one device, in one message, what is true of the locker and of every unit under repair: told door by door,
/// it would answer for some what is about to change. A repair that was proven the moment before the next work order
/// began is read with that one: nobody has told of its doors yet.
async fn command<S: Store>(store: &S, shadow: &impl Shadow, locker: &LockerId) -> Result<(), Unavailable> {
    let names = [StateKey::WorkOrder(locker.clone()), StateKey::Locker(locker.clone())];
    let (mut states, _) = look(store, &names).await?;
    let (Some(work_order), Some(own)) = (states.take::<WorkOrder>(&names[0]), states.take::<Locker>(&names[1])) else {
        return Ok(());
    };
    let before = WorkOrderId { number: work_order.id.number - 1, ..work_order.id.clone() };
    let before = StateKey::ArchivedWorkOrder(before);
    let before: Option<WorkOrder> = look(store, std::slice::from_ref(&before)).await?.0.take(&before);
    let mut names = work_order.compartments();
    names.extend(before.iter().flat_map(WorkOrder::compartments));
    names.sort();
    names.dedup();
    let (mut states, _) = look(store, &names).await?;
    let mut closed = BTreeMap::from([(Unit::Locker, closes(own.closed_by()))]);
    for compartment in states.take_each::<Compartment>(&names) {
        closed.insert(Unit::Compartment(compartment.number), closes(compartment.closed_by()));
    }
    // No other door is to be tried any more.
    let mut test_openings: BTreeMap<_, _> = closed.keys().map(|unit| (*unit, None)).collect();
    test_openings.extend(tried(&work_order));
    shadow.desire(locker, &Desired { closed, test_openings }).await
}

fn closes(closed_by: Option<(FaultCode, Closure)>) -> Closure {
    closed_by.map_or(Closure::Nothing, |(_, closure)| closure)
}

/// The doors a device has to try: those of a repair that has been reported, and none of any other.
fn tried(work_order: &WorkOrder) -> BTreeMap<Unit, Option<TestOpenings>> {
    let wanted = (work_order.status == WorkOrderStatus::Repaired).then(|| TestOpenings {
        work_order_id: work_order.id.clone(),
        attempt: work_order.repairs_reported,
        times: TEST_OPENINGS_REQUIRED,
    });
    work_order.units.keys().map(|unit| (*unit, wanted.clone())).collect()
}

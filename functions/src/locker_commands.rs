//! What a device must keep closed, and which doors it has to try, is written to its shadow.
//! Trigger: the stream of the network table. Sample: events/locker-commands.
//!
//! What is written is what is true now, whatever the record says: a record that comes late or twice cannot
//! reopen a door.

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
    each_change(batch, tables, async |key| {
        let Some(part) = keys::locker_part(&key) else { return Ok(()) };
        command(store, shadow, part).await
    })
    .await
}

async fn command<S: Store>(store: &S, shadow: &impl Shadow, part: LockerPart) -> Result<(), Unavailable> {
    let closes = |closed_by: Option<(FaultCode, Closure)>| closed_by.map_or(Closure::Nothing, |(_, closure)| closure);
    let (locker, name) = match part {
        LockerPart::Locker(locker) => (locker.clone(), StateKey::Locker(locker)),
        LockerPart::Compartment(locker, number) => (locker.clone(), StateKey::Compartment(locker, number)),
        LockerPart::WorkOrder(locker) => (locker.clone(), StateKey::WorkOrder(locker)),
        LockerPart::Presence(_) => return Ok(()),
    };
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    let desired = match &name {
        StateKey::Locker(_) => states.take::<Locker>(&name).map(|it| Desired {
            closed: BTreeMap::from([(Unit::Locker, closes(it.closed_by()))]),
            ..Desired::default()
        }),
        StateKey::Compartment(_, number) => states.take::<Compartment>(&name).map(|it| Desired {
            closed: BTreeMap::from([(Unit::Compartment(*number), closes(it.closed_by()))]),
            ..Desired::default()
        }),
        _ => states.take::<WorkOrder>(&name).map(|it| test_openings(&it)),
    };
    match desired {
        Some(desired) => shadow.desire(&locker, &desired).await,
        None => Ok(()),
    }
}

/// The doors a device has to try: those of a repair that has been reported, and none of any other.
fn test_openings(work_order: &WorkOrder) -> Desired {
    let wanted = (work_order.status == WorkOrderStatus::Repaired).then(|| TestOpenings {
        work_order_id: work_order.id.clone(),
        attempt: work_order.repairs_reported,
        times: TEST_OPENINGS_REQUIRED,
    });
    let test_openings = work_order.units.keys().map(|unit| (*unit, wanted.clone())).collect();
    Desired { test_openings, ..Desired::default() }
}

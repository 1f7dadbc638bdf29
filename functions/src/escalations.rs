//! Where nobody reacts to a work order, the next ones are told, level by level.
//! Called by: `sweeps`, for work orders that are due.

use aws::apply::{Applied, Cause, apply, look, settle};
use aws::keys;
use aws::metric::{self, Metric};
use aws::store::{Store, Unavailable};
use domain::escalation::{EscalationScene, LEVELS, escalate};
use domain::id::LockerId;
use domain::locker::Locker;
use domain::team::Team;
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};

/// How many teams of a region are considered.
const TEAMS_MAX: usize = 50;

/// Tells each level that is due for the latest work order of a locker, a commit for each.
///
/// # Errors
/// [`Unavailable`]: what is due stays due.
pub async fn escalate_due<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<(), Unavailable> {
    let names = [StateKey::WorkOrder(locker.clone()), StateKey::Locker(locker.clone())];
    for _ in 0..LEVELS {
        let (mut states, _) = look(store, &names[..1]).await?;
        let Some(work_order) = states.take::<WorkOrder>(&names[0]) else { return Ok(()) };
        let due = work_order.clock().filter(|it| it.next(work_order.severity).is_some_and(|(at, _)| at <= now));
        let Some(clock) = due else { return Ok(()) };
        let event = clock.event(work_order.id.number);
        let cause = Cause::new(names[1].clone(), event.clone(), now);
        let told = apply(store, &cause, async |view| {
            let mut states = view.read(&names).await?;
            let work_order: WorkOrder = states.take(&names[0]).ok_or(Refusal::UnknownWorkOrder)?;
            let locker: Locker = states.take(&names[1]).ok_or(Refusal::UnknownLocker)?;
            // It has moved on meanwhile: another clock runs, if any, and its levels are events of their own.
            if work_order.clock() != Some(clock) {
                return Err(Refusal::wrong_state(work_order.status).into());
            }
            let teams: Vec<Team> = view.query(&keys::teams(&locker.region, TEAMS_MAX)).await?;
            Ok(escalate(EscalationScene { work_order, locker, teams }, &event, now)?)
        })
        .await;
        match settle(told)? {
            Some(Applied::Now(somebody)) => {
                metric::count(Metric::WorkOrdersEscalated, 1);
                if !somebody {
                    metric::count(Metric::EscalationsUnheard, 1);
                    let id = &work_order.id;
                    tracing::error!(work_order = %id, "nobody reacts to work order {id}, and nobody is there to be told");
                }
            }
            Some(Applied::Before(_)) | None => return Ok(()),
        }
    }
    Ok(())
}

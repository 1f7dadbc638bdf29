//! Orders whose time is over: a place that is held for a parcel that does not come, a parcel that nobody collects.
//!
//! They have partitions of their own in the index of what is due, so that no notice waits behind the parcels of a locker
//! that is dark. An order adds to that index what its timer costs: it is written there when it is placed, moved and
//! deposited, and leaves it when it is collected.

use aws::apply::{Cause, apply, list, settle};
use aws::keys::{self, DUE_SHARDS};
use aws::metric::{self, Metric};
use aws::store::{Store, Unavailable};
use domain::expiry::{Ends, WaitingScene, expire};
use domain::id::EventId;
use domain::order::{Order, OrderStatus};
use domain::seeded::bug;
use domain::{Decision, StateKey, Timestamp};
use futures_util::future::join_all;

/// How many orders of one shard one sweep looks at, longest over first: 8 shards of 200 a minute are 2.3 million a day,
/// three times what the peak day of the largest network leaves uncollected if one parcel of twenty is.
const ORDERS_PER_SHARD_MAX: usize = 200;

/// Ends what is over. Tells how many orders were due, and what could not be done.
pub async fn end_what_is_over<S: Store>(store: &S, now: Timestamp) -> (usize, Vec<Unavailable>) {
    if bug("nothing_is_ever_over") {
        return (0, Vec::new());
    }
    let shards = join_all((0..DUE_SHARDS).map(|shard| async move {
        let query = keys::over(shard, now, ORDERS_PER_SHARD_MAX);
        let orders: Vec<Order> = match list(store, &query).await {
            Ok(orders) => orders,
            Err(unavailable) => return (0, vec![unavailable]),
        };
        let (due, mut failures) = (orders.len(), Vec::new());
        for order in orders {
            if let Err(unavailable) = end(store, &order, now).await {
                tracing::error!(order = %order.id, error = %unavailable, "what is over stays due: {unavailable}");
                failures.push(unavailable);
            }
        }
        (due, failures)
    }))
    .await;
    let due = shards.iter().map(|(due, _)| due).sum();
    (due, shards.into_iter().flat_map(|(_, failures)| failures).collect())
}

async fn end<S: Store>(store: &S, known: &Order, now: Timestamp) -> Result<(), Unavailable> {
    let (Some((ends, _)), Some(due_at), Some((locker, number))) = (known.ends(), known.due_at(), known.compartment())
    else {
        return Err(Unavailable(format!("order {} is due and nothing of it ends", known.id)));
    };
    let what = match ends {
        Ends::Reservation => "reservation-over",
        Ends::Pickup => "pickup-over",
    };
    // What is put off, or looked at again, is due at another time: no two have one name.
    let event = EventId::of_step(what, &due_at.as_millisecond());
    let names = [
        StateKey::Order(known.id.clone()),
        StateKey::Locker(locker.clone()),
        StateKey::Compartment(locker.clone(), number),
        StateKey::WorkOrder(locker.clone()),
        StateKey::ServicePlan(locker.clone()),
    ];
    let cause = Cause::new(names[0].clone(), event.clone(), now);
    let outcome = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let (Some(order), Some(locker), Some(compartment)) =
            (states.take(&names[0]), states.take(&names[1]), states.take(&names[2]))
        else {
            return Ok(Decision::new(None));
        };
        let (work_order, plan) = (states.take(&names[3]), states.take(&names[4]));
        let scene = WaitingScene { order, locker, compartment, work_order, plan };
        // Nothing where the index is behind, or it has moved on meanwhile.
        let Some(decision) = expire(scene, &event, now) else { return Ok(Decision::new(None)) };
        let over = decision.changes.iter().find_map(|it| match it {
            domain::State::Order(order) => Some(order.status),
            _ => None,
        });
        Ok(decision.answer_with(over))
    })
    .await;
    if let Some(aws::apply::Applied::Now(Some(OrderStatus::Expired))) = settle(outcome)? {
        let metric = match ends {
            Ends::Reservation => Metric::ReservationsExpired,
            Ends::Pickup => Metric::PickupsExpired,
        };
        metric::count(metric, 1);
    }
    Ok(())
}

//! What anybody may know of a locker: for the page of its status, without a token.

use std::collections::BTreeMap;

use aws::apply::look;
use aws::http::{Problem, Request, Response};
use aws::store::Store;
use domain::id::LockerId;
use domain::locker::Locker;
use domain::public_status::public_status;
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};

use crate::order_placement::free_by_size;

/// For how long an answer may be shown to others, in seconds: many ask at once where a locker has closed, and nobody sees
/// the difference.
const SHOWN_FOR: u32 = 15;

/// Shows a locker's status. Two round trips, one where it is not open.
pub async fn show_status<S: Store>(store: &S, request: &Request, now: Timestamp) -> Result<Response, Problem> {
    let id: LockerId = request.path("locker_id")?;
    let names = [StateKey::Locker(id.clone()), StateKey::WorkOrder(id)];
    let (mut states, _) = look(store, &names).await?;
    let locker: Locker = states.take(&names[0]).ok_or(Refusal::UnknownLocker)?;
    let work_order: Option<WorkOrder> = states.take(&names[1]);
    let free = if locker.bookable() { free_by_size(store, &locker).await? } else { BTreeMap::new() };
    let mut response = Response::json(200, &public_status(&locker, work_order.as_ref(), free, now));
    response.headers.insert("cache-control", format!("public, max-age={SHOWN_FOR}"));
    Ok(response)
}

//! When what is broken is expected to work again: estimated when a team is told, and anew when it has not come true.
//! Called by: `rerouting`, and `sweeps` for work orders that are due.

use std::collections::BTreeMap;

use aws::apply::{Cause, apply, look, settle};
use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Unavailable};
use domain::expected_back::{ExpectedBack, RepairTimes, estimate, renew_estimate};
use domain::fault::{FaultCode, OpenFault};
use domain::id::{EventId, LockerId};
use domain::locker::Locker;
use domain::work_order::WorkOrder;
use domain::{Refusal, StateKey, Timestamp};

/// What a work order repairs, as it is now, and how long such repairs have taken so far.
struct Known {
    faults: Vec<(FaultCode, OpenFault)>,
    times: BTreeMap<FaultCode, RepairTimes>,
}

impl Known {
    /// One read of at most 40 compartments and the items of at most as many codes.
    async fn of<S: Store>(store: &S, work_order: &WorkOrder, locker: &Locker) -> Result<Self, Unavailable> {
        let codes = work_order.units.values().flat_map(|repair| repair.codes.iter().copied());
        let mut names: Vec<StateKey> = codes.map(StateKey::RepairTimes).collect();
        names.sort_unstable();
        names.dedup();
        let (of_codes, compartments) = (names.len(), work_order.compartments());
        names.extend(compartments);
        let (mut states, _) = look(store, &names).await?;
        let (of_codes, compartments) = names.split_at(of_codes);
        let times = states.take_each::<RepairTimes>(of_codes).into_iter().map(|it| (it.code, it)).collect();
        let compartments = states.take_each::<domain::compartment::Compartment>(compartments);
        let open = compartments.into_iter().flat_map(|it| it.faults).chain(locker.faults.clone());
        let faults = open.filter(|(_, fault)| fault.work_order == work_order.id).collect();
        Ok(Self { faults, times })
    }

    fn faults(&self) -> impl Iterator<Item = (FaultCode, &OpenFault)> {
        self.faults.iter().map(|(code, fault)| (*code, fault))
    }
}

/// When the work order is expected to be done. Nothing where it keeps nobody waiting.
///
/// # Errors
/// [`Unavailable`]
pub async fn estimate_for<S: Store>(
    store: &S,
    work_order: &WorkOrder,
    locker: &Locker,
    now: Timestamp,
) -> Result<Option<ExpectedBack>, Unavailable> {
    let known = Known::of(store, work_order, locker).await?;
    Ok(estimate(known.faults(), &known.times, now))
}

/// Estimates anew what has not come true of a locker's latest work order.
///
/// # Errors
/// [`Unavailable`]: it stays due.
pub async fn renew_due<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<(), Unavailable> {
    let names = [StateKey::WorkOrder(locker.clone()), StateKey::Locker(locker.clone())];
    let (mut states, _) = look(store, &names[..1]).await?;
    let Some(work_order) = states.take::<WorkOrder>(&names[0]) else { return Ok(()) };
    let Some(due_at) = work_order.estimate_due_at().filter(|at| *at <= now) else { return Ok(()) };
    // Each time that was expected is missed once: the next one is later.
    let missed = format!("{}-{}", work_order.id.number, due_at.as_millisecond());
    let cause = Cause::new(names[1].clone(), EventId::of_step("expected", &missed), now);
    let renewed = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let work_order: WorkOrder = states.take(&names[0]).ok_or(Refusal::UnknownWorkOrder)?;
        let locker: Locker = states.take(&names[1]).ok_or(Refusal::UnknownLocker)?;
        if work_order.estimate_due_at() != Some(due_at) {
            return Err(Refusal::wrong_state(work_order.status).into());
        }
        let known = Known::of(store, &work_order, &locker).await?;
        Ok(renew_estimate(work_order, known.faults(), &known.times, now)?)
    })
    .await;
    settle(renewed).map(drop)
}

/// When each of these lockers is expected to be open again, where a fault closes it and history tells: their work orders,
/// next to what else is read of them.
///
/// # Errors
/// [`Unavailable`]
pub async fn of_closed<S: Store>(
    store: &S,
    lockers: impl Iterator<Item = &Locker>,
    now: Timestamp,
) -> Result<BTreeMap<LockerId, Timestamp>, Unavailable> {
    let closed = lockers.filter(|it| it.closed_by().is_some());
    let names: Vec<StateKey> = closed.map(|it| StateKey::WorkOrder(it.id.clone())).collect();
    let mut expected = BTreeMap::new();
    for names in names.chunks(TRANSACTION_ACTIONS_MAX) {
        let (mut states, _) = look(store, names).await?;
        let work_orders = states.take_each::<WorkOrder>(names).into_iter();
        expected.extend(work_orders.filter_map(|it| Some((it.id.locker.clone(), it.expected_at(now)?))));
    }
    Ok(expected)
}

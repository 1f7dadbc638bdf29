//! Repairs that have been proven are counted among those of their code.
//!
//! A record of a repair waits in an index of its own until it is counted, in one commit with the item of its code: each
//! counts once, however often a sweep is tried. The sweep is the only one who writes that item, up to
//! [`RECORDS_PER_COMMIT_MAX`] repairs at a time, so that a region that returns at once makes no hot key: 1,500 repairs are
//! 17 commits.

use std::collections::BTreeMap;

use aws::apply::{Cause, apply_unguarded, settle};
use aws::keys::{self, DUE_SHARDS};
use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Unavailable};
use domain::expected_back::{RepairTimes, count_repairs};
use domain::fault::{FaultCode, FaultRecord};
use domain::id::EventId;
use domain::{State, StateKey, Timestamp};
use futures_util::future::join_all;

/// How many repairs of one shard one sweep counts, longest waiting first.
const RECORDS_PER_SHARD_MAX: usize = 200;

/// How many repairs are counted by one commit, beside the item of their code.
const RECORDS_PER_COMMIT_MAX: usize = TRANSACTION_ACTIONS_MAX - 1;

/// Counts what has been repaired. Tells what could not be done.
pub async fn count_the_repaired<S: Store>(store: &S, now: Timestamp) -> Vec<Unavailable> {
    let queries: Vec<_> = (0..DUE_SHARDS).map(|shard| keys::uncounted(shard, now, RECORDS_PER_SHARD_MAX)).collect();
    let pages = join_all(queries.iter().map(|query| aws::apply::list::<S, FaultRecord>(store, query))).await;
    let (mut by_code, mut failures) = (BTreeMap::<FaultCode, Vec<StateKey>>::new(), Vec::new());
    for page in pages {
        match page {
            Ok(records) => {
                for record in records {
                    by_code.entry(record.code).or_default().push(State::from(record).key());
                }
            }
            Err(unavailable) => failures.push(unavailable),
        }
    }
    for (code, records) in by_code {
        for records in records.chunks(RECORDS_PER_COMMIT_MAX) {
            if let Err(unavailable) = count(store, code, records, now).await {
                tracing::error!(%code, error = %unavailable, "repairs of {code} stay to be counted: {unavailable}");
                failures.push(unavailable);
            }
        }
    }
    failures
}

async fn count<S: Store>(store: &S, code: FaultCode, records: &[StateKey], now: Timestamp) -> Result<(), Unavailable> {
    let name = StateKey::RepairTimes(code);
    let cause = Cause::new(name.clone(), EventId::of_step("counted", &now), now);
    let names: Vec<StateKey> = std::iter::once(name).chain(records.iter().cloned()).collect();
    let counted = apply_unguarded(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        Ok(count_repairs(states.take::<RepairTimes>(&names[0]), states.take_each::<FaultRecord>(&names[1..])))
    })
    .await;
    settle(counted).map(drop)
}

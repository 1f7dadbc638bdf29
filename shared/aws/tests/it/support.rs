//! Small states and stores to start tests from.

use std::cell::{Cell, RefCell};

use aws::apply::{Applied, ApplyError, Cause, View, apply};
use aws::keys::Key;
use aws::store::memory::Memory;
use aws::store::{CommitError, Item, Page, Query, Store, Unavailable, Write};
use domain::order::{Order, OrderStatus};
use domain::place::Place;
use domain::size::Size;
use domain::{Decision, SignedDuration, StateKey, Timestamp};

/// Seconds after the moment tests begin: 2026-09-21T14:13:20Z.
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// Any identifier.
pub fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// One item as it is kept.
pub async fn kept(store: &impl Store, key: &Key) -> Option<Item> {
    store.read(std::slice::from_ref(key)).await.unwrap().remove(0)
}

/// An order that has been moved so many times.
pub fn order(name: &str, place_epoch: u32) -> Order {
    Order {
        id: id(name),
        customer: id("anna"),
        size: Size::M,
        parcel: None,
        reachable: false,
        bundle: None,
        status: OrderStatus::Placed,
        place: Place::Home,
        place_epoch,
        placed_at: at(0),
        promised_at: None,
        driver: None,
        deposited_at: None,
        pickup_deadline: None,
        pickup_stopped_at: None,
        pickup_settled: Vec::new(),
        pickup_owed: SignedDuration::ZERO,
        pickup_extended: SignedDuration::ZERO,
        recovery: None,
        collected_at: None,
        incidents: Vec::new(),
        displaced_from: None,
        undo: None,
        latest_notice: None,
    }
}

pub fn name(order: &str) -> StateKey {
    StateKey::Order(id(order))
}

/// The order of that name as it is kept.
pub async fn epoch(store: &impl Store, order: &str) -> Option<u32> {
    let (mut states, _) = aws::apply::look(store, &[name(order)]).await.unwrap();
    states.take::<Order>(&name(order)).map(|order| order.place_epoch)
}

/// Reads an order, or begins it, and moves it once more; the answer is how many times it has been moved.
pub async fn move_order<S: Store>(store: &S, order_id: &str, event: &str) -> Result<Applied<u32>, ApplyError> {
    apply(store, &Cause::new(name(order_id), id(event), at(0)), async |view| moved(view, order_id).await).await
}

/// The rule of [`move_order`].
pub async fn moved<S: Store>(view: &View<'_, S>, order_id: &str) -> Result<Decision<u32>, aws::apply::Stop> {
    let found = view.read(&[name(order_id)]).await?.take::<Order>(&name(order_id));
    let next = found.map_or(1, |order| order.place_epoch + 1);
    let mut decision = Decision::new(next);
    decision.change(order(order_id, next));
    Ok(decision)
}

/// A store in which somebody else commits between a read and the commit that follows, as often as there are
/// writes of theirs; and which counts.
#[derive(Default)]
pub struct Contested {
    pub store: Memory,
    pub competitors: RefCell<Vec<Vec<Write>>>,
    /// So often a commit finds another one under way.
    pub contended: Cell<usize>,
    pub commits: Cell<usize>,
}

impl Store for Contested {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.store.read(keys).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.commits.set(self.commits.get() + 1);
        if self.contended.get() > 0 {
            self.contended.set(self.contended.get() - 1);
            return Err(CommitError::Contended);
        }
        let competitor = self.competitors.borrow_mut().pop();
        if let Some(competitor) = competitor {
            self.store.commit(competitor).await.unwrap();
        }
        self.store.commit(writes).await
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        self.store.query(query).await
    }

    async fn back_off(&self, attempt: u32) {
        self.store.back_off(attempt).await;
    }
}

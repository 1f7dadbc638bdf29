//! Stores that misbehave, lag or count, over the one in memory.

use std::cell::{Cell, RefCell};
use std::pin::Pin;

use aws::keys::Key;
use aws::store::memory::Memory;
use aws::store::{CommitError, Item, Page, Query, Store, Unavailable, Write};

/// What a store is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Read,
    Commit,
    Query,
}

/// A store that is throttled for some kinds of calls. What it refuses it has not done.
pub struct Throttled<'a> {
    pub store: &'a Memory,
    pub kinds: &'static [Asked],
}

impl Throttled<'_> {
    fn pass(&self, asked: Asked) -> Result<(), Unavailable> {
        if self.kinds.contains(&asked) { Err(Unavailable("throttled".to_owned())) } else { Ok(()) }
    }
}

impl Store for Throttled<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.pass(Asked::Read)?;
        self.store.read(keys).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.pass(Asked::Commit)?;
        self.store.commit(writes).await
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        self.pass(Asked::Query)?;
        self.store.query(query).await
    }

    async fn back_off(&self, attempt: u32) {
        self.store.back_off(attempt).await;
    }
}

/// A store that goes away after so many commits. What it refuses it has not done.
pub struct GoingAway<'a> {
    pub store: &'a Memory,
    pub commits_left: Cell<usize>,
}

impl Store for GoingAway<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.store.read(keys).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let left = self.commits_left.get().checked_sub(1).ok_or(Unavailable("gone".to_owned()))?;
        self.commits_left.set(left);
        self.store.commit(writes).await
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        self.store.query(query).await
    }

    async fn back_off(&self, attempt: u32) {
        self.store.back_off(attempt).await;
    }
}

/// A store that has something happen right before a commit, once so many were made.
pub struct Meanwhile<'a> {
    store: &'a Memory,
    commits_before: Cell<usize>,
    happens: RefCell<Option<Pin<Box<dyn Future<Output = ()> + 'a>>>>,
}

impl<'a> Meanwhile<'a> {
    pub fn new(store: &'a Memory, commits_before: usize, happens: impl Future<Output = ()> + 'a) -> Self {
        Self { store, commits_before: Cell::new(commits_before), happens: RefCell::new(Some(Box::pin(happens))) }
    }
}

impl Store for Meanwhile<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.store.read(keys).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        match self.commits_before.get().checked_sub(1) {
            Some(left) => self.commits_before.set(left),
            None => {
                let happens = self.happens.take();
                if let Some(happens) = happens {
                    happens.await;
                }
            }
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

/// A store whose indexes are behind, as those of DynamoDB may be: they answer as they did at an earlier moment.
pub struct Lagging<'a> {
    store: &'a Memory,
    before: Memory,
}

impl<'a> Lagging<'a> {
    /// A store whose indexes know of nothing that is committed from now on.
    pub fn from_now_on(store: &'a Memory) -> Self {
        let before = Memory::default();
        store.snapshot().into_iter().for_each(|(key, item)| before.put(key, item));
        Self { store, before }
    }
}

impl Store for Lagging<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.store.read(keys).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.store.commit(writes).await
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        let store = if query.index.is_some() { &self.before } else { self.store };
        store.query(query).await
    }

    async fn back_off(&self, attempt: u32) {
        self.store.back_off(attempt).await;
    }
}

/// A store that counts round trips: calls that are on their way together are one.
pub struct Counting<'a> {
    store: &'a Memory,
    under_way: Cell<usize>,
    trips: RefCell<Vec<Vec<Asked>>>,
}

impl<'a> Counting<'a> {
    pub fn new(store: &'a Memory) -> Self {
        Self { store, under_way: Cell::new(0), trips: RefCell::default() }
    }

    /// What was asked for, round trip by round trip.
    pub fn trips(&self) -> Vec<Vec<Asked>> {
        self.trips.borrow().clone()
    }

    async fn travel<T>(&self, asked: Asked, call: impl Future<Output = T>) -> T {
        if self.under_way.get() == 0 {
            self.trips.borrow_mut().push(Vec::new());
        }
        self.trips.borrow_mut().last_mut().unwrap().push(asked);
        self.under_way.update(|calls| calls + 1);
        // Whoever asks at the same time gets to do so before this one is answered.
        tokio::task::yield_now().await;
        let answer = call.await;
        self.under_way.update(|calls| calls - 1);
        answer
    }
}

impl Store for Counting<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        self.travel(Asked::Read, self.store.read(keys)).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        self.travel(Asked::Commit, self.store.commit(writes)).await
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        self.travel(Asked::Query, self.store.query(query)).await
    }

    async fn back_off(&self, attempt: u32) {
        self.store.back_off(attempt).await;
    }
}

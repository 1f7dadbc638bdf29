//! Stores that misbehave, lag or count, over the one in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;

use aws::items;
use aws::keys::{Index, Key};
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

/// What calls to a store cost, as DynamoDB meters them.
#[derive(Debug, Default, Clone)]
pub struct Metered {
    pub commits: u64,
    /// Write units: 1 KB each, twice where several items are written as one, and once more in each index.
    pub writes: u64,
    /// Read units: 4 KB each; several items as one twice, indexes half.
    pub reads: f64,
    /// The write units of each partition, of tables and of indexes.
    partitions: BTreeMap<String, u64>,
}

impl Metered {
    /// The partition that is written to most, and how many units that was.
    pub fn hottest(&self) -> (&str, u64) {
        let hottest = self.partitions.iter().max_by_key(|(_, units)| **units);
        hottest.map_or(("", 0), |(partition, units)| (partition, *units))
    }

    fn write(&mut self, partition: String, units: u64) {
        self.writes += units;
        *self.partitions.entry(partition).or_default() += units;
    }
}

/// A store that meters what it is asked for.
pub struct Metering<'a> {
    store: &'a Memory,
    metered: RefCell<Metered>,
}

impl<'a> Metering<'a> {
    pub fn new(store: &'a Memory) -> Self {
        Self { store, metered: RefCell::default() }
    }

    /// What it took since this was last asked.
    pub fn take(&self) -> Metered {
        self.metered.take()
    }
}

fn write_units(item: &Item) -> u64 {
    items::size_of(item).div_ceil(1_024) as u64
}

fn read_units(item: Option<&Item>) -> f64 {
    item.map_or(1, |item| items::size_of(item).div_ceil(4_096).max(1)) as f64
}

impl Store for Metering<'_> {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        let found = self.store.read(keys).await?;
        let units: f64 = found.iter().map(|item| read_units(item.as_ref())).sum();
        self.metered.borrow_mut().reads += if keys.len() == 1 { units } else { 2.0 * units };
        Ok(found)
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let times = if writes.len() == 1 { 1 } else { 2 };
        let mut taken = Vec::new();
        for write in &writes {
            let key = write.key();
            let before = self.store.read(std::slice::from_ref(key)).await?.remove(0);
            let (Write::Create { item, .. } | Write::Replace { item, .. }) = write else {
                taken.push((key.pk.clone(), times * before.as_ref().map_or(1, write_units)));
                continue;
            };
            let larger = before.as_ref().map_or(0, write_units).max(write_units(item));
            taken.push((key.pk.clone(), times * larger));
            for index in Index::ALL {
                let (partition, sort) = index.attributes();
                let place = |item: &Item| {
                    let of = |name: &str| item.get(name).and_then(|it| it.as_s().ok()).cloned();
                    Some((of(partition)?, of(sort)?))
                };
                let (was, is) = (before.as_ref().and_then(place), place(item));
                let name = |partition: &str| format!("{}: {partition}", index.name());
                if let Some((partition, _)) = was.as_ref().filter(|_| was != is) {
                    taken.push((name(partition), before.as_ref().map_or(0, write_units)));
                }
                if let Some((partition, _)) = &is {
                    taken.push((name(partition), write_units(item)));
                }
            }
        }
        self.store.commit(writes).await?;
        let mut metered = self.metered.borrow_mut();
        metered.commits += 1;
        taken.into_iter().for_each(|(partition, units)| metered.write(partition, units));
        Ok(())
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        let page = self.store.query(query).await?;
        let bytes: usize = page.items.iter().map(items::size_of).sum();
        let units = bytes.div_ceil(4_096).max(1) as f64;
        self.metered.borrow_mut().reads += if query.index.is_some() { units / 2.0 } else { units };
        Ok(page)
    }

    async fn back_off(&self, attempt: u32) {
        self.store.back_off(attempt).await;
    }
}

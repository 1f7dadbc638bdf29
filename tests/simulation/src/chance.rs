//! Chance from one seed. Everything that draws has a source of its own, named after what it is: leaving one thing out
//! of a run changes nothing about the chance of the others, so that a history can be made shorter.

use std::time::Duration;

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// The seed of something, from the seed of what it belongs to and its name there.
pub fn seed_of(seed: u64, name: impl AsRef<[u8]>) -> u64 {
    xxh3_64_with_seed(name.as_ref(), seed)
}

/// A source of chance.
#[derive(Debug, Clone)]
pub struct Chance(fastrand::Rng);

impl Chance {
    /// The source with this seed.
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// True in so many of a thousand cases.
    pub fn in_a_thousand(&mut self, cases: u32) -> bool {
        self.below(1_000) < u64::from(cases)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.u64(0..end.max(1))
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// One of these, if there is any.
    pub fn any_of<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| self.one_of(from).clone())
    }

    /// A time within these bounds, in microseconds.
    pub fn time(&mut self, from: Duration, to: Duration) -> Duration {
        let span = to.saturating_sub(from).as_micros() as u64;
        from + Duration::from_micros(self.below(span + 1))
    }

    /// In any order.
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        self.0.shuffle(of);
    }

    /// A seed for something else.
    pub fn seed(&mut self) -> u64 {
        self.0.u64(..)
    }
}

/// A digest of everything that happened, in its order: the same for the same seed on every machine.
#[derive(Clone, Default)]
pub struct Trace(Xxh3);

impl std::fmt::Debug for Trace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.digest())
    }
}

impl Trace {
    /// Adds something that happened.
    pub fn add(&mut self, what: impl AsRef<[u8]>) {
        self.0.update(what.as_ref());
        self.0.update(&[0xff]);
    }

    /// Adds a number.
    pub fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    /// The digest so far.
    pub fn digest(&self) -> u64 {
        self.0.digest()
    }
}

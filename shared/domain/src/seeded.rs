//! Bugs that the proof in tests/simulation has to find. Without the feature `seeded-bugs`, which no function can be
//! built with, there are none.

/// Whether the seeded bug of this name is switched on.
#[cfg(not(feature = "seeded-bugs"))]
#[inline(always)]
pub const fn bug(_: &str) -> bool {
    false
}

#[cfg(feature = "seeded-bugs")]
thread_local! {
    static ON: std::cell::Cell<Option<&'static str>> = const { std::cell::Cell::new(None) };
}

/// Whether the seeded bug of this name is switched on.
#[cfg(feature = "seeded-bugs")]
pub fn bug(name: &str) -> bool {
    ON.get() == Some(name)
}

/// Switches one seeded bug on in this thread, and every other off.
#[cfg(feature = "seeded-bugs")]
pub fn switch_on(name: Option<&'static str>) {
    ON.set(name);
}

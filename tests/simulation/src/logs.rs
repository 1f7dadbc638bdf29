//! What functions write into their logs, looked at for what must not be there.

use std::cell::Cell;
use std::fmt::Debug;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::invariants::system::is_personal;

thread_local! {
    static PERSONAL: Cell<bool> = const { Cell::new(false) };
}

/// Whether a line since the last time this was asked had contact data in it.
pub fn had_personal_data() -> bool {
    PERSONAL.replace(false)
}

/// Reads every line that functions would log, from now on, and keeps none.
pub fn watch() {
    // A second simulation in one process watches already.
    drop(tracing::subscriber::set_global_default(Watch));
}

struct Watch;

impl Subscriber for Watch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line;

impl Visit for Line {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        if is_personal(&format!("{value:?}")) {
            PERSONAL.set(true);
        }
    }
}

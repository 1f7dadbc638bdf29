//! What may be broken: a condition that is not stable yet, or a report that nobody else has confirmed.
//!
//! A suspected compartment takes no new orders; parcels on their way to it and inside it are not touched. It becomes a
//! fault by being seen for long enough, or by a second signal that is independent of the first; otherwise it passes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fault::{Closure, FaultCode};
use crate::id::PersonId;
use crate::seeded::bug;
use crate::{SignedDuration, Timestamp};

/// For how long a report that nobody confirms keeps a compartment from being booked. A compartment in use is opened
/// several times a day: a day without a second sign of it speaks against a fault.
pub const SUSPICION_KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Who says that something is broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Signal {
    /// The device itself, or the broker about its connection.
    Device,
    /// The network, from something that should have happened and did not.
    Silence,
    Driver {
        person: PersonId,
    },
    Customer {
        person: PersonId,
    },
}

/// A fault that is not certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    pub since: Timestamp,
    pub last_at: Timestamp,
    pub signals: BTreeSet<Signal>,
    /// When it becomes a fault, where the device sees it, or passes.
    pub judged_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_text: Option<String>,
}

/// What may be broken in one unit.
pub type Suspicions = BTreeMap<FaultCode, Suspicion>;

/// Whether anything of it would close the unit, were it a fault.
pub fn closes_anything(suspicions: &Suspicions) -> bool {
    suspicions.keys().any(|code| code.closes() > Closure::Nothing)
}

/// When the first of them is to be judged.
pub fn judged_at(suspicions: &Suspicions) -> Option<Timestamp> {
    suspicions.values().map(|it| it.judged_at).min()
}

impl Suspicion {
    /// Whether it is a fault once its time has come.
    pub fn is_seen_by_the_device(&self) -> bool {
        self.signals.contains(&Signal::Device)
    }
}

/// What one report of a code is worth in a unit that has no such fault.
///
/// `trusted` says that one sign is enough: the unit is on probation after a repair, or its fault comes and goes.
/// Returns what is suspected from now on; nothing where it is a fault.
pub fn weigh(
    known: Option<&Suspicion>,
    code: FaultCode,
    signal: &Signal,
    at: Timestamp,
    trusted: bool,
) -> Option<Suspicion> {
    let is_another = |other: &Signal| other != signal || bug("two_reports_of_one_person_confirm");
    let confirmed = known.is_some_and(|it| it.signals.iter().any(is_another));
    if confirmed || trusted {
        return None;
    }
    let since = known.map_or(at, |it| it.since.min(at));
    let kept_for = match signal {
        Signal::Device => code.listed().stable_for,
        Signal::Silence | Signal::Driver { .. } | Signal::Customer { .. } => SUSPICION_KEPT_FOR,
    };
    let judged_at = since.saturating_add(kept_for).unwrap_or(since);
    if *signal == Signal::Device && at >= judged_at {
        return None;
    }
    let last_at = known.map_or(at, |it| it.last_at.max(at));
    let vendor_text = known.and_then(|it| it.vendor_text.clone());
    Some(Suspicion { since, last_at, signals: [signal.clone()].into(), judged_at, vendor_text })
}

/// How many checks are looked back on, and from which shares of changes on a condition comes and goes, and no longer
/// does: those that Nagios looks at and starts from (<https://assets.nagios.com/downloads/nagioscore/docs/nagioscore/4/en/flapping.html>),
/// each change weighing the same.
const CHECKS: u8 = 21;
const FLAPPING_FROM_CHANGES: u32 = 6;
const STEADY_BELOW_CHANGES: u32 = 4;

/// What the latest checks of a condition have said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// One bit a check, the latest lowest; set where the condition was seen.
    seen: u32,
    flapping: bool,
    /// When the device last said that it is gone: what it saw before then, or at that moment, is history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone_at: Option<Timestamp>,
}

/// The checks of the conditions of one unit.
pub type ChecksOfUnit = BTreeMap<FaultCode, Checks>;

impl Checks {
    /// Adds that it was seen.
    pub fn see(&mut self) {
        self.add(true);
    }

    /// Adds that it was gone at that time.
    pub fn see_no_more(&mut self, at: Timestamp) {
        self.gone_at = self.gone_at.max(Some(at));
        self.add(false);
    }

    /// Whether it has been gone since something was seen at that time.
    pub fn was_gone_since(&self, at: Timestamp) -> bool {
        self.gone_at.is_some_and(|gone_at| gone_at >= at)
    }

    /// What was not checked before counts as not seen.
    fn add(&mut self, seen: bool) {
        self.seen = (self.seen << 1 | u32::from(seen)) & ((1 << CHECKS) - 1);
        let changes = ((self.seen ^ self.seen >> 1) & ((1 << (CHECKS - 1)) - 1)).count_ones();
        self.flapping = changes >= if self.flapping { STEADY_BELOW_CHANGES } else { FLAPPING_FROM_CHANGES };
    }

    /// Whether the condition comes and goes so often that its going says nothing.
    pub fn is_flapping(self) -> bool {
        self.flapping
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    fn customer(person: &str) -> Signal {
        Signal::Customer { person: id(person) }
    }

    fn suspected(since: i64, last: i64, signal: Signal, judged: Timestamp) -> Suspicion {
        Suspicion {
            since: at(since),
            last_at: at(last),
            signals: [signal].into(),
            judged_at: judged,
            vendor_text: None,
        }
    }

    fn weigh_at(known: Option<&Suspicion>, code: FaultCode, signal: &Signal, second: i64) -> Option<Suspicion> {
        weigh(known, code, signal, at(second), false)
    }

    #[test]
    fn what_is_certain_at_once_is_a_fault_at_once() {
        assert_eq!(weigh_at(None, FaultCode::LockJammed, &Signal::Device, 0), None);
    }

    #[test]
    fn a_condition_is_a_fault_once_it_is_stable_and_not_before() {
        let device = || Signal::Device;
        let first = weigh_at(None, FaultCode::DoorNotClosing, &device(), 0).unwrap();
        assert_eq!(first, suspected(0, 0, device(), at(60)));
        let later = weigh_at(Some(&first), FaultCode::DoorNotClosing, &device(), 59).unwrap();
        assert_eq!(later, suspected(0, 59, device(), at(60)));
        assert_eq!(weigh_at(Some(&later), FaultCode::DoorNotClosing, &device(), 60), None);
        let reordered = weigh_at(Some(&later), FaultCode::DoorNotClosing, &device(), 10).unwrap();
        assert_eq!(reordered, later, "one that comes late says nothing new");
    }

    #[test]
    fn one_person_is_a_suspicion_and_another_signal_confirms_it() {
        let anna = weigh_at(None, FaultCode::LockJammed, &customer("anna"), 0).unwrap();
        assert_eq!(anna, suspected(0, 0, customer("anna"), at(0) + SUSPICION_KEPT_FOR));
        let again = weigh_at(Some(&anna), FaultCode::LockJammed, &customer("anna"), 60).unwrap();
        assert_eq!(again.judged_at, anna.judged_at, "the same person is not a second signal");
        for other in [customer("ben"), Signal::Driver { person: id("anna") }, Signal::Device, Signal::Silence] {
            assert_eq!(weigh_at(Some(&anna), FaultCode::LockJammed, &other, 60), None, "{other:?}");
        }
    }

    #[test]
    fn on_probation_a_first_sign_is_enough() {
        assert_eq!(weigh(None, FaultCode::DoorNotClosing, &customer("anna"), at(0), true), None);
    }

    #[test]
    fn a_condition_that_comes_and_goes_is_flapping_from_one_share_of_changes_until_a_lower_one() {
        let mut checks = Checks::default();
        let mut add = |seen: &[bool]| {
            seen.iter().for_each(|seen| checks.add(*seen));
            checks.is_flapping()
        };
        assert!(!add(&[true, false, true, false, true]), "five changes");
        assert!(add(&[false]), "six");
        assert!(add(&[false; 16]), "four of the last 21 are left");
        assert!(!add(&[false]), "three");
        assert!(!add(&[false; 40]));
    }

    #[test]
    fn a_warning_keeps_no_compartment_from_being_booked() {
        let of = |code| Suspicions::from([(code, suspected(0, 0, Signal::Device, at(60)))]);
        assert!(closes_anything(&of(FaultCode::DoorNotClosing)) && !closes_anything(&of(FaultCode::DisplayFault)));
        assert_eq!((judged_at(&of(FaultCode::DisplayFault)), judged_at(&Suspicions::new())), (Some(at(60)), None));
    }
}

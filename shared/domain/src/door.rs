//! The door of one compartment: how often it was opened and for what, and whether it opened when it was told to.
//!
//! Kept beside the compartment, not in it: a door that is opened must not disturb whoever books the compartment. Deposits,
//! pickups and test openings count here in the commit that records them.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::fault::{FaultCode, FaultReport, ReportedFault, Unit};
use crate::id::{CompartmentNumber, EventId, LockerId};
use crate::locker::{FaultOutcome, FaultScene, report_faults};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::suspicion::Signal;
use crate::{SignedDuration, Timestamp};

/// How long after a lock has taken a command its door may take to open, by the broker's time of both messages. Locks
/// open within a second; the rest is for messages on a weak network. No public figure was found: an assumption.
pub const OPENS_WITHIN: SignedDuration = SignedDuration::from_secs(60);

/// How often a door was opened, and for what, since its locker was registered. Whoever counts preventive work or the
/// share of doors that open at the first try reads these.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Openings {
    #[serde(default)]
    pub deposits: u32,
    #[serde(default)]
    pub collections: u32,
    #[serde(default)]
    pub tests_passed: u32,
    #[serde(default)]
    pub tests_failed: u32,
    /// Commands after which the door opened, without another one being needed.
    #[serde(default)]
    pub at_first_try: u32,
    /// Commands after which it did not, or only after another one.
    #[serde(default)]
    pub not_at_first_try: u32,
}

impl Openings {
    /// How often it was opened altogether, as far as wear goes.
    pub fn total(&self) -> u32 {
        let Self { deposits, collections, tests_passed, .. } = self;
        deposits.saturating_add(*collections).saturating_add(*tests_passed)
    }
}

/// What a door was opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenedFor {
    Deposit,
    Collection,
    /// After a repair.
    Test,
}

/// A command that a lock has taken and whose door has not opened yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwaitedOpening {
    /// The broker's time of the first such command.
    pub since: Timestamp,
    /// How many commands there were.
    pub commands: u32,
}

/// The door of one compartment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    pub locker: LockerId,
    pub number: CompartmentNumber,
    pub openings: Openings,
    /// The broker's time of the latest opening that was heard of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaited: Option<AwaitedOpening>,
}

impl Door {
    /// A door that nobody has opened yet.
    pub fn new(locker: LockerId, number: CompartmentNumber) -> Self {
        Self { locker, number, openings: Openings::default(), opened_at: None, awaited: None }
    }

    /// When to look whether it has opened.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.awaited.as_ref().map(|it| it.since + OPENS_WITHIN)
    }

    /// The same door once it was opened for something.
    pub fn opened_for(self, what: OpenedFor, at: Timestamp) -> Self {
        let mut door = self.opened(at);
        let count = match what {
            OpenedFor::Deposit => &mut door.openings.deposits,
            OpenedFor::Collection => &mut door.openings.collections,
            OpenedFor::Test => &mut door.openings.tests_passed,
        };
        *count = count.saturating_add(1);
        door
    }

    /// The same door once it has failed to open in a test.
    pub fn failed_a_test(mut self) -> Self {
        self.openings.tests_failed = self.openings.tests_failed.saturating_add(1);
        self
    }

    /// The same door once it was seen open. Messages overtake each other: an opening from before the command does not
    /// answer it.
    fn opened(mut self, at: Timestamp) -> Self {
        self.opened_at = self.opened_at.max(Some(at));
        if let Some(awaited) = self.awaited.take_if(|it| it.since <= at && !bug("openings_are_not_heard")) {
            self.count_try(awaited.commands == 1);
        }
        self
    }

    fn count_try(&mut self, at_first_try: bool) {
        let Openings { at_first_try: yes, not_at_first_try: no, .. } = &mut self.openings;
        let count = if at_first_try { yes } else { no };
        *count = count.saturating_add(1);
    }
}

/// A lock has taken a command to open: from now on its door is awaited. Where it has opened since, by a message that
/// overtook this one, it did at the first try.
pub fn acknowledge_opening(mut door: Door, at: Timestamp) -> Decision<()> {
    let opened_since = door.opened_at.is_some_and(|opened_at| opened_at >= at);
    match &mut door.awaited {
        _ if opened_since => door.count_try(true),
        Some(awaited) => {
            awaited.since = awaited.since.min(at);
            awaited.commands = awaited.commands.saturating_add(1);
        }
        None => door.awaited = Some(AwaitedOpening { since: at, commands: 1 }),
    }
    let mut decision = Decision::new(());
    decision.record(Event::OpeningAcknowledged { compartment: door.number });
    decision.change(door);
    decision
}

/// A door was seen open.
pub fn record_opening(door: Door, at: Timestamp) -> Decision<()> {
    let mut decision = Decision::new(());
    decision.record(Event::DoorOpened { compartment: door.number });
    decision.change(door.opened(at));
    decision
}

/// A lock has taken a command and its door has not opened in time, and nobody has said so. The compartment's lock is
/// suspected to be jammed from the moment of the command; a repair that has been proven since says more.
///
/// # Errors
/// - [`Refusal::WrongState`] where the door has opened, or may still.
/// - Those of [`report_faults`].
pub fn suspect_silent_lock(
    mut door: Door,
    scene: FaultScene,
    now: Timestamp,
) -> Result<Decision<FaultOutcome>, Refusal> {
    let due = door.due_at().ok_or(Refusal::wrong_state("opened"))?;
    if due > now {
        return Err(Refusal::wrong_state("awaited"));
    }
    let event = not_opened(&door);
    let since = door.awaited.take().map_or(due, |it| it.since);
    door.count_try(false);
    let unit = Unit::Compartment(door.number);
    let report = FaultReport {
        locker: door.locker.clone(),
        event,
        received_at: since,
        signal: Signal::Silence,
        gone: Vec::new(),
        faults: vec![ReportedFault { unit, code: FaultCode::LockJammed, vendor_text: None }],
    };
    let mut decision = report_faults(scene, &report, now)?;
    decision.change(door);
    Ok(decision)
}

/// What it is recorded as that a door has not opened: once for each time that it did not, since commands of the same moment
/// may be heard of one after the other.
pub fn not_opened(door: &Door) -> EventId {
    EventId::of_step("not-opened", &format!("{}-{}", door.number, door.openings.not_at_first_try))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::State;
    use crate::compartment::Compartment;
    use crate::testing::*;

    fn door() -> Door {
        Door::new(locker_id(), number(7))
    }

    fn awaited(second: i64, commands: u32) -> Door {
        Door { awaited: Some(AwaitedOpening { since: at(second), commands }), ..door() }
    }

    fn only_change(decision: Decision<()>) -> Door {
        let [State::Door(door)] = &decision.changes[..] else { panic!("{decision:?}") };
        door.clone()
    }

    fn tries(at_first_try: u32, not_at_first_try: u32) -> Openings {
        Openings { at_first_try, not_at_first_try, ..Openings::default() }
    }

    fn scene(compartment: Compartment) -> FaultScene {
        FaultScene { locker: Some(locker()), compartments: vec![compartment], work_order: None }
    }

    #[test]
    fn a_door_that_was_told_to_open_is_awaited_until_it_does() {
        let told = only_change(acknowledge_opening(door(), at(10)));
        assert_eq!((told.clone(), told.due_at()), (awaited(10, 1), Some(at(10) + OPENS_WITHIN)));
        let opened = only_change(record_opening(told, at(11)));
        assert_eq!(opened, Door { opened_at: Some(at(11)), openings: tries(1, 0), ..door() });
        assert_eq!(opened.due_at(), None);
    }

    #[test]
    fn an_opening_that_overtook_its_command_answers_it_and_an_older_one_does_not() {
        let opened = only_change(record_opening(door(), at(11)));
        let told = only_change(acknowledge_opening(opened.clone(), at(10)));
        assert_eq!(told, Door { openings: tries(1, 0), ..opened });
        let late = only_change(record_opening(awaited(10, 1), at(9)));
        assert_eq!(late, Door { opened_at: Some(at(9)), ..awaited(10, 1) });
    }

    #[test]
    fn a_door_that_needs_a_second_command_did_not_open_at_the_first_try() {
        let told_twice = only_change(acknowledge_opening(awaited(10, 1), at(15)));
        assert_eq!(told_twice, awaited(10, 2));
        assert_eq!(only_change(record_opening(told_twice, at(16))).openings, tries(0, 1));
    }

    #[test]
    fn what_a_door_was_opened_for_is_counted_and_answers_a_command() {
        let mut door = awaited(10, 1);
        for (what, second) in [(OpenedFor::Deposit, 11), (OpenedFor::Collection, 20), (OpenedFor::Test, 30)] {
            door = door.opened_for(what, at(second));
        }
        let openings =
            Openings { deposits: 1, collections: 1, tests_passed: 1, tests_failed: 1, at_first_try: 1, ..tries(0, 0) };
        assert_eq!(openings.total(), 3);
        assert_eq!(door.failed_a_test(), Door { openings, opened_at: Some(at(30)), ..self::door() });
    }

    #[test]
    fn a_door_that_stays_shut_after_a_command_is_suspected_of_a_jammed_lock_since_then() {
        assert_eq!(
            suspect_silent_lock(awaited(10, 1), scene(compartment(7)), at(69)),
            Err(Refusal::wrong_state("awaited"))
        );
        assert_eq!(suspect_silent_lock(door(), scene(compartment(7)), at(70)), Err(Refusal::wrong_state("opened")));
        let decision = suspect_silent_lock(awaited(10, 1), scene(compartment(7)), at(70)).unwrap();
        let jammed = FaultReport { signal: Signal::Silence, ..report(10, &[(unit(7), FaultCode::LockJammed)]) };
        let mut expected = report_faults(scene(compartment(7)), &jammed, at(70)).unwrap();
        expected.change(Door { openings: tries(0, 1), ..door() });
        assert_eq!(decision, expected);
        assert_eq!(decision.answer.suspected, [(unit(7), FaultCode::LockJammed)]);
    }

    #[test]
    fn a_repair_that_was_proven_since_the_command_says_more() {
        let repaired = Compartment { reopened_at: Some(at(30)), ..compartment(7) };
        let decision = suspect_silent_lock(awaited(10, 1), scene(repaired), at(70)).unwrap();
        assert_eq!(decision.answer.outdated, [(unit(7), FaultCode::LockJammed)]);
        assert_eq!(decision.changes, [State::from(Door { openings: tries(0, 1), ..door() })]);
    }
}

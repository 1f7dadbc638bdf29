//! The driver's side of a complaint: asked before anything is decided against a driver, told what was decided and why, and
//! heard once more where the driver contests it, by somebody else.

use serde::{Deserialize, Serialize};

use super::{Case, Cause, Evidence, Said};
use crate::decision::{Decision, Event};
use crate::delivery::Delivery;
use crate::id::{EventId, PersonId};
use crate::notice::{Message, Notice};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::{SignedDuration, Timestamp};

/// How long a driver has to give a statement. Three days, so that a weekend off leaves a day of work.
pub const STATEMENT_WITHIN: SignedDuration = SignedDuration::from_hours(3 * 24);

/// For how long after a decision its driver can contest it.
pub const CONTEST_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Within what time that is answered: two weeks, as article 11 of directive (EU) 2024/2831 demands of a review.
pub const CONTEST_ANSWERED_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// That a driver was asked for a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hearing {
    pub by: PersonId,
    pub asked_at: Timestamp,
    /// From then on it is decided without one.
    pub state_until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Said>,
}

/// That a driver does not accept a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contest {
    pub text: String,
    pub at: Timestamp,
    pub answer_due_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<ContestAnswer>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContestAnswer {
    /// Whether the decision does not stand any more.
    pub granted: bool,
    pub reasons: String,
    pub by: PersonId,
    pub at: Timestamp,
}

impl Case {
    /// Whether its driver has been heard, or has had the time for it.
    pub(super) fn is_heard(&self, now: Timestamp) -> bool {
        self.hearing.as_ref().is_some_and(|it| it.statement.is_some() || it.state_until <= now)
    }

    /// Whether a decision stands that it was the driver's doing.
    pub fn charges_its_driver(&self) -> bool {
        let granted = self.contest.as_ref().and_then(|it| it.answer.as_ref()).is_some_and(|it| it.granted);
        !granted && self.decision.as_ref().is_some_and(|it| it.cause == Cause::Driver)
    }

    /// The contest that waits for an answer, if one does.
    pub fn open_contest(&self) -> Option<&Contest> {
        self.contest.as_deref().filter(|it| it.answer.is_none())
    }

    /// Until when its driver can contest the decision, where there is one to be contested.
    pub fn contested_until(&self) -> Option<Timestamp> {
        let decided = self.decision.as_ref().filter(|it| it.cause == Cause::Driver && self.contest.is_none());
        decided.map(|it| it.at + CONTEST_WITHIN)
    }
}

/// A member of support asks the driver for a statement.
///
/// # Errors
/// - [`Refusal::WrongState`] once it is decided, and where the driver was asked already.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
/// - [`Refusal::UnknownPerson`] where nobody knows who delivered.
pub fn ask_driver(mut case: Case, by: PersonId, event: &EventId, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    if !case.status.is_undecided() {
        return Err(Refusal::wrong_state(case.status));
    }
    if case.is_party(&by) {
        return Err(Refusal::OwnCase);
    }
    if case.hearing.is_some() {
        return Err(Refusal::wrong_state("driver_asked"));
    }
    let driver = case.driver.clone().ok_or(Refusal::UnknownPerson)?;
    let state_until = now + STATEMENT_WITHIN;
    case.hearing = Some(Box::new(Hearing { by: by.clone(), asked_at: now, state_until, statement: None }));
    let message = Message::DriverAsked {
        case: case.id.clone(),
        delivery: case.order.clone(),
        category: case.category,
        state_until,
    };
    let notice = Notice::to_person(&driver, message, event, now);
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::DriverAsked { by });
    Ok(decision)
}

/// The driver's statement: a fact like any other.
///
/// # Errors
/// [`Refusal::WrongState`] where it was not asked for, was given, or is too late since it is decided.
pub fn state(mut case: Case, text: String, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    if !case.status.is_undecided() {
        return Err(Refusal::wrong_state(case.status));
    }
    let hearing = case.hearing.as_mut().ok_or_else(|| Refusal::wrong_state(case.status))?;
    if hearing.statement.is_some() {
        return Err(Refusal::wrong_state("stated"));
    }
    hearing.statement = Some(Said { text, at: now });
    case.evidence.push(Evidence::DriverStated { stated_at: now });
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.record(Event::DriverStated);
    Ok(decision)
}

/// The driver does not accept that it was the driver's doing. Until it is answered the decision stands.
///
/// # Errors
/// - [`Refusal::WrongState`] where nothing was decided against the driver, or it was contested.
/// - [`Refusal::TooLate`] more than [`CONTEST_WITHIN`] after the decision.
pub fn contest(mut case: Case, text: String, event: &EventId, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    let until = case.contested_until().ok_or_else(|| Refusal::wrong_state(case.status))?;
    if now > until && !bug("contested_however_late") {
        return Err(Refusal::TooLate);
    }
    let driver = case.driver.clone().ok_or(Refusal::UnknownPerson)?;
    let answer_due_at = now + CONTEST_ANSWERED_WITHIN;
    case.contest = Some(Box::new(Contest { text, at: now, answer_due_at, answer: None }));
    let message = Message::ContestReceived { case: case.id.clone(), delivery: case.order.clone(), answer_due_at };
    let notice = Notice::to_person(&driver, message, event, now);
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::DecisionContested);
    Ok(decision)
}

/// Somebody else than who decided looks at it again. Where it is granted, the decision stands no more and the delivery is
/// charged with nothing.
///
/// # Errors
/// - [`Refusal::WrongState`] where no contest waits for an answer.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
/// - [`Refusal::FirstDecider`] for who has decided.
/// - [`Refusal::MissingEvidence`] without reasons.
pub fn answer_contest(
    mut case: Case,
    delivery: Option<Delivery>,
    made: ContestAnswer,
    event: &EventId,
) -> Result<Decision<Case>, Refusal> {
    if case.open_contest().is_none() {
        return Err(Refusal::wrong_state(case.status));
    }
    if case.is_party(&made.by) {
        return Err(Refusal::OwnCase);
    }
    let first = case.decision.as_ref().is_some_and(|it| it.by == made.by);
    if first && !bug("first_decider_answers_the_contest") {
        return Err(Refusal::FirstDecider);
    }
    if made.reasons.trim().is_empty() {
        return Err(Refusal::MissingEvidence);
    }
    let driver = case.driver.clone().ok_or(Refusal::UnknownPerson)?;
    let (granted, by, now) = (made.granted, made.by.clone(), made.at);
    let message = Message::ContestAnswered {
        case: case.id.clone(),
        delivery: case.order.clone(),
        granted,
        reasons: made.reasons.clone(),
    };
    let notice = Notice::to_person(&driver, message, event, now);
    if let Some(contest) = case.contest.as_mut() {
        contest.answer = Some(made);
    }
    let mut decision = Decision::new(case.clone());
    let charged = delivery.filter(|it| granted && it.charged_case.as_ref() == Some(&case.id));
    if let Some(delivery) = charged.filter(|_| !bug("granted_contest_still_charges")) {
        decision.change(Delivery { charged_case: None, ..delivery });
    }
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::ContestAnswered { by, granted });
    Ok(decision)
}

#[cfg(test)]
mod tests;

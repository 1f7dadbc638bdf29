//! The customer is asked for what is missing: meanwhile the clocks stand still.

use serde::{Deserialize, Serialize};

use super::{Case, CaseStatus, Owner, REOPEN_WITHIN};
use crate::calendar::Calendar;
use crate::decision::{Decision, Event};
use crate::delivery::Delivery;
use crate::id::{EventId, PersonId};
use crate::notice::{Message, Notice};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::{SignedDuration, Timestamp};

/// How long a customer has for an answer: as long as to reopen what was closed for want of one.
pub const ANSWER_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How often one case can ask. Who has asked five times decides by what there is.
pub const QUESTIONS_MAX: usize = 5;

/// What the customer was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub text: String,
    pub by: PersonId,
    pub asked_at: Timestamp,
    /// Without an answer until then the case is closed.
    pub answer_until: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Said>,
}

/// What a customer has said, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub text: String,
    pub at: Timestamp,
}

impl Case {
    /// The question that waits for the customer's answer, if one does.
    pub fn awaited(&self) -> Option<&Question> {
        self.questions.last().filter(|it| self.status == CaseStatus::AwaitingCustomer && it.answer.is_none())
    }
}

/// The owner asks the customer something: nothing is due until the answer. Who asks for a case that nobody has taken owns
/// it from then on. The question is the first answer, where there was none.
///
/// # Errors
/// - [`Refusal::WrongState`] once it is decided, and while another question waits.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
/// - [`Refusal::NotTheOwner`] for everybody else but the owner.
/// - [`Refusal::TooManyQuestions`]
pub fn ask_customer(
    mut case: Case,
    text: String,
    by: PersonId,
    support: &Calendar,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Case>, Refusal> {
    if !case.status.is_supports_turn() {
        return Err(Refusal::wrong_state(case.status));
    }
    if case.is_party(&by) {
        return Err(Refusal::OwnCase);
    }
    match &case.owner {
        Owner::Agent { person } if *person != by => return Err(Refusal::NotTheOwner),
        Owner::Agent { .. } | Owner::Support => case.owner = Owner::Agent { person: by.clone() },
    }
    if case.questions.len() >= QUESTIONS_MAX {
        return Err(Refusal::TooManyQuestions);
    }
    let answer_until = now + ANSWER_WITHIN;
    case.note_heard(support, now);
    case.status = CaseStatus::AwaitingCustomer;
    case.questions.push(Question { text: text.clone(), by: by.clone(), asked_at: now, answer_until, answer: None });
    let message =
        Message::CaseQuestion { case: case.id.clone(), order: case.order.clone(), question: text, answer_until };
    let notice = Notice::to_person(&case.customer, message, event, now);
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::CustomerAsked { by });
    Ok(decision)
}

/// The customer answers. What was due when the question was asked is due later by as much as people have worked since, and
/// the next update from now.
///
/// # Errors
/// [`Refusal::WrongState`] where nothing was asked, or it was answered.
pub fn answer_question(
    mut case: Case,
    delivery: Option<Delivery>,
    text: String,
    support: &Calendar,
    now: Timestamp,
) -> Result<Decision<Case>, Refusal> {
    let asked_at = case.awaited().map(|it| it.asked_at).ok_or_else(|| Refusal::wrong_state(case.status))?;
    if let Some(question) = case.questions.last_mut() {
        question.answer = Some(Said { text: text.clone(), at: now });
    }
    case.status = CaseStatus::Assigned;
    if !bug("pause_is_forgotten") {
        case.solution_due_at = case.solution_due_at.map(|due| support.after_pause(due, asked_at, now));
    }
    case.update_due_at = case.update_due_at.map(|_| support.due(now, case.severity.promise().update));
    let counts_again = case.hear(&text, delivery, support);
    let mut decision = Decision::new(case.clone());
    if let Some(delivery) = counts_again {
        decision.change(delivery);
    }
    decision.change(case);
    decision.record(Event::CustomerAnswered);
    Ok(decision)
}

/// The customer has not answered in time: the case is closed, and the customer told how to reopen it.
///
/// # Errors
/// [`Refusal::WrongState`] where no answer is awaited any more, or there is still time.
pub fn close_unanswered(mut case: Case, event: &EventId, now: Timestamp) -> Result<Decision<()>, Refusal> {
    case.awaited().filter(|it| it.answer_until <= now).ok_or_else(|| Refusal::wrong_state(case.status))?;
    case.status = CaseStatus::Closed;
    case.closed_at = Some(now);
    let reopen_until = case.can_be_reopened_again().then(|| now + REOPEN_WITHIN);
    let message = Message::CaseUnanswered { case: case.id.clone(), order: case.order.clone(), reopen_until };
    let notice = Notice::to_person(&case.customer, message, event, now);
    let mut decision = Decision::new(());
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::CaseUnanswered);
    Ok(decision)
}

#[cfg(test)]
mod tests;

//! An answer need not be the end of it.

use serde::{Deserialize, Serialize};

use super::{Case, CaseDecision, CaseStatus, Contest, Owner};
use crate::calendar::Calendar;
use crate::decision::{Decision, Event};
use crate::delivery::Delivery;
use crate::id::{EventId, PersonId};
use crate::notice::{Message, Notice};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::{SignedDuration, Timestamp};

/// For how long after the answer a case can be reopened.
pub const REOPEN_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How often: the answer after that is the last one from here, and whoever is not content goes to an arbitrator.
pub const REOPENINGS_MAX: usize = 2;

/// That a case was reopened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopening {
    pub at: Timestamp,
    /// Who of support; nobody where it was the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonId>,
    pub text: String,
    /// What had been decided; nothing where it was closed without an answer to a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<CaseDecision>,
    /// What the driver had said to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<Box<Contest>>,
}

impl Case {
    /// Whether another answer would not be the last one.
    pub(super) fn can_be_reopened_again(&self) -> bool {
        self.reopenings.len() < REOPENINGS_MAX
    }

    /// Until when it can be reopened, where it can be at all.
    pub fn reopens_until(&self) -> Option<Timestamp> {
        let over = !self.status.is_undecided() && self.joined_into.is_none() && self.can_be_reopened_again();
        let answered_at = self.decision.as_ref().map(|it| it.at).or(self.closed_at);
        answered_at.filter(|_| over).map(|at| at + REOPEN_WITHIN)
    }
}

/// The customer, or a member of support, is not content with the answer. The case goes back to its team, with clocks that
/// run from now; what was decided does not stand any more, and charges nobody until it is decided again. The customer
/// gets a receipt.
///
/// # Errors
/// - [`Refusal::WrongState`] while it is not decided, and where it is dealt with by another case.
/// - [`Refusal::OwnCase`] for the driver.
/// - [`Refusal::FinalAnswer`] where it has been reopened as often as it can be.
/// - [`Refusal::TooLate`] more than [`REOPEN_WITHIN`] after the answer.
pub fn reopen(
    mut case: Case,
    delivery: Option<Delivery>,
    by: Option<PersonId>,
    text: String,
    support: &Calendar,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Case>, Refusal> {
    if case.status.is_undecided() || case.joined_into.is_some() {
        return Err(Refusal::wrong_state(if case.joined_into.is_some() {
            "joined".to_owned()
        } else {
            case.status.to_string()
        }));
    }
    if by.as_ref().is_some_and(|by| case.is_party(by)) {
        return Err(Refusal::OwnCase);
    }
    let until = case.reopens_until().ok_or(Refusal::FinalAnswer)?;
    if now > until && !bug("reopened_however_late") {
        return Err(Refusal::TooLate);
    }
    let (decision, contest) = (case.decision.take(), case.contest.take());
    let reopening = Reopening { at: now, by: by.clone(), text: text.clone(), decision, contest };
    case.reopenings.push(reopening);
    (case.status, case.owner, case.closed_at) = (CaseStatus::Reopened, Owner::Support, None);
    case.start_clocks(support, now);
    let charged = delivery.as_ref().is_some_and(|it| it.charged_case.as_ref() == Some(&case.id));
    let mut changed = delivery
        .clone()
        .filter(|_| charged && !bug("reopened_case_still_charges"))
        .map(|it| Delivery { charged_case: None, ..it });
    if by.is_none() {
        let delivery = changed.clone().or(delivery);
        changed = case.hear(&text, delivery, support).or(changed);
    }
    let message =
        Message::CaseReopened { case: case.id.clone(), order: case.order.clone(), answer_due_at: case.answer_due_at };
    let notice = Notice::to_person(&case.customer, message, event, now);
    let mut decision = Decision::new(case.clone());
    if let Some(delivery) = changed {
        decision.change(delivery);
    }
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::CaseReopened { by });
    Ok(decision)
}

#[cfg(test)]
mod tests;

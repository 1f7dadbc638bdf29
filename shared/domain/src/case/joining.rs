//! One matter, complained of twice, is one case.

use super::{Case, CaseStatus};
use crate::Timestamp;
use crate::decision::{Decision, Event};
use crate::id::{EventId, PersonId};
use crate::notice::{Message, Notice};
use crate::refusal::Refusal;
use crate::seeded::bug;

/// How many cases one case deals with beside its own.
pub const JOINED_MAX: usize = 20;

/// A case is dealt with by another one of the same customer, about the same matter. It is closed, its customer told under
/// which number the answer comes, and nobody is charged for it. What was promised sooner for either is promised for the
/// one that stays.
///
/// # Errors
/// - [`Refusal::WrongState`] once either is decided, and where others are dealt with by the one that is to be closed.
/// - [`Refusal::OwnCase`] for the complainant and the drivers.
/// - [`Refusal::NotTheSameMatter`] for two customers' cases, and for one case with itself.
/// - [`Refusal::TooManyJoined`]
pub fn join(
    mut duplicate: Case,
    mut into: Case,
    by: PersonId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Case>, Refusal> {
    if (duplicate.customer != into.customer && !bug("anothers_case_is_joined")) || duplicate.id == into.id {
        return Err(Refusal::NotTheSameMatter);
    }
    if let Some(over) = [&duplicate, &into].into_iter().find(|it| !it.status.is_undecided()) {
        return Err(Refusal::wrong_state(over.status));
    }
    if !duplicate.joined.is_empty() {
        return Err(Refusal::wrong_state("joined_by_others"));
    }
    if duplicate.is_party(&by) || into.is_party(&by) {
        return Err(Refusal::OwnCase);
    }
    if into.joined.len() >= JOINED_MAX {
        return Err(Refusal::TooManyJoined);
    }
    (duplicate.status, duplicate.closed_at) = (CaseStatus::Closed, Some(now));
    duplicate.joined_into = Some(into.id.clone());
    into.joined.insert(duplicate.id.clone());
    into.severity = into.severity.max(duplicate.severity);
    if into.heard_at.is_none() && duplicate.heard_at.is_none() {
        into.answer_due_at = into.answer_due_at.min(duplicate.answer_due_at);
    }
    into.solution_due_at = [into.solution_due_at, duplicate.solution_due_at].into_iter().flatten().min();
    let message =
        Message::CaseJoined { case: duplicate.id.clone(), order: duplicate.order.clone(), into: into.id.clone() };
    let notice = Notice::to_person(&duplicate.customer, message, event, now);
    let history = Event::CaseJoined { into: into.id.clone(), by };
    let mut decision = Decision::new(duplicate.clone());
    decision.change(duplicate);
    decision.change(into);
    decision.tell(notice);
    decision.record(history);
    Ok(decision)
}

#[cfg(test)]
mod tests;

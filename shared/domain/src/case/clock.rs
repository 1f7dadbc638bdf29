//! What is promised to whom has complained, and who is told where it is not kept.
//!
//! A first answer, an update and the solution are each due, in support's working hours; while the customer is waited for,
//! none of them is. What a driver contests is due by the calendar. What has passed is told level by level, each level once: the commit that tells of it counts it, and
//! says when the next one is due.

use serde::{Deserialize, Serialize};

use super::{Case, Owner};
use crate::calendar::Calendar;
use crate::decision::{Decision, Event};
use crate::id::{EventId, NoticeId, PersonId};
use crate::notice::{Message, Notice, Recipient};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::team::{Duty, Team};
use crate::{SignedDuration, Timestamp};

/// Something that is promised to whom has complained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// A person has written for the first time.
    FirstAnswer,
    /// The customer has heard of it again.
    Update,
    /// It is decided.
    Solution,
    /// Somebody has looked at what the driver contests.
    Contest,
}

impl Deadline {
    /// Each.
    pub const ALL: [Deadline; 4] = [Deadline::FirstAnswer, Deadline::Update, Deadline::Solution, Deadline::Contest];

    fn name(self) -> &'static str {
        match self {
            Deadline::FirstAnswer => "first-answer",
            Deadline::Update => "update",
            Deadline::Solution => "solution",
            Deadline::Contest => "contest",
        }
    }
}

/// How many levels are told of what has passed: the team, then whoever leads it.
pub const OVERDUE_LEVELS: u8 = 2;

/// A deadline that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub deadline: Deadline,
    pub due_at: Timestamp,
    pub levels_told: u8,
    /// When the next level is to be told; nothing where all have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
}

/// A level that is to be told of something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    pub deadline: Deadline,
    pub due_at: Timestamp,
    /// From 1.
    pub level: u8,
    /// When the level is to be told.
    pub told_at: Timestamp,
}

impl Overdue {
    /// The id of this level: the same level of the same deadline has the same.
    pub fn event(&self) -> EventId {
        let of = format!("{}-{}-{}", self.deadline.name(), self.due_at.as_millisecond(), self.level);
        EventId::of_step("overdue", &of)
    }
}

impl Case {
    /// Since when its clocks run: since it was received, or reopened.
    pub fn clocks_since(&self) -> Timestamp {
        self.reopenings.last().map_or(self.received_at, |it| it.at)
    }

    /// When something promised for so many working hours is due, the pauses left out in which the customer was waited for.
    fn due(&self, working: SignedDuration, support: &Calendar) -> Timestamp {
        let since = self.clocks_since();
        let mut due = support.due(since, working);
        for (asked_at, said_at) in self.questions.iter().filter_map(|it| Some((it.asked_at, it.answer.as_ref()?.at))) {
            if asked_at >= since {
                due = support.after_pause(due, asked_at, said_at);
            }
        }
        due
    }

    /// Sets its clocks, that all begin to run now.
    pub(super) fn start_clocks(&mut self, support: &Calendar, now: Timestamp) {
        let promise = self.severity.promise();
        let [answer, update, solution] =
            [promise.first_answer, promise.update, promise.solution].map(|hours| support.due(now, hours));
        (self.answer_due_at, self.update_due_at, self.solution_due_at) = (answer, Some(update), Some(solution));
        (self.heard_at, self.missed) = (None, Vec::new());
    }

    /// Brings forward what is due by its severity. Nothing is put off.
    pub(super) fn hasten(&mut self, support: &Calendar) {
        let promise = self.severity.promise();
        self.answer_due_at = self.answer_due_at.min(self.due(promise.first_answer, support));
        let said_at = self.questions.last().and_then(|it| it.answer.as_ref()).map(|it| it.at);
        let update = match self.heard_at {
            Some(heard_at) => support.due(heard_at.max(said_at.unwrap_or(heard_at)), promise.update),
            None => self.due(promise.update, support),
        };
        self.update_due_at = self.update_due_at.map(|it| it.min(update));
        let solution = self.due(promise.solution, support);
        self.solution_due_at = self.solution_due_at.map(|it| it.min(solution));
    }

    /// A person writes to the customer: the first answer is given, and the next update is due from now.
    pub(super) fn note_heard(&mut self, support: &Calendar, now: Timestamp) {
        self.heard_at = Some(now);
        self.update_due_at = self.update_due_at.map(|_| support.due(now, self.severity.promise().update));
    }

    /// When this is due, where it is due at all.
    pub fn deadline(&self, deadline: Deadline) -> Option<Timestamp> {
        let runs = self.status.is_supports_turn();
        match deadline {
            Deadline::FirstAnswer => Some(self.answer_due_at).filter(|_| runs && self.heard_at.is_none()),
            Deadline::Update => self.update_due_at.filter(|_| runs),
            Deadline::Solution => self.solution_due_at.filter(|_| runs),
            Deadline::Contest => self.open_contest().map(|it| it.answer_due_at),
        }
    }

    /// What is to be done first, and by when. Nothing once it is decided; while the customer is waited for, that.
    pub fn due_first(&self) -> Option<Timestamp> {
        let awaited = self.awaited().map(|it| it.answer_until);
        Deadline::ALL.into_iter().filter_map(|it| self.deadline(it)).min().or(awaited)
    }

    /// The next level that is to be told of something that is due, if any.
    pub fn next_overdue(&self) -> Option<Overdue> {
        let next = |deadline: Deadline| {
            let due_at = self.deadline(deadline)?;
            // One that was brought forward after it had passed is the same one.
            let missed = self.missed.iter().find(|it| it.deadline == deadline && it.due_at >= due_at);
            let (level, told_at) = match missed {
                None => (1, due_at),
                Some(missed) => (missed.levels_told + 1, missed.next_at?),
            };
            let told_at = if bug("overdue_comes_early") { told_at - SignedDuration::from_hours(1) } else { told_at };
            Some(Overdue { deadline, due_at: missed.map_or(due_at, |it| it.due_at), level, told_at })
        };
        Deadline::ALL.into_iter().filter_map(next).min_by_key(|it| (it.told_at, it.deadline))
    }

    /// When somebody has to look at it again, if ever.
    pub fn due_at(&self) -> Option<Timestamp> {
        let awaited = self.awaited().map(|it| it.answer_until);
        self.next_overdue().map(|it| it.told_at).into_iter().chain(awaited).min()
    }
}

/// What is known when something of a case is overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueScene {
    pub case: Case,
    /// Every team of its region.
    pub teams: Vec<Team>,
    pub support: Calendar,
}

/// Tells the next level that something promised has not come, and counts it. The second level is told after as long again
/// as a first answer may take, in working hours. The answer is whether anybody could be told.
///
/// # Errors
/// [`Refusal::WrongState`]: nothing is overdue any more.
pub fn tell_overdue(scene: OverdueScene, event: &EventId, now: Timestamp) -> Result<Decision<bool>, Refusal> {
    let OverdueScene { mut case, teams, support } = scene;
    let overdue = case.next_overdue().filter(|it| it.told_at <= now);
    let Overdue { deadline, due_at, level, .. } = overdue.ok_or_else(|| Refusal::wrong_state(case.status))?;
    let mut decision = Decision::new(false);
    if let Some(recipient) = recipient(&case, &teams, level) {
        let message = Message::CaseOverdue {
            case: case.id.clone(),
            category: case.category,
            severity: case.severity,
            deadline,
            due_at,
            level,
            taken: case.owner != Owner::Support,
        };
        let id = NoticeId::new(event, message.kind());
        decision.tell(Notice { id, recipient, message, created_at: now, supersedes: None });
        decision.answer = true;
    }
    let patience = case.severity.promise().first_answer;
    let next_at = (level < OVERDUE_LEVELS).then(|| support.due(now, patience));
    let levels_told = if bug("overdue_is_not_counted") { level - 1 } else { level };
    case.missed.retain(|it| it.deadline != deadline);
    case.missed.push(Missed { deadline, due_at, levels_told, next_at });
    decision.change(case);
    decision.record(Event::CaseOverdue { deadline, level });
    Ok(decision)
}

/// Who is told: its team first, then whoever leads it; where one of them is missing, those who watch over the region.
fn recipient(case: &Case, teams: &[Team], level: u8) -> Option<Recipient> {
    let to = |team: &Team| Recipient::Team { region: team.region.clone(), team: team.id.clone() };
    let named = case.team.as_ref().and_then(|id| teams.iter().find(|it| it.id == *id));
    let own = named.or_else(|| teams.iter().filter(|it| it.duty == Duty::Support).min_by_key(|it| &it.id));
    let lead = own.and_then(|own| own.lead.clone()).map(|person| Recipient::Person { person });
    let operations = teams.iter().filter(|it| it.watches()).min_by_key(|it| &it.id).map(to);
    let own = own.map(to);
    if level == 1 { own.or(operations) } else { lead.or(operations).or(own) }
}

/// A person tells the customer that it is being worked on, and by when it is to be decided: the first answer, where there
/// was none.
///
/// # Errors
/// - [`Refusal::WrongState`] once it is decided, and while the customer is waited for.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
pub fn update(
    mut case: Case,
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
    case.note_heard(support, now);
    let message = Message::CaseUpdated {
        case: case.id.clone(),
        order: case.order.clone(),
        solution_due_at: case.solution_due_at.filter(|at| *at > now),
    };
    let notice = Notice::to_person(&case.customer, message, event, now);
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.tell(notice);
    decision.record(Event::CaseUpdated { by });
    Ok(decision)
}

#[cfg(test)]
mod tests;

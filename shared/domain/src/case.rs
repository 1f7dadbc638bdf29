//! Complaints: what they rest on, who decides them, what the customer is answered.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::decision::{Decision, Event};
use crate::delivery::{Delivery, Standing};
use crate::feedback::{Ratings, Submission};
use crate::id::{CaseId, EventId, OrderId, PersonId};
use crate::notice::{Message, Notice};
use crate::order::{Incident, Order};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::triage::{Ground, Triage, triage};
use crate::{SignedDuration, Timestamp};

/// What a complaint is about. Also the reasons a customer can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// First, since the worst of several reasons decides the category.
    PrivacyOrSafety,
    Missing,
    Damage,
    Conduct,
    WrongPlace,
    LockerFault,
    Delay,
    Other,
}

/// How grave a complaint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseSeverity {
    Minor,
    Serious,
    Critical,
}

impl Category {
    /// Worst first.
    pub const ALL: [Category; 8] = [
        Category::PrivacyOrSafety,
        Category::Missing,
        Category::Damage,
        Category::Conduct,
        Category::WrongPlace,
        Category::LockerFault,
        Category::Delay,
        Category::Other,
    ];

    /// How grave it is until a person says otherwise.
    pub fn severity(self) -> CaseSeverity {
        match self {
            Category::PrivacyOrSafety => CaseSeverity::Critical,
            Category::Missing | Category::Damage | Category::Conduct => CaseSeverity::Serious,
            Category::WrongPlace | Category::LockerFault | Category::Delay | Category::Other => CaseSeverity::Minor,
        }
    }

    /// Whether a fault of the locker can explain it: it delays and displaces parcels, and never breaks them
    /// or insults anyone.
    fn explained_by_locker_fault(self) -> bool {
        match self {
            Category::WrongPlace | Category::LockerFault | Category::Delay => true,
            Category::PrivacyOrSafety | Category::Missing | Category::Damage | Category::Conduct | Category::Other => {
                false
            }
        }
    }
}

/// Where a complaint stands, after ISO 10002.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    Received,
    Assigned,
    Decided,
    Closed,
}

impl std::fmt::Display for CaseStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CaseStatus::Received => "received",
            CaseStatus::Assigned => "assigned",
            CaseStatus::Decided => "decided",
            CaseStatus::Closed => "closed",
        })
    }
}

/// Whose doing it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Locker,
    Driver,
    Sender,
    Customer,
    Unknown,
}

/// What is done about it, as the customer is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    Apology,
    LockerRepaired,
    Refund,
    /// A talk with the driver.
    Talk,
}

/// A fact of the records that a cause rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Evidence {
    LockerFault { incident: Incident },
    Ratings { ratings: Ratings },
    DeliveredAt { delivered_at: Timestamp, promised_at: Option<Timestamp> },
    Collected { collected_at: Timestamp },
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseDecision {
    pub cause: Cause,
    pub measure: Measure,
    /// Why, in the decider's words. For the file, not for the customer.
    pub reasons: String,
    pub by: PersonId,
    pub at: Timestamp,
}

/// Who looks after a case. There is always someone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Owner {
    /// Support together, until one of them takes it.
    Support,
    Agent {
        person: PersonId,
    },
}

/// What a customer is promised, in hours of support's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// Until the first answer by a person.
    pub first_answer: SignedDuration,
    /// Until the customer hears of it again, where it is not solved by then.
    pub update: SignedDuration,
    /// Until it is decided.
    pub solution: SignedDuration,
}

impl CaseSeverity {
    /// What is promised for a complaint as grave as this. A working day of support has ten hours unless it is set
    /// otherwise, so that a lesser one is answered within a working day, as most published service promises say, and
    /// decided within ten. ISO 10002 demands clocks and names no numbers.
    pub fn promise(self) -> Promise {
        let (first_answer, update, solution) = match self {
            CaseSeverity::Critical => (2, 5, 20),
            CaseSeverity::Serious => (5, 20, 50),
            CaseSeverity::Minor => (10, 50, 100),
        };
        let [first_answer, update, solution] = [first_answer, update, solution].map(SignedDuration::from_hours);
        Promise { first_answer, update, solution }
    }
}

/// A complaint. It always has an owner, a state and a time by which something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    pub order: OrderId,
    pub customer: PersonId,
    /// Who was let in to deposit the parcel, if anyone was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<PersonId>,
    /// The worst of what it is about.
    pub category: Category,
    /// What else it is about, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Category>,
    /// Whether a person has to say what it is about ([`sort`]), since nothing decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
    /// What category and severity rest on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grounds: Vec<Ground>,
    /// Who has said what it is about, in place of the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sorted_by: Option<PersonId>,
    pub severity: CaseSeverity,
    pub text: String,
    pub status: CaseStatus,
    pub owner: Owner,
    pub received_at: Timestamp,
    /// By when a person has answered.
    pub answer_due_at: Timestamp,
    /// By when the customer hears of it again, where it is not solved by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_due_at: Option<Timestamp>,
    /// By when it is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution_due_at: Option<Timestamp>,
    /// What the records propose. A person decides.
    pub proposed_cause: Cause,
    /// The facts known when it was opened, incidents of the locker oldest first.
    pub evidence: Vec<Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<CaseDecision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
}

impl Case {
    /// Opens a complaint with what the records say about the delivery, with what it is about, and with the cause they
    /// propose. A fault of the locker is proposed where it can explain what the customer complains of; anything else
    /// is for a person to find out. Due times are counted in `support`'s working hours.
    pub fn open(
        id: CaseId,
        order: &Order,
        submission: &Submission,
        delivery: Option<&Delivery>,
        support: &Calendar,
        now: Timestamp,
    ) -> Self {
        let Triage { category, further, severity, unsure, grounds } =
            triage(&submission.reasons, submission.ratings, &submission.text);
        let promise = severity.promise();
        let due = |hours| if bug("promise_runs_by_night") { now + hours } else { support.due(now, hours) };
        let incident = order.incidents.last().filter(|_| category.explained_by_locker_fault() && !unsure);
        let mut evidence: Vec<Evidence> =
            order.incidents.iter().map(|it| Evidence::LockerFault { incident: it.clone() }).collect();
        evidence.extend(
            delivery.map(|it| Evidence::DeliveredAt { delivered_at: it.delivered_at, promised_at: it.promised_at }),
        );
        evidence.extend(order.collected_at.map(|collected_at| Evidence::Collected { collected_at }));
        evidence.push(Evidence::Ratings { ratings: submission.ratings });
        Self {
            id,
            order: order.id.clone(),
            customer: order.customer.clone(),
            driver: order.driver.clone(),
            category,
            further,
            unsure,
            grounds,
            sorted_by: None,
            severity,
            text: submission.text.clone(),
            status: CaseStatus::Received,
            owner: Owner::Support,
            received_at: now,
            answer_due_at: due(promise.first_answer),
            update_due_at: Some(due(promise.update)),
            solution_due_at: Some(due(promise.solution)),
            proposed_cause: if incident.is_some() { Cause::Locker } else { Cause::Unknown },
            evidence,
            decision: None,
            closed_at: None,
        }
    }

    /// The locker's fault that speaks for the driver, where the records propose one as the cause.
    pub fn alibi(&self) -> Option<&Incident> {
        self.incident().filter(|_| self.proposed_cause == Cause::Locker)
    }

    /// The last fault of the locker in its records.
    fn incident(&self) -> Option<&Incident> {
        self.evidence.iter().rev().find_map(|it| match it {
            Evidence::LockerFault { incident } => Some(incident),
            Evidence::Ratings { .. } | Evidence::DeliveredAt { .. } | Evidence::Collected { .. } => None,
        })
    }

    fn is_party(&self, person: &PersonId) -> bool {
        self.customer == *person || self.driver.as_ref() == Some(person)
    }
}

/// Gives the case to a member of support.
///
/// # Errors
/// [`Refusal::WrongState`] once it is decided; [`Refusal::OwnCase`] for the complainant and the driver.
pub fn assign(mut case: Case, to: PersonId) -> Result<Decision<Case>, Refusal> {
    match case.status {
        CaseStatus::Received | CaseStatus::Assigned => {}
        CaseStatus::Decided | CaseStatus::Closed => return Err(Refusal::wrong_state(case.status)),
    }
    if case.is_party(&to) {
        return Err(Refusal::OwnCase);
    }
    case.status = CaseStatus::Assigned;
    case.owner = Owner::Agent { person: to.clone() };
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.record(Event::CaseAssigned { to });
    Ok(decision)
}

/// What a person says a complaint is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sorting {
    pub categories: BTreeSet<Category>,
    pub severity: CaseSeverity,
    pub by: PersonId,
}

/// A person says what it is about, in place of the rules: the worst of it first. Whether the locker's fault explains it,
/// and so whether the delivery counts for the driver, is judged afresh. What was promised to the customer stays, or
/// comes sooner where it is graver than was thought.
///
/// # Errors
/// - [`Refusal::WrongState`] once it is decided.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
/// - [`Refusal::MissingEvidence`] without any category.
pub fn sort(
    mut case: Case,
    delivery: Option<Delivery>,
    sorting: Sorting,
    support: &Calendar,
) -> Result<Decision<Case>, Refusal> {
    match case.status {
        CaseStatus::Received | CaseStatus::Assigned => {}
        CaseStatus::Decided | CaseStatus::Closed => return Err(Refusal::wrong_state(case.status)),
    }
    let Sorting { categories, severity, by } = sorting;
    if case.is_party(&by) {
        return Err(Refusal::OwnCase);
    }
    let mut worst_first = categories.into_iter();
    let category = worst_first.next().ok_or(Refusal::MissingEvidence)?;
    let excluded_before = case.alibi().cloned();
    let explained = category.explained_by_locker_fault() && case.incident().is_some();
    let due = |hours| support.due(case.received_at, hours);
    let promise = severity.promise();
    case.answer_due_at = case.answer_due_at.min(due(promise.first_answer));
    case.update_due_at = case.update_due_at.map(|it| it.min(due(promise.update)));
    case.solution_due_at = case.solution_due_at.map(|it| it.min(due(promise.solution)));
    (case.category, case.further) = (category, worst_first.collect());
    (case.severity, case.unsure, case.sorted_by) = (severity, false, Some(by.clone()));
    case.proposed_cause = if explained { Cause::Locker } else { Cause::Unknown };
    let mut decision = Decision::new(case.clone());
    if let Some(mut delivery) = delivery {
        let before = delivery.standing.clone();
        if let Some(incident) = case.alibi() {
            delivery.exclude(incident);
        } else if excluded_before.is_some_and(|incident| before == Standing::Excluded { incident }) {
            // Only what this case has excluded.
            delivery.count_again();
        }
        if delivery.standing != before && !bug("sorting_forgets_the_driver") {
            decision.change(delivery);
        }
    }
    decision.change(case);
    decision.record(Event::CaseSorted { by });
    Ok(decision)
}

/// A person decides whose doing it was and what is done about it; the customer is answered in the same commit.
///
/// # Errors
/// - [`Refusal::WrongState`] once it is decided.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
/// - [`Refusal::MissingEvidence`] where the records do not carry the decision: no reasons; the locker blamed
///   without a fault of it; the driver blamed without a delivery, or for one that a locker's fault excludes; a
///   measure that does not belong to the cause.
pub fn decide(
    mut case: Case,
    delivery: Option<Delivery>,
    made: CaseDecision,
    event: &EventId,
) -> Result<Decision<Case>, Refusal> {
    match case.status {
        CaseStatus::Received | CaseStatus::Assigned => {}
        CaseStatus::Decided | CaseStatus::Closed => return Err(Refusal::wrong_state(case.status)),
    }
    if case.is_party(&made.by) && !bug("party_decides_the_case") {
        return Err(Refusal::OwnCase);
    }
    let locker_faulted = case.evidence.iter().any(|it| matches!(it, Evidence::LockerFault { .. }));
    let driver_answers = delivery.as_ref().is_some_and(|it| it.standing == Standing::Counted);
    let carried = match made.cause {
        Cause::Locker => locker_faulted,
        Cause::Driver => driver_answers,
        Cause::Sender | Cause::Customer | Cause::Unknown => true,
    } && match made.measure {
        Measure::Apology | Measure::Refund => true,
        Measure::LockerRepaired => made.cause == Cause::Locker,
        Measure::Talk => made.cause == Cause::Driver,
    };
    if !carried || made.reasons.trim().is_empty() {
        return Err(Refusal::MissingEvidence);
    }
    case.status = CaseStatus::Decided;
    let message = Message::CaseAnswered { case: case.id.clone(), order: case.order.clone(), measure: made.measure };
    let notice = Notice::to_person(&case.customer, message, event, made.at);
    let history = Event::CaseDecided { by: made.by.clone() };
    let charged = made.cause == Cause::Driver;
    case.decision = Some(made);
    let mut decision = Decision::new(case.clone());
    if let Some(mut delivery) = delivery.filter(|_| charged) {
        delivery.charged_case = Some(case.id.clone());
        decision.change(delivery);
    }
    decision.change(case);
    decision.tell(notice);
    decision.record(history);
    Ok(decision)
}

/// Ends a case that has been decided, and so answered.
///
/// # Errors
/// [`Refusal::WrongState`] before the decision, and once it is closed.
pub fn close(mut case: Case, by: PersonId, now: Timestamp) -> Result<Decision<Case>, Refusal> {
    if case.status != CaseStatus::Decided {
        return Err(Refusal::wrong_state(case.status));
    }
    case.status = CaseStatus::Closed;
    case.closed_at = Some(now);
    let mut decision = Decision::new(case.clone());
    decision.change(case);
    decision.record(Event::CaseClosed { by });
    Ok(decision)
}

#[cfg(test)]
mod tests;

//! Complaints: what they rest on, who decides them, what the customer is answered.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::decision::{Decision, Event};
use crate::delivery::{Delivery, Standing};
use crate::feedback::{Ratings, Submission};
use crate::id::{CaseId, EventId, OrderId, PersonId, RegionId, TeamId};
use crate::notice::{Message, Notice};
use crate::order::{Incident, Order};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::triage::{Ground, Triage, triage};
use crate::{SignedDuration, Timestamp};

mod clock;
mod evidence;
mod hearing;
mod joining;
mod question;
mod reopening;

pub use clock::{Deadline, Missed, OVERDUE_LEVELS, Overdue, OverdueScene, tell_overdue, update};
pub use evidence::{Evidence, Finding, FoundBeside, Source, Speaks, Weighed};
pub use hearing::{
    CONTEST_ANSWERED_WITHIN, CONTEST_WITHIN, Contest, ContestAnswer, Hearing, STATEMENT_WITHIN, answer_contest,
    ask_driver, contest, state,
};
pub use joining::{JOINED_MAX, join};
pub use question::{ANSWER_WITHIN, QUESTIONS_MAX, Question, Said, answer_question, ask_customer, close_unanswered};
pub use reopening::{REOPEN_WITHIN, REOPENINGS_MAX, Reopening, reopen};

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
    /// The customer was asked something, and the clocks stand still.
    AwaitingCustomer,
    Decided,
    Closed,
    /// The answer was not the end of it: as received, with clocks of its own.
    Reopened,
}

impl CaseStatus {
    /// Whether there is still something to be decided.
    pub fn is_undecided(self) -> bool {
        match self {
            CaseStatus::Received | CaseStatus::Assigned | CaseStatus::AwaitingCustomer | CaseStatus::Reopened => true,
            CaseStatus::Decided | CaseStatus::Closed => false,
        }
    }

    /// Whether it is support's turn, so that clocks run.
    pub fn is_supports_turn(self) -> bool {
        self.is_undecided() && self != CaseStatus::AwaitingCustomer
    }
}

impl std::fmt::Display for CaseStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CaseStatus::Received => "received",
            CaseStatus::Assigned => "assigned",
            CaseStatus::AwaitingCustomer => "awaiting_customer",
            CaseStatus::Decided => "decided",
            CaseStatus::Closed => "closed",
            CaseStatus::Reopened => "reopened",
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

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseDecision {
    pub cause: Cause,
    pub measure: Measure,
    /// Why, in the decider's words. For the file, not for the customer.
    pub reasons: String,
    /// The facts it rests on, by their places in the evidence.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub facts_for: BTreeSet<usize>,
    /// The facts that speak against it, and were weighed.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub facts_against: BTreeSet<usize>,
    pub by: PersonId,
    pub at: Timestamp,
}

/// Who looks after a case. There is always someone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Owner {
    /// Its team together, until one of them takes it.
    Support,
    Agent {
        person: PersonId,
    },
}

/// How often a customer can add something within the two days in which it can be changed. What comes after that is with
/// the feedback.
const ADDED_MAX: usize = 10;

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

/// A complaint. It always has one owner, a state and, until it is decided, a time by which something is due.
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
    /// Where the delivery was, and so whose watch it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionId>,
    /// In whose queue it is; nothing where the region has no team for complaints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    pub received_at: Timestamp,
    /// By when a person has answered.
    pub answer_due_at: Timestamp,
    /// By when the customer hears of it again, where it is not solved by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_due_at: Option<Timestamp>,
    /// By when it is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solution_due_at: Option<Timestamp>,
    /// When a person last wrote to the customer since it was received or reopened. A first answer is not due any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// What was due and has passed, and who has been told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<Missed>,
    /// What the customer has added by itself: the same complaint made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Said>,
    /// What the customer was asked, and answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// What the records propose. A person decides.
    pub proposed_cause: Cause,
    /// The facts known when it was opened, incidents of the locker oldest first. Their places are their names.
    pub evidence: Vec<Evidence>,
    /// The driver's side of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hearing: Option<Box<Hearing>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<CaseDecision>,
    /// That the driver does not accept the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<Box<Contest>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Each time it was reopened, with the decision that was then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reopenings: Vec<Reopening>,
    /// The case of the same customer with which it is dealt with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_into: Option<CaseId>,
    /// The cases that are dealt with by this one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub joined: BTreeSet<CaseId>,
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
        beside: &FoundBeside,
        support: &Calendar,
        now: Timestamp,
    ) -> Self {
        let Triage { category, further, severity, unsure, grounds } =
            triage(&submission.reasons, submission.ratings, &submission.text);
        let promise = severity.promise();
        let due = |hours| if bug("promise_runs_by_night") { now + hours } else { support.due(now, hours) };
        let incident = order.incidents.last().filter(|_| category.explained_by_locker_fault() && !unsure);
        let team = beside.team_for(&id);
        Self {
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
            region: beside.region.clone(),
            team,
            received_at: now,
            answer_due_at: due(promise.first_answer),
            update_due_at: Some(due(promise.update)),
            solution_due_at: Some(due(promise.solution)),
            heard_at: None,
            missed: Vec::new(),
            added: Vec::new(),
            questions: Vec::new(),
            proposed_cause: if incident.is_some() { Cause::Locker } else { Cause::Unknown },
            evidence: evidence::gather(order, submission, delivery, beside, now),
            hearing: None,
            decision: None,
            contest: None,
            closed_at: None,
            reopenings: Vec::new(),
            joined_into: None,
            joined: BTreeSet::new(),
            id,
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
            Evidence::Ratings { .. }
            | Evidence::DeliveredAt { .. }
            | Evidence::Collected { .. }
            | Evidence::FaultBeside { .. }
            | Evidence::OtherComplaint { .. }
            | Evidence::DriverStated { .. } => None,
        })
    }

    /// Whether it is this person's own matter: who has complained, or who has delivered.
    pub fn is_party(&self, person: &PersonId) -> bool {
        self.customer == *person || self.driver.as_ref() == Some(person)
    }

    /// Says what it is about, and judges afresh whether the locker's fault explains it. What was promised stays, or comes
    /// sooner. Returns the delivery where it begins or ceases to count for the driver by that.
    fn resort(
        &mut self,
        categories: BTreeSet<Category>,
        severity: CaseSeverity,
        delivery: Option<Delivery>,
        support: &Calendar,
    ) -> Option<Delivery> {
        let mut worst_first = categories.into_iter();
        let category = worst_first.next()?;
        let excluded_before = self.alibi().cloned();
        let explained = category.explained_by_locker_fault() && self.incident().is_some();
        (self.category, self.further) = (category, worst_first.collect());
        (self.severity, self.unsure) = (severity, false);
        self.hasten(support);
        self.proposed_cause = if explained { Cause::Locker } else { Cause::Unknown };
        let mut delivery = delivery?;
        let before = delivery.standing.clone();
        if let Some(incident) = self.alibi() {
            delivery.exclude(incident);
        } else if excluded_before.is_some_and(|incident| before == Standing::Excluded { incident }) {
            // Only what this case has excluded.
            delivery.count_again();
        }
        (delivery.standing != before).then_some(delivery)
    }

    /// The case with what its customer has said once more, while it is not decided; and the delivery where it counts for
    /// the driver again by that. Nothing where nothing new was said.
    pub fn with_more(
        mut self,
        text: &str,
        delivery: Option<Delivery>,
        support: &Calendar,
        now: Timestamp,
    ) -> Option<(Self, Option<Delivery>)> {
        let known = self.text == text || self.added.iter().any(|it| it.text == text);
        if text.trim().is_empty() || known || !self.status.is_undecided() || self.added.len() >= ADDED_MAX {
            return None;
        }
        self.added.push(Said { text: text.to_owned(), at: now });
        let counts_again = self.hear(text, delivery, support);
        Some((self, counts_again))
    }

    /// Looks through what the customer adds: where somebody's safety or data are concerned, that goes before everything
    /// that was said so far. Returns the delivery where it counts for the driver again by that.
    fn hear(&mut self, text: &str, delivery: Option<Delivery>, support: &Calendar) -> Option<Delivery> {
        let said = triage(&BTreeSet::new(), Ratings::PRAISE, text);
        if said.unsure || said.category != Category::PrivacyOrSafety || self.category == Category::PrivacyOrSafety {
            return None;
        }
        let mut categories: BTreeSet<Category> = self.further.iter().copied().collect();
        categories.extend([Category::PrivacyOrSafety, self.category]);
        self.resort(categories, CaseSeverity::Critical, delivery, support)
    }
}

/// Gives the case to a member of support, who is its owner from then on.
///
/// # Errors
/// [`Refusal::WrongState`] once it is decided; [`Refusal::OwnCase`] for the complainant and the driver.
pub fn assign(mut case: Case, to: PersonId) -> Result<Decision<Case>, Refusal> {
    if !case.status.is_undecided() {
        return Err(Refusal::wrong_state(case.status));
    }
    if case.is_party(&to) {
        return Err(Refusal::OwnCase);
    }
    if case.status.is_supports_turn() {
        case.status = CaseStatus::Assigned;
    }
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
    if !case.status.is_undecided() {
        return Err(Refusal::wrong_state(case.status));
    }
    let Sorting { categories, severity, by } = sorting;
    if case.is_party(&by) {
        return Err(Refusal::OwnCase);
    }
    if categories.is_empty() {
        return Err(Refusal::MissingEvidence);
    }
    let delivery = case.resort(categories, severity, delivery, support);
    case.sorted_by = Some(by.clone());
    let mut decision = Decision::new(case.clone());
    if let Some(delivery) = delivery.filter(|_| !bug("sorting_forgets_the_driver")) {
        decision.change(delivery);
    }
    decision.change(case);
    decision.record(Event::CaseSorted { by });
    Ok(decision)
}

/// A person decides whose doing it was and what is done about it, by the facts; the customer is answered in the same
/// commit, with those of the facts that are theirs to know. Where it was the driver's, the driver has been heard before, and
/// is told why, and until when it can be contested.
///
/// # Errors
/// - [`Refusal::WrongState`] once it is decided.
/// - [`Refusal::OwnCase`] for the complainant and the driver.
/// - [`Refusal::MissingEvidence`] where the records do not carry the decision: no reasons; a fact that is not there, or
///   speaks on both sides; the locker blamed without a fault of it; the driver blamed without any fact, without a
///   delivery, or for one that a locker's fault excludes; a measure that does not belong to the cause.
/// - [`Refusal::DriverNotHeard`] where the driver is blamed and was not asked, or still has time for a statement.
pub fn decide(
    mut case: Case,
    delivery: Option<Delivery>,
    made: CaseDecision,
    event: &EventId,
) -> Result<Decision<Case>, Refusal> {
    if !case.status.is_undecided() {
        return Err(Refusal::wrong_state(case.status));
    }
    if case.is_party(&made.by) && !bug("party_decides_the_case") {
        return Err(Refusal::OwnCase);
    }
    let known = made.facts_for.iter().chain(&made.facts_against).all(|at| *at < case.evidence.len())
        && made.facts_for.is_disjoint(&made.facts_against);
    if !known {
        return Err(Refusal::MissingEvidence);
    }
    let mut carrying = made.facts_for.iter().map(|at| &case.evidence[*at]);
    let driver_answers = delivery.as_ref().is_some_and(|it| it.standing == Standing::Counted);
    let carried = match made.cause {
        Cause::Locker => carrying.any(Evidence::is_of_the_locker),
        Cause::Driver => driver_answers && (carrying.next().is_some() || bug("driver_is_blamed_without_a_fact")),
        Cause::Sender | Cause::Customer | Cause::Unknown => true,
    } && match made.measure {
        Measure::Apology | Measure::Refund => true,
        Measure::LockerRepaired => made.cause == Cause::Locker,
        Measure::Talk => made.cause == Cause::Driver,
    };
    if !carried || made.reasons.trim().is_empty() {
        return Err(Refusal::MissingEvidence);
    }
    let blamed = case.driver.clone().filter(|_| made.cause == Cause::Driver);
    if blamed.is_some() && !case.is_heard(made.at) && !bug("driver_is_not_heard") {
        return Err(Refusal::DriverNotHeard);
    }
    case.status = CaseStatus::Decided;
    let message = Message::CaseAnswered {
        case: case.id.clone(),
        order: case.order.clone(),
        measure: made.measure,
        cause: Some(made.cause),
        findings: made.facts_for.iter().filter_map(|at| case.evidence[*at].finding()).collect(),
        reopen_until: case.can_be_reopened_again().then(|| made.at + REOPEN_WITHIN),
    };
    let notice = Notice::to_person(&case.customer, message, event, made.at);
    let to_driver = blamed.filter(|_| !bug("driver_is_not_told")).map(|driver| {
        let message = Message::DriverCharged {
            case: case.id.clone(),
            delivery: case.order.clone(),
            category: case.category,
            measure: made.measure,
            reasons: made.reasons.clone(),
            contest_until: made.at + CONTEST_WITHIN,
        };
        Notice::to_person(&driver, message, event, made.at)
    });
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
    if let Some(notice) = to_driver {
        decision.tell(notice);
    }
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

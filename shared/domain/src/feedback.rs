//! What a customer says about a delivery, and when that becomes a complaint.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Category};
use crate::decision::{Decision, Event};
use crate::delivery::Delivery;
use crate::id::{CaseId, EventId, OrderId, PersonId};
use crate::notice::{Message, Notice};
use crate::order::{Order, OrderStatus};
use crate::refusal::Refusal;
use crate::{SignedDuration, StateKey, Timestamp};

/// For how long a customer may change what was said.
pub const EDITABLE_FOR: SignedDuration = SignedDuration::from_hours(48);

/// The longest text, in characters: about two pages, more than any published complaint form takes.
pub const TEXT_CHARS_MAX: usize = 4_000;

/// A rating at or below this is a bad one.
const BAD_RATING_MAX: u8 = 2;

/// 1 (very bad) to 5 (very good).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Rating(u8);

impl TryFrom<u8> for Rating {
    type Error = Refusal;
    fn try_from(stars: u8) -> Result<Self, Refusal> {
        if (1..=5).contains(&stars) { Ok(Self(stars)) } else { Err(Refusal::InvalidRating) }
    }
}

impl From<Rating> for u8 {
    fn from(rating: Rating) -> u8 {
        rating.0
    }
}

/// The four things a delivery is rated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratings {
    pub delivery: Rating,
    pub condition: Rating,
    pub punctuality: Rating,
    pub driver: Rating,
}

impl Ratings {
    fn any_bad(self) -> bool {
        [self.delivery, self.condition, self.punctuality, self.driver].into_iter().any(|it| it.0 <= BAD_RATING_MAX)
    }
}

/// What a customer sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    pub ratings: Ratings,
    #[serde(default)]
    pub reasons: BTreeSet<Category>,
    #[serde(default)]
    pub text: String,
    #[serde(default)]
    pub answer_wanted: bool,
}

impl Submission {
    /// A bad rating alone is a number for the reviews. It is a complaint when the customer wants an answer, or
    /// says what was bad.
    fn is_complaint(&self) -> bool {
        self.answer_wanted || (self.ratings.any_bad() && !self.reasons.is_empty())
    }
}

/// What a customer said about one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    pub order: OrderId,
    pub customer: PersonId,
    pub submission: Submission,
    pub given_at: Timestamp,
    pub edited_at: Timestamp,
    /// The complaint it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
}

/// What is known when feedback is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedbackScene {
    pub order: Option<Order>,
    pub feedback: Option<Feedback>,
    pub delivery: Option<Delivery>,
}

/// What the customer is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackReceipt {
    pub order: OrderId,
    /// The number of the complaint, where it became one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Until when it can be changed.
    pub editable_until: Timestamp,
}

/// Takes a customer's feedback, once for each delivery; sent again within [`EDITABLE_FOR`] it replaces what
/// was said. A complaint is opened in the same commit, with its receipt and with the cause that the records
/// propose; where that is the locker, the delivery no longer counts for the driver.
///
/// # Errors
/// - [`Refusal::UnknownOrder`]
/// - [`Refusal::WrongState`]: the parcel has not been collected.
/// - [`Refusal::TooLate`]: it was said more than [`EDITABLE_FOR`] ago.
pub fn give_feedback(
    scene: FeedbackScene,
    submission: Submission,
    case_id: CaseId,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<FeedbackReceipt>, Refusal> {
    let FeedbackScene { order, feedback, delivery } = scene;
    let order = order.ok_or(Refusal::UnknownOrder)?;
    if order.status != OrderStatus::Collected {
        return Err(Refusal::wrong_state(order.status));
    }
    let given_at = feedback.as_ref().map_or(now, |it| it.given_at);
    let editable_until = given_at + EDITABLE_FOR;
    if now > editable_until {
        return Err(Refusal::TooLate);
    }
    let edited = feedback.is_some();
    let mut case = feedback.and_then(|it| it.case);
    let opened = (case.is_none() && submission.is_complaint())
        .then(|| Case::open(case_id, &order, &submission, delivery.as_ref(), now));
    if let Some(opened) = &opened {
        case = Some(opened.id.clone());
    }
    let mut decision = Decision::new(FeedbackReceipt { order: order.id.clone(), case: case.clone(), editable_until });
    decision.require_unchanged(StateKey::Order(order.id.clone()));
    if let Some(opened) = opened {
        let message = Message::CaseReceived { case: opened.id.clone(), order: order.id.clone() };
        decision.tell(Notice::to_person(&order.customer, message, event, now));
        if let (Some(incident), Some(mut delivery)) = (opened.alibi(), delivery) {
            delivery.exclude(incident);
            decision.change(delivery);
        }
        decision.change(opened);
    }
    decision.change(Feedback { order: order.id, customer: order.customer, submission, given_at, edited_at: now, case });
    decision.record(if edited { Event::FeedbackEdited } else { Event::FeedbackGiven });
    Ok(decision)
}

//! What a customer says about a delivery, and when that becomes a complaint.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::case::{Case, Category, FoundBeside};
use crate::decision::{Decision, Event};
use crate::delivery::Delivery;
use crate::id::{CaseId, EventId, OrderId, PersonId};
use crate::notice::{Message, Notice};
use crate::order::{Order, OrderStatus};
use crate::refusal::Refusal;
use crate::seeded::bug;
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

impl Rating {
    /// Whether it is a bad one.
    pub fn is_bad(self) -> bool {
        self.0 <= BAD_RATING_MAX
    }
}

impl Ratings {
    /// Nothing to complain of.
    pub(crate) const PRAISE: Ratings =
        Ratings { delivery: Rating(5), condition: Rating(5), punctuality: Rating(5), driver: Rating(5) };

    fn any_bad(self) -> bool {
        [self.delivery, self.condition, self.punctuality, self.driver].into_iter().any(Rating::is_bad)
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
    /// The complaint it became before.
    pub case: Option<Case>,
    /// What is known beside, where it is to become one.
    pub beside: FoundBeside,
    /// When support works.
    pub support: Calendar,
}

impl FeedbackScene {
    /// Whether it is to become a complaint, so that what is known beside is worth looking for.
    pub fn opens_a_case(&self, submission: &Submission) -> bool {
        self.feedback.as_ref().is_none_or(|it| it.case.is_none()) && submission.is_complaint()
    }
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
/// propose; where that is the locker, the delivery no longer counts for the driver. What is said once more about what was
/// complained of joins the case that there is.
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
    let opens = scene.opens_a_case(&submission);
    let FeedbackScene { order, feedback, delivery, case: known, beside, support } = scene;
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
    let opened = opens.then(|| Case::open(case_id, &order, &submission, delivery.as_ref(), &beside, &support, now));
    if let Some(opened) = &opened {
        case = Some(opened.id.clone());
    }
    let mut decision = Decision::new(FeedbackReceipt { order: order.id.clone(), case: case.clone(), editable_until });
    decision.require_unchanged(StateKey::Order(order.id.clone()));
    if let Some(opened) = opened {
        let message = Message::CaseReceived {
            case: opened.id.clone(),
            order: order.id.clone(),
            answer_due_at: Some(opened.answer_due_at),
        };
        if !bug("receipt_is_forgotten") {
            decision.tell(Notice::to_person(&order.customer, message, event, now));
        }
        if let (Some(incident), Some(mut delivery), false) = (opened.alibi(), delivery, bug("alibi_is_ignored")) {
            delivery.exclude(incident);
            decision.change(delivery);
        }
        decision.change(opened);
    } else if let Some((more, counts_again)) =
        known.and_then(|it| it.with_more(&submission.text, delivery, &support, now))
    {
        if let Some(delivery) = counts_again {
            decision.change(delivery);
        }
        decision.change(more);
    }
    decision.change(Feedback { order: order.id, customer: order.customer, submission, given_at, edited_at: now, case });
    decision.record(if edited { Event::FeedbackEdited } else { Event::FeedbackGiven });
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{CaseStatus, Cause, Evidence};
    use crate::delivery::Standing;
    use crate::fault::FaultCode;
    use crate::order::Incident;
    use crate::testing::*;

    fn met() -> Incident {
        incident(unit(7), FaultCode::LockJammed, 30, Some(50))
    }

    fn collected(incidents: Vec<Incident>) -> Order {
        let order = order("o1", 8).deposited(60);
        let (status, collected_at) = (OrderStatus::Collected, Some(at(80)));
        Order { status, collected_at, driver: Some(driver()), incidents, ..order }
    }

    /// Nothing was said yet about order `o1`, which has met these.
    fn scene(incidents: Vec<Incident>) -> FeedbackScene {
        FeedbackScene {
            order: Some(collected(incidents)),
            feedback: None,
            delivery: Some(delivery()),
            case: None,
            beside: FoundBeside::default(),
            support: support(),
        }
    }

    fn praise() -> Submission {
        Submission { ratings: ratings(5, 5, 5, 5), ..bad_for(&[]) }
    }

    /// What is kept of something that was said first at second 100.
    fn said(submission: Submission, edited_at: Timestamp, case: Option<CaseId>) -> Feedback {
        Feedback { order: id("o1"), customer: customer(), submission, given_at: at(100), edited_at, case }
    }

    fn give(scene: FeedbackScene, submission: Submission) -> Result<Decision<FeedbackReceipt>, Refusal> {
        give_feedback(scene, submission, id("C-1"), &event(), at(100))
    }

    fn opens_a_case(submission: Submission) -> bool {
        give(scene(vec![]), submission).unwrap().answer.case.is_some()
    }

    #[test]
    fn given_a_collected_parcel_then_what_the_customer_says_is_kept_and_no_one_is_told() {
        let expected = Decision {
            answer: FeedbackReceipt { order: id("o1"), case: None, editable_until: at(100) + hours(48) },
            changes: vec![said(praise(), at(100), None).into()],
            unchanged: vec![StateKey::Order(id("o1"))],
            notices: vec![],
            event: Event::FeedbackGiven,
        };
        assert_eq!(give(scene(vec![]), praise()), Ok(expected));
    }

    #[test]
    fn given_a_complaint_then_its_case_and_its_receipt_are_one_decision_with_the_feedback() {
        let submission = Submission { text: "It was late.".to_owned(), ..bad_for(&[Category::Delay]) };
        let evidence = vec![
            Evidence::DeliveredAt { delivered_at: at(60), promised_at: None },
            Evidence::Collected { collected_at: at(80) },
            Evidence::Ratings { ratings: submission.ratings },
        ];
        let receipt = Message::CaseReceived {
            case: id("C-1"),
            order: id("o1"),
            answer_due_at: Some(support().due(at(100), hours(10))),
        };
        let expected = Decision {
            answer: FeedbackReceipt { order: id("o1"), case: Some(id("C-1")), editable_until: at(100) + hours(48) },
            changes: vec![
                case(CaseStatus::Received, evidence).into(),
                said(submission.clone(), at(100), Some(id("C-1"))).into(),
            ],
            unchanged: vec![StateKey::Order(id("o1"))],
            notices: vec![told(receipt, at(100))],
            event: Event::FeedbackGiven,
        };
        assert_eq!(give(scene(vec![]), submission), Ok(expected));
    }

    #[test]
    fn given_a_lockers_fault_that_explains_the_complaint_then_the_delivery_no_longer_counts_for_the_driver() {
        let decision = give(scene(vec![met()]), bad_for(&[Category::Delay])).unwrap();
        let excluded = Delivery { standing: Standing::Excluded { incident: met() }, ..delivery() };
        assert_eq!(decision.changes[0], excluded.into());
        let crate::State::Case(opened) = &decision.changes[1] else { panic!("{decision:?}") };
        assert_eq!(opened.proposed_cause, Cause::Locker);
    }

    #[test]
    fn given_a_lockers_fault_that_explains_nothing_then_the_delivery_counts() {
        for reason in [Category::Conduct, Category::Damage, Category::Missing, Category::PrivacyOrSafety] {
            let decision = give(scene(vec![met()]), bad_for(&[reason])).unwrap();
            let crate::State::Case(opened) = &decision.changes[0] else { panic!("{decision:?}") };
            assert_eq!((opened.category, opened.proposed_cause), (reason, Cause::Unknown));
            assert!(!decision.changes.iter().any(|it| matches!(it, crate::State::Delivery(_))), "{reason:?}");
        }
    }

    #[test]
    fn given_no_delivery_then_the_complaint_is_taken_all_the_same() {
        let scene = FeedbackScene { delivery: None, ..scene(vec![met()]) };
        let decision = give(scene, bad_for(&[Category::Delay])).unwrap();
        assert_eq!(decision.answer.case, Some(id("C-1")));
        assert_eq!(decision.changes.len(), 2);
    }

    #[test]
    fn a_bad_rating_alone_is_no_complaint_and_with_a_reason_it_is() {
        assert!(!opens_a_case(bad_for(&[])));
        assert!(opens_a_case(bad_for(&[Category::Other])));
    }

    #[test]
    fn whatever_the_text_says_it_is_no_complaint_without_a_reason_or_a_wish_for_an_answer() {
        for text in ["Der Fahrer hat mich geschlagen", "Paket weg!!", "I will sue you"] {
            assert!(!opens_a_case(Submission { text: text.to_owned(), ..bad_for(&[]) }), "{text}");
        }
    }

    #[test]
    fn any_of_the_four_ratings_is_bad_from_two_down() {
        for bad in [ratings(2, 5, 5, 5), ratings(5, 2, 5, 5), ratings(5, 5, 1, 5), ratings(5, 5, 5, 1)] {
            assert!(opens_a_case(Submission { ratings: bad, ..bad_for(&[Category::Delay]) }), "{bad:?}");
        }
        assert!(!opens_a_case(Submission { ratings: ratings(3, 3, 3, 3), ..bad_for(&[Category::Delay]) }));
    }

    #[test]
    fn whoever_wants_an_answer_gets_a_case_however_good_the_rating() {
        assert!(opens_a_case(Submission { answer_wanted: true, ..praise() }));
    }

    fn again(feedback: Feedback, submission: Submission, now: Timestamp) -> Result<Decision<FeedbackReceipt>, Refusal> {
        let scene = FeedbackScene { feedback: Some(feedback), ..scene(vec![]) };
        give_feedback(scene, submission, id("C-1"), &event(), now)
    }

    #[test]
    fn what_was_said_can_be_changed_for_48_hours_to_the_second_and_no_longer() {
        let first = said(praise(), at(100), None);
        let last_moment = at(100) + hours(48);
        let expected = Decision {
            answer: FeedbackReceipt { order: id("o1"), case: None, editable_until: last_moment },
            changes: vec![said(bad_for(&[]), last_moment, None).into()],
            unchanged: vec![StateKey::Order(id("o1"))],
            notices: vec![],
            event: Event::FeedbackEdited,
        };
        assert_eq!(again(first.clone(), bad_for(&[]), last_moment), Ok(expected));
        let late = last_moment + SignedDuration::from_secs(1);
        assert_eq!(again(first, bad_for(&[]), late), Err(Refusal::TooLate));
    }

    #[test]
    fn changing_what_was_said_does_not_lengthen_the_time_for_it() {
        let edited = said(praise(), at(100) + hours(47), None);
        assert_eq!(again(edited, praise(), at(100) + hours(49)), Err(Refusal::TooLate));
    }

    #[test]
    fn feedback_that_becomes_a_complaint_later_opens_its_case_then() {
        let now = at(100) + hours(1);
        let decision = again(said(praise(), at(100), None), bad_for(&[Category::Delay]), now).unwrap();
        assert_eq!(decision.answer.case, Some(id("C-1")));
        assert_eq!(decision.notices.len(), 1);
    }

    #[test]
    fn a_complaint_that_is_sent_again_opens_no_second_case_and_sends_no_second_receipt() {
        let complaint = bad_for(&[Category::Delay]);
        let kept = said(complaint.clone(), at(100), Some(id("C-1")));
        let decision = again(kept.clone(), complaint, at(100)).unwrap();
        assert_eq!((decision.changes, decision.notices), (vec![kept.into()], vec![]));
    }

    #[test]
    fn a_complaint_that_is_taken_back_keeps_its_case() {
        let kept = said(bad_for(&[Category::Delay]), at(100), Some(id("C-1")));
        let decision = again(kept, praise(), at(200)).unwrap();
        assert_eq!(decision.changes, vec![said(praise(), at(200), Some(id("C-1"))).into()]);
    }

    #[test]
    fn nothing_is_said_about_a_parcel_that_was_not_collected_or_does_not_exist() {
        use OrderStatus::*;
        for status in [Placed, Deposited, Rerouting, Rerouted, Cancelled] {
            let order = Some(Order { status, ..collected(vec![]) });
            let given = give(FeedbackScene { order, ..scene(vec![]) }, praise());
            assert_eq!(given, Err(Refusal::wrong_state(status)));
        }
        let unknown = FeedbackScene { order: None, ..scene(vec![]) };
        assert_eq!(give(unknown, praise()), Err(Refusal::UnknownOrder));
    }

    #[test]
    fn a_rating_is_a_whole_number_from_1_to_5() {
        let read = |stars: u8| Rating::try_from(stars).map(u8::from);
        assert_eq!([read(1), read(5)], [Ok(1), Ok(5)]);
        assert_eq!([read(0), read(6)], [Err(Refusal::InvalidRating), Err(Refusal::InvalidRating)]);
        assert!(serde_json::from_str::<Rating>("4.5").is_err());
    }
}

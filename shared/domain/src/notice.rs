//! What people must learn: one notice for one recipient about one consequence.
//!
//! Who must learn what is decided here, with the facts. How it is said is in the `messages` package; through
//! what it is sent is in `notification_fan_out`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::case::{CaseSeverity, Category, Cause, Deadline, Finding, Measure};
use crate::escalation::Wait;
use crate::fault::{FaultClass, FaultCode, Severity, Unit};
use crate::id::{CaseId, CompartmentNumber, NoticeId, OrderId, PersonId, RegionId, TeamId, WorkOrderId};
use crate::incident::{InCommon, IncidentId};
use crate::priority::is_unweighed;
use crate::{State, StateKey, Timestamp};

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Recipient {
    Person { person: PersonId },
    Team { region: RegionId, team: TeamId },
}

/// What is said, as facts. No contact data, no names of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// To a customer: the parcel is in the compartment.
    ReadyForPickup { order: OrderId, locker_name: String, compartment: CompartmentNumber, deadline: Timestamp },
    /// To a customer: the door cannot be opened for now; the deadline waits.
    PickupDelayed {
        order: OrderId,
        locker_name: String,
        compartment: CompartmentNumber,
        /// The fault that is the matter; nothing where people have closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<FaultCode>,
        /// By when it most likely works again, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_by: Option<Timestamp>,
    },
    /// To a customer: the door works again later than was said; without a time, nobody knows when.
    RepairTakesLonger {
        order: OrderId,
        locker_name: String,
        compartment: CompartmentNumber,
        expected_by: Option<Timestamp>,
    },
    /// To a customer: the door works again, and until when to come.
    AllClear { order: OrderId, locker_name: String, compartment: CompartmentNumber, deadline: Timestamp },
    /// To a customer: there is more time, until then; without a time while the door cannot be opened.
    PickupExtended {
        order: OrderId,
        locker_name: String,
        compartment: CompartmentNumber,
        hours: u16,
        deadline: Option<Timestamp>,
    },
    /// To a customer: the parcel is being fetched from a door that cannot be opened, and comes to this locker.
    RecoveryStarted {
        order: OrderId,
        from_locker_name: String,
        locker_name: String,
        /// The fault that is the matter; nothing where people have closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<FaultCode>,
    },
    /// To a customer: the parcel that was fetched is here now.
    BroughtElsewhere { order: OrderId, locker_name: String, compartment: CompartmentNumber, deadline: Timestamp },
    /// To a customer: the parcel is not where it was recorded to be, and is looked for.
    ParcelMissing { order: OrderId, locker_name: String },
    /// To a customer: the parcel has not come, and the place that was held for it is free again.
    ReservationExpired { order: OrderId, locker_name: String },
    /// To a customer: nobody has collected the parcel in time, and it goes back.
    PickupExpired { order: OrderId, locker_name: String, compartment: CompartmentNumber },
    /// To a customer: the parcel is back with who sent it.
    ParcelReturned { order: OrderId },
    /// To a customer: the locker could not take the order, which is at another one now, as agreed beforehand.
    PlacedElsewhere { order: OrderId, wanted_locker_name: String, locker_name: String, place_epoch: u32 },
    /// To a customer: the place was lost, and this is the new one, by the stored preferences.
    Rerouted {
        order: OrderId,
        from_locker_name: String,
        locker_name: String,
        place_epoch: u32,
        /// The fault that is the matter; nothing where people have closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<FaultCode>,
    },
    /// To a customer: the place was lost, and the parcel comes to the door, by the stored preferences.
    ReroutedHome {
        order: OrderId,
        from_locker_name: String,
        place_epoch: u32,
        /// The fault that is the matter; nothing where people have closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<FaultCode>,
    },
    /// To a customer: the place was lost, and the parcel goes to the shop, by the stored preferences.
    ReroutedToShop {
        order: OrderId,
        from_locker_name: String,
        shop_name: String,
        place_epoch: u32,
        /// The fault that is the matter; nothing where people have closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<FaultCode>,
    },
    /// To a customer: the place was lost; please choose another.
    ChoosePlace {
        order: OrderId,
        from_locker_name: String,
        place_epoch: u32,
        /// The fault that is the matter; nothing where people have closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<FaultCode>,
    },
    /// To a customer who was asked and has not answered: the place works again, and the parcel goes there.
    PlaceKept { order: OrderId, locker_name: String, place_epoch: u32 },
    /// To a customer: support has changed where it goes. Without a name: to the door.
    PlaceChanged { order: OrderId, locker_name: Option<String>, shop_name: Option<String>, place_epoch: u32 },
    /// To a customer: this is where it goes, as chosen. Without a name: to the door.
    PlaceConfirmed {
        order: OrderId,
        locker_name: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shop_name: Option<String>,
    },
    /// To a customer: how was it?
    FeedbackRequested { order: OrderId },
    /// To a customer: we have your complaint.
    CaseReceived {
        case: CaseId,
        order: OrderId,
        /// By when a person answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer_due_at: Option<Timestamp>,
    },
    /// To a customer: what came of it.
    CaseAnswered {
        case: CaseId,
        order: OrderId,
        measure: Measure,
        /// Whose doing it was, as it was decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<Cause>,
        /// The facts it rests on, as far as they are the customer's to know.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        findings: Vec<Finding>,
        /// Until when the case can be reopened; nothing where this answer is the last one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reopen_until: Option<Timestamp>,
    },
    /// To a customer: what is missing, and until when it can be told.
    CaseQuestion { case: CaseId, order: OrderId, question: String, answer_until: Timestamp },
    /// To a customer: it is being worked on, and when it is to be decided; without a time, it takes longer than promised.
    CaseUpdated { case: CaseId, order: OrderId, solution_due_at: Option<Timestamp> },
    /// To a customer: it was closed for want of an answer, and until when it can be reopened.
    CaseUnanswered { case: CaseId, order: OrderId, reopen_until: Option<Timestamp> },
    /// To a customer: it is looked at again.
    CaseReopened { case: CaseId, order: OrderId, answer_due_at: Timestamp },
    /// To a customer: it is dealt with under another number.
    CaseJoined { case: CaseId, order: OrderId, into: CaseId },
    /// To a driver: somebody has complained about a delivery, and until when a statement is waited for.
    DriverAsked { case: CaseId, delivery: OrderId, category: Category, state_until: Timestamp },
    /// To a driver: it was decided that it was their doing, why, what follows, and until when that can be contested.
    DriverCharged {
        case: CaseId,
        delivery: OrderId,
        category: Category,
        measure: Measure,
        reasons: String,
        contest_until: Timestamp,
    },
    /// To a driver: somebody else looks at it, and answers by then.
    ContestReceived { case: CaseId, delivery: OrderId, answer_due_at: Timestamp },
    /// To a driver: what came of it, and why.
    ContestAnswered { case: CaseId, delivery: OrderId, granted: bool, reasons: String },
    /// To a team for complaints, or whoever leads it: something promised has not come in time.
    CaseOverdue {
        case: CaseId,
        category: Category,
        severity: CaseSeverity,
        deadline: Deadline,
        due_at: Timestamp,
        level: u8,
        /// Whether somebody of the team has taken it.
        taken: bool,
    },
    /// To a team: something is broken, or more than before.
    WorkOrderCalled {
        work_order: WorkOrderId,
        locker_name: String,
        severity: Severity,
        units: Vec<Unit>,
        people_waiting: u32,
        extended: bool,
        #[serde(default, skip_serializing_if = "is_unweighed")]
        priority: u32,
        /// Which skills the team lacks: it was called because no team of the region has them.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        skills_missing: BTreeSet<FaultClass>,
        /// The one before, whose proven repair did not last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        follows: Option<WorkOrderId>,
        /// Those of the same site that are to be repaired on the way.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        visited_with: BTreeSet<WorkOrderId>,
    },
    /// To a team: nobody has to go there any more, by a person's word or because the fault is over by itself.
    WorkOrderEnded { work_order: WorkOrderId, locker_name: String, cancelled: bool },
    /// To whoever leads a team, or watches over a region: nobody reacts.
    WorkOrderEscalated {
        work_order: WorkOrderId,
        locker_name: String,
        severity: Severity,
        priority: u32,
        people_waiting: u32,
        wait: Wait,
        since: Timestamp,
        level: u8,
    },
    /// To a team: many lockers have the same fault, how many still do, or that it is over.
    IncidentReported {
        incident: IncidentId,
        over: bool,
        lockers: u32,
        lockers_max: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        in_common: Option<InCommon>,
        /// The one to acknowledge for all of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work_order: Option<WorkOrderId>,
    },
    /// To a team: a test opening failed, so the repair does not count.
    RepairRejected { work_order: WorkOrderId, locker_name: String, unit: Unit },
}

impl Message {
    /// The name of the kind of message: that of its folder of texts.
    pub fn kind(&self) -> &'static str {
        match self {
            Message::ReadyForPickup { .. } => "ready_for_pickup",
            Message::PickupDelayed { .. } => "pickup_delayed",
            Message::RepairTakesLonger { .. } => "repair_takes_longer",
            Message::AllClear { .. } => "all_clear",
            Message::PickupExtended { .. } => "pickup_extended",
            Message::RecoveryStarted { .. } => "recovery_started",
            Message::BroughtElsewhere { .. } => "brought_elsewhere",
            Message::ParcelMissing { .. } => "parcel_missing",
            Message::ReservationExpired { .. } => "reservation_expired",
            Message::PickupExpired { .. } => "pickup_expired",
            Message::ParcelReturned { .. } => "parcel_returned",
            Message::PlacedElsewhere { .. } => "placed_elsewhere",
            Message::Rerouted { .. } => "rerouted",
            Message::ReroutedHome { .. } => "rerouted_home",
            Message::ReroutedToShop { .. } => "rerouted_to_shop",
            Message::ChoosePlace { .. } => "choose_place",
            Message::PlaceKept { .. } => "place_kept",
            Message::PlaceChanged { .. } => "place_changed",
            Message::PlaceConfirmed { .. } => "place_confirmed",
            Message::FeedbackRequested { .. } => "feedback_requested",
            Message::CaseReceived { .. } => "case_received",
            Message::CaseAnswered { .. } => "case_answered",
            Message::CaseQuestion { .. } => "case_question",
            Message::CaseUpdated { .. } => "case_updated",
            Message::CaseUnanswered { .. } => "case_unanswered",
            Message::CaseReopened { .. } => "case_reopened",
            Message::CaseJoined { .. } => "case_joined",
            Message::DriverAsked { .. } => "driver_asked",
            Message::DriverCharged { .. } => "driver_charged",
            Message::ContestReceived { .. } => "contest_received",
            Message::ContestAnswered { .. } => "contest_answered",
            Message::CaseOverdue { .. } => "case_overdue",
            Message::WorkOrderCalled { .. } => "work_order_called",
            Message::WorkOrderEnded { .. } => "work_order_ended",
            Message::WorkOrderEscalated { .. } => "work_order_escalated",
            Message::IncidentReported { .. } => "incident_reported",
            Message::RepairRejected { .. } => "repair_rejected",
        }
    }

    /// What this says the latest about, where a newer message makes an older one wrong: where a parcel is, what has to
    /// be repaired. The state of that name knows which notice is the latest.
    pub fn says_latest_of(&self) -> Option<StateKey> {
        match self {
            Message::ReadyForPickup { order, .. }
            | Message::PickupDelayed { order, .. }
            | Message::RepairTakesLonger { order, .. }
            | Message::AllClear { order, .. }
            | Message::PickupExtended { order, .. }
            | Message::RecoveryStarted { order, .. }
            | Message::BroughtElsewhere { order, .. }
            | Message::ParcelMissing { order, .. }
            | Message::ReservationExpired { order, .. }
            | Message::PickupExpired { order, .. }
            | Message::ParcelReturned { order }
            | Message::PlacedElsewhere { order, .. }
            | Message::Rerouted { order, .. }
            | Message::ReroutedHome { order, .. }
            | Message::ReroutedToShop { order, .. }
            | Message::ChoosePlace { order, .. }
            | Message::PlaceKept { order, .. }
            | Message::PlaceChanged { order, .. }
            | Message::PlaceConfirmed { order, .. }
            | Message::FeedbackRequested { order } => Some(StateKey::Order(order.clone())),
            Message::WorkOrderCalled { work_order, .. }
            | Message::WorkOrderEnded { work_order, .. }
            | Message::WorkOrderEscalated { work_order, .. } => Some(StateKey::WorkOrder(work_order.locker.clone())),
            Message::IncidentReported { incident, .. } => {
                Some(StateKey::Incident(incident.region.clone(), incident.code))
            }
            Message::CaseReceived { .. }
            | Message::CaseAnswered { .. }
            | Message::CaseQuestion { .. }
            | Message::CaseUpdated { .. }
            | Message::CaseUnanswered { .. }
            | Message::CaseReopened { .. }
            | Message::CaseJoined { .. }
            | Message::DriverAsked { .. }
            | Message::DriverCharged { .. }
            | Message::ContestReceived { .. }
            | Message::ContestAnswered { .. }
            | Message::CaseOverdue { .. }
            | Message::RepairRejected { .. } => None,
        }
    }

    /// Whether it tells the code that opens the door: of those that say that a parcel can be collected now.
    pub fn tells_the_code(&self) -> bool {
        match self {
            Message::ReadyForPickup { .. } | Message::AllClear { .. } | Message::BroughtElsewhere { .. } => true,
            Message::PickupDelayed { .. }
            | Message::RepairTakesLonger { .. }
            | Message::PickupExtended { .. }
            | Message::RecoveryStarted { .. }
            | Message::ParcelMissing { .. }
            | Message::ReservationExpired { .. }
            | Message::PickupExpired { .. }
            | Message::ParcelReturned { .. }
            | Message::PlacedElsewhere { .. }
            | Message::Rerouted { .. }
            | Message::ReroutedHome { .. }
            | Message::ReroutedToShop { .. }
            | Message::ChoosePlace { .. }
            | Message::PlaceKept { .. }
            | Message::PlaceChanged { .. }
            | Message::PlaceConfirmed { .. }
            | Message::FeedbackRequested { .. }
            | Message::CaseReceived { .. }
            | Message::CaseAnswered { .. }
            | Message::CaseQuestion { .. }
            | Message::CaseUpdated { .. }
            | Message::CaseUnanswered { .. }
            | Message::CaseReopened { .. }
            | Message::CaseJoined { .. }
            | Message::DriverAsked { .. }
            | Message::DriverCharged { .. }
            | Message::ContestReceived { .. }
            | Message::ContestAnswered { .. }
            | Message::CaseOverdue { .. }
            | Message::WorkOrderCalled { .. }
            | Message::WorkOrderEnded { .. }
            | Message::WorkOrderEscalated { .. }
            | Message::IncidentReported { .. }
            | Message::RepairRejected { .. } => false,
        }
    }

    /// The one-time link the message carries, if any.
    pub fn link(&self) -> Option<LinkPurpose> {
        match self {
            Message::PlacedElsewhere { order, place_epoch, .. }
            | Message::Rerouted { order, place_epoch, .. }
            | Message::ReroutedHome { order, place_epoch, .. }
            | Message::ReroutedToShop { order, place_epoch, .. }
            | Message::PlaceKept { order, place_epoch, .. }
            | Message::PlaceChanged { order, place_epoch, .. }
            | Message::ChoosePlace { order, place_epoch, .. } => {
                Some(LinkPurpose::ChoosePlace { order: order.clone(), place_epoch: *place_epoch })
            }
            Message::FeedbackRequested { order } => Some(LinkPurpose::GiveFeedback { order: order.clone() }),
            Message::ReadyForPickup { .. }
            | Message::PickupDelayed { .. }
            | Message::RepairTakesLonger { .. }
            | Message::AllClear { .. }
            | Message::PickupExtended { .. }
            | Message::RecoveryStarted { .. }
            | Message::BroughtElsewhere { .. }
            | Message::ParcelMissing { .. }
            | Message::ReservationExpired { .. }
            | Message::PickupExpired { .. }
            | Message::ParcelReturned { .. }
            | Message::PlaceConfirmed { .. }
            | Message::CaseReceived { .. }
            | Message::CaseAnswered { .. }
            | Message::CaseQuestion { .. }
            | Message::CaseUpdated { .. }
            | Message::CaseUnanswered { .. }
            | Message::CaseReopened { .. }
            | Message::CaseJoined { .. }
            | Message::DriverAsked { .. }
            | Message::DriverCharged { .. }
            | Message::ContestReceived { .. }
            | Message::ContestAnswered { .. }
            | Message::CaseOverdue { .. }
            | Message::WorkOrderCalled { .. }
            | Message::WorkOrderEnded { .. }
            | Message::WorkOrderEscalated { .. }
            | Message::IncidentReported { .. }
            | Message::RepairRejected { .. } => None,
        }
    }
}

/// What a signed link allows, to whoever holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Choose the place of this order, while it is the place of that epoch.
    ChoosePlace { order: OrderId, place_epoch: u32 },
    /// Say how the delivery of this order went.
    GiveFeedback { order: OrderId },
}

/// One entry for the ledger: who must learn what. Written by the commit that makes it true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub id: NoticeId,
    pub recipient: Recipient,
    pub message: Message,
    pub created_at: Timestamp,
    /// What was said before this about the same thing: once this has been entered, that is not sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<NoticeId>,
}

impl Notice {
    /// A notice to one person, named after the event that caused it.
    pub fn to_person(person: &PersonId, message: Message, event: &crate::id::EventId, now: Timestamp) -> Self {
        Self {
            id: NoticeId::new(event, message.kind()),
            recipient: Recipient::Person { person: person.clone() },
            message,
            created_at: now,
            supersedes: None,
        }
    }

    /// Whether something newer has been said about the same thing, whose state this is; or a work order that a team
    /// was to be called for is over, and another one has begun; or what nobody had reacted to is moving again.
    pub fn is_superseded(&self, about: &State) -> bool {
        let latest = match about {
            State::Order(order) => &order.latest_notice,
            State::WorkOrder(latest) => match &self.message {
                Message::WorkOrderCalled { work_order, .. } if *work_order != latest.id => return true,
                // That one is over stays true when the next one begins.
                Message::WorkOrderEnded { work_order, .. } if *work_order != latest.id => return false,
                Message::WorkOrderEscalated { work_order, wait, since, .. } => {
                    let waits = latest.clock().is_some_and(|clock| (clock.wait, clock.since) == (*wait, *since));
                    return *work_order != latest.id || !waits;
                }
                _ => &latest.latest_call,
            },
            State::Incident(latest) => match &self.message {
                // What was said last of one incident stays true when the next one begins.
                Message::IncidentReported { incident, .. } if *incident != latest.id => return false,
                _ => &latest.latest_notice,
            },
            _ => &None,
        };
        latest.as_ref().is_some_and(|latest| *latest != self.id)
    }

    /// The same, as the latest about something: `latest` is what was so far, and becomes this.
    pub fn supersede(self, latest: &mut Option<NoticeId>) -> Self {
        Self { supersedes: latest.replace(self.id.clone()), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;
    use crate::work_order::{WorkOrder, WorkOrderStatus};

    fn place_lost(place_epoch: u32) -> Notice {
        let message =
            Message::ChoosePlace { order: id("o1"), from_locker_name: "Dom".to_owned(), place_epoch, cause: None };
        Notice { id: id(&format!("choose_place-{place_epoch}")), ..told(message, at(0)) }
    }

    fn call(number: u32) -> Notice {
        let message = Message::WorkOrderCalled {
            work_order: work_order_id(number),
            locker_name: "Dom".to_owned(),
            severity: Severity::Major,
            units: vec![unit(7)],
            people_waiting: 0,
            extended: false,
            priority: 500,
            skills_missing: BTreeSet::new(),
            follows: None,
            visited_with: BTreeSet::new(),
        };
        let recipient = Recipient::Team { region: id("mainz"), team: id("mainz-mechanics") };
        Notice { id: id(&format!("call-{number}")), recipient, message, created_at: at(0), supersedes: None }
    }

    #[test]
    fn the_latest_about_a_place_names_the_one_before_which_is_superseded_by_it() {
        let mut order = order("o1", 7);
        let first = place_lost(2).supersede(&mut order.latest_notice);
        assert_eq!((&first.supersedes, first.is_superseded(&order.clone().into())), (&None, false));
        let second = place_lost(3).supersede(&mut order.latest_notice);
        assert_eq!((&second.supersedes, &order.latest_notice), (&Some(first.id.clone()), &Some(second.id.clone())));
        let about = State::from(order);
        assert_eq!([&first, &second].map(|it| it.is_superseded(&about)), [true, false]);
    }

    #[test]
    fn what_was_entered_before_anybody_kept_the_latest_is_not_superseded() {
        assert!(!place_lost(2).is_superseded(&order("o1", 7).into()));
        assert!(!call(1).is_superseded(&work_order(WorkOrderStatus::Open, &[]).into()));
    }

    #[test]
    fn a_call_is_superseded_by_the_next_one_and_by_the_next_work_order_even_before_its_call() {
        let mut first = work_order(WorkOrderStatus::Open, &[(unit(7), FaultCode::LockJammed)]);
        let call_of_first = call(1).supersede(&mut first.latest_call);
        assert!(!call_of_first.is_superseded(&first.clone().into()));
        let extended = WorkOrder { latest_call: Some(id("call-extended")), ..first.clone() };
        assert!(call_of_first.is_superseded(&extended.into()));
        let next = WorkOrder { id: work_order_id(2), latest_call: None, ..first };
        assert!(call_of_first.is_superseded(&next.into()));
    }

    #[test]
    fn that_nobody_reacts_is_superseded_by_the_first_reaction() {
        let open = work_order(WorkOrderStatus::Open, &[(unit(7), FaultCode::LockJammed)]);
        let nobody = |wait, since| Notice { message: escalated(wait, since), ..call(1) };
        let superseded = |notice: &Notice, about: &WorkOrder| notice.is_superseded(&about.clone().into());
        assert!(!superseded(&nobody(Wait::ForReaction, at(0)), &open));
        assert!(superseded(&nobody(Wait::ForReaction, at(0)), &WorkOrder { opened_at: at(1), ..open.clone() }));
        assert!(superseded(&nobody(Wait::OnHold, at(0)), &open));
        let started = WorkOrder { status: WorkOrderStatus::InProgress, ..open.clone() };
        assert!(superseded(&nobody(Wait::ForReaction, at(0)), &started));
        assert!(superseded(&nobody(Wait::ForReaction, at(0)), &WorkOrder { id: work_order_id(2), ..open }));
    }

    fn escalated(wait: Wait, since: Timestamp) -> Message {
        Message::WorkOrderEscalated {
            work_order: work_order_id(1),
            locker_name: "Dom".to_owned(),
            severity: Severity::Major,
            priority: 500,
            people_waiting: 0,
            wait,
            since,
            level: 1,
        }
    }

    #[test]
    fn what_is_said_of_an_order_or_a_work_order_is_the_latest_of_it() {
        assert_eq!(place_lost(2).message.says_latest_of(), Some(StateKey::Order(id("o1"))));
        assert_eq!(call(1).message.says_latest_of(), Some(StateKey::WorkOrder(work_order_id(1).locker)));
    }

    #[test]
    fn a_rejected_repair_and_what_is_said_about_a_case_are_said_whatever_follows() {
        let (order, case) = (id("o1"), id("C-1"));
        for message in [
            Message::RepairRejected { work_order: work_order_id(1), locker_name: "Dom".to_owned(), unit: unit(7) },
            Message::CaseReceived { case, order, answer_due_at: None },
            answered(),
        ] {
            assert_eq!(message.says_latest_of(), None, "{message:?}");
        }
    }

    fn answered() -> Message {
        Message::CaseAnswered {
            case: id("C-1"),
            order: id("o1"),
            measure: Measure::Apology,
            cause: Some(Cause::Unknown),
            findings: vec![],
            reopen_until: Some(at(60)),
        }
    }

    /// Every message that carries a link to choose another place.
    fn about_a_place_that_can_be_changed() -> [Message; 7] {
        let (order, name) = (|| id("o1"), || "Dom".to_owned());
        [
            Message::PlacedElsewhere {
                order: order(),
                wanted_locker_name: name(),
                locker_name: name(),
                place_epoch: 2,
            },
            Message::Rerouted {
                order: order(),
                from_locker_name: name(),
                locker_name: name(),
                place_epoch: 2,
                cause: None,
            },
            Message::ReroutedHome { order: order(), from_locker_name: name(), place_epoch: 2, cause: None },
            Message::ReroutedToShop {
                order: order(),
                from_locker_name: name(),
                shop_name: name(),
                place_epoch: 2,
                cause: None,
            },
            Message::ChoosePlace { order: order(), from_locker_name: name(), place_epoch: 2, cause: None },
            Message::PlaceKept { order: order(), locker_name: name(), place_epoch: 2 },
            Message::PlaceChanged { order: order(), locker_name: None, shop_name: None, place_epoch: 2 },
        ]
    }

    /// Every message without a link.
    fn that_only_tell() -> [Message; 29] {
        let (order, name, case) = (|| id("o1"), || "Dom".to_owned(), || id("C-1"));
        let (compartment, deadline) = (number(7), at(90));
        [
            Message::ReadyForPickup { order: order(), locker_name: name(), compartment, deadline },
            Message::PickupDelayed { order: order(), locker_name: name(), compartment, cause: None, expected_by: None },
            Message::RepairTakesLonger { order: order(), locker_name: name(), compartment, expected_by: None },
            Message::AllClear { order: order(), locker_name: name(), compartment, deadline },
            Message::PlaceConfirmed { order: order(), locker_name: None, shop_name: None },
            Message::PickupExtended { order: order(), locker_name: name(), compartment, hours: 24, deadline: None },
            Message::RecoveryStarted { order: order(), from_locker_name: name(), locker_name: name(), cause: None },
            Message::BroughtElsewhere { order: order(), locker_name: name(), compartment, deadline },
            Message::ParcelMissing { order: order(), locker_name: name() },
            Message::ReservationExpired { order: order(), locker_name: name() },
            Message::PickupExpired { order: order(), locker_name: name(), compartment },
            Message::ParcelReturned { order: order() },
            Message::CaseReceived { case: case(), order: order(), answer_due_at: Some(at(60)) },
            answered(),
            Message::CaseQuestion { case: case(), order: order(), question: "Which?".to_owned(), answer_until: at(60) },
            Message::CaseUpdated { case: case(), order: order(), solution_due_at: Some(at(60)) },
            Message::CaseUnanswered { case: case(), order: order(), reopen_until: Some(at(60)) },
            Message::CaseReopened { case: case(), order: order(), answer_due_at: at(60) },
            Message::CaseJoined { case: case(), order: order(), into: id("C-2") },
            Message::DriverAsked { case: case(), delivery: order(), category: Category::Delay, state_until: at(60) },
            Message::DriverCharged {
                case: case(),
                delivery: order(),
                category: Category::Delay,
                measure: Measure::Talk,
                reasons: "So.".to_owned(),
                contest_until: at(60),
            },
            Message::ContestReceived { case: case(), delivery: order(), answer_due_at: at(60) },
            Message::ContestAnswered { case: case(), delivery: order(), granted: true, reasons: "So.".to_owned() },
            Message::CaseOverdue {
                case: case(),
                category: Category::Delay,
                severity: CaseSeverity::Minor,
                deadline: Deadline::Solution,
                due_at: at(60),
                level: 1,
                taken: false,
            },
            call(1).message,
            Message::RepairRejected { work_order: work_order_id(1), locker_name: name(), unit: unit(7) },
            escalated(Wait::ForReaction, at(0)),
            Message::WorkOrderEnded { work_order: work_order_id(1), locker_name: name(), cancelled: false },
            Message::IncidentReported {
                incident: "mainz.network_lost.1".parse().unwrap(),
                over: false,
                lockers: 3,
                lockers_max: 3,
                in_common: None,
                work_order: None,
            },
        ]
    }

    #[test]
    fn the_kind_of_a_message_is_the_name_it_is_kept_under() {
        let asking = [Message::FeedbackRequested { order: id("o1") }];
        for message in about_a_place_that_can_be_changed().into_iter().chain(that_only_tell()).chain(asking) {
            assert_eq!(serde_json::to_value(&message).unwrap()["message"], message.kind());
        }
    }

    #[test]
    fn what_is_said_about_a_parcel_or_a_repair_is_the_latest_of_its_order_or_of_its_lockers_work_order() {
        let (of_the_order, of_the_locker) = (StateKey::Order(id("o1")), StateKey::WorkOrder(locker_id()));
        let asking = Message::FeedbackRequested { order: id("o1") };
        let about_the_order = that_only_tell().into_iter().take(12).chain([asking]);
        for message in about_a_place_that_can_be_changed().into_iter().chain(about_the_order) {
            assert_eq!(message.says_latest_of().as_ref(), Some(&of_the_order), "{message:?}");
        }
        assert_eq!(call(1).message.says_latest_of(), Some(of_the_locker));
    }

    #[test]
    fn a_message_carries_a_link_for_what_its_reader_can_do_and_for_nothing_else() {
        for message in about_a_place_that_can_be_changed() {
            assert_eq!(message.link(), Some(LinkPurpose::ChoosePlace { order: id("o1"), place_epoch: 2 }));
        }
        let asking = Message::FeedbackRequested { order: id("o1") };
        assert_eq!(asking.link(), Some(LinkPurpose::GiveFeedback { order: id("o1") }));
        for message in that_only_tell() {
            assert_eq!(message.link(), None, "{message:?}");
        }
    }
}

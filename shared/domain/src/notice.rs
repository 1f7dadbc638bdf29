//! What people must learn: one notice for one recipient about one consequence.
//!
//! Who must learn what is decided here, with the facts. How it is said is in the `messages` package; through
//! what it is sent is in `notification_fan_out`.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::case::Measure;
use crate::fault::{Severity, Unit};
use crate::id::{CaseId, CompartmentNumber, NoticeId, OrderId, PersonId, RegionId, TeamId, WorkOrderId};

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
    PickupDelayed { order: OrderId, locker_name: String, compartment: CompartmentNumber },
    /// To a customer: the door works again, and until when to come.
    AllClear { order: OrderId, locker_name: String, compartment: CompartmentNumber, deadline: Timestamp },
    /// To a customer: the locker could not take the order, which is at another one now, as agreed beforehand.
    PlacedElsewhere { order: OrderId, wanted_locker_name: String, locker_name: String, place_epoch: u32 },
    /// To a customer: the place was lost, and this is the new one, by the stored preferences.
    Rerouted { order: OrderId, from_locker_name: String, locker_name: String, place_epoch: u32 },
    /// To a customer: the place was lost, and the parcel comes to the door, by the stored preferences.
    ReroutedHome { order: OrderId, from_locker_name: String, place_epoch: u32 },
    /// To a customer: the place was lost; please choose another.
    ChoosePlace { order: OrderId, from_locker_name: String, place_epoch: u32 },
    /// To a customer: this is where it goes, as chosen. Without a locker's name: to the door.
    PlaceConfirmed { order: OrderId, locker_name: Option<String> },
    /// To a customer: how was it?
    FeedbackRequested { order: OrderId },
    /// To a customer: we have your complaint.
    CaseReceived { case: CaseId, order: OrderId },
    /// To a customer: what came of it.
    CaseAnswered { case: CaseId, order: OrderId, measure: Measure },
    /// To a team: something is broken, or more than before.
    WorkOrderCalled {
        work_order: WorkOrderId,
        locker_name: String,
        severity: Severity,
        units: Vec<Unit>,
        people_waiting: u32,
        extended: bool,
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
            Message::AllClear { .. } => "all_clear",
            Message::PlacedElsewhere { .. } => "placed_elsewhere",
            Message::Rerouted { .. } => "rerouted",
            Message::ReroutedHome { .. } => "rerouted_home",
            Message::ChoosePlace { .. } => "choose_place",
            Message::PlaceConfirmed { .. } => "place_confirmed",
            Message::FeedbackRequested { .. } => "feedback_requested",
            Message::CaseReceived { .. } => "case_received",
            Message::CaseAnswered { .. } => "case_answered",
            Message::WorkOrderCalled { .. } => "work_order_called",
            Message::RepairRejected { .. } => "repair_rejected",
        }
    }

    /// The one-time link the message carries, if any.
    pub fn link(&self) -> Option<LinkPurpose> {
        match self {
            Message::PlacedElsewhere { order, place_epoch, .. }
            | Message::Rerouted { order, place_epoch, .. }
            | Message::ReroutedHome { order, place_epoch, .. }
            | Message::ChoosePlace { order, place_epoch, .. } => {
                Some(LinkPurpose::ChoosePlace { order: order.clone(), place_epoch: *place_epoch })
            }
            Message::FeedbackRequested { order } => Some(LinkPurpose::GiveFeedback { order: order.clone() }),
            Message::ReadyForPickup { .. }
            | Message::PickupDelayed { .. }
            | Message::AllClear { .. }
            | Message::PlaceConfirmed { .. }
            | Message::CaseReceived { .. }
            | Message::CaseAnswered { .. }
            | Message::WorkOrderCalled { .. }
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
}

impl Notice {
    /// A notice to one person, named after the event that caused it.
    pub fn to_person(person: &PersonId, message: Message, event: &crate::id::EventId, now: Timestamp) -> Self {
        Self {
            id: NoticeId::new(event, message.kind()),
            recipient: Recipient::Person { person: person.clone() },
            message,
            created_at: now,
        }
    }
}

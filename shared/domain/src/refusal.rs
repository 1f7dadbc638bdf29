//! Why something cannot be. A refusal is final: trying again without a change gets the same one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::fault::FaultCode;
use crate::service::{Inside, Lifecycle};

/// What closes a whole locker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClosedBy {
    Fault {
        code: FaultCode,
    },
    People {
        lifecycle: Lifecycle,
        /// When it is to serve again, where that is planned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
}

impl fmt::Display for ClosedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClosedBy::Fault { code } => code.fmt(f),
            ClosedBy::People { lifecycle, until: None } => lifecycle.fmt(f),
            ClosedBy::People { lifecycle, until: Some(until) } => write!(f, "{lifecycle} until {until:.0}"),
        }
    }
}

/// The reasons for which a rule says no. Their names are published and stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Refusal {
    #[error("there is no such locker")]
    UnknownLocker,
    #[error("the locker has no such compartment")]
    UnknownCompartment,
    #[error("there is no such order")]
    UnknownOrder,
    /// Or it is not the locker's latest.
    #[error("there is no such work order")]
    UnknownWorkOrder,
    #[error("the work order repairs no such fault")]
    UnknownFault,
    #[error("there is no such case")]
    UnknownCase,
    #[error("there is no such shop, or none was named")]
    UnknownShop,
    #[error("there is no such person")]
    UnknownPerson,
    #[error("no team serves this region")]
    NoTeam,
    /// By a fault, or because people decided so.
    #[error("the locker is closed: {by}")]
    LockerUnavailable {
        #[serde(flatten)]
        by: ClosedBy,
    },
    #[error("no compartment that fits is free")]
    NoRoom,
    #[error("no compartment of this locker is large enough")]
    TooBig,
    #[error("the compartment is closed: {code}")]
    CompartmentClosed { code: FaultCode },
    #[error("the compartment is not in service")]
    CompartmentOutOfService,
    /// Or it is not held for this order any more, whoever holds it.
    #[error("the compartment is held by another order")]
    HeldByAnother,
    #[error("the order has another place now")]
    OtherPlace,
    #[error("this is not possible while the state is '{state}'")]
    WrongState { state: String },
    #[error("the bundle is another customer's, or full")]
    OtherBundle,
    #[error("this link has been used")]
    LinkUsed,
    #[error("the time for this is over")]
    TooLate,
    #[error("the door can be opened: nothing has to be fetched")]
    NotTrapped,
    #[error("the parcel is not with this person")]
    NotTheHolder,
    #[error("this is longer than is possible")]
    TooLong,
    #[error("what is closed opens again only by a proven repair")]
    NotProven,
    #[error("these lockers are not at one site")]
    NotOneSite,
    #[error("what is a danger cannot be put aside")]
    TooSevere,
    #[error("a rating is a whole number from 1 to 5")]
    InvalidRating,
    #[error("a decision needs at least one fact it rests on")]
    MissingEvidence,
    #[error("nobody decides in their own case")]
    OwnCase,
    #[error("the driver has not been heard: ask for a statement first, or wait for it")]
    DriverNotHeard,
    #[error("who has decided does not answer what is said against it")]
    FirstDecider,
    #[error("somebody else owns the case")]
    NotTheOwner,
    #[error("the customer has been asked as often as is possible: decide by what there is")]
    TooManyQuestions,
    #[error("this answer is the last one: the case has been reopened as often as is possible")]
    FinalAnswer,
    #[error("these are not two cases of one customer")]
    NotTheSameMatter,
    #[error("no more cases can be joined into this one")]
    TooManyJoined,
    #[error("it has changed since it was read")]
    StaleVersion,
    #[error("it exists already")]
    AlreadyExists,
    #[error("the locker has no such window planned")]
    UnknownWindow,
    #[error("this overlaps with window {window}")]
    WindowOverlaps { window: u32 },
    #[error("nothing more can be planned for this locker")]
    PlanFull,
    /// `inside` names the first of them.
    #[error("{count} compartments are not empty")]
    NotEmpty { count: u32, inside: Vec<Inside> },
}

impl Refusal {
    /// Not possible in the state something is in. `state` is its published name.
    pub fn wrong_state(state: impl ToString) -> Self {
        Refusal::WrongState { state: state.to_string() }
    }
}

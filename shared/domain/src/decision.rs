//! What a rule returns: everything that is to be committed, together, and the answer.

use serde::{Deserialize, Serialize};

use crate::case::Deadline;
use crate::compartment::Service;
use crate::escalation::{EscalateTo, Wait};
use crate::fault::{FaultCode, Unit};
use crate::id::{CaseId, CompartmentNumber, OrderId, PersonId, TeamId, WorkOrderId};
use crate::incident::{IncidentId, Stage};
use crate::locker::FaultOutcome;
use crate::notice::Notice;
use crate::place::Place;
use crate::plan::Why;
use crate::recovery::CompartmentId;
use crate::service::Lifecycle;
use crate::{State, StateKey, Timestamp};

/// The whole outcome of a rule. Whoever called the rule commits it in one transaction, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision<A> {
    /// What the caller is told, now and whenever the same event arrives again.
    pub answer: A,
    /// The next states. Each replaces the state that was read, and only that one.
    pub changes: Vec<State>,
    /// States that were read and must still be as they were when this is committed.
    pub unchanged: Vec<StateKey>,
    /// Who must learn what.
    pub notices: Vec<Notice>,
    /// The entry in the history.
    pub event: Event,
}

impl<A> Decision<A> {
    /// A decision that changes nothing yet.
    pub fn new(answer: A) -> Self {
        Self { answer, changes: Vec::new(), unchanged: Vec::new(), notices: Vec::new(), event: Event::NothingChanged }
    }

    /// Adds a next state.
    pub fn change(&mut self, state: impl Into<State>) {
        self.changes.push(state.into());
    }

    /// Makes the decision hold only while this state stays as it was read.
    pub fn require_unchanged(&mut self, key: StateKey) {
        self.unchanged.push(key);
    }

    /// Adds someone who must learn something.
    pub fn tell(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Says what the history will call this.
    pub fn record(&mut self, event: Event) {
        self.event = event;
    }

    /// This decision and what follows from another one, in one commit. The answer and the history are this one's.
    pub fn and<B>(mut self, other: Decision<B>) -> Self {
        self.changes.extend(other.changes);
        self.unchanged.extend(other.unchanged);
        self.notices.extend(other.notices);
        self
    }

    /// The same decision with another answer.
    pub fn answer_with<B>(self, answer: B) -> Decision<B> {
        let Decision { changes, unchanged, notices, event, .. } = self;
        Decision { answer, changes, unchanged, notices, event }
    }
}

/// What happened, as the history of a locker, work order, order or case tells it. No personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    /// Seen and judged; there was nothing to change.
    NothingChanged,
    LockerRegistered,
    FaultsReported {
        at: Timestamp,
        outcome: FaultOutcome,
    },
    /// Without a name it was done by what somebody had planned.
    LifecycleChanged {
        from: Lifecycle,
        to: Lifecycle,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
        reason: String,
    },
    MaintenancePlanned {
        window: u32,
        from: Timestamp,
        until: Timestamp,
    },
    MaintenanceCancelled {
        window: u32,
    },
    ServiceChanged {
        compartment: CompartmentNumber,
        from: Service,
        to: Service,
        by: PersonId,
        reason: String,
    },
    SuspicionsJudged {
        outcome: FaultOutcome,
    },
    Connected,
    Disconnected,
    FoundOffline,
    TeamTold {
        team: TeamId,
        people_waiting: u32,
    },
    /// The locker does not serve: its team is called once it does.
    CallPostponed,
    /// The locker serves again, and its team is called.
    CallResumed,
    IncidentJoined {
        incident: IncidentId,
    },
    IncidentLookedAt {
        stage: Stage,
        lockers: u32,
    },
    IncidentLeft {
        incident: IncidentId,
    },
    IncidentLed {
        incident: IncidentId,
    },
    WorkOrderAcknowledged {
        by: PersonId,
    },
    WorkOrderStarted {
        by: PersonId,
    },
    WorkOrderHeld {
        by: PersonId,
        reason: String,
    },
    /// By a person, because nothing had to be repaired.
    WorkOrderCancelled {
        by: PersonId,
        reason: String,
        cleared: Vec<(Unit, FaultCode)>,
    },
    /// It is repaired on the way to another one; by nobody where it joined by itself.
    VisitJoined {
        leads: WorkOrderId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
    },
    VisitLeft {
        leads: WorkOrderId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
    },
    WorkOrderEscalated {
        wait: Wait,
        level: u8,
        to: EscalateTo,
    },
    /// What was expected has not come true. Without a time nobody knows.
    ExpectedLater {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected_at: Option<Timestamp>,
    },
    /// Somebody has seen it.
    FaultAcknowledged {
        unit: Unit,
        code: FaultCode,
        by: PersonId,
    },
    /// Somebody has put it aside.
    FaultShelved {
        unit: Unit,
        code: FaultCode,
        by: PersonId,
        until: Timestamp,
        reason: String,
    },
    /// What was put aside is back: by nobody where its time is over.
    FaultsUnshelved {
        faults: Vec<(Unit, FaultCode)>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
    },
    RepairReported {
        by: PersonId,
        note: String,
    },
    TestOpeningPassed {
        unit: Unit,
        passed: u8,
    },
    TestOpeningFailed {
        unit: Unit,
    },
    /// Doors that were due for preventive work.
    DoorsServiced {
        by: PersonId,
        doors: Vec<CompartmentNumber>,
    },
    /// What a device says came of what it was asked from afar, and what is over by its word.
    RemoteRecoveryAnswered {
        code: FaultCode,
        attempt: u8,
        worked: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cleared: Vec<(Unit, FaultCode)>,
    },
    /// A device has not answered, or has not shown what it said.
    RemoteRecoveryTimedOut {
        codes: Vec<FaultCode>,
    },
    /// A test opening has shown that what was mended from afar is not.
    RemoteRecoveryRejected {
        unit: Unit,
    },
    RepairVerified {
        cleared: Vec<(Unit, FaultCode)>,
    },
    OrderPlaced {
        place: Place,
    },
    OrderCancelled,
    /// Its parcel has not come, and its place is free again.
    ReservationExpired {
        compartment: CompartmentNumber,
    },
    /// Nobody has collected it in time.
    PickupExpired {
        compartment: CompartmentNumber,
    },
    /// Its time is over; whether it has come or was collected cannot be known yet.
    ExpiryPostponed {
        until: Timestamp,
    },
    ReservationExtended {
        by: PersonId,
        hours: u16,
        reason: String,
    },
    /// Somebody begins to bring what has expired back to who sent it.
    ReturnStarted {
        by: PersonId,
    },
    /// It stays where it is, for somebody else to fetch.
    ReturnAbandoned {
        by: PersonId,
        reason: String,
    },
    /// It is back with who sent it.
    ParcelReturned {
        by: PersonId,
    },
    /// A lock has taken a command to open.
    OpeningAcknowledged {
        compartment: CompartmentNumber,
    },
    DoorOpened {
        compartment: CompartmentNumber,
    },
    DepositAuthorised {
        driver: PersonId,
        compartment: CompartmentNumber,
    },
    ParcelDeposited {
        compartment: CompartmentNumber,
    },
    ParcelCollected {
        compartment: CompartmentNumber,
    },
    PickupDelayed {
        code: FaultCode,
    },
    /// The customer was told that it takes longer.
    DelayTold {
        order: OrderId,
    },
    PickupResumed {
        order: OrderId,
    },
    /// The door is shut by people, not by a fault.
    PickupStopped {
        order: OrderId,
    },
    PickupExtended {
        by: PersonId,
        hours: u16,
        reason: String,
        /// It had expired, waits again, and behind a door that is shut.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stopped: bool,
    },
    RecoveryStarted {
        by: PersonId,
        to: Place,
    },
    ParcelTaken {
        by: PersonId,
    },
    ParcelHandedOver {
        from: PersonId,
        to: PersonId,
    },
    RecoveryRedirected {
        by: PersonId,
        to: Place,
    },
    /// By nobody where the door worked again before anybody had taken the parcel out.
    RecoveryAbandoned {
        by: Option<PersonId>,
        reason: Option<String>,
        /// Whether the deadline runs on.
        resumed: bool,
    },
    /// Into its new place, by who had it.
    ParcelPlaced {
        compartment: CompartmentNumber,
        by: PersonId,
    },
    /// The device believes otherwise than the records say about these.
    OccupancyDisagreed {
        compartments: Vec<CompartmentNumber>,
        outcome: FaultOutcome,
    },
    /// Somebody has looked: this is inside, or nothing is.
    ContentsSettled {
        by: PersonId,
        door: CompartmentId,
        found: Option<OrderId>,
    },
    /// Somebody has looked, and it was not there.
    ParcelMissed {
        by: PersonId,
        from: Place,
    },
    /// Somebody has looked, and it was there.
    ParcelFound {
        by: PersonId,
        place: Place,
        /// Whether its deadline stands still.
        stopped: bool,
        moved: bool,
    },
    OrderRerouted {
        from: Place,
        to: Place,
        /// Why there, where a place was looked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<Why>,
    },
    /// To another one of the same locker.
    CompartmentChanged {
        from: Place,
        to: Place,
    },
    PlaceChosen {
        to: Place,
    },
    ReroutedBySupport {
        by: PersonId,
        from: Place,
        to: Place,
        reason: String,
    },
    /// Somebody of support has something to say about it.
    NoteAdded {
        by: PersonId,
        note: String,
    },
    /// What was lost works again before the customer has answered.
    QuestionWithdrawn {
        to: Place,
    },
    ChoiceUndone {
        to: Place,
    },
    FeedbackGiven,
    FeedbackEdited,
    CaseAssigned {
        to: PersonId,
    },
    /// A person says what it is about.
    CaseSorted {
        by: PersonId,
    },
    /// The customer was told that it is being worked on.
    CaseUpdated {
        by: PersonId,
    },
    CustomerAsked {
        by: PersonId,
    },
    CustomerAnswered,
    /// The customer has not answered in time, and it was closed.
    CaseUnanswered,
    /// A level was told that something has not come in time.
    CaseOverdue {
        deadline: Deadline,
        level: u8,
    },
    CaseDecided {
        by: PersonId,
    },
    /// By nobody of support where it was the customer.
    CaseReopened {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<PersonId>,
    },
    /// The driver was asked for a statement.
    DriverAsked {
        by: PersonId,
    },
    DriverStated,
    /// By the driver.
    DecisionContested,
    /// By somebody else than who decided.
    ContestAnswered {
        by: PersonId,
        granted: bool,
    },
    /// It is dealt with by another one.
    CaseJoined {
        into: CaseId,
        by: PersonId,
    },
    CaseClosed {
        by: PersonId,
    },
}

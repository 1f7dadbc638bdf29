//! What anybody may know of a locker, without a name or a token: whether it is open, since when not and until when, in
//! words for everybody. Nothing of who uses it, of its compartments one by one, or of its faults beyond what the published
//! list says to customers.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Timestamp;
use crate::fault::{Closure, Sentence};
use crate::id::LockerId;
use crate::locker::Locker;
use crate::place::Position;
use crate::refusal::ClosedBy;
use crate::service::Lifecycle;
use crate::size::Size;
use crate::work_order::WorkOrder;

/// What a locker can be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    Open,
    /// Parcels can be collected, and no new ones come.
    CollectionOnly,
    Closed,
}

/// What anybody may know of a locker at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicStatus {
    pub locker_id: LockerId,
    pub name: String,
    pub position: Position,
    pub status: Opening,
    /// Since when it is not open, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it is not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sentence: Option<Sentence>,
    /// When it is expected to be open again; nothing where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_back_at: Option<Timestamp>,
    /// How many compartments of each size can be booked; none where nothing can.
    pub free: BTreeMap<Size, u32>,
    /// When all of this was so.
    pub as_of: Timestamp,
}

/// What people who are closed out read, where it was people who decided so.
fn sentence_of(lifecycle: Lifecycle) -> Option<Sentence> {
    let (german, english) = match lifecycle {
        Lifecycle::Active => return None,
        Lifecycle::Commissioning => ("Der Paketautomat wird gerade aufgebaut.", "The locker is being built."),
        Lifecycle::Draining => (
            "Der Paketautomat nimmt zurzeit nichts Neues an; Pakete können abgeholt werden.",
            "The locker takes nothing new at present; parcels can be collected.",
        ),
        Lifecycle::Maintenance => ("Am Paketautomaten wird gearbeitet.", "People are working on the locker."),
        Lifecycle::Decommissioned => ("Den Paketautomaten gibt es nicht mehr.", "The locker is no longer there."),
    };
    Some(Sentence { german, english })
}

/// What anybody may know of a locker. `work_order` is its latest, and `free` what can be booked while it is open.
pub fn public_status(
    locker: &Locker,
    work_order: Option<&WorkOrder>,
    free: BTreeMap<Size, u32>,
    now: Timestamp,
) -> PublicStatus {
    let closed = locker.unavailable();
    let status = match (closed, locker.closure()) {
        (None, _) => Opening::Open,
        (Some(_), Closure::Nothing | Closure::Deposits) => Opening::CollectionOnly,
        (Some(_), Closure::DepositsAndPickups) => Opening::Closed,
    };
    let (since, sentence, expected_back_at) = match closed {
        None => (None, None, None),
        Some(ClosedBy::People { lifecycle, until }) => {
            (locker.service.since, sentence_of(lifecycle), until.filter(|until| *until > now))
        }
        Some(ClosedBy::Fault { code }) => {
            let closing = locker.faults.iter().filter(|(code, _)| code.closes() > Closure::Nothing);
            let since = closing.map(|(_, fault)| fault.raised_at).min();
            (since, Some(code.listed().sentence), work_order.and_then(|it| it.expected_at(now)))
        }
    };
    let free = if closed.is_none() { free } else { BTreeMap::new() };
    PublicStatus {
        locker_id: locker.id.clone(),
        name: locker.name.clone(),
        position: locker.position,
        status,
        since,
        sentence,
        expected_back_at,
        free,
        as_of: now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expected_back::ExpectedBack;
    use crate::fault::FaultCode;
    use crate::service::LockerService;
    use crate::testing::*;
    use crate::work_order::WorkOrderStatus;

    fn free() -> BTreeMap<Size, u32> {
        BTreeMap::from([(Size::M, 3)])
    }

    fn with_fault(code: FaultCode) -> Locker {
        let mut locker = locker();
        locker.faults.insert(code, open_fault(at(-60)));
        locker
    }

    /// A work order whose faults are expected to be repaired by then.
    fn expected(second: i64) -> WorkOrder {
        let mut work_order = work_order(WorkOrderStatus::Open, &[]);
        let (expected_at, latest_at) = (Some(at(second)), Some(at(2 * second)));
        work_order.expected_back = Some(Box::new(ExpectedBack { expected_at, latest_at, samples: 20, as_of: at(0) }));
        work_order
    }

    #[test]
    fn an_open_locker_says_what_is_free_and_nothing_else() {
        let status = public_status(&locker(), Some(&expected(60)), free(), at(0));
        assert_eq!((status.status, status.since, status.sentence), (Opening::Open, None, None));
        assert_eq!((status.expected_back_at, status.free, status.as_of), (None, free(), at(0)));
    }

    #[test]
    fn a_fault_is_told_as_the_published_list_has_it_with_the_time_it_is_expected_to_last() {
        let status = public_status(&with_fault(FaultCode::PowerLoss), Some(&expected(60)), free(), at(0));
        let sentence = Some(FaultCode::PowerLoss.listed().sentence);
        assert_eq!((status.status, status.since, status.sentence), (Opening::Closed, Some(at(-60)), sentence));
        assert_eq!((status.expected_back_at, status.free), (Some(at(60)), BTreeMap::new()));
        let later = public_status(&with_fault(FaultCode::PowerLoss), Some(&expected(60)), free(), at(60));
        assert_eq!(later.expected_back_at, None, "a time that has passed is nobody's");
    }

    #[test]
    fn what_is_off_the_network_still_gives_out_its_parcels() {
        let status = public_status(&with_fault(FaultCode::NetworkLost), None, free(), at(0));
        assert_eq!((status.status, status.expected_back_at), (Opening::CollectionOnly, None));
    }

    #[test]
    fn a_fault_that_closes_nothing_is_nobodys_business() {
        let status = public_status(&with_fault(FaultCode::ClockSkew), None, free(), at(0));
        assert_eq!((status.status, status.sentence), (Opening::Open, None));
    }

    #[test]
    fn what_people_decided_is_told_with_the_time_they_planned() {
        for (lifecycle, opening) in [
            (Lifecycle::Draining, Opening::CollectionOnly),
            (Lifecycle::Maintenance, Opening::Closed),
            (Lifecycle::Commissioning, Opening::Closed),
            (Lifecycle::Decommissioned, Opening::Closed),
        ] {
            let service = LockerService { lifecycle, since: Some(at(-5)), until: Some(at(60)) };
            let status = public_status(&Locker { service, ..locker() }, None, free(), at(0));
            assert_eq!((status.status, status.since), (opening, Some(at(-5))), "{lifecycle}");
            assert_eq!((status.expected_back_at, status.free.len()), (Some(at(60)), 0));
            assert!(status.sentence.is_some());
        }
    }
}

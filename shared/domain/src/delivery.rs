//! A driver's delivery, and whether it counts for the driver's standing.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{CaseId, OrderId, PersonId};
use crate::order::Incident;

/// One deposit by one driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub order: OrderId,
    pub driver: PersonId,
    pub delivered_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_at: Option<Timestamp>,
    pub standing: Standing,
    /// The complaint that a person decided to be the driver's doing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charged_case: Option<CaseId>,
}

/// Whether a delivery counts for the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Standing {
    Counted,
    /// The locker was faulted then: the driver's alibi, with the evidence.
    Excluded {
        incident: Incident,
    },
}

impl Delivery {
    /// Takes a delivery whose order met a locker's fault out of the driver's standing.
    pub fn exclude(&mut self, incident: &Incident) {
        self.standing = Standing::Excluded { incident: incident.clone() };
    }

    /// Takes it into the driver's standing again: the fault explains nothing after all.
    pub fn count_again(&mut self) {
        self.standing = Standing::Counted;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultCode;
    use crate::testing::*;

    #[test]
    fn an_excluded_delivery_keeps_the_evidence_and_everything_else() {
        let met = incident(unit(7), FaultCode::LockJammed, 30, Some(90));
        let before = Delivery { promised_at: Some(at(900)), ..delivery() };
        let mut after = before.clone();
        after.exclude(&met);
        assert_eq!(after, Delivery { standing: Standing::Excluded { incident: met }, ..before });
    }

    #[test]
    fn a_delivery_that_counts_again_is_as_it_was() {
        let mut delivery = delivery();
        let before = delivery.clone();
        delivery.exclude(&incident(unit(7), FaultCode::LockJammed, 30, Some(90)));
        delivery.count_again();
        assert_eq!(delivery, before);
    }

    #[test]
    fn excluding_a_delivery_again_changes_nothing() {
        let met = incident(unit(7), FaultCode::LockJammed, 30, Some(90));
        let mut once = delivery();
        once.exclude(&met);
        let mut twice = once.clone();
        twice.exclude(&met);
        assert_eq!(once, twice);
    }
}

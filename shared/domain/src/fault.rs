//! What can break, how bad it is, and what it closes.

mod list;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::list::{FaultCode, LIST_VERSION, ListedFault, Sentence};
use crate::Timestamp;
use crate::acknowledgement::Acknowledged;
use crate::id::{CompartmentNumber, EventId, LockerId, PersonId, WorkOrderId};
use crate::suspicion::Signal;

/// What part of a locker is broken: decides which skill a team needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultClass {
    Electronics,
    Mechanics,
    Network,
}

/// How bad a fault is, worst last, so that `max` is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nobody has said yet: a vendor's own code.
    Indeterminate,
    Warning,
    Minor,
    Major,
    Critical,
}

/// What a fault forbids in the unit that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Closure {
    /// The unit works on.
    Nothing,
    /// Nothing new goes in; what is inside can be collected.
    Deposits,
    /// The door cannot be trusted to open, or must not be opened.
    DepositsAndPickups,
}

/// What ends a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Clearing {
    /// Test openings, once somebody has reported the repair.
    Proof,
    /// The locker's return to the network.
    Return,
    /// The device no longer sees it: it closes nothing, so nothing reopens by its word.
    Condition,
}

/// What a device can be told to do about a fault from afar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoteCommand {
    /// Switch what is broken off and on again.
    Restart,
}

/// A remote command that may mend a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RemoteRecovery {
    pub command: RemoteCommand,
    /// How often it is tried before a team is called.
    pub tries_max: u8,
}

/// Who sees to it that a fault is mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Responsible {
    /// The network's own technicians.
    Maintenance,
    /// The landlord of the site: electricity, cleaning.
    Site,
    /// Who carries the locker's data.
    Carrier,
    /// Who watches over the site.
    Security,
    /// Who made the locker.
    Vendor,
}

/// What a fault concerns: the whole locker or one compartment. Written `locker` or the number on the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Unit {
    Locker,
    Compartment(CompartmentNumber),
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Locker => f.write_str("locker"),
            Unit::Compartment(number) => number.fmt(f),
        }
    }
}

/// A unit is `locker` or a compartment's number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a unit is 'locker' or the number of a compartment")]
pub struct InvalidUnit;

impl FromStr for Unit {
    type Err = InvalidUnit;
    fn from_str(text: &str) -> Result<Self, InvalidUnit> {
        match text {
            "locker" => Ok(Unit::Locker),
            number => {
                let number: u16 = number.parse().map_err(|_| InvalidUnit)?;
                let unit = Unit::Compartment(number.try_into().map_err(|_| InvalidUnit)?);
                // Numbers are read from `+7` and `07` as well: one door, one name.
                if unit.to_string() == text { Ok(unit) } else { Err(InvalidUnit) }
            }
        }
    }
}

impl TryFrom<String> for Unit {
    type Error = InvalidUnit;
    fn try_from(text: String) -> Result<Self, InvalidUnit> {
        text.parse()
    }
}

impl From<Unit> for String {
    fn from(unit: Unit) -> String {
        unit.to_string()
    }
}

/// A fault that is open in a unit. There is one per unit and code; repeats are counted here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenFault {
    /// The server's time of the first report.
    pub raised_at: Timestamp,
    /// The server's time of the latest report.
    pub last_at: Timestamp,
    /// How many reports there were, the first included.
    pub occurrences: u32,
    /// The vendor's own words, where the code is not one of the published list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_text: Option<String>,
    /// The work order that repairs it.
    pub work_order: WorkOrderId,
    /// Since when the device sees it no more, where that is not enough to clear it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_at: Option<Timestamp>,
}

/// The open faults of one unit.
pub type OpenFaults = BTreeMap<FaultCode, OpenFault>;

/// What the open faults of a unit close together, and which of them is to be named for it.
pub fn closed_by(faults: &OpenFaults) -> Option<(FaultCode, Closure)> {
    faults
        .keys()
        .map(|code| (*code, code.closes()))
        .filter(|(_, closure)| *closure > Closure::Nothing)
        .max_by_key(|(code, closure)| (*closure, code.severity()))
}

/// Since when the open faults of a unit keep its door from being opened: since the first that does.
pub fn shut_since(faults: &OpenFaults) -> Option<Timestamp> {
    let shut = faults.iter().filter(|(code, _)| code.closes() == Closure::DepositsAndPickups);
    shut.map(|(_, fault)| fault.raised_at).min()
}

/// A fault from its first report to its proven repair: what explains, later, why a delivery went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    pub locker: LockerId,
    pub unit: Unit,
    pub code: FaultCode,
    pub fault: OpenFault,
    /// When the repair was proven. Until then the fault is an [`OpenFault`] of its unit.
    pub cleared_at: Timestamp,
    /// Who had seen it, if anybody had said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Acknowledged>,
    /// Who reported the repair that was proven; nobody where it ended by itself or was mended from afar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_by: Option<PersonId>,
    /// Since when it waits to be counted among the repairs of its code. Nothing once it has been, exactly once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_at: Option<Timestamp>,
}

impl FaultRecord {
    /// The record of a fault that has just been cleared by itself, and that nobody had said to have seen.
    pub fn cleared(locker: LockerId, unit: Unit, code: FaultCode, fault: OpenFault, now: Timestamp) -> Self {
        Self { locker, unit, code, fault, cleared_at: now, acknowledged: None, cleared_by: None, count_at: Some(now) }
    }
}

/// One fault as a device or the network itself reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedFault {
    pub unit: Unit,
    pub code: FaultCode,
    /// The vendor's own words, if any.
    pub vendor_text: Option<String>,
}

/// Faults that were reported together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultReport {
    pub locker: LockerId,
    /// The message's own id: the same id is the same report.
    pub event: EventId,
    /// The server's time of arrival. The device's clock is never believed.
    pub received_at: Timestamp,
    /// Who says so.
    pub signal: Signal,
    pub faults: Vec<ReportedFault>,
    /// What a device sees no more.
    pub gone: Vec<(Unit, FaultCode)>,
}

impl FaultReport {
    /// The units it names.
    pub fn units(&self) -> impl Iterator<Item = Unit> {
        self.faults.iter().map(|it| it.unit).chain(self.gone.iter().map(|(unit, _)| *unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_by_its_published_name() {
        for code in FaultCode::ALL {
            assert_eq!(FaultCode::from_name(code.as_str()), Some(code));
            assert_eq!(code.to_string(), code.as_str());
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
        assert_eq!(FaultCode::from_name("E-1234"), None);
    }

    #[test]
    fn a_unit_reads_back_as_written_and_nothing_else_does() {
        for text in ["locker", "1", "999"] {
            assert_eq!(text.parse::<Unit>().unwrap().to_string(), text);
        }
        for text in ["", "0", "1000", "-1", "+7", "07", "Locker", "99999999"] {
            assert_eq!(text.parse::<Unit>(), Err(InvalidUnit), "{text}");
        }
    }

    #[test]
    fn a_unit_is_kept_as_it_is_written() {
        let units = [Unit::Locker, Unit::Compartment(7.try_into().unwrap())];
        assert_eq!(serde_json::to_value(units).unwrap(), serde_json::json!(["locker", "7"]));
    }
}

//! What can break, how bad it is, and what it closes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::{CompartmentNumber, EventId, LockerId, WorkOrderId};

/// The published list of fault codes. A vendor's own code becomes `vendor_other` with the vendor's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    PowerLoss,
    ControllerFault,
    ReaderFault,
    DisplayFault,
    OverTemperature,
    LockJammed,
    DoorNotClosing,
    /// Opened without the network having asked for it.
    DoorForced,
    /// The sensor tells what cannot be, such as a door that is open and locked.
    DoorSensorImplausible,
    /// The device and the records disagree on what is inside.
    OccupancyMismatch,
    CompartmentDirtyOrDamaged,
    /// Gone for longer than the grace. The only fault that ends by itself: by returning.
    NetworkLost,
    NetworkWeak,
    /// The device's clock is wrong. Nothing depends on it: the server's time rules.
    ClockSkew,
    /// The cabinet itself was interfered with.
    Tamper,
    /// A vendor's own code, kept with the vendor's text.
    VendorOther,
}

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

impl FaultCode {
    /// Every published code.
    pub const ALL: [FaultCode; 16] = [
        FaultCode::PowerLoss,
        FaultCode::ControllerFault,
        FaultCode::ReaderFault,
        FaultCode::DisplayFault,
        FaultCode::OverTemperature,
        FaultCode::LockJammed,
        FaultCode::DoorNotClosing,
        FaultCode::DoorForced,
        FaultCode::DoorSensorImplausible,
        FaultCode::OccupancyMismatch,
        FaultCode::CompartmentDirtyOrDamaged,
        FaultCode::NetworkLost,
        FaultCode::NetworkWeak,
        FaultCode::ClockSkew,
        FaultCode::Tamper,
        FaultCode::VendorOther,
    ];

    /// Which part is broken.
    pub fn class(self) -> FaultClass {
        use FaultCode::*;
        match self {
            PowerLoss
            | ControllerFault
            | ReaderFault
            | DisplayFault
            | OverTemperature
            | ClockSkew
            | DoorSensorImplausible
            | VendorOther => FaultClass::Electronics,
            LockJammed | DoorNotClosing | DoorForced | OccupancyMismatch | CompartmentDirtyOrDamaged | Tamper => {
                FaultClass::Mechanics
            }
            NetworkLost | NetworkWeak => FaultClass::Network,
        }
    }

    /// How bad it is for the people at the locker.
    pub fn severity(self) -> Severity {
        use FaultCode::*;
        match self {
            PowerLoss | ControllerFault | DoorForced | Tamper | OverTemperature => Severity::Critical,
            LockJammed | DoorNotClosing | NetworkLost => Severity::Major,
            ReaderFault | DisplayFault | DoorSensorImplausible | OccupancyMismatch | CompartmentDirtyOrDamaged => {
                Severity::Minor
            }
            NetworkWeak | ClockSkew => Severity::Warning,
            VendorOther => Severity::Indeterminate,
        }
    }

    /// What it closes. A locker without network still opens its doors by the codes it knows, so pickups go on;
    /// an unknown vendor code closes to deposits until someone has looked.
    pub fn closes(self) -> Closure {
        use FaultCode::*;
        match self {
            PowerLoss | ControllerFault | ReaderFault | OverTemperature | LockJammed | DoorForced | Tamper => {
                Closure::DepositsAndPickups
            }
            DoorNotClosing
            | DoorSensorImplausible
            | OccupancyMismatch
            | CompartmentDirtyOrDamaged
            | NetworkLost
            | VendorOther => Closure::Deposits,
            DisplayFault | NetworkWeak | ClockSkew => Closure::Nothing,
        }
    }

    /// Whether it may have one cause for many lockers, such as their network, their grid or their firmware. A door is
    /// jammed by what is in it, and somebody who breaks in breaks in once; what a vendor means nobody knows.
    pub fn spreads(self) -> bool {
        use FaultCode::*;
        match self {
            PowerLoss | ControllerFault | ReaderFault | DisplayFault | OverTemperature | NetworkLost | NetworkWeak
            | ClockSkew => true,
            LockJammed
            | DoorNotClosing
            | DoorForced
            | DoorSensorImplausible
            | OccupancyMismatch
            | CompartmentDirtyOrDamaged
            | Tamper
            | VendorOther => false,
        }
    }

    /// The code as it is published, such as `lock_jammed`.
    pub fn as_str(self) -> &'static str {
        use FaultCode::*;
        match self {
            PowerLoss => "power_loss",
            ControllerFault => "controller_fault",
            ReaderFault => "reader_fault",
            DisplayFault => "display_fault",
            OverTemperature => "over_temperature",
            LockJammed => "lock_jammed",
            DoorNotClosing => "door_not_closing",
            DoorForced => "door_forced",
            DoorSensorImplausible => "door_sensor_implausible",
            OccupancyMismatch => "occupancy_mismatch",
            CompartmentDirtyOrDamaged => "compartment_dirty_or_damaged",
            NetworkLost => "network_lost",
            NetworkWeak => "network_weak",
            ClockSkew => "clock_skew",
            Tamper => "tamper",
            VendorOther => "vendor_other",
        }
    }

    /// The published code of that name; nothing for a vendor's own.
    pub fn from_name(name: &str) -> Option<FaultCode> {
        FaultCode::ALL.into_iter().find(|code| code.as_str() == name)
    }
}

impl fmt::Display for FaultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
    pub faults: Vec<ReportedFault>,
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

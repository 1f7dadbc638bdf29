//! The published list of faults: one entry for each code, with everything that follows from it.
//!
//! A vendor's own code becomes `vendor_other`, with the vendor's text. To publish a new code, add an entry, count
//! [`LIST_VERSION`] up, and name it in asyncapi.yaml and openapi.yaml; nothing else knows the codes one by one.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Clearing, Closure, FaultClass, RemoteCommand, RemoteRecovery, Responsible, Severity};
use crate::SignedDuration;

/// The version of the list as a whole. What a code means to people or devices does not change under one version.
pub const LIST_VERSION: u32 = 1;

/// What is published about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListedFault {
    pub code: FaultCode,
    /// What part is broken, and so the skill its repair needs.
    pub class: FaultClass,
    pub severity: Severity,
    pub closes: Closure,
    /// Whether it is a fault of the whole locker, whatever unit a report names: there is one of what is broken.
    pub whole_locker: bool,
    /// For how long a device has to see it before it is a fault. Until then the unit is suspected.
    pub stable_for: SignedDuration,
    /// Whether people can see it, and so report it.
    pub people_see_it: bool,
    /// Whether it may have one cause for many lockers, such as their network, their grid or their firmware. A door is
    /// jammed by what is in it, and somebody who breaks in breaks in once; what a vendor means nobody knows.
    pub spreads: bool,
    /// Whether only a person may clear it: what happened is over, and somebody has to look all the same.
    pub latches: bool,
    pub clears: Clearing,
    /// What is tried from afar before anybody is sent.
    pub recovery: Option<RemoteRecovery>,
    /// Who sees to it that it is mended.
    pub responsible: Responsible,
    /// What customers are told is the matter, in German and in English.
    pub sentence: Sentence,
}

/// A sentence for customers, in each language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sentence {
    pub german: &'static str,
    pub english: &'static str,
}

macro_rules! faults {
    ($(
        $(#[$doc:meta])*
        $code:ident $name:literal {
            $class:ident, $severity:ident, closes $closes:ident $(, $whole_locker:ident)?;
            stable for $seconds:literal s, clears by $clears:ident $(, $latches:ident)?;
            people see it: $people_see_it:literal, it spreads: $spreads:literal;
            $([$command:ident, $tries:literal times])?
            $responsible:ident: $german:literal, $english:literal
        }
    )*) => {
        /// The code of a fault.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FaultCode {
            $($(#[$doc])* $code,)*
        }

        impl FaultCode {
            /// Every published code.
            pub const ALL: [FaultCode; [$($name),*].len()] = [$(FaultCode::$code),*];

            /// The code as it is published, such as `lock_jammed`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(FaultCode::$code => $name,)*
                }
            }

            /// Its entry in the published list.
            pub fn listed(self) -> ListedFault {
                match self {
                    $(FaultCode::$code => ListedFault {
                        code: self,
                        class: FaultClass::$class,
                        severity: Severity::$severity,
                        closes: Closure::$closes,
                        whole_locker: faults!(@is $($whole_locker)?),
                        stable_for: SignedDuration::from_secs($seconds),
                        people_see_it: $people_see_it,
                        spreads: $spreads,
                        latches: faults!(@is $($latches)?),
                        clears: Clearing::$clears,
                        recovery: faults!(@recovery $($command $tries)?),
                        responsible: Responsible::$responsible,
                        sentence: Sentence { german: $german, english: $english },
                    },)*
                }
            }
        }
    };
    (@is) => { false };
    (@is whole_locker) => { true };
    (@is latches) => { true };
    (@recovery) => { None };
    (@recovery $command:ident $tries:literal) => {
        Some(RemoteRecovery { command: RemoteCommand::$command, tries_max: $tries })
    };
}

// The times a condition has to be stable for are assumptions; no public figures were found. They are well below the
// minutes a team needs to react, and above what a door held open by a customer or a dip of the signal takes.
faults! {
    PowerLoss "power_loss" {
        Electronics, Critical, closes DepositsAndPickups, whole_locker;
        stable for 0 s, clears by Proof;
        people see it: true, it spreads: true;
        Site: "Der Paketautomat ist ohne Strom.", "The locker is without power."
    }
    ControllerFault "controller_fault" {
        Electronics, Critical, closes DepositsAndPickups, whole_locker;
        stable for 0 s, clears by Proof;
        people see it: false, it spreads: true;
        [Restart, 2 times]
        Maintenance: "Die Steuerung des Paketautomaten antwortet nicht.", "The locker's controller does not respond."
    }
    ReaderFault "reader_fault" {
        Electronics, Minor, closes DepositsAndPickups, whole_locker;
        stable for 0 s, clears by Proof;
        people see it: true, it spreads: true;
        [Restart, 1 times]
        Maintenance: "Der Leser des Paketautomaten ist gestört.", "The locker's reader is out of order."
    }
    DisplayFault "display_fault" {
        // A controller reports it after a test of its own.
        Electronics, Minor, closes Nothing, whole_locker;
        stable for 0 s, clears by Condition;
        people see it: true, it spreads: true;
        [Restart, 1 times]
        Maintenance: "Die Anzeige des Paketautomaten ist gestört.", "The locker's display is out of order."
    }
    OverTemperature "over_temperature" {
        Electronics, Critical, closes DepositsAndPickups;
        stable for 0 s, clears by Proof, latches;
        people see it: false, it spreads: true;
        Maintenance: "Der Paketautomat ist zu heiß geworden.", "The locker has become too hot."
    }
    LockJammed "lock_jammed" {
        // A lock tries again by itself before it reports: another try from afar would only be one more.
        Mechanics, Major, closes DepositsAndPickups;
        stable for 0 s, clears by Proof;
        people see it: true, it spreads: false;
        Maintenance: "Das Schloss klemmt.", "The lock is jammed."
    }
    DoorNotClosing "door_not_closing" {
        Mechanics, Major, closes Deposits;
        stable for 60 s, clears by Proof;
        people see it: true, it spreads: false;
        Maintenance: "Die Tür schließt nicht richtig.", "The door does not close properly."
    }
    /// Opened without the network having asked for it.
    DoorForced "door_forced" {
        Mechanics, Critical, closes DepositsAndPickups;
        stable for 0 s, clears by Proof, latches;
        people see it: true, it spreads: false;
        Security: "Das Fach muss geprüft werden.", "The compartment has to be checked."
    }
    /// The sensor tells what cannot be, such as a door that is open and locked.
    DoorSensorImplausible "door_sensor_implausible" {
        Electronics, Minor, closes Deposits;
        stable for 60 s, clears by Proof;
        people see it: false, it spreads: false;
        Maintenance: "Der Türsensor ist gestört.", "The door's sensor is out of order."
    }
    /// The device and the records disagree on what is inside.
    OccupancyMismatch "occupancy_mismatch" {
        Mechanics, Minor, closes Deposits;
        stable for 0 s, clears by Proof, latches;
        people see it: true, it spreads: false;
        Maintenance: "Der Inhalt des Fachs muss geprüft werden.", "What is in the compartment has to be checked."
    }
    CompartmentDirtyOrDamaged "compartment_dirty_or_damaged" {
        Mechanics, Minor, closes Deposits;
        stable for 0 s, clears by Proof, latches;
        people see it: true, it spreads: false;
        Site: "Das Fach ist verschmutzt oder beschädigt.", "The compartment is dirty or damaged."
    }
    /// Gone for longer than the grace: a locker that returns has proven itself.
    NetworkLost "network_lost" {
        Network, Major, closes Deposits, whole_locker;
        stable for 0 s, clears by Return;
        people see it: false, it spreads: true;
        Carrier: "Der Paketautomat ist ohne Verbindung.", "The locker is offline."
    }
    NetworkWeak "network_weak" {
        // Several heartbeats in a row say so.
        Network, Warning, closes Nothing, whole_locker;
        stable for 0 s, clears by Condition;
        people see it: false, it spreads: true;
        Carrier: "Die Verbindung des Paketautomaten ist schwach.", "The locker's connection is weak."
    }
    /// The device's clock is wrong. Nothing depends on it: the server's time rules.
    ClockSkew "clock_skew" {
        // Several heartbeats in a row say so.
        Electronics, Warning, closes Nothing, whole_locker;
        stable for 0 s, clears by Condition;
        people see it: false, it spreads: true;
        Maintenance: "Die Uhr des Paketautomaten geht falsch.", "The locker's clock is wrong."
    }
    /// The cabinet itself was interfered with.
    Tamper "tamper" {
        Mechanics, Critical, closes DepositsAndPickups, whole_locker;
        stable for 0 s, clears by Proof, latches;
        people see it: true, it spreads: false;
        Security: "Der Paketautomat muss geprüft werden.", "The locker has to be checked."
    }
    /// A vendor's own code, kept with the vendor's text.
    VendorOther "vendor_other" {
        Electronics, Indeterminate, closes Deposits;
        stable for 0 s, clears by Proof;
        people see it: false, it spreads: false;
        Vendor: "Der Paketautomat meldet eine Störung.", "The locker reports a fault."
    }
}

impl FaultCode {
    /// Which part is broken.
    pub fn class(self) -> FaultClass {
        self.listed().class
    }

    /// How bad it is for the people at the locker.
    pub fn severity(self) -> Severity {
        self.listed().severity
    }

    /// What it closes. A locker without network still opens its doors by the codes it knows, so pickups go on;
    /// an unknown vendor code closes to deposits until someone has looked.
    pub fn closes(self) -> Closure {
        self.listed().closes
    }

    /// Whether it is a condition that may come and go by itself, and whose checks are worth looking back on.
    pub fn comes_and_goes(self) -> bool {
        let listed = self.listed();
        listed.clears == Clearing::Condition || listed.stable_for > SignedDuration::ZERO
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

//! A type per identifier, so that a driver is never looked up as a customer.
//!
//! Identifiers travel in topics, thing names, keys and URLs. What they may contain is therefore the common
//! part of what all of those allow: letters, digits, `_` and `-`, at most 64 of them (IoT thing names stop at
//! 128 and our keys join two of them).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest identifier, in bytes.
pub const ID_LENGTH_MAX: usize = 64;

/// An identifier that is empty, too long or has a character that topics, keys or URLs cannot carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an identifier has 1 to {ID_LENGTH_MAX} letters, digits, '_' or '-'")]
pub struct InvalidId;

fn is_valid(text: &str) -> bool {
    (1..=ID_LENGTH_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// An identifier's text cut to its longest, with a digest of all of it (FNV-1a, 64 bits) in place of what is cut off:
/// names that differ in their last characters only stay different.
fn shortened(text: String) -> String {
    if text.len() <= ID_LENGTH_MAX {
        return text;
    }
    let digest = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let kept: String = text.chars().take(ID_LENGTH_MAX - 17).collect();
    format!("{kept}-{digest:016x}")
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as it travels.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                if is_valid(&text) { Ok(Self(text)) } else { Err(InvalidId) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.to_owned().try_into()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// One site's cabinet. Also its IoT thing name and MQTT client id.
    LockerId
    /// One parcel on its way to one customer.
    OrderId
    /// One person's parcels that stay together.
    BundleId
    /// A shop that keeps parcels for their customers.
    ShopId
    /// A customer, driver, technician or member of staff. Also the subject of their tokens.
    PersonId
    /// A group of technicians that is called together.
    TeamId
    /// A part of the network that is served by the same teams.
    RegionId
    /// Where lockers stand together, so that one way leads to all of them.
    SiteId
    /// One complaint.
    CaseId
    /// Something that happened once. The same id arriving again is the same event arriving again.
    EventId
    /// What one person must learn about one consequence, within the partition that caused it.
    NoticeId
}

impl EventId {
    /// The id of a step that follows from another thing, such as `all-clear` for work order `mz-03.2`: the
    /// same step of the same thing has the same id, however often it is tried.
    pub fn of_step(step: &str, of: &impl fmt::Display) -> Self {
        let text = format!("{step}-{of}")
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
            .collect();
        Self(shortened(text))
    }
}

impl NoticeId {
    /// One event tells one recipient about one kind of consequence once.
    pub fn new(event: &EventId, kind: &str) -> Self {
        Self(shortened(format!("{kind}-{}", event.0)))
    }
}

/// The number on a compartment's door. 1 to [`CompartmentNumber::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct CompartmentNumber(u16);

impl CompartmentNumber {
    /// The largest cabinets in service have a few hundred compartments; three digits keep keys sortable.
    pub const MAX: u16 = 999;

    /// The number as printed on the door.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for CompartmentNumber {
    type Error = InvalidCompartmentNumber;
    fn try_from(number: u16) -> Result<Self, Self::Error> {
        if (1..=Self::MAX).contains(&number) { Ok(Self(number)) } else { Err(InvalidCompartmentNumber) }
    }
}

impl From<CompartmentNumber> for u16 {
    fn from(number: CompartmentNumber) -> u16 {
        number.0
    }
}

impl fmt::Display for CompartmentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A compartment number outside 1 to [`CompartmentNumber::MAX`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a compartment number is 1 to {}", CompartmentNumber::MAX)]
pub struct InvalidCompartmentNumber;

/// A work order is numbered within its locker, so that the next one's id is known without asking anyone.
/// Written `mz-03.2`: the second work order of locker `mz-03`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WorkOrderId {
    /// The locker it repairs.
    pub locker: LockerId,
    /// 1 for the locker's first.
    pub number: u32,
}

impl fmt::Display for WorkOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.locker, self.number)
    }
}

impl FromStr for WorkOrderId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (locker, number) = text.split_once('.').ok_or(InvalidId)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or(InvalidId)?;
        let id = Self { locker: locker.parse()?, number };
        // Numbers are read from `+2` and `02` as well: one work order, one id.
        if id.to_string() == text { Ok(id) } else { Err(InvalidId) }
    }
}

impl TryFrom<String> for WorkOrderId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<WorkOrderId> for String {
    fn from(id: WorkOrderId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_that_would_break_a_key_or_a_topic_is_refused() {
        for text in ["", "a#b", "a/b", "a+b", "a b", "ä", &"x".repeat(65)] {
            assert_eq!(text.parse::<LockerId>(), Err(InvalidId), "{text}");
        }
        assert_eq!("mz-03".parse::<LockerId>().unwrap().as_str(), "mz-03");
    }

    #[test]
    fn a_work_order_id_reads_back_as_written() {
        let id: WorkOrderId = "mz-03.2".parse().unwrap();
        assert_eq!((id.locker.as_str(), id.number, id.to_string()), ("mz-03", 2, "mz-03.2".to_owned()));
        for text in ["mz-03", "mz-03.", "mz-03.0", ".1", "mz-03.1.2", "mz-03.-1", "mz-03.+2", "mz-03.02"] {
            assert_eq!(text.parse::<WorkOrderId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn numbers_of_work_orders_and_compartments_are_kept_as_they_are_written() {
        let (work_order, number) = ("mz-03.2".parse::<WorkOrderId>().unwrap(), CompartmentNumber(7));
        assert_eq!(serde_json::to_value((work_order, number)).unwrap(), serde_json::json!(["mz-03.2", 7]));
    }

    #[test]
    fn the_id_of_a_step_is_an_identifier_whatever_it_follows_from() {
        assert_eq!(EventId::of_step("all-clear", &"mz_03.2").as_str(), "all-clear-mz_03-2");
        let long = EventId::of_step("all-clear", &"#".repeat(ID_LENGTH_MAX));
        assert_eq!(long.as_str().parse::<EventId>().unwrap().as_str().len(), ID_LENGTH_MAX);
    }

    #[test]
    fn steps_and_notices_of_long_names_that_differ_at_their_end_stay_apart() {
        let name = |end: &str| format!("{}{end}", "e".repeat(ID_LENGTH_MAX - 1)).parse::<EventId>().unwrap();
        assert_ne!(EventId::of_step("said", &name("1")), EventId::of_step("said", &name("2")));
        assert_ne!(NoticeId::new(&name("1"), "pickup_delayed"), NoticeId::new(&name("2"), "pickup_delayed"));
        let longest = "e".repeat(ID_LENGTH_MAX - 2);
        assert_eq!(EventId::of_step("s", &longest).as_str(), format!("s-{longest}"), "what fits is kept as it is");
    }

    #[test]
    fn a_notice_id_is_an_identifier_however_long_the_event_is() {
        let event: EventId = "e".repeat(64).parse().unwrap();
        assert_eq!(NoticeId::new(&event, "pickup_delayed").as_str().parse::<NoticeId>().unwrap().as_str().len(), 64);
    }
}

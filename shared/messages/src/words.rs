//! How facts are put into words: times, units, severities, in each language.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use askama::filters::Escaper;
use jiff::Zoned;
use jiff::tz::{self, TimeZone};

use domain::Timestamp;
use domain::case::{CaseSeverity, Category, Cause, Deadline, Finding};
use domain::escalation::Wait;
use domain::fault::{FaultClass, Severity, Unit};
use domain::id::WorkOrderId;
use domain::incident::{Dimension, InCommon};

/// Where the lockers are, and so where people look at a clock. Compiled in: nothing is read from the system.
static LOCAL: TimeZone = tz::get!("Europe/Berlin");

fn local(time: &Timestamp) -> Zoned {
    time.to_zoned(LOCAL.clone())
}

/// What every value passes on its way into a text (askama.toml). A locker's name is whatever someone entered;
/// here it loses line breaks, control characters, marks that reverse the direction of writing, and the spaces
/// left over. A value is put in as one string; one that were written in pieces would lose spaces between them.
#[derive(Debug, Clone, Copy)]
pub struct OneLine;

impl Escaper for OneLine {
    fn write_escaped_str<W: Write>(&self, mut text: W, value: &str) -> fmt::Result {
        for (nth, word) in value.split(separates).filter(|word| !word.is_empty()).enumerate() {
            if nth > 0 {
                text.write_char(' ')?;
            }
            text.write_str(word)?;
        }
        Ok(())
    }
}

/// The same of a value that is escaped in another way afterwards.
pub fn one_line(value: &str) -> String {
    value.split(separates).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn separates(c: char) -> bool {
    let reverses = matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_whitespace() || c.is_control() || reverses
}

/// The first `listed_max` units by name, and how many more there are.
fn list_units(units: &[Unit], listed_max: usize, name: fn(&Unit) -> String) -> (String, usize) {
    let listed: Vec<String> = units.iter().take(listed_max).map(name).collect();
    (listed.join(", "), units.len() - listed.len())
}

/// From a kilometre on, in whole ones and tenths, rounded.
fn tenths_of_a_km(metres: u32) -> Option<(u32, u32)> {
    let tenths = (metres + 50) / 100;
    (metres >= 1_000).then_some((tenths / 10, tenths % 10))
}

fn list_work_orders(work_orders: &BTreeSet<WorkOrderId>) -> String {
    work_orders.iter().map(WorkOrderId::to_string).collect::<Vec<_>>().join(", ")
}

fn list_skills(skills: &BTreeSet<FaultClass>, name: fn(&FaultClass) -> &'static str) -> String {
    skills.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// German words.
pub mod german {
    use std::collections::BTreeSet;

    use jiff::civil::Weekday;

    use super::{
        CaseSeverity, Category, Cause, Deadline, Dimension, FaultClass, Finding, InCommon, Severity, Timestamp, Unit,
        Wait, WorkOrderId, list_skills, list_units, list_work_orders, local,
    };

    /// Such as `Sa., 21.11., 14:30 Uhr`.
    pub fn time(time: &Timestamp) -> String {
        let time = local(time);
        let weekday = match time.weekday() {
            Weekday::Monday => "Mo.",
            Weekday::Tuesday => "Di.",
            Weekday::Wednesday => "Mi.",
            Weekday::Thursday => "Do.",
            Weekday::Friday => "Fr.",
            Weekday::Saturday => "Sa.",
            Weekday::Sunday => "So.",
        };
        format!("{weekday}, {}.{}., {:02}:{:02} Uhr", time.day(), time.month(), time.hour(), time.minute())
    }

    /// A way, such as `400 m` or `1,1 km`.
    pub fn distance(metres: &u32) -> String {
        match super::tenths_of_a_km(*metres) {
            None => format!("{metres} m"),
            Some((whole, tenths)) => format!("{whole},{tenths} km"),
        }
    }

    /// One unit, such as `Fach 7`.
    pub fn unit(unit: &Unit) -> String {
        match unit {
            Unit::Locker => "ganzer Paketautomat".to_owned(),
            Unit::Compartment(number) => format!("Fach {number}"),
        }
    }

    /// Units, such as `Fach 7, Fach 12 und 3 weitere`.
    pub fn units(units: &[Unit], listed_max: usize) -> String {
        match list_units(units, listed_max, unit) {
            (listed, 0) => listed,
            (listed, 1) => format!("{listed} und 1 weiteres"),
            (listed, more) => format!("{listed} und {more} weitere"),
        }
    }

    /// How bad a fault is.
    pub fn severity(severity: &Severity) -> &'static str {
        match severity {
            Severity::Indeterminate => "noch unklar",
            Severity::Warning => "gering (Warnung)",
            Severity::Minor => "leicht",
            Severity::Major => "schwer",
            Severity::Critical => "kritisch",
        }
    }

    /// How many people wait.
    pub fn people_waiting(people: &u32) -> String {
        match people {
            1 => "1 Person wartet".to_owned(),
            people => format!("{people} Personen warten"),
        }
    }

    /// What a work order waits for.
    pub fn wait(wait: &Wait) -> &'static str {
        match wait {
            Wait::ForReaction => "Niemand hat reagiert",
            Wait::ForStart => "Angenommen, aber nicht begonnen",
            Wait::OnHold => "Angehalten",
            Wait::ForProof => "Repariert gemeldet, aber nicht bewiesen",
            Wait::ForAnotherLook => "Probeöffnungen scheitern immer wieder",
        }
    }

    /// What of a complaint has not come in time.
    pub fn deadline(deadline: &Deadline) -> &'static str {
        match deadline {
            Deadline::FirstAnswer => "Erste Antwort überfällig",
            Deadline::Update => "Zwischenbescheid überfällig",
            Deadline::Solution => "Lösung überfällig",
            Deadline::Contest => "Antwort auf Widerspruch überfällig",
        }
    }

    /// What a complaint is about.
    pub fn category(category: &Category) -> &'static str {
        match category {
            Category::PrivacyOrSafety => "Sicherheit oder Datenschutz",
            Category::Missing => "Paket fehlt",
            Category::Damage => "Schaden",
            Category::Conduct => "Verhalten",
            Category::WrongPlace => "falscher Ort",
            Category::LockerFault => "Paketautomat",
            Category::Delay => "Verspätung",
            Category::Other => "Sonstiges",
        }
    }

    /// How grave a complaint is.
    pub fn case_severity(severity: &CaseSeverity) -> &'static str {
        match severity {
            CaseSeverity::Minor => "leicht",
            CaseSeverity::Serious => "ernst",
            CaseSeverity::Critical => "kritisch",
        }
    }

    /// Whose doing it was, as a customer is told.
    pub fn cause(cause: &Cause) -> &'static str {
        match cause {
            Cause::Locker => "Die Ursache war eine Störung des Paketautomaten.",
            Cause::Driver => "Die Ursache lag bei der Zustellung.",
            Cause::Sender => "Die Ursache lag beim Versand.",
            Cause::Customer => {
                "Nach allem, was wir wissen, lag die Ursache weder beim Paketautomaten noch bei der Zustellung."
            }
            Cause::Unknown => "Die Ursache ließ sich nicht sicher feststellen.",
        }
    }

    /// A fact, as a customer is told.
    pub fn finding(finding: &Finding) -> String {
        match finding {
            Finding::LockerFaulty { from, until: Some(until) } => {
                format!("Der Paketautomat war gestört: {} bis {}.", time(from), time(until))
            }
            Finding::LockerFaulty { from, until: None } => format!("Der Paketautomat ist gestört seit {}.", time(from)),
            Finding::Delivered { at, promised_at: Some(promised_at) } => {
                format!("Eingelegt: {}, zugesagt bis {}.", time(at), time(promised_at))
            }
            Finding::Delivered { at, promised_at: None } => format!("Eingelegt: {}.", time(at)),
            Finding::Collected { at } => format!("Abgeholt: {}.", time(at)),
        }
    }

    /// What the lockers of an incident have in common, such as `Anbieter acme, 97 von 100`.
    pub fn in_common(common: &InCommon) -> String {
        let dimension = match common.dimension {
            Dimension::Provider => "Anbieter",
            Dimension::Carrier => "Netzbetreiber",
            Dimension::Firmware => "Firmware",
        };
        format!("{dimension} {}, {} von {}", common.value, common.lockers, common.looked_at)
    }

    /// Work orders by their ids.
    pub fn work_orders(work_orders: &BTreeSet<WorkOrderId>) -> String {
        list_work_orders(work_orders)
    }

    /// What a team is to be able to repair.
    pub fn skills(skills: &BTreeSet<FaultClass>) -> String {
        list_skills(skills, |skill| match skill {
            FaultClass::Electronics => "Elektronik",
            FaultClass::Mechanics => "Mechanik",
            FaultClass::Network => "Netzwerk",
        })
    }
}

/// English words.
pub mod english {
    use std::collections::BTreeSet;

    use super::{
        CaseSeverity, Category, Cause, Deadline, Dimension, FaultClass, Finding, InCommon, Severity, Timestamp, Unit,
        Wait, WorkOrderId, list_skills, list_units, list_work_orders, local,
    };

    /// Such as `Sat 21 Nov, 14:30`.
    pub fn time(time: &Timestamp) -> String {
        local(time).strftime("%a %-d %b, %H:%M").to_string()
    }

    /// A way, such as `400 m` or `1.1 km`.
    pub fn distance(metres: &u32) -> String {
        match super::tenths_of_a_km(*metres) {
            None => format!("{metres} m"),
            Some((whole, tenths)) => format!("{whole}.{tenths} km"),
        }
    }

    /// One unit, such as `compartment 7`.
    pub fn unit(unit: &Unit) -> String {
        match unit {
            Unit::Locker => "whole locker".to_owned(),
            Unit::Compartment(number) => format!("compartment {number}"),
        }
    }

    /// Units, such as `compartment 7, compartment 12 and 3 more`.
    pub fn units(units: &[Unit], listed_max: usize) -> String {
        match list_units(units, listed_max, unit) {
            (listed, 0) => listed,
            (listed, more) => format!("{listed} and {more} more"),
        }
    }

    /// How bad a fault is.
    pub fn severity(severity: &Severity) -> &'static str {
        match severity {
            Severity::Indeterminate => "still unclear",
            Severity::Warning => "warning",
            Severity::Minor => "minor",
            Severity::Major => "major",
            Severity::Critical => "critical",
        }
    }

    /// How many people wait.
    pub fn people_waiting(people: &u32) -> String {
        match people {
            1 => "1 person waiting".to_owned(),
            people => format!("{people} people waiting"),
        }
    }

    /// What a work order waits for.
    pub fn wait(wait: &Wait) -> &'static str {
        match wait {
            Wait::ForReaction => "Nobody has reacted",
            Wait::ForStart => "Acknowledged and not started",
            Wait::OnHold => "On hold",
            Wait::ForProof => "Reported repaired and not proven",
            Wait::ForAnotherLook => "Test openings fail again and again",
        }
    }

    /// What of a complaint has not come in time.
    pub fn deadline(deadline: &Deadline) -> &'static str {
        match deadline {
            Deadline::FirstAnswer => "First answer overdue",
            Deadline::Update => "Update overdue",
            Deadline::Solution => "Solution overdue",
            Deadline::Contest => "Answer to a contest overdue",
        }
    }

    /// What a complaint is about.
    pub fn category(category: &Category) -> &'static str {
        match category {
            Category::PrivacyOrSafety => "safety or privacy",
            Category::Missing => "missing parcel",
            Category::Damage => "damage",
            Category::Conduct => "conduct",
            Category::WrongPlace => "wrong place",
            Category::LockerFault => "locker",
            Category::Delay => "delay",
            Category::Other => "other",
        }
    }

    /// How grave a complaint is.
    pub fn case_severity(severity: &CaseSeverity) -> &'static str {
        match severity {
            CaseSeverity::Minor => "minor",
            CaseSeverity::Serious => "serious",
            CaseSeverity::Critical => "critical",
        }
    }

    /// Whose doing it was, as a customer is told.
    pub fn cause(cause: &Cause) -> &'static str {
        match cause {
            Cause::Locker => "The cause was a fault of the locker.",
            Cause::Driver => "The cause lay with the delivery.",
            Cause::Sender => "The cause lay with the sending.",
            Cause::Customer => "By all we know, the cause lay neither with the locker nor with the delivery.",
            Cause::Unknown => "The cause could not be found for certain.",
        }
    }

    /// A fact, as a customer is told.
    pub fn finding(finding: &Finding) -> String {
        match finding {
            Finding::LockerFaulty { from, until: Some(until) } => {
                format!("The locker was faulty from {} until {}.", time(from), time(until))
            }
            Finding::LockerFaulty { from, until: None } => format!("The locker has been faulty since {}.", time(from)),
            Finding::Delivered { at, promised_at: Some(promised_at) } => {
                format!("Put in: {}, promised by {}.", time(at), time(promised_at))
            }
            Finding::Delivered { at, promised_at: None } => format!("Put in: {}.", time(at)),
            Finding::Collected { at } => format!("Collected: {}.", time(at)),
        }
    }

    /// What the lockers of an incident have in common, such as `provider acme, 97 of 100`.
    pub fn in_common(common: &InCommon) -> String {
        let dimension = match common.dimension {
            Dimension::Provider => "provider",
            Dimension::Carrier => "carrier",
            Dimension::Firmware => "firmware",
        };
        format!("{dimension} {}, {} of {}", common.value, common.lockers, common.looked_at)
    }

    /// Work orders by their ids.
    pub fn work_orders(work_orders: &BTreeSet<WorkOrderId>) -> String {
        list_work_orders(work_orders)
    }

    /// What a team is to be able to repair.
    pub fn skills(skills: &BTreeSet<FaultClass>) -> String {
        list_skills(skills, |skill| match skill {
            FaultClass::Electronics => "electronics",
            FaultClass::Mechanics => "mechanics",
            FaultClass::Network => "network",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_way_is_told_in_kilometres() {
        assert_eq!([0, 999, 1_049, 1_950].map(|it| german::distance(&it)), ["0 m", "999 m", "1,0 km", "2,0 km"]);
        assert_eq!(english::distance(&1_100), "1.1 km");
    }

    #[test]
    fn a_value_for_a_page_keeps_its_line_as_well() {
        for value in ["Hauptbahnhof, Süd 2", "  a\r\n\r\nb\u{202e} c ", "\n"] {
            assert_eq!(super::one_line(value), one_line(value));
        }
    }

    fn one_line(value: &str) -> String {
        let mut text = String::new();
        OneLine.write_escaped_str(&mut text, value).unwrap();
        text
    }

    fn compartments(count: u16) -> Vec<Unit> {
        (1..=count).map(|number| Unit::Compartment(number.try_into().unwrap())).collect()
    }

    #[test]
    fn times_are_those_of_a_clock_at_the_locker_in_winter_and_in_summer() {
        let winter: Timestamp = "2026-11-21T13:30:59Z".parse().unwrap();
        let summer: Timestamp = "2026-07-05T22:05:00Z".parse().unwrap();
        let after_the_table_of_the_zone_ends: Timestamp = "2050-07-04T10:00:00Z".parse().unwrap();
        assert_eq!(german::time(&winter), "Sa., 21.11., 14:30 Uhr");
        assert_eq!(english::time(&winter), "Sat 21 Nov, 14:30");
        assert_eq!(german::time(&summer), "Mo., 6.7., 00:05 Uhr");
        assert_eq!(english::time(&summer), "Mon 6 Jul, 00:05");
        assert_eq!(german::time(&after_the_table_of_the_zone_ends), "Mo., 4.7., 12:00 Uhr");
    }

    #[test]
    fn a_value_stays_on_its_line_and_keeps_its_letters() {
        assert_eq!(one_line("Hauptbahnhof, Süd 2 <&> 🙂"), "Hauptbahnhof, Süd 2 <&> 🙂");
        assert_eq!(one_line("  a\r\n\r\nb\u{0}\u{85}c\u{2028}d\t  e\u{202e} "), "a b c d e");
        assert_eq!(one_line("\n"), "");
    }

    #[test]
    fn a_long_list_of_units_names_the_first_and_counts_the_rest() {
        assert_eq!(german::units(&compartments(2), 10), "Fach 1, Fach 2");
        assert_eq!(english::units(&compartments(2), 10), "compartment 1, compartment 2");
        assert_eq!(german::units(&compartments(3), 3), "Fach 1, Fach 2, Fach 3");
        assert_eq!(german::units(&compartments(4), 3), "Fach 1, Fach 2, Fach 3 und 1 weiteres");
        assert_eq!(german::units(&compartments(15), 3), "Fach 1, Fach 2, Fach 3 und 12 weitere");
        assert_eq!(english::units(&compartments(15), 2), "compartment 1, compartment 2 and 13 more");
        assert_eq!(german::units(&[Unit::Locker], 10), "ganzer Paketautomat");
        assert_eq!(english::units(&[Unit::Locker], 10), "whole locker");
    }

    #[test]
    fn one_person_is_not_many() {
        assert_eq!(german::people_waiting(&0), "0 Personen warten");
        assert_eq!(german::people_waiting(&1), "1 Person wartet");
        assert_eq!(english::people_waiting(&1), "1 person waiting");
        assert_eq!(english::people_waiting(&12), "12 people waiting");
    }
}

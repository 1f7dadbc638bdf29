//! Preventive work: doors that were opened so often since somebody last serviced them that they are due.
//!
//! It closes nothing and calls nobody: it is on the list of the region's teams, after everything that is broken, once for
//! each locker, for whoever goes there anyway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::decision::{Decision, Event};
use crate::door::Door;
use crate::id::{CompartmentNumber, LockerId, PersonId, RegionId};
use crate::locker::Locker;
use crate::refusal::Refusal;
use crate::seeded::bug;

/// After how many openings a door is serviced, where nobody says otherwise. Makers of electric locks promise some
/// hundred thousand openings; hinges, seals and sensors are to be looked at well before. No public figure was found: an
/// assumption, and a setting.
pub const SERVICED_AFTER_OPENINGS: u32 = 10_000;

/// What is known of the wear of one locker's doors. There is none for a locker whose doors were never due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreventiveWork {
    pub locker: LockerId,
    pub locker_name: String,
    pub region: RegionId,
    /// The doors that are due, and how often each was opened since it was last serviced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub due: BTreeMap<String, u32>,
    /// Since when the first of them is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_since: Option<Timestamp>,
    /// How often each door had been opened when it was last serviced.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub serviced_at: BTreeMap<String, u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_serviced: Option<Serviced>,
}

/// Who has serviced the doors of a locker, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serviced {
    pub by: PersonId,
    pub at: Timestamp,
    pub note: String,
}

impl PreventiveWork {
    /// Whether anything is to be done.
    pub fn is_due(&self) -> bool {
        !self.due.is_empty()
    }
}

/// Looks at how often the doors of a locker were opened. Returns what is to be kept of it; nothing where that is so
/// already. A door that is due stays so until it is serviced.
pub fn find_worn(
    known: Option<&PreventiveWork>,
    locker: &Locker,
    doors: &[Door],
    after_openings: u32,
    now: Timestamp,
) -> Option<PreventiveWork> {
    let since_serviced = |door: &Door| {
        let serviced_at = known.and_then(|it| it.serviced_at.get(&door.number.to_string()));
        let serviced_at = serviced_at.filter(|_| !bug("serviced_doors_stay_due"));
        door.openings.total().saturating_sub(serviced_at.copied().unwrap_or_default())
    };
    let worn = |door: &&Door| {
        let is_due = known.is_some_and(|it| it.due.contains_key(&door.number.to_string()));
        is_due || since_serviced(door) >= after_openings
    };
    let due: BTreeMap<String, u32> =
        doors.iter().filter(worn).map(|door| (door.number.to_string(), since_serviced(door))).collect();
    if due.is_empty() {
        return None;
    }
    let mut next = known.cloned().unwrap_or_else(|| PreventiveWork {
        locker: locker.id.clone(),
        locker_name: locker.name.clone(),
        region: locker.region.clone(),
        due: BTreeMap::new(),
        due_since: None,
        serviced_at: BTreeMap::new(),
        last_serviced: None,
    });
    next.due_since.get_or_insert(now);
    // Counts of doors that are due already are not worth a write each hour.
    if next.due.keys().eq(due.keys()) {
        return None;
    }
    next.due = due;
    Some(next)
}

/// A technician has serviced every door that is due: from now on they are counted anew.
///
/// # Errors
/// [`Refusal::WrongState`]: nothing is due.
pub fn record_service(
    mut work: PreventiveWork,
    doors: &[Door],
    by: PersonId,
    note: String,
    now: Timestamp,
) -> Result<Decision<PreventiveWork>, Refusal> {
    if !work.is_due() {
        return Err(Refusal::wrong_state("nothing_due"));
    }
    let due = std::mem::take(&mut work.due);
    work.due_since = None;
    for door in doors.iter().filter(|it| due.contains_key(&it.number.to_string())) {
        work.serviced_at.insert(door.number.to_string(), door.openings.total());
    }
    work.last_serviced = Some(Serviced { by: by.clone(), at: now, note });
    let mut decision = Decision::new(work.clone());
    let numbers = due.keys().filter_map(|number| CompartmentNumber::try_from(number.parse::<u16>().ok()?).ok());
    decision.record(Event::DoorsServiced { by, doors: numbers.collect() });
    decision.change(work);
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::Openings;
    use crate::testing::*;

    fn door(of: u16, opened: u32) -> Door {
        let openings = Openings { collections: opened, ..Openings::default() };
        Door { openings, ..Door::new(locker_id(), number(of)) }
    }

    fn worn(known: Option<&PreventiveWork>, doors: &[Door]) -> Option<PreventiveWork> {
        find_worn(known, &locker(), doors, 100, at(0))
    }

    fn due(of: &[(u16, u32)]) -> BTreeMap<String, u32> {
        of.iter().map(|(number, opened)| (number.to_string(), *opened)).collect()
    }

    #[test]
    fn doors_of_one_locker_are_one_entry_and_an_unworn_one_is_none() {
        assert_eq!(worn(None, &[door(1, 99), door(2, 0)]), None);
        let work = worn(None, &[door(1, 100), door(2, 99), door(3, 250)]).unwrap();
        assert_eq!((&work.due, work.due_since), (&due(&[(1, 100), (3, 250)]), Some(at(0))));
        assert_eq!(worn(Some(&work), &[door(1, 105), door(2, 99), door(3, 251)]), None, "nothing new");
        let more = worn(Some(&work), &[door(1, 105), door(2, 100), door(3, 251)]).unwrap();
        assert_eq!(more.due, due(&[(1, 105), (2, 100), (3, 251)]));
    }

    #[test]
    fn what_was_serviced_is_counted_anew() {
        let work = worn(None, &[door(1, 100), door(2, 50)]).unwrap();
        let doors = [door(1, 130), door(2, 60)];
        let decision = record_service(work, &doors, id("tom"), "geölt".to_owned(), at(60)).unwrap();
        assert_eq!(decision.event, Event::DoorsServiced { by: id("tom"), doors: vec![number(1)] });
        let done = decision.answer;
        assert_eq!((done.is_due(), done.due_since, &done.serviced_at), (false, None, &due(&[(1, 130)])));
        assert_eq!(worn(Some(&done), &[door(1, 229), door(2, 99)]), None);
        assert_eq!(worn(Some(&done), &[door(1, 230), door(2, 99)]).unwrap().due, due(&[(1, 100)]));
        let again = record_service(done, &doors, id("tom"), "geölt".to_owned(), at(61));
        assert_eq!(again.map(|it| it.answer), Err(Refusal::wrong_state("nothing_due")));
    }
}

//! The same fault of many lockers of a region at once is one incident: one call of one team, and a word now and again on
//! how many are left.
//!
//! The first locker opens the incident, and its team is called for it as for any other. Those that follow join it: their
//! work orders say so, and nothing else is written, so that a thousand lockers a minute do not meet at one item. How many
//! are in it is counted from their open work orders whenever it is looked at.
//!
//! ```text
//!  gathering ──► declared ◄──► closing ──► over
//!      └───────────────────────────┘
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::escalation::Clock;
use crate::fault::{FaultCode, Unit};
use crate::id::{EventId, InvalidId, NoticeId, RegionId, TeamId, WorkOrderId};
use crate::impact::ImpactTask;
use crate::locker::Build;
use crate::notice::{Message, Notice, Recipient};
use crate::seeded::bug;
use crate::work_order::{WorkOrder, WorkOrderStatus};
use crate::{SignedDuration, Timestamp};

/// For how long lockers are gathered before it is said whether they are one incident. The calls of those after the first
/// are held so long, which is less than any way to a locker takes.
pub const GATHER_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How many lockers are an incident: two may be chance.
pub const LOCKERS_MIN: usize = 3;

/// After what time it is looked at again, and so how often a team is told at the most.
pub const LOOK_EVERY: SignedDuration = SignedDuration::from_mins(15);

/// For how long nobody can join an incident any more before it is over: longer than whoever is about to write that a
/// locker joins can still be at it, which is the longest time-out of a function, a minute.
pub const CLOSES_WITHIN: SignedDuration = SignedDuration::from_mins(2);

/// After what time it is no incident any more but many broken lockers, each to be called for.
pub const LASTS_MAX: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many of a hundred lockers have to have something in common for it to be said.
const IN_COMMON_PERCENT: usize = 80;

/// An incident is numbered within its region and fault code. Written `mainz.network_lost.3`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IncidentId {
    pub region: RegionId,
    pub code: FaultCode,
    pub number: u32,
}

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.region, self.code, self.number)
    }
}

impl FromStr for IncidentId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(InvalidId);
        let (region, code, number) = (part()?, part()?, part()?);
        let code = FaultCode::from_name(code).ok_or(InvalidId)?;
        let number = number.parse().ok().filter(|number| *number > 0).ok_or(InvalidId)?;
        let id = Self { region: region.parse()?, code, number };
        if id.to_string() == text { Ok(id) } else { Err(InvalidId) }
    }
}

impl TryFrom<String> for IncidentId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<IncidentId> for String {
    fn from(id: IncidentId) -> String {
        id.to_string()
    }
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It may be one.
    Gathering,
    /// It is one, and its team has been told.
    Declared,
    /// Few are left: nobody joins it any more.
    Closing,
    Over,
}

/// What the lockers of an incident have in common, most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    Provider,
    Carrier,
    Firmware,
}

/// How many of the lockers that were looked at have the same of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InCommon {
    pub dimension: Dimension,
    pub value: String,
    pub lockers: u32,
    pub looked_at: u32,
}

/// The same fault of many lockers of a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub id: IncidentId,
    pub stage: Stage,
    pub opened_at: Timestamp,
    /// The team of the first locker, and so of all of them.
    pub team: (RegionId, TeamId),
    /// When it is looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_at: Option<Timestamp>,
    /// How many lockers were in it when the team was last told.
    pub lockers: u32,
    pub lockers_max: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_common: Option<InCommon>,
    /// The latest that the team was told. Nothing while it was not declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_notice: Option<NoticeId>,
}

/// How a work order belongs to an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The one that the team was called for: it escalates for all of them.
    Leads,
    /// Told with the others.
    Joined,
    /// Not any more: its team is called for it alone.
    Released,
}

/// To which incident a work order belongs, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub id: IncidentId,
    pub role: Role,
}

/// What comes of a locker's first call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joining {
    /// It is nobody else's fault as well: it is called for as ever.
    Alone,
    /// It joins this one, and nobody is called.
    Joins(Incident),
    /// It is the first: its incident, in place of the finished one.
    Opens(IncidentId, Option<Incident>),
}

/// The code that may concern others as well, where it is all that is broken in this locker.
pub fn spreading_code(work_order: &WorkOrder) -> Option<FaultCode> {
    let mut units = work_order.units.iter();
    let (Some((Unit::Locker, repair)), None) = (units.next(), units.next()) else { return None };
    let mut codes = repair.codes.iter().copied();
    let (Some(code), None) = (codes.next(), codes.next()) else { return None };
    let fresh = work_order.incident.is_none() && work_order.visit.is_none() && work_order.latest_call.is_none();
    (code.listed().spreads && fresh && work_order.status == WorkOrderStatus::Open).then_some(code)
}

/// Whether a locker whose team is to be called is one of many. `latest` is the latest incident of its region and code.
pub fn join(region: &RegionId, code: FaultCode, latest: Option<Incident>) -> Joining {
    let first = |number| IncidentId { region: region.clone(), code, number };
    match latest {
        None => Joining::Opens(first(1), None),
        Some(latest) => match latest.stage {
            Stage::Gathering | Stage::Declared => Joining::Joins(latest),
            Stage::Closing => Joining::Alone,
            Stage::Over => Joining::Opens(first(latest.id.number + 1), Some(latest)),
        },
    }
}

impl Incident {
    /// One that has just been opened.
    pub fn new(id: IncidentId, team: (RegionId, TeamId), now: Timestamp) -> Self {
        Self {
            id,
            stage: Stage::Gathering,
            opened_at: now,
            team,
            look_at: Some(now + GATHER_FOR),
            lockers: 1,
            lockers_max: 1,
            in_common: None,
            latest_notice: None,
        }
    }
}

/// What is known when an incident is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentScene {
    pub incident: Incident,
    /// The open work orders that belong to it.
    pub members: Vec<WorkOrder>,
    /// What is known of how some of their lockers are built.
    pub builds: Vec<Build>,
}

/// What is to be done about the work orders of an incident once it has been looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looked {
    /// It goes on.
    GoesOn,
    /// Each that is left is called for alone.
    Release,
}

/// Looks at an incident that is due: whether it is one, how many are left, and whether it is over. Its team is told when
/// it is declared, when the number has changed, and when it is over; never of the same number twice.
pub fn look(scene: IncidentScene, event: &EventId, now: Timestamp) -> Decision<Looked> {
    let IncidentScene { mut incident, members, builds } = scene;
    let lockers = members.len() as u32;
    let too_long = now >= incident.opened_at + LASTS_MAX;
    let many = members.len() >= LOCKERS_MIN && !too_long;
    let was_declared = incident.latest_notice.is_some();
    let mut decision = Decision::new(Looked::GoesOn);
    if many {
        incident.look_at = Some(now + LOOK_EVERY);
        incident.stage = Stage::Declared;
        let changed = !was_declared || incident.lockers != lockers || bug("incident_repeats_itself");
        incident.lockers = lockers;
        incident.lockers_max = incident.lockers_max.max(lockers);
        incident.in_common = in_common(&builds);
        if changed {
            let lead = members.iter().find(|it| it.leads()).map(|it| it.id.clone());
            decision.tell(report(&mut incident, lead, event, now));
        }
    } else if incident.stage != Stage::Closing {
        incident.stage = Stage::Closing;
        incident.look_at = Some(now + CLOSES_WITHIN);
    } else if lockers > 0 && !bug("incident_forgets_its_rest") {
        // They are called for first: whoever crashes in between finds them here again.
        decision.answer = Looked::Release;
        return decision;
    } else {
        incident.stage = Stage::Over;
        incident.look_at = None;
        incident.lockers = 0;
        if was_declared {
            decision.tell(report(&mut incident, None, event, now));
        }
    }
    decision.record(Event::IncidentLookedAt { stage: incident.stage, lockers });
    decision.change(incident);
    decision
}

fn report(incident: &mut Incident, lead: Option<WorkOrderId>, event: &EventId, now: Timestamp) -> Notice {
    let (region, team) = incident.team.clone();
    let message = Message::IncidentReported {
        incident: incident.id.clone(),
        over: incident.stage == Stage::Over,
        lockers: incident.lockers,
        lockers_max: incident.lockers_max,
        in_common: incident.in_common.clone(),
        work_order: lead,
    };
    let id = NoticeId::new(event, message.kind());
    let notice = Notice { id, recipient: Recipient::Team { region, team }, message, created_at: now, supersedes: None };
    notice.supersede(&mut incident.latest_notice)
}

/// What most of these lockers have in common: the first dimension in which enough of them have the same.
fn in_common(builds: &[Build]) -> Option<InCommon> {
    let value = |build: &Build, dimension| match dimension {
        Dimension::Provider => build.provider.clone(),
        Dimension::Carrier => build.carrier.clone(),
        Dimension::Firmware => build.firmware.clone(),
    };
    [Dimension::Provider, Dimension::Carrier, Dimension::Firmware].into_iter().find_map(|dimension| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for value in builds.iter().filter_map(|build| value(build, dimension)) {
            *counts.entry(value).or_default() += 1;
        }
        let (value, lockers) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        let enough = lockers >= LOCKERS_MIN && lockers * 100 >= builds.len() * IN_COMMON_PERCENT;
        let (lockers, looked_at) = (lockers as u32, builds.len() as u32);
        enough.then_some(InCommon { dimension, value, lockers, looked_at })
    })
}

impl WorkOrder {
    /// Whether it is the one of its incident that the team was called for.
    pub fn leads(&self) -> bool {
        self.incident.as_ref().is_some_and(|it| it.role == Role::Leads)
    }

    /// Whether it belongs to this incident still.
    pub fn is_in(&self, incident: &IncidentId) -> bool {
        self.is_open() && self.incident.as_ref().is_some_and(|it| it.id == *incident && it.role != Role::Released)
    }

    /// Whether its team was told of it with others, and not of it alone.
    pub fn is_told_with_others(&self) -> bool {
        self.visit.is_some() || self.incident.as_ref().is_some_and(|it| it.role == Role::Joined)
    }

    /// It has to be told of by itself from now on, and is waited for from now on. Where a technician has taken it on
    /// meanwhile, nobody is to be called any more.
    pub fn release(&mut self, now: Timestamp) {
        let with_others = self.is_told_with_others();
        if let Some(membership) = &mut self.incident {
            membership.role = Role::Released;
        }
        if self.status != WorkOrderStatus::Open {
            return;
        }
        if with_others {
            self.clock = Some(Clock::new(self.waits_open_for(), now));
        }
        // One that led for a moment was not called for alone either.
        if (with_others || self.latest_call.is_none()) && !self.impact.contains(&ImpactTask::TellTeam) {
            self.follow_up(ImpactTask::TellTeam, now);
        }
    }

    /// It is the one to go to from now on, in place of one that is done.
    pub fn lead(&mut self, now: Timestamp) {
        if let Some(membership) = &mut self.incident {
            membership.role = Role::Leads;
        }
        if self.status == WorkOrderStatus::Open {
            self.clock = Some(Clock::new(self.waits_open_for(), now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalation::Wait;
    use crate::testing::*;

    fn incident_id(number: u32) -> IncidentId {
        IncidentId { region: id("mainz"), code: FaultCode::NetworkLost, number }
    }

    fn incident(stage: Stage) -> Incident {
        Incident { stage, ..Incident::new(incident_id(1), (id("mainz"), id("mainz-network")), at(0)) }
    }

    fn lost() -> WorkOrder {
        work_order(WorkOrderStatus::Open, &[(Unit::Locker, FaultCode::NetworkLost)])
    }

    fn members(count: usize) -> Vec<WorkOrder> {
        let role = |at| if at == 0 { Role::Leads } else { Role::Joined };
        (0..count)
            .map(|at| WorkOrder { incident: Some(Membership { id: incident_id(1), role: role(at) }), ..lost() })
            .collect()
    }

    fn looked(incident: Incident, count: usize, minute: i64) -> (Decision<Looked>, Option<Incident>) {
        let builds = vec![Build { provider: Some("acme".to_owned()), ..Build::default() }; count];
        let decision = look(IncidentScene { incident, members: members(count), builds }, &event(), at(60 * minute));
        let after = decision.changes.first().cloned().map(|state| Incident::try_from(state).unwrap());
        (decision, after)
    }

    fn told(decision: &Decision<Looked>) -> Option<(bool, u32)> {
        match decision.notices.first().map(|notice| &notice.message) {
            Some(Message::IncidentReported { over, lockers, .. }) => Some((*over, *lockers)),
            _ => None,
        }
    }

    #[test]
    fn an_id_reads_back_as_written_and_nothing_else_does() {
        assert_eq!("mainz.network_lost.3".parse(), Ok(incident_id(3)));
        assert_eq!(incident_id(3).to_string(), "mainz.network_lost.3");
        for text in ["mainz", "mainz.network_lost", "mainz.lost.1", "mainz.network_lost.0", "mainz.network_lost.+1"] {
            assert_eq!(text.parse::<IncidentId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn only_a_locker_with_nothing_else_wrong_whose_team_has_not_been_called_can_be_one_of_many() {
        assert_eq!(spreading_code(&lost()), Some(FaultCode::NetworkLost));
        let mut other = lost();
        other.add_fault(unit(7), FaultCode::LockJammed);
        let tampered = work_order(WorkOrderStatus::Open, &[(Unit::Locker, FaultCode::Tamper)]);
        let jammed = work_order(WorkOrderStatus::Open, &[(unit(7), FaultCode::LockJammed)]);
        let called = WorkOrder { latest_call: Some(id("n")), ..lost() };
        let started = WorkOrder { status: WorkOrderStatus::InProgress, ..lost() };
        for alone in [other, tampered, jammed, called, started, members(1).remove(0)] {
            assert_eq!(spreading_code(&alone), None, "{alone:?}");
        }
    }

    #[test]
    fn the_first_opens_an_incident_and_those_that_follow_join_it_until_it_closes() {
        let of = |latest| join(&id("mainz"), FaultCode::NetworkLost, latest);
        assert_eq!(of(None), Joining::Opens(incident_id(1), None));
        for stage in [Stage::Gathering, Stage::Declared] {
            assert_eq!(of(Some(incident(stage))), Joining::Joins(incident(stage)));
        }
        assert_eq!(of(Some(incident(Stage::Closing))), Joining::Alone);
        assert_eq!(of(Some(incident(Stage::Over))), Joining::Opens(incident_id(2), Some(incident(Stage::Over))));
    }

    #[test]
    fn three_lockers_are_an_incident_that_the_team_is_told_of_with_what_they_have_in_common() {
        let (decision, after) = looked(incident(Stage::Gathering), 3, 5);
        let in_common = InCommon { dimension: Dimension::Provider, value: "acme".to_owned(), lockers: 3, looked_at: 3 };
        let message = Message::IncidentReported {
            incident: incident_id(1),
            over: false,
            lockers: 3,
            lockers_max: 3,
            in_common: Some(in_common.clone()),
            work_order: Some(work_order_id(1)),
        };
        assert_eq!(decision.notices[0].message, message);
        let expected = Incident {
            look_at: Some(at(300) + LOOK_EVERY),
            lockers: 3,
            lockers_max: 3,
            in_common: Some(in_common),
            latest_notice: Some(decision.notices[0].id.clone()),
            ..incident(Stage::Declared)
        };
        assert_eq!(after, Some(expected.clone()));
        assert_eq!(told(&looked(expected.clone(), 3, 20).0), None, "nothing has changed");
        assert_eq!(told(&looked(expected, 900, 20).0), Some((false, 900)));
    }

    #[test]
    fn two_lockers_are_chance_and_each_is_called_for_alone_once_nobody_can_join_any_more() {
        let (decision, closing) = looked(incident(Stage::Gathering), 2, 5);
        let closing = closing.unwrap();
        assert_eq!((decision.answer, told(&decision), closing.stage), (Looked::GoesOn, None, Stage::Closing));
        assert_eq!(closing.look_at, Some(at(300) + CLOSES_WITHIN));
        let (decision, after) = looked(closing.clone(), 2, 7);
        assert_eq!((decision.answer, after), (Looked::Release, None));
        let (decision, over) = looked(closing, 0, 8);
        assert_eq!((told(&decision), over.map(|it| (it.stage, it.look_at))), (None, Some((Stage::Over, None))));
    }

    #[test]
    fn whoever_was_told_of_an_incident_is_told_when_it_is_over() {
        let declared = Incident { latest_notice: Some(id("n-1")), lockers_max: 900, ..incident(Stage::Closing) };
        let (decision, _) = looked(declared.clone(), 0, 60);
        assert_eq!(told(&decision), Some((true, 0)));
        assert_eq!(decision.notices[0].supersedes, Some(id("n-1")));
        let (decision, after) = looked(declared, 3, 60);
        assert_eq!((told(&decision), after.unwrap().stage), (Some((false, 3)), Stage::Declared), "more have joined");
    }

    #[test]
    fn what_lasts_for_a_week_is_no_incident_any_more() {
        let (_, after) = looked(incident(Stage::Declared), 900, 7 * 24 * 60);
        assert_eq!(after.unwrap().stage, Stage::Closing);
        assert_eq!(looked(incident(Stage::Closing), 900, 7 * 24 * 60 + 2).0.answer, Looked::Release);
    }

    #[test]
    fn something_is_in_common_where_four_of_five_have_it_and_the_provider_before_the_firmware() {
        let build = |provider: &str, firmware: &str| Build {
            provider: Some(provider.to_owned()),
            carrier: None,
            firmware: Some(firmware.to_owned()),
        };
        let common = |builds: &[Build]| in_common(builds).map(|it| (it.dimension, it.value, it.lockers, it.looked_at));
        let mixed = [build("a", "1"), build("b", "1"), build("a", "1"), build("b", "1"), build("a", "2")];
        assert_eq!(common(&mixed), Some((Dimension::Firmware, "1".to_owned(), 4, 5)));
        let same = [build("a", "1"), build("a", "1"), build("a", "1")];
        assert_eq!(common(&same), Some((Dimension::Provider, "a".to_owned(), 3, 3)));
        assert_eq!(common(&same[..2]), None, "two are chance");
        assert_eq!(common(&[Build::default(), Build::default(), Build::default()]), None);
    }

    #[test]
    fn who_joined_waits_for_nobody_until_released_and_then_from_that_moment_on() {
        let mut joined = members(2).remove(1);
        assert_eq!((joined.clock(), joined.is_in(&incident_id(1))), (None, true));
        joined.release(at(420));
        assert_eq!(joined.clock(), Some(Clock::new(Wait::ForReaction, at(420))));
        assert_eq!((joined.impact, joined.incident.unwrap().role), (vec![ImpactTask::TellTeam], Role::Released));
        let mut promoted = members(1).remove(0);
        promoted.release(at(420));
        assert_eq!(promoted.impact, vec![ImpactTask::TellTeam], "it leads, and nobody was ever called for it");
        let mut first = WorkOrder { latest_call: Some(id("call-1")), ..members(1).remove(0) };
        first.release(at(420));
        assert_eq!(first.clock(), Some(Clock::new(Wait::ForReaction, at(0))), "its team was called at once");
        assert_eq!((first.impact.clone(), first.is_in(&incident_id(1))), (vec![], false));
    }
}

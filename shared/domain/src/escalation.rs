//! What follows where nobody reacts: after what time who is told, level by level.
//!
//! A work order that waits for somebody carries a clock. A technician's step stops it, or starts another one. Each level
//! is told once: the commit that tells of it counts it.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::fault::Severity;
use crate::id::{EventId, NoticeId};
use crate::locker::Locker;
use crate::notice::{Message, Notice, Recipient};
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::team::Team;
use crate::work_order::WorkOrder;
use crate::{SignedDuration, Timestamp};

/// What a work order waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Open: nobody has said that it was seen.
    ForReaction,
    /// Acknowledged: nobody is at the locker.
    ForStart,
    /// On hold.
    OnHold,
    /// Reported repaired: no door has shown it.
    ForProof,
    /// Its proof has failed again and again: somebody else has to look.
    ForAnotherLook,
}

/// Who is told at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EscalateTo {
    /// Who leads the team that was called. Without one, the team once more.
    TeamLead,
    /// Those who watch over the region. Without them, as for the lead.
    Operations,
}

/// How many levels there are for each wait.
pub const LEVELS: u8 = 2;

/// The longest that any clock runs: nothing escalates after that.
pub const CLOCK_MAX: SignedDuration = SignedDuration::from_hours(14 * 24);

/// After how many minutes who is told. One table for the whole network: what is urgent is the same everywhere.
///
/// A critical fault is a danger or a dark locker in the street, so that a quarter of an hour without a word is too
/// long; a warning has a week. Whoever has acknowledged has a drive before them, and whoever holds waits for a part.
fn minutes(wait: Wait, severity: Severity) -> [(i64, EscalateTo); LEVELS as usize] {
    use Severity::*;
    const HOUR: i64 = 60;
    const DAY: i64 = 24 * HOUR;
    let (lead, operations) = match (wait, severity) {
        (Wait::ForReaction, Critical) => (15, 30),
        (Wait::ForReaction, Major) => (HOUR, 2 * HOUR),
        (Wait::ForReaction, Minor | Indeterminate) => (8 * HOUR, DAY),
        (Wait::ForReaction, Warning) => (3 * DAY, 7 * DAY),
        (Wait::ForStart, Critical) => (HOUR, 2 * HOUR),
        (Wait::ForStart, Major) => (4 * HOUR, 8 * HOUR),
        (Wait::ForStart, Minor | Indeterminate) => (DAY, 2 * DAY),
        (Wait::ForStart, Warning) => (7 * DAY, 14 * DAY),
        (Wait::OnHold, Critical) => (4 * HOUR, 12 * HOUR),
        (Wait::OnHold, Major) => (DAY, 2 * DAY),
        (Wait::OnHold, Minor | Indeterminate) => (3 * DAY, 7 * DAY),
        (Wait::OnHold, Warning) => (7 * DAY, 14 * DAY),
        (Wait::ForProof, Critical) => (HOUR, 4 * HOUR),
        (Wait::ForProof, Major) => (2 * HOUR, DAY),
        (Wait::ForProof, Minor | Indeterminate | Warning) => (DAY, 3 * DAY),
        (Wait::ForAnotherLook, Critical) => (0, HOUR),
        (Wait::ForAnotherLook, Major) => (0, 4 * HOUR),
        (Wait::ForAnotherLook, Minor | Indeterminate | Warning) => (0, DAY),
    };
    [(lead, EscalateTo::TeamLead), (operations, EscalateTo::Operations)]
}

/// A wait, since when, and how many levels have been told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    pub wait: Wait,
    pub since: Timestamp,
    #[serde(default)]
    pub levels_told: u8,
}

impl Clock {
    /// A clock that begins to run.
    pub fn new(wait: Wait, since: Timestamp) -> Self {
        Self { wait, since, levels_told: 0 }
    }

    /// When the next level is to be told, and whom. Nothing where all have been.
    pub fn next(&self, severity: Severity) -> Option<(Timestamp, EscalateTo)> {
        let (minutes, to) = *minutes(self.wait, severity).get(usize::from(self.levels_told))?;
        let minutes = if bug("escalation_comes_early") { minutes / 2 } else { minutes };
        Some((self.since + SignedDuration::from_mins(minutes), to))
    }

    /// The id of its next level, for one work order: the same level of the same wait has the same.
    pub fn event(&self, number: u32) -> EventId {
        EventId::of_step("escalated", &format!("{number}-{}-{}", self.since.as_millisecond(), self.levels_told))
    }
}

/// What is known when a level may be due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationScene {
    pub work_order: WorkOrder,
    pub locker: Locker,
    /// Every team of the locker's region.
    pub teams: Vec<Team>,
}

/// Tells the next level that nobody has reacted, and counts it. The answer is whether anybody could be told: a region
/// without teams has nobody, which is for the operator of the network to see.
///
/// # Errors
/// [`Refusal::WrongState`]: nobody is waited for any more, or not for long enough.
pub fn escalate(scene: EscalationScene, event: &EventId, now: Timestamp) -> Result<Decision<bool>, Refusal> {
    let EscalationScene { mut work_order, locker, teams } = scene;
    let clock = work_order.clock().ok_or_else(|| Refusal::wrong_state(work_order.status))?;
    let due = clock.next(work_order.severity).filter(|(at, _)| *at <= now);
    let (_, to) = due.ok_or_else(|| Refusal::wrong_state(work_order.status))?;
    let level = clock.levels_told + 1;
    let mut decision = Decision::new(false);
    if let Some(recipient) = recipient(&work_order, &teams, to) {
        let message = Message::WorkOrderEscalated {
            work_order: work_order.id.clone(),
            locker_name: locker.name,
            severity: work_order.severity,
            priority: work_order.priority_at(now),
            people_waiting: work_order.blast_radius.people_waiting(),
            wait: clock.wait,
            since: clock.since,
            level,
        };
        let id = NoticeId::new(event, message.kind());
        decision.tell(Notice { id, recipient, message, created_at: now, supersedes: None });
        decision.answer = true;
    }
    let levels_told = if bug("escalation_is_not_counted") { clock.levels_told } else { level };
    work_order.clock = Some(Clock { levels_told, ..clock });
    decision.change(work_order);
    decision.record(Event::WorkOrderEscalated { wait: clock.wait, level, to });
    Ok(decision)
}

/// Who is told: who is meant, or else the nearest to that.
fn recipient(work_order: &WorkOrder, teams: &[Team], to: EscalateTo) -> Option<Recipient> {
    let team = |team: &Team| Recipient::Team { region: team.region.clone(), team: team.id.clone() };
    let own = work_order.team.as_ref().and_then(|(_, id)| teams.iter().find(|it| it.id == *id));
    let lead = own.and_then(|own| own.lead.clone()).map(|person| Recipient::Person { person });
    let operations = teams.iter().filter(|it| it.watches()).min_by_key(|it| &it.id).map(team);
    let own = own.map(team);
    match to {
        EscalateTo::TeamLead => lead.or(own).or(operations),
        EscalateTo::Operations => operations.or(lead).or(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultCode::{DoorForced, LockJammed};
    use crate::person::Language;
    use crate::team::Duty;
    use crate::testing::*;
    use crate::work_order::WorkOrderStatus;

    const WAITS: [Wait; 5] = [Wait::ForReaction, Wait::ForStart, Wait::OnHold, Wait::ForProof, Wait::ForAnotherLook];

    fn team(name: &str, duty: Duty, lead: Option<&str>) -> Team {
        Team {
            id: id(name),
            region: id("mainz"),
            name: name.to_owned(),
            skills: [].into(),
            language: Language::German,
            topic_arn: String::new(),
            duty,
            lead: lead.map(id),
            members: [].into(),
        }
    }

    fn all() -> Vec<Team> {
        vec![team("mainz-mechanics", Duty::Repair, Some("lea")), team("watch", Duty::Operations, None)]
    }

    /// A critical work order that nobody has seen since the moment tests begin.
    fn unseen(levels_told: u8, teams: Vec<Team>) -> EscalationScene {
        let work_order = work_order(WorkOrderStatus::Open, &[(unit(7), DoorForced)]);
        let clock = (levels_told > 0).then(|| Clock { levels_told, ..Clock::new(Wait::ForReaction, at(0)) });
        EscalationScene { work_order: WorkOrder { clock, ..work_order }, locker: locker(), teams }
    }

    fn tell(scene: EscalationScene, minute: i64) -> Result<Decision<bool>, Refusal> {
        escalate(scene, &event(), at(60 * minute))
    }

    fn team_of(name: &str) -> Recipient {
        Recipient::Team { region: id("mainz"), team: id(name) }
    }

    #[test]
    fn a_critical_fault_that_nobody_has_seen_is_told_to_the_lead_after_a_quarter_of_an_hour() {
        let message = Message::WorkOrderEscalated {
            work_order: work_order_id(1),
            locker_name: "Hauptbahnhof".to_owned(),
            severity: Severity::Critical,
            priority: 1_000,
            people_waiting: 0,
            wait: Wait::ForReaction,
            since: at(0),
            level: 1,
        };
        let clock = Clock { levels_told: 1, ..Clock::new(Wait::ForReaction, at(0)) };
        let expected = Decision {
            answer: true,
            changes: vec![WorkOrder { clock: Some(clock), ..unseen(0, all()).work_order }.into()],
            unchanged: vec![],
            notices: vec![Notice { recipient: Recipient::Person { person: id("lea") }, ..told(message, at(15 * 60)) }],
            event: Event::WorkOrderEscalated { wait: Wait::ForReaction, level: 1, to: EscalateTo::TeamLead },
        };
        assert_eq!(tell(unseen(0, all()), 15), Ok(expected));
    }

    #[test]
    fn no_level_comes_early_and_none_comes_twice() {
        let refused = Err(Refusal::wrong_state("open"));
        assert_eq!(tell(unseen(0, all()), 14), refused);
        assert_eq!(tell(unseen(1, all()), 29), refused);
        let second = tell(unseen(1, all()), 30).unwrap();
        assert_eq!(second.notices[0].recipient, team_of("watch"));
        assert_eq!(tell(unseen(2, all()), 100_000), refused, "there is no third");
    }

    #[test]
    fn where_nobody_is_meant_the_nearest_is_told_and_where_there_is_nobody_that_is_the_answer() {
        let told = |levels_told, teams| {
            let decision = tell(unseen(levels_told, teams), 30).unwrap();
            assert_eq!(decision.answer, !decision.notices.is_empty());
            decision.notices.into_iter().next().map(|notice| notice.recipient)
        };
        let own = |lead| team("mainz-mechanics", Duty::Repair, lead);
        let lea = Some(Recipient::Person { person: id("lea") });
        assert_eq!(told(0, vec![own(None)]), Some(team_of("mainz-mechanics")));
        assert_eq!(told(1, vec![own(Some("lea"))]), lea);
        assert_eq!(told(1, vec![own(None)]), Some(team_of("mainz-mechanics")));
        assert_eq!(told(0, vec![team("watch", Duty::Operations, None)]), Some(team_of("watch")));
        assert_eq!(told(0, vec![team("another", Duty::Repair, Some("eve"))]), None);
    }

    #[test]
    fn the_worse_the_sooner_and_the_second_level_after_the_first() {
        use Severity::*;
        for wait in WAITS {
            for pair in [Warning, Minor, Major, Critical].windows(2) {
                let [milder, worse] = [minutes(wait, pair[0]), minutes(wait, pair[1])];
                assert!(worse[0].0 <= milder[0].0 && worse[1].0 <= milder[1].0, "{wait:?} {pair:?}");
            }
            for severity in [Indeterminate, Warning, Minor, Major, Critical] {
                let [first, second] = minutes(wait, severity);
                assert!(first.0 < second.0 && SignedDuration::from_mins(second.0) <= CLOCK_MAX, "{wait:?}");
            }
        }
    }

    #[test]
    fn levels_of_one_wait_and_waits_of_one_work_order_are_events_of_their_own() {
        let clock = Clock::new(Wait::ForReaction, at(0));
        let others =
            [Clock { levels_told: 1, ..clock }.event(1), Clock::new(Wait::OnHold, at(1)).event(1), clock.event(2)];
        assert!(!others.contains(&clock.event(1)) && clock.event(1) == clock.event(1));
    }

    #[test]
    fn what_is_in_progress_or_verified_waits_for_nobody() {
        for status in [WorkOrderStatus::InProgress, WorkOrderStatus::Verified] {
            let scene =
                EscalationScene { work_order: work_order(status, &[(unit(7), LockJammed)]), ..unseen(0, all()) };
            assert_eq!(tell(scene, 100_000), Err(Refusal::wrong_state(status)), "{status}");
        }
    }
}

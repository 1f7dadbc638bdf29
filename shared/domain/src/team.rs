//! Technician teams, and who is called for what.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fault::FaultClass;
use crate::id::{PersonId, RegionId, TeamId};
use crate::person::Language;

/// What a team is there for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duty {
    /// It is called to repair.
    #[default]
    Repair,
    /// It watches over the region: it is told where nobody reacts, and is never called to repair.
    Operations,
    /// It answers complaints, and is never called to repair.
    Support,
}

impl Duty {
    fn is_repair(&self) -> bool {
        *self == Duty::Repair
    }
}

/// Technicians who are called together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    pub id: TeamId,
    pub region: RegionId,
    pub name: String,
    /// What they can repair.
    pub skills: BTreeSet<FaultClass>,
    pub language: Language,
    /// The topic their calls go to.
    pub topic_arn: String,
    #[serde(default, skip_serializing_if = "Duty::is_repair")]
    pub duty: Duty,
    /// Who is told first where nobody of the team reacts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<PersonId>,
    /// Who belongs to it, where that is known: nobody else sees its work orders in lists.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub members: BTreeSet<PersonId>,
}

impl Team {
    /// Whether its work orders are in this person's lists.
    pub fn is_open_to(&self, person: &PersonId) -> bool {
        self.members.is_empty() || self.members.contains(person) || self.lead.as_ref() == Some(person)
    }

    /// Whether it is told where nobody reacts.
    pub fn watches(&self) -> bool {
        self.duty == Duty::Operations
    }

    /// Which of the skills a repair needs it lacks.
    pub fn lacks(&self, needed: &BTreeSet<FaultClass>) -> BTreeSet<FaultClass> {
        needed.difference(&self.skills).copied().collect()
    }
}

/// Chooses the team for a repair: one with every skill it needs before one with some, then the one with the
/// fewest open work orders, then by name so that the choice can be explained. A team with none of the skills is the
/// last resort, which [`Team::lacks`] tells. Nothing without any team that repairs.
///
/// The loads come from an index that may be some moments behind: two work orders of one moment may then go to the same
/// team, which is told of both. Nobody is called twice or not at all for that.
pub fn choose_team(teams: Vec<(Team, u32)>, needed: &BTreeSet<FaultClass>) -> Option<Team> {
    teams
        .into_iter()
        .filter(|(team, _)| team.duty == Duty::Repair)
        .min_by_key(|(team, open_work_orders)| {
            let missing = team.lacks(needed).len();
            (missing, *open_work_orders, team.id.clone())
        })
        .map(|(team, _)| team)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(id: &str, skills: &[FaultClass]) -> Team {
        Team {
            id: id.parse().unwrap(),
            region: "mainz".parse().unwrap(),
            name: id.to_owned(),
            skills: skills.iter().copied().collect(),
            language: Language::German,
            topic_arn: String::new(),
            duty: Duty::Repair,
            lead: None,
            members: BTreeSet::new(),
        }
    }

    fn choose(teams: Vec<(Team, u32)>, needed: &[FaultClass]) -> Option<String> {
        choose_team(teams, &needed.iter().copied().collect()).map(|team| team.id.to_string())
    }

    #[test]
    fn skill_goes_before_load_and_load_before_name() {
        use FaultClass::*;
        let teams = || vec![(team("a", &[Network]), 0), (team("b", &[Mechanics]), 5), (team("c", &[Mechanics]), 2)];
        assert_eq!(choose(teams(), &[Mechanics]).as_deref(), Some("c"));
        assert_eq!(choose(teams(), &[Network]).as_deref(), Some("a"));
        assert_eq!(choose(vec![(team("y", &[]), 1), (team("x", &[]), 1)], &[Network]).as_deref(), Some("x"));
    }

    #[test]
    fn those_who_watch_over_a_region_or_answer_complaints_are_never_called_to_repair() {
        use FaultClass::*;
        for duty in [Duty::Operations, Duty::Support] {
            let other = Team { duty, ..team("a", &[Mechanics]) };
            assert_eq!(choose(vec![(other.clone(), 0), (team("b", &[]), 9)], &[Mechanics]).as_deref(), Some("b"));
            assert_eq!(choose(vec![(other, 0)], &[Mechanics]), None);
        }
    }

    #[test]
    fn a_team_that_lacks_a_skill_says_which() {
        use FaultClass::*;
        assert_eq!(team("a", &[Network]).lacks(&[Mechanics, Network].into()), [Mechanics].into());
        assert_eq!(team("a", &[Network]).lacks(&[Network].into()), [].into());
    }

    #[test]
    fn a_team_without_known_members_is_open_to_all_and_any_other_to_its_own() {
        let person = |name: &str| name.parse::<PersonId>().unwrap();
        assert!(team("a", &[]).is_open_to(&person("tom")));
        let known = Team { members: [person("tom")].into(), lead: Some(person("lea")), ..team("a", &[]) };
        assert_eq!(["tom", "lea", "eve"].map(|name| known.is_open_to(&person(name))), [true, true, false]);
    }

    #[test]
    fn without_a_team_nobody_is_chosen() {
        assert_eq!(choose(vec![], &[FaultClass::Network]), None);
    }
}

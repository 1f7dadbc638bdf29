//! Technician teams, and who is called for what.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::fault::FaultClass;
use crate::id::{RegionId, TeamId};
use crate::person::Language;

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
}

/// Chooses the team for a repair: one with every skill it needs before one with some, then the one with the
/// fewest open work orders, then by name so that the choice can be explained. Nothing without any team.
pub fn choose_team(teams: Vec<(Team, u32)>, needed: &BTreeSet<FaultClass>) -> Option<Team> {
    teams
        .into_iter()
        .min_by_key(|(team, open_work_orders)| {
            let missing = needed.difference(&team.skills).count();
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
    fn without_a_team_nobody_is_chosen() {
        assert_eq!(choose(vec![], &[FaultClass::Network]), None);
    }
}

//! Bundles: orders that go together or not at all.

use std::collections::BTreeMap;

use super::Seeker;
use super::flow::{Flow, Group, Problem, Way};
use super::problem::Taken;
use crate::id::BundleId;

/// The orders of one bundle, by their numbers and groups, those first that fit into fewest doors.
pub(super) struct Bundle {
    members: Vec<(usize, u32)>,
}

/// The bundles of more than one among these orders, whose groups are known.
pub(super) fn of(seekers: &[&Seeker], groups: &[u32]) -> Vec<Bundle> {
    let mut bundles: BTreeMap<&BundleId, Vec<(usize, u32)>> = BTreeMap::new();
    for (order, seeker) in seekers.iter().enumerate() {
        if let Some(bundle) = &seeker.bundle {
            bundles.entry(bundle).or_default().push((order, groups[order]));
        }
    }
    bundles.into_values().filter(|it| it.len() > 1).map(|members| Bundle { members }).collect()
}

/// Which orders are in one of these bundles.
pub(super) fn members(bundles: &[Bundle], orders: usize) -> Vec<bool> {
    let mut bundled = vec![false; orders];
    bundles.iter().flat_map(|it| &it.members).for_each(|(order, _)| bundled[*order] = true);
    bundled
}

/// Lets each bundle in where that costs least in all and there is room for all of it, those first that lose most without
/// a place.
pub(super) fn let_in(bundles: &[Bundle], problem: &Problem, flow: &mut Flow<'_>, taken: &mut [Taken]) {
    let mut by_loss: Vec<(i128, usize)> =
        bundles.iter().enumerate().map(|(number, bundle)| (-bundle.otherwise(problem), number)).collect();
    by_loss.sort_unstable();
    for (otherwise, number) in by_loss {
        let mut members = bundles[number].members.clone();
        members.sort_unstable_by_key(|(order, group)| {
            let need = problem.groups[*group as usize].need;
            (problem.needs[need as usize].choice(), *order)
        });
        // Others have moved and prices have risen since the last one: the best is looked for by those of now.
        let room = |door: u32| flow.room_of(door);
        let Some((_, ways)) = cheapest(problem, &members, &flow.prices, room) else { continue };
        let mut most = -otherwise;
        let mut doors = Vec::with_capacity(members.len());
        for ((_, group), way) in members.iter().zip(ways) {
            let Some((door, own, cost)) = flow.let_in(*group, way, most) else { break };
            most -= i128::from(cost);
            doors.push((door, own));
        }
        if doors.len() == members.len() {
            members.iter().zip(doors).for_each(|((order, _), door)| taken[*order] = Some(door));
        } else {
            // The last of them would cost others more than it is worth: none of them then.
            doors.iter().for_each(|(door, _)| flow.give_back(*door));
        }
    }
}

impl Bundle {
    pub fn contains(&self, order: usize) -> bool {
        self.members.iter().any(|(member, _)| *member == order)
    }

    pub fn parcels(&self) -> u32 {
        self.members.len() as u32
    }

    /// What it costs where it gets no place.
    fn otherwise(&self, problem: &Problem) -> i128 {
        self.members.iter().map(|(_, group)| i128::from(problem.groups[*group as usize].otherwise)).sum()
    }

    /// The cheapest it can have any place for at these prices.
    pub fn cheapest(&self, problem: &Problem, prices: &[i64]) -> i128 {
        let best = cheapest(problem, &self.members, prices, |door| problem.doors[door as usize].room);
        best.map_or_else(|| self.otherwise(problem), |(cost, _)| cost)
    }
}

/// Where a bundle's members cost least together at these prices: what that is, and the way of each; nothing where going
/// without is cheaper. `room` says how many a door takes.
fn cheapest(
    problem: &Problem,
    members: &[(usize, u32)],
    prices: &[i64],
    room: impl Fn(u32) -> u32,
) -> Option<(i128, Vec<Way>)> {
    let groups: Vec<&Group> = members.iter().map(|(_, group)| &problem.groups[*group as usize]).collect();
    let (first, others) = groups.split_first()?;
    let mut best: i128 = groups.iter().map(|it| i128::from(it.otherwise)).sum();
    let mut chosen = None;
    let mut used: Vec<u32> = Vec::with_capacity(groups.len());
    let mut consider = |ways: Vec<Way>| {
        used.clear();
        let mut sum = 0_i128;
        for (group, way) in groups.iter().zip(&ways) {
            let taken = |door: u32| used.iter().filter(|it| **it == door).count() as u32;
            let price = |door: u32| (taken(door) < room(door)).then(|| prices[door as usize]);
            let Some((door, cost)) = problem.cheapest_at(group, *way, price) else { return };
            sum += i128::from(cost);
            used.push(door);
        }
        if sum < best {
            best = sum;
            chosen = Some((sum, ways));
        }
    };
    for way in problem.ways(first) {
        let same = |other: &&&Group| (other.list, other.ways) == (first.list, first.ways);
        let way_of = |other: &&Group| match same(&other) {
            true => Some(*way),
            false => problem.ways(other).iter().find(|it| it.site == way.site).copied(),
        };
        if let Some(ways) = others.iter().map(way_of).collect::<Option<Vec<Way>>>() {
            consider(std::iter::once(*way).chain(ways).collect());
        }
    }
    if let Some(ways) = groups.iter().map(|it| it.shop).collect::<Option<Vec<Way>>>()
        && ways.iter().all(|it| it.site == ways[0].site)
    {
        consider(ways);
    }
    chosen
}

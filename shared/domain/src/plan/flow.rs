//! Places for many at the least cost in all: successive shortest paths over groups of equal orders, with prices.
//!
//! A door has a price as soon as more want it than it can take: what one more of them costs the others. An order takes
//! what is cheapest with the prices, so that nobody who has taken it could be better off, and the sum is the least
//! possible; [`Flow::bound`] is the proof, from the prices alone. The next order that finds no room pushes somebody
//! aside, who pushes somebody else, along the chain that costs least in all.
//!
//! Bundles come last, since they are not divided: each is let in where that costs least in all, whoever has to move.
//!
//! Ways are sorted by their cost and prices are never negative, so that a search ends as soon as what lies farther
//! cannot be better: where there is room, it looks at one locker. That is what makes the time grow with the number of
//! orders and not with its square.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// No door, or no group.
const NONE: u32 = u32::MAX;

/// A locker that a group may go to, and what that costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub site: u32,
    pub cost: i64,
}

/// Orders that differ in nothing that matters here.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub count: u32,
    /// Its ways are the first `ways` of this list.
    pub list: u32,
    pub ways: u32,
    pub need: u32,
    /// The shop it may go to.
    pub shop: Option<Way>,
    /// What it costs where it gets none of these.
    pub otherwise: i64,
}

/// The doors of one size and reach in one locker, or the room of a shop.
#[derive(Debug, Clone)]
pub(super) struct Doors {
    pub size: u8,
    pub reachable: bool,
    pub room: u32,
}

/// The build of shops, which take any parcel.
pub(super) const SHOP: u16 = u16::MAX;

/// One locker: which doors are its own, and whose measures it has. A shop is one with a single kind of door.
#[derive(Debug, Clone)]
pub(super) struct Location {
    pub doors: Range<u32>,
    pub build: u16,
}

/// What an order needs: into which sizes it fits, by build, and whether the door has to be reachable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Need {
    pub fits: Vec<u8>,
    pub reachable: bool,
}

impl Need {
    /// What it costs beside the way to take such a door, if it fits at all: one that is larger or easier to reach than
    /// needed is somebody else's.
    fn waste(&self, build: u16, doors: &Doors) -> Option<i64> {
        if build == SHOP {
            return Some(0);
        }
        let fits = *self.fits.get(usize::from(build))?;
        let smallest = fits.trailing_zeros() as i64;
        let right = fits >> doors.size & 1 == 1 && (doors.reachable || !self.reachable);
        right.then(|| 2 * (i64::from(doors.size) - smallest) + i64::from(doors.reachable && !self.reachable))
    }

    /// Into how many kinds of door it fits.
    pub fn choice(&self) -> u32 {
        self.fits.iter().map(|fits| fits.count_ones()).max().unwrap_or(0) * (2 - u32::from(self.reachable))
    }
}

/// Who needs a place, and what there is.
#[derive(Debug, Clone, Default)]
pub(super) struct Problem {
    pub groups: Vec<Group>,
    /// Sorted by cost.
    pub lists: Vec<Vec<Way>>,
    pub locations: Vec<Location>,
    pub doors: Vec<Doors>,
    pub needs: Vec<Need>,
}

impl Problem {
    pub fn ways(&self, group: &Group) -> &[Way] {
        &self.lists[group.list as usize][..group.ways as usize]
    }

    /// The doors at a location that this need can have, with what they cost beside the way.
    pub fn doors_at(&self, location: u32, need: u32) -> impl Iterator<Item = (u32, i64)> {
        let Location { doors, build } = &self.locations[location as usize];
        let need = &self.needs[need as usize];
        doors.clone().filter_map(move |door| Some((door, need.waste(*build, &self.doors[door as usize])?)))
    }

    /// The cheapest a group can have anything for at these prices.
    fn cheapest(&self, group: &Group, prices: &[i64]) -> i64 {
        let at = |way: &Way| self.cheapest_at(group, *way, |door| Some(prices[door as usize])).map(|(_, cost)| cost);
        let mut best = group.otherwise.min(group.shop.as_ref().and_then(at).unwrap_or(i64::MAX));
        for way in self.ways(group) {
            if way.cost >= best {
                break;
            }
            best = best.min(at(way).unwrap_or(i64::MAX));
        }
        best
    }

    /// The cheapest door for a group at the end of a way, and what it costs with its price.
    /// `price` is nothing for a door that is out of the question.
    pub fn cheapest_at(&self, group: &Group, way: Way, price: impl Fn(u32) -> Option<i64>) -> Option<(u32, i64)> {
        let doors = self.doors_at(way.site, group.need);
        let priced = doors.filter_map(|(door, waste)| Some((door, way.cost + waste + price(door)?)));
        priced.min_by_key(|(door, cost)| (*cost, *door))
    }
}

/// Who has what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    group: u32,
    count: u32,
    cost: i64,
}

/// An assignment, and the prices that prove it.
#[derive(Debug)]
pub(super) struct Flow<'a> {
    problem: &'a Problem,
    pub prices: Vec<i64>,
    /// By location: no door of it is cheaper.
    lowest: Vec<i64>,
    /// By door.
    location: Vec<u32>,
    held: Vec<Vec<Held>>,
    room: Vec<u32>,
    /// By door: how many it takes beside bundles.
    capacity: Vec<u32>,
    /// How many of each group got nothing.
    pub left: Vec<u32>,
    search: Search,
}

/// How a door, or nothing, is reached by a chain.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// Of the whole chain up to here, with the prices.
    cost: i64,
    /// What it costs who comes here, without.
    own: i64,
    group: u32,
    /// The door out of which the group is pushed; none for who is looking for room.
    pushed_from: u32,
    round: u32,
}

/// The tree of chains from one group that is looking for room.
#[derive(Debug)]
struct Search {
    round: u32,
    /// By door.
    reached: Vec<Step>,
    /// By group: in which round it was asked to move.
    asked: Vec<u32>,
    queue: BinaryHeap<Reverse<(i64, u32)>>,
    pushed: Vec<u32>,
    /// The cheapest end so far, and the door with room that it leads to, or none where the last one goes without.
    end: Step,
    end_door: u32,
}

impl Search {
    fn begin(&mut self) {
        self.round += 1;
        self.queue.clear();
        self.pushed.clear();
        (self.end, self.end_door) = (NOWHERE, NONE);
    }
}

const NOWHERE: Step = Step { cost: i64::MAX, own: 0, group: NONE, pushed_from: NONE, round: 0 };

impl<'a> Flow<'a> {
    /// Places everybody.
    pub fn solve(problem: &'a Problem) -> Self {
        let doors = problem.doors.len();
        let search = Search {
            round: 0,
            reached: vec![NOWHERE; doors],
            asked: vec![0; problem.groups.len()],
            queue: BinaryHeap::new(),
            pushed: Vec::new(),
            end: NOWHERE,
            end_door: NONE,
        };
        let room: Vec<u32> = problem.doors.iter().map(|it| it.room).collect();
        let mut location = vec![0; doors];
        for (number, own) in problem.locations.iter().enumerate() {
            location[own.doors.start as usize..own.doors.end as usize].fill(number as u32);
        }
        let mut flow = Flow {
            problem,
            prices: vec![0; doors],
            lowest: vec![0; problem.locations.len()],
            location,
            held: vec![Vec::new(); doors],
            capacity: room.clone(),
            room,
            left: vec![0; problem.groups.len()],
            search,
        };
        // Any order gives the same sum. In this one few are pushed out again: who loses most without a place comes first,
        // then who is nearest to one.
        let nearest = |group: &Group| problem.ways(group).first().map_or(i64::MAX, |way| way.cost);
        let mut by_loss: Vec<u32> = (0..problem.groups.len() as u32).collect();
        by_loss.sort_by_cached_key(|number| {
            let group = &problem.groups[*number as usize];
            (Reverse(group.otherwise), nearest(group))
        });
        for group in by_loss {
            let mut rest = problem.groups[group as usize].count;
            while rest > 0 {
                flow.find_chain(group);
                rest -= flow.move_along(rest).0;
            }
        }
        flow
    }

    /// The cheapest chain that gives one more of the group a place, or leaves one of somebody's without.
    fn find_chain(&mut self, group: u32) {
        self.search.begin();
        self.search.asked[group as usize] = self.search.round;
        self.scan(group, 0, NONE);
        self.follow_chains();
    }

    /// Lets one of a group in at the end of a way, whoever is pushed out by that, and keeps it there. Returns the door and
    /// what it costs in all, those included who are pushed out; nothing where that is more than `most`.
    pub fn let_in(&mut self, group: u32, way: Way, most: i128) -> Option<(u32, i64, i64)> {
        self.search.begin();
        let need = self.problem.groups[group as usize].need;
        for (door, waste) in self.problem.doors_at(way.site, need) {
            self.reach(door, 0, way.cost + waste, group, NONE);
        }
        self.follow_chains();
        let Step { cost, .. } = self.search.end;
        if cost == i64::MAX || i128::from(cost) > most {
            return None;
        }
        let (_, door, own) = self.move_along(1);
        self.take(door, group, 1);
        self.capacity[door as usize] -= 1;
        Some((door, own, cost))
    }

    /// Gives room back that somebody was let in to.
    pub fn give_back(&mut self, door: u32) {
        self.room[door as usize] += 1;
        self.capacity[door as usize] += 1;
    }

    /// Has whoever holds what is reached look for something else, until no chain can end cheaper.
    fn follow_chains(&mut self) {
        while let Some(Reverse((cost, door))) = self.search.queue.pop() {
            if cost >= self.search.end.cost {
                break;
            }
            if cost > self.search.reached[door as usize].cost {
                continue;
            }
            self.search.pushed.push(door);
            for at in 0..self.held[door as usize].len() {
                let held = self.held[door as usize][at];
                let asked = &mut self.search.asked[held.group as usize];
                if *asked != self.search.round {
                    *asked = self.search.round;
                    self.scan(held.group, cost - held.cost - self.prices[door as usize], door);
                }
            }
        }
        if self.search.end.cost == i64::MAX {
            return;
        }
        for door in &self.search.pushed {
            self.prices[*door as usize] += self.search.end.cost - self.search.reached[*door as usize].cost;
            let location = self.location[*door as usize] as usize;
            let own = self.problem.locations[location].doors.clone();
            self.lowest[location] = own.map(|door| self.prices[door as usize]).min().unwrap_or(0);
        }
    }

    /// Looks at everything a group could have instead, where it is pushed out of `pushed_from`.
    fn scan(&mut self, group: u32, base: i64, pushed_from: u32) {
        let own = &self.problem.groups[group as usize];
        if base + own.otherwise < self.search.end.cost {
            let cost = base + own.otherwise;
            self.search.end = Step { cost, own: own.otherwise, group, pushed_from, round: self.search.round };
            self.search.end_door = NONE;
        }
        if let Some(Way { site, cost }) = own.shop {
            self.reach(self.problem.locations[site as usize].doors.start, base, cost, group, pushed_from);
        }
        for way in self.problem.ways(own) {
            // Prices are never negative: what lies farther cannot be better.
            if base + way.cost >= self.search.end.cost {
                break;
            }
            if base + way.cost + self.lowest[way.site as usize] >= self.search.end.cost {
                continue;
            }
            for (door, waste) in self.problem.doors_at(way.site, own.need) {
                self.reach(door, base, way.cost + waste, group, pushed_from);
            }
        }
    }

    fn reach(&mut self, door: u32, base: i64, own: i64, group: u32, pushed_from: u32) {
        let cost = base + own + self.prices[door as usize];
        if cost >= self.search.end.cost {
            return;
        }
        let step = Step { cost, own, group, pushed_from, round: self.search.round };
        if self.room[door as usize] > 0 {
            (self.search.end, self.search.end_door) = (step, door);
            return;
        }
        let reached = &mut self.search.reached[door as usize];
        if reached.round != step.round || cost < reached.cost {
            *reached = step;
            self.search.queue.push(Reverse((cost, door)));
        }
    }

    /// Moves as many as can go along the chain that was found, at most `rest`. Says how many, and what those who were
    /// looking for room have now: a door, or none, and what it costs them.
    fn move_along(&mut self, rest: u32) -> (u32, u32, i64) {
        let (end, end_door) = (self.search.end, self.search.end_door);
        let mut amount = if end_door == NONE { rest } else { rest.min(self.room[end_door as usize]) };
        let mut step = end;
        while step.pushed_from != NONE {
            let held = self.held[step.pushed_from as usize].iter().find(|it| it.group == step.group);
            amount = amount.min(held.map_or(0, |it| it.count));
            step = self.search.reached[step.pushed_from as usize];
        }
        if end_door == NONE {
            self.left[end.group as usize] += amount;
        } else {
            self.room[end_door as usize] -= amount;
            self.give(end_door, end, amount);
        }
        let (mut step, mut door) = (end, end_door);
        while step.pushed_from != NONE {
            self.take(step.pushed_from, step.group, amount);
            let before = self.search.reached[step.pushed_from as usize];
            self.give(step.pushed_from, before, amount);
            (door, step) = (step.pushed_from, before);
        }
        (amount, door, step.own)
    }

    fn give(&mut self, door: u32, Step { group, own, .. }: Step, count: u32) {
        let held = &mut self.held[door as usize];
        match held.iter_mut().find(|it| it.group == group) {
            Some(held) => held.count += count,
            None => held.push(Held { group, count, cost: own }),
        }
    }

    fn take(&mut self, door: u32, group: u32, count: u32) {
        let held = &mut self.held[door as usize];
        if let Some(at) = held.iter().position(|it| it.group == group) {
            held[at].count -= count;
            if held[at].count == 0 {
                held.swap_remove(at);
            }
        }
    }

    /// What each group got, cheapest first: doors, how many, at what cost each.
    pub fn by_group(&self) -> Vec<Vec<(u32, u32, i64)>> {
        let mut groups = vec![Vec::new(); self.problem.groups.len()];
        for (door, held) in self.held.iter().enumerate() {
            for Held { group, count, cost } in held {
                groups[*group as usize].push((door as u32, *count, *cost));
            }
        }
        groups.iter_mut().for_each(|doors| doors.sort_unstable_by_key(|(door, _, cost)| (*cost, *door)));
        groups
    }

    /// What no assignment can cost less than: what everybody would pay at these prices, less what the doors would get for
    /// all their room. It holds whatever the prices are (weak duality). `paid` is for those who are not in the groups.
    pub fn bound(&self, paid: i128) -> i128 {
        let problem = self.problem;
        let cheapest = |group: &Group| i128::from(problem.cheapest(group, &self.prices)) * i128::from(group.count);
        let doors = problem.doors.iter().zip(&self.prices);
        let earned: i128 = doors.map(|(doors, price)| i128::from(doors.room) * i128::from(*price)).sum();
        paid + problem.groups.iter().filter(|it| it.count > 0).map(cheapest).sum::<i128>() - earned
    }

    /// How much room a door has for who may push others out.
    pub fn room_of(&self, door: u32) -> u32 {
        self.capacity[door as usize]
    }
}

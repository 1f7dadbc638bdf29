//! What the plan's orders and lockers are to [`super::flow`], and what its assignment is to them.

use super::bundles::{self, Bundle};
use super::flow::{Doors, Flow, Group, Location, Need, Problem, SHOP, Way};
use super::*;
use crate::place::Cell;
use crate::size::RoomNeeded;

/// How finely the sum is counted: in 64ths of a metre, so that what a larger door wastes is less than any way.
const UNITS_PER_M: i64 = 64;

fn units(metres: u64) -> i64 {
    metres as i64 * UNITS_PER_M
}

/// A place on the map that orders have lost a place at, with the open lockers around it, nearest first.
struct Origin {
    around: Vec<(u32, u32)>,
    list: u32,
}

/// One order, as it is planned.
struct Wish {
    group: u32,
    whither: Whither,
}

/// Where somebody goes: who agrees in all of this has the same ways.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Whither {
    origin: u32,
    /// Nothing where no locker but preferred ones will do.
    radius_m: Option<u32>,
    /// Lockers by their number, sorted.
    never: Vec<u32>,
    preferred: Vec<u32>,
    together_at: Option<u32>,
}

pub(super) struct Planning<'a> {
    /// By id.
    seekers: Vec<&'a Seeker>,
    /// By id.
    sites: Vec<&'a Site>,
    shops: Vec<&'a ShopRoom>,
    origins: Vec<Origin>,
    wishes: Vec<Wish>,
    problem: Problem,
    bundles: Vec<Bundle>,
}

/// Where one order goes: a door and what that costs, or what it has otherwise.
pub(super) type Taken = Option<(u32, i64)>;

impl<'a> Planning<'a> {
    pub fn of(seekers: &'a [Seeker], sites: &'a [Site], shops: &'a [ShopRoom], now: Timestamp) -> Self {
        let mut seekers: Vec<&Seeker> = seekers.iter().collect();
        seekers.sort_unstable_by(|a, b| a.order.cmp(&b.order));
        let mut sites: Vec<&Site> = sites.iter().collect();
        sites.sort_unstable_by(|a, b| a.locker.cmp(&b.locker));
        let mut shops: Vec<&ShopRoom> = shops.iter().collect();
        shops.sort_unstable_by(|a, b| a.shop.cmp(&b.shop));
        let mut planning = Self {
            seekers,
            sites,
            shops,
            origins: Vec::new(),
            wishes: Vec::new(),
            problem: Problem::default(),
            bundles: Vec::new(),
        };
        let builds = planning.name_doors();
        let origin_of = planning.name_origins();
        planning.name_wishes(&origin_of, &builds, now);
        let groups: Vec<u32> = planning.wishes.iter().map(|it| it.group).collect();
        planning.bundles = bundles::of(&planning.seekers, &groups);
        let bundled = bundles::members(&planning.bundles, groups.len());
        for (group, _) in groups.iter().zip(bundled).filter(|(_, bundled)| !bundled) {
            planning.problem.groups[*group as usize].count += 1;
        }
        planning
    }

    /// The doors of every locker, then the shops. Returns the measures there are, by build.
    fn name_doors(&mut self) -> Vec<&'a OwnMeasures> {
        let mut builds: Vec<&OwnMeasures> = Vec::new();
        for site in &self.sites {
            let build = builds.iter().position(|it| **it == site.measures).unwrap_or_else(|| {
                builds.push(&site.measures);
                builds.len() - 1
            });
            let first = self.problem.doors.len() as u32;
            let free = site.free.iter().filter(|it| it.count > 0 && site.bookable);
            self.problem.doors.extend(free.map(|it| Doors {
                size: it.size as u8,
                reachable: it.reachable,
                room: it.count.into(),
            }));
            let doors = first..self.problem.doors.len() as u32;
            self.problem.locations.push(Location { doors, build: build as u16 });
        }
        for shop in &self.shops {
            let door = self.problem.doors.len() as u32;
            self.problem.doors.push(Doors { size: 0, reachable: true, room: shop.room.unwrap_or(u32::MAX) });
            self.problem.locations.push(Location { doors: door..door + 1, build: SHOP });
        }
        builds
    }

    /// Every place that an order has lost, with what is around it as far as anybody goes.
    fn name_origins(&mut self) -> HashMap<(i32, i32), u32> {
        let mut cells: HashMap<Cell, Vec<u32>> = HashMap::new();
        for (number, site) in self.sites.iter().enumerate().filter(|(_, site)| site.bookable) {
            cells.entry(site.position.cell()).or_default().push(number as u32);
        }
        let mut named: HashMap<(i32, i32), u32> = HashMap::new();
        let mut asked: Vec<(Position, u32)> = Vec::new();
        for seeker in &self.seekers {
            let radius_m = seeker.preferences.as_ref().and_then(|it| it.other_locker_within_m).unwrap_or(0);
            let key = (seeker.from.latitude_e6, seeker.from.longitude_e6);
            let at = *named.entry(key).or_insert_with(|| {
                asked.push((seeker.from, 0));
                asked.len() as u32 - 1
            });
            asked[at as usize].1 = asked[at as usize].1.max(radius_m);
        }
        for (from, radius_m) in asked {
            let near = from.all_cells_within(radius_m).filter_map(|cell| cells.get(&cell)).flatten();
            let far = near.map(|site| (from.distance_m(self.sites[*site as usize].position), *site));
            let mut around: Vec<(u32, u32)> = far.filter(|(distance_m, _)| *distance_m <= radius_m).collect();
            around.sort_unstable();
            let with_room = around.iter().filter(|(_, site)| !self.problem.locations[*site as usize].doors.is_empty());
            let ways = with_room.take(SITES_PER_ORDER_MAX);
            let list = ways.map(|(distance_m, site)| Way { site: *site, cost: units((*distance_m).into()) }).collect();
            self.problem.lists.push(list);
            self.origins.push(Origin { around, list: self.problem.lists.len() as u32 - 1 });
        }
        named
    }

    fn site(&self, locker: &LockerId) -> Option<u32> {
        self.sites.binary_search_by(|it| it.locker.cmp(locker)).ok().map(|at| at as u32)
    }

    fn name_wishes(&mut self, origin_of: &HashMap<(i32, i32), u32>, builds: &[&OwnMeasures], now: Timestamp) {
        let mut needs: HashMap<Need, u32> = HashMap::new();
        let mut groups: HashMap<(u32, u32, u32, Option<Way>, i64), u32> = HashMap::new();
        // Own lists: by origin, radius and the lockers that make a difference.
        let mut lists: HashMap<Whither, u32> = HashMap::new();
        for seeker in self.seekers.clone() {
            let origin = origin_of[&(seeker.from.latitude_e6, seeker.from.longitude_e6)];
            let preferences = seeker.preferences.as_ref();
            let numbers = |lockers: Option<&std::collections::BTreeSet<LockerId>>| -> Vec<u32> {
                lockers.into_iter().flatten().filter_map(|it| self.site(it)).collect()
            };
            let urgency = Urgency::of(seeker.promised_at, now);
            let wish = Whither {
                origin,
                radius_m: preferences.and_then(|it| it.other_locker_within_m),
                never: numbers(preferences.map(|it| &it.never)),
                preferred: numbers(preferences.map(|it| &it.preferred)),
                together_at: seeker.together_at.as_ref().and_then(|it| self.site(it)),
            };
            let reachable = seeker.needs.reachable || preferences.is_some_and(|it| it.reachable);
            let need = need(&Needs { reachable, ..seeker.needs }, builds);
            let need = *needs.entry(need.clone()).or_insert_with(|| {
                self.problem.needs.push(need);
                self.problem.needs.len() as u32 - 1
            });
            let shared = self.origins[origin as usize].list;
            let plain = wish.never.is_empty() && wish.preferred.is_empty() && wish.together_at.is_none();
            let (list, ways) = if plain {
                (shared, self.near(&wish).len() as u32)
            } else {
                let list = match lists.get(&wish) {
                    Some(list) => *list,
                    None => {
                        self.problem.lists.push(self.own_ways(&wish, seeker.from));
                        let list = self.problem.lists.len() as u32 - 1;
                        lists.insert(wish.clone(), list);
                        list
                    }
                };
                (list, self.problem.lists[list as usize].len() as u32)
            };
            let shop = preferences.and_then(|it| it.shop.as_ref()).and_then(|shop| self.way_to(shop, seeker.from));
            let otherwise = match preferences {
                Some(it) if it.home => units(HOME_M),
                Some(_) | None => units(urgency.asked_m()),
            };
            let group = *groups.entry((list, ways, need, shop, otherwise)).or_insert_with(|| {
                self.problem.groups.push(Group { count: 0, list, ways, need, shop, otherwise });
                self.problem.groups.len() as u32 - 1
            });
            self.wishes.push(Wish { group, whither: wish });
        }
    }

    /// The ways to the lockers with room that are near enough.
    fn near(&self, wish: &Whither) -> &[Way] {
        let shared = &self.problem.lists[self.origins[wish.origin as usize].list as usize];
        let reaches = |way: &Way| wish.radius_m.is_some_and(|radius_m| way.cost <= units(radius_m.into()));
        &shared[..shared.partition_point(reaches)]
    }

    /// The ways of who has lockers that will never do, or that will do better.
    fn own_ways(&self, wish: &Whither, from: Position) -> Vec<Way> {
        let near = self.near(wish).iter().copied();
        let open = |site: &u32| self.sites[*site as usize].bookable;
        let liked = wish.preferred.iter().filter(|it| open(it)).map(|site| {
            let distance_m = from.distance_m(self.sites[*site as usize].position);
            Way { site: *site, cost: units(distance_m.into()) }
        });
        let mut ways: Vec<Way> = near.filter(|way| !wish.preferred.contains(&way.site)).chain(liked).collect();
        ways.retain(|way| !wish.never.contains(&way.site));
        for way in &mut ways {
            let detour = !wish.preferred.is_empty() && !wish.preferred.contains(&way.site);
            let apart = wish.together_at.is_some_and(|site| site != way.site);
            way.cost += units(u64::from(DETOUR_M) * u64::from(detour) + u64::from(APART_M) * u64::from(apart));
        }
        ways.sort_unstable_by_key(|way| (way.cost, way.site));
        ways
    }

    fn way_to(&self, shop: &ShopId, from: Position) -> Option<Way> {
        let at = self.shops.binary_search_by(|it| it.shop.cmp(shop)).ok()?;
        let distance_m = from.distance_m(self.shops[at].position);
        Some(Way { site: (self.sites.len() + at) as u32, cost: units(SHOP_M + u64::from(distance_m)) })
    }

    /// Solves it, and says why.
    pub fn conclude(self) -> Plan {
        let mut flow = Flow::solve(&self.problem);
        let mut taken: Vec<Taken> = vec![None; self.seekers.len()];
        bundles::let_in(&self.bundles, &self.problem, &mut flow, &mut taken);
        let bundled = bundles::members(&self.bundles, self.seekers.len());
        self.hand_out(&flow, |order| !bundled[order], &mut taken);
        let cost_of = |(order, taken): (usize, &Taken)| -> i128 {
            let group = &self.problem.groups[self.wishes[order].group as usize];
            taken.map_or(group.otherwise, |(_, cost)| cost).into()
        };
        let cost: i128 = taken.iter().enumerate().map(cost_of).sum();
        let paid = self.bundles.iter().map(|it| it.cheapest(&self.problem, &flow.prices)).sum();
        let excess_m = ((cost - flow.bound(paid)).max(0) / i128::from(UNITS_PER_M)) as u64;
        self.explain(&taken, excess_m)
    }

    /// Gives the members of each group what the group got: the first promised the nearest.
    fn hand_out(&self, flow: &Flow<'_>, takes: impl Fn(usize) -> bool, taken: &mut [Taken]) {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.problem.groups.len()];
        for (order, wish) in self.wishes.iter().enumerate().filter(|(order, _)| takes(*order)) {
            members[wish.group as usize].push(order);
        }
        let soonest = |order: &usize| {
            let promised_at = self.seekers[*order].promised_at;
            (promised_at.is_none(), promised_at, *order)
        };
        for (members, doors) in members.iter_mut().zip(flow.by_group()) {
            members.sort_unstable_by_key(soonest);
            let one_by_one = doors.into_iter().flat_map(|(door, count, cost)| (0..count).map(move |_| (door, cost)));
            for (order, door) in members.iter().zip(one_by_one) {
                taken[*order] = Some(door);
            }
        }
    }

    fn explain(&self, taken: &[Taken], excess_m: u64) -> Plan {
        let mut location_of = vec![0_u32; self.problem.doors.len()];
        for (number, location) in self.problem.locations.iter().enumerate() {
            location_of[location.doors.start as usize..location.doors.end as usize].fill(number as u32);
        }
        let mut walking_m = 0;
        // What equal orders lack is the same.
        let mut lacks: HashMap<(u32, Option<u32>), Lack> = HashMap::new();
        let mut places = Vec::with_capacity(taken.len());
        for (order, taken) in taken.iter().enumerate() {
            let (seeker, wish) = (self.seekers[order], &self.wishes[order]);
            let location = taken.map(|(door, _)| location_of[door as usize] as usize);
            let (to, why) = match (taken, location) {
                (Some((door, _)), Some(at)) if at < self.sites.len() => {
                    let (site, door) = (self.sites[at], &self.problem.doors[*door as usize]);
                    let distance_m = seeker.from.distance_m(site.position);
                    walking_m += u64::from(distance_m);
                    let size = Size::ALL[usize::from(door.size)];
                    let to = Destination::Locker { locker: site.locker.clone(), size, reachable: door.reachable };
                    (to, self.why_there(wish, at as u32, distance_m))
                }
                (_, at) => {
                    let shop = at.map(|at| self.shops[at - self.sites.len()]);
                    walking_m += shop.map_or(0, |it| u64::from(seeker.from.distance_m(it.position)));
                    let home = seeker.preferences.as_ref().is_some_and(|it| it.home);
                    let to = match shop {
                        Some(it) => Destination::Shop { shop: it.shop.clone() },
                        None if home => Destination::Home,
                        None => Destination::Asked,
                    };
                    let lacks = match self.bundles.is_empty() || seeker.bundle.is_none() {
                        true => *lacks.entry((wish.group, wish.whither.radius_m)).or_insert_with(|| self.lack(order)),
                        false => self.lack(order),
                    };
                    (to, Why::NoRoom { lacks })
                }
            };
            places.push(Planned { order: seeker.order.clone(), to, why });
        }
        Plan { places, walking_m, excess_m }
    }

    /// The open lockers that an order's customer agreed to, nearest first.
    fn agreed<'b>(&'b self, wish: &'b Whither) -> impl Iterator<Item = (u32, u32)> + 'b {
        let around = self.origins[wish.origin as usize].around.iter().copied();
        around
            .take_while(|(distance_m, _)| wish.radius_m.is_some_and(|radius_m| *distance_m <= radius_m))
            .filter(|(_, site)| !wish.never.contains(site) && !wish.preferred.contains(site))
    }

    fn has_room(&self, wish: &Wish, site: u32) -> bool {
        self.problem.doors_at(site, self.problem.groups[wish.group as usize].need).next().is_some()
    }

    fn why_there(&self, wish: &Wish, chosen: u32, distance_m: u32) -> Why {
        let (mut nearer_full, mut nearer_given, mut nearest_m) = (0, 0, distance_m);
        let Whither { preferred, together_at, .. } = &wish.whither;
        for (nearer_m, site) in self.agreed(&wish.whither).take_while(|(nearer_m, _)| *nearer_m < distance_m) {
            nearest_m = nearest_m.min(nearer_m);
            match self.has_room(wish, site) {
                true => nearer_given += 1,
                false => nearer_full += 1,
            }
        }
        let preferred = preferred.contains(&chosen);
        // A nearer one that it did not want is not one that it did not get.
        let given = if preferred || together_at.is_some() { 0 } else { nearer_given };
        Why::Room {
            distance_m,
            nearer_full,
            nearer_given: given,
            farther_m: distance_m - nearest_m,
            preferred,
            together: *together_at == Some(chosen),
        }
    }

    fn lack(&self, order: usize) -> Lack {
        let (seeker, wish) = (self.seekers[order], &self.wishes[order]);
        let agrees = |it: &Preferences| it.other_locker_within_m.is_some() || !it.preferred.is_empty();
        if !seeker.preferences.as_ref().is_some_and(agrees) {
            return Lack::Consent;
        }
        let Whither { preferred, never, .. } = &wish.whither;
        let liked = preferred.iter().filter(|it| self.sites[**it as usize].bookable && !never.contains(it));
        let near = self.agreed(&wish.whither).map(|(_, site)| site);
        let agreed: Vec<u32> = near.chain(liked.copied()).collect();
        let lockers = agreed.len() as u32;
        if agreed.is_empty() {
            return Lack::OpenLocker;
        }
        let fits = |site: &u32| {
            let site = self.sites[*site as usize];
            site.sizes.iter().any(|size| seeker.needs.fit_into(*size, &site.measures))
        };
        if !agreed.iter().any(fits) {
            return Lack::LargeEnough { lockers };
        }
        if !agreed.iter().any(|site| self.has_room(wish, *site)) {
            return Lack::Room { lockers };
        }
        match self.bundles.iter().find(|it| it.contains(order)) {
            Some(bundle) => Lack::RoomForBundle { lockers, parcels: bundle.parcels() },
            None => Lack::RoomForAll { lockers },
        }
    }
}

/// Into which sizes an order fits, by build.
fn need(needs: &Needs, builds: &[&OwnMeasures]) -> Need {
    let into = |own: &&OwnMeasures| {
        Size::ALL.iter().filter(|size| needs.fit_into(**size, own)).fold(0_u8, |fits, size| fits | 1 << *size as u8)
    };
    let fits = match needs.room {
        // A size that was asked for is the same everywhere.
        RoomNeeded::Size(_) => vec![into(&&OwnMeasures::new()); builds.len()],
        RoomNeeded::Parcel(_) => builds.iter().map(into).collect(),
    };
    Need { fits, reachable: needs.reachable }
}

//! Other places for orders that cannot have, or have lost, the one they wanted: reads what there is around, and has the
//! plan choose for all of them at once (`domain::plan`).

use std::collections::{BTreeMap, BTreeSet};

use aws::apply::{Stop, View};
use aws::keys;
use aws::rooms::{CANDIDATES_MAX, lockers_near};
use aws::store::Store;
use domain::compartment::Compartment;
use domain::id::{CompartmentNumber, LockerId, OrderId};
use domain::locker::Locker;
use domain::order::Room;
use domain::plan::{Destination, FreeDoors, Seeker, ShopRoom, Site, Why, plan};
use domain::recovery::CompartmentId;
use domain::shop::Shop;
use domain::size::Size;
use domain::{StateKey, Timestamp};
use futures_util::future::try_join_all;

/// How many lockers are asked for their free doors at a time, nearest first.
const LOCKERS_PER_BURST: usize = 12;

/// How many are asked at the most, beside those that customers named.
const LOCKERS_ASKED_MAX: usize = 36;

/// How many preferred lockers are read at the most, of all the customers together.
const PREFERRED_READ_MAX: usize = 40;

/// With how many free doors for each order no more lockers are asked: the nearest of them are what most get.
const DOORS_PER_ORDER: usize = 3;

/// Where an order is to go.
#[derive(Debug, Clone)]
pub enum Found {
    Room {
        distance_m: u32,
        room: Box<Room>,
    },
    Shop,
    Home,
    /// The customer has to be asked.
    Nothing,
}

/// The lockers around another one, nearest first, with how far away, and the doors that were free.
struct Around {
    lockers: Vec<(u32, Locker)>,
    free: BTreeMap<LockerId, Vec<Compartment>>,
}

/// Finds places for orders that all were to go to one locker. `taken` are doors that turned out to be somebody else's
/// although an index still has them.
///
/// # Errors
/// [`Stop`]
pub async fn find_places<S: Store>(
    view: &View<'_, S>,
    from: &Locker,
    seekers: &[Seeker],
    shops: &[Shop],
    taken: &BTreeSet<CompartmentId>,
    now: Timestamp,
) -> Result<BTreeMap<OrderId, (Found, Why)>, Stop> {
    let mut around = look_around(view, from, seekers).await?;
    for doors in around.free.values_mut() {
        doors.retain(|it| !taken.contains(&CompartmentId::of(it)));
    }
    let sites: Vec<Site> = around.lockers.iter().map(|(_, it)| site(it, &around.free)).collect();
    let rooms = shops.iter().map(|it| ShopRoom { shop: it.id.clone(), position: it.position, room: it.room(now) });
    let planned = plan(seekers, &sites, &rooms.collect::<Vec<_>>(), now);
    let found = planned.places.into_iter().map(|it| {
        let found = match it.to {
            Destination::Locker { locker, size, reachable } => {
                let room = around.take(&locker, size, reachable, aws::rooms::spread(&it.order));
                room.map_or(Found::Nothing, |(distance_m, room)| Found::Room { distance_m, room: room.into() })
            }
            Destination::Shop { .. } => Found::Shop,
            Destination::Home => Found::Home,
            Destination::Asked => Found::Nothing,
        };
        (it.order, (found, it.why))
    });
    Ok(found.collect())
}

async fn look_around<S: Store>(view: &View<'_, S>, from: &Locker, seekers: &[Seeker]) -> Result<Around, Stop> {
    let wishes = || seekers.iter().filter_map(|it| it.preferences.as_ref());
    let mut lockers = match wishes().filter_map(|it| it.other_locker_within_m).max() {
        Some(radius_m) => lockers_near(view, from.position, radius_m).await?,
        None => Vec::new(),
    };
    let near: BTreeSet<LockerId> = lockers.iter().map(|(_, it)| it.id.clone()).collect();
    let liked: BTreeSet<&LockerId> =
        wishes().flat_map(|it| it.preferred.difference(&it.never)).filter(|it| !near.contains(it)).collect();
    let names: Vec<StateKey> = liked.into_iter().take(PREFERRED_READ_MAX).cloned().map(StateKey::Locker).collect();
    let mut liked: Vec<Locker> = Vec::new();
    if !names.is_empty() {
        liked = view.read(&names).await?.take_each(&names);
    }
    let fits = |it: &Locker| it.id != from.id && it.bookable() && seekers.iter().any(|one| it.ever_fits(&one.needs));
    lockers.retain(|(_, it)| fits(it));
    liked.retain(fits);
    // Of each size that somebody needs its own doors, or those that are larger: a locker has more small ones than are
    // listed at once. And as many as it takes to find those in reach.
    let any_door = seekers.iter().all(|it| !it.needs.reachable);
    let limit = if any_door { CANDIDATES_MAX.max(2 * seekers.len()) } else { CompartmentNumber::MAX as usize };
    let doors_of = async |locker: &Locker| -> Result<Vec<Compartment>, Stop> {
        let sizes: BTreeSet<Size> =
            seekers.iter().filter_map(|one| one.needs.smallest_size(&locker.measures)).collect();
        let queries: Vec<_> = sizes.into_iter().map(|size| keys::bookable(&locker.id, size, limit)).collect();
        let found: Vec<Vec<Compartment>> = try_join_all(queries.iter().map(|query| view.query(query))).await?;
        let doors: BTreeMap<CompartmentNumber, Compartment> =
            found.into_iter().flatten().map(|it| (it.number, it)).collect();
        Ok(doors.into_values().collect())
    };
    let mut around = Around { lockers: Vec::new(), free: BTreeMap::new() };
    // How many more doors each would like to choose from.
    let mut wanting: Vec<usize> = vec![DOORS_PER_ORDER * seekers.len(); seekers.len()];
    let named = liked.into_iter().map(|it| (from.position.distance_m(it.position), it)).collect::<Vec<_>>();
    lockers.truncate(LOCKERS_ASKED_MAX);
    let bursts = lockers.chunks(LOCKERS_PER_BURST).map(|burst| (burst, false)).chain([(&named[..], true)]);
    for (burst, named) in bursts.filter(|(burst, _)| !burst.is_empty()) {
        if !named && wanting.iter().all(|doors| *doors == 0) {
            continue;
        }
        let found = try_join_all(burst.iter().map(|(_, locker)| doors_of(locker))).await?;
        for ((distance_m, locker), doors) in burst.iter().zip(found) {
            for (one, wanting) in seekers.iter().zip(&mut wanting) {
                let fits = |it: &&Compartment| one.needs.fit_into(it.size, &locker.measures);
                *wanting = wanting.saturating_sub(doors.iter().filter(fits).count());
            }
            around.free.insert(locker.id.clone(), doors);
            around.lockers.push((*distance_m, locker.clone()));
        }
    }
    Ok(around)
}

fn site(locker: &Locker, free: &BTreeMap<LockerId, Vec<Compartment>>) -> Site {
    let mut counts: BTreeMap<(Size, bool), u16> = BTreeMap::new();
    for door in free.get(&locker.id).into_iter().flatten().filter(|it| it.bookable()) {
        *counts.entry((door.size, door.reachable())).or_default() += 1;
    }
    Site {
        locker: locker.id.clone(),
        position: locker.position,
        bookable: locker.bookable(),
        measures: locker.measures.clone(),
        sizes: locker.sizes.iter().map(|(size, _)| *size).collect(),
        free: counts.into_iter().map(|((size, reachable), count)| FreeDoors { size, reachable, count }).collect(),
    }
}

impl Around {
    /// A door of that size and reach, which nobody else gets after. Of several equal ones which depends on `spread`.
    fn take(&mut self, locker: &LockerId, size: Size, reachable: bool, spread: u64) -> Option<(u32, Room)> {
        let doors = self.free.get_mut(locker)?;
        let right = |it: &Compartment| it.bookable() && it.size == size && it.reachable() == reachable;
        let equal: Vec<usize> = (0..doors.len()).filter(|at| right(&doors[*at])).collect();
        let at = equal.get((spread % (equal.len() as u64).max(1)) as usize)?;
        let compartment = doors.remove(*at);
        let (distance_m, locker) = self.lockers.iter().find(|(_, it)| it.id == *locker)?.clone();
        Some((distance_m, Room { locker, compartment }))
    }
}

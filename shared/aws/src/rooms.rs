//! Finds room for an order: in the locker that is asked for, or around it.

use domain::Timestamp;
use domain::compartment::Compartment;
use domain::id::{CompartmentNumber, LockerId};
use domain::locker::Locker;
use domain::order::{Room, find_room};
use domain::place::Position;
use domain::size::{Needs, OwnMeasures, Size};
use futures_util::future::try_join_all;
use serde::Serialize;

use crate::apply::View;
use crate::keys;
use crate::store::{Query, Store, Unavailable};

/// How far alternatives are looked for where nobody says how far, in metres: half an hour on foot.
pub const ALTERNATIVES_RADIUS_M: u32 = 3_000;

/// How many alternatives an answer names.
pub const ALTERNATIVES_MAX: usize = 5;

/// How many of the nearest lockers are asked for room.
const LOCKERS_ASKED_MAX: usize = 12;

/// How many lockers of one cell of the map are read. The densest cities have some 60 in such a cell.
const LOCKERS_PER_CELL_MAX: usize = 100;

/// How many free compartments of one locker are read: enough for orders that come at the same moment to choose
/// different ones.
pub const CANDIDATES_MAX: usize = 20;

/// The question which compartments of a locker could have room: from the smallest size that is large enough. Doors that
/// are reachable lie anywhere among them, so that all are read for who needs one.
pub fn candidates(locker: &LockerId, needs: &Needs, own: &OwnMeasures) -> Query {
    let size = needs.smallest_size(own).unwrap_or(Size::XL);
    let limit = if needs.reachable { CompartmentNumber::MAX as usize } else { CANDIDATES_MAX };
    keys::bookable(locker, size, limit)
}

/// A locker that could take the order, as it is named in answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alternative {
    pub locker_id: LockerId,
    pub name: String,
    pub distance_m: u32,
    /// The size the parcel would get there.
    pub size: Size,
    /// When it stops taking orders, where that is planned and was looked up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free_until: Option<Timestamp>,
}

impl From<&(u32, Room)> for Alternative {
    fn from((distance_m, room): &(u32, Room)) -> Self {
        Self {
            locker_id: room.locker.id.clone(),
            name: room.locker.name.clone(),
            distance_m: *distance_m,
            size: room.compartment.size,
            free_until: None,
        }
    }
}

/// The lockers within a radius, nearest first. Open and closed ones.
///
/// # Errors
/// [`Unavailable`]
pub async fn lockers_near<S: Store>(
    view: &View<'_, S>,
    around: Position,
    radius_m: u32,
) -> Result<Vec<(u32, Locker)>, Unavailable> {
    let cells = around.cells_within(radius_m);
    let queries: Vec<_> = cells.into_iter().map(|cell| keys::lockers_in(cell, LOCKERS_PER_CELL_MAX)).collect();
    let found: Vec<Vec<Locker>> = try_join_all(queries.iter().map(|query| view.query(query))).await?;
    let mut lockers: Vec<(u32, Locker)> = found
        .into_iter()
        .flatten()
        .map(|locker| (around.distance_m(locker.position), locker))
        .filter(|(distance_m, _)| *distance_m <= radius_m)
        .collect();
    lockers.sort_by(|(a, first), (b, second)| (a, &first.id).cmp(&(b, &second.id)));
    Ok(lockers)
}

/// The rooms that other lockers around offer, nearest first. `spread` keeps orders that look at the
/// same moment from all choosing the same compartment.
///
/// # Errors
/// [`Unavailable`]
pub async fn rooms_near<S: Store>(
    view: &View<'_, S>,
    around: &Locker,
    radius_m: u32,
    needs: &Needs,
    spread: u64,
) -> Result<Vec<(u32, Room)>, Unavailable> {
    let lockers = lockers_near(view, around.position, radius_m).await?;
    let open: Vec<(u32, Locker)> = lockers
        .into_iter()
        .filter(|(_, locker)| locker.id != around.id && locker.bookable() && locker.ever_fits(needs))
        .take(LOCKERS_ASKED_MAX)
        .collect();
    let queries: Vec<_> = open.iter().map(|(_, locker)| candidates(&locker.id, needs, &locker.measures)).collect();
    let candidates: Vec<Vec<Compartment>> = try_join_all(queries.iter().map(|query| view.query(query))).await?;
    Ok(open
        .into_iter()
        .zip(candidates)
        .filter_map(|((distance_m, locker), candidates)| {
            Some((distance_m, find_room(&locker, &candidates, needs, spread).ok()?))
        })
        .collect())
}

/// The alternatives an answer names: the nearest of these rooms.
pub fn alternatives(rooms: &[(u32, Room)]) -> Vec<Alternative> {
    rooms.iter().take(ALTERNATIVES_MAX).map(Alternative::from).collect()
}

/// A number that differs from order to order.
pub fn spread(order: &domain::id::OrderId) -> u64 {
    order
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

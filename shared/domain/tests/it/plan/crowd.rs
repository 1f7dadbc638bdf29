//! Many orders that lose their places at once, in a network of towns: for measuring, the same each time.

use domain::id::{BundleId, LockerId, OrderId, PersonId};
use domain::person::Preferences;
use domain::place::Position;
use domain::plan::{FreeDoors, Seeker, Site};
use domain::size::{Needs, OwnMeasures, RoomNeeded, Size};
use domain::{SignedDuration, Timestamp};

/// What breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaks {
    /// A tenth of all lockers, anywhere.
    Anywhere,
    /// All lockers of some towns but every third: there is less room than there are orders.
    WholeTowns,
}

/// A small generator (xorshift64*): the crowd is the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn often(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// When it happens.
pub fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// So many lockers in towns of 50, some 3 km across, 12 km from each other; and so many orders that lose their places,
/// so many of a hundred customers with a bundle of two to four.
pub fn crowd(lockers: usize, orders: usize, breaks: Breaks, bundled_percent: u64) -> (Vec<Seeker>, Vec<Site>) {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let towns = lockers.div_ceil(50);
    let across = (towns as f64).sqrt().ceil() as usize;
    let broken_towns = (towns / 8).max(1);
    let mut positions = Vec::new();
    let mut sites = Vec::new();
    let mut broken = Vec::new();
    for number in 0..lockers {
        let town = number / 50;
        let centre = (47_500_000 + (town / across) as i64 * 108_000, 6_500_000 + (town % across) as i64 * 165_000);
        // The sum of two is dense in the middle, as towns are.
        let mut off = |span: u64| (chance.below(span) + chance.below(span)) as i64 - span as i64;
        let position =
            Position { latitude_e6: (centre.0 + off(27_000)) as i32, longitude_e6: (centre.1 + off(40_000)) as i32 };
        positions.push(position);
        let closes = match breaks {
            Breaks::Anywhere => chance.often(10),
            Breaks::WholeTowns => town < broken_towns && !number.is_multiple_of(3),
        };
        if closes {
            broken.push(number);
        }
        let free = [(Size::S, 12), (Size::M, 10), (Size::L, 4), (Size::XL, 2)].map(|(size, most)| {
            let (low, high) = (chance.below(most), chance.below(most));
            [(true, low), (false, high)].map(|(reachable, count)| FreeDoors { size, reachable, count: count as u16 })
        });
        sites.push(Site {
            locker: format!("l-{number:05}").parse().unwrap(),
            position,
            bookable: !closes,
            measures: OwnMeasures::new(),
            sizes: vec![Size::S, Size::M, Size::L, Size::XL],
            free: free.into_iter().flatten().collect(),
        });
    }
    let mut seekers = Vec::new();
    let mut bundle: Option<(BundleId, usize, Position, Option<Preferences>)> = None;
    for number in 0..orders {
        let order: OrderId = format!("o-{number:06}").parse().unwrap();
        let size = [Size::S, Size::S, Size::S, Size::M, Size::M, Size::L, Size::XL][chance.below(7) as usize];
        let needs = Needs { room: RoomNeeded::Size(size), reachable: false };
        let promised_at = match chance.below(3) {
            0 => Some(now() + SignedDuration::from_hours(chance.below(24) as i64)),
            1 => Some(now() + SignedDuration::from_hours(25 + chance.below(48) as i64)),
            _ => None,
        };
        let (from, preferences, bundle_id) = match bundle.take() {
            Some((id, more, from, preferences)) => {
                if more > 1 {
                    bundle = Some((id.clone(), more - 1, from, preferences.clone()));
                }
                (from, preferences, Some(id))
            }
            None => {
                let from = positions[broken[chance.below(broken.len() as u64) as usize]];
                let preferences = preferences(&mut chance, number, lockers);
                let id: BundleId = format!("b-{number:06}").parse().unwrap();
                let more = if chance.often(bundled_percent) { 1 + chance.below(3) as usize } else { 0 };
                if more > 0 {
                    bundle = Some((id.clone(), more, from, preferences.clone()));
                }
                (from, preferences, (more > 0).then_some(id))
            }
        };
        let together_at = None;
        seekers.push(Seeker { order, needs, from, bundle: bundle_id, together_at, promised_at, preferences });
    }
    (seekers, sites)
}

/// Of a hundred customers ten are to be asked; most go up to some kilometres, some home else; few name lockers.
fn preferences(chance: &mut Chance, number: usize, lockers: usize) -> Option<Preferences> {
    let customer: PersonId = format!("c-{number:06}").parse().unwrap();
    if chance.often(10) {
        return None;
    }
    let radius_m = [500, 1_000, 2_000, 3_000, 5_000][chance.below(5) as usize];
    let mut wishes = Preferences { other_locker_within_m: Some(radius_m), ..Preferences::none(customer) };
    wishes.home = chance.often(25);
    wishes.reachable = chance.often(5);
    for _ in 0..if number.is_multiple_of(20) { 2 } else { 0 } {
        wishes.never.insert(any_locker(chance, lockers));
    }
    if number.is_multiple_of(17) {
        wishes.preferred.insert(any_locker(chance, lockers));
    }
    Some(wishes)
}

fn any_locker(chance: &mut Chance, lockers: usize) -> LockerId {
    format!("l-{:05}", chance.below(lockers as u64)).parse().unwrap()
}

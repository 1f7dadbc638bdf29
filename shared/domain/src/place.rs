//! Where things are: positions on the map, cells to look them up by, places of parcels.

use serde::{Deserialize, Serialize};

use crate::id::{CompartmentNumber, LockerId, ShopId};

/// A point on the map in millionths of a degree (WGS 84): about 0.1 m.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    pub latitude_e6: i32,
    pub longitude_e6: i32,
}

/// A square of the map, 0.05 degrees a side: 5.6 km north to south and, at the latitude of Germany, about
/// 3.6 km east to west. Lockers near a point are found by reading the cells around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    pub row: i32,
    pub column: i32,
}

/// Mean radius of the Earth in metres (IUGG).
const EARTH_RADIUS_M: f64 = 6_371_009.0;
const CELL_SIDE_E6: i32 = 50_000;
/// One degree of latitude in metres, rounded down so that a search never misses a cell.
const METRES_PER_DEGREE: f64 = 111_000.0;
/// How many cells one search reads at the most. A larger radius is cut to what they cover.
pub const CELLS_READ_MAX: usize = 49;

impl Position {
    /// Whether this is a point on the Earth.
    pub fn is_valid(self) -> bool {
        (-90_000_000..=90_000_000).contains(&self.latitude_e6)
            && (-180_000_000..=180_000_000).contains(&self.longitude_e6)
    }

    fn radians(self) -> (f64, f64) {
        let radians = |e6: i32| (f64::from(e6) / 1e6).to_radians();
        (radians(self.latitude_e6), radians(self.longitude_e6))
    }

    /// Great-circle distance in metres, to the metre.
    pub fn distance_m(self, other: Position) -> u32 {
        let ((lat_a, lon_a), (lat_b, lon_b)) = (self.radians(), other.radians());
        let half_chord =
            ((lat_b - lat_a) / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * ((lon_b - lon_a) / 2.0).sin().powi(2);
        (2.0 * EARTH_RADIUS_M * half_chord.sqrt().min(1.0).asin()).round() as u32
    }

    /// The cell this point lies in.
    pub fn cell(self) -> Cell {
        Cell { row: self.latitude_e6.div_euclid(CELL_SIDE_E6), column: self.longitude_e6.div_euclid(CELL_SIDE_E6) }
    }

    /// The cells that can hold anything within `radius_m`, nearest first, at most [`CELLS_READ_MAX`].
    pub fn cells_within(self, radius_m: u32) -> Vec<Cell> {
        let home = self.cell();
        let mut cells: Vec<Cell> = self.all_cells_within(radius_m).collect();
        cells.sort_by_key(|cell| (cell.row - home.row).pow(2) + (cell.column - home.column).pow(2));
        cells.truncate(CELLS_READ_MAX);
        cells
    }

    /// All of them, for who has them in memory: up to 24 cells in each direction, some 85 km at the latitude of Germany.
    pub(crate) fn all_cells_within(self, radius_m: u32) -> impl Iterator<Item = Cell> {
        let home = self.cell();
        let cell_degrees = f64::from(CELL_SIDE_E6) / 1e6;
        let cell_height_m = cell_degrees * METRES_PER_DEGREE;
        let cell_width_m = (cell_height_m * self.radians().0.cos()).max(1.0);
        let rings = |cell_m: f64| (f64::from(radius_m) / cell_m).ceil().clamp(1.0, 24.0) as i32;
        let (rows, columns) = (rings(cell_height_m), rings(cell_width_m));
        (-rows..=rows)
            .flat_map(move |row| (-columns..=columns).map(move |column| (row, column)))
            .map(move |(row, column)| Cell { row: home.row + row, column: home.column + column })
    }
}

/// Where a parcel is, or is to go. A parcel has exactly one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Place {
    /// A compartment that is held for this order or holds its parcel.
    Compartment { locker: LockerId, compartment: CompartmentNumber },
    /// A shop that keeps it for its customer.
    Shop { shop: ShopId },
    /// The customer's own address; the sender knows it, this system does not.
    Home,
    /// Not yet known: the customer is being asked.
    Asked,
    /// In the hands of who fetches it: the last person of the order's chain of custody.
    Custody,
    /// Not where it was recorded to be, as somebody found who looked. It is being looked for.
    Missing,
    /// Back with who sent it.
    Sender,
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAINZ_STATION: Position = Position { latitude_e6: 50_001_300, longitude_e6: 8_258_800 };
    const MAINZ_CATHEDRAL: Position = Position { latitude_e6: 49_998_900, longitude_e6: 8_273_900 };

    #[test]
    fn distance_agrees_with_the_map() {
        let distance = MAINZ_STATION.distance_m(MAINZ_CATHEDRAL);
        assert!((1090..=1130).contains(&distance), "{distance}");
        assert_eq!(MAINZ_STATION.distance_m(MAINZ_STATION), 0);
    }

    #[test]
    fn the_cells_read_hold_every_point_within_the_radius() {
        for radius_m in [100, 3_000, 9_000] {
            let cells = MAINZ_STATION.cells_within(radius_m);
            assert_eq!(cells[0], MAINZ_STATION.cell());
            for bearing in 0..360 {
                let angle = f64::from(bearing).to_radians();
                let metres = f64::from(radius_m);
                let point = Position {
                    latitude_e6: MAINZ_STATION.latitude_e6 + (metres * angle.cos() / 0.111_195) as i32,
                    longitude_e6: MAINZ_STATION.longitude_e6
                        + (metres * angle.sin() / 0.111_195 / 50.0_f64.to_radians().cos()) as i32,
                };
                assert!(cells.contains(&point.cell()), "radius {radius_m} bearing {bearing}");
            }
        }
    }

    #[test]
    fn no_more_cells_are_read_than_a_radius_reaches() {
        let read = |radius_m| MAINZ_STATION.cells_within(radius_m).len();
        // 9 km are two cells to the north and south, three to the east and west.
        assert_eq!((read(100), read(9_000)), (3 * 3, 5 * 7));
    }

    #[test]
    fn a_position_is_a_point_on_the_earth_up_to_the_poles_and_the_date_line() {
        let valid = |latitude_e6, longitude_e6| Position { latitude_e6, longitude_e6 }.is_valid();
        for (latitude_e6, longitude_e6) in [(90_000_000, 180_000_000), (-90_000_000, -180_000_000)] {
            assert!(valid(latitude_e6, longitude_e6));
            assert!(!valid(latitude_e6 + latitude_e6.signum(), longitude_e6));
            assert!(!valid(latitude_e6, longitude_e6 + longitude_e6.signum()));
        }
    }

    #[test]
    fn a_huge_radius_reads_a_bounded_number_of_cells() {
        assert_eq!(MAINZ_STATION.cells_within(u32::MAX).len(), CELLS_READ_MAX);
    }
}

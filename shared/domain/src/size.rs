//! Sizes of compartments and parcels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The size of a compartment, smallest first, so that `>=` means "fits at least".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Size {
    XS,
    S,
    M,
    L,
    XL,
}

/// The outer measures of a parcel or the inner measures of a compartment, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimensions {
    pub length_mm: u32,
    pub width_mm: u32,
    pub height_mm: u32,
}

impl Dimensions {
    /// Sorted, since a parcel may be turned in any direction.
    fn sorted(self) -> [u32; 3] {
        let mut sides = [self.length_mm, self.width_mm, self.height_mm];
        sides.sort_unstable();
        sides
    }

    /// Whether a parcel of these measures goes into a space of those, turned as needed.
    pub fn fit_into(self, space: Dimensions) -> bool {
        self.sorted().iter().zip(space.sorted()).all(|(side, room)| *side <= room)
    }
}

impl Size {
    /// Every size, smallest first.
    pub const ALL: [Size; 5] = [Size::XS, Size::S, Size::M, Size::L, Size::XL];

    /// The inner measures every compartment of this size has at least. Depth is that of a common cabinet
    /// (600 mm), width that of one column (440 mm); heights are those operators publish for parcel lockers
    /// (about 7.5, 11, 19, 38 cm and a double door). They are the network's promise, to be set lower, not
    /// higher, where cabinets differ.
    pub const fn dimensions(self) -> Dimensions {
        let height_mm = match self {
            Size::XS => 75,
            Size::S => 110,
            Size::M => 190,
            Size::L => 380,
            Size::XL => 800,
        };
        Dimensions { length_mm: 600, width_mm: 440, height_mm }
    }

    /// What every compartment of this size takes, unless its locker was registered with measures of its own.
    pub const fn measures(self) -> Measures {
        Measures { inner: self.dimensions(), weight_g_max: WEIGHT_G_MAX }
    }
}

/// What any compartment carries where its locker says nothing else, in grams. An assumption: operators of parcel
/// lockers publish limits from 25 to 31.5 kg for a parcel, whatever the size of the door, and the network promises the
/// lowest of them.
pub const WEIGHT_G_MAX: u32 = 25_000;

/// What the compartments of one size take: of one model of cabinet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measures {
    pub inner: Dimensions,
    pub weight_g_max: u32,
}

/// Where a locker's own measures differ from those of the network.
pub type OwnMeasures = BTreeMap<Size, Measures>;

/// What is to be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    pub dimensions: Dimensions,
    /// Where the sender has weighed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_g: Option<u32>,
}

impl Parcel {
    /// Whether it goes into a compartment of these measures, turned as needed.
    pub fn fits(&self, measures: &Measures) -> bool {
        self.dimensions.fit_into(measures.inner)
            && self.weight_g.is_none_or(|weight_g| weight_g <= measures.weight_g_max)
    }
}

/// What an order asks of a compartment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    pub room: RoomNeeded,
    /// Only a door that is reachable from a wheelchair will do.
    pub reachable: bool,
}

/// How large a compartment has to be: what was asked for, or what the parcel's own measures come to, locker by locker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoomNeeded {
    Size(Size),
    Parcel(Parcel),
}

impl From<Size> for Needs {
    fn from(size: Size) -> Self {
        Self { room: RoomNeeded::Size(size), reachable: false }
    }
}

impl Needs {
    /// Whether compartments of that size are large enough, in a locker with measures of its own or none.
    pub fn fit_into(&self, size: Size, own: &OwnMeasures) -> bool {
        match &self.room {
            RoomNeeded::Size(wanted) => size >= *wanted,
            RoomNeeded::Parcel(parcel) => parcel.fits(own.get(&size).unwrap_or(&size.measures())),
        }
    }

    /// The smallest size that is large enough; nothing if none is.
    pub fn smallest_size(&self, own: &OwnMeasures) -> Option<Size> {
        Size::ALL.into_iter().find(|size| self.fit_into(*size, own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(length_mm: u32, width_mm: u32, height_mm: u32) -> Dimensions {
        Dimensions { length_mm, width_mm, height_mm }
    }

    fn smallest(dimensions: Dimensions, weight_g: Option<u32>, own: &OwnMeasures) -> Option<Size> {
        let room = RoomNeeded::Parcel(Parcel { dimensions, weight_g });
        Needs { room, reachable: false }.smallest_size(own)
    }

    fn smallest_for(dimensions: Dimensions) -> Option<Size> {
        smallest(dimensions, None, &OwnMeasures::new())
    }

    #[test]
    fn a_parcel_that_is_too_heavy_has_no_size_and_one_at_the_limit_has() {
        let none = OwnMeasures::new();
        assert_eq!(smallest(parcel(300, 200, 75), Some(WEIGHT_G_MAX), &none), Some(Size::XS));
        assert_eq!(smallest(parcel(300, 200, 75), Some(WEIGHT_G_MAX + 1), &none), None);
    }

    #[test]
    fn a_lockers_own_measures_count_before_those_of_the_network() {
        let shallow = Measures { inner: parcel(600, 440, 60), weight_g_max: 5_000 };
        let strong = Measures { weight_g_max: 40_000, ..Size::L.measures() };
        let own = OwnMeasures::from([(Size::XS, shallow), (Size::L, strong)]);
        assert_eq!(smallest(parcel(300, 200, 75), None, &own), Some(Size::S), "next larger");
        assert_eq!(smallest(parcel(300, 200, 60), Some(5_000), &own), Some(Size::XS));
        assert_eq!(smallest(parcel(300, 200, 60), Some(30_000), &own), Some(Size::L), "carries more than any other");
    }

    #[test]
    fn a_size_that_is_asked_for_fits_into_itself_and_every_larger_one() {
        let fits = Size::ALL.map(|size| Needs::from(Size::M).fit_into(size, &OwnMeasures::new()));
        assert_eq!(fits, [false, false, true, true, true]);
    }

    #[test]
    fn a_parcel_gets_the_smallest_size_it_fits() {
        assert_eq!(smallest_for(parcel(300, 200, 75)), Some(Size::XS));
        assert_eq!(smallest_for(parcel(300, 200, 76)), Some(Size::S));
        assert_eq!(smallest_for(parcel(600, 440, 380)), Some(Size::L));
    }

    #[test]
    fn a_parcel_may_be_turned() {
        assert_eq!(smallest_for(parcel(70, 590, 430)), Some(Size::XS));
        assert_eq!(smallest_for(parcel(790, 430, 590)), Some(Size::XL));
    }

    #[test]
    fn a_parcel_larger_than_every_compartment_has_no_size() {
        assert_eq!(smallest_for(parcel(801, 600, 440)), None);
    }
}

//! Sizes of compartments and parcels.

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

    /// The smallest size a parcel goes into; nothing if no compartment takes it.
    pub fn smallest_for(parcel: Dimensions) -> Option<Size> {
        Size::ALL.into_iter().find(|size| parcel.fit_into(size.dimensions()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(length_mm: u32, width_mm: u32, height_mm: u32) -> Dimensions {
        Dimensions { length_mm, width_mm, height_mm }
    }

    #[test]
    fn a_parcel_gets_the_smallest_size_it_fits() {
        assert_eq!(Size::smallest_for(parcel(300, 200, 75)), Some(Size::XS));
        assert_eq!(Size::smallest_for(parcel(300, 200, 76)), Some(Size::S));
        assert_eq!(Size::smallest_for(parcel(600, 440, 380)), Some(Size::L));
    }

    #[test]
    fn a_parcel_may_be_turned() {
        assert_eq!(Size::smallest_for(parcel(70, 590, 430)), Some(Size::XS));
        assert_eq!(Size::smallest_for(parcel(790, 430, 590)), Some(Size::XL));
    }

    #[test]
    fn a_parcel_larger_than_every_compartment_has_no_size() {
        assert_eq!(Size::smallest_for(parcel(801, 600, 440)), None);
    }
}

//! One person's parcels that stay together.

use serde::{Deserialize, Serialize};

use crate::id::{BundleId, OrderId, PersonId};
use crate::refusal::Refusal;

/// How many parcels a bundle has at the most. More than that are not carried home at one time.
pub const ORDERS_MAX: usize = 10;

/// Which orders belong together. What becomes of each is with the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bundle {
    pub id: BundleId,
    pub customer: PersonId,
    /// In the order they were placed, at most [`ORDERS_MAX`].
    pub orders: Vec<OrderId>,
}

impl Bundle {
    /// The bundle with one more order, or a new one.
    ///
    /// # Errors
    /// [`Refusal::OtherBundle`] where it is another customer's, or full.
    pub fn with(known: Option<Self>, id: &BundleId, customer: &PersonId, order: &OrderId) -> Result<Self, Refusal> {
        let new = || Self { id: id.clone(), customer: customer.clone(), orders: Vec::new() };
        let mut bundle = known.unwrap_or_else(new);
        if bundle.customer != *customer || bundle.orders.len() >= ORDERS_MAX {
            return Err(Refusal::OtherBundle);
        }
        bundle.orders.push(order.clone());
        Ok(bundle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn a_bundle_is_one_customers_and_takes_ten() {
        let with = |bundle, customer: &str, order: &str| Bundle::with(bundle, &id("b1"), &id(customer), &id(order));
        let first = with(None, "anna", "o1").unwrap();
        assert_eq!(first, Bundle { id: id("b1"), customer: id("anna"), orders: vec![id("o1")] });
        assert_eq!(with(Some(first.clone()), "ben", "o2"), Err(Refusal::OtherBundle));
        let add = |bundle, number| with(Some(bundle), "anna", &format!("o{number}")).unwrap();
        let full = (2..=10).fold(first, add);
        assert_eq!(with(Some(full), "anna", "o11"), Err(Refusal::OtherBundle));
    }
}

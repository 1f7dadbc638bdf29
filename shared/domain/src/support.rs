//! What support does with an order on behalf of its customer: another place, a note. By name, and with a reason.

use crate::Timestamp;
use crate::decision::{Decision, Event};
use crate::id::{EventId, PersonId};
use crate::notice::Message;
use crate::order::{Choice, Held, Order, OrderStatus};
use crate::refusal::Refusal;
use crate::seeded::bug;

/// Moves an order on its way to the place that support has chosen for it: the new place and the release of the old one
/// are one commit. The customer is told, and may choose otherwise. Nothing changes where it goes there already.
///
/// # Errors
/// [`Refusal::WrongState`] from the deposit on; [`Refusal::NoRoom`] where the shop takes no more.
pub fn reroute(
    mut order: Order,
    held: Option<Held>,
    choice: Choice,
    by: PersonId,
    reason: String,
    event: &EventId,
    now: Timestamp,
) -> Result<Decision<Order>, Refusal> {
    if !order.is_underway() {
        return Err(Refusal::wrong_state(order.status));
    }
    let to = choice.place();
    if order.place == to {
        return Ok(Decision::new(order));
    }
    let (locker_name, shop_name) = match &choice {
        Choice::Room(room) => (Some(room.locker.name.clone()), None),
        Choice::Shop(shop) if !shop.has_room(now) => return Err(Refusal::NoRoom),
        Choice::Shop(shop) => (None, Some(shop.name.clone())),
        Choice::Home => (None, None),
    };
    let from = order.place.clone();
    order.move_to(to.clone(), OrderStatus::Rerouted, now);
    let place_epoch = order.place_epoch;
    let message = Message::PlaceChanged { order: order.id.clone(), locker_name, shop_name, place_epoch };
    let notice = order.tell(message, event, now);
    let mut decision = Decision::new(order.clone());
    decision.tell(notice);
    decision.record(Event::ReroutedBySupport { by, from, to, reason });
    let held = held.filter(|_| !bug("support_keeps_the_old_place"));
    decision.changes.extend(held.and_then(|it| it.release(&order.id, now)));
    choice.hold_for(&order.id, &mut decision, now);
    decision.change(order);
    Ok(decision)
}

/// Writes down what somebody of support has to say about an order. For the history: no customer is shown it.
pub fn add_note(order: Order, by: PersonId, note: String) -> Decision<Order> {
    let mut decision = Decision::new(order);
    decision.record(Event::NoteAdded { by, note });
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compartment::Occupancy;
    use crate::place::Place;
    use crate::shop::Shop;
    use crate::testing::*;

    fn held() -> Option<Held> {
        Some(Held::Compartment(compartment(7).reserved_for("o1")))
    }

    fn move_to(order: Order, choice: Choice) -> Result<Decision<Order>, Refusal> {
        reroute(order, held(), choice, id("agent-1"), "roadworks".to_owned(), &event(), at(90))
    }

    #[test]
    fn given_a_place_by_support_then_the_old_one_is_free_and_the_customer_is_told_and_may_choose_otherwise() {
        let to = Place::Compartment { locker: id("mz-02"), compartment: number(1) };
        let message = Message::PlaceChanged {
            order: id("o1"),
            locker_name: Some("mz-02".to_owned()),
            shop_name: None,
            place_epoch: 2,
        };
        assert!(message.link().is_some());
        let notice = told(message, at(90));
        let before = Order { driver: Some(driver()), ..order("o1", 7) };
        let after = Order { status: OrderStatus::Rerouted, place: to.clone(), place_epoch: 2, ..order("o1", 7) };
        let after = after.told(&notice);
        let expected = Decision {
            answer: after.clone(),
            changes: vec![compartment(7).into(), room("mz-02").compartment.reserved_for("o1").into(), after.into()],
            unchanged: vec![crate::StateKey::Locker(id("mz-02"))],
            notices: vec![notice],
            event: Event::ReroutedBySupport { by: id("agent-1"), from: place(7), to, reason: "roadworks".to_owned() },
        };
        assert_eq!(move_to(before, Choice::Room(room("mz-02").into())), Ok(expected));
    }

    #[test]
    fn who_was_asked_is_asked_no_more() {
        let asked = Order { status: OrderStatus::Rerouting, place: Place::Asked, ..order("o1", 7) };
        let decision = reroute(asked, None, Choice::Home, id("agent-1"), String::new(), &event(), at(90)).unwrap();
        assert_eq!((decision.answer.status, decision.answer.place), (OrderStatus::Rerouted, Place::Home));
    }

    #[test]
    fn an_order_that_goes_there_already_stays_as_it_is() {
        let home = Order { place: Place::Home, ..order("o1", 7) };
        assert_eq!(move_to(home.clone(), Choice::Home), Ok(Decision::new(home)));
    }

    #[test]
    fn a_full_shop_takes_nothing_from_support_either() {
        let (name, position) = ("Kiosk".to_owned(), locker().position);
        let full = Shop { id: id("kiosk"), name, position, capacity: Some(0), expected: [].into() };
        assert_eq!(move_to(order("o1", 7), Choice::Shop(full)), Err(Refusal::NoRoom));
    }

    #[test]
    fn what_is_not_on_its_way_is_not_rerouted() {
        use OrderStatus::*;
        for status in [Deposited, Collected, Recovery, Expired, Returned, Cancelled] {
            let order = Order { status, ..order("o1", 7) };
            assert_eq!(move_to(order, Choice::Home), Err(Refusal::wrong_state(status)));
        }
    }

    #[test]
    fn a_note_changes_nothing_but_the_history() {
        let decision = add_note(order("o1", 7), id("agent-1"), "rang twice".to_owned());
        let event = Event::NoteAdded { by: id("agent-1"), note: "rang twice".to_owned() };
        assert_eq!(decision, Decision { event, ..Decision::new(order("o1", 7)) });
        assert_eq!(compartment(7).occupancy, Occupancy::Free);
    }
}

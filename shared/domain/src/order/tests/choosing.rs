use super::*;

/// The order `o1`, whose customer has been asked by a link for epoch 2.
fn asked() -> Order {
    Order { status: OrderStatus::Rerouting, place: Place::Asked, place_epoch: 2, ..order("o1", 7) }
}

fn choose(
    order: Order,
    held: Option<Compartment>,
    place_epoch: u32,
    choice: Choice,
) -> Result<Decision<Order>, Refusal> {
    choose_place(order, held, place_epoch, choice, &event(), at(90))
}

fn other_locker() -> Choice {
    Choice::Room(Box::new(room("mz-02")))
}

#[test]
fn given_a_question_when_the_customer_chooses_a_locker_then_its_room_is_held_and_the_choice_confirmed() {
    let place = Place::Compartment { locker: id("mz-02"), compartment: number(1) };
    let message = Message::PlaceConfirmed { order: id("o1"), locker_name: Some("mz-02".to_owned()) };
    let notice = told(message, at(90));
    let chosen = Order { status: OrderStatus::Rerouted, place: place.clone(), place_epoch: 3, ..asked().told(&notice) };
    let expected = Decision {
        answer: chosen.clone(),
        changes: vec![room("mz-02").compartment.reserved_for("o1").into(), chosen.into()],
        unchanged: vec![StateKey::Locker(id("mz-02"))],
        notices: vec![notice],
        event: Event::PlaceChosen { to: place },
    };
    assert_eq!(choose(asked(), None, 2, other_locker()), Ok(expected));
}

#[test]
fn given_a_held_compartment_when_the_customer_chooses_home_then_it_is_freed_in_the_same_decision() {
    let before = Order { driver: Some(driver()), ..order("o1", 7) };
    let notice = told(Message::PlaceConfirmed { order: id("o1"), locker_name: None }, at(90));
    let chosen =
        Order { status: OrderStatus::Rerouted, place: Place::Home, place_epoch: 2, driver: None, ..before.clone() };
    let chosen = chosen.told(&notice);
    let expected = Decision {
        answer: chosen.clone(),
        changes: vec![compartment(7).into(), chosen.into()],
        unchanged: vec![],
        notices: vec![notice],
        event: Event::PlaceChosen { to: Place::Home },
    };
    let held = compartment(7).reserved_for("o1");
    assert_eq!(choose(before, Some(held), 1, Choice::Home), Ok(expected));
}

#[test]
fn the_first_choice_wins_and_the_second_finds_its_link_used() {
    let first = choose(asked(), None, 2, Choice::Home).unwrap().answer;
    assert_eq!(choose(first.clone(), None, 2, other_locker()), Err(Refusal::LinkUsed));
    assert_eq!(choose(first, None, 2, Choice::Home), Err(Refusal::LinkUsed));
}

#[test]
fn a_link_for_an_earlier_or_a_later_place_is_refused() {
    for place_epoch in [1, 3] {
        assert_eq!(choose(asked(), None, place_epoch, Choice::Home), Err(Refusal::LinkUsed), "{place_epoch}");
    }
}

#[test]
fn a_choice_can_be_undone_with_the_link_of_its_own_epoch() {
    let first = choose(asked(), None, 2, Choice::Home).unwrap().answer;
    let second = choose(first, None, 3, other_locker()).unwrap().answer;
    assert_eq!(second.place, Place::Compartment { locker: id("mz-02"), compartment: number(1) });
}

#[test]
fn a_choice_leaves_a_compartment_that_another_order_holds_alone() {
    let decision = choose(order("o1", 7), Some(compartment(7).reserved_for("o2")), 1, Choice::Home).unwrap();
    assert_eq!(decision.changes, vec![decision.answer.clone().into()]);
}

#[test]
fn there_is_no_choice_from_the_deposit_on() {
    for status in [OrderStatus::Deposited, OrderStatus::Collected, OrderStatus::Cancelled] {
        let over = Order { status, ..order("o1", 7) };
        assert_eq!(choose(over, None, 1, Choice::Home), Err(Refusal::wrong_state(status)));
    }
}

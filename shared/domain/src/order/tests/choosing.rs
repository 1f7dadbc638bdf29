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
    choose_place(order, held.map(Held::Compartment), place_epoch, choice, &event(), at(90))
}

fn other_locker() -> Choice {
    Choice::Room(Box::new(room("mz-02")))
}

#[test]
fn given_a_question_when_the_customer_chooses_a_locker_then_its_room_is_held_and_the_choice_confirmed() {
    let place = Place::Compartment { locker: id("mz-02"), compartment: number(1) };
    let message = Message::PlaceConfirmed { order: id("o1"), locker_name: Some("mz-02".to_owned()), shop_name: None };
    let notice = told(message, at(90));
    let chosen = Order { status: OrderStatus::Rerouted, place: place.clone(), place_epoch: 3, ..asked().told(&notice) };
    let chosen = Order { undo: undo_of(&asked()), ..chosen };
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
    let notice = told(Message::PlaceConfirmed { order: id("o1"), locker_name: None, shop_name: None }, at(90));
    let chosen =
        Order { status: OrderStatus::Rerouted, place: Place::Home, place_epoch: 2, driver: None, ..before.clone() };
    let chosen = Order { undo: undo_of(&before), ..chosen.told(&notice) };
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

/// What a choice at second 90 leaves to go back to.
fn undo_of(before: &Order) -> Option<Undo> {
    let (place, until) = (before.place.clone(), at(90) + UNDO_WITHIN);
    Some(Undo { place, status: before.status, place_epoch: before.place_epoch, until })
}

fn undo(order: Order, held: Option<Compartment>, back: Back, second: i64) -> Result<Decision<Order>, Refusal> {
    let epoch = order.place_epoch - 1;
    undo_choice(order, held.map(Held::Compartment), epoch, back, &event(), at(second))
}

fn asked_again() -> Back {
    Back::Asked { from_locker_name: "Hauptbahnhof".to_owned() }
}

#[test]
fn a_choice_that_is_undone_gives_its_place_back_and_the_customer_is_asked_again() {
    let chosen = choose(asked(), None, 2, other_locker()).unwrap().answer;
    let held = room("mz-02").compartment.reserved_for("o1");
    let message = Message::ChoosePlace {
        order: id("o1"),
        from_locker_name: "Hauptbahnhof".to_owned(),
        place_epoch: 4,
        cause: None,
    };
    let notice = Notice { supersedes: chosen.latest_notice.clone(), ..told(message, at(91)) };
    let back = Order { place_epoch: 4, ..asked().told(&notice) };
    let expected = Decision {
        answer: back.clone(),
        changes: vec![room("mz-02").compartment.into(), back.into()],
        unchanged: vec![],
        notices: vec![notice],
        event: Event::ChoiceUndone { to: Place::Asked },
    };
    assert_eq!(undo(chosen, Some(held), asked_again(), 91), Ok(expected));
}

#[test]
fn who_goes_back_to_a_locker_gets_a_room_there_and_keeps_the_status_of_before() {
    let chosen = choose(order("o1", 7), None, 1, Choice::Home).unwrap().answer;
    let back = undo(chosen, None, Back::To(other_locker()), 91).unwrap();
    let place = Place::Compartment { locker: id("mz-02"), compartment: number(1) };
    assert_eq!((back.answer.status, &back.answer.place, &back.answer.undo), (OrderStatus::Placed, &place, &None));
    assert_eq!(back.changes[0], room("mz-02").compartment.reserved_for("o1").into());
}

#[test]
fn a_choice_is_undone_once_and_only_in_its_time_and_before_anything_else_happens() {
    let chosen = choose(asked(), None, 2, Choice::Home).unwrap().answer;
    let last = 90 + UNDO_WITHIN.as_secs() - 1;
    assert!(undo(chosen.clone(), None, asked_again(), last).is_ok());
    assert_eq!(undo(chosen.clone(), None, asked_again(), last + 1), Err(Refusal::TooLate));
    let undone = undo(chosen.clone(), None, asked_again(), 91).unwrap().answer;
    assert_eq!(undo(undone, None, asked_again(), 92), Err(Refusal::TooLate));
    let other_link = undo_choice(chosen.clone(), None, 1, asked_again(), &event(), at(91));
    assert_eq!(other_link, Err(Refusal::LinkUsed));
    let again = choose(chosen.clone(), None, 3, Choice::Home).unwrap().answer;
    assert_eq!(undo_choice(again, None, 2, asked_again(), &event(), at(91)), Err(Refusal::LinkUsed));
    let cancelled = cancel(chosen, None, at(91)).unwrap().answer;
    assert_eq!(undo(cancelled, None, asked_again(), 92), Err(Refusal::TooLate));
}

fn kiosk(capacity: Option<u16>) -> Shop {
    Shop { id: id("kiosk"), name: "Kiosk".to_owned(), position: locker().position, capacity, expected: [].into() }
}

#[test]
fn a_shop_that_is_chosen_expects_the_parcel_until_it_goes_elsewhere() {
    let chosen = choose(asked(), None, 2, Choice::Shop(kiosk(Some(1)))).unwrap();
    let expecting = Shop { expected: [(id("o1"), at(90))].into(), ..kiosk(Some(1)) };
    assert_eq!(chosen.changes[0], expecting.clone().into());
    assert_eq!(chosen.answer.place, Place::Shop { shop: id("kiosk") });
    let full = choose(Order { id: id("o2"), ..asked() }, None, 2, Choice::Shop(expecting.clone()));
    assert_eq!(full, Err(Refusal::NoRoom));
    let again = Choice::Shop(expecting.clone());
    let held = || Some(Held::Shop(expecting.clone()));
    let stays = choose_place(chosen.answer.clone(), held(), 3, again, &event(), at(95)).unwrap();
    let shops = |it: &Decision<Order>| it.changes.iter().filter(|it| matches!(it, State::Shop(_))).count();
    assert_eq!((shops(&stays), stays.answer.place_epoch), (1, 4), "its room stays its own");
    let left = choose_place(chosen.answer.clone(), held(), 3, Choice::Home, &event(), at(95));
    assert_eq!(left.unwrap().changes[0], kiosk(Some(1)).into());
}

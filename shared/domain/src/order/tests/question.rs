use super::*;

/// The place that `o1` lost when its customer was asked.
fn lost() -> Compartment {
    Compartment { lost_by: Some(Lost { order: id("o1"), place_epoch: 2 }), ..compartment(7) }
}

fn asked() -> Order {
    Order { status: OrderStatus::Rerouting, place: Place::Asked, place_epoch: 2, ..order("o1", 7) }
}

fn withdraw(order: Order, lost: Compartment, room: Option<Room>) -> Option<Decision<()>> {
    withdraw_question(order, &locker(), lost, room, &event(), at(90))
}

fn kept() -> Message {
    Message::PlaceKept { order: id("o1"), locker_name: "Hauptbahnhof".to_owned(), place_epoch: 3 }
}

/// Another free compartment of the same locker.
fn beside() -> Room {
    Room { locker: locker(), compartment: compartment(8) }
}

#[test]
fn given_a_place_that_works_again_before_an_answer_then_the_order_keeps_it_and_its_customer_is_told() {
    let notice = told(kept(), at(90));
    let back = Order { status: OrderStatus::Rerouted, place: place(7), place_epoch: 3, ..asked() };
    let expected = Decision {
        answer: (),
        changes: vec![compartment(7).reserved_for("o1").into(), back.told(&notice).into()],
        unchanged: vec![locker_key()],
        notices: vec![notice],
        event: Event::QuestionWithdrawn { to: place(7) },
    };
    assert_eq!(withdraw(asked(), lost(), None), Some(expected.clone()));
    assert_eq!(withdraw(asked(), lost(), Some(beside())), Some(expected), "its own comes first");
}

#[test]
fn where_somebody_has_that_place_by_now_another_one_of_its_locker_will_do() {
    let taken = lost().reserved_for("o2");
    let decision = withdraw(asked(), taken.clone(), Some(beside())).unwrap();
    let forgotten = Compartment { lost_by: None, ..taken.clone() };
    assert_eq!(decision.changes[..2], [forgotten.into(), compartment(8).reserved_for("o1").into()]);
    assert_eq!(decision.event, Event::QuestionWithdrawn { to: place(8) });
    assert_eq!(withdraw(asked(), taken.clone(), None), None, "the question stands");
    assert_eq!(withdraw(asked(), taken, Some(room("mz-02"))), None, "nobody agreed to another locker");
}

#[test]
fn an_answer_that_was_given_stands() {
    let chosen = Order { status: OrderStatus::Rerouted, place: Place::Home, place_epoch: 3, ..asked() };
    assert_eq!(withdraw(chosen, lost(), Some(beside())), None);
    let cancelled = Order { status: OrderStatus::Cancelled, ..asked() };
    assert_eq!(withdraw(cancelled, lost(), Some(beside())), None);
}

#[test]
fn who_lost_another_place_since_is_asked_about_that_one() {
    let asked_again = Order { place_epoch: 4, ..asked() };
    assert_eq!(withdraw(asked_again, lost(), Some(beside())), None);
    let others = Compartment { lost_by: Some(Lost { order: id("o2"), place_epoch: 2 }), ..compartment(7) };
    assert_eq!(withdraw(asked(), others, Some(beside())), None);
    assert_eq!(withdraw(asked(), compartment(7), Some(beside())), None);
}

#[test]
fn a_door_that_is_closed_for_another_reason_is_not_given_back() {
    let shut = || lost().faulted(FaultCode::DoorNotClosing);
    assert_eq!(withdraw(asked(), shut(), None), None);
    let dark = locker().faulted(FaultCode::NetworkLost);
    assert_eq!(withdraw_question(asked(), &dark, lost(), None, &event(), at(90)), None);
    assert_eq!(withdraw(asked(), shut(), Some(beside())).unwrap().event, Event::QuestionWithdrawn { to: place(8) });
}

#[test]
fn who_needs_a_reachable_door_gets_back_no_other() {
    let reachable = Order { reachable: true, ..asked() };
    assert_eq!(withdraw(reachable.clone(), lost(), None), None);
    let low = Compartment { handle_height_mm: Some(900), ..lost() };
    assert!(withdraw(reachable, low, None).is_some());
}

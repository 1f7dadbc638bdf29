use super::*;

fn sized(of: u16, size: Size) -> Compartment {
    Compartment { size, ..compartment(of) }
}

/// The number of the compartment that is found among these.
fn find(candidates: &[Compartment], size: Size, spread: u64) -> Result<u16, Refusal> {
    find_room(&locker(), candidates, &size.into(), spread).map(|room| room.compartment.number.get())
}

#[test]
fn an_order_gets_the_smallest_size_that_fits() {
    let candidates = [sized(1, Size::S), sized(3, Size::L), sized(2, Size::M)];
    assert_eq!(find(&candidates, Size::M, 0), Ok(2));
}

#[test]
fn an_order_gets_the_next_larger_size_where_its_own_is_taken() {
    let candidates = [sized(1, Size::S), sized(2, Size::M).reserved_for("o9"), sized(3, Size::L)];
    assert_eq!(find(&candidates, Size::M, 0), Ok(3));
}

#[test]
fn orders_that_come_at_the_same_moment_are_spread_over_equal_compartments() {
    let candidates = [sized(1, Size::M), sized(2, Size::M), sized(3, Size::L)];
    let found: Vec<_> = [0, 1, 2, u64::MAX].into_iter().map(|spread| find(&candidates, Size::M, spread)).collect();
    assert_eq!(found, [Ok(1), Ok(2), Ok(1), Ok(2)]);
}

#[test]
fn an_order_too_big_for_every_compartment_is_refused_as_such_however_many_are_free() {
    assert_eq!(find(&[sized(1, Size::M)], Size::XL, 0), Err(Refusal::TooBig));
}

#[test]
fn an_order_is_refused_where_nothing_that_fits_is_free_and_open() {
    let taken = [
        sized(1, Size::S),
        sized(2, Size::M).reserved_for("o9"),
        sized(3, Size::M).occupied_by("o8"),
        sized(4, Size::M).faulted(FaultCode::DoorNotClosing),
        Compartment { service: Service::Draining, ..sized(5, Size::M) },
        Compartment { occupancy: Occupancy::Unknown { recorded: None }, ..sized(6, Size::M) },
        room("mz-02").compartment,
    ];
    assert_eq!(find(&taken, Size::M, 0), Err(Refusal::NoRoom));
    assert_eq!(find(&[], Size::M, 0), Err(Refusal::NoRoom));
}

#[test]
fn a_closed_locker_takes_no_order_and_says_which_fault_closed_it() {
    let closed = locker().faulted(FaultCode::NetworkLost);
    let found = find_room(&closed, &[compartment(7)], &Size::M.into(), 0);
    assert_eq!(found, Err(Refusal::LockerUnavailable { by: ClosedBy::Fault { code: FaultCode::NetworkLost } }));
}

#[test]
fn a_fault_that_closes_nothing_keeps_no_order_away() {
    let dim = locker().faulted(FaultCode::DisplayFault);
    assert!(find_room(&dim, &[compartment(7)], &Size::M.into(), 0).is_ok());
}

fn request() -> PlaceOrder {
    PlaceOrder {
        order: id("o1"),
        customer: customer(),
        needs: Size::M.into(),
        bundle: None,
        promised_at: Some(at(900)),
        hold_for: hours(72),
    }
}

#[test]
fn given_room_then_the_order_and_its_compartment_are_one_decision_that_holds_while_the_locker_is_open() {
    let room = Room { locker: locker(), compartment: compartment(7) };
    let placed = Order { promised_at: Some(at(900)), held_until: Some(at(900) + hours(72)), ..order("o1", 7) };
    let expected = Decision {
        answer: placed.clone(),
        changes: vec![compartment(7).reserved_for("o1").into(), placed.into()],
        unchanged: vec![locker_key()],
        notices: vec![],
        event: Event::OrderPlaced { place: place(7) },
    };
    assert_eq!(place_order(request(), room, None, &event(), at(0)), expected);
}

#[test]
fn given_an_agreed_alternative_then_the_customer_learns_where_the_parcel_goes() {
    let decision = place_order(request(), room("mz-02"), Some(&locker()), &event(), at(0));
    let message = Message::PlacedElsewhere {
        order: id("o1"),
        wanted_locker_name: "Hauptbahnhof".to_owned(),
        locker_name: "mz-02".to_owned(),
        place_epoch: 1,
    };
    let notice = told(message, at(0));
    assert_eq!(decision.answer.latest_notice, Some(notice.id.clone()));
    assert_eq!(decision.changes[1], decision.answer.clone().into());
    assert_eq!(decision.notices, vec![notice]);
    assert_eq!(decision.answer.place, Place::Compartment { locker: id("mz-02"), compartment: number(1) });
    assert_eq!(decision.unchanged, vec![StateKey::Locker(id("mz-02"))]);
}

#[test]
fn an_order_on_its_way_can_be_cancelled_and_frees_what_was_held_for_it() {
    for status in [OrderStatus::Placed, OrderStatus::Rerouted] {
        let underway = Order { status, ..order("o1", 7) };
        let cancelled = Order { status: OrderStatus::Cancelled, ..underway.clone() };
        let expected = Decision {
            answer: cancelled.clone(),
            changes: vec![compartment(7).into(), cancelled.into()],
            unchanged: vec![],
            notices: vec![],
            event: Event::OrderCancelled,
        };
        assert_eq!(
            cancel(underway, Some(Held::Compartment(compartment(7).reserved_for("o1"))), at(60)),
            Ok(expected),
            "{status}"
        );
    }
}

#[test]
fn an_order_whose_customer_is_being_asked_can_be_cancelled() {
    let asked = Order { status: OrderStatus::Rerouting, place: Place::Asked, ..order("o1", 7) };
    let cancelled = Order { status: OrderStatus::Cancelled, ..asked.clone() };
    assert_eq!(cancel(asked, None, at(60)).unwrap().changes, vec![cancelled.into()]);
}

#[test]
fn cancelling_an_order_leaves_a_compartment_that_another_holds_alone() {
    let cancelled = Order { status: OrderStatus::Cancelled, ..order("o1", 7) };
    for others in [compartment(7).reserved_for("o2"), compartment(7).occupied_by("o2"), compartment(7)] {
        assert_eq!(
            cancel(order("o1", 7), Some(Held::Compartment(others)), at(60)).unwrap().changes,
            vec![cancelled.clone().into()]
        );
    }
}

#[test]
fn an_order_cannot_be_cancelled_from_its_deposit_on_nor_twice() {
    for status in [OrderStatus::Deposited, OrderStatus::Collected, OrderStatus::Cancelled] {
        let over = Order { status, ..order("o1", 7) };
        assert_eq!(
            cancel(over, Some(Held::Compartment(compartment(7).occupied_by("o1"))), at(60)),
            Err(Refusal::wrong_state(status))
        );
    }
}

#[test]
fn who_needs_a_reachable_door_gets_one_or_none() {
    let high = || Compartment { handle_height_mm: Some(1_800), ..compartment(7) };
    let low = || Compartment { handle_height_mm: Some(900), size: Size::L, ..compartment(8) };
    let needs = Needs { reachable: true, ..Size::M.into() };
    let find = |candidates: &[Compartment]| find_room(&locker(), candidates, &needs, 0);
    assert_eq!(find(&[high(), compartment(9), low()]).map(|room| room.compartment), Ok(low()));
    assert_eq!(find(&[high(), compartment(9)]), Err(Refusal::NoRoom));
    let placed = place_order(PlaceOrder { needs, ..request() }, find(&[low()]).unwrap(), None, &event(), at(60));
    assert_eq!((placed.answer.reachable, placed.answer.needs()), (true, needs));
}

#[test]
fn a_measured_parcel_keeps_its_measures_and_gets_the_size_that_fits_where_it_is() {
    use crate::size::{Dimensions, Measures};
    let dimensions = Dimensions { length_mm: 300, width_mm: 200, height_mm: 100 };
    let needs = Needs { room: RoomNeeded::Parcel(Parcel { dimensions, weight_g: Some(9_000) }), reachable: false };
    let weak = |size: Size| (size, Measures { weight_g_max: 8_000, ..size.measures() });
    let own = Locker { measures: [weak(Size::S), weak(Size::M)].into(), ..locker() };
    let doors = [Compartment { size: Size::S, ..compartment(1) }, compartment(7)];
    let large = Compartment { size: Size::L, ..compartment(9) };
    assert_eq!(find_room(&own, &doors, &needs, 0), Err(Refusal::NoRoom));
    let room = find_room(&own, &[doors[0].clone(), doors[1].clone(), large.clone()], &needs, 0).unwrap();
    assert_eq!(room.compartment, large);
    let placed = place_order(PlaceOrder { needs, ..request() }, room, None, &event(), at(60)).answer;
    assert_eq!((placed.size, placed.needs()), (Size::L, needs));
    let weaker = Locker { measures: Size::ALL.map(weak).into(), ..locker() };
    assert_eq!(find_room(&weaker, &[large], &needs, 0), Err(Refusal::TooBig));
}

use super::*;

/// The order `o1` on its way to compartment 7, whose lock has been jammed since second 30.
fn underway() -> DisplacedScene {
    DisplacedScene {
        order: Order { driver: Some(driver()), ..order("o1", 7) },
        locker: locker(),
        compartment: compartment(7).reserved_for("o1").faulted_since(30, FaultCode::LockJammed),
        preferences: None,
        rooms: vec![(400, room("mz-02")), (900, room("mz-03"))],
        shop: None,
        why: None,
        expected_by: None,
    }
}

/// The order `o1` in compartment 7 since second 10, whose lock has been jammed since second 30.
fn inside() -> DisplacedScene {
    DisplacedScene {
        order: order("o1", 7).deposited(10),
        compartment: compartment(7).occupied_by("o1").faulted_since(30, FaultCode::LockJammed),
        rooms: vec![],
        ..underway()
    }
}

fn preferences(other_locker_within_m: Option<u32>, home: bool) -> Option<Preferences> {
    Some(Preferences { other_locker_within_m, home, ..Preferences::none(customer()) })
}

fn freed() -> Compartment {
    compartment(7).faulted_since(30, FaultCode::LockJammed)
}

/// The same order at another place, with what it met on its way.
fn moved(place: Place, status: OrderStatus) -> Order {
    let incidents = vec![incident(unit(7), FaultCode::LockJammed, 30, Some(90))];
    Order { place, status, place_epoch: 2, driver: None, incidents, ..order("o1", 7) }
}

fn deal(scene: DisplacedScene) -> Option<Decision<()>> {
    deal_with_displaced(scene, &event(), at(90))
}

/// Where the order goes.
fn destination(scene: DisplacedScene) -> Place {
    match deal(scene).unwrap().event {
        Event::OrderRerouted { to, .. } => to,
        other => panic!("{other:?}"),
    }
}

fn compartment_of(locker: &str) -> Place {
    Place::Compartment { locker: id(locker), compartment: number(1) }
}

#[test]
fn given_consent_then_the_nearest_other_locker_takes_the_order_in_one_decision_with_the_notice() {
    let scene = DisplacedScene { preferences: preferences(Some(1_000), true), ..underway() };
    let to = compartment_of("mz-02");
    let message = Message::Rerouted {
        order: id("o1"),
        from_locker_name: "Hauptbahnhof".to_owned(),
        locker_name: "mz-02".to_owned(),
        place_epoch: 2,
        cause: Some(FaultCode::LockJammed),
    };
    let notice = told(message, at(90));
    let expected = Decision {
        answer: (),
        changes: vec![
            freed().into(),
            room("mz-02").compartment.reserved_for("o1").into(),
            moved(to.clone(), OrderStatus::Rerouted).told(&notice).into(),
        ],
        unchanged: vec![locker_key(), compartment_key(7), StateKey::Locker(id("mz-02"))],
        notices: vec![notice],
        event: Event::OrderRerouted { from: place(7), to, why: None },
    };
    assert_eq!(deal(scene), Some(expected));
}

#[test]
fn another_locker_will_do_up_to_the_customers_radius_and_not_beyond() {
    let to = |radius_m| destination(DisplacedScene { preferences: preferences(Some(radius_m), false), ..underway() });
    assert_eq!((to(400), to(399)), (compartment_of("mz-02"), Place::Asked));
}

#[test]
fn a_locker_on_the_never_list_is_passed_over() {
    let mut scene = DisplacedScene { preferences: preferences(Some(1_000), false), ..underway() };
    scene.preferences.as_mut().unwrap().never.insert(id("mz-02"));
    assert_eq!(destination(scene), compartment_of("mz-03"));
}

#[test]
fn given_no_other_locker_and_consent_to_home_then_the_parcel_comes_to_the_door() {
    let scene = DisplacedScene { preferences: preferences(Some(1_000), true), rooms: vec![], ..underway() };
    let message = Message::ReroutedHome {
        order: id("o1"),
        from_locker_name: "Hauptbahnhof".to_owned(),
        place_epoch: 2,
        cause: Some(FaultCode::LockJammed),
    };
    let notice = told(message, at(90));
    let expected = Decision {
        answer: (),
        changes: vec![freed().into(), moved(Place::Home, OrderStatus::Rerouted).told(&notice).into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::OrderRerouted { from: place(7), to: Place::Home, why: None },
    };
    assert_eq!(deal(scene), Some(expected));
}

#[test]
fn without_consent_the_customer_is_asked_and_no_room_is_taken() {
    let message = Message::ChoosePlace {
        order: id("o1"),
        from_locker_name: "Hauptbahnhof".to_owned(),
        place_epoch: 2,
        cause: Some(FaultCode::LockJammed),
    };
    let notice = told(message, at(90));
    let expected = Decision {
        answer: (),
        changes: vec![freed().into(), moved(Place::Asked, OrderStatus::Rerouting).told(&notice).into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::OrderRerouted { from: place(7), to: Place::Asked, why: None },
    };
    for preferences in [None, preferences(None, false)] {
        assert_eq!(deal(DisplacedScene { preferences, ..underway() }), Some(expected.clone()));
    }
}

#[test]
fn consent_to_home_alone_takes_no_locker() {
    assert_eq!(destination(DisplacedScene { preferences: preferences(None, true), ..underway() }), Place::Home);
}

#[test]
fn an_order_that_was_moved_once_is_moved_again_when_its_new_place_breaks() {
    let again = Order { status: OrderStatus::Rerouted, place_epoch: 2, ..order("o1", 7) };
    let decision = deal(DisplacedScene { order: again, ..underway() }).unwrap();
    let State::Order(order) = decision.changes.last().unwrap() else { panic!("{decision:?}") };
    assert_eq!((order.place_epoch, &order.place), (3, &Place::Asked));
}

#[test]
fn a_displaced_order_leaves_a_compartment_that_another_holds_alone() {
    let others = compartment(7).reserved_for("o2").faulted_since(30, FaultCode::LockJammed);
    let decision = deal(DisplacedScene { compartment: others, ..underway() }).unwrap();
    let moved = moved(Place::Asked, OrderStatus::Rerouting).told(&decision.notices[0]);
    assert_eq!(decision.changes, vec![moved.into()]);
}

#[test]
fn given_a_shut_door_then_the_deadline_stops_where_the_fault_began_and_the_customer_is_told() {
    let message = Message::PickupDelayed {
        order: id("o1"),
        locker_name: "Hauptbahnhof".to_owned(),
        compartment: number(7),
        cause: Some(FaultCode::LockJammed),
        expected_by: None,
    };
    let notice = told(message, at(90));
    let stopped = Order {
        pickup_stopped_at: Some(at(30)),
        incidents: vec![incident(unit(7), FaultCode::LockJammed, 30, None)],
        ..order("o1", 7).deposited(10).told(&notice)
    };
    let expected = Decision {
        answer: (),
        changes: vec![stopped.into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::PickupDelayed { code: FaultCode::LockJammed },
    };
    assert_eq!(deal(inside()), Some(expected));
}

/// Since when the deadline stands still, and the fault that is named for it.
fn stopped(scene: DisplacedScene) -> (Option<Timestamp>, Unit, FaultCode) {
    let decision = deal(scene).unwrap();
    let State::Order(order) = &decision.changes[0] else { panic!("{decision:?}") };
    (order.pickup_stopped_at, order.incidents[0].unit, order.incidents[0].code)
}

#[test]
fn a_deadline_stops_with_the_first_fault_that_shut_the_door_even_where_a_worse_one_is_named() {
    let compartment = inside().compartment.faulted_since(50, FaultCode::DoorForced);
    let scene = DisplacedScene { compartment, ..inside() };
    assert_eq!(stopped(scene), (Some(at(30)), unit(7), FaultCode::DoorForced));
}

#[test]
fn a_deadline_stops_for_the_fault_that_shuts_the_door_and_not_for_one_that_only_keeps_parcels_out() {
    let scene = DisplacedScene {
        compartment: compartment(7).occupied_by("o1").faulted_since(20, FaultCode::DoorNotClosing),
        locker: locker().faulted_since(40, FaultCode::PowerLoss),
        ..inside()
    };
    assert_eq!(stopped(scene), (Some(at(40)), Unit::Locker, FaultCode::PowerLoss));
}

#[test]
fn a_deadline_never_stops_before_it_began() {
    let scene = DisplacedScene { order: order("o1", 7).deposited(60), ..inside() };
    assert_eq!(stopped(scene).0, Some(at(60)));
}

#[test]
fn a_parcel_that_can_still_be_collected_keeps_its_deadline() {
    let compartment = compartment(7).occupied_by("o1").faulted(FaultCode::DoorNotClosing);
    let locker = locker().faulted(FaultCode::NetworkLost);
    assert_eq!(deal(DisplacedScene { compartment, locker, ..inside() }), None);
}

#[test]
fn nobody_is_told_twice_that_a_pickup_is_delayed() {
    let decision = deal(inside()).unwrap();
    let State::Order(stopped) = decision.changes[0].clone() else { panic!("{decision:?}") };
    assert_eq!(deal(DisplacedScene { order: stopped, ..inside() }), None);
}

#[test]
fn nobody_is_told_twice_that_a_place_is_lost() {
    for preferences in [None, preferences(None, true), preferences(Some(1_000), false)] {
        let decision = deal(DisplacedScene { preferences: preferences.clone(), ..underway() }).unwrap();
        let State::Order(moved) = decision.changes.last().unwrap().clone() else { panic!("{decision:?}") };
        let again = DisplacedScene { order: moved, compartment: freed(), preferences, ..underway() };
        assert_eq!(deal(again), None);
    }
}

#[test]
fn given_the_place_works_again_or_a_fault_closes_nothing_then_nothing_is_done() {
    for compartment in [compartment(7), compartment(7).faulted(FaultCode::DisplayFault)] {
        let compartment = compartment.reserved_for("o1");
        assert_eq!(deal(DisplacedScene { compartment, ..underway() }), None);
    }
}

#[test]
fn an_order_that_is_no_longer_there_is_left_alone() {
    let elsewhere = DisplacedScene { order: order("o1", 8), ..underway() };
    assert_eq!(deal(elsewhere), None);
    for status in [OrderStatus::Collected, OrderStatus::Cancelled] {
        let over = DisplacedScene { order: Order { status, ..order("o1", 7) }, ..underway() };
        assert_eq!(deal(over), None, "{status}");
    }
}

/// What an order remembers that met these before its door was shut.
fn remembered(incidents: &[Incident]) -> Vec<Incident> {
    let order = Order { incidents: incidents.to_vec(), ..inside().order };
    let decision = deal(DisplacedScene { order, ..inside() }).unwrap();
    let State::Order(after) = &decision.changes[0] else { panic!("{decision:?}") };
    after.incidents.clone()
}

#[test]
fn an_order_remembers_ten_incidents_and_then_the_oldest_makes_room_for_the_newest() {
    let met = (0..10).map(|it| incident(unit(1), FaultCode::LockJammed, it, Some(it)));
    let met: Vec<Incident> = met.collect();
    let newest = incident(unit(7), FaultCode::LockJammed, 30, None);
    assert_eq!(remembered(&met[..9]), [&met[..9], std::slice::from_ref(&newest)].concat());
    assert_eq!(remembered(&met), [&met[1..], &[newest]].concat());
}

/// The order `o1`, deposited at second 0, with its deadline stopped an hour later.
fn waiting() -> Order {
    Order {
        pickup_stopped_at: Some(at(0) + hours(1)),
        incidents: vec![incident(unit(7), FaultCode::LockJammed, 3_600, None)],
        ..order("o1", 7).deposited(0)
    }
}

fn resume(order: Order, now: Timestamp) -> Option<Decision<()>> {
    resume_pickup(order, &locker(), &compartment(7).occupied_by("o1"), None, &event(), now)
}

#[test]
fn given_the_all_clear_then_the_deadline_runs_on_by_the_time_it_stood_still_and_the_customer_is_told() {
    let deadline = at(0) + hours(72 + 5);
    let message =
        Message::AllClear { order: id("o1"), locker_name: "Hauptbahnhof".to_owned(), compartment: number(7), deadline };
    let notice = told(message, at(0) + hours(6));
    let resumed = Order {
        pickup_stopped_at: None,
        pickup_deadline: Some(deadline),
        pickup_settled: settled(1, 6),
        incidents: vec![incident(unit(7), FaultCode::LockJammed, 3_600, Some(6 * 3_600))],
        ..waiting().told(&notice)
    };
    let expected = Decision {
        answer: (),
        changes: vec![resumed.into()],
        unchanged: vec![compartment_key(7), locker_key()],
        notices: vec![notice],
        event: Event::PickupResumed { order: id("o1") },
    };
    assert_eq!(resume(waiting(), at(0) + hours(6)), Some(expected));
}

#[test]
fn given_the_all_clear_late_in_the_hold_time_then_at_least_a_day_is_left() {
    for (stopped_after, deadline_after) in [(47, 72 + 10), (48, 72 + 10), (49, 72 + 11), (71, 72 + 33)] {
        let waiting = Order { pickup_stopped_at: Some(at(0) + hours(stopped_after)), ..waiting() };
        let decision = resume(waiting, at(0) + hours(stopped_after + 10)).unwrap();
        let State::Order(order) = &decision.changes[0] else { panic!("{decision:?}") };
        assert_eq!(order.pickup_deadline, Some(at(0) + hours(deadline_after)), "stopped after {stopped_after} h");
    }
}

#[test]
fn nobody_gets_the_all_clear_twice_or_without_having_waited() {
    let decision = resume(waiting(), at(0) + hours(6)).unwrap();
    let State::Order(resumed) = decision.changes[0].clone() else { panic!("{decision:?}") };
    assert_eq!(resume(resumed, at(0) + hours(7)), None);
    assert_eq!(resume(order("o1", 7).deposited(0), at(0) + hours(6)), None);
}

#[test]
fn nobody_gets_the_all_clear_before_a_door_that_is_still_shut() {
    let mine = compartment(7).occupied_by("o1");
    let doors = [
        (locker(), mine.clone().faulted(FaultCode::LockJammed)),
        (locker().faulted(FaultCode::PowerLoss), mine.clone()),
        (locker(), Compartment { service: Service::Blocked, ..mine }),
    ];
    for (locker, compartment) in doors {
        for was_shut in [None, shut(1, 5)] {
            let resumed = resume_pickup(waiting(), &locker, &compartment, was_shut, &event(), at(0) + hours(6));
            assert_eq!(resumed, None, "{locker:?} {compartment:?}");
        }
    }
}

#[test]
fn an_order_that_was_collected_or_is_elsewhere_gets_no_all_clear() {
    let collected = Order { status: OrderStatus::Collected, ..waiting() };
    let elsewhere = Order { place: place(8), ..waiting() };
    assert_eq!(resume(collected, at(0) + hours(6)), None);
    assert_eq!(resume(elsewhere, at(0) + hours(6)), None);
}

/// A door was shut from one hour to another.
fn shut(since: i64, until: i64) -> Option<ShutTime> {
    Some(ShutTime { since: at(0) + hours(since), until: at(0) + hours(until) })
}

/// The all-clear after six hours, for a door that was shut.
/// For that time it is settled how long the door was shut.
fn settled(since: i64, until: i64) -> Vec<ShutTime> {
    shut(since, until).into_iter().collect()
}

fn resume_after(order: Order, was_shut: Option<ShutTime>) -> Option<Decision<()>> {
    resume_pickup(order, &locker(), &compartment(7).occupied_by("o1"), was_shut, &event(), at(0) + hours(6))
}

#[test]
fn a_deadline_that_nobody_stopped_in_time_is_moved_on_all_the_same_and_the_customer_is_told() {
    let deadline = at(0) + hours(72 + 4);
    let message =
        Message::AllClear { order: id("o1"), locker_name: "Hauptbahnhof".to_owned(), compartment: number(7), deadline };
    let notice = told(message, at(0) + hours(6));
    let resumed = Order {
        pickup_deadline: Some(deadline),
        pickup_settled: settled(1, 5),
        ..order("o1", 7).deposited(0).told(&notice)
    };
    let expected = Decision {
        answer: (),
        changes: vec![resumed.into()],
        unchanged: vec![compartment_key(7), locker_key()],
        notices: vec![notice],
        event: Event::PickupResumed { order: id("o1") },
    };
    assert_eq!(resume_after(order("o1", 7).deposited(0), shut(1, 5)), Some(expected));
}

#[test]
fn a_deadline_is_moved_on_once_for_the_time_that_a_door_was_shut() {
    // Where it was stopped in time, it stood still until the all-clear, and not only until the repair.
    for (order, moved_on) in [(order("o1", 7).deposited(0), 4), (waiting(), 5)] {
        let decision = resume_after(order, shut(1, 5)).unwrap();
        let State::Order(resumed) = decision.changes[0].clone() else { panic!("{decision:?}") };
        assert_eq!(resumed.pickup_deadline, Some(at(0) + hours(72 + moved_on)));
        // The whole locker and the compartment were shut, and were repaired together.
        for was_shut in [shut(1, 5), shut(3, 5), shut(2, 4)] {
            assert_eq!(resume_after(resumed.clone(), was_shut), None);
        }
    }
}

#[test]
fn the_time_for_which_a_door_was_shut_counts_from_the_deposit_on() {
    let deposited = |after_hours: i64| order("o1", 7).deposited(after_hours * 3_600);
    let decision = resume_after(deposited(2), shut(1, 5)).unwrap();
    let State::Order(resumed) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!(resumed.pickup_deadline, Some(at(0) + hours(2 + 72 + 3)));
    assert_eq!(resume_after(deposited(5), shut(1, 5)), None, "deposited after the repair");
    let stopped = Order { pickup_stopped_at: Some(at(0) + hours(2)), ..deposited(2) };
    let decision = resume_after(stopped, shut(1, 5)).unwrap();
    let State::Order(resumed) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!(resumed.pickup_deadline, Some(at(0) + hours(2 + 72 + 4)), "it stood still ever since");
}

#[test]
fn a_deadline_that_ran_on_before_is_moved_on_only_for_the_time_since() {
    let before = Order { pickup_settled: settled(0, 3), ..order("o1", 7).deposited(0) };
    let decision = resume_after(before, shut(1, 5)).unwrap();
    let State::Order(resumed) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!(resumed.pickup_deadline, Some(at(0) + hours(72 + 2)));
}

#[test]
fn given_another_fault_before_the_all_clear_then_the_deadline_stops_with_it_and_the_time_before_is_owed() {
    let message = Message::PickupDelayed {
        order: id("o1"),
        locker_name: "Hauptbahnhof".to_owned(),
        compartment: number(7),
        cause: Some(FaultCode::DoorForced),
        expected_by: None,
    };
    let notice = told(message, at(0) + hours(6));
    let stopped = Order {
        pickup_stopped_at: Some(at(5 * 3_600 + 60)),
        pickup_settled: settled(1, 5),
        pickup_owed: hours(4),
        incidents: vec![incident(unit(7), FaultCode::DoorForced, 5 * 3_600 + 60, None)],
        ..order("o1", 7).deposited(0).told(&notice)
    };
    let expected = Decision {
        answer: (),
        changes: vec![stopped.into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::PickupDelayed { code: FaultCode::DoorForced },
    };
    let resume = |was_shut| {
        let order = order("o1", 7).deposited(0);
        resume_pickup(order, &locker(), &shut_again(), was_shut, &event(), at(0) + hours(6))
    };
    assert_eq!(resume(shut(1, 5)), Some(expected));
    assert_eq!(resume(None), None, "its own closure stops it, if the door was not shut before");
}

/// Compartment 7, which was repaired after five hours and forced open a minute later.
fn shut_again() -> Compartment {
    compartment(7).occupied_by("o1").faulted_since(5 * 3_600 + 60, FaultCode::DoorForced)
}

#[test]
fn a_deadline_that_only_the_next_fault_has_stopped_is_owed_the_time_before_it_and_nobody_is_told_again() {
    let stopped = Order { pickup_stopped_at: Some(at(5 * 3_600 + 60)), ..waiting() };
    let resume = |order| resume_pickup(order, &locker(), &shut_again(), shut(1, 5), &event(), at(0) + hours(6));
    let owed = Order { pickup_settled: settled(1, 5), pickup_owed: hours(4), ..stopped.clone() };
    let expected = Decision {
        answer: (),
        changes: vec![owed.clone().into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::PickupDelayed { code: FaultCode::DoorForced },
    };
    assert_eq!(resume(stopped), Some(expected));
    assert_eq!(resume(owed), None, "that is settled");
}

#[test]
fn a_door_that_was_shut_by_two_at_once_is_owed_for_the_whole_time_whichever_ends_first() {
    let mut order = order("o1", 7).deposited(0);
    // Two short windows of maintenance within the time of a fault, all of them worked off when the door works again.
    for (since, until) in [(2, 3), (5, 6), (1, 8)] {
        let decision = resume_after(order, shut(since, until)).unwrap();
        let State::Order(resumed) = decision.changes.into_iter().next().unwrap() else { panic!("no order") };
        order = resumed;
    }
    assert_eq!(order.pickup_deadline, Some(at(0) + hours(72 + 7)));
    assert_eq!(order.pickup_settled, settled(1, 8));
    assert_eq!(resume_after(order, shut(1, 8)), None, "once");
}

#[test]
fn a_deadline_that_stops_again_with_a_fault_from_before_is_owed_what_was_not_settled_since() {
    // Settled from 2 to 3 although the fault that shuts the door has been open since 1.
    let before = Order { pickup_settled: settled(2, 3), ..order("o1", 7).deposited(0) };
    let jammed = compartment(7).occupied_by("o1").faulted_since(3_600, FaultCode::LockJammed);
    let mut stopped = before;
    stopped.stand_still(&locker(), &jammed, at(0) + hours(4));
    let after = (stopped.pickup_stopped_at, stopped.pickup_owed, stopped.pickup_settled.clone());
    assert_eq!(after, (Some(at(0) + hours(3)), hours(1), settled(1, 3)));
    let resumed = stopped.run_on(at(0) + hours(6));
    assert_eq!(resumed, Some(at(0) + hours(72 + 1 + 3)));
}

#[test]
fn what_a_deadline_is_owed_is_added_once_when_its_door_works_at_last() {
    let owed = Order {
        pickup_stopped_at: Some(at(0) + hours(5)),
        pickup_settled: settled(1, 5),
        pickup_owed: hours(4),
        ..order("o1", 7).deposited(0)
    };
    let decision = resume_after(owed, shut(5, 6)).unwrap();
    let State::Order(resumed) = &decision.changes[0] else { panic!("{decision:?}") };
    let after = (resumed.pickup_deadline, resumed.pickup_stopped_at, resumed.pickup_owed);
    assert_eq!(after, (Some(at(0) + hours(72 + 1 + 4)), None, hours(0)));
}

#[test]
fn what_a_door_was_shut_for_by_two_at_once_is_given_back_once_and_whole_though_it_works_before_the_first_is_settled() {
    let after = |decision: Decision<()>| match &decision.changes[0] {
        State::Order(order) => order.clone(),
        other => panic!("{other:?}"),
    };
    let first = after(resume_after(order("o1", 7).deposited(0), shut(1, 3)).unwrap());
    assert_eq!(first.pickup_deadline, Some(at(0) + hours(72 + 2)));
    let second = after(resume_after(first, shut(2, 5)).unwrap());
    assert_eq!(second.pickup_deadline, Some(at(0) + hours(72 + 4)));
    assert_eq!(resume_after(second, shut(4, 5)), None, "that is settled");
}

/// Compartment 7, blocked by people since so many hours.
fn blocked(hour: i64) -> Compartment {
    Compartment { service: Service::Blocked, service_since: Some(at(0) + hours(hour)), ..compartment(7) }
}

#[test]
fn who_is_on_the_way_to_what_people_closed_is_displaced_and_remembers_from_where() {
    let shut = Locker {
        service: LockerService { lifecycle: Lifecycle::Maintenance, since: Some(at(30)), until: None },
        ..locker()
    };
    let own = compartment(7).reserved_for("o1");
    for (locker, compartment) in [(locker(), blocked(0).reserved_for("o1")), (shut, own)] {
        let decision = deal(DisplacedScene { locker, compartment, ..underway() }).unwrap();
        let State::Order(order) = decision.changes.last().unwrap() else { panic!("{decision:?}") };
        assert_eq!((&order.place, &order.displaced_from), (&Place::Asked, &Some(locker_id())));
        assert_eq!((order.incidents.len(), decision.notices.len()), (0, 1));
    }
}

#[test]
fn who_is_on_the_way_to_what_only_drains_keeps_the_place() {
    let draining = Compartment { service: Service::Draining, ..compartment(7).reserved_for("o1") };
    assert_eq!(deal(DisplacedScene { compartment: draining, ..underway() }), None);
    let drained = Locker { service: LockerService::new(Lifecycle::Draining), ..locker() };
    let own = compartment(7).reserved_for("o1");
    assert_eq!(deal(DisplacedScene { locker: drained, compartment: own, ..underway() }), None);
}

#[test]
fn a_deadline_stands_still_since_people_shut_the_door() {
    let compartment = blocked(1).occupied_by("o1");
    let decision = deal(DisplacedScene { compartment, ..inside() }).unwrap();
    let State::Order(order) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!((order.pickup_stopped_at, order.incidents.len()), (Some(at(0) + hours(1)), 0));
    assert_eq!((decision.event, decision.notices.len()), (Event::PickupStopped { order: id("o1") }, 1));
}

#[test]
fn a_deadline_stopped_by_the_second_closure_is_owed_the_time_of_the_first_before_it() {
    // A fault from hour 1 to 5 that nobody had dealt with; blocked since hour 3, dealt with first.
    let stopped = Order { pickup_stopped_at: Some(at(0) + hours(3)), ..waiting() };
    let door = blocked(3).occupied_by("o1");
    let decision = resume_pickup(stopped, &locker(), &door, shut(1, 5), &event(), at(0) + hours(6)).unwrap();
    let State::Order(owed) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!((owed.pickup_owed, owed.pickup_stopped_at), (hours(2), Some(at(0) + hours(3))));
    assert_eq!((&decision.event, decision.notices.len()), (&Event::PickupStopped { order: id("o1") }, 0));

    let decision = resume_pickup(
        owed.clone(),
        &locker(),
        &compartment(7).occupied_by("o1"),
        shut(3, 8),
        &event(),
        at(0) + hours(8),
    );
    let State::Order(resumed) = &decision.unwrap().changes[0] else { panic!("no order") };
    assert_eq!(resumed.pickup_deadline, waiting().pickup_deadline.map(|deadline| deadline + hours(7)));
}

#[test]
fn what_two_closures_have_in_common_is_owed_once() {
    // A fault from hour 1 to 5, blocked since hour 3; nobody has dealt with either before.
    let door = blocked(3).occupied_by("o1");
    let decision =
        resume_pickup(order("o1", 7).deposited(0), &locker(), &door, shut(1, 5), &event(), at(0) + hours(6)).unwrap();
    let State::Order(order) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!((order.pickup_owed, order.pickup_stopped_at), (hours(4), Some(at(0) + hours(5))));
}

#[test]
fn a_door_that_people_keep_shut_after_its_repair_stops_the_deadline_and_owes_the_time_before() {
    let blocked = Compartment { service: Service::Blocked, ..compartment(7).occupied_by("o1") };
    let resume = |order, was_shut| resume_pickup(order, &locker(), &blocked, was_shut, &event(), at(0) + hours(6));
    let message = Message::PickupDelayed {
        order: id("o1"),
        locker_name: "Hauptbahnhof".to_owned(),
        compartment: number(7),
        cause: None,
        expected_by: None,
    };
    let notice = told(message, at(0) + hours(6));
    let stopped = Order {
        pickup_stopped_at: Some(at(0) + hours(6)),
        pickup_settled: settled(1, 5),
        pickup_owed: hours(4),
        ..order("o1", 7).deposited(0).told(&notice)
    };
    let expected = Decision {
        answer: (),
        changes: vec![stopped.clone().into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::PickupStopped { order: id("o1") },
    };
    assert_eq!(resume(order("o1", 7).deposited(0), shut(1, 5)), Some(expected));
    assert_eq!(resume(stopped, shut(1, 5)), None, "that is settled");
}

#[test]
fn a_deadline_that_runs_or_stands_still_can_be_put_off_and_the_customer_is_told() {
    let extend =
        |order| extend_pickup(order, &locker(), 24, id("agent-1"), "ill".to_owned(), &event(), at(90)).unwrap();
    for stopped in [None, Some(at(0) + hours(1))] {
        let before = Order { pickup_stopped_at: stopped, ..order("o1", 7).deposited(0) };
        let deadline = at(0) + hours(96);
        let message = Message::PickupExtended {
            order: id("o1"),
            locker_name: "Hauptbahnhof".to_owned(),
            compartment: number(7),
            hours: 24,
            deadline: stopped.is_none().then_some(deadline),
        };
        let notice = told(message, at(90));
        let after =
            Order { pickup_deadline: Some(deadline), pickup_extended: hours(24), ..before.clone().told(&notice) };
        let expected = Decision {
            answer: after.clone(),
            changes: vec![after.into()],
            unchanged: vec![],
            notices: vec![notice],
            event: Event::PickupExtended { by: id("agent-1"), hours: 24, reason: "ill".to_owned() },
        };
        assert_eq!(extend(before), expected);
    }
}

#[test]
fn a_deadline_that_has_passed_runs_anew_from_now() {
    let now = at(0) + hours(80);
    let decision =
        extend_pickup(order("o1", 7).deposited(0), &locker(), 5, id("agent-1"), String::new(), &event(), now).unwrap();
    assert_eq!(decision.answer.pickup_deadline, Some(now + hours(5)));
}

#[test]
fn extensions_end_where_the_longest_hold_time_ends_and_begin_with_the_deposit() {
    let extend = |order, hours| extend_pickup(order, &locker(), hours, id("agent-1"), String::new(), &event(), at(90));
    let before = Order { pickup_extended: hours(90), ..order("o1", 7).deposited(0) };
    assert_eq!(extend(before.clone(), 6).unwrap().answer.pickup_extended, EXTENSION_MAX);
    assert_eq!(extend(before, 7), Err(Refusal::TooLong));
    for status in [OrderStatus::Placed, OrderStatus::Rerouting, OrderStatus::Collected, OrderStatus::Cancelled] {
        let other = Order { status, ..order("o1", 7).deposited(0) };
        assert_eq!(extend(other, 1), Err(Refusal::wrong_state(status)));
    }
}

/// The same, for a customer who named the kiosk and has no room in a locker.
fn with_shop(capacity: Option<u16>, home: bool) -> DisplacedScene {
    let wishes = Preferences { shop: Some(id("kiosk")), ..preferences(Some(1_000), home).unwrap() };
    let (name, position) = ("Kiosk".to_owned(), locker().position);
    let shop = Shop { id: id("kiosk"), name, position, capacity, expected: [].into() };
    DisplacedScene { preferences: Some(wishes), rooms: vec![], shop: Some(shop), ..underway() }
}

#[test]
fn given_no_locker_and_a_named_shop_then_the_parcel_goes_there_and_takes_its_room() {
    let decision = deal(with_shop(Some(3), true)).unwrap();
    let to = Place::Shop { shop: id("kiosk") };
    let message = Message::ReroutedToShop {
        order: id("o1"),
        from_locker_name: "Hauptbahnhof".to_owned(),
        shop_name: "Kiosk".to_owned(),
        place_epoch: 2,
        cause: Some(FaultCode::LockJammed),
    };
    let notice = told(message, at(90));
    let expecting = Shop { expected: [(id("o1"), at(90))].into(), ..with_shop(Some(3), true).shop.unwrap() };
    let moved = moved(to.clone(), OrderStatus::Rerouted).told(&notice);
    assert_eq!(decision.changes, vec![freed().into(), expecting.into(), moved.into()]);
    assert_eq!(decision.notices, vec![notice]);
    assert_eq!(decision.event, Event::OrderRerouted { from: place(7), to, why: None });
}

#[test]
fn a_shop_that_is_full_or_not_the_one_that_was_named_is_none() {
    assert_eq!(destination(with_shop(Some(0), true)), Place::Home);
    assert_eq!(destination(with_shop(Some(0), false)), Place::Asked);
    let mut other = with_shop(None, false);
    other.preferences.as_mut().unwrap().shop = Some(id("other"));
    assert_eq!(destination(other), Place::Asked);
}

#[test]
fn a_preferred_locker_will_do_at_any_distance_unless_it_is_ruled_out() {
    let mut scene = DisplacedScene { preferences: preferences(None, false), ..underway() };
    scene.preferences.as_mut().unwrap().preferred.insert(id("mz-03"));
    assert_eq!(destination(scene.clone()), compartment_of("mz-03"));
    scene.preferences.as_mut().unwrap().never.insert(id("mz-03"));
    assert_eq!(destination(scene), Place::Asked);
}

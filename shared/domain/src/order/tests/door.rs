use super::*;

/// The order `o1` at its compartment, which is held for it.
fn scene() -> DoorScene {
    DoorScene {
        order: Some(order("o1", 7)),
        locker: Some(locker()),
        compartment: Some(compartment(7).reserved_for("o1")),
        target: None,
    }
}

/// A scene in which nothing may go in, and why.
fn closed_doors() -> Vec<(DoorScene, Refusal)> {
    let with = |compartment: Compartment| DoorScene { compartment: Some(compartment), ..scene() };
    let mine = || compartment(7).reserved_for("o1");
    let mut scenes = vec![
        (DoorScene { order: None, ..scene() }, Refusal::UnknownOrder),
        (DoorScene { locker: None, ..scene() }, Refusal::UnknownLocker),
        (DoorScene { compartment: None, ..scene() }, Refusal::UnknownCompartment),
        (
            DoorScene { locker: Some(locker().faulted(FaultCode::NetworkLost)), ..scene() },
            Refusal::LockerUnavailable { by: ClosedBy::Fault { code: FaultCode::NetworkLost } },
        ),
        (
            with(mine().faulted(FaultCode::DoorNotClosing)),
            Refusal::CompartmentClosed { code: FaultCode::DoorNotClosing },
        ),
        (with(compartment(7)), Refusal::HeldByAnother),
        (with(compartment(7).reserved_for("o2")), Refusal::HeldByAnother),
        (with(compartment(7).occupied_by("o2")), Refusal::HeldByAnother),
        (with(compartment(7).occupied_by("o1")), Refusal::HeldByAnother),
        (with(Compartment { occupancy: Occupancy::Unknown { recorded: None }, ..mine() }), Refusal::HeldByAnother),
        (with(compartment(8).reserved_for("o1")), Refusal::OtherPlace),
        (with(Compartment { locker: id("mz-02"), ..mine() }), Refusal::OtherPlace),
        (DoorScene { order: Some(Order { place: Place::Home, ..order("o1", 7) }), ..scene() }, Refusal::OtherPlace),
    ];
    for lifecycle in [Lifecycle::Commissioning, Lifecycle::Maintenance, Lifecycle::Decommissioned] {
        let locker = Some(Locker { service: LockerService::new(lifecycle), ..locker() });
        let by = ClosedBy::People { lifecycle, until: None };
        scenes.push((DoorScene { locker, ..scene() }, Refusal::LockerUnavailable { by }));
    }
    for service in [Service::Blocked, Service::Decommissioned] {
        scenes.push((with(Compartment { service, ..mine() }), Refusal::CompartmentOutOfService));
    }
    use OrderStatus::*;
    for status in [Deposited, Collected, Rerouting, Cancelled] {
        let order = Some(Order { status, ..order("o1", 7) });
        scenes.push((DoorScene { order, ..scene() }, Refusal::wrong_state(status)));
    }
    scenes
}

#[test]
fn no_deposit_is_authorised_at_a_door_that_is_not_open_for_this_order() {
    for (scene, refusal) in closed_doors() {
        assert_eq!(authorise_deposit(scene.clone(), driver(), at(60)), Err(refusal), "{scene:?}");
    }
}

#[test]
fn no_deposit_is_recorded_behind_a_door_that_is_not_open_for_this_order() {
    for (scene, refusal) in closed_doors() {
        assert_eq!(record_deposit(scene.clone(), &event(), at(60)), Err(refusal), "{scene:?}");
    }
}

#[test]
fn given_an_open_door_then_the_driver_may_open_it_as_long_as_it_stays_open() {
    for status in [OrderStatus::Placed, OrderStatus::Rerouted] {
        let before = Order { status, ..order("o1", 7) };
        let expected = Decision {
            answer: number(7),
            changes: vec![Order { driver: Some(driver()), ..before.clone() }.into()],
            unchanged: vec![locker_key(), compartment_key(7)],
            notices: vec![],
            event: Event::DepositAuthorised { driver: driver(), compartment: number(7) },
        };
        assert_eq!(authorise_deposit(DoorScene { order: Some(before), ..scene() }, driver(), at(60)), Ok(expected));
    }
}

#[test]
fn a_driver_who_asks_again_gets_the_same_answer_and_nothing_changes() {
    let asked = Order { driver: Some(driver()), ..order("o1", 7) };
    let again = authorise_deposit(DoorScene { order: Some(asked), ..scene() }, driver(), at(60));
    assert_eq!(again, Ok(Decision::new(number(7))));
}

#[test]
fn a_driver_who_takes_over_is_remembered_in_place_of_the_first() {
    let asked = Order { driver: Some(id("dora")), ..order("o1", 7) };
    let decision = authorise_deposit(DoorScene { order: Some(asked.clone()), ..scene() }, driver(), at(60)).unwrap();
    assert_eq!(decision.changes, vec![Order { driver: Some(driver()), ..asked }.into()]);
}

#[test]
fn a_fault_that_closes_nothing_keeps_no_driver_away() {
    let dim = DoorScene { locker: Some(locker().faulted(FaultCode::DisplayFault)), ..scene() };
    assert!(authorise_deposit(dim, driver(), at(60)).is_ok());
}

#[test]
fn given_a_deposit_then_the_hold_time_begins_and_the_customer_is_told_and_the_driver_has_delivered() {
    let authorised = Order { driver: Some(driver()), promised_at: Some(at(900)), ..order("o1", 7) };
    let deadline = at(60) + HOLD_FOR;
    let message = Message::ReadyForPickup {
        order: id("o1"),
        locker_name: "Hauptbahnhof".to_owned(),
        compartment: number(7),
        deadline,
    };
    let notice = told(message, at(60));
    let expected = Decision {
        answer: (),
        changes: vec![
            compartment(7).occupied_by("o1").changed(60).into(),
            Delivery { promised_at: Some(at(900)), ..delivery() }.into(),
            Order {
                status: OrderStatus::Deposited,
                deposited_at: Some(at(60)),
                pickup_deadline: Some(deadline),
                ..authorised.clone().told(&notice)
            }
            .into(),
        ],
        unchanged: vec![locker_key()],
        notices: vec![notice],
        event: Event::ParcelDeposited { compartment: number(7) },
    };
    assert_eq!(record_deposit(DoorScene { order: Some(authorised), ..scene() }, &event(), at(60)), Ok(expected));
}

#[test]
fn a_deposit_that_nobody_was_let_in_for_is_recorded_and_is_no_drivers_delivery() {
    let decision = record_deposit(scene(), &event(), at(60)).unwrap();
    let deposited = order("o1", 7).deposited(60).told(&decision.notices[0]);
    let expected = [compartment(7).occupied_by("o1").changed(60).into(), deposited.into()];
    assert_eq!(decision.changes, expected);
}

/// The order `o1` in its compartment.
fn waiting() -> DoorScene {
    DoorScene {
        order: Some(order("o1", 7).deposited(60)),
        locker: Some(locker()),
        compartment: Some(compartment(7).occupied_by("o1")),
        target: None,
    }
}

#[test]
fn a_deposit_that_arrives_again_or_after_the_collection_is_refused_and_changes_nothing() {
    let collected = Order { status: OrderStatus::Collected, ..order("o1", 7).deposited(60) };
    let late = DoorScene { order: Some(collected), compartment: Some(compartment(7)), ..waiting() };
    assert_eq!(record_deposit(waiting(), &event(), at(61)), Err(Refusal::wrong_state("deposited")));
    assert_eq!(record_deposit(late, &event(), at(61)), Err(Refusal::wrong_state("collected")));
}

#[test]
fn given_a_collection_then_the_compartment_is_free_and_the_customer_is_asked_how_it_went() {
    let notice = told(Message::FeedbackRequested { order: id("o1") }, at(120));
    let after = Order { status: OrderStatus::Collected, collected_at: Some(at(120)), ..order("o1", 7).deposited(60) };
    let expected = Decision {
        answer: (),
        changes: vec![compartment(7).changed(120).into(), after.told(&notice).into()],
        unchanged: vec![],
        notices: vec![notice],
        event: Event::ParcelCollected { compartment: number(7) },
    };
    assert_eq!(record_collection(waiting(), &event(), at(120)), Ok(expected));
}

#[test]
fn a_collection_through_a_door_believed_to_be_shut_counts_and_the_fault_is_over_for_this_order() {
    let met = |until| incident(Unit::Locker, FaultCode::PowerLoss, 80, until);
    let stopped = Order { pickup_stopped_at: Some(at(80)), incidents: vec![met(None)], ..order("o1", 7).deposited(60) };
    let shut = compartment(7).occupied_by("o1").faulted(FaultCode::LockJammed);
    let scene = DoorScene {
        order: Some(stopped.clone()),
        locker: Some(locker().faulted(FaultCode::PowerLoss)),
        compartment: Some(shut.clone()),
        target: None,
    };
    let after = Order {
        status: OrderStatus::Collected,
        collected_at: Some(at(120)),
        pickup_stopped_at: None,
        incidents: vec![met(Some(120))],
        ..stopped
    };
    let decision = record_collection(scene, &event(), at(120)).unwrap();
    let after = after.told(&decision.notices[0]);
    assert_eq!(
        decision.changes,
        vec![Compartment { occupancy: Occupancy::Free, ..shut.changed(120) }.into(), after.into()]
    );
}

#[test]
fn a_collection_leaves_a_compartment_that_another_order_holds_alone() {
    let scene = DoorScene { compartment: Some(compartment(7).reserved_for("o2")), ..waiting() };
    let decision = record_collection(scene, &event(), at(120)).unwrap();
    let after = Order { status: OrderStatus::Collected, collected_at: Some(at(120)), ..order("o1", 7).deposited(60) };
    assert_eq!(decision.changes, vec![after.told(&decision.notices[0]).into()]);
}

#[test]
fn a_collection_is_refused_unless_the_parcel_was_deposited_here() {
    let collect = |scene| record_collection(scene, &event(), at(120)).map(drop);
    assert_eq!(collect(DoorScene { order: None, ..waiting() }), Err(Refusal::UnknownOrder));
    assert_eq!(collect(DoorScene { compartment: None, ..waiting() }), Err(Refusal::UnknownCompartment));
    let elsewhere = Some(compartment(8).occupied_by("o1"));
    assert_eq!(collect(DoorScene { compartment: elsewhere, ..waiting() }), Err(Refusal::OtherPlace));
    use OrderStatus::*;
    for status in [Placed, Collected, Rerouting, Rerouted, Cancelled] {
        let order = Some(Order { status, ..order("o1", 7) });
        assert_eq!(collect(DoorScene { order, ..waiting() }), Err(Refusal::wrong_state(status)));
    }
}

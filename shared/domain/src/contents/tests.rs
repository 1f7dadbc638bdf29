use super::*;
use crate::State;
use crate::fault::FaultCode::{DoorForced, OccupancyMismatch};
use crate::locker::FaultOutcome;
use crate::testing::*;
use crate::work_order::WorkOrderStatus;

fn believed(inside: &[(u16, bool)]) -> OccupancyReport {
    let inside = inside.iter().map(|(of, inside)| (number(*of), *inside)).collect();
    OccupancyReport { locker: locker_id(), event: event(), received_at: at(100), inside }
}

fn judge(compartments: &[Compartment], inside: &[(u16, bool)]) -> Decision<Vec<CompartmentNumber>> {
    let compartments = compartments.to_vec();
    let scene = OccupancyScene { locker: Some(locker()), work_order: None, compartments };
    report_occupancy(scene, &believed(inside), at(170)).unwrap()
}

fn unknown(of: u16, recorded: Option<&str>) -> Compartment {
    Compartment { occupancy: Occupancy::Unknown { recorded: recorded.map(id) }, ..compartment(of) }
}

#[test]
fn a_device_that_agrees_changes_nothing() {
    let compartments = [compartment(1), compartment(2).reserved_for("o2"), compartment(3).occupied_by("o3")];
    let decision = judge(&compartments, &[(1, false), (2, false), (3, true)]);
    assert_eq!(decision, Decision::new(vec![]));
}

#[test]
fn what_they_disagree_about_is_unknown_and_somebody_is_called_and_what_was_recorded_is_kept() {
    let compartments = [compartment(1), compartment(2).reserved_for("o2"), compartment(3).occupied_by("o3")];
    let decision = judge(&compartments, &[(1, true), (2, true), (3, false)]);
    let faulted = |it: Compartment| it.faulted_since(100, OccupancyMismatch).changed(170);
    let units = [unit(1), unit(2), unit(3)].map(|it| (it, OccupancyMismatch));
    let raised = units.to_vec();
    let outcome = FaultOutcome { raised, ..FaultOutcome::default() };
    let numbers = vec![number(1), number(2), number(3)];
    assert_eq!(decision.answer, numbers);
    assert_eq!(decision.event, Event::OccupancyDisagreed { compartments: numbers, outcome });
    let expected = [(1, None), (2, Some("o2")), (3, Some("o3"))].map(|(of, it)| State::from(faulted(unknown(of, it))));
    assert_eq!(decision.changes[1..], expected);
    let State::WorkOrder(called) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!((called.status, called.units.len()), (WorkOrderStatus::Open, 3));
}

#[test]
fn what_has_changed_since_it_was_said_is_history() {
    for since in [100, 150] {
        let changed = compartment(1).occupied_by("o1").changed(since);
        let reopened = Compartment { reopened_at: Some(at(since)), ..compartment(1) };
        assert_eq!(judge(&[changed], &[(1, false)]), Decision::new(vec![]));
        assert_eq!(judge(&[reopened], &[(1, true)]), Decision::new(vec![]));
    }
    assert_eq!(judge(&[compartment(1).occupied_by("o1").changed(99)], &[(1, false)]).answer, [number(1)]);
}

#[test]
fn what_is_in_dispute_calls_again_only_where_nobody_is_called_any_more() {
    for inside in [true, false] {
        let called = unknown(1, Some("o1")).faulted(OccupancyMismatch);
        assert_eq!(judge(&[called], &[(1, inside)]), Decision::new(vec![]));
        let again = judge(&[unknown(1, Some("o1"))], &[(1, inside)]);
        assert_eq!(again.changes[1], unknown(1, Some("o1")).faulted_since(100, OccupancyMismatch).changed(170).into());
    }
}

#[test]
fn a_device_that_disagrees_about_everything_is_not_believed() {
    let compartments: Vec<Compartment> = (1..=41).map(|of| compartment(of).occupied_by(&format!("o{of}"))).collect();
    let inside: Vec<(u16, bool)> = (1..=41).map(|of| (of, false)).collect();
    let decision = judge(&compartments, &inside);
    assert_eq!(decision.answer, []);
    assert_eq!(decision.changes[1..], [locker().faulted_since(100, OccupancyMismatch).into()]);
    let locker = Some(locker().faulted(OccupancyMismatch));
    let scene = OccupancyScene { locker, work_order: None, compartments };
    assert_eq!(report_occupancy(scene, &believed(&inside), at(170)), Ok(Decision::new(vec![])), "called already");
}

fn look(
    compartment: Compartment,
    found: Option<Order>,
    recorded: Option<Order>,
) -> Result<Decision<Compartment>, Refusal> {
    let scene = LookScene { locker: locker(), compartment, found, recorded, held: None };
    settle_contents(scene, id("tech-1"), &event(), at(500))
}

fn in_dispute(recorded: Option<&str>) -> Compartment {
    unknown(7, recorded).faulted(OccupancyMismatch)
}

fn settled(occupancy: Occupancy) -> Compartment {
    Compartment { occupancy, ..in_dispute(None).changed(500) }
}

#[test]
fn an_empty_compartment_that_nobody_expected_anything_in_is_free_but_not_open() {
    let decision = look(in_dispute(None), None, None).unwrap();
    assert_eq!(decision.changes, [settled(Occupancy::Free).into()]);
    assert!(!decision.answer.bookable(), "its fault is repaired, not talked away");
}

#[test]
fn a_parcel_that_is_where_it_was_recorded_stays_there_and_its_order_as_it_is() {
    let decision = look(in_dispute(Some("o1")), Some(order("o1", 7).deposited(0)), None).unwrap();
    assert_eq!(decision.changes, [settled(Occupancy::Occupied { order: id("o1") }).into()]);
    assert_eq!(decision.notices, []);
}

#[test]
fn a_parcel_that_is_not_where_it_was_recorded_is_missing_and_its_customer_is_told() {
    let message = Message::ParcelMissing { order: id("o1"), locker_name: "Hauptbahnhof".to_owned() };
    let notice = told(message, at(500));
    let door = CompartmentId { locker: locker_id(), compartment: number(7) };
    let after = Order {
        status: OrderStatus::Recovery,
        place: Place::Missing,
        place_epoch: 2,
        pickup_stopped_at: Some(at(500)),
        recovery: Some(Recovery::new(id("tech-1"), door, None, at(500)).into()),
        ..order("o1", 7).deposited(0).told(&notice)
    };
    let expected = Decision {
        answer: settled(Occupancy::Free),
        changes: vec![settled(Occupancy::Free).into(), after.into()],
        unchanged: vec![],
        notices: vec![notice],
        event: Event::ParcelMissed { by: id("tech-1"), from: place(7) },
    };
    assert_eq!(look(in_dispute(Some("o1")), None, Some(order("o1", 7).deposited(0))), Ok(expected));
}

#[test]
fn a_place_for_a_parcel_on_its_way_is_held_for_it_again() {
    let decision = look(in_dispute(Some("o1")), None, Some(order("o1", 7))).unwrap();
    assert_eq!(decision.changes, [settled(Occupancy::Reserved { order: id("o1") }).into()]);
}

fn missing() -> Order {
    let recovery = Recovery::new(id("tech-1"), CompartmentId::of(&compartment(3)), None, at(400));
    Order {
        status: OrderStatus::Recovery,
        place: Place::Missing,
        place_epoch: 2,
        pickup_stopped_at: Some(at(400)),
        recovery: Some(recovery.into()),
        ..order("o1", 3).deposited(0)
    }
}

#[test]
fn a_missing_parcel_that_is_found_can_be_collected_where_it_is_or_waits_for_its_door() {
    let decision = look(in_dispute(None), Some(missing()), None).unwrap();
    let State::Order(found) = &decision.changes[1] else { panic!("{decision:?}") };
    let deadline = at(0) + hours(72) + SignedDuration::from_secs(100);
    assert_eq!((found.status, &found.place, found.place_epoch), (OrderStatus::Deposited, &place(7), 3));
    assert_eq!((found.pickup_stopped_at, found.pickup_deadline), (None, Some(deadline)));
    assert_eq!(found.recovery.as_ref().unwrap().ended_at, Some(at(500)));
    assert_eq!(decision.notices[0].message.kind(), "brought_elsewhere");
    let shut = look(in_dispute(None).faulted(DoorForced), Some(missing()), None).unwrap();
    let State::Order(found) = &shut.changes[1] else { panic!("{shut:?}") };
    assert_eq!((found.status, found.pickup_stopped_at), (OrderStatus::Deposited, Some(at(400))));
    assert_eq!(shut.notices[0].message.kind(), "pickup_delayed");
}

#[test]
fn a_deposit_that_nobody_told_of_is_recorded_when_it_is_found() {
    let held = compartment(8).reserved_for("o1");
    let before = Order { driver: Some(driver()), ..order("o1", 8) };
    let scene = LookScene {
        locker: locker(),
        compartment: in_dispute(None),
        found: Some(before),
        recorded: None,
        held: Some(held),
    };
    let decision = settle_contents(scene, id("tech-1"), &event(), at(500)).unwrap();
    assert_eq!(decision.changes[1], compartment(8).into(), "what was held for it is free");
    let State::Order(found) = &decision.changes[2] else { panic!("{decision:?}") };
    assert_eq!((found.status, found.pickup_deadline), (OrderStatus::Deposited, Some(at(500) + HOLD_FOR)));
    assert_eq!(decision.notices[0].message.kind(), "ready_for_pickup");
}

#[test]
fn what_is_in_no_doubt_or_contradicts_what_is_known_is_refused() {
    let looks = [
        (compartment(7), None, None, Refusal::wrong_state("ok")),
        (in_dispute(Some("o2")), Some(missing()), Some(order("o2", 7).deposited(0)), Refusal::HeldByAnother),
        (in_dispute(None), Some(order("o1", 8).deposited(0)), None, Refusal::OtherPlace),
    ];
    for (compartment, found, recorded, refusal) in looks {
        assert_eq!(look(compartment, found, recorded), Err(refusal));
    }
    for status in [OrderStatus::Collected, OrderStatus::Cancelled] {
        let over = Order { status, ..order("o1", 8) };
        assert_eq!(look(in_dispute(None), Some(over), None), Err(Refusal::wrong_state(status)));
    }
}

#[test]
fn a_driver_has_delivered_what_is_found_where_the_driver_was_let_in_and_nothing_else() {
    let before = |compartment| Order { driver: Some(driver()), ..order("o1", compartment) };
    let delivered = |compartment, recorded| {
        let decision = look(in_dispute(recorded), Some(before(compartment)), None).unwrap();
        decision.changes.into_iter().find_map(|it| Delivery::try_from(it).ok())
    };
    assert_eq!(delivered(7, Some("o1")), Some(Delivery { delivered_at: at(500), ..delivery() }));
    assert_eq!(delivered(8, None), None);
}

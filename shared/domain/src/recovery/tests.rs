use super::*;
use crate::fault::FaultCode::{LockJammed, PowerLoss};
use crate::order::{DoorScene, REST_MIN, authorise_deposit, record_collection, record_deposit, resume_pickup};
use crate::refusal::ClosedBy;
use crate::testing::*;
use crate::{SignedDuration, State};

/// Compartment 7 with the parcel of `o1` behind a jammed door, since an hour after the deposit.
fn jammed() -> Compartment {
    compartment(7).occupied_by("o1").faulted_since(3_600, LockJammed)
}

fn waiting() -> Order {
    Order {
        pickup_stopped_at: Some(at(3_600)),
        incidents: vec![incident(unit(7), LockJammed, 3_600, None)],
        ..order("o1", 7).deposited(0)
    }
}

fn other() -> Locker {
    Locker { id: id("mz-02"), name: "Dom".to_owned(), ..locker() }
}

fn room() -> Room {
    Room { compartment: target(), locker: other() }
}

fn target() -> Compartment {
    Compartment::new(id("mz-02"), number(1), crate::size::Size::M)
}

fn target_door() -> CompartmentId {
    CompartmentId { locker: id("mz-02"), compartment: number(1) }
}

fn there() -> Place {
    Place::Compartment { locker: id("mz-02"), compartment: number(1) }
}

fn technician() -> PersonId {
    id("tech-1")
}

/// The order once the run has been started after two hours.
fn started() -> Order {
    let recovery = Recovery::new(technician(), CompartmentId::of(&jammed()), Some(target_door()), at(7_200));
    Order { status: OrderStatus::Recovery, recovery: Some(recovery.into()), ..waiting() }
}

fn handover(from: Option<&str>, to: &str, second: i64) -> Handover {
    Handover { from: from.map(id), to: id(to), at: at(second) }
}

/// The same in somebody's hands.
fn taken(custody: &[Handover]) -> Order {
    let recovery = Recovery { custody: custody.to_vec(), ..*started().recovery.unwrap() };
    Order { place: Place::Custody, place_epoch: 2, recovery: Some(recovery.into()), ..started() }
}

fn start(order: Order, locker: &Locker, compartment: &Compartment) -> Result<Decision<Order>, Refusal> {
    start_recovery(order, locker, compartment, room(), technician(), &event(), at(7_200))
}

fn fetching(to: &str) -> Message {
    let from_locker_name = "Hauptbahnhof".to_owned();
    Message::RecoveryStarted { order: id("o1"), from_locker_name, locker_name: to.to_owned(), cause: Some(LockJammed) }
}

#[test]
fn a_run_reserves_the_new_place_before_the_parcel_moves_and_tells_the_customer() {
    let notice = told(fetching("Dom"), at(7_200));
    let after = started().told(&notice);
    let expected = Decision {
        answer: after.clone(),
        changes: vec![target().reserved_for("o1").into(), after.into()],
        unchanged: vec![locker_key(), compartment_key(7), StateKey::Locker(id("mz-02"))],
        notices: vec![notice],
        event: Event::RecoveryStarted { by: technician(), to: there() },
    };
    assert_eq!(start(waiting(), &locker(), &jammed()), Ok(expected));
}

#[test]
fn a_run_stops_a_deadline_that_nobody_has_stopped_yet() {
    let decision = start(order("o1", 7).deposited(0), &locker(), &jammed()).unwrap();
    let after = (decision.answer.pickup_stopped_at, decision.answer.incidents);
    assert_eq!(after, (waiting().pickup_stopped_at, waiting().incidents));
}

#[test]
fn nothing_is_fetched_from_a_door_that_opens_or_that_the_parcel_is_not_behind() {
    assert_eq!(start(waiting(), &locker(), &compartment(7).occupied_by("o1")), Err(Refusal::NotTrapped));
    assert_eq!(
        start(waiting(), &locker(), &compartment(8).occupied_by("o1").faulted(LockJammed)),
        Err(Refusal::OtherPlace)
    );
    assert_eq!(
        start(waiting(), &locker(), &compartment(7).occupied_by("o2").faulted(LockJammed)),
        Err(Refusal::OtherPlace)
    );
    for status in [OrderStatus::Placed, OrderStatus::Collected, OrderStatus::Recovery, OrderStatus::Cancelled] {
        let other = Order { status, ..waiting() };
        assert_eq!(start(other, &locker(), &jammed()), Err(Refusal::wrong_state(status)));
    }
}

#[test]
fn who_takes_the_parcel_out_has_it_and_its_compartment_is_empty() {
    let after = taken(&[handover(None, "tech-1", 7_300)]);
    let empty = Compartment { occupancy: Occupancy::Free, contents_changed_at: Some(at(7_300)), ..jammed() };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![empty.into(), after.clone().into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::ParcelTaken { by: technician() },
    };
    assert_eq!(take_parcel(started(), jammed(), technician(), at(7_300)), Ok(expected));
    let again = take_parcel(after, jammed(), technician(), at(7_300));
    assert_eq!(again, Err(Refusal::OtherPlace));
    let early = take_parcel(waiting(), jammed(), technician(), at(7_300));
    assert_eq!(early, Err(Refusal::wrong_state("deposited")));
}

#[test]
fn a_handover_names_both_and_only_who_has_it_can_give_it() {
    let first = handover(None, "tech-1", 7_300);
    let second = handover(Some("tech-1"), "dirk", 7_400);
    let after = taken(&[first.clone(), second.clone()]);
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.clone().into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::ParcelHandedOver { from: technician(), to: driver() },
    };
    let before = || taken(std::slice::from_ref(&first));
    assert_eq!(receive_parcel(before(), technician(), driver(), at(7_400)), Ok(expected));
    for (from, by) in [("anna", "dirk"), ("dirk", "tech-1"), ("tech-1", "tech-1")] {
        assert_eq!(receive_parcel(before(), id(from), id(by), at(7_400)), Err(Refusal::NotTheHolder), "{from} {by}");
    }
    assert_eq!(receive_parcel(after, technician(), id("emil"), at(7_500)), Err(Refusal::NotTheHolder));
    assert_eq!(receive_parcel(started(), technician(), driver(), at(7_400)), Err(Refusal::wrong_state("recovery")));
    let longest = taken(&vec![first; HANDOVERS_MAX]);
    assert_eq!(receive_parcel(longest, technician(), driver(), at(7_400)), Err(Refusal::TooLong));
}

/// The device of the new place reports the parcel inside, three hours after the deposit.
fn at_the_new_place(order: Order, locker: Locker, compartment: Compartment) -> DoorScene {
    DoorScene { order: Some(order), locker: Some(locker), compartment: Some(compartment), target: None }
}

#[test]
fn a_parcel_that_was_brought_can_be_collected_with_its_time_and_the_customer_is_told_where() {
    let held = target().reserved_for("o1");
    let custody = [handover(None, "tech-1", 7_300)];
    let scene = at_the_new_place(taken(&custody), other(), held.clone());
    let (now, deadline) = (at(3 * 3_600), at(0) + hours(72 + 2));
    let message =
        Message::BroughtElsewhere { order: id("o1"), locker_name: "Dom".to_owned(), compartment: number(1), deadline };
    let notice = told(message, now);
    let recovery =
        Recovery { target: None, custody: custody.to_vec(), ended_at: Some(now), ..*started().recovery.unwrap() };
    let after = Order {
        status: OrderStatus::Deposited,
        place: there(),
        place_epoch: 3,
        pickup_deadline: Some(deadline),
        pickup_stopped_at: None,
        pickup_settled: vec![ShutTime { since: at(0), until: now }],
        incidents: vec![incident(unit(7), LockJammed, 3_600, Some(3 * 3_600))],
        recovery: Some(recovery.into()),
        ..waiting().told(&notice)
    };
    let inside = Compartment { contents_changed_at: Some(now), ..target().occupied_by("o1") };
    let expected = Decision {
        answer: (),
        changes: vec![inside.into(), after.into()],
        unchanged: vec![StateKey::Locker(id("mz-02"))],
        notices: vec![notice],
        event: Event::ParcelPlaced { compartment: number(1), by: technician() },
    };
    assert_eq!(record_deposit(scene, &event(), now), Ok(expected));
}

#[test]
fn at_least_a_day_is_left_in_the_new_place() {
    let late = Order { pickup_stopped_at: Some(at(0) + hours(71)), ..taken(&[handover(None, "tech-1", 7_300)]) };
    let scene = at_the_new_place(late, other(), target().reserved_for("o1"));
    let now = at(0) + hours(80);
    let decision = record_deposit(scene, &event(), now).unwrap();
    let State::Order(after) = &decision.changes[1] else { panic!("{decision:?}") };
    assert_eq!(after.pickup_deadline, Some(now + REST_MIN));
}

#[test]
fn the_new_place_takes_the_parcel_only_where_it_is_open_and_held_for_it() {
    let held = || target().reserved_for("o1");
    let with = || taken(&[handover(None, "tech-1", 7_300)]);
    let second = Compartment::new(id("mz-02"), number(2), crate::size::Size::M);
    let scenes = [
        (
            with(),
            other().faulted(PowerLoss),
            held(),
            Refusal::LockerUnavailable { by: ClosedBy::Fault { code: PowerLoss } },
        ),
        (with(), other(), held().faulted(LockJammed), Refusal::CompartmentClosed { code: LockJammed }),
        (with(), other(), target().reserved_for("o2"), Refusal::HeldByAnother),
        (with(), other(), second.reserved_for("o1"), Refusal::OtherPlace),
        (started(), other(), held(), Refusal::wrong_state("recovery")),
    ];
    for (order, locker, compartment, refusal) in scenes {
        let scene = at_the_new_place(order, locker, compartment);
        assert_eq!(record_deposit(scene.clone(), &event(), at(9_000)), Err(refusal.clone()));
        assert_eq!(authorise_deposit(scene, technician()), Err(refusal));
    }
}

#[test]
fn the_new_door_is_opened_for_who_has_the_parcel_and_nobody_else() {
    let scene = || at_the_new_place(taken(&[handover(None, "tech-1", 7_300)]), other(), target().reserved_for("o1"));
    assert_eq!(authorise_deposit(scene(), technician()), Ok(Decision::new(number(1))));
    assert_eq!(authorise_deposit(scene(), driver()), Err(Refusal::NotTheHolder));
}

#[test]
fn another_place_is_reserved_and_the_first_released_in_one_commit() {
    let next = Locker { id: id("mz-03"), name: "Markt".to_owned(), ..locker() };
    let free = Compartment::new(id("mz-03"), number(4), crate::size::Size::M);
    let door = CompartmentId::of(&free);
    for before in [started(), taken(&[handover(None, "tech-1", 7_300)])] {
        let room = Room { locker: next.clone(), compartment: free.clone() };
        let held = Some(target().reserved_for("o1"));
        let (order, from_locker_name, locker_name) = (id("o1"), "Hauptbahnhof".to_owned(), "Markt".to_owned());
        let message = Message::RecoveryStarted { order, from_locker_name, locker_name, cause: None };
        let notice = told(message, at(8_000));
        let recovery = Recovery { target: Some(door.clone()), ..*before.recovery.clone().unwrap() };
        let after = Order { recovery: Some(recovery.into()), ..before.clone().told(&notice) };
        let to = room.place();
        let expected = Decision {
            answer: after.clone(),
            changes: vec![target().into(), free.clone().reserved_for("o1").into(), after.into()],
            unchanged: vec![StateKey::Locker(id("mz-03"))],
            notices: vec![notice],
            event: Event::RecoveryRedirected { by: driver(), to },
        };
        let redirected = redirect_recovery(before, &locker(), held, room, driver(), &event(), at(8_000));
        assert_eq!(redirected, Ok(expected));
    }
}

fn abandon(order: Order, compartment: &Compartment) -> Result<Decision<Order>, Refusal> {
    let (held, by) = (Some(target().reserved_for("o1")), Some((technician(), "stuck".to_owned())));
    abandon_recovery(order, &locker(), compartment, held, by, &event(), at(3 * 3_600))
}

fn given_up() -> Option<Box<Recovery>> {
    Some(Box::new(Recovery { target: None, ended_at: Some(at(3 * 3_600)), ..*started().recovery.unwrap() }))
}

#[test]
fn a_run_that_is_given_up_leaves_the_parcel_where_it_is_with_its_deadline_standing_still() {
    let message = Message::PickupDelayed {
        order: id("o1"),
        locker_name: "Hauptbahnhof".to_owned(),
        compartment: number(7),
        cause: Some(LockJammed),
        expected_by: None,
    };
    let notice = told(message, at(3 * 3_600));
    let after = Order { recovery: given_up(), ..waiting().told(&notice) };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![target().into(), after.into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::RecoveryAbandoned { by: Some(technician()), reason: Some("stuck".to_owned()), resumed: false },
    };
    assert_eq!(abandon(started(), &jammed()), Ok(expected));
}

#[test]
fn a_parcel_in_somebodys_hands_cannot_be_given_up() {
    let refused = abandon(taken(&[handover(None, "tech-1", 7_300)]), &jammed());
    assert_eq!(refused, Err(Refusal::wrong_state("custody")));
    assert_eq!(abandon(waiting(), &jammed()), Err(Refusal::wrong_state("deposited")));
}

#[test]
fn given_the_all_clear_before_it_was_taken_then_the_run_is_over_and_the_deadline_runs_on() {
    let works = compartment(7).occupied_by("o1");
    let deadline = at(0) + hours(72 + 2);
    let message =
        Message::AllClear { order: id("o1"), locker_name: "Hauptbahnhof".to_owned(), compartment: number(7), deadline };
    let notice = told(message, at(3 * 3_600));
    let after = Order {
        recovery: given_up(),
        pickup_deadline: Some(deadline),
        pickup_stopped_at: None,
        pickup_settled: vec![ShutTime { since: at(3_600), until: at(3 * 3_600) }],
        incidents: vec![incident(unit(7), LockJammed, 3_600, Some(3 * 3_600))],
        ..waiting().told(&notice)
    };
    let expected = Decision {
        answer: (),
        changes: vec![target().into(), after.into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::RecoveryAbandoned { by: None, reason: None, resumed: true },
    };
    let end = |order, compartment: &Compartment| {
        let held = Some(target().reserved_for("o1"));
        end_recovery_at_a_door_that_works(order, &locker(), compartment, held, None, &event(), at(3 * 3_600))
    };
    assert_eq!(end(started(), &works), Some(expected));
    assert_eq!(end(started(), &jammed()), None, "another fault keeps it shut");
    assert_eq!(end(taken(&[handover(None, "tech-1", 7_300)]), &works), None, "it is not there any more");
    assert_eq!(end(waiting(), &works), None, "nobody fetches it");
    let resumed = resume_pickup(started(), &locker(), &works, None, &event(), at(3 * 3_600));
    assert_eq!(resumed, None, "the deadline stands still while it is fetched");
}

#[test]
fn what_a_door_was_shut_before_the_deadline_stopped_is_owed_while_its_parcel_is_fetched() {
    let was_shut = Some(ShutTime { since: at(1_800), until: at(5_400) });
    let end = |order, compartment: &Compartment| {
        let held = Some(target().reserved_for("o1"));
        end_recovery_at_a_door_that_works(order, &locker(), compartment, held, was_shut, &event(), at(3 * 3_600))
    };
    let owed = Order {
        pickup_owed: SignedDuration::from_secs(1_800),
        pickup_settled: vec![ShutTime { since: at(1_800), until: at(3_600) }],
        ..started()
    };
    let expected = Decision {
        answer: (),
        changes: vec![owed.clone().into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::PickupDelayed { code: LockJammed },
    };
    assert_eq!(end(started(), &jammed()), Some(expected));
    assert_eq!(end(owed.clone(), &jammed()), None, "that is settled");
    let works = compartment(7).occupied_by("o1");
    for order in [owed, started()] {
        let decision = end(order, &works).unwrap();
        let Some(State::Order(resumed)) = decision.changes.last() else { panic!("{decision:?}") };
        let deadline = at(0) + crate::order::HOLD_FOR + SignedDuration::from_secs(2 * 3_600 + 1_800);
        assert_eq!((resumed.pickup_deadline, resumed.pickup_owed), (Some(deadline), SignedDuration::ZERO));
    }
}

#[test]
fn a_customer_who_is_quicker_has_the_parcel_and_nothing_is_reserved_any_more() {
    let scene = DoorScene {
        order: Some(started()),
        locker: Some(locker()),
        compartment: Some(jammed()),
        target: Some(target().reserved_for("o1")),
    };
    let decision = record_collection(scene.clone(), &event(), at(3 * 3_600)).unwrap();
    let empty = Compartment { occupancy: Occupancy::Free, contents_changed_at: Some(at(3 * 3_600)), ..jammed() };
    assert_eq!(decision.changes[..2], [empty.into(), target().into()]);
    let State::Order(after) = &decision.changes[2] else { panic!("{decision:?}") };
    assert_eq!((after.status, &after.recovery, after.pickup_stopped_at), (OrderStatus::Collected, &given_up(), None));
    let order = Some(taken(&[handover(None, "tech-1", 7_300)]));
    let late = record_collection(DoorScene { order, ..scene }, &event(), at(3 * 3_600));
    assert_eq!(late, Err(Refusal::wrong_state("recovery")), "somebody else has it");
}

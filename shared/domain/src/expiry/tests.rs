use super::*;
use crate::compartment::Service;
use crate::fault::FaultCode::{DoorNotClosing, LockJammed, NetworkLost};
use crate::fault::Unit;
use crate::impact::ShutTime;
use crate::order::{DoorScene, REST_MIN, authorise_deposit, extend_pickup, record_collection, record_deposit};
use crate::recovery::{receive_parcel, redirect_recovery, take_parcel};
use crate::testing::*;
use crate::work_order::WorkOrderStatus;

fn technician() -> PersonId {
    id("tech-4")
}

/// The order `o1`, for which a place is held for 72 hours.
fn held() -> WaitingScene {
    WaitingScene {
        order: order("o1", 7),
        locker: locker(),
        compartment: compartment(7).reserved_for("o1"),
        work_order: None,
        plan: None,
    }
}

/// Its parcel, which waits since then.
fn inside() -> WaitingScene {
    WaitingScene { order: order("o1", 7).deposited(0), compartment: compartment(7).occupied_by("o1"), ..held() }
}

fn over() -> Timestamp {
    at(0) + hours(72)
}

#[test]
fn given_a_parcel_that_has_not_come_then_its_place_is_free_and_its_customer_told_in_one_commit() {
    let decision = expire(held(), &event(), over()).unwrap();
    let message = Message::ReservationExpired { order: id("o1"), locker_name: "Hauptbahnhof".to_owned() };
    let notice = told(message, over());
    let expired = Order { status: OrderStatus::Expired, expired_at: Some(over()), ..order("o1", 7).told(&notice) };
    let expected = Decision {
        answer: (),
        changes: vec![compartment(7).into(), expired.clone().into()],
        unchanged: vec![locker_key()],
        notices: vec![notice],
        event: Event::ReservationExpired { compartment: number(7) },
    };
    assert_eq!(decision, expected);
    assert_eq!((expired.ends(), expired.due_at(), expired.is_expired_inside()), (None, None, false));
}

#[test]
fn given_a_parcel_that_nobody_collects_then_it_stays_where_it_is_and_its_customer_is_told() {
    let decision = expire(inside(), &event(), over()).unwrap();
    let message =
        Message::PickupExpired { order: id("o1"), locker_name: "Hauptbahnhof".to_owned(), compartment: number(7) };
    let notice = told(message, over());
    let expired = Order { status: OrderStatus::Expired, expired_at: Some(over()), ..inside().order.told(&notice) };
    let expected = Decision {
        answer: (),
        changes: vec![expired.clone().into()],
        unchanged: vec![locker_key(), compartment_key(7)],
        notices: vec![notice],
        event: Event::PickupExpired { compartment: number(7) },
    };
    assert_eq!(decision, expected);
    assert!(expired.is_expired_inside() && expired.due_at().is_none());
}

#[test]
fn nothing_is_over_before_its_time_nor_twice() {
    for scene in [held(), inside()] {
        assert_eq!(scene.order.due_at(), Some(over()));
        assert_eq!(expire(scene, &event(), over() - SignedDuration::from_secs(1)), None);
    }
    let expired = Order { status: OrderStatus::Expired, expired_at: Some(over()), ..order("o1", 7) };
    assert_eq!(expire(WaitingScene { order: expired, ..held() }, &event(), over() + hours(1)), None);
    let moved = Order { place: place(8), ..order("o1", 7) };
    assert_eq!(expire(WaitingScene { order: moved, ..held() }, &event(), over()), None);
}

#[test]
fn what_waits_for_its_customer_or_is_on_its_way_to_no_locker_has_no_place_to_lose() {
    use OrderStatus::*;
    for (status, place) in
        [(Rerouting, Place::Asked), (Rerouted, Place::Home), (Rerouted, Place::Shop { shop: id("s") })]
    {
        assert_eq!(Order { status, place, ..order("o1", 7) }.ends(), None);
    }
    let stopped = Order { pickup_stopped_at: Some(at(90)), ..order("o1", 7).deposited(0) };
    assert_eq!(stopped.ends(), None, "a deadline that stands still ends nothing");
    let of_before = Order { held_until: None, ..order("o1", 7) };
    assert_eq!(of_before.ends(), None, "what was placed before there was an end");
}

/// What keeps a time that is over from ending anything.
fn not_yet(scene: WaitingScene) {
    let until = over() + LOOK_AGAIN_AFTER;
    let decision = expire(scene.clone(), &event(), over()).unwrap();
    let postponed = Order { look_again_at: Some(until), ..scene.order.clone() };
    assert_eq!(postponed.due_at(), Some(until));
    assert_eq!(decision.changes, vec![postponed.clone().into()]);
    assert_eq!((decision.notices, decision.event), (vec![], Event::ExpiryPostponed { until }));
    let early = until - SignedDuration::from_secs(1);
    assert_eq!(expire(WaitingScene { order: postponed, ..scene }, &event(), early), None);
}

#[test]
fn a_time_that_is_over_ends_nothing_behind_a_door_that_is_shut() {
    not_yet(WaitingScene { locker: locker().faulted(NetworkLost), ..held() });
    for scene in [held(), inside()] {
        let jammed = scene.compartment.clone().faulted(LockJammed);
        not_yet(WaitingScene { compartment: jammed, ..scene.clone() });
        let blocked = Compartment { service: Service::Blocked, ..scene.compartment.clone() };
        not_yet(WaitingScene { compartment: blocked, ..scene });
    }
}

#[test]
fn who_may_have_collected_a_parcel_without_anybody_telling_has_a_day_more_and_no_longer() {
    let disputed = Occupancy::Unknown { recorded: Some(id("o1")) };
    let disputed = Compartment { occupancy: disputed, ..inside().compartment };
    for scene in [
        WaitingScene { locker: locker().faulted(NetworkLost), ..inside() },
        WaitingScene { compartment: disputed.clone(), ..inside() },
    ] {
        not_yet(scene.clone());
        let decision = expire(scene, &event(), over() + IN_DOUBT_FOR).unwrap();
        assert_eq!(decision.event, Event::PickupExpired { compartment: number(7) });
    }
    assert_eq!(list_expired(&[disputed], &[uncollected()]).len(), 1, "somebody fetches it, or looks");
}

#[test]
fn a_door_that_takes_no_parcels_keeps_a_place_and_not_a_parcel() {
    let sprung = |scene: &WaitingScene| scene.compartment.clone().faulted(DoorNotClosing);
    not_yet(WaitingScene { compartment: sprung(&held()), ..held() });
    let collectable = WaitingScene { compartment: sprung(&inside()), ..inside() };
    assert_eq!(expire(collectable, &event(), over()).unwrap().event, Event::PickupExpired { compartment: number(7) });
}

#[test]
fn a_time_that_is_over_ends_nothing_while_the_deadlines_of_its_locker_are_dealt_with() {
    let was_shut = Some(ShutTime { since: at(0), until: at(90) });
    for task in [ImpactTask::displace(unit(7)), ImpactTask::all_clear(Unit::Locker, was_shut)] {
        let mut work_order = work_order(WorkOrderStatus::Verified, &[]);
        work_order.impact.push(task.clone());
        not_yet(WaitingScene { work_order: Some(work_order), ..inside() });
        let mut plan = ServicePlan::new(locker_id());
        plan.impact.push(task);
        not_yet(WaitingScene { plan: Some(plan), ..held() });
    }
    let mut told_only = work_order(WorkOrderStatus::Open, &[]);
    told_only.impact.push(ImpactTask::TellTeam);
    let scene = WaitingScene { work_order: Some(told_only), ..inside() };
    assert_eq!(expire(scene, &event(), over()).unwrap().event, Event::PickupExpired { compartment: number(7) });
}

#[test]
fn a_draining_locker_gets_empty_as_the_places_held_there_are_given_up() {
    let draining = Compartment { service: Service::Draining, ..held().compartment };
    let decision = expire(WaitingScene { compartment: draining.clone(), ..held() }, &event(), over()).unwrap();
    assert_eq!(decision.changes[0], Compartment { occupancy: Occupancy::Free, ..draining }.into());
}

#[test]
fn who_is_let_in_at_the_last_moment_has_the_time_to_put_it_in() {
    let door = DoorScene {
        order: Some(order("o1", 7)),
        locker: Some(locker()),
        compartment: Some(held().compartment),
        target: None,
    };
    let late = over() - SignedDuration::from_secs(5);
    let held_until = Some(late + DEPOSITED_WITHIN);
    let let_in = Order { driver: Some(driver()), held_until, ..order("o1", 7) };
    let decision = authorise_deposit(door.clone(), driver(), late).unwrap();
    assert_eq!(decision.changes, vec![let_in.clone().into()]);
    let again = DoorScene { order: Some(let_in), ..door };
    assert_eq!(authorise_deposit(again, driver(), late), Ok(Decision::new(number(7))));
}

/// `o1` whose place was given up.
fn given_up() -> Order {
    Order { status: OrderStatus::Expired, expired_at: Some(over()), ..order("o1", 7) }
}

#[test]
fn a_parcel_that_was_put_in_after_its_place_was_given_up_is_inside_as_the_device_says() {
    let late = over() + hours(1);
    let scene =
        DoorScene { order: Some(given_up()), locker: Some(locker()), compartment: Some(compartment(7)), target: None };
    let decision = record_deposit(scene.clone(), &event(), late).unwrap();
    let deposited = Order {
        status: OrderStatus::Deposited,
        deposited_at: Some(late),
        pickup_deadline: Some(late + hours(72)),
        expired_at: None,
        ..given_up().told(&decision.notices[0])
    };
    let seconds = late.duration_since(at(0)).as_secs();
    assert_eq!(decision.changes, vec![compartment(7).occupied_by("o1").changed(seconds).into(), deposited.into()]);
    let refused = |scene| record_deposit(scene, &event(), late).map(drop);
    for others in [compartment(7).reserved_for("o2"), compartment(7).occupied_by("o2")] {
        let taken = DoorScene { compartment: Some(others), ..scene.clone() };
        assert_eq!(refused(taken), Err(Refusal::HeldByAnother));
    }
    let elsewhere = DoorScene { compartment: Some(compartment(8)), ..scene.clone() };
    assert_eq!(refused(elsewhere), Err(Refusal::OtherPlace));
    assert_eq!(authorise_deposit(scene, driver(), late), Err(Refusal::wrong_state("expired")));
}

/// `o1` whose parcel nobody has collected.
fn uncollected() -> Order {
    Order { status: OrderStatus::Expired, expired_at: Some(over()), ..order("o1", 7).deposited(0) }
}

#[test]
fn a_customer_who_is_late_and_quicker_than_the_return_has_the_parcel() {
    let late = over() + hours(5);
    let begun = start_return(uncollected(), &inside().compartment, technician(), late).unwrap().answer;
    for order in [uncollected(), begun] {
        let scene = DoorScene {
            order: Some(order),
            locker: Some(locker()),
            compartment: Some(inside().compartment),
            target: None,
        };
        let decision = record_collection(scene, &event(), late).unwrap();
        let Some(crate::State::Order(after)) = decision.changes.last() else { panic!("{decision:?}") };
        assert_eq!((after.status, after.collected_at), (OrderStatus::Collected, Some(late)));
    }
    let never_came =
        DoorScene { order: Some(given_up()), locker: Some(locker()), compartment: Some(compartment(7)), target: None };
    assert_eq!(record_collection(never_came, &event(), late).map(drop), Err(Refusal::wrong_state("expired")));
}

#[test]
fn support_gives_more_time_to_what_has_expired_and_is_still_inside() {
    let late = over() + hours(5);
    let extend = |order, door: &Compartment| {
        extend_pickup(order, &locker(), door, 24, (id("agent-1"), "was ill".to_owned()), &event(), late)
    };
    let door = inside().compartment;
    let waits = extend(uncollected(), &door).unwrap();
    assert_eq!(waits.unchanged, vec![locker_key(), compartment_key(7)]);
    assert_eq!((waits.answer.status, waits.answer.expired_at), (OrderStatus::Deposited, None));
    assert_eq!((waits.answer.pickup_deadline, waits.answer.pickup_stopped_at), (Some(late + hours(24)), None));
    let stands_still = extend(uncollected(), &door.clone().faulted(LockJammed)).unwrap().answer;
    assert_eq!((stands_still.pickup_stopped_at, stands_still.incidents.len()), (Some(late), 1));
    assert_eq!(extend(given_up(), &compartment(7)).map(drop), Err(Refusal::wrong_state("expired")));
    let begun = start_return(uncollected(), &door, technician(), late).unwrap().answer;
    assert_eq!(extend(begun, &door).map(drop), Err(Refusal::wrong_state("recovery")));
}

#[test]
fn support_has_a_place_held_for_longer_within_bounds() {
    let extend = |order, hours, now| extend_reservation(order, hours, id("agent-1"), "snow".to_owned(), now);
    let once = extend(order("o1", 7), 24, at(60)).unwrap();
    assert_eq!((once.answer.held_until, once.answer.hold_extended), (Some(over() + hours(24)), hours(24)));
    assert_eq!(once.event, Event::ReservationExtended { by: id("agent-1"), hours: 24, reason: "snow".to_owned() });
    assert_eq!(once.notices, vec![]);
    let late = over() + hours(2);
    assert_eq!(extend(order("o1", 7), 24, late).unwrap().answer.held_until, Some(late + hours(24)));
    let most = EXTENSION_MAX.as_hours() as u16;
    assert_eq!(extend(once.answer, most - 23, at(60)).map(drop), Err(Refusal::TooLong));
    assert_eq!(extend(given_up(), 1, late).map(drop), Err(Refusal::wrong_state("expired")));
    let home = Order { place: Place::Home, ..order("o1", 7) };
    assert_eq!(extend(home, 1, at(60)).map(drop), Err(Refusal::wrong_state("placed")));
}

#[test]
fn what_has_expired_goes_back_to_who_sent_it_from_hand_to_hand() {
    let late = over() + hours(5);
    let begun = start_return(uncollected(), &inside().compartment, technician(), late).unwrap();
    assert_eq!((begun.notices.len(), &begun.event), (0, &Event::ReturnStarted { by: technician() }));
    assert!(begun.answer.is_being_returned());
    let taken = take_parcel(begun.answer, inside().compartment, technician(), late).unwrap().answer;
    assert_eq!(return_parcel(taken.clone(), driver(), &event(), late).map(drop), Err(Refusal::NotTheHolder));
    let handed = receive_parcel(taken, technician(), driver(), late).unwrap().answer;
    assert_eq!(
        redirect_recovery(handed.clone(), &locker(), None, room("mz-02"), driver(), &event(), late).map(drop),
        Err(Refusal::wrong_state("expired"))
    );
    let back = return_parcel(handed, driver(), &event(), late + hours(1)).unwrap();
    let after = &back.answer;
    assert_eq!((after.status, &after.place, after.place_epoch), (OrderStatus::Returned, &Place::Sender, 3));
    assert_eq!(after.recovery.as_ref().unwrap().ended_at, Some(late + hours(1)));
    assert_eq!(back.notices, vec![told(Message::ParcelReturned { order: id("o1") }, late + hours(1))]);
    assert_eq!(return_parcel(back.answer, driver(), &event(), late).map(drop), Err(Refusal::wrong_state("returned")));
}

#[test]
fn a_return_that_is_given_up_leaves_the_parcel_for_somebody_else() {
    let late = over() + hours(5);
    let begun = start_return(uncollected(), &inside().compartment, technician(), late).unwrap().answer;
    let left = abandon_return(begun, technician(), "no time".to_owned(), late).unwrap().answer;
    assert!(left.is_expired_inside());
    assert!(start_return(left.clone(), &inside().compartment, driver(), late).is_ok());
    assert_eq!(abandon_return(left, driver(), String::new(), late).map(drop), Err(Refusal::wrong_state("expired")));
}

#[test]
fn only_what_has_expired_inside_is_returned() {
    let start = |order, door: &Compartment| start_return(order, door, technician(), over()).map(drop);
    assert_eq!(start(given_up(), &compartment(7)), Err(Refusal::wrong_state("expired")));
    assert_eq!(start(inside().order, &inside().compartment), Err(Refusal::wrong_state("deposited")));
    assert_eq!(start(uncollected(), &compartment(8).occupied_by("o1")), Err(Refusal::OtherPlace));
}

#[test]
fn who_has_to_go_elsewhere_has_a_night_and_a_day_for_it() {
    let mut moved = order("o1", 7);
    assert!(!moved.hold_at_least(REST_MIN, at(60)));
    assert!(moved.hold_at_least(REST_MIN, over() - hours(1)));
    assert_eq!(moved.held_until, Some(over() + hours(23)));
}

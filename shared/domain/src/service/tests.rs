use super::*;
use crate::testing::*;

fn decided<T>(to: T) -> Decided<T> {
    Decided { to, by: id("op-1"), reason: "to be moved".to_owned() }
}

fn in_state(lifecycle: Lifecycle, since: i64) -> Locker {
    Locker { service: LockerService { lifecycle, since: Some(at(since)), until: None }, ..locker() }
}

fn scene(locker: Locker) -> LifecycleScene {
    LifecycleScene { locker, plan: None, compartments: Vec::new() }
}

fn plan(impact: &[ImpactTask], now: i64) -> ServicePlan {
    let impact_due_at = (!impact.is_empty()).then(|| at(now) + impact::RETRY_AFTER);
    ServicePlan { impact: impact.to_vec(), impact_due_at, ..ServicePlan::new(locker_id()) }
}

#[test]
fn given_an_active_locker_when_it_goes_into_maintenance_then_everyone_there_is_dealt_with_by_the_same_decision() {
    let decision = change_lifecycle(scene(locker()), decided(Lifecycle::Maintenance), at(60)).unwrap();
    let shut = in_state(Lifecycle::Maintenance, 60);
    let expected = Decision {
        answer: shut.clone(),
        changes: vec![shut.into(), plan(&[ImpactTask::displace(Unit::Locker)], 60).into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::LifecycleChanged {
            from: Lifecycle::Active,
            to: Lifecycle::Maintenance,
            by: Some(id("op-1")),
            reason: "to be moved".to_owned(),
        },
    };
    assert_eq!(decision, expected);
}

#[test]
fn a_locker_that_comes_back_owes_everyone_the_time_it_was_shut() {
    for to in [Lifecycle::Active, Lifecycle::Draining] {
        let decision = change_lifecycle(scene(in_state(Lifecycle::Maintenance, 60)), decided(to), at(90)).unwrap();
        let owed = ImpactTask::all_clear(Unit::Locker, Some(ShutTime { since: at(60), until: at(90) }));
        assert_eq!(decision.changes, vec![in_state(to, 90).into(), plan(&[owed], 90).into()]);
    }
}

#[test]
fn draining_displaces_nobody_and_stops_no_deadline() {
    let decision = change_lifecycle(scene(locker()), decided(Lifecycle::Draining), at(60)).unwrap();
    assert_eq!(decision.changes, vec![in_state(Lifecycle::Draining, 60).into(), plan(&[], 60).into()]);
}

#[test]
fn what_serves_is_drained_before_it_goes_and_what_is_gone_stays_gone() {
    use Lifecycle::*;
    let all = [Commissioning, Active, Draining, Maintenance, Decommissioned];
    let legal = |from: Lifecycle| all.into_iter().filter(|to| from.may_become(*to)).collect::<Vec<_>>();
    assert_eq!(
        all.map(legal),
        [
            vec![Active, Decommissioned],
            vec![Draining, Maintenance],
            vec![Active, Maintenance, Decommissioned],
            vec![Active, Draining, Decommissioned],
            vec![],
        ]
    );
    let refused = change_lifecycle(scene(locker()), decided(Decommissioned), at(60));
    assert_eq!(refused, Err(Refusal::wrong_state("active")));
}

#[test]
fn a_locker_with_parcels_is_not_decommissioned_and_the_refusal_says_where_they_are() {
    let compartments = vec![
        compartment(1),
        compartment(2).reserved_for("o1"),
        compartment(3).occupied_by("o2"),
        Compartment { occupancy: Occupancy::Unknown { recorded: None }, ..compartment(4) },
    ];
    let drained = LifecycleScene { compartments, ..scene(in_state(Lifecycle::Draining, 0)) };
    let inside =
        |of: u16, order: Option<&str>, deposited| Inside { compartment: number(of), order: order.map(id), deposited };
    let inside = vec![inside(2, Some("o1"), Some(false)), inside(3, Some("o2"), Some(true)), inside(4, None, None)];
    let refused = change_lifecycle(drained.clone(), decided(Lifecycle::Decommissioned), at(60));
    assert_eq!(refused, Err(Refusal::NotEmpty { count: 3, inside }));

    let many = (1..=30).map(|of| compartment(of).occupied_by(&format!("o{of}"))).collect();
    let drained = LifecycleScene { compartments: many, ..drained };
    let refused = change_lifecycle(drained.clone(), decided(Lifecycle::Decommissioned), at(60));
    let Err(Refusal::NotEmpty { count, inside }) = refused else { panic!("{refused:?}") };
    assert_eq!((count, inside.len()), (30, INSIDE_NAMED_MAX));

    let empty = LifecycleScene { compartments: vec![compartment(1)], ..drained };
    let gone = change_lifecycle(empty, decided(Lifecycle::Decommissioned), at(60)).unwrap();
    assert_eq!(gone.answer.service.lifecycle, Lifecycle::Decommissioned);
}

fn door(compartment: Compartment, plan: Option<ServicePlan>) -> ServiceScene {
    ServiceScene { locker: locker(), compartment, plan }
}

fn serving(of: u16, service: Service, since: i64) -> Compartment {
    Compartment { service, service_since: Some(at(since)), ..compartment(of) }
}

#[test]
fn given_a_compartment_with_a_parcel_when_it_is_blocked_then_the_parcel_stays_and_its_customer_is_dealt_with() {
    let scene = door(compartment(7).occupied_by("o1"), None);
    let decision = change_service(scene, decided(Service::Blocked), at(60)).unwrap();
    let blocked = serving(7, Service::Blocked, 60).occupied_by("o1");
    let noted = ServicePlan { out_of_service: [number(7)].into(), ..plan(&[ImpactTask::displace(unit(7))], 60) };
    let expected = Decision {
        answer: blocked.clone(),
        changes: vec![blocked.into(), noted.into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::ServiceChanged {
            compartment: number(7),
            from: Service::InService,
            to: Service::Blocked,
            by: id("op-1"),
            reason: "to be moved".to_owned(),
        },
    };
    assert_eq!(decision, expected);
}

#[test]
fn a_compartment_that_is_unblocked_owes_the_time_since_it_was_blocked() {
    for to in [Service::InService, Service::Draining] {
        let scene = door(serving(7, Service::Blocked, 60), None);
        let decision = change_service(scene, decided(to), at(90)).unwrap();
        let owed = ImpactTask::all_clear(unit(7), Some(ShutTime { since: at(60), until: at(90) }));
        let State::ServicePlan(after) = &decision.changes[1] else { panic!("{decision:?}") };
        assert_eq!(after.impact, vec![owed]);
    }
}

#[test]
fn a_compartment_goes_for_good_only_empty_and_is_not_counted_any_more() {
    for taken in [compartment(7).reserved_for("o1"), compartment(7).occupied_by("o1")] {
        let refused = change_service(door(taken, None), decided(Service::Decommissioned), at(60));
        assert!(matches!(refused, Err(Refusal::NotEmpty { count: 1, .. })), "{refused:?}");
    }
    let decision = change_service(door(compartment(7), None), decided(Service::Decommissioned), at(60)).unwrap();
    let State::Locker(after) = &decision.changes[1] else { panic!("{decision:?}") };
    assert_eq!(after.sizes, vec![(crate::size::Size::S, 10), (crate::size::Size::M, 9), (crate::size::Size::L, 4)]);
    for to in [Service::InService, Service::Draining, Service::Blocked, Service::Decommissioned] {
        let refused = change_service(door(serving(7, Service::Decommissioned, 60), None), decided(to), at(90));
        assert_eq!(refused, Err(Refusal::wrong_state("decommissioned")));
    }
}

#[test]
fn deciding_what_is_so_already_is_refused() {
    let refused = change_service(door(compartment(7), None), decided(Service::InService), at(60));
    assert_eq!(refused, Err(Refusal::wrong_state("in_service")));
    let refused = change_lifecycle(scene(locker()), decided(Lifecycle::Active), at(60));
    assert_eq!(refused, Err(Refusal::wrong_state("active")));
}

#[test]
fn a_closed_locker_says_why_and_until_when_and_a_draining_one_still_takes_what_it_promised() {
    use crate::refusal::ClosedBy;
    let people = |lifecycle| Some(ClosedBy::People { lifecycle, until: None });
    let draining = in_state(Lifecycle::Draining, 0);
    assert_eq!((draining.unavailable(), draining.closed_to_deposits()), (people(Lifecycle::Draining), None));
    let shut = in_state(Lifecycle::Maintenance, 0);
    let why = people(Lifecycle::Maintenance);
    assert_eq!((shut.unavailable(), shut.closed_to_deposits(), shut.bookable()), (why, why, false));
    let faulted = draining.faulted(crate::fault::FaultCode::NetworkLost);
    let fault = Some(ClosedBy::Fault { code: crate::fault::FaultCode::NetworkLost });
    assert_eq!(faulted.closed_to_deposits(), fault);
}

#[test]
fn a_refusal_is_written_with_what_closes_the_locker_and_reads_back() {
    use crate::refusal::ClosedBy;
    let by = ClosedBy::People { lifecycle: Lifecycle::Maintenance, until: Some(at(0)) };
    let refusal = Refusal::LockerUnavailable { by };
    let written = serde_json::json!({
        "reason": "locker_unavailable", "lifecycle": "maintenance", "until": "2026-09-21T14:13:20Z",
    });
    assert_eq!(serde_json::to_value(&refusal).unwrap(), written);
    assert_eq!(serde_json::from_value::<Refusal>(written).unwrap(), refusal);
    assert_eq!(refusal.to_string(), "the locker is closed: maintenance until 2026-09-21T14:13:20Z");
}

use super::FaultCode::*;
use super::*;
use crate::compartment::Occupancy;
use crate::id::CompartmentNumber;
use crate::testing::*;
use crate::work_order::{FAULTS_MAX, IMPACT_RETRY_AFTER, WorkOrderStatus};

fn scene(compartments: Vec<Compartment>, work_order: Option<WorkOrder>) -> FaultScene {
    FaultScene { locker: Some(locker()), compartments, work_order }
}

/// Judges a report at the moment it arrives.
fn judge(scene: FaultScene, report: &FaultReport) -> Decision<FaultOutcome> {
    report_faults(scene, report, report.received_at).unwrap()
}

fn outcome() -> FaultOutcome {
    FaultOutcome::default()
}

fn calling(tasks: &[ImpactTask], now: i64, work_order: WorkOrder) -> WorkOrder {
    WorkOrder { impact: tasks.to_vec(), impact_due_at: Some(at(now) + IMPACT_RETRY_AFTER), ..work_order }
}

#[test]
fn given_a_working_compartment_when_its_lock_jams_then_it_closes_and_its_repair_is_called_for_in_one_decision() {
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &[(unit(7), LockJammed)]));
    let outcome = FaultOutcome { raised: vec![(unit(7), LockJammed)], ..outcome() };
    let called =
        WorkOrder { team: None, opened_at: at(10), ..work_order(WorkOrderStatus::Open, &[(unit(7), LockJammed)]) };
    let expected = Decision {
        answer: outcome.clone(),
        changes: vec![
            calling(&[ImpactTask::TellTeam, ImpactTask::displace(unit(7))], 10, called).into(),
            compartment(7).faulted_since(10, LockJammed).into(),
        ],
        unchanged: vec![],
        notices: vec![],
        event: Event::FaultsReported { at: at(10), outcome },
    };
    assert_eq!(decision, expected);
}

#[test]
fn given_a_fault_of_the_whole_locker_then_the_locker_closes() {
    let decision = judge(scene(vec![], None), &report(10, &[(Unit::Locker, PowerLoss)]));
    let called =
        WorkOrder { team: None, opened_at: at(10), ..work_order(WorkOrderStatus::Open, &[(Unit::Locker, PowerLoss)]) };
    assert_eq!(
        decision.changes,
        vec![
            calling(&[ImpactTask::TellTeam, ImpactTask::displace(Unit::Locker)], 10, called).into(),
            locker().faulted_since(10, PowerLoss).into(),
        ]
    );
}

#[test]
fn given_a_fault_and_a_free_and_an_occupied_compartment_in_one_message_then_both_close_and_the_parcel_stays_known() {
    let occupied = compartment(8).occupied_by("o1");
    let faults = [(unit(8), DoorForced), (unit(7), LockJammed), (Unit::Locker, NetworkWeak)];
    let decision = judge(scene(vec![compartment(7), occupied.clone()], None), &report(10, &faults));
    assert_eq!(decision.answer, FaultOutcome { raised: faults.to_vec(), ..outcome() });
    let called = WorkOrder { team: None, opened_at: at(10), ..work_order(WorkOrderStatus::Open, &faults) };
    let tasks = [ImpactTask::TellTeam, ImpactTask::displace(unit(7)), ImpactTask::displace(unit(8))];
    assert_eq!(
        decision.changes,
        vec![
            calling(&tasks, 10, called).into(),
            locker().faulted_since(10, NetworkWeak).into(),
            compartment(7).faulted_since(10, LockJammed).into(),
            Compartment { occupancy: Occupancy::Occupied { order: id("o1") }, ..occupied }
                .faulted_since(10, DoorForced)
                .into(),
        ]
    );
}

#[test]
fn given_a_fault_that_closes_nothing_then_the_team_is_called_and_nobody_is_displaced() {
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &[(unit(7), DisplayFault)]));
    let called =
        WorkOrder { team: None, opened_at: at(10), ..work_order(WorkOrderStatus::Open, &[(unit(7), DisplayFault)]) };
    assert_eq!(decision.changes[0], calling(&[ImpactTask::TellTeam], 10, called).into());
}

#[test]
fn a_fault_that_is_open_already_is_counted_and_calls_no_one() {
    let open = work_order(WorkOrderStatus::Acknowledged, &[(unit(7), LockJammed)]);
    let jammed = compartment(7).faulted(LockJammed);
    let decision = judge(scene(vec![jammed], Some(open)), &report(30, &[(unit(7), LockJammed)]));
    let outcome = FaultOutcome { repeated: vec![(unit(7), LockJammed)], ..outcome() };
    let counted = OpenFault { occurrences: 2, last_at: at(30), ..open_fault(at(0)) };
    let expected = Decision {
        answer: outcome.clone(),
        changes: vec![Compartment { faults: [(LockJammed, counted)].into(), ..compartment(7) }.into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::FaultsReported { at: at(30), outcome },
    };
    assert_eq!(decision, expected);
}

#[test]
fn a_fault_named_twice_in_one_message_is_raised_once_and_counted() {
    let faults = [(unit(7), LockJammed), (unit(7), LockJammed)];
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &faults));
    let fault = (unit(7), LockJammed);
    assert_eq!(decision.answer, FaultOutcome { raised: vec![fault], repeated: vec![fault], ..outcome() });
    let State::Compartment(compartment) = &decision.changes[1] else { panic!("{decision:?}") };
    assert_eq!(compartment.faults[&LockJammed].occurrences, 2);
}

#[test]
fn a_report_that_was_overtaken_by_a_later_one_is_counted_and_does_not_set_the_last_time_back() {
    let open = work_order(WorkOrderStatus::Open, &[(unit(7), LockJammed)]);
    let late = OpenFault { last_at: at(90), ..open_fault(at(50)) };
    let jammed = Compartment { faults: [(LockJammed, late.clone())].into(), ..compartment(7) };
    let decision = judge(scene(vec![jammed], Some(open)), &report(30, &[(unit(7), LockJammed)]));
    let counted = OpenFault { occurrences: 2, ..late };
    assert_eq!(decision.changes, vec![Compartment { faults: [(LockJammed, counted)].into(), ..compartment(7) }.into()]);
}

#[test]
fn a_copy_of_a_fault_arriving_after_the_repair_calls_no_one() {
    let verified = work_order(WorkOrderStatus::Verified, &[(unit(7), LockJammed)]);
    let repaired = Compartment { reopened_at: Some(at(100)), ..compartment(7) };
    for second in [10, 100] {
        let scene = scene(vec![repaired.clone()], Some(verified.clone()));
        let decision = judge(scene, &report(second, &[(unit(7), LockJammed)]));
        assert_eq!(decision.answer, FaultOutcome { outdated: vec![(unit(7), LockJammed)], ..outcome() });
        assert_eq!((decision.changes, decision.notices), (vec![], vec![]), "{second}");
    }
}

#[test]
fn a_copy_of_a_fault_of_the_whole_locker_arriving_after_the_repair_leaves_it_open() {
    let reopened = Locker { reopened_at: Some(at(100)), ..locker() };
    let scene = FaultScene { locker: Some(reopened), compartments: vec![], work_order: None };
    let decision = judge(scene, &report(100, &[(Unit::Locker, PowerLoss)]));
    assert_eq!(decision.answer, FaultOutcome { outdated: vec![(Unit::Locker, PowerLoss)], ..outcome() });
    assert_eq!(decision.changes, vec![]);
}

#[test]
fn a_compartment_that_the_locker_does_not_have_is_named_and_the_known_ones_close_all_the_same() {
    let faults = [(unit(99), LockJammed), (unit(7), LockJammed)];
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &faults));
    let expected = FaultOutcome { raised: vec![(unit(7), LockJammed)], unknown: vec![unit(99)], ..outcome() };
    assert_eq!(decision.answer, expected);
    assert_eq!(decision.changes[1..], [compartment(7).faulted_since(10, LockJammed).into()]);
}

#[test]
fn a_report_about_unknown_compartments_alone_changes_nothing() {
    let decision = judge(scene(vec![], None), &report(10, &[(unit(99), LockJammed)]));
    assert_eq!((decision.answer.unknown, decision.changes), (vec![unit(99)], vec![]));
}

#[test]
fn nothing_is_created_for_a_locker_that_nobody_registered() {
    let scene = FaultScene { locker: None, compartments: vec![], work_order: None };
    assert_eq!(report_faults(scene, &report(10, &[(Unit::Locker, PowerLoss)]), at(10)), Err(Refusal::UnknownLocker));
}

/// A work order with as many faults as it repairs: 1 to 40 are jammed.
fn full_work_order() -> WorkOrder {
    let faults: Vec<_> = (1..=FAULTS_MAX as u16).map(|it| (unit(it), LockJammed)).collect();
    work_order(WorkOrderStatus::Open, &faults)
}

#[test]
fn the_forty_first_broken_unit_means_that_the_whole_locker_is_broken() {
    let decision = judge(scene(vec![compartment(41)], Some(full_work_order())), &report(10, &[(unit(41), LockJammed)]));
    assert_eq!(decision.answer, FaultOutcome { raised: vec![(Unit::Locker, LockJammed)], ..outcome() });
    let mut called = full_work_order();
    called.add_fault(Unit::Locker, LockJammed);
    assert_eq!(
        decision.changes,
        vec![
            calling(&[ImpactTask::TellTeam, ImpactTask::displace(Unit::Locker)], 10, called).into(),
            locker().faulted_since(10, LockJammed).into(),
        ]
    );
}

#[test]
fn a_further_fault_of_a_unit_counts_against_what_one_repair_can_clear_in_one_commit() {
    let units = 1..=FAULTS_MAX as u16 / 2;
    let faults: Vec<_> = units.flat_map(|it| [(unit(it), LockJammed), (unit(it), DoorForced)]).collect();
    let full = work_order(WorkOrderStatus::Open, &faults);
    let decision = judge(scene(vec![compartment(41)], Some(full)), &report(10, &[(unit(41), LockJammed)]));
    assert_eq!(decision.answer.raised, vec![(Unit::Locker, LockJammed)]);
}

#[test]
fn a_repeated_fault_of_a_full_work_order_stays_with_its_compartment() {
    let jammed = compartment(40).faulted(LockJammed);
    let faults = [(unit(40), LockJammed)];
    let decision = judge(scene(vec![jammed], Some(full_work_order())), &report(10, &faults));
    assert_eq!(decision.answer, FaultOutcome { repeated: vec![(unit(40), LockJammed)], ..outcome() });
}

#[test]
fn an_unknown_compartment_closes_no_locker_however_much_of_it_is_broken() {
    let decision = judge(scene(vec![], Some(full_work_order())), &report(10, &[(unit(99), LockJammed)]));
    assert_eq!(decision.answer, FaultOutcome { unknown: vec![unit(99)], ..outcome() });
    assert_eq!(decision.changes, vec![]);
}

#[test]
fn a_copy_from_before_the_repair_of_its_compartment_closes_no_locker_however_much_of_it_is_broken() {
    let repaired = Compartment { reopened_at: Some(at(100)), ..compartment(41) };
    let decision = judge(scene(vec![repaired], Some(full_work_order())), &report(10, &[(unit(41), LockJammed)]));
    assert_eq!(decision.answer, FaultOutcome { outdated: vec![(unit(41), LockJammed)], ..outcome() });
    assert_eq!(decision.changes, vec![]);
}

#[test]
fn given_a_verified_work_order_when_a_fault_is_new_then_the_next_one_opens_and_takes_on_what_people_are_owed() {
    let owed = ImpactTask::AllClear {
        unit: Unit::Locker,
        was_shut: None,
        done_to: Some(CompartmentNumber::try_from(30).unwrap()),
    };
    let verified = work_order(WorkOrderStatus::Verified, &[(Unit::Locker, PowerLoss)]);
    let latest = calling(std::slice::from_ref(&owed), 100, verified.clone());
    let decision = judge(scene(vec![compartment(7)], Some(latest)), &report(200, &[(unit(7), LockJammed)]));
    let next = WorkOrder {
        id: work_order_id(2),
        opened_at: at(200),
        team: None,
        ..work_order(WorkOrderStatus::Open, &[(unit(7), LockJammed)])
    };
    let fault = OpenFault { work_order: work_order_id(2), ..open_fault(at(200)) };
    assert_eq!(
        decision.changes,
        vec![
            calling(&[owed, ImpactTask::TellTeam, ImpactTask::displace(unit(7))], 200, next).into(),
            State::ArchivedWorkOrder(verified),
            Compartment { faults: [(LockJammed, fault)].into(), ..compartment(7) }.into(),
        ]
    );
}

#[test]
fn given_a_repair_is_claimed_when_another_fault_is_reported_then_the_work_goes_on_and_the_team_is_told() {
    let mut claimed = work_order(WorkOrderStatus::Repaired, &[(unit(7), LockJammed)]);
    claimed.units.get_mut(&unit(7)).unwrap().openings_passed = 2;
    let jammed = compartment(7).faulted(LockJammed);
    let decision = judge(scene(vec![jammed.clone()], Some(claimed)), &report(50, &[(unit(7), DoorNotClosing)]));
    let tasks = [ImpactTask::TellTeam, ImpactTask::displace(unit(7))];
    let broken = [(unit(7), LockJammed), (unit(7), DoorNotClosing)];
    let going_on = WorkOrder { repairs_reported: 1, ..work_order(WorkOrderStatus::InProgress, &broken) };
    assert_eq!(
        decision.changes,
        vec![calling(&tasks, 50, going_on).into(), jammed.faulted_since(50, DoorNotClosing).into()]
    );
}

#[test]
fn the_severity_of_a_work_order_is_that_of_its_worst_fault() {
    let minor = judge(scene(vec![compartment(7)], None), &report(10, &[(unit(7), OccupancyMismatch)]));
    let State::WorkOrder(first) = minor.changes[0].clone() else { panic!("{minor:?}") };
    let worse = judge(scene(vec![compartment(8)], Some(first)), &report(20, &[(unit(8), DoorForced)]));
    let State::WorkOrder(second) = worse.changes[0].clone() else { panic!("{worse:?}") };
    let milder = judge(scene(vec![compartment(9)], Some(second.clone())), &report(30, &[(unit(9), LockJammed)]));
    let State::WorkOrder(third) = milder.changes[0].clone() else { panic!("{milder:?}") };
    assert_eq!((second.severity, third.severity), (DoorForced.severity(), DoorForced.severity()));
}

#[test]
fn the_words_of_the_vendor_are_kept_with_the_fault() {
    let mut vendors = report(10, &[(unit(7), VendorOther)]);
    vendors.faults[0].vendor_text = Some("E-1234".to_owned());
    let decision = judge(scene(vec![compartment(7)], None), &vendors);
    let State::Compartment(closed) = &decision.changes[1] else { panic!("{decision:?}") };
    assert_eq!(closed.faults[&VendorOther].vendor_text.as_deref(), Some("E-1234"));
}

#[test]
fn a_locker_takes_orders_until_a_fault_closes_it() {
    assert!(locker().bookable());
    for code in FaultCode::ALL {
        assert_eq!(locker().faulted(code).bookable(), code.closes() == Closure::Nothing, "{code}");
    }
}

#[test]
fn a_size_fits_where_a_compartment_of_it_or_a_larger_one_exists() {
    let locker = Locker { sizes: vec![(Size::S, 10), (Size::L, 4), (Size::XL, 0)], ..locker() };
    assert_eq!(
        [Size::XS, Size::M, Size::L, Size::XL].map(|it| locker.ever_fits(&it.into())),
        [true, true, true, false]
    );
}

use super::FaultCode::*;
use super::*;
use crate::compartment::Occupancy;
use crate::fault::FaultRecord;
use crate::id::CompartmentNumber;
use crate::suspicion::SUSPICION_KEPT_FOR;
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
            Locker { checks: checks(NetworkWeak, &[None]), ..locker().faulted_since(10, NetworkWeak) }.into(),
            compartment(7).faulted_since(10, LockJammed).into(),
            Compartment { occupancy: Occupancy::Occupied { order: id("o1") }, ..occupied }
                .faulted_since(10, DoorForced)
                .into(),
        ]
    );
}

#[test]
fn given_a_fault_that_closes_nothing_then_the_team_is_called_and_nobody_is_displaced() {
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &[(Unit::Locker, NetworkWeak)]));
    let called = WorkOrder {
        team: None,
        opened_at: at(10),
        ..work_order(WorkOrderStatus::Open, &[(Unit::Locker, NetworkWeak)])
    };
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
    let decision =
        judge(scene(vec![jammed.clone()], Some(claimed)), &report(50, &[(unit(7), CompartmentDirtyOrDamaged)]));
    let tasks = [ImpactTask::TellTeam, ImpactTask::displace(unit(7))];
    let broken = [(unit(7), LockJammed), (unit(7), CompartmentDirtyOrDamaged)];
    let going_on = WorkOrder { repairs_reported: 1, ..work_order(WorkOrderStatus::InProgress, &broken) };
    assert_eq!(
        decision.changes,
        vec![calling(&tasks, 50, going_on).into(), jammed.faulted_since(50, CompartmentDirtyOrDamaged).into()]
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

// ---------- what is not certain, and what ends by itself

/// What a device sees no more, as it arrives at that second.
fn gone(second: i64, unit: Unit, code: FaultCode) -> FaultReport {
    FaultReport { gone: vec![(unit, code)], ..report(second, &[]) }
}

fn suspected(compartment: Compartment, code: FaultCode, since: i64, judged: Timestamp, by: Signal) -> Compartment {
    let (since, signals) = (at(since), [by].into());
    let suspicion = Suspicion { since, last_at: since, signals, judged_at: judged, vendor_text: None };
    Compartment { suspicions: [(code, suspicion)].into(), ..compartment }
}

fn by_customer(person: &str, second: i64) -> FaultReport {
    FaultReport { signal: Signal::Customer { person: id(person) }, ..report(second, &[(unit(7), LockJammed)]) }
}

#[test]
fn a_door_that_is_not_closed_yet_is_suspected_and_calls_no_one() {
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &[(unit(7), DoorNotClosing)]));
    assert_eq!(decision.answer, FaultOutcome { suspected: vec![(unit(7), DoorNotClosing)], ..outcome() });
    let checked = Compartment { checks: checks(DoorNotClosing, &[None]), ..compartment(7) };
    let expected = suspected(checked, DoorNotClosing, 10, at(70), Signal::Device);
    assert_eq!(decision.changes, vec![expected.clone().into()]);
    assert!(!expected.bookable() && expected.open_for_deposits() && expected.open_for_pickups(&locker()));
    assert_eq!(State::from(expected).due_at(), Some(at(70)));
}

#[test]
fn a_door_that_closes_in_time_was_held_open_by_somebody() {
    let held = suspected(compartment(7), DoorNotClosing, 10, at(70), Signal::Device);
    let decision = judge(scene(vec![held.clone()], None), &gone(40, unit(7), DoorNotClosing));
    assert_eq!(decision.answer, FaultOutcome { passed: vec![(unit(7), DoorNotClosing)], ..outcome() });
    let closed = Compartment { checks: checks(DoorNotClosing, &[Some(40)]), ..compartment(7) };
    assert_eq!(decision.changes, vec![closed.into()]);
    let late = judge(scene(vec![held], None), &gone(9, unit(7), DoorNotClosing));
    assert_eq!(late.answer, FaultOutcome { outdated: vec![(unit(7), DoorNotClosing)], ..outcome() });
    assert_eq!(late.changes, vec![], "said before it was seen");
}

#[test]
fn a_door_that_stays_open_is_a_fault_once_its_time_has_come() {
    let open = suspected(compartment(7), DoorNotClosing, 10, at(70), Signal::Device);
    let early = judge_suspicions(scene(vec![open.clone()], None), unit(7), at(69)).unwrap();
    assert_eq!(early, Decision::new(outcome()), "nothing is recorded, so that it can be judged in time");
    let decision = judge_suspicions(scene(vec![open], None), unit(7), at(130)).unwrap();
    let raised = FaultOutcome { raised: vec![(unit(7), DoorNotClosing)], ..outcome() };
    assert_eq!((&decision.answer, decision.event), (&raised, Event::SuspicionsJudged { outcome: raised.clone() }));
    let called =
        WorkOrder { team: None, opened_at: at(130), ..work_order(WorkOrderStatus::Open, &[(unit(7), DoorNotClosing)]) };
    let faulted =
        Compartment { checks: checks(DoorNotClosing, &[None]), ..compartment(7).faulted_since(70, DoorNotClosing) };
    let tasks = [ImpactTask::TellTeam, ImpactTask::displace(unit(7))];
    assert_eq!(decision.changes, vec![calling(&tasks, 130, called).into(), faulted.into()]);
}

#[test]
fn what_was_suspected_before_a_proven_repair_passes() {
    let open = suspected(compartment(7), DoorNotClosing, 10, at(70), Signal::Device);
    let repaired = Compartment { reopened_at: Some(at(70)), ..open };
    let decision = judge_suspicions(scene(vec![repaired.clone()], None), unit(7), at(130)).unwrap();
    assert_eq!(decision.answer, FaultOutcome { passed: vec![(unit(7), DoorNotClosing)], ..outcome() });
    assert_eq!(decision.changes, vec![Compartment { suspicions: [].into(), ..repaired }.into()]);
}

#[test]
fn one_customer_is_a_suspicion_that_passes_and_a_second_one_makes_it_a_fault() {
    let first = judge(scene(vec![compartment(7)], None), &by_customer("anna", 10));
    assert_eq!(first.answer, FaultOutcome { suspected: vec![(unit(7), LockJammed)], ..outcome() });
    let anna = || Signal::Customer { person: id("anna") };
    let expected = suspected(compartment(7), LockJammed, 10, at(10) + SUSPICION_KEPT_FOR, anna());
    assert_eq!(first.changes, vec![expected.clone().into()]);
    let second = judge(scene(vec![expected.clone()], None), &by_customer("ben", 20));
    assert_eq!(second.answer, FaultOutcome { raised: vec![(unit(7), LockJammed)], ..outcome() });
    assert_eq!(second.changes[1], compartment(7).faulted_since(20, LockJammed).into());
    let unconfirmed = judge_suspicions(scene(vec![expected], None), unit(7), at(10) + SUSPICION_KEPT_FOR).unwrap();
    assert_eq!(unconfirmed.answer, FaultOutcome { passed: vec![(unit(7), LockJammed)], ..outcome() });
    assert_eq!(unconfirmed.changes, vec![compartment(7).into()]);
}

#[test]
fn on_probation_one_customer_is_enough() {
    let repaired = |at| Compartment { reopened_at: Some(at), ..compartment(7) };
    let outcome_of = |compartment| judge(scene(vec![compartment], None), &by_customer("anna", 10)).answer.raised.len();
    assert_eq!(outcome_of(repaired(at(11) - PROBATION)), 1);
    assert_eq!(outcome_of(repaired(at(10) - PROBATION)), 0);
}

#[test]
fn a_fault_that_closes_nothing_ends_by_the_devices_word_and_with_it_the_work_order_of_nothing_else() {
    let open = work_order(WorkOrderStatus::Acknowledged, &[(Unit::Locker, DisplayFault)]);
    let dark = FaultScene { locker: Some(locker().faulted(DisplayFault)), ..scene(vec![], Some(open.clone())) };
    let decision = judge(dark, &gone(30, unit(7), DisplayFault));
    assert_eq!(decision.answer, FaultOutcome { cleared: vec![(Unit::Locker, DisplayFault)], ..outcome() });
    let ended = WorkOrder { status: WorkOrderStatus::Verified, units: [].into(), ..open };
    let bright = Locker { checks: checks(DisplayFault, &[Some(30)]), ..locker() };
    let record = FaultRecord::cleared(locker_id(), Unit::Locker, DisplayFault, open_fault(at(0)), at(30));
    assert_eq!(decision.changes, vec![ended.into(), bright.into(), record.into()]);
}

#[test]
fn a_fault_that_closes_its_door_is_open_until_its_repair_is_proven_whatever_the_device_sees() {
    let open = work_order(WorkOrderStatus::InProgress, &[(unit(7), LockJammed)]);
    let jammed = compartment(7).faulted(LockJammed);
    let decision = judge(scene(vec![jammed.clone()], Some(open)), &gone(30, unit(7), LockJammed));
    assert_eq!(decision.answer, outcome());
    let mut noted = jammed;
    noted.faults.get_mut(&LockJammed).unwrap().gone_at = Some(at(30));
    assert_eq!(decision.changes, vec![noted.clone().into()]);
    let again = judge(scene(vec![noted], None), &report(40, &[(unit(7), LockJammed)]));
    let State::Compartment(seen_again) = &again.changes[0] else { panic!("{again:?}") };
    assert_eq!(seen_again.faults[&LockJammed].gone_at, None);
}

#[test]
fn a_display_that_comes_and_goes_stays_broken_until_somebody_has_looked() {
    let open = work_order(WorkOrderStatus::Open, &[(Unit::Locker, DisplayFault)]);
    let flickering = Locker {
        checks: checks(DisplayFault, &[None, Some(1), None, Some(3), None, Some(5), None]),
        ..locker().faulted(DisplayFault)
    };
    let scene = FaultScene { locker: Some(flickering), ..scene(vec![], Some(open)) };
    let decision = judge(scene, &gone(30, Unit::Locker, DisplayFault));
    assert_eq!((decision.answer, decision.changes.len()), (outcome(), 1));
}

#[test]
fn what_is_broken_once_in_a_locker_is_a_fault_of_the_locker_whatever_unit_is_named() {
    let decision = judge(scene(vec![compartment(7)], None), &report(10, &[(unit(7), ReaderFault)]));
    assert_eq!(decision.answer, FaultOutcome { raised: vec![(Unit::Locker, ReaderFault)], ..outcome() });
}

#[test]
fn what_was_seen_before_it_was_gone_and_comes_late_changes_nothing() {
    let gone_at_30 = Compartment { checks: checks(DoorNotClosing, &[None, Some(30)]), ..compartment(7) };
    for (second, expected) in [(29, 0), (30, 0), (31, 1)] {
        let decision = judge(scene(vec![gone_at_30.clone()], None), &report(second, &[(unit(7), DoorNotClosing)]));
        assert_eq!(decision.answer.suspected.len(), expected, "{second}");
        assert_eq!(decision.answer.outdated.len(), 1 - expected, "{second}");
    }
}

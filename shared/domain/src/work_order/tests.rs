use super::WorkOrderStatus::*;
use super::*;
use crate::testing::*;
use FaultCode::{DoorForced, LockJammed, NetworkLost, PowerLoss};

fn technician() -> PersonId {
    id("tom")
}

fn acknowledge() -> Step {
    Step::Acknowledge { technician: None }
}

/// What a work order waits for since the technician's word.
fn waits(wait: Wait) -> Option<Clock> {
    Some(Clock::new(wait, at(50)))
}

fn words(text: &str) -> Note {
    Note { by: technician(), at: at(50), text: text.to_owned(), parts: vec![], references: vec![] }
}

/// A repair of compartments 7 and 8 that a technician has reported, and how many openings each has passed.
fn claimed(passed_by_7: u8, passed_by_8: u8) -> RepairScene {
    let mut work_order = work_order(Repaired, &[(unit(7), LockJammed), (unit(8), DoorForced)]);
    work_order.units.get_mut(&unit(7)).unwrap().openings_passed = passed_by_7;
    work_order.units.get_mut(&unit(8)).unwrap().openings_passed = passed_by_8;
    let jammed = compartment(7).faulted(LockJammed).occupied_by("o1");
    RepairScene { work_order, locker: locker(), compartments: vec![jammed, compartment(8).faulted(DoorForced)] }
}

fn opening(unit: Unit, passed: bool) -> TestOpening {
    TestOpening { work_order: work_order_id(1), attempt: 1, unit, passed }
}

fn judge(scene: RepairScene, opening: &TestOpening) -> Result<Decision<WorkOrderStatus>, Refusal> {
    record_test_opening(scene, opening, id("notice-1"), at(90))
}

/// For how long what is [`claimed`] to be repaired could not be opened.
fn shut() -> Option<ShutTime> {
    Some(ShutTime { since: at(0), until: at(90) })
}

fn cleared(unit: Unit, code: FaultCode) -> State {
    FaultRecord::cleared(locker_id(), unit, code, open_fault(at(0)), at(90)).into()
}

const STATUSES: [WorkOrderStatus; 7] = [Open, Acknowledged, InProgress, OnHold, Repaired, Verified, Cancelled];

/// Where a step leads, by the words of the product: nothing where it does not follow.
fn next_status(step: &Step, from: WorkOrderStatus) -> Option<WorkOrderStatus> {
    match (from, step) {
        (Open, Step::Acknowledge { .. }) => Some(Acknowledged),
        (Open, Step::Start) => Some(InProgress),
        (Open, Step::Hold { .. } | Step::ReportRepaired { .. }) => None,
        (Acknowledged, Step::Start) => Some(InProgress),
        (Acknowledged, Step::Hold { .. }) => Some(OnHold),
        (Acknowledged, Step::Acknowledge { .. } | Step::ReportRepaired { .. }) => None,
        (InProgress, Step::Hold { .. }) => Some(OnHold),
        (InProgress, Step::ReportRepaired { .. }) => Some(Repaired),
        (InProgress, Step::Acknowledge { .. } | Step::Start) => None,
        (OnHold, Step::Start) => Some(InProgress),
        (OnHold, Step::Acknowledge { .. } | Step::Hold { .. } | Step::ReportRepaired { .. }) => None,
        (Repaired, Step::Acknowledge { .. } | Step::Start | Step::Hold { .. } | Step::ReportRepaired { .. }) => None,
        (
            Verified | Cancelled,
            Step::Acknowledge { .. } | Step::Start | Step::Hold { .. } | Step::ReportRepaired { .. },
        ) => None,
    }
}

#[test]
fn a_technicians_step_is_taken_where_it_follows_and_refused_everywhere_else() {
    let steps = [
        acknowledge(),
        Step::Start,
        Step::Hold { reason: "no part".to_owned(), references: vec![] },
        Step::ReportRepaired { note: "new lock".to_owned(), parts: vec![], references: vec![] },
    ];
    for from in STATUSES {
        for step in &steps {
            let before = work_order(from, &[(unit(7), LockJammed)]);
            let taken = take_step(before, step.clone(), technician(), at(50));
            let expected = next_status(step, from).ok_or_else(|| Refusal::wrong_state(from));
            assert_eq!(taken.map(|decision| decision.answer.status), expected, "{from} {step:?}");
        }
    }
}

#[test]
fn given_a_technicians_acknowledgement_then_it_is_theirs_and_waits_for_the_start() {
    let before = work_order(Open, &[(unit(7), LockJammed)]);
    let (assigned_to, clock) = (Some(technician()), waits(Wait::ForStart));
    let after = WorkOrder { status: Acknowledged, assigned_to, clock, ..before.clone() };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::WorkOrderAcknowledged { by: technician() },
    };
    assert_eq!(take_step(before, acknowledge(), technician(), at(50)), Ok(expected));
}

#[test]
fn a_step_that_arrives_again_is_refused_and_changes_nothing() {
    let before = work_order(Open, &[(unit(7), LockJammed)]);
    let once = take_step(before, acknowledge(), technician(), at(50)).unwrap().answer;
    let again = take_step(once, acknowledge(), technician(), at(50));
    assert_eq!(again, Err(Refusal::wrong_state("acknowledged")));
}

#[test]
fn given_a_hold_then_its_reason_is_noted() {
    let before = work_order(InProgress, &[(unit(7), LockJammed)]);
    let (clock, notes) = (waits(Wait::OnHold), vec![words("no part")]);
    let after = WorkOrder { status: OnHold, notes, clock, ..before.clone() };
    let decision =
        take_step(before, Step::Hold { reason: "no part".to_owned(), references: vec![] }, technician(), at(50))
            .unwrap();
    assert_eq!(decision.changes, vec![after.into()]);
    assert_eq!(decision.event, Event::WorkOrderHeld { by: technician(), reason: "no part".to_owned() });
}

#[test]
fn given_a_reported_repair_then_nothing_reopens_and_the_proof_begins_anew() {
    let before = WorkOrder { status: InProgress, repairs_reported: 1, ..claimed(2, 1).work_order };
    let after = WorkOrder {
        status: Repaired,
        repairs_reported: 2,
        repaired_by: Some(technician()),
        clock: waits(Wait::ForProof),
        notes: vec![Note { parts: vec!["lock".to_owned()], ..words("new lock") }],
        ..claimed(0, 0).work_order
    };
    let step = Step::ReportRepaired { note: "new lock".to_owned(), parts: vec!["lock".to_owned()], references: vec![] };
    let expected = Decision {
        answer: after.clone(),
        changes: vec![after.into()],
        unchanged: vec![],
        notices: vec![],
        event: Event::RepairReported { by: technician(), note: "new lock".to_owned() },
    };
    assert_eq!(take_step(before, step, technician(), at(50)), Ok(expected));
}

#[test]
fn notes_that_are_too_long_together_make_room_for_the_newest() {
    let long = |letter: &str| Note { parts: vec![letter.repeat(NOTES_LENGTH_MAX / 4)], ..words("") };
    let before = WorkOrder { notes: ["a", "b", "c", "d"].map(long).to_vec(), ..work_order(InProgress, &[]) };
    let kept = |text: &str| {
        let hold = Step::Hold { reason: text.to_owned(), references: vec![] };
        take_step(before.clone(), hold, technician(), at(50)).unwrap().answer.notes
    };
    assert_eq!(kept("")[0], long("a"), "as long as may be");
    assert_eq!(kept("last")[0], long("b"));
    assert_eq!(kept(&"x".repeat(2 * NOTES_LENGTH_MAX)).len(), 1, "the newest is never dropped");
}

#[test]
fn a_work_order_keeps_fifty_notes_and_then_the_oldest_makes_room_for_the_newest() {
    let notes: Vec<Note> = (0..50).map(|it| words(&it.to_string())).collect();
    let hold = Step::Hold { reason: "last".to_owned(), references: vec![] };
    let kept = |notes: &[Note]| {
        let before = WorkOrder { notes: notes.to_vec(), ..work_order(InProgress, &[]) };
        take_step(before, hold.clone(), technician(), at(50)).unwrap().answer.notes
    };
    assert_eq!(kept(&notes[..49]), [&notes[..49], &[words("last")]].concat());
    assert_eq!(kept(&notes), [&notes[1..], &[words("last")]].concat());
}

#[test]
fn a_passed_test_opening_reopens_nothing_before_every_unit_is_proven() {
    for (scene, next) in
        [(claimed(0, 3), claimed(1, 3)), (claimed(2, 0), claimed(3, 0)), (claimed(3, 2), claimed(4, 2))]
    {
        let passed = next.work_order.units[&unit(7)].openings_passed;
        let expected = Decision {
            answer: Repaired,
            changes: vec![next.work_order.into()],
            unchanged: vec![],
            notices: vec![],
            event: Event::TestOpeningPassed { unit: unit(7), passed },
        };
        assert_eq!(judge(scene, &opening(unit(7), true)), Ok(expected));
    }
}

#[test]
fn given_three_test_openings_in_a_row_of_every_unit_then_everything_reopens_in_one_decision() {
    let proven = WorkOrder {
        status: Verified,
        verified_at: Some(at(90)),
        impact: vec![ImpactTask::all_clear(unit(7), shut()), ImpactTask::all_clear(unit(8), shut())],
        impact_due_at: Some(at(90) + IMPACT_RETRY_AFTER),
        ..claimed(3, 3).work_order
    };
    let expected = Decision {
        answer: Verified,
        changes: vec![
            proven.into(),
            Compartment { reopened_at: Some(at(90)), ..compartment(7).occupied_by("o1") }.into(),
            Compartment { reopened_at: Some(at(90)), ..compartment(8) }.into(),
            cleared(unit(7), LockJammed),
            cleared(unit(8), DoorForced),
        ],
        unchanged: vec![],
        notices: vec![],
        event: Event::RepairVerified { cleared: vec![(unit(7), LockJammed), (unit(8), DoorForced)] },
    };
    assert_eq!(judge(claimed(2, 3), &opening(unit(7), true)), Ok(expected));
}

#[test]
fn given_the_proof_for_a_whole_locker_then_the_locker_reopens() {
    let mut work_order = work_order(Repaired, &[(Unit::Locker, PowerLoss)]);
    work_order.units.get_mut(&Unit::Locker).unwrap().openings_passed = 2;
    let scene = RepairScene { work_order, locker: locker().faulted(PowerLoss), compartments: vec![] };
    let decision = judge(scene, &opening(Unit::Locker, true)).unwrap();
    let reopened = Locker { reopened_at: Some(at(90)), ..locker() };
    assert_eq!(decision.changes[1..], [reopened.into(), cleared(Unit::Locker, PowerLoss)]);
}

#[test]
fn the_largest_repair_reopens_in_one_commit_of_at_most_100_actions() {
    let mut work_order = work_order(InProgress, &[]);
    let (mut locker, mut compartments) = (locker(), Vec::new());
    for of in 1.. {
        if !work_order.has_room_for(unit(of), LockJammed) {
            break;
        }
        work_order.add_fault(unit(of), LockJammed);
        compartments.push(compartment(of).faulted(LockJammed));
    }
    for code in FaultCode::ALL {
        work_order.add_fault(Unit::Locker, code);
        locker = locker.faulted(code);
    }
    work_order.status = Repaired;
    work_order.repairs_reported = 1;
    for repair in work_order.units.values_mut() {
        repair.openings_passed = TEST_OPENINGS_REQUIRED;
    }
    let decision = judge(RepairScene { work_order, locker, compartments }, &opening(unit(1), true)).unwrap();
    let history = 1;
    assert_eq!(decision.answer, Verified);
    assert!(decision.changes.len() + history <= 100, "{}", decision.changes.len());
}

#[test]
fn where_a_compartment_and_its_locker_were_shut_its_own_all_clear_names_the_first_moment_and_comes_first() {
    let mut scene = claimed(3, 2);
    scene.work_order.add_fault(Unit::Locker, PowerLoss);
    scene.work_order.status = Repaired;
    for repair in scene.work_order.units.values_mut() {
        repair.openings_passed = TEST_OPENINGS_REQUIRED;
    }
    scene.work_order.units.get_mut(&unit(8)).unwrap().openings_passed -= 1;
    scene.compartments =
        vec![compartment(7).faulted_since(10, LockJammed), compartment(8).faulted_since(40, DoorForced)];
    scene.locker = locker().faulted_since(20, PowerLoss);
    let decision = judge(scene, &opening(unit(8), true)).unwrap();
    let State::WorkOrder(proven) = &decision.changes[0] else { panic!("{decision:?}") };
    let shut_since = |second| Some(ShutTime { since: at(second), until: at(90) });
    let tasks = [(unit(7), 10), (unit(8), 20), (Unit::Locker, 20)];
    assert_eq!(proven.impact, tasks.map(|(unit, second)| ImpactTask::all_clear(unit, shut_since(second))));
}

#[test]
fn a_proof_leaves_what_people_are_owed_from_before_on_the_list() {
    let mut scene = claimed(2, 3);
    scene.work_order.impact = vec![ImpactTask::displace(unit(8))];
    let decision = judge(scene, &opening(unit(7), true)).unwrap();
    let State::WorkOrder(proven) = &decision.changes[0] else { panic!("{decision:?}") };
    let tasks =
        [ImpactTask::displace(unit(8)), ImpactTask::all_clear(unit(7), shut()), ImpactTask::all_clear(unit(8), shut())];
    assert_eq!(proven.impact, tasks);
}

#[test]
fn given_a_failed_test_opening_then_the_work_goes_on_and_the_team_is_told_and_everything_stays_closed() {
    let notice = Notice {
        id: id("notice-1"),
        recipient: Recipient::Team { region: id("mainz"), team: id("mainz-mechanics") },
        message: Message::RepairRejected {
            work_order: work_order_id(1),
            locker_name: "Hauptbahnhof".to_owned(),
            unit: unit(7),
        },
        created_at: at(90),
        supersedes: None,
    };
    let expected = Decision {
        answer: InProgress,
        changes: vec![WorkOrder { status: InProgress, proofs_failed: 1, ..claimed(0, 0).work_order }.into()],
        unchanged: vec![],
        notices: vec![notice],
        event: Event::TestOpeningFailed { unit: unit(7) },
    };
    assert_eq!(judge(claimed(2, 3), &opening(unit(7), false)), Ok(expected));
}

#[test]
fn a_failed_test_opening_without_a_team_sends_the_work_back_all_the_same() {
    let mut scene = claimed(2, 3);
    scene.work_order.team = None;
    let decision = judge(scene, &opening(unit(7), false)).unwrap();
    assert_eq!((decision.answer, decision.notices), (InProgress, vec![]));
}

#[test]
fn a_test_opening_for_an_older_or_another_work_order_is_refused() {
    for work_order in ["mz-01.2", "mz-02.1"] {
        let opening = TestOpening { work_order: id(work_order), ..opening(unit(7), true) };
        assert_eq!(judge(claimed(2, 3), &opening), Err(Refusal::UnknownWorkOrder), "{work_order}");
    }
}

#[test]
fn a_late_test_opening_of_a_repair_that_was_rejected_proves_nothing_for_the_next() {
    let mut scene = claimed(2, 3);
    scene.work_order.repairs_reported = 2;
    assert_eq!(judge(scene.clone(), &opening(unit(7), true)), Err(Refusal::wrong_state(Repaired)));
    let current = TestOpening { attempt: 2, ..opening(unit(7), true) };
    assert_eq!(judge(scene, &current).map(|it| it.answer), Ok(Verified));
}

#[test]
fn a_test_opening_counts_only_while_a_repair_is_claimed() {
    for status in STATUSES {
        for passed in [true, false] {
            let mut scene = claimed(0, 0);
            scene.work_order.status = status;
            let judged = judge(scene, &opening(unit(7), passed)).map(drop);
            let expected = match status {
                Repaired => Ok(()),
                Open | Acknowledged | InProgress | OnHold | Verified | Cancelled => Err(Refusal::wrong_state(status)),
            };
            assert_eq!(judged, expected, "{status} {passed}");
        }
    }
}

#[test]
fn a_test_opening_of_a_unit_that_is_not_being_repaired_is_refused() {
    for unit in [unit(9), Unit::Locker] {
        assert_eq!(judge(claimed(2, 3), &opening(unit, true)), Err(Refusal::UnknownCompartment), "{unit}");
    }
}

#[test]
fn given_an_outage_alone_when_the_locker_returns_then_the_work_order_ends_and_the_all_clear_is_due() {
    let before = work_order(Acknowledged, &[(Unit::Locker, NetworkLost)]);
    let scene = RepairScene { work_order: before.clone(), locker: locker().faulted(NetworkLost), compartments: vec![] };
    let after = WorkOrder {
        status: Verified,
        verified_at: Some(at(90)),
        impact: vec![ImpactTask::all_clear(Unit::Locker, None)],
        impact_due_at: Some(at(90) + IMPACT_RETRY_AFTER),
        ..before
    };
    let expected = Decision {
        answer: Verified,
        changes: vec![
            after.into(),
            Locker { reopened_at: Some(at(90)), ..locker() }.into(),
            cleared(Unit::Locker, NetworkLost),
        ],
        unchanged: vec![],
        notices: vec![],
        event: Event::RepairVerified { cleared: vec![(Unit::Locker, NetworkLost)] },
    };
    assert_eq!(prove_network(scene, at(90)), Some(expected));
}

#[test]
fn given_an_outage_and_another_fault_of_the_locker_when_it_returns_then_only_the_outage_is_over() {
    let scene = RepairScene {
        work_order: work_order(InProgress, &[(Unit::Locker, NetworkLost), (Unit::Locker, PowerLoss)]),
        locker: locker().faulted(NetworkLost).faulted(PowerLoss),
        compartments: vec![],
    };
    let left = work_order(InProgress, &[(Unit::Locker, PowerLoss)]);
    let expected = Decision {
        answer: InProgress,
        changes: vec![left.into(), locker().faulted(PowerLoss).into(), cleared(Unit::Locker, NetworkLost)],
        unchanged: vec![],
        notices: vec![],
        event: Event::Connected,
    };
    assert_eq!(prove_network(scene, at(90)), Some(expected));
}

#[test]
fn given_an_outage_and_a_jammed_door_when_the_locker_returns_then_the_door_stays_closed() {
    let scene = RepairScene {
        work_order: work_order(InProgress, &[(Unit::Locker, NetworkLost), (unit(7), LockJammed)]),
        locker: locker().faulted(NetworkLost),
        compartments: vec![],
    };
    let decision = prove_network(scene, at(90)).unwrap();
    let left = work_order(InProgress, &[(unit(7), LockJammed)]);
    assert_eq!(decision.changes, vec![left.into(), locker().into(), cleared(Unit::Locker, NetworkLost)]);
}

#[test]
fn given_doors_proven_during_an_outage_when_the_locker_returns_then_everything_reopens_and_the_record_names_the_outage()
{
    let mut scene = claimed(3, 3);
    scene.work_order.add_fault(Unit::Locker, NetworkLost);
    scene.work_order.status = Repaired;
    for repair in scene.work_order.units.values_mut() {
        repair.openings_passed = TEST_OPENINGS_REQUIRED;
    }
    scene.locker = locker().faulted(NetworkLost);
    let decision = prove_network(scene, at(90)).unwrap();
    let all = vec![(unit(7), LockJammed), (unit(8), DoorForced), (Unit::Locker, NetworkLost)];
    assert_eq!((decision.answer, &decision.event), (Verified, &Event::RepairVerified { cleared: all.clone() }));
    for (unit, code) in all {
        assert!(decision.changes.contains(&cleared(unit, code)), "{unit} {code}");
    }
    let State::WorkOrder(proven) = &decision.changes[0] else { panic!("{decision:?}") };
    assert_eq!(proven.impact, [ImpactTask::all_clear(unit(7), shut()), ImpactTask::all_clear(unit(8), shut())]);
}

#[test]
fn given_a_door_that_is_not_proven_yet_when_the_locker_returns_then_it_stays_closed() {
    let scene = |work_order: WorkOrder, locker| RepairScene {
        work_order,
        locker,
        compartments: vec![compartment(7).faulted(LockJammed), compartment(8).faulted(DoorForced)],
    };
    let claimed = claimed(3, 2).work_order;
    let mut in_an_outage = claimed.clone();
    in_an_outage.units.insert(Unit::Locker, UnitRepair { codes: [NetworkLost].into(), ..UnitRepair::default() });
    let decision = prove_network(scene(in_an_outage, locker().faulted(NetworkLost)), at(90)).unwrap();
    assert_eq!(decision.answer, Repaired);
    assert_eq!(decision.changes, vec![claimed.into(), locker().into(), cleared(Unit::Locker, NetworkLost)]);
}

#[test]
fn returning_proves_nothing_but_the_network() {
    for code in FaultCode::ALL.into_iter().filter(|code| *code != NetworkLost) {
        let scene = RepairScene {
            work_order: work_order(InProgress, &[(Unit::Locker, code)]),
            locker: locker().faulted(code),
            compartments: vec![],
        };
        assert_eq!(prove_network(scene, at(90)), None, "{code}");
    }
}

#[test]
fn given_the_network_is_proven_when_the_locker_returns_once_more_then_nothing_changes() {
    let verified = work_order(Verified, &[(Unit::Locker, NetworkLost)]);
    let scene = RepairScene { work_order: verified, locker: locker(), compartments: vec![] };
    assert_eq!(prove_network(scene, at(90)), None);
}

#[test]
fn what_follows_for_people_is_on_the_list_once_until_it_has_been_begun() {
    let mut work_order = work_order(Open, &[(Unit::Locker, PowerLoss)]);
    let whole = ImpactTask::displace(Unit::Locker);
    let begun = ImpactTask::Displace { unit: Unit::Locker, done_to: Some(number(30)) };
    work_order.follow_up(whole.clone(), at(0));
    work_order.follow_up(whole.clone(), at(1));
    assert_eq!(work_order.impact, vec![whole.clone()]);
    work_order.advance_impact(Some(begun.clone()), at(2));
    work_order.follow_up(whole.clone(), at(3));
    assert_eq!(work_order.impact, vec![begun, whole]);
    assert_eq!(work_order.impact_due_at, Some(at(3) + IMPACT_RETRY_AFTER));
}

#[test]
fn a_work_order_is_looked_at_again_until_everybody_has_been_dealt_with() {
    let mut work_order = work_order(InProgress, &[(Unit::Locker, PowerLoss)]);
    work_order.follow_up(ImpactTask::TellTeam, at(0));
    work_order.follow_up(ImpactTask::displace(Unit::Locker), at(0));
    work_order.advance_impact(None, at(60));
    assert_eq!(work_order.impact, vec![ImpactTask::displace(Unit::Locker)]);
    assert_eq!(State::from(work_order.clone()).due_at(), Some(at(60) + IMPACT_RETRY_AFTER));
    work_order.advance_impact(None, at(120));
    assert_eq!(State::from(work_order).due_at(), None);
}

#[test]
fn a_work_order_names_the_compartments_it_repairs_and_not_the_locker() {
    let work_order = work_order(Open, &[(unit(8), LockJammed), (Unit::Locker, PowerLoss), (unit(7), DoorForced)]);
    assert_eq!(work_order.compartments(), [compartment_key(7), compartment_key(8)]);
}

#[test]
fn a_repair_needs_the_skills_of_all_its_faults() {
    let work_order = work_order(Open, &[(unit(7), LockJammed), (Unit::Locker, PowerLoss)]);
    assert_eq!(work_order.classes(), [FaultClass::Electronics, FaultClass::Mechanics].into());
}

#[test]
fn whoever_is_named_by_the_acknowledgement_goes_and_starting_takes_on_what_is_nobodys() {
    let named = Step::Acknowledge { technician: Some(id("tina")) };
    let acknowledged =
        take_step(work_order(Open, &[(unit(7), LockJammed)]), named, technician(), at(50)).unwrap().answer;
    assert_eq!(acknowledged.assigned_to, Some(id("tina")));
    let started = take_step(acknowledged, Step::Start, technician(), at(60)).unwrap().answer;
    assert_eq!((started.assigned_to, started.clock), (Some(id("tina")), None));
    let taken =
        take_step(work_order(Open, &[(unit(7), LockJammed)]), Step::Start, technician(), at(50)).unwrap().answer;
    assert_eq!((taken.assigned_to.clone(), taken.clock()), (Some(technician()), None));
}

#[test]
fn after_three_failed_proofs_somebody_else_has_to_look_and_after_three_more_again() {
    let mut scene = claimed(0, 0);
    for failed in 1..=6 {
        scene.work_order.status = Repaired;
        let decision = judge(scene.clone(), &opening(unit(7), false)).unwrap();
        let State::WorkOrder(after) = &decision.changes[0] else { panic!("{decision:?}") };
        let looks = (failed % 3 == 0).then(|| Clock::new(Wait::ForAnotherLook, at(90)));
        assert_eq!((after.proofs_failed, after.clock), (failed, looks));
        scene.work_order = after.clone();
    }
}

#[test]
fn what_is_to_be_done_first_is_due_first() {
    let open = work_order(Open, &[(unit(7), DoorForced)]);
    assert_eq!(open.due_at(), Some(at(15 * 60)), "nobody has reacted");
    assert_eq!(WorkOrder { impact_due_at: Some(at(300)), ..open.clone() }.due_at(), Some(at(300)));
    assert_eq!(WorkOrder { impact_due_at: Some(at(3_000)), ..open }.due_at(), Some(at(15 * 60)));
    assert_eq!(work_order(InProgress, &[(unit(7), DoorForced)]).due_at(), None);
}

/// What repaired a jam of compartment 7, proven at 90.
fn repaired() -> WorkOrder {
    WorkOrder { verified_at: Some(at(90)), ..work_order(Verified, &[(unit(7), LockJammed)]) }
}

#[test]
fn the_same_fault_soon_after_its_proven_repair_refers_to_it_and_no_other_does() {
    let followed = |before: &WorkOrder, of: Unit, code, now| {
        let mut next = work_order(Open, &[]);
        next.follow(before, of, code, now);
        next.follows
    };
    let last = at(90) + PROBATION;
    assert_eq!(followed(&repaired(), unit(7), LockJammed, last), Some(work_order_id(1)));
    assert_eq!(followed(&repaired(), unit(7), LockJammed, last + SignedDuration::from_secs(1)), None);
    assert_eq!(followed(&repaired(), unit(8), LockJammed, last), None);
    assert_eq!(followed(&repaired(), unit(7), DoorForced, last), None);
    // A network that came back by itself was never repaired.
    assert_eq!(followed(&WorkOrder { repairs_reported: 0, ..repaired() }, unit(7), LockJammed, last), None);
}

#[test]
fn a_person_cancels_what_closes_nothing_and_its_faults_are_over_by_that_word() {
    let weak = FaultCode::NetworkWeak;
    let called = WorkOrder { latest_call: Some(id("call-1")), ..work_order(Open, &[(Unit::Locker, weak)]) };
    let scene = RepairScene { work_order: called.clone(), locker: locker().faulted(weak), compartments: vec![] };
    let decision = cancel(scene, "a test of ours".to_owned(), technician(), at(90)).unwrap();
    let told =
        ImpactTask::TellEnd { work_order: work_order_id(1), team: called.team.clone().unwrap(), cancelled: true };
    let over = WorkOrder {
        status: Cancelled,
        notes: vec![Note { at: at(90), ..words("a test of ours") }],
        impact: vec![told],
        impact_due_at: Some(at(90) + IMPACT_RETRY_AFTER),
        ..called
    };
    let record = FaultRecord {
        locker: locker_id(),
        unit: Unit::Locker,
        code: weak,
        fault: open_fault(at(0)),
        cleared_at: at(90),
        acknowledged: None,
        cleared_by: Some(technician()),
        count_at: None,
    };
    assert_eq!(decision.changes, vec![over.clone().into(), locker().into(), record.into()]);
    let cleared = vec![(Unit::Locker, weak)];
    assert_eq!(
        decision.event,
        Event::WorkOrderCancelled { by: technician(), reason: "a test of ours".to_owned(), cleared }
    );
    assert_eq!((over.clock(), over.is_open()), (None, false));
}

#[test]
fn what_is_closed_or_over_or_being_proven_is_not_cancelled() {
    let of = |work_order| {
        let scene =
            RepairScene { work_order, locker: locker(), compartments: vec![compartment(7).faulted(LockJammed)] };
        cancel(scene, "a test of ours".to_owned(), technician(), at(90)).map(drop)
    };
    assert_eq!(of(work_order(Open, &[(unit(7), LockJammed)])), Err(Refusal::NotProven));
    let weak = [(Unit::Locker, FaultCode::NetworkWeak)];
    for status in [Repaired, Verified, Cancelled] {
        assert_eq!(of(work_order(status, &weak)), Err(Refusal::wrong_state(status)));
    }
    let both = [weak[0], (unit(7), LockJammed)];
    assert_eq!(of(work_order(InProgress, &both)), Err(Refusal::NotProven));
}

#[test]
fn a_dark_locker_that_does_not_serve_calls_nobody_and_a_danger_in_it_does() {
    use crate::service::Lifecycle;
    let of = |code| work_order(Open, &[(Unit::Locker, code)]);
    for lifecycle in [Lifecycle::Commissioning, Lifecycle::Maintenance, Lifecycle::Decommissioned] {
        for code in [NetworkLost, PowerLoss, FaultCode::ControllerFault] {
            assert!(!of(code).is_called_in(lifecycle), "{code} {lifecycle}");
        }
        assert!(of(FaultCode::Tamper).is_called_in(lifecycle));
        assert!(WorkOrder { status: Acknowledged, ..of(NetworkLost) }.is_called_in(lifecycle), "somebody goes there");
        assert!(WorkOrder { latest_call: Some(id("n")), ..of(NetworkLost) }.is_called_in(lifecycle));
    }
    assert!(of(NetworkLost).is_called_in(Lifecycle::Active) && of(NetworkLost).is_called_in(Lifecycle::Draining));
}

#[test]
fn once_its_locker_serves_again_its_team_is_called_and_waited_for_from_then_on() {
    let mut dark = WorkOrder { out_of_service: true, ..work_order(Open, &[(Unit::Locker, NetworkLost)]) };
    assert_eq!((dark.clock(), dark.due_at()), (None, None));
    dark.serve_again(at(90));
    assert_eq!(
        (dark.clock(), &dark.impact),
        (Some(Clock::new(Wait::ForReaction, at(90))), &vec![ImpactTask::TellTeam])
    );
}

use super::*;
use crate::State;
use crate::fault::Unit;
use crate::impact::{ImpactTask, ShutTime};
use crate::service::LockerService;
use crate::testing::*;

fn from_to(from: i64, until: i64) -> PlannedWindow {
    let (from, until) = (at(0) + hours(from), at(0) + hours(until));
    PlannedWindow { from, until, lead: hours(10), by: id("op-1"), reason: "new locks".to_owned() }
}

fn window(number: u32, from: i64, until: i64, phase: Phase) -> Window {
    let PlannedWindow { from, until, lead, by, reason } = from_to(from, until);
    Window { number, drain_from: from - lead, from, until, by, reason, phase }
}

fn plan(windows: &[Window]) -> ServicePlan {
    let windows_planned = windows.iter().map(|it| it.number).max().unwrap_or_default();
    ServicePlan { windows: windows.to_vec(), windows_planned, ..ServicePlan::new(locker_id()) }
}

fn being(lifecycle: Lifecycle, hour: i64, until: Option<i64>) -> Locker {
    let until = until.map(|until| at(0) + hours(until));
    Locker { service: LockerService { lifecycle, since: Some(at(0) + hours(hour)), until }, ..locker() }
}

fn scene(locker: Locker, windows: &[Window]) -> PlanScene {
    PlanScene { locker, plan: Some(plan(windows)) }
}

const ACTIVE: Lifecycle = Lifecycle::Active;

#[test]
fn a_planned_window_waits_until_it_drains() {
    let decision = plan_maintenance(PlanScene { locker: locker(), plan: None }, from_to(20, 24), at(0)).unwrap();
    let planned = window(1, 20, 24, Phase::Planned);
    let expected = Decision {
        answer: planned.clone(),
        changes: vec![plan(std::slice::from_ref(&planned)).into()],
        unchanged: vec![locker_key()],
        notices: vec![],
        event: Event::MaintenancePlanned { window: 1, from: at(0) + hours(20), until: at(0) + hours(24) },
    };
    assert_eq!(decision, expected);
    assert_eq!(plan(&[planned]).due_at(), Some(at(0) + hours(10)));
}

#[test]
fn what_overlaps_or_has_begun_or_is_too_much_is_not_planned() {
    let with = |windows: &[Window], planned, now| plan_maintenance(scene(locker(), windows), planned, now).map(drop);
    let others = [window(1, 20, 24, Phase::Planned)];
    for (from, until) in [(19, 21), (21, 22), (23, 25), (25, 26), (12, 13), (33, 40)] {
        let refused = with(&others, from_to(from, until), at(0));
        assert_eq!(refused, Err(Refusal::WindowOverlaps { window: 1 }), "{from} to {until}");
    }
    assert_eq!(with(&others, from_to(34, 36), at(0)), Ok(()), "it drains when the other one ends");
    assert_eq!(with(&[], from_to(5, 6), at(0) + hours(6)), Err(Refusal::TooLate));
    let many: Vec<Window> =
        (0..WINDOWS_MAX).map(|it| window(it as u32 + 1, 20 * it as i64, 20 * it as i64 + 1, Phase::Planned)).collect();
    assert_eq!(with(&many, from_to(900, 901), at(0)), Err(Refusal::PlanFull));
    let gone = scene(being(Lifecycle::Decommissioned, 0, None), &[]);
    assert_eq!(plan_maintenance(gone, from_to(5, 6), at(0)), Err(Refusal::wrong_state("decommissioned")));
}

#[test]
fn a_window_that_is_nearer_than_its_lead_drains_at_once() {
    let decision = plan_maintenance(scene(locker(), &[]), from_to(5, 6), at(0)).unwrap();
    assert_eq!(decision.answer.drain_from, at(0));
}

/// What becomes of a locker with these windows at that hour: its service and its windows.
fn at_hour(hour: i64, locker: Locker, windows: &[Window]) -> Option<(LockerService, ServicePlan)> {
    let service = locker.service;
    let decision = advance(scene(locker, windows), at(0) + hours(hour));
    match &decision.changes[..] {
        [] => None,
        [State::ServicePlan(plan)] => Some((service, plan.clone())),
        [State::Locker(locker), State::ServicePlan(plan)] => Some((locker.service, plan.clone())),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_locker_drains_shuts_and_comes_back_by_itself() {
    let planned = window(1, 20, 24, Phase::Planned);
    assert_eq!(at_hour(9, locker(), std::slice::from_ref(&planned)), None);

    let draining = window(1, 20, 24, Phase::Draining { was: ACTIVE });
    let drained = being(Lifecycle::Draining, 10, Some(24));
    assert_eq!(at_hour(10, locker(), &[planned]), Some((drained.service, plan(std::slice::from_ref(&draining)))));

    let shut = window(1, 20, 24, Phase::Shut { was: ACTIVE });
    let (service, after) = at_hour(20, drained, &[draining]).unwrap();
    let closed = being(Lifecycle::Maintenance, 20, Some(24));
    assert_eq!((service, &after.windows), (closed.service, &vec![shut.clone()]));
    assert_eq!(after.impact, vec![ImpactTask::displace(Unit::Locker)]);

    let (service, after) = at_hour(25, closed, &[shut]).unwrap();
    assert_eq!((service, after.windows), (being(ACTIVE, 25, None).service, vec![]));
    let owed = ShutTime { since: at(0) + hours(20), until: at(0) + hours(25) };
    assert_eq!(after.impact, vec![ImpactTask::all_clear(Unit::Locker, Some(owed))]);
}

#[test]
fn a_sweep_that_comes_late_does_what_is_due_by_then_and_nothing_for_what_has_passed() {
    let planned = window(1, 20, 24, Phase::Planned);
    let (service, after) = at_hour(21, locker(), std::slice::from_ref(&planned)).unwrap();
    assert_eq!(service, being(Lifecycle::Maintenance, 21, Some(24)).service);
    assert_eq!(after.windows, vec![window(1, 20, 24, Phase::Shut { was: ACTIVE })]);

    let next = window(2, 50, 52, Phase::Planned);
    let (service, after) = at_hour(30, locker(), &[planned, next.clone()]).unwrap();
    assert_eq!((service, after.windows, after.impact), (locker().service, vec![next], vec![]));
}

#[test]
fn a_late_sweep_ends_one_window_and_begins_the_next() {
    let (service, after) = at_hour(
        41,
        being(Lifecycle::Maintenance, 20, Some(24)),
        &[window(1, 20, 24, Phase::Shut { was: ACTIVE }), window(2, 50, 52, Phase::Planned)],
    )
    .unwrap();
    assert_eq!(service, being(Lifecycle::Draining, 41, Some(52)).service);
    assert_eq!(after.windows, vec![window(2, 50, 52, Phase::Draining { was: ACTIVE })]);
}

#[test]
fn a_sweep_that_comes_twice_changes_nothing() {
    let draining = window(1, 20, 24, Phase::Draining { was: ACTIVE });
    assert_eq!(at_hour(10, being(Lifecycle::Draining, 10, Some(24)), &[draining]), None);
}

#[test]
fn what_people_had_shut_already_stays_as_they_left_it() {
    for lifecycle in [Lifecycle::Maintenance, Lifecycle::Commissioning] {
        let own = being(lifecycle, 0, None);
        let mut windows = vec![window(1, 20, 24, Phase::Planned)];
        for hour in [10, 20, 24] {
            let (service, after) = at_hour(hour, own.clone(), &windows).unwrap();
            assert_eq!((service, &after.impact), (own.service, &vec![]), "{hour}");
            windows = after.windows;
        }
        assert_eq!(windows, vec![]);
    }
    let drained = being(Lifecycle::Draining, 0, None);
    let (service, _) = at_hour(24, drained, &[window(1, 20, 24, Phase::Shut { was: ACTIVE })]).unwrap();
    assert_eq!(service.lifecycle, ACTIVE);
}

#[test]
fn a_cancelled_window_that_has_begun_gives_its_locker_back_at_once() {
    let planned = window(1, 20, 24, Phase::Planned);
    let decision = cancel_maintenance(scene(locker(), std::slice::from_ref(&planned)), 1, id("op-2"), at(0)).unwrap();
    let rest = ServicePlan { windows_planned: 1, ..plan(&[]) };
    assert_eq!((decision.answer, &decision.changes), (planned, &vec![rest.into()]));
    assert_eq!(decision.event, Event::MaintenanceCancelled { window: 1 });

    let shut = scene(being(Lifecycle::Maintenance, 20, Some(24)), &[window(1, 20, 24, Phase::Shut { was: ACTIVE })]);
    let decision = cancel_maintenance(shut.clone(), 1, id("op-2"), at(0) + hours(21)).unwrap();
    assert_eq!(decision.changes[0], being(ACTIVE, 21, None).into());
    assert_eq!(cancel_maintenance(shut, 2, id("op-2"), at(0)), Err(Refusal::UnknownWindow));
    let none = PlanScene { locker: locker(), plan: None };
    assert_eq!(cancel_maintenance(none, 1, id("op-2"), at(0)), Err(Refusal::UnknownWindow));
}

#[test]
fn who_decides_by_hand_while_a_window_is_under_way_ends_it_and_keeps_what_is_planned_later() {
    use crate::service::{Decided, LifecycleScene, change_lifecycle};
    let windows = [window(1, 20, 24, Phase::Shut { was: ACTIVE }), window(2, 50, 52, Phase::Planned)];
    let own = being(Lifecycle::Maintenance, 20, Some(24));
    let scene = |locker| LifecycleScene { locker, plan: Some(plan(&windows)), compartments: vec![] };
    let by_hand = |locker, to| {
        let decided = Decided { to, by: id("op-1"), reason: "done early".to_owned() };
        let decision = change_lifecycle(scene(locker), decided, at(0) + hours(22)).unwrap();
        let State::ServicePlan(after) = &decision.changes[1] else { panic!("{decision:?}") };
        after.windows.clone()
    };
    assert_eq!(by_hand(own.clone(), ACTIVE), vec![windows[1].clone()]);
    assert_eq!(by_hand(own, Lifecycle::Decommissioned), vec![]);
}

use super::*;
use crate::State;
use crate::decision::Event;
use crate::locker::Locker;
use crate::testing::*;
use crate::work_order::WorkOrderStatus;

fn diagnostics() -> Diagnostics {
    Diagnostics {
        power: PowerSource::Mains,
        battery_percent: Some(100),
        temperature_c: Some(21),
        signal_dbm: Some(-87),
        firmware: "2.14.1".to_owned(),
        uptime_s: 86_400,
    }
}

fn sent_with(second: i64, diagnostics: Diagnostics) -> SentHeartbeat {
    SentHeartbeat {
        locker: locker_id(),
        event: id(&format!("h-{second}")),
        received_at: at(second),
        boot: id("b-1"),
        device_clock: Some(at(second)),
        diagnostics,
    }
}

fn sent(second: i64) -> SentHeartbeat {
    sent_with(second, diagnostics())
}

fn hot(second: i64, temperature_c: i16) -> SentHeartbeat {
    sent_with(second, Diagnostics { temperature_c: Some(temperature_c), ..diagnostics() })
}

/// The heartbeat of [`sent`], as it is kept.
fn kept(second: i64) -> Heartbeat {
    Heartbeat {
        locker: locker_id(),
        event: id(&format!("h-{second}")),
        received_at: at(second),
        boot: id("b-1"),
        clock_ahead_s: Some(0),
        diagnostics: diagnostics(),
        conditions: BTreeMap::new(),
        silent_at: Some(at(second) + SILENT_AFTER),
    }
}

fn scene(locker: Locker) -> FaultScene {
    FaultScene { locker: Some(locker), compartments: Vec::new(), work_order: None }
}

/// What is kept after these heartbeats at a locker without faults, and what each of them changed.
fn after(known: Option<Heartbeat>, all: &[SentHeartbeat]) -> (Option<Heartbeat>, Vec<HeartbeatOutcome>) {
    after_at(&locker(), known, all)
}

fn after_at(
    locker: &Locker,
    known: Option<Heartbeat>,
    all: &[SentHeartbeat],
) -> (Option<Heartbeat>, Vec<HeartbeatOutcome>) {
    let (mut known, mut locker, mut outcomes) = (known, locker.clone(), Vec::new());
    for sent in all {
        let decision = match judge_heartbeat(known.as_ref(), sent).decide() {
            Ok(decision) => decision,
            Err(concern) => record_heartbeat(*concern, scene(locker.clone()), sent.received_at).unwrap(),
        };
        outcomes.push(decision.answer);
        for change in decision.changes {
            match change {
                State::Heartbeat(it) => known = Some(it),
                State::Locker(it) => locker = it,
                _ => {}
            }
        }
    }
    (known, outcomes)
}

#[test]
fn the_first_heartbeat_of_a_locker_is_kept_and_that_of_a_stranger_refused() {
    assert_eq!(after(None, &[sent(0)]), (Some(kept(0)), vec![HeartbeatOutcome::Kept]));
    let Err(concern) = judge_heartbeat(None, &sent(0)).decide() else { panic!("its locker has to be looked at") };
    let nobody = FaultScene { locker: None, compartments: Vec::new(), work_order: None };
    assert_eq!(record_heartbeat(*concern, nobody, at(0)), Err(Refusal::UnknownLocker));
}

#[test]
fn of_heartbeats_that_say_the_same_every_third_is_kept() {
    let all: Vec<SentHeartbeat> = (1..=6).map(|minute| sent(minute * 60)).collect();
    let (known, outcomes) = after(Some(kept(0)), &all);
    use HeartbeatOutcome::{Kept, NothingNew};
    assert_eq!(outcomes, [NothingNew, NothingNew, Kept, NothingNew, NothingNew, Kept]);
    assert_eq!(known, Some(kept(360)));
}

#[test]
fn what_is_kept_has_no_entry_in_the_history() {
    let decision = judge_heartbeat(Some(&kept(0)), &sent(200)).decide().unwrap();
    let mut expected = Decision::new(HeartbeatOutcome::Kept);
    expected.change(kept(200));
    assert_eq!(decision, expected);
    assert_eq!(decision.event, Event::NothingChanged);
}

#[test]
fn a_restart_another_firmware_or_another_supply_is_kept_at_once() {
    let restarted = SentHeartbeat { boot: id("b-2"), ..sent(60) };
    let updated = sent_with(60, Diagnostics { firmware: "2.15.0".to_owned(), ..diagnostics() });
    let on_battery = sent_with(60, Diagnostics { power: PowerSource::Battery, ..diagnostics() });
    for changed in [restarted, updated, on_battery] {
        assert!(matches!(judge_heartbeat(Some(&kept(0)), &changed), Judgement::Keep(_)), "{changed:?}");
    }
    let aged = sent_with(60, Diagnostics { uptime_s: 1, temperature_c: Some(22), ..diagnostics() });
    assert_eq!(judge_heartbeat(Some(&kept(0)), &aged), Judgement::NothingNew);
}

#[test]
fn a_late_or_copied_heartbeat_changes_nothing() {
    let known = kept(600);
    assert_eq!(judge_heartbeat(Some(&known), &hot(599, 90)), Judgement::Outdated);
    let copy = SentHeartbeat { event: known.event.clone(), ..hot(900, 90) };
    assert_eq!(judge_heartbeat(Some(&known), &copy), Judgement::Outdated);
}

#[test]
fn a_storm_of_heartbeats_counts_as_one_in_half_a_minute() {
    let storm: Vec<SentHeartbeat> = (0..29).map(|second| hot(600 + second, 90)).collect();
    let (known, outcomes) = after(Some(kept(0)), &storm);
    assert_eq!(outcomes.iter().filter(|it| **it != HeartbeatOutcome::NothingNew).count(), 1);
    assert_eq!(known.unwrap().conditions[&FaultCode::OverTemperature].shown, 1);
}

#[test]
fn a_condition_becomes_a_fault_once_it_has_lasted_and_is_reported_once() {
    let all: Vec<SentHeartbeat> = (1..=8).map(|minute| hot(minute * 60, 60)).collect();
    let (known, outcomes) = after(Some(kept(0)), &all);
    use HeartbeatOutcome::{Kept, NothingNew, Reported};
    assert_eq!(outcomes, [Kept, Kept, Reported(1), NothingNew, NothingNew, Kept, NothingNew, NothingNew]);
    let reported: Vec<_> = known.as_ref().unwrap().reported_conditions().collect();
    assert_eq!(reported, [(FaultCode::OverTemperature, at(180))]);
    assert_eq!(known.unwrap().ended_conditions().count(), 0);
}

#[test]
fn the_fault_is_the_lockers_and_opens_with_the_heartbeat_in_one_decision() {
    let (known, _) = after(Some(kept(0)), &[hot(60, 60), hot(120, 61)]);
    let concern = judge_heartbeat(known.as_ref(), &hot(180, 62)).decide().unwrap_err();
    let decision = record_heartbeat(*concern, scene(locker()), at(181)).unwrap();
    let report = FaultReport { event: id("h-180"), ..report(180, &[(Unit::Locker, FaultCode::OverTemperature)]) };
    let of_the_report = report_faults(scene(locker()), &report, at(181)).unwrap();
    let mut expected = of_the_report.answer_with(HeartbeatOutcome::Reported(1));
    let condition = Condition { reported_at: Some(at(180)), ..Condition::default() };
    expected.change(Heartbeat {
        diagnostics: Diagnostics { temperature_c: Some(62), ..diagnostics() },
        conditions: BTreeMap::from([(FaultCode::OverTemperature, condition)]),
        ..kept(180)
    });
    assert_eq!(decision, expected);
}

#[test]
fn one_good_heartbeat_begins_the_count_anew() {
    let (known, outcomes) =
        after(Some(kept(0)), &[hot(60, 70), hot(120, 70), hot(180, 59), hot(240, 70), hot(300, 70)]);
    assert!(!outcomes.iter().any(|it| matches!(it, HeartbeatOutcome::Reported(_))), "{outcomes:?}");
    assert_eq!(known.unwrap().conditions[&FaultCode::OverTemperature].shown, 2);
}

#[test]
fn a_condition_ends_only_when_it_is_well_past_and_stays_so_and_the_fault_stays() {
    let bad: Vec<SentHeartbeat> = (1..=3).map(|minute| hot(minute * 60, 70)).collect();
    let (known, _) = after(Some(kept(0)), &bad);
    let open = locker().faulted(FaultCode::OverTemperature);
    // Below what raised it, and above what ends it.
    let between: Vec<SentHeartbeat> = (4..=9).map(|minute| hot(minute * 60, 55)).collect();
    let (known, _) = after_at(&open, known, &between);
    assert_eq!(known.as_ref().unwrap().reported_conditions().count(), 1);
    let (known, _) = after_at(&open, known, &[hot(600, 50), hot(660, 50)]);
    assert_eq!(known.as_ref().unwrap().ended_conditions().count(), 0);
    let (known, outcomes) = after_at(&open, known, &[hot(720, 50)]);
    assert_eq!(outcomes, [HeartbeatOutcome::Kept]);
    let ended: Vec<_> = known.as_ref().unwrap().ended_conditions().collect();
    assert_eq!(ended, [(FaultCode::OverTemperature, at(720))]);
    // And it may come again.
    let again: Vec<SentHeartbeat> = (13..=15).map(|minute| hot(minute * 60, 70)).collect();
    let (known, outcomes) = after_at(&open, known, &again);
    assert_eq!(outcomes.last(), Some(&HeartbeatOutcome::Reported(1)));
    assert_eq!(known.unwrap().ended_conditions().count(), 0);
}

#[test]
fn a_condition_that_a_repair_has_not_ended_is_reported_again() {
    let bad = |minutes: std::ops::RangeInclusive<i64>| -> Vec<SentHeartbeat> {
        minutes.map(|minute| hot(minute * 60, 70)).collect()
    };
    let (known, _) = after(Some(kept(0)), &bad(1..=3));
    // The repair has been proven: the fault is not open any more.
    let repaired = Locker { reopened_at: Some(at(200)), ..locker() };
    let (_, outcomes) = after_at(&repaired, known, &bad(4..=10));
    use HeartbeatOutcome::{Kept, NothingNew, Reported};
    assert_eq!(outcomes, [NothingNew, NothingNew, Kept, Kept, Kept, Reported(1), NothingNew]);
}

#[test]
fn each_condition_has_a_value_that_raises_it_and_another_one_that_ends_it() {
    let reading = |code: FaultCode, change: &dyn Fn(&mut Heartbeat)| {
        let mut heartbeat = kept(0);
        change(&mut heartbeat);
        (WATCHED.iter().find(|it| it.code == code).unwrap().reading)(&heartbeat)
    };
    use Reading::{Bad, Between, Good};
    let signal = |dbm| reading(FaultCode::NetworkWeak, &|it| it.diagnostics.signal_dbm = dbm);
    let signals = [Some(-116), Some(-115), Some(-114), Some(-106), Some(-105), None].map(signal);
    assert_eq!(signals, [Bad, Bad, Between, Between, Good, Between]);
    let clock = |ahead| reading(FaultCode::ClockSkew, &|it| it.clock_ahead_s = ahead);
    let clocks = [Some(120), Some(-120), Some(119), Some(-31), Some(30), Some(i64::MIN), None].map(clock);
    assert_eq!(clocks, [Bad, Bad, Between, Between, Good, Bad, Bad]);
    let power = |source| reading(FaultCode::PowerLoss, &|it| it.diagnostics.power = source);
    assert_eq!([PowerSource::Battery, PowerSource::Mains].map(power), [Bad, Good]);
    let heat = |degrees| reading(FaultCode::OverTemperature, &|it| it.diagnostics.temperature_c = degrees);
    let heats = [Some(60), Some(59), Some(51), Some(50), Some(-40), None].map(heat);
    assert_eq!(heats, [Bad, Between, Between, Good, Good, Between]);
}

fn presence(second: i64, link: Link) -> Presence {
    Presence { locker: locker_id(), session: "s-1".to_owned(), at: at(second), session_version: 0, link }
}

#[test]
fn a_connected_locker_that_says_nothing_has_a_controller_fault() {
    let up = presence(-1_000, Link::Up);
    assert_eq!(find_silent(kept(0), Some(&up), None, at(359)), Err(Refusal::wrong_state("heard")));
    for known in [Some(&up), None] {
        let condition = Condition { reported_at: Some(at(360)), ..Condition::default() };
        let conditions = BTreeMap::from([(FaultCode::ControllerFault, condition)]);
        let found = Heartbeat { silent_at: None, conditions, ..kept(0) };
        let event = EventId::of_step("silent", &at(0));
        let report = FaultReport { event, ..report(360, &[(Unit::Locker, FaultCode::ControllerFault)]) };
        assert_eq!(find_silent(kept(0), known, None, at(360)), Ok(Silence::Found(found.clone(), report)));
        assert_eq!(find_silent(found, known, None, at(900)), Err(Refusal::wrong_state("silent")), "it is found once");
    }
}

#[test]
fn a_locker_off_the_network_is_presences_to_find() {
    for link in [Link::Grace { until: at(400) }, Link::Down] {
        let later = Heartbeat { silent_at: Some(at(730)), ..kept(0) };
        assert_eq!(find_silent(kept(0), Some(&presence(300, link)), None, at(370)), Ok(Silence::Later(later)));
    }
}

#[test]
fn a_locker_that_has_come_back_has_as_long_as_any_other() {
    let overdue = Heartbeat { silent_at: Some(at(400)), ..kept(0) };
    let up = presence(390, Link::Up);
    let later = Heartbeat { silent_at: Some(at(750)), ..kept(0) };
    assert_eq!(find_silent(overdue, Some(&up), None, at(400)), Ok(Silence::Later(later.clone())));
    assert!(matches!(find_silent(later, Some(&up), None, at(750)), Ok(Silence::Found(..))));
}

#[test]
fn a_locker_that_has_just_been_repaired_has_as_long_as_any_other() {
    let later = Heartbeat { silent_at: Some(at(710)), ..kept(0) };
    let up = presence(-1_000, Link::Up);
    assert_eq!(find_silent(kept(0), Some(&up), Some(at(350)), at(360)), Ok(Silence::Later(later.clone())));
    assert_eq!(find_silent(kept(0), None, Some(at(350)), at(360)), Ok(Silence::Later(later)));
    assert!(matches!(find_silent(kept(0), Some(&up), Some(at(-50)), at(360)), Ok(Silence::Found(..))));
}

#[test]
fn a_silence_has_ended_when_heartbeats_come_again_and_the_fault_stays() {
    let Ok(Silence::Found(silent, _)) = find_silent(kept(0), None, None, at(360)) else { panic!("it is silent") };
    let open = locker().faulted(FaultCode::ControllerFault);
    let (known, outcomes) = after_at(&open, Some(silent), &[sent(1_000), sent(1_060), sent(1_120)]);
    assert_eq!(outcomes, [HeartbeatOutcome::Kept; 3]);
    let known = known.unwrap();
    assert_eq!(known.ended_conditions().collect::<Vec<_>>(), [(FaultCode::ControllerFault, at(1_120))]);
    assert_eq!(known.due_at(), Some(at(1_120) + SILENT_AFTER), "it is watched again");
}

#[test]
fn a_silence_that_was_repaired_leaves_nothing_behind() {
    let Ok(Silence::Found(silent, _)) = find_silent(kept(0), None, None, at(360)) else { panic!("it is silent") };
    let repaired = Locker { reopened_at: Some(at(900)), ..locker() };
    assert_eq!(after_at(&repaired, Some(silent), &[sent(1_000)]).0, Some(kept(1_000)));
}

#[test]
fn a_locker_is_never_found_sooner_than_three_heartbeats_are_missed() {
    // The last heartbeat that was not kept came just before the next one would have been.
    let latest = at(0) + KEPT_FOR;
    assert_eq!((at(0) + SILENT_AFTER).duration_since(latest), MISSED_AFTER);
    assert!(MISSED_AFTER >= HEARTBEAT_EVERY * 3 && COUNTED_APART < HEARTBEAT_EVERY);
}

#[test]
fn the_work_order_of_a_silent_locker_is_open() {
    let Ok(Silence::Found(_, report)) = find_silent(kept(0), None, None, at(360)) else { panic!("it is silent") };
    let decision = report_faults(scene(locker()), &report, at(360)).unwrap();
    let opened = decision.changes.iter().find_map(|it| match it {
        State::WorkOrder(it) => Some(it.status),
        _ => None,
    });
    assert_eq!(opened, Some(WorkOrderStatus::Open));
}

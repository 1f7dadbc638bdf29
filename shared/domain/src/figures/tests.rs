use super::*;
use crate::fault::FaultCode::{DisplayFault, DoorNotClosing, LockJammed, NetworkLost};
use crate::testing::*;

fn day() -> Day {
    "2026-11-20".parse().unwrap()
}

/// So many hours after that day began.
fn hour(count: i64) -> Timestamp {
    day().begin() + hours(count)
}

fn record(unit: Unit, code: FaultCode, from: i64, until: i64) -> FaultRecord {
    FaultRecord::cleared(locker_id(), unit, code, open_fault(hour(from)), hour(until))
}

fn closed(locker: &Locker, compartments: &[Compartment], records: &[FaultRecord]) -> LockerDay {
    let firmware = Some("1.2".to_owned());
    close_day(DayScene { locker, compartments, records, firmware, heard_of: true, doors: vec![] }, day())
}

fn doors() -> [Compartment; 2] {
    [compartment(1), compartment(2)]
}

fn unit_day(failures: u64, repairs: u64, repair_hours: u64, down_hours: u64) -> UnitDay {
    UnitDay { failures, repairs, repair_s: repair_hours * 3_600, down_s: down_hours * 3_600 }
}

#[test]
fn a_day_on_which_nothing_broke_is_up_to_its_end() {
    let quiet = closed(&locker(), &doors(), &[]);
    assert_eq!((quiet.compartments, quiet.units.len()), (2, 0));
    let figures = fold([&quiet], By::Locker)["mz-01"];
    assert_eq!((figures.uptime(), figures.mttr_s(), figures.mtbf_s()), (Some(1.0), None, None));
    assert_eq!(figures.up_s(), 2 * 24 * 3_600);
}

#[test]
fn faults_at_one_time_are_down_time_once_and_those_of_other_days_are_not_of_this_one() {
    let records = [
        record(unit(1), LockJammed, 2, 6),
        record(unit(1), DoorNotClosing, 4, 8),
        record(unit(1), LockJammed, -10, 1),
        record(unit(1), LockJammed, 22, 30),
        record(unit(1), LockJammed, -30, -20),
        record(unit(1), LockJammed, 25, 26),
    ];
    let day = closed(&locker(), &doors(), &records);
    assert_eq!(day.units, [(unit(1), unit_day(3, 3, 4 + 4 + 11, 6 + 1 + 2))].into());
}

#[test]
fn what_is_open_is_down_to_the_end_of_the_day_and_what_closes_nothing_is_not() {
    let jammed = Compartment {
        faults: [(LockJammed, open_fault(hour(20))), (DisplayFault, open_fault(hour(1)))].into(),
        ..compartment(1)
    };
    let day = closed(&locker(), &[jammed, compartment(2)], &[record(unit(2), DisplayFault, 1, 2)]);
    assert_eq!(day.units, [(unit(1), unit_day(1, 0, 0, 4))].into());
}

#[test]
fn a_fault_that_is_read_open_and_proven_counts_once() {
    let jammed = Compartment { faults: [(LockJammed, open_fault(hour(20)))].into(), ..compartment(1) };
    let day = closed(&locker(), &[jammed], &[record(unit(1), LockJammed, 20, 23)]);
    assert_eq!(day.units, [(unit(1), unit_day(1, 1, 3, 3))].into());
}

#[test]
fn a_locker_that_is_dark_has_no_door_that_is_up() {
    let records = [record(Unit::Locker, NetworkLost, 0, 12), record(unit(1), LockJammed, 6, 18)];
    let day = closed(&locker(), &doors(), &records);
    let expected = [(Unit::Locker, unit_day(1, 1, 12, 12)), (unit(1), unit_day(1, 1, 12, 18))];
    assert_eq!(day.units, expected.into());
    let of_locker = fold([&day], By::Region)["mainz"];
    assert_eq!(of_locker.down_s, (18 + 12) * 3_600, "compartment 2 with its locker");
    assert_eq!((of_locker.failures, of_locker.mttr_s()), (2, Some(12 * 3_600)));
    assert_eq!((of_locker.uptime(), of_locker.mtbf_s()), (Some(18.0 / 48.0), Some(9 * 3_600)));
    let of_door = |of| fold_compartment([&day], number(of));
    assert_eq!((of_door(1).down_s, of_door(1).failures), (18 * 3_600, 2));
    assert_eq!((of_door(2).down_s, of_door(2).failures), (12 * 3_600, 1));
}

#[test]
fn a_locker_that_was_never_heard_of_is_down() {
    let (own, compartments) = (locker(), doors());
    let scene = DayScene {
        locker: &own,
        compartments: &compartments,
        records: &[record(unit(1), LockJammed, 2, 6)],
        firmware: None,
        heard_of: false,
        doors: vec![],
    };
    let unknown = close_day(scene, day());
    assert_eq!(unknown.units, [(Unit::Locker, unit_day(0, 0, 0, 24)), (unit(1), unit_day(1, 1, 4, 24))].into());
    assert_eq!(fold([&unknown], By::Locker)["mz-01"].uptime(), Some(0.0));
}

#[test]
fn days_add_up_in_any_order_and_are_told_apart_by_what_is_asked() {
    let tries = |first, not| vec![DoorDay { number: number(1), at_first_try: first, not_at_first_try: not }];
    let one = LockerDay { doors: tries(9, 1), ..closed(&locker(), &doors(), &[record(unit(1), LockJammed, 0, 6)]) };
    let other =
        LockerDay { locker: id("mz-02"), firmware: None, doors: tries(1, 1), ..closed(&locker(), &doors(), &[]) };
    assert_eq!(fold([&one, &other], By::Region), fold([&other, &one], By::Region));
    let all = fold([&one, &other], By::Region)["mainz"];
    assert_eq!((all.compartment_days, all.down_s, all.first_time_open_rate()), (4, 6 * 3_600, Some(10.0 / 12.0)));
    let names = |by| fold([&one, &other], by).into_keys().collect::<Vec<_>>();
    assert_eq!(names(By::Firmware), ["", "1.2"]);
    assert_eq!(names(By::Locker), ["mz-01", "mz-02"]);
    assert_eq!(names(By::Compartment), ["1"]);
    assert_eq!(fold_compartment([&one, &other], number(1)).first_time_open_rate(), Some(10.0 / 12.0));
}

#[test]
fn a_compartment_that_is_gone_is_not_waited_for() {
    let gone = Compartment { service: Service::Decommissioned, ..compartment(2) };
    assert_eq!(closed(&locker(), &[compartment(1), gone], &[]).compartments, 1);
}

#[test]
fn a_compartment_that_was_taken_out_broken_is_not_down() {
    let gone = Compartment { service: Service::Decommissioned, ..compartment(2).faulted(FaultCode::LockJammed) };
    let day = closed(&locker(), &[compartment(1), gone], &[]);
    assert_eq!((day.compartments, day.units.len()), (1, 0));
    assert_eq!(fold([&day], By::Region)["mainz"].down_s, 0);
}

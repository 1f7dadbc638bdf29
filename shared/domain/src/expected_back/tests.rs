use super::*;
use crate::fault::FaultCode::{DisplayFault, LockJammed, ReaderFault};
use crate::state::State;
use crate::testing::*;
use crate::work_order::WorkOrderStatus;

fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

/// As many repairs as there are, of so many minutes each.
fn took(code: FaultCode, each: &[i64]) -> RepairTimes {
    let mut times = RepairTimes { code, counts: Vec::new(), latest_at: at(0) };
    each.iter().for_each(|it| times.add(minutes(*it), at(0)));
    times
}

fn known(all: &[RepairTimes]) -> BTreeMap<FaultCode, RepairTimes> {
    all.iter().map(|it| (it.code, it.clone())).collect()
}

/// One repair of each length from one minute to that many.
fn each_up_to(longest: i64) -> Vec<i64> {
    (1..=longest).collect()
}

#[test]
fn spans_begin_where_the_one_before_ends_and_the_last_takes_everything() {
    assert_eq!((end_s(0), end_s(4), end_s(SPANS - 2)), (Some(60), Some(120), Some(60 << 17)));
    for span in 1..SPANS - 1 {
        assert!(end_s(span - 1) < end_s(span), "{span}");
    }
    assert_eq!([0, 60, 61, 71, 72, i64::MAX].map(span_of), [0, 0, 1, 1, 2, SPANS - 1]);
}

#[test]
fn quantiles_are_right_to_a_fifth() {
    let times = took(LockJammed, &each_up_to(400));
    for (percent, exactly) in [(50, 200.0), (80, 320.0)] {
        let found = times.quantile(percent, SignedDuration::ZERO).unwrap().as_secs() as f64 / 60.0;
        assert!((found / exactly - 1.0).abs() < 0.2, "{percent}: {found}");
    }
}

#[test]
fn a_repair_that_runs_already_is_compared_with_those_that_took_as_long() {
    let times = took(LockJammed, &each_up_to(400));
    let mut before = SignedDuration::ZERO;
    for elapsed in [0, 100, 200, 300, 380] {
        let median = times.quantile(50, minutes(elapsed)).unwrap();
        let exactly = (400 + elapsed) as f64 / 2.0;
        let found = median.as_secs() as f64 / 60.0;
        assert!((found / exactly - 1.0).abs() < 0.2, "after {elapsed}: {found}");
        assert!(median > minutes(elapsed) && median >= before, "after {elapsed}");
        before = median;
    }
}

#[test]
fn with_too_few_that_took_as_long_nobody_knows() {
    let few = took(LockJammed, &each_up_to(i64::from(SAMPLES_MIN) - 1));
    assert_eq!((few.samples(), few.quantile(50, SignedDuration::ZERO)), (SAMPLES_MIN - 1, None));
    let enough = took(LockJammed, &each_up_to(i64::from(SAMPLES_MIN)));
    assert!(enough.quantile(80, SignedDuration::ZERO).is_some());
    assert_eq!(enough.quantile(50, minutes(7)), None, "half of them were quicker");
    assert_eq!(enough.quantile(50, hours(10_000)), None);
    let very_long = took(LockJammed, &[200 * 24 * 60; 20]);
    assert_eq!(very_long.quantile(50, SignedDuration::ZERO), None, "longer than what is told apart");
}

#[test]
fn the_history_of_a_code_stays_small_and_follows_the_latest() {
    let mut times = took(LockJammed, &[10; 400]);
    for _ in 0..1_500 {
        times.add(minutes(600), at(0));
    }
    assert!(times.samples() < HALVED_FROM && times.counts.len() <= SPANS);
    let median = times.quantile(50, SignedDuration::ZERO).unwrap();
    assert!(median > minutes(400), "{median}");
}

fn record(code: FaultCode, minute: i64) -> FaultRecord {
    FaultRecord::cleared(locker_id(), unit(7), code, open_fault(at(0)), at(60 * minute))
}

#[test]
fn a_repair_is_counted_once() {
    let decision = count_repairs(None, vec![record(LockJammed, 5), record(LockJammed, 90)]);
    let counted = |it| FaultRecord { count_at: None, ..it };
    let mut times = took(LockJammed, &[5, 90]);
    times.latest_at = at(60 * 90);
    let both = [counted(record(LockJammed, 5)), counted(record(LockJammed, 90))];
    let expected: Vec<State> = both.clone().map(State::from).into_iter().chain([times.clone().into()]).collect();
    assert_eq!((decision.answer, decision.changes), (2, expected));
    let again = count_repairs(Some(times), both.into());
    assert_eq!((again.answer, again.changes), (0, vec![]));
}

#[test]
fn the_last_of_several_faults_decides_and_what_closes_nothing_does_not() {
    let times = known(&[took(LockJammed, &[60; 20]), took(ReaderFault, &[600; 20]), took(DisplayFault, &[6_000; 20])]);
    let (jam, reader, display) = (open_fault(at(0)), open_fault(at(0)), open_fault(at(0)));
    let of = |faults: &[(FaultCode, &OpenFault)]| estimate(faults.iter().copied(), &times, at(0));
    let alone = of(&[(ReaderFault, &reader)]).unwrap();
    let all = of(&[(LockJammed, &jam), (ReaderFault, &reader), (DisplayFault, &display)]);
    assert_eq!(all, Some(alone));
    assert_eq!(of(&[(DisplayFault, &display)]), None);
    let unknown = known(&[took(ReaderFault, &[600; 20])]);
    let both = estimate([(LockJammed, &jam), (ReaderFault, &reader)], &unknown, at(0)).unwrap();
    assert_eq!(both, ExpectedBack { expected_at: None, latest_at: None, samples: 0, as_of: at(0) });
}

/// Its lock has been jammed since second 0, and its customers were told of a time.
fn waiting(told: Option<Told>) -> WorkOrder {
    let mut work_order = work_order(WorkOrderStatus::InProgress, &[(unit(7), LockJammed)]);
    let times = known(&[took(LockJammed, &each_up_to(400))]);
    work_order.expect_back(estimate([(LockJammed, &open_fault(at(0)))], &times, at(0)));
    work_order.told_customers = told.or(work_order.told_customers);
    work_order
}

fn renewed(work_order: WorkOrder, minute: i64) -> Result<WorkOrder, Refusal> {
    let times = known(&[took(LockJammed, &each_up_to(400))]);
    let decision = renew_estimate(work_order, [(LockJammed, &open_fault(at(0)))], &times, at(60 * minute))?;
    let expected_at = match &decision.changes[..] {
        [State::WorkOrder(it)] => it.expected_back.as_ref().and_then(|it| it.expected_at),
        other => panic!("{other:?}"),
    };
    assert_eq!(decision.event, Event::ExpectedLater { expected_at });
    Ok(decision.changes.into_iter().next().unwrap().try_into().unwrap())
}

#[test]
fn an_estimate_that_has_not_come_true_is_made_anew_and_customers_hear_of_it_once_theirs_is_over() {
    let first = waiting(None);
    let expected_at = first.expected_back.as_ref().unwrap().expected_at.unwrap();
    let told = first.told_customers.unwrap();
    assert_eq!((first.due_at(), told.updates), (Some(expected_at), 0));
    let early = expected_at.duration_since(at(0)).as_mins() - 1;
    assert_eq!(renewed(first.clone(), early), Err(Refusal::wrong_state("in_progress")));
    let second = renewed(first, early + 2).unwrap();
    assert!(second.expected_back.as_ref().unwrap().expected_at > Some(expected_at));
    assert_eq!((second.told_customers, &second.impact), (Some(told), &vec![]), "what they were told may still be so");
    let over = told.by.duration_since(at(0)).as_mins() + 1;
    let third = renewed(second, over).unwrap();
    let anew = third.told_customers.unwrap();
    assert!(anew.by > told.by && anew.updates == 1);
    assert_eq!(third.impact, vec![ImpactTask::tell_delay(unit(7), Some(anew.by), 1)]);
}

#[test]
fn customers_are_told_so_often_and_no_more() {
    let last = waiting(Some(Told { by: at(60), updates: UPDATES_MAX }));
    let quiet = renewed(last, 2).unwrap();
    assert_eq!((quiet.told_customers, quiet.impact), (None, vec![]));
}

#[test]
fn where_nobody_knows_any_more_customers_are_told_so_and_no_timer_is_left() {
    let lost = renewed(waiting(Some(Told { by: at(60), updates: 0 })), 10_000).unwrap();
    assert_eq!(lost.impact, vec![ImpactTask::tell_delay(unit(7), None, 1)]);
    let expected_back = lost.expected_back.as_ref().unwrap();
    assert_eq!((expected_back.expected_at, expected_back.samples, lost.told_customers), (None, 0, None));
    assert_eq!(lost.estimate_due_at(), None);
}

#[test]
fn a_proven_repair_is_not_estimated_any_more() {
    let done = WorkOrder { status: WorkOrderStatus::Verified, ..waiting(None) };
    assert_eq!((done.estimate_due_at(), renewed(done, 10_000)), (None, Err(Refusal::wrong_state("verified"))));
}

use super::*;
use crate::case::CaseStatus;
use crate::order::OrderStatus;
use crate::person::Language;
use crate::testing::*;

fn late() -> Evidence {
    Evidence::DeliveredAt { delivered_at: at(60), promised_at: Some(at(50)) }
}

fn in_time() -> Evidence {
    Evidence::DeliveredAt { delivered_at: at(60), promised_at: Some(at(70)) }
}

fn met() -> Evidence {
    Evidence::LockerFault { incident: incident(unit(7), FaultCode::LockJammed, 30, Some(50)) }
}

#[test]
fn each_fact_says_from_where_it_is_known_and_when_it_was() {
    let facts = [
        met(),
        late(),
        Evidence::Collected { collected_at: at(80) },
        Evidence::Ratings { ratings: ratings(1, 1, 1, 1) },
    ];
    let expected = [
        (Source::LockerRecords, Some(at(30))),
        (Source::DoorEvents, Some(at(60))),
        (Source::DoorEvents, Some(at(80))),
        (Source::Customer, None),
    ];
    assert_eq!(facts.map(|it| (it.source(), it.at())), expected);
}

#[test]
fn a_lockers_fault_speaks_for_the_locker_and_for_the_driver_where_it_explains_anything() {
    for about in Category::ALL {
        let explains = matches!(about, Category::Delay | Category::WrongPlace | Category::LockerFault);
        let expected = if explains { (Speaks::For, Speaks::Against) } else { (Speaks::Neither, Speaks::Neither) };
        assert_eq!((met().speaks(Cause::Locker, about), met().speaks(Cause::Driver, about)), expected, "{about:?}");
    }
}

#[test]
fn the_promised_time_speaks_about_a_delay_and_nothing_else() {
    assert_eq!(late().speaks(Cause::Driver, Category::Delay), Speaks::For);
    assert_eq!(in_time().speaks(Cause::Driver, Category::Delay), Speaks::Against);
    let unpromised = Evidence::DeliveredAt { delivered_at: at(60), promised_at: None };
    assert_eq!(unpromised.speaks(Cause::Driver, Category::Delay), Speaks::Neither);
    assert_eq!(late().speaks(Cause::Driver, Category::Conduct), Speaks::Neither);
}

#[test]
fn that_others_have_complained_of_a_driver_speaks_for_nothing() {
    let other = Evidence::OtherComplaint {
        case: id("C-9"),
        category: Category::Conduct,
        received_at: at(0),
        cause: Some(Cause::Driver),
    };
    for about in Category::ALL {
        for cause in [Cause::Locker, Cause::Driver, Cause::Sender, Cause::Customer, Cause::Unknown] {
            assert_eq!(other.speaks(cause, about), Speaks::Neither);
        }
    }
    assert_eq!(other.finding(), None, "and is nobody's to know");
}

#[test]
fn a_cause_is_proposed_with_the_facts_for_and_against_it() {
    let case = case(CaseStatus::Received, vec![met(), late(), Evidence::Ratings { ratings: ratings(1, 5, 1, 5) }]);
    let expected = [
        Weighed { cause: Cause::Locker, facts_for: vec![0], facts_against: vec![] },
        Weighed { cause: Cause::Driver, facts_for: vec![1], facts_against: vec![0] },
    ];
    assert_eq!(case.weighed(), expected);
}

fn collected() -> Order {
    let order = order("o1", 7).deposited(60);
    Order { status: OrderStatus::Collected, collected_at: Some(at(80)), driver: Some(driver()), ..order }
}

fn repaired(of: Unit, raised: i64, cleared: i64) -> FaultRecord {
    FaultRecord::cleared(locker_id(), of, FaultCode::LockJammed, open_fault(at(raised)), at(cleared))
}

fn gathered(beside: &FoundBeside) -> Vec<Evidence> {
    let delivery = Delivery { promised_at: Some(at(40)), ..delivery() };
    let all = gather(&collected(), &bad_for(&[Category::Delay]), Some(&delivery), beside, at(100));
    all.into_iter().skip(3).collect()
}

#[test]
fn faults_of_its_door_and_its_locker_between_promise_and_pickup_are_facts() {
    let open = vec![(Unit::Locker, [(FaultCode::ReaderFault, open_fault(at(75)))].into())];
    let repaired = vec![
        repaired(unit(7), 10, 39),
        repaired(unit(7), 20, 40),
        repaired(unit(8), 45, 70),
        repaired(Unit::Locker, 81, 90),
    ];
    let beside = FoundBeside { open, repaired, ..FoundBeside::default() };
    let expected = [
        Evidence::FaultBeside { unit: Unit::Locker, code: FaultCode::ReaderFault, raised_at: at(75), cleared_at: None },
        Evidence::FaultBeside {
            unit: unit(7),
            code: FaultCode::LockJammed,
            raised_at: at(20),
            cleared_at: Some(at(40)),
        },
    ];
    assert_eq!(gathered(&beside), expected);
}

#[test]
fn a_fault_that_the_order_has_met_is_one_fact() {
    let order = Order { incidents: vec![incident(unit(7), FaultCode::LockJammed, 20, Some(70))], ..collected() };
    let beside = FoundBeside { repaired: vec![repaired(unit(7), 20, 70)], ..FoundBeside::default() };
    let all = gather(&order, &bad_for(&[Category::Delay]), None, &beside, at(100));
    assert_eq!(all.iter().filter(|it| it.is_of_the_locker()).count(), 1, "{all:?}");
}

#[test]
fn other_complaints_about_the_driver_are_shown_from_as_far_back_as_standing_looks() {
    let other = |name: &str, order: &str, second: i64| Case {
        id: id(name),
        order: id(order),
        received_at: at(second),
        ..case(CaseStatus::Received, vec![])
    };
    let days = |count: i64| count * 24 * 3_600;
    let others = vec![other("C-2", "o2", 0), other("C-1", "o1", 0), other("C-3", "o3", -days(91))];
    let beside = FoundBeside { others, ..FoundBeside::default() };
    let expected =
        Evidence::OtherComplaint { case: id("C-2"), category: Category::Delay, received_at: at(0), cause: None };
    assert_eq!(gathered(&beside), [expected]);
}

#[test]
fn cases_are_spread_over_the_teams_for_complaints_and_over_no_other() {
    let team = |name: &str, duty: Duty| Team {
        id: id(name),
        region: id("mainz"),
        name: name.to_owned(),
        skills: [].into(),
        language: Language::German,
        topic_arn: String::new(),
        duty,
        lead: None,
        members: [].into(),
    };
    let teams = vec![
        team("a", Duty::Repair),
        team("s-2", Duty::Support),
        team("s-1", Duty::Support),
        team("w", Duty::Operations),
    ];
    let beside = FoundBeside { teams, ..FoundBeside::default() };
    let mut counts = std::collections::BTreeMap::<String, u32>::new();
    for nth in 0..200 {
        let case: CaseId = id(&format!("C-{nth}"));
        let chosen = beside.team_for(&case);
        assert_eq!(chosen, beside.team_for(&case));
        *counts.entry(chosen.unwrap().to_string()).or_default() += 1;
    }
    assert_eq!(counts.keys().collect::<Vec<_>>(), ["s-1", "s-2"]);
    assert!(counts.values().all(|it| *it > 60), "{counts:?}");
    assert_eq!(FoundBeside::default().team_for(&id("C-1")), None);
}

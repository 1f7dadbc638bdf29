use super::*;
use crate::testing::*;

fn north(metres: i32) -> Position {
    let Position { latitude_e6, longitude_e6 } = locker().position;
    Position { latitude_e6: latitude_e6 + metres * 9, longitude_e6 }
}

/// An open locker so far north of the one that closed, with so many free doors of size M.
fn site(name: &str, metres: i32, free: u16) -> Site {
    Site {
        locker: id(name),
        position: north(metres),
        bookable: true,
        measures: OwnMeasures::new(),
        sizes: vec![Size::M],
        free: vec![FreeDoors { size: Size::M, reachable: false, count: free }],
    }
}

/// An order of size M whose customer goes up to 3 km.
fn seeker(name: &str) -> Seeker {
    Seeker {
        order: id(name),
        needs: Size::M.into(),
        from: north(0),
        bundle: None,
        together_at: None,
        promised_at: None,
        preferences: Some(within(3_000)),
    }
}

fn within(metres: u32) -> Preferences {
    Preferences { other_locker_within_m: Some(metres), ..Preferences::none(customer()) }
}

fn wishing(name: &str, preferences: Preferences) -> Seeker {
    Seeker { preferences: Some(preferences), ..seeker(name) }
}

fn to(locker: &str) -> Destination {
    Destination::Locker { locker: id(locker), size: Size::M, reachable: false }
}

/// Where each goes, and why, in words.
fn planned(seekers: &[Seeker], sites: &[Site]) -> Vec<(Destination, String)> {
    let plan = plan(seekers, sites, &[shop()], at(0));
    seekers.iter().map(|it| plan.of(&it.order).unwrap()).map(|it| (it.to.clone(), it.why.to_string())).collect()
}

fn places(seekers: &[Seeker], sites: &[Site]) -> Vec<Destination> {
    planned(seekers, sites).into_iter().map(|(to, _)| to).collect()
}

fn reason(seeker: Seeker, sites: &[Site]) -> String {
    planned(&[seeker], sites).remove(0).1
}

fn shop() -> ShopRoom {
    ShopRoom { shop: id("kiosk"), position: north(50), room: Some(1) }
}

#[test]
fn each_gets_the_nearest_with_room_and_is_told_what_was_nearer() {
    let sites = [site("a", 400, 1), site("b", 1_040, 5)];
    assert_eq!(
        planned(&[seeker("o1"), seeker("o2")], &sites),
        [
            (to("a"), "the nearest, 400 m away".to_owned()),
            (
                to("b"),
                "the nearest with room, 1041 m away, 641 m farther than the nearest; 1 nearer whose room went to others"
                    .to_owned()
            ),
        ]
    );
    assert_eq!(
        reason(seeker("o1"), &[site("a", 400, 0), site("b", 1_040, 5)]),
        "the nearest with room, 1041 m away, 641 m farther than the nearest; 1 nearer without room that fits"
    );
}

#[test]
fn who_can_go_nowhere_else_gets_the_room_that_others_would_have_as_well() {
    let near_only = wishing("o2", within(500));
    let sites = [site("a", 400, 1), site("b", 1_040, 1)];
    assert_eq!(places(&[seeker("o1"), near_only], &sites), [to("b"), to("a")]);
}

#[test]
fn one_who_could_have_it_brought_home_leaves_the_last_room_to_one_who_would_have_to_be_asked() {
    let home = wishing("o1", Preferences { home: true, ..within(3_000) });
    assert_eq!(places(&[home, seeker("o2")], &[site("a", 400, 1)]), [Destination::Home, to("a")]);
}

#[test]
fn of_two_the_one_that_is_promised_sooner_gets_the_last_room() {
    let promised = |name: &str, in_hours| Seeker { promised_at: Some(at(0) + hours(in_hours)), ..seeker(name) };
    let asked = Destination::Asked;
    let sites = [site("a", 400, 1)];
    assert_eq!(places(&[seeker("o1"), promised("o2", 72)], &sites), [asked.clone(), to("a")]);
    assert_eq!(places(&[promised("o1", 72), promised("o2", 24)], &sites), [asked.clone(), to("a")]);
    // Of one class it is the nearer room that goes to the first.
    let two = [site("a", 400, 1), site("b", 500, 1)];
    assert_eq!(places(&[promised("o1", 20), promised("o2", 4)], &two), [to("b"), to("a")]);
}

#[test]
fn a_preferred_locker_is_worth_a_detour_of_a_kilometre_wherever_it_is() {
    let liking = |metres| Preferences { preferred: [id("b")].into(), ..within(metres) };
    let sites = |metres| [site("a", 400, 1), site("b", metres, 1)];
    assert_eq!(places(&[wishing("o1", liking(3_000))], &sites(1_390)), [to("b")]);
    assert_eq!(places(&[wishing("o1", liking(3_000))], &sites(1_410)), [to("a")]);
    assert_eq!(places(&[wishing("o1", liking(300))], &sites(9_000)), [to("b")]);
    assert_eq!(
        reason(wishing("o1", liking(3_000)), &sites(1_390)),
        "preferred by the customer, 1391 m away, 991 m farther than the nearest"
    );
}

#[test]
fn a_locker_on_the_never_list_is_none_even_where_it_is_preferred_as_well() {
    let wishes = Preferences { never: [id("a")].into(), preferred: [id("a")].into(), ..within(3_000) };
    let asked = (Destination::Asked, "no open locker is near enough".to_owned());
    assert_eq!(planned(&[wishing("o1", wishes)], &[site("a", 400, 1)]), [asked]);
}

#[test]
fn a_bundle_goes_where_all_of_it_has_room_or_stays_together_without() {
    let of_bundle = |name: &str| Seeker { bundle: Some(id("b1")), ..seeker(name) };
    let bundle = [of_bundle("o1"), of_bundle("o2")];
    assert_eq!(places(&bundle, &[site("a", 400, 1), site("b", 900, 2)]), [to("b"), to("b")]);
    let lonely = [site("a", 400, 1), site("b", 900, 1)];
    let asked = (Destination::Asked, "none of 2 lockers has room for all 2 parcels of the bundle".to_owned());
    assert_eq!(planned(&bundle, &lonely), [asked.clone(), asked]);
}

#[test]
fn a_bundle_has_others_walk_a_little_farther() {
    let of_bundle = |name: &str| Seeker { bundle: Some(id("b1")), ..seeker(name) };
    let seekers = [of_bundle("o1"), of_bundle("o2"), seeker("o3")];
    let sites = [site("a", 400, 2), site("b", 900, 1)];
    assert_eq!(places(&seekers, &sites), [to("a"), to("a"), to("b")]);
}

#[test]
fn who_follows_a_bundle_goes_where_it_is_if_there_is_room() {
    let follows = |at: &str| Seeker { together_at: Some(id(at)), ..seeker("o1") };
    let sites = [site("a", 400, 1), site("b", 2_900, 1), site("c", 500, 0)];
    assert_eq!(places(&[follows("b")], &sites), [to("b")]);
    assert_eq!(places(&[follows("c")], &sites), [to("a")]);
    assert_eq!(
        reason(follows("b"), &sites),
        "where the rest of the bundle goes, 2902 m away, 2502 m farther than the nearest; 1 nearer without room that fits"
    );
}

#[test]
fn the_shop_comes_after_the_lockers_and_before_home_and_takes_no_more_than_it_has_room_for() {
    let shopping = |name: &str| wishing(name, Preferences { shop: Some(id("kiosk")), home: true, ..within(3_000) });
    let seekers = [shopping("o1"), shopping("o2"), shopping("o3")];
    let shop = Destination::Shop { shop: id("kiosk") };
    assert_eq!(places(&seekers, &[site("a", 400, 1)]), [to("a"), shop, Destination::Home]);
}

#[test]
fn a_parcel_of_any_size_goes_to_a_shop() {
    let wishes = Preferences { shop: Some(id("kiosk")), ..Preferences::none(customer()) };
    let large = Seeker { needs: Size::XL.into(), ..wishing("o1", wishes) };
    assert_eq!(places(&[large], &[]), [Destination::Shop { shop: id("kiosk") }]);
}

#[test]
fn who_gets_no_locker_is_told_what_there_was_none_of() {
    let told = |seeker: Seeker, sites: &[Site]| reason(seeker, sites);
    let sites = [site("a", 400, 1)];
    assert_eq!(
        told(Seeker { preferences: None, ..seeker("o1") }, &sites),
        "the customer has agreed to no other locker"
    );
    assert_eq!(told(wishing("o1", within(399)), &sites), "no open locker is near enough");
    let closed = [Site { bookable: false, ..site("a", 400, 1) }];
    assert_eq!(told(seeker("o1"), &closed), "no open locker is near enough");
    let large = Seeker { needs: Size::L.into(), ..seeker("o1") };
    assert_eq!(told(large, &sites), "none of 1 lockers is large enough");
    assert_eq!(told(seeker("o1"), &[site("a", 400, 0)]), "none of 1 lockers has room that fits");
    let reached = Seeker { needs: Needs { reachable: true, ..Size::M.into() }, ..seeker("o1") };
    assert_eq!(told(reached, &sites), "none of 1 lockers has room that fits");
    let reasons = planned(&[seeker("o1"), seeker("o2")], &sites);
    assert_eq!(reasons[1], (Destination::Asked, "the room of 1 lockers went to others".to_owned()));
}

#[test]
fn the_smallest_door_that_fits_is_taken_and_one_in_reach_is_left_to_who_needs_it() {
    let free = |size, reachable| FreeDoors { size, reachable, count: 1 };
    let doors = vec![free(Size::L, false), free(Size::M, true), free(Size::M, false)];
    let sites = [Site { sizes: vec![Size::M, Size::L], free: doors, ..site("a", 400, 0) }];
    let door = |size, reachable| Destination::Locker { locker: id("a"), size, reachable };
    let reached = Seeker { needs: Needs { reachable: true, ..Size::M.into() }, ..seeker("o2") };
    let seekers = [seeker("o1"), reached, seeker("o3")];
    assert_eq!(places(&seekers[..1], &sites), [door(Size::M, false)]);
    let all = places(&seekers, &sites);
    assert_eq!(all[1], door(Size::M, true));
    assert!(all.contains(&door(Size::L, false)) && all.contains(&door(Size::M, false)), "{all:?}");
}

#[test]
fn without_lockers_or_orders_there_is_a_plan_as_well() {
    assert_eq!(places(&[seeker("o1")], &[]), [Destination::Asked]);
    assert_eq!(plan(&[], &[site("a", 0, 1)], &[], at(0)), Plan { places: vec![], walking_m: 0, excess_m: 0 });
}

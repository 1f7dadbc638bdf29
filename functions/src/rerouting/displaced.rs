//! Orders whose place has been closed: those of one step are planned together, and moved one commit each. A commit that
//! finds its new place taken changes nothing; whoever is left then is planned again.

use std::collections::{BTreeMap, BTreeSet};

use aws::apply::{Cause, Stop, View, apply, look, settle};
use aws::keys;
use aws::rooms;
use aws::store::{Store, Unavailable};
use domain::bundle::Bundle;
use domain::compartment::Compartment;
use domain::fault::Unit;
use domain::id::{BundleId, CompartmentNumber, LockerId, OrderId};
use domain::impact::COMPARTMENTS_PER_STEP_MAX;
use domain::locker::Locker;
use domain::order::{DisplacedScene, Order, Room, deal_with_displaced, find_room};
use domain::person::Preferences;
use domain::plan::{Seeker, Why};
use domain::recovery::CompartmentId;
use domain::seeded::bug;
use domain::shop::Shop;
use domain::size::{Needs, Size};
use domain::{Decision, StateKey};

use super::{List, Step};
use crate::places::{Found, find_places};

/// How often those are planned again whose new place was taken meanwhile. Each time at least one door more is known to
/// be taken; what is left after that comes round with the step.
const PLANS_MAX: usize = 5;

/// The orders of one step, with the compartments they have lost.
pub(super) struct Chunk {
    /// By compartment.
    lost: Vec<(Compartment, Option<Order>)>,
    /// Where the rest of a bundle is on its way to.
    bundles: BTreeMap<BundleId, LockerId>,
}

impl<S: Store> Step<'_, S> {
    /// What a step deals with: of these compartments as many as it can, with the rest of their bundles. Returns as well
    /// up to where that goes where it is not all of them.
    pub(super) async fn gather(
        &self,
        compartments: Vec<Compartment>,
        unit: Unit,
    ) -> Result<(Chunk, Option<CompartmentNumber>), Unavailable> {
        // An order that is being fetched has two: the one its parcel was in, and the one it is brought to.
        let ids: BTreeSet<OrderId> = compartments.iter().filter_map(|it| it.order().cloned()).collect();
        let ids: Vec<OrderId> = ids.into_iter().collect();
        let mut orders = self.orders(&ids).await?;
        let bundled = |order: &Order| order.bundle.clone().filter(|_| order.is_underway());
        let names: BTreeSet<BundleId> = orders.values().filter_map(bundled).collect();
        let names: Vec<StateKey> = names.into_iter().map(StateKey::Bundle).collect();
        let mut mates: BTreeMap<BundleId, Vec<Order>> = BTreeMap::new();
        if !names.is_empty() {
            let bundles: Vec<Bundle> = look(self.store, &names).await?.0.take_each(&names);
            let others: Vec<OrderId> =
                bundles.into_iter().flat_map(|it| it.orders).filter(|it| !orders.contains_key(it)).collect();
            for order in self.orders(&others).await?.into_values().filter(Order::is_underway) {
                if let Some(bundle) = order.bundle.clone() {
                    mates.entry(bundle).or_default().push(order);
                }
            }
        }
        // The rest of a bundle that has lost its place as well comes into this step, wherever it is in the locker.
        let lost_too = |order: &Order| match (order.compartment(), unit) {
            (Some((locker, _)), Unit::Locker) => locker == self.locker(),
            (_, Unit::Compartment(_)) | (None, Unit::Locker) => false,
        };
        let mut chunk = Chunk { lost: Vec::new(), bundles: BTreeMap::new() };
        let mut rest = None;
        for compartment in compartments {
            let order = compartment.order().and_then(|id| orders.remove(id));
            let mates = order.as_ref().and_then(bundled).and_then(|it| mates.remove(&it)).unwrap_or_default();
            let (lost, moved): (Vec<Order>, Vec<Order>) = mates.into_iter().partition(lost_too);
            if !chunk.lost.is_empty() && chunk.lost.len() + 1 + lost.len() > COMPARTMENTS_PER_STEP_MAX {
                return Ok((chunk, rest));
            }
            let elsewhere = moved.iter().filter_map(|it| Some((it.bundle.clone()?, it.compartment()?.0.clone())));
            chunk.bundles.extend(elsewhere.filter(|(_, locker)| locker != self.locker()));
            let names: Vec<StateKey> = lost.iter().filter_map(Order::compartment).map(door).collect();
            if !names.is_empty() {
                let compartments: Vec<Compartment> = look(self.store, &names).await?.0.take_each(&names);
                let of = |it: &Compartment| lost.iter().find(|order| it.order() == Some(&order.id)).cloned();
                chunk.lost.extend(compartments.into_iter().map(|it| (it.clone(), of(&it))));
            }
            rest = Some(compartment.number);
            chunk.lost.push((compartment, order));
        }
        Ok((chunk, None))
    }

    async fn orders(&self, ids: &[OrderId]) -> Result<BTreeMap<OrderId, Order>, Unavailable> {
        let names: Vec<StateKey> = ids.iter().cloned().map(StateKey::Order).collect();
        let mut orders = BTreeMap::new();
        for names in names.chunks(aws::store::TRANSACTION_ACTIONS_MAX) {
            let found: Vec<Order> = look(self.store, names).await?.0.take_each(names);
            orders.extend(found.into_iter().map(|it| (it.id.clone(), it)));
        }
        Ok(orders)
    }

    /// Deals with all of them.
    pub(super) async fn displace(&self, chunk: Chunk) -> Result<(), Unavailable> {
        let Chunk { lost, mut bundles } = chunk;
        let (mut seeking, others): (Vec<_>, Vec<_>) =
            lost.into_iter().partition(|(_, order)| order.as_ref().is_some_and(Order::is_underway));
        for (compartment, _) in &others {
            self.move_order(compartment, None).await?;
        }
        let mut taken: BTreeSet<CompartmentId> = BTreeSet::new();
        for _ in 0..PLANS_MAX {
            if seeking.is_empty() {
                return Ok(());
            }
            let orders: Vec<&Order> = seeking.iter().filter_map(|(_, order)| order.as_ref()).collect();
            let mut found = self.plan(&orders, &bundles, &taken).await?;
            let mut again = Vec::new();
            for (compartment, order) in seeking {
                let place = order.as_ref().and_then(|it| found.remove(&it.id));
                let room = match &place {
                    Some((Found::Room { room, .. }, _)) => Some(CompartmentId::of(&room.compartment)),
                    Some((Found::Shop | Found::Home | Found::Nothing, _)) | None => None,
                };
                match (self.move_order(&compartment, place).await?, order.as_ref().and_then(|it| it.bundle.clone())) {
                    (Some(door), _) => {
                        taken.insert(door);
                        again.push((compartment, order));
                    }
                    (None, Some(bundle)) => bundles.extend(room.map(|room| (bundle, room.locker))),
                    (None, None) => {}
                }
            }
            seeking = again;
        }
        match seeking.is_empty() {
            true => Ok(()),
            false => Err(Unavailable(format!("{} new places were taken under {PLANS_MAX} plans", seeking.len()))),
        }
    }

    /// Finds places for all of these orders at once.
    async fn plan(
        &self,
        orders: &[&Order],
        bundles: &BTreeMap<BundleId, LockerId>,
        taken: &BTreeSet<CompartmentId>,
    ) -> Result<BTreeMap<OrderId, (Found, Why)>, Unavailable> {
        let own = StateKey::Locker(self.locker().clone());
        let customers: BTreeSet<StateKey> =
            orders.iter().map(|it| StateKey::Preferences(it.customer.clone())).collect();
        let names: Vec<StateKey> = std::iter::once(own.clone()).chain(customers).collect();
        let (mut states, _) = look(self.store, &names).await?;
        let Some(locker) = states.take::<Locker>(&own) else { return Ok(BTreeMap::new()) };
        let wishes: Vec<Preferences> = states.take_each(&names);
        let shops: BTreeSet<StateKey> = wishes.iter().filter_map(|it| it.shop.clone()).map(StateKey::Shop).collect();
        let shops: Vec<StateKey> = shops.into_iter().collect();
        let shops: Vec<Shop> = match shops.is_empty() {
            true => Vec::new(),
            false => look(self.store, &shops).await?.0.take_each(&shops),
        };
        let seekers: Vec<Seeker> = orders
            .iter()
            .map(|order| {
                let preferences = wishes.iter().find(|it| it.customer == order.customer).cloned();
                seeker(order, preferences, &locker, bundles)
            })
            .collect();
        let view = View::to_look(self.store);
        let (mut found, seekers) = self.stay(&view, &locker, seekers, taken).await?;
        if !seekers.is_empty() {
            let elsewhere = find_places(&view, &locker, &seekers, &shops, taken, self.now).await;
            found.extend(elsewhere.map_err(|stop| match stop {
                Stop::Unavailable(unavailable) => unavailable,
                Stop::Refused(_) | Stop::Applied(_) => Unavailable("a plain read was stopped".to_owned()),
            })?);
        }
        Ok(found)
    }

    /// Other compartments of the same locker, as long as that is open: those first who would have to be asked, then those
    /// that are promised soonest. Returns as well who has to go elsewhere, since there is no room, or since the rest of
    /// their bundle has.
    async fn stay(
        &self,
        view: &View<'_, S>,
        locker: &Locker,
        mut seekers: Vec<Seeker>,
        taken: &BTreeSet<CompartmentId>,
    ) -> Result<(BTreeMap<OrderId, (Found, Why)>, Vec<Seeker>), Unavailable> {
        let (mut found, mut others) = (BTreeMap::new(), Vec::new());
        if !locker.bookable() || bug("own_locker_is_overlooked") {
            return Ok((found, seekers));
        }
        let all = keys::bookable(&locker.id, Size::XS, CompartmentNumber::MAX as usize);
        let mut doors: Vec<Compartment> = view.query(&all).await?;
        doors.retain(|it| !taken.contains(&CompartmentId::of(it)));
        let agrees_to_something = |it: &Preferences| {
            it.other_locker_within_m.is_some() || !it.preferred.is_empty() || it.shop.is_some() || it.home
        };
        seekers.sort_by_key(|it| {
            let elsewhere = it.preferences.as_ref().is_some_and(agrees_to_something);
            (elsewhere, it.promised_at.is_none(), it.promised_at, it.order.clone())
        });
        for seeker in seekers {
            let apart = seeker.together_at.as_ref().is_some_and(|it| *it != locker.id);
            match find_room(locker, &doors, &seeker.needs, rooms::spread(&seeker.order)) {
                Ok(room) if !apart => {
                    doors.retain(|it| it.number != room.compartment.number);
                    let why = Why::Room {
                        distance_m: 0,
                        nearer_full: 0,
                        nearer_given: 0,
                        farther_m: 0,
                        preferred: false,
                        together: false,
                    };
                    found.insert(seeker.order, (Found::Room { distance_m: 0, room: room.into() }, why));
                }
                Ok(_) | Err(_) => others.push(seeker),
            }
        }
        Ok((found, others))
    }

    /// Deals with the order of one compartment, which goes where it was planned to. Changes nothing, and returns the
    /// door that was meant, where somebody else has taken that.
    async fn move_order(
        &self,
        compartment: &Compartment,
        place: Option<(Found, Why)>,
    ) -> Result<Option<CompartmentId>, Unavailable> {
        let Some(order) = compartment.order() else { return Ok(None) };
        let own = self.names(compartment, order);
        // By compartment, too: a customer may have chosen another one of this locker, which then broke as well.
        let event = self.step_for("displaced", compartment);
        let cause = Cause::new(own[0].clone(), event.clone(), self.now);
        let (found, why) = place.map_or((Found::Nothing, None), |(found, why)| (found, Some(why)));
        let outcome = apply(self.store, &cause, async |view| {
            let mut names = own.to_vec();
            if let Found::Room { room, .. } = &found {
                names.push(CompartmentId::of(&room.compartment).key());
                // Its own is read already.
                names.extend((room.locker.id != *self.locker()).then(|| StateKey::Locker(room.locker.id.clone())));
            }
            let mut states = view.read(&names).await?;
            let (Some(order), Some(locker), Some(compartment)) =
                (states.take::<Order>(&own[0]), states.take::<Locker>(&own[1]), states.take::<Compartment>(&own[2]))
            else {
                return Ok(Decision::new(None));
            };
            let (preferences, shop) = self.wishes(view, &order, &found).await?;
            let reachable = order.reachable || preferences.as_ref().is_some_and(|it| it.reachable);
            let needs = Needs { reachable, ..order.needs() };
            let expected_by = match &self.list {
                List::WorkOrder(it) => it.expected_by(self.now),
                List::ServicePlan(_) => None,
            };
            let (rooms, why) = (vec![], why.clone());
            let mut scene = DisplacedScene { order, locker, compartment, preferences, rooms, shop, why, expected_by };
            if let Found::Room { distance_m, .. } = &found {
                let door = states.take::<Compartment>(&names[3]);
                let locker = match names.get(4) {
                    Some(name) => states.take::<Locker>(name),
                    None => Some(scene.locker.clone()),
                };
                let room = locker.zip(door).and_then(|(locker, door)| room_now(&locker, door, &needs));
                match room {
                    Some(room) => scene.rooms.push((*distance_m, room)),
                    // Somebody was quicker; or there is nothing to be done any more.
                    None if deal_with_displaced(scene.clone(), &event, self.now).is_some() => {
                        let Found::Room { room, .. } = &found else { return Ok(Decision::new(None)) };
                        return Ok(Decision::new(Some(CompartmentId::of(&room.compartment))));
                    }
                    None => return Ok(Decision::new(None)),
                }
            }
            let decision = deal_with_displaced(scene, &event, self.now).unwrap_or_else(|| Decision::new(()));
            Ok(decision.answer_with(None))
        })
        .await;
        Ok(settle(outcome)?.and_then(|it| it.answer()))
    }

    /// What the customer wants done, as it is now, and the shop that was found by it.
    async fn wishes(
        &self,
        view: &View<'_, S>,
        order: &Order,
        found: &Found,
    ) -> Result<(Option<Preferences>, Option<Shop>), Stop> {
        if !order.is_underway() {
            return Ok((None, None));
        }
        let name = StateKey::Preferences(order.customer.clone());
        let preferences: Option<Preferences> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let shop = preferences.as_ref().and_then(|it| it.shop.clone()).filter(|_| matches!(found, Found::Shop));
        let shop = match shop.map(StateKey::Shop) {
            Some(name) => view.read(std::slice::from_ref(&name)).await?.take(&name),
            None => None,
        };
        Ok((preferences, shop))
    }
}

fn door((locker, number): (&LockerId, CompartmentNumber)) -> StateKey {
    StateKey::Compartment(locker.clone(), number)
}

/// The room, if it is one still.
fn room_now(locker: &Locker, door: Compartment, needs: &Needs) -> Option<Room> {
    find_room(locker, std::slice::from_ref(&door), needs, 0).ok()
}

fn seeker(
    order: &Order,
    preferences: Option<Preferences>,
    from: &Locker,
    bundles: &BTreeMap<BundleId, LockerId>,
) -> Seeker {
    let reachable = order.reachable || preferences.as_ref().is_some_and(|it| it.reachable);
    let bundle = order.bundle.clone();
    Seeker {
        order: order.id.clone(),
        needs: Needs { reachable, ..order.needs() },
        from: from.position,
        together_at: bundle.as_ref().and_then(|it| bundles.get(it)).cloned(),
        bundle,
        promised_at: order.promised_at,
        preferences,
    }
}

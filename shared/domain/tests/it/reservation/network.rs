//! The rules themselves over a store, with what the handlers around them do.

use super::*;

/// The rules over a store.
pub struct Network {
    pub store: Store,
    pub second: i64,
    pub wishes: Vec<Wish>,
}

fn told(notice: Notice) -> Told {
    match notice.recipient {
        Recipient::Person { person } => Told { customer: person, notice: notice.id, instead_of: notice.supersedes },
        Recipient::Team { .. } => panic!("{notice:?}"),
    }
}

impl Network {
    /// What comes of something, for whoever caused it.
    pub fn answer_to(&mut self, what: What) -> Answer {
        let (now, event) = (self.now(), event(self.second));
        match what {
            What::Place { order, size, wanted, instead, spread } => self.place(order, size, wanted, instead, spread),
            What::Authorise { order, door, driver: by } => {
                authorise_deposit(self.scene(order, door), driver(by), now).and_then(|decision| self.commit(decision))
            }
            What::Deposit { order, door } => {
                record_deposit(self.scene(order, door), &event, now).and_then(|decision| self.commit(decision))
            }
            What::Collect { order, door } => {
                record_collection(self.scene(order, door), &event, now).and_then(|decision| self.commit(decision))
            }
            What::Cancel { order } => self.cancel(order),
            What::Choose { order, place_epoch, to, spread } => self.choose(order, place_epoch, to, spread),
            What::Break { locker, faults } => {
                self.break_down(locker, &faults);
                nobody_told()
            }
            What::Repair { locker } => {
                self.store.repair(&locker_id(locker), now);
                nobody_told()
            }
            What::Return { locker } => {
                self.store.come_back(&locker_id(locker), now);
                nobody_told()
            }
            What::WorkOff { locker } => self.work_off(locker),
            What::Displace { door } => self.displace(door),
            What::GiveAllClear { door } => self.give_all_clear(door, None),
        }
    }

    fn now(&self) -> Timestamp {
        at(self.second)
    }

    fn order(&self, order: usize) -> Option<Order> {
        self.store.get(StateKey::Order(order_id(order)))
    }

    fn scene(&self, order: usize, door: Door) -> DoorScene {
        let locker = locker_id(door.0);
        let compartment = self.store.get(StateKey::Compartment(locker.clone(), number(door.1)));
        DoorScene { order: self.order(order), locker: Some(self.store.locker(&locker)), compartment, target: None }
    }

    fn room(&self, locker: usize, size: Size, spread: u64) -> Result<Room, Refusal> {
        let locker = self.store.locker(&locker_id(locker));
        find_room(&locker, &self.store.compartments(&locker.id), &size.into(), spread)
    }

    fn commit<A>(&mut self, decision: Decision<A>) -> Answer {
        Ok(self.store.commit(decision).1.into_iter().map(told).collect())
    }

    fn place(&mut self, order: usize, size: Size, wanted: usize, instead: Option<usize>, spread: u64) -> Answer {
        let promised_at = Some(self.now() + SignedDuration::from_hours(1));
        let request = PlaceOrder {
            order: order_id(order),
            customer: customer(order),
            needs: size.into(),
            bundle: None,
            promised_at,
            hold_for: SignedDuration::from_hours(72),
        };
        let asked_for = self.store.locker(&locker_id(wanted));
        let (room, instead_of) = match (self.room(wanted, size, spread), instead) {
            (Err(refusal), Some(other)) => (self.room(other, size, spread).map_err(|_| refusal)?, Some(&asked_for)),
            (room, _) => (room?, None),
        };
        self.commit(place_order(request, room, instead_of, &event(self.second), self.now()))
    }

    fn held_by(&self, order: &Order) -> Option<Compartment> {
        let (locker, compartment) = order.compartment()?;
        self.store.get(StateKey::Compartment(locker.clone(), compartment))
    }

    fn cancel(&mut self, order: usize) -> Answer {
        let order = self.order(order).ok_or(Refusal::UnknownOrder)?;
        let held = self.held_by(&order);
        self.commit(cancel(order, held.map(Held::Compartment), self.now())?)
    }

    fn choose(&mut self, order: usize, place_epoch: u32, to: Option<usize>, spread: u64) -> Answer {
        let order = self.order(order).ok_or(Refusal::UnknownOrder)?;
        let held = self.held_by(&order);
        let choice = match to {
            Some(locker) => Choice::Room(Box::new(self.room(locker, order.size, spread)?)),
            None => Choice::Home,
        };
        self.commit(choose_place(
            order,
            held.map(Held::Compartment),
            place_epoch,
            choice,
            &event(self.second),
            self.now(),
        )?)
    }

    fn break_down(&mut self, locker: usize, faults: &[(Unit, FaultCode)]) {
        let locker = locker_id(locker);
        let faults = faults.iter().map(|(unit, code)| ReportedFault { unit: *unit, code: *code, vendor_text: None });
        let report = FaultReport {
            locker,
            event: event(self.second),
            received_at: self.now(),
            signal: Signal::Device,
            gone: vec![],
            faults: faults.collect(),
        };
        self.store.report_faults(&report, self.now());
    }

    fn displace(&mut self, door: Door) -> Answer {
        let locker = self.store.locker(&locker_id(door.0));
        let Some(compartment) = self.store.compartment(&locker.id, door.1) else { return nobody_told() };
        let Some(order) = compartment.order() else { return nobody_told() };
        let order: Order = self.store.get(StateKey::Order(order.clone())).unwrap();
        let wish = &self.wishes[(0..ORDERS).find(|it| order_id(*it) == order.id).unwrap()];
        let mut others: Vec<usize> = (0..LOCKERS).filter(|it| *it != door.0).collect();
        others.sort_by_key(|it| DISTANCE_M[door.0][*it]);
        let rooms =
            others.into_iter().filter_map(|it| Some((DISTANCE_M[door.0][it], self.room(it, order.size, 0).ok()?)));
        let preferences = Preferences {
            other_locker_within_m: wish.within_m,
            home: wish.home,
            never: wish.never.iter().map(|it| locker_id(*it)).collect(),
            ..Preferences::none(order.customer.clone())
        };
        let scene = DisplacedScene {
            rooms: rooms.collect(),
            order,
            locker,
            compartment,
            preferences: Some(preferences),
            shop: None,
            why: None,
            expected_by: None,
        };
        match deal_with_displaced(scene, &event(self.second), self.now()) {
            Some(decision) => self.commit(decision),
            None => nobody_told(),
        }
    }

    fn give_all_clear(&mut self, door: Door, was_shut: Option<ShutTime>) -> Answer {
        let locker = self.store.locker(&locker_id(door.0));
        let Some(compartment) = self.store.compartment(&locker.id, door.1) else { return nobody_told() };
        let Some(order) = compartment.order() else { return nobody_told() };
        let order: Order = self.store.get(StateKey::Order(order.clone())).unwrap();
        match resume_pickup(order, &locker, &compartment, was_shut, &event(self.second), self.now()) {
            Some(decision) => self.commit(decision),
            None => nobody_told(),
        }
    }

    fn work_off(&mut self, locker: usize) -> Answer {
        let Some(mut work_order) = self.store.work_order(&locker_id(locker)) else { return nobody_told() };
        let Some(task) = work_order.impact.first().cloned() else { return nobody_told() };
        let mut told = vec![];
        for door in doors_concerned(locker, &task) {
            told.extend(match task {
                ImpactTask::TellTeam
                | ImpactTask::TellDelay { .. }
                | ImpactTask::TellEnd { .. }
                | ImpactTask::EndVisit { .. } => vec![],
                ImpactTask::Displace { .. } => self.displace(door)?,
                ImpactTask::AllClear { was_shut, .. } => self.give_all_clear(door, was_shut)?,
            });
        }
        work_order.advance_impact(None, self.now());
        self.store.put(work_order);
        Ok(told)
    }
}

//! What the network promises an order and its customer, in a few small maps.

use domain::refusal::ClosedBy;

use super::hold_time::HoldTime;
use super::*;

/// Where a parcel is, or is to go.
#[derive(Debug, Clone)]
pub enum Whereabouts {
    Door(Door),
    Home,
    Asked,
}

/// A fault that an order met.
#[derive(Debug, Clone)]
pub struct Met {
    pub locker: usize,
    pub unit: Unit,
    pub code: FaultCode,
    pub work_order: u32,
    pub from: i64,
    pub until: Option<i64>,
}

/// An order, as its customer sees it.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub size: Size,
    pub status: OrderStatus,
    pub whereabouts: Whereabouts,
    pub place_epoch: u32,
    pub placed: i64,
    pub driver: Option<u8>,
    pub hold_time: Option<HoldTime>,
    pub collected: Option<i64>,
    pub met: Vec<Met>,
    /// The latest that its customer was told.
    pub latest: Option<NoticeId>,
}

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub since: i64,
    pub work_order: u32,
}

/// A locker, and what is broken there.
#[derive(Debug, Clone, Default)]
pub struct Site {
    pub faults: BTreeMap<(Unit, FaultCode), Fault>,
    /// How many work orders there were. The latest is open while something is broken.
    pub work_orders: u32,
    /// What is still to be done for people, in this order.
    pub owed: Vec<ImpactTask>,
}

#[derive(Debug, Clone, Default)]
pub struct Model {
    pub second: i64,
    pub wishes: Vec<Wish>,
    pub sites: [Site; LOCKERS],
    /// Which order holds a door, on its way to it or behind it.
    pub holders: BTreeMap<Door, usize>,
    pub parcels: BTreeMap<usize, Parcel>,
    /// What comes of the latest transition.
    pub answer: Option<Answer>,
}

impl Parcel {
    pub fn is_underway(&self) -> bool {
        matches!(self.status, Placed | Rerouting | Rerouted)
    }

    fn is_at(&self, door: Door) -> bool {
        matches!(self.whereabouts, Whereabouts::Door(own) if own == door)
    }

    fn meet(&mut self, met: Met) {
        self.met.push(met);
        if self.met.len() > 10 {
            self.met.remove(0);
        }
    }

    fn leave_what_it_met(&mut self, now: i64) {
        for met in self.met.iter_mut().filter(|it| it.until.is_none()) {
            met.until = Some(now);
        }
    }

    fn move_to(&mut self, whereabouts: Whereabouts) {
        self.status = if matches!(whereabouts, Whereabouts::Asked) { Rerouting } else { Rerouted };
        self.whereabouts = whereabouts;
        self.place_epoch += 1;
        self.driver = None;
    }

    /// The order as it is to be kept. How its hold time is kept is its own affair.
    pub fn kept(&self, order: usize, kept: &Order) -> Order {
        let met = self.met.iter().map(|it| Incident {
            locker: locker_id(it.locker),
            unit: it.unit,
            code: it.code,
            work_order: WorkOrderId { locker: locker_id(it.locker), number: it.work_order },
            from: at(it.from),
            until: it.until.map(at),
        });
        Order {
            id: order_id(order),
            customer: customer(order),
            size: self.size,
            status: self.status,
            place: match self.whereabouts {
                Whereabouts::Door(door) => place_of(door),
                Whereabouts::Home => Place::Home,
                Whereabouts::Asked => Place::Asked,
            },
            place_epoch: self.place_epoch,
            placed_at: at(self.placed),
            promised_at: Some(at(self.placed + HOUR_S)),
            driver: self.driver.map(driver),
            deposited_at: self.hold_time.as_ref().map(|it| at(it.deposited)),
            pickup_stopped_at: self.hold_time.as_ref().and_then(|it| it.stopped).map(at),
            collected_at: self.collected.map(at),
            incidents: met.collect(),
            latest_notice: self.latest.clone(),
            ..kept.clone()
        }
    }
}

impl Site {
    /// The fault that is named for what is closed in a unit.
    fn named(&self, unit: Unit) -> Option<(FaultCode, Fault)> {
        let closing = CODES.into_iter().filter(|code| closure_of(*code) != Closure::Nothing);
        closing.filter_map(|code| Some((code, *self.faults.get(&(unit, code))?))).next()
    }

    fn closure(&self, unit: Unit) -> Closure {
        self.named(unit).map_or(Closure::Nothing, |(code, _)| closure_of(code))
    }

    /// Since when a unit cannot be opened.
    fn shut_since(&self, unit: Unit) -> Option<i64> {
        let of_unit = self.faults.iter().filter(|(fault, _)| fault.0 == unit);
        let shut = of_unit.filter(|((_, code), _)| closure_of(*code) == Closure::DepositsAndPickups);
        shut.map(|(_, fault)| fault.since).min()
    }

    fn owe(&mut self, task: ImpactTask) {
        if !self.owed.contains(&task) {
            self.owed.push(task);
        }
    }

    fn repair(&mut self, now: i64) {
        let units: BTreeSet<Unit> = self.faults.keys().map(|fault| fault.0).collect();
        // Each door for as long as it or the locker could not be opened; then the locker with all others.
        let doors = units.iter().filter(|unit| **unit != Unit::Locker);
        for unit in doors.chain(units.get(&Unit::Locker)) {
            let since = [*unit, Unit::Locker].into_iter().filter_map(|unit| self.shut_since(unit)).min();
            let was_shut = since.map(|since| ShutTime { since: at(since), until: at(now) });
            self.owe(ImpactTask::AllClear { unit: *unit, was_shut, done_to: None });
        }
        self.faults.clear();
    }

    fn come_back(&mut self, now: i64) {
        let outage = (Unit::Locker, FaultCode::NetworkLost);
        if self.faults.keys().eq([&outage]) {
            self.repair(now);
        }
        self.faults.remove(&outage);
    }

    fn break_down(&mut self, faults: &[(Unit, FaultCode)], now: i64) {
        let mut closed = BTreeSet::new();
        for fault in faults {
            if self.faults.contains_key(fault) {
                continue;
            }
            self.work_orders += u32::from(self.faults.is_empty());
            self.faults.insert(*fault, Fault { since: now, work_order: self.work_orders });
            self.owe(ImpactTask::TellTeam);
            if closure_of(fault.1) != Closure::Nothing {
                closed.insert(fault.0);
            }
        }
        for unit in closed {
            self.owe(ImpactTask::Displace { unit, done_to: None });
        }
    }
}

impl Model {
    /// What comes of something, for whoever caused it.
    pub fn answer_to(&mut self, what: &What) -> Answer {
        match *what {
            What::Place { order, size, wanted, instead, spread } => self.place(order, size, wanted, instead, spread),
            What::Authorise { order, door, driver } => self.authorise(order, door, driver),
            What::Deposit { order, door } => self.deposit(order, door),
            What::Collect { order, door } => self.collect(order, door),
            What::Cancel { order } => self.cancel(order),
            What::Choose { order, place_epoch, to, spread } => self.choose(order, place_epoch, to, spread),
            What::Break { locker, ref faults } => {
                self.sites[locker].break_down(faults, self.second);
                self.look_at_doors();
                nobody_told()
            }
            What::Repair { locker } => {
                self.sites[locker].repair(self.second);
                self.look_at_doors();
                nobody_told()
            }
            What::Return { locker } => {
                self.sites[locker].come_back(self.second);
                nobody_told()
            }
            What::WorkOff { locker } => self.work_off(locker),
            What::Displace { door } => self.displace(door),
            What::GiveAllClear { door } => self.give_all_clear(door, None),
        }
    }

    fn tell(&mut self, order: usize, kind: &str) -> Answer {
        let notice: NoticeId = id(&format!("{kind}-{}", event(self.second)));
        let instead_of = self.parcels.get_mut(&order).unwrap().latest.replace(notice.clone());
        Ok(vec![Told { customer: customer(order), notice, instead_of }])
    }

    /// Whether a hold time that nobody stopped would run on while a second closure of its door is still to be settled:
    /// the rule takes that for settled then.
    pub fn forgets_a_closure(&self, what: &What) -> bool {
        let What::WorkOff { locker } = what else { return false };
        let mut owed = self.sites[*locker].owed.iter().filter_map(|task| match task {
            ImpactTask::AllClear { was_shut: Some(was_shut), .. } => Some((task, was_shut.until)),
            _ => None,
        });
        let Some((first, first_until)) = owed.next() else { return false };
        let later: Vec<_> = owed.filter(|(_, until)| *until > first_until).collect();
        doors_concerned(*locker, first).into_iter().any(|door| {
            let hold_time = self.holders.get(&door).and_then(|order| self.parcels[order].hold_time.as_ref());
            hold_time.is_some_and(|it| it.stopped.is_none() && it.shut_since.is_none())
                && later.iter().any(|(task, _)| doors_concerned(*locker, task).contains(&door))
        })
    }

    /// No hold time runs before a door that is shut, whoever knows of it.
    fn look_at_doors(&mut self) {
        for (door, order) in self.holders.clone() {
            let shut = self.closure(door) == Closure::DepositsAndPickups;
            if let Some(hold_time) = &mut self.parcels.get_mut(&order).unwrap().hold_time {
                hold_time.door_is(shut, self.second);
            }
        }
    }

    pub fn closure(&self, door: Door) -> Closure {
        let site = &self.sites[door.0];
        site.closure(unit_of(door)).max(site.closure(Unit::Locker))
    }

    /// The fault an order meets at a door: the one that closes more; else its own compartment's.
    fn met_at(&self, door: Door) -> Option<Met> {
        let site = &self.sites[door.0];
        let own = site.closure(unit_of(door)) >= site.closure(Unit::Locker);
        let unit = if own { unit_of(door) } else { Unit::Locker };
        let (code, Fault { since, work_order }) = site.named(unit)?;
        Some(Met { locker: door.0, unit, code, work_order, from: since, until: None })
    }

    /// A free, open door of a locker for a parcel of that size.
    fn find_door(&self, locker: usize, size: Size, spread: u64) -> Result<Door, Refusal> {
        if let Some((code, _)) = self.sites[locker].named(Unit::Locker) {
            return Err(Refusal::LockerUnavailable { by: ClosedBy::Fault { code } });
        }
        if SIZES.into_iter().all(|it| it < size) {
            return Err(Refusal::TooBig);
        }
        let free = |door: &Door| !self.holders.contains_key(door) && self.closure(*door) == Closure::Nothing;
        for size in Size::ALL.into_iter().filter(|it| *it >= size) {
            let equal: Vec<Door> = doors_of(locker).filter(|door| size_of(*door) == size && free(door)).collect();
            if !equal.is_empty() {
                return Ok(equal[spread as usize % equal.len()]);
            }
        }
        Err(Refusal::NoRoom)
    }

    fn place(&mut self, order: usize, size: Size, wanted: usize, instead: Option<usize>, spread: u64) -> Answer {
        let found = match (self.find_door(wanted, size, spread), instead) {
            (Err(refusal), Some(other)) => self.find_door(other, size, spread).map_err(|_| refusal),
            (found, _) => found,
        };
        let door = found?;
        self.holders.insert(door, order);
        let parcel = Parcel {
            size,
            status: Placed,
            whereabouts: Whereabouts::Door(door),
            place_epoch: 1,
            placed: self.second,
            driver: None,
            hold_time: None,
            collected: None,
            met: vec![],
            latest: None,
        };
        self.parcels.insert(order, parcel);
        if door.0 == wanted { nobody_told() } else { self.tell(order, "placed_elsewhere") }
    }

    /// Why nothing may go in at a door for this order, if so.
    fn no_deposit(&self, order: usize, door: Door) -> Result<(), Refusal> {
        let parcel = self.parcels.get(&order).ok_or(Refusal::UnknownOrder)?;
        if !matches!(parcel.status, Placed | Rerouted) {
            return Err(Refusal::wrong_state(parcel.status));
        }
        if !parcel.is_at(door) {
            return Err(Refusal::OtherPlace);
        }
        if let Some((code, _)) = self.sites[door.0].named(Unit::Locker) {
            return Err(Refusal::LockerUnavailable { by: ClosedBy::Fault { code } });
        }
        match self.sites[door.0].named(unit_of(door)) {
            Some((code, _)) => Err(Refusal::CompartmentClosed { code }),
            None => Ok(()),
        }
    }

    fn authorise(&mut self, order: usize, door: Door, driver: u8) -> Answer {
        self.no_deposit(order, door)?;
        self.parcels.get_mut(&order).unwrap().driver = Some(driver);
        nobody_told()
    }

    fn deposit(&mut self, order: usize, door: Door) -> Answer {
        self.no_deposit(order, door)?;
        let parcel = self.parcels.get_mut(&order).unwrap();
        parcel.status = Deposited;
        parcel.hold_time = Some(HoldTime::from(self.second));
        self.tell(order, "ready_for_pickup")
    }

    fn collect(&mut self, order: usize, door: Door) -> Answer {
        let parcel = self.parcels.get_mut(&order).ok_or(Refusal::UnknownOrder)?;
        if parcel.status != Deposited {
            return Err(Refusal::wrong_state(parcel.status));
        }
        if !parcel.is_at(door) {
            return Err(Refusal::OtherPlace);
        }
        parcel.status = Collected;
        parcel.collected = Some(self.second);
        parcel.hold_time.as_mut().unwrap().stopped = None;
        parcel.leave_what_it_met(self.second);
        self.holders.remove(&door);
        self.tell(order, "feedback_requested")
    }

    fn cancel(&mut self, order: usize) -> Answer {
        let parcel = self.parcels.get_mut(&order).ok_or(Refusal::UnknownOrder)?;
        if !parcel.is_underway() {
            return Err(Refusal::wrong_state(parcel.status));
        }
        parcel.status = Cancelled;
        self.holders.retain(|_, holder| *holder != order);
        nobody_told()
    }

    fn choose(&mut self, order: usize, place_epoch: u32, to: Option<usize>, spread: u64) -> Answer {
        let parcel = self.parcels.get(&order).ok_or(Refusal::UnknownOrder)?;
        let door = to.map(|locker| self.find_door(locker, parcel.size, spread)).transpose()?;
        if parcel.place_epoch != place_epoch {
            return Err(Refusal::LinkUsed);
        }
        if !parcel.is_underway() {
            return Err(Refusal::wrong_state(parcel.status));
        }
        self.holders.retain(|_, holder| *holder != order);
        self.holders.extend(door.map(|door| (door, order)));
        self.parcels.get_mut(&order).unwrap().move_to(door.map_or(Whereabouts::Home, Whereabouts::Door));
        self.tell(order, "place_confirmed")
    }

    /// Where an order goes that has lost its door.
    fn way_out(&self, order: usize, from: usize) -> (Whereabouts, &'static str) {
        let wish = &self.wishes[order];
        let mut lockers: Vec<usize> = (0..LOCKERS).filter(|it| *it != from && !wish.never.contains(it)).collect();
        lockers.sort_by_key(|it| DISTANCE_M[from][*it]);
        let near = lockers.into_iter().filter(|it| wish.within_m.is_some_and(|within| DISTANCE_M[from][*it] <= within));
        let mut doors = near.filter_map(|it| self.find_door(it, self.parcels[&order].size, 0).ok());
        match doors.next() {
            Some(door) => (Whereabouts::Door(door), "rerouted"),
            None if wish.home => (Whereabouts::Home, "rerouted_home"),
            None => (Whereabouts::Asked, "choose_place"),
        }
    }

    fn displace(&mut self, door: Door) -> Answer {
        let (Some(order), Some(mut met)) = (self.holders.get(&door).copied(), self.met_at(door)) else {
            return nobody_told();
        };
        if self.parcels[&order].is_underway() {
            let (whereabouts, kind) = self.way_out(order, door.0);
            self.holders.remove(&door);
            if let Whereabouts::Door(new) = whereabouts {
                self.holders.insert(new, order);
            }
            let parcel = self.parcels.get_mut(&order).unwrap();
            met.until = Some(self.second);
            parcel.meet(met);
            parcel.move_to(whereabouts);
            return self.tell(order, kind);
        }
        if self.closure(door) != Closure::DepositsAndPickups {
            return nobody_told();
        }
        self.delay(order, door, met)
    }

    /// The customer learns that the door is shut: once.
    fn delay(&mut self, order: usize, door: Door, met: Met) -> Answer {
        let units = [unit_of(door), Unit::Locker];
        let shut_since = units.into_iter().filter_map(|unit| self.sites[door.0].shut_since(unit)).min();
        let parcel = self.parcels.get_mut(&order).unwrap();
        let hold_time = parcel.hold_time.as_mut().unwrap();
        if hold_time.stopped.is_some() {
            return nobody_told();
        }
        hold_time.stopped = shut_since;
        parcel.meet(met);
        self.tell(order, "pickup_delayed")
    }

    /// A door works again that could not be opened for some time, where it is known for how long.
    fn give_all_clear(&mut self, door: Door, was_shut: Option<ShutTime>) -> Answer {
        let Some(order) = self.holders.get(&door).copied() else { return nobody_told() };
        let (shut, met) = (self.closure(door) == Closure::DepositsAndPickups, self.met_at(door));
        let parcel = self.parcels.get_mut(&order).unwrap();
        let Some(hold_time) = parcel.hold_time.as_mut() else { return nobody_told() };
        let mut missed_s = 0;
        if let Some(ShutTime { since, until }) = was_shut
            && hold_time.stopped.is_none_or(|stopped| at(stopped) >= until)
        {
            missed_s = until.duration_since(since.max(at(hold_time.settled))).as_secs().max(0);
        }
        if shut && missed_s > 0 {
            hold_time.settled = was_shut.map_or(hold_time.settled, |it| it.until.duration_since(at(0)).as_secs());
            return self.delay(order, door, met.unwrap());
        }
        if shut || (hold_time.stopped.is_none() && missed_s == 0) {
            return nobody_told();
        }
        hold_time.run_on(missed_s, self.second);
        parcel.leave_what_it_met(self.second);
        self.tell(order, "all_clear")
    }

    fn work_off(&mut self, locker: usize) -> Answer {
        if self.sites[locker].owed.is_empty() {
            return nobody_told();
        }
        let mut told = vec![];
        let task = self.sites[locker].owed.remove(0);
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
        Ok(told)
    }
}

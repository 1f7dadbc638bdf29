//! What an incident, or a decision about a locker's service, means for people is worked off: the team is told, orders
//! get new places, deadlines stop and run on.
//! Trigger: the stream of the network table, work orders and service plans with something on their list. Sample:
//! events/rerouting.
//!
//! The list is on the work order or the plan itself. Each step is a commit of its own that strikes off what it did, so
//! this may stop anywhere and be started again, by a repeated stream record or by a sweep, and ends with everyone dealt
//! with once.

mod displaced;

use std::collections::BTreeSet;

use aws::apply::{ApplyError, Cause, States, Stop, View, apply, look, settle};
use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::keys::{self, LockerPart};
use aws::rooms;
use aws::store::dynamodb::Tables;
use aws::store::{Store, TRANSACTION_ACTIONS_MAX, Unavailable};
use domain::compartment::{Compartment, Occupancy};
use domain::decision::Event;
use domain::fault::{Closure, Unit};
use domain::id::{CompartmentNumber, EventId, LockerId, NoticeId, OrderId, RegionId, TeamId, WorkOrderId};
use domain::impact::{COMPARTMENTS_PER_STEP_MAX, ImpactTask, ShutTime};
use domain::incident::{Incident, IncidentId, Joining, Membership, Role, join, spreading_code};
use domain::locker::Locker;
use domain::notice::{Message, Notice, Recipient};
use domain::order::{Order, OrderStatus, find_room, resume_pickup, tell_delay, withdraw_question};
use domain::priority::BlastRadius;
use domain::recovery::{CompartmentId, end_recovery_at_a_door_that_works};
use domain::seeded::bug;
use domain::service::ServicePlan;
use domain::team::{Team, choose_team};
use domain::visit::SiteVisit;
use domain::work_order::WorkOrder;
use domain::{Decision, State, StateKey, Timestamp};
use futures_util::future::try_join_all;

use crate::expected_back;

/// How many steps one call takes at the most; what is left goes on with the stream record of the last of them.
const STEPS_MAX: usize = 20;

/// How many teams of a region are considered.
const TEAMS_MAX: usize = 50;

/// How many open work orders of a team are counted; beyond that it is simply the busiest.
const LOAD_MAX: usize = 100;

/// Of how many orders it is looked up what was promised to them: as many as one read takes. With more people than
/// that, they are reason enough.
const DEADLINES_READ_MAX: usize = TRANSACTION_ACTIONS_MAX;

/// How many compartments a locker can have.
const COMPARTMENTS_MAX: usize = CompartmentNumber::MAX as usize;

/// Works off what the changed work orders of a batch carry.
///
/// # Errors
/// [`StreamFailure`]: the batch has to come again.
pub async fn handle<S: Store>(
    store: &S,
    tables: &Tables,
    batch: StreamBatch,
    now: Timestamp,
) -> Result<(), StreamFailure> {
    each_change(batch, tables, async |key| match keys::locker_part(&key) {
        Some(LockerPart::WorkOrder(locker) | LockerPart::ServicePlan(locker)) => work_off(store, &locker, now).await,
        Some(
            LockerPart::Locker(_)
            | LockerPart::Compartment(..)
            | LockerPart::Presence(_)
            | LockerPart::Heartbeat(_)
            | LockerPart::Door(..),
        )
        | None => Ok(()),
    })
    .await
}

/// Works off the lists of a locker's latest work order and of its service plan, step by step: what shut a door first
/// to be settled first, since a deadline is owed each time once.
///
/// # Errors
/// [`Unavailable`]: what is left stays on the list.
pub async fn work_off<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<(), Unavailable> {
    let names = [StateKey::WorkOrder(locker.clone()), StateKey::ServicePlan(locker.clone())];
    for _ in 0..STEPS_MAX {
        let (mut states, versions) = look(store, &names).await?;
        if states.get::<WorkOrder>(&names[0]).is_some_and(|it| it.out_of_service && it.is_open()) {
            resume_call(store, locker, versions.get(&names[0]).copied().unwrap_or_default(), now).await?;
        }
        let lists = names.iter().filter_map(|name| List::take(&mut states, name));
        let Some((task, list)) = lists
            .filter_map(|list| Some((list.impact().first().cloned()?, list)))
            .min_by_key(|(task, _)| settled_by(task))
        else {
            return Ok(());
        };
        let version = versions.get(&list.name()).copied().unwrap_or_default();
        let step = Step { store, list, version, now };
        match task {
            ImpactTask::TellTeam if bug("team_is_not_told") => step.strike(None).await?,
            ImpactTask::TellTeam => step.tell_team().await?,
            ImpactTask::TellEnd { work_order, team, cancelled } => step.tell_end(&work_order, &team, cancelled).await?,
            ImpactTask::EndVisit { work_orders } => {
                for work_order in &work_orders {
                    step.call_alone(work_order).await?;
                }
                step.strike(None).await?;
            }
            ImpactTask::Displace { unit, done_to } => {
                let (compartments, rest) = step.concerned(unit, done_to).await?;
                let (chunk, cut) = step.gather(compartments, unit).await?;
                let rest = cut.or(rest);
                if bug("list_is_struck_off_first") {
                    step.strike(rest.map(|to| ImpactTask::Displace { unit, done_to: Some(to) })).await?;
                }
                step.displace(chunk).await?;
                // Fewer wait now, those who could be helped: counted once all of them have been dealt with.
                let radius = match (&step.list, rest) {
                    (List::WorkOrder(work_order), None) => Some(step.blast_radius(work_order).await?),
                    (List::WorkOrder(_), Some(_)) | (List::ServicePlan(_), _) => None,
                };
                let rest = rest.map(|to| ImpactTask::Displace { unit, done_to: Some(to) });
                step.strike_and_weigh(rest, radius).await?;
            }
            ImpactTask::TellDelay { unit, by, update, done_to } => {
                let (compartments, rest) = step.concerned(unit, done_to).await?;
                for compartment in &compartments {
                    step.tell_delay(compartment, by, update).await?;
                }
                step.strike(rest.map(|to| ImpactTask::TellDelay { unit, by, update, done_to: Some(to) })).await?;
            }
            ImpactTask::AllClear { unit, was_shut, done_to } => {
                let (compartments, rest) = step.next_of(unit, done_to).await?;
                for compartment in &compartments {
                    step.give_all_clear(compartment, was_shut).await?;
                    step.withdraw_question(compartment).await?;
                }
                step.strike(rest.map(|to| ImpactTask::AllClear { unit, was_shut, done_to: Some(to) })).await?;
            }
        }
    }
    Ok(())
}

/// A locker that was out of service serves again: whoever was not called for it is called now.
async fn resume_call<S: Store>(store: &S, locker: &LockerId, version: u64, now: Timestamp) -> Result<(), Unavailable> {
    let names = [StateKey::WorkOrder(locker.clone()), StateKey::Locker(locker.clone())];
    let cause = Cause::new(names[1].clone(), EventId::of_step("call-resumed", &version), now);
    let outcome = apply(store, &cause, async |view| {
        let mut states = view.read(&names).await?;
        let mut decision = Decision::new(());
        let known = states.take::<WorkOrder>(&names[0]).filter(|it| it.out_of_service && it.is_open());
        let serves =
            states.take::<Locker>(&names[1]).is_some_and(|it| it.service.lifecycle.closes() == Closure::Nothing);
        if let Some(mut work_order) = known.filter(|_| serves) {
            work_order.serve_again(now);
            decision.change(work_order);
            decision.record(Event::CallResumed);
        }
        Ok(decision)
    })
    .await;
    settle(outcome).map(drop)
}

/// Of the first tasks of two lists the one to be dealt with first: closures, then reopenings as they came.
fn settled_by(task: &ImpactTask) -> Option<Option<Timestamp>> {
    match task {
        ImpactTask::TellTeam
        | ImpactTask::Displace { .. }
        | ImpactTask::TellDelay { .. }
        | ImpactTask::TellEnd { .. }
        | ImpactTask::EndVisit { .. } => None,
        ImpactTask::AllClear { was_shut, .. } => Some(was_shut.map(|was_shut| was_shut.until)),
    }
}

/// Whose list it is.
enum List {
    WorkOrder(Box<WorkOrder>),
    ServicePlan(ServicePlan),
}

impl List {
    fn take(states: &mut States, name: &StateKey) -> Option<Self> {
        match name {
            StateKey::ServicePlan(_) => states.take(name).map(List::ServicePlan),
            name => states.take(name).map(Box::new).map(List::WorkOrder),
        }
    }

    fn name(&self) -> StateKey {
        match self {
            List::WorkOrder(it) => StateKey::WorkOrder(it.id.locker.clone()),
            List::ServicePlan(it) => StateKey::ServicePlan(it.locker.clone()),
        }
    }

    fn locker(&self) -> &LockerId {
        match self {
            List::WorkOrder(it) => &it.id.locker,
            List::ServicePlan(it) => &it.locker,
        }
    }

    /// What tells it from the other lists of its locker.
    fn number(&self) -> String {
        match self {
            List::WorkOrder(it) => it.id.number.to_string(),
            List::ServicePlan(_) => "service".to_owned(),
        }
    }

    fn impact(&self) -> &[ImpactTask] {
        match self {
            List::WorkOrder(it) => &it.impact,
            List::ServicePlan(it) => &it.impact,
        }
    }

    /// The list without its first task, or with what is left of it. A work order is weighed by whom it concerns now,
    /// where that was counted.
    fn advance(self, rest: Option<ImpactTask>, radius: Option<BlastRadius>, now: Timestamp) -> State {
        match self {
            List::WorkOrder(mut it) => {
                it.advance_impact(rest, now);
                if let Some(radius) = radius {
                    it.weigh(radius, now);
                }
                (*it).into()
            }
            List::ServicePlan(mut it) => {
                it.advance_impact(rest, now);
                it.into()
            }
        }
    }
}

/// One step of a list, as it was read.
struct Step<'a, S> {
    store: &'a S,
    list: List,
    version: u64,
    now: Timestamp,
}

/// What has become of a locker's first call.
enum Joined {
    Alone,
    Joins,
    Opens(IncidentId, Option<Box<Incident>>),
}

impl<S: Store> Step<'_, S> {
    fn locker(&self) -> &LockerId {
        self.list.locker()
    }

    /// The occupied or reserved compartments that a task about this unit concerns next, and up to where that
    /// goes where it is not the end.
    async fn concerned(
        &self,
        unit: Unit,
        done_to: Option<CompartmentNumber>,
    ) -> Result<(Vec<Compartment>, Option<CompartmentNumber>), Unavailable> {
        let (mut found, rest) = self.next_of(unit, done_to).await?;
        found.retain(|it| it.order().is_some());
        Ok((found, rest))
    }

    /// The compartments of this unit that come next, and up to where that goes where it is not the end.
    async fn next_of(
        &self,
        unit: Unit,
        done_to: Option<CompartmentNumber>,
    ) -> Result<(Vec<Compartment>, Option<CompartmentNumber>), Unavailable> {
        let (found, rest) = match unit {
            Unit::Compartment(number) => {
                let name = StateKey::Compartment(self.locker().clone(), number);
                let (mut states, _) = look(self.store, std::slice::from_ref(&name)).await?;
                (states.take(&name).into_iter().collect(), None)
            }
            Unit::Locker => {
                let query = keys::compartments(self.locker(), done_to, COMPARTMENTS_PER_STEP_MAX);
                let found: Vec<Compartment> = aws::apply::list(self.store, &query).await?;
                let full = found.len() == COMPARTMENTS_PER_STEP_MAX;
                let last = found.last().map(|it| it.number).filter(|_| full);
                (found, last)
            }
        };
        Ok((found, rest))
    }

    /// Strikes the first task off, or writes down how far it has come. Where the list has changed meanwhile,
    /// nothing is struck off: the task may be asked for once more, because of what was not known when it was begun.
    async fn strike(&self, rest: Option<ImpactTask>) -> Result<(), Unavailable> {
        self.strike_and_weigh(rest, None).await
    }

    /// The same, and weighs the work order by whom it concerns now, where that was counted.
    async fn strike_and_weigh(&self, rest: Option<ImpactTask>, radius: Option<BlastRadius>) -> Result<(), Unavailable> {
        let event = EventId::of_step("follow-up", &format!("{}-{}", self.list.number(), self.version));
        let cause = Cause::new(StateKey::Locker(self.locker().clone()), event, self.now);
        let name = self.list.name();
        settle(
            apply(self.store, &cause, async |view| {
                let mut states = view.read(std::slice::from_ref(&name)).await?;
                let mut decision = Decision::new(());
                if let Some(list) = List::take(&mut states, &name)
                    && view.version_of(&name) == Some(self.version)
                {
                    decision.change(list.advance(rest.clone(), radius, self.now));
                }
                Ok(decision)
            })
            .await,
        )
        .map(drop)
    }

    /// The locker, and its latest work order.
    async fn own(&self, view: &View<'_, S>) -> Result<Option<(WorkOrder, Locker)>, Stop> {
        let names = [StateKey::WorkOrder(self.locker().clone()), StateKey::Locker(self.locker().clone())];
        let mut states = view.read(&names).await?;
        Ok(states.take(&names[0]).zip(states.take(&names[1])))
    }

    /// Finds the team where there is none yet, and tells it what is broken and how many people wait.
    async fn tell_team(&self) -> Result<(), Unavailable> {
        let event = EventId::of_step("team-told", &format!("{}-{}", self.list.number(), self.version));
        let cause = Cause::new(StateKey::Locker(self.locker().clone()), event.clone(), self.now);
        let outcome = apply(self.store, &cause, async |view| {
            let mut decision = Decision::new(());
            let Some((mut work_order, locker)) = self.own(view).await? else { return Ok(decision) };
            if work_order.impact.first() != Some(&ImpactTask::TellTeam) {
                return Ok(decision);
            }
            // Over before anybody was called: nobody has to go there.
            if !work_order.is_open() {
                work_order.advance_impact(None, self.now);
                decision.change(work_order);
                return Ok(decision);
            }
            if !work_order.is_called_in(locker.service.lifecycle) {
                // Whoever takes it into service meanwhile has to find this.
                decision.require_unchanged(StateKey::Locker(locker.id.clone()));
                work_order.out_of_service = true;
                work_order.advance_impact(None, self.now);
                decision.change(work_order);
                decision.record(Event::CallPostponed);
                return Ok(decision);
            }
            let expected_back = expected_back::estimate_for(self.store, &work_order, &locker, self.now).await?;
            work_order.expect_back(expected_back);
            let radius = self.blast_radius(&work_order).await?;
            let people_waiting = radius.people_waiting();
            // What is put aside is given to a team, and nobody is told of it.
            let aside = work_order.is_shelved();
            let joined = match aside {
                true => Joined::Alone,
                false => self.join_incident(view, &mut decision, &mut work_order, &locker, radius).await?,
            };
            let opens = match joined {
                Joined::Joins => return Ok(decision),
                Joined::Opens(incident, finished) => Some((incident, finished)),
                Joined::Alone => None,
            };
            if opens.is_none()
                && !aside
                && self.fold_into_visit(view, &mut decision, &mut work_order, &locker, radius).await?
            {
                return Ok(decision);
            }
            let extended = work_order.latest_call.is_some();
            // Something else is broken as well: it is told of by itself from now on.
            if work_order.visit.is_some() {
                work_order.leave_visit(self.now);
            }
            if opens.is_none() && work_order.incident.is_some() && !aside {
                work_order.release(self.now);
            }
            let team = match &work_order.team {
                Some(team) => team.clone(),
                None => {
                    let team = self.find_team(view, &locker, &work_order).await?;
                    work_order.skills_missing = team.lacks(&work_order.classes());
                    (team.region, team.id)
                }
            };
            if let Some((id, finished)) = opens {
                work_order.incident = Some(Membership { id: id.clone(), role: Role::Leads });
                decision.change(Incident::new(id, team.clone(), self.now));
                decision.changes.extend(finished.map(|it| State::ArchivedIncident(*it)));
            }
            work_order.team = Some(team.clone());
            work_order.people_waiting = people_waiting;
            work_order.weigh(radius, self.now);
            work_order.advance_impact(None, self.now);
            if aside {
                decision.change(work_order);
                return Ok(decision);
            }
            let (region, team) = team;
            let message = Message::WorkOrderCalled {
                work_order: work_order.id.clone(),
                locker_name: locker.name,
                severity: work_order.severity,
                units: work_order.units.keys().copied().collect(),
                people_waiting,
                extended,
                priority: work_order.priority,
                skills_missing: work_order.skills_missing.clone(),
                follows: work_order.follows.clone(),
                visited_with: work_order.visited_with.clone(),
            };
            let notice = Notice {
                id: NoticeId::new(&event, message.kind()),
                recipient: Recipient::Team { region, team: team.clone() },
                message,
                created_at: self.now,
                supersedes: None,
            };
            decision.tell(notice.supersede(&mut work_order.latest_call));
            decision.record(Event::TeamTold { team, people_waiting });
            decision.change(work_order);
            Ok(decision)
        })
        .await;
        match outcome {
            Ok(_) => Ok(()),
            // Nobody serves this region: people must still be dealt with, and somebody must hear of it.
            Err(ApplyError::Refused(refusal)) => {
                let (locker, number) = (self.locker(), self.list.number());
                tracing::error!(%locker, number, "work order {locker}.{number} has no team: {refusal}");
                self.strike(None).await
            }
            other => settle(other).map(drop),
        }
    }

    /// Whether the locker is one of many with the same fault, whose team is told of all of them together. Where it joins
    /// them, nothing but its own work order is written: a thousand lockers a minute read the incident, and none waits
    /// for another.
    async fn join_incident(
        &self,
        view: &View<'_, S>,
        decision: &mut Decision<()>,
        work_order: &mut WorkOrder,
        locker: &Locker,
        radius: BlastRadius,
    ) -> Result<Joined, Stop> {
        let Some(code) = spreading_code(work_order) else { return Ok(Joined::Alone) };
        let name = StateKey::Incident(locker.region.clone(), code);
        let latest: Option<Incident> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        Ok(match join(&locker.region, code, latest) {
            Joining::Alone => Joined::Alone,
            Joining::Opens(id, finished) => Joined::Opens(id, finished.map(Box::new)),
            Joining::Joins(incident) => {
                work_order.team = Some(incident.team);
                work_order.incident = Some(Membership { id: incident.id.clone(), role: Role::Joined });
                work_order.people_waiting = radius.people_waiting();
                work_order.weigh(radius, self.now);
                work_order.advance_impact(None, self.now);
                decision.record(Event::IncidentJoined { incident: incident.id });
                decision.change(work_order.clone());
                Joined::Joins
            }
        })
    }

    /// Whether the locker stands beside another one whose team was called a short time ago: it is repaired on the same way,
    /// and that team is told so. Otherwise its own call is the one that others of its site may join.
    async fn fold_into_visit(
        &self,
        view: &View<'_, S>,
        decision: &mut Decision<()>,
        work_order: &mut WorkOrder,
        locker: &Locker,
        radius: BlastRadius,
    ) -> Result<bool, Stop> {
        let Some(site) = locker.site.clone().filter(|_| work_order.latest_call.is_none()) else { return Ok(false) };
        let name = StateKey::SiteVisit(locker.region.clone(), site.clone());
        let latest: Option<SiteVisit> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        if let Some(visit) = latest.filter(|it| it.folds(work_order, self.now)) {
            let name = StateKey::WorkOrder(visit.leads.locker.clone());
            let leads: Option<WorkOrder> = view.read(std::slice::from_ref(&name)).await?.take(&name);
            if let Some(mut leads) = leads.filter(|it| it.id == visit.leads && work_order.folds_into(it)) {
                work_order.join_visit(&mut leads, self.now);
                work_order.people_waiting = radius.people_waiting();
                work_order.weigh(radius, self.now);
                decision.record(Event::VisitJoined { leads: visit.leads, by: None });
                decision.change(work_order.clone());
                decision.change(leads);
                return Ok(true);
            }
        }
        let leads = work_order.id.clone();
        decision.change(SiteVisit { region: locker.region.clone(), site, leads, since: self.now });
        Ok(false)
    }

    /// Tells the team that was called that nobody has to go there any more.
    async fn tell_end(
        &self,
        id: &WorkOrderId,
        (region, team): &(RegionId, TeamId),
        cancelled: bool,
    ) -> Result<(), Unavailable> {
        let event = EventId::of_step("end-told", &id.number);
        let cause = Cause::new(StateKey::Locker(self.locker().clone()), event.clone(), self.now);
        let outcome = apply(self.store, &cause, async |view| {
            let mut decision = Decision::new(());
            let Some((mut latest, locker)) = self.own(view).await? else { return Ok(decision) };
            let first = latest.impact.first();
            if !matches!(first, Some(ImpactTask::TellEnd { work_order, .. }) if work_order == id) {
                return Ok(decision);
            }
            let message = Message::WorkOrderEnded { work_order: id.clone(), locker_name: locker.name, cancelled };
            let recipient = Recipient::Team { region: region.clone(), team: team.clone() };
            let notice_id = NoticeId::new(&event, message.kind());
            let notice = Notice { id: notice_id, recipient, message, created_at: self.now, supersedes: None };
            // What the next work order says is not replaced by this.
            let own = latest.id == *id;
            decision.tell(if own { notice.supersede(&mut latest.latest_call) } else { notice });
            latest.advance_impact(None, self.now);
            decision.change(latest);
            Ok(decision)
        })
        .await;
        settle(outcome).map(drop)
    }

    /// A work order whose visit is over, and which is not: it is called for alone.
    async fn call_alone(&self, work_order: &WorkOrderId) -> Result<(), Unavailable> {
        let leads_number = self.list.number();
        let event = EventId::of_step("visit-over", &format!("{leads_number}-{}-{}", self.version, self.locker()));
        let cause = Cause::new(StateKey::Locker(work_order.locker.clone()), event, self.now);
        let name = StateKey::WorkOrder(work_order.locker.clone());
        let outcome = apply(self.store, &cause, async |view| {
            let mut decision = Decision::new(());
            let known: Option<WorkOrder> = view.read(std::slice::from_ref(&name)).await?.take(&name);
            let known = known.filter(|it| it.id == *work_order && it.is_open());
            if let Some(mut known) = known.filter(|it| it.visit.as_ref().is_some_and(|it| it.locker == *self.locker()))
            {
                let leads = known.visit.clone();
                known.leave_visit(self.now);
                decision.change(known);
                decision.record(Event::VisitLeft { leads: leads.unwrap_or_else(|| work_order.clone()), by: None });
            }
            Ok(decision)
        })
        .await;
        settle(outcome).map(drop)
    }

    async fn find_team(&self, view: &View<'_, S>, locker: &Locker, work_order: &WorkOrder) -> Result<Team, Stop> {
        let teams: Vec<Team> = view.query(&keys::teams(&locker.region, TEAMS_MAX)).await?;
        let queries: Vec<_> =
            teams.iter().map(|team| keys::open_work_orders(&team.region, &team.id, LOAD_MAX)).collect();
        let pages = try_join_all(queries.iter().map(|query| self.store.query(query))).await?;
        let loads = pages.into_iter().map(|page| page.items.len() as u32);
        let team = choose_team(teams.into_iter().zip(loads).collect(), &work_order.classes());
        Ok(team.ok_or(domain::Refusal::NoTeam)?)
    }

    /// How many orders are in the broken units or on their way there, and what was promised to them first.
    async fn blast_radius(&self, work_order: &WorkOrder) -> Result<BlastRadius, Unavailable> {
        let compartments: Vec<Compartment> = if work_order.units.contains_key(&Unit::Locker) {
            aws::apply::list(self.store, &keys::compartments(self.locker(), None, COMPARTMENTS_MAX)).await?
        } else {
            let names = work_order.compartments();
            look(self.store, &names).await?.0.take_each(&names)
        };
        // An order that is being fetched has two: the one its parcel was in, and the one it is brought to.
        let orders: BTreeSet<&OrderId> = compartments.iter().filter_map(Compartment::order).collect();
        let names: Vec<StateKey> = orders.into_iter().take(DEADLINES_READ_MAX).cloned().map(StateKey::Order).collect();
        let orders: Vec<Order> = look(self.store, &names).await?.0.take_each(&names);
        let inside = |it: &&Compartment| matches!(it.occupancy, Occupancy::Occupied { .. });
        // Nobody waits for what has expired.
        let waits = |it: &&Order| !it.is_expired_inside() && !it.is_being_returned();
        let on_the_way = |it: &&Compartment| matches!(it.occupancy, Occupancy::Reserved { .. });
        Ok(BlastRadius {
            orders_on_the_way: compartments.iter().filter(on_the_way).count() as u32,
            parcels_inside: compartments.iter().filter(inside).count() as u32,
            nearest_deadline: orders.iter().filter(waits).filter_map(|it| it.pickup_deadline.or(it.promised_at)).min(),
        })
    }

    /// The id of a step for the order in a compartment: one of its own for each state of the list, since the
    /// same door may fail and work again under one number. What keeps anyone from being told twice is the state of
    /// the order. The numbers come first: a long locker id may be cut.
    fn step_for(&self, step: &str, compartment: &Compartment) -> EventId {
        let (locker, number) = (self.locker(), self.list.number());
        EventId::of_step(step, &format!("{}-{number}-{}-{locker}", compartment.number, self.version))
    }

    fn names(&self, compartment: &Compartment, order: &OrderId) -> [StateKey; 3] {
        [
            StateKey::Order(order.clone()),
            StateKey::Locker(self.locker().clone()),
            StateKey::Compartment(self.locker().clone(), compartment.number),
        ]
    }

    async fn tell_delay(
        &self,
        compartment: &Compartment,
        by: Option<Timestamp>,
        update: u8,
    ) -> Result<(), Unavailable> {
        let Some(order) = compartment.order() else { return Ok(()) };
        let names = self.names(compartment, order);
        // One for each update, whatever else becomes of the work order meanwhile.
        let told = format!("{}-{}-{update}-{}", compartment.number, self.list.number(), self.locker());
        let event = EventId::of_step("delay-told", &told);
        let cause = Cause::new(names[0].clone(), event.clone(), self.now);
        settle(
            apply(self.store, &cause, async |view| {
                let mut states = view.read(&names).await?;
                let (Some(order), Some(locker), Some(compartment)) = (
                    states.take::<Order>(&names[0]),
                    states.take::<Locker>(&names[1]),
                    states.take::<Compartment>(&names[2]),
                ) else {
                    return Ok(Decision::new(()));
                };
                let told = tell_delay(order, &locker, &compartment, by, &event, self.now);
                Ok(told.unwrap_or_else(|| Decision::new(())))
            })
            .await,
        )
        .map(drop)
    }

    /// The order that lost this place gets it back, or another one of this locker, where its customer has been asked
    /// and has not answered.
    async fn withdraw_question(&self, compartment: &Compartment) -> Result<(), Unavailable> {
        let Some(lost) = &compartment.lost_by else { return Ok(()) };
        let names = self.names(compartment, &lost.order);
        let event = self.step_for("question-withdrawn", compartment);
        let cause = Cause::new(names[0].clone(), event.clone(), self.now);
        let withdrawn = apply(self.store, &cause, async |view| {
            let mut states = view.read(&names).await?;
            let (Some(order), Some(locker), Some(lost)) = (
                states.take::<Order>(&names[0]),
                states.take::<Locker>(&names[1]),
                states.take::<Compartment>(&names[2]),
            ) else {
                return Ok(Decision::new(()));
            };
            let mut room = None;
            if order.status == OrderStatus::Rerouting && !(lost.bookable() && locker.bookable()) {
                let needs = order.needs();
                let mut others: Vec<Compartment> =
                    view.query(&rooms::candidates(&locker.id, &needs, &locker.measures)).await?;
                others.retain(|it| it.number != lost.number);
                room = find_room(&locker, &others, &needs, rooms::spread(&order.id)).ok();
            }
            let withdrawn = withdraw_question(order, &locker, lost, room, &event, self.now);
            Ok(withdrawn.unwrap_or_else(|| Decision::new(())))
        })
        .await;
        settle(withdrawn).map(drop)
    }

    async fn give_all_clear(&self, compartment: &Compartment, was_shut: Option<ShutTime>) -> Result<(), Unavailable> {
        let Some(order) = compartment.order() else { return Ok(()) };
        let names = self.names(compartment, order);
        let event = self.step_for("all-clear", compartment);
        let cause = Cause::new(names[0].clone(), event.clone(), self.now);
        settle(
            apply(self.store, &cause, async |view| {
                let mut states = view.read(&names).await?;
                let (Some(order), Some(locker), Some(compartment)) = (
                    states.take::<Order>(&names[0]),
                    states.take::<Locker>(&names[1]),
                    states.take::<Compartment>(&names[2]),
                ) else {
                    return Ok(Decision::new(()));
                };
                if let Some(name) = order.recovery_target().map(CompartmentId::key) {
                    let held = view.read(std::slice::from_ref(&name)).await?.take(&name);
                    let now = self.now;
                    let ended =
                        end_recovery_at_a_door_that_works(order, &locker, &compartment, held, was_shut, &event, now);
                    return Ok(ended.unwrap_or_else(|| Decision::new(())));
                }
                let resumed = resume_pickup(order, &locker, &compartment, was_shut, &event, self.now);
                Ok(resumed.unwrap_or_else(|| Decision::new(())))
            })
            .await,
        )
        .map(drop)
    }
}

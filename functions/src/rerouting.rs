//! What an incident means for people is worked off: the team is told, orders get new places, deadlines stop and
//! run on.
//! Trigger: the stream of the network table, work orders with something on their list. Sample: events/rerouting.
//!
//! The list is on the work order itself. Each step is a commit of its own that strikes off what it did, so this
//! may stop anywhere and be started again, by a repeated stream record or by a sweep, and ends with everyone
//! dealt with once.

use aws::apply::{ApplyError, Cause, Stop, View, apply, look};
use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::keys::{self, LockerPart};
use aws::rooms;
use aws::store::dynamodb::Tables;
use aws::store::{Store, Unavailable};
use domain::compartment::Compartment;
use domain::decision::Event;
use domain::fault::Unit;
use domain::id::{CompartmentNumber, EventId, LockerId, NoticeId, OrderId, WorkOrderId};
use domain::impact::{COMPARTMENTS_PER_STEP_MAX, ImpactTask, ShutTime};
use domain::locker::Locker;
use domain::notice::{Message, Notice, Recipient};
use domain::order::{DisplacedScene, Order, deal_with_displaced, resume_pickup};
use domain::person::Preferences;
use domain::recovery::{Door, end_recovery_at_a_door_that_works};
use domain::seeded::bug;
use domain::team::{Team, choose_team};
use domain::work_order::WorkOrder;
use domain::{Decision, StateKey, Timestamp};
use futures_util::future::try_join_all;

/// How many steps one call takes at the most; what is left goes on with the stream record of the last of them.
const STEPS_MAX: usize = 20;

/// How many teams of a region are considered.
const TEAMS_MAX: usize = 50;

/// How many open work orders of a team are counted; beyond that it is simply the busiest.
const LOAD_MAX: usize = 100;

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
        Some(LockerPart::WorkOrder(locker)) => work_off(store, &locker, now).await,
        Some(LockerPart::Locker(_) | LockerPart::Compartment(..) | LockerPart::Presence(_)) | None => Ok(()),
    })
    .await
}

/// Works off the list of a locker's latest work order, step by step.
///
/// # Errors
/// [`Unavailable`]: what is left stays on the list.
pub async fn work_off<S: Store>(store: &S, locker: &LockerId, now: Timestamp) -> Result<(), Unavailable> {
    let name = StateKey::WorkOrder(locker.clone());
    for _ in 0..STEPS_MAX {
        let (mut states, versions) = look(store, std::slice::from_ref(&name)).await?;
        let Some(work_order) = states.take::<WorkOrder>(&name) else { return Ok(()) };
        let Some(task) = work_order.impact.first().cloned() else { return Ok(()) };
        let step = Step { store, work_order, version: versions.get(&name).copied().unwrap_or_default(), now };
        match task {
            ImpactTask::TellTeam if bug("team_is_not_told") => step.strike(None).await?,
            ImpactTask::TellTeam => step.tell_team().await?,
            ImpactTask::Displace { unit, done_to } => {
                let (compartments, rest) = step.concerned(unit, done_to).await?;
                if bug("list_is_struck_off_first") {
                    step.strike(rest.map(|to| ImpactTask::Displace { unit, done_to: Some(to) })).await?;
                }
                for compartment in &compartments {
                    step.displace(compartment).await?;
                }
                step.strike(rest.map(|to| ImpactTask::Displace { unit, done_to: Some(to) })).await?;
            }
            ImpactTask::AllClear { unit, was_shut, done_to } => {
                let (compartments, rest) = step.concerned(unit, done_to).await?;
                for compartment in &compartments {
                    step.give_all_clear(compartment, was_shut).await?;
                }
                step.strike(rest.map(|to| ImpactTask::AllClear { unit, was_shut, done_to: Some(to) })).await?;
            }
        }
    }
    Ok(())
}

/// One step of the list, as it was read.
struct Step<'a, S> {
    store: &'a S,
    work_order: WorkOrder,
    version: u64,
    now: Timestamp,
}

/// A refusal here means that there is nothing to do any more; only what the store did not answer is to be
/// tried again.
fn settled<A>(outcome: Result<A, ApplyError>) -> Result<(), Unavailable> {
    match outcome {
        Ok(_) | Err(ApplyError::Refused(_)) => Ok(()),
        Err(ApplyError::Reused) => Err(Unavailable("a step has the id of another request".to_owned())),
        Err(ApplyError::Unavailable(unavailable)) => Err(unavailable),
    }
}

impl<S: Store> Step<'_, S> {
    fn id(&self) -> &WorkOrderId {
        &self.work_order.id
    }

    fn locker(&self) -> &LockerId {
        &self.work_order.id.locker
    }

    /// The occupied or reserved compartments that a task about this unit concerns next, and up to where that
    /// goes where it is not the end.
    async fn concerned(
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
        Ok((found.into_iter().filter(|it| it.order().is_some()).collect(), rest))
    }

    /// Strikes the first task off, or writes down how far it has come. Where the list has changed meanwhile,
    /// whoever changed it goes on with it.
    async fn strike(&self, rest: Option<ImpactTask>) -> Result<(), Unavailable> {
        let event = EventId::of_step("follow-up", &format!("{}-{}", self.id().number, self.version));
        let cause = Cause::new(StateKey::Locker(self.locker().clone()), event, self.now);
        let name = StateKey::WorkOrder(self.locker().clone());
        let first = self.work_order.impact.first();
        settled(
            apply(self.store, &cause, async |view| {
                let mut states = view.read(std::slice::from_ref(&name)).await?;
                let mut decision = Decision::new(());
                if let Some(mut work_order) = states.take::<WorkOrder>(&name)
                    && work_order.impact.first() == first
                {
                    work_order.advance_impact(rest.clone(), self.now);
                    decision.change(work_order);
                }
                Ok(decision)
            })
            .await,
        )
    }

    /// Finds the team where there is none yet, and tells it what is broken and how many people wait.
    async fn tell_team(&self) -> Result<(), Unavailable> {
        let event = EventId::of_step("team-told", &format!("{}-{}", self.id().number, self.version));
        let cause = Cause::new(StateKey::Locker(self.locker().clone()), event.clone(), self.now);
        let names = [StateKey::WorkOrder(self.locker().clone()), StateKey::Locker(self.locker().clone())];
        let outcome = apply(self.store, &cause, async |view| {
            let mut states = view.read(&names).await?;
            let mut decision = Decision::new(());
            let (Some(mut work_order), Some(locker)) =
                (states.take::<WorkOrder>(&names[0]), states.take::<Locker>(&names[1]))
            else {
                return Ok(decision);
            };
            if work_order.impact.first() != Some(&ImpactTask::TellTeam) {
                return Ok(decision);
            }
            let people_waiting = self.people_waiting(&work_order).await?;
            let extended = work_order.team.is_some();
            let team = match &work_order.team {
                Some(team) => team.clone(),
                None => {
                    let team = self.find_team(view, &locker, &work_order).await?;
                    (team.region, team.id)
                }
            };
            work_order.team = Some(team.clone());
            work_order.people_waiting = people_waiting;
            work_order.advance_impact(None, self.now);
            let (region, team) = team;
            let message = Message::WorkOrderCalled {
                work_order: work_order.id.clone(),
                locker_name: locker.name,
                severity: work_order.severity,
                units: work_order.units.keys().copied().collect(),
                people_waiting,
                extended,
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
                tracing::error!(work_order = %self.id(), "work order {} has no team: {refusal}", self.id());
                self.strike(None).await
            }
            other => settled(other),
        }
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

    /// How many orders are in the closed units or on their way there.
    async fn people_waiting(&self, work_order: &WorkOrder) -> Result<u32, Unavailable> {
        let compartments: Vec<Compartment> = if work_order.units.contains_key(&Unit::Locker) {
            aws::apply::list(self.store, &keys::compartments(self.locker(), None, COMPARTMENTS_MAX)).await?
        } else {
            let names = work_order.compartments();
            look(self.store, &names).await?.0.take_each(&names)
        };
        Ok(compartments.iter().filter(|it| it.order().is_some()).count() as u32)
    }

    /// The id of a step for the order in a compartment: one of its own for each state of the work order, since the
    /// same door may fail and work again under one number. What keeps anyone from being told twice is the state of
    /// the order. The numbers come first: a long locker id may be cut.
    fn step_for(&self, step: &str, compartment: &Compartment) -> EventId {
        let WorkOrderId { locker, number } = self.id();
        EventId::of_step(step, &format!("{}-{number}-{}-{locker}", compartment.number, self.version))
    }

    fn names(&self, compartment: &Compartment, order: &OrderId) -> [StateKey; 3] {
        [
            StateKey::Order(order.clone()),
            StateKey::Locker(self.locker().clone()),
            StateKey::Compartment(self.locker().clone(), compartment.number),
        ]
    }

    async fn displace(&self, compartment: &Compartment) -> Result<(), Unavailable> {
        let Some(order) = compartment.order() else { return Ok(()) };
        let names = self.names(compartment, order);
        // By compartment, too: a customer may have chosen another one of this locker, which then broke as well.
        let event = self.step_for("displaced", compartment);
        let cause = Cause::new(names[0].clone(), event.clone(), self.now);
        settled(
            apply(self.store, &cause, async |view| {
                let mut states = view.read(&names).await?;
                let (Some(order), Some(locker), Some(compartment)) = (
                    states.take::<Order>(&names[0]),
                    states.take::<Locker>(&names[1]),
                    states.take::<Compartment>(&names[2]),
                ) else {
                    return Ok(Decision::new(()));
                };
                let (preferences, rooms) = self.options(view, &order, &locker).await?;
                let scene = DisplacedScene { order, locker, compartment, preferences, rooms };
                Ok(deal_with_displaced(scene, &event, self.now).unwrap_or_else(|| Decision::new(())))
            })
            .await,
        )
    }

    /// What the customer wants done, and the rooms around that would do.
    async fn options(
        &self,
        view: &View<'_, S>,
        order: &Order,
        locker: &Locker,
    ) -> Result<(Option<Preferences>, Vec<(u32, domain::order::Room)>), Stop> {
        if !order.is_underway() {
            return Ok((None, Vec::new()));
        }
        let name = StateKey::Preferences(order.customer.clone());
        let preferences: Option<Preferences> = view.read(std::slice::from_ref(&name)).await?.take(&name);
        let rooms = match preferences.as_ref().and_then(|it| it.other_locker_within_m) {
            Some(radius_m) => rooms::rooms_near(view, locker, radius_m, order.size, rooms::spread(&order.id)).await?,
            None => Vec::new(),
        };
        Ok((preferences, rooms))
    }

    async fn give_all_clear(&self, compartment: &Compartment, was_shut: Option<ShutTime>) -> Result<(), Unavailable> {
        let Some(order) = compartment.order() else { return Ok(()) };
        let names = self.names(compartment, order);
        let event = self.step_for("all-clear", compartment);
        let cause = Cause::new(names[0].clone(), event.clone(), self.now);
        settled(
            apply(self.store, &cause, async |view| {
                let mut states = view.read(&names).await?;
                let (Some(order), Some(locker), Some(compartment)) = (
                    states.take::<Order>(&names[0]),
                    states.take::<Locker>(&names[1]),
                    states.take::<Compartment>(&names[2]),
                ) else {
                    return Ok(Decision::new(()));
                };
                if let Some(name) = order.recovery_target().map(Door::key) {
                    let held = view.read(std::slice::from_ref(&name)).await?.take(&name);
                    let ended = end_recovery_at_a_door_that_works(order, &locker, &compartment, held, &event, self.now);
                    return Ok(ended.unwrap_or_else(|| Decision::new(())));
                }
                let resumed = resume_pickup(order, &locker, &compartment, was_shut, &event, self.now);
                Ok(resumed.unwrap_or_else(|| Decision::new(())))
            })
            .await,
        )
    }
}

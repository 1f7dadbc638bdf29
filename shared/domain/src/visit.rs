//! Several work orders of one site are one visit: one call, one way there.
//!
//! Lockers stand at one site where their operator says so ([`Locker::site`]), or where they are next to each other and a
//! person says so. One work order leads: its team was called for it, and is told which others to repair on the way. It
//! escalates for them; once it is over, each that is left is called for alone. Each locker still has to prove its own
//! repair: a visit is about people's ways, not about doors.

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, Event};
use crate::escalation::Clock;
use crate::fault::Severity;
use crate::id::{PersonId, RegionId, SiteId, WorkOrderId};
use crate::impact::ImpactTask;
use crate::locker::Locker;
use crate::refusal::Refusal;
use crate::seeded::bug;
use crate::work_order::{WorkOrder, WorkOrderStatus};
use crate::{SignedDuration, Timestamp};

/// How long after the first call at a site another locker's fault joins its visit by itself: about as long as a team
/// takes to get ready. Later a person has to say so, who knows where the team is.
pub const FOLDS_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// How many work orders a visit takes on beside the one that leads: more than a site has lockers.
pub const VISITED_WITH_MAX: usize = 10;

/// How far apart lockers are at the most that a person may take for one site, in metres: a walk, not a drive.
pub const SITE_RADIUS_M: u32 = 250;

/// Who leads the latest visit to a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteVisit {
    pub region: RegionId,
    pub site: SiteId,
    pub leads: WorkOrderId,
    /// When its team was called.
    pub since: Timestamp,
}

impl SiteVisit {
    /// Whether a fault that is called for now may join it.
    pub fn folds(&self, work_order: &WorkOrder, now: Timestamp) -> bool {
        self.leads.locker != work_order.id.locker && now.duration_since(self.since) <= FOLDS_WITHIN
    }
}

/// Whether two lockers are at one site.
fn at_one_site(one: &Locker, other: &Locker) -> bool {
    let named = one.site.is_some() && one.site == other.site;
    one.region == other.region && (named || one.position.distance_m(other.position) <= SITE_RADIUS_M)
}

impl WorkOrder {
    /// Whether nobody has begun with it, so that it can still become a part of another's visit.
    fn may_join(&self) -> bool {
        match self.status {
            WorkOrderStatus::Open | WorkOrderStatus::Acknowledged | WorkOrderStatus::OnHold => {
                self.visit.is_none() && self.visited_with.is_empty()
            }
            WorkOrderStatus::InProgress
            | WorkOrderStatus::Repaired
            | WorkOrderStatus::Verified
            | WorkOrderStatus::Cancelled => false,
        }
    }

    /// Whether others can become a part of its visit: its team has been found and is not told with others itself.
    fn may_lead(&self) -> bool {
        self.is_open()
            && self.team.is_some()
            && !self.is_told_with_others()
            && !self.is_shelved()
            && self.visited_with.len() < VISITED_WITH_MAX
    }

    /// Whether it joins the visit that the other one leads by itself. What is worse than that is called for alone, and so
    /// is every danger.
    pub fn folds_into(&self, leads: &WorkOrder) -> bool {
        self.may_join()
            && self.latest_call.is_none()
            && self.incident.is_none()
            && self.severity <= leads.severity
            && self.severity < Severity::Critical
            && leads.may_lead()
    }

    /// It becomes a part of the visit that the other one leads, whose team is told of it.
    pub fn join_visit(&mut self, leads: &mut WorkOrder, now: Timestamp) {
        self.visit = Some(leads.id.clone());
        self.team.clone_from(&leads.team);
        if leads.assigned_to.is_some() {
            self.assigned_to.clone_from(&leads.assigned_to);
        }
        self.call_nobody(now);
        leads.visited_with.insert(self.id.clone());
        if !bug("visit_is_not_told") {
            leads.follow_up(ImpactTask::TellTeam, now);
        }
    }

    /// It is not called for any more, if it was to be.
    pub(crate) fn call_nobody(&mut self, now: Timestamp) {
        self.impact.retain(|task| *task != ImpactTask::TellTeam);
        self.impact_due_at = (!self.impact.is_empty()).then(|| now + crate::impact::RETRY_AFTER);
    }

    /// It is no part of a visit any more: where nobody has taken it on, it is called for alone, and waited for from now
    /// on.
    pub fn leave_visit(&mut self, now: Timestamp) {
        self.visit = None;
        if self.status == WorkOrderStatus::Open {
            self.clock = Some(Clock::new(self.waits_open_for(), now));
            if !self.impact.contains(&ImpactTask::TellTeam) {
                self.follow_up(ImpactTask::TellTeam, now);
            }
        }
    }

    /// It is over, in this way.
    pub(crate) fn end(&mut self, status: WorkOrderStatus, now: Timestamp) {
        self.status = status;
        self.end_visit(now);
    }

    /// Its team does not have to go there any more, where it was told to: the fault is over by itself, or a person has said
    /// so.
    pub(crate) fn tell_end(&mut self, cancelled: bool, now: Timestamp) {
        let told = self.latest_call.is_some() || self.visit.is_some();
        if let Some(team) = self.team.clone().filter(|_| told) {
            self.follow_up(ImpactTask::TellEnd { work_order: self.id.clone(), team, cancelled }, now);
        }
    }

    /// Those that were to be repaired on the way are called for alone.
    pub(crate) fn end_visit(&mut self, now: Timestamp) {
        let work_orders = std::mem::take(&mut self.visited_with);
        if !work_orders.is_empty() && !bug("visit_forgets_its_rest") {
            self.follow_up(ImpactTask::EndVisit { work_orders }, now);
        }
    }
}

/// Two work orders of one site, each with its locker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeScene {
    pub work_order: WorkOrder,
    pub locker: Locker,
    pub leads: WorkOrder,
    pub leads_locker: Locker,
}

/// A person makes a work order a part of another one's visit.
///
/// # Errors
/// - [`Refusal::NotOneSite`]: the lockers are too far apart.
/// - [`Refusal::WrongState`]: one of them is over, has been begun, or is a part of a visit already; or the other has no
///   team yet, or enough to do.
pub fn merge(scene: MergeScene, by: PersonId, now: Timestamp) -> Result<Decision<WorkOrder>, Refusal> {
    let MergeScene { mut work_order, locker, mut leads, leads_locker } = scene;
    if locker.id == leads_locker.id || !at_one_site(&locker, &leads_locker) {
        return Err(Refusal::NotOneSite);
    }
    if !work_order.may_join() || work_order.is_told_with_others() {
        return Err(Refusal::wrong_state(work_order.status));
    }
    if !leads.may_lead() {
        return Err(Refusal::wrong_state(leads.status));
    }
    work_order.join_visit(&mut leads, now);
    let mut decision = Decision::new(work_order.clone());
    decision.record(Event::VisitJoined { leads: leads.id.clone(), by: Some(by) });
    decision.change(work_order);
    decision.change(leads);
    Ok(decision)
}

/// A person takes a work order out of a visit: it is called for alone.
///
/// # Errors
/// [`Refusal::WrongState`]: it is a part of none.
pub fn separate(mut work_order: WorkOrder, by: PersonId, now: Timestamp) -> Result<Decision<WorkOrder>, Refusal> {
    let leads = work_order.visit.clone().filter(|_| work_order.is_open());
    let leads = leads.ok_or_else(|| Refusal::wrong_state(work_order.status))?;
    work_order.leave_visit(now);
    let mut decision = Decision::new(work_order.clone());
    decision.change(work_order);
    decision.record(Event::VisitLeft { leads, by: Some(by) });
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escalation::Wait;
    use crate::fault::FaultCode;
    use crate::fault::FaultCode::{DoorForced, DoorNotClosing, LockJammed};
    use crate::id::{LockerId, NoticeId};
    use crate::place::Position;
    use crate::testing::*;

    /// The work order of a locker, whose team was called.
    fn called(name: &str, code: FaultCode, status: WorkOrderStatus) -> WorkOrder {
        let of = WorkOrderId { locker: id::<LockerId>(name), number: 1 };
        let call: NoticeId = id("call-1");
        WorkOrder { id: of, latest_call: Some(call), ..work_order(status, &[(unit(7), code)]) }
    }

    /// The same before its first call.
    fn fresh(name: &str, code: FaultCode) -> WorkOrder {
        WorkOrder { latest_call: None, team: None, ..called(name, code, WorkOrderStatus::Open) }
    }

    fn beside(metres_north: i32, site: Option<&str>) -> Locker {
        let Position { latitude_e6, longitude_e6 } = locker().position;
        let position = Position { latitude_e6: latitude_e6 + metres_north * 9, longitude_e6 };
        Locker { id: id("mz-02"), position, site: site.map(id), ..locker() }
    }

    fn scene(work_order: WorkOrder, locker: Locker, leads: WorkOrder) -> MergeScene {
        let leads_locker = Locker { site: Some(id("station")), ..crate::testing::locker() };
        MergeScene { work_order, locker, leads, leads_locker }
    }

    fn open() -> WorkOrderStatus {
        WorkOrderStatus::Open
    }

    #[test]
    fn what_is_merged_has_the_team_of_the_one_that_leads_and_waits_for_nobody_by_itself() {
        let leads = WorkOrder { assigned_to: Some(id("tom")), ..called("mz-01", LockJammed, open()) };
        let joins = WorkOrder { team: Some((id("mainz"), id("other"))), ..called("mz-02", LockJammed, open()) };
        let decision = merge(scene(joins, beside(100, None), leads.clone()), id("tina"), at(60)).unwrap();
        let joined = decision.answer.clone();
        assert_eq!(
            (joined.visit, joined.team, joined.assigned_to),
            (Some(leads.id.clone()), leads.team.clone(), leads.assigned_to.clone())
        );
        assert_eq!(decision.answer.clock(), None);
        let leading = WorkOrder {
            visited_with: [id("mz-02.1")].into(),
            impact: vec![ImpactTask::TellTeam],
            impact_due_at: Some(at(60) + crate::impact::RETRY_AFTER),
            ..leads
        };
        assert_eq!(decision.changes, vec![decision.answer.clone().into(), leading.into()]);
        assert_eq!(decision.event, Event::VisitJoined { leads: id("mz-01.1"), by: Some(id("tina")) });
    }

    #[test]
    fn lockers_are_at_one_site_where_they_are_a_walk_apart_or_their_operator_says_so() {
        let of = |locker| {
            let (leads, joins) = (called("mz-01", LockJammed, open()), called("mz-02", LockJammed, open()));
            merge(scene(joins, locker, leads), id("tina"), at(60)).map(drop)
        };
        assert_eq!(of(beside(240, None)), Ok(()));
        assert_eq!(of(beside(900, Some("station"))), Ok(()));
        assert_eq!(of(beside(900, Some("harbour"))), Err(Refusal::NotOneSite));
        assert_eq!(of(beside(900, None)), Err(Refusal::NotOneSite));
        assert_eq!(of(Locker { region: id("wiesbaden"), ..beside(0, Some("station")) }), Err(Refusal::NotOneSite));
        assert_eq!(of(Locker { id: locker_id(), ..beside(0, None) }), Err(Refusal::NotOneSite));
    }

    #[test]
    fn what_has_begun_is_over_or_is_a_visit_already_is_not_merged() {
        let refused = |joins: WorkOrder, leads: WorkOrder| {
            let merged = merge(scene(joins, beside(0, None), leads), id("tina"), at(60));
            assert!(matches!(merged, Err(Refusal::WrongState { .. })), "{merged:?}");
        };
        let (joins, leads) = (|| called("mz-02", LockJammed, open()), || called("mz-01", LockJammed, open()));
        for status in [WorkOrderStatus::InProgress, WorkOrderStatus::Verified, WorkOrderStatus::Cancelled] {
            refused(WorkOrder { status, ..joins() }, leads());
        }
        refused(WorkOrder { visit: Some(id("mz-03.1")), ..joins() }, leads());
        refused(WorkOrder { visited_with: [id("mz-03.1")].into(), ..joins() }, leads());
        refused(joins(), WorkOrder { visit: Some(id("mz-03.1")), ..leads() });
        refused(joins(), WorkOrder { status: WorkOrderStatus::Verified, ..leads() });
        refused(joins(), WorkOrder { team: None, ..leads() });
        let full = (1..=VISITED_WITH_MAX as u32).map(|number| WorkOrderId { locker: id("mz-09"), number });
        refused(joins(), WorkOrder { visited_with: full.collect(), ..leads() });
    }

    #[test]
    fn a_fault_of_the_same_site_folds_by_itself_for_half_an_hour_unless_it_is_worse() {
        let visit = SiteVisit { region: id("mainz"), site: id("station"), leads: id("mz-01.1"), since: at(0) };
        let late = at(0) + FOLDS_WITHIN + SignedDuration::from_secs(1);
        let other = fresh("mz-02", LockJammed);
        assert!(visit.folds(&other, at(0) + FOLDS_WITHIN) && !visit.folds(&other, late));
        assert!(!visit.folds(&fresh("mz-01", LockJammed), at(60)), "a locker does not join itself");
        let leads = called("mz-01", LockJammed, open());
        assert!(other.folds_into(&leads) && fresh("mz-02", DoorNotClosing).folds_into(&leads));
        assert!(!fresh("mz-02", DoorForced).folds_into(&leads), "it is worse");
        let danger = called("mz-01", DoorForced, open());
        assert!(!fresh("mz-02", DoorForced).folds_into(&danger), "a danger is called for alone");
        assert!(!called("mz-02", LockJammed, open()).folds_into(&leads), "its team was called");
    }

    #[test]
    fn once_the_one_that_leads_is_over_the_others_are_owed_a_call_of_their_own() {
        let mut leads = WorkOrder { visited_with: [id("mz-02.1")].into(), ..called("mz-01", LockJammed, open()) };
        leads.end(WorkOrderStatus::Verified, at(90));
        assert_eq!(leads.impact, [ImpactTask::EndVisit { work_orders: [id("mz-02.1")].into() }]);
        let mut left = WorkOrder { visit: Some(id("mz-01.1")), ..called("mz-02", LockJammed, open()) };
        left.leave_visit(at(100));
        assert_eq!(
            (left.clock(), &left.impact),
            (Some(Clock::new(Wait::ForReaction, at(100))), &vec![ImpactTask::TellTeam])
        );
        let mut begun =
            WorkOrder { visit: Some(id("mz-01.1")), ..called("mz-02", LockJammed, WorkOrderStatus::InProgress) };
        begun.leave_visit(at(100));
        assert_eq!((begun.visit, begun.impact), (None, vec![]), "somebody is there");
    }

    #[test]
    fn a_person_separates_what_was_merged_and_nothing_else() {
        let joined = WorkOrder { visit: Some(id("mz-01.1")), ..called("mz-02", LockJammed, open()) };
        let alone = separate(joined, id("tina"), at(60)).unwrap();
        assert_eq!((alone.answer.visit.clone(), alone.answer.impact.clone()), (None, vec![ImpactTask::TellTeam]));
        assert_eq!(alone.event, Event::VisitLeft { leads: id("mz-01.1"), by: Some(id("tina")) });
        assert_eq!(separate(alone.answer, id("tina"), at(70)), Err(Refusal::wrong_state("open")));
    }

    #[test]
    fn whoever_was_called_is_told_that_nobody_has_to_go_there_and_nobody_else() {
        let of = |work_order: WorkOrder| {
            let mut work_order = work_order;
            work_order.strike_fault(unit(7), LockJammed, at(90));
            work_order.impact
        };
        let team = (id("mainz"), id("mainz-mechanics"));
        let told = ImpactTask::TellEnd { work_order: id("mz-02.1"), team, cancelled: false };
        assert_eq!(of(called("mz-02", LockJammed, open())), [told]);
        assert_eq!(of(fresh("mz-02", LockJammed)), []);
    }
}

//! Where a complaint does not get what was promised, the next ones are told, level by level; where its customer does not
//! answer, it is closed.
//! Called by: `sweeps`, for cases that are due.

use aws::apply::{Applied, Cause, apply, look, settle};
use aws::keys;
use aws::metric::{self, Metric};
use aws::store::{Store, Unavailable};
use domain::calendar::Calendar;
use domain::case::{Case, OVERDUE_LEVELS, OverdueScene, close_unanswered, tell_overdue};
use domain::id::{CaseId, EventId};
use domain::seeded::bug;
use domain::team::Team;
use domain::{Refusal, StateKey, Timestamp};

/// How many teams of a region are considered.
const TEAMS_MAX: usize = 50;

/// How many levels can be due at once: each of the first answer, the update and the solution.
const TOLD_AT_ONCE_MAX: u8 = 3 * OVERDUE_LEVELS;

/// Tells each level that is due for a case, a commit for each, and closes it where its customer is silent.
///
/// # Errors
/// [`Unavailable`]: what is due stays due.
pub async fn deal_with_due<S: Store>(
    store: &S,
    case: &CaseId,
    support: &Calendar,
    now: Timestamp,
) -> Result<(), Unavailable> {
    if bug("nobody_is_told_what_is_overdue") {
        return Ok(());
    }
    let name = [StateKey::Case(case.clone())];
    for _ in 0..TOLD_AT_ONCE_MAX {
        let (mut states, _) = look(store, &name).await?;
        let Some(known) = states.take::<Case>(&name[0]) else { return Ok(()) };
        if let Some(question) = known.awaited() {
            let event = EventId::of_step("unanswered", &question.asked_at.as_millisecond());
            return close_silent(store, &name, event, now).await;
        }
        let Some(overdue) = known.next_overdue().filter(|it| it.told_at <= now) else { return Ok(()) };
        let event = overdue.event();
        let cause = Cause::new(name[0].clone(), event.clone(), now);
        let told = apply(store, &cause, async |view| {
            let case: Case = view.read(&name).await?.take(&name[0]).ok_or(Refusal::UnknownCase)?;
            // It has moved on meanwhile: what is due then, if anything, is an event of its own.
            if case.next_overdue() != Some(overdue) {
                return Err(Refusal::wrong_state(case.status).into());
            }
            let teams: Vec<Team> = match &case.region {
                Some(region) => view.query(&keys::teams(region, TEAMS_MAX)).await?,
                None => Vec::new(),
            };
            Ok(tell_overdue(OverdueScene { case, teams, support: *support }, &event, now)?)
        })
        .await;
        match settle(told)? {
            Some(Applied::Now(somebody)) => {
                metric::count(Metric::CasesOverdue, 1);
                if !somebody {
                    metric::count(Metric::EscalationsUnheard, 1);
                    tracing::error!(case = %case, "case {case} is overdue, and nobody is there to be told");
                }
            }
            Some(Applied::Before(_)) | None => return Ok(()),
        }
    }
    Ok(())
}

/// The customer has had time enough for an answer.
async fn close_silent<S: Store>(
    store: &S,
    name: &[StateKey; 1],
    event: EventId,
    now: Timestamp,
) -> Result<(), Unavailable> {
    if bug("silence_is_waited_out_for_ever") {
        return Ok(());
    }
    let cause = Cause::new(name[0].clone(), event.clone(), now);
    let closed = apply(store, &cause, async |view| {
        let case: Case = view.read(name).await?.take(&name[0]).ok_or(Refusal::UnknownCase)?;
        Ok(close_unanswered(case, &event, now)?)
    })
    .await;
    // Refused where it was answered, or another sweep was quicker.
    settle(closed).map(drop)
}

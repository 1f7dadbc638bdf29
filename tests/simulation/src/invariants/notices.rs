//! Notices: who learns what, how often, and in which order.

use std::collections::BTreeSet;

use aws::ledger::{Entry, Status};
use domain::notice::{Message, Recipient};
use domain::pacing::{DEADLINE_NEAR, Haste, Hours, MESSAGES_AN_HOUR, Reason, TOGETHER_FOR};
use domain::{SignedDuration, State, StateKey, Timestamp};

use super::orders::{is_person, order_of};
use super::{Verdict, broken, holds};
use crate::history::Committed;
use crate::world::{Mail, World};

/// I14: per (person, consequence, channel): delivered at least once or a recorded final failure; what is final stays.
/// What is down as sent was sent, and names its message.
pub fn the_ledger_goes_only_forward(world: &World, commit: &Committed) -> Verdict {
    for change in &commit.notices {
        if let Status::Sent { message_id, .. } = &change.after.status {
            let was = world.messages.borrow().get(message_id).is_some_and(|told| told.contains(&change.key));
            holds(was, || format!("{} is down as sent with the message {message_id:?}", change.after.notice.id))?;
        }
        let Some(before) = &change.before else {
            let pending = change.after.status == Status::Pending && change.after.attempts == 0;
            holds(pending, || format!("{} was entered as {:?}", change.after.notice.id, change.after.status))?;
            continue;
        };
        let is_final = |entry: &Entry| !matches!(entry.status, Status::Pending | Status::Sending { .. });
        holds(!is_final(before), || {
            format!("{} was {:?} and became {:?}", before.notice.id, before.status, change.after.status)
        })?;
        let forward = before.notice == change.after.notice && change.after.attempts >= before.attempts;
        holds(forward, || format!("{} became another notice", before.notice.id))?;
    }
    Ok(())
}

/// I14: delivered at least once or a recorded final failure; at most once plus the sends whose outcome was unknown,
/// which are counted.
pub fn every_notice_was_sent_or_has_failed(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    let published = world.published.borrow();
    for (key, entry) in &history.notices {
        let id = &entry.notice.id;
        let times = published.get(key).copied().unwrap_or_default();
        match &entry.status {
            Status::Pending | Status::Sending { .. } => {
                return broken(format!("{id} of {} is still {:?}", key.pk, entry.status));
            }
            Status::Sent { .. } => {
                holds(times >= 1, || format!("{id} of {} was never sent, and is down as sent", key.pk))?
            }
            _ => {}
        }
        let allowed = match &entry.status {
            Status::Sent { .. } => 1 + entry.unknown_outcomes,
            // The last attempt may have been the one whose outcome is unknown.
            _ => entry.attempts,
        };
        holds(times <= allowed, || {
            format!("{id} of {} was sent {times} times, with {} unknown outcomes", key.pk, entry.unknown_outcomes)
        })?;
    }
    Ok(())
}

/// I15: no notice about something not committed, or to someone unaffected, opted out or erased. That what is sent was
/// committed is seen where it is sent: its text is that of a notice that is being sent.
pub fn a_notice_is_for_whom_it_concerns(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (_, entry) in commit.entered() {
        let notice = &entry.notice;
        if let Some(order) = order_of(&notice.message) {
            let Some(order) = history.order(order) else {
                return broken(format!("{} is about an order that does not exist", notice.id));
            };
            let own = is_person(&notice.recipient, &order.customer);
            holds(own, || format!("{} about an order of {} is to {:?}", notice.id, order.customer, notice.recipient))?;
        }
        if let Message::WorkOrderCalled { work_order, .. } | Message::RepairRejected { work_order, .. } =
            &notice.message
        {
            let called = history.work_order(&work_order.locker).and_then(|it| it.team.clone());
            let own = match (&notice.recipient, called) {
                (Recipient::Team { region, team }, Some(called)) => called == (region.clone(), team.clone()),
                _ => false,
            };
            holds(own, || format!("{} about {work_order} is to {:?}", notice.id, notice.recipient))?;
        }
    }
    Ok(())
}

/// Whether it says where an order is and what can be done: the latest of these counts.
fn says_where(message: &Message) -> bool {
    match message {
        Message::ReadyForPickup { .. }
        | Message::PickupDelayed { .. }
        | Message::RepairTakesLonger { .. }
        | Message::AllClear { .. }
        | Message::PickupExtended { .. }
        | Message::RecoveryStarted { .. }
        | Message::BroughtElsewhere { .. }
        | Message::ParcelMissing { .. }
        | Message::ReservationExpired { .. }
        | Message::PickupExpired { .. }
        | Message::ParcelReturned { .. }
        | Message::PlacedElsewhere { .. }
        | Message::Rerouted { .. }
        | Message::ReroutedHome { .. }
        | Message::ReroutedToShop { .. }
        | Message::ChoosePlace { .. }
        | Message::PlaceKept { .. }
        | Message::PlaceChanged { .. }
        | Message::PlaceConfirmed { .. }
        | Message::FeedbackRequested { .. } => true,
        Message::CaseReceived { .. }
        | Message::CaseAnswered { .. }
        | Message::CaseQuestion { .. }
        | Message::CaseUpdated { .. }
        | Message::CaseUnanswered { .. }
        | Message::CaseReopened { .. }
        | Message::CaseJoined { .. }
        | Message::DriverAsked { .. }
        | Message::DriverCharged { .. }
        | Message::ContestReceived { .. }
        | Message::ContestAnswered { .. }
        | Message::CaseOverdue { .. }
        | Message::WorkOrderCalled { .. }
        | Message::WorkOrderEnded { .. }
        | Message::WorkOrderEscalated { .. }
        | Message::IncidentReported { .. }
        | Message::RepairRejected { .. } => false,
    }
}

/// I16: a superseded notice is never sent after the newer one: of what an order's customer is told about its place,
/// and of what a team is told to repair.
pub fn a_superseded_notice_is_never_sent_after_the_newer_one(world: &World, mail: &Mail) -> Verdict {
    let history = world.history.borrow();
    let published = world.published.borrow();
    let about = |message: &Message| match message {
        Message::WorkOrderCalled { work_order, .. } => Some(work_order.to_string()),
        message if says_where(message) => order_of(message).map(ToString::to_string),
        _ => None,
    };
    let Some(subject) = about(&mail.notice.message) else { return Ok(()) };
    let number = history.entered.get(&mail.key);
    for (key, _) in published.range(mail.key.first_of_partition()..).take_while(|(key, _)| key.pk == mail.key.pk) {
        let Some(other) = history.notices.get(key) else { continue };
        if about(&other.notice.message).as_ref() == Some(&subject) && history.entered.get(key) > number {
            return broken(format!("{} is sent after {}, which is newer", mail.notice.id, other.notice.id));
        }
    }
    Ok(())
}

/// I16: what was not sent because there was something newer, was so for a reason: the newest is never held back.
pub fn the_latest_notice_was_not_held_back(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for order in history.orders() {
        let key = aws::keys::of_state(&StateKey::Order(order.id.clone())).first_of_partition();
        let latest = history
            .notices
            .range(key.clone()..)
            .take_while(|(it, _)| it.pk == key.pk)
            .filter(|(_, entry)| says_where(&entry.notice.message))
            .max_by_key(|(key, _)| history.entered.get(key).copied());
        if let Some((_, entry)) = latest {
            let told = matches!(entry.status, Status::Sent { .. } | Status::Failed { .. });
            holds(told, || format!("{} is the latest about {} and is {:?}", entry.notice.id, order.id, entry.status))?;
        }
    }
    Ok(())
}

/// When the customer a message went to may be written to. Nothing for teams, nor where that was changed while it was sent.
fn hours_of(world: &World, mail: &Mail) -> Option<Hours> {
    let Recipient::Person { person } = &mail.notice.recipient else { return None };
    let name = StateKey::Person(person.clone());
    let known = world.known_since(&name).is_some_and(|since| since < mail.now);
    match world.history.borrow().states.get(&name) {
        Some(State::Person(it)) if known && mail.notice.message.haste() != Haste::Call => Some(it.hours()),
        _ => None,
    }
}

/// Over how long the messages of a morning are spread, at the most.
const MORNING: SignedDuration = SignedDuration::from_mins(15);

/// Whether a message could have waited until then.
fn can_wait(message: &Message, until: Timestamp) -> bool {
    match message.haste() {
        Haste::Call | Haste::AtOnce => false,
        Haste::Until(deadline) => deadline >= until + DEADLINE_NEAR,
        Haste::ByDay => true,
    }
}

/// I15: nobody is woken by what can wait for the morning.
pub fn nobody_is_woken_without_need(world: &World, mail: &Mail) -> Verdict {
    let Some(hours) = hours_of(world, mail) else { return Ok(()) };
    let Some(end) = hours.quiet.end(&hours.zone, mail.now) else { return Ok(()) };
    holds(!can_wait(&mail.notice.message, end + MORNING), || {
        format!("{} is told at {}, where it is quiet until {end}", mail.notice.id, mail.now)
    })
}

/// I15: what cannot wait is not kept for the morning, and calls are not put off at all.
pub fn what_cannot_wait_does_not(_: &World, commit: &Committed) -> Verdict {
    for change in &commit.notices {
        let Entry { notice, held: Some(held), .. } = &change.after else { continue };
        let waits = match notice.message.haste() {
            Haste::Call => false,
            Haste::AtOnce => held.why == Reason::Burst,
            Haste::Until(_) | Haste::ByDay => true,
        };
        holds(waits, || format!("{} waits: {held:?}", notice.id))?;
    }
    Ok(())
}

/// I14: a burst is one message, and an hour has no more of them than anybody reads: no message follows within a
/// minute one that could not wait; unless it says what cannot wait, nor any other, nor ten others within an hour.
pub fn a_burst_is_one_message(world: &World, mail: &Mail) -> Verdict {
    if mail.notice.message.haste() == Haste::Call {
        return Ok(());
    }
    let topic = world.reach(&mail.notice.recipient).unwrap_or_default();
    let received = world.mail.borrow();
    let earlier: Vec<&Mail> =
        received.get(&topic).into_iter().flatten().filter(|it| it.message != mail.message).collect();
    let urgent = |it: &Mail| !can_wait(&it.notice.message, it.now + SignedDuration::from_hours(25));
    let apart = |it: &Mail| mail.now.duration_since(it.now).abs();
    let at_once = |it: &Mail| it.notice.message.haste() == Haste::AtOnce;
    if let Some(other) = earlier.iter().find(|it| at_once(it) && apart(it) < TOGETHER_FOR) {
        return broken(format!("{} follows {} after {:?}", mail.notice.id, other.notice.id, apart(other)));
    }
    if urgent(mail) {
        return Ok(());
    }
    // Those that came with it, before it was asked of this one.
    let with_it = received.get(&topic).into_iter().flatten().filter(|it| it.message == mail.message);
    if with_it.into_iter().any(urgent) {
        return Ok(());
    }
    if let Some(other) = earlier.iter().find(|it| apart(it) < TOGETHER_FOR) {
        return broken(format!("{} follows {} after {:?}", mail.notice.id, other.notice.id, apart(other)));
    }
    let hour = SignedDuration::from_hours(1);
    let an_hour: BTreeSet<&String> = earlier.iter().filter(|it| apart(it) < hour).map(|it| &it.message).collect();
    holds(an_hour.len() < MESSAGES_AN_HOUR, || {
        format!("{} is the message after {} others in one hour", mail.notice.id, an_hour.len())
    })
}

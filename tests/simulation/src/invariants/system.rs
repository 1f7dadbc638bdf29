//! The system: what is accepted is recorded, what is said twice is done once, and what is one's own stays one's own.

use std::collections::BTreeMap;

use domain::State;
use domain::compartment::{Compartment, Occupancy};
use domain::decision::Event;
use domain::fault::{Closure, Unit};
use domain::id::LockerId;
use domain::presence::Presence;
use functions::device;
use serde_json::Value;

use super::places::{compartment_closes, locker_closes};
use super::{Verdict, broken, holds};
use crate::history::Committed;
use crate::invocation::Cause;
use crate::site;
use crate::triggers::{Answer, Message};
use crate::world::World;

/// I6: stale or duplicate messages change nothing: an event is applied once, and what was sent before a repair was
/// proven breaks nothing after it.
pub fn stale_or_duplicate_messages_change_nothing(world: &World, commit: &Committed) -> Verdict {
    let history = world.history.borrow();
    for (key, entry) in &commit.events {
        let times = history.applied.get(key).copied().unwrap_or_default();
        holds(times == 1, || format!("{} of {} was applied {times} times", entry.event_id, key.pk))?;
    }
    // The same message under another name of the queue, or of the same device after a new start, has the same id.
    for (_, after) in commit.compartments() {
        for (code, fault) in &after.faults {
            let stale = after.reopened_at.is_some_and(|at| fault.raised_at <= at);
            holds(!stale, || format!("{}.{} {code} was raised before it was reopened", after.locker, after.number))?;
        }
    }
    for (_, after) in commit.lockers() {
        for (code, fault) in &after.faults {
            let stale = after.reopened_at.is_some_and(|at| fault.raised_at <= at);
            let lost = *code == domain::fault::FaultCode::NetworkLost;
            holds(!stale || lost, || format!("{} {code} was raised before it was reopened", after.id))?;
        }
    }
    Ok(())
}

/// I8: accepted means recorded: a message acknowledged is in the table or in quarantine. What proves nothing any more,
/// and what is said of a connection that a later one has replaced, may go.
pub fn accepted_means_recorded(world: &World, message: &Message) -> Verdict {
    let history = world.history.borrow();
    if history.quarantined.iter().any(|it| it.message_id == message.id && it.body == message.body) {
        return Ok(());
    }
    let missing = || broken(format!("{} was acknowledged and is nowhere: {}", message.id, message.body));
    let Some((thing, payload)) = message.payload() else { return missing() };
    let Ok(said) = serde_json::from_slice::<Value>(&payload) else { return missing() };
    let Ok(locker) = thing.parse::<LockerId>() else { return missing() };
    if message.function == "presence" {
        let known: Option<&Presence> = history.presence(&locker);
        let at = said["timestamp"].as_i64().unwrap_or_default();
        let session = said["sessionIdentifier"].as_str().unwrap_or_default();
        let recorded = known.is_some_and(|it| it.session == session || it.at.as_millisecond() >= at);
        // A session that has come and gone unseen while another was up.
        let gone = said["eventType"] == "disconnected" && known.is_some_and(|it| it.session != session);
        return if recorded || gone || known.is_none() && history.locker(&locker).is_none() {
            Ok(())
        } else {
            missing()
        };
    }
    // What agrees changes nothing; and what does not is seen to by the invariant of its own.
    if said.get("state").is_some() || said["event"]["type"] == "occupancy_reported" {
        return Ok(());
    }
    if message.function == "heartbeat_intake" {
        // One that says what another one has said need not be kept, and neither need a copy, nor one that a later one
        // replaces, which may be under way.
        let Some(ms) = message.received_ms() else { return missing() };
        let at = domain::Timestamp::from_millisecond(ms).unwrap_or_default();
        let known = history.heartbeat(&locker);
        let kept = known.is_some_and(|it| it.received_at + domain::heartbeat::KEPT_FOR > at);
        let copy = known.is_some_and(|it| {
            let id = said["message_id"].as_str().and_then(|id| id.parse().ok());
            id.is_some_and(|id| device::event_of(&id) == it.event)
        });
        let last = world.devices.borrow().get(&locker).and_then(|it| it.heartbeat_at).map(|last| world.at(last));
        let replaced = last.is_some_and(|last| last > at);
        return if kept || copy || replaced { Ok(()) } else { missing() };
    }
    let Some(id) = said["message_id"].as_str() else { return missing() };
    let Ok(message_id) = id.parse() else { return missing() };
    let order = said["event"]["order_id"].as_str();
    let pk = match order {
        Some(order) => format!("ORDER#{order}"),
        None => format!("LOCKER#{locker}"),
    };
    let sk = format!("EVENT#{}", device::event_of(&message_id));
    if history.applied.iter().any(|(key, _)| key.pk == pk && key.sk == sk) {
        return Ok(());
    }
    if said["event"]["type"] == "recovery_tried" {
        let awaited = history.work_order(&locker).is_some_and(|it| {
            it.id.to_string() == said["event"]["work_order_id"].as_str().unwrap_or_default()
                && it.asked_from_afar().any(|asked| {
                    said["event"]["code"] == asked.code.as_str() && said["event"]["attempt"] == asked.attempt
                })
        });
        return if awaited { missing() } else { Ok(()) };
    }
    if said["event"]["type"] == "test_opening" {
        let now = history.work_order(&locker);
        let wanted = now.is_some_and(|it| {
            it.is_being_proven()
                && it.id.to_string() == said["event"]["work_order_id"].as_str().unwrap_or_default()
                && u64::from(it.repairs_reported) == said["event"]["attempt"].as_u64().unwrap_or_default()
                && it.units.keys().any(|unit| unit.to_string() == said["event"]["unit"].as_str().unwrap_or_default())
        });
        // One that nobody had asked for when it came may be wanted by now.
        let lies = id.starts_with("lie-");
        return if wanted && !lies { missing() } else { Ok(()) };
    }
    missing()
}

/// I24: locker A never affects locker B: what a device says changes its own locker, the orders that are there, and
/// nothing else.
pub fn what_a_locker_says_changes_only_what_is_its_own(world: &World, commit: &Committed) -> Verdict {
    let Cause::Messages = commit.cause else { return owners_change_their_own(world, commit) };
    let Some((subject, entry)) = commit.events.first() else {
        // A heartbeat has no history: what it changes without one is itself alone.
        let heard = commit.function != "heartbeat_intake"
            || matches!(&commit.changes[..], [] | [crate::history::Change { after: State::Heartbeat(_), .. }]);
        return holds(heard, || format!("a heartbeat changed {:?}", commit.changes));
    };
    let own: Option<LockerId> = match commit.function {
        "presence" => subject.pk.strip_prefix("LOCKER#").and_then(|id| id.parse().ok()),
        _ => entry.actor.as_ref().and_then(|actor| actor.parse().ok()),
    };
    let Some(own) = own else { return broken("a device changed something, and nobody knows which") };
    let collected = matches!(entry.event, Event::ParcelCollected { .. });
    for change in &commit.changes {
        // What was reserved elsewhere for a parcel that was to be fetched, and was collected.
        let released = |it: &Compartment| it.occupancy == Occupancy::Free && collected;
        let concerned = match &change.after {
            State::Locker(it) => it.id == own,
            State::Compartment(it) => it.locker == own || released(it),
            State::Presence(Presence { locker, .. }) => *locker == own,
            State::FaultRecord(it) => it.locker == own,
            State::Heartbeat(it) => it.locker == own,
            State::Door(it) => it.locker == own,
            State::WorkOrder(it) | State::ArchivedWorkOrder(it) => it.id.locker == own,
            State::Order(it) => it.compartment().is_some_and(|(locker, _)| *locker == own),
            State::Delivery(_) => commit.function == "parcel_events",
            _ => false,
        };
        holds(concerned, || format!("{own} changed {:?}", change.after.key()))?;
    }
    Ok(())
}

/// Customers change what is theirs.
fn owners_change_their_own(_: &World, commit: &Committed) -> Verdict {
    let Cause::Request(asked) = &commit.cause else { return Ok(()) };
    let Some(person) = asked.person.as_ref().filter(|_| asked.route.contains("/my/")) else { return Ok(()) };
    for (_, order) in commit.orders() {
        holds(order.customer.as_str() == person, || format!("{person} changed an order of {}", order.customer))?;
    }
    for (_, feedback) in commit.feedbacks() {
        holds(feedback.customer.as_str() == person, || format!("{person} gave feedback for {}", feedback.customer))?;
    }
    Ok(())
}

/// I24: customer A never sees customer B's data.
pub fn nobody_sees_what_is_anothers(world: &World, answer: &Answer) -> Verdict {
    if !answer.asked.route.contains("/my/") || !answer.is_ok() {
        return Ok(());
    }
    let order = &answer.body["order"];
    if order.is_null() {
        return Ok(());
    }
    let id = order.as_str().or_else(|| order["id"].as_str()).unwrap_or_default();
    let history = world.history.borrow();
    let owner = id.parse().ok().and_then(|id| history.order(&id)).map(|it| it.customer.to_string());
    holds(owner == answer.asked.person, || format!("{:?} was shown an order of {owner:?}", answer.asked.person))
}

/// What anybody may know of a locker.
const PUBLIC: [&str; 9] =
    ["as_of", "expected_back_at", "free", "locker_id", "name", "position", "sentence", "since", "status"];

/// I24: anybody learns what is public of a locker alone, and of no room where there is none to be had.
pub fn anybody_learns_what_is_public_alone(_: &World, answer: &Answer) -> Verdict {
    if !answer.asked.route.contains("/public/") || !answer.is_ok() {
        return Ok(());
    }
    let fields = answer.body.as_object().into_iter().flatten();
    let more: Vec<&String> = fields.map(|(name, _)| name).filter(|name| !PUBLIC.contains(&name.as_str())).collect();
    holds(more.is_empty(), || format!("anybody is shown {more:?}"))?;
    let free = answer.body["free"].as_object().is_some_and(|free| !free.is_empty());
    let open = answer.body["status"] == "open";
    holds(open || !free, || format!("there is room where nothing can be booked: {}", answer.body))?;
    holds(open != answer.body["sentence"].is_object(), || format!("nobody is told why: {}", answer.body))
}

/// I24: a locker is told of itself alone, and what it was told last is what is so.
pub fn devices_are_told_what_is_so(world: &World, (): &()) -> Verdict {
    let history = world.history.borrow();
    for (locker, device) in world.devices.borrow().iter() {
        let Some(own) = history.locker(locker) else { continue };
        let mut truth: BTreeMap<Unit, Closure> = BTreeMap::from([(Unit::Locker, locker_closes(own))]);
        for compartment in history.compartments_of(locker) {
            truth.insert(Unit::Compartment(compartment.number), compartment_closes(compartment));
        }
        for (unit, closure) in truth {
            let told = device.shadow.closed.get(&unit).copied().unwrap_or(Closure::Nothing);
            holds(told == closure, || format!("{locker} {unit} is closed to {closure:?}, and was told {told:?}"))?;
        }
        let work_order = history.work_order(locker);
        for (unit, asked) in &device.shadow.test_openings {
            let wanted = work_order
                .filter(|it| it.is_being_proven() && it.units.contains_key(unit))
                .map(|it| (it.id.clone(), it.repairs_reported));
            let told = asked.as_ref().map(|it| (it.work_order_id.clone(), it.attempt));
            holds(told == wanted, || format!("{locker} {unit} is to be tried for {wanted:?}, and was told {told:?}"))?;
        }
        if let Some(repaired) = work_order.filter(|it| it.is_being_proven()) {
            let all = repaired.units.keys().all(|unit| device.shadow.test_openings.contains_key(unit));
            holds(all, || format!("{locker} was not told to try every unit of {}", repaired.id))?;
        }
        let serves = own.service.lifecycle.closes() == Closure::Nothing;
        let asked: BTreeMap<_, _> = work_order
            .filter(|_| serves)
            .into_iter()
            .flat_map(|it| it.asked_from_afar().map(|asked| (asked.code, (it.id.clone(), asked.attempt))))
            .collect();
        let told = device.shadow.remote_recoveries.iter();
        let told: BTreeMap<_, _> = told
            .filter_map(|(code, it)| it.as_ref().map(|it| (*code, (it.work_order_id.clone(), it.attempt))))
            .collect();
        holds(told == asked, || format!("{locker} is to try {asked:?} from afar, and was told {told:?}"))?;
    }
    Ok(())
}

/// I25: no personal data in logs, subjects, topics or dead letters.
pub fn no_personal_data_but_in_the_people_table(world: &World, (): &()) -> Verdict {
    for (key, item) in world.kept() {
        if key.table == aws::keys::Table::People {
            continue;
        }
        let text = format!("{item:?}");
        holds(!is_personal(&text), || format!("{key:?} has contact data: {text}"))?;
    }
    for message in world.triggers.dead_letters.borrow().iter() {
        holds(!is_personal(&message.body), || format!("the dead letter {} has contact data", message.id))?;
    }
    for (topic, mail) in world.mail.borrow().iter() {
        let subject = mail.iter().find(|mail| is_personal(&mail.text.subject));
        holds(!is_personal(topic) && subject.is_none(), || {
            format!("{topic} has contact data in its name or a subject")
        })?;
    }
    holds(!crate::logs::had_personal_data(), || "a line of the log has contact data".to_owned())
}

/// Whether a text has an address or a token of somebody of this world in it.
pub fn is_personal(text: &str) -> bool {
    text.contains(site::EMAIL_HOST) || text.contains(site::PUSH_TOKEN)
}

/// I27: no transaction above 100 actions or 4 MB, no item above 400 KB.
pub fn no_commit_is_too_large(_: &World, commit: &Committed) -> Verdict {
    let (all, largest) = (commit.sizes.iter().sum::<usize>(), commit.sizes.iter().max().copied().unwrap_or_default());
    let small = commit.actions <= 100 && all <= 4_000_000 && largest <= 400_000;
    holds(small, || format!("{} commits {} actions of {all} bytes", commit.function, commit.actions))
}

//! Notices reach people: from the ledger to SNS, each once, and none after a newer one about the same thing. What a
//! customer is told within a moment is one message, and what can wait waits for the morning.
//! Trigger: the streams of the network, orders and cases tables, new notices. Sample: events/notification-fan-out.

use std::collections::{BTreeMap, BTreeSet};

use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::environment::{Environment, InvalidEnvironment};
use aws::items;
use aws::keys::{self, Key, NOTICE_TABLES};
use aws::ledger::{self, Entry, Found, Status};
use aws::link::LinkSigner;
use aws::metric::{self, Metric};
use aws::publisher::{PublishError, Publisher};
use aws::store::dynamodb::Tables;
use aws::store::{CommitError, Item, Store, Unavailable, Write};
use domain::id::PersonId;
use domain::notice::{LinkPurpose, Message, Notice, Recipient};
use domain::order::Order;
use domain::pacing::{Correspondence, Haste, Hours, NOTICES_PER_MESSAGE_MAX, Pacing};
use domain::person::{Language, Person};
use domain::seeded::bug;
use domain::{SignedDuration, State, StateKey, Timestamp};
use futures_util::future::{try_join, try_join_all};
use messages::Text;

/// What sending a notice takes besides the store.
pub struct Sender<P> {
    pub publisher: P,
    pub signer: LinkSigner,
    /// Where links lead, without a slash at the end.
    pub public_url: String,
    pub pacing: Pacing,
}

/// How much customers are written to, as the operator has it.
///
/// # Errors
/// [`InvalidEnvironment`]: the function must not start.
pub fn pacing(environment: &Environment) -> Result<Pacing, InvalidEnvironment> {
    let together_for = SignedDuration::from_secs(environment.require_number("NOTICES_TOGETHER_SECONDS")?);
    Ok(Pacing { together_for, messages_an_hour: environment.require_parsed("MESSAGES_AN_HOUR")? })
}

/// How often notices are claimed while others claim the same ones, or write to the same customer.
const CLAIMS_MAX: u32 = 8;

/// How many of a customer's waiting notices are looked at: more than one message tells, since some of them have to wait
/// for the morning.
const WAITING_LOOKED_AT: usize = 4 * NOTICES_PER_MESSAGE_MAX;

/// Sends the new notices of a batch.
///
/// # Errors
/// [`StreamFailure`]: the batch has to come again. What was sent is not sent again.
pub async fn handle<S: Store, P: Publisher>(
    store: &S,
    sender: &Sender<P>,
    tables: &Tables,
    batch: StreamBatch,
    now: Timestamp,
) -> Result<(), StreamFailure> {
    each_change(batch, tables, async |key| if key.is_notice() { sender.send(store, &key, now).await } else { Ok(()) })
        .await
}

impl<P: Publisher> Sender<P> {
    /// Sends one notice, and with it whatever else waits for the same customer, unless it is finished, has to wait, or
    /// somebody else is sending it just now. Where nobody knows whether it was sent, it stays in the ledger as being
    /// sent, and is due again.
    ///
    /// # Errors
    /// [`Unavailable`]: the ledger could not be read or written.
    pub async fn send<S: Store>(&self, store: &S, key: &Key, now: Timestamp) -> Result<(), Unavailable> {
        let mut passed_over = BTreeSet::new();
        for attempt in 1..=CLAIMS_MAX {
            let Some(item) = store.read(std::slice::from_ref(key)).await?.pop().flatten() else {
                metric::count(Metric::EventsIgnored, 1);
                return Ok(());
            };
            let found = Found { key: key.clone(), entry: ledger::read(key, item).map_err(unreadable)? };
            let entry = &found.entry.state;
            if !entry.is_free(now) || entry.held_until(now).is_some() {
                return Ok(());
            }
            let Some(due) = self.gather(store, found, &passed_over, now).await? else { return Ok(()) };
            if bug("notice_is_sent_without_a_claim") {
                return self.deliver(store, due.notices, now).await;
            }
            let (mut writes, claimed) = ledger::claim(&due.notices, now);
            if bug("digest_claims_its_first_alone") {
                writes.truncate(1);
            }
            writes.extend(due.correspondence);
            match store.commit(writes).await {
                Ok(()) => return self.deliver(store, claimed, now).await,
                Err(CommitError::Unavailable(unavailable)) => return Err(unavailable),
                // What was found in the index was known late, or somebody else writes to this customer just now.
                Err(CommitError::Changed(at)) => {
                    let others = at.into_iter().filter(|at| *at > 0).filter_map(|at| claimed.get(at));
                    passed_over.extend(others.map(|it| it.key.clone()));
                }
                Err(CommitError::Contended) => {}
            }
            store.back_off(attempt).await;
        }
        Err(Unavailable(format!("others were writing what {key:?} rests on, {CLAIMS_MAX} times")))
    }

    /// What is told with a notice that is due, first what cannot wait. Nothing where it was written down that it waits,
    /// or that it is too late for it.
    async fn gather<S: Store>(
        &self,
        store: &S,
        first: Found,
        passed_over: &BTreeSet<Key>,
        now: Timestamp,
    ) -> Result<Option<Due>, Unavailable> {
        let customer = match &first.notice().recipient {
            Recipient::Person { person } if first.notice().message.haste() != Haste::Call => person.clone(),
            Recipient::Person { .. } | Recipient::Team { .. } => {
                return Ok(Some(Due { notices: vec![first], correspondence: None }));
            }
        };
        let waiting = find_waiting(store, &customer, self.pacing != Pacing::NONE);
        let (known, waiting) = try_join(look_up(store, &customer, first.notice()), waiting).await?;
        if known.superseded && !bug("superseded_notice_is_sent") {
            metric::count(Metric::NoticesSuperseded, 1);
            return ledger::decide(store, &first, Status::Superseded { at: now }, None, now).await.map(|()| None);
        }
        let lately = known.correspondence.unwrap_or_else(|| Correspondence::new(customer));
        let haste = |message: &Message| message.haste();
        if let Some(held) = self.pacing.hold(haste(&first.notice().message), &lately, &known.hours, now) {
            metric::count(Metric::NoticesHeld, 1);
            return ledger::decide(store, &first, Status::Pending, Some(held), now).await.map(|()| None);
        }
        let goes_along = |it: &Found| {
            it.key != first.key
                && !passed_over.contains(&it.key)
                && it.entry.state.is_free(now)
                && self.pacing.goes_along(haste(&it.notice().message), &lately, &known.hours, now)
        };
        let mut others: Vec<Found> = waiting.into_iter().filter(goes_along).collect();
        let is_urgent = |it: &Found| self.pacing.is_urgent(haste(&it.notice().message), &lately, &known.hours, now);
        others.sort_by_key(|it| (!is_urgent(it), it.notice().created_at));
        others.truncate(NOTICES_PER_MESSAGE_MAX - 1);
        let notices: Vec<Found> = std::iter::once(first).chain(others).collect();
        let could_wait = !notices.iter().any(is_urgent);
        let state = State::from(lately.write(could_wait, now));
        let key = keys::of_state(&state.key());
        let correspondence = match known.version {
            Some(version) => Write::Replace { item: items::of_state(&state, version + 1), key, version },
            None => Write::Create { item: items::of_state(&state, 1), key },
        };
        Ok(Some(Due { notices, correspondence: Some(correspondence) }))
    }

    /// Sends claimed notices to their one recipient as one message, and writes down what became of each.
    async fn deliver<S: Store>(&self, store: &S, claimed: Vec<Found>, now: Timestamp) -> Result<(), Unavailable> {
        let outcome = match self.publish(store, claimed, now).await {
            Ok(outcome) => outcome,
            Err(unavailable) => {
                report_unknown(&unavailable, 1);
                return Ok(());
            }
        };
        for (_, status) in &outcome {
            match status {
                Status::Sent { .. } => metric::count(Metric::NoticesSent, 1),
                Status::Superseded { .. } => metric::count(Metric::NoticesSuperseded, 1),
                Status::Failed { .. } => metric::count(Metric::NoticesFailed, 1),
                Status::Pending | Status::Sending { .. } => {}
            }
        }
        ledger::settle(store, outcome, now).await
    }

    /// Publishes what is still to be said, and says what became of each notice; nothing of those of which nobody knows.
    async fn publish<S: Store>(
        &self,
        store: &S,
        claimed: Vec<Found>,
        now: Timestamp,
    ) -> Result<Vec<(Found, Status)>, Unavailable> {
        let around = look_around(store, &claimed).await?;
        let own: BTreeSet<Key> = claimed.iter().map(|it| it.key.clone()).collect();
        let first = claimed.first().map(|it| it.key.clone());
        let mut outcome: Vec<(Found, Status)> = Vec::new();
        let mut told: Vec<(Found, Text)> = Vec::new();
        for it in claimed {
            let about = around.about(it.notice())?;
            let superseded = about.as_ref().is_some_and(|about| it.notice().is_superseded(about));
            if superseded && !bug("superseded_notice_is_sent") {
                outcome.push((it, Status::Superseded { at: now }));
                continue;
            }
            let waits = !bug("newer_notice_does_not_wait");
            if waits && an_earlier_one_is_on_its_way(store, &it, &around, &own, now).await? {
                // It must not arrive after this one. When this is due again, it has been sent, or never will be.
                outcome.push((it, Status::Pending));
                continue;
            }
            let Some((_, language)) = &around.recipient else {
                outcome.push((it, failed("nobody is reached under this name", now)));
                continue;
            };
            let order = about.and_then(|about| Order::try_from(about).ok());
            match self.write(&it.notice().message, order.as_ref(), *language, now) {
                Ok(text) => told.push((it, text)),
                Err(error) => outcome.push((it, failed(&error.to_string(), now))),
            }
        }
        let Some((topic_arn, language)) = &around.recipient else { return Ok(outcome) };
        if told.first().map(|(it, _)| &it.key) != first.as_ref() && !bug("rest_goes_without_its_first") {
            // What goes along would not be sent now by itself: it waits for its own time.
            outcome.extend(told.into_iter().map(|(it, _)| (it, Status::Pending)));
            return Ok(outcome);
        }
        let (told, texts): (Vec<Found>, Vec<Text>) = told.into_iter().unzip();
        let message = match messages::send_as_one(&texts, *language) {
            Ok(message) => message,
            Err(error) => {
                outcome.extend(told.into_iter().map(|it| (it, failed(&error.to_string(), now))));
                return Ok(outcome);
            }
        };
        match self.publisher.publish(topic_arn, &message).await {
            Ok(message_id) => {
                let sent = |it| (it, Status::Sent { at: now, message_id: message_id.clone() });
                outcome.extend(told.into_iter().map(sent));
            }
            Err(PublishError::Final(why)) => outcome.extend(told.into_iter().map(|it| (it, failed(&why, now)))),
            Err(PublishError::Unavailable(_)) if bug("unknown_outcome_is_sent") => {
                let sent = |it| (it, Status::Sent { at: now, message_id: String::new() });
                outcome.extend(told.into_iter().map(sent));
            }
            Err(PublishError::Unavailable(unavailable)) => {
                let (given_up, due_again): (Vec<Found>, Vec<Found>) =
                    told.into_iter().partition(|it| it.entry.state.attempts >= ledger::ATTEMPTS_MAX);
                outcome.extend(given_up.into_iter().map(|it| (it, failed("tried as often as it is worth", now))));
                report_unknown(&unavailable, due_again.len());
            }
        }
        Ok(outcome)
    }

    fn write(
        &self,
        message: &Message,
        order: Option<&Order>,
        language: Language,
        now: Timestamp,
    ) -> Result<Text, messages::RenderError> {
        let link = message.link().map(|purpose| self.link(&purpose, now));
        let code = order.filter(|_| message.tells_the_code()).and_then(|it| self.signer.access_code(it));
        messages::write(message, language, link.as_deref(), code.as_deref())
    }

    fn link(&self, purpose: &LinkPurpose, now: Timestamp) -> String {
        format!("{}/{}/{}", self.public_url, path_of(purpose), self.signer.sign(purpose, now))
    }
}

/// Where a link for this purpose leads, below the public address.
pub fn path_of(purpose: &LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::ChoosePlace { .. } => "choices",
        LinkPurpose::GiveFeedback { .. } => "feedback",
    }
}

fn failed(why: &str, now: Timestamp) -> Status {
    Status::Failed { at: now, why: why.to_owned() }
}

fn report_unknown(unavailable: &Unavailable, notices: usize) {
    metric::count(Metric::NoticesUnknown, notices as u64);
    if notices > 0 {
        tracing::warn!(error = %unavailable, notices, "{notices} notices may not have been sent: {unavailable}");
    }
}

/// What is to be told to one recipient with one message, the notice that is due first, and that there was a message.
struct Due {
    notices: Vec<Found>,
    correspondence: Option<Write>,
}

/// What decides whether a customer is written to now.
struct Known {
    hours: Hours,
    correspondence: Option<Correspondence>,
    /// Of the correspondence, where there was any.
    version: Option<u64>,
    superseded: bool,
}

async fn look_up<S: Store>(store: &S, customer: &PersonId, notice: &Notice) -> Result<Known, Unavailable> {
    let mut names = vec![StateKey::Person(customer.clone()), StateKey::Correspondence(customer.clone())];
    names.extend(notice.message.says_latest_of());
    let asked: Vec<Key> = names.iter().map(keys::of_state).collect();
    let found = store.read(&asked).await?;
    let (mut hours, mut correspondence, mut version, mut superseded) = (Hours::default(), None, None, false);
    for (name, item) in names.iter().zip(found) {
        let Some(item) = item else { continue };
        let known = items::read_state(name, item).map_err(unreadable)?;
        match known.state {
            State::Person(person) => hours = person.hours(),
            State::Correspondence(it) => (correspondence, version) = (Some(it), Some(known.version)),
            about => superseded = notice.is_superseded(&about),
        }
    }
    Ok(Known { hours, correspondence, version, superseded })
}

/// What waits for a customer, as far as the index knows.
async fn find_waiting<S: Store>(store: &S, customer: &PersonId, any: bool) -> Result<Vec<Found>, Unavailable> {
    let find = async |table| {
        let page = store.query(&keys::waiting(table, customer, WAITING_LOOKED_AT)).await?;
        page.items
            .into_iter()
            .map(|item| {
                let key =
                    items::key_of(table, &item).ok_or_else(|| Unavailable("a notice without a key".to_owned()))?;
                Ok(Found { entry: ledger::read(&key, item).map_err(unreadable)?, key })
            })
            .collect::<Result<Vec<Found>, Unavailable>>()
    };
    let tables = NOTICE_TABLES.into_iter().filter(|_| any);
    Ok(try_join_all(tables.map(find)).await?.into_iter().flatten().collect())
}

/// What notices are sent into, all read at one moment after they were claimed: of two about the same thing, either the
/// older one sees here that there is a newer one, or the newer one sees that the older one is on its way.
struct Surroundings {
    /// The topic the recipient is reached through, and in which language.
    recipient: Option<(String, Language)>,
    /// What the notices are about, and what was said before about the same things.
    found: BTreeMap<Key, Item>,
}

impl Surroundings {
    fn about(&self, notice: &Notice) -> Result<Option<State>, Unavailable> {
        let Some(name) = notice.message.says_latest_of() else { return Ok(None) };
        self.state(&name)
    }

    fn state(&self, name: &StateKey) -> Result<Option<State>, Unavailable> {
        let item = self.found.get(&keys::of_state(name)).cloned();
        item.map(|item| items::read_state(name, item).map(|it| it.state)).transpose().map_err(unreadable)
    }
}

async fn look_around<S: Store>(store: &S, claimed: &[Found]) -> Result<Surroundings, Unavailable> {
    let recipient = claimed.first().map(|it| match &it.notice().recipient {
        Recipient::Person { person } => StateKey::Person(person.clone()),
        Recipient::Team { region, team } => StateKey::Team(region.clone(), team.clone()),
    });
    let abouts = claimed.iter().filter_map(|it| it.notice().message.says_latest_of());
    let mut asked: BTreeSet<Key> = recipient.iter().cloned().chain(abouts).map(|name| keys::of_state(&name)).collect();
    asked.extend(claimed.iter().filter_map(|it| Some(it.key.notice(it.notice().supersedes.as_ref()?))));
    let asked: Vec<Key> = asked.into_iter().collect();
    let found = store.read(&asked).await?;
    let found = asked.into_iter().zip(found).filter_map(|(key, item)| Some((key, item?))).collect();
    let mut around = Surroundings { recipient: None, found };
    around.recipient = match recipient.map(|name| around.state(&name)).transpose()?.flatten() {
        Some(State::Person(Person { topic_arn, language, .. })) => Some((topic_arn, language)),
        Some(State::Team(it)) => Some((it.topic_arn, it.language)),
        _ => None,
    };
    Ok(around)
}

/// How far back it is looked for what is on its way: an order that moved more often has long been in a person's hands.
const EARLIER_MAX: usize = 20;

/// Whether anything that was said before about the same thing may be on its way: the one before, or one before that
/// where those in between were never sent. Not what was claimed with it, which is not sent any more.
async fn an_earlier_one_is_on_its_way<S: Store>(
    store: &S,
    claimed: &Found,
    around: &Surroundings,
    own: &BTreeSet<Key>,
    now: Timestamp,
) -> Result<bool, Unavailable> {
    let mut earlier = claimed.notice().supersedes.clone();
    for nth in 0..EARLIER_MAX {
        let Some(key) = earlier.map(|id| claimed.key.notice(&id)) else { return Ok(false) };
        let item = match nth {
            0 => around.found.get(&key).cloned(),
            _ => store.read(std::slice::from_ref(&key)).await?.pop().flatten(),
        };
        let Some(item) = item else { return Ok(false) };
        let entry: Entry = ledger::read(&key, item).map_err(unreadable)?.state;
        match entry.status {
            Status::Sending { .. } if entry.is_on_its_way(now) && !own.contains(&key) => return Ok(true),
            // When that was done, nothing before it was on its way.
            Status::Sent { .. } | Status::Failed { .. } => return Ok(false),
            Status::Pending | Status::Sending { .. } | Status::Superseded { .. } => {}
        }
        earlier = entry.notice.supersedes;
    }
    Ok(false)
}

fn unreadable(error: items::Unreadable) -> Unavailable {
    Unavailable(error.to_string())
}

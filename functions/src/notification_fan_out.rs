//! Notices reach people: from the ledger to SNS, each once, and none after a newer one about the same thing.
//! Trigger: the streams of the network, orders and cases tables, new notices. Sample: events/notification-fan-out.

use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::items::{self, Versioned};
use aws::keys::{self, Key};
use aws::ledger::{self, Entry, Status};
use aws::link::LinkSigner;
use aws::metric::{self, Metric};
use aws::publisher::{PublishError, Publisher};
use aws::store::dynamodb::Tables;
use aws::store::{Store, Unavailable};
use domain::notice::{LinkPurpose, Notice, Recipient};
use domain::order::Order;
use domain::person::Language;
use domain::seeded::bug;
use domain::{State, StateKey, Timestamp};

/// What sending a notice takes besides the store.
pub struct Sender<P> {
    pub publisher: P,
    pub signer: LinkSigner,
    /// Where links lead, without a slash at the end.
    pub public_url: String,
}

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
    /// Sends one notice, unless it is finished or somebody else is sending it just now. Where nobody knows whether
    /// it was sent, it stays in the ledger as being sent, and is due again.
    ///
    /// # Errors
    /// [`Unavailable`]: the ledger could not be read or written.
    pub async fn send<S: Store>(&self, store: &S, key: &Key, now: Timestamp) -> Result<(), Unavailable> {
        let found = store.read(std::slice::from_ref(key)).await?.pop().flatten();
        let Some(item) = found else {
            metric::count(Metric::EventsIgnored, 1);
            return Ok(());
        };
        let entry = ledger::read(key, item).map_err(unreadable)?;
        let claimed = match entry {
            entry if bug("notice_is_sent_without_a_claim") => entry,
            entry => {
                let Some(claimed) = ledger::claim(store, key, entry, now).await? else { return Ok(()) };
                claimed
            }
        };
        let status = match self.publish(store, key, &claimed, now).await {
            Ok(status) => status,
            Err(_) if bug("unknown_outcome_is_sent") => Status::Sent { at: now, message_id: String::new() },
            Err(unavailable) => {
                metric::count(Metric::NoticesUnknown, 1);
                tracing::warn!(error = %unavailable, "a notice may not have been sent: {unavailable}");
                return Ok(());
            }
        };
        match status {
            Status::Sent { .. } => metric::count(Metric::NoticesSent, 1),
            Status::Superseded { .. } => metric::count(Metric::NoticesSuperseded, 1),
            Status::Failed { .. } => metric::count(Metric::NoticesFailed, 1),
            Status::Pending | Status::Sending { .. } => {}
        }
        ledger::settle(store, key, claimed, status, now).await
    }

    async fn publish<S: Store>(
        &self,
        store: &S,
        key: &Key,
        claimed: &Versioned<Entry>,
        now: Timestamp,
    ) -> Result<Status, Unavailable> {
        let notice = &claimed.state.notice;
        let failed = |why: &str| Ok(Status::Failed { at: now, why: why.to_owned() });
        let Surroundings { recipient, superseded, before, order } = look_around(store, key, notice).await?;
        if superseded && !bug("superseded_notice_is_sent") {
            return Ok(Status::Superseded { at: now });
        }
        if an_earlier_one_is_on_its_way(store, key, before, now).await? && !bug("newer_notice_does_not_wait") {
            // It must not arrive after this one. When this is due again, it has been sent, or never will be.
            return Ok(Status::Pending);
        }
        let Some((topic_arn, language)) = recipient else {
            return failed("nobody is reached under this name");
        };
        let link = notice.message.link().map(|purpose| self.link(&purpose, now));
        let code = order.filter(|_| notice.message.tells_the_code()).and_then(|it| self.signer.access_code(&it));
        let text = match messages::render(&notice.message, language, link.as_deref(), code.as_deref()) {
            Ok(text) => text,
            Err(error) => return failed(&error.to_string()),
        };
        match self.publisher.publish(&topic_arn, &text).await {
            Ok(message_id) => Ok(Status::Sent { at: now, message_id }),
            Err(PublishError::Final(why)) => failed(&why),
            Err(PublishError::Unavailable(_)) if claimed.state.attempts >= ledger::ATTEMPTS_MAX => {
                failed("tried as often as it is worth")
            }
            Err(PublishError::Unavailable(unavailable)) => Err(unavailable),
        }
    }

    fn link(&self, purpose: &LinkPurpose, now: Timestamp) -> String {
        let path = match purpose {
            LinkPurpose::ChoosePlace { .. } => "choices",
            LinkPurpose::GiveFeedback { .. } => "feedback",
        };
        format!("{}/{path}/{}", self.public_url, self.signer.sign(purpose, now))
    }
}

/// What a notice is sent into, all read at one moment after it was claimed: of two about the same thing, either the
/// older one sees here that there is a newer one, or the newer one sees that the older one is on its way.
struct Surroundings {
    /// The topic the recipient is reached through, and in which language.
    recipient: Option<(String, Language)>,
    /// Whether something newer has been said about the same thing.
    superseded: bool,
    /// What was said before about the same thing.
    before: Option<Entry>,
    /// The order it is about, as it is now.
    order: Option<Order>,
}

async fn look_around<S: Store>(store: &S, key: &Key, notice: &Notice) -> Result<Surroundings, Unavailable> {
    let recipient = match &notice.recipient {
        Recipient::Person { person } => StateKey::Person(person.clone()),
        Recipient::Team { region, team } => StateKey::Team(region.clone(), team.clone()),
    };
    let subject = notice.message.says_latest_of();
    let before = notice.supersedes.as_ref().map(|id| key.notice(id));
    let mut asked = vec![keys::of_state(&recipient)];
    asked.extend(subject.as_ref().map(keys::of_state));
    asked.extend(before.clone());
    let mut found = store.read(&asked).await?.into_iter();
    let mut state_of = |name: &StateKey| {
        let item = found.next().flatten();
        item.map(|item| items::read_state(name, item).map(|it| it.state)).transpose().map_err(unreadable)
    };
    let recipient = match state_of(&recipient)? {
        Some(State::Person(it)) => Some((it.topic_arn, it.language)),
        Some(State::Team(it)) => Some((it.topic_arn, it.language)),
        _ => None,
    };
    let about = subject.as_ref().map(&mut state_of).transpose()?.flatten();
    let superseded = about.as_ref().is_some_and(|about| notice.is_superseded(about));
    let order = about.and_then(|about| Order::try_from(about).ok());
    let before = match (before, found.next().flatten()) {
        (Some(key), Some(item)) => Some(ledger::read(&key, item).map_err(unreadable)?.state),
        _ => None,
    };
    Ok(Surroundings { recipient, superseded, before, order })
}

/// How far back it is looked for what is on its way: an order that moved more often has long been in a person's hands.
const EARLIER_MAX: usize = 20;

/// Whether anything that was said before about the same thing may be on its way: the one before, or one before that
/// where those in between were never sent.
async fn an_earlier_one_is_on_its_way<S: Store>(
    store: &S,
    key: &Key,
    before: Option<Entry>,
    now: Timestamp,
) -> Result<bool, Unavailable> {
    let mut earlier = before;
    for _ in 0..EARLIER_MAX {
        let Some(entry) = earlier else { return Ok(false) };
        match entry.status {
            Status::Sending { .. } if entry.is_on_its_way(now) => return Ok(true),
            // When that was done, nothing before it was on its way.
            Status::Sent { .. } | Status::Failed { .. } => return Ok(false),
            Status::Pending | Status::Sending { .. } | Status::Superseded { .. } => {}
        }
        let Some(id) = &entry.notice.supersedes else { return Ok(false) };
        let key = key.notice(id);
        let found = store.read(std::slice::from_ref(&key)).await?.pop().flatten();
        earlier = found.map(|item| ledger::read(&key, item)).transpose().map_err(unreadable)?.map(|it| it.state);
    }
    Ok(false)
}

fn unreadable(error: items::Unreadable) -> Unavailable {
    Unavailable(error.to_string())
}

//! Notices reach people: from the ledger to SNS, each once.
//! Trigger: the streams of the network, orders and cases tables, new notices. Sample: events/notification-fan-out.

use aws::apply::look;
use aws::batch::{StreamBatch, StreamFailure, each_change};
use aws::items::Versioned;
use aws::keys::Key;
use aws::ledger::{self, Entry, Status};
use aws::link::LinkSigner;
use aws::metric::{self, Metric};
use aws::publisher::{PublishError, Publisher};
use aws::store::dynamodb::Tables;
use aws::store::{Store, Unavailable};
use domain::notice::{LinkPurpose, Recipient};
use domain::person::{Language, Person};
use domain::team::Team;
use domain::{StateKey, Timestamp};

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
        let entry = ledger::read(key, item).map_err(|error| Unavailable(error.to_string()))?;
        let Some(claimed) = ledger::claim(store, key, entry, now).await? else { return Ok(()) };
        let status = match self.publish(store, &claimed, now).await {
            Ok(status) => status,
            Err(unavailable) => {
                metric::count(Metric::NoticesUnknown, 1);
                tracing::warn!(error = %unavailable, "a notice may not have been sent: {unavailable}");
                return Ok(());
            }
        };
        let sent = matches!(status, Status::Sent { .. });
        metric::count(if sent { Metric::NoticesSent } else { Metric::NoticesFailed }, 1);
        ledger::settle(store, key, claimed, status, now).await
    }

    async fn publish<S: Store>(
        &self,
        store: &S,
        claimed: &Versioned<Entry>,
        now: Timestamp,
    ) -> Result<Status, Unavailable> {
        let notice = &claimed.state.notice;
        let failed = |why: &str| Ok(Status::Failed { at: now, why: why.to_owned() });
        let Some((topic_arn, language)) = find(store, &notice.recipient).await? else {
            return failed("nobody is reached under this name");
        };
        let link = notice.message.link().map(|purpose| self.link(&purpose, now));
        let text = match messages::render(&notice.message, language, link.as_deref()) {
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

/// The topic a recipient is reached through, and in which language.
async fn find<S: Store>(store: &S, recipient: &Recipient) -> Result<Option<(String, Language)>, Unavailable> {
    let name = match recipient {
        Recipient::Person { person } => StateKey::Person(person.clone()),
        Recipient::Team { region, team } => StateKey::Team(region.clone(), team.clone()),
    };
    let (mut states, _) = look(store, std::slice::from_ref(&name)).await?;
    Ok(match recipient {
        Recipient::Person { .. } => states.take::<Person>(&name).map(|it| (it.topic_arn, it.language)),
        Recipient::Team { .. } => states.take::<Team>(&name).map(|it| (it.topic_arn, it.language)),
    })
}

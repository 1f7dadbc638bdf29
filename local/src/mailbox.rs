//! What people received: every e-mail, push and team message of this run.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::watch;

/// How many deliveries are kept; the oldest are forgotten beyond that.
const KEPT_MAX: usize = 10_000;

/// One message as one person got it in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Counts the deliveries of this run, from 1.
    pub number: u64,
    pub at: Timestamp,
    /// Who got it: the person or team by its id, where it is known, else the address.
    pub recipient: String,
    /// `email`, or `application` for a push to the app.
    pub protocol: String,
    /// The e-mail address, or the token of the app.
    pub address: String,
    /// The topic it was published to. Empty for one sent to an endpoint directly.
    pub topic: String,
    /// The subject of an e-mail, the title of a push.
    pub subject: String,
    pub text: String,
}

impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}", self.protocol, self.recipient, self.subject)
    }
}

/// All deliveries, and waiting for one.
#[derive(Debug, Clone)]
pub struct Mailbox {
    contents: Arc<Mutex<Contents>>,
    count: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Contents {
    deliveries: VecDeque<Delivery>,
    delivered: u64,
    names: HashMap<String, String>,
}

impl Default for Mailbox {
    fn default() -> Self {
        Self { contents: Arc::default(), count: watch::Sender::new(0) }
    }
}

impl Mailbox {
    /// Says whose address this is, so that deliveries name the person or team.
    pub fn introduce(&self, address: &str, name: &str) {
        self.contents().names.insert(address.to_owned(), name.to_owned());
    }

    /// Whose address this is, if it was said.
    pub fn name_of(&self, address: &str) -> Option<String> {
        self.contents().names.get(address).cloned()
    }

    /// Records a delivery. Its number is given here.
    pub fn deliver(&self, delivery: Delivery) {
        let number = {
            let mut contents = self.contents();
            contents.delivered += 1;
            let number = contents.delivered;
            contents.deliveries.push_back(Delivery { number, ..delivery });
            if contents.deliveries.len() > KEPT_MAX {
                contents.deliveries.pop_front();
            }
            number
        };
        self.count.send_replace(number);
    }

    /// How many were delivered so far: those after it have a larger number.
    pub fn count(&self) -> u64 {
        self.contents().delivered
    }

    /// All that are kept, newest first.
    pub fn newest_first(&self) -> Vec<Delivery> {
        self.contents().deliveries.iter().rev().cloned().collect()
    }

    /// What one person or team (by id or address) received, oldest first.
    pub fn received_by(&self, recipient: &str) -> Vec<Delivery> {
        self.contents().deliveries.iter().filter(|it| is_for(it, recipient)).cloned().collect()
    }

    /// Waits until this person or team (by id or address) has a delivery that fits, and returns the first one,
    /// also where it came before. To look at new ones only, compare `number` with an earlier [`Mailbox::count`].
    ///
    /// # Errors
    /// Nothing that fits came in time: the error lists what did come.
    pub async fn wait_for(
        &self,
        recipient: &str,
        fits: impl Fn(&Delivery) -> bool,
        within: Duration,
    ) -> Result<Delivery> {
        let mut count = self.count.subscribe();
        let look = async {
            loop {
                if let Some(found) = self.received_by(recipient).into_iter().find(|delivery| fits(delivery)) {
                    return found;
                }
                // The sender lives as long as `self`.
                if count.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match tokio::time::timeout(within, look).await {
            Ok(found) => Ok(found),
            Err(_) => {
                let received: Vec<String> =
                    self.received_by(recipient).iter().map(|delivery| format!("  {delivery}")).collect();
                bail!("{recipient} did not get the message within {within:?}, but:\n{}", received.join("\n"))
            }
        }
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_for(delivery: &Delivery, recipient: &str) -> bool {
    delivery.recipient == recipient || delivery.address == recipient
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(recipient: &str, subject: &str) -> Delivery {
        Delivery {
            number: 0,
            at: Timestamp::UNIX_EPOCH,
            recipient: recipient.to_owned(),
            protocol: "email".to_owned(),
            address: format!("{recipient}@example.com"),
            topic: String::new(),
            subject: subject.to_owned(),
            text: String::new(),
        }
    }

    #[tokio::test]
    async fn a_message_is_found_whether_it_came_before_or_comes_while_waiting() {
        let mailbox = Mailbox::default();
        mailbox.deliver(delivery("anna", "one"));
        let second = Duration::from_secs(1);
        assert_eq!(mailbox.wait_for("anna", |it| it.subject == "one", second).await.unwrap().number, 1);

        let waiting = mailbox.wait_for("anna@example.com", |it| it.subject == "two", second);
        let coming = async { mailbox.deliver(delivery("anna", "two")) };
        assert_eq!(tokio::join!(waiting, coming).0.unwrap().number, 2);
    }

    #[tokio::test]
    async fn when_nothing_fits_the_error_says_what_came() {
        let mailbox = Mailbox::default();
        mailbox.deliver(delivery("anna", "one"));
        mailbox.deliver(delivery("ben", "two"));
        let error = mailbox.wait_for("anna", |_| false, Duration::from_millis(10)).await.unwrap_err().to_string();
        assert!(error.contains("email to anna: one") && !error.contains("two"), "{error}");
    }
}

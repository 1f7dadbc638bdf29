//! The stage of a story: who acts, what is written down, and what people are expected to receive.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::Answer;
use crate::demo::{CUSTOMERS, Person};
use crate::device::Device;
use crate::mailbox::Delivery;
use crate::network::Network;

/// How long anything may take on one machine. It takes a tenth of that.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long to wait for something that must not happen: everything that does happen takes a fifth of that.
const SILENCE: Duration = Duration::from_millis(1_500);

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Where a story plays.
pub struct Stage<'a> {
    pub network: &'a Network,
    print: bool,
    begun: Instant,
    /// The numbers of the deliveries that a story expected.
    expected: RefCell<BTreeSet<u64>>,
    /// Deliveries before the stories began are nobody's concern.
    before: u64,
}

/// An order and the compartment that is held for it.
#[derive(Debug, Clone)]
pub struct Placed {
    pub order_id: String,
    pub locker_id: String,
    pub compartment: u16,
}

impl Placed {
    /// What the answer to `POST /orders` says.
    pub fn from_answer(body: &Value) -> Result<Self> {
        let text = |at: &str| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
        Ok(Self {
            order_id: text("/order/id").context("the answer names no order")?,
            locker_id: text("/locker_id").context("the answer names no locker")?,
            compartment: body["compartment"].as_u64().context("the answer names no compartment")?.try_into()?,
        })
    }

    /// The compartment as units are written.
    pub fn unit(&self) -> String {
        self.compartment.to_string()
    }
}

impl<'a> Stage<'a> {
    /// An empty stage.
    pub fn new(network: &'a Network, print: bool) -> Self {
        let before = network.mailbox.count();
        Self { network, print, begun: Instant::now(), expected: RefCell::default(), before }
    }

    /// Begins a story.
    pub fn title(&self, title: &str) {
        if self.print {
            println!("\n{title}");
        }
    }

    /// Writes a line of the transcript.
    pub fn say(&self, line: impl AsRef<str>) {
        if self.print {
            println!("  {:7.2} s  {}", self.begun.elapsed().as_secs_f32(), line.as_ref());
        }
    }

    /// The device of a locker.
    pub fn device(&self, locker_id: &str) -> Result<&'a Device> {
        self.network.device(locker_id)
    }

    /// Looks again and again until `look` finds something.
    ///
    /// # Errors
    /// It does not, in time: `what` says what was waited for.
    pub async fn until<T, F: Future<Output = Result<Option<T>>>>(
        &self,
        what: &str,
        mut look: impl FnMut() -> F,
    ) -> Result<T> {
        let begun = Instant::now();
        loop {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            if begun.elapsed() > PATIENCE {
                bail!("waited {PATIENCE:?} in vain for: {what}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits for a notice to one person or team, in every way that person is reached, and writes it down. Returns
    /// the e-mail and how long it took since `since`.
    ///
    /// # Errors
    /// It does not come, or not in every way.
    pub async fn expect_notice(&self, recipient: &str, subject: &str, since: Instant) -> Result<(Delivery, Duration)> {
        let new =
            |delivery: &Delivery| delivery.number > self.before && !self.expected.borrow().contains(&delivery.number);
        let fits = |delivery: &Delivery| new(delivery) && delivery.subject.contains(subject);
        let by_email = |delivery: &Delivery| fits(delivery) && delivery.protocol == "email";
        let waiting = self.network.mailbox.wait_for(recipient, by_email, PATIENCE);
        let email = waiting.await.with_context(|| format!("expected \"{subject}\" to {recipient}"))?;
        let took = since.elapsed();
        self.expected.borrow_mut().insert(email.number);
        let mut ways = "e-mail";
        if has_app(recipient) {
            let same = |delivery: &Delivery| {
                new(delivery) && delivery.protocol == "application" && delivery.subject == email.subject
            };
            let push = self.network.mailbox.wait_for(recipient, same, PATIENCE).await?;
            self.expected.borrow_mut().insert(push.number);
            ways = "e-mail, push";
        }
        self.say(format!("    {recipient} receives \"{}\" ({ways}, after {} ms)", email.subject, took.as_millis()));
        Ok((email, took))
    }

    /// Waits for an e-mail of a person without the app, or of a team, without writing it down. Returns when it was
    /// there.
    ///
    /// # Errors
    /// It does not come.
    pub async fn expect_quietly(&self, recipient: &str, subject: &str, also: &str) -> Result<Instant> {
        let new =
            |delivery: &Delivery| delivery.number > self.before && !self.expected.borrow().contains(&delivery.number);
        // A number at the end of a part of a subject must not match the beginning of a longer one.
        let part = |delivery: &Delivery| {
            let rest = delivery.subject.split_once(subject).map(|(_, rest)| rest);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        let fits = |delivery: &Delivery| new(delivery) && part(delivery) && delivery.subject.contains(also);
        let email = self.network.mailbox.wait_for(recipient, fits, PATIENCE).await?;
        let at = Instant::now();
        self.expected.borrow_mut().insert(email.number);
        Ok(at)
    }

    /// Waits long enough to see that nothing is sent that no story expects.
    ///
    /// # Errors
    /// What was sent all the same.
    pub async fn expect_nothing_else(&self) -> Result<()> {
        tokio::time::sleep(SILENCE).await;
        let expected = self.expected.borrow();
        let unexpected: Vec<String> = self
            .network
            .mailbox
            .newest_first()
            .into_iter()
            .filter(|delivery| delivery.number > self.before && !expected.contains(&delivery.number))
            .map(|delivery| format!("  {delivery}"))
            .collect();
        ensure!(unexpected.is_empty(), "nobody expected these messages:\n{}", unexpected.join("\n"));
        Ok(())
    }

    /// How many messages the stories expected and saw.
    pub fn messages(&self) -> usize {
        self.expected.borrow().len()
    }

    /// The order system asks for a place.
    pub async fn order(&self, customer: &str, locker: &str, size: &str) -> Result<Answer> {
        self.order_with(&json!({"customer_id": customer, "locker_id": locker, "size": size})).await
    }

    /// The order system asks for a place, in its own words.
    pub async fn order_with(&self, body: &Value) -> Result<Answer> {
        let key = Uuid::new_v4().to_string();
        self.network.api.order_system().post_with("/orders", body, &[("idempotency-key", &key)]).await
    }

    /// The order system gets a place.
    pub async fn placed(&self, customer: &str, locker: &str, size: &str) -> Result<Placed> {
        let placed = Placed::from_answer(&self.order(customer, locker, size).await?.expect(201)?)?;
        self.say(format!(
            "order system: an order of {customer} for {locker}, size {size} → 201, compartment {}",
            placed.compartment
        ));
        Ok(placed)
    }

    /// A driver brings the parcel of an order; the customer learns that it is there.
    pub async fn deposited(&self, driver: &str, placed: &Placed, customer: &str) -> Result<()> {
        let body = json!({"order_id": placed.order_id, "locker_id": placed.locker_id});
        let allowed = self.network.api.courier(driver)?.post("/deposits", &body).await?.expect(200)?;
        ensure!(allowed["compartment"] == placed.compartment, "another compartment was opened: {allowed}");
        let since = Instant::now();
        self.device(&placed.locker_id)?.report_deposit(&placed.order_id, placed.compartment).await?;
        self.say(format!("{driver} deposits it in compartment {} of {}", placed.compartment, placed.locker_id));
        self.expect_notice(customer, &placed.unit_in(customer), since).await?;
        Ok(())
    }

    /// What support sees of something.
    pub async fn support(&self, path: &str) -> Result<Value> {
        self.network.api.support("agent")?.get(path).await?.expect(200)
    }

    /// What support sees of an order.
    pub async fn order_view(&self, order_id: &str) -> Result<Value> {
        self.support(&format!("/support/orders/{order_id}")).await
    }

    /// What support sees of a locker.
    pub async fn locker_view(&self, locker_id: &str) -> Result<Value> {
        self.support(&format!("/support/lockers/{locker_id}")).await
    }

    /// Waits until the whole locker is closed, or open again.
    pub async fn until_locker(&self, locker_id: &str, closed: bool) -> Result<()> {
        let what = format!("{locker_id} to be {}", if closed { "closed" } else { "open" });
        self.until(&what, || async {
            let view = self.locker_view(locker_id).await?;
            let faults = view["locker"]["faults"].as_object().map_or(0, serde_json::Map::len);
            Ok(((faults > 0) == closed).then_some(()))
        })
        .await
    }

    /// An item of the network table, as it is stored now.
    pub async fn stored(&self, pk: &str, sk: &str) -> Result<Value> {
        let table = self.network.outputs.get("NetworkTable")?;
        let body = json!({
            "TableName": table,
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "ConsistentRead": true,
        });
        Ok(self.network.aws.json("dynamodb", "DynamoDB_20120810.GetItem", &body).await?["Item"].clone())
    }

    /// Follows the one-time link of a message: its path in the API.
    pub fn link(&self, email: &Delivery) -> Result<String> {
        let base = self.network.public_api_url();
        let link = email.text.split_whitespace().find_map(|word| word.strip_prefix(base.as_str()));
        link.map(str::to_owned).ok_or_else(|| anyhow!("there is no link in \"{}\"", email.subject))
    }
}

impl Placed {
    /// What only the message about this compartment has in its subject, in the customer's language.
    pub fn unit_in(&self, customer: &str) -> String {
        let word = if speaks_german(customer) { "Fach" } else { "compartment" };
        format!("{word} {}", self.compartment)
    }
}

fn customer(id: &str) -> Option<&'static Person> {
    CUSTOMERS.iter().find(|person| person.id == id)
}

fn has_app(recipient: &str) -> bool {
    customer(recipient).is_some_and(|person| person.app)
}

fn speaks_german(recipient: &str) -> bool {
    customer(recipient).is_none_or(|person| person.language == "german")
}

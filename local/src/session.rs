//! One connection of a simulated locker to the broker, from connect to loss.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rumqttc::{AsyncClient, Event, MqttOptions, Outgoing, Packet, QoS, SubscribeFilter, SubscribeReasonCode};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::device::{Restarts, Status, TestOpenings};
use crate::shadow::{Opening, Restart, Shadow};
use crate::voice::Voice;

/// How many messages may wait for the broker: a locker has more memory than that.
const WAITING_MAX: usize = 10_000;
/// The shortest time between two looks at the shadow.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often it says how it is, from the moment it is connected. One that cannot be sent is left out.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(60);

/// A message on its way to the broker.
#[derive(Debug)]
pub(crate) struct Message {
    pub topic: String,
    pub payload: Vec<u8>,
    /// Told when the broker has it.
    pub received: oneshot::Sender<()>,
}

/// What outlives a connection: what the broker has not acknowledged is sent again on the next one.
pub(crate) struct Link {
    pub options: MqttOptions,
    pub voice: Arc<Voice>,
    pub messages: mpsc::UnboundedReceiver<Message>,
    pub unacknowledged: BTreeMap<u64, Message>,
    pub taken: u64,
    pub shadow: Shadow,
    pub online: watch::Receiver<bool>,
    pub status: watch::Sender<Status>,
    pub openings: watch::Receiver<TestOpenings>,
    pub restarts: watch::Receiver<Restarts>,
}

/// What belongs to one connection only.
struct Session {
    client: AsyncClient,
    /// Publishes handed over, in order, until they have a packet id. Nothing for those nobody waits for.
    unnumbered: VecDeque<Option<u64>>,
    numbered: HashMap<u16, u64>,
    get_topic: String,
    update_topic: String,
    /// When the next heartbeat is to be sent.
    heartbeat_at: Instant,
    /// When the shadow was last asked for, whether the answer is awaited, and whether it changed meanwhile.
    looked_at: Instant,
    looking: bool,
    look_again: bool,
}

impl Link {
    /// Connects and stays connected. Returns once told to drop the connection.
    ///
    /// # Errors
    /// The connection could not be made, or was lost.
    pub async fn run_session(&mut self) -> Result<()> {
        let (client, mut events) = AsyncClient::new(self.options.clone(), WAITING_MAX);
        let mut online = self.online.clone();
        let shadow_topic = format!("$aws/things/{}/shadow", self.voice.locker_id);
        let mut session = Session {
            client,
            unnumbered: VecDeque::new(),
            numbered: HashMap::new(),
            get_topic: format!("{shadow_topic}/get"),
            update_topic: format!("{shadow_topic}/update"),
            heartbeat_at: Instant::now(),
            looked_at: Instant::now(),
            looking: false,
            look_again: false,
        };
        loop {
            let event = {
                // Never cancelled half-way: only dropped with the connection.
                let mut event = pin!(events.poll());
                loop {
                    tokio::select! {
                        event = &mut event => break event?,
                        Some(message) = self.messages.recv() => {
                            self.taken += 1;
                            if self.unacknowledged.len() >= WAITING_MAX {
                                bail!("{WAITING_MAX} messages wait for the broker: that is all a locker keeps");
                            }
                            if self.status.borrow().connected {
                                session.publish(self.taken, &message)?;
                            }
                            self.unacknowledged.insert(self.taken, message);
                        }
                        changed = online.wait_for(|online| !online) => {
                            changed.context("the device is gone")?;
                            return Ok(());
                        }
                        () = sleep_until(session.heartbeat_at), if self.status.borrow().connected => {
                            session.heartbeat_at += HEARTBEAT_EVERY;
                            session.send(&self.voice.topic("heartbeat"), &self.voice.heartbeat())?;
                        }
                        () = sleep_until(session.looked_at + LOOK_EVERY), if session.look_again && !session.looking => {
                            session.look()?;
                        }
                    }
                }
            };
            self.handle(&mut session, event)?;
        }
    }

    fn handle(&mut self, session: &mut Session, event: Event) -> Result<()> {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                self.shadow.begin_session();
                let topics = ["update/delta", "get/accepted", "get/rejected"];
                let topic = |it| format!("$aws/things/{}/shadow/{it}", self.voice.locker_id);
                let filters = topics.map(|it| SubscribeFilter::new(topic(it), QoS::AtLeastOnce));
                session.client.try_subscribe_many(filters)?;
                for (number, message) in &self.unacknowledged {
                    session.publish(*number, message)?;
                }
                self.status.send_modify(|status| {
                    status.connected = true;
                    status.sessions += 1;
                    status.trouble = None;
                });
            }
            Event::Incoming(Packet::SubAck(answer)) => {
                if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
                    bail!("the broker does not let it follow its shadow");
                }
                session.look()?;
            }
            Event::Outgoing(Outgoing::Publish(packet)) if packet != 0 => {
                if let Some(Some(number)) = session.unnumbered.pop_front() {
                    session.numbered.insert(packet, number);
                }
            }
            Event::Incoming(Packet::PubAck(acknowledgement)) => {
                let number = session.numbered.remove(&acknowledgement.pkid);
                if let Some(message) = number.and_then(|number| self.unacknowledged.remove(&number)) {
                    // Whoever sent it may have stopped waiting.
                    message.received.send(()).ok();
                }
            }
            Event::Incoming(Packet::Publish(publish)) => {
                let payload: Value = serde_json::from_slice(&publish.payload)
                    .with_context(|| format!("{} is no JSON", publish.topic))?;
                if publish.topic.ends_with("/get/accepted") {
                    self.follow(session, &payload)?;
                } else if publish.topic.ends_with("/get/rejected") {
                    // A locker nobody has asked anything of yet has no shadow.
                    session.looking = false;
                } else {
                    // The delta tells that something changed; the whole shadow tells what is true.
                    session.look_soon()?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn follow(&mut self, session: &mut Session, document: &Value) -> Result<()> {
        session.looking = false;
        let reaction = self.shadow.look(document);
        self.status.send_modify(|status| status.closed = reaction.closed);
        if let Some(report) = reaction.report {
            session.send(&session.update_topic.clone(), &report)?;
        }
        for restart in reaction.restarts {
            self.answer_restart(session, &restart)?;
        }
        let mut stuck: Option<Opening> = None;
        for opening in reaction.openings {
            // A door that does not open is not tried again.
            if stuck.as_ref() != Some(&opening) && !self.try_door(session, &opening)? {
                stuck = Some(opening);
            }
        }
        Ok(())
    }

    /// Opens a door to see whether it works, says so, and answers whether to go on with it.
    fn try_door(&mut self, session: &mut Session, opening: &Opening) -> Result<bool> {
        let passed = match *self.openings.borrow() {
            TestOpenings::Pass => true,
            TestOpenings::Fail => false,
            TestOpenings::Ignore => return Ok(false),
        };
        let Opening { unit, work_order_id, attempt } = opening;
        let event = json!({
            "type": "test_opening",
            "work_order_id": work_order_id,
            "attempt": attempt,
            "unit": unit,
            "passed": passed,
        });
        self.tell(session, event)?;
        Ok(passed)
    }

    /// Switches what is broken off and on again, and says what came of it.
    fn answer_restart(&mut self, session: &mut Session, restart: &Restart) -> Result<()> {
        let worked = match *self.restarts.borrow() {
            Restarts::Help => true,
            Restarts::DoNotHelp => false,
            Restarts::Ignore => return Ok(()),
        };
        let Restart { code, work_order_id, attempt } = restart;
        let event = json!({
            "type": "recovery_tried",
            "work_order_id": work_order_id,
            "code": code,
            "attempt": attempt,
            "worked": worked,
        });
        self.tell(session, event)
    }

    /// Sends an event of its own, and again until the broker has it.
    fn tell(&mut self, session: &mut Session, event: Value) -> Result<()> {
        let payload = serde_json::to_vec(&self.voice.say(json!({"event": event})))?;
        let (received, _) = oneshot::channel();
        let message = Message { topic: self.voice.topic("events"), payload, received };
        self.taken += 1;
        session.publish(self.taken, &message)?;
        self.unacknowledged.insert(self.taken, message);
        Ok(())
    }
}

impl Session {
    fn publish(&mut self, number: u64, message: &Message) -> Result<()> {
        self.client.try_publish(&message.topic, QoS::AtLeastOnce, false, message.payload.clone())?;
        self.unnumbered.push_back(Some(number));
        Ok(())
    }

    fn send(&mut self, topic: &str, payload: &Value) -> Result<()> {
        self.client.try_publish(topic, QoS::AtLeastOnce, false, serde_json::to_vec(payload)?)?;
        self.unnumbered.push_back(None);
        Ok(())
    }

    /// Asks for the whole shadow: at once, or after a pause where it was asked for just now. Many changes that
    /// come together are then seen in a few looks.
    fn look_soon(&mut self) -> Result<()> {
        self.look_again = true;
        if self.looking || self.looked_at.elapsed() < LOOK_EVERY { Ok(()) } else { self.look() }
    }

    fn look(&mut self) -> Result<()> {
        (self.looked_at, self.looking, self.look_again) = (Instant::now(), true, false);
        self.client.try_publish(&self.get_topic, QoS::AtLeastOnce, false, Vec::new())?;
        self.unnumbered.push_back(None);
        Ok(())
    }
}

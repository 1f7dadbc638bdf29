//! A locker's device: what is really so at the site, and what it says about it. It loses power, comes back as another
//! session, sends again what it does not know to have arrived, and may lie.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use aws::shadow::Desired;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::fault::{FaultCode, Unit};
use domain::id::{CompartmentNumber, EventId, LockerId, OrderId, WorkOrderId};
use serde_json::{Value, json};

use crate::world::World;

/// One connection to the broker, as the broker knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub name: String,
    /// The broker's count of the client's connections.
    pub version: u64,
    pub from: Duration,
    pub until: Option<Duration>,
}

/// A message that waits for the network.
#[derive(Debug, Clone)]
struct Outgoing {
    function: &'static str,
    id: String,
    rest: Value,
}

/// One site's device.
#[derive(Debug, Clone, Default)]
pub struct Device {
    pub sessions: Vec<Session>,
    /// What is broken, whether anybody has been told or not.
    pub broken: BTreeMap<Unit, BTreeSet<FaultCode>>,
    pub inside: BTreeMap<CompartmentNumber, OrderId>,
    /// When the broker took its latest heartbeat.
    pub heartbeat_at: Option<Duration>,
    pub shadow: Desired,
    /// How often it was written, by the device itself too.
    pub shadow_version: Option<i64>,
    boots: u32,
    sequence: u64,
    tried: BTreeSet<(WorkOrderId, u32, Unit)>,
    restarted: BTreeSet<(WorkOrderId, u8, FaultCode)>,
    outbox: Vec<Outgoing>,
    /// What it has sent lately, and may send again when it starts anew: it does not know what has arrived.
    recent: Vec<Outgoing>,
}

/// For how long the broker remembers how many connections a client that is away has had: about an hour.
const COUNT_KEPT_FOR: Duration = Duration::from_secs(3600);

/// How many messages a device remembers to have sent.
const RECENT_MAX: usize = 4;

impl Device {
    /// Whether it is connected.
    pub fn is_online(&self) -> bool {
        self.sessions.last().is_some_and(|session| session.until.is_none())
    }

    /// Something breaks.
    pub fn break_down(&mut self, faults: &[(Unit, FaultCode)]) {
        for (unit, code) in faults {
            self.broken.entry(*unit).or_default().insert(*code);
        }
    }

    /// It works again, by itself.
    pub fn mend(&mut self, faults: &[(Unit, FaultCode)]) {
        for (unit, code) in faults {
            if let Some(broken) = self.broken.get_mut(unit) {
                broken.remove(code);
            }
        }
    }

    fn end_session(&mut self, now: Duration) -> Option<Session> {
        let session = self.sessions.last_mut().filter(|session| session.until.is_none())?;
        session.until = Some(now);
        Some(session.clone())
    }
}

/// What the broker's rules write into a queue.
fn from_rule(world: &World, thing: &str, payload: &[u8], kind: Option<&str>) -> String {
    let payload = BASE64_STANDARD.encode(payload);
    let received_ms = world.now().as_millisecond();
    let mut body = json!({ "payload": payload, "thing": thing, "client_id": thing, "received_ms": received_ms });
    if let Some(kind) = kind {
        body["kind"] = kind.into();
    }
    body.to_string()
}

impl World {
    /// Acts on a device.
    pub fn at_device<T>(&self, locker: &LockerId, act: impl FnOnce(&mut Device) -> T) -> T {
        act(self.devices.borrow_mut().entry(locker.clone()).or_default())
    }

    /// A device publishes a message, or keeps it until it is connected again. `id` is the message's own.
    pub fn publish_from(self: &Rc<Self>, locker: &LockerId, function: &'static str, id: &str, rest: Value) {
        let message = Outgoing { function, id: id.to_owned(), rest };
        let online = self.at_device(locker, |device| {
            if !device.is_online() {
                device.outbox.push(message.clone());
            }
            device.is_online()
        });
        if online {
            self.send_from(locker, &message);
            self.at_device(locker, |device| {
                device.recent.push(message);
                if device.recent.len() > RECENT_MAX {
                    device.recent.remove(0);
                }
            });
        }
    }

    fn send_from(self: &Rc<Self>, locker: &LockerId, message: &Outgoing) {
        let (boot, sequence) = self.at_device(locker, |device| {
            device.sequence += 1;
            (device.boots, device.sequence)
        });
        let mut payload = json!({
            "version": 1,
            "locker_id": locker,
            "message_id": message.id,
            "boot_id": format!("boot-{boot}"),
            "sequence": sequence,
            // Its clock is anywhere; nothing may depend on it.
            "sent_at": if sequence.is_multiple_of(3) { "1970-01-01T00:00:00Z" } else { "2036-11-21T00:00:00Z" },
        });
        let fields = payload.as_object_mut().expect("it was written above");
        // What lies may say another's name.
        fields.extend(message.rest.as_object().cloned().unwrap_or_default());
        self.tell(|| format!("{locker} publishes {payload}"));
        let body = from_rule(self, locker.as_str(), payload.to_string().as_bytes(), None);
        self.triggers.send(self, message.function, &format!("{locker}-{}-{sequence}", message.id), body);
    }

    /// A device, or whoever has its key, publishes bytes.
    pub fn publish_bytes(self: &Rc<Self>, locker: &LockerId, function: &'static str, bytes: &[u8], name: &str) {
        self.tell(|| format!("{locker} publishes {}", String::from_utf8_lossy(bytes)));
        self.triggers.send(self, function, name, from_rule(self, locker.as_str(), bytes, None));
    }

    fn presence_event(self: &Rc<Self>, locker: &LockerId, session: &Session, kind: &str) {
        let Session { name, version, .. } = session;
        let payload = json!({
            "clientId": locker,
            "timestamp": self.now().as_millisecond(),
            "eventType": kind,
            "sessionIdentifier": name,
            "versionNumber": version,
        });
        self.tell(|| format!("{locker} is {kind} ({name})"));
        let body = from_rule(self, locker.as_str(), payload.to_string().as_bytes(), None);
        self.triggers.send(self, "presence", &format!("{name}-{kind}"), body);
    }

    /// A device connects, as a new session. One that was connected is so no longer: the broker keeps one session for
    /// each client, and tells of its end. What waited goes out, some of it once more.
    pub fn connect(self: &Rc<Self>, locker: &LockerId, rebooted: bool) {
        let now = self.executor.now();
        let number = self.number();
        let (before, session, waiting) = self.at_device(locker, |device| {
            let before = device.end_session(now);
            let lately = |it: &&Session| it.until.is_none_or(|until| now - until < COUNT_KEPT_FOR);
            let version = device.sessions.last().filter(lately).map_or(0, |it| it.version + 1);
            let session = Session { name: format!("{locker}-session-{number}"), version, from: now, until: None };
            device.sessions.push(session.clone());
            if rebooted {
                device.boots += 1;
                device.sequence = 0;
            }
            let mut waiting = if rebooted { std::mem::take(&mut device.recent) } else { Vec::new() };
            waiting.append(&mut device.outbox);
            (before, session, waiting)
        });
        if let Some(before) = before {
            self.presence_event(locker, &before, "disconnected");
        }
        self.presence_event(locker, &session, "connected");
        for message in waiting {
            self.send_from(locker, &message);
        }
    }

    /// A device loses its connection.
    pub fn disconnect(self: &Rc<Self>, locker: &LockerId) {
        let now = self.executor.now();
        let ended = self.at_device(locker, |device| device.end_session(now));
        if let Some(ended) = ended {
            self.presence_event(locker, &ended, "disconnected");
        }
    }

    /// A device reports faults.
    pub fn report_faults(self: &Rc<Self>, locker: &LockerId, id: &str, faults: &[(Unit, &str)]) {
        let faults: Vec<Value> = faults.iter().map(|(unit, code)| json!({ "unit": unit, "code": code })).collect();
        self.publish_from(locker, "fault_intake", id, json!({ "faults": faults }));
    }

    /// A device reports that it sees some faults no more.
    pub fn report_gone(self: &Rc<Self>, locker: &LockerId, id: &str, gone: &[(Unit, FaultCode)]) {
        let of_what = |unit: Unit, code: FaultCode| if code.listed().whole_locker { Unit::Locker } else { unit };
        let said = gone.iter().map(|(unit, code)| (locker.clone(), of_what(*unit, *code), *code));
        self.said_gone.borrow_mut().extend(said);
        let gone: Vec<Value> = gone.iter().map(|(unit, code)| json!({ "unit": unit, "code": code })).collect();
        self.publish_from(locker, "fault_intake", id, json!({ "gone": gone }));
    }

    /// A device says how it is, if it is connected: a heartbeat is not kept for later. `changed` is what is otherwise
    /// than with a device that is well.
    pub fn send_heartbeat(self: &Rc<Self>, locker: &LockerId, id: &str, changed: &Value) {
        let now = self.executor.now();
        let online = self.at_device(locker, |device| {
            device.heartbeat_at = device.heartbeat_at.max(device.is_online().then_some(now));
            device.is_online()
        });
        if !online {
            return;
        }
        let mut diagnostics = json!({ "power": "mains", "temperature_c": 21, "firmware": "2.14.1", "uptime_s": 60 });
        let mut rest = json!({ "sent_at": self.now().to_string() });
        for (name, value) in changed.as_object().into_iter().flatten() {
            let of_the_message = if name == "sent_at" { &mut rest } else { &mut diagnostics };
            of_the_message[name] = value.clone();
        }
        rest["diagnostics"] = diagnostics;
        for (name, code) in [("sent_at", FaultCode::ClockSkew), ("signal_dbm", FaultCode::NetworkWeak)] {
            if changed.get(name).is_none() {
                self.said_gone.borrow_mut().insert((locker.clone(), Unit::Locker, code));
            }
        }
        self.send_from(locker, &Outgoing { function: "heartbeat_intake", id: id.to_owned(), rest });
    }

    /// A device says that a parcel was put in or taken out.
    pub fn report_parcel(
        self: &Rc<Self>,
        locker: &LockerId,
        id: &str,
        kind: &str,
        order: &OrderId,
        compartment: CompartmentNumber,
    ) {
        let event = json!({ "type": kind, "order_id": order, "compartment": compartment });
        self.publish_from(locker, "parcel_events", id, json!({ "event": event }));
    }

    /// A device says what it believes is inside: what its sensors see, or, where they fail, otherwise of one.
    pub fn report_occupancy(self: &Rc<Self>, locker: &LockerId, id: &str, wrong_about: Option<CompartmentNumber>) {
        let (mut occupied, mut free) = (Vec::new(), Vec::new());
        let inside = self.at_device(locker, |device| device.inside.clone());
        for number in 1..=crate::site::compartments_of(locker) {
            let number: CompartmentNumber = number.try_into().expect("it is one of the locker's");
            let seen = inside.contains_key(&number) != (wrong_about == Some(number));
            if seen { occupied.push(number) } else { free.push(number) }
        }
        let event = json!({ "type": "occupancy_reported", "occupied": occupied, "free": free });
        self.publish_from(locker, "parcel_events", id, json!({ "event": event }));
    }

    /// A device tries the doors it is asked to, each once for each repair, and says what came of it.
    pub fn try_doors(self: &Rc<Self>, locker: &LockerId, name: &str) {
        let wanted = self.at_device(locker, |device| {
            let mut wanted = Vec::new();
            for (unit, asked) in &device.shadow.test_openings {
                let Some(asked) = asked else { continue };
                if device.tried.insert((asked.work_order_id.clone(), asked.attempt, *unit)) {
                    wanted.push((*unit, asked.clone(), device.broken.get(unit).is_none_or(BTreeSet::is_empty)));
                }
            }
            wanted
        });
        for (unit, asked, works) in wanted {
            for time in 0..asked.times {
                let id = format!("try-{name}-{unit}-{time}");
                self.report_opening(locker, &id, &asked.work_order_id, asked.attempt, unit, works);
            }
        }
    }

    /// A device switches off and on again what it is asked to, each attempt once. `helps` is whether that mends it; it
    /// says so, or, where it lies, otherwise.
    pub fn restart_as_asked(self: &Rc<Self>, locker: &LockerId, name: &str, helps: bool, lies: bool) {
        let wanted = self.at_device(locker, |device| {
            let asked = device.shadow.remote_recoveries.iter();
            let asked: Vec<_> = asked.filter_map(|(code, asked)| Some((*code, asked.clone()?))).collect();
            let mut wanted = Vec::new();
            for (code, asked) in asked {
                if device.restarted.insert((asked.work_order_id.clone(), asked.attempt, code)) {
                    if helps {
                        device.mend(&[(Unit::Locker, code)]);
                    }
                    let works = device.broken.get(&Unit::Locker).is_none_or(|codes| !codes.contains(&code));
                    wanted.push((code, asked, works != lies));
                }
            }
            wanted
        });
        for (code, asked, worked) in wanted {
            if worked {
                self.said_gone.borrow_mut().insert((locker.clone(), Unit::Locker, code));
            }
            let id = format!("restart-{name}-{code}");
            let event = json!({
                "type": "recovery_tried", "work_order_id": asked.work_order_id, "code": code,
                "attempt": asked.attempt, "worked": worked,
            });
            self.publish_from(locker, "parcel_events", &id, json!({ "event": event }));
        }
    }

    /// A device says that a lock has taken a command to open, or that a door was seen open.
    pub fn report_door(self: &Rc<Self>, locker: &LockerId, id: &str, kind: &str, compartment: CompartmentNumber) {
        let event = json!({ "type": kind, "compartment": compartment });
        self.publish_from(locker, "parcel_events", id, json!({ "event": event }));
    }

    /// A device says that it has tried a door.
    pub fn report_opening(
        self: &Rc<Self>,
        locker: &LockerId,
        id: &str,
        work_order: &WorkOrderId,
        attempt: u32,
        unit: Unit,
        passed: bool,
    ) {
        if passed && work_order.locker == *locker {
            let mut openings = self.openings.borrow_mut();
            let id: EventId = id.parse().expect("a message id is an identifier");
            let id = functions::device::event_of(&id);
            openings.entry((work_order.clone(), attempt, unit)).or_default().insert(id);
        }
        let event = json!({
            "type": "test_opening", "work_order_id": work_order, "attempt": attempt, "unit": unit, "passed": passed,
        });
        self.publish_from(locker, "parcel_events", id, json!({ "event": event }));
    }

    /// A device reports what it keeps closed: what it was told, or, where it lies, nothing.
    pub fn report_shadow(self: &Rc<Self>, locker: &LockerId, lies: bool, name: &str) {
        let closed = self.at_device(locker, |device| {
            device.shadow_version = Some(device.shadow_version.unwrap_or_default() + 1);
            device.shadow.closed.clone()
        });
        let closed = if lies { json!({ "locker": "nothing" }) } else { json!(closed) };
        let document = json!({ "state": { "reported": { "closed": closed } } });
        let body = from_rule(self, locker.as_str(), document.to_string().as_bytes(), Some("$aws"));
        self.triggers.send(self, "parcel_events", &format!("shadow-{name}"), body);
    }
}

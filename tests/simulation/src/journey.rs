//! What people and devices do, each journey from its own chance: a parcel from its order to the rating, a fault from
//! the first report to the proven repair, an outage, and what those try who lie, pry or are confused.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use domain::State;
use domain::compartment::Occupancy;
use domain::fault::{FaultCode, Unit};
use domain::id::{CompartmentNumber, LockerId, OrderId, WorkOrderId};
use domain::notice::{Message, Recipient};
use domain::order::{Order, OrderStatus};
use domain::place::Place;
use serde_json::{Value, json};

use crate::chance::{Chance, seed_of};
use crate::site::{self, AGENTS, COMPLAINTS, CUSTOMERS, DRIVERS, OPERATOR, TECHNICIANS};
use crate::triggers::{Answer, Call, call};
use crate::trouble::DUPLICATES_IN_A_THOUSAND;
use crate::world::{Mail, World};

/// A kind of journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A parcel, from its order to the rating of its delivery.
    Parcel,
    /// Something breaks and is repaired.
    Breakdown,
    /// Trapped parcels are fetched.
    Recovery,
    /// What nobody has collected goes back to who sent it.
    Return,
    /// A locker loses its network, and comes back.
    Outage,
    /// A device says how it is, for some minutes; then it hangs.
    Hang,
    /// The whole region loses its network or its power, and gets it back, one locker after the other.
    Blackout,
    /// A device, or somebody with its key, says what is not so.
    Lie,
    /// Somebody tries what is another's.
    Prying,
    /// Staff do things in the wrong order, twice, or with what is not theirs.
    Confusion,
    /// Somebody only looks.
    Looking,
    /// A customer changes what is wanted, a device tells what it keeps closed.
    Change,
    /// The operator takes something out of service, and puts it back.
    Service,
    /// A parcel that comes and is complained of, once there is time for that.
    Complaint,
}

/// Which kinds there are, and how often each is taken: its share of the sum of all.
pub const KINDS: [(Kind, u64); 13] = [
    (Kind::Parcel, 35),
    (Kind::Breakdown, 18),
    (Kind::Recovery, 6),
    (Kind::Return, 4),
    (Kind::Outage, 10),
    (Kind::Hang, 3),
    (Kind::Blackout, 2),
    (Kind::Lie, 7),
    (Kind::Prying, 6),
    (Kind::Confusion, 5),
    (Kind::Looking, 4),
    (Kind::Change, 4),
    (Kind::Service, 8),
];

/// Somebody under way.
pub struct Traveller {
    world: Rc<World>,
    chance: RefCell<Chance>,
    seed: u64,
    steps: Cell<u32>,
}

/// Starts a journey.
pub fn start(world: &Rc<World>, kind: Kind, seed: u64) -> Pin<Box<dyn Future<Output = ()>>> {
    let it = Traveller::new(world, seed);
    match kind {
        Kind::Parcel => Box::pin(async move { it.parcel().await }),
        Kind::Breakdown => Box::pin(async move { it.breakdown().await }),
        Kind::Recovery => Box::pin(async move { it.recover().await }),
        Kind::Return => Box::pin(async move { it.bring_back().await }),
        Kind::Outage => Box::pin(async move { it.outage().await }),
        Kind::Hang => Box::pin(async move { it.hang().await }),
        Kind::Blackout => Box::pin(async move { it.blackout().await }),
        Kind::Lie => Box::pin(async move { it.lie().await }),
        Kind::Prying => Box::pin(async move { it.pry().await }),
        Kind::Confusion => Box::pin(async move { it.confuse().await }),
        Kind::Looking => Box::pin(async move { it.look().await }),
        Kind::Change => Box::pin(async move { it.change().await }),
        Kind::Service => Box::pin(async move { it.serve().await }),
        Kind::Complaint => Box::pin(async move { it.complain().await }),
    }
}

/// What people send as the reasons of a complaint.
const REASONS: [&str; 8] =
    ["delay", "damage", "conduct", "missing", "wrong_place", "locker_fault", "privacy_or_safety", "other"];

/// What customers write of what concerns nobody's health, safety or data.
const TEXTS: [&str; 6] = [
    "It was as it was.",
    "Zu spät, und der Karton war eingedrückt",
    "Nicht beschädigt, aber der Fahrer war unfreundlich",
    "the door would not open",
    "never arrived",
    "",
];

/// What customers write of what does.
pub const DANGERS: [&str; 4] = [
    "Zu spät, und der Fahrer hat mich bedroht",
    "cut my hand on the door",
    "Aus dem Schrank kam Rauch, dann ging die Tür nicht auf",
    "my name and address were displayed for everyone",
];

impl Traveller {
    fn new(world: &Rc<World>, seed: u64) -> Rc<Self> {
        let chance = RefCell::new(Chance::new(seed));
        Rc::new(Self { world: world.clone(), chance, seed, steps: Cell::new(0) })
    }

    /// Somebody else of this journey, with a chance of their own.
    fn beside(self: &Rc<Self>, name: &str) -> Rc<Self> {
        Self::new(&self.world, seed_of(self.seed, name))
    }

    fn below(&self, end: u64) -> u64 {
        self.chance.borrow_mut().below(end)
    }

    fn often(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn one_of<T: Copy>(&self, from: &[T]) -> T {
        *self.chance.borrow_mut().one_of(from)
    }

    fn any_of<T: Clone>(&self, from: &[T]) -> Option<T> {
        self.chance.borrow_mut().any_of(from)
    }

    /// A name for what comes next, which nobody else has.
    fn name(&self) -> String {
        let step = self.steps.get();
        self.steps.set(step + 1);
        format!("{:08x}-{step}", self.seed & 0xffff_ffff)
    }

    /// Some time: mostly so short that others are in the middle of something.
    async fn wait(&self) {
        let millis = match self.below(100) {
            0..70 => self.below(250),
            70..93 => self.below(3_000),
            93..98 => self.below(300_000),
            _ => self.below(5_400_000),
        };
        self.world.executor.sleep(Duration::from_millis(millis)).await;
    }

    async fn wait_up_to(&self, time: Duration) {
        let time = Duration::from_millis(self.below(time.as_millis() as u64 + 1));
        self.world.executor.sleep(time).await;
    }

    /// Asks, and again where there is no answer or the answer is to try again; sometimes twice although there was one.
    async fn ask(&self, request: &Call) -> Option<Answer> {
        let twice = self.chance.borrow_mut().in_a_thousand(DUPLICATES_IN_A_THOUSAND) && self.world.trouble.by_chance();
        if twice {
            let (world, request, name) = (self.world.clone(), request.clone(), self.name());
            let after = Duration::from_millis(self.below(60));
            self.world.executor.spawn(async move {
                world.executor.sleep(after).await;
                world.triggers.ask(&world, request, &name).await;
            });
        }
        for _ in 0..5 {
            let name = self.name();
            match self.world.triggers.ask(&self.world, request.clone(), &name).await {
                Some(answer) if answer.status != 503 => return Some(answer),
                _ => self.wait_up_to(Duration::from_secs(3)).await,
            }
        }
        None
    }

    fn any_locker(&self) -> LockerId {
        self.chance.borrow_mut().one_of(&site::lockers()).clone()
    }

    /// The first mail that says it, looked for now and again.
    async fn mail(&self, recipient: &str, mut says: impl FnMut(&Mail) -> bool) -> Option<Mail> {
        let recipient = Recipient::Person { person: recipient.parse().expect("a person") };
        for nth in 0..14 {
            let topic = self.world.reach(&recipient).unwrap_or_default();
            let found =
                self.world.mail.borrow().get(&topic).and_then(|all| all.iter().rev().find(|it| says(it)).cloned());
            if found.is_some() {
                return found;
            }
            // What came a moment after another message is told with the next, a minute or two later.
            if nth < 10 { self.wait().await } else { self.wait_up_to(Duration::from_secs(90)).await }
        }
        None
    }

    // ---------- a parcel

    async fn parcel(self: Rc<Self>) {
        let customer = self.one_of(&CUSTOMERS);
        let locker = self.any_locker();
        if self.often(15) {
            // The rest of a bundle, each with a journey of its own.
            let bundle = format!("b-{:016x}", self.seed);
            for number in 0..1 + self.below(2) {
                let mate = self.beside(&format!("mate {number}"));
                let (locker, bundle) = (locker.clone(), bundle.clone());
                self.world.executor.spawn(async move { mate.parcel_of(customer, locker, Some(&bundle)).await });
            }
            return self.parcel_of(customer, locker, Some(&bundle)).await;
        }
        self.parcel_of(customer, locker, None).await;
    }

    async fn parcel_of(self: Rc<Self>, customer: &'static str, locker: LockerId, bundle: Option<&str>) {
        let size = self.one_of(&["S", "S", "M", "M", "M", "L", "XL"]);
        let Some(order) = self.place(customer, size, locker, bundle).await else { return };
        let minding = self.beside("customer");
        {
            let order = order.clone();
            self.world.executor.spawn(async move { minding.mind(customer, &order).await });
        }
        if self.often(8) {
            self.wait().await;
            self.ask(&call("DELETE /orders/{order_id}").by_order_system().path("order_id", order.as_str())).await;
            if self.often(60) {
                return;
            }
        }
        let driver = self.one_of(&DRIVERS);
        let Some((locker, compartment)) = self.deposit(driver, &order).await else { return };
        self.collect(customer, &order, &locker, compartment).await;
        self.rate(customer, driver, &order).await;
    }

    async fn place(&self, customer: &str, size: &str, mut locker: LockerId, bundle: Option<&str>) -> Option<OrderId> {
        for attempt in 0..3 {
            let mut body = json!({ "customer_id": customer, "locker_id": locker, "size": size });
            if self.often(30) {
                let height_mm = self.one_of(&[60, 100, 180, 370]);
                body = json!({
                    "customer_id": customer, "locker_id": locker, "weight_g": 1 + self.below(25_000),
                    "dimensions": { "length_mm": 440, "width_mm": height_mm, "height_mm": 300 },
                });
            }
            if self.often(25) {
                body["elsewhere_within_m"] = 3_000.into();
            }
            if let Some(bundle) = bundle {
                body["bundle_id"] = bundle.into();
            }
            if self.often(8) {
                body["hold_hours"] = self.one_of(&[1, 2, 168]).into();
            }
            let key = format!("{:016x}-{attempt}", self.seed);
            let request = call("POST /orders").by_order_system().header("idempotency-key", &key).json(body);
            let answer = self.ask(&request).await?;
            if answer.is_ok() {
                return answer.body["order"]["id"].as_str()?.parse().ok();
            }
            let offered = answer.body["error"]["alternatives"][0]["locker_id"].as_str().and_then(|id| id.parse().ok());
            if let Some(offered) = offered.filter(|_| self.often(70)) {
                locker = offered;
            }
            self.wait().await;
        }
        None
    }

    /// A driver brings it to where it is to go, and puts it in where the network says that a door may be opened.
    async fn deposit(&self, driver: &str, order: &OrderId) -> Option<(LockerId, CompartmentNumber)> {
        for _ in 0..6 {
            self.wait().await;
            let order_path = || call("GET /orders/{order_id}").by_order_system().path("order_id", order.as_str());
            let Some(seen) = self.ask(&order_path()).await else { continue };
            let Some(locker) = seen.body["locker_id"].as_str().and_then(|id| id.parse::<LockerId>().ok()) else {
                match seen.body["order"]["place"]["kind"].as_str() {
                    Some("asked") => continue,
                    _ => return None,
                }
            };
            let body = json!({ "order_id": order, "locker_id": locker });
            let Some(allowed) = self.ask(&call("POST /deposits").by(driver).json(body)).await else { continue };
            let number = allowed.body["compartment"].as_u64().and_then(|number| u16::try_from(number).ok());
            let Some(compartment) = number.and_then(|number| CompartmentNumber::try_from(number).ok()) else {
                if seen.body["order"]["status"] == "cancelled" {
                    return None;
                }
                continue;
            };
            // Who was let in puts it in at once, or sits in a traffic jam; or a device tells of it days later.
            let late = self.one_of(&[1_500, 2_400, 80 * 3_600]);
            self.wait_up_to(Duration::from_secs(if self.often(4) { late } else { 40 })).await;
            if self.often(6) {
                let code = self.one_of(&["compartment_dirty_or_damaged", "door_not_closing", "lock_jammed"]);
                let body = json!({ "locker_id": locker, "unit": compartment.to_string(), "code": code });
                self.ask(&call("POST /fault-reports").by(driver).json(body)).await;
            }
            // Who comes too late may find another parcel there.
            let inside = self.world.at_device(&locker, |device| {
                device.inside.entry(compartment).or_insert_with(|| order.clone()) == order
            });
            if !inside {
                return None;
            }
            let id = format!("in-{}", self.name());
            self.world.report_parcel(&locker, &id, "parcel_deposited", order, compartment);
            if self.often(10) {
                // The device does not know that it has told already.
                let again = format!("in-{}", self.name());
                self.world.report_parcel(&locker, &again, "parcel_deposited", order, compartment);
            }
            return Some((locker, compartment));
        }
        None
    }

    async fn collect(&self, customer: &str, order: &OrderId, locker: &LockerId, compartment: CompartmentNumber) {
        let about =
            |mail: &Mail| matches!(&mail.notice.message, Message::ReadyForPickup { order: of, .. } if of == order);
        if self.mail(customer, about).await.is_none() {
            return;
        }
        // On holiday, or forgotten.
        if self.often(8) {
            self.wait_up_to(Duration::from_secs(90 * 3_600)).await;
        }
        for _ in 0..8 {
            self.wait().await;
            // Where it is now: it may have been brought elsewhere, and its customer was told.
            let known = self.world.history.borrow().order(order).cloned();
            let now_at = known.as_ref().and_then(|it| it.compartment());
            let (locker, compartment) = now_at.unwrap_or((locker, compartment));
            let unit = Unit::Compartment(compartment);
            let opens = self.world.at_device(locker, |device| {
                let shut = |unit: &Unit| {
                    device.broken.get(unit).is_some_and(|codes| {
                        codes.iter().any(|code| code.closes() == domain::fault::Closure::DepositsAndPickups)
                    })
                };
                let inside = device.inside.get(&compartment) == Some(order);
                inside && !shut(&Unit::Locker) && !shut(&unit)
            });
            // Who stands before a shut door says so, and some say it of one that works.
            if self.often(if opens { 3 } else { 40 }) {
                let report = call("POST /my/orders/{order_id}/fault-reports").by(customer);
                let report = report.path("order_id", order.as_str()).json(json!({ "code": "lock_jammed" }));
                for _ in 0..1 + self.below(2) {
                    self.ask(&report).await;
                }
            }
            if opens {
                self.world.at_device(locker, |device| device.inside.remove(&compartment));
                let id = format!("out-{}", self.name());
                self.world.report_parcel(locker, &id, "parcel_collected", order, compartment);
                return;
            }
        }
    }

    /// A customer reads what comes, and sometimes chooses otherwise.
    async fn mind(&self, customer: &str, order: &OrderId) {
        for _ in 0..4 {
            self.wait().await;
            let about = |mail: &Mail| {
                mail.notice.message.link().is_some_and(|purpose| {
                    matches!(purpose, domain::notice::LinkPurpose::ChoosePlace { order: of, .. } if of == *order)
                })
            };
            let locker = self.any_locker();
            let body = match self.below(10) {
                0..4 => json!({ "home": true }),
                4 => json!({ "shop": true }),
                _ => json!({ "locker_id": locker }),
            };
            if self.often(15) {
                let request = call("POST /my/orders/{order_id}/place").by(customer).path("order_id", order.as_str());
                self.ask(&request.json(body.clone())).await;
            }
            let Some(mail) = self.mail(customer, about).await else { return };
            let Some(token) = mail.link.as_deref().and_then(|link| link.strip_prefix("/choices/")) else { return };
            if self.often(40) {
                self.ask(&call("GET /choices/{token}").path("token", token)).await;
            }
            if self.often(60) {
                self.ask(&call("POST /choices/{token}").path("token", token).json(body)).await;
            }
            if self.often(30) {
                // In time, mostly.
                self.wait_up_to(Duration::from_secs(self.one_of(&[5, 60, 600, 2_400]))).await;
                let undo = json!({ "undo": true });
                let own = call("POST /my/orders/{order_id}/place").by(customer).path("order_id", order.as_str());
                let by_link = call("POST /choices/{token}").path("token", token);
                self.ask(&if self.often(70) { by_link } else { own }.json(undo)).await;
            }
        }
    }

    /// A parcel is brought and fetched by people with patience; its customer wants an answer.
    async fn complain(self: Rc<Self>) {
        let (customer, driver) = (self.one_of(&CUSTOMERS), self.one_of(&DRIVERS));
        let Some(order) = self.place(customer, "S", self.any_locker(), None).await else { return };
        let mut deposited = None;
        for _ in 0..4 {
            deposited = self.deposit(driver, &order).await;
            if deposited.is_some() {
                break;
            }
            self.wait_up_to(Duration::from_secs(3_600)).await;
        }
        let Some((locker, compartment)) = deposited else { return };
        let status = || self.world.history.borrow().order(&order).map(|it| it.status);
        for _ in 0..8 {
            self.wait_up_to(Duration::from_secs(1_800)).await;
            if status() == Some(OrderStatus::Collected) {
                break;
            }
            self.collect(customer, &order, &locker, compartment).await;
        }
        if status() == Some(OrderStatus::Collected) {
            self.rate(customer, driver, &order).await;
        }
    }

    async fn rate(self: &Rc<Self>, customer: &str, driver: &str, order: &OrderId) {
        let about =
            |mail: &Mail| matches!(&mail.notice.message, Message::FeedbackRequested { order: of } if of == order);
        // Who has not read that mail yet says it in the app.
        let mail = self.mail(customer, about).await;
        let token = mail.as_ref().and_then(|mail| mail.link.as_deref()?.strip_prefix("/feedback/"));
        let mut case = None;
        for _ in 0..1 + self.below(3) {
            self.wait().await;
            let bad = self.often(60);
            let star = |good: u64| if bad { 1 + self.below(3) } else { good };
            let ratings = json!({
                "delivery": star(5), "condition": star(4), "punctuality": star(5), "driver": star(3),
            });
            let reasons: Vec<&str> = (0..self.below(3)).map(|_| self.one_of(&REASONS)).collect();
            let text = if self.often(15) { self.one_of(&DANGERS) } else { self.one_of(&TEXTS) };
            let body = json!({ "ratings": ratings, "reasons": reasons, "text": text, "answer_wanted": self.often(50) });
            let by_link = |token| call("POST /feedback/{token}").path("token", token).json(body.clone());
            let own = call("POST /my/orders/{order_id}/feedback").by(customer).path("order_id", order.as_str());
            let said = token.filter(|_| self.often(60)).map_or_else(|| own.json(body.clone()), by_link);
            let answer = self.ask(&said).await;
            if let Some(number) = answer.as_ref().and_then(|answer| answer.body["case"].as_str()) {
                case = Some(number.to_owned());
            }
            if let Some(token) = token.filter(|_| self.often(20)) {
                self.ask(&call("GET /feedback/{token}").path("token", token)).await;
            }
        }
        // Some are left lying until somebody is told.
        if let Some(case) = case.filter(|_| self.often(88)) {
            self.answer_complaint(customer, driver, &case).await;
            if self.often(35) {
                self.not_be_content(customer, driver, &case).await;
            }
        }
    }

    async fn answer_complaint(self: &Rc<Self>, customer: &str, driver: &str, case: &str) {
        let agent = self.one_of(&AGENTS);
        self.wait().await;
        let path = |route: &str| call(route).path("case_id", case);
        if self.often(20) {
            let list = call("GET /cases").by(agent).query("region", "mainz");
            self.ask(&if self.often(50) { list.query("team", COMPLAINTS) } else { list }).await;
        }
        let seen = self.ask(&path("GET /cases/{case_id}").by(agent)).await;
        if self.often(70) {
            let to = if self.often(90) { agent } else { customer };
            self.ask(&path("POST /cases/{case_id}/assignment").by(agent).json(json!({ "to": to }))).await;
        }
        if self.often(40) {
            let by = if self.often(90) { agent } else { driver };
            let categories: BTreeSet<&str> = (0..1 + self.below(2)).map(|_| self.one_of(&REASONS)).collect();
            let body = json!({ "categories": categories, "severity": self.one_of(&["minor", "serious", "critical"]) });
            self.ask(&path("POST /cases/{case_id}/sorting").by(by).json(body)).await;
        }
        if self.often(25) {
            self.ask(&path("POST /cases/{case_id}/update").by(agent).json(json!({}))).await;
        }
        if self.often(30) {
            self.join(agent, customer, case).await;
        }
        if self.often(45) {
            self.ask_back(agent, customer, case).await;
        }
        if self.often(70) {
            self.hear(agent, driver, case).await;
        }
        // How many facts there are.
        let facts = seen.as_ref().and_then(|seen| seen.body["facts"].as_array()).map_or(0, Vec::len) as u64;
        for _ in 0..3 {
            self.wait().await;
            let by = if self.often(85) { agent } else { self.one_of(&[customer, driver]) };
            let (first, other) = (self.below(2), self.below(facts + 1));
            let facts_for = if self.often(80) { vec![first] } else { vec![] };
            let mut body = json!({
                "cause": self.one_of(&["locker", "driver", "sender", "customer", "unknown"]),
                "measure": self.one_of(&["apology", "locker_repaired", "refund", "talk"]),
                "reasons": if self.often(90) { "Seen in the records." } else { " " },
                "facts_for": facts_for,
            });
            if self.often(20) {
                body["facts_against"] = json!([other]);
            }
            let mut request = path("POST /cases/{case_id}/decision").by(by).json(body);
            if let Some(version) =
                seen.as_ref().and_then(|seen| seen.body["version"].as_u64()).filter(|_| self.often(30))
            {
                request = request.header("if-match", &version.to_string());
            }
            if let Some(decided) = self.ask(&request).await.filter(|answer| answer.is_ok()) {
                if decided.body["decision"]["cause"] == "driver" && self.often(60) {
                    let contesting = self.beside("driver");
                    let (driver, case) = (driver.to_owned(), case.to_owned());
                    self.world.executor.spawn(async move { contesting.contest(&driver, &case).await });
                }
                break;
            }
        }
        if self.often(80) {
            self.wait().await;
            self.ask(&path("POST /cases/{case_id}/closing").by(agent).json(json!({}))).await;
        }
    }

    /// The owner asks; the customer answers soon, late, or never.
    async fn ask_back(&self, agent: &str, customer: &str, case: &str) {
        let path = |route: &str| call(route).path("case_id", case);
        let by = if self.often(90) { agent } else { self.one_of(&AGENTS) };
        let question = json!({ "question": "Which compartment was it?" });
        let asked = self.ask(&path("POST /cases/{case_id}/question").by(by).json(question)).await;
        if !asked.is_some_and(|it| it.is_ok()) {
            return;
        }
        const DAY: u64 = 24 * 3_600;
        // Beyond the fourteen days there are.
        let most = self.one_of(&[60, DAY / 2, 4 * DAY, 4 * DAY, 18 * DAY]);
        self.wait_up_to(Duration::from_secs(most)).await;
        let who = if self.often(85) { customer } else { self.one_of(&CUSTOMERS) };
        let text = if self.often(15) { self.one_of(&DANGERS) } else { "The small one." };
        if self.often(85) {
            self.ask(&path("POST /my/cases/{case_id}/answer").by(who).json(json!({ "text": text }))).await;
        }
        if self.often(30) {
            self.ask(&path("GET /my/cases/{case_id}").by(who)).await;
        }
    }

    /// The driver is asked, and says something soon, late or not at all.
    async fn hear(&self, agent: &str, driver: &str, case: &str) {
        let path = |route: &str| call(route).path("case_id", case);
        self.ask(&path("POST /cases/{case_id}/hearing").by(agent).json(json!({}))).await;
        if self.often(70) {
            self.wait().await;
            let who = if self.often(85) { driver } else { self.one_of(&DRIVERS) };
            let text = json!({ "text": "It was raining." });
            self.ask(&path("POST /driver/cases/{case_id}/statement").by(who).json(text)).await;
        } else {
            self.wait_up_to(Duration::from_secs(4 * 24 * 3_600)).await;
        }
        if self.often(30) {
            self.ask(&path("GET /driver/cases/{case_id}").by(driver)).await;
        }
    }

    /// The driver does not accept it, mostly in time; somebody answers, mostly.
    async fn contest(&self, driver: &str, case: &str) {
        const DAY: u64 = 24 * 3_600;
        let path = |route: &str| call(route).path("case_id", case);
        self.wait_up_to(Duration::from_secs(self.one_of(&[3_600, 5 * DAY, 25 * DAY]))).await;
        let who = if self.often(90) { driver } else { self.one_of(&DRIVERS) };
        self.ask(&path("POST /driver/cases/{case_id}/contest").by(who).json(json!({ "text": "It was not me." }))).await;
        if self.often(15) {
            return;
        }
        for _ in 0..2 {
            self.wait_up_to(Duration::from_secs(self.one_of(&[3_600, 5 * DAY]))).await;
            let body = json!({ "granted": self.often(50), "reasons": "Looked at it again." });
            self.ask(&path("POST /cases/{case_id}/contest-answer").by(self.one_of(&AGENTS)).json(body)).await;
        }
    }

    /// Support finds that another case is about the same; mostly one of the same customer.
    async fn join(&self, agent: &str, customer: &str, case: &str) {
        let same = self.often(75);
        let others: Vec<String> = {
            let history = self.world.history.borrow();
            let cases = history.states.values().filter_map(|state| match state {
                State::Case(it) if it.id.as_str() != case && (!same || it.customer.as_str() == customer) => {
                    Some(it.id.to_string())
                }
                _ => None,
            });
            cases.collect()
        };
        if let Some(into) = self.any_of(&others) {
            let join = call("POST /cases/{case_id}/joining").by(agent).path("case_id", case);
            self.ask(&join.json(json!({ "into": into }))).await;
        }
    }

    /// The answer is not the end of it, mostly in time.
    async fn not_be_content(self: &Rc<Self>, customer: &str, driver: &str, case: &str) {
        const DAY: u64 = 24 * 3_600;
        self.wait_up_to(Duration::from_secs(self.one_of(&[3_600, 5 * DAY, 12 * DAY, 25 * DAY]))).await;
        let path = |route: &str| call(route).path("case_id", case);
        let text = if self.often(15) { self.one_of(&DANGERS) } else { "That is not so." };
        let reopened = if self.often(75) {
            let who = if self.often(90) { customer } else { self.one_of(&CUSTOMERS) };
            self.ask(&path("POST /my/cases/{case_id}/reopening").by(who).json(json!({ "text": text }))).await
        } else {
            let by = if self.often(85) { self.one_of(&AGENTS) } else { driver };
            self.ask(&path("POST /cases/{case_id}/reopening").by(by).json(json!({ "reason": text }))).await
        };
        if reopened.is_some_and(|it| it.is_ok()) && self.often(85) {
            Box::pin(self.answer_complaint(customer, driver, case)).await;
        }
    }

    // ---------- a fault

    fn any_faults(&self, locker: &LockerId) -> Vec<(Unit, FaultCode)> {
        let count = match self.below(10) {
            0..7 => 1,
            7..9 => 2,
            _ => 4,
        };
        (0..count)
            .map(|_| {
                let unit = site::any_unit(locker, &mut self.chance.borrow_mut());
                let code = match self.below(10) {
                    0..4 => FaultCode::LockJammed,
                    4 => FaultCode::DoorNotClosing,
                    5 => self.one_of(&[FaultCode::ReaderFault, FaultCode::DisplayFault, FaultCode::ControllerFault]),
                    _ => self.one_of(&FaultCode::ALL),
                };
                (unit, code)
            })
            // A locker finds out by its connection that it has lost it.
            .filter(|(_, code)| *code != FaultCode::NetworkLost)
            .collect()
    }

    /// A lock takes commands and its door stays shut; the device does not know that this is a fault.
    async fn stay_shut(&self, locker: &LockerId) {
        let number = 1 + self.below(site::compartments_of(locker).into()) as u16;
        let number: CompartmentNumber = number.try_into().expect("a number");
        self.world.at_device(locker, |device| {
            device.broken.entry(Unit::Compartment(number)).or_default().insert(FaultCode::LockJammed);
        });
        for _ in 0..1 + self.below(2) {
            self.world.report_door(locker, &format!("told-{}", self.name()), "open_acknowledged", number);
            self.wait_up_to(Duration::from_secs(20)).await;
        }
        if self.often(20) {
            self.world.report_door(locker, &format!("open-{}", self.name()), "door_opened", number);
        }
        let found_by = domain::door::OPENS_WITHIN.unsigned_abs() + Duration::from_secs(120);
        self.world.executor.sleep(found_by).await;
        if self.often(90) {
            self.repair(locker).await;
        }
    }

    /// A door jams when the time of somebody's parcel, or of a place that is held, is all but over.
    async fn break_at_the_last_moment(&self) {
        let ending: Vec<(domain::Timestamp, LockerId, CompartmentNumber)> = {
            let history = self.world.history.borrow();
            let of = |order: &Order| {
                let (locker, number) = order.compartment()?;
                Some((order.ends()?.1, locker.clone(), number))
            };
            history.orders().filter_map(of).collect()
        };
        let Some((ends_at, locker, number)) = self.any_of(&ending) else { return };
        let before = domain::SignedDuration::from_secs(self.below(40) as i64);
        let wait = (ends_at - before).duration_since(self.world.now()).max(domain::SignedDuration::ZERO);
        self.world.executor.sleep(wait.unsigned_abs()).await;
        let jammed = [(Unit::Compartment(number), FaultCode::LockJammed)];
        self.world.at_device(&locker, |device| device.break_down(&jammed));
        self.world.report_faults(&locker, &format!("fault-{}", self.name()), &[(jammed[0].0, "lock_jammed")]);
        if self.often(90) {
            self.repair(&locker).await;
        }
    }

    /// A device does what is asked of it from afar: mostly in time, sometimes with success, and proves it.
    async fn restart_as_asked(&self, locker: &LockerId) {
        for _ in 0..self.below(8) {
            self.wait_up_to(Duration::from_secs(self.one_of(&[5, 5, 60, 300]))).await;
            let (helps, lies) = (self.often(70), self.often(10));
            self.world.restart_as_asked(locker, &self.name(), helps, lies);
            self.wait_up_to(Duration::from_secs(20)).await;
            if self.often(80) {
                self.world.try_doors(locker, &self.name());
            }
        }
    }

    async fn breakdown(self: Rc<Self>) {
        let locker = self.any_locker();
        if self.often(12) {
            return self.stay_shut(&locker).await;
        }
        if self.often(15) {
            return self.break_at_the_last_moment().await;
        }
        let broken = self.any_faults(&locker);
        if broken.is_empty() {
            return;
        }
        let faults: Vec<(Unit, &str)> = broken.iter().map(|(unit, code)| (*unit, code.as_str())).collect();
        self.world.at_device(&locker, |device| device.break_down(&broken));
        let id = format!("fault-{}", self.name());
        self.world.report_faults(&locker, &id, &faults);
        if broken.iter().any(|(_, code)| code.listed().recovery.is_some()) {
            self.restart_as_asked(&locker).await;
        }
        if self.often(10) {
            self.wait().await;
            self.mark_a_fault(self.one_of(&TECHNICIANS), &locker).await;
            self.plan_otherwise(self.one_of(&TECHNICIANS), &locker).await;
        }
        // A team that does not react for hours, or for days.
        if self.often(15) {
            let hours = self.one_of(&[1, 3, 30, 200]);
            self.wait_up_to(Duration::from_secs(hours * 3_600)).await;
        }
        for _ in 0..self.below(4) {
            self.wait().await;
            // A door that jams reports on every retry: as another message, or as the same one.
            let id = if self.often(70) { format!("fault-{}", self.name()) } else { id.clone() };
            self.world.report_faults(&locker, &id, &faults);
        }
        if self.often(20) {
            // It is over by itself, or comes and goes.
            for time in 0..1 + self.below(5) {
                self.wait_up_to(Duration::from_secs(90)).await;
                self.world.at_device(&locker, |device| device.mend(&broken));
                self.world.report_gone(&locker, &format!("gone-{}-{time}", self.name()), &broken);
                if self.often(50) {
                    self.wait_up_to(Duration::from_secs(90)).await;
                    self.world.at_device(&locker, |device| device.break_down(&broken));
                    self.world.report_faults(&locker, &format!("again-{}-{time}", self.name()), &faults);
                }
            }
        }
        if self.often(90) {
            self.repair(&locker).await;
        }
    }

    /// The latest work order that a team was called for.
    fn called_for(&self, locker: &LockerId) -> Option<WorkOrderId> {
        let mail = self.world.mail.borrow();
        let of_teams = mail.iter().filter(|(topic, _)| topic.contains("-team-")).flat_map(|(_, all)| all);
        of_teams
            .filter_map(|mail| match &mail.notice.message {
                Message::WorkOrderCalled { work_order, .. } if work_order.locker == *locker => Some(work_order.clone()),
                Message::WorkOrderCalled { visited_with, .. } => {
                    visited_with.iter().find(|it| it.locker == *locker).cloned()
                }
                // Every locker of an incident has a work order of its own, which the list names.
                Message::IncidentReported { .. } => {
                    self.world.history.borrow().work_order(locker).map(|it| it.id.clone())
                }
                _ => None,
            })
            .max_by_key(|work_order| work_order.number)
    }

    async fn repair(&self, locker: &LockerId) {
        let technician = self.one_of(&TECHNICIANS);
        for round in 0..10 {
            self.wait().await;
            let Some(work_order) = self.called_for(locker) else { continue };
            let known =
                call("GET /work-orders/{work_order_id}").by(technician).path("work_order_id", &work_order.to_string());
            let Some(seen) = self.ask(&known).await else { continue };
            if self.often(12) {
                self.mark_a_fault(technician, locker).await;
            }
            match seen.body["status"].as_str().unwrap_or_default() {
                "open" if self.often(70) => self.step(technician, &work_order, "acknowledge").await,
                "open" | "acknowledged" | "on_hold" => self.step(technician, &work_order, "start").await,
                "in_progress" if self.often(15) => {
                    self.step(technician, &work_order, "hold").await;
                    if self.often(30) {
                        self.wait_up_to(Duration::from_secs(50 * 3_600)).await;
                    }
                }
                "in_progress" => {
                    if self.often(85) {
                        // Mended: what is broken is no longer, if it was found at all.
                        self.world.at_device(locker, |device| device.broken.clear());
                    }
                    self.step(technician, &work_order, "report-repaired").await;
                }
                "repaired" => {
                    let name = format!("{}-{round}", self.name());
                    self.world.try_doors(locker, &name);
                }
                _ => return,
            }
        }
    }

    /// Somebody says of one fault that it was seen, puts it aside, or takes that back.
    async fn mark_a_fault(&self, by: &str, locker: &LockerId) {
        let known = self.world.history.borrow().work_order(locker).cloned();
        let Some(known) = known else { return };
        let faults: Vec<(Unit, FaultCode)> =
            known.units.iter().flat_map(|(unit, repair)| repair.codes.iter().map(|code| (*unit, *code))).collect();
        let Some((unit, code)) = self.any_of(&faults) else { return };
        let (step, body) = match self.below(6) {
            0..2 => ("acknowledge", json!({})),
            2..5 => ("shelve", json!({ "hours": self.one_of(&[1, 1, 2, 60]), "reason": "the part is ordered" })),
            _ => ("unshelve", json!({})),
        };
        let request = call("POST /work-orders/{work_order_id}/faults/{unit}/{code}/{step}").by(by);
        let request = request.path("work_order_id", &known.id.to_string()).path("unit", &unit.to_string());
        self.ask(&request.path("code", code.as_str()).path("step", step).json(body)).await;
    }

    /// Somebody cancels a work order, makes it a part of another one's visit, or takes it out of one.
    async fn plan_otherwise(&self, by: &str, locker: &LockerId) {
        let latest = |of: &LockerId| self.world.history.borrow().work_order(of).map(|it| it.id.clone());
        let Some(work_order) = latest(locker) else { return };
        let (step, body) = match self.below(4) {
            0 => ("cancel", json!({ "reason": "a test of ours" })),
            1 => ("separate", json!({})),
            _ => ("merge", json!({ "into": latest(&self.any_locker()).unwrap_or_else(|| work_order.clone()) })),
        };
        let request = call("POST /work-orders/{work_order_id}/{step}").by(by);
        self.ask(&request.path("work_order_id", &work_order.to_string()).path("step", step).json(body)).await;
    }

    async fn step(&self, technician: &str, work_order: &WorkOrderId, step: &str) {
        let body = match step {
            "acknowledge" if self.often(30) => json!({ "technician": self.one_of(&TECHNICIANS) }),
            "hold" => json!({ "reason": "waiting for a part", "references": ["https://photos.example/7.jpg"] }),
            "report-repaired" => json!({ "note": "lock changed", "parts": ["lock"], "references": ["s3://photos/7"] }),
            _ => json!({}),
        };
        let request = call("POST /work-orders/{work_order_id}/{step}").by(technician);
        let request = request.path("work_order_id", &work_order.to_string()).path("step", step).json(body);
        self.ask(&request).await;
    }

    // ---------- a recovery

    /// A parcel that cannot be collected.
    fn any_trapped(&self) -> Option<OrderId> {
        let trapped = |order: &&Order| {
            order.status == OrderStatus::Recovery
                || order.status == OrderStatus::Deposited && order.pickup_stopped_at.is_some()
        };
        let orders: Vec<OrderId> =
            self.world.history.borrow().orders().filter(trapped).map(|order| order.id.clone()).collect();
        self.any_of(&orders)
    }

    /// Somebody looks into a compartment of which nobody knows what is inside, and mostly says what is so.
    async fn look_inside(&self) {
        let disputed: Vec<(LockerId, CompartmentNumber)> = {
            let history = self.world.history.borrow();
            let all = history.states.values().filter_map(|state| match state {
                domain::State::Compartment(it) if matches!(it.occupancy, Occupancy::Unknown { .. }) => Some(it),
                _ => None,
            });
            all.map(|it| (it.locker.clone(), it.number)).collect()
        };
        let Some((locker, number)) = self.any_of(&disputed) else { return };
        let inside = self.world.at_device(&locker, |device| device.inside.get(&number).cloned());
        for _ in 0..2 {
            let orders: Vec<OrderId> = self.world.history.borrow().orders().map(|order| order.id.clone()).collect();
            let body = match (&inside, self.below(10)) {
                (_, 0) => json!({ "empty": true }),
                (_, 1) => json!({ "order_id": self.any_of(&orders) }),
                (Some(order), _) => json!({ "order_id": order }),
                (None, _) => json!({ "empty": true }),
            };
            let said = call("POST /lockers/{locker_id}/compartments/{compartment}/contents");
            let said = said.by(self.one_of(&TECHNICIANS)).path("locker_id", locker.as_str());
            self.ask(&said.path("compartment", &number.to_string()).json(body)).await;
        }
    }

    /// Somebody fetches a trapped parcel, alone or with others who do the same.
    async fn recover(self: Rc<Self>) {
        let mut trapped = None;
        for _ in 0..6 {
            self.wait().await;
            self.look_inside().await;
            trapped = self.any_trapped();
            if trapped.is_some() {
                break;
            }
        }
        let Some(order) = trapped else { return };
        for _ in 0..12 {
            let Some(known) = self.world.history.borrow().order(&order).cloned() else { return };
            let holder = known.recovery.as_ref().and_then(|it| it.holder()).map(ToString::to_string);
            match (known.status, &known.place) {
                (OrderStatus::Deposited, _) if known.pickup_stopped_at.is_some() => {
                    let mut body = json!({ "order_id": order });
                    if self.often(60) {
                        body["locker_id"] = json!(self.any_locker());
                    }
                    self.ask(&call("POST /recoveries").by(self.one_of(&TECHNICIANS)).json(body)).await;
                }
                (OrderStatus::Recovery, Place::Compartment { locker, compartment }) => {
                    let by = self.one_of(&TECHNICIANS);
                    let (step, body) = match self.below(10) {
                        0 => ("abandon", json!({ "reason": "stuck" })),
                        1 => ("redirect", json!({ "locker_id": self.any_locker() })),
                        2 => ("receive", json!({ "from": self.one_of(&TECHNICIANS) })),
                        _ => ("take", json!({})),
                    };
                    let done = self.fetch(by, &order, step, body).await.is_some_and(|answer| answer.is_ok());
                    if done && step == "take" {
                        self.world.at_device(locker, |device| device.inside.remove(compartment));
                    }
                }
                (OrderStatus::Recovery, Place::Custody) => {
                    let holder = holder.unwrap_or_default();
                    match self.below(10) {
                        0..3 => {
                            let from = if self.often(80) { holder } else { self.one_of(&TECHNICIANS).to_owned() };
                            let by = self.one_of(&[TECHNICIANS[0], TECHNICIANS[1], DRIVERS[0], DRIVERS[1]]);
                            self.fetch(by, &order, "receive", json!({ "from": from })).await;
                        }
                        3 => drop(self.fetch(&holder, &order, "redirect", json!({})).await),
                        4 => drop(self.fetch(&holder, &order, "abandon", json!({ "reason": "tired" })).await),
                        _ => self.bring(&holder, &known).await,
                    }
                }
                _ => return,
            }
            self.wait().await;
        }
    }

    async fn fetch(&self, by: &str, order: &OrderId, step: &str, body: Value) -> Option<Answer> {
        let request = call("POST /recoveries/{order_id}/{step}").by(by).path("order_id", order.as_str());
        self.ask(&request.path("step", step).json(body)).await
    }

    /// Who has a parcel puts it where a door opens for it.
    async fn bring(&self, holder: &str, known: &Order) {
        let Some(target) = known.recovery_target() else { return };
        let body = json!({ "order_id": known.id, "locker_id": target.locker });
        let allowed = self.ask(&call("POST /deposits").by(holder).json(body)).await;
        let opened = allowed.filter(|it| it.is_ok()).and_then(|it| it.body["compartment"].as_u64());
        let Some(Ok(number)) = opened.map(|it| CompartmentNumber::try_from(it as u16)) else { return };
        let locker = &target.locker;
        let inside = self.world.at_device(locker, |device| {
            let free = !device.inside.contains_key(&number);
            if free {
                device.inside.insert(number, known.id.clone());
            }
            free
        });
        if inside {
            let id = format!("brought-{}", self.name());
            self.world.report_parcel(locker, &id, "parcel_deposited", &known.id, number);
        }
    }

    // ---------- a return

    /// Somebody fetches a parcel that nobody has collected, and brings it back; or gives up, or is not who has it.
    async fn bring_back(self: Rc<Self>) {
        let goes_back = |order: &&Order| order.is_expired_inside() || order.is_being_returned();
        let mut found = None;
        for _ in 0..8 {
            self.wait_up_to(Duration::from_secs(20 * 3_600)).await;
            let orders: Vec<OrderId> =
                self.world.history.borrow().orders().filter(goes_back).map(|order| order.id.clone()).collect();
            found = self.any_of(&orders);
            if found.is_some() {
                break;
            }
        }
        let Some(order) = found else { return };
        let people = [TECHNICIANS[0], TECHNICIANS[1], DRIVERS[0], DRIVERS[1]];
        for _ in 0..8 {
            let Some(known) = self.world.history.borrow().order(&order).cloned() else { return };
            let holder = known.recovery.as_ref().and_then(|it| it.holder()).map(ToString::to_string);
            match (known.status, &known.place) {
                (OrderStatus::Expired, _) if self.often(20) => self.extend(&order).await,
                (OrderStatus::Expired, _) => {
                    let body = json!({ "order_id": order });
                    self.ask(&call("POST /returns").by(self.one_of(&people)).json(body)).await;
                }
                (OrderStatus::Recovery, Place::Compartment { locker, compartment }) => {
                    let (step, body) = match self.below(10) {
                        0 => ("abandon", json!({ "reason": "no time" })),
                        1 => ("redirect", json!({ "locker_id": self.any_locker() })),
                        2 => ("return", json!({})),
                        _ => ("take", json!({})),
                    };
                    let done = self.fetch(self.one_of(&people), &order, step, body).await;
                    if done.is_some_and(|answer| answer.is_ok()) && step == "take" {
                        self.world.at_device(locker, |device| device.inside.remove(compartment));
                    }
                }
                (OrderStatus::Recovery, Place::Custody) => {
                    let holder = holder.unwrap_or_default();
                    let by = self.one_of(&people);
                    match self.below(10) {
                        0..3 => drop(self.fetch(by, &order, "receive", json!({ "from": holder })).await),
                        3 => drop(self.fetch(by, &order, "return", json!({})).await),
                        _ => drop(self.fetch(&holder, &order, "return", json!({})).await),
                    }
                }
                _ => return,
            }
            self.wait().await;
        }
    }

    // ---------- an outage

    async fn outage(self: Rc<Self>) {
        let locker = self.any_locker();
        for _ in 0..1 + self.below(3) {
            let rebooted = self.often(60);
            // A new session may begin before the broker has noticed the end of the old one.
            if self.often(75) {
                self.world.disconnect(&locker);
                match self.below(3) {
                    0 => self.wait_up_to(Duration::from_secs(3)).await,
                    1 => self.wait_up_to(Duration::from_secs(150)).await,
                    _ => self.wait_up_to(Duration::from_secs(1_800)).await,
                }
            }
            self.world.connect(&locker, rebooted);
            if rebooted {
                self.world.report_occupancy(&locker, &format!("seen-{}", self.name()), None);
            }
            self.wait().await;
        }
        if self.often(50) {
            self.repair(&locker).await;
        }
    }

    // ---------- a controller that hangs

    async fn hang(self: Rc<Self>) {
        let locker = self.any_locker();
        let bad = [
            json!({}),
            json!({}),
            json!({ "power": "battery", "battery_percent": 70 }),
            json!({ "temperature_c": 64 }),
            json!({ "signal_dbm": -119 }),
            json!({ "sent_at": "1970-01-01T00:00:00Z" }),
        ];
        let mut wrong = bad[self.below(bad.len() as u64) as usize].clone();
        for _ in 0..2 + self.below(6) {
            if self.often(10) {
                wrong = json!({});
            }
            self.say_how_it_is(&locker, &wrong).await;
        }
        // It stays connected, mostly, and says nothing.
        match self.below(4) {
            0 => self.wait_up_to(Duration::from_secs(1_800)).await,
            1 => {
                self.world.disconnect(&locker);
                self.wait_up_to(Duration::from_secs(1_200)).await;
                self.world.connect(&locker, true);
            }
            _ => {}
        }
        if self.often(50) {
            self.world.connect(&locker, true);
            for _ in 0..self.below(5) {
                self.say_how_it_is(&locker, &json!({})).await;
            }
        }
        // Once it is found, it is tried from afar, and somebody comes.
        let found_by = domain::heartbeat::SILENT_AFTER.unsigned_abs() + Duration::from_secs(120);
        self.world.executor.sleep(found_by).await;
        if self.often(40) {
            self.restart_as_asked(&locker).await;
        }
        if self.often(90) {
            self.repair(&locker).await;
        }
    }

    /// A heartbeat, and the time until the next one.
    async fn say_how_it_is(&self, locker: &LockerId, changed: &Value) {
        let id = format!("beat-{}", self.name());
        self.world.send_heartbeat(locker, &id, changed);
        let every = domain::heartbeat::HEARTBEAT_EVERY.unsigned_abs();
        let early = Duration::from_millis(self.below(3_000));
        self.world.executor.sleep(every - early).await;
    }

    /// Everybody is away for longer than the grace. Sometimes it is the power, which devices tell before they are gone.
    async fn blackout(self: Rc<Self>) {
        let power = self.often(30);
        for locker in site::lockers() {
            if self.often(10) {
                continue;
            }
            self.wait_up_to(Duration::from_secs(20)).await;
            if power {
                self.world.at_device(&locker, |device| {
                    device.broken.entry(Unit::Locker).or_default().insert(FaultCode::PowerLoss);
                });
                let id = format!("fault-{}", self.name());
                self.world.report_faults(&locker, &id, &[(Unit::Locker, FaultCode::PowerLoss.as_str())]);
            } else {
                self.world.disconnect(&locker);
            }
        }
        let minutes = self.one_of(&[4, 9, 40, 600]);
        self.wait_up_to(Duration::from_secs(minutes * 60)).await;
        for locker in site::lockers() {
            self.wait_up_to(Duration::from_secs(minutes * 20)).await;
            self.world.connect(&locker, true);
            if power && self.often(80) {
                self.repair(&locker).await;
            }
        }
    }

    // ---------- those who are not as they should be

    async fn lie(self: Rc<Self>) {
        let (locker, other) = (self.any_locker(), self.any_locker());
        let name = self.name();
        let orders: Vec<OrderId> = self.world.history.borrow().orders().map(|order| order.id.clone()).collect();
        let order = self.any_of(&orders).unwrap_or_else(|| "nobody".parse().expect("an id"));
        let number: CompartmentNumber = (1 + self.below(5) as u16).try_into().expect("a number");
        let unit = Unit::Compartment(number);
        match self.below(10) {
            9 => {
                self.world.report_occupancy(&locker, &format!("seen-{name}"), Some(number));
            }
            0 => self.world.publish_bytes(&locker, "fault_intake", b"{\"version\":1,", &name),
            1 => self.world.publish_bytes(&locker, "parcel_events", &[0xff, 0xfe, 0x00], &name),
            2 => self.world.publish_bytes(&locker, self.one_of(&["presence", "heartbeat_intake"]), b"[]", &name),
            // As if it were another locker, with its own key.
            3 => {
                let lie = json!({ "locker_id": other, "faults": [{ "unit": "1", "code": "lock_jammed" }] });
                self.world.publish_from(&locker, "fault_intake", &format!("lie-{name}"), lie);
            }
            // A compartment that does not exist, and one that does.
            4 => {
                let faults =
                    json!({ "faults": [{ "unit": "77", "code": "tamper" }, { "unit": unit, "code": "tamper" }] });
                self.world.publish_from(&locker, "fault_intake", &format!("lie-{name}"), faults);
            }
            // One id for two messages.
            5 => {
                for code in ["door_not_closing", "display_fault"] {
                    self.world.report_faults(&locker, &format!("lie-{name}"), &[(unit, code)]);
                }
            }
            // Parcels that came and went nowhere.
            6 => {
                let kind = self.one_of(&["parcel_deposited", "parcel_collected"]);
                self.world.report_parcel(&locker, &format!("lie-{name}"), kind, &order, number);
            }
            // Doors that nobody asked to try, of this or of another locker.
            7 => {
                let known = self.world.history.borrow().work_order(&other).cloned();
                if let Some(known) = known {
                    let attempt = known.repairs_reported.saturating_sub(self.below(2) as u32);
                    let unit = known.units.keys().next().copied().unwrap_or(unit);
                    for time in 0..3 {
                        let id = format!("lie-{name}-{time}");
                        self.world.report_opening(&locker, &id, &known.id, attempt, unit, true);
                    }
                }
            }
            _ => self.world.report_shadow(&locker, true, &name),
        }
    }

    async fn pry(self: Rc<Self>) {
        self.wait().await;
        let orders: Vec<OrderId> = self.world.history.borrow().orders().map(|order| order.id.clone()).collect();
        let Some(order) = self.any_of(&orders) else { return };
        let (person, order) = (self.one_of(&CUSTOMERS), order.as_str());
        let ratings = json!({ "delivery": 1, "condition": 1, "punctuality": 1, "driver": 1 });
        let feedback = json!({ "ratings": ratings, "answer_wanted": true });
        self.ask(&call("GET /my/orders/{order_id}").by(person).path("order_id", order)).await;
        let place = call("POST /my/orders/{order_id}/place").by(person).path("order_id", order);
        if self.often(30) {
            self.ask(&place.json(json!({ "home": true }))).await;
        }
        if self.often(30) {
            let own = call("POST /my/orders/{order_id}/feedback").by(person).path("order_id", order);
            self.ask(&own.json(feedback)).await;
        }
        // A link that somebody received, some time later, or for something else, or altered.
        let links: Vec<String> = {
            let mail = self.world.mail.borrow();
            mail.values().flatten().filter_map(|mail| mail.link.clone()).collect()
        };
        let Some(link) = self.any_of(&links) else { return };
        let token = link.rsplit('/').next().unwrap_or_default().to_owned();
        let token = if self.often(20) { token.replacen('e', "f", 1) } else { token };
        if self.often(15) {
            self.world.executor.sleep(Duration::from_secs(15 * 24 * 3_600)).await;
        }
        let body: Value = json!({ "home": true });
        self.ask(&call("POST /choices/{token}").path("token", &token).json(body)).await;
        self.ask(&call("GET /feedback/{token}").path("token", &token)).await;
    }

    async fn confuse(self: Rc<Self>) {
        self.wait().await;
        let locker = self.any_locker();
        let number = 1 + self.below(4) as u32;
        let work_order = WorkOrderId { locker: locker.clone(), number };
        for _ in 0..3 {
            let step = self.one_of(&["acknowledge", "start", "hold", "report-repaired", "start"]);
            let latest = self.world.history.borrow().work_order(&locker).map(|it| it.id.clone());
            let work_order = latest.filter(|_| self.often(70)).unwrap_or_else(|| work_order.clone());
            self.step(self.one_of(&TECHNICIANS), &work_order, step).await;
            self.wait_up_to(Duration::from_secs(2)).await;
        }
        for _ in 0..2 {
            self.plan_otherwise(self.one_of(&TECHNICIANS), &locker).await;
            self.mark_a_fault(self.one_of(&[TECHNICIANS[0], OPERATOR]), &locker).await;
        }
        let orders: Vec<OrderId> = self.world.history.borrow().orders().map(|order| order.id.clone()).collect();
        if let Some(order) = self.any_of(&orders) {
            let body = json!({ "order_id": order, "locker_id": locker });
            self.ask(&call("POST /deposits").by(self.one_of(&DRIVERS)).json(body)).await;
        }
    }

    async fn look(self: Rc<Self>) {
        for _ in 0..4 {
            self.wait().await;
            let locker = self.any_locker();
            let orders: Vec<OrderId> = self.world.history.borrow().orders().map(|order| order.id.clone()).collect();
            let order = self.any_of(&orders);
            let agent = self.one_of(&AGENTS);
            let request = match (self.below(11), order) {
                (10, _) => call("GET /public/lockers/{locker_id}").path("locker_id", locker.as_str()),
                (7, _) => call("GET /figures")
                    .by(agent)
                    .query("region", "mainz")
                    .query("by", self.one_of(&["region", "locker", "firmware"])),
                (8, _) => {
                    let note = json!({ "note": "hinges oiled" });
                    let serviced = call("POST /lockers/{locker_id}/preventive-work").by(self.one_of(&TECHNICIANS));
                    serviced.path("locker_id", locker.as_str()).json(note)
                }
                (9, _) => call("GET /shelved-faults").by(agent).query("region", "mainz"),
                (5, _) => call("GET /work-orders").by(self.one_of(&TECHNICIANS)).query("region", "mainz"),
                (6, _) => call("GET /lockers/{locker_id}/availability")
                    .by_order_system()
                    .path("locker_id", locker.as_str())
                    .query("reachable", self.one_of(&["true", "false"])),
                (0, Some(order)) => call("GET /support/orders/{order_id}").by(agent).path("order_id", order.as_str()),
                (1, _) => call("GET /support/lockers/{locker_id}").by(agent).path("locker_id", locker.as_str()),
                (2, _) => call("GET /support/drivers/{driver_id}").by(agent).path("driver_id", self.one_of(&DRIVERS)),
                (3, _) => call("GET /lockers/{locker_id}").by(agent).path("locker_id", locker.as_str()),
                (4, _) => call("GET /lockers/{locker_id}/trapped-parcels").by(agent).path("locker_id", locker.as_str()),
                _ => call("GET /lockers")
                    .by_order_system()
                    .query("latitude_e6", "50001300")
                    .query("longitude_e6", "8258800"),
            };
            self.ask(&request).await;
        }
    }

    // ---------- the operator

    async fn decide(&self, locker: &LockerId, unit: Unit, to: &str) -> Option<Answer> {
        let (route, what) = match unit {
            Unit::Locker => ("POST /lockers/{locker_id}/service", "lifecycle"),
            Unit::Compartment(_) => ("POST /lockers/{locker_id}/compartments/{number}/service", "service"),
        };
        let body = json!({ what: to, "reason": "as planned" });
        let request = call(route).by(OPERATOR).path("locker_id", locker.as_str()).path("number", &unit.to_string());
        let version = self.world.history.borrow().commits.len().to_string();
        // Sometimes by what was true some time ago.
        let request = if self.often(5) { request.header("if-match", &version) } else { request };
        self.ask(&request.json(body)).await
    }

    /// A window of maintenance is planned, soon and for some minutes or hours; sometimes it is cancelled.
    async fn maintain(&self, locker: &LockerId) {
        let at = |seconds: u64| self.world.now() + domain::SignedDuration::from_secs(seconds as i64);
        let from = self.below(5_400);
        let until = from + self.one_of(&[20, 120, 900, 7_200]);
        let body = json!({
            "from": at(from), "until": at(until), "lead_hours": self.below(2), "reason": "as planned",
        });
        let plan = call("POST /lockers/{locker_id}/maintenance").by(OPERATOR).path("locker_id", locker.as_str());
        let Some(planned) = self.ask(&plan.json(body)).await else { return };
        self.wait().await;
        let window = planned.body["number"].as_u64().unwrap_or(1);
        if self.often(25) {
            let cancel = call("DELETE /lockers/{locker_id}/maintenance/{window}").by(OPERATOR);
            self.ask(&cancel.path("locker_id", locker.as_str()).path("window", &window.to_string())).await;
        }
        let shown = call("GET /lockers/{locker_id}/maintenance").by(OPERATOR).path("locker_id", locker.as_str());
        self.ask(&shown).await;
    }

    async fn serve(self: Rc<Self>) {
        let locker = self.any_locker();
        if self.often(35) {
            return self.maintain(&locker).await;
        }
        let unit = site::any_unit(&locker, &mut self.chance.borrow_mut());
        let (ways, back): (&[&str], &str) = match unit {
            Unit::Locker => (&["draining", "maintenance", "maintenance", "commissioning"], "active"),
            Unit::Compartment(_) => (&["draining", "blocked", "blocked", "blocked"], "in_service"),
        };
        for _ in 0..1 + self.below(3) {
            self.wait().await;
            self.decide(&locker, unit, self.one_of(ways)).await;
        }
        // Few lockers: one that is gone leaves less to all the others.
        if self.often(if unit == Unit::Locker { 10 } else { 30 }) {
            self.wait().await;
            self.decide(&locker, unit, "decommissioned").await;
        }
        // A door may be left as it is for good.
        if unit != Unit::Locker && self.often(30) {
            return;
        }
        for _ in 0..2 {
            self.wait().await;
            if self.often(90) {
                self.decide(&locker, unit, back).await;
            }
        }
    }

    /// Support gives a parcel more time, to come or to be collected, and more, and then too much.
    async fn extend_deadlines(&self) {
        let waits = |order: &&Order| order.ends().is_some() || order.status == OrderStatus::Deposited;
        let orders: Vec<OrderId> =
            self.world.history.borrow().orders().filter(waits).map(|order| order.id.clone()).collect();
        let Some(order) = self.any_of(&orders) else { return };
        for _ in 0..1 + self.below(4) {
            self.extend(&order).await;
        }
    }

    async fn extend(&self, order: &OrderId) {
        let body = json!({ "extend_by_hours": 1 + self.below(60), "reason": "is ill" });
        let by = self.one_of(&AGENTS);
        let request = call("POST /support/orders/{order_id}/deadline").by(by).path("order_id", order.as_str());
        self.ask(&request.json(body)).await;
    }

    /// Support sends an order elsewhere, whether it is on its way or not, and says why.
    async fn reroute(&self) {
        let orders: Vec<OrderId> = {
            let history = self.world.history.borrow();
            let underway = self.often(80);
            history.orders().filter(|it| it.is_underway() || !underway).map(|order| order.id.clone()).collect()
        };
        let Some(order) = self.any_of(&orders) else { return };
        for _ in 0..1 + self.below(2) {
            let body = match self.below(4) {
                0 => json!({ "home": true, "reason": "roadworks" }),
                1 => json!({ "locker_id": self.any_locker(), "reason": "roadworks" }),
                2 => json!({ "shop": true, "reason": "roadworks" }),
                _ => json!({ "best": true, "reason": "roadworks" }),
            };
            let request = call("POST /support/orders/{order_id}/reroute").by(self.one_of(&AGENTS));
            self.ask(&request.path("order_id", order.as_str()).json(body)).await;
            let note = call("POST /support/orders/{order_id}/notes").by(self.one_of(&AGENTS));
            self.ask(&note.path("order_id", order.as_str()).json(json!({ "note": "rang twice" }))).await;
        }
    }

    async fn change(self: Rc<Self>) {
        self.wait().await;
        let name = self.name();
        if self.often(40) {
            self.extend_deadlines().await;
        } else if self.often(40) {
            self.reroute().await;
        } else if self.often(50) {
            site::register_again(&self.world, self.one_of(&CUSTOMERS), self.one_of(&CUSTOMERS), &name).await;
        } else {
            self.world.report_shadow(&self.any_locker(), false, &name);
        }
    }
}

//! One call of a function: the ports it is given, and what goes wrong with them.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use aws::keys::Key;
use aws::publisher::{PublishError, Publisher};
use aws::shadow::{DesireError, Desired, Looked, Shadow};
use aws::store::{CommitError, Item, Page, Query, Store, Unavailable, Write};
use domain::Timestamp;
use domain::id::LockerId;
use domain::notice::LinkPurpose;
use messages::Rendered;

use crate::chance::{Chance, seed_of};
use crate::world::World;

/// What a function was called for.
#[derive(Debug, Clone)]
pub enum Cause {
    Request(Rc<Asked>),
    Messages,
    Changes,
    Due,
}

/// A request, as far as what must come of it depends on it.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub route: String,
    pub person: Option<String>,
    /// What the signed link it came by allows, and until when, where it is one of ours.
    pub link: Option<(LinkPurpose, Timestamp)>,
    pub body: serde_json::Value,
}

/// What can go wrong with one call to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The function ends before the call has an effect.
    CrashBefore,
    /// The function ends after the call has had its effect, and never learns of it.
    CrashAfter,
    /// Refused at once, without effect.
    Throttled,
    /// No answer, no effect.
    TimeOutBefore,
    /// No answer, and an effect all the same.
    TimeOutAfter,
    /// No answer, and the effect comes later, when nobody waits for it any more.
    TimeOutThenEffect,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Fault; 6] = [
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::Throttled,
        Fault::TimeOutBefore,
        Fault::TimeOutAfter,
        Fault::TimeOutThenEffect,
    ];

    /// As a sentence has it.
    pub fn describe(self) -> &'static str {
        match self {
            Fault::CrashBefore => "CRASH before the effect",
            Fault::CrashAfter => "CRASH after the effect",
            Fault::Throttled => "THROTTLED",
            Fault::TimeOutBefore => "TIME-OUT before the effect",
            Fault::TimeOutAfter => "TIME-OUT after the effect",
            Fault::TimeOutThenEffect => "TIME-OUT, the effect comes later",
        }
    }
}

/// Why an invocation has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Crashed,
    TimedOut,
}

/// For how long a client waits for an answer at the most, as `aws::clients` has it: each operation with its retries.
const OPERATION_TIMEOUT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(4));

/// How long a write of a shadow that timed out may be on its way at the most.
const SHADOW_HELD_UP_MAX: Duration = Duration::from_secs(120);

/// One call of a function.
pub struct Invocation {
    pub world: Rc<World>,
    pub function: &'static str,
    pub id: u64,
    pub cause: Cause,
    pub now: Timestamp,
    chance: RefCell<Chance>,
    calls: Cell<u32>,
    crashed: Cell<bool>,
}

impl Invocation {
    /// A call that is about to be made. `name` is what makes it the one it is.
    pub fn new(world: &Rc<World>, function: &'static str, name: impl AsRef<[u8]>, cause: Cause) -> Rc<Self> {
        let id = seed_of(seed_of(world.seed, function), name);
        Rc::new(Self {
            world: world.clone(),
            function,
            id,
            cause,
            now: world.now(),
            chance: RefCell::new(Chance::new(id)),
            calls: Cell::new(0),
            crashed: Cell::new(false),
        })
    }

    /// Runs the handler to its end, or to the end that a crash or the function's time-out makes.
    pub async fn run<T>(self: &Rc<Self>, timeout: Duration, handler: impl Future<Output = T>) -> Result<T, Ended> {
        let world = &self.world;
        let _running = world.runs(self.function);
        // What was going on in it is gone the moment it ends.
        let mut handler = Some(Box::pin(handler));
        let mut timeout = pin!(world.executor.sleep(timeout));
        let ended = poll_fn(|context| {
            let outcome = handler.as_mut().expect("it runs").as_mut().poll(context);
            if self.crashed.get() {
                return Poll::Ready(Err(Ended::Crashed));
            }
            match outcome {
                Poll::Ready(answer) => Poll::Ready(Ok(answer)),
                Poll::Pending => timeout.as_mut().poll(context).map(|()| Err(Ended::TimedOut)),
            }
        })
        .await;
        drop(handler);
        if let Err(ended) = &ended {
            world.trace.borrow_mut().add(format!("{ended:?}"));
            world.tell(|| format!("    {} [{:04x}] ends: {ended:?}", self.function, self.id & 0xffff));
        }
        ended
    }

    /// What it was called by: the route, or the function where it has one trigger.
    pub fn trigger(&self) -> String {
        match &self.cause {
            Cause::Request(asked) => asked.route.clone(),
            Cause::Messages | Cause::Changes | Cause::Due => self.function.to_owned(),
        }
    }

    fn latency(&self) -> Duration {
        let mut chance = self.chance.borrow_mut();
        let (from, to) = match chance.below(1_000) {
            0..800 => (1_000, 12_000),
            800..985 => (12_000, 80_000),
            _ => (80_000, 1_500_000),
        };
        chance.time(Duration::from_micros(from), Duration::from_micros(to))
    }

    /// When a shadow is written by a request that was held up on its way.
    fn late(&self) -> Duration {
        self.chance.borrow_mut().time(OPERATION_TIMEOUT.1, SHADOW_HELD_UP_MAX)
    }

    /// A call to AWS: it travels, has its effect, and its answer travels back, each of which can fail.
    pub async fn call<T: 'static, E: From<Unavailable> + 'static>(
        self: &Rc<Self>,
        what: &'static str,
        about: &dyn Fn() -> String,
        effect: impl FnOnce(&Rc<Self>) -> Result<T, E> + 'static,
    ) -> Result<T, E> {
        let world = &self.world;
        let number = self.calls.get();
        self.calls.set(number + 1);
        let (there, back) = (self.latency(), self.latency());
        let roll = self.chance.borrow_mut().seed();
        let fault = world.trouble.strike(self, what, number, roll);
        if let Some(fault) = fault {
            world.tell(|| {
                let id = self.id & 0xffff;
                format!("    {} [{id:04x}] {what} {}: {}", self.function, about(), fault.describe())
            });
        }
        world.executor.sleep(there).await;
        let waiting = || self.chance.borrow_mut().time(OPERATION_TIMEOUT.0, OPERATION_TIMEOUT.1);
        let unavailable = |why: &str| Err(Unavailable(why.to_owned()).into());
        match fault {
            Some(Fault::CrashBefore) => self.crash().await,
            Some(Fault::Throttled) => return unavailable("throttled"),
            Some(Fault::TimeOutBefore) => {
                world.executor.sleep(waiting()).await;
                return unavailable("no answer");
            }
            Some(Fault::TimeOutThenEffect) => {
                let later = if what == "desire" { self.late() } else { waiting() + waiting() };
                let (invocation, executor) = (self.clone(), world.executor.clone());
                world.executor.spawn(async move {
                    executor.sleep(later).await;
                    drop(effect(&invocation));
                });
                world.executor.sleep(waiting()).await;
                return unavailable("no answer");
            }
            Some(Fault::CrashAfter | Fault::TimeOutAfter) | None => {}
        }
        world.count_call(what);
        let answer = effect(self);
        match fault {
            Some(Fault::CrashAfter) => self.crash().await,
            Some(Fault::TimeOutAfter) => {
                drop(answer);
                world.executor.sleep(waiting()).await;
                return unavailable("no answer");
            }
            _ => {}
        }
        world.executor.sleep(back).await;
        answer
    }

    async fn crash(&self) {
        self.crashed.set(true);
        pending().await
    }

    /// A decision of its own chance.
    pub fn in_a_thousand(&self, cases: u32) -> bool {
        self.chance.borrow_mut().in_a_thousand(cases)
    }
}

/// The ports as one invocation has them.
pub struct Ports(pub Rc<Invocation>);

fn short(key: &Key) -> String {
    format!("{}/{}", key.pk, key.sk)
}

fn names<'a>(keys: impl Iterator<Item = &'a Key>) -> String {
    keys.map(short).collect::<Vec<_>>().join(" ")
}

impl Store for Ports {
    async fn read(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        let asked = keys.to_vec();
        let about = || names(keys.iter());
        self.0.call("read", &about, move |by| by.world.read(by, &asked)).await
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), CommitError> {
        let written: Vec<Key> = writes.iter().map(|write| write.key().clone()).collect();
        let about = || names(written.iter());
        let under_way = self.0.world.begin_commit(&written);
        let token = under_way.token();
        let outcome = self.0.call("commit", &about, move |by| by.world.commit(by, writes, token)).await;
        drop(under_way);
        outcome
    }

    async fn query(&self, query: &Query) -> Result<Page, Unavailable> {
        let asked = query.clone();
        let about = || match query.index {
            Some(index) => format!("{} {} {:?}", index.name(), query.partition, query.range),
            None => format!("{} {:?}", query.partition, query.range),
        };
        self.0.call("query", &about, move |by| by.world.query(by, &asked)).await
    }

    async fn back_off(&self, attempt: u32) {
        let ceiling = Duration::from_millis((10u64 << attempt.min(6)).min(500));
        let time = self.0.chance.borrow_mut().time(Duration::ZERO, ceiling);
        self.0.world.executor.sleep(time).await;
    }
}

impl Publisher for Ports {
    async fn publish(&self, topic_arn: &str, text: &Rendered) -> Result<String, PublishError> {
        let (topic, published) = (topic_arn.to_owned(), text.clone());
        let about = || format!("{topic_arn}: {}", text.subject);
        self.0.call("publish", &about, move |by| by.world.publish(by, &topic, &published)).await
    }
}

impl Shadow for Ports {
    async fn look(&self, locker: &LockerId) -> Result<Option<Looked>, Unavailable> {
        let of = locker.clone();
        let about = || locker.to_string();
        self.0.call("look at shadow", &about, move |by| Ok(by.world.look_at_shadow(&of))).await
    }

    async fn desire(&self, locker: &LockerId, desired: &Desired, at: Option<i64>) -> Result<(), DesireError> {
        let (to, asked) = (locker.clone(), desired.clone());
        let about = || locker.to_string();
        // Whoever writes a shadow may do so when another has long written it with what came after.
        if self.0.world.trouble.by_chance() && self.0.in_a_thousand(400) {
            let time = self.0.chance.borrow_mut().time(Duration::ZERO, Duration::from_secs(15));
            self.0.world.executor.sleep(time).await;
        }
        self.0.call("desire", &about, move |by| by.world.desire(by, &to, &asked, at)).await
    }
}

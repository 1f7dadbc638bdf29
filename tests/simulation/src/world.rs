//! The world that the handlers run in: the store, its streams and its index replica, what people and devices received,
//! and the record of all of it.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;
use std::time::Duration;

use aws::items;
use aws::keys::{self, Key};
use aws::ledger::Status;
use aws::link::LinkSigner;
use aws::publisher::PublishError;
use aws::shadow::{DesireError, Desired, Looked};
use aws::store::memory::Memory;
use aws::store::{CommitError, Item, Page, Query, Store, Unavailable, Write};
use domain::calendar::Calendar;
use domain::fault::{FaultCode, Unit};
use domain::id::{CaseId, EventId, LockerId, WorkOrderId};
use domain::notice::{LinkPurpose, Notice, Recipient};
use domain::person::Language;
use domain::{State, StateKey, Timestamp};
use functions::notification_fan_out::path_of;
use futures_util::FutureExt;
use messages::{Rendered, Text};

use crate::chance::{Chance, Trace, seed_of};
use crate::device::Device;
use crate::executor::Executor;
use crate::history::{Committed, History};
use crate::invariants::{self, Invariant};
use crate::invocation::Invocation;
use crate::site;
use crate::triggers::{SUPPORT_HOURS, Triggers};
use crate::trouble::{Plan, Trouble};

/// When every run begins: 2026-09-21T14:13:20Z.
const BEGIN_SECOND: i64 = 1_790_000_000;

/// Where links lead.
pub const PUBLIC_URL: &str = "https://lockers.example";

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: &'static str,
    pub what: String,
    pub at: Duration,
}

/// One message as a person received it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub at: Duration,
    /// Which message it was a part of: several notices may be one.
    pub message: String,
    /// The time that whoever sent it was given.
    pub now: Timestamp,
    pub key: Key,
    pub notice: Notice,
    pub text: Rendered,
    /// What follows the address of links in its part of the text, up to its end.
    pub link: Option<String>,
}

/// How often things happened.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub requests: u64,
    pub messages: u64,
    pub changes: u64,
    pub sweeps: u64,
    pub commits: u64,
    pub conflicts: u64,
    pub published: u64,
    pub quarantined: u64,
    pub redelivered: u64,
    /// Messages that were handed over after one that had been sent later, by how many of those.
    pub overtaken: BTreeMap<u32, u64>,
    /// How many invocations were under way at each call to AWS.
    pub under_way: BTreeMap<usize, u64>,
}

impl Counts {
    /// What was handed to handlers: requests, messages, changed items, sweeps. What comes twice counts twice.
    pub fn events(&self) -> u64 {
        self.requests + self.messages + self.changes + self.sweeps
    }

    /// Adds those of another run.
    pub fn add(&mut self, other: &Counts) {
        self.requests += other.requests;
        self.messages += other.messages;
        self.changes += other.changes;
        self.sweeps += other.sweeps;
        self.commits += other.commits;
        self.conflicts += other.conflicts;
        self.published += other.published;
        self.quarantined += other.quarantined;
        self.redelivered += other.redelivered;
        for (by, count) in &other.overtaken {
            *self.overtaken.entry(*by).or_default() += count;
        }
        for (by, count) in &other.under_way {
            *self.under_way.entry(*by).or_default() += count;
        }
    }
}

/// An index as it is seen: some time behind the table.
#[derive(Default)]
struct Replica {
    items: Memory,
    coming: BTreeMap<(Duration, u64), (Key, Item)>,
    latest: BTreeMap<Key, Duration>,
    known: HashSet<Key>,
}

/// The attributes that make an item a member of an index.
const INDEXED: [&str; 6] = ["due_bucket", "cell", "bookable_at", "team_load", "driver_key", "waits_for"];

/// The world of one run.
pub struct World {
    pub seed: u64,
    pub executor: Executor,
    pub trouble: Trouble,
    pub triggers: Triggers,
    pub history: RefCell<History>,
    pub trace: RefCell<Trace>,
    pub counts: RefCell<Counts>,
    pub violation: RefCell<Option<Violation>>,
    pub devices: RefCell<BTreeMap<LockerId, Device>>,
    /// What was received, by topic.
    pub mail: RefCell<BTreeMap<String, Vec<Mail>>>,
    /// How often each notice was published.
    pub published: RefCell<BTreeMap<Key, u32>>,
    /// Which notices each message is taken for. Two notices in the same words are not told apart by them; the one that
    /// is put down as sent names its message.
    pub messages: RefCell<BTreeMap<String, BTreeSet<Key>>>,
    /// Doors that devices said they opened after a repair, by message.
    /// What devices have said that they see no more.
    pub said_gone: RefCell<BTreeSet<(LockerId, Unit, FaultCode)>>,
    pub openings: RefCell<BTreeMap<(WorkOrderId, u32, Unit), BTreeSet<EventId>>>,
    /// How many sweeps in a row did not find a locker whose grace was over.
    pub missed: RefCell<BTreeMap<(LockerId, Timestamp), u32>>,
    /// How many sweeps in a row did not find a locker that is connected and silent.
    pub unheard: RefCell<BTreeMap<(LockerId, Timestamp), u32>>,
    /// How many sweeps in a row did not find a door that stayed shut.
    pub shut: RefCell<BTreeMap<Key, u32>>,
    /// How many sweeps in a row did not find an order whose time was over.
    pub over: RefCell<BTreeMap<Key, u32>>,
    /// How many sweeps in a row did not tell a level that was due.
    /// How many sweeps have found nobody called for a work order in time.
    pub calls_missed: RefCell<BTreeMap<WorkOrderId, u32>>,
    pub levels_missed: RefCell<BTreeMap<(WorkOrderId, Timestamp, u8), u32>>,
    pub deadlines_missed: RefCell<BTreeMap<(CaseId, Timestamp), u32>>,
    /// Whether everything has come to rest.
    pub rests: Cell<bool>,
    pub signer: LinkSigner,
    pub support: Calendar,
    store: Memory,
    replica: RefCell<Replica>,
    under_way: RefCell<BTreeMap<u64, Vec<Key>>>,
    running: Cell<usize>,
    counter: Cell<u64>,
    story: RefCell<Option<Vec<String>>>,
}

impl World {
    /// A world in which nothing has happened yet.
    pub fn new(seed: u64, plan: Plan, explain: bool) -> Rc<Self> {
        let (store, history) = (Memory::default(), RefCell::<History>::default());
        for times in site::past() {
            let state = State::from(times);
            store.put(keys::of_state(&state.key()), items::of_state(&state, 1));
            history.borrow_mut().states.insert(state.key(), state);
        }
        Rc::new(Self {
            seed,
            executor: Executor::default(),
            trouble: Trouble::new(plan),
            triggers: Triggers::new(),
            history,
            trace: RefCell::default(),
            counts: RefCell::default(),
            violation: RefCell::default(),
            devices: RefCell::default(),
            mail: RefCell::default(),
            published: RefCell::default(),
            messages: RefCell::default(),
            said_gone: RefCell::default(),
            openings: RefCell::default(),
            missed: RefCell::default(),
            unheard: RefCell::default(),
            shut: RefCell::default(),
            over: RefCell::default(),
            calls_missed: RefCell::default(),
            levels_missed: RefCell::default(),
            deadlines_missed: RefCell::default(),
            rests: Cell::new(false),
            signer: LinkSigner::new("a secret of thirty-two characters").expect("it is long enough"),
            support: SUPPORT_HOURS.parse().expect("it is a calendar"),
            store,
            replica: RefCell::default(),
            under_way: RefCell::default(),
            running: Cell::new(0),
            counter: Cell::new(0),
            story: RefCell::new(explain.then(Vec::new)),
        })
    }

    /// The time, as the functions' clocks have it.
    pub fn now(&self) -> Timestamp {
        self.at(self.executor.now())
    }

    /// The time so long after the run began.
    pub fn at(&self, passed: Duration) -> Timestamp {
        let passed = domain::SignedDuration::from_millis(passed.as_millis() as i64);
        Timestamp::from_second(BEGIN_SECOND).expect("a time of our days") + passed
    }

    /// A source of chance for something.
    pub fn chance(&self, name: impl AsRef<[u8]>) -> Chance {
        Chance::new(seed_of(self.seed, name))
    }

    /// A number that nothing else in this run has.
    pub fn number(&self) -> u64 {
        self.counter.update(|counter| counter + 1);
        self.counter.get()
    }

    /// Adds a line to the story, where one is told.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if let Some(story) = self.story.borrow_mut().as_mut() {
            let passed = self.executor.now();
            let (seconds, millis) = (passed.as_secs(), passed.subsec_millis());
            let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
            story.push(format!("{days}d {hours:02}:{minutes:02}:{:02}.{millis:03}  {}", seconds % 60, line()));
        }
    }

    /// The story so far.
    pub fn story(&self) -> Vec<String> {
        self.story.borrow().clone().unwrap_or_default()
    }

    /// Writes down that a promise was broken. The first one counts.
    pub fn broken(&self, invariant: &'static str, what: String) {
        self.tell(|| format!("!!! {invariant}: {what}"));
        let at = self.executor.now();
        self.violation.borrow_mut().get_or_insert(Violation { invariant, what, at });
    }

    /// Holds what has just happened to everything that is promised about it.
    pub fn hold<T: ?Sized>(&self, to: &[Invariant<T>], about: &T) {
        for invariant in to {
            if let Err(what) = (invariant.check)(self, about) {
                self.broken(invariant.name, what);
            }
        }
    }

    /// Counts an invocation as running until the answer is dropped.
    pub fn runs(self: &Rc<Self>, function: &'static str) -> impl Drop + use<> {
        struct Running(Rc<World>);
        impl Drop for Running {
            fn drop(&mut self) {
                self.0.running.update(|running| running - 1);
            }
        }
        self.running.update(|running| running + 1);
        self.trace.borrow_mut().add(function);
        Running(self.clone())
    }

    /// Counts a call to AWS.
    pub fn count_call(&self, what: &'static str) {
        self.trace.borrow_mut().add(what);
        *self.counts.borrow_mut().under_way.entry(self.running.get()).or_default() += 1;
    }

    /// Reads items, as they are now.
    pub fn read(&self, by: &Invocation, keys: &[Key]) -> Result<Vec<Option<Item>>, Unavailable> {
        let found = self.store.read(keys).now_or_never().expect("memory answers at once")?;
        let mut trace = self.trace.borrow_mut();
        for (key, item) in keys.iter().zip(&found) {
            trace.add(&key.sk);
            trace.number(item.as_ref().map_or(0, |item| item.len() as u64));
        }
        self.tell(|| {
            let missing = found.iter().filter(|item| item.is_none()).count();
            let names: Vec<String> = keys.iter().map(|key| format!("{}/{}", key.pk, key.sk)).collect();
            format!("    {} [{:04x}] reads {} ({missing} missing)", by.function, by.id & 0xffff, names.join(" "),)
        });
        Ok(found)
    }

    /// Answers a query: of a table as it is now, of an index as its replica has it.
    pub fn query(&self, by: &Invocation, query: &Query) -> Result<Page, Unavailable> {
        let page = match query.index {
            None => self.store.query(query),
            Some(_) => {
                self.catch_up();
                return self.answer(by, query, self.replica.borrow().items.query(query).now_or_never());
            }
        };
        self.answer(by, query, page.now_or_never())
    }

    fn answer(
        &self,
        by: &Invocation,
        query: &Query,
        page: Option<Result<Page, Unavailable>>,
    ) -> Result<Page, Unavailable> {
        let page = page.expect("memory answers at once")?;
        let mut trace = self.trace.borrow_mut();
        trace.add(&query.partition);
        trace.number(page.items.len() as u64);
        self.tell(|| {
            let index = query.index.map_or("", |index| index.name());
            let (id, found) = (by.id & 0xffff, page.items.len());
            format!("    {} [{id:04x}] queries {index} {}: {found} items", by.function, query.partition)
        });
        Ok(page)
    }

    fn catch_up(&self) {
        let now = self.executor.now();
        let mut replica = self.replica.borrow_mut();
        while let Some(entry) = replica.coming.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let (key, item) = entry.remove();
            replica.items.put(key, item);
        }
    }

    /// The index follows the table, each item in its order, some time later.
    fn replicate(&self, key: &Key, item: &Item) {
        let mut replica = self.replica.borrow_mut();
        if !replica.known.contains(key) && !INDEXED.iter().any(|name| item.contains_key(*name)) {
            return;
        }
        let number = self.number();
        let mut chance = self.chance(format!("index {}/{} {number}", key.pk, key.sk));
        let lag_ms = match chance.below(100) {
            _ if !self.trouble.by_chance() => 0,
            0..70 => chance.below(20),
            70..95 => chance.below(500),
            _ => chance.below(5_000),
        };
        let earliest = replica.latest.get(key).copied().unwrap_or_default();
        let at = (self.executor.now() + Duration::from_millis(lag_ms)).max(earliest);
        replica.latest.insert(key.clone(), at);
        replica.known.insert(key.clone());
        replica.coming.insert((at, number), (key.clone(), item.clone()));
    }

    /// Says which items a commit is about, from the moment it is on its way until the answer is dropped.
    pub fn begin_commit(self: &Rc<Self>, keys: &[Key]) -> UnderWay {
        let token = self.number();
        self.under_way.borrow_mut().insert(token, keys.to_vec());
        UnderWay { world: self.clone(), token }
    }

    /// Commits all or nothing, and holds the commit to what is promised.
    pub fn commit(self: &Rc<Self>, by: &Rc<Invocation>, writes: Vec<Write>, token: u64) -> Result<(), CommitError> {
        let contended = {
            let under_way = self.under_way.borrow();
            let concerns = |keys: &Vec<Key>| writes.iter().any(|write| keys.contains(write.key()));
            under_way.iter().any(|(other, keys)| *other != token && concerns(keys))
        };
        if contended && self.trouble.by_chance() && by.in_a_thousand(300) {
            self.counts.borrow_mut().conflicts += 1;
            self.trace.borrow_mut().add("contended");
            self.tell(|| format!("    {} [{:04x}] commit: contended", by.function, by.id & 0xffff));
            return Err(CommitError::Contended);
        }
        let outcome = self.store.commit(writes.clone()).now_or_never().expect("memory answers at once");
        match &outcome {
            Ok(()) => {}
            Err(CommitError::Changed(at)) => {
                self.counts.borrow_mut().conflicts += 1;
                self.trace.borrow_mut().number(at.iter().fold(1, |sum, at| sum * 31 + *at as u64));
                self.tell(|| {
                    let names: Vec<String> = at.iter().map(|at| writes[*at].key().sk.clone()).collect();
                    format!("    {} [{:04x}] commit: changed {}", by.function, by.id & 0xffff, names.join(" "))
                });
            }
            Err(CommitError::Contended) => {}
            Err(CommitError::Unavailable(unavailable)) => {
                let what = format!("{} asks for a commit that no store takes: {unavailable}", by.function);
                self.broken("I27 large work is chunked", what);
            }
        }
        if outcome.is_ok() {
            self.committed(by, &writes);
        }
        outcome
    }

    fn committed(self: &Rc<Self>, by: &Rc<Invocation>, writes: &[Write]) {
        self.counts.borrow_mut().commits += 1;
        let read = self.history.borrow().read(by, writes);
        let committed = match read {
            Ok(committed) => committed,
            Err(what) => return self.broken("I26 what is written reads back", what),
        };
        {
            let mut trace = self.trace.borrow_mut();
            for write in writes {
                trace.add(&write.key().pk);
                trace.add(&write.key().sk);
                if let Write::Replace { version, .. } = write {
                    trace.number(*version);
                }
            }
        }
        self.tell(|| describe(by, &committed));
        self.counts.borrow_mut().quarantined += committed.quarantined.len() as u64;
        self.history.borrow_mut().add(committed.clone());
        self.attribute(&committed);
        for write in writes {
            match write {
                Write::Create { key, item } => {
                    self.replicate(key, item);
                    self.triggers.changed(self, key, item, true);
                }
                Write::Replace { key, item, .. } => {
                    self.replicate(key, item);
                    self.triggers.changed(self, key, item, false);
                }
                Write::Check { .. } => {}
            }
        }
        self.hold(invariants::AT_COMMIT, &committed);
        self.triggers.wait_for_due(self);
    }

    /// How a recipient is reached now.
    pub fn reach(&self, recipient: &Recipient) -> Option<String> {
        let history = self.history.borrow();
        match recipient {
            Recipient::Person { person } => match history.states.get(&StateKey::Person(person.clone())) {
                Some(State::Person(it)) => Some(it.topic_arn.clone()),
                _ => None,
            },
            Recipient::Team { region, team } => {
                match history.states.get(&StateKey::Team(region.clone(), team.clone())) {
                    Some(State::Team(it)) => Some(it.topic_arn.clone()),
                    _ => None,
                }
            }
        }
    }

    /// Which notice a text says: one that is being sent, to that topic, in these words.
    fn notice_of(&self, by: &Invocation, topic: &str, text: &Rendered, link: Option<&str>) -> Option<(Key, Notice)> {
        let history = self.history.borrow();
        let published = self.published.borrow();
        let mut found: Vec<((bool, u32), &Key, &Notice)> = Vec::new();
        for (key, sender) in &history.sending {
            let notice = &history.notices[key].notice;
            let Some(to) = self.reach(&notice.recipient) else { continue };
            let url = link.map(|link| format!("{PUBLIC_URL}{link}"));
            // In whichever language the recipient had when it was written.
            let code = code_in(&text.email).filter(|_| notice.message.tells_the_code());
            let says = |language| {
                messages::render(&notice.message, language, url.as_deref(), code).is_ok_and(|it| it == *text)
            };
            if to == topic && (says(Language::German) || says(Language::English)) {
                let times = published.get(key).copied().unwrap_or_default();
                // Of several that say the same, its own.
                found.push(((*sender != by.id, times), key, notice));
            }
        }
        found
            .into_iter()
            .min_by_key(|(rank, key, _)| (*rank, *key))
            .map(|(_, key, notice)| (key.clone(), notice.clone()))
    }

    /// Which notices a digest says: those that this invocation is sending to that topic whose parts are in it, and
    /// nothing where together they are not the whole of it.
    fn notices_of(&self, by: &Invocation, topic: &str, text: &Rendered) -> Option<Vec<Said>> {
        let history = self.history.borrow();
        let own = history.sending.iter().filter(|(_, sender)| **sender == by.id).map(|(key, _)| key);
        let own: Vec<(&Key, &Notice)> = own
            .map(|key| (key, &history.notices[key].notice))
            .filter(|(_, notice)| matches!(notice.recipient, Recipient::Person { .. }))
            .filter(|(_, notice)| self.reach(&notice.recipient).as_deref() == Some(topic))
            .collect();
        // What tells no code is the beginning of what tells one.
        let codes: Vec<Option<&str>> = codes_in(&text.email).map(Some).chain([None]).collect();
        [Language::German, Language::English].into_iter().find_map(|language| {
            let mut parts: Vec<(usize, Text, Said)> = Vec::new();
            for (key, notice) in &own {
                let link =
                    notice.message.link().map(|it| format!("/{}/{}", path_of(&it), self.signer.sign(&it, by.now)));
                let url = link.as_ref().map(|link| format!("{PUBLIC_URL}{link}"));
                parts.extend(codes.iter().find_map(|code| {
                    let part = messages::write(&notice.message, language, url.as_deref(), *code).ok()?;
                    // By itself, too, where the others say the same.
                    let is_all =
                        || messages::send_as_one(std::slice::from_ref(&part), language).ok() == Some(text.clone());
                    let at = text.email.find(&part.as_part()).or_else(|| is_all().then_some(0))?;
                    Some((at, part, ((*key).clone(), (*notice).clone(), link.clone())))
                }));
            }
            // Of two about one order in the same words the newer one is told: the other is superseded by it.
            parts.sort_by_key(|(at, _, (key, ..))| (*at, Reverse(history.entered.get(key).copied())));
            let supersedes = |(.., (_, notice, _)): &(usize, Text, Said)| notice.message.says_latest_of().is_some();
            parts.dedup_by(|older, newer| older.0 == newer.0 && supersedes(newer));
            let (texts, said): (Vec<Text>, Vec<Said>) = parts.into_iter().map(|(_, text, said)| (text, said)).unzip();
            let is_whole = || messages::send_as_one(&texts, language).is_ok_and(|it| it == *text);
            (said.len() > 1 && is_whole()).then_some(said)
        })
    }

    /// Gives each message to the notice that is put down as sent with it. It was taken for another one only where both
    /// say the same to the same recipient; that one gets what was taken for this notice, if there is any. What is told
    /// with others is known by the message alone.
    fn attribute(&self, commit: &Committed) {
        let (mut messages, mut published) = (self.messages.borrow_mut(), self.published.borrow_mut());
        for change in &commit.notices {
            let Status::Sent { message_id, .. } = &change.after.status else { continue };
            let own = BTreeSet::from([change.key.clone()]);
            let Some(taken_for) = messages.get(message_id).filter(|it| it.len() == 1 && **it != own).cloned() else {
                continue;
            };
            let another = messages.iter().find(|(_, told)| **told == own).map(|(id, _)| id.clone());
            messages.insert(message_id.clone(), own);
            match another {
                Some(another) => {
                    messages.insert(another, taken_for);
                }
                None => {
                    *published.entry(change.key.clone()).or_default() += 1;
                    if let Some(times) = taken_for.first().and_then(|key| published.get_mut(key)) {
                        *times -= 1;
                    }
                }
            }
        }
        published.retain(|_, times| *times > 0);
    }

    /// Publishes to everything that has subscribed a topic.
    pub fn publish(&self, by: &Rc<Invocation>, topic: &str, text: &Rendered) -> Result<String, PublishError> {
        self.trace.borrow_mut().add(topic);
        self.trace.borrow_mut().add(&text.email);
        if self.trouble.by_chance() && by.in_a_thousand(5) {
            self.tell(|| format!("    {} [{:04x}] publish: refused for good", by.function, by.id & 0xffff));
            return Err(PublishError::Final("EndpointDisabled".to_owned()));
        }
        self.counts.borrow_mut().published += 1;
        let message_id = format!("published-{}", self.number());
        let link = text.email.split_once(PUBLIC_URL).map(|(_, rest)| {
            let end = rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
            rest[..end].to_owned()
        });
        let alone = || {
            let (key, notice) = self.notice_of(by, topic, text, link.as_deref())?;
            Some(vec![(key, notice, link.clone())])
        };
        let said = self.notices_of(by, topic, text).or_else(alone).unwrap_or_default();
        if said.is_empty() {
            let what = format!("'{}' was sent to {topic}, and no notice being sent says that", text.subject);
            self.broken("I15 nothing is told that was not committed", what);
        }
        let told = said.iter().map(|(key, ..)| key.clone()).collect();
        self.messages.borrow_mut().insert(message_id.clone(), told);
        let at = self.executor.now();
        for (key, notice, link) in said {
            let (text, message) = (text.clone(), message_id.clone());
            let mail = Mail { at, message, now: by.now, key: key.clone(), notice, text, link };
            self.tell(|| format!("  {topic} receives '{}' ({})", mail.text.subject, mail.notice.id));
            *self.published.borrow_mut().entry(key).or_default() += 1;
            self.hold(invariants::AT_SENDING, &mail);
            self.mail.borrow_mut().entry(topic.to_owned()).or_default().push(mail);
        }
        Ok(message_id)
    }

    /// The latest link of this kind that somebody received, and where it leads.
    pub fn link_in<'a>(mail: impl DoubleEndedIterator<Item = &'a Mail>, folder: &str) -> Option<String> {
        mail.rev().find_map(|mail| Some(mail.link.as_ref()?.strip_prefix(folder)?.to_owned()))
    }

    /// What a token of a link allows, and until when; nothing where it is not one of ours.
    pub fn purpose_of(&self, token: &str) -> Option<(LinkPurpose, Timestamp)> {
        let begin = Timestamp::from_second(BEGIN_SECOND).expect("a time of our days");
        let purpose = self.signer.open(token, begin).ok()?;
        // The token says itself until when it works; so many hours are searched for by halves.
        let (mut works, mut ends) = (0i64, 24 * 3_600 * 365);
        while ends - works > 1 {
            let middle = (works + ends) / 2;
            let at = begin + domain::SignedDuration::from_secs(middle);
            if self.signer.open(token, at).is_ok() { works = middle } else { ends = middle }
        }
        Some((purpose, begin + domain::SignedDuration::from_secs(ends)))
    }

    /// A device's shadow as it is.
    pub fn look_at_shadow(&self, locker: &LockerId) -> Option<Looked> {
        let devices = self.devices.borrow();
        let device = devices.get(locker)?;
        Some(Looked { version: device.shadow_version?, desired: device.shadow.clone() })
    }

    /// Writes what a device is asked for into its shadow.
    pub fn desire(
        &self,
        by: &Rc<Invocation>,
        locker: &LockerId,
        desired: &Desired,
        at: Option<i64>,
    ) -> Result<(), DesireError> {
        let mut devices = self.devices.borrow_mut();
        let Some(device) = devices.get_mut(locker) else {
            drop(devices);
            self.broken("I24 a locker is told of itself alone", format!("there is no device {locker}"));
            return Ok(());
        };
        if at.is_some() && at != device.shadow_version {
            self.tell(|| {
                format!("    {} [{:04x}] does not tell {locker}: its shadow changed", by.function, by.id & 0xffff)
            });
            return Err(DesireError::Changed);
        }
        device.shadow_version = Some(device.shadow_version.unwrap_or_default() + 1);
        device.shadow.closed.extend(desired.closed.clone());
        device.shadow.test_openings.extend(desired.test_openings.clone());
        device.shadow.remote_recoveries.extend(desired.remote_recoveries.clone());
        self.tell(|| format!("    {} [{:04x}] tells {locker}: {desired:?}", by.function, by.id & 0xffff));
        Ok(())
    }

    /// Since when what is known of a state has been known.
    pub fn known_since(&self, state: &StateKey) -> Option<Timestamp> {
        let known_at = self.history.borrow().known_at.get(state).copied();
        known_at.map(|at| self.at(at))
    }

    /// Everything that is kept, by key.
    pub fn kept(&self) -> BTreeMap<Key, Item> {
        self.store.snapshot()
    }
}

/// A commit on its way.
pub struct UnderWay {
    world: Rc<World>,
    token: u64,
}

impl UnderWay {
    /// Its name.
    pub fn token(&self) -> u64 {
        self.token
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.world.under_way.borrow_mut().remove(&self.token);
    }
}

fn describe(by: &Invocation, committed: &Committed) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (_, entry) in &committed.events {
        parts.push(format!("{:?}", entry.event));
    }
    for change in &committed.changes {
        parts.push(format!("{} = {}", keys::of_state(&change.after.key()).sk, brief(&change.after)));
    }
    for notice in &committed.notices {
        parts.push(format!("{} {:?}", notice.after.notice.id, notice.after.status));
    }
    for kept in &committed.quarantined {
        parts.push(format!("quarantine: {}", kept.reason));
    }
    format!("    {} [{:04x}] COMMITS {}", by.function, by.id & 0xffff, parts.join("; "))
}

fn brief(state: &State) -> String {
    match state {
        State::Locker(it) => format!("{} faults {:?}", it.id, it.faults.keys().collect::<Vec<_>>()),
        State::Compartment(it) => {
            format!("{}.{} {:?} faults {:?}", it.locker, it.number, it.occupancy, it.faults.keys().collect::<Vec<_>>())
        }
        State::Presence(it) => format!("{} {} {:?}", it.locker, it.session, it.link),
        State::Door(it) => format!("{}.{} {:?} awaited {:?}", it.locker, it.number, it.openings, it.awaited),
        State::Heartbeat(it) => format!("{} {} {:?} {:?}", it.locker, it.received_at, it.conditions, it.silent_at),
        State::WorkOrder(it) | State::ArchivedWorkOrder(it) => {
            format!("{} {} units {:?} impact {:?}", it.id, it.status, it.units.keys().collect::<Vec<_>>(), it.impact)
        }
        State::Order(it) => {
            let (stopped, epoch) = (it.pickup_stopped_at, it.place_epoch);
            let until = it.pickup_deadline;
            format!("{} {} {:?} epoch {epoch} stopped {stopped:?} until {until:?}", it.id, it.status, it.place)
        }
        State::Delivery(it) => format!("{} by {} {:?}", it.order, it.driver, it.standing),
        State::Case(it) => format!("{} {}", it.id, it.status),
        other => format!("{:?}", other.key()),
    }
}

/// The code that opens a door, where a text tells one.
fn code_in(text: &str) -> Option<&str> {
    codes_in(text).next()
}

fn codes_in(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| word.len() == 6 && word.bytes().all(|it| it.is_ascii_digit()))
}

/// A notice that was told, and the link in its part.
type Said = (Key, Notice, Option<String>);

//! From an event to its commit: read, decide, write, all or nothing.
//!
//! ```text
//!  event ──► read states (and whether this event was applied) ──► rule ──► one transaction
//!                ▲                                                            │ states at the versions read
//!                └───────────── changed meanwhile: decide afresh ◄────────────┤ history entry, absent so far
//!                                                                             │ notices
//! ```
//!
//! The history entry is the guard against duplicates as well: an event whose entry exists is answered as it was
//! answered then.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use domain::id::EventId;
use domain::seeded::bug;
use domain::{Decision, Refusal, State, StateKey, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::items::{self, HISTORY_KEPT_FOR, HistoryEntry, Versioned};
use crate::keys::{self, Key};
use crate::ledger;
use crate::store::{CommitError, Item, Query, Store, TRANSACTION_ACTIONS_MAX, Unavailable, Write};

/// How often a decision is made afresh when what it rests on has changed meanwhile.
const ATTEMPTS_MAX: u32 = 8;

/// What happened, to what, and when.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The state whose history this belongs to.
    pub subject: StateKey,
    /// The same id is the same event.
    pub event: EventId,
    pub now: Timestamp,
    /// Who asked, where it was a person or a system with a name of its own.
    pub actor: Option<String>,
    /// A digest of the request, where its id is chosen by who sends it.
    pub fingerprint: Option<String>,
}

impl Cause {
    /// Something that happened to `subject`.
    pub fn new(subject: StateKey, event: EventId, now: Timestamp) -> Self {
        Self { subject, event, now, actor: None, fingerprint: None }
    }

    /// The same, by someone.
    pub fn by(self, actor: impl ToString) -> Self {
        Self { actor: Some(actor.to_string()), ..self }
    }

    /// The same, with a digest of what was asked.
    pub fn with_fingerprint_of(self, asked: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, asked);
        let fingerprint = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { fingerprint: Some(fingerprint), ..self }
    }
}

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied<A> {
    /// Committed now.
    Now(A),
    /// Committed before; this is the answer of then.
    Before(A),
}

impl<A> Applied<A> {
    /// The answer, whenever it was given.
    pub fn answer(self) -> A {
        match self {
            Applied::Now(answer) | Applied::Before(answer) => answer,
        }
    }
}

/// Why an event could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// Final: the rule says no.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Final: the id was used for another request.
    #[error("this id was used for another request")]
    Reused,
    /// To be tried again later: the store did not answer, or the states changed under every attempt.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// What comes of a step of our own, that nobody waits for. A refusal means that there is nothing to do any more: somebody
/// else has dealt with it.
///
/// # Errors
/// [`Unavailable`]: only what the store did not answer is to be tried again.
pub fn settle<A>(outcome: Result<A, ApplyError>) -> Result<Option<A>, Unavailable> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(ApplyError::Refused(_)) => Ok(None),
        Err(ApplyError::Unavailable(unavailable)) => Err(unavailable),
        Err(ApplyError::Reused) => Err(Unavailable("a step of ours has the id of another request".to_owned())),
    }
}

/// Why a rule was not asked, or what it said.
#[derive(Debug)]
pub enum Stop {
    Refused(Refusal),
    Unavailable(Unavailable),
    /// The event was applied before.
    Applied(Box<HistoryEntry>),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Stop::Refused(refusal)
    }
}

impl From<Unavailable> for Stop {
    fn from(unavailable: Unavailable) -> Self {
        Stop::Unavailable(unavailable)
    }
}

/// States that were read together.
#[derive(Debug, Default)]
pub struct States(HashMap<StateKey, State>);

impl States {
    /// The state of that name, or nothing where there is none.
    pub fn take<T: TryFrom<State>>(&mut self, key: &StateKey) -> Option<T> {
        T::try_from(self.0.remove(key)?).ok()
    }

    /// The state of that name, left where it is.
    pub fn get<T: TryFrom<State>>(&self, key: &StateKey) -> Option<T> {
        T::try_from(self.0.get(key)?.clone()).ok()
    }

    /// Those of the states that are there.
    pub fn take_each<T: TryFrom<State>>(&mut self, keys: &[StateKey]) -> Vec<T> {
        keys.iter().filter_map(|key| self.take(key)).collect()
    }
}

/// What a rule's caller sees of the store: whatever is read through it is committed against.
pub struct View<'a, S> {
    store: &'a S,
    guard: RefCell<Option<Key>>,
    versions: RefCell<BTreeMap<Key, Option<u64>>>,
}

impl<'a, S: Store> View<'a, S> {
    fn new(store: &'a S, guard: Option<Key>) -> Self {
        Self { store, guard: RefCell::new(guard), versions: RefCell::default() }
    }

    /// A view for those who only look.
    pub fn to_look(store: &'a S) -> Self {
        Self::new(store, None)
    }

    /// The store itself, for reads that need not be committed against.
    pub fn store(&self) -> &'a S {
        self.store
    }

    /// Reads states in one consistent view. The first read also finds out whether the event was applied before.
    ///
    /// # Errors
    /// [`Stop::Applied`] where it was; [`Stop::Unavailable`].
    pub async fn read(&self, names: &[StateKey]) -> Result<States, Stop> {
        let mut keys: Vec<Key> = names.iter().map(keys::of_state).collect();
        let guard = self.guard.take();
        keys.extend(guard.clone());
        if keys.is_empty() {
            return Ok(States::default());
        }
        let mut found = self.store.read(&keys).await?;
        if guard.is_some()
            && let (Some(key), Some(Some(item))) = (keys.last(), found.pop())
        {
            let entry = items::read(key, item).map_err(unreadable)?;
            return Err(Stop::Applied(Box::new(entry.state)));
        }
        let mut states = States::default();
        for ((name, key), item) in names.iter().zip(keys).zip(found) {
            let state = item.map(|item| items::read_state(name, item)).transpose().map_err(unreadable)?;
            self.saw(key, state.as_ref().map(|it| it.version));
            if let Some(Versioned { state, .. }) = state {
                states.0.insert(name.clone(), state);
            }
        }
        Ok(states)
    }

    /// Reads one page of an index or a partition and understands each item by its key's name, as `name` tells.
    /// Index reads may lag; the versions read are what is committed against, so a stale one is found out. One that is known
    /// to be stale, since it was read otherwise before, is left out.
    ///
    /// # Errors
    /// [`Unavailable`]
    pub async fn query<T: DeserializeOwned>(&self, query: &Query) -> Result<Vec<T>, Unavailable> {
        let page = self.store.query(query).await?;
        page.items.into_iter().filter_map(|item| self.understand(query, item).transpose()).collect()
    }

    fn understand<T: DeserializeOwned>(&self, query: &Query, item: Item) -> Result<Option<T>, Unavailable> {
        let key = items::key_of(query.table, &item).ok_or_else(|| Unavailable("an item without a key".to_owned()))?;
        let Versioned { version, state } = items::read(&key, item).map_err(unreadable)?;
        Ok(self.saw(key, Some(version)).then_some(state))
    }

    /// What was seen first is what is committed against: a rule may have gone by it. Returns whether this is the same.
    fn saw(&self, key: Key, version: Option<u64>) -> bool {
        *self.versions.borrow_mut().entry(key).or_insert(version) == version
    }

    /// At which version a state was read through this view.
    pub fn version_of(&self, name: &StateKey) -> Option<u64> {
        self.version(&keys::of_state(name))
    }

    fn version(&self, key: &Key) -> Option<u64> {
        self.versions.borrow().get(key).copied().flatten()
    }

    /// What was read is replaced at that version; what was not there, or not looked for, has to be new.
    fn write_state(&self, state: &State) -> Write {
        let key = keys::of_state(&state.key());
        match self.version(&key) {
            Some(version) => Write::Replace { item: items::of_state(state, version + 1), key, version },
            None => Write::Create { item: items::of_state(state, 1), key },
        }
    }

    fn check(&self, name: &StateKey) -> Result<Write, Unavailable> {
        let key = keys::of_state(name);
        match self.version(&key) {
            Some(version) => Ok(Write::Check { key, version }),
            None => Err(Unavailable(format!("{key:?} has to stay unchanged and was not read"))),
        }
    }
}

/// An item that cannot be read is not a refusal: it stays where it is until a version comes that can.
fn unreadable(error: items::Unreadable) -> Unavailable {
    Unavailable(error.to_string())
}

/// Applies an event: reads through a [`View`], asks the rule, commits what it decides in one transaction. Where
/// something changed meanwhile, everything is read and decided afresh, a few times.
///
/// # Errors
/// [`ApplyError`]: refused and reused are final, unavailable is to be tried again.
pub async fn apply<S: Store, A: Serialize + DeserializeOwned>(
    store: &S,
    cause: &Cause,
    rule: impl AsyncFnMut(&View<'_, S>) -> Result<Decision<A>, Stop>,
) -> Result<Applied<A>, ApplyError> {
    let guard = keys::of_state(&cause.subject).event(&cause.event);
    attempt(store, cause, Some(guard).filter(|_| !bug("events_are_applied_twice")), rule).await
}

/// Applies what comes too often to be looked up and remembered each time: nothing asks whether it was applied before,
/// and only a decision that names an event has an entry in the history. The rule itself has to find out copies, by the
/// states it reads. Where one state changes, that is one plain conditional write.
///
/// # Errors
/// [`ApplyError`], as [`apply`].
pub async fn apply_unguarded<S: Store, A: Serialize + DeserializeOwned>(
    store: &S,
    cause: &Cause,
    rule: impl AsyncFnMut(&View<'_, S>) -> Result<Decision<A>, Stop>,
) -> Result<A, ApplyError> {
    attempt(store, cause, None, rule).await.map(Applied::answer)
}

async fn attempt<S: Store, A: Serialize + DeserializeOwned>(
    store: &S,
    cause: &Cause,
    guard: Option<Key>,
    mut rule: impl AsyncFnMut(&View<'_, S>) -> Result<Decision<A>, Stop>,
) -> Result<Applied<A>, ApplyError> {
    let subject = keys::of_state(&cause.subject);
    for attempt in 1..=ATTEMPTS_MAX {
        let view = View::new(store, guard.clone());
        let decision = match rule(&view).await {
            Ok(decision) => decision,
            Err(Stop::Refused(refusal)) => return Err(refusal.into()),
            Err(Stop::Unavailable(unavailable)) => return Err(unavailable.into()),
            Err(Stop::Applied(entry)) => return answer_again(cause, *entry),
        };
        if decision.changes.is_empty()
            && decision.notices.is_empty()
            && decision.event == domain::decision::Event::NothingChanged
        {
            return Ok(Applied::Now(decision.answer));
        }
        let remembered = guard.is_some() || decision.event != domain::decision::Event::NothingChanged;
        let writes = writes_of(&view, &subject, cause, &decision, remembered)?;
        match store.commit(writes).await {
            Ok(()) => return Ok(Applied::Now(decision.answer)),
            Err(CommitError::Changed(_)) if bug("conflict_is_success") => return Ok(Applied::Now(decision.answer)),
            Err(CommitError::Changed(_) | CommitError::Contended) => store.back_off(attempt).await,
            Err(CommitError::Unavailable(unavailable)) => return Err(unavailable.into()),
        }
    }
    Err(Unavailable(format!("{:?} changed under every one of {ATTEMPTS_MAX} attempts", cause.subject)).into())
}

fn answer_again<A: DeserializeOwned>(cause: &Cause, entry: HistoryEntry) -> Result<Applied<A>, ApplyError> {
    if entry.fingerprint != cause.fingerprint {
        return Err(ApplyError::Reused);
    }
    serde_json::from_str(&entry.answer)
        .map(Applied::Before)
        .map_err(|error| Unavailable(format!("the answer of {} cannot be read: {error}", entry.event_id)).into())
}

fn writes_of<S: Store, A: Serialize>(
    view: &View<'_, S>,
    subject: &Key,
    cause: &Cause,
    decision: &Decision<A>,
    remembered: bool,
) -> Result<Vec<Write>, ApplyError> {
    let mut writes = Vec::new();
    for state in &decision.changes {
        writes.push(view.write_state(state));
    }
    for name in decision.unchanged.iter().filter(|_| !bug("checks_are_left_out")) {
        let check = view.check(name)?;
        if writes.iter().all(|write| write.key() != check.key()) {
            writes.push(check);
        }
    }
    let answer = serde_json::to_string(&decision.answer)
        .map_err(|error| Unavailable(format!("the answer cannot be written: {error}")))?;
    let entry = HistoryEntry {
        event_id: cause.event.clone(),
        at: cause.now,
        actor: cause.actor.clone(),
        event: decision.event.clone(),
        answer,
        fingerprint: cause.fingerprint.clone(),
    };
    let key = subject.event(&cause.event);
    let item = items::expire(items::of_record(&key, "event", 1, None, &entry), cause.now + HISTORY_KEPT_FOR);
    if remembered && !bug("events_are_applied_twice") {
        writes.push(Write::Create { key, item });
    }
    writes.extend(decision.notices.iter().map(|notice| ledger::enter(subject, notice)));
    if writes.len() > TRANSACTION_ACTIONS_MAX {
        return Err(Unavailable(format!("a decision of {} actions does not fit one commit", writes.len())).into());
    }
    Ok(writes)
}

/// Reads states in one consistent view, for those who only look.
///
/// # Errors
/// [`Unavailable`]
pub async fn look<S: Store>(store: &S, names: &[StateKey]) -> Result<(States, HashMap<StateKey, u64>), Unavailable> {
    let view = View::new(store, None);
    match view.read(names).await {
        Ok(states) => {
            let versions =
                names.iter().filter_map(|name| Some((name.clone(), view.version(&keys::of_state(name))?))).collect();
            Ok((states, versions))
        }
        Err(Stop::Unavailable(unavailable)) => Err(unavailable),
        Err(Stop::Refused(_) | Stop::Applied(_)) => Err(Unavailable("a plain read was stopped".to_owned())),
    }
}

/// Reads one page of a partition or an index, for those who only look.
///
/// # Errors
/// [`Unavailable`]
pub async fn list<S: Store, T: DeserializeOwned>(store: &S, query: &Query) -> Result<Vec<T>, Unavailable> {
    View::new(store, None).query(query).await
}

/// Reads a partition or an index page by page, up to as many items as the query asks for: a page ends at one megabyte,
/// however many there are.
///
/// # Errors
/// [`Unavailable`]
pub async fn list_pages<S: Store, T: DeserializeOwned>(store: &S, mut query: Query) -> Result<Vec<T>, Unavailable> {
    let view = View::new(store, None);
    let mut found = Vec::new();
    loop {
        let page = store.query(&query).await?;
        query.limit = query.limit.saturating_sub(page.items.len());
        for item in page.items {
            found.extend(view.understand(&query, item)?);
        }
        match page.next {
            Some(next) if query.limit > 0 => query.after = Some(next),
            Some(_) | None => return Ok(found),
        }
    }
}

/// Writes states that nobody can see yet, because what leads to them is written last: new ones, or over what an
/// attempt that was broken off has left. In as many commits as it takes.
///
/// # Errors
/// [`Unavailable`]: some may have been written; to be tried again.
pub async fn put_hidden<S: Store>(store: &S, states: &[State]) -> Result<(), Unavailable> {
    for chunk in states.chunks(TRANSACTION_ACTIONS_MAX) {
        let view = View::to_look(store);
        let names: Vec<StateKey> = chunk.iter().map(State::key).collect();
        match view.read(&names).await {
            Ok(_) => {}
            Err(Stop::Unavailable(unavailable)) => return Err(unavailable),
            Err(Stop::Refused(_) | Stop::Applied(_)) => {
                return Err(Unavailable("a plain read was stopped".to_owned()));
            }
        }
        let writes = chunk.iter().map(|state| view.write_state(state)).collect();
        store.commit(writes).await.map_err(|error| Unavailable(error.to_string()))?;
    }
    Ok(())
}

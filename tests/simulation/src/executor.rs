//! Runs everything on one thread, in virtual time: what happens next is what has the earliest time, so a run is the
//! same each time, and an hour passes in no time where nothing happens.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks whose turn it is.
type Ready = Arc<Mutex<VecDeque<u64>>>;

struct TaskWaker {
    task: u64,
    ready: Ready,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(self.task);
    }
}

/// A moment at which somebody wants to be woken. Two of the same moment are woken in the order they asked.
struct Alarm {
    at: Duration,
    asked: u64,
    waker: Waker,
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.asked) == (other.at, other.asked)
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.asked).cmp(&(other.at, other.asked))
    }
}

#[derive(Default)]
struct Inner {
    now: Cell<Duration>,
    counter: Cell<u64>,
    alarms: RefCell<BinaryHeap<Reverse<Alarm>>>,
    tasks: RefCell<HashMap<u64, Task>>,
    ready: Ready,
}

/// The executor. Clones are the same one.
#[derive(Clone, Default)]
pub struct Executor(Rc<Inner>);

impl Executor {
    /// How much time has passed since the run began.
    pub fn now(&self) -> Duration {
        self.0.now.get()
    }

    fn count(&self) -> u64 {
        self.0.counter.update(|count| count + 1);
        self.0.counter.get()
    }

    /// Starts something that goes on by itself.
    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let id = self.count();
        self.0.tasks.borrow_mut().insert(id, Box::pin(task));
        self.0.ready.lock().unwrap_or_else(PoisonError::into_inner).push_back(id);
    }

    /// Lets time pass for whoever awaits this.
    pub fn sleep(&self, time: Duration) -> impl Future<Output = ()> + use<> {
        let until = self.now() + time;
        let executor = self.clone();
        let mut asked = false;
        poll_fn(move |context| {
            if executor.now() >= until && (asked || time.is_zero()) {
                return Poll::Ready(());
            }
            if !asked {
                asked = true;
                let alarm = Alarm { at: until, asked: executor.count(), waker: context.waker().clone() };
                executor.0.alarms.borrow_mut().push(Reverse(alarm));
            }
            Poll::Pending
        })
    }

    /// Runs until nothing is left to do, or `stop` says so. Returns whether nothing was left.
    pub fn run(&self, stop: impl Fn() -> bool) -> bool {
        loop {
            loop {
                if stop() {
                    return false;
                }
                let next = self.0.ready.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(id) = next else { break };
                self.poll(id);
            }
            let Some(Reverse(alarm)) = self.0.alarms.borrow_mut().pop() else { return true };
            self.0.now.set(self.now().max(alarm.at));
            alarm.waker.wake();
        }
    }

    /// One that has ended meanwhile is woken in vain.
    fn poll(&self, id: u64) {
        let Some(mut task) = self.0.tasks.borrow_mut().remove(&id) else { return };
        let waker = Waker::from(Arc::new(TaskWaker { task: id, ready: self.0.ready.clone() }));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.0.tasks.borrow_mut().insert(id, task);
        }
    }

    /// Drops everything that has not ended: tasks hold on to what holds on to this.
    pub fn clear(&self) {
        let tasks = std::mem::take(&mut *self.0.tasks.borrow_mut());
        drop(tasks);
        self.0.alarms.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    fn log() -> Rc<RefCell<Vec<(u64, &'static str)>>> {
        Rc::default()
    }

    #[test]
    fn what_is_due_first_happens_first_and_no_time_is_spent_waiting() {
        let (executor, log) = (Executor::default(), log());
        for (name, seconds) in [("late", 3_600), ("early", 1), ("middle", 60)] {
            let (inner, log) = (executor.clone(), log.clone());
            executor.spawn(async move {
                inner.sleep(Duration::from_secs(seconds)).await;
                log.borrow_mut().push((inner.now().as_secs(), name));
            });
        }
        assert!(executor.run(|| false));
        assert_eq!(*log.borrow(), [(1, "early"), (60, "middle"), (3_600, "late")]);
    }

    #[test]
    fn many_at_once_within_one_task_are_each_woken() {
        let executor = Executor::default();
        let inner = executor.clone();
        executor.spawn(async move {
            let sleeps = (0..100u64).map(|at| inner.sleep(Duration::from_millis(at * 7 % 100)));
            join_all(sleeps).await;
            assert_eq!(inner.now(), Duration::from_millis(99));
        });
        assert!(executor.run(|| false));
        assert_eq!(executor.now(), Duration::from_millis(99));
    }
}

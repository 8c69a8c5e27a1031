//! Commits that are durable and not in the tables yet: the writer adds them, the settler takes them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kith_store::StoreError;
use tokio::sync::oneshot;

use crate::pending::Group;

/// Bytes of commits that go into the tables at a time.
const PART_BYTES: usize = 4 * 1024 * 1024;
/// What waits may be so many times [`Delay::bytes`] before new commits wait for it.
const OVERFULL: usize = 4;
/// How long to wait after the tables took nothing.
const AGAIN: Duration = Duration::from_millis(100);

/// How long commits may wait for the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delay {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// Documents to remove.
#[derive(Debug)]
pub(crate) struct Prune {
    /// Once this commit is in the tables.
    pub(crate) after: u64,
    pub(crate) collection: &'static str,
    pub(crate) before: String,
    pub(crate) limit: usize,
    pub(crate) reply: oneshot::Sender<Vec<Result<u64, StoreError>>>,
}

/// What the settler does next.
#[derive(Debug)]
pub(crate) enum Task {
    /// These go into the tables: the oldest that wait.
    Settle(Vec<Arc<Group>>),
    Prune(Prune),
}

#[derive(Debug)]
struct Inside {
    /// Oldest first.
    groups: VecDeque<Arc<Group>>,
    bytes: usize,
    /// When the oldest are to go.
    due: Instant,
    prunes: VecDeque<Prune>,
    /// Somebody waits until less waits.
    hurry: bool,
    /// The last commit that is in the tables.
    settled: u64,
    /// Why the tables took nothing the last time.
    failed: Option<StoreError>,
    /// Why they never will.
    poisoned: Option<StoreError>,
    closed: bool,
}

#[derive(Debug)]
pub(crate) struct Backlog {
    inside: Mutex<Inside>,
    came: Condvar,
    went: Condvar,
    delay: Delay,
}

impl Backlog {
    pub(crate) fn new(delay: Delay, settled: u64) -> Arc<Self> {
        let inside = Inside {
            groups: VecDeque::new(),
            bytes: 0,
            due: Instant::now(),
            prunes: VecDeque::new(),
            hurry: false,
            settled,
            failed: None,
            poisoned: None,
            closed: false,
        };
        let (came, went) = (Condvar::new(), Condvar::new());
        Arc::new(Self { inside: Mutex::new(inside), came, went, delay })
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room for a commit; the last commit that is in the tables.
    ///
    /// # Errors
    /// Why there will be none.
    pub(crate) fn room(&self) -> Result<u64, StoreError> {
        let mut inside = self.inside();
        loop {
            if let Some(error) = &inside.poisoned {
                return Err(error.clone());
            }
            if inside.bytes <= self.delay.bytes.saturating_mul(OVERFULL) {
                return Ok(inside.settled);
            }
            if let Some(error) = &inside.failed {
                return Err(error.clone());
            }
            inside.hurry = true;
            self.came.notify_one();
            inside = self.went.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn push(&self, group: Arc<Group>) {
        let mut inside = self.inside();
        let was_empty = inside.groups.is_empty();
        let was_due = inside.bytes > self.delay.bytes;
        if was_empty {
            inside.due = Instant::now() + self.delay.time;
        }
        inside.bytes += group.bytes;
        inside.groups.push_back(group);
        let is_due = inside.bytes > self.delay.bytes;
        drop(inside);
        // It is woken for the first, to look at the clock, and for the one too many.
        if was_empty || is_due != was_due {
            self.came.notify_one();
        }
    }

    pub(crate) fn prune(&self, prune: Prune) {
        self.inside().prunes.push_back(prune);
        self.came.notify_one();
    }

    /// Has all that waits go, and then the settler end.
    pub(crate) fn close(&self) {
        self.inside().closed = true;
        self.came.notify_one();
    }

    /// Waits for something to do. `None` when there is and will be nothing.
    pub(crate) fn next(&self) -> Option<Task> {
        let mut inside = self.inside();
        loop {
            let stuck = inside.failed.is_some() || inside.poisoned.is_some();
            if inside.closed && (stuck || inside.groups.is_empty()) && inside.prunes.is_empty() {
                return None;
            }
            let settled = inside.settled;
            if let Some(prune) = inside.prunes.pop_front_if(|next| stuck || next.after <= settled) {
                return Some(Task::Prune(prune));
            }
            let now = Instant::now();
            let wanted = inside.hurry || inside.closed || !inside.prunes.is_empty();
            let due = now >= inside.due || (!stuck && (wanted || inside.bytes > self.delay.bytes));
            if inside.groups.is_empty() || inside.poisoned.is_some() {
                inside = self.came.wait(inside).unwrap_or_else(PoisonError::into_inner);
            } else if due {
                return Some(Task::Settle(inside.part()));
            } else {
                let left = inside.due - now;
                let waited = self.came.wait_timeout(inside, left);
                inside = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
    }

    /// Forgets commits that the tables have.
    pub(crate) fn settled(&self, groups: &[Arc<Group>]) {
        let mut inside = self.inside();
        let bytes: usize = inside.groups.drain(..groups.len()).map(|group| group.bytes).sum();
        inside.bytes -= bytes;
        inside.settled = groups.last().map_or(inside.settled, |last| last.no);
        (inside.failed, inside.hurry) = (None, false);
        inside.due = Instant::now() + self.delay.time;
        drop(inside);
        self.went.notify_all();
    }

    /// Notes that the tables took nothing: what waits is durable and waits on.
    pub(crate) fn failed(&self, error: StoreError, poisons: bool) {
        let mut inside = self.inside();
        inside.due = Instant::now() + AGAIN;
        inside.hurry = false;
        if poisons {
            inside.poisoned = Some(error.clone());
        }
        inside.failed = Some(error);
        drop(inside);
        self.went.notify_all();
    }

    /// Why the tables take nothing, if they do not.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        let inside = self.inside();
        inside.poisoned.clone().or_else(|| inside.failed.clone())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inside().groups.is_empty()
    }
}

impl Inside {
    /// The oldest, as many as go at a time, and at least one.
    fn part(&self) -> Vec<Arc<Group>> {
        let mut bytes = 0;
        let fits = |group: &&Arc<Group>| {
            let fits = bytes < PART_BYTES;
            bytes += group.bytes;
            fits
        };
        self.groups.iter().take_while(fits).map(Arc::clone).collect()
    }
}

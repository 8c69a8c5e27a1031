//! The hub: the only writer of feeds.
//!
//! An operation's way: decide on cached documents under a short lock, wait in the queue, commit as
//! part of a group, and only then be shown: first to subscribers, in commit order, then to whoever
//! asked. Decisions are made on what was decided before, committed or not; the queue commits in that
//! order, so the order of decisions, of commits and of deliveries is one.
//!
//! When a commit fails, everything decided after it stood on sand: it fails too, and the cache is
//! emptied, so that the next decision stands on what the store has.

mod answer;
mod aware;
mod bundle;
mod cache;
mod commit;
mod directory;
mod error;
mod expire;
mod fan;
mod files;
mod forget;
mod gone;
pub mod guard;
mod item;
mod keys;
mod live;
mod load;
mod mailbox;
mod newest;
mod past;
pub mod presence;
pub mod read;
mod reading;
mod said;
pub mod search;
pub mod service;
mod silence;
pub mod site;
mod subscribe;
mod subscriber;
mod tended;
#[cfg(feature = "testing")]
pub mod testing;
mod texts;
pub mod verify;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kith_core::command::{self, Command, Outcome};
use kith_core::document::Key;
use kith_core::draft::{Draft, Stop};
use kith_core::id::{Timestamp, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::OpId;
use kith_store::Store;
use tokio::sync::Notify;

use said::{Once, Said};

pub use answer::Answer;
pub use aware::{Awareness, Shown};
pub use bundle::{Bundle, Unit};
pub use commit::{Histogram, LATENCY_BOUNDS_US, Stats};
pub use directory::Notices;
pub use error::HubError;
pub use expire::end_sessions;
pub use fan::{Delivery, WIRES};
pub use files::{OwnFile, Released};
pub use item::{Batch, Closed, Item};
pub use mailbox::Bell;
pub use newest::Merged;
pub use reading::Reading;
pub use silence::{Patience, Silence};
pub use subscribe::{Backlog, Place, Reset, Want};
pub use subscriber::{End, Subscriber};

/// Time and randomness, so that a simulator can replay a run.
pub trait Environment: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Ends after a while.
    fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(time))
    }
    /// A fresh random number that nobody can guess.
    fn random(&self) -> u128;
}

/// The hub's limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Operations that may wait for their commit; further ones are told to come later.
    pub queue_max: usize,
    /// Operations in one group commit.
    pub group_max: usize,
    /// Documents kept at hand.
    pub documents_max: usize,
    /// Bytes that may wait for one subscriber before it is told that it lags.
    pub mailbox_bytes: usize,
    /// Events that a subscriber is told one by one before a snapshot is the better answer.
    pub replay_max: usize,
    /// Events of a followed feed that stay at hand, so that a reader who catches up can join.
    pub at_hand_max: usize,
    /// Bytes of events that stay at hand beyond that, of all feeds together: readers who come back
    /// find them here, and the store need not be asked for each.
    pub at_hand_bytes: usize,
    /// Readers that catch up at a time; the others wait, and whoever is live does not.
    pub catching_up_max: usize,
    /// When several connections publish, the least time from the beginning of one group commit to
    /// the next, in milliseconds: then more share it.
    pub gather_ms: u64,
    /// How long the guard of a topic may take to decide, in milliseconds.
    pub guard_ms: u32,
    /// How long a revocation waits for a subscriber that is in the middle of a write before its
    /// connection is cut, in milliseconds.
    pub fence_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue_max: 8192,
            group_max: 512,
            documents_max: 32 * 1024,
            mailbox_bytes: 1024 * 1024,
            replay_max: 1000,
            at_hand_max: 64,
            at_hand_bytes: 8 * 1024 * 1024,
            catching_up_max: 4,
            gather_ms: 2,
            guard_ms: 10_000,
            fence_ms: 5000,
        }
    }
}

/// The only writer of feeds. Cheap to clone.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<dyn Store>,
    env: Arc<dyn Environment>,
    limits: Limits,
    epoch: String,
    state: Mutex<cache::State>,
    work: Notify,
    fan: fan::Fan,
    directory: directory::Directory,
    presence: presence::Table,
    aware: Arc<aware::Aware>,
    services: service::Services,
    catching_up: tokio::sync::Semaphore,
    readings: reading::Readings,
    sweeps: expire::Sweeps,
    texts: texts::Texts,
    forgetting: past::Forgetting,
    leaving: gone::Leaving,
    searching: search::Searching,
    stats: Stats,
    /// Held by the committer while it commits, so that a reader can have the store quiet.
    quiet: tokio::sync::Semaphore,
}

impl Hub {
    /// A hub over `store`, with its committer running until the hub is [closed](Self::close).
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(
        store: Arc<dyn Store>,
        env: Arc<dyn Environment>,
        limits: Limits,
    ) -> Result<Self, HubError> {
        let epoch = format!("{:x}", store.epoch().await?);
        let inner = Arc::new(Inner {
            store,
            env,
            limits,
            epoch,
            state: Mutex::default(),
            work: Notify::new(),
            fan: fan::Fan::new(&limits),
            directory: directory::Directory::default(),
            catching_up: tokio::sync::Semaphore::new(limits.catching_up_max.max(1)),
            presence: presence::Table::default(),
            aware: Arc::default(),
            services: service::Services::default(),
            readings: reading::Readings::default(),
            sweeps: expire::Sweeps::default(),
            texts: texts::Texts::default(),
            forgetting: past::Forgetting::default(),
            leaving: gone::Leaving::default(),
            searching: search::Searching::default(),
            stats: Stats::default(),
            quiet: tokio::sync::Semaphore::new(1),
        });
        let committer = tokio::spawn(commit::run(Arc::clone(&inner)));
        tokio::spawn(service::expire(Arc::downgrade(&inner)));
        tokio::spawn(aware::call(Arc::downgrade(&inner)));
        tokio::spawn(async {
            // Without its committer a node would take operations and never answer; what it holds in
            // memory cannot be trusted either. It starts anew from the disk.
            if committer.await.is_err_and(|error| error.is_panic()) {
                tracing::error!("the committer failed: the process ends");
                std::process::abort();
            }
        });
        Ok(Self { inner })
    }

    /// Takes no more operations; returns when those that were taken are committed or failed.
    pub async fn close(&self) {
        let done = {
            let mut state = self.state();
            state.closing = true;
            Arc::clone(&state.drained)
        };
        search::close(&self.inner);
        let drained = done.notified();
        self.inner.work.notify_one();
        let _ = tokio::time::timeout(Duration::from_secs(10), drained).await;
    }

    /// What the hub counts.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.inner.stats
    }

    /// Says which numbering the feeds follow; it changes when a backup was restored.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.inner.epoch
    }

    /// The time, as the hub is told it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.env.now()
    }

    /// A fresh random number that nobody can guess.
    #[must_use]
    pub fn random(&self) -> u128 {
        self.inner.env.random()
    }

    /// Ends after a while, as the hub is told the time.
    pub fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.inner.env.pass(time)
    }

    /// The limits it was opened with.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    fn state(&self) -> MutexGuard<'_, cache::State> {
        self.inner.state()
    }

    /// Does what a user asks, once per operation id however often it is said.
    ///
    /// # Errors
    /// A refusal, or a failure; [`HubError::is_unknown`] tells whether it may have been done.
    pub async fn execute(
        &self,
        me: UserId,
        op: Option<OpId>,
        command: &Command,
    ) -> Result<Outcome, HubError> {
        self.submit(me, 0, op, command).await?.wait().await
    }

    /// Decides what a user asks and queues it: what is submitted later is decided later. The answer
    /// comes when it is durable. `from` is the connection, 0 where there is none.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn submit(
        &self,
        me: UserId,
        from: u64,
        op: Option<OpId>,
        command: &Command,
    ) -> Result<Answer, HubError> {
        // Changes of documents are worked out beside the writer; nobody else does so meanwhile.
        let edits = self.edits(me, command).await?;
        let there = self.there_in(command);
        let decide = |draft: &mut Draft<'_>| match &edits {
            None => {
                let outcome = command::decide(draft, me, command)?;
                gone::tell(draft, &there)?;
                Ok(outcome)
            }
            Some(edits) => command::decide(draft, me, edits.get()?),
        };
        self.once((me, from), op, || Said::of(command), decide).await
    }

    /// Decides by `decide` what is asked, unless that was done before under the same name.
    async fn once(
        &self,
        (me, from): (UserId, u64),
        op: Option<OpId>,
        said: impl FnOnce() -> Said,
        mut decide: impl FnMut(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Answer, HubError> {
        let once = Once::new(me, op.as_ref(), said);
        self.queue(Some(me), from, op, |draft| once.decide(draft, &mut decide)).await
    }

    /// As [`submit`](Self::submit), at once: `None` where something has to be read or worked out
    /// first, or a guard asked. Nothing has happened then.
    pub fn submit_at_once(
        &self,
        me: UserId,
        from: u64,
        op: Option<&OpId>,
        command: &Command,
    ) -> Option<Result<Answer, HubError>> {
        if self.may_be_edits(command) || matches!(command, Command::RemoveCircle { .. }) {
            return None;
        }
        let at = (self.inner.env.now(), self.inner.env.random());
        let once = Once::new(me, op, || Said::of(command));
        let mut decide =
            |draft: &mut Draft<'_>| once.decide(draft, |draft| command::decide(draft, me, command));
        match self.attempt(at, (Some(me), from), op.cloned(), &mut decide) {
            Ok(Attempt::Queued(answer)) => Some(Ok(answer)),
            Ok(Attempt::Missing(_)) | Err(HubError::Refused(Refusal::Guarded { .. })) => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Decides, commits and delivers. `decide` may run several times, each on a fresh draft.
    ///
    /// # Errors
    /// What `decide` refuses, or a failure of the store.
    pub async fn transact(
        &self,
        by: Option<UserId>,
        op: Option<OpId>,
        decide: impl FnMut(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Outcome, HubError> {
        self.queue(by, 0, op, decide).await?.wait().await
    }

    async fn queue(
        &self,
        by: Option<UserId>,
        from: u64,
        op: Option<OpId>,
        mut decide: impl FnMut(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Answer, HubError> {
        // The same time and random number at every turn: the ids that a rule makes, and the documents
        // it looks for under them, are the same then.
        let (now, random) = (self.inner.env.now(), self.inner.env.random());
        for _ in 0..LOADS_MAX {
            match self.attempt((now, random), (by, from), op.clone(), &mut decide)? {
                Attempt::Queued(answer) => return Ok(answer),
                Attempt::Missing(key) => self.load(key).await?,
            }
        }
        Err(HubError::Busy)
    }

    fn attempt(
        &self,
        (now, random): (Timestamp, u128),
        (by, from): (Option<UserId>, u64),
        op: Option<OpId>,
        decide: &mut impl FnMut(&mut Draft<'_>) -> Result<Outcome, Stop>,
    ) -> Result<Attempt, HubError> {
        let mut state = self.state();
        if state.closing {
            return Err(HubError::Closed);
        }
        if state.queue.len() >= self.inner.limits.queue_max {
            return Err(HubError::Busy);
        }
        let mut draft = Draft::new(&state.cache, now, by, op, random);
        let outcome = match decide(&mut draft) {
            Ok(outcome) => outcome,
            Err(Stop::Missing(key)) => return Ok(Attempt::Missing(key)),
            Err(Stop::Refused(refusal)) => return Err(HubError::Refused(refusal)),
        };
        let changes = draft.into_changes();
        let (giver, answer) = answer::pair();
        state.enqueue(cache::Pending { from, changes, outcome, answer: giver });
        drop(state);
        self.inner.work.notify_one();
        Ok(Attempt::Queued(answer))
    }

    /// Runs `look` on documents as they are decided, loading what it needs.
    ///
    /// # Errors
    /// What `look` refuses, or a failure of the store.
    pub async fn look<T>(
        &self,
        mut look: impl FnMut(&Draft<'_>) -> Result<T, Stop>,
    ) -> Result<T, HubError> {
        for _ in 0..LOADS_MAX {
            let now = self.inner.env.now();
            let found = {
                let state = self.state();
                let draft = Draft::new(&state.cache, now, None, None, 0);
                look(&draft)
            };
            match found {
                Ok(value) => return Ok(value),
                Err(Stop::Refused(refusal)) => return Err(HubError::Refused(refusal)),
                Err(Stop::Missing(key)) => self.load(key).await?,
            }
        }
        Err(HubError::Busy)
    }

    /// As [`look`](Self::look), on documents that are committed: what was only decided is waited for,
    /// and looked at again where it could not be committed.
    ///
    /// # Errors
    /// As [`look`](Self::look).
    pub async fn look_committed<T>(
        &self,
        mut look: impl FnMut(&Draft<'_>) -> Result<T, Stop>,
    ) -> Result<T, HubError> {
        for _ in 0..LOADS_MAX {
            let now = self.inner.env.now();
            let (found, pending, generation) = {
                let state = self.state();
                let watched = state.cache.watched();
                let found = look(&Draft::new(&watched, now, None, None, 0));
                (found, watched.pending.get(), state.cache.generation())
            };
            let found = match found {
                Ok(value) => Ok(value),
                Err(Stop::Refused(refusal)) => Err(HubError::Refused(refusal)),
                Err(Stop::Missing(key)) => {
                    self.load(key).await?;
                    continue;
                }
            };
            if pending {
                self.settled().await?;
            }
            if !pending || self.state().cache.generation() == generation {
                return found;
            }
        }
        Err(HubError::Busy)
    }

    /// Waits until everything decided so far is committed or failed, so that the store has it.
    pub async fn settled(&self) -> Result<(), HubError> {
        let idle = {
            let state = self.state();
            state.queue.is_empty() && !state.committing
        };
        if idle {
            return Ok(());
        }
        self.transact(None, None, |_| Ok(Outcome::default())).await.map(drop)
    }
}

/// Turns of one decision; each but the last loads a document. No rule reads more than this, with every
/// mention and member it may look at.
const LOADS_MAX: usize = 2000;

enum Attempt {
    Queued(Answer),
    Missing(Key),
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, cache::State> {
        // A panic under this lock is a bug that the committer turns into the end of the process;
        // until then reading on is harmless, since every change is made in one step.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

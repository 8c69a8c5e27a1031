//! The committer: takes what was decided, commits it in groups, and shows it afterwards.
#![expect(
    clippy::vec_box,
    reason = "an operation goes from list to list, and is not moved each time"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kith_core::document::{Doc, Key};
use kith_core::draft::{Changes, Drafted};
use kith_core::event::Body;
use kith_core::id::{FeedId, Seq};
use kith_store::{Append, Batch, DocKey, DocWrite, StoreError, StoredEvent, Trim};
use tokio::time::Instant;

use crate::Inner;
use crate::answer::Giver;
use crate::cache::Pending;
use crate::error::HubError;

/// Upper bounds of the histogram's buckets, in microseconds.
pub const LATENCY_BOUNDS_US: [u64; 12] =
    [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

/// How long things took, in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    /// How many were at most as long as each bound, and how many longer than all.
    pub buckets: [AtomicU64; LATENCY_BOUNDS_US.len() + 1],
    /// The sum, in microseconds.
    pub sum_us: AtomicU64,
}

impl Histogram {
    /// Adds one.
    pub fn add(&self, us: u64) {
        let bucket = LATENCY_BOUNDS_US.partition_point(|bound| *bound < us);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

/// What the hub counts, for metrics.
#[derive(Debug, Default)]
pub struct Stats {
    /// Operations that were committed.
    pub operations: AtomicU64,
    /// Events that were committed.
    pub events: AtomicU64,
    /// Group commits.
    pub groups: AtomicU64,
    /// Group commits that failed.
    pub failures: AtomicU64,
    /// How long group commits took.
    pub commit: Histogram,
    /// Events put into mailboxes.
    pub deliveries: AtomicU64,
    /// Times that a subscriber was told that it lags.
    pub lagged: AtomicU64,
    /// How long it took from the start of an event's commit until it was in all mailboxes.
    pub delivery: Histogram,
}

/// Commits until the hub is closed.
pub(crate) async fn run(inner: Arc<Inner>) {
    let mut pace = Pace::default();
    loop {
        if let Some(pause) = pace.pause(&inner) {
            tokio::time::sleep(pause).await;
        }
        let group = take(&inner);
        if group.is_empty() {
            let (closing, drained) = {
                let state = inner.state();
                (state.closing && state.queue.is_empty(), Arc::clone(&state.drained))
            };
            if closing {
                drained.notify_waiters();
                return;
            }
            inner.work.notified().await;
            continue;
        }
        let began = Instant::now();
        pace.note(&inner, &group, began);
        // Only a reader that needs the store quiet for a moment holds the permit.
        let quiet = inner.quiet.acquire().await;
        let batches: Vec<Batch> = group.iter().map(|pending| batch(&pending.changes)).collect();
        // Operations that change nothing wait their turn and need no disk.
        let idle = batches.iter().all(Batch::is_empty);
        let results = match idle {
            true => vec![Ok(()); batches.len()],
            false => inner.store.commit(batches).await,
        };
        drop(quiet);
        inner.stats.groups.fetch_add(1, Ordering::Relaxed);
        inner.stats.commit.add(micros(began));
        finish(&inner, group, results, began);
    }
}

/// Whether it is more than a question whether all before it is done.
fn changes(pending: &Pending) -> bool {
    !pending.changes.events.is_empty() || !pending.changes.documents.is_empty()
}

/// For how long it counts that several connections published.
const SEVERAL: Duration = Duration::from_millis(100);

/// Lets operations gather where that costs nobody much: a commit costs the same for one or for
/// many. One connection alone gets its answers as fast as the disk can, and so does everybody when
/// there was no commit for a moment.
#[derive(Default)]
struct Pace {
    /// When the last commit began.
    began: Option<Instant>,
    /// Whose the last operation was.
    from: u64,
    /// When operations of two connections last followed each other.
    several: Option<Instant>,
    /// When two operations last shared a commit: nobody waited for the answer to the first.
    shared: Option<Instant>,
    /// Deliveries before the last commit.
    delivered: u64,
}

/// Deliveries of a commit that are many: they take longer than the commit.
const FANNED: u64 = 256;
/// How long operations gather after such a commit, when nobody waits for each of them: about as long
/// as it takes to tell what was committed (a delivery takes the processor a microsecond or more).
/// Sooner they could not be told, and what is gathered is one send for each reader.
const TOLD: Duration = Duration::from_micros(1);
const SPREAD_LEAST: Duration = Duration::from_millis(1);
const SPREAD_MOST: Duration = Duration::from_millis(4);

fn spread(delivered: u64) -> Duration {
    let told = TOLD.saturating_mul(u32::try_from(delivered).unwrap_or(u32::MAX));
    told.clamp(SPREAD_LEAST, SPREAD_MOST)
}

impl Pace {
    /// How long to wait for more operations.
    fn pause(&self, inner: &Inner) -> Option<Duration> {
        let lately = |at: Option<Instant>| at.is_some_and(|at| at.elapsed() < SEVERAL);
        let (several, shared) = (lately(self.several), lately(self.shared));
        let gather = Duration::from_millis(inner.limits.gather_ms);
        if !(several || shared) || gather.is_zero() {
            return None;
        }
        // What only waits its turn needs no disk, and is not held up.
        let waiting = inner.state().queue.iter().filter(|pending| changes(pending)).count();
        let left = gather.saturating_sub(self.began?.elapsed());
        let delivered = inner.stats.deliveries.load(Ordering::Relaxed) - self.delivered;
        let pause = match (delivered >= FANNED, several) {
            (true, _) => left.max(spread(delivered)),
            (false, true) => left,
            (false, false) => Duration::ZERO,
        };
        let gathers = waiting > 0 && waiting < inner.limits.group_max / 2;
        (gathers && !pause.is_zero()).then_some(pause)
    }

    fn note(&mut self, inner: &Inner, group: &[Box<Pending>], now: Instant) {
        if !group.iter().any(|pending| changes(pending)) {
            return;
        }
        self.delivered = inner.stats.deliveries.load(Ordering::Relaxed);
        if group.iter().filter(|pending| changes(pending)).count() > 1 {
            self.shared = Some(now);
        }
        // What has no connection is seldom and short, and says nothing of who publishes.
        for from in group.iter().map(|pending| pending.from).filter(|from| *from != 0) {
            if self.from != 0 && from != self.from {
                self.several = Some(now);
            }
            self.from = from;
        }
        self.began = Some(now);
    }
}

fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}

fn take(inner: &Inner) -> Vec<Box<Pending>> {
    let mut state = inner.state();
    let count = state.queue.len().min(inner.limits.group_max);
    let group: Vec<Box<Pending>> = state.queue.drain(..count).collect();
    state.committing = !group.is_empty();
    group
}

/// What the store shall write for these changes.
fn batch(changes: &Changes) -> Batch {
    let mut feeds: BTreeMap<FeedId, Vec<StoredEvent>> = BTreeMap::new();
    let stored = |drafted: &&Drafted| drafted.event.feed.is_stored();
    for drafted in changes.events.iter().filter(stored) {
        feeds.entry(drafted.event.feed).or_default().push(StoredEvent {
            seq: drafted.event.seq,
            body: Arc::clone(&drafted.json),
            hash: drafted.hash,
        });
    }
    let appends = feeds
        .into_iter()
        .map(|(feed, events)| {
            let first = events.first().map_or(Seq(1), |event| event.seq);
            Append { feed, after: Seq(first.0 - 1), events }
        })
        .collect();
    let writes = changes.documents.iter().filter_map(|(key, doc)| write(key, doc.as_ref()));
    let trims = changes.trims.iter().map(|(feed, through)| Trim { feed: *feed, through: *through });
    Batch { appends, writes: writes.collect(), trims: trims.collect() }
}

fn write(key: &Key, doc: Option<&Doc>) -> Option<DocWrite> {
    let (collection, text) = key.path()?;
    let body = doc.map(|doc| doc.to_json().into());
    Some(DocWrite { key: DocKey { collection, key: text }, body })
}

fn finish(
    inner: &Arc<Inner>,
    group: Vec<Box<Pending>>,
    results: Vec<Result<(), StoreError>>,
    began: Instant,
) {
    let mut results = results.into_iter();
    let mut failed: Option<StoreError> = None;
    let mut answers = Vec::new();
    let mut doubtful = Vec::new();
    // Those that take nobody's access are shown together.
    let mut plain = Vec::new();
    for pending in group {
        // A store that answers less than it was asked did not do the rest.
        let result = results.next().unwrap_or(Err(StoreError::Failed("no answer".to_owned())));
        let error = match (&failed, result) {
            (None, Ok(())) => {
                if is_plain(&pending.changes) {
                    plain.push(pending);
                } else {
                    show_plain(inner, std::mem::take(&mut plain), began);
                    show(inner, *pending, began);
                }
                continue;
            }
            (None, Err(error)) => HubError::from(failed.insert(error).clone()),
            // It stood on what failed, and was written all the same.
            (Some(_), Ok(())) => StoreError::Failed("an earlier one failed".to_owned()).into(),
            // It went to the disk together with the one that failed: their fates may differ, and
            // which of them is known no better.
            (Some(first), Err(_)) => match HubError::from(first.clone()) {
                first if first.is_unknown() => first,
                _ => HubError::Superseded,
            },
        };
        answers.push((pending.answer, error));
        doubtful.push(pending.changes);
    }
    show_plain(inner, plain, began);
    let Some(error) = failed else {
        inner.state().committing = false;
        return;
    };
    inner.stats.failures.fetch_add(1, Ordering::Relaxed);
    tracing::error!(%error, "commit failed");
    {
        let mut state = inner.state();
        state.committing = false;
        // The values of ephemeral topics were nowhere else: they begin anew, for everyone.
        inner.fan.lose_live(&inner.stats);
        state.cache.clear();
        // What was decided on top of it never went to the disk.
        answers.extend(state.queue.drain(..).map(|late| (late.answer, HubError::Superseded)));
    }
    doubt(inner, &doubtful, answers);
}

type Answers = Vec<(Giver, HubError)>;

/// Answers operations that may have been written though the store said that it failed.
///
/// Whoever follows their feeds looks again where those end, and whoever they may have taken access
/// from has it looked up again, before the answer goes out: said again, such an operation is found
/// done, and its answer then promises what any other does.
fn doubt(inner: &Arc<Inner>, doubtful: &[Changes], answers: Answers) {
    inner.directory.doubt();
    crate::search::doubt(inner);
    let events = doubtful.iter().flat_map(|changes| &changes.events);
    inner.fan.lose(events.map(|drafted| drafted.event.feed), &inner.stats);
    let mut fenced = Vec::new();
    for scope in doubtful.iter().map(crate::subscriber::scope_of) {
        fenced.extend(crate::subscriber::doubt(inner, scope));
    }
    let limit = Duration::from_millis(inner.limits.fence_ms);
    tokio::spawn(async move {
        crate::subscriber::fence(fenced, limit).await;
        for (answer, error) in answers {
            answer.give(Err(error));
        }
    });
}

/// Whether an operation takes nobody's access and leaves topics what they are.
fn is_plain(changes: &Changes) -> bool {
    let is_of_topic = |drafted: &Drafted| {
        matches!(
            drafted.event.body,
            Body::TopicCreated { .. }
                | Body::TopicChanged { .. }
                | Body::TopicNarrowed { .. }
                | Body::TopicRemoved {}
        )
    };
    !changes.events.iter().any(is_of_topic) && crate::subscriber::scope_of(changes).is_empty()
}

/// Operations whose documents are noted under one lock.
const NOTED: usize = 64;

/// Shows committed operations that take nobody's access: all to subscribers, then to whoever asked.
fn show_plain(inner: &Arc<Inner>, all: Vec<Box<Pending>>, began: Instant) {
    if all.is_empty() {
        return;
    }
    let changes = || all.iter().map(|pending| &pending.changes);
    changes().for_each(|changes| inner.directory.tell(changes));
    let operations = changes().map(|changes| changes.events.as_slice());
    let delivered = inner.fan.deliver(operations, &inner.stats);
    let events: usize = changes().map(|changes| changes.events.len()).sum();
    inner.stats.operations.fetch_add(all.len() as u64, Ordering::Relaxed);
    inner.stats.events.fetch_add(events as u64, Ordering::Relaxed);
    inner.stats.deliveries.fetch_add(delivered, Ordering::Relaxed);
    let mut bulky = BTreeSet::new();
    for some in all.chunks(NOTED) {
        let mut state = inner.state();
        for pending in some {
            state.cache.committed(&pending.changes, inner.limits.documents_max);
            bulky.extend(state.cache.bulky(&pending.changes));
        }
    }
    bulky.into_iter().for_each(|topic| crate::texts::tend(inner, topic));
    crate::live::changed(inner, changes());
    changes().for_each(|changes| crate::newest::renew(inner, changes));
    crate::search::note(inner, changes());
    changes().for_each(|changes| crate::past::tend(inner, changes));
    let took = micros(began);
    for pending in all {
        let Pending { changes, outcome, answer, .. } = *pending;
        if !changes.events.is_empty() {
            inner.stats.delivery.add(took);
        }
        answer.give(Ok(outcome));
    }
}

/// Shows a committed operation: to subscribers, then to whoever asked, after the fence if it took
/// anyone's access.
fn show(inner: &Arc<Inner>, pending: Pending, began: Instant) {
    let Pending { changes, outcome, answer, .. } = pending;
    inner.stats.operations.fetch_add(1, Ordering::Relaxed);
    let mut fenced = Vec::new();
    inner.directory.tell(&changes);
    inner.stats.events.fetch_add(changes.events.len() as u64, Ordering::Relaxed);
    let delivered = inner.fan.deliver(std::iter::once(changes.events.as_slice()), &inner.stats);
    inner.stats.deliveries.fetch_add(delivered, Ordering::Relaxed);
    let scope = crate::subscriber::scope_of(&changes);
    let bulky = {
        let mut state = inner.state();
        state.cache.committed(&changes, inner.limits.documents_max);
        state.cache.bulky(&changes)
    };
    bulky.into_iter().for_each(|topic| crate::texts::tend(inner, topic));
    crate::live::shown(inner, &changes);
    crate::newest::renew(inner, &changes);
    crate::search::note(inner, std::iter::once(&changes));
    crate::past::tend(inner, &changes);
    crate::gone::tend(inner, &changes);
    if !scope.is_empty() {
        fenced = crate::subscriber::recheck(inner, &scope);
    }
    if !changes.events.is_empty() {
        inner.stats.delivery.add(micros(began));
    }
    if fenced.is_empty() {
        answer.give(Ok(outcome));
    } else {
        let limit = Duration::from_millis(inner.limits.fence_ms);
        tokio::spawn(async move {
            crate::subscriber::fence(fenced, limit).await;
            answer.give(Ok(outcome));
        });
    }
}

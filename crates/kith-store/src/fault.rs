//! A store in memory with a disk that can fail and lose power: for tests of what uses a store.
//!
//! Writes reach the disk at a sync point. Until then a power loss keeps a prefix of them: whole
//! batches in the order of their commits, possibly none, possibly all, never a part of one.

use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq};

use crate::memory::{State, lock};
use crate::{Batch, DocKey, DocWrite, Document, Head, Range, Store, StoreError, StoredEvent};

/// What goes wrong, and when. Operations are counted from 1: a read is one operation, a commit and
/// a prune are two, the write and the sync.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Operation `at` fails with `error`. A failed read or write changes nothing. After a failed
    /// sync no write is accepted any more, and what was written may be there after
    /// [`FaultStore::recover`], or not.
    Fail {
        /// The number of the operation.
        at: u64,
        /// What the caller gets.
        error: StoreError,
    },
    /// The power goes when operation `at` is asked for: it and all later ones fail.
    Crash {
        /// The number of the operation.
        at: u64,
    },
}

/// A [`Store`] in memory that fails as it was told. Clones share the same disk.
#[derive(Clone, Debug, Default)]
pub struct FaultStore {
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    /// What a power loss leaves.
    durable: State,
    /// What all accepted writes make of it; commits are decided on this.
    written: State,
    /// The batches that `written` is ahead of `durable`.
    unsynced: Vec<Batch>,
    faults: Vec<Fault>,
    operations: u64,
    epoch: u64,
    crashed: bool,
    refuses_writes: bool,
}

impl FaultStore {
    /// An empty store with epoch 1 that fails as `faults` say.
    #[must_use]
    pub fn new(faults: Vec<Fault>) -> Self {
        let disk = Disk { faults, epoch: 1, ..Disk::default() };
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    /// Adds a fault to come.
    pub fn plan(&self, fault: Fault) {
        self.disk().faults.push(fault);
    }

    /// How many operations were asked for until now.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// Takes the power away now.
    pub fn crash(&self) {
        self.disk().crashed = true;
    }

    /// Whether the power is gone.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.disk().crashed
    }

    /// Takes the power away, and starts again with what the disk holds: all that was confirmed,
    /// and of what was not a prefix of whole batches, as long as `seed` says. No faults are planned.
    #[must_use]
    pub fn recover(&self, seed: u64) -> Self {
        let mut disk = self.disk();
        disk.crashed = true;
        let mut state = disk.durable.clone();
        let choices = disk.unsynced.len() as u64 + 1;
        let kept = usize::try_from(mix(seed) % choices).unwrap_or(0);
        for batch in disk.unsynced.iter().take(kept) {
            state.apply(batch);
        }
        let epoch = disk.epoch;
        let disk = Disk { written: state.clone(), durable: state, epoch, ..Disk::default() };
        Self { disk: Arc::new(Mutex::new(disk)) }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, StoreError> {
        let mut disk = self.disk();
        disk.step()?;
        Ok(read(&disk.durable))
    }

    /// The sync point: all that was written becomes durable, or it is unknown what did.
    fn sync(&self) -> Result<(), StoreError> {
        let mut disk = self.disk();
        if disk.refuses_writes {
            return Err(refused());
        }
        disk.step().inspect_err(|_| disk.refuses_writes = true)?;
        let Disk { durable, unsynced, .. } = &mut *disk;
        for batch in unsynced.drain(..) {
            durable.apply(&batch);
        }
        Ok(())
    }
}

impl Disk {
    /// Counts an operation; an error if it is to fail.
    fn step(&mut self) -> Result<(), StoreError> {
        self.operations += 1;
        let now = self.operations;
        self.crashed |=
            self.faults.iter().any(|fault| matches!(fault, Fault::Crash { at } if *at == now));
        if self.crashed {
            return Err(StoreError::Failed("the power is gone".to_owned()));
        }
        let failed = self.faults.iter().find_map(|fault| match fault {
            Fault::Fail { at, error } if *at == now => Some(error.clone()),
            _ => None,
        });
        failed.map_or(Ok(()), Err)
    }

    fn write(&mut self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        let refused = if self.refuses_writes { Err(refused()) } else { self.step() };
        if let Err(error) = refused {
            return all_failed(batches.len(), error);
        }
        let results = self.written.write_group(&batches);
        let accepted = results.iter().take_while(|result| result.is_ok()).count();
        self.unsynced.extend(batches.into_iter().take(accepted));
        results
    }
}

fn refused() -> StoreError {
    StoreError::ReadOnly("an earlier sync failed".to_owned())
}

fn all_failed(count: usize, error: StoreError) -> Vec<Result<(), StoreError>> {
    let mut results = vec![Err(error)];
    results.resize_with(count, || Err(StoreError::after_failure()));
    results
}

/// Spreads the bits of a small seed (the finaliser of SplitMix64).
fn mix(seed: u64) -> u64 {
    let mut bits = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ bits >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ bits >> 31
}

/// Lets other tasks run between a write and its sync, as a disk would.
async fn breathe() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl Store for FaultStore {
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        if batches.is_empty() {
            return Vec::new();
        }
        let mut results = self.disk().write(batches);
        // Also after a refusal: who tries again until others have synced must let them run.
        breathe().await;
        if results.first().is_some_and(Result::is_err) {
            return results;
        }
        if let Err(error) = self.sync() {
            results = all_failed(results.len(), error);
        }
        results
    }

    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.read(|state| state.head(feed))
    }

    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|state| state.events(feed, after, limit))
    }

    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.read(|state| state.get(&keys))
    }

    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.read(|state| state.scan(&range, limit))
    }

    async fn count(&self, range: Range) -> Result<u64, StoreError> {
        self.read(|state| state.count(&range))
    }

    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError> {
        self.read(|state| state.feeds(after, limit))
    }

    async fn epoch(&self) -> Result<u64, StoreError> {
        let mut disk = self.disk();
        disk.step()?;
        Ok(disk.epoch)
    }

    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError> {
        // Looking and removing under one lock, so that no write comes between them.
        let (removed, results) = {
            let mut disk = self.disk();
            let keys = disk.written.expired(collection, before, limit);
            let removed = keys.len() as u64;
            let writes = keys.into_iter().map(|key| DocWrite { key, body: None }).collect();
            (removed, disk.write(vec![Batch { writes, ..Batch::default() }]))
        };
        results.into_iter().collect::<Result<(), _>>()?;
        breathe().await;
        self.sync()?;
        Ok(removed)
    }
}

#[cfg(test)]
mod tests;

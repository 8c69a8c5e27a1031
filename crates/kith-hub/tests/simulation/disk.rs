//! Chance, and a store that is slow and fails by it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq};
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, Document, Head, Range, Store, StoreError, StoredEvent};

/// Random numbers of one run (SplitMix64), shared by its tasks.
#[derive(Clone)]
pub(crate) struct Dice(pub(crate) Arc<AtomicU64>);

impl Dice {
    pub(crate) fn roll(&self, sides: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % sides
    }

    /// Lets other tasks go first, for a random number of turns.
    pub(crate) async fn pause(&self) {
        for _ in 0..self.roll(4) {
            tokio::task::yield_now().await;
        }
    }
}

/// A store whose calls take a random number of turns, before and after they happen, and now and
/// then fail: before, or after they happened all the same.
pub(crate) struct Slow {
    pub(crate) inner: MemoryStore,
    pub(crate) dice: Dice,
    /// Whether calls may fail.
    pub(crate) faulty: Arc<AtomicBool>,
}

/// One in so many commits fails, and one in so many reads.
const COMMITS_PER_FAULT: u64 = 8;
const READS_PER_FAULT: u64 = 100;

impl Slow {
    fn fails(&self, sides: u64) -> bool {
        self.faulty.load(Ordering::Relaxed) && self.dice.roll(sides) == 0
    }

    /// Waits about a read, and fails it by chance.
    async fn read<T>(
        &self,
        read: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.dice.pause().await;
        let found = read.await;
        self.dice.pause().await;
        if self.fails(READS_PER_FAULT) { Err(failed()) } else { found }
    }
}

fn failed() -> StoreError {
    StoreError::Failed("by chance".to_owned())
}

#[async_trait]
impl Around for Slow {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        self.dice.pause().await;
        let count = batches.len();
        let fails = self.fails(COMMITS_PER_FAULT);
        if fails && self.dice.roll(2) == 0 {
            return vec![Err(failed()); count];
        }
        let done = self.inner.commit(batches).await;
        self.dice.pause().await;
        if fails { vec![Err(failed()); count] } else { done }
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.read(self.inner.head(feed)).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(self.inner.events(feed, after, limit)).await
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.read(self.inner.get(keys)).await
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.read(self.inner.scan(range, limit)).await
    }
}

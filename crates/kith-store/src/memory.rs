//! A store in memory: the model that every other store is compared with, gone with the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq};

use crate::{Batch, DocKey, Document, Head, ROWS_MAX, Range, Store, StoreError, StoredEvent};

/// A [`Store`] in memory. Clones share the same content.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    epoch: u64,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store with epoch 1.
    #[must_use]
    pub fn new() -> Self {
        Self::with_epoch(1)
    }

    /// An empty store that says that its epoch is `epoch`.
    #[must_use]
    pub fn with_epoch(epoch: u64) -> Self {
        Self { state: Arc::default(), epoch }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// A panic elsewhere cannot leave these states half changed: batches are checked before they are
/// applied, and applying cannot fail.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The content of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    /// By the text of the feed's id, which is the order in which they are listed.
    feeds: BTreeMap<String, Feed>,
    documents: BTreeMap<&'static str, BTreeMap<String, Arc<str>>>,
}

#[derive(Clone, Debug)]
struct Feed {
    id: FeedId,
    /// The last event that is forgotten.
    trimmed: Seq,
    events: Vec<StoredEvent>,
}

impl State {
    /// Writes `batch`, or nothing of it.
    pub(crate) fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        batch.check()?;
        for append in &batch.appends {
            append.follow(self.head(append.feed))?;
        }
        for trim in &batch.trims {
            let end = batch.end_of(trim.feed);
            trim.check(end.unwrap_or_else(|| self.head(trim.feed).seq))?;
        }
        self.apply(batch);
        Ok(())
    }

    /// Writes `batches` up to the first that fails; one result for each.
    pub(crate) fn write_group(&mut self, batches: &[Batch]) -> Vec<Result<(), StoreError>> {
        let mut failed = false;
        let write = |batch| {
            if failed {
                return Err(StoreError::after_failure());
            }
            let result = self.write(batch);
            failed = result.is_err();
            result
        };
        batches.iter().map(write).collect()
    }

    /// Writes a batch that was checked against this very state.
    pub(crate) fn apply(&mut self, batch: &Batch) {
        for append in &batch.appends {
            let feed = self.feeds.entry(append.feed.to_string());
            let feed = feed.or_insert_with(|| Feed {
                id: append.feed,
                trimmed: Seq(0),
                events: Vec::new(),
            });
            feed.events.extend(append.events.iter().cloned());
        }
        for trim in &batch.trims {
            if let Some(feed) = self.feeds.get_mut(&trim.feed.to_string()) {
                feed.events.retain(|event| event.seq > trim.through);
                feed.trimmed = feed.trimmed.max(trim.through);
            }
        }
        for write in &batch.writes {
            let collection = self.documents.entry(write.key.collection).or_default();
            match &write.body {
                Some(body) => collection.insert(write.key.key.clone(), Arc::clone(body)),
                None => collection.remove(&write.key.key),
            };
        }
    }

    pub(crate) fn head(&self, feed: FeedId) -> Head {
        let events = self.feeds.get(&feed.to_string());
        let last = events.and_then(|feed| feed.events.last());
        last.map_or_else(Head::default, |event| Head { seq: event.seq, hash: event.hash })
    }

    pub(crate) fn events(&self, feed: FeedId, after: Seq, limit: usize) -> Vec<StoredEvent> {
        let Some(feed) = self.feeds.get(&feed.to_string()) else { return Vec::new() };
        let skipped = after.0.saturating_sub(feed.trimmed.0);
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        feed.events.iter().skip(skipped).take(limit.min(ROWS_MAX)).cloned().collect()
    }

    pub(crate) fn get(&self, keys: &[DocKey]) -> Vec<Option<Arc<str>>> {
        let find = |key: &DocKey| self.documents.get(key.collection)?.get(&key.key).cloned();
        keys.iter().map(find).collect()
    }

    fn range(&self, range: &Range) -> impl DoubleEndedIterator<Item = (&String, &Arc<str>)> {
        let keys = range.bounds().zip(self.documents.get(range.collection));
        keys.into_iter().flat_map(|(bounds, documents)| documents.range(bounds))
    }

    pub(crate) fn scan(&self, range: &Range, limit: usize) -> Vec<Document> {
        let found = self.range(range);
        let read = |(key, body): (&String, &Arc<str>)| Document {
            key: key.clone(),
            body: Arc::clone(body),
        };
        let limit = limit.min(ROWS_MAX);
        if range.descending {
            found.rev().take(limit).map(read).collect()
        } else {
            found.take(limit).map(read).collect()
        }
    }

    pub(crate) fn count(&self, range: &Range) -> u64 {
        self.range(range).map(|_| 1).sum()
    }

    pub(crate) fn feeds(&self, after: Option<FeedId>, limit: usize) -> Vec<FeedId> {
        let lower = after.map_or(Bound::Unbounded, |feed| Bound::Excluded(feed.to_string()));
        let found = self.feeds.range((lower, Bound::Unbounded));
        found.take(limit.min(ROWS_MAX)).map(|(_, feed)| feed.id).collect()
    }

    /// The keys that a prune removes.
    pub(crate) fn expired(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Vec<DocKey> {
        let Some(documents) = self.documents.get(collection) else { return Vec::new() };
        let found = documents.range((Bound::Unbounded, Bound::Excluded(before)));
        found.take(limit).map(|(key, _)| DocKey { collection, key: key.clone() }).collect()
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        self.state().write_group(&batches)
    }

    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        Ok(self.state().head(feed))
    }

    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.state().events(feed, after, limit))
    }

    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        Ok(self.state().get(&keys))
    }

    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        Ok(self.state().scan(&range, limit))
    }

    async fn count(&self, range: Range) -> Result<u64, StoreError> {
        Ok(self.state().count(&range))
    }

    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError> {
        Ok(self.state().feeds(after, limit))
    }

    async fn epoch(&self) -> Result<u64, StoreError> {
        Ok(self.epoch)
    }

    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let keys = state.expired(collection, before, limit);
        if let Some(documents) = state.documents.get_mut(collection) {
            for key in &keys {
                documents.remove(&key.key);
            }
        }
        Ok(keys.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::store_conformance!(Box::new(MemoryStore::new()));
}

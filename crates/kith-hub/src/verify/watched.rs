//! A store for tests, in which the documents are what the events add up to after every commit.

use std::sync::Arc;

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq};
use kith_store::{Batch, DocKey, Document, Head, Range, Store, StoreError, StoredEvent};

use super::verify;

/// Wraps a store and [verifies](verify) all of it after every commit. What is written may be as
/// much as a test writes: each commit reads everything.
pub struct Watched<S>(pub S);

#[async_trait]
impl<S: Store> Store for Watched<S> {
    /// # Panics
    /// When the documents are not what the events add up to: no operation of the server may ever
    /// leave them so.
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        let results = self.0.commit(batches).await;
        if let Ok(verified) = verify(&self.0).await {
            assert!(verified.problems.is_empty(), "{:#?}", verified.problems);
        }
        results
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.0.head(feed).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.0.events(feed, after, limit).await
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.0.get(keys).await
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.0.scan(range, limit).await
    }
    async fn count(&self, range: Range) -> Result<u64, StoreError> {
        self.0.count(range).await
    }
    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError> {
        self.0.feeds(after, limit).await
    }
    async fn epoch(&self) -> Result<u64, StoreError> {
        self.0.epoch().await
    }
    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.0.prune(collection, before, limit).await
    }
}

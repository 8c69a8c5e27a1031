//! Stores around another, for tests: what is not said otherwise is passed on.

use std::sync::Arc;

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq};

use crate::{Batch, DocKey, Document, Head, Range, Store, StoreError, StoredEvent};

/// A store around another. Each method is that of [`Store`], and passes its call on unless it is
/// written anew.
#[async_trait]
#[expect(missing_docs, reason = "each is the one of the store")]
pub trait Around: Send + Sync + 'static {
    /// The store that calls are passed on to.
    fn inner(&self) -> &dyn Store;

    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        self.inner().commit(batches).await
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.inner().head(feed).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner().events(feed, after, limit).await
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        self.inner().get(keys).await
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        self.inner().scan(range, limit).await
    }
}

#[async_trait]
impl<T: Around> Store for T {
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        Around::commit(self, batches).await
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        Around::head(self, feed).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        Around::events(self, feed, after, limit).await
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        Around::get(self, keys).await
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        Around::scan(self, range, limit).await
    }
    async fn count(&self, range: Range) -> Result<u64, StoreError> {
        self.inner().count(range).await
    }
    async fn feeds(&self, after: Option<FeedId>, limit: usize) -> Result<Vec<FeedId>, StoreError> {
        self.inner().feeds(after, limit).await
    }
    async fn epoch(&self) -> Result<u64, StoreError> {
        self.inner().epoch().await
    }
    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.inner().prune(collection, before, limit).await
    }
}

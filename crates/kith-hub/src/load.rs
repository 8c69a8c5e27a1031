//! Bringing documents from the store to where they are decided on.

use std::sync::Arc;

use kith_core::document::{Doc, FeedHead, Key};
use kith_core::id::FeedId;
use kith_core::text::OpId;
use kith_store::{DocKey, Range, StoreError};

use crate::{Hub, HubError, Inner};

impl Hub {
    /// Brings a document into the cache.
    pub(crate) async fn load(&self, key: Key) -> Result<(), HubError> {
        let loading = Loading::begin(&self.inner, key);
        let doc = self.read(&loading.key).await?;
        loading.end(doc);
        Ok(())
    }

    /// Reads a document from the store.
    async fn read(&self, key: &Key) -> Result<Option<Doc>, HubError> {
        let store = &self.inner.store;
        if let Key::Head(FeedId::Live(_)) = key {
            let seq = crate::live::first(self.inner.env.now());
            return Ok(Some(Doc::Head(FeedHead { seq, ..FeedHead::default() })));
        }
        if let Key::Head(feed) = key {
            let head = store.head(*feed).await?;
            return Ok(Some(Doc::Head(FeedHead { seq: head.seq, hash: head.hash })));
        }
        if let Key::Series(user, series) = key {
            let range = Range {
                collection: "done",
                prefix: format!("{user}/{}", OpId::series_prefix(series)),
                after: None,
                before: None,
                descending: true,
            };
            let last = store.scan(range, 1).await?;
            let last = last.first().and_then(|row| OpId::from_key(row.key.split_once('/')?.1));
            let number = last.as_ref().and_then(OpId::in_series).map(|(_, number)| number);
            return Ok(number.map(Doc::Series));
        }
        if let Key::State(topic) = key {
            let Some(state) = self.value(*topic, None).await? else { return Ok(None) };
            let state = Box::pin(self.born(*topic, state)).await?;
            return Ok(Some(Doc::State(Arc::new(state))));
        }
        if let Key::Facts(topic, from, to) = key {
            // They may have been decided and not yet committed.
            Box::pin(self.settled()).await?;
            let facts = self.facts(*topic, *from, *to).await?;
            return Ok(Some(Doc::Facts(Arc::new(facts))));
        }
        if let Key::Steps(circle, user) = key {
            return Ok(Some(Doc::Steps(Arc::new(self.steps(*circle, *user).await?))));
        }
        let Some((collection, text)) = key.path() else { return Ok(None) };
        let found = store.get(vec![DocKey { collection, key: text }]).await?;
        let Some(json) = found.into_iter().next().flatten() else { return Ok(None) };
        key.parse(&json)
            .map(Some)
            .map_err(|error| HubError::Store(StoreError::Corrupt(format!("{key:?}: {error}"))))
    }
}

/// A document on its way from the store into the cache.
struct Loading<'a> {
    inner: &'a Inner,
    key: Key,
    generation: u64,
    read: Option<Option<Doc>>,
}

impl<'a> Loading<'a> {
    fn begin(inner: &'a Inner, key: Key) -> Self {
        let generation = inner.state().cache.begin_load(&key);
        Self { inner, key, generation, read: None }
    }

    fn end(mut self, doc: Option<Doc>) {
        self.read = Some(doc);
    }
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let read = self.read.take().map(|doc| (doc, self.generation));
        let max = self.inner.limits.documents_max;
        self.inner.state().cache.end_load(self.key.clone(), read, max);
    }
}

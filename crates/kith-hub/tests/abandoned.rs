//! Nothing stays of what nobody waits for any more, wherever it was given up.

mod world;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use async_trait::async_trait;
use kith_core::id::{FeedId, Seq, StreamId, Timestamp};
use kith_hub::Limits;
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, Document, Head, Range, Store, StoreError, StoredEvent};
use world::{circle, connect, follow, hub, user};

/// A store that answers to nothing at once, as a disk does.
struct Slow(MemoryStore);

#[async_trait]
impl Around for Slow {
    fn inner(&self) -> &dyn Store {
        &self.0
    }
    async fn commit(&self, batches: Vec<Batch>) -> Vec<Result<(), StoreError>> {
        tokio::task::yield_now().await;
        self.0.commit(batches).await
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        tokio::task::yield_now().await;
        self.0.head(feed).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        tokio::task::yield_now().await;
        self.0.events(feed, after, limit).await
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        tokio::task::yield_now().await;
        self.0.get(keys).await
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        tokio::task::yield_now().await;
        self.0.scan(range, limit).await
    }
}

/// Goes on with it for so many turns and gives it up; whether it was done before.
async fn abandon(work: impl Future, turns: usize) -> bool {
    let mut work = pin!(work);
    for _ in 0..turns {
        let turn = std::future::poll_fn(|context| Poll::Ready(work.as_mut().poll(context)));
        if turn.await.is_ready() {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

#[tokio::test]
async fn a_feed_is_let_go_when_its_reader_goes_while_catching_up() {
    let hub = hub(Slow(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (_, tea) = circle(&hub, ana).await;
    let nothing = FeedId::Stream(StreamId::new(Timestamp(1), 1));
    for feed in [FeedId::Stream(tea), nothing] {
        let mut turns = 0;
        loop {
            turns += 1;
            let subscriber = connect(&hub, "ana").await;
            let done = abandon(follow(&hub, &subscriber, feed, None), turns).await;
            hub.disconnect(&subscriber).await;
            assert_eq!(hub.followed(), 0, "after {turns} turns");
            if done {
                break;
            }
        }
        assert!(turns > 1, "there was nothing to give up");
    }
}

//! The promises of [`Store`], one function each: a store that keeps them all may be used.
//!
//! [`store_conformance!`](crate::store_conformance) makes a test of each. Every function wants an
//! empty store of its own, and panics where the promise is broken.

use kith_core::chain::ChainHash;
use kith_core::id::{CircleId, FeedId, Seq, StreamId, Timestamp, UserId};

use crate::{Append, Batch, DocKey, DocWrite, Head, Range, Store, StoreError, StoredEvent};

mod documents;
mod feeds;
mod invalid;
mod trims;

pub use documents::*;
pub use feeds::*;
pub use invalid::*;
pub use trims::*;

/// Makes one `#[tokio::test]` of every promise.
///
/// The expression opens a fresh, empty store; it may use `.await`. Its value must dereference to
/// the store: a `Box`, an `Arc`, or a type of your own that also removes the files when dropped.
#[macro_export]
macro_rules! store_conformance {
    ($open:expr) => {
        $crate::store_conformance! { @each $open;
            a_new_store_is_empty
            events_are_numbered_from_one_without_gaps
            events_are_kept_byte_for_byte
            events_come_in_pages
            the_head_tells_the_last_number_and_hash
            a_conflict_leaves_nothing
            a_writer_that_is_ahead_gets_a_conflict
            batches_after_a_failed_one_are_refused
            a_later_batch_of_a_group_builds_on_the_earlier
            a_batch_over_several_feeds_is_all_or_none
            nothing_to_write_is_no_error
            feeds_are_listed_in_text_order
            the_epoch_stays
            reads_see_confirmed_commits
            many_commits_at_once_all_count
            one_of_several_writers_of_a_number_wins
            documents_come_in_the_order_asked
            the_later_write_of_a_key_wins
            a_removed_document_is_gone
            collections_are_apart
            a_scan_returns_what_the_range_says
            a_scan_can_be_continued
            no_read_returns_more_than_the_most
            pruning_removes_the_least_keys_only
            the_same_feed_twice_is_refused
            a_gap_in_the_numbers_is_refused
            an_empty_append_is_refused
            a_hash_that_does_not_follow_is_refused
            an_event_that_is_too_large_is_refused
            a_document_that_is_too_large_is_refused
            a_key_that_is_too_long_is_refused
            a_number_that_is_too_great_is_refused
            what_is_trimmed_is_gone_and_the_rest_stays
            a_trimmed_feed_goes_on
            a_trim_is_part_of_its_batch
            a_feed_keeps_its_last_event
        }
    };
    (@each $open:expr; $($promise:ident)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let opened = $open;
                $crate::conformance::$promise(&*opened).await;
            }
        )*
    };
}

/// A feed for tests.
pub const FEED: FeedId = FeedId::Site;

/// Another feed for tests.
#[must_use]
pub fn other() -> FeedId {
    stream(1)
}

/// The feed of the stream with number `n`.
#[must_use]
pub fn stream(n: u64) -> FeedId {
    FeedId::Stream(StreamId::new(Timestamp(n), 0))
}

/// One feed of each kind.
fn kinds() -> Vec<FeedId> {
    let circle = CircleId::new(Timestamp(3), 3);
    let user = FeedId::User(UserId::new(Timestamp(2), 2));
    vec![FEED, user, FeedId::Circle(circle), FeedId::Audit(circle), stream(4)]
}

/// Events with these bodies, numbered and hashed so that they follow `head`.
#[must_use]
pub fn append(feed: FeedId, head: Head, bodies: &[&str]) -> Append {
    let mut last = head;
    let make = |body: &&str| {
        let seq = last.seq.next();
        last = Head { seq, hash: last.hash.next(feed, seq, body) };
        StoredEvent { seq, body: (*body).into(), hash: last.hash }
    };
    Append { feed, after: head.seq, events: bodies.iter().map(make).collect() }
}

/// A write of `body` to a document.
#[must_use]
pub fn document(collection: &'static str, key: &str, body: &str) -> DocWrite {
    DocWrite { key: name(collection, key), body: Some(body.into()) }
}

/// The name of a document.
#[must_use]
pub fn name(collection: &'static str, key: &str) -> DocKey {
    DocKey { collection, key: key.to_owned() }
}

/// All keys of `collection`, ascending.
#[must_use]
pub fn all_of(collection: &'static str) -> Range {
    Range { collection, prefix: String::new(), after: None, before: None, descending: false }
}

/// A batch of these appends and writes.
#[must_use]
pub fn batch(appends: Vec<Append>, writes: Vec<DocWrite>) -> Batch {
    Batch { appends, writes, trims: Vec::new() }
}

/// Commits `batches`.
///
/// # Panics
/// If one of them fails.
pub async fn write(store: &impl Store, batches: Vec<Batch>) {
    let count = batches.len();
    let results = store.commit(batches).await;
    assert_eq!(results.len(), count, "one result per batch");
    for result in results {
        result.expect("the commit is valid");
    }
}

/// Appends events with these bodies to the end of `feed`.
///
/// # Panics
/// If that fails.
pub async fn grow(store: &impl Store, feed: FeedId, bodies: &[&str]) -> Head {
    let head = store.head(feed).await.expect("the head can be read");
    let append = append(feed, head, bodies);
    let end = append.follow(head).expect("made to follow");
    write(store, vec![batch(vec![append], vec![])]).await;
    end
}

/// Commits one batch and returns its only result.
async fn try_one(store: &impl Store, batch: Batch) -> Result<(), StoreError> {
    let mut results = store.commit(vec![batch]).await;
    assert_eq!(results.len(), 1, "one result per batch");
    results.remove(0)
}

/// The bodies of a feed, after checking numbers and hashes.
async fn bodies(store: &impl Store, feed: FeedId) -> Vec<String> {
    let events = store.events(feed, Seq(0), usize::MAX).await.expect("events can be read");
    let mut last = Head { seq: Seq(0), hash: ChainHash::default() };
    for event in &events {
        assert_eq!(event.seq, last.seq.next(), "numbers without gaps");
        assert_eq!(event.hash, last.hash.next(feed, event.seq, &event.body), "the chain");
        last = Head { seq: event.seq, hash: event.hash };
    }
    assert_eq!(store.head(feed).await.expect("the head can be read"), last);
    events.iter().map(|event| event.body.as_ref().to_owned()).collect()
}

/// The keys of a range, after checking that counting agrees.
async fn keys(store: &impl Store, range: Range) -> Vec<String> {
    let found = store.scan(range.clone(), usize::MAX).await.expect("a range can be read");
    let count = store.count(range).await.expect("a range can be counted");
    assert_eq!(count, found.len() as u64);
    found.into_iter().map(|document| document.key).collect()
}

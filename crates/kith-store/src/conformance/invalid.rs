//! Promises about batches that break the contract: they are refused and leave nothing.

use kith_core::chain::ChainHash;
use kith_core::id::Seq;

use super::{FEED, all_of, append, batch, bodies, document, keys, other, try_one, write};
use crate::{
    Append, Batch, DOCUMENT_BYTES_MAX, EVENT_BYTES_MAX, Head, KEY_BYTES_MAX, SEQ_MAX, Store,
    StoreError,
};

/// `wrong` is refused as invalid although the rest of the batch is fine, and nothing is written.
async fn refused(store: &impl Store, mut wrong: Batch) {
    wrong.appends.insert(0, append(other(), Head::default(), &["1"]));
    wrong.writes.insert(0, document("c", "k", "1"));
    let result = try_one(store, wrong).await;
    assert!(matches!(result, Err(StoreError::Invalid(_))), "{result:?}");
    assert_eq!(bodies(store, FEED).await, Vec::<String>::new());
    assert_eq!(bodies(store, other()).await, Vec::<String>::new());
    assert_eq!(keys(store, all_of("c")).await, Vec::<String>::new());
}

/// A JSON text of exactly `size` bytes.
fn text(size: usize) -> String {
    format!("\"{}\"", "x".repeat(size - 2))
}

/// Which of the two would come first?
pub async fn the_same_feed_twice_is_refused(store: &impl Store) {
    let first = append(FEED, Head::default(), &["1"]);
    let head = first.follow(Head::default()).expect("made to follow");
    refused(store, batch(vec![first, append(FEED, head, &["2"])], vec![])).await;
}

/// Numbers must follow `after`, and each other.
pub async fn a_gap_in_the_numbers_is_refused(store: &impl Store) {
    for numbers in [[2, 3], [1, 3], [1, 1], [2, 1], [0, 1]] {
        let mut wrong = append(FEED, Head::default(), &["1", "2"]);
        for (event, number) in wrong.events.iter_mut().zip(numbers) {
            event.seq = Seq(number);
        }
        refused(store, batch(vec![wrong], vec![])).await;
    }
}

/// An append says that something happened.
pub async fn an_empty_append_is_refused(store: &impl Store) {
    let wrong = Append { feed: FEED, after: Seq(0), events: vec![] };
    refused(store, batch(vec![wrong], vec![])).await;
}

/// A wrong hash could never be told from damage.
pub async fn a_hash_that_does_not_follow_is_refused(store: &impl Store) {
    let mut wrong = append(FEED, Head::default(), &["1", "2"]);
    wrong.events[1].hash = ChainHash([7; 32]);
    refused(store, batch(vec![wrong], vec![])).await;
}

/// The greatest event fits, one byte more does not.
pub async fn an_event_that_is_too_large_is_refused(store: &impl Store) {
    let wrong = append(FEED, Head::default(), &["1", &text(EVENT_BYTES_MAX + 1)]);
    refused(store, batch(vec![wrong], vec![])).await;
    let most = text(EVENT_BYTES_MAX);
    let fine = append(FEED, Head::default(), &[&most]);
    write(store, vec![batch(vec![fine], vec![])]).await;
    assert_eq!(bodies(store, FEED).await, [most]);
}

/// The greatest document fits, one byte more does not.
pub async fn a_document_that_is_too_large_is_refused(store: &impl Store) {
    let wrong = document("c", "a", &text(DOCUMENT_BYTES_MAX + 1));
    refused(store, batch(vec![], vec![wrong])).await;
    let most = text(DOCUMENT_BYTES_MAX);
    write(store, vec![batch(vec![], vec![document("c", "a", &most)])]).await;
    let found = store.scan(all_of("c"), 9).await.expect("scan");
    assert_eq!(found.len(), 1);
    assert!(*found[0].body == *most, "kept whole");
}

/// The longest key fits, one byte more does not.
pub async fn a_key_that_is_too_long_is_refused(store: &impl Store) {
    let wrong = document("c", &"k".repeat(KEY_BYTES_MAX + 1), "1");
    refused(store, batch(vec![], vec![wrong])).await;
    let most = "k".repeat(KEY_BYTES_MAX);
    write(store, vec![batch(vec![], vec![document("c", &most, "1")])]).await;
    assert_eq!(keys(store, all_of("c")).await, [most]);
}

/// No number wraps around.
pub async fn a_number_that_is_too_great_is_refused(store: &impl Store) {
    for last in [SEQ_MAX, Seq(u64::MAX - 1)] {
        let wrong = append(FEED, Head { seq: last, ..Head::default() }, &["1"]);
        refused(store, batch(vec![wrong], vec![])).await;
    }
}

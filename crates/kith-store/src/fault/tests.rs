//! What a disk that fails or loses power leaves, and what it never does.

use futures_util::future::join;

use super::*;
use crate::conformance::{FEED, append, batch, document, write};

crate::store_conformance!(Box::new(FaultStore::new(Vec::new())));

fn failed(results: &[Result<(), StoreError>]) -> bool {
    results.iter().all(Result::is_err)
}

async fn last(store: &FaultStore) -> u64 {
    store.head(FEED).await.expect("a recovered store can be read").seq.0
}

/// Three batches of one event each, as one group.
fn three() -> Vec<Batch> {
    let mut head = Head::default();
    let mut batches = Vec::new();
    for body in ["1", "2", "3"] {
        let next = append(FEED, head, &[body]);
        head = next.follow(head).unwrap();
        batches.push(batch(vec![next], vec![document("c", body, body)]));
    }
    batches
}

#[tokio::test]
async fn a_crash_keeps_a_prefix_of_whole_batches() {
    let mut seen = [false; 4];
    for seed in 0..64 {
        let store = FaultStore::new(vec![Fault::Crash { at: 2 }]);
        assert!(failed(&store.commit(three()).await));
        assert!(store.crashed());
        let store = store.recover(seed);
        let kept = last(&store).await;
        let range = Range {
            collection: "c",
            prefix: String::new(),
            after: None,
            before: None,
            descending: false,
        };
        assert_eq!(store.count(range).await.unwrap(), kept, "an event without its document");
        seen[usize::try_from(kept).unwrap()] = true;
    }
    assert_eq!(seen, [true; 4], "every prefix is possible");
}

#[tokio::test]
async fn a_crash_before_the_write_keeps_nothing_of_it() {
    let store = FaultStore::new(vec![Fault::Crash { at: 1 }]);
    assert!(failed(&store.commit(three()).await));
    assert!(store.head(FEED).await.is_err(), "the power is gone for reads too");
    for seed in 0..8 {
        assert_eq!(last(&store.recover(seed)).await, 0);
    }
}

#[tokio::test]
async fn what_was_confirmed_survives_every_crash() {
    let store = FaultStore::new(Vec::new());
    write(&store, three()).await;
    store.crash();
    for seed in 0..8 {
        assert_eq!(last(&store.recover(seed)).await, 3);
    }
}

#[tokio::test]
async fn a_failed_write_changes_nothing() {
    let store = FaultStore::new(vec![Fault::Fail { at: 1, error: StoreError::Full }]);
    let results = store.commit(three()).await;
    assert!(matches!(results[0], Err(StoreError::Full)));
    assert!(failed(&results));
    assert_eq!(last(&store).await, 0);
    write(&store, three()).await;
    assert_eq!(last(&store.recover(1)).await, 3);
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_written_until_recovery() {
    let error = StoreError::ReadOnly("sync".to_owned());
    let store = FaultStore::new(vec![Fault::Fail { at: 2, error }]);
    assert!(failed(&store.commit(three()).await));
    assert_eq!(last(&store).await, 0, "what is not durable is not shown");
    let again = store.commit(three()).await;
    assert!(matches!(again[0], Err(StoreError::ReadOnly(_))));
    let store = store.recover(0);
    let kept = last(&store).await;
    assert!(kept <= 3);
}

#[tokio::test]
async fn a_sync_confirms_what_others_wrote_before_it() {
    let store = FaultStore::new(Vec::new());
    let other = append(crate::conformance::other(), Head::default(), &["1"]);
    let other = vec![batch(vec![other], vec![])];
    let (a, b) = join(store.commit(three()), store.commit(other)).await;
    assert!(a.iter().chain(&b).all(Result::is_ok));
    assert_eq!(store.operations(), 4);
    assert_eq!(last(&store.recover(0)).await, 3);
}

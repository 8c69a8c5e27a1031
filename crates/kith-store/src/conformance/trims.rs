//! Promises about feeds that lose their beginnings.

use kith_core::id::{FeedId, Seq};

use super::{FEED, all_of, append, document, grow, keys, other, try_one, write};
use crate::{Batch, Store, StoreError, Trim};

/// A batch that trims a feed.
#[must_use]
pub fn trim(feed: FeedId, through: u64) -> Batch {
    Batch { trims: vec![Trim { feed, through: Seq(through) }], ..Batch::default() }
}

/// The numbers of the events above `after`, whose chain is as it was written.
async fn numbers(store: &impl Store, feed: FeedId, after: u64, limit: usize) -> Vec<u64> {
    let events = store.events(feed, Seq(after), limit).await.expect("events can be read");
    for pair in events.windows(2) {
        if let [before, event] = pair {
            assert_eq!(event.seq, before.seq.next(), "numbers without gaps");
            assert_eq!(event.hash, before.hash.next(feed, event.seq, &event.body), "the chain");
        }
    }
    events.iter().map(|event| event.seq.0).collect()
}

/// Only the beginning of that feed is gone; a trim of what is gone already changes nothing.
pub async fn what_is_trimmed_is_gone_and_the_rest_stays(store: &impl Store) {
    let end = grow(store, FEED, &["1", "2", "3", "4", "5"]).await;
    grow(store, other(), &["1", "2"]).await;
    for (through, left) in [(0, 1..=5), (2, 3..=5), (1, 3..=5), (2, 3..=5), (4, 5..=5)] {
        write(store, vec![trim(FEED, through)]).await;
        let left: Vec<u64> = left.collect();
        for after in 0..7 {
            for limit in 0..4 {
                let wanted = left.iter().copied().filter(|seq| *seq > after).take(limit);
                let wanted: Vec<u64> = wanted.collect();
                assert_eq!(numbers(store, FEED, after, limit).await, wanted, "{through} {after}");
            }
        }
        assert_eq!(store.head(FEED).await.expect("head"), end);
    }
    assert_eq!(numbers(store, other(), 0, 9).await, [1, 2]);
    assert_eq!(store.feeds(None, 9).await.expect("feeds"), [other(), FEED]);
    write(store, vec![trim(other(), 1)]).await;
    assert_eq!(numbers(store, other(), 0, 9).await, [2]);
}

/// Numbers and hashes go on as if nothing was trimmed.
pub async fn a_trimmed_feed_goes_on(store: &impl Store) {
    grow(store, FEED, &["1", "2", "3"]).await;
    write(store, vec![trim(FEED, 2)]).await;
    let end = grow(store, FEED, &["4", "5"]).await;
    assert_eq!(end.seq, Seq(5));
    assert_eq!(numbers(store, FEED, 0, 9).await, [3, 4, 5]);
    write(store, vec![trim(FEED, 4)]).await;
    grow(store, FEED, &["6"]).await;
    assert_eq!(numbers(store, FEED, 0, 9).await, [5, 6]);
    assert_eq!(numbers(store, FEED, 5, 9).await, [6]);
}

/// What a batch adds, it may trim; and a batch that is refused trims nothing.
pub async fn a_trim_is_part_of_its_batch(store: &impl Store) {
    let head = grow(store, FEED, &["1", "2"]).await;
    let both = Batch { appends: vec![append(FEED, head, &["3", "4"])], ..trim(FEED, 3) };
    let late = Batch { appends: vec![append(FEED, head, &["late"])], ..trim(FEED, 2) };
    let refused = try_one(store, Batch { writes: vec![document("c", "k", "1")], ..late }).await;
    assert!(refused.is_ok(), "{refused:?}");
    assert_eq!(numbers(store, FEED, 0, 9).await, [3]);
    let refused = try_one(store, both).await;
    assert!(matches!(refused, Err(StoreError::Conflict { .. })), "{refused:?}");
    assert_eq!(numbers(store, FEED, 0, 9).await, [3]);
    assert_eq!(keys(store, all_of("c")).await, ["k"]);
    let head = store.head(FEED).await.expect("head");
    let both = Batch { appends: vec![append(FEED, head, &["4", "5"])], ..trim(FEED, 4) };
    let next = {
        let end = both.appends[0].follow(head).expect("made to follow");
        Batch { appends: vec![append(FEED, end, &["6"])], ..trim(FEED, 5) }
    };
    write(store, vec![both, next]).await;
    assert_eq!(numbers(store, FEED, 0, 9).await, [6]);
}

/// The number of the next event would be lost with the last.
pub async fn a_feed_keeps_its_last_event(store: &impl Store) {
    for through in [0, 1, u64::MAX] {
        let refused = try_one(store, trim(FEED, through)).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    let head = grow(store, FEED, &["1", "2"]).await;
    for through in [2, 3, u64::MAX] {
        let refused = try_one(store, trim(FEED, through)).await;
        assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    }
    let all = Batch { appends: vec![append(FEED, head, &["3"])], ..trim(FEED, 3) };
    assert!(matches!(try_one(store, all).await, Err(StoreError::Invalid(_))));
    assert_eq!(numbers(store, FEED, 0, 9).await, [1, 2]);
    assert_eq!(store.head(FEED).await.expect("head"), head);
}

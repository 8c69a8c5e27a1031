//! Promises about feeds, and about commits as such.

use futures_util::future::join_all;
use kith_core::id::Seq;

use super::{FEED, all_of, append, batch, bodies, document, grow, keys, kinds, name, other};
use super::{stream, try_one, write};
use crate::{Append, Batch, Head, Store, StoreError};

/// Reading what was never written is no error.
pub async fn a_new_store_is_empty(store: &impl Store) {
    assert_eq!(store.head(FEED).await.expect("head"), Head::default());
    assert_eq!(store.events(FEED, Seq(0), 10).await.expect("events"), vec![]);
    assert_eq!(store.events(FEED, Seq(7), 10).await.expect("events"), vec![]);
    assert_eq!(store.get(vec![name("c", "k")]).await.expect("get"), vec![None]);
    assert_eq!(store.get(vec![]).await.expect("get"), vec![]);
    assert_eq!(keys(store, all_of("c")).await, Vec::<String>::new());
    assert_eq!(store.feeds(None, 10).await.expect("feeds"), vec![]);
    assert_eq!(store.prune("c", "z".to_owned(), 10).await.expect("prune"), 0);
}

/// Numbers are dense, over several appends and several events in one.
pub async fn events_are_numbered_from_one_without_gaps(store: &impl Store) {
    for feed in kinds() {
        grow(store, feed, &["1", "2"]).await;
        grow(store, feed, &["3"]).await;
        grow(store, feed, &["4", "5", "6"]).await;
    }
    for feed in kinds() {
        assert_eq!(bodies(store, feed).await, ["1", "2", "3", "4", "5", "6"]);
    }
}

/// The text is never parsed or made anew.
pub async fn events_are_kept_byte_for_byte(store: &impl Store) {
    let texts = ["{ \"b\": 1.0,\"a\" :\t[] }\n", "\"é漢😀\\u0000\\n'\"", "1e400", "\"\u{7f}\""];
    grow(store, FEED, &texts).await;
    assert_eq!(bodies(store, FEED).await, texts);
}

/// A read starts above `after` and ends at `limit`.
pub async fn events_come_in_pages(store: &impl Store) {
    grow(store, FEED, &["1", "2", "3", "4", "5"]).await;
    grow(store, other(), &["9"]).await;
    for after in 0..7_u64 {
        for limit in 0..7_usize {
            let page = store.events(FEED, Seq(after), limit).await.expect("events");
            let numbers: Vec<u64> = page.iter().map(|event| event.seq.0).collect();
            let wanted: Vec<u64> = (after + 1..=5).take(limit).collect();
            assert_eq!(numbers, wanted, "after {after}, limit {limit}");
        }
    }
    assert_eq!(store.events(FEED, Seq(u64::MAX), 9).await.expect("events"), vec![]);
}

/// The head is the end of that feed alone.
pub async fn the_head_tells_the_last_number_and_hash(store: &impl Store) {
    let end = grow(store, FEED, &["1", "2"]).await;
    assert_eq!(end.seq, Seq(2));
    assert_eq!(store.head(FEED).await.expect("head"), end);
    assert_eq!(store.head(other()).await.expect("head"), Head::default());
    let end = grow(store, FEED, &["3"]).await;
    assert_eq!(store.head(FEED).await.expect("head"), end);
}

/// Who comes second learns the last number, and nothing of the batch is there.
pub async fn a_conflict_leaves_nothing(store: &impl Store) {
    grow(store, FEED, &["1", "2"]).await;
    let late = append(FEED, Head::default(), &["late"]);
    let fine = append(other(), Head::default(), &["fine"]);
    let late = batch(vec![fine, late], vec![document("c", "k", "1")]);
    let result = try_one(store, late).await;
    let conflict = |feed, last| feed == FEED && last == Seq(2);
    assert!(
        matches!(result, Err(StoreError::Conflict { feed, last }) if conflict(feed, last)),
        "{result:?}"
    );
    assert_eq!(bodies(store, FEED).await, ["1", "2"]);
    assert_eq!(bodies(store, other()).await, Vec::<String>::new());
    assert_eq!(store.get(vec![name("c", "k")]).await.expect("get"), vec![None]);
    assert_eq!(store.feeds(None, 10).await.expect("feeds"), vec![FEED]);
    grow(store, other(), &["1"]).await;
}

/// Knowing more than is there is no less wrong than knowing less.
pub async fn a_writer_that_is_ahead_gets_a_conflict(store: &impl Store) {
    let first = append(FEED, Head::default(), &["1"]);
    let head = first.follow(Head::default()).expect("made to follow");
    let result = try_one(store, batch(vec![append(FEED, head, &["2"])], vec![])).await;
    assert!(matches!(result, Err(StoreError::Conflict { last: Seq(0), .. })), "{result:?}");
    assert_eq!(bodies(store, FEED).await, Vec::<String>::new());
    assert_eq!(store.feeds(None, 10).await.expect("feeds"), vec![]);
}

/// The batches before a failed one are there, those after it are not.
pub async fn batches_after_a_failed_one_are_refused(store: &impl Store) {
    let good = |n, key| {
        let events = append(stream(n), Head::default(), &["1"]);
        batch(vec![events], vec![document("c", key, "1")])
    };
    let wrong = batch(vec![Append { after: Seq(9), ..append(FEED, Head::default(), &[]) }], vec![]);
    let results = store.commit(vec![good(1, "a"), wrong, good(2, "b"), good(3, "c")]).await;
    let fine: Vec<bool> = results.iter().map(Result::is_ok).collect();
    assert_eq!(fine, [true, false, false, false]);
    assert!(matches!(results[1], Err(StoreError::Invalid(_))), "{:?}", results[1]);
    assert_eq!(keys(store, all_of("c")).await, ["a"]);
    assert_eq!(store.feeds(None, 10).await.expect("feeds"), vec![stream(1)]);
    // The next group is not bound by the failure.
    write(store, vec![good(2, "b")]).await;
    assert_eq!(keys(store, all_of("c")).await, ["a", "b"]);
}

/// In a group, later batches see what earlier ones wrote.
pub async fn a_later_batch_of_a_group_builds_on_the_earlier(store: &impl Store) {
    let first = append(FEED, Head::default(), &["1"]);
    let head = first.follow(Head::default()).expect("made to follow");
    let second = append(FEED, head, &["2"]);
    let again = second.clone();
    let make = |append, body| batch(vec![append], vec![document("c", "k", body)]);
    let group = vec![make(first, "1"), make(second, "2"), make(again, "3")];
    let results = store.commit(group).await;
    assert!(results[0].is_ok() && results[1].is_ok(), "{results:?}");
    assert!(matches!(results[2], Err(StoreError::Conflict { last: Seq(2), .. })), "{results:?}");
    assert_eq!(bodies(store, FEED).await, ["1", "2"]);
    let found = store.get(vec![name("c", "k")]).await.expect("get");
    assert_eq!(found, vec![Some("2".into())]);
}

/// An operation that touches several feeds is one.
pub async fn a_batch_over_several_feeds_is_all_or_none(store: &impl Store) {
    let begin = |feed| append(feed, Head::default(), &["1", "2"]);
    write(store, vec![batch(kinds().into_iter().map(begin).collect(), vec![])]).await;
    for feed in kinds() {
        assert_eq!(bodies(store, feed).await, ["1", "2"]);
    }
    // All but the last of these would do.
    let mut appends = Vec::new();
    for feed in kinds() {
        let head = store.head(feed).await.expect("head");
        appends.push(append(feed, head, &["3"]));
    }
    appends.push(append(stream(99), Head { seq: Seq(1), ..Head::default() }, &["2"]));
    assert!(try_one(store, batch(appends, vec![])).await.is_err());
    for feed in kinds() {
        assert_eq!(bodies(store, feed).await, ["1", "2"]);
    }
}

/// An empty group has no results; an empty batch succeeds.
pub async fn nothing_to_write_is_no_error(store: &impl Store) {
    assert_eq!(store.commit(vec![]).await.len(), 0);
    write(store, vec![Batch::default(), Batch::default()]).await;
    assert_eq!(store.feeds(None, 10).await.expect("feeds"), vec![]);
}

/// All feeds with events, in the order of their texts, page by page.
pub async fn feeds_are_listed_in_text_order(store: &impl Store) {
    for feed in kinds().into_iter().chain((10..20).map(stream)) {
        grow(store, feed, &["1"]).await;
    }
    let mut wanted: Vec<_> = kinds().into_iter().chain((10..20).map(stream)).collect();
    wanted.sort_by_key(ToString::to_string);
    assert_eq!(store.feeds(None, usize::MAX).await.expect("feeds"), wanted);
    for limit in 1..5 {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.feeds(after, limit).await.expect("feeds");
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(*last);
            found.extend(page);
        }
        assert_eq!(found, wanted, "in pages of {limit}");
    }
    assert_eq!(store.feeds(None, 0).await.expect("feeds"), vec![]);
}

/// Writing does not change the epoch.
pub async fn the_epoch_stays(store: &impl Store) {
    let epoch = store.epoch().await.expect("epoch");
    grow(store, FEED, &["1"]).await;
    let late = append(FEED, Head::default(), &["late"]);
    assert!(try_one(store, batch(vec![late], vec![])).await.is_err());
    assert_eq!(store.epoch().await.expect("epoch"), epoch);
}

/// Whoever was told that a commit is done can read it, every time.
pub async fn reads_see_confirmed_commits(store: &impl Store) {
    let mut head = Head::default();
    for n in 1..=50_u64 {
        let text = n.to_string();
        let next = append(FEED, head, &[&text]);
        head = next.follow(head).expect("made to follow");
        write(store, vec![batch(vec![next], vec![document("c", "k", &text)])]).await;
        // Several at once, so that every reader of a pool is asked.
        let reads = (0..4).map(|_| async {
            assert_eq!(store.head(FEED).await.expect("head"), head);
            let found = store.get(vec![name("c", "k")]).await.expect("get");
            assert_eq!(found, vec![Some(text.as_str().into())]);
            let events = store.events(FEED, Seq(n - 1), 9).await.expect("events");
            assert_eq!(events.len(), 1);
        });
        join_all(reads).await;
    }
}

/// Commits that wait for each other in some queue are all written, once.
pub async fn many_commits_at_once_all_count(store: &impl Store) {
    let rounds = (0..64).map(|n| async move {
        for (index, body) in ["1", "2", "3", "4"].into_iter().enumerate() {
            let end = grow(store, stream(n), &[body]).await;
            assert_eq!(end.seq.0, index as u64 + 1);
            let key = format!("{n}/{index}");
            write(store, vec![batch(vec![], vec![document("c", &key, body)])]).await;
        }
    });
    join_all(rounds).await;
    for n in 0..64 {
        assert_eq!(bodies(store, stream(n)).await, ["1", "2", "3", "4"]);
    }
    assert_eq!(store.count(all_of("c")).await.expect("count"), 256);
}

/// Writers that fight for one feed each get in once, in some order, and nobody overwrites another.
pub async fn one_of_several_writers_of_a_number_wins(store: &impl Store) {
    let writers = (0..16).map(|n: u64| async move {
        let body = n.to_string();
        loop {
            let head = store.head(FEED).await.expect("head");
            let next = append(FEED, head, &[&body]);
            match try_one(store, batch(vec![next], vec![])).await {
                Ok(()) => return,
                Err(StoreError::Conflict { last, .. }) => assert!(last > head.seq),
                Err(error) => panic!("only a conflict is possible: {error}"),
            }
        }
    });
    join_all(writers).await;
    let mut numbers: Vec<u64> =
        bodies(store, FEED).await.iter().filter_map(|body| body.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..16).collect::<Vec<_>>());
}

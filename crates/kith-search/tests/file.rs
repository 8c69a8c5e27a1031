//! The file of the index: whatever is wrong with it, it is made anew, and nothing else suffers.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use kith_core::id::{Seq, StreamId, Timestamp, UserId};
use kith_core::search::parse;
use kith_search::SqliteIndex;
use kith_store::index::{Ask, Change, Entry, Home, Index, Scope, Step};

const TEA: fn() -> StreamId = || StreamId::new(Timestamp(1), 1);

fn step(text: &str) -> Step {
    let entry = Entry {
        stream: TEA(),
        seq: Seq(1),
        home: Home::Group,
        author: UserId::new(Timestamp(1), 1),
        at: Timestamp(1000),
        text: text.to_owned(),
        marks: vec![],
    };
    Step { changes: vec![Change::Put(entry)], read: vec![(TEA(), Seq(1))] }
}

async fn found(index: &SqliteIndex, text: &str) -> usize {
    let search = parse(text, Timestamp(0), 0).unwrap();
    let ask = Ask { scopes: vec![Scope::Stream(TEA())], must: search.must, ..Ask::default() };
    index.find(ask, 10).await.unwrap().len()
}

#[tokio::test]
async fn an_index_of_another_store_is_emptied() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("search");
    let index = SqliteIndex::open(&path).unwrap();
    index.follow(1).await.unwrap();
    index.apply(step("tea")).await.unwrap();
    index.follow(1).await.unwrap();
    assert_eq!(found(&index, "tea").await, 1);
    index.follow(2).await.unwrap();
    assert_eq!(
        (found(&index, "tea").await, index.read(vec![TEA()]).await.unwrap()),
        (0, vec![Seq(0)])
    );
    index.apply(step("milk")).await.unwrap();
    assert_eq!((found(&index, "tea").await, found(&index, "milk").await), (0, 1));
    assert!(index.size_bytes() > 0);
}

#[tokio::test]
async fn what_is_no_index_is_replaced() {
    for content in
        [Vec::new(), b"no database at all, but long enough to be read as one".repeat(100)]
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("search");
        std::fs::write(&path, content).unwrap();
        let index = SqliteIndex::open(&path).unwrap();
        index.follow(1).await.unwrap();
        index.apply(step("tea")).await.unwrap();
        assert_eq!(found(&index, "tea").await, 1);
    }
}

#[tokio::test]
async fn nothing_that_is_asked_is_read_as_anything_but_words() {
    let dir = tempfile::tempdir().unwrap();
    let index = SqliteIndex::open(&dir.path().join("search")).unwrap();
    index.follow(1).await.unwrap();
    index.apply(step("tea and NEAR tea OR not body")).await.unwrap();
    for text in
        ["AND", "tea AND", "NEAR(tea)", "tea OR", "NOT", "body", "\"tea\" *", "tea ^and", "{tea}"]
    {
        assert_eq!(found(&index, text).await, 1, "{text}");
    }
    assert_eq!(found(&index, "tea' OR '1'='1").await, 0);
}

#[tokio::test]
async fn a_clock_that_stands_still_costs_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let index = SqliteIndex::open(&dir.path().join("search")).unwrap();
    index.follow(1).await.unwrap();
    let one = |seq: u64| match &step("tea").changes[0] {
        Change::Put(entry) => Change::Put(Entry { seq: Seq(seq), ..entry.clone() }),
        other => other.clone(),
    };
    // More than have numbers of their own within a moment.
    let changes = (1..=5000).map(one).collect();
    index.apply(Step { changes, read: vec![] }).await.unwrap();
    let search = parse("tea before:1970-01-02", Timestamp(0), 0).unwrap();
    let ask = Ask {
        scopes: vec![Scope::Stream(TEA())],
        must: search.must,
        until: Some(Timestamp(1001)),
        order: kith_core::search::Order::Time,
        ..Ask::default()
    };
    assert_eq!(index.find(ask, 10_000).await.unwrap().len(), 5000);
}

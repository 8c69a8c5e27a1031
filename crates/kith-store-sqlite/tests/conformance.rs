//! The promises of every store, and the comparison with the model on random batches.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::Deref;
use std::time::Duration;

use kith_core::id::{FeedId, Seq};
use kith_store::conformance::{all_of, append, batch, document, name, stream};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocWrite, Range, Store, StoreError};
use kith_store_sqlite::{Durability, Options, SqliteStore};
use proptest::prelude::*;
use tempfile::TempDir;

/// A store whose files go when it goes.
struct Opened {
    store: SqliteStore,
    _dir: TempDir,
}

impl Deref for Opened {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

fn open(durability: Durability) -> Opened {
    let dir = TempDir::new().unwrap();
    let options = Options { durability, ..Options::default() };
    let store = SqliteStore::open(&dir.path().join("new/kith.db"), options).unwrap();
    Opened { store, _dir: dir }
}

kith_store::store_conformance!(open(Durability::Full));

/// A database whose commits go into the tables at once, or as good as never.
fn open_with(pending_bytes: usize, pending_for: Duration) -> Opened {
    let dir = TempDir::new().unwrap();
    let options = Options { pending_bytes, pending_for, ..Options::default() };
    let store = SqliteStore::open(&dir.path().join("kith.db"), options).unwrap();
    Opened { store, _dir: dir }
}

mod settled_at_once {
    use super::*;

    kith_store::store_conformance!(open_with(0, Duration::ZERO));
}

/// One step of a random run. Feeds and keys are few, so that they meet.
#[derive(Clone, Debug)]
enum Step {
    /// Batches of (feed, bodies, how far the writer is behind) and (key, body).
    Commit(Vec<(Vec<Growth>, Vec<Put>)>),
    Prune(String, usize),
    Reopen,
}

type Growth = (u64, Vec<String>, u8);
type Put = (String, Option<String>);

fn key() -> impl Strategy<Value = String> {
    prop_oneof![Just("a/1"), Just("a/é"), Just("漢"), Just("a"), Just(""), Just("\u{10FFFF}")]
        .prop_map(str::to_owned)
}

fn body() -> impl Strategy<Value = String> {
    "[\\PC&&[^\"\\\\]]{0,20}".prop_map(|text| format!("\"{text}\""))
}

fn step() -> impl Strategy<Value = Step> {
    let late = prop_oneof![9 => Just(0_u8), 1 => Just(1_u8)];
    let growth = (0..4_u64, prop::collection::vec(body(), 0..4), late);
    let put = (key(), prop::option::of(body()));
    let batch = (prop::collection::vec(growth, 0..3), prop::collection::vec(put, 0..4));
    prop_oneof![
        8 => prop::collection::vec(batch, 0..4).prop_map(Step::Commit),
        1 => (key(), 0..4_usize).prop_map(|(before, limit)| Step::Prune(before, limit)),
        1 => Just(Step::Reopen),
    ]
}

/// Batches that follow the model as it is now, except for those that are late.
async fn batches(model: &MemoryStore, wanted: Vec<(Vec<Growth>, Vec<Put>)>) -> Vec<Batch> {
    let mut made = Vec::new();
    for (growths, puts) in wanted {
        let mut appends = Vec::new();
        for (feed, bodies, late) in growths {
            let mut head = model.head(stream(feed)).await.unwrap();
            head.seq = Seq(head.seq.0.saturating_sub(u64::from(late)));
            let bodies: Vec<&str> = bodies.iter().map(String::as_str).collect();
            appends.push(append(stream(feed), head, &bodies));
        }
        let write = |(key, body): Put| match body {
            Some(body) => document("c", &key, &body),
            None => DocWrite { key: name("c", &key), body: None },
        };
        made.push(batch(appends, puts.into_iter().map(write).collect()));
    }
    made
}

/// Everything that can be read.
async fn dump(store: &impl Store) -> String {
    let feeds: Vec<FeedId> = store.feeds(None, usize::MAX).await.unwrap();
    let mut text = format!("{feeds:?}\n");
    for feed in feeds {
        let head = store.head(feed).await.unwrap();
        let events = store.events(feed, Seq(0), usize::MAX).await.unwrap();
        text.push_str(&format!("{head:?} {events:?}\n"));
    }
    for descending in [false, true] {
        let range = Range { descending, prefix: "a".to_owned(), ..all_of("c") };
        for range in [range.clone(), Range { prefix: String::new(), ..range }] {
            let count = store.count(range.clone()).await.unwrap();
            text.push_str(&format!("{count} {:?}\n", store.scan(range, 99).await.unwrap()));
        }
    }
    text
}

/// What a result means to the caller: texts may differ between stores, kinds may not.
fn kinds(results: &[Result<(), StoreError>]) -> Vec<String> {
    let kind = |result: &Result<(), StoreError>| match result {
        Err(StoreError::Failed(_)) => "failed".to_owned(),
        other => format!("{other:?}"),
    };
    results.iter().map(kind).collect()
}

async fn agree(steps: Vec<Step>, pending_bytes: usize) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("kith.db");
    let open = || {
        let durability = Durability::NoSync;
        let options = Options { durability, pending_bytes, ..Options::default() };
        SqliteStore::open(&path, options).unwrap()
    };
    let (model, mut store) = (MemoryStore::new(), open());
    for step in steps {
        match step {
            Step::Commit(wanted) => {
                let batches = batches(&model, wanted).await;
                let results = store.commit(batches.clone()).await;
                assert_eq!(kinds(&results), kinds(&model.commit(batches).await));
            }
            Step::Prune(before, limit) => {
                let removed = store.prune("c", before.clone(), limit).await.unwrap();
                assert_eq!(removed, model.prune("c", before, limit).await.unwrap());
            }
            Step::Reopen => {
                drop(store);
                store = open();
            }
        }
        assert_eq!(dump(&store).await, dump(&model).await);
    }
    assert_eq!(store.check().unwrap(), vec![]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_the_model_does(
        steps in prop::collection::vec(step(), 1..16),
        pending_bytes in prop_oneof![Just(0), 0..2000_usize, Just(usize::MAX)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(agree(steps, pending_bytes));
    }
}

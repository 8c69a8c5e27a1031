//! A topic that keeps only the end of its history is, as far as that goes, what it would be with all
//! of it, and opening it takes no more than that.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use kith_core::command::Command;
use kith_core::document::{History, Rules};
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Kind};
use kith_hub::verify::{Watched, verify};
use kith_hub::{Hub, Limits, Place, Want};
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{DocKey, Document, Head, Range, Store, StoreError, StoredEvent};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::faults::forget_all;
use crate::world::{circle, connect, encode, follow, hub, seen, user};

fn name() -> TopicName {
    TopicName::parse("board/todo").unwrap()
}

fn with(history: History) -> Rules {
    Rules { history, ..Rules::default() }
}

async fn make(hub: &Hub, me: UserId, circle: CircleId, holds: Kind, history: History) -> TopicId {
    let (rules, value, deny) = (with(history), None, Default::default());
    let name = name();
    let create = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
    hub.execute(me, None, &create).await.unwrap().topic.unwrap()
}

fn change(topic: TopicId, change: Value) -> Command {
    let change = serde_json::from_value(change).unwrap();
    Command::Change { changes: vec![Asked { topic, change }], when: Vec::new(), group: None }
}

/// What is done to both topics.
#[derive(Clone, Debug)]
enum Deed {
    /// The text is replaced by one of so many hundred characters.
    Set(usize),
    /// So much is put into it.
    Splice(usize),
    Undo,
    Redo,
    /// The rule is switched off, or on again.
    Rule,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        8 => (1usize..40).prop_map(Deed::Set),
        4 => (1usize..10).prop_map(Deed::Splice),
        4 => Just(Deed::Undo),
        2 => Just(Deed::Redo),
        1 => Just(Deed::Rule),
    ];
    prop::collection::vec(deed, 1..70)
}

fn histories() -> impl Strategy<Value = History> {
    prop_oneof![
        Just(History::None),
        (1u32..12).prop_map(|count| History::Last(NonZeroU32::new(count).unwrap())),
        Just(History::All),
    ]
}

/// One of the two topics, in a circle of its own: steps are of a circle.
struct One {
    circle: CircleId,
    topic: TopicId,
    history: History,
}

impl One {
    /// The command that a deed is here; `rule` says whether the rule holds.
    fn command(&self, deed: &Deed, number: usize, rule: bool) -> Command {
        match deed {
            Deed::Set(size) => {
                let value = format!("{number} {}", "x".repeat(size * 100));
                change(self.topic, json!({"set": {"value": value}}))
            }
            Deed::Splice(size) => {
                let insert = format!("{number} {}", "y".repeat(size * 100));
                change(self.topic, json!({"splice": {"at": 0, "insert": insert}}))
            }
            Deed::Undo => Command::Undo { circle: self.circle, skip: false },
            Deed::Redo => Command::Redo { circle: self.circle, skip: false },
            Deed::Rule => {
                let history = if rule { self.history } else { History::All };
                Command::ChangeTopic { topic: self.topic, name: name(), rules: with(history) }
            }
        }
    }

    fn skip(&self, deed: &Deed) -> Command {
        match deed {
            Deed::Undo => Command::Undo { circle: self.circle, skip: true },
            _ => Command::Redo { circle: self.circle, skip: true },
        }
    }

    async fn first(&self, store: &MemoryStore) -> u64 {
        store.events(FeedId::Topic(self.topic), Seq(0), 1).await.unwrap()[0].seq.0
    }
}

async fn value(hub: &Hub, me: UserId, topic: TopicId) -> (Seq, Value) {
    let (seq, _, state) = hub.topic_value(me, topic).await.unwrap();
    (seq, state.value.to_plain())
}

/// Does the deeds to a topic that forgets and to one that does not, and compares them.
async fn compare(history: History, deeds: Vec<Deed>) {
    let store = MemoryStore::new();
    let first = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&first, "ana").await;
    let mut both = Vec::new();
    for history in [history, History::All] {
        let (circle, _) = circle(&first, ana).await;
        let topic = make(&first, ana, circle, Kind::String, history).await;
        both.push(One { circle, topic, history });
    }
    let [forgets, whole] = both.as_slice() else { panic!() };
    let mut rule = true;
    let mut stale = 0;
    for (number, deed) in deeds.iter().enumerate() {
        rule ^= matches!(deed, Deed::Rule);
        let done = first.execute(ana, None, &forgets.command(deed, number, rule)).await;
        let right = match &done {
            // What it was done with is forgotten: that is all that may differ.
            Err(refused) if refused.code() == "topic.stale" => {
                if forgets.first(&store).await == 1 {
                    let command = whole.command(deed, number, rule);
                    let refused = first.execute(ana, None, &command).await.unwrap_err();
                    assert_eq!(refused.code(), "topic.stale", "{deed:?}");
                } else {
                    stale += 1;
                }
                first.execute(ana, None, &forgets.skip(deed)).await.unwrap();
                first.execute(ana, None, &whole.skip(deed)).await.unwrap();
                continue;
            }
            _ => first.execute(ana, None, &whole.command(deed, number, rule)).await,
        };
        let told = |done: &Result<kith_core::command::Outcome, kith_hub::HubError>| match done {
            Ok(outcome) => Ok(outcome.events.iter().map(|place| place.seq).collect::<Vec<_>>()),
            Err(error) => Err(error.code()),
        };
        assert_eq!(told(&done), told(&right), "{deed:?}");
        assert_eq!(
            value(&first, ana, forgets.topic).await,
            value(&first, ana, whole.topic).await,
            "{deed:?}"
        );
    }
    forget_all(&first).await;
    first.close().await;
    assert_eq!(verify(&store).await.unwrap().problems, []);
    let begin = forgets.first(&store).await;
    assert!(history != History::All || (begin, stale) == (1, 0));
    let again = hub(store.clone(), Limits::default()).await;
    let (head, now) = value(&again, ana, forgets.topic).await;
    assert_eq!((head, now), value(&again, ana, whole.topic).await);
    if let (History::Last(count), true) = (history, rule) {
        assert!(head.0 + 1 - begin >= u64::from(count.get()).min(head.0), "{begin} of {head}");
    }
    for seq in 1..=head.0 {
        let at = |topic| again.topic_value_at(ana, topic, Seq(seq));
        match at(forgets.topic).await {
            Ok((_, _, then)) => {
                assert_eq!(then.value, at(whole.topic).await.unwrap().2.value, "{seq}");
            }
            Err(error) => assert!(error.code() == "topic.stale" && seq < begin, "{seq} {error}"),
        }
    }
    for after in 0..=head.0 {
        let hub = hub(store.clone(), Limits::default()).await;
        let reader = connect(&hub, "ana").await;
        follow(&hub, &reader, FeedId::Topic(forgets.topic), Some(after)).await.unwrap();
        let told = match after + 1 >= begin {
            true => format!("events {}..{head}", after + 1),
            false => format!("snapshot {head}"),
        };
        assert_eq!(seen(&reader).await, [told]);
        hub.close().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_is_what_it_would_be_with_all_of_it(
        history in histories(),
        deeds in deeds(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(compare(history, deeds));
    }
}

/// Whoever asks for events alone and has none gets what there is.
#[tokio::test(start_paused = true)]
async fn events_alone_begin_with_the_first_that_is_left() {
    let store = MemoryStore::new();
    let first = hub(store.clone(), Limits::default()).await;
    let ana = user(&first, "ana").await;
    let (circle, _) = circle(&first, ana).await;
    let topic = make(&first, ana, circle, Kind::String, History::None).await;
    for number in 0..150 {
        let value = format!("{number} {}", "x".repeat(1000));
        let set = change(topic, json!({"set": {"value": value}}));
        first.execute(ana, None, &set).await.unwrap();
    }
    forget_all(&first).await;
    first.close().await;
    let feed = FeedId::Topic(topic);
    let begin = store.events(feed, Seq(0), 1).await.unwrap()[0].seq;
    assert!(begin > Seq(1));
    let limits = Limits { replay_max: 40, ..Limits::default() };
    let hub = hub(store.clone(), limits).await;
    let want = Want { window: 0, events_only: true, merges: false };
    let mut told = Vec::new();
    for after in [None, Some(begin.0 + 39), Some(begin.0 - 1), Some(begin.0 - 2), Some(0)] {
        let reader = connect(&hub, "ana").await;
        let place = Place { epoch: None, after: after.map(Seq) };
        hub.subscribe(&reader, feed, &place, want, encode).await.unwrap();
        told.extend(seen(&reader).await);
    }
    let some = |from: u64| format!("more {from}..{}", from + 39);
    let all = "snapshot 151".to_owned();
    assert_eq!(told, [some(begin.0), some(begin.0 + 40), some(begin.0), all.clone(), all]);
}

/// Counts the rows that are read, and what is in them.
struct Counting {
    inner: MemoryStore,
    rows: Arc<AtomicU64>,
    bytes: Arc<AtomicU64>,
}

impl Counting {
    fn count<'a>(&self, rows: impl IntoIterator<Item = &'a str>) {
        for row in rows {
            self.rows.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(row.len() as u64, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Around for Counting {
    fn inner(&self) -> &dyn Store {
        &self.inner
    }
    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        self.count([""]);
        self.inner.head(feed).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = self.inner.events(feed, after, limit).await?;
        self.count(rows.iter().map(|row| &*row.body));
        Ok(rows)
    }
    async fn get(&self, keys: Vec<DocKey>) -> Result<Vec<Option<Arc<str>>>, StoreError> {
        let found = self.inner.get(keys).await?;
        self.count(found.iter().map(|found| found.as_deref().unwrap_or_default()));
        Ok(found)
    }
    async fn scan(&self, range: Range, limit: usize) -> Result<Vec<Document>, StoreError> {
        let rows = self.inner.scan(range, limit).await?;
        self.count(rows.iter().map(|row| &*row.body));
        Ok(rows)
    }
}

/// What opening a topic took.
#[derive(Debug)]
struct Opened {
    /// The events that are left.
    left: usize,
    rows: u64,
    bytes: u64,
    /// Rows that were read to tell the value in the middle of its history, where that is left.
    past_rows: u64,
}

/// Opens a counter with this history that was changed so often.
async fn opened_after(history: History, changes: usize) -> Opened {
    let store = MemoryStore::new();
    let first = hub(store.clone(), Limits::default()).await;
    let ana = user(&first, "ana").await;
    let (circle, _) = circle(&first, ana).await;
    let count = make(&first, ana, circle, Kind::Int, history).await;
    let add =
        serde_json::from_value::<kith_core::topic::Change>(json!({"add": {"by": 1}})).unwrap();
    let together = changes.min(1000);
    for _ in 0..changes / together {
        let changes = vec![Asked { topic: count, change: add.clone() }; together];
        let many = Command::Change { changes, when: Vec::new(), group: None };
        first.execute(ana, None, &many).await.unwrap();
    }
    forget_all(&first).await;
    first.close().await;
    // It takes as long as making them, and the longest history differs from others by its length.
    if changes < 1_000_000 {
        assert_eq!(verify(&store).await.unwrap().problems, []);
    }
    let (mut left, mut after) = (0, Seq(0));
    loop {
        let page = store.events(FeedId::Topic(count), after, 10_000).await.unwrap();
        let Some(last) = page.last() else { break };
        (left, after) = (left + page.len(), last.seq);
    }
    let (rows, bytes) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counting =
        Counting { inner: store.clone(), rows: Arc::clone(&rows), bytes: Arc::clone(&bytes) };
    let second = hub(counting, Limits::default()).await;
    let reader = connect(&second, "ana").await;
    for counted in [&rows, &bytes] {
        counted.store(0, Ordering::Relaxed);
    }
    follow(&second, &reader, FeedId::Topic(count), None).await.unwrap();
    assert_eq!(seen(&reader).await, [format!("snapshot {}", changes + 1)]);
    assert_eq!(value(&second, ana, count).await.1, json!(changes));
    let (read, bytes) = (rows.swap(0, Ordering::Relaxed), bytes.load(Ordering::Relaxed));
    let middle = changes as u64 / 2;
    if history == History::All {
        let (_, _, then) = second.topic_value_at(ana, count, Seq(middle + 1)).await.unwrap();
        assert_eq!(then.value.to_plain(), json!(middle));
    }
    Opened { left, rows: read, bytes, past_rows: rows.load(Ordering::Relaxed) }
}

#[tokio::test(start_paused = true)]
async fn opening_a_topic_without_history_reads_as_much_however_often_it_was_changed() {
    for changes in [1000, 10_000] {
        let opened = opened_after(History::None, changes).await;
        assert!((100..500).contains(&opened.left) && opened.rows < 200, "{opened:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_topic_with_a_million_changes_opens_as_fast_as_one_with_ten() {
    let few = opened_after(History::All, 10).await;
    assert_eq!(few.left, 11);
    for changes in [1000, 50_000, 1_000_000] {
        let opened = opened_after(History::All, changes).await;
        assert_eq!(opened.left, changes + 1);
        // What happened since the value was kept last is told anew: a part of what one keeps.
        assert!(opened.rows < few.rows + 200 && opened.bytes < few.bytes + 40_000, "{opened:?}");
        // One page of what happened after a value that was kept, which ends in the middle.
        assert!(opened.past_rows < 600, "{opened:?}");
    }
}

//! Topics: changed together or not at all, followed like any feed, opened without their history.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;

use kith_core::command::{Command, Outcome};
use kith_core::document::Rules;
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Change, Condition, Kind};
use kith_hub::verify::{Watched, verify};
use kith_hub::{Hub, HubError, Limits};
use kith_store::Store;
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, connect, follow, hub, op, seen, user};

async fn topic(hub: &Hub, me: UserId, circle: CircleId, name: &str, holds: Kind) -> TopicId {
    let made = hub.execute(me, None, &create(circle, name, holds, None)).await.unwrap();
    made.topic.unwrap()
}

fn create(circle: CircleId, name: &str, holds: Kind, value: Option<Value>) -> Command {
    let (name, rules) = (TopicName::parse(name).unwrap(), Rules::default());
    Command::CreateTopic { circle, name, holds, value, rules, deny: Default::default() }
}

fn change(topic: TopicId, change: Value) -> Asked {
    Asked { topic, change: serde_json::from_value::<Change>(change).unwrap() }
}

async fn transact(
    hub: &Hub,
    me: UserId,
    changes: Vec<Asked>,
    when: Vec<Condition>,
) -> Result<Outcome, HubError> {
    hub.execute(me, None, &Command::Change { changes, when, group: None }).await
}

async fn value(hub: &Hub, me: UserId, topic: TopicId) -> (u64, Value) {
    let (seq, _, state) = hub.topic_value(me, topic).await.unwrap();
    (seq.0, state.value.to_plain())
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> String {
    result.unwrap_err().code().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_transaction_is_done_whole_or_not_at_all() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    let todo = topic(&hub, ana, circle, "todo", Kind::List).await;
    let both = vec![
        change(count, json!({"add": {"by": 1}})),
        change(todo, json!({"insert": {"value": "water"}})),
        change(count, json!({"add": {"by": 1}})),
    ];
    let done = transact(&hub, ana, both, Vec::new()).await.unwrap();
    let places: Vec<(FeedId, u64)> = done.events.iter().map(|one| (one.feed, one.seq.0)).collect();
    let (count_feed, todo_feed) = (FeedId::Topic(count), FeedId::Topic(todo));
    assert_eq!(places, [(count_feed, 2), (todo_feed, 2), (count_feed, 3)]);
    let refused =
        vec![change(count, json!({"add": {"by": 1}})), change(todo, json!({"remove": {"at": 5}}))];
    let refused = transact(&hub, ana, refused, Vec::new()).await.unwrap_err();
    assert_eq!(refused.code(), "topic.out_of_range");
    assert_eq!(refused.to_string(), "change 1: there is no such place in the value");
    assert_eq!(value(&hub, ana, count).await, (3, json!(2)));
    assert_eq!(value(&hub, ana, todo).await, (2, json!(["water"])));
}

#[tokio::test(start_paused = true)]
async fn a_condition_that_does_not_hold_stops_all() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    let add = || vec![change(count, json!({"add": {"by": 1}}))];
    let at = |seq| Condition { topic: count, seq: Some(Seq(seq)), value: None };
    let is = |value| Condition { topic: count, seq: None, value: Some(value) };
    assert!(transact(&hub, ana, add(), vec![at(1), is(json!(0.0))]).await.is_ok());
    assert_eq!(code(transact(&hub, ana, add(), vec![at(1)]).await), "topic.not_as_asked");
    assert_eq!(code(transact(&hub, ana, add(), vec![is(json!(0))]).await), "topic.not_as_asked");
    assert_eq!(value(&hub, ana, count).await, (2, json!(1)));
}

#[tokio::test(start_paused = true)]
async fn a_change_said_twice_happens_once() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    let add = Command::Change {
        changes: vec![change(count, json!({"add": {"by": 1}}))],
        when: Vec::new(),
        group: None,
    };
    let first = hub.execute(ana, Some(op("a-1")), &add).await.unwrap();
    assert_eq!(hub.execute(ana, Some(op("a-1")), &add).await.unwrap(), first);
    assert_eq!(value(&hub, ana, count).await, (2, json!(1)));
}

#[tokio::test(start_paused = true)]
async fn a_topic_is_followed_like_any_feed() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    let feed = FeedId::Topic(count);
    let reader = connect(&hub, "bob").await;
    assert_eq!(code(follow(&hub, &reader, feed, None).await), "topic.not_found");
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    follow(&hub, &reader, feed, None).await.unwrap();
    for by in [1, 2] {
        let add = vec![change(count, json!({"add": {"by": by}}))];
        transact(&hub, ana, add, Vec::new()).await.unwrap();
    }
    assert_eq!(seen(&reader).await, ["snapshot 1", "2 changed", "3 changed"]);
    let other = connect(&hub, "bob").await;
    follow(&hub, &other, feed, Some(1)).await.unwrap();
    assert_eq!(seen(&other).await, ["events 2..3"]);
    hub.execute(ana, None, &Command::RemoveTopic { topic: count }).await.unwrap();
    assert_eq!(seen(&other).await, ["closed"]);
    assert_eq!(code(hub.topic_value(ana, count).await), "topic.not_found");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_write_changes_nothing() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    let add = || vec![change(count, json!({"add": {"by": 1}}))];
    assert!(transact(&hub, bob, add(), Vec::new()).await.is_ok());
    assert_eq!(
        code(hub.execute(bob, None, &create(circle, "x", Kind::Int, None)).await),
        "permission.denied"
    );
    let (found, _) = hub.circle(ana, circle).await.unwrap();
    let write = kith_core::permission::Permissions::of(&[kith_core::permission::Permission::Write]);
    let deny = [(found.everyone, write)].into();
    hub.execute(ana, None, &Command::NarrowTopic { topic: count, deny }).await.unwrap();
    assert_eq!(code(transact(&hub, bob, add(), Vec::new()).await), "permission.denied");
    assert!(transact(&hub, ana, add(), Vec::new()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_name_is_of_one_topic() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let one = topic(&hub, ana, circle, "a/b", Kind::Int).await;
    let two = topic(&hub, ana, circle, "a/c", Kind::Int).await;
    topic(&hub, ana, circle, "z", Kind::Event).await;
    assert_eq!(
        code(hub.execute(ana, None, &create(circle, "a/b", Kind::Int, None)).await),
        "name.taken"
    );
    let name = TopicName::parse("a/b").unwrap();
    let rename = Command::ChangeTopic { topic: two, name: name.clone(), rules: Rules::default() };
    assert_eq!(code(hub.execute(ana, None, &rename).await), "name.taken");
    assert_eq!(hub.topic_named(ana, circle, &name).await.unwrap().id, one);
    hub.execute(ana, None, &Command::RemoveTopic { topic: one }).await.unwrap();
    hub.execute(ana, None, &rename).await.unwrap();
    assert_eq!(hub.topic_named(ana, circle, &name).await.unwrap().id, two);
    let (found, more) = hub.topics(ana, circle, "a/", None, 10).await.unwrap();
    assert_eq!((found.len(), more), (1, false));
    let (found, more) = hub.topics(ana, circle, "", None, 1).await.unwrap();
    assert_eq!((found.len(), more), (1, true));
}

#[tokio::test(start_paused = true)]
async fn a_value_grows_to_its_limit_and_shrinks_beyond_it() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let rules = Rules { bytes_max: Some(100), count_max: Some(3) };
    let name = TopicName::parse("small").unwrap();
    let command = Command::CreateTopic {
        circle,
        name: name.clone(),
        holds: Kind::Set,
        value: Some(json!([1, 2])),
        rules,
        deny: Default::default(),
    };
    let small = hub.execute(ana, None, &command).await.unwrap().topic.unwrap();
    let ask =
        async |asked: Value| transact(&hub, ana, vec![change(small, asked)], Vec::new()).await;
    assert_eq!(code(ask(json!({"append": {"item": "x".repeat(100)}})).await), "topic.too_large");
    assert!(ask(json!({"append": {"item": 3}})).await.is_ok());
    assert_eq!(code(ask(json!({"append": {"item": 4}})).await), "topic.too_large");
    let rules = Rules { bytes_max: Some(1), count_max: Some(1) };
    hub.execute(ana, None, &Command::ChangeTopic { topic: small, name, rules }).await.unwrap();
    assert!(ask(json!({"remove": {"item": 3}})).await.is_ok());
    assert_eq!(code(ask(json!({"append": {"item": 3}})).await), "topic.too_large");
}

/// A topic with a long history is opened by reading about as much as its value.
#[tokio::test(start_paused = true)]
async fn a_long_history_need_not_be_read() {
    let store = MemoryStore::new();
    let first = hub(store.clone(), Limits::default()).await;
    let ana = user(&first, "ana").await;
    let (circle, _) = circle(&first, ana).await;
    let count = topic(&first, ana, circle, "count", Kind::Int).await;
    let todo = topic(&first, ana, circle, "todo", Kind::List).await;
    for _ in 0..30 {
        let add = || change(count, json!({"add": {"by": 1}}));
        let insert = || change(todo, json!({"insert": {"value": "water the plants"}}));
        let many = (0..20).flat_map(|_| [add(), insert()]).collect();
        transact(&first, ana, many, Vec::new()).await.unwrap();
    }
    let before = (value(&first, ana, count).await, value(&first, ana, todo).await);
    assert_eq!(before.0, (601, json!(600)));
    first.close().await;
    assert!(verify(&store).await.unwrap().problems.is_empty());
    let counted = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counting = Counting { inner: store.clone(), events: Arc::clone(&counted) };
    let second = hub(counting, Limits::default()).await;
    assert_eq!((value(&second, ana, count).await, value(&second, ana, todo).await), before);
    let read = counted.load(std::sync::atomic::Ordering::Relaxed);
    assert!(read < 500, "{read} of 1202 events were read");
}

/// Counts the events that are read.
struct Counting {
    inner: MemoryStore,
    events: Arc<std::sync::atomic::AtomicU64>,
}

#[async_trait::async_trait]
impl Store for Counting {
    async fn commit(
        &self,
        batches: Vec<kith_store::Batch>,
    ) -> Vec<Result<(), kith_store::StoreError>> {
        self.inner.commit(batches).await
    }
    async fn head(&self, feed: FeedId) -> Result<kith_store::Head, kith_store::StoreError> {
        self.inner.head(feed).await
    }
    async fn events(
        &self,
        feed: FeedId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<kith_store::StoredEvent>, kith_store::StoreError> {
        let events = self.inner.events(feed, after, limit).await?;
        self.events.fetch_add(events.len() as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(events)
    }
    async fn get(
        &self,
        keys: Vec<kith_store::DocKey>,
    ) -> Result<Vec<Option<Arc<str>>>, kith_store::StoreError> {
        self.inner.get(keys).await
    }
    async fn scan(
        &self,
        range: kith_store::Range,
        limit: usize,
    ) -> Result<Vec<kith_store::Document>, kith_store::StoreError> {
        self.inner.scan(range, limit).await
    }
    async fn count(&self, range: kith_store::Range) -> Result<u64, kith_store::StoreError> {
        self.inner.count(range).await
    }
    async fn feeds(
        &self,
        after: Option<FeedId>,
        limit: usize,
    ) -> Result<Vec<FeedId>, kith_store::StoreError> {
        self.inner.feeds(after, limit).await
    }
    async fn epoch(&self) -> Result<u64, kith_store::StoreError> {
        self.inner.epoch().await
    }
    async fn prune(
        &self,
        collection: &'static str,
        before: String,
        limit: usize,
    ) -> Result<u64, kith_store::StoreError> {
        self.inner.prune(collection, before, limit).await
    }
}

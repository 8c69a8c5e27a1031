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
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, connect, follow, hub, op, seen, user};

async fn topic(hub: &Hub, me: UserId, circle: CircleId, name: &str, holds: Kind) -> TopicId {
    let made = hub.execute(me, None, &create(circle, name, holds, None)).await.unwrap();
    made.topic.unwrap()
}

fn create(circle: CircleId, name: &str, holds: Kind, value: Option<Value>) -> Command {
    let (name, rules, deny) =
        (TopicName::parse(name).unwrap(), Rules::default(), Default::default());
    Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false }
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
    let rules = Rules { bytes_max: Some(100), count_max: Some(3), ..Rules::default() };
    let name = TopicName::parse("small").unwrap();
    let command = Command::CreateTopic {
        circle,
        name: name.clone(),
        holds: Kind::Set,
        value: Some(json!([1, 2])),
        rules,
        deny: Default::default(),
        replace: false,
    };
    let small = hub.execute(ana, None, &command).await.unwrap().topic.unwrap();
    let ask =
        async |asked: Value| transact(&hub, ana, vec![change(small, asked)], Vec::new()).await;
    assert_eq!(code(ask(json!({"append": {"item": "x".repeat(100)}})).await), "topic.too_large");
    assert!(ask(json!({"append": {"item": 3}})).await.is_ok());
    assert_eq!(code(ask(json!({"append": {"item": 4}})).await), "topic.too_large");
    let rules = Rules { bytes_max: Some(1), count_max: Some(1), ..Rules::default() };
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
    // So is any earlier value.
    for seq in [1, 2, 250, 300, 599, 601] {
        counted.store(0, std::sync::atomic::Ordering::Relaxed);
        let (_, _, then) = second.topic_value_at(ana, count, Seq(seq)).await.unwrap();
        assert_eq!(then.value.to_plain(), json!(seq - 1));
        let read = counted.load(std::sync::atomic::Ordering::Relaxed);
        assert!(read <= 500, "{read} events were read for {seq}");
    }
    assert_eq!(code(second.topic_value_at(ana, count, Seq(602)).await), "topic.stale");
}

/// Counts the events that are read.
struct Counting {
    inner: MemoryStore,
    events: Arc<std::sync::atomic::AtomicU64>,
}

#[async_trait::async_trait]
impl Around for Counting {
    fn inner(&self) -> &dyn Store {
        &self.inner
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
}

async fn made(hub: &Hub, me: UserId, circle: CircleId, holds: Kind, rules: Value) -> TopicId {
    let create = Command::CreateTopic {
        circle,
        name: TopicName::parse("made").unwrap(),
        holds,
        value: None,
        rules: serde_json::from_value(rules).unwrap(),
        deny: Default::default(),
        replace: false,
    };
    hub.execute(me, None, &create).await.unwrap().topic.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_value_is_gone_with_its_last_reader_and_in_no_store() {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let cursor = made(&hub, ana, circle, Kind::Int, json!({"ephemeral": true})).await;
    let feed = FeedId::Topic(cursor);
    let add = |by: i64| vec![change(cursor, json!({"add": {"by": by}}))];
    // Nobody follows it: the value is gone as soon as it is there.
    transact(&hub, ana, add(5), Vec::new()).await.unwrap();
    assert_eq!(value(&hub, ana, cursor).await.1, json!(0));
    let (first, second) = (connect(&hub, "ana").await, connect(&hub, "ana").await);
    follow(&hub, &first, feed, None).await.unwrap();
    for by in [1, 2] {
        transact(&hub, ana, add(by), Vec::new()).await.unwrap();
    }
    follow(&hub, &second, feed, None).await.unwrap();
    transact(&hub, ana, add(4), Vec::new()).await.unwrap();
    let (seq, now) = value(&hub, ana, cursor).await;
    assert_eq!(now, json!(7));
    let born = seq - 3;
    let live = |from: u64, snapshot: u64| {
        let events = (from..=3).map(|n| format!("{} changed", born + n));
        std::iter::once(format!("snapshot {}", born + snapshot)).chain(events).collect::<Vec<_>>()
    };
    assert_eq!(seen(&first).await, live(1, 0));
    assert_eq!(seen(&second).await, live(3, 2));
    // Who comes back finds what is at hand.
    hub.unsubscribe(&second, feed);
    follow(&hub, &second, feed, Some(born + 1)).await.unwrap();
    assert_eq!(seen(&second).await, [format!("events {}..{seq}", born + 2)]);
    hub.unsubscribe(&first, feed);
    assert_eq!(value(&hub, ana, cursor).await, (seq, json!(7)));
    hub.disconnect(&second).await;
    assert_eq!(value(&hub, ana, cursor).await.1, json!(0));
    // A place in a life that ended is none in the next.
    let third = connect(&hub, "ana").await;
    follow(&hub, &third, feed, Some(seq)).await.unwrap();
    let told = seen(&third).await;
    assert!(told[0].starts_with("snapshot"), "{told:?}");
    assert!(value(&hub, ana, cursor).await.0 > seq);
    assert_eq!(store.head(feed).await.unwrap().seq, Seq(1));
    assert_eq!(verify(&store).await.unwrap().problems, []);
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_change_is_done_once_and_writes_nothing() {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let cursor = made(&hub, ana, circle, Kind::Int, json!({"ephemeral": true})).await;
    let reader = connect(&hub, "ana").await;
    follow(&hub, &reader, FeedId::Topic(cursor), None).await.unwrap();
    let add = Command::Change {
        changes: vec![change(cursor, json!({"add": {"by": 1}}))],
        when: Vec::new(),
        group: None,
    };
    for name in ["a-1", "free"] {
        let first = hub.execute(ana, Some(op(name)), &add).await.unwrap();
        assert_eq!(hub.execute(ana, Some(op(name)), &add).await.unwrap(), first);
    }
    assert_eq!(value(&hub, ana, cursor).await.1, json!(2));
    let all = kith_store::Range {
        collection: "done",
        prefix: String::new(),
        after: None,
        before: None,
        descending: false,
    };
    assert_eq!(store.scan(all, 10).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_value_changes_with_others_or_not_at_all() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let cursor = made(&hub, ana, circle, Kind::Int, json!({"ephemeral": true})).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    let reader = connect(&hub, "ana").await;
    follow(&hub, &reader, FeedId::Topic(cursor), None).await.unwrap();
    let add = |topic| change(topic, json!({"add": {"by": 1}}));
    transact(&hub, ana, vec![add(cursor), add(count)], Vec::new()).await.unwrap();
    let wrong = change(count, json!({"append": {"item": 1}}));
    let refused = transact(&hub, ana, vec![add(cursor), wrong], Vec::new()).await;
    assert_eq!(code(refused), "topic.wrong_change");
    assert_eq!(value(&hub, ana, cursor).await.1, json!(1));
    assert_eq!(value(&hub, ana, count).await.1, json!(1));
    // Only what is stored can be taken back.
    let undo = Command::Undo { circle, skip: false };
    assert_eq!(hub.execute(ana, None, &undo).await.unwrap().events.len(), 1);
    assert_eq!(value(&hub, ana, cursor).await.1, json!(1));
    assert_eq!(value(&hub, ana, count).await.1, json!(0));
    let name = TopicName::parse("made").unwrap();
    let durable = Command::ChangeTopic { topic: cursor, name, rules: Rules::default() };
    assert_eq!(code(hub.execute(ana, None, &durable).await), "topic.lifetime_stays");
    hub.execute(ana, None, &Command::RemoveTopic { topic: cursor }).await.unwrap();
    assert_eq!(seen(&reader).await.last().unwrap(), "closed");
}

#[tokio::test(start_paused = true)]
async fn a_value_conforms_to_its_schema_after_every_transaction() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let schema = json!({
        "type": "object", "required": ["x", "y"],
        "properties": {"x": {"type": "integer", "maximum": 9}, "y": {"type": "integer"}},
    });
    let create = |value, schema| Command::CreateTopic {
        circle,
        name: TopicName::parse("place").unwrap(),
        holds: Kind::Map,
        value,
        rules: Rules { schema: Some(Arc::new(schema)), ..Rules::default() },
        deny: Default::default(),
        replace: false,
    };
    let begin = Some(json!({"x": 1, "y": 2}));
    let none = hub.execute(ana, None, &create(None, schema.clone())).await;
    assert_eq!(code(none), "topic.invalid");
    for bad in [json!({"type": "nothing"}), json!({"$ref": "#"}), json!({"a": "b".repeat(5000)})] {
        let refused = hub.execute(ana, None, &create(begin.clone(), bad)).await;
        assert_eq!(code(refused), "topic.bad_schema");
    }
    let place = hub.execute(ana, None, &create(begin, schema)).await.unwrap().topic.unwrap();
    let put = |key: &str, to: i64| change(place, json!({"put": {"path": [key], "value": to}}));
    let remove = |key: &str| change(place, json!({"remove": {"path": [key]}}));
    let refused = transact(&hub, ana, vec![put("x", 10)], Vec::new()).await.unwrap_err();
    assert_eq!(refused.code(), "topic.invalid");
    assert!(refused.to_string().contains("\"/x\""), "{refused}");
    assert_eq!(code(transact(&hub, ana, vec![remove("x")], Vec::new()).await), "topic.invalid");
    // Between the changes of a transaction it need not.
    transact(&hub, ana, vec![remove("x"), put("x", 3)], Vec::new()).await.unwrap();
    assert_eq!(value(&hub, ana, place).await.1, json!({"x": 3, "y": 2}));
    let strict = json!({"properties": {"x": {"maximum": 2}}});
    let change = Command::ChangeTopic {
        topic: place,
        name: TopicName::parse("place").unwrap(),
        rules: Rules { schema: Some(Arc::new(strict)), ..Rules::default() },
    };
    assert_eq!(code(hub.execute(ana, None, &change).await), "topic.invalid");
}

#[tokio::test(start_paused = true)]
async fn what_is_emitted_conforms_to_the_schema() {
    let hub = hub(MemoryStore::new(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let rules = json!({"schema": {"required": ["n"]}});
    let bell = made(&hub, ana, circle, Kind::Event, rules).await;
    let emit = |args: Value| vec![change(bell, json!({"emit": {"args": args}}))];
    assert_eq!(code(transact(&hub, ana, emit(json!({})), Vec::new()).await), "topic.invalid");
    transact(&hub, ana, emit(json!({"n": 1})), Vec::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_topic_takes_only_so_many_changes_a_second() {
    let (hub, clock) = world::hub_and_clock(MemoryStore::new(), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    let count = made(&hub, ana, circle, Kind::Int, json!({"changes_per_second": 3})).await;
    let add = || change(count, json!({"add": {"by": 1}}));
    assert_eq!(
        code(transact(&hub, ana, vec![add(), add(), add(), add()], Vec::new()).await),
        "topic.too_fast"
    );
    transact(&hub, ana, vec![add(), add()], Vec::new()).await.unwrap();
    transact(&hub, bob, vec![add()], Vec::new()).await.unwrap();
    let refused = transact(&hub, bob, vec![add()], Vec::new()).await.unwrap_err();
    assert_eq!(refused.code(), "topic.too_fast");
    let HubError::Refused(refusal) = refused else { panic!("{refused}") };
    clock.pass_ms(refusal.retry_ms().unwrap());
    transact(&hub, bob, vec![add()], Vec::new()).await.unwrap();
    assert_eq!(value(&hub, ana, count).await.1, json!(4));
}

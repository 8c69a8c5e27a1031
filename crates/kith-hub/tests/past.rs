//! Topics that keep only the end of their history: what is left is right, whatever happens meanwhile,
//! and what is gone is refused.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::num::NonZeroU32;
use std::sync::Arc;

use kith_core::command::{Command, Outcome};
use kith_core::document::{History, RESUMED, Rules};
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Kind};
use kith_hub::verify::{Watched, repair, verify};
use kith_hub::{Hub, HubError, Limits};
use kith_store::fault::{Fault, FaultStore};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, DocWrite, Document, Range, Store};
use serde_json::{Value, json};

use crate::world::faults::{cut, forget_all, is_right, open};
use crate::world::{circle, connect, follow, hub, op, seen, user};

fn last(count: u32) -> Rules {
    let history = History::Last(NonZeroU32::new(count).unwrap());
    Rules { history, ..Rules::default() }
}

fn none() -> Rules {
    Rules { history: History::None, ..Rules::default() }
}

fn name() -> TopicName {
    TopicName::parse("board/todo").unwrap()
}

async fn make(hub: &Hub, me: UserId, circle: CircleId, holds: Kind, rules: Rules) -> TopicId {
    let (name, value, deny) = (name(), None, Default::default());
    let create = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
    hub.execute(me, None, &create).await.unwrap().topic.unwrap()
}

fn change(topic: TopicId, change: Value) -> Command {
    let change = serde_json::from_value(change).unwrap();
    Command::Change { changes: vec![Asked { topic, change }], when: Vec::new(), group: None }
}

/// The text that a topic has after its event `seq`.
fn text(seq: u64) -> String {
    format!("{seq} {}", "x".repeat(2000))
}

async fn set(hub: &Hub, me: UserId, topic: TopicId, seq: u64) -> Outcome {
    let set = json!({"set": {"value": text(seq)}});
    let done = hub.execute(me, Some(op(&format!("a-{seq}"))), &change(topic, set)).await.unwrap();
    assert!(done.events.iter().all(|place| place.seq == Seq(seq)));
    done
}

async fn numbers(store: &impl Store, topic: TopicId) -> Vec<u64> {
    let events = store.events(FeedId::Topic(topic), Seq(0), 10_000).await.unwrap();
    events.iter().map(|event| event.seq.0).collect()
}

async fn rows(store: &impl Store, collection: &'static str, topic: TopicId) -> Vec<Document> {
    let prefix = topic.to_string();
    let range = Range { collection, prefix, after: None, before: None, descending: false };
    store.scan(range, 1000).await.unwrap()
}

async fn value(hub: &Hub, me: UserId, topic: TopicId) -> (u64, Value) {
    let (seq, _, state) = hub.topic_value(me, topic).await.unwrap();
    (seq.0, state.value.to_plain())
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> String {
    result.unwrap_err().code().to_owned()
}

struct Site {
    store: MemoryStore,
    hub: Hub,
    ana: UserId,
    circle: CircleId,
    topic: TopicId,
}

/// A site with a topic that has events up to `to`; all of it is verified after each commit.
async fn site(rules: Rules, to: u64) -> Site {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, Kind::String, rules).await;
    for seq in 2..=to {
        set(&hub, ana, topic, seq).await;
    }
    forget_all(&hub).await;
    Site { store, hub, ana, circle, topic }
}

#[tokio::test(start_paused = true)]
async fn the_last_events_stay_and_older_ones_go_with_the_changes() {
    let Site { store, hub, ana, topic, .. } = site(last(10), 120).await;
    let left = numbers(&store, topic).await;
    assert_eq!(left.last(), Some(&120));
    assert!((10..40).contains(&left.len()), "{left:?}");
    // It begins where its value is kept, and no older one is.
    let kept = rows(&store, "kept", topic).await;
    assert_eq!(kept[0].key, format!("{topic}/{:016x}", left[0] - 1));
    assert!(kept.len() < 10, "{}", kept.len());
    assert_eq!(rows(&store, "past", topic).await, []);
    is_right(&store).await;
    // Whoever opens it anew finds it so, and goes on.
    hub.close().await;
    let again = world::hub(Watched(store.clone()), Limits::default()).await;
    assert_eq!(value(&again, ana, topic).await, (120, json!(text(120))));
    assert_eq!(again.topic(ana, topic).await.unwrap().rules, last(10));
    set(&again, ana, topic, 121).await;
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_refused_and_what_is_left_is_not() {
    let Site { store, hub, ana, topic, .. } = site(last(10), 120).await;
    let left = numbers(&store, topic).await;
    let (first, feed) = (left[0], FeedId::Topic(topic));
    // Any value from the beginning on.
    for seq in [1, first - 2] {
        assert_eq!(code(hub.topic_value_at(ana, topic, Seq(seq)).await), "topic.stale");
    }
    for seq in first - 1..=120 {
        let (_, _, then) = hub.topic_value_at(ana, topic, Seq(seq)).await.unwrap();
        assert_eq!(then.value.to_plain(), json!(text(seq)));
    }
    // The history ends at the beginning, however it is asked for.
    for before in [None, Some(121), Some(first + 3)] {
        for limit in [1, 2, 3, 50, 500] {
            let asked = hub.history(ana, topic, before.map(Seq), limit).await.unwrap();
            let end = before.unwrap_or(121);
            let begin = (end - (limit as u64).min(end - first)).max(first);
            let numbers: Vec<u64> = asked.0.iter().map(|event| event.seq.0).collect();
            assert_eq!(numbers, (begin..end).rev().collect::<Vec<_>>(), "{before:?} {limit}");
            assert_eq!(asked.1, begin > first, "{before:?} {limit}");
        }
    }
    assert_eq!(hub.history(ana, topic, Some(Seq(first)), 50).await.unwrap(), (Vec::new(), false));
    // Who comes back.
    for (after, told) in [
        (0, "snapshot 120".to_owned()),
        (1, "snapshot 120".to_owned()),
        (first - 2, "snapshot 120".to_owned()),
        (first - 1, format!("events {first}..120")),
        (119, "events 120..120".to_owned()),
    ] {
        hub.close().await;
        let hub = world::hub(store.clone(), Limits::default()).await;
        let reader = connect(&hub, "ana").await;
        follow(&hub, &reader, feed, Some(after)).await.unwrap();
        assert_eq!(seen(&reader).await, [told], "{after}");
    }
    // Said again, what was done is still known, though what it did is not told any more.
    let hub = world::hub(store.clone(), Limits::default()).await;
    assert_eq!(set(&hub, ana, topic, 2).await.events[0].seq, Seq(2));
    assert_eq!(value(&hub, ana, topic).await, (120, json!(text(120))));
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_left_can_be_taken_back() {
    let Site { store, hub, ana, circle, topic } = site(last(10), 120).await;
    let undo = |skip| Command::Undo { circle, skip };
    let mut turned = 0;
    let refused = loop {
        match hub.execute(ana, None, &undo(false)).await {
            Ok(_) => turned += 1,
            Err(error) => break error.code().to_owned(),
        }
        forget_all(&hub).await;
    };
    assert_eq!(refused, "topic.stale");
    // Each is an event, so that after five of them the sixth last is the eleventh.
    assert!((5..20).contains(&turned), "{turned}");
    let now = value(&hub, ana, topic).await;
    assert_eq!(now, (120 + turned, json!(text(120 - turned))));
    hub.execute(ana, None, &undo(true)).await.unwrap();
    assert_eq!(value(&hub, ana, topic).await, now);
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_keeps_less_forgets_and_one_that_keeps_more_goes_on_from_there() {
    let Site { store, hub, ana, topic, .. } = site(Rules::default(), 80).await;
    assert_eq!(numbers(&store, topic).await.len(), 80);
    let rule = |rules| Command::ChangeTopic { topic, name: name(), rules };
    hub.execute(ana, None, &rule(last(1))).await.unwrap();
    set(&hub, ana, topic, 82).await;
    // The value was kept with the rule: all before it may go when it is kept again.
    for seq in 83..100 {
        set(&hub, ana, topic, seq).await;
    }
    forget_all(&hub).await;
    let left = numbers(&store, topic).await;
    assert!(left[0] > 81 && left.len() < 20, "{left:?}");
    hub.execute(ana, None, &rule(Rules::default())).await.unwrap();
    for seq in 101..160 {
        set(&hub, ana, topic, seq).await;
    }
    forget_all(&hub).await;
    let after = numbers(&store, topic).await;
    assert_eq!(after[0], left[0]);
    is_right(&store).await;
    // It goes like any other, beginning or not.
    hub.execute(ana, None, &Command::RemoveTopic { topic }).await.unwrap();
    forget_all(&hub).await;
    assert_eq!(numbers(&store, topic).await, [160]);
    assert_eq!(rows(&store, "kept", topic).await, []);
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn the_largest_value_is_kept_however_long_its_json_is() {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let (holds, value) = (Kind::String, Some(json!("\u{1}".repeat(520_000))));
    let rules = Rules { bytes_max: Some(512 * 1024), ..Rules::default() };
    let (deny, replace) = (Default::default(), false);
    let create = Command::CreateTopic { circle, name: name(), holds, value, rules, deny, replace };
    let topic = hub.execute(ana, None, &create).await.unwrap().topic.unwrap();
    let write = change(topic, json!({"splice": {"at": 0, "delete": 1}}));
    for rules in [1, 2].map(last) {
        let rule = Command::ChangeTopic { topic, name: name(), rules };
        hub.execute(ana, None, &rule).await.unwrap();
        hub.execute(ana, None, &write).await.unwrap();
    }
    forget_all(&hub).await;
    // It was kept with each rule, and begins with the first of them.
    assert_eq!(numbers(&store, topic).await, [3, 4, 5]);
    assert_eq!(rows(&store, "kept", topic).await.len(), 2);
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn a_name_and_rights_that_were_told_before_the_beginning_stay() {
    let Site { store, hub, ana, circle, topic } = site(last(3), 20).await;
    let (found, _) = hub.circle(ana, circle).await.unwrap();
    let write = kith_core::permission::Permissions::of(&[kith_core::permission::Permission::Write]);
    let deny = [(found.everyone, write)].into();
    hub.execute(ana, None, &Command::NarrowTopic { topic, deny }).await.unwrap();
    let renamed = TopicName::parse("board/done").unwrap();
    let rename = Command::ChangeTopic { topic, name: renamed.clone(), rules: last(4) };
    hub.execute(ana, None, &rename).await.unwrap();
    for seq in 23..60 {
        set(&hub, ana, topic, seq).await;
    }
    forget_all(&hub).await;
    assert!(numbers(&store, topic).await[0] > 23);
    let before = hub.topic(ana, topic).await.unwrap();
    hub.close().await;
    // What follows from the events is made anew of what is left.
    for (collection, key) in
        [("topic", topic.to_string()), ("topic_name", format!("{circle}/{renamed}"))]
    {
        let key = DocKey { collection, key };
        write_one(&store, DocWrite { key, body: None }).await;
    }
    assert_eq!(repair(&store).await.unwrap().repaired, 2);
    is_right(&store).await;
    let again = world::hub(store.clone(), Limits::default()).await;
    assert_eq!(again.topic_named(ana, circle, &renamed).await.unwrap(), before);
    assert_eq!((before.rules.clone(), before.deny.len()), (last(4), 1));
}

async fn write_one(store: &MemoryStore, write: DocWrite) {
    let batch = Batch { writes: vec![write], ..Batch::default() };
    store.commit(vec![batch]).await.remove(0).unwrap();
}

/// The first value is vouched for by no event.
#[tokio::test(start_paused = true)]
async fn damage_to_the_beginning_is_found() {
    let Site { store, hub, ana, topic, .. } = site(last(20), 60).await;
    hub.close().await;
    let kept = rows(&store, "kept", topic).await;
    assert!(kept.len() > 2);
    let write = |body: Option<&str>| {
        let key = DocKey { collection: "kept", key: kept[0].key.clone() };
        write_one(&store, DocWrite { key, body: body.map(Arc::from) })
    };
    let begin = &kept[0].body;
    let other = [
        Some(begin.replacen("xx", "xy", 1)),
        Some(begin.replacen("board/todo", "board/tada", 1)),
        Some(begin.replacen("{\"last\":20}", "{\"last\":21}", 1)),
        Some("{\"v\":1}".to_owned()),
        None,
    ];
    for damaged in &other {
        assert_ne!(damaged.as_deref(), Some(&**begin));
        write(damaged.as_deref()).await;
        let found = verify(&store).await.unwrap().problems;
        // Without it the topic begins at the next one.
        assert_eq!(found.is_empty(), damaged.is_none(), "{found:?}");
        repair(&store).await.unwrap();
        is_right(&store).await;
        let hub = world::hub(store.clone(), Limits::default()).await;
        assert_eq!(value(&hub, ana, topic).await, (60, json!(text(60))));
        hub.close().await;
        write(Some(begin)).await;
    }
    // Without any nothing is known of it, and what there is stays.
    for row in &kept {
        let key = DocKey { collection: "kept", key: row.key.clone() };
        write_one(&store, DocWrite { key, body: None }).await;
    }
    let found = repair(&store).await.unwrap();
    assert_eq!(found.problems.len(), 1, "{found:?}");
    assert!(found.problems[0].what.contains("only a backup"), "{found:?}");
    assert_eq!(rows(&store, "topic", topic).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn edits_that_refer_to_what_is_forgotten_are_stale() {
    let Site { store, hub, ana, circle, topic } = site(last(5), 60).await;
    hub.close().await;
    let hub = world::hub(Watched(store.clone()), Limits::default()).await;
    let splice = |topic, after: u64| {
        change(topic, json!({"splice": {"at": 0, "insert": "a", "after": after}}))
    };
    assert_eq!(code(hub.execute(ana, None, &splice(topic, 2)).await), "topic.stale");
    hub.execute(ana, None, &splice(topic, 60)).await.unwrap();
    // So are those of a text.
    let create = Command::CreateTopic {
        circle,
        name: TopicName::parse("text").unwrap(),
        holds: Kind::Text,
        value: Some(json!("tea")),
        rules: last(5),
        deny: Default::default(),
        replace: false,
    };
    let text = hub.execute(ana, None, &create).await.unwrap().topic.unwrap();
    for _ in 0..20 {
        let insert = change(text, json!({"splice": {"at": 0, "insert": "b"}}));
        hub.execute(ana, None, &insert).await.unwrap();
    }
    let late = hub.execute(ana, None, &splice(text, 2)).await;
    assert!(late.is_ok(), "all of it is there yet: {late:?}");
    let rules = Rules { bytes_max: Some(100_000), ..last(4) };
    let name = TopicName::parse("text").unwrap();
    let rule = Command::ChangeTopic { topic: text, name: name.clone(), rules };
    hub.execute(ana, None, &rule).await.unwrap();
    let rule = Command::ChangeTopic { topic: text, name: name.clone(), rules: last(3) };
    for _ in 0..5 {
        let insert = change(text, json!({"splice": {"at": 0, "insert": "c"}}));
        hub.execute(ana, None, &insert).await.unwrap();
    }
    hub.execute(ana, None, &rule).await.unwrap();
    forget_all(&hub).await;
    let left = numbers(&store, text).await;
    assert!(left[0] > 20, "{left:?}");
    assert_eq!(code(hub.execute(ana, None, &splice(text, 2)).await), "topic.stale");
    hub.execute(ana, None, &splice(text, left[0])).await.unwrap();
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn of_what_was_emitted_the_last_stay() {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let bell = make(&hub, ana, circle, Kind::Event, last(5)).await;
    for number in 0..60 {
        let emit = json!({"emit": {"args": {"number": number, "text": "x".repeat(2000)}}});
        hub.execute(ana, None, &change(bell, emit)).await.unwrap();
    }
    forget_all(&hub).await;
    let left = numbers(&store, bell).await;
    assert!((5..40).contains(&left.len()), "{left:?}");
    let (events, _) = hub.history(ana, bell, None, 5).await.unwrap();
    assert_eq!(events[0].seq, Seq(61));
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn of_an_ephemeral_topic_nothing_is_to_be_forgotten() {
    let rules = Rules { ephemeral: true, ..none() };
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, Kind::Int, rules).await;
    let rules = Rules { ephemeral: true, ..last(1) };
    hub.execute(ana, None, &Command::ChangeTopic { topic, name: name(), rules }).await.unwrap();
    forget_all(&hub).await;
    assert_eq!(numbers(&store, topic).await, [1, 2]);
    assert_eq!(rows(&store, "past", topic).await, []);
}

/// What is opened is as much as is kept, however much there was.
#[tokio::test(start_paused = true)]
async fn a_topic_without_history_is_opened_at_once() {
    let store = MemoryStore::new();
    let first = hub(store.clone(), Limits::default()).await;
    let ana = user(&first, "ana").await;
    let (circle, _) = circle(&first, ana).await;
    let count = make(&first, ana, circle, Kind::Int, none()).await;
    for _ in 0..20 {
        let add = |_| {
            let change = serde_json::from_value(json!({"add": {"by": 1}})).unwrap();
            Asked { topic: count, change }
        };
        let changes = (0..500).map(add).collect();
        let many = Command::Change { changes, when: Vec::new(), group: None };
        first.execute(ana, None, &many).await.unwrap();
    }
    forget_all(&first).await;
    first.close().await;
    is_right(&store).await;
    let left = numbers(&store, count).await;
    let most = RESUMED as usize + 300;
    assert!((RESUMED as usize..most).contains(&left.len()), "{}", left.len());
    assert!(rows(&store, "kept", count).await.len() < 5);
    let second = hub(store.clone(), Limits::default()).await;
    assert_eq!(value(&second, ana, count).await, (10_001, json!(10_000)));
}

/// The world of a crash test: a topic with a long history whose rule has it forget, and one that
/// forgets while it is changed.
async fn work(hub: &Hub, ana: UserId, topic: TopicId) {
    let rule = Command::ChangeTopic { topic, name: name(), rules: last(4) };
    let _ = hub.execute(ana, Some(op("rule")), &rule).await;
    for number in 0..24 {
        let set = json!({"set": {"value": text(1000 + number)}});
        let _ = hub.execute(ana, Some(op(&format!("b-{number}"))), &change(topic, set)).await;
        tokio::task::yield_now().await;
    }
    let _ = hub.expire().await;
}

/// Every moment at which the work can be cut off, by what `fault` makes of it.
async fn at_every_operation(fault: impl Fn(u64) -> Fault) {
    let made = FaultStore::new(Vec::new());
    let hub = hub(made.clone(), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, Kind::String, Rules::default()).await;
    for seq in 2..40 {
        set(&hub, ana, topic, seq).await;
    }
    hub.close().await;
    let (mut at, mut over) = (0, false);
    while !over {
        at += 1;
        let (after, (), came) =
            cut(&made, at, fault(at), async |hub| work(&hub, ana, topic).await).await;
        over = !came;
        let hub = open(&after).await.unwrap();
        work(&hub, ana, topic).await;
        forget_all(&hub).await;
        // What failed for a moment is done when it is said again, after the others.
        assert_eq!(value(&hub, ana, topic).await.0, 64, "operation {at}");
        let left = numbers(&after, topic).await;
        assert!(left[0] > 41 && left.last() == Some(&64), "operation {at}: {left:?}");
        is_right(&after).await;
    }
    assert!(at > 60, "only {at} operations");
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_leaves_all_in_order() {
    at_every_operation(|at| Fault::Crash { at }).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_at_any_moment_leaves_all_in_order() {
    at_every_operation(|at| Fault::Fail { at, error: kith_store::StoreError::Full }).await;
}

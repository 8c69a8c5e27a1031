//! What a removed topic held is forgotten, whatever happens meanwhile; that it was removed is not.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Kind};
use kith_hub::verify::Watched;
use kith_hub::{Hub, Limits};
use kith_store::fault::{Fault, FaultStore};
use kith_store::memory::MemoryStore;
use kith_store::{Range, Store, StoreError};
use serde_json::{Value, json};

use crate::world::faults::{cut, forget_all, is_right, open};
use crate::world::{circle, hub, op, user};

/// Changes of the topic that is removed, and values that are kept of it meanwhile.
const CHANGES: u64 = 300;
const VALUES: u64 = 5;

async fn make(hub: &Hub, me: UserId, circle: CircleId, holds: Kind) -> TopicId {
    let (name, rules) = (TopicName::parse("todo").unwrap(), Rules::default());
    let (value, deny) = (None, Default::default());
    let create = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
    hub.execute(me, None, &create).await.unwrap().topic.unwrap()
}

fn set(topic: TopicId, value: &Value) -> Command {
    let change = serde_json::from_value(json!({"set": {"value": value}})).unwrap();
    Command::Change { changes: vec![Asked { topic, change }], when: Vec::new(), group: None }
}

/// A circle with a topic that was changed often.
async fn changed(hub: &Hub) -> (UserId, CircleId, TopicId) {
    let ana = user(hub, "ana").await;
    let (circle, _) = circle(hub, ana).await;
    let topic = make(hub, ana, circle, Kind::String).await;
    for number in 0..CHANGES {
        let value = json!(format!("{number} {}", "x".repeat(100)));
        let op = op(&format!("a-{}", number + 1));
        hub.execute(ana, Some(op), &set(topic, &value)).await.unwrap();
    }
    (ana, circle, topic)
}

async fn kept(store: &impl Store, topic: TopicId) -> u64 {
    let prefix = format!("{topic}/");
    let range = Range { collection: "kept", prefix, after: None, before: None, descending: false };
    store.count(range).await.unwrap()
}

async fn numbers(store: &impl Store, topic: TopicId) -> Vec<u64> {
    let events = store.events(FeedId::Topic(topic), Seq(0), 10_000).await.unwrap();
    events.iter().map(|event| event.seq.0).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_removed_topic_held_is_forgotten() {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let (ana, circle, topic) = changed(&hub).await;
    assert!(kept(&store, topic).await >= VALUES);
    assert_eq!(hub.expire().await.unwrap(), 0, "nothing is removed");
    hub.execute(ana, Some(op("b-1")), &Command::RemoveTopic { topic }).await.unwrap();
    is_right(&store).await;
    let values = kept(&store, topic).await;
    assert_eq!(hub.expire().await.unwrap(), values + CHANGES + 1);
    assert_eq!(kept(&store, topic).await, 0);
    // That it was removed is what is left of it.
    assert_eq!(numbers(&store, topic).await, [CHANGES + 2]);
    is_right(&store).await;
    assert_eq!(hub.expire().await.unwrap(), 0);
    // Said again, what was done to it is still known and not done again; nothing is taken back.
    let again = set(topic, &json!(format!("0 {}", "x".repeat(100))));
    let again = hub.execute(ana, Some(op("a-1")), &again).await.unwrap();
    assert_eq!(again.events[0].seq, Seq(2));
    let undo = Command::Undo { circle, skip: false };
    assert_eq!(hub.execute(ana, None, &undo).await.unwrap().events, []);
    // Its name is free, and another topic has it.
    let other = make(&hub, ana, circle, Kind::Int).await;
    assert_ne!(other, topic);
    is_right(&store).await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_with_many_events_is_forgotten_step_by_step() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, Kind::Int).await;
    for _ in 0..3 {
        let add =
            |_| Asked { topic, change: serde_json::from_value(json!({"add": {"by": 1}})).unwrap() };
        let changes = (0..800).map(add).collect();
        let change = Command::Change { changes, when: Vec::new(), group: None };
        hub.execute(ana, None, &change).await.unwrap();
    }
    hub.execute(ana, None, &Command::RemoveTopic { topic }).await.unwrap();
    // All of it is verified after each step.
    assert!(hub.expire().await.unwrap() > 2400);
    assert_eq!(hub.expire().await.unwrap(), 0);
}

/// The world of a crash test: a topic that was just removed.
async fn removed(store: &FaultStore) -> TopicId {
    let hub = hub(store.clone(), Limits::default()).await;
    let (ana, _, topic) = changed(&hub).await;
    hub.execute(ana, None, &Command::RemoveTopic { topic }).await.unwrap();
    hub.close().await;
    topic
}

/// Whether what is left of a topic is that it was removed, once all is forgotten.
async fn is_forgotten(after: &FaultStore, topic: TopicId, at: u64) {
    forget_all(&open(after).await.unwrap()).await;
    assert_eq!(kept(after, topic).await, 0, "operation {at}");
    assert_eq!(numbers(after, topic).await, [CHANGES + 2], "operation {at}");
    is_right(after).await;
}

/// Forgets for a while.
async fn expire(hub: Hub) {
    let _ = hub.expire().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_of_forgetting_leaves_all_in_order() {
    let made = FaultStore::new(Vec::new());
    let topic = removed(&made).await;
    let mut at = 0;
    loop {
        at += 1;
        let (after, (), came) = cut(&made, at, Fault::Crash { at }, expire).await;
        is_forgotten(&after, topic, at).await;
        if !came {
            break;
        }
    }
    assert!(at > 15, "only {at} operations");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_meanwhile_does_not_matter_either() {
    let made = FaultStore::new(Vec::new());
    let topic = removed(&made).await;
    for at in 1..30 {
        let full = Fault::Fail { at, error: StoreError::Full };
        let (after, (), _) = cut(&made, at, full, expire).await;
        is_forgotten(&after, topic, at).await;
    }
}

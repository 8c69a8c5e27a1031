//! Topics whose changes may be told as one: who is slow gets the newest value, whole and in order.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;

use bytes::Bytes;
use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{CircleId, FeedId, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Change, Kind};
use kith_hub::verify::Watched;
use kith_hub::{Hub, Limits, Place, Subscriber, Want};
use kith_store::Store;
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, connect, hub, seen, user};

/// More than anybody wants to be told of one by one.
const MANY: usize = 10_000;

struct World {
    hub: Hub,
    ana: UserId,
    circle: CircleId,
}

async fn world() -> World {
    world_on(Watched(MemoryStore::new())).await
}

async fn world_on(store: impl Store) -> World {
    let hub = hub(store, Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    World { hub, ana, circle }
}

impl World {
    async fn topic(&self, name: &str, holds: Kind, rules: Rules) -> TopicId {
        let (circle, name) = (self.circle, TopicName::parse(name).unwrap());
        let deny = Default::default();
        let (value, replace) = (None, false);
        let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace };
        self.hub.execute(self.ana, None, &make).await.unwrap().topic.unwrap()
    }

    async fn change(&self, changes: &[(TopicId, Value)]) {
        let asked = changes.iter().map(|(topic, change)| Asked {
            topic: *topic,
            change: serde_json::from_value::<Change>(change.clone()).unwrap(),
        });
        let (changes, when) = (asked.collect(), Vec::new());
        let change = Command::Change { changes, when, group: None };
        self.hub.execute(self.ana, None, &change).await.unwrap();
    }

    async fn add(&self, topic: TopicId, times: usize) {
        for _ in 0..times {
            self.change(&[(topic, json!({"add": {"by": 1}}))]).await;
        }
    }

    /// Somebody who follows these and was told what they are.
    async fn reader(&self, feeds: &[FeedId]) -> Arc<Subscriber> {
        let reader = connect(&self.hub, "ana").await;
        let want = Want { window: 50, events_only: false, merges: true };
        for feed in feeds {
            let encode = |_: &kith_hub::Backlog| Bytes::from_static(b"subscribed");
            self.hub.subscribe(&reader, *feed, &Place::default(), want, encode).await.unwrap();
        }
        seen(&reader).await;
        reader
    }
}

fn merge() -> Rules {
    Rules { merge: true, ..Rules::default() }
}

/// The numbers that are told of changes, one by one.
fn each(first: usize, last: usize) -> Vec<String> {
    (first..=last).map(|seq| format!("{seq} changed")).collect()
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_gets_the_newest_value_and_not_ten_thousand_old_ones() {
    // Looking at everything after each change would take long.
    let world = world_on(MemoryStore::new()).await;
    let count = world.topic("count", Kind::Int, merge()).await;
    let feed = FeedId::Topic(count);
    let (slow, quick) = (world.reader(&[feed]).await, world.reader(&[feed]).await);
    for _ in 0..3 {
        world.add(count, 1).await;
        seen(&quick).await;
    }
    let mut most = 0;
    let add = (count, json!({"add": {"by": 1}}));
    for _ in 0..MANY / 10 {
        world.change(&vec![add.clone(); 10]).await;
        most = most.max(slow.waiting_bytes());
    }
    assert!(most < 4096, "{most} bytes waited");
    let last = 1 + 3 + MANY;
    assert_eq!(seen(&slow).await, [format!("newest {last} {}", 3 + MANY)]);
    // What comes then comes one by one again.
    world.add(count, 2).await;
    assert_eq!(seen(&slow).await, each(last + 1, last + 2));
    assert_eq!(seen(&quick).await, [format!("newest {} {}", last + 2, 5 + MANY)]);
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_list_is_told_as_it_is_with_the_names_of_its_elements() {
    let world = world().await;
    let list = world.topic("list", Kind::List, Rules { ephemeral: true, ..merge() }).await;
    let slow = world.reader(&[FeedId::Live(list)]).await;
    for number in 0..50 {
        let insert = json!({"insert": {"value": number, "element": format!("e{number}")}});
        world.change(&[(list, insert)]).await;
    }
    for _ in 0..49 {
        world.change(&[(list, json!({"remove": {"at": 0}}))]).await;
    }
    let told = seen(&slow).await;
    let [newest] = told.as_slice() else { panic!("{told:?}") };
    assert!(newest.ends_with(r#" [{"element":"e49","value":49}]"#), "{newest}");
}

#[tokio::test(start_paused = true)]
async fn what_happens_and_what_has_no_such_rule_is_never_merged() {
    let world = world().await;
    let plain = world.topic("plain", Kind::Int, Rules::default()).await;
    let bell = world.topic("bell", Kind::Event, merge()).await;
    let slow = world.reader(&[FeedId::Topic(plain), FeedId::Topic(bell)]).await;
    world.add(plain, 40).await;
    for _ in 0..40 {
        world.change(&[(bell, json!({"emit": {"args": {}}}))]).await;
    }
    assert_eq!(seen(&slow).await, [each(2, 41), each(2, 41)].concat());
}

#[tokio::test(start_paused = true)]
async fn a_transaction_of_several_topics_stays_whole() {
    let world = world().await;
    let count = world.topic("count", Kind::Int, merge()).await;
    let name = world.topic("name", Kind::String, Rules::default()).await;
    let both = world.reader(&[FeedId::Topic(count), FeedId::Topic(name)]).await;
    world.add(count, 20).await;
    let set = json!({"set": {"value": "b"}});
    world.change(&[(count, json!({"add": {"by": 1}})), (name, set.clone())]).await;
    world.add(count, 3).await;
    world.change(&[(count, json!({"add": {"by": 1}})), (name, set)]).await;
    world.add(count, 20).await;
    let expected = [
        vec!["newest 21 20".to_owned(), "together 22 2".to_owned()],
        each(23, 25),
        vec!["together 26 3".to_owned(), "newest 46 45".to_owned()],
    ];
    assert_eq!(seen(&both).await, expected.concat());
}

#[tokio::test(start_paused = true)]
async fn the_rule_takes_effect_when_it_is_made() {
    let world = world().await;
    let count = world.topic("count", Kind::Int, Rules::default()).await;
    let slow = world.reader(&[FeedId::Topic(count)]).await;
    for rules in [merge(), Rules::default()] {
        let merges = rules.merge;
        let name = TopicName::parse("count").unwrap();
        let change = Command::ChangeTopic { topic: count, name, rules };
        world.hub.execute(world.ana, None, &change).await.unwrap();
        world.hub.settled().await.unwrap();
        world.add(count, 50).await;
        let told = seen(&slow).await;
        assert_eq!(told.last().unwrap().starts_with("newest"), merges, "{told:?}");
        assert_eq!(told.len() < 50, merges, "{told:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_follows_again_is_told_from_there() {
    let world = world().await;
    let count = world.topic("count", Kind::Int, merge()).await;
    let feed = FeedId::Topic(count);
    let slow = world.reader(&[feed]).await;
    world.add(count, 20).await;
    let want = Want { window: 50, events_only: false, merges: true };
    let encode = |_: &kith_hub::Backlog| Bytes::from_static(b"subscribed");
    world.hub.subscribe(&slow, feed, &Place::default(), want, encode).await.unwrap();
    world.add(count, 1).await;
    assert_eq!(seen(&slow).await, ["subscribed", "22 changed"]);
    world.hub.unsubscribe(&slow, feed);
    world.add(count, 20).await;
    assert!(seen(&slow).await.is_empty());
}

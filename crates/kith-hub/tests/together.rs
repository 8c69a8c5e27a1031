//! What one transaction did to several topics is taken, and lost, together.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{CircleId, FeedId, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::{Asked, Change, Kind};
use kith_hub::verify::Watched;
use kith_hub::{Hub, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, connect, follow, hub, seen, user};

async fn topic(hub: &Hub, me: UserId, circle: CircleId, name: &str, holds: Kind) -> TopicId {
    let (name, rules) = (TopicName::parse(name).unwrap(), Rules::default());
    let deny = Default::default();
    let make =
        Command::CreateTopic { circle, name, holds, value: None, rules, deny, replace: false };
    hub.execute(me, None, &make).await.unwrap().topic.unwrap()
}

fn change(topic: TopicId, change: Value) -> Asked {
    Asked { topic, change: serde_json::from_value::<Change>(change).unwrap() }
}

async fn transact(hub: &Hub, me: UserId, changes: Vec<Asked>) {
    let change = Command::Change { changes, when: Vec::new(), group: None };
    hub.execute(me, None, &change).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_transaction_did_is_taken_together() {
    let limits = Limits { mailbox_bytes: 4000, ..Limits::default() };
    let hub = hub(Watched(MemoryStore::new()), limits).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let count = topic(&hub, ana, circle, "count", Kind::Int).await;
    let text = topic(&hub, ana, circle, "text", Kind::String).await;
    let (count_feed, text_feed) = (FeedId::Topic(count), FeedId::Topic(text));
    let (whole, part) = (connect(&hub, "ana").await, connect(&hub, "ana").await);
    follow(&hub, &whole, count_feed, None).await.unwrap();
    follow(&hub, &whole, text_feed, None).await.unwrap();
    follow(&hub, &part, text_feed, None).await.unwrap();
    seen(&whole).await;
    seen(&part).await;
    let both = |text_to: String| {
        let set = json!({"set": {"value": text_to}});
        vec![change(count, json!({"add": {"by": 1}})), change(text, set)]
    };
    transact(&hub, ana, both("a".to_owned())).await;
    assert_eq!(seen(&whole).await, ["together 2 2"]);
    assert_eq!(seen(&part).await, ["2 changed"]);
    // As small as a reader may take, it is taken whole.
    transact(&hub, ana, both("b".to_owned())).await;
    let batch = whole.next(1).await.unwrap();
    assert!(matches!(batch.items.as_slice(), [kith_hub::Item::Events(all)] if all.len() == 2));
    drop(batch);
    // What does not fit is not taken in part: both feeds are lost, and that is told first.
    transact(&hub, ana, both("x".repeat(5000))).await;
    let add = vec![change(count, json!({"add": {"by": 1}}))];
    follow(&hub, &whole, count_feed, Some(3)).await.unwrap();
    transact(&hub, ana, add).await;
    let told = seen(&whole).await;
    assert_eq!(told, ["lagged 2", "events 4..4", "5 changed"]);
}

//! What the members of a circle are told when its streams and topics change, and those who may not
//! see them; how streams are arranged; and what follows a user over devices.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use async_trait::async_trait;
use kith_core::command::Command;
use kith_core::id::{CircleId, FeedId, StreamId, UserId};
use kith_hub::verify::Watched;
use kith_hub::{Hub, HubError, Item, Limits, Subscriber};
use kith_store::around::Around;
use kith_store::memory::MemoryStore;
use kith_store::{Head, Store, StoreError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use world::{circle, connect, follow, hub, seen, user};

async fn act(hub: &Hub, me: UserId, command: Value) -> kith_core::command::Outcome {
    let command: Command = serde_json::from_value(command).unwrap();
    hub.execute(me, None, &command).await.unwrap()
}

async fn site() -> (Hub, [UserId; 2], CircleId, StreamId) {
    site_on(Watched(MemoryStore::new())).await
}

async fn site_on(store: impl Store) -> (Hub, [UserId; 2], CircleId, StreamId) {
    let hub = hub(store, Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, talk) = circle(&hub, ana).await;
    act(&hub, bob, json!({"join": {"circle": tea}})).await;
    (hub, [ana, bob], tea, talk)
}

/// The events that wait, as they are sent.
async fn told(subscriber: &Arc<Subscriber>) -> Vec<String> {
    let mut all = Vec::new();
    while let Ok(Some(batch)) =
        tokio::time::timeout(Duration::ZERO, subscriber.next(usize::MAX)).await
    {
        for item in &batch.items {
            match item {
                Item::Event(one) => all.push(serde_json::to_string(&one.event).unwrap()),
                Item::Events(more) => {
                    all.extend(more.iter().map(|one| serde_json::to_string(&one.event).unwrap()));
                }
                _ => {}
            }
        }
    }
    all
}

#[tokio::test]
async fn members_are_told_that_feeds_changed_and_not_which_nor_by_whom() {
    let (hub, [ana, _], tea, talk) = site().await;
    let connection = connect(&hub, "bob").await;
    follow(&hub, &connection, FeedId::Circle(tea), None).await.unwrap();
    seen(&connection).await;
    let (found, _) = hub.circle(ana, tea).await.unwrap();
    let hidden = json!({(found.everyone.to_string()): ["read"]});
    let made = act(
        &hub,
        ana,
        json!({"create_stream": {
            "circle": tea, "name": "secret", "deny": hidden,
        }}),
    )
    .await;
    let secret = made.stream.unwrap();
    let topic = act(
        &hub,
        ana,
        json!({"create_topic": {
            "circle": tea, "name": "hidden", "holds": "int", "deny": hidden,
        }}),
    )
    .await
    .topic
    .unwrap();
    for command in [
        json!({"change_stream": {"stream": secret, "name": "renamed"}}),
        json!({"narrow_stream": {"stream": secret, "deny": {}}}),
        json!({"arrange_streams": {"circle": tea, "sections": [
            {"section": "Talk", "streams": [secret, talk]},
        ]}}),
        json!({"change_topic": {"topic": topic, "name": "renamed"}}),
        json!({"narrow_topic": {"topic": topic, "deny": {}}}),
        json!({"remove_topic": {"topic": topic}}),
    ] {
        act(&hub, ana, command).await;
    }
    let told = told(&connection).await;
    let kinds: Vec<String> = told
        .iter()
        .map(|event| {
            let event: Value = serde_json::from_str(event).unwrap();
            assert_eq!(event["body"]["kind"], "feeds_changed");
            assert!(event.get("by").is_none() && event.get("op").is_none(), "{event}");
            event["body"]["of"].as_str().unwrap().to_owned()
        })
        .collect();
    let (streams, topics) = ("streams", "topics");
    assert_eq!(kinds, [streams, topics, streams, streams, streams, topics, topics, topics]);
    for secret in [secret.to_string(), topic.to_string(), ana.to_string()] {
        assert!(told.iter().all(|event| !event.contains(&secret)));
    }
}

#[tokio::test]
async fn a_new_circle_tells_nobody_and_what_changes_nothing_tells_nothing() {
    let (hub, [ana, _], tea, talk) = site().await;
    let head = hub.circle_now(ana, tea).await.unwrap().2;
    assert_eq!(head.0, 3, "it was made and two joined");
    let arrange = json!({"arrange_streams": {"circle": tea, "sections": [{"streams": [talk]}]}});
    act(&hub, ana, arrange.clone()).await;
    let after = hub.circle_now(ana, tea).await.unwrap().2;
    act(&hub, ana, arrange).await;
    assert_eq!(hub.circle_now(ana, tea).await.unwrap().2, after);
    assert_eq!(after.0, 4);
}

/// A store that has others go first where it is asked for the last event of a feed.
struct Late(MemoryStore);

#[async_trait]
impl Around for Late {
    fn inner(&self) -> &dyn Store {
        &self.0
    }

    async fn head(&self, feed: FeedId) -> Result<Head, StoreError> {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.0.head(feed).await
    }
}

#[tokio::test]
async fn what_one_opens_with_is_as_it_is_after_the_event_that_it_names() {
    let (hub, [ana, bob], tea, talk) = site_on(Late(MemoryStore::new())).await;
    let (.., begin) = hub.circle_now(bob, tea).await.unwrap();
    let (_, first) = hub.stream_now(bob, talk).await.unwrap();
    let writer = async {
        for n in 1..=50 {
            let (circle, name) = (tea, format!("n{n}"));
            act(&hub, ana, json!({"change_circle": {"circle": circle, "name": name, "public": true, "idle_seconds": 0}})).await;
            act(&hub, ana, json!({"change_stream": {"stream": talk, "name": name}})).await;
        }
    };
    let reader = async {
        let mut seen = 0;
        while seen < 50 {
            let (stream, head) = hub.stream_now(bob, talk).await.unwrap();
            seen = head.0 - first.0;
            let name = stream.name.as_ref().map(ToString::to_string);
            assert!(seen == 0 || name == Some(format!("n{seen}")), "{name:?} after {seen}");
            // A stream that is changed is told in the circle as well.
            let (circle, _, head) = hub.circle_now(bob, tea).await.unwrap();
            let (name, renamed) = (circle.name.to_string(), (head.0 - begin.0).div_ceil(2));
            assert!(renamed == 0 || name == format!("n{renamed}"), "{name} after {renamed}");
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(writer, reader);
}

#[tokio::test]
async fn streams_stand_as_they_were_arranged_and_new_ones_behind() {
    let (hub, [ana, bob], tea, talk) = site().await;
    let make = async |name: &str| {
        act(&hub, ana, json!({"create_stream": {"circle": tea, "name": name}}))
            .await
            .stream
            .unwrap()
    };
    let (news, ops) = (make("news").await, make("ops").await);
    act(
        &hub,
        ana,
        json!({"arrange_streams": {"circle": tea, "sections": [
            {"streams": [news]}, {"section": "Work", "streams": [ops, talk]},
        ]}}),
    )
    .await;
    let late = make("late").await;
    let streams = hub.streams(bob, tea).await.unwrap();
    let shown: Vec<_> = streams
        .iter()
        .map(|one| (one.id, one.section.as_ref().map(|name| name.as_str().to_owned())))
        .collect();
    let work = Some("Work".to_owned());
    assert_eq!(shown, [(news, None), (ops, work.clone()), (talk, work), (late, None)]);
    for (who, sections, code) in [
        (bob, json!([]), "permission.denied"),
        (ana, json!([{"streams": [talk, talk]}]), "input.malformed"),
        (ana, json!(vec![json!({"streams": []}); 101]), "limit.too_many"),
    ] {
        let command = json!({"arrange_streams": {"circle": tea, "sections": sections}});
        let command: Command = serde_json::from_value(command).unwrap();
        match hub.execute(who, None, &command).await.unwrap_err() {
            HubError::Refused(refusal) => assert_eq!(refusal.code(), code),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_preference_is_told_to_all_devices_of_its_user_alone() {
    let (hub, [_, bob], _, talk) = site().await;
    let (phone, other) = (connect(&hub, "bob").await, connect(&hub, "ana").await);
    follow(&hub, &phone, FeedId::User(bob), None).await.unwrap();
    assert!(follow(&hub, &other, FeedId::User(bob), None).await.is_err());
    seen(&phone).await;
    let key = format!("notify:{talk}");
    let set = |value: Value| json!({"set_preference": {"key": key, "value": value}});
    act(&hub, bob, set(json!({"level": "mentions"}))).await;
    act(&hub, bob, set(json!({"level": "mentions"}))).await;
    assert_eq!(told(&phone).await.len(), 1, "what is so already is not told");
    let kept = hub.preferences(bob).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    assert_eq!(kept, [(key.as_str(), json!({"level": "mentions"}))]);
    act(&hub, bob, set(Value::Null)).await;
    assert!(hub.preferences(bob).await.unwrap().is_empty());
    let long = json!({"set_preference": {"key": "page:x", "value": "x".repeat(9000)}});
    let command: Command = serde_json::from_value(long).unwrap();
    match hub.execute(bob, None, &command).await.unwrap_err() {
        HubError::Refused(refusal) => assert_eq!(refusal.code(), "input.too_long"),
        other => panic!("{other}"),
    }
}

//! What connections show of themselves: to whom it is told, when it ends, and that nothing piles up.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;
use std::time::Duration;

use kith_core::aware::AwareState;
use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::{CircleId, FeedId, StreamId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::Kind;
use kith_hub::verify::Watched;
use kith_hub::{Hub, HubError, Item, Limits, Subscriber};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, connect, follow, hub, say, seen, user};

fn state(value: Value) -> Option<AwareState> {
    Some(serde_json::from_value(value).unwrap())
}

async fn show(hub: &Hub, who: &Subscriber, feed: FeedId, value: Value) -> Result<(), &'static str> {
    let shown = hub.aware(who, feed, state(json!({"at": value}))).await;
    shown.map_err(|error: HubError| error.code())
}

/// What somebody is told, when there was time to tell it.
async fn told(who: &Arc<Subscriber>) -> Vec<String> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    seen(who).await
}

struct World {
    hub: Hub,
    ana: UserId,
    bob: UserId,
    circle: CircleId,
    tea: StreamId,
    one: Arc<Subscriber>,
    two: Arc<Subscriber>,
}

/// Ana and bob follow a stream of a circle of hers.
async fn world(limits: Limits) -> World {
    let hub = hub(Watched(MemoryStore::new()), limits).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, tea) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    let (one, two) = (connect(&hub, "ana").await, connect(&hub, "bob").await);
    for each in [&one, &two] {
        follow(&hub, each, FeedId::Stream(tea), None).await.unwrap();
        assert_eq!(told(each).await.len(), 1);
    }
    World { hub, ana, bob, circle, tea, one, two }
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_is_told_to_the_others_and_to_who_comes_late() {
    let World { hub, tea, one, two, .. } = world(Limits::default()).await;
    let feed = FeedId::Stream(tea);
    show(&hub, &one, feed, json!(1)).await.unwrap();
    assert_eq!(told(&two).await, [r#"all ana={"at":1}"#]);
    show(&hub, &two, feed, json!(2)).await.unwrap();
    assert_eq!(told(&one).await, [r#"all bob={"at":2}"#], "nothing of oneself");
    assert_eq!(told(&two).await, [""; 0]);
    // Another connection of the same session is somebody else.
    let late = connect(&hub, "ana").await;
    follow(&hub, &late, feed, None).await.unwrap();
    let all = r#"all ana={"at":1} bob={"at":2}"#;
    assert_eq!(told(&late).await, ["snapshot 1", all], "behind the answer");
    follow(&hub, &late, feed, Some(1)).await.unwrap();
    assert_eq!(told(&late).await, ["events 2..1", all]);
    show(&hub, &late, feed, json!(3)).await.unwrap();
    assert_eq!(told(&one).await, [r#"aware ana={"at":3}"#]);
    hub.aware(&one, feed, None).await.unwrap();
    assert_eq!(told(&two).await, [r#"aware ana={"at":3} ana=gone"#]);
    assert_eq!(told(&late).await, [r"aware ana=gone"]);
    // Said twice it is told once.
    hub.aware(&one, feed, None).await.unwrap();
    show(&hub, &late, feed, json!(3)).await.unwrap();
    assert_eq!(told(&two).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_connection_and_with_following() {
    let small = Limits { mailbox_bytes: 20_000, ..Limits::default() };
    let World { hub, ana, circle, tea, one, two, .. } = world(small).await;
    let feed = FeedId::Stream(tea);
    assert_eq!(show(&hub, &one, FeedId::Circle(circle), json!(1)).await, Err("feed.not_followed"));
    show(&hub, &one, feed, json!(1)).await.unwrap();
    assert_eq!(told(&two).await, [r#"all ana={"at":1}"#]);
    hub.unsubscribe(&one, feed);
    assert_eq!(told(&two).await, ["aware ana=gone"]);
    assert_eq!(show(&hub, &one, feed, json!(2)).await, Err("feed.not_followed"));
    follow(&hub, &one, feed, None).await.unwrap();
    show(&hub, &one, feed, json!(3)).await.unwrap();
    assert_eq!(told(&two).await, [r#"aware ana={"at":3}"#]);
    hub.disconnect(&one).await;
    assert_eq!(told(&two).await, ["aware ana=gone"]);
    assert_eq!(show(&hub, &one, feed, json!(4)).await, Err("feed.not_followed"));
    // It lags, and is there all the same.
    let (text, late) = ("x".repeat(4000), connect(&hub, "ana").await);
    follow(&hub, &late, feed, None).await.unwrap();
    show(&hub, &late, feed, json!(5)).await.unwrap();
    for _ in 0..6 {
        say(&hub, ana, tea, &text).await.unwrap();
        seen(&two).await;
    }
    let back = connect(&hub, "bob").await;
    follow(&hub, &back, feed, None).await.unwrap();
    assert_eq!(told(&back).await[1], r#"all ana={"at":5}"#);
    assert_eq!(told(&late).await, ["lagged 1"]);
    hub.disconnect(&late).await;
    assert_eq!(told(&back).await, ["aware ana=gone"]);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_right_to_show_it() {
    let World { hub, ana, bob, circle, tea, one, two } = world(Limits::default()).await;
    let feed = FeedId::Stream(tea);
    show(&hub, &two, feed, json!(1)).await.unwrap();
    assert_eq!(told(&one).await, [r#"all bob={"at":1}"#]);
    let quiet = Command::TimeOut { circle, user: bob, seconds: 60, reason: None };
    hub.execute(ana, None, &quiet).await.unwrap();
    assert_eq!(told(&one).await, ["aware bob=gone"]);
    assert_eq!(show(&hub, &two, feed, json!(2)).await, Err("member.timed_out"));
    let speak = Command::TimeOut { circle, user: bob, seconds: 0, reason: None };
    hub.execute(ana, None, &speak).await.unwrap();
    show(&hub, &two, feed, json!(3)).await.unwrap();
    assert_eq!(told(&one).await, [r#"aware bob={"at":3}"#]);
    let kick = Command::Kick { circle, user: bob, reason: None };
    hub.execute(ana, None, &kick).await.unwrap();
    assert_eq!(told(&one).await, ["aware bob=gone"]);
    assert_eq!(show(&hub, &two, feed, json!(4)).await, Err("feed.not_followed"));
    show(&hub, &one, feed, json!(5)).await.unwrap();
    let after = told(&two).await;
    assert!(after.iter().all(|told| !told.starts_with("aware")), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn it_is_shown_in_topics_conversations_and_circles() {
    let World { hub, ana, bob, circle, one, two, .. } = world(Limits::default()).await;
    let mut feeds = vec![FeedId::Circle(circle)];
    for ephemeral in [false, true] {
        let name = TopicName::parse(&format!("topic/{ephemeral}")).unwrap();
        let rules = Rules { ephemeral, ..Rules::default() };
        let (holds, value, deny) = (Kind::Int, None, Default::default());
        let replace = false;
        let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace };
        let made = hub.execute(ana, None, &make).await.unwrap();
        feeds.push(FeedId::Topic(made.topic.unwrap()));
    }
    let direct = hub.execute(ana, None, &Command::OpenDirect { user: bob }).await.unwrap();
    feeds.push(FeedId::Stream(direct.stream.unwrap()));
    for feed in feeds {
        for each in [&one, &two] {
            follow(&hub, each, feed, None).await.unwrap();
        }
        seen(&two).await;
        show(&hub, &one, feed, json!(1)).await.unwrap();
        assert_eq!(told(&two).await, [r#"all ana={"at":1}"#], "{feed}");
        hub.unsubscribe(&one, feed);
        assert_eq!(told(&two).await, ["aware ana=gone"], "{feed}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_blocks_somebody_is_told_anew_who_is_there() {
    let World { hub, bob, ana, tea, one, two, .. } = world(Limits::default()).await;
    show(&hub, &one, FeedId::Stream(tea), json!(1)).await.unwrap();
    assert_eq!(told(&two).await, [r#"all ana={"at":1}"#]);
    // Of whom it is, and who may not see it, is for whoever writes it out to leave away.
    hub.execute(bob, None, &Command::Block { user: ana }).await.unwrap();
    assert_eq!(told(&two).await, [r#"all ana={"at":1}"#]);
    hub.execute(bob, None, &Command::Unblock { user: ana }).await.unwrap();
    assert_eq!(told(&two).await, [r#"all ana={"at":1}"#]);
}

/// However much is shown, what waits for a reader who takes nothing does not grow, and what it takes
/// then is the newest of each.
#[tokio::test(start_paused = true)]
async fn nothing_piles_up_for_a_reader_who_takes_nothing() {
    let World { hub, tea, one, two, .. } = world(Limits::default()).await;
    let feed = FeedId::Stream(tea);
    let mut others = vec![Arc::clone(&one)];
    for _ in 0..20 {
        let other = connect(&hub, "ana").await;
        follow(&hub, &other, feed, None).await.unwrap();
        others.push(other);
    }
    let long = "x".repeat(1000);
    let before = two.waiting_bytes();
    for round in 0..50 {
        for other in &others {
            show(&hub, other, feed, json!([round, long])).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(two.waiting_bytes(), before);
    }
    for other in &others {
        show(&hub, other, feed, json!("last")).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let batch = two.next(usize::MAX).await.unwrap();
    let [Item::Aware(awareness)] = batch.items.as_slice() else { panic!("{:?}", batch.items) };
    assert_eq!(awareness.shown.len(), others.len());
    let last = json!({"at": "last"});
    assert!(
        awareness.shown.iter().all(|shown| { serde_json::to_value(&shown.state).unwrap() == last })
    );
    drop(batch);
    assert_eq!(seen(&two).await, [""; 0]);
}

/// A pointer that moves a thousand times in a second is told some 25 times.
#[tokio::test(start_paused = true)]
async fn what_changes_often_is_told_now_and_then() {
    let World { hub, tea, one, two, .. } = world(Limits::default()).await;
    let mut tellings = 0;
    for ms in 0..1000 {
        show(&hub, &one, FeedId::Stream(tea), json!(ms)).await.unwrap();
        tokio::time::advance(Duration::from_millis(1)).await;
        tokio::task::yield_now().await;
        tellings += seen(&two).await.len();
    }
    assert!((20..=30).contains(&tellings), "{tellings}");
    assert_eq!(told(&two).await, [r#"aware ana={"at":999}"#]);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_may_know_of_any_more_is_not_kept() {
    let World { hub, tea, one, two, .. } = world(Limits::default()).await;
    let feed = FeedId::Stream(tea);
    show(&hub, &one, feed, json!(1)).await.unwrap();
    for each in [&one, &two] {
        hub.unsubscribe(each, feed);
    }
    follow(&hub, &two, feed, None).await.unwrap();
    let all = told(&two).await;
    assert_eq!(all.last().map(String::as_str), Some("snapshot 1"), "{all:?}");
}

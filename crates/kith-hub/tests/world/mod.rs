//! A small world for the hub's tests: people, a circle, and a clock that a test sets.
#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

pub(crate) mod faults;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kith_core::command::{Command, Outcome};
use kith_core::decide::account::{self, Lifetime, NewAccount};
use kith_core::decide::secret_hash;
use kith_core::event::Body;
use kith_core::id::{CircleId, FeedId, Seq, StreamId, Timestamp, TopicId, UserId};
use kith_core::text::{CircleName, Label, MessageText, OpId, UserName};
use kith_core::topic::{Asked, Change};
use kith_hub::presence::{Status, What};
use kith_hub::testing::Clock;
use kith_hub::{
    Awareness, Backlog, Environment, Hub, HubError, Item, Limits, Place, Subscriber, Want,
};
use kith_store::Store;
use serde_json::Value;

pub(crate) async fn hub(store: impl Store, limits: Limits) -> Hub {
    hub_and_clock(store, limits).await.0
}

pub(crate) async fn hub_and_clock(store: impl Store, limits: Limits) -> (Hub, Arc<Clock>) {
    let clock = Arc::new(Clock::default());
    let env: Arc<dyn Environment> = Arc::<Clock>::clone(&clock);
    (Hub::open(Arc::new(store), env, limits).await.unwrap(), clock)
}

/// Makes an account, and a session whose token is its name.
pub(crate) async fn user(hub: &Hub, name: &str) -> UserId {
    let new = NewAccount {
        name: UserName::parse(name).unwrap(),
        display_name: None,
        password: None,
        bot_of: None,
        site_admin: false,
    };
    let made = hub.transact(None, None, |draft| account::register(draft, &new, None)).await;
    let user = made.unwrap().user.unwrap();
    let (hash, label) = (secret_hash(name), Label::parse("test").unwrap());
    hub.transact(Some(user), None, |draft| {
        let lifetime = Lifetime { expires_at: Timestamp(u64::MAX), idle_ms: 0 };
        account::start_session(draft, user, &hash, &label, lifetime)
    })
    .await
    .unwrap();
    user
}

pub(crate) async fn connect(hub: &Hub, name: &str) -> Arc<Subscriber> {
    let subscriber = hub.connect(&secret_hash(name)).await.unwrap();
    hub.presence_told().await;
    subscriber
}

/// Who a connection is told to be how, up to now.
pub(crate) async fn told(subscriber: &Arc<Subscriber>) -> Vec<(UserId, Status)> {
    let mut all = Vec::new();
    while let Ok(Some(batch)) =
        tokio::time::timeout(Duration::ZERO, subscriber.next(usize::MAX)).await
    {
        for item in &batch.items {
            if let Item::Signal(signal) = item
                && let What::Presence(status) = signal.what
            {
                all.push((signal.user, status));
            }
        }
    }
    all
}

/// A public circle of `owner`, and its first stream.
pub(crate) async fn circle(hub: &Hub, owner: UserId) -> (CircleId, StreamId) {
    let name = CircleName::parse("Tea").unwrap();
    let made = hub.execute(owner, None, &Command::CreateCircle { name, public: true }).await;
    let made = made.unwrap();
    (made.circle.unwrap(), made.stream.unwrap())
}

pub(crate) fn post(stream: StreamId, text: &str) -> Command {
    let text = MessageText::parse(text).unwrap();
    Command::post(stream, text)
}

pub(crate) fn op(text: &str) -> OpId {
    OpId::parse(text).unwrap()
}

pub(crate) async fn say(
    hub: &Hub,
    user: UserId,
    stream: StreamId,
    text: &str,
) -> Result<Outcome, HubError> {
    hub.execute(user, None, &post(stream, text)).await
}

/// Follows a feed; the answer in the mailbox is "events A..B", "more A..B" or "snapshot N".
pub(crate) async fn follow(
    hub: &Hub,
    subscriber: &Arc<Subscriber>,
    feed: FeedId,
    after: Option<u64>,
) -> Result<(), HubError> {
    let place = Place { epoch: None, after: after.map(Seq) };
    let want = Want { window: 50, events_only: false, merges: false };
    hub.subscribe(subscriber, feed, &place, want, encode).await
}

pub(crate) fn encode(backlog: &Backlog) -> Bytes {
    Bytes::from(match backlog {
        Backlog::Events { events, seq, more } => {
            let first = events.first().map_or(seq.0 + 1, |event| event.seq().0);
            format!("{} {first}..{}", if *more { "more" } else { "events" }, seq.0)
        }
        Backlog::Snapshot { seq, .. } => format!("snapshot {}", seq.0),
    })
}

/// Everything that waits, as texts.
pub(crate) async fn seen(subscriber: &Arc<Subscriber>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Ok(Some(batch)) =
        tokio::time::timeout(Duration::ZERO, subscriber.next(usize::MAX)).await
    {
        for item in &batch.items {
            texts.push(match item {
                Item::Reply(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Item::Event(delivery) => match &delivery.event.body {
                    Body::Posted { text, .. } => format!("{} {text}", delivery.event.seq),
                    body => format!("{} {}", delivery.event.seq, kind(body)),
                },
                Item::Events(all) => {
                    let each = all.iter().map(|delivery| delivery.event.seq.to_string());
                    format!("together {}", each.collect::<Vec<_>>().join(" "))
                }
                Item::Bundle(_) => unreachable!("it is taken one by one"),
                Item::Aware(told) => aware(told),
                Item::Newest(merged) => format!("newest {} {}", merged.seq, merged.value),
                Item::Signal(_) | Item::Told(_) | Item::Offered(_) => continue,
                Item::Lagged(feeds) => format!("lagged {}", feeds.len()),
                Item::Closed(_) => "closed".to_owned(),
            });
        }
    }
    texts
}

fn kind(body: &Body) -> String {
    let json = serde_json::to_value(body).unwrap();
    json["kind"].as_str().unwrap().to_owned()
}

/// What is told of those who show something: by whom, and under which key they show it.
pub(crate) fn aware(told: &Awareness) -> String {
    let each = told.shown.iter().map(|shown| match &shown.state {
        Some(state) => format!(" {}={}", shown.name, serde_json::to_string(state).unwrap()),
        None => format!(" {}=gone", shown.name),
    });
    format!("{}{}", if told.all { "all" } else { "aware" }, each.collect::<String>())
}

/// Changes of a topic, as a command.
pub(crate) fn asked(topic: TopicId, changes: Vec<Value>) -> Command {
    let asked = |change| Asked { topic, change: serde_json::from_value::<Change>(change).unwrap() };
    let changes = changes.into_iter().map(asked).collect();
    Command::Change { changes, when: Vec::new(), group: None }
}

/// Changes a topic.
pub(crate) async fn change(
    hub: &Hub,
    me: UserId,
    topic: TopicId,
    changes: Vec<Value>,
) -> Result<(), HubError> {
    hub.execute(me, None, &asked(topic, changes)).await.map(drop)
}

//! Of a removed circle nothing is left, and nobody gets at any of it meanwhile.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "removed/stream.rs"]
mod stream;
mod world;

use std::collections::BTreeMap;

use kith_core::command::Command;
use kith_core::decide::file::{self, FileLimits, NewFile};
use kith_core::document::COLLECTIONS;
use kith_core::file::BlobHash;
use kith_core::id::{CircleId, FeedId, FileId, Seq, StreamId, TopicId, UserId};
use kith_core::text::{FileName, MediaType};
use kith_hub::read::Page;
use kith_hub::verify::{Watched, repair, verify};
use kith_hub::{Hub, Item, Limits};
use kith_store::fault::{Fault, FaultStore};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, DocWrite, Range, Store, StoreError};
use serde_json::{Value, json};

use crate::world::faults::{cut, forget_all, is_right, open};
use crate::world::{circle, connect, follow, hub, say, seen, user};

async fn act(hub: &Hub, who: UserId, command: Value) -> kith_core::command::Outcome {
    let command: Command = serde_json::from_value(command).unwrap();
    hub.execute(who, None, &command).await.unwrap()
}

/// A circle with all that a circle may hold, and what is to stay beside it.
struct Place {
    ana: UserId,
    bob: UserId,
    circle: CircleId,
    streams: Vec<StreamId>,
    topics: Vec<TopicId>,
    code: String,
    file: FileId,
    other: CircleId,
    direct: StreamId,
}

async fn upload(hub: &Hub, owner: UserId, name: &str) -> FileId {
    let new = NewFile { name: FileName::parse(name).unwrap(), bytes: 3, hash: None };
    let limits = FileLimits { bytes_max: 9, user_bytes_max: 99, user_per_day_max: 9 };
    let id = hub.begin_file(owner, None, &new, &limits).await.unwrap().file.unwrap();
    let (hash, media) = (BlobHash::of(name.as_bytes()), MediaType::parse("text/plain").unwrap());
    let found = file::Found { hash, media, size: None, color: None, thumbnail: None, square: None };
    hub.finish_file(owner, id, &found).await.unwrap();
    id
}

async fn furnish(hub: &Hub) -> Place {
    let (ana, bob, cyd) = (user(hub, "ana").await, user(hub, "bob").await, user(hub, "cyd").await);
    let (other, elsewhere) = circle(hub, ana).await;
    let (circle, tea) = circle(hub, ana).await;
    for who in [bob, cyd] {
        for circle in [circle, other] {
            act(hub, who, json!({"join": {"circle": circle}})).await;
        }
    }
    let direct = act(hub, ana, json!({"open_direct": {"user": bob}})).await.stream.unwrap();
    let ops = json!({"create_stream": {"circle": circle, "name": "ops"}});
    let ops = act(hub, ana, ops).await.stream.unwrap();
    let slow = json!({"change_stream": {"stream": ops, "name": "ops", "slow_seconds": 1}});
    act(hub, ana, slow).await;
    let (file, kept) = (upload(hub, ana, "list.txt").await, upload(hub, ana, "kept.txt").await);
    let say =
        async |who: UserId, post: Value| act(hub, who, json!({"post": post})).await.events[0].seq;
    let both = json!({"stream": tea, "text": "@bob @everyone @moderator", "files": [file, kept]});
    let root = say(ana, both).await;
    say(ana, json!({"stream": elsewhere, "text": "here @bob", "files": [kept]})).await;
    say(bob, json!({"stream": tea, "text": "yes @ana", "thread": root, "reply_to": root})).await;
    // What it answers is deleted first: a note of it stays in an inbox.
    let asked = say(cyd, json!({"stream": ops, "text": "who?"})).await;
    let answer = say(bob, json!({"stream": ops, "text": "me", "reply_to": asked})).await;
    act(hub, cyd, json!({"delete": {"stream": ops, "message": asked}})).await;
    act(hub, bob, json!({"delete": {"stream": ops, "message": answer}})).await;
    let edit = json!({"edit": {"stream": tea, "message": root, "text": "@cyd now", }});
    act(hub, ana, edit).await;
    act(hub, bob, json!({"react": {"stream": tea, "message": root, "emoji": "👍"}})).await;
    act(hub, ana, json!({"pin": {"stream": tea, "message": root, "pinned": true}})).await;
    for (who, stream) in [(bob, tea), (cyd, ops), (bob, elsewhere)] {
        act(hub, who, json!({"read": {"stream": stream, "seq": 2}})).await;
    }
    let prefer =
        |key: String, value: Value| json!({"set_preference": {"key": key, "value": value}});
    let favourites = prefer("favourites".to_owned(), json!([tea, direct, ops]));
    let circles = prefer("circles".to_owned(), json!([other, circle]));
    let muted = json!({"muted": true});
    for wish in [favourites, circles, prefer("language".to_owned(), json!("en"))] {
        act(hub, bob, wish).await;
    }
    for id in [circle.to_string(), tea.to_string(), direct.to_string()] {
        act(hub, bob, prefer(format!("notify:{id}"), muted.clone())).await;
    }
    let mut topics = Vec::new();
    for (name, holds) in [("list", "list"), ("text", "text"), ("count", "int")] {
        let make = json!({"create_topic": {"circle": circle, "name": name, "holds": holds}});
        topics.push(act(hub, ana, make).await.topic.unwrap());
    }
    let add = json!({"changes": [{"topic": topics[2], "change": {"add": {"by": 1}}}]});
    act(hub, bob, json!({"change": add})).await;
    let invite = act(hub, ana, json!({"create_invite": {"circle": circle}})).await;
    act(hub, cyd, json!({"leave": {"circle": circle}})).await;
    act(hub, ana, json!({"ban": {"circle": circle, "user": cyd, "reason": "loud"}})).await;
    let streams = vec![tea, ops];
    Place { ana, bob, circle, streams, topics, code: invite.code.unwrap(), file, other, direct }
}

async fn remove(hub: &Hub, place: &Place) {
    act(hub, place.ana, json!({"remove_circle": {"circle": place.circle}})).await;
}

fn all(collection: &'static str) -> Range {
    Range { collection, prefix: String::new(), after: None, before: None, descending: false }
}

/// What names the circle or anything of it, by collection.
async fn left(store: &impl Store, place: &Place) -> BTreeMap<&'static str, usize> {
    let mut ids = vec![place.circle.to_string()];
    ids.extend(place.streams.iter().map(ToString::to_string));
    ids.extend(place.topics.iter().map(ToString::to_string));
    left_of(store, &ids).await
}

/// What names one of these, by collection. What operations did is kept for a while.
async fn left_of(store: &impl Store, ids: &[String]) -> BTreeMap<&'static str, usize> {
    let mut left = BTreeMap::new();
    for collection in COLLECTIONS.iter().filter(|collection| **collection != "done") {
        let rows = store.scan(all(collection), 10_000).await.unwrap();
        let names = |text: &str| ids.iter().any(|id| text.contains(id));
        let count = rows.iter().filter(|row| names(&row.key) || names(&row.body)).count();
        if count > 0 {
            left.insert(*collection, count);
        }
    }
    left
}

/// Of each feed there is one event: that it was removed.
async fn ends(store: &impl Store, place: &Place) {
    let mut feeds = vec![FeedId::Circle(place.circle), FeedId::Audit(place.circle)];
    feeds.extend(place.streams.iter().map(|id| FeedId::Stream(*id)));
    feeds.extend(place.topics.iter().map(|id| FeedId::Topic(*id)));
    end_of(store, &feeds).await;
}

async fn end_of(store: &impl Store, feeds: &[FeedId]) {
    for feed in feeds {
        let feed = *feed;
        let events = store.events(feed, Seq(0), 10).await.unwrap();
        assert_eq!(events.len(), 1, "{feed}");
        assert!(events[0].body.contains("_removed"), "{}", events[0].body);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_removed_circle_is_left() {
    let store = MemoryStore::new();
    // All of it is verified after each step.
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let place = furnish(&hub).await;
    assert!(left(&store, &place).await.len() > 20);
    remove(&hub, &place).await;
    forget_all(&hub).await;
    assert_eq!(left(&store, &place).await, BTreeMap::new());
    ends(&store, &place).await;
    is_right(&store).await;
    // What nothing else refers to goes; what another message refers to stays.
    assert_eq!(hub.expire_files().await.unwrap().files, [place.file]);
    assert_eq!(hub.stored_files().await.unwrap().0, 1);
    // What is beside it is as it was.
    let mut circles = Vec::new();
    for (circle, _) in hub.circles(place.bob).await.unwrap() {
        circles.push(circle.id);
    }
    assert_eq!(circles, [place.other]);
    say(&hub, place.bob, place.direct, "still here").await.unwrap();
    let preferences = hub.preferences(place.bob).await.unwrap();
    let preferences: BTreeMap<&str, &Value> =
        preferences.iter().map(|(key, value)| (key.as_str(), value)).collect();
    let direct = format!("notify:{}", place.direct);
    assert_eq!(
        preferences,
        BTreeMap::from([
            ("favourites", &json!([place.direct])),
            ("circles", &json!([place.other])),
            ("language", &json!("en")),
            (direct.as_str(), &json!({"muted": true})),
        ])
    );
    assert_eq!(repair(&store).await.unwrap().repaired, 0);
}

#[tokio::test(start_paused = true)]
async fn from_then_on_nobody_gets_at_any_of_it() {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    let Place { ana, bob, circle, .. } = place;
    let reader = connect(&hub, "bob").await;
    let feeds = [
        FeedId::Circle(circle),
        FeedId::Stream(place.streams[0]),
        FeedId::Topic(place.topics[0]),
        FeedId::Stream(place.direct),
    ];
    for feed in feeds {
        follow(&hub, &reader, feed, None).await.unwrap();
    }
    follow(&hub, &reader, FeedId::User(bob), None).await.unwrap();
    seen(&reader).await;
    remove(&hub, &place).await;
    // Before anything is forgotten.
    let refused = [
        hub.circle(ana, circle).await.map(drop),
        hub.members(bob, circle, None, 10).await.map(drop),
        hub.invite_target(bob, &place.code).await.map(drop),
        hub.invited(&place.code).await.map(drop),
        hub.messages(bob, place.streams[0], Page { limit: 1, ..Page::default() }).await.map(drop),
        hub.message(bob, place.streams[0], Seq(2)).await.map(drop),
        hub.attached(bob, (place.streams[0], Seq(2)), place.file).await.map(drop),
        hub.topic(bob, place.topics[0]).await.map(drop),
        hub.unread(bob, place.streams[0]).await.map(drop),
        hub.icon(ana, circle).await.map(drop),
        say(&hub, ana, place.streams[0], "hello?").await.map(drop),
    ];
    let codes: Vec<String> =
        refused.into_iter().map(|it| it.unwrap_err().code().to_owned()).collect();
    assert_eq!(codes.iter().filter(|code| code.ends_with(".not_found")).count(), codes.len());
    for again in [
        json!({"remove_circle": {"circle": circle}}),
        json!({"join": {"circle": circle}}),
        json!({"accept_invite": {"code": place.code}}),
    ] {
        let again: Command = serde_json::from_value(again).unwrap();
        assert!(hub.execute(ana, None, &again).await.unwrap_err().code().ends_with(".not_found"));
    }
    assert!(hub.streams(bob, circle).await.unwrap().is_empty());
    let (inbox, _) = hub.inbox(bob, None, false, 10).await.unwrap();
    assert!(inbox.iter().all(|entry| !place.streams.contains(&entry.stream)));
    let (public, _) = hub.public_circles(bob, None, 10).await.unwrap();
    assert_eq!(public.len(), 1);
    // Whoever followed it is told that it is gone, and then that it is none of theirs any more.
    let mut told = Vec::new();
    while let Ok(Some(batch)) =
        tokio::time::timeout(std::time::Duration::from_secs(1), reader.next(usize::MAX)).await
    {
        for item in &batch.items {
            told.push(match item {
                Item::Closed(closed) => format!("{} {}", closed.feed, closed.removed),
                Item::Event(event) => event.json.to_string(),
                other => format!("{other:?}"),
            });
        }
    }
    let closed: Vec<&String> = told.iter().filter(|one| one.ends_with(" true")).collect();
    assert_eq!(closed.len(), 3, "{told:#?}");
    let left = |one: &&String| one.contains("circle_left") && one.contains("circle_removed");
    assert_eq!(told.iter().filter(left).count(), 1, "{told:#?}");
    assert!(
        !told.iter().any(|one| one.contains(&place.direct.to_string()) && one.contains("false"))
    );
}

#[tokio::test(start_paused = true)]
async fn messages_are_forgotten_step_by_step_while_others_go_on() {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    for number in 0..1500 {
        say(&hub, place.bob, place.streams[0], &format!("message {number}")).await.unwrap();
    }
    remove(&hub, &place).await;
    for number in 0..100 {
        say(&hub, place.bob, place.direct, &format!("meanwhile {number}")).await.unwrap();
    }
    hub.close().await;
    // The server ends in the middle of it, and goes on when it starts again.
    is_right(&store).await;
    let hub = world::hub(store.clone(), Limits::default()).await;
    hub.tidy();
    while store.count(all("gone_circle")).await.unwrap() > 0 {
        tokio::time::advance(std::time::Duration::from_millis(10)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(left(&store, &place).await, BTreeMap::new());
    ends(&store, &place).await;
    is_right(&store).await;
}

/// The world of a crash test: a circle that was just removed, of which nothing was forgotten.
async fn removed(store: &FaultStore) -> Place {
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    remove(&hub, &place).await;
    hub.close().await;
    place
}

/// Whether nothing is left of a circle, once all is forgotten.
async fn is_forgotten(after: &FaultStore, place: &Place, at: u64) {
    forget_all(&open(after).await.unwrap()).await;
    assert_eq!(left(after, place).await, BTreeMap::new(), "operation {at}");
    ends(after, place).await;
    is_right(after).await;
}

/// Forgets for a while.
async fn expire(hub: Hub) {
    let _ = hub.expire().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_moment_of_forgetting_leaves_all_in_order() {
    let made = FaultStore::new(Vec::new());
    let place = removed(&made).await;
    let mut at = 0;
    loop {
        at += 1;
        let (after, (), came) = cut(&made, at, Fault::Crash { at }, expire).await;
        is_forgotten(&after, &place, at).await;
        if !came {
            break;
        }
    }
    assert!(at > 20, "only {at} operations");
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_it_is_removed_leaves_all_of_it_or_nothing() {
    let made = FaultStore::new(Vec::new());
    let first = hub(made.clone(), Limits::default()).await;
    let place = furnish(&first).await;
    first.close().await;
    let command = Command::RemoveCircle { circle: place.circle };
    let (mut at, mut outcomes) = (0, [0, 0]);
    loop {
        at += 1;
        let work = async |hub: Hub| hub.execute(place.ana, None, &command).await.is_ok();
        let (after, acknowledged, came) = cut(&made, at, Fault::Crash { at }, work).await;
        let hub = open(&after).await.unwrap();
        let is_there = hub.circle(place.bob, place.circle).await.is_ok();
        let page = Page { limit: 10, ..Page::default() };
        let readable = hub.messages(place.bob, place.streams[0], page).await.is_ok();
        assert_eq!(is_there, readable, "operation {at}");
        assert!(!(acknowledged && is_there), "operation {at}");
        outcomes[usize::from(is_there)] += 1;
        if !came {
            break;
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_meanwhile_does_not_matter_either() {
    let made = FaultStore::new(Vec::new());
    let place = removed(&made).await;
    for at in 1..40 {
        let full = Fault::Fail { at, error: StoreError::Full };
        let (after, (), _) = cut(&made, at, full, expire).await;
        is_forgotten(&after, &place, at).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_where_nothing_is_to_be_left_is_found() {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let place = furnish(&hub).await;
    let before = store.scan(all("read"), 10_000).await.unwrap();
    let member = store.scan(all("member"), 10_000).await.unwrap();
    let put = async |collection: &'static str, key: String, body: &str| {
        let key = DocKey { collection, key };
        let writes = vec![DocWrite { key, body: Some(body.into()) }];
        store.commit(vec![Batch { writes, ..Batch::default() }]).await.remove(0).unwrap();
    };
    let told = async || verify(&store).await.unwrap().problems.len();
    // A circle that is there is noted as removed.
    put("gone_circle", place.other.to_string(), r#"{"v":1,"at":7}"#).await;
    assert_eq!(told().await, 1);
    store.prune("gone_circle", "d".to_owned(), 10).await.unwrap();
    remove(&hub, &place).await;
    forget_all(&hub).await;
    is_right(&store).await;
    for (collection, rows) in [("read", before), ("member", member)] {
        let names = |key: &str| {
            let streams = place.streams.iter().any(|id| key.contains(&id.to_string()));
            streams || key.contains(&place.circle.to_string())
        };
        let row = rows.into_iter().find(|row| names(&row.key)).unwrap();
        put(collection, row.key, &row.body).await;
        assert!(told().await > 0, "{collection}");
        assert_eq!(repair(&store).await.unwrap().repaired, 1, "{collection}");
        is_right(&store).await;
    }
}

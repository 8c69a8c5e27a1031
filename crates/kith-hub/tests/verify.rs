//! Whatever is done to a document that follows from events is found, and made right again.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use kith_core::command::Command;
use kith_core::decide::file::{FileLimits, Found, NewFile};
use kith_core::document::COLLECTIONS;
use kith_core::file::BlobHash;
use kith_core::id::{CircleId, FileId, StreamId, UserId};
use kith_core::text::{FileName, MediaType};
use kith_hub::verify::{repair, verify};
use kith_hub::{Hub, Limits};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, DocWrite, Document, Range, Store};
use serde_json::{Value, json};
use world::{circle, hub, user};

async fn act(hub: &Hub, who: UserId, command: Value) {
    let command: Command = serde_json::from_value(command).unwrap();
    hub.execute(who, None, &command).await.unwrap();
}

/// A site in which every kind of document is that follows from events.
async fn lived_in() -> (MemoryStore, UserId, StreamId) {
    let store = MemoryStore::new();
    let hub = hub(store.clone(), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (tea, stream): (CircleId, StreamId) = circle(&hub, ana).await;
    act(&hub, bob, json!({"join": {"circle": tea}})).await;
    let role = json!({"circle": tea, "name": "cooks", "allow": ["read"], "rank": 1});
    act(&hub, ana, json!({"create_role": role})).await;
    act(&hub, ana, json!({"create_invite": {"circle": tea}})).await;
    act(&hub, ana, json!({"post": {"stream": stream, "text": "@bob @everyone @cooks tea?"}})).await;
    act(&hub, bob, json!({"post": {"stream": stream, "text": "yes", "thread": 2}})).await;
    act(&hub, bob, json!({"post": {"stream": stream, "text": "no"}})).await;
    act(&hub, bob, json!({"edit": {"stream": stream, "message": 4, "text": "@ana maybe"}})).await;
    act(&hub, ana, json!({"react": {"stream": stream, "message": 4, "emoji": "👍"}})).await;
    act(&hub, ana, json!({"read": {"stream": stream, "seq": 2}})).await;
    act(&hub, bob, json!({"open_direct": {"user": ana}})).await;
    act(&hub, bob, json!({"set_preference": {"key": "page:size", "value": 10}})).await;
    act(&hub, bob, json!({"block": {"user": ana}})).await;
    let cyd = user(&hub, "cyd").await;
    act(&hub, cyd, json!({"join": {"circle": tea}})).await;
    act(&hub, cyd, json!({"leave": {"circle": tea}})).await;
    act(&hub, cyd, json!({"create_group": {"users": [bob]}})).await;
    let group = hub.conversations(cyd).await.unwrap()[0].id;
    act(&hub, bob, json!({"leave_group": {"stream": group}})).await;
    let topic = json!({"circle": tea, "name": "board/todo", "holds": "list"});
    act(&hub, ana, json!({"create_topic": topic})).await;
    let name = kith_core::text::TopicName::parse("board/todo").unwrap();
    let todo = hub.topic_named(ana, tea, &name).await.unwrap().id;
    // More than what is told from the beginning.
    for number in 0..60 {
        let set = json!({"set": {"value": ["x".repeat(300), number]}});
        let changes = json!([{"topic": todo, "change": set}]);
        act(&hub, ana, json!({"change": {"changes": changes}})).await;
    }
    let mut files = Vec::new();
    for name in ["posted", "waiting", "coming"] {
        files.push(file(&hub, ana, name, name != "coming").await);
    }
    act(&hub, ana, json!({"post": {"stream": stream, "files": [files[0]]}})).await;
    hub.close().await;
    (store, ana, stream)
}

/// A file whose content is nowhere, or an upload of one.
async fn file(hub: &Hub, owner: UserId, name: &str, is_whole: bool) -> FileId {
    let new = NewFile { name: FileName::parse(name).unwrap(), bytes: 3, hash: None };
    let limits = FileLimits { bytes_max: 9, user_bytes_max: 99, user_per_day_max: 9 };
    let id = hub.begin_file(owner, None, &new, &limits).await.unwrap().file.unwrap();
    let (hash, media) = (BlobHash::of(name.as_bytes()), MediaType::parse("text/plain").unwrap());
    let found = Found { hash, media, size: None, color: None, thumbnail: None, square: None };
    if is_whole {
        hub.finish_file(owner, id, &found).await.unwrap();
    }
    id
}

async fn all(store: &MemoryStore, collection: &'static str) -> Vec<Document> {
    let prefix = String::new();
    let range = Range { collection, prefix, after: None, before: None, descending: false };
    store.scan(range, usize::MAX).await.unwrap()
}

async fn dump(store: &MemoryStore) -> String {
    let mut text = String::new();
    for collection in COLLECTIONS {
        text.push_str(&format!("{collection} {:?}\n", all(store, collection).await));
    }
    text
}

async fn write(store: &MemoryStore, collection: &'static str, key: &str, body: Option<Arc<str>>) {
    let key = DocKey { collection, key: key.to_owned() };
    let batch = Batch { writes: vec![DocWrite { key, body }], ..Batch::default() };
    store.commit(vec![batch]).await.remove(0).unwrap();
}

/// The same with another last digit.
fn altered(body: &str) -> Arc<str> {
    let at = body.rfind(|c: char| c.is_ascii_digit()).unwrap();
    let digit = if &body[at..=at] == "1" { "0" } else { "1" };
    format!("{}{digit}{}", &body[..at], &body[at + 1..]).into()
}

#[tokio::test]
async fn every_damage_to_what_follows_from_events_is_found_and_made_right() {
    let (store, ..) = lived_in().await;
    let whole = verify(&store).await.unwrap();
    assert_eq!(whole.problems, []);
    assert!(whole.feeds >= 5 && whole.events > 15);
    let before = dump(&store).await;
    let secret = ["account", "session", "user_session", "ban", "invite", "circle_invite"];
    let gone = ["gone", "gone_circle", "gone_stream"];
    let kept = ["done", "last_post", "past", "secret", "site", "step"];
    let kept = [&kept[..], &gone, &FILES].concat();
    let mut damaged = BTreeSet::new();
    for collection in COLLECTIONS.iter().filter(|name| !secret.contains(name)) {
        for row in all(&store, collection).await.into_iter().filter(|_| !kept.contains(collection))
        {
            damaged.insert(*collection);
            for damage in [None, Some(Arc::from("{\"v\":1}")), Some(altered(&row.body))] {
                if *collection == "kept" && damage.is_none() {
                    // What is not kept is told from the beginning.
                    continue;
                }
                write(&store, collection, &row.key, damage.clone()).await;
                if dump(&store).await == before {
                    continue;
                }
                let place = format!("{collection} {} {damage:?}", row.key);
                let found = verify(&store).await.unwrap();
                assert!(!found.problems.is_empty(), "{place}");
                assert_eq!(found.repaired, 0, "{place}");
                assert!(repair(&store).await.unwrap().repaired > 0, "{place}");
                assert_eq!(verify(&store).await.unwrap().problems, [], "{place}");
                if *collection == "kept" {
                    // One that cannot be read is let go.
                    write(&store, collection, &row.key, Some(Arc::clone(&row.body))).await;
                }
                assert_eq!(dump(&store).await, before, "{place}");
            }
            // One that nothing accounts for.
            let odd = format!("{}0", row.key);
            write(&store, collection, &odd, Some(row.body)).await;
            assert!(!verify(&store).await.unwrap().problems.is_empty(), "{collection} {odd}");
            repair(&store).await.unwrap();
            assert_eq!(dump(&store).await, before, "{collection} {odd}");
        }
    }
    assert_eq!(damaged.len(), COLLECTIONS.len() - secret.len() - kept.len(), "{damaged:?}");
}

/// What is known of files, which follows from no event.
const FILES: [&str; 5] = ["file", "upload", "file_end", "blob", "file_quota"];

#[tokio::test]
async fn what_follows_from_files_is_counted_again() {
    let (store, ..) = lived_in().await;
    assert_eq!(all(&store, "file_end").await.len(), 2, "one waits, one is coming");
    for collection in ["file_end", "blob", "file_quota"] {
        for row in all(&store, collection).await {
            write(&store, collection, &row.key, None).await;
            assert!(!verify(&store).await.unwrap().problems.is_empty(), "{collection}");
            assert_eq!(repair(&store).await.unwrap().repaired, 1, "{collection}");
            assert_eq!(verify(&store).await.unwrap().problems, [], "{collection}");
        }
    }
    for row in all(&store, "file").await {
        let wrong = row.body.replace("\"uses\":1", "\"uses\":7");
        write(&store, "file", &row.key, Some(wrong.into())).await;
    }
    assert_eq!(verify(&store).await.unwrap().problems.len(), 1, "one is referred to");
    assert_eq!(repair(&store).await.unwrap().repaired, 1);
    assert_eq!(verify(&store).await.unwrap().problems, []);
}

#[tokio::test]
async fn what_points_to_nothing_is_told() {
    for (collection, key, gone) in [
        ("session", None, "user_session"),
        ("user_session", None, "session"),
        ("invite", None, "circle_invite"),
        ("circle_invite", None, "invite"),
        ("account", Some("u_01h455vb4pex5vsknk084sn02q"), ""),
        ("ban", Some("c_01h455vb4pex5vsknk084sn02q/u_01h455vb4pex5vsknk084sn02q"), ""),
        ("done", Some("u_01h455vb4pex5vsknk084sn02q/x"), ""),
        ("step", Some("c_01h455vb4pex5vsknk084sn02q/u_01h455vb4pex5vsknk084sn02q/00"), ""),
        ("kept", Some("t_01h455vb4pex5vsknk084sn02q/0000000000000001"), ""),
        ("gone", Some("t_01h455vb4pex5vsknk084sn02q"), ""),
        ("past", Some("t_01h455vb4pex5vsknk084sn02q"), ""),
        ("last_post", Some("s_01h455vb4pex5vsknk084sn02q/u_01h455vb4pex5vsknk084sn02q"), ""),
    ] {
        let (store, ..) = lived_in().await;
        if let Some(key) = key {
            write(&store, collection, key, Some("{\"v\":1,\"at\":1}".into())).await;
        } else {
            let row = all(&store, collection).await.remove(0);
            write(&store, collection, &row.key, None).await;
        }
        let found = verify(&store).await.unwrap().problems;
        assert!(!found.is_empty(), "{collection} without {gone}");
    }
}

/// Counts are counted from lists: where those are damaged, badges are wrong until they are repaired.
#[tokio::test]
async fn a_wrong_unread_count_is_made_right() {
    let (store, ana, stream) = lived_in().await;
    let unread = || async {
        let hub = hub(store.clone(), Limits::default()).await;
        let (own, threads) = hub.unread(ana, stream).await.unwrap();
        (own.unread, own.mentions, threads[0].unread)
    };
    let right = unread().await;
    assert_eq!(right, (1, 1, 1));
    for row in all(&store, "timeline").await {
        write(&store, "timeline", &row.key, None).await;
    }
    for row in all(&store, "mention_user").await {
        write(&store, "mention_user", &row.key, None).await;
    }
    assert_ne!(unread().await, right);
    repair(&store).await.unwrap();
    assert_eq!(unread().await, right);
}

//! Texts: merged beside the writer, told to who misses some, spliced by who speaks no Yjs.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;

use kith_core::command::Command;
use kith_core::document::{Doc, Key, Rules};
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::text::Update;
use kith_core::topic::{Asked, Kind, State};
use kith_hub::verify::{Watched, verify};
use kith_hub::{Hub, HubError, Limits};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, DocWrite, Range, Store};
use serde_json::json;

use crate::world::{change, circle, connect, follow, hub, op, user};

async fn text(hub: &Hub, me: UserId, circle: CircleId, rules: Rules) -> TopicId {
    let name = TopicName::parse("notes").unwrap();
    let (holds, value, deny) = (Kind::Text, None, Default::default());
    let make = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
    hub.execute(me, None, &make).await.unwrap().topic.unwrap()
}

/// What `client` writes as its `clock`-th letter, behind its others.
fn letter(client: u8, clock: u32) -> Update {
    let mut bytes = vec![1, 1, client];
    number(&mut bytes, clock);
    match clock {
        0 => bytes.extend([4, 1, 4, b't', b'e', b'x', b't', 1, b'a', 0]),
        _ => {
            bytes.extend([132, client]);
            number(&mut bytes, clock - 1);
            bytes.extend([1, b'a', 0]);
        }
    }
    Update::new(&bytes)
}

fn number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

async fn write(
    hub: &Hub,
    me: UserId,
    topic: TopicId,
    updates: Vec<Update>,
) -> Result<(), HubError> {
    change(hub, me, topic, vec![json!({"update": {"updates": updates}})]).await
}

async fn state(hub: &Hub, me: UserId, topic: TopicId) -> Arc<State> {
    hub.topic_value(me, topic).await.unwrap().2
}

async fn plain(hub: &Hub, me: UserId, topic: TopicId) -> String {
    let state = state(hub, me, topic).await;
    hub.text_plain(state).await.unwrap().unwrap()
}

/// A hub over a store that the test looks into.
async fn over(store: &Arc<MemoryStore>) -> Hub {
    let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
    Hub::open(store, Arc::new(kith_hub::testing::Clock::default()), Limits::default())
        .await
        .unwrap()
}

/// Waits until most updates of a text are merged.
async fn merged(hub: &Hub, me: UserId, topic: TopicId) {
    while state(hub, me, topic).await.text().unwrap().updates().len() > 8000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_text_with_many_edits_is_merged_and_stays_the_same() {
    let store = Arc::new(MemoryStore::new());
    let hub = over(&store).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules::default()).await;
    for clock in 0..20 {
        let edits = (clock * 500..(clock + 1) * 500).map(|clock| letter(1, clock)).collect();
        write(&hub, ana, topic, edits).await.unwrap();
    }
    merged(&hub, ana, topic).await;
    assert_eq!(plain(&hub, ana, topic).await, "a".repeat(10_000));
    // What was known stays known: nothing of it is news, and the next edit is.
    let now = state(&hub, ana, topic).await;
    let text = now.text().unwrap();
    assert!(!text.is_news(&letter(1, 9_999).scan().unwrap()));
    assert!(text.is_news(&letter(1, 10_000).scan().unwrap()));
    hub.close().await;
    let found = verify(&*store).await.unwrap();
    assert_eq!(found.problems, []);
    // It was kept, and is read from there.
    let (collection, _) = Key::Kept(topic, Seq(0)).path().unwrap();
    let (prefix, after, before) = (topic.to_string(), None, None);
    let range = Range { collection, prefix, after, before, descending: true };
    let row = store.scan(range, 1).await.unwrap().pop().unwrap();
    let Some(Ok(Doc::Kept(kept))) = Doc::parse_in(collection, &row.body) else { panic!() };
    assert_eq!(kept.value["updates"].as_array().unwrap().len(), 1);
    let again = over(&store).await;
    assert_eq!(plain(&again, ana, topic).await, "a".repeat(10_000));
    again.close().await;
    // A kept document that is not what happened is found.
    let mut other = (*kept).clone();
    other.value = json!({"updates": [letter(1, 0)]});
    let body = Some(Doc::Kept(Arc::new(other)).to_json().into());
    let writes = vec![DocWrite { key: DocKey { collection, key: row.key }, body }];
    store.commit(vec![Batch { writes, ..Batch::default() }]).await.pop().unwrap().unwrap();
    let found = verify(&*store).await.unwrap();
    assert_eq!(found.problems.len(), 1, "{found:?}");
    assert!(found.problems[0].what.contains("kept value"), "{found:?}");
}

/// Whoever pastes a book writes one large update, and all of a large text is kept as one document.
#[tokio::test]
async fn large_updates_and_large_texts_are_stored() {
    let store = Arc::new(MemoryStore::new());
    let hub = over(&store).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules::default()).await;
    let length = 400_000;
    for client in [1, 2] {
        let mut bytes = vec![1, 1, client, 0, 4, 1, 4, b't', b'e', b'x', b't'];
        number(&mut bytes, length);
        bytes.extend("b".repeat(length as usize).bytes().chain([0]));
        write(&hub, ana, topic, vec![Update::new(&bytes)]).await.unwrap();
    }
    for clock in 0..20 {
        let edits = (clock * 500..(clock + 1) * 500).map(|clock| letter(3, clock)).collect();
        write(&hub, ana, topic, edits).await.unwrap();
    }
    merged(&hub, ana, topic).await;
    assert_eq!(plain(&hub, ana, topic).await.len(), 2 * length as usize + 10_000);
    hub.close().await;
    let again = over(&store).await;
    assert_eq!(plain(&again, ana, topic).await.len(), 2 * length as usize + 10_000);
    assert_eq!(verify(&*store).await.unwrap().problems, []);
}

#[tokio::test]
async fn who_misses_some_is_told_the_rest() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules::default()).await;
    let now = state(&hub, ana, topic).await;
    assert_eq!(hub.text_missing(now, Vec::new()).await.unwrap(), []);
    write(&hub, ana, topic, (0..5).map(|clock| letter(1, clock)).collect()).await.unwrap();
    let now = state(&hub, ana, topic).await;
    let missing = hub.text_missing(Arc::clone(&now), vec![(1, 3)]).await.unwrap();
    let there = missing[0].scan().unwrap().there;
    assert_eq!((missing.len(), there[0].start, there[0].end), (1, 3, 5));
    let all = hub.text_missing(Arc::clone(&now), Vec::new()).await.unwrap();
    assert_eq!(all[0].scan().unwrap().there[0].end, 5);
    let none = hub.text_missing(now, vec![(1, 5), (77, 1)]).await.unwrap();
    assert!(none[0].scan().unwrap().is_empty());
}

#[tokio::test]
async fn a_splice_becomes_an_update_once_however_often_it_is_said() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules::default()).await;
    let splice = |at: u32, insert: &str| json!({"splice": {"at": at, "insert": insert}});
    change(&hub, ana, topic, vec![splice(0, "tea"), splice(3, "s"), splice(0, "two ")])
        .await
        .unwrap();
    assert_eq!(plain(&hub, ana, topic).await, "two teas");
    let asked = Asked { topic, change: serde_json::from_value(splice(0, "my ")).unwrap() };
    let command = Command::Change { changes: vec![asked], when: Vec::new(), group: None };
    let first = hub.execute(ana, Some(op("a-1")), &command).await.unwrap();
    assert_eq!(hub.execute(ana, Some(op("a-1")), &command).await.unwrap(), first);
    assert_eq!(plain(&hub, ana, topic).await, "my two teas");
    // All of them are of one client of the document, and are pieces of it that follow each other.
    let clocks: Vec<(u64, u32)> =
        state(&hub, ana, topic).await.text().unwrap().known().clocks().collect();
    assert_eq!((clocks.len(), clocks[0].1), (1, 11));
    // Nothing of a transaction happens when a part of it cannot be.
    let refused = change(&hub, ana, topic, vec![splice(0, "x"), splice(99, "y")]).await;
    assert_eq!(refused.unwrap_err().code(), "topic.out_of_range");
    assert_eq!(plain(&hub, ana, topic).await, "my two teas");
}

/// An update by which so many letters of a client are there, from one on.
fn there(client: u64, from: u32, count: u32) -> Update {
    let mut bytes = vec![1, 1];
    number(&mut bytes, u32::try_from(client).unwrap());
    number(&mut bytes, from);
    bytes.extend([4, 1, 4, b't', b'e', b'x', b't']);
    number(&mut bytes, count);
    bytes.extend("z".repeat(count as usize).bytes().chain([0]));
    Update::new(&bytes)
}

/// An update by which they are gone.
fn gone(client: u64, from: u32, count: u32) -> Update {
    let mut bytes = vec![0, 1];
    number(&mut bytes, u32::try_from(client).unwrap());
    bytes.push(1);
    number(&mut bytes, from);
    number(&mut bytes, count);
    Update::new(&bytes)
}

#[tokio::test]
async fn nobody_edits_as_the_server_does() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules::default()).await;
    let splice = |at: u32, insert: &str| json!({"splice": {"at": at, "insert": insert}});
    change(&hub, ana, topic, vec![splice(0, "tea")]).await.unwrap();
    let now = state(&hub, ana, topic).await;
    let clocks = |state: &State| state.text().unwrap().known().clocks().collect::<Vec<_>>();
    let (server, _) = clocks(&now)[0];
    // What it would write next, what it may write later, and what is not there yet to be taken out.
    for forged in [there(server, 3, 1), there(server, 9, 2), gone(server, 2, 2)] {
        let refused = write(&hub, ana, topic, vec![forged.clone()]).await.unwrap_err();
        assert_eq!(refused.code(), "topic.bad_update", "{refused}");
        let refused = write(&hub, bob, topic, vec![forged.clone()]).await.unwrap_err();
        assert_eq!(refused.code(), "topic.not_found", "who may not read is told nothing");
        let both = vec![splice(0, "x"), json!({"update": {"updates": [letter(1, 0), forged]}})];
        assert_eq!(change(&hub, ana, topic, both).await.unwrap_err().code(), "topic.bad_update");
    }
    assert_eq!(clocks(&*state(&hub, ana, topic).await), [(server, 3)]);
    // What it wrote is told it again by whoever comes back, and may be taken out.
    let again = now.text().unwrap().updates().to_vec();
    write(&hub, ana, topic, again).await.unwrap();
    write(&hub, ana, topic, vec![gone(server, 1, 1), letter(1, 0)]).await.unwrap();
    change(&hub, ana, topic, vec![splice(0, "my ")]).await.unwrap();
    let plain = plain(&hub, ana, topic).await;
    assert!(plain.contains("my ") && plain.contains("ta") && plain.len() == 6, "{plain}");
}

/// Of what no store has, an editor may know edits of the server that the server knows no more.
#[tokio::test]
async fn in_another_life_the_server_edits_as_another_client() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules { ephemeral: true, ..Rules::default() }).await;
    let feed = FeedId::Topic(topic);
    let insert = |insert: &str| vec![json!({"splice": {"at": 0, "insert": insert}})];
    let reader = connect(&hub, "ana").await;
    follow(&hub, &reader, feed, None).await.unwrap();
    change(&hub, ana, topic, insert("old")).await.unwrap();
    let old = state(&hub, ana, topic).await.text().unwrap().updates().to_vec();
    hub.unsubscribe(&reader, feed);
    assert_eq!(plain(&hub, ana, topic).await, "", "its life ends with its last reader");
    follow(&hub, &reader, feed, None).await.unwrap();
    for letter in ["w", "e", "n"] {
        change(&hub, ana, topic, insert(letter)).await.unwrap();
    }
    assert_eq!(state(&hub, ana, topic).await.text().unwrap().known().clocks().len(), 1);
    write(&hub, ana, topic, old).await.unwrap();
    let all = plain(&hub, ana, topic).await;
    assert!(all == "newold" || all == "oldnew", "{all}");
    // What happened before is not known, so nothing can be counted on it.
    let (seq, ..) = hub.topic_value(ana, topic).await.unwrap();
    for (after, right) in [(seq.0 - 1, Err("topic.stale")), (seq.0, Ok(()))] {
        let late = vec![json!({"splice": {"at": 0, "insert": "a", "after": after}})];
        assert_eq!(change(&hub, ana, topic, late).await.map_err(|error| error.code()), right);
    }
}

#[tokio::test]
async fn splices_at_the_same_time_all_come_in() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = text(&hub, ana, circle, Rules::default()).await;
    let splices = (0..20).map(|_| {
        let hub = hub.clone();
        tokio::spawn(async move {
            change(&hub, ana, topic, vec![json!({"splice": {"at": 0, "insert": "ab"}})]).await
        })
    });
    for splice in splices.collect::<Vec<_>>() {
        splice.await.unwrap().unwrap();
    }
    assert_eq!(plain(&hub, ana, topic).await, "ab".repeat(20));
}

#[tokio::test]
async fn what_may_not_be_is_refused() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    let rules = Rules { bytes_max: Some(40), ..Rules::default() };
    let topic = text(&hub, ana, circle, rules).await;
    let code = |result: Result<(), HubError>| result.unwrap_err().code();
    let splice = |at: u32| vec![json!({"splice": {"at": at, "insert": "x"}})];
    assert_eq!(code(change(&hub, bob, topic, splice(0)).await), "topic.not_found");
    let edits = (0..9).map(|clock| letter(1, clock)).collect();
    assert_eq!(code(write(&hub, ana, topic, edits).await), "topic.too_large");
    let (name, deny) = (TopicName::parse("large").unwrap(), Default::default());
    let rules = Rules { bytes_max: Some(17 * 1024 * 1024), ..Rules::default() };
    let make = Command::CreateTopic {
        circle,
        name,
        holds: Kind::Text,
        value: None,
        rules,
        deny,
        replace: false,
    };
    assert_eq!(hub.execute(ana, None, &make).await.unwrap_err().code(), "limit.too_many");
}

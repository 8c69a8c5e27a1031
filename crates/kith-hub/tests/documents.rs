//! JSON with Yjs documents: made, changed by who speaks no Yjs, merged, told and checked.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use std::sync::Arc;

use kith_core::command::Command;
use kith_core::document::{Doc, Key, Rules};
use kith_core::id::{CircleId, Seq, TopicId, UserId};
use kith_core::text::TopicName;
use kith_core::topic::text::Update;
use kith_core::topic::{Condition, Kind};
use kith_hub::verify::{Watched, verify};
use kith_hub::{Hub, HubError, Limits};
use kith_store::memory::MemoryStore;
use kith_store::{Batch, DocKey, DocWrite, Range, Store};
use serde_json::{Value, json};

use crate::world::{asked, change, circle, hub, op, user};

fn made(circle: CircleId, name: &str, holds: Kind, rules: Value, value: Option<Value>) -> Command {
    let rules: Rules = serde_json::from_value(rules).unwrap();
    let (name, deny) = (TopicName::parse(name).unwrap(), Default::default());
    Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false }
}

async fn make(hub: &Hub, me: UserId, circle: CircleId, value: Value) -> TopicId {
    let make = made(circle, "board", Kind::Json, json!({"yjs": true}), Some(value));
    hub.execute(me, None, &make).await.unwrap().topic.unwrap()
}

/// The value as it is told to who speaks no Yjs.
async fn plain(hub: &Hub, me: UserId, topic: TopicId) -> Value {
    let (_, _, state) = hub.topic_value(me, topic).await.unwrap();
    hub.json_plain(state).await.unwrap().unwrap()
}

fn put(path: &Value, value: &Value) -> Value {
    json!({"put": {"path": path, "value": value}})
}

#[tokio::test]
async fn a_document_is_changed_and_told_as_json() {
    let store = Arc::new(MemoryStore::new());
    let hub = over(&store).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, json!({"list": [1, {"a": null}], "by": "ana"})).await;
    assert_eq!(plain(&hub, ana, topic).await, json!({"list": [1, {"a": null}], "by": "ana"}));
    let several = vec![
        put(&json!(["list", 1, "a"]), &json!(["deep"])),
        json!({"insert": {"value": 0, "to": {"path": ["list", 0]}}}),
        json!({"rename": {"path": ["by"], "key": "from"}}),
        json!({"remove": {"path": ["list", 1]}}),
    ];
    let command = asked(topic, several);
    let first = hub.execute(ana, Some(op("a-1")), &command).await.unwrap();
    assert_eq!(hub.execute(ana, Some(op("a-1")), &command).await.unwrap(), first);
    let value = json!({"list": [0, {"a": ["deep"]}], "from": "ana"});
    assert_eq!(plain(&hub, ana, topic).await, value);
    // What happened are updates, as of editors, and none of it is a step.
    let (events, _) = hub.history(ana, topic, None, 10).await.unwrap();
    let events = serde_json::to_value(&events).unwrap();
    assert!(events[0]["body"]["fact"]["update"]["updates"].is_array(), "{events}");
    let undo = Command::Undo { circle, skip: false };
    assert_eq!(hub.execute(ana, None, &undo).await.unwrap_err().code(), "undo.nothing");
    let (_, _, then) = hub.topic_value_at(ana, topic, Seq(2)).await.unwrap();
    let then = hub.json_plain(then).await.unwrap().unwrap();
    assert_eq!(then, json!({"list": [1, {"a": ["deep"]}], "by": "ana"}));
    // Nothing of a transaction happens when a part of it cannot be.
    for (changes, code, at) in [
        (
            vec![put(&json!(["x"]), &json!(1)), put(&json!(["y", "z"]), &json!(1))],
            "topic.path_not_found",
            Some(1),
        ),
        (
            vec![put(&json!(["x"]), &json!(1)), json!({"add": {"by": 1}})],
            "topic.wrong_change",
            Some(1),
        ),
        (vec![json!({"set": {"value": []}})], "topic.wrong_kind", None),
        (vec![json!({"splice": {"at": 0}})], "topic.wrong_change", None),
        (vec![put(&json!([]), &json!("x"))], "topic.wrong_kind", None),
    ] {
        let Err(HubError::Refused(refusal)) = change(&hub, ana, topic, changes).await else {
            panic!("{code}")
        };
        assert_eq!((refusal.code(), refusal.change()), (code, at));
    }
    assert_eq!(plain(&hub, ana, topic).await, value);
    change(&hub, ana, topic, vec![put(&json!([]), &json!({"list": [], "from": 1}))]).await.unwrap();
    hub.close().await;
    let again = over(&store).await;
    assert_eq!(plain(&again, ana, topic).await, json!({"list": [], "from": 1}));
    again.close().await;
    assert_eq!(verify(&*store).await.unwrap().problems, []);
}

#[tokio::test]
async fn conditions_and_rights_hold_for_a_document() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, json!({})).await;
    let mine = vec![put(&json!(["a"]), &json!(1))];
    assert_eq!(change(&hub, bob, topic, mine.clone()).await.unwrap_err().code(), "topic.not_found");
    let Command::Change { changes, .. } = asked(topic, mine) else { unreachable!() };
    let when = |seq| vec![Condition { topic, seq: Some(Seq(seq)), value: None }];
    let command = |seq| Command::Change { changes: changes.clone(), when: when(seq), group: None };
    hub.execute(ana, None, &command(1)).await.unwrap();
    assert_eq!(hub.execute(ana, None, &command(1)).await.unwrap_err().code(), "topic.not_as_asked");
    assert_eq!(plain(&hub, ana, topic).await, json!({"a": 1}));
}

#[tokio::test]
async fn changes_at_the_same_time_all_come_in() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, json!({"list": []})).await;
    let changes = (0..20).map(|number| {
        let hub = hub.clone();
        let insert = json!({"insert": {"value": number, "to": {"path": ["list", 0]}}});
        tokio::spawn(async move { change(&hub, ana, topic, vec![insert]).await })
    });
    for change in changes.collect::<Vec<_>>() {
        change.await.unwrap().unwrap();
    }
    let mut all: Vec<u64> =
        serde_json::from_value(plain(&hub, ana, topic).await["list"].take()).unwrap();
    all.sort_unstable();
    assert_eq!(all, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn whether_there_is_a_document_is_decided_when_a_topic_is_made() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    for (holds, rules, value, code) in [
        (Kind::Int, json!({"yjs": true}), None, "topic.no_document"),
        (Kind::Text, json!({"yjs": true}), None, "topic.no_document"),
        (Kind::Json, json!({"yjs": true, "schema": {}}), None, "topic.bad_schema"),
        (Kind::Json, json!({"yjs": true, "guard": "rules/board"}), None, "topic.bad_guard"),
        (Kind::Json, json!({"yjs": true, "bytes_max": 8_000_000}), None, "limit.too_many"),
        (Kind::Json, json!({"yjs": true}), Some(json!([1])), "topic.wrong_kind"),
        (Kind::Json, json!({"yjs": true}), Some(json!({"updates": [1]})), "topic.wrong_kind"),
        (Kind::Json, json!({"yjs": true}), Some(json!({"updates": ["AQ=="]})), "topic.bad_update"),
        (
            Kind::Json,
            json!({"yjs": true, "bytes_max": 9}),
            Some(json!({"a": "tea"})),
            "topic.too_large",
        ),
    ] {
        let make = made(circle, "no", holds, rules, value);
        assert_eq!(hub.execute(ana, None, &make).await.unwrap_err().code(), code, "{make:?}");
    }
    let topic = make(&hub, ana, circle, json!({"updates": 1, "a": []})).await;
    let told = hub.topic_value(ana, topic).await.unwrap().2.value.to_json();
    // As it was told it comes in again, and with other rights and rules.
    let mut again = made(circle, "again", Kind::Json, json!({"yjs": true}), Some(told.clone()));
    let copy = hub.execute(ana, None, &again).await.unwrap().topic.unwrap();
    assert_eq!(plain(&hub, ana, copy).await, json!({"updates": 1, "a": []}));
    if let Command::CreateTopic { replace, .. } = &mut again {
        *replace = true;
    }
    assert!(hub.execute(ana, None, &again).await.unwrap().events.is_empty());
    for (rules, value, code) in [
        (json!({}), told.clone(), "topic.document_stays"),
        (json!({"yjs": true}), json!({"a": 1}), "topic.wrong_change"),
    ] {
        let mut other = made(circle, "again", Kind::Json, rules, Some(value));
        if let Command::CreateTopic { replace, .. } = &mut other {
            *replace = true;
        }
        assert_eq!(hub.execute(ana, None, &other).await.unwrap_err().code(), code);
    }
    let name = TopicName::parse("board").unwrap();
    let bare = Command::ChangeTopic { topic, name, rules: Rules::default() };
    assert_eq!(hub.execute(ana, None, &bare).await.unwrap_err().code(), "topic.document_stays");
    // An update of an editor that is none of JSON at all is kept, and no part of the value.
    let text = Update::new(&[1, 1, 7, 0, 4, 1, 4, b't', b'e', b'x', b't', 1, b'a', 0]);
    change(&hub, ana, topic, vec![json!({"update": {"updates": [text]}})]).await.unwrap();
    assert_eq!(plain(&hub, ana, topic).await, json!({"updates": 1, "a": []}));
}

/// A hub over a store that the test looks into.
#[tokio::test]
async fn nobody_edits_as_the_server_does() {
    let hub = hub(Watched(MemoryStore::new()), Limits::default()).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, json!({})).await;
    change(&hub, ana, topic, vec![put(&json!(["tea"]), &json!(1))]).await.unwrap();
    let (_, _, state) = hub.topic_value(ana, topic).await.unwrap();
    let written = &state.text().unwrap().updates()[0];
    let [run] = written.scan().unwrap().there[..] else { panic!("{written:?}") };
    let mut forged = written.bytes().to_vec();
    // The same piece as the next one: its number stands behind the client's.
    let place = 2 + (64 - run.client.leading_zeros()).div_ceil(7) as usize;
    assert_eq!(forged[place], 0);
    forged[place] = 1;
    let forged = vec![json!({"update": {"updates": [Update::new(&forged)]}})];
    assert_eq!(change(&hub, ana, topic, forged).await.unwrap_err().code(), "topic.bad_update");
    let told = vec![json!({"update": {"updates": [written]}}), put(&json!(["milk"]), &json!(2))];
    change(&hub, ana, topic, told).await.unwrap();
    assert_eq!(plain(&hub, ana, topic).await, json!({"tea": 1, "milk": 2}));
}

async fn over(store: &Arc<MemoryStore>) -> Hub {
    let store: Arc<dyn Store> = Arc::<MemoryStore>::clone(store);
    Hub::open(store, Arc::new(kith_hub::testing::Clock::default()), Limits::default())
        .await
        .unwrap()
}

#[tokio::test]
async fn a_document_with_many_edits_is_merged_and_checked() {
    let store = Arc::new(MemoryStore::new());
    let hub = over(&store).await;
    let ana = user(&hub, "ana").await;
    let (circle, _) = circle(&hub, ana).await;
    let topic = make(&hub, ana, circle, json!({"page": []})).await;
    let long = "x".repeat(40_000);
    for page in 0..8 {
        let pages =
            vec![put(&json!(["page", page]), &json!([long])), put(&json!(["last"]), &json!(page))];
        change(&hub, ana, topic, pages).await.unwrap();
    }
    // Merging goes on beside it: until most of its updates are one.
    while hub.topic_value(ana, topic).await.unwrap().2.text().unwrap().updates().len() > 12 {
        tokio::task::yield_now().await;
    }
    let value = json!({"page": vec![json!([long]); 8], "last": 7});
    assert_eq!(plain(&hub, ana, topic).await, value);
    hub.close().await;
    assert_eq!(verify(&*store).await.unwrap().problems, []);
    let again = over(&store).await;
    assert_eq!(plain(&again, ana, topic).await, value);
    again.close().await;
    // A kept document that says the same numbers and another value is found.
    let (collection, _) = Key::Kept(topic, Seq(0)).path().unwrap();
    let (prefix, after, before) = (topic.to_string(), None, None);
    let range = Range { collection, prefix, after, before, descending: true };
    let row = store.scan(range, 1).await.unwrap().pop().unwrap();
    let Some(Ok(Doc::Kept(kept))) = Doc::parse_in(collection, &row.body) else { panic!() };
    assert_eq!(kept.holds, Kind::Text);
    let updates: Vec<Update> = serde_json::from_value(kept.value["updates"].clone()).unwrap();
    let mut bytes = updates[0].bytes().to_vec();
    let place = bytes.windows(3).position(|three| three == b"xxx").unwrap();
    bytes[place] = b'y';
    let (about, value) = (kept.topic.clone().unwrap(), json!({"updates": [Update::new(&bytes)]}));
    let other = kith_core::document::Kept::of(kept.seq, about, value);
    let body = Some(Doc::Kept(Arc::new(other)).to_json().into());
    let writes = vec![DocWrite { key: DocKey { collection, key: row.key }, body }];
    store.commit(vec![Batch { writes, ..Batch::default() }]).await.pop().unwrap().unwrap();
    let found = verify(&*store).await.unwrap();
    assert_eq!(found.problems.len(), 1, "{found:?}");
    assert!(found.problems[0].what.contains("kept value"), "{found:?}");
}

//! Taking back what one did, and nothing that others did.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod world;

use kith_core::command::{Command, Outcome};
use kith_core::document::{Rules, STEP_MEMORY_MS, STEPS_MAX};
use kith_core::id::{CircleId, TopicId, UserId};
use kith_core::text::{Label, TopicName};
use kith_core::topic::{Asked, Change, Kind};
use kith_hub::verify::{Watched, verify};
use kith_hub::{Environment, Hub, HubError, Limits};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};

use crate::world::{circle, hub, hub_and_clock, op, user};

struct People {
    hub: Hub,
    store: MemoryStore,
    ana: UserId,
    bob: UserId,
    circle: CircleId,
}

async fn people() -> People {
    let store = MemoryStore::new();
    let hub = hub(Watched(store.clone()), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    hub.execute(bob, None, &Command::Join { circle }).await.unwrap();
    People { hub, store, ana, bob, circle }
}

impl People {
    async fn topic(&self, name: &str, holds: Kind, value: Value) -> TopicId {
        self.topic_with(name, holds, value, Rules::default()).await
    }

    async fn topic_with(&self, name: &str, holds: Kind, value: Value, rules: Rules) -> TopicId {
        let create = Command::CreateTopic {
            circle: self.circle,
            name: TopicName::parse(name).unwrap(),
            holds,
            value: Some(value),
            rules,
            deny: Default::default(),
            replace: false,
        };
        self.hub.execute(self.ana, None, &create).await.unwrap().topic.unwrap()
    }

    async fn change(&self, me: UserId, group: Option<&str>, changes: &[(TopicId, Value)]) {
        let changes = changes.iter().map(|(topic, change)| Asked {
            topic: *topic,
            change: serde_json::from_value::<Change>(change.clone()).unwrap(),
        });
        let group = group.map(|group| Label::parse(group).unwrap());
        let command = Command::Change { changes: changes.collect(), when: Vec::new(), group };
        self.hub.execute(me, None, &command).await.unwrap();
    }

    async fn undo(&self, me: UserId) -> Result<Outcome, HubError> {
        let undo = Command::Undo { circle: self.circle, skip: false };
        self.hub.execute(me, None, &undo).await
    }

    async fn skip(&self, me: UserId) -> Result<Outcome, HubError> {
        let skip = Command::Undo { circle: self.circle, skip: true };
        self.hub.execute(me, None, &skip).await
    }

    async fn redo(&self, me: UserId) -> Result<Outcome, HubError> {
        let redo = Command::Redo { circle: self.circle, skip: false };
        self.hub.execute(me, None, &redo).await
    }

    async fn value(&self, topic: TopicId) -> Value {
        self.hub.topic_value(self.ana, topic).await.unwrap().2.value.to_plain()
    }

    async fn right(&self) {
        assert_eq!(verify(&self.store).await.unwrap().problems, []);
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> String {
    result.unwrap_err().code().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_step_is_a_transaction_and_is_taken_back_whole() {
    let all = people().await;
    let count = all.topic("count", Kind::Int, json!(5)).await;
    let todo = all.topic("todo", Kind::List, json!(["water"])).await;
    let both = [
        (count, json!({"add": {"by": 2}})),
        (todo, json!({"remove": {"at": 0}})),
        (count, json!({"set": {"value": 100}})),
    ];
    all.change(all.ana, None, &both).await;
    // Who did nothing has nothing to take back.
    assert_eq!(code(all.undo(all.bob).await), "undo.nothing");
    let undone = all.undo(all.ana).await.unwrap();
    assert_eq!(undone.events.len(), 3);
    assert_eq!(all.value(count).await, json!(5));
    assert_eq!(all.value(todo).await, json!(["water"]));
    assert_eq!(code(all.undo(all.ana).await), "undo.nothing");
    all.redo(all.ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(100));
    assert_eq!(all.value(todo).await, json!([]));
    assert_eq!(code(all.redo(all.ana).await), "redo.nothing");
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(5));
    assert_eq!(all.hub.undoable(all.ana, all.circle).await.unwrap(), (0, 1));
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn what_others_did_since_stays() {
    let all = people().await;
    let count = all.topic("count", Kind::Int, json!(0)).await;
    let text = all.topic("text", Kind::String, json!("hello world")).await;
    all.change(all.ana, None, &[(count, json!({"add": {"by": 2}}))]).await;
    all.change(all.ana, None, &[(text, json!({"splice": {"at": 6, "insert": "big "}}))]).await;
    all.change(all.ana, None, &[(text, json!({"splice": {"at": 0, "delete": 6}}))]).await;
    all.change(all.bob, None, &[(count, json!({"add": {"by": 40}}))]).await;
    all.change(all.bob, None, &[(text, json!({"splice": {"at": 1, "insert": "IG, b"}}))]).await;
    assert_eq!(all.value(text).await, json!("bIG, big world"));
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(text).await, json!("hello bIG, big world"));
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(text).await, json!("hello IG, bworld"));
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(40));
    for _ in 0..3 {
        all.redo(all.ana).await.unwrap();
    }
    assert_eq!(all.value(count).await, json!(42));
    assert_eq!(all.value(text).await, json!("bIG, big world"));
    all.undo(all.bob).await.unwrap();
    assert_eq!(all.value(text).await, json!("big world"));
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn what_others_overwrote_is_refused_and_can_be_skipped() {
    let all = people().await;
    let title = all.topic("title", Kind::Json, json!({"name": "tea"})).await;
    let count = all.topic("count", Kind::Int, json!(0)).await;
    all.change(all.ana, None, &[(count, json!({"add": {"by": 1}}))]).await;
    let put = |name: &str| json!({"put": {"path": ["name"], "value": name}});
    let both = [(count, json!({"add": {"by": 10}})), (title, put("coffee"))];
    all.change(all.ana, None, &both).await;
    all.change(all.bob, None, &[(title, put("milk"))]).await;
    assert_eq!(code(all.undo(all.ana).await), "topic.overwritten");
    // All of it or nothing.
    assert_eq!(all.value(count).await, json!(11));
    assert_eq!(all.skip(all.ana).await.unwrap().events, []);
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(10));
    assert_eq!(all.value(title).await, json!({"name": "milk"}));
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn a_drag_is_one_step() {
    let all = people().await;
    let place = all.topic("place", Kind::Map, json!({"x": 0})).await;
    for x in 1..=30 {
        all.change(
            all.ana,
            Some("drag-1"),
            &[(place, json!({"put": {"path": ["x"], "value": x}}))],
        )
        .await;
        all.change(all.bob, None, &[(place, json!({"put": {"path": ["y"], "value": x}}))]).await;
    }
    let drop = [(place, json!({"put": {"path": ["x"], "value": 99}}))];
    all.change(all.ana, Some("drag-2"), &drop).await;
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(place).await, json!({"x": 30, "y": 30}));
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(place).await, json!({"x": 0, "y": 30}));
    all.redo(all.ana).await.unwrap();
    assert_eq!(all.value(place).await, json!({"x": 30, "y": 30}));
    // Something new: what was undone can no longer be done again.
    all.change(all.ana, None, &[(place, json!({"put": {"path": ["x"], "value": 7}}))]).await;
    assert_eq!(code(all.redo(all.ana).await), "redo.nothing");
    assert_eq!(all.hub.undoable(all.ana, all.circle).await.unwrap(), (2, 0));
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_of_which_nothing_is_left_is_passed_over() {
    let all = people().await;
    let todo = all.topic("todo", Kind::List, json!([])).await;
    let text = all.topic("text", Kind::String, json!("")).await;
    let insert = |name: &str| json!({"insert": {"value": name, "element": name}});
    all.change(all.ana, None, &[(todo, insert("water"))]).await;
    all.change(all.ana, None, &[(text, json!({"splice": {"at": 0, "insert": "abc"}}))]).await;
    all.change(all.ana, None, &[(todo, insert("bread"))]).await;
    all.change(all.bob, None, &[(todo, json!({"remove": {"element": "bread"}}))]).await;
    all.change(all.bob, None, &[(text, json!({"splice": {"at": 0, "delete": 3}}))]).await;
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(todo).await, json!([]));
    assert_eq!(all.hub.undoable(all.ana, all.circle).await.unwrap(), (0, 3));
    // Of Bob's deletion in the text nothing is to be seen, so the one before is taken back as well.
    all.undo(all.bob).await.unwrap();
    assert_eq!(all.value(text).await, json!(""));
    assert_eq!(all.value(todo).await, json!(["bread"]));
    all.redo(all.ana).await.unwrap();
    assert_eq!(all.value(todo).await, json!(["water", "bread"]));
    all.redo(all.ana).await.unwrap();
    assert_eq!(all.value(text).await, json!("abc"));
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_emitted_or_removed_is_no_step() {
    let all = people().await;
    let bell = all.topic("bell", Kind::Event, json!(null)).await;
    let count = all.topic("count", Kind::Int, json!(0)).await;
    all.change(all.ana, None, &[(count, json!({"add": {"by": 1}}))]).await;
    all.change(all.ana, None, &[(bell, json!({"emit": {"args": {"n": 1}}}))]).await;
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(0));
    all.redo(all.ana).await.unwrap();
    all.hub.execute(all.ana, None, &Command::RemoveTopic { topic: count }).await.unwrap();
    assert_eq!(all.undo(all.ana).await.unwrap().events, []);
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn a_step_with_an_edit_of_a_document_is_refused_and_never_taken_back_in_half() {
    let all = people().await;
    let count = all.topic("count", Kind::Int, json!(0)).await;
    let notes = all.topic("notes", Kind::Text, json!("tea")).await;
    let yjs = Rules { yjs: true, ..Rules::default() };
    let board = all.topic_with("board", Kind::Json, json!({}), yjs).await;
    let write = json!({"splice": {"at": 0, "insert": "green "}});
    let put = json!({"put": {"path": ["a"], "value": 1}});
    let add = json!({"add": {"by": 1}});
    all.change(all.ana, None, &[(count, add.clone())]).await;
    for edit in [(notes, write.clone()), (board, put)] {
        all.change(all.ana, None, &[(count, add.clone()), edit.clone()]).await;
        // What is written alone is no step: whoever wrote it has an editor that takes it back.
        all.change(all.ana, None, &[edit]).await;
        assert_eq!(all.hub.undoable(all.ana, all.circle).await.unwrap(), (2, 0));
        assert_eq!(code(all.undo(all.ana).await), "topic.no_way_back");
        assert_eq!(all.value(count).await, json!(2));
        assert_eq!(all.skip(all.ana).await.unwrap().events, []);
        all.undo(all.ana).await.unwrap();
        all.redo(all.ana).await.unwrap();
        all.change(all.ana, None, &[(count, json!({"add": {"by": -1}}))]).await;
        assert_eq!(all.skip(all.ana).await.unwrap().events, []);
    }
    // A group is one step, whichever of it comes first.
    for group in [
        [(notes, write.clone()), (count, add.clone())],
        [(count, add.clone()), (notes, write.clone())],
    ] {
        for one in group {
            all.change(all.ana, Some("draw"), &[one]).await;
        }
        assert_eq!(all.hub.undoable(all.ana, all.circle).await.unwrap(), (2, 0));
        assert_eq!(code(all.undo(all.ana).await), "topic.no_way_back");
        all.skip(all.ana).await.unwrap();
    }
    // Of a document that is gone nothing is left to take back.
    all.change(all.ana, None, &[(count, add), (notes, write)]).await;
    all.hub.execute(all.ana, None, &Command::RemoveTopic { topic: notes }).await.unwrap();
    let before = all.value(count).await.as_i64().unwrap();
    all.undo(all.ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(before - 1));
    all.right().await;
}

#[tokio::test(start_paused = true)]
async fn who_may_no_longer_write_takes_nothing_back() {
    let all = people().await;
    let count = all.topic("count", Kind::Int, json!(0)).await;
    all.change(all.bob, None, &[(count, json!({"add": {"by": 1}}))]).await;
    let circle = all.circle;
    let mute = Command::TimeOut { circle, user: all.bob, seconds: 600, reason: None };
    all.hub.execute(all.ana, None, &mute).await.unwrap();
    assert_eq!(code(all.undo(all.bob).await), "member.timed_out");
    let kick = Command::Kick { circle, user: all.bob, reason: None };
    all.hub.execute(all.ana, None, &kick).await.unwrap();
    assert_eq!(code(all.undo(all.bob).await), "circle.not_found");
    assert_eq!(all.value(count).await, json!(1));
}

#[tokio::test(start_paused = true)]
async fn an_undo_said_twice_happens_once_and_right_after_the_change() {
    let all = people().await;
    let count = all.topic("count", Kind::Int, json!(0)).await;
    let add = |by: u64| Command::Change {
        changes: vec![Asked {
            topic: count,
            change: serde_json::from_value(json!({"add": {"by": by}})).unwrap(),
        }],
        when: Vec::new(),
        group: None,
    };
    let undo = Command::Undo { circle: all.circle, skip: false };
    all.hub.execute(all.ana, Some(op("a-1")), &add(1)).await.unwrap();
    // Neither waits for the other's commit.
    let change = all.hub.submit(all.ana, 1, Some(op("a-2")), &add(10)).await.unwrap();
    let undone = all.hub.submit(all.ana, 1, Some(op("a-3")), &undo).await.unwrap();
    change.wait().await.unwrap();
    let first = undone.wait().await.unwrap();
    assert_eq!(all.hub.execute(all.ana, Some(op("a-3")), &undo).await.unwrap(), first);
    assert_eq!(all.value(count).await, json!(1));
}

#[tokio::test(start_paused = true)]
async fn steps_outlive_the_process_and_not_their_time() {
    let store = MemoryStore::new();
    let (hub, clock) = hub_and_clock(store.clone(), Limits::default()).await;
    let (ana, bob) = (user(&hub, "ana").await, user(&hub, "bob").await);
    let (circle, _) = circle(&hub, ana).await;
    let all = People { hub, store, ana, bob, circle };
    let count = all.topic("count", Kind::Int, json!(0)).await;
    for _ in 0..STEPS_MAX + 20 {
        all.change(all.ana, None, &[(count, json!({"add": {"by": 1}}))]).await;
    }
    for _ in 0..3 {
        all.undo(all.ana).await.unwrap();
    }
    all.hub.close().await;
    let env: std::sync::Arc<dyn Environment> =
        std::sync::Arc::<kith_hub::testing::Clock>::clone(&clock);
    let hub = Hub::open(std::sync::Arc::new(all.store.clone()), env, Limits::default()).await;
    let all = People { hub: hub.unwrap(), ..all };
    assert_eq!(all.hub.undoable(ana, circle).await.unwrap(), (STEPS_MAX - 3, 3));
    all.undo(ana).await.unwrap();
    all.redo(ana).await.unwrap();
    all.redo(ana).await.unwrap();
    assert_eq!(all.value(count).await, json!(STEPS_MAX + 18));
    for _ in 0..STEPS_MAX - 2 {
        all.undo(ana).await.unwrap();
    }
    assert_eq!(code(all.undo(ana).await), "undo.nothing");
    assert_eq!(all.value(count).await, json!(20));
    all.redo(ana).await.unwrap();
    clock.pass_ms(STEP_MEMORY_MS + 1);
    assert_eq!(code(all.undo(ana).await), "undo.nothing");
    assert_eq!(all.hub.expire().await.unwrap(), STEPS_MAX as u64);
    all.right().await;
}

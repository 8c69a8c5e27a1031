//! Transactions on their way, step by step.

use std::collections::BTreeMap;

use kith_core::command::{Command, Outcome, Place};
use kith_core::document::{Rules, Topic};
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, Timestamp, TopicId, UserId};
use kith_core::text::{OpId, TopicName};
use kith_core::topic::{Asked, Change, Fact, Kind, Value};
use kith_proto::error::Problem;
use serde_json::{Value as Json, json};

use super::{Told, Topics};

fn me() -> UserId {
    UserId::new(Timestamp(1), 1)
}

fn id(number: u128) -> TopicId {
    TopicId::new(Timestamp(1), number)
}

fn op(number: u32) -> OpId {
    OpId::parse(&format!("k-{number}")).unwrap()
}

/// Topics with these values, each after its event 5.
fn with(values: &[(Kind, Json)]) -> Topics {
    let mut topics = Topics::new(me());
    let mut feeds = Vec::new();
    for (number, (holds, value)) in (0..).zip(values) {
        let topic = id(number);
        let about = Topic {
            id: topic,
            circle: CircleId::new(Timestamp(1), 1),
            name: TopicName::parse("t").unwrap(),
            holds: *holds,
            rules: Rules::default(),
            deny: BTreeMap::new(),
            created_at: Timestamp(1),
        };
        topics.follow(topic).unwrap();
        topics.snapshot(topic, Seq(5), about, value);
        assert_eq!(topics.value(topic), None);
        feeds.push(FeedId::Topic(topic));
    }
    topics.settled(&feeds);
    while topics.poll().is_some() {}
    topics
}

fn ask(topics: &mut Topics, number: u32, changes: &[(u128, Json)]) -> OpId {
    let asked = changes.iter().map(|(topic, change)| Asked {
        topic: id(*topic),
        change: serde_json::from_value(change.clone()).unwrap(),
    });
    topics.change(op(number), asked.collect(), Vec::new()).unwrap()
}

fn event(topic: u128, seq: u64, op: Option<OpId>, fact: Json) -> Event {
    let fact = serde_json::from_value::<Fact>(fact).unwrap();
    let by = op.as_ref().map(|_| me());
    let (feed, seq, at) = (FeedId::Topic(id(topic)), Seq(seq), Timestamp(1));
    Event { feed, seq, at, by, op, body: Body::Changed { fact } }
}

fn plain(topics: &Topics, topic: u128) -> Json {
    topics.value(id(topic)).map(Value::to_plain).unwrap()
}

/// What is sent next: the name, and the changes as JSON.
fn sent(topics: &mut Topics) -> Option<(OpId, Vec<Json>)> {
    let (op, command) = topics.poll_send()?;
    let Command::Change { changes, .. } = command else { panic!("{command:?}") };
    let json = |asked: &Asked| serde_json::to_value::<&Change>(&asked.change).unwrap();
    Some((op, changes.iter().map(json).collect()))
}

fn splice(at: u32, delete: u32, insert: &str) -> Json {
    json!({"splice": {"at": at, "delete": delete, "insert": insert}})
}

#[test]
fn edits_wait_for_the_earlier_ones_and_touching_ones_become_one() {
    let mut topics = with(&[(Kind::String, json!("tea"))]);
    assert_eq!(ask(&mut topics, 1, &[(0, splice(0, 0, "a "))]), op(1));
    let first = json!({"splice": {"at": 0, "delete": 0, "insert": "a ", "after": 5}});
    assert_eq!(sent(&mut topics), Some((op(1), vec![first])));
    assert_eq!(ask(&mut topics, 2, &[(0, splice(5, 0, "!"))]), op(2));
    assert_eq!(ask(&mut topics, 3, &[(0, splice(5, 1, "?!"))]), op(2));
    assert_eq!(ask(&mut topics, 4, &[(0, splice(0, 1, "the"))]), op(4));
    assert_eq!((plain(&topics, 0), sent(&mut topics)), (json!("the tea?!"), None));
    // Somebody else was first: what waits moves along.
    topics.event(&event(0, 6, None, json!({"splice": {"at": 0, "insert": "Oh, "}})));
    topics.event(&event(0, 7, Some(op(1)), json!({"splice": {"at": 0, "insert": "a "}})));
    assert_eq!(plain(&topics, 0), json!("theOh, tea?!".replace("theOh", "the Oh")));
    let (name, changes) = sent(&mut topics).unwrap();
    let edit = json!({"splice": {"at": 9, "delete": 0, "insert": "?!", "after": 7}});
    assert_eq!((name, changes), (op(2), vec![edit]));
}

#[test]
fn several_edits_of_one_transaction_are_counted_on_the_text_before_it() {
    let mut topics = with(&[(Kind::String, json!("abcdef"))]);
    let edits = [(0, splice(0, 1, "")), (0, splice(4, 1, "EE")), (0, splice(0, 0, "x"))];
    ask(&mut topics, 1, &edits);
    assert_eq!(plain(&topics, 0), json!("xbcdeEE"));
    let (_, changes) = sent(&mut topics).unwrap();
    let edit = |at, delete, insert| json!({"splice": {"at": at, "delete": delete, "insert": insert, "after": 5}});
    assert_eq!(changes, [edit(0, 1, "x"), edit(5, 1, "EE")]);
    // A refusal is about what was asked for, not about what was sent.
    let problem = Problem { change: Some(1), ..Problem::new("topic.too_large", "no") };
    assert_eq!(topics.failed(&op(1), problem).change, Some(0));
    assert_eq!(plain(&topics, 0), json!("abcdef"));
}

#[test]
fn what_stood_on_a_refused_edit_stays() {
    let mut topics = with(&[(Kind::String, json!("tea")), (Kind::Int, json!(1))]);
    ask(&mut topics, 1, &[(0, splice(0, 0, "hot ")), (1, json!({"add": {"by": 1}}))]);
    sent(&mut topics).unwrap();
    ask(&mut topics, 2, &[(0, splice(7, 0, "!"))]);
    topics.failed(&op(1), Problem::new("permission.denied", "no"));
    assert_eq!((plain(&topics, 0), plain(&topics, 1)), (json!("tea!"), json!(1)));
    let edit = json!({"splice": {"at": 3, "delete": 0, "insert": "!", "after": 5}});
    assert_eq!(sent(&mut topics), Some((op(2), vec![edit])));
}

#[test]
fn what_no_longer_fits_is_unseen_until_it_is_decided() {
    let mut topics = with(&[(Kind::Set, json!(["a"])), (Kind::Int, json!(0))]);
    ask(&mut topics, 1, &[(0, json!({"append": {"item": "b"}})), (1, json!({"add": {"by": 1}}))]);
    topics.event(&event(0, 6, None, json!({"append": {"item": "b"}})));
    assert_eq!((plain(&topics, 0), plain(&topics, 1)), (json!(["a", "b"]), json!(0)));
    topics.event(&event(0, 7, None, json!({"exclude": {"item": "b", "at": 1}})));
    assert_eq!((plain(&topics, 0), plain(&topics, 1)), (json!(["a", "b"]), json!(1)));
    topics.failed(&op(1), Problem::new("permission.denied", "no"));
    assert_eq!((plain(&topics, 0), plain(&topics, 1)), (json!(["a"]), json!(0)));
}

#[test]
fn nothing_of_others_shows_while_a_topic_is_caught_up_with() {
    let mut topics = with(&[(Kind::Int, json!(0)), (Kind::Int, json!(0))]);
    topics.behind(id(1));
    topics.event(&event(0, 6, None, json!({"add": {"by": 1}})));
    assert_eq!((plain(&topics, 0), topics.poll()), (json!(0), None));
    // Own changes do, and the answer alone does not bring in the rest.
    ask(&mut topics, 1, &[(0, json!({"add": {"by": 5}}))]);
    sent(&mut topics).unwrap();
    assert_eq!(plain(&topics, 0), json!(5));
    let place = Place { feed: FeedId::Topic(id(0)), seq: Seq(7) };
    topics.event(&event(0, 7, Some(op(1)), json!({"add": {"by": 5}})));
    topics.done(&op(1), &Outcome { events: vec![place], ..Outcome::default() });
    assert_eq!(plain(&topics, 0), json!(5));
    topics.event(&event(1, 6, None, json!({"add": {"by": 1}})));
    topics.settled(&[FeedId::Topic(id(1))]);
    assert_eq!((plain(&topics, 0), plain(&topics, 1)), (json!(6), json!(1)));
    assert!(!topics.is_pending(id(0)));
    topics.close(id(0), Problem::new("topic.not_found", "gone"));
    let told: Vec<Told> = std::iter::from_fn(|| topics.poll()).collect();
    assert!(matches!(told.last(), Some(Told::Closed(..))), "{told:?}");
}

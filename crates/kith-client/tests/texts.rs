//! Texts that several programs write in, against a real server over real sockets.

#![expect(clippy::unwrap_used, reason = "what a test relies on fails it")]

#[path = "topics/site.rs"]
mod site;

use std::collections::BTreeMap;

use kith_client::{Client, ClientError, Topic};
use kith_core::command::Command;
use kith_core::id::CircleId;
use kith_core::permission::{Permission, Permissions};
use kith_core::text::{CircleName, TopicName};
use kith_core::topic::{Change, Kind};
use kith_proto::query::{Answer, Query};
use serde_json::json;
use site::{Site, enter};

async fn circle(client: &Client) -> CircleId {
    let name = CircleName::parse("Tea").unwrap();
    client.command(Command::CreateCircle { name, public: true }).await.unwrap().circle.unwrap()
}

fn notes() -> TopicName {
    TopicName::parse("notes").unwrap()
}

/// Waits until the text says this.
async fn until(topic: &Topic, says: &str) {
    let mut watch = topic.watch();
    while watch.next().await.is_some() {
        if topic.text().await.unwrap() == says {
            return;
        }
    }
    panic!("{:?}", topic.closed());
}

/// What the server says that it says.
async fn told(client: &Client, topic: &Topic) -> String {
    let asked = Query::Topic { topic: topic.id(), seq: None };
    let Ok(Answer::Topic(found)) = client.query(asked).await else { panic!("no topic") };
    found.text.unwrap()
}

#[tokio::test]
async fn what_one_writes_shows_at_once_and_is_merged_with_others() {
    let site = Site::open().await;
    let (ana, bob) = (site.user("ana").await, site.user("bob").await);
    let tea = circle(&ana).await;
    bob.command(Command::Join { circle: tea }).await.unwrap();
    let mine = ana.create_topic(tea, notes(), Kind::Text, Some(json!("tea"))).await.unwrap();
    let his = bob.topic(tea, &notes()).await.unwrap();
    let sent = [
        mine.splice_text(3, 0, " and water").await.unwrap(),
        mine.splice_text(0, 1, "T").await.unwrap(),
        his.splice_text(3, 0, "!\u{1f600}").await.unwrap(),
    ];
    assert_eq!(mine.text().await.unwrap(), "Tea and water");
    for one in sent {
        one.await.unwrap();
    }
    let end = told(&ana, &mine).await;
    assert!(end.contains(" and water") && end.contains('\u{1f600}'), "{end}");
    until(&mine, &end).await;
    until(&his, &end).await;
    // Nothing, too much, and half a character.
    his.splice_text(0, 0, "").await.unwrap().await.unwrap();
    let inside = end.find('\u{1f600}').unwrap() as u32 + 1;
    for (at, delete) in [(99, 0), (0, 99), (inside, 0)] {
        let Err(ClientError::Refused(problem)) = his.splice_text(at, delete, "x").await else {
            panic!("not refused");
        };
        assert_eq!(problem.code, "topic.out_of_range");
    }
    // More than a frame may be.
    let long = "x".repeat(200_000);
    mine.splice_text(0, 0, &long).await.unwrap().await.unwrap();
    assert_eq!(told(&bob, &his).await, format!("{long}{end}"));
}

#[tokio::test]
async fn what_the_server_refuses_is_taken_out_and_writing_goes_on() {
    let site = Site::open().await;
    let ana = site.user("ana").await;
    let way = site.way().await;
    let bob = enter(way.port, &site.token("bob").await).await.0;
    let tea = circle(&ana).await;
    bob.command(Command::Join { circle: tea }).await.unwrap();
    let mine = ana.create_topic(tea, notes(), Kind::Text, Some(json!("tea"))).await.unwrap();
    let his = bob.topic(tea, &notes()).await.unwrap();
    his.splice_text(3, 0, "!").await.unwrap().await.unwrap();
    let Ok(Answer::Circle(found)) = ana.query(Query::Circle { circle: tea }).await else {
        panic!("no circle");
    };
    let write = Permissions::of(&[Permission::Write]);
    for deny in [BTreeMap::from([(found.circle.everyone, write)]), BTreeMap::new()] {
        let allowed = deny.is_empty();
        ana.command(Command::NarrowTopic { topic: mine.id(), deny }).await.unwrap();
        // What is sent is decided only when both are written.
        way.close();
        let sent = his.splice_text(0, 0, "my ").await.unwrap();
        assert_eq!(his.text().await.unwrap(), "my tea!");
        // It stands on the one before.
        let after = his.splice_text(3, 0, "own ").await.unwrap();
        way.open();
        let code = |error: ClientError| error.problem().unwrap().code.clone();
        match (sent.await, after.await) {
            (Ok(_), Ok(_)) => assert!(allowed),
            (sent, after) => {
                assert_eq!(sent.map_err(code).unwrap_err(), "permission.denied");
                assert_eq!(after.map_err(code).unwrap_err(), "client.lost");
                assert_eq!(his.text().await.unwrap(), "tea!");
            }
        }
    }
    until(&mine, "my own tea!").await;
}

#[tokio::test]
async fn what_was_written_without_a_connection_is_merged_on_return() {
    let site = Site::open().await;
    let ana = site.user("ana").await;
    let tea = circle(&ana).await;
    let mine = ana.create_topic(tea, notes(), Kind::Text, Some(json!("tea"))).await.unwrap();
    let way = site.way().await;
    let bob = enter(way.port, &site.token("bob").await).await.0;
    bob.command(Command::Join { circle: tea }).await.unwrap();
    let his = bob.topic(tea, &notes()).await.unwrap();
    way.close();
    let mut sent = Vec::new();
    for letter in ["a", "b", "c"] {
        sent.push(his.splice_text(3, 0, letter).await.unwrap());
        mine.splice_text(0, 0, letter).await.unwrap().await.unwrap();
    }
    assert_eq!(his.text().await.unwrap(), "teacba");
    way.open();
    for one in sent {
        one.await.unwrap();
    }
    until(&his, "cbateacba").await;
    until(&mine, "cbateacba").await;
}

#[tokio::test]
async fn json_is_changed_at_once_and_merged_with_what_others_do() {
    let site = Site::open().await;
    let (ana, bob) = (site.user("ana").await, site.user("bob").await);
    let tea = circle(&ana).await;
    bob.command(Command::Join { circle: tea }).await.unwrap();
    let make = json!({"create_topic": {
        "circle": tea, "name": "notes", "holds": "json", "rules": {"yjs": true},
        "value": {"tasks": ["tea"]},
    }});
    let make: Command = serde_json::from_value(make).unwrap();
    let id = ana.command(make).await.unwrap().topic.unwrap();
    let mine = ana.topic_by_id(id).await.unwrap();
    let his = bob.topic(tea, &notes()).await.unwrap();
    let change = |change| serde_json::from_value::<Change>(change).unwrap();
    let put = |path, value| change(json!({"put": {"path": path, "value": value}}));
    let milk = change(json!({"insert": {"value": "milk", "to": {"path": ["tasks", 0]}}}));
    let sent = [
        mine.change_json(milk).await.unwrap(),
        mine.change_json(put(json!(["tasks", 1]), json!({"tea": 1}))).await.unwrap(),
        his.change_json(put(json!(["by"]), json!("bob"))).await.unwrap(),
    ];
    assert_eq!(mine.json().await.unwrap(), json!({"tasks": ["milk", {"tea": 1}]}));
    for one in sent {
        one.await.unwrap();
    }
    let end = json!({"by": "bob", "tasks": ["milk", {"tea": 1}]});
    for topic in [&mine, &his] {
        let mut watch = topic.watch();
        while topic.json().await.unwrap() != end {
            watch.next().await.unwrap();
        }
    }
    let asked = Query::Topic { topic: id, seq: None };
    let Ok(Answer::Topic(found)) = ana.query(asked).await else { panic!("no topic") };
    assert_eq!(found.json, Some(end));
    let code = |error: Option<ClientError>| error.unwrap().problem().unwrap().code.clone();
    let nowhere = mine.change_json(put(json!(["x", 1]), json!(1))).await;
    assert_eq!(code(nowhere.err()), "topic.path_not_found");
    let wrong = mine.change_json(change(json!({"add": {"by": 1}}))).await;
    assert_eq!(code(wrong.err()), "topic.wrong_change");
    assert_eq!(code(mine.text().await.err()), "topic.wrong_change");
}

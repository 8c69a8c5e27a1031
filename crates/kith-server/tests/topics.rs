//! Topics over real sockets: what their readers are told, live and of the past.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use serde_json::{Value, json};
use site::{Server, Socket};

/// A circle of Ana's with Bob in it, and a list there.
async fn circle(ana: &mut Socket, bob: &mut Socket) -> (Value, Value) {
    let make = json!({"create_circle": {"name": "Tea", "public": true}});
    let circle = ana.ask(json!({"id": 1, "do": make})).await["done"]["circle"].clone();
    bob.ask(json!({"id": 1, "do": {"join": {"circle": circle}}})).await;
    let make = json!({"create_topic": {"circle": circle, "name": "todo", "holds": "list"}});
    let topic = ana.ask(json!({"id": 2, "do": make})).await["done"]["topic"].clone();
    (circle, topic)
}

fn insert(topic: &Value, value: &str) -> Value {
    let change = json!({"insert": {"value": value, "element": value}});
    json!({"id": 3, "do": {"change": {"changes": [{"topic": topic, "change": change}]}}})
}

#[tokio::test]
async fn the_value_of_a_topic_is_of_all_also_of_those_whom_one_blocks() {
    let server = Server::open().await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let (mut ana, mut bob) = (server.enter(&ana).await, server.enter(&bob).await);
    let (_, topic) = circle(&mut ana, &mut bob).await;
    let block = json!({"block": {"user": bob.user}});
    ana.ask(json!({"id": 1, "do": block})).await;
    ana.ask(json!({"id": 2, "subscribe": [{"feed": topic}]})).await;
    bob.ask(insert(&topic, "water")).await;
    let event = ana.next().await.unwrap()["event"].clone();
    assert_eq!(event["body"]["fact"]["insert"]["value"], "water");
    let again = json!({"id": 4, "subscribe": [{"feed": topic, "after": 1}]});
    let told = ana.ask_all(again).await;
    assert!(told.contains("\"water\"") && !told.contains("hidden"), "{told}");
}

#[tokio::test]
async fn the_past_of_a_topic_can_be_read() {
    let server = Server::open().await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let (mut ana, mut bob) = (server.enter(&ana).await, server.enter(&bob).await);
    let (circle, topic) = circle(&mut ana, &mut bob).await;
    for value in ["a", "b", "c"] {
        bob.ask(insert(&topic, value)).await;
    }
    bob.ask(json!({"id": 1, "do": {"undo": {"circle": circle}}})).await;
    let at = |seq: u64| json!({"id": 1, "get": {"topic": {"topic": topic, "seq": seq}}});
    let value = |answer: &Value| {
        let elements = answer["got"]["topic"]["value"].as_array().unwrap().clone();
        elements.into_iter().map(|one| one["value"].clone()).collect::<Vec<_>>()
    };
    assert!(value(&ana.ask(at(1)).await).is_empty());
    assert_eq!(value(&ana.ask(at(3)).await), ["a", "b"]);
    assert_eq!(value(&ana.ask(at(4)).await), ["a", "b", "c"]);
    assert_eq!(value(&ana.ask(at(5)).await), ["a", "b"]);
    assert_eq!(ana.ask(at(6)).await["code"], "topic.stale");
    let mut history = json!({"id": 2, "get": {"history": {"topic": topic, "limit": 3}}});
    let newest = ana.ask(history.clone()).await["got"]["history"].clone();
    let seqs = |page: &Value| {
        let events = page["events"].as_array().unwrap().clone();
        events.into_iter().map(|event| event["seq"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((seqs(&newest), &newest["more"]), (vec![5, 4, 3], &json!(true)));
    assert_eq!(newest["events"][1]["by"], bob.user);
    history["get"]["history"]["before"] = json!(3);
    let older = ana.ask(history).await["got"]["history"].clone();
    assert_eq!((seqs(&older), &older["more"]), (vec![2, 1], &json!(false)));
}

#[tokio::test]
async fn who_manages_feeds_knows_how_much_they_are_followed() {
    let server = Server::open().await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let (mut ana, mut bob) = (server.enter(&ana).await, server.enter(&bob).await);
    let (circle, topic) = circle(&mut ana, &mut bob).await;
    let make = json!({"create_topic": {"circle": circle, "name": "here", "holds": "int",
        "rules": {"ephemeral": true}}});
    let live = ana.ask(json!({"id": 2, "do": make})).await["done"]["topic"].clone();
    let ask = json!({"id": 3, "get": {"traffic": {"feeds": [topic, live, circle]}}});
    let told = |answer: &Value| {
        let all = answer["got"]["traffic"].as_array().unwrap().clone();
        all.iter()
            .map(|one| (one["followers"].clone(), one["seq"].as_u64().unwrap()))
            .collect::<Vec<_>>()
    };
    let before = told(&ana.ask(ask.clone()).await);
    assert_eq!((&before[0], &before[1].0), (&(json!(0), 1), &json!(0)));

    bob.ask(json!({"id": 4, "subscribe": [{"feed": topic}, {"feed": live}]})).await;
    ana.ask(json!({"id": 5, "subscribe": [{"feed": live}]})).await;
    let add = json!({"changes": [{"topic": live, "change": {"add": {"by": 1}}}]});
    let living = told(&ana.ask(ask.clone()).await)[1].1;
    bob.ask(json!({"id": 6, "do": {"change": add}})).await;
    ana.ask(insert(&topic, "a")).await;
    let after = told(&ana.ask(ask.clone()).await);
    assert_eq!(after[..2], [(json!(1), 2), (json!(2), living + 1)]);
    assert_eq!(bob.ask(ask).await["code"], "permission.denied");

    let own = json!({"id": 7, "get": {"traffic": {"feeds": [ana.user]}}});
    assert_eq!(ana.ask(own).await["code"], "permission.denied");
    let others = json!({"id": 8, "get": {"traffic": {"feeds": [bob.user]}}});
    assert_eq!(ana.ask(others).await["code"], "feed.not_found");
}

#[tokio::test]
async fn many_changes_of_a_topic_that_may_be_merged_are_told_as_its_value() {
    let server = Server::open().await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let (mut ana, mut bob) = (server.enter(&ana).await, server.enter(&bob).await);
    let (circle, _) = circle(&mut ana, &mut bob).await;
    let rules = json!({"merge": true});
    let make = json!({"circle": circle, "name": "count", "holds": "int", "rules": rules});
    let made = ana.ask(json!({"id": 1, "do": {"create_topic": make}})).await;
    let topic = made["done"]["topic"].clone();
    ana.ask(json!({"id": 2, "subscribe": [{"feed": topic}]})).await;
    let add = json!({"topic": topic, "change": {"add": {"by": 1}}});
    let change = |times| json!({"id": 3, "do": {"change": {"changes": vec![&add; times]}}});
    bob.ask(change(20)).await;
    let told = ana.next().await.unwrap()["subscribed"]["snapshot"].clone();
    assert_eq!((&told["feed"], &told["seq"]), (&topic, &json!(21)));
    assert_eq!(told["state"]["topic"]["value"], 20, "{told}");
    bob.ask(change(1)).await;
    assert_eq!(ana.next().await.unwrap()["event"]["seq"], 22);
    // Who asked for events alone gets them.
    ana.ask(json!({"id": 4, "subscribe": [{"feed": topic, "after": 22, "events_only": true}]}))
        .await;
    bob.ask(change(20)).await;
    assert_eq!(ana.next().await.unwrap()["events"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn what_a_topic_has_forgotten_is_refused() {
    let server = Server::open().await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let (mut ana, mut bob) = (server.enter(&ana).await, server.enter(&bob).await);
    let (circle, _) = circle(&mut ana, &mut bob).await;
    let make = |rules: Value| {
        let topic = json!({"circle": circle, "name": "note", "holds": "string", "rules": rules});
        json!({"id": 1, "do": {"create_topic": topic}})
    };
    for wrong in [json!({"last": 0}), json!({"last": -1}), json!("some"), json!({"first": 1})] {
        let refused = ana.ask(make(json!({"history": wrong}))).await;
        assert_eq!(refused["code"], "input.invalid", "{wrong}");
    }
    let made = ana.ask(make(json!({"history": {"last": 2}}))).await;
    let topic = made["done"]["topic"].clone();
    let change = |op: String, change: Value| {
        let changes = json!([{"topic": topic, "change": change}]);
        json!({"id": 1, "op": op, "do": {"change": {"changes": changes}}})
    };
    let set = |seq: u64| {
        let value = format!("{seq} {}", "x".repeat(8000));
        change(format!("a-{seq}"), json!({"set": {"value": value}}))
    };
    for seq in 2..=60 {
        ana.ask(set(seq)).await;
    }
    // It is forgotten a little later.
    let at = |seq: u64| json!({"id": 1, "get": {"topic": {"topic": topic, "seq": seq}}});
    while ana.ask(at(50)).await["code"] != "topic.stale" {}
    let history = json!({"id": 1, "get": {"history": {"topic": topic, "limit": 200}}});
    let left = ana.ask(history).await["got"]["history"].clone();
    let events = left["events"].as_array().unwrap();
    assert!((2..10).contains(&events.len()), "{}", events.len());
    assert_eq!((&events[0]["seq"], &left["more"]), (&json!(60), &json!(false)));
    let after = |seq: u64| json!({"id": 2, "subscribe": [{"feed": topic, "after": seq}]});
    let told = bob.ask_all(after(50)).await;
    assert!(told.contains(r#""reset":"too_far""#) && told.contains(r#""seq":60"#), "{told}");
    // What was done is still known, and what is not known any more is not built upon.
    assert_eq!(ana.ask(set(2)).await["done"]["events"][0]["seq"], 2);
    let late = json!({"splice": {"at": 0, "insert": "a", "after": 2}});
    assert_eq!(ana.ask(change("b-1".to_owned(), late)).await["code"], "topic.stale");
    let undo = |skip: bool| json!({"id": 1, "do": {"undo": {"circle": circle, "skip": skip}}});
    let mut turned = 0;
    let refused = loop {
        let answer = ana.ask(undo(false)).await;
        match answer.get("done") {
            Some(_) => turned += 1,
            None => break answer["code"].clone(),
        }
    };
    assert_eq!(refused, "topic.stale");
    assert!((1..30).contains(&turned), "{turned}");
    assert!(ana.ask(undo(true)).await.get("done").is_some());
}

//! Guards of topics over real sockets: who waits, who does not, and what each gets.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "services/place.rs"]
#[expect(dead_code, reason = "another test uses the rest")]
mod place;
#[path = "common/site.rs"]
mod site;

use serde_json::{Value, json};

use crate::place::{Place, code, end, next, say};
use crate::site::Socket;

/// A topic of numbers with the guard `rules/stock`, and one without.
async fn topics(place: &Place) -> (Value, Value) {
    let mut ana = place.enter("ana").await;
    let mut made = Vec::new();
    for (id, name, rules) in
        [(1, "stock", json!({"guard": "rules/stock"})), (2, "plain", json!({}))]
    {
        let make = json!({"circle": place.circle, "name": name, "holds": "int", "rules": rules});
        let answer = ana.ask(json!({"id": id, "do": {"create_topic": make}})).await;
        made.push(answer["done"]["topic"].clone());
    }
    (made[0].clone(), made[1].clone())
}

fn add(topic: &Value, by: i64) -> Value {
    json!({"change": {"changes": [{"topic": topic, "change": {"add": {"by": by}}}]}})
}

async fn value(socket: &mut Socket, topic: &Value) -> Value {
    let answer = socket.ask(json!({"id": 77, "get": {"topic": {"topic": topic}}})).await;
    answer["got"]["topic"]["value"].clone()
}

#[tokio::test]
async fn a_guard_alters_adds_and_refuses() {
    let place = Place::open().await;
    let (stock, plain) = topics(&place).await;
    let mut guard = place.provider("ana", "rules/stock", json!({})).await;
    let mut bob = place.enter("bob").await;
    bob.ask(json!({"id": 1, "subscribe": [{"feed": stock}, {"feed": plain}]})).await;
    bob.send(&json!({"id": 2, "op": "b-1", "do": add(&stock, 3)})).await;
    let called = next(&mut guard, "called").await;
    assert_eq!((&called["guard"], &called["user"]), (&json!(true), &bob.user));
    assert_eq!(called["args"]["changes"][0]["change"], json!({"add": {"by": 3}}));
    let changes = json!({"changes": [
        {"effect": {"topic": stock, "change": {"add": {"by": 2}}}},
        {"effect": {"topic": plain, "change": {"add": {"by": 7}}}},
    ]});
    assert_eq!(say(&mut guard, "done", &called["call"], json!({"value": changes})).await, "noted");
    let events = loop {
        let frame = bob.next().await.unwrap();
        if let Some(events) = frame.get("events") {
            break events.clone();
        }
    };
    for (event, by) in events.as_array().unwrap().iter().zip([2, 7]) {
        assert_eq!((&event["by"], &event["op"]), (&bob.user, &json!("b-1")));
        assert_eq!(event["body"]["fact"]["add"]["by"], by);
    }
    assert_eq!(end(&mut bob, 2).await["done"]["events"].as_array().unwrap().len(), 2);
    // Said again, nobody is asked.
    let again = bob.ask(json!({"id": 3, "op": "b-1", "do": add(&stock, 3)})).await;
    assert_eq!(again["done"]["events"].as_array().unwrap().len(), 2);
    bob.send(&json!({"id": 4, "do": add(&stock, -9)})).await;
    let called = next(&mut guard, "called").await;
    let no = json!({"code": "stock.short", "message": "no", "data": {"change": 0, "left": 2}});
    assert_eq!(say(&mut guard, "fail", &called["call"], no.clone()).await, "noted");
    let refused = end(&mut bob, 4).await;
    assert_eq!((code(&refused).as_str(), &refused["failure"]), ("topic.refused", &no));
    assert_eq!(refused["change"], 0);
    // By REST as well.
    let body = json!({"changes": [{"topic": stock, "change": {"add": {"by": 1}}}]}).to_string();
    let asking = place.server.rest(&place.tokens["bob"], "POST /topics/changes", &body);
    let answering = async {
        let called = next(&mut guard, "called").await;
        assert_eq!(called["user"], bob.user);
        say(&mut guard, "done", &called["call"], json!({"value": {}})).await
    };
    let ((status, done), _) = tokio::join!(asking, answering);
    assert_eq!((status, done["events"].as_array().map(Vec::len)), (200, Some(1)));
    assert_eq!(value(&mut bob, &stock).await, 3);
}

#[tokio::test]
async fn nobody_waits_but_who_asked_and_order_stays() {
    let place = Place::open().await;
    let (stock, plain) = topics(&place).await;
    let mut guard = place.provider("ana", "rules/stock", json!({})).await;
    let (mut bob, mut cyd) = (place.enter("bob").await, place.enter("cyd").await);
    bob.send(&json!({"id": 1, "do": add(&stock, 1)})).await;
    let called = next(&mut guard, "called").await;
    // What bob writes next comes after it, and what he asks is answered.
    bob.send(&json!({"id": 2, "do": add(&plain, 10)})).await;
    bob.send(&json!({"id": 3, "do": add(&stock, 1)})).await;
    assert_eq!(value(&mut bob, &plain).await, 0);
    let echo = json!({"circle": place.circle, "name": "kith/echo", "args": 5});
    assert_eq!(bob.ask(json!({"id": 4, "service": {"call": echo}})).await["returned"], 5);
    // Others go on, and so does whoever guards.
    let done = cyd.ask(json!({"id": 1, "do": add(&plain, 100)})).await;
    assert_eq!(code(&done), "done");
    assert_eq!(code(&guard.ask(json!({"id": 8, "do": add(&stock, 1000)})).await), "done");
    assert_eq!(value(&mut cyd, &plain).await, 100);
    assert_eq!(say(&mut guard, "done", &called["call"], json!({})).await, "noted");
    let called = next(&mut guard, "called").await;
    assert_eq!(say(&mut guard, "done", &called["call"], json!({"value": {}})).await, "noted");
    for id in [1, 2, 3] {
        assert_eq!(code(&end(&mut bob, id).await), "done");
    }
    assert_eq!(
        (value(&mut bob, &stock).await, value(&mut bob, &plain).await),
        (json!(1002), json!(110))
    );
    // Many that wait are read later, and none is lost.
    for id in 100..140 {
        bob.send(&json!({"id": id, "do": add(&stock, 1)})).await;
    }
    for _ in 100..140 {
        let called = next(&mut guard, "called").await;
        say(&mut guard, "done", &called["call"], json!({})).await;
    }
    for id in 100..140 {
        assert_eq!(code(&end(&mut bob, id).await), "done");
    }
    assert_eq!(value(&mut bob, &stock).await, 1042);
}

#[tokio::test]
async fn a_guard_that_vanishes_or_is_not_there_lets_nothing_happen() {
    let place = Place::open().await;
    let (stock, _) = topics(&place).await;
    let mut bob = place.enter("bob").await;
    let alone = bob.ask(json!({"id": 1, "do": add(&stock, 1)})).await;
    assert_eq!(code(&alone), "guard.not_found");
    let mut guard = place.provider("ana", "rules/stock", json!({})).await;
    bob.send(&json!({"id": 2, "do": add(&stock, 1)})).await;
    next(&mut guard, "called").await;
    drop(guard);
    let gone = end(&mut bob, 2).await;
    assert_eq!((code(&gone).as_str(), gone.get("unknown")), ("guard.gone", None));
    // A call that somebody makes is none of the server's.
    let mut guard = place.provider("ana", "rules/stock", json!({})).await;
    place.call(&mut bob, 3, "rules/stock", json!({"args": {"changes": []}})).await;
    let called = next(&mut guard, "called").await;
    assert_eq!(called.get("guard"), None);
    say(&mut guard, "done", &called["call"], json!({})).await;
    let forged = json!({"circle": place.circle, "name": "rules/stock", "guard": true});
    let refused = bob.ask(json!({"id": 4, "service": {"call": forged}})).await;
    assert_eq!(code(&refused), "input.invalid");
    // Whoever goes is not decided for.
    bob.send(&json!({"id": 5, "do": add(&stock, 1)})).await;
    next(&mut guard, "called").await;
    drop(bob);
    assert_eq!(next(&mut guard, "cancelled").await["why"], "gone");
    let mut cyd = place.enter("cyd").await;
    assert_eq!(value(&mut cyd, &stock).await, 0);
}

//! Slash commands, what the server offers, and what is told of offers.

use std::collections::BTreeSet;

use serde_json::json;

use crate::place::{Place, code, end, next, say};

#[tokio::test]
async fn a_slash_command_comes_from_a_stream_where_its_caller_may_write() {
    let place = Place::open().await;
    let shown = json!({"about": "Ask everybody", "hint": "question | option | option"});
    let mut ana = place.provider("ana", "chat/poll", shown).await;
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "chat/poll", json!({"args": {"text": "tea?"}})).await;
    assert_eq!(code(&end(&mut bob, 1).await), "input.empty");
    let stream = json!({"args": {"text": "tea?"}, "stream": place.stream});
    place.call(&mut bob, 2, "chat/poll", stream).await;
    let called = next(&mut ana, "called").await;
    assert_eq!((&called["stream"], &called["user"]), (&place.stream, &bob.user));

    // The provider answers with a message that shows a topic, and a word for the caller alone.
    let make =
        json!({"circle": place.circle, "name": "polls/1", "holds": "map", "value": {"yes": 0}});
    let made = ana.ask(json!({"id": 1, "do": {"create_topic": make}})).await;
    let topic = made["done"]["topic"].clone();
    let post = json!({"stream": place.stream, "text": "tea?", "topic": topic});
    assert!(ana.ask(json!({"id": 2, "do": {"post": post}})).await.get("done").is_some());
    say(&mut ana, "done", &called["call"], json!({"value": {"text": "asked"}})).await;
    assert_eq!(end(&mut bob, 2).await["returned"]["text"], "asked");
    let page = bob.ask(json!({"id": 3, "get": {"messages": {"stream": place.stream}}})).await;
    assert_eq!(page["got"]["messages"]["messages"][0]["topic"], topic, "{page}");
    let listed = json!({"services": {"circle": place.circle, "begin": "chat/"}});
    let listed = bob.ask(json!({"id": 4, "get": listed})).await;
    let card = &listed["got"]["services"]["services"][0];
    assert_eq!(
        (&card["about"], &card["hint"]),
        (&json!("Ask everybody"), &json!("question | option | option"))
    );
}

#[tokio::test]
async fn a_message_shows_only_topics_of_its_own_circle_that_its_author_may_read() {
    let place = Place::open().await;
    let mut ana = place.enter("ana").await;
    let other = json!({"create_circle": {"name": "Ops"}});
    let other = ana.ask(json!({"id": 1, "do": other})).await["done"]["circle"].clone();
    let mut topics = Vec::new();
    for (circle, deny) in [
        (&other, json!({})),
        (&place.circle, json!({(place.everyone.as_str().unwrap()): ["read"]})),
        (&place.circle, json!({})),
    ] {
        let name = format!("t{}", topics.len());
        let make = json!({"circle": circle, "name": name, "holds": "int", "deny": deny});
        let made = ana.ask(json!({"id": 2, "do": {"create_topic": make}})).await;
        topics.push(made["done"]["topic"].clone());
    }
    let mut bob = place.enter("bob").await;
    let bobs = ["topic.not_found", "topic.not_found", "done"];
    let anas = ["topic.not_found", "done", "done"];
    for (socket, expected) in [(&mut bob, bobs), (&mut ana, anas)] {
        for (topic, expected) in topics.iter().zip(expected) {
            let post = json!({"stream": place.stream, "text": "look", "topic": topic});
            let got = code(&socket.ask(json!({"id": 3, "do": {"post": post}})).await);
            assert_eq!(got, expected);
        }
    }
}

#[tokio::test]
async fn the_server_offers_something_in_every_circle_and_nobody_else_under_its_name() {
    let place = Place::open().await;
    let mut ana = place.enter("ana").await;
    for name in ["kith/time", "kith/more", "KITH/time"] {
        let refused = place.offer(&mut ana, name, json!({})).await;
        assert_eq!(code(&refused), "service.reserved");
    }
    let mut bob = place.enter("bob").await;
    place.call(&mut bob, 1, "kith/echo", json!({"args": {"a": [1, 2.5, null]}})).await;
    assert_eq!(end(&mut bob, 1).await["returned"], json!({"a": [1, 2.5, null]}));
    place.call(&mut bob, 2, "kith/time", json!({})).await;
    assert!(end(&mut bob, 2).await["returned"]["now"].as_u64().unwrap() > 1_763_000_000_000);
    place.call(&mut bob, 3, "kith/who", json!({})).await;
    let who = end(&mut bob, 3).await["returned"].clone();
    let here: BTreeSet<&str> =
        who.as_array().unwrap().iter().map(|one| one["user"].as_str().unwrap()).collect();
    assert!(here.contains(bob.user.as_str().unwrap()) && here.contains(ana.user.as_str().unwrap()));
    place.call(&mut bob, 4, "kith/more", json!({})).await;
    assert_eq!(code(&end(&mut bob, 4).await), "service.not_found");
    let found =
        bob.ask(json!({"id": 5, "get": {"services": {"circle": place.circle, "limit": 2}}})).await;
    let page = &found["got"]["services"];
    assert_eq!((page["services"].as_array().unwrap().len(), &page["more"]), (2, &json!(true)));
}

#[tokio::test]
async fn whoever_follows_the_circle_is_told_what_is_offered() {
    let place = Place::open().await;
    let mut bob = place.enter("bob").await;
    bob.ask(json!({"id": 1, "subscribe": [{"feed": place.circle}]})).await;
    let ana = place.provider("ana", "math/add", json!({"about": "Adds"})).await;
    let expected = json!({"circle": place.circle, "name": "math/add", "policy": "any", "providers": 1, "about": "Adds"});
    assert_eq!(next(&mut bob, "offered").await, expected);
    let dan = place.provider("dan", "math/add", json!({})).await;
    assert_eq!(next(&mut bob, "offered").await["providers"], 2);
    drop((ana, dan));
    let mut left = next(&mut bob, "offered").await["providers"].clone();
    while left != 0 {
        left = next(&mut bob, "offered").await["providers"].clone();
    }
}

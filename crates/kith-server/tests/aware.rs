//! What sessions show of themselves to those who follow a feed with them, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, Uri};
use serde_json::{Value, json};
use site::{Server, Socket};
use tokio_websockets::{ClientBuilder, Message};

async fn make(socket: &mut Socket, what: Value) -> Value {
    socket.ask(json!({"id": 1, "do": what})).await["done"].clone()
}

/// What is told next of those who show something.
async fn aware(socket: &mut Socket) -> Value {
    loop {
        let frame = socket.next().await.unwrap();
        if let Some(told) = frame.get("aware") {
            return told.clone();
        }
    }
}

async fn show(socket: &mut Socket, feed: &Value, state: &Value) -> Value {
    let aware = json!({"aware": {"feed": feed, "state": state}});
    socket.ask(json!({"id": 7, "signal": aware})).await
}

/// Does something, and what is told then of those who show something.
async fn aware_by(socket: &mut Socket, what: Value) -> Value {
    socket.send(&json!({"id": 1, "do": what})).await;
    aware(socket).await
}

/// The pairs of who shows what.
fn states(told: &Value) -> Vec<(&Value, &Value)> {
    let states = told["states"].as_array().unwrap();
    states.iter().map(|one| (&one["user"], &one["state"])).collect()
}

struct World {
    server: Server,
    ana: Socket,
    bob: Socket,
    bob_token: String,
    circle: Value,
    tea: Value,
}

/// Ana and bob in a circle of hers; both follow its stream.
async fn world() -> World {
    let server = Server::open().await;
    let bob_token = server.user("bob").await;
    let mut bob = server.enter(&bob_token).await;
    let mut ana = server.enter(&server.user("ana").await).await;
    let made = make(&mut ana, json!({"create_circle": {"name": "Tea", "public": true}})).await;
    let (circle, tea) = (made["circle"].clone(), made["stream"].clone());
    make(&mut bob, json!({"join": {"circle": circle}})).await;
    for socket in [&mut ana, &mut bob] {
        socket.ask(json!({"id": 2, "subscribe": [{"feed": tea}]})).await;
    }
    World { server, ana, bob, bob_token, circle, tea }
}

#[tokio::test]
async fn states_are_told_to_others_until_they_end() {
    let World { server, mut ana, mut bob, bob_token, tea, .. } = world().await;
    let at = json!({"cursor": {"at": 1}, "color": "#ff0000"});
    assert_eq!(show(&mut bob, &tea, &at).await, json!({"id": 7, "noted": null}));
    let told = aware(&mut ana).await;
    assert_eq!(told["feed"], tea);
    assert_eq!(states(&told), [(&bob.user, &at)]);
    assert_eq!(told["states"][0]["session"], bob.session);
    let client = told["states"][0]["client"].clone();
    assert!(client.as_u64().is_some_and(|number| (1 << 32..1 << 53).contains(&number)));
    // Another connection of the same session is another client, and is told of the first.
    let mut tab = server.enter(&bob_token).await;
    assert_eq!(tab.session, bob.session);
    tab.ask(json!({"id": 2, "subscribe": [{"feed": tea}]})).await;
    let told = aware(&mut tab).await;
    assert_eq!((&told["all"], states(&told)), (&json!(true), vec![(&bob.user, &at)]));
    let other = json!({"cursor": null});
    show(&mut tab, &tea, &other).await;
    let told = aware(&mut ana).await;
    assert_eq!((told.get("all"), states(&told)), (None, vec![(&bob.user, &other)]));
    assert_ne!(told["states"][0]["client"], client);
    assert_eq!(states(&aware(&mut bob).await), [(&bob.user, &other)]);
    // Nothing any more, and a connection that ends.
    show(&mut bob, &tea, &Value::Null).await;
    let told = aware(&mut ana).await;
    assert_eq!(
        (&told["states"][0]["client"], &told["states"][0]["state"]),
        (&client, &Value::Null)
    );
    drop(tab);
    assert_eq!(states(&aware(&mut ana).await), [(&bob.user, &Value::Null)]);
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused() {
    let World { mut ana, circle, tea, .. } = world().await;
    let code = |answer: Value| answer["code"].clone();
    assert_eq!(code(show(&mut ana, &circle, &json!({})).await), "feed.not_followed");
    assert_eq!(
        code(show(&mut ana, &json!("s_01kaf2g6x4000000000000000z"), &json!({})).await),
        "feed.not_followed"
    );
    let long = json!({"x": "x".repeat(16 * 1024)});
    assert_eq!(code(show(&mut ana, &tea, &long).await), "input.too_long");
    for state in [json!(7), json!([]), json!("x")] {
        assert_eq!(code(show(&mut ana, &tea, &state).await), "input.invalid");
    }
}

#[tokio::test]
async fn who_is_blocked_is_not_seen_and_who_is_removed_is_gone() {
    let World { mut ana, mut bob, circle, tea, .. } = world().await;
    let at = json!({"at": 1});
    show(&mut bob, &tea, &at).await;
    assert_eq!(states(&aware(&mut ana).await), [(&bob.user, &at)]);
    let told = aware_by(&mut ana, json!({"block": {"user": bob.user}})).await;
    assert_eq!((&told["all"], states(&told)), (&json!(true), vec![]));
    show(&mut bob, &tea, &json!({"at": 2})).await;
    let told = aware_by(&mut ana, json!({"unblock": {"user": bob.user}})).await;
    assert_eq!((&told["all"], states(&told)), (&json!(true), vec![(&bob.user, &json!({"at": 2}))]));
    let kick = json!({"kick": {"circle": circle, "user": bob.user}});
    assert_eq!(states(&aware_by(&mut ana, kick).await), [(&bob.user, &Value::Null)]);
    assert_eq!(show(&mut bob, &tea, &at).await["code"], "feed.not_followed");
}

#[tokio::test]
async fn both_encodings_tell_the_same() {
    let World { server, mut ana, mut bob, bob_token, tea, .. } = world().await;
    let at = json!({"cursor": {"anchor": [1, 2], "head": -1.5}, "name": "é😀"});
    show(&mut ana, &tea, &at).await;
    let told = aware(&mut bob).await;
    let uri = format!("{}/api/v1/ws", server.url().replace("http", "ws"));
    let (name, value) = ("sec-websocket-protocol", "kith.v1.msgpack");
    let builder = ClientBuilder::from_uri(uri.parse::<Uri>().unwrap());
    let builder =
        builder.add_header(HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut packed = builder.unwrap().connect().await.unwrap().0;
    for frame in [
        json!({"v": 1, "auth": {"token": bob_token}}),
        json!({"id": 1, "subscribe": [{"feed": tea}]}),
        json!({"id": 2, "signal": {"aware": {"feed": tea, "state": at}}}),
    ] {
        packed.send(Message::binary(rmp_serde::to_vec_named(&frame).unwrap())).await.unwrap();
    }
    let found = loop {
        let message = packed.next().await.unwrap().unwrap();
        let frame: Value = rmp_serde::from_slice(message.as_payload()).unwrap();
        assert!(frame.get("error").is_none(), "{frame}");
        if let Some(found) = frame.get("aware") {
            break found.clone();
        }
    };
    assert_eq!((&found["all"], &found["states"]), (&json!(true), &told["states"]));
    let told = aware(&mut ana).await;
    assert_eq!(states(&told), [(&bob.user, &at)]);
}

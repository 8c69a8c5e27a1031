//! What a client is told when it opens: what it asked to see, never the whole world.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use serde_json::json;
use site::Server;

/// Streams and members of the circle.
const MANY: usize = 300;
/// What signing in, the window, the circle and one stream may be in all, in bytes.
const BYTES_MAX: usize = 300 * 1024;

#[tokio::test]
async fn the_first_load_of_many_streams_with_many_members_is_small() {
    let server = Server::open().await;
    let ana = server.user("ana").await;
    let mut owner = server.enter(&ana).await;
    let make = json!({"create_circle": {"name": "Tea", "public": true}});
    let made = owner.ask(json!({"id": 1, "do": make})).await;
    let (circle, first) = (made["done"]["circle"].clone(), made["done"]["stream"].clone());
    for number in 0..MANY {
        let token = server.user(&format!("member{number}")).await;
        let mut member = server.enter(&token).await;
        member.ask(json!({"id": 1, "do": {"join": {"circle": circle}}})).await;
        let stream = json!({"circle": circle, "name": format!("stream {number}")});
        let made = owner.ask(json!({"id": 2, "do": {"create_stream": stream}})).await;
        let text = format!("Hello, @ana: this is message {number}");
        for stream in [&made["done"]["stream"], &first] {
            let post = json!({"post": {"stream": stream, "text": text}});
            member.ask(json!({"id": 2, "do": post})).await;
        }
    }
    let mut socket = server.enter(&ana).await;
    let window = socket.ask_all(json!({"id": 1, "get": {"window": {}}})).await;
    let follow = json!([{"feed": circle}, {"feed": first, "window": 50}]);
    let feeds = socket.ask_all(json!({"id": 2, "subscribe": follow})).await;
    // Of the circle, its first stream, and the others.
    assert_eq!(window.matches("\"head\":").count(), 2 + MANY);
    assert_eq!(window.matches("\"mentions\":1,").count(), MANY);
    assert_eq!(feeds.matches("this is message").count(), 50);
    assert!(!window.contains("this is message") && !window.contains("member1"), "the whole world");
    assert!(window.len() + feeds.len() < BYTES_MAX, "{} + {}", window.len(), feeds.len());
}

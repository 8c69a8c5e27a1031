//! What one transaction did comes in one frame, and the same for all who read a topic.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use serde_json::{Value, json};
use site::{Server, Socket};

async fn make(socket: &mut Socket, what: Value) -> Value {
    socket.ask(json!({"id": 1, "do": what})).await["done"].clone()
}

async fn topic(socket: &mut Socket, circle: &Value, name: &str, holds: &str) -> Value {
    let topic = json!({"circle": circle, "name": name, "holds": holds});
    make(socket, json!({"create_topic": topic})).await["topic"].clone()
}

async fn read(socket: &mut Socket, topic: &Value) -> Value {
    let got = socket.ask(json!({"id": 9, "get": {"topic": {"topic": topic}}})).await;
    got["got"]["topic"]["value"].clone()
}

fn add(topic: &Value) -> Value {
    json!({"topic": topic, "change": {"add": {"by": 1}}})
}

#[tokio::test]
async fn a_transaction_comes_in_one_frame_also_to_whoever_blocks_its_author() {
    let server = Server::open().await;
    let mut bob = server.enter(&server.user("bob").await).await;
    let mut ana = server.enter(&server.user("ana").await).await;
    let made = make(&mut ana, json!({"create_circle": {"name": "Tea", "public": true}})).await;
    let circle = &made["circle"];
    let one = topic(&mut ana, circle, "one", "int").await;
    let two = topic(&mut ana, circle, "two", "int").await;
    let bell = topic(&mut ana, circle, "bell", "event").await;
    make(&mut bob, json!({"join": {"circle": circle}})).await;
    make(&mut bob, json!({"block": {"user": ana.user}})).await;
    let feeds = json!([{"feed": one}, {"feed": two}, {"feed": bell}]);
    bob.ask(json!({"id": 2, "subscribe": feeds})).await;

    let ring = json!({"topic": bell, "change": {"emit": {}}});
    let changes = json!([add(&one), add(&two), ring, add(&one)]);
    make(&mut ana, json!({"change": {"changes": changes}})).await;
    let told = bob.next().await.unwrap();
    let events = told["events"].as_array().unwrap();
    let places: Vec<_> = events.iter().map(|event| (&event["feed"], &event["seq"])).collect();
    let (second, third) = (json!(2), json!(3));
    let all = [(&one, &second), (&two, &second), (&bell, &second), (&one, &third)];
    assert_eq!(places, all);
    assert_eq!(read(&mut bob, &one).await, json!(2));

    // The same after the fact.
    let feeds = json!([{"feed": one, "after": 1}, {"feed": bell, "after": 1}]);
    let told = bob.ask_all(json!({"id": 3, "subscribe": feeds})).await;
    assert!(told.contains("\"add\""), "{told}");
    assert!(told.contains("\"emit\""), "{told}");
}

#[tokio::test]
async fn a_refusal_says_which_change_it_is_about() {
    let server = Server::open().await;
    let mut ana = server.enter(&server.user("ana").await).await;
    let made = make(&mut ana, json!({"create_circle": {"name": "Tea", "public": true}})).await;
    let one = topic(&mut ana, &made["circle"], "one", "int").await;
    let wrong = json!({"topic": one, "change": {"splice": {"at": 0}}});
    let changes = json!([add(&one), wrong]);
    let answer = ana.ask(json!({"id": 2, "do": {"change": {"changes": changes}}})).await;
    assert_eq!((&answer["code"], &answer["change"]), (&json!("topic.wrong_change"), &json!(1)));
    assert_eq!(read(&mut ana, &one).await, json!(0));
}

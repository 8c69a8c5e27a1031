//! The gateway beside native sessions, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "common/site.rs"]
mod site;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use kith_core::command::Command;
use kith_core::document::Rules;
use kith_core::id::TopicId;
use kith_core::permission::{Permission, Permissions};
use kith_core::text::TopicName;
use kith_core::topic::{Anchor, Change, Kind, Spot};
use kith_gateway_topicsync::{Gateway, Options};
use serde_json::{Value as Json, json};
use site::{Got, Native, Site, Socket, change};
use tokio::io::DuplexStream;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};

fn name(name: &str) -> TopicName {
    TopicName::parse(name).unwrap()
}

/// A client of *ana* that was greeted.
async fn greeted(site: &Site) -> Socket {
    let mut client = site.client().await;
    assert!(matches!(client.next().await, Got::Message(hello) if hello["type"] == "hello"));
    client
}

async fn create(native: &Native, site: &Site, topic: &str, holds: Kind, value: Json) -> TopicId {
    let (circle, name, value) = (site.circle, name(topic), Some(value));
    let (rules, deny) = (Rules::default(), BTreeMap::new());
    let create = Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false };
    native.must(create).await.topic.unwrap()
}

/// A client of a gateway like the site's, on a connection that holds little.
fn narrow(site: &Site) -> WebSocketStream<DuplexStream> {
    let options = Options {
        circle: "home".to_owned(),
        user: "ana".to_owned(),
        idle_seconds: 0,
        queue_bytes: 64 * 1024,
        heartbeat: Duration::from_secs(25),
        session_ms: 3_600_000,
    };
    let gateway = Gateway::new(site.app.hub.clone(), options);
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { gateway.serve(far, &[], std::future::pending()).await });
    ClientBuilder::new().take_over(near)
}

/// What follows a subscription.
async fn first(client: &mut Socket, topic: &str) -> Json {
    client.say("subscribe", json!({"topic_names": [topic]})).await;
    let mut all = client.messages().await;
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)["args"]["content"][topic].take()
}

/// The changes that came, without their ids.
async fn changes(client: &mut Socket) -> Vec<Json> {
    let mut all = Vec::new();
    for mut message in client.messages().await {
        assert_eq!(message["type"], "update", "{message}");
        for change in message["args"]["changes"].as_array_mut().unwrap() {
            let change = change.as_object_mut().unwrap();
            change.remove("id");
            change.remove("topic_name");
            change.remove("topic_type");
            all.push(Json::Object(change.clone()));
        }
    }
    all
}

fn set(topic: &str, value: i64) -> Json {
    json!({"topic_name": topic, "topic_type": "int", "type": "set", "value": value})
}

fn made(topic: &str, is: &str) -> Json {
    let value = json!({"type": is, "boundary_value": null});
    json!({"topic_name": "_topicsync/topic_list", "topic_type": "dict", "type": "add",
           "key": topic, "value": value})
}

async fn act(client: &mut Socket, commands: &[Json]) {
    client.say("action", json!({"commands": commands, "action_id": "act"})).await;
}

#[tokio::test]
async fn what_native_sessions_do_is_told_in_words_of_topicsync() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let list = create(&native, &site, "l", Kind::List, json!(["a", "b", "c"])).await;
    let mut client = greeted(&site).await;
    assert_eq!(first(&mut client, "l").await, json!({"value": ["a", "b", "c"]}));
    native.must(change(list, Change::Move { from: Spot::At(0), to: Anchor::At(2) })).await;
    let told = changes(&mut client).await;
    let expected = [
        json!({"type": "pop", "position": 0}),
        json!({"type": "insert", "position": 2, "item": "a"}),
    ];
    assert_eq!(told, expected);
    assert_eq!(first(&mut client, "l").await, json!({"value": ["b", "c", "a"]}));
    // Set to what it is: nothing happened.
    native.must(change(list, Change::Set { value: json!(["b", "c", "a"]) })).await;
    assert_eq!(changes(&mut client).await, [] as [Json; 0]);
}

#[tokio::test]
async fn the_list_follows_what_native_sessions_make_rename_and_remove() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let mut client = greeted(&site).await;
    let list = first(&mut client, "_topicsync/topic_list").await;
    assert_eq!(list["value"].as_object().unwrap().len(), 1);
    let topic = create(&native, &site, "one", Kind::Bool, json!(true)).await;
    let entry = json!({"type": "generic", "boundary_value": true, "is_stateful": true, "order_strict": true});
    let told = changes(&mut client).await;
    assert_eq!(told, [json!({"type": "add", "key": "one", "value": entry})]);
    first(&mut client, "one").await;
    let (to, rules) = (name("two"), Rules { merge: true, ..Rules::default() });
    native.must(Command::ChangeTopic { topic, name: to, rules }).await;
    let mut now = entry.clone();
    now["order_strict"] = json!(false);
    let expected =
        [json!({"type": "pop", "key": "one"}), json!({"type": "add", "key": "two", "value": now})];
    assert_eq!(changes(&mut client).await, expected);
    native.must(change(topic, Change::Set { value: json!(false) })).await;
    assert_eq!(changes(&mut client).await, [] as [Json; 0], "it follows no name that is gone");
    native.must(Command::RemoveTopic { topic }).await;
    let told = changes(&mut client).await;
    assert_eq!(told.last(), Some(&json!({"type": "pop", "key": "two"})));
    assert_eq!(first(&mut client, "two").await, Json::Null);
}

#[tokio::test]
async fn an_action_is_one_transaction_with_the_topics_that_it_makes() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let mut client = greeted(&site).await;
    first(&mut client, "_topicsync/topic_list").await;
    let edit = |topic: &str, base: &str, at: u32, text: &str, result: &str| {
        json!({"topic_name": topic, "topic_type": "string", "type": "insert", "topic_version": base,
               "position": at, "insertion": text, "result_topic_version": result})
    };
    let edits = [edit("s", "s_init", 0, "b", "v1"), edit("s", "s_init", 0, "a", "v2"), set("n", 7)];
    let mut commands = vec![made("s", "string"), made("n", "int")];
    commands.extend(edits);
    act(&mut client, &commands).await;
    let told = changes(&mut client).await;
    assert_eq!(told.iter().map(|told| &told["type"]).collect::<Vec<_>>(), ["add", "add"]);
    assert_eq!(first(&mut client, "s").await, json!({"value": "ab", "id": "v2"}));
    assert_eq!(first(&mut client, "n").await, json!({"value": 7}));
    // One step of the user's: what it did to topics goes together.
    native.must(Command::Undo { circle: site.circle, skip: false }).await;
    assert!(!native.may(Command::Undo { circle: site.circle, skip: false }).await);
    client.messages().await;
    assert_eq!(first(&mut client, "s").await["value"], "");
    assert_eq!(first(&mut client, "n").await, json!({"value": 0}));
    // A failure at the end leaves nothing, not even the topics.
    act(&mut client, &[made("gone", "int"), set("gone", 1), set("nowhere", 1)]).await;
    let told = client.messages().await;
    let kinds: Vec<_> = told.iter().map(|told| told["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["update", "reject"]);
    let seen: Vec<_> = told[0]["args"]["changes"].as_array().unwrap().iter().collect();
    assert_eq!(seen.iter().map(|seen| &seen["type"]).collect::<Vec<_>>(), ["add", "pop"]);
    assert_eq!(first(&mut client, "gone").await, Json::Null);
}

#[tokio::test]
async fn the_gateway_may_what_its_user_may() {
    let site = Site::open().await;
    let bob = site.sign_up("bob").await;
    let owner = site.native(&bob).await;
    // The gateway acts as ana, who hands her circle over and is a member like others then.
    let ana = site.native(&site.token).await;
    let topic = create(&ana, &site, "n", Kind::Int, json!(1)).await;
    owner.must(Command::Join { circle: site.circle }).await;
    let user = site.app.auth.caller(&bob).await.unwrap().user;
    ana.must(Command::ChangeOwner { circle: site.circle, owner: user }).await;
    let mut client = greeted(&site).await;
    first(&mut client, "_topicsync/topic_list").await;
    assert_eq!(first(&mut client, "n").await, json!({"value": 1}));
    act(&mut client, &[made("mine", "int")]).await;
    assert_eq!(client.messages().await[0]["type"], "reject");
    let circle = site.app.hub.circle(user, site.circle).await.unwrap().0;
    let deny = |permission: Permission| {
        let permissions = Permissions::of(&[permission]);
        let deny = BTreeMap::from([(circle.everyone, permissions)]);
        Command::NarrowTopic { topic, deny }
    };
    owner.must(deny(Permission::Write)).await;
    assert_eq!(client.messages().await, [] as [Json; 0]);
    act(&mut client, &[set("n", 2)]).await;
    assert_eq!(client.messages().await[0]["type"], "reject");
    // Hidden, it is as if it were gone.
    owner.must(deny(Permission::Read)).await;
    assert_eq!(changes(&mut client).await, [json!({"type": "pop", "key": "n"})]);
    owner.must(change(topic, Change::Set { value: json!(5) })).await;
    assert_eq!(client.messages().await, [] as [Json; 0]);
    assert_eq!(first(&mut client, "n").await, Json::Null);
    owner.must(Command::NarrowTopic { topic, deny: BTreeMap::new() }).await;
    assert_eq!(changes(&mut client).await[0]["key"], "n");
    assert_eq!(first(&mut client, "n").await, json!({"value": 5}));
    // Who is out of the circle is out of the gateway.
    let caller = site.app.auth.caller(&site.token).await.unwrap();
    let kick = Command::Kick { circle: site.circle, user: caller.user, reason: None };
    owner.must(kick).await;
    while let Got::Message(told) = client.next().await {
        assert_eq!(told["args"]["changes"][0]["type"], "pop", "{told}");
    }
    let mut late = site.client().await;
    assert_eq!(late.next().await, Got::Closed(Some(1013)));
}

#[tokio::test]
async fn whoever_ends_the_session_ends_all_clients() {
    let site = Site::open().await;
    let mut client = greeted(&site).await;
    let user = site.app.auth.caller(&site.token).await.unwrap().user;
    let sessions = site.app.hub.sessions(user).await.unwrap();
    let of_gateway = sessions.iter().find(|one| one.label.as_str() == "topicsync gateway");
    let session = of_gateway.unwrap().id;
    site.native(&site.token).await.must(Command::RevokeSession { session }).await;
    assert!(matches!(client.next().await, Got::Closed(_)));
    // The gateway is the operator's: it goes on for those who come.
    greeted(&site).await;
}

#[tokio::test]
async fn edits_of_native_sessions_are_reckoned_in() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let topic = create(&native, &site, "s", Kind::String, json!("hello")).await;
    let mut client = greeted(&site).await;
    let version = first(&mut client, "s").await["id"].clone();
    let splice = Change::Splice { at: 0, delete: 1, insert: "J\u{1f375}".to_owned(), after: None };
    native.must(change(topic, splice)).await;
    let told = changes(&mut client).await;
    assert_eq!(told.len(), 2);
    let end = json!({"topic_name": "s", "topic_type": "string", "type": "insert", "position": 5,
                     "topic_version": version, "insertion": "!", "result_topic_version": "mine"});
    act(&mut client, &[end]).await;
    let told = changes(&mut client).await;
    assert_eq!(told[0]["position"], 7, "counted in UTF-16");
    assert_eq!(first(&mut client, "s").await, json!({"value": "J\u{1f375}ello!", "id": "mine"}));
}

#[tokio::test]
async fn changes_at_the_same_time_all_happen() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let topic = create(&native, &site, "s", Kind::String, json!("")).await;
    let mut client = greeted(&site).await;
    first(&mut client, "s").await;
    let writing = async {
        for _ in 0..50 {
            let insert = "n".to_owned();
            let splice = Change::Splice { at: 0, delete: 0, insert, after: None };
            native.must(change(topic, splice)).await;
        }
    };
    let acting = async {
        for turn in 0..50 {
            let edit = json!({"topic_name": "s", "topic_type": "string", "type": "insert",
                              "topic_version": if turn == 0 { "s_init".to_owned() } else { format!("v{}", turn - 1) },
                              "position": 0, "insertion": "t", "result_topic_version": format!("v{turn}")});
            act(&mut client, &[edit]).await;
        }
    };
    tokio::join!(writing, acting);
    let told = client.messages().await;
    assert!(told.iter().all(|told| told["type"] == "update"), "{told:?}");
    let text = first(&mut client, "s").await["value"].as_str().unwrap().to_owned();
    let count = |letter| text.chars().filter(|other| *other == letter).count();
    assert_eq!((count('n'), count('t')), (50, 50));
}

#[tokio::test]
async fn a_client_may_speak_bson() {
    let site = Site::open().await;
    let mut client = greeted(&site).await;
    let subscribe =
        bson::doc! {"type": "subscribe", "args": {"topic_name": "_topicsync/server_status"}};
    client.send_binary(subscribe.to_vec().unwrap()).await;
    assert_eq!(client.messages().await[0]["args"]["value"], "ok");
    client.send_binary(vec![5, 0, 0, 0, 9]).await;
    assert_eq!(client.settled().await, [Got::Closed(Some(1000))]);
}

#[tokio::test]
async fn a_client_reads_why_its_action_failed_and_nobody_elses() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let Got::Message(hello) = client.next().await else { panic!("no hello") };
    let mine = format!("_topicsync/client_message/{}", hello["args"]["id"]);
    assert_eq!(first(&mut client, &mine).await["value"], "");
    act(&mut client, &[set("nowhere", 1)]).await;
    let told = client.messages().await;
    assert_eq!(told[0]["args"]["changes"][0]["value"], told[1]["args"]["reason"]);
    assert_eq!(first(&mut client, &mine).await["value"], told[1]["args"]["reason"]);
    let mut other = greeted(&site).await;
    assert_eq!(first(&mut other, &mine).await, Json::Null);
    let write = json!({"topic_name": mine, "topic_type": "string", "type": "set", "value": "x"});
    act(&mut other, &[write, made("_topicsync/x", "int")]).await;
    assert_eq!(other.messages().await[0]["type"], "reject");
}

#[tokio::test]
async fn what_is_too_much_is_refused() {
    let site = Site::open().await;
    let mut client = greeted(&site).await;
    act(&mut client, &vec![set("n", 1); 1001]).await;
    assert_eq!(client.messages().await[0]["type"], "reject");
    // A reason is short, whatever it is about.
    let long = "x".repeat(100_000);
    let reserved = set(&format!("_topicsync/{long}"), 1);
    let mut strange = set("n", 1);
    strange["type"] = json!(long);
    for command in [set(&long, 1), reserved, strange, made(&long, "int"), made("n", &long)] {
        act(&mut client, &[command]).await;
        let told = client.messages().await.remove(0);
        assert!(told["args"]["reason"].as_str().unwrap().len() < 1000, "{}", told["type"]);
    }
    // The longest that is read, and one byte more.
    let text = |bytes: usize| {
        let rest = r#"{"type":"x","args":{"x":""}}"#;
        rest.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - rest.len())))
    };
    client.send_text(text(4 * 1024 * 1024)).await;
    assert_eq!(client.settled().await, []);
    client.send_text(text(4 * 1024 * 1024 + 1)).await;
    assert_eq!(client.settled().await, [Got::Closed(Some(1009))]);
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_holds_nobody_up() {
    let site = Site::open().await;
    let mut client = greeted(&site).await;
    act(&mut client, &[made("g", "generic")]).await;
    let say = json!({"topic_name": "g", "topic_type": "generic", "type": "set",
                     "value": "x".repeat(60_000)});
    act(&mut client, &[say]).await;
    assert_eq!(client.settled().await, []);
    let mut slow = narrow(&site);
    let subscribe = json!({"type": "subscribe", "args": {"topic_names": ["g"]}}).to_string();
    for _ in 0..20 {
        // The connection may be gone already.
        let _ = slow.send(Message::text(subscribe.clone())).await;
    }
    let mut count = 0;
    while let Some(Ok(message)) = slow.next().await {
        count += usize::from(message.is_text());
    }
    assert!(count < 10, "{count} messages were kept for it");
    assert_eq!(first(&mut client, "g").await["value"].as_str().unwrap().len(), 60_000);
}

#[tokio::test]
async fn it_is_at_a_path_of_the_main_address_too_where_the_operator_wants_it() {
    let site = Site::open().await;
    let mut client =
        Socket::open(&format!("ws://127.0.0.1:{}/topicsync", site.port)).await.unwrap();
    assert!(matches!(client.next().await, Got::Message(_)));
    for (port, path) in [(site.port, "/"), (site.port, "/topicsync/x")] {
        assert!(Socket::open(&format!("ws://127.0.0.1:{port}{path}")).await.is_none());
    }
    let off = Site::with(|settings| settings.topicsync_circle.clear()).await;
    for (port, path) in [(off.port, "/topicsync"), (off.own_port, "/")] {
        assert!(Socket::open(&format!("ws://127.0.0.1:{port}{path}")).await.is_none());
    }
    let nowhere = Site::with(|settings| "nowhere".clone_into(&mut settings.topicsync_circle)).await;
    assert_eq!(nowhere.client().await.next().await, Got::Closed(Some(1013)));
}

#[tokio::test]
async fn ephemeral_topics_and_those_without_undo_are_followed_like_others() {
    let site = Site::open().await;
    let native = site.native(&site.token).await;
    let mut client = greeted(&site).await;
    for (topic, rules) in [
        ("live", Rules { ephemeral: true, ..Rules::default() }),
        ("plain", Rules { no_undo: true, ..Rules::default() }),
    ] {
        let (circle, value, deny) = (site.circle, None, BTreeMap::new());
        let (name, holds) = (name(topic), Kind::Int);
        native
            .must(Command::CreateTopic { circle, name, holds, value, rules, deny, replace: false })
            .await;
        assert_eq!(first(&mut client, topic).await, json!({"value": 0}));
        act(&mut client, &[set(topic, 3)]).await;
        assert_eq!(changes(&mut client).await[0]["value"], 3);
        let id = native.topic(site.circle, self::name(topic)).await;
        native.must(change(id, Change::Add { by: 2.into() })).await;
        assert_eq!(changes(&mut client).await, [json!({"type": "add", "value": 2})]);
        assert!(!native.may(Command::Undo { circle: site.circle, skip: false }).await);
    }
}

#[tokio::test]
async fn whoever_says_nothing_for_as_long_as_the_gateway_says_is_sent_away() {
    let site = Site::with(|settings| settings.topicsync_idle_seconds = 100).await;
    let (mut talks, mut listens) = (greeted(&site).await, greeted(&site).await);
    site.clock.advance(Duration::from_secs(90));
    talks.say("subscribe", json!({"topic_names": []})).await;
    talks.messages().await;
    site.clock.advance(Duration::from_secs(20));
    assert_eq!(listens.next().await, Got::Closed(Some(1008)));
    assert_eq!(talks.messages().await, Vec::<Json>::new());
    let site = Site::open().await;
    let mut listens = greeted(&site).await;
    site.clock.advance(Duration::from_secs(86_400));
    assert_eq!(listens.messages().await, Vec::<Json>::new(), "nobody set how long");
}

//! The WebSocket as a client meets it, over real sockets.
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, Uri};
use kith_hub::testing::Clock;
use kith_hub::verify::Watched;
use kith_hub::{Environment, Hub, Limits};
use kith_server::App;
use kith_server::settings::{Registration, Settings};
use kith_store::memory::MemoryStore;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

struct Server {
    app: Arc<App>,
    port: u16,
}

const PASSWORD: &str = "correct horse battery";

async fn server(change: impl FnOnce(&mut Settings)) -> Server {
    let mut settings = Settings {
        registration: Registration::Open,
        password_memory_kib: 64,
        sign_ups_per_minute: 1000,
        ..Settings::default()
    };
    change(&mut settings);
    let env: Arc<dyn Environment> = Arc::new(Clock::default());
    let limits = Limits { mailbox_bytes: settings.queue_bytes as usize, ..Limits::default() };
    let hub =
        Hub::open(Arc::new(Watched(MemoryStore::new())), Arc::clone(&env), limits).await.unwrap();
    let app = App::new(hub, env, settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(kith_server::listen::serve(Arc::clone(&app), listener, None));
    Server { app, port }
}

impl Server {
    async fn user(&self, name: &str) -> String {
        let address = std::net::Ipv4Addr::LOCALHOST.into();
        self.app.sign_up(name, PASSWORD, None, None, "test", address).await.unwrap().token
    }

    fn builder(&self) -> ClientBuilder<'static> {
        let uri: Uri = format!("ws://127.0.0.1:{}/api/v1/ws", self.port).parse().unwrap();
        ClientBuilder::from_uri(uri)
    }

    async fn open(&self) -> Socket {
        self.builder().connect().await.unwrap().0
    }

    async fn enter(&self, token: &str) -> Socket {
        let mut socket = self.open().await;
        send(&mut socket, &json!({"v": 1, "auth": {"token": token}})).await;
        let welcome = next(&mut socket).await;
        assert_eq!(welcome["welcome"]["v"], 1, "{welcome}");
        socket
    }
}

async fn send(socket: &mut Socket, frame: &Value) {
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = socket.next().await.expect("the connection is open").unwrap();
        if let Some(text) = message.as_text() {
            return serde_json::from_str(text).unwrap();
        }
        assert!(!message.is_close(), "closed: {:?}", message.as_close());
    }
}

/// The reply to a request; what comes before it is left out.
async fn ask(socket: &mut Socket, request: Value) -> Value {
    send(socket, &request).await;
    loop {
        let frame = next(socket).await;
        for kind in ["ok", "error"] {
            if frame[kind]["id"] == request["id"] {
                return frame[kind].clone();
            }
        }
    }
}

/// The code of the farewell, and the code that the server closes with.
async fn end(socket: &mut Socket) -> (String, u16) {
    let mut bye = String::new();
    loop {
        let message = socket.next().await.expect("a close frame comes first").unwrap();
        if let Some((code, _)) = message.as_close() {
            return (bye, u16::from(code));
        }
        if let Some(text) = message.as_text() {
            let frame: Value = serde_json::from_str(text).unwrap();
            bye = frame["bye"]["code"].as_str().unwrap_or_default().to_owned();
        }
    }
}

async fn circle(socket: &mut Socket) -> (Value, Value) {
    let make = json!({"create_circle": {"name": "Tea", "public": true}});
    let made = ask(socket, json!({"id": 1, "do": make})).await;
    (made["done"]["circle"].clone(), made["done"]["stream"].clone())
}

#[tokio::test]
async fn the_first_frame_authenticates_or_the_connection_ends_with_a_reason() {
    let server = server(|_| {}).await;
    let unknown = json!({"password": {"name": "nobody", "password": "whatever it is"}});
    for auth in [json!({"token": "kith_wrong"}), unknown, json!({"cookie": {}})] {
        let mut socket = server.open().await;
        send(&mut socket, &json!({"v": 1, "auth": auth})).await;
        assert_eq!(end(&mut socket).await, ("auth.failed".to_owned(), 4401), "{auth}");
    }
    let mut socket = server.open().await;
    send(&mut socket, &json!({"id": 1, "get": {"window": {}}})).await;
    assert_eq!(end(&mut socket).await, ("input.invalid".to_owned(), 4401));
}

#[tokio::test]
async fn a_silent_connection_is_closed_in_time() {
    let server = server(|settings| settings.auth_ms = 50).await;
    let mut socket = server.open().await;
    assert_eq!(end(&mut socket).await, ("auth.too_slow".to_owned(), 4401));
}

#[tokio::test]
async fn those_who_say_nothing_keep_nobody_out() {
    let server = server(|_| {}).await;
    let token = server.user("ana").await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(("127.0.0.1", server.port)).await.unwrap());
    }
    server.enter(&token).await;
}

#[tokio::test]
async fn wrong_passwords_slow_the_guesser_and_not_the_owner() {
    let server = server(|settings| settings.sign_in_burst = 3).await;
    let token = server.user("ana").await;
    let mut codes = Vec::new();
    for _ in 0..4 {
        let mut socket = server.open().await;
        let auth = json!({"password": {"name": "ana", "password": "not the password"}});
        send(&mut socket, &json!({"v": 1, "auth": auth})).await;
        codes.push(end(&mut socket).await.0);
    }
    assert_eq!(codes, ["auth.failed", "auth.failed", "auth.failed", "rate.limited"]);
    server.enter(&token).await;
}

#[tokio::test]
async fn two_people_talk_in_json_and_messagepack() {
    let server = server(|_| {}).await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let mut one = server.enter(&ana).await;
    let (tea, stream) = circle(&mut one).await;
    ask(&mut one, json!({"id": 2, "subscribe": [{"feed": stream}]})).await;
    let name = HeaderName::from_static("sec-websocket-protocol");
    let packed = server.builder().add_header(name, HeaderValue::from_static("kith.v1.msgpack"));
    let (mut two, response) = packed.unwrap().connect().await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "kith.v1.msgpack");
    for frame in [
        json!({"v": 1, "auth": {"token": bob}}),
        json!({"id": 1, "do": {"join": {"circle": tea}}}),
        json!({"id": 2, "op": "x", "do": {"post": {"stream": stream, "text": "hi"}}}),
    ] {
        two.send(Message::binary(rmp_serde::to_vec_named(&frame).unwrap())).await.unwrap();
        let answer = two.next().await.unwrap().unwrap();
        let answer: Value = rmp_serde::from_slice(answer.as_payload()).unwrap();
        assert!(answer["error"].is_null() && answer["bye"].is_null(), "{answer}");
    }
    let event = next(&mut one).await;
    assert_eq!(
        (&event["event"]["body"]["text"], &event["event"]["op"]),
        (&json!("hi"), &json!("x"))
    );
}

#[tokio::test]
async fn nonsense_is_answered_and_then_ends_the_connection() {
    let server = server(|_| {}).await;
    let mut socket = server.enter(&server.user("ana").await).await;
    let both = ask(&mut socket, json!({"id": 1, "get": {"ping": {}}, "unsubscribe": []})).await;
    assert_eq!(both["code"], "input.invalid");
    let post = json!({"post": {"stream": "s_01h455vb4pex5vsknk084sn02q", "text": "\u{7}"}});
    for (bad, code) in [
        (json!({"fly": {}}), "input.invalid"),
        (post, "input.malformed"),
        (json!(7), "input.invalid"),
    ] {
        for _ in 0..5 {
            let answer = ask(&mut socket, json!({"id": 3, "do": bad})).await;
            assert_eq!(answer["code"], code, "{answer}");
        }
    }
    for _ in 0..9 {
        socket.send(Message::text("{\"id\":")).await.unwrap();
        let error = next(&mut socket).await;
        assert_eq!(error["error"]["code"], "input.invalid");
        assert!(error["error"]["id"].is_null());
    }
    assert_eq!(ask(&mut socket, json!({"id": 2, "get": {"ping": {}}})).await["id"], 2);
    socket.send(Message::text("[")).await.unwrap();
    assert_eq!(end(&mut socket).await.1, 4408);
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_only_its_own_connection() {
    let server = server(|_| {}).await;
    let token = server.user("ana").await;
    let (mut other, mut socket) = (server.enter(&token).await, server.enter(&token).await);
    socket.send(Message::text("x".repeat(70_000))).await.unwrap();
    assert_eq!(end(&mut socket).await.1, 1009);
    // Only what brings updates into texts may be so large, and not larger than they may be.
    let long = "x".repeat(70_000);
    for large in [
        json!({"id": 3, "get": {"user_by_name": {"name": long}}}).to_string(),
        json!({"id": 3, "do": {"change": {"changes": vec![[[0]]; 12_000]}}}).to_string(),
    ] {
        let mut socket = server.enter(&token).await;
        // It may be gone before all of it was sent.
        let _ = socket.send(Message::text(large)).await;
        assert_eq!(end(&mut socket).await.1, 1009);
    }
    assert_eq!(ask(&mut other, json!({"id": 2, "get": {"ping": {}}})).await["id"], 2);
}

#[tokio::test]
async fn a_page_of_another_origin_opens_no_socket() {
    let server = server(|_| {}).await;
    let own = format!("http://127.0.0.1:{}", server.port);
    let foreign = ["https://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1"];
    for origin in foreign.into_iter().chain([own.as_str()]) {
        let value = HeaderValue::from_str(origin).unwrap();
        let builder = server.builder().add_header(HeaderName::from_static("origin"), value);
        assert_eq!(builder.unwrap().connect().await.is_ok(), origin == own, "{origin}");
    }
}

#[tokio::test]
async fn a_named_page_opens_a_socket_that_knows_no_cookie() {
    let server = server(|settings| settings.origins = "https://app.example".to_owned()).await;
    let token = server.user("ana").await;
    for (origin, is_let_in) in [("https://app.example", false), ("", true)] {
        let mut builder = server.builder();
        if !origin.is_empty() {
            let value = HeaderValue::from_str(origin).unwrap();
            builder = builder.add_header(HeaderName::from_static("origin"), value).unwrap();
        }
        let cookie = HeaderValue::from_str(&format!("kith_session={token}")).unwrap();
        let builder = builder.add_header(HeaderName::from_static("cookie"), cookie).unwrap();
        let (mut socket, _) = builder.connect().await.unwrap();
        send(&mut socket, &json!({"v": 1, "auth": {"cookie": {}}})).await;
        let told = next(&mut socket).await;
        assert_eq!(told.get("welcome").is_some(), is_let_in, "{origin}: {told}");
    }
}

#[tokio::test]
async fn what_may_not_be_seen_is_refused_like_what_is_not_there() {
    let server = server(|_| {}).await;
    let (ana, eve) = (server.user("ana").await, server.user("eve").await);
    let mut owner = server.enter(&ana).await;
    let hidden =
        ask(&mut owner, json!({"id": 1, "do": {"create_circle": {"name": "Private"}}})).await;
    let hidden = hidden["done"]["stream"].as_str().unwrap().to_owned();
    let mut stranger = server.enter(&eve).await;
    let mut answers = Vec::new();
    for stream in [hidden.as_str(), "s_01kaf2g6x40000000000000001"] {
        let mut told = Vec::new();
        for request in [
            json!({"id": 9, "do": {"post": {"stream": stream, "text": "hi"}}}),
            json!({"id": 9, "do": {"react": {"stream": stream, "message": 2, "emoji": "👍"}}}),
            json!({"id": 9, "do": {"read": {"stream": stream, "seq": 1}}}),
            json!({"id": 9, "get": {"messages": {"stream": stream}}}),
            json!({"id": 9, "get": {"unread": {"stream": stream}}}),
            json!({"id": 9, "signal": {"typing": {"stream": stream}}}),
        ] {
            told.push(ask(&mut stranger, request).await.to_string());
        }
        send(&mut stranger, &json!({"id": 10, "subscribe": [{"feed": stream}]})).await;
        told.push(next(&mut stranger).await.to_string().replace(stream, "it"));
        next(&mut stranger).await;
        assert!(told.iter().all(|answer| answer.contains("stream.not_found")), "{told:?}");
        answers.push(told);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn typing_and_presence_are_told_and_the_blocked_are_hidden() {
    let server = server(|_| {}).await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let mut one = server.enter(&ana).await;
    let (tea, stream) = circle(&mut one).await;
    ask(&mut one, json!({"id": 2, "subscribe": [{"feed": tea}, {"feed": stream}]})).await;
    let mut two = server.enter(&bob).await;
    ask(&mut two, json!({"id": 1, "do": {"join": {"circle": tea}}})).await;
    let joined = next(&mut one).await;
    let bob_id = joined["event"]["body"]["user"].clone();
    ask(&mut two, json!({"id": 2, "signal": {"typing": {"stream": stream}}})).await;
    let typing = json!({"stream": stream});
    assert_eq!(next(&mut one).await["signal"]["what"]["typing"], typing);
    let posted =
        ask(&mut one, json!({"id": 3, "do": {"post": {"stream": stream, "text": "tea?"}}}));
    assert_eq!(posted.await["done"]["events"][0]["seq"], 2);
    let typing = json!({"stream": stream, "thread": 2});
    ask(&mut two, json!({"id": 3, "signal": {"typing": typing}})).await;
    assert_eq!(next(&mut one).await["signal"]["what"]["typing"], typing);
    let nowhere = json!({"stream": stream, "thread": 9});
    let refused = ask(&mut two, json!({"id": 3, "signal": {"typing": nowhere}})).await;
    assert_eq!(refused["code"], "message.not_found", "{refused}");
    ask(&mut two, json!({"id": 3, "signal": {"presence": {"status": "away"}}})).await;
    assert_eq!(next(&mut one).await["signal"]["what"]["presence"]["status"], "away");
    ask(&mut one, json!({"id": 4, "do": {"block": {"user": bob_id}}})).await;
    ask(&mut two, json!({"id": 5, "do": {"post": {"stream": stream, "text": "psst"}}})).await;
    assert_eq!(next(&mut one).await["hidden"], json!({"feed": stream, "seq": 3}));
    let messages = ask(&mut one, json!({"id": 6, "get": {"messages": {"stream": stream}}})).await;
    assert_eq!(messages["got"]["messages"]["messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn one_who_comes_as_away_is_shown_so_from_the_beginning() {
    let server = server(|_| {}).await;
    let (ana, bob) = (server.user("ana").await, server.user("bob").await);
    let mut one = server.enter(&ana).await;
    let (tea, _) = circle(&mut one).await;
    let mut two = server.enter(&bob).await;
    ask(&mut two, json!({"id": 1, "do": {"join": {"circle": tea}}})).await;
    ask(&mut one, json!({"id": 2, "subscribe": [{"feed": tea}]})).await;
    for status in ["away", "idle"] {
        drop(two);
        assert_eq!(next(&mut one).await["signal"]["what"]["presence"]["status"], "offline");
        two = server.open().await;
        send(&mut two, &json!({"v": 1, "auth": {"token": bob}, "status": status})).await;
        assert_eq!(next(&mut one).await["signal"]["what"]["presence"]["status"], status);
    }
}

#[tokio::test]
async fn a_revoked_session_is_closed_and_a_stopping_server_says_goodbye() {
    let server = server(|_| {}).await;
    let mut socket = server.enter(&server.user("ana").await).await;
    let sessions = ask(&mut socket, json!({"id": 1, "get": {"sessions": {}}})).await;
    let session = sessions["got"]["sessions"][0]["id"].clone();
    send(&mut socket, &json!({"id": 2, "do": {"revoke_session": {"session": session}}})).await;
    assert_eq!(end(&mut socket).await.1, 4402);
    let mut socket = server.enter(&server.user("bob").await).await;
    server.app.stop();
    assert_eq!(end(&mut socket).await, ("server.restarting".to_owned(), 1012));
}

/// A chat client as short as can be: a token first, then frames out and in.
#[tokio::test]
async fn a_client_takes_a_few_lines() {
    let server = server(|_| {}).await;
    let token = server.user("ana").await;
    let stream = circle(&mut server.enter(&token).await).await.1;

    let mut socket = server.open().await;
    send(&mut socket, &json!({"v": 1, "auth": {"token": token}})).await;
    send(&mut socket, &json!({"id": 1, "subscribe": [{"feed": stream}]})).await;
    send(&mut socket, &json!({"id": 2, "do": {"post": {"stream": stream, "text": "hello"}}})).await;
    let text = loop {
        let frame = next(&mut socket).await;
        if frame["event"].is_object() {
            break frame["event"]["body"]["text"].clone();
        }
    };
    assert_eq!(text, "hello");
}

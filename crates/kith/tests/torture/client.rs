//! Clients written from the protocol's page alone, on bare sockets and bare JSON.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::Uri;
use kith_checker::{Record, Recorder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

use crate::mover::BEGIN;

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Counters between which is moved.
const COUNTERS: usize = 4;

/// What identifies an event: everything but where it was read.
pub(crate) fn hash(event: &Value) -> String {
    event["body"].to_string()
}

/// The events that a frame tells of, each for itself: one, or a run of what one user did.
pub(crate) fn told(frame: &Value) -> Vec<Value> {
    if frame["event"].is_object() {
        return vec![frame["event"].clone()];
    }
    let run = &frame["run"];
    let own = run["events"].as_array().into_iter().flatten();
    own.zip(run["seq"].as_u64().unwrap_or_default()..)
        .map(|(own, seq)| {
            let mut event = run.clone();
            event.as_object_mut().unwrap().remove("events");
            event.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            event["seq"] = seq.into();
            event
        })
        .collect()
}

/// The users, streams and topics of the run.
pub(crate) struct World {
    pub(crate) port: u16,
    tokens: Vec<String>,
    pub(crate) circle: String,
    pub(crate) streams: Vec<String>,
    /// The stream in which files are posted.
    pub(crate) files: String,
    /// Between these is moved.
    pub(crate) counters: Vec<String>,
    /// A map whose value is kept now and then.
    pub(crate) ledger: String,
    /// How many sessions still post or move.
    pub(crate) posting: AtomicUsize,
}

impl World {
    pub(crate) async fn make(port: u16, users: usize, streams: usize) -> Self {
        let mut world = Self {
            port,
            tokens: Vec::new(),
            circle: String::new(),
            streams: Vec::new(),
            files: String::new(),
            counters: Vec::new(),
            ledger: String::new(),
            posting: AtomicUsize::new(0),
        };
        for user in 0..users {
            let body = json!({"name": format!("user{user}"), "password": "correct horse battery"});
            let made = post(port, "/api/v1/accounts", &body).await;
            world.tokens.push(made["token"].as_str().unwrap().to_owned());
        }
        let mut owner = world.connect(0).await.unwrap();
        let made = ask(
            &mut owner,
            json!({"id": 1, "do": {"create_circle": {"name": "Torture", "public": true}}}),
        )
        .await;
        let circle = made["done"]["circle"].clone();
        world.streams.push(made["done"]["stream"].as_str().unwrap().to_owned());
        for id in 1..streams {
            let make = json!({"create_stream": {"circle": circle, "name": format!("stream{id}")}});
            let made = ask(&mut owner, json!({"id": id, "do": make})).await;
            world.streams.push(made["done"]["stream"].as_str().unwrap().to_owned());
        }
        let make = json!({"create_stream": {"circle": circle, "name": "files"}});
        let made = ask(&mut owner, json!({"id": 1, "do": make})).await;
        world.files = made["done"]["stream"].as_str().unwrap().to_owned();
        world.circle = circle.as_str().unwrap().to_owned();
        for id in 0..COUNTERS + 1 {
            let (holds, value) = match id {
                COUNTERS => ("map", json!({})),
                _ => ("int", json!(BEGIN)),
            };
            let make = json!({"create_topic":
                {"circle": circle, "name": format!("topic{id}"), "holds": holds, "value": value}});
            let made = ask(&mut owner, json!({"id": id, "do": make})).await;
            let made = made["done"]["topic"].as_str().unwrap().to_owned();
            match id {
                COUNTERS => world.ledger = made,
                _ => world.counters.push(made),
            }
        }
        for user in 1..users {
            let mut socket = world.connect(user).await.unwrap();
            ask(&mut socket, json!({"id": 1, "do": {"join": {"circle": circle}}})).await;
        }
        world
    }

    pub(crate) async fn connect(&self, user: usize) -> Option<Socket> {
        let uri: Uri = format!("ws://127.0.0.1:{}/api/v1/ws", self.port).parse().unwrap();
        let (mut socket, _) = ClientBuilder::from_uri(uri).connect().await.ok()?;
        let token = self.token(user);
        let hello = json!({"v": 1, "auth": {"token": token}});
        socket.send(Message::text(hello.to_string())).await.ok()?;
        let welcome = next(&mut socket).await?;
        assert!(welcome["welcome"].is_object(), "{welcome}");
        Some(socket)
    }

    /// The session of a user.
    pub(crate) fn token(&self, user: usize) -> &str {
        &self.tokens[user % self.tokens.len()]
    }

    /// Every event of a stream.
    pub(crate) async fn log(&self, stream: &str) -> Vec<Value> {
        let mut socket = self.connect(0).await.unwrap();
        let mut log: Vec<Value> = Vec::new();
        loop {
            let after = log.last().map_or(0, |event| event["seq"].as_u64().unwrap());
            let wanted = json!({"feed": stream, "after": after, "events_only": true});
            socket
                .send(Message::text(json!({"id": 1, "subscribe": [wanted]}).to_string()))
                .await
                .unwrap();
            let told = loop {
                let frame = next(&mut socket).await.unwrap();
                if frame["subscribed"].is_object() {
                    break frame["subscribed"]["events"].clone();
                }
            };
            log.extend(told["events"].as_array().unwrap().iter().cloned());
            if told["more"] != json!(true) {
                return log;
            }
        }
    }

    /// All topics.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &String> {
        self.counters.iter().chain([&self.ledger])
    }

    /// A topic as it is: its value, and its last event.
    pub(crate) async fn topic(&self, topic: &str) -> Value {
        let mut socket = self.connect(0).await.unwrap();
        let get = json!({"id": 1, "get": {"topic": {"topic": topic}}});
        ask(&mut socket, get).await["got"]["topic"].clone()
    }

    /// The last event of each stream.
    pub(crate) async fn heads(&self) -> BTreeMap<String, u64> {
        let mut socket = self.connect(0).await.unwrap();
        let answer = ask(&mut socket, json!({"id": 1, "get": {"window": {}}})).await;
        let circles = answer["got"]["window"]["circles"].as_array().unwrap().clone();
        let streams =
            circles.iter().flat_map(|circle| circle["streams"].as_array().unwrap().clone());
        streams
            .map(|one| {
                (one["stream"]["id"].as_str().unwrap().to_owned(), one["head"].as_u64().unwrap())
            })
            .collect()
    }
}

pub(crate) async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        let message = socket.next().await?.ok()?;
        if let Some(text) = message.as_text() {
            return Some(serde_json::from_str(text).unwrap());
        }
        if message.is_close() {
            return None;
        }
    }
}

async fn ask(socket: &mut Socket, request: Value) -> Value {
    socket.send(Message::text(request.to_string())).await.unwrap();
    loop {
        let frame = next(socket).await.unwrap();
        assert!(frame["error"].is_null(), "{frame}");
        if frame["ok"]["id"] == request["id"] {
            return frame["ok"].clone();
        }
    }
}

async fn post(port: u16, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 201"), "{answer}");
    serde_json::from_str(body).unwrap()
}

/// One session: follows two streams, and every fifth session posts.
pub(crate) struct Session {
    world: Arc<World>,
    index: usize,
    client: String,
    recorder: Recorder,
    /// The last event of each followed stream.
    at: BTreeMap<String, u64>,
    posts: usize,
    /// The operation that has no answer yet.
    open: Option<(String, String)>,
    /// Whether it posts, or has posted all it will.
    posts_on: bool,
}

impl Session {
    pub(crate) fn new(world: Arc<World>, index: usize, recorder: Recorder) -> Self {
        let streams = world.streams.len();
        let followed = [index % streams, (index * 7 + 3) % streams];
        let at = followed.into_iter().map(|stream| (world.streams[stream].clone(), 0)).collect();
        let client = format!("session{index}");
        let posts_on = index.is_multiple_of(5);
        if posts_on {
            world.posting.fetch_add(1, Ordering::Relaxed);
        }
        Self { world, index, client, recorder, at, posts: 0, open: None, posts_on }
    }

    pub(crate) async fn run(mut self, stop: Arc<AtomicBool>) {
        loop {
            if let Some(mut socket) = self.world.connect(self.index).await
                && self.talk(&mut socket, &stop).await.is_some()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5 + (self.index as u64 * 37) % 60)).await;
        }
    }

    /// Talks until the connection breaks (`None`) or everything is done.
    async fn talk(&mut self, socket: &mut Socket, stop: &AtomicBool) -> Option<()> {
        let wanted: Vec<Value> = self
            .at
            .iter()
            .map(|(feed, after)| json!({"feed": feed, "after": after, "events_only": true}))
            .collect();
        socket.send(Message::text(json!({"id": 0, "subscribe": wanted}).to_string())).await.ok()?;
        let mut again = VecDeque::new();
        loop {
            let frame = next(socket).await?;
            if frame["ok"]["id"] == json!(0) {
                break;
            }
            again.extend(self.take(&frame));
        }
        loop {
            while let Some(feed) = again.pop_front() {
                let wanted = json!({"feed": feed, "after": self.at[&feed], "events_only": true});
                socket
                    .send(Message::text(json!({"id": 2, "subscribe": [wanted]}).to_string()))
                    .await
                    .ok()?;
            }
            let done = stop.load(Ordering::Relaxed);
            if self.posts_on && (!done || self.open.is_some()) {
                self.post(socket, &mut again).await?;
                continue;
            }
            if std::mem::take(&mut self.posts_on) {
                self.world.posting.fetch_sub(1, Ordering::Relaxed);
            }
            match tokio::time::timeout(Duration::from_millis(200), next(socket)).await {
                Ok(frame) => again.extend(self.take(&frame?)),
                // Quiet for a while after the end: is this all there is?
                Err(_) if done && self.world.posting.load(Ordering::Relaxed) == 0 => {
                    let heads = self.world.heads().await;
                    if self.at.iter().all(|(stream, at)| heads[stream] == *at) {
                        for stream in self.at.keys() {
                            let (client, feed) = (self.client.clone(), stream.clone());
                            self.recorder.record(Record::Quiet { client, feed });
                        }
                        return Some(());
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Posts one message, or the one that has no answer yet once more.
    async fn post(&mut self, socket: &mut Socket, again: &mut VecDeque<String>) -> Option<()> {
        let (op, stream) = match self.open.clone() {
            Some(open) => open,
            None => {
                self.posts += 1;
                let op = format!("{}-{}", self.client, self.posts);
                let streams: Vec<&String> = self.at.keys().collect();
                let stream = streams[self.posts % streams.len()].clone();
                self.recorder.record(Record::Invoke {
                    client: self.client.clone(),
                    op: op.clone(),
                    feed: stream.clone(),
                    body_hash: op.clone(),
                    at: 0,
                });
                self.open = Some((op.clone(), stream.clone()));
                (op, stream)
            }
        };
        let post = json!({"post": {"stream": stream, "text": op}});
        let request = json!({"id": 1, "op": op, "do": post});
        socket.send(Message::text(request.to_string())).await.ok()?;
        loop {
            let frame = next(socket).await?;
            if frame["ok"]["id"] == json!(1) {
                let seq = frame["ok"]["done"]["events"][0]["seq"].as_u64().unwrap();
                let client = self.client.clone();
                self.recorder.record(Record::Ok { client, op, seq, epoch: 1 });
                self.open = None;
                return Some(());
            }
            if frame["error"]["id"] == json!(1) {
                assert!(frame["error"]["retry_ms"].is_u64(), "{frame}");
                return Some(());
            }
            again.extend(self.take(&frame));
        }
    }

    /// Writes down what a frame shows; names the feed that has to be followed again.
    fn take(&mut self, frame: &Value) -> Vec<String> {
        told(frame).iter().for_each(|event| self.deliver(event));
        if let Some(told) = frame["subscribed"].get("events") {
            for event in told["events"].as_array().unwrap() {
                self.deliver(event);
            }
            if told["more"] == json!(true) {
                return vec![told["feed"].as_str().unwrap().to_owned()];
            }
        } else if let Some(lagged) = frame.get("lagged") {
            let feeds = lagged["feeds"].as_array().unwrap();
            return feeds.iter().map(|feed| feed.as_str().unwrap().to_owned()).collect();
        } else if frame["subscribed"].is_object() {
            panic!("neither snapshot nor refusal was asked for: {frame}");
        }
        Vec::new()
    }

    fn deliver(&mut self, event: &Value) {
        let (feed, seq) = (event["feed"].as_str().unwrap(), event["seq"].as_u64().unwrap());
        self.at.insert(feed.to_owned(), seq);
        self.recorder.record(Record::Deliver {
            client: self.client.clone(),
            feed: feed.to_owned(),
            epoch: 1,
            seq,
            op: event["op"].as_str().map(str::to_owned),
            hash: hash(event),
        });
    }
}

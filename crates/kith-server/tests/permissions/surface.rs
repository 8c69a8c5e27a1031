//! The ways in which an operation reaches the server, and what each answers.

use futures_util::{SinkExt, StreamExt};
use http::Uri;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

use crate::matrix::DONE;
use crate::operations::{Kind, Operation, Rest};
use crate::world::{Names, World};

/// What an operation gave: [`DONE`] or a code, and everything that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) outcome: String,
    pub(crate) answer: String,
}

/// Puts what they stand for in the place of names.
pub(crate) fn fill(text: &str, names: &Names) -> String {
    let mut text = text.to_owned();
    for (name, value) in names {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

pub(crate) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Opens a connection; a code when the server does not let in.
    pub(crate) async fn open(port: u16, token: &str) -> Result<Self, String> {
        let uri: Uri = format!("ws://127.0.0.1:{port}/api/v1/ws").parse().unwrap();
        let mut socket = Self(ClientBuilder::from_uri(uri).connect().await.unwrap().0);
        socket.send(&json!({"v": 1, "auth": {"token": token}})).await;
        let first = socket.next().await;
        match first["bye"]["code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => Ok(socket),
        }
    }

    async fn send(&mut self, frame: &Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Value {
        loop {
            let message = self.0.next().await.expect("the connection is open").unwrap();
            if let Some(text) = message.as_text() {
                return serde_json::from_str(text).unwrap();
            }
        }
    }

    /// Everything that a request gives until it is answered, signals left out: what others do is
    /// not the answer.
    pub(crate) async fn ask(&mut self, request: &Value) -> Vec<Value> {
        self.send(request).await;
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let over = ["ok", "error"].iter().any(|kind| frame[kind]["id"] == request["id"]);
            if frame.get("signal").is_none() && frame.get("aware").is_none() {
                frames.push(frame);
            }
            if over {
                return frames;
            }
        }
    }
}

/// Tries an operation over the WebSocket.
pub(crate) async fn over_socket(
    world: &World,
    who: &str,
    operation: &Operation,
    names: &Names,
) -> Given {
    let mut fields: Value =
        serde_json::from_str(&fill(operation.fields, names)).expect(operation.name);
    let mut request = json!({"id": 7});
    let (part, named) = match operation.kind {
        Kind::Do => ("do", true),
        Kind::Get => ("get", true),
        Kind::Signal => ("signal", true),
        Kind::Service => ("service", true),
        Kind::Personal => ("service", false),
        Kind::Subscribe => ("subscribe", false),
        Kind::Unsubscribe => ("unsubscribe", false),
        Kind::Open | Kind::Write => panic!("{} is done by a gateway", operation.name),
    };
    if named {
        fields = json!({(operation.name): fields});
    }
    request[part] = fields;
    asked(world, who, operation.name, &request, names).await
}

/// Tries to follow a feed from a place where one once was.
pub(crate) async fn by_resuming(world: &World, who: &str, names: &Names) -> Given {
    let feed = &names["feed"];
    let request = json!({"id": 7, "subscribe": [{"feed": feed, "after": 1, "events_only": true}]});
    asked(world, who, "subscribe", &request, names).await
}

async fn asked(world: &World, who: &str, name: &str, request: &Value, names: &Names) -> Given {
    let mut socket = Socket::open(world.port, world.token(who)).await.unwrap();
    if name == "aware" {
        // Of those alone who follow it. Whoever may not is refused, and not by this request.
        socket.ask(&json!({"id": 6, "subscribe": [{"feed": names["feed"]}]})).await;
    }
    let frames = socket.ask(request).await;
    let answer = json!(frames).to_string();
    let last = frames.last().unwrap();
    let refused = frames.iter().find_map(|frame| {
        let problem = &frame["subscribed"]["refused"]["problem"]["code"];
        problem.as_str().or(frame["error"]["code"].as_str())
    });
    let outcome = match refused {
        Some(code) => code.to_owned(),
        None => told(name, &last["ok"].to_string(), names).to_owned(),
    };
    Given { outcome, answer }
}

/// A list that lacks what was asked for says that it is not there.
fn told(operation: &str, answer: &str, names: &Names) -> &'static str {
    let lacks = |name: &str| names.get(name).is_some_and(|id| !answer.contains(id.as_str()));
    match operation {
        "users" if lacks("user") => "user.not_found",
        "reach" if !answer.contains("me/door") => "service.not_found",
        "topics" | "topic_values" if lacks("topic") => "topic.not_found",
        _ => DONE,
    }
}

/// An HTTP answer: status, headers but the date, body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Sends a request of its own connection.
pub(crate) async fn request(port: u16, token: Option<&str>, line: &str, body: &str) -> Page {
    let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n"));
    let headers = format!("host: 127.0.0.1:{port}\r\n{}", bearer.unwrap_or_default());
    send(port, line, &headers, body).await
}

/// Sends a request that asks for a host.
pub(crate) async fn request_of(port: u16, host: &str, line: &str) -> Page {
    send(port, line, &format!("host: {host}\r\n"), "").await
}

async fn send(port: u16, line: &str, headers: &str, body: &str) -> Page {
    let (method, path) = line.split_once(' ').unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = format!(
        "{method} /api/v1{path} HTTP/1.1\r\n{headers}connection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let lines = head.lines().skip(1).filter(|line| !line.starts_with("date:"));
    let head = lines.collect::<Vec<_>>().join("\n");
    Page { status, head, body: body.to_owned() }
}

/// Tries an operation by a route.
pub(crate) async fn over_rest(
    world: &World,
    who: &str,
    operation: &Operation,
    rest: &Rest,
    names: &Names,
) -> Given {
    let line = fill(&format!("{}{}", rest.route, rest.query), names);
    let body = fill(rest.body, names);
    let page = request(world.port, Some(world.token(who)), &line, &body).await;
    let outcome = if (200..300).contains(&page.status) {
        told(operation.name, &page.body, names).to_owned()
    } else {
        let problem: Value = serde_json::from_str(&page.body).expect(&page.body);
        problem["code"].as_str().unwrap().to_owned()
    };
    Given { outcome, answer: format!("{} {}\n{}", page.status, page.head, page.body) }
}

//! The gateways as ways to topics: opening them, and changing them.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::Uri;
use kith_core::refusal::Refusal;
use kith_gateway_topicsync::{Gateway, Options};
use kith_hub::Hub;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, MaybeTlsStream, Message, WebSocketStream};

use crate::matrix::DONE;
use crate::operations::Kind;
use crate::surface::Given;
use crate::world::Names;

/// An update of a document that says something new: a letter in the text, of client 1.
const EDIT: &[u8] = &[1, 1, 1, 0, 4, 1, 4, b't', b'e', b'x', b't', 1, b'x', 0];

/// Which protocol is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Plain,
    Named,
    Topicsync,
    Ghostr,
    Muca,
}

impl Dialect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "y-websocket",
            Self::Named => "Hocuspocus",
            Self::Topicsync => "topicsync",
            Self::Ghostr => "ghostr",
            Self::Muca => "muca",
        }
    }
}

/// How a connection ended that was refused something, or what came before it did.
struct Ended {
    code: u16,
    why: String,
}

struct Talk {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What messages about the document begin with.
    prefix: Vec<u8>,
    said: String,
}

impl Talk {
    async fn say(&mut self, message: &[u8]) {
        let message = [self.prefix.as_slice(), message].concat();
        // Who was let go already learns it from what comes.
        let _ = self.socket.send(Message::binary(message)).await;
    }

    /// The next message about the document; or how the connection ended.
    async fn next(&mut self) -> Result<Vec<u8>, Ended> {
        loop {
            let gone = || Ended { code: 1006, why: "gone".to_owned() };
            let message = self.socket.next().await.and_then(Result::ok).ok_or_else(gone)?;
            if let Some((code, why)) = message.as_close() {
                let (code, why) = (u16::from(code), why.to_owned());
                self.said.push_str(&format!("{code} {why}\n"));
                return Err(Ended { code, why });
            }
            if !message.is_binary() {
                continue;
            }
            if let Some(rest) = message.as_payload().strip_prefix(self.prefix.as_slice()) {
                let rest = rest.to_vec();
                // What others do is not the answer.
                if rest.first() != Some(&1) {
                    self.said.push_str(&format!("{rest:?}\n"));
                    return Ok(rest);
                }
            }
        }
    }
}

/// The code of what was refused in these words.
fn code(ended: &Ended) -> String {
    let refusals = [
        Refusal::NoSuchTopic,
        Refusal::TimedOut { wait_ms: 0 },
        Refusal::Forbidden { permission: "write" },
    ];
    let known = refusals.iter().find(|refusal| refusal.to_string() == ended.why);
    match (ended.code, known) {
        (4401, _) => "auth.failed".to_owned(),
        (4403, Some(refusal)) => refusal.code().to_owned(),
        (4403, None) if ended.why == "you may only read this" => "permission.denied".to_owned(),
        (code, _) => format!("{code} {}", ended.why),
    }
}

/// Bytes behind their count, as the protocols write them.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut count = bytes.len();
    let mut chunk = Vec::new();
    while count >= 0x80 {
        chunk.push(count as u8 | 0x80);
        count >>= 7;
    }
    chunk.push(count as u8);
    chunk.extend_from_slice(bytes);
    chunk
}

/// Opens the text that `names` say, and writes in it if it is that kind of operation.
pub(crate) async fn over_gateway(
    port: u16,
    token: Option<&str>,
    dialect: Dialect,
    kind: Kind,
    names: &Names,
) -> Given {
    let name = format!("{}/{}", names["circle"], names["topic_name"]);
    let asked = token.map(|token| format!("?token={token}")).unwrap_or_default();
    let (path, prefix) = match dialect {
        Dialect::Plain => (format!("yjs/{name}{asked}"), Vec::new()),
        _ => ("hocuspocus".to_owned(), chunk(name.as_bytes())),
    };
    let uri: Uri = format!("ws://127.0.0.1:{port}/{path}").parse().unwrap();
    let socket = ClientBuilder::from_uri(uri).connect().await.unwrap().0;
    let mut talk = Talk { socket, prefix, said: String::new() };
    let outcome = match converse(&mut talk, token, dialect, kind).await {
        Ok(outcome) => outcome,
        Err(ended) => code(&ended),
    };
    // The name of the text is what was asked for.
    Given { outcome, answer: talk.said }
}

async fn converse(
    talk: &mut Talk,
    token: Option<&str>,
    dialect: Dialect,
    kind: Kind,
) -> Result<String, Ended> {
    if dialect == Dialect::Named {
        let token = chunk(token.unwrap_or_default().as_bytes());
        talk.say(&[&[2, 0], token.as_slice()].concat()).await;
        let answer = talk.next().await?;
        if !answer.starts_with(&[2, 2]) {
            let why = String::from_utf8_lossy(answer.get(3..).unwrap_or_default()).into_owned();
            return Err(Ended { code: 4403, why });
        }
    }
    // Step 1 of somebody who has nothing: what comes back is the text.
    talk.say(&[&[0, 0], chunk(&[0]).as_slice()].concat()).await;
    while !talk.next().await?.starts_with(&[0, 1]) {}
    if kind == Kind::Open {
        return Ok(DONE.to_owned());
    }
    talk.say(&[&[0, 2], chunk(EDIT).as_slice()].concat()).await;
    loop {
        let answer = talk.next().await?;
        match (dialect, answer.as_slice()) {
            // It comes back when it is durable.
            (Dialect::Plain, [0, 2, rest @ ..]) if rest.ends_with(EDIT) => {
                return Ok(DONE.to_owned());
            }
            (Dialect::Named, [8, 1, ..]) => return Ok(DONE.to_owned()),
            (Dialect::Named, [8, 0, ..]) => return Ok("not kept".to_owned()),
            _ => {}
        }
    }
}

/// A user follows or changes the topic that `names` say, as the user of a topicsync gateway.
pub(crate) async fn over_topicsync(hub: &Hub, who: &str, kind: Kind, names: &Names) -> Given {
    let options = Options {
        circle: names["circle"].clone(),
        user: who.to_owned(),
        idle_seconds: 0,
        queue_bytes: 1024 * 1024,
        heartbeat: Duration::from_secs(25),
        session_ms: 3_600_000,
    };
    let gateway = Gateway::new(hub.clone(), options);
    let (near, far) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { gateway.serve(far, &[], std::future::pending()).await });
    let mut socket = ClientBuilder::new().take_over(near);
    let topic = &names["topic_name"];
    let set = json!({"topic_name": topic, "topic_type": "string", "type": "set", "value": "x"});
    let said = match kind {
        Kind::Open => json!({"type": "subscribe", "args": {"topic_names": [topic]}}),
        _ => json!({"type": "action", "args": {"commands": [set], "action_id": "act"}}),
    };
    let _ = socket.send(Message::text(said.to_string())).await;
    let _ = socket.send(Message::ping("over")).await;
    let mut answer = String::new();
    let mut closed = false;
    while let Some(Ok(message)) = socket.next().await {
        if message.is_pong() {
            break;
        }
        closed |= message.is_close();
        let text = message.as_text().unwrap_or_default();
        if !text.contains("\"hello\"") {
            answer.push_str(text);
        }
    }
    let refusals = [
        Refusal::NoSuchTopic,
        Refusal::TimedOut { wait_ms: 0 },
        Refusal::Forbidden { permission: "write" },
    ];
    let known = refusals.iter().find(|refusal| answer.contains(&refusal.to_string()));
    let outcome = match known {
        _ if closed => "circle.not_found".to_owned(),
        Some(refusal) => refusal.code().to_owned(),
        // What is not there is followed all the same, until it comes.
        None if kind == Kind::Open && !answer.contains("secret of") => "topic.not_found".to_owned(),
        // Whoever does not follow it is told nothing of what was done.
        None if kind == Kind::Open || answer.is_empty() => DONE.to_owned(),
        None => answer.clone(),
    };
    Given { outcome, answer: answer.replace(topic.as_str(), "…") }
}

//! An old client that says what the test tells it.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an old client gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Got {
    Object(Json),
    Text(String),
    Closed,
}

/// An old client that says what the test tells it.
pub(crate) struct Old {
    out: Option<OwnedWriteHalf>,
    inbox: mpsc::UnboundedReceiver<Got>,
    pub(crate) closed: bool,
    syncs: u64,
    /// Under which UID the client asked to join.
    pub(crate) asked: Option<String>,
    /// Under which UID it may speak to itself.
    pub(crate) name: Option<String>,
}

/// Takes what was read apart: objects, or texts that begin with `TYPE`.
fn parse(buffer: &mut Vec<u8>, is_text: bool, at_end: bool) -> Vec<Got> {
    let mut all = Vec::new();
    if is_text {
        let text = String::from_utf8(buffer.clone()).unwrap();
        let begins: Vec<usize> = text.match_indices("TYPE: ").map(|(at, _)| at).collect();
        for (place, begin) in begins.iter().enumerate() {
            let end = begins.get(place + 1).copied().unwrap_or(text.len());
            let one = &text[*begin..end];
            if place + 1 < begins.len() || (one.ends_with(";;") && !at_end) {
                all.push(Got::Text(one.to_owned()));
            }
        }
        buffer.clear();
        return all;
    }
    let mut stream = serde_json::Deserializer::from_slice(buffer).into_iter::<Json>();
    while let Some(Ok(object)) = stream.next() {
        all.push(Got::Object(object));
    }
    let done = stream.byte_offset();
    drop(stream);
    buffer.drain(..done);
    all
}

impl Old {
    pub(crate) async fn open(port: u16, is_text: bool) -> Self {
        Self::open_from([127, 0, 0, 1], port, is_text).await
    }

    /// A client at an address of its own.
    pub(crate) async fn open_from(address: [u8; 4], port: u16, is_text: bool) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        let socket = socket.connect(([127, 0, 0, 1], port).into()).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (mut input, out) = socket.into_split();
        let (sender, inbox) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let (mut buffer, mut chunk) = (Vec::new(), [0; 2048]);
            loop {
                let count = input.read(&mut chunk).await.unwrap_or(0);
                buffer.extend_from_slice(&chunk[..count]);
                for got in parse(&mut buffer, is_text, count == 0) {
                    let _ = sender.send(got);
                }
                if count == 0 {
                    let _ = sender.send(Got::Closed);
                    return;
                }
            }
        });
        Self { out: Some(out), inbox, closed: false, syncs: 0, asked: None, name: None }
    }

    pub(crate) async fn raw(&mut self, text: &str) {
        if let Some(out) = &mut self.out {
            // The server may have closed the connection.
            let _ = out.write_all(text.as_bytes()).await;
        }
    }

    pub(crate) async fn send(&mut self, object: &Json) {
        self.raw(&object.to_string()).await;
    }

    pub(crate) fn close(&mut self) {
        self.out = None;
        self.closed = true;
        self.inbox.close();
    }

    /// What comes next.
    pub(crate) async fn next(&mut self) -> Option<Got> {
        let got = tokio::time::timeout(PATIENCE, self.inbox.recv()).await.ok()??;
        self.closed |= got == Got::Closed;
        Some(got)
    }

    /// The next object.
    pub(crate) async fn object(&mut self) -> Json {
        match self.next().await {
            Some(Got::Object(object)) => object,
            other => panic!("{other:?} and no object"),
        }
    }

    /// The next text.
    pub(crate) async fn text(&mut self) -> String {
        match self.next().await {
            Some(Got::Text(text)) => text,
            other => panic!("{other:?} and no text"),
        }
    }

    /// Waits until the server closes the connection, whatever it says before.
    pub(crate) async fn ends(&mut self) {
        while !self.closed {
            assert!(self.next().await.is_some(), "the connection stays open");
        }
    }

    /// Everything that came until `asked` is answered, which `is` recognizes.
    pub(crate) async fn until(&mut self, asked: &str, is: impl Fn(&Got) -> bool) -> Vec<Got> {
        let mut all = Vec::new();
        self.raw(asked).await;
        while !self.closed {
            match self.next().await {
                Some(got) if is(&got) => break,
                Some(got) => all.push(got),
                None => panic!("no answer to {asked}, but {all:?}"),
            }
        }
        all
    }

    /// A number that was not used before.
    pub(crate) fn sync(&mut self) -> u64 {
        self.syncs += 1;
        self.syncs
    }
}

/// What a client of ghostr's second version says to sign in.
pub(crate) fn login(name: &str, password: &str) -> Json {
    json!({"action": "login", "username": name, "password": password, "private_port": 50001})
}

/// What a client that signs in is told.
pub(crate) async fn told(client: &mut Old, name: &str, password: &str) -> Json {
    client.send(&login(name, password)).await;
    client.object().await["status"].clone()
}

//! The people and the stream that a benchmark needs.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::socket::{PATIENCE, Socket};

/// Characters of a message, as in the measurements of other servers.
pub(crate) const TEXT_CHARS: usize = 128;

/// A public circle's stream and who writes there.
#[derive(Clone)]
pub(crate) struct Site {
    pub(crate) port: u16,
    pub(crate) token: String,
    pub(crate) stream: String,
}

impl Site {
    pub(crate) fn make(port: u16) -> Result<Self> {
        let token = sign_up(port, "ana")?;
        let mut socket = Socket::enter(port, &token)?;
        let made = r#"{"id":1,"do":{"create_circle":{"name":"Bench","public":true}}}"#;
        let made: Value = serde_json::from_str(&socket.ask(made, "\"ok\"")?)?;
        let stream = made["ok"]["done"]["stream"].as_str().context("no stream")?.to_owned();
        Ok(Self { port, token, stream })
    }

    pub(crate) fn enter(&self) -> Result<Socket> {
        Socket::enter(self.port, &self.token)
    }

    /// The frame of a message: `name` is the operation's and must not be used twice.
    pub(crate) fn post(&self, id: usize, name: &str) -> Vec<u8> {
        let (stream, text) = (&self.stream, "x".repeat(TEXT_CHARS));
        crate::peer::text(&format!(
            r#"{{"id":{id},"op":"{name}-{id}","do":{{"post":{{"stream":"{stream}","text":"{text}"}}}}}}"#
        ))
    }

    /// Posts many messages as fast as it goes.
    pub(crate) fn fill(&self, count: usize) -> Result<()> {
        let mut socket = self.enter()?;
        for first in (0..count).step_by(64) {
            let ids = first..count.min(first + 64);
            let frames: Vec<u8> = ids.clone().flat_map(|id| self.post(id, "fill")).collect();
            socket.send_frames(&frames)?;
            socket.skip(ids.len(), br#"{"ok""#)?;
        }
        Ok(())
    }
}

/// Does what a command says and gives what it made.
pub(crate) fn ask(port: u16, token: &str, command: &str) -> Result<Value> {
    let mut socket = Socket::enter(port, token)?;
    let done = socket.ask(&format!(r#"{{"id":1,"do":{command}}}"#), "\"ok\"")?;
    Ok(serde_json::from_str::<Value>(&done)?["ok"]["done"].take())
}

/// Makes an account; the token of its session.
pub(crate) fn sign_up(port: u16, name: &str) -> Result<String> {
    let body = json!({"name": name, "password": "correct horse battery"}).to_string();
    let rest =
        format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let body = call(port, "POST /api/v1/accounts", &rest)?;
    let begun: Value = serde_json::from_str(&body)?;
    begun["token"].as_str().map(str::to_owned).with_context(|| format!("no account: {body}"))
}

/// What the server says at a path.
pub(crate) fn get(port: u16, path: &str) -> Result<String> {
    call(port, &format!("GET {path}"), "\r\n")
}

/// The body of an answer; `rest` is the request behind the headers that all have.
fn call(port: u16, what: &str, rest: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request =
        format!("{what} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n{rest}");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{what}: no answer"))?;
    Ok(body.to_owned())
}

/// Requests of different people that are made at a time.
const AT_ONCE: usize = 32;

/// Makes `count` accounts; the tokens of their sessions.
pub(crate) fn sign_up_all(port: u16, count: usize) -> Result<Vec<String>> {
    for_each(count, |number| sign_up(port, &format!("user{number}")))
}

/// Does for each number what has to be done, for several at a time.
pub(crate) fn for_each<T: Send>(
    count: usize,
    one: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let one = &one;
    let part = |first| (first..count).step_by(AT_ONCE).map(one).collect();
    let parts: Result<Vec<Vec<T>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|first| scope.spawn(move || part(first))).collect();
        let done = threads.into_iter().map(|thread| thread.join());
        done.map(|part| part.map_err(|_| anyhow::anyhow!("a thread failed"))?).collect()
    });
    let mut parts: Vec<_> = parts?.into_iter().map(Vec::into_iter).collect();
    // In the order of the numbers.
    Ok((0..count).filter_map(|number| parts[number % AT_ONCE].next()).collect())
}

//! The people and the stream that a benchmark needs.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::socket::{Socket, frame};

/// Characters of a message, as in the measurements of other servers.
pub(crate) const TEXT_CHARS: usize = 128;

/// A public circle's stream and who writes there.
pub(crate) struct Site {
    pub(crate) port: u16,
    pub(crate) token: String,
    pub(crate) stream: String,
}

impl Site {
    pub(crate) async fn make(port: u16) -> Result<Self> {
        let token = sign_up(port, "ana").await?;
        let mut socket = Socket::enter(port, &token).await?;
        let made = r#"{"id":1,"do":{"create_circle":{"name":"Bench","public":true}}}"#;
        let made: Value = serde_json::from_str(&socket.ask(made, "\"ok\"").await?)?;
        let stream = made["ok"]["done"]["stream"].as_str().context("no stream")?.to_owned();
        Ok(Self { port, token, stream })
    }

    pub(crate) async fn enter(&self) -> Result<Socket> {
        Socket::enter(self.port, &self.token).await
    }

    /// A connection that follows the stream from its end.
    pub(crate) async fn follower(&self) -> Result<Socket> {
        let mut socket = self.enter().await?;
        let stream = &self.stream;
        let follow = format!(r#"{{"id":1,"subscribe":[{{"feed":"{stream}","window":1}}]}}"#);
        socket.ask(&follow, "\"ok\"").await?;
        Ok(socket)
    }

    /// The frame of a message: `name` is the operation's and must not be used twice.
    pub(crate) fn post(&self, id: usize, name: &str) -> Vec<u8> {
        let (stream, text) = (&self.stream, "x".repeat(TEXT_CHARS));
        frame(&format!(
            r#"{{"id":{id},"op":"{name}-{id}","do":{{"post":{{"stream":"{stream}","text":"{text}"}}}}}}"#
        ))
    }

    /// Posts many messages as fast as it goes.
    pub(crate) async fn fill(&self, count: usize) -> Result<()> {
        let mut socket = self.enter().await?;
        for first in (0..count).step_by(64) {
            let ids = first..count.min(first + 64);
            let frames: Vec<u8> = ids.clone().flat_map(|id| self.post(id, "fill")).collect();
            socket.send_frames(&frames).await?;
            socket.skip(ids.len(), br#"{"ok""#).await?;
        }
        Ok(())
    }
}

/// Makes an account; the token of its session.
pub(crate) async fn sign_up(port: u16, name: &str) -> Result<String> {
    let body = json!({"name": name, "password": "correct horse battery"}).to_string();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!(
        "POST /api/v1/accounts HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no answer to a sign-up")?;
    let begun: Value = serde_json::from_str(body)?;
    begun["token"].as_str().map(str::to_owned).with_context(|| format!("no account: {body}"))
}

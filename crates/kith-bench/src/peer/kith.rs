//! Kith itself, with everything on that a user has: every reader is a user of its own, every
//! message is checked, numbered and on the disk before it is delivered or answered.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Peer, text, upgrade, websocket};
use crate::server::Server;
use crate::site::{ask, sign_up_all};
use crate::swarm::{Mark, Script, Step, step};

/// Kith.
pub(crate) struct Kith {
    program: PathBuf,
    sets: Vec<String>,
    port: u16,
    circle: String,
    streams: Vec<String>,
    writer: String,
    readers: Vec<String>,
}

impl Kith {
    pub(crate) fn new(program: &Path) -> Self {
        let (sets, streams, readers) = Default::default();
        let (circle, writer) = Default::default();
        Self { program: program.to_owned(), sets, port: 0, circle, streams, writer, readers }
    }

    /// With a setting of its own.
    pub(crate) fn with(mut self, set: &str) -> Self {
        self.sets.push(set.to_owned());
        self
    }

    fn enter(&self, token: &str) -> Vec<Step> {
        let hello = format!(r#"{{"v":1,"auth":{{"token":"{token}"}}}}"#);
        vec![step(upgrade("/api/v1/ws", self.port), "\r\n\r\n"), step(text(&hello), "\"welcome\"")]
    }
}

impl Peer for Kith {
    fn name(&self) -> &'static str {
        "kith"
    }

    fn start(&self, dir: &Path) -> Result<Server> {
        Server::kith_with(&self.program, dir, &self.sets)
    }

    fn prepare(&mut self, server: &Server, rooms: usize, readers: usize) -> Result<()> {
        self.port = server.port;
        let mut tokens = sign_up_all(server.port, readers + 1)?.into_iter();
        self.writer = tokens.next().context("no account")?;
        self.readers = tokens.collect();
        let made = r#"{"create_circle":{"name":"Bench","public":true}}"#;
        let made: Value = ask(server.port, &self.writer, made)?;
        self.circle = made["circle"].as_str().context("no circle")?.to_owned();
        self.streams = vec![made["stream"].as_str().context("no stream")?.to_owned()];
        for room in 1..rooms {
            let circle = &self.circle;
            let make =
                format!(r#"{{"create_stream":{{"circle":"{circle}","name":"room {room}"}}}}"#);
            let made = ask(server.port, &self.writer, &make)?;
            self.streams.push(made["stream"].as_str().context("no stream")?.to_owned());
        }
        Ok(())
    }

    fn reader(&self, room: usize, number: usize) -> Script {
        let (circle, stream) = (&self.circle, &self.streams[room]);
        let mut script = self.enter(&self.readers[number]);
        let join = format!(r#"{{"id":1,"do":{{"join":{{"circle":"{circle}"}}}}}}"#);
        script.push(step(text(&join), "\"ok\""));
        let follow = format!(r#"{{"id":2,"subscribe":[{{"feed":"{stream}","window":1}}]}}"#);
        script.push(step(text(&follow), "\"ok\""));
        script
    }

    fn publisher(&self, _room: usize) -> Script {
        self.enter(&self.writer)
    }

    fn frame(&self, room: usize, seq: u32, message: &str, out: &mut Vec<u8>) {
        let stream = &self.streams[room];
        let frame = format!(
            r#"{{"id":{seq},"op":"{room}-{seq}","do":{{"post":{{"stream":"{stream}","text":"{message}"}}}}}}"#
        );
        websocket(1, frame.as_bytes(), out);
    }

    fn answer(&self) -> Mark {
        Some(br#"{"ok":{"id":"#)
    }
}

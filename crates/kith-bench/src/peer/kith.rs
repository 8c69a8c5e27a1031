//! Kith itself, with everything on that a user has: every reader is a user of its own, every
//! message is checked, numbered and on the disk before it is delivered or answered.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{Peer, text, upgrade, websocket};
use crate::server::Server;
use crate::site::{Site, ask, for_each, sign_up_all};
use crate::socket::Socket;
use crate::swarm::{Mark, Script, Step, step};

/// Streams of one circle; it may have 500.
const STREAMS: usize = 400;

/// Kith.
#[derive(Default)]
pub(crate) struct Kith {
    program: PathBuf,
    sets: Vec<String>,
    port: u16,
    /// Each with up to [`STREAMS`] of the streams.
    circles: Vec<String>,
    streams: Vec<String>,
    /// A stream that nothing is published to.
    quiet: String,
    writer: String,
    readers: Vec<String>,
    /// Accounts beside those of readers.
    more: usize,
    /// Counts the operations: a name is given once.
    operations: Cell<u64>,
}

impl Kith {
    pub(crate) fn new(program: &Path) -> Self {
        Self { program: program.to_owned(), ..Self::default() }
    }

    /// With a setting of its own.
    pub(crate) fn with(mut self, set: &str) -> Self {
        self.sets.push(set.to_owned());
        self
    }

    /// Makes accounts for `count` others beside the readers.
    pub(crate) fn expect(&mut self, count: usize) {
        self.more = count;
    }

    /// The first stream, and who writes there.
    pub(crate) fn site(&self) -> Site {
        let (token, stream) = (self.writer.clone(), self.streams[0].clone());
        Site { port: self.port, token, stream }
    }

    /// How a reader comes back who has the events up to `after`; event `last` is new.
    pub(crate) fn returning(&self, number: usize, after: u64, last: u64) -> Script {
        let mut script = self.enter(&self.readers[number]);
        let stream = &self.streams[0];
        let follow = format!(r#"{{"id":2,"subscribe":[{{"feed":"{stream}","after":{after}}}]}}"#);
        script.push(step(text(&follow), format!(r#""seq":{last},"#)));
        script.push(step("", "\"ok\""));
        script
    }

    /// How a reader comes who joins a circle and follows a stream of it.
    fn follow(&self, number: usize, circle: &str, stream: &str) -> Script {
        let mut script = self.enter(&self.readers[number]);
        let join = format!(r#"{{"id":1,"do":{}}}"#, join(circle));
        script.push(step(text(&join), "\"ok\""));
        let follow = format!(r#"{{"id":2,"subscribe":[{{"feed":"{stream}","window":1}}]}}"#);
        script.push(step(text(&follow), "\"ok\""));
        script
    }

    fn enter(&self, token: &str) -> Vec<Step> {
        let hello = format!(r#"{{"v":1,"auth":{{"token":"{token}"}}}}"#);
        vec![step(upgrade("/api/v1/ws", self.port), "\r\n\r\n"), step(text(&hello), "\"welcome\"")]
    }
}

/// The command to join a circle.
fn join(circle: &str) -> String {
    format!(r#"{{"join":{{"circle":"{circle}"}}}}"#)
}

impl Peer for Kith {
    fn name(&self) -> &'static str {
        "kith"
    }

    fn start(&self, dir: &Path) -> Result<Server> {
        Server::kith_with(&self.program, dir, &self.sets)
    }

    /// With a single circle all have joined it before they come; with more each joins when it comes.
    fn prepare(&mut self, server: &Server, rooms: usize, readers: usize) -> Result<()> {
        self.port = server.port;
        (self.circles, self.streams) = (Vec::new(), Vec::new());
        let mut tokens = sign_up_all(server.port, 1 + readers + self.more)?.into_iter();
        self.writer = tokens.next().context("no account")?;
        self.readers = tokens.collect();
        let mut owner = Socket::enter(server.port, &self.writer)?;
        for room in 0..rooms {
            let made = match self.circles.last().filter(|_| room % STREAMS != 0) {
                None => r#"{"create_circle":{"name":"Bench","public":true}}"#.to_owned(),
                Some(circle) => {
                    format!(r#"{{"create_stream":{{"circle":"{circle}","name":"room {room}"}}}}"#)
                }
            };
            let made = owner.ask(&format!(r#"{{"id":1,"do":{made}}}"#), "\"ok\"")?;
            let made = serde_json::from_str::<Value>(&made)?["ok"]["done"].take();
            if room % STREAMS == 0 {
                self.circles.push(made["circle"].as_str().context("no circle")?.to_owned());
            }
            self.streams.push(made["stream"].as_str().context("no stream")?.to_owned());
        }
        let circle = self.circles.last().context("no room")?;
        let make = format!(r#"{{"create_stream":{{"circle":"{circle}","name":"quiet"}}}}"#);
        let made = ask(server.port, &self.writer, &make)?;
        self.quiet = made["stream"].as_str().context("no stream")?.to_owned();
        if let [circle] = self.circles.as_slice() {
            let join = join(circle);
            for_each(self.readers.len(), |number| ask(self.port, &self.readers[number], &join))?;
        }
        Ok(())
    }

    fn reader(&self, room: usize, number: usize) -> Script {
        self.follow(number, &self.circles[room / STREAMS], &self.streams[room])
    }

    fn bystander(&self, number: usize) -> Script {
        self.follow(number, &self.circles[0], &self.quiet)
    }

    fn publisher(&self, _room: usize) -> Script {
        self.enter(&self.writer)
    }

    fn frame(&self, room: usize, seq: u32, message: &str, out: &mut Vec<u8>) {
        let stream = &self.streams[room];
        let operation = self.operations.get() + 1;
        self.operations.set(operation);
        let frame = format!(
            r#"{{"id":{seq},"op":"bench-{operation}","do":{{"post":{{"stream":"{stream}","text":"{message}"}}}}}}"#
        );
        websocket(1, frame.as_bytes(), out);
    }

    fn answer(&self) -> Mark {
        Some(br#"{"ok":{"id":"#)
    }
}

//! Kith's topics, by its own protocol and by that of topicsync.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value as Json, json};

use super::{Change, Holds, LAST, Subject, original};
use crate::peer::{text, upgrade, websocket};
use crate::server::Server;
use crate::site::{ask, for_each, sign_up_all};
use crate::socket::Socket;
use crate::swarm::{Script, step};

/// How it is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Native,
    Topicsync,
}

/// A Kith server with one topic, which every subscriber follows as a user of its own.
pub(crate) struct Kith {
    program: PathBuf,
    dialect: Dialect,
    ephemeral: bool,
    merge: bool,
    port: u16,
    tokens: Vec<String>,
    topic: String,
    /// Counts the operations: a name is given once.
    operations: Cell<u64>,
}

impl Kith {
    pub(crate) fn new(program: &Path, dialect: Dialect) -> Self {
        Self {
            program: program.to_owned(),
            dialect,
            ephemeral: false,
            merge: false,
            port: 0,
            tokens: Vec::new(),
            topic: String::new(),
            operations: Cell::new(0),
        }
    }

    /// With a topic that is kept in memory only.
    pub(crate) fn ephemeral(self) -> Self {
        Self { ephemeral: true, ..self }
    }

    /// With a topic whose changes may be told as one.
    pub(crate) fn merge(self) -> Self {
        Self { merge: true, ..self }
    }
}

impl Subject for Kith {
    fn name(&self) -> &'static str {
        match (self.dialect, self.ephemeral, self.merge) {
            (Dialect::Topicsync, ..) => "kith, by topicsync's protocol",
            (_, false, false) => "kith",
            (_, true, false) => "kith, ephemeral",
            (_, false, true) => "kith, merge",
            (_, true, true) => "kith, ephemeral, merge",
        }
    }

    fn start(&mut self, dir: &Path, holds: Holds, readers: usize) -> Result<Option<Server>> {
        let sets =
            ["gateway.topicsync.circle=Bench", "gateway.topicsync.user=user0"].map(str::to_owned);
        let server = Server::kith_with(&self.program, dir, &sets)?;
        self.port = server.port;
        self.tokens = sign_up_all(server.port, readers)?;
        let owner = self.tokens.first().context("no account")?;
        let made = ask(self.port, owner, r#"{"create_circle":{"name":"Bench","public":true}}"#)?;
        let circle = made["circle"].as_str().context("no circle")?.to_owned();
        let make = json!({"create_topic": {
            "circle": circle,
            "name": "hot",
            "holds": holds.name(),
            "value": holds.first(),
            "rules": {"ephemeral": self.ephemeral, "merge": self.merge},
        }});
        let made = ask(self.port, owner, &make.to_string())?;
        self.topic = made["topic"].as_str().context("no topic")?.to_owned();
        let join = json!({"join": {"circle": circle}}).to_string();
        for_each(readers - 1, |number| ask(self.port, &self.tokens[number + 1], &join))?;
        Ok(Some(server))
    }

    fn reader(&self, number: usize) -> Script {
        if self.dialect == Dialect::Topicsync {
            return original::reader("/topicsync", self.port, "hot");
        }
        let hello = format!(r#"{{"v":1,"auth":{{"token":"{}"}}}}"#, self.tokens[number]);
        let follow = format!(r#"{{"id":1,"subscribe":[{{"feed":"{}"}}]}}"#, self.topic);
        vec![
            step(upgrade("/api/v1/ws", self.port), "\r\n\r\n"),
            step(text(&hello), "\"welcome\""),
            step(text(&follow), "{\"ok\":{\"id\":1"),
        ]
    }

    fn change(&self, holds: Holds, asked: Change, out: &mut Vec<u8>) {
        if self.dialect == Dialect::Topicsync {
            return original::change("hot", holds, asked, out);
        }
        let Change { number, round, is_last } = asked;
        let change = match (holds, is_last) {
            (Holds::Int, false) => r#"{"add":{"by":1}}"#.to_owned(),
            (Holds::Int, true) => format!(r#"{{"set":{{"value":{LAST}}}}}"#),
            (Holds::List, true) => format!(r#"{{"insert":{{"value":{LAST}}}}}"#),
            (Holds::List, _) if round.is_multiple_of(2) => {
                format!(r#"{{"insert":{{"value":{number}}}}}"#)
            }
            (Holds::List, _) => r#"{"remove":{"at":0}}"#.to_owned(),
        };
        let operation = self.operations.get() + 1;
        self.operations.set(operation);
        let topic = &self.topic;
        let frame = format!(
            r#"{{"id":{operation},"op":"bench-{operation}","do":{{"change":{{"changes":[{{"topic":"{topic}","change":{change}}}]}}}}}}"#
        );
        websocket(1, frame.as_bytes(), out);
    }

    fn marks(&self) -> (&'static [u8], Option<&'static [u8]>) {
        match self.dialect {
            Dialect::Native => (br#""fact":{"#, Some(br#"{"ok":{"id":"#)),
            Dialect::Topicsync => (original::MARK, None),
        }
    }

    fn tells_each(&self) -> bool {
        !self.merge
    }

    fn value(&self, _server: &Server) -> Result<Json> {
        let mut socket = Socket::enter(self.port, self.tokens.first().context("no account")?)?;
        let get = json!({"id": 1, "get": {"topic": {"topic": self.topic}}}).to_string();
        let mut got: Json = serde_json::from_str(&socket.ask(&get, "\"ok\"")?)?;
        Ok(got.pointer_mut("/ok/got/topic/value").map(Json::take).unwrap_or(got))
    }
}

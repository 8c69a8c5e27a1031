//! The real topicsync (Python), and what is spoken to it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use serde_json::{Value as Json, json};

use super::{Change, Holds, LAST, LENGTH, Subject};
use crate::peer::{text, upgrade, websocket};
use crate::server::{Server, free_port, program};
use crate::socket::Socket;
use crate::swarm::{Script, step};

/// An exact version, so that figures can be compared.
const PACKAGE: &str = "topicsync==0.13.0";

/// What each change that is told holds, whoever tells it.
pub(super) const MARK: &[u8] = b"\"topic_type\"";

const PROGRAM: &str = r"
import asyncio, sys
from topicsync.server.server import TopicsyncServer
from topicsync.topic import IntTopic, ListTopic

async def main():
    port, strict, length = int(sys.argv[1]), sys.argv[2] == 'strict', int(sys.argv[3])
    server = TopicsyncServer(port, '127.0.0.1')
    server.add_topic('int', IntTopic, init_value=0, order_strict=strict)
    server.add_topic('list', ListTopic, init_value=list(range(length)), order_strict=strict)
    await server.serve()

asyncio.run(main())
";

/// The real topicsync.
pub(super) struct Original {
    dir: PathBuf,
    /// Changes are told one by one; else several together, five times a second.
    strict: bool,
    port: u16,
    holds: Holds,
}

impl Original {
    pub(super) fn new(dir: &Path, strict: bool) -> Self {
        let dir = dir.join("bench-peers").join("topicsync");
        Self { dir, strict, port: 0, holds: Holds::Int }
    }

    /// Installs it below its directory; says why not, if it cannot.
    fn install(&self) -> Result<bool> {
        let python = self.dir.join("venv").join("bin").join("python");
        let has = |python: &Path| {
            let look = Command::new(python).args(["-c", "import topicsync"]).output();
            look.is_ok_and(|look| look.status.success())
        };
        if has(&python) {
            return Ok(true);
        }
        std::fs::create_dir_all(&self.dir)?;
        let venv = self.dir.join("venv");
        let made = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
        if made.is_ok_and(|made| made.status.success()) {
            let _ = Command::new(&python).args(["-m", "pip", "install", "-q", PACKAGE]).output();
        }
        let is_there = has(&python);
        if !is_there {
            eprintln!(
                "  left out: {PACKAGE} cannot be installed (python3, its venv, and a way to PyPI)"
            );
        }
        Ok(is_there)
    }
}

impl Subject for Original {
    fn name(&self) -> &'static str {
        if self.strict { "topicsync" } else { "topicsync, not order strict" }
    }

    fn start(&mut self, _dir: &Path, holds: Holds, _readers: usize) -> Result<Option<Server>> {
        if !self.install()? {
            return Ok(None);
        }
        (self.port, self.holds) = (free_port()?, holds);
        let file = std::fs::canonicalize(&self.dir)?.join("server.py");
        std::fs::write(&file, PROGRAM)?;
        let python = std::path::absolute(self.dir.join("venv").join("bin").join("python"))?;
        let mut command = program(python);
        command.arg(file).arg(self.port.to_string());
        command.args([if self.strict { "strict" } else { "buffered" }, &LENGTH.to_string()]);
        Server::listening(command, self.port).map(Some)
    }

    fn reader(&self, _number: usize) -> Script {
        reader("/", self.port, self.holds.name())
    }

    fn change(&self, holds: Holds, asked: Change, out: &mut Vec<u8>) {
        change(holds.name(), holds, asked, out);
    }

    fn marks(&self) -> (&'static [u8], Option<&'static [u8]>) {
        (MARK, None)
    }

    /// It does all that is asked before it tells any of it.
    fn flying(&self) -> usize {
        if self.strict { 16 } else { 512 }
    }

    fn value(&self, server: &Server) -> Result<Json> {
        value("/", server.port, self.holds.name())
    }
}

/// How a client gets in and follows a topic.
pub(super) fn reader(path: &str, port: u16, topic: &str) -> Script {
    let follow = json!({"type": "subscribe", "args": {"topic_name": topic}}).to_string();
    vec![
        step(upgrade(path, port), "\r\n\r\n"),
        step(Vec::new(), "hello"),
        step(text(&follow), "init"),
    ]
}

/// Appends the action that makes a change.
pub(super) fn change(topic: &str, holds: Holds, asked: Change, out: &mut Vec<u8>) {
    let Change { number, round, is_last } = asked;
    let is = holds.name();
    let what = match (holds, is_last) {
        (Holds::Int, false) => r#""type":"add","value":1"#.to_owned(),
        (Holds::Int, true) => format!(r#""type":"set","value":{LAST},"old_value":0"#),
        (Holds::List, true) => format!(r#""type":"insert","item":{LAST},"position":-1"#),
        (Holds::List, _) if round.is_multiple_of(2) => {
            format!(r#""type":"insert","item":{number},"position":-1"#)
        }
        (Holds::List, _) => r#""type":"pop","position":0"#.to_owned(),
    };
    let action = format!(
        r#"{{"type":"action","args":{{"commands":[{{"topic_name":"{topic}","topic_type":"{is}",{what},"id":"b_{number}"}}],"action_id":"a_{number}"}}}}"#
    );
    websocket(1, action.as_bytes(), out);
}

/// The value that one is told who comes now.
pub(super) fn value(path: &str, port: u16, topic: &str) -> Result<Json> {
    let mut socket = Socket::open(path, port)?;
    socket.next()?;
    let follow = json!({"type": "subscribe", "args": {"topic_name": topic}}).to_string();
    socket.send(&follow)?;
    let mut init: Json = serde_json::from_slice(&socket.next()?)?;
    Ok(init["args"]["value"].take())
}

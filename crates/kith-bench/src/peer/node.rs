//! What Node.js programs use most: the package `ws`, and Socket.IO.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::{Peer, text, upgrade, websocket};
use crate::server::{Server, free_port, program};
use crate::swarm::{Script, step};

/// Exact versions, so that figures can be compared.
const PACKAGES: [&str; 2] = ["ws@8.23.0", "socket.io@4.8.4"];

const WS: &str = r"
const { WebSocketServer } = require('ws');
const rooms = new Map();
const server = new WebSocketServer({ host: '127.0.0.1', port: +process.argv[2], backlog: 4096 });
server.on('connection', (socket) => socket.on('message', (data) => {
  const message = data.toString();
  const at = message.indexOf(' ', 1);
  const room = message.slice(1, at);
  if (message[0] === 's') {
    if (!rooms.has(room)) rooms.set(room, new Set());
    rooms.get(room).add(socket);
    socket.on('close', () => rooms.get(room).delete(socket));
    socket.send('subscribed');
  } else {
    const text = message.slice(at + 1);
    for (const other of rooms.get(room) ?? []) other.send(text);
  }
}));
";

const SOCKET_IO: &str = r"
const { Server } = require('socket.io');
const http = require('http').createServer();
const io = new Server(http, { pingInterval: 3600000, transports: ['websocket'], perMessageDeflate: false });
io.on('connection', (socket) => {
  socket.on('s', (room, done) => { socket.join(room); done(); });
  socket.on('p', (room, text) => io.to(room).emit('m', text));
});
http.listen({ host: '127.0.0.1', port: +process.argv[2], backlog: 4096 });
";

/// One of the two.
pub(crate) struct Node {
    dir: PathBuf,
    socket_io: bool,
}

pub(crate) fn ws(dir: &Path) -> Node {
    Node { dir: dir.join("bench-peers"), socket_io: false }
}

pub(crate) fn socket_io(dir: &Path) -> Node {
    Node { dir: dir.join("bench-peers"), socket_io: true }
}

impl Node {
    fn install(&self) -> Result<()> {
        if self.dir.join("node_modules").exists() {
            return Ok(());
        }
        std::fs::create_dir_all(&self.dir)?;
        std::fs::write(self.dir.join("package.json"), r#"{"private":true}"#)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--save-exact"]).args(PACKAGES);
        if !npm.current_dir(&self.dir).output()?.status.success() {
            bail!("npm could not install {}", PACKAGES.join(" and "));
        }
        Ok(())
    }
}

impl Peer for Node {
    fn name(&self) -> &'static str {
        if self.socket_io { "socket.io" } else { "ws" }
    }

    fn start(&self, _dir: &Path) -> Result<Server> {
        self.install()?;
        let port = free_port()?;
        let (name, source) =
            if self.socket_io { ("socket-io.js", SOCKET_IO) } else { ("ws.js", WS) };
        let file = std::fs::canonicalize(&self.dir)?.join(name);
        std::fs::write(&file, source)?;
        let mut command = program("node");
        command.arg(file).arg(port.to_string());
        Server::listening(command, port)
    }

    fn reader(&self, room: usize, _number: usize) -> Script {
        let mut script = self.publisher(room);
        script.push(match self.socket_io {
            true => step(text(&format!(r#"420["s","r{room}"]"#)), "430[]"),
            false => step(text(&format!("sr{room} ")), "subscribed"),
        });
        script
    }

    fn publisher(&self, _room: usize) -> Script {
        if !self.socket_io {
            return vec![step(upgrade("/", 80), "\r\n\r\n")];
        }
        let path = "/socket.io/?EIO=4&transport=websocket";
        vec![
            step(upgrade(path, 80), "\r\n\r\n"),
            step(Vec::new(), "\"maxPayload\""),
            step(text("40"), "40{\"sid\""),
        ]
    }

    fn frame(&self, room: usize, _seq: u32, message: &str, out: &mut Vec<u8>) {
        let frame = match self.socket_io {
            true => format!(r#"42["p","r{room}","{message}"]"#),
            false => format!("pr{room} {message}"),
        };
        websocket(1, frame.as_bytes(), out);
    }
}

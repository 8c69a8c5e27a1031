//! NATS, over TCP and over WebSocket.

use std::path::Path;

use anyhow::Result;

use super::{Peer, upgrade, websocket};
use crate::server::{Server, free_port, program};
use crate::swarm::{Script, step};

pub(crate) struct Nats {
    pub(crate) websocket: bool,
}

const CONNECT: &str = r#"CONNECT {"verbose":false,"pedantic":false,"echo":false}"#;

impl Nats {
    fn wrap(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.websocket {
            websocket(2, bytes, out);
        } else {
            out.extend_from_slice(bytes);
        }
    }

    fn enter(&self, then: &str) -> Script {
        let mut say = Vec::new();
        self.wrap(format!("{CONNECT}\r\n{then}PING\r\n").as_bytes(), &mut say);
        let mut script = Vec::new();
        if self.websocket {
            script.push(step(upgrade("/", 80), "\r\n\r\n"));
        }
        script.push(step(Vec::new(), "INFO "));
        script.push(step(say, "PONG\r\n"));
        script
    }
}

impl Peer for Nats {
    fn name(&self) -> &'static str {
        if self.websocket { "nats-websocket" } else { "nats" }
    }

    fn start(&self, dir: &Path) -> Result<Server> {
        let port = free_port()?;
        let (tcp, web) = if self.websocket { (free_port()?, port) } else { (port, free_port()?) };
        let config = format!(
            "host: 127.0.0.1\nport: {tcp}\nmax_connections: 20000\nmax_pending: 1GB\n\
             websocket {{ host: 127.0.0.1, port: {web}, no_tls: true, compression: false }}\n"
        );
        let file = dir.join("nats.conf");
        std::fs::write(&file, config)?;
        let mut command = program("nats-server");
        command.arg("-c").arg(file);
        Server::listening(command, port)
    }

    fn reader(&self, room: usize, _number: usize) -> Script {
        self.enter(&format!("SUB r{room} 1\r\n"))
    }

    fn publisher(&self, _room: usize) -> Script {
        self.enter("")
    }

    fn frame(&self, room: usize, _seq: u32, text: &str, out: &mut Vec<u8>) {
        self.wrap(format!("PUB r{room} {}\r\n{text}\r\n", text.len()).as_bytes(), out);
    }
}

//! Mosquitto: MQTT 3.1.1 with no promise of delivery (QoS 0), over TCP and over WebSocket.

use std::path::Path;

use anyhow::Result;

use super::{Peer, upgrade, websocket};
use crate::server::{Server, free_port, program};
use crate::swarm::{Script, step};

pub(crate) struct Mosquitto {
    pub(crate) websocket: bool,
}

/// A packet: its kind and what it holds.
fn packet(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut left: usize = parts.iter().map(|part| part.len()).sum();
    let mut packet = vec![kind];
    loop {
        let low = u8::try_from(left % 128).unwrap_or_default();
        left /= 128;
        packet.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            break;
        }
    }
    parts.iter().for_each(|part| packet.extend_from_slice(part));
    packet
}

/// A text with its length before it.
fn string(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

impl Mosquitto {
    fn wrap(&self, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        if self.websocket {
            websocket(2, bytes, &mut out);
        } else {
            out.extend_from_slice(bytes);
        }
        out
    }

    fn enter(&self, name: &str) -> Script {
        let mut script = Vec::new();
        if self.websocket {
            let head = String::from_utf8_lossy(&upgrade("/mqtt", 80)).into_owned();
            let head = head.trim_end().to_owned() + "\r\nsec-websocket-protocol: mqtt\r\n\r\n";
            script.push(step(head, "\r\n\r\n"));
        }
        // Clean session, no keep-alive.
        let connect = packet(0x10, &[&string("MQTT"), &[4, 2, 0, 0], &string(name)]);
        script.push(step(self.wrap(&connect), [0x20, 2, 0, 0]));
        script
    }
}

impl Peer for Mosquitto {
    fn name(&self) -> &'static str {
        if self.websocket { "mosquitto-websocket" } else { "mosquitto" }
    }

    fn start(&self, dir: &Path) -> Result<Server> {
        let port = free_port()?;
        // This version does not start with a WebSocket alone.
        let (tcp, web) = if self.websocket { (free_port()?, port) } else { (port, free_port()?) };
        let config = format!(
            "listener {tcp} 127.0.0.1\nlistener {web} 127.0.0.1\nprotocol websockets\nallow_anonymous true\nuser root\n\
             set_tcp_nodelay true\nmax_queued_messages 0\npersistence false\nlog_type error\n"
        );
        let file = dir.join("mosquitto.conf");
        std::fs::write(&file, config)?;
        let mut command = program("mosquitto");
        command.arg("-c").arg(file);
        Server::listening(command, port)
    }

    fn reader(&self, room: usize, number: usize) -> Script {
        let mut script = self.enter(&format!("reader{number}"));
        let subscribe = packet(0x82, &[&[0, 1], &string(&format!("r{room}")), &[0]]);
        script.push(step(self.wrap(&subscribe), [0x90, 3, 0, 1, 0]));
        script
    }

    fn publisher(&self, room: usize) -> Script {
        self.enter(&format!("publisher{room}"))
    }

    fn frame(&self, room: usize, _seq: u32, text: &str, out: &mut Vec<u8>) {
        let publish = packet(0x30, &[&string(&format!("r{room}")), text.as_bytes()]);
        out.extend(self.wrap(&publish));
    }
}

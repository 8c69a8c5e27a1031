//! Redis: publish and subscribe.

use std::path::Path;

use anyhow::Result;

use super::Peer;
use crate::server::{Server, free_port, program};
use crate::swarm::{Script, step};

pub(crate) struct Redis;

impl Peer for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn start(&self, dir: &Path) -> Result<Server> {
        let port = free_port()?;
        let mut command = program("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--maxclients", "19500"]);
        command.args(["--client-output-buffer-limit", "pubsub 0 0 0", "--dir"]).arg(dir);
        Server::listening(command, port)
    }

    fn reader(&self, room: usize, _number: usize) -> Script {
        vec![step(format!("SUBSCRIBE r{room}\r\n"), ":1\r\n")]
    }

    fn publisher(&self, _room: usize) -> Script {
        vec![step("PING\r\n", "+PONG\r\n")]
    }

    fn frame(&self, room: usize, _seq: u32, text: &str, out: &mut Vec<u8>) {
        let channel = format!("r{room}");
        out.extend_from_slice(b"*3\r\n$7\r\nPUBLISH\r\n");
        for part in [channel.as_str(), text] {
            out.extend_from_slice(format!("${}\r\n{part}\r\n", part.len()).as_bytes());
        }
    }
}

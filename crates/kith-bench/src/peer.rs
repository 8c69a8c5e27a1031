//! Servers under measurement: ours, and those of others that send a message to whoever subscribed.

mod irc;
mod kith;
mod mosquitto;
mod nats;
mod node;
mod redis;

use std::path::Path;

use anyhow::Result;

use crate::server::Server;
use crate::swarm::{Mark, Script};

pub(crate) use irc::InspIrcd;
pub(crate) use kith::Kith;

/// A server that can be started, subscribed to and published to.
pub(crate) trait Peer {
    /// What it is called in tables.
    fn name(&self) -> &'static str;
    /// Starts it, with its files in `dir`.
    fn start(&self, dir: &Path) -> Result<Server>;
    /// Makes what the connections need before they come: accounts, rooms.
    fn prepare(&mut self, _server: &Server, _rooms: usize, _readers: usize) -> Result<()> {
        Ok(())
    }
    /// How reader `number` of all gets into a room.
    fn reader(&self, room: usize, number: usize) -> Script;
    /// How one gets in who follows something that nothing is published to.
    fn bystander(&self, _number: usize) -> Script {
        Script::new()
    }
    /// How the publisher of a room gets in.
    fn publisher(&self, room: usize) -> Script;
    /// Appends the bytes that publish a text.
    fn frame(&self, room: usize, seq: u32, text: &str, out: &mut Vec<u8>);
    /// What its answer to each message holds, if it answers.
    fn answer(&self) -> Mark {
        None
    }
}

/// Programs of others that are measured with something else than messages to many.
const ELSEWHERE: [&str; 4] = ["topicsync", "hocuspocus", "less", "weechat"];

/// The peers of these names, or all, in the order of tables.
pub(crate) fn others(dir: &Path, names: &[String]) -> Result<Vec<Box<dyn Peer>>> {
    let all: Vec<Box<dyn Peer>> = vec![
        Box::new(redis::Redis),
        Box::new(InspIrcd),
        Box::new(nats::Nats { websocket: false }),
        Box::new(nats::Nats { websocket: true }),
        Box::new(mosquitto::Mosquitto { websocket: false }),
        Box::new(mosquitto::Mosquitto { websocket: true }),
        Box::new(node::ws(dir)),
        Box::new(node::socket_io(dir)),
    ];
    let known: Vec<&str> = all.iter().map(|peer| peer.name()).chain(ELSEWHERE).collect();
    let unknown = names.iter().find(|name| !known.contains(&name.as_str()));
    if let Some(name) = unknown.filter(|name| *name != "none") {
        anyhow::bail!("there is no peer {name:?}: there are {}, and none", known.join(", "));
    }
    let wanted = |peer: &str| names.is_empty() || names.iter().any(|name| name == peer);
    Ok(all.into_iter().filter(|peer| wanted(peer.name())).collect())
}

/// The request that makes a WebSocket of a connection.
pub(crate) fn upgrade(path: &str, port: u16) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nupgrade: websocket\r\n\
         connection: upgrade\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}

/// Appends a client's WebSocket frame. Its mask is zero, which costs neither side anything.
pub(crate) fn websocket(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ ..126 => out.push(0x80 | u8::try_from(short).unwrap_or_default()),
        long => {
            out.push(0x80 | 126);
            out.extend(u16::try_from(long).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend_from_slice(payload);
}

/// A client's text frame.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 8);
    websocket(1, text.as_bytes(), &mut out);
    out
}

//! Native protocol v1: the frames of the WebSocket, the bodies of REST, and their two encodings.
//!
//! `docs/protocol.md` tells the same for people; its examples are read by a test of this crate.

pub mod codec;
pub mod error;
pub mod frame;
pub mod query;
pub mod run;
pub mod schema;
pub mod service;

/// The version of the protocol that this program speaks.
pub const VERSION: u32 = 1;
/// The WebSocket subprotocol for JSON in text frames; the default.
pub const JSON: &str = "kith.v1.json";
/// The WebSocket subprotocol for MessagePack in binary frames.
pub const MSGPACK: &str = "kith.v1.msgpack";

//! The server's side of WebSocket framing (RFC 6455), without I/O.
//!
//! The server sends one framed buffer to every subscriber, so framing is ours: [`encode`] makes
//! frames that can be shared, [`decode`] reads what clients send and holds no memory while they
//! send nothing.

pub mod decode;
pub mod encode;
pub mod handshake;

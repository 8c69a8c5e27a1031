//! STUN and TURN for private sessions (RFC 8489, RFC 8656 over UDP): a device is told how others see
//! its address, and devices that do not want to show theirs are relayed.
//!
//! The relay passes on what one of its own allocations sends to another, inside this process. It has no
//! socket but the one that clients speak to, so that nobody can reach anything else through it: there is
//! nothing that it could be told to connect to. [`Relay`] is a state machine without sockets and clocks;
//! each datagram gives at most one.

mod address;
mod credential;
mod message;
mod nonce;
mod quota;
mod relay;
mod serve;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use credential::{CREDENTIAL_SECONDS, Credential, Secret};
pub use message::{Message, Unreadable};
pub use relay::{Options, Relay};
pub use serve::{Counts, serve};

/// The largest datagram that is read or written.
pub const DATAGRAM_BYTES_MAX: usize = 4096;

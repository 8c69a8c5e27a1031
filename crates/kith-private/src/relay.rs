//! What the server offers so that two devices find a way to each other: it says what the address of a
//! device is (STUN), and passes on what is encrypted between them (TURN), so that neither shows its
//! address.

use serde::{Deserialize, Serialize};

/// The most that a server may name.
const RELAYS_MAX: usize = 8;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// Where it is: `stun:` or `turn:` URLs.
    pub urls: Vec<String>,
    /// For `turn:`, the name to sign in with.
    #[serde(default)]
    pub username: String,
    /// For `turn:`, the secret that goes with it, for a while.
    #[serde(default)]
    pub credential: String,
}

/// What `kith/relay` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relays {
    /// All that there are.
    pub servers: Vec<Relay>,
}

impl Relays {
    /// As many as are looked at.
    #[must_use]
    pub fn bounded(mut self) -> Vec<Relay> {
        self.servers.truncate(RELAYS_MAX);
        self.servers
    }
}

/// Whether what is sent can be passed on by one of these.
#[must_use]
pub fn can_relay(relays: &[Relay]) -> bool {
    relays.iter().flat_map(|relay| &relay.urls).any(|url| url.starts_with("turn:"))
}

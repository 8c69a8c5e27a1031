//! What signs a device in to the relay: a name that says until when, and a password that follows from it
//! by the server's secret. Nothing of it is kept.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use md5::{Digest, Md5};
use ring::hmac;

/// How long a credential lasts. What was relayed with it then ends, and needs another.
pub const CREDENTIAL_SECONDS: u64 = 6 * 3600;

/// What the relay calls itself to those who sign in.
pub(crate) const REALM: &str = "kith";

/// Who has an allocation: as many digits as tell users apart and do not say who they are.
pub(crate) type Owner = [u8; 16];

/// A name and the password that goes with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Until when in seconds since 1970, a colon, and for whom.
    pub username: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("username", &self.username).finish_non_exhaustive()
    }
}

/// What only the server knows, from when it starts until it stops.
#[derive(Clone)]
pub struct Secret {
    passwords: hmac::Key,
    owners: hmac::Key,
    pub(crate) nonces: hmac::Key,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Secret {
    /// Makes one of 32 random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let whole = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let part = |label: &str, algorithm| {
            hmac::Key::new(algorithm, hmac::sign(&whole, label.as_bytes()).as_ref())
        };
        Self {
            // What TURN servers and clients agree on (draft-uberti-behave-turn-rest).
            passwords: part("passwords", hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
            owners: part("owners", hmac::HMAC_SHA256),
            nonces: part("nonces", hmac::HMAC_SHA256),
        }
    }

    /// A credential for a user, who is not named in it. `now_ms` is since 1970.
    #[must_use]
    pub fn issue(&self, user: &str, now_ms: u64) -> Credential {
        let until = now_ms / 1000 + CREDENTIAL_SECONDS;
        let owner = hmac::sign(&self.owners, user.as_bytes());
        let owner: String =
            owner.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let username = format!("{until}:{owner}");
        let password = self.password(&username);
        Credential { username, password }
    }

    fn password(&self, username: &str) -> String {
        STANDARD.encode(hmac::sign(&self.passwords, username.as_bytes()))
    }

    /// Whose name it is, and the key that its messages are signed with; nothing where it is none of ours
    /// or its time is over.
    pub(crate) fn look_up(&self, username: &[u8], now_ms: u64) -> Option<(Owner, hmac::Key)> {
        let username = std::str::from_utf8(username).ok()?;
        let (until, owner) = username.split_once(':')?;
        let is_number = !until.is_empty() && until.bytes().all(|byte| byte.is_ascii_digit());
        let until: u64 = until.parse().ok().filter(|_| is_number)?;
        let ahead = until.checked_sub(now_ms / 1000).filter(|ahead| *ahead > 0)?;
        if ahead > CREDENTIAL_SECONDS {
            return None;
        }
        let owner: Owner = owner.as_bytes().try_into().ok()?;
        Some((owner, key(username, REALM, &self.password(username))))
    }
}

/// The key that messages are signed with (RFC 8489, section 9.2.2).
pub(crate) fn key(username: &str, realm: &str, password: &str) -> hmac::Key {
    let digest = Md5::digest(format!("{username}:{realm}:{password}"));
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &digest)
}

/// A short text of bytes, for a nonce.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

//! How two devices agree on who they are and on how their link is encrypted, over a server that
//! neither has to trust. Pure: keys and randomness are arguments.
//!
//! Who invites commits to its part before it sees the other's, and shows it afterwards. So nobody in
//! between can try parts until two transcripts show the same words: there is one guess, of 42 bits.

#[cfg(test)]
mod tests;

use kith_core::id::UserId;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::hex::Hex;
use crate::identity::{Identity, is_signed};
use crate::words::Words;

/// The name of a private session, chosen by the device that invites.
pub type SessionId = Hex<16>;

/// Which part a device has in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It invited, and makes the offers of connections.
    Inviting,
    /// It was invited.
    Invited,
}

impl Role {
    /// The part of the other device.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Inviting => Self::Invited,
            Self::Invited => Self::Inviting,
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Inviting => 1,
            Self::Invited => 2,
        }
    }
}

/// What a device brings into a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The public key of the device (Ed25519).
    pub key: Hex<32>,
    /// The SHA-256 of the certificate that it uses in the session, and in no other.
    pub fingerprint: Hex<32>,
    /// Random bytes, used once.
    pub nonce: Hex<32>,
}

/// The part of the device that invited, shown, and its signature over everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reveal {
    /// What was committed to.
    pub part: Part,
    /// Its signature over the transcript.
    pub proof: Hex<64>,
}

/// Why two devices do not agree. Whatever it is, somebody in between may have changed what they
/// said: the session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// What was shown is not what was committed to.
    #[error("the other side showed something else than it committed to")]
    Commitment,
    /// The signature is not that of the key over this transcript.
    #[error("the signature of the other side does not fit")]
    Proof,
    /// The other side sent back what is ours.
    #[error("the other side has our own key")]
    Reflected,
    /// A connection was offered with another certificate than the one agreed on.
    #[error("the connection was offered with another certificate")]
    Fingerprint,
}

/// Who takes part, and in what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The session.
    pub id: SessionId,
    /// Who invites.
    pub inviting: UserId,
    /// Who is invited.
    pub invited: UserId,
}

/// A hash over texts of which none can be taken for a part of another.
struct Sum(Context);

impl Sum {
    fn new(label: &str) -> Self {
        let sum = Self(Context::new(&SHA256));
        sum.add(label.as_bytes())
    }

    fn add(mut self, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(&length.to_be_bytes());
        self.0.update(bytes);
        self
    }

    fn part(self, part: &Part) -> Self {
        self.add(&part.key.0).add(&part.fingerprint.0).add(&part.nonce.0)
    }

    fn between(self, between: &Between) -> Self {
        self.add(&between.id.0)
            .add(between.inviting.to_string().as_bytes())
            .add(between.invited.to_string().as_bytes())
    }

    fn end(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        bytes
    }
}

/// What an invitation says of the part that is not shown yet.
#[must_use]
pub fn commitment(between: &Between, part: &Part) -> Hex<32> {
    Hex(Sum::new("kith private commitment 1").between(between).part(part).end())
}

/// The hash of everything that two devices agree on.
fn transcript(between: &Between, inviting: &Part, invited: &Part) -> [u8; 32] {
    Sum::new("kith private session 1").between(between).part(inviting).part(invited).end()
}

fn to_sign(transcript: &[u8; 32], role: Role) -> [u8; 32] {
    Sum::new("kith private proof 1").add(transcript).add(&[role.byte()]).end()
}

/// What the inviting device answers to the part of the invited one: its own, shown, and what will
/// stand once the other has proved itself.
///
/// # Errors
/// [`HandshakeError::Reflected`].
pub fn reveal(
    between: &Between,
    ours: Part,
    theirs: &Part,
    identity: &Identity,
) -> Result<(Reveal, Agreement), HandshakeError> {
    if ours.key == theirs.key {
        return Err(HandshakeError::Reflected);
    }
    let transcript = transcript(between, &ours, theirs);
    let proof = identity.sign(&to_sign(&transcript, Role::Inviting));
    let agreement = Agreement {
        transcript,
        role: Role::Inviting,
        key: theirs.key,
        fingerprint: theirs.fingerprint,
    };
    Ok((Reveal { part: ours, proof }, agreement))
}

/// What the invited device answers when the other has shown its part: its own signature. From here on
/// it knows who the other is.
///
/// # Errors
/// [`HandshakeError::Commitment`], [`HandshakeError::Reflected`], [`HandshakeError::Proof`].
pub fn accept(
    between: &Between,
    commitment: &Hex<32>,
    ours: &Part,
    theirs: &Reveal,
    identity: &Identity,
) -> Result<(Hex<64>, Agreement), HandshakeError> {
    if self::commitment(between, &theirs.part) != *commitment {
        return Err(HandshakeError::Commitment);
    }
    if ours.key == theirs.part.key {
        return Err(HandshakeError::Reflected);
    }
    let transcript = transcript(between, &theirs.part, ours);
    let Part { key, fingerprint, .. } = theirs.part;
    if !is_signed(&key, &to_sign(&transcript, Role::Inviting), &theirs.proof) {
        return Err(HandshakeError::Proof);
    }
    let proof = identity.sign(&to_sign(&transcript, Role::Invited));
    Ok((proof, Agreement { transcript, role: Role::Invited, key, fingerprint }))
}

/// What two devices agreed on, seen from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    transcript: [u8; 32],
    role: Role,
    /// The public key of the other device.
    key: Hex<32>,
    /// The certificate of the other device.
    fingerprint: Hex<32>,
}

impl Agreement {
    /// Checks the signature of the invited device, which is the last step of the inviting one.
    ///
    /// # Errors
    /// [`HandshakeError::Proof`].
    pub fn conclude(&self, proof: &Hex<64>) -> Result<(), HandshakeError> {
        let message = to_sign(&self.transcript, self.role.other());
        if is_signed(&self.key, &message, proof) { Ok(()) } else { Err(HandshakeError::Proof) }
    }

    /// Our part.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// The public key of the other device.
    #[must_use]
    pub fn key(&self) -> Hex<32> {
        self.key
    }

    /// The words that both devices show when nobody is between them.
    #[must_use]
    pub fn words(&self) -> Words {
        Words::of(&Sum::new("kith private words 1").add(&self.transcript).end())
    }

    fn description(&self, role: Role, attempt: u32, sdp: &str) -> [u8; 32] {
        Sum::new("kith private description 1")
            .add(&self.transcript)
            .add(&[role.byte()])
            .add(&attempt.to_be_bytes())
            .add(sdp.as_bytes())
            .end()
    }

    /// Signs the description of our end of a connection.
    #[must_use]
    pub fn sign(&self, identity: &Identity, attempt: u32, sdp: &str) -> Hex<64> {
        identity.sign(&self.description(self.role, attempt, sdp))
    }

    /// Checks the description of the other end of a connection: it is signed by the other device, and
    /// names the certificate that was agreed on and no other.
    ///
    /// # Errors
    /// [`HandshakeError::Proof`], [`HandshakeError::Fingerprint`].
    pub fn check(&self, attempt: u32, sdp: &str, proof: &Hex<64>) -> Result<(), HandshakeError> {
        let message = self.description(self.role.other(), attempt, sdp);
        if !is_signed(&self.key, &message, proof) {
            return Err(HandshakeError::Proof);
        }
        let mut named = fingerprints(sdp).peekable();
        if named.peek().is_none() || named.any(|one| one != Some(self.fingerprint)) {
            return Err(HandshakeError::Fingerprint);
        }
        Ok(())
    }
}

/// The certificates that a description names; `None` for each that is not named by its SHA-256.
fn fingerprints(sdp: &str) -> impl Iterator<Item = Option<Hex<32>>> {
    let lines = sdp.split(['\r', '\n']).map(str::trim);
    lines.filter_map(|line| {
        let named = line.get(..14).filter(|begin| begin.eq_ignore_ascii_case("a=fingerprint:"));
        named.and_then(|_| line.get(14..)).map(fingerprint)
    })
}

/// Reads `sha-256 AB:CD:…`.
#[must_use]
pub fn fingerprint(text: &str) -> Option<Hex<32>> {
    let (algorithm, value) = text.trim().split_once(' ')?;
    if !algorithm.eq_ignore_ascii_case("sha-256") || value.len() != 32 * 3 - 1 {
        return None;
    }
    Hex::parse(&value.to_ascii_lowercase().split(':').collect::<String>()).ok()
}

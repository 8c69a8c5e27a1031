//! What two devices tell each other over the server until they have a connection of their own: calls
//! of a service that each offers for itself. The server sees who, when and how much.

use kith_core::id::UserId;
use kith_core::text::ServiceName;
use serde::{Deserialize, Serialize};

use crate::handshake::{Part, Reveal, SessionId};
use crate::hex::Hex;

/// The version of all that is said here.
pub const VERSION: u32 = 1;
/// What the names of the services begin with under which devices are reached.
pub const SERVICE: &str = "me/private/";
/// The longest description of an end of a connection, in bytes.
pub const SDP_BYTES_MAX: usize = 16 * 1024;

/// Where a device is reached: the service that it offers for itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Whose it is, as the server says.
    pub user: UserId,
    /// Under which name.
    pub name: ServiceName,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// The version that the caller speaks.
    pub v: u32,
    /// The session.
    pub id: SessionId,
    /// Under which name the caller is reached.
    pub from: ServiceName,
    /// What is said.
    pub say: Say,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Say {
    /// An invitation into a session.
    Invite {
        /// The commitment to the part of the device that invites.
        commitment: Hex<32>,
    },
    /// The invitation is accepted, and this is the part of the invited device.
    Accept(Part),
    /// The part of the device that invited. Answered with a [`Proof`].
    Reveal(Reveal),
    /// One end of a connection. Answered with the [`Description`] of the other.
    Offer(Description),
    /// The invited device has no connection any more, and wants another offer.
    Again {},
    /// The session, or the invitation, is over.
    End {
        /// Why.
        why: End,
    },
}

/// The signature of the invited device over what was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The signature.
    pub proof: Hex<64>,
}

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// Which connection of the session: each is a later one.
    pub attempt: u32,
    /// Its description as WebRTC writes it, with all its candidates.
    pub sdp: String,
    /// The signature of the device over it.
    pub proof: Hex<64>,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The other side does not want to.
    Refused,
    /// The other side has too many invitations or sessions.
    Busy,
    /// The other side has no device there, or does not let this user reach it.
    Unreachable,
    /// Nobody answered.
    TimedOut,
    /// Another device of the same user answered.
    Answered,
    /// Both invited each other, and the other invitation stands.
    Crossed,
    /// One of the two ended it.
    Ended,
    /// A newer session of the same two took its place.
    Replaced,
    /// The connection was lost, and none came about again.
    Lost,
    /// What was said does not fit together, or broke a limit.
    Failed,
    /// No connection ever came about.
    NoWay,
}

impl End {
    /// A sentence for a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Refused => "the other side does not want to",
            Self::Busy => "the other side has too many invitations",
            Self::Unreachable => {
                "the other side is not there, or cannot be reached by you: who shares no circle with \
                 you is reached once both of you have written to each other"
            }
            Self::TimedOut => "nobody answered in time",
            Self::Answered => "it was answered on another device",
            Self::Crossed => "you both invited each other: the other invitation stands",
            Self::Ended => "the session was ended",
            Self::Replaced => "a newer session took its place",
            Self::Lost => "the connection was lost, and none came about again",
            Self::Failed => "the other device said what does not fit: somebody may be between you",
            Self::NoWay => {
                "no way was found between the devices: what hides an address, or a network, lets \
                 nothing through"
            }
        }
    }
}

/// Why a call was not taken, as its code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declined {
    /// It cannot be read, or is of another version.
    Malformed,
    /// There is no such session with this caller, or it is not at this point.
    Unknown,
    /// Too many invitations or sessions.
    Busy,
    /// Too many invitations of this user.
    TooFast,
    /// Another device answered before.
    Answered,
    /// Both invited each other, and the other invitation stands.
    Crossed,
    /// What was said does not fit together.
    Failed,
}

impl Declined {
    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Malformed => "private.malformed",
            Self::Unknown => "private.unknown",
            Self::Busy => "private.busy",
            Self::TooFast => "private.too_fast",
            Self::Answered => "private.answered",
            Self::Crossed => "private.crossed",
            Self::Failed => "private.failed",
        }
    }

    /// What a code says.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let all = [
            Self::Malformed,
            Self::Unknown,
            Self::Busy,
            Self::TooFast,
            Self::Answered,
            Self::Crossed,
            Self::Failed,
        ];
        all.into_iter().find(|one| one.code() == code)
    }

    /// What it means for whoever called.
    #[must_use]
    pub fn end(self) -> End {
        match self {
            Self::Malformed | Self::Failed => End::Failed,
            Self::Unknown => End::Ended,
            Self::Busy | Self::TooFast => End::Busy,
            Self::Answered => End::Answered,
            Self::Crossed => End::Crossed,
        }
    }

    /// A sentence for a person.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Malformed => "this is not how private sessions speak",
            Self::Unknown => "there is no such session with you",
            Self::Busy => "there are too many invitations or sessions",
            Self::TooFast => "too many invitations: wait a minute",
            Self::Answered => "another device answered",
            Self::Crossed => "both invited each other: the other invitation stands",
            Self::Failed => "what was said does not fit together",
        }
    }
}

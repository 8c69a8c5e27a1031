//! What comes of invitations: what is to be done, what the user is told, and what is refused.

use kith_core::id::UserId;

use crate::handshake::{Part, SessionId};
use crate::hex::Hex;
use crate::signal::{Address, End, Say};

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Look up where the devices of a user are reached, and say so by [`reached`](super::Desk::reached).
    Reach {
        /// For which session.
        id: SessionId,
        /// Whose.
        user: UserId,
    },
    /// Say something to a device; what becomes of an invitation is told by [`rang`](super::Desk::rang).
    Send {
        /// To which.
        to: Address,
        /// Of which session.
        id: SessionId,
        /// What.
        say: Say,
    },
    /// Agree with the device at the other end, and connect.
    Begin {
        /// The session.
        id: SessionId,
        /// The other device.
        peer: Address,
        /// What the other device brought.
        with: With,
    },
    /// Hand to the session what its other device says.
    Pass {
        /// The session.
        id: SessionId,
        /// What it says.
        say: Say,
    },
    /// Tell the user.
    Tell(Event),
    /// End the connection of a session, if it has one.
    Close {
        /// The session.
        id: SessionId,
    },
}

/// What a session begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum With {
    /// We invited, and this is the part of the device that accepted.
    Part(Part),
    /// We are invited, and the other device committed to its part.
    Commitment(Hex<32>),
}

/// What the user is told of invitations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody invites; [`accept`](super::Desk::accept) it or [`end`](super::Desk::end) it.
    Invited {
        /// The session.
        id: SessionId,
        /// Who.
        user: UserId,
    },
    /// The invitation is shown on so many devices of the other.
    Ringing {
        /// The session.
        id: SessionId,
        /// On how many.
        devices: usize,
    },
    /// The invitation was accepted: the devices connect.
    Accepted {
        /// The session.
        id: SessionId,
        /// The other user.
        user: UserId,
    },
    /// It is over.
    Ended {
        /// The session.
        id: SessionId,
        /// The other user.
        user: UserId,
        /// Why.
        why: End,
    },
}

/// Why something cannot be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// There is a session or an invitation with this user.
    #[error("there is a private session or an invitation with this user")]
    Open,
    /// There are as many as there may be.
    #[error("there are too many private sessions and invitations")]
    TooMany,
    /// There is none.
    #[error("there is no such private session or invitation")]
    Unknown,
    /// Nobody has a private session with themselves.
    #[error("this is you")]
    Oneself,
}

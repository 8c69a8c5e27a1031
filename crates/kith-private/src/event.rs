//! What the user of private sessions is told, and why something is refused.

use std::path::PathBuf;

use kith_core::id::UserId;
use kith_core::text::MessageText;

use crate::handshake::SessionId;
use crate::identity::IdentityError;
use crate::invitation::DeskError;
use crate::link::LinkError;
use crate::peers::Trust;
use crate::signal::End;
use crate::words::Words;

/// What the user is told. Each says of which session it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The session.
    pub id: SessionId,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody invites: accept or refuse it.
    Invited {
        /// Who.
        user: UserId,
    },
    /// Our invitation is shown on so many devices of the other user.
    Ringing {
        /// On how many.
        devices: usize,
    },
    /// Both want to: the devices agree and connect.
    Accepted {
        /// The other user.
        user: UserId,
    },
    /// The devices agreed on who they are. Until the words were compared, or the device is known as
    /// one whose words were, show that it is not verified.
    Agreed {
        /// The other user.
        user: UserId,
        /// What both sides show.
        words: Words,
        /// What is known of the other device.
        trust: Trust,
    },
    /// There is a connection, for the first time or again.
    Connected,
    /// The connection was lost; another is made. What is said meanwhile waits.
    Disconnected,
    /// The other side says something.
    Message {
        /// What.
        text: MessageText,
    },
    /// The other side writes.
    Typing,
    /// The other side offers a file: take or refuse it.
    Offered {
        /// Its number.
        file: u32,
        /// A safe name for it.
        name: String,
        /// How many bytes it has.
        size: u64,
    },
    /// So much of a file arrived. Left out where events are not read fast enough, as typing is.
    Progress {
        /// Its number with whoever offered it.
        file: u32,
        /// Whether it is one of ours.
        ours: bool,
        /// How many bytes.
        bytes: u64,
        /// Of how many.
        size: u64,
    },
    /// A file arrived whole.
    Whole {
        /// Its number with whoever offered it.
        file: u32,
        /// Where it is, where it is not one of ours.
        path: Option<PathBuf>,
    },
    /// A file does not come about.
    Dropped {
        /// Its number with whoever offered it.
        file: u32,
        /// Whether it is one of ours.
        ours: bool,
        /// Why, for a person.
        why: String,
    },
    /// It is over.
    Ended {
        /// The other user.
        user: UserId,
        /// Why.
        why: End,
    },
}

impl What {
    /// The other user, where it says who that is.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Invited { user }
            | Self::Accepted { user }
            | Self::Agreed { user, .. }
            | Self::Ended { user, .. } => Some(*user),
            _ => None,
        }
    }
}

/// Why something cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum PrivateError {
    /// There is none, or there are too many.
    #[error("{0}")]
    Desk(#[from] DeskError),
    /// There is no way that does not show an address; agree to show it, and ask again.
    #[error("there is no relay: connecting directly shows your address to the other side")]
    NoWay,
    /// The session is not so far yet, or what it has to do waits already.
    #[error("the session is not connected, and too much waits for it")]
    Busy,
    /// There is no such file, or it was taken before.
    #[error("there is no such file")]
    NoFile,
    /// There are too many files on their way.
    #[error("too many files are on their way")]
    TooManyFiles,
    /// A file is too large to be sent.
    #[error("the file is too large")]
    TooLarge,
    /// A file cannot be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The files of keys cannot be read or written.
    #[error("{0}")]
    Identity(#[from] IdentityError),
    /// No certificate can be made.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// The server does not let us be reached, and says why.
    #[error("{0}")]
    Client(String),
    /// This machine gives no random numbers.
    #[error("this system gives no random numbers")]
    NoRandomness,
    /// Private sessions were ended.
    #[error("private sessions were ended")]
    Closed,
}

//! What the model tells whoever shows it.

use kith_core::id::{CircleId, Seq, Timestamp, UserId};

use super::{Place, PrivateLine};

/// Something that whoever uses this is to be shown once. Texts may be anybody's: they are cleaned
/// where they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The answer to a command.
    Said(Vec<String>),
    /// What was asked for did not come about.
    Wrong(String),
    /// A message was posted.
    Posted {
        /// Where.
        place: Place,
        /// Which.
        seq: Seq,
        /// Whether it means the user: by name, or in a conversation.
        for_me: bool,
    },
    /// Something happened to a message.
    Changed {
        /// Where.
        place: Place,
        /// By whom.
        by: Option<UserId>,
        /// What, as a sentence without its subject.
        what: String,
    },
    /// Users, as a list.
    Users(Vec<UserId>),
    /// The members of a circle are known, as a list.
    Members(CircleId),
    /// A message is on its way to a place that one need not see, of this name.
    Sent(String),
    /// The present place is another, or its messages are.
    Moved,
    /// A message that was looked for is held.
    Found(Seq),
    /// The first messages are held; this is the first of all.
    First(Seq),
    /// Pages of older messages, or of newer ones, came.
    Paged,
    /// What was searched for was found, or was not: hits from this one on are there.
    Results {
        /// The first, counted from 0.
        from: usize,
    },
    /// A file is on its way, so many hundredths of it.
    Progress {
        /// What it is called.
        name: String,
        /// How much of it is there.
        percent: u64,
    },
    /// A text to be edited: that of this message.
    Edit(Seq, String),
    /// A line of a private session.
    Private {
        /// With whom.
        user: UserId,
        /// Whether it is known who they are.
        mark: &'static str,
        /// The line.
        line: PrivateLine,
    },
    /// The private session with a user is to be shown.
    Privately(UserId),
    /// Connected or not.
    Link,
    /// Where one wanted to begin is nowhere, and why; one is nowhere yet.
    Nowhere(String),
    /// The end of the program.
    Ended(Ended),
}

/// Why the program ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user wants it.
    Quit,
    /// The user signs out.
    LogOut,
    /// The server does not let this client in any longer.
    Stopped(kith_proto::error::Problem),
    /// Where the user wanted to begin is nowhere, and why; nobody is there to see where else it is.
    Nowhere(String),
}

/// Whether there is a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// There is.
    Up,
    /// There is none.
    Down {
        /// Why.
        why: String,
        /// When the next attempt is made, by the clock of this machine.
        retry_at: Timestamp,
    },
}

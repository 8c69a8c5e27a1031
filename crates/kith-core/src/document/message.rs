//! Messages as they are stored, who is meant by them, and in whose inbox they are.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::file::Attachment;
use crate::id::{CircleId, RoleId, Seq, StreamId, Timestamp, TopicId, UserId};
use crate::text::{self, Emoji, MessageText};

/// A message as it stands after its edits and reactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    /// The number of the event that posted it: its name in the stream.
    pub seq: Seq,
    /// Who wrote it.
    pub author: UserId,
    /// What it says; empty only where it has files.
    #[serde(deserialize_with = "text::message_or_none")]
    #[schemars(with = "String", length(max = 8000))]
    pub text: MessageText,
    /// The message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Seq>,
    /// The message whose thread it is in; `None` in the stream itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Seq>,
    /// The topic that is shown live in it, to those who may read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// The files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Attachment>,
    /// Who is meant by it.
    #[serde(default, skip_serializing_if = "Mentions::is_empty")]
    pub mentions: Mentions,
    /// Who reacted how.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reactions: BTreeMap<Emoji, BTreeSet<UserId>>,
    /// How many messages its thread has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub replies: u32,
    /// When it was posted.
    pub at: Timestamp,
    /// When it was last edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Timestamp>,
    /// The events that edited it, the newest [`EDITS_MAX`], oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Seq>,
}

/// The edits of a message that are known one by one.
pub const EDITS_MAX: usize = 50;

/// Who is meant by a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mentions {
    /// Users.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub users: BTreeSet<UserId>,
    /// Roles.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<RoleId>,
    /// Everyone who can read the stream.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub everyone: bool,
}

impl Mentions {
    /// Whether nobody is meant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.roles.is_empty() && !self.everyone
    }
}

/// Who wrote a message; stands in the index by which messages are listed and counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// Who.
    pub author: UserId,
}

/// Who finds a message in their inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Whom {
    /// Somebody who is meant by name, or answered.
    User(UserId),
    /// Whoever has a role that is meant.
    Role(RoleId),
    /// Everyone in a circle who can read the stream.
    Circle(CircleId),
    /// Everyone in a conversation.
    Stream(StreamId),
}

impl std::fmt::Display for Whom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => id.fmt(f),
            Self::Role(id) => id.fmt(f),
            Self::Circle(id) => id.fmt(f),
            Self::Stream(id) => id.fmt(f),
        }
    }
}

/// Why a message is in an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who wrote it.
    pub author: UserId,
    /// It answers a message of the user's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reply: bool,
    /// It means whoever finds it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mention: bool,
}

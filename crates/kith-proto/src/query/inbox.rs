//! What a user should look at, and what messages said.

use kith_core::document::Message;
use kith_core::id::{Seq, StreamId, Timestamp};
use kith_core::text::MessageText;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a message said since a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// Since when.
    pub at: Timestamp,
    /// What.
    pub text: MessageText,
}

/// The place of a message in an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InboxPlace {
    /// When it was posted.
    pub at: Timestamp,
    /// Where.
    pub stream: StreamId,
    /// Which.
    pub seq: Seq,
}

/// A part of an inbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inbox {
    /// Messages, newest first.
    pub entries: Vec<InboxEntry>,
    /// Where to go on; absent when there is nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<InboxPlace>,
}

/// A message that means or answers the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InboxEntry {
    /// Where it is.
    pub stream: StreamId,
    /// The message.
    pub message: Message,
    /// It answers a message of the user's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reply: bool,
    /// It means the user: by name, by role or with everyone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mention: bool,
    /// It is above the user's read marker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unread: bool,
}

/// A thread with unread messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadCard {
    /// Where it is.
    pub stream: StreamId,
    /// The message whose thread it is: its number.
    pub thread: Seq,
    /// That message; absent where it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<Message>,
    /// The newest message of the thread.
    pub last: Message,
    /// The user's read marker.
    pub read: Seq,
    /// How many of its messages are unread.
    pub unread: u64,
    /// How many of those mean the user.
    pub mentions: u64,
}

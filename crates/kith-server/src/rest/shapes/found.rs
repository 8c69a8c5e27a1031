//! Messages that were found or picked out for the user, with what picked them.
#![expect(dead_code, reason = "these types are described, never made")]

use schemars::JsonSchema;

use super::{Message, Time};

/// Some of a message's text.
#[derive(JsonSchema)]
pub(in crate::rest) struct Piece {
    text: String,
    /// Whether it is what was looked for.
    hit: Option<bool>,
}

/// A message that was found.
#[derive(JsonSchema)]
pub(in crate::rest) struct Hit {
    stream: String,
    message: Message,
    /// Some of its text, with what was looked for marked.
    snippet: Vec<Piece>,
}

/// Messages that were found.
#[derive(JsonSchema)]
pub(in crate::rest) struct Found {
    /// In the order that was asked for.
    hits: Vec<Hit>,
    /// What to ask with for more; absent when there are none.
    next: Option<String>,
    /// Whether what was said lately may be missing, because it is not in the index yet.
    behind: Option<bool>,
}

/// Where to go on in an inbox.
#[derive(JsonSchema)]
pub(in crate::rest) struct InboxPlace {
    at: Time,
    stream: String,
    seq: u64,
}

/// A message that means or answers the user.
#[derive(JsonSchema)]
pub(in crate::rest) struct InboxEntry {
    stream: String,
    message: Message,
    /// It answers a message of the user's.
    reply: Option<bool>,
    /// It means the user: by name, by role or with everyone.
    mention: Option<bool>,
    unread: Option<bool>,
}

/// Messages that mean or answer the user, newest first.
#[derive(JsonSchema)]
pub(in crate::rest) struct Inbox {
    entries: Vec<InboxEntry>,
    /// Absent when there is nothing more.
    next: Option<InboxPlace>,
}

/// A thread with unread messages.
#[derive(JsonSchema)]
pub(in crate::rest) struct ThreadCard {
    stream: String,
    thread: u64,
    /// The message whose thread it is; absent where it was deleted.
    root: Option<Message>,
    /// The newest message of the thread.
    last: Message,
    read: u64,
    unread: u64,
    /// Unread messages that mean the user.
    mentions: u64,
}

/// Threads, those first that were written in last.
#[derive(JsonSchema)]
pub(in crate::rest) struct Threads {
    threads: Vec<ThreadCard>,
    more: bool,
}

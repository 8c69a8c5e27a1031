//! What the question for messages that say something is answered with.

use kith_core::document::Message;
use kith_core::id::StreamId;
use kith_core::search::Piece;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::is_default;

/// Messages that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Found {
    /// In the order that was asked for.
    pub hits: Vec<Hit>,
    /// What to ask with for more; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether what was said lately may be missing, because it is not in the index yet.
    #[serde(default, skip_serializing_if = "is_default")]
    pub behind: bool,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// Its stream.
    pub stream: StreamId,
    /// The message.
    pub message: Message,
    /// Some of its text, with what was looked for marked.
    pub snippet: Vec<Piece>,
}

//! The answers to commands.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{
    CircleId, FeedId, FileId, InviteId, RoleId, Seq, SessionId, StreamId, TopicId, UserId,
};

/// Where an event went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The feed.
    pub feed: FeedId,
    /// The number in it.
    pub seq: Seq,
}

/// The answer to a command that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The events that came of it, except those in feeds that the caller may not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Place>,
    /// The user that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The circle that was made or joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub circle: Option<CircleId>,
    /// The stream that was made or opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamId>,
    /// The topic that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// The file whose upload was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileId>,
    /// The role that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoleId>,
    /// The invite that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<InviteId>,
    /// The secret of the invite that was made. It is told once: a retry does not tell it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The session that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

impl Outcome {
    /// The events that came of it, where that is all and no store has them.
    #[must_use]
    pub fn ephemeral(&self) -> Option<&[Place]> {
        let Self {
            events,
            user: None,
            circle: None,
            stream: None,
            topic: None,
            file: None,
            role: None,
            invite: None,
            code: None,
            session: None,
        } = self
        else {
            return None;
        };
        let is_live = !events.is_empty() && !events.iter().any(|place| place.feed.is_stored());
        is_live.then_some(events)
    }
}

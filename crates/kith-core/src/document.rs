//! Every domain object as it is stored: one document each, one schema, versioned.
//!
//! A document's JSON begins with `"v"`, the version of its schema. [`Key::parse`] brings older
//! versions forward; a newer one is an error, since an older program must not touch it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::ChainHash;
use crate::command::{Outcome, Place};
use crate::file::Icon;
use crate::id::{CircleId, InviteId, RoleId, Seq, StreamId, Timestamp, UserId};
use crate::permission::Permissions;
use crate::text::{
    CircleName, DisplayName, Line, PreferenceKey, RoleName, SectionName, StreamName,
};

mod account;
mod file;
mod key;
mod message;
mod step;
mod topic;

pub use account::{
    Account, NameOwner, Registration, Reset, Session, SessionRef, SiteRules, USED_MS, User,
};
pub use file::{File, Quota, Thumbnail, Upload};
pub use key::{AsDoc, COLLECTIONS, Doc, Key, inbox_key, seq_key, tag};
pub use message::{Author, EDITS_MAX, Mentions, Message, Note, Whom};
pub use step::{Facts, Part, Placed, STEP_CHANGES_MAX, STEP_MEMORY_MS, STEPS_MAX, Step, Steps};
pub use topic::{
    BYTES_MAX, COUNT_MAX, History, Kept, Past, RESUMED, Rules, TEXT_BYTES_MAX, Topic, TopicRef,
};

/// The version of all document schemas that this program writes.
pub const SCHEMA: u32 = 1;

/// A community.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Circle {
    /// The circle.
    pub id: CircleId,
    /// Its name.
    pub name: CircleName,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Line>,
    /// The image that it is shown with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Box<Icon>>,
    /// Anyone may find and join it.
    pub public: bool,
    /// After so many seconds without an action a member who is there is shown as idle in it; 0 for
    /// never.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub idle_seconds: u32,
    /// Has every permission, and cannot be removed.
    pub owner: UserId,
    /// Its roles. The first that every member has is [`Circle::everyone`].
    pub roles: BTreeMap<RoleId, Role>,
    /// The role that every member has.
    pub everyone: RoleId,
    /// How many members it has.
    pub members: u64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A named set of permissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Role {
    /// Its name, by which it can be mentioned.
    pub name: RoleName,
    /// What it allows.
    pub allow: Permissions,
    /// Who has the higher rank is out of reach of who has the lower: 0 (everyone) to 1000.
    pub rank: u16,
}

/// A user's place in a circle: data of that user particular to that circle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// What they are called in this circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<DisplayName>,
    /// Roles beside the one that everyone has.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<RoleId>,
    /// Until then the member may only read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timed_out_until: Option<Timestamp>,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// A user who may not join a circle again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ban {
    /// Who banned them.
    pub by: UserId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Line>,
    /// When.
    pub at: Timestamp,
}

/// An invite, found by the hash of its code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invite {
    /// How managers name it.
    pub id: InviteId,
    /// Where it leads.
    pub circle: CircleId,
    /// Who made it.
    pub by: UserId,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How often it may still be used; `None` for any number of times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Finds an invite of a circle by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteRef {
    /// The hash of the code, in hexadecimal.
    pub code_hash: String,
}

/// How many things a circle holds, for its limits; not shown to anyone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Streams, archived ones too.
    pub streams: u32,
    /// Invites that were not revoked.
    pub invites: u32,
    /// Topics.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub topics: u32,
}

/// A feed of messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stream {
    /// The stream.
    pub id: StreamId,
    /// Whose it is.
    #[serde(flatten)]
    pub home: Home,
    /// Its name; a direct stream has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<StreamName>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<Line>,
    /// Takes no more messages.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// Seconds that a member without `manage_messages` waits between two messages.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slow_seconds: u32,
    /// What each role is denied here, beyond what it lacks anyway.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub deny: BTreeMap<RoleId, Permissions>,
    /// The section that it is shown in; none for one that stands before all sections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionName>,
    /// Its place among the streams of the circle, from 1 on; 0 for one that nobody has arranged, which
    /// stands behind them, by its age.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub position: u32,
    /// The messages that are pinned, in order of pinning.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Seq>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Stream {
    /// By what the streams of a circle are sorted.
    #[must_use]
    pub fn place(&self) -> (bool, u32, StreamId) {
        (self.position == 0, self.position, self.id)
    }

    /// Those who are in a conversation; nobody of a channel, whose readers are members of its circle.
    #[must_use]
    pub fn users(&self) -> Vec<UserId> {
        match &self.home {
            Home::Channel { .. } => Vec::new(),
            Home::Direct { users } => users.to_vec(),
            Home::Group { users, .. } => users.iter().copied().collect(),
        }
    }
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

/// Whose a stream is, and so who may be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Home {
    /// A channel of a circle: the circle's members, by their roles.
    Channel {
        /// The circle.
        circle: CircleId,
    },
    /// Two users.
    Direct {
        /// The two, in the order of their ids.
        users: [UserId; 2],
    },
    /// Up to [`GROUP_MAX`] users.
    Group {
        /// Those in it now.
        users: BTreeSet<UserId>,
        /// Who made it.
        by: UserId,
    },
}

/// The most users in a group.
pub const GROUP_MAX: usize = 50;

/// The stream between two users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectRef {
    /// The stream.
    pub stream: StreamId,
}

/// A stream that was removed, and of which not all is forgotten yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneStream {
    /// What came of its events up to this one is gone.
    pub cleared: Seq,
    /// Where it was removed alone: whoever is or was in its circle, up to this one in the order of their
    /// ids, is in it and prefers something about it no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserId>,
}

/// How far a user has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMark {
    /// Messages up to this one are read.
    pub seq: Seq,
}

/// What follows a user over devices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// By name.
    pub values: BTreeMap<PreferenceKey, serde_json::Value>,
}

/// Something whose being there is all it says: a block, a membership in an index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When it was set.
    pub at: Timestamp,
}

/// The end of a feed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedHead {
    /// The number of its last event.
    pub seq: Seq,
    /// The chain up to it.
    pub hash: ChainHash,
}

/// A secret that the site made for itself, or the hash of one that it gave away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteSecret {
    /// 256 bits in hexadecimal.
    pub secret: String,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What an operation did, kept so that saying it again tells the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// When it was done.
    pub at: Timestamp,
    /// A hash of the command, to tell a retry from another command under the same name.
    pub command: String,
    /// The answer that was given.
    pub outcome: Outcome,
    /// Doing it again would make a second thing: that it was done is never forgotten.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}

/// What an operation did that only changed what no store has, as long as that is at hand: as many are
/// remembered as there is room for, so each is small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The first half of the hash of the command, to tell a retry from another command under the same
    /// name.
    pub command: [u8; 16],
    /// The answer that was given: the events that came of it.
    pub events: Arc<[Place]>,
}

/// For how long the answer to an operation is kept, in milliseconds: 30 days.
pub const OP_MEMORY_MS: u64 = 30 * 24 * 3600 * 1000;

impl Done {
    /// Whether the answer is no longer kept.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.at.plus_ms(OP_MEMORY_MS) < now
    }

    /// What is left of it then: that it was done.
    #[must_use]
    pub fn stub(&self) -> Self {
        Self { command: String::new(), outcome: Default::default(), ..*self }
    }
}

/// Why a stored text is no document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not the JSON of this kind of document.
    #[error("malformed document: {0}")]
    Malformed(String),
    /// Written by a newer program.
    #[error("document schema {0} is newer than {SCHEMA}")]
    TooNew(u32),
}

impl From<serde_json::Error> for ParseError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}

fn with_version(json: &str) -> String {
    match json.strip_prefix('{') {
        Some("}") => format!("{{\"v\":{SCHEMA}}}"),
        Some(rest) => format!("{{\"v\":{SCHEMA},{rest}"),
        None => String::new(),
    }
}

fn check_version(json: &str) -> Result<(), ParseError> {
    let digits = json.strip_prefix("{\"v\":").unwrap_or("0");
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    match digits[..end].parse::<u32>() {
        Ok(SCHEMA) => Ok(()),
        Ok(version) if version > SCHEMA => Err(ParseError::TooNew(version)),
        _ => Err(ParseError::Malformed("no schema version".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_document_says_its_schema_and_newer_ones_are_left_alone() {
        let key = Key::Block(UserId::new(Timestamp(1), 1), UserId::new(Timestamp(1), 2));
        let doc = Doc::Block(Arc::new(Mark { at: Timestamp(7) }));
        assert_eq!(doc.to_json(), r#"{"v":1,"at":7}"#);
        assert_eq!(key.parse(&doc.to_json()), Ok(doc));
        assert_eq!(key.parse(r#"{"v":2,"at":7}"#), Err(ParseError::TooNew(2)));
        assert!(key.parse(r#"{"at":7}"#).is_err());
    }

    #[test]
    fn numbers_in_keys_sort_like_numbers() {
        assert!(seq_key(Seq(9)) < seq_key(Seq(10)));
        assert!(seq_key(Seq(255)) < seq_key(Seq(256)));
    }
}

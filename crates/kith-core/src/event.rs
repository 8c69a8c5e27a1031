//! What may happen in a feed. Events are facts: what is in a feed has already happened.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::document::{Home, Member, Mentions, Registration, Role, Rules};
use crate::file::{Attachment, Icon};
use crate::id::{CircleId, FeedId, InviteId, RoleId, Seq, StreamId, Timestamp, TopicId, UserId};
use crate::permission::Permissions;
use crate::text::{
    self, CircleName, DisplayName, Emoji, Line, MessageText, OpId, PreferenceKey, SectionName,
    StreamName, TopicName, UserName,
};
use crate::topic::{Fact, Kind};

/// The most bytes of an event's JSON.
pub const BYTES_MAX: usize = 256 * 1024;

/// The most bytes of the JSON of an event that brings updates into a text: one update cannot be told
/// in parts.
pub const UPDATES_BYTES_MAX: usize = 3 * 1024 * 1024;

/// The most bytes of the JSON of an event that says that a topic was made: it tells the whole value.
pub const CREATED_BYTES_MAX: usize = 6 * 1024 * 1024;

/// One numbered event. Its JSON is what is stored, hashed and sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The feed.
    pub feed: FeedId,
    /// Its number in the feed.
    pub seq: Seq,
    /// When the server decided it.
    pub at: Timestamp,
    /// Who did it; `None` for the site itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The operation it came of, so that the sender knows its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// What happened.
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Body {
    // In the feed of a stream.
    /// The stream was made.
    StreamCreated {
        /// Whose it is.
        home: Home,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<StreamName>,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Line>,
        /// What roles are denied in it.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// The stream was changed: it is now as told.
    StreamChanged {
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<StreamName>,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Line>,
        /// Takes no more messages.
        archived: bool,
        /// Seconds between two messages of one member.
        slow_seconds: u32,
    },
    /// What roles are denied was changed: it is now as told.
    StreamNarrowed {
        /// What roles are denied in it.
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// The stream has another place among those of its circle.
    StreamArranged {
        /// The section that it is shown in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        section: Option<SectionName>,
        /// Its place among the streams of the circle, from 1 on.
        position: u32,
    },
    /// The stream was removed, alone or with its circle: nothing follows in its feed.
    StreamRemoved {},
    /// Users were added to a group.
    GroupAdded {
        /// Who.
        users: BTreeSet<UserId>,
    },
    /// A user left a group.
    GroupLeft {
        /// Who.
        user: UserId,
    },
    /// A message was posted; the event's number is the message's name.
    Posted {
        /// What it says; empty only where it has files.
        #[serde(deserialize_with = "text::message_or_none")]
        #[schemars(with = "String", length(max = 8000))]
        text: MessageText,
        /// The message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// The message whose thread it is in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
        /// The topic that is shown live in it, to those who may read it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<TopicId>,
        /// The files that go with it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        files: Vec<Attachment>,
        /// Who is meant.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        mentions: Mentions,
    },
    /// A message was edited.
    Edited {
        /// Which.
        message: Seq,
        /// What it says now; empty only where it has files.
        #[serde(deserialize_with = "text::message_or_none")]
        #[schemars(with = "String", length(max = 8000))]
        text: MessageText,
        /// Who is meant now.
        #[serde(default, skip_serializing_if = "Mentions::is_empty")]
        mentions: Mentions,
    },
    /// A message was deleted.
    Deleted {
        /// Which.
        message: Seq,
        /// The thread it was in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
    },
    /// A reaction was added.
    Reacted {
        /// To which message.
        message: Seq,
        /// Which.
        emoji: Emoji,
    },
    /// A reaction was taken back.
    Unreacted {
        /// From which message.
        message: Seq,
        /// Which.
        emoji: Emoji,
    },
    /// A message was pinned.
    Pinned {
        /// Which.
        message: Seq,
    },
    /// A message is no longer pinned.
    Unpinned {
        /// Which.
        message: Seq,
    },

    // In the feed of a topic.
    /// The topic was made.
    TopicCreated {
        /// Whose it is.
        circle: CircleId,
        /// Its name.
        name: TopicName,
        /// The kind of its value.
        holds: Kind,
        /// Its first value, as a snapshot writes it.
        value: Json,
        /// How it behaves.
        #[serde(default, skip_serializing_if = "Rules::is_default")]
        rules: Box<Rules>,
        /// What roles are denied in it.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// The topic behaves otherwise: it is now as told.
    TopicChanged {
        /// Its name.
        name: TopicName,
        /// How it behaves.
        #[serde(default, skip_serializing_if = "Rules::is_default")]
        rules: Box<Rules>,
    },
    /// What roles are denied was changed: it is now as told.
    TopicNarrowed {
        /// What roles are denied in it.
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// The topic was removed: nothing follows in its feed.
    TopicRemoved {},
    /// The value changed.
    Changed {
        /// How.
        fact: Fact,
    },

    // In the feed of a circle.
    /// The circle was made, with its roles and its owner as member.
    CircleCreated {
        /// Its name.
        name: CircleName,
        /// Anyone may join.
        public: bool,
        /// Its first roles.
        roles: BTreeMap<RoleId, Role>,
        /// The role of every member.
        everyone: RoleId,
    },
    /// The circle was changed: it is now as told.
    CircleChanged {
        /// Its name.
        name: CircleName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Line>,
        /// The image that it is shown with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icon: Option<Box<Icon>>,
        /// Anyone may join.
        public: bool,
        /// After so many seconds without an action members are shown as idle in it; 0 for never.
        #[serde(default, skip_serializing_if = "is_zero")]
        idle_seconds: u32,
    },
    /// The circle was removed: nothing follows in its feed. That of the site keeps that it was.
    CircleRemoved {
        /// Which.
        circle: CircleId,
        /// What it was called.
        name: CircleName,
    },
    /// The circle has a new owner.
    OwnerChanged {
        /// Who.
        owner: UserId,
    },
    /// A role was made or changed: it is now as told.
    RoleSet {
        /// Which.
        role: RoleId,
        /// How it is.
        to: Role,
    },
    /// A role was removed.
    RoleRemoved {
        /// Which.
        role: RoleId,
    },
    /// A user joined.
    MemberJoined {
        /// Who.
        user: UserId,
    },
    /// A member was changed: it is now as told.
    MemberChanged {
        /// Who, and how.
        member: Member,
    },
    /// A member left, or was made to.
    MemberLeft {
        /// Who.
        user: UserId,
        /// Left, kicked or banned.
        how: Leaving,
    },

    /// Streams or topics of the circle were made, changed, narrowed, arranged or removed: what there
    /// is for oneself is to be asked for anew. It says neither which nor by whom, for not everyone
    /// may know of all of them.
    FeedsChanged {
        /// Of which kind.
        of: FeedKind,
    },

    // In the feed of a user.
    /// The user joined a circle.
    CircleJoined {
        /// Which.
        circle: CircleId,
    },
    /// The user is in a circle no longer.
    CircleLeft {
        /// Which.
        circle: CircleId,
        /// Left, kicked or banned, or the circle was removed.
        how: Leaving,
    },
    /// A direct stream or group has the user in it.
    ConversationOpened {
        /// Which.
        stream: StreamId,
    },
    /// The user is in a group no longer.
    ConversationLeft {
        /// Which.
        stream: StreamId,
    },
    /// The user has read up to a message; marking as unread moves it back.
    ReadTo {
        /// In which stream.
        stream: StreamId,
        /// In which of its threads; `None` for the stream itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
        /// Up to this message.
        seq: Seq,
    },
    /// The user blocks another.
    Blocked {
        /// Whom.
        user: UserId,
    },
    /// The user blocks another no longer.
    Unblocked {
        /// Whom.
        user: UserId,
    },

    /// The user set a preference, or forgot it.
    PreferenceSet {
        /// Which.
        key: PreferenceKey,
        /// How it is; `null` for one that was forgotten.
        value: Json,
    },

    // In the feed of the site.
    /// An account was made.
    UserRegistered {
        /// Who.
        user: UserId,
        /// Under which name.
        name: UserName,
        /// Shown as.
        display_name: DisplayName,
        /// The human whose program it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bot_of: Option<UserId>,
    },
    /// An account was changed: it is now as told.
    UserChanged {
        /// Who.
        user: UserId,
        /// Shown as.
        display_name: DisplayName,
        /// The image that it is shown with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        avatar: Option<Box<Icon>>,
        /// Cannot sign in.
        disabled: bool,
    },
    /// A user administers the site, or no longer.
    AdminSet {
        /// Who.
        user: UserId,
        /// Whether they do.
        admin: bool,
    },

    /// An administrator ended all sessions of a user.
    SessionsEnded {
        /// Whose.
        user: UserId,
    },
    /// An administrator made a link by which a user sets a new password.
    PasswordResetOffered {
        /// Whose.
        user: UserId,
    },
    /// A new password was set by such a link.
    PasswordReset {
        /// Whose.
        user: UserId,
    },
    /// Who may make an account was changed.
    SiteChanged {
        /// Who may; absent for what the configuration says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registration: Option<Registration>,
    },

    // In the audit feed of a circle.
    /// Somebody used a power over others.
    Acted {
        /// What was done.
        act: Act,
    },
}

/// What a circle has several of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// Streams.
    Streams,
    /// Topics.
    Topics,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// How a membership ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Leaving {
    /// By the member's own will.
    Left,
    /// Made to leave; may come back.
    Kicked,
    /// Made to leave for good.
    Banned,
    /// The circle itself was removed.
    CircleRemoved,
}

/// An act that the audit log keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "act", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Act {
    CircleCreated,
    CircleChanged { name: CircleName, public: bool },
    CircleRemoved,
    IconSet { icon: Option<Box<Icon>> },
    OwnerChanged { owner: UserId },
    RoleSet { role: RoleId, to: Role },
    RoleRemoved { role: RoleId },
    MemberRolesSet { user: UserId, roles: BTreeSet<RoleId> },
    MemberRenamed { user: UserId, nickname: Option<DisplayName> },
    MemberTimedOut { user: UserId, until: Option<Timestamp>, reason: Option<Line> },
    MemberRemoved { user: UserId, how: Leaving, reason: Option<Line> },
    Unbanned { user: UserId },
    InviteCreated { invite: InviteId, expires_at: Option<Timestamp>, uses: Option<u32> },
    InviteRevoked { invite: InviteId },
    InviteUsed { invite: InviteId, user: UserId },
    StreamCreated { stream: StreamId, name: StreamName },
    StreamChanged { stream: StreamId },
    StreamNarrowed { stream: StreamId, deny: BTreeMap<RoleId, Permissions> },
    StreamRemoved { stream: StreamId, name: Option<StreamName> },
    MessageDeleted { stream: StreamId, message: Seq, author: UserId },
    TopicCreated { topic: TopicId, name: TopicName },
    TopicChanged { topic: TopicId },
    TopicNarrowed { topic: TopicId, deny: BTreeMap<RoleId, Permissions> },
    TopicRemoved { topic: TopicId, name: TopicName },
    StreamsArranged,
}

impl Act {
    /// The feeds of the circle that look otherwise to its members since.
    #[must_use]
    pub fn of_feeds(&self) -> Option<FeedKind> {
        match self {
            Self::StreamCreated { .. }
            | Self::StreamChanged { .. }
            | Self::StreamNarrowed { .. }
            | Self::StreamRemoved { .. }
            | Self::StreamsArranged => Some(FeedKind::Streams),
            Self::TopicCreated { .. }
            | Self::TopicChanged { .. }
            | Self::TopicNarrowed { .. }
            | Self::TopicRemoved { .. } => Some(FeedKind::Topics),
            Self::CircleCreated
            | Self::CircleChanged { .. }
            | Self::CircleRemoved
            | Self::IconSet { .. }
            | Self::OwnerChanged { .. }
            | Self::RoleSet { .. }
            | Self::RoleRemoved { .. }
            | Self::MemberRolesSet { .. }
            | Self::MemberRenamed { .. }
            | Self::MemberTimedOut { .. }
            | Self::MemberRemoved { .. }
            | Self::Unbanned { .. }
            | Self::InviteCreated { .. }
            | Self::InviteRevoked { .. }
            | Self::InviteUsed { .. }
            | Self::MessageDeleted { .. } => None,
        }
    }
}

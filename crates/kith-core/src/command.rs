//! What users ask for. A command is decided by [`decide()`]; its wire form is its serde form.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::document::{Registration, Rules};
use crate::id::{CircleId, FileId, InviteId, RoleId, Seq, SessionId, StreamId, TopicId, UserId};
use crate::permission::Permissions;
use crate::text::{
    self, CircleName, DisplayName, Emoji, Label, Line, MessageText, PreferenceKey, RoleName,
    StreamName, TopicName,
};
use crate::topic::{Asked, Condition, Kind};

mod arranged;
mod decide;
mod makes;
mod outcome;

pub use arranged::Arranged;
pub use decide::{decide, decide_passed};
pub use outcome::{Outcome, Place};

/// A change that a user asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Change how one is shown.
    ChangeUser {
        /// Shown as.
        display_name: DisplayName,
    },
    /// Set the image that one is shown with, or take it away.
    SetAvatar {
        /// One's own file, an image of which the server made a square; `None` for no image.
        file: Option<FileId>,
    },
    /// Block a user.
    Block {
        /// Whom.
        user: UserId,
    },
    /// Block a user no longer.
    Unblock {
        /// Whom.
        user: UserId,
    },
    /// End one of one's own sessions.
    RevokeSession {
        /// Which.
        session: SessionId,
    },
    /// Own the site, which nobody owns yet: administer it.
    ClaimSite {
        /// The secret that the server printed when it started.
        token: String,
    },
    /// As an administrator of the site: lock an account and end its sessions, or unlock it.
    SetDisabled {
        /// Whose.
        user: UserId,
        /// Whether it is locked.
        disabled: bool,
    },
    /// As an administrator of the site: let another administer it, or no longer.
    SetAdmin {
        /// Whom.
        user: UserId,
        /// Whether they do.
        admin: bool,
    },
    /// As an administrator of the site: end all sessions of a user.
    EndSessions {
        /// Whose.
        user: UserId,
    },
    /// As an administrator of the site: make a link by which a user sets a new password, once and for a
    /// day. The outcome holds its token, this once.
    OfferReset {
        /// Whose.
        user: UserId,
    },
    /// As an administrator of the site: set who may make an account.
    ChangeSite {
        /// Who may; absent for what the configuration says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        registration: Option<Registration>,
    },
    /// Make a circle with a first stream, and own it.
    CreateCircle {
        /// Its name.
        name: CircleName,
        /// Anyone may find and join it.
        #[serde(default)]
        public: bool,
    },
    /// Change a circle.
    ChangeCircle {
        /// Which.
        circle: CircleId,
        /// Its name.
        name: CircleName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Line>,
        /// Anyone may find and join it.
        public: bool,
        /// After how many seconds without an action members are shown as idle in it: 60 to 86400, or 0
        /// for never. As it is, if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        idle_seconds: Option<u32>,
    },
    /// Set the image that a circle is shown with, or take it away.
    SetIcon {
        /// Which.
        circle: CircleId,
        /// One's own file, an image of which the server made a square; `None` for no image.
        file: Option<FileId>,
    },
    /// Hand a circle over to another member.
    ChangeOwner {
        /// Which.
        circle: CircleId,
        /// To whom.
        owner: UserId,
    },
    /// Remove a circle and all that is in it: as its owner, or as an administrator of the site.
    RemoveCircle {
        /// Which.
        circle: CircleId,
    },
    /// Join a public circle.
    Join {
        /// Which.
        circle: CircleId,
    },
    /// Join the circle of an invite.
    AcceptInvite {
        /// The secret of the invite.
        code: String,
    },
    /// Leave a circle.
    Leave {
        /// Which.
        circle: CircleId,
    },
    /// Make a role.
    CreateRole {
        /// In which circle.
        circle: CircleId,
        /// Its name.
        name: RoleName,
        /// What it allows.
        allow: Permissions,
        /// Its rank, below one's own.
        rank: u16,
    },
    /// Change a role.
    ChangeRole {
        /// In which circle.
        circle: CircleId,
        /// Which.
        role: RoleId,
        /// Its name.
        name: RoleName,
        /// What it allows.
        allow: Permissions,
        /// Its rank, below one's own.
        rank: u16,
    },
    /// Remove a role.
    RemoveRole {
        /// In which circle.
        circle: CircleId,
        /// Which.
        role: RoleId,
    },
    /// Give a member exactly these roles.
    SetRoles {
        /// In which circle.
        circle: CircleId,
        /// Whom.
        user: UserId,
        /// The roles beside everyone's.
        roles: BTreeSet<RoleId>,
    },
    /// Set what a member is called in a circle: oneself, or who is below.
    SetNickname {
        /// In which circle.
        circle: CircleId,
        /// Whom.
        user: UserId,
        /// What, `None` for the display name.
        nickname: Option<DisplayName>,
    },
    /// Let a member only read for a time.
    TimeOut {
        /// In which circle.
        circle: CircleId,
        /// Whom.
        user: UserId,
        /// For how many seconds, at most 28 days; 0 ends it.
        seconds: u32,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Line>,
    },
    /// Make a member leave.
    Kick {
        /// From which circle.
        circle: CircleId,
        /// Whom.
        user: UserId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Line>,
    },
    /// Keep a user out of a circle for good.
    Ban {
        /// From which circle.
        circle: CircleId,
        /// Whom.
        user: UserId,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Line>,
    },
    /// Let a banned user come again.
    Unban {
        /// To which circle.
        circle: CircleId,
        /// Whom.
        user: UserId,
    },
    /// Make an invite; the outcome holds its code, this once.
    CreateInvite {
        /// To which circle.
        circle: CircleId,
        /// For how many seconds; `None` for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds: Option<u32>,
        /// For how many uses; `None` for any number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uses: Option<u32>,
    },
    /// Revoke an invite.
    RevokeInvite {
        /// Of which circle.
        circle: CircleId,
        /// Which.
        invite: InviteId,
    },
    /// Make a stream in a circle.
    CreateStream {
        /// In which circle.
        circle: CircleId,
        /// Its name.
        name: StreamName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Line>,
        /// What roles are denied in it.
        #[serde(default)]
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// Change a stream of a circle, or a group's name.
    ChangeStream {
        /// Which.
        stream: StreamId,
        /// Its name.
        name: StreamName,
        /// What it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<Line>,
        /// Takes no more messages.
        #[serde(default)]
        archived: bool,
        /// Seconds between two messages of one member, at most 6 hours.
        #[serde(default)]
        slow_seconds: u32,
    },
    /// Set what roles are denied in a stream.
    NarrowStream {
        /// Which.
        stream: StreamId,
        /// What roles are denied in it.
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// Remove a stream of a circle and all that is in it.
    RemoveStream {
        /// Which.
        stream: StreamId,
    },
    /// Set in which sections and in which order the streams of a circle are shown. Those that are not
    /// named keep their places.
    ArrangeStreams {
        /// In which circle.
        circle: CircleId,
        /// The sections in their order, at most 100.
        sections: Vec<Arranged>,
    },
    /// Set, or with `null` forget, something that follows the user over devices.
    SetPreference {
        /// What: `notify:` and the id of a circle or stream, `favourites`, `circles`, `appearance`,
        /// `language`, or `page:` and a name of the client's own.
        key: PreferenceKey,
        /// How it shall be, at most 8 KiB.
        #[serde(default)]
        value: Json,
    },
    /// Open the direct stream with a user.
    OpenDirect {
        /// With whom.
        user: UserId,
    },
    /// Make a group.
    CreateGroup {
        /// With whom, besides oneself.
        users: BTreeSet<UserId>,
        /// Its name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<StreamName>,
    },
    /// Add users to a group.
    AddToGroup {
        /// Which.
        stream: StreamId,
        /// Whom.
        users: BTreeSet<UserId>,
    },
    /// Leave a group.
    LeaveGroup {
        /// Which.
        stream: StreamId,
    },
    /// Post a message.
    Post {
        /// Where.
        stream: StreamId,
        /// What; none where the files say it all.
        #[serde(
            default = "MessageText::none",
            deserialize_with = "text::message_or_none",
            skip_serializing_if = "MessageText::is_none"
        )]
        #[schemars(with = "String", length(max = 8000))]
        text: MessageText,
        /// The message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// The message in whose thread it goes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
        /// A topic of the same circle that is shown live in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<TopicId>,
        /// One's own files that go with it, at most 10; needs the permission `attach`.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[schemars(length(max = 10))]
        files: Vec<FileId>,
    },
    /// Edit one's own message.
    Edit {
        /// Where.
        stream: StreamId,
        /// Which.
        message: Seq,
        /// What it shall say; nothing only where it has files.
        #[serde(deserialize_with = "text::message_or_none")]
        #[schemars(with = "String", length(max = 8000))]
        text: MessageText,
    },
    /// Delete one's own message, or another's with `manage_messages`.
    Delete {
        /// Where.
        stream: StreamId,
        /// Which.
        message: Seq,
    },
    /// React to a message. Reacting twice alike changes nothing.
    React {
        /// Where.
        stream: StreamId,
        /// To which.
        message: Seq,
        /// How.
        emoji: Emoji,
    },
    /// Take a reaction back.
    Unreact {
        /// Where.
        stream: StreamId,
        /// From which.
        message: Seq,
        /// Which.
        emoji: Emoji,
    },
    /// Pin a message, or unpin it.
    Pin {
        /// Where.
        stream: StreamId,
        /// Which.
        message: Seq,
        /// Whether it shall be pinned.
        pinned: bool,
    },
    /// Make a topic in a circle.
    CreateTopic {
        /// In which circle.
        circle: CircleId,
        /// Its name, which no other topic of the circle has.
        name: TopicName,
        /// The kind of its value.
        holds: Kind,
        /// Its first value; that of a list without the names of elements, or with them:
        /// `{"elements": [{"element": …, "value": …}]}`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Json>,
        /// How it behaves.
        #[serde(default, skip_serializing_if = "Rules::is_default")]
        rules: Rules,
        /// What roles are denied in it.
        #[serde(default)]
        deny: BTreeMap<RoleId, Permissions>,
        /// Where there is one of this name and kind already, make that one so.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        replace: bool,
    },
    /// Change what a topic is called and how it behaves.
    ChangeTopic {
        /// Which.
        topic: TopicId,
        /// Its name.
        name: TopicName,
        /// How it shall behave.
        #[serde(default, skip_serializing_if = "Rules::is_default")]
        rules: Rules,
    },
    /// Set what roles are denied in a topic.
    NarrowTopic {
        /// Which.
        topic: TopicId,
        /// What, by role.
        deny: BTreeMap<RoleId, Permissions>,
    },
    /// Remove a topic and what it holds.
    RemoveTopic {
        /// Which.
        topic: TopicId,
    },
    /// Change the values of topics: all of it, or nothing.
    Change {
        /// The changes, in order; at most 1000, all of topics of one circle.
        changes: Vec<Asked>,
        /// What must hold before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        when: Vec<Condition>,
        /// What makes it one step with the user's last one, when that has the same: all of a drag,
        /// say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group: Option<Label>,
    },
    /// Take back one's last step in a circle.
    Undo {
        /// In which circle.
        circle: CircleId,
        /// Forget the step instead, because it cannot be taken back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        skip: bool,
    },
    /// Do again what one took back last in a circle.
    Redo {
        /// In which circle.
        circle: CircleId,
        /// Forget the step instead, because it cannot be done again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        skip: bool,
    },
    /// Set how far one has read, onward or back (to mark as unread).
    Read {
        /// What.
        stream: StreamId,
        /// Which of its threads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
        /// Up to which message.
        seq: Seq,
    },
}

//! What users ask for. A command is decided by [`decide`]; its wire form is its serde form.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::decide::topic::{self, Wanted};
use crate::decide::{circle, invite, member, message, reading, role, stream, user};
use crate::document::Rules;
use crate::draft::{Draft, Stop};
use crate::id::{CircleId, InviteId, RoleId, Seq, SessionId, StreamId, TopicId, UserId};
use crate::permission::Permissions;
use crate::refusal::Refusal;
use crate::text::{
    CircleName, DisplayName, Emoji, Line, MessageText, RoleName, StreamName, TopicName,
};
use crate::topic::{Asked, Condition, Kind};

mod outcome;

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
    },
    /// Hand a circle over to another member.
    ChangeOwner {
        /// Which.
        circle: CircleId,
        /// To whom.
        owner: UserId,
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
        /// What.
        text: MessageText,
        /// The message it answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<Seq>,
        /// The message in whose thread it goes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
    },
    /// Edit one's own message.
    Edit {
        /// Where.
        stream: StreamId,
        /// Which.
        message: Seq,
        /// What it shall say.
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
        /// Its first value; that of a list without the names of elements.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Json>,
        /// How it behaves.
        #[serde(default, skip_serializing_if = "Rules::is_default")]
        rules: Rules,
        /// What roles are denied in it.
        #[serde(default)]
        deny: BTreeMap<RoleId, Permissions>,
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
        /// The changes, in order; at most 1000.
        changes: Vec<Asked>,
        /// What must hold before.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        when: Vec<Condition>,
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

impl Command {
    /// Whether doing it twice makes two things, where other commands only bring about again what
    /// they say.
    #[must_use]
    pub fn makes(&self) -> bool {
        matches!(
            self,
            Self::Post { .. }
                | Self::CreateCircle { .. }
                | Self::CreateRole { .. }
                | Self::CreateInvite { .. }
                | Self::CreateStream { .. }
                | Self::CreateGroup { .. }
                | Self::CreateTopic { .. }
                | Self::Change { .. }
        )
    }
}

/// Decides what `command` of `me` changes.
///
/// # Errors
/// A refusal, or a document that has to be loaded first.
pub fn decide(draft: &mut Draft<'_>, me: UserId, command: &Command) -> Result<Outcome, Stop> {
    if draft.user(me)?.is_none_or(|user| user.disabled) {
        return Err(Refusal::Disabled.into());
    }
    match command {
        Command::ChangeUser { display_name } => user::change(draft, me, display_name),
        Command::Block { user } => user::block(draft, me, *user),
        Command::Unblock { user } => user::unblock(draft, me, *user),
        Command::RevokeSession { session } => user::revoke_session(draft, me, *session),
        Command::CreateCircle { name, public } => circle::create(draft, me, name, *public),
        Command::ChangeCircle { circle, name, about, public } => {
            circle::change(draft, me, *circle, name, about.as_ref(), *public)
        }
        Command::ChangeOwner { circle, owner } => circle::change_owner(draft, me, *circle, *owner),
        Command::Join { circle } => member::join(draft, me, *circle),
        Command::AcceptInvite { code } => invite::accept(draft, me, code),
        Command::Leave { circle } => member::leave(draft, me, *circle),
        Command::CreateRole { circle, name, allow, rank } => {
            role::create(draft, me, *circle, &role::wanted(name, *allow, *rank))
        }
        Command::ChangeRole { circle, role, name, allow, rank } => {
            role::change(draft, me, *circle, *role, &role::wanted(name, *allow, *rank))
        }
        Command::RemoveRole { circle, role } => role::remove(draft, me, *circle, *role),
        Command::SetRoles { circle, user, roles } => role::give(draft, me, *circle, *user, roles),
        Command::SetNickname { circle, user, nickname } => {
            member::rename(draft, me, *circle, *user, nickname.as_ref())
        }
        Command::TimeOut { circle, user, seconds, reason } => {
            member::time_out(draft, me, *circle, *user, *seconds, reason.as_ref())
        }
        Command::Kick { circle, user, reason } => {
            member::kick(draft, me, *circle, *user, reason.as_ref())
        }
        Command::Ban { circle, user, reason } => {
            member::ban(draft, me, *circle, *user, reason.as_ref())
        }
        Command::Unban { circle, user } => member::unban(draft, me, *circle, *user),
        Command::CreateInvite { circle, seconds, uses } => {
            invite::create(draft, me, *circle, *seconds, *uses)
        }
        Command::RevokeInvite { circle, invite } => invite::revoke(draft, me, *circle, *invite),
        Command::CreateStream { circle, name, about, deny } => {
            stream::create(draft, me, *circle, name, about.as_ref(), deny)
        }
        Command::ChangeStream { stream, name, about, archived, slow_seconds } => {
            let to = stream::Wanted {
                name,
                about: about.as_ref(),
                archived: *archived,
                slow_seconds: *slow_seconds,
            };
            stream::change(draft, me, *stream, &to)
        }
        Command::NarrowStream { stream, deny } => stream::narrow(draft, me, *stream, deny),
        Command::OpenDirect { user } => stream::open_direct(draft, me, *user),
        Command::CreateGroup { users, name } => {
            stream::create_group(draft, me, users, name.as_ref())
        }
        Command::AddToGroup { stream, users } => stream::add_to_group(draft, me, *stream, users),
        Command::LeaveGroup { stream } => stream::leave_group(draft, me, *stream),
        Command::Post { stream, text, reply_to, thread } => {
            message::post(draft, me, *stream, text, *reply_to, *thread)
        }
        Command::Edit { stream, message, text } => {
            message::edit(draft, me, *stream, *message, text)
        }
        Command::Delete { stream, message } => message::delete(draft, me, *stream, *message),
        Command::React { stream, message, emoji } => {
            message::react(draft, me, *stream, *message, emoji)
        }
        Command::Unreact { stream, message, emoji } => {
            message::unreact(draft, me, *stream, *message, emoji)
        }
        Command::Pin { stream, message, pinned } => {
            message::pin(draft, me, *stream, *message, *pinned)
        }
        Command::CreateTopic { circle, name, holds, value, rules, deny } => {
            let value = value.as_ref();
            topic::create(draft, me, *circle, &Wanted { name, holds: *holds, value, rules, deny })
        }
        Command::ChangeTopic { topic, name, rules } => {
            topic::change(draft, me, *topic, name, rules)
        }
        Command::NarrowTopic { topic, deny } => topic::narrow(draft, me, *topic, deny),
        Command::RemoveTopic { topic } => topic::remove(draft, me, *topic),
        Command::Change { changes, when } => topic::transact(draft, me, changes, when),
        Command::Read { stream, thread, seq } => {
            reading::read_to(draft, me, *stream, *thread, *seq)
        }
    }
}

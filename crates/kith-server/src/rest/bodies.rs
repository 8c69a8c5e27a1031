//! The bodies of requests.

use std::collections::{BTreeMap, BTreeSet};

use kith_core::command::Arranged;
use kith_core::document::{Registration, Rules};
use kith_core::file::BlobHash;
use kith_core::id::{FileId, RoleId, Seq, StreamId, TopicId, UserId};
use kith_core::permission::Permissions;
use kith_core::service::Provider;
use kith_core::text::{
    self, CallKey, CircleName, DisplayName, FileName, Label, Line, MessageText, RoleName,
    ServiceName, StreamName, TopicName,
};
use kith_core::topic::{Asked, Condition, Kind};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A new account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// ASCII letters, digits, `.`, `_` and `-`, at most 32.
    pub(super) name: String,
    pub(super) password: String,
    #[serde(default)]
    pub(super) display_name: Option<String>,
    /// The secret of an invite to a circle, which is joined in the same step.
    #[serde(default)]
    pub(super) invite: Option<String>,
    /// The token that the server printed while nobody owns the site: the account administers it.
    #[serde(default)]
    pub(super) owner: Option<String>,
    #[serde(default)]
    pub(super) kind: SessionKind,
    /// What the session is called in the list of sessions.
    #[serde(default)]
    pub(super) label: Option<String>,
}

/// Where the secret of a session goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionKind {
    /// In the answer.
    #[default]
    Token,
    /// In a cookie that scripts cannot read; the request needs the header `X-Kith-Request`.
    Cookie,
}

/// A new session.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSession {
    pub(super) name: String,
    pub(super) password: String,
    /// What the session is called in the list of sessions.
    #[serde(default)]
    pub(super) label: Option<String>,
    #[serde(default)]
    pub(super) kind: SessionKind,
    /// What this device was called when the user last signed in on it.
    #[serde(default)]
    pub(super) device: Option<String>,
}

/// A new password in the place of the present one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    /// The present one.
    pub(super) current: String,
    pub(super) new: String,
    /// What the new session is called in the list of sessions.
    #[serde(default)]
    pub(super) label: Option<String>,
}

/// Who may make an account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Registering {
    /// Absent for what the configuration says.
    #[serde(default)]
    pub(super) registration: Option<Registration>,
}

/// A new password, by a link.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetPassword {
    /// What stands behind `#` in the link.
    #[schemars(length(max = 128))]
    pub(super) token: String,
    pub(super) password: String,
    /// What the session is called in the list of sessions.
    #[serde(default)]
    pub(super) label: Option<String>,
    #[serde(default)]
    pub(super) kind: SessionKind,
}

/// How the streams of a circle are shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrange {
    /// The sections in their order, at most 100, with the ids of their streams.
    pub(super) sections: Vec<Arranged>,
}

/// A preference.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Preference {
    /// At most 8 KiB; what is valid depends on its name.
    pub(super) value: Value,
}

/// Who owns a site that nobody owns yet.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Claim {
    /// The token that the server printed when it started.
    #[schemars(length(max = 128))]
    pub(super) token: String,
}

/// How a user is shown.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeUser {
    #[schemars(with = "String", length(max = 64))]
    pub(super) display_name: DisplayName,
}

/// The image that a user or a circle is shown with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Picture {
    /// One's own file, an image.
    #[schemars(with = "String")]
    pub(super) file: FileId,
}

/// A new circle.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCircle {
    #[schemars(with = "String", length(max = 80))]
    pub(super) name: CircleName,
    /// Anyone may find and join it.
    #[serde(default)]
    pub(super) public: bool,
}

/// A circle, changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeCircle {
    #[schemars(with = "String", length(max = 80))]
    pub(super) name: CircleName,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) about: Option<Line>,
    /// Anyone may find and join it.
    pub(super) public: bool,
    /// After how many seconds without an action members are shown as idle in it: 60 to 86400, or 0 for
    /// never. As it is, if absent.
    #[serde(default)]
    pub(super) idle_seconds: Option<u32>,
}

/// A member who becomes the owner.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOwner {
    #[schemars(with = "String")]
    pub(super) owner: UserId,
}

/// A role.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    #[schemars(with = "String", length(max = 40))]
    pub(super) name: RoleName,
    /// Names of permissions.
    #[schemars(with = "Vec<String>")]
    pub(super) allow: Permissions,
    /// Below one's own.
    pub(super) rank: u16,
}

/// The roles of a member.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    /// Exactly these, beside everyone's.
    #[schemars(with = "Vec<String>")]
    pub(super) roles: BTreeSet<RoleId>,
}

/// What a member is called in a circle.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nickname {
    /// `null` for the display name.
    #[schemars(with = "Option<String>")]
    pub(super) nickname: Option<DisplayName>,
}

/// A time in which a member may only read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TimeOut {
    /// At most 28 days; 0 ends it.
    pub(super) seconds: u32,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) reason: Option<Line>,
}

/// Why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) reason: Option<Line>,
}

/// A new invite.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewInvite {
    /// Absent for ever.
    #[serde(default)]
    pub(super) seconds: Option<u32>,
    /// Absent for any number.
    #[serde(default)]
    pub(super) uses: Option<u32>,
}

/// A new stream.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewStream {
    #[schemars(with = "String", length(max = 80))]
    pub(super) name: StreamName,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) about: Option<Line>,
    /// Permissions that roles are denied in it.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub(super) deny: BTreeMap<RoleId, Permissions>,
}

/// A stream, changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeStream {
    #[schemars(with = "String", length(max = 80))]
    pub(super) name: StreamName,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) about: Option<Line>,
    /// Takes no more messages.
    #[serde(default)]
    pub(super) archived: bool,
    /// Seconds between two messages of one member, at most 6 hours.
    #[serde(default)]
    pub(super) slow_seconds: u32,
}

/// What roles are denied in a stream or a topic.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Deny {
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub(super) deny: BTreeMap<RoleId, Permissions>,
}

/// A file that is to be uploaded.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFile {
    /// What it is called, without a path.
    #[schemars(with = "String", length(max = 200))]
    pub(super) name: FileName,
    /// How many bytes it has.
    pub(super) bytes: u64,
    /// The BLAKE3 hash of its content, in hexadecimal: what came is held against it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) hash: Option<BlobHash>,
}

/// A new topic.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTopic {
    /// `/` makes a tree of names.
    pub(super) name: TopicName,
    pub(super) holds: Kind,
    /// Its first value. Elements of a list may be told with their names:
    /// `{"elements": [{"element": …, "value": …}]}`.
    #[serde(default)]
    pub(super) value: Option<Value>,
    #[serde(default)]
    pub(super) rules: Rules,
    /// By role.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub(super) deny: BTreeMap<RoleId, Permissions>,
    /// Where there is one of this name and kind already, make that one so.
    #[serde(default)]
    pub(super) replace: bool,
}

/// What a topic is called and how it behaves.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeTopic {
    pub(super) name: TopicName,
    #[serde(default)]
    pub(super) rules: Rules,
}

/// Changes that happen together or not at all.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Changes {
    /// In order; at most 1000.
    pub(super) changes: Vec<Asked>,
    /// What must hold before.
    #[serde(default)]
    pub(super) when: Vec<Condition>,
    /// What makes it one step with the user's last one, when that has the same.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) group: Option<Label>,
}

/// Which step is turned, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Turned {
    /// Forget the step instead, because it cannot be taken back or done again.
    #[serde(default)]
    pub(super) skip: bool,
}

/// A call of a service.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCall {
    pub(super) name: ServiceName,
    /// With what; at most 64 KiB.
    #[serde(default)]
    pub(super) args: Value,
    /// What `sticky` goes by; the user if absent.
    #[serde(default)]
    pub(super) key: Option<CallKey>,
    /// The provider, where no other will do; of a personal service the user whose it is.
    #[serde(default)]
    pub(super) provider: Option<Provider>,
    /// The stream that a slash command is called from within.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) stream: Option<StreamId>,
    /// How long it may take, waiting included: 30 s if absent, at most a minute.
    #[serde(default)]
    pub(super) deadline_ms: Option<u32>,
}

/// With whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Direct {
    #[schemars(with = "String")]
    pub(super) user: UserId,
}

/// A new group.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewGroup {
    /// Besides oneself.
    #[schemars(with = "Vec<String>")]
    pub(super) users: BTreeSet<UserId>,
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) name: Option<StreamName>,
}

/// Users who come to a group.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Users {
    #[schemars(with = "Vec<String>")]
    pub(super) users: BTreeSet<UserId>,
}

/// A new message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMessage {
    /// Markdown; may be absent where there are files.
    #[serde(default = "MessageText::none", deserialize_with = "text::message_or_none")]
    #[schemars(with = "String", length(max = 8000))]
    pub(super) text: MessageText,
    /// The message it answers.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    pub(super) reply_to: Option<Seq>,
    /// The message in whose thread it goes.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    pub(super) thread: Option<Seq>,
    /// A topic of the same circle that is shown live in it.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) topic: Option<TopicId>,
    /// One's own files that go with it.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(max = 10))]
    pub(super) files: Vec<FileId>,
}

/// A message, changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeMessage {
    /// Markdown; nothing only where the message has files.
    #[serde(deserialize_with = "text::message_or_none")]
    #[schemars(with = "String", length(max = 8000))]
    pub(super) text: MessageText,
}

/// How far the user has read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    /// Up to which message.
    #[schemars(with = "u64")]
    pub(super) seq: Seq,
    /// In which thread; absent for the stream itself.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    pub(super) thread: Option<Seq>,
}

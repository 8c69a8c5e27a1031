//! What answers look like, for their schemas: each mirrors a type of the core or the protocol, and
//! a test holds them against each other.
#![expect(dead_code, reason = "these types are described, never made")]

mod found;

use std::collections::BTreeMap;

use kith_proto::frame::Status;
use schemars::JsonSchema;

pub(super) use found::{Found, Inbox, Threads};

/// Milliseconds since 1970.
type Time = u64;

/// A user.
#[derive(JsonSchema)]
pub(super) struct User {
    id: String,
    /// Unique, in whatever case.
    name: String,
    display_name: String,
    /// The image that they are shown with: `GET /users/{user}/avatar`.
    avatar: Option<kith_core::file::Icon>,
    /// The human whose program this is.
    bot_of: Option<String>,
    disabled: Option<bool>,
    created_at: Time,
}

/// A session that has just begun.
#[derive(JsonSchema)]
pub(super) struct Begun {
    user: User,
    /// The session's id.
    session: String,
    /// The session's secret, told this once; absent when it was set as a cookie.
    token: Option<String>,
    /// What this device is called: to be told at the next sign-in; absent when it was set as a
    /// cookie.
    device: Option<String>,
}

/// The site, before anyone has signed in.
#[derive(JsonSchema)]
pub(super) struct Site {
    /// Who may make an account: `open`, `invite` (whoever has an invite) or `closed`.
    registration: String,
    /// Whether somebody administers it. While nobody does, the server prints an address by which the
    /// first may.
    owned: bool,
    /// The least characters of a password.
    password_chars_min: u32,
}

/// A session as its user sees it.
#[derive(JsonSchema)]
pub(super) struct SessionCard {
    id: String,
    label: String,
    created_at: Time,
    expires_at: Time,
    /// To the hour.
    used_at: Time,
    /// Whether it is the one that asks.
    current: bool,
}

/// The user's own sessions.
#[derive(JsonSchema)]
pub(super) struct Sessions {
    sessions: Vec<SessionCard>,
}

/// A named set of permissions.
#[derive(JsonSchema)]
pub(super) struct Role {
    name: String,
    /// Names of permissions.
    allow: Vec<String>,
    /// 0 (everyone) to 1000.
    rank: u16,
}

/// A circle.
#[derive(JsonSchema)]
pub(super) struct Circle {
    id: String,
    name: String,
    about: Option<String>,
    /// The image that it is shown with: `GET /circles/{circle}/icon`.
    icon: Option<kith_core::file::Icon>,
    public: bool,
    /// After so many seconds without an action members are shown as idle in it.
    idle_seconds: Option<u32>,
    owner: String,
    /// By id.
    roles: BTreeMap<String, Role>,
    /// The role that every member has.
    everyone: String,
    /// How many members there are.
    members: u64,
    created_at: Time,
}

/// A user's place in a circle.
#[derive(JsonSchema)]
pub(super) struct Member {
    user: String,
    nickname: Option<String>,
    /// Roles beside everyone's.
    roles: Option<Vec<String>>,
    timed_out_until: Option<Time>,
    joined_at: Time,
}

/// Members in the order of their ids.
#[derive(JsonSchema)]
pub(super) struct Members {
    members: Vec<Member>,
    /// Whether others follow: ask again with `after` the last one.
    more: bool,
}

/// A stream of a circle, or a conversation.
#[derive(JsonSchema)]
pub(super) struct Stream {
    id: String,
    /// `channel`, `direct` or `group`.
    kind: String,
    /// Of a channel.
    circle: Option<String>,
    /// Of a conversation.
    users: Option<Vec<String>>,
    /// Who made the group.
    by: Option<String>,
    name: Option<String>,
    about: Option<String>,
    archived: Option<bool>,
    slow_seconds: Option<u32>,
    /// Permissions that roles are denied here.
    deny: Option<BTreeMap<String, Vec<String>>>,
    /// The section that it is shown in.
    section: Option<String>,
    /// Its place among the streams of the circle, from 1 on; those without stand behind.
    position: Option<u32>,
    /// The messages that are pinned.
    pins: Option<Vec<u64>>,
    created_at: Time,
}

/// A stream, and how far the user has read it.
#[derive(JsonSchema)]
pub(super) struct StreamWindow {
    stream: Stream,
    /// The number of its last event.
    head: u64,
    /// The user's read marker.
    read: u64,
    unread: u64,
    /// Unread messages that mean the user.
    mentions: u64,
}

/// Topics of a circle.
#[derive(JsonSchema)]
pub(super) struct Topics {
    topics: Vec<kith_core::document::Topic>,
    /// There are more after the last.
    more: bool,
}

/// A file of one's own that comes, or came.
#[derive(JsonSchema)]
pub(super) struct Upload {
    id: String,
    name: String,
    /// How many bytes it has.
    bytes: u64,
    /// How many of them are there.
    offset: u64,
    /// What messages say of it, once all of them are.
    file: Option<kith_core::file::Attachment>,
}

/// Topics of a circle with their values.
#[derive(JsonSchema)]
pub(super) struct TopicValues {
    topics: Vec<kith_proto::query::TopicWindow>,
    /// There are more after the last.
    more: bool,
}

/// What happened to a topic.
#[derive(JsonSchema)]
pub(super) struct History {
    /// Newest first.
    events: Vec<kith_core::event::Event>,
    /// There is more before the last.
    more: bool,
}

/// How many steps can be turned.
#[derive(JsonSchema)]
pub(super) struct Undoable {
    /// Taken back.
    undo: u32,
    /// Done again.
    redo: u32,
}

/// Services of a circle.
#[derive(JsonSchema)]
pub(super) struct Services {
    services: Vec<kith_proto::service::Card>,
    /// There are more after the last.
    more: bool,
}

/// Calls of services that have not ended.
#[derive(JsonSchema)]
pub(super) struct Calls {
    calls: Vec<kith_proto::query::OpenCall>,
    /// There are more, made later.
    more: bool,
}

/// What a service gave back.
#[derive(JsonSchema)]
pub(super) struct Returned {
    returned: serde_json::Value,
}

/// A circle with the streams that the user may read.
#[derive(JsonSchema)]
pub(super) struct CircleWindow {
    circle: Circle,
    member: Member,
    /// The circle's last event.
    head: u64,
    streams: Vec<StreamWindow>,
}

/// Everything that a client opens with.
#[derive(JsonSchema)]
pub(super) struct Window {
    circles: Vec<CircleWindow>,
    conversations: Vec<StreamWindow>,
    /// Whether the user administers the site.
    site_admin: Option<bool>,
}

/// Accounts in the order of their names.
#[derive(JsonSchema)]
pub(super) struct Accounts {
    accounts: Vec<kith_proto::query::AccountCard>,
    /// Whether others follow: ask again with `after` the name of the last one.
    more: bool,
}

/// All circles.
#[derive(JsonSchema)]
pub(super) struct AllCircles {
    circles: Vec<kith_proto::query::SizedCircle>,
    /// Whether others follow: ask again with `after` the last one.
    more: bool,
}

/// A circle as those see it who are not in it yet.
#[derive(JsonSchema)]
pub(super) struct CircleCard {
    id: String,
    name: String,
    about: Option<String>,
    /// The image that it is shown with: `GET /circles/{circle}/icon`.
    icon: Option<kith_core::file::Icon>,
    members: u64,
}

/// Public circles.
#[derive(JsonSchema)]
pub(super) struct Circles {
    circles: Vec<CircleCard>,
    /// Whether others follow: ask again with `after` the last one.
    more: bool,
}

/// A user who may not join a circle again.
#[derive(JsonSchema)]
pub(super) struct Banned {
    user: User,
    /// Who banned them.
    by: String,
    reason: Option<String>,
    at: Time,
}

/// Who is banned, in the order of their ids.
#[derive(JsonSchema)]
pub(super) struct Bans {
    bans: Vec<Banned>,
    /// Whether others follow: ask again with `after` the last one.
    more: bool,
}

/// A user who is there.
#[derive(JsonSchema)]
pub(super) struct PresentUser {
    user: String,
    status: Status,
    since: Time,
}

/// Who is there now.
#[derive(JsonSchema)]
pub(super) struct Present {
    present: Vec<PresentUser>,
}

/// Who came.
#[derive(JsonSchema)]
pub(super) struct Came {
    /// Who came first stands first. At most 1000: the last.
    came: Vec<String>,
}

/// An invite, without its secret.
#[derive(JsonSchema)]
pub(super) struct Invite {
    id: String,
    circle: String,
    by: String,
    expires_at: Option<Time>,
    uses_left: Option<u32>,
    created_at: Time,
}

/// Invites of a circle.
#[derive(JsonSchema)]
pub(super) struct Invites {
    invites: Vec<Invite>,
}

/// Who is meant by a message.
#[derive(JsonSchema)]
pub(super) struct Mentions {
    users: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    everyone: Option<bool>,
}

/// A message.
#[derive(JsonSchema)]
pub(super) struct Message {
    /// Its number in the stream.
    seq: u64,
    author: String,
    /// Markdown.
    text: String,
    reply_to: Option<u64>,
    /// The message whose thread it is in.
    thread: Option<u64>,
    /// The topic that is shown live in it, to those who may read it.
    topic: Option<String>,
    files: Option<Vec<kith_core::file::Attachment>>,
    mentions: Option<Mentions>,
    /// Users by reaction.
    reactions: Option<BTreeMap<String, Vec<String>>>,
    /// How many messages its thread has.
    replies: Option<u32>,
    at: Time,
    edited_at: Option<Time>,
    /// The events that edited it, the newest 50.
    edits: Option<Vec<u64>>,
}

/// What a message said since a time.
#[derive(JsonSchema)]
pub(super) struct Edit {
    at: Time,
    text: String,
}

/// What a message said, oldest first.
#[derive(JsonSchema)]
pub(super) struct Edits {
    edits: Vec<Edit>,
}

/// What follows a user over devices, by name.
#[derive(JsonSchema)]
pub(super) struct Preferences(BTreeMap<String, serde_json::Value>);

/// Messages, oldest first.
#[derive(JsonSchema)]
pub(super) struct Messages {
    messages: Vec<Message>,
    /// Whether there are others in the direction that was asked for.
    more: bool,
}

/// What is unread in a thread.
#[derive(JsonSchema)]
pub(super) struct ThreadUnread {
    thread: u64,
    read: u64,
    unread: u64,
    /// Unread messages that mean the user.
    mentions: u64,
}

/// What is unread in a stream.
#[derive(JsonSchema)]
pub(super) struct Unread {
    read: u64,
    unread: u64,
    /// Unread messages that mean the user.
    mentions: u64,
    /// Threads that the user follows: begun, written in, or meant by name in.
    threads: Vec<ThreadUnread>,
}

/// Whom the user blocks.
#[derive(JsonSchema)]
pub(super) struct Blocks {
    blocks: Vec<String>,
}

/// Where an event went.
#[derive(JsonSchema)]
pub(super) struct Place {
    feed: String,
    seq: u64,
}

/// What came of a command. Nothing in it when nothing had to change.
#[derive(JsonSchema)]
pub(super) struct Outcome {
    /// The events that came of it; the number of a message is the `seq` of its first.
    events: Option<Vec<Place>>,
    user: Option<String>,
    circle: Option<String>,
    stream: Option<String>,
    topic: Option<String>,
    file: Option<String>,
    role: Option<String>,
    invite: Option<String>,
    /// The secret of an invite, told this once.
    code: Option<String>,
    session: Option<String>,
}

/// What is wrong (RFC 9457).
#[derive(JsonSchema)]
pub(super) struct Problem {
    /// `urn:kith:` and the code.
    r#type: String,
    title: String,
    status: u16,
    /// A sentence for a person.
    detail: String,
    /// Stable: programs decide by it.
    code: String,
    /// Milliseconds after which trying again can help.
    retry_ms: Option<u64>,
    /// Whether it may have been done all the same: say it again under the same name.
    unknown: Option<bool>,
    /// Of a transaction: which of its changes it is about, counted from 0.
    change: Option<u32>,
    /// With `service.failed`: what the provider of the service said.
    failure: Option<kith_core::service::Failure>,
}

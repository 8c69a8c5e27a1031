//! Questions that change nothing, and their answers; REST asks the same.

use std::collections::BTreeMap;

use kith_core::document::{Circle, Invite, Member, Message, Stream, Topic, User};
use kith_core::event::Event;
use kith_core::file::Icon;
use kith_core::id::{CircleId, FeedId, Seq, SessionId, StreamId, Timestamp, TopicId, UserId};
use kith_core::search::Order;
use kith_core::text::{Label, PreferenceKey, ServiceName, TopicName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::service::Card;

mod inbox;
mod members;
mod search;
mod site;
mod state;

pub use inbox::{Edit, Inbox, InboxEntry, InboxPlace, ThreadCard};
pub use members::{Banned, Present};
pub use search::{Found, Hit};
pub use site::{AccountCard, Health, Setting, Site, SizedCircle, Storage, Times};
pub use state::State;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Query {
    /// Is anybody there?
    Ping {},
    /// The window that a client opens with: the user's circles, streams, conversations, unread
    /// counts. Never members or messages.
    Window {},
    /// One circle of the window.
    Circle {
        /// Which.
        circle: CircleId,
    },
    /// One stream or conversation of the window.
    Stream {
        /// Which.
        stream: StreamId,
    },
    /// Messages of a stream or thread, oldest first.
    Messages {
        /// The stream.
        stream: StreamId,
        /// The thread; absent for the stream itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
        /// Only older ones than this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// Only newer ones than this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<Seq>,
        /// Half of them older and half newer than this, and it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        around: Option<Seq>,
        /// How many, at most 200; 50 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// One message.
    Message {
        /// The stream.
        stream: StreamId,
        /// Which.
        message: Seq,
    },
    /// Messages that say something, of all that the user may read.
    Search {
        /// Words, `"phrases"`, `-exclusions` and filters, at most 500 characters.
        text: String,
        /// Which come first; those that fit best if absent.
        #[serde(default, skip_serializing_if = "is_default")]
        order: Order,
        /// Only those behind what an answer to the same question named as `next`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many, at most 100; 20 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        /// How many minutes the asker's clock is ahead of UTC, for the days in filters.
        #[serde(default, skip_serializing_if = "is_default")]
        offset_minutes: i16,
    },
    /// A topic and its value.
    Topic {
        /// Which.
        topic: TopicId,
        /// Its value after this event; the present one if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seq: Option<Seq>,
    },
    /// What happened to a topic, newest first: who did what, when.
    History {
        /// Which.
        topic: TopicId,
        /// Only what came before this event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// How many, at most 200; 50 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// The topic of a name, and its value.
    TopicByName {
        /// In which circle.
        circle: CircleId,
        /// The name.
        name: TopicName,
    },
    /// Topics of a circle, in the order of their names.
    Topics {
        /// Of which circle.
        circle: CircleId,
        /// Only those whose names begin like this.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        begin: String,
        /// Only those whose names come after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many, at most 200; 100 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// The same with their values: at most 1 MiB of them, or one that is larger.
    TopicValues {
        /// Of which circle.
        circle: CircleId,
        /// Only those whose names begin like this.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        begin: String,
        /// Only those whose names come after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many, at most 200; 100 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// How many steps the user can take back in a circle, and do again.
    Undoable {
        /// In which circle.
        circle: CircleId,
    },
    /// Unread and mention counts of a stream and its threads that the user follows.
    Unread {
        /// The stream.
        stream: StreamId,
    },
    /// Users by id: those who are or were in a circle or conversation that the asker is in, and site
    /// admins all.
    Users {
        /// At most 200.
        users: Vec<UserId>,
    },
    /// The user of a name.
    UserByName {
        /// The name, in any case.
        name: String,
    },
    /// Members of a circle, in the order of their ids.
    Members {
        /// The circle.
        circle: CircleId,
        /// Only those after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// How many, at most 200; 100 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Who is banned from a circle, in the order of their ids: for those who may manage members.
    Bans {
        /// The circle.
        circle: CircleId,
        /// Only those after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<UserId>,
        /// How many, at most 200; 100 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Who of a circle is there now.
    Present {
        /// The circle.
        circle: CircleId,
    },
    /// Who is there now of those with whom the user shares a direct stream or group, as far as the user
    /// may know it; at most 1000.
    PresentInConversations {},
    /// Who of a circle came within some time, whether they are there still or went again. Of those who
    /// went before the server started nothing is known.
    Came {
        /// The circle.
        circle: CircleId,
        /// Within so many seconds before now.
        seconds: u64,
    },
    /// Services of a circle, those of the server included, in the order of their names.
    Services {
        /// The circle.
        circle: CircleId,
        /// Only those whose names begin like this.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        begin: String,
        /// Only those that come after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many, at most 200; 100 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// Calls of services of a circle that have not ended, the oldest first: for those who may offer
    /// services there.
    Calls {
        /// The circle.
        circle: CircleId,
        /// How many, at most 200; 100 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// How much feeds are followed and how far they are: for those who manage the feeds of their
    /// circles.
    Traffic {
        /// At most 200.
        feeds: Vec<FeedId>,
    },
    /// What a message said before each of its last 50 edits, oldest first, and what it says now.
    Edits {
        /// The stream.
        stream: StreamId,
        /// Which.
        message: Seq,
    },
    /// Messages that mean or answer the user, in all circles and conversations, newest first.
    Inbox {
        /// Only those that come after this place: the `next` of the answer before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<InboxPlace>,
        /// Only those that are unread.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unread: bool,
        /// How many, at most 200; 50 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// The threads that the user follows and that have unread messages, those first that were written in
    /// last.
    Threads {
        /// How many, at most 200; 50 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// What follows the user over devices.
    Preferences {},
    /// The site as its administrators see it: how it is ruled and what it holds.
    Site {},
    /// Accounts in the order of their names, for those who administer the site.
    Accounts {
        /// Only those whose names begin like this, in any case.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        begin: String,
        /// Only those whose names come after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// How many, at most 200; 50 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// All circles in the order of their making, for those who administer the site.
    AllCircles {
        /// Only those after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<CircleId>,
        /// How many, at most 200; 50 if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    /// What the server counts, for those who administer the site.
    Health {},
    /// Public circles, in the order of their making.
    PublicCircles {
        /// Only those after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<CircleId>,
    },
    /// Invites of a circle: all for those who manage members, else one's own.
    Invites {
        /// The circle.
        circle: CircleId,
    },
    /// Where an invite leads.
    InviteTarget {
        /// Its secret.
        code: String,
    },
    /// The user's own sessions.
    Sessions {},
    /// Whom the user blocks.
    Blocks {},
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each answers the query of its name")]
pub enum Answer {
    Pong { now: Timestamp },
    Window(Window),
    Circle(CircleWindow),
    Stream(StreamWindow),
    Messages { messages: Vec<Message>, more: bool },
    Message(Message),
    Search(Found),
    Topic(TopicWindow),
    Topics { topics: Vec<Topic>, more: bool },
    TopicValues { topics: Vec<TopicWindow>, more: bool },
    History { events: Vec<Event>, more: bool },
    Undoable { undo: u32, redo: u32 },
    Unread(StreamUnread),
    Users(Vec<User>),
    User(User),
    Members { members: Vec<Member>, more: bool },
    Bans { bans: Vec<Banned>, more: bool },
    Present(Vec<Present>),
    Came(Vec<UserId>),
    Services { services: Vec<Card>, more: bool },
    Calls { calls: Vec<OpenCall>, more: bool },
    Traffic(Vec<Traffic>),
    Edits(Vec<Edit>),
    Inbox(Inbox),
    Threads { threads: Vec<ThreadCard>, more: bool },
    Preferences(BTreeMap<PreferenceKey, Json>),
    Site(Site),
    Accounts { accounts: Vec<AccountCard>, more: bool },
    AllCircles { circles: Vec<SizedCircle>, more: bool },
    Health(Health),
    Circles { circles: Vec<CircleCard>, more: bool },
    Invites(Vec<Invite>),
    InviteTarget(CircleCard),
    Sessions(Vec<SessionCard>),
    Blocks(Vec<UserId>),
}

/// What a client opens with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// The user's circles with those of their streams that the user may read.
    pub circles: Vec<CircleWindow>,
    /// Direct streams and groups.
    pub conversations: Vec<StreamWindow>,
    /// Whether the user administers the site.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub site_admin: bool,
}

/// A circle in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CircleWindow {
    /// The circle.
    pub circle: Circle,
    /// The user's own membership.
    pub member: Member,
    /// The circle's last event: what is not in this window yet is told after it.
    pub head: Seq,
    /// Its streams.
    pub streams: Vec<StreamWindow>,
}

/// A stream in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamWindow {
    /// The stream.
    pub stream: Stream,
    /// Its last event.
    pub head: Seq,
    /// The user's read marker.
    pub read: Seq,
    /// How many messages are unread, threads apart.
    pub unread: u64,
    /// How many unread messages mean the user, those of followed threads included.
    pub mentions: u64,
}

/// A topic and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopicWindow {
    /// The topic.
    pub topic: Topic,
    /// The last event that the value has in it.
    pub seq: Seq,
    /// The value; the elements of a list with their names: `[{"element": …, "value": …}]`, a Yjs
    /// document as its updates.
    pub value: Json,
    /// Of a `text`: what its shared text named `text` says. Not among the values of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Of a `json` with a Yjs document: its value, the document's shared map named `json`. Not among the
    /// values of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Json>,
}

/// A call of a service that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenCall {
    /// Which service.
    pub name: ServiceName,
    /// Who calls.
    pub user: UserId,
    /// Who has it; absent while it waits for a provider with room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<UserId>,
    /// How many milliseconds ago it was made.
    pub age_ms: u64,
    /// How many milliseconds are left for it.
    pub left_ms: u64,
}

/// How much a feed is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// The feed.
    pub feed: FeedId,
    /// How many connections follow it.
    pub followers: u32,
    /// Its last event; where its numbers grow, it is written to.
    pub seq: Seq,
}

/// What is unread in a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StreamUnread {
    /// The user's read marker.
    pub read: Seq,
    /// How many messages are unread, threads apart.
    pub unread: u64,
    /// How many of those mean the user.
    pub mentions: u64,
    /// Threads that the user follows: begun, written in, or meant by name in.
    pub threads: Vec<ThreadUnread>,
}

/// What is unread in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ThreadUnread {
    /// The message whose thread it is.
    pub thread: Seq,
    /// The user's read marker.
    pub read: Seq,
    /// How many of its messages are unread.
    pub unread: u64,
    /// How many of those mean the user.
    pub mentions: u64,
}

/// A circle as those see it who are not in it yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CircleCard {
    /// The circle.
    pub id: CircleId,
    /// Its name.
    pub name: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The image that it is shown with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Box<Icon>>,
    /// How many members it has.
    pub members: u64,
}

/// A session as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionCard {
    /// Which.
    pub id: SessionId,
    /// Its label.
    pub label: Label,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself, if it is used until then.
    pub expires_at: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

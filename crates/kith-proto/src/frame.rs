//! What goes over the WebSocket, each way.

use kith_core::aware::AwareState;
use kith_core::command::{Command, Outcome};
use kith_core::document::User;
use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, SessionId, StreamId, Timestamp, UserId};
use kith_core::text::OpId;
use kith_core::topic::Change;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::error::Problem;
use crate::query::{Answer, Query};
use crate::run::Run;
use crate::service::{Service, Told};

/// The first frame of a client: who it is. Nothing else is handled before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The newest version of the protocol that the client speaks.
    pub v: u32,
    /// The proof.
    pub auth: Auth,
    /// What the session is called in the list of sessions, when the proof is a password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How the user is there; at hand if absent. Later [`Signal::Presence`] says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// The proof of who one is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Auth {
    /// A session's or bot's token.
    Token(String),
    /// The session cookie that came with the upgrade request: for pages, which cannot read it.
    Cookie {},
    /// A name and a password: begins a session, whose token comes with the welcome.
    Password {
        /// The user's unique name.
        name: String,
        /// The password.
        password: String,
        /// What this device was called when the user last signed in on it; guesses of others do not
        /// slow it down then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<String>,
    },
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Any later frame of a client. Exactly one of `do`, `get`, `subscribe`, `unsubscribe`, `signal` and
/// `service` is there; each frame gets exactly one reply with the same `id`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Chosen by the client; the reply carries it.
    pub id: u64,
    /// The name of the operation, with `do`: said twice, it happens once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// A change.
    #[serde(default, rename = "do", skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
    /// A question.
    #[serde(default, rename = "get", skip_serializing_if = "Option::is_none")]
    pub query: Option<Query>,
    /// Feeds to follow, resuming where the client was. At most [`Limits::subscribe_max`]. Each feed
    /// is answered by a [`Push::Subscribed`] of its own, before its live events; the reply
    /// ([`Reply::Noted`]) comes when all were, and behind everything that happened to any followed
    /// feed before: no transaction is then known in one of them and not yet in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<Vec<Subscribe>>,
    /// Feeds to follow no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<Vec<FeedId>>,
    /// Something for those who are there now, never stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// Something about services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
}

impl Request {
    /// Whether it brings nothing but updates into texts: such a one may be larger than others.
    #[must_use]
    pub fn is_update(&self) -> bool {
        let Some(Command::Change { changes, .. }) = &self.command else { return false };
        changes.iter().all(|asked| matches!(asked.change, Change::Update { .. }))
    }

    /// A request with nothing in it yet.
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self {
            id,
            op: None,
            command: None,
            query: None,
            subscribe: None,
            unsubscribe: None,
            signal: None,
            service: None,
        }
    }
}

/// A feed to follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// Which.
    pub feed: FeedId,
    /// The epoch of the place below, as an earlier answer told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The last event the client has; absent for none: the answer is then a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Seq>,
    /// How many messages a snapshot of a stream holds; 50 if absent, at most 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// Events only, never a snapshot: for readers that want everything. Where there are more than
    /// fit, the answer says `more` and the feed is not followed yet: ask again from its `seq`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub events_only: bool,
}

/// Something for those who are there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Signal {
    /// The user is writing in a stream.
    Typing {
        /// Which.
        stream: StreamId,
        /// The message whose thread it is in; absent outside of threads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
    },
    /// The user is at hand, or not.
    Presence {
        /// How.
        status: Status,
    },
    /// What the session shows of itself to the others who follow a feed: it takes the place of what
    /// it showed there before, and ends with the connection. The others are told by [`Push::Aware`].
    Aware {
        /// Which feed; the session follows it.
        feed: FeedId,
        /// What; `null` for nothing any more.
        state: Option<AwareState>,
    },
}

/// What is told of somebody who is there now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Signaled {
    /// The user is writing in a stream.
    Typing {
        /// Which.
        stream: StreamId,
        /// The message whose thread it is in; absent outside of threads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread: Option<Seq>,
    },
    /// The user is there, or not.
    Presence {
        /// How.
        status: Status,
    },
}

/// What somebody shows in a feed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// The number of the client that shows it: a session that is open several times has several.
    pub client: u64,
    /// Under which session.
    pub session: SessionId,
    /// Whose session it is, as the server knows it.
    pub user: UserId,
    /// What; `null` for nothing any more.
    pub state: Option<AwareState>,
}

/// Whether a user is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Has a connection and is at hand.
    Online,
    /// Has a connection and did nothing for a while.
    Idle,
    /// Has a connection and says not to be at hand.
    Away,
    /// Has no connection.
    Offline,
}

/// The limits of this server, told in the welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// The largest message of a client, in bytes.
    pub frame_bytes: u32,
    /// The same in JSON of one that brings nothing but updates into texts.
    pub update_bytes: u32,
    /// The longest text, in characters.
    pub text_chars: u32,
    /// How many requests a client may make at once.
    pub burst: u32,
    /// How many a second in the long run.
    pub per_second: u32,
    /// How many feeds one frame may subscribe to.
    pub subscribe_max: u32,
    /// How many bytes may wait for a client before it is told that it lags.
    pub queue_bytes: u32,
    /// The largest file that is taken, in bytes; absent where the server takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
}

/// The first answer of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Welcome {
    /// The version of the protocol that will be spoken: the client's or the server's, the older.
    pub v: u32,
    /// Who the client is.
    pub user: User,
    /// Which session it is.
    pub session: SessionId,
    /// The secret of a session that was begun by this connection: for the next hello.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What this device is called: for the next time that the user signs in on it by password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The server's time.
    pub now: Timestamp,
    /// Milliseconds between two signs of life: the server pings when it has nothing to say.
    pub heartbeat_ms: u32,
    /// The limits.
    pub limits: Limits,
}

/// Anything a server sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Push {
    /// The answer to the hello.
    Welcome(Welcome),
    /// The answer to a request that went well.
    Ok {
        /// The request's.
        id: u64,
        /// The answer.
        #[serde(flatten)]
        reply: Reply,
    },
    /// The answer to a request that did not.
    Error {
        /// The request's; absent when it could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u64>,
        /// What is wrong.
        #[serde(flatten)]
        problem: Problem,
    },
    /// Where the client is in a feed that it asked to follow.
    Subscribed(Subscribed),
    /// An event of a feed that the client follows.
    Event(Event),
    /// What one transaction did to topics that the client follows: it is to be shown at once or not
    /// at all. In the order of the changes. A transaction of which the client gets one event comes
    /// as that event.
    Events(Vec<Event>),
    /// Several events of a feed that the client follows, with what they share said once. Each stands
    /// for itself.
    Run(Run),
    /// An event of somebody whom the user blocks: only its number is told, so that no gap is seen.
    Hidden {
        /// The feed.
        feed: FeedId,
        /// The number.
        seq: Seq,
    },
    /// Something about somebody who is there now.
    Signal {
        /// Where it is told.
        feed: FeedId,
        /// Who.
        user: UserId,
        /// What.
        what: Signaled,
    },
    /// What others show in a feed that the client follows, the newest of each. Behind the answer to
    /// its subscription it is told what all show, if anybody does; what it was told before is over.
    Aware {
        /// The feed.
        feed: FeedId,
        /// Nobody shows anything but those in here and those of whom it is told later.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
        /// What each shows.
        states: Vec<Shown>,
    },
    /// Something about services.
    Service(Told),
    /// The client read too slowly: these feeds are no longer followed. Subscribe again from the
    /// last event that was received; nothing is lost.
    Lagged {
        /// Which.
        feeds: Vec<FeedId>,
    },
    /// The user may no longer read this feed.
    Closed {
        /// Which.
        feed: FeedId,
        /// What it tells about was removed, for everybody.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        removed: bool,
    },
    /// The last frame before the server closes.
    Bye(Problem),
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To `do`.
    Done(Outcome),
    /// To `get`.
    Got(Answer),
    /// To a call: its result.
    Returned(Json),
    /// To `subscribe`, `unsubscribe`, `signal`, and all of `service` but calls.
    Noted,
}

/// Where a client is in a feed, and what it missed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Subscribed {
    /// The events after the place that was told. Later ones follow.
    Events {
        /// The feed.
        feed: FeedId,
        /// To be told when subscribing again.
        epoch: String,
        /// The last event that is told here.
        seq: Seq,
        /// The events, in order; those of blocked users as their number alone.
        events: Vec<Seen>,
        /// There are more: the feed is not followed yet. Ask again from `seq`.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
    /// The state of the feed after the event `seq`. Later events follow.
    Snapshot {
        /// The feed.
        feed: FeedId,
        /// To be told when subscribing again.
        epoch: String,
        /// The last event that the state has in it.
        seq: Seq,
        /// Why what the client had cannot be continued, when it claimed a place that is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reset: Option<Reset>,
        /// The state.
        state: crate::query::State,
    },
    /// This feed cannot be followed.
    Refused {
        /// The feed.
        feed: FeedId,
        /// Why.
        problem: Problem,
    },
}

/// Why a client's place in a feed cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// The numbers were given by another history of this site (a restored backup).
    Epoch,
    /// The client claims to have more than the server.
    Ahead,
    /// More events were missed than are told one by one.
    TooFar,
}

/// An event as one reader may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "nearly all are events")]
pub enum Seen {
    /// The event.
    Event(Event),
    /// Only its number, for it is of somebody whom the reader blocks.
    Hidden {
        /// The number.
        hidden: Seq,
    },
}

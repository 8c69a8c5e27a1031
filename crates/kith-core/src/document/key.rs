//! The kinds of documents: in which collection each is, under which key, and how it is looked up.

use std::sync::Arc;

use super::{
    Account, Author, Ban, Circle, DirectRef, Done, Facts, FeedHead, File, GoneStream, Invite,
    InviteRef, Kept, Mark, Member, Message, NameOwner, Note, ParseError, Past, Preferences, Quota,
    ReadMark, Said, Session, SessionRef, SiteRules, SiteSecret, Step, Steps, Stream, Tally, Topic,
    TopicRef, Upload, User, Whom, check_version, with_version,
};
use crate::file::BlobHash;
use crate::id::{
    CircleId, FeedId, FileId, InviteId, RoleId, Seq, SessionId, StreamId, Timestamp, TopicId,
    UserId,
};
use crate::text::{OpId, TopicName};
use crate::topic::State;

macro_rules! documents {
    ($($(#[$doc:meta])* $variant:ident($type:ty) in $collection:literal, key($($arg:ident: $arg_type:ty),*) = $format:expr, get $get:ident;)*) => {
        /// The name of a document.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Key {
            /// The end of a feed, which the store keeps with the events.
            Head(FeedId),
            /// The highest number of a user's operations in a series, which the store keeps with
            /// what they did.
            Series(UserId, Arc<str>),
            /// The present value of a topic, which follows from its events.
            State(TopicId),
            /// What happened to a topic, from one event to another.
            Facts(TopicId, Seq, Seq),
            /// What a user can take back in a circle: all their steps there.
            Steps(CircleId, UserId),
            /// How many changes a topic had lately; of those that are limited.
            Pace(TopicId),
            /// What an operation did that only changed what no store has.
            Said(UserId, OpId),
            $($(#[$doc])* $variant($($arg_type),*),)*
        }

        /// A document of any kind.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Doc {
            /// The end of a feed.
            Head(FeedHead),
            /// The highest number of a series.
            Series(u64),
            /// The present value of a topic.
            State(Arc<State>),
            /// What happened to a topic.
            Facts(Arc<Facts>),
            /// What a user can take back.
            Steps(Arc<Steps>),
            /// Since when the changes of a topic are counted, and how many they are.
            Pace(Timestamp, u32),
            /// What an operation did that only changed what no store has.
            Said(Said),
            $($(#[$doc])* $variant(Arc<$type>),)*
        }

        impl Key {
            /// The collection and the text of the key; `None` for what is put together from events or
            /// from several documents.
            #[must_use]
            pub fn path(&self) -> Option<(&'static str, String)> {
                match self {
                    Self::Head(_) | Self::Series(..) | Self::State(_) => None,
                    Self::Facts(..) | Self::Steps(..) | Self::Pace(_) | Self::Said(..) => None,
                    $(Self::$variant($($arg),*) => Some(($collection, $format)),)*
                }
            }

            /// Reads the JSON text of a document with this key.
            ///
            /// # Errors
            /// When the text is not such a document, or of a newer schema.
            pub fn parse(&self, json: &str) -> Result<Doc, ParseError> {
                check_version(json)?;
                match self {
                    Self::Head(_)
                    | Self::Series(..)
                    | Self::State(_)
                    | Self::Facts(..)
                    | Self::Steps(..)
                    | Self::Pace(_)
                    | Self::Said(..) => {
                        Err(ParseError::Malformed("this is no document".to_owned()))
                    }
                    $(Self::$variant(..) => serde_json::from_str(json).map(|doc| Doc::$variant(Arc::new(doc))).map_err(ParseError::from),)*
                }
            }
        }

        impl Doc {
            /// Reads the JSON text of a document of a collection; `None` for a collection that is
            /// not known.
            ///
            /// # Errors
            /// As [`Key::parse`].
            #[must_use]
            pub fn parse_in(collection: &str, json: &str) -> Option<Result<Self, ParseError>> {
                let parse = || {
                    check_version(json)?;
                    match collection {
                        $($collection => serde_json::from_str(json).map(|doc| Doc::$variant(Arc::new(doc))).map_err(ParseError::from),)*
                        _ => Err(ParseError::Malformed("no such collection".to_owned())),
                    }
                };
                COLLECTIONS.contains(&collection).then(parse)
            }

            /// Its JSON text, which begins with the version of its schema.
            #[must_use]
            pub fn to_json(&self) -> String {
                let json = match self {
                    Self::Head(_)
                    | Self::Series(_)
                    | Self::State(_)
                    | Self::Facts(_)
                    | Self::Steps(_)
                    | Self::Pace(..)
                    | Self::Said(_) => Ok(String::new()),
                    $(Self::$variant(doc) => serde_json::to_string(doc.as_ref()),)*
                };
                // Our documents are structs of texts, numbers and maps with text keys.
                with_version(&json.unwrap_or_default())
            }
        }

        /// All collections, for tools that walk the database.
        pub const COLLECTIONS: &[&str] = &[$($collection),*];

        $(impl AsDoc for tag::$variant {
            type Doc = $type;
            fn get(doc: Doc) -> Option<Arc<$type>> {
                match doc { Doc::$variant(doc) => Some(doc), _ => None }
            }
        })*

        /// One tag type for each kind of document, for typed look-ups.
        pub mod tag {
            $($(#[$doc])* #[derive(Clone, Copy, Debug)] pub struct $variant;)*
        }

        impl crate::draft::Draft<'_> {
            $($(#[$doc])*
            ///
            /// # Errors
            /// `Missing` when it has to be loaded first.
            pub fn $get(&self, $($arg: $arg_type),*) -> Result<Option<Arc<$type>>, crate::draft::Stop> {
                self.typed::<tag::$variant>(&Key::$variant($($arg),*))
            })*
        }
    };
}

/// Tells the type of a kind of document.
pub trait AsDoc {
    /// The document.
    type Doc;
    /// The document, if it is of this kind.
    fn get(doc: Doc) -> Option<Arc<Self::Doc>>;
}

/// A number as text that sorts like the number.
#[must_use]
pub fn seq_key(seq: Seq) -> String {
    format!("{:016x}", seq.0)
}

/// The key of a message in an inbox.
#[must_use]
pub fn inbox_key(whom: &Whom, at: Timestamp, stream: StreamId, seq: Seq) -> String {
    format!("{whom}/{:016x}/{stream}/{}", at.0, seq_key(seq))
}

documents! {
    /// A user.
    User(User) in "user", key(user: UserId) = format!("{user}"), get user;
    /// The secrets of an account.
    Account(Account) in "account", key(user: UserId) = format!("{user}"), get account;
    /// Whose a name is, by its folded form.
    Name(NameOwner) in "name", key(name: String) = name.clone(), get name_owner;
    /// A session by the hash of its token.
    Session(Session) in "session", key(token_hash: String) = token_hash.clone(), get session;
    /// A user's session by its id.
    SessionRef(SessionRef) in "user_session", key(user: UserId, session: SessionId) = format!("{user}/{session}"), get session_ref;
    /// A circle.
    Circle(Circle) in "circle", key(circle: CircleId) = format!("{circle}"), get circle;
    /// A circle that anyone may find.
    PublicCircle(Mark) in "public_circle", key(circle: CircleId) = format!("{circle}"), get public_circle;
    /// A member of a circle.
    Member(Member) in "member", key(circle: CircleId, user: UserId) = format!("{circle}/{user}"), get member;
    /// A circle of a user.
    Joined(Mark) in "joined", key(user: UserId, circle: CircleId) = format!("{user}/{circle}"), get joined;
    /// A ban.
    Ban(Ban) in "ban", key(circle: CircleId, user: UserId) = format!("{circle}/{user}"), get ban;
    /// An invite by the hash of its code.
    Invite(Invite) in "invite", key(code_hash: String) = code_hash.clone(), get invite;
    /// An invite of a circle by its id.
    InviteRef(InviteRef) in "circle_invite", key(circle: CircleId, invite: InviteId) = format!("{circle}/{invite}"), get invite_ref;
    /// How much a circle holds.
    Tally(Tally) in "tally", key(circle: CircleId) = format!("{circle}"), get tally;
    /// A stream.
    Stream(Stream) in "stream", key(stream: StreamId) = format!("{stream}"), get stream;
    /// A stream of a circle.
    CircleStream(Mark) in "circle_stream", key(circle: CircleId, stream: StreamId) = format!("{circle}/{stream}"), get circle_stream;
    /// A topic.
    Topic(Topic) in "topic", key(topic: TopicId) = format!("{topic}"), get topic;
    /// A topic of a circle by its name.
    TopicName(TopicRef) in "topic_name", key(circle: CircleId, name: TopicName) = format!("{circle}/{name}"), get topic_named;
    /// The value of a topic after one of its events.
    Kept(Kept) in "kept", key(topic: TopicId, seq: Seq) = format!("{topic}/{}", seq_key(*seq)), get kept;
    /// A topic that was removed, and whose events and kept values are not all forgotten yet.
    Gone(Mark) in "gone", key(topic: TopicId) = format!("{topic}"), get gone;
    /// A circle that was removed, and of which not all is forgotten yet.
    GoneCircle(Mark) in "gone_circle", key(circle: CircleId) = format!("{circle}"), get gone_circle;
    /// A stream that was removed, alone or with its circle, and of which not all is forgotten yet.
    GoneStream(GoneStream) in "gone_stream", key(circle: CircleId, stream: StreamId) = format!("{circle}/{stream}"), get gone_stream;
    /// A topic that may have something to forget, because it keeps only the end of its history.
    Past(Past) in "past", key(topic: TopicId) = format!("{topic}"), get past;
    /// A step of a user in a circle that can be taken back, in one of so many places.
    Step(Step) in "step", key(circle: CircleId, user: UserId, slot: u8) = format!("{circle}/{user}/{slot:02}"), get step;
    /// Somebody who was in a circle or a group and is no longer: those who are still know who that was.
    Former(Mark) in "former", key(of: FeedId, user: UserId) = format!("{of}/{user}"), get former;
    /// A direct stream or group of a user.
    Conversation(Mark) in "conversation", key(user: UserId, stream: StreamId) = format!("{user}/{stream}"), get conversation;
    /// The stream between two users, named in the order of their ids.
    Direct(DirectRef) in "direct", key(low: UserId, high: UserId) = format!("{low}/{high}"), get direct;
    /// A message.
    Message(Message) in "message", key(stream: StreamId, seq: Seq) = format!("{stream}/{}", seq_key(*seq)), get message;
    /// A message in the order of its stream (thread 0) or thread.
    Timeline(Author) in "timeline", key(stream: StreamId, thread: Seq, seq: Seq) = format!("{stream}/{}/{}", seq_key(*thread), seq_key(*seq)), get timeline;
    /// A message among those of its author in the stream or thread.
    Authored(Mark) in "authored", key(stream: StreamId, thread: Seq, author: UserId, seq: Seq) = format!("{stream}/{}/{author}/{}", seq_key(*thread), seq_key(*seq)), get authored;
    /// A message of a stream (thread 0) or thread that means a user.
    MentionUser(Author) in "mention_user", key(user: UserId, stream: StreamId, thread: Seq, seq: Seq) = format!("{user}/{stream}/{}/{}", seq_key(*thread), seq_key(*seq)), get mention_user;
    /// A message that means a role.
    MentionRole(Author) in "mention_role", key(role: RoleId, stream: StreamId, thread: Seq, seq: Seq) = format!("{role}/{stream}/{}/{}", seq_key(*thread), seq_key(*seq)), get mention_role;
    /// A message that means everyone.
    MentionAll(Author) in "mention_all", key(stream: StreamId, thread: Seq, seq: Seq) = format!("{stream}/{}/{}", seq_key(*thread), seq_key(*seq)), get mention_all;
    /// A message that somebody finds in their inbox, in the order of its time.
    Inbox(Note) in "inbox", key(whom: Whom, at: Timestamp, stream: StreamId, seq: Seq) = inbox_key(whom, *at, *stream, *seq), get inbox_note;
    /// How far a user has read a stream (thread 0) or a thread.
    Read(ReadMark) in "read", key(user: UserId, stream: StreamId, thread: Seq) = format!("{user}/{stream}/{}", seq_key(*thread)), get read_mark;
    /// A thread that a user follows, for having written in it, begun it, or being meant in it.
    Follow(Mark) in "follow", key(user: UserId, stream: StreamId, thread: Seq) = format!("{user}/{stream}/{}", seq_key(*thread)), get follow;
    /// A user that a user blocks.
    Block(Mark) in "block", key(user: UserId, blocked: UserId) = format!("{user}/{blocked}"), get block;
    /// What follows a user over devices.
    Preferences(Preferences) in "preferences", key(user: UserId) = format!("{user}"), get preferences;
    /// When a user last posted in a stream that is slow.
    LastPost(Mark) in "last_post", key(stream: StreamId, user: UserId) = format!("{stream}/{user}"), get last_post;
    /// A file.
    File(File) in "file", key(file: FileId) = format!("{file}"), get file;
    /// A file that is not whole yet.
    Upload(Upload) in "upload", key(file: FileId) = format!("{file}"), get upload;
    /// A message that refers to a file.
    FileUse(Mark) in "file_use", key(file: FileId, stream: StreamId, seq: Seq) = format!("{file}/{stream}/{}", seq_key(*seq)), get file_use;
    /// A file or upload that goes at a time, unless something refers to it by then.
    FileEnd(Mark) in "file_end", key(at: Timestamp, file: FileId) = format!("{:016x}/{file}", at.0), get file_end;
    /// A file whose content, or whose thumbnail, is the blob of this hash.
    Blob(Mark) in "blob", key(hash: BlobHash, file: FileId) = format!("{hash}/{file}"), get blob;
    /// How much a user has uploaded.
    Quota(Quota) in "file_quota", key(user: UserId) = format!("{user}"), get file_quota;
    /// A secret of the site, by what it is for.
    Secret(SiteSecret) in "secret", key(name: String) = name.clone(), get site_secret;
    /// What administrators set while the server runs.
    SiteRules(SiteRules) in "site", key() = "site".to_owned(), get site_rules;
    /// What an operation did.
    Done(Done) in "done", key(user: UserId, op: OpId) = format!("{user}/{}", op.key()), get done;
}

//! A server that answers wishes at once, without a socket: enough of one for the model.

mod found;
mod unread;

use std::collections::{BTreeMap, BTreeSet};

use kith_client::{ClientError, Subscribe, Update};
use kith_core::command::{Command, Outcome, Place as At};
use kith_core::document::{Circle, Home, Member, Mentions, Message, Role, Stream, User};
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, RoleId, Seq, SessionId, StreamId, Timestamp, UserId};
use kith_core::permission::Permissions;
use kith_core::text::{CircleName, DisplayName, MessageText, OpId, RoleName, StreamName, UserName};
use kith_proto::error::Problem;
use kith_proto::frame::{Limits, Signal, Status, Welcome};
use kith_proto::query::{Answer, CircleWindow, Present, Query, StreamWindow, Window};

use crate::command::Action;
use crate::model::{Came, FileCame, FileWish, Model, Note, PrivateCame, PrivateWish, Wish};

/// When it is.
pub(crate) const NOW: Timestamp = Timestamp(1_763_000_000_000);
const MINUTE: u64 = 60_000;

pub(crate) fn user(n: u128) -> UserId {
    UserId::new(Timestamp(1), n)
}

pub(crate) fn ana() -> UserId {
    user(1)
}

pub(crate) fn bob() -> UserId {
    user(2)
}

pub(crate) fn tea() -> CircleId {
    CircleId::new(Timestamp(1), 1)
}

pub(crate) fn stream(n: u128) -> StreamId {
    StreamId::new(Timestamp(1), n)
}

fn named(id: UserId, name: &str) -> User {
    User {
        id,
        name: UserName::parse(name).unwrap(),
        display_name: DisplayName::parse(name).unwrap(),
        avatar: None,
        bot_of: None,
        disabled: false,
        created_at: Timestamp(1),
    }
}

/// The messages of a stream and what is unread in it.
struct Feed {
    stream: Stream,
    messages: Vec<Message>,
    head: u64,
    read: Seq,
}

/// The server, the client's model of it, and what was done.
pub(crate) struct Site {
    pub(crate) model: Model,
    users: BTreeMap<UserId, User>,
    feeds: BTreeMap<StreamId, Feed>,
    pub(crate) signals: Vec<Signal>,
    /// What was wished in private sessions, but for being reached.
    pub(crate) privately: Vec<PrivateWish>,
    /// What was wished with files.
    pub(crate) files: Vec<(u64, FileWish)>,
    pub(crate) commands: Vec<Command>,
    /// Nothing is answered.
    pub(crate) is_down: bool,
    /// What every post is refused with.
    pub(crate) refuses: Option<Problem>,
    /// Streams that are not there yet.
    pub(crate) hidden: BTreeSet<StreamId>,
    pub(crate) followed: Vec<Subscribe>,
    waiting: Vec<Wish>,
    now: u64,
}

impl Site {
    /// A site with ana, bob and cyd in the circle Tea, its streams general and ops, and ana's
    /// conversation with bob.
    pub(crate) fn new() -> Self {
        let names = [(ana(), "ana"), (bob(), "bob"), (user(3), "cyd")];
        let users = names.map(|(id, name)| (id, named(id, name)));
        let me = users[0].1.clone();
        let channel = Home::Channel { circle: tea() };
        let direct = Home::Direct { users: [ana(), bob()] };
        let feeds =
            [(1, channel.clone(), Some("general")), (2, channel, Some("ops")), (3, direct, None)];
        let feeds = feeds.map(|(n, home, name)| {
            let stream = Stream {
                id: stream(n),
                home,
                name: name.map(|name| StreamName::parse(name).unwrap()),
                about: None,
                archived: false,
                slow_seconds: 0,
                deny: BTreeMap::new(),
                section: None,
                position: 0,
                pins: Vec::new(),
                created_at: Timestamp(1),
            };
            let feed = Feed { stream, messages: Vec::new(), head: 1, read: Seq(0) };
            (feed.stream.id, feed)
        });
        let server = "http://127.0.0.1:8080".to_owned();
        Self {
            model: Model::new(me, server, "series".to_owned(), None, NOW),
            users: users.into(),
            feeds: feeds.into(),
            signals: Vec::new(),
            privately: Vec::new(),
            files: Vec::new(),
            commands: Vec::new(),
            is_down: false,
            refuses: None,
            hidden: BTreeSet::new(),
            followed: Vec::new(),
            waiting: Vec::new(),
            now: NOW.0,
        }
    }

    /// Has a user be shown as something else than their name, to whoever asks from now on.
    pub(crate) fn shows_as(&mut self, user: UserId, shown: &str) {
        let user = self.users.get_mut(&user).unwrap();
        user.display_name = DisplayName::parse(shown).unwrap();
    }

    /// The same, connected.
    pub(crate) fn connected() -> Self {
        let mut site = Self::new();
        site.connect();
        site
    }

    pub(crate) fn connect(&mut self) {
        self.is_down = false;
        let welcome = Welcome {
            v: 1,
            user: self.users[&ana()].clone(),
            session: SessionId::new(Timestamp(1), 1),
            token: None,
            device: None,
            now: Timestamp(self.now),
            heartbeat_ms: 25_000,
            limits: Limits {
                frame_bytes: 65_536,
                update_bytes: 65_536,
                text_chars: 8000,
                burst: 60,
                per_second: 30,
                subscribe_max: 1000,
                queue_bytes: 65_536,
                file_bytes: None,
            },
        };
        self.update(Update::Connected(Box::new(welcome)));
    }

    pub(crate) fn disconnect(&mut self) {
        self.is_down = true;
        let retry_in = std::time::Duration::from_secs(4);
        self.update(Update::Disconnected { retry_in, why: "the server restarts".to_owned() });
    }

    /// The model is told something, and what it wishes is done.
    pub(crate) fn update(&mut self, update: Update) {
        self.model.handle(Came::Update(update), Timestamp(self.now));
        self.settle();
    }

    /// Something is told of private sessions.
    pub(crate) fn privately(&mut self, came: PrivateCame) {
        self.model.handle(Came::Private(came), Timestamp(self.now));
        self.settle();
    }

    /// Something comes of a wish with files.
    pub(crate) fn file(&mut self, ticket: u64, came: FileCame) {
        self.model.handle(Came::File(ticket, came), Timestamp(self.now));
        self.settle();
    }

    pub(crate) fn act(&mut self, action: Action) {
        self.model.act(action);
        self.settle();
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now += ms;
        self.model.tick(Timestamp(self.now));
        self.settle();
    }

    pub(crate) fn notes(&mut self) -> Vec<Note> {
        std::iter::from_fn(|| self.model.next_note()).collect()
    }

    /// The texts that are shown here.
    pub(crate) fn texts(&self) -> Vec<String> {
        let talk = self.model.talk_here().unwrap();
        talk.confirmed().map(|message| message.text.to_string()).collect()
    }

    /// Answers wishes until there are none.
    pub(crate) fn settle(&mut self) {
        let mut wishes = if self.is_down { Vec::new() } else { std::mem::take(&mut self.waiting) };
        loop {
            wishes.extend(std::iter::from_fn(|| self.model.next_wish()));
            if wishes.is_empty() {
                return;
            }
            for wish in std::mem::take(&mut wishes) {
                if self.is_down && !matches!(wish, Wish::Signal(_) | Wish::Follow(_)) {
                    self.waiting.push(wish);
                } else {
                    self.answer(wish);
                }
            }
        }
    }

    fn answer(&mut self, wish: Wish) {
        let now = Timestamp(self.now);
        match wish {
            Wish::Get(ticket, query) => {
                let answer = self.ask(query);
                self.model.handle(Came::Got(ticket, answer), now);
            }
            Wish::Do(ticket, op, command) => {
                self.commands.push(command.clone());
                let done = self.command(op, command);
                self.model.handle(Came::Done(ticket, done), now);
            }
            Wish::Call(ticket, call) => {
                let text = format!("called {} with {}", call.name, call.args["text"]);
                let value = serde_json::json!({ "text": text });
                self.model.handle(Came::Returned(ticket, Ok(value)), now);
            }
            Wish::Signal(signal) => self.signals.push(signal),
            Wish::Follow(feeds) => self.followed.extend(feeds),
            Wish::File(ticket, wish) => self.files.push((ticket, *wish)),
            Wish::Private(wish) => {
                if !matches!(*wish, PrivateWish::Reach) {
                    self.privately.push(*wish);
                }
            }
        }
    }

    fn command(&mut self, op: OpId, command: Command) -> Result<Outcome, ClientError> {
        match command {
            Command::Post { stream, text, reply_to, thread, topic, .. } => {
                if let Some(problem) = &self.refuses {
                    return Err(ClientError::Refused(problem.clone()));
                }
                let mentions = Mentions::default();
                let files = Vec::new();
                let body = Body::Posted { text, reply_to, thread, topic, files, mentions };
                let seq = self.happen(stream, ana(), Some(op), body);
                let feed = FeedId::Stream(stream);
                Ok(Outcome { events: vec![At { feed, seq }], ..Outcome::default() })
            }
            Command::Read { stream, seq, .. } => {
                if let Some(feed) = self.feeds.get_mut(&stream) {
                    feed.read = seq;
                }
                Ok(Outcome::default())
            }
            Command::OpenDirect { .. } => {
                Ok(Outcome { stream: Some(stream(3)), ..Outcome::default() })
            }
            Command::CreateInvite { .. } => {
                Ok(Outcome { code: Some("abc".to_owned()), ..Outcome::default() })
            }
            _ => Ok(Outcome::default()),
        }
    }

    /// Something happens in a stream.
    pub(crate) fn happen(
        &mut self,
        stream: StreamId,
        by: UserId,
        op: Option<OpId>,
        body: Body,
    ) -> Seq {
        let feed = self.feeds.get_mut(&stream).unwrap();
        feed.head += 1;
        let (seq, at) = (Seq(feed.head), Timestamp(self.now));
        if let Body::Posted { text, reply_to, thread, topic, files, mentions } = body.clone() {
            feed.messages.push(Message {
                seq,
                author: by,
                text,
                reply_to,
                thread,
                topic,
                files,
                mentions,
                reactions: BTreeMap::new(),
                replies: 0,
                at,
                edited_at: None,
                edits: Vec::new(),
            });
        }
        let event = Event { feed: FeedId::Stream(stream), seq, at, by: Some(by), op, body };
        self.model.handle(Came::Update(Update::Event(Box::new(event))), at);
        seq
    }

    /// Somebody posts in a stream.
    pub(crate) fn post(&mut self, n: u128, by: UserId, text: &str) -> Seq {
        self.now += MINUTE;
        let seq = self.happen(stream(n), by, None, posted(text));
        self.settle();
        seq
    }

    /// Messages of long ago, which no event tells.
    pub(crate) fn fill(&mut self, n: u128, count: u64) {
        let feed = self.feeds.get_mut(&stream(n)).unwrap();
        for _ in 0..count {
            feed.head += 1;
            feed.messages.push(Message {
                seq: Seq(feed.head),
                author: if feed.head.is_multiple_of(3) { ana() } else { bob() },
                text: MessageText::parse(&format!("message {}", feed.head)).unwrap(),
                reply_to: None,
                thread: None,
                topic: None,
                files: Vec::new(),
                mentions: Mentions::default(),
                reactions: BTreeMap::new(),
                replies: 0,
                at: Timestamp(NOW.0 - (count + 2).saturating_sub(feed.head) * MINUTE),
                edited_at: None,
                edits: Vec::new(),
            });
        }
    }

    /// All but so many of the last messages have been read.
    pub(crate) fn set_unread(&mut self, n: u128, unread: usize) {
        let feed = self.feeds.get_mut(&stream(n)).unwrap();
        feed.read = feed.messages[feed.messages.len() - unread - 1].seq;
    }

    fn stream_window(feed: &Feed) -> StreamWindow {
        let unread = feed.messages.iter().filter(|of| of.seq > feed.read && of.author != ana());
        let mentions = unread.clone().filter(|of| of.mentions.users.contains(&ana()));
        StreamWindow {
            stream: feed.stream.clone(),
            head: Seq(feed.head),
            read: feed.read,
            unread: unread.clone().count() as u64,
            mentions: mentions.count() as u64,
        }
    }

    fn window(&self) -> Window {
        let everyone = RoleId::new(Timestamp(1), 1);
        let role = Role {
            name: RoleName::parse("member").unwrap(),
            allow: Permissions::default(),
            rank: 0,
        };
        let circle = Circle {
            id: tea(),
            name: CircleName::parse("Tea").unwrap(),
            about: None,
            icon: None,
            public: false,
            idle_seconds: 0,
            owner: ana(),
            roles: BTreeMap::from([(everyone, role)]),
            everyone,
            members: 3,
            created_at: Timestamp(1),
        };
        let (channels, conversations): (Vec<_>, Vec<_>) = self
            .feeds
            .values()
            .filter(|feed| !self.hidden.contains(&feed.stream.id))
            .map(Self::stream_window)
            .partition(|of| matches!(of.stream.home, Home::Channel { .. }));
        let circle =
            CircleWindow { circle, member: member(ana()), head: Seq(1), streams: channels };
        Window { circles: vec![circle], conversations, site_admin: false }
    }

    fn ask(&self, query: Query) -> Result<Answer, ClientError> {
        Ok(match query {
            Query::Window {} => Answer::Window(self.window()),
            Query::Circle { .. } => Answer::Circle(self.window().circles.remove(0)),
            Query::Stream { stream } => Answer::Stream(Self::stream_window(&self.feeds[&stream])),
            Query::Messages { stream, thread, before, after, limit, .. } => {
                self.messages(stream, thread, before, after, limit)
            }
            Query::Message { stream, message } => {
                let found = self.feeds[&stream].messages.iter().find(|of| of.seq == message);
                Answer::Message(found.unwrap().clone())
            }
            Query::Search { text, after, .. } => found::found(&self.feeds, &text, after),
            Query::Users { users } => {
                Answer::Users(users.iter().filter_map(|id| self.users.get(id).cloned()).collect())
            }
            Query::UserByName { name } => {
                let found = self.users.values().find(|user| user.name.as_str() == name);
                let problem = Problem::new("user.not_found", "there is no such user");
                Answer::User(found.cloned().ok_or(ClientError::Refused(problem))?)
            }
            Query::Present { .. } => Answer::Present(
                [ana(), bob()]
                    .map(|user| Present { user, status: Status::Online, since: NOW })
                    .into(),
            ),
            // Cyd came and went again, an hour ago.
            Query::Came { seconds, .. } if seconds < 3600 => Answer::Came(vec![bob(), ana()]),
            Query::Came { .. } => Answer::Came(vec![user(3), bob(), ana()]),
            Query::Members { .. } => {
                let members = self.users.keys().map(|user| member(*user)).collect();
                Answer::Members { members, more: false }
            }
            Query::Services { .. } => Answer::Services { services: Vec::new(), more: false },
            Query::Blocks {} => Answer::Blocks(Vec::new()),
            Query::Unread { stream } => Answer::Unread(unread::unread(&self.feeds[&stream])),
            query => panic!("nobody answers {query:?}"),
        })
    }

    fn messages(
        &self,
        stream: StreamId,
        thread: Option<Seq>,
        before: Option<Seq>,
        after: Option<Seq>,
        limit: Option<u32>,
    ) -> Answer {
        let limit = limit.unwrap_or(50) as usize;
        let all: Vec<Message> = self.feeds[&stream]
            .messages
            .iter()
            .filter(|message| message.thread == thread)
            .filter(|message| before.is_none_or(|before| message.seq < before))
            .filter(|message| after.is_none_or(|after| message.seq > after))
            .cloned()
            .collect();
        let more = all.len() > limit;
        let messages = match after {
            Some(_) => all.into_iter().take(limit).collect(),
            None => all[all.len().saturating_sub(limit)..].to_vec(),
        };
        Answer::Messages { messages, more }
    }
}

/// What happens when somebody posts; who is named is meant.
pub(crate) fn posted(text: &str) -> Body {
    let mut mentions = Mentions::default();
    if text.contains("@ana") {
        mentions.users.insert(ana());
    }
    let text = MessageText::parse(text).unwrap();
    Body::Posted { text, reply_to: None, thread: None, topic: None, files: Vec::new(), mentions }
}

fn member(user: UserId) -> Member {
    Member {
        user,
        nickname: None,
        roles: BTreeSet::new(),
        timed_out_until: None,
        joined_at: Timestamp(1),
    }
}

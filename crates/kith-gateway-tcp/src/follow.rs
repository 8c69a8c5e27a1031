//! What one user hears: the circle's first stream, every conversation, and who comes and goes; in
//! order, without gaps where that matters, and only while the user may.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use kith_core::document::{Home, Stream};
use kith_core::event::{Body, Event};
use kith_core::file::Attachment;
use kith_core::id::{FeedId, Seq, StreamId, Timestamp, UserId};
use kith_core::text::{MessageText, OpId};
use kith_hub::presence::{Status, What};
use kith_hub::{Backlog, Batch, Closed, Hub, HubError, Item, Subscriber, Want};

use crate::home::Place;
use crate::people::Roster;

/// The most conversations of a user that are followed: the newest.
const CONVERSATIONS_MAX: usize = 1000;
/// Messages of the past that are in memory before they are told; the rest is looked up after them.
const LATE_MAX: usize = 1000;

/// Where a message was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// In the circle's first stream.
    Circle,
    /// Between two users.
    Direct,
    /// Among several.
    Group,
}

/// A message of somebody else.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) place: Where,
    pub(crate) stream: StreamId,
    pub(crate) seq: Seq,
    pub(crate) thread: Option<Seq>,
    pub(crate) author: UserId,
    pub(crate) text: String,
    /// The operation that it came of.
    pub(crate) op: Option<OpId>,
    at: Timestamp,
}

/// What a user hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A message.
    Post(Post),
    /// Somebody came, or went.
    Status { user: UserId, there: bool },
    /// What was put into the mailbox by `Subscriber::reply`.
    Said(Bytes),
    /// The user is not in the circle any more, or the stream was removed in which all are spoken to.
    Over,
}

/// From where on a conversation is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// What comes from now on.
    Now,
    /// What the user has not read.
    Unread,
    /// What comes after a message.
    After(Seq),
}

/// Follows what a user hears.
pub(crate) struct Follower {
    hub: Hub,
    pub(crate) me: Arc<Subscriber>,
    place: Place,
    /// From where on conversations are told that were there before.
    since: Since,
    followed: HashMap<FeedId, (Where, Seq)>,
    wanted: VecDeque<(FeedId, Since)>,
    /// Messages of the past, and the version of the user's access at which they were looked up.
    late: VecDeque<Post>,
    version: u64,
    /// Who is there is to be looked up.
    looks_around: bool,
    pub(crate) roster: Roster,
}

impl Follower {
    /// Follows everything.
    ///
    /// # Errors
    /// When the user may not be there, or the hub fails.
    pub(crate) async fn begin(
        hub: Hub,
        me: Arc<Subscriber>,
        place: Place,
        since: Since,
    ) -> Result<Self, HubError> {
        let mut follower = Self {
            hub,
            place,
            since,
            followed: HashMap::new(),
            wanted: VecDeque::new(),
            late: VecDeque::new(),
            version: 0,
            looks_around: false,
            roster: Roster::new(me.user),
            me,
        };
        let Place { circle, stream } = place;
        for feed in [FeedId::Circle(circle), FeedId::Stream(stream)] {
            follower.follow(feed, Since::Now).await?;
        }
        follower.follow(FeedId::User(follower.me.user), Since::Now).await?;
        follower.gather().await?;
        follower.look_around().await?;
        Ok(follower)
    }

    /// What is heard next, and what holds up revocations until it is written. `None` when the hub ended
    /// the connection.
    ///
    /// # Errors
    /// When the hub fails.
    pub(crate) async fn next(&mut self) -> Result<Option<(Batch, Vec<Heard>)>, HubError> {
        loop {
            if self.late.is_empty() && !self.wanted.is_empty() {
                self.gather().await?;
            }
            if self.looks_around {
                let changes = self.look_around().await?;
                if !changes.is_empty() {
                    return Ok(Some((self.me.hold(), changes)));
                }
            }
            if let Some(post) = self.late.pop_front() {
                if let Some(told) = self.tell_late(post).await? {
                    return Ok(Some(told));
                }
                continue;
            }
            // One thing at a time: what waits in the mailbox can still be taken away.
            let Some(batch) = self.me.next(1).await else { return Ok(None) };
            let mut heard = Vec::new();
            for item in &batch.items {
                self.take_in(item, &mut heard);
            }
            if !heard.is_empty() {
                return Ok(Some((batch, heard)));
            }
        }
    }

    /// A message of the past as it is now, unless it was deleted or may not be read any more.
    async fn tell_late(&mut self, mut post: Post) -> Result<Option<(Batch, Vec<Heard>)>, HubError> {
        let batch = self.me.hold();
        if self.me.access_version() != self.version {
            // What was looked up may not be right any more.
            let posts = std::iter::once(post).chain(self.late.drain(..));
            let feeds: HashSet<FeedId> = posts.map(|post| FeedId::Stream(post.stream)).collect();
            for feed in feeds {
                self.want_again(feed);
            }
            return Ok(None);
        }
        let feed = FeedId::Stream(post.stream);
        if let Some((_, seq)) = self.followed.get_mut(&feed) {
            *seq = post.seq.max(*seq);
        }
        if self.me.blocked().contains(&post.author) {
            return Ok(None);
        }
        match self.hub.message(self.me.user, post.stream, post.seq).await {
            Ok(message) => post.text = said(&message.text, &message.files),
            Err(HubError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
        Ok(Some((batch, vec![Heard::Post(post)])))
    }

    fn take_in(&mut self, item: &Item, heard: &mut Vec<Heard>) {
        match item {
            Item::Event(delivery) => self.event(&delivery.event, heard),
            Item::Events(all) => all.iter().for_each(|one| self.event(&one.event, heard)),
            Item::Bundle(bundle) => bundle.events().for_each(|one| self.event(&one.event, heard)),
            Item::Signal(signal) => {
                let is_here = signal.feed == FeedId::Circle(self.place.circle);
                if let What::Presence(status) = signal.what
                    && is_here
                {
                    self.status(signal.user, status != Status::Offline, heard);
                }
            }
            Item::Reply(bytes) if bytes.is_empty() => {}
            Item::Reply(bytes) => heard.push(Heard::Said(bytes.clone())),
            Item::Lagged(feeds) => feeds.iter().for_each(|feed| self.want_again(*feed)),
            Item::Closed(Closed { feed, removed }) => {
                self.followed.remove(feed);
                let Place { circle, stream } = self.place;
                // Where the stream was removed whoever comes back finds the next.
                if *feed == FeedId::Circle(circle) || (*removed && *feed == FeedId::Stream(stream))
                {
                    heard.push(Heard::Over);
                }
            }
            Item::Newest(_) | Item::Aware(_) | Item::Told(_) | Item::Offered(_) => {}
        }
    }

    fn event(&mut self, event: &Event, heard: &mut Vec<Heard>) {
        match (event.feed, &event.body) {
            (FeedId::Stream(_), _) => {
                let Some((place, seq)) = self.followed.get_mut(&event.feed) else { return };
                if event.seq <= *seq {
                    return;
                }
                *seq = event.seq;
                let place = *place;
                if let Some(post) = self.post(place, event) {
                    heard.push(Heard::Post(post));
                }
            }
            (FeedId::User(_), Body::ConversationOpened { stream }) => {
                let feed = FeedId::Stream(*stream);
                if !self.followed.contains_key(&feed) {
                    self.wanted.push_back((feed, Since::After(Seq(0))));
                }
            }
            (FeedId::User(_), Body::ConversationLeft { stream }) => {
                let feed = FeedId::Stream(*stream);
                self.followed.remove(&feed);
                self.hub.unsubscribe(&self.me, feed);
            }
            (FeedId::Circle(_), Body::MemberJoined { user }) if self.hub.is_there(*user) => {
                self.status(*user, true, heard);
            }
            (FeedId::Circle(_), Body::MemberLeft { user, .. }) => self.status(*user, false, heard),
            _ => {}
        }
    }

    fn status(&mut self, user: UserId, there: bool, heard: &mut Vec<Heard>) {
        if self.roster.set(user, there) {
            heard.push(Heard::Status { user, there });
        }
    }

    /// A message that somebody else posted whom the user does not block.
    fn post(&self, place: Where, event: &Event) -> Option<Post> {
        let (FeedId::Stream(stream), Some(author)) = (event.feed, event.by) else { return None };
        let Body::Posted { text, thread, files, .. } = &event.body else { return None };
        if author == self.me.user || self.me.blocked().contains(&author) {
            return None;
        }
        let (seq, thread, at) = (event.seq, *thread, event.at);
        let text = said(text, files);
        let op = event.op.clone();
        Some(Post { place, stream, seq, thread, author, text, op, at })
    }

    /// Has a feed followed again of which something was lost.
    fn want_again(&mut self, feed: FeedId) {
        let is_home = feed == FeedId::Stream(self.place.stream);
        let from = match self.followed.get(&feed) {
            // What is said to everybody is for those who are there: what was too much is let go.
            Some((Where::Direct | Where::Group, seq)) if !is_home => Since::After(*seq),
            _ => Since::Now,
        };
        self.wanted.push_back((feed, from));
    }

    /// Looks up who is there; what changed since.
    async fn look_around(&mut self) -> Result<Vec<Heard>, HubError> {
        self.looks_around = false;
        let me = self.me.user;
        let mut present = self.hub.present(me, self.place.circle).await?;
        present.sort_by_key(|(_, _, since)| *since);
        let there: HashSet<UserId> = present.iter().map(|(user, ..)| *user).collect();
        let before = self.roster.users().to_vec();
        let mut heard = Vec::new();
        for user in before.into_iter().filter(|user| !there.contains(user)) {
            self.status(user, false, &mut heard);
        }
        for (user, ..) in present {
            self.status(user, true, &mut heard);
        }
        Ok(heard)
    }

    /// Follows what is wanted, until there is enough of the past to tell.
    async fn gather(&mut self) -> Result<(), HubError> {
        self.version = self.me.access_version();
        while self.late.len() < LATE_MAX
            && let Some((feed, from)) = self.wanted.pop_front()
        {
            match self.follow(feed, from).await {
                Ok(()) => {}
                Err(HubError::Refused(refusal)) => {
                    if feed == FeedId::Circle(self.place.circle) || self.is_removed(feed).await? {
                        return Err(HubError::Refused(refusal));
                    }
                    self.followed.remove(&feed);
                }
                Err(error) => return Err(error),
            }
        }
        self.late.make_contiguous().sort_by_key(|post| (post.at, post.stream, post.seq));
        Ok(())
    }

    /// Whether a feed is that of the stream in which all are spoken to, which was removed.
    async fn is_removed(&self, feed: FeedId) -> Result<bool, HubError> {
        let stream = self.place.stream;
        Ok(feed == FeedId::Stream(stream)
            && self.hub.look_committed(|draft| draft.stream(stream)).await?.is_none())
    }

    async fn follow(&mut self, feed: FeedId, from: Since) -> Result<(), HubError> {
        match feed {
            FeedId::Stream(stream) => self.follow_stream(stream, from).await,
            FeedId::User(me) => {
                self.subscribe(feed, None).await?;
                // Which were opened while it was not followed is not known.
                let mut all = self.hub.conversations(me).await?;
                let spare = all.len().saturating_sub(CONVERSATIONS_MAX);
                for stream in all.drain(spare..) {
                    let feed = FeedId::Stream(stream.id);
                    if !self.followed.contains_key(&feed) {
                        self.wanted.push_back((feed, self.since));
                    }
                }
                Ok(())
            }
            _ => {
                self.looks_around = true;
                self.subscribe(feed, None).await.map(drop)
            }
        }
    }

    async fn follow_stream(&mut self, id: StreamId, from: Since) -> Result<(), HubError> {
        let (feed, me) = (FeedId::Stream(id), self.me.user);
        let stream = self.hub.stream(me, id).await?;
        let Some(place) = self.place_of(&stream) else { return Ok(()) };
        let mut read = HashMap::new();
        let after = match from {
            Since::Now => None,
            Since::After(seq) => Some(seq),
            Since::Unread => {
                let (own, threads) = self.hub.unread(me, id).await?;
                read.extend(threads.iter().map(|thread| (thread.thread, thread.read)));
                Some(own.read)
            }
        };
        // What is live from now on is dealt with after what is late.
        let (events, seq, more) = match self.subscribe(feed, after).await? {
            Some(Backlog::Events { events, seq, more }) => (events, seq, more),
            Some(Backlog::Snapshot { seq, .. }) => (Vec::new(), seq, false),
            None => return Ok(()),
        };
        for delivery in &events {
            let is_read = |post: &Post| {
                let mark = post.thread.and_then(|thread| read.get(&thread));
                mark.is_some_and(|mark| post.seq <= *mark)
            };
            if let Some(post) = self.post(place, &delivery.event).filter(|post| !is_read(post)) {
                self.late.push_back(post);
            }
        }
        let last = self.late.iter().rev().find(|post| post.stream == id).map(|post| post.seq);
        // Up to what is told; what waits to be told is looked up again if need be.
        let told = if last.is_some() { after.unwrap_or(seq) } else { seq };
        self.followed.insert(feed, (place, told));
        if more {
            self.wanted.push_back((feed, Since::After(seq)));
        }
        Ok(())
    }

    /// Follows a feed: from now on, or all events after one.
    async fn subscribe(
        &self,
        feed: FeedId,
        after: Option<Seq>,
    ) -> Result<Option<Backlog>, HubError> {
        let kept: Mutex<Option<Backlog>> = Mutex::default();
        let encode = |backlog: &Backlog| {
            // What stands for it when access is taken has nothing in it.
            let is_empty =
                matches!(backlog, Backlog::Events { events, more: true, .. } if events.is_empty());
            if !is_empty {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(backlog.clone());
            }
            Bytes::new()
        };
        let place = kith_hub::Place { epoch: None, after };
        let want = Want { window: 0, events_only: after.is_some(), merges: false };
        self.hub.subscribe(&self.me, feed, &place, want, encode).await?;
        Ok(kept.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn place_of(&self, stream: &Stream) -> Option<Where> {
        match stream.home {
            Home::Direct { .. } => Some(Where::Direct),
            Home::Group { .. } => Some(Where::Group),
            Home::Channel { .. } => (stream.id == self.place.stream).then_some(Where::Circle),
        }
    }
}

/// What somebody said as one text: the files of a message are lines below it.
fn said(text: &MessageText, files: &[Attachment]) -> String {
    let lines = files.iter().map(Attachment::line);
    let said = [text.as_str().to_owned()].into_iter().filter(|text| !text.is_empty());
    said.chain(lines).collect::<Vec<_>>().join("\n")
}

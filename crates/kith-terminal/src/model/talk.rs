//! What is held of one stream, or of one thread: a window of its messages, and what is unread.

use std::collections::BTreeMap;

use kith_client::messages::{Entry, Messages};
use kith_core::document::{Home, Message, Stream};
use kith_core::id::{CircleId, Seq, Timestamp, UserId};
use kith_proto::query::StreamWindow;

use super::Place;

/// Messages that are held of the place where one is.
pub(super) const HELD_MAX: usize = 1200;
/// Messages that are held of other places.
pub(super) const REST_MAX: usize = 100;
/// For so long somebody is shown as typing who was told of once.
const TYPING_MS: u64 = 6000;
/// The pause between two words of the user's own typing.
pub(super) const TYPING_AGAIN_MS: u64 = 3000;

/// What was asked for of the messages of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    Older,
    Newer,
    /// The newest, in place of what is held.
    Latest,
    /// Those around a message, in place of what is held.
    Around(Seq),
    /// The first, in place of what is held.
    Oldest,
}

/// What is held of a place.
#[derive(Debug)]
pub struct Talk {
    place: Place,
    circle: Option<CircleId>,
    pub(super) messages: Messages,
    /// Whether older messages than those that are held may be there.
    pub(super) older: bool,
    pub(super) asking: Option<Asking>,
    /// Counts how often other messages took the place of those that were held: an answer to a
    /// question of before is of no use.
    pub(super) life: u32,
    pub(super) read: Seq,
    pub(super) unread: u64,
    pub(super) mentions: u64,
    /// Up to here the server counted what is unread: what it counted is not counted again.
    pub(super) counted: Seq,
    /// Up to here it was on the screen.
    pub(super) seen: Seq,
    /// The read marker when one came here: what is behind it is new.
    pub(super) new_after: Option<Seq>,
    typing: BTreeMap<UserId, Timestamp>,
}

impl Talk {
    /// What is held of a stream whose events follow behind `from`.
    pub(super) fn new(window: &StreamWindow, from: Seq) -> Self {
        let stream = &window.stream;
        let circle = match stream.home {
            Home::Channel { circle } => Some(circle),
            Home::Direct { .. } | Home::Group { .. } => None,
        };
        let mut messages = Messages::new(stream.id);
        messages.snapshot(from, stream.clone(), Vec::new());
        Self {
            place: Place { stream: stream.id, thread: None },
            circle,
            messages,
            older: true,
            asking: None,
            life: 0,
            read: window.read,
            unread: window.unread,
            mentions: window.mentions,
            counted: window.head,
            seen: window.read,
            new_after: None,
            typing: BTreeMap::new(),
        }
    }

    /// A thread of this stream.
    pub(super) fn thread(&self, root: Seq) -> Self {
        let place = Place { thread: Some(root), ..self.place };
        let mut messages = Messages::of_thread(place.stream, root, self.messages.seq());
        // The message that it is of is shown at once if it is held.
        messages.page(self.messages.message(root).cloned().into_iter().collect());
        Self {
            place,
            circle: self.circle,
            messages,
            older: true,
            asking: None,
            life: 0,
            read: Seq(0),
            unread: 0,
            mentions: 0,
            counted: Seq(0),
            seen: Seq(0),
            new_after: None,
            typing: BTreeMap::new(),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its circle, if it is of one.
    #[must_use]
    pub fn circle(&self) -> Option<CircleId> {
        self.circle
    }

    /// The stream; not known of a thread.
    #[must_use]
    pub fn stream(&self) -> Option<&Stream> {
        self.messages.stream()
    }

    /// How many messages are unread.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.unread
    }

    /// How many of those mean the user.
    #[must_use]
    pub fn mentions(&self) -> u64 {
        self.mentions
    }

    /// How many unread messages are for the user: those that mean them, and all of a conversation.
    #[must_use]
    pub fn for_me(&self) -> u64 {
        if self.circle.is_none() { self.unread.max(self.mentions) } else { self.mentions }
    }

    /// The last message that was read when one came here.
    #[must_use]
    pub fn new_after(&self) -> Option<Seq> {
        self.new_after
    }

    /// The message that the thread is of.
    #[must_use]
    pub fn root(&self) -> Option<&Message> {
        self.messages.message(self.place.thread?)
    }

    /// A message that is held.
    #[must_use]
    pub fn message(&self, seq: Seq) -> Option<&Message> {
        self.messages.message(seq)
    }

    /// The lines to show, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.messages.entries(self.place.thread)
    }

    /// The messages that the server has, oldest first.
    pub fn confirmed(&self) -> impl Iterator<Item = &Message> {
        self.entries().filter_map(|entry| match entry {
            Entry::Confirmed(message) => Some(message),
            Entry::Sending(..) | Entry::Failed(..) => None,
        })
    }

    /// The messages to show: those that the server has, and first of all the one that a thread is
    /// of.
    #[must_use]
    pub fn shown(&self) -> Vec<&Message> {
        let root = if self.older { None } else { self.root() };
        root.into_iter().chain(self.confirmed()).collect()
    }

    /// Whether older messages may be there than those that are held.
    #[must_use]
    pub fn has_older(&self) -> bool {
        self.older
    }

    /// Whether newer messages are there than those that are held.
    #[must_use]
    pub fn has_newer(&self) -> bool {
        self.messages.is_cut()
    }

    /// Whether messages were asked for that are not there yet.
    #[must_use]
    pub fn is_loading(&self) -> bool {
        self.asking.is_some()
    }

    /// Who is typing, in the order of their ids.
    pub fn typing(&self) -> impl Iterator<Item = UserId> {
        self.typing.keys().copied()
    }

    pub(super) fn types(&mut self, user: UserId, now: Timestamp) {
        self.typing.insert(user, now.plus_ms(TYPING_MS));
    }

    pub(super) fn types_no_longer(&mut self, user: UserId) {
        self.typing.remove(&user);
    }

    /// Forgets who has stopped typing; whether there was anyone.
    pub(super) fn forget_typing(&mut self, now: Timestamp) -> bool {
        let before = self.typing.len();
        self.typing.retain(|_, until| *until > now);
        self.typing.len() != before
    }

    /// What is held was on the screen up to its end.
    pub(super) fn see(&mut self) {
        if self.messages.is_cut() {
            return;
        }
        let last = self.confirmed().last().map(|message| message.seq).unwrap_or_default();
        self.seen = self.seen.max(last);
        if self.seen > self.read {
            (self.unread, self.mentions) = (0, 0);
        }
    }

    /// Keeps what is held within bounds, at the end that is further away from what is looked at.
    pub(super) fn trim(&mut self, max: usize, keep_newest: bool) {
        // Threads are held with their streams, so a message more or less does not matter.
        if keep_newest {
            let first = self.confirmed().next().map(|message| message.seq);
            self.messages.trim(max);
            let now = self.confirmed().next().map(|message| message.seq);
            self.older |= first != now;
        } else {
            self.messages.trim_newest(max);
        }
    }
}

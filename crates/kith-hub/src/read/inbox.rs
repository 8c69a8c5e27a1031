//! What a user should look at: messages that mean or answer them, and threads that they follow.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kith_core::document::{Doc, Key, Message, Note, Whom, inbox_key, seq_key};
use kith_core::event::Body;
use kith_core::id::{FeedId, Seq, StreamId, Timestamp, UserId};
use kith_core::text::{MessageText, PreferenceKey};
use kith_store::Range;
use serde_json::Value as Json;

use super::{damaged, parse_event, parse_seq};
use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

/// Times that an inbox is looked through further down when much of it is not to be shown; whoever asks
/// goes on from there.
const ROUNDS_MAX: usize = 8;
/// Followed threads that are looked at.
const THREADS_MAX: usize = 2000;

/// The place of a message in an inbox, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// When it was posted.
    pub at: Timestamp,
    /// Where.
    pub stream: StreamId,
    /// Which.
    pub seq: Seq,
}

/// A message that means or answers the user.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is.
    pub stream: StreamId,
    /// The message.
    pub message: Arc<Message>,
    /// It answers a message of the user's.
    pub reply: bool,
    /// It means the user: by name, by role or with everyone.
    pub mention: bool,
    /// It is above the user's read marker.
    pub unread: bool,
}

/// A thread with unread messages.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Where it is.
    pub stream: StreamId,
    /// The message whose thread it is; `None` where that is gone.
    pub root: Option<Arc<Message>>,
    /// Its newest message.
    pub last: Arc<Message>,
    /// What is unread in it.
    pub unread: super::Unread,
}

/// What a message said at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Since when.
    pub at: Timestamp,
    /// What.
    pub text: MessageText,
}

/// What is looked up once while an inbox is put together.
#[derive(Default)]
struct Known {
    readable: HashMap<StreamId, bool>,
    read: HashMap<(StreamId, Seq), Seq>,
}

impl Hub {
    /// Messages that mean or answer a user, newest first: at most `limit`, all that the user may read
    /// now, none of somebody whom the user blocks; and where to go on, if there may be more. With
    /// `unread` only those above the read markers.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn inbox(
        &self,
        user: UserId,
        before: Option<Place>,
        unread: bool,
        limit: usize,
    ) -> Result<(Vec<Entry>, Option<Place>), HubError> {
        self.settled().await?;
        let sources = self.inboxes(user).await?;
        let blocked = self.blocked(user).await?;
        let (mut known, mut entries, mut before) = (Known::default(), Vec::new(), before);
        for _ in 0..ROUNDS_MAX {
            let (found, horizon) = self.noted(&sources, before, limit).await?;
            for (place, (author, reply, mention)) in found.into_iter().rev() {
                if horizon.is_some_and(|horizon| place < horizon) {
                    break;
                }
                if entries.len() >= limit {
                    return Ok((entries, before));
                }
                before = Some(place);
                let is_shown = author != user && !blocked.contains(&author);
                if !is_shown || !self.is_readable(user, place.stream, &mut known).await? {
                    continue;
                }
                let Some(Doc::Message(message)) =
                    self.stored(Key::Message(place.stream, place.seq)).await?
                else {
                    continue;
                };
                let thread = message.thread.unwrap_or_default();
                let read = self.read_to(user, (place.stream, thread), &mut known).await?;
                let is_unread = place.seq > read;
                if is_unread || !unread {
                    let stream = place.stream;
                    entries.push(Entry { stream, message, reply, mention, unread: is_unread });
                }
            }
            if horizon.is_none() {
                return Ok((entries, None));
            }
            before = horizon;
        }
        Ok((entries, before))
    }

    /// The inboxes that a user looks into.
    async fn inboxes(&self, user: UserId) -> Result<Vec<Whom>, HubError> {
        let mut sources = vec![Whom::User(user)];
        for (circle, member) in self.circles(user).await? {
            sources.push(Whom::Circle(circle.id));
            let roles = member.roles.iter().copied().chain([circle.everyone]);
            sources.extend(roles.map(Whom::Role));
        }
        let conversations = self.conversations(user).await?;
        sources.extend(conversations.iter().map(|stream| Whom::Stream(stream.id)));
        Ok(sources)
    }

    /// The newest notes of all inboxes together, and the place down to which none is missing; `None`
    /// when these are all there are.
    async fn noted(
        &self,
        sources: &[Whom],
        before: Option<Place>,
        limit: usize,
    ) -> Result<(BTreeMap<Place, (UserId, bool, bool)>, Option<Place>), HubError> {
        let mut all: BTreeMap<Place, (UserId, bool, bool)> = BTreeMap::new();
        let mut horizon = None;
        for whom in sources {
            let before = before.map(|place| inbox_key(whom, place.at, place.stream, place.seq));
            let range = Range { before, descending: true, ..prefix("inbox", whom) };
            let rows = self.inner.store.scan(range, limit + 1).await?;
            let mut last = None;
            for row in &rows {
                let Some(place) = place_of(&row.key) else { continue };
                let note: Note =
                    serde_json::from_str(&row.body).map_err(|error| damaged("inbox", &error))?;
                let (_, reply, mention) = all.entry(place).or_insert((note.author, false, false));
                *reply |= note.reply;
                *mention |= note.mention;
                last = Some(place);
            }
            if rows.len() > limit {
                horizon = horizon.max(last);
            }
        }
        Ok((all, horizon))
    }

    async fn is_readable(
        &self,
        user: UserId,
        stream: StreamId,
        known: &mut Known,
    ) -> Result<bool, HubError> {
        if let Some(readable) = known.readable.get(&stream) {
            return Ok(*readable);
        }
        let readable = match self.may_read(user, FeedId::Stream(stream)).await {
            Ok(_) => true,
            Err(HubError::Refused(_)) => false,
            Err(error) => return Err(error),
        };
        known.readable.insert(stream, readable);
        Ok(readable)
    }

    async fn read_to(
        &self,
        user: UserId,
        (stream, thread): (StreamId, Seq),
        known: &mut Known,
    ) -> Result<Seq, HubError> {
        if let Some(read) = known.read.get(&(stream, thread)) {
            return Ok(*read);
        }
        let read = match self.stored(Key::Read(user, stream, thread)).await? {
            Some(Doc::Read(mark)) => mark.seq,
            _ => Seq(0),
        };
        known.read.insert((stream, thread), read);
        Ok(read)
    }

    /// The threads that a user follows and that have unread messages, those first that were written in
    /// last, and whether there are more than `limit`.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn unread_threads(
        &self,
        user: UserId,
        limit: usize,
    ) -> Result<(Vec<Thread>, bool), HubError> {
        self.settled().await?;
        let followed = self.inner.store.scan(prefix("follow", &user), THREADS_MAX).await?;
        let (mut known, mut threads) = (Known::default(), Vec::new());
        let mut unread: HashMap<StreamId, Vec<super::Unread>> = HashMap::new();
        for row in &followed {
            let mut parts = row.key.split('/').skip(1);
            let stream = parts.next().and_then(|id| id.parse::<StreamId>().ok());
            let thread = parts.next().and_then(parse_seq);
            let (Some(stream), Some(thread)) = (stream, thread) else { continue };
            let place = format!("{stream}/{}", seq_key(thread));
            let range = Range { descending: true, ..prefix("timeline", &place) };
            let newest = self.inner.store.scan(range, 1).await?;
            let newest = newest.first().and_then(|row| last_part(&row.key).and_then(parse_seq));
            let read = self.read_to(user, (stream, thread), &mut known).await?;
            let Some(newest) = newest.filter(|newest| *newest > read) else { continue };
            if !self.is_readable(user, stream, &mut known).await? {
                continue;
            }
            let all = match unread.get(&stream) {
                Some(known) => known.clone(),
                None => {
                    let counted = match self.unread(user, stream).await {
                        Ok((_, threads)) => threads,
                        Err(HubError::Refused(_)) => Vec::new(),
                        Err(error) => return Err(error),
                    };
                    unread.insert(stream, counted.clone());
                    counted
                }
            };
            let counted = all.into_iter().find(|one| one.thread == thread && one.unread > 0);
            let Some(counted) = counted else { continue };
            let keys = vec![Key::Message(stream, thread), Key::Message(stream, newest)];
            let mut found = self.stored_all(keys).await?.into_iter().map(|doc| match doc {
                Some(Doc::Message(message)) => Some(message),
                _ => None,
            });
            let (root, last) = (found.next().flatten(), found.next().flatten());
            threads.extend(last.map(|last| Thread { stream, root, last, unread: counted }));
        }
        threads.sort_by_key(|thread| (std::cmp::Reverse(thread.last.at), thread.last.seq));
        let more = threads.len() > limit;
        threads.truncate(limit);
        Ok((threads, more))
    }

    /// What a message said before each of its last edits, oldest first, and what it says now.
    ///
    /// # Errors
    /// As [`message`](Self::message): of one that is deleted nothing is told.
    pub async fn versions(
        &self,
        user: UserId,
        stream: StreamId,
        seq: Seq,
    ) -> Result<Vec<Version>, HubError> {
        let message = self.message(user, stream, seq).await?;
        let feed = FeedId::Stream(stream);
        let mut versions = Vec::new();
        for seq in [seq].into_iter().chain(message.edits.iter().copied()) {
            let rows = self.inner.store.events(feed, Seq(seq.0.saturating_sub(1)), 1).await?;
            let Some(row) = rows.first().filter(|row| row.seq == seq) else { continue };
            let event = parse_event(&row.body)?;
            if let Body::Posted { text, .. } | Body::Edited { text, .. } = event.body {
                versions.push(Version { at: event.at, text });
            }
        }
        Ok(versions)
    }

    /// What follows a user over devices.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn preferences(
        &self,
        user: UserId,
    ) -> Result<BTreeMap<PreferenceKey, Json>, HubError> {
        let found = self.look_committed(|draft| draft.preferences(user)).await?;
        Ok(found.map(|found| found.values.clone()).unwrap_or_default())
    }
}

/// What the key of a note says of its message.
fn place_of(key: &str) -> Option<Place> {
    let mut parts = key.split('/').skip(1);
    let at = parts.next().and_then(|at| u64::from_str_radix(at, 16).ok()).map(Timestamp)?;
    let stream = parts.next()?.parse().ok()?;
    Some(Place { at, stream, seq: parts.next().and_then(parse_seq)? })
}

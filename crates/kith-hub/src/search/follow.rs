//! Keeps the index up to date: reads events from the store, behind what is published.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kith_core::document::{self, Doc, Key, Message, Stream};
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq, StreamId};
use kith_core::search::{Mark, said};
use kith_store::index::{Change, Entry, Home, Index, IndexError, Step};
use tokio::time::Instant;

use super::behind::STREAMS_MAX;
use crate::read::parse_event;
use crate::{Hub, HubError};

/// Events of one stream that are read at a time.
const EVENTS: usize = 500;
/// Changes that one step has about.
const CHANGES: usize = 1000;
/// The same while others publish: a step is soon over.
const CHANGES_BESIDE: usize = 200;
/// Streams that one step reads.
const STREAMS: usize = 64;
/// Feeds that are looked at in one turn.
const FEEDS: usize = 500;
/// How long the follower waits after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// While others publish it works a thirtieth of the time: what it does then it does as well when they
/// have done.
const REST: u32 = 29;
const REST_MAX: Duration = Duration::from_secs(5);
/// It is quiet when in such a time fewer operations were done than these: they are no load.
const QUIET: Duration = Duration::from_millis(50);
const LOAD: u64 = 10;

enum Failure {
    Hub(HubError),
    Index(IndexError),
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self::Hub(error)
    }
}

impl From<IndexError> for Failure {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

/// How far it is.
struct Follower {
    hub: Hub,
    index: Arc<dyn Index>,
    /// All feeds are looked at: up to which one they were.
    looking: Option<Option<FeedId>>,
    /// The last stream that was read.
    last: Option<StreamId>,
}

impl Hub {
    pub(super) async fn follow(&self, index: Arc<dyn Index>) {
        let mut follower = Follower { hub: self.clone(), index, looking: None, last: None };
        let (mut most, mut seen) = (CHANGES, self.published());
        while !self.state().closing {
            let began = Instant::now();
            match follower.step(most).await {
                Ok(true) if self.published() != seen => {
                    let still = self.make_way((began.elapsed() * REST).min(REST_MAX)).await;
                    most = if still { CHANGES_BESIDE } else { CHANGES };
                    seen = self.published();
                }
                Ok(true) => {
                    most = CHANGES;
                    tokio::task::yield_now().await;
                }
                Ok(false) => self.inner.searching.wake.notified().await,
                Err(failure) => follower.recover(failure).await,
            }
        }
    }

    fn published(&self) -> u64 {
        self.inner.stats.operations.load(Ordering::Relaxed)
    }

    /// Waits as long as others publish, `most` at the longest; whether they still do.
    async fn make_way(&self, most: Duration) -> bool {
        let mut left = most;
        while !left.is_zero() {
            let (before, piece) = (self.published(), left.min(QUIET));
            self.pass(piece).await;
            left -= piece;
            if piece == QUIET && self.published().saturating_sub(before) < LOAD {
                return false;
            }
        }
        true
    }
}

impl Follower {
    /// Does some of what there is to do, with about so many changes at most; whether there may be more.
    async fn step(&mut self, most: usize) -> Result<bool, Failure> {
        let behind = &self.hub.inner.searching.behind;
        if behind.is_asked() && self.looking.is_none() {
            let epoch = self.hub.inner.store.epoch().await.map_err(HubError::from)?;
            self.index.follow(epoch).await?;
            self.looking = Some(None);
        }
        if let Some(after) = self.looking
            && behind.len() < STREAMS_MAX / 2
        {
            self.looking = self.look(after).await?;
            if self.looking.is_none() {
                behind.end_all();
            }
        }
        let streams = behind.some(self.last, STREAMS);
        let done = streams.is_empty();
        if !done {
            self.last = self.read(streams, most).await?;
        }
        self.hub.inner.searching.progress.send_replace(None);
        Ok(!done || self.looking.is_some() || !self.hub.inner.searching.behind.is_empty())
    }

    /// Notes which of some feeds have something to read; up to which one they were looked at.
    async fn look(&self, after: Option<FeedId>) -> Result<Option<Option<FeedId>>, Failure> {
        let Hub { inner } = &self.hub;
        if after.is_none() {
            inner.searching.behind.begin_all();
        }
        let looked = async {
            let feeds = inner.store.feeds(after, FEEDS).await.map_err(HubError::from)?;
            let streams: Vec<StreamId> = feeds.iter().filter_map(stream_of).collect();
            let read = self.index.read(streams.clone()).await?;
            for (stream, read) in streams.into_iter().zip(read) {
                let head =
                    inner.store.head(FeedId::Stream(stream)).await.map_err(HubError::from)?;
                if read > head.seq {
                    let why = format!("it has more of {stream} than the store");
                    return Err(Failure::Index(IndexError::Damaged(why)));
                }
                if read < head.seq {
                    inner.searching.behind.add(stream, read, head.seq);
                }
            }
            Ok(feeds.last().copied().filter(|_| feeds.len() == FEEDS).map(Some))
        };
        let looked = looked.await;
        if looked.is_err() {
            inner.searching.behind.look_at_all();
        }
        looked
    }

    /// Reads on in some streams, until there is enough, and puts what is new into the index; the last that
    /// was read.
    async fn read(&self, streams: Vec<StreamId>, most: usize) -> Result<Option<StreamId>, Failure> {
        let hub = &self.hub;
        let mut step = Step::default();
        let mut ends = Vec::new();
        let read = self.index.read(streams.clone()).await?;
        for (stream, after) in streams.into_iter().zip(read) {
            let feed = FeedId::Stream(stream);
            let events = hub
                .inner
                .store
                .events(feed, after, EVENTS.min(most))
                .await
                .map_err(HubError::from)?;
            let last = events.last().map_or(after, |event| event.seq);
            ends.push((stream, last, events.is_empty()));
            if events.is_empty() {
                continue;
            }
            let parsed: Result<Vec<Event>, HubError> =
                events.iter().map(|event| parse_event(&event.body)).collect();
            let parsed = parsed?;
            if parsed.iter().any(|event| matches!(event.body, Body::StreamRemoved {})) {
                self.forget(stream).await?;
            }
            step.changes.extend(hub.changes(stream, &parsed).await?);
            step.read.push((stream, last));
            if step.changes.len() >= most {
                break;
            }
        }
        if !step.read.is_empty() {
            self.index.apply(step).await?;
        }
        let last_read = ends.last().map(|(stream, ..)| *stream);
        for (stream, last, end) in ends {
            hub.inner.searching.behind.read(stream, last, end);
        }
        Ok(last_read)
    }

    /// Forgets the messages of a stream that was removed.
    async fn forget(&self, stream: StreamId) -> Result<(), Failure> {
        while self.index.forget(stream, CHANGES).await? == CHANGES {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn recover(&mut self, failure: Failure) {
        let why = match &failure {
            Failure::Hub(error) => error.to_string(),
            Failure::Index(error) => error.to_string(),
        };
        match failure {
            Failure::Hub(HubError::Closed) => return,
            Failure::Hub(error) => tracing::warn!(%error, "the search index cannot read on"),
            Failure::Index(IndexError::Damaged(why)) => {
                tracing::warn!(%why, "the search index is made anew");
                if let Err(error) = self.index.clear().await {
                    tracing::warn!(%error, "the search index cannot be made anew");
                }
            }
            Failure::Index(error) => tracing::warn!(%error, "the search index cannot be written"),
        }
        self.looking = None;
        self.hub.inner.searching.behind.look_at_all();
        self.hub.inner.searching.progress.send_replace(Some(why));
        tokio::select! {
            () = self.hub.pass(AFTER_FAILURE) => {}
            () = self.hub.inner.searching.wake.notified() => {}
        }
    }
}

fn stream_of(feed: &FeedId) -> Option<StreamId> {
    match feed {
        FeedId::Stream(stream) => Some(*stream),
        _ => None,
    }
}

/// A message as it is indexed.
pub(crate) fn entry(stream: &Stream, message: &Message) -> Entry {
    let home = match &stream.home {
        document::Home::Channel { circle } => Home::Circle(*circle),
        document::Home::Direct { users } => Home::Direct(*users),
        document::Home::Group { .. } => Home::Group,
    };
    Entry {
        stream: stream.id,
        seq: message.seq,
        home,
        author: message.author,
        at: message.at,
        text: said(message).into_owned(),
        marks: Mark::of(message, stream.pins.contains(&message.seq)).into_iter().collect(),
    }
}

impl Hub {
    /// What events of a stream change in the index. A message is taken as it is now, where more than
    /// posting it was done to it; what happens to it later is read later.
    async fn changes(&self, stream: StreamId, events: &[Event]) -> Result<Vec<Change>, HubError> {
        let mut posted: BTreeMap<Seq, Message> = BTreeMap::new();
        let mut touched: BTreeSet<Seq> = BTreeSet::new();
        for event in events {
            match &event.body {
                Body::Posted { .. } => posted.extend(message_of(event).map(|new| (new.seq, new))),
                Body::Edited { message, .. }
                | Body::Deleted { message, .. }
                | Body::Reacted { message, .. }
                | Body::Unreacted { message, .. }
                | Body::Pinned { message }
                | Body::Unpinned { message } => {
                    touched.insert(*message);
                }
                _ => {}
            }
        }
        posted.retain(|seq, _| !touched.contains(seq));
        if posted.is_empty() && touched.is_empty() {
            return Ok(Vec::new());
        }
        let keys = std::iter::once(Key::Stream(stream));
        let keys = keys.chain(touched.iter().map(|seq| Key::Message(stream, *seq))).collect();
        let mut found = self.stored_all(keys).await?.into_iter();
        // A stream without its document is not to be read by anyone.
        let Some(Some(Doc::Stream(of))) = found.next() else { return Ok(Vec::new()) };
        let mut changes: Vec<Change> =
            posted.values().map(|message| Change::Put(entry(&of, message))).collect();
        changes.extend(touched.into_iter().zip(found).map(|(seq, found)| match found {
            Some(Doc::Message(message)) => Change::Put(entry(&of, &message)),
            _ => Change::Remove(stream, seq),
        }));
        Ok(changes)
    }
}

/// The message that an event posts.
fn message_of(event: &Event) -> Option<Message> {
    let Body::Posted { text, reply_to, thread, topic, mentions, files } = &event.body else {
        return None;
    };
    Some(Message {
        seq: event.seq,
        author: event.by?,
        text: text.clone(),
        reply_to: *reply_to,
        thread: *thread,
        topic: *topic,
        mentions: mentions.clone(),
        files: files.clone(),
        reactions: BTreeMap::new(),
        edits: Vec::new(),
        replies: 0,
        at: event.at,
        edited_at: None,
    })
}

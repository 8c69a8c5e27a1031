//! Forgetting what removed streams held: the messages in the order in which they were
//! posted, with all by which they were found and what they referred to, and then the events themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use kith_core::command::Outcome;
use kith_core::decide::gone::{self, Posted};
use kith_core::document::{Doc, GoneStream, Key, Message};
use kith_core::draft::Draft;
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, StreamId, UserId};
use kith_store::Document;

use super::ROWS;
use crate::keys::{last_part, prefix};
use crate::read::parse_event;
use crate::{Hub, HubError};

/// Events that are looked at in one step.
const EVENTS: usize = 200;
/// Files that messages of one step refer to: each is looked up.
const FILES: usize = 200;

impl Hub {
    /// One step: how much was forgotten of the first stream of which there is something left.
    pub(super) async fn forget_streams(&self, circle: CircleId) -> Result<u64, HubError> {
        let rows = self.inner.store.scan(prefix("gone_stream", &circle), 1).await?;
        match rows.first().and_then(noted) {
            Some((circle, stream, gone)) => self.forget_stream((circle, stream), &gone).await,
            None => Ok(0),
        }
    }

    /// One step: how much was forgotten of what a stream held; with the last of it the note goes.
    pub(super) async fn forget_stream(
        &self,
        (circle, stream): (CircleId, StreamId),
        gone: &GoneStream,
    ) -> Result<u64, HubError> {
        let events = self.inner.store.events(FeedId::Stream(stream), gone.cleared, EVENTS).await?;
        if !events.is_empty() {
            return self.forget_messages((circle, stream), gone, &events).await;
        }
        let posts = self.inner.store.scan(prefix("last_post", &stream), ROWS).await?;
        let users = posts.iter().filter_map(|row| last_part(&row.key)?.parse::<UserId>().ok());
        let posts: Vec<Key> = users.map(|user| Key::LastPost(stream, user)).collect();
        if !posts.is_empty() {
            return self.forget_keys(posts).await;
        }
        match self.forget_feed(FeedId::Stream(stream)).await? {
            0 => self.forget_keys(vec![Key::GoneStream(circle, stream)]).await,
            count => Ok(count),
        }
    }

    /// Forgets what came of some events, which are there until all have been looked at: later ones may
    /// have been answers to them.
    async fn forget_messages(
        &self,
        (circle, stream): (CircleId, StreamId),
        gone: &GoneStream,
        events: &[kith_store::StoredEvent],
    ) -> Result<u64, HubError> {
        // Of an event that cannot be read it is not known what came of it.
        let read = events.iter().filter_map(|event| parse_event(&event.body).ok());
        let posted = |event: &Event| matches!(event.body, Body::Posted { .. });
        let read: Vec<Event> = read.filter(posted).collect();
        let keys = read.iter().map(|event| Key::Message(stream, event.seq)).collect();
        let messages = self.stored_all(keys).await?;
        let mut step: Vec<(Posted, Option<Arc<Message>>)> = Vec::new();
        let (mut through, mut files) = (events.last().map_or(Seq(0), |event| event.seq), 0);
        let by: BTreeMap<Seq, UserId> =
            read.iter().filter_map(|event| Some((event.seq, event.by?))).collect();
        for (event, message) in read.iter().zip(messages) {
            let (Body::Posted { thread, reply_to, .. }, Some(author)) = (&event.body, event.by)
            else {
                continue;
            };
            let message = match message {
                Some(Doc::Message(message)) => Some(message),
                _ => None,
            };
            files += message.as_ref().map_or(0, |message| message.files.len());
            if files > FILES {
                through = Seq(event.seq.0.saturating_sub(1));
                break;
            }
            let answered = match reply_to {
                Some(seq) => match by.get(seq) {
                    Some(user) => Some(*user),
                    None => self.author_of(stream, *seq).await?,
                },
                None => None,
            };
            let (seq, at, thread) = (event.seq, event.at, *thread);
            step.push((Posted { stream, seq, at, author, thread, answered }, message));
        }
        let noted = Doc::GoneStream(Arc::new(GoneStream { cleared: through, ..gone.clone() }));
        self.transact(None, None, |draft: &mut Draft<'_>| {
            for (posted, message) in &step {
                gone::message(draft, circle, posted, message.as_deref())?;
            }
            draft.put(Key::GoneStream(circle, stream), Some(noted.clone()));
            Ok(Outcome::default())
        })
        .await?;
        Ok(events.len() as u64)
    }

    async fn author_of(&self, stream: StreamId, seq: Seq) -> Result<Option<UserId>, HubError> {
        let before = Seq(seq.0.saturating_sub(1));
        let found = self.inner.store.events(FeedId::Stream(stream), before, 1).await?;
        let found = found.first().filter(|event| event.seq == seq);
        Ok(found.and_then(|event| parse_event(&event.body).ok()).and_then(|event| event.by))
    }
}

/// What a row notes of a stream that was removed. One that cannot be read is begun with anew.
pub(super) fn noted(row: &Document) -> Option<(CircleId, StreamId, Arc<GoneStream>)> {
    let (circle, stream) = row.key.split_once('/')?;
    let gone = match Doc::parse_in("gone_stream", &row.body) {
        Some(Ok(Doc::GoneStream(gone))) => gone,
        _ => Arc::default(),
    };
    Some((circle.parse().ok()?, stream.parse().ok()?, gone))
}

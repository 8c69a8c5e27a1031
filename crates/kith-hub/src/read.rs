//! Reading what is committed, for those who may.

mod directory;
pub mod inbox;
mod topic;
mod traffic;
mod unread;

use std::collections::HashSet;
use std::sync::Arc;

use kith_core::access::{self, MayRead};
use kith_core::document::{Circle, Doc, Key, Member, Message, Stream, Topic, seq_key};
use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, StreamId, UserId};
use kith_core::refusal::Refusal;
use kith_core::topic::State;
use kith_store::{DocKey, Document, Range, StoreError};

use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

pub use directory::BLOCKERS_MAX;
pub use traffic::Traffic;
pub use unread::Unread;

/// The state of a feed as a subscriber first sees it.
#[derive(Clone, Debug)]
pub enum Snapshot {
    /// A stream and its newest messages, oldest first, threads included.
    Stream {
        /// The stream.
        stream: Arc<Stream>,
        /// Its newest messages.
        messages: Vec<Arc<Message>>,
    },
    /// A circle and the reader's own membership.
    Circle {
        /// The circle.
        circle: Arc<Circle>,
        /// The membership.
        member: Arc<Member>,
    },
    /// A topic and its value.
    Topic {
        /// The topic.
        topic: Arc<Topic>,
        /// Its value.
        state: Arc<State>,
    },
    /// Nothing but the end of the feed.
    Head,
}

/// Which messages of a stream or thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The thread; `None` for the stream itself.
    pub thread: Option<Seq>,
    /// Only older ones.
    pub before: Option<Seq>,
    /// Only newer ones.
    pub after: Option<Seq>,
    /// How many at most.
    pub limit: usize,
}

pub(crate) fn parse_event(json: &str) -> Result<Event, HubError> {
    serde_json::from_str(json).map_err(|error| damaged("event", &error))
}

fn damaged(what: &str, error: &dyn std::fmt::Display) -> HubError {
    HubError::Store(StoreError::Corrupt(format!("{what}: {error}")))
}

/// Turns to find the store quiet before it is made quiet.
const TURNS_MAX: usize = 3;

impl Hub {
    /// The state of a feed as it was after one event, and that event.
    pub(crate) async fn snapshot(
        &self,
        proof: &MayRead,
        window: usize,
        reset: Option<crate::Reset>,
    ) -> Result<crate::Backlog, HubError> {
        let feed = proof.feed();
        if let FeedId::Topic(topic) | FeedId::Live(topic) = feed {
            let (seq, topic, state) = self.topic_now(topic).await?;
            let state = Snapshot::Topic { topic, state };
            return Ok(crate::Backlog::Snapshot { seq, reset, state });
        }
        for turn in 0..=TURNS_MAX {
            // A feed that is written all the time is not caught between two events by luck.
            let quiet =
                if turn == TURNS_MAX { self.inner.quiet.acquire().await.ok() } else { None };
            let seq = self.inner.store.head(feed).await?.seq;
            let state = self.state_of(proof, window).await?;
            let after = self.inner.store.head(feed).await?.seq;
            drop(quiet);
            if seq == after {
                return Ok(crate::Backlog::Snapshot { seq, reset, state });
            }
        }
        Err(HubError::Busy)
    }

    async fn state_of(&self, proof: &MayRead, window: usize) -> Result<Snapshot, HubError> {
        match proof.feed() {
            FeedId::Stream(id) => {
                let Some(Doc::Stream(stream)) = self.stored(Key::Stream(id)).await? else {
                    return Err(Refusal::NoSuchStream.into());
                };
                let range = Range { descending: true, ..prefix("message", &id) };
                let rows = self.inner.store.scan(range, window).await?;
                let mut messages = Vec::with_capacity(rows.len());
                for row in rows.into_iter().rev() {
                    messages.push(message_of(id, &row)?);
                }
                let blocked = self.blocked(proof.user()).await?;
                messages.retain(|message| !blocked.contains(&message.author));
                Ok(Snapshot::Stream { stream, messages })
            }
            FeedId::Circle(id) => {
                let circle = self.stored(Key::Circle(id)).await?;
                let member = self.stored(Key::Member(id, proof.user())).await?;
                match (circle, member) {
                    (Some(Doc::Circle(circle)), Some(Doc::Member(member))) => {
                        Ok(Snapshot::Circle { circle, member })
                    }
                    _ => Err(Refusal::NoSuchCircle.into()),
                }
            }
            FeedId::User(_)
            | FeedId::Site
            | FeedId::Audit(_)
            | FeedId::Topic(_)
            | FeedId::Live(_) => Ok(Snapshot::Head),
        }
    }

    /// A committed document.
    async fn stored(&self, key: Key) -> Result<Option<Doc>, HubError> {
        Ok(self.stored_all(vec![key]).await?.pop().flatten())
    }

    /// Committed documents, in the order of `keys`.
    pub(crate) async fn stored_all(&self, keys: Vec<Key>) -> Result<Vec<Option<Doc>>, HubError> {
        let paths = keys.iter().filter_map(Key::path);
        let asked = paths.map(|(collection, key)| DocKey { collection, key }).collect();
        let found = self.inner.store.get(asked).await?;
        let parse = |(key, json): (&Key, Option<Arc<str>>)| match json {
            Some(json) => key.parse(&json).map(Some).map_err(|error| damaged("document", &error)),
            None => Ok(None),
        };
        keys.iter().zip(found).map(parse).collect()
    }

    pub(crate) async fn blocked(&self, user: UserId) -> Result<HashSet<UserId>, HubError> {
        let rows = self.inner.store.scan(prefix("block", &user), kith_store::ROWS_MAX).await?;
        Ok(rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok()).collect())
    }

    /// Proof that a user may read a feed.
    ///
    /// # Errors
    /// A refusal that is the same for what is not there and what may not be read.
    pub async fn may_read(&self, user: UserId, feed: FeedId) -> Result<MayRead, HubError> {
        let proof = self.look_committed(|draft| access::to_read(draft, user, feed)).await?;
        self.settled().await?;
        Ok(proof)
    }

    /// Messages of a stream or thread, oldest first, and whether there are more on the side that
    /// was asked for. Without `after` the newest are given.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read).
    pub async fn messages(
        &self,
        user: UserId,
        stream: StreamId,
        page: Page,
    ) -> Result<(Vec<Arc<Message>>, bool), HubError> {
        self.may_read(user, FeedId::Stream(stream)).await?;
        let place = format!("{stream}/{}", seq_key(page.thread.unwrap_or_default()));
        let key = |seq: Seq| format!("{place}/{}", seq_key(seq));
        let descending = page.after.is_none();
        let range = Range {
            after: page.after.map(key),
            before: page.before.map(key),
            descending,
            ..prefix("timeline", &place)
        };
        let mut rows = self.inner.store.scan(range, page.limit + 1).await?;
        let more = rows.len() > page.limit;
        rows.truncate(page.limit);
        if descending {
            rows.reverse();
        }
        let seqs = rows.iter().filter_map(|row| last_part(&row.key).and_then(parse_seq));
        let keys = seqs.map(|seq| Key::Message(stream, seq)).collect();
        let blocked = self.blocked(user).await?;
        let found = self.stored_all(keys).await?.into_iter().flatten();
        let messages = found.filter_map(|doc| match doc {
            Doc::Message(message) if !blocked.contains(&message.author) => Some(message),
            _ => None,
        });
        Ok((messages.collect(), more))
    }

    /// One message.
    ///
    /// # Errors
    /// As [`may_read`](Self::may_read), and `message.not_found`.
    pub async fn message(
        &self,
        user: UserId,
        stream: StreamId,
        seq: Seq,
    ) -> Result<Arc<Message>, HubError> {
        self.may_read(user, FeedId::Stream(stream)).await?;
        match self.stored(Key::Message(stream, seq)).await? {
            Some(Doc::Message(message)) => Ok(message),
            _ => Err(Refusal::NoSuchMessage(seq).into()),
        }
    }
}

pub(crate) fn parse_seq(text: &str) -> Option<Seq> {
    u64::from_str_radix(text, 16).ok().map(Seq)
}

fn message_of(stream: StreamId, row: &Document) -> Result<Arc<Message>, HubError> {
    match Key::Message(stream, Seq(0)).parse(&row.body) {
        Ok(Doc::Message(message)) => Ok(message),
        Ok(_) => Err(damaged("message", &row.key)),
        Err(error) => Err(damaged("message", &error)),
    }
}

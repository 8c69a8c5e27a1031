//! The newest values of topics that may be told as several changes in one: whoever is slow gets the
//! value in place of all that waited for them.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use kith_core::document::Topic;
use kith_core::draft::Changes;
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, Seq};
use kith_core::topic::{Kind, State};
use serde_json::Value as Json;

use crate::fan::WIRES;
use crate::{Hub, HubError, Inner};

/// Turns to read a value that changes meanwhile.
const TURNS_MAX: usize = 10;

/// The value of a topic after an event, told in place of all events that waited up to it.
#[derive(Debug)]
pub struct Merged {
    /// The feed in which it changes.
    pub feed: FeedId,
    /// Which numbering the feeds follow.
    pub epoch: Arc<str>,
    /// The last event in it.
    pub seq: Seq,
    /// The topic.
    pub topic: Arc<Topic>,
    /// The value, as a snapshot tells it.
    pub value: Json,
    wire: [OnceLock<Bytes>; WIRES],
}

impl Merged {
    /// The bytes of its frame in one encoding, made by whoever needs it first. `slot` is below
    /// [`WIRES`].
    pub fn wire(&self, slot: usize, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        match self.wire.get(slot) {
            Some(cell) => cell.get_or_init(|| encode(self)).clone(),
            None => encode(self),
        }
    }
}

/// The value of a topic as its followers have been told it, or are about to be.
#[derive(Debug)]
pub(crate) struct Newest {
    epoch: Arc<str>,
    feed: FeedId,
    topic: Arc<Topic>,
    inside: Mutex<Inside>,
}

#[derive(Debug)]
struct Inside {
    seq: Seq,
    state: State,
    /// What it is told as, until the next change.
    merged: Option<Arc<Merged>>,
}

impl Newest {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last event in it.
    pub(crate) fn seq(&self) -> Seq {
        self.inside().seq
    }

    /// Takes in an event; whether it is still the value that the topic has. What is no change of the
    /// value changes what the topic is.
    pub(crate) fn apply(&self, event: &Event) -> bool {
        let mut inside = self.inside();
        if event.seq <= inside.seq {
            return true;
        }
        let Body::Changed { fact } = &event.body else { return false };
        if event.seq != inside.seq.next() {
            return false;
        }
        inside.state.apply(event.seq, fact);
        inside.seq = event.seq;
        inside.merged = None;
        true
    }

    /// As it is told now.
    pub(crate) fn now(&self) -> Arc<Merged> {
        let mut inside = self.inside();
        let Inside { seq, state, merged } = &mut *inside;
        let told = merged.get_or_insert_with(|| {
            Arc::new(Merged {
                feed: self.feed,
                epoch: Arc::clone(&self.epoch),
                seq: *seq,
                topic: Arc::clone(&self.topic),
                value: state.value.to_json(),
                wire: Default::default(),
            })
        });
        Arc::clone(told)
    }
}

/// Whether several changes of a topic may be told as one. What happens in an `event` has no value,
/// and updates of a Yjs document are merged by those who get them.
fn may_merge(topic: &Topic) -> bool {
    topic.rules.merge && !matches!(topic.form(), Kind::Event | Kind::Text)
}

impl Hub {
    /// Keeps the newest value of a feed at hand from now on, if its changes may be told as one and
    /// somebody follows it who understands that.
    pub(crate) async fn keep_newest(&self, feed: FeedId) -> Result<(), HubError> {
        let (FeedId::Topic(id) | FeedId::Live(id)) = feed else { return Ok(()) };
        for _ in 0..TURNS_MAX {
            let Some(revocations) = self.inner.fan.wants_newest(feed) else { return Ok(()) };
            let may = self.look(|draft| draft.topic(id)).await?;
            if !may.is_some_and(|topic| may_merge(&topic) && topic.feed() == feed) {
                return Ok(());
            }
            let (seq, topic, state) = self.topic_now(id).await?;
            if !may_merge(&topic) {
                return Ok(());
            }
            let inside = Inside { seq, state: State::clone(&state), merged: None };
            let (epoch, inside) = (self.epoch().into(), Mutex::new(inside));
            let newest = Newest { epoch, feed, topic, inside };
            if self.inner.fan.keep_newest(feed, Arc::new(newest), revocations) {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Reads the values of topics anew that were changed in what they are, or in what is kept of them.
pub(crate) fn renew(inner: &Arc<Inner>, changes: &Changes) {
    for drafted in &changes.events {
        let feed = match (drafted.event.feed, &drafted.event.body) {
            (_, Body::Changed { .. } | Body::TopicCreated { .. } | Body::TopicRemoved {}) => {
                continue;
            }
            (feed @ FeedId::Topic(_), _) => feed,
            _ => continue,
        };
        let hub = Hub { inner: Arc::clone(inner) };
        tokio::spawn(async move {
            if let Err(error) = hub.keep_newest(feed).await {
                tracing::debug!(%feed, %error, "changes are told one by one");
            }
        });
    }
}

//! Ephemeral topics: their values are nowhere but here, and gone with the last who follows them.
//!
//! The changes of such a topic are decided, ordered and delivered like all others, as events of a feed
//! of their own that the store never sees. Its numbers begin at the time at which it comes to life, so
//! that a place in one life is never taken for a place in another.

use std::collections::BTreeSet;
use std::sync::Arc;

use kith_core::draft::Changes;
use kith_core::event::Body;
use kith_core::id::{FeedId, Seq, Timestamp, TopicId};
use kith_core::topic::State;

use crate::{Hub, HubError, Inner};

/// How many changes a topic may have for each millisecond of its life before the numbers of one life
/// could reach those of the next.
const PER_MS: u64 = 1024;

/// The number before the first event of a life that begins now. It is a whole number that JavaScript
/// has, until the year 2248.
pub(crate) fn first(now: Timestamp) -> Seq {
    Seq(now.0.saturating_mul(PER_MS))
}

impl Hub {
    /// The feed in which the value changes, where it is not the topic's own.
    pub(crate) async fn feed_of_value(&self, feed: FeedId) -> Result<FeedId, HubError> {
        let FeedId::Topic(id) = feed else { return Ok(feed) };
        let topic = self.look(|draft| draft.topic(id)).await?;
        Ok(topic.map_or(feed, |topic| topic.feed()))
    }

    /// The last event of a feed, where it is not at hand.
    pub(crate) async fn end_of(&self, feed: FeedId) -> Result<Seq, HubError> {
        match feed {
            FeedId::Live(_) => Ok(self.look(|draft| draft.head(feed)).await?.seq),
            _ => Ok(self.inner.store.head(feed).await?.seq),
        }
    }

    /// The first value of a topic as it is when it comes to life; that of another stays as it is.
    pub(crate) async fn born(&self, id: TopicId, state: State) -> Result<State, HubError> {
        let topic = self.look(|draft| draft.topic(id)).await?;
        let Some(topic) = topic.filter(|topic| topic.rules.ephemeral) else { return Ok(state) };
        let seq = self.look(|draft| draft.head(topic.feed())).await?.seq;
        Ok(State::new(seq, state.value))
    }

    /// Lets go of what is of nobody's use when nobody follows a feed.
    pub(crate) fn let_go(&self, feed: FeedId) {
        let_go(&self.inner, feed);
    }
}

/// As [`Hub::let_go`].
pub(crate) fn let_go(inner: &Inner, feed: FeedId) {
    {
        // Under this lock nobody begins to follow it.
        let table = inner.fan.table();
        if !table.feeds.contains_key(&feed) {
            inner.aware.forget(feed);
        }
    }
    if let FeedId::Live(topic) = feed {
        // Under both locks: whoever begins to follow it either is seen here, or finds nothing.
        let mut state = inner.state();
        if !inner.fan.is_followed(feed) {
            state.cache.release(topic);
        }
    }
}

/// Looks after ephemeral topics when changes of values were shown, each once.
pub(crate) fn changed<'a>(inner: &Inner, all: impl Iterator<Item = &'a Changes>) {
    let feeds = all.flat_map(|changes| &changes.events).map(|drafted| drafted.event.feed);
    let live: BTreeSet<FeedId> = feeds.filter(|feed| matches!(feed, FeedId::Live(_))).collect();
    live.into_iter().for_each(|feed| let_go(inner, feed));
}

/// Looks after ephemeral topics when changes were shown.
pub(crate) fn shown(inner: &Arc<Inner>, changes: &Changes) {
    for drafted in &changes.events {
        match (drafted.event.feed, &drafted.event.body) {
            (feed @ FeedId::Live(_), _) => let_go(inner, feed),
            // Those who follow the value hold what the topic is as well: they look at it again.
            (FeedId::Topic(topic), Body::TopicChanged { .. } | Body::TopicNarrowed { .. }) => {
                inner.fan.lose(std::iter::once(FeedId::Live(topic)), &inner.stats);
                let_go(inner, FeedId::Live(topic));
            }
            (FeedId::Topic(topic), Body::TopicRemoved {}) => let_go(inner, FeedId::Live(topic)),
            _ => {}
        }
    }
}

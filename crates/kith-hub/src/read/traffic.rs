//! How much feeds are followed and how far they are, for those who manage them.

use kith_core::access;
use kith_core::id::{FeedId, Seq, UserId};

use crate::{Hub, HubError};

/// How much a feed is followed at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The feed, by the name that it has outside.
    pub feed: FeedId,
    /// Connections that follow it.
    pub followers: usize,
    /// Its last committed event; that of an ephemeral topic in its present life.
    pub seq: Seq,
}

impl Hub {
    /// How much a feed is followed.
    ///
    /// # Errors
    /// What reading it is refused with, `permission.denied` or `member.timed_out` to whoever does not
    /// manage feeds there, or a failure of the store.
    pub async fn traffic(&self, user: UserId, feed: FeedId) -> Result<Traffic, HubError> {
        self.look_committed(|draft| access::to_watch(draft, user, feed)).await?;
        let told = self.feed_of_value(feed).await?;
        let (followers, at_hand) = self.inner.fan.followed(told);
        let seq = match at_hand {
            Some(seq) => seq,
            None => self.end_of(told).await?,
        };
        self.settled().await?;
        self.let_go(told);
        Ok(Traffic { feed, followers, seq })
    }
}

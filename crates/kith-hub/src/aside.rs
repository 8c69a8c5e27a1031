//! What followers of a feed tell each other beside it, in the words of a gateway: never stored.

use std::sync::Arc;

use bytes::Bytes;
use kith_core::id::{FeedId, UserId};

use crate::mailbox::Item;
use crate::subscriber::Subscriber;
use crate::{Hub, fan};

/// Something for those who follow a feed now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// The feed.
    pub feed: FeedId,
    /// Who says it.
    pub user: UserId,
    /// What, which only gateways understand.
    pub bytes: Bytes,
}

impl Hub {
    /// Tells those who follow a feed, the one who says it included, something that is not stored; who
    /// is slow may miss it. Nothing is told by who does not follow the feed.
    pub fn aside(&self, subscriber: &Subscriber, feed: FeedId, bytes: Bytes) {
        let follows = subscriber.grants().get(&feed).is_some_and(|grant| !grant.is_revoked());
        if follows {
            self.aside_of_gone(subscriber, feed, bytes);
        }
    }

    /// Tells those who follow a feed that one of them, who was allowed to say things, has gone.
    pub fn aside_of_gone(&self, subscriber: &Subscriber, feed: FeedId, bytes: Bytes) {
        let aside = Arc::new(Aside { feed, user: subscriber.user, bytes });
        let size = aside.bytes.len();
        let fan: &fan::Fan = &self.inner.fan;
        fan.tell(feed, size, || Item::Aside(Arc::clone(&aside)));
    }
}

//! What a client is told without asking.

use std::time::Duration;

use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, UserId};
use kith_proto::error::Problem;
use kith_proto::frame::{Reset, Shown, Signaled, Welcome};
use kith_proto::query::State;
use kith_proto::service::Card;

/// What a client is told without asking. Of each feed, in order and each event once.
#[derive(Clone, Debug, PartialEq)]
pub enum Update {
    /// Connected, for the first time or again. Feeds are resumed and operations repeated without
    /// further ado.
    Connected(Box<Welcome>),
    /// The connection was lost, or another attempt failed.
    Disconnected {
        /// When the next attempt is made.
        retry_in: Duration,
        /// A sentence for a person or a log.
        why: String,
    },
    /// The server does not let this client in any longer. Nothing follows.
    Stopped(Problem),
    /// The next event of a feed.
    Event(Box<Event>),
    /// What one transaction did to topics that are followed, each the next event of its feed: to be
    /// shown at once.
    Events(Vec<Event>),
    /// What happens in a topic is not told at present; it is caught up with. After
    /// [`Self::Disconnected`] that is so for all.
    Behind {
        /// The feed.
        feed: FeedId,
    },
    /// These topics have been caught up with: no transaction is known in one of them and not yet in
    /// another one that is followed.
    Settled {
        /// The feeds.
        feeds: Vec<FeedId>,
    },
    /// The next event of a feed is of somebody whom the user blocks: its number alone.
    Hidden {
        /// The feed.
        feed: FeedId,
        /// The number.
        seq: Seq,
    },
    /// What is held of a feed cannot be continued; a snapshot to begin from follows.
    Reset {
        /// The feed.
        feed: FeedId,
        /// Why.
        why: Reset,
    },
    /// The state of a feed; it takes the place of whatever is held of it.
    Snapshot {
        /// The feed.
        feed: FeedId,
        /// The last event that the state has in it.
        seq: Seq,
        /// The state.
        state: Box<State>,
    },
    /// Everything that was missed of a feed has been told; what follows happens now.
    CaughtUp {
        /// The feed.
        feed: FeedId,
        /// Its last event.
        seq: Seq,
    },
    /// Something about somebody who is there now.
    Signal {
        /// Where it is told.
        feed: FeedId,
        /// Who.
        user: UserId,
        /// What.
        what: Signaled,
    },
    /// What others show in a feed, the newest of each. After [`Self::CaughtUp`] nobody shows anything
    /// until this tells otherwise.
    Aware {
        /// The feed.
        feed: FeedId,
        /// Nobody shows anything but those in here and those of whom it is told later.
        all: bool,
        /// What each shows.
        states: Vec<Shown>,
    },
    /// What the client shows in a feed may not be shown there.
    NotShown {
        /// The feed.
        feed: FeedId,
        /// Why.
        problem: Problem,
    },
    /// A service of a circle that is followed is offered otherwise than before.
    Offered(Card),
    /// A feed cannot be followed, and is not any longer.
    Refused {
        /// The feed.
        feed: FeedId,
        /// Why.
        problem: Problem,
    },
    /// The user may no longer read a feed: nothing of it follows.
    Closed {
        /// The feed.
        feed: FeedId,
        /// What it tells about was removed, for everybody.
        removed: bool,
    },
}

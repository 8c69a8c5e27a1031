//! What the client shows of itself in the feeds that it follows: the newest of each, not too often,
//! and again whenever it follows a feed anew.

use std::collections::BTreeMap;

use kith_core::aware::AwareState;
use kith_core::id::FeedId;
use kith_proto::error::Problem;
use kith_proto::frame::{Request, Signal};

use super::Session;
use super::feeds::Feeds;

/// The least time between two tellings of a state: no server tells others more often.
const PACE_MS: u64 = 40;

/// What is shown in each feed.
#[derive(Debug, Default)]
pub(super) struct Showing {
    all: BTreeMap<FeedId, Own>,
}

#[derive(Debug, Default)]
struct Own {
    state: Option<AwareState>,
    /// The server knows something else.
    due: bool,
    /// In which following of the feed that is so.
    life: Option<u64>,
    /// The request that has no answer yet.
    asked: Option<u64>,
    not_before_ms: u64,
}

impl Own {
    /// When it is to be said next, in this following of the feed.
    fn due_at(&self, life: Option<u64>) -> Option<u64> {
        let life = life?;
        if self.life == Some(life) {
            (self.due && self.asked.is_none()).then_some(self.not_before_ms)
        } else {
            self.state.is_some().then_some(0)
        }
    }
}

impl Showing {
    pub(super) fn set(&mut self, feed: FeedId, state: Option<AwareState>) {
        let own = self.all.entry(feed).or_default();
        own.due |= own.state != state;
        own.state = state;
    }

    /// When something is next to be said.
    pub(super) fn due_at(&self, feeds: &Feeds) -> Option<u64> {
        self.all.iter().filter_map(|(feed, own)| own.due_at(feeds.life(*feed))).min()
    }

    /// What is to be said now; each counts as asked under the number that `ask` gives it.
    pub(super) fn due(
        &mut self,
        feeds: &Feeds,
        now_ms: u64,
        mut ask: impl FnMut() -> u64,
    ) -> Vec<(u64, Signal)> {
        let mut due = Vec::new();
        for (&feed, own) in &mut self.all {
            let life = feeds.life(feed);
            if own.due_at(life).is_some_and(|at| at <= now_ms) {
                let id = ask();
                own.due = false;
                (own.life, own.asked) = (life, Some(id));
                own.not_before_ms = now_ms + PACE_MS;
                due.push((id, Signal::Aware { feed, state: own.state.clone() }));
            }
        }
        // What is not shown is of no use once the server knows.
        self.all.retain(|_, own| own.state.is_some() || own.due || own.asked.is_some());
        due
    }

    /// The answer to a request, where it was one of these; the feed in which it is refused to show
    /// something.
    pub(super) fn answered(
        &mut self,
        id: u64,
        problem: Option<&Problem>,
        now_ms: u64,
    ) -> Option<FeedId> {
        let found = self.all.iter_mut().find(|(_, own)| own.asked == Some(id));
        let (feed, own) = found?;
        own.asked = None;
        let problem = problem?;
        match problem.retry_ms {
            Some(wait) => {
                own.due = true;
                own.not_before_ms = now_ms.saturating_add(wait);
                None
            }
            None => Some(*feed),
        }
    }

    /// The connection is gone, and with it all that is shown.
    pub(super) fn offline(&mut self) {
        self.all.retain(|_, own| own.state.is_some());
        for own in self.all.values_mut() {
            (own.life, own.asked) = (None, None);
        }
    }
}

impl Session {
    /// Shows something of the client in a feed for as long as it follows it, on this and every later
    /// connection; `None` for nothing any more.
    pub fn show(&mut self, feed: FeedId, state: Option<AwareState>, now_ms: u64) {
        self.showing.set(feed, state);
        self.say(now_ms);
    }

    /// Shows what is to be shown now.
    pub(super) fn show_due(&mut self, now_ms: u64) {
        let next_id = &mut self.next_id;
        let number = || {
            *next_id += 1;
            *next_id - 1
        };
        for (id, signal) in self.showing.due(&self.feeds, now_ms, number) {
            self.send(&Request { signal: Some(signal), ..Request::new(id) }, now_ms);
        }
    }
}

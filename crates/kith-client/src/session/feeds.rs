//! Where the client is in each feed that it follows: every event exactly once, in order.

use std::collections::{BTreeMap, VecDeque};

use kith_core::event::Event;
use kith_core::id::{FeedId, Seq};
use kith_proto::error::Problem;
use kith_proto::frame::{Seen, Subscribe, Subscribed};

use crate::update::Update;

/// How often in a row a feed may not fit before its state is asked for instead of its events.
const STRIKES_MAX: u32 = 3;
/// The pause before a feed that does not fit is asked for again, for each time it did not.
const STRIKE_MS: u64 = 500;

/// The feeds that a client follows.
#[derive(Debug, Default)]
pub(super) struct Feeds {
    all: BTreeMap<FeedId, Follow>,
    /// Counts the times that a feed came to be followed.
    lives: u64,
}

#[derive(Debug)]
struct Follow {
    window: Option<u32>,
    events_only: bool,
    epoch: Option<String>,
    /// The last event that the application was given.
    seq: Option<Seq>,
    state: State,
    /// How often in a row what came did not fit.
    strikes: u32,
    /// Requests for it that are not done with.
    requests: u32,
    /// Which time it is that it is followed.
    life: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be asked for, from this time on.
    Due(u64),
    /// Asked for; what comes before the answer belongs to what was before.
    Asked,
    /// Events come as they happen.
    Live,
}

impl Follow {
    fn is_next(&self, seq: Seq) -> bool {
        self.seq.unwrap_or_default().next() == seq
    }

    fn has(&self, seq: Seq) -> bool {
        self.seq.is_some_and(|last| seq <= last)
    }

    /// What came does not fit what is held: it is asked for again, ever more slowly.
    fn mend(&mut self, now_ms: u64) {
        self.strikes += 1;
        if self.strikes >= STRIKES_MAX && !self.events_only {
            self.seq = None;
        }
        let pause = STRIKE_MS * u64::from((self.strikes - 1).min(20));
        self.state = State::Due(now_ms.saturating_add(pause));
    }

    fn step(&mut self, seq: Seq) {
        self.seq = Some(seq);
        self.strikes = 0;
    }
}

impl Feeds {
    /// Follows a feed, from where the wish says.
    pub(super) fn want(&mut self, wish: Subscribe) {
        let requests = self.all.get(&wish.feed).map_or(0, |follow| follow.requests);
        let follow = Follow {
            window: wish.window,
            events_only: wish.events_only,
            epoch: wish.epoch,
            seq: wish.after,
            state: State::Due(0),
            strikes: 0,
            requests,
            life: 0,
        };
        self.all.insert(wish.feed, follow);
    }

    /// Follows a feed no longer; whether the server has to be told.
    pub(super) fn forget(&mut self, feed: FeedId) -> bool {
        self.all.remove(&feed).is_some_and(|follow| !matches!(follow.state, State::Due(_)))
    }

    /// What is to be asked for now, at most `max`; it counts as asked for.
    pub(super) fn due(&mut self, now_ms: u64, max: usize) -> Vec<Subscribe> {
        let due = |follow: &Follow| matches!(follow.state, State::Due(at) if at <= now_ms);
        let due = self.all.iter_mut().filter(|(_, follow)| due(follow)).take(max);
        due.map(|(feed, follow)| {
            follow.state = State::Asked;
            follow.requests += 1;
            Subscribe {
                feed: *feed,
                epoch: follow.epoch.clone(),
                after: follow.seq,
                window: follow.window,
                events_only: follow.events_only,
            }
        })
        .collect()
    }

    /// Which time it is that a feed is followed; `None` where it is not at present.
    pub(super) fn life(&self, feed: FeedId) -> Option<u64> {
        self.all.get(&feed).filter(|follow| follow.state == State::Live).map(|follow| follow.life)
    }

    /// When something is next to be asked for.
    pub(super) fn due_at(&self) -> Option<u64> {
        let due = self.all.values().filter_map(|follow| match follow.state {
            State::Due(at) => Some(at),
            State::Asked | State::Live => None,
        });
        due.min()
    }

    /// The connection is gone: everything is to be asked for on the next.
    pub(super) fn offline(&mut self) {
        for follow in self.all.values_mut() {
            follow.state = State::Due(0);
            follow.requests = 0;
        }
    }

    /// The request for these feeds was not served.
    pub(super) fn not_served(
        &mut self,
        feeds: &[FeedId],
        problem: &Problem,
        now_ms: u64,
        updates: &mut VecDeque<Update>,
    ) {
        for feed in feeds {
            if let Some(follow) = self.all.get_mut(feed) {
                follow.requests = follow.requests.saturating_sub(1);
            }
            self.refused(*feed, problem.clone(), now_ms, updates);
        }
    }

    /// The request for these feeds is done with. What it left without an answer is asked for again.
    pub(super) fn served(&mut self, feeds: &[FeedId], now_ms: u64, updates: &mut VecDeque<Update>) {
        let mut settled = Vec::new();
        for feed in feeds {
            let Some(follow) = self.all.get_mut(feed) else { continue };
            follow.requests = follow.requests.saturating_sub(1);
            match follow.state {
                // A later request is still to be answered.
                _ if follow.requests > 0 => {}
                State::Asked => follow.mend(now_ms),
                State::Live if matches!(feed, FeedId::Topic(_)) => settled.push(*feed),
                State::Live | State::Due(_) => {}
            }
        }
        if !settled.is_empty() {
            updates.push_back(Update::Settled { feeds: settled });
        }
    }

    /// The answer for a feed.
    pub(super) fn subscribed(
        &mut self,
        answer: Subscribed,
        now_ms: u64,
        updates: &mut VecDeque<Update>,
    ) {
        self.lives += 1;
        match answer {
            Subscribed::Events { feed, epoch, seq, events, more } => {
                let Some(follow) = self.all.get_mut(&feed) else { return };
                follow.epoch = Some(epoch);
                let none = events.is_empty();
                for seen in events {
                    let at = match &seen {
                        Seen::Event(event) => event.seq,
                        Seen::Hidden { hidden } => *hidden,
                    };
                    if follow.has(at) {
                        continue;
                    }
                    if !follow.is_next(at) {
                        return follow.mend(now_ms);
                    }
                    follow.step(at);
                    updates.push_back(match seen {
                        Seen::Event(event) => Update::Event(Box::new(event)),
                        Seen::Hidden { hidden } => Update::Hidden { feed, seq: hidden },
                    });
                }
                if more && none {
                    // Nothing at all and yet more: access changed meanwhile. The place in such an
                    // answer means nothing; our own stands.
                    follow.mend(now_ms);
                } else if more {
                    follow.state = State::Due(now_ms);
                } else if seq > follow.seq.unwrap_or_default() {
                    follow.mend(now_ms);
                } else {
                    follow.seq.get_or_insert_default();
                    (follow.state, follow.life) = (State::Live, self.lives);
                    updates.push_back(Update::CaughtUp { feed, seq });
                }
            }
            Subscribed::Snapshot { feed, epoch, seq, reset, state } => {
                let Some(follow) = self.all.get_mut(&feed) else { return };
                follow.epoch = Some(epoch);
                follow.step(seq);
                (follow.state, follow.life) = (State::Live, self.lives);
                updates.extend(reset.map(|why| Update::Reset { feed, why }));
                updates.push_back(Update::Snapshot { feed, seq, state: Box::new(state) });
                updates.push_back(Update::CaughtUp { feed, seq });
            }
            Subscribed::Refused { feed, problem } => self.refused(feed, problem, now_ms, updates),
        }
    }

    fn refused(
        &mut self,
        feed: FeedId,
        problem: Problem,
        now_ms: u64,
        updates: &mut VecDeque<Update>,
    ) {
        let Some(follow) = self.all.get_mut(&feed) else { return };
        match problem.retry_ms {
            Some(wait) => follow.state = State::Due(now_ms.saturating_add(wait.max(100))),
            None => {
                self.all.remove(&feed);
                updates.push_back(Update::Refused { feed, problem });
            }
        }
    }

    /// The event after the last one is passed on; what was there before is dropped, and what lies
    /// further on shows a gap, from whose start the feed is asked for again.
    pub(super) fn event(&mut self, event: Event, now_ms: u64, updates: &mut VecDeque<Update>) {
        if self.advance(event.feed, event.seq, now_ms, updates) {
            updates.push_back(Update::Event(Box::new(event)));
        }
    }

    /// Like [`Self::event`], of all events of one transaction.
    pub(super) fn events(
        &mut self,
        mut events: Vec<Event>,
        now_ms: u64,
        updates: &mut VecDeque<Update>,
    ) {
        events.retain(|event| self.advance(event.feed, event.seq, now_ms, updates));
        match events.len() {
            0 | 1 => updates.extend(events.pop().map(|event| Update::Event(Box::new(event)))),
            _ => updates.push_back(Update::Events(events)),
        }
    }

    /// Like [`Self::event`], of an event that is not shown.
    pub(super) fn hidden(
        &mut self,
        feed: FeedId,
        seq: Seq,
        now_ms: u64,
        updates: &mut VecDeque<Update>,
    ) {
        if self.advance(feed, seq, now_ms, updates) {
            updates.push_back(Update::Hidden { feed, seq });
        }
    }

    fn advance(
        &mut self,
        feed: FeedId,
        seq: Seq,
        now_ms: u64,
        updates: &mut VecDeque<Update>,
    ) -> bool {
        let Some(follow) = self.all.get_mut(&feed) else { return false };
        if follow.state != State::Live || follow.has(seq) {
            return false;
        }
        if !follow.is_next(seq) {
            follow.mend(now_ms);
            updates.extend(behind(feed));
            return false;
        }
        follow.step(seq);
        true
    }

    /// The server follows these feeds no longer for us: they are asked for from where we are.
    pub(super) fn lagged(&mut self, feeds: &[FeedId], now_ms: u64, updates: &mut VecDeque<Update>) {
        for feed in feeds {
            if let Some(follow) = self.all.get_mut(feed) {
                follow.state = State::Due(now_ms);
                updates.extend(behind(*feed));
            }
        }
    }

    /// The user may no longer read this feed.
    pub(super) fn closed(&mut self, feed: FeedId, removed: bool, updates: &mut VecDeque<Update>) {
        if self.all.remove(&feed).is_some() {
            updates.push_back(Update::Closed { feed, removed });
        }
    }
}

/// What is told when a feed has to be caught up with: only in topics it matters.
fn behind(feed: FeedId) -> Option<Update> {
    matches!(feed, FeedId::Topic(_)).then_some(Update::Behind { feed })
}

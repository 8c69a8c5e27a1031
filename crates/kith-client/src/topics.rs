//! The topics that a program follows, as it shows them: the values that the server ordered, with the
//! program's own changes done to them that are still on their way. Pure; fed with updates and
//! results.
//!
//! An own change shows at once. When others change the same topic meanwhile, it is done again on top
//! of theirs; when the server refuses it, it is as if it had not been. A change that does not fit any
//! longer is not shown until the server has decided. What one transaction does to several topics is
//! shown in one step, whoever made it: while a topic is caught up with, nothing that others did is
//! shown in any.

mod chain;
mod followed;
mod pending;
mod route;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use kith_core::command::{Command, Outcome};
use kith_core::decide::topic::CHANGES_MAX;
use kith_core::document::Topic;
use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, TopicId, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::OpId;
use kith_core::topic::{Asked, State, Value};
use kith_proto::error::Problem;
use kith_proto::frame::Reset;
use serde_json::Value as Json;

use chain::Edit;
use followed::{Followed, Held, News};
pub use pending::Along;
use pending::{Pending, Stand};

/// Topics that may be followed at a time.
pub const FOLLOWED_MAX: usize = 10_000;
/// Transactions that may be without the server's decision at a time.
pub const PENDING_MAX: usize = 1000;
/// Transactions that the server is asked for at a time; the others wait.
const ASKED_MAX: usize = 64;

/// What an observer is to be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// The topic has a value now.
    Ready(TopicId),
    /// The value that is shown is another, or what the topic is.
    Changed(TopicId),
    /// Something happened in an `event` topic. Own events are told when the server has them.
    Emitted(TopicId, Box<Event>),
    /// The topic is not followed any longer, and why.
    Closed(TopicId, Problem),
}

/// The topics that a program follows.
#[derive(Debug)]
pub struct Topics {
    me: UserId,
    all: BTreeMap<TopicId, Followed>,
    /// In the order of their making.
    pending: Vec<Pending>,
    /// Those that were shown and are being caught up with.
    behind: BTreeSet<TopicId>,
    /// Those that were caught up with since what is known was last whole.
    settled: BTreeSet<TopicId>,
    /// Those in which something happened since what is known was last whole.
    dirty: BTreeSet<TopicId>,
    /// Those of which own changes are shown.
    with_own: BTreeSet<TopicId>,
    /// What is shown of own changes is to be made anew.
    stale: bool,
    told: VecDeque<Told>,
}

impl Topics {
    /// No topics yet, of this user.
    #[must_use]
    pub fn new(me: UserId) -> Self {
        Self {
            me,
            all: BTreeMap::new(),
            pending: Vec::new(),
            behind: BTreeSet::new(),
            settled: BTreeSet::new(),
            dirty: BTreeSet::new(),
            with_own: BTreeSet::new(),
            stale: false,
            told: VecDeque::new(),
        }
    }

    /// Begins to follow a topic: its snapshot is awaited.
    ///
    /// # Errors
    /// [`Refusal::TooMany`] beyond [`FOLLOWED_MAX`].
    pub fn follow(&mut self, topic: TopicId) -> Result<(), Refusal> {
        if self.all.len() >= FOLLOWED_MAX && !self.all.contains_key(&topic) {
            return Err(Refusal::TooMany { max: FOLLOWED_MAX });
        }
        self.all.entry(topic).or_default();
        Ok(())
    }

    /// Follows a topic no longer. Own changes of it go their way unseen.
    pub fn forget(&mut self, topic: TopicId) {
        if self.remove(topic) {
            self.commit();
        }
    }

    fn remove(&mut self, topic: TopicId) -> bool {
        self.stale = true;
        self.behind.remove(&topic);
        self.settled.remove(&topic);
        self.all.remove(&topic).is_some()
    }

    /// Whether a topic is followed, or is about to be.
    #[must_use]
    pub fn follows(&self, topic: TopicId) -> bool {
        self.all.contains_key(&topic)
    }

    /// The value to show; `None` until the topic is [`Told::Ready`].
    #[must_use]
    pub fn value(&self, topic: TopicId) -> Option<&Value> {
        self.shown(topic).map(|state| &state.value)
    }

    /// What a topic is; `None` until it is [`Told::Ready`].
    #[must_use]
    pub fn about(&self, topic: TopicId) -> Option<&Topic> {
        self.all.get(&topic)?.held().map(|held| &held.about)
    }

    /// The last event of a topic that is known, shown or not.
    #[must_use]
    pub fn seq(&self, topic: TopicId) -> Option<Seq> {
        self.all.get(&topic)?.held().map(|held| held.seq)
    }

    /// Whether an own change of the topic has not been decided yet.
    #[must_use]
    pub fn is_pending(&self, topic: TopicId) -> bool {
        self.pending.iter().any(|pending| pending.touches(topic))
    }

    /// What an observer is next to be told.
    pub fn poll(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    fn shown(&self, topic: TopicId) -> Option<&State> {
        self.all.get(&topic)?.held().map(Held::shown)
    }

    /// Does a transaction, which shows at once. Places in it are counted on the values that are
    /// shown. Tells the name under which it goes: that of an earlier edit of a string which was not
    /// sent yet and became one with it, else `op`.
    ///
    /// # Errors
    /// A refusal: it does not fit the values that are shown, or there are too many undecided. Then
    /// nothing was done.
    pub fn change(
        &mut self,
        op: OpId,
        changes: Vec<Asked>,
        along: impl Into<Along>,
    ) -> Result<OpId, Refusal> {
        let along = along.into();
        if changes.len() > CHANGES_MAX || along.when.len() > CHANGES_MAX {
            return Err(Refusal::TooMany { max: CHANGES_MAX });
        }
        let mut made = Pending::new(op, changes, along);
        let states = made.try_first(|topic| self.all.get(&topic).and_then(Followed::held))?;
        let last = self.pending.last_mut();
        let op = match last.and_then(|last| last.join(&made)) {
            Some(op) => op,
            None if self.pending.len() >= PENDING_MAX => {
                return Err(Refusal::TooMany { max: PENDING_MAX });
            }
            None => {
                let op = made.op.clone();
                self.pending.push(made);
                op
            }
        };
        for (topic, state) in states {
            if let Some(held) = self.all.get_mut(&topic).and_then(Followed::held_mut) {
                held.shown = Some(state);
                self.with_own.insert(topic);
                self.told.push_back(Told::Changed(topic));
            }
        }
        Ok(op)
    }

    /// The next command to send, under its name, if there is one to be sent now. Edits of a string
    /// wait until the earlier ones are decided, for the server counts on a text that has those.
    pub fn poll_send(&mut self) -> Option<(OpId, Command)> {
        let frozen = self.is_frozen();
        let (mut earlier, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        let mut asked = 0;
        let mut next = None;
        for (place, pending) in self.pending.iter().enumerate() {
            asked += usize::from(matches!(pending.stand, Stand::Asked { .. }));
            if pending.stand != Stand::Held {
                earlier.extend(pending.topics());
                continue;
            }
            let out_of_turn = pending.topics().any(|topic| waiting.contains(&topic));
            let counts = pending.edited().any(|topic| frozen || earlier.contains(&topic));
            if next.is_none() && !out_of_turn && !counts {
                next = Some(place);
            }
            earlier.extend(pending.topics());
            waiting.extend(pending.topics());
        }
        if asked >= ASKED_MAX {
            return None;
        }
        let seqs =
            |topic: TopicId| self.all.get(&topic).and_then(Followed::held).map(|held| held.seq);
        let pending = self.pending.get_mut(next?)?;
        let command = pending.ask(seqs);
        Some((pending.op.clone(), command))
    }

    /// The server did it. It is no longer shown as an own change once its events are here.
    pub fn done(&mut self, op: &OpId, outcome: &Outcome) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.op == *op) {
            pending.stand = Stand::Done(outcome.events.clone());
            self.commit();
        }
    }

    /// The server definitely did not do it: what was shown of it is taken back. Gives the problem
    /// back with the place of the change as it was asked for.
    pub fn failed(&mut self, op: &OpId, mut problem: Problem) -> Problem {
        let Some(place) = self.pending.iter().position(|pending| pending.op == *op) else {
            return problem;
        };
        problem.change = problem.change.and_then(|sent| self.pending.get(place)?.asked_as(sent));
        self.take_out(place);
        if self.is_frozen() {
            self.show(BTreeSet::new());
        } else {
            self.commit();
        }
        problem
    }

    /// The state of a topic, which takes the place of what was held.
    pub fn snapshot(&mut self, topic: TopicId, seq: Seq, about: Topic, value: &Json) {
        let Some(followed) = self.all.get_mut(&topic) else { return };
        let Ok(value) = about.form().read(value) else {
            let text = "the value of a topic cannot be read: this client may be too old";
            return self.close(topic, Problem::new("topic.wrong_kind", text));
        };
        for pending in self.pending.iter_mut().filter(|pending| pending.touches(topic)) {
            // Whether the snapshot has it is known when its answer comes.
            pending.doubt();
        }
        followed.replace(seq, about, value);
        self.dirty.insert(topic);
        self.commit();
    }

    /// What is held of a topic is of another history: what was done in it may not be in this one.
    pub fn reset(&mut self, topic: TopicId, why: Reset) {
        if why != Reset::TooFar {
            self.pending.iter_mut().for_each(|pending| pending.forget_places(topic));
        }
    }

    /// The next event of a topic, which is all that its transaction did to topics that are followed.
    pub fn event(&mut self, event: &Event) {
        self.events(std::slice::from_ref(event));
    }

    /// All that one transaction did to topics that are followed.
    pub fn events(&mut self, events: &[Event]) {
        let frozen = self.is_frozen();
        for event in events {
            let FeedId::Topic(topic) = event.feed else { continue };
            let own = event.op.as_ref().filter(|_| event.by == Some(self.me));
            let own = own.and_then(|op| self.pending.iter_mut().find(|one| one.op == *op));
            let own = own.map(|pending| {
                pending.is_here = true;
                pending.op.clone()
            });
            let Some(followed) = self.all.get_mut(&topic) else { continue };
            self.dirty.insert(topic);
            if let Some(problem) = followed.event(event, own, frozen) {
                self.close(topic, problem);
            }
        }
        self.commit();
    }

    /// The next event of a topic is of somebody whom the user blocks.
    pub fn hidden(&mut self, topic: TopicId, seq: Seq) {
        if let Some(held) = self.all.get_mut(&topic).and_then(|followed| followed.held.as_mut()) {
            held.seq = held.seq.max(seq);
        }
        self.commit();
    }

    /// What happens in a topic is not told at present; it will be caught up with.
    pub fn behind(&mut self, topic: TopicId) {
        self.settled.remove(&topic);
        if self.all.get_mut(&topic).is_some_and(Followed::fall_behind) {
            self.behind.insert(topic);
        }
    }

    /// The connection is gone: nothing is told at present.
    pub fn offline(&mut self) {
        self.settled.clear();
        let behind =
            self.all.iter_mut().filter_map(|(topic, one)| one.fall_behind().then_some(*topic));
        self.behind.extend(behind);
    }

    /// These feeds have been caught up with: no transaction is known in one of them and not yet in
    /// another that is followed.
    pub fn settled(&mut self, feeds: &[FeedId]) {
        for feed in feeds {
            let FeedId::Topic(topic) = *feed else { continue };
            self.behind.remove(&topic);
            self.settled.insert(topic);
        }
        self.commit();
    }

    /// The topic cannot be followed any longer.
    pub fn close(&mut self, topic: TopicId, problem: Problem) {
        if self.remove(topic) {
            self.told.push_back(Told::Closed(topic, problem));
            self.commit();
        }
    }

    /// Whether what others do is not shown at present, for it may be half of something.
    #[must_use]
    pub fn is_frozen(&self) -> bool {
        let doubtful =
            |pending: &Pending| matches!(pending.stand, Stand::Asked { doubtful: true, .. });
        !self.behind.is_empty() || self.pending.iter().any(doubtful)
    }

    /// Shows what is known, if that is whole.
    fn commit(&mut self) {
        if self.is_frozen() {
            return;
        }
        for topic in std::mem::take(&mut self.settled) {
            if self.all.get_mut(&topic).is_some_and(Followed::settle) {
                self.stale = true;
                self.told.push_back(Told::Ready(topic));
            }
            self.dirty.insert(topic);
        }
        let mut changed = BTreeSet::new();
        for topic in std::mem::take(&mut self.dirty) {
            let held = self.all.get_mut(&topic).and_then(Followed::held_mut);
            let Some(News { is_other, emitted, moved }) = held.map(Held::settle) else { continue };
            changed.extend(is_other.then_some(topic));
            let tell = |event| Told::Emitted(topic, Box::new(event));
            self.told.extend(emitted.into_iter().map(tell));
            for (own, edit) in moved {
                match own {
                    Some(op) => self.arrived(topic, &op),
                    None => self.shift(0, topic, vec![edit]),
                }
            }
        }
        let is_new = |topic| changed.contains(&topic);
        self.stale |= self.pending.iter().any(|pending| pending.topics().any(is_new));
        let mut place = 0;
        while let Some(pending) = self.pending.get(place) {
            let reached = |topic: TopicId, seq: Seq| {
                let held = self.all.get(&topic).and_then(|followed| followed.held.as_ref());
                held.is_none_or(|held| held.seq >= seq)
            };
            if pending.is_here || pending.is_reached(reached) {
                self.take_out(place);
            } else {
                place += 1;
            }
        }
        if self.stale {
            self.show(changed);
        } else {
            self.told.extend(changed.into_iter().map(Told::Changed));
        }
    }

    /// Does all that is pending anew on what is there; `changed` are those topics in which that is
    /// another.
    fn show(&mut self, mut changed: BTreeSet<TopicId>) {
        self.stale = false;
        let mut states: BTreeMap<TopicId, State> = BTreeMap::new();
        let mut done = 0;
        for pending in &self.pending {
            pending.try_again(&mut states, &mut done, |topic| {
                self.all.get(&topic).and_then(Followed::held)
            });
        }
        let mut topics = std::mem::take(&mut self.with_own);
        self.with_own.extend(states.keys());
        topics.extend(states.keys());
        for topic in topics {
            let Some(held) = self.all.get_mut(&topic).and_then(Followed::held_mut) else {
                continue;
            };
            let is_other = held.show(states.remove(&topic), changed.contains(&topic));
            let _ = if is_other { changed.insert(topic) } else { changed.remove(&topic) };
        }
        self.told.extend(changed.into_iter().map(Told::Changed));
    }

    /// What a pending transaction did to a topic is now part of its value.
    fn arrived(&mut self, topic: TopicId, op: &OpId) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.op == *op) {
            pending.arrive(topic);
        }
    }

    /// Takes a pending transaction out: those after it are reckoned over what is missing then.
    fn take_out(&mut self, place: usize) {
        self.stale = true;
        let gone = self.pending.remove(place);
        for (topic, edits) in gone.undoing() {
            self.shift(place, topic, edits);
        }
    }

    /// Reckons the pending edits of a string, from the transaction at `place` on, over edits that
    /// come before them.
    fn shift(&mut self, place: usize, topic: TopicId, mut edits: Vec<Edit>) {
        for pending in self.pending.iter_mut().skip(place) {
            edits = pending.shift(topic, edits);
        }
    }
}

//! A decision in the making: what it read, what it would change, and why it stopped.
//!
//! The rules read documents from a [`Draft`], emit events and put documents into it. Nothing is
//! changed until the draft is committed; a refused draft is dropped. When a document is not at hand
//! the rule stops with [`Stop::Missing`]; the caller loads it and runs the rule again, so rules are
//! plain functions without I/O.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::chain::ChainHash;
use crate::document::{AsDoc, Doc, Facts, FeedHead, Key, Steps};
use crate::event::{BYTES_MAX, Body, CREATED_BYTES_MAX, Event, UPDATES_BYTES_MAX};
use crate::id::{CircleId, FeedId, Seq, Timestamp, TopicId, UserId};
use crate::index::index;
use crate::reduce::{Documents, reduce};
use crate::refusal::Refusal;
use crate::scratch;
use crate::text::OpId;
use crate::topic::{Fact, State};
use crate::written::Written;

/// Why a rule ended without a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The caller may not, or asked nonsense.
    Refused(Refusal),
    /// This document has to be loaded first.
    Missing(Key),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A document is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotLoaded;

/// Where a draft reads documents. While a rule runs it says the same however often it is asked.
pub trait Source {
    /// The document, `None` when there is none.
    ///
    /// # Errors
    /// [`NotLoaded`] when it is not known whether there is one.
    fn find(&self, key: &Key) -> Result<Option<Doc>, NotLoaded>;
}

/// One event of a draft, with its stored text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafted {
    /// The event.
    pub event: Arc<Event>,
    /// Its JSON.
    pub json: Arc<str>,
    /// The chain up to it; of a feed that is not stored there is none.
    pub hash: ChainHash,
}

/// What a draft would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The events, feed by feed in order.
    pub events: Vec<Drafted>,
    /// The documents that differ, heads included; `None` for removed ones.
    pub documents: Written,
    /// The feeds that forget their beginnings, each up to and with this event.
    pub trims: BTreeMap<FeedId, Seq>,
}

impl Changes {
    /// What happened to the values of topics, beyond those that are among the documents.
    pub fn facts(&self) -> impl Iterator<Item = (TopicId, Seq, &Fact)> {
        let is_beyond = |topic| !self.documents.contains_key(&Key::State(topic));
        self.all_facts().filter(move |(topic, ..)| is_beyond(*topic))
    }

    /// What happens to topics, in order.
    pub fn all_facts(&self) -> impl Iterator<Item = (TopicId, Seq, &Fact)> {
        self.events.iter().filter_map(|drafted| match (drafted.event.feed, &drafted.event.body) {
            (FeedId::Topic(topic) | FeedId::Live(topic), Body::Changed { fact }) => {
                Some((topic, drafted.event.seq, fact))
            }
            _ => None,
        })
    }
}

/// The JSON of an event: a struct of texts, numbers and maps with text keys, so it always has one.
fn json_of(event: &Event) -> Arc<str> {
    scratch::json(event, |json| Arc::from(json)).unwrap_or_default()
}

/// A decision in the making.
pub struct Draft<'a> {
    source: &'a dyn Source,
    /// The time of the decision.
    pub now: Timestamp,
    /// Who decides; `None` for the site itself.
    pub by: Option<UserId>,
    op: Option<OpId>,
    random: u128,
    drawn: Cell<u64>,
    changes: Changes,
}

impl<'a> Draft<'a> {
    /// A draft of what `by` does at `now`. `random` must be fresh: ids are made from it.
    #[must_use]
    pub fn new(
        source: &'a dyn Source,
        now: Timestamp,
        by: Option<UserId>,
        op: Option<OpId>,
        random: u128,
    ) -> Self {
        Self { source, now, by, op, random, drawn: Cell::new(0), changes: Changes::default() }
    }

    /// The next random number: BLAKE3 of the one that was passed in and a count, so that who sees
    /// one number (in an id) cannot tell another (a code).
    pub fn random(&self) -> u128 {
        let drawn = self.drawn.get();
        self.drawn.set(drawn + 1);
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.random.to_le_bytes());
        hasher.update(&drawn.to_le_bytes());
        let mut bytes = [0; 16];
        hasher.finalize_xof().fill(&mut bytes);
        u128::from_le_bytes(bytes)
    }

    /// The document as this draft would leave it.
    ///
    /// # Errors
    /// [`Stop::Missing`] when it has to be loaded first.
    pub fn find(&self, key: &Key) -> Result<Option<Doc>, Stop> {
        if let Some(changed) = self.changes.documents.get(key) {
            return Ok(changed.clone());
        }
        self.source.find(key).map_err(|NotLoaded| Stop::Missing(key.clone()))
    }

    pub(crate) fn typed<T: AsDoc>(&self, key: &Key) -> Result<Option<Arc<T::Doc>>, Stop> {
        Ok(self.find(key)?.and_then(T::get))
    }

    /// Puts a document, or removes it.
    pub fn put(&mut self, key: Key, doc: Option<Doc>) {
        self.changes.documents.insert(key, doc);
    }

    /// Has a feed forget its events up to one of them, which is not its last.
    pub fn trim(&mut self, feed: FeedId, through: Seq) {
        self.changes.trims.insert(feed, through);
    }

    /// The end of a feed.
    ///
    /// # Errors
    /// [`Stop::Missing`] when it has to be loaded first.
    pub fn head(&self, feed: FeedId) -> Result<FeedHead, Stop> {
        match self.find(&Key::Head(feed))? {
            Some(Doc::Head(head)) => Ok(head),
            _ => Ok(FeedHead::default()),
        }
    }

    /// The highest number of a user's operations in a series; 0 when there is none.
    ///
    /// # Errors
    /// [`Stop::Missing`] when it has to be loaded first.
    pub fn last_in_series(&self, user: UserId, series: &Arc<str>) -> Result<u64, Stop> {
        match self.find(&Key::Series(user, Arc::clone(series)))? {
            Some(Doc::Series(number)) => Ok(number),
            _ => Ok(0),
        }
    }

    /// What a user can take back in a circle.
    ///
    /// # Errors
    /// [`Stop::Missing`] when it has to be loaded first.
    pub fn steps(&self, circle: CircleId, user: UserId) -> Result<Arc<Steps>, Stop> {
        match self.find(&Key::Steps(circle, user))? {
            Some(Doc::Steps(steps)) => Ok(steps),
            _ => Ok(Arc::default()),
        }
    }

    /// What happened to a topic from one event to another, both of them counted in. Events of this
    /// draft are not among them.
    ///
    /// # Errors
    /// [`Stop::Missing`] when it has to be loaded first.
    pub fn facts(&self, topic: TopicId, from: Seq, to: Seq) -> Result<Arc<Facts>, Stop> {
        match self.find(&Key::Facts(topic, from, to))? {
            Some(Doc::Facts(facts)) => Ok(facts),
            _ => Ok(Arc::default()),
        }
    }

    /// The present value of a topic, with what this draft did to it.
    ///
    /// # Errors
    /// [`Stop::Missing`] when it has to be loaded first.
    pub fn state(&mut self, topic: TopicId) -> Result<Option<Arc<State>>, Stop> {
        let key = Key::State(topic);
        let Some(Doc::State(mut state)) = self.find(&key)? else { return Ok(None) };
        // Among the documents it has them already: a long transaction asks for it again and again.
        if !self.changes.documents.contains_key(&key) {
            let facts = self.changes.all_facts().filter(|(changed, ..)| *changed == topic);
            let mut facts = facts.peekable();
            if facts.peek().is_some() {
                let changed = Arc::make_mut(&mut state);
                facts.for_each(|(_, seq, fact)| changed.apply(seq, fact));
                self.put(key, Some(Doc::State(Arc::clone(&state))));
            }
        }
        Ok(Some(state))
    }

    /// Adds an event to a feed, and changes the documents that it tells about.
    ///
    /// # Errors
    /// [`Stop::Missing`] when a document has to be loaded first, and [`Refusal::TooMuchToTell`].
    pub fn emit(&mut self, feed: FeedId, body: Body) -> Result<Arc<Event>, Stop> {
        let head = self.head(feed)?;
        let event = Event {
            feed,
            seq: head.seq.next(),
            at: self.now,
            by: self.by,
            op: self.op.clone(),
            body,
        };
        let json = json_of(&event);
        let max = match &event.body {
            Body::Changed { fact: Fact::Update { .. } } => UPDATES_BYTES_MAX,
            Body::TopicCreated { .. } => CREATED_BYTES_MAX,
            _ => BYTES_MAX,
        };
        if json.len() > max {
            return Err(Refusal::TooMuchToTell { max }.into());
        }
        // Where nothing is stored there is nothing that could be checked.
        let hash = match feed.is_stored() {
            true => head.hash.next(feed, event.seq, &json),
            false => head.hash,
        };
        self.put(Key::Head(feed), Some(Doc::Head(FeedHead { seq: event.seq, hash })));
        index(self, &event)?;
        reduce(self, &event)?;
        let event = Arc::new(event);
        if self.changes.events.is_empty() {
            // Most operations bring about one.
            self.changes.events.reserve_exact(1);
        }
        self.changes.events.push(Drafted { event: Arc::clone(&event), json, hash });
        Ok(event)
    }

    /// As [`emit`](Self::emit), without saying who did it, nor of which operation it came.
    ///
    /// # Errors
    /// As [`emit`](Self::emit).
    pub fn emit_unsigned(&mut self, feed: FeedId, body: Body) -> Result<Arc<Event>, Stop> {
        let (by, op) = (self.by.take(), self.op.take());
        let emitted = self.emit(feed, body);
        (self.by, self.op) = (by, op);
        emitted
    }

    /// The events of this draft so far.
    pub fn emitted(&self) -> impl Iterator<Item = &Event> {
        self.changes.events.iter().map(|drafted| drafted.event.as_ref())
    }

    /// Ends the draft: what is to be committed.
    #[must_use]
    pub fn into_changes(self) -> Changes {
        self.changes
    }

    /// The operation this draft is for.
    #[must_use]
    pub fn op(&self) -> Option<&OpId> {
        self.op.as_ref()
    }
}

impl Documents for Draft<'_> {
    type Error = Stop;

    fn find(&self, key: &Key) -> Result<Option<Doc>, Stop> {
        Draft::find(self, key)
    }

    fn put(&mut self, key: Key, doc: Option<Doc>) {
        Draft::put(self, key, doc);
    }

    /// A value that is not among the documents is left alone: it may be large, and nobody may look
    /// at it again. Whoever takes the changes folds the [facts](Changes::facts) in.
    fn happen(&mut self, topic: TopicId, seq: Seq, fact: &Fact) -> Result<(), Stop> {
        if let Some(Some(Doc::State(state))) = self.changes.documents.get_mut(&Key::State(topic)) {
            Arc::make_mut(state).apply(seq, fact);
        }
        Ok(())
    }
}

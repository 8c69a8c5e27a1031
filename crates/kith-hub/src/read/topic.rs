//! Topics and their values.

use std::sync::Arc;

use kith_core::access;
use kith_core::document::{Doc, Facts, Kept, Key, STEPS_MAX, Steps, Topic, seq_key};
use kith_core::event::{Body, Event};
use kith_core::id::{CircleId, FeedId, Seq, TopicId, UserId};
use kith_core::reduce::{Documents, reduce};
use kith_core::refusal::Refusal;
use kith_core::text::TopicName;
use kith_core::topic::State;
use kith_store::{Document, Range};

use super::{damaged, parse_event};
use crate::keys::prefix;
use crate::{Hub, HubError};

/// Events, or names, that are read in one step.
const STEP: usize = 500;

/// Turns to read what is forgotten meanwhile.
const TURNS_MAX: usize = 10;

/// What became of a value that was kept.
enum Since {
    /// The value, if there is one.
    Value(Option<Box<State>>),
    /// Some of it is forgotten.
    Forgotten,
}

impl Hub {
    /// The value of a topic as the store has it, after the event `until`: what was kept before, and
    /// what happened since. `None` where that is forgotten, or was never there.
    pub(crate) async fn value(
        &self,
        topic: TopicId,
        until: Option<Seq>,
    ) -> Result<Option<State>, HubError> {
        let until = until.unwrap_or(kith_store::SEQ_MAX);
        let mut before = None;
        for _ in 0..TURNS_MAX {
            let kept = self.kept(topic, until).await?;
            let seq = kept.as_ref().map(|kept| kept.seq);
            match self.value_since(topic, kept, until).await? {
                Since::Value(state) => return Ok(state.map(|state| *state)),
                // What was kept did not change meanwhile: it is not that it was forgotten just now.
                Since::Forgotten if before == Some(seq) => return Ok(None),
                Since::Forgotten => before = Some(seq),
            }
        }
        Err(HubError::Busy)
    }

    /// Folds what happened up to the event `until` into what was kept.
    async fn value_since(
        &self,
        topic: TopicId,
        kept: Option<Kept>,
        until: Seq,
    ) -> Result<Since, HubError> {
        let feed = FeedId::Topic(topic);
        let mut documents = std::collections::BTreeMap::new();
        let mut after = Seq(0);
        if let Some(kept) = kept {
            let value = kept.holds.read(&kept.value);
            let state = State::new(kept.seq, value.map_err(|error| damaged("value", &error))?);
            documents.insert(Key::State(topic), Doc::State(Arc::new(state)));
            after = kept.seq;
        }
        while after < until {
            let rows = self.inner.store.events(feed, after, STEP).await?;
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else { break };
            if first.seq != after.next() {
                return Ok(Since::Forgotten);
            }
            after = last.seq;
            for row in rows.iter().take_while(|row| row.seq <= until) {
                let event = parse_event(&row.body)?;
                match &event.body {
                    Body::Changed { fact } => documents.happen(topic, event.seq, fact),
                    _ => reduce(&mut documents, &event),
                }
                .unwrap_or_else(|never| match never {});
            }
            if rows.len() < STEP {
                break;
            }
        }
        Ok(Since::Value(documents.remove(&Key::State(topic)).and_then(|doc| match doc {
            Doc::State(state) => Some(Box::new(Arc::unwrap_or_clone(state))),
            _ => None,
        })))
    }

    /// The last value of a topic that was kept, up to the event `until`.
    pub(crate) async fn kept(&self, topic: TopicId, until: Seq) -> Result<Option<Kept>, HubError> {
        let before = Some(format!("{topic}/{}", seq_key(until.next())));
        let range = Range { before, descending: true, ..prefix("kept", &topic) };
        let rows = self.inner.store.scan(range, 1).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        match Doc::parse_in("kept", &row.body) {
            Some(Ok(Doc::Kept(kept))) => Ok(Some(Arc::unwrap_or_clone(kept))),
            _ => Err(damaged("kept", &row.key)),
        }
    }

    /// What happened to a topic from one event to another.
    pub(crate) async fn facts(
        &self,
        topic: TopicId,
        from: Seq,
        to: Seq,
    ) -> Result<Facts, HubError> {
        let mut facts = Facts::default();
        let mut after = Seq(from.0.saturating_sub(1));
        while after < to {
            let rows = self.inner.store.events(FeedId::Topic(topic), after, STEP).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in rows.iter().take_while(|row| row.seq <= to) {
                let event = parse_event(&row.body)?;
                if let Body::Changed { fact } = event.body {
                    facts.facts.push((event.seq, fact));
                }
            }
        }
        Ok(facts)
    }

    /// What a user can take back in a circle, as the store has it.
    pub(crate) async fn steps(&self, circle: CircleId, user: UserId) -> Result<Steps, HubError> {
        let range = prefix("step", &format!("{circle}/{user}"));
        let rows = self.inner.store.scan(range, STEPS_MAX).await?;
        let steps = rows.iter().map(|row| match Doc::parse_in("step", &row.body) {
            Some(Ok(Doc::Step(step))) => Ok(Arc::unwrap_or_clone(step)),
            _ => Err(damaged("step", &row.key)),
        });
        Ok(Steps::new(steps.collect::<Result<Vec<_>, _>>()?))
    }

    /// How many steps a user can take back in a circle, and how many they can do again.
    ///
    /// # Errors
    /// `circle.not_found`.
    pub async fn undoable(
        &self,
        user: UserId,
        circle: CircleId,
    ) -> Result<(usize, usize), HubError> {
        self.look_committed(|draft| {
            access::in_circle(draft, user, circle)?;
            let steps = draft.steps(circle, user)?;
            let known = steps.steps.iter().filter(|step| !step.is_over(draft.now));
            let (undone, done): (Vec<_>, Vec<_>) = known.partition(|step| step.undone);
            Ok((done.len(), undone.len()))
        })
        .await
    }

    /// A topic with its value, and the event after which it is so.
    pub(crate) async fn topic_now(
        &self,
        id: TopicId,
    ) -> Result<(Seq, Arc<Topic>, Arc<State>), HubError> {
        let found = self
            .look_committed(|draft| {
                let topic = draft.topic(id)?.ok_or(Refusal::NoSuchTopic)?;
                let seq = draft.head(topic.feed())?.seq;
                match draft.find(&Key::State(id))? {
                    Some(Doc::State(state)) => Ok((seq, topic, state)),
                    _ => Err(Refusal::NoSuchTopic.into()),
                }
            })
            .await?;
        self.let_go(found.1.feed());
        Ok(found)
    }

    /// A topic that a user may read.
    ///
    /// # Errors
    /// `topic.not_found`.
    pub async fn topic(&self, user: UserId, topic: TopicId) -> Result<Arc<Topic>, HubError> {
        let found = self.look_committed(|draft| access::in_topic(draft, user, topic)).await?;
        self.settled().await?;
        Ok(found.topic)
    }

    /// A topic with its value, and the number of the event after which it is so.
    ///
    /// # Errors
    /// `topic.not_found`.
    pub async fn topic_value(
        &self,
        user: UserId,
        topic: TopicId,
    ) -> Result<(Seq, Arc<Topic>, Arc<State>), HubError> {
        self.look_committed(|draft| access::in_topic(draft, user, topic)).await?;
        self.topic_now(topic).await
    }

    /// A topic as it is, with its value as it was after the event `seq`.
    ///
    /// # Errors
    /// `topic.not_found`, and `topic.stale` where that is not known.
    pub async fn topic_value_at(
        &self,
        user: UserId,
        id: TopicId,
        seq: Seq,
    ) -> Result<(Seq, Arc<Topic>, Arc<State>), HubError> {
        let topic = self.topic(user, id).await?;
        if topic.rules.ephemeral || seq > self.inner.store.head(FeedId::Topic(id)).await?.seq {
            return Err(Refusal::Stale.into());
        }
        let state = self.value(id, Some(seq)).await?.ok_or(Refusal::Stale)?;
        Ok((seq, topic, Arc::new(state)))
    }

    /// What happened to a topic before an event, newest first, and whether there is more: it ends with
    /// what is forgotten. Of an ephemeral one only what it is was ever written down.
    ///
    /// # Errors
    /// `topic.not_found`.
    pub async fn history(
        &self,
        user: UserId,
        topic: TopicId,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<(Vec<Event>, bool), HubError> {
        self.topic(user, topic).await?;
        let feed = FeedId::Topic(topic);
        let head = self.inner.store.head(feed).await?.seq;
        let last = before.map_or(head, |before| Seq(before.0.saturating_sub(1)).min(head));
        let begin = Seq((last.0 + 1).saturating_sub(limit as u64).max(1));
        // One more than is asked for tells whether there is more.
        let after = Seq(begin.0.saturating_sub(2));
        let count = usize::try_from(last.0 - after.0).unwrap_or(limit);
        let rows = match last {
            Seq(0) => Vec::new(),
            _ => self.inner.store.events(feed, after, count).await?,
        };
        let more = rows.first().is_some_and(|row| row.seq < begin);
        // Where its beginning is forgotten there may be later ones among them.
        let rows = rows.iter().filter(|row| row.seq >= begin && row.seq <= last);
        let events = rows.rev().map(|row| parse_event(&row.body));
        Ok((events.collect::<Result<Vec<_>, _>>()?, more))
    }

    /// The topic of a name in a circle.
    ///
    /// # Errors
    /// `topic.not_found`.
    pub async fn topic_named(
        &self,
        user: UserId,
        circle: CircleId,
        name: &TopicName,
    ) -> Result<Arc<Topic>, HubError> {
        let found = self
            .look_committed(|draft| {
                let named = draft.topic_named(circle, name.clone())?;
                let named = named.ok_or(Refusal::NoSuchTopic)?;
                access::in_topic(draft, user, named.topic)
            })
            .await?;
        self.settled().await?;
        Ok(found.topic)
    }

    /// Topics of a circle that a user may read, in the order of their names, and whether there are
    /// more. Only those whose names begin with `begin` and come after `after`.
    ///
    /// # Errors
    /// `circle.not_found`.
    pub async fn topics(
        &self,
        user: UserId,
        circle: CircleId,
        begin: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Arc<Topic>>, bool), HubError> {
        self.look_committed(|draft| access::in_circle(draft, user, circle)).await?;
        self.settled().await?;
        let mut after = after.map(|name| format!("{circle}/{name}"));
        let mut topics = Vec::new();
        // Those that the user may not read are passed over, however many stand together.
        let more = 'all: loop {
            let range = Range {
                prefix: format!("{circle}/{begin}"),
                after: after.take(),
                ..prefix("topic_name", &circle)
            };
            let rows = self.inner.store.scan(range, STEP).await?;
            for row in &rows {
                if topics.len() == limit {
                    break 'all true;
                }
                topics.extend(self.topic_in(user, row).await?);
            }
            match rows.last() {
                Some(last) if rows.len() == STEP => after = Some(last.key.clone()),
                _ => break false,
            }
        };
        Ok((topics, more))
    }

    /// The topic of a row, if a user may read it.
    async fn topic_in(&self, user: UserId, row: &Document) -> Result<Option<Arc<Topic>>, HubError> {
        let id = match Doc::parse_in("topic_name", &row.body) {
            Some(Ok(Doc::TopicName(named))) => named.topic,
            _ => return Err(damaged("topic_name", &row.key)),
        };
        match self.look_committed(|draft| access::in_topic(draft, user, id)).await {
            Ok(found) => Ok(Some(found.topic)),
            Err(HubError::Refused(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

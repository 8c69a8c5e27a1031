//! Topics that keep only the end of their history: what is older is forgotten a little at a time, up to
//! a value that is kept, from which the topic then begins.

use std::sync::Arc;

use kith_core::command::Outcome;
use kith_core::document::{Key, Past, seq_key};
use kith_core::draft::{Changes, Draft, Stop};
use kith_core::id::{FeedId, Seq, TopicId};
use kith_store::Range;
use tokio::sync::Semaphore;

use crate::forget::{EVENTS, STEPS_MAX, TOPICS, VALUES};
use crate::keys::{last_part, prefix};
use crate::tended::Tended;
use crate::{Hub, HubError, Inner};

/// Topics that forget at a time.
const TURNS: usize = 2;

/// The topics that forget just now.
pub(crate) struct Forgetting {
    topics: Tended<TopicId>,
    turns: Semaphore,
}

impl Default for Forgetting {
    fn default() -> Self {
        Self { topics: Tended::default(), turns: Semaphore::new(TURNS) }
    }
}

/// Has the topics forget whose values were kept by what was committed.
pub(crate) fn tend(inner: &Arc<Inner>, changes: &Changes) {
    let kept = changes.documents.iter().filter_map(|change| match change {
        (Key::Past(topic), Some(_)) => Some(*topic),
        _ => None,
    });
    for topic in kept {
        if !inner.forgetting.topics.begin(topic) {
            continue;
        }
        let hub = Hub { inner: Arc::clone(inner) };
        tokio::spawn(async move {
            while hub.inner.forgetting.topics.again(topic) {
                match hub.forget_all(topic).await {
                    Ok(()) | Err(HubError::Closed) => {}
                    // What is noted of it stays until it is done.
                    Err(error) => {
                        tracing::warn!(%topic, %error, "a topic could not forget its past yet");
                    }
                }
            }
        });
    }
}

impl Hub {
    /// Forgets more of what topics need not keep, where that was not done when their values were
    /// kept; says how many values and events.
    pub(crate) async fn forget_past(&self) -> Result<u64, HubError> {
        let range = Range {
            collection: "past",
            prefix: String::new(),
            after: None,
            before: None,
            descending: false,
        };
        let noted = self.inner.store.scan(range, TOPICS).await?;
        let mut topics = noted.iter().filter_map(|row| row.key.parse::<TopicId>().ok());
        let (mut topic, mut forgotten) = (topics.next(), 0);
        for _ in 0..STEPS_MAX {
            let Some(id) = topic else { break };
            let (count, over) = self.forget_some(id).await?;
            forgotten += count;
            if over {
                topic = topics.next();
            }
        }
        Ok(forgotten)
    }

    async fn forget_all(&self, topic: TopicId) -> Result<(), HubError> {
        let turns = &self.inner.forgetting.turns;
        let _turn = turns.acquire().await.map_err(|_| HubError::Closed)?;
        while !self.forget_some(topic).await?.1 {}
        Ok(())
    }

    /// One step: how much was forgotten, and whether there is no more to forget.
    ///
    /// First the values go that are older than the one from which the topic shall begin, then the
    /// events up to it: what is left of those meanwhile tells nothing any more.
    async fn forget_some(&self, topic: TopicId) -> Result<(u64, bool), HubError> {
        let feed = FeedId::Topic(topic);
        let look = |draft: &Draft<'_>| Ok((draft.past(topic)?, newest_old(draft, topic)?));
        let noted = self.look_committed(look).await?;
        let (Some(past), newest) = noted else { return Ok((0, true)) };
        let first = self.inner.store.events(feed, Seq(0), 1).await?;
        let (Some(newest), Some(first)) = (newest, first.first().map(|event| event.seq)) else {
            return self.forgotten(topic, &past).await;
        };
        let kept = self.kept(topic, newest).await?;
        let Some(begin) = kept.filter(|kept| kept.is_beginning() && kept.seq >= first) else {
            return self.forgotten(topic, &past).await;
        };
        let begin = begin.seq;
        let before = Some(format!("{topic}/{}", seq_key(begin)));
        let range = Range { before, ..prefix("kept", &topic) };
        let rows = self.inner.store.scan(range, VALUES).await?;
        let seqs = rows.iter().filter_map(|row| u64::from_str_radix(last_part(&row.key)?, 16).ok());
        let values: Vec<Key> = seqs.map(|seq| Key::Kept(topic, Seq(seq))).collect();
        let through =
            (rows.len() < VALUES).then(|| begin.min(Seq(first.0.saturating_add(EVENTS - 1))));
        let (mut forgotten, mut over) = (0, false);
        self.transact(None, None, |draft| {
            (forgotten, over) = (0, false);
            // The rule may have changed since.
            if newest_old(draft, topic)?.is_none_or(|newest| newest < begin) {
                return Ok(Outcome::default());
            }
            forgotten = values.len() as u64;
            values.iter().for_each(|key| draft.put(key.clone(), None));
            if let Some(through) = through {
                forgotten += (through.0 + 1).saturating_sub(first.0);
                draft.trim(feed, through);
            }
            if through == Some(begin) {
                over = done(draft, topic, &past)?;
            }
            Ok(Outcome::default())
        })
        .await?;
        Ok((forgotten, over))
    }

    /// Notes that there is nothing to forget now.
    async fn forgotten(&self, topic: TopicId, past: &Past) -> Result<(u64, bool), HubError> {
        let mut over = false;
        self.transact(None, None, |draft| {
            over = done(draft, topic, past)?;
            Ok(Outcome::default())
        })
        .await?;
        Ok((0, over))
    }
}

/// The newest event that a topic may forget.
fn newest_old(draft: &Draft<'_>, topic: TopicId) -> Result<Option<Seq>, Stop> {
    let Some(found) = draft.topic(topic)? else { return Ok(None) };
    let Some(count) = found.rules.events_kept() else { return Ok(None) };
    let head = draft.head(FeedId::Topic(topic))?.seq;
    Ok(head.0.checked_sub(count).map(Seq))
}

/// Notes that there is nothing to forget until the value is kept again, unless that was done already.
fn done(draft: &mut Draft<'_>, topic: TopicId, past: &Past) -> Result<bool, Stop> {
    match draft.past(topic)? {
        Some(now) if *now != *past => Ok(false),
        Some(_) => {
            draft.put(Key::Past(topic), None);
            Ok(true)
        }
        None => Ok(true),
    }
}

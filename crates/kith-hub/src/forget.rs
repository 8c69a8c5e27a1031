//! Forgetting what removed topics held, a little at a time: their values that were kept, and then their
//! events, up to the one that says that the topic was removed.

use kith_core::command::Outcome;
use kith_core::document::Key;
use kith_core::id::{FeedId, Seq, TopicId};
use kith_store::Range;

use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

/// Topics that are looked after at a time.
pub(crate) const TOPICS: usize = 100;
/// Steps at a time, of all of them together; the next time goes on from there.
pub(crate) const STEPS_MAX: usize = 40;
/// Kept values that are removed in one step: they may be large.
pub(crate) const VALUES: usize = 4;
/// Events that are forgotten in one step.
pub(crate) const EVENTS: u64 = 1000;

impl Hub {
    /// Forgets more of what removed topics held; says how many values and events.
    pub(crate) async fn forget_removed(&self) -> Result<u64, HubError> {
        let range = Range {
            collection: "gone",
            prefix: String::new(),
            after: None,
            before: None,
            descending: false,
        };
        let gone = self.inner.store.scan(range, TOPICS).await?;
        let mut topics = gone.iter().filter_map(|row| row.key.parse::<TopicId>().ok());
        let (mut topic, mut forgotten) = (topics.next(), 0);
        for _ in 0..STEPS_MAX {
            let Some(id) = topic else { break };
            let (count, over) = self.forget(id).await?;
            forgotten += count;
            if over {
                topic = topics.next();
            }
        }
        Ok(forgotten)
    }

    /// One step: how much was forgotten, and whether that was the last of it.
    pub(crate) async fn forget(&self, topic: TopicId) -> Result<(u64, bool), HubError> {
        let (feed, store) = (FeedId::Topic(topic), &self.inner.store);
        let rows = store.scan(prefix("kept", &topic), VALUES).await?;
        let seqs = rows.iter().filter_map(|row| u64::from_str_radix(last_part(&row.key)?, 16).ok());
        let values: Vec<Key> = seqs.map(|seq| Key::Kept(topic, Seq(seq))).collect();
        if !values.is_empty() {
            self.transact(None, None, |draft| {
                values.iter().for_each(|key| draft.put(key.clone(), None));
                Ok(Outcome::default())
            })
            .await?;
            return Ok((values.len() as u64, false));
        }
        let last = store.head(feed).await?.seq.0.saturating_sub(1);
        let first = store.events(feed, Seq(0), 1).await?;
        let first = first.first().map_or(Seq(last + 1), |event| event.seq);
        let through = last.min(first.0.saturating_add(EVENTS - 1));
        let over = through == last;
        self.transact(None, None, |draft| {
            if through >= first.0 {
                draft.trim(feed, Seq(through));
            }
            if over {
                draft.put(Key::Gone(topic), None);
            }
            Ok(Outcome::default())
        })
        .await?;
        Ok(((through + 1).saturating_sub(first.0), over))
    }
}

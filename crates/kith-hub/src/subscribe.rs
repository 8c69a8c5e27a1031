//! Following a feed: from where the reader was, or from a snapshot, without gap or repeat.
//!
//! The reader reads the past from the store until it meets the present: the last event it read is
//! the feed's head, or is followed by the events that are still at hand. Then, in one step under
//! the fan's lock, its answer is put into its mailbox, what is at hand behind it, and it is live.

use std::sync::Arc;

use bytes::Bytes;
use kith_core::access;
use kith_core::id::{FeedId, Seq};

use crate::fan::{Delivery, Fan, Live, Table};
use crate::item::{Grant, Item};
use crate::subscriber::Subscriber;
use crate::{Hub, HubError};

/// Where a reader says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The epoch it was told; `None` is taken for the present one.
    pub epoch: Option<String>,
    /// The last event it has; `None` for none.
    pub after: Option<Seq>,
}

/// What a reader wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// How many messages a snapshot of a stream holds.
    pub window: usize,
    /// Events alone, however many.
    pub events_only: bool,
    /// Of topics whose rules allow it: the newest value in place of events that wait too long.
    pub merges: bool,
}

/// Why a reader's place cannot be continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// The numbers are of another history.
    Epoch,
    /// The reader claims more than there is.
    Ahead,
    /// Too much was missed.
    TooFar,
}

/// What a reader gets before the live events.
#[derive(Clone, Debug)]
pub enum Backlog {
    /// The events after its place.
    Events {
        /// In order.
        events: Vec<Arc<Delivery>>,
        /// The last of them, or the reader's place.
        seq: Seq,
        /// There are more: the reader is not live yet.
        more: bool,
    },
    /// The state after `seq`.
    Snapshot {
        /// The last event in it.
        seq: Seq,
        /// Why the reader's place cannot be continued, if it claimed one.
        reset: Option<Reset>,
        /// The state.
        state: crate::read::Snapshot,
    },
}

impl Backlog {
    fn seq(&self) -> Seq {
        match self {
            Self::Events { seq, .. } | Self::Snapshot { seq, .. } => *seq,
        }
    }
}

/// One who is catching up with a feed, until this is dropped: also when the connection ends before.
struct Joining<'a> {
    fan: &'a Fan,
    feed: FeedId,
}

impl<'a> Joining<'a> {
    fn begin(fan: &'a Fan, feed: FeedId) -> Self {
        fan.table().feeds.entry(feed).or_default().joining += 1;
        Self { fan, feed }
    }
}

impl Drop for Joining<'_> {
    fn drop(&mut self) {
        let mut table = self.fan.table();
        if let Some(feed) = table.feeds.get_mut(&self.feed) {
            feed.joining -= 1;
        }
        table.tidy(self.feed);
    }
}

/// Turns to catch up with a feed that is written faster than it is read.
const TURNS_MAX: usize = 100;

impl Hub {
    /// Makes `subscriber` follow `feed`. Its answer, made by `encode`, is put into its mailbox
    /// before the live events.
    ///
    /// # Errors
    /// A refusal that is the same for what is not there and what may not be read, or a failure.
    pub async fn subscribe(
        &self,
        subscriber: &Arc<Subscriber>,
        feed: FeedId,
        place: &Place,
        want: Want,
        encode: impl Fn(&Backlog) -> Bytes,
    ) -> Result<(), HubError> {
        let feed = self.feed_of_value(feed).await?;
        let result = {
            let _joining = Joining::begin(&self.inner.fan, feed);
            self.catch_up(subscriber, feed, place, want, encode).await
        };
        if result.is_ok() && want.merges {
            // Without it changes are told one by one.
            let _ = self.keep_newest(feed).await;
        }
        self.let_go(feed);
        result
    }

    async fn catch_up(
        &self,
        subscriber: &Arc<Subscriber>,
        feed: FeedId,
        place: &Place,
        want: Want,
        encode: impl Fn(&Backlog) -> Bytes,
    ) -> Result<(), HubError> {
        let mut backlog: Option<Backlog> = None;
        let _place = self.inner.catching_up.acquire().await.map_err(|_| HubError::Closed)?;
        for _ in 0..TURNS_MAX {
            let version = subscriber.mailbox.version();
            let revocations = self.inner.fan.table().revocations;
            let proof =
                self.look_committed(|draft| access::to_read(draft, subscriber.user, feed)).await?;
            self.settled().await?;
            // All that is delivered is in the store; what comes after is delivered to the reader.
            let head = match self.inner.fan.at_hand(feed, None) {
                Some((head, _)) => head,
                None => self.end_of(feed).await?,
            };
            let now = match backlog.take() {
                None => self.first(&proof, place, want, head).await?,
                Some(before) => self.further(&proof, before, want).await?,
            };
            let answer = encode(&now);
            let more = matches!(now, Backlog::Events { more: true, .. });
            if more {
                // Not live yet, so nothing but the version guards it.
                let instead =
                    encode(&Backlog::Events { events: Vec::new(), seq: Seq(0), more: true });
                subscriber.mailbox.put_guarded(answer, instead, version);
                return Ok(());
            }
            let mut table = self.inner.fan.table();
            if join(&mut table, subscriber, feed, &now, (head, want), revocations, &answer) {
                return Ok(());
            }
            backlog = Some(now);
        }
        Err(HubError::Busy)
    }

    async fn first(
        &self,
        proof: &access::MayRead,
        place: &Place,
        want: Want,
        head: Seq,
    ) -> Result<Backlog, HubError> {
        let epoch = place.epoch.as_deref().is_none_or(|epoch| epoch == self.epoch());
        let reset = match place.after {
            None => None,
            Some(_) if !epoch => Some(Reset::Epoch),
            Some(after) if after > head => Some(Reset::Ahead),
            Some(after) if self.can_go_on(proof.feed(), after, head, want) => {
                match self.events_after(proof, after).await? {
                    // More came meanwhile than are told one by one.
                    Some(Backlog::Events { more: true, .. }) if !want.events_only => {
                        Some(Reset::TooFar)
                    }
                    Some(backlog) => return Ok(backlog),
                    // What comes next is forgotten.
                    None => Some(Reset::TooFar),
                }
            }
            Some(_) => Some(Reset::TooFar),
        };
        if place.after.is_none() && want.events_only {
            // Of what no store has there are only the events to come.
            let after = match proof.feed().is_stored() {
                true => self.beginning(proof.feed()).await?,
                false => head,
            };
            if let Some(backlog) = self.events_after(proof, after).await? {
                return Ok(backlog);
            }
        }
        self.snapshot(proof, want.window, reset).await
    }

    /// Whether a reader is told what came after its place event by event.
    fn can_go_on(&self, feed: FeedId, after: Seq, head: Seq, want: Want) -> bool {
        let few = head.0 - after.0 <= self.inner.limits.replay_max as u64;
        match feed.is_stored() {
            true => few || want.events_only,
            false => few && self.has_at_hand(feed, after, head),
        }
    }

    /// What came since `before` was read.
    async fn further(
        &self,
        proof: &access::MayRead,
        before: Backlog,
        want: Want,
    ) -> Result<Backlog, HubError> {
        match before {
            Backlog::Snapshot { reset, .. } => self.snapshot(proof, want.window, reset).await,
            Backlog::Events { mut events, seq, .. } => {
                let Some(Backlog::Events { events: new, seq, more }) =
                    self.events_after(proof, seq).await?
                else {
                    return self.snapshot(proof, want.window, Some(Reset::TooFar)).await;
                };
                if more && !want.events_only {
                    return self.snapshot(proof, want.window, Some(Reset::TooFar)).await;
                }
                events.extend(new);
                Ok(Backlog::Events { events, seq, more })
            }
        }
    }

    /// The last event of a feed that is forgotten; 0 where none is.
    async fn beginning(&self, feed: FeedId) -> Result<Seq, HubError> {
        let first = self.inner.store.events(feed, Seq(0), 1).await?;
        Ok(first.first().map_or(Seq(0), |event| Seq(event.seq.0.saturating_sub(1))))
    }

    /// The events after a place; `None` where the next one is forgotten.
    async fn events_after(
        &self,
        proof: &access::MayRead,
        after: Seq,
    ) -> Result<Option<Backlog>, HubError> {
        let limit = self.inner.limits.replay_max;
        let at_hand = self.inner.fan.at_hand(proof.feed(), Some(after));
        if let Some((_, Some(events))) = at_hand
            && events.len() <= limit
        {
            let seq = events.last().map_or(after, |event| event.seq());
            return Ok(Some(Backlog::Events { events, seq, more: false }));
        }
        if !proof.feed().is_stored() {
            // Nothing came since, or it is at hand when it is looked for again.
            return Ok(Some(Backlog::Events { events: Vec::new(), seq: after, more: false }));
        }
        let stored = self.inner.store.events(proof.feed(), after, limit + 1).await?;
        if stored.first().is_some_and(|row| row.seq != after.next()) {
            return Ok(None);
        }
        let more = stored.len() > limit;
        let mut events = Vec::with_capacity(stored.len().min(limit));
        for row in stored.iter().take(limit) {
            let event = Arc::new(crate::read::parse_event(&row.body)?);
            events.push(Delivery::new(event, Arc::clone(&row.body)));
        }
        self.inner.fan.keep(proof.feed(), &events);
        let seq = events.last().map_or(after, |event| event.seq());
        Ok(Some(Backlog::Events { events, seq, more }))
    }

    /// Ends following a feed.
    pub fn unsubscribe(&self, subscriber: &Arc<Subscriber>, feed: FeedId) {
        let live = if let FeedId::Topic(topic) = feed { Some(FeedId::Live(topic)) } else { None };
        for feed in [Some(feed), live].into_iter().flatten() {
            if let Some(grant) = subscriber.grants().remove(&feed) {
                grant.revoke();
            }
            self.inner.aware.clear(subscriber.id, feed);
            self.inner.fan.table().tidy(feed);
            self.let_go(feed);
        }
    }

    /// Whether all events of a feed that no store has are at hand after `after`.
    fn has_at_hand(&self, feed: FeedId, after: Seq, head: Seq) -> bool {
        after == head || matches!(self.inner.fan.at_hand(feed, Some(after)), Some((_, Some(_))))
    }
}

/// Makes the reader live, if what it has read meets the present and its access is still as it was
/// looked up.
fn join(
    table: &mut Table,
    subscriber: &Arc<Subscriber>,
    id: FeedId,
    backlog: &Backlog,
    (stored, want): (Seq, Want),
    revocations: u64,
    answer: &Bytes,
) -> bool {
    if table.revocations != revocations {
        return false;
    }
    let Some(feed) = table.feeds.get_mut(&id) else { return false };
    let head = feed.head.map_or(stored, |head| head.max(stored));
    let read = backlog.seq();
    let first_at_hand = feed.ring.front().map_or(Seq(head.0 + 1), |first| first.event.seq);
    if read < head && read.next() < first_at_hand {
        return false;
    }
    feed.head = Some(head);
    let grant = Grant::new(id);
    if let Some(old) = subscriber.grants().insert(id, Arc::clone(&grant)) {
        old.revoke();
    }
    subscriber.mailbox.put_under(Item::Reply(answer.clone()), Some(&grant));
    for delivery in feed.ring.iter().filter(|delivery| delivery.event.seq > read) {
        let (item, bytes) = (Item::Event(Arc::clone(delivery)), delivery.json.len());
        subscriber.mailbox.offer(item, &grant, bytes);
    }
    subscriber.mailbox.call(&grant);
    let (subscriber, merges) = (Arc::clone(subscriber), want.merges);
    feed.live.push(Live { subscriber, grant, merges, read });
    true
}

impl Delivery {
    /// The number of the event.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.event.seq
    }
}

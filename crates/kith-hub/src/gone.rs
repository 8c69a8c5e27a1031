//! Forgetting what removed circles and streams held: a little at a time, beside everything else, so that
//! nobody waits for it. What is noted of one stays until all of it is gone; whoever crashes in between goes
//! on.

mod alone;
mod stream;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kith_core::command::{Command, Outcome};
use kith_core::decide::gone;
use kith_core::document::{Doc, Key};
use kith_core::draft::{Changes, Draft, Stop};
use kith_core::event::Body;
use kith_core::id::{CircleId, FeedId, InviteId, Seq, StreamId, TopicId, UserId};
use kith_core::text::TopicName;
use kith_store::{Document, Range};
use tokio::time::Instant;

use crate::forget::{EVENTS, STEPS_MAX};
use crate::keys::{last_part, prefix};
use crate::read::parse_seq;
use crate::tended::Tended;
use crate::{Hub, HubError, Inner};

/// Members who are told with the removal itself, and not a moment later.
const TOLD_MAX: usize = 200;
/// Users of a circle who are looked at in one step.
const USERS: usize = 50;
/// Documents that are removed in one step.
const ROWS: usize = 500;
/// Topics, and streams, that are removed in one step.
const FEEDS: usize = 50;
/// While others publish it works a quarter of the time.
const REST: u32 = 3;
const REST_MAX: Duration = Duration::from_millis(500);

/// What a circle leaves behind.
#[derive(Clone, Copy)]
enum Part {
    /// Those who are or were in it.
    Users(&'static str),
    /// Documents that nothing else hangs on.
    Rows(&'static str),
    Topics,
    Streams,
    Messages,
    Feeds,
}

/// In this order: members are told at once, and what users read is looked for while it is known which
/// streams there were.
const PARTS: [Part; 9] = [
    Part::Users("member"),
    Part::Users("former"),
    Part::Rows("ban"),
    Part::Rows("circle_invite"),
    Part::Rows("step"),
    Part::Topics,
    Part::Streams,
    Part::Messages,
    Part::Feeds,
];

/// What is left of removed circles and streams, and who forgets it just now.
#[derive(Default)]
pub(crate) struct Leaving {
    tended: Tended<()>,
    /// Held for each step.
    turn: tokio::sync::Mutex<()>,
}

/// Begins to forget what a circle or a stream held that was removed by what was committed.
pub(crate) fn tend(inner: &Arc<Inner>, changes: &Changes) {
    // Streams that go with their circle are seen to already.
    let is_removed = changes.events.iter().any(|drafted| match drafted.event.body {
        Body::CircleRemoved { .. } => true,
        Body::StreamRemoved {} => drafted.event.by.is_some(),
        _ => false,
    });
    if is_removed {
        Hub { inner: Arc::clone(inner) }.tidy();
    }
}

/// Tells those who are there that they are in a circle no longer, which was removed.
pub(crate) fn tell(draft: &mut Draft<'_>, there: &[(CircleId, UserId)]) -> Result<(), Stop> {
    there.iter().try_for_each(|(circle, user)| gone::tell(draft, *circle, *user))
}

impl Hub {
    /// Who follows a circle that a command removes: the first of them, who are told before anything is
    /// taken from them.
    pub(crate) fn there_in(&self, command: &Command) -> Vec<(CircleId, UserId)> {
        let Command::RemoveCircle { circle } = command else { return Vec::new() };
        let users = self.inner.fan.users_of(FeedId::Circle(*circle));
        users.into_iter().take(TOLD_MAX).map(|user| (*circle, user)).collect()
    }

    /// Goes on to forget what removed circles and streams held, beside everything else. To be called when
    /// the server starts, for those that were removed before it ended.
    pub fn tidy(&self) {
        if !self.inner.leaving.tended.begin(()) {
            return;
        }
        let hub = self.clone();
        tokio::spawn(async move {
            while hub.inner.leaving.tended.again(()) {
                match hub.forget_all_gone().await {
                    Ok(()) | Err(HubError::Closed) => {}
                    // What is noted of it stays until it is done.
                    Err(error) => {
                        tracing::warn!(%error, "what was removed could not be forgotten yet");
                    }
                }
            }
        });
    }

    async fn forget_all_gone(&self) -> Result<(), HubError> {
        loop {
            let published = || self.inner.stats.operations.load(Ordering::Relaxed);
            let (began, before) = (Instant::now(), published());
            if self.forget_gone().await?.is_none() {
                return Ok(());
            }
            // Most steps are one operation.
            if published() > before + 1 {
                self.pass((began.elapsed() * REST).min(REST_MAX)).await;
            } else {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Forgets more of what removed circles and streams held, a bounded number of steps; says how much.
    pub(crate) async fn forget_some_gone(&self) -> Result<u64, HubError> {
        let mut forgotten = 0;
        for _ in 0..STEPS_MAX {
            let Some(count) = self.forget_gone().await? else { break };
            forgotten += count;
        }
        Ok(forgotten)
    }

    /// One step of forgetting: how much it was; `None` where there is nothing left to forget.
    async fn forget_gone(&self) -> Result<Option<u64>, HubError> {
        let _turn = self.inner.leaving.turn.lock().await;
        let all = |collection| Range { prefix: String::new(), ..prefix(collection, &"") };
        let circles = self.inner.store.scan(all("gone_circle"), 1).await?;
        if let Some(circle) = circles.first().and_then(|row| row.key.parse().ok()) {
            return self.forget_of(circle).await.map(Some);
        }
        // Then those whose circles are there.
        let streams = self.inner.store.scan(all("gone_stream"), 1).await?;
        match streams.first().and_then(stream::noted) {
            Some((circle, stream, gone)) => {
                self.forget_alone((circle, stream), &gone).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// The first of which there is something left.
    async fn forget_of(&self, circle: CircleId) -> Result<u64, HubError> {
        for part in PARTS {
            let count = match part {
                Part::Users(collection) => self.end_members(circle, collection).await?,
                Part::Rows(collection) => self.forget_rows(circle, collection).await?,
                Part::Topics => self.end_topics(circle).await?,
                Part::Streams => self.end_streams(circle).await?,
                Part::Messages => self.forget_streams(circle).await?,
                Part::Feeds => {
                    let audited = self.forget_feed(FeedId::Audit(circle)).await?;
                    audited + self.forget_feed(FeedId::Circle(circle)).await?
                }
            };
            if count > 0 {
                return Ok(count);
            }
        }
        self.forget_keys(vec![Key::GoneCircle(circle)]).await
    }

    async fn forget_keys(&self, keys: Vec<Key>) -> Result<u64, HubError> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.transact(None, None, |draft| {
            keys.iter().for_each(|key| draft.put(key.clone(), None));
            Ok(Outcome::default())
        })
        .await?;
        Ok(keys.len() as u64)
    }

    /// Ends memberships, and forgets how far members read and which threads they follow there.
    async fn end_members(
        &self,
        circle: CircleId,
        collection: &'static str,
    ) -> Result<u64, HubError> {
        let rows = self.inner.store.scan(prefix(collection, &circle), USERS).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let mut streams = BTreeSet::new();
        // Those that were removed just before it may be noted still.
        for collection in ["circle_stream", "gone_stream"] {
            streams.extend(self.ids::<StreamId>(prefix(collection, &circle)).await?);
        }
        let (mut users, mut keys): (Vec<UserId>, Vec<Key>) = Default::default();
        for user in rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok()) {
            if !self.places_of(user, &streams, &mut keys).await? {
                break;
            }
            users.push(user);
        }
        self.transact(None, None, |draft| {
            keys.iter().for_each(|key| draft.put(key.clone(), None));
            users.iter().try_for_each(|user| gone::member(draft, circle, *user, &streams))?;
            Ok(Outcome::default())
        })
        .await?;
        Ok((users.len() + keys.len()) as u64)
    }

    /// Where a user is in streams: how far they read, and which threads they follow. Whether that is all
    /// of it, or as much as is forgotten at a time.
    async fn places_of(
        &self,
        user: UserId,
        streams: &BTreeSet<StreamId>,
        keys: &mut Vec<Key>,
    ) -> Result<bool, HubError> {
        for collection in ["read", "follow"] {
            let mut range = prefix(collection, &user);
            loop {
                let rows = self.inner.store.scan(range.clone(), ROWS).await?;
                let places = rows.iter().filter_map(|row| place(user, collection, &row.key));
                let places = places.filter(|(stream, _)| streams.contains(stream));
                keys.extend(places.map(|(_, key)| key));
                if keys.len() >= ROWS {
                    return Ok(false);
                }
                match rows.last() {
                    Some(last) if rows.len() == ROWS => range.after = Some(last.key.clone()),
                    _ => break,
                }
            }
        }
        Ok(true)
    }

    /// Forgets documents whose keys begin with the circle.
    async fn forget_rows(
        &self,
        circle: CircleId,
        collection: &'static str,
    ) -> Result<u64, HubError> {
        let rows = self.inner.store.scan(prefix(collection, &circle), ROWS).await?;
        let keys = rows.iter().flat_map(|row| of_row(circle, collection, row).unwrap_or_default());
        self.forget_keys(keys.collect()).await
    }

    /// Removes topics, and forgets what they held.
    async fn end_topics(&self, circle: CircleId) -> Result<u64, HubError> {
        let rows = self.inner.store.scan(prefix("topic_name", &circle), FEEDS).await?;
        let named = rows.iter().filter_map(|row| {
            let (_, name) = row.key.split_once('/')?;
            let key = Key::TopicName(circle, TopicName::parse(name).ok()?);
            match key.parse(&row.body) {
                Ok(Doc::TopicName(named)) => Some((key, named.topic)),
                _ => None,
            }
        });
        let topics: Vec<(Key, TopicId)> = named.collect();
        if topics.is_empty() {
            return Ok(0);
        }
        self.transact(None, None, |draft| {
            for (key, topic) in &topics {
                gone::topic(draft, *topic)?;
                draft.put(key.clone(), None);
            }
            Ok(Outcome::default())
        })
        .await?;
        let mut forgotten = topics.len() as u64;
        for (_, topic) in topics {
            // What is not forgotten here, for there is much of it, is so with that of other topics.
            for _ in 0..STEPS_MAX {
                let (count, over) = self.forget(topic).await?;
                forgotten += count;
                if over {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    async fn end_streams(&self, circle: CircleId) -> Result<u64, HubError> {
        let range = prefix("circle_stream", &circle);
        let rows = self.inner.store.scan(range, FEEDS).await?;
        let ids = rows.iter().filter_map(|row| last_part(&row.key)?.parse().ok());
        let streams: Vec<StreamId> = ids.collect();
        if streams.is_empty() {
            return Ok(0);
        }
        self.transact(None, None, |draft| {
            streams.iter().try_for_each(|stream| gone::stream(draft, circle, *stream))?;
            Ok(Outcome::default())
        })
        .await?;
        Ok(streams.len() as u64)
    }

    /// Forgets events of a feed, but the last: that it was removed.
    async fn forget_feed(&self, feed: FeedId) -> Result<u64, HubError> {
        let store = &self.inner.store;
        let last = store.head(feed).await?.seq.0.saturating_sub(1);
        let first = store.events(feed, Seq(0), 1).await?;
        let Some(first) = first.first().map(|event| event.seq.0).filter(|first| *first <= last)
        else {
            return Ok(0);
        };
        let through = last.min(first.saturating_add(EVENTS - 1));
        self.transact(None, None, |draft: &mut Draft<'_>| {
            draft.trim(feed, Seq(through));
            Ok(Outcome::default())
        })
        .await?;
        Ok(through + 1 - first)
    }
}

/// In which stream a user is, and how: what a row of those says how far users read, or which threads they
/// follow.
fn place(user: UserId, collection: &str, key: &str) -> Option<(StreamId, Key)> {
    let mut parts = key.split('/').skip(1);
    let stream = parts.next()?.parse::<StreamId>().ok()?;
    let thread = parse_seq(parts.next()?)?;
    let key = match collection {
        "read" => Key::Read(user, stream, thread),
        _ => Key::Follow(user, stream, thread),
    };
    Some((stream, key))
}

/// The documents that a row of a circle stands for.
fn of_row(circle: CircleId, collection: &str, row: &Document) -> Option<Vec<Key>> {
    let mut parts = row.key.split('/').skip(1);
    let second = parts.next()?;
    Some(match collection {
        "ban" => vec![Key::Ban(circle, second.parse().ok()?)],
        "step" => vec![Key::Step(circle, second.parse().ok()?, parts.next()?.parse().ok()?)],
        _ => {
            let by_id = Key::InviteRef(circle, second.parse::<InviteId>().ok()?);
            match by_id.parse(&row.body) {
                Ok(Doc::InviteRef(found)) => vec![Key::Invite(found.code_hash.clone()), by_id],
                _ => vec![by_id],
            }
        }
    })
}

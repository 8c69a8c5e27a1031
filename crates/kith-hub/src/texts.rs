//! What is done with the Yjs documents of topics, beside the way of their changes: merging the updates
//! of those that have many, telling what somebody misses, reading the text or JSON, and working out
//! what a change comes to of one who speaks no Yjs.
//!
//! All of it takes as long as the document is large, so it has threads of its own, few at a time.

mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kith_core::access;
use kith_core::command::Command;
use kith_core::decide::topic as decide;
use kith_core::document::{Doc, Kept, Key};
use kith_core::draft::{Source as _, Stop};
use kith_core::event::Body;
use kith_core::id::{FeedId, Seq, TopicId, UserId};
use kith_core::permission::Permission;
use kith_core::refusal::Refusal;
use kith_core::topic::text::{JSON, ROOT, Text, Update};
use kith_core::topic::{Anchor, Asked, Change, Fact, Kind, Spot, State, Value};
use kith_yjs::{Failed, STACK_BYTES, Updates};
use serde_json::Value as Json;
use tokio::sync::{MutexGuard, Semaphore, oneshot};

use self::own::Now;
use crate::read::parse_event;
use crate::tended::Tended;
use crate::{Hub, HubError, Inner};

/// Documents that are worked on at a time.
const BENCHES: usize = 2;
/// Documents that are changed at a time for those who speak no Yjs.
const TURNS: usize = 16;
/// Events that a splice may be late.
const LATE_MAX: usize = 1000;

/// What is going on with texts.
pub(crate) struct Texts {
    benches: Arc<Semaphore>,
    /// Texts that are being merged.
    merging: Tended<TopicId>,
    /// Held by whoever works out changes, until they are decided: all of a document are made as one
    /// client of it, whose edits follow each other. Each stands for some of the documents.
    changing: [tokio::sync::Mutex<()>; TURNS],
}

impl Default for Texts {
    fn default() -> Self {
        let benches = Arc::new(Semaphore::new(BENCHES));
        Self { benches, merging: Tended::default(), changing: Default::default() }
    }
}

impl Texts {
    /// The right to edit these documents.
    async fn turns(&self, documents: impl Iterator<Item = TopicId>) -> Vec<MutexGuard<'_, ()>> {
        let place = |topic: TopicId| {
            let hash = blake3::hash(topic.to_string().as_bytes());
            hash.as_bytes().first().map_or(0, |byte| usize::from(*byte) % TURNS)
        };
        // In one order, so that no two wait for each other.
        let places: BTreeSet<usize> = documents.map(place).collect();
        let mut turns = Vec::new();
        for turn in places.into_iter().filter_map(|place| self.changing.get(place)) {
            turns.push(turn.lock().await);
        }
        turns
    }
}

/// Has a text merged, unless that is under way.
pub(crate) fn tend(inner: &Arc<Inner>, topic: TopicId) {
    if !inner.texts.merging.begin(topic) {
        return;
    }
    let hub = Hub { inner: Arc::clone(inner) };
    tokio::spawn(async move {
        while hub.inner.texts.merging.again(topic) {
            if let Err(error) = hub.merge(topic).await {
                tracing::warn!(%topic, %error, "a text could not be merged: its updates are kept as they are");
            }
        }
    });
}

/// Why something about a text was not done.
#[derive(Debug, thiserror::Error)]
enum Undone {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Failed(#[from] Failed),
    #[error("merging would leave something out")]
    Short,
}

/// Why a change of a transaction could not be worked out.
enum Unmade {
    Refused(usize, Refusal),
    Hub(HubError),
}

impl Unmade {
    fn at(place: usize, error: HubError) -> Self {
        match error {
            HubError::Refused(refusal) => Self::Refused(place, refusal),
            error => Self::Hub(error),
        }
    }
}

impl From<HubError> for Unmade {
    fn from(error: HubError) -> Self {
        Self::at(0, error)
    }
}

/// A change of one document, and its place in the transaction.
type Mine<'a> = (usize, &'a mut Change);

/// Changes, of which those of documents are worked out; or why they cannot be.
pub(crate) struct Edits<'a, T> {
    worked_out: Result<T, Refusal>,
    _turns: Vec<MutexGuard<'a, ()>>,
}

impl<'a, T> Edits<'a, T> {
    pub(crate) fn get(&self) -> Result<&T, Stop> {
        self.worked_out.as_ref().map_err(|refusal| refusal.clone().into())
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Edits<'a, U> {
        Edits { worked_out: self.worked_out.map(map), _turns: self._turns }
    }
}

impl Hub {
    /// Does work that needs much stack and time where nobody waits behind it.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HubError> {
        let benches = Arc::clone(&self.inner.texts.benches);
        let bench = benches.acquire_owned().await.map_err(|_| HubError::Closed)?;
        let (done, result) = oneshot::channel();
        let thread = std::thread::Builder::new().name("text".to_owned()).stack_size(STACK_BYTES);
        let started = thread.spawn(move || {
            let _ = done.send(work());
            drop(bench);
        });
        started.map_err(|_| HubError::Busy)?;
        result.await.map_err(|_| HubError::Busy)
    }

    async fn merge(&self, topic: TopicId) -> Result<(), Undone> {
        let (seq, about, state) = self.topic_now(topic).await?;
        if !state.text().is_some_and(Text::is_bulky) {
            return Ok(());
        }
        let before = Arc::clone(&state);
        let merged = self.apart(move || {
            let text = before.text()?;
            Some(with(text, |updates| updates.merged()).map(|bytes| {
                let merged = text.merged(&Update::new(&bytes))?;
                let value = Value::Text(merged.clone()).to_json();
                Some((merged, Arc::new(Kept::of(seq, about, value))))
            }))
        });
        let Some(merged) = merged.await? else { return Ok(()) };
        let (merged, kept) = merged?.ok_or(Undone::Short)?;
        let Some(before) = state.text() else { return Ok(()) };
        let put =
            self.transact(None, None, |draft| decide::merge(draft, topic, before, &merged, &kept));
        put.await?;
        Ok(())
    }

    /// What somebody misses of a text who has `state_vector`, as updates in their order.
    ///
    /// # Errors
    /// Failures of the hub.
    pub async fn text_missing(
        &self,
        state: Arc<State>,
        state_vector: Vec<(u64, u32)>,
    ) -> Result<Vec<Update>, HubError> {
        let Some(text) = state.text() else { return Ok(Vec::new()) };
        if state_vector.is_empty() && text.updates().len() <= 1 {
            return Ok(text.updates().to_vec());
        }
        let text = text.clone();
        self.apart(move || {
            let missing = with(&text, |updates| updates.missing(&state_vector));
            match missing.map(|bytes| Update::new(&bytes)) {
                Ok(update) if update.scan().is_ok() => vec![update],
                // Whoever has some of it already takes no harm from getting it again.
                _ => text.updates().to_vec(),
            }
        })
        .await
    }

    /// The shared text named [`ROOT`] of a text; `None` where the document cannot be looked into.
    ///
    /// # Errors
    /// Failures of the hub.
    pub async fn text_plain(&self, state: Arc<State>) -> Result<Option<String>, HubError> {
        self.apart(move || with(state.text()?, |updates| updates.text(ROOT)).ok()).await
    }

    /// The shared map named [`JSON`] of a `json`; `None` where the document cannot be looked into.
    ///
    /// # Errors
    /// Failures of the hub.
    pub async fn json_plain(&self, state: Arc<State>) -> Result<Option<Json>, HubError> {
        self.apart(move || with(state.text()?, |updates| updates.json(JSON)).ok()).await
    }

    /// Whether a command may have changes of documents in it that are worked out.
    pub(crate) fn may_be_edits(&self, command: &Command) -> bool {
        let Command::Change { changes, .. } = command else { return false };
        changes.iter().take(decide::CHANGES_MAX).any(|asked| self.may_be_edit(asked))
    }

    /// What a command comes to that has changes of documents in it that are worked out; `None` for any
    /// other.
    pub(crate) async fn edits(
        &self,
        me: UserId,
        command: &Command,
    ) -> Result<Option<Edits<'_, Command>>, HubError> {
        let Command::Change { changes, when, group } = command else { return Ok(None) };
        let edits = self.worked_out(changes, |_| me).await?;
        let made = |changes| Command::Change { changes, when: when.clone(), group: group.clone() };
        Ok(edits.map(|edits| edits.map(made)))
    }

    /// What changes come to that have some of documents in them which are worked out, each with the
    /// rights of the user that `by` says for its place; `None` for any others.
    pub(crate) async fn worked_out(
        &self,
        changes: &[Asked],
        by: impl Fn(usize) -> UserId,
    ) -> Result<Option<Edits<'_, Vec<Asked>>>, HubError> {
        let changed = changes.iter().enumerate().take(decide::CHANGES_MAX);
        let changed: BTreeSet<(TopicId, UserId)> = changed
            .filter(|(_, asked)| self.may_be_edit(asked))
            .map(|(place, asked)| (asked.topic, by(place)))
            .collect();
        let mut documents = BTreeMap::new();
        for (topic, user) in changed {
            let may = self.look(|draft| {
                let found = access::in_topic(draft, user, topic)?;
                found.require(Permission::Write, draft.now)?;
                Ok(found)
            });
            match may.await {
                Ok(found) if found.topic.form() == Kind::Text => {
                    documents.insert(topic, found.topic.holds);
                }
                // The rules say no to it, or it has no document.
                Ok(_) | Err(HubError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if documents.is_empty() {
            return Ok(None);
        }
        let turns = self.inner.texts.turns(documents.keys().copied()).await;
        let mut worked_out = changes.to_vec();
        for (topic, holds) in documents {
            let mine = worked_out.iter_mut().enumerate();
            let mine: Vec<Mine<'_>> = mine
                .filter(|(_, asked)| asked.topic == topic)
                .map(|(place, asked)| (place, &mut asked.change))
                .collect();
            let done = match holds {
                Kind::Json => self.work_out_json(topic, mine).await,
                _ => self.work_out(topic, mine).await,
            };
            match done {
                Ok(()) => {}
                Err(Unmade::Refused(place, refusal)) => {
                    let refusal = match changes.len() {
                        1 => refusal,
                        _ => Refusal::Part { place, refusal: Box::new(refusal) },
                    };
                    return Ok(Some(Edits { worked_out: Err(refusal), _turns: turns }));
                }
                Err(Unmade::Hub(error)) => return Err(error),
            }
        }
        Ok(Some(Edits { worked_out: Ok(worked_out), _turns: turns }))
    }

    /// Whether a change may be one of a document that is worked out: by who speaks no Yjs, or as this
    /// server does. One of a topic that is at hand and has none is not.
    fn may_be_edit(&self, asked: &Asked) -> bool {
        match &asked.change {
            Change::Splice { .. } => true,
            Change::Update { updates } => self.may_be_as_us(asked.topic, updates),
            change if is_of_json(change) => {
                let found = self.state().cache.find(&Key::Topic(asked.topic));
                !matches!(found, Ok(Some(Doc::Topic(found))) if !found.rules.yjs)
            }
            _ => false,
        }
    }

    /// Puts updates in the place of the changes of one `json`.
    async fn work_out_json(
        &self,
        topic: TopicId,
        mut changes: Vec<Mine<'_>>,
    ) -> Result<(), Unmade> {
        let now = self.now_of(topic).await?;
        let client = now.client;
        let mut since: Vec<Update> = Vec::new();
        let mut rest = changes.as_mut_slice();
        while let Some((place, first)) = rest.first() {
            if let Change::Update { updates } = &**first {
                now.not_as_us(updates).map_err(|refusal| Unmade::Refused(*place, refusal))?;
                since.extend(updates.iter().cloned());
                rest = rest.split_at_mut(1).1;
                continue;
            }
            let count = rest.iter().take_while(|(_, change)| is_of_json(change)).count();
            if count == 0 {
                // The rules say no to it.
                return Ok(());
            }
            let (these, others) = rest.split_at_mut(count);
            rest = others;
            let asked: Vec<Change> = these.iter().map(|(_, change)| (**change).clone()).collect();
            let (state, later) = (Arc::clone(&now.state), since.clone());
            let made = self.apart(move || {
                let Some(text) = state.text() else { return Ok(Vec::new()) };
                let nests = later.iter().filter_map(|update| update.scan().ok());
                let nests = nests.map(|scan| scan.nests).sum::<usize>();
                let all = text.updates().iter().chain(&later);
                let bytes: Vec<&[u8]> = all.map(Update::bytes).collect();
                let updates = Updates { updates: &bytes, nests: text.nests() + nests };
                updates.changed(client, JSON, &asked)
            });
            let made = made.await?.map_err(|failed| {
                let (part, refusal) = refused(failed);
                let place = these.get(part).map_or(0, |(place, _)| *place);
                Unmade::Refused(place, refusal)
            })?;
            for ((_, change), bytes) in these.iter_mut().zip(made) {
                let update = Update::new(&bytes);
                since.push(update.clone());
                **change = Change::Update { updates: vec![update] };
            }
        }
        Ok(())
    }

    /// Puts updates in the place of the splices of one text.
    async fn work_out(&self, topic: TopicId, changes: Vec<Mine<'_>>) -> Result<(), Unmade> {
        let now = self.now_of(topic).await?;
        let mut since = Vec::new();
        for (place, change) in changes {
            match change {
                Change::Update { updates } => {
                    now.not_as_us(updates).map_err(|refusal| Unmade::Refused(place, refusal))?;
                    since.extend(updates.iter().cloned());
                }
                Change::Splice { at, delete, insert, after } => {
                    let splice = ((*at, *delete), std::mem::take(insert));
                    let made = self.spliced(&now, splice, *after, &since).await;
                    let update = made.map_err(|error| Unmade::at(place, error))?;
                    since.push(update.clone());
                    *change = Change::Update { updates: vec![update] };
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What a splice of a text comes to, behind the updates that came `since`.
    async fn spliced(
        &self,
        now: &Now,
        (range, insert): ((u32, u32), String),
        after: Option<Seq>,
        since: &[Update],
    ) -> Result<Update, HubError> {
        let late = match after {
            Some(after) if after > now.seq => return Err(Refusal::Stale.into()),
            Some(after) if after == now.seq => 0,
            // Nobody remembers what happened to it.
            Some(_) if now.about.rules.ephemeral => return Err(Refusal::Stale.into()),
            Some(after) => self.updates_after(now.about.id, after).await?,
            None => 0,
        };
        let client = if late > 0 { self.random() as u32 } else { now.client };
        let (state, later) = (Arc::clone(&now.state), since.to_vec());
        let made = self.apart(move || {
            let Some(text) = state.text() else { return Ok(None) };
            let (then, _) = text
                .updates()
                .len()
                .checked_sub(late)
                .and_then(|count| text.updates().split_at_checked(count))
                // What came since is merged with what was before.
                .filter(|(then, _)| late == 0 || !then.is_empty())
                .ok_or(Refusal::Stale)?;
            let later = later.iter().take(if late > 0 { 0 } else { later.len() });
            let bytes: Vec<&[u8]> = then.iter().chain(later).map(Update::bytes).collect();
            let updates = Updates { updates: &bytes, nests: text.nests() };
            let made = updates.splice(client, ROOT, range, &insert);
            made.map_err(|failed| refused(failed).1)
        });
        let made = made.await?.map_err(HubError::Refused)?;
        // One that changes nothing is an update that says nothing.
        Ok(Update::new(&made.unwrap_or(vec![0, 0])))
    }

    /// How many updates came after an event.
    async fn updates_after(&self, topic: TopicId, after: Seq) -> Result<usize, HubError> {
        let rows = self.inner.store.events(FeedId::Topic(topic), after, LATE_MAX + 1).await?;
        if rows.len() > LATE_MAX {
            return Err(Refusal::Stale.into());
        }
        if rows.first().is_some_and(|row| row.seq != after.next()) {
            // What came next is forgotten.
            return Err(Refusal::Stale.into());
        }
        let mut count = 0;
        for row in &rows {
            if let Body::Changed { fact: Fact::Update { updates } } = parse_event(&row.body)?.body {
                count += updates.len();
            }
        }
        Ok(count)
    }
}

/// Whether two are the same document, as far as that is known without its history: the same pieces of
/// each client, nothing back that was taken out, and the same texts in it.
pub(crate) async fn agree(merged: Text, whole: Text) -> bool {
    let known =
        merged.known().covers(whole.known()) && merged.known().clocks().eq(whole.known().clocks());
    let (done, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name("text".to_owned()).stack_size(STACK_BYTES);
    let started = thread.spawn(move || {
        let roots = |text: &Text| with(text, |updates| updates.roots()).ok();
        let _ = done.send(roots(&merged) == roots(&whole));
    });
    known && started.is_ok() && result.await.unwrap_or(false)
}

fn with<T>(text: &Text, work: impl FnOnce(&Updates<'_>) -> T) -> T {
    let bytes: Vec<&[u8]> = text.updates().iter().map(Update::bytes).collect();
    work(&Updates { updates: &bytes, nests: text.nests() })
}

/// Whether a change is one that topics of the kind `json` know.
fn is_of_json(change: &Change) -> bool {
    matches!(
        change,
        Change::Set { .. }
            | Change::Put { .. }
            | Change::Rename { .. }
            | Change::Insert { to: Some(Anchor::Path(_)), .. }
            | Change::Remove(Spot::Path(_))
    )
}

/// Why changes of a document could not be made: which of those that were to be made, and why.
fn refused(failed: Failed) -> (usize, Refusal) {
    let refusal = match failed {
        Failed::Refused { place, refusal } => return (place, *refusal),
        Failed::OutOfRange => Refusal::OutOfRange,
        Failed::Unreadable(_) | Failed::Broken => {
            Refusal::BadUpdate { why: "the document is broken" }
        }
        Failed::TooDeep => Refusal::BadUpdate { why: "the document is nested too deep" },
        Failed::TooLarge => Refusal::BadUpdate { why: "there is too much in the document" },
    };
    (0, refusal)
}

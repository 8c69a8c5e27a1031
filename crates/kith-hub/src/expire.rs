//! Forgetting what has had its time: results of old operations, sessions that have ended, and what
//! was done too long ago to be taken back; and what topics, streams and circles held that were removed, or
//! topics that keep only the end of their history.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kith_core::command::Outcome;
use kith_core::document::{Doc, Done, Key, Session};
use kith_core::id::{FeedId, Timestamp};
use kith_store::{Batch, DocKey, DocWrite, Document, Range, Store, StoreError};

use crate::{Hub, HubError};

/// Documents looked at in one step, so that no step holds others up.
const STEP: usize = 500;
/// Steps through one collection at a time; the next time goes on from there.
const STEPS_MAX: usize = 40;

/// How far each collection was walked the last time.
pub(crate) type Sweeps = Mutex<HashMap<&'static str, String>>;
/// What becomes of a document: nothing, or another.
type Change = (Key, Option<Doc>);

impl Hub {
    /// Removes what has had its time, and says how much. To be called now and then: each call looks
    /// at a bounded number of documents.
    ///
    /// # Errors
    /// Failures of the store; what was removed before stays removed.
    pub async fn expire(&self) -> Result<u64, HubError> {
        // Whoever is connected uses a session, without asking for anything.
        for token_hash in self.connected_sessions() {
            self.touch(&token_hash).await;
        }
        // Whoever asked to change such a topic and was refused brought its value here.
        let live = self.inner.state().cache.live();
        live.into_iter().for_each(|topic| self.let_go(FeedId::Live(topic)));
        let now = self.now();
        let operations = self.sweep("done", |row| operation(row, now)).await?;
        let sessions = self.sweep("session", |row| session(row, now)).await?;
        let steps = self.sweep("step", |row| step(row, now)).await?;
        let removed = self.forget_removed().await?;
        let past = self.forget_past().await?;
        let gone = self.forget_some_gone().await?;
        Ok(operations + sessions + steps + removed + past + gone)
    }

    /// Walks on through a collection and changes what `old` says for each of its documents.
    async fn sweep(
        &self,
        collection: &'static str,
        old: impl Fn(&Document) -> Vec<Change>,
    ) -> Result<u64, HubError> {
        let sweeps = || self.inner.sweeps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut removed = 0;
        for _ in 0..STEPS_MAX {
            let range = Range {
                collection,
                prefix: String::new(),
                after: sweeps().get(collection).cloned(),
                before: None,
                descending: false,
            };
            let rows = self.inner.store.scan(range, STEP).await?;
            let changes: Vec<Change> = rows.iter().flat_map(&old).collect();
            if !changes.is_empty() {
                self.transact(None, None, |draft| {
                    for (key, doc) in &changes {
                        draft.put(key.clone(), doc.clone());
                    }
                    Ok(Outcome::default())
                })
                .await?;
                removed += changes.len() as u64;
            }
            match rows.last() {
                Some(last) if rows.len() == STEP => {
                    sweeps().insert(collection, last.key.clone());
                }
                _ => {
                    sweeps().remove(collection);
                    break;
                }
            }
        }
        Ok(removed)
    }
}

/// Ends the sessions of all people, on a store that no hub is open on; says how many. Tokens of
/// programs, which end by no idleness, stay.
///
/// A restored database knows nothing of what was revoked after its backup.
///
/// # Errors
/// Failures of the store.
pub async fn end_sessions(store: &dyn Store) -> Result<u64, StoreError> {
    let (mut after, mut ended) = (None, 0);
    loop {
        let range = Range {
            collection: "session",
            prefix: String::new(),
            after: after.take(),
            before: None,
            descending: false,
        };
        let rows = store.scan(range, STEP).await?;
        let Some(last) = rows.last() else { return Ok(ended) };
        after = Some(last.key.clone());
        let mut writes = Vec::new();
        for row in &rows {
            let key = Key::Session(row.key.clone());
            let session = match key.parse(&row.body) {
                Ok(Doc::Session(session)) if session.idle_ms > 0 => session,
                Ok(_) => continue,
                Err(error) => return Err(StoreError::Corrupt(format!("a session: {error}"))),
            };
            ended += 1;
            let keys = [key, Key::SessionRef(session.user, session.id)];
            writes.extend(
                keys.iter().filter_map(Key::path).map(|(collection, key)| DocWrite {
                    key: DocKey { collection, key },
                    body: None,
                }),
            );
        }
        for result in store.commit(vec![Batch { writes, ..Batch::default() }]).await {
            result?;
        }
    }
}

/// The answer to an operation, when it is too old to be asked for again. Of those that made
/// something it stays that they were done, so that a late retry makes no second one.
fn operation(row: &Document, now: Timestamp) -> Vec<Change> {
    let change = || {
        let (user, op) = row.key.split_once('/')?;
        let key = Key::Done(user.parse().ok()?, kith_core::text::OpId::from_key(op)?);
        let Ok(Doc::Done(done)) = key.parse(&row.body) else { return None };
        let stub = done.once.then(|| Doc::Done(Done::stub(&done).into()));
        let whole = !done.once || !done.command.is_empty();
        (whole && done.is_over(now)).then_some((key, stub))
    };
    change().into_iter().collect()
}

/// A step that can no longer be taken back.
fn step(row: &Document, now: Timestamp) -> Vec<Change> {
    let change = || {
        let Some(Ok(Doc::Step(step))) = Doc::parse_in("step", &row.body) else { return None };
        let mut key = row.key.split('/');
        let (circle, user) = (key.next()?.parse().ok()?, key.next()?.parse().ok()?);
        step.is_over(now).then(|| (Key::Step(circle, user, step.slot()), None))
    };
    change().into_iter().collect()
}

/// A session that has ended, and what finds it by its id.
fn session(row: &Document, now: Timestamp) -> Vec<Change> {
    let old = |session: &Session| session.is_over(now);
    let key = Key::Session(row.key.clone());
    match key.parse(&row.body) {
        Ok(Doc::Session(session)) if old(&session) => {
            vec![(key, None), (Key::SessionRef(session.user, session.id), None)]
        }
        _ => Vec::new(),
    }
}

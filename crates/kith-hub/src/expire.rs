//! Forgetting what has had its time: results of old operations, and sessions that have ended.

use kith_core::command::Outcome;
use kith_core::document::{Doc, Done, Key, Session};
use kith_core::id::Timestamp;
use kith_store::{Document, Range};

use crate::{Hub, HubError, OP_MEMORY_MS};

/// Documents looked at in one step, so that no step holds others up.
const STEP: usize = 500;

impl Hub {
    /// Removes what has had its time, and says how much. To be called now and then.
    ///
    /// # Errors
    /// Failures of the store; what was removed before stays removed.
    pub async fn expire(&self) -> Result<u64, HubError> {
        let now = self.now();
        let operations = self.sweep("done", |row| operation(row, now)).await?;
        let sessions = self.sweep("session", |row| session(row, now)).await?;
        Ok(operations + sessions)
    }

    /// Walks a collection and removes what `old` names for each of its documents.
    async fn sweep(
        &self,
        collection: &'static str,
        old: impl Fn(&Document) -> Vec<Key>,
    ) -> Result<u64, HubError> {
        let (mut after, mut removed) = (None, 0);
        loop {
            let range = Range {
                collection,
                prefix: String::new(),
                after: after.take(),
                before: None,
                descending: false,
            };
            let rows = self.inner.store.scan(range, STEP).await?;
            let keys: Vec<Key> = rows.iter().flat_map(&old).collect();
            if !keys.is_empty() {
                self.transact(None, None, |draft| {
                    for key in &keys {
                        draft.put(key.clone(), None);
                    }
                    Ok(Outcome::default())
                })
                .await?;
                removed += keys.len() as u64;
            }
            match rows.last() {
                Some(last) if rows.len() == STEP => after = Some(last.key.clone()),
                _ => return Ok(removed),
            }
        }
    }
}

/// The result of an operation, when it is too old to be asked for again.
fn operation(row: &Document, now: Timestamp) -> Vec<Key> {
    let old = |done: &Done| done.at.plus_ms(OP_MEMORY_MS) < now;
    let key = || {
        let (user, op) = row.key.split_once('/')?;
        let key = Key::Done(user.parse().ok()?, kith_core::text::OpId::parse(op).ok()?);
        match key.parse(&row.body) {
            Ok(Doc::Done(done)) if old(&done) => Some(key),
            _ => None,
        }
    };
    key().into_iter().collect()
}

/// A session that has ended, and what finds it by its id.
fn session(row: &Document, now: Timestamp) -> Vec<Key> {
    let old = |session: &Session| session.expires_at <= now;
    let key = Key::Session(row.key.clone());
    match key.parse(&row.body) {
        Ok(Doc::Session(session)) if old(&session) => {
            vec![key, Key::SessionRef(session.user, session.id)]
        }
        _ => Vec::new(),
    }
}

//! Forgetting a stream that was removed alone: those of its circle, who stay, read it and prefer something
//! about it no longer; then goes what it held.

use std::collections::BTreeMap;
use std::sync::Arc;

use kith_core::command::Outcome;
use kith_core::decide::gone;
use kith_core::document::{Doc, GoneStream, Key};
use kith_core::draft::Draft;
use kith_core::id::{CircleId, FeedId, StreamId, UserId};
use kith_store::Range;

use super::{ROWS, USERS, place};
use crate::keys::{last_part, prefix};
use crate::{Hub, HubError};

impl Hub {
    /// One step: how much was forgotten.
    pub(super) async fn forget_alone(
        &self,
        (circle, stream): (CircleId, StreamId),
        gone: &GoneStream,
    ) -> Result<u64, HubError> {
        match self.end_readers((circle, stream), gone).await? {
            0 => self.forget_stream((circle, stream), gone).await,
            count => Ok(count),
        }
    }

    async fn end_readers(
        &self,
        (circle, stream): (CircleId, StreamId),
        gone: &GoneStream,
    ) -> Result<u64, HubError> {
        let before = self.inner.store.head(FeedId::Circle(circle)).await?;
        let next = self.ever_in(circle, gone.users).await?;
        // Whoever left or came meanwhile may stand in neither list: they are looked for once more.
        if self.inner.store.head(FeedId::Circle(circle)).await? != before {
            return Ok(1);
        }
        let (mut users, mut keys): (Vec<UserId>, Vec<Key>) = Default::default();
        for user in next {
            if !self.places_in(user, stream, &mut keys).await? {
                break;
            }
            users.push(user);
        }
        if users.is_empty() && keys.is_empty() {
            return Ok(0);
        }
        let looked = users.last().copied().or(gone.users);
        let noted = GoneStream { users: looked, ..gone.clone() };
        let noted = Doc::GoneStream(Arc::new(noted));
        self.transact(None, None, |draft: &mut Draft<'_>| {
            keys.iter().for_each(|key| draft.put(key.clone(), None));
            users.iter().try_for_each(|user| gone::preferences(draft, *user, stream))?;
            draft.put(Key::GoneStream(circle, stream), Some(noted.clone()));
            Ok(Outcome::default())
        })
        .await?;
        Ok((users.len() + keys.len()) as u64)
    }

    /// Those who are or were in a circle and come after one of them, as many as are looked at in a step.
    async fn ever_in(
        &self,
        circle: CircleId,
        after: Option<UserId>,
    ) -> Result<Vec<UserId>, HubError> {
        let after = after.map(|user| format!("{circle}/{user}"));
        let mut found = BTreeMap::new();
        for collection in ["member", "former"] {
            let range = Range { after: after.clone(), ..prefix(collection, &circle) };
            for row in self.inner.store.scan(range, USERS).await? {
                if let Some(user) = last_part(&row.key).and_then(|id| id.parse().ok()) {
                    found.insert(row.key, user);
                }
            }
        }
        Ok(found.into_values().take(USERS).collect())
    }

    /// Where a user is in a stream. Whether that is all of it, or as much as is forgotten at a time.
    async fn places_in(
        &self,
        user: UserId,
        stream: StreamId,
        keys: &mut Vec<Key>,
    ) -> Result<bool, HubError> {
        for collection in ["read", "follow"] {
            let range = prefix(collection, &format!("{user}/{stream}"));
            let rows = self.inner.store.scan(range, ROWS).await?;
            let places = rows.iter().filter_map(|row| place(user, collection, &row.key));
            keys.extend(places.map(|(_, key)| key));
            if keys.len() >= ROWS {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

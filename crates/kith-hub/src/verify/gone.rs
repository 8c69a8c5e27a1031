//! Circles and streams that were removed: of what they held there may be some left while it is being
//! forgotten, and nothing after.

use std::collections::BTreeMap;

use kith_core::document::{Doc, Key};
use kith_core::event::{Act, Body};
use kith_core::id::FeedId;
use kith_store::{ROWS_MAX, StoreError};

use super::Walk;
use crate::keys::{last_part, prefix};

/// Notes of what there may be some left.
pub(super) async fn note(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    for (circle, _) in walk.all("gone_circle").await? {
        let range = prefix("circle_stream", &circle);
        let streams = walk.store.scan(range, ROWS_MAX).await?;
        walk.going.extend(streams.iter().filter_map(|row| last_part(&row.key).map(str::to_owned)));
        walk.going.insert(circle);
    }
    for (key, _) in walk.all("gone_stream").await? {
        // Its circle may be there, and then all of that is to be right.
        walk.going.extend(last_part(&key).map(str::to_owned));
    }
    Ok(())
}

/// Checks that what is noted was removed.
pub(super) async fn check(walk: &mut Walk<'_>) -> Result<(), StoreError> {
    for (collection, of) in [("gone_circle", "circle"), ("gone_stream", "stream")] {
        for (key, _) in walk.all(collection).await? {
            let id = last_part(&key).unwrap_or_default();
            if walk.expects(of, id) || !walk.expects("feed", id) {
                let what = format!("Document {key:?} of {collection} is of none that was removed.");
                walk.wrong(what);
            }
        }
    }
    Ok(())
}

/// Whether nothing follows such an event in its feed.
pub(super) fn is_last(body: &Body) -> bool {
    matches!(
        body,
        Body::TopicRemoved {}
            | Body::StreamRemoved {}
            | Body::CircleRemoved { .. }
            | Body::Acted { act: Act::CircleRemoved }
    )
}

impl Walk<'_> {
    /// Whether a key names something of which not all is forgotten yet.
    pub(super) fn is_going(&self, key: &str) -> bool {
        !self.going.is_empty() && key.split('/').any(|part| self.going.contains(part))
    }

    /// Takes in that what a feed tells about was removed: of a circle or a stream there is to be nothing.
    pub(super) fn end(&mut self, feed: FeedId, documents: &mut BTreeMap<Key, Doc>) {
        match feed {
            FeedId::Stream(stream) => {
                self.removed.insert(stream);
                documents.clear();
            }
            FeedId::Circle(_) => documents.clear(),
            _ => {}
        }
    }
}

//! As whom this server edits documents for those who speak no Yjs. Nobody else does: of two pieces with
//! one name some would have the one and some the other, for ever.

use std::sync::Arc;

use kith_core::document::{Doc, Key, Topic};
use kith_core::draft::Source as _;
use kith_core::id::{Seq, TopicId};
use kith_core::refusal::Refusal;
use kith_core::topic::State;
use kith_core::topic::text::{Scan, Update};

use crate::{Hub, HubError};

/// A document that is to be changed.
pub(super) struct Now {
    pub(super) about: Arc<Topic>,
    /// The last event of it.
    pub(super) seq: Seq,
    pub(super) state: Arc<State>,
    /// As whom this server edits it.
    pub(super) client: u32,
}

impl Now {
    /// Refuses updates that say of this server's own client what it did not write.
    pub(super) fn not_as_us(&self, updates: &[Update]) -> Result<(), Refusal> {
        const WHY: &str = "it is of the client as which the server edits";
        let written = self.state.text().map_or(0, |text| text.known().clock(self.client.into()));
        for update in updates {
            if ends(&update.scan()?, self.client).any(|end| end > written) {
                return Err(Refusal::BadUpdate { why: WHY });
            }
        }
        Ok(())
    }
}

impl Hub {
    pub(super) async fn now_of(&self, topic: TopicId) -> Result<Now, HubError> {
        let (seq, about, state) = self.topic_now(topic).await?;
        let client = self.own_client(&about, state.begin());
        Ok(Now { about, seq, state, client })
    }

    /// The client as which this server edits a document: another one after a backup was restored, and
    /// in each life of what no store has, which begins after the event `begin`; for edits that were
    /// lost by that may still be known to others.
    fn own_client(&self, topic: &Topic, begin: Seq) -> u32 {
        let (epoch, id) = (self.epoch(), topic.id);
        let name = match topic.rules.ephemeral {
            false => format!("{epoch}/{id}"),
            true => format!("{epoch}/{id}/{begin}"),
        };
        let hash = blake3::hash(name.as_bytes());
        hash.as_bytes().iter().take(4).fold(0, |client, byte| client << 8 | u32::from(*byte))
    }

    /// Whether updates may be of this server's own client, as far as can be told at once.
    pub(super) fn may_be_as_us(&self, topic: TopicId, updates: &[Update]) -> bool {
        let (about, begin) = {
            let state = self.state();
            let found =
                (state.cache.find(&Key::Topic(topic)), state.cache.find(&Key::State(topic)));
            match found {
                // Whoever changes it is to find nobody else who holds it.
                (Ok(Some(Doc::Topic(about))), Ok(Some(Doc::State(now)))) => (about, now.begin()),
                _ => return true,
            }
        };
        let client = self.own_client(&about, begin);
        let is_of = |scan: Scan| ends(&scan, client).next().is_some();
        updates.iter().any(|update| update.scan().is_ok_and(is_of))
    }
}

/// Where what an update says of a client ends.
fn ends(scan: &Scan, client: u32) -> impl Iterator<Item = u32> {
    let runs = scan.there.iter().chain(&scan.gone);
    runs.filter(move |run| run.client == u64::from(client)).map(|run| run.end)
}

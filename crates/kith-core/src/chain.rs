//! The hash chain of a feed: each event vouches for every event before it.

use crate::id::{FeedId, Seq};

/// BLAKE3 over the hash before, the feed, the number and the bytes of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChainHash(pub [u8; 32]);

impl ChainHash {
    /// The hash of the event `seq` of `feed` with `body`, following an event whose hash is `self`.
    ///
    /// The hash before the first event is all zeros.
    #[must_use]
    pub fn next(self, feed: FeedId, seq: Seq, body: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        feed.with_text(|text| hasher.update(text.as_bytes()));
        hasher.update(&seq.0.to_le_bytes());
        hasher.update(body.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

//! Topics that are looked after beside everything else: each by one at a time, and once more when there
//! was a reason to meanwhile.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kith_core::id::TopicId;

/// The topics that are looked after just now.
#[derive(Default)]
pub(crate) struct Tended {
    /// Each with whether it is to be looked at, once more or for the first time.
    topics: Mutex<HashMap<TopicId, bool>>,
}

impl Tended {
    fn topics(&self) -> MutexGuard<'_, HashMap<TopicId, bool>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a topic is to be looked after by whoever asks; otherwise another does so already, and
    /// looks at it again.
    pub(crate) fn begin(&self, topic: TopicId) -> bool {
        self.topics().insert(topic, true).is_none()
    }

    /// Whether whoever began is to look at it now; otherwise that was all.
    pub(crate) fn again(&self, topic: TopicId) -> bool {
        let mut topics = self.topics();
        let again = topics.get_mut(&topic).is_some_and(std::mem::take);
        if !again {
            topics.remove(&topic);
        }
        again
    }
}

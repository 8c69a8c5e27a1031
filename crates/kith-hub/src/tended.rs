//! What is looked after beside everything else: each by one at a time, and once more when there was a
//! reason to meanwhile.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is looked after just now.
pub(crate) struct Tended<K> {
    /// Each with whether it is to be looked at, once more or for the first time.
    all: Mutex<HashMap<K, bool>>,
}

impl<K> Default for Tended<K> {
    fn default() -> Self {
        Self { all: Mutex::default() }
    }
}

impl<K: Copy + Eq + Hash> Tended<K> {
    fn all(&self) -> MutexGuard<'_, HashMap<K, bool>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is to be looked after by whoever asks; otherwise another does so already, and looks at
    /// it again.
    pub(crate) fn begin(&self, one: K) -> bool {
        self.all().insert(one, true).is_none()
    }

    /// Whether whoever began is to look at it now; otherwise that was all.
    pub(crate) fn again(&self, one: K) -> bool {
        let mut all = self.all();
        let again = all.get_mut(&one).is_some_and(std::mem::take);
        if !again {
            all.remove(&one);
        }
        again
    }

    /// Whether nothing is looked after.
    #[cfg(feature = "testing")]
    pub(crate) fn is_idle(&self) -> bool {
        self.all().is_empty()
    }
}

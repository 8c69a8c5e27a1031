//! A clock that is set to when things are said to have happened.

use std::sync::atomic::{AtomicU64, Ordering};

use kith_core::id::Timestamp;
use kith_hub::Environment;

use crate::environment::SystemEnvironment;

/// A clock that goes when it is told to, never back, and never beyond the present.
pub(super) struct Clock {
    now: AtomicU64,
    /// When the demo is made.
    pub(super) present: Timestamp,
}

impl Clock {
    pub(super) fn new(present: Timestamp) -> Self {
        Self { now: AtomicU64::new(0), present }
    }

    /// Goes on to a time, if it is later.
    pub(super) fn set(&self, at: Timestamp) {
        self.now.fetch_max(at.0.min(self.present.0), Ordering::Relaxed);
    }
}

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::Relaxed))
    }

    fn random(&self) -> u128 {
        SystemEnvironment.random()
    }
}

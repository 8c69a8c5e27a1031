//! Time that goes on with every look at it, and chance that can be foretold, for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use kith_core::id::Timestamp;
use kith_hub::Environment;

#[derive(Default)]
pub(crate) struct Clock(AtomicU64);

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(1_763_000_000_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self) -> u128 {
        let drawn = u128::from(self.0.fetch_add(1, Ordering::Relaxed) + 1);
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

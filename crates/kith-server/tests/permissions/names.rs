//! What things of the world are called, and the clock that it goes by.

use std::sync::atomic::{AtomicU64, Ordering};

use kith_core::id::Timestamp;
use kith_hub::Environment;

/// A clock that stands nearly still, so that nothing ends by itself.
pub(crate) struct Clock(pub(crate) AtomicU64);

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(1_763_000_000_000 + self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn random(&self) -> u128 {
        let drawn = u128::from(self.0.fetch_add(1, Ordering::Relaxed));
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

/// A text that is nowhere but in what goes by `name`.
pub(crate) fn secret(name: &str) -> String {
    format!("secret of {}", name.replace(' ', "-"))
}

/// The name of the topic that goes by `name` here.
pub(crate) fn topic_name(name: &str) -> String {
    name.replace(' ', "-")
}

/// An id that nothing has.
pub(crate) fn missing(prefix: &str) -> String {
    format!("{prefix}01h455vb4pex5vsknk084sn02q")
}

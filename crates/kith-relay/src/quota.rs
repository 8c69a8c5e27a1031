//! How much may be asked and relayed: buckets that fill with time, in memory that is fixed.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// Requests of one address, or one half of an IPv6 address: in the long run, and at once.
const REQUESTS_PER_SECOND: u64 = 50;
const REQUESTS_BURST: u64 = 250;
/// Buckets of addresses; those that fall together share one.
const BUCKETS: usize = 16 * 1024;

/// A bucket that fills with time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// A thousandth of what is left.
    left: u64,
    at_ms: u64,
}

impl Bucket {
    /// A full one.
    pub(crate) fn full(burst: u64, now_ms: u64) -> Self {
        Self { left: burst.saturating_mul(1000), at_ms: now_ms }
    }

    /// Takes from it, where there is enough.
    pub(crate) fn take(&mut self, count: u64, per_second: u64, burst: u64, now_ms: u64) -> bool {
        let more = now_ms.saturating_sub(self.at_ms).saturating_mul(per_second);
        self.at_ms = self.at_ms.max(now_ms);
        self.left = self.left.saturating_add(more).min(burst.saturating_mul(1000));
        match self.left.checked_sub(count.saturating_mul(1000)) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// What each address may still ask.
pub(crate) struct Requests {
    buckets: Box<[Bucket]>,
    hasher: RandomState,
}

impl Requests {
    pub(crate) fn new(now_ms: u64) -> Self {
        let buckets = vec![Bucket::full(REQUESTS_BURST, now_ms); BUCKETS].into();
        Self { buckets, hasher: RandomState::new() }
    }

    /// Counts a request.
    pub(crate) fn take(&mut self, from: IpAddr, now_ms: u64) -> bool {
        let part = match from {
            IpAddr::V4(ip) => u64::from(ip.to_bits()),
            IpAddr::V6(ip) => (ip.to_bits() >> 64) as u64,
        };
        let place = self.hasher.hash_one((from.is_ipv6(), part)) % BUCKETS as u64;
        let bucket = usize::try_from(place).ok().and_then(|place| self.buckets.get_mut(place));
        bucket.is_none_or(|bucket| bucket.take(1, REQUESTS_PER_SECOND, REQUESTS_BURST, now_ms))
    }
}

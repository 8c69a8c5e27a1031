//! Rate limits: one limiter for every surface, so that none is a way around another.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use kith_core::id::{Timestamp, UserId};
use kith_core::limit::{Bucket, Rate};
use kith_proto::error::Problem;

use crate::settings::Settings;

/// The most keys of one kind that are kept; beyond it full buckets are let go, and when none is
/// full, newcomers share one bucket.
const KEYS_MAX: usize = 100_000;

struct Buckets<K> {
    rate: Rate,
    kept: Mutex<HashMap<Option<K>, Bucket>>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, kept: Mutex::default() }
    }

    fn take(&self, key: K, now: Timestamp) -> Result<(), Problem> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Some(key);
        if kept.len() >= KEYS_MAX && !kept.contains_key(&key) {
            kept.retain(|_, bucket| !bucket.is_full(now));
            if kept.len() >= KEYS_MAX {
                key = None;
            }
        }
        kept.entry(key).or_default().take(self.rate, now).map_err(|wait_ms| {
            Problem::later("rate.limited", "too many requests: wait a little", wait_ms)
        })
    }
}

/// All rate limits of the server.
pub(crate) struct Limiter {
    requests: Buckets<UserId>,
    answers: Buckets<UserId>,
    aware: Buckets<UserId>,
    sign_ins: Buckets<(String, IpAddr)>,
    sign_ins_by_address: Buckets<IpAddr>,
    sign_ins_by_account: Buckets<String>,
    sign_ins_known: Buckets<String>,
    sign_ups: Buckets<IpAddr>,
    looks: Buckets<IpAddr>,
}

/// What a user may say as the provider of services for each request that a user may make: the calls
/// of many come to one, and each asks for several answers.
const ANSWERS: u32 = 20;
/// What a user may show in feeds for each request that a user may make: pointers move with every
/// frame of a screen, and a user may have several.
const AWARE: u32 = 10;
/// Sign-ins from one address a minute, for whatever accounts.
const SIGN_INS_PER_MINUTE: u32 = 20;
/// Sign-ins to one account an hour, from wherever, on devices that are not known.
const SIGN_INS_PER_HOUR: u32 = 100;

/// What whoever has no session may look at from one address a minute.
const LOOKS_PER_MINUTE: u32 = 120;

impl Limiter {
    pub(crate) fn new(settings: &Settings) -> Self {
        let per_second = settings.requests_per_second.clamp(1, 1000);
        Self {
            requests: Buckets::new(Rate {
                burst: settings.requests_burst.max(1),
                refill_ms: (1000 / u64::from(per_second)).max(1),
            }),
            answers: Buckets::new(Rate {
                burst: settings.requests_burst.max(1).saturating_mul(ANSWERS),
                refill_ms: (1000 / u64::from(per_second * ANSWERS)).max(1),
            }),
            aware: Buckets::new(Rate {
                burst: settings.requests_burst.max(1).saturating_mul(AWARE),
                refill_ms: (1000 / u64::from(per_second * AWARE)).max(1),
            }),
            sign_ins: Buckets::new(Rate {
                burst: settings.sign_in_burst.max(1),
                refill_ms: 60_000,
            }),
            sign_ins_by_address: Buckets::new(Rate::per_minute(
                SIGN_INS_PER_MINUTE,
                SIGN_INS_PER_MINUTE,
            )),
            sign_ins_by_account: Buckets::new(Rate {
                burst: SIGN_INS_PER_HOUR,
                refill_ms: 3_600_000 / u64::from(SIGN_INS_PER_HOUR),
            }),
            sign_ins_known: Buckets::new(Rate {
                burst: settings.sign_in_burst.max(1),
                refill_ms: 60_000,
            }),
            sign_ups: Buckets::new(Rate::per_minute(
                settings.sign_ups_per_minute.max(1),
                settings.sign_ups_per_minute.max(1),
            )),
            looks: Buckets::new(Rate::per_minute(LOOKS_PER_MINUTE, LOOKS_PER_MINUTE)),
        }
    }

    /// Counts a request of a user.
    pub(crate) fn request(&self, user: UserId, now: Timestamp) -> Result<(), Problem> {
        self.requests.take(user, now)
    }

    /// Counts what a user says as the provider of a service.
    pub(crate) fn answer(&self, user: UserId, now: Timestamp) -> Result<(), Problem> {
        self.answers.take(user, now)
    }

    /// Counts what a user shows in a feed.
    pub(crate) fn aware(&self, user: UserId, now: Timestamp) -> Result<(), Problem> {
        self.aware.take(user, now)
    }

    /// Counts an attempt to sign in from a device that is not known: by address, by account and
    /// address together, and by account from wherever.
    pub(crate) fn sign_in(
        &self,
        name: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<(), Problem> {
        self.sign_ins_by_address.take(address, now)?;
        self.sign_ins.take((name.to_owned(), address), now)?;
        self.sign_ins_by_account.take(name.to_owned(), now)
    }

    /// Counts an attempt to sign in from a device from which it went well before: what others try
    /// meanwhile does not slow it down.
    pub(crate) fn sign_in_known(&self, device: &str, now: Timestamp) -> Result<(), Problem> {
        self.sign_ins_known.take(device.to_owned(), now)
    }

    /// Counts a look at what is open to everyone.
    pub(crate) fn look(&self, address: IpAddr, now: Timestamp) -> Result<(), Problem> {
        self.looks.take(address, now)
    }

    /// Counts an attempt to sign up.
    pub(crate) fn sign_up(&self, address: IpAddr, now: Timestamp) -> Result<(), Problem> {
        self.sign_ups.take(address, now)
    }
}

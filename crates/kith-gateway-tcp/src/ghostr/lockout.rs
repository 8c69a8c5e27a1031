//! Wrong passwords: three of them shut an address out of an account for a time. Others, the account's
//! owner among them, are not kept out by what somebody guesses elsewhere; what they guess all together
//! is for the server to limit.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kith_core::id::Timestamp;

/// Wrong passwords until the account is shut.
pub(super) const FAILURES_MAX: u8 = 3;
/// Accounts and addresses that are remembered.
const KEPT_MAX: usize = 10_000;
/// After how long without another one wrong passwords are forgotten where there is no room, in
/// milliseconds.
const STALE_MS: u64 = 3600 * 1000;

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u8,
    at: Timestamp,
    until: Timestamp,
}

/// Who guessed wrong, where.
pub(super) struct Lockout {
    block_ms: u64,
    kept: Mutex<HashMap<(String, IpAddr), Failures>>,
}

impl Lockout {
    pub(super) fn new(block: Duration) -> Self {
        let block_ms = u64::try_from(block.as_millis()).unwrap_or(u64::MAX);
        Self { block_ms, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<(String, IpAddr), Failures>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an address is shut out of an account.
    pub(super) fn is_shut(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        let kept = self.kept();
        kept.get(&key(name, address)).is_some_and(|failures| failures.until > now)
    }

    /// Counts a wrong password; whether the account is shut now.
    pub(super) fn fail(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        let mut kept = self.kept();
        let key = key(name, address);
        if kept.len() >= KEPT_MAX && !kept.contains_key(&key) {
            kept.retain(|_, one| one.until > now || now.since_ms(one.at) < STALE_MS);
            if kept.len() >= KEPT_MAX {
                kept.retain(|_, one| one.until > now);
            }
            if kept.len() >= KEPT_MAX {
                return true;
            }
        }
        let new = Failures { count: 0, at: now, until: Timestamp(0) };
        let failures = kept.entry(key).or_insert(new);
        failures.count = failures.count.saturating_add(1);
        failures.at = now;
        let is_shut = failures.count >= FAILURES_MAX;
        if is_shut {
            failures.until = now.plus_ms(self.block_ms);
        }
        is_shut
    }

    /// How many more passwords an address may try.
    pub(super) fn left(&self, name: &str, address: IpAddr) -> u8 {
        let kept = self.kept();
        let count = kept.get(&key(name, address)).map_or(0, |failures| failures.count);
        FAILURES_MAX.saturating_sub(count)
    }

    /// Forgets wrong passwords: the user was there, and went.
    pub(super) fn forget(&self, name: &str, address: IpAddr) {
        self.kept().remove(&key(name, address));
    }
}

/// An account, and the part of an address that one household has.
fn key(name: &str, address: IpAddr) -> (String, IpAddr) {
    let prefix = match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    };
    (name.to_ascii_lowercase(), prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guesser_is_slowed_and_the_owner_is_not() {
        let lockout = Lockout::new(Duration::from_secs(2));
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let (guesser, owner) = (address("192.0.2.1"), address("192.0.2.2"));
        let at = Timestamp(1000);
        assert!(!lockout.fail("ana", guesser, at) && !lockout.fail("Ana", guesser, at));
        assert_eq!(lockout.left("ana", guesser), 1);
        assert!(lockout.fail("ana", guesser, at));
        assert!(lockout.is_shut("ana", guesser, at.plus_ms(1999)));
        assert!(!lockout.is_shut("ana", guesser, at.plus_ms(2000)));
        assert!(!lockout.is_shut("ana", owner, at) && !lockout.is_shut("bob", guesser, at));
        assert!(lockout.fail("ana", guesser, at.plus_ms(2000)), "one is enough from then on");
        lockout.forget("ana", guesser);
        assert_eq!(lockout.left("ana", guesser), FAILURES_MAX);
        let home = [address("2001:db8:0:1::1"), address("2001:db8:0:1::2")];
        assert!(home.iter().cycle().take(3).any(|one| lockout.fail("ana", *one, at)), "one house");
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let lockout = Lockout::new(Duration::from_secs(2));
        for number in 0..=KEPT_MAX as u32 {
            let address = IpAddr::from(number.to_be_bytes());
            lockout.fail("ana", address, Timestamp(1000));
        }
        assert!(lockout.kept().len() <= KEPT_MAX);
    }
}

//! Wrong passwords: three of them, from wherever they come, shut an account for a time at this gateway.
//! Whoever was signed in here from an address is shut out there by what is guessed there alone, so that
//! nobody is kept out of their own home by somebody who guesses elsewhere; and the other ways into the
//! site know nothing of it. What is guessed all together is for the server to limit.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kith_core::id::Timestamp;

/// Wrong passwords until an account is shut.
pub(super) const FAILURES_MAX: u8 = 3;
/// Accounts that are remembered.
const KEPT_MAX: usize = 10_000;
/// Addresses of one account's user that are remembered: those from which they were here last.
const HOMES_MAX: usize = 4;
/// After how long without another one wrong passwords are forgotten where there is no room, in
/// milliseconds.
const STALE_MS: u64 = 3600 * 1000;

/// Wrong passwords that were counted together.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u8,
    until: Timestamp,
}

impl Failures {
    const NONE: Self = Self { count: 0, until: Timestamp(0) };

    fn is_shut(self, now: Timestamp) -> bool {
        self.until > now
    }

    /// Counts one more, which shuts for so long once it is one too many.
    fn add(&mut self, now: Timestamp, block_ms: u64) {
        self.count = self.count.saturating_add(1);
        if self.count >= FAILURES_MAX {
            self.until = now.plus_ms(block_ms);
        }
    }
}

/// What was guessed of an account.
struct Account {
    /// From wherever.
    all: Failures,
    /// At each address from which its user was here.
    homes: VecDeque<(IpAddr, Failures)>,
    /// When there was something last.
    at: Timestamp,
}

impl Account {
    /// What counts for whoever comes from there.
    fn seen_from(&self, prefix: IpAddr) -> Failures {
        let home = self.homes.iter().find(|(home, _)| *home == prefix);
        home.map_or(self.all, |(_, failures)| *failures)
    }

    fn is_shut(&self, now: Timestamp) -> bool {
        self.all.is_shut(now) || self.homes.iter().any(|(_, failures)| failures.is_shut(now))
    }
}

/// Who guessed wrong, and where users are at home.
pub(super) struct Lockout {
    block_ms: u64,
    kept: Mutex<HashMap<String, Account>>,
}

impl Lockout {
    pub(super) fn new(block: Duration) -> Self {
        let block_ms = u64::try_from(block.as_millis()).unwrap_or(u64::MAX);
        Self { block_ms, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen_from(&self, name: &str, address: IpAddr) -> Failures {
        let kept = self.kept();
        kept.get(&key(name)).map_or(Failures::NONE, |account| account.seen_from(prefix(address)))
    }

    /// Whether an account is shut for whoever comes from an address.
    pub(super) fn is_shut(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        self.seen_from(name, address).is_shut(now)
    }

    /// How many more passwords may be tried at an address.
    pub(super) fn left(&self, name: &str, address: IpAddr) -> u8 {
        FAILURES_MAX.saturating_sub(self.seen_from(name, address).count)
    }

    /// Counts a wrong password; whether the account is shut now at this address.
    pub(super) fn fail(&self, name: &str, address: IpAddr, now: Timestamp) -> bool {
        let mut kept = self.kept();
        let Some(account) = remembered(&mut kept, key(name), now) else { return true };
        account.all.add(now, self.block_ms);
        let prefix = prefix(address);
        if let Some((_, failures)) = account.homes.iter_mut().find(|(home, _)| *home == prefix) {
            failures.add(now, self.block_ms);
        }
        account.seen_from(prefix).is_shut(now)
    }

    /// The user was here from an address, and went: it counts anew, and they are at home there. What is
    /// shut elsewhere stays so for its time.
    pub(super) fn was_here(&self, name: &str, address: IpAddr, now: Timestamp) {
        let mut kept = self.kept();
        let Some(account) = remembered(&mut kept, key(name), now) else { return };
        account.all.count = 0;
        account.homes.iter_mut().for_each(|(_, failures)| failures.count = 0);
        let prefix = prefix(address);
        let known = account.homes.iter().position(|(home, _)| *home == prefix);
        let home = known.and_then(|at| account.homes.remove(at));
        if account.homes.len() >= HOMES_MAX {
            account.homes.pop_front();
        }
        account.homes.push_back(home.unwrap_or((prefix, Failures::NONE)));
    }
}

/// What is remembered of an account; `None` where there is no room for it.
fn remembered(
    kept: &mut HashMap<String, Account>,
    name: String,
    now: Timestamp,
) -> Option<&mut Account> {
    if kept.len() >= KEPT_MAX && !kept.contains_key(&name) {
        kept.retain(|_, one| one.is_shut(now) || now.since_ms(one.at) < STALE_MS);
        if kept.len() >= KEPT_MAX {
            kept.retain(|_, one| one.is_shut(now));
        }
        if kept.len() >= KEPT_MAX {
            return None;
        }
    }
    let new = || Account { all: Failures::NONE, homes: VecDeque::new(), at: now };
    let account = kept.entry(name).or_insert_with(new);
    account.at = now;
    Some(account)
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// The part of an address that one household has.
fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp(1000);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// Guesses wrong so often; whether the account is shut there then.
    fn guess(lockout: &Lockout, times: u8, from: &str, at: Timestamp) -> bool {
        (0..times).fold(false, |_, _| lockout.fail("ana", address(from), at))
    }

    #[track_caller]
    fn check(lockout: &Lockout, at: Timestamp, shut: &[&str], open: &[&str]) {
        let is_shut = |from: &&str| lockout.is_shut("ana", address(from), at);
        assert!(shut.iter().all(&is_shut), "{shut:?}");
        assert!(!open.iter().any(is_shut), "{open:?}");
    }

    const HOME: &str = "192.0.2.1";
    const AWAY: &str = "192.0.2.2";
    const ELSEWHERE: &str = "2001:db8::1";

    #[test]
    fn three_wrong_passwords_shut_an_account_wherever_they_come_from() {
        let lockout = Lockout::new(Duration::from_secs(2));
        assert!(!lockout.fail("ana", address(HOME), AT) && !lockout.fail("Ana", address(AWAY), AT));
        assert_eq!(lockout.left("ana", address(ELSEWHERE)), 1);
        assert!(lockout.fail("ana", address(ELSEWHERE), AT));
        check(&lockout, AT.plus_ms(1999), &[HOME, AWAY, ELSEWHERE], &[]);
        check(&lockout, AT.plus_ms(2000), &[], &[HOME, AWAY, ELSEWHERE]);
        assert!(!lockout.is_shut("bob", address(HOME), AT));
        assert!(guess(&lockout, 1, HOME, AT.plus_ms(2000)), "one is enough from then on");
    }

    #[test]
    fn who_was_here_is_not_shut_out_at_home_by_what_is_guessed_elsewhere() {
        let lockout = Lockout::new(Duration::from_secs(2));
        lockout.was_here("ana", address(HOME), AT);
        assert!(guess(&lockout, 3, AWAY, AT));
        check(&lockout, AT, &[AWAY, ELSEWHERE], &[HOME]);
        // To go in and out there opens nothing elsewhere.
        lockout.was_here("ana", address(HOME), AT);
        check(&lockout, AT, &[AWAY, ELSEWHERE], &[HOME]);
        // What is guessed at home counts there, and everywhere.
        let later = AT.plus_ms(5000);
        assert!(!guess(&lockout, 2, HOME, later));
        assert_eq!(
            (lockout.left("ana", address(HOME)), lockout.left("ana", address(AWAY))),
            (1, 1)
        );
        assert!(guess(&lockout, 1, HOME, later));
        check(&lockout, later, &[HOME, AWAY, ELSEWHERE], &[]);
        lockout.was_here("ana", address(HOME), later.plus_ms(2000));
        assert_eq!(lockout.left("ana", address(AWAY)), FAILURES_MAX);
    }

    #[test]
    fn the_addresses_of_one_household_are_one() {
        let lockout = Lockout::new(Duration::from_secs(2));
        lockout.was_here("ana", address("2001:db8:0:1::1"), AT);
        assert!(guess(&lockout, 3, ELSEWHERE, AT));
        check(&lockout, AT, &["2001:db8:0:2::1"], &["2001:db8:0:1::2"]);
        lockout.was_here("ana", address("::ffff:192.0.2.1"), AT);
        check(&lockout, AT, &[AWAY], &[HOME]);
    }

    #[test]
    fn what_is_remembered_has_an_end() {
        let lockout = Lockout::new(Duration::from_secs(2));
        for number in 0..=KEPT_MAX {
            lockout.fail(&format!("user{number}"), address(HOME), AT);
        }
        assert!(lockout.kept().len() <= KEPT_MAX);
        for number in 0..=HOMES_MAX as u32 {
            lockout.was_here("ana", IpAddr::from((0xc000_0200 + number).to_be_bytes()), AT);
        }
        assert!(guess(&lockout, 3, AWAY, AT));
        // The first of those addresses was forgotten, and with it that somebody is at home there.
        check(&lockout, AT, &["192.0.2.0"], &["192.0.2.1", "192.0.2.4"]);
    }

    #[test]
    fn where_all_are_shut_nobody_else_may_guess() {
        let lockout = Lockout::new(Duration::from_secs(2));
        for number in 0..KEPT_MAX {
            for _ in 0..3 {
                lockout.fail(&format!("user{number}"), address(HOME), AT);
            }
        }
        assert!(lockout.fail("ana", address(AWAY), AT));
        assert!(!lockout.fail("ana", address(AWAY), AT.plus_ms(2000)), "there is room again");
    }
}

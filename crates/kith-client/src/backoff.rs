//! How long to wait before connecting again: longer every time, and never all clients at once.

use std::time::Duration;

/// The pause before the second attempt is at most this.
pub const FIRST: Duration = Duration::from_millis(100);
/// No pause is longer than this, unless the server asks for it.
pub const LAST: Duration = Duration::from_secs(15);
/// The longest pause that a server can ask for.
pub const ASKED_MAX: Duration = Duration::from_secs(300);

/// Counts attempts that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure: evenly between nothing and a bound that doubles from
    /// [`FIRST`] to [`LAST`] (full jitter), after what the server asked for, if it did.
    pub fn pause(&mut self, asked: Option<Duration>, random: u64) -> Duration {
        let bound = FIRST.saturating_mul(1 << self.failures.min(16)).min(LAST);
        self.failures = self.failures.saturating_add(1);
        let bound_ms = u64::try_from(bound.as_millis()).unwrap_or(u64::MAX);
        let jitter = Duration::from_millis(random % (bound_ms + 1));
        asked.map_or(jitter, |asked| asked.min(ASKED_MAX) + jitter)
    }

    /// Begins anew: the connection held.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound() {
        let mut backoff = Backoff::default();
        let longest: Vec<u64> = (0..12)
            .map(|failures| {
                let bound = (100_u64 << failures).min(15_000);
                u64::try_from(backoff.pause(None, bound).as_millis()).unwrap()
            })
            .collect();
        assert_eq!(longest[..4], [100, 200, 400, 800]);
        assert_eq!(longest[8..], [15_000; 4]);
        backoff.reset();
        assert!(backoff.pause(None, u64::MAX) <= FIRST);
    }

    #[test]
    fn what_the_server_asks_for_comes_first() {
        let asked = Some(Duration::from_secs(2));
        assert_eq!(Backoff::default().pause(asked, 0), Duration::from_secs(2));
        let forever = Some(Duration::from_secs(1_000_000));
        assert_eq!(Backoff::default().pause(forever, 0), ASKED_MAX);
    }
}

//! Rate limits and lockout: pure token buckets, told the time.

use crate::id::Timestamp;

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// How many milliseconds one takes to come back.
    pub refill_ms: u64,
}

impl Rate {
    /// At most `per_minute` a minute in the long run, and `burst` at once.
    #[must_use]
    pub const fn per_minute(per_minute: u32, burst: u32) -> Self {
        Self { burst, refill_ms: 60_000 / per_minute as u64 }
    }
}

/// What is left of a [`Rate`] (the generic cell rate algorithm, which keeps one number).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When the bucket will be full again.
    full_at: Timestamp,
}

impl Bucket {
    /// Takes one, or says in how many milliseconds there will be one.
    ///
    /// A clock that goes back at worst makes the wait start anew, never the bucket overflow.
    ///
    /// # Errors
    /// The milliseconds to wait, at least 1.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), u64> {
        let capacity_ms = rate.refill_ms * u64::from(rate.burst);
        // After a jump back of the clock the bucket is empty at worst, not negative.
        let full_at = self.full_at.max(now).min(now.plus_ms(capacity_ms));
        let after = full_at.plus_ms(rate.refill_ms);
        let over = after.since_ms(now.plus_ms(capacity_ms));
        if over > 0 {
            return Err(over);
        }
        self.full_at = after;
        Ok(())
    }

    /// Whether the bucket is full, so that forgetting it changes nothing.
    #[must_use]
    pub fn is_full(&self, now: Timestamp) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate { burst: 3, refill_ms: 1000 };

    #[test]
    fn a_burst_then_one_per_refill() {
        let mut bucket = Bucket::default();
        let at = Timestamp(10_000);
        for _ in 0..3 {
            assert_eq!(bucket.take(RATE, at), Ok(()));
        }
        assert_eq!(bucket.take(RATE, at), Err(1000));
        assert_eq!(bucket.take(RATE, at.plus_ms(999)), Err(1));
        assert_eq!(bucket.take(RATE, at.plus_ms(1000)), Ok(()));
        assert_eq!(bucket.take(RATE, at.plus_ms(1000)), Err(1000));
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_whatever_the_clock_does(jumps in prop::collection::vec(-5_000_i64..5_000, 1..200)) {
            let mut bucket = Bucket::default();
            let mut now = 1_000_000_i64;
            let (mut taken, mut forward) = (0_u64, 0_u64);
            for jump in jumps {
                now += jump;
                forward += jump.max(0) as u64;
                if bucket.take(RATE, Timestamp(now as u64)).is_ok() {
                    taken += 1;
                }
            }
            prop_assert!(taken <= u64::from(RATE.burst) + forward / RATE.refill_ms);
        }
    }
}

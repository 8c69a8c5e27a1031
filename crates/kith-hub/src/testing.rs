//! The world of a test: a clock that it sets, and chance that can be foretold.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kith_core::id::Timestamp;
use tokio::sync::oneshot;

use crate::{Environment, Hub};

/// When the clocks of tests begin: in November 2025.
const BEGIN_MS: u64 = 1_763_000_000_000;

/// A clock that goes on by a millisecond with every look at it, or stands still, until a test sets
/// it. What waits for time to pass waits as long as it says.
#[derive(Debug)]
pub struct Clock {
    now_ms: AtomicU64,
    tick_ms: u64,
    drawn: AtomicU64,
}

impl Default for Clock {
    fn default() -> Self {
        Self { now_ms: AtomicU64::new(BEGIN_MS), tick_ms: 1, drawn: AtomicU64::new(1) }
    }
}

impl Clock {
    /// One that stands still.
    #[must_use]
    pub fn still() -> Self {
        Self { tick_ms: 0, ..Self::default() }
    }

    /// Lets time pass.
    pub fn pass_ms(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the clock forward or back, as an operator or a time server may.
    pub fn jump_ms(&self, ms: i64) {
        let jumped = |now: u64| Some(now.saturating_add_signed(ms));
        let _ = self.now_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, jumped);
    }
}

impl Environment for Clock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now_ms.fetch_add(self.tick_ms, Ordering::Relaxed))
    }

    fn random(&self) -> u128 {
        let drawn = u128::from(self.drawn.fetch_add(1, Ordering::Relaxed));
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    }
}

/// A clock by which those who wait are woken, too: no time passes but what a test lets pass.
#[derive(Debug)]
pub struct ManualClock {
    clock: Clock,
    passed: Mutex<(Duration, Sleepers)>,
}

/// Who waits, and until when.
type Sleepers = Vec<(Duration, oneshot::Sender<()>)>;

impl Default for ManualClock {
    fn default() -> Self {
        Self { clock: Clock::still(), passed: Mutex::default() }
    }
}

impl ManualClock {
    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.clock.pass_ms(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        passed.0 += time;
        let now = passed.0;
        for (_, wake) in passed.1.extract_if(.., |(until, _)| *until <= now) {
            let _ = wake.send(());
        }
    }
}

impl Environment for ManualClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn random(&self) -> u128 {
        self.clock.random()
    }

    fn pass(&self, time: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (wake, woken) = oneshot::channel();
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let until = passed.0 + time;
        passed.1.push((until, wake));
        Box::pin(async {
            let _ = woken.await;
        })
    }
}

impl Hub {
    /// Waits until it is told everywhere how those are there who came, went or said so.
    pub async fn presence_told(&self) {
        while !self.inner.presence.telling.is_idle() {
            tokio::task::yield_now().await;
        }
    }
}

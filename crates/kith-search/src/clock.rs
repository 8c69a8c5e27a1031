//! How long a search may take. FTS5 looks for the next message that has all words for as long as that
//! takes; SQLite asks here in between, and nothing else ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Steps of SQLite's machine between two looks. A page of the index is three, and has some hundred
/// messages that have a word.
const STEPS_PER_LOOK: i32 = 60;

/// When the search of a connection is to end.
#[derive(Debug)]
pub(crate) struct Clock {
    opened: Instant,
    /// In microseconds after that.
    until_us: AtomicU64,
}

impl Clock {
    /// One that `conn` looks at.
    pub(crate) fn of(conn: &mut Connection) -> rusqlite::Result<Arc<Self>> {
        let clock = Arc::new(Self { opened: Instant::now(), until_us: AtomicU64::new(u64::MAX) });
        let seen = Arc::clone(&clock);
        conn.progress_handler(STEPS_PER_LOOK, Some(move || seen.is_late()))?;
        Ok(clock)
    }

    fn is_late(&self) -> bool {
        micros(self.opened.elapsed()) > self.until_us.load(Ordering::Relaxed)
    }

    /// What comes now may take so long, and is interrupted then.
    pub(crate) fn begin(&self, time: Duration) {
        self.until_us.store(micros(self.opened.elapsed() + time), Ordering::Relaxed);
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

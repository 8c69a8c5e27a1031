//! The time of this machine.

use std::time::{SystemTime, UNIX_EPOCH};

use kith_core::id::Timestamp;

/// Now.
pub(crate) fn now() -> Timestamp {
    // A clock before 1970 is wrong either way.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How many minutes the clocks here are ahead of UTC, now.
pub(crate) fn ahead_of_utc() -> i16 {
    let seconds = jiff::tz::TimeZone::system().to_offset(jiff::Timestamp::now()).seconds();
    // Zones are at most a day away.
    i16::try_from(seconds / 60).unwrap_or_default()
}

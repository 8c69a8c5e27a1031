//! Times as a person reads them, in the zone where the person is.

use jiff::tz::TimeZone;
use kith_core::id::Timestamp;

fn zoned(at: Timestamp, zone: &TimeZone) -> Option<jiff::Zoned> {
    let ms = i64::try_from(at.0).ok()?;
    Some(jiff::Timestamp::from_millisecond(ms).ok()?.to_zoned(zone.clone()))
}

fn shown(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    // A time beyond year 9999 is nobody's.
    zoned(at, zone).map_or_else(|| "?".to_owned(), |time| time.strftime(form).to_string())
}

/// Hours and minutes.
#[must_use]
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    shown(at, zone, "%H:%M")
}

/// The day, with its name.
#[must_use]
pub fn day(at: Timestamp, zone: &TimeZone) -> String {
    shown(at, zone, "%A, %-d %B %Y")
}

/// Date and time, to be put into a line.
#[must_use]
pub fn full(at: Timestamp, zone: &TimeZone) -> String {
    shown(at, zone, "%Y-%m-%d %H:%M")
}

/// Whether two times are on different days.
#[must_use]
pub fn is_new_day(one: Timestamp, other: Timestamp, zone: &TimeZone) -> bool {
    zoned(one, zone).map(|time| time.date()) != zoned(other, zone).map(|time| time.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_a_zone() {
        let at = Timestamp(1_763_000_000_000);
        assert_eq!(clock(at, &TimeZone::UTC), "02:13");
        assert_eq!(day(at, &TimeZone::UTC), "Thursday, 13 November 2025");
        assert_eq!(full(at, &TimeZone::UTC), "2025-11-13 02:13");
        let west = TimeZone::fixed(jiff::tz::offset(-5));
        assert_eq!(clock(at, &west), "21:13");
        let evening = Timestamp(at.0 - 3 * 3_600_000);
        assert!(is_new_day(evening, at, &TimeZone::UTC) && !is_new_day(evening, at, &west));
        assert_eq!(clock(Timestamp(u64::MAX), &west), "?");
    }
}

//! Days, months and moments as they are written in a search.

use crate::id::Timestamp;

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A stretch of time: from its first millisecond to the first behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
}

/// Reads `2026-11-22`, `2026-11`, `2026`, `2026-11-22T14:30`, `today`, `yesterday` and `7d` (the day
/// seven days ago; also `w`) where clocks are `offset` minutes ahead of UTC.
pub(super) fn parse(text: &str, now: Timestamp, offset: i16) -> Option<Span> {
    let offset_ms = i64::from(offset) * MINUTE_MS;
    let today = (i64::try_from(now.0).ok()? + offset_ms).div_euclid(DAY_MS);
    let span = |begin: i64, end: i64| {
        let moment = |local: i64| u64::try_from(local - offset_ms).unwrap_or(0);
        Some(Span { begin: Timestamp(moment(begin)), end: Timestamp(moment(end)) })
    };
    let days = |first: i64, behind: i64| span(first * DAY_MS, behind * DAY_MS);
    let ago = |count: &str, of: i64| {
        let count: i64 = number(count, 4)?;
        days(today - count * of, today - count * of + 1)
    };
    match text {
        "today" => return days(today, today + 1),
        "yesterday" => return days(today - 1, today),
        _ => {}
    }
    if let Some(count) = text.strip_suffix('d') {
        return ago(count, 1);
    }
    if let Some(count) = text.strip_suffix('w') {
        return ago(count, 7);
    }
    let (date, time) = match text.split_once(['T', 't']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4).filter(|year| *year >= 1970)?;
    let month = parts.next().map(|month| number(month, 2).filter(|m| (1..=12).contains(m)));
    let day = parts.next().map(|day| number(day, 2).filter(|day| *day >= 1));
    if parts.next().is_some() {
        return None;
    }
    match (month, day, time) {
        (None, None, None) => days(day_of(year, 1, 1), day_of(year + 1, 1, 1)),
        (Some(month), None, None) => days(day_of(year, month?, 1), month_after(year, month?)),
        (Some(month), Some(day), time) => {
            let first = day_of(year, month?, day?);
            if first >= month_after(year, month?) {
                return None;
            }
            let Some(time) = time else { return days(first, first + 1) };
            let (hour, minute) = time.split_once(':')?;
            let hour = number(hour, 2).filter(|hour| *hour < 24)?;
            let minute = number(minute, 2).filter(|minute| *minute < 60)?;
            let begin = first * DAY_MS + (hour * 60 + minute) * MINUTE_MS;
            span(begin, begin + MINUTE_MS)
        }
        _ => None,
    }
}

fn number(text: &str, digits_max: usize) -> Option<i64> {
    let plain = text.len() <= digits_max && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn month_after(year: i64, month: i64) -> i64 {
    if month == 12 { day_of(year + 1, 1, 1) } else { day_of(year, month + 1, 1) }
}

/// Days from the beginning of 1970 to a day of the Gregorian calendar.
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    // Years begin with March here, so that the day that is sometimes there is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 00:30 UTC.
    const NOW: Timestamp = Timestamp(1_795_307_400_000);

    fn check(text: &str, offset: i16, expected: Option<(u64, u64)>) {
        let found = parse(text, NOW, offset).map(|span| (span.begin.0 / 1000, span.end.0 / 1000));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn dates_are_days_months_years_and_moments() {
        check("2026-11-22", 0, Some((1_795_305_600, 1_795_392_000)));
        check("2026-11-22", 60, Some((1_795_302_000, 1_795_388_400)));
        check("today", 0, Some((1_795_305_600, 1_795_392_000)));
        check("today", -60, Some((1_795_222_800, 1_795_309_200)));
        check("yesterday", 0, Some((1_795_219_200, 1_795_305_600)));
        check("1d", 0, Some((1_795_219_200, 1_795_305_600)));
        check("1970", 0, Some((0, 365 * 86_400)));
        check("1970-01", 60, Some((0, 31 * 86_400 - 3600)));
        check("2024-02-29", 0, Some((1_709_164_800, 1_709_251_200)));
        check("2024-02-29T23:59", 0, Some((1_709_251_140, 1_709_251_200)));
        check("1w", 0, Some((1_794_700_800, 1_794_787_200)));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "x",
            "2023-02-29",
            "2026-13",
            "2026-00",
            "2026-11-0",
            "2026-11-22T24:00",
            "26-1-1-1",
            "1969",
            "-5d",
            "99999d",
            "2026T10:00",
            "٢٠٢٦",
            "2026-11-22T1030",
            "d",
        ] {
            check(text, 0, None);
        }
    }
}

//! Where a search goes on, as its user is told it.

use kith_core::id::Timestamp;
use kith_core::refusal::Refusal;
use kith_core::search::Order;
use kith_store::index::Place;

/// Writes a place: by rank with the time from which ages were counted, so that the order stays.
pub(super) fn write(order: Order, now: Timestamp, place: Place) -> String {
    match order {
        Order::Time => format!("t{:x}", place.row),
        Order::Rank => format!("r{:x}-{:x}-{:x}", now.0, place.score, place.row),
    }
}

/// Reads a place; by time there is no time with it.
pub(super) fn read(order: Order, text: &str) -> Result<(Option<Timestamp>, Place), Refusal> {
    let parsed = match order {
        Order::Time => text
            .strip_prefix('t')
            .and_then(|row| Some((None, Place { score: 0, row: number(row)? }))),
        Order::Rank => text.strip_prefix('r').and_then(|rest| {
            let mut parts = rest.split('-');
            let now = u64::try_from(number(parts.next()?)?).ok()?;
            let score = u32::try_from(number(parts.next()?)?).ok()?;
            let row = number(parts.next()?)?;
            let ends = parts.next().is_none();
            ends.then_some((Some(Timestamp(now)), Place { score, row }))
        }),
    };
    parsed.ok_or(Refusal::BadCursor)
}

fn number(text: &str) -> Option<i64> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    i64::from_str_radix(text, 16).ok().filter(|_| is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_nothing_else_is_one() {
        let (now, place) = (Timestamp(77), Place { score: 900, row: 1 << 60 });
        let text = write(Order::Rank, now, place);
        assert_eq!(read(Order::Rank, &text), Ok((Some(now), place)));
        assert_eq!(read(Order::Time, &text), Err(Refusal::BadCursor));
        let place = Place { score: 0, ..place };
        assert_eq!(read(Order::Time, &write(Order::Time, now, place)), Ok((None, place)));
        for bad in ["", "t", "t-1", "t+1", "r1-2", "r1-2-3-4", "rx", "tffffffffffffffffff", "é"] {
            assert_eq!(read(Order::Rank, bad), Err(Refusal::BadCursor), "{bad}");
            assert_eq!(read(Order::Time, bad), Err(Refusal::BadCursor), "{bad}");
        }
    }
}

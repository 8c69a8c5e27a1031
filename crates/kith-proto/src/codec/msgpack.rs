//! Whether bytes are one whole value of MessagePack, before anything is made of them.
//!
//! A length in MessagePack is a claim: five bytes say "four thousand million elements follow", and
//! a reader makes room for some of them. Nested in each other, such claims take megabytes.

/// Whether `bytes` are exactly one value: nothing is missing and nothing follows. Everything that
/// was announced is counted, so what it claims is bounded by the bytes there are.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    // Values that are announced and have not come yet; each takes at least one byte.
    let mut owed = 1_u64;
    while owed > 0 {
        let Some((&marker, after)) = rest.split_first() else { return false };
        let Some((skip, inside)) = head(marker, after) else { return false };
        let Some(after) = usize::try_from(skip).ok().and_then(|skip| after.get(skip..)) else {
            return false;
        };
        owed = owed - 1 + inside;
        if owed > after.len() as u64 {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// How many bytes behind its marker belong to a value itself, and how many values are inside it.
fn head(marker: u8, after: &[u8]) -> Option<(u64, u64)> {
    let length = |size: usize| {
        let bytes = after.get(..size)?;
        Some(bytes.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte)))
    };
    let low = |mask: u8| u64::from(marker & mask);
    Some(match marker {
        0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => (0, 0),
        0x80..=0x8f => (0, 2 * low(0x0f)),
        0x90..=0x9f => (0, low(0x0f)),
        0xa0..=0xbf => (low(0x1f), 0),
        // Never used.
        0xc1 => return None,
        0xc4 | 0xd9 => (1 + length(1)?, 0),
        0xc5 | 0xda => (2 + length(2)?, 0),
        0xc6 | 0xdb => (4 + length(4)?, 0),
        // Extensions have a byte for their kind.
        0xc7 => (2 + length(1)?, 0),
        0xc8 => (3 + length(2)?, 0),
        0xc9 => (5 + length(4)?, 0),
        0xcc | 0xd0 => (1, 0),
        0xcd | 0xd1 | 0xd4 => (2, 0),
        0xd5 => (3, 0),
        0xca | 0xce | 0xd2 => (4, 0),
        0xd6 => (5, 0),
        0xcb | 0xcf | 0xd3 => (8, 0),
        0xd7 => (9, 0),
        0xd8 => (17, 0),
        0xdc => (2, length(2)?),
        0xdd => (4, length(4)?),
        0xde => (2, 2 * length(2)?),
        0xdf => (4, 2 * length(4)?),
    })
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn every_kind_of_value_ends_where_it_does() {
        let long = |head: &[u8], length: usize| [head, &vec![0; length][..]].concat();
        for whole in [
            vec![0x7f],
            vec![0xe0],
            vec![0xc0],
            vec![0x82, 1, 2, 3, 4],
            vec![0x91, 0x90],
            vec![0xa1, b'x'],
            long(&[0xd9, 40], 40),
            long(&[0xda, 1, 0], 256),
            long(&[0xc6, 0, 1, 0, 0], 0x1_0000),
            long(&[0xc7, 3, 9], 3),
            long(&[0xc8, 0, 3, 9], 3),
            long(&[0xc9, 0, 0, 0, 3, 9], 3),
            long(&[0xcc], 1),
            long(&[0xcd], 2),
            long(&[0xca], 4),
            long(&[0xcf], 8),
            long(&[0xd4], 2),
            long(&[0xd5], 3),
            long(&[0xd6], 5),
            long(&[0xd7], 9),
            long(&[0xd8], 17),
            long(&[0xdc, 0, 20], 20),
            long(&[0xdd, 0, 0, 0, 20], 20),
            long(&[0xde, 0, 20], 40),
            long(&[0xdf, 0, 0, 0, 20], 40),
        ] {
            assert!(is_whole(&whole), "{whole:x?}");
            assert!(!is_whole(&whole[..whole.len() - 1]), "{whole:x?} is cut");
            assert!(!is_whole(&[&whole[..], &[0]].concat()), "{whole:x?} goes on");
        }
        assert!(!is_whole(&[0xc1]));
    }

    #[test]
    fn claims_beyond_the_bytes_there_are_go_no_further() {
        assert!(!is_whole(&[0xdd, 0xff, 0xff, 0xff, 0xff]));
        assert!(!is_whole(&[0xdf; 200]));
        // Each claim could be true alone; together they cannot.
        let nested = [&[0xdc, 0, 90].repeat(30)[..], &[0; 95]].concat();
        assert!(!is_whole(&nested));
    }
}

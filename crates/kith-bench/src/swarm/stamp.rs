//! The text of a message under measurement: which it is, when it was due, and padding.

use memchr::memmem;

/// What a stamp begins with; nothing else in any protocol here holds it.
const MARK: &[u8] = b"~~";
/// The mark, the number and the time, in hexadecimal digits.
pub(crate) const STAMP: usize = MARK.len() + 8 + 12;

/// What a stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The number of the message in its room, from 1.
    pub(crate) seq: u32,
    /// When it was due, in microseconds of the run.
    pub(crate) due_us: u64,
}

/// The text of a message, `chars` long.
pub(crate) fn text(stamp: Stamp, chars: usize) -> String {
    let mut text = format!("~~{:08x}{:012x}", stamp.seq, stamp.due_us);
    text.extend(std::iter::repeat_n('x', chars.saturating_sub(STAMP)));
    text
}

/// Finds stamps in what comes in, however it is cut.
#[derive(Default)]
pub(crate) struct Scanner {
    /// The end of what came before, when a stamp may have begun in it.
    tail: Vec<u8>,
}

impl Scanner {
    /// Calls `found` for each stamp that ends in `bytes`.
    pub(crate) fn scan(&mut self, bytes: &[u8], mut found: impl FnMut(Stamp)) {
        if self.tail.is_empty() {
            self.rest(bytes, &mut found);
        } else {
            let mut all = std::mem::take(&mut self.tail);
            all.extend_from_slice(bytes);
            self.rest(&all, &mut found);
        }
    }

    fn rest(&mut self, bytes: &[u8], found: &mut impl FnMut(Stamp)) {
        let mut at = 0;
        while let Some(place) = memmem::find(&bytes[at..], MARK) {
            let start = at + place;
            let Some(stamp) = bytes.get(start..start + STAMP) else {
                self.tail = bytes[start..].to_vec();
                return;
            };
            if let Some(stamp) = parse(stamp) {
                found(stamp);
            }
            at = start + STAMP;
        }
        if bytes.last() == Some(&MARK[0]) && at < bytes.len() {
            self.tail = MARK[..1].to_vec();
        }
    }
}

fn parse(stamp: &[u8]) -> Option<Stamp> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0_u64, |number, digit| {
            Some(number << 4 | u64::from(char::from(*digit).to_digit(16)?))
        })
    };
    let seq = u32::try_from(number(&stamp[2..10])?).ok()?;
    Some(Stamp { seq, due_us: number(&stamp[10..])? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_however_the_stream_is_cut() {
        let stamps: Vec<Stamp> =
            (1..4).map(|seq| Stamp { seq, due_us: 77 * u64::from(seq) }).collect();
        let sent: String =
            stamps.iter().map(|stamp| format!("{{\"text\":\"{}\"}}", text(*stamp, 64))).collect();
        for size in 1..sent.len() {
            let (mut scanner, mut seen) = (Scanner::default(), Vec::new());
            for part in sent.as_bytes().chunks(size) {
                scanner.scan(part, |stamp| seen.push(stamp));
            }
            assert_eq!(seen, stamps, "in parts of {size} bytes");
        }
    }
}

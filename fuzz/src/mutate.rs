//! Random inputs made of good ones: the same for the same seed, on every machine.

/// A small generator of random numbers (xorshift).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // The state must not be zero, and seeds that are close must not stay so.
        Self((seed ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The high bits are the better ones.
        ((self.0 >> 24) as usize).checked_rem(end).unwrap_or(0)
    }
}

/// What parsers tend to trip over.
const SNAGS: &[&[u8]] = &[
    b"18446744073709551615",
    b"18446744073709551616",
    b"9223372036854775808",
    b"-1",
    b"1e400",
    b"0",
    b"null",
    b"\"\"",
    b"{}",
    b"[]",
    b"[[[[[[[[[[[[[[[[",
    b"{\"a\":{\"a\":{\"a\":",
    b"\\ud800",
    b"\\u0000",
    b"\xc3\x28",
    "\u{202e}".as_bytes(),
    "é".as_bytes(),
    b"%00",
    b"%",
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\r\n",
    b"//",
    b"@",
    b"`",
];

/// An input made of one of `good`, at most `bytes_max` long.
#[must_use]
pub fn mutated(good: &[Vec<u8>], random: &mut Random, bytes_max: usize) -> Vec<u8> {
    let mut input = good.get(random.below(good.len())).cloned().unwrap_or_default();
    for _ in 0..=random.below(6) {
        change(&mut input, good, random);
    }
    input.truncate(bytes_max);
    input
}

fn change(input: &mut Vec<u8>, good: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = at + random.below((input.len() - at).min(40) + 1);
    match random.below(8) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => input.insert(at, random.below(256) as u8),
        2 => drop(input.drain(at..end)),
        3 => input.truncate(at),
        4 => {
            let snag = SNAGS[random.below(SNAGS.len())];
            input.splice(at..end, snag.iter().copied());
        }
        5 => {
            let snag = SNAGS[random.below(SNAGS.len())];
            input.splice(at..at, snag.iter().copied());
        }
        6 => {
            let piece = input[at..end].to_vec();
            let times = 1 + random.below(30);
            input.splice(at..at, piece.repeat(times));
        }
        _ => {
            let other = good.get(random.below(good.len())).map_or(&[][..], Vec::as_slice);
            let from = random.below(other.len() + 1);
            input.splice(at.., other[from..].iter().copied());
        }
    }
}

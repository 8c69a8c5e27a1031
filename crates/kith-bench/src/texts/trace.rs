//! The edits of somebody who writes a long text, one character each, made anew from a seed: as many
//! as in the editing trace of the automerge paper, of which as many put a character in and take one
//! out as there.
//!
//! The writer types runs of words, takes back the end of what was just typed, and now and then goes
//! elsewhere: near by, or anywhere in the text. Each edit is an update of Yjs as an editor sends it
//! for one key.

/// Characters put in, and taken out again, in the paper's trace.
const INSERTED: usize = 182_315;
const REMOVED: usize = 77_463;

/// The client of Yjs that writes.
const CLIENT: u64 = 0x5eed_4217;
/// The shared text.
pub(super) const ROOT: &str = "text";

/// Edits, and the text that they come to.
pub(super) struct Trace {
    /// The updates, each behind the other.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    pub(super) text: String,
}

/// A character that was typed at some time.
#[derive(Clone, Copy)]
struct Typed {
    clock: u64,
    char: u8,
    is_gone: bool,
}

/// The text with what was taken out, and the place between two characters where the writer is.
struct Writer {
    before: Vec<Typed>,
    /// What comes after, the nearest last.
    after: Vec<Typed>,
    clock: u64,
    random: u64,
    /// Letters until the word ends.
    word: usize,
}

impl Trace {
    /// `part` of the trace: 1 for all of it.
    pub(super) fn make(part: f64) -> Self {
        let count = |all: usize| (all as f64 * part).round() as usize;
        let (mut typing, mut removing) = (count(INSERTED), count(REMOVED));
        let mut trace = Self { bytes: Vec::new(), ends: Vec::new(), text: String::new() };
        let mut writer = Writer::new();
        while typing > 0 || removing > 0 {
            if writer.one_in(6) {
                writer.go();
            }
            let run = writer.up_to(24).min(typing);
            for _ in 0..run {
                writer.insert(&mut trace.bytes);
                trace.ends.push(trace.bytes.len());
            }
            typing -= run;
            // So that both come to their ends together.
            let back = if typing == 0 { removing } else { writer.up_to(10).min(removing) };
            for _ in 0..back {
                if !writer.remove(&mut trace.bytes) {
                    writer.end();
                    if !writer.remove(&mut trace.bytes) {
                        break;
                    }
                }
                trace.ends.push(trace.bytes.len());
                removing -= 1;
            }
            if typing == 0 && back < run {
                break;
            }
        }
        trace.text = writer.text();
        trace
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The update of an edit.
    pub(super) fn update(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends[place - 1] };
        &self.bytes[start..self.ends[place]]
    }
}

impl Writer {
    fn new() -> Self {
        Self { before: Vec::new(), after: Vec::new(), clock: 0, random: 0x2545_f491, word: 4 }
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        // xorshift64*
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let drawn = self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        drawn as usize % end.max(1)
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn up_to(&mut self, most: usize) -> usize {
        1 + self.below(most)
    }

    /// Goes elsewhere: mostly near by.
    fn go(&mut self) {
        let length = self.before.len() + self.after.len();
        let to = if self.one_in(4) {
            self.below(length + 1)
        } else {
            let near = self.before.len() + self.below(400);
            near.saturating_sub(200).min(length)
        };
        while self.before.len() > to
            && let Some(one) = self.before.pop()
        {
            self.after.push(one);
        }
        while self.before.len() < to
            && let Some(one) = self.after.pop()
        {
            self.before.push(one);
        }
    }

    fn end(&mut self) {
        while let Some(one) = self.after.pop() {
            self.before.push(one);
        }
    }

    fn char(&mut self) -> u8 {
        if self.word == 0 {
            self.word = 1 + self.below(9);
            return if self.one_in(12) { b'\n' } else { b' ' };
        }
        self.word -= 1;
        b"etaoinshrdlucmfwypvbgkjqxz"[self.below(13) + self.below(14)]
    }

    fn insert(&mut self, out: &mut Vec<u8>) {
        let char = self.char();
        let (left, right) = (self.before.last().copied(), self.after.last().copied());
        out.extend([1, 1]);
        put(out, CLIENT);
        put(out, self.clock);
        let sides = if left.is_some() { 0x80 } else { 0 } | if right.is_some() { 0x40 } else { 0 };
        out.push(4 | sides);
        for side in [left, right].into_iter().flatten() {
            put(out, CLIENT);
            put(out, side.clock);
        }
        if sides == 0 {
            out.extend([1, ROOT.len() as u8]);
            out.extend(ROOT.as_bytes());
        }
        out.extend([1, char, 0]);
        self.before.push(Typed { clock: self.clock, char, is_gone: false });
        self.clock += 1;
    }

    /// Takes out the character before; whether there was one.
    fn remove(&mut self, out: &mut Vec<u8>) -> bool {
        while let Some(mut one) = self.before.pop() {
            let was_gone = std::mem::replace(&mut one.is_gone, true);
            self.after.push(one);
            if !was_gone {
                out.extend([0, 1]);
                put(out, CLIENT);
                out.push(1);
                put(out, one.clock);
                out.push(1);
                return true;
            }
        }
        false
    }

    fn text(mut self) -> String {
        self.end();
        let here = self.before.iter().filter(|one| !one.is_gone);
        here.map(|one| char::from(one.char)).collect()
    }
}

/// Appends a number, 7 bits in a byte, the least first.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_is_as_long_as_the_papers_and_yjs_reads_it_so() {
        let whole = Trace::make(1.0);
        assert_eq!((whole.len(), whole.text.len()), (259_778, INSERTED - REMOVED));
        let part = Trace::make(0.02);
        let updates: Vec<&[u8]> = (0..part.len()).map(|place| part.update(place)).collect();
        let read = kith_yjs::Updates { updates: &updates, nests: 0 }.text(ROOT).unwrap();
        assert_eq!(read, part.text);
    }
}

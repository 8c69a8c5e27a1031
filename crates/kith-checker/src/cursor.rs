//! Where one client stands in one feed.

use std::collections::BTreeMap;

/// What a delivery was, seen from the client's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Next,
    Skipped { expected: u64 },
    Late,
    Again,
    OlderEpoch { current: u64 },
    NewerEpoch { current: u64 },
}

#[derive(Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) started: bool,
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
    /// Skipped ranges (first to last), touched only when something is wrong.
    holes: BTreeMap<u64, u64>,
}

impl Cursor {
    pub(crate) fn deliver(&mut self, epoch: u64, seq: u64) -> Step {
        if !self.started {
            self.start(epoch, 0);
        }
        if epoch < self.epoch {
            return Step::OlderEpoch { current: self.epoch };
        }
        if epoch > self.epoch {
            let current = self.epoch;
            self.start(epoch, seq);
            return Step::NewerEpoch { current };
        }
        if seq > self.seq {
            let expected = self.seq + 1;
            self.seq = seq;
            if seq == expected {
                return Step::Next;
            }
            self.holes.insert(expected, seq - 1);
            return Step::Skipped { expected };
        }
        if self.fill(seq) { Step::Late } else { Step::Again }
    }

    pub(crate) fn start(&mut self, epoch: u64, seq: u64) {
        *self = Self { started: true, epoch, seq, holes: BTreeMap::new() };
    }

    /// Whether `seq` had been skipped; from now on it has been seen.
    fn fill(&mut self, seq: u64) -> bool {
        let Some((&first, &last)) = self.holes.range(..=seq).next_back() else { return false };
        if seq > last {
            return false;
        }
        self.holes.remove(&first);
        if first < seq {
            self.holes.insert(first, seq - 1);
        }
        if seq < last {
            self.holes.insert(seq + 1, last);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_skipped_late_and_again() {
        let mut cursor = Cursor::default();
        assert_eq!(cursor.deliver(1, 1), Step::Next);
        assert_eq!(cursor.deliver(1, 5), Step::Skipped { expected: 2 });
        assert_eq!(cursor.deliver(1, 3), Step::Late);
        assert_eq!(cursor.deliver(1, 3), Step::Again);
        assert_eq!(cursor.deliver(1, 4), Step::Late);
        assert_eq!(cursor.deliver(1, 2), Step::Late);
        assert_eq!(cursor.deliver(1, 6), Step::Next);
        assert_eq!(cursor.deliver(2, 7), Step::NewerEpoch { current: 1 });
        assert_eq!(cursor.deliver(1, 8), Step::OlderEpoch { current: 2 });
    }
}

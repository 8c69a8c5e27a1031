//! What the updates of a document say, in numbers: which pieces are there and which are gone.

use std::collections::BTreeMap;

use super::scan::{Run, Scan};

/// Which pieces of a document are known, by client. Pieces of a client are numbered from 0; of what
/// comes before its time (after a gap) nothing is known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// How many of each client are there without a gap.
    clocks: BTreeMap<u64, u32>,
    /// What is gone of each client: ranges in order, apart from each other.
    gone: BTreeMap<u64, Vec<(u32, u32)>>,
    /// How many ranges are gone, of all clients.
    ranges: usize,
}

impl Known {
    /// How many pieces of each client are there without a gap, from its first: a state vector.
    pub fn clocks(&self) -> impl ExactSizeIterator<Item = (u64, u32)> + '_ {
        self.clocks.iter().map(|(client, clock)| (*client, *clock))
    }

    /// How many ranges are gone.
    pub(super) fn gone(&self) -> usize {
        self.ranges
    }

    /// How many clients there are once an update is taken in.
    pub(super) fn clients_with(&self, scan: &Scan) -> usize {
        let mut last = None;
        let more = scan.there.iter().chain(&scan.gone).filter(|run| {
            last.replace(run.client) != Some(run.client)
                && !self.clocks.contains_key(&run.client)
                && !self.gone.contains_key(&run.client)
        });
        self.clocks.len().max(self.gone.len()) + more.count()
    }

    /// Whether an update says anything that is not known.
    pub(super) fn is_news(&self, scan: &Scan) -> bool {
        scan.there.iter().any(|run| run.end > self.clock(run.client))
            || scan.gone.iter().any(|run| !self.is_gone(run))
    }

    /// Whether it knows all that `other` does.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let gone = |(client, ranges): (&u64, &Vec<(u32, u32)>)| {
            let runs = ranges.iter().map(|(start, end)| Run::new(*client, *start, *end));
            runs.into_iter().all(|run| self.is_gone(&run))
        };
        other.clocks().all(|(client, clock)| self.clock(client) >= clock)
            && other.gone.iter().all(gone)
    }

    /// How many pieces of one client are there without a gap.
    #[must_use]
    pub fn clock(&self, client: u64) -> u32 {
        self.clocks.get(&client).copied().unwrap_or(0)
    }

    fn is_gone(&self, run: &Run) -> bool {
        let Some(ranges) = self.gone.get(&run.client) else { return false };
        let after = ranges.partition_point(|(start, _)| *start <= run.start);
        let range = after.checked_sub(1).and_then(|place| ranges.get(place));
        range.is_some_and(|(_, end)| run.end <= *end)
    }

    /// Takes in what an update says.
    pub(super) fn add(&mut self, scan: &Scan) {
        for run in &scan.there {
            let clock = self.clock(run.client);
            if run.start <= clock && run.end > clock {
                self.clocks.insert(run.client, run.end);
            }
        }
        for run in &scan.gone {
            let ranges = self.gone.entry(run.client).or_default();
            let before = ranges.len();
            cover(ranges, run.start, run.end);
            self.ranges = self.ranges + ranges.len() - before;
        }
    }
}

/// Adds a range to others that are in order and apart, so that they stay so.
fn cover(ranges: &mut Vec<(u32, u32)>, mut start: u32, mut end: u32) {
    let from = ranges.partition_point(|(_, last)| *last < start);
    let until = ranges.partition_point(|(first, _)| *first <= end);
    if let Some(touched) = ranges.get(from..until)
        && let (Some((first, _)), Some((_, last))) = (touched.first(), touched.last())
    {
        start = start.min(*first);
        end = end.max(*last);
    }
    ranges.splice(from..until, [(start, end)]);
}

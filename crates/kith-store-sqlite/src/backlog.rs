//! Commits that are durable and not in the tables yet.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::pending::Group;

/// Bytes of commits that go into the tables at a time: no new commit waits longer than that takes.
const PART_BYTES: usize = 128 * 1024;
/// What waits may be so many times [`Delay::bytes`] before new commits wait for it.
const OVERFULL: usize = 4;
/// Nothing came for so long: what waits may go into the tables.
const QUIET: Duration = Duration::from_millis(10);

/// How long commits may wait for the tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delay {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
    /// The transaction that puts them there needs no sync of its own.
    pub(crate) synced: bool,
}

#[derive(Debug)]
pub(crate) struct Backlog {
    /// Oldest first.
    groups: VecDeque<Group>,
    bytes: usize,
    /// When the oldest came, or a part of those that came with it was tried.
    since: Instant,
    delay: Delay,
}

impl Backlog {
    pub(crate) fn new(delay: Delay) -> Self {
        Self { groups: VecDeque::new(), bytes: 0, since: Instant::now(), delay }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    pub(crate) fn push(&mut self, group: Group) {
        if self.groups.is_empty() {
            self.since = Instant::now();
        }
        self.bytes += group.bytes;
        self.groups.push_back(group);
    }

    /// Whether a part has waited long enough, though others still come.
    pub(crate) fn is_due(&self) -> bool {
        !self.is_empty()
            && (self.bytes > self.delay.bytes || self.since.elapsed() >= self.delay.time)
    }

    /// How long to wait for others before a part may go.
    pub(crate) fn quiet(&self) -> Duration {
        QUIET.min(self.delay.time)
    }

    /// Whether so long has passed.
    pub(crate) fn was_quiet(&self) -> bool {
        self.since.elapsed() >= self.quiet()
    }

    /// Whether it must not grow before a part has gone.
    pub(crate) fn is_overfull(&self) -> bool {
        self.bytes > self.delay.bytes.saturating_mul(OVERFULL)
    }

    /// The oldest, as many as go at a time; at least one if there is any.
    pub(crate) fn part(&self) -> Vec<&Group> {
        let mut bytes = 0;
        let fits = |group: &&Group| {
            let fits = bytes < PART_BYTES;
            bytes += group.bytes;
            fits
        };
        self.groups.iter().take_while(fits).collect()
    }

    /// Forgets the first `count`, which the tables have.
    pub(crate) fn settled(&mut self, count: usize) {
        self.bytes -= self.groups.drain(..count).map(|group| group.bytes).sum::<usize>();
        self.since = Instant::now();
    }

    /// Lets what failed wait on for a while.
    pub(crate) fn postpone(&mut self) {
        self.since = Instant::now();
    }
}

//! Which streams the index has still to read.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kith_core::draft::Changes;
use kith_core::id::{FeedId, Seq, StreamId};

/// Streams that are noted one by one; beyond it all are looked at.
pub(super) const STREAMS_MAX: usize = 10_000;

/// The streams with events that are not in the index.
#[derive(Default)]
pub(crate) struct Behind(Mutex<State>);

#[derive(Default)]
struct State {
    /// Up to which event each was read, as far as is known, and its last.
    streams: BTreeMap<StreamId, (Seq, Seq)>,
    /// There may be others: all are to be looked at, or are being looked at.
    all: bool,
    /// That is to begin, or to begin again.
    asked: bool,
}

impl Behind {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what was committed; whether there is anything to read.
    pub(super) fn note<'a>(&self, all: impl Iterator<Item = &'a Changes>) -> bool {
        let mut streams =
            all.flat_map(|changes| &changes.events).filter_map(|drafted| {
                match drafted.event.feed {
                    FeedId::Stream(stream) => Some((stream, drafted.event.seq)),
                    _ => None,
                }
            });
        let Some(first) = streams.next() else { return false };
        let mut state = self.state();
        for (stream, seq) in std::iter::once(first).chain(streams) {
            state.add(stream, Seq(seq.0.saturating_sub(1)), seq);
        }
        true
    }

    /// Notes a stream that is `read` up to somewhere before its last event.
    pub(super) fn add(&self, stream: StreamId, read: Seq, last: Seq) {
        self.state().add(stream, read, last);
    }

    /// Any stream may have something to read.
    pub(super) fn look_at_all(&self) {
        self.state().look_at_all();
    }

    /// Whether somebody should begin to look at all streams.
    pub(super) fn is_asked(&self) -> bool {
        self.state().asked
    }

    /// Somebody begins to look at all streams.
    pub(super) fn begin_all(&self) {
        self.state().asked = false;
    }

    /// All streams were looked at.
    pub(super) fn end_all(&self) {
        let mut state = self.state();
        state.all = state.asked;
    }

    /// How many streams are noted.
    pub(super) fn len(&self) -> usize {
        self.state().streams.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        let state = self.state();
        state.streams.is_empty() && !state.all
    }

    /// Some of the streams that have something to read, those behind `after` first.
    pub(super) fn some(&self, after: Option<StreamId>, most: usize) -> Vec<StreamId> {
        let state = self.state();
        let is_later = |stream: &&StreamId| after.is_none_or(|after| **stream > after);
        let later: Vec<StreamId> =
            state.streams.keys().filter(is_later).take(most).copied().collect();
        if later.is_empty() { state.streams.keys().take(most).copied().collect() } else { later }
    }

    /// Notes how far a stream was read; `ends` when the store has no more of it.
    pub(super) fn read(&self, stream: StreamId, seq: Seq, ends: bool) {
        let mut state = self.state();
        if let Some((read, last)) = state.streams.get_mut(&stream) {
            *read = seq;
            if ends || *last <= seq {
                state.streams.remove(&stream);
            }
        }
    }

    /// Whether one of `streams` has something to read.
    pub(super) fn has_any(&self, mut streams: impl Iterator<Item = StreamId>) -> bool {
        let state = self.state();
        state.all
            || (!state.streams.is_empty() && streams.any(|one| state.streams.contains_key(&one)))
    }

    /// How many events are to be read.
    pub(super) fn events(&self) -> u64 {
        self.state().streams.values().map(|(read, last)| last.0.saturating_sub(read.0)).sum()
    }
}

impl State {
    fn add(&mut self, stream: StreamId, read: Seq, last: Seq) {
        if let Some((_, known)) = self.streams.get_mut(&stream) {
            *known = last.max(*known);
        } else if self.streams.len() < STREAMS_MAX {
            self.streams.insert(stream, (read, last));
        } else {
            self.look_at_all();
        }
    }

    fn look_at_all(&mut self) {
        (self.all, self.asked) = (true, true);
    }
}

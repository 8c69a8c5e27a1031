//! What became of every character of a string, so that edits are taken back one by one, in any
//! order, whatever others wrote since.
//!
//! A character is there when the edit that put it in is in force and none in force took it out. To
//! take an edit back is to put it out of force; to do it again, to put it in force again. Characters
//! that are not there keep their place among the others, so what comes back comes back where it was.

use std::collections::BTreeSet;

use super::splice::{Splice, Turn, byte_at, units};
use super::state::Recent;
use crate::id::Seq;

/// Characters with one fate.
#[derive(Clone, Debug)]
struct Run {
    text: String,
    units: u32,
    /// The edit that put them in; `None` when they were there before all edits that are known.
    by: Option<Seq>,
    /// The edits that took them out.
    out: Vec<Seq>,
}

impl Run {
    fn new(text: &str, by: Option<Seq>) -> Self {
        Self { text: text.to_owned(), units: units(text), by, out: Vec::new() }
    }

    /// Cuts it in two; nothing is left of either at its ends.
    fn split(self, at: u32) -> Option<(Self, Self)> {
        let place = byte_at(&self.text, at)?;
        let (before, after) = self.text.split_at_checked(place)?;
        let part = |text: &str| Self { out: self.out.clone(), ..Self::new(text, self.by) };
        Some((part(before), part(after)))
    }
}

/// The characters of a string, those that are not there among them.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    runs: Vec<Run>,
    /// The edits that are taken back.
    idle: BTreeSet<Seq>,
}

impl Trace {
    /// What the edits `recent`, the first of them numbered `first`, made of `text`; `None` when they
    /// do not fit it.
    pub(super) fn of<'a>(
        text: &str,
        first: Seq,
        recent: impl Iterator<Item = &'a Recent>,
    ) -> Option<Self> {
        let runs = vec![Run::new(text, None)];
        let mut trace = Self { runs, idle: BTreeSet::new() };
        for one in recent {
            match &one.splice.turn {
                Some(turn) if turn.edits.iter().all(|(from, _)| *from >= first) => trace.turn(turn),
                _ => trace.edit(one.seq, &one.splice)?,
            }
        }
        Some(trace)
    }

    fn is_there(&self, run: &Run) -> bool {
        let in_force = |edit: &Seq| !self.idle.contains(edit);
        run.by.as_ref().is_none_or(in_force) && !run.out.iter().any(in_force)
    }

    /// The present text.
    pub(super) fn text(&self) -> String {
        self.runs.iter().filter(|run| self.is_there(run)).map(|run| run.text.as_str()).collect()
    }

    /// Puts edits in or out of force.
    fn turn(&mut self, turn: &Turn) {
        for (from, to) in &turn.edits {
            for edit in (from.0..=to.0).map(Seq) {
                if turn.on {
                    self.idle.remove(&edit);
                } else {
                    self.idle.insert(edit);
                }
            }
        }
    }

    fn edit(&mut self, seq: Seq, splice: &Splice) -> Option<()> {
        let place = self.cut(splice.at)?;
        let mut left = units(&splice.delete);
        let mut next = place;
        while left > 0 {
            let run = self.runs.get(next)?;
            if self.is_there(run) {
                if run.units > left {
                    let (taken, kept) = self.runs.remove(next).split(left)?;
                    self.runs.splice(next..next, [taken, kept]);
                }
                let run = self.runs.get_mut(next)?;
                run.out.push(seq);
                left -= run.units;
            }
            next += 1;
        }
        if !splice.insert.is_empty() {
            self.runs.insert(place, Run::new(&splice.insert, Some(seq)));
        }
        Some(())
    }

    /// The index at which a run begins right after the first `at` units that are there.
    fn cut(&mut self, at: u32) -> Option<usize> {
        let mut left = at;
        let mut index = 0;
        while left > 0 {
            let run = self.runs.get(index)?;
            if self.is_there(run) {
                if run.units > left {
                    let (before, after) = self.runs.remove(index).split(left)?;
                    self.runs.splice(index..index, [before, after]);
                    return Some(index + 1);
                }
                left -= run.units;
            }
            index += 1;
        }
        Some(index)
    }

    /// Puts edits in or out of force: the splices that bring it about, in order; an empty one when
    /// nothing of them is to be seen.
    pub(super) fn turned(&mut self, turn: &Turn) -> Vec<Splice> {
        let before: Vec<bool> = self.runs.iter().map(|run| self.is_there(run)).collect();
        self.turn(turn);
        let mut splices: Vec<Splice> = Vec::new();
        let mut open = false;
        let mut at = 0;
        for (run, was) in self.runs.iter().zip(before) {
            let is = self.is_there(run);
            if was && is {
                open = false;
            } else if was || is {
                if !open {
                    let turn = Some(turn.clone());
                    splices.push(Splice { at, turn, ..Splice::default() });
                    open = true;
                }
                if let Some(splice) = splices.last_mut() {
                    if is { &mut splice.insert } else { &mut splice.delete }.push_str(&run.text);
                }
            }
            if is {
                at += run.units;
            }
        }
        if splices.is_empty() {
            // Others may take back what hides it now, and then it must be known.
            splices.push(Splice { turn: Some(turn.clone()), ..Splice::default() });
        }
        splices
    }
}

//! Taking back what happened, after others have gone on.
//!
//! What somebody else did later stays. Where it stands in the way, the value cannot be taken back and
//! the one who asks is told so; where it did away with what is to be taken back, nothing is left to do.
//! Edits of a string are taken back [character by character](super::trace), however much others wrote
//! since.

use std::borrow::Cow;

use serde_json::{Number, Value as Json};

use super::fact::Fact;
use super::json::{self, same};
use super::list::{named, told};
use super::path::{Path, Step};
use super::resolve::Entry;
use super::splice::{Splice, Turn};
use super::state::{State, number};
use super::trace::Trace;
use super::value::Value;
use crate::id::Seq;
use crate::refusal::Refusal;

impl State {
    /// What takes back `facts`, each with the number of its event, in their order: to be folded in
    /// one after the other. Nothing where nothing is left of them.
    ///
    /// # Errors
    /// [`Refusal::Overwritten`] when others have changed the same since, [`Refusal::Stale`] when it
    /// is not known what happened since, [`Refusal::NoWayBack`] for a Yjs document.
    pub fn revert(&self, facts: &[(Seq, Fact)]) -> Result<Vec<Fact>, Refusal> {
        if let Value::String(text) = &self.value {
            return self.turn_back(text, facts);
        }
        let mut state = Cow::Borrowed(self);
        let mut back = Vec::new();
        for (seq, fact) in facts.iter().rev() {
            if let Some(fact) = state.back(fact)? {
                state.to_mut().apply(*seq, &fact);
                back.push(fact);
            }
        }
        Ok(back)
    }

    /// Puts the edits of a string that `facts` tell of out of force, or in force again where they
    /// were taken back by these facts.
    fn turn_back(&self, text: &str, facts: &[(Seq, Fact)]) -> Result<Vec<Fact>, Refusal> {
        let turns = facts.iter().rev().map(|(seq, fact)| match fact {
            Fact::Splice(Splice { turn: Some(turn), .. }) => {
                Turn { on: !turn.on, edits: turn.edits.clone() }
            }
            _ => Turn { on: false, edits: vec![(*seq, *seq)] },
        });
        let turns = together(turns);
        let edits = turns.iter().flat_map(|turn| &turn.edits);
        let Some(first) = edits.map(|(from, _)| *from).min() else { return Ok(Vec::new()) };
        let first = self.turned_since(first);
        let before = Seq(first.0.saturating_sub(1));
        let then = self.text_after(text, before).ok_or(Refusal::Stale)?;
        let since = self.since(before).ok_or(Refusal::Stale)?;
        let mut trace = Trace::of(&then, first, since).ok_or(Refusal::Stale)?;
        if trace.text() != *text {
            return Err(Refusal::Overwritten);
        }
        Ok(turns.iter().flat_map(|turn| trace.turned(turn)).map(Fact::Splice).collect())
    }

    /// The first edit that has to be known to know what became of `first`: what was taken back or done
    /// again since began earlier, maybe.
    fn turned_since(&self, mut first: Seq) -> Seq {
        while let Some(since) = self.since(Seq(first.0.saturating_sub(1))) {
            let turns = since.filter_map(|recent| recent.splice.turn.as_ref());
            let edits = turns.flat_map(|turn| &turn.edits).map(|(from, _)| *from);
            match edits.filter(|from| self.since(Seq(from.0.saturating_sub(1))).is_some()).min() {
                Some(earlier) if earlier < first => first = earlier,
                _ => break,
            }
        }
        first
    }

    /// What takes back one fact, the last of those that are left.
    fn back(&self, fact: &Fact) -> Result<Option<Fact>, Refusal> {
        match (&self.value, fact) {
            (_, Fact::Emit { .. }) => Ok(None),
            (Value::Text(_), _) => Err(Refusal::NoWayBack),
            (value, Fact::Set { value: to, was }) => {
                let now = value.to_json();
                unchanged(&now, to)?;
                Ok(Some(Fact::Set { value: was.clone(), was: now }))
            }
            (Value::Int(now), Fact::Add { by, .. }) => {
                let by = json::int(by).and_then(i64::checked_neg).ok_or(Refusal::Overflow)?;
                now.checked_add(by).ok_or(Refusal::Overflow)?;
                Ok(Some(Fact::Add { by: Number::from(by), was: None }))
            }
            (Value::Float(now), Fact::Add { by, was }) => {
                Ok(Some(self.subtract(*now, by, was.as_ref())?))
            }
            (Value::Set(items), Fact::Append { item, .. }) => Ok(json::position(items, item)
                .map(|place| Fact::Exclude { item: item.clone(), at: told(place) })),
            (Value::Set(items), Fact::Exclude { item, at }) => {
                let back = Fact::Append { item: item.clone(), at: within(*at, items.len()) };
                Ok(json::position(items, item).is_none().then_some(back))
            }
            (Value::List(_), fact) => self.back_in_list(fact),
            (Value::Map(_) | Value::Json(_), fact) => self.back_in_json(fact).map(Some),
            _ => Err(Refusal::Overwritten),
        }
    }

    /// Adding floats and subtracting them does not always lead back: right after, the value before
    /// is set again.
    fn subtract(&self, now: f64, by: &Number, was: Option<&Number>) -> Result<Fact, Refusal> {
        let by = json::float(by).ok_or(Refusal::Overflow)?;
        if let Some(was) = was
            && json::float(was).is_some_and(|was| (was + by).to_bits() == now.to_bits())
        {
            let (value, was) = (Json::Number(was.clone()), self.value.to_json());
            return Ok(Fact::Set { value, was });
        }
        number(now - by).ok_or(Refusal::Overflow)?;
        let by = number(-by).ok_or(Refusal::Overflow)?;
        Ok(Fact::Add { by, was: number(now) })
    }

    fn back_in_list(&self, fact: &Fact) -> Result<Option<Fact>, Refusal> {
        let Value::List(elements) = &self.value else { return Err(Refusal::Overwritten) };
        let find = |name, about| {
            let place = named(elements, name, about)?;
            Some((place, elements.get(place)?))
        };
        Ok(match fact {
            Fact::Insert { element, at, value } => match find(element, *at) {
                None => None,
                Some((place, one)) => {
                    unchanged(&one.value, value)?;
                    let was = one.value.clone();
                    Some(Fact::Remove { element: element.clone(), at: told(place), was })
                }
            },
            Fact::Remove { element, at, was } => match find(element, *at) {
                Some(_) => None,
                None => {
                    let at = (*at).min(told(elements.len()));
                    Some(Fact::Insert { element: element.clone(), at, value: was.clone() })
                }
            },
            Fact::Move { element, from, to } => match find(element, *to) {
                None => None,
                Some((place, _)) => {
                    let back = (*from).min(told(elements.len().saturating_sub(1)));
                    let (element, from) = (element.clone(), told(place));
                    (from != back).then_some(Fact::Move { element, from, to: back })
                }
            },
            Fact::Replace { element, at, value, was } => match find(element, *at) {
                None => None,
                Some((place, one)) => {
                    unchanged(&one.value, value)?;
                    Some(Fact::Replace {
                        element: element.clone(),
                        at: told(place),
                        value: was.clone(),
                        was: value.clone(),
                    })
                }
            },
            _ => return Err(Refusal::Overwritten),
        })
    }

    fn back_in_json(&self, fact: &Fact) -> Result<Fact, Refusal> {
        let there = |path: &Path| match self.entry(path) {
            Ok(Entry::There(value)) => Ok(Some(value)),
            Ok(Entry::Free) => Ok(None),
            Err(_) => Err(Refusal::Overwritten),
        };
        match fact {
            Fact::Put { path, value, was, .. } => {
                let now = there(path)?.ok_or(Refusal::Overwritten)?;
                unchanged(now, value)?;
                let (path, now) = (path.clone(), now.clone());
                Ok(match was {
                    Some(was) => {
                        let value = was.clone();
                        Fact::Put { path, value, was: Some(now), between: false }
                    }
                    None => Fact::Drop { path, was: now },
                })
            }
            Fact::Drop { path, was } => {
                let in_array = matches!(path.0.last(), Some(Step::At(_)));
                if there(path)?.is_some() && !in_array {
                    return Err(Refusal::Overwritten);
                }
                let (path, value) = (path.clone(), was.clone());
                Ok(Fact::Put { path, value, was: None, between: in_array })
            }
            Fact::Rename { path, key } => {
                let mut renamed = path.clone();
                let Some(Step::Key(last)) = renamed.0.last_mut() else {
                    return Err(Refusal::Overwritten);
                };
                let before = std::mem::replace(last, key.clone());
                if there(path)?.is_some() || there(&renamed)?.is_none() {
                    return Err(Refusal::Overwritten);
                }
                Ok(Fact::Rename { path: renamed, key: before })
            }
            _ => Err(Refusal::Overwritten),
        }
    }
}

/// The same turns, with those that follow each other in the same way made one.
fn together(turns: impl Iterator<Item = Turn>) -> Vec<Turn> {
    let mut all: Vec<Turn> = Vec::new();
    for turn in turns {
        match all.last_mut() {
            Some(last) if last.on == turn.on => last.edits.extend(turn.edits),
            _ => all.push(turn),
        }
    }
    for turn in &mut all {
        turn.edits.sort_unstable();
        turn.edits.dedup();
        let mut ranges: Vec<(Seq, Seq)> = Vec::new();
        for (from, to) in std::mem::take(&mut turn.edits) {
            match ranges.last_mut() {
                Some((_, end)) if from <= end.next() => *end = to.max(*end),
                _ => ranges.push((from, to)),
            }
        }
        turn.edits = ranges;
    }
    all
}

/// Refuses to take back what others have changed since.
fn unchanged(now: &Json, then: &Json) -> Result<(), Refusal> {
    if same(now, then) { Ok(()) } else { Err(Refusal::Overwritten) }
}

/// A place in a set; `None` for its end.
fn within(at: u32, count: usize) -> Option<u32> {
    ((at as usize) < count).then_some(at)
}

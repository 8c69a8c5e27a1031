//! Taking back what happened, after others have gone on.
//!
//! What somebody else did later stays. Where it stands in the way, the value cannot be taken back and
//! the one who asks is told so; where it did away with what is to be taken back, nothing is left to do.

use serde_json::{Number, Value as Json};

use super::fact::Fact;
use super::json::{self, same};
use super::list::{named, told};
use super::path::{Path, Step};
use super::resolve::Entry;
use super::state::{State, number};
use super::value::Value;
use crate::id::Seq;
use crate::refusal::Refusal;

impl State {
    /// What takes back `fact`, which happened with the event `seq`; `None` when nothing is left of it.
    ///
    /// # Errors
    /// [`Refusal::Overwritten`] when others have changed the same since, [`Refusal::Stale`] when it
    /// is not known what happened since.
    pub fn revert(&self, seq: Seq, fact: &Fact) -> Result<Option<Fact>, Refusal> {
        match (&self.value, fact) {
            (_, Fact::Emit { .. }) => Ok(None),
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
            (Value::String(_), Fact::Splice(splice)) => {
                let back = self.rebased(splice.inverse(), seq).ok_or(Refusal::Stale)?;
                let nothing = back.delete.is_empty() && back.insert.is_empty();
                Ok((!nothing).then_some(Fact::Splice(back)))
            }
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

/// Refuses to take back what others have changed since.
fn unchanged(now: &Json, then: &Json) -> Result<(), Refusal> {
    if same(now, then) { Ok(()) } else { Err(Refusal::Overwritten) }
}

/// A place in a set; `None` for its end.
fn within(at: u32, count: usize) -> Option<u32> {
    ((at as usize) < count).then_some(at)
}

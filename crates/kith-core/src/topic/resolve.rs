//! From what is asked to what happens: on the present value, or not at all.

use serde_json::{Number, Value as Json};

use super::change::{Anchor, Change, Spot};
use super::fact::Fact;
use super::json;
use super::list::{find, gap, told};
use super::path::{Path, STEPS_MAX, Step, get};
use super::splice::{Splice, byte_at};
use super::state::{State, number};
use super::text::{Text, Update};
use super::value::{Element, Value};
use crate::id::Seq;
use crate::refusal::Refusal;
use crate::text::ElementId;

/// How deep values may be in each other. What is stored has to be read again, and readers stop at
/// twice as much, lest they run out of stack.
pub const DEPTH_MAX: usize = 60;

impl State {
    /// What `change` comes to now, as the event `seq`.
    ///
    /// # Errors
    /// A refusal: the change is none of this kind of topic, or does not fit the value.
    pub fn resolve(&self, seq: Seq, change: &Change) -> Result<Fact, Refusal> {
        let fact = self.fact(seq, change)?;
        if fact.depth() > DEPTH_MAX {
            return Err(Refusal::TooDeep { max: DEPTH_MAX });
        }
        Ok(fact)
    }

    fn fact(&self, seq: Seq, change: &Change) -> Result<Fact, Refusal> {
        match (&self.value, change) {
            (Value::Event, Change::Emit { args }) => Ok(Fact::Emit { args: args.clone() }),
            (Value::Event, _) => Err(self.wrong()),
            (Value::Text(text), Change::Update { updates }) => self.update(text, updates),
            (Value::Text(_), _) => Err(self.wrong()),
            (value, Change::Set { value: to }) => {
                let to = value.kind().value(to, seq)?;
                Ok(Fact::Set { value: to.to_json(), was: value.to_json() })
            }
            (Value::Int(now), Change::Add { by }) => {
                let more = json::int(by).ok_or_else(|| self.wrong())?;
                now.checked_add(more).ok_or(Refusal::Overflow)?;
                Ok(Fact::Add { by: Number::from(more), was: None })
            }
            (Value::Float(now), Change::Add { by }) => {
                let more = json::float(by).ok_or_else(|| self.wrong())?;
                number(now + more).ok_or(Refusal::Overflow)?;
                Ok(Fact::Add { by: by.clone(), was: number(*now) })
            }
            (Value::Set(items), Change::Append { item }) => match json::position(items, item) {
                Some(_) => Err(Refusal::ItemThere),
                None => Ok(Fact::Append { item: item.clone(), at: None }),
            },
            (Value::Set(items), Change::Remove(Spot::Item(item))) => {
                let place = json::position(items, item).ok_or(Refusal::NoSuchItem)?;
                let item = items.get(place).unwrap_or(item).clone();
                Ok(Fact::Exclude { item, at: told(place) })
            }
            (Value::List(_), change) => self.in_list(seq, change),
            (Value::Map(_) | Value::Json(_), change) => self.in_json(change),
            (Value::String(text), Change::Splice { at, delete, insert, after }) => {
                let unknown = after.is_some_and(|after| after >= seq);
                if unknown {
                    return Err(Refusal::Stale);
                }
                let now = Seq(seq.0.saturating_sub(1));
                self.splice(text, (*at, *delete), insert, after.unwrap_or(now))
            }
            _ => Err(self.wrong()),
        }
    }

    fn update(&self, text: &Text, updates: &[Update]) -> Result<Fact, Refusal> {
        if updates.is_empty() {
            return Err(Refusal::BadUpdate { why: "there is none" });
        }
        for update in updates {
            text.check(update)?;
        }
        Ok(Fact::Update { updates: updates.to_vec() })
    }

    fn wrong(&self) -> Refusal {
        Refusal::WrongChange { kind: self.kind() }
    }

    fn in_list(&self, seq: Seq, change: &Change) -> Result<Fact, Refusal> {
        let Value::List(elements) = &self.value else { return Err(self.wrong()) };
        match change {
            Change::Insert { value, to, element } => {
                let element = match element {
                    None => free_name(elements, seq),
                    Some(name) if name.is_given() => return Err(Refusal::ElementTaken),
                    Some(name) => name.clone(),
                };
                if elements.iter().any(|one| one.element == element) {
                    return Err(Refusal::ElementTaken);
                }
                let at = told(gap(elements, to.as_ref(), None)?);
                Ok(Fact::Insert { element, at, value: value.clone() })
            }
            Change::Remove(spot) => {
                let place = find(elements, spot)?;
                let one = elements.get(place).ok_or(Refusal::NoSuchElement)?;
                let (element, was) = (one.element.clone(), one.value.clone());
                Ok(Fact::Remove { element, at: told(place), was })
            }
            Change::Move { from, to } => {
                let place = find(elements, from)?;
                let one = elements.get(place).ok_or(Refusal::NoSuchElement)?;
                let to = gap(elements, Some(to), Some(place))?;
                let (from, to) = (told(place), told(to));
                Ok(Fact::Move { element: one.element.clone(), from, to })
            }
            Change::Replace { spot, value } => {
                let place = find(elements, spot)?;
                let one = elements.get(place).ok_or(Refusal::NoSuchElement)?;
                let (element, was) = (one.element.clone(), one.value.clone());
                Ok(Fact::Replace { element, at: told(place), value: value.clone(), was })
            }
            _ => Err(self.wrong()),
        }
    }

    fn in_json(&self, change: &Change) -> Result<Fact, Refusal> {
        match change {
            Change::Put { path, value } => {
                let (was, between) = match self.entry(path)? {
                    Entry::There(was) => (Some(was.clone()), false),
                    Entry::Free => (None, false),
                };
                Ok(Fact::Put { path: path.clone(), value: value.clone(), was, between })
            }
            Change::Insert { value, to: Some(Anchor::Path(path)), element: None } => {
                self.item(path)?;
                let (path, value) = (path.clone(), value.clone());
                Ok(Fact::Put { path, value, was: None, between: true })
            }
            Change::Remove(Spot::Path(path)) if !path.0.is_empty() => match self.entry(path)? {
                Entry::There(was) => Ok(Fact::Drop { path: path.clone(), was: was.clone() }),
                Entry::Free => Err(Refusal::NoSuchPath),
            },
            Change::Rename { path, key } => {
                let Entry::There(_) = self.entry(path)? else { return Err(Refusal::NoSuchPath) };
                let mut renamed = path.clone();
                match renamed.0.last_mut() {
                    Some(Step::Key(last)) => last.clone_from(key),
                    _ => return Err(Refusal::NoSuchPath),
                }
                match self.entry(&renamed)? {
                    Entry::There(_) => Err(Refusal::KeyTaken),
                    Entry::Free => Ok(Fact::Rename { path: path.clone(), key: key.clone() }),
                }
            }
            _ => Err(self.wrong()),
        }
    }

    /// What is at a place of a map or of JSON, where there can be something.
    pub(super) fn entry<'a>(&'a self, path: &Path) -> Result<Entry<'a>, Refusal> {
        if path.0.len() > STEPS_MAX {
            return Err(Refusal::NoSuchPath);
        }
        let (outer, steps) = self.outer(path)?;
        let (Some(outer), Some((last, before))) = (outer, steps.split_last()) else {
            return Ok(outer.map_or(Entry::Free, Entry::There));
        };
        let holder = get(outer, before).ok_or(Refusal::NoSuchPath)?;
        match (holder, last) {
            (Json::Object(entries), Step::Key(key)) => {
                Ok(entries.get(key).map_or(Entry::Free, Entry::There))
            }
            (Json::Array(items), Step::At(at)) => match items.get(*at as usize) {
                Some(item) => Ok(Entry::There(item)),
                None if *at as usize == items.len() => Ok(Entry::Free),
                None => Err(Refusal::OutOfRange),
            },
            _ => Err(Refusal::NoSuchPath),
        }
    }

    /// The JSON in which the rest of a path is; `None` where the first key of a map is free.
    fn outer<'a, 'p>(&'a self, path: &'p Path) -> Result<(Option<&'a Json>, &'p [Step]), Refusal> {
        match &self.value {
            Value::Json(json) => Ok((Some(json), &path.0)),
            Value::Map(entries) => match path.0.split_first() {
                Some((Step::Key(key), inner)) => match entries.get(key) {
                    None if !inner.is_empty() => Err(Refusal::NoSuchPath),
                    entry => Ok((entry, inner)),
                },
                _ => Err(Refusal::NoSuchPath),
            },
            _ => Err(self.wrong()),
        }
    }

    /// Refuses a path that is none between the items of an array.
    fn item(&self, path: &Path) -> Result<(), Refusal> {
        match path.0.last() {
            Some(Step::At(_)) => self.entry(path).map(drop),
            _ => Err(Refusal::NoSuchPath),
        }
    }

    fn splice(
        &self,
        text: &str,
        (at, delete): (u32, u32),
        insert: &str,
        after: Seq,
    ) -> Result<Fact, Refusal> {
        let mut since = self.since(after).ok_or(Refusal::Stale)?.peekable();
        let told = |from: u32, count: u32, text: &str| {
            let until = from.checked_add(count).ok_or(Refusal::OutOfRange)?;
            let places = byte_at(text, from).zip(byte_at(text, until));
            let (from, until) = places.ok_or(Refusal::OutOfRange)?;
            text.get(from..until).map(str::to_owned).ok_or(Refusal::OutOfRange)
        };
        if since.peek().is_none() {
            let delete = told(at, delete, text)?;
            let insert = insert.to_owned();
            return Ok(Fact::Splice(Splice { at, delete, insert, turn: None }));
        }
        // What is taken out was counted on the text as it was then.
        let then = self.text_after(text, after).ok_or(Refusal::Stale)?;
        let delete = told(at, delete, &then)?;
        let splice = Splice { at, delete, insert: insert.to_owned(), turn: None };
        Ok(Fact::Splice(self.rebased(splice, after).ok_or(Refusal::Stale)?))
    }

    /// An edit that was made after the event `after`, as it is now.
    fn rebased(&self, splice: Splice, after: Seq) -> Option<Splice> {
        let since = self.since(after)?;
        Some(since.fold(splice, |splice, earlier| match earlier.whole {
            false => splice.over(&earlier.splice),
            true => splice.over_set(),
        }))
    }

    /// The text as it was after an event; `None` when that is not known.
    pub(super) fn text_after(&self, text: &str, after: Seq) -> Option<String> {
        let mut then = text.to_owned();
        let since: Vec<_> = self.since(after)?.collect();
        for recent in since.into_iter().rev() {
            let back = recent.splice.inverse();
            let from = byte_at(&then, back.at)?;
            let until = byte_at(&then, back.at + super::splice::units(&back.delete))?;
            then.replace_range(from..until, &back.insert);
        }
        Some(then)
    }
}

/// The name of an element that comes with the event `seq`. It is taken only in a list that was told
/// with the names that its elements have elsewhere.
fn free_name(elements: &[Element], seq: Seq) -> ElementId {
    let is_free = |name: &ElementId| elements.iter().all(|one| one.element != *name);
    let parts = (0..=elements.len()).map(|place| ElementId::of_part(seq, place));
    std::iter::once(ElementId::of(seq)).chain(parts).find(is_free).unwrap_or(ElementId::of(seq))
}

/// What is at a place.
pub(super) enum Entry<'a> {
    /// This.
    There(&'a Json),
    /// Nothing, and something may come.
    Free,
}

//! The present value of a topic, and how what happens changes it.

use std::collections::VecDeque;

use serde_json::{Number, Value as Json};

use super::fact::Fact;
use super::json;
use super::list::named;
use super::path::{Path, Step, get_mut};
use super::splice::{Splice, byte_at};
use super::text::{Text, scan};
use super::value::{Element, Kind, Value};
use crate::id::Seq;

/// What happened to a string, for those who do not know of it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// The number of the event.
    pub seq: Seq,
    /// The edit.
    pub splice: Splice,
    /// The whole text was replaced.
    pub whole: bool,
}

/// The fewest bytes of facts after which a value is kept.
const KEEP_BYTES: usize = 16 * 1024;
/// What an event takes beside its fact, about.
const EVENT_BYTES: usize = 128;

/// How many edits of a string are kept to be reckoned over.
pub(super) const RECENT_MAX: usize = 1000;
/// How many bytes of them.
const RECENT_BYTES: usize = 256 * 1024;

/// The value of a topic after an event, and what is needed to go on from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The value.
    pub value: Value,
    /// About how many bytes it takes as JSON.
    weight: usize,
    /// About how many bytes of facts came since the value was last kept.
    unkept: usize,
    /// Of a string: all that happened after the event [`known`](Self::known), oldest first.
    recent: VecDeque<Recent>,
    /// How many bytes that is, about.
    recent_bytes: usize,
    /// The event after which all is known.
    known: Seq,
}

impl State {
    /// The value after the event `seq`.
    #[must_use]
    pub fn new(seq: Seq, value: Value) -> Self {
        let weight = value.weight();
        Self { value, weight, unkept: 0, recent: VecDeque::new(), recent_bytes: 0, known: seq }
    }

    /// Whether so much happened since the value was last kept that it is time to keep it: telling
    /// what happened since takes about as long as reading the value then.
    #[must_use]
    pub fn is_due(&self) -> bool {
        // A document is kept when it is merged, which is not done on the way of a change.
        self.kind() != Kind::Text && self.unkept > KEEP_BYTES.max(2 * self.weight)
    }

    /// The event after which this value began: of a topic that no store has the beginning of its life,
    /// unless it is a string.
    #[must_use]
    pub fn begin(&self) -> Seq {
        self.known
    }

    /// The same with `text` for its Yjs document, of which that is made of fewer updates.
    #[must_use]
    pub fn merged(&self, text: Text) -> Self {
        let (known, value) = (self.known, Value::Text(text));
        Self {
            weight: value.weight(),
            value,
            unkept: 0,
            recent: VecDeque::new(),
            recent_bytes: 0,
            known,
        }
    }

    /// The Yjs document of a `text`, or of a `json` that has one.
    #[must_use]
    pub fn text(&self) -> Option<&Text> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Notes that the value is kept.
    pub fn kept(&mut self) {
        self.unkept = 0;
    }

    /// The kind of the topic.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.value.kind()
    }

    /// About how many bytes the value takes as JSON.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// What happened to a string after `seq`; `None` when that is no longer known.
    pub(super) fn since(&self, seq: Seq) -> Option<impl Iterator<Item = &Recent>> {
        (seq >= self.known).then(|| self.recent.iter().filter(move |one| one.seq > seq))
    }

    /// Folds in what happened with the event `seq`. What does not fit the value changes nothing.
    pub fn apply(&mut self, seq: Seq, fact: &Fact) {
        self.unkept += EVENT_BYTES + fact.weight();
        let before = self.weight;
        let change = fold(&mut self.value, fact);
        self.weight = match change {
            Some((less, more)) => (before + more).saturating_sub(less),
            None => self.value.weight(),
        };
        if self.kind() == Kind::String {
            self.remember(seq, fact);
        }
    }

    fn remember(&mut self, seq: Seq, fact: &Fact) {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let recent = match fact {
            Fact::Splice(splice) => Recent { seq, splice: splice.clone(), whole: false },
            Fact::Set { value, was } => {
                let (delete, insert) = (text(was), text(value));
                Recent { seq, splice: Splice { delete, insert, ..Splice::default() }, whole: true }
            }
            _ => return,
        };
        self.recent_bytes += bytes(&recent);
        self.recent.push_back(recent);
        while self.recent.len() > RECENT_MAX || self.recent_bytes > RECENT_BYTES {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= bytes(&oldest);
            self.known = oldest.seq;
        }
    }
}

fn bytes(recent: &Recent) -> usize {
    EVENT_BYTES + recent.splice.delete.len() + recent.splice.insert.len()
}

/// Changes the value; how many bytes left it and came into it, where that is less work to say than
/// to count.
fn fold(value: &mut Value, fact: &Fact) -> Option<(usize, usize)> {
    match (value, fact) {
        (value, Fact::Set { value: to, .. }) => {
            if let Ok(to) = value.kind().read(to) {
                *value = to;
            }
            None
        }
        (Value::Int(number), Fact::Add { by, .. }) => {
            *number = number.saturating_add(json::int(by).unwrap_or(0));
            Some((0, 0))
        }
        (Value::Float(number), Fact::Add { by, .. }) => {
            *number += json::float(by).unwrap_or(0.0);
            Some((0, 0))
        }
        (Value::Set(items), Fact::Append { item, at }) => {
            let place = at.map_or(items.len(), |at| (at as usize).min(items.len()));
            items.insert(place, item.clone());
            Some((0, json::weight(item) + 1))
        }
        (Value::Set(items), Fact::Exclude { item, .. }) => {
            let place = json::position(items, item)?;
            let gone = items.remove(place);
            Some((json::weight(&gone) + 1, 0))
        }
        (Value::List(elements), fact) => in_list(elements, fact),
        (Value::Map(entries), fact) => in_map(entries, fact),
        (Value::Json(json), fact) => in_json(json, fact),
        (Value::Text(text), Fact::Update { updates }) => {
            let before = text.bytes();
            for update in updates {
                // What is none was refused, so all of it is one.
                if let Ok(scan) = scan(update.bytes()) {
                    text.add(update, &scan);
                }
            }
            Some((0, text.bytes() - before))
        }
        (Value::String(text), Fact::Splice(splice)) => {
            let from = byte_at(text, splice.at)?;
            let until = byte_at(text, splice.end())?;
            if until < from {
                return None;
            }
            text.replace_range(from..until, &splice.insert);
            Some((until - from, splice.insert.len()))
        }
        _ => Some((0, 0)),
    }
}

fn in_list(elements: &mut Vec<Element>, fact: &Fact) -> Option<(usize, usize)> {
    match fact {
        Fact::Insert { element, at, value } => {
            let place = (*at as usize).min(elements.len());
            let new = Element { element: element.clone(), value: value.clone() };
            let weight = new.weight();
            elements.insert(place, new);
            Some((0, weight))
        }
        Fact::Remove { element, at, .. } => {
            let gone = elements.remove(named(elements, element, *at)?);
            Some((gone.weight(), 0))
        }
        Fact::Move { element, from, to } => {
            let moved = elements.remove(named(elements, element, *from)?);
            elements.insert((*to as usize).min(elements.len()), moved);
            Some((0, 0))
        }
        Fact::Replace { element, at, value, .. } => {
            let place = named(elements, element, *at)?;
            let was = std::mem::replace(&mut elements.get_mut(place)?.value, value.clone());
            Some((json::weight(&was), json::weight(value)))
        }
        _ => Some((0, 0)),
    }
}

fn in_map(
    entries: &mut std::collections::BTreeMap<String, Json>,
    fact: &Fact,
) -> Option<(usize, usize)> {
    let (Fact::Put { path, .. } | Fact::Drop { path, .. } | Fact::Rename { path, .. }) = fact
    else {
        return Some((0, 0));
    };
    let Some((Step::Key(key), inner)) = path.0.split_first() else { return Some((0, 0)) };
    if !inner.is_empty() {
        let inner = with_path(fact, Path(inner.to_vec()));
        return in_json(entries.get_mut(key)?, &inner);
    }
    match fact {
        Fact::Put { value, .. } => {
            let was = entries.insert(key.clone(), value.clone());
            let less = was.as_ref().map_or(0, |was| json::weight(was) + path.last_weight());
            Some((less, json::weight(value) + path.last_weight()))
        }
        Fact::Drop { .. } => {
            let was = entries.remove(key)?;
            Some((json::weight(&was) + path.last_weight(), 0))
        }
        Fact::Rename { key: to, .. } => {
            let value = entries.remove(key)?;
            entries.insert(to.clone(), value);
            Some((key.len(), to.len()))
        }
        _ => Some((0, 0)),
    }
}

/// The same at another place.
fn with_path(fact: &Fact, path: Path) -> Fact {
    match fact.clone() {
        Fact::Put { value, was, between, .. } => Fact::Put { path, value, was, between },
        Fact::Drop { was, .. } => Fact::Drop { path, was },
        Fact::Rename { key, .. } => Fact::Rename { path, key },
        other => other,
    }
}

fn in_json(json: &mut Json, fact: &Fact) -> Option<(usize, usize)> {
    let (Fact::Put { path, .. } | Fact::Drop { path, .. } | Fact::Rename { path, .. }) = fact
    else {
        return Some((0, 0));
    };
    let Some((steps, last)) = path.split() else {
        // The outermost value is put as a whole.
        if let Fact::Put { value, .. } = fact {
            *json = value.clone();
        }
        return None;
    };
    match (fact, get_mut(json, steps)?, last) {
        (Fact::Put { value, .. }, Json::Object(entries), Step::Key(key)) => {
            let was = entries.insert(key.clone(), value.clone());
            let less = was.as_ref().map_or(0, |was| json::weight(was) + path.last_weight());
            Some((less, json::weight(value) + path.last_weight()))
        }
        (Fact::Put { value, between, .. }, Json::Array(items), Step::At(at)) => {
            let place = (*at as usize).min(items.len());
            if *between || place == items.len() {
                items.insert(place, value.clone());
                return Some((0, json::weight(value) + 1));
            }
            let was = std::mem::replace(items.get_mut(place)?, value.clone());
            Some((json::weight(&was), json::weight(value)))
        }
        (Fact::Drop { .. }, Json::Object(entries), Step::Key(key)) => {
            let was = entries.remove(key)?;
            Some((json::weight(&was) + path.last_weight(), 0))
        }
        (Fact::Drop { .. }, Json::Array(items), Step::At(at)) => {
            let place = *at as usize;
            let was = (place < items.len()).then(|| items.remove(place))?;
            Some((json::weight(&was) + 1, 0))
        }
        (Fact::Rename { key: to, .. }, Json::Object(entries), Step::Key(key)) => {
            let value = entries.remove(key)?;
            entries.insert(to.clone(), value);
            Some((key.len(), to.len()))
        }
        _ => Some((0, 0)),
    }
}

/// A finite float as JSON.
pub(super) fn number(float: f64) -> Option<Number> {
    Number::from_f64(float)
}

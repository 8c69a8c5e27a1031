//! Changes of topics that need not be told one by one: kept for a moment, and merged.

use std::sync::Arc;
use std::time::Duration;

use kith_core::topic::same;

use crate::wire::{Type, What, Wire};

/// How long changes are kept.
pub(crate) const WAIT: Duration = Duration::from_millis(200);
/// The most changes that are kept of one topic; more go out at once.
const WAITING_MAX: usize = 1000;

/// Changes that are kept, by topic in the order of the first change.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Vec<(Arc<str>, Vec<Wire>)>);

impl Waiting {
    /// Whether nothing is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps a change; whether so many are kept that they should go out.
    pub(crate) fn push(&mut self, wire: Wire) -> bool {
        let place = self.0.iter().position(|(topic, _)| *topic == wire.topic);
        let place = place.unwrap_or_else(|| {
            self.0.push((Arc::clone(&wire.topic), Vec::new()));
            self.0.len() - 1
        });
        let Some((_, kept)) = self.0.get_mut(place) else { return false };
        kept.push(wire);
        kept.len() >= WAITING_MAX || self.0.len() >= WAITING_MAX
    }

    /// Drops what is kept of a topic.
    pub(crate) fn drop_topic(&mut self, topic: &str) {
        self.0.retain(|(other, _)| other.as_ref() != topic);
    }

    /// Takes all, merged.
    pub(crate) fn take(&mut self) -> Vec<Wire> {
        std::mem::take(&mut self.0).into_iter().flat_map(|(_, wires)| merged(wires)).collect()
    }
}

/// The changes of one topic, with those that a later `set` makes pointless left out.
fn merged(wires: Vec<Wire>) -> Vec<Wire> {
    let Some(is) = wires.first().map(|wire| wire.is) else { return wires };
    if !matches!(is, Type::String | Type::Int | Type::List) {
        return wires;
    }
    let mut kept: Vec<Wire> = Vec::new();
    for wire in wires {
        let What::Set { value, .. } = &wire.what else {
            kept.push(wire);
            continue;
        };
        while kept.pop_if(|last| !matches!(last.what, What::Set { .. })).is_some() {}
        let before = match kept.last().map(|last| &last.what) {
            Some(What::Set { old, .. }) => old.clone(),
            _ => {
                kept.push(wire);
                continue;
            }
        };
        kept.pop();
        if is == Type::List || !same(&before, value) {
            let what = What::Set { value: value.clone(), old: before };
            kept.push(Wire { what, ..wire });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn set(is: Type, value: Json, old: Json, id: &str) -> Wire {
        Wire { topic: "t".into(), is, what: What::Set { value, old }, id: id.to_owned() }
    }

    fn add(by: i64) -> Wire {
        let what = What::Add { by: json!(by) };
        Wire { topic: "t".into(), is: Type::Int, what, id: "add".to_owned() }
    }

    #[test]
    fn a_set_makes_what_was_before_it_pointless() {
        let int = |value: i64, old: i64, id| set(Type::Int, json!(value), json!(old), id);
        assert_eq!(merged(vec![int(1, 0, "a"), int(2, 1, "b")]), [int(2, 0, "b")]);
        assert_eq!(merged(vec![int(1, 0, "a"), int(0, 1, "b")]), []);
        assert_eq!(merged(vec![add(1), int(5, 1, "a"), add(2)]), [int(5, 1, "a"), add(2)]);
        let list = |value: i64, old: i64, id| set(Type::List, json!([value]), json!([old]), id);
        assert_eq!(merged(vec![list(1, 0, "a"), list(0, 1, "b")]), [list(0, 0, "b")]);
        let generic = |value: i64, old: i64| set(Type::Generic, json!(value), json!(old), "g");
        let all = vec![generic(1, 0), generic(2, 1)];
        assert_eq!(merged(all.clone()), all);
    }

    #[test]
    fn topics_keep_the_order_of_their_first_change() {
        let mut waiting = Waiting::default();
        for (topic, id) in [("b", "1"), ("a", "2"), ("b", "3")] {
            let what = What::Emit { args: serde_json::Map::new() };
            waiting.push(Wire { topic: topic.into(), is: Type::Event, what, id: id.to_owned() });
        }
        waiting.drop_topic("c");
        let ids: Vec<String> = waiting.take().into_iter().map(|wire| wire.id).collect();
        assert_eq!(ids, ["1", "3", "2"]);
        assert!(waiting.is_empty());
    }
}

//! What was done to one topic lately, so that what takes it back, or does it again, is known as that:
//! topicsync tells of it with the names that it had.

use std::collections::VecDeque;

use kith_core::topic::{Fact, Splice, same};
use serde_json::{Number, Value as Json};

/// The most changes that are remembered of a topic.
const DONE_MAX: usize = 100;
/// How many bytes of them.
const BYTES_MAX: usize = 256 * 1024;

/// A change that was done.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its place among all changes that were told of.
    pub(crate) order: u64,
    pub(crate) fact: Fact,
    /// The id under which it was told.
    pub(crate) id: String,
    /// Of a string: the versions before and after.
    pub(crate) versions: Option<(String, String)>,
}

/// What a change is to those before.
#[derive(Debug)]
pub(crate) enum Turn {
    /// It takes this one back.
    Back(Entry),
    /// It does this one again.
    Again(Entry),
    /// It is new.
    New,
}

/// What was done to a topic lately, and what was taken back of it.
#[derive(Debug, Default)]
pub(crate) struct Trail {
    done: VecDeque<Entry>,
    undone: Vec<Entry>,
    bytes: usize,
}

impl Trail {
    /// Notes something new.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.forget_undone();
        self.keep(entry);
    }

    fn forget_undone(&mut self) {
        for entry in self.undone.drain(..) {
            self.bytes -= entry.fact.weight();
        }
    }

    fn keep(&mut self, entry: Entry) {
        self.bytes += entry.fact.weight();
        self.done.push_back(entry);
        while self.done.len() > DONE_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.done.pop_front() else { break };
            self.bytes -= oldest.fact.weight();
        }
    }

    /// What a change is that others made.
    pub(crate) fn turn(&mut self, fact: &Fact) -> Turn {
        if let Some(entry) = self.done.pop_back_if(|last| takes_back(&last.fact, fact)) {
            self.undone.push(entry.clone());
            return Turn::Back(entry);
        }
        if let Some(entry) = self.undone.pop_if(|last| does_again(&last.fact, fact)) {
            self.bytes -= entry.fact.weight();
            self.keep(entry.clone());
            return Turn::Again(entry);
        }
        self.forget_undone();
        Turn::New
    }
}

/// Whether `now` is what takes `then` back.
fn takes_back(then: &Fact, now: &Fact) -> bool {
    match (then, now) {
        (Fact::Set { value, was }, Fact::Set { value: to, was: from }) => {
            same(value, from) && same(was, to)
        }
        (Fact::Add { by, .. }, Fact::Add { by: back, .. }) => opposite(by, back),
        (Fact::Add { by, .. }, Fact::Set { value, was }) => adds(was, by, value),
        (Fact::Append { item, .. }, Fact::Exclude { item: other, .. })
        | (Fact::Exclude { item, .. }, Fact::Append { item: other, .. }) => same(item, other),
        (Fact::Insert { element, .. }, Fact::Remove { element: other, .. })
        | (Fact::Remove { element, .. }, Fact::Insert { element: other, .. }) => element == other,
        (Fact::Move { element, from, to }, Fact::Move { element: other, from: start, to: end }) => {
            element == other && from == end && to == start
        }
        (
            Fact::Replace { element, value, was, .. },
            Fact::Replace { element: other, value: to, was: from, .. },
        ) => element == other && same(value, from) && same(was, to),
        (Fact::Put { path, value, was: None, .. }, Fact::Drop { path: other, was: from })
        | (Fact::Drop { path: other, was: from }, Fact::Put { path, value, was: None, .. }) => {
            path == other && same(value, from)
        }
        (
            Fact::Put { path, value, was: Some(was), .. },
            Fact::Put { path: other, value: to, was: Some(from), .. },
        ) => path == other && same(value, from) && same(was, to),
        (Fact::Splice(then), Fact::Splice(now)) => bare(&then.inverse()) == bare(now),
        _ => false,
    }
}

/// Whether `now` is `then` once more.
fn does_again(then: &Fact, now: &Fact) -> bool {
    match (then, now) {
        (Fact::Splice(then), Fact::Splice(now)) => bare(then) == bare(now),
        (Fact::Add { by, .. }, Fact::Add { by: again, .. }) => by == again,
        (Fact::Add { by, .. }, Fact::Set { value, was }) => adds(value, by, was),
        (Fact::Append { item, .. }, Fact::Append { item: other, .. }) => same(item, other),
        (Fact::Exclude { item, .. }, Fact::Exclude { item: other, .. }) => same(item, other),
        (Fact::Insert { element, value, .. }, Fact::Insert { element: other, value: to, .. }) => {
            element == other && same(value, to)
        }
        (Fact::Remove { element, .. }, Fact::Remove { element: other, .. }) => element == other,
        _ => then == now,
    }
}

/// An edit without what it was made for.
fn bare(splice: &Splice) -> Splice {
    Splice { turn: None, ..splice.clone() }
}

fn opposite(one: &Number, two: &Number) -> bool {
    same(&crate::wire::negative(&Json::Number(one.clone())), &Json::Number(two.clone()))
}

/// Whether `value` and `by` make exactly `sum`.
pub(crate) fn adds(sum: &Json, by: &Number, value: &Json) -> bool {
    let numbers = sum.as_f64().zip(by.as_f64()).zip(value.as_f64());
    numbers.is_some_and(|((sum, by), value)| (value + by).to_bits() == sum.to_bits())
}

#[cfg(test)]
mod tests {
    use kith_core::id::Seq;
    use kith_core::topic::{Change, Kind, State};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn entry(order: u64, fact: &Fact) -> Entry {
        Entry { order, fact: fact.clone(), id: order.to_string(), versions: None }
    }

    proptest! {
        /// Whatever is done to a value and then undone step by step is known as that, and so is what
        /// is done again.
        #[test]
        fn what_kith_takes_back_is_known_as_that(places in prop::collection::vec(0_u8..6, 1..20)) {
            let mut state = State::new(Seq(1), Kind::Json.value(&json!({}), Seq(1)).unwrap());
            let (mut trail, mut facts) = (Trail::default(), Vec::new());
            for (order, place) in (2..).zip(places) {
                let path = kith_core::topic::Path::key(&place.to_string());
                let change = Change::Put { path, value: json!(order) };
                let fact = state.resolve(Seq(order), &change).unwrap();
                state.apply(Seq(order), &fact);
                trail.push(entry(order, &fact));
                facts.push((Seq(order), fact));
            }
            for (seq, fact) in facts.iter().rev() {
                let back = state.revert(&[(*seq, fact.clone())]).unwrap();
                prop_assert_eq!(back.len(), 1);
                state.apply(Seq(1000), &back[0]);
                prop_assert!(matches!(trail.turn(&back[0]), Turn::Back(known) if known.order == seq.0));
            }
            for (seq, fact) in &facts {
                prop_assert!(matches!(trail.turn(fact), Turn::Again(known) if known.order == seq.0));
            }
        }
    }

    #[test]
    fn something_new_ends_what_could_be_done_again() {
        let mut trail = Trail::default();
        let set = |value: u64, was: u64| Fact::Set { value: json!(value), was: json!(was) };
        trail.push(entry(1, &set(1, 0)));
        assert!(matches!(trail.turn(&set(0, 1)), Turn::Back(_)));
        assert!(matches!(trail.turn(&set(5, 0)), Turn::New));
        assert!(matches!(trail.turn(&set(1, 0)), Turn::New));
    }

    #[test]
    fn only_so_much_is_remembered() {
        let mut trail = Trail::default();
        let long = "x".repeat(BYTES_MAX / 8);
        for order in 0..1000 {
            trail.push(entry(order, &Fact::Set { value: json!(long), was: json!(order) }));
        }
        assert!(trail.bytes <= BYTES_MAX && trail.done.len() < 9);
    }
}

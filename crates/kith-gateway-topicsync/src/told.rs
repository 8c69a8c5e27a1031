//! What others did to a topic, as topicsync writes it.

use kith_core::topic::{Fact, Splice, State, Step, Value, same, units};
use serde_json::Value as Json;

use crate::entry::plain;
use crate::wire::What;

/// What `fact` comes to; `before` and `after` are the values around it. Of strings the versions are
/// still to be filled in. What changes nothing is not told.
pub(crate) fn told(fact: &Fact, before: &State, after: &State) -> Vec<What> {
    let kind = before.kind();
    match fact {
        Fact::Set { value, was } => {
            let (value, old) = (plain(kind, value), plain(kind, was));
            if same(&value, &old) { Vec::new() } else { vec![What::Set { value, old }] }
        }
        Fact::Add { by, .. } => vec![What::Add { by: Json::Number(by.clone()) }],
        Fact::Append { item, .. } => vec![What::Append { item: item.clone() }],
        Fact::Exclude { item, .. } => vec![What::Remove { item: item.clone() }],
        Fact::Insert { at, value, .. } => vec![insert(*at, value)],
        Fact::Remove { at, was, .. } => vec![pop(*at, was)],
        Fact::Replace { at, value, was, .. } => vec![pop(*at, was), insert(*at, value)],
        Fact::Move { from, to, .. } => match element(before, *from) {
            Some(value) => vec![pop(*from, value), insert(*to, value)],
            None => Vec::new(),
        },
        Fact::Put { path, .. } | Fact::Drop { path, .. } | Fact::Rename { path, .. } => {
            match path.0.first() {
                Some(Step::Key(key)) if matches!(before.value, Value::Map(_)) => {
                    let renamed = match fact {
                        Fact::Rename { key: to, .. } if path.0.len() == 1 => Some(to),
                        _ => None,
                    };
                    let keys = std::iter::once(key).chain(renamed);
                    keys.filter_map(|key| entry(key, before, after)).collect()
                }
                _ => {
                    let (value, old) = (after.value.to_plain(), before.value.to_plain());
                    vec![What::Set { value, old }]
                }
            }
        }
        Fact::Splice(splice) => edits(splice),
        Fact::Update { .. } => Vec::new(),
        Fact::Emit { args } => vec![What::Emit { args: args.clone() }],
    }
}

fn insert(at: u32, value: &Json) -> What {
    What::Insert { item: value.clone(), at: at.into(), place: at }
}

fn pop(at: u32, was: &Json) -> What {
    What::Pop { at: at.into(), item: was.clone(), place: at }
}

fn element(state: &State, at: u32) -> Option<&Json> {
    match &state.value {
        Value::List(elements) => elements.get(at as usize).map(|element| &element.value),
        _ => None,
    }
}

/// What happened to an entry of a map.
fn entry(key: &str, before: &State, after: &State) -> Option<What> {
    let get = |state: &State| match &state.value {
        Value::Map(entries) => entries.get(key).cloned(),
        _ => None,
    };
    let key = key.to_owned();
    match (get(before), get(after)) {
        (None, Some(value)) => Some(What::AddKey { key, value }),
        (Some(value), None) => Some(What::PopKey { key, value }),
        (Some(old), Some(value)) => Some(What::ChangeKey { key, value, old }),
        (None, None) => None,
    }
}

/// A part of a string that was replaced: what went, then what came.
fn edits(splice: &Splice) -> Vec<What> {
    let (base, result) = (String::new(), String::new());
    let mut whats = Vec::new();
    let at = splice.at;
    if units(&splice.delete) > 0 {
        let (base, result, text) = (base.clone(), result.clone(), splice.delete.clone());
        whats.push(What::DeleteText { base, at, text, result });
    }
    if units(&splice.insert) > 0 {
        whats.push(What::InsertText { base, at, text: splice.insert.clone(), result });
    }
    whats
}

#[cfg(test)]
mod tests {
    use kith_core::id::Seq;
    use kith_core::topic::{Anchor, Change, Kind, Path, Spot};
    use serde_json::json;

    use super::*;

    /// What a change of a value is told as.
    fn check(kind: Kind, value: &Json, change: &Change, expected: &[What]) {
        let before = State::new(Seq(1), kind.value(value, Seq(1)).unwrap());
        let fact = before.resolve(Seq(2), change).unwrap();
        let mut after = before.clone();
        after.apply(Seq(2), &fact);
        assert_eq!(told(&fact, &before, &after), expected, "{change:?}");
    }

    #[test]
    fn what_topicsync_has_no_word_for_is_told_in_its_words() {
        let key = |key: &str| key.to_owned();
        let list = || json!(["a", "b", "c"]);
        let moved = Change::Move { from: Spot::At(0), to: Anchor::At(2) };
        let told = [pop(0, &json!("a")), insert(2, &json!("a"))];
        check(Kind::List, &list(), &moved, &told);
        let replaced = Change::Replace { spot: Spot::At(1), value: json!("x") };
        let told = [pop(1, &json!("b")), insert(1, &json!("x"))];
        check(Kind::List, &list(), &replaced, &told);
        let inside = Path(vec![Step::Key(key("a")), Step::Key(key("b"))]);
        let put = Change::Put { path: inside, value: json!(2) };
        let (old, value) = (json!({"b": 1}), json!({"b": 2}));
        let map = json!({"a": {"b": 1}});
        let told = [What::ChangeKey { key: key("a"), value, old }];
        check(Kind::Map, &map, &put, &told);
        let told = [What::Set { value: json!({"a": {"b": 2}}), old: map.clone() }];
        check(Kind::Json, &map, &put, &told);
        let renamed = Change::Rename { path: Path::key("a"), key: key("z") };
        let value = json!({"b": 1});
        let told = [
            What::PopKey { key: key("a"), value: value.clone() },
            What::AddKey { key: key("z"), value },
        ];
        check(Kind::Map, &map, &renamed, &told);
        let spliced = Change::Splice { at: 1, delete: 1, insert: key("xy"), after: None };
        let text = |text: &str| (String::new(), key(text), String::new());
        let ((base, gone, result), (start, come, end)) = (text("b"), text("xy"));
        let told = [
            What::DeleteText { base, at: 1, text: gone, result },
            What::InsertText { base: start, at: 1, text: come, result: end },
        ];
        check(Kind::String, &json!("abc"), &spliced, &told);
        check(Kind::Int, &json!(5), &Change::Set { value: json!(5) }, &[]);
        check(Kind::List, &list(), &Change::Set { value: list() }, &[]);
    }
}

//! Properties of values, of what happens to them, and of taking it back.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::text::Update;
use super::*;
use crate::id::Seq;
use crate::refusal::Refusal;
use crate::text::ElementId;

fn state(kind: Kind, value: &Json) -> State {
    State::new(Seq(0), kind.value(value, Seq(0)).unwrap())
}

/// A topic with the number of its last event.
struct Topic {
    state: State,
    seq: Seq,
    facts: Vec<(Seq, Fact)>,
}

impl Topic {
    fn new(kind: Kind) -> Self {
        Self { state: State::new(Seq(0), kind.empty()), seq: Seq(0), facts: Vec::new() }
    }

    fn of(kind: Kind, value: &Json) -> Self {
        Self { state: state(kind, value), ..Self::new(kind) }
    }

    fn change(&mut self, change: &Change) -> Result<(Seq, Fact), Refusal> {
        let fact = self.state.resolve(self.seq.next(), change)?;
        Ok(self.happen(fact))
    }

    fn happen(&mut self, fact: Fact) -> (Seq, Fact) {
        self.seq = self.seq.next();
        self.state.apply(self.seq, &fact);
        self.facts.push((self.seq, fact.clone()));
        (self.seq, fact)
    }

    fn ask(&mut self, change: Json) -> Result<(Seq, Fact), Refusal> {
        self.change(&serde_json::from_value(change).unwrap())
    }

    fn revert(&mut self, happened: &(Seq, Fact)) -> Result<Vec<(Seq, Fact)>, Refusal> {
        self.revert_all(std::slice::from_ref(happened))
    }

    fn revert_all(&mut self, facts: &[(Seq, Fact)]) -> Result<Vec<(Seq, Fact)>, Refusal> {
        let back = self.state.revert(facts)?;
        Ok(back.into_iter().map(|fact| self.happen(fact)).collect())
    }

    fn plain(&self) -> Json {
        self.state.value.to_plain()
    }
}

/// An edit, and what last put it in or out of force.
type Turned = (usize, Vec<(Seq, Fact)>);

/// The kinds whose changes are taken back here.
const KINDS: [Kind; 9] = [
    Kind::Bool,
    Kind::Int,
    Kind::Float,
    Kind::String,
    Kind::Set,
    Kind::List,
    Kind::Map,
    Kind::Json,
    Kind::Event,
];

/// Those, and the one whose edits are taken back by the programs that made them.
fn all_kinds() -> impl Iterator<Item = Kind> {
    KINDS.into_iter().chain([Kind::Text])
}

/// Updates of documents: a letter each, of a few clients, in whatever order and more than once.
fn update() -> impl Strategy<Value = Update> {
    let letter = |(client, clock)| match clock {
        0 => Update::new(&[1, 1, client, 0, 4, 1, 1, b't', 1, b'a', 0]),
        _ => Update::new(&[1, 1, client, clock, 132, client, clock - 1, 1, b'b', 0]),
    };
    (1..4_u8, 0..4_u8).prop_map(letter)
}

fn key() -> impl Strategy<Value = String> {
    "[abé]{1,2}"
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3..4_i64).prop_map(Json::from),
        (-2.0..2.0_f64).prop_map(Json::from),
        "[a-cé😀]{0,3}".prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Json::from),
            proptest::collection::btree_map(key(), inner, 0..3)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

fn path() -> impl Strategy<Value = Path> {
    let step = prop_oneof![key().prop_map(Step::Key), (0..3_u32).prop_map(Step::At)];
    vec(step, 0..4).prop_map(Path)
}

fn element() -> impl Strategy<Value = ElementId> {
    prop_oneof!["[a-d]", (1..9_u64).prop_map(|seq| format!("~{seq}"))]
        .prop_map(|name| ElementId::parse(&name).unwrap())
}

fn spot() -> impl Strategy<Value = Spot> {
    prop_oneof![
        any_json().prop_map(Spot::Item),
        (-3..4_i64).prop_map(Spot::At),
        element().prop_map(Spot::Element),
        path().prop_map(Spot::Path),
    ]
}

fn anchor() -> impl Strategy<Value = Anchor> {
    prop_oneof![
        (-3..4_i64).prop_map(Anchor::At),
        element().prop_map(Anchor::Before),
        element().prop_map(Anchor::After),
        path().prop_map(Anchor::Path),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        any_json().prop_map(|value| Change::Set { value }),
        "[a-z]{0,6}".prop_map(|text| Change::Set { value: Json::from(text) }),
        vec(any_json(), 0..4).prop_map(|items| Change::Set { value: Json::from(items) }),
        (-5..6_i64).prop_map(|by| Change::Add { by: by.into() }),
        (-2.0..2.0_f64)
            .prop_map(|by| Change::Add { by: serde_json::Number::from_f64(by).unwrap() }),
        any_json().prop_map(|item| Change::Append { item }),
        (any_json(), proptest::option::of(anchor()), proptest::option::of(element()))
            .prop_map(|(value, to, element)| Change::Insert { value, to, element }),
        spot().prop_map(Change::Remove),
        (spot(), anchor()).prop_map(|(from, to)| Change::Move { from, to }),
        (spot(), any_json()).prop_map(|(spot, value)| Change::Replace { spot, value }),
        (path(), any_json()).prop_map(|(path, value)| Change::Put { path, value }),
        (key(), any_json()).prop_map(|(key, value)| Change::Put { path: Path::key(&key), value }),
        (path(), key()).prop_map(|(path, key)| Change::Rename { path, key }),
        (0..6_u32, 0..3_u32, "[xyé😀]{0,3}", proptest::option::of((0..20_u64).prop_map(Seq)))
            .prop_map(|(at, delete, insert, after)| Change::Splice { at, delete, insert, after }),
        Just(Change::Emit { args: serde_json::Map::new() }),
        vec(update(), 1..3).prop_map(|updates| Change::Update { updates }),
    ]
}

proptest! {
    /// What happens and is taken back at once leaves no trace; what is counted on the way is right.
    #[test]
    fn a_change_and_its_reversal_are_nothing(changes in vec(change(), 1..60)) {
        for kind in KINDS {
            let mut topic = Topic::new(kind);
            for change in &changes {
                let before = topic.state.value.clone();
                let Ok(happened) = topic.change(change) else {
                    prop_assert_eq!(&before, &topic.state.value);
                    continue;
                };
                prop_assert_eq!(topic.state.weight(), topic.state.value.weight(), "{:?}", happened.1);
                let after = topic.state.clone();
                topic.revert(&happened).unwrap();
                prop_assert_eq!(&before, &topic.state.value, "{:?}", happened.1);
                topic.state = after;
                topic.facts.truncate(happened.0.0 as usize);
                topic.facts.retain(|(seq, _)| *seq <= happened.0);
                topic.seq = happened.0;
            }
        }
    }

    /// What came into a document stays there: nobody is told that it was taken back.
    #[test]
    fn an_edit_of_a_document_is_never_taken_back_in_silence(changes in vec(change(), 1..60)) {
        let mut topic = Topic::new(Kind::Text);
        for change in &changes {
            let before = topic.state.clone();
            match topic.change(change) {
                Ok(happened) => {
                    let after = topic.state.clone();
                    prop_assert_ne!(&before, &after);
                    prop_assert_eq!(after.weight(), after.value.weight());
                    prop_assert_eq!(topic.revert(&happened), Err(Refusal::NoWayBack));
                    prop_assert_eq!(&after, &topic.state);
                }
                Err(_) => prop_assert_eq!(&before, &topic.state),
            }
        }
        let edits = changes.iter().filter(|change| matches!(change, Change::Update { .. })).count();
        prop_assert_eq!(topic.facts.len(), edits);
    }

    /// Facts survive their JSON, and folding them in again leads to the same value.
    #[test]
    fn history_told_again_is_the_value(changes in vec(change(), 1..60)) {
        for kind in all_kinds() {
            let mut topic = Topic::new(kind);
            for change in &changes {
                let told: Change = serde_json::from_str(&serde_json::to_string(change).unwrap()).unwrap();
                prop_assert_eq!(&told, change);
                let _ = topic.change(change);
            }
            let mut again = State::new(Seq(0), kind.empty());
            for (seq, fact) in &topic.facts {
                let told: Fact = serde_json::from_str(&serde_json::to_string(fact).unwrap()).unwrap();
                prop_assert_eq!(&told, fact);
                again.apply(*seq, &told);
            }
            prop_assert_eq!(&again, &topic.state);
            let read = kind.read(&again.value.to_json());
            prop_assert_eq!(read.as_ref(), Ok(&again.value));
        }
    }

    /// All of history, taken back from its end, leads to the beginning.
    #[test]
    fn all_can_be_taken_back_in_turn(changes in vec(change(), 1..40)) {
        for kind in KINDS {
            let mut topic = Topic::new(kind);
            let begin = topic.state.value.clone();
            for change in &changes {
                let _ = topic.change(change);
            }
            let end = topic.state.value.clone();
            let mut back = Vec::new();
            for happened in topic.facts.clone().iter().rev() {
                back.push(topic.revert(happened).unwrap());
            }
            prop_assert_eq!(&begin, &topic.state.value);
            for taken in back.iter().rev() {
                topic.revert_all(taken).unwrap();
            }
            prop_assert_eq!(&end, &topic.state.value);
            topic.revert_all(&topic.facts.clone()).unwrap();
            prop_assert_eq!(&begin, &topic.state.value);
        }
    }

    /// Of a text, exactly those characters are there whose edits are in force, whoever takes back or
    /// does again what, in whatever order. Every character is written once, so each is known.
    #[test]
    fn each_takes_back_their_own_writing_and_nothing_else(
        steps in vec((0..3_usize, 0..6_u8, any::<prop::sample::Index>(), 0..4_u32, 0..4_u32), 1..80),
    ) {
        let mut topic = Topic::of(Kind::String, &json!("0123456789"));
        let mut next = 0x4e00_u32;
        // By character: the edit that wrote it and the edits that took it out.
        let mut fates: BTreeMap<char, (Option<usize>, BTreeSet<usize>)> =
            "0123456789".chars().map(|char| (char, (None, BTreeSet::new()))).collect();
        let mut in_force: Vec<bool> = Vec::new();
        // By user: what is done, newest last, and what is undone, newest last.
        let mut lines: [Vec<Turned>; 3] = Default::default();
        let mut undone: [Vec<Turned>; 3] = Default::default();
        for (user, kind, place, delete, insert) in steps {
            let taken = match kind {
                0 => lines[user].pop().map(|step| (step, false)),
                1 => undone[user].pop().map(|step| (step, true)),
                _ => None,
            };
            if let Some(((edit, facts), on)) = taken {
                let facts = topic.revert_all(&facts).unwrap();
                in_force[edit] = on;
                let to = if on { &mut lines } else { &mut undone };
                to[user].push((edit, facts));
            } else if kind > 1 {
                let count = topic.plain().as_str().unwrap().chars().count();
                let at = u32::try_from(place.index(count + 1)).unwrap();
                let delete = delete.min(u32::try_from(count).unwrap() - at);
                let new: String = (next..next + insert).map(|one| char::from_u32(one).unwrap()).collect();
                next += insert;
                let edit = in_force.len();
                let asked = Change::Splice { at, delete, insert: new.clone(), after: None };
                let happened = topic.change(&asked).unwrap();
                let Fact::Splice(splice) = &happened.1 else { panic!("{happened:?}") };
                for gone in splice.delete.chars() {
                    fates.get_mut(&gone).unwrap().1.insert(edit);
                }
                fates.extend(new.chars().map(|char| (char, (Some(edit), BTreeSet::new()))));
                in_force.push(true);
                lines[user].push((edit, vec![happened]));
                undone[user].clear();
            }
            let there: BTreeSet<char> = topic.plain().as_str().unwrap().chars().collect();
            let expected: BTreeSet<char> = fates
                .iter()
                .filter(|(_, (by, out))| {
                    by.is_none_or(|by| in_force[by]) && !out.iter().any(|edit| in_force[*edit])
                })
                .map(|(char, _)| *char)
                .collect();
            prop_assert_eq!(there, expected);
        }
    }

    /// Taking back anything at any time gives a value of the kind, and what is refused changes nothing.
    #[test]
    fn taking_back_what_is_old_never_corrupts(
        steps in vec((change(), any::<prop::sample::Index>(), any::<bool>()), 1..60),
    ) {
        for kind in all_kinds() {
            let mut topic = Topic::new(kind);
            for (change, which, back) in &steps {
                if *back && !topic.facts.is_empty() {
                    let old = which.get(&topic.facts).clone();
                    let _ = topic.revert(&old);
                } else {
                    let _ = topic.change(change);
                }
                prop_assert_eq!(topic.state.weight(), topic.state.value.weight());
                let read = kind.read(&topic.state.value.to_json());
                prop_assert_eq!(read.as_ref(), Ok(&topic.state.value));
            }
        }
    }
}

#[test]
fn a_number_is_added_to_whatever_it_is_now() {
    let mut topic = Topic::of(Kind::Int, &json!(5));
    let mine = topic.ask(json!({"add": {"by": 3}})).unwrap();
    topic.ask(json!({"add": {"by": 10}})).unwrap();
    topic.revert(&mine).unwrap();
    assert_eq!(topic.plain(), json!(15));
    assert_eq!(
        topic.ask(json!({"add": {"by": 1.5}})),
        Err(Refusal::WrongChange { kind: Kind::Int })
    );
    assert_eq!(topic.ask(json!({"add": {"by": i64::MAX}})), Err(Refusal::Overflow));
    assert!(topic.ask(json!({"set": {"value": 4.0}})).is_ok());
    assert_eq!(topic.plain(), json!(4));
}

#[test]
fn a_float_that_is_taken_back_is_what_it_was() {
    let mut topic = Topic::of(Kind::Float, &json!(0.1));
    let mine = topic.ask(json!({"add": {"by": 0.2}})).unwrap();
    topic.revert(&mine).unwrap();
    assert_eq!(topic.plain(), json!(0.1));
}

#[test]
fn elements_are_meant_by_name_wherever_they_are() {
    let mut topic = Topic::of(Kind::List, &json!(["a", "b", "c"]));
    topic.ask(json!({"insert": {"value": "z", "to": {"at": 0}, "element": "mine"}})).unwrap();
    topic.ask(json!({"replace": {"spot": {"element": "~0.1"}, "value": "B"}})).unwrap();
    topic.ask(json!({"move": {"from": {"at": -1}, "to": {"before": "mine"}}})).unwrap();
    assert_eq!(topic.plain(), json!(["c", "z", "a", "B"]));
    topic.ask(json!({"remove": {"element": "mine"}})).unwrap();
    assert_eq!(topic.ask(json!({"remove": {"element": "mine"}})), Err(Refusal::NoSuchElement));
    assert_eq!(topic.ask(json!({"remove": {"at": 3}})), Err(Refusal::OutOfRange));
    topic.ask(json!({"insert": {"value": "end", "to": {"at": 99}}})).unwrap();
    assert_eq!(topic.plain(), json!(["c", "a", "B", "end"]));
    let named = json!({"insert": {"value": 0, "element": "~7"}});
    assert_eq!(topic.ask(named), Err(Refusal::ElementTaken));
}

#[test]
fn what_others_changed_since_is_not_taken_back() {
    let mut topic = Topic::of(Kind::Map, &json!({"a": {"b": [1, 2]}}));
    let mine = topic.ask(json!({"put": {"path": ["a", "b", 1], "value": 3}})).unwrap();
    topic.ask(json!({"put": {"path": ["a", "b", 1], "value": 4}})).unwrap();
    assert_eq!(topic.revert(&mine), Err(Refusal::Overwritten));
    topic.ask(json!({"put": {"path": ["a", "b", 1], "value": 3}})).unwrap();
    assert!(topic.revert(&mine).is_ok());
    assert_eq!(topic.plain(), json!({"a": {"b": [1, 2]}}));
}

#[test]
fn entries_come_go_and_change_their_keys() {
    let mut topic = Topic::of(Kind::Json, &json!({"a": [1]}));
    topic.ask(json!({"insert": {"value": 0, "to": {"path": ["a", 0]}}})).unwrap();
    topic.ask(json!({"put": {"path": ["a", 2], "value": null}})).unwrap();
    topic.ask(json!({"rename": {"path": ["a"], "key": "b"}})).unwrap();
    assert_eq!(topic.plain(), json!({"b": [0, 1, null]}));
    topic.ask(json!({"remove": {"path": ["b", 0]}})).unwrap();
    assert_eq!(topic.plain(), json!({"b": [1, null]}));
    assert_eq!(
        topic.ask(json!({"put": {"path": ["x", "y"], "value": 1}})),
        Err(Refusal::NoSuchPath)
    );
    assert_eq!(topic.ask(json!({"put": {"path": ["b", 9], "value": 1}})), Err(Refusal::OutOfRange));
    topic.ask(json!({"put": {"path": ["c"], "value": 1}})).unwrap();
    assert_eq!(topic.ask(json!({"rename": {"path": ["c"], "key": "b"}})), Err(Refusal::KeyTaken));
}

#[test]
fn an_edit_of_an_older_text_lands_where_it_was_meant() {
    let mut topic = Topic::of(Kind::String, &json!("hello world"));
    let seen = topic.seq;
    topic.ask(json!({"splice": {"at": 0, "insert": "oh "}})).unwrap();
    topic.ask(json!({"splice": {"at": 9, "delete": 5, "insert": "there"}})).unwrap();
    topic.ask(json!({"splice": {"at": 5, "insert": ",", "after": seen.0}})).unwrap();
    assert_eq!(topic.plain(), json!("oh hello, there"));
    // What was taken out meanwhile is not there to be taken out again.
    topic.ask(json!({"splice": {"at": 4, "delete": 7, "after": seen.0}})).unwrap();
    assert_eq!(topic.plain(), json!("oh hellthere"));
    assert_eq!(
        topic.ask(json!({"splice": {"at": 0, "insert": "x", "after": 99}})),
        Err(Refusal::Stale)
    );
    topic.ask(json!({"set": {"value": "😀"}})).unwrap();
    assert_eq!(topic.ask(json!({"splice": {"at": 1, "insert": "x"}})), Err(Refusal::OutOfRange));
    topic.ask(json!({"splice": {"at": 2, "insert": "x"}})).unwrap();
    assert_eq!(topic.plain(), json!("😀x"));
}

#[test]
fn a_set_has_each_item_once() {
    let mut topic = Topic::of(Kind::Set, &json!([1, 1.0, {"a": 1, "b": 2}]));
    assert_eq!(topic.plain(), json!([1, {"a": 1, "b": 2}]));
    assert_eq!(topic.ask(json!({"append": {"item": {"b": 2.0, "a": 1}}})), Err(Refusal::ItemThere));
    assert!(topic.ask(json!({"append": {"item": true}})).is_ok());
    topic.ask(json!({"remove": {"item": 1.0}})).unwrap();
    assert_eq!(topic.ask(json!({"remove": {"item": 1}})), Err(Refusal::NoSuchItem));
}

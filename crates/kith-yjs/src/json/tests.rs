//! Documents that are JSON: made by the rules, edited by programs and by editors, and read.

use kith_core::topic::text::{JSON, Text, scan};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;
use yrs::updates::decoder::Decode;
use yrs::{Doc, Text as _, TextPrelim, Update, XmlElementPrelim, XmlFragment};

use super::*;

fn with<T>(updates: &[Vec<u8>], work: impl FnOnce(&Updates<'_>) -> T) -> T {
    let bytes: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    let nests = updates.iter().map(|update| scan(update).unwrap().nests).sum();
    work(&Updates { updates: &bytes, nests })
}

fn said(updates: &[Vec<u8>]) -> Json {
    with(updates, |all| all.json(JSON)).unwrap()
}

/// The updates of a document that the rules make of a value.
fn made(value: &Json) -> Vec<Vec<u8>> {
    let text = Text::of_json(value).unwrap();
    text.updates().iter().map(|update| update.bytes().to_vec()).collect()
}

fn change(json: Json) -> Change {
    serde_json::from_value(json).unwrap()
}

/// Makes changes as a program does that knows no Yjs.
fn edit(updates: &mut Vec<Vec<u8>>, changes: &[Change]) -> Result<(), Failed> {
    let made = with(updates, |all| all.changed(9, JSON, changes))?;
    updates.extend(made);
    Ok(())
}

/// What an editor makes of a document.
fn edited(
    updates: &mut Vec<Vec<u8>>,
    client: u64,
    work: impl FnOnce(&MapRef, &mut TransactionMut<'_>),
) {
    let doc = Doc::with_client_id(client);
    let map = doc.get_or_insert_map(JSON);
    let mut writing = doc.transact_mut();
    for update in updates.iter() {
        writing.apply_update(Update::decode_v1(update).unwrap()).unwrap();
    }
    drop(writing);
    let mut writing = doc.transact_mut();
    work(&map, &mut writing);
    updates.push(writing.encode_update_v1());
}

fn plain() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Json::from),
        (-70_i64..70).prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        ((-9_007_199_254_740_991_i64)..9_007_199_254_740_991).prop_map(Json::from),
        any::<f32>()
            .prop_filter("it has a fraction", |float| float.fract() != 0.0)
            .prop_map(Json::from),
        any::<f64>()
            .prop_filter("it has a fraction", |float| float.fract() != 0.0)
            .prop_map(Json::from),
        "[a-cé😀]{0,3}".prop_map(Json::from),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    plain().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Json::from),
            btree_map("[ab]{1,2}", inner, 0..4).prop_map(|entries| json!(entries)),
        ]
    })
}

fn object() -> impl Strategy<Value = Json> {
    btree_map("[a-d]", value(), 0..4).prop_map(|entries| json!(entries))
}

fn path() -> impl Strategy<Value = Json> {
    let step = || prop_oneof!["[ab]".prop_map(Json::from), (0..3_u32).prop_map(Json::from)];
    ("[a-d]".prop_map(Json::from), vec(step(), 0..4)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        Json::from(rest)
    })
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => object().prop_map(|value| json!({"set": {"value": value}})),
        6 => (path(), value()).prop_map(|(path, value)| json!({"put": {"path": path, "value": value}})),
        3 => (path(), value())
            .prop_map(|(path, value)| json!({"insert": {"value": value, "to": {"path": path}}})),
        3 => path().prop_map(|path| json!({"remove": {"path": path}})),
        2 => (path(), "[a-d]").prop_map(|(path, key)| json!({"rename": {"path": path, "key": key}})),
    ]
    .prop_map(change)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// What a document is made with is what it says, and the rules let it in.
    #[test]
    fn a_first_value_is_told_as_it_was(value in object()) {
        let updates = made(&value);
        prop_assert_eq!(said(&updates), value);
    }

    /// A change of a document makes of its JSON what the same change makes of a `json` without one,
    /// also where an editor put in objects as one value; what is refused is refused alike.
    #[test]
    fn changes_are_those_of_json(
        first in object(),
        whole in value(),
        changes in vec(any_change(), 1..12),
        at_once in 1..4_usize,
    ) {
        let mut updates = made(&first);
        edited(&mut updates, 5, |map, writing| {
            let whole: Any = serde_json::from_value(whole.clone()).unwrap();
            map.insert(writing, "a", whole);
        });
        let mut state = State::new(Seq(1), Value::Json(said(&updates)));
        for changes in changes.chunks(at_once) {
            let mut next = state.clone();
            let mut refused = None;
            for (place, change) in changes.iter().enumerate() {
                match next.resolve(Seq(2), change) {
                    Ok(fact) => next.apply(Seq(2), &fact),
                    Err(refusal) => {
                        refused = Some(Failed::Refused { place, refusal: Box::new(refusal) });
                        break;
                    }
                }
            }
            let done = edit(&mut updates, changes);
            prop_assert_eq!(done.err(), refused.clone());
            if refused.is_none() {
                state = next;
            }
            prop_assert_eq!(said(&updates), state.value.to_json());
        }
        let merged = [with(&updates, |all| all.merged().unwrap())];
        prop_assert!(updates.iter().chain(&merged).all(|update| scan(update).is_ok()));
        prop_assert_eq!(said(&merged), state.value.to_json());
    }
}

#[test]
fn what_two_change_at_once_is_merged() {
    let mut mine = made(&json!({"list": ["a", "b"], "about": {"name": "tea"}}));
    let mut his = mine.clone();
    edit(&mut mine, &[change(json!({"put": {"path": ["about", "by"], "value": "ana"}}))]).unwrap();
    edit(&mut mine, &[change(json!({"insert": {"to": {"path": ["list", 1]}, "value": 1}}))])
        .unwrap();
    edited(&mut his, 7, |map, writing| {
        let Some(Out::YMap(about)) = map.get(writing, "about") else { panic!("no map") };
        about.insert(writing, "name", "Tea");
        let Some(Out::YArray(list)) = map.get(writing, "list") else { panic!("no array") };
        list.push_back(writing, 2);
    });
    mine.extend(his);
    let both = json!({"list": ["a", 1, "b", 2], "about": {"name": "Tea", "by": "ana"}});
    assert_eq!(said(&mine), both);
}

#[test]
fn what_json_has_no_word_for_is_told_of_a_document() {
    let mut updates = Vec::new();
    edited(&mut updates, 5, |map, writing| {
        let text = map.insert(writing, "text", TextPrelim::new("tea"));
        text.format(writing, 0, 1, [("bold".into(), Any::Bool(true))].into());
        map.insert(writing, "bytes", Any::from(vec![1_u8, 2]));
        map.insert(writing, "undefined", Any::Undefined);
        map.insert(writing, "endless", Any::from(f64::INFINITY));
        map.insert(writing, "zero", Any::from(-0.0_f64));
        let list = map.insert(writing, "list", ArrayPrelim::default());
        list.push_back(writing, Any::Undefined);
        list.push_back(writing, XmlElementPrelim::empty("p"));
        list.push_back(writing, Doc::new());
    });
    let told = json!({
        "text": "tea", "bytes": "AQI=", "endless": null, "zero": 0, "list": [null, null, null],
    });
    assert_eq!(said(&updates), told);
    // What is renamed stays what it is, with what is in it.
    edit(&mut updates, &[change(json!({"rename": {"path": ["text"], "key": "said"}}))]).unwrap();
    edited(&mut updates, 6, |map, writing| {
        let Some(Out::YText(text)) = map.get(writing, "said") else { panic!("no text") };
        assert_eq!(text.get_string(writing), "tea");
    });
    assert_eq!(said(&updates)["said"], "tea");
    // Nothing else in the document is part of it.
    let doc = Doc::with_client_id(8);
    let xml = doc.get_or_insert_xml_fragment("xml");
    let mut writing = doc.transact_mut();
    xml.insert(&mut writing, 0, XmlElementPrelim::empty("p"));
    updates.push(writing.encode_update_v1());
    drop(writing);
    assert_eq!(said(&updates)["said"], "tea");
}

#[test]
fn what_is_too_deep_or_too_much_is_not_told() {
    let mut updates = Vec::new();
    edited(&mut updates, 5, |map, writing| {
        let mut inner = map.insert(writing, "deep", MapPrelim::default());
        for _ in 0..DEPTH_MAX {
            inner = inner.insert(writing, "deep", MapPrelim::default());
        }
    });
    let mut deep = said(&updates);
    let mut depth = 0;
    while let Some(inner) = deep.get_mut("deep") {
        deep = inner.take();
        depth += 1;
    }
    assert_eq!((depth, deep), (DEPTH_MAX, Json::Null));
    let mut many = Vec::new();
    edited(&mut many, 5, |map, writing| {
        map.insert(writing, "many", Any::from(vec![Any::Null; VALUES_MAX]));
    });
    assert_eq!(with(&many, |all| all.json(JSON)), Err(Failed::TooLarge));
    let rows = Json::from(vec![json!({}); NESTS_MAX]);
    let refused = edit(&mut updates, &[change(json!({"put": {"path": ["rows"], "value": rows}}))]);
    let refusal = Box::new(Refusal::TooLarge { max: NESTS_MAX });
    assert_eq!(refused, Err(Failed::Refused { place: 0, refusal }));
    let bare = edit(&mut updates, &[change(json!({"set": {"value": 1}}))]);
    let refusal = Box::new(Refusal::WrongKind { kind: Kind::Json });
    assert_eq!(bare, Err(Failed::Refused { place: 0, refusal }));
}

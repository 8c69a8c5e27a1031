//! Documents made by `yrs`, merged and looked into by us; and what comes of bytes that others made.

use kith_core::topic::text::{Update as Ours, scan};
use proptest::collection::vec;
use proptest::prelude::*;
use yrs::{Any, Array, ArrayPrelim, Map, MapPrelim, XmlElementPrelim, XmlFragment};

use super::*;

/// What somebody does with a document.
#[derive(Clone, Debug)]
enum Edit {
    Write(u32, String),
    Erase(u32, u32),
    Mark(u32, u32),
    Put(u8, i32),
    Push(u8),
    Element(u32),
    /// Gets everything that the others did.
    Meet,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (any::<u32>(), "[a-zé]{1,4}").prop_map(|(at, text)| Edit::Write(at, text)),
        2 => (any::<u32>(), 0..4_u32).prop_map(|(at, count)| Edit::Erase(at, count)),
        1 => (any::<u32>(), 0..4_u32).prop_map(|(at, count)| Edit::Mark(at, count)),
        1 => (0..3_u8, any::<i32>()).prop_map(|(key, value)| Edit::Put(key, value)),
        1 => (0..3_u8).prop_map(Edit::Push),
        1 => any::<u32>().prop_map(Edit::Element),
        1 => Just(Edit::Meet),
    ]
}

/// The updates of a few people who edit a document and meet now and then.
fn updates(edits: &[(usize, Edit)]) -> Vec<Vec<u8>> {
    let docs: Vec<Doc> = (0..3_u64).map(|client| person(client + 1)).collect();
    let mut all: Vec<Vec<u8>> = Vec::new();
    for (who, edit) in edits {
        let doc = &docs[who % docs.len()];
        let (text, map) = (doc.get_or_insert_text("text"), doc.get_or_insert_map("map"));
        let xml = doc.get_or_insert_xml_fragment("xml");
        let mut writing = doc.transact_mut();
        let length = text.len(&writing);
        match edit {
            Edit::Write(at, written) => text.insert(&mut writing, at % (length + 1), written),
            Edit::Erase(at, count) => {
                let at = at % (length + 1);
                text.remove_range(&mut writing, at, (*count).min(length - at));
            }
            Edit::Mark(at, count) => {
                let at = at % (length + 1);
                let marks = [("bold".into(), Any::Bool(true))].into();
                text.format(&mut writing, at, (*count).min(length - at), marks);
            }
            Edit::Put(key, value) => {
                let inner = MapPrelim::from([("value".to_owned(), Any::from(*value))]);
                map.insert(&mut writing, key.to_string(), inner);
            }
            Edit::Push(key) => {
                let list = map.insert(&mut writing, format!("list{key}"), ArrayPrelim::default());
                list.push_back(&mut writing, Any::Null);
            }
            Edit::Element(at) => {
                let place = at % (xml.len(&writing) + 1);
                xml.insert(&mut writing, place, XmlElementPrelim::empty("p"));
            }
            Edit::Meet => {
                for update in &all {
                    writing.apply_update(Update::decode_v1(update).unwrap()).unwrap();
                }
                continue;
            }
        }
        all.push(writing.encode_update_v1());
    }
    all
}

fn person(client: u64) -> Doc {
    let mut options = Options::with_client_id(ClientID::new(client));
    options.offset_kind = OffsetKind::Utf16;
    Doc::with_options(options)
}

fn with<T>(updates: &[Vec<u8>], work: impl FnOnce(&Updates<'_>) -> T) -> T {
    let bytes: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    work(&Updates { updates: &bytes, nests: 0 })
}

fn roots(updates: &[Vec<u8>]) -> Vec<(String, String, Json)> {
    with(updates, |all| all.roots().unwrap())
}

/// The numbers of the pieces that are there, by client.
fn known(updates: &[Vec<u8>]) -> Vec<(u64, u32)> {
    let bytes: Vec<Ours> = updates.iter().map(|update| Ours::new(update)).collect();
    let json = serde_json::json!({ "updates": bytes });
    match kith_core::topic::Kind::Text.read(&json).unwrap() {
        kith_core::topic::Value::Text(text) => text.known().clocks().collect(),
        _ => unreachable!(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// However updates are merged, and in whichever order they came, the document is the same; and
    /// what is merged is let in by the rules.
    #[test]
    fn merging_changes_nothing(
        edits in vec((0..3_usize, edit()), 1..40),
        cut in any::<prop::sample::Index>(),
        backwards in any::<bool>(),
    ) {
        let mut updates = updates(&edits);
        let whole = roots(&updates);
        let clocks = known(&updates);
        if backwards {
            updates.reverse();
        }
        let (one, two) = updates.split_at(cut.index(updates.len() + 1));
        let merged = [with(one, |all| all.merged().unwrap()), with(two, |all| all.merged().unwrap())];
        for update in &merged {
            prop_assert!(scan(update).is_ok());
        }
        prop_assert_eq!(&roots(&merged), &whole);
        let once = [with(&merged, |all| all.merged().unwrap())];
        prop_assert_eq!(&roots(&once), &whole);
        prop_assert_eq!(known(&once), clocks);
    }

    /// Whoever has some of it and gets what they miss has all of it.
    #[test]
    fn who_gets_what_they_miss_has_all(
        edits in vec((0..3_usize, edit()), 1..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let updates = updates(&edits);
        let mut mine = updates[..cut.index(updates.len() + 1)].to_vec();
        let missing = with(&updates, |all| all.missing(&known(&mine)).unwrap());
        prop_assert!(scan(&missing).is_ok());
        mine.push(missing);
        prop_assert_eq!(roots(&mine), roots(&updates));
    }

    /// Nothing that the rules let in brings the work down, and what comes out is let in again.
    #[test]
    fn nothing_that_is_let_in_brings_it_down(
        edits in vec((0..3_usize, edit()), 1..20),
        changed in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        quiet();
        let mut updates = updates(&edits);
        for (which, place, byte) in changed {
            if updates.is_empty() {
                break;
            }
            let update = which.get(&updates).clone();
            if let Some(place) = (!update.is_empty()).then(|| place.index(update.len())) {
                let mut update = update;
                update[place] = byte;
                updates.push(update);
            }
        }
        updates.retain(|update| scan(update).is_ok());
        let _ = with(&updates, |all| (all.text("text"), all.roots(), all.missing(&[(1, 1)])));
        let _ = with(&updates, |all| all.json("map"));
        let put = serde_json::json!({"put": {"path": ["list0", 0], "value": [1]}});
        let put = [serde_json::from_value(put).unwrap()];
        let _ = with(&updates, |all| all.changed(9, "map", &put));
        let _ = with(&updates, |all| all.splice(9, "text", (0, 1), "x"));
        if let Ok(merged) = with(&updates, |all| all.merged()) {
            let _ = with(&[merged], |all| all.text("text"));
        }
    }
}

/// That `yrs` gives up is no news here.
fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.location().is_none_or(|place| !place.file().contains("yrs")) {
                told(panic);
            }
        }));
    });
}

#[test]
fn a_splice_is_made_where_it_says() {
    let first = with(&[], |all| all.splice(7, "text", (0, 0), "tea é😀!")).unwrap().unwrap();
    let all = vec![first];
    let second = with(&all, |all| all.splice(7, "text", (4, 1), "with ")).unwrap().unwrap();
    let all = [all, vec![second]].concat();
    assert_eq!(with(&all, |all| all.text("text")), Ok("tea with 😀!".to_owned()));
    assert_eq!(with(&all, |all| all.text("other")), Ok(String::new()));
    for place in [(10, 0), (9, 1), (13, 0), (0, 99), (u32::MAX, u32::MAX)] {
        assert_eq!(with(&all, |all| all.splice(7, "text", place, "x")), Err(Failed::OutOfRange));
    }
    assert_eq!(with(&all, |all| all.splice(7, "text", (12, 0), "")), Ok(None));
}

#[test]
fn what_is_nested_too_deep_is_merged_and_not_looked_into() {
    let bytes = updates(&[(0, Edit::Write(0, "a".to_owned())), (1, Edit::Put(0, 1))]);
    let all: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let deep = Updates { updates: &all, nests: NESTS_MAX + 1 };
    assert_eq!(deep.text("text"), Err(Failed::TooDeep));
    assert_eq!(deep.splice(1, "text", (0, 0), "b"), Err(Failed::TooDeep));
    assert_eq!(roots(&[deep.merged().unwrap()]), roots(&bytes));
}

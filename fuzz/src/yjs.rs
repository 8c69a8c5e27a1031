//! What clients of Yjs send: their messages, the updates in them, and the JSON that these come to.

use kith_core::topic::text::{JSON, Text, Update, scan};
use kith_core::topic::{Change, Kind, Path, State, Step};
use kith_yjs::Updates;
use serde_json::{Value as Json, json};

/// Read as by both gateways: what is read is within bounds, or refused.
pub(crate) fn message(input: &[u8]) {
    kith_server::fuzz::yjs_message(input);
}

pub(crate) fn message_seeds() -> Vec<Vec<u8>> {
    let messages: [&[u8]; 8] = [
        &[0, 0, 1, 0],
        &[0, 0, 5, 2, 7, 3, 9, 1],
        &[0, 1, 2, 0, 0],
        &[1, 9, 1, 7, 3, 5, b'{', b'}', b' ', b' ', b' '],
        &[1, 8, 1, 7, 3, 4, b'n', b'u', b'l', b'l'],
        &[2, 0, 3, b'k', b'e', b'y'],
        &[3],
        &[7],
    ];
    let named = |message: &&[u8]| [&[3, b'c', b'/', b't'], *message].concat();
    messages.iter().map(|message| message.to_vec()).chain(messages.iter().map(named)).collect()
}

/// What is let in can be kept and read again, and is no news then.
pub(crate) fn update(input: &[u8]) {
    let update = Update::new(input);
    let mut state = State::new(kith_core::id::Seq(1), Kind::Text.empty());
    let Ok(said) = scan(input) else {
        let change = Change::Update { updates: vec![update] };
        assert!(state.resolve(kith_core::id::Seq(2), &change).is_err());
        return;
    };
    assert!(said.pieces + said.gone.len() <= input.len());
    let change = Change::Update { updates: vec![update] };
    let Ok(fact) = state.resolve(kith_core::id::Seq(2), &change) else { return };
    state.apply(kith_core::id::Seq(2), &fact);
    assert_eq!(state.weight(), input.len());
    assert_eq!(Kind::Text.read(&state.value.to_json()).as_ref(), Ok(&state.value));
    // Of what comes after a gap nothing is known for sure.
    let whole = said.there.iter().all(|run| run.start == 0);
    assert!(!whole || state.text().is_some_and(|text| !text.is_news(&said)));
}

pub(crate) fn update_seeds() -> Vec<Vec<u8>> {
    let updates: [&[u8]; 5] = [
        &[0, 0],
        &[1, 3, 1, 0, 4, 1, 1, b't', 1, b'a', 129, 1, 0, 1, 132, 1, 1, 1, b'c', 1, 1, 1, 1, 1],
        // A map in a map, with JSON, a mark, bytes, a gap and a subdocument.
        &[
            1, 7, 5, 0, 39, 1, 1, b'm', 1, b'k', 1, 40, 0, 5, 0, 1, b'x', 2, 125, 1, 118, 1, 1,
            b'y', 127, 5, 1, 1, b'm', 2, b'{', b'}', 6, 1, 1, b'm', 1, b'b', 4, b't', b'r', b'u',
            b'e', 3, 1, 1, b'm', 1, 9, 10, 5, 9, 1, 1, b'm', 1, b'd', 126, 0,
        ],
        &[2, 1, 9, 0, 0, 3, 1, 2, 1, 1, 5, 0],
        &[0, 2, 9, 2, 0, 1, 4, 2, 3, 0],
    ];
    updates.iter().map(|update| update.to_vec()).collect()
}

/// The most bytes of an update whose JSON is read: a document takes many times its updates.
const JSON_BYTES_MAX: usize = 8 * 1024;
/// The stack of the thread that reads one, as the server has it: what is nested is read inside what
/// holds it.
const STACK_BYTES: usize = 64 << 20;

/// Whatever editors put into a document, its JSON can be told, and changed by whoever speaks no Yjs.
pub(crate) fn json(input: &[u8]) {
    let Ok(said) = scan(input) else { return };
    if input.len() > JSON_BYTES_MAX {
        return;
    }
    let read = std::thread::scope(|scope| {
        let work = || changed(input, said.nests);
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, work).map(|thread| thread.join())
    });
    assert!(matches!(read, Ok(Ok(()))), "a document is read or refused");
}

fn changed(input: &[u8], nests: usize) {
    let mut updates = vec![input.to_vec()];
    let told = |updates: &[Vec<u8>]| {
        let bytes: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
        Updates { updates: &bytes, nests }.json(JSON)
    };
    let Ok(before) = told(&updates) else { return };
    assert!(before.is_object());
    let put = Change::Put { path: Path(vec![Step::Key("fuzzed".to_owned())]), value: json!([1]) };
    // As whom the server edits is told in no update before: not as who edits, nor beside whose pieces
    // others are to be put once they are there.
    let own = blake3::hash(input);
    let client =
        own.as_bytes().iter().take(4).fold(0, |client, byte| client << 8 | u32::from(*byte));
    let made = Updates { updates: &[input], nests }.changed(client, JSON, &[put]);
    let Ok(made) = made else { return };
    for update in &made {
        assert!(scan(update).is_ok(), "what the server makes is let in");
    }
    updates.extend(made);
    let after = told(&updates).unwrap_or(Json::Null);
    let others = |value: &Json| {
        let mut entries = value.as_object().cloned().unwrap_or_default();
        entries.remove("fuzzed");
        entries
    };
    assert_eq!(after["fuzzed"], json!([1]));
    assert_eq!(others(&after), others(&before));
}

pub(crate) fn json_seeds() -> Vec<Vec<u8>> {
    let values = [
        json!({}),
        json!({ "a": 1, "b": [true, null, "text"], "c": { "d": { "e": [[1.5]] } } }),
        json!({ "fuzzed": { "was": "there" } }),
    ];
    let made = values.iter().filter_map(|value| Text::of_json(value).ok());
    let updates = made.flat_map(|text| {
        text.updates().iter().map(|update| update.bytes().to_vec()).collect::<Vec<_>>()
    });
    updates.chain(update_seeds()).collect()
}

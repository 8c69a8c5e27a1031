//! Ids, texts, mentions, and what is stored: read once, and the same when read again.

use std::collections::BTreeSet;
use std::fmt::{Debug, Display};
use std::str::FromStr;

use kith_core::document::{Key, seq_key};
use kith_core::event::Event;
use kith_core::id::{
    CircleId, FeedId, InviteId, RoleId, Seq, SessionId, StreamId, Timestamp, UserId,
};
use kith_core::mention::{MENTIONS_MAX, names};
use kith_core::permission::Permissions;
use kith_core::search;
use kith_core::text::{
    CircleName, DisplayName, Emoji, Label, Line, MessageText, OpId, RoleName, StreamName, UserName,
};
use kith_proto::codec::Encoding;
use kith_proto::frame::Push;

use crate::codec::examples;

pub(crate) fn ids(input: &[u8]) {
    fn check<T: FromStr + Display>(text: &str) {
        if let Ok(id) = text.parse::<T>() {
            assert_eq!(id.to_string(), text);
        }
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    check::<UserId>(text);
    check::<CircleId>(text);
    check::<StreamId>(text);
    check::<RoleId>(text);
    check::<SessionId>(text);
    check::<InviteId>(text);
    check::<FeedId>(text);
    if let Ok(number) = text.parse() {
        let key = seq_key(Seq(number));
        assert_eq!((key.len(), u64::from_str_radix(&key, 16)), (16, Ok(number)));
    }
}

pub(crate) fn id_seeds() -> Vec<Vec<u8>> {
    let id = "01h455vb4pex5vsknk084sn02q";
    let ids = ["u_", "c_", "s_", "r_", "d_", "i_", "audit:c_"].map(|kind| format!("{kind}{id}"));
    let others = ["site", "18446744073709551615", "u_8zzzzzzzzzzzzzzzzzzzzzzzzz"];
    ids.into_iter().chain(others.map(str::to_owned)).map(String::into_bytes).collect()
}

pub(crate) fn texts(input: &[u8]) {
    let Ok(raw) = std::str::from_utf8(input) else { return };
    macro_rules! check {
        ($($type:ty),*) => {$(
            if let Ok(text) = <$type>::parse(raw) {
                assert!(!text.as_str().is_empty() && text.as_str().chars().count() <= <$type>::CHARS_MAX);
                assert_eq!(<$type>::parse(text.as_str()).as_ref(), Ok(&text));
                let json = serde_json::to_string(&text).unwrap_or_default();
                assert_eq!(serde_json::from_str::<$type>(&json).ok(), Some(text));
            }
        )*};
    }
    check!(
        UserName,
        DisplayName,
        CircleName,
        StreamName,
        RoleName,
        Line,
        Label,
        Emoji,
        MessageText,
        OpId
    );
    if let Ok(name) = UserName::parse(raw) {
        let folded = UserName::parse(&name.folded()).map(|name| name.folded());
        assert_eq!(folded, Ok(name.folded()));
    }
}

pub(crate) fn text_seeds() -> Vec<Vec<u8>> {
    [
        "ana",
        " Ana Łucja ",
        "hi @Ana, @bob. and @ana",
        "```\n@fenced\n```\n@after `@code` (@everyone)",
        "a ` lone @tick",
        "👩🏽‍🚒",
        ":tea:",
        "a\u{202e}b",
        "op-1:2.3_4",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn search(input: &[u8]) {
    let Ok(raw) = std::str::from_utf8(input) else { return };
    // What is asked, and what is looked through for it.
    let (asked, text) = raw.split_once('\n').unwrap_or((raw, raw));
    let found = search::words(text);
    let in_text = |word: &search::Word| text.get(word.at.clone()).is_some();
    assert!(found.iter().all(|word| in_text(word) && !word.text.is_empty()));
    if let Ok(parsed) = search::parse(asked, Timestamp(1_763_000_000_000), 60) {
        let words: usize = parsed.must.iter().map(|clause| clause.words.len()).sum();
        assert!(words <= search::WORDS_MAX);
        let fits = parsed.fits(&found, &BTreeSet::new(), Timestamp(1_763_000_000_000));
        let shown = search::snippet(text, &found, &parsed.must);
        let chars: usize = shown.iter().map(|piece| piece.text.chars().count()).sum();
        assert!(chars <= search::SNIPPET_CHARS + 2);
        let hits = shown.iter().any(|piece| piece.hit);
        assert!(!fits || parsed.must.is_empty() || hits, "a hit without anything to show");
    }
}

pub(crate) fn search_seeds() -> Vec<Vec<u8>> {
    [
        "tea \"with milk\" -sugar from:@ana in:\"Tea/ops\" has:link\nGreen tea, with milk",
        "before:2026-11-22 after:7d on:yesterday -is:thread\nx",
        "東京 caf* don't https://example.org\nCafé 東京 don't",
        "on:2024-02-29T23:59 -has:pin \"error:disk\"",
    ]
    .map(|seed| seed.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn mentions(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let found = names(text);
    assert!(found.len() <= MENTIONS_MAX);
    for (index, name) in found.iter().enumerate() {
        assert!(!name.is_empty() && *name == name.to_ascii_lowercase());
        assert!(!found[..index].contains(name), "{name} is there twice");
        assert!(text.to_ascii_lowercase().contains(&format!("@{name}")));
    }
}

/// One key of each kind.
fn keys() -> Vec<Key> {
    let at = Timestamp(1);
    let (user, other) = (UserId::new(at, 1), UserId::new(at, 2));
    let (circle, stream) = (CircleId::new(at, 3), StreamId::new(at, 4));
    let (role, session, invite) = (RoleId::new(at, 5), SessionId::new(at, 6), InviteId::new(at, 7));
    let (seq, thread, text) = (Seq(9), Seq(8), || "x".to_owned());
    let mut keys = vec![
        Key::Head(FeedId::Site),
        Key::User(user),
        Key::Account(user),
        Key::Name(text()),
        Key::Session(text()),
        Key::SessionRef(user, session),
        Key::Circle(circle),
        Key::PublicCircle(circle),
        Key::Member(circle, user),
        Key::Joined(user, circle),
        Key::Ban(circle, user),
        Key::Invite(text()),
        Key::InviteRef(circle, invite),
        Key::Tally(circle),
        Key::Stream(stream),
        Key::CircleStream(circle, stream),
        Key::Conversation(user, stream),
        Key::Direct(user, other),
        Key::Message(stream, seq),
        Key::Timeline(stream, thread, seq),
        Key::Authored(stream, thread, user, seq),
        Key::MentionUser(user, stream, seq, seq),
        Key::MentionRole(role, stream, seq, seq),
        Key::MentionAll(stream, seq, seq),
        Key::Read(user, stream, thread),
        Key::Follow(user, stream, thread),
        Key::Block(user, other),
        Key::LastPost(stream, user),
    ];
    keys.extend(OpId::parse("op").map(|op| Key::Done(user, op)));
    keys
}

/// The first byte says under which key the others are stored.
pub(crate) fn documents(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else { return };
    let Ok(json) = std::str::from_utf8(rest) else { return };
    let keys = keys();
    let key = &keys[usize::from(first) % keys.len()];
    if let Ok(document) = key.parse(json) {
        let again = key.parse(&document.to_json());
        assert_eq!(again.as_ref(), Ok(&document), "{key:?}");
    }
}

pub(crate) fn document_seeds() -> Vec<Vec<u8>> {
    let user = UserId::new(Timestamp(1), 1);
    let stored = [
        r#""at":7"#.to_owned(),
        format!(r#""user":"{user}""#),
        format!(r#""author":"{user}""#),
        r#""seq":7"#.to_owned(),
        r#""token_hash":"x""#.to_owned(),
        r#""password":null,"site_admin":true"#.to_owned(),
        format!(r#""id":"{user}","name":"ana","display_name":"Ana","created_at":1"#),
        format!(r#""user":"{user}","roles":[],"joined_at":3"#),
    ];
    let count = u8::try_from(keys().len()).unwrap_or(u8::MAX);
    let of =
        |key: u8, fields: &String| [vec![key], format!(r#"{{"v":1,{fields}}}"#).into()].concat();
    (0..count).flat_map(|key| stored.iter().map(move |fields| of(key, fields))).collect()
}

pub(crate) fn events(input: &[u8]) {
    fn check<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + Debug>(input: &[u8]) {
        let Ok(read) = serde_json::from_slice::<T>(input) else { return };
        let json = serde_json::to_vec(&read).unwrap_or_default();
        assert_eq!(serde_json::from_slice::<T>(&json).ok().as_ref(), Some(&read));
    }
    check::<Event>(input);
    check::<Permissions>(input);
}

pub(crate) fn event_seeds() -> Vec<Vec<u8>> {
    let pushes = examples("push").into_iter();
    let read = pushes.filter_map(|json| Encoding::Json.decode::<Push>(&json).ok());
    let events = read.filter_map(|push| match push {
        Push::Event(event) => serde_json::to_vec(&event).ok(),
        _ => None,
    });
    events.chain([br#"["post","manage_circle"]"#.to_vec()]).collect()
}

//! Awareness in the words of Yjs: what editors say of themselves as states of the hub, and what the
//! hub tells as states of editors.
//!
//! Both are the same states in the same place, so that nothing is passed on twice: whoever speaks no
//! Yjs is a client of a number that no editor chooses.

use std::collections::HashSet;

use bytes::Bytes;
use kith_core::aware::AwareState;
use kith_core::id::UserId;
use kith_hub::{Awareness, Shown};
use serde_json::{Map, Value as Json};

use super::wire::{State, state, states};

/// What editors are told of whoever has chosen no colour.
const COLORS: [&str; 8] =
    ["#d9480f", "#2b8a3e", "#1864ab", "#862e9c", "#a61e4d", "#0b7285", "#5c940d", "#495057"];

/// What an editor says of itself: `None` inside when it is gone; `None` where it is nothing that can
/// be shown.
pub(super) fn read(json: &str) -> Option<Option<AwareState>> {
    match serde_json::from_str(json).ok()? {
        Json::Null => Some(None),
        Json::Object(entries) => AwareState::new(entries).ok().map(Some),
        _ => None,
    }
}

/// What editors are told of others who show something, for those who block `blocked`; `None` where
/// that is nothing. Of whom they are not told any more they hear nothing, and take them for gone.
pub(super) fn told(
    awareness: &Awareness,
    blocked: &HashSet<UserId>,
    slot: usize,
) -> Option<Vec<u8>> {
    let shown = awareness.shown.iter().filter(|one| !blocked.contains(&one.user));
    let all: Vec<Bytes> = shown.map(|one| one.wire(slot, written)).collect();
    (!all.is_empty()).then(|| states(&all))
}

fn written(shown: &Shown) -> Bytes {
    let Shown { client, clock, .. } = *shown;
    let json = match &shown.state {
        None => "null".to_owned(),
        Some(state) if shown.numbered => text(state.entries()),
        Some(state) => text(&named(state, shown)),
    };
    state(State { client, clock, json: &json })
}

fn text(entries: &Map<String, Json>) -> String {
    // Entries that were read from JSON can be written.
    serde_json::to_string(entries).unwrap_or_default()
}

/// What somebody shows who speaks no Yjs, with the `user` that editors show beside a cursor: its name
/// is what the server knows, its colour what the state has under `user` or `color`.
fn named(state: &AwareState, shown: &Shown) -> Map<String, Json> {
    let mut entries = state.entries().clone();
    let mut user = match entries.remove("user") {
        Some(Json::Object(user)) => user,
        _ => Map::new(),
    };
    if !user.get("color").is_some_and(Json::is_string) {
        let chosen = entries.get("color").and_then(Json::as_str);
        let last = shown.user.to_string().bytes().last().unwrap_or_default();
        let place = usize::from(last) % COLORS.len();
        let color = chosen.or(COLORS.get(place).copied()).unwrap_or_default();
        user.insert("color".to_owned(), color.into());
    }
    user.insert("name".to_owned(), shown.name.as_str().into());
    entries.insert("user".to_owned(), Json::Object(user));
    entries
}

//! What is found in what was said.

use std::collections::BTreeMap;

use kith_core::id::StreamId;
use kith_core::search::Piece;
use kith_proto::query::{Answer, Found, Hit};

use super::Feed;

/// Hits of one answer.
const PAGE: usize = 20;

/// Messages with a text in them, in the order of their streams.
pub(super) fn found(feeds: &BTreeMap<StreamId, Feed>, text: &str, after: Option<String>) -> Answer {
    let said = feeds
        .iter()
        .flat_map(|(stream, feed)| feed.messages.iter().map(move |message| (*stream, message)));
    let all: Vec<Hit> = said
        .filter(|(_, message)| message.text.as_str().contains(text))
        .map(|(stream, message)| Hit {
            stream,
            message: message.clone(),
            snippet: pieces(message.text.as_str(), text),
        })
        .collect();
    let from = after.map_or(0, |after| after.parse().unwrap());
    let next = (all.len() > from + PAGE).then(|| (from + PAGE).to_string());
    let hits = all.into_iter().skip(from).take(PAGE).collect();
    Answer::Search(Found { hits, next, behind: false })
}

/// A text with what is looked for marked.
fn pieces(text: &str, wanted: &str) -> Vec<Piece> {
    let (before, after) = text.split_once(wanted).unwrap_or((text, ""));
    let piece = |text: &str, hit| Piece { text: text.to_owned(), hit };
    vec![piece(before, false), piece(wanted, true), piece(after, false)]
}

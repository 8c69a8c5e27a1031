//! What of a message is shown with a hit: some of its text, in pieces, never as markup.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Clause, Word};

/// About how many characters of the text are shown.
pub const SNIPPET_CHARS: usize = 200;
/// How many of them come before the first hit.
const BEFORE_CHARS: usize = 60;

/// A part of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Piece {
    /// Text as it stands in the message, with single spaces; `…` where something is left out.
    pub text: String,
    /// Whether it is what was looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hit: bool,
}

/// The part of `text` with the first hit of `clauses`, and with all others in it marked. `words` are
/// those of the text.
#[must_use]
pub fn snippet(text: &str, words: &[Word], clauses: &[Clause]) -> Vec<Piece> {
    let hits = hits(words, clauses);
    let first = hits.first().map_or(0, |hit| hit.start);
    let begin = back(text, first, BEFORE_CHARS);
    let end = on(text, begin, SNIPPET_CHARS);
    let mut pieces = Pieces::default();
    if begin > 0 {
        pieces.add("…", false);
    }
    let mut at = begin;
    for hit in hits.iter().filter(|hit| hit.start >= begin && hit.start < end) {
        pieces.add(&text[at..hit.start.max(at)], false);
        pieces.add(&text[hit.start..hit.end.min(end)], true);
        at = hit.end.min(end);
    }
    pieces.add(&text[at..end], false);
    if end < text.len() {
        pieces.add("…", false);
    }
    pieces.done
}

/// Where the clauses are, in order; those that touch or overlap are one.
fn hits(words: &[Word], clauses: &[Clause]) -> Vec<Range<usize>> {
    let of = |clause: &Clause| {
        let last = clause.words.len().saturating_sub(1);
        let places = clause.places(words);
        let ranges =
            places.filter_map(|at| Some(words.get(at)?.at.start..words.get(at + last)?.at.end));
        ranges.collect::<Vec<_>>()
    };
    let mut all: Vec<Range<usize>> = clauses.iter().flat_map(of).collect();
    all.sort_unstable_by_key(|hit| (hit.start, hit.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for hit in all {
        match merged.last_mut() {
            Some(last) if hit.start <= last.end => last.end = last.end.max(hit.end),
            _ => merged.push(hit),
        }
    }
    merged
}

/// At most `chars` characters before `from`, where a word begins if one does on the way.
fn back(text: &str, from: usize, chars: usize) -> usize {
    let before = &text[..from];
    let Some((begin, _)) = before.char_indices().rev().nth(chars) else { return 0 };
    let space = text[begin..from].find(char::is_whitespace);
    space.map_or(begin, |space| begin + space)
}

/// `chars` characters behind `from`, or where the last word before that ends, if it is not far.
fn on(text: &str, from: usize, chars: usize) -> usize {
    let Some((most, _)) = text[from..].char_indices().nth(chars) else { return text.len() };
    let cut = &text[from..from + most];
    let near = cut.rfind(char::is_whitespace).filter(|space| *space > most / 2);
    from + near.unwrap_or(most)
}

#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
}

impl Pieces {
    fn add(&mut self, text: &str, hit: bool) {
        let mut plain = String::with_capacity(text.len());
        let ends_in_space = |text: &str| text.ends_with(' ');
        for c in text.chars() {
            if !c.is_whitespace() {
                plain.push(c);
            } else if plain.is_empty() {
                if self.done.last().is_some_and(|last| !ends_in_space(&last.text)) {
                    plain.push(' ');
                }
            } else if !ends_in_space(&plain) {
                plain.push(' ');
            }
        }
        match self.done.last_mut() {
            _ if plain.is_empty() => {}
            Some(last) if last.hit == hit => last.text.push_str(&plain),
            _ => self.done.push(Piece { text: plain, hit }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{parse, words};
    use super::*;
    use crate::id::Timestamp;

    fn shown(asked: &str, text: &str) -> String {
        let search = parse(asked, Timestamp(0), 0).unwrap();
        let pieces = snippet(text, &words(text), &search.must);
        let one = |piece: &Piece| {
            if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() }
        };
        pieces.iter().map(one).collect()
    }

    #[test]
    fn hits_are_marked_as_they_stand_in_the_text() {
        assert_eq!(shown("cafe", "At the Café, today"), "At the [Café], today");
        assert_eq!(shown("the tea", "the\n\nteapot and the"), "[the] [teapot] and [the]");
        assert_eq!(shown("\"the tea\"", "drink  the\ttea now"), "drink [the tea] now");
        assert_eq!(shown("東京", "私は東京に行く"), "私は[東京]に行く");
        assert_eq!(shown("has:link", "see https://example.org"), "see https://example.org");
    }

    #[test]
    fn of_a_long_text_the_part_with_the_first_hit_is_shown() {
        let text = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let shown = shown("needle", &text);
        assert!(shown.starts_with("… hay") && shown.ends_with("straw…"), "{shown}");
        assert!(shown.contains("[needle]"));
        assert!(shown.chars().count() <= SNIPPET_CHARS + 4);
    }

    proptest! {
        #[test]
        fn any_text_is_cut_within_bounds(text in "\\PC{0,600}", asked in "[a-z東]{1,4}( [a-z]{1,2})?") {
            if let Ok(search) = parse(&asked, Timestamp(0), 0) {
                let pieces = snippet(&text, &words(&text), &search.must);
                let chars: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
                prop_assert!(chars <= SNIPPET_CHARS + 2);
                prop_assert!(pieces.iter().all(|piece| !piece.text.is_empty()));
            }
        }
    }
}

//! Searching: what is asked, whether a message answers it, and what of the message is shown.
//!
//! Rules without an index. Whatever finds messages faster finds those that these rules find.

mod date;
mod parse;
mod snippet;
mod words;

use std::borrow::Cow;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::document::Message;
use crate::id::Timestamp;

pub use parse::{CHARS_MAX, FILTERS_MAX, WORDS_MAX, parse};
pub use snippet::{Piece, SNIPPET_CHARS, snippet};
pub use words::{WORD_CHARS_MAX, Word, is_alone, name, words};

/// The fewest characters of a word that is looked for as the beginning of words.
pub const BEGIN_CHARS_MIN: usize = 3;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// All of them are in the message.
    pub must: Vec<Clause>,
    /// None of them is.
    pub must_not: Vec<Clause>,
    /// By one of these, as they were named; empty for anyone.
    pub from: Vec<String>,
    /// By none of these.
    pub not_from: Vec<String>,
    /// In one of these places, as they were named; empty for anywhere.
    pub within: Vec<String>,
    /// In none of these.
    pub not_within: Vec<String>,
    /// It has all of these.
    pub has: BTreeSet<Mark>,
    /// It has none of these.
    pub has_not: BTreeSet<Mark>,
    /// Posted then or later.
    pub since: Option<Timestamp>,
    /// Posted before then.
    pub until: Option<Timestamp>,
}

/// Words that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The words, folded; at least one.
    pub words: Vec<String>,
    /// Whether the last of them may be the beginning of a word.
    pub begins: bool,
}

/// What can be said of a message beside its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It has a link in it.
    Link,
    /// It has code in it.
    Code,
    /// Somebody reacted to it.
    Reaction,
    /// It is pinned.
    Pin,
    /// A topic is shown in it.
    Topic,
    /// It is in a thread.
    Thread,
    /// A file goes with it.
    File,
    /// One of its files is an image.
    Image,
}

impl Mark {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Link,
        Self::Code,
        Self::Reaction,
        Self::Pin,
        Self::Topic,
        Self::Thread,
        Self::File,
        Self::Image,
    ];

    /// What can be said of a message.
    #[must_use]
    pub fn of(message: &Message, pinned: bool) -> BTreeSet<Self> {
        let text = message.text.as_str();
        let said = [
            (Self::Link, text.contains("https://") || text.contains("http://")),
            (Self::Code, has_code(text)),
            (Self::Reaction, !message.reactions.is_empty()),
            (Self::Pin, pinned),
            (Self::Topic, message.topic.is_some()),
            (Self::Thread, message.thread.is_some()),
            (Self::File, !message.files.is_empty()),
            (
                Self::Image,
                message.files.iter().any(|file| file.media.as_str().starts_with("image/")),
            ),
        ];
        said.into_iter().filter_map(|(mark, is)| is.then_some(mark)).collect()
    }
}

/// What a message is found by: its text, and behind it the names of its files, a line each.
#[must_use]
pub fn said(message: &Message) -> Cow<'_, str> {
    let text = message.text.as_str();
    if message.files.is_empty() {
        return Cow::Borrowed(text);
    }
    let names = message.files.iter().map(|file| file.name.as_str());
    let lines: Vec<&str> =
        std::iter::once(text).filter(|text| !text.is_empty()).chain(names).collect();
    Cow::Owned(lines.join("\n"))
}

/// Whether there is something between backticks.
fn has_code(text: &str) -> bool {
    let in_line = |line: &str| line.bytes().filter(|byte| *byte == b'`').count() > 1;
    text.contains("```") || text.lines().any(in_line)
}

/// In which order hits are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The best first.
    #[default]
    Rank,
    /// The newest first.
    Time,
}

impl Clause {
    /// Where it is among words: the places of its first words.
    pub fn places<'a>(&'a self, words: &'a [Word]) -> impl Iterator<Item = usize> + 'a {
        let fits = move |window: &[Word]| {
            let last = self.words.len() - 1;
            window.iter().zip(&self.words).enumerate().all(|(place, (word, wanted))| {
                if place == last && self.begins {
                    word.text.starts_with(wanted.as_str())
                } else {
                    word.text == *wanted
                }
            })
        };
        let windows = words.windows(self.words.len().max(1)).enumerate();
        windows.filter(move |(_, window)| !self.words.is_empty() && fits(window)).map(|(at, _)| at)
    }
}

impl Search {
    /// Whether a message with these words and marks, posted `at`, is one of those that are looked
    /// for; who wrote it where is looked at elsewhere.
    #[must_use]
    pub fn fits(&self, words: &[Word], marks: &BTreeSet<Mark>, at: Timestamp) -> bool {
        let is_in = |clause: &Clause| clause.places(words).next().is_some();
        self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| at < until)
            && self.has.is_subset(marks)
            && self.has_not.is_disjoint(marks)
            && self.must.iter().all(is_in)
            && !self.must_not.iter().any(is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: &str, text: &str, fits: bool) {
        let search = parse(asked, Timestamp(0), 0).unwrap();
        let found = search.fits(&words(text), &BTreeSet::new(), Timestamp(0));
        assert_eq!(found, fits, "{asked:?} in {text:?}");
    }

    #[test]
    fn all_words_are_there_in_any_order_and_phrases_in_theirs() {
        check("tea milk ", "Milk with the tea", true);
        check("tea milk ", "Milk with the teapot", false);
        check("\"the tea\"", "Milk with the tea", true);
        check("\"tea the\"", "Milk with the tea", false);
        check("tea -milk", "Milk with the tea", false);
        check("-milk", "tea", true);
        check("don't", "don not t", false);
        check("東京", "私は東京に行く", true);
        check("京東", "私は東京に行く", false);
    }

    #[test]
    fn the_last_word_may_be_a_beginning() {
        check("with tea", "Milk with the teapot", true);
        check("te", "teapot", false);
        check("tea ", "teapot", false);
        check("tea* with", "teapot with", true);
        check("\"tea\"", "teapot", false);
    }

    #[test]
    fn code_is_between_backticks() {
        for (text, is) in [("a `b` c", true), ("a ` c", false), ("```\nx\n```", true)] {
            assert_eq!(has_code(text), is, "{text}");
        }
    }
}

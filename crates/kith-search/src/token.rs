//! What stands in the index for a message: its words, then tokens that no word can be.

use kith_core::search::{Clause, Mark, Word, is_alone};

/// The first characters of tokens that are no words: none of them is ever part of a word.
const STREAM: char = '\u{e000}';
const CIRCLE: char = '\u{e001}';
const DIRECT: char = '\u{e002}';
const AUTHOR: char = '\u{e003}';
const MARK: char = '\u{e004}';
/// A character of a script without spaces, by itself.
const ALONE: char = '\u{e005}';

/// Something that many messages have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tag {
    Stream(i64),
    Circle(i64),
    Direct(i64),
    Author(i64),
    Mark(Mark),
}

impl Tag {
    pub(crate) fn token(self) -> String {
        let (kind, number) = match self {
            Self::Stream(id) => (STREAM, id),
            Self::Circle(id) => (CIRCLE, id),
            Self::Direct(id) => (DIRECT, id),
            Self::Author(id) => (AUTHOR, id),
            Self::Mark(mark) => {
                let place = Mark::ALL.iter().position(|one| *one == mark);
                (MARK, i64::try_from(place.unwrap_or(0)).unwrap_or(0))
            }
        };
        let mut token = String::from(kind);
        // Two characters say up to a million: such a token is too short for the index of beginnings.
        digits(number.unsigned_abs(), &mut token);
        token
    }
}

/// A number in the base of all characters beyond the first 65 536.
fn digits(number: u64, text: &mut String) {
    const BASE: u64 = 0x10_0000;
    if number >= BASE {
        digits(number / BASE, text);
    }
    let digit = u32::try_from(number % BASE).unwrap_or(0);
    text.extend(char::from_u32(0x1_0000 + digit));
}

/// The tokens of a message, separated by spaces.
///
/// Where a script has no spaces, the place of a character has it together with the next one, so that
/// what many messages have is not looked through for each.
pub(crate) fn body(words: &[Word], tags: &[Tag]) -> String {
    let mut body = String::new();
    for (place, word) in words.iter().enumerate() {
        body.push_str(&word.text);
        if let Some(next) = words.get(place + 1)
            && is_alone(&word.text)
            && is_alone(&next.text)
        {
            body.push_str(&next.text);
        }
        body.push(' ');
    }
    let mut alone: Vec<&str> =
        words.iter().map(|word| word.text.as_str()).filter(|word| is_alone(word)).collect();
    alone.sort_unstable();
    alone.dedup();
    for word in alone {
        body.push(ALONE);
        body.push_str(word);
        body.push(' ');
    }
    for tag in tags {
        body.push_str(&tag.token());
        body.push(' ');
    }
    body
}

/// A clause as FTS5 reads it.
pub(crate) fn phrase(clause: &Clause) -> String {
    let words = &clause.words;
    let alone = |place: usize| words.get(place).is_some_and(|word| is_alone(word));
    if let ([word], true) = (words.as_slice(), alone(0)) {
        return quoted(&format!("{ALONE}{word}"));
    }
    let mut parts = Vec::new();
    let mut begins = clause.begins;
    for (place, word) in words.iter().enumerate() {
        let is_last = place + 1 == words.len();
        match (alone(place), is_last) {
            (true, false) if alone(place + 1) => {
                parts.push(quoted(&format!("{word}{}", words[place + 1])));
            }
            // It is in the token before.
            (true, true) if place > 0 && alone(place - 1) => {}
            (true, true) => {
                parts.push(quoted(word));
                begins = true;
            }
            _ => parts.push(quoted(word)),
        }
    }
    let star = if begins { " *" } else { "" };
    format!("{}{star}", parts.join(" + "))
}

/// A token as a string of FTS5's: it holds no quote, as no word does.
pub(crate) fn quoted(token: &str) -> String {
    let plain: String = token.chars().filter(|c| *c != '"').collect();
    format!("\"{plain}\"")
}

#[cfg(test)]
mod tests {
    use kith_core::search::words;

    use super::*;

    fn asked(text: &[&str], begins: bool) -> String {
        phrase(&Clause { words: text.iter().map(|word| (*word).to_owned()).collect(), begins })
    }

    #[test]
    fn characters_without_spaces_stand_in_pairs() {
        assert_eq!(
            body(&words("in 東京都"), &[]),
            "in 東京 京都 都 \u{e005}京 \u{e005}東 \u{e005}都 "
        );
        assert_eq!(asked(&["東"], false), "\"\u{e005}東\"");
        assert_eq!(asked(&["東", "京"], false), "\"東京\"");
        assert_eq!(asked(&["東", "京", "都"], false), "\"東京\" + \"京都\"");
        assert_eq!(asked(&["in", "東"], false), "\"in\" + \"東\" *");
        assert_eq!(asked(&["東", "in"], false), "\"東\" + \"in\"");
        assert_eq!(asked(&["the", "tea"], true), "\"the\" + \"tea\" *");
    }

    #[test]
    fn tags_differ_from_words_and_from_each_other() {
        let all = [
            Tag::Stream(1),
            Tag::Circle(1),
            Tag::Direct(1),
            Tag::Author(1),
            Tag::Author(0x10_0001),
            Tag::Mark(Mark::Link),
            Tag::Mark(Mark::Code),
        ];
        let tokens: std::collections::BTreeSet<String> =
            all.iter().map(|tag| tag.token()).collect();
        assert_eq!(tokens.len(), all.len());
        let is_word = |token: &String| words(token).iter().any(|word| word.text == *token);
        assert!(!tokens.iter().any(is_word), "{tokens:?}");
        assert_eq!(Tag::Stream(7).token().chars().count(), 2);
    }
}

//! What counts as a word: the same for a message, for what is looked for, and for every index.
//!
//! Words are folded: case, accents and forms of the same letter make no difference. Where a script
//! has no spaces between its words, each character is a word, and words that follow each other are
//! found as a phrase.

use std::ops::Range;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// The most characters of a word that count; what follows them in it makes no difference.
pub const WORD_CHARS_MAX: usize = 64;

/// A word of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its folded form.
    pub text: String,
    /// Where it is in the text, in bytes.
    pub at: Range<usize>,
}

/// The words of a text, in order.
#[must_use]
pub fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut open: Option<Word> = None;
    let mut chars = 0;
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        match kind(c) {
            Kind::Alone => {
                words.extend(open.take());
                words.push(Word { text: folded(c).collect(), at: start..end });
            }
            Kind::Letter => {
                if open.is_none() {
                    chars = 0;
                }
                let word =
                    open.get_or_insert_with(|| Word { text: String::new(), at: start..start });
                for letter in folded(c).take(WORD_CHARS_MAX.saturating_sub(chars)) {
                    word.text.push(letter);
                    chars += 1;
                }
                word.at.end = end;
            }
            Kind::Nothing => {
                if let Some(word) = &mut open {
                    word.at.end = end;
                }
            }
            Kind::Gap => words.extend(open.take()),
        }
    }
    words.extend(open);
    words.retain(|word| !word.text.is_empty());
    words
}

/// A name as it is compared: folded, and whatever stands between its words.
#[must_use]
pub fn name(text: &str) -> String {
    let words: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
    // A name of nothing but signs is compared as it is.
    if words.is_empty() { text.trim().to_lowercase() } else { words.join(" ") }
}

/// Whether a folded word is of a script without spaces.
#[must_use]
pub fn is_alone(word: &str) -> bool {
    word.chars().next().is_some_and(|c| matches!(kind(c), Kind::Alone))
}

enum Kind {
    /// Part of a word.
    Letter,
    /// A word by itself.
    Alone,
    /// Makes no difference where it stands.
    Nothing,
    /// Between words.
    Gap,
}

fn kind(c: char) -> Kind {
    match c {
        _ if c.is_ascii_alphanumeric() => Kind::Letter,
        _ if c.is_ascii() => Kind::Gap,
        _ if is_unspaced(c) || is_emoji(c) => Kind::Alone,
        '\u{ad}'
        | '\u{200c}'
        | '\u{200d}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{1f3fb}'..='\u{1f3ff}' => Kind::Nothing,
        _ if is_accent(c) => Kind::Nothing,
        // Signs of vowels and the like are parts of words of India.
        '\u{964}' | '\u{965}' | '\u{970}' => Kind::Gap,
        '\u{900}'..='\u{dff}' => Kind::Letter,
        _ if c.is_alphanumeric() => Kind::Letter,
        _ => Kind::Gap,
    }
}

fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ecd}' | '\u{edc}'..='\u{edf}'
        | '\u{1000}'..='\u{103f}' | '\u{1050}'..='\u{109f}' | '\u{1780}'..='\u{17d3}'
        | '\u{3005}' | '\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}'
        | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{312f}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{323af}')
}

fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{2600}'..='\u{27bf}' | '\u{2b50}' | '\u{2b55}' | '\u{1f1e6}'..='\u{1f1ff}'
        | '\u{1f300}'..='\u{1f3fa}' | '\u{1f400}'..='\u{1faff}')
}

/// Accents, and the vowels that Hebrew and Arabic may leave out.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}' | '\u{5bf}'
        | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}' | '\u{3099}'
        | '\u{309a}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// A character as it is compared.
fn folded(c: char) -> impl Iterator<Item = char> {
    let (ascii, other) =
        if c.is_ascii() { (Some(c.to_ascii_lowercase()), None) } else { (None, Some(c)) };
    ascii.into_iter().chain(other.into_iter().flat_map(fold))
}

fn fold(c: char) -> Vec<char> {
    let normal = DecomposingNormalizerBorrowed::new_nfkd();
    let letters = normal.normalize_iter(std::iter::once(c)).flat_map(char::to_lowercase);
    letters.flat_map(plain).filter(|c| matches!(kind(*c), Kind::Letter | Kind::Alone)).collect()
}

/// Letters that are others to those who have no key for them.
fn plain(c: char) -> impl Iterator<Item = char> {
    let others = match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' => "d",
        'ı' => "i",
        'ς' => "σ",
        _ => "",
    };
    let same = others.is_empty().then_some(c);
    others.chars().chain(same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<String> = words(text).into_iter().map(|word| word.text).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn case_accents_and_forms_of_a_letter_make_no_difference() {
        check("Café CAFE\u{301} ｃａｆé", &["cafe", "cafe", "cafe"]);
        check("Straße, Łódź; Ångström ﬁn", &["strasse", "lodz", "angstrom", "fin"]);
        check("ΣΊΣΥΦΟΣ σίσυφος", &["σισυφοσ", "σισυφοσ"]);
        check("don't foo_bar v1.2", &["don", "t", "foo", "bar", "v1", "2"]);
        check("co\u{ad}operate", &["cooperate"]);
        check("हिन्दी भाषा।", &["हिन्दी", "भाषा"]);
        check("한국어", &[&"한국어".chars().flat_map(fold).collect::<String>()]);
    }

    #[test]
    fn where_there_are_no_spaces_each_character_is_a_word() {
        check("東京タワー!", &["東", "京", "タ", "ワ", "ー"]);
        check("in東京", &["in", "東", "京"]);
        check("party 🎉🎉", &["party", "🎉", "🎉"]);
    }

    #[test]
    fn a_word_has_an_end() {
        let found = words(&"x".repeat(1000));
        assert_eq!((found.len(), found[0].text.len(), found[0].at.clone()), (1, 64, 0..1000));
    }

    #[test]
    fn names_are_compared_by_their_words() {
        for (one, other) in [("Tea Time", "tea-time"), ("Café", "cafe"), ("#ops", "ops")] {
            assert_eq!(name(one), name(other));
        }
        assert_ne!(name("!!"), name("??"));
    }

    proptest! {
        #[test]
        fn words_are_in_order_within_the_text_and_folded_once(text in "\\PC{0,200}") {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(word.at.start >= end && word.at.end <= text.len());
                prop_assert!(text.get(word.at.clone()).is_some());
                end = word.at.end;
                prop_assert!(!word.text.is_empty());
                prop_assert!(word.text.chars().count() <= WORD_CHARS_MAX.max(18));
                let again: String = words(&word.text).into_iter().map(|word| word.text).collect();
                prop_assert_eq!(again, word.text);
            }
        }
    }
}

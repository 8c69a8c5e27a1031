//! Lines that are no wider than they may be: broken between words, or within one that is too long.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Line, Look, Span};

/// The narrowest line: a wide character must fit.
pub const WIDTH_MIN: usize = 2;

/// How many columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// What stands before the first line and before those that follow, as wide as each other or not.
#[derive(Clone, Debug, Default)]
pub struct Prefix {
    /// Before the first.
    pub first: Line,
    /// Before the others.
    pub rest: Line,
}

fn width_of(line: &[Span]) -> usize {
    line.iter().map(|span| width(&span.text)).sum()
}

#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    look: Look,
    width: usize,
}

/// The graphemes of a text; where one is wider than the narrowest line, its characters.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true).flat_map(|grapheme| {
        let fits = UnicodeWidthStr::width(grapheme) <= WIDTH_MIN;
        let ends = grapheme.char_indices().map(|(at, char)| at + char.len_utf8());
        let ends = ends.filter(move |end| !fits || *end == grapheme.len());
        ends.scan(0, move |from, end| Some(&grapheme[std::mem::replace(from, end)..end]))
    })
}

fn push(line: &mut Line, text: &str, look: Look) {
    match line.last_mut() {
        Some(last) if last.look == look => last.text.push_str(text),
        _ => line.push(Span::new(text, look)),
    }
}

/// Breaks one line into lines of at most `width` columns ([`WIDTH_MIN`] at least), each behind its
/// prefix where that leaves room. There is always one.
#[must_use]
pub fn wrap(line: &[Span], width: usize, prefix: &Prefix) -> Vec<Line> {
    let width = width.max(WIDTH_MIN);
    let fits = |prefix: &Line| width_of(prefix) + WIDTH_MIN <= width;
    let none = Line::new();
    let first = if fits(&prefix.first) { &prefix.first } else { &none };
    let rest = if fits(&prefix.rest) { &prefix.rest } else { &none };
    let mut lines = Vec::new();
    let mut current: Vec<Piece<'_>> = Vec::new();
    let (mut used, mut may_break) = (0, 0);
    let mut emit = |pieces: &[Piece<'_>]| {
        let mut line = if lines.is_empty() { first.clone() } else { rest.clone() };
        for piece in pieces {
            push(&mut line, piece.text, piece.look);
        }
        lines.push(line);
        width - width_of(rest)
    };
    let mut room = width - width_of(first);
    let pieces = line.iter().flat_map(|span| {
        let look = span.look;
        parts(&span.text).map(move |text| Piece { text, look, width: UnicodeWidthStr::width(text) })
    });
    for piece in pieces {
        if used + piece.width > room {
            if piece.text == " " {
                // The space at which a line is broken is not shown.
                room = emit(&current);
                current.clear();
                (used, may_break) = (0, 0);
                continue;
            }
            let at = if may_break > 0 { may_break } else { current.len() };
            let tail = current.split_off(at);
            while current.last().is_some_and(|piece| piece.text == " ") {
                current.pop();
            }
            room = emit(&current);
            used = tail.iter().map(|piece| piece.width).sum();
            current = tail;
            may_break = 0;
            // Later lines may have less room than the first: the rest of the word is broken as well.
            while used + piece.width > room && !current.is_empty() {
                let fits = |count: &usize| {
                    current[..*count].iter().map(|piece| piece.width).sum::<usize>() <= room
                };
                let count = (1..=current.len()).take_while(fits).last().unwrap_or(1);
                let tail = current.split_off(count);
                room = emit(&current);
                current = tail;
                used = current.iter().map(|piece| piece.width).sum();
            }
        }
        used += piece.width;
        current.push(piece);
        if piece.text == " " || piece.width > 1 {
            may_break = current.len();
        }
    }
    emit(&current);
    lines
}

/// The text cut to a width, with an ellipsis where something was left out.
#[must_use]
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = UnicodeWidthStr::width(grapheme);
        if used + wide + 1 > columns {
            break;
        }
        used += wide;
        kept.push_str(grapheme);
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::plain;
    use super::*;

    fn wrapped(text: &str, width: usize, prefix: &str) -> Vec<String> {
        let look = Look::default();
        let rest = vec![Span::new(prefix, look)];
        let prefix = Prefix { first: Line::new(), rest };
        wrap(&[Span::new(text, look)], width, &prefix).iter().map(|line| plain(line)).collect()
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("the tea is ready", 7, ""), ["the tea", "is", "ready"]);
        assert_eq!(wrapped("the tea is ready", 8, "  "), ["the tea", "  is", "  ready"]);
        assert_eq!(wrapped("abcdefgh", 3, ""), ["abc", "def", "gh"]);
        assert_eq!(wrapped("茶はいかが", 5, ""), ["茶は", "いか", "が"]);
        assert_eq!(wrapped("", 5, ""), [""]);
        // One grapheme of three columns.
        assert_eq!(wrapped("𪜀ೳ", 2, ""), ["𪜀", "ೳ"]);
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("general", 7), "general");
        assert_eq!(cut("general", 4), "gen…");
        assert_eq!(cut("茶茶茶", 4), "茶…");
        assert_eq!(cut("general", 0), "");
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(
            text in "[ a-z茶👍é]{0,80}", width_max in 2_usize..30, prefix in "[>|]{0,6}",
        ) {
            let lines = wrapped(&text, width_max, &prefix);
            for line in &lines {
                prop_assert!(width(line) <= width_max, "{line:?}");
            }
            let bare = |text: &str| text.replace([' ', '>', '|'], "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }

        #[test]
        fn a_cut_text_fits(text in any::<String>(), columns in 0_usize..20) {
            prop_assert!(width(&cut(&text, columns)) <= columns);
        }
    }
}

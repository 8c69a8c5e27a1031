//! What others wrote, without what a terminal could take for a command or what reorders its
//! neighbours. Everything that is shown goes through here.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// Marks that may stand on one character; more are left out, for they would be drawn over the lines
/// around.
const MARKS_MAX: usize = 4;

/// Whether a terminal could take the character for a command, or show what is beside it elsewhere.
#[must_use]
pub fn is_commanding(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
        )
}

/// The text with its line breaks, and with a sign in the place of each commanding character.
#[must_use]
pub fn lines(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// The same as one line: line breaks are spaces.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

fn clean(text: &str, breaks: bool) -> Cow<'_, str> {
    let is_mark = |c: char| c.width() == Some(0);
    let fine = |c: char| !is_commanding(c) && !is_mark(c) || c == '\n' && breaks;
    if text.chars().all(fine) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut marks = 0;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' if breaks => cleaned.push('\n'),
            '\n' | '\r' => cleaned.push(' '),
            '\t' => cleaned.push_str("    "),
            c if is_commanding(c) => cleaned.push('\u{fffd}'),
            _ if marks > MARKS_MAX => {}
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_cannot_command_the_terminal() {
        let evil = "a\u{1b}[2J\u{9b}31m\u{7}\r\u{202e}b\r\n\tc";
        assert_eq!(lines(evil), "a\u{fffd}[2J\u{fffd}31m\u{fffd}\n\u{fffd}b\n    c");
        assert_eq!(line("a\nb\r\nc"), "a b c");
        assert!(matches!(line("plain"), Cow::Borrowed("plain")));
        assert_eq!(line("👩\u{200d}🚒"), "👩\u{200d}🚒");
        assert_eq!(line(&format!("a{}b", "\u{301}".repeat(50))).chars().count(), 6);
    }

    proptest! {
        #[test]
        fn nothing_commanding_is_left(text in any::<String>()) {
            prop_assert!(!lines(&text).chars().any(|c| is_commanding(c) && c != '\n'));
            prop_assert!(!line(&text).chars().any(is_commanding));
            let once = lines(&text).into_owned();
            prop_assert_eq!(lines(&once), once.as_str());
        }
    }
}

//! Texts of old clients as messages.

use kith_core::text::MessageText;

use crate::object::split;

/// What somebody wrote as messages: one, several if it is too long for one, none where nothing can be
/// read in it. Control characters that a message does not have are left out.
pub(crate) fn messages(raw: &str) -> Vec<MessageText> {
    let is_plain = |c: &char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    let plain: String = raw.chars().filter(is_plain).collect();
    let pieces = split(plain.trim(), MessageText::CHARS_MAX, |_| 1);
    pieces.into_iter().filter_map(|piece| MessageText::parse(piece).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_becomes_messages() {
        let check = |raw: &str, expected: &[&str]| {
            let got = messages(raw);
            let got: Vec<&str> = got.iter().map(MessageText::as_str).collect();
            assert_eq!(got, expected, "{raw:?}");
        };
        check("hi\n", &["hi"]);
        check(" \n", &[]);
        check("\u{7}", &[]);
        check("a\u{7}\tb", &["a\tb"]);
        let long = "é".repeat(8001);
        check(&long, &[&long[..16_000], "é"]);
    }
}

//! Texts that people choose: each is checked once, where it is made, and never again.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::id::Seq;
use crate::refusal::Refusal;
use crate::spelled;

/// Characters that reorder or hide their neighbours: bidirectional controls, zero-width and
/// control characters. They serve impersonation in names and are refused there.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn line(raw: &str, field: &'static str, chars_max: usize) -> Result<Arc<str>, Refusal> {
    let text = raw.trim();
    if text.is_empty() {
        return Err(Refusal::Empty { field });
    }
    if text.chars().count() > chars_max {
        return Err(Refusal::TooLong { field, max: chars_max });
    }
    if text.chars().any(is_deceptive) {
        return Err(Refusal::Malformed { field });
    }
    Ok(text.into())
}

/// A refusal as the message of a parser's error, which is all that comes through a parser: its code,
/// `": "` and its sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", .0.code(), .0)]
pub struct Coded(pub(crate) Refusal);

impl Coded {
    /// The code and the rest of a parser's message, where a text was refused and not the form.
    #[must_use]
    pub fn split(message: &str) -> Option<(&str, &str)> {
        let (code, sentence) = message.split_once(": ")?;
        ["input.empty", "input.too_long", "input.malformed"]
            .contains(&code)
            .then_some((code, sentence))
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:literal, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The most characters it may have.
            pub const CHARS_MAX: usize = $max;

            /// Checks `raw`, without its leading and trailing space.
            ///
            /// # Errors
            /// A refusal that names the field, when it is empty, too long or malformed.
            pub fn parse(raw: &str) -> Result<Self, Refusal> {
                let parse: fn(&str, &'static str, usize) -> Result<Arc<str>, Refusal> = $parse;
                parse(raw, $field, $max).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "minLength": 1, "maxLength": $max })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = Coded;

            fn from_str(raw: &str) -> Result<Self, Coded> {
                Self::parse(raw).map_err(Coded)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                spelled::read(deserializer)
            }
        }
    };
}

text! {
    /// The unique name of a user: ASCII letters, digits, `.`, `_` and `-`, starting with a letter or
    /// digit. Two names that differ only in case are the same name.
    UserName, "name", 32, |raw, field, max| {
        let name = line(raw, field, max)?;
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !plain || !name.as_bytes()[0].is_ascii_alphanumeric() {
            return Err(Refusal::Malformed { field });
        }
        if matches!(name.to_ascii_lowercase().as_str(), "everyone" | "here" | "system" | "kith") {
            return Err(Refusal::NameTaken);
        }
        Ok(name)
    }
}

impl UserName {
    /// The form under which the name is unique.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

text! {
    /// What a user is shown as; a nickname in a circle follows the same rules.
    DisplayName, "display_name", 64, line
}
text! {
    /// The name of a circle.
    CircleName, "name", 80, line
}
text! {
    /// The name of a stream in a circle, or of a group.
    StreamName, "name", 80, line
}
text! {
    /// The name of a section, in which streams of a circle are shown together.
    SectionName, "section", 40, line
}
text! {
    /// The name of a preference: 1 to 100 of lower-case ASCII letters, digits, `_`, `-`, `.` and `:`.
    PreferenceKey, "key", 100, |raw, field, max| {
        if raw.is_empty() || raw.len() > max
            || !raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.:".contains(&b))
        {
            return Err(Refusal::Malformed { field });
        }
        Ok(raw.into())
    }
}
text! {
    /// The name of a role.
    RoleName, "name", 40, line
}
text! {
    /// A sentence about a circle or a stream, or the reason of an act of moderation.
    Line, "text", 500, line
}
text! {
    /// The label of a session, as its user sees it in the list: "Firefox on Linux".
    Label, "label", 64, line
}
text! {
    /// One reaction: an emoji, or a short word between colons.
    Emoji, "emoji", 16, |raw, field, max| {
        let emoji = raw.trim();
        // Joiners and variation selectors are part of emoji, so only controls and spaces are bad.
        if emoji.is_empty() || emoji.len() > 64 || emoji.chars().count() > max
            || emoji.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '/' | '<' | '>' | '&'))
        {
            return Err(Refusal::Malformed { field });
        }
        Ok(emoji.into())
    }
}
text! {
    /// What a person wrote, in Markdown. Line breaks and tabs are its only control characters.
    MessageText, "text", 8000, |raw, field, max| {
        let text = raw.trim();
        if text.is_empty() {
            return Err(Refusal::Empty { field });
        }
        if text.chars().count() > max {
            return Err(Refusal::TooLong { field, max });
        }
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t' | '\r')) {
            return Err(Refusal::Malformed { field });
        }
        Ok(text.into())
    }
}
impl MessageText {
    /// No text: of a message whose files say it all.
    #[must_use]
    pub fn none() -> Self {
        Self("".into())
    }

    /// Whether it is no text.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads the text of a message, which may have none where it has files; for `deserialize_with`.
///
/// # Errors
/// When it is no text, or not one of a message.
pub fn message_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<MessageText, D::Error> {
    struct OrNone(MessageText);

    impl FromStr for OrNone {
        type Err = Coded;

        fn from_str(raw: &str) -> Result<Self, Coded> {
            if raw.is_empty() { Ok(Self(MessageText::none())) } else { raw.parse().map(Self) }
        }
    }

    spelled::read(deserializer).map(|OrNone(text)| text)
}

text! {
    /// The name of a file as people see it, without a path: no `/`, no `\`, and not `.` or `..`.
    FileName, "name", 200, |raw, field, max| {
        let name = line(raw, field, max)?;
        if name.contains(['/', '\\']) || matches!(&*name, "." | "..") {
            return Err(Refusal::Malformed { field });
        }
        Ok(name)
    }
}
text! {
    /// What kind of file it is (RFC 6838), in small letters and without parameters: `image/png`.
    MediaType, "type", 100, |raw, field, max| {
        let is_part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| {
                    b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$&-^_.+".contains(&b)
                })
        };
        let parts = raw.split_once('/').is_some_and(|(one, other)| is_part(one) && is_part(other));
        if raw.len() > max || !parts {
            return Err(Refusal::Malformed { field });
        }
        Ok(raw.into())
    }
}
text! {
    /// A colour as `#rrggbb`.
    Color, "color", 7, |raw, field, max| {
        let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        let digits = raw.strip_prefix('#').filter(|_| raw.len() == max);
        if !digits.is_some_and(|digits| digits.bytes().all(is_hex)) {
            return Err(Refusal::Malformed { field });
        }
        Ok(raw.into())
    }
}
text! {
    /// The name of an element of a list: 1 to 40 of ASCII letters, digits, `.`, `_`, `-` and `:`.
    /// Names that the server gives begin with `~`.
    ElementId, "element", 40, |raw, field, max| {
        let rest = raw.strip_prefix('~').unwrap_or(raw);
        if rest.is_empty() || raw.len() > max
            || !rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
        {
            return Err(Refusal::Malformed { field });
        }
        Ok(raw.into())
    }
}

impl ElementId {
    /// The name of the element that comes with the event `seq`.
    #[must_use]
    pub fn of(seq: Seq) -> Self {
        Self(format!("~{seq}").into())
    }

    /// The name of the `place`-th of the elements that come with the event `seq`.
    #[must_use]
    pub fn of_part(seq: Seq, place: usize) -> Self {
        Self(format!("~{seq}.{place}").into())
    }

    /// Whether it is a name of the kind that the server gives.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.0.starts_with('~')
    }
}

text! {
    /// The name of a topic in its circle; `/` makes a tree of them: `board/todo`.
    TopicName, "name", 200, line
}
text! {
    /// The name of a service in its circle. Those that begin with `kith/` are the server's own, those
    /// that begin with `chat/` are slash commands, those that begin with `me/` are personal.
    ServiceName, "name", 200, line
}

impl ServiceName {
    /// Whether it is a name that only the server offers, however its letters are written.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.0.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("kith/"))
    }

    /// Whether it is a slash command: called from within a stream.
    #[must_use]
    pub fn is_command(&self) -> bool {
        self.0.starts_with("chat/")
    }

    /// Whether each member offers it for itself: whoever calls it says whose is meant.
    #[must_use]
    pub fn is_personal(&self) -> bool {
        self.0.starts_with("me/")
    }
}

text! {
    /// What a caller's calls have in common, so that the same provider answers them.
    CallKey, "key", 200, line
}
text! {
    /// The code of a failure as a provider names it: 1 to 64 of ASCII letters, digits, `.`, `_`, `-`
    /// and `:`.
    FailureCode, "code", 64, |raw, field, max| {
        if raw.is_empty() || raw.len() > max
            || !raw.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
        {
            return Err(Refusal::Malformed { field });
        }
        Ok(raw.into())
    }
}
text! {
    /// The name that a client gives an operation, so that saying it twice makes it happen once:
    /// 1 to 64 of ASCII letters, digits, `.`, `_`, `-` and `:`.
    OpId, "op", 64, |raw, field, max| {
        if raw.is_empty() || raw.len() > max
            || !raw.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
        {
            return Err(Refusal::Malformed { field });
        }
        Ok(raw.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_deceive_are_refused() {
        for bad in
            ["", " ", "a b", "naïve", "-a", "@ana", "a\u{202e}b", "everyone", &"x".repeat(33)]
        {
            assert!(UserName::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(UserName::parse(" Ana.B ").map(|n| n.folded()), Ok("ana.b".to_owned()));
        assert!(DisplayName::parse("Ana\u{200b}").is_err());
        assert!(DisplayName::parse("Ana Łucja").is_ok());
    }

    #[test]
    fn a_message_keeps_its_lines_and_loses_its_margins() {
        assert_eq!(MessageText::parse("  a\n\tb \n").unwrap().as_str(), "a\n\tb");
        assert!(MessageText::parse("a\u{7}").is_err());
        assert!(MessageText::parse(&"é".repeat(8000)).is_ok());
        assert!(MessageText::parse(&"é".repeat(8001)).is_err());
    }

    #[test]
    fn the_name_of_a_file_is_no_path() {
        for bad in
            ["", " ", ".", "..", "../a", "a/b", "a\\b", "/etc/passwd", "a\0b", "a\u{202e}gpj.exe"]
        {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["a.png", "..a", "Łódź 1.pdf", "C:", "~", ".bashrc", "nul"] {
            assert!(FileName::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "/", "image", "image/", "Image/png", "text/html; charset=x", "a/b/c"] {
            assert!(MediaType::parse(bad).is_err(), "{bad:?}");
        }
        assert!(MediaType::parse("image/svg+xml").is_ok());
        assert!(Color::parse("#0a9fff").is_ok());
        for bad in ["", "#", "0a9fff7", "#0A9FFF", "#0a9fg0", "#é9fff"] {
            assert!(Color::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_the_server_has_names_that_begin_like_its_own() {
        for (name, reserved, command, personal) in [
            ("kith/time", true, false, false),
            ("KITH/time", true, false, false),
            ("kith", false, false, false),
            ("kithy/time", false, false, false),
            ("chat/poll", false, true, false),
            ("me/door", false, false, true),
            ("me", false, false, false),
            ("math/add", false, false, false),
            ("käth/time", false, false, false),
        ] {
            let name = ServiceName::parse(name).unwrap();
            let kinds = (name.is_reserved(), name.is_command(), name.is_personal());
            assert_eq!(kinds, (reserved, command, personal), "{name}");
        }
    }

    #[test]
    fn reactions_are_emoji_not_markup() {
        assert!(Emoji::parse("👩🏽‍🚒").is_ok());
        assert!(Emoji::parse("<b>").is_err());
        assert!(Emoji::parse("a b").is_err());
    }
}

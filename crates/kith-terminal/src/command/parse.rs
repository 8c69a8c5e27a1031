//! Reads a line that was typed: which command, with what; and says exactly what is wrong with it.

use std::fmt;

use super::nearest::nearest;
use super::table::{self, Entry, Kind, Mode, Value, Values};
use super::{Action, CircleSetting, Notify, words};
use crate::images::Images;
use crate::theme::ThemeName;

/// How commands are told from what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A command begins with `/`; all else is said.
    Screen,
    /// Every line is a command, with `/` or without.
    Plain,
}

/// What is wrong with a line. Commands are shown as they were typed, with `/` or without.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum Wrong {
    Unknown { command: String, meant: Option<String> },
    Missing { command: String, name: &'static str, kind: Kind },
    Bad { command: String, name: &'static str, kind: Kind, given: String },
    TooMuch { command: String, usage: String, given: String },
    ScreenOnly { command: String },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { command, meant: Some(meant) } => {
                write!(f, "unknown command `{command}`; did you mean `{meant}`?")
            }
            Self::Unknown { command, meant: None } => {
                let slash = if command.starts_with('/') { "/" } else { "" };
                write!(f, "unknown command `{command}`; `{slash}help` lists all")
            }
            Self::Missing { command, name, kind } => {
                write!(f, "`{command}` needs {name}, {}", kind.about())
            }
            Self::Bad { command, name, kind, given } => {
                write!(f, "`{command}` needs {name}, {}, and `{given}` is none", kind.about())
            }
            Self::TooMuch { command, usage, given } => {
                write!(f, "`{command}` does not take `{given}`; it is written `{usage}`")
            }
            Self::ScreenOnly { command } => {
                write!(
                    f,
                    "`{command}` is there on the whole screen alone: kith chat without --plain"
                )
            }
        }
    }
}

/// The longest piece of a line that an error repeats, in columns.
const GIVEN_MAX: usize = 40;

fn given(text: &str) -> String {
    crate::text::wrap::cut(&crate::text::clean::line(text), GIVEN_MAX)
}

/// Reads a line; `None` if there is nothing in it. `services` are the names of slash commands that
/// others offer, without `chat/`.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn parse(line: &str, style: Style, services: &[String]) -> Result<Option<Action>, Wrong> {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Ok(None);
    }
    let (slash, rest) = match trimmed.strip_prefix('/') {
        // Two of them say something that begins with one.
        Some(rest) if style == Style::Screen && rest.starts_with('/') => {
            return Ok(Some(Action::Say { text: rest.to_owned() }));
        }
        Some(rest) => ("/", rest),
        None if style == Style::Screen => {
            return Ok(Some(Action::Say { text: trimmed.to_owned() }));
        }
        None => ("", trimmed),
    };
    let (word, rest) = first_word(rest);
    let command = format!("{slash}{}", given(word));
    if let Some(entry) = table::find(word) {
        if style == Style::Plain && entry.mode == Mode::Screen {
            return Err(Wrong::ScreenOnly { command });
        }
        // As at a shell, it is asked for behind any command.
        if rest.trim_end() == "--help" {
            return Ok(Some(Action::Help { command: Some(entry.name.to_owned()) }));
        }
        return values(entry, rest, &command, slash).map(|values| Some(entry.action(&values)));
    }
    if let Some(name) = services.iter().find(|name| name.as_str() == word) {
        return Ok(Some(Action::Call { name: name.clone(), text: rest.to_owned() }));
    }
    let known = table::all(style == Style::Screen)
        .map(|entry| entry.name)
        .chain(services.iter().map(String::as_str));
    let meant = nearest(word, known).map(|name| format!("{slash}{}", given(name)));
    Err(Wrong::Unknown { command, meant })
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

fn values(entry: &Entry, mut rest: &str, command: &str, slash: &str) -> Result<Values, Wrong> {
    let mut values = Values::default();
    for arg in entry.args {
        let (word, behind) =
            if arg.kind.takes_rest() { (rest.trim(), "") } else { first_word(rest) };
        let (name, kind) = (arg.name, arg.kind);
        if word.is_empty() {
            if !arg.optional {
                return Err(Wrong::Missing { command: command.to_owned(), name, kind });
            }
            values.0.push(None);
            continue;
        }
        match value(kind, word) {
            Some(value) => {
                values.0.push(Some(value));
                rest = behind;
            }
            // What may be left out was left out; of a circle nothing but these can be meant.
            None if arg.optional && entry.args.len() > 1 && kind != Kind::Setting => {
                values.0.push(None);
            }
            None => {
                let given = given(word);
                return Err(Wrong::Bad { command: command.to_owned(), name, kind, given });
            }
        }
    }
    if !rest.trim().is_empty() {
        let (usage, given) = (format!("{slash}{}", entry.usage()), given(rest));
        return Err(Wrong::TooMuch { command: command.to_owned(), usage, given });
    }
    Ok(values)
}

fn value(kind: Kind, word: &str) -> Option<Value> {
    Some(match kind {
        Kind::Number => Value::Number(word.parse().ok()?),
        Kind::Message => Value::Number(word.strip_prefix('#').unwrap_or(word).parse().ok()?),
        Kind::Theme => Value::Theme(ThemeName::parse(word)?),
        Kind::Notify => Value::Notify(Notify::parse(word)?),
        Kind::Images => Value::Images(Images::parse(word)?),
        Kind::User => Value::Text(word.strip_prefix('@').unwrap_or(word).to_owned()),
        Kind::Emoji => Value::Text(emoji(word)?),
        Kind::Command => Value::Text(word.strip_prefix('/').unwrap_or(word).to_owned()),
        Kind::Files => {
            let (files, text) = words::split(word)?;
            Value::Files(files, text)
        }
        Kind::Setting => Value::Setting(CircleSetting::parse(word)?),
        Kind::Direct if word != "direct" => return None,
        Kind::Place | Kind::Text | Kind::Name | Kind::File | Kind::Directory | Kind::Direct => {
            Value::Text(word.to_owned())
        }
    })
}

/// The emoji of a short name between colons, if there is one; anything else as it is.
fn emoji(word: &str) -> Option<String> {
    match word.strip_prefix(':').and_then(|word| word.strip_suffix(':')) {
        Some(name) => emojis::get_by_shortcode(name).map(|emoji| emoji.as_str().to_owned()),
        None => Some(word.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use kith_core::id::Seq;

    fn said(line: &str, style: Style) -> String {
        match parse(line, style, &["poll".to_owned()]) {
            Ok(Some(action)) => format!("{action:?}"),
            Ok(None) => String::new(),
            Err(wrong) => wrong.to_string(),
        }
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(said(line, Style::Plain), expected, "{line}");
    }

    #[test]
    fn the_words_of_ghostr_work_with_a_slash_and_without() {
        let message = r#"Message { user: "bob", text: "hi there" }"#;
        check("message bob hi there", message);
        check("/message @bob hi there", message);
        check("MESSAGE bob  hi there ", message);
        check("broadcast tea is ready", r#"Broadcast { text: "tea is ready" }"#);
        check("whoelse", "WhoElse");
        check("whoelsesince 60", "WhoElseSince { seconds: 60 }");
        check("logout", "LogOut");
    }

    #[test]
    fn help_can_be_asked_for_as_at_a_shell() {
        let of_message = r#"Help { command: Some("message") }"#;
        check("--help", "Help { command: None }");
        check("message --help", of_message);
        check("/message --help ", of_message);
        check("message bob --help", r#"Message { user: "bob", text: "--help" }"#);
        assert_eq!(said("--help", Style::Screen), r#"Say { text: "--help" }"#);
        assert_eq!(said("/message --help", Style::Screen), of_message);
    }

    #[test]
    fn what_of_a_circle_is_one_of_four_words() {
        check("circle", "Circle { setting: None, value: None }");
        check("circle about", "Circle { setting: Some(About), value: None }");
        check(
            "/circle about all kinds of tea",
            r#"Circle { setting: Some(About), value: Some("all kinds of tea") }"#,
        );
        let wrong = "`circle` needs SETTING, name, about, public or idle, and `colour` is none";
        check("circle colour red", wrong);
    }

    #[test]
    fn wrong_commands_are_told_exactly() {
        check("/jion Tea", "unknown command `/jion`; did you mean `/join`?");
        check("mesage bob", "unknown command `mesage`; did you mean `message`?");
        check("/pol a", "unknown command `/pol`; did you mean `/poll`?");
        check("dance", "unknown command `dance`; `help` lists all");
        check("/dance", "unknown command `/dance`; `/help` lists all");
        check("whoelsesince", "`whoelsesince` needs SECONDS, a whole number");
        check(
            "/whoelsesince soon",
            "`/whoelsesince` needs SECONDS, a whole number, and `soon` is none",
        );
        check("message", "`message` needs USER, the name of a user");
        check("message bob", "`message` needs TEXT, a text");
        check("whoelse now", "`whoelse` does not take `now`; it is written `whoelse`");
        check(
            "theme dark",
            "`theme` is there on the whole screen alone: kith chat without --plain",
        );
        check("a\u{1b}[2J", "unknown command `a\u{fffd}[2J`; `help` lists all");
    }

    #[test]
    fn what_may_be_left_out_is_recognised() {
        check("reply #12 yes", &format!("Reply {{ message: {:?}, text: \"yes\" }}", Some(Seq(12))));
        check("reply yes", r#"Reply { message: None, text: "yes" }"#);
        check("react :+1:", r#"React { message: None, emoji: "👍" }"#);
        let wrong = "`react` needs EMOJI, an emoji or its :name:, and `:nonsense:` is none";
        check("react :nonsense:", wrong);
        check("older", "Older { count: None }");
        check("older many", "`older` needs COUNT, a whole number, and `many` is none");
        check("poll tea | coffee", r#"Call { name: "poll", text: "tea | coffee" }"#);
    }

    #[test]
    fn on_the_screen_what_is_no_command_is_said() {
        assert_eq!(said("whoelse", Style::Screen), r#"Say { text: "whoelse" }"#);
        assert_eq!(said("/whoelse", Style::Screen), "WhoElse");
        assert_eq!(said("//shrug", Style::Screen), r#"Say { text: "/shrug" }"#);
        assert_eq!(said("  ", Style::Screen), "");
        assert_eq!(said("/theme light", Style::Screen), "Screen(Theme(Light))");
    }

    proptest! {
        #[test]
        fn any_line_is_read_and_errors_are_clean(line in any::<String>(), plain in any::<bool>()) {
            let style = if plain { Style::Plain } else { Style::Screen };
            if let Err(wrong) = parse(&line, style, &[]) {
                prop_assert!(!wrong.to_string().chars().any(crate::text::clean::is_commanding));
            }
        }
    }
}

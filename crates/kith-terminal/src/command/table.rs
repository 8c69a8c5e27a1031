//! The table of commands: all that can be done, what it wants to be told, and which keys do it.

use kith_core::id::Seq;

use super::key::{Chord, Key, Pane};
use super::{Action, CircleSetting, Notify};
use crate::images::Images;
use crate::theme::ThemeName;

mod people;
mod private;
mod talking;
#[cfg(test)]
mod tests;

/// All commands, in the order in which help lists them within each group.
static TABLE: [&[Entry]; 3] = [talking::WORDS, private::SECRETS, people::REST];

const fn arg(name: &'static str, kind: Kind) -> Arg {
    Arg { name, kind, optional: false }
}

const fn maybe(name: &'static str, kind: Kind) -> Arg {
    Arg { name, kind, optional: true }
}

/// What a command wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The unique name of a user.
    User,
    /// A stream, a conversation or a group; the rest of the line.
    Place,
    /// What to say; the rest of the line.
    Text,
    /// A name; the rest of the line.
    Name,
    /// A whole number.
    Number,
    /// The number of a message, with or without `#`.
    Message,
    /// An emoji, or its short name between colons.
    Emoji,
    /// A theme.
    Theme,
    /// How to be told.
    Notify,
    /// How images are shown.
    Images,
    /// A file of this machine; the rest of the line.
    File,
    /// A directory of this machine; the rest of the line.
    Directory,
    /// Files of this machine, and perhaps ` -- ` and a text; the rest of the line.
    Files,
    /// The word `direct`.
    Direct,
    /// What of a circle.
    Setting,
    /// A command.
    Command,
}

impl Kind {
    /// What it is, for a person.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::User => "the name of a user",
            Self::Place => "a stream (CIRCLE/STREAM), a user (@USER) or a group",
            Self::Text => "a text",
            Self::Name => "a name",
            Self::Number => "a whole number",
            Self::Message => "the number of a message",
            Self::Emoji => "an emoji or its :name:",
            Self::Theme => "dark, light or none",
            Self::Notify => "off, bell or desktop",
            Self::Images => "auto, kitty, iterm2, sixel, blocks or off",
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Files => "files, those with spaces in quotes",
            Self::Direct => "the word `direct`",
            Self::Setting => "name, about, public or idle",
            Self::Command => "a command",
        }
    }

    /// Whether it is all that is left of the line.
    #[must_use]
    pub fn takes_rest(self) -> bool {
        matches!(
            self,
            Self::Place | Self::Text | Self::Name | Self::File | Self::Directory | Self::Files
        )
    }
}

/// One thing that a command is told.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    /// What it is called in help, in capital letters.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A value for an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Value {
    Text(String),
    /// Files, and a text that goes with them.
    Files(Vec<String>, Option<String>),
    Number(u64),
    Theme(ThemeName),
    Notify(Notify),
    Images(Images),
    Setting(CircleSetting),
}

/// What a command was told, one for each of its arguments.
#[derive(Clone, Debug, Default)]
pub struct Values(pub Vec<Option<Value>>);

impl Values {
    fn maybe(&self, at: usize) -> Option<String> {
        match self.0.get(at) {
            Some(Some(Value::Text(text))) => Some(text.clone()),
            _ => None,
        }
    }

    /// A text that has to be there; the parser saw to it.
    fn text(&self, at: usize) -> String {
        self.maybe(at).unwrap_or_default()
    }

    fn files(&self, at: usize) -> (Vec<String>, Option<String>) {
        match self.0.get(at) {
            Some(Some(Value::Files(files, text))) => (files.clone(), text.clone()),
            _ => (Vec::new(), None),
        }
    }

    fn number(&self, at: usize) -> Option<u64> {
        match self.0.get(at) {
            Some(Some(Value::Number(number))) => Some(*number),
            _ => None,
        }
    }

    fn theme(&self, at: usize) -> ThemeName {
        match self.0.get(at) {
            Some(Some(Value::Theme(theme))) => *theme,
            _ => ThemeName::default(),
        }
    }

    fn notify(&self, at: usize) -> Notify {
        match self.0.get(at) {
            Some(Some(Value::Notify(notify))) => *notify,
            _ => Notify::default(),
        }
    }

    fn images(&self, at: usize) -> Images {
        match self.0.get(at) {
            Some(Some(Value::Images(images))) => *images,
            _ => Images::default(),
        }
    }

    fn setting(&self, at: usize) -> Option<CircleSetting> {
        match self.0.get(at) {
            Some(Some(Value::Setting(setting))) => Some(*setting),
            _ => None,
        }
    }

    fn message(&self, at: usize) -> Option<Seq> {
        self.number(at).map(Seq)
    }
}

/// Which part of help a command is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Group {
    Talking,
    Going,
    Reading,
    People,
    Private,
    Circles,
    Program,
}

impl Group {
    /// All of them, with their headings.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Talking, "Talking"),
        (Self::Going, "Going about"),
        (Self::Reading, "Reading"),
        (Self::People, "People"),
        (Self::Private, "Private sessions"),
        (Self::Circles, "Circles, streams and services"),
        (Self::Program, "The program"),
    ];
}

/// Where a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On the whole screen and line by line.
    Both,
    /// On the whole screen alone.
    Screen,
}

/// A command.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it is called, in small letters.
    pub name: &'static str,
    /// What it is called as well.
    pub aliases: &'static [&'static str],
    /// What it wants to be told.
    pub args: &'static [Arg],
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Where it is in help.
    pub group: Group,
    /// Where it is at all.
    pub mode: Mode,
    /// What is pressed for it, and where. Where it has to be told something, the key begins to
    /// write the command.
    pub keys: &'static [(Pane, &'static str)],
    make: fn(&Values) -> Action,
}

impl Entry {
    /// The action, for arguments that were checked against [`Entry::args`].
    #[must_use]
    pub fn action(&self, values: &Values) -> Action {
        (self.make)(values)
    }

    /// How it is written: its name and its arguments.
    #[must_use]
    pub fn usage(&self) -> String {
        let mut usage = self.name.to_owned();
        for arg in self.args {
            usage.push(' ');
            match arg.optional {
                true => usage.push_str(&format!("[{}]", arg.name)),
                false => usage.push_str(arg.name),
            }
        }
        usage
    }

    /// Whether it has to be told something.
    #[must_use]
    pub fn wants_more(&self) -> bool {
        self.args.iter().any(|arg| !arg.optional)
    }

    /// What is pressed for it, as shown in help.
    pub fn chords(&self) -> impl Iterator<Item = (Pane, Chord)> {
        self.keys.iter().filter_map(|(pane, text)| Some((*pane, Chord::parse(text)?)))
    }
}

/// The command of a name, in any case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Entry> {
    let is = |of: &str| of.eq_ignore_ascii_case(name);
    all(true).find(|entry| is(entry.name) || entry.aliases.iter().any(|alias| is(alias)))
}

/// A word of the program as it is shown on the whole screen, where commands begin with `/`: those that
/// stand between backticks without one get it.
#[must_use]
pub fn slashed(text: &str) -> String {
    let mut slashed = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at > 0 {
            slashed.push('`');
        }
        let is_command =
            at % 2 == 1 && part.split(' ').next().is_some_and(|word| find(word).is_some());
        if is_command {
            slashed.push('/');
        }
        slashed.push_str(part);
    }
    slashed
}

/// The command of a key, in a pane or anywhere; after the key for commands if `prefixed`.
#[must_use]
pub fn find_key(pane: Pane, prefixed: bool, key: Key) -> Option<&'static Entry> {
    let chord = Chord { prefixed, key };
    let has = |entry: &Entry, pane: Pane| entry.chords().any(|(of, is)| of == pane && is == chord);
    all(true)
        .find(|entry| has(entry, pane))
        .or_else(|| all(true).find(|entry| has(entry, Pane::Anywhere)))
}

/// The commands of a mode.
pub fn all(screen: bool) -> impl Iterator<Item = &'static Entry> {
    TABLE.iter().copied().flatten().filter(move |entry| screen || entry.mode == Mode::Both)
}

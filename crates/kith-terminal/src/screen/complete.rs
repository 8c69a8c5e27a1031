//! What a word that is begun may become: commands, users, streams, emoji, whatever an argument may
//! be. Derived from the table of commands.

mod files;

use crate::command::table::{self, Arg, Entry, Kind};
use crate::command::{CircleSetting, Notify};
use crate::images::Images;
use crate::model::{Model, Talk};
use crate::text::clean;
use crate::theme::ThemeName;

pub(super) use files::{Begun, Listing, list};

/// Choices that are offered, at most.
const CHOICES_MAX: usize = 50;
/// Letters of an emoji's name before it is looked for.
const EMOJI_MIN: usize = 2;

/// Something that a word may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// What is written in its place.
    pub(super) insert: String,
    /// What is shown of that.
    pub(super) shown: String,
    /// What is shown beside it.
    pub(super) about: String,
}

impl Choice {
    /// Whether it is a directory of this machine: no other choice ends like that.
    pub(super) fn is_directory(&self) -> bool {
        self.shown.ends_with('/')
    }
}

/// What a word may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// How many characters before the cursor it takes the place of.
    pub(super) chars: usize,
    /// The choices, the likeliest first.
    pub(super) choices: Vec<Choice>,
}

fn choice(insert: impl Into<String>, about: impl Into<String>) -> Choice {
    let (insert, about): (String, String) = (insert.into(), about.into());
    let insert = clean::line(&insert).into_owned();
    Choice { shown: insert.clone(), insert, about: clean::line(&about).into_owned() }
}

/// What the end of a text may become.
pub(super) fn complete(text: &str, model: &Model) -> Option<Completion> {
    let (word, choices) = match text.strip_prefix('/') {
        Some(command) if !text.starts_with("//") => match command.split_once(' ') {
            None => (text, commands(command, model)),
            Some((name, rest)) => argument(name, rest, model)?,
        },
        _ => {
            let word = last_word(text);
            (word, anywhere(word, model)?)
        }
    };
    let mut choices = choices;
    choices.truncate(CHOICES_MAX);
    (!choices.is_empty()).then(|| Completion { chars: word.chars().count(), choices })
}

fn last_word(text: &str) -> &str {
    text.rsplit(char::is_whitespace).next().unwrap_or_default()
}

fn begins(name: &str, word: &str) -> bool {
    name.to_lowercase().starts_with(&word.to_lowercase())
}

fn commands(word: &str, model: &Model) -> Vec<Choice> {
    let mut choices: Vec<Choice> = table::all(true)
        .filter(|entry| begins(entry.name, word))
        .map(|entry| choice(format!("/{} ", entry.name), entry.about))
        .collect();
    choices.sort_by(|one, other| one.insert.cmp(&other.insert));
    if let Some(view) = model.circle_here() {
        let slashes = view.slashes.iter().filter(|slash| begins(&slash.name, word));
        choices.extend(slashes.map(|slash| {
            choice(format!("/{} ", slash.name), format!("{} {}", slash.about, slash.hint))
        }));
    }
    choices
}

/// The file that is begun at the end of a text, if that is one.
pub(super) fn begun_file(text: &str) -> Option<Begun> {
    let (name, rest) = text.strip_prefix('/')?.split_once(' ')?;
    let (arg, written) = begun_argument(table::find(name)?, rest)?;
    Begun::read(arg.kind, written)
}

/// Which argument the end of what stands behind a command belongs to, and what is written of it.
fn begun_argument<'a>(entry: &Entry, rest: &'a str) -> Option<(&'static Arg, &'a str)> {
    let mut rest = rest.trim_start();
    let mut args = entry.args.iter().peekable();
    while let Some(arg) = args.next() {
        let (word, behind) = match rest.split_once(char::is_whitespace) {
            Some((word, behind)) => (word, Some(behind)),
            None => (rest, None),
        };
        // A number that may be left out was left out.
        let is_left_out = arg.optional
            && matches!(arg.kind, Kind::Message | Kind::Number)
            && args.peek().is_some()
            && word.strip_prefix('#').unwrap_or(word).parse::<u64>().is_err();
        match behind {
            _ if is_left_out => {}
            _ if arg.kind.takes_rest() => return Some((arg, rest)),
            None => return Some((arg, rest)),
            Some(behind) => rest = behind.trim_start(),
        }
    }
    None
}

/// The word of an argument that is begun, and what it may become.
fn argument<'a>(name: &str, rest: &'a str, model: &Model) -> Option<(&'a str, Vec<Choice>)> {
    let (arg, begun) = begun_argument(table::find(name)?, rest)?;
    let word = if arg.kind.takes_rest() { begun } else { last_word(begun) };
    let choices = match arg.kind {
        Kind::User => users(word.trim_start_matches('@'), "", model),
        Kind::Place => places(word, "", model),
        Kind::Theme => named(word, ThemeName::ALL.map(|(name, _)| name)),
        Kind::Notify => named(word, Notify::ALL.map(|(name, _)| name)),
        Kind::Images => named(word, Images::ALL.map(|(name, _)| name)),
        Kind::Direct => named(word, ["direct"]),
        Kind::Setting => named(word, CircleSetting::ALL.map(|(name, _)| name)),
        // What is said with files is a text like any.
        Kind::Files => {
            let word = last_word(begun);
            return Some((word, anywhere(word, model)?));
        }
        Kind::File | Kind::Directory => return None,
        Kind::Command => {
            let mut choices = commands(word, model);
            choices.iter_mut().for_each(|of| of.insert = of.insert[1..].to_owned());
            choices
        }
        Kind::Message | Kind::Number => return None,
        Kind::Emoji | Kind::Text | Kind::Name => {
            let word = last_word(begun);
            return Some((word, anywhere(word, model)?));
        }
    };
    Some((word, choices))
}

fn named<const N: usize>(word: &str, names: [&str; N]) -> Vec<Choice> {
    names.iter().filter(|name| begins(name, word)).map(|name| choice(*name, "")).collect()
}

/// What a word in any text may become.
fn anywhere(word: &str, model: &Model) -> Option<Vec<Choice>> {
    match word.chars().next()? {
        '@' => Some(users(&word[1..], "@", model)),
        '#' => Some(places(&word[1..], "#", model)),
        ':' if word.chars().count() > EMOJI_MIN => Some(emoji(&word[1..])),
        _ => None,
    }
}

fn users(word: &str, sign: &str, model: &Model) -> Vec<Choice> {
    // Those who wrote here last come first.
    let mut ids: Vec<_> = model
        .talk_here()
        .map(|talk| talk.confirmed().map(|message| message.author).collect::<Vec<_>>())
        .unwrap_or_default();
    ids.reverse();
    ids.extend(model.circle_here().into_iter().flat_map(|view| view.members.keys().copied()));
    let mut seen = std::collections::HashSet::new();
    let near = ids.into_iter().filter(|id| seen.insert(*id));
    let near: Vec<_> = near.filter_map(|id| model.people().get(id)).collect();
    let mut others: Vec<_> = model.people().all().filter(|user| !near.contains(user)).collect();
    others.sort_by(|one, other| one.name.cmp(&other.name));
    near.into_iter()
        .chain(others)
        .filter(|user| user.id != model.me().id)
        .filter(|user| begins(user.name.as_str(), word) || begins(user.display_name.as_str(), word))
        .map(|user| choice(format!("{sign}{} ", user.name), user.display_name.as_str()))
        .take(CHOICES_MAX)
        .collect()
}

fn places(word: &str, sign: &str, model: &Model) -> Vec<Choice> {
    let near = model.talk_here().and_then(Talk::circle);
    let mut found = Vec::new();
    for place in model.places() {
        let circle = model.talk(place).and_then(Talk::circle);
        let (short, full) = (model.short_name(place), model.full_name(place));
        if sign.is_empty() {
            if begins(&full, word) || begins(&short, word) {
                found.push(choice(full, ""));
            }
        } else if circle.is_some() && circle == near && begins(&short, word) {
            found.push(choice(format!("{sign}{short} "), full));
        }
    }
    found
}

fn emoji(word: &str) -> Vec<Choice> {
    let mut found: Vec<(&str, &emojis::Emoji)> = Vec::new();
    for emoji in emojis::iter() {
        found.extend(emoji.shortcodes().find(|code| begins(code, word)).map(|code| (code, emoji)));
    }
    found.sort_by_key(|(code, _)| (code.len(), *code));
    found
        .into_iter()
        .take(CHOICES_MAX)
        .map(|(code, emoji)| choice(format!("{} ", emoji.as_str()), format!(":{code}:")))
        .collect()
}

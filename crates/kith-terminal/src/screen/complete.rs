//! What a word that is begun may become: commands, users, streams, emoji, whatever an argument may
//! be. Derived from the table of commands.

use crate::command::Notify;
use crate::command::table::{self, Kind};
use crate::images::Images;
use crate::model::{Model, Talk};
use crate::text::clean;
use crate::theme::ThemeName;

/// Choices that are offered, at most.
const CHOICES_MAX: usize = 50;
/// Letters of an emoji's name before it is looked for.
const EMOJI_MIN: usize = 2;

/// Something that a word may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// What is written in its place.
    pub(super) insert: String,
    /// What is shown beside it.
    pub(super) about: String,
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
    Choice { insert: clean::line(&insert).into_owned(), about: clean::line(&about).into_owned() }
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

/// The word of an argument that is begun, and what it may become.
fn argument<'a>(name: &str, rest: &'a str, model: &Model) -> Option<(&'a str, Vec<Choice>)> {
    let entry = table::find(name)?;
    let words = rest.split(' ').count() - 1;
    let at = words.min(entry.args.len().checked_sub(1)?);
    let arg = &entry.args[at];
    let begun = rest.splitn(at + 1, ' ').nth(at)?;
    let optional = entry.args.first().is_some_and(|first| first.optional);
    let word = if arg.kind.takes_rest() { begun } else { last_word(rest) };
    let choices = match arg.kind {
        Kind::User => users(word.trim_start_matches('@'), "", model),
        Kind::Place => places(word, "", model),
        Kind::Theme => named(word, ThemeName::ALL.map(|(name, _)| name)),
        Kind::Notify => named(word, Notify::ALL.map(|(name, _)| name)),
        Kind::Images => named(word, Images::ALL.map(|(name, _)| name)),
        Kind::Direct => named(word, ["direct"]),
        Kind::File | Kind::Files => return None,
        Kind::Command => {
            let mut choices = commands(word, model);
            choices.iter_mut().for_each(|of| of.insert = of.insert[1..].to_owned());
            choices
        }
        // The number of a message that may be left out is mostly left out.
        Kind::Message | Kind::Number if !optional => return None,
        Kind::Emoji | Kind::Text | Kind::Name | Kind::Message | Kind::Number => {
            let word = last_word(rest);
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

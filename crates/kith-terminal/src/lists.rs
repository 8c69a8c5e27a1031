//! Messages and lists as lines of text.

use jiff::tz::TimeZone;
use kith_core::document::{Circle, Message};
use kith_core::id::{CircleId, UserId};
use kith_proto::frame::Status;
use kith_proto::query::Hit;

use crate::model::{Model, Place, PrivateLine};
use crate::text::{clean, when};

/// A line of a private session as lines, those after the first set in; each says with whom it is, and
/// whether that is known.
pub(crate) fn private(
    model: &Model,
    user: UserId,
    mark: &str,
    line: &PrivateLine,
    zone: &TimeZone,
) -> Vec<String> {
    let (clock, with) = (when::clock(line.at, zone), model.people().name(user));
    let by = line.by.map(|by| format!(" {}:", model.people().name(by))).unwrap_or_default();
    let text = clean::lines(&line.text).into_owned();
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let head = format!("{clock} [private {with}, {mark}]{by} {first}");
    std::iter::once(head).chain(lines.map(|line| format!("    {line}"))).collect()
}

/// A message as lines, those after the first set in, so that none passes for another message.
pub(crate) fn message(
    model: &Model,
    place: Place,
    message: &Message,
    zone: &TimeZone,
) -> Vec<String> {
    let mut head = when::clock(message.at, zone);
    if model.here().is_none_or(|here| here.stream != place.stream) {
        let main = Place { thread: None, ..place };
        head.push_str(&format!(" [{}]", model.full_name(main)));
    }
    head.push_str(&format!(" #{} {}", message.seq, model.people().name(message.author)));
    if let Some(to) = message.reply_to {
        let answered = model.talk(place).and_then(|talk| talk.message(to));
        let author = answered.map(|answered| model.people().name(answered.author));
        head.push_str(&format!(" to #{to}"));
        if let Some(author) = author {
            head.push_str(&format!(" of {author}"));
        }
    }
    if let Some(root) =
        message.thread.filter(|_| model.here().is_none_or(|here| here.thread.is_none()))
    {
        head.push_str(&format!(" in the thread of #{root}"));
    }
    if message.edited_at.is_some() {
        head.push_str(" (edited)");
    }
    let text = clean::lines(message.text.as_str()).into_owned();
    let mut lines = text.split('\n');
    let mut all = vec![format!("{head}: {}", lines.next().unwrap_or_default())];
    all.extend(lines.map(|line| format!("    {line}")));
    all.extend(message.files.iter().map(|file| format!("    {}", file.line())));
    if !message.reactions.is_empty() {
        let counts: Vec<String> = message
            .reactions
            .iter()
            .map(|(emoji, users)| format!("{emoji} {}", users.len()))
            .collect();
        all.push(format!("    {}", counts.join("  ")));
    }
    if message.replies > 0 {
        all.push(format!("    {} in its thread: `thread {}`", message.replies, message.seq));
    }
    all
}

/// Where a message is that was found.
pub(crate) fn place_of(model: &Model, hit: &Hit) -> String {
    let name = model.full_name(Place { stream: hit.stream, thread: None });
    match hit.message.thread {
        Some(root) => format!("{name}, thread of #{root}"),
        None => name,
    }
}

/// What was found from one hit on, each on a line with the number that opens it.
pub(crate) fn results(model: &Model, from: usize, zone: &TimeZone) -> Vec<String> {
    let Some(results) = model.results() else { return Vec::new() };
    let line = |(at, hit): (usize, &Hit)| {
        let (place, when) = (place_of(model, hit), when::full(hit.message.at, zone));
        let said: String = hit.snippet.iter().map(|piece| piece.text.as_str()).collect();
        let (seq, name) = (hit.message.seq, model.people().name(hit.message.author));
        format!("{}: {when} {place} #{seq} {name}: {said}", at + 1)
    };
    let mut lines: Vec<String> = results.hits().iter().enumerate().skip(from).map(line).collect();
    if results.hits().is_empty() {
        lines.push("nothing was found".to_owned());
    } else {
        lines.push("`result NUMBER` goes to one of them".to_owned());
    }
    if results.has_more() {
        lines.push("there are more: `search` without a text shows them".to_owned());
    }
    if results.is_behind() {
        lines.push("what was said last may be missing".to_owned());
    }
    lines
}

/// The members of a circle, one on each line, with who is there.
pub(crate) fn members(model: &Model, circle: CircleId) -> Vec<String> {
    let Some(view) = model.circle(circle) else { return Vec::new() };
    let mut lines: Vec<String> = view
        .members
        .values()
        .map(|member| {
            let name = model.people().name(member.user);
            let nickname = member.nickname.as_ref().map(|nick| format!(" ({nick})"));
            let status = match view.status(member.user) {
                Status::Online => ", here",
                Status::Idle => ", idle",
                Status::Away => ", away",
                Status::Offline => "",
            };
            format!("{name}{}{status}", nickname.unwrap_or_default())
        })
        .collect();
    lines.sort_by_key(|line| line.to_lowercase());
    let total = view.circle.members;
    if u64::try_from(lines.len()).is_ok_and(|shown| shown < total) {
        lines.push(format!("and more: {total} in all"));
    }
    lines
}

/// A circle: its name and id, what it is about, who may join it, and when its members are idle.
#[must_use]
pub fn circle(circle: &Circle) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", circle.name, circle.id)];
    lines.extend(circle.about.as_ref().map(ToString::to_string));
    let who = if circle.public { "anyone may join" } else { "who is invited may join" };
    lines.push(format!("{} members, {who}", circle.members));
    lines.push(match circle.idle_seconds {
        0 => "nobody is idle for doing nothing".to_owned(),
        seconds => format!("idle after {seconds} seconds without an action"),
    });
    lines
}

/// Users, one on each line.
pub(crate) fn users(model: &Model, users: &[UserId]) -> Vec<String> {
    if users.is_empty() {
        return vec!["nobody else".to_owned()];
    }
    let mut names: Vec<String> = users.iter().map(|user| model.people().name(*user)).collect();
    names.sort();
    names
}

//! What the user does.

use std::collections::BTreeSet;
use std::path::PathBuf;

use kith_client::messages::Entry;
use kith_core::command::Command;
use kith_core::id::{CircleId, Seq, UserId};
use kith_core::refusal::Refusal;
use kith_core::text::StreamName;
use kith_core::text::{CircleName, DisplayName, Emoji, Line, MessageText, OpId, ServiceName};
use kith_proto::frame::Status;
use kith_proto::query::Query;
use kith_proto::service::Call;
use serde_json::json;

use super::answer::Purpose;
use super::place::Meant;
use super::then::Then;
use super::{Ended, Model, Note, Place, Talk, Wish};
use crate::command::Action;
use crate::home::home;

/// Words that are said where there is no circle.
const NO_CIRCLE: &str = "you are in no circle here: go to one of its streams first";
const NOWHERE: &str = "you are nowhere: `go PLACE` goes somewhere";

impl Model {
    /// Does what the user wants. What only the whole screen has is not for the model.
    pub fn act(&mut self, action: Action) {
        if let Err(why) = self.try_act(action) {
            self.wrong(why);
        }
        self.ask_names();
    }

    fn try_act(&mut self, action: Action) -> Result<(), String> {
        match action {
            Action::Say { text } => {
                let here = self.here.ok_or(NOWHERE)?;
                self.post(here, &text, None);
            }
            Action::Message { user, text } => {
                parsed(MessageText::parse(&text))?;
                self.find_user(user, Then::Message(text));
            }
            Action::Broadcast { text } => {
                let circle = self.circle_id()?;
                let first = self.first_stream(circle).ok_or("the circle has no stream")?;
                self.post(first, &text, None);
            }
            Action::Reply { message, text } => {
                let (here, message) = self.message_or_last(message)?;
                self.post(here, &text, Some(message));
            }
            Action::Thread { message } => {
                let (here, seq) = self.message_or_last(message)?;
                let held = self.talks.get(&here).and_then(|talk| talk.message(seq));
                // The thread of a message in a thread is that thread.
                let root = held.and_then(|message| message.thread).unwrap_or(seq);
                self.go_to(Place { thread: Some(root), ..here });
            }
            Action::Edit { message, text } => self.edit(message, text)?,
            Action::Delete { message } => {
                let here = self.here.ok_or(NOWHERE)?;
                let message = self.message_of_mine(message)?;
                self.told("deleted", Command::Delete { stream: here.stream, message });
            }
            Action::React { message, emoji } => {
                let (here, message) = self.message_or_last(message)?;
                let emoji = parsed(Emoji::parse(&emoji))?;
                self.told("", Command::React { stream: here.stream, message, emoji });
            }
            Action::Unreact { message, emoji } => {
                let (here, message) = self.message_or_last(message)?;
                let emoji = parsed(Emoji::parse(&emoji))?;
                self.told("", Command::Unreact { stream: here.stream, message, emoji });
            }
            Action::Pin { message, pinned } => {
                let (here, message) = self.message_or_last(message)?;
                let what = if pinned { "pinned" } else { "pinned no longer" };
                self.told(what, Command::Pin { stream: here.stream, message, pinned });
            }
            Action::Pins => self.pins()?,
            Action::Attach { files, text } => {
                let paths: Vec<PathBuf> = files.iter().map(|file| home(file)).collect();
                self.attach(&paths, text.as_deref())?;
            }
            Action::Download { message, directory } => {
                self.download(message, directory.map(|directory| home(&directory)))?;
            }
            Action::Retry => self.again(true)?,
            Action::Discard => self.again(false)?,
            Action::Jump { message } => self.jump(message),
            Action::Find { text } => self.find(text),
            Action::Search { text } => self.search_all(text),
            Action::Open { number } => {
                let at = usize::try_from(number).unwrap_or(usize::MAX);
                // They are counted from 1; nothing is before the first.
                self.open_result(at.checked_sub(1).unwrap_or(usize::MAX));
            }
            Action::Latest => self.load_latest(),
            Action::Oldest => self.load_oldest(),
            Action::Older { .. } => self.load_older(),
            Action::Newer { .. } => self.load_newer(),
            Action::Read => {
                let here = self.here.ok_or(NOWHERE)?;
                self.read_all(here.stream);
            }
            Action::Go { .. }
            | Action::Next { .. }
            | Action::NextUnread
            | Action::Back
            | Action::Circles
            | Action::Streams
            | Action::Unread => self.go_about(action),
            Action::Join { to } => self.join(&to),
            Action::Leave => {
                let circle = self.circle_id()?;
                self.told("you left the circle", Command::Leave { circle });
            }
            Action::NewCircle { name } => {
                let name = parsed(CircleName::parse(&name))?;
                let command = Command::CreateCircle { name, public: false };
                self.change(Purpose::Opened { then: Then::Go }, command);
            }
            Action::NewStream { name } => {
                let (circle, name) = (self.circle_id()?, parsed(StreamName::parse(&name))?);
                let deny = std::collections::BTreeMap::new();
                let command = Command::CreateStream { circle, name, about: None, deny };
                self.change(Purpose::Opened { then: Then::Go }, command);
            }
            Action::Circle { setting, value } => self.circle_settings(setting, value.as_deref())?,
            Action::LeaveGroup => {
                let here = self.here.ok_or(NOWHERE)?;
                self.told("you left the group", Command::LeaveGroup { stream: here.stream });
            }
            Action::Invite { seconds } => {
                let circle = self.circle_id()?;
                let seconds = seconds.map(in_range).transpose()?;
                self.change(Purpose::Invite, Command::CreateInvite { circle, seconds, uses: None });
            }
            Action::Nick { name } => {
                let (circle, user) = (self.circle_id()?, self.me.id);
                let nickname = name.map(|name| parsed(DisplayName::parse(&name))).transpose()?;
                self.told("done", Command::SetNickname { circle, user, nickname });
            }
            Action::Services => {
                let circle = self.circle_id()?;
                let begin = String::new();
                let query = Query::Services { circle, begin, after: None, limit: Some(200) };
                self.ask(Purpose::Services, query);
            }
            Action::Call { name, text } => self.call(&name, &text)?,
            Action::Private(action) => self.act_privately(action)?,
            Action::Quit => self.notes.push_back(Note::Ended(Ended::Quit)),
            Action::LogOut => self.notes.push_back(Note::Ended(Ended::LogOut)),
            // Both modes show help in their own way.
            Action::Help { .. } | Action::Screen(_) => {}
            _ => self.with_people(action)?,
        }
        Ok(())
    }

    fn with_people(&mut self, action: Action) -> Result<(), String> {
        let reason =
            |reason: Option<String>| reason.map(|reason| parsed(Line::parse(&reason))).transpose();
        match action {
            Action::WhoElse => self.ask_who_else(None),
            Action::WhoElseSince { seconds } => self.ask_who_else(Some(seconds)),
            Action::Members => {
                let circle = self.circle_id()?;
                let query = Query::Members { circle, after: None, limit: Some(200) };
                self.ask(Purpose::Members { circle, told: true }, query);
            }
            Action::WhoIs { user } => self.find_user(user, Then::WhoIs),
            Action::Block { user } => self.find_user(user, Then::Block),
            Action::Unblock { user } => self.find_user(user, Then::Unblock),
            Action::Blocks => self.ask(Purpose::Blocks { found: None }, Query::Blocks {}),
            Action::Away => self.set_status(Status::Away),
            Action::Here => self.set_status(Status::Online),
            Action::Kick { user, reason: why } => {
                let then = Then::Kick(self.circle_id()?, reason(why)?);
                self.find_user(user, then);
            }
            Action::Ban { user, reason: why } => {
                let then = Then::Ban(self.circle_id()?, reason(why)?);
                self.find_user(user, then);
            }
            Action::Unban { user } => {
                let then = Then::Unban(self.circle_id()?);
                self.find_user(user, then);
            }
            Action::TimeOut { user, seconds, reason: why } => {
                let then = Then::TimeOut(self.circle_id()?, in_range(seconds)?, reason(why)?);
                self.find_user(user, then);
            }
            Action::NewGroup { users } => {
                let mut names = users
                    .split_whitespace()
                    .map(|name| name.strip_prefix('@').unwrap_or(name).to_owned());
                if let Some(first) = names.next() {
                    self.find_user(first, Then::Group(names.collect(), BTreeSet::new()));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn go_about(&mut self, action: Action) {
        match action {
            Action::Go { place } => self.go(&place),
            Action::Next { step } => {
                let places = self.places();
                let Some(count) = isize::try_from(places.len()).ok().filter(|n| *n > 0) else {
                    return;
                };
                let main = self.here.map(|here| Place { thread: None, ..here });
                let at = main.and_then(|here| places.iter().position(|place| *place == here));
                let at = at.and_then(|at| isize::try_from(at).ok()).unwrap_or(-1);
                let to = (at + step).rem_euclid(count);
                if let Some(place) = usize::try_from(to).ok().and_then(|to| places.get(to)) {
                    self.go_to(*place);
                }
            }
            Action::NextUnread => {
                // Of the present stream a thread may be left in which one was meant.
                let elsewhere = |talk: &&Talk| match self.here {
                    Some(here) if here.stream == talk.place().stream => {
                        here.thread.is_none() && talk.unread == 0
                    }
                    _ => true,
                };
                let unread = |talk: &&Talk| talk.unread + talk.mentions > 0;
                let best = self.talks().filter(unread).filter(elsewhere);
                match best.max_by_key(|talk| talk.for_me()) {
                    Some(talk) if talk.unread > 0 => self.go_to(talk.place()),
                    Some(talk) => {
                        let stream = talk.place().stream;
                        self.ask(Purpose::UnreadThread(stream), Query::Unread { stream });
                    }
                    None => self.say("nothing is unread elsewhere"),
                }
            }
            Action::Back => self.back(),
            Action::Circles => {
                let lines = self
                    .circles()
                    .map(|view| format!("{} ({} members)", view.circle.name, view.circle.members));
                let lines = lines.collect();
                self.notes.push_back(Note::Said(lines));
            }
            Action::Streams => {
                let here = self.talk_here().and_then(Talk::circle);
                let is_near = |place: &Place| {
                    let circle = self.talks.get(place).and_then(Talk::circle);
                    circle.is_none() || here.is_none() || circle == here
                };
                let lines = self.places().into_iter().filter(is_near);
                let lines = lines.map(|place| self.with_counts(place)).collect();
                self.notes.push_back(Note::Said(lines));
            }
            Action::Unread => {
                let unread = |place: &Place| {
                    self.talks.get(place).is_some_and(|talk| talk.unread + talk.mentions > 0)
                };
                let mut lines: Vec<String> = self
                    .places()
                    .into_iter()
                    .filter(unread)
                    .map(|place| self.with_counts(place))
                    .collect();
                if lines.is_empty() {
                    lines.push("nothing is unread".to_owned());
                }
                self.notes.push_back(Note::Said(lines));
            }
            _ => {}
        }
    }

    fn with_counts(&self, place: Place) -> String {
        let name = self.full_name(place);
        let (unread, mentions) =
            self.talks.get(&place).map_or((0, 0), |talk| (talk.unread, talk.mentions));
        match (unread, mentions) {
            (0, 0) => name,
            (unread, 0) => format!("{name}: {unread} unread"),
            (0, mentions) => format!("{name}: {mentions} for you in threads"),
            (unread, mentions) => format!("{name}: {unread} unread, {mentions} for you"),
        }
    }

    /// Goes to the place of a name.
    pub(super) fn go(&mut self, wanted: &str) {
        match self.find_place(wanted) {
            Meant::One(place) => self.go_to(place),
            Meant::User(name) => self.find_user(name, Then::Go),
            Meant::None(why) => self.wrong(why),
        }
    }

    pub(super) fn circle_id(&self) -> Result<CircleId, String> {
        self.talk_here().and_then(Talk::circle).ok_or_else(|| NO_CIRCLE.to_owned())
    }

    /// The message that is meant: that of the number, the selected one, or the last.
    fn message_or_last(&self, message: Option<Seq>) -> Result<(Place, Seq), String> {
        let here = self.here.ok_or(NOWHERE)?;
        let last = || self.talk_here()?.confirmed().last().map(|message| message.seq);
        let found = message.or(self.selected).or_else(last);
        Ok((here, found.ok_or("there is no message here")?))
    }

    fn message_of_mine(&self, message: Option<Seq>) -> Result<Seq, String> {
        let found = message.or(self.selected).or_else(|| self.my_last());
        found.ok_or_else(|| "there is no message of yours here".to_owned())
    }

    fn edit(&mut self, message: Option<Seq>, text: Option<String>) -> Result<(), String> {
        let here = self.here.ok_or(NOWHERE)?;
        let message = self.message_of_mine(message)?;
        match text {
            Some(text) => {
                let text = parsed(MessageText::parse(&text))?;
                self.told("", Command::Edit { stream: here.stream, message, text });
            }
            None => {
                let held = self.talks.get(&here).and_then(|talk| talk.message(message));
                let held = held.ok_or_else(|| format!("there is no message #{message} here"))?;
                if held.author != self.me.id {
                    return Err("only its author can edit a message".to_owned());
                }
                let text = held.text.to_string();
                self.notes.push_back(Note::Edit(message, text));
            }
        }
        Ok(())
    }

    fn pins(&mut self) -> Result<(), String> {
        let here = self.here.ok_or(NOWHERE)?;
        let talk = self.talks.get(&Self::stream_place(here.stream)).ok_or(NOWHERE)?;
        let pins = talk.stream().map(|stream| stream.pins.clone()).unwrap_or_default();
        let line = |seq: &Seq| match talk.message(*seq) {
            Some(message) => {
                let text = message.text.as_str().lines().next().unwrap_or_default();
                format!("#{seq} {}: {text}", self.people.name(message.author))
            }
            None => format!("#{seq}: `jump {seq}` shows it"),
        };
        let mut lines: Vec<String> = pins.iter().map(line).collect();
        if lines.is_empty() {
            lines.push("nothing is pinned here".to_owned());
        }
        self.notes.push_back(Note::Said(lines));
        Ok(())
    }

    /// Sends what was refused once more, or drops it.
    fn again(&mut self, retry: bool) -> Result<(), String> {
        let place = self.here.ok_or(NOWHERE)?;
        let talk = self.talks.get_mut(&place).ok_or(NOWHERE)?;
        let failed: Vec<OpId> = talk
            .entries()
            .filter_map(|entry| match entry {
                Entry::Failed(op, ..) => Some(op.clone()),
                Entry::Confirmed(_) | Entry::Sending(..) => None,
            })
            .collect();
        let has_files = self.again_up(retry);
        let Some(talk) = self.talks.get_mut(&place) else { return Ok(()) };
        if failed.is_empty() && !has_files {
            return Err("nothing was refused here".to_owned());
        }
        for op in failed {
            if !retry {
                talk.messages.discard(&op);
            } else if let Some(command) = talk.messages.retry(&op) {
                self.tickets += 1;
                self.purposes.insert(self.tickets, Purpose::Posted { place, op: op.clone() });
                self.wishes.push_back(Wish::Do(self.tickets, op, command));
            }
        }
        self.notes.push_back(Note::Paged);
        Ok(())
    }

    /// Makes a change and says a word when it is done.
    pub(super) fn told(&mut self, what: &str, command: Command) {
        self.change(Purpose::Told(what.to_owned()), command);
    }

    fn call(&mut self, name: &str, text: &str) -> Result<(), String> {
        let circle = self.circle_id()?;
        let name = parsed(ServiceName::parse(&format!("chat/{name}")))?;
        let mut call = Call::new(circle, name, json!({ "text": text }));
        call.stream = self.here.map(|here| here.stream);
        let ticket = self.ticket(Purpose::Called);
        self.wishes.push_back(Wish::Call(ticket, Box::new(call)));
        Ok(())
    }

    fn join(&mut self, to: &str) {
        let to_end = to.trim_end_matches('/');
        let found = to_end.rsplit_once("/invite/").or_else(|| to_end.rsplit_once("/join/"));
        let code = found.map(|(_, code)| code);
        let known = self.circles().any(|view| view.circle.name.as_str().eq_ignore_ascii_case(to));
        match code {
            Some(code) => {
                let command = Command::AcceptInvite { code: code.to_owned() };
                self.change(Purpose::Opened { then: Then::Go }, command);
            }
            None if known => self.go(to),
            None => {
                let purpose = Purpose::PublicCircles { name: to.to_owned() };
                self.ask(purpose, Query::PublicCircles { after: None });
            }
        }
    }

    fn ask_who_else(&mut self, since: Option<u64>) {
        let circles = match self.talk_here().and_then(Talk::circle) {
            Some(circle) => vec![circle],
            None => self.circles.keys().copied().collect(),
        };
        self.who_else(circles, since, Vec::new());
    }

    /// Asks for the user of a name.
    pub(super) fn find_user(&mut self, name: String, then: Then) {
        let query = match name.parse::<UserId>() {
            Ok(user) => Query::Users { users: vec![user] },
            Err(_) => Query::UserByName { name: name.clone() },
        };
        self.ask(Purpose::User { name, then }, query);
    }
}

pub(super) fn parsed<T>(result: Result<T, Refusal>) -> Result<T, String> {
    result.map_err(|refusal| refusal.to_string())
}

fn in_range(seconds: u64) -> Result<u32, String> {
    u32::try_from(seconds).map_err(|_| format!("{seconds} seconds are too many"))
}

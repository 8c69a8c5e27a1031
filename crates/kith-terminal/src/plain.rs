//! `kith chat --plain`: prints lines and reads commands, for pipes, screen readers and small
//! terminals.

mod input;

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use jiff::tz::TimeZone;
use kith_client::Events;
use kith_core::document::Message;
use kith_core::id::Seq;

use crate::carry::Carrier;
use crate::clock;
use crate::command::parse::{Style, parse};
use crate::command::{Action, help, table};
use crate::lists;
use crate::model::{Came, Ended, Link, Model, Note, Place, Results, Talk};
use crate::text::{clean, when};

pub(crate) use input::Input;

/// Messages that are printed when one comes to a place.
const FIRST: usize = 10;
/// Messages that `older` prints unless it is told how many.
const MORE: usize = 20;
/// The most that it prints.
const MORE_MAX: u64 = 1000;
/// Notes that wait for a name at most; beyond, they are printed with an id.
const WAITING_MAX: usize = 500;
/// So many changes may wait for their answers before no more commands are read.
const QUEUED_MAX: usize = 100;
const TICK: Duration = Duration::from_secs(1);

/// Runs until the end of the input or until the user ends it.
///
/// # Errors
/// What is wrong with the output; that nobody reads it any more is none.
pub(crate) async fn run(
    mut carrier: Carrier,
    mut events: Events,
    model: Model,
    mut input: Input,
    output: impl Write,
    zone: TimeZone,
) -> std::io::Result<Ended> {
    let mut plain = Plain::new(model, output, zone);
    let mut ticks = tokio::time::interval(TICK);
    let mut open = true;
    loop {
        carrier.take_from(&mut plain.model);
        if let Some(ended) = plain.print()? {
            return Ok(ended);
        }
        carrier.take_from(&mut plain.model);
        if !open && plain.is_done() {
            return Ok(Ended::Quit);
        }
        // A script's next command finds what the one before it asked for.
        let listens = open && plain.is_settled();
        tokio::select! {
            update = events.next() => match update {
                Some(update) => plain.model.handle(Came::Update(update), clock::now()),
                None => return Ok(Ended::Quit),
            },
            Some(came) = carrier.next() => plain.model.handle(came, clock::now()),
            line = input.next(), if listens => match line {
                Some(Ok(line)) => plain.line(&line)?,
                Some(Err(why)) => plain.put(&format!("error: {why}"))?,
                None => open = false,
            },
            _ = ticks.tick() => {
                plain.model.tick(clock::now());
            }
        }
    }
}

struct Plain<W> {
    model: Model,
    output: W,
    zone: TimeZone,
    /// What is to be printed once the names in it are known.
    waiting: VecDeque<Note>,
    /// Of the present place: the first and the last message that were printed.
    printed: Option<(Place, Seq, Seq)>,
    /// How many older messages are to be printed once they are there.
    owed: usize,
    /// The present place was not printed yet.
    moved: bool,
    /// The message for which one came there.
    found: Option<Message>,
    day: Option<kith_core::id::Timestamp>,
}

impl<W: Write> Plain<W> {
    fn new(model: Model, output: W, zone: TimeZone) -> Self {
        let (waiting, printed) = (VecDeque::new(), None);
        Self {
            model,
            output,
            zone,
            waiting,
            printed,
            owed: 0,
            moved: false,
            found: None,
            day: None,
        }
    }

    /// Prints a line of anybody's text.
    fn put(&mut self, text: &str) -> std::io::Result<()> {
        writeln!(self.output, "{}", clean::line(text))?;
        self.output.flush()
    }

    /// A command was typed.
    fn line(&mut self, line: &str) -> std::io::Result<()> {
        self.model.is_active(clock::now());
        let slashes = self.model.circle_here().map(|view| view.slashes.as_slice());
        let names: Vec<String> =
            slashes.unwrap_or_default().iter().map(|slash| slash.name.clone()).collect();
        match parse(line, Style::Plain, &names) {
            Ok(Some(action)) => self.act(action),
            Ok(None) => Ok(()),
            Err(wrong) => self.put(&format!("error: {wrong}")),
        }
    }

    fn act(&mut self, action: Action) -> std::io::Result<()> {
        match action {
            Action::Help { command: None } => {
                for line in help::all(false) {
                    self.put(&line)?;
                }
            }
            Action::Help { command: Some(name) } => match table::find(&name) {
                Some(entry) => {
                    for line in help::one(entry, false) {
                        self.put(&line)?;
                    }
                }
                None => self.put(&format!("error: there is no command `{name}`"))?,
            },
            Action::Older { count } => {
                let count = count
                    .map_or(MORE, |count| usize::try_from(count.min(MORE_MAX)).unwrap_or(MORE));
                self.owed = count;
            }
            // What comes is printed as it comes.
            Action::Newer { .. } | Action::Latest => self.put("these are the latest messages")?,
            Action::Oldest => self.put("error: `older COUNT` goes back, and `jump MESSAGE`")?,
            Action::Search { text: None }
                if self.model.results().is_some_and(Results::has_more) =>
            {
                self.model.more_results();
            }
            Action::Edit { text: None, .. } => self.put("error: `edit` needs TEXT, a text")?,
            action => {
                let finds = matches!(
                    action,
                    Action::Find { .. } | Action::Jump { .. } | Action::Open { .. }
                );
                self.model.act(action);
                // What was found is what the next command is about, and no later one.
                if !finds {
                    self.model.select(None);
                }
            }
        }
        Ok(())
    }

    /// Whether what was asked for is there, so that the next command can be about it.
    fn is_settled(&self) -> bool {
        let loading = self.model.talk_here().is_some_and(Talk::is_loading);
        let connected = *self.model.link() == Link::Up;
        // Without a connection commands are taken all the same: what they send waits.
        self.model.is_ready()
            && self.model.queued() < QUEUED_MAX
            && (!connected
                || (!loading && !self.moved && self.owed == 0 && !self.model.is_asking()))
    }

    /// Whether nothing is left to be done after the end of the input.
    fn is_done(&self) -> bool {
        self.model.is_ready() && self.model.is_idle() && self.waiting.is_empty() && !self.moved
    }

    /// Prints what there is to print.
    fn print(&mut self) -> std::io::Result<Option<Ended>> {
        while let Some(note) = self.model.next_note() {
            self.waiting.push_back(note);
        }
        while let Some(note) = self.waiting.front() {
            if !self.names_are_known(note) && self.waiting.len() < WAITING_MAX {
                break;
            }
            if let Some(note) = self.waiting.pop_front()
                && let Some(ended) = self.note(note)?
            {
                return Ok(Some(ended));
            }
        }
        self.arrive()?;
        self.print_older()?;
        Ok(None)
    }

    fn names_are_known(&self, note: &Note) -> bool {
        let people = self.model.people();
        match note {
            Note::Posted { place, seq, .. } => {
                self.message(*place, *seq).is_none_or(|message| people.is_settled(message.author))
            }
            Note::Changed { by, .. } => by.is_none_or(|by| people.is_settled(by)),
            Note::Private { user, .. } => people.is_settled(*user),
            Note::Users(users) => users.iter().all(|user| people.is_settled(*user)),
            Note::Members(circle) => self
                .model
                .circle(*circle)
                .is_none_or(|view| view.members.keys().all(|user| people.is_settled(*user))),
            _ => true,
        }
    }

    fn message(&self, place: Place, seq: Seq) -> Option<&Message> {
        let main = Place { thread: None, ..place };
        [place, main].into_iter().find_map(|place| self.model.talk(place)?.message(seq))
    }

    fn note(&mut self, note: Note) -> std::io::Result<Option<Ended>> {
        match note {
            Note::Said(lines) => {
                for line in lines.iter().filter(|line| !line.is_empty()) {
                    self.put(line)?;
                }
            }
            Note::Wrong(why) => self.put(&format!("error: {why}"))?,
            Note::Sent(name) => self.put(&format!("on its way to {name}"))?,
            Note::Users(users) => {
                for line in lists::users(&self.model, &users) {
                    self.put(&line)?;
                }
            }
            Note::Members(circle) => {
                for line in lists::members(&self.model, circle) {
                    self.put(&line)?;
                }
            }
            Note::Posted { place, seq, for_me } => self.posted(place, seq, for_me)?,
            Note::Changed { place, by, what } => {
                if self.model.here().is_some_and(|here| here.stream == place.stream) {
                    let name = by.map(|by| self.model.people().name(by)).unwrap_or_default();
                    let clock = when::clock(self.model.now(), &self.zone);
                    self.put(&format!("{clock} {name} {what}"))?;
                }
            }
            Note::Private { user, mark, line } => {
                for line in lists::private(&self.model, user, mark, &line, &self.zone) {
                    self.put(&line)?;
                }
            }
            Note::Moved => self.moved = true,
            Note::Found(seq) => {
                if let Some(here) = self.model.here()
                    && let Some(message) = self.message(here, seq).cloned()
                {
                    match self.moved {
                        true => self.found = Some(message),
                        false => self.put_message(here, &message)?,
                    }
                }
                self.model.load_latest();
                self.model.set_at_end(true);
                self.model.see();
            }
            Note::Progress { name, percent } => self.put(&format!("{name}: {percent} %"))?,
            Note::Results { from } => {
                for line in lists::results(&self.model, from, &self.zone) {
                    self.put(&line)?;
                }
            }
            Note::Paged | Note::First(_) | Note::Edit(..) | Note::Privately(_) => {}
            Note::Link => match self.model.link().clone() {
                Link::Up => self.put("connected again")?,
                Link::Down { why, .. } => {
                    self.put(&format!("not connected: {why}; what you send waits"))?;
                }
            },
            // A script would go on elsewhere.
            Note::Nowhere(why) => return Ok(Some(Ended::Nowhere(why))),
            Note::Ended(ended) => return Ok(Some(ended)),
        }
        Ok(None)
    }

    fn posted(&mut self, place: Place, seq: Seq, for_me: bool) -> std::io::Result<()> {
        let here = self.model.here();
        let is_here = here.is_some_and(|here| {
            here.stream == place.stream && (here.thread.is_none() || here.thread == place.thread)
        });
        if !is_here && !for_me {
            return Ok(());
        }
        // What was printed with the place is not printed again.
        if let Some((of, _, last)) = self.printed
            && Some(of) == here
            && is_here
            && seq <= last
        {
            return Ok(());
        }
        if is_here && (self.moved || self.model.talk_here().is_some_and(Talk::has_newer)) {
            return Ok(());
        }
        let Some(message) = self.message(place, seq).cloned() else { return Ok(()) };
        self.put_message(place, &message)?;
        if is_here {
            if let Some((_, _, last)) = &mut self.printed {
                *last = seq;
            }
            self.model.see();
        }
        Ok(())
    }

    fn put_message(&mut self, place: Place, message: &Message) -> std::io::Result<()> {
        if self.day.is_some_and(|day| when::is_new_day(day, message.at, &self.zone)) {
            let day = when::day(message.at, &self.zone);
            self.put(&format!("--- {day}"))?;
        }
        self.day = Some(message.at);
        for line in lists::message(&self.model, place, message, &self.zone) {
            self.put(&line)?;
        }
        Ok(())
    }

    /// Prints the place to which one came, once its messages are there.
    fn arrive(&mut self) -> std::io::Result<()> {
        if !self.moved {
            return Ok(());
        }
        let Some(talk) = self.model.talk_here() else {
            self.moved = false;
            return Ok(());
        };
        let (here, people) = (talk.place(), self.model.people());
        let known = talk.confirmed().all(|message| people.is_settled(message.author));
        let waits = talk.is_loading() || talk.has_newer() || !known;
        if waits && *self.model.link() == Link::Up {
            return Ok(());
        }
        self.moved = false;
        let again = self.printed.is_some_and(|(of, ..)| of == here);
        let after = self.printed.filter(|(of, ..)| *of == here).map(|(_, _, last)| last);
        let messages: Vec<Message> = talk
            .confirmed()
            .filter(|message| after.is_none_or(|after| message.seq > after))
            .cloned()
            .collect();
        let unread = talk.unread();
        if !again {
            let name = self.model.full_name(here);
            let count = if unread > 0 { format!(", {unread} unread") } else { String::new() };
            self.put(&format!("--- {name}{count}"))?;
            self.day = None;
        }
        let found = self.found.take();
        let some = match (again, &found) {
            (true, _) => 0,
            (false, Some(_)) => messages.len(),
            (false, None) => messages.len().saturating_sub(FIRST),
        };
        let first = found.as_ref().or(messages.get(some)).map(|message| message.seq);
        for message in messages[some..].iter().chain(&found) {
            self.put_message(here, message)?;
        }
        let last = messages.last().map(|message| message.seq);
        let (old_first, old_last) = match self.printed {
            Some((of, first, last)) if of == here => (Some(first), Some(last)),
            _ => (None, None),
        };
        let last = last.or(old_last).unwrap_or_default();
        self.printed = Some((here, old_first.or(first).unwrap_or(last.next()), last));
        self.model.see();
        Ok(())
    }

    /// Prints older messages that were asked for, once they are there.
    fn print_older(&mut self) -> std::io::Result<()> {
        let (true, Some((here, first, last))) = (self.owed > 0, self.printed) else {
            return Ok(());
        };
        let Some(talk) = self.model.talk(here).filter(|_| self.model.here() == Some(here)) else {
            self.owed = 0;
            return Ok(());
        };
        let older: Vec<&Message> = talk.confirmed().filter(|message| message.seq < first).collect();
        let people = self.model.people();
        if talk.is_loading() || !older.iter().all(|message| people.is_settled(message.author)) {
            return Ok(());
        }
        if older.len() < self.owed && talk.has_older() {
            self.model.load_older();
            return Ok(());
        }
        let from = older.len().saturating_sub(self.owed);
        let some: Vec<Message> = older[from..].iter().copied().cloned().collect();
        self.owed = 0;
        if some.is_empty() {
            return self.put("there are no older messages");
        }
        self.day = None;
        for message in &some {
            self.put_message(here, message)?;
        }
        self.put("--- end of the older messages")?;
        self.day = None;
        let first = some.first().map_or(first, |message| message.seq);
        self.printed = Some((here, first, last));
        // What was loaded to look back is not kept at the price of the newest.
        self.model.load_latest();
        Ok(())
    }
}

//! The list of messages of one stream as a program shows it: what the server ordered, then what is
//! still on its way, then what failed and waits for a decision. Pure; fed with updates and results.
//!
//! Answers and events of the same operation may come in either order, twice, or only one of them:
//! a message is never shown twice for it once both the list's place in the feed and the answer are
//! known, and never lost.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use kith_core::command::{Command, Outcome};
use kith_core::document::{Doc, Key, Message, Stream};
use kith_core::event::{Body, Event};
use kith_core::id::{FeedId, FileId, Seq, StreamId, TopicId};
use kith_core::reduce::reduce;
use kith_core::text::{MessageText, OpId};
use kith_proto::error::Problem;

/// Changes of messages that are not held, remembered for pages that were asked for before them.
const MISSED_MAX: usize = 256;

/// A message as its writer made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// What it says.
    pub text: MessageText,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// The message in whose thread it goes.
    pub thread: Option<Seq>,
    /// A topic of the same circle that is shown live in it.
    pub topic: Option<TopicId>,
    /// One's own files that go with it.
    pub files: Vec<FileId>,
}

/// A line of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entry<'a> {
    /// The server has it; in the order of its numbers.
    Confirmed(&'a Message),
    /// On its way; in the order of sending, after all that is confirmed.
    Sending(&'a OpId, &'a Draft),
    /// Refused; [`Messages::retry`] or [`Messages::discard`] it.
    Failed(&'a OpId, &'a Draft, &'a Problem),
}

#[derive(Clone, Debug)]
struct Own {
    op: OpId,
    draft: Draft,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Sending,
    /// The server has it under this number, and the list has not come so far.
    Placed(Seq),
    Failed(Problem),
}

/// The newest messages are not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    /// Newer ones than this are not.
    after: Seq,
    /// The newest that came since newer ones were last asked for, and was let go.
    let_go: Option<Seq>,
}

/// The messages of one stream, or of one of its threads. It holds what it was given;
/// [`Messages::trim`] and [`Messages::trim_newest`] bound it.
///
/// What it holds is one part of the stream: the newest messages, or those that were asked for
/// ([`Messages::show`]); in the latter case it is *cut*, and newer ones come by
/// [`Messages::newer_page`].
#[derive(Clone, Debug)]
pub struct Messages {
    stream: StreamId,
    /// Only this thread and the message that it is of.
    thread: Option<Seq>,
    cut: Option<Cut>,
    seq: Seq,
    docs: BTreeMap<Key, Doc>,
    own: Vec<Own>,
    missed: VecDeque<Event>,
}

impl Messages {
    /// An empty list, to be filled by a snapshot, or by events from the first on.
    #[must_use]
    pub fn new(stream: StreamId) -> Self {
        let (docs, own, missed) = (BTreeMap::new(), Vec::new(), VecDeque::new());
        Self { stream, thread: None, cut: None, seq: Seq(0), docs, own, missed }
    }

    /// An empty list of one thread, as of the event `seq`: of what it is given it keeps the thread
    /// and the message that it is of.
    #[must_use]
    pub fn of_thread(stream: StreamId, root: Seq, seq: Seq) -> Self {
        Self { thread: Some(root), seq, ..Self::new(stream) }
    }

    /// Which stream it is of.
    #[must_use]
    pub fn stream_id(&self) -> StreamId {
        self.stream
    }

    /// The last event that is in the list.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The stream itself, once it is known.
    #[must_use]
    pub fn stream(&self) -> Option<&Stream> {
        match self.docs.get(&Key::Stream(self.stream)) {
            Some(Doc::Stream(stream)) => Some(stream),
            _ => None,
        }
    }

    /// The lines to show: of the stream itself, or of one of its threads.
    pub fn entries(&self, thread: Option<Seq>) -> impl Iterator<Item = Entry<'_>> {
        let confirmed = self.confirmed().filter(move |message| message.thread == thread);
        let own = self.own.iter().filter(move |own| own.draft.thread == thread);
        confirmed.map(Entry::Confirmed).chain(own.map(|own| match &own.state {
            State::Sending | State::Placed(_) => Entry::Sending(&own.op, &own.draft),
            State::Failed(problem) => Entry::Failed(&own.op, &own.draft, problem),
        }))
    }

    /// A message that is held.
    #[must_use]
    pub fn message(&self, seq: Seq) -> Option<&Message> {
        match self.docs.get(&Key::Message(self.stream, seq)) {
            Some(Doc::Message(message)) => Some(message),
            _ => None,
        }
    }

    /// Whether newer messages are there that are not held.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut.is_some()
    }

    /// How many messages of one's own have no answer yet.
    #[must_use]
    pub fn sending(&self) -> usize {
        self.own.iter().filter(|own| own.state == State::Sending).count()
    }

    fn confirmed(&self) -> impl DoubleEndedIterator<Item = &Message> {
        let (first, last) =
            (Key::Message(self.stream, Seq(0)), Key::Message(self.stream, Seq(u64::MAX)));
        self.docs.range(first..=last).filter_map(|(_, doc)| match doc {
            Doc::Message(message) => Some(message.as_ref()),
            _ => None,
        })
    }

    /// A snapshot takes the place of everything that was confirmed.
    pub fn snapshot(&mut self, seq: Seq, stream: Stream, messages: Vec<Message>) {
        self.docs.clear();
        self.missed.clear();
        self.cut = None;
        self.docs.insert(Key::Stream(self.stream), Doc::Stream(Arc::new(stream)));
        for message in messages {
            self.hold(message);
        }
        self.seq = seq;
        self.settle_placed();
    }

    /// The next event of the stream. Those that are in the list already change nothing.
    pub fn event(&mut self, event: &Event) {
        if event.feed != FeedId::Stream(self.stream) || event.seq <= self.seq {
            return;
        }
        self.note_missed(event);
        self.seq = event.seq;
        // What it was called is still to be told.
        if matches!(event.body, Body::StreamRemoved {}) {
            return;
        }
        let Ok(()) = reduce(&mut self.docs, event);
        if let Body::Posted { thread, .. } = &event.body {
            self.came(event.seq, *thread);
        }
        if let Some(op) = &event.op
            && matches!(event.body, Body::Posted { .. })
        {
            self.own.retain(|own| own.op != *op);
        }
        self.settle_placed();
    }

    /// A message was posted: where it does not belong to what is held, it is let go again.
    fn came(&mut self, seq: Seq, thread: Option<Seq>) {
        let is_of_list = self.thread == thread;
        if let Some(cut) = &mut self.cut
            && is_of_list
        {
            cut.let_go = Some(seq);
        }
        if self.cut.is_some() || self.thread.is_some() && !is_of_list {
            self.docs.remove(&Key::Message(self.stream, seq));
        }
    }

    /// The next event is of somebody whom the user blocks.
    pub fn hidden(&mut self, seq: Seq) {
        self.seq = self.seq.max(seq);
        self.settle_placed();
    }

    /// Older or newer messages, as the server answered a question for them, in any order.
    pub fn page(&mut self, messages: Vec<Message>) {
        let mut came = Vec::new();
        for message in messages {
            // What is held has seen every event up to here; and what is not yet here will come.
            if message.seq <= self.seq
                && !self.docs.contains_key(&Key::Message(self.stream, message.seq))
            {
                came.push(message.seq);
                self.hold(message);
            }
        }
        // Changes that overtook the answer are made once more: making one twice changes nothing.
        let missed = std::mem::take(&mut self.missed);
        for event in &missed {
            if changed(event).is_some_and(|message| came.contains(&message)) {
                let Ok(()) = reduce(&mut self.docs, event);
            }
        }
        self.missed = missed;
    }

    /// Shows another part of the stream: these messages, behind which it is cut.
    pub fn show(&mut self, messages: Vec<Message>) {
        let stream = self.stream;
        self.docs.retain(|key, _| !matches!(key, Key::Message(of, _) if *of == stream));
        self.cut = Some(Cut { after: Seq(0), let_go: self.cut.and_then(|cut| cut.let_go) });
        self.newer_page(messages, true);
    }

    /// After which message the next ones are to be asked for; `None` when the newest are held. To be
    /// called when that is done, also before the newest are asked for to be shown.
    pub fn ask_newer(&mut self) -> Option<Seq> {
        let cut = self.cut.as_mut()?;
        cut.let_go = None;
        Some(cut.after)
    }

    /// What the server answered to the question for newer messages, and whether there are more. The
    /// list is cut no longer when it has all that is known to be there.
    pub fn newer_page(&mut self, messages: Vec<Message>, more: bool) {
        let Some(cut) = self.cut else { return self.page(messages) };
        let come = messages.iter().map(|message| message.seq).filter(|seq| *seq <= self.seq);
        let after = come.max().unwrap_or_default().max(cut.after);
        self.page(messages);
        // What was posted since the server answered was let go, and is asked for once more.
        let overtaken = cut.let_go.is_some_and(|seq| seq > after);
        self.cut = (more || overtaken).then_some(Cut { after, ..cut });
    }

    /// Keeps the oldest `max` confirmed messages of those that are held: behind them the list is cut.
    pub fn trim_newest(&mut self, max: usize) {
        let Some(first) = self.confirmed().nth(max).map(|message| message.seq) else { return };
        let kept = self.confirmed().take(max).last().map(|message| message.seq);
        let stream = self.stream;
        self.docs.retain(
            |key, _| !matches!(key, Key::Message(of, seq) if *of == stream && *seq >= first),
        );
        let let_go = self.cut.and_then(|cut| cut.let_go);
        self.cut = Some(Cut { after: kept.unwrap_or_default(), let_go });
    }

    fn hold(&mut self, message: Message) {
        let key = Key::Message(self.stream, message.seq);
        self.docs.insert(key, Doc::Message(Arc::new(message)));
    }

    fn note_missed(&mut self, event: &Event) {
        let Some(message) = changed(event) else { return };
        let deleted = matches!(event.body, Body::Deleted { .. });
        if deleted || !self.docs.contains_key(&Key::Message(self.stream, message)) {
            if self.missed.len() >= MISSED_MAX {
                self.missed.pop_front();
            }
            self.missed.push_back(event.clone());
        }
    }

    /// Keeps the newest `max` confirmed messages; older ones can be asked for again.
    pub fn trim(&mut self, max: usize) {
        let old = self.confirmed().rev().nth(max).map(|message| message.seq);
        if let Some(newest) = old {
            let stream = self.stream;
            self.docs.retain(
                |key, _| !matches!(key, Key::Message(of, seq) if *of == stream && *seq <= newest),
            );
        }
    }

    /// Shows `draft` as on its way and tells the command to send under the same name.
    pub fn send(&mut self, op: OpId, draft: Draft) -> Command {
        let command = self.post(&draft);
        self.own.push(Own { op, draft, state: State::Sending });
        command
    }

    /// The server did it. The line stays until the list has come as far as the message.
    pub fn done(&mut self, op: &OpId, outcome: &Outcome) {
        let feed = FeedId::Stream(self.stream);
        let place = outcome.events.iter().find(|place| place.feed == feed).map(|place| place.seq);
        let Some(at) = self.own.iter().position(|own| own.op == *op) else { return };
        match place {
            Some(seq) => self.own[at].state = State::Placed(seq),
            // It went where this user may not look any longer.
            None => drop(self.own.remove(at)),
        }
        self.settle_placed();
    }

    /// The server definitely did not do it.
    pub fn failed(&mut self, op: &OpId, problem: Problem) {
        if let Some(own) = self.own.iter_mut().find(|own| own.op == *op)
            && own.state == State::Sending
        {
            own.state = State::Failed(problem);
        }
    }

    /// A line that failed is on its way again, now the last: the command to send, under the same
    /// name. `None` if there is no such line.
    pub fn retry(&mut self, op: &OpId) -> Option<Command> {
        let own = self.take_failed(op)?;
        Some(self.send(own.op, own.draft))
    }

    /// Takes a line that failed away; what it said comes back. `None` if there is no such line.
    pub fn discard(&mut self, op: &OpId) -> Option<Draft> {
        self.take_failed(op).map(|own| own.draft)
    }

    fn take_failed(&mut self, op: &OpId) -> Option<Own> {
        let is_it = |own: &Own| own.op == *op && matches!(own.state, State::Failed(_));
        self.own.iter().position(is_it).map(|at| self.own.remove(at))
    }

    fn post(&self, draft: &Draft) -> Command {
        let Draft { text, reply_to, thread, topic, files } = draft.clone();
        Command::Post { stream: self.stream, text, reply_to, thread, topic, files }
    }

    fn settle_placed(&mut self) {
        let seq = self.seq;
        self.own.retain(|own| !matches!(own.state, State::Placed(at) if at <= seq));
    }
}

/// Which message an event changes that was posted before.
fn changed(event: &Event) -> Option<Seq> {
    match &event.body {
        Body::Edited { message, .. }
        | Body::Deleted { message, .. }
        | Body::Reacted { message, .. }
        | Body::Unreacted { message, .. } => Some(*message),
        _ => None,
    }
}

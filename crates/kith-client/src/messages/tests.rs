//! Whatever the order of answers, events and reconnections: nothing doubled, nothing lost.

use std::collections::BTreeSet;

use kith_core::command::Place;
use kith_core::document::Home;
use kith_core::id::{CircleId, Timestamp, UserId};
use proptest::prelude::*;

use super::*;

fn tea() -> StreamId {
    StreamId::new(Timestamp(1), 1)
}

fn ana() -> UserId {
    UserId::new(Timestamp(1), 2)
}

fn op(n: usize) -> OpId {
    OpId::parse(&format!("op-{n}")).unwrap()
}

fn draft(text: &str) -> Draft {
    Draft {
        text: MessageText::parse(text).unwrap(),
        reply_to: None,
        thread: None,
        topic: None,
        files: Vec::new(),
    }
}

fn event(seq: u64, op: Option<OpId>, body: Body) -> Event {
    let feed = FeedId::Stream(tea());
    Event { feed, seq: Seq(seq), at: Timestamp(seq), by: Some(ana()), op, body }
}

fn posted(seq: u64, op: Option<OpId>, text: &str) -> Event {
    let text = MessageText::parse(text).unwrap();
    let mentions = kith_core::document::Mentions::default();
    event(
        seq,
        op,
        Body::Posted {
            text,
            reply_to: None,
            thread: None,
            topic: None,
            files: Vec::new(),
            mentions,
        },
    )
}

fn outcome(seq: u64) -> Outcome {
    let feed = FeedId::Stream(tea());
    Outcome { events: vec![Place { feed, seq: Seq(seq) }], ..Outcome::default() }
}

fn stream() -> Stream {
    Stream {
        id: tea(),
        home: Home::Channel { circle: CircleId::new(Timestamp(1), 3) },
        name: None,
        about: None,
        archived: false,
        slow_seconds: 0,
        deny: BTreeMap::new(),
        section: None,
        position: 0,
        pins: Vec::new(),
        created_at: Timestamp(1),
    }
}

fn shown(messages: &Messages) -> Vec<String> {
    let line = |entry: Entry<'_>| match entry {
        Entry::Confirmed(message) => format!("{} {}", message.seq, message.text),
        Entry::Sending(_, draft) => format!("… {}", draft.text),
        Entry::Failed(_, draft, problem) => format!("! {} {}", draft.text, problem.code),
    };
    messages.entries(None).map(line).collect()
}

#[test]
fn own_messages_wait_at_the_end_until_the_server_has_them() {
    let mut list = Messages::new(tea());
    list.send(op(1), draft("one"));
    list.send(op(2), draft("two"));
    list.event(&posted(1, None, "of bob"));
    assert_eq!(shown(&list), ["1 of bob", "… one", "… two"]);
    list.event(&posted(2, Some(op(2)), "two"));
    assert_eq!(shown(&list), ["1 of bob", "2 two", "… one"]);
    list.done(&op(1), &outcome(3));
    assert_eq!(shown(&list), ["1 of bob", "2 two", "… one"]);
    list.event(&posted(3, Some(op(1)), "one"));
    assert_eq!(shown(&list), ["1 of bob", "2 two", "3 one"]);
}

#[test]
fn what_failed_waits_for_a_decision() {
    let mut list = Messages::new(tea());
    let command = list.send(op(1), draft("one"));
    list.failed(&op(1), Problem::later("stream.too_soon", "wait", 10));
    assert_eq!(shown(&list), ["! one stream.too_soon"]);
    assert_eq!(list.retry(&op(1)), Some(command));
    assert_eq!(shown(&list), ["… one"]);
    list.failed(&op(1), Problem::new("stream.archived", "closed"));
    assert_eq!(list.discard(&op(1)), Some(draft("one")));
    assert_eq!((shown(&list), list.discard(&op(1))), (vec![], None));
}

#[test]
fn a_page_does_not_bring_back_what_was_deleted_meanwhile() {
    let mut list = Messages::new(tea());
    list.snapshot(Seq(9), stream(), vec![]);
    list.event(&event(10, None, Body::Deleted { message: Seq(4), thread: None }));
    let text = MessageText::parse("mended").unwrap();
    let mentions = kith_core::document::Mentions::default();
    list.event(&event(11, None, Body::Edited { message: Seq(5), text, mentions }));
    list.page(vec![message(4, "gone"), message(5, "broken"), message(12, "early")]);
    assert_eq!(shown(&list), ["5 mended"]);
}

#[test]
fn the_newest_are_kept() {
    let mut list = Messages::new(tea());
    (1..=5).for_each(|seq| list.event(&posted(seq, None, "x")));
    list.trim(2);
    assert_eq!(shown(&list), ["4 x", "5 x"]);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Ana sends the next of hers.
    Send,
    /// The server takes this one of what is on its way, if it has not yet.
    Take(usize),
    /// Somebody else posts.
    Foreign,
    /// The answer to this operation comes, perhaps once more.
    Answer(usize),
    /// The next so many events come, the last of them perhaps once more.
    Deliver(usize, bool),
    /// The client reconnects too far behind: a snapshot comes.
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Send),
        3 => (0..8_usize).prop_map(Step::Take),
        1 => Just(Step::Foreign),
        3 => (0..8_usize).prop_map(Step::Answer),
        3 => (1..4_usize, any::<bool>()).prop_map(|(n, twice)| Step::Deliver(n, twice)),
        1 => Just(Step::Snapshot),
    ]
}

/// A server's log and a client's list.
struct World {
    log: Vec<Event>,
    sent: usize,
    list: Messages,
}

impl World {
    fn place_of(&self, n: usize) -> Option<u64> {
        self.log.iter().find(|event| event.op == Some(op(n))).map(|event| event.seq.0)
    }

    fn take(&mut self, n: usize) {
        if n < self.sent && self.place_of(n).is_none() {
            self.log.push(posted(self.log.len() as u64 + 1, Some(op(n)), &format!("own {n}")));
        }
    }

    fn answer(&mut self, n: usize) {
        if let Some(seq) = self.place_of(n) {
            self.list.done(&op(n), &outcome(seq));
        }
    }

    fn deliver(&mut self, n: usize, twice: bool) {
        let from = self.list.seq().0 as usize;
        let from = if twice { from.saturating_sub(1) } else { from };
        for event in self.log.iter().skip(from).take(n) {
            self.list.event(event);
        }
    }

    fn snapshot(&mut self) {
        let mut held = Messages::new(tea());
        self.log.iter().for_each(|event| held.event(event));
        let messages = held.confirmed().cloned().collect();
        self.list.snapshot(held.seq(), stream(), messages);
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Send => {
                self.list.send(op(self.sent), draft(&format!("own {}", self.sent)));
                self.sent += 1;
            }
            Step::Take(n) => self.take(n),
            Step::Foreign => self.log.push(posted(self.log.len() as u64 + 1, None, "foreign")),
            Step::Answer(n) => self.answer(n),
            Step::Deliver(n, twice) => self.deliver(n, twice),
            Step::Snapshot => self.snapshot(),
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_doubled_or_lost_whatever_comes_when(steps in prop::collection::vec(step(), 0..80)) {
        let mut world = World { log: vec![], sent: 0, list: Messages::new(tea()) };
        for step in steps {
            world.run(step);
            let lines: Vec<String> = shown(&world.list);
            // At any moment each of ana's messages is there at least once.
            for n in 0..world.sent {
                let text = format!("own {n}");
                prop_assert!(lines.iter().any(|line| line.ends_with(&text)), "{text} of {lines:?}");
            }
        }
        // In the end every operation is answered and every event has come.
        for n in 0..world.sent {
            world.take(n);
            world.answer(n);
        }
        world.deliver(usize::MAX, true);
        let expected: Vec<String> = world.log.iter().map(|event| match &event.body {
            Body::Posted { text, .. } => format!("{} {text}", event.seq),
            other => format!("{other:?}"),
        }).collect();
        prop_assert_eq!(expected.iter().collect::<BTreeSet<_>>().len(), expected.len());
        prop_assert_eq!(shown(&world.list), expected);
    }
}

fn message(seq: u64, text: &str) -> Message {
    Message {
        seq: Seq(seq),
        author: ana(),
        text: MessageText::parse(text).unwrap(),
        reply_to: None,
        thread: None,
        topic: None,
        files: Vec::new(),
        mentions: kith_core::document::Mentions::default(),
        reactions: BTreeMap::new(),
        replies: 0,
        at: Timestamp(seq),
        edited_at: None,
        edits: Vec::new(),
    }
}

fn page_of(numbers: impl IntoIterator<Item = u64>) -> Vec<Message> {
    numbers.into_iter().map(|seq| message(seq, &format!("m{seq}"))).collect()
}

fn numbers(messages: &Messages) -> Vec<u64> {
    let seq = |entry| match entry {
        Entry::Confirmed(message) => Some(message.seq.0),
        Entry::Sending(..) | Entry::Failed(..) => None,
    };
    messages.entries(None).filter_map(seq).collect()
}

/// A list of which a part in the middle is shown: 3 to 5 of 1 to 9.
fn cut() -> Messages {
    let mut messages = Messages::new(tea());
    messages.snapshot(Seq(9), stream(), page_of(7..=9));
    messages.show(page_of(3..=5));
    messages
}

#[test]
fn a_part_that_is_shown_grows_to_the_newest_without_a_hole() {
    let mut messages = cut();
    assert!(messages.is_cut());
    assert_eq!(messages.ask_newer(), Some(Seq(5)));
    // What is posted meanwhile is not shown behind a hole.
    messages.event(&posted(10, None, "m10"));
    assert_eq!(numbers(&messages), [3, 4, 5]);
    messages.newer_page(page_of(6..=7), true);
    assert_eq!((messages.ask_newer(), messages.is_cut()), (Some(Seq(7)), true));
    // The server answered before the last two were posted.
    messages.event(&posted(11, None, "m11"));
    messages.newer_page(page_of(8..=10), false);
    assert_eq!((messages.ask_newer(), messages.is_cut()), (Some(Seq(10)), true));
    messages.newer_page(page_of(11..=11), false);
    assert!(!messages.is_cut());
    messages.event(&posted(12, None, "m12"));
    assert_eq!(numbers(&messages), (3..=12).collect::<Vec<_>>());
}

#[test]
fn a_page_that_is_ahead_of_the_events_leaves_no_hole() {
    let mut messages = cut();
    assert_eq!(messages.ask_newer(), Some(Seq(5)));
    messages.newer_page(page_of(6..=12), true);
    assert_eq!(numbers(&messages), (3..=9).collect::<Vec<_>>());
    (10..=12).for_each(|seq| messages.event(&posted(seq, None, "late")));
    assert_eq!(messages.ask_newer(), Some(Seq(9)));
    messages.newer_page(page_of(10..=12), false);
    assert_eq!(numbers(&messages), (3..=12).collect::<Vec<_>>());
    assert!(!messages.is_cut());
}

#[test]
fn a_message_that_was_let_go_and_deleted_does_not_keep_the_list_cut() {
    let mut messages = cut();
    messages.event(&posted(10, None, "m10"));
    messages.event(&event(11, None, Body::Deleted { message: Seq(10), thread: None }));
    assert_eq!(messages.ask_newer(), Some(Seq(5)));
    messages.newer_page(page_of(6..=9), false);
    assert!(!messages.is_cut());
}

#[test]
fn what_is_scrolled_away_from_is_forgotten_at_either_end() {
    let mut messages = Messages::new(tea());
    messages.snapshot(Seq(9), stream(), page_of(1..=9));
    messages.trim_newest(6);
    assert_eq!((numbers(&messages), messages.is_cut()), ((1..=6).collect(), true));
    messages.trim(4);
    assert_eq!(numbers(&messages), [3, 4, 5, 6]);
    assert_eq!(messages.ask_newer(), Some(Seq(6)));
    messages.newer_page(page_of(7..=9), false);
    messages.trim_newest(20);
    assert_eq!((numbers(&messages), messages.is_cut()), ((3..=9).collect(), false));
}

#[test]
fn a_list_of_a_thread_holds_the_thread_alone() {
    let mut messages = Messages::of_thread(tea(), Seq(2), Seq(4));
    messages.page(page_of(2..=2));
    let reply = |seq, thread| {
        let mut event = posted(seq, None, "reply");
        if let Body::Posted { thread: of, .. } = &mut event.body {
            *of = thread;
        }
        event
    };
    messages.event(&reply(5, None));
    messages.event(&reply(6, Some(Seq(2))));
    messages.event(&reply(7, Some(Seq(5))));
    let held: Vec<u64> = (0..10).filter(|seq| messages.message(Seq(*seq)).is_some()).collect();
    assert_eq!(held, [2, 6]);
    assert_eq!(messages.message(Seq(2)).map(|root| root.replies), Some(1));
}

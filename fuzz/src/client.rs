//! The client's protocol and its list of messages, against a server that says anything.

use kith_client::messages::Messages;
use kith_client::session::{Output, Session};
use kith_client::topics::Topics;
use kith_client::{Auth, Encoding, Update, follow};
use kith_core::id::{FeedId, StreamId, UserId};
use kith_core::text::OpId;
use kith_core::topic::{Asked, Change};
use kith_proto::frame::{Push, Subscribed};
use kith_proto::query::State;

use crate::codec::examples;

/// Messages of a server, a line each. The feeds that they tell of are followed.
pub(crate) fn session(input: &[u8]) {
    let mut session = Session::new(Auth::Token("t".to_owned()), None, Encoding::Json);
    let mut list: Option<Messages> = None;
    let mut topics = Topics::new(UserId::new(kith_core::id::Timestamp(1), 1));
    session.opened(0);
    for (line, now_ms) in input.split(|byte| *byte == b'\n').zip(1_u64..) {
        if let Some(feed) = told_of(line) {
            session.subscribe(follow(feed), now_ms);
            match feed {
                FeedId::Stream(stream) => drop(list.get_or_insert_with(|| Messages::new(stream))),
                // Beyond the bound it is only not followed.
                FeedId::Topic(topic) => drop(topics.follow(topic)),
                _ => {}
            }
        }
        session.received(line, now_ms);
        edit(&mut topics, line, now_ms);
        while let Some(output) = session.poll() {
            if matches!(output, Output::HangUp(_)) {
                session.lost(None, "hung up", now_ms, now_ms);
                session.opened(now_ms);
            }
        }
        while let Some(update) = session.poll_update() {
            let Some(update) = topics.update(update) else { continue };
            if let Some(list) = &mut list {
                show(list, update);
            }
        }
    }
}

/// Changes whatever text there is, at places that the input says.
fn edit(topics: &mut Topics, line: &[u8], count: u64) {
    let Some(FeedId::Topic(topic)) = told_of(line) else { return };
    let at = u32::from(line.len() as u8 % 8);
    let change = Change::Splice { at, delete: at / 2, insert: "ß".to_owned(), after: None };
    if let Ok(op) = OpId::parse(&format!("f-{count}")) {
        // What does not fit is refused.
        let _ = topics.change(op, vec![Asked { topic, change }], Vec::new());
    }
    let _ = topics.poll_send();
    while topics.poll().is_some() {}
}

fn told_of(line: &[u8]) -> Option<FeedId> {
    match Encoding::Json.decode::<Push>(line).ok()? {
        Push::Event(event) => Some(event.feed),
        Push::Events(events) => events.first().map(|event| event.feed),
        Push::Run(run) => Some(run.feed),
        Push::Hidden { feed, .. }
        | Push::Subscribed(Subscribed::Events { feed, .. } | Subscribed::Snapshot { feed, .. }) => {
            Some(feed)
        }
        _ => None,
    }
}

fn show(list: &mut Messages, update: Update) {
    match update {
        Update::Event(event) => list.event(&event),
        Update::Hidden { seq, .. } => list.hidden(seq),
        Update::Snapshot { seq, state, .. } => {
            if let State::Stream { stream, messages } = *state {
                list.snapshot(seq, stream, messages.clone());
                list.page(messages);
            }
        }
        _ => {}
    }
    assert!(list.entries(None).count() <= crate::budget::INPUT_BYTES_MAX);
}

/// All examples of the page as one conversation, and each of them after a welcome.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let line = |json: &Vec<u8>| json.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
    let lines: Vec<Vec<u8>> = examples("push").iter().map(line).collect();
    let welcome = lines.iter().find(|line| line.starts_with(br#"{"welcome""#)).cloned();
    let welcome = welcome.unwrap_or_default();
    let mut seeds = vec![lines.join(&b'\n')];
    seeds.extend(lines.iter().map(|line| [&welcome[..], line, line].join(&b'\n')));
    let feed = FeedId::Stream(StreamId::new(kith_core::id::Timestamp(1), 1));
    let hidden = |seq: u64| format!(r#"{{"hidden":{{"feed":"{feed}","seq":{seq}}}}}"#).into_bytes();
    seeds.push([welcome, hidden(1), hidden(2)].join(&b'\n'));
    seeds
}

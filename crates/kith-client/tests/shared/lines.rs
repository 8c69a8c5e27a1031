//! The lines of the stream that everybody is in, as a program shows them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kith_client::messages::{Draft, Entry, Messages};
use kith_client::{Client, Events, Update, follow, new_op};
use kith_core::document::Message;
use kith_core::id::{FeedId, StreamId};
use kith_core::text::MessageText;
use kith_core::topic::same;
use kith_proto::query::State;
use serde_json::{Value as Json, json};
use tokio::sync::watch;

use super::{Doing, doing};

/// The list, and whether there is a connection.
#[derive(Clone)]
pub(super) struct Lines {
    stream: StreamId,
    list: Arc<Mutex<Messages>>,
    changed: Arc<watch::Sender<bool>>,
}

impl Lines {
    pub(super) async fn follow(client: &Client, mut events: Events, stream: StreamId) -> Self {
        let list = Arc::new(Mutex::new(Messages::new(stream)));
        let lines = Self { stream, list, changed: Arc::new(watch::Sender::new(true)) };
        let (told, mut begun) = (lines.clone(), false);
        client.subscribe(follow(FeedId::Stream(stream))).await.unwrap();
        while !begun {
            begun = told.take(events.next().await.unwrap());
        }
        tokio::spawn(async move {
            while let Some(update) = events.next().await {
                told.take(update);
            }
        });
        lines
    }

    /// Whether what was missed is told.
    fn take(&self, update: Update) -> bool {
        let mut caught_up = false;
        let is_ours = |feed: FeedId| feed == FeedId::Stream(self.stream);
        match update {
            Update::Connected(_) => drop(self.changed.send_replace(true)),
            Update::Disconnected { .. } => drop(self.changed.send_replace(false)),
            Update::Event(event) => self.list().event(&event),
            Update::Snapshot { feed, seq, state } if is_ours(feed) => {
                let State::Stream { stream, messages } = *state else { panic!("{state:?}") };
                self.list().snapshot(seq, stream, messages);
            }
            Update::CaughtUp { feed, .. } => caught_up = is_ours(feed),
            _ => {}
        }
        self.changed.send_modify(|_| {});
        caught_up
    }

    fn list(&self) -> MutexGuard<'_, Messages> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn stream(&self) -> StreamId {
        self.stream
    }

    /// Waits until there is a connection, or none.
    pub(super) async fn online(&self, is: bool) {
        self.changed.subscribe().wait_for(|online| *online == is).await.unwrap();
    }

    /// Posts a message, which shows at once.
    pub(super) fn post(&self, client: &Client, what: &Json) -> Doing {
        let seq = |key| what.get(key).map(|seq| serde_json::from_value(seq.clone()).unwrap());
        let draft = Draft {
            text: MessageText::parse(what["text"].as_str().unwrap()).unwrap(),
            reply_to: seq("reply_to"),
            thread: seq("thread"),
            topic: None,
            files: Vec::new(),
        };
        let op = new_op().unwrap();
        let command = self.list().send(op.clone(), draft);
        let (client, lines) = (client.clone(), self.clone());
        doing(async move {
            let answer = client.command_as(op.clone(), command).await;
            match &answer {
                Ok(outcome) => lines.list().done(&op, outcome),
                Err(error) => lines.list().failed(&op, error.problem().unwrap().clone()),
            }
            lines.changed.send_modify(|_| {});
            answer.map(|outcome| json!(outcome.events[0].seq))
        })
    }

    /// Waits until these are the lines.
    pub(super) async fn reads(&self, what: &Json, names: &BTreeMap<String, String>) {
        let mut changed = self.changed.subscribe();
        loop {
            let lines: Json = self.list().entries(None).map(|entry| line(entry, names)).collect();
            if same(&lines, what) {
                return;
            }
            eprintln!("it reads {lines}");
            changed.changed().await.unwrap();
        }
    }
}

fn line(entry: Entry<'_>, names: &BTreeMap<String, String>) -> Json {
    match entry {
        Entry::Confirmed(message) => confirmed(message, names),
        Entry::Sending(_, draft) => json!({"sending": draft.text}),
        Entry::Failed(_, draft, _) => json!({"failed": draft.text}),
    }
}

fn confirmed(message: &Message, names: &BTreeMap<String, String>) -> Json {
    let name = |user: &kith_core::id::UserId| names[json!(user).as_str().unwrap()].clone();
    let mut line = json!({"by": name(&message.author), "text": message.text});
    if message.edited_at.is_some() {
        line["edited"] = json!(true);
    }
    if let Some(seq) = message.reply_to {
        line["reply_to"] = json!(seq);
    }
    if message.replies > 0 {
        line["replies"] = json!(message.replies);
    }
    for (emoji, users) in &message.reactions {
        line["reactions"][emoji.as_str()] = users.iter().map(name).collect();
    }
    line
}

//! Decides messages one after the other, as the hub would, and has many of them in one commit.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow};
use kith_core::command::{Command, Outcome, decide};
use kith_core::decide::secret_hash;
use kith_core::document::{Doc, Done, FeedHead, Key};
use kith_core::draft::{Changes, Draft, NotLoaded, Source, Stop};
use kith_core::id::{FeedId, Seq, StreamId, Timestamp, UserId};
use kith_core::text::{MessageText, OpId};
use kith_store::{Append, Batch, DocKey, DocWrite, Store as _, StoredEvent};
use kith_store_sqlite::SqliteStore;
use tokio::runtime::Runtime;

use super::scatter;
use crate::site::TEXT_CHARS;

/// So many people talk in a stream at a time, over so many messages of all streams.
const TALKING: usize = 4;
const TALK: usize = 20_000;

/// The documents that rules have looked for.
#[derive(Default)]
struct Known(HashMap<Key, Option<Doc>>);

impl Source for Known {
    fn find(&self, key: &Key) -> Result<Option<Doc>, NotLoaded> {
        self.0.get(key).cloned().ok_or(NotLoaded)
    }
}

/// A stream, and what posting there is.
struct Place {
    command: Command,
    /// By which a retry would be told.
    hash: String,
}

impl Place {
    fn say(&mut self, said: &str) -> Result<()> {
        if let Command::Post { text, .. } = &mut self.command {
            *text = MessageText::parse(said)?;
        }
        Ok(())
    }
}

/// When the first of messages was posted that are found by time: in November 2024.
const BEGAN: u64 = 1_732_000_000_000;

pub(super) struct Author<'a> {
    runtime: &'a Runtime,
    store: &'a SqliteStore,
    people: &'a [UserId],
    places: Vec<Place>,
    known: Known,
    /// What each message says, where that matters.
    says: Option<fn(usize) -> String>,
}

impl<'a> Author<'a> {
    pub(super) fn new(
        runtime: &'a Runtime,
        store: &'a SqliteStore,
        people: &'a [UserId],
        streams: &[StreamId],
        says: Option<fn(usize) -> String>,
    ) -> Result<Self> {
        let text = MessageText::parse(&"x".repeat(TEXT_CHARS))?;
        let place = |stream: &StreamId| {
            let (stream, text) = (*stream, text.clone());
            let command = Command::post(stream, text);
            Ok(Place { hash: secret_hash(&serde_json::to_string(&command)?), command })
        };
        let places = streams.iter().map(place).collect::<Result<_>>()?;
        Ok(Self { runtime, store, people, places, known: Known::default(), says })
    }

    /// The messages of these numbers.
    pub(super) fn write(&mut self, numbers: Range<usize>) -> Result<Batch> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let now = Timestamp(u64::try_from(since.as_millis())?);
        let mut appends = BTreeMap::new();
        let mut writes = Vec::with_capacity(4 * numbers.len());
        for number in numbers {
            let drawn = 2 * number as u128;
            let place = scatter(drawn, self.places.len());
            let talker = scatter(drawn + 1, TALKING) + TALKING * (number / TALK) + place;
            let who = talker % self.people.len().max(1);
            // As clients name them: a series of each.
            let op = OpId::parse(&format!("past{who}-{}", number + 1))?;
            if let Some(says) = self.says {
                self.places[place].say(&says(number))?;
            }
            // A minute between two, when it matters what they say: they are found by time too.
            let at =
                if self.says.is_some() { Timestamp(BEGAN + number as u64 * 60_000) } else { now };
            let changes = self.post(at, who, place, &op)?;
            self.gather(changes, &mut appends, &mut writes);
        }
        // The store puts them into this order anyway, in the thread that has the most to do.
        writes.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(Batch { appends: appends.into_values().collect(), writes, ..Batch::default() })
    }

    /// What one message changes.
    fn post(&mut self, now: Timestamp, who: usize, place: usize, op: &OpId) -> Result<Changes> {
        let me = *self.people.get(who).context("nobody is there")?;
        let Place { command, hash } = &self.places[place];
        loop {
            let mut draft = Draft::new(&self.known, now, Some(me), Some(op.clone()), 0);
            let missing = match decide(&mut draft, me, command) {
                Ok(outcome) => {
                    let done = done(now, hash, command, outcome);
                    draft.put(Key::Done(me, op.clone()), Some(done));
                    return Ok(draft.into_changes());
                }
                Err(Stop::Missing(key)) => key,
                Err(Stop::Refused(refusal)) => return Err(anyhow!("refused: {refusal:?}")),
            };
            let found = self.runtime.block_on(load(self.store, &missing))?;
            self.known.0.insert(missing, found);
        }
    }

    /// Adds the changes of one message to those of its commit.
    fn gather(
        &mut self,
        changes: Changes,
        appends: &mut BTreeMap<FeedId, Append>,
        writes: &mut Vec<DocWrite>,
    ) {
        for drafted in changes.events {
            let (feed, seq) = (drafted.event.feed, drafted.event.seq);
            let append = appends.entry(feed).or_insert_with(|| {
                let after = Seq(seq.0.saturating_sub(1));
                Append { feed, after, events: Vec::new() }
            });
            append.events.push(StoredEvent { seq, body: drafted.json, hash: drafted.hash });
        }
        for (key, doc) in changes.documents {
            if let Some((collection, text)) = key.path() {
                let body = doc.as_ref().map(|doc| doc.to_json().into());
                writes.push(DocWrite { key: DocKey { collection, key: text }, body });
            }
            // What no rule has looked for, none will: messages, and where they are listed.
            if let Some(known) = self.known.0.get_mut(&key) {
                *known = doc;
            }
        }
    }
}

fn done(at: Timestamp, hash: &str, command: &Command, outcome: Outcome) -> Doc {
    let (command, once) = (hash.to_owned(), command.makes());
    Doc::Done(Arc::new(Done { at, command, outcome, once }))
}

async fn load(store: &SqliteStore, key: &Key) -> Result<Option<Doc>> {
    if let Key::Head(feed) = key {
        let head = store.head(*feed).await?;
        return Ok(Some(Doc::Head(FeedHead { seq: head.seq, hash: head.hash })));
    }
    let Some((collection, text)) = key.path() else { return Ok(None) };
    let found = store.get(vec![DocKey { collection, key: text }]).await?;
    let json = found.into_iter().next().flatten();
    Ok(json.map(|json| key.parse(&json)).transpose()?)
}

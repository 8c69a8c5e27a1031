//! Whether the documents are what the events add up to, and making them so again.
//!
//! Events are the truth; every document that follows from them is made anew, feed by feed, and
//! compared with what is stored. What follows from nothing (accounts, sessions, invites, bans) is
//! read and asked whether what it points to is there. To be run while nobody writes.

mod files;
mod gone;
mod references;
mod search;
#[cfg(feature = "testing")]
mod watched;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use kith_core::document::{Doc, Kept, Key, TopicRef};
use kith_core::event::Event;
use kith_core::id::{FeedId, Seq, StreamId};
use kith_core::index::index;
use kith_core::reduce::{Documents, reduce};
use kith_core::topic::{State, Value};
use kith_store::{Batch, DocKey, DocWrite, Problem, ROWS_MAX, Range, Store, StoreError};

use crate::keys::prefix;
use crate::texts;

use gone::is_last;

pub use files::contents;
pub use search::{CompareError, compare};
#[cfg(feature = "testing")]
pub use watched::Watched;

/// Problems that are told; where one is, there tend to be many.
const PROBLEMS_MAX: usize = 100;
/// Documents compared, and written, in one step.
const STEP: usize = 500;
/// The collections that follow from events.
const DERIVED: [&str; 25] = [
    "user",
    "name",
    "circle",
    "public_circle",
    "member",
    "joined",
    "former",
    "stream",
    "circle_stream",
    "conversation",
    "direct",
    "topic",
    "topic_name",
    "message",
    "timeline",
    "authored",
    "mention_user",
    "mention_role",
    "mention_all",
    "inbox",
    "read",
    "follow",
    "block",
    "preferences",
    "file_use",
];

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Feeds that were read.
    pub feeds: u64,
    /// Events that were read.
    pub events: u64,
    /// What is wrong; the first hundred of it.
    pub problems: Vec<Problem>,
    /// Documents that were made right.
    pub repaired: u64,
}

/// Compares all documents with the events, and changes nothing.
///
/// # Errors
/// When the store cannot be read.
pub async fn verify(store: &dyn Store) -> Result<Verified, StoreError> {
    walk(store, false).await
}

/// Compares all documents with the events, and makes those right that follow from them.
///
/// # Errors
/// When the store cannot be read or written; what was made right before stays so.
pub async fn repair(store: &dyn Store) -> Result<Verified, StoreError> {
    walk(store, true).await
}

async fn walk(store: &dyn Store, repairs: bool) -> Result<Verified, StoreError> {
    let mut walk = Walk {
        store,
        repairs,
        found: Verified::default(),
        expected: HashSet::new(),
        going: HashSet::new(),
        removed: HashSet::new(),
        writes: Vec::new(),
    };
    gone::note(&mut walk).await?;
    let mut after: Option<FeedId> = None;
    loop {
        let page = store.feeds(after, ROWS_MAX).await?;
        let Some(last) = page.last() else { break };
        after = Some(*last);
        for feed in page {
            walk.feed(feed).await?;
        }
    }
    for collection in DERIVED {
        walk.beyond(collection).await?;
    }
    walk.flush().await?;
    gone::check(&mut walk).await?;
    references::check(&mut walk).await?;
    files::check(&mut walk).await?;
    walk.flush().await?;
    Ok(walk.found)
}

struct Walk<'a> {
    store: &'a dyn Store,
    repairs: bool,
    found: Verified,
    /// Everything that should be there, by the hash of its collection and key: the database may be
    /// larger than the memory.
    expected: HashSet<u128>,
    /// Circles and streams that were removed, and of which not all is forgotten yet.
    going: HashSet<String>,
    /// Streams that were removed.
    removed: HashSet<StreamId>,
    /// What would make it right.
    writes: Vec<DocWrite>,
}

fn name_of(collection: &str, key: &str) -> u128 {
    let hash = blake3::hash(format!("{collection}/{key}").as_bytes());
    let (half, _) = hash.as_bytes().split_at(16);
    half.iter().fold(0, |name, byte| name << 8 | u128::from(*byte))
}

impl Walk<'_> {
    fn wrong(&mut self, what: String) {
        if self.found.problems.len() < PROBLEMS_MAX {
            self.found.problems.push(Problem { what });
        }
    }

    /// Notes a document that is not as it should be.
    async fn change(&mut self, write: DocWrite, what: String) -> Result<(), StoreError> {
        self.wrong(what);
        self.writes.push(write);
        if self.writes.len() >= STEP { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let writes = std::mem::take(&mut self.writes);
        if self.repairs && !writes.is_empty() {
            self.found.repaired += writes.len() as u64;
            let batch = Batch { writes, ..Batch::default() };
            for result in self.store.commit(vec![batch]).await {
                result?;
            }
        }
        Ok(())
    }

    fn expects(&self, collection: &str, key: &str) -> bool {
        self.expected.contains(&name_of(collection, key))
    }

    /// Adds up the events of one feed and compares the documents.
    async fn feed(&mut self, feed: FeedId) -> Result<(), StoreError> {
        self.found.feeds += 1;
        self.expected.insert(name_of("feed", &feed.to_string()));
        let mut kept = self.kept(feed).await?;
        let mut documents = BTreeMap::new();
        let first = self.store.events(feed, Seq(0), 1).await?.first().map_or(Seq(1), |row| row.seq);
        let begin = match first {
            Seq(0 | 1) => None,
            _ => self.begin(feed, first, &mut kept, &mut documents).await?,
        };
        let mut is_removed = false;
        let mut after = Seq(0);
        loop {
            let rows = self.store.events(feed, after, STEP).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            for row in rows {
                self.found.events += 1;
                match serde_json::from_str::<Event>(&row.body) {
                    // What comes before the beginning is about to be forgotten.
                    Ok(event) if (event.feed, event.seq) == (feed, row.seq) => {
                        if begin.is_some_and(|begin| event.seq <= begin) {
                            continue;
                        }
                        is_removed = is_last(&event.body);
                        add(&mut documents, &event);
                        if is_removed {
                            self.end(feed, &mut documents);
                        }
                        if let Some(kept) = kept.remove(&event.seq) {
                            self.compare_kept(feed, &kept, &documents).await?;
                        }
                    }
                    Ok(_) => self.wrong(format!("Event {} of {feed} is another's.", row.seq)),
                    Err(error) => self.wrong(format!("Event {} of {feed}: {error}.", row.seq)),
                }
            }
        }
        for seq in kept.into_keys() {
            if let FeedId::Topic(topic) = feed
                && let Some((collection, key)) = Key::Kept(topic, seq).path()
            {
                let what = format!("The kept value {key:?} is of no event.");
                self.change(DocWrite { key: DocKey { collection, key }, body: None }, what).await?;
            }
        }
        if first > Seq(1) && begin.is_none() && !is_removed {
            self.lost(feed).await?;
        }
        // How far users read streams is forgotten with these.
        documents.retain(|key, _| match key {
            Key::Read(_, stream, _) => !self.removed.contains(stream),
            _ => true,
        });
        let rows = documents.iter().filter_map(|(key, doc)| Some((key.path()?, doc)));
        let rows: Vec<((&'static str, String), &Doc)> = rows.collect();
        for step in rows.chunks(STEP) {
            self.compare(step).await?;
        }
        Ok(())
    }

    /// The values of a topic that are kept so that its events need not all be read. One that cannot
    /// be read goes: it follows from the events.
    async fn kept(&mut self, feed: FeedId) -> Result<BTreeMap<Seq, Arc<Kept>>, StoreError> {
        let FeedId::Topic(topic) = feed else { return Ok(BTreeMap::new()) };
        let mut all = BTreeMap::new();
        let mut after = None;
        loop {
            let range = Range { after: after.take(), ..prefix("kept", &topic) };
            let rows = self.store.scan(range, STEP).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = Some(last.key.clone());
            for row in rows {
                let found = Doc::parse_in("kept", &row.body);
                match found {
                    Some(Ok(Doc::Kept(kept)))
                        if Key::Kept(topic, kept.seq)
                            .path()
                            .is_some_and(|(_, key)| key == row.key) =>
                    {
                        all.insert(kept.seq, kept);
                    }
                    _ => {
                        let what = format!("The kept value {:?} cannot be read.", row.key);
                        let key = DocKey { collection: "kept", key: row.key };
                        self.change(DocWrite { key, body: None }, what).await?;
                    }
                }
            }
        }
    }

    /// Where a feed begins whose first events are forgotten: at the first value that is kept, with
    /// what the topic was then. Takes away from `kept` what is not needed to compare.
    async fn begin(
        &mut self,
        feed: FeedId,
        first: Seq,
        kept: &mut BTreeMap<Seq, Arc<Kept>>,
        documents: &mut BTreeMap<Key, Doc>,
    ) -> Result<Option<Seq>, StoreError> {
        let FeedId::Topic(id) = feed else { return Ok(None) };
        let head = self.store.head(feed).await?.seq;
        let from = Seq(first.0.saturating_sub(1));
        let all: Vec<Arc<Kept>> =
            kept.range(from..head).map(|(_, kept)| Arc::clone(kept)).collect();
        let mut damaged = Vec::new();
        for one in all {
            kept.remove(&one.seq);
            let Some(topic) = &one.topic else { continue };
            let value = one.holds.read(&one.value).ok();
            let is_whole = one.is_beginning() && (topic.id, topic.form()) == (id, one.holds);
            if let Some(value) = value.filter(|_| is_whole) {
                let name = Key::TopicName(topic.circle, topic.name.clone());
                let named = Doc::TopicName(Arc::new(TopicRef { topic: id }));
                let state = Doc::State(Arc::new(State::new(one.seq, value)));
                documents.put(Key::Topic(id), Some(Doc::Topic(Arc::clone(topic))));
                documents.put(name, Some(named));
                documents.put(Key::State(id), Some(state));
                for (what, write) in damaged {
                    self.change(write, what).await?;
                }
                return Ok(Some(one.seq));
            }
            if let Some((collection, key)) = Key::Kept(id, one.seq).path() {
                let what = format!("The kept value {key:?}, with which {feed} begins, is damaged.");
                damaged.push((what, DocWrite { key: DocKey { collection, key }, body: None }));
            }
        }
        // There is nothing better: they stay as they are.
        damaged.into_iter().for_each(|(what, _)| self.wrong(what));
        Ok(None)
    }

    /// Tells of a feed of which nobody knows how it began. What is left of the topic is all there is,
    /// and stays.
    async fn lost(&mut self, feed: FeedId) -> Result<(), StoreError> {
        self.wrong(format!("With what {feed} begins is gone: only a backup has it."));
        let FeedId::Topic(topic) = feed else { return Ok(()) };
        let Some((collection, key)) = Key::Topic(topic).path() else { return Ok(()) };
        self.expected.insert(name_of(collection, &key));
        let found = self.store.get(vec![DocKey { collection, key }]).await?;
        let found = found.first().and_then(Option::as_deref);
        if let Some(Ok(Doc::Topic(topic))) = found.and_then(|json| Doc::parse_in(collection, json))
            && let Some((collection, key)) = Key::TopicName(topic.circle, topic.name.clone()).path()
        {
            self.expected.insert(name_of(collection, &key));
        }
        Ok(())
    }

    async fn compare_kept(
        &mut self,
        feed: FeedId,
        kept: &Kept,
        documents: &BTreeMap<Key, Doc>,
    ) -> Result<(), StoreError> {
        let FeedId::Topic(topic) = feed else { return Ok(()) };
        let (Some(Doc::State(state)), Some(Doc::Topic(about))) =
            (documents.get(&Key::State(topic)), documents.get(&Key::Topic(topic)))
        else {
            return Ok(());
        };
        let right = Kept::new(kept.seq, Arc::clone(about), state);
        // Those of before hold the value alone.
        let holds_all = kept.topic == right.topic && kept.is_beginning();
        let holds_value = kept.topic.is_none() && kept.sum.is_empty();
        let is_same = kept.holds == right.holds && kept.value == right.value;
        if !((holds_all || holds_value) && (is_same || agrees(kept, state).await))
            && let Some((collection, key)) = Key::Kept(topic, kept.seq).path()
        {
            let what = format!("The kept value of {feed} is not what happened.");
            let body = Some(Doc::Kept(Arc::new(right)).to_json().into());
            self.change(DocWrite { key: DocKey { collection, key }, body }, what).await?;
        }
        Ok(())
    }

    async fn compare(&mut self, step: &[((&'static str, String), &Doc)]) -> Result<(), StoreError> {
        let keys: Vec<DocKey> = step
            .iter()
            .map(|((collection, key), _)| DocKey { collection, key: key.clone() })
            .collect();
        let found = match self.store.get(keys.clone()).await {
            // One that is damaged must not hide the others.
            Err(StoreError::Corrupt(_)) => {
                let mut found = Vec::new();
                for key in keys {
                    found.extend(self.store.get(vec![key]).await.unwrap_or_else(|_| vec![None]));
                }
                found
            }
            found => found?,
        };
        for (((collection, key), doc), stored) in step.iter().zip(found) {
            self.expected.insert(name_of(collection, key));
            let same = stored.as_deref().and_then(|json| Doc::parse_in(collection, json));
            if same.is_none_or(|parsed| parsed.as_ref() != Ok(doc)) && !self.is_going(key) {
                let what = match stored {
                    Some(_) => format!("Document {key:?} of {collection} is not what happened."),
                    None => format!("Document {key:?} of {collection} is missing."),
                };
                let key = DocKey { collection, key: key.clone() };
                let write = DocWrite { key, body: Some(doc.to_json().into()) };
                self.change(write, what).await?;
            }
        }
        Ok(())
    }

    /// Finds the documents of a collection that follow from no event.
    async fn beyond(&mut self, collection: &'static str) -> Result<(), StoreError> {
        for (key, _) in self.all(collection).await? {
            if !self.expects(collection, &key) && !self.is_going(&key) {
                let what = format!("Document {key:?} of {collection} comes of nothing.");
                let write = DocWrite { key: DocKey { collection, key }, body: None };
                self.change(write, what).await?;
            }
        }
        Ok(())
    }

    /// All keys of a collection, and the documents where they can be read.
    async fn all(
        &mut self,
        collection: &'static str,
    ) -> Result<Vec<(String, Option<Doc>)>, StoreError> {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let range = Range {
                collection,
                prefix: String::new(),
                after: after.take(),
                before: None,
                descending: false,
            };
            let rows = self.store.scan(range, ROWS_MAX).await?;
            after = rows.last().map(|row| row.key.clone());
            if after.is_none() {
                return Ok(all);
            }
            for row in rows {
                let doc = match Doc::parse_in(collection, &row.body) {
                    Some(Ok(doc)) => Some(doc),
                    Some(Err(error)) => {
                        self.wrong(format!("Document {:?} of {collection}: {error}.", row.key));
                        None
                    }
                    None => None,
                };
                all.push((row.key, doc));
            }
        }
    }
}

/// Whether what is kept of a text is the same document: it is merged of what the events say.
async fn agrees(kept: &Kept, state: &State) -> bool {
    match (kept.holds.read(&kept.value), &state.value) {
        (Ok(Value::Text(merged)), Value::Text(whole)) => texts::agree(merged, whole.clone()).await,
        _ => false,
    }
}

/// Folds an event in. A feed's events only change documents that came of the same feed, so none can
/// be missing.
fn add(documents: &mut BTreeMap<Key, Doc>, event: &Event) {
    fn both<D: Documents>(documents: &mut D, event: &Event) -> Result<(), D::Error> {
        index(documents, event)?;
        reduce(documents, event)
    }
    match both(documents, event) {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

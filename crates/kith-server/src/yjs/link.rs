//! One connection and the documents that it speaks of.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use kith_core::access;
use kith_core::command::Command;
use kith_core::document::{Rules, Topic};
use kith_core::id::{CircleId, FeedId, Seq, TopicId};
use kith_core::permission::Permission;
use kith_core::refusal::Refusal;
use kith_core::text::TopicName;
use kith_core::topic::Kind;
use kith_core::topic::text::Update;
use kith_hub::{Backlog, HubError, Patience, Place, Silence, Subscriber, Want, read};

use super::Parting;
use super::aware;
use super::wire::{State, Write};
use crate::app::App;

/// The most documents of one connection.
const DOCUMENTS_MAX: usize = 100;

/// What is spoken on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// y-websocket: about the document of this name.
    Plain(String),
    /// Hocuspocus: about any documents.
    Named,
}

/// A document that a connection speaks of.
#[derive(Clone, Debug)]
struct Document {
    /// What messages about it begin with.
    prefix: Bytes,
    writes: bool,
    /// The last event that it was told.
    seq: Seq,
}

/// One connection.
pub(crate) struct Link {
    app: Arc<App>,
    subscriber: Arc<Subscriber>,
    token: String,
    documents: Mutex<HashMap<TopicId, Document>>,
    /// Since anything was opened or edited.
    silence: Silence,
}

impl Link {
    pub(super) fn new(app: Arc<App>, subscriber: Arc<Subscriber>, token: String) -> Self {
        let silence = Silence::begin(app.hub.clone());
        Self { app, subscriber, token, documents: Mutex::default(), silence }
    }

    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    pub(super) fn subscriber(&self) -> &Arc<Subscriber> {
        &self.subscriber
    }

    /// Notes that the user did something. What editors say of themselves they say again and again, and
    /// what they heard of others.
    pub(super) fn acted(&self) {
        self.silence.broken();
        self.app.hub.acted(self.subscriber.user);
    }

    /// Returns when nothing was done for too long.
    pub(super) async fn falls_silent(&self) {
        let seconds = self.app.settings.yjs_idle_seconds;
        self.silence.outlasts(Patience { seconds, circle: None, otherwise: 0 }).await;
    }

    /// Whether this proves that the one who came is still the same.
    pub(super) fn is_mine(&self, token: &str) -> bool {
        token.is_empty() || token == self.token
    }

    fn documents(&self) -> MutexGuard<'_, HashMap<TopicId, Document>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document about which messages begin with `prefix`.
    pub(super) fn document(&self, prefix: &[u8]) -> Option<TopicId> {
        let documents = self.documents();
        documents.iter().find(|(_, document)| document.prefix == prefix).map(|(topic, _)| *topic)
    }

    /// What messages about a document begin with.
    pub(super) fn prefix(&self, topic: TopicId) -> Option<Bytes> {
        self.documents().get(&topic).map(|document| document.prefix.clone())
    }

    /// Whether the user may write to a document, as far as is known.
    pub(super) fn writes(&self, topic: TopicId) -> bool {
        self.documents().get(&topic).is_some_and(|document| document.writes)
    }

    /// Notes an event of a document that its client is being told.
    pub(super) fn tell(&self, topic: TopicId, seq: Seq) {
        if let Some(document) = self.documents().get_mut(&topic) {
            document.seq = seq;
        }
    }

    /// Says something about a document, behind all that waits.
    pub(super) fn say(&self, topic: TopicId, what: impl FnOnce(&mut Write<'_>)) {
        if let Some(prefix) = self.prefix(topic) {
            let mut write = Write::new(&prefix);
            what(&mut write);
            self.subscriber.reply(write.done());
        }
    }

    /// Opens the document of a name, `{circle}/{topic}`: makes it where it is not there and the user
    /// may. Says whether they may write to it.
    pub(super) async fn open(&self, name: &str, prefix: Vec<u8>) -> Result<bool, Parting> {
        let unknown = || Parting::of(&Refusal::NoSuchTopic.into());
        let (circle, topic) = name.split_once('/').ok_or_else(unknown)?;
        let circle: CircleId = circle.parse().map_err(|_| unknown())?;
        let topic = TopicName::parse(topic).map_err(|_| unknown())?;
        let topic = self.find(circle, &topic).await.map_err(|error| Parting::of(&error))?;
        if topic.form() != Kind::Text {
            let why = format!("this topic is a {} and has no Yjs document", topic.holds.name());
            return Err(Parting::forbidden("topic.wrong_kind", why));
        }
        if topic.rules.ephemeral {
            let why = "this topic is ephemeral, which documents cannot be";
            return Err(Parting::forbidden("topic.wrong_kind", why));
        }
        let user = self.subscriber.user;
        let may = self.app.hub.look(|draft| {
            let found = access::in_topic(draft, user, topic.id)?;
            Ok(found.permissions.has(Permission::Write))
        });
        let writes = may.await.map_err(|error| Parting::of(&error))?;
        let mut documents = self.documents();
        if documents.contains_key(&topic.id) {
            let why = "this connection speaks of this document already";
            return Err(Parting::forbidden("topic.open", why));
        }
        if documents.len() >= DOCUMENTS_MAX {
            let why = format!("at most {DOCUMENTS_MAX} documents on one connection");
            return Err(Parting::forbidden("limit.too_many", why));
        }
        let document = Document { prefix: prefix.into(), writes, seq: Seq(0) };
        documents.insert(topic.id, document);
        drop(documents);
        self.acted();
        Ok(writes)
    }

    async fn find(&self, circle: CircleId, name: &TopicName) -> Result<Arc<Topic>, HubError> {
        let (hub, user) = (&self.app.hub, self.subscriber.user);
        match hub.topic_named(user, circle, name).await {
            Err(HubError::Refused(Refusal::NoSuchTopic)) => {}
            found => return found,
        }
        let make = Command::CreateTopic {
            circle,
            name: name.clone(),
            holds: Kind::Text,
            value: None,
            rules: Rules::default(),
            deny: Default::default(),
            replace: false,
        };
        match hub.execute(user, None, &make).await {
            // Somebody else made it meanwhile, or it is there and not to be seen.
            Ok(_) | Err(HubError::Refused(Refusal::NameTaken)) => {
                hub.topic_named(user, circle, name).await
            }
            Err(HubError::Refused(_)) => Err(Refusal::NoSuchTopic.into()),
            Err(error) => Err(error),
        }
    }

    /// Tells the client what it misses who has `state_vector`, asks for what the server misses, and
    /// follows the document from there.
    pub(super) async fn begin(
        &self,
        topic: TopicId,
        state_vector: Vec<(u64, u32)>,
    ) -> Result<(), HubError> {
        let hub = &self.app.hub;
        let (seq, _, state) = hub.topic_value(self.subscriber.user, topic).await?;
        let missing = hub.text_missing(Arc::clone(&state), state_vector).await?;
        let Some(prefix) = self.prefix(topic) else { return Ok(()) };
        let mut begin = Write::new(&prefix);
        // A client of y-websocket would answer with edits that nobody may take from it, at each turn.
        let asks = self.writes(topic) || !prefix.is_empty();
        if let Some(text) = state.text().filter(|_| asks) {
            begin.wants(text.known());
        }
        begin.has(&missing);
        let begin = begin.done();
        drop(state);
        self.follow(topic, seq, &begin).await
    }

    /// Follows a document on from the last event that its client was told.
    pub(super) async fn go_on(&self, topic: TopicId) -> Result<(), HubError> {
        let Some(seq) = self.documents().get(&topic).map(|document| document.seq) else {
            return Ok(());
        };
        self.follow(topic, seq, &Bytes::new()).await
    }

    /// Follows a document from an event on; `begin` is said first.
    async fn follow(&self, topic: TopicId, seq: Seq, begin: &Bytes) -> Result<(), HubError> {
        let Some(prefix) = self.prefix(topic) else { return Ok(()) };
        let place = Place { epoch: None, after: Some(seq) };
        let want = Want { window: 1, events_only: false, merges: false };
        let encode = |backlog: &Backlog| {
            let mut write = Write::new(&prefix);
            let seq = match backlog {
                Backlog::Events { events, seq, .. } => {
                    events.iter().for_each(|event| write.event(&event.event.body));
                    *seq
                }
                Backlog::Snapshot { seq, state, .. } => {
                    if let read::Snapshot::Topic { state, .. } = state
                        && let Some(text) = state.text()
                    {
                        write.has(text.updates());
                    }
                    *seq
                }
            };
            self.tell(topic, seq);
            [begin.clone(), write.done()].concat().into()
        };
        self.app.hub.subscribe(&self.subscriber, FeedId::Topic(topic), &place, want, encode).await
    }

    /// Takes in what the client says of itself and others at a document. What it may not show is left
    /// aside, for it could not be told so.
    pub(super) async fn hear(&self, topic: TopicId, said: Vec<State<'_>>) {
        for State { client, clock, json } in said {
            let Some(state) = aware::read(json) else { continue };
            let (hub, feed) = (&self.app.hub, FeedId::Topic(topic));
            if let Err(error) = hub.aware_as(&self.subscriber, feed, (client, clock), state).await {
                self.app.metrics.refused(error.code());
            }
        }
    }

    /// Tells the client who is at its documents: those of Yjs take for gone who is silent for 30
    /// seconds.
    pub(super) fn tell_present(&self) {
        let topics: Vec<TopicId> = self.documents().keys().copied().collect();
        for topic in topics {
            self.app.hub.aware_again(&self.subscriber, FeedId::Topic(topic));
        }
    }

    /// Speaks of a document no more.
    pub(super) fn close(&self, topic: TopicId) {
        if self.documents().remove(&topic).is_some() {
            self.app.hub.unsubscribe(&self.subscriber, FeedId::Topic(topic));
        }
    }

    /// Speaks of nothing any more.
    pub(super) fn leave(&self) {
        let topics: Vec<TopicId> = self.documents().keys().copied().collect();
        topics.into_iter().for_each(|topic| self.close(topic));
    }

    /// Whether an update says anything that the server does not have, durably.
    pub(super) async fn is_news(&self, topic: TopicId, update: &Update) -> Result<bool, HubError> {
        let scan = update.scan()?;
        if scan.is_empty() {
            return Ok(false);
        }
        let (_, _, state) = self.app.hub.topic_value(self.subscriber.user, topic).await?;
        Ok(state.text().is_none_or(|text| text.is_news(&scan)))
    }
}

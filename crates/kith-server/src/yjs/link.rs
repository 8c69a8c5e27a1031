//! One connection and the documents that it speaks of.

use std::collections::{BTreeMap, HashMap};
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
use super::wire::{self, State, Write};
use crate::app::App;

/// The most documents of one connection; one that several of a client's sessions have open counts for
/// each.
const DOCUMENTS_MAX: usize = 100;
/// The most sessions of a client that have one document open: each is told all of it.
const SESSIONS_MAX: usize = 8;
/// The longest state vector that is remembered.
const REMEMBERED_MAX: usize = 1000;

/// What is spoken on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// y-websocket: about the document of this name.
    Plain(String),
    /// Hocuspocus: about any documents.
    Named,
}

/// A document that a connection speaks of.
#[derive(Clone, Debug, Default)]
struct Document {
    /// The sessions of the client that have it open.
    sessions: Vec<Session>,
    writes: bool,
    /// The last event that they are told with what waits for the connection; 0 before one asked for
    /// what it misses.
    told: Seq,
    /// The last event that they were told for sure.
    sure: Seq,
    /// What they show, by client: the hub tells a connection nothing of itself.
    shown: BTreeMap<u64, Shown>,
}

/// Who speaks of a document on a connection: its only client, or one of those that share it.
#[derive(Clone, Debug)]
struct Session {
    /// What messages about the document begin with.
    prefix: Bytes,
    /// What it asked for and may not have been told yet: another answer about the document takes the
    /// place of one that waits.
    asked: Option<Asked>,
}

/// What a session asked for.
#[derive(Clone, Debug)]
struct Asked {
    /// What it has; nothing where that takes much to remember.
    state_vector: Vec<(u64, u32)>,
    /// The last event that its answer has.
    until: Seq,
}

/// What messages of a session begin with, and the state vector that it has.
type Wish = (Bytes, Vec<(u64, u32)>);

/// What one session of a connection shows.
#[derive(Clone, Debug)]
struct Shown {
    session: Bytes,
    clock: u64,
    /// As a message has it.
    state: Bytes,
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
        let silence = Silence::begin(app.hub.clone(), subscriber.user);
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
        let is_it = |document: &Document| document.sessions.iter().any(|one| one.prefix == prefix);
        documents.iter().find(|(_, document)| is_it(document)).map(|(topic, _)| *topic)
    }

    /// What messages about a document begin with, of each session that has it open.
    pub(super) fn sessions(&self, topic: TopicId) -> Vec<Bytes> {
        let documents = self.documents();
        let sessions = documents.get(&topic).into_iter().flat_map(|document| &document.sessions);
        sessions.map(|session| session.prefix.clone()).collect()
    }

    /// Whether the user may write to a document, as far as is known.
    pub(super) fn writes(&self, topic: TopicId) -> bool {
        self.documents().get(&topic).is_some_and(|document| document.writes)
    }

    /// Notes an event of a document that its client is being told, and so all that waited before.
    pub(super) fn tell(&self, topic: TopicId, seq: Seq) {
        if let Some(document) = self.documents().get_mut(&topic) {
            (document.told, document.sure) = (seq, seq);
        }
    }

    /// Notes that a session was told what it asked for: it tells what the server misses.
    pub(super) fn has_begun(&self, topic: TopicId, prefix: &[u8]) {
        if let Some(document) = self.documents().get_mut(&topic) {
            let session = document.sessions.iter_mut().find(|session| session.prefix == prefix);
            if let Some(asked) = session.and_then(|session| session.asked.take()) {
                document.sure = document.sure.max(asked.until);
            }
        }
    }

    /// Says something to one session, behind all that waits.
    pub(super) fn say(&self, prefix: &[u8], what: impl FnOnce(&mut Write<'_>)) {
        let mut write = Write::new(prefix);
        what(&mut write);
        self.subscriber.reply(write.done());
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
        let too_many = |why| Err(Parting::forbidden("limit.too_many", why));
        if documents.values().map(|one| one.sessions.len()).sum::<usize>() >= DOCUMENTS_MAX {
            return too_many(format!("at most {DOCUMENTS_MAX} documents on one connection"));
        }
        if documents.get(&topic.id).is_some_and(|one| one.sessions.len() >= SESSIONS_MAX) {
            return too_many(format!("at most {SESSIONS_MAX} sessions of a document"));
        }
        let document = documents.entry(topic.id).or_default();
        document.sessions.push(Session { prefix: prefix.into(), asked: None });
        document.writes = writes;
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

    /// Tells a session what it misses who has `state_vector`, asks for what the server misses, and
    /// follows the document from there.
    ///
    /// Where others have the document open, those are answered again whose answer may still wait, for
    /// this one takes its place.
    pub(super) async fn begin(
        &self,
        (topic, prefix): (TopicId, &[u8]),
        state_vector: Vec<(u64, u32)>,
    ) -> Result<(), HubError> {
        let hub = &self.app.hub;
        let (seq, _, state) = hub.topic_value(self.subscriber.user, topic).await?;
        let (others, sure) = self.to_answer(topic, prefix, &state_vector, seq);
        let mut begin = Vec::new();
        let own: Wish = (Bytes::copy_from_slice(prefix), state_vector);
        for (prefix, state_vector) in [own].into_iter().chain(others) {
            let missing = hub.text_missing(Arc::clone(&state), state_vector).await?;
            let mut write = Write::new(&prefix);
            // A client of y-websocket would answer with edits that nobody may take from it, at each
            // turn.
            let asks = self.writes(topic) || !prefix.is_empty();
            if let Some(text) = state.text().filter(|_| asks) {
                write.wants(text.known());
            }
            write.has(&missing);
            let beside = self.shown_beside(topic, &prefix);
            if !beside.is_empty() {
                write.there(&wire::states(&beside));
            }
            begin.push(write.done());
        }
        drop(state);
        let after = if sure == Seq(0) { seq } else { sure.min(seq) };
        self.follow(topic, after, &begin.concat().into()).await
    }

    /// Notes what a session asks for, who is answered with all up to `until`. Gives the others that are
    /// to be answered again, with what they have, and the last event that was told for sure.
    fn to_answer(
        &self,
        topic: TopicId,
        prefix: &[u8],
        state_vector: &[(u64, u32)],
        until: Seq,
    ) -> (Vec<Wish>, Seq) {
        let mut documents = self.documents();
        let Some(document) = documents.get_mut(&topic) else { return (Vec::new(), Seq(0)) };
        let is_short = state_vector.len() <= REMEMBERED_MAX;
        let remembered = if is_short { state_vector } else { &[] };
        let mut others = Vec::new();
        for session in &mut document.sessions {
            if session.prefix == prefix {
                session.asked = Some(Asked { state_vector: remembered.to_vec(), until });
            } else if let Some(asked) = &mut session.asked {
                asked.until = until;
                others.push((session.prefix.clone(), asked.state_vector.clone()));
            }
        }
        (others, document.sure)
    }

    /// Follows a document on from the last event that its client was told.
    pub(super) async fn go_on(&self, topic: TopicId) -> Result<(), HubError> {
        let Some(seq) = self.documents().get(&topic).map(|document| document.told) else {
            return Ok(());
        };
        self.follow(topic, seq, &Bytes::new()).await
    }

    /// Follows a document from an event on; `begin` is said first.
    async fn follow(&self, topic: TopicId, seq: Seq, begin: &Bytes) -> Result<(), HubError> {
        let sessions = self.sessions(topic);
        if sessions.is_empty() {
            return Ok(());
        }
        let place = Place { epoch: None, after: Some(seq) };
        let want = Want { window: 1, events_only: false, merges: false };
        let encode = |backlog: &Backlog| {
            let (Backlog::Events { seq, .. } | Backlog::Snapshot { seq, .. }) = backlog;
            if let Some(document) = self.documents().get_mut(&topic) {
                document.told = *seq;
            }
            let told = wire::to_each(&sessions, |write| missed(write, backlog));
            [begin.as_ref(), &told].concat().into()
        };
        self.app.hub.subscribe(&self.subscriber, FeedId::Topic(topic), &place, want, encode).await
    }

    /// Takes in what a session says of itself and others at a document. What it may not show is left
    /// aside, for it could not be told so.
    pub(super) async fn hear(&self, (topic, prefix): (TopicId, &Bytes), said: Vec<State<'_>>) {
        for State { client, clock, json } in said {
            let Some(state) = aware::read(json) else { continue };
            let (hub, feed, goes) = (&self.app.hub, FeedId::Topic(topic), state.is_none());
            match hub.aware_as(&self.subscriber, feed, (client, clock), state).await {
                // A client of y-websocket is alone on its connection: there is nobody else to tell.
                Ok(()) if prefix.is_empty() => {}
                Ok(()) => self.show(
                    topic,
                    (client, goes),
                    Shown {
                        session: prefix.clone(),
                        clock,
                        state: wire::state(State { client, clock, json }),
                    },
                ),
                Err(error) => self.app.metrics.refused(error.code()),
            }
        }
    }

    /// Tells the other sessions of this connection what one shows, which the hub does not.
    fn show(&self, topic: TopicId, (client, goes): (u64, bool), shown: Shown) {
        let (session, states) =
            (shown.session.clone(), wire::states(std::slice::from_ref(&shown.state)));
        {
            let mut documents = self.documents();
            let Some(document) = documents.get_mut(&topic) else { return };
            let was_there = match goes {
                true => document.shown.remove(&client).is_some(),
                false => document.shown.insert(client, shown).is_some(),
            };
            // Of others one says that they are gone who were not heard for long.
            if goes && !was_there {
                return;
            }
        }
        for other in self.sessions(topic).iter().filter(|other| **other != session) {
            self.say(other, |write| write.there(&states));
        }
    }

    /// What the other sessions of this connection show, for one that comes.
    fn shown_beside(&self, topic: TopicId, prefix: &[u8]) -> Vec<Bytes> {
        let documents = self.documents();
        let shown = documents.get(&topic).into_iter().flat_map(|document| document.shown.values());
        shown.filter(|one| *one.session != *prefix).map(|one| one.state.clone()).collect()
    }

    /// Tells the client who is at its documents: those of Yjs take for gone who is silent for 30
    /// seconds.
    pub(super) fn tell_present(&self) {
        let topics: Vec<TopicId> = self.documents().keys().copied().collect();
        for topic in topics {
            self.app.hub.aware_again(&self.subscriber, FeedId::Topic(topic));
        }
    }

    /// A session speaks of a document no more, and shows nothing there.
    pub(super) async fn close(&self, topic: TopicId, prefix: &Bytes) {
        let shown: Vec<(u64, u64)> = {
            let mut documents = self.documents();
            let Some(document) = documents.get_mut(&topic) else { return };
            document.sessions.retain(|session| session.prefix != *prefix);
            let own = document.shown.iter().filter(|(_, shown)| shown.session == *prefix);
            own.map(|(client, shown)| (*client, shown.clock + 1)).collect()
        };
        if self.sessions(topic).is_empty() {
            return self.end(topic);
        }
        let gone = |(client, clock)| State { client, clock, json: "null" };
        self.hear((topic, prefix), shown.into_iter().map(gone).collect()).await;
    }

    /// No session speaks of a document any more.
    pub(super) fn end(&self, topic: TopicId) {
        if self.documents().remove(&topic).is_some() {
            self.app.hub.unsubscribe(&self.subscriber, FeedId::Topic(topic));
        }
    }

    /// Speaks of nothing any more.
    pub(super) fn leave(&self) {
        let topics: Vec<TopicId> = self.documents().keys().copied().collect();
        topics.into_iter().for_each(|topic| self.end(topic));
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

/// Tells a session what it missed.
fn missed(write: &mut Write<'_>, backlog: &Backlog) {
    match backlog {
        Backlog::Events { events, .. } => {
            events.iter().for_each(|event| write.event(&event.event.body));
        }
        Backlog::Snapshot { state, .. } => {
            if let read::Snapshot::Topic { state, .. } = state
                && let Some(text) = state.text()
            {
                write.has(text.updates());
            }
        }
    }
}

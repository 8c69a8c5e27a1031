//! The reading side of a connection: what a client says, in order. Edits of a document that come
//! while others of it are on their way to the disk wait and go together.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use kith_core::command::Command;
use kith_core::id::{Timestamp, TopicId, UserId};
use kith_core::topic::text::Update;
use kith_core::topic::{Asked, Change};
use kith_hub::HubError;
use kith_proto::error::Problem;
use tokio::io::AsyncRead;
use tokio::time::Instant;

use super::Parting;
use super::link::Link;
use super::wire::{Message, Read, Write, prefix};
use crate::limits::Limiter;
use crate::metrics::Metrics;
use crate::ws::read::{Input, Reader};

/// Edits of one connection that wait; then it is not read from.
const WAITING_MAX: usize = 1000;
/// Bytes of them.
const WAITING_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Bytes of edits that go together, unless one alone is larger.
const EVENT_BYTES: usize = 128 * 1024;
/// How often a client is told something: those of Yjs leave after 30 seconds of silence, and do not
/// count pings.
const BEAT: Duration = Duration::from_secs(20);
/// How often it is looked whether a client has read what waits for it.
const LOOK: Duration = Duration::from_millis(50);
/// What a client of y-websocket is told then: that nobody came or went.
const NOTHING: &[u8] = &[0];

/// Who a client of Hocuspocus says that it is, for which document.
pub(super) struct Proof {
    pub(super) name: String,
    pub(super) token: String,
}

/// The first message of a client of Hocuspocus, which says who it is. `None` when the client left.
pub(super) async fn proof<R: AsyncRead + Unpin>(
    reader: &mut Reader<R>,
) -> Result<Option<Proof>, Parting> {
    loop {
        let payload = match reader.next().await? {
            None => return Ok(None),
            Some(Input::Ping(_) | Input::Pong) => continue,
            Some(Input::Message { payload, .. }) => payload,
        };
        let mut read = Read(&payload);
        let name = read.text().map_err(|_| Parting::malformed())?.to_owned();
        return match read.message() {
            Ok(Message::Auth(token)) => Ok(Some(Proof { name, token: token.to_owned() })),
            _ => Err(Parting::unauthenticated()),
        };
    }
}

/// The edits of one document that are not durable yet.
#[derive(Default)]
struct Edits {
    /// Each with what messages of its session begin with.
    waiting: Vec<(Bytes, Update)>,
    /// Some are on their way.
    moving: bool,
}

/// What came of edits.
struct Done {
    topic: TopicId,
    /// What each of the messages began with that they came in.
    from: Vec<Bytes>,
    bytes: usize,
    result: Result<(), HubError>,
}

type Moving = Pin<Box<dyn Future<Output = Done> + Send>>;

struct Inbox<'a> {
    link: &'a Link,
    edits: HashMap<TopicId, Edits>,
    moving: FuturesUnordered<Moving>,
    /// Edits that wait or are on their way, and their bytes.
    count: usize,
    bytes: usize,
    /// Until when nothing may be sent on, for there was too much.
    paused: Option<Instant>,
}

/// Handles what comes until the client leaves, or has to.
pub(super) async fn listen<R: AsyncRead + Unpin>(
    link: &Link,
    reader: &mut Reader<R>,
    first: Option<Proof>,
) -> Option<Parting> {
    let mut inbox = Inbox {
        link,
        edits: HashMap::new(),
        moving: FuturesUnordered::new(),
        count: 0,
        bytes: 0,
        paused: None,
    };
    if let Some(proof) = first {
        auth(link, &proof.name, &proof.token).await;
    }
    let (mut heard, mut beat) = (Instant::now(), Instant::now() + BEAT);
    loop {
        if let Err(parting) = inbox.send_on().await {
            return Some(parting);
        }
        let has_room = inbox.has_room();
        let look_again = if has_room { beat } else { Instant::now() + LOOK };
        let next = inbox.paused.map_or(beat, |until| until.min(beat)).min(look_again);
        tokio::select! {
            Some(done) = inbox.moving.next() => match inbox.done(done) {
                Ok(()) => {}
                Err(parting) => return Some(parting),
            },
            input = reader.next(), if has_room => {
                heard = Instant::now();
                match input {
                    Err(farewell) => return Some(farewell.into()),
                    Ok(None) => return None,
                    Ok(Some(Input::Pong)) => {}
                    Ok(Some(Input::Ping(payload))) => {
                        link.subscriber().reply(kith_ws::encode::pong(&payload));
                    }
                    Ok(Some(Input::Message { payload, .. })) => {
                        if let Err(parting) = inbox.message(&payload).await {
                            return Some(parting);
                        }
                    }
                }
            }
            () = tokio::time::sleep_until(next) => {
                if inbox.paused.is_some_and(|until| until <= Instant::now()) {
                    inbox.paused = None;
                }
                if beat <= Instant::now() {
                    // Whoever is not read from cannot be heard.
                    if has_room && heard.elapsed() > 3 * BEAT {
                        return Some(Parting::silent());
                    }
                    beat = Instant::now() + BEAT;
                    inbox.beat();
                }
            }
        }
    }
}

impl Inbox<'_> {
    /// Whether more may be read: nothing piles up, neither what it wrote nor what it does not read.
    fn has_room(&self) -> bool {
        let unread = 4 * self.link.app().settings.queue_bytes as usize;
        self.count < WAITING_MAX
            && self.bytes < WAITING_BYTES_MAX
            && self.link.subscriber().waiting_bytes() <= unread
    }

    /// Gives a sign of life, and asks for one.
    fn beat(&self) {
        let mut write = Write::new(&[]);
        match self.link.document(&[]) {
            Some(_) => write.there(NOTHING),
            None => write.ping(),
        }
        self.link.subscriber().reply(write.done());
        self.link.subscriber().reply(kith_ws::encode::ping(b""));
        self.link.tell_present();
    }

    async fn message(&mut self, payload: &Bytes) -> Result<(), Parting> {
        if let Some(topic) = self.link.document(&[]) {
            let message = Read(payload).message().map_err(|_| Parting::malformed())?;
            return self.about((topic, &Bytes::new()), message).await;
        }
        // An answer to a ping has no name, and says nothing but that the client is there.
        if let [9 | 10] = payload.as_ref() {
            return Ok(());
        }
        let mut read = Read(payload);
        let name = read.text().map_err(|_| Parting::malformed())?;
        let message = read.message().map_err(|_| Parting::malformed())?;
        let begins = Bytes::from(prefix(name));
        match (self.link.document(&begins), message) {
            (Some(topic), Message::Close) => self.link.close(topic, &begins).await,
            (Some(topic), message) => self.about((topic, &begins), message).await?,
            (None, Message::Auth(token)) => {
                pay(self.link).await;
                auth(self.link, name, token).await;
            }
            // Said before it was known that the document is not to be had.
            (None, _) => {}
        }
        Ok(())
    }

    async fn about(
        &mut self,
        (topic, prefix): (TopicId, &Bytes),
        message: Message<'_>,
    ) -> Result<(), Parting> {
        match message {
            Message::Wants(state_vector) => {
                pay(self.link).await;
                match self.link.begin((topic, prefix), state_vector).await {
                    // That it may not be read any more is told by whoever closed it.
                    Ok(()) | Err(HubError::Refused(_)) => Ok(()),
                    Err(error) => Err(Parting::of(&error)),
                }
            }
            Message::Has(update) => {
                self.link.has_begun(topic, prefix);
                self.edit((topic, prefix), update, true).await
            }
            Message::Did(update) => self.edit((topic, prefix), update, false).await,
            Message::There(said) => {
                wait(self.link, Limiter::aware).await;
                self.link.hear((topic, prefix), said).await;
                Ok(())
            }
            Message::Who => {
                pay(self.link).await;
                self.link.tell_present();
                Ok(())
            }
            // It is known who it is, and nothing here depends on the rest.
            Message::Auth(_) | Message::Close | Message::Other => Ok(()),
        }
    }

    /// Takes an update of a document. `again` where it may be nothing but what is known.
    async fn edit(
        &mut self,
        (topic, prefix): (TopicId, &Bytes),
        update: &[u8],
        again: bool,
    ) -> Result<(), Parting> {
        let update = Update::new(update);
        let scan = update.scan().map_err(|refusal| Parting::of(&refusal.into()))?;
        let writes = self.link.writes(topic);
        let known = scan.is_empty()
            || (again || !writes)
                && !self.link.is_news(topic, &update).await.map_err(|error| Parting::of(&error))?;
        if known || !writes {
            return self.settle(prefix, 1, known);
        }
        self.link.acted();
        self.count += 1;
        self.bytes += update.bytes().len();
        self.edits.entry(topic).or_default().waiting.push((prefix.clone(), update));
        Ok(())
    }

    /// Tells a session what became of so many of its messages.
    fn settle(&self, prefix: &[u8], count: usize, kept: bool) -> Result<(), Parting> {
        if prefix.is_empty() && !kept {
            return Err(Parting::forbidden("permission.denied", "you may only read this"));
        }
        if !prefix.is_empty() && self.link.document(prefix).is_some() {
            self.link.say(prefix, |write| (0..count).for_each(|_| write.kept(kept)));
        }
        Ok(())
    }

    /// Sends on the edits of every document of which none are on their way.
    async fn send_on(&mut self) -> Result<(), Parting> {
        let app = self.link.app();
        for (topic, edits) in &mut self.edits {
            if edits.moving || edits.waiting.is_empty() || self.paused.is_some() {
                continue;
            }
            let subscriber = self.link.subscriber();
            if let Err(problem) = app.limiter.request(subscriber.user, app.hub.now()) {
                app.metrics.refused(&problem.code);
                let wait = Duration::from_millis(problem.retry_ms.unwrap_or(1));
                self.paused = Some(Instant::now() + wait);
                break;
            }
            Metrics::add(&app.metrics.ws_requests);
            let mut sum = 0;
            let fits = edits.waiting.iter().take_while(|(_, update)| {
                sum += update.bytes().len();
                sum <= EVENT_BYTES
            });
            let some = fits.count().max(1);
            let (from, updates): (Vec<_>, Vec<_>) = edits.waiting.drain(..some).unzip();
            edits.moving = true;
            let topic = *topic;
            let bytes = updates.iter().map(|update: &Update| update.bytes().len()).sum();
            let asked = Asked { topic, change: Change::Update { updates } };
            let change = Command::Change { changes: vec![asked], when: Vec::new(), group: None };
            let submitted = app.hub.submit(subscriber.user, subscriber.id, None, &change).await;
            self.moving.push(Box::pin(async move {
                let result = match submitted {
                    Ok(answer) => answer.wait().await.map(drop),
                    Err(error) => Err(error),
                };
                Done { topic, from, bytes, result }
            }));
        }
        Ok(())
    }

    fn done(&mut self, Done { topic, from, bytes, result }: Done) -> Result<(), Parting> {
        self.count -= from.len();
        self.bytes -= bytes;
        if let Some(edits) = self.edits.get_mut(&topic) {
            edits.moving = false;
        }
        let kept = match result {
            Ok(()) => true,
            Err(error) => {
                self.link.app().metrics.refused(error.code());
                let is_plain = from.iter().any(Bytes::is_empty);
                match error {
                    HubError::Refused(_) if !is_plain => false,
                    error => return Err(Parting::of(&error)),
                }
            }
        };
        from.chunk_by(|one, next| one == next).try_for_each(|alike| match alike {
            [prefix, ..] => self.settle(prefix, alike.len(), kept),
            [] => Ok(()),
        })
    }
}

/// Counts a request of the user, and waits where there were too many: a client of Yjs cannot be
/// told to come later.
async fn pay(link: &Link) {
    wait(link, Limiter::request).await;
}

/// Waits until `limit` lets the user on.
async fn wait(link: &Link, limit: fn(&Limiter, UserId, Timestamp) -> Result<(), Problem>) {
    let app = link.app();
    Metrics::add(&app.metrics.ws_requests);
    while let Err(problem) = limit(&app.limiter, link.subscriber().user, app.hub.now()) {
        app.metrics.refused(&problem.code);
        tokio::time::sleep(Duration::from_millis(problem.retry_ms.unwrap_or(1))).await;
    }
}

/// Opens a document for a client of Hocuspocus.
async fn auth(link: &Link, name: &str, token: &str) {
    // Several sessions of a client may have it open, each of which is named after a zero.
    let document = name.split_once('\0').map_or(name, |(document, _)| document);
    let opened = match link.is_mine(token) {
        true => link.open(document, prefix(name)).await,
        false => Err(Parting::unauthenticated()),
    };
    let name = prefix(name);
    let mut write = Write::new(&name);
    match opened {
        Ok(writes) => write.welcome(writes),
        Err(parting) => {
            link.app().metrics.refused(parting.what);
            write.denied(&parting.why);
        }
    }
    link.subscriber().reply(write.done());
}

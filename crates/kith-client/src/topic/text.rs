//! Yjs documents that many write in: what they say, and edits of them that show at once.
//!
//! An edit stands on those before it, so one transaction with edits is on its way at a time, with all
//! in it that were made meanwhile; when it is refused, those that stand on it are lost with it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use kith_core::refusal::Refusal;
use kith_core::topic::text::{JSON, ROOT, Text, UPDATE_BYTES_MAX, Update};
use kith_core::topic::{Change, Kind, Value};
use kith_proto::error::Problem;
use kith_yjs::{Failed, STACK_BYTES, Updates};
use serde_json::Value as Json;
use tokio::sync::oneshot;

use super::Topic;
use crate::error::ClientError;
use crate::transaction::{Changing, Outcome, Sent};

/// Edits of a document that may wait to be sent.
const WAITING_MAX: usize = 1000;

/// What a handle and its clones write a document with.
#[derive(Debug, Default)]
pub(super) struct Pen {
    /// Held by whoever reads the document or edits it: one works on the document at a time.
    turn: tokio::sync::Mutex<()>,
    ink: Mutex<Ink>,
}

/// Edits that are not decided.
#[derive(Debug, Default)]
struct Ink {
    /// A client of the document that nobody else edits as; another one after an edit was lost.
    client: Option<u32>,
    /// Those that were not sent yet, and who waits for each.
    waiting: Vec<(Update, oneshot::Sender<Outcome>)>,
    /// Whether some are on their way.
    sending: bool,
}

impl Pen {
    fn ink(&self) -> MutexGuard<'_, Ink> {
        self.ink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Topic {
    /// What a `text` says with own edits done to it: its shared text named `text`. Takes as long as the
    /// document is large.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `topic.wrong_change` where it is no `text`, or with
    /// `topic.bad_update` where it cannot be looked into; [`ClientError::Closed`] when it is not
    /// followed any longer.
    pub async fn text(&self) -> Result<String, ClientError> {
        self.read(Kind::Text, |updates| updates.text(ROOT)).await
    }

    /// The value of a `json` that has a Yjs document, with own edits done to it: its shared map named
    /// `json`. Takes as long as the document is large.
    ///
    /// # Errors
    /// As [`text`](Self::text), where it is no such `json`.
    pub async fn json(&self) -> Result<Json, ClientError> {
        self.read(Kind::Json, |updates| updates.json(JSON)).await
    }

    /// Replaces a part of a `text`; places are counted in UTF-16 code units on what [`text`](Self::text)
    /// says now. It is there at once, and what others write meanwhile is merged with it, so it is never
    /// late. What it gives resolves when the server has decided: with `client.lost` where an edit
    /// before it was refused.
    ///
    /// # Errors
    /// As [`text`](Self::text), `topic.out_of_range`, and `limit.too_many` where a thousand wait.
    pub async fn splice_text(
        &self,
        at: u32,
        delete: u32,
        insert: &str,
    ) -> Result<Sent, ClientError> {
        let insert = insert.to_owned();
        let splice = move |updates: &Updates<'_>, client| {
            let made = updates.splice(client, ROOT, (at, delete), &insert)?;
            // One that changes nothing is an update that says nothing.
            Ok(made.unwrap_or(vec![0, 0]))
        };
        self.edit(Kind::Text, splice).await
    }

    /// Changes a `json` that has a Yjs document, as one without is changed: on what [`json`](Self::json)
    /// says now. It shows and is sent as [`splice_text`](Self::splice_text) says.
    ///
    /// # Errors
    /// As [`json`](Self::json), what the rules of such a change refuse, and `limit.too_many` where a
    /// thousand wait.
    pub async fn change_json(&self, change: Change) -> Result<Sent, ClientError> {
        let changed = move |updates: &Updates<'_>, client| {
            let made = updates.changed(client, JSON, &[change])?;
            Ok(made.into_iter().next().unwrap_or(vec![0, 0]))
        };
        self.edit(Kind::Json, changed).await
    }

    async fn read<T: Send + 'static>(
        &self,
        kind: Kind,
        read: impl FnOnce(&Updates<'_>) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, ClientError> {
        let _turn = self.here.pen.turn.lock().await;
        let shown = self.shown(kind, &self.here.pen.ink())?;
        apart(move || shown.with(read)).await
    }

    /// Does an edit of a document, as a client of it.
    async fn edit(
        &self,
        kind: Kind,
        edit: impl FnOnce(&Updates<'_>, u32) -> Result<Vec<u8>, Failed> + Send + 'static,
    ) -> Result<Sent, ClientError> {
        let pen = &self.here.pen;
        let _turn = pen.turn.lock().await;
        let (shown, client) = {
            let mut ink = pen.ink();
            if ink.waiting.len() >= WAITING_MAX {
                return Err(refused(&Refusal::TooMany { max: WAITING_MAX }));
            }
            (self.shown(kind, &ink)?, ink.client()?)
        };
        let made = apart(move || shown.with(|updates| edit(updates, client))).await?;
        let update = Update::new(&made);
        let (asker, outcome) = oneshot::channel();
        let mut ink = pen.ink();
        match ink.client {
            Some(present) if present == client => ink.waiting.push((update, asker)),
            // What it stands on was refused meanwhile.
            _ => drop(asker.send(Err(lost()))),
        }
        drop(ink);
        self.send_edits();
        Ok(Sent::new(Ok(outcome), self.client.stopped()))
    }

    /// Sends what waits, if nothing is on its way.
    fn send_edits(&self) {
        let mut ink = self.here.pen.ink();
        if ink.sending || ink.waiting.is_empty() {
            return;
        }
        let mut bytes = 0;
        let fits = ink.waiting.iter().take_while(|(update, _)| {
            bytes += update.bytes().len();
            bytes <= UPDATE_BYTES_MAX
        });
        let count = fits.count().max(1);
        let (updates, askers): (Vec<_>, Vec<_>) = ink.waiting.drain(..count).unzip();
        ink.sending = true;
        // From here on it is part of the value: nobody looks in between.
        let sent = self.change(Change::Update { updates });
        drop(ink);
        let topic = self.clone();
        tokio::spawn(async move {
            let outcome = sent.await;
            topic.decided(outcome.is_ok());
            for asker in askers {
                // Who no longer waits does not want to know.
                let _ = asker.send(outcome.clone());
            }
            topic.send_edits();
        });
    }

    /// What was on its way is decided. What stands on edits that were refused is lost.
    fn decided(&self, done: bool) {
        let mut ink = self.here.pen.ink();
        ink.sending = false;
        if !done {
            ink.client = None;
            for (_, asker) in ink.waiting.drain(..) {
                let _ = asker.send(Err(lost()));
            }
        }
    }

    /// The document as it is shown, and the edits that wait.
    fn shown(&self, kind: Kind, ink: &Ink) -> Result<Shown, ClientError> {
        match self.value() {
            Some(Value::Text(text)) if self.kind == kind => {
                let waiting = ink.waiting.iter().map(|(update, _)| update.clone()).collect();
                Ok(Shown { text, waiting })
            }
            Some(_) => Err(refused(&Refusal::WrongChange { kind: self.kind })),
            None => Err(self.closed().map_or(ClientError::Closed, ClientError::Refused)),
        }
    }
}

impl Ink {
    fn client(&mut self) -> Result<u32, ClientError> {
        if let Some(client) = self.client {
            return Ok(client);
        }
        let mut random = [0; 4];
        getrandom::fill(&mut random).map_err(|_| ClientError::NoRandomness)?;
        Ok(*self.client.insert(u32::from_le_bytes(random)))
    }
}

/// A document with edits on top that were not sent yet.
struct Shown {
    text: Text,
    waiting: Vec<Update>,
}

impl Shown {
    fn with<T>(&self, work: impl FnOnce(&Updates<'_>) -> T) -> T {
        let all = self.text.updates().iter().chain(&self.waiting);
        let bytes: Vec<&[u8]> = all.map(Update::bytes).collect();
        let waiting = self.waiting.iter().filter_map(|update| update.scan().ok());
        let nests = self.text.nests() + waiting.map(|scan| scan.nests).sum::<usize>();
        work(&Updates { updates: &bytes, nests })
    }
}

fn refused(refusal: &Refusal) -> ClientError {
    ClientError::Refused(Problem::from(refusal))
}

fn lost() -> ClientError {
    ClientError::Refused(Problem::new("client.lost", "an edit before this one was refused"))
}

/// Works on a document where there is stack enough, and nobody waits behind it.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failed> + Send + 'static,
) -> Result<T, ClientError> {
    let (done, result) = oneshot::channel();
    let thread = std::thread::Builder::new().name("text".to_owned()).stack_size(STACK_BYTES);
    let broken = || refused(&Refusal::BadUpdate { why: "the document is broken" });
    thread.spawn(move || drop(done.send(work()))).map_err(|_| broken())?;
    result.await.map_err(|_| broken())?.map_err(|failed| match failed {
        Failed::OutOfRange => refused(&Refusal::OutOfRange),
        Failed::Refused { refusal, .. } => refused(&refusal),
        Failed::Unreadable(_) | Failed::Broken | Failed::TooDeep | Failed::TooLarge => broken(),
    })
}

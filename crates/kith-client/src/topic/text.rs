//! Texts that many write in: what they say, and edits of them that show at once.

use kith_core::refusal::Refusal;
use kith_core::topic::text::{ROOT, Text, Update};
use kith_core::topic::{Change, Value};
use kith_proto::error::Problem;
use kith_yjs::{Failed, STACK_BYTES, Updates};
use tokio::sync::oneshot;

use super::Topic;
use crate::error::ClientError;
use crate::transaction::{Changing, Sent};

/// As whom a handle and its clones edit a text. Its edits follow each other, so there is one at a
/// time.
#[derive(Debug, Default)]
pub(super) struct Pen {
    /// A client of the document that nobody else edits as.
    client: Option<u32>,
    /// How far its edits have come.
    clock: u32,
}

impl Pen {
    /// The client to edit as. Where an edit was refused others may not follow it: then it is another.
    fn client(&mut self, text: &Text) -> Result<u32, ClientError> {
        match self.client {
            Some(client) if clock(text, client) == self.clock => Ok(client),
            _ => {
                let mut random = [0; 4];
                getrandom::fill(&mut random).map_err(|_| ClientError::NoRandomness)?;
                let client = u32::from_le_bytes(random);
                (self.client, self.clock) = (Some(client), clock(text, client));
                Ok(client)
            }
        }
    }
}

/// How far the edits of a client have come in a text.
fn clock(text: &Text, client: u32) -> u32 {
    let mut all = text.known().clocks();
    all.find(|(found, _)| *found == u64::from(client)).map_or(0, |(_, clock)| clock)
}

impl Topic {
    /// What a `text` says with own edits done to it: its shared text named `text`. Takes as long as
    /// the document is large.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with `topic.wrong_change` where it is no `text`, or with
    /// `topic.bad_update` where it cannot be looked into; [`ClientError::Closed`] when it is not
    /// followed any longer.
    pub async fn text(&self) -> Result<String, ClientError> {
        let _turn = self.here.pen.lock().await;
        let text = self.held()?;
        apart(move || with(&text, |updates| updates.text(ROOT))).await
    }

    /// Replaces a part of a `text`; places are counted in UTF-16 code units on what it says now. It
    /// shows at once, and what others write meanwhile is merged with it, so it is never late. Resolves
    /// as soon as it shows; what it gives resolves when the server has decided.
    ///
    /// # Errors
    /// As [`text`](Self::text), and `topic.out_of_range`.
    pub async fn splice_text(
        &self,
        at: u32,
        delete: u32,
        insert: &str,
    ) -> Result<Sent, ClientError> {
        let mut pen = self.here.pen.lock().await;
        let text = self.held()?;
        let client = pen.client(&text)?;
        let insert = insert.to_owned();
        let made = apart(move || {
            with(&text, |updates| updates.splice(client, ROOT, (at, delete), &insert))
        });
        // One that changes nothing is an update that says nothing.
        let update = Update::new(&made.await?.unwrap_or(vec![0, 0]));
        let sent = self.change(Change::Update { updates: vec![update] });
        pen.clock = clock(&self.held()?, client);
        Ok(sent)
    }

    /// The document as it is shown.
    fn held(&self) -> Result<Text, ClientError> {
        match self.value() {
            Some(Value::Text(text)) => Ok(text),
            Some(_) => Err(refused(&Refusal::WrongChange { kind: self.kind })),
            None => Err(self.closed().map_or(ClientError::Closed, ClientError::Refused)),
        }
    }
}

fn refused(refusal: &Refusal) -> ClientError {
    ClientError::Refused(Problem::from(refusal))
}

fn with<T>(text: &Text, work: impl FnOnce(&Updates<'_>) -> T) -> T {
    let bytes: Vec<&[u8]> = text.updates().iter().map(Update::bytes).collect();
    work(&Updates { updates: &bytes, nests: text.nests() })
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
        Failed::Unreadable(_) | Failed::Broken | Failed::TooDeep => broken(),
    })
}

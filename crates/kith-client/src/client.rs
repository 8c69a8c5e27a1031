//! The handles of a client: one to ask with, one to be told with.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use kith_core::command::{Command, Outcome};
use kith_core::id::FeedId;
use kith_core::text::OpId;
use kith_proto::codec::Encoding;
use kith_proto::error::Problem;
use kith_proto::frame::{Auth, Reply, Signal, Subscribe, Welcome};
use kith_proto::query::{Answer, Query};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::address::Address;
use crate::aware::{Aware, Sight};
use crate::desk::Desk;
use crate::driver::{Call, Driver};
use crate::error::ClientError;
use crate::session::{Ask, Session};
use crate::shelf::Shelf;
use crate::update::Update;

/// Calls that may wait for the client's task; who makes more waits.
const CALLS_MAX: usize = 64;

/// How to connect.
#[derive(Clone, Debug)]
pub struct Options {
    /// The server: `http(s)://host[:port][/base]`.
    pub url: String,
    /// Who the client is. A password is used once; the session that it begins is then continued by
    /// its token, which the welcome holds.
    pub auth: Auth,
    /// What a session is called that begins with a password, at most 64 characters.
    pub label: Option<String>,
    /// How frames are written; JSON unless changed.
    pub encoding: Encoding,
    /// How many updates may wait in [`Events`] before nothing more is read from the server; 256
    /// unless changed, at least 1.
    pub updates_max: usize,
}

impl Options {
    /// The usual options.
    #[must_use]
    pub fn new(url: &str, auth: Auth) -> Self {
        let encoding = Encoding::default();
        Self { url: url.to_owned(), auth, label: None, encoding, updates_max: 256 }
    }
}

/// A connection to a server that mends itself. Clones share it; it ends when all clones and its
/// [`Events`] are dropped, or with [`Client::close`].
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) calls: mpsc::Sender<Call>,
    welcome: Arc<Welcome>,
    stopped: Arc<OnceLock<Problem>>,
    shelf: Arc<Shelf>,
    sight: Arc<Sight>,
}

/// What the client is told without asking, in order.
///
/// It holds [`Options::updates_max`] updates. When it is full, nothing is read from the server until
/// it is read, not even the answers to [`Client::command`] and [`Client::query`]: read it in a task
/// of its own, or drop it if it is not wanted, and updates are thrown away.
#[derive(Debug)]
pub struct Events {
    updates: mpsc::Receiver<Update>,
}

impl Events {
    /// The next update; `None` when the client has ended. May be dropped without loss.
    pub async fn next(&mut self) -> Option<Update> {
        self.updates.recv().await
    }
}

impl Client {
    /// Connects. Needs a tokio runtime, on which a task of the client then lives.
    ///
    /// # Errors
    /// [`ClientError::Address`], [`ClientError::Unreachable`] when the server does not answer
    /// within some 10 s, and [`ClientError::Stopped`] when it does not let the client in. Only the
    /// first connection fails; a later one is made again for as long as it takes, after pauses of
    /// up to 15 s, or as long as the server says.
    pub async fn connect(options: Options) -> Result<(Self, Events), ClientError> {
        let Options { url, auth, label, encoding, updates_max } = options;
        let address = Address::parse(&url)?;
        let (calls, taken) = mpsc::channel(CALLS_MAX);
        let (updates, events) = mpsc::channel(updates_max.max(1));
        let (ready, connected) = oneshot::channel();
        let stopped = Arc::new(OnceLock::new());
        let (shelf, sight) = (Arc::new(Shelf::default()), Arc::new(Sight::default()));
        let driver = Driver {
            session: Session::new(auth, label, encoding),
            address,
            encoding,
            calls: taken,
            updates,
            ready: Some(ready),
            stopped: Arc::clone(&stopped),
            shelf: Arc::clone(&shelf),
            sight: Arc::clone(&sight),
            undelivered: VecDeque::new(),
            waiting: HashMap::new(),
            desk: Desk::new(calls.downgrade()),
            started: Instant::now(),
        };
        tokio::spawn(driver.run());
        let welcome = connected.await.map_err(|_| ClientError::Closed)??;
        let client = Self { calls, welcome: Arc::new(welcome), stopped, shelf, sight };
        Ok((client, Events { updates: events }))
    }

    /// The first welcome: who the user is, the token of a session that a password began, the
    /// server's limits.
    #[must_use]
    pub fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Makes a change under a new name. Resolves when it is durable, or definitely not made,
    /// however often the connection is lost meanwhile. Dropping this does not take it back.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when it was not made. After [`ClientError::Stopped`] or
    /// [`ClientError::Closed`] it may have been.
    pub async fn command(&self, command: Command) -> Result<Outcome, ClientError> {
        self.command_as(new_op()?, command).await
    }

    /// Makes a change under a name that the caller chose: within 30 days the same name and change
    /// happen once, and every saying gets the first answer.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub async fn command_as(&self, op: OpId, command: Command) -> Result<Outcome, ClientError> {
        match self.ask(Ask::Command(op, command)).await? {
            Reply::Done(outcome) => Ok(outcome),
            Reply::Got(_) | Reply::Returned(_) | Reply::Noted => Err(ClientError::Unexpected),
        }
    }

    /// Asks a question, on the next connection if there is none now.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the server's reason, or the end of the client.
    pub async fn query(&self, query: Query) -> Result<Answer, ClientError> {
        match self.ask(Ask::Query(query)).await? {
            Reply::Got(answer) => Ok(answer),
            Reply::Done(_) | Reply::Returned(_) | Reply::Noted => Err(ClientError::Unexpected),
        }
    }

    /// Follows a feed, now and after every reconnection. Its answer and events come as updates;
    /// where it cannot be followed, [`Update::Refused`] does.
    ///
    /// # Errors
    /// Only the end of the client.
    pub async fn subscribe(&self, wish: Subscribe) -> Result<(), ClientError> {
        self.subscribe_all(vec![wish]).await
    }

    /// Follows several feeds as [`Self::subscribe`] does, with as few requests as they need: a
    /// server counts requests.
    ///
    /// # Errors
    /// Only the end of the client.
    pub async fn subscribe_all(&self, wishes: Vec<Subscribe>) -> Result<(), ClientError> {
        self.tell(Call::Subscribe(wishes)).await
    }

    /// Follows a feed no longer. Updates that wait already are still told.
    ///
    /// # Errors
    /// Only the end of the client.
    pub async fn unsubscribe(&self, feed: FeedId) -> Result<(), ClientError> {
        self.tell(Call::Unsubscribe(feed)).await
    }

    /// Tells something to those who are there now.
    ///
    /// # Errors
    /// [`ClientError::NotConnected`] without a connection: a signal is not kept. Else the server's
    /// refusal, or the end of the client.
    pub async fn signal(&self, signal: Signal) -> Result<(), ClientError> {
        self.ask(Ask::Signal(signal)).await.map(|_| ())
    }

    /// What this client and others show in a feed while it is followed: cursors, selections, colours.
    #[must_use]
    pub fn aware(&self, feed: FeedId) -> Aware {
        Aware::new(self.clone(), feed, self.sight.of(feed))
    }

    /// Says goodbye and ends the client, for all its clones. What has no answer yet ends with
    /// [`ClientError::Closed`].
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.calls.send(Call::Close(done)).await.is_ok() {
            // A task that has ended is closed as well.
            let _ = closed.await;
        }
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Result<Reply, ClientError> {
        let (asker, answer) = oneshot::channel();
        self.tell(Call::Ask(ask, asker)).await?;
        answer.await.map_err(|_| self.end())?
    }

    pub(crate) async fn tell(&self, call: Call) -> Result<(), ClientError> {
        self.calls.send(call).await.map_err(|_| self.end())
    }

    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    pub(crate) fn stopped(&self) -> Arc<OnceLock<Problem>> {
        Arc::clone(&self.stopped)
    }

    /// Why the client ended, where an error says only that it did.
    pub(crate) fn ended_or(&self, error: ClientError) -> ClientError {
        if error == ClientError::Closed { self.end() } else { error }
    }

    pub(crate) fn end(&self) -> ClientError {
        self.stopped.get().map_or(ClientError::Closed, |why| ClientError::Stopped(why.clone()))
    }
}

/// A name for an operation that nobody else gives: 96 random bits that this run of the program has
/// for all of them, and a number that grows, so that the server knows a new one without looking.
///
/// # Errors
/// [`ClientError::NoRandomness`].
pub fn new_op() -> Result<OpId, ClientError> {
    static SERIES: OnceLock<String> = OnceLock::new();
    static LAST: AtomicU64 = AtomicU64::new(0);
    let series = match SERIES.get() {
        Some(series) => series,
        None => {
            let mut random = [0; 12];
            getrandom::fill(&mut random).map_err(|_| ClientError::NoRandomness)?;
            let text = random.iter().map(|byte| format!("{byte:02x}")).collect();
            SERIES.get_or_init(|| text)
        }
    };
    let number = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    OpId::parse(&format!("{series}-{number}")).map_err(|_| ClientError::NoRandomness)
}

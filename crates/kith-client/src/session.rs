//! A connection's protocol without I/O: bytes, calls and the time go in; bytes, updates and results
//! come out. It outlives the sockets it is spoken over, and so brings everything to its end.
//!
//! Every request keeps its id and every operation its name until it is answered. After a
//! reconnection the feeds are resumed first and what has no answer is then said again.

mod ask;
mod feeds;
mod pending;
mod services;
mod showing;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use kith_core::id::FeedId;
use kith_proto::VERSION;
use kith_proto::codec::Encoding;
use kith_proto::error::{Problem, close};
use kith_proto::frame::{Auth, Hello, Push, Request, Subscribe, Welcome};
use kith_proto::query::Query;
use serde::Deserialize;

use crate::backoff::{Backoff, LAST};
use crate::error::ClientError;
use crate::update::Update;
use feeds::Feeds;
use pending::{Pending, Verdict};
use services::Services;
use showing::Showing;

pub use ask::{Ask, Output};
pub use services::Place;

/// How long the server may take to answer the hello.
pub const WELCOME_MS: u64 = 10_000;
/// Requests that may be without an answer at a time; see [`Session::has_room`].
pub const PENDING_MAX: usize = 1024;
/// Feeds in one request: many more would not fit into the largest frame that servers take.
const SUBSCRIBE_MAX: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Offline,
    Greeting {
        since_ms: u64,
    },
    Online {
        since_ms: u64,
    },
    /// Not let in: for good.
    Stopped,
}

/// The state of a client, from its making to its end. Times are milliseconds of any clock that
/// does not go back.
#[derive(Debug)]
pub struct Session {
    auth: Auth,
    label: Option<String>,
    encoding: Encoding,
    phase: Phase,
    welcome: Option<Welcome>,
    bye: Option<Problem>,
    stopped: Option<Problem>,
    backoff: Backoff,
    next_id: u64,
    pending: BTreeMap<u64, Pending>,
    subscribing: BTreeMap<u64, Vec<FeedId>>,
    feeds: Feeds,
    services: Services,
    showing: Showing,
    heard_ms: u64,
    said_ms: u64,
    out: VecDeque<Output>,
    updates: VecDeque<Update>,
}

impl Session {
    /// A client that is not connected yet. `label` is what a session is called that begins with a
    /// password.
    #[must_use]
    pub fn new(auth: Auth, label: Option<String>, encoding: Encoding) -> Self {
        Self {
            auth,
            label,
            encoding,
            phase: Phase::Offline,
            welcome: None,
            bye: None,
            stopped: None,
            backoff: Backoff::default(),
            next_id: 1,
            pending: BTreeMap::new(),
            subscribing: BTreeMap::new(),
            feeds: Feeds::default(),
            services: Services::default(),
            showing: Showing::default(),
            heard_ms: 0,
            said_ms: 0,
            out: VecDeque::new(),
            updates: VecDeque::new(),
        }
    }

    /// The next thing to do; `None` until more goes in.
    pub fn poll(&mut self) -> Option<Output> {
        match self.out.pop_front()? {
            Output::Settled(id, result) => Some(self.services.settled(id, result)),
            output => Some(output),
        }
    }

    /// The next update for the application. While there are any, nothing should be read from the
    /// connection: that is what slows a server down that tells more than is taken.
    pub fn poll_update(&mut self) -> Option<Update> {
        self.updates.pop_front()
    }

    /// Whether updates wait.
    #[must_use]
    pub fn has_updates(&self) -> bool {
        !self.updates.is_empty()
    }

    /// Whether more may be asked: fewer than [`PENDING_MAX`] requests are without an answer.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.pending.len() < PENDING_MAX
    }

    /// The last welcome.
    #[must_use]
    pub fn welcome(&self) -> Option<&Welcome> {
        self.welcome.as_ref()
    }

    /// Why the client is not let in any longer, if that is so.
    #[must_use]
    pub fn stopped(&self) -> Option<&Problem> {
        self.stopped.as_ref()
    }

    /// Asks something; its end is told as [`Output::Settled`] with the number that is returned.
    pub fn ask(&mut self, ask: Ask, now_ms: u64) -> u64 {
        let id = self.number();
        self.services.asking(id, &ask);
        let of_now = match &ask {
            Ask::Signal(_) => true,
            Ask::Service(connection, _) if !self.services.is_of_now(*connection) => {
                self.out.push_back(Output::Settled(id, Err(ClientError::Ended)));
                return id;
            }
            Ask::Service(..) => true,
            Ask::Command(..) | Ask::Patient(..) | Ask::Query(_) | Ask::Offer(_) | Ask::Call(_) => {
                false
            }
        };
        if let Some(problem) = &self.stopped {
            self.out.push_back(Output::Settled(id, Err(ClientError::Stopped(problem.clone()))));
        } else if of_now && !self.is_online() {
            self.out.push_back(Output::Settled(id, Err(ClientError::NotConnected)));
        } else {
            self.pending.insert(id, Pending::new(ask));
            self.say(now_ms);
        }
        id
    }

    /// Follows a feed, now and on every later connection, until it is closed, refused or
    /// [`Self::unsubscribe`]d. A feed that is followed already begins anew.
    pub fn subscribe(&mut self, wish: Subscribe, now_ms: u64) {
        self.subscribe_all([wish], now_ms);
    }

    /// Follows several feeds like [`Self::subscribe`], with as few requests as they need.
    pub fn subscribe_all(&mut self, wishes: impl IntoIterator<Item = Subscribe>, now_ms: u64) {
        wishes.into_iter().for_each(|wish| self.feeds.want(wish));
        self.say(now_ms);
    }

    /// Follows a feed no longer.
    pub fn unsubscribe(&mut self, feed: FeedId, now_ms: u64) {
        if self.feeds.forget(feed) && self.is_online() {
            let request = Request { unsubscribe: Some(vec![feed]), ..Request::new(self.number()) };
            self.send(&request, now_ms);
        }
    }

    /// A connection is open: the hello goes out.
    pub fn opened(&mut self, now_ms: u64) {
        self.phase = Phase::Greeting { since_ms: now_ms };
        self.bye = None;
        let (auth, label) = (self.auth.clone(), self.label.clone());
        let hello = Hello { v: VERSION, auth, label, status: None };
        let bytes = self.encoding.encode(&hello);
        self.heard_ms = now_ms;
        self.said_ms = now_ms;
        self.out.push_back(Output::Send(bytes));
    }

    /// There was a sign of life without content. Also to be told when reading begins again after
    /// [`Self::has_updates`] held it up.
    pub fn alive(&mut self, now_ms: u64) {
        self.heard_ms = now_ms;
    }

    /// A message came.
    pub fn received(&mut self, bytes: &[u8], now_ms: u64) {
        self.heard_ms = now_ms;
        match (self.phase, self.encoding.decode::<Push>(bytes)) {
            (_, Ok(Push::Bye(problem))) => self.bye = Some(problem),
            (Phase::Greeting { .. }, Ok(Push::Welcome(welcome))) => self.welcomed(welcome, now_ms),
            (Phase::Online { .. }, Ok(push)) => self.pushed(push, now_ms),
            (Phase::Online { .. }, Err(problem)) => self.unreadable(bytes, &problem),
            (Phase::Greeting { .. }, _) => {
                self.out.push_back(Output::HangUp("the server did not answer with a welcome"));
            }
            (Phase::Offline | Phase::Stopped, _) => {}
        }
        self.say(now_ms);
    }

    fn welcomed(&mut self, welcome: Welcome, now_ms: u64) {
        if let Some(token) = &welcome.token {
            // The password began a session, which is now continued: another hello with the
            // password would begin another.
            self.auth = Auth::Token(token.clone());
        }
        self.phase = Phase::Online { since_ms: now_ms };
        self.updates.push_back(Update::Connected(Box::new(welcome.clone())));
        self.welcome = Some(welcome);
        self.offer_again();
    }

    fn pushed(&mut self, push: Push, now_ms: u64) {
        let updates = &mut self.updates;
        match push {
            Push::Ok { id, reply } => {
                if let Some(feeds) = self.subscribing.remove(&id) {
                    self.feeds.served(&feeds, now_ms, updates);
                } else if let Some(pending) = self.pending.remove(&id) {
                    self.out.push_back(Output::Settled(id, pending.accept(reply)));
                } else {
                    self.showing.answered(id, None, now_ms);
                }
            }
            Push::Error { id: Some(id), problem } => self.failed(id, problem, now_ms),
            Push::Error { id: None, problem } => self.not_understood(&problem),
            Push::Subscribed(answer) => self.feeds.subscribed(answer, now_ms, updates),
            Push::Event(event) => self.feeds.event(event, now_ms, updates),
            Push::Events(events) => self.feeds.events(events, now_ms, updates),
            Push::Run(run) => {
                run.into_events().for_each(|event| self.feeds.event(event, now_ms, updates));
            }
            Push::Hidden { feed, seq } => self.feeds.hidden(feed, seq, now_ms, updates),
            Push::Signal { feed, user, what } => {
                updates.push_back(Update::Signal { feed, user, what });
            }
            Push::Aware { feed, all, states } => {
                updates.push_back(Update::Aware { feed, all, states });
            }
            Push::Lagged { feeds } => self.feeds.lagged(&feeds, now_ms, updates),
            Push::Closed { feed, removed } => self.feeds.closed(feed, removed, updates),
            // The farewell is handled in every phase; a second welcome says nothing new.
            Push::Bye(_) | Push::Welcome(_) => {}
            Push::Service(told) => self.service_told(told),
        }
    }

    fn failed(&mut self, id: u64, problem: Problem, now_ms: u64) {
        if let Some(feeds) = self.subscribing.remove(&id) {
            self.feeds.not_served(&feeds, &problem, now_ms, &mut self.updates);
        } else if let Some(pending) = self.pending.get_mut(&id)
            && pending.judge(&problem, now_ms) == Verdict::Final
        {
            self.pending.remove(&id);
            self.out.push_back(Output::Settled(id, Err(ClientError::Refused(problem))));
        } else if let Some(feed) = self.showing.answered(id, Some(&problem), now_ms) {
            self.updates.push_back(Update::NotShown { feed, problem });
        }
    }

    /// The server could not read a request and cannot say which. If only one is on its way, that
    /// is the one.
    fn not_understood(&mut self, problem: &Problem) {
        tracing::warn!(%problem, "the server could not read a request");
        let mut sent = self.pending.iter().filter(|(_, pending)| pending.is_sent());
        if let (Some((&id, _)), None) = (sent.next(), sent.next()) {
            self.pending.remove(&id);
            self.out.push_back(Output::Settled(id, Err(ClientError::Refused(problem.clone()))));
        }
    }

    /// A message that cannot be read. An answer ends its question, lest it be asked for ever; for
    /// anything else a new connection resumes from what was understood.
    fn unreadable(&mut self, bytes: &[u8], problem: &Problem) {
        #[derive(Deserialize)]
        struct Numbered {
            id: u64,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Answer {
            Ok(Numbered),
            Error(Numbered),
        }
        tracing::warn!(%problem, "a message of the server cannot be read");
        match self.encoding.decode(bytes) {
            Ok(Answer::Ok(Numbered { id }) | Answer::Error(Numbered { id })) => {
                self.subscribing.remove(&id);
                if self.pending.remove(&id).is_some() {
                    self.out.push_back(Output::Settled(id, Err(ClientError::Unexpected)));
                }
            }
            Err(_) => self.out.push_back(Output::HangUp("a message cannot be read")),
        }
    }

    /// The connection is gone, or could not be opened. Tells when to try again; `None` when the
    /// server does not want this client to.
    ///
    /// `code` is that of the server's close frame, `random` any number, `why` for a person.
    pub fn lost(
        &mut self,
        code: Option<u16>,
        why: &str,
        random: u64,
        now_ms: u64,
    ) -> Option<Duration> {
        if let Phase::Online { since_ms } = self.phase
            && now_ms.saturating_sub(since_ms) >= u64::try_from(LAST.as_millis()).unwrap_or(0)
        {
            self.backoff.reset();
        }
        self.phase = Phase::Offline;
        self.feeds.offline();
        self.showing.offline();
        self.subscribing.clear();
        self.out.retain(|output| matches!(output, Output::Settled(..) | Output::Withdrawn(..)));
        let ended = self.pending.extract_if(.., |_, pending| !pending.survives());
        let ended = ended.map(|(id, pending)| Output::Settled(id, Err(pending.loss())));
        self.out.extend(ended);
        let bye = self.bye.take();
        if let Some(problem) = end_of(code, bye.as_ref()) {
            self.stop(problem);
            return None;
        }
        let asked = bye.as_ref().and_then(|bye| bye.retry_ms).map(Duration::from_millis);
        let retry_in = self.backoff.pause(asked, random);
        let why = bye.map_or_else(|| why.to_owned(), |bye| bye.to_string());
        self.updates.push_back(Update::Disconnected { retry_in, why });
        Some(retry_in)
    }

    fn stop(&mut self, problem: Problem) {
        self.phase = Phase::Stopped;
        for (id, _) in std::mem::take(&mut self.pending) {
            let error = ClientError::Stopped(problem.clone());
            self.out.push_back(Output::Settled(id, Err(error)));
        }
        self.updates.push_back(Update::Stopped(problem.clone()));
        self.stopped = Some(problem);
    }

    /// When [`Self::tick`] is next of use. `reading` says whether anything is read at present: a
    /// silence counts only for who listens.
    #[must_use]
    pub fn deadline(&self, reading: bool) -> Option<u64> {
        match self.phase {
            Phase::Offline | Phase::Stopped => None,
            Phase::Greeting { since_ms } => Some(since_ms + WELCOME_MS),
            Phase::Online { .. } => {
                let heartbeat = self.heartbeat_ms();
                let silent = reading.then_some(self.heard_ms + heartbeat * 5 / 2);
                let again = self.pending.values().filter_map(Pending::due_at).min();
                let shown = self.showing.due_at(&self.feeds);
                let times =
                    [Some(self.said_ms + heartbeat), silent, again, self.feeds.due_at(), shown];
                times.into_iter().flatten().min()
            }
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, reading: bool, now_ms: u64) {
        match self.phase {
            Phase::Offline | Phase::Stopped => {}
            Phase::Greeting { since_ms } => {
                if now_ms >= since_ms + WELCOME_MS {
                    self.out.push_back(Output::HangUp("the server did not answer in time"));
                }
            }
            Phase::Online { .. } => {
                let heartbeat = self.heartbeat_ms();
                if reading && now_ms >= self.heard_ms + heartbeat * 5 / 2 {
                    self.out.push_back(Output::HangUp("the server gave no sign of life"));
                } else if now_ms >= self.said_ms + heartbeat {
                    let ping =
                        Request { query: Some(Query::Ping {}), ..Request::new(self.number()) };
                    self.send(&ping, now_ms);
                }
                self.say(now_ms);
            }
        }
    }

    fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online { .. })
    }

    fn heartbeat_ms(&self) -> u64 {
        // Nobody means to ping without pause, whatever the number says.
        self.welcome.as_ref().map_or(WELCOME_MS, |welcome| u64::from(welcome.heartbeat_ms).max(100))
    }

    fn number(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Sends what is to be sent now: first which feeds to resume, then what has no answer.
    fn say(&mut self, now_ms: u64) {
        if !self.is_online() {
            return;
        }
        let told = self.welcome.as_ref().map_or(SUBSCRIBE_MAX, |welcome| {
            usize::try_from(welcome.limits.subscribe_max).unwrap_or(SUBSCRIBE_MAX)
        });
        loop {
            let due = self.feeds.due(now_ms, told.clamp(1, SUBSCRIBE_MAX));
            if due.is_empty() {
                break;
            }
            let id = self.number();
            self.subscribing.insert(id, due.iter().map(|wish| wish.feed).collect());
            self.send(&Request { subscribe: Some(due), ..Request::new(id) }, now_ms);
        }
        self.show_due(now_ms);
        let due: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.due_at().is_some_and(|at| at <= now_ms))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(request) = self.pending.get_mut(&id).map(|pending| pending.request(id)) else {
                continue;
            };
            if !self.send(&request, now_ms) {
                self.pending.remove(&id);
                let problem = Problem::new("input.too_large", "this is more than the server takes");
                self.out.push_back(Output::Settled(id, Err(ClientError::Refused(problem))));
            }
        }
    }

    /// Sends a request, if it is not larger than the server takes: it would close the connection,
    /// and be sent again on every later one.
    fn send(&mut self, request: &Request, now_ms: u64) -> bool {
        let bytes = self.encoding.encode(request);
        let is_update = self.encoding == Encoding::Json && request.is_update();
        let limit = self.welcome.as_ref().map(|welcome| match is_update {
            true => welcome.limits.update_bytes as usize,
            false => welcome.limits.frame_bytes as usize,
        });
        if limit.is_some_and(|limit| bytes.len() > limit) {
            return false;
        }
        self.said_ms = now_ms;
        self.out.push_back(Output::Send(bytes));
        true
    }
}

/// Why the client should not come back, if it should not.
fn end_of(code: Option<u16>, bye: Option<&Problem>) -> Option<Problem> {
    // A farewell that says when to come back is not for good, whatever the code.
    let passing = |bye: &Problem| bye.retry_ms.is_some() || bye.code == "auth.too_slow";
    if bye.is_some_and(passing) {
        return None;
    }
    let otherwise = match code {
        None => return bye.cloned(),
        Some(close::UNAUTHENTICATED) => {
            Problem::new("auth.failed", "the server does not let you in")
        }
        Some(close::REVOKED) => Problem::new("session.revoked", "this session has ended"),
        Some(close::ABUSE) => Problem::new("client.abuse", "the server refuses this client"),
        Some(1002 | 1007 | 1009) => {
            Problem::new("protocol.broken", "the server could not read what this client sent")
        }
        Some(_) => return None,
    };
    Some(bye.cloned().unwrap_or(otherwise))
}

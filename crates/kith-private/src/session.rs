//! One session from the moment that both want it: its devices agree on who they are, connect, connect
//! again when the connection is lost, and say what their users say.

mod agree;
mod connect;
mod files;
mod post;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kith_core::text::MessageText;
use serde_json::Value as Json;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::event::{Event, PrivateError, What as Told};
use crate::frame::{Frame, Piece, What};
use crate::handshake::{Agreement, Between, HandshakeError, Role, SessionId};
use crate::hex::Hex;
use crate::identity::Identity;
use crate::invitation::With;
use crate::link::{Happened, Happening, Link, LinkError, Setup, happenings};
use crate::peers::Peers;
use crate::signal::{Address, Declined, End, Say, Signal, VERSION};
use crate::signals::Signals;
use connect::Making;
use files::Files;
use post::Post;

/// How long a session without a connection is kept, once there was one; and until there is the first.
const LOST: Duration = Duration::from_secs(120);
const FIRST: Duration = Duration::from_secs(30);
/// How long the other side may take with each step of agreeing.
const STEP: Duration = Duration::from_secs(30);
/// The most that happens on a connection before we have got it.
const EARLY_MAX: usize = 64;
/// How often a user is told to write, at most.
const TYPING: Duration = Duration::from_secs(1);
/// The most frames of the other side in a row, and in a second.
const BURST: f64 = 4000.0;
const PER_SECOND: f64 = 1000.0;

/// What all sessions of a client share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) signals: Arc<dyn Signals>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) peers: Arc<Mutex<Peers>>,
    /// What the server is called in the file of known devices.
    pub(crate) server: Arc<str>,
    pub(crate) events: mpsc::Sender<Event>,
}

impl Shared {
    /// Says something to a device. Nobody there is `None`.
    pub(crate) async fn call(
        &self,
        to: &Address,
        id: SessionId,
        say: Say,
    ) -> Result<Json, Option<Declined>> {
        let signal = Signal { v: VERSION, id, from: self.signals.name(), say };
        let value = serde_json::to_value(&signal).map_err(|_| None)?;
        self.signals.call(to, value).await
    }

    pub(crate) fn peers(&self) -> std::sync::MutexGuard<'_, Peers> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the user wants of a session.
#[derive(Debug)]
pub(crate) enum Order {
    Message(MessageText, Answer<()>),
    Typing,
    Send(PathBuf, Answer<u32>),
    Take(u32, PathBuf, Answer<()>),
    Refuse(u32, Answer<()>),
    Verify(Answer<()>),
    Reconnect,
    /// It is over: say goodbye.
    Close,
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T, PrivateError>>;

/// What the other device says over the server.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) say: Say,
    pub(crate) answer: oneshot::Sender<Result<Json, Declined>>,
}

/// What a session begins with.
pub(crate) struct Begin {
    pub(crate) id: SessionId,
    pub(crate) between: Between,
    pub(crate) peer: Address,
    pub(crate) with: With,
    /// What we committed to; the key, the fingerprint and the nonce of this session.
    pub(crate) part: crate::handshake::Part,
    pub(crate) setup: Setup,
}

/// Why a session ends.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Tell the other side, and the user.
    End(End),
    /// Both know.
    Quiet,
}

impl From<HandshakeError> for Stop {
    fn from(error: HandshakeError) -> Self {
        tracing::warn!(%error, "the devices of a private session do not agree");
        Self::End(End::Failed)
    }
}

impl From<LinkError> for Stop {
    fn from(error: LinkError) -> Self {
        tracing::debug!(%error, "no connection for a private session");
        Self::End(End::Lost)
    }
}

struct Session {
    shared: Shared,
    id: SessionId,
    peer: Address,
    agreement: Arc<Agreement>,
    setup: Arc<Setup>,
    happened: mpsc::Sender<Happened>,
    link: Option<Link>,
    /// The connection can be used.
    is_open: bool,
    making: Making,
    post: Post,
    files: Files,
    allowance: Allowance,
    typed: Option<Instant>,
    /// What happened on a connection that is made and that we have not got yet.
    early: Vec<Happened>,
}

/// Runs a session to its end, and says why it ended.
pub(crate) async fn run(
    shared: Shared,
    begin: Begin,
    mut orders: mpsc::Receiver<Order>,
    mut heard: mpsc::Receiver<Heard>,
) -> Stop {
    let Begin { id, between, peer, with, part, setup } = begin;
    let agreed = tokio::select! {
        agreed = agree::agree(&shared, &between, &peer, with, part, &mut heard) => agreed,
        stop = wait_for_close(&mut orders) => Err(stop),
    };
    let agreement = match agreed {
        Ok(agreement) => Arc::new(agreement),
        Err(stop) => return stop,
    };
    let user = peer.user;
    let trust = shared.peers().trust(&shared.server, user, agreement.key());
    if matches!(trust, crate::peers::Trust::First | crate::peers::Trust::Known) {
        let kept = shared.peers().remember(&shared.server, user, agreement.key(), false);
        if let Err(error) = kept {
            tracing::warn!(%error, "the device of a private session cannot be remembered");
        }
    }
    let (happened, happening) = happenings();
    let (written, writing) = mpsc::channel(64);
    let making = Making::new(agreement.role(), Instant::now() + FIRST);
    let session = Session {
        id,
        peer,
        setup: Arc::new(setup),
        happened,
        link: None,
        is_open: false,
        making,
        post: Post::default(),
        files: Files::new(written),
        allowance: Allowance::new(),
        typed: None,
        early: Vec::new(),
        agreement: Arc::clone(&agreement),
        shared,
    };
    session.tell(Told::Agreed { user, words: agreement.words(), trust }).await;
    session.live(orders, heard, happening, writing).await
}

/// What is wanted of a session that does not stand yet.
async fn wait_for_close(orders: &mut mpsc::Receiver<Order>) -> Stop {
    loop {
        match orders.recv().await {
            None | Some(Order::Close) => return Stop::Quiet,
            Some(order) => refuse(order),
        }
    }
}

fn refuse(order: Order) {
    // Who no longer waits does not want to know.
    match order {
        Order::Message(_, answer) | Order::Take(_, _, answer) | Order::Refuse(_, answer) => {
            let _ = answer.send(Err(PrivateError::Busy));
        }
        Order::Verify(answer) => drop(answer.send(Err(PrivateError::Busy))),
        Order::Send(_, answer) => drop(answer.send(Err(PrivateError::Busy))),
        Order::Typing | Order::Reconnect | Order::Close => {}
    }
}

impl Session {
    async fn live(
        mut self,
        mut orders: mpsc::Receiver<Order>,
        mut heard: mpsc::Receiver<Heard>,
        mut happening: mpsc::Receiver<Happened>,
        mut writing: mpsc::Receiver<files::Written>,
    ) -> Stop {
        loop {
            let until = self.making.next();
            let done = tokio::select! {
                order = orders.recv() => match order {
                    None | Some(Order::Close) => Err(Stop::Quiet),
                    Some(order) => self.order(order).await,
                },
                said = heard.recv() => match said {
                    None => Err(Stop::Quiet),
                    Some(said) => self.heard(said),
                },
                Some(happened) = happening.recv() => self.happened(happened).await,
                Some(written) = writing.recv() => self.written(written).await,
                made = self.making.made() => self.made(made).await,
                () = sleep_until(until) => self.time(),
            };
            if let Err(stop) = done {
                self.making.stop();
                self.files.stop();
                if let Some(link) = self.link.take() {
                    link.goodbye();
                }
                return stop;
            }
        }
    }

    async fn tell(&self, what: Told) {
        // Who reads no events has ended private sessions.
        let _ = self.shared.events.send(Event { id: self.id, what }).await;
    }

    /// Tells what is worth nothing later; whoever reads too slowly is told the next.
    fn hint(&self, what: Told) {
        let events = &self.shared.events;
        if events.capacity() > events.max_capacity() / 2 {
            let _ = events.try_send(Event { id: self.id, what });
        }
    }

    async fn order(&mut self, order: Order) -> Result<(), Stop> {
        match order {
            Order::Message(text, answer) => {
                let _ = answer.send(self.post(What::Message { text }));
            }
            Order::Typing => {
                self.say(&Frame::Typing {});
            }
            Order::Send(path, answer) => {
                let result = self.send_file(path).await;
                let _ = answer.send(result);
            }
            Order::Take(file, path, answer) => {
                let _ = answer.send(self.take_file(file, path).await);
            }
            Order::Refuse(file, answer) => {
                let _ = answer.send(self.refuse_file(file));
            }
            Order::Verify(answer) => {
                let (user, key) = (self.peer.user, self.agreement.key());
                let server = Arc::clone(&self.shared.server);
                let kept = self.shared.peers().remember(&server, user, key, true);
                let _ = answer.send(kept.map_err(PrivateError::Identity));
            }
            Order::Reconnect => self.lose().await,
            Order::Close => return Err(Stop::Quiet),
        }
        Ok(())
    }

    /// Says what must arrive, now or on the next connection.
    fn post(&mut self, what: What) -> Result<(), PrivateError> {
        let frame = self.post.give(what).ok_or(PrivateError::Busy)?;
        if self.post.may_say() {
            self.say(&frame);
        }
        Ok(())
    }

    /// Says something that is worth nothing later.
    fn say(&self, frame: &Frame) {
        if let Some(link) = self.link.as_ref().filter(|_| self.is_open)
            && !link.say(frame)
        {
            let lost = Happened { attempt: link.attempt, what: Happening::Lost };
            // Where it is full, those who read the channels say so.
            let _ = self.happened.try_send(lost);
        }
    }

    async fn happened(&mut self, happened: Happened) -> Result<(), Stop> {
        let Happened { attempt, what } = happened;
        if let Happening::Open = what {
            self.making.opened(attempt);
            return self.open().await;
        }
        if self.link.as_ref().is_none_or(|link| link.attempt != attempt) {
            // The other side may use a connection before we know that it was made.
            if self.making.is_making(attempt) && self.early.len() < EARLY_MAX {
                self.early.push(Happened { attempt, what });
            }
            return Ok(());
        }
        match what {
            Happening::Text(bytes) => self.text(&bytes).await,
            Happening::Piece(bytes) => self.piece(&bytes),
            Happening::Lost => {
                self.lose().await;
                Ok(())
            }
            Happening::Open => Ok(()),
        }
    }

    /// Uses a connection, once it was made and is open.
    async fn open(&mut self) -> Result<(), Stop> {
        let is_new = self.link.as_ref().is_some_and(|link| self.making.is_open(link.attempt));
        if !is_new || self.is_open {
            return Ok(());
        }
        self.is_open = true;
        self.making.stand();
        self.post.begin();
        self.say(&Frame::Hello { next: self.post.awaited() });
        self.tell(Told::Connected).await;
        self.resume();
        Ok(())
    }

    /// There is no connection any more: another is made.
    async fn lose(&mut self) {
        self.files.pause();
        if let Some(link) = self.link.take() {
            link.close();
        }
        self.making.lost(LOST);
        if std::mem::take(&mut self.is_open) {
            self.tell(Told::Disconnected).await;
        }
    }

    async fn text(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if !self.allowance.take(1.0) {
            return Err(Stop::End(End::Failed));
        }
        let frame = Frame::parse(bytes).map_err(|_| Stop::End(End::Failed))?;
        match frame {
            Frame::Hello { next } => {
                if let Some(again) = self.post.hello(next).map_err(|()| Stop::End(End::Failed))? {
                    // Ours may have come before the other side listened.
                    self.say(&Frame::Hello { next: self.post.awaited() });
                    again.iter().for_each(|frame| self.say(frame));
                }
            }
            Frame::Ack { next } => self.post.ack(next).ok_or(Stop::End(End::Failed))?,
            Frame::Said { n, what } => {
                let is_new = self.post.take(n).ok_or(Stop::End(End::Failed))?;
                self.say(&Frame::Ack { next: self.post.awaited() });
                if is_new {
                    self.said(what).await?;
                }
            }
            Frame::Typing {} => {
                let now = Instant::now();
                if self.typed.is_none_or(|typed| now - typed >= TYPING) {
                    self.typed = Some(now);
                    self.hint(Told::Typing);
                }
            }
            Frame::Resume { file, from, sum } => self.resumed(file, from, sum),
            Frame::Got { file, bytes } => self.got(file, bytes)?,
            Frame::Whole { file, sum } => self.whole(file, sum)?,
            Frame::Bye {} => return Err(Stop::End(End::Ended)),
        }
        Ok(())
    }

    async fn said(&mut self, what: What) -> Result<(), Stop> {
        match what {
            What::Message { text } => self.tell(Told::Message { text }).await,
            What::Offer { file, name, size } => self.offered(file, &name, size).await?,
            What::Withdraw { file } => self.withdrawn(file).await,
            What::Refuse { file } => self.refused(file).await,
            What::Kept { file } => self.kept(file).await?,
        }
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let piece = Piece::parse(bytes).map_err(|_| Stop::End(End::Failed))?;
        self.files.piece(&piece).map_err(|_| Stop::End(End::Failed))
    }

    fn heard(&mut self, Heard { say, answer }: Heard) -> Result<(), Stop> {
        match (say, self.agreement.role()) {
            (Say::Offer(offer), Role::Invited) => self.answer(offer, answer),
            (Say::Again {}, Role::Inviting) => {
                self.making.again();
                let _ = answer.send(Ok(Json::Object(serde_json::Map::new())));
                Ok(())
            }
            _ => {
                let _ = answer.send(Err(Declined::Unknown));
                Ok(())
            }
        }
    }
}

async fn sleep_until(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// How many frames the other side may still send.
struct Allowance {
    left: f64,
    at: Instant,
}

impl Allowance {
    fn new() -> Self {
        Self { left: BURST, at: Instant::now() }
    }

    fn take(&mut self, count: f64) -> bool {
        let now = Instant::now();
        let more = (now - self.at).as_secs_f64() * PER_SECOND;
        self.at = now;
        self.left = (self.left + more).min(BURST) - count;
        self.left >= 0.0
    }
}

/// Bytes of the system's randomness.
pub(crate) fn random<const N: usize>() -> Result<Hex<N>, PrivateError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| PrivateError::NoRandomness)?;
    Ok(Hex(bytes))
}
